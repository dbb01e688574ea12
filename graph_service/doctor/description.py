"""What the endpoint says of itself: service description, VoID, prefixes, examples."""

from __future__ import annotations

import json
from datetime import date

import pyoxigraph as ox

from graph_service.doctor.examination import ALL_RDF, RDF, Check, FaultError, Patient, check, expect

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
DCTERMS = "http://purl.org/dc/terms/"
PREFIXES = """PREFIX sh: <http://www.w3.org/ns/shacl#>
SELECT DISTINCT ?prefix ?namespace WHERE { [] sh:namespace ?namespace ; sh:prefix ?prefix }"""
EXAMPLES = """PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?query ?comment ?text WHERE {
  ?query a sh:SPARQLExecutable ; rdfs:comment ?comment ; sh:select|sh:ask|sh:construct ?text }"""
PARTITIONS = """PREFIX void: <http://rdfs.org/ns/void#> PREFIX ext: <http://ldf.fi/void-ext#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?class ?property ?target ?datatype ?label WHERE {
  ?part void:class ?class ; void:propertyPartition ?inner . ?inner void:property ?property .
  OPTIONAL { ?class rdfs:label ?label }
  OPTIONAL { { ?inner void:classPartition [ void:class ?target ] }
             UNION { ?inner ext:datatypePartition [ ext:datatype ?datatype ] } } }"""


@check(
    "service description",
    "description",
    "Answer the bare address with a service description in whatever RDF is asked for.",
)
def service(patient: Patient) -> str:
    for kind in (*RDF, ALL_RDF):
        reply = patient.fetch(patient.endpoint, accept=kind)
        expect(reply.status == 200, f"`Accept: {kind}` brings status {reply.status}")
        said = reply.triples(patient.endpoint)
        expect(any(each.object == ox.NamedNode(f"{SD}Service") for each in said), "there is no sd:Service in it")
    return "in every RDF format"


@check("sd:endpoint", "description", "Name the endpoint by its absolute address: Comunica fails silently on others.")
def endpoint(patient: Patient) -> str:
    said = _objects(patient.fetch(patient.endpoint, accept="text/turtle").triples("about:blank/"), f"{SD}endpoint")
    expect(patient.endpoint in said, f"it names {', '.join(said) or 'nothing'}")
    return "is absolute and right"


@check("sd:resultFormat", "description", "List every result format with its IRI in http://www.w3.org/ns/formats/.")
def formats(patient: Patient) -> str:
    said = _objects(
        patient.fetch(patient.endpoint, accept="text/turtle").triples(patient.endpoint), f"{SD}resultFormat"
    )
    expect(len(said) >= 4, f"{len(said)} formats are listed")
    wrong = [each for each in said if not each.startswith("http://www.w3.org/ns/formats/")]
    expect(not wrong, f"{', '.join(wrong)} is no format of the W3C")
    return f"{len(said)} formats"


@check("no page for scripts", "description", "Send HTML only to who asks for text/html: */* is how scripts ask.")
def scripts(patient: Patient) -> str:
    reply = patient.fetch(patient.endpoint, accept="*/*")
    expect(reply.kind != "text/html", "`Accept: */*` brings HTML")
    return f"`*/*` brings {reply.kind}"


@check("VoID at its place", "description", "Serve a VoID description at /.well-known/void.")
def void(patient: Patient) -> str:
    said = patient.void()
    expect(any(each.object == ox.NamedNode(f"{VOID}Dataset") for each in said), "there is no void:Dataset in it")
    return f"{len(said):,} triples"


@check(
    "VoID says who and when",
    "description",
    "State dcterms:title, license, publisher, and modified or issued of the data set.",
)
def facts(patient: Patient) -> str:
    said = patient.void()
    names = {each.predicate.value for each in said}
    missing = [name for name in ("title", "license", "publisher") if f"{DCTERMS}{name}" not in names]
    missing += [] if {f"{DCTERMS}modified", f"{DCTERMS}issued"} & names else ["modified"]
    expect(not missing, f"dcterms:{', dcterms:'.join(missing)} is not said")
    for value in _objects(said, f"{DCTERMS}modified"):
        if len(value) >= 10:
            expect(date.fromisoformat(value[:10]) <= date.today(), f"it was modified in the future, on {value}")
    return "title, license, publisher, date"


@check("VoID names the endpoint", "description", "State void:sparqlEndpoint with the endpoint's address.")
def names(patient: Patient) -> str:
    said = _objects(patient.void(), f"{VOID}sparqlEndpoint")
    expect(patient.endpoint in said, f"it names {', '.join(said) or 'none'}")
    return "void:sparqlEndpoint is right"


@check("dumps", "description", "State void:dataDump, and keep the files there.")
def dumps(patient: Patient) -> str:
    said = _objects(patient.void(), f"{VOID}dataDump")
    expect(bool(said), "no void:dataDump is named")
    reply = patient.fetch(said[0], method="HEAD")
    expect(reply.status in {200, 302, 303, 307}, f"{said[0]} answers {reply.status}")
    return f"{len(said)} dumps, the first is there"


@check(
    "prefixes in the graph",
    "description",
    "Load your prefixes into the graph as sh:declare, so that editors know them.",
)
def prefixes(patient: Patient) -> str:
    rows = patient.rows(PREFIXES)
    expect(bool(rows), "sh:prefix and sh:namespace find no row")
    return f"{len(rows)} prefixes"


@check(
    "examples in the graph",
    "description",
    "Load example queries into the graph as sh:SPARQLExecutable with rdfs:comment.",
)
def examples(patient: Patient) -> str:
    rows = patient.rows(EXAMPLES)
    expect(bool(rows), "sh:SPARQLExecutable finds no row")
    return f"{len(rows)} examples"


@check(
    "VoID in the graph",
    "description",
    "Load class and property partitions into the graph: autocompletion and agents read them.",
)
def partitions(patient: Patient) -> str:
    rows = patient.rows(PARTITIONS)
    expect(bool(rows), "void:propertyPartition finds no row")
    expect(any("label" in row for row in rows), "no class has an rdfs:label")
    return f"{len({row['class'] for row in rows})} classes with {len({row['property'] for row in rows})} properties"


@check(
    "links to others",
    "description",
    "Link to other data by rdfs:seeAlso, skos:exactMatch, schema:sameAs or owl:sameAs.",
)
def outwards(patient: Patient) -> str:
    rows = patient.rows(
        "SELECT ?s WHERE { ?s <http://www.w3.org/2000/01/rdf-schema#seeAlso>|<http://www.w3.org/2004/02/skos/core#exactMatch>"
        "|<https://schema.org/sameAs>|<http://www.w3.org/2002/07/owl#sameAs> ?o . FILTER(ISIRI(?o)) } LIMIT 1"
    )
    expect(bool(rows), "there is none")
    return "there are"


@check(
    "example queries at their place",
    "description",
    "Serve the examples at /.well-known/sparql-examples.",
    is_advice=True,
)
def examples_place(patient: Patient) -> str:
    reply = patient.follow(f"{patient.site}/.well-known/sparql-examples", accept=ALL_RDF)
    expect(reply.status == 200, f"status {reply.status}")
    return f"{len(reply.triples(patient.site))} triples"


@check(
    "catalog of interfaces",
    "description",
    "Serve /.well-known/api-catalog as application/linkset+json (RFC 9727).",
    is_advice=True,
)
def interfaces(patient: Patient) -> str:
    reply = patient.fetch(f"{patient.site}/.well-known/api-catalog", accept="application/linkset+json")
    expect(reply.status == 200 and reply.kind == "application/linkset+json", f"status {reply.status}, `{reply.kind}`")
    try:
        anchors = [each["anchor"] for each in json.loads(reply.body)["linkset"]]
    except (ValueError, KeyError, TypeError) as error:
        raise FaultError("it is no link set") from error
    return f"{len(anchors)} interfaces"


def _objects(said: list[ox.Triple], predicate: str) -> list[str]:
    return sorted({each.object.value for each in said if each.predicate.value == predicate})  # type: ignore[union-attr]


CHECKS: tuple[Check, ...] = (
    service,
    endpoint,
    formats,
    scripts,
    void,
    facts,
    names,
    dumps,
    prefixes,
    examples,
    partitions,
    outwards,
    examples_place,
    interfaces,
)
