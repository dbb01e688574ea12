"""Tests of `style`: a text that breaks a rule is told at the very place, one that keeps them all is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_service import style, writing
from graph_service.records import Record
from graph_service.survey import Files
from graph_service.writing import Stanza, dated, quoted, record_text

GOOD = """\
@prefix archive: <https://w3id.org/imaging-survey/archive/> .
@prefix certainty: <https://w3id.org/imaging-survey/certainty/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix modality: <https://w3id.org/imaging-survey/modality/> .
@prefix observation: <https://w3id.org/imaging-survey/observation/> .
@prefix source: <https://w3id.org/imaging-survey/source/> .
@prefix survey: <https://w3id.org/imaging-survey/ontology#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

archive:lungs
    a survey:Archive ;
    dcterms:title "Lungs"@en ;
    survey:observation observation:lungs-2010-08 ;
    survey:observation observation:lungs-2011 ;
.

observation:lungs-2010-08
    a survey:Observation ;
    survey:asOf "2010-08"^^xsd:gYearMonth ;
    dcterms:source source:lungs ;
    survey:certainty certainty:stated ;
    # nine were seen
    survey:modality modality:ct ;
    survey:subjectCount 9 ;
    survey:approximately survey:subjectCount ;
.

observation:lungs-2011
    a survey:Observation ;
    survey:asOf "2011"^^xsd:gYear ;
    survey:evidence <http://example.org/lungs#9> ;
.

source:lungs
    dcterms:title "Lungs; \\"the\\" page, [1]"@en ;
.

<http://example.org/lungs#9>
    survey:supports survey:subjectCount ;
.
"""
RECORD = Record(Path("archive/lungs.ttl"), "archive", "lungs")


@pytest.fixture(scope="module")
def order(files: Files) -> dict[str, int]:
    """The order of the facts, as the ontology gives it."""
    return style.fact_order(files.ontology / "survey.ttl")


def found(text: str, order: dict[str, int]) -> list[str]:
    """The problems of a text, without the path."""
    return [str(each).removeprefix("archive/lungs.ttl:") for each in style.problems(RECORD, text, order)]


def test_a_good_record_has_no_problem(order: dict[str, int]) -> None:
    """A text that keeps every rule is left alone; comments are free."""
    assert found(GOOD, order) == []


CHANGES = {
    "empty": (GOOD, "", ["1:1: style-empty: the file is empty; a record describes one thing."]),
    "only space": (GOOD, "\n\n  \n", ["1:1: style-empty: the file is empty; a record describes one thing."]),
    "no subject": (GOOD, "# nothing\n", ["1:1: style-subject: the file describes nothing."]),
    "last line end": (
        "    survey:supports survey:subjectCount ;\n.\n",
        "    survey:supports survey:subjectCount ;\n.",
        ["40:1: style-end: the last line lacks its line end."],
    ),
    "blank line at the end": (
        "subjectCount ;\n.\n\nobservation:lungs-2011",
        "subjectCount ;\n.\n\n\nobservation:lungs-2011",
        ["28:1: style-blank: one blank line between two stanzas is enough."],
    ),
    "blank line within": (
        "    survey:modality",
        "\n    survey:modality",
        ["23:1: style-blank: a stanza has no blank line in it; delete the line."],
    ),
    "CR LF": (
        "modality:ct ;\n",
        "modality:ct ;\r\n",
        ["23:34: style-line-end: the line ends in CR LF; use LF alone."],
    ),
    "space at the end": (
        "modality:ct ;\n",
        "modality:ct ;  \n",
        ["23:34: style-space: there is space at the end of the line."],
    ),
    "tab": (
        "    survey:modality",
        "\tsurvey:modality",
        [
            "23:1: style-tab: there is a tab; indent with four spaces.",
            "23:2: style-line: a fact is indented with exactly four spaces.",
        ],
    ),
    "indent": (
        "    survey:modality",
        "  survey:modality",
        ["23:3: style-line: a fact is indented with exactly four spaces."],
    ),
    "comma": (
        "survey:modality modality:ct ;",
        "survey:modality modality:ct , modality:mr ;",
        ["23:5: style-line: one line says one fact; repeat the predicate instead of a comma."],
    ),
    "full stop": (
        "    survey:approximately survey:subjectCount ;\n.\n",
        "    survey:approximately survey:subjectCount .\n",
        [
            "25:5: style-line: a fact ends in ` ;`; the stanza is closed by `.` alone on the next line.",
        ],
    ),
    "no semicolon": (
        "survey:modality modality:ct ;",
        "survey:modality modality:ct",
        ["23:5: style-line: a fact ends in ` ;`, with one space before it."],
    ),
    "semicolon without space": (
        "survey:modality modality:ct ;",
        "survey:modality modality:ct;",
        ["23:5: style-line: a fact ends in ` ;`, with one space before it."],
    ),
    "two spaces": (
        "survey:modality modality:ct ;",
        "survey:modality  modality:ct ;",
        ["23:5: style-line: a fact is written `    predicate value ;` on one line, with single spaces."],
    ),
    "nested node": (
        "survey:modality modality:ct ;",
        "survey:modality [ a survey:Thing ] ;",
        [
            "23:5: style-line: blank nodes and lists are not used; give the thing a name.",
            "4:9: style-prefix: `modality:` is declared but not used; delete the line.",
        ],
    ),
    "labelled node": (
        "survey:modality modality:ct ;",
        "survey:modality _:ct ;",
        [
            "23:5: style-line: blank nodes and lists are not used; give the thing a name.",
            "4:9: style-prefix: `modality:` is declared but not used; delete the line.",
        ],
    ),
    "node as subject": (
        "source:lungs\n    dcterms:title",
        "_:lungs\n    dcterms:title",
        ["34:1: style-subject: a blank node cannot be linked to; give it a name of the survey."],
    ),
    "base": (
        "\narchive:lungs\n",
        "@base <http://example.org/> .\n\narchive:lungs\n",
        [
            (
                "9:1: style-subject: write prefixes as `@prefix name: <…> .`, and no base: a "
                "record means the same wherever it "
                "lies."
            )
        ],
    ),
    "another way to write a prefix": (
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .",
        "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>",
        [
            (
                "8:1: style-subject: write prefixes as `@prefix name: <…> .`, and no base: a "
                "record means the same wherever it "
                "lies."
            )
        ],
    ),
    "columns of prefixes": (
        "@prefix xsd: <",
        "@prefix xsd:     <",
        [
            (
                "8:1: style-subject: write prefixes as `@prefix name: <…> .`, and no base: a "
                "record means the same wherever it "
                "lies."
            )
        ],
    ),
    "facts beside the subject": (
        "source:lungs\n    dcterms:title",
        "source:lungs a survey:Source ;\n    dcterms:title",
        ["34:13: style-line: the subject stands alone on its line; facts follow below it."],
    ),
    "unused prefix": (
        "@prefix source:",
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n@prefix source:",
        ["6:9: style-prefix: `skos:` is declared but not used; delete the line."],
    ),
    "prefixes out of order": (
        (
            "@prefix modality: <https://w3id.org/imaging-survey/modality/> .\n"
            "@prefix observation: <https://w3id.org/imaging-survey/observation/> .\n"
        ),
        (
            "@prefix observation: <https://w3id.org/imaging-survey/observation/> .\n"
            "@prefix modality: <https://w3id.org/imaging-survey/modality/> .\n"
        ),
        ["5:9: style-prefix: `modality:` is out of order; prefixes are alphabetical."],
    ),
    "prefix twice": (
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n",
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n" * 2,
        ["9:9: style-prefix: `xsd:` is declared twice."],
    ),
    "prefix below a stanza": (
        "source:lungs\n    dcterms:title",
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n\nsource:lungs\n    dcterms:title",
        [
            "34:1: style-prefix: a `@prefix` line stands below a stanza; they come first.",
            "34:9: style-prefix: `xsd:` is declared twice.",
        ],
    ),
    "unknown prefix": (
        "@prefix modality: <https://w3id.org/imaging-survey/modality/> .",
        "@prefix modalty: <https://w3id.org/imaging-survey/modality/> .",
        [
            "4:9: unknown-prefix: `modalty:` is no prefix of the survey. Did you mean `modality`?",
            (
                "23:21: unknown-prefix: `modality:` is not declared; write `@prefix modality: "
                "<https://w3id.org/imaging-survey/modality/> .` at the top."
            ),
            "4:9: style-prefix: `modalty:` is declared but not used; delete the line.",
        ],
    ),
    "prefix for something else": (
        "@prefix dcterms: <http://purl.org/dc/terms/> .",
        "@prefix dcterms: <http://purl.org/dc/elements/1.1/> .",
        ["3:18: unknown-prefix: `dcterms:` stands for <http://purl.org/dc/terms/>."],
    ),
    "own name in full": (
        "modality:ct ;",
        "<https://w3id.org/imaging-survey/modality/ct> ;",
        [
            "23:21: style-name: write the survey's own names with a prefix.",
            "4:9: style-prefix: `modality:` is declared but not used; delete the line.",
        ],
    ),
    "relative address": (
        "survey:evidence <http://example.org/lungs#9> ;",
        "survey:evidence <lungs#9> ;",
        ["31:21: style-name: <lungs#9> is relative; write the whole address."],
    ),
    "fact without stanza": (
        "source:lungs\n    dcterms:title",
        "    dcterms:title",
        [
            "34:1: style-stanza: this line belongs to no stanza; its subject is missing above.",
            "35:1: style-stanza: this `.` closes nothing; a stanza starts with its subject.",
        ],
    ),
    "open stanza": (
        "    survey:supports survey:subjectCount ;\n.\n",
        "    survey:supports survey:subjectCount ;\n",
        ["39:1: style-stanza: the last stanza is not closed; end it with `.` alone on a line."],
    ),
    "order of facts": (
        (
            "    survey:modality modality:ct ;\n    survey:subjectCount 9 ;\n    "
            "survey:approximately survey:subjectCount ;\n"
        ),
        (
            "    survey:subjectCount 9 ;\n    survey:approximately survey:subjectCount ;\n    "
            "survey:modality modality:ct ;\n"
        ),
        [
            "25:5: style-order: `survey:modality` comes too late here; it stands before `survey:approximately` (see records/README.md)."
        ],
    ),
    "qualifier before its count": (
        "    survey:subjectCount 9 ;\n    survey:approximately survey:subjectCount ;\n",
        "    survey:approximately survey:subjectCount ;\n    survey:subjectCount 9 ;\n",
        [
            "25:5: style-order: `survey:subjectCount` comes too late here; it stands before `survey:approximately` (see records/README.md)."
        ],
    ),
    "title before class": (
        '    a survey:Archive ;\n    dcterms:title "Lungs"@en ;\n',
        '    dcterms:title "Lungs"@en ;\n    a survey:Archive ;\n',
        ["12:5: style-order: `a` comes too late here; it stands before `dcterms:title` (see records/README.md)."],
    ),
    "the same fact twice": (
        "    survey:modality modality:ct ;\n",
        "    survey:modality modality:ct ;\n" * 2,
        ["24:5: style-twice: this fact stands in the stanza already; delete the line."],
    ),
    "number in quotes": (
        "survey:subjectCount 9 ;",
        'survey:subjectCount "9"^^xsd:integer ;',
        ["24:25: style-number: a number or truth value is written bare: `9`."],
    ),
    "another thing first": (
        "archive:lungs\n",
        "archive:lung\n",
        ["10:1: path-subject: the path names `archive:lungs`, the first subject is `archive:lung`."],
    ),
    "a second thing": (
        "source:lungs\n    dcterms:title",
        "archive:hearts\n    dcterms:title",
        ["34:1: path-subject: `archive:hearts` has a file of its own; here stand its observations."],
    ),
    "another's observation": (
        "observation:lungs-2011\n    a",
        "observation:hearts-2011\n    a",
        ["28:1: path-subject: `observation:hearts-2011`: an observation in this file is called `observation:lungs-…`."],
    ),
    "observation below a source": (
        "<http://example.org/lungs#9>\n    survey:supports survey:subjectCount ;\n.\n",
        (
            "<http://example.org/lungs#9>\n    survey:supports survey:subjectCount ;\n.\n\n"
            "observation:lungs-2012\n    a survey:Observation ;\n.\n"
        ),
        ["42:1: style-order: `observation:lungs-2012` comes too late; observations stand before sources."],
    ),
    "newest first": (
        'survey:asOf "2011"^^xsd:gYear ;',
        'survey:asOf "2009"^^xsd:gYear ;',
        ["30:5: style-order: an observation of 2009 stands below one of 2010-08; oldest first."],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_broken_rule_is_told(name: str, order: dict[str, int]) -> None:
    """One change to the good record gives exactly the problems that it makes, each at its line and column."""
    before, after, expected = CHANGES[name]
    assert GOOD.count(before) == 1
    assert found(GOOD.replace(before, after), order) == expected


def test_a_blank_line_at_the_end(order: dict[str, int]) -> None:
    """A file ends with the line of its last stanza."""
    assert found(GOOD + "\n", order) == ["41:1: style-end: the file ends in a blank line; delete it."]


def test_every_shipped_record_keeps_the_rules(files: Files, order: dict[str, int]) -> None:
    """The rules hold for all records that the survey has."""
    from graph_service import records

    for record in records.find(files.records):
        assert isinstance(record, Record)
        assert style.problems(record, record.path.read_text(encoding="utf-8"), order) == []


class TestWriting:
    def test_what_is_written_keeps_the_rules(self, order: dict[str, int]) -> None:
        """A record made by a program is laid out as a person would, whatever order its facts were said in."""
        head, seen, source = Stanza("archive:lungs"), Stanza("observation:lungs-2010-08"), Stanza("source:lungs")
        head.say("survey:observation", "observation:lungs-2010-08")
        head.say("dcterms:title", quoted('The "Lungs",\n at \\ large'))
        head.say("a", "survey:Archive")
        seen.say("survey:approximately", "survey:subjectCount")
        seen.say("survey:subjectCount", "9")
        seen.say("survey:modality", "modality:ct", "modality:mr", "modality:ct")
        seen.say("survey:asOf", dated("2010-08"))
        seen.say("a", "survey:Observation")
        source.say("schema:url", "<http://example.org/>")
        text = record_text([head, seen, source], order)
        assert found(text, order) == []
        assert text == (
            "@prefix archive: <https://w3id.org/imaging-survey/archive/> .\n"
            "@prefix dcterms: <http://purl.org/dc/terms/> .\n"
            "@prefix modality: <https://w3id.org/imaging-survey/modality/> .\n"
            "@prefix observation: <https://w3id.org/imaging-survey/observation/> .\n"
            "@prefix schema: <https://schema.org/> .\n"
            "@prefix source: <https://w3id.org/imaging-survey/source/> .\n"
            "@prefix survey: <https://w3id.org/imaging-survey/ontology#> .\n"
            "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
            "\n"
            "archive:lungs\n"
            "    a survey:Archive ;\n"
            '    dcterms:title "The \\"Lungs\\", at \\\\ large"@en ;\n'
            "    survey:observation observation:lungs-2010-08 ;\n"
            ".\n"
            "\n"
            "observation:lungs-2010-08\n"
            "    a survey:Observation ;\n"
            '    survey:asOf "2010-08"^^xsd:gYearMonth ;\n'
            "    survey:modality modality:ct ;\n"
            "    survey:modality modality:mr ;\n"
            "    survey:subjectCount 9 ;\n"
            "    survey:approximately survey:subjectCount ;\n"
            ".\n"
            "\n"
            "source:lungs\n"
            "    schema:url <http://example.org/> ;\n"
            ".\n"
        )

    @pytest.mark.parametrize(
        ("date", "expected"),
        [
            ("2010", '"2010"^^xsd:gYear'),
            ("2010-08", '"2010-08"^^xsd:gYearMonth'),
            ("2010-08-15", '"2010-08-15"^^xsd:date'),
        ],
    )
    def test_dates_are_typed_as_exactly_as_given(self, date: str, expected: str) -> None:
        """A year stays a year."""
        assert writing.dated(date) == expected
