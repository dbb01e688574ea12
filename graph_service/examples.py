"""The questions as RDF, as SIB's tools read examples, and the prefixes as `sh:declare`."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyoxigraph as ox

from graph_service.queries import Parameter, Query
from graph_service.terms import BASE, KINDS, ONTOLOGY, PREFIXES
from graph_service.triples import XSD, Triples, text, typed

SET = f"{BASE}.well-known/sparql-examples/"
DECLARATIONS = f"{BASE}prefixes"
NOISE = re.compile(r"""<[^<>"{}|^`\\\s]*>|"[^"\n]*"|'[^'\n]*'|\#[^\n]*""")
FORM = re.compile(r"\b(SELECT|ASK|CONSTRUCT|DESCRIBE)\b", re.IGNORECASE)
SERVICE = re.compile(r"\bSERVICE\s+(?:SILENT\s+)?<([^<>\s]+)>", re.IGNORECASE)
DATATYPES = {"text": "string", "integer": "integer", "decimal": "decimal", "date": "date", "boolean": "boolean"}


def form_of(query: Query) -> str:
    """`select`, `ask`, `construct` or `describe`."""
    found = FORM.search(NOISE.sub(" ", query.text))
    return found[1].lower() if found else "select"


def describe(questions: Iterable[Query], endpoint: str = f"{BASE}sparql") -> Triples:
    """Every question as a `sh:SPARQLExecutable` with its parameters."""
    made = Triples()
    made.say(SET, "rdf:type", "skos:Collection")
    made.say(SET, "rdfs:label", text("The questions of the Imaging Survey"))
    for query in questions:
        this, form = f"{BASE}query/{query.name}", form_of(query)
        made.say(SET, "skos:member", this)
        made.say(this, "rdf:type", "sh:SPARQLExecutable", f"sh:SPARQL{form.capitalize()}Executable")
        made.say(this, "rdfs:label", text(query.summary))
        made.say(this, "rdfs:comment", text(f"{query.summary} {query.description}".strip()))
        made.say(this, "sh:prefixes", DECLARATIONS)
        made.say(this, "spex:describe" if form == "describe" else f"sh:{form}", ox.Literal(query.text))
        made.say(this, "schema:target", endpoint)
        for tag in query.tags:
            made.say(this, "schema:keywords", ox.Literal(tag))
        for service in sorted(set(SERVICE.findall(query.text))):
            made.say(this, "spex:federatesWith", service)
        for parameter in query.parameters:
            _parameter(made, this, parameter)
    return made


def _parameter(made: Triples, query: str, parameter: Parameter) -> None:
    """A parameter: the last part of its path is the variable's name, and it may be left out."""
    this = f"{query}#{parameter.name}"
    made.say(query, "sh:parameter", this)
    made.say(this, "rdf:type", "sh:Parameter")
    made.say(this, "sh:path", this)
    made.say(this, "sh:name", text(parameter.label or parameter.name))
    made.say(this, "sh:optional", typed("true", "boolean"))
    if parameter.description:
        made.say(this, "sh:description", text(parameter.description))
    if parameter.type == "iri":
        made.say(this, "sh:nodeKind", "sh:IRI")
        for kind in (parameter.kind or "").split("|"):
            if kind:
                made.say(this, "sh:class", f"{ONTOLOGY}{KINDS[kind]}" if kind in KINDS else "skos:Concept")
            if kind and kind not in KINDS:
                made.say(this, "survey:scheme", f"vocabulary:{kind}")
    else:
        made.say(this, "sh:datatype", XSD + DATATYPES[parameter.type])
    if parameter.example:
        made.say(this, "skos:example", ox.Literal(parameter.example))


def prefixes() -> Triples:
    """Every prefix of ours as a SHACL declaration."""
    made = Triples()
    made.say(DECLARATIONS, "rdf:type", "owl:Ontology")
    made.say(DECLARATIONS, "rdfs:label", text("Prefixes of the Imaging Survey"))
    for prefix, namespace in PREFIXES.items():
        this = f"{DECLARATIONS}#{prefix}"
        made.say(DECLARATIONS, "sh:declare", this)
        made.say(this, "rdf:type", "sh:PrefixDeclaration")
        made.say(this, "sh:prefix", ox.Literal(prefix))
        made.say(this, "sh:namespace", typed(namespace, "anyURI"))
    return made


def context() -> dict[str, dict[str, str]]:
    """The prefixes as one JSON-LD context."""
    return {"@context": dict(PREFIXES)}
