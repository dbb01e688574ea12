"""Contributing: a record by form, or checked by its text; what to look up next; a report of a wrong fact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from graph_service import proposals, records, reports, todo
from graph_service.checking import LARGEST, Checking
from graph_service.errors import BadParameter, NotFound, TooLarge, UnsupportedMediaType
from graph_service.problems import Problem
from graph_service.proposals import FORMS, Faults
from graph_service.reconciliation import Candidate, Index
from graph_service.service import Service
from graph_service.web.routing import pages_of

KINDS = {"archive": "an archive", "collection": "a collection", "software": "software"}
SHOWN = 100
NAMES = ("dcterms:title", "dcterms:alternative", "foaf:homepage")
NEAR, MOST_NAMES, LONGEST_NAME = 75, 10, 300
"""How alike a thing has to be to be shown as perhaps the same, and how many names of which length are looked for."""


async def bytes_of(request: Request) -> bytes:
    """A request's body; raises `TooLarge` as soon as it is."""
    taken = bytearray()
    async for part in request.stream():
        taken += part
        if len(taken) > LARGEST:
            raise TooLarge(f"the record has more than {LARGEST:,} bytes, the most that are checked here.")
    return bytes(taken)


async def body_of(request: Request) -> str:
    """The text of a request's body; raises `BadParameter` when it is not UTF-8."""
    try:
        return (await bytes_of(request)).decode()
    except UnicodeDecodeError as error:
        raise BadParameter(
            f"byte {error.start} of what was sent is not UTF-8; save it as UTF-8.", parameter="body"
        ) from None


def similar(index: Index, given: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """Name and address of things that may be the same: by any of the names and by the home page."""
    asked = [name for field in NAMES for text in given.get(field, ()) for name in re.split(r"[\n,]+", text)]
    found: dict[str, Candidate] = {}
    for name in filter(None, (name.strip()[:LONGEST_NAME] for name in asked[:MOST_NAMES])):
        for each in index.candidates(name, KINDS):
            if each.score >= NEAR and each.score > found.get(each.iri, each).score - 1:
                found[each.iri] = each
    best = sorted(found.values(), key=lambda each: (-each.score, each.name))
    return [(each.name, f"/{each.path}") for each in best[:5]]


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["contribute"])
    checking = Checking(service.files)

    @routes.post("/check", summary="Check a record", operation_id="check_record")
    async def check(
        request: Request,
        kind: Annotated[
            str, Query(description="Kind of the record: archive, collection, software, organization or source")
        ],
        slug: Annotated[str, Query(description="Name of its file without `.ttl`")],
    ) -> Response:
        """The problems of a record in Turtle, as `imaging-survey check --format json` lists them."""
        sort = request.headers.get("content-type", "").partition(";")[0].strip()
        if sort not in ("text/turtle", "application/x-turtle", "text/plain"):
            raise UnsupportedMediaType(f"send the record as text/turtle, not as {sort or 'nothing'}.")
        text = records.decoded(checking.place(kind, slug), await bytes_of(request))
        if isinstance(text, Problem):
            found = [text]
        else:
            found = await run_in_threadpool(checking.problems, kind, slug, text)
        return JSONResponse([reports.as_dict(each) for each in found], headers={"Access-Control-Allow-Origin": "*"})

    @routes.head("/contribute", include_in_schema=False)
    @routes.get("/contribute", include_in_schema=False)
    def choose(request: Request) -> Response:
        return pages_of(request).respond(
            request, "contribute.html", kinds=KINDS, kind="", fields=[], given={}, result=None
        )

    @routes.head("/contribute/{kind}", include_in_schema=False)
    @routes.get("/contribute/{kind}", include_in_schema=False)
    def form(request: Request, kind: Annotated[str, Path()]) -> Response:
        return show(request, kind, {})

    @routes.post("/contribute/{kind}", include_in_schema=False)
    async def filled_in(request: Request, kind: Annotated[str, Path()]) -> Response:
        given: dict[str, list[str]] = {}
        for name, value in _pairs(await body_of(request)):
            given.setdefault(name, []).append(value)
        if kind not in FORMS:
            raise NotFound(f"there is no form for `{kind}`; there are forms for {', '.join(FORMS)}.")
        result: dict[str, Any] = {"problems": [], "text": "", "slug": "", "similar": []}
        result["similar"] = await run_in_threadpool(lambda: similar(service.names, given))
        try:
            slug, text = proposals.turtle(service.files, service.knowledge, kind, given)
            found: list[Problem] = await run_in_threadpool(checking.problems, kind, slug, text)
            result |= {"slug": slug, "text": text, "problems": [f"line {each.line}: {each.message}" for each in found]}
        except BadParameter as error:
            result["problems"] = error.messages if isinstance(error, Faults) else [error.message]
        seen = not result["similar"] or given.get("download") == ["anyway"]
        if "download" in given and result["text"] and not result["problems"] and seen:
            headers = {
                "Content-Disposition": f'attachment; filename="{result["slug"]}.ttl"',
                "Cache-Control": "no-store",
            }
            return Response(result["text"], media_type="text/turtle; charset=utf-8", headers=headers)
        return show(request, kind, given, result)

    def show(
        request: Request, kind: str, given: dict[str, list[str]], result: dict[str, Any] | None = None
    ) -> Response:
        if kind not in FORMS:
            raise NotFound(f"there is no form for `{kind}`; there are forms for {', '.join(FORMS)}.")
        fields = proposals.fields(service.files, service.knowledge, kind)
        schemes = sorted({field.scheme for field in fields if field.scheme} | {"source-kind", "certainty"})
        by_scheme: dict[str, list[tuple[str, str]]] = {scheme: [] for scheme in schemes}
        for concept in service.knowledge.concepts.values():
            if concept.scheme in by_scheme:
                by_scheme[concept.scheme].append((concept.slug, concept.label))
        status = 200 if result is None else (422 if result["problems"] else 201)
        return pages_of(request).respond(
            request,
            "contribute.html",
            status=status,
            kinds=KINDS,
            kind=kind,
            fields=fields,
            schemes={scheme: sorted(pairs, key=lambda pair: pair[1].casefold()) for scheme, pairs in by_scheme.items()},
            given=given,
            result=result,
            today=service.dataset.date,
        )

    @cache
    def all_gaps() -> list[todo.Item]:
        return todo.items(service.dataset.quads(), service.questions.values(), service.dataset.date)

    @routes.head("/todo", include_in_schema=False)
    @routes.get("/todo", summary="What to look up next", operation_id="todo")
    def gaps(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=1000, description="How many gaps")] = SHOWN,
        form: Annotated[str, Query(alias="format", description="html or json")] = "",
    ) -> Response:
        found = all_gaps()
        wants_page = form == "html" or (not form and "text/html" in request.headers.get("accept", ""))
        if wants_page:
            asked = {query.name: query.summary for query in service.questions.values()}
            return pages_of(request).respond(request, "todo.html", items=found[:limit], total=len(found), asked=asked)
        rows = [
            {
                "thing": each.thing,
                "title": each.title,
                "dimension": each.dimension,
                "why": each.why,
                "since": each.since or None,
                "questions": list(each.questions),
            }
            for each in found[:limit]
        ]
        return JSONResponse(
            {"total": len(found), "gaps": rows}, headers={"Vary": "Accept", "Access-Control-Allow-Origin": "*"}
        )

    @routes.head("/mistake", include_in_schema=False)
    @routes.get("/mistake", include_in_schema=False)
    def mistake(request: Request, page: str = "", wrong: str = "", right: str = "", source: str = "") -> Response:
        """Asks what is wrong, what is right and where that stands; gives a text to send."""
        complete = bool(page and wrong and right and source)
        repository = str(getattr(service.settings, "repository", "") or "").rstrip("/")
        text = f"Page: {page}\n\nWrong: {wrong}\n\nRight: {right}\n\nSource: {source}\n"
        fields = {
            "template": "wrong-fact.yml",
            "title": f"Mistake: {page}",
            "page": page,
            "wrong": wrong,
            "right": right,
            "source": source,
        }
        issue = f"{repository}/issues/new?{urlencode(fields)}" if repository else ""
        return pages_of(request).respond(
            request,
            "mistake.html",
            page=page,
            wrong=wrong,
            right=right,
            source=source,
            complete=complete,
            text=text,
            issue=issue,
        )

    return routes


def _pairs(body: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    try:
        return parse_qsl(body, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise BadParameter("the form has too many fields.", parameter="body") from None
