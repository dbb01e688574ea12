"""The survey is an rdflib graph in one line, without a server and without a copy.

Promised: `graph_service.load()` reads a release or the shipped files; the default graph is the union of all records,
each record a named graph; our prefixes are bound; pandas takes a query's rows as they are.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import rdflib
from rdflib.namespace import DCTERMS

import graph_service
from graph_service.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")
"""rdflib 7.6 warns about its own use of it."""

BASE = "https://w3id.org/imaging-survey/"


@pytest.fixture(scope="module")
def survey(published: Path) -> rdflib.Dataset:
    return graph_service.load(published)


def test_values_are_read_as_from_any_graph(survey: rdflib.Dataset) -> None:
    tcia = rdflib.URIRef(f"{BASE}archive/tcia")
    assert survey.value(tcia, DCTERMS.title) == rdflib.Literal("The Cancer Imaging Archive", lang="en")
    assert (tcia, rdflib.RDF.type, rdflib.URIRef(f"{BASE}ontology#Archive")) in survey


def test_queries_know_our_prefixes(survey: rdflib.Dataset) -> None:
    rows = list(survey.query("SELECT (COUNT(DISTINCT ?archive) AS ?number) WHERE { ?archive a survey:Archive }"))
    assert [int(row["number"]) for row in rows] == [69]


def test_a_record_is_a_named_graph(survey: rdflib.Dataset) -> None:
    record = survey.graph(rdflib.URIRef(f"{BASE}graph/archive/give-a-scan"))
    written = rdflib.Graph().parse(Path(__file__).parent.parent / "records" / "archive" / "give-a-scan.ttl")
    assert set(record) == set(written)


def test_a_folder_without_a_release_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no release"):
        graph_service.load(tmp_path)


def test_without_a_release_the_shipped_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(graph_service.load()) > 50_000
