"""The survey in the shapes of others: DCAT-AP for data portals, schema.org for search engines, CodeMeta for software,
and `owl:sameAs` for who wants things merged. Made from the graph, never edited; each a file of every release.
"""

from __future__ import annotations

import json
from typing import Any

import pyoxigraph as ox

from graph_service import schemaorg
from graph_service.knowledge import HOMEPAGE, Knowledge, kind_of, survey
from graph_service.release import Version
from graph_service.terms import BASE, FOREIGN
from graph_service.triples import Triples, date, text
from graph_service.void import DESCRIPTION, LICENSE, PUBLISHER

AUTHORITY = "http://publications.europa.eu/resource/authority/"
ENGLISH = f"{AUTHORITY}language/ENG"
CODEMETA = "https://w3id.org/codemeta/3.0"
NOTICE = "Whether these are wholly the same is for you to judge; nothing in the survey itself says so."


def dcat_ap(known: Knowledge, version: Version) -> Triples:
    """The archives as DCAT-AP 3 catalogues and the collections as data sets in them."""
    made = Triples()
    home = f"{BASE}catalog"
    _catalog(made, home, "Imaging Survey", DESCRIPTION, PUBLISHER)
    made.say(home, "dcterms:modified", date(version.date))
    made.say(home, "dcterms:license", LICENSE)
    made.say(PUBLISHER, "rdf:type", "foaf:Agent")
    made.say(PUBLISHER, "foaf:name", text("Imaging Survey contributors"))
    for iri in known.of_kind("archive"):
        made.say(home, "dcat:catalog", iri)
        _archive(known, made, iri)
    for iri in known.of_kind("collection"):
        made.say(home, "dcat:dataset", iri)
        _collection(known, made, iri)
    return made


def dcat_ap_of(known: Knowledge, iri: str, _: Version) -> Triples:
    """One archive or collection as DCAT-AP 3 sees it."""
    made = Triples()
    (_archive if kind_of(iri) == "archive" else _collection)(known, made, iri)
    return made


def _archive(known: Knowledge, made: Triples, iri: str) -> None:
    _catalog(made, iri, known.label(iri), known.definition(iri), _publisher(known, made, iri))
    _described(known, made, iri)


def _collection(known: Knowledge, made: Triples, iri: str) -> None:
    made.say(iri, "rdf:type", "dcat:Dataset")
    made.say(iri, "dcterms:title", text(known.label(iri)))
    made.say(iri, "dcterms:description", text(known.definition(iri)))
    made.say(iri, "dcterms:publisher", _publisher(known, made, iri))
    made.say(iri, "dcat:theme", f"{AUTHORITY}data-theme/HEAL")
    for archive in known.iris(iri, survey("hostedAt")):
        if kind_of(archive) == "archive":
            made.say(archive, "dcat:dataset", iri)
    for name in ("modality", "anatomy", "condition"):
        for concept in known.iris(iri, survey(name)):
            made.say(iri, "dcat:keyword", text(known.label(concept)))
    _described(known, made, iri)
    _distribution(known, made, iri)


def _catalog(made: Triples, iri: str, title: str, description: str, publisher: str) -> None:
    made.say(iri, "rdf:type", "dcat:Catalog")
    made.say(iri, "dcterms:title", text(title))
    made.say(iri, "dcterms:description", text(description))
    made.say(iri, "dcterms:publisher", publisher)
    made.say(iri, "dcterms:language", ENGLISH)


def _publisher(known: Knowledge, made: Triples, iri: str) -> str:
    """Who operates the thing; the survey's contributors stand for whom it does not know."""
    for name in ("operator", "host", "dataProvider"):
        for agent in known.iris(iri, survey(name)):
            if kind_of(agent) == "organization":
                made.say(agent, "rdf:type", "foaf:Agent")
                made.say(agent, "foaf:name", text(known.label(agent)))
                return agent
    return PUBLISHER


def _described(known: Knowledge, made: Triples, iri: str) -> None:
    for page in known.iris(iri, HOMEPAGE)[:1]:
        made.say(iri, "foaf:homepage" if kind_of(iri) == "archive" else "dcat:landingPage", page)
        made.say(page, "rdf:type", "foaf:Document")
    made.say(iri, "dcterms:identifier", ox.Literal(iri))
    if kind_of(iri) != "collection":
        return
    for access in known.iris(iri, survey("access")):
        for match in known.iris(access, f"{FOREIGN['skos']}closeMatch"):
            if match.startswith(f"{AUTHORITY}access-right/"):
                made.say(iri, "dcterms:accessRights", match)
                made.say(match, "rdf:type", "dcterms:RightsStatement")
                return


def _distribution(known: Knowledge, made: Triples, iri: str) -> None:
    addresses = [*known.iris(iri, survey("downloadAddress")), *known.iris(iri, HOMEPAGE)][:1]
    for address in addresses:
        this = f"{iri}#distribution"
        made.say(iri, "dcat:distribution", this)
        made.say(this, "rdf:type", "dcat:Distribution")
        made.say(this, "dcat:accessURL", address)
        made.say(address, "rdf:type", "rdfs:Resource")
        for terms in known.iris(iri, survey("license"))[:1]:
            made.say(this, "dcterms:license", terms)
            made.say(terms, "rdf:type", "dcterms:LicenseDocument")


def schema_org(known: Knowledge, version: Version) -> bytes:
    """Every archive, collection, software and organization as one JSON-LD graph of schema.org."""
    things = [schemaorg.survey_itself(BASE, version.name, version.date)]
    for kind in ("archive", "collection", "software", "organization"):
        things += [schemaorg.describe(known, iri, version.name, version.date) for iri in known.of_kind(kind)]
    for each in things:
        each.pop("@context", None)
    return _json({"@context": schemaorg.CONTEXT, "@graph": things})


def schema_org_of(known: Knowledge, iri: str, version: Version) -> bytes:
    """One thing as schema.org JSON-LD."""
    return _json(schemaorg.describe(known, iri, version.name, version.date))


def codemeta(known: Knowledge) -> bytes:
    """Every software as CodeMeta 3.0, in one JSON-LD graph."""
    return _json({"@context": CODEMETA, "@graph": [codemeta_of(known, iri) for iri in known.of_kind("software")]})


def codemeta_document(known: Knowledge, iri: str, _: Version) -> bytes:
    """One software as a CodeMeta file."""
    return _json({"@context": CODEMETA, **codemeta_of(known, iri)})


def codemeta_of(known: Knowledge, iri: str) -> dict[str, Any]:
    """One software as CodeMeta sees it."""
    said = schemaorg.describe(known, iri)
    kept = (
        "@id",
        "name",
        "description",
        "url",
        "identifier",
        "sameAs",
        "license",
        "codeRepository",
        "programmingLanguage",
        "operatingSystem",
        "softwareHelp",
        "dateModified",
        "datePublished",
        "author",
        "funder",
        "applicationCategory",
        "alternateName",
    )
    found = {name: said[name] for name in kept if name in said}
    status = known.iris(iri, survey("status"))
    return schemaorg.without_empty(
        {
            "@type": "SoftwareSourceCode",
            **found,
            "version": said.get("softwareVersion"),
            "referencePublication": known.iris(iri, survey("publication")),
            "developmentStatus": [known.label(each) for each in status],
            "softwareRequirements": [value.value for value in known.values(iri, survey("database"))],
        }
    )


def same_as(known: Knowledge) -> Triples:
    """Opt-in: `owl:sameAs` to ROR and Wikidata, for those who merge by it; not loaded into the served graph."""
    made = Triples()
    bridge = f"{BASE}linksets/owl-sameas.ttl"
    made.say(bridge, "rdf:type", "void:Linkset")
    made.say(bridge, "void:linkPredicate", "owl:sameAs")
    made.say(bridge, "void:subjectsTarget", BASE)
    made.say(bridge, "rdfs:comment", text(NOTICE))
    for kind in ("archive", "collection", "software", "organization"):
        for iri in known.of_kind(kind):
            for name in ("ror", "wikidata"):
                for same in known.iris(iri, survey(name)):
                    made.say(iri, "owl:sameAs", same)
    return made


def _json(said: dict[str, Any]) -> bytes:
    return (json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode()
