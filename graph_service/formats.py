"""The table of media types, and which of them a request is to get.

`negotiate` follows RFC 9110 §12.5.1: quality values, wildcards, exclusion by `q=0`, and the most specific range
decides. Among equals the order of the offer decides, so that `*/*` gets the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

FORMATS_NS = "http://www.w3.org/ns/formats/"

LONGEST_ACCEPT = 4_096
"""Characters of an Accept header that are read: harvesters send up to a thousand, and each costs time and memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """One way to write an answer: its short name (also the suffix), what is sent, and what else is understood."""

    name: str
    media_type: str
    label: str
    aliases: tuple[str, ...] = ()
    parameters: str = ""
    iri: str = ""
    content_type: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "content_type", self.media_type + self.parameters)


JSON = Format(
    "json",
    "application/sparql-results+json",
    "JSON",
    ("application/json", "text/json"),
    iri=f"{FORMATS_NS}SPARQL_Results_JSON",
)
XML = Format(
    "xml",
    "application/sparql-results+xml",
    "XML",
    ("application/xml", "text/xml"),
    iri=f"{FORMATS_NS}SPARQL_Results_XML",
)
CSV = Format("csv", "text/csv", "CSV", (), "; charset=utf-8; header=present", f"{FORMATS_NS}SPARQL_Results_CSV")
TSV = Format(
    "tsv",
    "text/tab-separated-values",
    "TSV",
    ("text/tsv",),
    "; charset=utf-8; header=present",
    f"{FORMATS_NS}SPARQL_Results_TSV",
)
TURTLE = Format("ttl", "text/turtle", "Turtle", ("application/x-turtle",), "; charset=utf-8", iri=f"{FORMATS_NS}Turtle")
NTRIPLES = Format(
    "nt", "application/n-triples", "N-Triples", ("text/plain",), "; charset=utf-8", f"{FORMATS_NS}N-Triples"
)
JSONLD = Format("jsonld", "application/ld+json", "JSON-LD", ("application/json",), iri=f"{FORMATS_NS}JSON-LD")
RDFXML = Format("rdf", "application/rdf+xml", "RDF/XML", ("application/xml", "text/xml"), iri=f"{FORMATS_NS}RDF_XML")
TRIG = Format("trig", "application/trig", "TriG", ("application/x-trig",), "; charset=utf-8", f"{FORMATS_NS}TriG")
NQUADS = Format(
    "nq", "application/n-quads", "N-Quads", ("text/x-nquads",), "; charset=utf-8", iri=f"{FORMATS_NS}N-Quads"
)
HTML = Format("html", "text/html", "HTML", ("application/xhtml+xml",), "; charset=utf-8")

RESULTS = (JSON, XML, CSV, TSV)
"""What a SELECT can be written as; the first is the default."""

BOOLEANS = (JSON, XML)
"""What an ASK can be written as: CSV and TSV have no such form, so a client that wants them gets one of these."""

GRAPHS = (TURTLE, NTRIPLES, JSONLD, RDFXML, TRIG, NQUADS)
"""What a CONSTRUCT, a DESCRIBE or a document of ours can be written as; the first is the default."""

BY_NAME: dict[str, Format] = {each.name: each for each in (*RESULTS, *GRAPHS, HTML)}

_SPELLINGS = {
    "turtle": TURTLE,
    "ntriples": NTRIPLES,
    "n-triples": NTRIPLES,
    "nquads": NQUADS,
    "n-quads": NQUADS,
    "rdfxml": RDFXML,
    "json-ld": JSONLD,
    "srj": JSON,
    "srx": XML,
    "htm": HTML,
}


def by_suffix(name: str) -> Format | None:
    """The format that a file suffix, a `?format=` value or a media type names; None for an unknown one."""
    key = name.strip().lower().removeprefix(".")
    known = BY_NAME.get(key) or _SPELLINGS.get(key)
    if known is not None or "/" not in key:
        return known
    essence = key.split(";", 1)[0].strip()
    candidates = (*RESULTS, *GRAPHS, HTML)
    exact = next((each for each in candidates if each.media_type == essence), None)
    return exact or next((each for each in candidates if essence in each.aliases), None)


@dataclass(frozen=True, slots=True)
class _Range:
    """One member of an Accept header."""

    kind: str
    subtype: str
    quality: float

    def specificity(self, media_type: str) -> int:
        """2 for an exact match, 1 for `type/*`, 0 for `*/*`, -1 for none."""
        kind, _, subtype = media_type.partition("/")
        if self.kind == kind and self.subtype == subtype:
            return 2
        if self.kind == kind and self.subtype == "*":
            return 1
        return 0 if self.kind == "*" and self.subtype == "*" else -1


def _quality(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return min(max(value, 0.0), 1.0)


@lru_cache(maxsize=1024)
def _ranges(accept: str) -> tuple[_Range, ...]:
    ranges = []
    for member in accept.split(","):
        essence, *parameters = (part.strip() for part in member.split(";"))
        kind, slash, subtype = essence.lower().partition("/")
        if kind == "*" and not slash:  # a lone `*`, which old Java clients send
            subtype = "*"
        if not kind or not subtype:
            continue
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                quality = _quality(value.strip().strip('"'))
                break
        ranges.append(_Range(kind.strip(), subtype.strip(), quality))
    return tuple(ranges)


def _grade(ranges: Sequence[_Range], offer: Format) -> tuple[float, int]:
    """Quality and specificity of the range that decides on this offer; an alias counts as long as no own name does."""
    best, decided = 0.0, -1
    for each in ranges:
        specificity = each.specificity(offer.media_type)
        if specificity > decided or (specificity == decided and decided >= 0 and each.quality > best):
            best, decided = each.quality, specificity
    if decided == 2:
        return best, decided
    aliased = [each.quality for each in ranges for alias in offer.aliases if each.specificity(alias) == 2]
    return (max(aliased), 2) if aliased else (best, decided)


def negotiate(accept: str | None, offered: tuple[Format, ...]) -> Format | None:
    """The offered format that the Accept header likes best; None when it excludes all of them.

    No header, or one without any readable range, accepts everything. HTML is never chosen by a mere wildcard while
    something else is offered: scripts send `*/*` and must get data. What stands beyond `LONGEST_ACCEPT` is not read.
    """
    return _negotiated(accept and shortened(accept), offered)


def shortened(accept: str) -> str:
    """The whole members of an Accept header that fit into `LONGEST_ACCEPT`, mostly all."""
    return accept if len(accept) <= LONGEST_ACCEPT else accept[: LONGEST_ACCEPT + 1].rpartition(",")[0]


@lru_cache(maxsize=1024)
def _negotiated(accept: str | None, offered: tuple[Format, ...]) -> Format | None:
    ranges = _ranges(accept) if accept else ()
    if not ranges:
        return next((each for each in offered if each is not HTML), offered[0])
    best: Format | None = None
    rank = (0.0, -1)
    for offer in offered:
        quality, specificity = _grade(ranges, offer)
        if quality <= 0 or (offer is HTML and specificity < 2 and len(offered) > 1):
            continue
        if best is None or (quality, specificity) > rank:
            best, rank = offer, (quality, specificity)
    return best


def encoding(accept_encoding: str, offered: tuple[str, ...]) -> str | None:
    """The content coding to apply, in our order of preference among those that the client takes; None for plain."""
    return _encoding(shortened(accept_encoding), offered)


@lru_cache(maxsize=1024)
def _encoding(accept_encoding: str, offered: tuple[str, ...]) -> str | None:
    grades: dict[str, float] = {}
    for member in accept_encoding.lower().split(","):
        name, *parameters = (part.strip() for part in member.split(";"))
        quality = next((_quality(each[2:].strip()) for each in parameters if each.startswith("q=")), 1.0)
        grades[name] = quality
    wildcard = grades.get("*", 0.0)
    liked = [(grades.get(name, wildcard), -place, name) for place, name in enumerate(offered)]
    quality, _, name = max(liked)
    return name if quality > 0 and quality >= grades.get("identity", 0.0) else None
