"""A release's store on disk: the survey together with imports that are too large for memory, ready to be opened read-only.

Named graphs cost twice the space in the engine, so patients, studies and series lie in the store's graph without a name;
the default graph that queries see is the union of all, as everywhere. `imports.json` tells what is in it.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
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
    lines = store.with_name(f".{store.name}.nt")
    named = store.with_name(f".{store.name}.nq")
    began = time.perf_counter()
    total = expected(whole)
    done = 0
    try:
        with lines.open("wb", buffering=0) as many, named.open("wb", buffering=0) as few:
            for step, graph, block in whole.blocks():
                if graph == COMMONS:
                    few.write(block.replace(b" .\n", f" <{COMMONS}> .\n".encode()))
                else:
                    many.write(block)
                done += block.count(b"\n")
                progress(f"importing {step}: {done:,} of about {total:,} triples")
        written = time.perf_counter()
        progress(f"loading {done:,} triples into the store")
        load(store, [served, named, lines])
        return Stored(done, written - began, time.perf_counter() - written)
    except BaseException:
        shutil.rmtree(store, ignore_errors=True)
        raise
    finally:
        lines.unlink(missing_ok=True)
        named.unlink(missing_ok=True)


def load(place: Path, sources: list[Path]) -> int:
    """A store from files of quads and triples, optimized for reading; how many quads it has."""
    store = ox.Store(str(place))
    for source in sources:
        if source.stat().st_size:
            store.bulk_load(path=str(source))
    store.optimize()
    store.flush()
    return len(store)
