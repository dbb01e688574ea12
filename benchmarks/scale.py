"""The Imaging Data Commons by size and by engine: import, load, query latency, memory and disk, in one command.

    python benchmarks/scale.py [--sizes 1e4,1e5,1e6,1e7,2e7] [--engines memory,disk,serve,virtuoso] [--rounds 5]
                               [--work FOLDER] [--write]

Prints tables as Markdown; `--write` puts them into benchmarks/SCALE.md and the growth curves into benchmarks/scale.svg. A
size is reached with the first series of the commons, in order. Needs the extra `idc`, PyPI's `oxigraph` and Debian's
virtuoso-opensource-7; an engine that is missing is left out. All of it listens on loopback and ends with the command.
With the full data every answer is also compared with what polars counts in the package's Parquet.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import itertools
import multiprocessing
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph as ox

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from graph_service import ondisk, queries, survey  # noqa: E402
from graph_service.engine import dialects, local  # noqa: E402
from graph_service.engine.remote import RemoteEngine  # noqa: E402
from graph_service.importers import idc_import, idc_snapshot  # noqa: E402
from tests import engines, idc_expected  # noqa: E402

SERIES_TRIPLES = 20.5
"""Triples of a series with its part of studies, patients and statistics, about."""
DIGEST = "be9c" * 16
GRAPH = dialects.release_graph(DIGEST)
BIG = list(queries.catalog(ROOT / "queries" / "big"))
LOOKUPS = {
    "a series, all of it": "SELECT ?p ?o WHERE { <%s> ?p ?o }",
    "a study with its series": "SELECT ?series ?modality ?address WHERE { ?series survey:study <%s> ; survey:seriesModality ?modality ; dcat:downloadURL ?address }",
}
SCANS = {
    "count of all series by modality": "SELECT ?m (COUNT(*) AS ?n) WHERE { ?s a survey:Series ; survey:seriesModality ?m } GROUP BY ?m ORDER BY ?m",
}
PREFIX = "PREFIX survey: <https://w3id.org/imaging-survey/ontology#> PREFIX dcat: <http://www.w3.org/ns/dcat#> "


@dataclass
class Measured:
    """What was measured of one engine at one size; seconds, bytes, milliseconds."""

    engine: str
    triples: int
    load: float = 0.0
    memory: int = 0
    disk: int = 0
    medians: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.triples / self.load if self.load else 0.0


def apart(function: Callable[..., Any], *arguments: Any) -> tuple[Any, int]:
    """What a function gives in a process of its own, and the most memory of that process."""

    def run(pipe: Any) -> None:
        result = function(*arguments)
        pipe.send((result, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))

    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=run, args=(theirs,))
    process.start()
    theirs.close()
    answer: tuple[Any, int] = ours.recv()
    process.join()
    return answer


def write_lines(size: int, path: Path) -> tuple[int, float, float, list[str]]:
    """Triples, seconds of reading and of writing, and some series and studies of a size's import."""
    began = time.perf_counter()
    snapshot = idc_snapshot.read()
    wanted = int(size / SERIES_TRIPLES)
    if wanted < snapshot.size * 0.9:
        snapshot = snapshot.sample(series=max(wanted, 50))
    whole = idc_import.Import.of(snapshot, survey.shipped())
    read = time.perf_counter()
    done = idc_import.write_file(whole, path)
    wrote = time.perf_counter()
    chosen = snapshot.series.gather_every(max(snapshot.size // 200, 1)).head(200)
    names = [f"urn:oid:{uid}" for column in ("SeriesInstanceUID", "StudyInstanceUID") for uid in chosen[column]]
    return done.total(), read - began, wrote - read, names


def load_disk(lines: Path, place: Path) -> tuple[float, float]:
    """Seconds for loading a store on disk from as many files as `build --with` writes, and for compacting it."""
    pieces = split(lines, ondisk.LOADERS)
    began = time.perf_counter()
    store = ox.Store(str(place))
    ondisk.fill(store, pieces)
    loaded = time.perf_counter()
    store.optimize()
    store.flush()
    return loaded - began, time.perf_counter() - loaded


def split(lines: Path, number: int) -> list[Path]:
    """The lines in so many files beside it, in turns of a megabyte."""
    pieces = [lines.with_name(f"{lines.stem}-{place}.nt") for place in range(number)]
    with contextlib.ExitStack() as opened:
        source = opened.enter_context(lines.open("rb"))
        targets = itertools.cycle([opened.enter_context(piece.open("wb")) for piece in pieces])
        while block := source.read(1 << 20):
            next(targets).write(block + source.readline())
    return pieces


def measured(ask: Callable[[str], int], names: list[str], rounds: int) -> dict[str, float]:
    """The median of each query in milliseconds; `ask` gives the number of rows."""
    found: dict[str, float] = {}
    half = len(names) // 2
    for place, (title, text) in enumerate(LOOKUPS.items()):
        times = [timed(ask, PREFIX + text % name) for name in names[place * half : place * half + half]]
        found[title] = statistics.median(times)
    for question in BIG:
        text = question.bind(question.examples())
        found[question.name] = statistics.median(timed(ask, text) for _ in range(rounds))
    for title, text in SCANS.items():
        found[title] = statistics.median(timed(ask, PREFIX + text) for _ in range(min(rounds, 3)))
    return found


def timed(ask: Callable[[str], int], text: str) -> float:
    began = time.perf_counter()
    ask(text)
    return (time.perf_counter() - began) * 1000


def local_ask(store: ox.Store) -> Callable[[str], int]:
    engine = local.LocalEngine.over(store, DIGEST)
    return lambda text: len(engine.query(text).serialize(format=ox.QueryResultsFormat.JSON) or b"")  # type: ignore[union-attr]


def in_memory(lines: Path, triples: int, names: list[str], rounds: int) -> Measured:
    """Oxigraph in memory, in this process."""
    before = resident()
    began = time.perf_counter()
    store = ox.Store()
    store.bulk_load(path=str(lines))
    made = Measured("memory", triples, time.perf_counter() - began)
    made.memory = resident() - before
    made.medians = measured(local_ask(store), names, rounds)
    return made


def on_disk(place: Path, load: float, triples: int, names: list[str], rounds: int) -> Measured:
    """Oxigraph's store on disk, read only, in this process."""
    before = resident()
    made = Measured("disk", triples, load, disk=weight(place))
    made.medians = measured(local_ask(ox.Store.read_only(str(place))), names, rounds)
    made.memory = resident() - before
    return made


def served(place: Path, load: float, triples: int, names: list[str], rounds: int) -> Measured:
    """`oxigraph serve-read-only` over the same store."""
    made = Measured("serve", triples, load, disk=weight(place))
    with engines.oxigraph(place, read_only=place) as running, httpx.Client(timeout=600, trust_env=False) as client:

        def ask(text: str) -> int:
            answer = client.post(
                running.query, data={"query": text}, headers={"Accept": "application/sparql-results+json"}
            )
            answer.raise_for_status()
            return len(answer.content)

        made.medians = measured(ask, names, rounds)
        made.memory = running.memory()
    return made


def virtuoso(lines: Path, work: Path, triples: int, names: list[str], rounds: int) -> Measured:
    """Virtuoso, loaded by its own bulk loader with two processes."""
    made = Measured("virtuoso", triples)
    folder = work / "virtuoso"
    with engines.virtuoso(folder, work, buffers=340_000) as running:
        isql = engines.debian("isql-vt", "virtuoso-opensource-7")

        def tell(text: str) -> None:
            subprocess.run(
                [isql, f"127.0.0.1:{running.port}", "dba", "dba", f"exec={text}"], check=True, capture_output=True
            )

        began = time.perf_counter()
        tell(f"ld_dir('{lines.parent}', '{lines.name}', '{GRAPH}');")
        tell("rdf_loader_run();")
        tell("checkpoint;")
        made.load = time.perf_counter() - began
        engine = RemoteEngine(running.query, DIGEST, dialects.VIRTUOSO, seconds=600)
        made.medians = measured(lambda text: len(list(engine.query(text))), names, rounds)  # type: ignore[arg-type]
        engine.close()
        made.memory = running.memory()
    made.disk = weight(folder)
    shutil.rmtree(folder)
    return made


def verified(place: Path) -> list[str]:
    """The questions whose answers over the full data are not what polars counts, hopefully none."""
    snapshot = idc_snapshot.read()
    codes = idc_import.Import.of(snapshot, survey.shipped()).codes
    records = {each: name.rsplit("/", 1)[1] for each, name in codes.records.items()}
    engine = local.LocalEngine.over(ox.Store.read_only(str(place)), DIGEST)
    wrong = []
    for question in BIG:
        if question.name in ("download-manifest", "studies-of-a-patient"):  # limited to 10,000 rows
            continue
        expected = idc_expected.rows(question.name, snapshot, records)
        answer = [tuple(_plain(term) for term in row) for row in engine.query(question.text)]  # type: ignore[union-attr]
        if sorted(answer, key=repr) != sorted(expected, key=repr):
            wrong.append(question.name)
    return wrong


def _plain(term: Any) -> Any:
    if isinstance(term, ox.Literal) and term.datatype.value.endswith(("#integer", "#gYear")):
        return int(term.value)
    return None if term is None else term.value.removeprefix("https://w3id.org/imaging-survey/")


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def weight(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def table(header: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows])


def curves(results: list[Measured]) -> str:
    """Growth curves as SVG: load seconds and the median lookup, scan and question, by triples, on logarithmic axes."""
    import math

    colors = {"memory": "#1b6ca8", "disk": "#c05621", "serve": "#2f855a", "virtuoso": "#6b46c1"}
    charts: list[tuple[str, Callable[[Measured], float]]] = [
        ("load, seconds", lambda each: each.load),
        ("record lookup, ms", lambda each: each.medians[next(iter(LOOKUPS))]),
        ("question, median of all, ms", lambda each: statistics.median(each.medians[q.name] for q in BIG)),
        ("scan of all series, ms", lambda each: each.medians[next(iter(SCANS))]),
    ]
    width, height, left, top = 380, 260, 60, 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * width} {2 * height + 30}" font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for place, (title, value) in enumerate(charts):
        x0, y0 = (place % 2) * width + left, (place // 2) * height + top
        inner_width, inner_height = width - left - 20, height - top - 30
        values = [max(value(each), 1e-3) for each in results]
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        high = max(high, low + 1)

        def at(
            triples: float,
            number: float,
            x0: float = x0,
            y0: float = y0,
            low: int = low,
            high: int = high,
            w: float = inner_width,
            h: float = inner_height,
        ) -> str:
            across = (math.log10(triples) - 3.9) / (7.5 - 3.9)
            up = (math.log10(max(number, 1e-3)) - low) / (high - low)
            return f"{x0 + across * w:.1f},{y0 + h - up * h:.1f}"

        parts.append(f'<text x="{x0}" y="{y0 - 12}" font-weight="bold">{title}</text>')
        for power in range(low, high + 1):
            y = at(1e4, 10.0**power).split(",")[1]
            parts.append(
                f'<path d="M{x0},{y} h{inner_width}" stroke="#ddd"/><text x="{x0 - 6}" y="{y}" text-anchor="end" dy="4">{10.0**power:g}</text>'
            )
        for power in (4, 5, 6, 7):
            x = at(10.0**power, 10.0**low).split(",")[0]
            parts.append(f'<text x="{x}" y="{y0 + inner_height + 16}" text-anchor="middle">10^{power}</text>')
        for name, color in colors.items():
            line = sorted((each.triples, value(each)) for each in results if each.engine == name)
            if line:
                points = " ".join(at(triples, number) for triples, number in line)
                parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>')
                parts += [
                    f'<circle cx="{p.split(",")[0]}" cy="{p.split(",")[1]}" r="3" fill="{color}"/>'
                    for p in points.split()
                ]
    for place, (name, color) in enumerate(colors.items()):
        x = left + place * 150
        parts.append(
            f'<rect x="{x}" y="{2 * height + 8}" width="12" height="12" fill="{color}"/><text x="{x + 18}" y="{2 * height + 18}">{name}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def report(imports: list[list[str]], results: list[Measured], notes: list[str]) -> str:
    """Everything as Markdown."""
    loads = [
        [f"{each.triples:,}", each.engine, f"{each.load:.1f}", f"{each.rate:,.0f}", f"{each.memory / 1e6:,.0f}",
         f"{each.memory / each.triples:.0f}", f"{each.disk / 1e6:,.0f}" if each.disk else "", f"{each.disk / each.triples:.0f}" if each.disk else ""]
        for each in results
    ]  # fmt: skip
    sizes = sorted({each.triples for each in results})
    latencies = []
    for title in next(iter(results)).medians:
        for name in dict.fromkeys(each.engine for each in results):
            by_size = {each.triples: each.medians[title] for each in results if each.engine == name}
            latencies.append([title, name, *(f"{by_size[size]:.2f}" if size in by_size else "" for size in sizes)])
    where = (
        f"{date.today().isoformat()}, {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"pyoxigraph {ox.__version__}; load average at the end {os.getloadavg()[0]:.1f}. "
        "Made by `python benchmarks/scale.py --write`."
    )
    return "\n".join(
        [
            "# Scale",
            "",
            where,
            "",
            *(f"- {note}" for note in notes),
            "",
            "## Import to N-Triples",
            "",
            table(["triples", "reading s", "writing s", "triples/s", "peak MB"], imports),
            "",
            "## Load, memory and disk",
            "",
            "Memory of `memory`: growth of the process; of `disk`: after all queries; of the servers: theirs.",
            "",
            table(["triples", "engine", "load s", "triples/s", "memory MB", "B/triple", "disk MB", "B/triple"], loads),
            "",
            "## Median latency, milliseconds",
            "",
            table(["query", "engine", *(f"{size:,}" for size in sizes)], latencies),
            "",
            "![Growth curves](scale.svg)",
            "",
        ]
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="The Imaging Data Commons by size and by engine.")
    parser.add_argument("--sizes", default="1e4,1e5,1e6,1e7,2e7")
    parser.add_argument("--engines", default="memory,disk,serve,virtuoso")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=None)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    wanted = given.engines.split(",")
    imports: list[list[str]] = []
    results: list[Measured] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory(dir=given.work) as folder:
        work = Path(folder)
        for size in (int(float(each)) for each in given.sizes.split(",")):
            lines, place = work / "idc.nt", work / "store"
            (triples, reading, writing, names), peak = apart(write_lines, size, lines)
            imports.append(
                [
                    f"{triples:,}",
                    f"{reading:.1f}",
                    f"{writing:.1f}",
                    f"{triples / (reading + writing):,.0f}",
                    f"{peak / 1e6:,.0f}",
                ]
            )
            print(imports[-1], flush=True)
            load = 0.0
            if "disk" in wanted or "serve" in wanted:
                (load, compacting), peak = apart(load_disk, lines, place)
                notes.append(
                    f"{triples:,} triples into the store on disk: {load:.1f} s for loading ({triples / load:,.0f}/s) and "
                    f"{compacting:.1f} s for compacting, at most {peak / 1e6:,.0f} MB"
                )
            runs: dict[str, tuple[Any, ...]] = {
                "memory": (in_memory, lines, triples, names, given.rounds),
                "disk": (on_disk, place, load, triples, names, given.rounds),
                "serve": (served, place, load, triples, names, given.rounds),
                "virtuoso": (virtuoso, lines, work, triples, names, given.rounds),
            }
            for name in wanted:
                made = apart(*runs[name])[0]
                results.append(made)
                print(name, f"{made.triples:,}", f"{made.load:.1f} s", f"{made.rate:,.0f}/s", flush=True)
            if size >= 2e7 and "disk" in wanted:
                wrong = apart(verified, place)[0]
                notes.append(
                    f"over the full data polars and the questions agree, except on: {', '.join(wrong) or 'none'}"
                )
            shutil.rmtree(place, ignore_errors=True)
            lines.unlink()
    text = report(imports, results, notes)
    print(text)
    if given.write:
        (Path(__file__).parent / "SCALE.md").write_text(text, encoding="utf-8")
        (Path(__file__).parent / "scale.svg").write_text(curves(results), encoding="utf-8")


if __name__ == "__main__":
    main()
