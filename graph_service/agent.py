"""The agents' server over standard input and output, with the worker pool that strangers get."""

from __future__ import annotations

import asyncio
import logging
import sys

from graph_service import mcp
from graph_service.service import Service
from graph_service.settings import Settings


def run(settings: Settings) -> None:
    """Serves until standard input ends. Standard output is the protocol's alone; logs go to standard error."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, force=True)
    service = Service.load(settings)
    asyncio.run(_serve(service))


async def _serve(service: Service) -> None:
    pool = service.pool
    await pool.start()
    service.pooled.bind(pool, service.settings)
    try:
        await mcp.server(service, mcp.pooled(pool, service.settings)).run_stdio_async()
    finally:
        await pool.stop()
