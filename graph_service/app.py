"""The service: `create_app(settings)` wires the faces together, adds common headers and the one error handler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, PlainTextResponse

from graph_service import errors, formats
from graph_service.service import Service
from graph_service.settings import Settings
from graph_service.web import (
    asking,
    comparing,
    contribute,
    documentation,
    dumps,
    editor,
    feed,
    pages,
    questions,
    reading,
    reconcile,
    releases,
    things,
    wellknown,
)
from graph_service.web.delivery import CommonHeaders
from graph_service.web.endpoints import Endpoints
from graph_service.web.rendering import Pages
from graph_service.web.routing import prefers_page
from graph_service.web.static import Files

log = logging.getLogger("graph_service")
PROBLEM = formats.Format("problem", "application/problem+json", "JSON", ("application/json",))
TEXT = formats.Format("text", "text/plain", "text")
FACES: tuple[Callable[[Service], APIRouter], ...] = (
    contribute.router,
    things.router,
    wellknown.router,
    feed.router,
    releases.router,
    reconcile.router,
    pages.router,
    comparing.router,
    asking.router,
    asking.citations,
    reading.router,
    documentation.router,
    editor.router,
    questions.router,
    dumps.router,
)
"""The routers of the service, in the order in which they are asked."""

BY_STATUS: dict[int, type[errors.SurveyError]] = {
    400: errors.BadRequest,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    406: errors.NotAcceptable,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
}


def problem_response(request: Request, error: errors.SurveyError) -> Response:
    """An error as a page for people, as RFC 9457 JSON, or as a line of text for a client that asks for that."""
    if prefers_page(request.scope) and hasattr(request.app.state, "pages"):
        return pages.problem_page(request, error)
    headers = {**error.headers, "Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
    accept = request.headers.get("accept")
    if formats.negotiate(accept, (PROBLEM, TEXT)) is TEXT:
        return PlainTextResponse(f"{error.title}: {error.message}\n", error.status, headers)
    return JSONResponse(error.problem(str(request.url.path)), error.status, headers, PROBLEM.media_type)


def create_app(settings: Settings | None = None, service: Service | None = None) -> FastAPI:
    """The ASGI application over one release; the only place where things are put together."""
    service = service or Service.load(settings or Settings())
    endpoints = Endpoints(service, editor.editor_page(service))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with endpoints.running():
            asyncio.get_running_loop().run_in_executor(None, service.warm)
            yield

    app = FastAPI(
        title="Imaging Survey",
        version=service.dataset.version,
        summary="Public archives of in-vivo medical images, and the software that runs them, as a knowledge graph.",
        license_info={"name": "CC0-1.0 (data), Apache-2.0 (code)", "identifier": "CC0-1.0 AND Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.state.pages = Pages(service, extra=(("/contribute", "Contribute"),))
    app.state.files = Files()
    app.add_middleware(CommonHeaders)
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "HEAD", "POST"], allow_headers=["*"])
    for face in FACES:
        app.include_router(face(service))

    app.openapi = lambda: documentation.description(app)  # type: ignore[method-assign]

    @app.exception_handler(errors.SurveyError)
    def told(request: Request, error: errors.SurveyError) -> Response:
        return problem_response(request, error)

    @app.exception_handler(HTTPException)
    def from_router(request: Request, error: HTTPException) -> Response:
        kind = BY_STATUS.get(error.status_code, errors.SurveyError)
        detail = (
            f"`{request.url.path}` is not a page or a thing of the survey."
            if kind is errors.NotFound
            else str(error.detail)
        )
        return problem_response(request, kind(detail, headers=dict(error.headers or {})))

    @app.exception_handler(RequestValidationError)
    def from_parameters(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        name = str(first["loc"][-1])
        return problem_response(request, errors.BadParameter(f"`{name}`: {first['msg']}.", parameter=name))

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected error at %s", request.url.path, exc_info=error)
        return problem_response(
            request, errors.SurveyError("The fault is ours and has been logged; please try again later.")
        )

    endpoints.attach(app)
    return app
