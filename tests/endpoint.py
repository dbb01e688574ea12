"""The endpoint over a small invented survey, on loopback, in a process of its own: for tests that may hurt a server."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette

from graph_service.description import Description
from graph_service.engine.workers import WorkerPool
from graph_service.settings import Settings
from graph_service.web.fairness import Fairness
from graph_service.web.journal import Journal
from graph_service.web.operations import routes
from graph_service.web.sparql import SparqlEndpoint, SparqlFirst

ROOT = Path(__file__).parent.parent
DIGEST = "d1ge57"

_E, _XSD = "http://example.org", "http://www.w3.org/2001/XMLSchema#"
_TYPE, _TITLE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", "<http://purl.org/dc/terms/title>"
QUADS = f"""\
<{_E}/archive/a> {_TYPE} <{_E}/Archive> <{_E}/graph/a> .
<{_E}/archive/a> {_TITLE} "Lungs"@en <{_E}/graph/a> .
<{_E}/archive/a> <{_E}/subjects> "120"^^<{_XSD}integer> <{_E}/graph/a> .
<{_E}/archive/a> <{_E}/opened> "2010-08-15"^^<{_XSD}date> <{_E}/graph/a> .
<{_E}/archive/a> <{_E}/note> "a, \\"quoted\\"\\n<note> & \\u0001" <{_E}/graph/a> .
<{_E}/archive/b> {_TYPE} <{_E}/Archive> <{_E}/graph/b> .
<{_E}/archive/b> {_TITLE} "Gehirne"@de <{_E}/graph/b> .
<{_E}/archive/b> <{_E}/subjects> "30"^^<{_XSD}integer> <{_E}/graph/b> .
<{_E}/archive/b> <{_E}/partOf> <{_E}/archive/a> <{_E}/graph/b> .
"""
"""Nine triples in two named graphs: language tags, numbers, a date, and a text that is hard to write."""


def mixed_quads(count: int) -> str:
    """Literals of mixed types by the thousand, five triples a thing: what makes the engine's own ORDER BY abort."""
    lines = []
    for i in range(count):
        subject = f"<{_E}/thing/{i}>"
        values = (
            f'"{(i * 37) % 1000}"^^<{_XSD}integer>',
            f'"{(i * 53) % 1000}"',
            f'"{i % 97 / 8}"^^<{_XSD}decimal>',
            f'"label {i}"@en',
            f"<{_E}/thing/{(i * 7 + 1) % count}>",
        )
        lines += [f"{subject} <{_E}/p{place}> {value} <{_E}/graph/m> ." for place, value in enumerate(values)]
    return "\n".join(lines) + "\n"


def endpoint_app(nquads_path: Path, settings: Settings) -> SparqlFirst:
    """The endpoint and the operators' routes over a file of quads: what `create_app` wires, without the rest."""
    pool = WorkerPool(nquads_path, DIGEST, settings)
    journal = Journal(settings)
    description = Description(9, lambda: {f"{_E}/graph/a": 5, f"{_E}/graph/b": 4}, settings.federation)
    endpoint = SparqlEndpoint(pool, settings, description, fairness=Fairness(settings), journal=journal)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await pool.start()
        yield
        await pool.stop()

    return SparqlFirst(Starlette(routes=routes(pool, settings, journal), lifespan=lifespan), endpoint)


@dataclass
class Reply:
    """A whole response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, str]]:
        """The values of a SELECT's JSON rows."""
        return [{name: term["value"] for name, term in row.items()} for row in self.json["results"]["bindings"]]


@dataclass
class Server:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        method: str = "GET",
        path: str = "/sparql",
        body: bytes | str | None = None,
        wait: float = 30,
        headers: dict[str, str] | None = None,
        **parameters: str,
    ) -> Reply:
        """One request; other keyword arguments become the query string."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=wait)
        if parameters:
            path = f"{path}?{urlencode(parameters)}"
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Reply(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def query(self, sparql: str, accept: str = "application/sparql-results+json", wait: float = 30) -> Reply:
        """A query, posted."""
        headers = {"Content-Type": "application/sparql-query", "Accept": accept}
        return self.ask("POST", "/sparql", sparql.encode(), wait, headers)

    def files(self) -> int:
        """How many file descriptors the front has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def processor_seconds(self) -> float:
        """The processor time that the front has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """The front's resident memory in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def answering(port: int) -> str:
    """The address of a server on this machine, once it answers."""
    address = f"http://127.0.0.1:{port}"
    for _ in range(400):
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{address}/healthz", timeout=5)
            return address
        time.sleep(0.05)
    raise RuntimeError("the server does not answer")


@contextlib.contextmanager
def endpoint(quads: Path, log: Path | None = None, **settings: Any) -> Iterator[Server]:
    """A server over a file of quads, ended afterwards; its log in a file where one is given."""
    port = free_port()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    command = [sys.executable, str(Path(__file__)), str(port), str(quads), json.dumps(settings)]
    with contextlib.ExitStack() as stack:
        errors = stack.enter_context(log.open("wb")) if log else None
        process = subprocess.Popen(command, env=environment, stderr=errors)
        try:
            server = Server(port, process)
            _wait_until_ready(server)
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(server: Server) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError, http.client.HTTPException):
            if server.ask(path="/readyz").status == 200:
                return
        if server.process.poll() is not None:
            raise RuntimeError("the server did not start")
        time.sleep(0.05)
    raise RuntimeError("the server is not ready")


def main(arguments: list[str]) -> None:
    """`endpoint.py PORT QUADS SETTINGS`."""
    import logging

    import uvicorn

    from graph_service.web.listening import doorway

    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
    port, quads, given = arguments
    settings = Settings(**json.loads(given))
    app = endpoint_app(Path(quads), settings)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(port),
        http=doorway(settings),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
