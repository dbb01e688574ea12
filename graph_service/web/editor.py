"""`/sparql` for people: a form that works without scripts, and an editor that knows our prefixes, classes and words."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

import pyoxigraph as ox
from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from graph_service import answers
from graph_service.knowledge import RDFS, SURVEYED, TYPE, Knowledge, survey
from graph_service.observed import Shown, shown
from graph_service.service import Service
from graph_service.terms import BASE, FOREIGN, KINDS, ONTOLOGY, PREFIXES, SCHEMES, shorten
from graph_service.web import static
from graph_service.web.delivery import HEADERS, POLICY
from graph_service.web.page import CAVEAT, View
from graph_service.web.protocol import Scope
from graph_service.web.rendering import Pages
from graph_service.web.routing import pages_of

Page = Callable[[Scope], Awaitable[Response]]
MOST = 1000
"""Rows of an answer that a page shows."""

POLICY_WITH_STYLES = f"{POLICY}; style-src 'self' 'unsafe-inline'"
"""The editor measures and colors its text by styles on elements; its scripts still come from here only."""

FIRST = """PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX modality: <https://w3id.org/imaging-survey/modality/>
PREFIX survey: <https://w3id.org/imaging-survey/ontology#>

SELECT ?archive ?title ?software
WHERE {
  ?archive a survey:Archive ;
           dcterms:title ?title ;
           survey:modality modality:ct .
  OPTIONAL { ?archive survey:hostedWith ?software }
}
ORDER BY ?title
LIMIT 50
"""
FORMATS = (
    ("html", "a page"),
    ("json", "JSON"),
    ("csv", "CSV"),
    ("tsv", "TSV"),
    ("xml", "XML"),
    ("ttl", "Turtle"),
    ("nt", "N-Triples"),
    ("jsonld", "JSON-LD"),
)


def editor_page(service: Service) -> Page:
    """What shows the endpoint to people: given a scope with a `View` under `sparql`, the page."""
    examples = [(f"/query/{query.name}", query.name, query.text) for query in service.questions.values()]

    async def page(scope: Scope) -> Response:
        view: View = scope["sparql"]
        request = Request(scope)
        return render(pages_of(request), request, view, examples)

    return page


def render(pages: Pages, request: Request, view: View, examples: list[tuple[str, str, str]]) -> Response:
    """The page of a form alone, an answer or an error."""
    table = table_of(pages.knowledge, view) if view.kind == "s" else None
    body = pages.text(
        request,
        "sparql.html",
        query_text=view.query or FIRST,
        table=table,
        total=len(view.rows) if table else 0,
        most=MOST,
        truth=json.loads(view.body).get("boolean") if view.kind == "b" else None,
        document=view.body.decode() if view.kind and view.kind not in "sb" else "",
        error=view.error,
        formats=FORMATS,
        chosen=request.query_params.get("format", "html"),
        examples=[(href, pages.service.questions[name], text) for href, name, text in examples],
        sentence=lambda query: answers.sentence(pages.knowledge, query, {}),
        ready=static.exists("vendor/yasqe.min.js") and static.exists("vendor/yasqe.min.css"),
        caveat=Markup(CAVEAT),  # noqa: S704 (our own text)
    ).encode()
    headers = {
        **HEADERS,
        "Content-Security-Policy": POLICY_WITH_STYLES,
        "Cache-Control": "no-store",
        "Vary": "Accept, Accept-Encoding",
    }
    headers |= view.error.headers if view.error else {}
    if chosen := static.coding(request):
        body, headers["Content-Encoding"] = static.compress(chosen, body, 5), chosen
    return Response(body, view.error.status if view.error else 200, headers, "text/html; charset=utf-8")


def table_of(knowledge: Knowledge, view: View) -> tuple[list[str], list[list[Shown | None]]]:
    """Columns and cells of an answer in SPARQL JSON."""
    rows = [[cell(knowledge, row.get(name)) for name in view.columns] for row in view.rows[:MOST]]
    return view.columns, rows


def cell(knowledge: Knowledge, term: dict[str, Any] | None) -> Shown | None:
    if term is None:
        return None
    if term["type"] == "uri":
        found = shown(knowledge, ox.NamedNode(term["value"]))
        return Shown(found.text, found.href, term["value"])
    if term["type"] in {"literal", "typed-literal"}:
        return Shown(term["value"], language=term.get("xml:lang", ""))
    return Shown(
        json.dumps(term["value"], ensure_ascii=False) if isinstance(term["value"], dict) else f"_:{term['value']}"
    )


def router(service: Service) -> APIRouter:
    """What the editor completes: `/words.json`."""
    routes = APIRouter(include_in_schema=False)

    @lru_cache(maxsize=1)
    def known() -> bytes:
        return json.dumps(words(service.knowledge), ensure_ascii=False, separators=(",", ":")).encode()

    @routes.api_route("/words.json", methods=["GET", "HEAD"])
    def completion(request: Request) -> Response:
        pages = pages_of(request)
        if (unchanged := pages.unchanged(request)) is not None:
            return unchanged
        body, headers = known(), pages.headers(request)
        if chosen := static.coding(request):
            body, headers["Content-Encoding"] = static.compress(chosen, body, 5), chosen
        return Response(body, 200, headers, "application/json")

    return routes


def words(knowledge: Knowledge) -> dict[str, Any]:
    """Prefixes, classes, properties with the classes that have them, the values of each vocabulary, names of things."""
    classes = {survey(name) for name in KINDS.values()} | {
        survey(name) for name in ("Observation", "Evidence", "Assessment")
    }
    classes |= {f"{FOREIGN['skos']}Concept", f"{FOREIGN['skos']}ConceptScheme"}
    counts: Counter[str] = Counter()
    used: dict[str, Counter[str]] = defaultdict(Counter)
    for facts in knowledge.facts.values():
        for kind in (value.value for value in facts.get(TYPE, ()) if value.value in classes):
            counts[kind] += 1
            used[kind].update(facts.keys())
    properties = sorted({name for uses in used.values() for name in uses if shorten(name)[0] != "<"})
    return {
        "prefixes": PREFIXES,
        "classes": [
            [shorten(name), knowledge.text(name, f"{RDFS}label") or shorten(name), counts[name]]
            for name in sorted(counts)
        ],
        "properties": [[shorten(name), knowledge.label(name), knowledge.definition(name)] for name in properties],
        "used": {
            shorten(kind): [shorten(name) for name, _ in uses.most_common() if name in properties]
            for kind, uses in used.items()
        },
        "values": {shorten(each.iri): each.scheme for each in knowledge.dimensions.values() if each.scheme in SCHEMES},
        "schemes": {name: [[each.slug, each.label] for each in knowledge.members(name)] for name in SCHEMES},
        "things": {
            kind: [[iri.removeprefix(f"{BASE}{kind}/"), knowledge.label(iri)] for iri in knowledge.of_kind(kind)]
            for kind in (*SURVEYED, "organization")
        },
        "ontology": ONTOLOGY,
    }
