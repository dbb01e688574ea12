"""`/sparql` speaks the SPARQL 1.1 Protocol, completely."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import xml.dom.minidom
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
import zstandard
from oxrdflib._converter import from_ox
from pyoxigraph import RdfFormat, parse
from rdflib import RDF, Graph, URIRef

from tests.endpoint import QUADS, Server, endpoint

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
QUERY = {"Content-Type": "application/sparql-query"}
TITLES = "SELECT ?title { ?s <http://purl.org/dc/terms/title> ?title } ORDER BY ?title"
TITLES_JSON = (
    b'{"head":{"vars":["title"]},"results":{"bindings":['
    b'{"title":{"type":"literal","value":"Gehirne","xml:lang":"de"}},'
    b'{"title":{"type":"literal","value":"Lungs","xml:lang":"en"}}]}}'
)
XML_TRUE = (
    b'<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#">'
    b"<head></head><boolean>true</boolean></sparql>"
)
GRAPH_A, GRAPH_B = "http://example.org/graph/a", "http://example.org/graph/b"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = tmp_path_factory.mktemp("data") / "survey.nq"
    path.write_text(QUADS)
    with endpoint(path, query_seconds=5) as running:
        yield running


@pytest.mark.parametrize("path", ["/sparql", "/sparql/"])
def test_every_way_of_asking(server: Server, path: str) -> None:
    """GET, form, body, and POST with the query in the URL, with and without a final slash, give the same bytes."""
    encoded = urlencode({"query": TITLES})
    replies = [
        server.ask("GET", f"{path}?{encoded}"),
        server.ask("GET", f"{path}?ac=1&{encoded}&unknown=%00"),
        server.ask("POST", path, encoded, headers=FORM),
        server.ask("POST", path, encoded, headers={"Content-Type": "Application/X-WWW-Form-URLencoded; charset=UTF-8"}),
        server.ask("POST", path, TITLES, headers=QUERY),
        server.ask("POST", path, TITLES, headers={"Content-Type": "application/sparql-query; charset=utf-8"}),
        server.ask("POST", path, b"\xef\xbb\xbf" + TITLES.encode(), headers=QUERY),
        server.ask("POST", f"{path}?{encoded}", b""),
        server.ask("POST", f"{path}?{encoded}", b"", headers=FORM),
        server.ask("QUERY", path, TITLES, headers=QUERY),
    ]
    assert [(each.status, each.body) for each in replies] == [(200, TITLES_JSON)] * len(replies)
    assert {each.headers["content-type"] for each in replies} == {"application/sparql-results+json"}


def test_head_and_options(server: Server) -> None:
    """HEAD is GET without its body; OPTIONS says what may be sent, from anywhere."""
    get, head = server.ask(query=TITLES), server.ask("HEAD", query=TITLES)
    assert (head.status, head.body) == (200, b"")
    same = ("content-type", "content-length", "etag", "cache-control", "vary")
    assert {name: head.headers[name] for name in same} == {name: get.headers[name] for name in same}
    assert server.ask("HEAD").headers["content-type"] == "text/turtle; charset=utf-8"
    options = server.ask("OPTIONS", headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"})
    assert (options.status, options.body) == (204, b"")
    assert options.headers["access-control-allow-origin"] == "*"
    assert options.headers["access-control-allow-methods"] == "GET, HEAD, POST, QUERY, OPTIONS"


def test_cors_is_for_all_and_without_credentials(server: Server) -> None:
    """The literal `*`, on answers and on errors, and never credentials."""
    for reply in (server.ask(query=TITLES), server.ask(query="nonsense"), server.ask("PUT"), server.ask()):
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in reply.headers
        assert "ETag" in reply.headers["access-control-expose-headers"]
        assert reply.headers["vary"] == "Accept, Accept-Encoding, Origin"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code"),
    [
        ("GET", "/sparql?query=ASK%7B%7D&query=ASK%7B%7D", None, {}, 400, "bad-request"),
        ("POST", "/sparql", "query=ASK%7B%7D&query=ASK%7B%7D", FORM, 400, "bad-request"),
        ("POST", "/sparql?query=ASK%7B%7D", "ASK {}", QUERY, 400, "bad-request"),
        ("POST", "/sparql?query=ASK%7B%7D", "query=ASK%7B%7D", FORM, 400, "bad-request"),
        ("POST", "/sparql", "", {}, 400, "bad-request"),
        ("POST", "/sparql", "x=1", FORM, 400, "bad-request"),
        ("POST", "/sparql", "", QUERY, 400, "bad-request"),
        ("GET", "/sparql?query=", None, {}, 400, "bad-request"),
        ("GET", f"/sparql?default-graph-uri={quote(GRAPH_A)}", None, {}, 400, "bad-request"),
        ("GET", "/sparql?query=%FF%FE", None, {}, 400, "bad-request"),
        ("POST", "/sparql", b"ASK { ?s ?p '\xff' }", QUERY, 400, "bad-request"),
        ("POST", "/sparql", b"query=%C3%28", FORM, 400, "bad-request"),
        ("POST", "/sparql", b"query=\xff", FORM, 400, "bad-request"),
        ("POST", "/sparql", "ASK {}", {}, 415, "unsupported-media-type"),
        ("POST", "/sparql", "ASK {}", {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
        ("POST", "/sparql", "ASK {}", {"Content-Type": "application/json"}, 415, "unsupported-media-type"),
        (
            "POST",
            "/sparql",
            "ASK {}".encode("utf-16"),
            {"Content-Type": "application/sparql-query; charset=UTF-16"},
            415,
            "unsupported-media-type",
        ),
        ("PUT", "/sparql?query=ASK%7B%7D", None, {}, 405, "method-not-allowed"),
        ("DELETE", "/sparql", None, {}, 405, "method-not-allowed"),
        ("PATCH", "/sparql", "ASK {}", QUERY, 405, "method-not-allowed"),
        ("GET", "/sparql?query=ASK%7B%7D&format=pdf", None, {}, 400, "bad-parameter"),
        ("GET", "/sparql?query=ASK%7B%7D&timeout=soon", None, {}, 400, "bad-parameter"),
        ("GET", "/sparql?query=ASK%7B%7D&default-graph-uri=relative", None, {}, 400, "bad-parameter"),
        ("GET", "/sparql?query=ASK%7B%7D", None, {"Accept": "image/png"}, 406, "not-acceptable"),
        ("GET", "/sparql?query=ASK%7B%7D", None, {"Accept": "text/turtle"}, 406, "not-acceptable"),
        ("GET", "/sparql?query=ASK%7B%7D&format=ttl", None, {}, 406, "not-acceptable"),
        ("GET", "/sparql?query=DESCRIBE%20%3Ca:%3E&format=csv", None, {}, 406, "not-acceptable"),
        ("GET", "/sparql", None, {"Accept": "image/png"}, 406, "not-acceptable"),
    ],
)
def test_what_is_wrong_is_told(
    server: Server, method: str, path: str, body: bytes | str | None, headers: dict[str, str], status: int, code: str
) -> None:
    """Each mistake has its own status and a stable code, as RFC 9457 problem or as a line of text."""
    accept = {"Accept": f"{headers['Accept']}, application/problem+json"} if "Accept" in headers else {}
    reply = server.ask(method, path, body, headers=headers | accept)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert (reply.json["status"], reply.json["code"]) == (status, code)
    assert reply.json["type"] == f"https://w3id.org/imaging-survey/problem/{code}"
    assert reply.headers["cache-control"] == "no-store"
    if status == 405:
        assert reply.headers["allow"] == "GET, HEAD, POST, QUERY, OPTIONS"


def test_a_syntax_error_has_line_and_column(server: Server) -> None:
    """400, with the place as numbers for programs and in words for people."""
    query = "SELECT * {\n  ?s ?p ??\n}"
    problem = server.ask(query=query)
    assert (problem.status, problem.json["code"]) == (400, "query-syntax")
    assert (problem.json["line"], problem.json["column"]) == (2, 11)
    text = server.query(query)
    assert (text.status, text.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert text.text.startswith("The query is not valid SPARQL: Line 2, column 11: ")


UPDATES = [
    "INSERT DATA { <http://e/a> <http://e/b> 5 }",
    "PREFIX e: <http://e/> DELETE WHERE { ?s ?p ?o }",
    "LOAD <http://127.0.0.1:9/>",
    "# a comment\nload silent <http://127.0.0.1:9/>",
    "\\u004COAD <http://127.0.0.1:9/>",
    "CLEAR ALL",
    "DROP SILENT ALL",
    "CREATE GRAPH <http://e/g>",
    "INSERT { ?s ?p 5 } WHERE { ?s ?p ?o } ; DELETE WHERE { ?s ?p ?o }",
]


@pytest.mark.parametrize("update", UPDATES)
def test_updates_are_refused(server: Server, update: str) -> None:
    """403 in whatever form an update comes, and the data stay as they are."""
    replies = [
        server.ask(query=update),
        server.ask(update=update),
        server.ask("POST", "/sparql", urlencode({"update": update}), headers=FORM),
        server.ask("POST", "/sparql", urlencode({"query": update}), headers=FORM),
        server.ask("POST", "/sparql", update, headers=QUERY),
        server.ask("POST", "/sparql", update, headers={"Content-Type": "application/sparql-update"}),
        server.ask("POST", "/sparql", urlencode({"query": "ASK {}", "update": update}), headers=FORM),
    ]
    assert [(each.status, each.json["code"]) for each in replies] == [(403, "update-refused")] * len(replies)
    count = server.ask(query="SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    assert count.rows == [{"n": "9"}]


def test_datasets(server: Server) -> None:
    """The default graph is the union; default-graph-uri and named-graph-uri choose, and override FROM."""

    def count(query: str, *parameters: tuple[str, str]) -> str:
        reply = server.ask("GET", "/sparql?" + urlencode([("query", query), *parameters]))
        assert reply.status == 200, reply.text
        return reply.rows[0]["n"]

    everything = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    named = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
    assert (count(everything), count(named)) == ("9", "9")
    assert count(everything, ("default-graph-uri", GRAPH_A)) == "5"
    assert count(named, ("default-graph-uri", GRAPH_A)) == "0"
    assert count(everything, ("default-graph-uri", GRAPH_A), ("default-graph-uri", GRAPH_B)) == "9"
    assert count(everything, ("named-graph-uri", GRAPH_B)) == "0"
    assert count(named, ("named-graph-uri", GRAPH_B)) == "4"
    assert count(named, ("named-graph-uri", GRAPH_B), ("named-graph-uri", GRAPH_A)) == "9"
    assert count(everything, ("default-graph-uri", "http://example.org/absent")) == "0"
    from_a = f"SELECT (COUNT(*) AS ?n) FROM <{GRAPH_A}> {{ ?s ?p ?o }}"
    assert count(from_a) == "5"
    assert count(from_a, ("default-graph-uri", GRAPH_B)) == "4"


NOTE = "PREFIX : <http://example.org/> SELECT ?note ?count ?date { ?s :note ?note ; :subjects ?count ; :opened ?date }"


def test_results_in_every_format(server: Server) -> None:
    """The same row four times: language, datatype, quotation marks, line break and control character survive."""
    xsd = "http://www.w3.org/2001/XMLSchema#"
    assert server.ask(query=NOTE, format="json").json["results"]["bindings"] == [
        {
            "note": {"type": "literal", "value": 'a, "quoted"\n<note> & \x01'},
            "count": {"type": "literal", "value": "120", "datatype": f"{xsd}integer"},
            "date": {"type": "literal", "value": "2010-08-15", "datatype": f"{xsd}date"},
        }
    ]
    csv = server.ask(query=NOTE, format="csv")
    assert csv.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert csv.body == b'note,count,date\r\n"a, ""quoted""\n<note> & \x01",120,2010-08-15\r\n'
    tsv = server.ask(query=NOTE, format="tsv")
    assert tsv.headers["content-type"] == "text/tab-separated-values; charset=utf-8; header=present"
    assert tsv.text == f'?note\t?count\t?date\n"a, \\"quoted\\"\\n<note> & \x01"\t120\t"2010-08-15"^^<{xsd}date>\n'
    xml_reply = server.ask(query=NOTE, format="xml")
    assert xml_reply.headers["content-type"] == "application/sparql-results+xml"
    document = xml.dom.minidom.parseString(xml_reply.body)  # well-formed: U+0001 became U+FFFD
    literals = [each.firstChild.nodeValue for each in document.getElementsByTagName("literal")]
    assert literals == ['a, "quoted"\n<note> & \ufffd', "120", "2010-08-15"]
    assert b'xml:lang="en"' in server.ask(query=TITLES, format="xml").body
    assert server.ask(query=TITLES, format="tsv").text == '?title\n"Gehirne"@de\n"Lungs"@en\n'


@pytest.mark.parametrize(
    ("name", "content_type", "reader"),
    [
        ("ttl", "text/turtle; charset=utf-8", RdfFormat.TURTLE),
        ("nt", "application/n-triples; charset=utf-8", RdfFormat.N_TRIPLES),
        ("jsonld", "application/ld+json", RdfFormat.JSON_LD),
        ("rdf", "application/rdf+xml", RdfFormat.RDF_XML),
        ("trig", "application/trig; charset=utf-8", RdfFormat.TRIG),
        ("nq", "application/n-quads; charset=utf-8", RdfFormat.N_QUADS),
    ],
)
def test_graphs_in_every_format(server: Server, name: str, content_type: str, reader: RdfFormat) -> None:
    """CONSTRUCT and DESCRIBE by name and by media type, read back as the same triples."""
    query = "CONSTRUCT { ?s ?p ?o } { GRAPH <http://example.org/graph/b> { ?s ?p ?o } }"
    by_name = server.ask(query=query, format=name)
    by_accept = server.ask(query=query, headers={"Accept": content_type.split(";")[0]})
    assert (by_name.status, by_name.headers["content-type"]) == (200, content_type)
    assert by_accept.body == by_name.body
    found = sorted(str(quad.triple) for quad in parse(by_name.body, format=reader))
    assert found == sorted(line.rsplit(" <", 1)[0] for line in QUADS.splitlines() if line.endswith("/b> ."))
    described = server.ask(query="DESCRIBE <http://example.org/archive/b>", format=name)
    assert sorted(str(quad.triple) for quad in parse(described.body, format=reader)) == found


@pytest.mark.parametrize(
    ("accept", "content_type", "body"),
    [
        ("text/csv", "application/sparql-results+json", b'{"head":{},"boolean":true}'),
        ("text/tab-separated-values", "application/sparql-results+json", b'{"head":{},"boolean":true}'),
        (
            "text/csv, application/sparql-results+xml;q=0.5",
            "application/sparql-results+xml",
            XML_TRUE,
        ),
        ("*/*", "application/sparql-results+json", b'{"head":{},"boolean":true}'),
    ],
)
def test_ask_has_no_csv(server: Server, accept: str, content_type: str, body: bytes) -> None:
    """A boolean asked for as CSV comes as JSON or XML."""
    reply = server.ask(query="ASK { ?s ?p ?o }", headers={"Accept": accept})
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, content_type, body)


def test_people_get_a_page(server: Server) -> None:
    """A browser gets a form, the answer as a table, and errors in words; without scripts."""
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    form = server.ask(headers=browser)
    assert (form.status, form.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<textarea" in form.text
    assert "length zero" in form.text
    table = server.ask(query=TITLES, headers=browser)
    assert '<td><span lang="de">Gehirne</span></td>' in table.text
    attack = server.ask(query="SELECT ('<script>alert(1)</script>' AS ?x) {}", headers=browser)
    assert "<script" not in attack.text
    wrong = server.ask(query="SELECT <script>", headers=browser)
    assert (wrong.status, "<script" in wrong.text, "Line 1, column" in wrong.text) == (400, False, True)
    for reply in (form, table, wrong):
        assert reply.headers["content-security-policy"].startswith("default-src 'self'")
    data = server.ask(query=TITLES, headers={"Accept": "text/html;q=0.9, application/sparql-results+json"})
    assert data.body == TITLES_JSON
    assert server.ask(query=TITLES, format="html").headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "accept", ["*/*", "text/turtle", "application/ld+json", "application/rdf+xml", "application/n-triples"]
)
def test_the_service_describes_itself(server: Server, accept: str) -> None:
    """Without a query: a valid service description, negotiated, with an absolute address and the graphs."""
    reply = server.ask(headers={"Accept": accept})
    assert reply.status == 200
    graph = Graph()
    for triple in parse(reply.body, format=RdfFormat.from_media_type(reply.headers["content-type"].split(";")[0])):
        graph.add(tuple(from_ox(each) for each in triple.triple))
    sd = "http://www.w3.org/ns/sparql-service-description#"
    service = URIRef(f"{server.url}/sparql")
    assert list(graph.subjects(RDF.type, URIRef(f"{sd}Service"))) == [service]
    assert list(graph.objects(service, URIRef(f"{sd}endpoint"))) == [service]
    assert list(graph.objects(service, URIRef(f"{sd}supportedLanguage"))) == [URIRef(f"{sd}SPARQL11Query")]
    assert list(graph.objects(service, URIRef(f"{sd}feature"))) == [URIRef(f"{sd}UnionDefaultGraph")]
    assert {str(each) for each in graph.objects(None, URIRef(f"{sd}name"))} == {GRAPH_A, GRAPH_B}
    assert len(list(graph.objects(service, URIRef(f"{sd}resultFormat")))) == 10
    assert 'rel="describedby"' in reply.headers["link"]


def test_a_host_header_is_not_believed_blindly(server: Server) -> None:
    """What does not look like a host is not copied into what we publish."""
    reply = server.ask(headers={"Host": 'evil"><x'})
    assert "evil" not in reply.text
    assert f"<{server.url}/sparql>" in reply.text


def test_answers_are_kept_and_validated(server: Server) -> None:
    """A strong ETag per query, format and coding; 304 when it is sent back; hits say so."""
    query = "SELECT (1 + 1 AS ?two) {}"
    first, second = server.ask(query=query), server.ask(query=query)
    assert first.body == second.body
    assert first.headers["cache-control"] == "public, max-age=300"
    assert first.headers["etag"] == second.headers["etag"] != server.ask(query=query, format="csv").headers["etag"]
    assert "cache" not in first.headers["server-timing"]
    assert second.headers["server-timing"] == "cache;desc=hit"
    for tag in (first.headers["etag"], f'"x", {first.headers["etag"]}', f"W/{first.headers['etag']}"):
        unchanged = server.ask(query=query, headers={"If-None-Match": tag})
        assert (unchanged.status, unchanged.body, unchanged.headers["etag"]) == (304, b"", first.headers["etag"])
    assert server.ask(query=query, headers={"If-None-Match": '"other"'}).status == 200
    posted = server.ask("POST", "/sparql", query, headers=QUERY | {"If-None-Match": first.headers["etag"]})
    assert posted.status == 304


def test_what_changes_is_not_kept(server: Server) -> None:
    """RAND, NOW, UUID: another answer each time, and no validator."""
    first, second = server.ask(query="SELECT (UUID() AS ?x) {}"), server.ask(query="SELECT (UUID() AS ?x) {}")
    assert first.body != second.body
    assert first.headers["cache-control"] == "no-store"
    assert "etag" not in first.headers


@pytest.mark.parametrize("rows", [200, 20_000])
def test_content_codings(server: Server, rows: int) -> None:
    """zstd and gzip, for small answers and for streams, whole again when unpacked; plain where neither is taken."""
    values = " ".join(map(str, range(rows)))
    query = f"SELECT ?x {{ VALUES ?x {{ {values} }} }}"
    for _ in range(2):
        plain = server.query(query)
        packed = {
            coding: server.ask("POST", "/sparql", query, headers=QUERY | {"Accept-Encoding": coding})
            for coding in ("zstd", "gzip", "br")
        }
        assert [packed[coding].headers.get("content-encoding") for coding in packed] == ["zstd", "gzip", None]
        assert gzip.decompress(packed["gzip"].body) == packed["br"].body == plain.body
        assert zstandard.ZstdDecompressor().decompressobj().decompress(packed["zstd"].body) == plain.body
        assert len(packed["zstd"].body) < len(plain.body) / 4
        tags = {reply.headers["etag"] for reply in (*packed.values(), plain)}
        assert len(tags) == 3
    assert len(json.loads(plain.body)["results"]["bindings"]) == rows


def test_a_client_may_shorten_its_time(server: Server) -> None:
    """`timeout` lowers the deadline and never raises it."""
    endless = "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(14)) + " }"
    reply = server.ask(query=endless, timeout="30")
    assert reply.status == 504
    assert reply.json["limit"] == 5
    short = server.ask("GET", f"/sparql?{urlencode({'query': endless, 'timeout': '0.3'})}")
    assert (short.status, short.json["code"], short.json["limit"]) == (504, "query-timeout", 0.3)


def test_a_megabyte_is_legitimate_and_more_is_told(server: Server) -> None:
    """A query of a megabyte is answered by POST; a longer one gets 413."""
    values = " ".join(f"<http://example.org/{i:07}>" for i in range(35_000))
    query = f"SELECT (COUNT(*) AS ?n) {{ VALUES ?x {{ {values} }} }}"
    assert 1_000_000 < len(query) < 1_048_576
    assert server.query(query).rows == [{"n": "35000"}]
    form = server.ask("POST", "/sparql", urlencode({"query": query}), headers=FORM)
    assert form.rows == [{"n": "35000"}]
    long = server.query(query + " " * 60_000, accept="*/*")
    assert (long.status, long.json["code"], long.json["limit"]) == (413, "too-large", 1_048_576)
    assert server.query(" " * 4_000_000, accept="*/*").status == 413


def test_code_point_escapes(server: Server) -> None:
    r"""`\u0053ELECT` is SELECT (SPARQL 1.1 §19.2), and a string's escapes are decoded once."""
    reply = server.query("\\u0053ELECT ?\\u0078 { BIND('\\u0041 \\\\u0041' AS ?x) }")
    assert reply.rows == [{"x": "A \\u0041"}]


def test_keep_alive_survives_errors(server: Server) -> None:
    """A refused request leaves the connection usable."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port)) as client:
        sockets, answers = [], []
        for method, target in (("PUT", ""), ("GET", "?query=nonsense"), ("GET", "?query=ASK%7B%7D")):
            client.request(method, f"/sparql{target}", headers={"Accept": "application/sparql-results+json"})
            response = client.getresponse()
            answers.append((response.status, response.read()))
            sockets.append(client.sock)
    assert [status for status, _ in answers] == [405, 400, 200]
    assert answers[-1][1] == b'{"head":{},"boolean":true}'
    assert sockets[0] is sockets[1] is sockets[2] is not None
