"""Records spoilt in one place each: every one is refused, and told at the line of the fault."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from graph_service import checker, validation
from graph_service.survey import Files
from tests.test_validation import LUNGS, renamed, written

MUTANTS: dict[str, tuple[str, str, int, str]] = {
    # name: what stood there, what stands there now, the line of the fault, words of the message
    "observation without class": ("    a survey:Observation ;\n", "", 25, "write `a survey:Observation ;`"),
    "two classes": ("a survey:Archive ;", "a survey:Archive ;\n    a survey:Collection ;", 17, "a thing has one class"),
    "month as year": ('"2010-08"^^xsd:gYearMonth', '"2010-08"^^xsd:gYear', 27, 'Found `"2010-08"^^xsd:gYear`'),
    "month 0": ('"2010-08"^^xsd:gYearMonth', '"2010-00"^^xsd:gYearMonth', 27, "survey:asOf is one date"),
    "date with zone": ('"2010-08"^^xsd:gYearMonth', '"2010-08-01Z"^^xsd:date', 27, "survey:asOf is one date"),
    "before Röntgen": ('"2010-08"^^xsd:gYearMonth', '"0215"^^xsd:gYear', 27, "survey:asOf is one date"),
    "read tomorrow": ('"2026-11-23"^^xsd:date', '"2931-11-23"^^xsd:date', 28, "survey:consulted"),
    "read in five years": ('"2026-11-23"^^xsd:date', '"2099-11-23"^^xsd:date', 28, "2099-11-23 is still to come"),
    "number for truth": ("survey:modality modality:ct", "survey:longitudinal 0", 31, "is true or false"),
    "truth for number": ("survey:subjectCount 9", "survey:subjectCount false", 32, "is a whole number"),
    "no text": ("survey:modality modality:ct", 'survey:contact ""', 31, "survey:contact is a plain string"),
    "endless number": ("survey:subjectCount 9", "survey:subjectCount " + "9" * 40, 32, "has 40 digits"),
    "two numbers": (
        "survey:subjectCount 9 ;",
        "survey:subjectCount 9 ;\n    survey:subjectCount 8 ;",
        32,
        "two numbers",
    ),
    "concept by its other name": ("modality:ct ;", "modality:MRI ;", 31, "Did you mean `modality:mr`?"),
    "concept in words": ("modality:ct ;", '"MRI" ;', 31, "Did you mean `modality:mr`?"),
    "dimension of the thing": (
        "    survey:operator",
        "    survey:modality modality:ct ;\n    survey:operator",
        21,
        "Say it in an observation.",
    ),
    "title of another vocabulary": ("dcterms:title", "schema:title", 17, "Did you mean `dcterms:title`?"),
    "undeclared prefix": (
        "modality:ct",
        "anatomy:lung",
        31,
        "write `@prefix anatomy: <https://w3id.org/imaging-survey/anatomy/> .` at the top",
    ),
    "misspelt prefix": ("modality:ct", "modalty:ct", 31, "Did you mean `modality`?"),
    "two stanzas": (
        "\nsource:lungs-page\n",
        "\narchive:lungs\n    a survey:Archive ;\n.\n\nsource:lungs-page\n",
        36,
        "line 15",
    ),
    "lacked and there": (
        "survey:subjectCount 9 ;",
        "survey:subjectCount 9 ;\n    survey:lacks survey:modality ;",
        33,
        "is lacking",
    ),
    "own parent": ("survey:operator organization:kitware", "survey:partOf archive:lungs", 21, "to itself"),
    "no host": ("<https://example.org/lungs>", "<https:///lungs>", 39, "one web address"),
    "password": ("<https://example.org/lungs>", "<https://me:secret@example.org/lungs>", 39, "one web address"),
    "nothing seen": ("Scans of", "Scans\x00of", 18, "U+0000"),
    "escaped nothing": ("Scans of", "Scans\\u0000of", 18, "U+0000"),
    "turned around": ("Scans of", "Scans\u202eof", 18, "U+202E, right-to-left override"),
    "hard space": ("Scans of", "Scans\u00a0of", 18, "write a plain space"),
    "endless line": ("Scans of", "Scans " * 500 + "of", 18, "at most 2,000"),
    "merge": (
        "    survey:subjectCount 9 ;\n",
        "<<<<<<< HEAD\n    survey:subjectCount 9 ;\n=======\n>>>>>>> x\n",
        32,
        "a merge left",
    ),
    "statement about a statement": (
        "survey:subjectCount 9 ;",
        "survey:subjectCount 9 {| survey:modality modality:ct |} ;",
        32,
        "write an observation",
    ),
    "no semicolon": ("certainty:stated ;", "certainty:stated", 31, "the fact before lacks its ` ;`"),
    "open text": ('"Lungs"@en', '"Lungs@en', 17, "closing quote is missing"),
    "open address": ("<https://example.org/lungs>", "<https://example.org/lungs", 39, "is not closed"),
    "no dot": ("source-kind:archive-page ;\n.\n", "source-kind:archive-page ;\n", 41, "end it with `.`"),
    "old Mac": ("\n", "\r", 1, "lines end in CR;"),
    "Windows": ("\n", "\r\n", 1, "so do 40 others"),
    "type in full": (
        "    a survey:Archive",
        "    <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> survey:Archive",
        16,
        "a fact is written",
    ),
}


@pytest.fixture(scope="module")
def told(files: Files, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[int, str]]]:
    """Line and message of each problem of each mutant, all found in one check."""
    root = tmp_path_factory.mktemp("records")
    slugs = {f"lungs{place}": name for place, name in enumerate(MUTANTS)}
    for slug, name in slugs.items():
        before, after, _, _ = MUTANTS[name]
        assert before in LUNGS
        text = LUNGS.replace(before, after) if before == "\n" else LUNGS.replace(before, after, 1)
        written(root, f"archive/{slug}.ttl", renamed(text, slug))
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for problem in validation.check(files, [root]):
        found[slugs[problem.path.stem]].append((problem.line, problem.message))
    return found


@pytest.mark.parametrize("name", MUTANTS)
def test_the_fault_is_told_at_its_line(name: str, told: dict[str, list[tuple[int, str]]]) -> None:
    """One of the problems stands at the fault and says what to do."""
    _, _, line, words = MUTANTS[name]
    assert [each for each in told[name] if each[0] == line and words in each[1]], told[name]


def test_blank_nodes_are_told_where_they_stand(files: Files, tmp_path: Path) -> None:
    """A thing without a name is told at its line, in the same words each time; its label is nobody's business."""
    text = LUNGS.replace("organization:kitware", "[ a survey:Organization ]")
    path = written(tmp_path, "archive/lungs.ttl", text)
    first, second = (validation.check(files, [path]) for _ in range(2))
    assert first == second
    assert {each.line for each in first} == {7, 21}
    assert any("Found a blank node." in each.message for each in first)


def test_a_source_is_not_missed_where_a_record_is_broken(files: Files, tmp_path: Path) -> None:
    """A source whose only user cannot be read is not told to be without use."""
    page = LUNGS.index("source:lungs-page\n    a")
    heads = "".join(
        line
        for line in LUNGS.splitlines(True)[:12]
        if any(f" {name}:" in line for name in ("dcterms", "schema", "source", "source-kind", "survey"))
    )
    written(tmp_path, "source/lungs-page.ttl", heads + "\n" + LUNGS[page:])
    written(tmp_path, "archive/lungs.ttl", LUNGS[:page].rstrip("\n") + "\n}\n")
    assert {each.path.parent.name for each in validation.check(files, [tmp_path])} == {"archive"}


def test_an_observation_of_another_record(files: Files, tmp_path: Path) -> None:
    """A record that names an observation of another thing is told so, also alone."""
    observed = sorted(files.records.glob("archive/give-a-scan.ttl"))[0].read_text(encoding="utf-8")
    name = next(line.split()[1] for line in observed.splitlines() if line.startswith("    survey:observation "))
    text = LUNGS.replace(
        "    survey:observation observation:lungs",
        f"    survey:observation {name} ;\n    survey:observation observation:lungs",
    )
    path = written(tmp_path, "archive/lungs.ttl", text)
    assert (22, "foreign-observation") in {(each.line, each.rule) for each in validation.check(files, [path])}
    assert (22, "foreign-observation") in {(each.line, each.rule) for each in checker.Checker(files).check(path)}


def test_one_thing_with_two_records(files: Files, tmp_path: Path) -> None:
    """A record with the title of another is told, also when it is checked alone and fast."""
    path = written(tmp_path, "archive/lungs.ttl", LUNGS.replace('"Lungs"@en', '"Give A Scan"@en'))
    for found in (validation.check(files, [path]), checker.Checker(files).check(path)):
        assert [(each.line, each.rule) for each in found] == [(17, "one-identity-one-thing")]
        assert "`archive:give-a-scan`" in found[0].message


def test_a_new_source_may_wait_for_its_first_use(files: Files, tmp_path: Path) -> None:
    """A source that is checked alone has no problem; in a folder that nothing of uses it, it has."""
    page = LUNGS[LUNGS.index("source:lungs-page\n    a") :]
    heads = "".join(
        line
        for line in LUNGS.splitlines(True)[:12]
        if any(f" {name}:" in line for name in ("dcterms", "schema", "source", "source-kind", "survey"))
    )
    path = written(tmp_path, "source/lungs-page.ttl", heads + "\n" + page)
    assert validation.check(files, [path]) == []
    assert [each.rule for each in validation.check(files, [tmp_path])] == ["source-without-use"]
