"""The Reconciliation Service API 0.2, as OpenRefine speaks it: manifest, batches of names, suggest, preview, extend.

Without parameters `/reconcile` is the manifest. Identifiers are paths such as `archive/tcia`; whole IRIs are understood
too.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from typing import Annotated, Any
from urllib.parse import parse_qsl

import pyoxigraph as ox
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response

from graph_service import __version__
from graph_service.errors import BadParameter, NotFound, TooLarge
from graph_service.knowledge import DESCRIPTION, HOMEPAGE, TITLE, TYPE, Knowledge, kind_of, survey
from graph_service.reconciliation import ALTERNATIVE, SURVEYED, Candidate, Index, kinds_of, normal, types_of
from graph_service.service import Service
from graph_service.terms import BASE, KINDS, SCHEMES, shorten
from graph_service.triples import expand
from graph_service.web import caching
from graph_service.web.signposting import root

LARGEST = 1000
LONGEST = 2 * 1024 * 1024
LONGEST_NAME = 1000
"""Signs of a name, a type or a value: what is longer names nothing, and comparing it holds up everybody else."""

MOST_PROPERTIES = 100
AT_ONCE = 2
"""Batches that are worked on at the same time; others wait their turn, and pages have threads left."""

SUGGESTED = 10
FRAMED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors *"
"""A preview is shown within a page of OpenRefine, wherever that runs; it loads nothing."""

IDENTITY = (TITLE, ALTERNATIVE, DESCRIPTION, HOMEPAGE)


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["reconciliation"])

    @cache
    def turns() -> CapacityLimiter:
        return CapacityLimiter(AT_ONCE)

    @routes.head("/reconcile", include_in_schema=False)
    @routes.get(
        "/reconcile", summary="Manifest, or candidates for names, or values for things", operation_id="reconcile"
    )
    @routes.post("/reconcile", summary="Candidates for names, or values for things", operation_id="reconcile_batch")
    async def reconcile(request: Request) -> Response:
        given = dict(request.query_params)
        if request.method == "POST":
            given |= await _form(request)
        if "extend" in given:
            asked = _parsed(given["extend"], "extend")
            return _json(request, await run_sync(extend, service, asked, limiter=turns()))
        if "queries" in given:
            asked = _parsed(given["queries"], "queries")
            return _json(request, await run_sync(lambda: batch(service.names, asked), limiter=turns()))
        return _json(request, manifest(root(service, request)), cached=True)

    @routes.get(
        "/reconcile/suggest/entity",
        summary="Things whose names begin so, or are like it",
        operation_id="suggest_entity",
    )
    def entity(request: Request, prefix: str = "", cursor: int = 0) -> Response:
        found = begun(service.names, prefix) if prefix.strip() else []
        return _json(request, {"result": [_suggestion(service, each) for each in found[cursor : cursor + SUGGESTED]]})

    @routes.get("/reconcile/suggest/type", summary="Types of things", operation_id="suggest_type")
    def kind(request: Request, prefix: str = "") -> Response:
        return _json(request, {"result": _starting(types(service), prefix)})

    @routes.get("/reconcile/suggest/property", summary="Properties of things", operation_id="suggest_property")
    def prop(request: Request, prefix: str = "") -> Response:
        return _json(request, {"result": _starting(properties(service), prefix)})

    @routes.get("/reconcile/preview", summary="A thing in a few lines of HTML", operation_id="preview")
    def preview(name: Annotated[str, Query(alias="id", description="Identifier of the thing")]) -> Response:
        headers = _headers() | {"Content-Security-Policy": FRAMED}
        return Response(card(service, iri_of(service, name)), media_type="text/html; charset=utf-8", headers=headers)

    @routes.get(
        "/reconcile/extend/propose", summary="Properties with which a table can be extended", operation_id="propose"
    )
    def propose(
        request: Request,
        kind: Annotated[str, Query(alias="type", description="Type of the things")] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 500,
    ) -> Response:
        found = properties(service, kinds_of([kind]) if kind else [])
        return _json(request, {"type": kind, "limit": limit, "properties": found[:limit]})

    return routes


def manifest(home: str) -> dict[str, Any]:
    """What this service can do."""
    here = f"{home}/reconcile"
    return {
        "versions": ["0.2"],
        "name": "Imaging Survey: archives, collections, software and organizations of medical imaging",
        "identifierSpace": BASE,
        "schemaSpace": survey(""),
        "documentation": f"{home}/about",
        "serviceVersion": __version__,
        "defaultTypes": [{"id": survey(KINDS[kind]), "name": KINDS[kind]} for kind in SURVEYED],
        "view": {"url": f"{home}/{{{{id}}}}"},
        "preview": {"url": f"{here}/preview?id={{{{id}}}}", "width": 430, "height": 220},
        "suggest": {
            name: {"service_url": home, "service_path": f"/reconcile/suggest/{name}"}
            for name in ("entity", "property", "type")
        },
        "extend": {
            "propose_properties": {"service_url": home, "service_path": "/reconcile/extend/propose"},
            "property_settings": [],
        },
    }


def batch(index: Index, queries: Any) -> dict[str, Any]:
    """The candidates for each query of a batch."""
    if not isinstance(queries, dict):
        raise BadParameter('`queries` is an object such as {"q0": {"query": "TCIA"}}.', parameter="queries")
    if len(queries) > LARGEST:
        raise TooLarge(f"a batch has at most {LARGEST} queries; this one has {len(queries)}.", limit=LARGEST)
    return {
        name: {"result": [_result(index.known, each) for each in one(index, name, query)]}
        for name, query in queries.items()
    }


def one(index: Index, name: str, query: Any) -> list[Candidate]:
    """The candidates for one query; each property that the query gives too raises or lowers their scores."""
    if not isinstance(query, dict) or not isinstance(query.get("query"), str):
        raise BadParameter(f"query `{name}` lacks its text under `query`.", parameter="queries")
    asked = query.get("type") or []
    types = [str(each) for each in asked] if isinstance(asked, list) else [str(asked)]
    if len(query["query"]) > LONGEST_NAME or len(types) > MOST_PROPERTIES:
        raise TooLarge(
            f"query `{name[:100]}` is too long: a name has at most {LONGEST_NAME:,} signs and {MOST_PROPERTIES} types.",
            limit=LONGEST_NAME,
        )
    kinds = kinds_of(types)
    limit = query.get("limit") if isinstance(query.get("limit"), int) else 5
    given = query.get("properties")
    wanted = [
        each
        for each in (given if isinstance(given, list) else [])[:MOST_PROPERTIES]
        if isinstance(each, dict) and "pid" in each and "v" in each
    ]
    found = index.candidates(query["query"], kinds, max(1, min(int(limit or 5), 50)) if not wanted else 50)
    if not wanted:
        return found
    judged = []
    for each in found:
        fits = sum(_fits(index.known, each.iri, str(prop["pid"]), prop["v"]) for prop in wanted) / len(wanted)
        judged.append(
            Candidate(
                **{**vars(each), "score": round(each.score * (0.8 + 0.2 * fits), 1), "match": each.match and fits > 0.5}
            )
        )
    return sorted(judged, key=lambda each: -each.score)[: max(1, int(limit or 5))]


def _fits(known: Knowledge, iri: str, name: str, value: Any) -> float:
    wanted = {
        str(each.get("id", each.get("name", "")) if isinstance(each, dict) else each).casefold()
        for each in (value if isinstance(value, list) else [value])
    }
    said: set[str] = set()
    for each in known.values(iri, _property(name)):
        said |= {each.value.casefold(), each.value.removeprefix(BASE).casefold()}
        if isinstance(each, ox.NamedNode):
            said.add(known.label(each.value).casefold())
    return 1.0 if said & wanted else 0.0


def begun(index: Index, prefix: str) -> list[Candidate]:
    """Things with a name that begins so, shortest first; then those that are like it."""
    wanted = normal(prefix)
    found: dict[str, int] = {}
    for kind in SURVEYED:
        for name, owner in zip(index.names[kind].plain, index.names[kind].owners, strict=True):
            if name.startswith(wanted) or f" {wanted}" in name:
                place = len(name) + (0 if name.startswith(wanted) else 100)
                found[owner] = min(place, found.get(owner, place))
    known = index.known
    first = [
        Candidate(iri, known.label(iri), known.definition(iri), types_of(iri), 100.0)
        for iri in sorted(found, key=lambda iri: (found[iri], iri))
    ]
    return first + [each for each in index.candidates(prefix, limit=SUGGESTED) if each.iri not in found]


def types(service: Service) -> list[dict[str, str]]:
    """The types of things: our classes and our vocabularies."""
    known = service.knowledge
    classes = [
        {"id": survey(name), "name": name, "description": known.definition(survey(name))} for name in KINDS.values()
    ]
    schemes = [f"{BASE}vocabulary/{scheme}" for scheme in SCHEMES]
    return classes + [
        {"id": each, "name": known.label(each), "description": known.definition(each)} for each in schemes
    ]


def properties(service: Service, kinds: list[str] | None = None) -> list[dict[str, str]]:
    """The properties of things, those of some kinds where these are given."""
    known = service.knowledge
    if kinds:
        said = {name for kind in kinds for iri in known.of_kind(kind) for name in known.facts[iri]}
    else:
        said = {name for kind in SURVEYED for iri in known.of_kind(kind) for name in known.facts[iri]}
    said -= {TYPE, survey("observation"), survey("notStated"), survey("lacks")}
    return [
        {
            "id": _short(name),
            "name": known.label(name) if known.exists(name) else _short(name).rpartition(":")[2],
            "description": known.definition(name),
        }
        for name in sorted(said, key=lambda name: (name not in IDENTITY, _short(name)))
    ]


def extend(service: Service, asked: Any) -> dict[str, Any]:
    """The values of properties of things."""
    try:
        ids, wanted = [str(each) for each in asked["ids"]], [str(each["id"]) for each in asked["properties"]]
    except (KeyError, TypeError) as error:
        raise BadParameter(
            "`extend` has `ids` and `properties`, each property with its `id`.", parameter="extend"
        ) from error
    if len(ids) > LARGEST:
        raise TooLarge(f"at most {LARGEST} things are extended at once; these are {len(ids)}.", limit=LARGEST)
    if len(wanted) > MOST_PROPERTIES:
        raise TooLarge(
            f"at most {MOST_PROPERTIES} properties are given at once; these are {len(wanted)}.", limit=MOST_PROPERTIES
        )
    known = service.knowledge
    meta = [
        {"id": name, "name": known.label(_property(name)) if known.exists(_property(name)) else name} for name in wanted
    ]
    rows = {}
    for each in ids:
        iri = each if each.startswith(BASE) else BASE + each
        rows[each] = {name: [_cell(service, value) for value in known.values(iri, _property(name))] for name in wanted}
    return {"meta": meta, "rows": rows}


def _cell(service: Service, value: ox.NamedNode | ox.Literal) -> dict[str, Any]:
    if isinstance(value, ox.NamedNode):
        if value.value.startswith(BASE):
            return {"id": value.value.removeprefix(BASE), "name": service.knowledge.label(value.value)}
        return {"str": value.value}
    kind = value.datatype.value.rpartition("#")[2]
    if kind == "integer":
        return {"int": int(value.value)}
    if kind == "date":
        return {"date": f"{value.value}T00:00:00Z"}
    return {"str": value.value}


def card(service: Service, iri: str) -> str:
    """A few lines of HTML on a thing, for a frame of another site."""
    known = service.knowledge
    rows = []
    for name in ("operator", "hostedAt", "modality", "access", "license", "lastSeen"):
        values = known.values(iri, survey(name))[:5]
        said = ", ".join(known.label(each.value) if isinstance(each, ox.NamedNode) else each.value for each in values)
        if said:
            rows.append(f"<dt>{escape(known.label(survey(name)))}</dt><dd>{escape(said)}</dd>")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(known.label(iri))}</title></head>'
        f'<body><p><strong><a href="{escape(iri)}" target="_blank">{escape(known.label(iri))}</a></strong> '
        f"({escape(kind_of(iri))})</p><p>{escape(known.definition(iri))}</p><dl>{''.join(rows)}</dl></body></html>"
    )


def iri_of(service: Service, name: str) -> str:
    """The IRI of an identifier of this service; raises `NotFound`."""
    iri = name if name.startswith(BASE) else BASE + name
    if not service.knowledge.exists(iri):
        raise NotFound(f"`{name}` is not in the survey.")
    return iri


def _property(name: str) -> str:
    return name if name.startswith(("http://", "https://")) else expand(name if ":" in name else f"survey:{name}")


def _short(name: str) -> str:
    return shorten(name).strip("<>").removeprefix("survey:")


def _result(known: Knowledge, each: Candidate) -> dict[str, Any]:
    return {
        "id": each.path,
        "name": each.name,
        "description": each.description,
        "type": [{"id": kind, "name": known.label(kind)} for kind in each.types],
        "score": each.score,
        "match": each.match,
    }


def _suggestion(service: Service, each: Candidate) -> dict[str, Any]:
    kinds = [{"id": kind, "name": service.knowledge.label(kind)} for kind in each.types]
    return {"id": each.path, "name": each.name, "description": each.description, "notable": kinds}


def _starting(found: list[dict[str, str]], prefix: str) -> list[dict[str, str]]:
    wanted = prefix.casefold()
    near = [
        each
        for each in found
        if wanted in each["name"].casefold() or each["id"].rpartition("/")[2].casefold().startswith(wanted)
    ]
    return sorted(near, key=lambda each: not each["name"].casefold().startswith(wanted))[:SUGGESTED]


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            raise TooLarge(f"a batch has at most {LONGEST:,} bytes.", limit=LONGEST)
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        raise BadParameter("send the batch as application/x-www-form-urlencoded.", parameter="queries")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadParameter(f"`{name}` is not JSON: {error}.", parameter=name) from error
    except RecursionError:
        raise BadParameter(f"`{name}` nests too deeply.", parameter=name) from None


def _headers() -> dict[str, str]:
    return caching.common("Origin")


def _json(request: Request, document: Any, cached: bool = False) -> Response:
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")  # half a pair stays an escape
    callback = request.query_params.get("callback", "")
    headers = _headers() | ({"Cache-Control": caching.HOUR} if cached else {"Cache-Control": "no-store"})
    if callback and callback.replace(".", "").replace("_", "").replace("$", "").isalnum():
        return Response(
            b"/**/" + callback.encode() + b"(" + body + b");", media_type="application/javascript", headers=headers
        )
    return Response(body, media_type="application/json", headers=headers)
