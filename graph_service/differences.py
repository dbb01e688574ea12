"""What changed from one release to another, thing by thing: in words, as JSON and as RDF.

An observation belongs to the thing that it is about, so that a new visit shows as a change of the thing. What the build
derives is told as what is known of the thing now; statements that only moved between files are no change.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from graph_service import release
from graph_service.errors import NotFound
from graph_service.knowledge import Knowledge, kind_of, survey
from graph_service.problems import suggestion
from graph_service.release import Release
from graph_service.terms import BASE, FOREIGN, KINDS, SCHEMES, shorten
from graph_service.triples import Triples, serialize, text

OBSERVATION, ABOUT = survey("observation"), survey("about")
SOURCE, CERTAINTY = f"{FOREIGN['dcterms']}source", survey("certainty")
DEPRECATED, REPLACED_BY = f"{FOREIGN['owl']}deprecated", f"{FOREIGN['dcterms']}isReplacedBy"
FORMS = ("words", "json", "ttl", "trig", "nq")
ORDER = [*KINDS, "ontology", "vocabulary", *SCHEMES]

Statement = ox.Triple


@dataclass(frozen=True)
class Side:
    """One of the two releases."""

    version: str
    known: Knowledge
    triples: frozenset[Statement]

    @classmethod
    def of(cls, version: str, quads: Iterable[ox.Quad]) -> Side:
        said = list(quads)
        return cls(
            version,
            Knowledge.of(said),
            frozenset(ox.Triple(each.subject, each.predicate, each.object) for each in said),
        )

    def thing(self, subject: str) -> str:
        """The thing that a statement tells of: what an observation is about, else the subject itself."""
        return next(iter(self.known.iris(subject, ABOUT)), subject)


@dataclass(frozen=True)
class Change:
    """What became of one thing: `added`, `removed`, `changed` or `retired`, with its statements and the same in words."""

    iri: str
    label: str
    change: str
    added: tuple[Statement, ...]
    removed: tuple[Statement, ...]
    words: tuple[str, ...]

    @property
    def kind(self) -> str:
        return kind_of(self.iri)


@dataclass(frozen=True)
class Difference:
    """The way from `old` to `new`."""

    old: Side
    new: Side

    @property
    def iri(self) -> str:
        return f"{BASE}release/{self.old.version}..{self.new.version}"

    @cached_property
    def added(self) -> frozenset[Statement]:
        return self.new.triples - self.old.triples

    @cached_property
    def removed(self) -> frozenset[Statement]:
        return self.old.triples - self.new.triples

    @cached_property
    def changes(self) -> list[Change]:
        """Every thing that changed, by kind and name."""
        plus: dict[str, list[Statement]] = defaultdict(list)
        minus: dict[str, list[Statement]] = defaultdict(list)
        for side, statements, found in ((self.new, self.added, plus), (self.old, self.removed, minus)):
            for each in statements:
                if isinstance(each.subject, ox.NamedNode):
                    found[side.thing(each.subject.value)].append(each)
        changes = [
            self._change(iri, _sorted(plus.get(iri, ())), _sorted(minus.get(iri, ()))) for iri in {*plus, *minus}
        ]
        place = {kind: number for number, kind in enumerate(ORDER)}
        return sorted(changes, key=lambda each: (place.get(each.kind, len(place)), each.label.casefold(), each.iri))

    def _change(self, iri: str, added: tuple[Statement, ...], removed: tuple[Statement, ...]) -> Change:
        before, after = self.old.known.exists(iri), self.new.known.exists(iri)
        change = "changed" if before and after else "added" if after else "removed"
        if any(each.subject == ox.NamedNode(iri) and each.predicate.value == DEPRECATED for each in added):
            change = "retired"
        told_by = self.old if before and change in {"retired", "removed"} else self.new
        label = told_by.known.label(iri)
        return Change(iri, label, change, added, removed, tuple(self._words(iri, change, added, removed)))

    def _words(
        self, iri: str, change: str, added: tuple[Statement, ...], removed: tuple[Statement, ...]
    ) -> Iterator[str]:
        if change == "removed":
            yield "is no longer described."
            return
        if change == "added":
            count = len({each.subject for each in added} - {ox.NamedNode(iri)})
            yield "is new" + (f", with {count} observation{'s' if count != 1 else ''}." if count else ".")
            return
        if change == "retired":
            see = [self.new.known.label(each) for each in self.new.known.iris(iri, REPLACED_BY)]
            why = self.new.known.text(iri, f"{FOREIGN['dcterms']}description")
            yield f"was retired{f'; see {_list(see)}' if see else ''}. {why}".strip()
            return
        yield from self._properties(iri, added, removed)
        yield from self._observations(iri, added, removed)

    def _properties(self, iri: str, added: tuple[Statement, ...], removed: tuple[Statement, ...]) -> Iterator[str]:
        values: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for place, side, statements in ((0, self.old, removed), (1, self.new, added)):
            for each in statements:
                if each.subject == ox.NamedNode(iri) and each.predicate.value not in {OBSERVATION, ABOUT}:
                    values[each.predicate.value][place].append(_value(side.known, each.object))
        for predicate, (before, after) in sorted(values.items()):
            known = self.new.known
            name = known.label(predicate) if known.exists(predicate) else _words_of(predicate)
            if before and after:
                yield f"{name}: {_list(after)}, was {_list(before)}."
            elif after:
                yield f"{name}: now also {_list(after)}."
            else:
                yield f"{name}: no longer {_list(before)}."

    def _observations(self, iri: str, added: tuple[Statement, ...], removed: tuple[Statement, ...]) -> Iterator[str]:
        for name in sorted({each.subject.value for each in (*added, *removed)} - {iri}):  # type: ignore[union-attr]
            short = name.rpartition("/")[2]
            if not self.old.known.exists(name):
                source = next((self.new.known.label(each) for each in self.new.known.iris(name, SOURCE)), "")
                date = self.new.known.text(name, survey("asOf")) or self.new.known.text(name, survey("consulted"))
                facts = sum(
                    each.subject == ox.NamedNode(name) and each.predicate.value in self.new.known.dimensions
                    for each in added
                )
                ending = "s" if facts != 1 else ""
                yield f"new observation of {date} from {source or 'a source'}, with {facts} fact{ending}."
            elif not self.new.known.exists(name):
                yield f"observation {short} is no longer there."
            else:
                plus = sum(each.subject == ox.NamedNode(name) for each in added)
                minus = sum(each.subject == ox.NamedNode(name) for each in removed)
                yield f"observation {short} was corrected: {plus} statement(s) added, {minus} removed."

    @property
    def summary(self) -> dict[str, Any]:
        """The numbers of the difference."""
        per_change: dict[str, int] = {"added": 0, "removed": 0, "changed": 0, "retired": 0}
        for each in self.changes:
            per_change[each.change] += 1
        return {"things": per_change, "triples": {"added": len(self.added), "removed": len(self.removed)}}

    def text(self) -> str:
        """In words, as Markdown."""
        numbers = self.summary
        things, triples = numbers["things"], numbers["triples"]
        lines = [
            f"# From {self.old.version} to {self.new.version}",
            "",
            (
                f"{things['added']} new, {things['changed']} changed, {things['retired']} retired, "
                f"{things['removed']} gone; "
                f"{triples['added']} statements added, {triples['removed']} removed."
            ),
        ]
        for each in self.changes:
            lines += ["", f"## {each.label} ({shorten(each.iri)})", "", *(f"- {words}" for words in each.words)]
        return "\n".join(lines) + "\n"

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "from": self.old.version,
            "to": self.new.version,
            **self.summary,
            "changes": [
                {
                    "iri": each.iri,
                    "label": each.label,
                    "change": each.change,
                    "words": list(each.words),
                    "added": [str(statement) for statement in each.added],
                    "removed": [str(statement) for statement in each.removed],
                }
                for each in self.changes
            ],
        }

    def described(self) -> Triples:
        """As RDF: one node for each thing that changed, with the change in words."""
        made = Triples()
        made.say(self.iri, "rdf:type", "prov:Activity")
        made.say(self.iri, "rdfs:label", text(f"From {self.old.version} to {self.new.version}"))
        made.say(self.iri, "prov:used", f"{BASE}release/{self.old.version}")
        made.say(self.iri, "prov:generated", f"{BASE}release/{self.new.version}")
        made.say(f"{BASE}release/{self.new.version}", "prov:wasRevisionOf", f"{BASE}release/{self.old.version}")
        for each in self.changes:
            this = f"{self.iri}#{each.iri.removeprefix(BASE).replace('#', '/')}"
            made.say(self.iri, "dcterms:hasPart", this)
            made.say(this, "rdf:type", "prov:Entity")
            made.say(this, "rdfs:label", text(f"{each.label}: {each.change}"))
            made.say(this, "prov:specializationOf", each.iri)
            for words in each.words:
                made.say(this, "rdfs:comment", text(words))
        return made

    def quads(self) -> list[ox.Quad]:
        """As RDF, with the statements that went and those that came in two named graphs, which are a patch."""
        found = self.described().quads(self.iri)
        for name, statements in (("removed", self.removed), ("added", self.added)):
            graph = ox.NamedNode(f"{self.iri}#{name}")
            found += [ox.Quad(each.subject, each.predicate, each.object, graph) for each in _sorted(statements)]
        return found

    def write(self, form: str) -> bytes:
        """In one of `FORMS`."""
        if form == "json":
            return (json.dumps(self.document(), indent=1, ensure_ascii=False) + "\n").encode()
        if form == "ttl":
            return self.described().turtle()
        if form in {"trig", "nq"}:
            return serialize(self.quads(), ox.RdfFormat.TRIG if form == "trig" else ox.RdfFormat.N_QUADS)
        return self.text().encode()


def between(old: str, new: str, releases: Path) -> Difference:
    """The difference of two releases, each named by its folder, its version or `current`; raises `NotFound`."""
    return Difference(*(Side.of(each.version, each.quads()) for each in (find(old, releases), find(new, releases))))


def find(name: str, releases: Path) -> Release:
    """The release of a name: a folder, `current`, or a version in the folder of releases."""
    for folder in (Path(name), releases / name):
        if (folder / "manifest.json").is_file():
            return Release(folder.resolve())
    versions = {each.version: each for each in release.kept(releases)}
    if name in versions:
        return versions[name]
    known = ", ".join(versions) or "none"
    raise NotFound(
        f"there is no release `{name}`: it is no folder of one, and {releases}/ has {known}."
        f"{suggestion(name, versions)}"
    )


def _sorted(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(sorted(statements, key=lambda each: (str(each.subject), str(each.predicate), str(each.object))))


def _value(known: Knowledge, value: Any) -> str:
    if isinstance(value, ox.NamedNode):
        return known.label(value.value) if known.exists(value.value) else value.value
    return str(value.value)


def _words_of(predicate: str) -> str:
    """The name of a property of others as words: `is replaced by` for `dcterms:isReplacedBy`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.split(r"[#/:]", predicate)[-1]).lower()


def _list(values: list[str]) -> str:
    shown = sorted(each.removesuffix(".") for each in values)
    return ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "")
