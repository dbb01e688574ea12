"""The answer to a question as people read it: named columns, cells with labels and links, what can be drawn of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyoxigraph as ox
from markupsafe import Markup

from graph_service import charts, phrases
from graph_service.errors import BadParameter
from graph_service.knowledge import Knowledge, Value
from graph_service.observed import Shown, shown
from graph_service.queries import Query

COMPANIONS = ("Title", "Name", "Label")
DATE = re.compile(r"\d{4}(-\d\d){0,2}")
PLAIN_WORDS = {"thing": "name", "page": "page"}


@dataclass(frozen=True)
class Column:
    """One column: the variable, what heads it, and the variable whose values are the names of its things."""

    variable: str
    label: str
    named_by: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """An answer with rows: `cells` are in the order of `columns`; an empty cell is None."""

    columns: tuple[Column, ...]
    cells: tuple[tuple[Shown | None, ...], ...]
    rows: tuple[dict[str, Value], ...]


def heading(variable: str) -> str:
    """`softwareThen` as `software then`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", variable).lower()
    return PLAIN_WORDS.get(words, words)


def sentence(knowledge: Knowledge, query: Query, given: Mapping[str, Sequence[str]]) -> str:
    """A question with its slots filled: the label of what was given, else what could be given, in pointed brackets."""
    filled = query.summary
    for each in query.parameters:
        values = [value for value in given.get(each.name, ()) if value.strip()]
        try:
            words = [
                knowledge.label(term.value) if each.type == "iri" else term.value for term in map(each.term, values)
            ]
        except BadParameter:
            words = []
        slot = (
            phrases.listing([_within(word) for word in words], "or")
            or f"‹{(each.label or heading(each.name)).lower()}›"
        )
        filled = filled.replace(f"{{{each.name}}}", slot)
    return filled


def _within(label: str) -> str:
    """A label within a sentence: small letters, but for names and codes."""
    first, _, rest = label.partition(" ")
    return (
        label
        if first[1:] != first[1:].lower() or any(letter.isdigit() for letter in first)
        else f"{first.lower()} {rest}".strip()
    )


def companion(variable: str, variables: Sequence[str], first: str) -> str:
    """The column that names the things of another one: `archiveTitle` of `archive`, `title` of the first."""
    for ending in COMPANIONS:
        if variable + ending in variables:
            return variable + ending
    return "title" if variable == first and "title" in variables else ""


def tabulate(knowledge: Knowledge, answer: ox.QuerySolutions) -> Table:
    """The answer with the columns that only name another one folded into it."""
    variables = [variable.value for variable in answer.variables]
    rows = []
    for solution in answer:
        values = {name: solution[name] for name in variables}
        rows.append({name: value for name, value in values.items() if isinstance(value, Value)})
    first = (
        "thing"
        if "thing" in variables
        else next(
            (name for name in variables if any(isinstance(row.get(name), ox.NamedNode) for row in rows)),
            variables[0] if variables else "",
        )
    )
    named = {name: companion(name, variables, first) for name in variables}
    folded = {other for other in named.values() if other}
    columns = tuple(
        Column(name, heading(name), named[name], _numeric(rows, name)) for name in variables if name not in folded
    )
    cells = tuple(tuple(_cell(knowledge, row, column) for column in columns) for row in rows)
    return Table(columns, cells, tuple(rows))


def _numeric(rows: Sequence[dict[str, Value]], name: str) -> bool:
    values = [row[name] for row in rows if name in row]
    return bool(values) and all(isinstance(value, ox.Literal) and is_number(value) for value in values)


def is_number(value: ox.Literal) -> bool:
    return value.datatype.value.rpartition("#")[2] in {"integer", "decimal", "double", "float"}


def _cell(knowledge: Knowledge, row: dict[str, Value], column: Column) -> Shown | None:
    value = row.get(column.variable)
    name = row.get(column.named_by) if column.named_by else None
    if value is None:
        return Shown(name.value) if name is not None and name.value else None
    found = shown(knowledge, value)
    if isinstance(value, ox.NamedNode) and name is not None and name.value:
        return Shown(name.value, found.href, found.title)
    if isinstance(value, ox.Literal) and not found.href:
        if column.numeric and is_bytes(row) and value.value.isdigit():
            return Shown(phrases.size(int(value.value)), title=f"{int(value.value):,} bytes")
        if value.value.startswith(("https://", "http://")):
            return Shown(phrases.address(value.value), value.value)
        if DATE.fullmatch(value.value) and not is_number(value):
            return Shown(phrases.date(value.value))
        if not value.value:
            return None
    return found


def drawn(table: Table, view: str, title: str) -> tuple[Markup, str] | None:
    """The picture that a question's head asks for (`bars`, `columns`, `time`) and its caption; None without numbers."""
    numeric = [column for column in table.columns if column.numeric]
    if not numeric or not table.rows:
        return None
    number = next((column for column in numeric if column.variable in {"count", "number", "total"}), numeric[0])
    if view == "time":
        return _over_time(table, number, title)
    names = [place for place, column in enumerate(table.columns) if not column.numeric]
    if not names or view not in {"bars", "columns"}:
        return None
    bars = []
    for row, cells in zip(table.rows, table.cells, strict=True):
        name = cells[names[0]]
        if number.variable in row and name is not None:
            bars.append(
                charts.Bar(name.text, float(row[number.variable].value), href="" if name.foreign else name.href)
            )
    return (charts.bars(bars[:30], title) if view == "bars" else charts.columns(bars[:60], title)), title


def _started(text: str) -> str:
    """With a capital letter first, the rest as it is."""
    return text[:1].upper() + text[1:]


def is_bytes(row: Mapping[str, Value]) -> bool:
    """Whether the row counts bytes."""
    return "measure" in row and row["measure"].value.endswith("#sizeInBytes")


def _over_time(table: Table, number: Column, title: str) -> tuple[Markup, str] | None:
    """The thing and measure with the most dates among the rows."""
    dated = [(row, str(row["date"].value)) for row in table.rows if "date" in row and number.variable in row]
    if not dated:
        return None
    keys = [name for name in ("thing", "measure") if name in dated[0][0]]

    def key(row: dict[str, Value]) -> tuple[str, ...]:
        return tuple(str(row[name]) for name in keys if name in row)

    groups: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for row, date in dated:
        if DATE.fullmatch(date):
            groups.setdefault(key(row), []).append((date, int(float(row[number.variable].value))))
    longest = max(groups.values(), key=lambda points: len({date for date, _ in points}), default=[])
    if len({date for date, _ in longest}) < 2:
        return None
    chosen = next(name for name, points in groups.items() if points is longest)
    row = next(row for row, _ in dated if key(row) == chosen)
    words = [row[name].value for name in ("measureName", "title") if name in row]
    unit = "bytes" if is_bytes(row) else ""
    return charts.over_time(
        charts.Series(title, tuple(sorted(set(longest))), unit), " of ".join(words) or title
    ), _started(" of ".join(words)) or title
