"""Triples as text by the million: polars expressions that give whole lines of N-Triples or N-Quads.

An object is an expression that is null where nothing is said. A block is all lines about the rows of a frame, subject
by subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import polars as pl

from graph_service.triples import expand

XSD = "http://www.w3.org/2001/XMLSchema#"
ROWS = 20_000
"""Rows of a frame that are written at once: some 50 MB of text."""


def iri(value: pl.Expr) -> pl.Expr:
    """Whole IRIs as nodes."""
    return pl.concat_str(pl.lit("<"), value, pl.lit(">"))


def node(name: str) -> pl.Expr:
    """The same node everywhere, by its prefixed name."""
    return pl.lit(f"<{expand(name)}>")


def text(value: pl.Expr) -> pl.Expr:
    """Plain strings; what N-Triples must escape is escaped, and a control character becomes U+FFFD."""
    value = value.str.replace_all(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "\ufffd")
    for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        value = value.str.replace_all(raw, escaped, literal=True)
    return pl.concat_str(pl.lit('"'), value, pl.lit('"'))


def typed(value: pl.Expr, datatype: str) -> pl.Expr:
    """Literals of an XSD type, from values without signs to escape."""
    return pl.concat_str(pl.lit('"'), value, pl.lit(f'"^^<{XSD}{datatype}>'))


def mapped(value: pl.Expr, names: Mapping[str, str]) -> pl.Expr:
    """The node for each value of a small set; null for others."""
    known = {each: f"<{name}>" for each, name in names.items()}
    return value.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)


def quoted(values: pl.Series) -> dict[str, str]:
    """Each distinct value as it stands in the path of an IRI."""
    return {value: quote(value, safe="-._~") for value in values.drop_nulls().unique()}


@dataclass(frozen=True)
class Several:
    """Objects as a list in each row: one line for each of them."""

    values: pl.Expr


Statement = tuple[str, pl.Expr | Several]
"""A predicate's name and an object, or several."""


def blocks(
    frame: pl.DataFrame, subject: pl.Expr, statements: Iterable[Statement], graph: str | None = None
) -> Iterator[bytes]:
    """The lines about the rows of a frame, in parts; with a graph they are N-Quads."""
    ending = pl.lit(" .\n" if graph is None else f" <{graph}> .\n")
    lines = [_line(f" <{expand(name)}> ", value, ending) for name, value in statements]
    whole = pl.concat_str(lines, ignore_nulls=True)
    for part in frame.iter_slices(ROWS):
        said = part.with_columns(subject.alias("subject")).select(whole.alias("lines"))["lines"]
        yield said.str.join("").item().encode()


def _line(predicate: str, value: pl.Expr | Several, ending: pl.Expr) -> pl.Expr:
    if isinstance(value, Several):
        between = pl.concat_str(ending, "subject", pl.lit(predicate))
        value = pl.when(value.values.list.len() > 0).then(value.values.list.join(between))
    return pl.concat_str("subject", pl.lit(predicate), value, ending)
