"""Tests of `importers.idc`: a snapshot of NCI's Imaging Data Commons becomes records in the survey's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graph_service import records, style, validation
from graph_service.importers import idc
from graph_service.survey import Files
from graph_service.writing import Stanza, record_text

SNAPSHOT: dict[str, Any] = {
    "source": {"url": "https://example.org/idc", "title": "A snapshot", "as_of": "2026-09-26"},
    "collections": [
        {
            "collection_id": "Lung_Phantom",
            "name": 'Lung "Phantom"',
            "species": "Human",
            "cancer_types": "Lung fever",
            "tumor_locations": "Lung Phantom, Chest, Various",
            "patients": 3,
            "studies": 4,
            "series": 5,
            "size_gb": 0.1,
            "modalities": ["CT", "SEG", "ZZ"],
            "licenses": ["CC BY 3.0"],
            "status": "Nowhere",
            "source_dois": ["10.7937/K9/TCIA.2015.ABC"],
            "in_vivo_candidate": True,
        },
        {
            "collection_id": "a_mice",
            "name": "Mice",
            "species": "Mouse",
            "cancer_types": "Various",
            "tumor_locations": "",
            "patients": 1,
            "studies": 2,
            "series": 3,
            "size_gb": 2,
            "modalities": ["SM"],
            "licenses": ["CC BY 3.0", "CC BY-NC 4.0"],
            "status": "Nowhere",
            "source_dois": [],
            "in_vivo_candidate": True,
        },
    ],
}

PHANTOM = """\
@prefix access: <https://w3id.org/imaging-survey/access/> .
@prefix anatomy: <https://w3id.org/imaging-survey/anatomy/> .
@prefix archive: <https://w3id.org/imaging-survey/archive/> .
@prefix archive-kind: <https://w3id.org/imaging-survey/archive-kind/> .
@prefix certainty: <https://w3id.org/imaging-survey/certainty/> .
@prefix collection: <https://w3id.org/imaging-survey/collection/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix file-format: <https://w3id.org/imaging-survey/file-format/> .
@prefix license: <https://w3id.org/imaging-survey/license/> .
@prefix modality: <https://w3id.org/imaging-survey/modality/> .
@prefix observation: <https://w3id.org/imaging-survey/observation/> .
@prefix scope: <https://w3id.org/imaging-survey/scope/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix source: <https://w3id.org/imaging-survey/source/> .
@prefix species: <https://w3id.org/imaging-survey/species/> .
@prefix subject-type: <https://w3id.org/imaging-survey/subject-type/> .
@prefix survey: <https://w3id.org/imaging-survey/ontology#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

collection:lung-phantom
    a survey:Collection ;
    dcterms:title "Lung \\"Phantom\\""@en ;
    dcterms:description "CT and ZZ of people with lung fever, distributed by NCI's Imaging Data Commons."@en ;
    survey:kind archive-kind:collection ;
    survey:scope scope:in-vivo ;
    survey:observation observation:lung-phantom-2026-09-26 ;
.

observation:lung-phantom-2026-09-26
    a survey:Observation ;
    survey:asOf "2026-09-26"^^xsd:date ;
    survey:consulted "2026-11-23"^^xsd:date ;
    dcterms:source source:archive-survey-2010 ;
    survey:certainty certainty:counted ;
    skos:note "The source's value for modality is ZZ."@en ;
    skos:note "The source's value for condition is Lung fever."@en ;
    skos:note "The source's value for status is Nowhere."@en ;
    skos:note "The size was given as 0.1 GB; the identifier at IDC is Lung_Phantom."@en ;
    survey:dataDoi <https://doi.org/10.7937/k9/tcia.2015.abc> ;
    survey:modality modality:ct ;
    survey:derivedObject modality:seg ;
    survey:anatomy anatomy:lung ;
    survey:anatomy anatomy:chest ;
    survey:species species:homo-sapiens ;
    survey:subjectType subject-type:phantom ;
    survey:fileFormat file-format:dicom ;
    survey:sizeInBytes 100000000 ;
    survey:approximately survey:sizeInBytes ;
    survey:subjectCount 3 ;
    survey:studyCount 4 ;
    survey:seriesCount 5 ;
    survey:access access:open ;
    survey:license license:cc-by-3.0 ;
    survey:hostedAt archive:idc ;
.
"""


@pytest.fixture(scope="module")
def vocabulary(files: Files) -> idc.Vocabulary:
    """The concepts of the shipped vocabularies by their names."""
    quads = []
    for path, graph in files.vocabulary():
        found = records.parse(path, path.read_text(encoding="utf-8"), graph)
        assert isinstance(found, list)
        quads += found
    return idc.Vocabulary.of(quads)


def written(each: idc.Collection, files: Files) -> str:
    """The record of an imported collection."""
    head, seen = each.head(), each.observation
    seen.subject = f"observation:{each.slug}-2026-09-26"
    head.say("survey:observation", seen.subject)
    return record_text([head, seen], style.fact_order(files.ontology / "survey.ttl"))


def imported(vocabulary: idc.Vocabulary) -> list[idc.Collection]:
    """The collections of the snapshot."""
    return idc.collections(SNAPSHOT, vocabulary, "source:archive-survey-2010", "2026-11-23")


def test_a_collection_becomes_a_record(vocabulary: idc.Vocabulary, files: Files) -> None:
    """Every value is a fact in the survey's words, or a note; sizes are in bytes, DOIs in lower case."""
    each = imported(vocabulary)[0]
    assert written(each, files) == PHANTOM
    assert sorted(each.unknown) == ["condition Lung fever", "modality ZZ", "status Nowhere"]
    assert each.doi == ("<https://doi.org/10.7937/k9/tcia.2015.abc>",)


def test_slides_are_borderline(vocabulary: idc.Vocabulary, files: Files) -> None:
    """A collection of slides only is told to be that, whatever the snapshot's own flag says."""
    each = imported(vocabulary)[1]
    text = written(each, files)
    assert each.slides_only
    assert (
        '    dcterms:description "Slide microscopy of mice, distributed by NCI\'s Imaging Data Commons."@en ;\n' in text
    )
    assert "    survey:scope scope:borderline ;\n    survey:scope scope:microscopy ;\n" in text
    assert "    survey:license license:cc-by-3.0 ;\n    survey:license license:cc-by-nc-4.0 ;\n" in text
    assert '    survey:licenseDetail "The license differs from series to series."@en ;\n' in text


def test_the_same_snapshot_gives_the_same_text(vocabulary: idc.Vocabulary, files: Files) -> None:
    """The order of a snapshot's rows and of earlier imports does not matter."""
    first = [written(each, files) for each in imported(vocabulary)]
    turned = {**SNAPSHOT, "collections": SNAPSHOT["collections"][::-1]}
    again = idc.collections(turned, vocabulary, "source:archive-survey-2010", "2026-11-23")
    assert [written(each, files) for each in again] == first


def test_what_is_imported_passes_the_check(vocabulary: idc.Vocabulary, files: Files, tmp_path: Path) -> None:
    """An imported record has no problem of style, of shape or of reference."""
    (tmp_path / "collection").mkdir()
    for each in imported(vocabulary):
        (tmp_path / f"collection/{each.slug}.ttl").write_text(written(each, files), encoding="utf-8")
    assert [str(each) for each in validation.check(files, [tmp_path])] == []


def test_concepts_are_found_by_any_of_their_names(vocabulary: idc.Vocabulary) -> None:
    """Label, code or other name, in any case and punctuation; the preferred label wins."""
    assert vocabulary.concept("modality", "CT") == "modality:ct"
    assert vocabulary.concept("modality", "ct") == "modality:ct"
    assert (
        vocabulary.concept("license", "cc by 3.0") == vocabulary.concept("license", "CC-BY-3.0") == "license:cc-by-3.0"
    )
    assert vocabulary.concept("modality", "telepathy") is None
    assert vocabulary.concept("no-such-scheme", "CT") is None


def test_a_stanza_says_nothing_twice() -> None:
    """A fact that was said stays said once."""
    stanza = Stanza("archive:a")
    stanza.say("survey:modality", "modality:ct", "modality:mr")
    stanza.say("survey:modality", "modality:ct")
    assert stanza.facts == [("survey:modality", "modality:ct"), ("survey:modality", "modality:mr")]


@pytest.mark.parametrize(
    ("species", "diseases", "spoken"),
    [
        ("Human", "Non-small Cell Lung Cancer", "people with non-small cell lung cancer"),
        ("Human", "Burkitt Lymphoma", "people with Burkitt lymphoma"),
        ("Human", "COVID-19 (non-cancer)", "people with COVID-19"),
        ("Human", "Prostate Cancer, Anal Cancer", "people with prostate cancer or anal cancer"),
        ("Human", "Healthy Controls (non-cancer)", "healthy people"),
        ("Human", "Phantom", "phantoms"),
        ("Mouse", "Lung Fever, Not Otherwise Specified", "mice with lung fever"),
    ],
)
def test_a_description_reads_as_a_sentence(
    vocabulary: idc.Vocabulary, species: str, diseases: str, spoken: str
) -> None:
    """Diseases are written as within a sentence: names and abbreviations keep their capitals, phantoms have none."""
    row = {**SNAPSHOT["collections"][0], "species": species, "cancer_types": diseases, "modalities": ["CT"]}
    each = idc.collections({**SNAPSHOT, "collections": [row]}, vocabulary, "source:archive-survey-2010", "2026-11-23")
    assert each[0].description == f"CT of {spoken}, distributed by NCI's Imaging Data Commons."
