"""The commands `import idc` and `import registries`: what machine-readable sources say, as files for review or loading."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

err = Console(stderr=True, soft_wrap=True, highlight=False)
group = typer.Typer(help="Import what machine-readable sources say; no record is ever changed.", no_args_is_help=True)


def bar() -> Progress:
    """A progress bar that leaves nothing behind."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


@group.command()
def idc(
    level: Annotated[
        Literal["collection", "study", "series"],
        typer.Option("--level", help="How deep: collections and statistics, also patients and studies, or all series."),
    ] = "collection",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File that ends in .nt or .nq; without it N-Quads go to standard output.",
            show_default=False,
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--collections", min=1, help="Only so many collections, the smallest.", show_default=False),
    ] = None,
) -> None:
    """NCI's Imaging Data Commons, from the installed package idc-index-data (extra `idc`)."""
    from graph_service import survey
    from graph_service.importers import idc_import, idc_snapshot

    with bar() as shown:
        task = shown.add_task("reading the package", total=None)
        snapshot = idc_snapshot.read()
        if sample is not None:
            snapshot = snapshot.sample(collections=sample)
        whole = idc_import.Import.of(snapshot, survey.shipped(), level)

        def tell(step: str, done: int, total: int) -> None:
            shown.update(task, description=step, completed=done, total=max(done, total))

        if output is not None:
            done = idc_import.write_file(whole, output, tell)
        else:
            done = idc_import.write(whole, sys.stdout.buffer, named=True, progress=tell)
    counted = ", ".join(f"{step} {number:,}" for step, number in done.items())
    err.print(f"Release {snapshot.data_version} of {snapshot.date}: {done.total():,} triples ({counted}).")
    for line in idc_import.unknown(whole.codes):
        err.print(f"no concept for {line}; kept as it is.", style="yellow", markup=False)


@group.command()
def registries(
    output: Annotated[Path, typer.Option("--output", "-o", help="File of candidate observations, in Turtle.")] = Path(
        "candidates.ttl"
    ),
    report: Annotated[
        Path | None, typer.Option("--report", help="File for the report, in Markdown.", show_default=False)
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--source",
            help="Folder laid out like bioregistry's `external`; default: the installed package.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Propose observations from the re3data and FAIRsharing records that the package bioregistry carries, for review."""
    from graph_service import survey
    from graph_service.curation import save
    from graph_service.importers import registries as importer

    found = importer.candidates(survey.shipped(), importer.read(source))
    save(output, importer.turtle(found))
    text = importer.report(found)
    if report is not None:
        save(report, text)
    err.print(text.split("\n\n")[1], markup=False)
    err.print(f"{output}", markup=False)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.add_typer(group, name="import")
