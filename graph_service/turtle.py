"""Where in a Turtle text each statement stands; no RDF library keeps that.

The scanner follows the Turtle grammar closely enough to find every subject, predicate and object of a text that parses;
it is used to place what SHACL and the check queries found, never to load data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urljoin

RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDF_FIRST = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first"
RDF_NIL = "http://www.w3.org/1999/02/22-rdf-syntax-ns#nil"
DIRECTIVES = frozenset({"prefix", "base", "version"})
LETTER = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
"""What Turtle's grammar calls PN_CHARS_BASE."""
SIGN = LETTER + "_0-9\u00b7\u0300-\u036f\u203f-\u2040-"
TOKEN = re.compile(
    rf"""(?P<skip>\s+|\#[^\n\r]*)
    |(?P<iri><[^\x00-\x20<>"{{}}|^`]*>)
    |(?P<string>\"{{3}}(?:[^"\\]|\\.|"(?!""))*\"{{3}}|'{{3}}(?:[^'\\]|\\.|'(?!''))*'{{3}}
        |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<suffix>@[a-zA-Z]+(?:-[a-zA-Z0-9]+)*(?:--[a-zA-Z]+)?|\^\^)
    |(?P<name>_:[{LETTER}_0-9](?:\.*[{SIGN}])*
        |(?:[{LETTER}](?:\.*[{SIGN}]){{0,99}})?:(?:(?:\.*(?:[{SIGN}:]|%[0-9A-Fa-f]{{2}}|\\.))*))
    |(?P<number>[+-]?(?:[0-9]+\.[0-9]*[eE][+-]?[0-9]+|\.?[0-9]+[eE][+-]?[0-9]+|[0-9]*\.[0-9]+|[0-9]+))
    |(?P<word>[A-Za-z]+)
    |(?P<mark>[;,.\[\]()])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
Token: TypeAlias = tuple[str, str, int, int]
"""What kind of token, its text, its line and its column."""

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


def unescape(text: str) -> str:
    """The text that an IRI or a string with Turtle's escapes stands for."""

    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else ESCAPED.get(match[3], match[3])

    return ESCAPE.sub(character, text)


def resolved(base: str, found: str) -> str:
    """The whole address that stands between angle brackets; an empty fragment is kept, for names are made with it."""
    address = unescape(found[1:-1])
    if not base or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", address):
        return address
    return urljoin(base, address) + ("#" if address.endswith("#") else "")


class Scanner:
    """Reads one text; `statements` yields its triples in order of appearance."""

    def __init__(self, text: str) -> None:
        self.prefixes: dict[str, str] = {}
        self.base = ""
        self._tokens = self._join(self._read(text))

    @staticmethod
    def _read(text: str) -> Iterator[Token]:
        line, start = 1, 0
        for match in TOKEN.finditer(text):
            kind, found = match.lastgroup or "other", match.group()
            if kind != "skip":
                yield kind, found, line, match.start() - start + 1
            breaks = found.count("\n")
            if breaks:
                line += breaks
                start = match.start() + found.rfind("\n") + 1

    @staticmethod
    def _join(tokens: Iterator[Token]) -> Iterator[Token]:
        """The tokens with an empty list as one, for it is a name like any other."""
        held: Token | None = None
        for token in tokens:
            if held is not None and token[1] == ")":
                yield "nil", RDF_NIL, held[2], held[3]
                held = None
                continue
            if held is not None:
                yield held
            held = token if token[:2] == ("mark", "(") else None
            if held is None:
                yield token
        if held is not None:
            yield held

    def _term(self, kind: str, found: str) -> str:
        if kind == "iri":
            return self._address(found)
        if kind == "string":
            width = 3 if found[:3] in ('"""', "'''") else 1
            return unescape(found[width:-width])
        if kind == "name" and not found.startswith("_:"):
            prefix, _, local = found.partition(":")
            return self.prefixes.get(prefix, f"{prefix}:") + re.sub(r"\\(.)", r"\1", local)
        return RDF_TYPE if found == "a" else found

    def _address(self, found: str) -> str:
        return resolved(self.base, found)

    def _next(self) -> str:
        return next(self._tokens, ("other", "", 0, 0))[1]

    def _directive(self, name: str) -> None:
        """Takes in what follows `@prefix`, `@base` or `@version`; the full stop is left."""
        if name == "prefix":
            prefix = self._next().removesuffix(":")
            self.prefixes[prefix] = self._address(self._next())
        elif name == "base":
            self.base = self._address(self._next())
        else:
            self._next()

    def statements(self) -> Iterator[Statement]:
        """The triples of the text; of a list, its members, and not the links between its cells."""
        # One frame a nesting level: the subject and predicate that an inner `[ ]` or `( )` interrupts.
        frames: list[tuple[Term | None, Term | None]] = []
        subject: Term | None = None
        predicate: Term | None = None
        for kind, found, line, column in self._tokens:
            name = found.removeprefix("@").lower()
            if subject is None and name in DIRECTIVES and (kind == "word" or found[0] == "@"):
                self._directive(name)
            elif kind == "suffix":
                if found == "^^":
                    self._next()
            elif kind == "mark":
                if found in "[(":
                    here = Term(f"_:{line}:{column}", line, column)
                    if subject is not None and predicate is not None:
                        yield Statement(subject, predicate, here)
                    frames.append((subject or here, predicate))
                    subject, predicate = here, Term(RDF_FIRST, line, column) if found == "(" else None
                elif found in "])" and frames:
                    subject, predicate = frames.pop()
                elif found == ";":
                    predicate = None
                elif found == "." and not frames:
                    subject = predicate = None
            elif subject is None:
                subject = Term(self._term(kind, found), line, column)
            elif predicate is None:
                predicate = Term(self._term(kind, found), line, column)
            else:
                yield Statement(subject, predicate, Term(self._term(kind, found), line, column))


def reified(text: str) -> tuple[int, int]:
    """Line and column of the first `<<`, `{|` or `~` of RDF 1.2; of the text's beginning where there is none."""
    before = ""
    for kind, found, line, column in Scanner._read(text):
        if kind == "other" and (found == "~" or before + found in ("<<", "{|")):
            return line, column if found == "~" else column - 1
        before = found if kind == "other" else ""
    return 1, 1


def statements(text: str) -> list[Statement]:
    """Every triple of a Turtle text with its places."""
    return list(Scanner(text).statements())
