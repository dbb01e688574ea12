"""The survey's table for two to eight things: rows are dimensions in groups, each cell with its date and its source."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from graph_service import phrases
from graph_service.errors import BadParameter
from graph_service.knowledge import SURVEYED, Knowledge, kind_of, path_of, survey
from graph_service.observed import Shown
from graph_service.problems import suggestion
from graph_service.terms import BASE
from graph_service.things import CAPABILITIES, Thing, Use

MOST = 8
NAMES = ("Names", "Addresses", "Identifiers")
"""Sections in which every thing has values of its own."""

SKIPPED = {survey(f"step{number}") for number in range(1, 10)} | {*CAPABILITIES}


@dataclass(frozen=True)
class Cell:
    """What is known of one thing in one row; `answer` tells apart yes, no, not stated and never looked up (empty)."""

    values: tuple[Shown, ...] = ()
    answer: str = ""
    date: str = ""
    source: str = ""
    href: str = ""
    duty: str = ""

    @property
    def text(self) -> str:
        """The cell in plain words."""
        if self.values:
            return "; ".join(value.text for value in self.values)
        return {"": "", "yes": "yes", "component": "yes, through a component", "partial": "in part"}.get(
            self.answer, self.answer
        )


@dataclass(frozen=True)
class Line:
    """One row: what is compared, what that means, and a cell for each thing."""

    label: str
    definition: str
    cells: tuple[Cell, ...]
    names: bool = False
    """Whether the row names the things, so that it always differs and tells nothing by that."""

    @property
    def differs(self) -> bool:
        """Whether two things that are known to be something are not the same."""
        if self.names:
            return False
        known = [(cell.text, cell.answer) for cell in self.cells if cell.answer not in {"", "not stated", "unknown"}]
        return len(set(known)) > 1


@dataclass(frozen=True)
class Comparison:
    """A whole table."""

    things: tuple[Thing, ...]
    groups: tuple[tuple[str, tuple[Line, ...]], ...]

    @property
    def lines(self) -> list[Line]:
        return [line for _, lines in self.groups for line in lines]


def chosen(knowledge: Knowledge, names: Sequence[str]) -> list[str]:
    """The IRIs of things given as `archive/tcia`, `archive:tcia`, IRI or title; raises `BadParameter`."""
    titles = {knowledge.label(iri).casefold(): iri for kind in SURVEYED for iri in knowledge.of_kind(kind)}
    found = []
    for name in names:
        wanted = name.strip()
        if not wanted:
            continue
        iri = f"{BASE}{wanted.removeprefix(BASE).strip('/').replace(':', '/', 1)}"
        if kind_of(iri) not in SURVEYED or not knowledge.exists(iri):
            iri = titles.get(wanted.casefold(), "")
        if not iri:
            known = [*titles, *(each.removeprefix(BASE) for each in titles.values())]
            raise BadParameter(
                f"`{wanted}` is no archive, collection or software of the survey.{suggestion(wanted, known)}",
                parameter="thing",
            )
        if iri not in found:
            found.append(iri)
    if len(found) > MOST:
        raise BadParameter(
            f"{len(found)} things were chosen; at most {MOST} can stand side by side.", parameter="thing"
        )
    return found


def compare(knowledge: Knowledge, iris: Sequence[str]) -> Comparison:
    """The table of these things; rows on which nothing is known of any of them are left out."""
    things = tuple(Thing(knowledge, iri) for iri in iris)
    groups = []
    for section in knowledge.sections:
        lines = []
        for dimension in knowledge.dimensions.values():
            if dimension.section != section or dimension.iri in SKIPPED:
                continue
            cells = tuple(_cell(thing, dimension.iri) for thing in things)
            if any(cell.answer for cell in cells):
                lines.append(Line(dimension.label, dimension.definition, cells, section in NAMES))
        if section == "Capabilities":
            lines += _capabilities(knowledge, things)
        if lines:
            groups.append((section, tuple(lines)))
    if any(thing.uses for thing in things):
        groups.insert(0, ("May I use it", tuple(_uses(things))))
    return Comparison(things, tuple(groups))


def _cell(thing: Thing, dimension: str) -> Cell:
    fact = thing.fact(thing.knowledge.dimensions[dimension])
    if fact is None:
        return Cell()
    newest = fact.seen[0] if fact.seen else None
    return Cell(
        fact.values,
        fact.answer,
        fact.date,
        thing.knowledge.label(newest.source) if newest and newest.source else "",
        f"{path_of(thing.iri)}#{newest.anchor}" if newest else "",
    )


def _capabilities(knowledge: Knowledge, things: Sequence[Thing]) -> list[Line]:
    answers = [
        {shown.href: (shown, answer, seen) for _, rows in thing.capabilities for shown, answer, seen in rows}
        for thing in things
    ]
    every = sorted(
        {(href, shown.text, shown.title) for each in answers for href, (shown, _, _) in each.items()},
        key=lambda row: row[1],
    )
    lines = []
    for href, label, definition in every:
        cells = []
        for thing, each in zip(things, answers, strict=True):
            if href not in each:
                cells.append(Cell())
                continue
            _, answer, seen = each[href]
            source = knowledge.label(seen.source) if seen and seen.source else ""
            cells.append(
                Cell(
                    (), answer, seen.date if seen else "", source, f"{path_of(thing.iri)}#{seen.anchor}" if seen else ""
                )
            )
        lines.append(Line(label, definition, tuple(cells)))
    return lines


def _uses(things: Sequence[Thing]) -> list[Line]:
    questions = dict.fromkeys((use.question, use.iri) for thing in things for use in thing.uses)
    lines = []
    for question, iri in questions:
        cells = []
        for thing in things:
            use = next((use for use in thing.uses if use.iri == iri), None)
            cells.append(_use_cell(thing, use) if use else Cell())
        lines.append(Line(question, things[0].knowledge.definition(iri), tuple(cells)))
    return lines


def _use_cell(thing: Thing, use: Use) -> Cell:
    """The answer on one use; a duty is told in words, since its *no* is good news."""
    words = {"yes": "required", "no": "not required"}.get(use.answer) if use.is_duty else None
    return Cell(
        (Shown(words),) if words else (), use.answer, "", use.reason, path_of(thing.iri), use.answer if words else ""
    )


def as_csv(table: Comparison) -> str:
    """One line a row of the table: three columns for each thing."""
    out = io.StringIO()
    writer = csv.writer(out)
    head = ["group", "dimension"]
    for thing in table.things:
        head += [thing.title, f"{thing.title}: as of", f"{thing.title}: source"]
    writer.writerow(head)
    for group, lines in table.groups:
        for line in lines:
            row = [group, line.label]
            for cell in line.cells:
                row += [cell.text, cell.date, cell.source]
            writer.writerow(row)
    return out.getvalue()


def as_markdown(table: Comparison) -> str:
    """A table in GitHub's Markdown; `≠` marks rows that differ."""

    def cell_text(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", " ")

    lines = ["| |" + "".join(f" {cell_text(thing.title)} |" for thing in table.things)]
    lines.append("|---|" + "---|" * len(table.things))
    for group, rows in table.groups:
        lines.append(f"| **{group}** |" + " |" * len(table.things))
        for line in rows:
            cells = [cell_text(_dated(cell)) for cell in line.cells]
            lines.append(f"| {'≠ ' if line.differs else ''}{line.label} |" + "".join(f" {text} |" for text in cells))
    return "\n".join(lines) + "\n"


LATEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}"}
    | {
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "≠": r"$\neq$",
        "≈": r"$\approx$",
        "–": "--",
        "…": r"\dots{}",
    }
)


def as_latex(table: Comparison) -> str:
    """A `longtable` (packages longtable and booktabs)."""
    width = round(0.76 / max(len(table.things), 1), 3)
    columns = "p{0.2\\linewidth}" + f"p{{{width}\\linewidth}}" * len(table.things)
    lines = [f"\\begin{{longtable}}{{{columns}}}", r"\toprule"]
    lines += [
        "".join(f" & {thing.title.translate(LATEX)}" for thing in table.things) + r" \\",
        r"\midrule",
        r"\endhead",
    ]
    for group, rows in table.groups:
        lines.append(f"\\multicolumn{{{len(table.things) + 1}}}{{l}}{{\\textbf{{{group.translate(LATEX)}}}}} \\\\")
        for line in rows:
            cells = "".join(f" & {_dated(cell).translate(LATEX)}" for cell in line.cells)
            lines.append(f"{line.label.translate(LATEX)}{cells} \\\\")
    return "\n".join([*lines, r"\bottomrule", r"\end{longtable}", ""])


def _dated(cell: Cell) -> str:
    return f"{cell.text} ({phrases.short_date(cell.date)})" if cell.text and cell.date else cell.text
