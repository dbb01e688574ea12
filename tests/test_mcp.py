"""Agents ask the survey through the Model Context Protocol: over HTTP at `/mcp`, and over standard input and output.

Promised: six tools that only read, described well enough to be used; a query has the limits of `/sparql`; a mistake is
told in words that help; a page from another site cannot reach the server by DNS rebinding.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

BASE = "https://w3id.org/imaging-survey/"
ROOT = Path(__file__).parent.parent
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


def over_http(home: str, talk: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Client(f"{home}/mcp") as client:
            return await talk(client)

    return asyncio.run(run())


def called(home: str, tool: str, **arguments: Any) -> tuple[bool, str]:
    """Whether the tool failed, and all that it said."""

    async def talk(client: Client) -> Any:
        return await client.call_tool(tool, arguments)

    result = over_http(home, talk)
    return bool(result.is_error), "\n".join(each.text for each in result.content)


def test_there_are_six_tools_that_only_read(home: str) -> None:
    async def talk(client: Client) -> Any:
        return await client.list_tools()

    tools = {each.name: each for each in over_http(home, talk).tools}
    assert sorted(tools) == ["ask", "describe", "questions", "schema", "search", "sparql"]
    for each in tools.values():
        assert each.description
        assert (each.annotations.read_only_hint, each.annotations.destructive_hint) == (True, False)
        for name, described in each.input_schema.get("properties", {}).items():
            assert described.get("description") or name in {"limit"}, (each.name, name)


def test_a_misspelt_name_is_found_and_described(home: str) -> None:
    failed, text = called(home, "search", text="giv a scan", kind="archive", limit=1)
    assert not failed
    assert f'"iri": "{BASE}archive/give-a-scan"' in text
    failed, text = called(home, "describe", iri="archive:give-a-scan")
    assert not failed
    assert text.startswith(f"Give A Scan <{BASE}archive/give-a-scan>")
    assert "subjects: 9" in text
    failed, text = called(home, "describe", iri="archive/give-a-scan", observations=True)
    assert "Observation observation/give-a-scan-2010-08" in text


def test_a_ready_made_question_is_listed_and_answered(home: str) -> None:
    failed, text = called(home, "questions")
    assert not failed
    assert '"name": "software-of-2010-and-now"' in text
    failed, text = called(home, "ask", name="software-of-2010-and-now")
    assert not failed
    assert (
        text == httpx.get(f"{home}/query/software-of-2010-and-now.csv").text.replace("\r\n", "\n")
        or text.count("\n") > 1
    )


def test_sparql_may_leave_out_our_prefixes(home: str) -> None:
    failed, text = called(home, "sparql", query="SELECT (COUNT(DISTINCT ?a) AS ?n) WHERE { ?a a survey:Archive }")
    assert not failed
    lines = text.split()
    assert lines[0] == "n"
    assert int(lines[1]) >= 69
    failed, text = called(home, "sparql", query="CONSTRUCT WHERE { archive:tcia dcterms:title ?t }", form="nt")
    assert f"<{BASE}archive/tcia> <http://purl.org/dc/terms/title>" in text


def test_the_schema_is_told_in_two_steps(home: str) -> None:
    failed, text = called(home, "schema")
    assert "PREFIX survey: <https://w3id.org/imaging-survey/ontology#>" in text
    failed, text = called(home, "schema", kind="archive")
    assert not failed
    assert "survey:modality: " in text
    assert "Values: modality:*" in text


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("sparql", {"query": "SELECT ?s WHERE { ?s ?p }"}, "The query is not valid SPARQL"),
        ("sparql", {"query": "INSERT DATA { <a:b> <a:c> <a:d> }"}, "read-only"),
        ("sparql", {"query": "SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"}, "allow-list"),
        ("describe", {"iri": "archive/give-a-scam"}, "give-a-scan"),
        ("ask", {"name": "software-of-2010"}, "Did you mean `software-of-2010-and-now`?"),
        ("ask", {"name": "software-of-2010-and-now", "parameters": {"nothing": "x"}}, "has no parameter `nothing`"),
        ("search", {"text": "x", "kind": "animal"}, "is no kind of thing"),
    ],
)
def test_a_mistake_is_told_so_that_it_can_be_mended(home: str, tool: str, arguments: dict[str, Any], told: str) -> None:
    failed, text = called(home, tool, **arguments)
    assert failed
    assert told in text


def test_a_long_answer_is_cut_and_says_so(home: str) -> None:
    failed, text = called(home, "sparql", query="SELECT * WHERE { ?s ?p ?o }")
    assert not failed
    assert len(text) < 61_000
    assert "… cut here" in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:3000"}, 200),
    ],
)
def test_dns_rebinding_is_refused(home: str, headers: dict[str, str], status: int) -> None:
    assert httpx.post(f"{home}/mcp", json=HELLO, headers=ACCEPT | headers, timeout=30).status_code == status


def test_the_command_serves_standard_input_and_output(published: Path) -> None:
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "graph_service.cli", "mcp", "--release", str(published / "current")],
        env=environment,
        cwd=str(published),
    )

    async def talk() -> tuple[list[str], str]:
        async with Client(stdio_client(server)) as client:
            tools = await client.list_tools()
            answer = await client.call_tool("sparql", {"query": "ASK { archive:tcia a survey:Archive }"})
            return sorted(each.name for each in tools.tools), answer.content[0].text

    assert asyncio.run(talk()) == (
        ["ask", "describe", "questions", "schema", "search", "sparql"],
        '{"head":{},"boolean":true}',
    )
