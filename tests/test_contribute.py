"""Contributing through the service: the form, the check of a record by its text, the list of gaps, a report."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from graph_service.app import create_app
from graph_service.settings import Settings
from tests.serving import serving

PAGE = {"Accept": "text/html"}
RECORD = """\
@prefix archive: <https://w3id.org/imaging-survey/archive/> .
@prefix archive-kind: <https://w3id.org/imaging-survey/archive-kind/> .
@prefix certainty: <https://w3id.org/imaging-survey/certainty/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix modality: <https://w3id.org/imaging-survey/modality/> .
@prefix observation: <https://w3id.org/imaging-survey/observation/> .
@prefix schema: <https://schema.org/> .
@prefix scope: <https://w3id.org/imaging-survey/scope/> .
@prefix source: <https://w3id.org/imaging-survey/source/> .
@prefix source-kind: <https://w3id.org/imaging-survey/source-kind/> .
@prefix survey: <https://w3id.org/imaging-survey/ontology#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

archive:lunar-scans
    a survey:Archive ;
    dcterms:title "Lunar scans"@en ;
    dcterms:description "Scans of people on the moon."@en ;
    survey:kind archive-kind:archive ;
    survey:scope scope:in-vivo ;
    survey:observation observation:lunar-scans-2026-11-25 ;
.

observation:lunar-scans-2026-11-25
    a survey:Observation ;
    survey:consulted "2026-11-25"^^xsd:date ;
    dcterms:source source:lunar-example ;
    survey:certainty certainty:stated ;
    survey:modality modality:ct ;
    survey:modality modality:mr ;
    survey:subjectCount 1200 ;
    survey:approximately survey:subjectCount ;
.

source:lunar-example
    a survey:Source ;
    dcterms:title "https://lunar.example/"@en ;
    schema:url <https://lunar.example/> ;
    survey:sourceKind source-kind:archive-page ;
.
"""
FORM = {
    "source": "https://lunar.example/",
    "consulted": "2026-11-25",
    "dcterms:title": "Lunar scans",
    "dcterms:description": "Scans of people on the moon",
    "survey:kind": "archive",
    "survey:scope": "in-vivo",
    "survey:modality": "ct, mr",
    "survey:subjectCount": "1,200",
    "survey:subjectCount.qualifier": "about",
}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of the whole service on loopback."""
    with serving(create_app(Settings())) as address, httpx.Client(base_url=address, timeout=60) as asking:
        yield asking


def check(
    client: httpx.Client, text: str | bytes, kind: str = "archive", slug: str = "lunar-scans", sort: str = "text/turtle"
) -> httpx.Response:
    return client.post("/check", params={"kind": kind, "slug": slug}, content=text, headers={"Content-Type": sort})


def test_a_good_record_has_no_problem(client: httpx.Client) -> None:
    """An empty list is good news."""
    answer = check(client, RECORD)
    assert (answer.status_code, answer.json()) == (200, [])


def test_a_bad_record_is_told_as_by_the_command(client: httpx.Client) -> None:
    """Each problem has path, line, column, rule and message, and a suggestion where a name is misspelt."""
    answer = check(client, RECORD.replace("modality:mr ;", "modality:mrr ;"))
    assert answer.status_code == 200
    assert {
        "path": "archive/lunar-scans.ttl",
        "line": 29,
        "column": 21,
        "rule": "unknown-name",
        "message": "`modality:mrr` is described nowhere. Did you mean `modality:mr`?",
    } in answer.json()


def test_thousands_of_problems_are_told_in_part(client: httpx.Client) -> None:
    """A record with a thousand mistakes is answered with two hundred, and with how many follow."""
    wrong = "".join(f'    survey:nothing{place} "x" ;\n' for place in range(1000))
    told = check(client, RECORD.replace("    a survey:Archive ;\n", f"    a survey:Archive ;\n{wrong}", 1)).json()
    assert len(told) == 201
    assert told[-1]["rule"] == "more"
    assert told[-1]["message"].endswith(" more problems follow; mend these first.")


@pytest.mark.parametrize(
    ("text", "more", "status", "code"),
    [
        ("x" * 200_001, {}, 413, "too-large"),
        ("[" * 5000, {}, 400, "bad-request"),
        (RECORD, {"kind": "../../etc"}, 400, "bad-request"),
        (RECORD, {"slug": "../passwd"}, 400, "bad-request"),
        (RECORD, {"sort": "application/json"}, 415, "unsupported-media-type"),
    ],
)
def test_what_cannot_be_checked_is_refused(
    client: httpx.Client, text: str | bytes, more: dict[str, str], status: int, code: str
) -> None:
    """Bytes that are no text, huge or deeply nested texts and odd names are refused with a stable code."""
    answer = check(client, text, **more)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_bytes_that_are_no_text_are_told_at_their_place(client: httpx.Client) -> None:
    """A record in another encoding gets the same problem as by the command, with its line."""
    assert check(client, RECORD.encode().replace(b"Archive", b"Archiv\xe9", 1)).json()[0]["rule"] == "encoding"
    assert check(client, RECORD.encode("utf-16")).json()[0]["line"] == 1


def test_the_service_goes_on_after_a_hostile_record(client: httpx.Client) -> None:
    """After texts made to break parsers the next good record is checked as ever."""
    for hostile in ("<" * 100_000, '"' * 100_001, "@prefix a: <a:> .\n" * 5_000, "a:b " * 40_000):
        assert check(client, hostile).status_code == 200
    assert check(client, RECORD).json() == []


def test_the_form_gives_the_record(client: httpx.Client) -> None:
    """Filled in, the form downloads as a record in style that has no problem."""
    answer = client.post("/contribute/archive", data={**FORM, "download": "1"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="lunar-scans.ttl"'
    assert answer.text == RECORD


def test_the_form_says_what_to_mend(client: httpx.Client) -> None:
    """A count in words is named by its field, what was typed is kept, and nothing is downloaded."""
    answer = client.post(
        "/contribute/archive", data={**FORM, "survey:subjectCount": "many", "download": "1"}, headers=PAGE
    )
    assert answer.status_code == 422
    assert "`subjects`: `many` is not a whole number." in answer.text
    assert 'value="Lunar scans"' in answer.text


def test_the_form_tells_everything_at_once(client: httpx.Client) -> None:
    """An empty form and one with several faults name each of them."""
    answer = client.post(
        "/contribute/archive",
        data={"survey:subjectCount": "many", "foaf:homepage": "javascript:x", "source": "nowhere", "consulted": "now"},
        headers=PAGE,
    )
    for fault in ("`title` is missing", "`kind` is missing", "`many`", "`javascript:x`", "`nowhere`"):
        assert fault.lower() in answer.text.lower(), fault
    assert answer.status_code == 422


def test_near_duplicates_are_shown(client: httpx.Client) -> None:
    """What may be in the survey already is named, by any of its names, before anything is downloaded."""
    for name in ("Cancer Imaging Archive (TCIA)", "give-a-scan!"):
        data = {**FORM, "dcterms:title": name, "slug": "something-new", "download": "1"}
        answer = client.post("/contribute/archive", data=data, headers=PAGE)
        assert answer.status_code == 201, name
        assert "Is it one of these?" in answer.text
        assert ('href="/archive/tcia"' in answer.text) == ("TCIA" in name)
        assert ('href="/archive/give-a-scan"' in answer.text) == ("give" in name)
    answer = client.post("/contribute/archive", data={**data, "download": "anyway"}, headers=PAGE)
    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"
    assert "Is it one of these?" not in client.post("/contribute/archive", data=FORM, headers=PAGE).text


def test_a_mistake_can_be_reported_from_every_page(client: httpx.Client) -> None:
    """Each page links the form that asks what is wrong, and says from where."""
    for path in ("/", "/overview", "/archive/tcia", "/modality/ct", "/query", "/query/direct-download", "/ontology"):
        assert f'href="/mistake?page={path}"' in client.get(path, headers=PAGE).text, path


def test_the_form_knows_every_dimension_of_its_kind(client: httpx.Client) -> None:
    """Each form asks for what its shape needs and for the dimensions of its kind, by the ontology's labels."""
    page = client.get("/contribute/software", headers=PAGE).text
    assert 'name="survey:capability"' in page
    assert 'name="survey:modality"' in page
    assert 'name="survey:anatomy"' not in page
    assert client.get("/contribute/nothing", headers=PAGE).status_code == 404


def test_gaps_are_listed_for_people_and_programs(client: httpx.Client) -> None:
    """`/todo` is a page, and JSON with the total."""
    told = client.get("/todo", params={"limit": 2}).json()
    assert (set(told), len(told["gaps"]), told["total"] > 100) == ({"total", "gaps"}, 2, True)
    assert "What to look up next" in client.get("/todo", headers=PAGE).text


def test_a_mistake_becomes_a_text_to_send(client: httpx.Client) -> None:
    """What is wrong, what is right and the source are asked for, and put together."""
    page = client.get(
        "/mistake",
        params={"page": "/archive/oai", "wrong": "a", "right": "b", "source": "https://c.example/"},
        headers=PAGE,
    )
    assert "Page: /archive/oai\n\nWrong: a\n\nRight: b\n\nSource: https://c.example/\n" in page.text
