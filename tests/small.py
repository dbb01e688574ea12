"""Releases of a survey of two archives, made in a second: for tests of what becomes of a survey from one release to the
next.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from graph_service import publication, survey
from graph_service.release import Release
from graph_service.survey import Files

PREFIXES = """\
@prefix access: <https://w3id.org/imaging-survey/access/> .
@prefix archive: <https://w3id.org/imaging-survey/archive/> .
@prefix certainty: <https://w3id.org/imaging-survey/certainty/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix modality: <https://w3id.org/imaging-survey/modality/> .
@prefix observation: <https://w3id.org/imaging-survey/observation/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix source: <https://w3id.org/imaging-survey/source/> .
@prefix survey: <https://w3id.org/imaging-survey/ontology#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
LUNGS = """
archive:lungs
    a survey:Archive ;
    dcterms:title "Lungs"@en ;
    dcterms:description "Scans of lungs."@en ;
    survey:observation observation:lungs-2026 ;
.

observation:lungs-2026
    a survey:Observation ;
    survey:asOf "2026"^^xsd:gYear ;
    dcterms:source source:lungs-page ;
    survey:certainty certainty:stated ;
    survey:modality modality:ct ;
    survey:subjectCount 40 ;
.

source:lungs-page
    a survey:Source ;
    dcterms:title "The page of Lungs"@en ;
.
"""
LATER = """
observation:lungs-2027
    a survey:Observation ;
    survey:asOf "2027-01"^^xsd:gYearMonth ;
    dcterms:source source:lungs-page ;
    survey:certainty certainty:stated ;
    survey:modality modality:ct ;
    survey:modality modality:mr ;
    survey:subjectCount 60 ;
.
"""
HEARTS = """
archive:hearts
    a survey:Archive ;
    dcterms:title "Hearts"@en ;
    dcterms:description "Scans of hearts."@en ;
.
"""
RETIRED = """
archive:hearts
    owl:deprecated true ;
    dcterms:isReplacedBy archive:lungs ;
    dcterms:description "Both were the same archive."@en ;
.
"""


def small_survey(folder: Path, version: str, date: str, *, retired: str = "", **records: str) -> Files:
    """The files of a survey with these archives, by their names; the words are the shipped ones."""
    shipped = survey.shipped()
    ontology = folder / "ontology"
    shutil.copytree(shipped.ontology, ontology)
    (ontology / "retired.ttl").write_text(PREFIXES + retired)
    (folder / "records" / "archive").mkdir(parents=True)
    (folder / "records" / "CHANGELOG.md").write_text(
        f"# Changes of the data\n\n## {version} ({date})\n\nA release for a test.\n"
    )
    for name, text in records.items():
        (folder / "records" / "archive" / f"{name}.ttl").write_text(PREFIXES + text)
    return Files(folder / "records", ontology, shipped.shapes, shipped.queries)


def first(folder: Path, output: Path) -> Release:
    """Release 2026.11: two archives."""
    return publication.build(
        small_survey(folder / "first", "2026.11", "2026-11-25", lungs=LUNGS, hearts=HEARTS), output
    )


def second(folder: Path, output: Path) -> Release:
    """Release 2027.01: one archive was visited again, the other was merged into it."""
    lungs = LUNGS.replace("lungs-2026 ;\n.", "lungs-2026 ;\n    survey:observation observation:lungs-2027 ;\n.") + LATER
    return publication.build(
        small_survey(folder / "second", "2027.01", "2027-01-15", retired=RETIRED, lungs=lungs), output
    )
