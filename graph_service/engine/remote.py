"""Another SPARQL endpoint as an engine of ours: the same protocol, the same errors, terms as the standard has them.

`RemoteEngine` is for our own queries, from any thread. `remote_pool.RemotePool` is for strangers' queries.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import httpx
import pyoxigraph as ox

from graph_service import queries
from graph_service.engine import guard
from graph_service.engine.dialects import GENERIC, Dialect, Request, as_boolean, release_graph, request
from graph_service.engine.frames import Task
from graph_service.errors import QuerySyntax, QueryTimeout, ServiceFailed, UpdateRefused

if TYPE_CHECKING:
    from graph_service.engine import Answer, Term

COPY = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"


class RemoteEngine:
    """An engine at an address; `digest` is that of the release that was pushed there."""

    def __init__(
        self, address: str, digest: str, dialect: Dialect = GENERIC, *, named: Sequence[str] = (), seconds: float = 30.0
    ) -> None:
        self._address = address
        self._digest = digest
        self._dialect = dialect
        self._named = tuple(named)
        self._seconds = seconds
        self._client = httpx.Client(timeout=seconds, trust_env=False)

    @property
    def digest(self) -> str:
        """The release's digest."""
        return self._digest

    def query(
        self,
        sparql: str,
        *,
        substitutions: Mapping[ox.Variable, Term] | None = None,
        default_graphs: Sequence[str] | None = None,
        named_graphs: Sequence[str] | None = None,
    ) -> Answer:
        """The answer. Raises `QuerySyntax`, `UpdateRefused`, `QueryTimeout`, `TooLarge` and `ServiceFailed`."""
        if guard.is_update(sparql):
            raise UpdateRefused("The survey is read-only: SPARQL Update is refused here. It changes by pull request.")
        text = _bound(sparql, substitutions or {})
        defaults = list(default_graphs) if default_graphs is not None else None
        named = list(named_graphs) if named_graphs is not None else None
        asked = request(
            Task(text, default_graphs=defaults, named_graphs=named), [release_graph(self._digest)], self._named
        )
        return read(self._fetch(asked), asked, self._dialect)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _fetch(self, asked: Request) -> bytes:
        try:
            response = self._client.post(self._address, content=asked.body, headers=asked.headers)
        except httpx.TimeoutException:
            raise QueryTimeout(f"The query took longer than {self._seconds:g} s.", limit=self._seconds) from None
        except httpx.HTTPError as error:
            raise ServiceFailed(f"The engine did not answer: {error}") from error
        if response.status_code != 200:
            raise self._dialect.failure(response.status_code, response.text, self._seconds)
        self._dialect.check({name.lower(): value for name, value in response.headers.items()})
        return response.content


def read(body: bytes, asked: Request, dialect: Dialect) -> Answer:
    """A whole answer in pyoxigraph's terms. Raises `ServiceFailed` for one that cannot be read."""
    rewriter = dialect.rewriter(asked)
    if rewriter is not None:
        body = rewriter.feed(body) + rewriter.rest()
    try:
        if asked.kind == "g":
            store = ox.Store()
            store.bulk_load(io.BytesIO(body), format=ox.RdfFormat.N_TRIPLES, lenient=True)
            return store.query(COPY)
        answer = ox.parse_query_results(body, ox.QueryResultsFormat.XML)
        return as_boolean(answer) if asked.kind == "a" else answer
    except (SyntaxError, ValueError, OSError) as error:
        raise ServiceFailed(f"The engine's answer cannot be read: {error}") from error


def _bound(sparql: str, substitutions: Mapping[ox.Variable, Term]) -> str:
    """The query with values for variables, as VALUES at the start of its WHERE clause."""
    if not substitutions:
        return sparql
    place = queries.first_group(sparql)
    if place is None:
        raise QuerySyntax("A query with values for its variables has a WHERE clause.")
    blocks = "".join(f" VALUES {name} {{ {value} }}" for name, value in substitutions.items())
    return sparql[:place] + blocks + sparql[place:]
