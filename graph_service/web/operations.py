"""What operators and orchestrators ask: is it alive, is it ready, how is it doing, which limits are in force.

/healthz    200 as long as this process answers
/readyz     200 with the release's digest once queries would be answered, else 503
/metrics    Prometheus
/-/settings the settings in force
/-/versions our own version and those of what does the work
"""

from __future__ import annotations

import platform
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

import graph_service
from graph_service.engine.workers import WorkerPool
from graph_service.settings import Settings
from graph_service.web.journal import PROMETHEUS_TEXT, Journal

_PARTS = ("pyoxigraph", "rdflib", "pyshacl", "fastapi", "starlette", "uvicorn")
_PRIVATE = (
    "release", "log_client", "trusted_proxies", "engine_url", "engine_user", "engine_password", "reload_token",
)  # fmt: skip
"""Settings that say something about the machine and not about the service."""


def routes(pool: WorkerPool, settings: Settings, journal: Journal) -> list[Route]:
    """The routes for operators, to be appended to an application's."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        ready = pool.is_ready
        body = {"ready": ready, "digest": pool.digest, "isolation": pool.nursery.kind, "workers": pool.state}
        return JSONResponse(body, status_code=200 if ready else 503, headers={"Cache-Control": "no-store"})

    async def metrics(_: Request) -> Response:
        return Response(journal.exposition(), headers={"Content-Type": PROMETHEUS_TEXT})

    async def show_settings(_: Request) -> Response:
        values = settings.model_dump(mode="json", exclude=set(_PRIVATE))
        described = {
            name: {"value": value, "description": type(settings).model_fields[name].description}
            for name, value in values.items()
        }
        return JSONResponse(described, headers={"Access-Control-Allow-Origin": "*"})

    async def versions(_: Request) -> Response:
        found = {"imaging-survey": graph_service.__version__, "python": platform.python_version()}
        return JSONResponse(
            found | {part: version(part) for part in _PARTS}, headers={"Access-Control-Allow-Origin": "*"}
        )

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route("/-/settings", show_settings),
        Route("/-/versions", versions),
    ]
