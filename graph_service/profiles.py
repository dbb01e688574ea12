"""The profiles in which a thing can be described: the survey's own words, or those in which exports are made for others.

Chosen as in W3C's Content Negotiation by Profile: by `?_profile=` with a token, or by the header `Accept-Profile` with
an IRI in angle brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from graph_service import exports, formats
from graph_service.errors import BadParameter
from graph_service.knowledge import Knowledge, kind_of
from graph_service.release import Version
from graph_service.terms import ONTOLOGY
from graph_service.triples import Triples

MEMBER = re.compile(r"<([^<>]+)>(?:\s*;\s*q=([01](?:\.\d{0,3})?))?")
"""A profile in the header, and how much it is liked."""


@dataclass(frozen=True)
class Profile:
    """A way to describe things of some kinds, in formats of which the first is the default."""

    token: str
    iri: str
    kinds: frozenset[str]
    formats: tuple[formats.Format, ...]
    made: Callable[[Knowledge, str, Version], Triples | bytes]


JSONLD = (formats.JSONLD,)
RDF = (formats.TURTLE, formats.JSONLD, formats.NTRIPLES, formats.RDFXML)
DESCRIBED = frozenset({"archive", "collection", "software", "organization"})
OWN = "survey", ONTOLOGY.rstrip("#")
"""Token and IRI of the survey's own words."""

OTHERS = (
    Profile("dcat-ap", "http://data.europa.eu/r5r/", frozenset({"archive", "collection"}), RDF, exports.dcat_ap_of),
    Profile("schema", "https://schema.org/", DESCRIBED, JSONLD, exports.schema_org_of),
    Profile("codemeta", exports.CODEMETA, frozenset({"software"}), JSONLD, exports.codemeta_document),
)


def of(iri: str) -> dict[str, Profile]:
    """The profiles of others in which something of ours is described, by their tokens."""
    return {each.token: each for each in OTHERS if kind_of(iri) in each.kinds}


def wanted(iri: str, token: str | None, accept: str) -> Profile | None:
    """The profile that a request wants; None for the survey's own, which also gets whose header names none that there
    is. A wrong token raises `BadParameter`.
    """
    known = of(iri)
    if token is None:
        liked = {found: float(quality or 1) for found, quality in MEMBER.findall(accept[: formats.LONGEST_ACCEPT])}
        ranked = {name: liked.get(target, 0.0) for name, target in (OWN, *((each.token, each.iri) for each in OTHERS))}
        token = max((OWN[0], *known), key=ranked.__getitem__)
    if token not in {OWN[0], *known}:
        raise BadParameter(
            f"`{token}` is no profile of this; it has {', '.join((OWN[0], *known))}.", parameter="_profile"
        )
    return known.get(token)
