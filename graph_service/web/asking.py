"""The questions for people: all at `/query`; one at `/query/{name}` with its form, answer, SPARQL and citation."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import pyoxigraph as ox
from fastapi import APIRouter, Request, Response

from graph_service import answers, citing, phrases
from graph_service.citing import Citation
from graph_service.errors import NotFound, SurveyError
from graph_service.knowledge import Knowledge
from graph_service.problems import suggestion
from graph_service.queries import Parameter, Query
from graph_service.service import Service
from graph_service.terms import BASE, KINDS, PREFIXES, SCHEMES
from graph_service.web import questions, signposting
from graph_service.web.rendering import Pages, address
from graph_service.web.routing import PageRoute, pages_of
from graph_service.web.showing import heads

MOST = 300
"""Rows of an answer that a page shows; data have all of them."""

SELECTABLE = 40
GROUPS = {"locate": "Find data", "assess": "Assess software", "trust": "Trust what is said"}
RESULTS = (
    ("csv", "text/csv", "CSV"),
    ("tsv", "text/tab-separated-values", "TSV"),
    ("json", "application/sparql-results+json", "JSON"),
    ("xml", "application/sparql-results+xml", "XML"),
)
GRAPHS = (
    ("ttl", "text/turtle", "Turtle"),
    ("nt", "application/n-triples", "N-Triples"),
    ("jsonld", "application/ld+json", "JSON-LD"),
    ("rdf", "application/rdf+xml", "RDF/XML"),
)


def router(service: Service) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)

    @routes.api_route("/query", methods=["GET", "HEAD"])
    def all_questions(request: Request) -> Response:
        return questions_page(service, request)

    @routes.api_route("/query/{name}", methods=["GET", "HEAD"])
    def one_question(request: Request, name: str) -> Response:
        return question_page(service, request, name.removesuffix(".html"))

    return routes


def citations(service: Service) -> APIRouter:
    """`/cite/query/{name}.{form}` with the question's parameters, and `/cite.{form}` for the survey."""
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/cite/query/{name}.{form}", methods=["GET", "HEAD"])
    def cite_answer(request: Request, name: str, form: str) -> Response:
        return cited(citation(service, request, questions.find(service, name)), form)

    @routes.api_route("/cite.{form}", methods=["GET", "HEAD"])
    def cite_survey(form: str) -> Response:
        return cited(survey_citation(service), form)

    return routes


def cited(what: Citation, form: str) -> Response:
    if form not in citing.FORMS:
        raise NotFound(f"citations are written as {', '.join(citing.FORMS)}, not as `{form}`.")
    headers = {"Content-Disposition": f'inline; filename="{what.key}.{form}"', "Access-Control-Allow-Origin": "*"}
    return Response(what.text(form), media_type=citing.FORMS[form], headers=headers)


def survey_citation(service: Service) -> Citation:
    title = "Survey of public archives of in-vivo medical images and of the software that runs them."
    return Citation(
        f"imaging-survey-{service.dataset.version}", title, BASE, service.dataset.version, service.dataset.date
    )


def citation(service: Service, request: Request, query: Query) -> Citation:
    """The citation of a question with its values at this release."""
    given = [(name, value) for name, values in questions.values(request).items() for value in values if value]
    where = address(f"{BASE}query/{query.name}", given)
    asked = answers.sentence(service.knowledge, query, questions.values(request))
    return Citation(
        f"imaging-survey-{query.name}-{service.dataset.version}",
        asked,
        where,
        service.dataset.version,
        service.dataset.date,
    )


def questions_page(service: Service, request: Request) -> Response:
    knowledge = service.knowledge
    groups: dict[str, list[tuple[str, str, str]]] = {name: [] for name in GROUPS}
    for query in service.questions.values():
        first = next((tag for tag in query.tags if tag in GROUPS), "")
        groups.setdefault(first, []).append(
            (f"/query/{query.name}", answers.sentence(knowledge, query, {}), query.description)
        )
    shown = [(GROUPS.get(name, "More"), members) for name, members in groups.items() if members]
    return pages_of(request).respond(request, "questions.html", groups=shown, total=len(service.questions))


def question_page(service: Service, request: Request, name: str) -> Response:
    """One question with its form and its answer, and links to its description."""
    response = _question_page(service, request, name)
    links = signposting.links(service, f"{BASE}query/{name}", signposting.root(service, request))
    return signposting.beside(response, links)


def _question_page(service: Service, request: Request, name: str) -> Response:
    """The page; a value that does not fit is told beside the form."""
    pages, query = pages_of(request), questions.find(service, name)
    if (known := pages.unchanged(request)) is not None:
        return known
    given = questions.values(request)
    words: dict[str, Any] = {
        "table": None,
        "triples": None,
        "truth": None,
        "picture": None,
        "total": 0,
        "problem": None,
        "strangers": strangers(pages.knowledge, query, given),
    }
    status, text = 200, query.text
    try:
        text = query.bind(given)
        words |= answered(pages.knowledge, query, service.answer(query, text))
    except SurveyError as error:
        words["problem"], status = error, error.status
    what, asked = citation(service, request, query), answers.sentence(pages.knowledge, query, given)
    pairs = [(key, value) for key, values in given.items() for value in values if value]
    forms = GRAPHS if words["triples"] is not None else RESULTS
    return pages.respond(
        request,
        "question.html",
        status=status,
        links=tuple((address(f"/query/{name}.{form}", pairs), kind, label) for form, kind, label in forms),
        question=query,
        asked=asked,
        fields=[field(pages, parameter, given.get(parameter.name, [])) for parameter in query.parameters],
        text=text,
        editor=address("/sparql", [("query", text)]),
        citation=what,
        cite=[(address(f"/cite/query/{name}.{form}", pairs), label) for form, label in citing.LABELS.items()],
        most=MOST,
        **words,
        **heads(service, request, f"{BASE}query/{name}"),
    )


def strangers(knowledge: Knowledge, query: Query, given: Mapping[str, list[str]]) -> list[str]:
    """The given things and concepts that the survey does not have, told with what is near."""
    found = []
    for parameter in query.parameters:
        kinds = (parameter.kind or "").replace("-", " ").split("|")
        for value in filter(None, given.get(parameter.name, ()) if parameter.kind else ()):
            try:
                term = parameter.term(value)
            except SurveyError:
                continue  # told beside the form
            if isinstance(term, ox.NamedNode) and term.value.startswith(BASE) and not knowledge.exists(term.value):
                near = suggestion(value, [name for name, _ in choices(knowledge, parameter)]).replace("`", "")
                found.append(f"The survey knows no {phrases.listing(kinds, 'or')} “{value}”.{near}")
    return found


def answered(
    knowledge: Knowledge, query: Query, answer: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples
) -> dict[str, Any]:
    if isinstance(answer, ox.QueryBoolean):
        return {"truth": bool(answer)}
    if isinstance(answer, ox.QueryTriples):
        triples = list(islice(answer, 5000))
        text = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=PREFIXES) or b""
        return {"triples": text.decode()[:100_000], "total": len(triples)}
    table = answers.tabulate(knowledge, answer)
    return {"table": table, "total": len(table.rows), "picture": answers.drawn(table, query.view, query.summary)}


def field(pages: Pages, parameter: Parameter, given: list[str]) -> dict[str, Any]:
    """One field of the form: how it is filled in and from what."""
    options = choices(pages.knowledge, parameter)
    kind = "choice" if options and len(options) <= SELECTABLE else "completed" if options else parameter.type
    values = [short(value, parameter) for value in given if value] or [""]
    if parameter.several and values != [""]:
        values.append("")
    return {
        "parameter": parameter,
        "label": parameter.label or answers.heading(parameter.name).capitalize(),
        "kind": kind,
        "options": options,
        "values": values if parameter.several else values[:1],
    }


def short(value: str, parameter: Parameter) -> str:
    """A value as the form offers it: a slug of the first kind, a prefixed name of another."""
    if parameter.type != "iri" or not parameter.kind:
        return value
    for kind in parameter.kind.split("|"):
        for start in (f"{BASE}{kind}/", f"{kind}:"):
            if value.startswith(start):
                slug = value[len(start) :]
                return slug if kind == parameter.kind.split("|")[0] else f"{kind}:{slug}"
    return value


def choices(knowledge: Knowledge, parameter: Parameter) -> list[tuple[str, str]]:
    """Value and label of everything that a parameter may be, by label."""
    if parameter.type == "boolean":
        return [("true", "yes"), ("false", "no")]
    if parameter.type != "iri" or not parameter.kind:
        return []
    kinds, found = parameter.kind.split("|"), []
    for kind in kinds:
        iris = (
            knowledge.of_kind(kind)
            if kind in KINDS
            else [each.iri for each in knowledge.members(kind)]
            if kind in SCHEMES
            else []
        )
        start = "" if kind == kinds[0] else f"{kind}:"
        found += [(start + iri.rpartition("/")[2], knowledge.label(iri)) for iri in iris]
    return sorted(found, key=lambda pair: pair[1].casefold())
