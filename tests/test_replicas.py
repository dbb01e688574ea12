"""Replicas: a release is fetched only when it is whole and right; one of three can be killed without a failed request."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from graph_service import fetching
from graph_service.dataset import Built
from graph_service.release import Release
from tests.endpoint import QUADS, answering, endpoint, free_port
from tests.engines import debian

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
RATE = 200
SECONDS = 6


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, without a log."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


@contextlib.contextmanager
def store(folder: Path) -> Iterator[str]:
    """The address of a folder, as an object store would serve it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_release_is_fetched_from_an_address(released: Release, tmp_path: Path) -> None:
    """All of it, checked against a checksum that was told beforehand, and then current."""
    sums = hashlib.sha256((released.folder / "SHA256SUMS").read_bytes()).hexdigest()
    with store(released.folder) as address:
        folder = fetching.fetch(address, tmp_path, sums)
        assert fetching.fetch(address, tmp_path, sums) == folder
    assert (tmp_path / "current").resolve() == folder
    assert Built(tmp_path / "current").digest == released.digest
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, "current"}


def test_a_changed_file_is_refused(released: Release, tmp_path: Path) -> None:
    """A release with one byte changed, or with another list of checksums than was told, never appears."""
    copy = tmp_path / "copy"
    fetching.fetch(str(released.folder), copy)
    folder = (copy / "current").resolve()
    (folder / "survey.nt").write_bytes(b"#" + (folder / "survey.nt").read_bytes())
    with pytest.raises(fetching.Wrong, match=r"survey\.nt has the checksum"):
        fetching.fetch(str(folder), tmp_path / "releases")
    with pytest.raises(fetching.Wrong, match="SHA256SUMS has the checksum"):
        fetching.fetch(str(released.folder), tmp_path / "releases", "0" * 64)
    assert list((tmp_path / "releases").iterdir()) == []


def test_names_stay_inside() -> None:
    """A list of checksums cannot write outside of the release."""
    for name in ("../x", "/etc/x", "a/../../x"):
        with pytest.raises(fetching.Wrong):
            fetching.checksums(f"{'0' * 64}  {name}\n")


def test_the_manifests_are_right() -> None:
    """The compose file and the Kubernetes manifest parse, start three replicas and name files that are there."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert sum(name.startswith("replica") for name in compose["services"]) == 3
    assert (DEPLOY / "nginx-replicas.conf").exists()
    assert (DEPLOY / Path(compose["services"]["fetch"]["build"]["dockerfile"]).name).exists()
    deployment, *others = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
    assert deployment["spec"]["replicas"] == 3
    assert {each["kind"] for each in others} == {"Service", "PodDisruptionBudget"}


@contextlib.contextmanager
def nginx(folder: Path, ports: list[int]) -> Iterator[str]:
    """nginx with the shipped configuration before replicas on these ports of loopback; its address."""
    program = debian("nginx", "nginx-light")
    port = free_port()
    text = (DEPLOY / "nginx-replicas.conf").read_text()
    for place, each in enumerate(ports, 1):
        text = text.replace(f"replica{place}:8000", f"127.0.0.1:{each}")
    text = re.sub(r"listen 8080;", f"listen 127.0.0.1:{port};", text)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
    whole = f"{main}events {{ worker_connections 1024; }}\nhttp {{ access_log off;\n{paths}{text}}}\n"
    (folder / "nginx.conf").write_text(whole)
    process = subprocess.Popen(
        [program, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL
    )
    try:
        yield answering(port)
    finally:
        process.terminate()
        process.wait(10)


def test_one_of_three_is_killed_under_load(tmp_path: Path) -> None:
    """Two hundred requests a second go on, every one answered, while a replica dies without a word."""
    quads = tmp_path / "survey.nq"
    quads.write_text(QUADS, encoding="utf-8")
    statuses: list[int] = []
    failures: list[str] = []
    with contextlib.ExitStack() as stack:
        replicas = [stack.enter_context(endpoint(quads, query_workers=1)) for _ in range(3)]
        address = stack.enter_context(nginx(tmp_path, [each.port for each in replicas]))
        begin = time.monotonic() + 0.2

        def load(first: int, step: int) -> None:
            with httpx.Client(timeout=20) as client:
                for number in range(first, RATE * SECONDS, step):
                    time.sleep(max(begin + number / RATE - time.monotonic(), 0))
                    text = f"SELECT * {{ ?s ?p ?o }} LIMIT {number % 7 + 1} # {number}"
                    try:
                        answer = client.get(f"{address}/sparql", params={"query": text})
                        statuses.append(answer.status_code)
                        assert len(answer.json()["results"]["bindings"]) == number % 7 + 1
                    except (httpx.HTTPError, ValueError, AssertionError) as error:
                        failures.append(repr(error))

        threads = [threading.Thread(target=load, args=(first, 8)) for first in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS / 3)
        os.kill(replicas[1].process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
        took = time.monotonic() - begin
    assert failures == []
    assert set(statuses) == {200}
    assert len(statuses) == RATE * SECONDS
    assert took < SECONDS * 2, "the load was not sent as fast as it should"
