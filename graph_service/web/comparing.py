"""`/compare`: the survey's table for two to eight things, also as text. `/match`: software by requirements."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from functools import lru_cache

from fastapi import APIRouter, Request, Response

from graph_service import comparison
from graph_service.errors import BadParameter
from graph_service.matching import Candidate, Matcher
from graph_service.problems import is_strange, suggestion
from graph_service.service import Service
from graph_service.terms import BASE
from graph_service.things import titles
from graph_service.web.rendering import address
from graph_service.web.routing import pages_of

TEXTS = {
    "csv": ("text/csv; charset=utf-8", "CSV", comparison.as_csv),
    "md": ("text/markdown; charset=utf-8", "Markdown", comparison.as_markdown),
    "tex": ("application/x-latex; charset=utf-8", "LaTeX", comparison.as_latex),
}
EXAMPLES = (
    ("Archives of cancer images", ("archive/tcia", "archive/idc", "archive/midrc")),
    ("Archives of brain images", ("archive/openneuro", "archive/loni-ida", "archive/nitrc-ir", "archive/nda")),
    ("Software for archives", ("software/xnat", "software/orthanc", "software/dcm4chee", "software/girder")),
)
POPULAR = (
    "dicom-receiver",
    "deidentification",
    "dicomweb",
    "rest-api",
    "access-control",
    "audit-log",
    "open-source",
    "maintained",
)


def router(service: Service) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @lru_cache(maxsize=1)
    def matcher() -> Matcher:
        return Matcher(service.knowledge, service.dataset.date)

    @routes.api_route("/compare", methods=["GET", "HEAD"])
    def compare(request: Request) -> Response:
        return comparison_page(request)

    @routes.api_route("/compare.{form}", methods=["GET", "HEAD"])
    def text(request: Request, form: str) -> Response:
        return comparison_text(request, form)

    @routes.api_route("/match", methods=["GET", "HEAD"])
    def match(request: Request) -> Response:
        return matching_page(request, matcher())

    @routes.api_route("/match.csv", methods=["GET", "HEAD"])
    def shortlist(request: Request) -> Response:
        return shortlist_text(request, matcher())

    return routes


def known_only(request: Request, names: Iterable[str]) -> None:
    """Refuses parameters that mean nothing here."""
    names = [*names]
    for name in request.query_params:
        if is_strange(name, names):
            raise BadParameter(f"`{name}` is no parameter of this page.{suggestion(name, names)}", parameter=name)


def wanted(request: Request) -> list[str]:
    known_only(request, ("thing", "only", "format"))
    return comparison.chosen(pages_of(request).knowledge, request.query_params.getlist("thing"))


def comparison_page(request: Request) -> Response:
    pages = pages_of(request)
    if (known := pages.unchanged(request)) is not None:
        return known
    iris = wanted(request)
    names = [iri.removeprefix(BASE) for iri in iris]
    table = comparison.compare(pages.knowledge, iris) if len(iris) > 1 else None
    texts = [
        (address(f"/compare.{form}", [("thing", name) for name in names]), label, kind)
        for form, (kind, label, _) in TEXTS.items()
    ]
    only = request.query_params.get("only", "")
    if only not in {"", "differences"}:
        raise BadParameter(f"`only={only}`: the rows are all, or `only=differences`.", parameter="only")
    return pages.respond(
        request,
        "compare.html",
        links=tuple((href, kind.partition(";")[0], label) for href, label, kind in texts) if table else (),
        table=table,
        names=names,
        labels=[pages.knowledge.label(iri) for iri in iris],
        without=[address("/compare", [("thing", other) for other in names if other != name]) for name in names],
        texts=texts,
        only=bool(only),
        toggle=address("/compare", [("thing", name) for name in names] + ([] if only else [("only", "differences")])),
        everything=[(iri.removeprefix(BASE), title) for iri, title, _ in titles(pages.knowledge)]
        if len(names) < comparison.MOST
        else [],
        examples=[
            (label, address("/compare", [("thing", name) for name in chosen]))
            for label, chosen in EXAMPLES
            if all(pages.knowledge.exists(BASE + name) for name in chosen)
        ],
    )


def comparison_text(request: Request, form: str) -> Response:
    if form not in TEXTS:
        raise BadParameter(f"a comparison is written as {', '.join(TEXTS)}, not as `{form}`.", parameter="format")
    iris = wanted(request)
    if len(iris) < 2:
        raise BadParameter("name at least two things, as `thing=archive/tcia&thing=archive/idc`.", parameter="thing")
    kind, _, write = TEXTS[form]
    return Response(
        write(comparison.compare(pages_of(request).knowledge, iris)),
        media_type=kind,
        headers={"Content-Disposition": f'inline; filename="comparison.{form}"', "Access-Control-Allow-Origin": "*"},
    )


def requirements(request: Request, matcher: Matcher) -> tuple[list[str], list[str], str]:
    """What is required: musts, wishes, role. The form sends each requirement as a parameter of its own."""
    known_only(request, ("must", "nice", "role", "format", *matcher.requirements))
    must, nice = request.query_params.getlist("must"), request.query_params.getlist("nice")
    for name, value in request.query_params.multi_items():
        if name in matcher.requirements and value in {"must", "nice"}:
            (must if value == "must" else nice).append(name)
    role, roles = (
        request.query_params.get("role", ""),
        [each.slug for each in matcher.knowledge.members("software-role")],
    )
    if role and role not in roles:
        raise BadParameter(f"`role={role}` is no kind of program.{suggestion(role, roles)}", parameter="role")
    return matcher.known([each for each in must if each]), matcher.known([each for each in nice if each]), role


def matching_page(request: Request, matcher: Matcher) -> Response:
    pages = pages_of(request)
    if (known := pages.unchanged(request)) is not None:
        return known
    must, nice, role = requirements(request, matcher)
    asked = bool(must or nice or role)
    found = matcher.match(must, nice, role) if asked else []
    level = dict.fromkeys(nice, "nice") | dict.fromkeys(must, "must")
    parameters = (
        [("must", each) for each in must] + [("nice", each) for each in nice] + ([("role", role)] if role else [])
    )
    shortlist = [each.thing.iri.removeprefix(BASE) for each in found if each.verdict != "fails"][:4]
    return pages.respond(
        request,
        "match.html",
        links=((address("/match.csv", parameters), "text/csv", "CSV"),) if asked else (),
        groups=matcher.groups,
        popular=[(name, *matcher.requirements[name]) for name in POPULAR if name in matcher.requirements],
        level=level,
        asked=asked,
        told=[(matcher.requirements[each][0], each in must) for each in dict.fromkeys([*must, *nice])],
        found=[
            (each, matcher.users(each.thing), pages.knowledge.texts(each.thing.iri, BASE + "ontology#usedByName"))
            for each in found
        ],
        counts={
            verdict: sum(1 for each in found if each.verdict == verdict) for verdict in ("fits", "may fit", "fails")
        },
        roles=pages.knowledge.members("software-role"),
        role=role,
        csv=address("/match.csv", parameters),
        compare=address("/compare", [("thing", name) for name in shortlist]) if len(shortlist) > 1 else "",
    )


def shortlist_text(request: Request, matcher: Matcher) -> Response:
    """The ranked list as CSV: one line a program, one column a requirement."""
    must, nice, role = requirements(request, matcher)
    found: list[Candidate] = matcher.match(must, nice, role)
    labels = [reason.label + (" (must)" if reason.must else "") for reason in found[0].reasons] if found else []
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["software", "iri", "verdict", *labels, "run by"])
    for each in found:
        users = "; ".join(title for title, _ in matcher.users(each.thing))
        writer.writerow(
            [each.thing.title, each.thing.iri, each.verdict, *(reason.answer for reason in each.reasons), users]
        )
    return Response(
        out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'inline; filename="software.csv"', "Access-Control-Allow-Origin": "*"},
    )
