"""The pages over HTTP: what they say without scripts, what they weigh, their headers, links, data and errors."""

from __future__ import annotations

import csv
import html
import io
import re
import statistics
import time
from collections.abc import Iterator

import httpx
import pytest

from graph_service.web import static

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
THINGS = (
    "/archive/give-a-scan",
    "/archive/tcia",
    "/collection/lidc-idri",
    "/software/orthanc",
    "/software/xnat",
    "/organization/dkfz",
    "/source/archive-survey-2010",
    "/condition/lung-cancer",
)
KINDS = (
    "/",
    "/?q=lung+cancer&modality=ct&use=commercial-use",
    "/?q=nothing-like-it",
    *THINGS,
    "/compare",
    "/compare?thing=archive/tcia&thing=archive/idc&thing=archive/midrc",
    "/match",
    "/match?must=dicom-receiver&must=deidentification&nice=open-source",
    "/query",
    "/query/counts-over-time?thing=idc",
    "/overview",
    "/vocabulary",
    "/vocabulary/modality",
    "/ontology",
    "/history",
    "/data",
    "/about",
    "/docs",
    "/software",
    "/organization",
    "/source",
    "/contribute",
    "/contribute/archive",
    "/mistake?page=/archive/tcia",
    "/todo",
)
"""One address of every kind of page."""


@pytest.fixture(scope="module")
def browser(home: str) -> Iterator[httpx.Client]:
    """A client that asks as a browser does, without scripts."""
    with httpx.Client(base_url=home, headers={"Accept": BROWSER, "Accept-Encoding": "br, gzip"}, timeout=60) as made:
        made.get("/")
        yield made


def hrefs(page: str) -> list[str]:
    """The addresses below this service that a page links, without fragments."""
    found = [html.unescape(href) for href in re.findall(r'(?:href|src|action)="([^"]+)"', page)]
    return list(dict.fromkeys(href.partition("#")[0] for href in found if href.startswith("/")))


class TestEveryPage:
    @pytest.mark.parametrize("path", KINDS)
    def test_structure(self, browser: httpx.Client, path: str) -> None:
        """One h1, a title, landmarks, a skip link, a language, and each id once."""
        page = browser.get(path).raise_for_status().text
        assert len(re.findall(r"<h1[ >]", page)) == 1
        assert re.search(r"<title>[^<]+ – Imaging Survey</title>", page)
        assert '<html lang="en">' in page
        assert '<a class="skip" href="#main">' in page
        assert all(f"<{name}" in page for name in ("header", "main", "nav", "footer"))
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert sorted(set(ids)) == sorted(ids)

    @pytest.mark.parametrize("path", KINDS)
    def test_nothing_from_elsewhere(self, browser: httpx.Client, path: str) -> None:
        """No script, style, picture or frame of another origin, nothing inline, and a policy that forbids it."""
        answer = browser.get(path)
        loaded = re.findall(r'<(?:script|img|iframe|source)[^>]*\ssrc="([^"]+)"', answer.text)
        loaded += re.findall(r'<link rel="(?:stylesheet|icon|preload)"[^>]*\shref="([^"]+)"', answer.text)
        assert all(address.startswith("/static/") for address in loaded)
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style", answer.text)
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"

    @pytest.mark.parametrize("path", ["/", *THINGS])
    def test_weight(self, browser: httpx.Client, path: str) -> None:
        """Without scripts at most four requests and 30 KB over the wire."""
        answer = browser.get(path)
        linked = re.findall(r'<link rel="(?:stylesheet|icon)"[^>]*\shref="([^"]+)"', answer.text)
        parts = [len_on_the_wire(browser, address) for address in (path, *linked)]
        scripts = re.findall(r'<script src="([^"]+)"', answer.text)
        assert len(parts) + len(scripts) <= 4
        assert sum(parts) <= 30_000

    @pytest.mark.parametrize("path", ["/", "/?q=chest+CT+lung+cancer", *THINGS])
    def test_time(self, browser: httpx.Client, path: str) -> None:
        """Server and client together take 20 ms of the processor at most, in the median, for a page not made before."""
        spans = []
        for turn in range(9):
            start = time.process_time()
            browser.get(f"{path}{'&' if '?' in path else '?'}turn={turn}")
            spans.append(time.process_time() - start)
        assert statistics.median(spans) <= 0.02

    @pytest.mark.parametrize("path", KINDS)
    def test_validator(self, browser: httpx.Client, path: str) -> None:
        """A page that did not change is not sent again; another coding has another validator."""
        answer = browser.get(path)
        again = browser.get(path, headers={"If-None-Match": answer.headers["etag"]})
        plain = browser.get(path, headers={"Accept-Encoding": "identity"})
        assert (again.status_code, again.content) == (304, b"")
        assert plain.headers["etag"] != answer.headers["etag"]
        assert "Accept" in answer.headers["vary"]

    @pytest.mark.parametrize(
        "path", [*KINDS, "/query/counts-over-time.csv?thing=idc", "/query/counts-over-time.rq", "/favicon.ico"]
    )
    def test_head(self, browser: httpx.Client, path: str) -> None:
        """Who only asks whether a page is there, as checkers of links do, is told."""
        answer = browser.head(path)
        assert (answer.status_code, answer.content) == (200, b"")

    def test_links(self, browser: httpx.Client) -> None:
        """No link on any kind of page is broken."""
        waiting = {href: path for path in KINDS for href in hrefs(browser.get(path).text)}
        broken = {
            href: (found.status_code, path)
            for href, path in waiting.items()
            if not href.startswith("/sparql") and (found := browser.get(href)).status_code >= 400
        }
        assert broken == {}
        assert len(waiting) > 500


def len_on_the_wire(browser: httpx.Client, path: str) -> int:
    """Bytes of an answer's body as they are sent."""
    with browser.stream("GET", path) as answer:
        return sum(len(part) for part in answer.iter_raw())


class TestJobs:
    def test_find_data(self, browser: httpx.Client) -> None:
        """Chest CT of lung cancer for commercial use: one search from the home page, the license in sight."""
        assert 'name="q"' in browser.get("/").text
        page = browser.get("/", params={"q": "chest CT of lung cancer that I may use commercially"}).text
        assert "LIDC-IDRI" in page
        assert "CC-BY-3.0" in page

    def test_find_data_by_links(self, browser: httpx.Client) -> None:
        """The same by four links of the facets, each with its count."""
        page = browser.get("/").text
        for name, value in (
            ("use", "commercial-use"),
            ("modality", "ct"),
            ("condition", "lung-cancer"),
            ("anatomy", "chest"),
        ):
            links = [
                href
                for href in hrefs(page)
                if f"{name}={value}" in href and "page=" not in href and "format=" not in href
            ]
            page = browser.get(links[0]).raise_for_status().text
        assert "LIDC-IDRI" in page

    def test_choose_software(self, browser: httpx.Client) -> None:
        """Software that receives DICOM and de-identifies: a form, a ranked list with reasons, and who runs it."""
        assert '<a href="/match">' in browser.get("/").text
        assert 'name="dicom-receiver"' in browser.get("/match").text
        page = browser.get("/match", params={"dicom-receiver": "must", "deidentification": "must"}).text
        assert page.index("Extensible Neuroimaging Archive Toolkit") < page.index("These may fit")
        assert "XNAT Central" in page


class TestFinder:
    def test_same_view_as_data(self, browser: httpx.Client) -> None:
        """CSV and JSON hold what the page counts, all pages of it."""
        parameters = {"modality": "ct", "condition": "lung-cancer"}
        page = browser.get("/", params=parameters).text
        rows = list(csv.DictReader(io.StringIO(browser.get("/", params=parameters | {"format": "csv"}).text)))
        document = browser.get("/", params=parameters | {"format": "json"}).json()
        assert f"{len(rows)} matches" in page
        assert len(document["rows"]) == document["total"] == len(rows)
        assert {row["iri"] for row in rows} == {row["iri"] for row in document["rows"]}

    def test_empty(self, browser: httpx.Client) -> None:
        """Where nothing fits, the page says so and what to do."""
        page = browser.get("/", params={"q": "nothing-like-it"}).text
        assert "Nothing in the survey fits all of this" in page

    def test_other_things_of_a_name(self, browser: httpx.Client) -> None:
        """Software and organizations of the name are offered beside archives."""
        assert 'href="/software/orthanc"' in browser.get("/", params={"q": "orthanc"}).text

    @pytest.mark.parametrize("query", ["modality=nope", "sort=size2", "page=0", "type=software"])
    def test_wrong_values(self, browser: httpx.Client, query: str) -> None:
        """A wrong value is told on a page with status 400."""
        answer = browser.get(f"/?{query}")
        assert answer.status_code == 400
        assert "A parameter has no usable value" in answer.text


class TestThings:
    def test_archive(self, browser: httpx.Client) -> None:
        """The page of an archive: may I use it, observations with date, source and certainty, and its data."""
        page = browser.get("/archive/give-a-scan").text
        for words in ("May I use it?", "Commercial use", "August 2010", "inferred", "newest first", "Midas Server"):
            assert words in page
        assert 'href="/archive/give-a-scan.ttl"' in page
        assert '<script type="application/ld+json">{' in page

    def test_software(self, browser: httpx.Client) -> None:
        """The page of a program: who runs it, what it can do, and what nobody stated."""
        page = browser.get("/software/xnat").text
        for words in ("Who runs it", "XNAT Central", "What it can do", "Not stated", "DICOM receiver"):
            assert words in page

    def test_source(self, browser: httpx.Client) -> None:
        """A source says first what it is, and nothing of it by the code of a property."""
        page = browser.get("/source/archive-survey-2010").text
        assert '<p class="lede">Draft on a wiki of the National Cancer Institute' in page
        assert "dcterms:" not in page

    def test_dates(self, browser: httpx.Client) -> None:
        """Dates within texts are written as people write them."""
        page = browser.get("/archive/tcia").text
        assert not re.search(r">[^<]*\b(?:as of|seen on) \d{4}-\d\d", page)
        assert "4 April 2025: " in page

    def test_conflicts(self, browser: httpx.Client) -> None:
        """Sources that disagree stand side by side."""
        assert "Sources that disagree" in browser.get("/archive/idc").text

    def test_chart(self, browser: httpx.Client) -> None:
        """Counts at several dates are drawn, with the numbers as a table."""
        page = browser.get("/archive/idc").text
        assert "over time" in page
        assert "The numbers as a table" in page

    def test_observation(self, browser: httpx.Client) -> None:
        """An observation leads to its place on the page of its thing."""
        answer = browser.get("/observation/give-a-scan-2010-08")
        assert (answer.status_code, answer.headers["location"]) == (303, "/archive/give-a-scan#give-a-scan-2010-08")

    def test_unknown(self, browser: httpx.Client) -> None:
        """What is not there is told on a page with near names."""
        answer = browser.get("/archive/give-a-scam")
        assert answer.status_code == 404
        assert "/archive/give-a-scan" in answer.text

    def test_program(self, home: str) -> None:
        """A program that asks for anything gets data or a problem document, never a page."""
        assert httpx.get(f"{home}/nope").headers["content-type"] == "application/problem+json"


class TestComparison:
    @pytest.mark.parametrize(
        ("form", "start"), [("csv", "group,dimension"), ("md", "| |"), ("tex", "\\begin{longtable}")]
    )
    def test_texts(self, browser: httpx.Client, form: str, start: str) -> None:
        """The table comes as CSV, Markdown and LaTeX."""
        answer = browser.get(f"/compare.{form}", params={"thing": ["archive/tcia", "archive/idc"]})
        assert answer.text.startswith(start)

    @pytest.mark.parametrize(
        "path",
        [
            "/compare?things=archive/tcia",
            "/compare?thing=archive/tcia&thing=archive/idc&only=same",
            "/match?muts=dicom-receiver",
            "/match?role=archive-sever",
            "/?modalty=ct",
        ],
    )
    def test_unknown_parameters(self, browser: httpx.Client, path: str) -> None:
        """What an address says and the page does not understand is told, never passed over."""
        answer = browser.get(path)
        assert answer.status_code == 400
        assert "A parameter has no usable value" in answer.text

    def test_differences_only(self, browser: httpx.Client) -> None:
        """Rows that do not differ can be left out."""
        names = {"thing": ["archive/tcia", "archive/idc"]}
        both, only = (browser.get("/compare", params=names | more).text for more in ({}, {"only": "differences"}))
        assert only.count("<tr") < both.count("<tr")

    def test_titles(self, browser: httpx.Client) -> None:
        """A thing can be named by its title, as the form's list offers it."""
        assert (
            "Compared: "
            in browser.get("/compare", params={"thing": ["The Cancer Imaging Archive", "archive/idc"]}).text
        )

    def test_shortlist(self, browser: httpx.Client) -> None:
        """The ranked list of software comes as CSV."""
        rows = list(csv.DictReader(io.StringIO(browser.get("/match.csv?must=dicom-receiver").text)))
        assert rows[0]["verdict"] == "fits"
        assert rows[0]["DICOM receiver (must)"] == "yes"


class TestQuestions:
    def test_same_address(self, home: str, browser: httpx.Client) -> None:
        """A question has one address: a page for people, data for programs."""
        page = browser.get("/query/counts-over-time?thing=idc")
        data = httpx.get(f"{home}/query/counts-over-time?thing=idc", headers={"Accept": "text/csv"})
        assert page.headers["content-type"].startswith("text/html")
        assert data.headers["content-type"].startswith("text/csv")
        assert data.text.splitlines()[0].startswith("thing,title")

    def test_form_and_answer(self, browser: httpx.Client) -> None:
        """The form has a field for each parameter with the vocabulary's values; the answer has labels and links."""
        page = browser.get("/query/counts-over-time?thing=idc").text
        assert '<option value="tcia">' in page
        assert "of NCI Imaging Data Commons" in page
        assert '<a href="/archive/idc"' in page
        assert '<svg class="chart"' in page

    def test_wrong_value(self, browser: httpx.Client) -> None:
        """A value that does not fit is told beside the form."""
        answer = browser.get("/query/counts-over-time?thing=nope:nope")
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
        assert "<form" in answer.text

    def test_unknown_thing(self, browser: httpx.Client) -> None:
        """That nothing is found since the survey does not know what was asked for is told, with what is near."""
        page = browser.get("/query/counts-over-time?thing=loni-idaa").text
        assert "The survey knows no archive or collection “loni-idaa”. Did you mean loni-ida?" in page
        assert "The survey knows no" not in browser.get("/query/counts-over-time?thing=loni-ida").text

    @pytest.mark.parametrize(
        ("form", "start"), [("bib", "@misc{imaging-survey-"), ("csl", "[\n {"), ("ris", "TY  - DATA")]
    )
    def test_citation(self, browser: httpx.Client, form: str, start: str) -> None:
        """Question and release can be cited, with the values that were asked."""
        text = browser.get(f"/cite/query/counts-over-time.{form}?thing=idc").text
        assert text.startswith(start)
        assert "query/counts-over-time?thing=idc" in text


class TestFiles:
    def test_hashed(self, browser: httpx.Client) -> None:
        """A hashed address is kept for ever, an unhashed or an outdated one is not."""
        address = static.address("survey.css")
        assert browser.get(address).headers["cache-control"] == "public, max-age=31536000, immutable"
        assert browser.get("/static/survey.css").headers["cache-control"] == "public, max-age=300"
        assert browser.get("/static/survey.000000000000.css").headers["cache-control"] == "public, max-age=300"

    @pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "nothing.css", "vendor", ".hidden"])
    def test_nothing_else(self, browser: httpx.Client, name: str) -> None:
        """Only files of the pages are given."""
        assert browser.get(f"/static/{name}").status_code == 404

    def test_compressed(self, browser: httpx.Client) -> None:
        """Files are compressed as the client likes."""
        codings = {
            asked: browser.get("/static/survey.css", headers={"Accept-Encoding": asked}).headers.get("content-encoding")
            for asked in ("br", "gzip", "identity")
        }
        assert codings == {"br": "br", "gzip": "gzip", "identity": None}
