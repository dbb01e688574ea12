"""Tests of `ontology/vocabulary/`: each file one scheme, each concept named and defined once, no circle among them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rdflib import RDF, SKOS, Graph, Literal, URIRef

from graph_service import style, survey
from graph_service.records import Record
from graph_service.survey import Files
from graph_service.terms import BASE, PREFIXES, SCHEMES

ORDER = ["a", "skos:prefLabel", "skos:altLabel", "skos:notation", "skos:definition"]
MATCHES = (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch)


def path_of(scheme: str) -> Path:
    """The file of a vocabulary."""
    return survey.shipped().ontology / "vocabulary" / f"{scheme}.ttl"


@pytest.fixture(scope="module", params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> str:
    """Each vocabulary in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def graph(scheme: str) -> Graph:
    """What its file says."""
    return Graph().parse(path_of(scheme))


@pytest.fixture(scope="module")
def concepts(graph: Graph) -> list[URIRef]:
    """The concepts that it describes."""
    return sorted(each for each in graph.subjects(RDF.type, SKOS.Concept) if isinstance(each, URIRef))


def test_the_scheme_is_named_and_defined(scheme: str, graph: Graph) -> None:
    """A vocabulary has a name and a sentence that says what it is for, and its file describes no other."""
    here = URIRef(f"{BASE}vocabulary/{scheme}")
    assert list(graph.subjects(RDF.type, SKOS.ConceptScheme)) == [here]
    assert len(list(graph.objects(here, SKOS.prefLabel))) == 1
    assert str(graph.value(here, SKOS.definition)).endswith(".")


def test_concepts_have_the_prefix_of_their_scheme(scheme: str, graph: Graph, concepts: list[URIRef]) -> None:
    """A concept is called `<scheme>:<slug>` and is in that scheme."""
    assert concepts
    assert {*graph.subjects(RDF.type)} == {*concepts, URIRef(f"{BASE}vocabulary/{scheme}")}
    for each in concepts:
        assert re.fullmatch(f"{re.escape(PREFIXES[scheme])}[a-z0-9]+(?:[.-][a-z0-9]+)*", str(each)), each
        assert list(graph.objects(each, SKOS.inScheme)) == [URIRef(f"{BASE}vocabulary/{scheme}")]


def test_each_concept_has_one_name_and_one_definition(graph: Graph, concepts: list[URIRef]) -> None:
    """One English label, one English sentence; other names do not repeat it."""
    for each in concepts:
        labels, definitions = list(graph.objects(each, SKOS.prefLabel)), list(graph.objects(each, SKOS.definition))
        assert len(labels) == len(definitions) == 1, each
        for text in (*labels, *definitions, *graph.objects(each, SKOS.altLabel)):
            assert isinstance(text, Literal)
            assert text.language == "en", each
        assert str(definitions[0]).endswith("."), each
        assert labels[0] not in set(graph.objects(each, SKOS.altLabel)), each


def test_names_are_distinct(graph: Graph, concepts: list[URIRef]) -> None:
    """Within a vocabulary a label names one concept, and so does a code."""
    labels = [str(graph.value(each, SKOS.prefLabel)).casefold() for each in concepts]
    assert sorted(labels) == sorted(set(labels))


def test_broader_concepts_exist_and_make_no_circle(graph: Graph, concepts: list[URIRef]) -> None:
    """Going up from any concept ends at one without a broader one."""
    for each in concepts:
        seen, level = {each}, {each}
        while level:
            level = {wider for one in level for wider in graph.objects(one, SKOS.broader) if isinstance(wider, URIRef)}
            assert level <= set(concepts), each
            assert each not in level, each
            level -= seen
            seen |= level


def test_top_concepts_are_those_without_a_broader_one(scheme: str, graph: Graph, concepts: list[URIRef]) -> None:
    """`skos:topConceptOf` says just that."""
    here = URIRef(f"{BASE}vocabulary/{scheme}")
    for each in concepts:
        assert ((each, SKOS.topConceptOf, here) in graph) == ((each, SKOS.broader, None) not in graph), each


def test_matches_lead_out_and_are_of_one_kind(graph: Graph, concepts: list[URIRef]) -> None:
    """A match is an address elsewhere, and two terms match in one way only."""
    for each in concepts:
        found = [other for name in MATCHES for other in graph.objects(each, name)]
        assert len(found) == len(set(found)), each
        for other in found:
            assert isinstance(other, URIRef)
            assert re.match(r"https?://[^/]+/", str(other)), other
            assert not str(other).startswith(BASE), other


def test_no_two_concepts_are_exactly_one_term(graph: Graph) -> None:
    """What two of our concepts share cannot be exactly both."""
    exact = list(graph.objects(None, SKOS.exactMatch))
    assert len(exact) == len(set(exact))


def test_it_is_written_as_records_are(scheme: str, files: Files) -> None:
    """One fact a line, in order, prefixes used and alphabetical."""
    path = path_of(scheme)
    text = path.read_text(encoding="utf-8")
    order = style.fact_order(files.ontology / "survey.ttl")
    found = style.problems(Record(path, "vocabulary", scheme), text, order)
    assert [str(each) for each in found if each.rule != "path-subject"] == []
    assert not [
        each
        for each in found
        if each.rule == "path-subject" and each.line == text.split("\n").index(f"vocabulary:{scheme}") + 1
    ]
    for stanza in re.findall(rf"^{re.escape(scheme)}:\S+\n(?:    .*\n)+\.", text, re.MULTILINE):
        places = [ORDER.index(line.split()[0]) for line in stanza.split("\n")[1:-1] if line.split()[0] in ORDER]
        assert places == sorted(places), stanza
