"""Checks records that strangers send, in a process of its own that is ended when it takes too long.

The process reads the survey once and then answers one record after another; it is started at the first record and
again after it had to be ended.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from graph_service.errors import BadRequest, Busy, QueryTimeout, TooLarge
from graph_service.problems import Problem
from graph_service.records import SLUG
from graph_service.survey import Files
from graph_service.terms import KINDS

LARGEST = 200_000
DEEPEST = 20
"""Nested brackets; a record in style has none, and deep nesting is how parsers are broken."""

MOST = 200
"""Problems of one record that are told; a broken one can have thousands."""

WAITING = 8
"""Records that are checked or wait for it; each holds a thread, of which pages need some."""


def work(files: Files, pipe: Connection) -> None:
    """Answers one record after another until the pipe closes: kind, slug, text → problems."""
    from graph_service.checker import Checker

    checker = Checker(files)
    pipe.send(None)
    with tempfile.TemporaryDirectory(prefix="imaging-survey-check-") as folder:
        while True:
            try:
                kind, slug, text = pipe.recv()
            except EOFError:
                return
            path = Path(folder) / kind / f"{slug}.ttl"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            found = checker.check(path)
            path.unlink()
            told = [(each.line, each.column, each.rule, each.message.replace(folder, "")) for each in found[:MOST]]
            if len(found) > MOST:
                told.append(
                    (found[MOST].line, 1, "more", f"{len(found) - MOST:,} more problems follow; mend these first.")
                )
            pipe.send(told)


class Checking:
    """The one checking process of a service; `problems` may be called from any thread."""

    def __init__(self, files: Files, seconds: float = 10.0, start_seconds: float = 60.0) -> None:
        self.files = files
        self.seconds = seconds
        self.start_seconds = start_seconds
        self._one_at_a_time = threading.Lock()
        self._places = threading.BoundedSemaphore(WAITING)
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def problems(self, kind: str, slug: str, text: str) -> list[Problem]:
        """What is wrong with a record; raises `BadRequest`, `TooLarge`, `QueryTimeout` or `Busy`."""
        self.place(kind, slug)
        if len(text.encode()) > LARGEST:
            raise TooLarge(f"the record has {len(text.encode()):,} bytes; at most {LARGEST:,} are checked here.")
        if nesting(text) > DEEPEST:
            raise BadRequest(f"brackets are nested more than {DEEPEST} deep; a record needs none.")
        if not self._places.acquire(blocking=False):
            raise Busy("Too many records are being checked.", headers={"Retry-After": "5"})
        try:
            return self._checked(kind, slug, text)
        finally:
            self._places.release()

    def _checked(self, kind: str, slug: str, text: str) -> list[Problem]:
        with self._one_at_a_time:
            pipe = self._running()
            pipe.send((kind, slug, text))
            if not pipe.poll(self.seconds):
                self._end()
                raise QueryTimeout(f"checking the record took longer than {self.seconds:g} seconds.")
            try:
                found = pipe.recv()
            except EOFError:
                self._end()
                raise BadRequest("the record cannot be checked; it ended the checking process.") from None
        return [Problem(self.place(kind, slug), *each) for each in found]

    @staticmethod
    def place(kind: str, slug: str) -> Path:
        """Where a record lies below `records/`; raises `BadRequest` for names that none can have."""
        if kind not in KINDS:
            raise BadRequest(f"`{kind}` is no kind of record; there are {', '.join(KINDS)}.", parameter="kind")
        if not SLUG.fullmatch(slug) or len(slug) > 100:
            raise BadRequest(
                f"`{slug[:100]}` is no slug; use lower-case letters, digits and hyphens.", parameter="slug"
            )
        return Path(kind) / f"{slug}.ttl"

    def _running(self) -> Connection:
        if self._process is None or not self._process.is_alive() or self._pipe is None:
            self._end()
            # A fresh interpreter: forking a server that runs threads is not safe.
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            self._process = context.Process(target=work, args=(self.files, theirs), daemon=True)
            self._process.start()
            theirs.close()
            self._pipe = ours
            if not ours.poll(self.start_seconds):
                self._end()
                raise QueryTimeout("the checking process did not start in time; please try again.")
            ours.recv()
        assert self._pipe is not None
        return self._pipe

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def close(self) -> None:
        """Ends the process."""
        with self._one_at_a_time:
            self._end()


def nesting(text: str) -> int:
    """The deepest nesting of square and round brackets, wherever they stand."""
    deepest = depth = 0
    for sign in text:
        if sign in "[(":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "])":
            depth -= 1
    return deepest
