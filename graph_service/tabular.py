"""The survey as flat tables: archives, collections, software, one row a thing, and every fact ever observed, one row a
fact.

The tables of things hold what is known now: names and addresses, then a column for each dimension of that kind. A
concept or a thing is written as its short name (`ct`, `nci`); a count of which several latest values exist is the
largest of them; `facts` keeps them all, with date, source and certainty. CSV joins several values with ` | `; Parquet
keeps them as lists.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyoxigraph as ox
from arro3.core import Array, DataType, Table, list_array
from arro3.io import write_parquet

from graph_service.knowledge import DESCRIPTION, HOMEPAGE, SOURCE, TITLE, TYPE, Knowledge, survey
from graph_service.terms import BASE, FOREIGN, shorten

KINDS = {"archives": "archive", "collections": "collection", "software": "software"}
SEPARATOR = " | "
XSD = FOREIGN["xsd"]
Cell = str | int | bool | None | tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column: `type` is `text`, `texts`, `integer` or `boolean`."""

    name: str
    type: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """A table by columns of one length."""

    name: str
    columns: tuple[Column, ...]

    def csv(self) -> bytes:
        """As CSV (RFC 4180) with a header, in UTF-8."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(column.name for column in self.columns)
        writer.writerows(zip(*([_shown(cell) for cell in column.cells] for column in self.columns), strict=True))
        return text.getvalue().encode()

    def parquet(self) -> bytes:
        """As Parquet, compressed with Zstandard."""
        made = io.BytesIO()
        write_parquet(
            Table.from_pydict({column.name: _array(column) for column in self.columns}), made, compression="zstd(9)"
        )
        return made.getvalue()


def sheets(known: Knowledge) -> list[Sheet]:
    """All tables of the survey."""
    return [*(things(known, name, kind) for name, kind in KINDS.items()), facts(known)]


def things(known: Knowledge, name: str, kind: str) -> Sheet:
    """The things of a kind with what is known of them now."""
    iris = sorted(known.of_kind(kind))
    plain = {
        "id": [iri.rpartition("/")[2] for iri in iris],
        "iri": iris,
        "title": [known.text(iri, TITLE) for iri in iris],
        "description": [known.text(iri, DESCRIPTION) for iri in iris],
        "homepage": [next(iter(known.iris(iri, HOMEPAGE)), "") for iri in iris],
        "lastSeen": [known.text(iri, survey("lastSeen")) for iri in iris],
    }
    columns = [Column(column, "text", tuple(cell or None for cell in cells)) for column, cells in plain.items()]
    said = {predicate for iri in iris for predicate in known.facts.get(iri, {})}
    identity = [survey(word) for word in ("kind", "softwareRole", "scope", "notStated", "lacks")]
    dimensions = [each for each in known.dimensions if each in said and each != HOMEPAGE]
    shown = [*(each for each in identity if each in said), *dimensions]
    columns += [_column(known, iris, predicate) for predicate in shown]
    return Sheet(name, tuple(columns))


def facts(known: Knowledge) -> Sheet:
    """Every fact of every observation, in order of thing, date and observation."""
    names = (
        "thing",
        "kind",
        "observation",
        "asOf",
        "consulted",
        "source",
        "certainty",
        "statement",
        "property",
        "value",
        "label",
        "datatype",
    )
    rows: list[tuple[str | None, ...]] = []
    polar = {survey("lacks"): "no", survey("notStated"): "not stated"}
    observations = sorted(
        {subject for predicate, subject in known.pointers[survey("Observation")] if predicate == TYPE},
        key=lambda iri: (
            known.text(iri, survey("about")),
            known.text(iri, survey("asOf")) or known.text(iri, survey("consulted")),
            iri,
        ),
    )
    for iri in observations:
        about = known.text(iri, survey("about"))
        head = (
            about,
            about.removeprefix(BASE).partition("/")[0],
            iri,
            known.text(iri, survey("asOf")) or None,
            known.text(iri, survey("consulted")) or None,
            known.text(iri, SOURCE) or None,
            known.text(iri, survey("certainty")).rpartition("/")[2] or None,
        )
        for predicate, values in sorted(known.facts[iri].items()):
            if predicate not in known.dimensions and predicate not in polar:
                continue
            for value in sorted(values, key=str):
                if predicate in polar:
                    rows.append(
                        (
                            *head,
                            polar[predicate],
                            shorten(value.value).strip("<>"),
                            None,
                            known.label(value.value),
                            None,
                        )
                    )
                else:
                    rows.append(
                        (
                            *head,
                            "yes",
                            shorten(predicate).strip("<>"),
                            value.value,
                            _label(known, value),
                            _datatype(value),
                        )
                    )
    return Sheet(
        "facts", tuple(Column(name, "text", tuple(row[place] for row in rows)) for place, name in enumerate(names))
    )


def _label(known: Knowledge, value: ox.NamedNode | ox.Literal) -> str:
    return known.label(value.value) if isinstance(value, ox.NamedNode) else value.value


def _datatype(value: ox.NamedNode | ox.Literal) -> str:
    return "iri" if isinstance(value, ox.NamedNode) else value.datatype.value.replace(XSD, "xsd:").rpartition("#")[2]


def _column(known: Knowledge, iris: Sequence[str], predicate: str) -> Column:
    name = shorten(predicate).removeprefix("survey:").replace(":", "_")
    values = [known.values(iri, predicate) for iri in iris]
    ranges = {value.value for value in known.values(predicate, f"{FOREIGN['schema']}rangeIncludes")}
    if ranges and ranges <= {f"{XSD}{kind}" for kind in ("integer", "nonNegativeInteger", "positiveInteger")}:
        return Column(name, "integer", tuple(max((int(each.value) for each in some), default=None) for some in values))
    if ranges == {f"{XSD}boolean"}:
        return Column(
            name, "boolean", tuple(any(each.value == "true" for each in some) if some else None for some in values)
        )
    return Column(name, "texts", tuple(tuple(sorted(_short(each) for each in some)) for some in values))


def _short(value: ox.NamedNode | ox.Literal) -> str:
    if isinstance(value, ox.NamedNode) and value.value.startswith(BASE):
        return value.value.rpartition("/")[2].rpartition("#")[2]
    return value.value


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return SEPARATOR.join(cell) if isinstance(cell, tuple) else str(cell)


def _array(column: Column) -> Array:
    if column.type == "texts":
        return _lists([cell if isinstance(cell, tuple) else () for cell in column.cells])
    kind = {"text": DataType.utf8(), "integer": DataType.int64(), "boolean": DataType.bool()}[column.type]
    return Array(list(column.cells), type=kind)


def _lists(cells: Iterable[tuple[str, ...]]) -> Array:
    offsets: list[int] = [0]
    values: list[str] = []
    for cell in cells:
        values.extend(cell)
        offsets.append(len(values))
    return list_array(Array(offsets, type=DataType.int32()), Array(values, type=DataType.utf8()))
