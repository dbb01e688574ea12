"""An ORDER BY that is a total order, whatever mix of terms it meets.

Oxigraph compares two literals of one type by value and two of different types by their text. That is no order: 5 < 10
by value, "10" < "3" and "3" < 5 by text. Its sort then either notices, panics and aborts the process, or does not, and
returns integers out of order. So every key of every ORDER BY is passed through `key`, which maps a term to a
string whose code point order is one that SPARQL 1.1 §15.1 allows: unbound, blank nodes, IRIs, literals; numbers
by value across their types; booleans, dates and texts among themselves. The engine computes each key once per row.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from graph_service.engine.scanner import Token

KEY = NamedNode("urn:x-imaging-survey:order-key")

_XSD = "http://www.w3.org/2001/XMLSchema#"
_NUMERIC = frozenset(
    _XSD + name
    for name in (
        *("integer", "decimal", "double", "float", "byte", "short", "int", "long"),
        *("unsignedByte", "unsignedShort", "unsignedInt", "unsignedLong"),
        *("nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger"),
    )
)
_COMPLEMENT = str.maketrans("0123456789", "9876543210")
_EXPONENT = 5_000_000
_MOMENT = re.compile(
    r"(?P<year>-?\d{4,})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<fraction>\.\d+)?)?)?)?(?P<zone>Z|[+-]\d\d:\d\d)?"
)
_MOMENTS = frozenset(f"{_XSD}{name}" for name in ("dateTime", "date", "gYearMonth", "gYear"))


def key(term: NamedNode | BlankNode | Literal | Triple) -> Literal:
    """The sort key of a term, as a plain string: a custom function of the engine."""
    return Literal(_key(term))


def _key(term: NamedNode | BlankNode | Literal | Triple) -> str:
    if isinstance(term, Literal):
        datatype = term.datatype.value
        if datatype in _NUMERIC:
            return _number(term.value, datatype)
        if datatype in _MOMENTS:
            return _moment(term.value, datatype)
        if datatype == f"{_XSD}boolean":
            return f"2b{term.value}"
        if datatype == f"{_XSD}string":
            return f"2t{term.value}\0"
        if term.language is not None:
            return f"2t{term.value}\0{term.language}\0{term.direction or ''}"
        return f"2z{datatype}\0{term.value}"
    if isinstance(term, NamedNode):
        return f"1{term.value}"
    if isinstance(term, BlankNode):
        return f"0{term.value}"
    return "3" + "\0".join((_key(term.subject), _key(term.predicate), _key(term.object)))


def _number(text: str, datatype: str) -> str:
    """By value across all numeric types; ±INF at the ends, NaN before, what is no number among the other literals."""
    if text.isdecimal() and text.isascii():
        digits = text.lstrip("0")
        return f"2a7{_EXPONENT + len(digits) - 1}{digits.rstrip('0')}" if digits else "2a5"
    try:
        value = Decimal(text.strip().replace("INF", "Infinity"))
    except InvalidOperation:
        return f"2z{datatype}\0{text}"
    if value.is_nan():
        return "2a!"
    if value.is_infinite():
        return "2a0" if value < 0 else "2a9"
    if value == 0:
        return "2a5"
    digits = "".join(map(str, value.as_tuple().digits)).lstrip("0")
    exponent = f"{value.adjusted() + _EXPONENT:07d}"
    digits = digits.rstrip("0") or "0"
    if value > 0:
        return f"2a7{exponent}{digits}"
    return f"2a3{exponent.translate(_COMPLEMENT)}{digits.translate(_COMPLEMENT)}~"


def _moment(text: str, datatype: str) -> str:
    """By moment, years and days with their beginning; without a time zone as UTC, which SPARQL leaves open."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return f"2z{datatype}\0{text}"
    year = int(match["year"])
    zone = match["zone"] or "Z"
    offset = 0 if zone == "Z" else int(zone[:3]) * 60 + int(zone[0] + zone[4:])
    try:
        shifted = dt.datetime(
            2000, int(match["month"] or 1), int(match["day"] or 1), int(match["hour"] or 0), int(match["minute"] or 0)
        ) - dt.timedelta(minutes=offset)
    except ValueError:  # 24:00:00
        return f"2d{_year(year)}{text[len(match['year']) :]}"
    year += shifted.year - 2000
    return f"2d{_year(year)}{shifted:-%m-%dT%H:%M}:{match['second'] or '00'}{match['fraction'] or ''}"


def _year(year: int) -> str:
    return f"+{year:012d}" if year >= 0 else "!" + f"{-year:012d}".translate(_COMPLEMENT)


def total(text: str, way: list[Token]) -> str | None:
    """The query with every ORDER BY key passed through `KEY`; None when it has no ORDER BY."""
    pieces: list[str] = []
    copied = 0
    place = 0
    while place < len(way) - 1:
        if not (way[place].is_word("ORDER") and way[place + 1].is_word("BY")):
            place += 1
            continue
        place += 2
        while (condition := _condition(way, place)) is not None:
            first, last = condition
            direction = way[place].text.upper() if first > place else "ASC"
            pieces += [
                text[copied : way[place].start],
                f" {direction}({KEY}({text[way[first].start : way[last].end]}))",
            ]
            copied = way[last].end
            place = last + 1
    return "".join([*pieces, text[copied:]]) if pieces else None


def _condition(way: list[Token], place: int) -> tuple[int, int] | None:
    """First and last place of the expression of the ORDER BY condition that begins here, if one does."""
    if place >= len(way):
        return None
    token = way[place]
    if token.kind == "variable":
        return place, place
    if token.is_word("ASC", "DESC"):
        return _bracketed(way, place + 1, place + 1, "(")
    if token.is_word("NOT") or token.is_word("EXISTS"):
        return _bracketed(way, place, place + (2 if token.is_word("NOT") else 1), "{")
    if token.is_word("LIMIT", "OFFSET", "VALUES", "HAVING", "GROUP"):
        return None
    if token.kind in ("word", "name", "iri"):
        return _bracketed(way, place, place + 1, "(")
    return _bracketed(way, place, place, "(")


def _bracketed(way: list[Token], first: int, opening: int, bracket: str) -> tuple[int, int] | None:
    """`first` and the place where the bracket at `opening` closes."""
    if opening >= len(way) or way[opening].text != bracket:
        return None
    depth = 0
    for place in range(opening, len(way)):
        if way[place].kind == "open":
            depth += 1
        elif way[place].kind == "close":
            depth -= 1
            if depth == 0:
                return first, place
    return None
