"""What one page says: latest values with date and source, conflicts, not stated, counts over time, relations."""

from __future__ import annotations

import re

import pytest

from graph_service import charts, phrases
from graph_service.knowledge import Knowledge, path_of, survey
from graph_service.terms import BASE
from graph_service.things import Thing


@pytest.fixture(scope="module")
def lungs(knowledge: Knowledge) -> Thing:
    """The invented archive."""
    return Thing(knowledge, f"{BASE}archive/lungs")


@pytest.fixture(scope="module")
def breath(knowledge: Knowledge) -> Thing:
    """The invented server."""
    return Thing(knowledge, f"{BASE}software/breath")


def texts(thing: Thing, name: str) -> list[str]:
    """The values of one dimension as people read them."""
    fact = thing.fact(thing.knowledge.dimensions[survey(name)])
    return [value.text for value in fact.values] if fact else []


class TestKnowledge:
    def test_names_and_addresses(self, knowledge: Knowledge) -> None:
        """A thing is called by its title, a word by its label, and both have a page."""
        assert knowledge.label(f"{BASE}archive/lungs") == "Lungs of the World"
        assert knowledge.label(survey("subjectCount")) == "subjects"
        assert path_of(f"{BASE}archive/lungs") == "/archive/lungs"
        assert path_of("https://lungs.example/") == "https://lungs.example/"

    def test_concepts(self, knowledge: Knowledge) -> None:
        """Wider and narrower concepts are found through any number of steps."""
        assert f"{BASE}condition/lung-cancer" in knowledge.wider(f"{BASE}condition/nsclc")
        assert f"{BASE}condition/nsclc" in knowledge.below(f"{BASE}condition/neoplasm")

    def test_order_of_the_ontology(self, knowledge: Knowledge) -> None:
        """Dimensions come in the order of the ontology's file, by section."""
        assert knowledge.sections[:3] == ["Names", "Addresses", "Identifiers"]

    def test_kinds(self, knowledge: Knowledge) -> None:
        """Things of a kind come by title."""
        assert [knowledge.label(iri) for iri in knowledge.of_kind("software")] == ["Breath", "Gasp", "Sigh"]


class TestThing:
    def test_observations(self, lungs: Thing) -> None:
        """Observations come newest first; the second of a date after the first."""
        assert [each.anchor for each in lungs.observations] == ["lungs-2011-2", "lungs-2011", "lungs-2010-08"]
        assert (
            lungs.observations[2].date,
            lungs.observations[2].dated_by,
            lungs.observations[2].certainty,
            lungs.observations[2].notes,
        ) == ("2010-08", "as of", "inferred", ("Nine folders were taken for nine people.",))

    def test_latest_values(self, lungs: Thing) -> None:
        """A fact shows the newest values with the date and the observations that say so."""
        fact = lungs.fact(lungs.knowledge.dimensions[survey("modality")])
        assert fact is not None
        assert ([each.text for each in fact.values], fact.date) == (
            ["Computed tomography", "Magnetic resonance"],
            "2011",
        )
        assert texts(lungs, "sizeInBytes") == ["1.5 GB"]

    def test_not_stated_and_no(self, lungs: Thing) -> None:
        """Looked for and not stated, denied, and never looked up are three different things."""
        dimensions = lungs.knowledge.dimensions
        stated, denied = lungs.fact(dimensions[survey("license")]), lungs.fact(dimensions[survey("longitudinal")])
        assert stated is not None
        assert denied is not None
        assert (stated.answer, denied.answer) == ("not stated", "no")
        assert lungs.fact(dimensions[survey("cost")]) is None
        assert [each.text.capitalize() for each in lungs.not_stated] == ["License"]

    def test_conflicts(self, lungs: Thing) -> None:
        """Two sources that give different counts at one time stand side by side, each with its source."""
        (conflict,) = lungs.conflicts
        sides = {(values[0].text, seen.source.rpartition("/")[2]) for values, seen in conflict.sides}
        assert ("subjects", {("120", "lungs-page"), ("135", "shared")}) == (conflict.dimension.label, sides)

    def test_counts_over_time(self, lungs: Thing) -> None:
        """A count seen at several dates is a series, oldest first."""
        assert [(date, value) for date, value, _ in lungs.counts[survey("subjectCount")]] == [
            ("2010-08", 9),
            ("2011", 120),
            ("2011", 135),
        ]

    def test_qualified_count(self, knowledge: Knowledge, lungs: Thing) -> None:
        """An approximate number is shown as such."""
        old = lungs.observations[2]
        shown = lungs.shown(old.facts[survey("subjectCount")][0], survey("subjectCount"), old.facts)
        assert shown.text == "about 9"

    def test_procedure(self, lungs: Thing) -> None:
        """The steps to the data come in their order."""
        assert [step.text for step in lungs.procedure] == ["Account", "Download"]

    def test_may_i_use_it(self, knowledge: Knowledge) -> None:
        """The answers of the build come with their reasons, commercial use first."""
        uses = Thing(knowledge, f"{BASE}collection/other-cell").uses
        assert (uses[0].iri.rpartition("/")[2], uses[0].answer) == ("commercial-use", "no")
        assert uses[0].reason

    def test_relations(self, lungs: Thing) -> None:
        """Relations go both ways: what the archive names, and what names it; what both sides say is said once."""
        relations = {(link.label, link.title, link.inverse) for link in lungs.relations}
        assert {
            ("runs on", "Breath", False),
            ("operator", "Lung House", False),
            ("hosts", "Small Cells", False),
        } <= relations
        assert ("hosted at", "Small Cells", True) not in relations

    def test_ties(self, lungs: Thing) -> None:
        """Each other thing is tied once, with all that is said between the two, and each way of relating comes early."""
        ties = lungs.ties
        assert sorted(link.iri for link in ties) == sorted({link.iri for link in lungs.relations})
        labels = [link.label for link in ties]
        assert labels[: len(set(labels))] == list(dict.fromkeys(labels))

    def test_neighbors(self, knowledge: Knowledge) -> None:
        """The nearest thing shares the rarest values, which are told."""
        link, shared = Thing(knowledge, f"{BASE}collection/small-cell").neighbors[0]
        assert (link.title, shared) == ("Other Cells", ("Computed tomography",))

    def test_capabilities(self, breath: Thing) -> None:
        """Capabilities are grouped, with an answer and the observation that tells it."""
        answers = {
            shown.text: (answer, seen.date if seen else "")
            for _, rows in breath.capabilities
            for shown, answer, seen in rows
        }
        assert answers["DICOM receiver"] == ("yes", "2011-11")
        assert answers["Audit log"] == ("not stated", "2011-11")


class TestPictures:
    def test_relations_read_along_the_arrows(self) -> None:
        """What points at the thing is named before its relation, what the thing points at after it; names are whole."""
        edges = [
            charts.Edge("derived from", "LUNA16", "/collection/luna16", inverse=True),
            charts.Edge("operator", "Lung Image Database Consortium", "/organization/lidc"),
        ]
        texts = re.findall(r"<(?:text|title)[^>]*>([^<]+)", charts.relations("LIDC-IDRI", edges, "Relations"))
        assert texts == [
            *("LUNA16", "LUNA16", "derived from →"),
            *("Lung Image Database Consortium", "operator →", "Lung Image Database…", "LIDC-IDRI"),
        ]

    def test_values_stand_above_the_line(self) -> None:
        """A value is not struck through by its own rising line, and tells how exactly it is known."""
        series = charts.Series("images", (("2013", 3_300_000), ("2026", 27_500_000)), "", {("2026", 27_500_000): ">"})
        picture = charts.over_time(series, "Images over time")
        (left, top), (right, low) = (
            tuple(map(float, point.split(","))) for point in re.findall(r'points="([^ ]+) ([^"]+)"', picture)[0]
        )
        x, y = re.findall(r'<text x="(\d+)" y="(\d+)" class="value">3,300,000', picture)[0]
        end = float(x) + len("3,300,000") * charts.LETTER
        assert float(y) < top + (low - top) * (end - left) / (right - left)
        assert "&gt;27,500,000</text>" in picture


class TestPhrases:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2010", "2010"),
            ("2010-08", "August 2010"),
            ("2010-08-05", "5 August 2010"),
            ("2010-13", "2010-13"),
            ("soon", "soon"),
        ],
    )
    def test_dates(self, text: str, expected: str) -> None:
        """Dates are written as exactly as they are known."""
        assert expected == phrases.date(text)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1500, "1.5 kB"),
            (136_500_000_000, "137 GB"),
            (99_900_000_000_000, "99.9 TB"),
            (999_600_000, "1 GB"),
        ],
    )
    def test_sizes(self, value: int, expected: str) -> None:
        """Sizes have three digits at most and the unit that people would choose."""
        assert expected == phrases.size(value)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Open (as of 2026-09-26).", "Open (as of 26 September 2026)."),
            ("2025-04-04: closed; open again by 2025-05.", "4 April 2025: closed; open again by 2025-05."),
            ("Seen on 2026-11 and as of 2010-08.", "Seen on November 2026 and as of August 2010."),
            ("2022-03: retired.", "March 2022: retired."),
            (
                "Version 1.2023-05-16 of x-2023-05-16.zip, 2023-13-45",
                "Version 1.2023-05-16 of x-2023-05-16.zip, 2023-13-45",
            ),
        ],
    )
    def test_dates_within_text(self, text: str, expected: str) -> None:
        """Days within a text are written out, and months where they can be nothing else; names of files are let be."""
        assert phrases.dated(text) == expected

    def test_lists_and_plurals(self) -> None:
        """Lists end with a word, and one is not several."""
        assert phrases.listing(["a", "b", "c"]) == "a, b and c"
        assert (phrases.plural(1, "row"), phrases.plural(2000, "row")) == ("1 row", "2,000 rows")

    def test_addresses(self) -> None:
        """Web addresses are shown without scheme, long ones cut in the middle."""
        assert phrases.address("https://www.example.org/") == "example.org"
        assert len(phrases.address("https://example.org/" + "x" * 200)) <= 60
