"""Registries: what they know of our archives is proposed with the reason, and no record is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service.errors import DataError
from graph_service.importers import registries
from graph_service.importers.registries import Found
from graph_service.survey import Files

RECORDS = {
    "re3data": {
        "r3d1": {"name": "The Lungs", "homepage": "https://www.lungs.example/", "xrefs": {"doi": "10.17616/R3ABC"}},
        "r3d2": {"name": "Somewhere else", "homepage": "https://else.example/", "description": "Brain imaging data."},
        "r3d3": {"name": "Birds", "homepage": "https://birds.example/"},
        "r3d4": {"name": "Shared", "homepage": "https://github.com/"},
    },
    "fairsharing": {"FAIRsharing.abc123": {"name": "A portal", "short_names": ["Lungs of the World"], "homepage": ""}},
}
RECORD = """\
@prefix archive: <https://w3id.org/imaging-survey/archive/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix survey: <https://w3id.org/imaging-survey/ontology#> .

archive:lungs
    a survey:Archive ;
    dcterms:title "Lungs of the World (LOW)"@en ;
    foaf:homepage <https://lungs.example> ;
    {known}
.
"""


def found(files: Files, tmp_path: Path, known: str = "") -> Found:
    """The candidates for one record from those two registries."""
    for name, entries in RECORDS.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "processed.json").write_text(json.dumps(entries), encoding="utf-8")
    folder = tmp_path / "records"
    (folder / "archive").mkdir(parents=True)
    (folder / "archive" / "lungs.ttl").write_text(RECORD.format(known=known), encoding="utf-8")
    one = Files(folder, files.ontology, files.shapes, files.queries)
    return registries.candidates(one, registries.read(tmp_path), "2026-11-25")


def test_a_home_page_and_a_name_are_reasons(files: Files, tmp_path: Path) -> None:
    """A record is proposed for its home page, however written, and for a name without what stands in brackets."""
    made = found(files, tmp_path)
    assert [
        (each.thing.rsplit("/", 1)[1], each.entry.identifier, each.reasons, each.known) for each in made.candidates
    ] == [
        ("lungs", "r3d1", ("home page lungs.example",), False),
        ("lungs", "FAIRsharing.abc123", ("name Lungs of the World",), False),
    ]
    assert [each.identifier for each in made.lacking] == ["r3d2"]


def test_what_the_record_says_is_not_proposed_again(files: Files, tmp_path: Path) -> None:
    """An identifier that the survey has is counted, and left out."""
    made = found(files, tmp_path, "survey:re3dataRecord <https://www.re3data.org/repository/r3d1> ;")
    assert [(each.entry.identifier, each.known) for each in made.candidates] == [
        ("r3d1", True),
        ("FAIRsharing.abc123", False),
    ]
    assert "1 are known to the survey, 1 are proposed, 1 about imaging fit no record" in registries.report(made)
    assert "r3d1" not in registries.turtle(made)


def test_candidates_are_turtle_with_their_source(files: Files, tmp_path: Path) -> None:
    """Each observation has its source, day and certainty, and carries identifiers only."""
    text = registries.turtle(found(files, tmp_path))
    assert text == registries.turtle(
        registries.candidates(
            Files(tmp_path / "records", files.ontology, files.shapes, files.queries),
            registries.read(tmp_path),
            "2026-11-25",
        )
    )
    said = {
        (quad.subject.value, quad.predicate.value.rsplit("#", 1)[-1].rsplit("/", 1)[-1])
        for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)
    }  # type: ignore[union-attr]
    name = "https://w3id.org/imaging-survey/observation/lungs-re3data-r3d1"
    words = {"type", "consulted", "source", "certainty", "re3dataRecord", "re3dataDoi"}
    assert {word for subject, word in said if subject == name} == words
    assert "# Candidate for archive:lungs: home page lungs.example." in text


def test_no_record_is_changed(files: Files, tmp_path: Path) -> None:
    """The importer reads; what it writes goes to other files."""
    found(files, tmp_path)
    assert (tmp_path / "records" / "archive" / "lungs.ttl").read_text() == RECORD.format(known="")


def test_a_missing_source_is_told(tmp_path: Path) -> None:
    """A folder without the registries is named."""
    with pytest.raises(DataError, match=r"processed\.json"):
        registries.read(tmp_path)
