"""Bytes to a client: whole with a length, or as a stream that breaks off when it cannot be finished.

A stream that fails is never completed: the server then closes the connection inside the chunked body, and every client
sees that the answer is not whole.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import Protocol

import zstandard

from graph_service.engine.workers import Answer
from graph_service.errors import SurveyError
from graph_service.web.delivery import HEADERS
from graph_service.web.protocol import Send

Headers = list[tuple[bytes, bytes]]

CODINGS = ("zstd", "gzip")
SMALLEST = 1_024
"""Bytes below which compression costs more than it saves."""

CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Link, ETag, Content-Location, Server-Timing, RateLimit, RateLimit-Policy, Retry-After, X-Query-Id",
    ),
]
COMMON: Headers = [
    *CORS,
    (b"vary", b"Accept, Accept-Encoding, Origin"),
    *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
]


class Compressor(Protocol):
    """A stream that is compressed piece by piece."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def compressor(coding: str) -> Compressor:
    """A new compressor for one of `CODINGS`."""
    return (
        zstandard.ZstdCompressor(level=3).compressobj() if coding == "zstd" else zlib.compressobj(5, zlib.DEFLATED, 31)
    )


def compress(coding: str, body: bytes) -> bytes:
    """The whole body in a content coding."""
    return zstandard.ZstdCompressor(level=3).compress(body) if coding == "zstd" else zlib.compress(body, 5, 31)


async def send_whole(send: Send, status: int, headers: Headers, body: bytes, *, is_head: bool = False) -> None:
    """A response with its length; for HEAD without the body."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": b"" if is_head else body})


async def send_stream(
    send: Send, headers: Headers, answer: Answer, coding: str | None, stall_seconds: float, keep: int
) -> bytes | None:
    """An answer as it comes. Its bytes when they are no more than `keep`, for the cache.

    Raises `SurveyError` when it broke off: the response is then not completed. A client that takes nothing for
    `stall_seconds` ends its query.
    """
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    squeeze = compressor(coding) if coding else None
    kept: list[bytes] | None = []
    size = 0
    now = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(None) as patience:
            while part := await answer.part():
                size += len(part)
                if kept is not None:
                    kept = [*kept, part] if size <= keep else None
                data = squeeze.compress(part) if squeeze is not None else part
                if data:
                    patience.reschedule(now() + stall_seconds)
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                    patience.reschedule(None)
    except TimeoutError:
        answer.abandon()
        raise SurveyError(f"The client took nothing for {stall_seconds:g} s.") from None
    except OSError:
        answer.abandon()
        raise SurveyError("The client left.") from None
    await send({"type": "http.response.body", "body": squeeze.flush() if squeeze is not None else b""})
    return b"".join(kept) if kept is not None else None
