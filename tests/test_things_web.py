"""Every IRI of ours answers: as a page and as data, by header and by suffix, with validators; what is gone says where
it went.

Promised: thing and record differ (303); the Turtle of a thing is its record's own bytes; what a document says of its
subject is what the dump says; who has it gets 304; a wrong name gets 404 with near ones, a retired one 410 with its
successor; no link between our pages is broken.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import httpx
import pyoxigraph as ox
import pytest

from graph_service.terms import BASE

FORMS = {
    "ttl": ("text/turtle", ox.RdfFormat.TURTLE),
    "jsonld": ("application/ld+json", ox.RdfFormat.JSON_LD),
    "nt": ("application/n-triples", ox.RdfFormat.N_TRIPLES),
    "rdf": ("application/rdf+xml", ox.RdfFormat.RDF_XML),
}
SEED = 2026


@pytest.fixture(scope="module")
def dump(published: Path) -> dict[str, dict[str, set[tuple[ox.NamedNode, object]]]]:
    """By subject and named graph what the dump says, as pairs of predicate and object."""
    found: dict[str, dict[str, set[tuple[ox.NamedNode, object]]]] = {}
    for quad in ox.parse(path=published / "current" / "survey.nq", format=ox.RdfFormat.N_QUADS):
        if quad.subject.value.startswith(BASE):
            found.setdefault(quad.subject.value, {}).setdefault(quad.graph_name.value, set()).add(
                (quad.predicate, quad.object)
            )
    return found


def said(body: bytes, form: ox.RdfFormat, iri: str) -> set[tuple[ox.NamedNode, object]]:
    return {(each.predicate, each.object) for each in ox.parse(body, format=form) if each.subject == ox.NamedNode(iri)}


def test_fifty_iris_answer_in_five_formats_with_what_the_dump_says(
    web: httpx.Client, dump: dict[str, dict[str, set]]
) -> None:
    iris = random.Random(SEED).sample(sorted(dump), 50)
    for iri in iris:
        document = urldefrag(iri).url
        path = "/" + document.removeprefix(BASE)
        record = BASE + "graph" + ("/ontology" if path == "/ontology" else path)
        whole = set().union(*dump[iri].values())
        expected = dump[iri].get(record, whole)
        for suffix, (media_type, form) in FORMS.items():
            sent = web.get(path, headers={"Accept": media_type})
            assert (sent.status_code, sent.headers["location"]) == (303, f"{path}.{suffix}"), iri
            assert "Accept" in sent.headers["vary"]
            reply = web.get(f"{path}.{suffix}")
            assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (200, media_type), iri
            assert said(reply.content, form, iri) == expected, (iri, suffix)
            again = web.get(f"{path}.{suffix}", headers={"If-None-Match": reply.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
        page = web.get(path, headers={"Accept": "text/html"})
        if path.startswith("/observation/"):  # shown on the page of what it is about
            assert page.status_code == 303, iri
            assert page.headers["location"].endswith("#" + path.removeprefix("/observation/"))
            path = urldefrag(page.headers["location"]).url
            page = web.get(path, headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), iri
        assert web.get(path, headers={"Accept": "text/html", "If-None-Match": page.headers["etag"]}).status_code == 304
        for relation in ("cite-as", "describedby", "type", "license", "author", "collection", "linkset"):
            assert f'rel="{relation}"' in page.headers["link"], (iri, relation)


def test_quads_say_the_graph_of_each_statement_and_add_what_the_build_says(
    web: httpx.Client, dump: dict[str, dict[str, set]]
) -> None:
    iri = f"{BASE}archive/give-a-scan"
    reply = web.get("/archive/give-a-scan.nq")
    found: dict[str, set] = {}
    for quad in ox.parse(reply.content, format=ox.RdfFormat.N_QUADS):
        if quad.subject == ox.NamedNode(iri):
            found.setdefault(quad.graph_name.value, set()).add((quad.predicate, quad.object))
    assert found == dump[iri]
    assert sorted(found) == [f"{BASE}graph/archive/give-a-scan", f"{BASE}graph/derived"]


def test_turtle_of_a_thing_is_its_record_byte_for_byte(web: httpx.Client) -> None:
    root = Path(__file__).parent.parent
    for name in (
        "archive/give-a-scan",
        "software/midas",
        "collection/lidc-idri",
        "organization/kitware",
        "source/archive-survey-2010",
    ):
        assert web.get(f"/{name}.ttl").content == (root / "records" / f"{name}.ttl").read_bytes()
    assert web.get("/ontology.ttl").content == (root / "ontology" / "survey.ttl").read_bytes()
    assert (
        web.get("/vocabulary/modality.ttl").content == (root / "ontology" / "vocabulary" / "modality.ttl").read_bytes()
    )
    assert web.get("/shape/archive.ttl").content == (root / "shapes" / "archive.ttl").read_bytes()


@pytest.mark.parametrize(
    ("accept", "status", "where"),
    [
        ("*/*", 303, "/modality/ct.ttl"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 200, None),
        ("text/turtle, application/rdf+xml;q=0.5", 303, "/modality/ct.ttl"),
        ("application/rdf+xml, text/turtle;q=0.5", 303, "/modality/ct.rdf"),
        ("application/ld+json", 303, "/modality/ct.jsonld"),
        ("image/png", 406, None),
    ],
)
def test_the_accept_header_decides(web: httpx.Client, accept: str, status: int, where: str | None) -> None:
    reply = web.get("/modality/ct", headers={"Accept": accept})
    assert (reply.status_code, reply.headers.get("location")) == (status, where)


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/observation/give-a-scan-2010-08.ttl", "modality"),
        ("/answer/yes.ttl", "yes"),
        ("/assessment/collection-lidc-idri-commercial-use.ttl", "assesses"),
        ("/problem/query-syntax.ttl", "not valid SPARQL"),
        ("/graph/archive/give-a-scan.ttl", "Give A Scan"),
        ("/graph/void.nt", "propertyPartition"),
        ("/ontology/2026.11.ttl", "owl:Ontology"),
        ("/source/archive-survey-2010.nt", "schema.org/url"),
        ("/vocabulary/modality.jsonld", "ConceptScheme"),
        ("/shape/archive.nt", "NodeShape"),
    ],
)
def test_every_kind_of_iri_answers(web: httpx.Client, path: str, word: str) -> None:
    reply = web.get(path)
    assert reply.status_code == 200
    assert word in reply.text


def test_a_question_is_described_to_who_asks_for_rdf(web: httpx.Client) -> None:
    name = "software-of-2010-and-now"
    sent = web.get(f"/query/{name}", headers={"Accept": "text/turtle"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/query/{name}.ttl")
    described = web.get(f"/query/{name}.ttl").text
    assert "a sh:SPARQLExecutable" in described or "rdf:type sh:SPARQLExecutable" in described
    assert "sh:SPARQLSelectExecutable" in described


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/graph/archive/give-a-scan", "/observation/give-a-scan-2010-08"),
        ("/graph/void", "statements"),
        ("/shape/archive", "/shape/archive.ttl"),
        ("/problem/query-syntax", "not valid SPARQL"),
    ],
)
def test_graphs_shapes_and_errors_have_a_page_too(web: httpx.Client, path: str, word: str) -> None:
    reply = web.get(path, headers={"Accept": "text/html"})
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert word in reply.text
    assert f'rel="cite-as" href="{BASE}{path[1:]}"' in reply.text
    assert web.get(path, headers={"Accept": "text/html", "If-None-Match": reply.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    ("path", "page", "data"),
    [
        ("/modality/", "/vocabulary/modality", "/vocabulary/modality"),
        ("/archive/", "/archive", "/.well-known/void"),
        ("/vocabulary/", "/vocabulary", "/.well-known/void"),
        ("/observation/", "/data", "/.well-known/void"),
    ],
)
def test_a_namespace_leads_to_what_tells_its_names(web: httpx.Client, path: str, page: str, data: str) -> None:
    for accept, where in (("text/html", page), ("text/turtle", data)):
        reply = web.get(path, headers={"Accept": accept})
        assert (reply.status_code, reply.headers["location"]) == (303, where)
        assert web.get(path, headers={"Accept": accept}, follow_redirects=True).status_code == 200


def test_every_iri_that_the_release_names_answers(web: httpx.Client, published: Path) -> None:
    """Also those of which nothing is said: the publisher, the bridge file, what descriptions and exports point to."""
    folder, order = published / "current", random.Random(SEED)
    named: set[str] = set()
    for name in (
        "served.nq",
        "catalog.ttl",
        "exports/dcat-ap.ttl",
        "exports/schema-org.jsonld",
        "linksets/owl-sameas.ttl",
    ):
        found = re.findall(rf'[<"]{BASE}([^>"\s\\]*)[>"]', (folder / name).read_text(encoding="utf-8"))
        named |= {urldefrag(each).url for each in found}
    sections: dict[str, list[str]] = {}
    for each in sorted(named):
        sections.setdefault(each.partition("/")[0], []).append(each)
    assert {"about", "catalog", "linksets", "modality", "release", "sparql"} <= set(sections)
    for paths in sections.values():
        for path in order.sample(paths, min(5, len(paths))):
            reply = web.get(f"/{path}", headers={"Accept": "text/turtle, */*;q=0.1"}, follow_redirects=True)
            assert reply.status_code == 200, path


def test_a_head_request_is_the_get_without_its_body(web: httpx.Client) -> None:
    got, head = web.get("/archive/give-a-scan.nt"), web.head("/archive/give-a-scan.nt")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "last-modified", "content-length", "content-type", "link"):
        assert head.headers[name] == got.headers[name]


def test_last_modified_is_the_day_of_the_release(web: httpx.Client) -> None:
    reply = web.get("/archive/give-a-scan.ttl")
    assert reply.headers["last-modified"] == "Wed, 25 Nov 2026 00:00:00 GMT"
    assert (
        web.get("/archive/give-a-scan.ttl", headers={"If-Modified-Since": reply.headers["last-modified"]}).status_code
        == 304
    )
    assert (
        web.get("/archive/give-a-scan.ttl", headers={"If-Modified-Since": "Tue, 24 Nov 2026 00:00:00 GMT"}).status_code
        == 200
    )


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("/archive/give-a-scam", "/archive/give-a-scan"),
        ("/archive/tcai", "/archive/tcia"),
        ("/software/orthank.ttl", "/software/orthanc"),
        ("/modality/computed-tomography", "/modality/ct"),
    ],
)
def test_a_wrong_name_gets_near_ones(web: httpx.Client, wrong: str, near: str) -> None:
    reply = web.get(wrong, headers={"Accept": "application/json"})
    assert reply.status_code == 404
    assert reply.json()["code"] == "not-found"
    assert f"`{near}`" in reply.json()["detail"]


def test_a_retired_name_is_gone_and_tells_its_successor(pair_home: str) -> None:
    for path in ("/archive/hearts", "/archive/hearts.ttl", "/assessment/archive-hearts-commercial-use"):
        reply = httpx.get(pair_home + path, headers={"Accept": "application/json"})
        assert (reply.status_code, reply.json()["code"]) == (410, "gone")
        assert reply.json()["successor"] == f"{BASE}archive/lungs"
        assert reply.headers["link"] == f'<{pair_home}/archive/lungs>; rel="successor-version"'
    assert httpx.get(f"{pair_home}/archive/lungs.ttl").status_code == 200


def test_no_internal_link_is_broken(web: httpx.Client, home: str) -> None:
    """Three hundred pages, breadth first from the home page with a fixed shuffle, and every link of ours on them."""
    order = random.Random(SEED)
    waiting, seen, pages = ["/"], {"/"}, 0
    broken: list[tuple[str, str, int]] = []
    came_from = {"/": ""}
    while waiting and pages < 300:
        path = waiting.pop(0)
        reply = web.get(path, headers={"Accept": "text/html"}, follow_redirects=True)
        if reply.status_code >= 400:
            broken.append((came_from[path], path, reply.status_code))
            continue
        if not reply.headers.get("content-type", "").startswith("text/html"):
            continue
        pages += 1
        links = [
            urldefrag(urljoin(f"{home}{path}", each.replace("&amp;", "&"))).url
            for each in re.findall(r'href="([^"]+)"', reply.text)
        ]
        ours = sorted({each.removeprefix(home) or "/" for each in links if each.startswith(f"{home}/")} - seen)
        order.shuffle(ours)
        for each in ours:
            seen.add(each)
            came_from[each] = path
        waiting += ours[:40]
    assert pages == 300
    assert broken == []
