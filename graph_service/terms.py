"""Base IRI, prefixes and the kinds of record: the names that everything else is built from."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

BASE = "https://w3id.org/imaging-survey/"
ONTOLOGY = f"{BASE}ontology#"
GRAPH = f"{BASE}graph/"

KINDS: dict[str, str] = {
    "archive": "Archive",
    "collection": "Collection",
    "software": "Software",
    "organization": "Organization",
    "source": "Source",
}
"""Folder, prefix and URL segment of each kind of record, with the class of its first subject."""

SCHEMES: tuple[str, ...] = (
    "access",
    "access-step",
    "anatomy",
    "annotation-task",
    "answer",
    "archive-kind",
    "capability",
    "certainty",
    "channel",
    "condition",
    "content",
    "country",
    "curation",
    "de-identification",
    "facet",
    "file-format",
    "governance",
    "interface",
    "license",
    "life-stage",
    "link-outcome",
    "modality",
    "permitted-use",
    "persistent-identifier",
    "role",
    "scope",
    "search-mode",
    "software-role",
    "source-kind",
    "species",
    "standard",
    "status",
    "subject-type",
    "submission",
    "viewer",
)
"""The vocabularies, one file each under `ontology/vocabulary/`; the name is prefix and URL segment too."""

FOREIGN: dict[str, str] = {
    "adms": "http://www.w3.org/ns/adms#",
    "codemeta": "https://w3id.org/codemeta/terms/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "doap": "http://usefulinc.com/ns/doap#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "sosa": "http://www.w3.org/ns/sosa/",
    "vann": "http://purl.org/vocab/vann/",
    "void": "http://rdfs.org/ns/void#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

PREFIXES: dict[str, str] = dict(
    sorted(
        (
            FOREIGN
            | {"survey": ONTOLOGY}
            | {name: f"{BASE}{name}/" for name in (*KINDS, "observation", "assessment", "vocabulary", *SCHEMES)}
        ).items()
    )
)
"""Every prefix that a file of the survey may use; a record that uses another is refused."""


@lru_cache(maxsize=65_536)
def shorten(iri: str) -> str:
    """The IRI as a prefixed name where one of `PREFIXES` fits, else in angle brackets."""
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace) and "/" not in iri[len(namespace) :] and "#" not in iri[len(namespace) :]:
            return f"{prefix}:{iri[len(namespace) :]}"
    return f"<{iri}>"


def str_of(term: Any) -> str:
    """The text of an RDF term: an IRI, a literal's lexical form, a blank node's label; empty for a triple term.

    The survey has no triple terms, but pyoxigraph's types have to reckon with them.
    """
    return str(getattr(term, "value", ""))
