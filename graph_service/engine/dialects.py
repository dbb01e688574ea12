"""How SPARQL endpoints of other makers are spoken to, and what they say made what the standard says.

A request is always a form by POST with the dataset spelled out; results are asked for as XML and graphs as N-Triples,
which all of them write best. What is known of each engine's faults stands here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import pyoxigraph as ox

from graph_service.engine import guard, rewriting
from graph_service.engine.frames import Task
from graph_service.engine.rewriting import Rewrite, Rewriter
from graph_service.engine.scanner import Token, decode_escapes, readings
from graph_service.errors import Busy, QuerySyntax, QueryTimeout, ServiceFailed, SurveyError, TooLarge
from graph_service.terms import BASE

MARK = f"{BASE}ontology#releaseDigest"
"""What a release's graph says of itself when all of it is there."""

XML, TRIPLES = "application/sparql-results+xml", "application/n-triples"
TOLD = 300
_POSITION = re.compile(r"line[: ]+(\d+)(?:\D+(?:column|col)[: ]+(\d+))?", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """One maker's engine: what is rewritten in its answers to a query, how its limits show, and how it says that a query is wrong."""

    name: str
    rewrite: Callable[[str], Rewrite] | None = None
    cut_headers: tuple[str, ...] = ()
    syntax: re.Pattern[str] = re.compile("parse|syntax|malformed|lexical|expected", re.IGNORECASE)
    timeout: re.Pattern[str] = re.compile("time ?out|timed out|time limit|cancel", re.IGNORECASE)

    def failure(self, status: int, body: str, limit: float) -> SurveyError:
        """What a client is told about an answer that is none; the engine's own words are cut short."""
        said = " ".join(body.split())
        said = said.partition(" SPARQL query: ")[0][:TOLD]
        if self.timeout.search(said) or status in (408, 504):
            return QueryTimeout(f"The query took longer than {limit:g} s.", limit=limit)
        if status in (429, 503):
            return Busy("The engine is busy.", headers={"Retry-After": "5"})
        if status == 400 or self.syntax.search(said):
            place = _POSITION.search(said)
            line, column = (int(place[1]), int(place[2]) if place[2] else None) if place else (None, None)
            return QuerySyntax(said or "The engine refused the query.", line=line, column=column)
        return ServiceFailed(f"The engine failed on this query (HTTP {status}): {said}")

    def rewriter(self, asked: Request) -> Rewriter | None:
        """What makes the answer to a request standard; None where nothing has to be done."""
        if self.rewrite is None:
            return None
        return Rewriter(self.rewrite(asked.text), b"\n" if asked.kind == "g" else b"</result>")

    def check(self, headers: Mapping[str, str]) -> None:
        """Raises `TooLarge` where the engine tells in a header that it left something out of an answer that looks whole."""
        for name in self.cut_headers:
            if name in headers:
                raise TooLarge(f"The engine cut the answer off ({name}: {headers[name]}); ask for less with LIMIT.")


GENERIC = Dialect("generic")
VIRTUOSO = Dialect(
    "virtuoso",
    rewrite=rewriting.virtuoso,
    cut_headers=("x-sql-state", "x-sparql-maxrows"),
    syntax=re.compile(r"Virtuoso (37000|22023|RDFXX|SP0\d\d)", re.IGNORECASE),
    timeout=re.compile(r"Virtuoso (S1T00|42000 Error The estimated execution time)|time ?out", re.IGNORECASE),
)
DIALECTS: dict[str, Dialect] = {each.name: each for each in (GENERIC, VIRTUOSO)}


def release_graph(digest: str) -> str:
    """The graph in which an engine holds all triples of a release once: its own for each release, so that both can be there."""
    return f"{BASE}release/{digest[:16]}/triples"


@dataclass(frozen=True)
class Request:
    """What is sent: the body of the form, and the media type that is wanted; the query's text again; `kind` is `s`, `a` or `g` as in `frames`."""

    body: bytes
    accept: str
    kind: str
    text: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with the body."""
        return {"Content-Type": "application/x-www-form-urlencoded", "Accept": self.accept}


def request(
    task: Task, whole: Sequence[str], named: Sequence[str], limits: tuple[int, int] = (guard.NESTING, guard.CHAIN)
) -> Request:
    """The request for a task; `whole` are the graphs that together are the default graph, `named` those that GRAPH may name.

    Raises `QueryTooDeep` and `ServiceRefused`: an engine is sent only what our own would be.
    """
    text = task.query
    if not task.is_examined:
        text = guard.examine(text, nesting=limits[0], chain=limits[1]).text
    way = readings(decode_escapes(text))[0]
    fields = [("query", text)]
    if task.default_graphs is not None or task.named_graphs is not None:
        fields += [("default-graph-uri", each) for each in task.default_graphs or ()]
        fields += [("named-graph-uri", each) for each in task.named_graphs or ()]
    elif not any(each.is_word("FROM") for each in way):
        fields += [("default-graph-uri", each) for each in whole]
        if any(each.is_word("GRAPH") for each in way):
            fields += [("named-graph-uri", each) for each in named]
    kind = _kind(way)
    return Request(urlencode(fields).encode(), TRIPLES if kind == "g" else XML, kind, text)


def as_boolean(answer: ox.QuerySolutions | ox.QueryBoolean) -> ox.QueryBoolean:
    """The answer to ASK, also from an engine that writes it as one row with a number."""
    if isinstance(answer, ox.QueryBoolean):
        return answer
    row = next(iter(answer), None)
    truth = row is not None and getattr(row[0], "value", "0") in ("1", "true")
    made = ox.parse_query_results(f'{{"head":{{}},"boolean":{str(truth).lower()}}}', ox.QueryResultsFormat.JSON)
    assert isinstance(made, ox.QueryBoolean)
    return made


def _kind(way: list[Token]) -> str:
    """Which kind of answer a query has, by its first word after the prologue; an update or nonsense counts as a SELECT."""
    place = guard.prologue_end(way) if way else 0
    word = next((each for each in way if each.start >= place), None)
    if word is None or not word.is_word("ASK", "CONSTRUCT", "DESCRIBE"):
        return "s"
    return "a" if word.is_word("ASK") else "g"
