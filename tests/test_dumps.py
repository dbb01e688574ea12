"""Tests of `web.dumps`: the whole survey in one file, as the release holds it."""

from __future__ import annotations

import gzip

import httpx
import pyoxigraph as ox
import pytest
import rdflib

from graph_service.release import DUMPS, Release

TYPES = {
    "ttl": "text/turtle; charset=utf-8",
    "nt": "application/n-triples; charset=utf-8",
    "nq": "application/n-quads; charset=utf-8",
    "trig": "application/trig; charset=utf-8",
    "jsonld": "application/ld+json",
    "rdf": "application/rdf+xml",
}


@pytest.mark.parametrize("suffix", DUMPS)
def test_each_format_is_served_as_built(suffix: str, client: httpx.Client, released: Release) -> None:
    """A dump is the very file of the release, with its media type and a name for saving."""
    answer = client.get(f"/dumps/survey.{suffix}", headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPES[suffix]
    assert answer.headers["content-disposition"] == f'inline; filename="survey.{suffix}"'
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.content == released.dump(suffix).read_bytes()
    assert (
        len(set(ox.parse(answer.content, format=DUMPS[suffix])))
        == (released.manifest["quads" if DUMPS[suffix].supports_datasets else "triples"])
    )


@pytest.mark.parametrize("suffix", DUMPS)
def test_each_format_is_served_packed(suffix: str, client: httpx.Client) -> None:
    """With `.gz` it is a gzip file, not an encoding that the client undoes on its way."""
    answer = client.get(f"/dumps/survey.{suffix}.gz")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in answer.headers
    assert gzip.decompress(answer.content) == client.get(f"/dumps/survey.{suffix}").content


def test_rdflib_loads_it_from_the_address(server: str, released: Release) -> None:
    """`Graph().parse(address)` is all that a program needs."""
    assert len(rdflib.Graph().parse(f"{server}/dumps/survey.ttl")) == released.manifest["triples"]


def test_a_copy_that_is_still_good_is_not_sent_again(client: httpx.Client) -> None:
    """The ETag of a dump gives 304 with no body, and another one the whole dump."""
    first = client.get("/dumps/survey.nt")
    again = client.get("/dumps/survey.nt", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert client.get("/dumps/survey.nt", headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get("/dumps/survey.ttl").headers["etag"] != first.headers["etag"]


def test_head_tells_the_size(client: httpx.Client, released: Release) -> None:
    """HEAD answers as GET does, without the body."""
    answer = client.head("/dumps/survey.nq.gz")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(released.dump("nq.gz").stat().st_size)


@pytest.mark.parametrize("name", ["survey.xls", "survey.gz", "survey.ttl.gz.gz", "survey.TTL", "survey.manifest.json"])
def test_an_unknown_format_is_not_found(name: str, client: httpx.Client) -> None:
    """Another format is told with those that there are."""
    answer = client.get(f"/dumps/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == (
        f"there is no dump `{name}`; there are ttl, nt, nq, trig, jsonld, rdf, each also with `.gz`."
    )


@pytest.mark.parametrize(
    "path", ["/dumps/survey.%2e%2e%2fmanifest.json", "/dumps/..%2f..%2fetc%2fpasswd", "/dumps/survey.ttl/../../x"]
)
def test_no_way_leads_out_of_the_folder(path: str, client: httpx.Client) -> None:
    """A dump's name is one of a list, not a path."""
    assert client.get(path).status_code == 404
