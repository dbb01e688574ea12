"""The client of one request: when it leaves, its query ends."""

from __future__ import annotations

import asyncio

from graph_service.engine.workers import Answer
from graph_service.web.protocol import Receive

PATIENCE = 0.05
"""Seconds after which a running query's client is watched; sooner it would cost more than it saves."""


class Visitor:
    """Watches whether the client is still there."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._watch)
        self._answer: Answer | None = None
        self._waiting = asyncio.current_task()
        self.is_gone = False

    def waits_for(self, answer: Answer) -> None:
        """From now on this answer runs for the client."""
        self._answer = answer
        if self.is_gone:
            answer.abandon()

    def done(self) -> None:
        """The response is over."""
        self._waiting = None
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _watch(self) -> None:
        self._task = asyncio.create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.is_gone = True
        if self._answer is not None:
            self._answer.abandon()
        elif self._waiting is not None:  # its query has no worker yet, and shall cost none
            self._waiting.cancel()
