"""A new release takes over without a dropped request; the old one stays until its last answer has been given."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph_service.errors import DataError
from graph_service.switching import Switching
from tests.endpoint import QUADS, ROOT, answering, free_port

SERVER = """
import sys
from pathlib import Path
import uvicorn
from graph_service.settings import Settings
from graph_service.switching import Switching
from tests.endpoint import endpoint_app
port, quads = sys.argv[1:]
settings = Settings(query_workers=1)
app = Switching(lambda: endpoint_app(Path(quads).resolve(), settings), "token")
uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error", access_log=False)
"""


class Application:
    """An ASGI application that says its name, after as long as it is told to."""

    def __init__(self, name: str, starts: bool = True) -> None:
        self.name, self.starts = name, starts
        self.gate = asyncio.Event()
        self.ended = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            if not self.starts:
                raise DataError("no release here")
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self.ended = True
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["path"] == "/slow":
            await self.gate.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self.name.encode()})


async def ask(app: Any, path: str, method: str = "GET", token: str = "") -> tuple[int, bytes]:
    """Status and body of one request."""
    headers = [(b"authorization", f"Bearer {token}".encode())]
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "path": path, "method": method, "headers": headers}, None, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


@contextlib.asynccontextmanager
async def living(app: Switching) -> Any:
    """The application with its lifespan entered."""
    messages: asyncio.Queue[Any] = asyncio.Queue()
    news: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan"}, messages.get, news.put))
    await messages.put({"type": "lifespan.startup"})
    assert (await news.get())["type"] == "lifespan.startup.complete"
    yield
    await messages.put({"type": "lifespan.shutdown"})
    await task


def test_the_old_one_stays_until_its_last_answer() -> None:
    """Requests that came before the switch are answered by the old release, later ones by the new."""

    async def run() -> None:
        made = [Application("one"), Application("two")]
        one, two = made
        app = Switching(lambda: made.pop(0), "token")
        async with living(app):
            slow = asyncio.create_task(ask(app, "/slow"))
            await asyncio.sleep(0)
            assert (await ask(app, "/-/reload", "POST", "token"))[0] == 200
            assert await ask(app, "/") == (200, b"two")
            assert not slow.done()
            assert not one.ended
            one.gate.set()
            assert await slow == (200, b"one")
            await asyncio.sleep(0.05)
            assert one.ended
            assert not two.ended
        assert two.ended

    asyncio.run(run())


def test_a_release_that_cannot_start_changes_nothing() -> None:
    """The old one goes on, and who asked is told why."""

    async def run() -> None:
        made = [Application("one"), Application("two", starts=False)]
        app = Switching(lambda: made.pop(0), "token")
        async with living(app):
            status, body = await ask(app, "/-/reload", "POST", "token")
            assert (status, b"no release here" in body) == (500, True)
            assert await ask(app, "/") == (200, b"one")

    asyncio.run(run())


@pytest.mark.parametrize(("method", "token"), [("POST", "guess"), ("POST", ""), ("GET", "token")])
def test_only_the_token_may(method: str, token: str) -> None:
    """Without the token, or by GET, nothing is loaded."""

    async def run() -> None:
        made = [Application("one")]
        app = Switching(lambda: made.pop(0), "token")
        async with living(app):
            assert (await ask(app, "/-/reload", method, token))[0] == 403
            assert await ask(app, "/") == (200, b"one")

    asyncio.run(run())


def test_without_a_token_it_is_not_offered() -> None:
    """The path is then an ordinary one."""

    async def run() -> None:
        app = Switching(lambda: Application("one"))
        async with living(app):
            assert await ask(app, "/-/reload", "POST") == (200, b"one")

    asyncio.run(run())


@contextlib.contextmanager
def serving(quads: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server that can switch, over a file of quads behind a link."""
    port = free_port()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(port), str(quads)], env=environment)
    try:
        yield answering(port), process
    finally:
        process.terminate()
        process.wait(20)


def test_no_request_is_dropped_while_it_switches(tmp_path: Path) -> None:
    """Under load, by signal and by request, every answer is whole and from one of the two releases."""
    for name, more in (
        ("one", ""),
        ("two", "<http://example.org/new> <http://example.org/p> 1 <http://example.org/g> .\n".replace(" 1 ", ' "1" ')),
    ):
        (tmp_path / f"{name}.nq").write_text(QUADS + more, encoding="utf-8")
    link = tmp_path / "current.nq"
    link.symlink_to("one.nq")
    counts: list[str] = []
    failures: list[str] = []
    over = threading.Event()

    def load(address: str) -> None:
        with httpx.Client(timeout=30) as client:
            while not over.is_set():
                text = f"SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o FILTER({len(counts)} >= 0) }}"
                try:
                    answer = client.get(f"{address}/sparql", params={"query": text})
                    counts.append(answer.json()["results"]["bindings"][0]["n"]["value"])
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    failures.append(repr(error))

    def turn(name: str) -> None:
        (tmp_path / "next").symlink_to(f"{name}.nq")
        (tmp_path / "next").replace(link)

    with serving(link) as (address, process):
        threads = [threading.Thread(target=load, args=(address,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.5)
            turn("two")
            assert (
                httpx.post(f"{address}/-/reload", headers={"Authorization": "Bearer token"}, timeout=60).status_code
                == 200
            )
            time.sleep(0.5)
            at = len(counts)
            turn("one")
            process.send_signal(signal.SIGHUP)
            for _ in range(300):
                time.sleep(0.05)
                if counts[-1] == "9":
                    break
        finally:
            over.set()
            for thread in threads:
                thread.join()
    assert failures == []
    assert set(counts) == {"9", "10"}
    assert counts[0] == "9"
    assert "10" in counts[:at]
    assert counts[-1] == "9"
