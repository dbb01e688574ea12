"""Comparing things side by side, and matching software with requirements."""

from __future__ import annotations

import csv
import io

import pytest

from graph_service.comparison import Comparison, as_csv, as_latex, as_markdown, chosen, compare
from graph_service.errors import BadParameter
from graph_service.graph import Survey
from graph_service.knowledge import Knowledge
from graph_service.matching import Matcher
from graph_service.terms import BASE


@pytest.fixture(scope="module")
def cells(knowledge: Knowledge) -> Comparison:
    """Two collections side by side."""
    return compare(knowledge, chosen(knowledge, ["collection/small-cell", "Other Cells"]))


@pytest.fixture(scope="module")
def matcher(knowledge: Knowledge) -> Matcher:
    """The invented software."""
    return Matcher(knowledge, "2012-03-01")


class TestChoosing:
    @pytest.mark.parametrize(
        "name", ["collection/brains", "collection:brains", f"{BASE}collection/brains", "brains at rest"]
    )
    def test_names(self, knowledge: Knowledge, name: str) -> None:
        """A thing is chosen by path, prefixed name, IRI or title."""
        assert [f"{BASE}collection/brains"] == chosen(knowledge, [name, name])

    def test_unknown(self, knowledge: Knowledge) -> None:
        """What is not surveyed cannot be compared; a near name is told."""
        with pytest.raises(BadParameter, match="Did you mean `collection/brains`"):
            chosen(knowledge, ["collection/brain"])

    def test_too_many(self, built: Survey) -> None:
        """Eight things at most."""
        knowledge = Knowledge.of(built.quads)
        eight = knowledge.of_kind("archive")[:8]
        assert eight == chosen(knowledge, eight)
        with pytest.raises(BadParameter, match="at most 8"):
            chosen(knowledge, knowledge.of_kind("archive")[:9])


class TestTable:
    def test_differences(self, cells: Comparison) -> None:
        """A row differs where two known values do; where one is missing it does not."""
        differs = {line.label: line.differs for line in cells.lines}
        assert (differs["license"], differs["subjects"], differs["size"], differs["access"]) == (
            True,
            True,
            False,
            False,
        )

    def test_names_do_not_differ(self, cells: Comparison) -> None:
        """Names, addresses and identifiers are everybody's own: a row of them is never marked as a difference."""
        named = [
            line for group, lines in cells.groups if group in {"Names", "Addresses", "Identifiers"} for line in lines
        ]
        assert named
        assert not any(line.differs for line in named)

    def test_cells(self, cells: Comparison) -> None:
        """Each cell tells its value, its date, its source and where it is said."""
        (line,) = [line for line in cells.lines if line.label == "subjects"]
        first = line.cells[0]
        assert (
            first.text,
            first.date,
            first.source,
            first.href,
        ) == ("40", "2011-05-03", "Lungs of the World", "/collection/small-cell#small-cell-2011")

    def test_use_comes_first(self, cells: Comparison) -> None:
        """May I use it is the first group."""
        assert cells.groups[0][0] == "May I use it"

    def test_software(self, knowledge: Knowledge) -> None:
        """Capabilities tell yes, no, not stated and never looked up apart."""
        table = compare(knowledge, [f"{BASE}software/breath", f"{BASE}software/sigh"])
        rows = {line.label: [cell.answer for cell in line.cells] for line in table.lines}
        assert (rows["DICOM receiver"], rows["Audit log"]) == (["yes", "no"], ["not stated", ""])

    def test_csv(self, cells: Comparison) -> None:
        """CSV has three columns a thing: value, date, source."""
        rows = list(csv.reader(io.StringIO(as_csv(cells))))
        assert rows[0][:5] == ["group", "dimension", "Small Cells", "Small Cells: as of", "Small Cells: source"]
        assert next(row for row in rows if row[1] == "subjects")[:6] == [
            "Size",
            "subjects",
            "40",
            "2011-05-03",
            "Lungs of the World",
            "400",
        ]

    def test_markdown(self, cells: Comparison) -> None:
        """Markdown marks rows that differ and gives dates."""
        lines = as_markdown(cells).splitlines()
        assert lines[0] == "| | Small Cells | Other Cells |"
        assert "| ≠ subjects | 40 (3 May 2011) | 400 (Jun 2011) |" in lines

    def test_latex(self, cells: Comparison) -> None:
        """LaTeX escapes what means something to it."""
        text = as_latex(cells)
        assert text.startswith(r"\begin{longtable}")
        assert r"subjects & 40 (3 May 2011) & 400 (Jun 2011) \\" in text
        assert "≠" not in text


class TestMatching:
    def test_ranking(self, matcher: Matcher) -> None:
        """What is known to fit comes first, what is not known next, what lacks a must last."""
        found = matcher.match(["dicom-receiver", "deidentification"], [])
        assert [(each.thing.title, each.verdict) for each in found] == [
            ("Breath", "fits"),
            ("Gasp", "may fit"),
            ("Sigh", "fails"),
        ]

    def test_narrower_capability(self, matcher: Matcher) -> None:
        """A narrower capability meets the requirement, and is named with its date."""
        reason = matcher.match(["deidentification"], [])[0].reasons[0]
        assert (reason.answer, reason.detail, reason.date) == ("yes", "De-identification of tags", "2011-11")

    def test_not_stated_is_not_no(self, matcher: Matcher) -> None:
        """Not stated and never looked up keep a program in the list."""
        answers = {each.thing.title: each.reasons[0].answer for each in matcher.match(["audit-log"], [])}
        assert answers == {"Breath": "not stated", "Gasp": "unknown", "Sigh": "unknown"}

    def test_nice_to_have(self, matcher: Matcher) -> None:
        """A wish changes the order but excludes nothing."""
        found = matcher.match([], ["deidentification-pixels"])
        assert found[0].thing.title == "Sigh"
        assert {"fits"} == {each.verdict for each in found}

    def test_general_requirements(self, matcher: Matcher) -> None:
        """Open source, maintained and in use are worked out from license, dates and archives."""
        answers = {
            each.thing.title: tuple(reason.answer for reason in each.reasons)
            for each in matcher.match(["open-source", "maintained", "in-use"], [])
        }
        assert answers == {
            "Breath": ("yes", "yes", "yes"),
            "Gasp": ("unknown", "no", "unknown"),
            "Sigh": ("yes", "unknown", "unknown"),
        }

    def test_users(self, matcher: Matcher) -> None:
        """The archives that run a program are named."""
        assert matcher.users(matcher.software[0]) == [("Lungs of the World", "/archive/lungs")]

    def test_role(self, matcher: Matcher) -> None:
        """Only programs of a role, or of a narrower one, are ranked where one is asked for."""
        assert [each.thing.title for each in matcher.match([], [], "viewer")] == ["Gasp"]

    def test_unknown_requirement(self, matcher: Matcher) -> None:
        """A requirement that nobody can have is told, with a near one."""
        with pytest.raises(BadParameter, match="dicom-receiver"):
            matcher.match(["dicom-reciever"], [])
