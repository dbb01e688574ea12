"""Our endpoint beside its peers: one command, the same data, the same queries, wrk, interleaved rounds.

    python benchmarks/endpoint.py releases/current [--rounds 5] [--seconds 3] [--connections 16] [--peers ours,oxigraph]

Prints a table of medians and ratios as Markdown; `--write` also puts it into benchmarks/RESULTS.md. Needs wrk, and the
peers that are installed: `oxigraph` and `rdflib-endpoint` from PyPI (looked for in $PEERS, else on the path), Debian's
virtuoso-opensource-7. Everything listens on loopback only, on free ports.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).parent
ROOT = HERE.parent
ACCEPT = "application/sparql-results+json, text/turtle;q=0.9"
QUERIES = {path.stem[4:]: path.read_text() for path in sorted((HERE / "queries").glob("*.rq"))}
LARGE = "SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 3000"
VIRTUOSO_GRAPH = "http://example.org/bench"


@dataclass
class Peer:
    """A server that is measured."""

    name: str
    port: int
    path: str
    process: subprocess.Popen[bytes]

    def pause(self, paused: bool) -> None:
        """Stop or continue all of its processes, so that what it still works on does not disturb the others."""
        os.killpg(self.process.pid, signal.SIGSTOP if paused else signal.SIGCONT)

    def cpu_seconds(self) -> float:
        """Processor time that its processes have used so far: what a busy machine does not distort."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rsplit(")", 1)[1].split()
                if int(fields[2]) == self.process.pid:
                    ticks += sum(map(int, fields[11:15]))  # its own, and its ended children's
        return ticks / os.sysconf("SC_CLK_TCK")

    def target(self, query: str) -> str:
        extra = f"&default-graph-uri={quote(VIRTUOSO_GRAPH, safe='')}" if self.name == "virtuoso" else ""
        return f"{self.path}?query={quote(query, safe='')}{extra}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def peer_command(name: str) -> str | None:
    local = Path(os.environ.get("PEERS", "/nowhere")) / name
    return str(local) if local.exists() else shutil.which(name)


def request(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    result = response.status, response.read()
    connection.close()
    return result


def wait_for(port: int, path: str, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if request(port, "GET", path)[0] < 500:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers on port {port}")


def start_ours(release: Path, _: Path, cache: bool) -> Peer:
    """Our whole application, as it is deployed, with its cache or without."""
    port = free_port()
    settings = {
        "IMAGING_SURVEY_RELEASE": str(release),
        "IMAGING_SURVEY_CACHE_BYTES": str(64 * 1024 * 1024 if cache else 0),
        "IMAGING_SURVEY_QUERY_SECONDS": "30",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "graph_service.app:create_app", "--port", str(port)]
    command += ["--host", "127.0.0.1", "--no-access-log", "--log-level", "warning", "--no-server-header"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, start_new_session=True)
    wait_for(port, "/readyz", process)
    return Peer("ours cached" if cache else "ours", port, "/sparql", process)


def start_oxigraph(release: Path, _: Path) -> Peer | None:
    command = peer_command("oxigraph")
    if command is None:
        return None
    port = free_port()
    process = subprocess.Popen(
        [command, "serve", "--bind", f"127.0.0.1:{port}", "--union-default-graph"],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(port, "/", process)
    request(port, "POST", "/store", (release / "survey.nq").read_bytes(), {"Content-Type": "application/n-quads"})
    return Peer("oxigraph", port, "/query", process)


def start_rdflib(release: Path, work: Path) -> Peer | None:
    command = peer_command("rdflib-endpoint")
    if command is None:
        return None
    port = free_port()
    data = work / "survey.nt"
    data.write_bytes((release / "survey.nt").read_bytes())
    process = subprocess.Popen(
        [command, "serve", "--host", "127.0.0.1", "--port", str(port), str(data)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(port, f"/?query={quote('ASK {}')}", process)
    return Peer("rdflib-endpoint", port, "/", process)


VIRTUOSO_INI = """
[Database]
DatabaseFile = {work}/virtuoso.db
ErrorLogFile = {work}/virtuoso.log
LockFile = {work}/virtuoso.lck
TransactionFile = {work}/virtuoso.trx
xa_persistent_file = {work}/virtuoso.pxa
[Parameters]
ServerPort = 127.0.0.1:{sql}
NumberOfBuffers = 85000
MaxDirtyBuffers = 65000
DirsAllowed = {work}
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 20
MaxClientConnections = 64
[SPARQL]
ResultSetMaxRows = 1000000
"""


def start_virtuoso(release: Path, work: Path) -> Peer | None:
    server, isql = peer_command("virtuoso-t"), peer_command("isql-vt") or peer_command("isql")
    if server is None or isql is None:
        return None
    folder = work / "virtuoso"
    folder.mkdir()
    sql, port = free_port(), free_port()
    (folder / "virtuoso.ini").write_text(VIRTUOSO_INI.format(work=folder, sql=sql, http=port))
    (folder / "survey.nt").write_bytes((release / "survey.nt").read_bytes())
    process = subprocess.Popen(
        [server, "-f", "-c", str(folder / "virtuoso.ini")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        start_new_session=True,
    )
    wait_for(port, "/", process)
    load = f"ld_dir('{folder}', 'survey.nt', '{VIRTUOSO_GRAPH}'); rdf_loader_run(); checkpoint;"
    subprocess.run([isql, f"127.0.0.1:{sql}", "dba", "dba", f"exec={load}"], check=True, stdout=subprocess.DEVNULL)
    return Peer("virtuoso", port, "/sparql", process)


SCRIPT = """
local paths = {{ {paths} }}
local turn = 0
request = function()
  turn = turn % #paths + 1
  return wrk.format("GET", paths[turn])
end
wrk.headers["Accept"] = "{accept}"
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %.3f %.3f\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


def load(
    peer: Peer, queries: list[str], seconds: float, connections: int, work: Path
) -> tuple[float, float, float, int, float]:
    """Requests per second, median and 99th percentile in milliseconds, errors, processor milliseconds per request."""
    script = work / "load.lua"
    paths = ", ".join(json.dumps(peer.target(query)) for query in queries)
    script.write_text(SCRIPT.format(paths=paths, accept=ACCEPT))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(script), f"http://127.0.0.1:{peer.port}"]
    before = peer.cpu_seconds()
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    match = re.search(r"RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", output)
    assert match is not None, output
    spent = (peer.cpu_seconds() - before) * 1e3 / max(int(match[1]), 1)
    return int(match[1]) / (int(match[2]) / 1e6), float(match[4]), float(match[5]), int(match[3]), spent


WORKLOADS = {"lookup": [QUERIES["lookup"]], "mix": list(QUERIES.values()), "large answer": [LARGE]}
CACHED_WORKLOADS = ("lookup", "mix")


@contextlib.contextmanager
def running(release: Path, wanted: set[str], work: Path) -> Iterator[list[Peer]]:
    peers: list[Peer] = []
    try:
        for name, start in {
            "ours": lambda: start_ours(release, work, cache=False),
            "ours cached": lambda: start_ours(release, work, cache=True),
            "oxigraph": lambda: start_oxigraph(release, work),
            "virtuoso": lambda: start_virtuoso(release, work),
            "rdflib-endpoint": lambda: start_rdflib(release, work),
        }.items():
            if name in wanted:
                peer = start()
                if peer is None:
                    print(f"{name}: not installed, skipped", file=sys.stderr)
                else:
                    peers.append(peer)
        yield peers
    finally:
        for peer in peers:
            peer.pause(False)
            peer.process.terminate()
        for peer in peers:
            try:
                peer.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(peer.process.pid, signal.SIGKILL)


def machine() -> str:
    model = "unknown processor"
    with contextlib.suppress(OSError):
        model = next(
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB, {system}"


def report(
    results: dict[tuple[str, str], list[tuple[float, float, float, int, float]]],
    peers: list[Peer],
    arguments: argparse.Namespace,
    triples: int,
) -> str:
    load_now = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    rounds_text = (
        f"{arguments.rounds} interleaved rounds of {arguments.seconds:g} s, their median; wrk shares the machine."
    )
    lines = [
        f"# Endpoint beside its peers, {date.today()}",
        "",
        f"{machine()}; load average {load_now}. {triples:,} triples; wrk -t1 -c{arguments.connections}, {rounds_text}",
        "",
        "| workload | server | requests/s | × oxigraph | p50 ms | p99 ms | errors | CPU ms | oxigraph's ÷ its |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for workload in WORKLOADS:
        reference = results.get((workload, "oxigraph"))
        base = statistics.median(each[0] for each in reference) if reference else None
        for peer in peers:
            rounds = results.get((workload, peer.name))
            if rounds:
                rate, p50, p99 = (statistics.median(each[place] for each in rounds) for place in range(3))
                ratio = f"{rate / base:.2f}" if base else "-"
                errors = sum(each[3] for each in rounds)
                cpu = statistics.median(each[4] for each in rounds)
                frugality = (
                    f"{statistics.median(each[4] for each in reference) / cpu:.2f}" if reference and cpu else "-"
                )
                figures = f"{rate:,.0f} | {ratio} | {p50:.2f} | {p99:.1f} | {errors} | {cpu:.3f} | {frugality}"
                lines.append(f"| {workload} | {peer.name} | {figures} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("release", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--peers", default="ours,ours cached,oxigraph,virtuoso,rdflib-endpoint")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed (Debian: apt-get install wrk)")
    results: dict[tuple[str, str], list[tuple[float, float, float, int, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with running(arguments.release.resolve(), set(arguments.peers.split(",")), work) as peers:
            triples = 0
            for peer in peers:
                counts = [
                    request(peer.port, "GET", peer.target(query), headers={"Accept": ACCEPT})
                    for query in QUERIES.values()
                ]
                bad = [(name, status) for name, (status, _) in zip(QUERIES, counts, strict=True) if status != 200]
                print(f"{peer.name}: answers {[len(body) for _, body in counts]} {bad or ''}", file=sys.stderr)
                if not triples:
                    triples = int(re.search(rb'"value":"(\d+)"', counts[-1][1])[1])  # type: ignore[index]
            for round_ in range(arguments.rounds):
                for workload, queries in WORKLOADS.items():
                    for peer in peers:
                        if peer.name == "ours cached" and workload not in CACHED_WORKLOADS:
                            continue
                        for other in peers:
                            other.pause(other is not peer)
                        measured = load(peer, queries, arguments.seconds, arguments.connections, work)
                        results.setdefault((workload, peer.name), []).append(measured)
                        print(f"round {round_ + 1} {workload:12} {peer.name:16} {measured[0]:10.0f}/s", file=sys.stderr)
            text = report(results, peers, arguments, triples)
    print(text)
    if arguments.write:
        (HERE / "RESULTS.md").write_text(text)


if __name__ == "__main__":
    main()
