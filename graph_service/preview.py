"""What a change of the records does to the answers: which rows of which questions appear and disappear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pyoxigraph as ox

from graph_service.queries import Query
from graph_service.tables import shown


@dataclass(frozen=True)
class Change:
    """The rows that one question gains and loses, as a person reads them."""

    question: str
    summary: str
    columns: tuple[str, ...]
    added: tuple[tuple[str, ...], ...] = ()
    removed: tuple[tuple[str, ...], ...] = ()


def rows(quads: Iterable[ox.Quad], questions: Iterable[Query]) -> Iterator[tuple[Change, set[tuple[str, ...]]]]:
    """Each question with its rows: answered for all values of its parameters, and again for its example."""
    store = ox.Store()
    store.bulk_extend(quads)
    for query in questions:
        example = query.examples()
        asked = [(query.name, query.text)]
        if example:
            values = "&".join(f"{name}={value[0]}" for name, value in example.items())
            asked.append((f"{query.name}?{values}", query.bind(example)))
        for name, sparql in asked:
            answer = store.query(sparql, use_default_graph_as_union=True)
            if isinstance(answer, ox.QuerySolutions):
                names = tuple(variable.value for variable in answer.variables)
                yield Change(name, query.summary, names), {tuple(shown(row[each]) for each in names) for row in answer}


def changes(before: Iterable[ox.Quad], after: Iterable[ox.Quad], questions: Iterable[Query]) -> list[Change]:
    """The questions whose answers differ between two states of the survey, in order of their names."""
    questions = list(questions)
    old = {change.question: found for change, found in rows(before, questions)}
    return [
        replace(
            change, added=tuple(sorted(new - old[change.question])), removed=tuple(sorted(old[change.question] - new))
        )
        for change, new in rows(after, questions)
        if new != old[change.question]
    ]


def text(found: Iterable[Change], most: int = 20) -> str:
    """The changes as Markdown, at most so many rows of a kind for one question."""
    lines = []
    for change in found:
        lines += ["", f"### {change.question}: {change.summary}", ""]
        for sign, each in (("+", change.added), ("-", change.removed)):
            lines += [f"    {sign} {' | '.join(row)}" for row in each[:most]]
            if len(each) > most:
                lines.append(f"    {sign} … and {len(each) - most:,} more")
    return "\n".join(lines).lstrip("\n") + "\n" if lines else "No answer changes.\n"
