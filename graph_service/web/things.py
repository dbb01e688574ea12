"""Every IRI of ours answers: a page for people, and the same as Turtle, JSON-LD, N-Triples, RDF/XML, TriG and N-Quads.

`https://w3id.org/imaging-survey/archive/tcia` names the archive; w3id.org answers it with a 303 to this service. Here
`/archive/tcia` is its page, and a client that asks for data is sent on (303) to `/archive/tcia.ttl`, `.jsonld`, `.nt`,
`.rdf`, `.trig` or `.nq`. The Turtle of a thing is its record, byte for byte; JSON-LD, N-Triples and RDF/XML say the
same; TriG and N-Quads tell the named graphs and add what the build says of the thing. Words of the ontology are
fragments of one document. `Accept-Profile` or `?_profile=` gets a thing as DCAT-AP, schema.org or CodeMeta instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import pyoxigraph as ox
from fastapi import APIRouter, Path, Request, Response
from fastapi.routing import APIRoute
from rapidfuzz import fuzz, process
from starlette.responses import RedirectResponse
from starlette.routing import Match
from starlette.types import Scope

from graph_service import __version__, documents, examples, formats, profiles
from graph_service.dataset import Built
from graph_service.description import WRITERS
from graph_service.documents import SECTIONS, Document
from graph_service.errors import BadParameter, Gone, NotFound
from graph_service.profiles import Profile
from graph_service.release import Version
from graph_service.service import Service
from graph_service.terms import BASE, KINDS, ONTOLOGY, SCHEMES
from graph_service.triples import Triples, serialize
from graph_service.web import caching, pages, releases, signposting
from graph_service.web.cache import etag
from graph_service.web.negotiation import choose
from graph_service.web.signposting import DOCUMENTS, LINKSET, WITH_GRAPHS, root

DATA = (*DOCUMENTS, *WITH_GRAPHS)
OFFERED = (*DATA, LINKSET, formats.HTML)
SUFFIXES = {each.name: each for each in OFFERED}
METHODS = ["GET", "HEAD"]
VARY = "Accept, Accept-Profile, Accept-Encoding, Origin"
KEPT = frozenset(
    {"etag", "last-modified", "cache-control", "vary", "link", "content-location", "access-control-allow-origin"}
)
"""Headers that 304 repeats."""
LISTED = (*KINDS, "observation", "vocabulary")
"""The sections that the interface's description names one by one; the vocabularies' own would only repeat them."""


class PrefersData(APIRoute):
    """A route for those who like RDF better than whatever else there is at the address."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found, child = super().matches(scope)
        if found is not Match.NONE:
            accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
            if not _likes_data(accept):
                return Match.NONE, {}
        return found, child


def _likes_data(accept: str) -> bool:
    return bool(accept) and formats.negotiate(accept, (*formats.RESULTS, formats.HTML, *DATA)) in DATA


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["things"])
    for section in SECTIONS:
        routes.add_api_route(
            f"/{section}/{{name:path}}",
            _thing(service, section),
            methods=METHODS,
            summary=f"What is said of one {section}",
            operation_id=f"thing_{section.replace('-', '_')}",
            response_class=Response,
            include_in_schema=section in LISTED,
        )

    @routes.api_route(
        "/ontology",
        methods=METHODS,
        summary="The words of the survey",
        operation_id="ontology",
        response_class=Response,
    )
    def ontology(request: Request) -> Response:
        return answer(service, request, "ontology")

    @routes.api_route("/ontology.{suffix}", methods=METHODS, include_in_schema=False, response_class=Response)
    def ontology_document(request: Request, suffix: str) -> Response:
        return answer(service, request, f"ontology.{suffix}")

    @routes.api_route("/ontology/{version}", methods=METHODS, include_in_schema=False, response_class=Response)
    def ontology_version(request: Request, version: str) -> Response:
        return _ontology_version(service, request, version)

    def dataset() -> Response:
        return RedirectResponse("/.well-known/void", 303, caching.common())

    def question(request: Request, name: Annotated[str, Path(description="Name of the question")]) -> Response:
        return answer(service, request, f"query/{name}")

    for path in ("/", "/about"):  # the survey itself, and `about#publisher`, who publishes it
        routes.add_api_route(path, dataset, methods=METHODS, include_in_schema=False, route_class_override=PrefersData)
    routes.add_api_route(
        "/query/{name}", question, methods=METHODS, include_in_schema=False, route_class_override=_Question.of(service)
    )
    return routes


class _Question(APIRoute):
    """The description of a question whose own answer is no RDF."""

    rows: frozenset[str] = frozenset()

    @classmethod
    def of(cls, service: Service) -> type[APIRoute]:
        names = [name for name, query in service.questions.items() if examples.form_of(query) in {"select", "ask"}]
        return type("Question", (cls,), {"rows": frozenset(names)})

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found, child = super().matches(scope)
        if found is Match.NONE:
            return found, child
        name, _, suffix = child["path_params"]["name"].partition(".")
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        wanted = suffix in {*(each.name for each in DATA), LINKSET.name} or (not suffix and _likes_data(accept))
        return (found, child) if wanted and name in self.rows else (Match.NONE, {})


def _thing(service: Service, section: str) -> Callable[[Request, str], Response]:
    def thing(
        request: Request,
        name: Annotated[str, Path(description="Name, also with .ttl .jsonld .nt .rdf .trig .nq .html")],
    ) -> Response:
        return answer(service, request, f"{section}/{name}")

    return thing


def _ontology_version(service: Service, request: Request, version: str) -> Response:
    """The ontology as of a release: the one that is served, or another that is kept."""
    stem = version
    for suffix in SUFFIXES:
        stem = stem.removesuffix(f".{suffix}")
    if stem == service.dataset.version:
        return answer(service, request, f"ontology{version.removeprefix(stem)}")
    older = {each.version: each for each in releases.kept(service)}
    if stem not in older:
        kept = ", ".join(older) or service.dataset.version
        raise NotFound(f"there is no ontology of release `{stem}` here; there are those of {kept}.")
    form = choose(request, DOCUMENTS, version[len(stem) + 1 :] or None)
    release = Built(older[stem].folder)
    body = release.source("ontology/survey.ttl")
    if form is not formats.TURTLE:
        body = serialize(ox.parse(body, format=ox.RdfFormat.TURTLE), WRITERS[form.name])
    headers = caching.common() | {
        "ETag": f'"{etag(release.digest, "ontology", form.name)}"',
        "Last-Modified": caching.http_date(release.date),
        "Cache-Control": caching.FOREVER,
    }
    return caching.respond(request, body, form.content_type, headers)


def answer(service: Service, request: Request, path: str) -> Response:
    """The answer for the IRI at a path, with or without a suffix; raises `NotFound` with near names, `Gone` with the
    successor.
    """
    if path.endswith("/"):
        return _namespace(request, path.rstrip("/"))
    if not documents.is_iri(path):
        raise NotFound(missing(service, path))
    document, suffix = documents.find(service, BASE + path), ""
    if document is None or documents.successor(service, document.iri) is not None:
        stem, dot, ending = path.rpartition(".")
        if documents.successor(service, BASE + path) is None and dot and ending in SUFFIXES:
            document, suffix = documents.find(service, BASE + stem), ending
            path = stem
    gone = documents.successor(service, BASE + path)
    if gone is not None:
        raise _gone(service, request, BASE + path, gone)
    if document is None:
        raise NotFound(missing(service, path))
    profile = profiles.wanted(
        document.iri, request.query_params.get("_profile"), request.headers.get("accept-profile", "")
    )
    if suffix:
        return represent(service, request, document, SUFFIXES[suffix], profile)
    chosen = choose(request, OFFERED if profile is None else (*profile.formats, formats.HTML))
    if chosen is formats.HTML:
        return represent(service, request, document, chosen)
    headers = caching.common(VARY) | {"Cache-Control": caching.HOUR, "Link": _link(service, request, document.iri)}
    where = f"{document.path}.{chosen.name}" + (f"?_profile={profile.token}" if profile else "")
    return RedirectResponse(f"{request.scope.get('root_path', '')}/{where}", 303, headers)


def _namespace(request: Request, section: str) -> Response:
    """Where the names are told that begin so: a vocabulary for its words, a list of things, or what the survey holds."""
    accept = request.headers.get("accept", "")
    where = f"vocabulary/{section}" if section in SCHEMES else ".well-known/void" if _likes_data(accept) else section
    if where not in {".well-known/void", "vocabulary", *KINDS} and section not in SCHEMES:
        where = "data"
    return RedirectResponse(f"{request.scope.get('root_path', '')}/{where}", 303, caching.common())


def represent(
    service: Service, request: Request, document: Document, form: formats.Format, profile: Profile | None = None
) -> Response:
    """The document in one format, and in a profile of others where one is given, with validators and links."""
    home = root(service, request)
    if form is formats.HTML:
        return _page(service, request, document)
    if profile and form not in profile.formats:
        names = ", ".join(each.name for each in profile.formats)
        raise BadParameter(f"`{profile.token}` comes as {names}, not as {form.name}.", parameter="_profile")
    page = f"{home}/{document.path}"
    parts = (document.iri, form.name, home if form is LINKSET else "", *([profile.token] if profile else []))
    headers = caching.common(VARY) | caching.validators(service, *parts)
    named = profile.iri if profile else profiles.OWN[1]
    headers["Link"] = signposting.header(signposting.document_links(document, home, named))
    if caching.is_unchanged(request, headers):
        return Response(status_code=304, headers=headers)
    if form is LINKSET:
        body = json.dumps(signposting.linkset(page, signposting.links(service, document.iri, home)), indent=1).encode()
    elif profile:
        version = Version(service.dataset.version, service.dataset.date)
        made = profile.made(service.knowledge, document.iri, version)
        body = serialize(made, WRITERS[form.name]) if isinstance(made, Triples) else made
    else:
        body = written(service, document, form)
    return caching.respond(request, body, form.content_type, headers)


def written(service: Service, document: Document, form: formats.Format) -> bytes:
    """The document's bytes in one format of RDF."""
    if form is formats.TURTLE:
        own = documents.own_bytes(service, document)
        if own is not None:
            return own
    said: list[Any] = (
        documents.quads(service, document) if form in WITH_GRAPHS else documents.triples(service, document)
    )
    return serialize(said, WRITERS[form.name])


def _page(service: Service, request: Request, document: Document) -> Response:
    if service.knowledge.exists(document.iri) or document.path.startswith(("query/", "ontology")):
        response = pages.thing_page(service, request, document.iri)
    else:
        response = pages.document_page(service, request, document)
    own = response.headers.get("link", "")
    if "cite-as" not in own:
        response.headers["link"] = ", ".join(filter(None, (_link(service, request, document.iri), own)))
    for name, value in caching.common(VARY).items():
        response.headers.setdefault(name, value)
    if response.status_code != 200:
        return response
    headers = caching.validators(service, document.iri, "html", __version__)
    headers["Content-Location"] = f"{request.scope.get('root_path', '')}/{document.path}.html"
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    if caching.is_unchanged(request, {"ETag": response.headers["ETag"]}):
        return Response(
            status_code=304, headers={name: value for name, value in response.headers.items() if name in KEPT}
        )
    return response


def _link(service: Service, request: Request, iri: str) -> str:
    return signposting.header(signposting.links(service, iri, root(service, request)))


def _gone(service: Service, request: Request, iri: str, successor: str) -> Gone:
    what = service.knowledge.definition(iri)
    if not successor:
        return Gone(f"`{iri}` was retired. {what}".strip(), iri=iri)
    where = signposting.address(service, request, successor)
    return Gone(
        f"`{iri}` was retired; see `{successor}`. {what}".strip(),
        headers={"Link": f'<{where}>; rel="successor-version"'},
        iri=iri,
        successor=successor,
    )


def missing(service: Service, path: str) -> str:
    """That nothing is at a path, with the nearest names of its kind."""
    section, _, name = path.partition("/")
    names = {
        iri.removeprefix(BASE): service.knowledge.label(iri)
        for iri in service.knowledge.facts
        if iri.startswith(f"{BASE}{section}/") and not iri.startswith(ONTOLOGY)
    }
    wanted = name.rpartition("/")[2].lower()
    by_path = process.extract(
        wanted, {each: each.partition("/")[2] for each in names}, scorer=fuzz.WRatio, limit=3, score_cutoff=70
    )
    by_label = process.extract(
        wanted.replace("-", " "), names, scorer=fuzz.WRatio, limit=3, score_cutoff=80, processor=str.lower
    )
    scored: dict[str, float] = {}
    for _, score, key in (*by_path, *by_label):
        scored[key] = max(score, scored.get(key, 0))
    near = sorted(scored, key=lambda key: (-scored[key], key))[:3]
    told = ", ".join(f"`/{key}` ({names[key]})" for key in near)
    return f"`/{path}` is not in the survey." + (
        f" Near it are {told}." if near else f" `/{section}` lists what there is."
    )
