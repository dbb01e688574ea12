"""A program that follows links learns from the page of a thing what it is, how to cite it, where its data are, and its
license.

Promised: FAIR Signposting as `Link` headers, the same as `<link>` elements and as a link set, and schema.org JSON-LD in
the page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from graph_service.web.signposting import Link

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"


@pytest.fixture(scope="module")
def web(home: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=home, timeout=30, headers={"Accept": "text/html"}) as client:
        yield client


def parsed(header: str) -> list[tuple[str, str, str]]:
    """The links of a header as relation, target and type."""
    found = re.findall(r'<([^>]*)>((?:; [a-z]+="[^"]*")*)', header)
    rows = []
    for target, rest in found:
        named = dict(re.findall(r'([a-z]+)="([^"]*)"', rest))
        rows.append((named["rel"], target, named.get("type", "")))
    return rows


def test_the_page_of_a_thing_links_all_that_a_program_wants(web: httpx.Client, home: str) -> None:
    page = f"{home}/archive/give-a-scan"
    assert parsed(web.get("/archive/give-a-scan").headers["link"]) == [
        ("cite-as", "https://w3id.org/imaging-survey/archive/give-a-scan", ""),
        ("describedby", f"{page}.ttl", "text/turtle"),
        ("describedby", f"{page}.jsonld", "application/ld+json"),
        ("describedby", f"{page}.nt", "application/n-triples"),
        ("describedby", f"{page}.rdf", "application/rdf+xml"),
        ("describedby", f"{page}.trig", "application/trig"),
        ("describedby", f"{page}.nq", "application/n-quads"),
        ("item", f"{page}.ttl", "text/turtle"),
        ("type", "https://schema.org/AboutPage", ""),
        ("type", "https://schema.org/DataCatalog", ""),
        ("license", CC0, ""),
        ("author", "https://w3id.org/imaging-survey/about#publisher", ""),
        ("collection", "https://w3id.org/imaging-survey/", ""),
        ("linkset", f"{page}.linkset", "application/linkset+json"),
        ("alternate", f"{page}.ttl?_profile=dcat-ap", "text/turtle"),
        ("alternate", f"{page}.jsonld?_profile=dcat-ap", "application/ld+json"),
        ("alternate", f"{page}.nt?_profile=dcat-ap", "application/n-triples"),
        ("alternate", f"{page}.rdf?_profile=dcat-ap", "application/rdf+xml"),
        ("alternate", f"{page}.jsonld?_profile=schema", "application/ld+json"),
    ]


def test_each_description_is_where_the_link_says_and_links_back(web: httpx.Client) -> None:
    for relation, target, kind in parsed(web.get("/collection/lidc-idri").headers["link"]):
        if relation != "describedby":
            continue
        reply = web.get(target)
        assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (200, kind)
        back = {(each[0], each[1]) for each in parsed(reply.headers["link"])}
        assert ("describes", target.rpartition(".")[0]) in back
        assert ("collection", "https://w3id.org/imaging-survey/") in back


def test_the_page_of_a_question_links_its_description_beside_its_answers(web: httpx.Client, home: str) -> None:
    for _ in range(2):  # also when the page is kept from the time before
        found = parsed(web.get("/query/direct-download").headers["link"])
        assert ("cite-as", "https://w3id.org/imaging-survey/query/direct-download", "") in found
        assert ("describedby", f"{home}/query/direct-download.ttl", "text/turtle") in found
        assert ("type", "https://schema.org/SoftwareSourceCode", "") in found
        assert ("alternate", "/query/direct-download.csv", "text/csv") in found


@pytest.mark.parametrize(
    "path",
    ["/archive/give-a-scan", "/modality/ct", "/vocabulary/modality", "/ontology", "/query/direct-download"],
)
def test_the_page_carries_the_same_links_in_its_head(web: httpx.Client, path: str) -> None:
    reply = web.get(path)
    head = reply.text.partition("</head>")[0]
    for relation, target, _ in parsed(reply.headers["link"]):
        assert re.search(rf'<link rel="{relation}"[^>]* href="{re.escape(target)}"', head), (relation, target)


def test_the_link_set_holds_the_same_links(web: httpx.Client, home: str) -> None:
    reply = web.get("/archive/give-a-scan.linkset")
    assert reply.headers["content-type"] == "application/linkset+json"
    context = reply.json()["linkset"][0]
    assert context["anchor"] == f"{home}/archive/give-a-scan"
    assert context["license"] == [{"href": CC0}]
    assert len(context["describedby"]) == 6


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("/archive/give-a-scan", "DataCatalog", "Give A Scan"),
        ("/collection/lidc-idri", "Dataset", "LIDC-IDRI"),
        ("/software/orthanc", "SoftwareApplication", "Orthanc"),
        ("/organization/aapm", "Organization", "American Association of Physicists in Medicine"),
    ],
)
def test_the_page_carries_schema_org(web: httpx.Client, path: str, kind: str, name: str) -> None:
    page = web.get(path).text
    found = [
        json.loads(each) for each in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    ]
    said = next(each for each in found if each["@type"] == kind)
    assert said["@context"] == "https://schema.org/"
    assert said["@id"] == f"https://w3id.org/imaging-survey{path}"
    assert said["name"] == name
    assert said["description"]


def test_the_survey_itself_is_a_data_set_of_schema_org(web: httpx.Client) -> None:
    page = web.get("/").text
    found = [
        json.loads(each) for each in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    ]
    said = next(each for each in found if each["@type"] == "Dataset")
    for name in (
        "name",
        "description",
        "license",
        "creator",
        "identifier",
        "distribution",
        "datePublished",
        "keywords",
    ):
        assert said[name], name


def test_a_link_is_written_as_rfc_8288_has_it() -> None:
    link = Link("describedby", "https://example.org/a.ttl", "text/turtle", "https://example.org/profile")
    assert (
        link.header()
        == '<https://example.org/a.ttl>; rel="describedby"; type="text/turtle"; profile="https://example.org/profile"'
    )
    assert link.html() == '<link rel="describedby" href="https://example.org/a.ttl" type="text/turtle">'
