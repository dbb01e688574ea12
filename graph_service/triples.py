"""Triples in the making: said with prefixed names, about whole IRIs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph_service.terms import FOREIGN, PREFIXES

MORE: dict[str, str] = {
    "bridge": "https://w3id.org/imaging-survey/bridge#",
    "dcatap": "http://data.europa.eu/r5r/",
    "formats": "http://www.w3.org/ns/formats/",
    "pav": "http://purl.org/pav/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "spdx": "http://spdx.org/rdf/terms#",
    "spex": "https://purl.expasy.org/sparql-examples/ontology#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "void-ext": "http://ldf.fi/void-ext#",
}
"""Prefixes that no record may use, but that our descriptions of the survey do."""

NAMES = PREFIXES | MORE
XSD = FOREIGN["xsd"]

Subject = ox.NamedNode
Value = ox.NamedNode | ox.Literal


def expand(name: str) -> str:
    """The IRI of a prefixed name, e.g. `survey:modality`; a whole IRI stays as it is."""
    prefix, colon, local = name.partition(":")
    return NAMES[prefix] + local if colon and not local.startswith("//") and prefix in NAMES else name


def text(value: str) -> ox.Literal:
    """A text in English."""
    return ox.Literal(value, language="en")


def typed(value: object, datatype: str) -> ox.Literal:
    """A literal of an XSD type, e.g. `typed(5, "integer")`."""
    return ox.Literal(str(value), datatype=ox.NamedNode(XSD + datatype))


def date(value: str) -> ox.Literal:
    """A date as exact as it is written: a year, a month or a day."""
    return typed(value, {4: "gYear", 7: "gYearMonth"}.get(len(value), "date"))


@dataclass
class Triples:
    """A set of triples that keeps the order in which they were said."""

    _said: dict[ox.Triple, None] = field(default_factory=dict)

    def say(self, subject: str, predicate: str, *values: str | int | Value) -> None:
        """Says something about an IRI: a value given as `str` is an IRI or a prefixed name, one given as `int` a
        number.
        """
        for value in values:
            term = (
                ox.Literal(value)
                if isinstance(value, int)
                else ox.NamedNode(expand(value))
                if isinstance(value, str)
                else value
            )
            self._said[ox.Triple(ox.NamedNode(expand(subject)), ox.NamedNode(expand(predicate)), term)] = None

    def __iter__(self) -> Iterator[ox.Triple]:
        return iter(self._said)

    def __len__(self) -> int:
        return len(self._said)

    def quads(self, graph: str) -> list[ox.Quad]:
        """The triples as quads of one named graph."""
        name = ox.NamedNode(graph)
        return [ox.Quad(each.subject, each.predicate, each.object, name) for each in self]

    def turtle(self) -> bytes:
        """As Turtle with our prefixes, those that are used."""
        return serialize(self._said, ox.RdfFormat.TURTLE)


def serialize(triples: object, form: ox.RdfFormat) -> bytes:
    """Triples or quads written with our prefixes, as far as they are used."""
    said = list(triples)  # type: ignore[call-overload]
    plain = ox.serialize(said, format=ox.RdfFormat.N_QUADS) or b""
    used = {prefix: iri for prefix, iri in NAMES.items() if f"<{iri}".encode() in plain}
    data = ox.serialize(said, format=form, prefixes=used)
    assert data is not None
    return data
