"""The inside of a worker process: one query at a time, from a socket to a socket, until the other side is gone.

Runs with a store that is already loaded. It is expected to be killed at any moment, by its front at the deadline or
by the engine itself when memory or stack runs out: nothing here cleans up.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pyoxigraph
from pyoxigraph import NamedNode, QueryBoolean, QueryResultsFormat, QuerySolutions, RdfFormat, Store

from graph_service.engine import confinement, guard, ordering
from graph_service.engine.frames import (
    END,
    END_FRAME,
    FAILURE_FRAME,
    HEAD_FRAME,
    LENGTH,
    PART_BYTES,
    PART_FRAME,
    Limits,
    Task,
    frame,
)
from graph_service.errors import (
    NotAcceptable,
    QueryMemory,
    QuerySyntax,
    ServiceRefused,
    SurveyError,
    TooLarge,
    UpdateRefused,
)

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

RESULT_FORMATS = {
    "json": QueryResultsFormat.JSON,
    "xml": QueryResultsFormat.XML,
    "csv": QueryResultsFormat.CSV,
    "tsv": QueryResultsFormat.TSV,
}
GRAPH_FORMATS = {
    "ttl": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "nq": RdfFormat.N_QUADS,
    "trig": RdfFormat.TRIG,
    "jsonld": RdfFormat.JSON_LD,
    "rdf": RdfFormat.RDF_XML,
}
LARGEST_FRAME = 4 * PART_BYTES
"""One long literal is written at once; cut in pieces, the front need not hold all of it, nor put it together."""

_ROW_MARKS = {"json": b'}},{"', "xml": b"<result>", "csv": b"\r\n", "tsv": b"\n", "nt": b"\n", "nq": b"\n"}
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_POSITION = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)


class Outlet:
    """A file that the engine writes an answer to: whole parts go out as frames, and limits are counted.

    The first part is held back until it is full or the answer ends, so that a small answer is told whole and a failure
    before that can still be told as one.
    """

    def __init__(self, write: Callable[[bytes], None], head: bytes, name: str, limits: Limits) -> None:
        self._write = write
        self._head = frame(HEAD_FRAME, head)
        self._parts: list[bytes] = []
        self._held = 0
        self._limits = limits
        self._mark = _ROW_MARKS.get(name, b"")
        self._is_xml = name in ("xml", "rdf")
        self._rows = 0
        self._bytes = 0
        self._cut = b""

    def write(self, data: bytes) -> int:
        self._parts.append(data)
        self._held += len(data)
        if self._held >= PART_BYTES:
            self._write(self._take(last=False))
        return len(data)

    def flush(self) -> None:
        """Nothing: parts go out when they are full."""

    def _take(self, last: bool) -> bytes:
        part = b"".join(self._parts)
        self._parts.clear()
        self._held = 0
        if self._is_xml:
            part = self._cleaned(part, last)
        self._bytes += len(part)
        if self._limits.bytes and self._bytes > self._limits.bytes:
            raise TooLarge(f"The answer is larger than {self._limits.bytes:,} bytes.", limit=self._limits.bytes)
        if self._limits.rows and self._mark:
            self._rows += part.count(self._mark)
            if self._rows > self._limits.rows + 1:
                raise TooLarge(f"The answer has more than {self._limits.rows:,} rows.", limit=self._limits.rows)
        head, self._head = self._head, b""
        if len(part) <= LARGEST_FRAME:
            return head + frame(PART_FRAME, part)
        pieces = [part[place : place + PART_BYTES] for place in range(0, len(part), PART_BYTES)]
        return head + b"".join(frame(PART_FRAME, piece) for piece in pieces)

    def _cleaned(self, part: bytes, last: bool) -> bytes:
        """Characters that XML 1.0 cannot hold, as U+FFFD: the document stays well-formed."""
        part = self._cut + part
        self._cut = b""
        if not last and (ending := part[-2:].rfind(b"\xef")) >= 0:
            ending += max(len(part) - 2, 0)
            part, self._cut = part[:ending], part[ending:]
        return _NOT_XML.sub(b"\xef\xbf\xbd", part)

    def close(self, began: float, retire: bool) -> None:
        """Send what is held and the end, in one write."""
        spent = min(int((time.perf_counter() - began) * 1e6), 0xFFFFFFFF)
        self._write(self._take(last=True) + frame(END_FRAME, END.pack(spent, retire)))


def ask(
    store: Store, query: guard.Query, default_graphs: list[str] | None, named_graphs: list[str] | None, **more: Any
) -> pyoxigraph.QuerySolutions | pyoxigraph.QueryBoolean | pyoxigraph.QueryTriples:
    """The engine's answer to a query that the guard has examined; without any the default graph is the union of all.

    Raises `QuerySyntax` with line and column, and `UpdateRefused`.
    """
    dataset: dict[str, Any] = {"use_default_graph_as_union": not query.has_dataset}
    if default_graphs is not None or named_graphs is not None:
        dataset = {
            "default_graph": [NamedNode(each) for each in default_graphs or ()],
            "named_graphs": [NamedNode(each) for each in named_graphs or ()],
        }
    if query.ordered is not None:
        with contextlib.suppress(SyntaxError):  # told below, with positions in the text as it was sent
            return store.query(query.ordered, custom_functions={ordering.KEY: ordering.key}, **dataset, **more)
    try:
        return store.query(query.text, **dataset, **more)
    except SyntaxError as error:
        raise describe(error, query.text) from None


def describe(error: SyntaxError, text: str) -> SurveyError:
    """The engine's complaint, with line and column as members; an update is told apart from a broken query."""
    if guard.is_update(text):
        return UpdateRefused("The survey is read-only: SPARQL Update is refused here. It changes by pull request.")
    match = _POSITION.match(str(error))
    if match is None:
        return QuerySyntax(str(error))
    line, column, expected = int(match[1]), int(match[2]), " ".join(match[3].split())
    if len(expected) > 300:
        expected = expected[:300] + " …"
    return QuerySyntax(f"Line {line}, column {column}: {expected}", line=line, column=column)


def answer(
    store: Store, task: Task, limits: Limits, write: Callable[[bytes], None], retire: Callable[[], bool]
) -> None:
    """Evaluate one task and write its frames. Raises `SurveyError` for what can be told to a person."""
    began = time.perf_counter()
    if task.is_examined:
        query = guard.Query(task.query, task.query, task.has_dataset)
    else:
        query = guard.examine(task.query, nesting=limits.nesting, chain=limits.chain)
    result = ask(store, query, task.default_graphs, task.named_graphs)
    if isinstance(result, QuerySolutions):
        kind, name = b"s", task.results
    elif isinstance(result, QueryBoolean):
        kind, name = b"a", task.booleans
    else:
        kind, name = b"g", task.graphs
    if not name:
        raise NotAcceptable("The answer to this query cannot be written in any of the accepted media types.")
    outlet = Outlet(write, kind + name.encode(), name, limits)
    writer: Any = GRAPH_FORMATS[name] if kind == b"g" else RESULT_FORMATS[name]
    result.serialize(cast("Any", outlet), format=writer)
    outlet.close(began, retire())


def serve(read_fd: int, write_fd: int, store: Store, limits: Limits, files: int = 0) -> None:
    """Answer tasks until the other side closes."""
    _lock_up(limits.memory, files)
    reader = os.fdopen(read_fd, "rb", closefd=False)

    def write(data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(write_fd, view) :]

    def retire() -> bool:
        return bool(limits.memory) and _peak() > started + limits.memory // 4

    started = _peak()
    while len(length := reader.read(LENGTH.size)) == LENGTH.size:
        body = reader.read(*LENGTH.unpack(length))
        try:
            answer(store, Task(*json.loads(body)), limits, write, retire)
        except SurveyError as error:
            _fail(write, error)
        except MemoryError:
            _fail(write, QueryMemory(f"The query needs more than {limits.memory:,} bytes of memory."))
        except (BrokenPipeError, ConnectionResetError):
            return
        except OSError as error:
            _fail(write, _second_lock(error))
        except (RuntimeError, ValueError) as error:  # what the engine says of a query that it cannot evaluate
            _fail(write, QuerySyntax(str(error)))


def _second_lock(error: OSError) -> SurveyError:
    """A connection that was tried past the guard and failed for want of a file descriptor."""
    return ServiceRefused(f"This query tried to open a connection, which is not possible here ({error}).")


def _fail(write: Callable[[bytes], None], error: SurveyError) -> None:
    write(frame(FAILURE_FRAME, json.dumps([error.code, error.message, error.extra]).encode()))


def _peak() -> int:
    """The most memory that this process has held so far, in bytes."""
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _lock_up(memory: int, files: int = 0) -> None:
    """Take away what a query does not need: new file descriptors, core files, memory without end."""
    if resource is None:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory and sys.platform == "linux":
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory, mapped + memory))
    if files and confinement.is_possible():  # a store on disk is opened file by file: no connections by another lock
        confinement.confine()
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


def main(arguments: list[str]) -> None:
    """`python -m graph_service.engine.worker LIMITS FILE`: a spawned worker, for platforms that cannot fork."""
    from graph_service.engine.zygote import files_of, load

    limits = Limits(*json.loads(arguments[0]))
    store = load(arguments[1])
    out = os.dup(1)
    os.dup2(2, 1)
    os.write(out, b"!")  # loaded
    serve(0, out, store, limits, files_of(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
