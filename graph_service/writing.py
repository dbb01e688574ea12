"""Writes a record in the survey's style: the one place that knows how stanzas and prefix lines are laid out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from graph_service.style import NAME, rank
from graph_service.terms import PREFIXES

PREFIXED = re.compile(rf"(?:^|\^\^)({NAME})$")


@dataclass
class Stanza:
    """A subject with its facts, each a predicate and an object as they stand in Turtle.

    Comments stay where they belong: `heading` above the subject, `remarks` above a fact.
    """

    subject: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    heading: list[str] = field(default_factory=list)
    remarks: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def say(self, predicate: str, *values: str) -> None:
        self.facts.extend((predicate, value) for value in values if (predicate, value) not in self.facts)


def quoted(text: str, language: str | None = "en") -> str:
    """A literal as it stands in Turtle, on one line."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"' + (f"@{language}" if language else "")


def dated(date: str) -> str:
    """A date as exact as it is given, typed: a year, a month or a day."""
    datatype = {4: "gYear", 7: "gYearMonth", 10: "date"}[len(date)]
    return f'"{date}"^^xsd:{datatype}'


def record_text(stanzas: Iterable[Stanza], order: dict[str, int], tail: Iterable[str] = ()) -> str:
    """The whole text of a record: its prefix lines, then its stanzas with their facts in order."""
    stanzas = list(stanzas)
    terms = [stanza.subject for stanza in stanzas]
    terms += [term for stanza in stanzas for fact in stanza.facts for term in fact]
    used = {match[1].partition(":")[0] for match in map(PREFIXED.search, terms) if match}
    lines = [f"@prefix {name}: <{PREFIXES[name]}> ." for name in sorted(used)]
    for stanza in stanzas:
        lines += ["", *stanza.heading, stanza.subject]
        for fact in sorted(stanza.facts, key=lambda fact: rank(stanza.subject, fact[0], fact[1], order)):
            lines += [f"    {remark}" for remark in stanza.remarks.get(fact, ())]
            lines.append(f"    {fact[0]} {fact[1]} ;")
        lines.append(".")
    return "\n".join([*lines, *tail]) + "\n"
