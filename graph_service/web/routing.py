"""Routes of pages: a page is one more form of what lies at an address, for those who prefer HTML."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from graph_service import formats
from graph_service.web.rendering import Pages

OTHERS = (formats.JSON, formats.CSV, formats.TSV, formats.XML, *formats.GRAPHS)


def prefers_page(scope: Scope) -> bool:
    """Whether the request likes HTML better than any data; a program that takes anything gets data."""
    named = [value for name, value in scope["headers"] if name == b"accept"]
    accept = b",".join(named).decode("latin-1")
    return bool(accept) and formats.negotiate(accept, (formats.HTML, *OTHERS)) is formats.HTML


def names_a_format(scope: Scope) -> bool:
    """Whether the address itself names a form of data, by suffix or by `?format=`."""
    _, dot, suffix = scope["path"].rpartition("/")[2].rpartition(".")
    return (bool(dot) and suffix != formats.HTML.name) or b"format=" in scope.get("query_string", b"")


class PageRoute(APIRoute):
    """Takes part only where the client prefers a page; the same address may have other routes, for data."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        if match is Match.FULL and (names_a_format(scope) or not prefers_page(scope)):
            return Match.NONE, {}
        return match, child


def pages_of(request: Request) -> Pages:
    """What all pages share; `create_app` puts it there."""
    pages: Pages = request.app.state.pages
    return pages
