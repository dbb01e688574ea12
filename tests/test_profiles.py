"""A thing is also described as others describe such things: by DCAT-AP, schema.org or CodeMeta, for who asks for it.

Promised: W3C Content Negotiation by Profile: `Accept-Profile` and `?_profile=` choose, the answer says its profile and
its links say the others; what a profile says of a thing is what the release's export says of it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pyoxigraph as ox

BASE = "https://w3id.org/imaging-survey/"
OWN = f"{BASE}ontology"
DCAT_AP = "http://data.europa.eu/r5r/"
SCHEMA = "https://schema.org/"
CODEMETA = "https://w3id.org/codemeta/3.0"


def profile_of(reply: httpx.Response) -> str:
    found = re.findall(r'<([^>]*)>; rel="profile"', reply.headers["link"])
    assert len(found) == 1
    return str(found[0])


def test_a_header_chooses_the_profile_and_the_answer_says_it(web: httpx.Client) -> None:
    sent = web.get("/collection/lidc-idri", headers={"Accept-Profile": f"<{DCAT_AP}>", "Accept": "text/turtle"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/collection/lidc-idri.ttl?_profile=dcat-ap")
    assert "Accept-Profile" in sent.headers["vary"]
    reply = web.get(sent.headers["location"])
    assert (reply.status_code, profile_of(reply)) == (200, DCAT_AP)
    assert reply.headers["content-type"] == "text/turtle; charset=utf-8"
    same = web.get("/collection/lidc-idri.ttl", headers={"Accept-Profile": f"<{CODEMETA}>, <{DCAT_AP}>;q=0.5"})
    assert same.content == reply.content
    assert same.headers["etag"] == reply.headers["etag"] != web.get("/collection/lidc-idri.ttl").headers["etag"]
    assert web.get(sent.headers["location"], headers={"If-None-Match": reply.headers["etag"]}).status_code == 304


def test_dcat_ap_of_a_thing_is_what_the_export_says_of_it(web: httpx.Client, published: Path) -> None:
    whole = set(ox.parse(path=published / "current" / "exports" / "dcat-ap.ttl", format=ox.RdfFormat.TURTLE))
    for name in ("collection/lidc-idri", "archive/tcia"):
        subject = ox.NamedNode(BASE + name)
        for suffix, form in (("ttl", ox.RdfFormat.TURTLE), ("rdf", ox.RdfFormat.RDF_XML)):
            reply = web.get(f"/{name}.{suffix}", params={"_profile": "dcat-ap"})
            said = set(ox.parse(reply.content, format=form))
            assert said <= whole
            about = {each for each in said if each.subject == subject}
            elsewhere = {f"http://www.w3.org/ns/dcat#{link}" for link in ("dataset", "catalog")}
            assert about >= {e for e in whole if e.subject == subject and e.predicate.value not in elsewhere}
            assert len(about) > 5


def test_schema_org_and_codemeta_come_as_json_ld(web: httpx.Client, published: Path) -> None:
    for name, token, iri, file in (
        ("archive/tcia", "schema", SCHEMA, "schema-org"),
        ("software/orthanc", "codemeta", CODEMETA, "codemeta"),
    ):
        sent = web.get(f"/{name}", params={"_profile": token})
        assert (sent.status_code, sent.headers["location"]) == (303, f"/{name}.jsonld?_profile={token}")
        reply = web.get(sent.headers["location"])
        assert (profile_of(reply), reply.headers["content-type"]) == (iri, "application/ld+json")
        export = json.loads((published / "current" / "exports" / f"{file}.jsonld").read_text())
        expected = next(each for each in export["@graph"] if each["@id"] == f"{BASE}{name}")
        assert reply.json() == {"@context": export["@context"], **expected}


def test_without_a_wish_or_with_a_strange_one_a_thing_comes_in_the_words_of_the_survey(web: httpx.Client) -> None:
    plain = web.get("/archive/tcia.ttl")
    assert profile_of(plain) == OWN
    for headers in ({"Accept-Profile": "<http://example.org/strange>"}, {"Accept-Profile": f"<{CODEMETA}>"}):
        assert web.get("/archive/tcia.ttl", headers=headers).content == plain.content
    assert web.get("/archive/tcia.ttl", params={"_profile": "survey"}).content == plain.content
    assert web.get("/archive/tcia", headers={"Accept": "text/html", "Accept-Profile": f"<{SCHEMA}>"}).status_code == 200


def test_a_wrong_token_is_told_the_right_ones(web: httpx.Client) -> None:
    for path in ("/archive/tcia", "/archive/tcia.ttl"):
        reply = web.get(path, params={"_profile": "codemeta"}, headers={"Accept": "application/json"})
        assert (reply.status_code, reply.json()["parameter"]) == (400, "_profile")
        assert "survey, dcat-ap, schema" in reply.json()["detail"]
    reply = web.get("/archive/tcia.ttl", params={"_profile": "schema"}, headers={"Accept": "application/json"})
    assert reply.status_code == 400
    assert "jsonld" in reply.json()["detail"]


def test_the_links_of_a_thing_name_its_other_profiles(web: httpx.Client, home: str) -> None:
    page = f"{home}/software/orthanc"
    links = web.get("/software/orthanc", headers={"Accept": "text/html"}).headers["link"]
    for token, iri in (("schema", SCHEMA), ("codemeta", CODEMETA)):
        told = f'<{page}.jsonld?_profile={token}>; rel="alternate"; type="application/ld+json"; profile="{iri}"'
        assert told in links
    assert "dcat-ap" not in links
    listed = web.get("/software/orthanc.linkset").json()["linkset"][0]["alternate"]
    assert {each["profile"][0] for each in listed} == {SCHEMA, CODEMETA}


def test_a_script_of_another_site_may_ask_by_profile(web: httpx.Client) -> None:
    """A browser asks before it sends `Accept-Profile` elsewhere, and is told that it may."""
    asked = web.options(
        "/collection/lidc-idri",
        headers={
            "Origin": "https://research.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "accept-profile",
        },
    )
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == "*"
    assert asked.headers["access-control-allow-headers"] == "accept-profile"
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    got = web.get("/collection/lidc-idri.ttl", headers={"Origin": "https://research.example"})
    assert got.headers.get_list("access-control-allow-origin") == ["*"]
    assert "Link" in got.headers["access-control-expose-headers"]
