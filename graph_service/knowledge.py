"""The merged survey as dictionaries, for what reads many small things at once: pages, finder, comparison.

Built once per release; nothing in it changes afterwards. IRIs are plain strings, literals keep their type.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import pyoxigraph as ox

from graph_service.terms import BASE, KINDS, ONTOLOGY, PREFIXES, SCHEMES, shorten

DCTERMS, FOAF, RDFS, SCHEMA, SKOS = (PREFIXES[name] for name in ("dcterms", "foaf", "rdfs", "schema", "skos"))
TYPE = f"{PREFIXES['rdf']}type"
TITLE, DESCRIPTION, SOURCE = f"{DCTERMS}title", f"{DCTERMS}description", f"{DCTERMS}source"
HOMEPAGE, NOTE, BROADER = f"{FOAF}homepage", f"{SKOS}note", f"{SKOS}broader"
OBSERVATION = f"{BASE}observation/"
MATCHES = {f"{SKOS}{name}": name for name in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")}
SURVEYED = ("archive", "collection", "software")
"""The kinds of thing that are observed and compared."""

Value = ox.NamedNode | ox.Literal


def survey(name: str) -> str:
    """The IRI of a word of the ontology."""
    return f"{ONTOLOGY}{name}"


def path_of(iri: str) -> str:
    """The address of the page of something of ours; anything else is its own address."""
    if iri.startswith(BASE):
        return "/" + iri[len(BASE) :]
    return iri


def kind_of(iri: str) -> str:
    """The folder of a thing or vocabulary of a concept: `archive` of `…/archive/tcia`; empty for what is not ours."""
    return iri[len(BASE) :].partition("/")[0].partition("#")[0] if iri.startswith(BASE) else ""


@dataclass(frozen=True)
class Concept:
    """A controlled value with its names and its place in its vocabulary."""

    iri: str
    scheme: str
    label: str
    definition: str = ""
    alternatives: tuple[str, ...] = ()
    notations: tuple[str, ...] = ()
    broader: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        return self.iri.rpartition("/")[2]


@dataclass(frozen=True)
class Dimension:
    """A property by which things are compared; `place` is its place in the ontology."""

    iri: str
    label: str
    definition: str
    section: str
    keeps: str
    place: int
    scheme: str = ""
    unit: str = ""
    part: str = ""

    @property
    def name(self) -> str:
        return shorten(self.iri).removeprefix("survey:")


@dataclass
class Knowledge:
    """Everything that the survey says: `facts` by subject and property, `pointers` by object."""

    facts: dict[str, dict[str, list[Value]]] = field(default_factory=dict)
    pointers: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    order: tuple[str, ...] = ()
    """The words of the ontology in the order of its file, which a merged graph has lost."""

    _labels: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, quads: Iterable[ox.Quad], order: Iterable[str] = ()) -> Knowledge:
        found = cls(order=tuple(order))
        seen: set[tuple[object, object, object]] = set()
        for quad in quads:
            subject, value = quad.subject, quad.object
            triple = (subject, quad.predicate, value)
            if not isinstance(subject, ox.NamedNode) or not isinstance(value, Value) or triple in seen:
                continue
            seen.add(triple)
            predicate = quad.predicate.value
            found.facts.setdefault(subject.value, {}).setdefault(predicate, []).append(value)
            if isinstance(value, ox.NamedNode):
                found.pointers[value.value].append((predicate, subject.value))
        return found

    def values(self, subject: str, predicate: str) -> list[Value]:
        return self.facts.get(subject, {}).get(predicate, [])

    def iris(self, subject: str, predicate: str) -> list[str]:
        return [value.value for value in self.values(subject, predicate) if isinstance(value, ox.NamedNode)]

    def text(self, subject: str, predicate: str) -> str:
        """The first value, the English one where there is a choice; empty without any."""
        values = self.values(subject, predicate)
        english = [value for value in values if not isinstance(value, ox.Literal) or value.language in (None, "en")]
        return (english or values)[0].value if values else ""

    def texts(self, subject: str, predicate: str) -> tuple[str, ...]:
        return tuple(value.value for value in self.values(subject, predicate) if isinstance(value, ox.Literal))

    def label(self, iri: str) -> str:
        """What people call something: title of a thing, label of a word, else its prefixed name."""
        found = self._labels.get(iri)
        if found is None:
            found = self._labels[iri] = self._label(iri)
        return found

    def _label(self, iri: str) -> str:
        if iri in self.concepts:
            return self.concepts[iri].label
        facts = self.facts.get(iri, {})
        for name in (TITLE, f"{SKOS}prefLabel", f"{RDFS}label"):
            if name in facts:
                return self.text(iri, name)
        return shorten(iri).strip("<>")

    def definition(self, iri: str) -> str:
        """The one sentence that says what something is."""
        return self.text(iri, f"{SKOS}definition") or self.text(iri, DESCRIPTION)

    def of_kind(self, kind: str) -> list[str]:
        """The things of a kind, by title."""
        return self._things.get(kind, [])

    @cached_property
    def observations(self) -> int:
        """How many observations there are."""
        return sum(1 for predicate, _ in self.pointers[survey("Observation")] if predicate == TYPE)

    @cached_property
    def uses(self) -> Counter[str]:
        """How often each word is used: a property as such, a class by its members; the words about words left out."""
        found: Counter[str] = Counter()
        for subject, facts in self.facts.items():
            if subject.startswith(BASE) and not subject.startswith(ONTOLOGY):
                for predicate, values in facts.items():
                    found[predicate] += len(values)
                found.update(value.value for value in facts.get(TYPE, ()))
        return found

    def exists(self, iri: str) -> bool:
        return iri in self.facts

    @cached_property
    def _things(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for kind, name in KINDS.items():
            members = {subject for predicate, subject in self.pointers[survey(name)] if predicate == TYPE}
            found[kind] = sorted(members, key=lambda iri: self.label(iri).casefold())
        return found

    @cached_property
    def concepts(self) -> dict[str, Concept]:
        """Every concept of every vocabulary."""
        return {
            iri: Concept(
                iri,
                kind_of(iri),
                self.text(iri, f"{SKOS}prefLabel"),
                self.text(iri, f"{SKOS}definition"),
                self.texts(iri, f"{SKOS}altLabel"),
                self.texts(iri, f"{SKOS}notation"),
                tuple(self.iris(iri, BROADER)),
            )
            for predicate, iri in self.pointers[f"{SKOS}Concept"]
            if predicate == TYPE and kind_of(iri) in SCHEMES
        }

    @cached_property
    def narrower(self) -> dict[str, tuple[str, ...]]:
        """The directly narrower concepts of each concept, by label."""
        found: dict[str, list[str]] = defaultdict(list)
        for concept in self.concepts.values():
            for wider in concept.broader:
                found[wider].append(concept.iri)
        return {wider: tuple(sorted(members, key=self.label)) for wider, members in found.items()}

    def wider(self, concept: str) -> set[str]:
        """The concept itself and all broader ones."""
        return set(self._walk(concept, lambda iri: self.concepts[iri].broader if iri in self.concepts else ()))

    def below(self, concept: str) -> set[str]:
        """The concept itself and all narrower ones."""
        return set(self._walk(concept, lambda iri: self.narrower.get(iri, ())))

    @staticmethod
    def _walk(start: str, step: Callable[[str], Iterable[str]]) -> Iterator[str]:
        seen, waiting = {start}, [start]
        while waiting:
            iri = waiting.pop()
            yield iri
            for each in step(iri):
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)

    def members(self, scheme: str) -> list[Concept]:
        """The concepts of a vocabulary, by label."""
        return sorted(
            (each for each in self.concepts.values() if each.scheme == scheme), key=lambda each: each.label.casefold()
        )

    @cached_property
    def dimensions(self) -> dict[str, Dimension]:
        """The dimensions in the order of the ontology."""
        keeps = survey("keeps")
        words = [iri for iri, facts in self.facts.items() if keeps in facts]
        order = {name: place for place, name in enumerate(self.order)}
        found = [
            Dimension(
                iri,
                self.text(iri, f"{RDFS}label"),
                self.text(iri, f"{SKOS}definition"),
                self.text(iri, survey("section")),
                self.text(iri, keeps),
                order.get(iri, len(order)),
                self.text(iri, survey("scheme")).rpartition("/")[2],
                self.text(iri, survey("unit")),
                self.text(iri, survey("part")),
            )
            for iri in words
        ]
        return {each.iri: each for each in sorted(found, key=lambda each: (each.place, each.iri))}

    @cached_property
    def sections(self) -> list[str]:
        """The sections of dimensions in the order of the ontology."""
        return list(dict.fromkeys(each.section for each in self.dimensions.values()))

    @cached_property
    def steps(self) -> dict[str, int]:
        """The numbered steps of a procedure with their positions."""
        position = survey("position")
        return {iri: int(self.text(iri, position)) for iri, facts in self.facts.items() if position in facts}


def words_in_order(ontology: str) -> tuple[str, ...]:
    """The subjects of the ontology's text in their order."""
    return tuple(dict.fromkeys(str(triple.subject.value) for triple in ox.parse(ontology, format=ox.RdfFormat.TURTLE)))
