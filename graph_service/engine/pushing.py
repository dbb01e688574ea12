"""A release into another engine, through the SPARQL 1.1 Graph Store Protocol.

Its merged triples go into one graph named after the release, so that a release that is being served is never touched;
the named graphs of the survey follow. Large imports are sent in parts. Only when all is there does the engine have
something in the graph that the service asks for first: the last part is the one that says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pyoxigraph as ox

from graph_service.engine.dialects import release_graph
from graph_service.errors import DataError
from graph_service.settings import Settings

PART = 16 * 1024 * 1024
"""Bytes of N-Triples in one request."""

TRIPLES = "application/n-triples"


def push(
    folder: Path, store: str, settings: Settings, progress: Callable[[str], None] = lambda step: None, *, named: bool = True
) -> int:
    """Sends a release's served graph, and its named graphs where wanted; how many triples went into the merged graph.

    `store` is the address of the engine's graph store. Raises `DataError` where the engine refuses.
    """
    from graph_service.dataset import Built

    built = Built(folder)
    graph = release_graph(built.digest)
    sender = Sender(store, settings)
    quads = list(built.quads())
    merged = {ox.Triple(quad.subject, quad.predicate, quad.object) for quad in quads}
    lines = (f"{triple} .\n".encode() for triple in sorted(merged, key=str))
    if named:
        graphs: dict[str, list[ox.Triple]] = {}
        for quad in quads:
            if isinstance(quad.graph_name, ox.NamedNode):
                graphs.setdefault(quad.graph_name.value, []).append(ox.Triple(quad.subject, quad.predicate, quad.object))
        for place, (name, triples) in enumerate(sorted(graphs.items())):
            progress(f"sending named graph {place + 1} of {len(graphs)}")
            sender.put(name, ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"")
    sent = sender.fill(graph, lines, lambda done: progress(f"sending {done:,} of {built.triples:,} triples"))
    if built.store is not None:
        seen = {str(name) for name in graphs_of(built.store)}
        more = (line for line in large(built.store, seen))
        sent += sender.fill(graph, more, lambda done: progress(f"sending {done:,} more triples"), first=False)
    return sent


def graphs_of(store: Path) -> list[ox.NamedNode]:
    """The named graphs of a store on disk."""
    return [each for each in ox.Store.read_only(str(store)).named_graphs() if isinstance(each, ox.NamedNode)]


def large(store: Path, skip: set[str]) -> Iterator[bytes]:
    """The triples of a store on disk that are no part of the survey, as lines."""
    opened = ox.Store.read_only(str(store))
    for place in (ox.DefaultGraph(), ox.NamedNode("https://w3id.org/imaging-survey/graph/idc")):
        for quad in opened.quads_for_pattern(None, None, None, place):
            yield f"{quad.subject} {quad.predicate} {quad.object} .\n".encode()


class Sender:
    """The client of one graph store."""

    def __init__(self, store: str, settings: Settings) -> None:
        self._store = store
        self._user, self._password = settings.engine_user, settings.engine_password.get_secret_value()
        self._client = httpx.Client(timeout=600.0, trust_env=False)
        if self._user:
            self._client.auth = httpx.DigestAuth(self._user, self._password)

    def put(self, graph: str, lines: bytes) -> None:
        """The whole content of a graph, in place of what it had."""
        self._send("PUT", graph, lines)

    def fill(self, graph: str, lines: Iterator[bytes], progress: Callable[[int], None], *, first: bool = True) -> int:
        """The content of a graph in parts; how many lines it had."""
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
        try:
            answer = self._client.request(method, self._store, params={"graph": graph}, content=lines, headers=headers)
            if answer.status_code == 401 and self._user:
                self._client.auth = httpx.BasicAuth(self._user, self._password)
                answer = self._client.request(method, self._store, params={"graph": graph}, content=lines, headers=headers)
        except httpx.HTTPError as error:
            raise DataError(f"{self._store} does not take the release: {error}") from error
        if answer.status_code >= 300:
            raise DataError(f"{self._store} refuses <{graph}>: HTTP {answer.status_code} {answer.text[:300]}")


def manifest_of(folder: Path) -> str:
    """The manifest of a release as text, for a look at what would be pushed."""
    return json.dumps(json.loads((folder / "manifest.json").read_text(encoding="utf-8")), indent=1)
