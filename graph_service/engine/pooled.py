"""The pool that answers strangers as an engine for our own code in other threads: a deadline, and processes that can be killed.

For the predefined questions: their values come from strangers, and their data may be too large for this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pyoxigraph as ox

from graph_service.engine.frames import Task
from graph_service.engine.workers import WorkerPool
from graph_service.errors import Busy, QuerySyntax, TooLarge
from graph_service.settings import Settings

if TYPE_CHECKING:
    from graph_service.engine import Answer, Term

LARGEST = 64 * 1024 * 1024
"""Bytes of one answer that are taken into memory."""

MOST = 16
"""Questions that may run or wait at once; each holds a thread, of which pages need some."""

COPY = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"


class PooledEngine:
    """An engine once it is bound to a running pool; until then every query is refused as `Busy`."""

    def __init__(self) -> None:
        self._bound: tuple[WorkerPool, Settings, asyncio.AbstractEventLoop] | None = None
        self._share = asyncio.Semaphore()
        self._asked = 0

    def bind(self, pool: WorkerPool, settings: Settings) -> None:
        """Uses this pool, half of its workers at the most; called in its event loop."""
        self._bound = (pool, settings, asyncio.get_running_loop())
        self._share = asyncio.Semaphore(max(pool.size // 2, 1))

    @property
    def is_bound(self) -> bool:
        """Whether there is a pool to ask."""
        return self._bound is not None

    @property
    def digest(self) -> str:
        """The release's digest."""
        return self._bound[0].digest if self._bound is not None else ""

    def query(
        self,
        sparql: str,
        *,
        substitutions: Mapping[ox.Variable, Term] | None = None,
        default_graphs: Sequence[str] | None = None,
        named_graphs: Sequence[str] | None = None,
    ) -> Answer:
        """The answer, from any thread but the pool's own. Raises what the pool raises, and `TooLarge`."""
        if substitutions:
            raise QuerySyntax("Values for variables are bound in the text here.")
        if self._bound is None:
            raise Busy("The service is not ready.", headers={"Retry-After": "5"})
        pool, settings, loop = self._bound
        defaults = list(default_graphs) if default_graphs is not None else None
        named = list(named_graphs) if named_graphs is not None else None
        task = Task(sparql, "json", "json", "nt", defaults, named)
        kind, body = asyncio.run_coroutine_threadsafe(self._whole(pool, task, settings), loop).result()
        if kind == "g":
            store = ox.Store()
            store.load(body, format=ox.RdfFormat.N_TRIPLES)
            return store.query(COPY)
        return ox.parse_query_results(body, ox.QueryResultsFormat.JSON)

    async def _whole(self, pool: WorkerPool, task: Task, settings: Settings) -> tuple[str, bytes]:
        async with self._turn(settings.queue_seconds):
            answer = await pool.ask(task, settings.query_seconds)
            body, is_whole = await answer.collected(LARGEST)
        if not is_whole:
            raise TooLarge(f"The answer is larger than {LARGEST:,} bytes; ask for less.", limit=LARGEST)
        return answer.kind, body

    @asynccontextmanager
    async def _turn(self, seconds: float) -> AsyncIterator[None]:
        """One of the questions that may run, after a wait among those that may wait. Raises `Busy`."""
        if self._asked >= MOST:
            raise Busy("Too many questions are waiting.", headers={"Retry-After": "2"})
        self._asked += 1
        try:
            try:
                async with asyncio.timeout(seconds):
                    await self._share.acquire()
            except TimeoutError:
                message = f"Too many questions are being answered; none ended in {seconds:g} s."
                raise Busy(message, headers={"Retry-After": "5"}) from None
            try:
                yield
            finally:
                self._share.release()
        finally:
            self._asked -= 1
