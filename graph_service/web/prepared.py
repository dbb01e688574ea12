"""A request made ready for a worker: the task as it is sent, and how its answer is named in caches.

The same request always makes the same thing, so these are kept, and popular queries are read only once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from graph_service.engine import guard
from graph_service.engine.frames import Task
from graph_service.errors import NotAcceptable
from graph_service.formats import BOOLEANS, GRAPHS, HTML, JSON, RESULTS, Format, negotiate
from graph_service.web.protocol import Asked, Head

Key = tuple[str | None, ...]

_DATA = (*RESULTS, *GRAPHS)


@dataclass(frozen=True)
class Prepared:
    """What a request asks, in which formats it may be answered, and whether a person is to see it."""

    asked: Asked
    task: Task | None
    shows_page: bool
    digest: str

    @cached_property
    def packed(self) -> bytes:
        """The task as a worker reads it."""
        assert self.task is not None
        return self.task.packed()

    @cached_property
    def is_volatile(self) -> bool:
        """Whether the answer must not be kept."""
        return self.task is None or guard.is_volatile(self.task.query)

    @cached_property
    def key(self) -> Key:
        """What decides on the bytes of the answer, besides the release."""
        task = self.task
        assert task is not None
        graphs = [None if each is None else "\n".join(each) for each in (task.default_graphs, task.named_graphs)]
        return (task.query, *graphs, task.results, task.booleans, task.graphs)

    @cached_property
    def etags(self) -> dict[str, str]:
        """The validator of the answer in each format that it may come in; empty for a volatile one."""
        if self.is_volatile:
            return {}
        question = blake2b(digest_size=16)
        for part in (self.digest, *self.key[:3]):
            question.update(b"*" if part is None else part.encode("utf-8", "surrogatepass"))
            question.update(b"\0")
        found = {}
        for name in set(self.key[3:]):
            if name:
                each = question.copy()
                each.update(name.encode())
                found[name] = each.hexdigest()
        return found


def prepare(asked: Asked, head: Head, digest: str) -> Prepared:
    """The request, ready. Raises `NotAcceptable` when no kind of answer could be written as the client wants it."""
    shows_page = prefers_page(head, asked)
    if asked.query is None:
        return Prepared(asked, None, shows_page, digest)
    if shows_page:
        names = ("json", "json", "ttl")
    elif asked.format is not None:
        names = _override(asked.format)
    else:
        names = _negotiated(head.accept)
    return Prepared(asked, Task(asked.query, *names, *asked.dataset), shows_page, digest)


def prefers_page(head: Head, asked: Asked | None = None) -> bool:
    """Whether HTML outranks every form of data."""
    if asked is not None and asked.format is not None:
        return asked.format is HTML
    return head.accept is not None and "html" in head.accept and negotiate(head.accept, (*_DATA, HTML)) is HTML


def _negotiated(accept: str | None) -> tuple[str, str, str]:
    """The formats of solutions, booleans and graphs that the client likes best; empty where it takes none."""
    results, graphs = negotiate(accept, RESULTS), negotiate(accept, GRAPHS)
    booleans = negotiate(accept, BOOLEANS) or (JSON if results is not None else None)
    if results is None and graphs is None:
        raise NotAcceptable("Answers are written as " + ", ".join(each.media_type for each in _DATA) + ".")
    return results.name if results else "", booleans.name if booleans else "", graphs.name if graphs else ""


def _override(chosen: Format) -> tuple[str, str, str]:
    """The formats of solutions, booleans and graphs that `?format=` means."""
    results = chosen.name if chosen in RESULTS else ""
    booleans = chosen.name if chosen in BOOLEANS else "json" if results else ""
    graphs = {"json": "jsonld", "xml": "rdf"}.get(chosen.name, chosen.name if chosen in GRAPHS else "")
    return results, booleans, graphs
