"""`imaging-survey doctor URL` checks any endpoint against the conventions of the ecosystem and says what to fix.

Promised: our own service has nothing to fix; an endpoint that breaks the conventions is told each of them, with the
remedy; one that does not answer is told so; the exit code tells scripts.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from graph_service import doctor
from graph_service.cli import app


class Careless(BaseHTTPRequestHandler):
    """An endpoint that answers everything with a page."""

    def do_GET(self) -> None:
        body = b"<html><body>SPARQL</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def careless() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_our_own_service_has_nothing_to_fix(home: str) -> None:
    found = list(doctor.examine(home))
    assert [(each.name, each.said) for each in found if each.state in {"fix", "skipped"}] == []
    assert [each.name for each in found if each.state == "advice"] == ["address"]
    assert len(found) == len(doctor.CHECKS) == 38


def test_the_endpoint_itself_may_be_named_too(home: str) -> None:
    found = list(doctor.examine(f"{home}/sparql/"))
    assert not any(each.state == "fix" for each in found)


def test_a_careless_endpoint_is_told_what_to_fix(careless: str) -> None:
    found = {each.name: each for each in doctor.examine(careless, 5)}
    assert found["query by GET"].state == "fix"
    assert found["query by GET"].said == "came as `text/html`"
    assert found["query by GET"].fix.startswith("Answer GET ?query=… with application/sparql-results+json")
    assert found["no page for scripts"].said == "`Accept: */*` brings HTML"
    assert found["VoID at its place"].said == "came as `text/html` with status 200"
    assert found["syntax errors"].said == "status 200"
    assert found["CORS"].state == "fix"
    assert found["things answer with data"].state == "skipped"
    for each in found.values():
        assert bool(each.fix) == (each.state in {"fix", "advice"})


def test_the_command_prints_what_to_fix_and_fails(careless: str) -> None:
    run = CliRunner().invoke(app, ["doctor", careless])
    assert run.exit_code == 1
    assert "  FIX     query by GET: came as `text/html`\n" in run.output
    assert "          → Answer GET ?query=…" in run.output


def test_findings_come_as_json_too(careless: str) -> None:
    run = CliRunner().invoke(app, ["doctor", careless, "--json"])
    assert run.exit_code == 1
    assert set(json.loads(run.output)[0]) == {"name", "topic", "state", "said", "fix"}


def test_the_command_is_content_with_our_own_service(home: str) -> None:
    run = CliRunner().invoke(app, ["doctor", home])
    assert run.exit_code == 0, run.output
    assert "37 ok, 0 FIX, 1 advice, 0 skipped." in run.output


def test_nobody_there_is_told(careless: str) -> None:
    found = list(doctor.examine("http://127.0.0.1:9", 2))
    assert {each.state for each in found} <= {"skipped", "advice"}
    assert "did not answer" in found[0].said
