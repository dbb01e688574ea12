"""Tests of the shipped data: it is whole, sourced and dated, and what the original survey named is in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service import release, survey, validation
from graph_service.errors import DataError
from graph_service.graph import Survey
from graph_service.survey import Files
from graph_service.terms import BASE, KINDS, ONTOLOGY, shorten

ARCHIVES_OF_2010 = {
    "LONI Image Data Archive": "loni-ida",
    "BIRN data portal": "birn-data-portal",
    "Lung Cancer Alliance: Give A Scan": "give-a-scan",
    "Optical Society of America": "osa-isp",
    "WebMIRS: NHANES II and III": "webmirs-nhanes",
    "NA-MIC Image Gallery": "namic-gallery",
    "National Database for Autism Research": "ndar",
    "Pediatric MRI Data Repository": "nihpd",
    "NIH Image Bank": "nih-image-bank",
    "European Organization for Research and Treatment of Cancer": "eortc",
}
SOFTWARE_OF_2010 = {"MIDAS": "midas", "WebMIRS client": "webmirs", "LONI's IDA": "loni-ida-software"}


@pytest.fixture(scope="module")
def facts(built: Survey) -> dict[str, dict[str, list[str]]]:
    """What is written of each thing: short names of properties, and values."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for quad in built.quads:
        if quad.graph_name != ox.NamedNode(f"{BASE}graph/derived") and isinstance(quad.subject, ox.NamedNode):
            found[quad.subject.value][shorten(quad.predicate.value)].append(getattr(quad.object, "value", ""))
    return found


def of_kind(facts: dict[str, dict[str, list[str]]], name: str) -> list[str]:
    """The things of a class."""
    return [thing for thing, said in list(facts.items()) if ONTOLOGY + name in said["rdf:type"]]


def test_the_check_finds_no_problem(files: Files) -> None:
    """The whole survey keeps every rule."""
    assert [str(each) for each in validation.check(files)] == []


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("Archive", 69),
        ("Collection", 330),
        ("Software", 54),
        ("Organization", 150),
        ("Observation", 1400),
        ("Source", 1000),
    ],
)
def test_there_is_no_less_than_there_was(kind: str, least: int, facts: dict[str, dict[str, list[str]]]) -> None:
    """Records are never lost by an oversight."""
    assert len(of_kind(facts, kind)) >= least


def test_there_are_as_many_facts(built: Survey) -> None:
    """The observations hold six thousand facts and more."""
    assert release.statistics(built)["facts"] >= 6000


def test_each_record_is_one_thing(files: Files, facts: dict[str, dict[str, list[str]]]) -> None:
    """Every file of records describes the thing of its path, of the class of its folder, with a title."""
    paths = sorted(files.records.rglob("*.ttl"))
    assert len(paths) > 600
    for path in paths:
        said = facts[f"{BASE}{path.parent.name}/{path.stem}"]
        assert ONTOLOGY + KINDS[path.parent.name] in said["rdf:type"], path
        assert len(said["dcterms:title"]) == 1, path


def test_every_observation_is_sourced_dated_and_graded(facts: dict[str, dict[str, list[str]]]) -> None:
    """Who said so, when it was read, and how sure it is: each observation says all three."""
    observations = of_kind(facts, "Observation")
    sources = set(of_kind(facts, "Source"))
    for each in observations:
        said = facts[each]
        assert len(said["dcterms:source"]) == 1, each
        assert said["dcterms:source"][0] in sources, each
        assert said["survey:asOf"] or said["survey:consulted"], each
        assert len(said["survey:certainty"]) == 1, each


def test_every_observation_is_of_one_thing(facts: dict[str, dict[str, list[str]]]) -> None:
    """No observation hangs in the air, and none is of two things."""
    owners = Counter(name for said in facts.values() for name in said["survey:observation"])
    assert set(owners) == set(of_kind(facts, "Observation"))
    assert set(owners.values()) == {1}


def test_nothing_is_dated_in_the_future(facts: dict[str, dict[str, list[str]]], files: Files) -> None:
    """No source was read after the release, and none speaks of a time after it was read."""
    released = release.version_of(files).date
    for each in of_kind(facts, "Observation"):
        read = facts[each]["survey:consulted"]
        assert all(date <= released for date in read), each
        for as_of in facts[each]["survey:asOf"]:
            assert all(as_of <= date for date in read), each


@pytest.mark.parametrize("name", ARCHIVES_OF_2010)
def test_every_archive_of_2010_has_a_record(name: str, facts: dict[str, dict[str, list[str]]]) -> None:
    """What the survey of August 2010 named has a record that says so, with an observation from that survey."""
    said = facts[f"{BASE}archive/{ARCHIVES_OF_2010[name]}"]
    assert said["rdf:type"] == [f"{ONTOLOGY}Archive"]
    assert f"{BASE}source/archive-survey-2010" in said["survey:inSurvey"]
    sources = {source for seen in said["survey:observation"] for source in facts[seen]["dcterms:source"]}
    assert f"{BASE}source/archive-survey-2010" in sources


@pytest.mark.parametrize("name", SOFTWARE_OF_2010)
def test_every_software_of_2010_has_a_record(name: str, facts: dict[str, dict[str, list[str]]]) -> None:
    """So has the software that it named."""
    said = facts[f"{BASE}software/{SOFTWARE_OF_2010[name]}"]
    assert said["rdf:type"] == [f"{ONTOLOGY}Software"]
    assert f"{BASE}source/archive-survey-2010" in said["survey:inSurvey"]


def test_the_survey_of_2010_can_be_asked_as_it_stood(facts: dict[str, dict[str, list[str]]]) -> None:
    """Nine subjects, about one gigabyte, DICOM, hosted with MIDAS: Give A Scan as it was in August 2010."""
    said = facts[f"{BASE}archive/give-a-scan"]
    seen = [facts[name] for name in said["survey:observation"] if "2010-08" in facts[name]["survey:asOf"]]
    joined = {(name, value) for each in seen for name, values in each.items() for value in values}
    assert {
        ("survey:subjectCount", "9"),
        ("survey:sizeInBytes", "1000000000"),
        ("survey:approximately", f"{ONTOLOGY}sizeInBytes"),
        ("survey:fileFormat", f"{BASE}file-format/dicom"),
        ("survey:hostedWith", f"{BASE}software/midas"),
    } <= joined


def test_each_thing_is_told_from_the_others(facts: dict[str, dict[str, list[str]]]) -> None:
    """No two archives, and no two pieces of software, have one title."""
    for kind in ("Archive", "Software"):
        titles = [facts[thing]["dcterms:title"][0].casefold() for thing in of_kind(facts, kind)]
        assert sorted(titles) == sorted(set(titles))


class TestWhereTheDataLie:
    def test_other_records_with_the_shipped_words(self, tmp_path: Path, files: Files) -> None:
        """Another folder of records is read with the shipped ontology, shapes and questions."""
        assert survey.shipped(tmp_path) == Files(tmp_path, files.ontology, files.shapes, files.queries)

    def test_a_misplaced_file_is_told(self, tmp_path: Path) -> None:
        """A survey is not built around a file that is no record."""
        (tmp_path / "lost.ttl").write_text("# x\n")
        with pytest.raises(DataError, match=r"lost\.ttl:1:1: file-name"):
            list(survey.shipped(tmp_path).sources())
