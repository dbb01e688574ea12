"""What operators see, how clients are kept fair, how a server stops, and how federation is allowed."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlencode

import pytest

from graph_service.errors import TooManyRequests
from graph_service.settings import Settings
from graph_service.web.fairness import Fairness
from tests.endpoint import DIGEST, QUADS, Server, endpoint

COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
ENDLESS = "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(14)) + " }"


@pytest.fixture(scope="module")
def quads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "survey.nq"
    path.write_text(QUADS)
    return path


@pytest.fixture(scope="module")
def server(quads: Path) -> Iterator[Server]:
    with endpoint(quads, query_seconds=1, query_workers=2) as running:
        yield running


def test_alive_and_ready(server: Server) -> None:
    """/healthz answers; /readyz names the release, how workers are made, and how they are."""
    assert server.ask(path="/healthz").body == b"ok\n"
    ready = server.ask(path="/readyz")
    assert (ready.status, ready.headers["cache-control"]) == (200, "no-store")
    assert {name: ready.json[name] for name in ("ready", "digest", "isolation")} == {
        "ready": True,
        "digest": DIGEST,
        "isolation": "fork",
    }
    assert ready.json["workers"]["alive"] == 2


def test_metrics(server: Server) -> None:
    """Prometheus gets queries by outcome, latency, workers killed, and the cache."""
    server.ask(query=COUNT)
    server.ask(query=COUNT)
    server.ask(query="nonsense")
    server.ask(query=ENDLESS)
    reply = server.ask(path="/metrics")
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    figures = dict(line.rsplit(" ", 1) for line in reply.text.splitlines() if not line.startswith("#"))
    assert float(figures['survey_queries_total{outcome="ok"}']) >= 1
    assert float(figures['survey_queries_total{outcome="cached"}']) >= 1
    assert float(figures['survey_queries_total{outcome="query-syntax"}']) >= 1
    assert float(figures['survey_workers_killed_total{reason="deadline"}']) >= 1
    assert float(figures["survey_query_seconds_count"]) >= 4
    assert float(figures['survey_cache_lookups_total{result="hit"}']) >= 1
    assert float(figures["survey_cache_bytes"]) > 0


def test_settings_and_versions(server: Server) -> None:
    """The limits in force are public, with their meaning; what is private to the machine is not."""
    settings = server.ask(path="/-/settings").json
    assert settings["query_seconds"] == {
        "value": 1.0,
        "description": "Deadline of one query, from start to last byte taken.",
    }
    assert "release" not in settings
    assert all(each["description"] for each in settings.values())
    assert set(server.ask(path="/-/versions").json) >= {"imaging-survey", "python", "pyoxigraph", "uvicorn"}


def test_every_setting_is_described() -> None:
    """No setting without its help, and settings never change while in force."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    with pytest.raises(ValueError, match="frozen"):
        Settings().query_seconds = 5


def test_server_timing_and_query_id(server: Server) -> None:
    """An answer says how long it took and by which name the log knows it."""
    reply = server.ask(query="SELECT (7 AS ?x) {}")
    assert re.fullmatch(r"engine;dur=[\d.]+, total;dur=[\d.]+", reply.headers["server-timing"])
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", reply.headers["x-query-id"])


def test_the_description_is_quick(server: Server) -> None:
    """The service description comes from memory, in under 20 ms."""
    server.ask()
    times = []
    for _ in range(9):
        began = time.perf_counter()
        server.ask()
        times.append(time.perf_counter() - began)
    assert sorted(times)[4] < 0.02


def test_first_byte_of_a_large_answer(tmp_path: Path) -> None:
    """A large answer begins in milliseconds and leaves the front's memory as it was."""
    path = tmp_path / "large.nt"
    path.write_text(
        "".join(f'<http://example.org/{i}> <http://example.org/p> "{i} {"x" * 100}" .\n' for i in range(20_000))
    )
    with endpoint(path, cache_bytes=0) as server:
        before, firsts = server.memory(), []
        for _ in range(8):
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            began = time.perf_counter()
            connection.request("GET", "/sparql?" + urlencode({"query": "SELECT * { ?s ?p ?o . ?a ?b ?s }  LIMIT 1"}))
            connection.getresponse().read()
            began = time.perf_counter()
            connection.request("GET", "/sparql?" + urlencode({"query": "SELECT * { ?s ?p ?o }"}))
            response = connection.getresponse()
            response.read(1)
            firsts.append(time.perf_counter() - began)
            assert len(response.read()) > 4_000_000
            connection.close()
        assert sorted(firsts)[2] < 0.02  # 10 ms on an idle machine
        assert server.memory() - before < 16 * 1024 * 1024


def test_a_graceful_stop(quads: Path) -> None:
    """SIGTERM lets a running query end, takes no new one, and leaves no process behind."""
    with endpoint(quads, query_seconds=1.0) as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        with ThreadPoolExecutor(1) as other:
            running = other.submit(server.ask, query=ENDLESS)
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            assert running.result().status == 504
        assert server.process.wait(10) in (0, -signal.SIGTERM)
        assert children
        time.sleep(0.3)
        assert [pid for pid in children if is_running(pid)] == []


def test_workers_end_with_their_front(quads: Path) -> None:
    """Even when the front is killed outright, no worker is left, also none in the middle of a query."""
    with endpoint(quads, query_seconds=30) as server:
        zygote = int(Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()[0])
        workers = Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()
        with ThreadPoolExecutor(1) as other:
            running = other.submit(server.ask, query=ENDLESS)
            time.sleep(0.3)
            os.kill(server.process.pid, signal.SIGKILL)
            assert isinstance(running.exception(), (OSError, http.client.HTTPException))
        time.sleep(0.5)
        assert workers
        assert [pid for pid in (str(zygote), *workers) if is_running(pid)] == []


def is_running(pid: str) -> bool:
    """Whether the process exists and is no zombie, which only waits for its parent to count it."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def scope(address: str, forwarded: str | None = None) -> dict[str, object]:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return {"client": (address, 1234), "headers": headers}


@pytest.mark.parametrize(
    ("address", "forwarded", "client"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("::ffff:203.0.113.9", None, "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        ("127.0.0.1", None, None),
        ("::1", None, None),
    ],
)
def test_who_a_client_is(address: str, forwarded: str | None, client: str | None) -> None:
    """The address, or what a trusted proxy forwards; the own machine is not limited."""
    fairness = Fairness(Settings(client_rate="1/minute", trusted_proxies=("10.0.0.0/8",)))
    assert fairness.client(scope(address, forwarded)) == client


def test_one_client_does_not_use_up_another_s_share() -> None:
    """The rate and the number at once are counted per client."""
    fairness = Fairness(Settings(client_rate="2/minute", client_concurrency=1))
    first, second = scope("203.0.113.1"), scope("203.0.113.2")
    fairness.enter(first)
    with pytest.raises(TooManyRequests):
        fairness.enter(scope("203.0.113.1"))
    fairness.enter(second)
    fairness.leave(first)
    fairness.enter(again := scope("203.0.113.1"))
    fairness.leave(again)
    with pytest.raises(TooManyRequests) as refused:
        fairness.enter(scope("203.0.113.1"))
    assert int(refused.value.headers["Retry-After"]) in range(1, 62)


def test_limits_are_told(quads: Path) -> None:
    """429 with Retry-After and RateLimit, also for answers that are kept; others see what is left."""
    with endpoint(quads, client_rate="3/minute", limit_loopback=True) as server:
        replies = [server.ask(query=COUNT) for _ in range(4)]
        assert [each.status for each in replies] == [200, 200, 200, 429]
        assert replies[0].headers["ratelimit-policy"] == '"1minute";q=3;w=60'
        assert re.fullmatch(r'"1minute";r=2;t=\d+', replies[0].headers["ratelimit"])
        assert replies[3].json["code"] == "too-many-requests"
        assert int(replies[3].headers["retry-after"]) > 0
        assert server.ask(path="/healthz").status == 200


def test_concurrency_of_one_client(quads: Path) -> None:
    """The third query at once of one client is refused while two run."""
    with endpoint(quads, client_concurrency=2, limit_loopback=True, query_seconds=1.5) as server:
        with ThreadPoolExecutor(2) as others:
            running = [others.submit(server.ask, query=ENDLESS) for _ in range(2)]
            time.sleep(0.5)
            assert server.ask(query=COUNT).status == 429
            assert [each.result().status for each in running] == [504, 504]
        assert server.ask(query=COUNT).status == 200


class Elsewhere(BaseHTTPRequestHandler):
    """Another endpoint, which always gives the same answer."""

    answer = b""
    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.asked.append(form["query"][0])
        if self.path == "/slow":
            time.sleep(5)
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/sparql")
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def elsewhere() -> Iterator[str]:
    Elsewhere.asked = []
    Elsewhere.answer = json.dumps(
        {
            "head": {"vars": ["s", "label"]},
            "results": {
                "bindings": [
                    {
                        "s": {"type": "uri", "value": "http://example.org/archive/a"},
                        "label": {"type": "literal", "value": 'say "A"', "xml:lang": "en"},
                    },
                    {"s": {"type": "uri", "value": "http://example.org/archive/x"}},
                ]
            },
        }
    ).encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_federated_queries_run_a_few_at_a_time(quads: Path) -> None:
    """Twenty clients name a service that does not answer: no more than four processes ask it, and others are answered."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service = f"http://127.0.0.1:{silent.getsockname()[1]}/sparql"
        with (
            endpoint(quads, federation=[service], federation_seconds=1, query_seconds=2) as server,
            ThreadPoolExecutor(20) as crowd,
        ):
            texts = [f"SELECT * {{ SERVICE <{service}> {{ ?s ?p {i} }} }}" for i in range(20)]
            replies = [crowd.submit(server.query, text, "*/*") for text in texts]
            time.sleep(1.0)
            children = [
                int(pid)
                for task in Path(f"/proc/{server.process.pid}/task").iterdir()
                for pid in (task / "children").read_text().split()
            ]
            commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children]
            assert sum(b"graph_service.engine.federated" in each for each in commands) <= 4
            assert server.query("ASK {}").status == 200
            assert {each.result().status for each in replies} <= {502, 504}


def test_federation_with_the_allow_list(quads: Path, elsewhere: str) -> None:
    """SERVICE reaches the services of the allow-list and no other, and its rows join with ours."""
    allowed = [f"{elsewhere}/sparql", f"{elsewhere}/moved", f"{elsewhere}/slow"]
    with endpoint(quads, federation=allowed, federation_seconds=1, query_seconds=5) as server:
        prologue = f"PREFIX dct: <http://purl.org/dc/terms/> PREFIX other: <{elsewhere}/> "
        query = (
            "SELECT ?title ?label { ?s dct:title ?title . SERVICE other:sparql { ?s dct:x ?label } } ORDER BY ?title"
        )
        reply = server.query(prologue + query)
        assert reply.rows == [{"title": "Lungs", "label": 'say "A"'}]
        assert Elsewhere.asked == [f"{prologue}\nSELECT * WHERE {{ ?s dct:x ?label }}"]
        description = server.ask().text
        assert f"<{elsewhere}/sparql>" in description
        assert "sd:BasicFederatedQuery" in description

        def refused(text: str) -> tuple[int, str]:
            problem = server.query(prologue + text, accept="*/*")
            return problem.status, problem.json["code"]

        assert refused(f"SELECT * {{ SERVICE <{elsewhere}/other> {{ ?s ?p ?o }} }}") == (403, "service-refused")
        assert refused("SELECT * { SERVICE ?x { ?s ?p ?o } }") == (403, "service-refused")
        nested = f"SELECT * {{ SERVICE other:sparql {{ SERVICE <{elsewhere}/sparql> {{ ?s ?p ?o }} }} }}"
        assert refused(nested) == (403, "service-refused")
        assert refused("SELECT * { SERVICE other:moved { ?s ?p ?o } }") == (502, "service-failed")
        assert refused("SELECT * { SERVICE other:slow { ?s ?p ?o } }") == (502, "service-failed")
        silent = "SELECT ?title { ?s dct:title ?title . SERVICE SILENT other:moved { ?s ?p ?o } } ORDER BY ?title"
        assert server.query(prologue + silent).rows == [{"title": "Gehirne"}, {"title": "Lungs"}]
        assert server.query("SELECT ('service' AS ?x) {}").rows == [{"x": "service"}]
        Elsewhere.answer = b"no JSON"
        assert refused("SELECT * { SERVICE other:sparql { ?s ?p ?o } }") == (502, "service-failed")


def test_a_busy_port_is_free_again(quads: Path) -> None:
    """After a stop nobody listens."""
    with endpoint(quads) as server:
        port = server.port
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
