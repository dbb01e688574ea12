"""Result documents of an engine made standard while they pass: blank nodes, booleans and large integers.

Works on whole rows of the XML result format and whole lines of N-Triples, so that a row that falls between two parts of a
stream is made right too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from graph_service.engine.scanner import Token, decode_escapes, readings

Rewrite = Callable[[bytes], bytes]

_DECIMAL = re.compile(rb'#decimal">(-?[0-9]{10,})<')
_PREDICATES = frozenset(
    [
        "BOUND",
        "EXISTS",
        "ISIRI",
        "ISURI",
        "ISBLANK",
        "ISLITERAL",
        "ISNUMERIC",
        "REGEX",
        "CONTAINS",
        "STRSTARTS",
        "STRENDS",
        "LANGMATCHES",
        "SAMETERM",
    ]
)
_COMPARISONS = frozenset(["=", "!=", "<", ">", "<=", ">=", "&&", "||"])
XSD = b"http://www.w3.org/2001/XMLSchema#"


def virtuoso(text: str) -> Rewrite:
    """For answers of Virtuoso to a query: it writes blank nodes as IRIs, booleans as numbers, and integers over 32 bits as decimals."""
    names = "|".join(map(re.escape, boolean_columns(text)))
    booleans = re.compile(
        rb'(<binding name="(?:' + names.encode() + rb')"><literal datatype="' + XSD + rb')integer">([01])<'
    )

    def said(match: re.Match[bytes]) -> bytes:
        return match[1] + b'boolean">' + (b"true<" if match[2] == b"1" else b"false<")

    def rewrite(rows: bytes) -> bytes:
        rows = _DECIMAL.sub(rb'#integer">\1<', rows.replace(b"nodeID://", b""))
        return booleans.sub(said, rows) if names else rows

    return rewrite


def boolean_columns(text: str) -> list[str]:
    """The variables that a query binds to expressions that are true or false, without their question marks."""
    way = readings(decode_escapes(text))[0] if text.strip() else []
    found = set()
    opened: list[int] = []
    for place, token in enumerate(way):
        if token.kind == "open":
            opened.append(place)
        elif token.kind == "close" and opened:
            start = opened.pop()
            is_named = place - start > 3 and way[place - 2].is_word("AS") and way[place - 1].kind == "variable"
            if is_named and _is_boolean(way[start + 1 : place - 2]):
                found.add(way[place - 1].text[1:])
    return sorted(found)


def _is_boolean(expression: Sequence[Token]) -> bool:
    """Whether an expression, by its outermost operator or function, is a boolean."""
    depth = 0
    outer: list[Token] = []
    for token in expression:
        depth -= token.kind == "close"
        if depth == 0 and token.kind != "close":
            outer.append(token)
        depth += token.kind == "open"
    words = [token.text.upper() for token in outer if token.kind in ("word", "other")]
    if any(word in _COMPARISONS or word == "IN" for word in words) or "&" in words or "|" in words:
        return True
    if outer and (outer[0].text == "!" or outer[0].is_word("NOT", "TRUE", "FALSE")):
        return True
    if len(outer) >= 2 and outer[0].kind == "word" and outer[0].text.upper() in _PREDICATES:
        return True
    return len(outer) == 1 and outer[0].kind == "open" and _is_boolean(expression[1:-1])


class Rewriter:
    """Applies a rewrite to a stream, at the ends of rows (`</result>`) or of lines."""

    def __init__(self, rewrite: Rewrite, end: bytes) -> None:
        self._rewrite = rewrite
        self._end = end
        self._kept = b""

    def feed(self, part: bytes) -> bytes:
        """What is ready, of this part and what was kept back before."""
        whole = self._kept + part
        cut = whole.rfind(self._end) + len(self._end) if self._end in whole else 0
        self._kept = whole[cut:]
        return self._rewrite(whole[:cut])

    def rest(self) -> bytes:
        """What is still kept back, at the end of the stream."""
        rest, self._kept = self._kept, b""
        return self._rewrite(rest)
