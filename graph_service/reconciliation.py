"""From a name as people write it to the thing that it names: one index over titles, other names, identifiers and
addresses.

Used by the Reconciliation API, by the search of the agents, and for near names. A score is 0 to 100; a candidate is a
`match` when its name is the query's, or nearly so while no other comes near.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import fuzz, process

from graph_service.knowledge import HOMEPAGE, Knowledge, kind_of, survey
from graph_service.terms import BASE, FOREIGN, KINDS, SCHEMES

ALTERNATIVE = f"{FOREIGN['dcterms']}alternative"
IDENTIFIERS = tuple(
    survey(name)
    for name in (
        "re3dataRecord",
        "re3dataDoi",
        "fairsharingRecord",
        "rrid",
        "nifIdentifier",
        "dataDoi",
        "softwareDoi",
        "ror",
        "wikidata",
    )
)
SURVEYED = ("archive", "collection", "software", "organization")
LIKELY, CLEAR, UNLIKELY = 88.0, 6.0, 75.0
"""A candidate matches from the first score on, if it leads the next by the second; below the third, concepts are looked
at too.
"""

MOST_MERGED = 64
"""Choices of kinds whose names are kept together: strangers choose them."""

SHORTEST_FUZZY = 4
"""A query of fewer signs is taken as it is: three letters are near too many others."""

WORDS = re.compile(r"[^\w]+")
INITIALS = frozenset({"the", "of", "and", "for", "in", "a", "an", "on"})
GENERIC = frozenset(
    {"archive", "database", "dataset", "data", "collection", "repository", "project", "imaging", "image", "images"}
)


@dataclass(frozen=True)
class Candidate:
    """A thing that may be meant."""

    iri: str
    name: str
    description: str
    types: tuple[str, ...]
    score: float
    match: bool = False

    @property
    def path(self) -> str:
        return self.iri.removeprefix(BASE)


def normal(text: str) -> str:
    """A name without case, accents, signs and double spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return WORDS.sub(" ", "".join(sign for sign in plain if not unicodedata.combining(sign))).strip()


@dataclass(frozen=True)
class Names:
    """Names with what they name and how much each counts; `joined` are the names without spaces."""

    plain: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    sorted: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, name: str, owner: str, weight: float) -> None:
        self.plain.append(name)
        self.joined.append(name.replace(" ", ""))
        self.sorted.append(_in_order(name))
        self.owners.append(owner)
        self.weights.append(weight)

    def near(self, query: str) -> dict[str, float]:
        """The owners of names that are like the query, each with its best score."""
        found: dict[str, float] = {}
        for names, asked, factor in (
            (self.plain, query, 1.0),
            (self.joined, query.replace(" ", ""), 0.97),
            (self.sorted, _in_order(query), 0.98),
        ):
            for _, score, place in process.extract(asked, names, scorer=fuzz.ratio, limit=40, score_cutoff=60):
                self._keep(found, place, score * factor)
        if max(found.values(), default=0.0) < LIKELY:
            for name, score, place in process.extract(
                query, self.plain, scorer=fuzz.token_set_ratio, limit=40, score_cutoff=80
            ):
                self._keep(found, place, score * _share(query, name))
        return found

    def _keep(self, found: dict[str, float], place: int, score: float) -> None:
        owner = self.owners[place]
        found[owner] = max(found.get(owner, 0.0), min(99.0, score) * self.weights[place])


@dataclass(eq=False)
class Index:
    """All names of things and concepts."""

    known: Knowledge
    names: dict[str, Names] = field(default_factory=lambda: defaultdict(Names))
    exact: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    _merged: dict[frozenset[str], Names] = field(default_factory=dict)

    @classmethod
    def of(cls, known: Knowledge) -> Index:
        made = cls(known)
        for kind in SURVEYED:
            for iri in known.of_kind(kind):
                made._thing(iri)
        for iri, concept in known.concepts.items():
            names = (concept.label, *concept.alternatives, *concept.notations, concept.slug)
            for place, name in enumerate(names):
                made._add(iri, name, 1.0 if place == 0 else 0.98)
            made._exact(iri, iri, 1.0)
        return made

    def _thing(self, iri: str) -> None:
        title = self.known.label(iri)
        self._add(iri, title, 1.0)
        for name in self.known.texts(iri, ALTERNATIVE):
            self._add(iri, name, 0.99)
        self._add(iri, iri.rpartition("/")[2].replace("-", " "), 0.98)
        initials = "".join(word[0] for word in normal(title).split() if word not in INITIALS)
        if len(initials) > 2:
            self._exact(iri, initials, 0.9)
        for predicate in IDENTIFIERS:
            for value in self.known.values(iri, predicate):
                self._identifier(iri, value.value)
        for page in self.known.iris(iri, HOMEPAGE):
            self._exact(iri, _address(page), 0.97)
        self._exact(iri, iri, 1.0)

    def _identifier(self, iri: str, value: str) -> None:
        short = re.sub(r"^https?://(doi\.org/)?", "", value)
        for form in {value, value.removeprefix("RRID:"), short, value.rstrip("/").rpartition("/")[2]}:
            self._exact(iri, form, 1.0)

    def _add(self, iri: str, name: str, weight: float) -> None:
        plain = normal(name)
        if plain:
            self._exact(iri, name, weight)
            self.names[kind_of(iri)].add(plain, iri, weight)

    def _exact(self, iri: str, name: str, weight: float) -> None:
        known = self.exact[normal(name)]
        known[iri] = max(weight, known.get(iri, 0.0))

    def of_kinds(self, kinds: frozenset[str]) -> Names:
        """The names of things of some kinds, of all without any."""
        if kinds not in self._merged:
            made = Names()
            for kind, names in self.names.items():
                if not kinds or kind in kinds:
                    for each in zip(names.plain, names.owners, names.weights, strict=True):
                        made.add(*each)
            if len(self._merged) >= MOST_MERGED:
                self._merged.clear()
            self._merged[kinds] = made
        return self._merged[kinds]

    def candidates(self, query: str, kinds: Iterable[str] = (), limit: int = 5) -> list[Candidate]:
        """The likeliest things, the best first; `kinds` are kinds of record or vocabularies."""
        return list(_found(self, query, frozenset(kinds), limit))

    def scores(self, query: str, kinds: frozenset[str]) -> dict[str, float]:
        """Every thing that is near, with its score."""
        plain = normal(query)
        found: dict[str, float] = {}
        if len(plain.replace(" ", "")) >= SHORTEST_FUZZY:
            found = self.of_kinds(kinds or frozenset(SURVEYED)).near(plain)
        for key in {plain, normal(_address(query))}:
            for iri, weight in self.exact.get(key, {}).items():
                if not kinds or kind_of(iri) in kinds:
                    found[iri] = max(found.get(iri, 0.0), 100 * weight)
        if not kinds and max(found.values(), default=0.0) < UNLIKELY and len(plain) >= SHORTEST_FUZZY:
            found = self.of_kinds(frozenset(SCHEMES)).near(plain) | found
        return found


def _address(page: str) -> str:
    """A web address without what is the same in most."""
    return re.sub(r"^https?://(www\.)?|^www\.", "", page.strip()).rstrip("/")


def _in_order(name: str) -> str:
    return " ".join(sorted(name.split()))


def _share(query: str, name: str) -> float:
    """How much of both names the common words can make up: a name inside a longer one is near, not the same."""
    ours, theirs = set(query.split()) - GENERIC, set(name.split()) - GENERIC
    if not ours or not theirs:
        return 0.6
    return 0.55 + 0.4 * min(len(ours), len(theirs)) / max(len(ours), len(theirs))


@lru_cache(maxsize=4096)
def _found(index: Index, query: str, kinds: frozenset[str], limit: int) -> tuple[Candidate, ...]:
    scores = index.scores(query, kinds)
    rank = {kind: place for place, kind in enumerate(SURVEYED)}
    ordered = sorted(scores, key=lambda iri: (-round(scores[iri], 1), rank.get(kind_of(iri), len(rank)), iri))[:limit]
    found = [
        Candidate(iri, index.known.label(iri), index.known.definition(iri), types_of(iri), round(scores[iri], 1))
        for iri in ordered
    ]
    if not found:
        return ()
    lead = found[0].score - (found[1].score if len(found) > 1 else 0.0)
    if (found[0].score >= 97 and lead > 0) or (found[0].score >= LIKELY and lead >= CLEAR):
        found[0] = Candidate(**{**vars(found[0]), "match": True})
    return tuple(found)


def types_of(iri: str) -> tuple[str, ...]:
    """The types of a thing: its class, or the vocabulary that a concept is from."""
    kind = kind_of(iri)
    return (survey(KINDS[kind]),) if kind in KINDS else (f"{BASE}vocabulary/{kind}",)


def kinds_of(types: Iterable[str]) -> list[str]:
    """The kinds that types name: IRIs, prefixed names, or short names such as `archive` or `modality`."""
    classes = {survey(name): kind for kind, name in KINDS.items()} | {
        f"survey:{name}": kind for kind, name in KINDS.items()
    }
    found = []
    for each in types:
        short = each.removeprefix(f"{BASE}vocabulary/").removeprefix("vocabulary:")
        kind = classes.get(each) or (
            short if short in {*KINDS, *SCHEMES} else short.lower() if short.lower() in KINDS else None
        )
        if kind:
            found.append(kind)
    return found
