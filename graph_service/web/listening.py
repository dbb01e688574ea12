"""How long a connection may be held, and how large a head may be: what uvicorn leaves open.

By itself it waits without end for a head, for a body, and for the client to take what is written, and it keeps a head of
any size. Here a head that is too large is told 431 at once; who is slower than the limits is let go within seconds. A
sweep looks at all connections every second, so that no request pays for it.
"""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from graph_service.settings import Settings

PERIOD = 1.0
"""Seconds between two sweeps."""

GRACE = 2.0
"""Seconds by which whoever answers may tell of a slow body itself."""

_HEAD = b"HTTP/1.1 %s\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"

State = tuple[object, ...]


class Doorway(HttpToolsProtocol):
    """One connection. Its limits are the settings in the environment, or those of `doorway`."""

    settings: Settings | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.head = 0
        self.refills = 0
        self.seen: State | None = None
        self.since = 0.0
        _sweep_of(self.server_state, self.settings).watch(self.loop)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.scope is not self.scope:  # a head has begun that is not complete
            self.head += len(data)
            limit = _sweep_of(self.server_state, self.settings).settings.head_bytes
            if self.head > limit and not self.transport.is_closing():
                self.refuse(b"431 Request Header Fields Too Large", b"The head is larger than %d bytes.\n" % limit)
        elif self.head:
            self.head = 0

    def resume_writing(self) -> None:
        self.refills += 1
        super().resume_writing()

    def refuse(self, status: bytes, text: bytes) -> None:
        """Tell why, and close."""
        self.transport.write(_HEAD % (status, len(text), text))
        self.transport.close()

    def state(self) -> State | None:
        """What the client is waited for, in a form that changes when it does its part; None when it is our turn."""
        if waiting := self.transport.get_write_buffer_size():
            return "taking", self.refills, waiting
        if self.transport.is_closing():
            return ("taking",)
        cycle = self.cycle
        if cycle is None or (cycle.response_complete and cycle.scope is not self.scope):
            return "head", id(self.scope)
        if cycle.more_body and not cycle.response_started and not self.pipeline:
            return "body", id(cycle)
        return None


class Sweep:
    """Looks at the connections of one server as long as there are any, and ends those that took too long."""

    def __init__(self, connections: set[Any], settings: Settings) -> None:
        self.settings = settings
        self._connections = connections
        self._patience = {
            "head": settings.head_seconds,
            "body": settings.body_seconds + GRACE,
            "taking": settings.stall_seconds,
        }
        self._is_on = False

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sweep from now on."""
        if not self._is_on:
            self._is_on = True
            loop.call_later(PERIOD, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for each in [each for each in self._connections if isinstance(each, Doorway)]:
            state = each.state()
            if state is None or state != each.seen:
                each.seen, each.since = state, now
            elif now - each.since >= self._patience[str(state[0])]:
                if state[0] == "head":
                    each.refuse(b"408 Request Timeout", b"The head of the request did not come in time.\n")
                else:
                    each.transport.abort()
        self._is_on = bool(self._connections)
        if self._is_on:
            loop.call_later(PERIOD, self._sweep, loop)


_SWEEPS: WeakKeyDictionary[ServerState, Sweep] = WeakKeyDictionary()


def _sweep_of(server: ServerState, settings: Settings | None) -> Sweep:
    found = _SWEEPS.get(server)
    if found is None:
        found = _SWEEPS[server] = Sweep(server.connections, settings or Settings())
    return found


def doorway(settings: Settings) -> type[Doorway]:
    """The class of connections with these limits, for uvicorn's option `http`."""
    return type("Doorway", (Doorway,), {"settings": settings})
