"""The service description: all that a client must know to use `/sparql`, as RDF, from memory.

Follows SPARQL 1.1 Service Description. It says nothing of the engine that answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from graph_service.formats import GRAPHS, RESULTS, Format
from graph_service.terms import FOREIGN

SD = "http://www.w3.org/ns/sparql-service-description#"
RDF = FOREIGN["rdf"]
RDFS = FOREIGN["rdfs"]
VOID = FOREIGN["void"]
DCTERMS = FOREIGN["dcterms"]
_INTEGER = NamedNode(FOREIGN["xsd"] + "integer")

CAVEATS = (
    (
        "A property path of length zero (`*`, `?`) from a constant that does not occur in the data finds nothing, "
        "where SPARQL 1.1 says that it finds the constant itself."
    ),
    (
        "The default graph is the union of all named graphs, and a triple that several of them hold is found once in "
        "each; say DISTINCT where that matters."
    ),
    "Numbers are written in canonical form: 1.50 as 1.5; integer subtypes as xsd:integer.",
    "In XML results, characters that XML 1.0 cannot hold are replaced by U+FFFD.",
)
"""Where the endpoint differs from the standards, for its users to read."""

WRITERS: dict[str, RdfFormat] = {
    "ttl": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "jsonld": RdfFormat.JSON_LD,
    "rdf": RdfFormat.RDF_XML,
    "trig": RdfFormat.TRIG,
    "nq": RdfFormat.N_QUADS,
}


@dataclass(slots=True)
class Description:
    """What is described: how many triples there are, in which named graphs, and which services SERVICE may name.

    The graphs are asked for when the first description is written.
    """

    triples: int
    graphs: Callable[[], Mapping[str, int]]
    federation: tuple[str, ...] = ()
    more: tuple[Triple, ...] = ()
    _written: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def serialized(self, endpoint: str, chosen: Format) -> bytes:
        """The description of the service at this absolute address; written once per address and format."""
        key = (endpoint, chosen.name)
        if key not in self._written:
            if len(self._written) >= 64:  # addresses come from Host headers
                self._written.clear()
            prefixes = {"sd": SD, "void": VOID, "rdfs": RDFS, "dcterms": DCTERMS}
            triples = [*service(endpoint, self.triples, self.graphs(), self.federation), *self.more]
            written = pyoxigraph.serialize(triples, format=WRITERS[chosen.name], prefixes=prefixes)
            assert written is not None
            self._written[key] = written
        return self._written[key]


def service(endpoint: str, triples: int, graphs: Mapping[str, int], federation: Iterable[str] = ()) -> list[Triple]:
    """The triples of the service description."""
    found: list[Triple] = []

    def say(subject: NamedNode | BlankNode, predicate: str, value: NamedNode | BlankNode | Literal) -> None:
        found.append(Triple(subject, NamedNode(predicate), value))

    this, dataset, default = NamedNode(endpoint), BlankNode("dataset"), BlankNode("default")
    say(this, f"{RDF}type", NamedNode(f"{SD}Service"))
    say(this, f"{SD}endpoint", this)
    say(this, f"{SD}supportedLanguage", NamedNode(f"{SD}SPARQL11Query"))
    say(this, f"{SD}feature", NamedNode(f"{SD}UnionDefaultGraph"))
    allowed = sorted(federation)
    if allowed:
        say(this, f"{SD}feature", NamedNode(f"{SD}BasicFederatedQuery"))
    for each in allowed:  # not a term of the vocabulary: there is none for an allow-list
        say(this, f"{DCTERMS}relation", NamedNode(each))
        say(NamedNode(each), f"{RDF}type", NamedNode(f"{SD}Service"))
        say(NamedNode(each), f"{SD}endpoint", NamedNode(each))
    for form in (*RESULTS, *GRAPHS):
        say(this, f"{SD}resultFormat", NamedNode(form.iri))
    for caveat in CAVEATS:
        say(this, f"{RDFS}comment", Literal(caveat, language="en"))
    say(this, f"{SD}defaultDataset", dataset)
    say(dataset, f"{RDF}type", NamedNode(f"{SD}Dataset"))
    say(dataset, f"{SD}defaultGraph", default)
    say(default, f"{RDF}type", NamedNode(f"{SD}Graph"))
    say(default, f"{VOID}triples", Literal(str(triples), datatype=_INTEGER))
    for place, (name, count) in enumerate(sorted(graphs.items())):
        named, graph = BlankNode(f"named{place}"), BlankNode(f"graph{place}")
        say(dataset, f"{SD}namedGraph", named)
        say(named, f"{RDF}type", NamedNode(f"{SD}NamedGraph"))
        say(named, f"{SD}name", NamedNode(name))
        say(named, f"{SD}graph", graph)
        say(graph, f"{RDF}type", NamedNode(f"{SD}Graph"))
        say(graph, f"{VOID}triples", Literal(str(count), datatype=_INTEGER))
    return found
