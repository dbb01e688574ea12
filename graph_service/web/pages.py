"""The finder at `/` and the page of each thing, concept and word of the survey."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from fastapi import APIRouter, Request, Response

from graph_service import finder, rows
from graph_service.errors import NotFound, SurveyError
from graph_service.finder import Finder, Found
from graph_service.knowledge import SURVEYED, Knowledge, path_of
from graph_service.service import Service
from graph_service.terms import BASE, ONTOLOGY
from graph_service.web import signposting, static
from graph_service.web.rendering import Pages, address
from graph_service.web.routing import pages_of
from graph_service.web.showing import document_page, heads, thing_page
from graph_service.web.words import code
from graph_service.wishes import FACETS, SORTS, Wish

OPEN = ("use", "access", "modality", "anatomy", "condition", "license")
MOST = 40
"""Values of a facet that are listed after the first six."""

FORMATS = [("text/csv", "CSV", "csv"), ("application/json", "JSON", "json")]

__all__ = ["document_page", "router", "thing_page"]


def router(service: Service) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/", methods=["GET", "HEAD"])
    def home(request: Request) -> Response:
        return signposting.at_home(service, request, finder_answer(request, service))

    @routes.api_route("/static/{name:path}", methods=["GET", "HEAD"])
    def file(request: Request, name: str) -> Response:
        files: static.Files = request.app.state.files
        return files.response(request, name)

    @routes.api_route("/ontology", methods=["GET", "HEAD"])
    def ontology(request: Request) -> Response:
        return thing_page(service, request, ONTOLOGY)

    @routes.api_route("/favicon.ico", methods=["GET", "HEAD"])
    def icon(request: Request) -> Response:
        files: static.Files = request.app.state.files
        return files.response(request, "mark.svg")

    return routes


def problem_page(request: Request, error: SurveyError) -> Response:
    """What went wrong, as a page; what stands between backquotes is code, or a link where it is an address."""
    response = pages_of(request).respond(
        request, "problem.html", status=error.status, error=error, pieces=code(error.message)
    )
    response.headers.update(error.headers)
    return response


def finder_answer(request: Request, service: Service) -> Response:
    """What fits the wish in the address, as a page, CSV or JSON."""
    pages, wanted = pages_of(request), request.query_params.get("format", "")
    if wanted not in {"", "html"} and wanted not in {name for _, _, name in FORMATS}:
        raise NotFound(f"the finder answers as html, csv or json, not as `{wanted}`.")
    if wanted in {"", "html"} and (known := pages.unchanged(request)) is not None:
        return known
    wish = Wish.of(request.query_params.multi_items())
    found = service.finder.find(wish)
    if wanted == "csv":
        return as_csv(found)
    if wanted == "json":
        return as_json(found, request)
    return finder_page(request, pages, service.finder, found)


def finder_page(request: Request, pages: Pages, index: Finder, found: Found) -> Response:
    wish, knowledge = found.wish, pages.knowledge
    parameters = wish.parameters()
    links = tuple((at(parameters, form=name), kind, label) for kind, label, name in FORMATS)
    return pages.respond(
        request,
        "finder.html",
        links=links,
        found=found,
        told=finder.told(wish, index),
        kept=[(name, value) for name, value in parameters if name not in {"q", "page"}],
        census=census(knowledge) if wish.empty else {},
        chosen=[
            (
                name,
                value,
                index.label(name, value),
                "Type" if name == "type" else FACETS[name][1],
                at(wish.toggled(name, value)),
            )
            for name, value in parameters
            if name in FACETS or name == "type"
        ],
        reset=at(Wish(wish.text, sort=wish.sort)),
        suggested=[
            (FACETS[name][1], label, at(wish.toggled(name, value)))
            for name, value, label in found.understood
            if value not in wish.chosen.get(name, ())
        ],
        sorts=[
            (name, label, at(Wish(wish.text, wish.chosen, name, 1, wish.types)), wish.order == name)
            for name, label in SORTS.items()
            if name != "relevance" or wish.text
        ],
        with_software=any(row.software for row in found.rows),
        previous=at(wish.with_page(wish.page - 1)) if wish.page > 1 else "",
        next=at(wish.with_page(wish.page + 1)) if wish.page < found.pages else "",
        elsewhere=named_elsewhere(knowledge, wish.text),
        csv=links[0][0],
        json=links[1][0],
        editor=address("/sparql", [("query", index.sparql(wish))]),
        **(heads(request.app.state.service, request, BASE) if wish.empty else {}),
        facets=[(name, heading, name in OPEN) for name, (_, heading) in FACETS.items()],
        most=MOST,
        scheme=lambda name: "/software" if name == "software" else f"/vocabulary/{index.scheme(name)}",
        link=lambda name, value: at(wish.toggled(name, value)),
    )


def at(wish: Wish | list[tuple[str, str]], form: str = "") -> str:
    """The address of a wish."""
    parameters = wish.parameters() if isinstance(wish, Wish) else [pair for pair in wish if pair[0] != "page"]
    return address("/", parameters + ([("format", form)] if form else []))


def census(knowledge: Knowledge) -> dict[str, int]:
    """How many things of each kind there are, and observations of them."""
    found = {kind: len(knowledge.of_kind(kind)) for kind in (*SURVEYED, "organization", "source")}
    return found | {"observations": knowledge.observations}


def named_elsewhere(knowledge: Knowledge, text: str) -> list[tuple[str, str]]:
    """Software and organizations whose title holds the text."""
    wanted = text.casefold().strip()
    if len(wanted) < 3:
        return []
    found = []
    for kind in ("software", "organization"):
        for iri in knowledge.of_kind(kind):
            names = (
                knowledge.label(iri),
                iri.rpartition("/")[2],
                *knowledge.texts(iri, "http://purl.org/dc/terms/alternative"),
            )
            if any(wanted in name.casefold() for name in names):
                found.append((knowledge.label(iri), path_of(iri)))
    return found[:4]


def as_csv(found: Found) -> Response:
    """All rows, not only those of the page."""
    out = io.StringIO()
    header, lines = rows.table(found.everything)
    csv.writer(out).writerows([header, *lines])
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=attachment("imaging-survey.csv"))


def as_json(found: Found, request: Request) -> Response:
    header, lines = rows.table(found.everything)
    body: dict[str, Any] = {
        "address": str(request.url),
        "total": found.total,
        "facets": {
            name: [
                {"value": each.value, "label": each.label, "count": each.count, "chosen": each.chosen}
                for each in choices
            ]
            for name, choices in found.facets.items()
        },
        "rows": [dict(zip(header, line, strict=True)) for line in lines],
    }
    return Response(
        json.dumps(body, ensure_ascii=False), media_type="application/json", headers=attachment("imaging-survey.json")
    )


def attachment(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'inline; filename="{name}"',
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": "public, max-age=300",
    }
