"""What the survey said in 2010 and 2011, and what is no longer so."""

from __future__ import annotations

from dataclasses import dataclass

from graph_service.knowledge import SURVEYED, Knowledge, path_of, survey
from graph_service.observed import Seen, Shown
from graph_service.terms import BASE
from graph_service.things import Thing

OLD = "2012"
"""Observations before this year are what the original survey could know."""

GONE = ("retired", "offline", "merged", "migrated", "superseded", "unreachable")
WATCHED = (
    "status",
    "access",
    "license",
    "hostedWith",
    "operator",
    "homepage",
    "sizeInBytes",
    "subjectCount",
    "imageCount",
    "supersededBy",
    "mergedInto",
)


@dataclass(frozen=True)
class Change:
    """One dimension of one thing: what was said then, what is said now."""

    label: str
    then: tuple[Shown, ...]
    then_seen: Seen
    now: tuple[Shown, ...]
    now_date: str


@dataclass(frozen=True)
class Account:
    """What became of one archive that the original survey named."""

    thing: Thing
    title: str
    href: str
    changes: tuple[Change, ...]
    successors: tuple[Shown, ...]
    events: tuple[str, ...]


def accounts(knowledge: Knowledge) -> list[Account]:
    """Every archive that the survey of 2010 and 2011 named, with what changed since, by title."""
    word = survey("inSurvey")
    named = sorted(
        (iri for iri in knowledge.of_kind("archive") if knowledge.values(iri, word)),
        key=lambda iri: knowledge.label(iri).casefold(),
    )
    return [_account(Thing(knowledge, iri)) for iri in named]


def _account(thing: Thing) -> Account:
    changes = []
    for dimension in thing.knowledge.dimensions.values():
        if dimension.name.rpartition(":")[2] not in WATCHED:
            continue
        old = [each for each in thing.observations if each.date < OLD and dimension.iri in each.facts]
        fact = thing.fact(dimension)
        if not old or fact is None or fact.answer != "yes":
            continue
        then = tuple(thing.shown(value, dimension.iri, old[0].facts) for value in old[0].facts[dimension.iri])
        if fact.date >= OLD and {each.text for each in then} != {each.text for each in fact.values}:
            changes.append(Change(dimension.label, then, old[0], fact.values, fact.date))
    successors = {shown.href: shown for shown in thing.labels("supersededBy") + thing.labels("mergedInto")}
    events = tuple(shown.text for shown in thing.labels("lifeEvent"))
    return Account(thing, thing.title, path_of(thing.iri), tuple(changes), tuple(successors.values()), events)


def retired(knowledge: Knowledge) -> list[tuple[str, str, str]]:
    """Everything that is no longer there: title, page, status."""
    gone = {f"{BASE}status/{name}" for name in GONE}
    found = [
        (knowledge.label(iri), path_of(iri), knowledge.label(status))
        for kind in SURVEYED
        for iri in knowledge.of_kind(kind)
        for status in knowledge.iris(iri, survey("status"))
        if status in gone
    ]
    return sorted(found, key=lambda row: row[0].casefold())
