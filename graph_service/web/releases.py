"""Releases: `/release` lists those that are kept, `/release/{version}/…` are their files, which never change.

`/release/current/…` moves on with each release. `/release/{a}..{b}` tells what changed between two.
`/release/{version}/sparql` asks a release that is kept (see `pinned`).
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path as File
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse, RedirectResponse

from graph_service import catalog, formats
from graph_service import release as release_module
from graph_service.catalog import Issue
from graph_service.dataset import Built
from graph_service.description import WRITERS
from graph_service.differences import Difference, Side
from graph_service.errors import NotFound
from graph_service.problems import suggestion
from graph_service.release import Release, Version
from graph_service.service import Service
from graph_service.terms import BASE
from graph_service.triples import serialize
from graph_service.void import LICENSE, PUBLISHER
from graph_service.web import caching, signposting
from graph_service.web.cache import etag
from graph_service.web.negotiation import choose
from graph_service.web.routing import pages_of
from graph_service.web.signposting import DOCUMENTS, root

METHODS = ["GET", "HEAD"]
WORDS = formats.Format("words", "text/markdown", "Words", ("text/plain",), "; charset=utf-8")
PLAIN_JSON = formats.Format("json", "application/json", "JSON")
DIFFERENCES = (WORDS, PLAIN_JSON, formats.TURTLE, formats.TRIG, formats.NQUADS, formats.HTML)
SHOWN = (*DOCUMENTS, PLAIN_JSON, formats.HTML)


def kept(service: Service) -> list[Release]:
    """The releases that this service has: the one that it serves, then its neighbours in the folder, newest first."""
    if not isinstance(service.dataset, Built):
        return []
    served = service.dataset.release
    others = [each for each in release_module.kept(served.folder.parent) if each.version != served.version]
    return [served, *others]


def pinned(service: Service) -> list[Release]:
    """Those of them that can be asked at `/release/{version}/sparql`: the newest, as many as the setting says."""
    return kept(service)[: service.settings.pinned_releases]


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["releases"])

    @routes.api_route(
        "/release", methods=METHODS, summary="The releases that are kept, newest first", operation_id="releases"
    )
    def releases(request: Request) -> Response:
        if choose(request, (PLAIN_JSON, formats.HTML)) is formats.HTML:
            return RedirectResponse(f"{request.scope.get('root_path', '')}/history", 303, caching.common())
        listed = [_entry(each, root(service, request)) for each in kept(service)]
        return _json(service, request, "releases", listed)

    @routes.api_route(
        "/release/{old}..{new}",
        methods=METHODS,
        summary="What changed from one release to another",
        operation_id="difference",
        response_class=Response,
    )
    def difference(request: Request, old: str, new: str) -> Response:
        new, form = _suffix(new, request)
        found = compare(_find(service, old).folder, _find(service, new).folder)
        headers = caching.common() | {
            "Last-Modified": caching.last_modified(service),
            "ETag": f'"{etag(found.old.version, found.new.version, service.dataset.digest, form.name)}"',
            "Cache-Control": caching.HOUR,
        }
        if caching.is_unchanged(request, headers):
            return Response(status_code=304, headers=headers)
        if form is formats.HTML:
            return pages_of(request).respond(request, "changes.html", found=found)
        return caching.respond(request, found.write(form.name), form.content_type, headers)

    @routes.api_route(
        "/release/{version}",
        methods=METHODS,
        summary="One release, as DCAT",
        operation_id="release",
        response_class=Response,
    )
    def one(request: Request, version: str) -> Response:
        stem = next(
            (version.removesuffix(f".{each.name}") for each in SHOWN if version.endswith(f".{each.name}")), version
        )
        release, home = _find(service, stem), root(service, request)
        form = choose(request, SHOWN, version[len(stem) + 1 :] or None)
        headers = caching.common() | {
            "ETag": f'"{etag(release.digest, form.name, home)}"',
            "Last-Modified": caching.http_date(release.manifest["date"]),
            "Cache-Control": caching.HOUR,
        }
        headers["Link"] = signposting.header(release_links(release, home))
        if caching.is_unchanged(request, headers):
            return Response(status_code=304, headers=headers)
        if form is formats.HTML:
            return RedirectResponse(
                f"{request.scope.get('root_path', '')}/data?release={release.version}", 303, headers
            )
        if form is PLAIN_JSON:
            body = (release.folder / "manifest.json").read_bytes()
        else:
            issue = Issue(
                Version(release.version, release.manifest["date"]),
                release.manifest.get("previous"),
                "",
                release.manifest["files"],
            )
            body = serialize(catalog.describe(issue), WRITERS[form.name])
        return caching.respond(request, body, form.content_type, headers)

    def newest(request: Request, name: str) -> Response:
        folder = request.url.path.split("/")[-2]
        where = f"{request.scope.get('root_path', '')}/release/current/{folder}/{name}"
        return RedirectResponse(where, 303, caching.common())

    for folder in ("exports", "linksets", "mappings"):
        routes.add_api_route(f"/{folder}/{{name}}", newest, methods=METHODS, include_in_schema=False)

    @routes.api_route(
        "/release/{version}/{name:path}",
        methods=METHODS,
        summary="A file of a release",
        operation_id="release_file",
        response_class=Response,
    )
    def file(request: Request, version: str, name: str) -> Response:
        release = _find(service, version)
        if name == "ontology" or name.startswith("graph/"):
            raise NotFound(f"`{name}` is in the sources of the release, `/release/{version}/sources.zip`.")
        known = {**release.manifest["files"], "manifest.json": None, "SHA256SUMS": None}
        if name not in known:
            raise NotFound(f"release {release.version} has no file `{name}`.{suggestion(name, known)}")
        return _file(
            request,
            release,
            release.folder / name,
            version == "current",
            signposting.header(release_links(release, root(service, request))),
        )

    return routes


def release_links(release: Release, home: str) -> list[signposting.Link]:
    """The links of a release: what it is, its files, the survey that it is a version of."""
    this = f"{home}/release/{release.version}"
    return [
        signposting.Link("cite-as", f"{BASE}release/{release.version}"),
        *(
            signposting.Link("describedby", f"{this}.{each.name}", each.media_type, "http://www.w3.org/ns/dcat")
            for each in DOCUMENTS
        ),
        signposting.Link(
            "describedby", f"{this}/ro-crate-metadata.json", "application/ld+json", "https://w3id.org/ro/crate/1.1"
        ),
        *(
            signposting.Link("item", f"{this}/{name}", "application/gzip")
            for name in release.manifest["files"]
            if name.startswith("survey.") and name.endswith(".gz")
        ),
        signposting.Link("type", "https://schema.org/Dataset"),
        signposting.Link("license", LICENSE),
        signposting.Link("author", PUBLISHER),
        signposting.Link("collection", BASE),
    ]


def _find(service: Service, version: str) -> Release:
    """The kept release of a version or `current`; raises `NotFound`."""
    found = kept(service)
    if not found:
        raise NotFound(
            "this service was started without a release; build one with `imaging-survey build` and serve that."
        )
    if version == "current":
        return found[0]
    versions = {each.version: each for each in found}
    if version not in versions:
        raise NotFound(
            f"release `{version}` is not kept here; there are {', '.join(versions)}.{suggestion(version, versions)}"
        )
    return versions[version]


def _entry(release: Release, home: str) -> dict[str, Any]:
    manifest = release.manifest
    return {
        "version": release.version,
        "date": manifest["date"],
        "iri": f"{BASE}release/{release.version}",
        "url": f"{home}/release/{release.version}",
        "digest": release.digest,
        "triples": manifest["triples"],
        "previous": manifest.get("previous"),
        "files": manifest["files"],
    }


def _json(service: Service, request: Request, name: str, document: Any) -> Response:
    headers = caching.common() | caching.validators(service, name, root(service, request))
    return caching.respond(request, json.dumps(document, indent=1).encode(), "application/json", headers)


def _file(request: Request, release: Release, path: File, is_moving: bool, link: str) -> Response:
    entry = release.manifest["files"].get(path.relative_to(release.folder).as_posix())
    tag = entry["sha256"][:32] if entry else etag(release.digest, path.name)
    headers = caching.common("Origin") | {
        "ETag": f'"{tag}"',
        "Last-Modified": caching.http_date(release.manifest["date"]),
        "Cache-Control": caching.HOUR if is_moving else caching.FOREVER,
        "Link": link,
    }
    if caching.is_unchanged(request, headers):
        return Response(status_code=304, headers=headers)
    kind = "application/gzip" if path.name.endswith(".gz") else catalog.media_type(path.name)
    return FileResponse(path, headers=headers, media_type=kind)


def _suffix(name: str, request: Request) -> tuple[str, formats.Format]:
    for each in DIFFERENCES:
        if name.endswith(f".{each.name}"):
            return name.removesuffix(f".{each.name}"), each
    return name, choose(request, DIFFERENCES)


@lru_cache(maxsize=8)
def compare(old: File, new: File) -> Difference:
    """The difference of the releases in two folders, which never change."""
    sides = [Side.of(each.version, each.quads()) for each in (Release(old), Release(new))]
    return Difference(*sides)
