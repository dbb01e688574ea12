"""`imaging-survey new`: what it writes is valid at once, and an added observation leaves everything else as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from graph_service import drafts, survey, validation
from graph_service.errors import BadParameter

FILES = survey.shipped()
VISIT = drafts.Visit(
    "https://lunar.example/about",
    "Lunar scans, about",
    "archive-page",
    "2026-11-25",
    "2026-11",
    facts=(("survey:modality", "modality:ct"), ("survey:subjectCount", "12")),
)
PLAIN = [
    ("dcterms:title", '"Lunar scans"@en'),
    ("dcterms:description", '"Scans of people on the moon."@en'),
    ("survey:kind", "archive-kind:archive"),
    ("survey:scope", "scope:in-vivo"),
]

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
    survey:observation observation:lunar-scans-2026-11 ;
.

observation:lunar-scans-2026-11
    a survey:Observation ;
    survey:asOf "2026-11"^^xsd:gYearMonth ;
    survey:consulted "2026-11-25"^^xsd:date ;
    dcterms:source source:lunar-example-about ;
    survey:certainty certainty:stated ;
    survey:modality modality:ct ;
    survey:subjectCount 12 ;
.

source:lunar-example-about
    a survey:Source ;
    dcterms:title "Lunar scans, about"@en ;
    schema:url <https://lunar.example/about> ;
    survey:sourceKind source-kind:archive-page ;
.
"""


def test_a_new_record_is_written_in_style() -> None:
    """The text of a new record is exactly what a careful person would write."""
    assert drafts.record(FILES, "archive", "lunar-scans", PLAIN, VISIT) == RECORD


def test_a_new_record_has_no_problem(tmp_path: Path) -> None:
    """A newcomer's first record passes `check` at once."""
    path = tmp_path / "archive" / "lunar-scans.ttl"
    path.parent.mkdir()
    path.write_text(RECORD, encoding="utf-8")
    assert validation.check(FILES, [path]) == []


def test_an_observation_is_added_and_nothing_else_changes(tmp_path: Path) -> None:
    """Another visit stands in the order of dates; every old line is still there."""
    path = tmp_path / "archive" / "lunar-scans.ttl"
    path.parent.mkdir()
    path.write_text(RECORD, encoding="utf-8")
    other = drafts.Visit(
        "https://lunar.example/about",
        "ignored",
        "archive-page",
        "2026-11-24",
        None,
        facts=(("survey:subjectCount", "15"),),
    )
    text = drafts.with_observation(FILES, path, other)
    added = [line for line in text.splitlines() if line not in RECORD.splitlines()]
    assert added == [
        "    survey:observation observation:lunar-scans-2026-11-24 ;",
        "observation:lunar-scans-2026-11-24",
        '    survey:consulted "2026-11-24"^^xsd:date ;',
        "    survey:subjectCount 15 ;",
    ]
    assert [line for line in RECORD.splitlines() if line not in text.splitlines()] == []
    path.write_text(text, encoding="utf-8")
    assert validation.check(FILES, [path]) == []


def test_a_second_visit_of_one_day_gets_a_number(tmp_path: Path) -> None:
    """Two observations of one date have different names."""
    path = tmp_path / "archive" / "lunar-scans.ttl"
    path.parent.mkdir()
    path.write_text(RECORD, encoding="utf-8")
    assert "observation:lunar-scans-2026-11-2\n" in drafts.with_observation(FILES, path, VISIT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"address": "lunar.example"}, "`lunar.example` is no web address; write the whole of it, with https://."),
        ({"as_of": "11/2026"}, "`11/2026` is no date; write 2026, 2026-11 or 2026-11-25."),
        ({"consulted": "2026-02-30"}, "`2026-02-30` is no date; write 2026, 2026-11 or 2026-11-25."),
        ({"consulted": "2026-11"}, "`2026-11` is no day; write it as 2026-11-25."),
    ],
)
def test_a_visit_that_cannot_be_written_down_is_refused(change: dict[str, str], message: str) -> None:
    """An address or a date that is none is refused with what to write instead."""
    facts = {
        "address": "https://lunar.example/",
        "title": "t",
        "kind": "archive-page",
        "consulted": "2026-11-25",
    } | change
    with pytest.raises(BadParameter) as caught:
        drafts.Visit(**facts).checked()  # type: ignore[arg-type]
    assert caught.value.message == message


def test_a_source_that_another_record_describes_is_used(tmp_path: Path) -> None:
    """One address is one source, wherever it is described; a new source gets a name that no other has."""
    shipped = (FILES.records / "archive/give-a-scan.ttl").read_text(encoding="utf-8")
    name, address = drafts.SOURCE.findall(shipped)[0]
    assert drafts.source_of(FILES, address) == (True, name)
    long = "https://lunar.example/" + "very-" * 20
    other = f"source:{drafts.slug_of(long)}\n    a survey:Source ;\n    schema:url <{long}1> ;\n.\n"
    assert drafts.source_of(FILES, f"{long}1", other) == (True, f"source:{drafts.slug_of(long)}")
    assert drafts.source_of(FILES, f"{long}2", other) == (False, f"source:{drafts.slug_of(long)}-2")


def test_a_visit_to_no_record_names_the_nearest() -> None:
    """A record that is not there is told with the one that may have been meant."""
    with pytest.raises(
        BadParameter, match=r"there is no record .*give-a-scam\.ttl\. Did you mean `archive/give-a-scan`\?"
    ):
        drafts.with_observation(FILES, FILES.records / "archive/give-a-scam.ttl", VISIT)


def test_a_record_that_exists_is_not_written_over() -> None:
    """`new` never replaces a record."""
    with pytest.raises(BadParameter, match="`archive:tcia` has a record already"):
        drafts.record(FILES, "archive", "tcia", PLAIN, VISIT)


def test_the_command_writes_a_record_that_passes_check(tmp_path: Path) -> None:
    """`imaging-survey new archive` with flags writes one file, and `check` finds no problem in it."""
    (tmp_path / "archive").mkdir()
    command = [sys.executable, "-m", "graph_service.cli"]
    flags = [
        "--title",
        "Lunar scans",
        "--description",
        "Scans of people on the moon",
        "--source",
        "https://lunar.example/",
    ]
    made = subprocess.run(
        [*command, "new", "archive", *flags, "--source-title", "Lunar scans", "--records", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, made.stdout) == (0, f"{tmp_path}/archive/lunar-scans.ttl\n")
    checked = subprocess.run([*command, "check", str(tmp_path)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_without_a_terminal_a_missing_flag_is_named(tmp_path: Path) -> None:
    """Where nobody can be asked, the command says what is missing."""
    made = subprocess.run(
        [sys.executable, "-m", "graph_service.cli", "new", "archive", "--records", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert made.returncode == 2
    assert made.stderr == "bad-parameter: Title is missing; give it as a flag (`--help` lists them).\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["archive", "--title", "Moon", "--description", "Moon scans"],
        ["collection", "--title", "Moon dust", "--description", "Dust"],
        ["software", "--title", "Moon server", "--description", "Server"],
        ["organization", "--title", "Moon base", "--description", "Base", "--country", "US"],
        ["source", "https://lunar.example/paper", "--title", "Moon paper"],
    ],
)
def test_a_first_record_of_each_kind_passes_at_once(arguments: list[str], tmp_path: Path) -> None:
    """Without a terminal `new` asks nothing; the title of the source is its address; the record has no problem."""
    read = [] if arguments[0] in ("organization", "source") else ["--source", "https://lunar.example/about"]
    command = [sys.executable, "-m", "graph_service.cli"]
    done = subprocess.run(
        [*command, "new", *arguments, *read, "--records", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert validation.check(FILES, [Path(done.stdout.strip())]) == []


def test_a_record_with_a_problem_is_told(tmp_path: Path) -> None:
    """A value that is none is told at its line, with what was meant, and the command fails."""
    command = [sys.executable, "-m", "graph_service.cli", "new", "archive", "--title", "Moon", "--description", "Moon"]
    flags = ["--source", "https://lunar.example/", "--fact", "survey:modality modality:MRI", "--records", str(tmp_path)]
    done = subprocess.run([*command, *flags], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "`modality:MRI` is described nowhere. Did you mean `modality:mr`?" in done.stderr
