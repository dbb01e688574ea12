"""The command `imaging-survey`."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from graph_service import __version__, curation, upkeep
from graph_service.errors import SurveyError
from graph_service.importers import command as importing

app = typer.Typer(
    name="imaging-survey",
    help="The survey of public in-vivo imaging archives and of the software that runs them, as a knowledge graph.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
curation.register(app)
upkeep.register(app)
importing.register(app)
out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

Records = Annotated[
    Path | None,
    typer.Option(
        "--records", help="Another folder laid out like records/, in place of the shipped one.", show_default=False
    ),
]


def progress() -> Progress:
    """A line that tells what is going on; it leaves nothing behind."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"imaging-survey {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """The survey of public in-vivo imaging archives and of the software that runs them, as a knowledge graph."""


@app.command()
def build(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder that holds the releases.")] = Path("releases"),
    records: Records = None,
    large: Annotated[
        Literal["idc-collection", "idc-study", "idc-series"] | None,
        typer.Option(
            "--with", help="Also an import, in a store on disk inside the release (extra `idc`).", show_default=False
        ),
    ] = None,
    push: Annotated[
        str | None,
        typer.Option(
            "--push", help="Graph Store Protocol address of an engine to load the release into.", show_default=False
        ),
    ] = None,
) -> None:
    """Build a release: manifest, statistics, checksums and dumps in six formats, each plain and compressed."""
    from graph_service import publication, survey

    files = survey.shipped(records)
    with progress() as bar:
        task = bar.add_task("merging the records")
        made = publication.build(
            files,
            output,
            lambda step: bar.update(task, description=step),
            lambda text: err.print(text, style="yellow", markup=False),
            large,
        )
        if push is not None:
            from graph_service.engine import pushing
            from graph_service.settings import Settings

            pushing.push(made.folder, push, Settings(), lambda step: bar.update(task, description=step))
    manifest = made.manifest
    out.print(f"{made.folder}", markup=False)
    err.print(
        f"Release {made.version} of {manifest['date']}: {manifest['triples']:,} triples, digest {made.digest[:16]}."
    )


@app.command()
def ask(
    question: Annotated[
        str, typer.Argument(help="A SPARQL query, the name of a question, or `-` to read from standard input.")
    ],
    parameters: Annotated[
        list[str] | None, typer.Argument(help="Parameters of a question, as name=value.", show_default=False)
    ] = None,
    form: Annotated[
        Literal["table", "csv", "tsv", "json", "xml", "ttl", "nt", "rdf", "jsonld"],
        typer.Option("--format", "-f", help="How to write the answer."),
    ] = "table",
    records: Records = None,
    release: Annotated[
        Path | None, typer.Option("--release", help="A built release to ask.", show_default=False)
    ] = None,
) -> None:
    """Answer a question or a SPARQL query without a server."""
    from pyoxigraph import Store

    from graph_service import queries, survey, tables
    from graph_service.dataset import Built, InMemory
    from graph_service.engine.local import LocalEngine
    from graph_service.errors import BadParameter
    from graph_service.problems import suggestion

    files = survey.shipped(records)
    text = sys.stdin.read() if question == "-" else question
    known = {query.name: query for query in queries.catalog(files.queries)}
    stored = Built(release).store if release else None
    asks_store = stored is not None and question not in known  # our own questions are about what fits into memory
    if stored is not None:
        known |= {query.name: query for query in queries.catalog(files.queries / "big")}
    if question in known:
        values: dict[str, list[str]] = {}
        for each in parameters or []:
            name, equals, value = each.partition("=")
            if not equals:
                raise BadParameter(f"`{each}` is no parameter; write name=value.", parameter=each)
            values.setdefault(name, []).append(value)
        text = known[question].bind(values)
    elif parameters:
        raise BadParameter(
            f"`{question}` is no question of the survey, so it takes no parameters.{suggestion(question, known)}"
        )
    elif question.replace("-", "").isalnum():
        raise BadParameter(
            f"there is no question `{question}`.{suggestion(question, known)} `imaging-survey questions` lists all."
        )
    with progress() as bar:
        bar.add_task("loading the survey")
        dataset = Built(release) if release else InMemory(files)
        engine = (
            LocalEngine.over(Store.read_only(str(stored)), dataset.version)
            if asks_store
            else LocalEngine(dataset.quads(), dataset.version)
        )
    tables.write(engine.query(text), form, out)


@app.command()
def questions() -> None:
    """List the predefined questions."""
    from graph_service import queries, survey

    for query in queries.catalog(survey.shipped().queries):
        names = " ".join(f"{each.name}={each.example or '…'}" for each in query.parameters)
        out.print(f"[bold]{query.name}[/]  [dim]{escape(names)}[/]\n    {escape(query.summary)}")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    release: Annotated[
        Path | None,
        typer.Option(
            "--release",
            help="Folder of a release, or of releases with a `current` one; default: ./releases/current if it exists.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Front processes.")] = 1,
) -> None:
    """Serve the survey: SPARQL, questions, pages, dumps."""
    from pydantic import ValidationError

    from graph_service import running
    from graph_service.errors import BadParameter
    from graph_service.settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0])
        raise BadParameter(f"IMAGING_SURVEY_{name.upper()}: {wrong['msg']}.", parameter=name) from error
    chosen = release or settings.release or (Path("releases") if Path("releases/current").exists() else None)
    if chosen is not None and (chosen / "current").exists():
        chosen = chosen / "current"
    running.run(settings.model_copy(update={"release": chosen}), host, port, workers, err)


def _preview(old: str, new: str, releases: Path) -> None:
    """Prints, as Markdown, the rows of questions that a change adds and removes."""
    from graph_service import differences, graph, preview, queries, survey

    def state(name: str) -> Iterable[Any]:
        if (Path(name) / "archive").is_dir():
            return graph.build(survey.shipped(Path(name))).quads
        return differences.find(name, releases).quads()

    with progress() as bar:
        bar.add_task("answering all questions twice")
        found = preview.changes(state(old), state(new), queries.catalog(survey.shipped().queries))
    out.out(preview.text(found), end="", highlight=False)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A release: its folder, its version below ./releases, or `current`.")],
    new: Annotated[str, typer.Argument(help="The release to compare with it.")] = "current",
    form: Annotated[
        Literal["words", "json", "ttl", "trig", "nq"], typer.Option("--format", "-f", help="How to tell it.")
    ] = "words",
    releases: Annotated[Path, typer.Option("--releases", help="Folder that holds the releases.")] = Path("releases"),
    questions: Annotated[
        bool,
        typer.Option(
            "--questions", help="Tell which rows of which questions change; both may be folders of records too."
        ),
    ] = False,
) -> None:
    """Tell what changed from one release to another, thing by thing."""
    from graph_service import differences

    if questions:
        _preview(old, new, releases)
        return

    found = differences.between(old, new, releases)
    out.out(found.write(form).decode(), end="", highlight=False)


@app.command()
def doctor(
    url: Annotated[str, typer.Argument(help="Address of a SPARQL endpoint, or of its site.")],
    seconds: Annotated[float, typer.Option(min=1, help="How long to wait for each answer.")] = 20.0,
    as_json: Annotated[bool, typer.Option("--json", help="Write the findings as JSON.")] = False,
) -> None:
    """Check any endpoint against the conventions of the ecosystem, and print what to fix."""
    from graph_service.doctor import report

    raise typer.Exit(report.tell(url, seconds, out, as_json))


@app.command()
def mcp(
    release: Annotated[
        Path | None, typer.Option("--release", help="A built release to serve.", show_default=False)
    ] = None,
) -> None:
    """Serve the survey to an agent over standard input and output (Model Context Protocol)."""
    from graph_service import agent
    from graph_service.settings import Settings

    agent.run(Settings().model_copy(update={"release": release} if release else {}))


def main() -> None:
    """Runs the command; whatever can be told to a person is told in one line, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files need not be UTF-8, terminals neither
    gc.set_threshold(100_000)  # a graph is many objects and no cycles
    try:
        app()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone, as in `| head`; what is left goes nowhere, also when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        err.print(f"{error.filename or 'input or output'}: {error.strerror or error}.", markup=False)
        raise SystemExit(2) from None
    except SurveyError as error:
        err.print(f"[bold red]{error.code}[/]: ", end="")
        err.print(error.message, markup=False)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
