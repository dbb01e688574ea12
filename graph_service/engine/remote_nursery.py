"""Workers that ask another endpoint, for the pool that otherwise has processes: limits, queue and deadline are the same.

Each has one query at a time: it is sent on, and the answer is read, checked and written anew in the format that the client
wants, part by part. What breaks off there breaks off here: an error in the middle never looks like the end of an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pyoxigraph as ox

from graph_service.engine import dialects, guard
from graph_service.engine.channel import Channel, Sink
from graph_service.engine.dialects import Dialect, Request
from graph_service.engine.frames import FAILURE_FRAME, LENGTH, Limits, Task, frame
from graph_service.engine.nursery import Death
from graph_service.engine.worker import GRAPH_FORMATS, RESULT_FORMATS, Outlet
from graph_service.errors import DataError, NotAcceptable, ServiceFailed, SurveyError, UpdateRefused
from graph_service.settings import Settings

LONGEST_COMPLAINT = 65_536
CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Target:
    """An endpoint: its address, how it is spoken to, the graphs of a release there, and what an answer may have."""

    address: str
    dialect: Dialect
    whole: tuple[str, ...]
    named: tuple[str, ...]
    limits: Limits

    @classmethod
    def of(cls, settings: Settings, digest: str, named: Sequence[str]) -> Target:
        """The endpoint that the settings name, with the release of this digest."""
        assert settings.engine_url is not None
        rows = settings.answer_rows
        if settings.engine_rows:  # an answer as long as the engine's own silent limit may be cut
            rows = min(rows or settings.engine_rows, settings.engine_rows - 2)
        limits = Limits(0, rows, settings.answer_bytes, settings.query_nesting, settings.query_chain)
        dialect = dialects.DIALECTS[settings.engine_dialect]
        return cls(settings.engine_url, dialect, (dialects.release_graph(digest),), tuple(named), limits)


class RemoteNursery:
    """Gives birth to workers that cost nothing."""

    kind = "remote"

    def __init__(self, target: Target, workers: int) -> None:
        self._target = target
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="remote")
        self._numbers = itertools.count(1)
        self._workers: dict[int, RemoteWorker] = {}
        self._client: httpx.AsyncClient | None = None

    @property
    def is_running(self) -> bool:
        """Whether workers can be born."""
        return self._client is not None

    def begin(self) -> None:
        """Nothing: the data is there."""

    async def start(self) -> None:
        """Connect. Raises `DataError` when the endpoint does not answer, or does not have the release."""
        await self._close()
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
        client = httpx.AsyncClient(timeout=timeout, trust_env=False)
        try:
            await self._find_release(client)
        except DataError:
            await client.aclose()
            raise
        self._client = client

    async def _find_release(self, client: httpx.AsyncClient) -> None:
        target = self._target
        asked = dialects.request(Task(f"ASK {{ ?release <{dialects.MARK}> ?digest }}"), target.whole, ())
        try:
            response = await client.post(target.address, content=asked.body, headers=asked.headers, timeout=30.0)
        except httpx.HTTPError as error:
            raise DataError(f"The engine at {target.address} does not answer: {error}") from error
        if response.status_code != 200 or not self._has_release(response):
            raise DataError(
                f"The engine at {target.address} does not have this release (<{target.whole[0]}> is not whole); load it "
                "with `imaging-survey build --push`."
            )

    def _has_release(self, response: httpx.Response) -> bool:
        with contextlib.suppress(SyntaxError, ValueError):
            answer = ox.parse_query_results(response.content, ox.QueryResultsFormat.XML)
            return bool(dialects.as_boolean(answer))
        return False

    async def bear(self, protocol: Callable[[], asyncio.Protocol]) -> int:
        """A worker, connected to a new protocol."""
        if self._client is None:
            raise ConnectionError("not connected")
        number = next(self._numbers)
        worker = self._workers[number] = RemoteWorker(self._target, self._client, self._threads)
        worker.connect(protocol())
        return number

    async def end(self, pid: int) -> Death:
        """End what a worker does."""
        worker = self._workers.pop(pid, None)
        if worker is not None:
            worker.abort()
        return Death(0)

    async def stop(self) -> None:
        """End all of it."""
        for worker in self._workers.values():
            worker.abort()
        self._workers.clear()
        await self._close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


class RemoteWorker:
    """One query at a time, from a packed `Task` to frames; to the pool it looks like the stream of a worker process."""

    def __init__(self, target: Target, client: httpx.AsyncClient, threads: ThreadPoolExecutor) -> None:
        self._target = target
        self._client = client
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._sink = Sink(self._loop)
        self._job: asyncio.Task[None] | None = None

    def connect(self, protocol: asyncio.Protocol) -> None:
        """Where frames go."""
        self._protocol = protocol
        protocol.connection_made(self)  # type: ignore[arg-type]

    def write(self, data: bytes) -> None:
        """A packed task: begin with it."""
        task = Task(*json.loads(data[LENGTH.size :]))
        self._job = self._loop.create_task(self._answer(task))

    def pause_reading(self) -> None:
        """Hold the answer."""
        self._sink.pause()

    def resume_reading(self) -> None:
        """Go on with it."""
        self._sink.resume()

    def abort(self) -> None:
        """End it."""
        self._sink.close()
        if self._job is not None:
            self._job.cancel()

    async def _answer(self, task: Task) -> None:
        try:
            asked, name = self._prepare(task)
            await self._fetch(asked, name)
        except SurveyError as error:
            self._fail(error)
        except httpx.HTTPError as error:
            self._fail(ServiceFailed(f"The engine did not answer: {error or type(error).__name__}"))

    def _prepare(self, task: Task) -> tuple[Request, str]:
        if guard.is_update(task.query):
            raise UpdateRefused("The survey is read-only: SPARQL Update is refused here. It changes by pull request.")
        limits = self._target.limits
        asked = dialects.request(task, self._target.whole, self._target.named, (limits.nesting, limits.chain))
        name = {"s": task.results, "a": task.booleans, "g": task.graphs}[asked.kind]
        if not name:
            raise NotAcceptable(
                "This query's answer cannot be written in any of the accepted media types.", kind=asked.kind
            )
        return asked, name

    async def _fetch(self, asked: Request, name: str) -> None:
        began = time.perf_counter()
        dialect = self._target.dialect
        async with self._client.stream(
            "POST", self._target.address, content=asked.body, headers=asked.headers
        ) as response:
            if response.status_code != 200:
                said = await _beginning(response)
                raise dialect.failure(response.status_code, said, time.perf_counter() - began)
            dialect.check({header.lower(): value for header, value in response.headers.items()})
            channel = Channel(dialect.rewriter(asked))
            pump = asyncio.create_task(_pump(response, channel))
            try:
                error = await self._loop.run_in_executor(self._threads, self._convert, channel, asked.kind, name, began)
                if error is not None:
                    raise error
            finally:
                pump.cancel()
                channel.end(ConnectionError("the query was ended"))

    def _convert(self, channel: Channel, kind: str, name: str, began: float) -> SurveyError | None:
        """In a thread: read what the engine writes, and write it as the client wants it; what went wrong.

        Raises nothing: a traceback would carry an object of the engine's library to another thread, which it forbids.
        """
        try:
            self._copy(channel, kind, name, began)
        except SurveyError as error:
            return type(error)(error.message, **error.extra)
        except (SyntaxError, ValueError, OSError) as error:
            return ServiceFailed(f"The engine's answer broke off or cannot be read: {error}")
        return None

    def _copy(self, channel: Channel, kind: str, name: str, began: float) -> None:
        outlet: Any = Outlet(self._send, kind.encode() + name.encode(), name, self._target.limits)
        source: Any = channel
        if kind == "g":
            triples = ox.parse(source, format=ox.RdfFormat.N_TRIPLES, lenient=True)
            ox.serialize(triples, outlet, format=GRAPH_FORMATS[name])
        else:
            answer = ox.parse_query_results(source, ox.QueryResultsFormat.XML)
            if kind == "a":
                answer = dialects.as_boolean(answer)
            answer.serialize(outlet, format=RESULT_FORMATS[name])
        outlet.close(began, False)

    def _send(self, frames: bytes) -> None:
        self._sink.wait()
        self._loop.call_soon_threadsafe(self._receive, frames)

    def _receive(self, frames: bytes) -> None:
        if not self._sink.is_closed:
            self._protocol.data_received(frames)

    def _fail(self, error: SurveyError) -> None:
        self._receive(frame(FAILURE_FRAME, json.dumps([error.code, error.message, error.extra]).encode()))


async def _pump(response: httpx.Response, channel: Channel) -> None:
    try:
        async for part in response.aiter_bytes():
            await channel.put(part)
        channel.end()
    except httpx.HTTPError as error:
        channel.end(error)


async def _beginning(response: httpx.Response) -> str:
    """The first of an error's text."""
    said = b""
    async for part in response.aiter_bytes():
        said += part
        if len(said) > LONGEST_COMPLAINT:
            break
    return said.decode("utf-8", "replace")
