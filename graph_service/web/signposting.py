"""FAIR Signposting: typed links that tell a program what is where, as `Link` headers and as `<link>`s of pages."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from fastapi import Request, Response

from graph_service import formats, profiles, schemaorg
from graph_service.documents import Document
from graph_service.service import Service
from graph_service.terms import BASE, KINDS, ONTOLOGY
from graph_service.void import LICENSE, PUBLISHER

DOCUMENTS = (formats.TURTLE, formats.JSONLD, formats.NTRIPLES, formats.RDFXML)
"""The forms in which every IRI of ours is described; the first is the default."""

WITH_GRAPHS = (formats.TRIG, formats.NQUADS)
"""The forms that tell the named graph of each statement too, with what the build says beside what was written."""

LINKSET = formats.Format("linkset", "application/linkset+json", "Link set")


@dataclass(frozen=True)
class Link:
    """One typed link; `href` is absolute."""

    rel: str
    href: str
    type: str = ""
    profile: str = ""

    def header(self) -> str:
        """As a member of a `Link` header (RFC 8288)."""
        parts = [f"<{self.href}>", f'rel="{self.rel}"']
        parts += [f'{name}="{value}"' for name, value in (("type", self.type), ("profile", self.profile)) if value]
        return "; ".join(parts)

    def html(self) -> str:
        """As an element of a page's head."""
        kind = f' type="{escape(self.type)}"' if self.type else ""
        return f'<link rel="{escape(self.rel)}" href="{escape(self.href)}"{kind}>'


def root(service: Service, request: Request) -> str:
    """Where this service runs, without a slash at the end."""
    return (service.settings.base_url or str(request.base_url)).rstrip("/")


def address(service: Service, request: Request, iri: str) -> str:
    """Where this service answers for an IRI: ours on this host, any other unchanged."""
    return f"{root(service, request)}/{iri.removeprefix(BASE)}" if iri.startswith(BASE) else iri


def links(service: Service, iri: str, home: str | None = None) -> list[Link]:
    """All links of the page of an IRI of ours; `home` is where the service runs, by default the host's root."""
    home = (service.settings.base_url or "").rstrip("/") if home is None else home
    page = f"{home}/{iri.removeprefix(BASE)}".rstrip("/").partition("#")[0]
    kind = iri.removeprefix(BASE).partition("/")[0]
    if iri == BASE:
        return survey_links(service, home)
    found = [Link("cite-as", iri)]
    found += [
        Link("describedby", f"{page}.{each.name}", each.media_type, ONTOLOGY.rstrip("#"))
        for each in (*DOCUMENTS, *WITH_GRAPHS)
    ]
    if kind in KINDS:
        found.append(Link("item", f"{page}.ttl", formats.TURTLE.media_type))
    found += [
        Link("type", "https://schema.org/AboutPage"),
        Link("type", f"https://schema.org/{schemaorg.class_of(iri)}"),
        Link("license", LICENSE),
        Link("author", PUBLISHER),
        Link("collection", BASE),
        Link("linkset", f"{page}.linkset", LINKSET.media_type),
    ]
    return found + [
        Link("alternate", f"{page}.{form.name}?_profile={each.token}", form.media_type, each.iri)
        for each in profiles.of(iri).values()
        for form in each.formats
    ]


def survey_links(service: Service, home: str) -> list[Link]:
    """The links of the survey as a whole: its descriptions, its files, its interfaces."""
    release = f"{home}/release/{service.dataset.version}"
    return [
        Link("cite-as", BASE),
        *(
            Link("describedby", f"{home}/.well-known/void", each.media_type, "http://rdfs.org/ns/void")
            for each in DOCUMENTS
        ),
        *(Link("item", f"{release}/survey.{each.name}.gz", "application/gzip") for each in (*DOCUMENTS, *WITH_GRAPHS)),
        Link("type", "https://schema.org/AboutPage"),
        Link("type", "https://schema.org/Dataset"),
        Link("license", LICENSE),
        Link("author", PUBLISHER),
        Link("service-desc", f"{home}/openapi.json", "application/vnd.oai.openapi+json"),
        Link("service-meta", f"{home}/sparql", formats.TURTLE.media_type),
        Link("api-catalog", f"{home}/.well-known/api-catalog", LINKSET.media_type),
        Link("alternate", f"{home}/feed.atom", "application/atom+xml"),
        Link("linkset", f"{home}/.well-known/api-catalog", LINKSET.media_type),
    ]


def at_home(service: Service, request: Request, response: Response) -> Response:
    """The answer of the home page with the links of the survey as a whole beside its own."""
    return beside(response, survey_links(service, root(service, request)))


def beside(response: Response, found: list[Link]) -> Response:
    """The answer with more links beside its own."""
    own = response.headers.get("link")
    response.headers["link"] = f"{own}, {header(found)}" if own else header(found)
    return response


def document_links(document: Document, home: str, profile: str) -> list[Link]:
    """The links of a document: back to the page, to what it describes, and to the profile in which it does so."""
    page = f"{home}/{document.path}"
    return [
        Link("profile", profile),
        Link("describes", page, "text/html"),
        Link("cite-as", document.iri),
        Link("license", LICENSE),
        Link("author", PUBLISHER),
        Link("collection", BASE),
        Link("linkset", f"{page}.linkset", LINKSET.media_type),
    ]


def header(found: list[Link]) -> str:
    """The value of one `Link` header."""
    return ", ".join(each.header() for each in found)


def html(found: list[Link]) -> str:
    """The same links as elements of a page's head, and each description as an alternate."""
    alternates = [Link("alternate", each.href, each.type) for each in found if each.rel == "describedby"]
    return "\n".join(each.html() for each in (*found, *alternates))


def linkset(anchor: str, found: list[Link]) -> dict[str, Any]:
    """The same links as a link set (RFC 9264)."""
    context: dict[str, Any] = {"anchor": anchor}
    for each in found:
        target = (
            {"href": each.href}
            | ({"type": each.type} if each.type else {})
            | ({"profile": [each.profile]} if each.profile else {})
        )
        context.setdefault(each.rel, []).append(target)
    return {"linkset": [context]}


def schema_org(service: Service, iri: str) -> dict[str, Any]:
    """A thing as schema.org JSON-LD."""
    return schemaorg.describe(service.knowledge, iri, service.dataset.version, service.dataset.date)
