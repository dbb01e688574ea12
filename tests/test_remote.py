"""Engines of other makers behind our API: the same rows, limits and errors. `conformance.toml` lists what may differ.

Against real servers on loopback: `oxigraph serve` and Virtuoso, with the shipped survey.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import re
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph as ox
import pytest
from pydantic import SecretStr

from graph_service import queries
from graph_service.app import create_app
from graph_service.dataset import Built
from graph_service.engine import conformance, dialects
from graph_service.engine.frames import Task
from graph_service.engine.local import LocalEngine
from graph_service.engine.pushing import Sender, push, push_quads
from graph_service.engine.remote import RemoteEngine
from graph_service.engine.remote_nursery import RemoteNursery, Target
from graph_service.engine.rewriting import Rewriter, boolean_columns, virtuoso
from graph_service.engine.workers import WorkerPool
from graph_service.errors import (
    DataError,
    QuerySyntax,
    QueryTimeout,
    ServiceFailed,
    ServiceRefused,
    SurveyError,
    TooLarge,
    UpdateRefused,
)
from graph_service.graph import Survey
from graph_service.release import Release
from graph_service.settings import Settings
from tests import engines
from tests.engines import Running
from tests.serving import serving

ROOT = Path(__file__).parent.parent
QUESTIONS = {each.name: each for each in queries.catalog(ROOT / "queries")}
DIGEST = "c0ffee" * 10 + "beef"
ENGINES = ("disk", "oxigraph", "virtuoso")
GRAPHS = 12
"""Named graphs that are sent beside the merged one: enough to try GRAPH, few enough to be quick."""


def rows(answer: Any) -> Counter[tuple[str, ...]]:
    """The rows of an answer, in no order."""
    names = [each.value for each in answer.variables]
    return Counter(tuple("" if row[name] is None else str(row[name]) for name in names) for row in answer)


@pytest.fixture(scope="module")
def named(built: Survey) -> list[str]:
    """The named graphs that the engines get."""
    return sorted({str(quad.graph_name.value) for quad in built.quads})[:GRAPHS]  # type: ignore[union-attr]


def fill(running: Running, built: Survey, named: list[str], settings: Settings) -> None:
    """The shipped survey merged, and some of its named graphs."""
    with contextlib.closing(Sender(running.store, settings)) as sender:
        push_quads(built.quads, iter(()), DIGEST, sender, named=False)
        for graph in named:
            triples = [quad.triple for quad in built.quads if quad.graph_name == ox.NamedNode(graph)]
            sender.put(graph, ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"")


@pytest.fixture(scope="module")
def oxigraph(built: Survey, named: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`oxigraph serve` with the shipped survey."""
    with engines.oxigraph(tmp_path_factory.mktemp("oxigraph")) as running:
        fill(running, built, named, Settings())
        yield running


@pytest.fixture(scope="module")
def virtuoso_server(built: Survey, named: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Virtuoso with the shipped survey, which cuts answers at 50,000 rows."""
    folder = tmp_path_factory.mktemp("virtuoso")
    with engines.virtuoso(folder, folder, rows=50_000) as running:
        fill(running, built, named, Settings(engine_user="dba", engine_password=SecretStr("dba")))
        yield running


@pytest.fixture(scope="module")
def disk(built: Survey, tmp_path_factory: pytest.TempPathFactory) -> LocalEngine:
    """The engine over a store on disk that is only read."""
    place = tmp_path_factory.mktemp("disk") / "store"
    store = ox.Store(str(place))
    store.bulk_extend(built.quads)
    store.flush()
    del store
    return LocalEngine.over(ox.Store.read_only(str(place)), DIGEST)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The engine of a name, as our own code asks it."""
    if request.param == "disk":
        yield request.getfixturevalue("disk")
        return
    running = request.getfixturevalue("oxigraph" if request.param == "oxigraph" else "virtuoso_server")
    dialect = dialects.VIRTUOSO if request.param == "virtuoso" else dialects.GENERIC
    with contextlib.closing(
        RemoteEngine(running.query, DIGEST, dialect, named=request.getfixturevalue("named"))
    ) as made:
        yield made


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_the_engines_agree_on_every_question(engine: Any, store: LocalEngine, request: pytest.FixtureRequest) -> None:
    """Every question that an engine may be asked gives the rows that the engine in memory gives."""
    dialect = request.node.callspec.params["engine"]
    skipped = conformance.unanswerable(dialect)
    assert skipped.keys() <= QUESTIONS.keys()
    wrong = []
    for name, question in QUESTIONS.items():
        if name in skipped:
            continue
        text = question.bind(question.examples())
        try:
            if rows(engine.query(text)) != rows(store.query(text)):
                wrong.append(f"{name}: other rows")
        except SurveyError as error:
            wrong.append(f"{name}: {error.message}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_terms_survive(engine: Any, store: LocalEngine) -> None:
    """Dates, languages, numbers, booleans and large integers arrive as they are written."""
    for text in (
        "SELECT DISTINCT ?t { ?s <http://purl.org/dc/terms/title> ?t }",
        "SELECT DISTINCT ?d { ?s <https://w3id.org/imaging-survey/ontology#asOf> ?d }",
        "SELECT DISTINCT ?s ?n { ?s <https://w3id.org/imaging-survey/ontology#sizeInBytes> ?n }",
        "SELECT DISTINCT ?s ?b { ?s <https://w3id.org/imaging-survey/ontology#healthyControls> ?b }",
        "SELECT ?x (BOUND(?x) AS ?known) ?same { VALUES ?x { 1 2 } BIND(?x = 1 AS ?same) }",
    ):
        assert rows(engine.query(text)) == rows(store.query(text)), text


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_asks_and_graphs(engine: Any) -> None:
    """ASK is a boolean, CONSTRUCT and DESCRIBE are triples."""
    archive = "<https://w3id.org/imaging-survey/ontology#Archive>"
    assert bool(engine.query(f"ASK {{ ?s a {archive} }}")) is True
    assert bool(engine.query("ASK { ?s a <http://example.org/nothing> }")) is False
    made = engine.query(f"CONSTRUCT {{ ?s a {archive} }} WHERE {{ ?s a {archive} }}")
    assert isinstance(made, ox.QueryTriples)
    assert len(list(made)) > 50
    assert len(list(engine.query("DESCRIBE <https://w3id.org/imaging-survey/archive/tcia>"))) > 5


@pytest.mark.parametrize("engine", ["oxigraph", "virtuoso"], indirect=True)
def test_named_graphs(engine: Any, named: list[str], built: Survey) -> None:
    """GRAPH ranges over the survey's graphs, and over no others that the engine has."""
    found = rows(engine.query("SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"))
    counts = Counter(str(quad.graph_name) for quad in built.quads if quad.graph_name.value in named)  # type: ignore[union-attr]
    number = "http://www.w3.org/2001/XMLSchema#integer"
    assert found == Counter((graph, f'"{count}"^^<{number}>') for graph, count in counts.items())


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_errors_are_ours(engine: Any) -> None:
    """What is wrong is told by the same classes, whoever evaluates."""
    with pytest.raises(QuerySyntax):
        engine.query("SELECT * { ?s ?p }")
    with pytest.raises(UpdateRefused):
        engine.query("DROP ALL")
    with pytest.raises(ServiceRefused):
        engine.query("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }")


def pool_of(running: Running, dialect: str, named: list[str], **settings: Any) -> WorkerPool:
    """The pool for strangers' queries over an engine."""
    given = Settings(engine_url=running.query, engine_dialect=dialect, query_workers=2, **settings)
    return WorkerPool(Path(), DIGEST, given, RemoteNursery(Target.of(given, DIGEST, named), 2))


def answers(pool: WorkerPool, *tasks: Task, seconds: float = 20.0) -> list[Any]:
    """Format and bytes of the answer to each task, or its error, one after the other."""

    async def one(task: Task) -> Any:
        try:
            answer = await pool.ask(task, seconds)
            parts = b""
            while part := await answer.part():
                parts += part
        except Exception as error:  # noqa: BLE001 - the error is the result
            return error
        return answer.format, parts

    async def run() -> list[Any]:
        await pool.start()
        try:
            return [await one(task) for task in tasks]
        finally:
            await pool.stop()

    return asyncio.run(run())


@pytest.mark.parametrize("name", ["oxigraph", "virtuoso"])
def test_strangers_get_every_format(name: str, named: list[str], built: Survey, request: pytest.FixtureRequest) -> None:
    """Answers are streamed anew in the format that was asked for, and are the ones of our own engine to the byte."""
    running = request.getfixturevalue("oxigraph" if name == "oxigraph" else "virtuoso_server")
    pool = pool_of(running, "virtuoso" if name == "virtuoso" else "generic", named)
    text = "SELECT ?t { ?s a <https://w3id.org/imaging-survey/ontology#Archive> ; <http://purl.org/dc/terms/title> ?t } ORDER BY ?t"
    forms = ("json", "xml", "csv", "tsv")
    made = answers(pool, *(Task(text, form) for form in forms), Task("ASK { ?s ?p ?o }", "json", "json"))
    memory = LocalEngine(built.quads, DIGEST)
    expected = {
        "json": ox.QueryResultsFormat.JSON,
        "xml": ox.QueryResultsFormat.XML,
        "csv": ox.QueryResultsFormat.CSV,
        "tsv": ox.QueryResultsFormat.TSV,
    }
    for form, (given, body) in zip(forms, made, strict=False):
        assert given == form
        own = memory.query(text).serialize(format=expected[form]) or b""
        assert Counter(re.split(rb"[\r\n]+|\},\{|</result>", body)) == Counter(
            re.split(rb"[\r\n]+|\},\{|</result>", own)
        )
    assert made[-1] == ("json", b'{"head":{},"boolean":true}')


@pytest.mark.parametrize("name", ["oxigraph", "virtuoso"])
def test_the_limits_are_ours(name: str, named: list[str], request: pytest.FixtureRequest) -> None:
    """Rows, bytes, nesting and time are limited here, whatever the engine would allow."""
    running = request.getfixturevalue("oxigraph" if name == "oxigraph" else "virtuoso_server")
    dialect = "virtuoso" if name == "virtuoso" else "generic"
    everything = Task("SELECT * { ?s ?p ?o }", "csv")
    few = pool_of(running, dialect, named, answer_rows=1000)
    assert [type(each) for each in answers(few, everything)] == [TooLarge]
    small = pool_of(running, dialect, named, answer_bytes=100_000)
    assert [type(each) for each in answers(small, everything)] == [TooLarge]
    deep = Task("SELECT * {" + "{" * 300 + "}" * 300 + "}")
    update, service = Task("DROP ALL"), Task("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }")
    codes = [each.code for each in answers(pool_of(running, dialect, named), deep, update, service)]
    assert codes == ["query-too-deep", "update-refused", "service-refused"]
    endless = Task("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
    slow, fast = answers(pool_of(running, dialect, named), endless, Task("ASK {}", "json"), seconds=1.0)
    assert isinstance(slow, QueryTimeout)
    assert fast == ("json", b'{"head":{},"boolean":true}')


def test_a_silent_cut_is_not_passed_on(virtuoso_server: Running, named: list[str]) -> None:
    """Virtuoso cuts at its own number of rows and says so only in a header; for an engine that says nothing, a setting does."""
    everything, some = Task("SELECT * { ?s ?p ?o }", "csv"), Task("SELECT * { ?s ?p ?o } LIMIT 100", "csv")
    cut, whole = answers(pool_of(virtuoso_server, "virtuoso", named), everything, some)
    assert isinstance(cut, TooLarge)
    assert whole[1].count(b"\r\n") == 101
    told = answers(pool_of(virtuoso_server, "virtuoso", named, engine_rows=100), some)
    assert isinstance(told[0], TooLarge)


def test_an_engine_without_the_release_is_refused(oxigraph: Running) -> None:
    """A service does not start over an engine that lacks its release or has only a part of it."""
    settings = Settings(engine_url=oxigraph.query)
    pool = WorkerPool(Path(), "other", settings, RemoteNursery(Target.of(settings, "other", ()), 1))
    with pytest.raises(DataError, match="does not have this release"):
        answers(pool, Task("ASK {}"))


class Liar(http.server.BaseHTTPRequestHandler):
    """An engine that answers the first question well, and then breaks off in the middle of rows, or says nonsense."""

    protocol_version = "HTTP/1.1"
    body = b""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/sparql-results+xml")
        if asked.startswith(b"query=ASK"):
            body = b'<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head/><boolean>true</boolean></sparql>'
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_header("Content-Length", str(len(self.body) + (1000 if self.body else 0)))
        self.end_headers()
        self.wfile.write(self.body)
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@pytest.mark.parametrize("rows", [1, 5_000])
def test_what_breaks_off_there_breaks_off_here(rows: int) -> None:
    """An answer that ends in the middle is an error, before the first byte or after many, never a short answer."""
    row = b'<result><binding name="x"><literal>a long enough text to fill a part</literal></binding></result>'
    head = b'<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="x"/></head><results>'
    handler = type("Liar", (Liar,), {"body": head + row * rows})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        settings = Settings(engine_url=f"http://127.0.0.1:{server.server_port}/")
        nursery = RemoteNursery(Target.of(settings, DIGEST, ()), 1)
        found = answers(WorkerPool(Path(), DIGEST, settings, nursery), Task("SELECT ?x { ?x ?y ?z }", "csv"))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert isinstance(found[0], ServiceFailed)


def test_rows_are_rewritten_across_parts() -> None:
    """Blank nodes, booleans and large integers are made standard wherever a stream is cut."""
    row = (
        b'<result><binding name="same"><literal datatype="http://www.w3.org/2001/XMLSchema#integer">1</literal></binding>'
        b'<binding name="n"><literal datatype="http://www.w3.org/2001/XMLSchema#integer">1</literal></binding>'
        b'<binding name="big"><literal datatype="http://www.w3.org/2001/XMLSchema#decimal">5000000000</literal></binding>'
        b'<binding name="b"><bnode>nodeID://b10003</bnode></binding></result>'
    )
    wanted = row.replace(b"nodeID://", b"").replace(b'decimal">', b'integer">')
    wanted = wanted.replace(
        b'"same"><literal datatype="http://www.w3.org/2001/XMLSchema#integer">1<',
        b'"same"><literal datatype="http://www.w3.org/2001/XMLSchema#boolean">true<',
    )
    text = "SELECT * { ?n ?big ?b BIND(?n = 1 AS ?same) }"
    for size in (1, 7, 64, 1000):
        rewriter = Rewriter(virtuoso(text), b"</result>")
        stream = row * 3
        made = (
            b"".join(rewriter.feed(stream[place : place + size]) for place in range(0, len(stream), size))
            + rewriter.rest()
        )
        assert made == wanted * 3


@pytest.mark.parametrize(
    ("expression", "is_boolean"),
    [
        ("?a = 1", True), ("EXISTS { ?a ?b ?c }", True), ("!BOUND(?a)", True), ("?a IN (1, 2)", True), ("REGEX(?a, 'x')", True),
        ("(?a && ?b)", True), ("NOT EXISTS { ?a ?b 2 }", True), ("?a + 1", False), ("STR(?a = 1)", False),
        ("IF(?a = 1, 'x', 'y')", False), ("COALESCE(?a, ?b)", False),
    ],
)  # fmt: skip
def test_booleans_are_known_by_their_expression(expression: str, is_boolean: bool) -> None:
    """The outermost operator or function tells whether a column holds booleans."""
    assert boolean_columns(f"SELECT ({expression} AS ?x) {{ ?a ?b ?c }}") == (["x"] if is_boolean else [])
    assert boolean_columns(f"SELECT ?x {{ ?a ?b ?c BIND({expression} AS ?x) }}") == (["x"] if is_boolean else [])


def test_the_whole_service_over_another_engine(released: Release, tmp_path: Path) -> None:
    """Questions, endpoint and pages are the same when `oxigraph serve` evaluates, with the release pushed there."""
    with engines.oxigraph(tmp_path) as running:
        push(released.folder, running.store, Settings())
        settings = Settings(release=released.folder, engine_url=running.query)
        with serving(create_app(settings)) as address, httpx.Client(base_url=address, timeout=30) as client:
            assert client.get("/readyz").json()["isolation"] == "remote"
            text = "SELECT ?s { ?s a <https://w3id.org/imaging-survey/ontology#Archive> } ORDER BY ?s"
            memory = LocalEngine(Built(released.folder).quads(), "memory").query(text)
            assert isinstance(memory, ox.QuerySolutions)
            asked = client.get("/sparql", params={"query": text}, headers={"Accept": "text/csv"})
            assert asked.content == memory.serialize(format=ox.QueryResultsFormat.CSV)
            assert asked.headers["etag"]
            assert client.get("/query/overlaps.csv").status_code == 200
            assert client.get("/archive/lungs", headers={"Accept": "text/html"}).status_code == 200
            wrong = client.get(
                "/sparql", params={"query": "SELECT * { ?s ?p }"}, headers={"Accept": "application/json"}
            )
            assert (wrong.status_code, wrong.json()["code"]) == (400, "query-syntax")
