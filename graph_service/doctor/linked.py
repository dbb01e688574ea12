"""Linked data: whether the things that the endpoint names answer, in every form, with typed links."""

from __future__ import annotations

import re

from graph_service.doctor.examination import RDF, Check, Patient, check, expect

RELATIONS = ("cite-as", "describedby", "type", "license", "author")


@check("things answer with data", "linked data", "Answer the IRI of a thing with RDF in whatever form is asked for.")
def data(patient: Patient) -> str:
    thing = patient.example()
    for kind in RDF:
        reply = patient.follow(thing, accept=kind)
        expect(
            reply.status == 200 and reply.kind == kind,
            f"{thing} as {kind} brings status {reply.status}, `{reply.kind}`",
        )
        expect(bool(reply.triples(thing)), f"the {kind} of {thing} is empty")
    return f"{thing} in {len(RDF)} forms"


@check("things answer with a page", "linked data", "Answer the IRI of a thing with a page that the server renders.")
def page(patient: Patient) -> str:
    thing = patient.example()
    reply = patient.follow(thing, accept="text/html")
    expect(reply.status == 200 and reply.kind == "text/html", f"{thing} brings status {reply.status}, `{reply.kind}`")
    expect(b"<h1" in reply.body, "the page has no heading: is it made by scripts?")
    return "there is a page"


@check(
    "thing and record", "linked data", "Send who asks for data on with 303, so that the thing and its record differ."
)
def record(patient: Patient) -> str:
    thing = patient.example()
    reply = patient.fetch(thing, accept="text/turtle")
    expect(reply.status == 303 or "#" in thing, f"{thing} answers {reply.status} itself")
    expect("accept" in reply.headers.get("vary", "").lower(), "the answer depends on Accept, but Vary does not say so")
    return "303 to the record"


@check(
    "schema.org",
    "linked data",
    "Put JSON-LD of schema.org into the page: search engines and F-UJI read it.",
    is_advice=True,
)
def schema(patient: Patient) -> str:
    reply = patient.follow(patient.example(), accept="text/html")
    expect(b"application/ld+json" in reply.body and b"schema.org" in reply.body, "the page has none")
    return "the page has JSON-LD"


@check(
    "signposting",
    "linked data",
    f"Send Link headers with {', '.join(RELATIONS)} from the page of a thing (FAIR Signposting).",
)
def signposting(patient: Patient) -> str:
    thing = patient.example()
    said = patient.follow(thing, accept="text/html").headers.get("link", "")
    found = set(re.findall(r'rel="?([a-z-]+)"?', said))
    missing = [each for each in RELATIONS if each not in found]
    expect(not missing, f"{thing} sends no {', '.join(missing)}")
    described = re.findall(r'<([^>]+)>; rel="describedby"; type="([^"]+)"', said)
    for address, kind in described[:2]:
        reply = patient.fetch(address)
        expect(
            reply.status == 200 and reply.kind == kind,
            f"describedby {address} brings status {reply.status}, `{reply.kind}`",
        )
    return ", ".join(sorted(found))


@check(
    "validators", "linked data", "Send ETag and Last-Modified with records, and 304 to who has them.", is_advice=True
)
def validators(patient: Patient) -> str:
    reply = patient.fetch(patient.example(), accept="text/turtle")
    address = reply.headers.get("location", patient.example())
    from urllib.parse import urljoin

    target = urljoin(patient.example(), address)
    first = patient.fetch(target, accept="text/turtle")
    expect("etag" in first.headers and "last-modified" in first.headers, "ETag or Last-Modified is missing")
    again = patient.fetch(target, accept="text/turtle", if_none_match=first.headers["etag"])
    expect(again.status == 304, f"the same request with its ETag brings {again.status}")
    return "304 for who has the record"


@check("what is not there", "linked data", "Answer 404 for what is not there; a page with 200 misleads every robot.")
def missing(patient: Patient) -> str:
    thing = patient.example()
    reply = patient.follow(f"{thing}-that-is-not-there", accept="text/turtle")
    expect(reply.status == 404, f"status {reply.status}")
    return "404"


@check("CORS on things", "linked data", "Send Access-Control-Allow-Origin: * with records too.")
def cors(patient: Patient) -> str:
    reply = patient.follow(patient.example(), accept="text/turtle", origin="https://example.org")
    allowed = reply.headers.get("access-control-allow-origin")
    expect(allowed == "*", f"it carries {allowed or 'none'}")
    return "any page may read"


CHECKS: tuple[Check, ...] = (data, page, record, schema, signposting, validators, missing, cors)
