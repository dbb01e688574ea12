"""Machines find everything from where they look first: VoID, the questions, the catalog of interfaces, sitemap, robots,
feed.

Promised: what SIB's editor asks for (prefixes, examples, VoID) returns rows; VoID says who, when and under which
license; every address that these documents name answers.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

import httpx
import pyoxigraph as ox
import pytest

VOID = "http://rdfs.org/ns/void#"
DATASET = ox.NamedNode("https://w3id.org/imaging-survey/")
JSON = {"Accept": "application/sparql-results+json"}


@pytest.fixture(scope="module")
def void(web: httpx.Client) -> list[ox.Quad]:
    return list(ox.parse(web.get("/.well-known/void").content, format=ox.RdfFormat.TURTLE))


def rows(web: httpx.Client, query: str) -> list[dict[str, str]]:
    reply = web.get("/sparql", params={"ac": "1", "query": query}, headers=JSON)
    assert reply.status_code == 200, reply.text
    return [{name: term["value"] for name, term in row.items()} for row in reply.json()["results"]["bindings"]]


def values(said: list[ox.Quad], predicate: str) -> set[str]:
    return {each.object.value for each in said if each.subject == DATASET and each.predicate.value == predicate}


def test_void_says_what_who_when_and_where(void: list[ox.Quad], home: str) -> None:
    terms = "http://purl.org/dc/terms/"
    assert values(void, f"{terms}title") == {"Imaging Survey"}
    assert values(void, f"{terms}license") == {"https://creativecommons.org/publicdomain/zero/1.0/"}
    assert values(void, f"{terms}modified") == {"2026-11-25"}
    assert values(void, f"{terms}publisher") == {"https://w3id.org/imaging-survey/about#publisher"}
    assert values(void, f"{VOID}sparqlEndpoint") == {f"{home}/sparql"}
    assert values(void, f"{VOID}uriSpace") == {"https://w3id.org/imaging-survey/"}
    assert len(values(void, f"{VOID}dataDump")) == 6
    assert len(values(void, f"{VOID}vocabulary")) > 5
    assert int(next(iter(values(void, f"{VOID}triples")))) > 50_000


@pytest.mark.parametrize("kind", ["text/turtle", "application/ld+json", "application/n-triples", "application/rdf+xml"])
def test_void_comes_in_every_form(web: httpx.Client, kind: str) -> None:
    reply = web.get("/.well-known/void", headers={"Accept": kind})
    assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (200, kind)


def test_dumps_and_examples_of_void_answer(web: httpx.Client, void: list[ox.Quad]) -> None:
    for dump in values(void, f"{VOID}dataDump"):
        assert web.head(dump).status_code == 200, dump
    for example in values(void, f"{VOID}exampleResource"):
        assert web.get("/" + example.removeprefix(DATASET.value), headers={"Accept": "text/turtle"}).status_code == 303


def test_there_is_a_linkset_for_each_hub(void: list[ox.Quad]) -> None:
    spaces = {each.object.value for each in void if each.predicate.value == f"{VOID}uriSpace"}
    for hub in (
        "https://www.re3data.org/repository/",
        "https://fairsharing.org/FAIRsharing.",
        "http://scicrunch.org/resolver/",
        "https://doi.org/",
        "https://ror.org/",
        "http://www.wikidata.org/entity/",
        "http://purl.obolibrary.org/obo/MONDO_",
        "http://purl.obolibrary.org/obo/UBERON_",
        "http://dicom.nema.org/resources/ontology/DCM/",
        "http://edamontology.org/",
        "https://spdx.org/licenses/",
    ):
        assert hub in spaces
    linksets = [each for each in void if each.object == ox.NamedNode(f"{VOID}Linkset")]
    for name in ("linkPredicate", "subjectsTarget", "objectsTarget", "triples"):
        assert sum(each.predicate.value == f"{VOID}{name}" for each in void) >= len(linksets)


def test_the_editor_of_sib_finds_prefixes(web: httpx.Client) -> None:
    found = rows(
        web,
        "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT DISTINCT ?prefix ?namespace "
        "WHERE { [] sh:namespace ?namespace ; sh:prefix ?prefix}",
    )
    assert {"prefix": "survey", "namespace": "https://w3id.org/imaging-survey/ontology#"} in found
    assert len(found) > 50


def test_the_editor_of_sib_finds_examples(web: httpx.Client) -> None:
    found = rows(
        web,
        "PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
        "SELECT DISTINCT ?sq ?comment ?query WHERE { ?sq a sh:SPARQLExecutable ; rdfs:comment ?comment ; "
        "sh:select|sh:ask|sh:construct|sh:describe ?query . } ORDER BY ?sq",
    )
    assert len(found) == len(web.get("/query", headers={"Accept": "application/json"}).json())
    assert all(each["sq"].startswith("https://w3id.org/imaging-survey/query/") for each in found)


def test_the_editor_of_sib_finds_classes_and_properties(web: httpx.Client) -> None:
    found = rows(
        web,
        "PREFIX void: <http://rdfs.org/ns/void#> PREFIX void-ext: <http://ldf.fi/void-ext#> "
        "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
        "SELECT DISTINCT ?subjectClass ?prop ?objectClass ?objectDatatype ?subjectClassLabel WHERE { "
        "?cp void:class ?subjectClass ; void:propertyPartition ?pp . "
        "OPTIONAL { ?subjectClass rdfs:label ?subjectClassLabel } "
        "?pp void:property ?prop . OPTIONAL { { ?pp void:classPartition [ void:class ?objectClass ] } "
        "UNION { ?pp void-ext:datatypePartition [ void-ext:datatype ?objectDatatype ] } } }",
    )
    survey = "https://w3id.org/imaging-survey/ontology#"
    assert {
        "subjectClass": f"{survey}Archive",
        "subjectClassLabel": "Archive",
        "prop": f"{survey}modality",
        "objectClass": "http://www.w3.org/2004/02/skos/core#Concept",
    } in found
    assert any(each.get("objectDatatype") == "http://www.w3.org/2001/XMLSchema#integer" for each in found)


def test_a_question_is_described_with_its_parameters(web: httpx.Client) -> None:
    found = rows(
        web,
        "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT ?question ?name "
        "WHERE { ?question sh:parameter ?p . ?p sh:path ?path ; sh:optional true . "
        'BIND(REPLACE(STR(?path), "^.*#", "") AS ?name) }',
    )
    asked = {
        (each["name"], one["name"])
        for each in web.get("/query", headers={"Accept": "application/json"}).json()
        for one in each["parameters"]
    }
    assert {(each["question"].rpartition("/")[2], each["name"]) for each in found} == asked


def test_the_catalog_of_interfaces_names_what_answers(web: httpx.Client, home: str) -> None:
    reply = web.get("/.well-known/api-catalog")
    assert reply.headers["content-type"].startswith("application/linkset+json")
    contexts = reply.json()["linkset"]
    assert {each["anchor"] for each in contexts} >= {
        f"{home}/sparql",
        f"{home}/query",
        f"{home}/reconcile",
        f"{home}/mcp",
    }
    targets = {
        (each["href"], each.get("type", "*/*").partition(";")[0])
        for context in contexts
        for relation in ("service-desc", "service-doc", "service-meta", "status")
        for each in context.get(relation, [])
    }
    for href, kind in targets:
        accept = {"Accept": kind if kind.startswith("text/") else "*/*"}
        assert web.get(href, headers=accept, follow_redirects=True).status_code == 200, href


def test_a_head_request_for_the_catalog_of_interfaces_is_told_the_links(web: httpx.Client, home: str) -> None:
    """As RFC 9727 demands in section 2."""
    links = web.head("/.well-known/api-catalog").headers["link"]
    assert f'<{home}/.well-known/api-catalog>; rel="api-catalog"' in links
    for path in ("/sparql", "/query", "/reconcile", "/mcp"):
        assert f'<{home}{path}>; rel="item"' in links


def test_people_get_a_page_where_programs_get_the_catalog(web: httpx.Client) -> None:
    for path in ("/catalog", "/prefixes", "/void"):
        reply = web.get(path, headers={"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"})
        assert (reply.status_code, reply.headers["location"]) == (303, "/data")
    for accept in ("*/*", "text/turtle, text/html;q=0.5"):
        assert web.get("/catalog", headers={"Accept": accept}).headers["content-type"] == "text/turtle; charset=utf-8"


def test_the_catalog_of_data_is_dcat(web: httpx.Client) -> None:
    said = web.get("/catalog").text
    for word in (
        "dcat:Catalog",
        "dcat:DataService",
        "dcat:endpointURL",
        "dcat:servesDataset",
        "dcat:version",
        "dcat:isVersionOf",
    ):
        assert word in said


def test_the_sitemap_lists_every_thing_and_only_pages_that_answer(web: httpx.Client, home: str) -> None:
    tree = ElementTree.fromstring(web.get("/sitemap.xml").content)
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    places = [each.text or "" for each in tree.iter(f"{space}loc")]
    assert len(places) == len(set(places)) > 1000
    for path in (
        "/",
        "/archive/give-a-scan",
        "/collection/lidc-idri",
        "/software/midas",
        "/vocabulary/modality",
        "/query/software-of-2010-and-now",
    ):
        assert f"{home}{path}" in places
    fixed = [each for each in places if each.removeprefix(home).count("/") == 1]
    for each in fixed:
        assert web.get(each, headers={"Accept": "text/html"}, follow_redirects=True).status_code == 200, each


def test_robots_may_read_pages_and_know_the_sitemap(web: httpx.Client, home: str) -> None:
    assert web.get("/robots.txt").text == (
        f"User-agent: *\nDisallow: /sparql?\nDisallow: /release/*/sparql?\nAllow: /\nSitemap: {home}/sitemap.xml\n"
    )


def test_llms_txt_links_only_what_answers(web: httpx.Client) -> None:
    text = web.get("/llms.txt").text
    assert text.startswith("# Imaging Survey\n\n> ")
    for address in re.findall(r"\]\((http[^)]+)\)", text):
        if not address.endswith("/mcp"):
            assert web.get(address, follow_redirects=True).status_code == 200, address


def test_the_feed_is_atom_with_an_entry_for_the_release(web: httpx.Client, home: str) -> None:
    reply = web.get("/feed.atom")
    assert reply.headers["content-type"].startswith("application/atom+xml")
    atom = "{http://www.w3.org/2005/Atom}"
    feed = ElementTree.fromstring(reply.content)
    assert [feed.findtext(f"{atom}{name}") for name in ("id", "updated")] == [
        "https://w3id.org/imaging-survey/feed.atom",
        "2026-11-25T00:00:00Z",
    ]
    entry = feed.find(f"{atom}entry")
    assert entry is not None
    assert [entry.findtext(f"{atom}{name}") for name in ("id", "title", "updated")] == [
        "https://w3id.org/imaging-survey/release/2026.11",
        "Release 2026.11",
        "2026-11-25T00:00:00Z",
    ]
    assert entry.find(f"{atom}link").get("href") == f"{home}/release/2026.11"


def test_the_context_expands_our_names(web: httpx.Client) -> None:
    reply = web.get("/context.jsonld")
    assert reply.headers["content-type"] == "application/ld+json"
    assert reply.json()["@context"]["archive"] == "https://w3id.org/imaging-survey/archive/"


def test_the_survey_asked_for_as_data_is_its_description(web: httpx.Client) -> None:
    reply = web.get("/", headers={"Accept": "text/turtle"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/.well-known/void")
