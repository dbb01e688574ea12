"""What the shapes say of the data: pyshacl over an rdflib graph.

Never over an Oxigraph-backed graph: that hands plain strings back as typed ones, and `sh:in` fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox
from rdflib import RDF, SH, BNode, Graph, Literal, URIRef
from rdflib.term import Node


@dataclass(frozen=True)
class Result:
    """One violation: the node, the property and value at fault where there are such, and the shape's message."""

    focus: str
    path: str | None
    value: str | None
    message: str
    closed: bool


def to_rdflib(term: Any) -> Node:
    """The same term in rdflib's words; the lexical form of a literal is kept."""
    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    if isinstance(term, ox.Literal):
        if term.language:
            return Literal(term.value, lang=term.language)
        if term.datatype.value == "http://www.w3.org/2001/XMLSchema#string":
            return Literal(term.value)
        return Literal(term.value, datatype=URIRef(term.datatype.value), normalize=False)
    return BNode(term.value)


def graph_of(quads: Iterable[ox.Quad | ox.Triple]) -> Graph:
    """An rdflib graph of the statements, whatever named graph they stand in."""
    graph = Graph(bind_namespaces="none")
    for quad in quads:
        graph.add((to_rdflib(quad.subject), to_rdflib(quad.predicate), to_rdflib(quad.object)))
    return graph


def shapes(folder: Path) -> Graph:
    """All shapes of a folder in one graph."""
    graph = Graph(bind_namespaces="none")
    for path in sorted(folder.glob("*.ttl")):
        graph += graph_of(ox.parse(path=path, format=ox.RdfFormat.TURTLE, rename_blank_nodes=True))
    return graph


def validate(data: Graph, shape_graph: Graph, focus: list[str] | None = None) -> Iterator[Result]:
    """Each violation of a shape; with `focus`, only those of the nodes named."""
    import pyshacl  # takes a quarter of a second to import, and only a check needs it

    if focus == []:
        return
    nodes = None if focus is None else [URIRef(name) for name in focus]
    _, report, _ = pyshacl.validate(data, shacl_graph=shape_graph, focus_nodes=nodes, inplace=True)
    for result in report.subjects(RDF.type, SH.ValidationResult):
        path, value = report.value(result, SH.resultPath), report.value(result, SH.value)
        yield Result(
            str(report.value(result, SH.focusNode)),
            str(path) if isinstance(path, URIRef) else None,
            None if value is None else str(value),
            str(report.value(result, SH.resultMessage)),
            report.value(result, SH.sourceConstraintComponent) == SH.ClosedConstraintComponent,
        )
