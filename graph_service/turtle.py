"""Where in a Turtle text each statement stands; no RDF library keeps that.

The scanner follows the Turtle grammar closely enough to find every subject, predicate and object of a text that parses;
it is used to place what SHACL and the check queries found, never to load data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
TOKEN = re.compile(
    r"""(?P<skip>[\s]+|\#[^\n]*)
    |(?P<iri><[^<>"{}|^`\s]*>)
    |(?P<string>\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<suffix>@[a-zA-Z]+(?:-[a-zA-Z0-9]+)*(?:--\w+)?|\^\^)
    |(?P<name>_:[\w.-]*\w|[\w.-]*:(?:[\w:%-]|\\.|\.(?=[\w:%.\\-]))*)
    |(?P<number>[+-]?(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>[A-Za-z]+)
    |(?P<mark>[;,.\[\](){}|])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


@dataclass(frozen=True)
class Term:
    """A term as it stands in the text: an IRI, a literal's lexical form, or a label; line and column count from 1."""

    value: str
    line: int
    column: int


@dataclass(frozen=True)
class Statement:
    """One triple with the place of each of its terms."""

    subject: Term
    predicate: Term
    object: Term


def _unescape(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else ESCAPED.get(match[3], match[3])

    return ESCAPE.sub(character, text)


class Scanner:
    """Reads one text; `statements` yields its triples in order of appearance."""

    def __init__(self, text: str) -> None:
        self.prefixes: dict[str, str] = {}
        self._tokens = self._read(text)

    @staticmethod
    def _read(text: str) -> Iterator[tuple[str, str, int, int]]:
        line, start = 1, 0
        for match in TOKEN.finditer(text):
            kind, found = match.lastgroup or "other", match.group()
            if kind != "skip":
                yield kind, found, line, match.start() - start + 1
            breaks = found.count("\n")
            if breaks:
                line += breaks
                start = match.start() + found.rfind("\n") + 1

    def _term(self, kind: str, found: str) -> str:
        if kind == "iri":
            return _unescape(found[1:-1])
        if kind == "string":
            width = 3 if found[:3] in ('"""', "'''") else 1
            return _unescape(found[width:-width])
        if kind == "name" and not found.startswith("_:"):
            prefix, _, local = found.partition(":")
            return self.prefixes.get(prefix, f"{prefix}:") + re.sub(r"\\(.)", r"\1", local)
        return RDF_TYPE if found == "a" else found

    def statements(self) -> Iterator[Statement]:
        # One frame a nesting level: the subject and predicate that an inner `[ ]` or `( )` interrupts.
        frames: list[tuple[Term | None, Term | None]] = []
        subject: Term | None = None
        predicate: Term | None = None
        directive: list[str] | None = None
        after_type = False
        for kind, found, line, column in self._tokens:
            if directive is not None:
                directive.append(found)
                if kind == "iri":
                    if len(directive) == 3:
                        self.prefixes[directive[1].removesuffix(":")] = found[1:-1]
                    directive = None
                continue
            if kind == "suffix":
                if found in ("@prefix", "@base"):
                    directive = [found]
                after_type = found == "^^"
                continue
            if kind == "word" and found.upper() in ("PREFIX", "BASE"):
                directive = [found]
                continue
            if after_type:
                after_type = False
                continue
            if kind == "mark":
                if found in "[(":
                    here = Term(f"_:{line}:{column}", line, column)
                    if subject is not None and predicate is not None:
                        yield Statement(subject, predicate, here)
                    frames.append((subject or here, predicate))
                    subject, predicate = here, None
                elif found in "])" and frames:
                    subject, predicate = frames.pop()
                elif found == ";":
                    predicate = None
                elif found == "." and not frames:
                    subject = predicate = None
                continue
            term = Term(self._term(kind, found), line, column)
            if subject is None:
                subject = term
            elif predicate is None:
                predicate = term
            else:
                yield Statement(subject, predicate, term)


def statements(text: str) -> list[Statement]:
    """Every triple of a Turtle text with its places."""
    return list(Scanner(text).statements())
