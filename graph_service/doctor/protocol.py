"""The SPARQL protocol, as clients really use it."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from graph_service.doctor.examination import JSON_RESULTS, RDF, Check, Patient, check, expect

ASK = "ASK { ?s ?p ?o }"
SELECT = "SELECT ?s WHERE { ?s ?p ?o } LIMIT 1"
ONE = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } } LIMIT 1"
FORM = "application/x-www-form-urlencoded"


@check(
    "query by GET", "protocol", "Answer GET ?query=… with application/sparql-results+json (SPARQL 1.1 Protocol, 2.1.1)."
)
def by_get(patient: Patient) -> str:
    reply = patient.ask(ASK)
    expect(reply.status == 200, f"status {reply.status}")
    expect(reply.kind == JSON_RESULTS, f"came as `{reply.kind}`")
    expect(json.loads(reply.body)["boolean"] is True, "says that the endpoint is empty")
    return "answers in JSON"


@check(
    "query by POST form", "protocol", "Answer a POST with query= in a form (2.1.2); RDF libraries send long queries so."
)
def by_form(patient: Patient) -> str:
    reply = patient.fetch(
        patient.endpoint, method="POST", data=urlencode({"query": ASK}).encode(), content_type=FORM, accept=JSON_RESULTS
    )
    expect(reply.status == 200, f"status {reply.status}")
    return "answers"


@check("query as POST body", "protocol", "Answer a POST of type application/sparql-query (2.1.3).")
def by_body(patient: Patient) -> str:
    reply = patient.fetch(
        patient.endpoint, method="POST", data=ASK.encode(), content_type="application/sparql-query", accept=JSON_RESULTS
    )
    expect(reply.status == 200, f"status {reply.status}")
    return "answers"


@check("slash at the end", "protocol", "Answer at the address with and without a slash; a redirect loses a POST.")
def slash(patient: Patient) -> str:
    reply = patient.fetch(f"{patient.endpoint}/?{urlencode({'query': ASK})}", accept=JSON_RESULTS)
    expect(reply.status == 200, f"status {reply.status}")
    return "both answer"


@check("unknown parameters", "protocol", "Ignore parameters that you do not know: SIB's tools add ?ac=1.")
def unknown(patient: Patient) -> str:
    reply = patient.fetch(f"{patient.endpoint}?{urlencode({'ac': '1', 'query': ASK})}", accept=JSON_RESULTS)
    expect(reply.status == 200, f"status {reply.status}")
    return "are ignored"


@check("HEAD", "protocol", "Answer HEAD as GET without the body; link checkers and harvesters use it.")
def head(patient: Patient) -> str:
    reply = patient.fetch(f"{patient.endpoint}?{urlencode({'query': ASK})}", method="HEAD", accept=JSON_RESULTS)
    expect(reply.status == 200, f"status {reply.status}")
    expect(not reply.body, "sends a body")
    return "answers"


@check("result formats", "protocol", "Offer JSON, XML, CSV and TSV; federation of some stores reads only XML.")
def results(patient: Patient) -> str:
    for kind in (JSON_RESULTS, "application/sparql-results+xml", "text/csv", "text/tab-separated-values"):
        reply = patient.ask(SELECT, kind)
        expect(
            reply.status == 200 and reply.kind == kind, f"`Accept: {kind}` brings status {reply.status}, `{reply.kind}`"
        )
    return "JSON, XML, CSV, TSV"


@check(
    "graph formats", "protocol", "Offer CONSTRUCT as Turtle, N-Triples, RDF/XML and JSON-LD, each with its own type."
)
def graphs(patient: Patient) -> str:
    for kind in RDF:
        reply = patient.ask("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 1", kind)
        expect(
            reply.status == 200 and reply.kind == kind, f"`Accept: {kind}` brings status {reply.status}, `{reply.kind}`"
        )
        expect(len(reply.triples(patient.endpoint)) == 1, f"the {kind} holds no triple")
    return "Turtle, N-Triples, RDF/XML, JSON-LD"


@check("ASK for table readers", "protocol", "A boolean has no CSV: answer in JSON or XML instead of an error.")
def booleans(patient: Patient) -> str:
    reply = patient.ask(ASK, "text/csv")
    expect(reply.status == 200, f"status {reply.status}")
    return f"answers as {reply.kind}"


@check("named graphs", "protocol", "Keep data in named graphs, so that GRAPH ?g finds it (Umaka's first test).")
def named(patient: Patient) -> str:
    reply = patient.ask(ONE, "text/turtle")
    expect(reply.status == 200 and len(reply.triples(patient.endpoint)) == 1, "GRAPH ?g finds nothing")
    return "GRAPH ?g finds data"


@check("syntax errors", "protocol", "Answer a query that does not parse with 400 and say where it breaks.")
def syntax(patient: Patient) -> str:
    reply = patient.ask("SELECT * WHERE { ?s ?p }")
    expect(reply.status == 400, f"status {reply.status}")
    expect(b"line" in reply.body.lower() or b"1:" in reply.body, "the message does not tell the place")
    return "400, with the place"


@check("no changes", "protocol", "Refuse updates from strangers with 403, 401 or 405.")
def update(patient: Patient) -> str:
    body = urlencode({"update": "INSERT DATA { <urn:doctor:s> <urn:doctor:p> <urn:doctor:o> }"}).encode()
    reply = patient.fetch(patient.endpoint, method="POST", data=body, content_type=FORM)
    expect(reply.status in {400, 401, 403, 404, 405, 415, 501}, f"an update brings status {reply.status}")
    return f"updates are refused ({reply.status})"


@check(
    "CORS",
    "protocol",
    "Send the literal Access-Control-Allow-Origin: * on answers and errors, so that pages can query.",
)
def cors(patient: Patient) -> str:
    for query in (ASK, "SELECT * WHERE { ?s ?p }"):
        reply = patient.ask(query, origin="https://example.org")
        allowed = reply.headers.get("access-control-allow-origin")
        expect(allowed == "*", f"status {reply.status} carries {allowed or 'no Access-Control-Allow-Origin'}")
    return "any page may query"


@check("preflight", "protocol", "Answer OPTIONS with the methods and headers that pages may use.")
def preflight(patient: Patient) -> str:
    reply = patient.fetch(
        patient.endpoint, method="OPTIONS", origin="https://example.org", access_control_request_method="POST"
    )
    expect(reply.status in {200, 204}, f"status {reply.status}")
    expect("POST" in reply.headers.get("access-control-allow-methods", ""), "POST is not among the allowed methods")
    return "POST is allowed"


@check("caching", "protocol", "Send an ETag with answers and 304 to who has it.", is_advice=True)
def caching(patient: Patient) -> str:
    reply = patient.ask(SELECT)
    expect("etag" in reply.headers, "answers carry no ETag")
    again = patient.ask(SELECT, if_none_match=reply.headers["etag"])
    expect(again.status == 304, f"the same query with its ETag brings {again.status}")
    return "304 for who has the answer"


@check(
    "address",
    "protocol",
    "Give the endpoint an address of at most 30 characters, without port and parameters (Umaka).",
    is_advice=True,
)
def address(patient: Patient) -> str:
    host = patient.endpoint.partition("://")[2]
    expect(
        ":" not in host.partition("/")[0] and len(patient.endpoint) <= 30, f"{patient.endpoint} is long, or has a port"
    )
    return "short and plain"


CHECKS: tuple[Check, ...] = (
    by_get,
    by_form,
    by_body,
    slash,
    unknown,
    head,
    results,
    graphs,
    booleans,
    named,
    syntax,
    update,
    cors,
    preflight,
    caching,
    address,
)
