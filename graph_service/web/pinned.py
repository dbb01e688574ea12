"""`/release/{version}/sparql`: the same endpoint over a release that is kept, so that an answer can be had again.

The workers of an older release are started when it is asked for the first time; they are few, since they are asked
rarely.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive, Scope, Send

from graph_service.dataset import Built
from graph_service.description import Description
from graph_service.engine.workers import WorkerPool
from graph_service.errors import NotFound
from graph_service.problems import suggestion
from graph_service.release import Release
from graph_service.service import Service
from graph_service.web import releases
from graph_service.web.fairness import Fairness
from graph_service.web.journal import Journal
from graph_service.web.sparql import SparqlEndpoint

YEAR = 31_536_000
WORKERS = 2


class PinnedReleases:
    """The ASGI application of `/release/{version}/sparql`; it works while `running` is entered."""

    def __init__(self, service: Service, pool: WorkerPool, fairness: Fairness, journal: Journal) -> None:
        self._service, self._fairness, self._journal = service, fairness, journal
        self._settings = service.settings.model_copy(
            update={
                "cache_seconds": YEAR,
                "query_workers": WORKERS,
                "cache_bytes": service.settings.cache_bytes // 8,
            }
        )
        self._releases = {each.version: each for each in releases.pinned(service)}
        self._pools: list[WorkerPool] = []
        self._endpoints: dict[str, SparqlEndpoint] = {}
        self._starting = asyncio.Lock()
        if self._releases:
            served = service.dataset.version
            self._endpoints[served] = self._endpoint(pool, self._releases[served])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ends, with the block, the workers that were started."""
        try:
            yield
        finally:
            for pool in self._pools:
                await pool.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = await self._at(scope["path_params"]["version"])
        await endpoint(scope, receive, send)

    async def _at(self, version: str) -> SparqlEndpoint:
        if version == "current":
            version = self._service.dataset.version
        if version not in self._releases:
            known = ", ".join(self._releases) or "none"
            raise NotFound(
                f"release `{version}` cannot be asked here; those that can are {known}."
                f"{suggestion(version, self._releases)}"
            )
        async with self._starting:
            if version not in self._endpoints:
                built = Built(self._releases[version].folder)
                pool = WorkerPool(built.loaded(), built.digest, self._settings)
                await pool.start()
                self._pools.append(pool)
                self._endpoints[version] = self._endpoint(pool, built.release)
        return self._endpoints[version]

    def _endpoint(self, pool: WorkerPool, release: Release) -> SparqlEndpoint:
        manifest = release.manifest
        description = Description(manifest["triples"], lambda: manifest["graphs"], self._settings.federation)
        path = f"/release/{release.version}/sparql"
        return SparqlEndpoint(
            pool, self._settings, description, fairness=self._fairness, journal=self._journal, path=path
        )
