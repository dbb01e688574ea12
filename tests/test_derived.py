"""Tests of `derived`: the six rules by which the facts of today follow from the observations."""

from __future__ import annotations

import pyoxigraph as ox

from graph_service import derived
from graph_service.terms import PREFIXES, shorten

PREFIX_LINES = "".join(f"@prefix {name}: <{namespace}> .\n" for name, namespace in PREFIXES.items())
ONTOLOGY = """
survey:modality survey:keeps "latest" . survey:subjectCount survey:keeps "latest" .
survey:status survey:keeps "latest" .
survey:capability survey:keeps "latest" . survey:permits survey:keeps "latest" . survey:browseBy survey:keeps "latest" .
survey:publication survey:keeps "all" . dcterms:alternative survey:keeps "all" . survey:mirrorOf survey:keeps "all" .
survey:accessStep survey:keeps "latest" . survey:accessStep1 survey:keeps "latest" .
survey:accessStep2 survey:keeps "latest" .
survey:accessStep1 rdfs:subPropertyOf survey:accessStep . survey:accessStep2 rdfs:subPropertyOf survey:accessStep .
"""


def followed(*observations: str, thing: str = "archive:lungs") -> list[str]:
    """What follows for one thing from its observations, without what is said of the observations themselves."""
    text = PREFIX_LINES + ONTOLOGY
    for place, facts in enumerate(observations):
        text += f"{thing} survey:observation observation:o{place} .\nobservation:o{place} {facts} .\n"
    quads = list(ox.parse(text, format=ox.RdfFormat.TURTLE))
    triples = derived.latest_facts(quads)
    return sorted(
        {
            f"{shorten(each.predicate.value)} {shown(each.object)}"
            for each in triples
            if each.subject.value == thing.replace("archive:", PREFIXES["archive"])
        }
    )


def shown(term: object) -> str:
    """A term in short."""
    return shorten(term.value) if isinstance(term, ox.NamedNode) else str(getattr(term, "value", term))


def dated(date: str, facts: str, certainty: str = "stated") -> str:
    """An observation of a date."""
    kind = {4: "gYear", 7: "gYearMonth", 10: "date"}[len(date)]
    return (
        f'survey:asOf "{date}"^^xsd:{kind} ; survey:consulted "2026-11-23"^^xsd:date ; '
        f"survey:certainty certainty:{certainty} ; {facts}"
    )


def undated(consulted: str, facts: str, certainty: str = "stated") -> str:
    """An observation whose source shows no date."""
    return f'survey:consulted "{consulted}"^^xsd:date ; survey:certainty certainty:{certainty} ; {facts}'


class TestDates:
    """Rule 1: `asOf`, else `consulted`; dates compare as text."""

    def test_the_date_of_the_source_counts_before_the_day_of_reading(self) -> None:
        """An old source read today is old."""
        assert followed(
            dated("2010-08", "survey:subjectCount 9"),
            undated("2015-01-01", "survey:subjectCount 20"),
        ) == ["survey:lastSeen 2015-01-01", "survey:subjectCount 20"]

    def test_a_year_is_older_than_each_of_its_months(self) -> None:
        """2010 < 2010-08 < 2010-08-15 < 2011."""
        dates = ("2010-08-15", "2010", "2011", "2010-08")
        for cut, expected in ((4, "2011"), (2, "2010-08-15")):
            found = followed(*(dated(date, f'survey:status "{date}"') for date in dates[:cut]))
            assert found == [f"survey:lastSeen {expected}", f"survey:status {expected}"]


class TestLatest:
    """Rule 2: the values of the newest observation; several of one date are joined."""

    def test_the_newest_wins(self) -> None:
        """Older values are not repeated."""
        assert followed(
            dated("2012", "survey:modality modality:mr"),
            dated("2010", "survey:modality modality:ct , modality:us"),
        ) == ["survey:lastSeen 2012", "survey:modality modality:mr"]

    def test_one_date_is_joined(self) -> None:
        """Two sources of one day both count."""
        assert followed(
            dated("2012", "survey:modality modality:mr"),
            dated("2012", "survey:modality modality:ct"),
        ) == ["survey:lastSeen 2012", "survey:modality modality:ct", "survey:modality modality:mr"]

    def test_each_dimension_by_itself(self) -> None:
        """A newer observation that is silent on a dimension leaves its older values."""
        assert followed(
            dated("2010", "survey:subjectCount 9"),
            dated("2012", "survey:modality modality:mr"),
        ) == ["survey:lastSeen 2012", "survey:modality modality:mr", "survey:subjectCount 9"]

    def test_a_qualifier_goes_with_its_count(self) -> None:
        """`approximately` follows the count of the same observation, and no other."""
        old = dated("2010", "survey:subjectCount 9 ; survey:approximately survey:subjectCount")
        assert followed(old) == [
            "survey:approximately survey:subjectCount",
            "survey:lastSeen 2010",
            "survey:subjectCount 9",
        ]
        assert followed(old, dated("2011", "survey:subjectCount 12")) == [
            "survey:lastSeen 2011",
            "survey:subjectCount 12",
        ]

    def test_a_lower_bound_without_a_date(self) -> None:
        """*More than 100*, read somewhere undated, says nothing against the 120 of last year, but against 90 it does."""
        bound = undated("2026-11-23", "survey:subjectCount 100 ; survey:moreThan survey:subjectCount")
        told = ["survey:lastSeen 2026-11-23", "survey:moreThan survey:subjectCount", "survey:subjectCount 100"]
        assert followed(bound) == told
        assert followed(dated("2025", "survey:subjectCount 90"), bound) == told
        assert followed(dated("2025", "survey:subjectCount 120"), bound) == [
            "survey:lastSeen 2026-11-23",
            "survey:subjectCount 120",
        ]

    def test_a_dimension_that_was_lost(self) -> None:
        """That the thing lacks a dimension as a whole is an answer like a value, and the newest counts."""
        has, has_not = "survey:browseBy facet:study", "survey:lacks survey:browseBy"
        assert followed(dated("2010", has), dated("2012", has_not)) == [
            "survey:lacks survey:browseBy",
            "survey:lastSeen 2012",
        ]
        assert followed(dated("2010", has_not), dated("2012", has)) == [
            "survey:browseBy facet:study",
            "survey:lastSeen 2012",
        ]

    def test_literals_keep_their_form(self) -> None:
        """What is repeated is what was written."""
        text = (
            PREFIX_LINES
            + ONTOLOGY
            + "archive:a survey:observation observation:o . observation:o survey:subjectCount 007 ."
        )
        found = {str(each.object) for each in derived.latest_facts(list(ox.parse(text, format=ox.RdfFormat.TURTLE)))}
        assert '"007"^^<http://www.w3.org/2001/XMLSchema#integer>' in found


class TestSecondHand:
    """Rule 3: what was heard from others wins over no first-hand fact of the same age or newer."""

    def test_it_counts_where_nothing_else_is_known(self) -> None:
        """A second-hand fact is better than none."""
        assert followed(dated("2010", "survey:subjectCount 9", "second-hand")) == [
            "survey:lastSeen 2010",
            "survey:subjectCount 9",
        ]

    def test_it_wins_only_when_it_is_newer(self) -> None:
        """A newer list may correct an old page; one of the same year may not, whatever its month."""
        first = dated("2010-08", "survey:subjectCount 9")
        for date, expected in (
            ("2009", "9"),
            ("2010", "9"),
            ("2010-08", "9"),
            ("2010-08-20", "9"),
            ("2010-09", "12"),
            ("2011", "12"),
        ):
            found = followed(first, dated(date, "survey:subjectCount 12", "second-hand"))
            assert f"survey:subjectCount {expected}" in found, date
            assert len([each for each in found if each.startswith("survey:subjectCount")]) == 1, date

    def test_without_a_date_it_wins_over_nothing(self) -> None:
        """An undated list read today says nothing of its age."""
        found = followed(
            dated("2010", "survey:subjectCount 9"), undated("2026-11-23", "survey:subjectCount 12", "second-hand")
        )
        assert "survey:subjectCount 9" in found
        assert "survey:subjectCount 12" not in found


class TestAll:
    """Rule 4: names, identifiers and relations are collected."""

    def test_every_value_ever_observed(self) -> None:
        """An old name stays a name."""
        assert followed(
            dated("2010", 'dcterms:alternative "LUNGS"@en ; survey:publication <https://doi.org/10.1/a>'),
            dated("2012", 'dcterms:alternative "Lungs 2"@en'),
        ) == [
            "dcterms:alternative LUNGS",
            "dcterms:alternative Lungs 2",
            "survey:lastSeen 2012",
            "survey:publication <https://doi.org/10.1/a>",
        ]

    def test_nothing_is_related_to_itself(self) -> None:
        """A relation of a thing to itself does not follow."""
        assert followed(dated("2010", "survey:mirrorOf archive:lungs , archive:hearts")) == [
            "survey:lastSeen 2010",
            "survey:mirrorOf archive:hearts",
        ]

    def test_what_is_lacked_until_it_is_seen(self) -> None:
        """That there is no publication holds as long as no observation names one."""
        lacks, has = "survey:lacks survey:publication", "survey:publication <https://doi.org/10.1/a>"
        assert followed(dated("2010", lacks)) == ["survey:lacks survey:publication", "survey:lastSeen 2010"]
        assert followed(dated("2010", has), dated("2012", lacks)) == [
            "survey:lastSeen 2012",
            "survey:publication <https://doi.org/10.1/a>",
        ]


class TestValueByValue:
    """Rule 5: capabilities and permissions are decided for each value."""

    def test_the_newest_word_on_each_capability(self) -> None:
        """Has, has in part, through a component, lacks: of one capability the newest holds, the others stay."""
        assert followed(
            dated("2010", "survey:capability capability:audit-log , capability:download"),
            dated("2012", "survey:lacks capability:download"),
            dated("2014", "survey:partialCapability capability:audit-log"),
        ) == [
            "survey:lacks capability:download",
            "survey:lastSeen 2014",
            "survey:partialCapability capability:audit-log",
        ]

    def test_permissions(self) -> None:
        """What was permitted and is forbidden now is forbidden."""
        assert followed(
            dated("2010", "survey:permits permitted-use:commercial , permitted-use:research"),
            dated("2012", "survey:forbids permitted-use:commercial"),
        ) == [
            "survey:forbids permitted-use:commercial",
            "survey:lastSeen 2012",
            "survey:permits permitted-use:research",
        ]

    def test_a_later_fact_ends_a_lack(self) -> None:
        """What was lacking in 2010 and is browsed by in 2012 is not lacking."""
        assert followed(
            dated("2010", "survey:lacks facet:study"),
            dated("2012", "survey:browseBy facet:study"),
        ) == ["survey:browseBy facet:study", "survey:lastSeen 2012"]


class TestSteps:
    def test_the_newest_procedure_is_kept_whole(self) -> None:
        """Steps belong together: those of an older procedure are not mixed in."""
        assert followed(
            dated("2010", "survey:accessStep1 access-step:form ; survey:accessStep2 access-step:fax"),
            dated("2012", "survey:accessStep1 access-step:registration"),
        ) == [
            "survey:accessStep access-step:registration",
            "survey:accessStep1 access-step:registration",
            "survey:lastSeen 2012",
        ]


class TestNotStated:
    """Rule 6: what was looked for in vain is repeated only where nobody states it."""

    def test_it_stays_while_nothing_is_known(self) -> None:
        """Looked for and not found is an answer of its own."""
        assert followed(dated("2010", "survey:notStated survey:subjectCount , capability:audit-log")) == [
            "survey:lastSeen 2010",
            "survey:notStated capability:audit-log",
            "survey:notStated survey:subjectCount",
        ]

    def test_any_statement_ends_it(self) -> None:
        """A value, a lack, an older source: whatever states it answers the question."""
        silent = dated(
            "2012",
            "survey:notStated survey:subjectCount , survey:publication , survey:browseBy , "
            "survey:permits , capability:audit-log , "
            "facet:study",
        )
        stating = dated(
            "2010",
            "survey:subjectCount 9 ; survey:publication <https://doi.org/10.1/a> ; survey:lacks "
            "survey:browseBy , facet:study ; "
            "survey:permits permitted-use:research ; survey:partialCapability capability:audit-log",
        )
        assert [each for each in followed(silent, stating) if each.startswith("survey:notStated")] == []


def test_observations_say_whom_they_are_about() -> None:
    """From an observation leads a way back to its thing, also where two things share it."""
    text = PREFIX_LINES + "archive:a survey:observation observation:o . archive:b survey:observation observation:o . "
    text += 'observation:o survey:asOf "2010"^^xsd:gYear .'
    found = {
        (shorten(each.subject.value), shorten(each.object.value))  # type: ignore[union-attr]
        for each in derived.latest_facts(list(ox.parse(text, format=ox.RdfFormat.TURTLE)))
        if each.predicate.value == f"{PREFIXES['survey']}about"
    }
    assert found == {("observation:o", "archive:a"), ("observation:o", "archive:b")}


def test_an_observation_that_is_not_described_does_no_harm() -> None:
    """A link to an observation that nothing says anything of leads to no fact."""
    text = PREFIX_LINES + ONTOLOGY + "archive:a survey:observation observation:none ."
    assert list(derived.latest_facts(list(ox.parse(text, format=ox.RdfFormat.TURTLE)))) == []
