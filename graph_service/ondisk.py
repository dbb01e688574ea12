"""A release's store on disk: the survey together with imports that are too large for memory, ready to be opened read-only.

Named graphs cost twice the space in the engine, so patients, studies and series lie in the store's graph without a name;
the default graph that queries see is the union of all, as everywhere. `imports.json` tells what is in it.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from graph_service.importers.idc_import import COMMONS, Import, Level, expected, of_installed
from graph_service.release import IMPORTS, SERVED, STORE
from graph_service.survey import Files

Step = Callable[[str], None]
WITH: dict[str, Level] = {"idc-collection": "collection", "idc-study": "study", "idc-series": "series"}
"""What `build --with` takes, and the level of the import that it means."""

LOADERS = 2
"""Files that are loaded at once: the engine reads and sorts one on one processor, with about 1 GB of memory."""


@dataclass(frozen=True)
class Stored:
    """What was loaded: triples, and seconds for writing the import and for loading it."""

    triples: int
    writing: float
    loading: float


def add(folder: Path, files: Files, name: str, progress: Step = lambda step: None) -> None:
    """Writes `store/` and `imports.json` into the folder of a release that is being made, which has its `served.nq`."""
    whole = of_installed(files, WITH[name])
    stored = write(folder / STORE, folder / SERVED, whole, progress)
    said: list[dict[str, Any]] = [
        {
            "name": name,
            "package": f"idc-index-data {whole.snapshot.package_version}",
            "data_release": whole.snapshot.data_version,
            "date": whole.snapshot.date,
            "digest": whole.digest,
            "triples": stored.triples,
        }
    ]
    (folder / IMPORTS).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def write(store: Path, served: Path, whole: Import, progress: Step = lambda step: None) -> Stored:
    """A new store at a place that does not exist yet, from a file of quads and an import."""
    lines = [store.with_name(f".{store.name}-{place}.nt") for place in range(LOADERS)]
    named = store.with_name(f".{store.name}.nq")
    began = time.perf_counter()
    total = expected(whole)
    done = 0
    try:
        with contextlib.ExitStack() as opened:
            few = opened.enter_context(named.open("wb", buffering=0))
            many = [opened.enter_context(each.open("wb", buffering=0)) for each in lines]
            for step, graph, block in whole.blocks():
                if graph == COMMONS:
                    few.write(block.replace(b" .\n", f" <{COMMONS}> .\n".encode()))
                else:
                    min(many, key=io.FileIO.tell).write(block)
                done += block.count(b"\n")
                progress(f"importing {step}: {done:,} of about {total:,} triples")
        written = time.perf_counter()
        progress(f"loading {done:,} triples into the store")
        load(store, [*lines, served, named])
        return Stored(done, written - began, time.perf_counter() - written)
    except BaseException:
        shutil.rmtree(store, ignore_errors=True)
        raise
    finally:
        for each in (*lines, named):
            each.unlink(missing_ok=True)


def load(place: Path, sources: list[Path]) -> int:
    """A store from files of quads and triples, optimized for reading; how many quads it has."""
    store = ox.Store(str(place))
    fill(store, sources)
    store.optimize()
    store.flush()
    return len(store)


def fill(store: ox.Store, sources: list[Path]) -> None:
    """Loads files of quads and triples, `LOADERS` at a time."""
    with ThreadPoolExecutor(LOADERS, "loading") as pool:
        list(
            pool.map(
                lambda source: store.bulk_load(path=str(source)), (each for each in sources if each.stat().st_size)
            )
        )
