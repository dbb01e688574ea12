"""Rewrites a record in the survey's style without losing a statement or a comment.

Any Turtle goes in: several facts on a line, comma lists, other prefixes, long strings. Out comes one fact a line, in
the order of `records/README.md`. The result is compared with what was read: it says the same, or nothing is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph_service import records, turtle
from graph_service.problems import Problem
from graph_service.records import Record
from graph_service.style import NAME
from graph_service.terms import BASE, PREFIXES, shorten
from graph_service.writing import Stanza, record_text

XSD = PREFIXES["xsd"]
INTEGER = re.compile(r"0|-?[1-9][0-9]*")


@dataclass
class Reader:
    """Gathers the stanzas of one text with their comments."""

    text: str
    prefixes: dict[str, str] = field(default_factory=dict)
    base: str = ""
    stanzas: dict[str, Stanza] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    problem: tuple[int, int, str] | None = None

    def read(self) -> list[str]:
        """Fills `stanzas`; returns the comments below the last one."""
        subject: Stanza | None = None
        predicate = ""
        last: tuple[Stanza, tuple[str, str]] | None = None
        directive: list[str] = []
        literal: list[str] = []
        line = last_line = 1

        def close() -> None:
            nonlocal literal, last
            if literal and subject is not None:
                fact = (predicate, self.literal(literal))
                subject.say(*fact)
                self.attach(subject, fact)
                last = (subject, fact)
            literal = []

        for match in turtle.TOKEN.finditer(self.text):
            kind, found = match.lastgroup or "other", match.group()
            line += found.count("\n")
            if kind == "skip":
                if found.startswith("#"):
                    self.comment(found.expandtabs(4).rstrip(), last if line == last_line else None)
                continue
            last_line = line
            if directive:
                directive.append(found)
                if kind == "iri":
                    if len(directive) == 3:
                        self.prefixes[directive[1].removesuffix(":")] = self.address(found)
                    else:
                        self.base = self.address(found)
                    directive = []
                continue
            if (kind == "suffix" and found in ("@prefix", "@base")) or found.upper() in ("PREFIX", "BASE"):
                directive = [found]
                continue
            if literal and (kind == "suffix" or literal[-1] == "^^"):
                literal.append(self.term(kind, found) if kind != "suffix" else language(found))
                continue
            close()
            if kind == "mark":
                if found in "[]()":
                    self.problem = self.problem or (line, 1, "a blank node or a list has no name; give it one first.")
                if found in ";.":
                    predicate = ""
                if found == ".":
                    subject = None
                continue
            term = "a" if found == "a" else self.term(kind, found)
            if subject is not None and not predicate and term == "rdf:type":
                term = "a"
            if subject is None:
                subject = self.stanzas.setdefault(term, Stanza(term))
                subject.heading += self.comments
                self.comments, last = [], None
            elif not predicate:
                predicate = term
            elif kind == "string":
                literal = [found]
            else:
                fact = (predicate, term)
                subject.say(*fact)
                self.attach(subject, fact)
                last = (subject, fact)
        return self.comments

    def comment(self, text: str, beside: tuple[Stanza, tuple[str, str]] | None) -> None:
        """A comment on a fact's own line belongs to that fact, any other to what follows."""
        if beside is not None:
            beside[0].remarks.setdefault(beside[1], []).append(text)
        else:
            self.comments.append(text)

    def attach(self, stanza: Stanza, fact: tuple[str, str]) -> None:
        if self.comments:
            stanza.remarks.setdefault(fact, []).extend(self.comments)
            self.comments = []

    def term(self, kind: str, found: str) -> str:
        """An IRI as a prefixed name of ours, anything else as it stands."""
        if kind == "iri":
            return named(self.address(found))
        if kind == "name" and not found.startswith("_:"):
            prefix, _, local = found.partition(":")
            return named(self.prefixes.get(prefix, f"{prefix}:") + re.sub(r"\\(.)", r"\1", local))
        return found

    def address(self, found: str) -> str:
        """The whole address that stands between angle brackets."""
        return turtle.resolved(self.base, found)

    @staticmethod
    def literal(tokens: list[str]) -> str:
        """A literal on one line; numbers and truth values without quotes."""
        raw, *suffix = tokens
        width = 3 if raw[:3] in ('"""', "'''") else 1
        value = turtle.unescape(raw[width:-width])
        ending = "".join(suffix)
        if ending == "^^xsd:integer" and INTEGER.fullmatch(value):
            return value
        if ending == "^^xsd:boolean" and value in ("true", "false"):
            return value
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        for sign, written in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
            escaped = escaped.replace(sign, written)
        return f'"{escaped}"{ending.removesuffix("^^xsd:string")}'


def named(iri: str) -> str:
    """An IRI by its name with a prefix of ours, or in angle brackets where it has none that may be written so."""
    name = shorten(iri)
    return name if re.fullmatch(NAME, name) else f"<{iri}>"


def language(suffix: str) -> str:
    """`@EN-gb` as it is written in records: the language in small letters."""
    tag, dash, rest = suffix.partition("-")
    return f"{tag.lower()}{dash}{rest}"


def natural(text: str) -> list[str | int]:
    """A sort key by which `…-2` comes before `…-10`."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def place(record: Record, stanza: Stanza) -> tuple[int, str, list[str | int]]:
    """Where a stanza stands: the thing, then its observations by date, then sources, then evidence."""
    if stanza.subject == f"{record.kind}:{record.slug}":
        return (0, "", [])
    if stanza.subject.startswith("observation:"):
        dates = [value for predicate, value in stanza.facts if predicate == "survey:asOf"]
        dates = dates or [value for predicate, value in stanza.facts if predicate == "survey:consulted"]
        return (1, min(dates, default=""), natural(stanza.subject))
    if stanza.subject.startswith("source:"):
        return (2, stanza.subject, [])
    return (3, "", natural(stanza.subject.strip("<>")))


def formatted(record: Record, text: str, order: dict[str, int]) -> str | Problem:
    """The record's text in style, or the problem that keeps it from being rewritten."""
    before = records.parse(record.path, text, f"{BASE}graph/formatting")
    if isinstance(before, Problem):
        return before
    reader = Reader(text)
    tail = reader.read()
    if reader.problem:
        return Problem(record.path, *reader.problem[:2], "style-subject", reader.problem[2])
    stanzas = sorted(reader.stanzas.values(), key=lambda stanza: place(record, stanza))
    ranks = {stanza.subject: number for number, stanza in enumerate(stanzas)}
    for stanza in stanzas:
        stanza.facts.sort(key=lambda fact: ranks.get(fact[1], 0) if fact[0] == "survey:observation" else 0)
    result = record_text(stanzas, order, tail)
    after = records.parse(record.path, result, f"{BASE}graph/formatting")
    if isinstance(after, Problem) or not _same(before, after):
        return Problem(
            record.path, 1, 1, "format", "the record cannot be rewritten safely; please put it in order by hand."
        )
    return result


def _same(before: list[ox.Quad], after: list[ox.Quad]) -> bool:
    """Whether two texts say the same; `"9"^^xsd:integer` and `9` are one term already."""
    return set(before) == set(after)
