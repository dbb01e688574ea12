"""The commands that keep the survey true: `todo` and `links`."""

from __future__ import annotations

import asyncio
import datetime
import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from graph_service.curation import save

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)


def todo(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many gaps to show.")] = 30,
    form: Annotated[Literal["table", "json"], typer.Option("--format", "-f", help="How to write them.")] = "table",
) -> None:
    """List what to look up next, ranked by how many questions a fact would answer."""
    from graph_service import graph, queries, release, survey
    from graph_service import todo as gaps
    from graph_service.terms import shorten

    files = survey.shipped()
    with err.status("looking for gaps"):
        found = gaps.items(
            graph.build(files).quads, list(queries.catalog(files.queries)), release.version_of(files).date
        )
    if form == "json":
        rows = [
            {
                "thing": each.thing,
                "dimension": each.dimension,
                "why": each.why,
                "since": each.since or None,
                "questions": each.questions,
            }
            for each in found[:limit]
        ]
        print(json.dumps(rows, indent=1))  # noqa: T201
        return
    table = Table("thing", "look up", "why", "last said", "questions", header_style="bold")
    for each in found[:limit]:
        table.add_row(shorten(each.thing), each.label, each.why, each.since, str(len(each.questions)))
    out.print(table)
    err.print(f"{len(found):,} gaps in all.")


def links(
    history: Annotated[Path, typer.Option("--history", help="File that remembers the outcomes of each day.")] = Path(
        "links.jsonl"
    ),
    write: Annotated[
        bool, typer.Option("--write", help="Add observations to the records where enough is known.")
    ] = False,
    only: Annotated[
        str | None, typer.Option("--only", help="Ask only addresses that contain this text.", show_default=False)
    ] = None,
    records: Annotated[Path, typer.Option("--records", help="Folder of records to read and to write.")] = Path(
        "records"
    ),
    day: Annotated[
        str | None, typer.Option("--day", help="The day to write down; default: today.", show_default=False)
    ] = None,
    pause: Annotated[float, typer.Option(min=0, help="Seconds between two requests to one host.")] = 1.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds for one request.")] = 20.0,
) -> None:
    """Ask every home page and source whether it still answers; polite, parallel and bounded."""
    from graph_service import graph, survey
    from graph_service import links as check

    files = survey.shipped(records)
    wanted = {
        each: things
        for each, things in check.addresses(graph.build(files).quads).items()
        if only is None or only in each
    }
    today = day or datetime.date.today().isoformat()
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=err, transient=True
    ) as bar:
        task = bar.add_task("asking", total=len(wanted))
        outcomes = asyncio.run(check.ask_all(wanted, today, lambda _: bar.advance(task), pause=pause, seconds=seconds))
    check.remember(history, outcomes)
    for outcome in outcomes:
        if not outcome.alive:
            out.print(f"{outcome.kind:20} {outcome.status or '   '} {outcome.address}", markup=False)
    decided = check.verdicts(check.history(history))
    gone = sorted(address for address, outcome in decided.items() if not outcome.alive and address in wanted)
    err.print(
        f"{len(outcomes):,} addresses asked, {sum(o.alive for o in outcomes):,} alive, "
        f"{len(gone):,} unreachable on several days."
    )
    if write:
        for address in gone:
            for thing in sorted(wanted[address]):
                _note(files.records, thing, address, decided[address].kind, today)


def _note(records: Path, thing: str, address: str, kind: str, day: str) -> None:
    """Writes down, in the record of a thing, that its home page does not answer."""
    from graph_service import drafts, survey
    from graph_service.terms import BASE

    folder, _, slug = thing.removeprefix(BASE).partition("/")
    path = records / folder / f"{slug}.ttl"
    if folder == "source" or not path.exists():
        return
    facts = (("survey:status", "status:unreachable"), ("survey:linkOutcome", f"link-outcome:{kind}"))
    visit = drafts.Visit(address, f"Home page of {slug}", "archive-page", day, day, "counted", facts=facts)
    save(path, drafts.with_observation(survey.shipped(records), path, visit))
    out.print(f"added to {path}", markup=False)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command("todo")(todo)
    app.command("links")(links)
