"""Problems for terminals, programs, code scanning and pull requests."""

from __future__ import annotations

import json
from pathlib import Path

from graph_service import reports
from graph_service.problems import Problem

PROBLEMS = [
    Problem(
        Path("records/archive/a.ttl"),
        12,
        5,
        "unknown-name",
        "`modality:MRI` is described nowhere.\nDid you mean 100 %?",
    )
]


def test_text_is_one_line_a_problem() -> None:
    """Editors read `path:line:column: rule: message`."""
    expected = "records/archive/a.ttl:12:5: unknown-name: `modality:MRI` is described nowhere. Did you mean 100 %?\n"
    assert reports.write(PROBLEMS, "text") == expected


def test_names_of_files_are_references() -> None:
    """A path with spaces or bytes that are no text is percent-encoded for code scanning; text stays one line."""
    odd = [
        Problem(Path("records/a b\udcff.ttl"), 1, 1, "r", "m"),
        Problem(Path("/else where/c\nd.ttl"), 1, 1, "r", "m"),
    ]
    places = [each["locations"][0]["physicalLocation"] for each in reports.sarif(odd)["runs"][0]["results"]]
    assert [each["artifactLocation"]["uri"] for each in places] == [
        "records/a%20b%FF.ttl",
        "file:///else%20where/c%0Ad.ttl",
    ]
    assert reports.write(odd, "text").count("\n") == 2


def test_no_problem_is_no_text() -> None:
    """Nothing is written when there is nothing to say."""
    assert (reports.write([], "text"), reports.write([], "github"), json.loads(reports.write([], "json"))) == (
        "",
        "",
        [],
    )


def test_json_has_every_part() -> None:
    """Programs get the parts of a problem by name."""
    assert json.loads(reports.write(PROBLEMS, "json")) == [
        {
            "path": "records/archive/a.ttl",
            "line": 12,
            "column": 5,
            "rule": "unknown-name",
            "message": "`modality:MRI` is described nowhere.\nDid you mean 100 %?",
        }
    ]


def test_annotations_escape_what_the_command_reserves() -> None:
    """A message with line ends and percent signs stays one workflow command."""
    assert reports.write(PROBLEMS, "github") == (
        "::error file=records/archive/a.ttl,line=12,col=5,title=unknown-name::"
        "`modality:MRI` is described nowhere.%0ADid you mean 100 %25?\n"
    )


def test_sarif_has_rule_place_and_version() -> None:
    """The log is SARIF 2.1.0 with one run, its rules and a place for each result."""
    log = json.loads(reports.write(PROBLEMS, "sarif"))
    run = log["runs"][0]
    assert (log["version"], run["tool"]["driver"]["rules"]) == (
        "2.1.0",
        [{"id": "unknown-name", "shortDescription": {"text": "unknown-name"}}],
    )
    assert run["results"][0]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "records/archive/a.ttl"},
                "region": {"startLine": 12, "startColumn": 5},
            }
        }
    ]
