"""The predefined questions: `/query` lists them, `/query/{name}` answers one, in every format."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import pyoxigraph as ox
from fastapi import APIRouter, Path, Request, Response

from graph_service import formats
from graph_service.errors import NotFound
from graph_service.problems import suggestion
from graph_service.queries import Query
from graph_service.service import Service
from graph_service.tables import GRAPHS, RESULTS
from graph_service.terms import PREFIXES
from graph_service.web.negotiation import choose

RESERVED = frozenset({"format"})
WRITTEN = tuple(each for each in formats.GRAPHS if each.name in GRAPHS)
OFFERED = {"SELECT": formats.RESULTS, "ASK": formats.BOOLEANS, "CONSTRUCT": WRITTEN, "DESCRIBE": WRITTEN}
"""The formats in which the answer to each form of query is written."""


def find(service: Service, name: str) -> Query:
    """The question of a name; raises `NotFound` with the nearest names."""
    if name not in service.questions:
        raise NotFound(f"there is no question `{name}`.{suggestion(name, service.questions)} `/query` lists all.")
    return service.questions[name]


def values(request: Request) -> dict[str, list[str]]:
    """The parameters of a question as the request gives them."""
    given: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name not in RESERVED:
            given.setdefault(name, []).append(value)
    return given


def description(query: Query) -> dict[str, Any]:
    """What `/query` says of one question."""
    return {
        "name": query.name,
        "url": f"/query/{query.name}",
        "question": query.summary,
        "description": query.description,
        "tags": list(query.tags),
        "parameters": [
            {
                "name": each.name,
                "type": each.type,
                "kind": each.kind,
                "description": each.description,
                "example": each.example,
                "several": each.several,
            }
            for each in query.parameters
        ],
    }


def answer(service: Service, query: Query, request: Request, suffix: str | None) -> Response:
    """A question's answer in the format that the request wants, with a validator for caches."""
    form = choose(request, OFFERED[query.form], suffix)
    result = service.answer(query, query.bind(values(request)))
    if isinstance(result, ox.QueryTriples):
        data = ox.serialize(list(result), format=GRAPHS[form.name], prefixes=PREFIXES)
    else:
        data = result.serialize(format=RESULTS[form.name])
    etag = f'"{hashlib.sha256(data or b"").hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Vary": "Accept",
        "Cache-Control": "public, max-age=300",
        "Access-Control-Allow-Origin": "*",
        "Content-Disposition": f'inline; filename="{query.name}.{form.name}"',
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=form.content_type, headers=headers)


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["questions"])

    @routes.head("/query", include_in_schema=False)
    @routes.get("/query", summary="All predefined questions", operation_id="questions")
    def questions() -> list[dict[str, Any]]:
        return [description(query) for query in service.questions.values()]

    @routes.head("/query/{name}.rq", include_in_schema=False)
    @routes.get(
        "/query/{name}.rq", summary="The SPARQL of a question", response_class=Response, operation_id="question_text"
    )
    def text(name: Annotated[str, Path(description="Name of the question")]) -> Response:
        return Response(find(service, name).text, media_type="application/sparql-query; charset=utf-8")

    @routes.head("/query/{name}", include_in_schema=False)
    @routes.get("/query/{name}", summary="The answer to a question", response_class=Response, operation_id="question")
    def question(
        request: Request, name: Annotated[str, Path(description="Name of the question, also with .csv .tsv .json .xml")]
    ) -> Response:
        stem, _, suffix = name.partition(".")
        return answer(service, find(service, stem), request, suffix or None)

    return routes
