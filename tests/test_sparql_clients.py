"""Real clients get the same rows as a query in process."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse
from rdflib import Graph, Literal, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import CSV, GET, JSON, POST, POSTDIRECTLY, TURTLE, URLENCODED, XML, SPARQLWrapper

from graph_service.engine.local import LocalEngine
from tests.endpoint import DIGEST, QUADS, Server, endpoint

ROOT = Path(__file__).parent.parent
QUERY = "SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(?p != <http://example.org/note>) } ORDER BY ?s ?p ?o"
"""All rows but the note, which XML cannot hold."""
ABOUT_B = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <http://example.org/graph/b> { ?s ?p ?o } }"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = tmp_path_factory.mktemp("data") / "survey.nq"
    path.write_text(QUADS)
    with endpoint(path) as running:
        yield running


@pytest.fixture(scope="module")
def expected() -> list[tuple[str, ...]]:
    """The rows in process, as N-Triples terms."""
    engine = LocalEngine(parse(QUADS, format=RdfFormat.N_QUADS), DIGEST)
    return [tuple(str(row[name]) for name in "spo") for row in engine.query(QUERY)]


def as_terms(row: dict[str, dict[str, str]]) -> tuple[str, ...]:
    def term(value: dict[str, str]) -> str:
        if value["type"] == "uri":
            return f"<{value['value']}>"
        if "xml:lang" in value:
            return f'"{value["value"]}"@{value["xml:lang"]}'
        datatype = value.get("datatype")
        return f'"{value["value"]}"^^<{datatype}>' if datatype else f'"{value["value"]}"'

    return tuple(term(row[name]) for name in "spo")


@pytest.mark.parametrize("method", [GET, POST])
@pytest.mark.parametrize("how", [URLENCODED, POSTDIRECTLY])
def test_sparqlwrapper(server: Server, expected: list[tuple[str, ...]], method: str, how: str) -> None:
    """SPARQLWrapper by GET and POST: SELECT, ASK and CONSTRUCT."""
    client = SPARQLWrapper(f"{server.url}/sparql")
    client.setMethod(method)
    client.setRequestMethod(how)
    client.setQuery(QUERY)
    client.setReturnFormat(JSON)
    assert [as_terms(row) for row in client.query().convert()["results"]["bindings"]] == expected
    client.setReturnFormat(XML)
    assert len(client.query().convert().getElementsByTagName("result")) == len(expected)
    client.setReturnFormat(CSV)
    assert client.query().convert().startswith(b"s,p,o\r\n")
    client.setQuery("ASK { ?s ?p ?o }")
    client.setReturnFormat(JSON)
    assert client.query().convert() == {"head": {}, "boolean": True}
    client.setQuery(ABOUT_B)
    client.setReturnFormat(TURTLE)
    assert len(Graph().parse(client.query().convert(), format="turtle")) == 4


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
def test_rdflib_store(server: Server, expected: list[tuple[str, ...]], method: str) -> None:
    """rdflib's SPARQLStore, as a graph and with queries."""
    graph = Graph(SPARQLStore(f"{server.url}/sparql", method=method))
    rows = [tuple(term.n3() for term in row) for row in graph.query(QUERY)]
    assert [tuple(map(_long, row)) for row in rows] == expected
    b = URIRef("http://example.org/archive/b")
    assert set(graph.objects(b, URIRef("http://purl.org/dc/terms/title"))) == {Literal("Gehirne", lang="de")}
    assert len(graph) == 9
    assert bool(graph.query("ASK { ?s ?p ?o }"))


def _long(text: str) -> str:
    """rdflib's short form of an integer, written out."""
    return f'"{text}"^^<http://www.w3.org/2001/XMLSchema#integer>' if text.isdigit() else text


def test_rdflib_service(server: Server) -> None:
    """A SERVICE clause of somebody else's engine reaches us."""
    query = f"SELECT ?title {{ SERVICE <{server.url}/sparql> {{ ?s <http://purl.org/dc/terms/title> ?title }} }}"
    assert sorted(str(row[0]) for row in Graph().query(query)) == ["Gehirne", "Lungs"]


def test_oxigraph_service(server: Server) -> None:
    """And one of Oxigraph's."""
    from pyoxigraph import Store

    query = f"SELECT ?title {{ SERVICE <{server.url}/sparql> {{ ?s <http://purl.org/dc/terms/title> ?title }} }}"
    assert sorted(row["title"].value for row in Store().query(query)) == ["Gehirne", "Lungs"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(server: Server) -> None:
    """curl, as in every README: JSON without asking, CSV when asked, a page of a failure with -f."""
    url = f"{server.url}/sparql"

    def curl(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, timeout=30, check=False)

    ask = "ASK {}"
    assert curl(url, "--data-urlencode", f"query={ask}").stdout == '{"head":{},"boolean":true}'
    assert curl("-G", url, "--data-urlencode", f"query={ask}").stdout == '{"head":{},"boolean":true}'
    assert curl("--compressed", url, "-H", "Content-Type: application/sparql-query", "-d", ask).stdout == (
        '{"head":{},"boolean":true}'
    )
    csv = curl("-G", url, "-H", "Accept: text/csv", "--data-urlencode", "query=SELECT (1 AS ?x) {}")
    assert csv.stdout == "x\n1\n"
    assert curl("-f", "-G", url, "--data-urlencode", "query=nonsense").returncode == 22


COMUNICA = {
    "private": True,
    "dependencies": {"@comunica/query-sparql": "4.5.0"},  # 5 needs a Node.js newer than Debian's
    "overrides": {"rdf-data-factory": "2.0.2"},  # with the older one that npm picks, Comunica loses all language tags
}


def comunica() -> str:
    """Comunica's command, installed by npm below `build` (ignored by git) when it is not there yet."""
    folder = ROOT / "build" / "comunica"
    command = folder / "node_modules" / ".bin" / "comunica-sparql"
    installed = folder / "installed"
    unavailable = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        unavailable("Node.js with npm is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:  # tests may run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists():
            (folder / "package.json").write_text(json.dumps(COMUNICA))
            arguments = [str(npm), "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)
            if done.returncode != 0:
                unavailable(f"Comunica could not be installed: {done.stderr[-500:]}")
            installed.touch()
    return str(command)


@pytest.mark.parametrize("source", ["sparql@", ""])
def test_comunica(server: Server, expected: list[tuple[str, ...]], source: str) -> None:
    """Comunica, told that it is an endpoint and finding that out by itself, gets all rows."""
    arguments = [comunica(), f"{source}{server.url}/sparql", "-q", QUERY, "-t", "application/sparql-results+json"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = [as_terms(row) for row in json.loads(done.stdout)["results"]["bindings"]]
    assert sorted(rows) == sorted(expected)
