"""`/mcp`: the agents' server over streamable HTTP, open only to the hosts that this service is known by."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from graph_service.engine.workers import WorkerPool
from graph_service.service import Service
from graph_service.settings import Settings

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings

LOCAL = ("127.0.0.1", "localhost", "[::1]")


class Agents:
    """The ASGI application of `/mcp`; it works while `running` is entered, once.

    What it needs takes a third of the service's time to start, so it is loaded when the first agent asks.
    """

    def __init__(self, service: Service, pool: WorkerPool) -> None:
        self._service, self._pool = service, pool
        self._wanted, self._over = asyncio.Event(), asyncio.Event()
        self._manager: asyncio.Future[StreamableHTTPSessionManager] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Takes requests until the block ends."""
        self._manager = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._serve(self._manager))
        try:
            yield
        finally:
            self._over.set()
            self._wanted.set()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._wanted.set()
        assert self._manager is not None
        manager = await asyncio.shield(self._manager)
        await manager.handle_request(scope, receive, send)

    async def _serve(self, manager: asyncio.Future[StreamableHTTPSessionManager]) -> None:
        """One task that enters and leaves the session manager, as it demands."""
        await self._wanted.wait()
        if self._over.is_set():
            return
        try:
            made = await asyncio.to_thread(self._made)
        except Exception as error:
            manager.set_exception(error)
            raise
        async with made.run():
            manager.set_result(made)
            await self._over.wait()

    def _made(self) -> StreamableHTTPSessionManager:
        from graph_service import mcp

        made = mcp.server(self._service, mcp.pooled(self._pool, self._service.settings))
        transport_security = security(self._service.settings)
        made.streamable_http_app(stateless_http=True, json_response=True, transport_security=transport_security)
        return made.session_manager


def security(settings: Settings) -> TransportSecuritySettings:
    """Which Host and Origin headers are taken: this machine's, the public address's, and the operator's own."""
    from mcp.server.transport_security import TransportSecuritySettings

    hosts = [*settings.mcp_hosts]
    if settings.base_url:
        hosts.append(urlsplit(settings.base_url).netloc)
    named = [*hosts, *(f"{each}:*" for each in LOCAL), *LOCAL]
    origins = [f"{scheme}://{each}" for scheme in ("http", "https") for each in named]
    return TransportSecuritySettings(enable_dns_rebinding_protection=True, allowed_hosts=named, allowed_origins=origins)
