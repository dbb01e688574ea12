"""Which media type a request gets."""

from __future__ import annotations

import pytest

from graph_service.formats import BOOLEANS, GRAPHS, HTML, RESULTS, by_suffix, encoding, negotiate

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
F_UJI = (
    "text/turtle, application/turtle, application/x-turtle;q=0.8, application/rdf+xml;q=0.7, "
    "application/ld+json;q=0.6, text/html;q=0.3"
)
YASGUI = "application/sparql-results+json,*/*;q=0.9"
SPARQLWRAPPER = "application/sparql-results+json,application/json,text/javascript,application/javascript"
COMUNICA = "application/n-quads,application/trig;q=0.95,application/ld+json;q=0.9,application/n-triples;q=0.8,*/*;q=0.1"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("*", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV", "csv"),
        ("application/json", "json"),
        ("application/xml", "xml"),
        ("text/csv;q=0.5, text/tab-separated-values", "tsv"),
        ("text/csv;q=0.5, */*;q=0.1", "csv"),
        ("text/*", "csv"),
        ("text/*;q=0.9, text/csv;q=0.1", "tsv"),
        ("*/*, application/sparql-results+json;q=0", "xml"),
        ("application/*;q=0, */*;q=0.1", "csv"),
        ("text/csv; charset=utf-8; q=0.2, application/sparql-results+xml; q=0.3", "xml"),
        ("text/csv;q=nonsense, application/xml;q=0.1", "xml"),
        ("text/csv;q=7", "csv"),
        (",,;q=1,text/csv,", "csv"),
        ("image/png", None),
        ("text/html", None),
        ("text/csv;q=0", None),
        (YASGUI, "json"),
        (SPARQLWRAPPER, "json"),
        (COMUNICA, "json"),
    ],
)
def test_results(accept: str | None, chosen: str | None) -> None:
    """Quality, wildcards, exclusion and specificity decide as RFC 9110 says; the first offer wins among equals."""
    found = negotiate(accept, RESULTS)
    assert (found.name if found else None) == chosen


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "ttl"),
        ("*/*", "ttl"),
        (F_UJI, "ttl"),
        (COMUNICA, "nq"),
        ("application/json", "jsonld"),
        ("text/plain", "nt"),
        ("application/rdf+xml, text/turtle;q=0.9", "rdf"),
        ("text/csv", None),
    ],
)
def test_graphs(accept: str | None, chosen: str | None) -> None:
    """The long lists that real clients send get what they ask for."""
    found = negotiate(accept, GRAPHS)
    assert (found.name if found else None) == chosen


@pytest.mark.parametrize(
    ("accept", "is_html"),
    [
        (CHROME, True),
        ("text/html", True),
        ("*/*", False),
        (None, False),
        ("text/html;q=0.5, text/csv", False),
        ("text/*", False),
    ],
)
def test_html_only_where_it_outranks_data(accept: str | None, is_html: bool) -> None:
    """A browser gets the page; a wildcard never does."""
    assert (negotiate(accept, (*RESULTS, *GRAPHS, HTML)) is HTML) is is_html


def test_a_boolean_has_no_csv() -> None:
    """ASK is offered as JSON and XML only."""
    assert negotiate("text/csv", BOOLEANS) is None


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("json", "json"),
        (".ttl", "ttl"),
        ("CSV", "csv"),
        ("turtle", "ttl"),
        ("application/sparql-results+xml", "xml"),
        ("application/json", "json"),
        ("text/turtle; charset=utf-8", "ttl"),
        ("nq", "nq"),
        ("trig", "trig"),
        ("jsonld", "jsonld"),
        ("rdf", "rdf"),
        ("html", "html"),
        ("pdf", None),
        ("application/pdf", None),
    ],
)
def test_suffixes(name: str, chosen: str | None) -> None:
    """A suffix, a `?format=` name and a media type name a format."""
    found = by_suffix(name)
    assert (found.name if found else None) == chosen


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("zstd;q=0, gzip;q=0", None),
        ("identity", None),
        ("*", "zstd"),
        ("identity;q=1, gzip;q=0.5", None),
        ("br", None),
    ],
)
def test_content_coding(accept: str, chosen: str | None) -> None:
    """A content coding is used only where the client takes it."""
    assert encoding(accept, ("zstd", "gzip")) == chosen
