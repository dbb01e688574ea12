"""The pages to read: overview, lists of things, vocabularies, history, data, about."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from graph_service import changes, citing, overview, release
from graph_service.dataset import Built
from graph_service.knowledge import DESCRIPTION, path_of, survey
from graph_service.service import Service
from graph_service.web import asking
from graph_service.web.rendering import Pages
from graph_service.web.routing import PageRoute, pages_of
from graph_service.web.words import vocabularies_page

FORMATS = {
    "ttl": "Turtle, every statement of all graphs merged",
    "nt": "N-Triples, the same line by line",
    "nq": "N-Quads, with the named graph (the file) of each statement",
    "trig": "TriG, with named graphs, readable",
    "jsonld": "JSON-LD",
    "rdf": "RDF/XML",
}
LISTS = {"software": "Software", "organization": "Organizations", "source": "Sources"}


def router(service: Service) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)
    methods = ["GET", "HEAD"]

    def page(path: str, answer: Any) -> None:
        def route(request: Request) -> Response:
            known = pages_of(request).unchanged(request)
            response: Response = known if known is not None else answer(request)
            return response

        routes.add_api_route(path, route, methods=methods)

    page("/overview", lambda request: overview_page(service, request))
    page("/vocabulary", lambda request: vocabularies_page(pages_of(request), request))
    page("/history", lambda request: history_page(service, request))
    page("/data", lambda request: data_page(service, request))
    page("/about", lambda request: about_page(service, request))
    for kind in LISTS:
        page(f"/{kind}", lambda request, kind=kind: list_page(pages_of(request), request, kind))
    for kind in ("archive", "collection"):
        page(f"/{kind}", lambda _, kind=kind: RedirectResponse(f"/?type={kind}", 302))
    return routes


def overview_page(service: Service, request: Request) -> Response:
    found = overview.figures(service.knowledge, service.finder)
    return pages_of(request).respond(request, "overview.html", figures=found)


def list_page(pages: Pages, request: Request, kind: str) -> Response:
    """All software, organizations or sources by title."""
    knowledge = pages.knowledge
    letters: dict[str, list[dict[str, Any]]] = {}
    for iri in knowledge.of_kind(kind):
        title = knowledge.label(iri)
        first = title[:1].upper() if title[:1].isalpha() else "0–9"
        uses = sum(1 for predicate, _ in knowledge.pointers.get(iri, ()) if not predicate.endswith("#type"))
        entry = {
            "title": title,
            "href": path_of(iri),
            "description": knowledge.text(iri, DESCRIPTION),
            "roles": [
                knowledge.label(role)
                for role in (*knowledge.iris(iri, survey("softwareRole")), *knowledge.iris(iri, survey("sourceKind")))
            ],
            "uses": uses,
        }
        letters.setdefault(first, []).append(entry)
    total = sum(len(entries) for entries in letters.values())
    return pages.respond(request, "list.html", heading=LISTS[kind], kind=kind, letters=letters, total=total)


def history_page(service: Service, request: Request) -> Response:
    changelog = service.files.records / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8") if changelog.is_file() else ""
    entries: list[tuple[str, list[str]]] = []
    for block in text.split("\n## ")[1:]:
        heading, _, body = block.partition("\n")
        entries.append(
            (
                heading,
                [
                    paragraph.replace("\n", " ").strip("- ")
                    for paragraph in body.strip().split("\n\n")
                    if paragraph.strip()
                ],
            )
        )
    return pages_of(request).respond(
        request,
        "history.html",
        releases=entries,
        accounts=changes.accounts(service.knowledge),
        gone=changes.retired(service.knowledge),
        statements="no-longer-true" in service.questions,
    )


def data_page(service: Service, request: Request) -> Response:
    """The dumps with sizes and checksums, as far as the release has them on disk."""
    files: dict[str, Any] = {}
    if isinstance(service.dataset, Built):
        files = json.loads((service.dataset.release.folder / "manifest.json").read_text(encoding="utf-8")).get(
            "files", {}
        )

    def known(name: str) -> tuple[int | None, str]:
        entry = files.get(name, {})
        if isinstance(entry, dict):
            size = entry.get("bytes", entry.get("size"))
            return (int(size) if size is not None else None), str(entry.get("sha256", ""))
        return None, str(entry)

    rows = [
        (name, FORMATS[name], *known(f"survey.{name}"), *known(f"survey.{name}.gz"))
        for name in release.DUMPS
        if name in FORMATS
    ]
    base = (service.settings.base_url or str(request.base_url)).rstrip("/")
    return pages_of(request).respond(
        request,
        "data.html",
        rows=rows,
        base=base,
        tables=[name for name in files if name.endswith((".csv", ".parquet"))],
        digest=service.dataset.digest,
    )


def about_page(service: Service, request: Request) -> Response:
    knowledge = service.knowledge
    certainties = [(each.label, each.definition) for each in knowledge.members("certainty")]
    return pages_of(request).respond(
        request,
        "about.html",
        citation=asking.survey_citation(service),
        cite=[(f"/cite.{form}", label) for form, label in citing.LABELS.items()],
        certainties=certainties,
        example=next((iri for iri in knowledge.of_kind("archive") if iri.endswith("/give-a-scan")), ""),
    )
