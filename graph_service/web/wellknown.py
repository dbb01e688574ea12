"""Where machines look first: VoID, the questions, the catalog of interfaces, the prefixes, sitemap, robots, llms.txt,
feed.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

import pyoxigraph as ox
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from graph_service import examples, formats, selfdescription
from graph_service.description import WRITERS
from graph_service.service import Service
from graph_service.terms import BASE, KINDS, SCHEMES
from graph_service.triples import serialize
from graph_service.void import DESCRIPTION, LICENSE
from graph_service.web import caching, signposting
from graph_service.web.negotiation import choose
from graph_service.web.signposting import DOCUMENTS, LINKSET, Link, root

METHODS = ["GET", "HEAD"]
DATA = DOCUMENTS
PLAIN = "text/plain; charset=utf-8"


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["discovery"])

    def add(path: str, function: Any, summary: str, shown: bool = True) -> None:
        name = path.strip("/.").replace("/", "_").replace("-", "_").replace(".", "_")
        routes.add_api_route(
            path,
            function,
            methods=METHODS,
            summary=summary,
            response_class=Response,
            operation_id=name,
            include_in_schema=shown,
        )

    def void(request: Request) -> Response:
        return graph(service, request, selfdescription.VOID, selfdescription.CATALOG)

    def questions(request: Request) -> Response:
        return graph(service, request, selfdescription.EXAMPLES, selfdescription.PREFIXES)

    def catalog(request: Request) -> Response:
        return page(request) or graph(service, request, selfdescription.CATALOG)

    def prefixes(request: Request) -> Response:
        return page(request) or graph(service, request, selfdescription.PREFIXES)

    def interfaces(request: Request) -> Response:
        found = api_catalog(root(service, request))
        kind = LINKSET.media_type + '; profile="https://www.rfc-editor.org/info/rfc9727"'
        reply = _answer(service, request, "api-catalog", json.dumps(found, indent=1).encode(), kind)
        first = found["linkset"][0]  # RFC 9727 §2: a HEAD request is told the same links
        links = [Link("api-catalog", first["anchor"], LINKSET.media_type)]
        reply.headers["Link"] = signposting.header(links + [Link("item", each["href"]) for each in first["item"]])
        return reply

    def context(request: Request) -> Response:
        body = json.dumps(examples.context(), indent=1).encode()
        return _answer(service, request, "context", body, formats.JSONLD.content_type)

    def sitemap(request: Request) -> Response:
        return _answer(service, request, "sitemap", sitemap_of(service, root(service, request)), "application/xml")

    def robots(request: Request) -> Response:
        return _answer(service, request, "robots", robots_of(root(service, request)), PLAIN)

    def llms(request: Request) -> Response:
        return _answer(service, request, "llms", llms_of(service, root(service, request)), PLAIN)

    def moved(request: Request) -> Response:
        return page(request) or RedirectResponse(f"{root(service, request)}/.well-known/void", 303, caching.common())

    add("/.well-known/void", void, "What the survey holds, as VoID and DCAT")
    add("/.well-known/sparql-examples", questions, "The questions as SHACL executables, with the prefixes")
    add("/.well-known/sparql-examples/", questions, "The same", shown=False)
    add("/.well-known/api-catalog", interfaces, "The interfaces of this service (RFC 9727)")
    add("/void", moved, "The same as /.well-known/void", shown=False)
    add("/catalog", catalog, "The survey's data sets and services, as DCAT 3")
    add("/prefixes", prefixes, "The survey's prefixes, as sh:declare")
    add("/context.jsonld", context, "The survey's prefixes as a JSON-LD context")
    add("/sitemap.xml", sitemap, "Every page of the survey", shown=False)
    add("/robots.txt", robots, "What robots may do: everything but to ask the endpoint", shown=False)
    add("/llms.txt", llms, "What is where, for language models", shown=False)
    return routes


def page(request: Request) -> Response | None:
    """For who likes pages better: the one that shows the data, their files and their prefixes; None for programs."""
    if choose(request, (*DATA, formats.HTML)) is not formats.HTML:
        return None
    return RedirectResponse(f"{request.scope.get('root_path', '')}/data", 303, caching.common())


def _answer(service: Service, request: Request, name: str, body: bytes, media_type: str) -> Response:
    home = root(service, request)
    headers = caching.common() | caching.validators(service, name, home)
    return caching.respond(request, body, media_type, headers)


def graph(service: Service, request: Request, *names: str) -> Response:
    """Named graphs of ours in the format that the client likes best, with the endpoint's address where it really is."""
    form, home = choose(request, DATA), root(service, request)
    headers = caching.common() | caching.validators(service, *names, form.name, home)
    headers["Link"] = signposting.header(signposting.survey_links(service, home))
    if caching.is_unchanged(request, headers):
        return Response(status_code=304, headers=headers)
    return caching.respond(
        request, serialize(at_home(service, names, home), WRITERS[form.name]), form.content_type, headers
    )


def at_home(service: Service, names: tuple[str, ...], home: str) -> list[ox.Triple]:
    """The triples of named graphs, in which the endpoint and the files stand at this service's address."""
    here = ox.NamedNode(f"{home}/sparql")

    def local(term: Any) -> Any:
        if isinstance(term, ox.NamedNode) and term.value == f"{BASE}sparql":
            return here
        return term

    moved = ("http://rdfs.org/ns/void#dataDump", "http://www.w3.org/ns/dcat#downloadURL")
    found: dict[ox.Triple, None] = {}
    for name in names:
        quads = service.engine.store.quads_for_pattern(None, None, None, ox.NamedNode(name))
        for quad in sorted(quads, key=lambda each: (str(each.subject), str(each.predicate), str(each.object))):
            value = quad.object
            if quad.predicate.value in moved and isinstance(value, ox.NamedNode):
                value = ox.NamedNode(value.value.replace(BASE, f"{home}/"))
            found[ox.Triple(local(quad.subject), quad.predicate, local(value))] = None
    return list(found)


def api_catalog(home: str) -> dict[str, Any]:
    """Each interface with its description, its documentation, its metadata and its state (RFC 9727, 8631)."""
    openapi = {"href": f"{home}/openapi.json", "type": "application/vnd.oai.openapi+json;version=3.1"}
    docs = {"href": f"{home}/docs", "type": "text/html"}
    status = {"href": f"{home}/readyz", "type": "application/json"}
    void = {"href": f"{home}/.well-known/void", "type": "text/turtle"}
    return {
        "linkset": [
            {
                "anchor": f"{home}/.well-known/api-catalog",
                "item": [{"href": f"{home}{path}"} for path in ("/", "/sparql", "/query", "/reconcile", "/mcp")],
            },
            {
                "anchor": f"{home}/",
                "service-desc": [openapi],
                "service-doc": [docs],
                "service-meta": [void],
                "status": [status],
            },
            {
                "anchor": f"{home}/sparql",
                "service-desc": [{"href": f"{home}/sparql", "type": "text/turtle"}],
                "service-doc": [{"href": f"{home}/sparql", "type": "text/html"}],
                "service-meta": [void, {"href": f"{home}/.well-known/sparql-examples", "type": "text/turtle"}],
                "status": [status],
            },
            {
                "anchor": f"{home}/query",
                "service-desc": [openapi],
                "service-doc": [{"href": f"{home}/query", "type": "text/html"}],
            },
            {
                "anchor": f"{home}/reconcile",
                "service-desc": [{"href": f"{home}/reconcile", "type": "application/json"}],
            },
            {"anchor": f"{home}/mcp", "service-doc": [{"href": f"{home}/llms.txt", "type": "text/plain"}]},
        ]
    }


def sitemap_of(service: Service, home: str) -> bytes:
    """The addresses of all pages, with the date of the release."""
    known = service.knowledge
    paths = [
        "",
        "archive",
        "collection",
        "software",
        "organization",
        "source",
        "query",
        "ontology",
        "vocabulary",
        "data",
        "history",
    ]
    paths += [f"query/{name}" for name in service.questions]
    paths += [iri.removeprefix(BASE) for kind in KINDS for iri in known.of_kind(kind)]
    paths += [f"vocabulary/{scheme}" for scheme in SCHEMES if known.exists(f"{BASE}vocabulary/{scheme}")]
    paths += [iri.removeprefix(BASE) for iri in known.concepts]
    date = service.dataset.date
    urls = "".join(
        f"<url><loc>{escape(f'{home}/{path}')}</loc><lastmod>{date}</lastmod></url>\n" for path in dict.fromkeys(paths)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + urls
        + "</urlset>\n"
    ).encode()


def robots_of(home: str) -> bytes:
    """All pages may be read; queries are for those who ask."""
    rules = ("User-agent: *", "Disallow: /sparql?", "Disallow: /release/*/sparql?", "Allow: /")
    return "\n".join([*rules, f"Sitemap: {home}/sitemap.xml", ""]).encode()


def llms_of(service: Service, home: str) -> bytes:
    """What is where, in Markdown (llmstxt.org)."""
    known = service.knowledge
    counts = ", ".join(
        f"{len(known.of_kind(kind))} {name}"
        for kind, name in (("archive", "archives"), ("collection", "collections"), ("software", "software"))
    )
    questions = "\n".join(f"- [{query.summary}]({home}/query/{name}.csv)" for name, query in service.questions.items())
    return f"""# Imaging Survey

> {DESCRIPTION} Release {service.dataset.version} of {service.dataset.date}: {counts}. License of the data: {LICENSE}

Every address such as `{home}/archive/tcia` is a page; with `.ttl`, `.jsonld` or `.nt` behind it, it is data, also as
`.jsonld?_profile=schema` (schema.org), `.ttl?_profile=dcat-ap`, or, of software, `.jsonld?_profile=codemeta`. Facts
stand in dated observations; the thing itself repeats the latest. `survey:notStated` means that it was looked for and
not found, `survey:lacks` that it is not so; no statement at all means that nobody looked.

## Interfaces

- [SPARQL]({home}/sparql): read-only SPARQL 1.1, GET or POST `query`, results as JSON, XML, CSV, TSV
- [Questions]({home}/query): predefined queries with parameters, each also as `.csv`, `.tsv`, `.json`, `.xml`
- [Model Context Protocol]({home}/mcp): tools search, describe, questions, ask, sparql, schema (streamable HTTP)
- [Reconciliation]({home}/reconcile): names to identifiers, Reconciliation API 0.2
- [Interface description]({home}/openapi.json): OpenAPI 3.1

## Data

- [Ontology]({home}/ontology.ttl): the words, each with its definition and an example
- [VoID]({home}/.well-known/void): classes and properties with their counts
- [Prefixes]({home}/context.jsonld)
- [Whole graph]({home}/release/current/survey.ttl.gz): Turtle; other formats stand beside it
- [Changes]({home}/feed.atom)

## Questions

{questions}
""".encode()
