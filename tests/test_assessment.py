"""May I use it? Each answer follows from what was observed, says why, and names the observations that decided it."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from graph_service import derived
from graph_service.assessment import assessments
from graph_service.graph import Survey
from graph_service.terms import PREFIXES, shorten

PREFIX_LINES = "".join(f"@prefix {name}: <{namespace}> .\n" for name, namespace in PREFIXES.items())
VOCABULARY = """
license:cc-by-4.0 skos:prefLabel "Attribution 4.0"@en ; skos:notation "CC-BY-4.0" ;
    survey:permits permitted-use:commercial-use , permitted-use:derivatives , permitted-use:redistribution ;
    survey:requires permitted-use:attribution .
license:cc0-1.0 skos:prefLabel "Zero"@en ; skos:notation "CC0-1.0" ;
    survey:permits permitted-use:commercial-use , permitted-use:derivatives , permitted-use:redistribution .
license:cc-by-nc-4.0 skos:prefLabel "Non Commercial 4.0"@en ; skos:notation "CC-BY-NC-4.0" ;
    survey:permits permitted-use:derivatives , permitted-use:redistribution ;
    survey:forbids permitted-use:commercial-use ; survey:requires permitted-use:attribution .
license:cc-by-nd-4.0 skos:prefLabel "No Derivatives 4.0"@en ; skos:notation "CC-BY-ND-4.0" ;
    survey:permits permitted-use:commercial-use , permitted-use:redistribution ;
    survey:forbids permitted-use:derivatives ; survey:requires permitted-use:attribution .
license:cc-by-sa-4.0 skos:prefLabel "Share Alike 4.0"@en ; skos:notation "CC-BY-SA-4.0" ;
    survey:permits permitted-use:commercial-use , permitted-use:derivatives , permitted-use:redistribution ;
    survey:requires permitted-use:attribution , permitted-use:share-alike .
license:data-use-agreement skos:prefLabel "Data use agreement"@en .
license:custom-dua skos:prefLabel "Agreement of the house"@en ; skos:notation "LicenseRef-custom-dua" ;
    skos:broader license:data-use-agreement .
license:mixed skos:prefLabel "Several"@en .
license:not-stated skos:prefLabel "Not stated"@en .
access:open skos:prefLabel "Open access"@en .
access:registered skos:prefLabel "Registered access"@en .
access:agreement skos:prefLabel "Click-through agreement"@en ; skos:broader access:registered .
access:controlled skos:prefLabel "Controlled access"@en .
access:in-situ skos:prefLabel "Secure environment only"@en ; skos:broader access:controlled .
access:mixed skos:prefLabel "Mixed"@en .
access-step:none skos:prefLabel "No step"@en ; skos:notation "00" .
access-step:account skos:prefLabel "Account"@en ; skos:notation "10" .
access-step:request-form skos:prefLabel "Request form"@en ; skos:notation "30" .
access-step:data-use-agreement skos:prefLabel "Data use agreement"@en ; skos:notation "40" .
access-step:institutional-signature skos:prefLabel "Signature of the institution"@en ; skos:notation "42" .
access-step:committee-review skos:prefLabel "Review by a committee"@en ; skos:notation "52" .
permitted-use:attribution skos:prefLabel "Attribution"@en .
permitted-use:commercial-use skos:prefLabel "Commercial use"@en .
permitted-use:derivatives skos:prefLabel "Derivatives"@en .
permitted-use:redistribution skos:prefLabel "Redistribution"@en .
permitted-use:publication-acknowledgment skos:prefLabel "Acknowledgment"@en ; skos:broader permitted-use:attribution .
permitted-use:non-commercial skos:prefLabel "Non-commercial"@en .
status:retired skos:prefLabel "Retired"@en .
survey:access survey:keeps "latest" . survey:license survey:keeps "latest" . survey:hostedAt survey:keeps "all" .
"""
DIRECT, COMMERCIAL, DERIVATIVES, REDISTRIBUTION, ATTRIBUTION, SIGNED = (
    "direct-download",
    "commercial-use",
    "derivatives",
    "redistribution",
    "attribution",
    "signed-agreement",
)


@pytest.fixture(scope="module")
def shipped(built: Survey) -> ox.Store:
    """The shipped survey in Oxigraph."""
    store = ox.Store()
    store.bulk_extend(built.quads)
    return store


def assessed(*observations: str, more: str = "") -> dict[str, tuple[str, str, str]]:
    """For each question of use of `collection:lungs` the answer, its reason, and the observations that it rests on."""
    text = PREFIX_LINES + VOCABULARY + "collection:lungs a survey:Collection .\n" + more
    for place, facts in enumerate(observations):
        text += f"collection:lungs survey:observation observation:o{place} .\nobservation:o{place} {facts} .\n"
    quads = list(ox.parse(text, format=ox.RdfFormat.TURTLE))
    facts = list(assessments(quads, list(derived.latest_facts(quads))))

    def said(subject: ox.NamedNode, name: str) -> str:
        found = [fact.object for fact in facts if fact.subject == subject and shorten(fact.predicate.value) == name]
        return " ".join(sorted(shorten(each.value) if isinstance(each, ox.NamedNode) else each.value for each in found))

    nodes = [fact.object for fact in facts if fact.subject.value.endswith("collection/lungs")]
    assert all(isinstance(node, ox.NamedNode) for node in nodes)
    return {
        said(node, "survey:assesses").removeprefix("permitted-use:"): (
            said(node, "survey:answer").removeprefix("answer:"),
            said(node, "dcterms:description"),
            said(node, "survey:restsOn"),
        )
        for node in nodes
    }


def answers(*observations: str) -> dict[str, str]:
    """The answers alone."""
    return {use: answer for use, (answer, _, _) in assessed(*observations).items()}


def dated(date: str, facts: str, certainty: str = "stated") -> str:
    """An observation of a year."""
    return (
        f'survey:asOf "{date}"^^xsd:gYear ; survey:consulted "2026-11-23"^^xsd:date ; '
        f"survey:certainty certainty:{certainty} ; {facts}"
    )


class TestLicenses:
    """What a license says of its own is the answer."""

    def test_an_attribution_license_allows_everything_for_credit(self) -> None:
        """CC BY permits the three acts, asks for credit, and says nothing of the way to the data."""
        assert answers(dated("2024", "survey:license license:cc-by-4.0")) == {
            DIRECT: "unknown",
            COMMERCIAL: "yes",
            DERIVATIVES: "yes",
            REDISTRIBUTION: "yes",
            ATTRIBUTION: "yes",
            SIGNED: "unknown",
        }

    def test_a_waiver_asks_for_nothing(self) -> None:
        """CC0 permits the acts, and credit is not owed."""
        found = assessed(dated("2024", "survey:license license:cc0-1.0"))
        assert found[COMMERCIAL][0] == "yes"
        assert found[ATTRIBUTION] == (
            "no",
            "Attribution: not asked for by license CC0-1.0 (as of 2024).",
            "observation:o0",
        )

    def test_a_non_commercial_license_excludes_only_that(self) -> None:
        """CC BY-NC forbids commercial use and leaves the rest."""
        found = assessed(dated("2024", "survey:license license:cc-by-nc-4.0"))
        assert found[COMMERCIAL] == (
            "no",
            "Commercial use: excluded by license CC-BY-NC-4.0 (as of 2024).",
            "observation:o0",
        )
        assert found[REDISTRIBUTION][0] == "yes"

    def test_a_no_derivatives_license_excludes_only_that(self) -> None:
        """CC BY-ND forbids changed versions and leaves the rest."""
        found = answers(dated("2024", "survey:license license:cc-by-nd-4.0"))
        assert (found[DERIVATIVES], found[COMMERCIAL], found[REDISTRIBUTION]) == ("no", "yes", "yes")

    def test_share_alike_is_named_with_the_yes(self) -> None:
        """Changed versions are allowed under the same terms, and the reason says so."""
        answer, reason, _ = assessed(dated("2024", "survey:license license:cc-by-sa-4.0"))[DERIVATIVES]
        assert answer == "yes"
        assert reason == (
            "Derivatives: permitted by license CC-BY-SA-4.0 (as of 2024), "
            "if changed versions stay under the same terms."
        )

    def test_an_agreement_of_the_house_decides_nothing_that_is_not_recorded(self) -> None:
        """The terms of a custom agreement are not guessed; that there is a contract is known."""
        found = assessed(dated("2024", "survey:license license:custom-dua"))
        assert found[COMMERCIAL] == (
            "unknown",
            "Commercial use: left open by what is recorded of “Agreement of the house” (as of 2024).",
            "observation:o0",
        )
        assert found[SIGNED] == (
            "conditional",
            (
                "The terms “Agreement of the house” are a contract, to be signed or accepted: "
                "which of both is not recorded (as of 2024)."
            ),
            "observation:o0",
        )

    def test_two_licenses_with_different_answers_make_it_conditional(self) -> None:
        """Where parts are under CC BY and CC BY-NC, commercial use depends on the part; the others do not."""
        found = assessed(dated("2024", "survey:license license:cc-by-4.0 , license:cc-by-nc-4.0"))
        assert found[COMMERCIAL][:2] == (
            "conditional",
            "Commercial use: permitted by license CC-BY-4.0, excluded by license CC-BY-NC-4.0 (as of 2024).",
        )
        assert found[REDISTRIBUTION][0] == "yes"

    def test_licenses_that_differ_by_part_make_it_conditional(self) -> None:
        """Where a source names no single license, everything depends on the part."""
        found = answers(dated("2024", "survey:license license:mixed"))
        assert (found[COMMERCIAL], found[ATTRIBUTION]) == ("conditional", "conditional")

    def test_a_search_without_success_is_said(self) -> None:
        """No license on the page is not known, and rests on having looked."""
        assert assessed(dated("2024", "survey:license license:not-stated"))[COMMERCIAL] == (
            "unknown",
            (
                "Neither a license nor a term on commercial use is recorded; "
                "a source was searched for a license without success (as of 2024)."
            ),
            "observation:o0",
        )

    def test_only_the_newest_license_counts(self) -> None:
        """A license that was changed since no longer decides."""
        found = assessed(
            dated("2015", "survey:license license:cc-by-nc-4.0"), dated("2024", "survey:license license:cc-by-4.0")
        )
        assert found[COMMERCIAL] == (
            "yes",
            "Commercial use: permitted by license CC-BY-4.0 (as of 2024).",
            "observation:o1",
        )


class TestTerms:
    """A statement on the use itself wins over the license, unless the license is newer or better known."""

    def test_a_statement_of_the_same_age_wins_over_the_license(self) -> None:
        """The terms of use exclude what the license alone would allow, and both are named."""
        found = assessed(
            dated("2024", "survey:license license:cc-by-4.0"),
            dated("2024", "survey:forbids permitted-use:commercial-use"),
        )
        assert found[COMMERCIAL] == (
            "no",
            (
                "Commercial use: the terms of use exclude it (as of 2024), "
                "although the license CC-BY-4.0 alone would mean yes."
            ),
            "observation:o1",
        )

    def test_a_newer_license_wins_over_an_old_statement(self) -> None:
        """What was forbidden before the data were freed is not forbidden any more."""
        found = answers(
            dated("2015", "survey:forbids permitted-use:commercial-use"),
            dated("2024", "survey:license license:cc-by-4.0"),
        )
        assert found[COMMERCIAL] == "yes"

    def test_an_old_statement_still_counts_where_the_license_is_silent(self) -> None:
        """A newer agreement of unknown content takes nothing back."""
        found = assessed(
            dated("2015", "survey:forbids permitted-use:redistribution"),
            dated("2024", "survey:license license:custom-dua"),
        )
        assert found[REDISTRIBUTION] == (
            "no",
            "Redistribution: the terms of use exclude it (as of 2015).",
            "observation:o0",
        )

    def test_a_second_hand_statement_does_not_overrule_the_license(self) -> None:
        """A list that somebody else keeps does not win over the license of the same year."""
        found = answers(
            dated("2024", "survey:license license:cc-by-4.0"),
            dated("2024", "survey:forbids permitted-use:commercial-use", "second-hand"),
        )
        assert found[COMMERCIAL] == "yes"

    def test_what_rests_on_second_hand_alone_is_called_so(self) -> None:
        """The reason names a source that only repeats."""
        found = assessed(dated("2024", "survey:license license:cc-by-4.0", "second-hand"))
        assert found[COMMERCIAL][:2] == (
            "yes",
            "Commercial use: permitted by license CC-BY-4.0 (as of 2024, second-hand).",
        )

    def test_statements_that_disagree_make_it_conditional(self) -> None:
        """Two sources of one year, one for and one against: neither is dropped."""
        found = assessed(
            dated("2024", "survey:permits permitted-use:redistribution"),
            dated("2024", "survey:forbids permitted-use:redistribution"),
        )
        assert found[REDISTRIBUTION] == (
            "conditional",
            "Redistribution: statements of the same age disagree, they allow it and exclude it (as of 2024).",
            "observation:o0 observation:o1",
        )

    def test_a_use_by_permission_is_conditional(self) -> None:
        """Commercial use that is excluded without written permission can be asked for."""
        found = assessed(
            dated(
                "2024", "survey:forbids permitted-use:commercial-use ; survey:requires permitted-use:written-permission"
            )
        )
        assert found[COMMERCIAL][:2] == (
            "conditional",
            "Commercial use: the terms of use ask for written permission (as of 2024).",
        )

    def test_a_required_limit_rules_out_the_act(self) -> None:
        """Non-commercial use only: no commercial use."""
        assert answers(dated("2024", "survey:requires permitted-use:non-commercial"))[COMMERCIAL] == "no"

    def test_a_narrower_duty_of_credit_counts(self) -> None:
        """An acknowledgment in publications is credit, whatever a waiver says."""
        found = answers(
            dated("2020", "survey:requires permitted-use:publication-acknowledgment"),
            dated("2024", "survey:license license:cc0-1.0"),
        )
        assert found[ATTRIBUTION] == "yes"


class TestTheWayToTheData:
    """Access class and steps say whether one can download at once, and what is signed by whom."""

    def test_open_without_license_is_a_download_and_nothing_more(self) -> None:
        """That anyone can take it does not say what may be done with it."""
        found = assessed(dated("2024", "survey:access access:open"))
        assert found[DIRECT] == (
            "yes",
            "No application is needed: access is open access (as of 2024).",
            "observation:o0",
        )
        assert found[SIGNED][0] == "no"
        assert found[COMMERCIAL] == ("unknown", "Neither a license nor a term on commercial use is recorded.", "")

    def test_a_committee_and_signatures(self) -> None:
        """The steps say that a committee decides, and who signs what, in their usual order."""
        steps = "survey:step1 access-step:request-form ; survey:step2 access-step:data-use-agreement ; "
        steps += "survey:step3 access-step:institutional-signature ; survey:step4 access-step:committee-review"
        found = assessed(dated("2024", f"survey:access access:controlled ; {steps}"))
        way = (
            ": access is controlled access, and the recorded steps are request form, data use agreement, "
            "signature of the institution and review by a committee (as of 2024)."
        )
        assert found[DIRECT] == ("no", f"The data cannot be had at once{way}", "observation:o0")
        assert found[SIGNED] == (
            "yes",
            f"The user signs a data use agreement, and an officer who can bind the user's institution signs{way}",
            "observation:o0",
        )

    def test_a_committee_without_recorded_papers_is_not_known(self) -> None:
        """Somebody decides; whether anything is signed was not found."""
        found = answers(dated("2024", "survey:access access:controlled"))
        assert (found[DIRECT], found[SIGNED]) == ("no", "unknown")

    def test_a_click_is_no_signature(self) -> None:
        """Terms that are accepted come before the download, but nothing is signed."""
        found = answers(dated("2024", "survey:access access:agreement"))
        assert (found[DIRECT], found[SIGNED]) == ("conditional", "no")

    def test_a_narrower_class_answers_like_the_wider_one(self) -> None:
        """A secure environment is a controlled access."""
        assert answers(dated("2024", "survey:access access:in-situ"))[DIRECT] == "no"

    def test_mixed_access_is_conditional(self) -> None:
        """Some sets are open, some are not."""
        found = answers(dated("2024", "survey:access access:mixed , access:open , access:controlled"))
        assert (found[DIRECT], found[SIGNED]) == ("conditional", "conditional")

    def test_of_class_and_steps_that_exclude_each_other_the_newer_counts(self) -> None:
        """Open once, by application now."""
        found = assessed(
            dated("2010", "survey:access access:open"), dated("2024", "survey:step1 access-step:committee-review")
        )
        assert (found[DIRECT][0], found[DIRECT][2]) == ("no", "observation:o1")

    def test_an_agreement_to_be_signed_may_narrow_the_license(self) -> None:
        """A permissive license beside a signed agreement is not a plain yes."""
        found = assessed(
            dated("2024", "survey:license license:cc-by-4.0 ; survey:step1 access-step:data-use-agreement")
        )
        assert found[COMMERCIAL] == (
            "conditional",
            (
                "Commercial use: permitted by license CC-BY-4.0 (as of 2024), "
                "but an agreement to be signed may say otherwise."
            ),
            "observation:o0",
        )

    def test_what_has_ended_cannot_be_downloaded(self) -> None:
        """A retired thing gives nothing any more, however open it was."""
        found = assessed(dated("2010", "survey:access access:open"), dated("2024", "survey:status status:retired"))
        assert found[DIRECT] == (
            "no",
            "Nothing can be had here any more: the status is retired (as of 2024).",
            "observation:o1",
        )


class TestNothingKnown:
    """Without facts the answer is not known, and nothing is inherited."""

    def test_every_question_has_an_answer(self) -> None:
        """Six times not known, resting on nothing."""
        found = assessed()
        assert {use: (answer, rests) for use, (answer, _, rests) in found.items()} == dict.fromkeys(
            (DIRECT, COMMERCIAL, DERIVATIVES, REDISTRIBUTION, ATTRIBUTION, SIGNED), ("unknown", "")
        )
        assert found[DIRECT][1] == "How the data are reached is not recorded."

    def test_an_open_archive_is_mentioned_but_not_inherited(self) -> None:
        """The archive that holds it is open; that need not be so for this set."""
        archive = """archive:open a survey:Archive ; dcterms:title "Open Archive"@en .
            archive:open survey:observation observation:a .
            observation:a survey:asOf "2024"^^xsd:gYear ; survey:access access:open .
            """
        assert assessed(dated("2024", "survey:hostedAt archive:open"), more=archive)[DIRECT] == (
            "unknown",
            (
                "How the data are reached is not recorded; Open Archive, where the data are held, is open as a whole, "
                "which was not confirmed for this set."
            ),
            "",
        )


class TestTheShippedSurvey:
    """What holds of all assessments."""

    def test_each_archive_and_collection_has_six_answers(self, shipped: ox.Store) -> None:
        """One for each question, none twice."""
        text = f"""PREFIX survey: <{PREFIXES["survey"]}>
            SELECT ?thing WHERE {{
              VALUES ?kind {{ survey:Archive survey:Collection }}
              ?thing a ?kind .
              OPTIONAL {{ ?thing survey:assessment ?one . ?one survey:assesses ?use ; survey:answer ?answer }}
            }} GROUP BY ?thing
            HAVING (COUNT(DISTINCT ?use) != 6 || COUNT(?answer) != 6)"""
        assert list(shipped.query(text, use_default_graph_as_union=True)) == []

    def test_an_answer_rests_on_observations_of_the_thing(self, shipped: ox.Store) -> None:
        """Whatever is not unknown names what decided it, and that is about the same thing."""
        text = f"""PREFIX survey: <{PREFIXES["survey"]}> PREFIX answer: <{PREFIXES["answer"]}>
            SELECT ?assessment WHERE {{
              ?thing survey:assessment ?assessment .
              ?assessment survey:answer ?answer .
              FILTER((?answer != answer:unknown && NOT EXISTS {{ ?assessment survey:restsOn ?any }}) || EXISTS {{
                ?assessment survey:restsOn ?other .
                FILTER NOT EXISTS {{ ?thing survey:observation ?other }}
              }})
            }}"""
        assert list(shipped.query(text, use_default_graph_as_union=True)) == []
