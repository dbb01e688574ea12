"""The rules across records: each finds the mistake it is for, and nothing in data without it."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service import queries, survey

FOLDER = survey.shipped().queries / "check"
PREFIXES = """\
@prefix a: <https://w3id.org/imaging-survey/archive/> .
@prefix c: <https://w3id.org/imaging-survey/capability/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix o: <https://w3id.org/imaging-survey/observation/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix s: <https://w3id.org/imaging-survey/source/> .
@prefix survey: <https://w3id.org/imaging-survey/ontology#> .
@prefix certainty: <https://w3id.org/imaging-survey/certainty/> .
@prefix kind: <https://w3id.org/imaging-survey/source-kind/> .
@prefix v: <https://w3id.org/imaging-survey/vocabulary/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""

CASES: dict[str, tuple[str, str, str]] = {
    # rule: bad data, the subject at fault, good data; spaces behind a rule make room for a second case
    "as-of-before-consulted": (
        'o:x survey:asOf "2027"^^xsd:gYear ; survey:consulted "2026-11-25"^^xsd:date .',
        "observation/x",
        'o:x survey:asOf "2026-11"^^xsd:gYearMonth ; survey:consulted "2026-11-25"^^xsd:date .',
    ),
    "broader-than-itself": (
        "c:x skos:broader c:y . c:y skos:broader c:x .",
        "capability/x",
        "c:x skos:broader c:y . c:y skos:broader c:z .",
    ),
    "broader-within-its-vocabulary": (
        "c:x skos:broader a:y ; skos:inScheme v:capability . a:y skos:inScheme v:archive .",
        "capability/x",
        "c:x skos:broader c:y ; skos:inScheme v:capability . c:y skos:inScheme v:capability .",
    ),
    "derived-from-its-derivative": (
        "a:x survey:observation o:x . o:x survey:derivedFrom a:y . a:y survey:observation o:y . o:y survey:derivedFrom a:x .",
        "observation/x",
        "a:x survey:observation o:x . o:x survey:derivedFrom a:y . a:y survey:observation o:y .",
    ),
    "exact-and-close": (
        "c:x skos:exactMatch <http://e/1> ; skos:closeMatch <http://e/1> .",
        "capability/x",
        "c:x skos:exactMatch <http://e/1> ; skos:closeMatch <http://e/2> .",
    ),
    "had-and-lacked": (
        "o:x survey:capability c:y ; survey:lacks c:y .",
        "observation/x",
        "o:x survey:capability c:y ; survey:lacks c:z .",
    ),
    "had-and-lacked ": (
        "o:x survey:modality c:y ; survey:lacks survey:modality .",
        "observation/x",
        "o:x survey:modality c:y ; survey:lacks survey:anatomy .",
    ),
    "observation-of-one-thing": (
        "a:x survey:observation o:x . a:y survey:observation o:x .",
        "observation/x",
        "a:x survey:observation o:x . a:y survey:observation o:y .",
    ),
    "one-address-one-source": (
        "s:y a survey:Source ; schema:url <http://e/> . s:x a survey:Source ; schema:url <http://e/> .",
        "source/y",
        "s:y a survey:Source ; schema:url <http://e/1> . s:x a survey:Source ; schema:url <http://e/2> .",
    ),
    "one-answer": (
        "o:x a survey:Observation ; survey:longitudinal true , false .",
        "observation/x",
        "o:x a survey:Observation ; survey:longitudinal true .",
    ),
    "one-label-one-concept": (
        'c:y skos:inScheme v:c ; skos:prefLabel "L"@en . c:x skos:inScheme v:c ; skos:prefLabel "L"@en .',
        "capability/y",
        'c:y skos:inScheme v:c ; skos:prefLabel "L"@en . c:x skos:inScheme v:d ; skos:prefLabel "L"@en .',
    ),
    "one-notation-one-concept": (
        'c:y skos:inScheme v:c ; skos:notation "N" . c:x skos:inScheme v:c ; skos:notation "N" .',
        "capability/y",
        'c:y skos:inScheme v:c ; skos:notation "N" . c:x skos:inScheme v:c ; skos:notation "M" .',
    ),
    "one-identity-one-thing": (
        'a:x a survey:Archive ; dcterms:title "T"@en . a:y a survey:Archive ; dcterms:title "T"@en .',
        "archive/y",
        'a:x a survey:Archive ; dcterms:title "T"@en . c:y a survey:Collection ; dcterms:title "T"@en .',
    ),
    "one-number": (
        "survey:n a survey:Count . o:x a survey:Observation ; survey:n 1 , 2 .",
        "observation/x",
        'survey:n a survey:Count . o:x a survey:Observation ; survey:n 1 , 2 ; skos:note "One a version."@en .',
    ),
    "one-qualifier": (
        "o:x survey:moreThan survey:n ; survey:atMost survey:n .",
        "observation/x",
        "o:x survey:moreThan survey:n ; survey:atMost survey:m .",
    ),
    "part-of-its-part": (
        "a:x survey:observation o:x . o:x survey:partOf a:y . a:y survey:observation o:y . o:y survey:partOf a:x .",
        "observation/x",
        "a:x survey:observation o:x . o:x survey:partOf a:y .",
    ),
    "part-of-its-part ": (
        "s:x survey:parentOrganization s:y . s:y survey:parentOrganization s:x .",
        "source/x",
        "s:x survey:parentOrganization s:y . s:z survey:parentOrganization s:x .",
    ),
    "permitted-and-forbidden": (
        "o:x a survey:Observation ; survey:permits c:u ; survey:forbids c:u .",
        "observation/x",
        "o:x a survey:Observation ; survey:permits c:u ; survey:forbids c:w .",
    ),
    "qualifier-without-count": (
        "o:x survey:approximately survey:subjectCount .",
        "observation/x",
        "o:x survey:approximately survey:subjectCount ; survey:subjectCount 9 .",
    ),
    "related-to-itself": (
        "a:x survey:observation o:x . o:x survey:derivedFrom a:x .",
        "observation/x",
        "a:x survey:observation o:x . o:x survey:derivedFrom a:y .",
    ),
    "related-to-itself ": (
        "s:x survey:parentOrganization s:x .",
        "source/x",
        "s:x survey:parentOrganization s:y .",
    ),
    "released-before-first": (
        'o:x survey:latestReleaseDate "2010-01-01"^^xsd:date ; survey:firstReleaseDate "2011-01-01"^^xsd:date .',
        "observation/x",
        'o:x survey:latestReleaseDate "2011-01-01"^^xsd:date ; survey:firstReleaseDate "2010-01-01"^^xsd:date .',
    ),
    "second-hand-stated": (
        "s:x survey:sourceKind kind:mirror . o:x dcterms:source s:x ; survey:certainty certainty:stated .",
        "observation/x",
        "s:x survey:sourceKind kind:mirror . o:x dcterms:source s:x ; survey:certainty certainty:second-hand .",
    ),
    "source-without-use": (
        "s:x a survey:Source .",
        "source/x",
        "s:x a survey:Source . o:x dcterms:source s:x .",
    ),
    "stated-and-not-stated": (
        "o:x survey:subjectCount 9 ; survey:notStated survey:subjectCount .",
        "observation/x",
        "o:x survey:subjectCount 9 ; survey:notStated survey:imageCount , c:y .",
    ),
    "step-missing": (
        "survey:step1 survey:position 1 . survey:step2 survey:position 2 . o:x survey:step2 c:y .",
        "observation/x",
        "survey:step1 survey:position 1 . survey:step2 survey:position 2 . o:x survey:step1 c:z ; survey:step2 c:y .",
    ),
    "superseded-by-its-predecessor": (
        (
            "a:x survey:observation o:x . o:x survey:supersededBy a:y . "
            "a:y survey:observation o:y . o:y survey:supersededBy a:x ."
        ),
        "observation/x",
        "a:x survey:observation o:x . o:x survey:supersededBy a:y .",
    ),
    "superseded-by-its-predecessor ": (
        "a:x survey:observation o:x . o:x survey:supersedes a:y . a:y survey:observation o:y . o:y survey:supersedes a:x .",
        "observation/x",
        "a:x survey:observation o:x . o:x survey:supersedes a:y . a:y survey:observation o:y . o:y survey:supersededBy a:x .",
    ),
    "superseded-by-its-predecessor  ": (
        "a:x survey:observation o:x . o:x survey:supersedes a:y ; survey:supersededBy a:y .",
        "observation/x",
        "a:x survey:observation o:x . o:x survey:supersedes a:y ; survey:supersededBy a:z .",
    ),
    "words-complete": (
        'survey:p survey:keeps "all" ; rdfs:label "p"@en .',
        "ontology#p",
        'survey:p survey:keeps "all" ; rdfs:label "p"@en ; skos:definition "P."@en ; survey:section "S"@en .',
    ),
}


def found(rule: str, turtle: str) -> list[str]:
    """The subjects that a rule finds at fault, without the base."""
    store = ox.Store()
    store.extend(
        ox.Quad(each.subject, each.predicate, each.object, ox.NamedNode("https://w3id.org/imaging-survey/graph/test"))
        for each in ox.parse(PREFIXES + turtle, format=ox.RdfFormat.TURTLE)
    )
    rows = store.query(queries.read(FOLDER / f"{rule}.rq").text, use_default_graph_as_union=True)
    assert isinstance(rows, ox.QuerySolutions)
    return [row["subject"].value.removeprefix("https://w3id.org/imaging-survey/") for row in rows]


@pytest.mark.parametrize("rule", sorted(CASES))
def test_the_rule_finds_what_it_is_for(rule: str) -> None:
    """Data with the mistake give a row whose subject is at fault; the same data without it give none."""
    bad, subject, good = CASES[rule]
    assert subject in found(rule.strip(), bad)
    assert found(rule.strip(), good) == []


@pytest.mark.parametrize(
    ("rule", "relation"),
    [
        ("derived-from-its-derivative", "derivedFrom"),
        ("part-of-its-part", "partOf"),
        ("superseded-by-its-predecessor", "supersededBy"),
    ],
)
def test_a_circle_is_found_through_others(rule: str, relation: str) -> None:
    """Three things that follow one another in a circle are all at fault; a thing that leads into the circle is not."""
    links = {"w": "x", "x": "y", "y": "z", "z": "x"}
    turtle = "".join(
        f"a:{one} survey:observation o:{one} . o:{one} survey:{relation} a:{two} . " for one, two in links.items()
    )
    assert found(rule, turtle) == ["observation/x", "observation/y", "observation/z"]


def test_every_rule_has_a_case() -> None:
    """No rule is without an example of what it finds."""
    assert sorted(path.stem for path in Path(FOLDER).glob("*.rq")) == sorted({rule.strip() for rule in CASES})


def test_every_message_says_what_is_wrong() -> None:
    """The head's summary is the message: one sentence or two, ending in a full stop."""
    assert [path.stem for path in FOLDER.glob("*.rq") if not queries.read(path).summary.endswith(".")] == []
