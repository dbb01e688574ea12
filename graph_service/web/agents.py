"""`/mcp`: the agents' server over streamable HTTP, open only to the hosts that this service is known by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import Receive, Scope, Send

from graph_service import mcp
from graph_service.mcp import Ask
from graph_service.service import Service
from graph_service.settings import Settings

LOCAL = ("127.0.0.1", "localhost", "[::1]")


class Agents:
    """The ASGI application of `/mcp`; it works while `running` is entered, once."""

    def __init__(self, service: Service, ask: Ask) -> None:
        made = mcp.server(service, ask)
        made.streamable_http_app(stateless_http=True, json_response=True, transport_security=security(service.settings))
        self._manager: StreamableHTTPSessionManager = made.session_manager

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Takes requests until the block ends."""
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)


def security(settings: Settings) -> TransportSecuritySettings:
    """Which Host and Origin headers are taken: this machine's, the public address's, and the operator's own."""
    hosts = [*settings.mcp_hosts]
    if settings.base_url:
        hosts.append(urlsplit(settings.base_url).netloc)
    named = [*hosts, *(f"{each}:*" for each in LOCAL), *LOCAL]
    origins = [f"{scheme}://{each}" for scheme in ("http", "https") for each in named]
    return TransportSecuritySettings(enable_dns_rebinding_protection=True, allowed_hosts=named, allowed_origins=origins)
