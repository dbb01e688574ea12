"""A stranger's query runs in a process that can be killed, and always is at its deadline."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from graph_service.engine.frames import Task
from graph_service.engine.workers import Answer, WorkerPool
from graph_service.errors import Busy, DataError, QueryMemory, QuerySyntax, QueryTimeout, SurveyError, TooLarge
from graph_service.settings import Settings
from tests.endpoint import DIGEST, mixed_quads

MIB = 1024 * 1024
ENDLESS_COUNT = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ENDLESS_ROWS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.fixture(scope="module")
def quads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "mixed.nq"
    path.write_text(mixed_quads(1000))
    return path


@contextlib.asynccontextmanager
async def pool_over(path: Path, **settings: object) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(path, DIGEST, Settings(**{"query_workers": 2, "query_memory": 256 * MIB, **settings}))
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


async def everything(answer: Answer) -> bytes:
    parts = []
    while part := await answer.part():
        parts.append(part)
    return b"".join(parts)


async def ask(pool: WorkerPool, query: str, seconds: float = 10, **formats: str) -> bytes:
    return await everything(await pool.ask(Task(query, **formats), seconds))


def run(path: Path, scenario: Callable[[WorkerPool], Awaitable[None]], **settings: object) -> None:
    async def main() -> None:
        async with pool_over(path, **settings) as pool:
            await scenario(pool)

    asyncio.run(main())


@pytest.mark.parametrize("isolation", ["fork", "spawn"])
def test_small_answers_are_whole(quads: Path, isolation: str) -> None:
    """A small answer is complete at once, with kind, format and the worker's time."""

    async def scenario(pool: WorkerPool) -> None:
        answer = await pool.ask(Task("SELECT (1 AS ?one) {}"), 10)
        await everything(answer)
        assert (answer.kind, answer.format, answer.microseconds > 0) == ("s", "json", True)
        assert await ask(pool, "ASK { ?s ?p 5 }", booleans="json") == b'{"head":{},"boolean":true}'
        assert await ask(pool, "CONSTRUCT { <http://e/a> <http://e/b> 5 } {}", graphs="nt") == (
            b'<http://e/a> <http://e/b> "5"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
        )

    run(quads, scenario, isolation=isolation)


@pytest.mark.parametrize("isolation", ["fork", "spawn"])
def test_the_deadline_is_kept_and_the_worker_replaced(quads: Path, isolation: str) -> None:
    """A query ends at its deadline, also one that only plans, and the next is answered at once."""

    async def scenario(pool: WorkerPool) -> None:
        began = time.perf_counter()
        with pytest.raises(QueryTimeout):
            await ask(pool, ENDLESS_COUNT, 0.5)
        assert 0.45 < time.perf_counter() - began < 1.0
        began = time.perf_counter()
        assert await ask(pool, "ASK {}") == b'{"head":{},"boolean":true}'
        assert time.perf_counter() - began < 0.1
        await asyncio.sleep(1)
        assert pool.state == {"alive": 2, "idle": 2, "waiting": 0}
        assert pool.deaths == {"deadline": 1}

    run(quads, scenario, isolation=isolation)


def test_a_replacement_is_born_in_milliseconds(quads: Path) -> None:
    """With a single worker the query after a killed one waits for a fork, not for a load."""

    async def scenario(pool: WorkerPool) -> None:
        waits = []
        for _ in range(5):
            with pytest.raises(QueryTimeout):
                await ask(pool, ENDLESS_COUNT, 0.1)
            began = time.perf_counter()
            await ask(pool, "ASK {}")
            waits.append(time.perf_counter() - began)
        assert sorted(waits)[2] < 0.1

    run(quads, scenario, query_workers=1)


def test_order_by_over_mixed_literals(quads: Path) -> None:
    """The ordinary query that makes the engine abort: all its rows."""

    async def scenario(pool: WorkerPool) -> None:
        assert (await ask(pool, "SELECT * { ?s ?p ?o } ORDER BY ?s ?o", results="tsv")).count(b"\n") == 5001
        assert pool.deaths == {}

    run(quads, scenario)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (GROUP_CONCAT(STR(?c); separator='" + "x" * 1000 + "') AS ?n) { ?a ?b ?c . ?d ?e ?f }",
        "SELECT (STRLEN(?h) AS ?n) { BIND('0123456789abcdef0123456789abcdef' AS ?a)"
        + "".join(
            f" BIND(CONCAT({', '.join([f'?{a}'] * 10)}) AS ?{b})" for a, b in zip("abcdefg", "bcdefgh", strict=True)
        )
        + " }",
    ],
    ids=["GROUP_CONCAT", "CONCAT"],
)
def test_memory_is_limited(quads: Path, query: str) -> None:
    """A query that wants too much memory ends, and says so."""

    async def scenario(pool: WorkerPool) -> None:
        with pytest.raises(QueryMemory):
            await ask(pool, query, 20)
        assert await ask(pool, "ASK {}") == b'{"head":{},"boolean":true}'

    run(quads, scenario, query_memory=64 * MIB)


def test_an_answer_that_breaks_off_fails(quads: Path) -> None:
    """After its first bytes an answer can only end whole or raise."""

    async def scenario(pool: WorkerPool) -> None:
        answer = await pool.ask(Task(ENDLESS_ROWS), 0.5)
        assert (await answer.part()).startswith(b'{"head"')
        with pytest.raises(QueryTimeout):
            await everything(answer)
        answer = await pool.ask(Task(ENDLESS_ROWS), 10)
        assert await answer.part()
        os.kill(answer._link.pid, signal.SIGKILL)
        with pytest.raises(SurveyError):
            await everything(answer)

    run(quads, scenario)


def test_a_reader_that_stops_stops_the_worker(quads: Path) -> None:
    """An endless answer that nobody takes does not pile up."""

    async def scenario(pool: WorkerPool) -> None:
        answer = await pool.ask(Task(ENDLESS_ROWS), 10)
        await answer.part()
        await asyncio.sleep(0.5)
        held = answer._held
        await asyncio.sleep(0.5)
        assert answer._held == held < 4 * MIB
        answer.abandon()

    run(quads, scenario)


def test_an_abandoned_query_ends(quads: Path) -> None:
    """When the client leaves, its worker is killed and replaced."""

    async def scenario(pool: WorkerPool) -> None:
        waiting = asyncio.create_task(pool.ask(Task(ENDLESS_COUNT), 30))
        await asyncio.sleep(0.2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        began = time.perf_counter()
        await ask(pool, "ASK {}")
        assert time.perf_counter() - began < 0.5

    run(quads, scenario, query_workers=1)


def test_the_queue_is_bounded(quads: Path) -> None:
    """Who finds the queue full is told at once, who waits too long after a while, both to come again."""

    async def scenario(pool: WorkerPool) -> None:
        running = asyncio.create_task(pool.ask(Task(ENDLESS_COUNT), 2))
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(pool.ask(Task("ASK {}"), 2))
        await asyncio.sleep(0.05)
        with pytest.raises(Busy) as full:
            await pool.ask(Task("ASK {}"), 2)
        assert full.value.headers == {"Retry-After": "2"}
        with pytest.raises(Busy) as late:
            await waiting
        assert late.value.headers == {"Retry-After": "5"}
        with pytest.raises(QueryTimeout):
            await running

    run(quads, scenario, query_workers=1, queue_length=1, queue_seconds=0.3)


def test_rows_and_bytes_are_limited(quads: Path) -> None:
    """An answer beyond the limits fails; it is never cut short."""

    async def scenario(pool: WorkerPool) -> None:
        for name in ("json", "xml", "csv", "tsv"):
            with pytest.raises(TooLarge):
                await ask(pool, "SELECT * { ?s ?p ?o }", results=name)
            await ask(pool, "SELECT * { ?s ?p ?o } LIMIT 1000", results=name)

    run(quads, scenario, answer_rows=1000)
    run(quads, lambda pool: _too_large(pool), answer_bytes=100_000)


async def _too_large(pool: WorkerPool) -> None:
    with pytest.raises(TooLarge):
        await ask(pool, "SELECT * { ?s ?p ?o }")


def test_a_worker_that_grew_retires(quads: Path) -> None:
    """After a query that took much memory the worker is replaced, and its answer was whole."""

    async def scenario(pool: WorkerPool) -> None:
        query = "SELECT (STRLEN(GROUP_CONCAT(STR(?c); separator='" + "x" * 3000 + "')) AS ?n) { ?a ?b ?c }"
        assert b'"value":"15' in await ask(pool, query)
        await asyncio.sleep(0.3)
        assert pool.deaths == {"retired": 1}
        assert pool.state["alive"] == 2

    run(quads, scenario, query_memory=64 * MIB)


def test_a_lost_zygote_is_replaced(quads: Path) -> None:
    """When the process that holds the data dies, another loads it, and queries go on."""

    async def scenario(pool: WorkerPool) -> None:
        os.kill(pool.nursery._process.pid, signal.SIGKILL)  # type: ignore[attr-defined]
        await asyncio.sleep(1.0)
        assert await ask(pool, "ASK {}") == b'{"head":{},"boolean":true}'
        assert pool.state["alive"] == 2

    run(quads, scenario)


def test_workers_can_open_nothing(quads: Path) -> None:
    """The second lock: without the guard, SERVICE still makes no connection."""

    async def scenario(pool: WorkerPool) -> None:
        server = await asyncio.start_server(lambda reader, writer: hits.append(writer), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        query = f"SELECT * {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}"
        with pytest.raises(SurveyError) as refused:
            await everything(await pool.ask(Task(query, is_examined=True), 5))
        assert (refused.value.status, refused.value.code) == (403, "service-refused")
        server.close()

    hits: list[object] = []
    run(quads, scenario)
    assert hits == []


def test_errors_keep_their_position(quads: Path) -> None:
    """Line and column are those of the text as it was sent, also where ORDER BY was made safe."""

    async def scenario(pool: WorkerPool) -> None:
        with pytest.raises(QuerySyntax) as wrong:
            await ask(pool, "SELECT * {\n ?s ?p ?o\n} ORDER BY ?s\nLIMIT ten")
        assert (wrong.value.extra["line"], wrong.value.extra["column"]) == (4, 10)

    run(quads, scenario)


def test_data_that_cannot_be_loaded(tmp_path: Path) -> None:
    """A broken file is told at start, with its place."""
    path = tmp_path / "broken.nq"
    path.write_text("<http://e/a> <http://e/b> .\n")

    async def main() -> None:
        pool = WorkerPool(path, DIGEST, Settings())
        with pytest.raises(DataError, match=r"broken\.nq"):
            await pool.start()
        await pool.stop()

    asyncio.run(main())


def test_a_disk_store_is_served_read_only(tmp_path: Path, quads: Path) -> None:
    """A folder is an Oxigraph store: each worker opens it for reading."""
    from pyoxigraph import Store

    store = Store(str(tmp_path / "store"))
    store.bulk_load(path=str(quads))
    store.flush()
    del store

    async def scenario(pool: WorkerPool) -> None:
        assert b'"value":"5000"' in await ask(pool, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
        with pytest.raises(QueryTimeout):
            await ask(pool, ENDLESS_COUNT, 0.3)
        assert b'"value":"5000"' in await ask(pool, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")

    run(tmp_path / "store", scenario)
