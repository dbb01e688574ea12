"""The whole survey to download: `/dumps/survey.{ttl,nt,nq,trig,jsonld,rdf}`, each also with `.gz`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import FileResponse

from graph_service import formats
from graph_service.release import DUMPS
from graph_service.service import Service
from graph_service.web import caching

SUFFIXES = [*DUMPS, *(f"{suffix}.gz" for suffix in DUMPS)]


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["dumps"])

    @routes.head("/dumps/survey.{suffix}", include_in_schema=False)
    @routes.get(
        "/dumps/survey.{suffix}",
        summary="The whole survey in one file",
        response_class=Response,
        operation_id="dump",
    )
    def dump(
        request: Request, suffix: Annotated[str, Path(description="Format of the dump", examples=["ttl", "nq.gz"])]
    ) -> Response:
        path = service.dataset.dump(suffix)
        headers = caching.common("Origin") | caching.validators(service, suffix)
        if caching.is_unchanged(request, headers):
            return Response(status_code=304, headers=headers)
        kind = "application/gzip" if suffix.endswith(".gz") else formats.BY_NAME[suffix].content_type
        headers["Content-Disposition"] = f'inline; filename="survey.{suffix}"'
        return FileResponse(path, media_type=kind, headers=headers)

    return routes
