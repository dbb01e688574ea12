"""`imaging-survey format`: any Turtle becomes a record in style, and nothing is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service import formatting, records, style, survey
from graph_service.problems import Problem
from graph_service.records import Record

FILES = survey.shipped()
ORDER = style.fact_order(FILES.ontology / "survey.ttl")
RECORD = Record(Path("records/archive/lunar-scans.ttl"), "archive", "lunar-scans")

UNTIDY = """\
# A survey of the moon.
@prefix s: <https://w3id.org/imaging-survey/ontology#>.
@prefix dct: <http://purl.org/dc/terms/> .
PREFIX modality: <https://w3id.org/imaging-survey/modality/>
@prefix : <https://w3id.org/imaging-survey/> .

<https://w3id.org/imaging-survey/observation/lunar-scans-2020> s:modality modality:mr, modality:ct; # two of them
  a s:Observation ; s:subjectCount "12"^^<http://www.w3.org/2001/XMLSchema#integer> .

<https://w3id.org/imaging-survey/archive/lunar-scans>
    s:observation <https://w3id.org/imaging-survey/observation/lunar-scans-2020> ;
    # The name is the operator's.
    dct:title '''Lunar
scans'''@en ; a s:Archive .
# The end.
"""

TIDY = """\
@prefix archive: <https://w3id.org/imaging-survey/archive/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix modality: <https://w3id.org/imaging-survey/modality/> .
@prefix observation: <https://w3id.org/imaging-survey/observation/> .
@prefix survey: <https://w3id.org/imaging-survey/ontology#> .

archive:lunar-scans
    a survey:Archive ;
    # The name is the operator's.
    dcterms:title "Lunar\\nscans"@en ;
    survey:observation observation:lunar-scans-2020 ;
.

# A survey of the moon.
observation:lunar-scans-2020
    a survey:Observation ;
    survey:modality modality:mr ;
    # two of them
    survey:modality modality:ct ;
    survey:subjectCount 12 ;
.
# The end.
"""


def test_any_turtle_becomes_a_record_in_style() -> None:
    """Comma lists, other prefixes and long strings become one fact a line, in order, with every comment."""
    assert formatting.formatted(RECORD, UNTIDY, ORDER) == TIDY


def test_a_second_run_changes_nothing() -> None:
    """What was formatted once stays as it is."""
    assert formatting.formatted(RECORD, TIDY, ORDER) == TIDY


def test_the_statements_stay_the_same() -> None:
    """The formatted text says what the untidy one said, no more and no less."""
    assert set(ox.parse(UNTIDY, format=ox.RdfFormat.TURTLE)) == set(ox.parse(TIDY, format=ox.RdfFormat.TURTLE))


def test_every_shipped_record_is_in_style() -> None:
    """`format` leaves each record of the survey unchanged."""
    changed = []
    for found in records.find(FILES.records):
        assert isinstance(found, Record)
        text = found.path.read_text(encoding="utf-8")
        if formatting.formatted(found, text, ORDER) != text:
            changed.append(str(found.path))
    assert changed == []


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("@prefix a: <http://a/> .\na:b a:c [ a:d 1 ] .\n", 2, "style-subject"),
        ("@prefix a: <http://a/> .\na:b a:c ( 1 2 ) .\n", 2, "style-subject"),
        ("@prefix a: <http://a/> .\na:b a:c 1", 2, "syntax"),
    ],
)
def test_what_cannot_be_rewritten_is_a_problem_with_its_line(text: str, line: int, rule: str) -> None:
    """A blank node, a list or a syntax error is named with its line, and nothing is rewritten."""
    found = formatting.formatted(RECORD, text, ORDER)
    assert isinstance(found, Problem)
    assert (found.line, found.rule) == (line, rule)


@pytest.mark.parametrize(
    "value", ['"a\\\\b"', '"say \\"hi\\""@en', "'it''s'", '"tab\\there"', '"\\u00e9"', '"<not an IRI> # not a comment"']
)
def test_literals_keep_their_value(value: str) -> None:
    """Escapes, quotes, hash signs and brackets inside a literal survive."""
    if value == "'it''s'":
        value = '"it\'s"'
    text = f"<https://w3id.org/imaging-survey/archive/a> <http://www.w3.org/2004/02/skos/core#note> {value} .\n"
    result = formatting.formatted(Record(Path("archive/a.ttl"), "archive", "a"), text, ORDER)
    assert isinstance(result, str)
    assert set(ox.parse(result, format=ox.RdfFormat.TURTLE)) == set(ox.parse(text, format=ox.RdfFormat.TURTLE))


@pytest.mark.parametrize(
    ("untidy", "line"),
    [
        ("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> survey:Archive", "    a survey:Archive ;"),
        ('dcterms:title "Lungs"@EN', '    dcterms:title "Lungs"@en ;'),
        ('dcterms:title "Lungs" # why\n@en', "    # why"),
        ("survey:operator <../organization/kitware>", "    survey:operator organization:kitware ;"),
        (
            "survey:operator organization:a%20b",
            "    survey:operator <https://w3id.org/imaging-survey/organization/a%20b> ;",
        ),
        ("survey:modality modality:ct # one\n , # two\n modality:mr", "    # two"),
    ],
)
def test_what_can_be_put_in_style_is(untidy: str, line: str) -> None:
    """The class, languages, addresses relative to a base and comments in odd places come out as records have them."""
    text = (
        "@base <https://w3id.org/imaging-survey/archive/> .\n"
        "@prefix archive: <> .\n@prefix dcterms: <http://purl.org/dc/terms/> .\n"
        "@prefix modality: <../modality/> .\n@prefix organization: <../organization/> .\n"
        f"@prefix survey: <../ontology#> .\narchive:lungs {untidy} .\n"
    )
    found = formatting.formatted(RECORD, text, ORDER)
    assert isinstance(found, str)
    assert line in found.splitlines()
    assert formatting.formatted(RECORD, found, ORDER) == found


def test_a_comment_in_any_place_is_kept() -> None:
    """A comment behind each single token comes out once; what the record says stays, and so does a second run."""
    plain = "".join(line for line in TIDY.splitlines(True) if not line.lstrip().startswith("#"))
    ends = [match.end() for match in re.finditer(r'<[^>\s]*>|"[^"]*"\S*|[;.](?=\s)|[^\s;]+', plain)]
    text, last = "", 0
    for number, end in enumerate(ends):
        text, last = f"{text}{plain[last:end]} #c{number}.\n", end
    found = formatting.formatted(RECORD, text, ORDER)
    assert isinstance(found, str)
    kept = re.findall(r"#c\d+\.", found)
    assert len(kept) == len(set(kept)) == len(ends) > 40
    assert formatting.formatted(RECORD, found, ORDER) == found
