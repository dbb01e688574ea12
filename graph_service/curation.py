"""The commands with which records are made and kept: `check`, `format`, `new`."""

from __future__ import annotations

import datetime
import re
import shutil
import time
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.prompt import Prompt

from graph_service.errors import BadParameter
from graph_service.problems import Problem

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)
SOMETHING = re.compile(r".*\S.*")
new = typer.Typer(help="Write a new record, or a new observation into a record.", no_args_is_help=True)

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Records, or folders laid out like records/; without one the whole survey.", show_default=False
    ),
]


def check(
    paths: Paths = None,
    form: Annotated[
        Literal["text", "json", "sarif", "github"], typer.Option("--format", "-f", help="How to write the problems.")
    ] = "text",
    watch: Annotated[bool, typer.Option("--watch", help="Check again whenever a record changes.")] = False,
) -> None:
    """Check records: style, syntax, identity, references, shapes and rules; every problem at its line."""
    from graph_service import reports, survey, validation

    files = survey.shipped()
    if watch:
        _watch(files.records if not paths else paths[0], paths or [], form)
        return
    with err.status("checking the whole survey" if not paths else f"checking {len(paths)} path(s)"):
        problems = validation.check(files, paths or [])
    print(reports.write(problems, form), end="")  # noqa: T201 - exact text, no markup
    if problems:
        err.print(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}.", style="bold red")
        raise typer.Exit(1)
    err.print("No problem found.", style="green")


def _watch(root: Path, paths: list[Path], form: str) -> None:
    """Checks what changed, again and again, until it is interrupted."""
    from graph_service import records, reports, survey
    from graph_service.checker import Checker
    from graph_service.records import Record

    checker = Checker(survey.shipped(), paths)
    seen = _times(paths or [root])
    err.print(f"Watching {root}; stop with Ctrl-C.", markup=False)
    while True:
        now = _times(paths or [root])
        for path in seen.keys() - now.keys():
            gone = records.identify(path)
            if isinstance(gone, Record):
                checker.forget(gone.graph)
        changed = [path for path, changed_at in now.items() if seen.get(path) != changed_at]
        seen = now
        for path in changed:
            started = time.perf_counter()
            problems = checker.check(path, learn=True)
            took = (time.perf_counter() - started) * 1000
            print(reports.write(problems, form), end="", flush=True)  # noqa: T201
            told = f"{path}: {len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'} ({took:.0f} ms)"
            err.print(told, markup=False)
        time.sleep(0.3)


def _times(paths: list[Path]) -> dict[Path, float]:
    """When each record was changed last; editors take files away for a moment, and links may lead nowhere."""
    found: dict[Path, float] = {}
    for root in paths:
        for path in [root] if not root.is_dir() else sorted(root.rglob("[!.]*.ttl")):
            try:
                found[path] = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue
            except OSError:
                found[path] = 0
    return found


def format_records(
    paths: Paths = None,
    only_check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 when a record would change.")
    ] = False,
) -> None:
    """Rewrite records in the survey's style, without losing a statement or a comment."""
    from graph_service import formatting, records, style, survey

    files = survey.shipped()
    order = style.fact_order(files.ontology / "survey.ttl")
    changed = failed = 0
    for root in paths or [files.records]:
        for found in records.find(root):
            text = found if isinstance(found, Problem) else records.text_of(found.path)
            result: str | Problem
            if isinstance(text, Problem) or isinstance(found, Problem):
                result = text if isinstance(text, Problem) else found  # type: ignore[assignment]
            else:
                result = formatting.formatted(found, text, order)
            if isinstance(result, Problem):
                failed += 1
                print(result)  # noqa: T201
            elif result != text:
                changed += 1
                err.print(f"{'would change' if only_check else 'changed'} {found.path}", markup=False)
                if not only_check:
                    save(found.path, result)
    err.print(f"{changed} record(s) {'would change' if only_check else 'changed'}.")
    if failed or (only_check and changed):
        raise typer.Exit(1)


def save(path: Path, text: str) -> None:
    """Writes a file in one step: whoever reads it sees the old text or the new one, never a part."""
    target = path.resolve()  # a link stays one
    temporary = target.with_name(f".{target.name}.new")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    if target.exists():
        shutil.copymode(target, temporary)
    temporary.replace(target)


def _records_folder(given: Path | None) -> Path:
    from graph_service import survey

    folder = given or (Path("records") if Path("records").is_dir() else survey.shipped().records)
    if not folder.is_dir():
        raise BadParameter(f"`{folder}` is no folder of records.", parameter="records")
    return folder


def _asked(value: str | None, question: str, default: str | None = None, fits: re.Pattern[str] = SOMETHING) -> str:
    """The value of a flag, or the answer to a question where somebody sits at a terminal; asked until it fits."""
    if value is not None:
        return value
    if not err.is_terminal:
        if default is not None:
            return default
        raise BadParameter(f"{question} is missing; give it as a flag (`--help` lists them).")
    while True:
        answer = Prompt.ask(question, console=err, default=default) or ""
        if fits.fullmatch(answer.strip()):
            return answer.strip()
        err.print("This is no web address; write the whole of it, with https://." if answer else "Please answer.")


Title = Annotated[str | None, typer.Option("--title", help="Name of the thing, in English.", show_default=False)]
Description = Annotated[
    str | None, typer.Option("--description", help="One sentence that ends in a full stop.", show_default=False)
]
Slug = Annotated[
    str | None, typer.Option("--slug", help="Name of the file; made from the title when left out.", show_default=False)
]
Homepage = Annotated[str | None, typer.Option("--homepage", help="Web address of the thing.", show_default=False)]
Source = Annotated[
    str | None, typer.Option("--source", help="Web address where you read about it.", show_default=False)
]
SourceTitle = Annotated[
    str | None, typer.Option("--source-title", help="Title of that page or document.", show_default=False)
]
SourceKind = Annotated[str, typer.Option("--source-kind", help="Kind of source, from that vocabulary.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="When it was so: 2026, 2026-11 or 2026-11-25.", show_default=False)
]
Consulted = Annotated[
    str | None, typer.Option("--consulted", help="Day on which you read it; default: today.", show_default=False)
]
Certainty = Annotated[str, typer.Option("--certainty", help="stated, counted, inferred, assumed or second-hand.")]
Facts = Annotated[
    list[str] | None,
    typer.Option("--fact", help="A fact, as `survey:modality modality:ct`; may be repeated.", show_default=False),
]
Folder = Annotated[Path | None, typer.Option("--records", help="Folder of records to write into.", show_default=False)]


def _facts(given: list[str] | None) -> tuple[tuple[str, str], ...]:
    pairs = []
    for each in given or []:
        predicate, space, value = each.strip().partition(" ")
        if not space:
            raise BadParameter(f"`{each}` is no fact; write `survey:modality modality:ct`.", parameter="fact")
        pairs.append((predicate, value.strip()))
    return tuple(pairs)


def _write(
    kind: str, slug: str | None, title: str, plain: list[tuple[str, str]], visit: object, folder: Path | None
) -> None:
    from graph_service import drafts, survey

    records_root = _records_folder(folder)
    name = slug or drafts.slug_of(title)
    if not name:
        raise BadParameter(f"`{title}` gives no name for the file; write one with --slug.", parameter="slug")
    text = drafts.record(survey.shipped(records_root), kind, name, plain, visit)  # type: ignore[arg-type]
    path = records_root / kind / f"{name}.ttl"
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, text)
    _tell(path)


def _tell(path: Path) -> None:
    """Names the record that was written and whatever is wrong with it; exit 1 when something is."""
    from graph_service import reports, survey, validation

    out.print(f"{path}", markup=False)
    problems = validation.check(survey.shipped(), [path])
    for problem in problems:
        err.print(reports.line(problem), markup=False, style="yellow")
    if problems:
        err.print("The record is written; please mend these lines.", style="bold red")
        raise typer.Exit(1)


def _address(given: str) -> str:
    """A web address as it stands in Turtle; raises `BadParameter` for what is none."""
    from graph_service.drafts import ADDRESS

    if not ADDRESS.fullmatch(given):
        raise BadParameter(f"`{given}` is no web address; write the whole of it, with https://.", parameter="address")
    return f"<{given}>"


def _visit(
    source: str | None,
    title: str | None,
    kind: str,
    as_of: str | None,
    consulted: str | None,
    certainty: str,
    facts: list[str] | None,
) -> object:
    from graph_service.drafts import ADDRESS, Visit

    address = _asked(source, "Web address of the source", fits=ADDRESS)
    return Visit(
        address,
        _asked(title, "Title of the source", address),
        kind,
        consulted or datetime.date.today().isoformat(),
        as_of,
        certainty,
        facts=_facts(facts),
    )


def _named(title: str | None, description: str | None) -> tuple[str, list[tuple[str, str]]]:
    from graph_service.writing import quoted

    name = _asked(title, "Title")
    sentence = _asked(description, "One sentence that says what it is")
    return name, [("dcterms:title", quoted(name)), ("dcterms:description", quoted(sentence.rstrip(".") + "."))]


Sort = Annotated[str, typer.Option("--kind", "--role", help="From the vocabulary archive-kind, or software-role.")]
Scope = Annotated[str, typer.Option(help="From the vocabulary scope; software has none.")]


def _surveyed(kind: str) -> None:
    """Adds `new archive`, `new collection` or `new software`."""
    called = {"archive": "an archive", "collection": "a collection", "software": "a piece of software"}
    default = {"archive": "archive", "collection": "collection", "software": "archive-server"}[kind]

    @new.command(kind, help=f"Write the record of {called[kind]}.")
    def command(
        title: Title = None,
        description: Description = None,
        slug: Slug = None,
        sort: Sort = default,
        scope: Scope = "in-vivo",
        homepage: Homepage = None,
        source: Source = None,
        source_title: SourceTitle = None,
        source_kind: SourceKind = "archive-page",
        as_of: AsOf = None,
        consulted: Consulted = None,
        certainty: Certainty = "stated",
        fact: Facts = None,
        records: Folder = None,
    ) -> None:
        name, plain = _named(title, description)
        if kind == "software":
            plain.append(("survey:softwareRole", f"software-role:{sort}"))
        else:
            plain += [("survey:kind", f"archive-kind:{sort}"), ("survey:scope", f"scope:{scope}")]
        if homepage:
            plain.append(("foaf:homepage", _address(homepage)))
        _write(
            kind,
            slug,
            name,
            plain,
            _visit(source, source_title, source_kind, as_of, consulted, certainty, fact),
            records,
        )


for _kind in ("archive", "collection", "software"):
    _surveyed(_kind)


@new.command()
def organization(
    title: Title = None,
    description: Description = None,
    slug: Slug = None,
    homepage: Homepage = None,
    country: Annotated[
        list[str] | None, typer.Option(help="Two-letter code; may be repeated.", show_default=False)
    ] = None,
    records: Folder = None,
) -> None:
    """Write the record of an organization."""
    name, plain = _named(title, description)
    if homepage:
        plain.append(("foaf:homepage", _address(homepage)))
    plain += [("survey:country", f"country:{code.lower()}") for code in country or []]
    _write("organization", slug, name, plain, None, records)


@new.command("source")
def new_source(
    address: Annotated[str, typer.Argument(help="Web address of the source.")],
    title: Title = None,
    kind: SourceKind = "archive-page",
    slug: Slug = None,
    records: Folder = None,
) -> None:
    """Write the record of a source that several records use."""
    from graph_service import drafts
    from graph_service.writing import quoted

    name = _asked(title, "Title of the source", address)
    plain = [
        ("dcterms:title", quoted(name)),
        ("schema:url", _address(address)),
        ("survey:sourceKind", f"source-kind:{kind}"),
    ]
    _write("source", slug or drafts.slug_of(address), name, plain, None, records)


@new.command()
def observation(
    record: Annotated[str, typer.Argument(help="The record, as archive/give-a-scan or the path of its file.")],
    source: Source = None,
    source_title: SourceTitle = None,
    source_kind: SourceKind = "archive-page",
    as_of: AsOf = None,
    consulted: Consulted = None,
    certainty: Certainty = "stated",
    fact: Facts = None,
    records: Folder = None,
) -> None:
    """Add what a source says now to a record; what earlier sources said stays."""
    from graph_service import drafts, survey

    root = _records_folder(records)
    path = Path(record) if record.endswith(".ttl") else root / f"{record}.ttl"
    visit = _visit(source, source_title, source_kind, as_of, consulted, certainty, fact)
    save(path, drafts.with_observation(survey.shipped(root), path, visit))  # type: ignore[arg-type]
    _tell(path)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command("check")(check)
    app.command("format")(format_records)
    app.add_typer(new, name="new")
