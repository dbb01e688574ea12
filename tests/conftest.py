"""What many tests share: the shipped survey merged once, a small invented survey, and a server over it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from graph_service import graph, publication, survey
from graph_service.engine.local import LocalEngine
from graph_service.graph import Survey
from graph_service.knowledge import Knowledge, words_in_order
from graph_service.release import Release
from graph_service.survey import Files
from tests import small
from tests.serving import serving_release

ROOT = Path(__file__).parent.parent
INVENTED = Path(__file__).parent / "data" / "records"


@pytest.fixture(scope="session")
def files() -> Files:
    """The shipped files."""
    return survey.shipped()


@pytest.fixture(scope="session")
def invented() -> Files:
    """The shipped words, shapes and questions with the records of a small invented survey."""
    return survey.shipped(INVENTED)


@pytest.fixture(scope="session")
def built(files: Files) -> Survey:
    """The shipped survey with what follows from it."""
    return graph.build(files)


@pytest.fixture(scope="session")
def store(built: Survey) -> LocalEngine:
    """The engine over the shipped survey."""
    return LocalEngine(built.quads, "shipped")


@pytest.fixture(scope="session")
def released(invented: Files, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of the invented survey, as the command `build` makes it."""
    return publication.build(invented, tmp_path_factory.mktemp("releases"))


@pytest.fixture(scope="session")
def server(released: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `imaging-survey serve` over the invented release, a process of its own on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "graph_service.cli",
        "serve",
        "--port",
        str(port),
        "--release",
        str(released.folder),
    ]
    log = tmp_path_factory.mktemp("server") / "log"
    with (
        log.open("w") as out,
        subprocess.Popen(
            command, stdout=out, stderr=out, cwd=log.parent, env={**os.environ, "PYTHONPATH": str(ROOT)}
        ) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{address}/healthz", process, log)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    assert "Traceback" not in log.read_text(), log.read_text()


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns as soon as an address answers."""
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(address, timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"no answer from {address}: {log.read_text()}")


@pytest.fixture
def client(server: str) -> Iterator[httpx.Client]:
    """A client of that server."""
    with httpx.Client(base_url=server, timeout=30) as made:
        yield made


@pytest.fixture(scope="session")
def imagined() -> Files:
    """The shipped words with the invented records on which pages are tried: one archive, three collections, three
    programs.
    """
    return survey.shipped(Path(__file__).parent / "data" / "pages" / "records")


@pytest.fixture(scope="session")
def knowledge(imagined: Files) -> Knowledge:
    """What the invented survey of the pages says."""
    order = words_in_order((imagined.ontology / "survey.ttl").read_text(encoding="utf-8"))
    return Knowledge.of(graph.build(imagined).quads, order)


@pytest.fixture(scope="session")
def published(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of releases with one of the shipped survey, the current one."""
    output = tmp_path_factory.mktemp("published") / "releases"
    publication.build(files, output)
    return output


@pytest.fixture(scope="session")
def home(published: Path) -> Iterator[str]:
    """The address of the whole service over that release."""
    with serving_release(published / "current") as url:
        yield url


@pytest.fixture(scope="module")
def web(home: str) -> Iterator[httpx.Client]:
    """A client of that service."""
    with httpx.Client(base_url=home, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two releases of a survey of two archives: in the second, one was visited again and one retired."""
    folder = tmp_path_factory.mktemp("pair")
    small.first(folder, folder / "releases")
    small.second(folder, folder / "releases")
    return folder / "releases"


@pytest.fixture(scope="session")
def pair_home(pair: Path) -> Iterator[str]:
    """The address of a service over the second of them."""
    with serving_release(pair / "current") as url:
        yield url
