"""Engines of other makers for tests, each on a free port of loopback, started and ended by process number."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.endpoint import free_port

INI = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
MaxCheckpointRemap = 2000
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
NumberOfBuffers = {buffers}
MaxDirtyBuffers = {dirty}
DirsAllowed = {folder}, {data}
ServerThreads = 20
CheckpointInterval = 0
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerRoot = {folder}
ServerThreads = 10
[SPARQL]
ResultSetMaxRows = {rows}
MaxQueryCostEstimationTime = 0
MaxQueryExecutionTime = 600
"""


@dataclass
class Running:
    """An engine that runs: addresses of its query endpoint and its graph store, and what it is."""

    query: str
    store: str
    process: subprocess.Popen[bytes]
    port: int = 0
    folder: Path = Path()

    def memory(self) -> int:
        """Resident memory in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def missing(reason: str) -> None:
    """Skips the test; fails it in continuous integration, where everything has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI needs it")
    pytest.skip(reason)


def debian(program: str, package: str) -> str:
    """The path of a program of Debian, installed where that is allowed."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (
            ["apt-get", "update", "-q"],
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", package],
        ):
            subprocess.run(
                command, check=False, capture_output=True, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            )
        found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
    if found is None:
        missing(f"{program} is not installed (Debian: {package})")
    assert found is not None
    return found


@contextlib.contextmanager
def oxigraph(folder: Path, read_only: Path | None = None) -> Iterator[Running]:
    """`oxigraph serve` with a store of its own, or over a store that is only read."""
    program = Path(sys.executable).with_name("oxigraph")
    if not program.exists():
        missing("oxigraph is not installed (PyPI: oxigraph)")
    port = free_port()
    where = ["serve-read-only", "--location", str(read_only)] if read_only else ["serve", "--location", str(folder)]
    extra = ["--union-default-graph"] if read_only else []
    process = subprocess.Popen(
        [str(program), *where, "--bind", f"127.0.0.1:{port}", *extra],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    with _ending(process):
        _wait(process, f"{address}/query?query=ASK%7B%7D")
        yield Running(f"{address}/query", f"{address}/store", process, port, folder)


@contextlib.contextmanager
def virtuoso(folder: Path, data: Path, rows: int = 1_000_000, buffers: int = 20_000) -> Iterator[Running]:
    """Virtuoso with a database of its own; it may read files below `data`."""
    program = debian("virtuoso-t", "virtuoso-opensource-7")
    sql, http = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"folder": folder, "data": data, "sql": sql, "http": http, "rows": rows, "buffers": buffers}
    ini = folder / "virtuoso.ini"
    ini.write_text(INI.format(**settings, dirty=buffers * 3 // 4), encoding="utf-8")
    process = subprocess.Popen(
        [program, "+foreground", "+configfile", str(ini)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{http}"
    with _ending(process):
        _wait(process, f"{address}/sparql?query=ASK%7B%7D")
        yield Running(f"{address}/sparql", f"{address}/sparql-graph-crud-auth", process, sql, folder)


@contextlib.contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5).read()
            return
        if process.poll() is not None:
            raise RuntimeError(f"the engine ended with {process.returncode}")
        time.sleep(0.1)
    raise RuntimeError("the engine does not answer")
