"""Moving on to a new release without dropping a request: the whole application is made anew, then takes over.

`Switching` is an ASGI application around the one that serves. On SIGHUP, or POST to `/-/reload` with the token, it makes
the next one beside it; only when that is ready do new requests go there. The old one ends when its last request has. A
release that cannot be served changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from graph_service.errors import Busy, Refused, SurveyError

log = logging.getLogger("graph_service.switching")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
PATH = "/-/reload"
PATIENCE = 600.0
"""Seconds after which an old release ends even though somebody still reads its answer."""


@dataclass(eq=False)
class Serving:
    """One application that runs: its lifespan is entered, and requests are counted."""

    app: Application
    requests: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    _messages: asyncio.Queue[MutableMapping[str, Any]] = field(default_factory=asyncio.Queue)
    _news: asyncio.Queue[MutableMapping[str, Any]] = field(default_factory=asyncio.Queue)
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Enter its lifespan. Raises `SurveyError` when it cannot start."""
        scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        self._task = asyncio.create_task(self.app(scope, self._messages.get, self._news.put))  # type: ignore[arg-type]
        await self._messages.put({"type": "lifespan.startup"})
        await self._until("lifespan.startup")

    async def stop(self) -> None:
        """Leave its lifespan."""
        await self._messages.put({"type": "lifespan.shutdown"})
        await self._until("lifespan.shutdown")
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _until(self, step: str) -> None:
        assert self._task is not None
        news = asyncio.create_task(self._news.get())
        await asyncio.wait({news, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not news.done():
            news.cancel()
            raise SurveyError(f"The release could not be started: {_reason(self._task)}")
        message = news.result()
        if message["type"] != f"{step}.complete":
            raise SurveyError(f"The release could not be started: {message.get('message', '')}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        self.idle.clear()
        try:
            await self.app(scope, receive, send)
        finally:
            self.requests -= 1
            if not self.requests:
                self.idle.set()

    async def drain(self) -> None:
        """Wait for the last request, then stop."""
        if self.requests:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.idle.wait(), PATIENCE)
        await self.stop()


def _reason(task: asyncio.Task[None]) -> str:
    error = task.exception() if not task.cancelled() else None
    return str(error) if error is not None else "it ended"


class Switching:
    """The application that serves, and can be told to move on; `make` gives a new one, from the settings as they are now."""

    def __init__(self, make: Callable[[], Application], token: str = "", first: Application | None = None) -> None:
        self._make = make
        self._token = token
        self._first = first
        self._now: Serving | None = None
        self._switching = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def app(self) -> Application | None:
        """The application that new requests go to."""
        return self._now.app if self._now is not None else self._first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"] == PATH and self._token:
            await self._reload_by_request(scope, receive, send)
        else:
            assert self._now is not None
            await self._now(scope, receive, send)

    async def switch(self) -> Application:
        """The new application, once it has taken over. Raises what kept it from starting; the old one then goes on."""
        async with self._switching:
            loop = asyncio.get_running_loop()
            new = Serving(await loop.run_in_executor(None, self._make))
            await new.start()
            old, self._now = self._now, new
            if old is not None:
                self._later(old.drain())
            return new.app

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        loop = asyncio.get_running_loop()
        try:
            app = self._first if self._first is not None else await loop.run_in_executor(None, self._make)
            first = Serving(app)
            self._first = None
            await first.start()
        except (SurveyError, OSError) as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        self._now = first
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # another thread's loop, or Windows
            loop.add_signal_handler(signal.SIGHUP, lambda: self._later(self._reload_by_signal()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)
        await self._now.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _reload_by_signal(self) -> None:
        try:
            app = await self.switch()
        except (SurveyError, OSError) as error:
            log.error("the release was not switched: %s", error)
        else:
            log.warning("switched to release %s", _digest(app))

    async def _reload_by_request(self, scope: Scope, _receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        body: dict[str, Any]
        try:
            if scope["method"] != "POST":
                raise Refused("Send POST.")
            if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
                raise Refused("This needs `Authorization: Bearer …` with the service's reload token.")
            if self._switching.locked():
                raise Busy("A release is being loaded already.", headers={"Retry-After": "5"})
            app = await self.switch()
            status, body = 200, {"release": _digest(app)}
        except SurveyError as error:
            status, body = error.status, error.problem(PATH)
        except OSError as error:
            status, body = 500, SurveyError(str(error)).problem(PATH)
        data = json.dumps(body).encode()
        kind = b"application/json" if status == 200 else b"application/problem+json"
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(data)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    def _later(self, job: Any) -> None:
        task = asyncio.ensure_future(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _digest(app: Application) -> str:
    """The digest of the release that an application serves, as far as it says."""
    service = getattr(getattr(app, "state", None), "service", None)
    return str(service.dataset.digest) if service is not None else ""
