"""How much one client may ask: a rate and a number of queries at once. Off unless set, and off for this machine itself.

A client is an address (IPv6: its /64). Behind a proxy that is trusted it is the last address in X-Forwarded-For
that is not itself a trusted proxy's.
"""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from functools import lru_cache

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp

from graph_service.errors import TooManyRequests
from graph_service.settings import Settings
from graph_service.web import problems
from graph_service.web.protocol import Receive, Scope, Send, read_head
from graph_service.web.sending import COMMON, Headers, send_whole

COSTLY = ("/query/", "/reconcile", "/check", "/contribute/", "/mcp")
"""What begins so costs as much as a query."""

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Fairness:
    """The limits per client, and who has used how much of them."""

    def __init__(self, settings: Settings) -> None:
        self._rates: list[RateLimitItem] = parse_many(settings.client_rate) if settings.client_rate else []
        self._most = settings.client_concurrency
        self._limit_loopback = settings.limit_loopback
        self._proxies = [ipaddress.ip_network(each, strict=False) for each in settings.trusted_proxies]
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._running: Counter[str] = Counter()
        self.is_off = not self._rates and not self._most

    def enter(self, scope: Scope) -> None:
        """Count a query. Raises `TooManyRequests` with Retry-After."""
        client = scope["sparql.client"] = self.client(scope)
        if client is None:
            return
        if self._most and self._running[client] >= self._most:
            scope["sparql.client"] = None
            raise TooManyRequests(
                f"{self._most} queries of yours are running; wait for one to end.", headers={"Retry-After": "1"}
            )
        self._running[client] += 1
        for rate in self._rates:
            if not self._limiter.hit(rate, client):
                wait = max(int(self._limiter.get_window_stats(rate, client).reset_time - time.time()) + 1, 1)
                raise TooManyRequests(f"More than {rate}; ask again in {wait} s.", headers={"Retry-After": str(wait)})

    def leave(self, scope: Scope) -> None:
        """The query is over."""
        client = scope.get("sparql.client")
        if client is not None:
            self._running[client] -= 1
            if self._running[client] <= 0:
                del self._running[client]

    def headers(self, scope: Scope) -> Headers:
        """RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers) for a limited client."""
        client = scope.get("sparql.client") or (self.client(scope) if self._rates else None)
        if client is None or not self._rates:
            return []
        policies, states = [], []
        for rate in self._rates:
            name, stats = f'"{rate.multiples}{rate.GRANULARITY.name}"', self._limiter.get_window_stats(rate, client)
            policies.append(f"{name};q={rate.amount};w={rate.get_expiry()}")
            states.append(f"{name};r={max(stats.remaining, 0)};t={max(int(stats.reset_time - time.time()), 0)}")
        return [
            (b"ratelimit-policy", ", ".join(policies).encode()),
            (b"ratelimit", ", ".join(states).encode()),
        ]

    def client(self, scope: Scope) -> str | None:
        """Who asks; None for one that is not limited."""
        peer = scope.get("client")
        address = _address(peer[0]) if peer else None
        if address is None:  # a Unix socket: whoever is behind it is this machine
            return None
        if self._trusts(address):
            forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            for text in reversed(b",".join(forwarded).decode("latin-1").split(",")):
                named = _address(text.strip())
                if named is None:
                    break
                address = named
                if not self._trusts(named):
                    break
        if address.is_loopback and not self._limit_loopback:
            return None
        if address.version == 6:
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)

    def _trusts(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return any(address in network for network in self._proxies if network.version == address.version)


@lru_cache(maxsize=4096)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


class Limited:
    """Counts requests for what costs as much as a query: they share the client's allowance with `/sparql`."""

    def __init__(self, app: ASGIApp, fairness: Fairness) -> None:
        self._app = app
        self._fairness = fairness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._fairness.is_off or not scope["path"].startswith(COSTLY):
            await self._app(scope, receive, send)
            return
        try:
            self._fairness.enter(scope)
        except TooManyRequests as error:
            headers, body = problems.render(error, read_head(scope["headers"]).accept, scope["path"])
            headers = [*COMMON, *headers, *self._fairness.headers(scope)]
            await send_whole(send, error.status, headers, body, is_head=scope["method"] == "HEAD")
        else:
            await self._app(scope, receive, send)
        finally:
            self._fairness.leave(scope)
