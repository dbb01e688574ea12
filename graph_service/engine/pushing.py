"""A release into another engine, through the SPARQL 1.1 Graph Store Protocol.

Its triples go, each once, into one graph named after the release, so that a release that is being served is never
touched; the named graphs of the survey follow. A service serves that graph only when it bears the mark that is sent last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import httpx
import pyoxigraph as ox

from graph_service.engine.dialects import MARK, release_graph
from graph_service.errors import DataError
from graph_service.settings import Settings
from graph_service.terms import GRAPH

PART = 16 * 1024 * 1024
"""Bytes of N-Triples in one request."""

TRIPLES = "application/n-triples"
Progress = Callable[[str], None]


def push(
    folder: Path, store: str, settings: Settings, progress: Progress = lambda step: None, *, named: bool = True
) -> int:
    """Sends a release to the graph store at an address; how many triples its graph there has.

    `named` sends the survey's named graphs too. Raises `DataError` where the engine refuses.
    """
    from graph_service.dataset import Built

    built = Built(folder)
    more = large(built.store) if built.store is not None else iter(())
    with contextlib.closing(Sender(store, settings)) as sender:
        return push_quads(built.quads(), more, built.digest, sender, progress, named=named)


def push_quads(
    quads: Iterable[ox.Quad],
    more: Iterator[bytes],
    digest: str,
    sender: Sender,
    progress: Progress = lambda step: None,
    *,
    named: bool = True,
) -> int:
    """The same from quads and further lines of N-Triples, for the release of a digest."""
    said = list(quads)
    graph = release_graph(digest)
    merged = sorted({f"{quad.subject} {quad.predicate} {quad.object} .\n" for quad in said})
    sent = sender.fill(graph, (line.encode() for line in merged), lambda done: progress(f"sending {done:,} triples"))
    sent += sender.fill(graph, more, lambda done: progress(f"sending {done:,} more triples"), first=False)
    if named:
        graphs: dict[str, list[ox.Triple]] = {}
        for quad in said:
            if isinstance(quad.graph_name, ox.NamedNode):
                graphs.setdefault(quad.graph_name.value, []).append(
                    ox.Triple(quad.subject, quad.predicate, quad.object)
                )
        for place, (name, triples) in enumerate(sorted(graphs.items()), 1):
            progress(f"sending named graph {place} of {len(graphs)}")
            sender.put(name, ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"")
    sender.add(graph, f'<{graph}> <{MARK}> "{digest}" .\n'.encode())
    return sent + 1


def large(store: Path) -> Iterator[bytes]:
    """The triples of a store on disk that are no part of the survey, as lines."""
    opened = ox.Store.read_only(str(store))
    for place in (ox.DefaultGraph(), ox.NamedNode(f"{GRAPH}idc")):
        for quad in opened.quads_for_pattern(None, None, None, place):
            yield f"{quad.subject} {quad.predicate} {quad.object} .\n".encode()


class Sender:
    """The client of one graph store, with HTTP digest or basic authentication where a user is set."""

    def __init__(self, store: str, settings: Settings) -> None:
        self._store = store
        self._user, self._password = settings.engine_user, settings.engine_password.get_secret_value()
        self._client = httpx.Client(timeout=600.0, trust_env=False)
        if self._user:
            self._client.auth = httpx.DigestAuth(self._user, self._password)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def put(self, graph: str, lines: bytes) -> None:
        """The whole content of a graph, in place of what it had."""
        self._send("PUT", graph, lines)

    def add(self, graph: str, lines: bytes) -> None:
        """More for a graph."""
        self._send("POST", graph, lines)

    def fill(self, graph: str, lines: Iterator[bytes], progress: Callable[[int], None], *, first: bool = True) -> int:
        """The content of a graph in parts, the first in place of what it had; how many lines there were."""
        part: list[bytes] = []
        size = done = 0
        for line in lines:
            part.append(line)
            size += len(line)
            if size > PART:
                self._send("PUT" if first else "POST", graph, b"".join(part))
                done += len(part)
                progress(done)
                part, size, first = [], 0, False
        if part or first:
            self._send("PUT" if first else "POST", graph, b"".join(part))
        return done + len(part)

    def _send(self, method: str, graph: str, lines: bytes) -> None:
        headers = {"Content-Type": TRIPLES}
        where = {"graph": graph}
        try:
            answer = self._client.request(method, self._store, params=where, content=lines, headers=headers)
            if answer.status_code == 401 and self._user:
                self._client.auth = httpx.BasicAuth(self._user, self._password)
                answer = self._client.request(method, self._store, params=where, content=lines, headers=headers)
        except httpx.HTTPError as error:
            raise DataError(f"{self._store} does not take the release: {error}") from error
        if answer.status_code >= 300:
            raise DataError(f"{self._store} refuses <{graph}>: HTTP {answer.status_code} {answer.text[:300]}")
