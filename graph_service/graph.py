"""The merged survey: every file a named graph, and the facts that follow from them in a graph of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import pyoxigraph as ox

from graph_service import derived, queries, records
from graph_service.assessment import assessments
from graph_service.errors import DataError
from graph_service.problems import Problem
from graph_service.survey import Files
from graph_service.terms import GRAPH

DERIVED = f"{GRAPH}derived"


@dataclass(frozen=True)
class Survey:
    """The statements of one state of the survey; `quads` are distinct and in a fixed order."""

    quads: tuple[ox.Quad, ...]

    @cached_property
    def triples(self) -> list[ox.Triple]:
        """The distinct triples of all graphs together, ordered by subject, predicate and object."""
        return merged(self.quads)


def build(files: Files) -> Survey:
    """The whole survey from its files; a file that cannot be parsed raises `DataError`, which names it."""
    written: list[ox.Quad] = []
    for path, statements in records.read(files.sources()):
        if isinstance(statements, Problem):
            raise DataError(str(statements))
        for quad in statements:
            if isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode):
                raise DataError(f"{path}: a blank node cannot be linked to; give it a name of the survey.")
        written.extend(statements)
    return Survey(in_order([*written, *follow(written, files)]))


def follow(written: list[ox.Quad], files: Files) -> Iterable[ox.Quad]:
    """What follows from the written statements: latest values, answers on use, then each `derive/*.rq` by its name."""
    graph = ox.NamedNode(DERIVED)
    said = {ox.Triple(quad.subject, quad.predicate, quad.object) for quad in written}
    new = {triple for triple in derived.latest_facts(written) if triple not in said}
    new |= set(assessments(written, new))
    rules = sorted((files.queries / "derive").glob("*.rq"))
    if rules:
        store = ox.Store()
        store.bulk_extend([*written, *(quad_of(triple, graph) for triple in new)])
        for path in rules:
            answer = store.query(queries.read(path).text, use_default_graph_as_union=True)
            if not isinstance(answer, ox.QueryTriples):
                raise DataError(f"{path}: a rule that derives facts is a CONSTRUCT query.")
            found = {triple for triple in answer if triple not in said and triple not in new}
            store.extend(quad_of(triple, graph) for triple in found)
            new |= found
    return [quad_of(triple, graph) for triple in new]


def quad_of(triple: ox.Triple, graph: ox.NamedNode) -> ox.Quad:
    return ox.Quad(triple.subject, triple.predicate, triple.object, graph)


def merged(quads: Iterable[ox.Quad]) -> list[ox.Triple]:
    """The distinct triples of quads, whatever graph they stand in, by subject, predicate and object."""
    return sorted({ox.Triple(quad.subject, quad.predicate, quad.object) for quad in quads}, key=str)


def in_order(quads: Iterable[ox.Quad]) -> tuple[ox.Quad, ...]:
    """Distinct quads by graph, subject, predicate and object: whatever is made from them is the same each time."""
    return tuple(sorted(set(quads), key=lambda quad: (str(quad.graph_name), str(quad))))
