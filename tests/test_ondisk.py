"""A release with a store on disk: the same answers as from memory, behind the same limits, and safe from kills."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest

from graph_service import leftovers, queries
from graph_service.dataset import Built
from graph_service.engine import Engine
from graph_service.engine.frames import Task
from graph_service.engine.local import LocalEngine
from graph_service.engine.pooled import PooledEngine
from graph_service.engine.pools import pool_for
from graph_service.release import IMPORTS, STORE, Release
from graph_service.settings import Settings
from graph_service.survey import Files
from tests.engines import missing
from tests.serving import serving_release

try:
    from graph_service import ondisk
    from graph_service.importers import idc_snapshot
    from graph_service.importers.idc_import import Import
except ImportError:
    missing("polars is not installed")

ROOT = Path(__file__).parent.parent
BIG = list(queries.catalog(ROOT / "queries" / "big"))


@pytest.fixture(scope="module")
def stored(released: Release, files: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The invented release with a store on disk that also holds ten small collections."""
    folder = tmp_path_factory.mktemp("stored") / "release"
    folder.mkdir()
    for path in released.folder.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "manifest.json").unlink()
    whole = Import.of(idc_snapshot.read().sample(collections=10), files)
    made = ondisk.write(folder / STORE, folder / "served.nq", whole)
    imports = [{"name": "idc-series", "digest": whole.digest, "triples": made.triples}]
    (folder / "manifest.json").write_text(json.dumps(released.manifest | {"imports": imports}), encoding="utf-8")
    return folder


def test_the_store_holds_the_survey_and_the_import(stored: Path, released: Release) -> None:
    """What the processes open is the store; its digest is another than that of the survey alone."""
    built, alone = Built(stored), Built(released.folder)
    assert built.loaded() == stored / STORE
    assert alone.loaded() == alone.nquads()
    assert built.digest != alone.digest
    assert built.triples > alone.triples
    store = ox.Store.read_only(str(stored / STORE))
    loaded = ox.Store()
    loaded.bulk_extend(alone.quads())
    assert set(loaded) <= set(store)
    assert not [path for path in stored.iterdir() if path.name.startswith(".")]


def listed(engine: Engine, text: str) -> list[list[str]]:
    """The rows of a query as text; an answer of the engine's library must not leave its thread."""
    answer = engine.query(text)
    assert isinstance(answer, ox.QuerySolutions)
    return [[str(term) for term in row] for row in answer]


def test_workers_answer_every_question_from_it(stored: Path) -> None:
    """Processes without a single file descriptor to spare read the store, and say the same as the engine in memory."""
    memory = LocalEngine.over(ox.Store.read_only(str(stored / STORE)), "memory")

    async def run() -> None:
        settings = Settings(query_workers=2)
        pool = pool_for(Built(stored), settings)
        await pool.start()
        try:
            engine = PooledEngine()
            engine.bind(pool, settings)
            for question in BIG:
                assert await asyncio.to_thread(listed, engine, question.text) == listed(memory, question.text), (
                    question.name
                )
            answers = [await pool.ask(Task("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"), 30) for _ in range(4)]
            assert len({answer.whole() for answer in answers}) == 1
        finally:
            await pool.stop()

    asyncio.run(run())


def test_a_killed_build_leaves_the_old_release(released: Release, tmp_path: Path) -> None:
    """Killed while it writes a store, a build leaves only a hidden folder, which the next build removes."""
    output = tmp_path / "releases"
    output.mkdir()
    (output / "old").symlink_to(released.folder)
    (output / "current").symlink_to("old")
    code = (
        "import sys, time; from pathlib import Path; from graph_service import leftovers, release, survey\n"
        "from graph_service.graph import Survey\n"
        "def extra(folder, survey, files): (folder / 'store').mkdir(); (folder / 'store' / 'half').write_text('x'); time.sleep(60)\n"
        "release.write(Survey(()), survey.shipped(), Path(sys.argv[1]), extras={'a store': extra})"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(output)], env=os.environ | {"PYTHONPATH": str(ROOT)})
    for _ in range(300):
        if list(output.glob(".building-*/store/half")):
            break
        time.sleep(0.1)
    assert leftovers.sweep(output) == []
    process.send_signal(signal.SIGKILL)
    process.wait()
    half = list(output.glob(".building-*"))
    assert len(half) == 1
    assert (output / "current").resolve() == released.folder
    assert sorted(path.name for path in output.iterdir() if not path.name.startswith(".")) == ["current", "old"]
    assert leftovers.sweep(output) == half
    assert not half[0].exists()


def test_the_store_is_no_part_of_a_releases_name(stored: Path) -> None:
    """The engine's files differ from one build to the next; what is in them does not."""
    from graph_service.release import listing

    assert not any(name.startswith(f"{STORE}/") for name in listing(stored, but=STORE))
    assert any(name.startswith(f"{STORE}/") for name in listing(stored))
    assert IMPORTS not in listing(stored)


def test_the_service_answers_from_it(stored: Path) -> None:
    """The questions over the commons are at `/query`, `/sparql` sees all of it, and the pages stay those of the survey."""
    with serving_release(stored) as address, httpx.Client(base_url=address, timeout=30) as client:
        answer = client.get("/query/contents-of-a-collection.csv")
        store = LocalEngine.over(ox.Store.read_only(str(stored / STORE)), "store")
        question = next(each for each in BIG if each.name == "contents-of-a-collection")
        expected = store.query(question.text)
        assert isinstance(expected, ox.QuerySolutions)
        assert answer.content == expected.serialize(format=ox.QueryResultsFormat.CSV)
        assert client.get("/query/contents-of-a-collection", headers={"Accept": "text/html"}).status_code == 200
        text = "SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/imaging-survey/ontology#Series> }"
        counted = client.get("/sparql", params={"query": text}, headers={"Accept": "text/csv"}).text.split()
        assert int(counted[1]) > 100
        assert client.get("/readyz").json()["digest"] == Built(stored).digest
