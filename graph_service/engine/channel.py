"""Bytes from an event loop to a thread, with back-pressure: the loop puts parts in, the thread reads them like a file."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from graph_service.engine.rewriting import Rewriter

MOST = 1_048_576
"""Bytes that are held before the loop has to wait."""


class Channel:
    """One stream of bytes; it ends, or fails with an error that the reader gets."""

    def __init__(self, rewriter: Rewriter | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._parts: deque[bytes] = deque()
        self._held = 0
        self._news = threading.Condition()
        self._room = asyncio.Event()
        self._room.set()
        self._error: BaseException | None = None
        self._ended = False
        self._rewriter = rewriter
        self._ready = b""

    async def put(self, part: bytes) -> None:
        """One part from the loop; waits while the reader is behind."""
        await self._room.wait()
        with self._news:
            self._parts.append(part)
            self._held += len(part)
            if self._held > MOST:
                self._room.clear()
            self._news.notify()

    def end(self, error: BaseException | None = None) -> None:
        """No more parts; with an error the reader fails once it has read what came before."""
        with self._news:
            if not self._ended:
                self._ended, self._error = True, error
            self._news.notify()

    def readable(self) -> bool:
        """As every file to be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Some bytes, at most `size` where that is given; empty at the end. Raises `OSError` for a stream that failed."""
        if self._ready:
            part, self._ready = (self._ready, b"") if size < 0 else (self._ready[:size], self._ready[size:])
            return part
        while True:
            part, last = self._next()
            if self._rewriter is not None:
                part = self._rewriter.rest() if last else self._rewriter.feed(part)
            if part or last:
                break
        if 0 <= size < len(part):
            part, self._ready = part[:size], part[size:]
        return part

    def _next(self) -> tuple[bytes, bool]:
        with self._news:
            while not self._parts and not self._ended:
                self._news.wait()
            if not self._parts:
                if self._error is not None:
                    raise OSError(str(self._error)) from self._error
                return b"", True
            part = self._parts.popleft()
            self._held -= len(part)
            if not self._room.is_set() and self._held < MOST // 2:
                self._loop.call_soon_threadsafe(self._room.set)
            return part, False


class Sink:
    """A file that a thread writes an answer to: parts go to a callback on the loop, which may make the thread wait."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._open = threading.Event()
        self._open.set()
        self.is_closed = False

    def pause(self) -> None:
        """The reader is behind: hold the thread at its next part."""
        self._open.clear()

    def resume(self) -> None:
        """The reader has caught up, or is gone."""
        self._open.set()

    def close(self) -> None:
        """Nobody wants the rest."""
        self.is_closed = True
        self._open.set()

    def wait(self) -> None:
        """Until the reader wants more. Raises `BrokenPipeError` when nobody does."""
        self._open.wait()
        if self.is_closed:
            raise BrokenPipeError("nobody wants the rest")
