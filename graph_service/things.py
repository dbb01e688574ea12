"""What the page of one thing says: latest values, observations, conflicts, counts over time, relations, neighbors."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyoxigraph as ox

from graph_service import phrases
from graph_service.knowledge import (
    DESCRIPTION,
    HOMEPAGE,
    SURVEYED,
    TITLE,
    Dimension,
    Knowledge,
    Value,
    kind_of,
    survey,
)
from graph_service.observed import Seen, Shown, natural, seen, shown
from graph_service.terms import BASE

CAPABILITIES = {
    survey("capability"): "yes",
    survey("capabilityThroughComponent"): "component",
    survey("partialCapability"): "partial",
    survey("lacks"): "no",
    survey("notStated"): "not stated",
}
"""How a program stands to a capability, best first."""

RELATIONS = "Relations"
INVERSES = {
    survey(one): survey(other)
    for pair in (
        ("hosts", "hostedAt"),
        ("hasPart", "partOf"),
        ("supersedes", "supersededBy"),
        ("hostedWith", "usedBy"),
        ("mirrorOf", "mirroredAt"),
        ("sharesSubjectsWith", "sharesSubjectsWith"),
        ("overlapsWith", "overlapsWith"),
        ("relatedTo", "relatedTo"),
    )
    for one, other in (pair, pair[::-1])
}
"""Relations that the other side states in its own words."""

LOOSE = ("sharesSubjectsWith", "overlapsWith", "relatedTo")
"""Relations that say little beside another one between the same two things."""

DUTIES = ("attribution", "signed-agreement")
USES = ("commercial-use", "redistribution", "derivatives", "attribution", "signed-agreement", "direct-download")


@dataclass(frozen=True)
class Fact:
    """The latest known values of one dimension, with the observations that say so."""

    dimension: Dimension
    values: tuple[Shown, ...]
    seen: tuple[Seen, ...]
    answer: str = "yes"

    @property
    def date(self) -> str:
        return max((each.date for each in self.seen), default="")


@dataclass(frozen=True)
class Conflict:
    """A dimension on which two sources, each at its newest, do not agree."""

    dimension: Dimension
    sides: tuple[tuple[tuple[Shown, ...], Seen], ...]


@dataclass(frozen=True)
class Use:
    """The answer to one question of use."""

    question: str
    iri: str
    answer: str
    reason: str
    rests_on: tuple[str, ...] = ()

    @property
    def is_duty(self) -> bool:
        """Whether something is owed rather than allowed."""
        return self.iri.rpartition("/")[2] in DUTIES


@dataclass(frozen=True)
class Link:
    """A relation of this thing to another: what it is called, to whom, and whether it was said from the other side."""

    label: str
    iri: str
    title: str
    inverse: bool = False
    kind: str = ""
    predicate: str = ""


@dataclass
class Thing:
    """One archive, collection, software, organization or source, read from the survey."""

    knowledge: Knowledge
    iri: str
    _shown: dict[str, Shown] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return kind_of(self.iri)

    @property
    def title(self) -> str:
        return self.knowledge.label(self.iri)

    @property
    def description(self) -> str:
        return self.knowledge.text(self.iri, DESCRIPTION)

    @property
    def homepage(self) -> str:
        return self.knowledge.text(self.iri, HOMEPAGE)

    @property
    def last_seen(self) -> str:
        return self.knowledge.text(self.iri, survey("lastSeen"))

    @property
    def record(self) -> str:
        """The file that the thing is written in, below the top of the repository."""
        return f"records/{self.iri.removeprefix(BASE)}.ttl"

    def labels(self, name: str) -> list[Shown]:
        """The current values of a word of the ontology."""
        return [self.shown(value) for value in self.knowledge.values(self.iri, survey(name))]

    def shown(self, value: Value, predicate: str = "", facts: dict[str, list[Value]] | None = None) -> Shown:
        return shown(self.knowledge, value, predicate, facts)

    @cached_property
    def observations(self) -> list[Seen]:
        """All observations, newest first; those of one date by certainty of being first-hand, then by name."""
        found = [seen(self.knowledge, iri) for iri in self.knowledge.iris(self.iri, survey("observation"))]
        return sorted(found, key=lambda each: (each.date, natural(each.anchor)), reverse=True)

    @cached_property
    def facts(self) -> dict[str, list[Fact]]:
        """The latest values by section of the ontology."""
        grouped: dict[str, list[Fact]] = defaultdict(list)
        for dimension in self.knowledge.dimensions.values():
            fact = self.fact(dimension)
            if fact is not None:
                grouped[dimension.section].append(fact)
        return {name: grouped[name] for name in self.knowledge.sections if grouped[name]}

    def fact(self, dimension: Dimension) -> Fact | None:
        """The latest values of one dimension; None when nobody ever looked."""
        own = self.knowledge.facts.get(self.iri, {})
        if dimension.iri in own:
            values = own[dimension.iri]
            said = [
                each
                for each in self.observations
                if any(value in each.facts.get(dimension.iri, ()) for value in values)
            ]
            if dimension.keeps == "latest" and said and dimension.iri not in CAPABILITIES:
                said = [each for each in said if each.date == said[0].date]
            texts = [self.shown(value, dimension.iri, own) for value in values]
            return Fact(
                dimension, tuple(sorted(texts, key=lambda each: (each.order, each.text.casefold()))), tuple(said)
            )
        for name, answer in ((survey("lacks"), "no"), (survey("notStated"), "not stated")):
            if any(value.value == dimension.iri for value in own.get(name, ())):
                said = [each for each in self.observations if dimension.iri in each.polar[name.rpartition("#")[2]]]
                return Fact(dimension, (), tuple(said[:1]), answer)
        return None

    @cached_property
    def not_stated(self) -> list[Shown]:
        """What was looked for without finding a word on it."""
        found = [self.shown(value) for value in self.knowledge.values(self.iri, survey("notStated"))]
        return sorted(found, key=lambda each: each.text.casefold())

    @cached_property
    def lacking(self) -> list[Shown]:
        """What somebody saw or said that it does not have, capabilities left out."""
        values = self.knowledge.values(self.iri, survey("lacks"))
        found = [self.shown(value) for value in values if kind_of(value.value) != "capability"]
        return sorted(found, key=lambda each: each.text.casefold())

    @cached_property
    def conflicts(self) -> list[Conflict]:
        """Dimensions on which the newest words of two sources differ that are of one time.

        A count that changed from one date to a later one grew; it is a conflict only where the dates are the same, as
        exactly as both are known. Access, license and status may lag behind by a year.
        """
        found = []
        for dimension in self.knowledge.dimensions.values():
            if dimension.keeps != "latest" or not (
                dimension.unit or dimension.scheme in {"access", "license", "status"}
            ):
                continue
            sides: dict[str, tuple[tuple[Shown, ...], Seen]] = {}
            for each in self.observations:
                if dimension.iri in each.facts and each.source not in sides:
                    texts = tuple(self.shown(value, dimension.iri, each.facts) for value in each.facts[dimension.iri])
                    sides[each.source] = (texts, each)
            if not sides:
                continue
            newest = max((each for _, each in sides.values()), key=lambda each: each.date)
            recent = [side for side in sides.values() if _at_one_time(side[1], newest, dimension)]
            if len({frozenset(text.text for text in texts) for texts, _ in recent}) > 1:
                found.append(Conflict(dimension, tuple(recent)))
        return found

    @cached_property
    def counts(self) -> dict[str, list[tuple[str, int, Seen]]]:
        """Each count that was seen at two dates or more, oldest first."""
        found = {}
        for dimension in self.knowledge.dimensions.values():
            if not dimension.unit:
                continue
            series = [
                (each.date, int(value.value), each)
                for each in reversed(self.observations)
                for value in each.facts.get(dimension.iri, ())
            ]
            if len({date for date, _, _ in series}) > 1 and len({value for _, value, _ in series}) > 1:
                found[dimension.iri] = series
        return found

    @cached_property
    def uses(self) -> list[Use]:
        """May I use it: the answers that the build worked out."""
        found = []
        for iri in self.knowledge.iris(self.iri, survey("assessment")):
            about = (self.knowledge.iris(iri, survey("assesses")) or [""])[0]
            answer = (self.knowledge.iris(iri, survey("answer")) or [""])[0].rpartition("/")[2]
            rests = tuple(self.knowledge.iris(iri, survey("restsOn")))
            reason = phrases.dated(self.knowledge.text(iri, DESCRIPTION))
            found.append(Use(self.knowledge.label(about), about, answer, reason, rests))
        order = {f"{BASE}permitted-use/{name}": place for place, name in enumerate(USES)}
        return sorted(found, key=lambda use: order.get(use.iri, len(order)))

    @cached_property
    def procedure(self) -> list[Shown]:
        """The steps to the data in their order."""
        steps = sorted(self.knowledge.steps, key=self.knowledge.steps.__getitem__)
        ordered = [self.shown(value) for step in steps for value in self.knowledge.values(self.iri, step)]
        return ordered or self.labels("accessStep")

    @cached_property
    def relations(self) -> list[Link]:
        """Other things of the survey that this one names, and those that name it; what both sides say, once."""
        found: dict[tuple[str, str, bool], Link] = {}
        for predicate, values in self.knowledge.facts.get(self.iri, {}).items():
            for value in values:
                if predicate != survey("inSurvey"):
                    self._relate(found, predicate, value.value, inverse=False)
        for predicate, subject in self.knowledge.pointers.get(self.iri, ()):
            if (INVERSES.get(predicate, ""), subject, False) not in found:
                self._relate(found, predicate, subject, inverse=True)
        return sorted(found.values(), key=lambda link: (link.inverse, link.label, link.title.casefold()))

    def _relate(self, found: dict[tuple[str, str, bool], Link], predicate: str, other: str, *, inverse: bool) -> None:
        kind = kind_of(other)
        if kind in {*SURVEYED, "organization"} and other != self.iri and self.knowledge.exists(other):
            label = self.knowledge.label(predicate)
            found.setdefault(
                (predicate, other, inverse), Link(label, other, self.knowledge.label(other), inverse, kind, predicate)
            )

    @cached_property
    def ties(self) -> list[Link]:
        """One link for each other thing, with all that is said between the two; what says little only where it is all.

        Of each relation the first comes first, so that a few ties show every way in which the thing hangs together.
        """
        between: dict[str, list[Link]] = defaultdict(list)
        for link in self.relations:
            between[link.iri].append(link)
        loose = {survey(name) for name in LOOSE}
        found: dict[str, list[Link]] = defaultdict(list)
        for links in between.values():
            telling = [link for link in links if link.predicate not in loose] or links
            first = telling[0]
            label = ", ".join(dict.fromkeys(link.label for link in telling if link.inverse == first.inverse))
            found[label].append(replace(first, label=label))
        turns = max((len(links) for links in found.values()), default=0)
        return [links[turn] for turn in range(turns) for links in found.values() if turn < len(links)]

    @cached_property
    def neighbors(self) -> list[tuple[Link, tuple[str, ...]]]:
        """Things of the same kind that share the most with this one, and what they share."""
        weight: dict[str, float] = defaultdict(float)
        shared: dict[str, list[str]] = defaultdict(list)
        for name in (
            "condition",
            "anatomy",
            "modality",
            "hostedWith",
            "capability",
            "standard",
            "softwareRole",
            "operator",
        ):
            for value in self.knowledge.iris(self.iri, survey(name)):
                others = [
                    subject
                    for predicate, subject in self.knowledge.pointers.get(value, ())
                    if predicate == survey(name) and kind_of(subject) == self.kind and subject != self.iri
                ]
                for other in others:
                    weight[other] += 1 / (2 + len(others))
                    shared[other].append(self.knowledge.label(value))
        best = sorted(weight, key=lambda iri: (-weight[iri], iri))[:5]
        return [
            (Link("", iri, self.knowledge.label(iri), kind=self.kind), tuple(dict.fromkeys(shared[iri])))
            for iri in best
        ]

    @cached_property
    def capabilities(self) -> list[tuple[str, list[tuple[Shown, str, Seen | None]]]]:
        """Groups of capabilities, each with its answer and the newest observation that tells it."""
        answers: dict[str, str] = {}
        for name, answer in CAPABILITIES.items():
            for iri in self.knowledge.iris(self.iri, name):
                if kind_of(iri) == "capability":
                    answers.setdefault(iri, answer)
        grouped: dict[str, list[tuple[Shown, str, Seen | None]]] = defaultdict(list)
        for iri, answer in answers.items():
            top = min(
                (each for each in self.knowledge.wider(iri) if not self.knowledge.concepts[each].broader),
                key=self.knowledge.label,
            )
            grouped[self.knowledge.label(top)].append((self.shown(ox.NamedNode(iri)), answer, self.said(iri, answer)))
        return [(name, sorted(grouped[name], key=lambda row: row[0].text)) for name in sorted(grouped)]

    def said(self, concept: str, answer: str) -> Seen | None:
        """The newest observation that gives this answer on a capability."""
        names = [name for name, each in CAPABILITIES.items() if each == answer]
        for each in self.observations:
            if any(value.value == concept for name in names for value in each.facts.get(name, ())):
                return each
        return None


def _at_one_time(one: Seen, other: Seen, dimension: Dimension) -> bool:
    """Whether two observations may be of the same state of a thing."""
    if dimension.unit:
        return one.date.startswith(other.date) or other.date.startswith(one.date)
    return int(other.date[:4]) - int(one.date[:4]) <= 1


def titles(knowledge: Knowledge) -> list[tuple[str, str, str]]:
    """IRI, title and kind of everything that is surveyed."""
    return [(iri, knowledge.text(iri, TITLE), kind) for kind in SURVEYED for iri in knowledge.of_kind(kind)]
