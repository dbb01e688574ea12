"""A worker over a store on disk may open the engine's files, and nothing else: no connection, no program."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service.engine import confinement
from graph_service.engine.frames import Task
from graph_service.engine.workers import WorkerPool
from graph_service.errors import ServiceRefused
from graph_service.settings import Settings
from tests.endpoint import QUADS, ROOT

CONFINED = """
import socket, subprocess, sys, threading
sys.path.insert(0, sys.argv[1])
from graph_service.engine import confinement
confinement.confine()
print(open(sys.argv[1] + "/Makefile").readline() != "")
def attempts():
    for attempt in (lambda: socket.socket(), lambda: socket.socketpair(), lambda: subprocess.run(["true"])):
        try:
            attempt()
            print("done")
        except PermissionError:
            print("refused")
attempts()
thread = threading.Thread(target=attempts)
thread.start()
thread.join()
"""


@pytest.mark.skipif(not confinement.is_possible(), reason="system calls are known for Linux on x86-64 and arm64 only")
def test_connections_and_programs_are_refused_in_every_thread() -> None:
    """Files can be opened; sockets and other programs cannot."""
    run = subprocess.run([sys.executable, "-c", CONFINED, str(ROOT)], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", *["refused"] * 6]


@pytest.mark.skipif(not confinement.is_possible(), reason="system calls are known for Linux on x86-64 and arm64 only")
def test_service_past_the_guard_reaches_nobody(tmp_path: Path) -> None:
    """A query that was let past the guard still cannot connect from a worker over a store on disk."""
    place = tmp_path / "store"
    store = ox.Store(str(place))
    store.bulk_load(QUADS.encode(), format=ox.RdfFormat.N_QUADS)
    store.flush()
    del store
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]

        async def run() -> None:
            pool = WorkerPool(place, "digest", Settings(query_workers=1))
            await pool.start()
            try:
                text = f"SELECT * {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}"
                with pytest.raises(ServiceRefused):
                    await pool.ask(Task(text, is_examined=True), 10)
                answer = await pool.ask(Task("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "csv"), 10)
                assert answer.whole() == b"n\r\n9\r\n"
            finally:
                await pool.stop()

        asyncio.run(run())
        with pytest.raises(TimeoutError):
            listener.accept()
