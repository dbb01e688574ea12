"""Facts that follow from the observations: what is known of each thing now.

The rule, in order (design: docs in `records/README.md`):

1. An observation is dated by `survey:asOf`, or by `survey:consulted` where the source shows no date. Dates compare as
   text.
2. A dimension that keeps `latest` takes the values of its newest observation; several of one date are joined. A lower
   bound (*more than*, *at least*) from a source without a date wins over no dated number that it agrees with.
3. A second-hand observation never wins over a first-hand one of the same age or newer; without `asOf` its age is
   not known, so it wins over no first-hand one at all.
4. A dimension that keeps `all` (names, identifiers, relations) takes every value ever observed.
5. Capabilities, permissions and *lacks* are decided value by value: the newest of *has*, *has in part*, *through a
   component* and *lacks*; a newer fact of any dimension with that value ends an older *lacks*.
6. *Looked for and not stated* is repeated only where no observation states anything.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph_service.terms import BASE, GRAPH, ONTOLOGY, str_of

SURVEY = ONTOLOGY
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
SUB_PROPERTY = "http://www.w3.org/2000/01/rdf-schema#subPropertyOf"
LACKS, NOT_STATED = f"{SURVEY}lacks", f"{SURVEY}notStated"
QUALIFIERS = tuple(f"{SURVEY}{name}" for name in ("approximately", "moreThan", "atLeast", "atMost"))
LOWER = tuple(f"{SURVEY}{name}" for name in ("moreThan", "atLeast"))
_NUMBER = re.compile(r"\d+(\.\d+)?").fullmatch
OPPOSED = (
    tuple(f"{SURVEY}{name}" for name in ("capability", "partialCapability", "capabilityThroughComponent", "lacks")),
    tuple(f"{SURVEY}{name}" for name in ("permits", "forbids")),
    (f"{SURVEY}requires",),
)
"""Properties of which only the newest holds for one and the same value."""

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


@dataclass
class Observation:
    """What one source said at one time: `facts` maps a property's IRI to its values."""

    name: ox.NamedNode
    facts: dict[str, list[Term]] = field(default_factory=lambda: defaultdict(list))

    def first(self, name: str) -> str:
        values = self.facts.get(f"{SURVEY}{name}")
        return values[0].value if values and not isinstance(values[0], ox.Triple) else ""

    @property
    def as_of(self) -> str:
        return self.first("asOf")

    @property
    def date(self) -> str:
        return self.as_of or self.first("consulted")

    @property
    def second_hand(self) -> bool:
        return self.first("certainty") == f"{BASE}certainty/second-hand"


def newest(observations: list[Observation]) -> list[Observation]:
    """The observations that win by rules 1 to 3: one, or several of the same date."""
    first_hand = [seen for seen in observations if not seen.second_hand]
    best = max((seen.date for seen in first_hand), default="")
    second_hand = [
        seen
        for seen in observations
        if seen.second_hand and (not first_hand or seen.as_of[: len(best)] > best[: len(seen.as_of)])
    ]
    if second_hand:
        latest = max(seen.date for seen in second_hand)
        return [seen for seen in second_hand if seen.date == latest]
    return [seen for seen in first_hand if seen.date == best]


def informative(name: str, observations: list[Observation]) -> list[Observation]:
    """The observations of a dimension without the undated lower bounds that a dated first-hand number meets."""

    def number(seen: Observation) -> float | None:
        values = [
            float(each.value)
            for each in seen.facts.get(name, ())
            if isinstance(each, ox.Literal) and _NUMBER(each.value)
        ]
        return max(values, default=None)

    dated = [
        value for seen in observations if seen.as_of and not seen.second_hand and (value := number(seen)) is not None
    ]

    def is_vague(seen: Observation) -> bool:
        bounds = [value for each in LOWER for value in seen.facts.get(each, ())]
        if seen.as_of or ox.NamedNode(name) not in bounds or not dated:
            return False
        value = number(seen)
        return value is not None and value <= max(dated)

    return [seen for seen in observations if not is_vague(seen)]


def latest_facts(quads: Iterable[ox.Quad]) -> Iterator[ox.Triple]:
    """The facts that the build says of each thing itself, from all quads of the records and the ontology."""
    keeps: dict[str, str] = {}
    steps: set[str] = set()
    things: dict[ox.NamedNode, list[Observation]] = defaultdict(list)
    observations: dict[ox.NamedNode, Observation] = {}
    links: list[tuple[ox.NamedNode, ox.NamedNode]] = []
    for quad in quads:
        subject, predicate, value = quad.subject, quad.predicate.value, quad.object
        if not isinstance(subject, ox.NamedNode):
            continue
        if predicate == f"{SURVEY}keeps" and isinstance(value, ox.Literal):
            keeps[subject.value] = value.value
        elif predicate == SUB_PROPERTY and value == ox.NamedNode(f"{SURVEY}accessStep"):
            steps.add(subject.value)
        elif predicate == f"{SURVEY}observation" and isinstance(value, ox.NamedNode):
            links.append((subject, value))
        elif subject.value.startswith(f"{BASE}observation/"):
            observations.setdefault(subject, Observation(subject)).facts[predicate].append(value)
    for thing, name in links:
        if name in observations:
            things[thing].append(observations[name])
            yield ox.Triple(name, ox.NamedNode(f"{SURVEY}about"), thing)
            yield ox.Triple(name, ox.NamedNode(f"{SURVEY}dated"), ox.Literal(observations[name].date))
    days = {value for seen in observations.values() for value in seen.facts.get(f"{SURVEY}consulted", ())}
    if days:  # the newest day on which a source was read is the survey's own today: nothing here reads a clock
        newest_day = max(days, key=str_of)
        yield ox.Triple(ox.NamedNode(f"{GRAPH}derived"), ox.NamedNode(f"{SURVEY}lastSeen"), newest_day)
    opposed = {name for group in OPPOSED for name in group}
    single = {name for name, kept in keeps.items() if kept == "latest"} - opposed - steps - {f"{SURVEY}accessStep"}
    every = {name for name, kept in keeps.items() if kept == "all"}
    for thing in sorted(things, key=lambda node: node.value):
        said = Said(thing, things[thing])
        yield from said.all_of(every)
        yield from said.latest_of(single)
        yield from said.procedure(steps | {f"{SURVEY}accessStep"})
        for group in OPPOSED:
            yield from said.value_by_value(group, keeps if LACKS in group else ())
        yield from said.lacking(keeps.keys() - single)
        yield from said.open_questions()
        yield from said.last_seen()


@dataclass
class Said:
    """All observations of one thing, and what follows from them."""

    thing: ox.NamedNode
    observations: list[Observation]
    stated: set[Term] = field(default_factory=set)

    def _say(self, predicate: str, value: Term) -> ox.Triple:
        return ox.Triple(self.thing, ox.NamedNode(predicate), value)

    def all_of(self, properties: set[str]) -> Iterator[ox.Triple]:
        for seen in self.observations:
            for name in properties & seen.facts.keys():
                self.stated.add(ox.NamedNode(name))
                self.stated.update(seen.facts[name])
                for value in seen.facts[name]:
                    if value != self.thing:
                        yield self._say(name, value)

    def latest_of(self, properties: set[str]) -> Iterator[ox.Triple]:
        stating: dict[str, list[Observation]] = defaultdict(list)
        for seen in self.observations:
            lacked = {value.value for value in seen.facts.get(LACKS, ()) if isinstance(value, ox.NamedNode)}
            for name in properties & (seen.facts.keys() | lacked):
                stating[name].append(seen)
        for name in sorted(stating):
            self.stated.add(ox.NamedNode(name))
            for seen in newest(informative(name, stating[name])):
                self.stated.update(seen.facts.get(name, ()))
                if name not in seen.facts:
                    yield self._say(LACKS, ox.NamedNode(name))
                for value in seen.facts.get(name, ()):
                    yield self._say(name, value)
                for qualifier in QUALIFIERS:
                    if ox.NamedNode(name) in seen.facts.get(qualifier, ()):
                        yield self._say(qualifier, ox.NamedNode(name))

    def procedure(self, steps: set[str]) -> Iterator[ox.Triple]:
        """The steps of the newest procedure, numbered as there, and each as a plain `survey:accessStep` too."""
        stating = [seen for seen in self.observations if steps & seen.facts.keys()]
        for seen in newest(stating) if stating else ():
            self.stated.add(ox.NamedNode(f"{SURVEY}accessStep"))
            for name in sorted(steps & seen.facts.keys()):
                for value in seen.facts[name]:
                    yield self._say(name, value)
                    yield self._say(f"{SURVEY}accessStep", value)

    def value_by_value(self, group: tuple[str, ...], dimensions: Iterable[str]) -> Iterator[ox.Triple]:
        """What is newest of each value; a newer fact of any dimension ends an older *lacks* of its value."""
        told = {
            value
            for seen in self.observations
            for name in group
            for value in seen.facts.get(name, ())
            if not (isinstance(value, ox.NamedNode) and value.value.startswith(ONTOLOGY))
        }
        stated = {name for seen in self.observations for name in group if name in seen.facts}
        self.stated.update(ox.NamedNode(name) for name in stated if name != LACKS)
        saying = {*group, *dimensions}
        for value in sorted(told, key=str):
            self.stated.add(value)
            stating = [
                seen
                for seen in self.observations
                if any(value in seen.facts[name] for name in saying & seen.facts.keys())
            ]
            for seen in newest(stating):
                for name in group:
                    if value in seen.facts.get(name, ()):
                        yield self._say(name, value)

    def lacking(self, properties: set[str]) -> Iterator[ox.Triple]:
        """The dimensions that the thing is said to lack as a whole, where no observation states a value of them."""
        for seen in self.observations:
            for value in seen.facts.get(LACKS, ()):
                if isinstance(value, ox.NamedNode) and value.value in properties and value not in self.stated:
                    yield self._say(LACKS, value)

    def open_questions(self) -> Iterator[ox.Triple]:
        lacked = {value for seen in self.observations for value in seen.facts.get(LACKS, ())}
        self.stated |= lacked
        for seen in self.observations:
            for value in seen.facts.get(NOT_STATED, ()):
                if value not in self.stated:
                    yield self._say(NOT_STATED, value)

    def last_seen(self) -> Iterator[ox.Triple]:
        """The newest date at which anything was so, typed as it was written."""
        dates = [
            value
            for seen in self.observations
            for value in seen.facts.get(f"{SURVEY}asOf", seen.facts.get(f"{SURVEY}consulted", ()))
            if isinstance(value, ox.Literal)
        ]
        if dates:
            yield self._say(f"{SURVEY}lastSeen", max(dates, key=lambda date: date.value))
