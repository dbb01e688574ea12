"""What to look up next: facts that nobody knows yet or that are old, ranked by how many questions they would answer.

A dimension's `survey:reviewAfter` (months, in the ontology) says when a fact wants looking at again; identifiers and
history have none. Nothing here reads a clock: *today* is the date of the release.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from graph_service.queries import Query
from graph_service.terms import BASE, ONTOLOGY, PREFIXES, shorten, str_of

SURVEY = ONTOLOGY
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
DOMAIN = f"{PREFIXES['schema']}domainIncludes"
LABEL = f"{PREFIXES['rdfs']}label"
TITLE = f"{PREFIXES['dcterms']}title"
USUAL = 0.1
"""A dimension that fewer of a class have is no gap where it is missing: few programs have modalities of their own."""


@dataclass(frozen=True)
class Item:
    """One gap: the thing, the dimension, why it is one, and the questions that a fact would serve."""

    thing: str
    title: str
    dimension: str
    label: str
    why: str
    since: str
    questions: tuple[str, ...]


def used_by(questions: Iterable[Query], dimensions: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Each dimension with the questions whose text uses it."""
    names = {shorten(dimension): dimension for dimension in dimensions}
    found: dict[str, list[str]] = defaultdict(list)
    for query in questions:
        body = "\n".join(line for line in query.text.splitlines() if not line.startswith("#"))
        for name in set(re.findall(r"[a-z]+:[A-Za-z0-9]+", body)) & names.keys():
            found[names[name]].append(query.name)
    return {dimension: tuple(sorted(users)) for dimension, users in found.items()}


def months(earlier: str, later: str) -> int:
    """Whole months from one date to another; a year alone counts as its first month."""

    def number(date: str) -> int:
        year, _, rest = date.partition("-")
        return int(year) * 12 + int(rest[:2] or 1)

    return number(later) - number(earlier)


def items(quads: Iterable[ox.Quad], questions: Iterable[Query], today: str) -> list[Item]:
    """Every gap that at least one question would use, the most useful first."""
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for quad in quads:
        said[str_of(quad.subject)][quad.predicate.value].append(str_of(quad.object))
    review = {
        name: int(facts[f"{SURVEY}reviewAfter"][0]) for name, facts in said.items() if f"{SURVEY}reviewAfter" in facts
    }
    domains = {name: set(said[name][DOMAIN]) for name in review}
    uses = used_by(questions, review)
    surveyed = {f"{SURVEY}{name}" for name in ("Archive", "Collection", "Software")}
    known = {
        thing: (kinds, *_last_said(facts, said))
        for thing, facts in said.items()
        if thing.startswith(BASE) and (kinds := set(facts.get(TYPE, ())) & surveyed)
    }
    stating = Counter((kind, name) for kinds, dates, _ in known.values() for kind in kinds for name in dates)
    sizes = Counter(kind for kinds, _, _ in known.values() for kind in kinds)
    found = []
    for thing, (kinds, dates, looked_for) in known.items():
        for dimension in uses:
            usual = any(stating[kind, dimension] >= USUAL * sizes[kind] for kind in kinds & domains[dimension])
            if not kinds & domains[dimension] or not (usual or dimension in dates or dimension in looked_for):
                continue
            date = dates.get(dimension, "")
            if not date:
                why = "not stated where it was looked for" if dimension in looked_for else "unknown"
            elif months(date, today) >= review[dimension]:
                why = "old"
            else:
                continue
            title = said[thing].get(TITLE, [shorten(thing)])[0]
            found.append(Item(thing, title, dimension, said[dimension][LABEL][0], why, date, uses[dimension]))
    weight = {"unknown": 2, "old": 1, "not stated where it was looked for": 0}
    return sorted(
        found, key=lambda item: (-len(item.questions), -weight[item.why], item.since, item.title, item.dimension)
    )


def _last_said(
    facts: Mapping[str, list[str]], said: Mapping[str, Mapping[str, list[str]]]
) -> tuple[dict[str, str], set[str]]:
    """The newest date at which each dimension was said of a thing, and what was looked for in vain."""
    dates: dict[str, str] = {}
    looked_for: set[str] = set()
    for name in facts.get(f"{SURVEY}observation", ()):
        seen = said[name]
        date = (seen.get(f"{SURVEY}asOf") or seen.get(f"{SURVEY}consulted") or [""])[0]
        for dimension in (*seen, *seen.get(f"{SURVEY}lacks", ())):
            dates[dimension] = max(dates.get(dimension, ""), date)
        looked_for.update(seen.get(f"{SURVEY}notStated", ()))
    return dates, looked_for
