"""Which document describes an IRI of ours, and what it says: a record's own bytes, or statements of the graph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from graph_service import errors
from graph_service.graph import in_order, merged
from graph_service.service import Service
from graph_service.terms import BASE, FOREIGN, GRAPH, KINDS, SCHEMES

RETIRED = f"{GRAPH}retired"
"""The named graph of IRIs that name nothing any more, each with its successor (`ontology/retired.ttl`)."""

REPLACED_BY = f"{FOREIGN['dcterms']}isReplacedBy"
SECTIONS = (*KINDS, "observation", "vocabulary", *SCHEMES, "answer", "assessment", "graph", "shape", "problem")
"""The first parts of the paths of our IRIs that are looked up one by one."""

_NO_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\]")
"""What stands in no IRI; a node that has it cannot even be asked for."""


@dataclass(frozen=True)
class Document:
    """What is said of an IRI: `source` is the file of the survey that says it, where one file says it all."""

    iri: str
    graph: str
    source: str = ""

    @property
    def path(self) -> str:
        """The path of the IRI below the base, without a leading slash."""
        return self.iri.removeprefix(BASE)


def source_of(graph: str) -> str:
    """The file that becomes a named graph, e.g. `records/archive/tcia.ttl`; empty for a graph that the build makes."""
    name = graph.removeprefix(GRAPH)
    if name in {"ontology", "alignment", "retired"}:
        return f"ontology/{'survey' if name == 'ontology' else name}.ttl"
    if name.startswith("vocabulary/"):
        return f"ontology/{name}.ttl"
    return f"records/{name}.ttl" if name.partition("/")[0] in KINDS else ""


def is_iri(text: str) -> bool:
    """Whether a text has nothing that an IRI cannot have, as addresses of strangers may."""
    return _NO_IRI.search(text) is None


def find(service: Service, iri: str) -> Document | None:
    """The document that describes an IRI of ours; None when nothing does."""
    path = iri.removeprefix(BASE)
    section, _, name = path.partition("/")
    store = service.engine.store
    if section == "graph":
        return Document(iri, iri, source_of(iri)) if store.contains_named_graph(ox.NamedNode(iri)) else None
    if section == "shape":
        return Document(iri, "", f"shapes/{name}.ttl") if service.dataset.has_source(f"shapes/{name}.ttl") else None
    if section == "problem":
        return Document(iri, "") if name in _problems() else None
    if path == "ontology":
        return Document(iri, f"{GRAPH}ontology", "ontology/survey.ttl")
    graph = f"{GRAPH}{path}"
    if section in {*KINDS, "vocabulary"} and store.contains_named_graph(ox.NamedNode(graph)):
        return Document(iri, graph, source_of(graph))
    said = sorted(
        quad.graph_name.value for quad in statements(service, iri) if isinstance(quad.graph_name, ox.NamedNode)
    )
    return Document(iri, said[0]) if said and section else None


def successor(service: Service, iri: str) -> str | None:
    """What took the place of a retired IRI, empty when nothing did; None when the IRI is not retired."""
    store, graph = service.engine.store, ox.NamedNode(RETIRED)
    said = list(store.quads_for_pattern(ox.NamedNode(iri), None, None, graph))
    if not said and iri.startswith(f"{BASE}assessment/"):  # it was retired with the thing that it assessed
        named = iri.removeprefix(f"{BASE}assessment/")
        said = [
            each
            for each in store.quads_for_pattern(None, None, None, graph)
            if isinstance(each.subject, ox.NamedNode)
            and named.startswith(each.subject.value.removeprefix(BASE).replace("/", "-") + "-")
        ]
    if not said:
        return None
    after = (quad.object for quad in said if quad.predicate.value == REPLACED_BY)
    return next((each.value for each in after if isinstance(each, ox.NamedNode)), "")


def statements(service: Service, iri: str) -> Iterator[ox.Quad]:
    """Every statement of the served graph about the IRI."""
    return service.engine.store.quads_for_pattern(ox.NamedNode(iri), None, None, None)


def own_bytes(service: Service, document: Document) -> bytes | None:
    """The file that describes the thing, as its author wrote it; None when no single file does."""
    return service.dataset.source(document.source) if document.source else None


def triples(service: Service, document: Document) -> list[ox.Triple]:
    """The document's statements: those of its file, or all that the graph says of its IRI, in a fixed order."""
    written = own_bytes(service, document)
    if written is not None:
        return list(
            dict.fromkeys(
                ox.Triple(quad.subject, quad.predicate, quad.object)
                for quad in ox.parse(written, format=ox.RdfFormat.TURTLE)
            )
        )
    if document.iri.startswith(f"{BASE}problem/"):
        return _problem(document)
    found = (
        service.engine.store.quads_for_pattern(None, None, None, ox.NamedNode(document.graph))
        if document.iri == document.graph
        else statements(service, document.iri)
    )
    return merged(found)


def quads(service: Service, document: Document) -> list[ox.Quad]:
    """The document's statements, each in its named graph, with what the build says of the document's subjects."""
    if not document.graph:
        return [ox.Quad(triple.subject, triple.predicate, triple.object) for triple in triples(service, document)]
    store = service.engine.store
    subjects = {triple.subject for triple in triples(service, document)} | {ox.NamedNode(document.iri)}
    graph = ox.NamedNode(document.graph)
    found: set[ox.Quad] = set()
    for subject in subjects:
        wanted = None if subject == ox.NamedNode(document.iri) else ox.NamedNode(f"{GRAPH}derived")
        found.update(store.quads_for_pattern(subject, None, None, wanted))
        found.update(store.quads_for_pattern(subject, None, None, graph))
    return list(in_order(found))


def _problems() -> dict[str, type[errors.SurveyError]]:
    kinds = (each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.SurveyError))
    return {each.code: each for each in kinds}


def _problem(document: Document) -> list[ox.Triple]:
    kind = _problems()[document.iri.rpartition("/")[2]]
    this = ox.NamedNode(document.iri)
    return [
        ox.Triple(this, ox.NamedNode(f"{FOREIGN['rdfs']}label"), ox.Literal(kind.title, language="en")),
        ox.Triple(this, ox.NamedNode(f"{FOREIGN['skos']}notation"), ox.Literal(kind.code)),
        ox.Triple(
            this,
            ox.NamedNode(f"{FOREIGN['rdfs']}comment"),
            ox.Literal(f"Sent with HTTP status {kind.status}.", language="en"),
        ),
        ox.Triple(this, ox.NamedNode(f"{FOREIGN['rdfs']}isDefinedBy"), ox.NamedNode(f"{BASE}about")),
    ]
