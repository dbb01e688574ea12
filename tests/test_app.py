"""Tests of the whole service over HTTP: questions, negotiation, problems."""

from __future__ import annotations

import csv
import io
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from graph_service import queries
from graph_service.app import create_app
from graph_service.release import Release
from graph_service.settings import Settings
from graph_service.survey import Files
from tests.serving import serving

JSON = {"Accept": "application/sparql-results+json"}


class TestQuestions:
    def test_all_are_listed(self, client: httpx.Client, files: Files) -> None:
        """`/query` names each question of the survey, with its parameters."""
        answer = client.get("/query", headers={"Accept": "application/json"})
        assert answer.status_code == 200
        listed = answer.json()
        known = {query.name: query for query in queries.catalog(files.queries)}
        assert [each["name"] for each in listed] == list(known)
        for each in listed:
            assert each["url"] == f"/query/{each['name']}"
            assert each["question"] == known[each["name"]].summary
            assert [one["name"] for one in each["parameters"]] == [one.name for one in known[each["name"]].parameters]

    def test_each_is_answered(self, client: httpx.Client, files: Files) -> None:
        """Every question gives an answer, without values and with its examples."""
        for query in queries.catalog(files.queries):
            for values in ({}, query.examples()):
                answer = client.get(f"/query/{query.name}", params=values, headers=JSON)
                assert answer.status_code == 200, answer.text
                assert answer.headers["content-type"] == "application/sparql-results+json"
                assert "results" in answer.json()

    @pytest.mark.parametrize(
        ("suffix", "kind", "start"),
        [
            ("csv", "text/csv; charset=utf-8; header=present", b""),
            ("tsv", "text/tab-separated-values; charset=utf-8; header=present", b"?"),
            ("json", "application/sparql-results+json", b"{"),
            ("xml", "application/sparql-results+xml", b"<?xml"),
        ],
    )
    def test_the_format_by_suffix_by_name_and_by_header(
        self, suffix: str, kind: str, start: bytes, client: httpx.Client
    ) -> None:
        """`.csv`, `?format=csv` and `Accept: text/csv` get the same bytes."""
        name = "/query/software-of-2010-and-now"
        answers = [
            client.get(f"{name}.{suffix}"),
            client.get(name, params={"format": suffix}),
            client.get(name, headers={"Accept": kind.split(";")[0]}),
        ]
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.headers["content-type"] for answer in answers} == {kind}
        assert len({answer.content for answer in answers}) == 1
        assert answers[0].content.startswith(start)

    def test_a_table_is_well_formed(self, client: httpx.Client) -> None:
        """A CSV answer has the columns of the question."""
        rows = list(csv.reader(io.StringIO(client.get("/query/software-of-2010-and-now.csv").text)))
        assert len(rows[0]) >= 2
        assert all(len(row) == len(rows[0]) for row in rows)

    def test_the_text_of_a_question(self, client: httpx.Client, files: Files) -> None:
        """`.rq` is the file itself."""
        answer = client.get("/query/overlaps.rq")
        assert answer.headers["content-type"] == "application/sparql-query; charset=utf-8"
        assert answer.content == (files.queries / "overlaps.rq").read_bytes()

    def test_a_cached_answer_is_not_sent_again(self, client: httpx.Client) -> None:
        """The ETag of an answer gives 304, and differs from format to format."""
        first = client.get("/query/overlaps.csv")
        again = client.get("/query/overlaps.csv", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/query/overlaps.json").headers["etag"] != first.headers["etag"]


class TestProblems:
    def problem(self, answer: httpx.Response, status: int, code: str) -> str:
        """The detail of a problem body, after what every one has in common was checked."""
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["access-control-allow-origin"] == "*"
        body = answer.json()
        assert body["type"] == f"https://w3id.org/imaging-survey/problem/{code}"
        assert (body["status"], body["code"]) == (status, code)
        assert body["title"]
        return str(body["detail"])

    def test_an_unknown_page(self, client: httpx.Client) -> None:
        """What is not there is 404, with its path."""
        assert self.problem(client.get("/nothing/here"), 404, "not-found") == (
            "`/nothing/here` is not a page or a thing of the survey."
        )
        assert client.get("/nothing/here").json()["instance"] == "/nothing/here"

    def test_an_unknown_question(self, client: httpx.Client) -> None:
        """A misspelt question is told with the nearest one."""
        assert self.problem(client.get("/query/overlap"), 404, "not-found") == (
            "there is no question `overlap`. Did you mean `overlaps`? `/query` lists all."
        )
        assert client.get("/query/overlap.rq").status_code == 404

    def test_an_unknown_parameter(self, client: httpx.Client) -> None:
        """A parameter that the question lacks is 400, with those that it has."""
        answer = client.get("/query/overlaps", params={"colection": "lidc-idri"})
        assert self.problem(answer, 400, "bad-parameter") == (
            "`overlaps` has no parameter `colection`; it has `collection`. Did you mean `collection`?"
        )
        assert answer.json()["parameter"] == "colection"

    @pytest.mark.parametrize("value", ["a b", "x> } DROP ALL #", '"', "nope:x"])
    def test_a_bad_value(self, value: str, client: httpx.Client) -> None:
        """A value that is no name of a thing is 400."""
        answer = client.get("/query/overlaps", params={"collection": value})
        assert self.problem(answer, 400, "bad-parameter") == (
            f"`collection={value}` is not an IRI, a prefixed name or a short name, e.g. `lidc-idri`."
        )

    def test_an_unknown_format(self, client: httpx.Client) -> None:
        """A format that the answer does not come in is 400 by name and 406 by header."""
        assert self.problem(client.get("/query/overlaps.xls"), 400, "bad-parameter") == (
            "`xls` is no format of this answer; it comes as json, xml, csv, tsv."
        )
        answer = client.get("/query/overlaps", headers={"Accept": "image/png, application/problem+json"})
        assert self.problem(answer, 406, "not-acceptable").startswith(
            "this is available as application/sparql-results+json"
        )
        assert "text/csv" in answer.json()["available"]

    def test_another_method(self, client: httpx.Client) -> None:
        """A method that is not offered is 405."""
        self.problem(client.delete("/query/overlaps"), 405, "method-not-allowed")
        self.problem(client.put("/dumps/survey.ttl", content=b"x"), 405, "method-not-allowed")

    def test_text_for_those_who_want_text(self, client: httpx.Client) -> None:
        """A client that asks for text gets one line of it."""
        answer = client.get("/query/overlap", headers={"Accept": "text/plain"})
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.text == (
            "There is no such thing here: there is no question `overlap`. Did you mean "
            "`overlaps`? `/query` lists all.\n"
        )

    @pytest.mark.parametrize(
        "line",
        [
            b"GET /%00%ff%fe HTTP/1.1",
            b"GET /query/" + b"a" * 5000 + b" HTTP/1.1",
            b"GET /query/overlaps?collection=%ff%00 HTTP/1.1",
            b"GET /query/overlaps?" + b"&".join(b"collection=a" for _ in range(2000)) + b" HTTP/1.1",
            b"GET /dumps/survey.%0d%0aX-Evil:1 HTTP/1.1",
            b"GET /archive/%00 HTTP/1.1",
            b"GET /archive/tcia.ttl%00 HTTP/1.1",
            b"GET /vocabulary/%7B%22 HTTP/1.1",
            b"GET /static/%00 HTTP/1.1",
            b"GET /static/" + b"a" * 300 + b" HTTP/1.1",
            b"GET /query/%F0%9F%AB%81?%F0%9F%AB%81=%F0%9F%AB%81 HTTP/1.1",
        ],
        ids=range(11),
    )
    def test_strange_requests_are_the_clients_fault(self, line: bytes, server: str) -> None:
        """Bytes that no browser sends get an answer of the 400s, and no header of the sender's making."""
        where = urlsplit(server)
        with socket.create_connection((where.hostname, where.port), 10) as wire:  # type: ignore[arg-type]
            wire.sendall(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
        head, _, _ = answer.partition(b"\r\n\r\n")
        assert 400 <= int(head.split(b" ")[1]) < 500, answer[:500]
        assert b"X-Evil" not in head.replace(b"survey.", b"")


class TestFirstSteps:
    def test_the_interface_is_described(self, client: httpx.Client) -> None:
        """The OpenAPI description names the questions and the dumps, each operation once."""
        found = client.get("/openapi.json").json()
        assert {"/query", "/query/{name}", "/dumps/survey.{suffix}"} <= found["paths"].keys()
        names = [
            each["operationId"] for path in found["paths"].values() for each in path.values() if "operationId" in each
        ]
        assert len(names) == len(set(names))

    def test_it_is_alive(self, client: httpx.Client) -> None:
        """`/healthz` says so."""
        assert client.get("/healthz").status_code == 200

    def test_sparql_counts_the_archives(self, client: httpx.Client) -> None:
        """The first query of a newcomer is answered."""
        archive = "<https://w3id.org/imaging-survey/ontology#Archive>"
        text = f"SELECT (COUNT(DISTINCT ?a) AS ?n) {{ ?a a {archive} }}"
        answer = client.get("/sparql", params={"query": text}, headers=JSON)
        assert json.loads(answer.text)["results"]["bindings"][0]["n"]["value"] == "1"

    def test_the_start_page(self, client: httpx.Client) -> None:
        """A browser gets a page."""
        answer = client.get("/", headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_question_ends_at_the_deadline(released: Release) -> None:
    """A question that is asked without values and takes too long is ended like any query, and told as such."""
    with serving(create_app(Settings(release=released.folder, query_seconds=0.0005))) as home:
        answer = httpx.get(f"{home}/query/survey-as-of.csv", timeout=30)
        assert answer.status_code == 504
        assert answer.json()["code"] == "query-timeout"
        assert answer.json()["detail"] == "The query took longer than 0.0005 s."
        assert httpx.get(f"{home}/readyz").status_code == 200


def test_questions_leave_room_for_queries(released: Release) -> None:
    """While more questions are asked than there are workers, every query is answered, and those too many are told 503."""
    with serving(create_app(Settings(release=released.folder, queue_seconds=0.5, query_workers=2))) as home:
        service_url = f"{home}/query/survey-as-of.csv"
        with ThreadPoolExecutor(30) as pool, httpx.Client(timeout=60) as client:
            asked = [pool.submit(client.get, service_url) for _ in range(120)]
            while not all(each.done() for each in asked):
                assert client.get(f"{home}/sparql?query=ASK%7B%7D").status_code == 200
            statuses = {each.result().status_code for each in asked}
    assert statuses <= {200, 503}
    assert 200 in statuses


def test_questions_count_as_queries_of_a_client(released: Release) -> None:
    """A client's allowance holds for queries and questions together; pages are free."""
    settings = Settings(release=released.folder, client_rate="2/minute", limit_loopback=True)
    with serving(create_app(settings)) as home, httpx.Client(base_url=home, timeout=30) as client:
        assert client.get("/sparql?query=ASK%7B%7D").status_code == 200
        assert client.get("/query/overlaps.csv").status_code == 200
        refused = client.get("/query/overlaps.csv")
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 61
        assert refused.headers["ratelimit-policy"] == '"1minute";q=2;w=60'
        assert client.get("/query").status_code == 200
        assert client.get("/").status_code == 200
