"""The link check, against a local server that misbehaves in every way that it must bear."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_service import links
from graph_service.links import Outcome


class Server(threading.Thread):
    """Answers each path with a fixed misbehavior; counts how often each method was used."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.asked: list[str] = []

    def run(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client: socket.socket) -> None:
        with client:
            line = client.recv(4096).decode("latin-1").split("\r\n")[0]
            if not line:
                return
            method, path, _ = line.split(" ")
            self.asked.append(f"{method} {path}")
            name = path[1:]
            if name.isdigit():
                head = f"HTTP/1.1 {name} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            elif name == "head-refused" and method == "HEAD":
                head = "HTTP/1.1 405 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            elif name == "head-wrong" and method == "HEAD":
                head = "HTTP/1.1 404 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            elif name in ("head-refused", "head-wrong", "moved"):
                head = "HTTP/1.1 200 x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
            elif name == "move":
                head = "HTTP/1.1 301 x\r\nLocation: /moved\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            elif name == "loop":
                head = "HTTP/1.1 302 x\r\nLocation: /loop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            elif name == "slow":
                time.sleep(5)
                head = ""
            elif name == "hang-up":
                head = ""
            elif name == "garbage":
                head = "this is no HTTP\r\n\r\n"
            elif name == "endless":
                head = "HTTP/1.1 200 x\r\nConnection: close\r\n\r\n"
            try:
                client.sendall(head.encode())
                while name == "endless" and method == "GET":
                    client.sendall(b"x" * 65536)
            except OSError:
                return


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    running.start()
    yield running
    running.socket.close()


def ask(server: Server, *names: str, seconds: float = 1.0) -> dict[str, str]:
    base = f"http://127.0.0.1:{server.port}"
    wanted = [f"{base}/{name}" for name in names]
    found = asyncio.run(links.ask_all(wanted, "2026-11-25", pause=0, seconds=seconds))
    return {outcome.address.removeprefix(f"{base}/"): outcome.kind for outcome in found}


def test_each_misbehavior_has_its_outcome(server: Server) -> None:
    """Every way to answer, or not to, becomes the outcome of that name; nothing raises."""
    expected = {
        "200": "ok",
        "204": "ok",
        "401": "not-for-machines",
        "403": "not-for-machines",
        "405": "not-for-machines",
        "406": "not-for-machines",
        "429": "not-for-machines",
        "404": "not-found",
        "410": "not-found",
        "400": "refused-request",
        "451": "refused-request",
        "500": "server-error",
        "503": "server-error",
        "head-refused": "ok",
        "head-wrong": "ok",
        "move": "ok",
        "loop": "redirect-loop",
        "hang-up": "unreadable",
        "garbage": "unreadable",
        "endless": "ok",
    }
    assert ask(server, *expected) == expected


def test_a_server_that_does_not_answer_ends_in_time(server: Server) -> None:
    """A silent server costs no more than the time allowed."""
    started = time.monotonic()
    assert ask(server, "slow", seconds=0.4) == {"slow": "timeout"}
    assert time.monotonic() - started < 3


def test_nobody_listening_and_no_such_name_are_told_apart() -> None:
    """A closed port and an unknown host have outcomes of their own."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    wanted = [f"http://127.0.0.1:{port}/", "http://no-such-name.invalid/"]
    found = asyncio.run(links.ask_all(wanted, "2026-11-25", pause=0, seconds=3))
    assert [outcome.kind for outcome in found] == ["connection-refused", "name-not-found"]


def test_where_head_answers_no_get_is_sent(server: Server) -> None:
    """A page that HEAD finds is not fetched."""
    server.asked.clear()
    ask(server, "200")
    assert server.asked == ["HEAD /200"]


def outcomes(*kinds: str) -> list[Outcome]:
    return [Outcome("http://a/", f"2026-11-{day:02}", kind) for day, kind in enumerate(kinds, 1)]


@pytest.mark.parametrize(
    ("kinds", "verdict"),
    [
        (("not-found",), None),
        (("not-found", "not-found"), None),
        (("not-found", "timeout", "server-error"), "server-error"),
        (("not-found", "ok", "not-found", "not-found"), None),
        (("not-found", "not-found", "not-found", "ok"), "ok"),
        (("not-for-machines",), "not-for-machines"),
    ],
)
def test_unreachable_needs_failures_on_several_days(kinds: tuple[str, ...], verdict: str | None) -> None:
    """One bad day decides nothing; three in a row do, and one answer ends the row."""
    found = links.verdicts(outcomes(*kinds))
    assert (found["http://a/"].kind if found else None) == verdict


def test_three_failures_on_one_day_are_one(tmp_path: Path) -> None:
    """A second run on the same day replaces the first in the history."""
    path = tmp_path / "links.jsonl"
    for _ in range(3):
        links.remember(path, [Outcome("http://a/", "2026-11-25", "timeout")])
    assert links.history(path) == [Outcome("http://a/", "2026-11-25", "timeout")]
