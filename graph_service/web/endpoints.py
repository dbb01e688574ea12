"""All that answers strangers' queries over one release, put together: the worker pool, `/sparql`, the kept releases,
`/mcp`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pyoxigraph import NamedNode, Triple
from starlette.routing import Route

from graph_service.description import Description
from graph_service.service import Service
from graph_service.terms import BASE, FOREIGN
from graph_service.web import operations
from graph_service.web.agents import Agents
from graph_service.web.fairness import Fairness, Limited
from graph_service.web.journal import Journal
from graph_service.web.pinned import PinnedReleases
from graph_service.web.sparql import Page, SparqlEndpoint, SparqlFirst


class Endpoints:
    """They work while `running` is entered, which an application's lifespan does, once."""

    def __init__(self, service: Service, page: Page | None = None) -> None:
        settings = self.settings = service.settings
        self._service = service
        self.pool = service.pool
        self.journal, self.fairness = Journal(settings), Fairness(settings)
        self.sparql = SparqlEndpoint(
            self.pool, settings, described(service), fairness=self.fairness, journal=self.journal, page=page
        )
        self.pinned = PinnedReleases(service, self.pool, self.fairness, self.journal)
        self.agents = Agents(service, self.pool)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Starts the workers, and ends them with the block."""
        await self.pool.start()
        self._service.pooled.bind(self.pool, self.settings)
        try:
            async with self.agents.running(), self.pinned.running():
                yield
        finally:
            await self.pool.stop()

    def attach(self, app: FastAPI) -> None:
        """Puts the routes before all that an application has, and `/sparql` before even its middleware."""
        app.router.routes[:0] = [
            Route("/mcp", self.agents),
            Route("/release/{version}/sparql", self.pinned),
            Route("/release/{version}/sparql/", self.pinned),
            *operations.routes(self.pool, self.settings, self.journal),
        ]
        app.add_middleware(Limited, fairness=self.fairness)
        app.middleware_stack = SparqlFirst(app.build_middleware_stack(), self.sparql)


def described(service: Service) -> Description:
    """What the service description says: all that is served, and where more is said of it."""
    triples = service.dataset.triples
    home = NamedNode(f"{BASE}sparql")
    more = (Triple(home, NamedNode(f"{FOREIGN['rdfs']}seeAlso"), NamedNode(f"{BASE}.well-known/void")),)
    return Description(triples, lambda: service.graphs, service.settings.federation, more)
