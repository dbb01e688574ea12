"""The endpoint on the open internet: each attack ends in time with an honest status, and the next query is answered."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.endpoint import Server, endpoint, mixed_quads
from tests.test_guard import LISTENER, SMUGGLED

DEADLINE = 2.0
GRACE = 0.5
MIB = 1024 * 1024


@dataclass
class Trap:
    """A listener on loopback that counts connections: nobody may ever come."""

    port: int
    visits: list[bytes] = field(default_factory=list)


@pytest.fixture(scope="module")
def trap() -> Iterator[Trap]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Trap(listener.getsockname()[1])
        listener.settimeout(0.1)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    visitor, _ = listener.accept()
                except TimeoutError:
                    continue
                found.visits.append(b"a visit")
                visitor.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield found
        stop.set()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    path = folder / "mixed.nq"
    path.write_text(mixed_quads(2000))
    limits = {"query_seconds": DEADLINE, "query_memory": 256 * MIB, "query_workers": 4, "stall_seconds": 1.0}
    with endpoint(path, folder / "log", body_seconds=1.5, head_seconds=1.0, **limits) as running:
        yield running
        assert running.process.poll() is None, "the front died"


@pytest.fixture(autouse=True)
def calm(server: Server) -> Iterator[None]:
    """After each attack the next small query is answered at once, by the same front."""
    yield
    waits = []
    for _ in range(3):
        began = time.perf_counter()
        assert server.query("ASK {}").body == b'{"head":{},"boolean":true}'
        waits.append(time.perf_counter() - began)
    assert min(waits) < 0.1
    assert server.process.poll() is None


def outcome(server: Server, query: str) -> tuple[int | str, str, float]:
    """Status (or `broken`), code of the problem, and seconds."""
    began = time.perf_counter()
    try:
        reply = server.query(query, accept="*/*")
    except http.client.IncompleteRead:
        return "broken", "", time.perf_counter() - began
    code = reply.json["code"] if reply.status != 200 else ""
    return reply.status, code, time.perf_counter() - began


TRIPLES = " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(5))
NUMBERS = " ".join(map(str, range(99)))
VALUES = " ".join(f"VALUES ?v{i} {{ {NUMBERS} }}" for i in range(6))
HEAVY = {
    "cartesian count": f"SELECT (COUNT(*) AS ?n) {{ {TRIPLES} }}",
    "cartesian distinct": f"SELECT DISTINCT ?a0 ?a1 ?a2 {{ {TRIPLES} }}",
    "cartesian order": f"SELECT * {{ {TRIPLES} }} ORDER BY ?a0",
    "cartesian group": f"SELECT ?a0 (COUNT(DISTINCT ?a1) AS ?n) {{ {TRIPLES} }} GROUP BY ?a0",
    "cartesian values": f"SELECT (COUNT(*) AS ?n) {{ {VALUES} }}",
    "cartesian not exists": f"SELECT (COUNT(*) AS ?n) {{ ?a ?b ?c . ?d ?e ?f "
    f"FILTER NOT EXISTS {{ {TRIPLES} FILTER(?c0 = ?c1 && ?c = ?c3) }} }}",
    "cartesian minus": f"SELECT (COUNT(*) AS ?n) {{ ?a0 ?x ?y . ?z ?v ?w MINUS {{ {TRIPLES} }} }}",
    "cartesian construct": f"CONSTRUCT {{ ?a0 ?b1 ?c2 }} {{ {TRIPLES} }}",
    "endless rows": f"SELECT * {{ {TRIPLES} }}",
    "endless describe": f"DESCRIBE ?a0 ?a1 {{ {TRIPLES} }}",
    "path of everything": "SELECT (COUNT(*) AS ?n) { ?s (!<http://e/a>|^!<http://e/a>)+ ?o }",
    "path of paths": "PREFIX : <http://example.org/> "
    "SELECT (COUNT(*) AS ?n) { ?a ((:p4|^:p4)*)* ?b . ?b (:p4*/:p4*)* ?c }",
    "planner: flat optionals": "SELECT * { ?s ?p ?o "
    + "".join(f"OPTIONAL {{ ?s ?p{i} ?o{i} }} " for i in range(1000))
    + "}",
    "planner: many patterns": "SELECT * { " + "".join(f"?s{i} ?p ?s{i + 1} . " for i in range(500)) + "}",
    "planner: many unions": "SELECT (COUNT(*) AS ?n) { "
    + " ".join(f"{{ {{ ?s{i} ?p ?o }} UNION {{ ?o ?p ?s{i} }} }}" for i in range(60))
    + " }",
    "group concat": f"SELECT (GROUP_CONCAT(STR(?c0); separator='{'x' * 2000}') AS ?n) {{ {TRIPLES} }}",
    "concat doubling": "SELECT (STRLEN(?z) AS ?n) { BIND('0123456789abcdef' AS ?a) "
    + "".join(
        f"BIND(CONCAT({', '.join([f'?{a}'] * 10)}) AS ?{b}) " for a, b in zip("abcdefghi", "bcdefghiz", strict=True)
    )
    + "}",
    "replace growth": "SELECT (STRLEN(?z) AS ?n) { BIND('aaaaaaaaaaaaaaaa' AS ?a) "
    + "".join(
        f"BIND(REPLACE(?{a}, 'a', 'aaaaaaaaaaaaaaaa') AS ?{b}) " for a, b in zip("abcdefghi", "bcdefghiz", strict=True)
    )
    + "}",
    "hash loop": f"SELECT (COUNT(DISTINCT SHA512(CONCAT(STR(?a0), STR(?a1)))) AS ?n) {{ {TRIPLES} }}",
    "regex everywhere": f"SELECT (COUNT(*) AS ?n) {{ {TRIPLES} FILTER(REGEX(STR(?c0), '(a*)*b{{1,50}}', 'i')) }}",
    "sub-selects": "SELECT * " + "{ SELECT * " * 60 + f"{{ {TRIPLES} }}" + " }" * 60,
}


@pytest.mark.parametrize("query", HEAVY.values(), ids=HEAVY.keys())
def test_heavy_queries_end_at_the_deadline(server: Server, query: str) -> None:
    """Time or memory runs out: 504, 503, or a chunked body that breaks off; never a 200 that looks whole."""
    status, code, seconds = outcome(server, query)
    assert (status, code) in {(504, "query-timeout"), (503, "query-memory"), ("broken", ""), (400, "query-too-deep")}
    assert seconds < DEADLINE + GRACE


HARMLESS = {
    "regex": "SELECT (REGEX('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac', '(a*)*b') AS ?x) {}",
    "repeats": "SELECT (REGEX('aaaa', '((a{1,20}){1,20}){1,20}') AS ?x) {}",
    "empty path": "SELECT (COUNT(*) AS ?n) { <http://e/absent> (<http://e/a>|<http://e/b>)* ?x }",
    "division by zero": "SELECT (1/0 AS ?x) {}",
    "huge numbers": "SELECT (1e308 * 1e308 AS ?x) (99999999999999999999999999 + 1 AS ?y) {}",
    "order by": "SELECT * { ?s ?p ?o } ORDER BY ?o ?s",
    "order by random": "SELECT * { ?s ?p ?o } ORDER BY RAND() LIMIT 5",
    "null": "SELECT ('a\\u0000b' AS ?x) {}",
    "surrogates": "SELECT ('\\U0001F600' AS ?x) {}",
}


@pytest.mark.parametrize("query", HARMLESS.values(), ids=HARMLESS.keys())
def test_suspicious_queries_are_answered(server: Server, query: str) -> None:
    """What only looks dangerous gets its 200."""
    assert outcome(server, query)[0] == 200


@pytest.mark.parametrize(
    "piece", ["{", "(", "[", "!", "-(", "{ SELECT * ", "FILTER NOT EXISTS {", "<<(", "^", "GRAPH ?g {"]
)
@pytest.mark.parametrize("size", [10_000, 1_000_000])
def test_nesting_is_refused(server: Server, piece: str, size: int) -> None:
    """Ten kilobytes of `!` kill other servers; here nesting is a 400, at once."""
    for query in (
        "SELECT * { ?s ?p ?o FILTER(" + piece * (size // len(piece)),
        "SELECT * " + piece * (size // len(piece)),
    ):
        status, code, seconds = outcome(server, query)
        assert (status, code) in {(400, "query-too-deep"), (400, "query-syntax")}
        assert seconds < 1.0


def test_long_chains_are_refused(server: Server) -> None:
    """A sum of a hundred thousand terms."""
    assert outcome(server, "SELECT (1" + "+1" * 100_000 + " AS ?x) {}")[:2] == (400, "query-too-deep")


def test_big_values(server: Server) -> None:
    """A megabyte of VALUES is answered, more is refused, and joins of it end in time."""
    values = " ".join(f"'{i:06}'" for i in range(100_000))
    assert outcome(server, f"SELECT (COUNT(*) AS ?n) {{ VALUES ?x {{ {values} }} }}")[0] == 200
    assert outcome(server, f"SELECT (COUNT(*) AS ?n) {{ VALUES ?x {{ {values} {values} }} }}")[:2] == (413, "too-large")
    small = " ".join(f"'{i:06}'" for i in range(30_000))
    query = f"SELECT (COUNT(*) AS ?n) {{ VALUES ?x {{ {small} }} VALUES ?y {{ {small} }} FILTER(CONCAT(?x, ?y) = '') }}"
    status, code, seconds = outcome(server, query)
    assert (status, code) in {(504, "query-timeout"), (503, "query-memory")}
    assert seconds < DEADLINE + GRACE


def test_service_and_load_reach_nobody(server: Server, trap: Trap) -> None:
    """No spelling of SERVICE or LOAD makes a connection; SERVICE is told to be refused, or is no SPARQL."""
    here = f"http://127.0.0.1:{trap.port}/sparql"
    for name, query in SMUGGLED.items():
        aimed = query.replace(LISTENER, here).replace("http://127.0.0.1:9/", f"http://127.0.0.1:{trap.port}/")
        status, code, seconds = outcome(server, aimed)
        assert (status, code) == (403, "service-refused"), name
        assert seconds < 1.0
    for update in (f"LOAD <{here}>", f"LOAD SILENT <{here}> INTO GRAPH <http://e/g>", f"\\u004coad <{here}>"):
        for parameter in ("query", "update"):
            reply = server.ask("GET", "/sparql?" + urlencode({parameter: update}))
            assert (reply.status, reply.json["code"]) == (403, "update-refused")
    for where in ("FROM", "FROM NAMED"):
        assert outcome(server, f"SELECT * {where} <{here}> {{ ?s ?p ?o }}")[0] == 200
    assert outcome(server, f"DESCRIBE <{here}>")[0] == 200
    time.sleep(0.3)
    assert trap.visits == []


def test_many_at_once(server: Server) -> None:
    """Forty heavy queries at once over four workers: each ends in time or is sent away, and memory stays."""
    before = server.memory()
    with ThreadPoolExecutor(40) as crowd:
        queries = [
            HEAVY["cartesian count"],
            HEAVY["endless rows"],
            HEAVY["group concat"],
            HEAVY["cartesian order"],
        ] * 10
        results = list(crowd.map(lambda query: outcome(server, query), queries))
    for status, code, seconds in results:
        assert (status, code) in {(504, "query-timeout"), (503, "query-memory"), (503, "busy"), ("broken", "")}
        assert seconds < 10 + DEADLINE + 1.0  # a place in the queue is waited for at most ten seconds
    assert server.memory() - before < 100 * MIB


def raw(server: Server, data: bytes, wait: float = 5.0) -> bytes:
    """What the server says to these bytes until it closes or falls silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait) as client:
        client.sendall(data)
        said = b""
        try:
            while part := client.recv(65_536):
                said += part
                if b"\r\n\r\n" in said and not said.startswith(b"HTTP/1.1 100"):
                    return said
        except TimeoutError:
            pass
        return said


def test_bodies_that_do_not_come(server: Server) -> None:
    """A truncated body ends without a query; one that never comes is told 408."""
    head = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head + b"SELECT")
    assert raw(server, head + b"SELECT").startswith(b"HTTP/1.1 408")


def test_bodies_that_are_too_large(server: Server) -> None:
    """A declared size too large is refused unread, an undeclared one as soon as it is."""
    head = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
    assert raw(server, head + b"Content-Length: 99999999999\r\n\r\n").startswith(b"HTTP/1.1 413")
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    began = time.perf_counter()
    try:
        said = raw(server, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 100)
        assert said.startswith(b"HTTP/1.1 413")
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /sparql?query=ASK{} HTTP/9.9\r\n\r\n",
        b"GET /sparql?query=\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /sparql?query=%E0%80%80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /sparql?query=%ED%A0%80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nASK {}",
        b"GET /sparql HTTP/1.1\r\nHost: x\r\nAccept: " + b"a/b;q=0.1," * 5000 + b"\r\n\r\n",
        b"GET /sparql HTTP/1.1\r\nHost: x\r\nAccept: \xff\xfe\r\n\r\n",
        b"GET /sparql HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n",
        b"GET /sparql HTTP/1.1\r\nHost: x\r\nX-Evil: a\r\n b\r\n\r\n",
        b"GET /sparql HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /sparql?" + b"a=b&" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\nIf-None-Match: " + b'"a",' * 10_000 + b"\r\n\r\n",
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip;q=nonsense,,;;,*;q=9\r\n\r\n",
        b"GET /sparql HTTP/1.1\r\nHost: [\r\n\r\n",
        b"GET /sparql HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"GET /sparql HTTP/1.1\r\nHost: x:y:z\r\n\r\n",
        b"GET /sparql/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://evil.example/sparql HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_odd_requests(server: Server, data: bytes) -> None:
    """Broken encodings, header tricks and noise get an answer below 500, or a closed door."""
    said = raw(server, data)
    status = re.match(rb"HTTP/1\.1 (\d+)", said)
    assert said == b"" or (status is not None and int(status[1]) < 500), said[:200]


def test_header_injection(server: Server) -> None:
    """Nothing that a client sends comes back as a header of ours."""
    reply = server.ask("GET", "/sparql?" + urlencode({"query": "x\r\nSet-Cookie: a=b", "format": "json\r\nX-A: b"}))
    assert reply.status == 400
    assert "set-cookie" not in reply.headers
    assert "x-a" not in reply.headers


def asked_during(server: Server, attack: Callable[[], object]) -> float:
    """The longest that a small query of somebody else takes while the attack runs."""
    longest = 0.0
    with ThreadPoolExecutor(1) as attacker:
        running = attacker.submit(attack)
        while not running.done():
            began = time.perf_counter()
            assert server.query("ASK {}").status == 200
            longest = max(longest, time.perf_counter() - began)
            time.sleep(0.005)
        running.result()
    return longest


def test_an_endless_accept_holds_nobody_up(server: Server) -> None:
    """A megabyte of Accept header is not read through: others are answered meanwhile, and nothing of it is kept."""
    before = server.memory()

    def attack() -> None:
        for i in range(30):
            raw(
                server,
                b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: "
                + b"a%d/b;q=0.5," % i * 5_000
                + b"c/d\r\n\r\n",
            )
            head = b"GET /sparql HTTP/1.1\r\nHost: x\r\nAccept: " + b"a%d/b;q=0.5," % i * 80_000
            with contextlib.suppress(ConnectionError):
                raw(server, head + b"c/d\r\n\r\n")

    assert min(asked_during(server, attack) for _ in range(3)) < 0.2
    assert server.memory() - before < 40 * MIB


def test_a_form_of_escapes_holds_nobody_up(server: Server) -> None:
    """Three megabytes of `%41` are a legitimate query of one, and others are answered while they are decoded."""
    body = "query=ASK%7B%7D%23" + "%41" * 1_000_000
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    waits = [asked_during(server, lambda: server.ask("POST", "/sparql", body, headers=headers)) for _ in range(3)]
    assert min(waits) < 0.25
    assert server.ask("POST", "/sparql", body, headers=headers).status == 200


@pytest.mark.parametrize("begin", [b"GET /sparql HTTP/1.1\r\nHost: x\r\nX-A: ", b"GET /sparql?query="])
def test_heads_that_are_too_large(server: Server, begin: bytes) -> None:
    """A head without end is told 431 as soon as it is too large, and is not taken into memory."""
    before = server.memory()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(begin)
            for _ in range(200):
                client.sendall(b"%41" * 100_000)
        with contextlib.suppress(ConnectionError):
            assert client.recv(100).startswith(b"HTTP/1.1 431")
    assert server.memory() - before < 20 * MIB


def test_heads_that_do_not_come(server: Server) -> None:
    """Who says nothing, or drops a byte now and then, is told 408 and holds no connection."""
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=6) for _ in range(40)]
    for client in silent[20:]:
        client.sendall(b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\nX-A: ")
    for _ in range(3):
        time.sleep(0.4)
        with contextlib.suppress(ConnectionError):
            silent[20].sendall(b"a")
    for client in silent:
        with contextlib.suppress(ConnectionError):
            assert client.recv(100).startswith(b"HTTP/1.1 408")
        client.close()


def test_readers_that_do_not_read_hold_no_connection(server: Server) -> None:
    """Twenty clients that take nothing of an answer that is kept: the front lets them go."""
    path = "/sparql?" + urlencode({"query": "SELECT * { ?s ?p ?o } LIMIT 9999"})
    assert server.ask(path=path).status == 200
    before = server.files()
    clients = []
    for _ in range(20):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        clients.append(client)
    time.sleep(0.5)
    assert server.files() >= before + 15
    deadline = time.monotonic() + 6
    while server.files() > before + 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert server.files() <= before + 2
    for client in clients:
        client.close()


def test_slow_readers_keep_their_answers(server: Server) -> None:
    """Who reads slowly, but reads, gets all of it."""
    path = "/sparql?" + urlencode({"query": "SELECT * { ?s ?p ?o } LIMIT 9999"})
    whole = server.ask(path=path).body
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(5)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        said = b""
        pauses = 0
        while part := client.recv(65_536):
            said += part
            if len(said) > 100_000 * pauses:
                time.sleep(0.2)
                pauses += 1
    assert said.partition(b"\r\n\r\n")[2] == whole


def test_one_long_literal(server: Server) -> None:
    """A literal of 32 MB passes in pieces: the front neither holds it nor works for seconds to put it together."""
    before, spent = server.memory(), server.processor_seconds()
    steps = "".join(f"BIND(CONCAT(?a{i}, ?a{i}) AS ?a{i + 1}) " for i in range(15))
    query = f"SELECT ?a15 {{ BIND('{'0123456789abcdef' * 64}' AS ?a0) {steps} }}"
    with contextlib.suppress(http.client.IncompleteRead):
        assert server.query(query, accept="text/csv").status in (200, 503)
    assert server.processor_seconds() - spent < 0.5
    assert server.memory() - before < 20 * MIB


def test_readers_that_do_not_read(server: Server) -> None:
    """Twelve clients that take nothing of their large answers: workers are free again when they stall, memory stays."""
    before = server.memory()
    request = (
        "GET /sparql?"
        + urlencode({"query": "SELECT * { ?s ?p ?o . ?a ?b ?c } LIMIT 100000"})
        + " HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    clients = []
    for _ in range(12):
        client = socket.create_connection(("127.0.0.1", server.port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(request.encode())
        clients.append(client)
    time.sleep(0.5)
    assert server.memory() - before < 60 * MIB
    time.sleep(1.5)
    began = time.perf_counter()
    assert server.query("ASK {}").status == 200
    assert time.perf_counter() - began < DEADLINE + GRACE + 1
    for client in clients:
        client.close()
    time.sleep(1.0)


def assert_at_once(server: Server) -> None:
    """Somebody else's small query does not wait for a deadline."""
    began = time.perf_counter()
    assert server.query("ASK {}").status == 200
    assert time.perf_counter() - began < 0.5


def test_clients_that_leave_free_their_workers(server: Server) -> None:
    """Eight clients ask heavy queries and hang up: the ninth does not wait for the deadline."""
    request = "GET /sparql?" + urlencode({"query": HEAVY["cartesian count"]}) + " HTTP/1.1\r\nHost: x\r\n\r\n"
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
    for client in clients:
        client.sendall(request.encode())
    time.sleep(0.3)
    for client in clients:
        client.close()
    time.sleep(0.2)
    assert_at_once(server)


def test_clients_that_leave_the_queue_cost_no_worker(server: Server) -> None:
    """A hundred clients ask heavy queries, most of which wait, and hang up: nobody waits for a worker for each."""
    deaths = re.compile(rb"workers_killed_total\{[^}]*\} (\d+)")

    def dead() -> int:
        return sum(int(each) for each in deaths.findall(server.ask(path="/metrics").body))

    before = dead()
    query = HEAVY["cartesian count"]
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    for place, client in enumerate(clients):
        path = "/sparql?" + urlencode({"query": f"{query} # {place}"})
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    time.sleep(0.4)
    for client in clients:
        client.close()
    time.sleep(0.2)
    assert_at_once(server)
    assert dead() - before <= 8


def test_an_honest_log(server: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The log has the failures with a query's id and no client's address, and no traceback."""
    log = next(tmp_path_factory.getbasetemp().glob("data*/log"))
    outcome(server, HEAVY["cartesian count"])
    text = Path(log).read_text()
    assert '"outcome": "query-timeout"' in text
    assert "Traceback" not in text
    assert "127.0.0.1" not in re.sub(r"127\.0\.0\.1:\d+", "", text.replace(LISTENER, ""))
