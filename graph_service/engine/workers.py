"""A stranger's query, run in a process that can be killed.

`WorkerPool.ask` gives an `Answer` as soon as the first of it is known. A worker has one query at a time; at the
deadline it is killed and replaced. More queries than workers wait in a bounded queue. An answer is a stream with
back-pressure: when nobody takes it, the worker stops. A worker that dies midway makes the answer fail, never end.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from graph_service import errors
from graph_service.engine.frames import END, END_FRAME, FAILURE_FRAME, HEAD_FRAME, HEADER, PART_FRAME, Limits, Task
from graph_service.engine.nursery import Death, Nursery, Stream, choose
from graph_service.errors import Busy, QueryMemory, QueryTimeout, QueryTooDeep, SurveyError
from graph_service.settings import Settings

log = logging.getLogger("graph_service.workers")

READ_AHEAD = 1_048_576
"""Bytes that are taken from a worker before the reader wants them: up to here a slow reader costs nothing."""


class Answer:
    """One query's answer on its way from a worker.

    `kind` is `s` (solutions), `a` (a boolean) or `g` (a graph); `format` a name in `formats`; `microseconds` the time
    that the worker spent, once it is whole.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._parts: deque[bytes] = deque()
        self._held = 0
        self._paused = False
        self._news: asyncio.Future[None] | None = None
        self.kind = ""
        self.format = ""
        self.error: SurveyError | None = None
        self.is_whole = False
        self.microseconds = 0

    async def begin(self) -> None:
        """Wait until kind and format are known. Raises what went wrong before that."""
        while not self._parts and not self.is_whole and self.error is None:
            await self._wait()
        if self.error is not None and not self._parts:
            raise self.error

    async def part(self) -> bytes:
        """The next bytes; empty at the end. Raises `SurveyError` when the answer broke off."""
        while not self._parts:
            if self.error is not None:
                raise self.error
            if self.is_whole:
                return b""
            await self._wait()
        part = self._parts.popleft()
        self._held -= len(part)
        if self._paused and self._held < READ_AHEAD // 2:
            self._paused = False
            self._link.stream.resume_reading()
        return part

    async def collected(self, most: int) -> tuple[bytes, bool]:
        """All bytes and True; or, when there are more than `most`, those that came, and False: the rest is given up."""
        parts: list[bytes] = []
        size = 0
        while part := await self.part():
            parts.append(part)
            size += len(part)
            if size > most:
                self.abandon()
                return b"".join(parts), False
        return b"".join(parts), True

    def whole(self) -> bytes | None:
        """All bytes, when the answer is complete and none was taken yet; else None."""
        return b"".join(self._parts) if self.is_whole else None

    def abandon(self) -> None:
        """Nobody wants the rest: end the query if it still runs."""
        self._link.kill(self, errors.BadRequest("The client left."))

    def take(self, part: bytes) -> None:
        """Bytes from the worker."""
        self._parts.append(part)
        self._held += len(part)
        if self._held > READ_AHEAD and not self._paused:
            self._paused = True
            self._link.stream.pause_reading()
        self._tell()

    def finish(self, error: SurveyError | None = None, microseconds: int = 0) -> None:
        """The end, or the failure."""
        if self.is_whole or self.error is not None:
            return
        self.error, self.is_whole, self.microseconds = error, error is None, microseconds
        if self._paused:
            self._paused = False
            self._link.stream.resume_reading()
        self._tell()

    async def _wait(self) -> None:
        self._news = self._link.loop.create_future()
        await self._news

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


class Link(asyncio.Protocol):
    """The front's side of one worker."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self.loop = asyncio.get_running_loop()
        self._buffer = b""
        self._timer: asyncio.TimerHandle | None = None
        self.stream: Stream
        self.answer: Answer | None = None
        self.pid = 0
        self.is_alive = True

    def connection_made(self, transport: object) -> None:
        self.stream = transport  # type: ignore[assignment]

    def ask(self, task: Task | bytes, seconds: float) -> Answer:
        """Send a query; the answer to come."""
        answer = self.answer = Answer(self)
        self.stream.write(task if isinstance(task, bytes) else task.packed())
        self._timer = self.loop.call_later(seconds, self._expire, seconds)
        return answer

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        position, size = 0, len(data)
        while size - position >= HEADER.size:
            kind, length = HEADER.unpack_from(data, position)
            end = position + HEADER.size + length
            if end > size:
                break
            self._frame(kind, data[position + HEADER.size : end])
            position = end
        self._buffer = data[position:] if position else data

    def _frame(self, kind: bytes, payload: bytes) -> None:
        answer = self.answer
        if answer is None:
            return
        if kind == PART_FRAME:
            answer.take(payload)
        elif kind == HEAD_FRAME:
            answer.kind, answer.format = chr(payload[0]), payload[1:].decode("ascii")
        elif kind == END_FRAME:
            microseconds, retires = END.unpack(payload)
            self._free()
            answer.finish(microseconds=microseconds)
            self._pool.give_back(self, retires)
        elif kind == FAILURE_FRAME:
            code, message, extra = json.loads(payload)
            self._free()
            answer.finish(errors.by_code(code)(message, **extra))
            self._pool.give_back(self, retires=False)

    def _free(self) -> None:
        self.answer = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self, seconds: float) -> None:
        if self.answer is not None:
            self._pool.deaths["deadline"] += 1
            self.kill(self.answer, QueryTimeout(f"The query took longer than {seconds:g} s.", limit=seconds))

    def kill(self, answer: Answer, error: SurveyError) -> None:
        """End the worker because of its present answer; nothing when that is over."""
        if self.answer is not answer:
            return
        self._free()
        answer.finish(error)
        self.is_alive = False
        self.stream.abort()
        self._pool.bury(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- the protocol's signature
        if not self.is_alive:
            return
        self.is_alive = False
        answer = self.answer
        self._free()
        self._pool.bury(self, answer)


class WorkerPool:
    """Workers over one release: as many as set, always replaced, with a bounded queue before them."""

    def __init__(self, path: Path, digest: str, settings: Settings, nursery: Nursery | None = None) -> None:
        self.digest = digest
        self.limits = Limits(
            memory=settings.query_memory,
            rows=settings.answer_rows,
            bytes=settings.answer_bytes,
            nesting=settings.query_nesting,
            chain=settings.query_chain,
        )
        self.nursery = nursery or choose(path, self.limits, settings.isolation)
        self._wanted = settings.query_workers or 2 * (os.cpu_count() or 1)
        self._queue_length = settings.queue_length
        self._queue_seconds = settings.queue_seconds
        self._idle: list[Link] = []
        self._waiting: deque[asyncio.Future[Link]] = deque()
        self._alive: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_open = False
        self._replacing = asyncio.Lock()
        self.deaths: Counter[str] = Counter()

    @property
    def size(self) -> int:
        """How many workers there are to be."""
        return self._wanted

    @property
    def is_ready(self) -> bool:
        """Whether a query would be answered now."""
        return self._is_open and bool(self._alive)

    @property
    def state(self) -> dict[str, int]:
        """How many workers live and are idle, and how many queries wait."""
        return {"alive": len(self._alive), "idle": len(self._idle), "waiting": len(self._waiting)}

    def begin(self) -> None:
        """Start to load the data before there is an event loop, to save time; `start` does the rest."""
        self.nursery.begin()

    async def start(self) -> None:
        """Load the data and start the workers. Raises `DataError`."""
        if self.nursery.kind == "spawn":
            log.warning(
                "This platform cannot fork: workers are spawned, which is slower, and their memory is not limited."
            )
        await self.nursery.start()
        self._is_open = True
        for _ in range(self._wanted):
            await self._bear()

    async def stop(self) -> None:
        """End all workers; running queries fail."""
        self._is_open = False
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(Busy("The service is stopping.", headers={"Retry-After": "5"}))
        for link in list(self._alive):
            if link.answer is not None:
                link.kill(link.answer, Busy("The service is stopping.", headers={"Retry-After": "5"}))
        if self._tasks:  # births and burials under way
            await asyncio.wait(self._tasks, timeout=2.0)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for link in self._alive:
            link.is_alive = False
            link.stream.abort()
        await self.nursery.stop()
        self._alive.clear()
        self._idle.clear()

    async def ask(self, task: Task | bytes, seconds: float, started: Callable[[Answer], None] | None = None) -> Answer:
        """The beginning of an answer. Raises `Busy`, and whatever went wrong before the first byte of it.

        `started` is told the answer as soon as a worker is at it, so that it can be abandoned.
        """
        while True:
            link = self._idle.pop() if self._idle else await self._queue()
            if link.is_alive:
                answer = link.ask(task, seconds)
                break
        if started is not None:
            started(answer)
        try:
            await answer.begin()
        except asyncio.CancelledError:
            answer.abandon()
            raise
        return answer

    async def _queue(self) -> Link:
        if not self._is_open:
            raise Busy("The service is not ready.", headers={"Retry-After": "5"})
        if len(self._waiting) >= self._queue_length:
            raise Busy("Too many queries are waiting.", headers={"Retry-After": "2"})
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Link] = loop.create_future()
        self._waiting.append(turn)
        timer = loop.call_later(self._queue_seconds, self._despair, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back(turn.result(), retires=False)
            raise
        finally:
            timer.cancel()
            if turn in self._waiting:
                self._waiting.remove(turn)

    def _despair(self, turn: asyncio.Future[Link]) -> None:
        if not turn.done():
            message = f"All workers were busy for {self._queue_seconds:g} s."
            turn.set_exception(Busy(message, headers={"Retry-After": "5"}))

    def give_back(self, link: Link, retires: bool) -> None:
        """A worker is free again, or has grown too large and is replaced."""
        if retires:
            self.deaths["retired"] += 1
            link.is_alive = False
            link.stream.abort()
            self.bury(link)
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(link)
                return
        self._idle.append(link)

    def bury(self, link: Link, answer: Answer | None = None) -> None:
        """A worker is dead or to be killed: find out why, tell its answer, and replace it."""
        self._alive.discard(link)
        if link in self._idle:
            self._idle.remove(link)
        self._later(self._mourn(link, answer))
        if self._is_open:
            self._later(self._replace())

    async def _mourn(self, link: Link, answer: Answer | None) -> None:
        death = await self.nursery.end(link.pid)
        if answer is not None:
            error = _cause(death, self.limits)
            self.deaths[error.code] += 1
            log.warning("worker died: signal %d, %s: %s", death.signal, error.code, death.said.strip()[:500])
            answer.finish(error)

    async def _replace(self) -> None:
        delay = 0.05
        async with self._replacing:
            while self._is_open and len(self._alive) < self._wanted:
                try:
                    await self._bear()
                except (SurveyError, OSError, TimeoutError) as error:
                    log.error("a worker could not be started: %s", error)
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, 5.0)
                    await self._restart()

    async def _restart(self) -> None:
        """A new zygote in place of a lost one."""
        if not self._is_open or self.nursery.is_running:
            return
        try:
            await self.nursery.start()
        except (SurveyError, OSError, TimeoutError) as error:
            log.error("the data could not be loaded again: %s", error)

    async def _bear(self) -> None:
        began = time.perf_counter()
        link = Link(self)
        self._alive.add(link)
        try:
            link.pid = await self.nursery.bear(lambda: link)
        except BaseException:
            self._alive.discard(link)
            raise
        log.debug("worker %d born in %.1f ms", link.pid, (time.perf_counter() - began) * 1e3)
        self.give_back(link, retires=False)

    def _later(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _cause(death: Death, limits: Limits) -> SurveyError:
    """What to tell about a worker that died by itself."""
    if "overflowed its stack" in death.said or death.signal == signal.SIGSEGV:
        return QueryTooDeep("The query nests too deeply for the engine.")
    if death.signal == signal.SIGKILL or "memory allocation" in death.said or "MemoryError" in death.said:
        return QueryMemory(f"The query needs more than {limits.memory:,} bytes of memory.", limit=limits.memory)
    if death.signal == signal.SIGABRT and "panicked" not in death.said:
        return QueryMemory(f"The query needs more than {limits.memory:,} bytes of memory.", limit=limits.memory)
    return SurveyError("The engine failed on this query; the failure was logged.")
