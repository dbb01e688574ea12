"""Answers of queries as text for people: a table, CSV, JSON, Turtle."""

from __future__ import annotations

from typing import Any

import pyoxigraph as ox
from rich.console import Console
from rich.table import Table
from rich.text import Text

from graph_service.errors import BadParameter
from graph_service.terms import PREFIXES, shorten

RESULTS = {
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
}
GRAPHS = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}


def shown(term: Any) -> str:
    """A term as a person reads it: a prefixed name, or a literal without its quotes."""
    if term is None:
        return ""
    if isinstance(term, ox.NamedNode):
        name = shorten(term.value)
        return name if not name.startswith("<") else term.value
    return str(getattr(term, "value", term))


def write(answer: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples, form: str, console: Console) -> int:
    """Prints an answer and returns its number of rows; raises `BadParameter` when the form does not fit the answer."""
    if isinstance(answer, ox.QueryTriples):
        kind = GRAPHS.get("ttl" if form == "table" else form)
        if kind is None:
            raise BadParameter(f"a graph is written as {', '.join(GRAPHS)}, not as `{form}`.", parameter="format")
        triples = list(answer)
        console.file.write((ox.serialize(triples, format=kind, prefixes=PREFIXES) or b"").decode())
        return len(triples)
    if form != "table":
        if form not in RESULTS:
            raise BadParameter(f"rows are written as table, {', '.join(RESULTS)}, not as `{form}`.", parameter="format")
        console.file.write((answer.serialize(format=RESULTS[form]) or b"").decode())
        return -1
    if isinstance(answer, ox.QueryBoolean):
        console.out("yes" if answer else "no")
        return 1
    table = Table(header_style="bold")
    for variable in answer.variables:
        table.add_column(variable.value, overflow="fold")
    rows = 0
    for row in answer:
        rows += 1
        table.add_row(*(Text(shown(row[variable])) for variable in answer.variables))
    console.print(table)
    console.print(f"{rows} row{'' if rows == 1 else 's'}", style="dim")
    return rows
