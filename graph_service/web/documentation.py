"""`/docs`: the interface for programs, described in words; `/docs/try`: the same in Swagger UI, from our own files."""

from __future__ import annotations

import warnings
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from graph_service.errors import NotFound
from graph_service.service import Service
from graph_service.web import static
from graph_service.web.delivery import POLICY
from graph_service.web.routing import pages_of

POLICY_WITH_STYLES = f"{POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
"""Swagger UI sets styles on its elements; its scripts still come from here only."""

READY = ("vendor/swagger-ui-bundle.js", "vendor/swagger-ui.css")


def router(service: Service) -> APIRouter:  # noqa: ARG001
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/docs", methods=["GET", "HEAD"])
    def documentation(request: Request) -> Response:
        pages = pages_of(request)
        if (known := pages.unchanged(request)) is not None:
            return known
        return pages.respond(
            request, "docs.html", groups=operations(description(request.app)), ready=all(map(static.exists, READY))
        )

    @routes.api_route("/docs/try", methods=["GET", "HEAD"])
    def swagger(request: Request) -> Response:
        if not all(map(static.exists, READY)):
            raise NotFound("Swagger UI is not among the files of this installation; `/docs` tells the same.")
        response = pages_of(request).respond(request, "swagger.html")
        response.headers["Content-Security-Policy"] = POLICY_WITH_STYLES
        return response

    return routes


def description(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once; HEAD goes with GET and would only repeat the name of its operation."""
    if app.openapi_schema is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            app.openapi_schema = get_openapi(
                title=app.title,
                version=app.version,
                openapi_version=app.openapi_version,
                summary=app.summary,
                license_info=app.license_info,
                routes=app.routes,
            )
        for methods in app.openapi_schema["paths"].values():
            if "get" in methods:
                methods.pop("head", None)
    return app.openapi_schema


def operations(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The operations of an OpenAPI document by their first tag; HEAD is left out, it goes with GET."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            if method == "head" or not isinstance(said, dict):
                continue
            parameters = [
                {
                    "name": each["name"],
                    "where": each["in"],
                    "required": each.get("required", False),
                    "description": each.get("description", ""),
                    "values": each.get("schema", {}).get("enum", [])[:12],
                    "example": next(iter(each.get("schema", {}).get("examples", [])), each.get("example", "")),
                }
                for each in said.get("parameters", [])
            ]
            group = (said.get("tags") or ["other"])[0]
            groups.setdefault(group, []).append(
                {
                    "path": path,
                    "method": method.upper(),
                    "summary": said.get("summary", ""),
                    "description": said.get("description", ""),
                    "parameters": parameters,
                    "plain": method == "get" and "{" not in path and not parameters,
                }
            )
    return groups
