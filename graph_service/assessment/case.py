"""One archive or collection as it was observed, and the words in which an answer is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph_service.derived import LACKS, SURVEY, Observation, newest
from graph_service.terms import BASE


@dataclass(frozen=True)
class Verdict:
    """An answer (`yes`, `no`, `conditional`, `unknown`), the reason in a sentence, and what decided it."""

    answer: str
    reason: str
    rests_on: tuple[Observation, ...] = ()


@dataclass
class Words:
    """What the vocabularies say of concepts, which are named without the base: `license/cc0-1.0`.

    `terms` maps a license to what it says of each use: `yes` where it permits or requires it, `no` where it forbids it.
    """

    labels: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    broader: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    terms: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def wider(self, concept: str) -> list[str]:
        """The concept and all that are wider, nearest first."""
        found = [concept]
        for each in found:
            found += [above for above in self.broader.get(each, ()) if above not in found]
        return found

    def listed(self, concepts: Iterable[str]) -> str:
        """The concepts as a phrase: licenses by their code or name, steps in their usual order, in small letters."""
        ordered = sorted(concepts, key=lambda each: (self._place(each), self._name(each)))
        names = [self._name(each) for each in ordered]
        return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)

    def _place(self, concept: str) -> str:
        return self.codes.get(concept, "") if concept.startswith("access-step/") else ""

    def _name(self, concept: str) -> str:
        label, code = self.labels.get(concept, concept), self.codes.get(concept, "LicenseRef")
        if not concept.startswith("license/"):
            return label.lower()
        return f"“{label}”" if code.startswith("LicenseRef") else code


@dataclass(frozen=True)
class Case:
    """Everything that was observed of one thing."""

    seen: list[Observation]
    words: Words

    def latest(self, *names: str) -> list[Observation]:
        """The observations that state one of these properties of the survey now, or say that the thing lacks it."""
        wanted = {SURVEY + name for name in names}
        return newest([seen for seen in self.seen if wanted & (seen.facts.keys() | _nodes(seen, LACKS))])


def values(seen: Observation | Iterable[Observation], *names: str) -> set[str]:
    """What one or several observations state with these properties of the survey, without the base of the IRIs."""
    each = [seen] if isinstance(seen, Observation) else seen
    return {value.removeprefix(BASE) for one in each for name in names for value in _nodes(one, SURVEY + name)}


def _nodes(seen: Observation, predicate: str) -> set[str]:
    return {value.value for value in seen.facts.get(predicate, ()) if not isinstance(value, ox.Triple)}


def when(seen: Iterable[Observation]) -> str:
    """How old and how good the evidence is, in brackets: `(as of 2025, second-hand)`."""
    by_date = sorted(seen, key=lambda one: one.date)
    date = f"as of {by_date[-1].as_of}" if by_date[-1].as_of else f"page seen on {by_date[-1].date}"
    return f"({date}, second-hand)" if all(one.second_hand for one in by_date) else f"({date})"
