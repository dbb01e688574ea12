"""How a record is written: the rules of `records/README.md`, one line at a time.

The rules keep a record readable for people who do not know RDF, and let `git blame`, `grep` and a one-line diff work
per fact.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from graph_service.problems import Problem, suggestion
from graph_service.records import Record
from graph_service.terms import BASE, ONTOLOGY, PREFIXES
from graph_service.turtle import unescape

NAME = r"[a-z][a-z0-9-]*:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?"
IRI = r"<[^<>\"{}|^`\\\s]+>"
STRING = r'"(?:[^"\\\n]|\\.)*"(?:@[a-z]{2,3}(?:-[A-Za-z0-9]+)*|\^\^' + NAME + ")?"
PREFIX_LINE = re.compile(r"@prefix ([a-z][a-z0-9-]*): <([^<>\s]*)> \.")
SUBJECT_LINE = re.compile(f"({NAME}|{IRI})")
FACT_LINE = re.compile(f"    (a|{NAME}) ({NAME}|{IRI}|{STRING}|-?[0-9]+(?:\\.[0-9]+)?|true|false) ;")
TERM = re.compile(f'{IRI}|"(?:[^"\\\\\n]|\\\\.)*"|{NAME}')
LONGEST_NUMBER = 18
"""Digits; engines count with 64 bits, and a longer number would be none to them."""
LONGEST_LINE = 2000
ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4})")
CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?: |$)")
BARE = re.compile(r'"(0|-?[1-9][0-9]*|true|false)"\^\^xsd:(integer|boolean)')
THING_FIRST = [
    "a",
    "dcterms:title",
    "dcterms:alternative",
    "dcterms:description",
    "dcterms:issued",
    "schema:url",
    "survey:sourceKind",
    "survey:kind",
    "survey:softwareRole",
    "survey:scope",
    "survey:scopeNote",
    "survey:inSurvey",
    "foaf:homepage",
]
OBSERVATION_FIRST = ["a", "survey:asOf", "survey:consulted", "dcterms:source", "survey:certainty", "skos:note"]
LAST = ("survey:lacks", "survey:notStated", "survey:evidence", "survey:observation")
QUALIFIERS = ("survey:approximately", "survey:moreThan", "survey:atLeast", "survey:atMost")


def fact_order(ontology: Path) -> dict[str, int]:
    """The place of each property in the ontology's text, by which facts are ordered in a record."""
    found = re.findall(rf"^({NAME})$", ontology.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: place for place, name in enumerate(found)}


def undeclared(prefix: str) -> str:
    """What to do about a prefix that a text uses without declaring it."""
    if prefix in PREFIXES:
        return f"`{prefix}:` is not declared; write `@prefix {prefix}: <{PREFIXES[prefix]}> .` at the top."
    return f"`{prefix}:` is no prefix of the survey.{suggestion(prefix, PREFIXES)}"


def rank(subject: str, predicate: str, value: str, order: dict[str, int]) -> tuple[int, int]:
    """Where a line belongs within its stanza."""
    first = OBSERVATION_FIRST if subject.startswith("observation:") else THING_FIRST
    if predicate in first:
        return (0, first.index(predicate))
    if predicate in LAST:
        return (2, LAST.index(predicate))
    if predicate in QUALIFIERS:
        return (1, 2 * order.get(value, 0) + 1)
    return (1, 2 * order.get(predicate, len(order)))


@dataclass
class Reader:
    """Goes through the lines of one record and notes what breaks a rule."""

    record: Record
    order: dict[str, int]
    declared: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    stanzas: list[tuple[str, int]] = field(default_factory=list)
    open: bool = False
    last: tuple[int, int] = (0, 0)
    dates: list[tuple[str, int]] = field(default_factory=list)
    dated: str = ""
    facts: set[str] = field(default_factory=set)
    above: str = ""
    blank_line: int = -1
    line_ends: int = 0

    def problem(self, line: int, column: int, rule: str, message: str) -> Problem:
        return Problem(self.record.path, line, column, rule, message)

    def read(self, text: str) -> Iterator[Problem]:
        if not text.strip():
            yield self.problem(1, 1, "style-empty", "the file is empty; a record describes one thing.")
            return
        self.line_ends = text.count("\r\n")
        if "\r" in text.replace("\r\n", ""):
            yield self.problem(1, 1, "style-line-end", "lines end in CR; save the file with LF as line ends.")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        if lines.pop() != "":
            yield self.problem(len(lines) + 1, 1, "style-end", "the last line lacks its line end.")
            lines = text.split("\n")
        for number, line in enumerate(lines, 1):
            yield from self.characters(number, line)
            yield from self.line(number, line.rstrip("\r \t"))
        if self.blank_line == len(lines):
            yield self.problem(len(lines), 1, "style-end", "the file ends in a blank line; delete it.")
        if self.open:
            yield self.problem(
                len(lines), 1, "style-stanza", "the last stanza is not closed; end it with `.` alone on a line."
            )
        yield from self.prefixes()
        yield from self.subjects()

    def characters(self, number: int, line: str) -> Iterator[Problem]:
        if line.endswith("\r") and self.line_ends:
            others = f"; so do {self.line_ends - 1:,} others" if self.line_ends > 1 else ""
            self.line_ends = 0  # an editor that writes one writes them all: it is told once
            yield self.problem(number, len(line), "style-line-end", f"the line ends in CR LF{others}; use LF alone.")
        line = line.removesuffix("\r")
        if line != line.rstrip():
            yield self.problem(number, len(line.rstrip()) + 1, "style-space", "there is space at the end of the line.")
        if "\t" in line:
            yield self.problem(number, line.index("\t") + 1, "style-tab", "there is a tab; indent with four spaces.")
        if len(line) > LONGEST_LINE:
            message = f"the line has {len(line):,} characters; say it in at most {LONGEST_LINE:,}."
            yield self.problem(number, LONGEST_LINE + 1, "style-long", message)
        if not line.isprintable() or "\\" in line:
            yield from self.unseen(number, line)

    def unseen(self, number: int, line: str) -> Iterator[Problem]:
        """The first sign of a line that cannot be seen: it may hide what the line says."""
        escaped = ((match.start(), unescape(match.group())) for match in ESCAPE.finditer(line))
        for place, sign in (*enumerate(line), *escaped):
            if sign not in "\t " and not sign.isprintable():
                name = unicodedata.name(sign, "a control character").lower()
                mend = "write a plain space" if unicodedata.category(sign) == "Zs" else "delete it"
                message = f"here stands U+{ord(sign):04X}, {name}, which nobody sees; {mend}."
                yield self.problem(number, place + 1, "style-character", message)
                return

    def line(self, number: int, line: str) -> Iterator[Problem]:
        if not line:
            yield from self.blank(number)
        if not line or line.lstrip().startswith("#"):
            return
        if CONFLICT.match(line):
            message = "a merge left both versions here; keep one and delete the marks."
            yield self.problem(number, 1, "style-conflict", message)
            return
        prefix = PREFIX_LINE.fullmatch(line)
        if prefix:
            yield from self.prefix(number, prefix[1], prefix[2])
        elif line == ".":
            if not self.open:
                yield self.problem(
                    number, 1, "style-stanza", "this `.` closes nothing; a stanza starts with its subject."
                )
            self.open = False
        elif line[0] not in " \t":
            yield from self.subject(number, line)
        else:
            yield from self.fact(number, line)

    def blank(self, number: int) -> Iterator[Problem]:
        if self.open:
            yield self.problem(number, 1, "style-blank", "a stanza has no blank line in it; delete the line.")
        elif self.blank_line == number - 1:
            yield self.problem(number, 1, "style-blank", "one blank line between two stanzas is enough.")
        self.blank_line = number

    def prefix(self, number: int, name: str, namespace: str) -> Iterator[Problem]:
        if self.stanzas:
            yield self.problem(number, 1, "style-prefix", "a `@prefix` line stands below a stanza; they come first.")
        if name not in PREFIXES:
            known = suggestion(name, PREFIXES)
            yield self.problem(number, 9, "unknown-prefix", f"`{name}:` is no prefix of the survey.{known}")
        elif PREFIXES[name] != namespace:
            yield self.problem(number, len(name) + 11, "unknown-prefix", f"`{name}:` stands for <{PREFIXES[name]}>.")
        if any(name < other for other, place in self.declared.items() if place):
            yield self.problem(number, 9, "style-prefix", f"`{name}:` is out of order; prefixes are alphabetical.")
        if self.declared.get(name):
            yield self.problem(number, 9, "style-prefix", f"`{name}:` is declared twice.")
        self.declared[name] = self.declared.get(name) or number

    def subject(self, number: int, line: str) -> Iterator[Problem]:
        if self.open:
            yield self.problem(
                number, 1, "style-stanza", "the stanza before is not closed; end it with `.` alone on a line."
            )
        self.open, self.last, self.facts, self.above = True, (-1, 0), set(), ""
        match = SUBJECT_LINE.match(line)
        if match is None:
            if line.lower().startswith(("@base", "base", "prefix", "@prefix")):
                self.open = False
                if declared := re.match(r"@?prefix\s+([a-z][a-z0-9-]*)", line, re.IGNORECASE):
                    self.declared.setdefault(declared[1], 0)
                message = (
                    "write prefixes as `@prefix name: <…> .`, and no base: a record means the same wherever it lies."
                )
            elif line.startswith(("_:", "[")):
                message = "a blank node cannot be linked to; give it a name of the survey."
            else:
                message = "a stanza starts with its subject alone at the margin, such as `archive:give-a-scan`."
            yield self.problem(number, 1, "style-subject", message)
            return
        earlier = next((place for name, place in self.stanzas if name == match[1]), None)
        if earlier is not None:
            message = f"`{match[1]}` has a stanza in line {earlier} already; write its facts there."
            yield self.problem(number, 1, "style-twice", message)
        else:
            self.stanzas.append((match[1], number))
        yield from self.terms(number, match[1], 0)
        if match.end() != len(line):
            yield self.problem(
                number, match.end() + 1, "style-line", "the subject stands alone on its line; facts follow below it."
            )

    def fact(self, number: int, line: str) -> Iterator[Problem]:
        if not self.open:
            yield self.problem(
                number, 1, "style-stanza", "this line belongs to no stanza; its subject is missing above."
            )
            return
        match = FACT_LINE.fullmatch(line)
        if match is None:
            self.used.update(name for name in re.findall(r"([a-z][a-z0-9-]*):", line) if name in self.declared)
            self.open = not line.endswith(" .")
            yield self.problem(number, len(line) - len(line.lstrip()) + 1, "style-line", self.advice(line))
            return
        predicate, value = match[1], match[2]
        yield from self.terms(number, f"{predicate} {value}", 4)
        subject = self.stanzas[-1][0] if self.stanzas else ""
        place = rank(subject, predicate, value, self.order)
        if place[0] == 1 and predicate not in self.order and predicate not in QUALIFIERS:
            place = self.last  # an unknown property has no place; another rule tells that it is unknown
        if place < self.last:
            message = f"`{predicate}` comes too late here; it stands before `{self.above}` (see records/README.md)."
            yield self.problem(number, 5, "style-order", message)
        if place > self.last:
            self.last, self.above = place, predicate
        if line in self.facts:
            yield self.problem(number, 5, "style-twice", "this fact stands in the stanza already; delete the line.")
        self.facts.add(line)
        if predicate == "rdf:type":
            yield self.problem(number, 5, "style-line", "write `a` for rdf:type.")
        if bare := BARE.fullmatch(value):
            message = f"a number or truth value is written bare: `{bare[1]}`."
            yield self.problem(number, 6 + len(predicate), "style-number", message)
        elif re.fullmatch(rf"-?[0-9]{{{LONGEST_NUMBER + 1},}}", value):
            message = f"the number has {len(value.lstrip('-')):,} digits; at most {LONGEST_NUMBER} can be counted with."
            yield self.problem(number, 6 + len(predicate), "style-number", message)
        if predicate in ("survey:asOf", "survey:consulted") and self.dated != subject:
            # asOf stands first where there is one, so the first date of a stanza is the one that counts.
            self.dated = subject
            self.dates.append((value.split('"')[1] if '"' in value else value, number))

    def advice(self, line: str) -> str:
        stripped = line.strip()
        if not line.startswith("    ") or line[4:5] == " ":
            return "a fact is indented with exactly four spaces."
        if stripped.endswith("."):
            return "a fact ends in ` ;`; the stanza is closed by `.` alone on the next line."
        if "," in re.sub(STRING + "|" + IRI, "", stripped):
            return "one line says one fact; repeat the predicate instead of a comma."
        if not stripped.endswith(" ;"):
            return "a fact ends in ` ;`, with one space before it."
        if "[" in stripped or "(" in stripped or "_:" in stripped:
            return "blank nodes and lists are not used; give the thing a name."
        return "a fact is written `    predicate value ;` on one line, with single spaces."

    def terms(self, number: int, text: str, offset: int) -> Iterator[Problem]:
        for match in TERM.finditer(text):
            term = match.group()
            if term[0] == '"':
                continue
            column = offset + match.start() + 1
            if term[0] == "<":
                if term.startswith((f"<{BASE}", f"<{ONTOLOGY}")):
                    yield self.problem(number, column, "style-name", "write the survey's own names with a prefix.")
                elif not re.match(r"<[a-z][a-z0-9+.-]*:", term):
                    yield self.problem(number, column, "style-name", f"{term} is relative; write the whole address.")
            else:
                prefix = term.partition(":")[0]
                yield from self.use(number, column, prefix)
        for match in re.finditer(r'"\^\^([a-z][a-z0-9-]*):', text):
            yield from self.use(number, offset + match.start(1) + 1, match[1])

    def use(self, number: int, column: int, prefix: str) -> Iterator[Problem]:
        """Notes that a prefix is used; the first use of one that is not declared is told."""
        if prefix not in self.declared and prefix not in self.used:
            yield self.problem(number, column, "unknown-prefix", undeclared(prefix))
        self.used.add(prefix)

    def prefixes(self) -> Iterator[Problem]:
        for name, number in self.declared.items():
            if number and name not in self.used:
                yield self.problem(number, 9, "style-prefix", f"`{name}:` is declared but not used; delete the line.")

    def subjects(self) -> Iterator[Problem]:
        if not self.stanzas:
            yield self.problem(1, 1, "style-subject", "the file describes nothing.")
            return
        expected = f"{self.record.kind}:{self.record.slug}"
        first, number = self.stanzas[0]
        if first != expected:
            yield self.problem(
                number, 1, "path-subject", f"the path names `{expected}`, the first subject is `{first}`."
            )
        groups = {"observation": 1, "source": 2, "<": 2}
        stage = 0
        for subject, place in self.stanzas[1:]:
            kind = "<" if subject[0] == "<" else subject.partition(":")[0]
            if kind not in groups:
                yield self.problem(
                    place, 1, "path-subject", f"`{subject}` has a file of its own; here stand its observations."
                )
            elif groups[kind] < stage:
                yield self.problem(
                    place, 1, "style-order", f"`{subject}` comes too late; observations stand before sources."
                )
            elif kind == "observation" and not subject.startswith(f"observation:{self.record.slug}-"):
                wanted = f"observation:{self.record.slug}-"
                yield self.problem(
                    place, 1, "path-subject", f"`{subject}`: an observation in this file is called `{wanted}…`."
                )
            stage = max(stage, groups.get(kind, 0))
        for (before, _), (date, place) in pairwise(self.dates):
            if date < before:
                yield self.problem(
                    place, 5, "style-order", f"an observation of {date} stands below one of {before}; oldest first."
                )


def problems(record: Record, text: str, order: dict[str, int]) -> list[Problem]:
    """Everything in the text of one record that breaks a rule of style."""
    return list(Reader(record, order).read(text))
