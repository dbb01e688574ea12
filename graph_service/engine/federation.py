"""SERVICE, where it is allowed: fetched beforehand by a process of its own, which may connect nowhere else.

A query's workers have no network at all. So a query that names services of the allow-list first goes to a
process (`engine.federated`) that asks them, and puts what they answered in place of the SERVICE clauses, as VALUES.
"""

from __future__ import annotations

import asyncio
import json
import sys

from graph_service import errors
from graph_service.engine.frames import Task
from graph_service.engine.nursery import environment
from graph_service.errors import QueryTimeout, ServiceFailed
from graph_service.settings import Settings

AT_ONCE = 4
"""Processes that ask other services at the same time: each takes as much memory as an interpreter does."""


class Federation:
    """The services that SERVICE may name, and what asks them."""

    def __init__(self, settings: Settings) -> None:
        self.allowed = frozenset(settings.federation)
        self._seconds = settings.federation_seconds
        self._bytes = settings.federation_bytes
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def resolve(self, task: Task, seconds: float) -> Task:
        """The task with the services' answers in its query.

        Raises `ServiceRefused`, `ServiceFailed` when a service does not answer, and `QueryTimeout`, also for a query whose
        turn does not come: only so many processes run at once.
        """
        began = asyncio.get_running_loop().time()
        try:
            await asyncio.wait_for(self._at_once.acquire(), seconds)
        except TimeoutError:
            raise QueryTimeout(f"The query took longer than {seconds:g} s.", limit=seconds) from None
        try:
            return await self._resolved(task, seconds - (asyncio.get_running_loop().time() - began))
        finally:
            self._at_once.release()

    async def _resolved(self, task: Task, seconds: float) -> Task:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "graph_service.engine.federated",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(),
        )
        job = json.dumps([task.query, sorted(self.allowed), min(self._seconds, seconds), self._bytes]).encode()
        try:
            output, _ = await asyncio.wait_for(process.communicate(job), seconds)
        except TimeoutError:
            raise QueryTimeout(f"The query took longer than {seconds:g} s.", limit=seconds) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if not output:
            raise ServiceFailed("The answer of a SERVICE could not be taken in.")
        text, has_dataset, code, message, extra = json.loads(output)
        if text is None:
            raise errors.by_code(code)(message, **extra)
        return task._replace(query=text, is_examined=True, has_dataset=has_dataset)
