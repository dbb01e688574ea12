"""`/feed.atom`: each release, and each thing that the newest one added or changed (RFC 4287)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter, Request, Response

from graph_service.dataset import Built
from graph_service.release import HEADING
from graph_service.service import Service
from graph_service.terms import BASE
from graph_service.void import LICENSE
from graph_service.web import caching
from graph_service.web.signposting import root

LONGEST = 200
CHANGELOG = "records/CHANGELOG.md"


@dataclass(frozen=True)
class Entry:
    """One entry: what changed, when, where to read it."""

    id: str
    title: str
    date: str
    address: str
    text: str


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["discovery"])

    @routes.head("/feed.atom", include_in_schema=False)
    @routes.get("/feed.atom", summary="What changed, as an Atom feed", operation_id="feed", response_class=Response)
    def feed(request: Request) -> Response:
        home = root(service, request)
        headers = caching.common() | caching.validators(service, "feed", home)
        return caching.respond(
            request, written(list(entries(service, home))[:LONGEST], home), "application/atom+xml", headers
        )

    return routes


def entries(service: Service, home: str) -> Iterator[Entry]:
    """The changes of the release that is served, then the releases of the changelog, newest first."""
    yield from _changes(service, home)
    text = service.dataset.source(CHANGELOG).decode() if service.dataset.has_source(CHANGELOG) else ""
    parts = re.split(HEADING, text)
    for version, date, notes in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        iri = f"{BASE}release/{version}"
        yield Entry(iri, f"Release {version}", date, f"{home}/release/{version}", " ".join(notes.split()))


def _changes(service: Service, home: str) -> Iterator[Entry]:
    if not isinstance(service.dataset, Built):
        return
    path = service.dataset.release.folder / "changes.json"
    if not path.exists():
        return
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for each in found["changes"]:
        iri = each["iri"]
        if iri.startswith(BASE) and each["change"] != "removed":
            where = f"{home}/{iri.removeprefix(BASE)}"
            name = f"{each['label']}: {each['change']}"
            yield Entry(f"{iri}?release={found['to']}", name, service.dataset.date, where, " ".join(each["words"]))


def written(found: list[Entry], home: str) -> bytes:
    """The feed as XML."""
    newest = max((each.date for each in found), default="2026-11-25")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">',
        f"<id>{BASE}feed.atom</id>",
        "<title>Imaging Survey: changes</title>",
        f"<updated>{newest}T00:00:00Z</updated>",
        "<author><name>Imaging Survey contributors</name></author>",
        f"<rights>{LICENSE}</rights>",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(f"{home}/feed.atom")}/>',
        f'<link rel="alternate" type="text/html" href={quoteattr(f"{home}/history")}/>',
    ]
    for each in found:
        lines += [
            "<entry>",
            f"<id>{escape(each.id)}</id>",
            f"<title>{escape(each.title)}</title>",
            f"<updated>{each.date}T00:00:00Z</updated>",
            f'<link rel="alternate" href={quoteattr(each.address)}/>',
            f"<summary>{escape(each.text)}</summary>",
            "</entry>",
        ]
    return ("\n".join([*lines, "</feed>"]) + "\n").encode()
