"""The rules in `queries/derive` say what follows between things, and nothing that does not follow."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox

from graph_service import queries
from graph_service.terms import PREFIXES, shorten

RULES = Path(__file__).parent.parent / "queries" / "derive"
PREFIX_LINES = "".join(f"@prefix {name}: <{namespace}> .\n" for name, namespace in PREFIXES.items())
THINGS = """
archive:a a survey:Archive . archive:b a survey:Archive .
collection:c a survey:Collection . collection:d a survey:Collection . collection:e a survey:Collection .
software:s a survey:Software . observation:o a survey:Observation .
"""


def following(rule: str, facts: str) -> set[str]:
    """What a rule says that was not said before."""
    store = ox.Store()
    store.load(PREFIX_LINES + THINGS + facts, format=ox.RdfFormat.TURTLE)
    answer = store.query(queries.read(RULES / f"{rule}.rq").text)
    assert isinstance(answer, ox.QueryTriples)
    new = {triple for triple in answer if ox.Quad(*triple) not in store}
    return {" ".join(shorten(part.value) for part in triple if isinstance(part, ox.NamedNode)) for triple in new}


class TestInverseRelations:
    """A relation stated on one side holds on the other."""

    def test_both_sides_are_said(self) -> None:
        """Hosting, parts and succession are read from either end."""
        assert following(
            "inverse-relations",
            "collection:c survey:hostedAt archive:a . collection:c survey:partOf collection:d . "
            "archive:b survey:supersededBy archive:a . archive:a survey:mirrorOf archive:b .",
        ) == {
            "archive:a survey:hosts collection:c",
            "collection:d survey:hasPart collection:c",
            "archive:a survey:supersedes archive:b",
            "archive:b survey:mirroredAt archive:a",
        }

    def test_a_place_that_keeps_a_copy_is_not_the_copy(self) -> None:
        """An archive that mirrors one collection is not a copy of it as a whole."""
        assert following("inverse-relations", "collection:c survey:mirroredAt archive:a .") == set()

    def test_an_observation_is_not_hosted(self) -> None:
        """What an observation states is said of the thing by the build, not of the observation."""
        assert following("inverse-relations", "observation:o survey:hostedAt archive:a .") == set()


class TestSharedSubjects:
    """Some of the same people are in both."""

    def test_derivation_and_overlap_hold_both_ways(self) -> None:
        """Whichever was made from the other, one must not train on one and test on the other."""
        assert following(
            "shared-subjects",
            "collection:c survey:derivedFrom collection:d . collection:c survey:overlapsWith archive:a .",
        ) == {
            "collection:c survey:sharesSubjectsWith collection:d",
            "collection:d survey:sharesSubjectsWith collection:c",
            "collection:c survey:sharesSubjectsWith archive:a",
            "archive:a survey:sharesSubjectsWith collection:c",
        }

    def test_the_whole_shares_what_its_part_shares(self) -> None:
        """Who is in a part is in the whole."""
        found = following(
            "shared-subjects",
            "collection:c survey:derivedFrom collection:d . collection:d survey:partOf collection:e .",
        )
        assert "collection:e survey:sharesSubjectsWith collection:c" in found
        assert "collection:d survey:sharesSubjectsWith collection:e" in found

    def test_two_derivations_in_a_row_prove_nothing(self) -> None:
        """The second may have left out the people of the first source."""
        found = following(
            "shared-subjects",
            "collection:c survey:derivedFrom collection:d . collection:d survey:derivedFrom collection:e .",
        )
        assert "collection:c survey:sharesSubjectsWith collection:e" not in found

    def test_a_common_archive_is_no_common_person(self) -> None:
        """Parts of one archive do not share people by that."""
        assert (
            following(
                "shared-subjects", "collection:c survey:partOf archive:a . collection:d survey:partOf archive:a ."
            )
            == set()
        )


class TestSoftwareInUse:
    """Who runs what, when only one of both says so."""

    def test_software_that_ever_hosted_an_archive_is_used_by_it(self) -> None:
        """Every observation counts, because uses are kept."""
        assert following(
            "software-in-use", "observation:o survey:about archive:a ; survey:hostedWith software:s ."
        ) == {"software:s survey:usedBy archive:a"}

    def test_a_server_that_names_an_archive_hosts_it(self) -> None:
        """The archive itself says nothing of its software."""
        assert following(
            "software-in-use", "software:s survey:usedBy archive:a ; survey:softwareRole software-role:archive-server ."
        ) == {"archive:a survey:hostedWith software:s"}

    def test_a_viewer_hosts_nothing(self) -> None:
        """An archive in which images are seen with a viewer is not run with it."""
        assert (
            following(
                "software-in-use", "software:s survey:usedBy archive:a ; survey:softwareRole software-role:viewer ."
            )
            == set()
        )

    def test_what_the_archive_says_itself_is_enough(self) -> None:
        """An old list of users does not add to what the archive is known to run now."""
        assert (
            following(
                "software-in-use",
                "software:s survey:usedBy archive:a ; survey:softwareRole software-role:archive-server . "
                "archive:a survey:hostedWith software:other .",
            )
            == set()
        )
