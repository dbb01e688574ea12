"""Pages: templates filled in, with validators and compression; nothing is rendered for a client that has it already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from graph_service import __version__, phrases
from graph_service.formats import HTML
from graph_service.knowledge import Knowledge, path_of
from graph_service.service import Service
from graph_service.web import static
from graph_service.web.delivery import HEADERS

TEMPLATES = Path(__file__).parent.parent / "templates"
SMALLEST = 600
KEPT_BYTES = 16 * 1024 * 1024
MENU = (
    ("/", "Find data"),
    ("/match", "Choose software"),
    ("/compare", "Compare"),
    ("/query", "Ask a question"),
    ("/overview", "Overview"),
)
FURTHER = (
    ("/vocabulary", "Vocabularies"),
    ("/ontology", "Ontology"),
    ("/history", "History"),
    ("/data", "Data"),
    ("/sparql", "SPARQL"),
    ("/docs", "Interface"),
    ("/about", "About"),
)


def environment() -> Environment:
    """The templates with the words that all of them may use."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        static=static.address, path_of=path_of, menu=MENU, elsewhere_menu=FURTHER, query=address, phrases=phrases
    )
    made.filters.update(
        date=phrases.date,
        short_date=phrases.short_date,
        dated=phrases.dated,
        number=phrases.number,
        size=phrases.size,
        host=phrases.host,
        address=phrases.address,
        listing=phrases.listing,
        plural=phrases.plural,
    )
    return made


def address(path: str, parameters: Any = ()) -> str:
    """An address with its parameters, readable where it can be."""
    pairs = list(parameters.items()) if isinstance(parameters, dict) else list(parameters)
    return f"{path}?{urlencode(pairs, safe='/:,')}" if pairs else path


@dataclass
class Pages:
    """What all pages share: the service, what it knows as dictionaries, the templates."""

    service: Service
    templates: Environment = field(default_factory=environment)
    extra: tuple[tuple[str, str], ...] = ()
    """Further entries of the menu, such as `/contribute` where there is one."""

    kept: OrderedDict[str, tuple[bytes, dict[str, str]]] = field(default_factory=OrderedDict)
    size: int = 0
    lock: Lock = field(default_factory=Lock)

    @property
    def knowledge(self) -> Knowledge:
        return self.service.knowledge

    @cached_property
    def validator(self) -> str:
        """The part of every page's ETag that changes with the release or with the look of the pages."""
        digest = blake2b(f"{self.service.dataset.digest} {__version__}".encode(), digest_size=12)
        for path in [*sorted(TEMPLATES.rglob("*.html")), *sorted(static.ROOT.glob("*"))]:
            if path.is_file():
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def etag(self, request: Request) -> str:
        digest = blake2b(f"{self.validator} {request.url}".encode(), digest_size=12)
        return f'"{digest.hexdigest()}{"-" + chosen if (chosen := static.coding(request)) else ""}"'

    def headers(self, request: Request) -> dict[str, str]:
        return {
            **HEADERS,
            "ETag": self.etag(request),
            "Cache-Control": "public, max-age=300",
            "Vary": "Accept, Accept-Encoding",
        }

    def unchanged(self, request: Request) -> Response | None:
        """304 for a client that has this very page; the page itself where it was made before."""
        etag = self.etag(request)
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=self.headers(request))
        with self.lock:
            if etag not in self.kept:
                return None
            self.kept.move_to_end(etag)
            body, headers = self.kept[etag]
        return Response(body, 200, headers, HTML.content_type)

    def keep(self, etag: str, body: bytes, headers: dict[str, str]) -> None:
        """Keeps a page as it was sent; those that were not asked for longest go first."""
        with self.lock:
            if etag in self.kept:
                return
            self.kept[etag] = (body, headers)
            self.size += len(body)
            while self.size > KEPT_BYTES:
                _, (old, _) = self.kept.popitem(last=False)
                self.size -= len(old)

    def respond(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        links: tuple[tuple[str, str, str], ...] = (),
        **words: Any,
    ) -> Response:
        """The page; `links` are other forms of it: address, media type, name."""
        if status == 200 and (known := self.unchanged(request)) is not None:
            return known
        body = self.text(request, template, links=links, **words).encode()
        headers = self.headers(request) if status == 200 else {**HEADERS, "Cache-Control": "no-store", "Vary": "Accept"}
        if links:
            headers["Link"] = ", ".join(f'<{href}>; rel="alternate"; type="{kind}"' for href, kind, _ in links)
        chosen = static.coding(request) if len(body) >= SMALLEST else None
        if chosen:
            body, headers["Content-Encoding"] = static.compress(chosen, body, 5), chosen
        if status == 200:
            self.keep(headers["ETag"], body, headers)
        return Response(body, status, headers, HTML.content_type)

    def text(self, request: Request, template: str, **words: Any) -> str:
        """The page as text; templates find the service's dataset under `dataset`."""
        return self.templates.get_template(template).render(
            here=request.url.path,
            dataset=self.service.dataset,
            knowledge=self.knowledge,
            extra=self.extra,
            repository=getattr(self.service.settings, "repository", ""),
            **{"head_links": Markup(""), "json_ld": Markup(""), **words},
        )


Render = Callable[[Request], Response]
