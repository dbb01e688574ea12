"""The requirement matcher: must and nice to have in, a ranked list of software with reasons out, unknowns shown.

A requirement is a capability, a license that permits everybody to run and change the program, upkeep, or a role. A
capability counts as met by a narrower one. *Not stated* is not *no*: it keeps a program in the list, behind those that
are known to fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from graph_service import phrases
from graph_service.errors import BadParameter
from graph_service.knowledge import Knowledge, path_of, survey
from graph_service.observed import Seen
from graph_service.problems import suggestion
from graph_service.terms import BASE
from graph_service.things import CAPABILITIES, Thing

WORTH = {"yes": 1.0, "component": 0.9, "partial": 0.5, "not stated": 0.2, "unknown": 0.2, "no": 0.0}
ORDER = ("yes", "component", "partial", "not stated", "unknown", "no")
OPEN_SOURCE, MAINTAINED, IN_USE = "open-source", "maintained", "in-use"
OTHERS = {
    OPEN_SOURCE: ("Open source", "Its license allows anybody to run, change and pass on the program."),
    MAINTAINED: ("Maintained", "A release or a commit within two years before the survey's date."),
    IN_USE: ("Runs a public archive", "At least one archive of the survey is known to run it."),
}
CLOSED = ("proprietary", "commercial", "source-available", "custom", "non-commercial", "mixed")


@dataclass(frozen=True)
class Reason:
    """How one program stands to one requirement, and what says so."""

    requirement: str
    label: str
    answer: str
    must: bool
    detail: str = ""
    date: str = ""
    href: str = ""


@dataclass(frozen=True)
class Candidate:
    """A program with its reasons; `rank` puts it in the list."""

    thing: Thing
    reasons: tuple[Reason, ...]

    @property
    def verdict(self) -> str:
        """`fits`, `may fit` where a must is not known or only in part, `fails` where a must is denied."""
        musts = [reason.answer for reason in self.reasons if reason.must]
        if "no" in musts:
            return "fails"
        return "fits" if all(answer in {"yes", "component"} for answer in musts) else "may fit"

    @property
    def score(self) -> float:
        return sum(WORTH[reason.answer] * (3 if reason.must else 1) for reason in self.reasons)

    @property
    def unknown(self) -> int:
        return sum(1 for reason in self.reasons if reason.answer in {"not stated", "unknown"})


@dataclass(frozen=True)
class Matcher:
    """All software of one release."""

    knowledge: Knowledge
    date: str

    @cached_property
    def software(self) -> list[Thing]:
        return [Thing(self.knowledge, iri) for iri in self.knowledge.of_kind("software")]

    @cached_property
    def requirements(self) -> dict[str, tuple[str, str]]:
        """Name, label and meaning of everything that can be required."""
        found = {each.slug: (each.label, each.definition) for each in self.knowledge.members("capability")}
        return OTHERS | found

    @cached_property
    def groups(self) -> list[tuple[str, list[tuple[str, str, str]]]]:
        """The requirements as the form shows them: in general, then capabilities by what they belong to."""
        grouped = [("In general", [(name, *words) for name, words in OTHERS.items()])]
        shown: set[str] = set()
        tops = [each for each in self.knowledge.members("capability") if not each.broader]
        for top in tops:
            members = [self.knowledge.concepts[iri] for iri in self.knowledge.below(top.iri) if iri not in shown]
            shown.update(each.iri for each in members)
            members.sort(key=lambda each: (each.iri != top.iri, each.label.casefold()))
            grouped.append((top.label, [(each.slug, each.label, each.definition) for each in members]))
        return grouped

    def known(self, names: Sequence[str]) -> list[str]:
        """The names, each once; raises `BadParameter` for one that nobody can require."""
        for name in names:
            if name not in self.requirements:
                raise BadParameter(
                    f"`{name}` is no requirement.{suggestion(name, self.requirements)}", parameter="must"
                )
        return list(dict.fromkeys(names))

    def match(self, must: Sequence[str], nice: Sequence[str], role: str = "") -> list[Candidate]:
        """All programs, those that fit first, each with a reason for every requirement."""
        wanted = [(name, True) for name in self.known(must)] + [
            (name, False) for name in self.known(nice) if name not in must
        ]
        roles = self.knowledge.below(f"{BASE}software-role/{role}") if role else set()
        found = [
            Candidate(thing, tuple(self.reason(thing, name, must=is_must) for name, is_must in wanted))
            for thing in self.software
            if not roles or roles & set(self.knowledge.iris(thing.iri, survey("softwareRole")))
        ]
        order = {"fits": 0, "may fit": 1, "fails": 2}
        return sorted(
            found,
            key=lambda each: (
                order[each.verdict],
                -each.score,
                each.unknown,
                -len(self.users(each.thing)),
                -self._year(each.thing),
                each.thing.title.casefold(),
            ),
        )

    def _year(self, thing: Thing) -> int:
        """The year of the newest sign of life in the program's making; 0 without any."""
        dates = [self.knowledge.text(thing.iri, survey(name)) for name in ("latestReleaseDate", "lastCommit")]
        return max((int(date[:4]) for date in dates if date), default=0)

    def reason(self, thing: Thing, name: str, *, must: bool) -> Reason:
        label = self.requirements[name][0]
        if name in OTHERS:
            answer, detail, seen = {OPEN_SOURCE: self._open, MAINTAINED: self._maintained, IN_USE: self._in_use}[name](
                thing
            )
        else:
            answer, detail, seen = self._able(thing, f"{BASE}capability/{name}")
        return Reason(
            name,
            label,
            answer,
            must,
            detail,
            seen.date if seen else "",
            f"{path_of(thing.iri)}#{seen.anchor}" if seen else path_of(thing.iri),
        )

    def _able(self, thing: Thing, concept: str) -> tuple[str, str, Seen | None]:
        """The best answer on a capability or one of the narrower ones."""
        best, which = "unknown", concept
        below = self.knowledge.below(concept)
        for name, answer in CAPABILITIES.items():
            for iri in self.knowledge.iris(thing.iri, name):
                counts = iri in below and (
                    answer not in {"no", "not stated"} or iri == concept or self._all_denied(thing, below - {concept})
                )
                if counts and (best == "unknown" or ORDER.index(answer) < ORDER.index(best)):
                    best, which = answer, iri
        detail = "" if which == concept else self.knowledge.label(which)
        return best, detail, None if best == "unknown" else thing.said(which, best)

    def _all_denied(self, thing: Thing, narrower: set[str]) -> bool:
        """Whether every narrower capability is denied or not stated."""
        denied = {
            *self.knowledge.iris(thing.iri, survey("lacks")),
            *self.knowledge.iris(thing.iri, survey("notStated")),
        }
        return bool(narrower) and narrower <= denied

    def _open(self, thing: Thing) -> tuple[str, str, Seen | None]:
        licenses = self.knowledge.iris(thing.iri, survey("license"))
        if not licenses:
            return "unknown", "", None
        seen = next((each for each in thing.observations if survey("license") in each.facts), None)
        names = ", ".join(self.knowledge.label(iri) for iri in licenses)
        free = [iri for iri in licenses if self._permits(iri)]
        closed = [iri for iri in licenses if any(word in iri for word in CLOSED)]
        return (
            ("yes" if len(free) == len(licenses) else "partial" if free else "no" if closed else "unknown"),
            names,
            seen,
        )

    def _permits(self, license_: str) -> bool:
        needed = {f"{BASE}permitted-use/{name}" for name in ("commercial-use", "derivatives", "redistribution")}
        permitted = {
            use for iri in self.knowledge.wider(license_) for use in self.knowledge.iris(iri, survey("permits"))
        }
        return needed <= permitted

    def _maintained(self, thing: Thing) -> tuple[str, str, Seen | None]:
        dates = {self.knowledge.text(thing.iri, survey(name)): name for name in ("latestReleaseDate", "lastCommit")}
        dates.pop("", None)
        if not dates:
            return "unknown", "", None
        newest = max(dates)
        word = survey(dates[newest])
        seen = next((each for each in thing.observations if word in each.facts), None)
        limit = f"{int(self.date[:4]) - 2}{self.date[4:]}"[: len(newest)]
        detail = f"{self.knowledge.label(word)}: {phrases.date(newest)}"
        return "yes" if newest >= limit else "no", detail, seen

    def _in_use(self, thing: Thing) -> tuple[str, str, Seen | None]:
        users = self.users(thing)
        return ("yes", ", ".join(title for title, _ in users[:3]), None) if users else ("unknown", "", None)

    def users(self, thing: Thing) -> list[tuple[str, str]]:
        """The archives that are known to run a program: title and page."""
        pointing = self.knowledge.pointers.get(thing.iri, ())
        found = {
            subject
            for predicate, subject in pointing
            if predicate == survey("hostedWith") and subject in self._archives
        }
        return sorted((self.knowledge.label(iri), path_of(iri)) for iri in found)

    @cached_property
    def _archives(self) -> set[str]:
        return {*self.knowledge.of_kind("archive"), *self.knowledge.of_kind("collection")}
