"""DCAT 3: the survey as a data set with its releases, its files and its endpoint.

In HCLS's three levels: `<base>` is the survey whatever its version, `<base>release/2026.11` one version, and each file
of it a distribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyoxigraph as ox

from graph_service.formats import BY_NAME
from graph_service.release import DUMPS, Version
from graph_service.terms import BASE
from graph_service.triples import Triples, date, text, typed
from graph_service.void import DATASET, DESCRIPTION, KEYWORDS, LICENSE, PUBLISHER

CATALOG = f"{BASE}catalog"
IANA = "https://www.iana.org/assignments/media-types/"
MONTHLY = "http://publications.europa.eu/resource/authority/frequency/MONTHLY"
PUBLIC = "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
ENGLISH = "http://publications.europa.eu/resource/authority/language/ENG"
MEDIA_TYPES = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "tsv": "text/tab-separated-values",
    "zip": "application/zip",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "txt": "text/plain",
} | {suffix: BY_NAME[suffix].media_type for suffix in DUMPS}


@dataclass(frozen=True)
class Issue:
    """One release as the catalog tells of it; `files` are its files' sizes and checksums, where they are known yet."""

    version: Version
    previous: str | None = None
    notes: str = ""
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def iri(self) -> str:
        return f"{BASE}release/{self.version.name}"


def media_type(name: str) -> str:
    """The media type of a file of a release, whether or not it is compressed."""
    if name == "SHA256SUMS":
        return "text/plain"
    return MEDIA_TYPES.get(name.removesuffix(".gz").rpartition(".")[2], "application/octet-stream")


def describe(issue: Issue, endpoint: str = f"{BASE}sparql") -> Triples:
    """The catalog with its data set, one release of it and its data service."""
    made = Triples()
    made.say(CATALOG, "rdf:type", "dcat:Catalog")
    made.say(CATALOG, "dcterms:title", text("Imaging Survey: data and services"))
    made.say(
        CATALOG,
        "dcterms:description",
        text("What the Imaging Survey publishes: its graph, release by release, and its endpoint."),
    )
    made.say(CATALOG, "dcterms:publisher", PUBLISHER)
    made.say(CATALOG, "dcterms:license", LICENSE)
    made.say(CATALOG, "dcterms:issued", date("2026-11-25"))
    made.say(CATALOG, "dcterms:modified", date(issue.version.date))
    made.say(CATALOG, "dcterms:language", ENGLISH)
    made.say(CATALOG, "foaf:homepage", BASE)
    made.say(CATALOG, "dcat:dataset", DATASET, issue.iri)
    made.say(CATALOG, "dcat:service", endpoint)
    _dataset(made, DATASET, issue)
    made.say(DATASET, "dcat:hasCurrentVersion", issue.iri)
    made.say(DATASET, "dcat:hasVersion", issue.iri)
    made.say(DATASET, "dcterms:accrualPeriodicity", MONTHLY)
    _release(made, issue)
    made.say(endpoint, "rdf:type", "dcat:DataService")
    made.say(endpoint, "dcterms:title", text("SPARQL endpoint of the Imaging Survey"))
    made.say(
        endpoint,
        "dcterms:description",
        text("Read-only SPARQL 1.1 over the current release; the default graph is the union of all."),
    )
    made.say(endpoint, "dcterms:publisher", PUBLISHER)
    made.say(endpoint, "dcterms:license", LICENSE)
    made.say(endpoint, "dcterms:accessRights", PUBLIC)
    made.say(endpoint, "dcterms:conformsTo", "http://www.w3.org/TR/sparql11-protocol/")
    made.say(endpoint, "dcat:endpointURL", endpoint)
    made.say(endpoint, "dcat:endpointDescription", endpoint)
    made.say(endpoint, "dcat:servesDataset", DATASET)
    return made


def _dataset(made: Triples, iri: str, issue: Issue) -> None:
    made.say(iri, "rdf:type", "dcat:Dataset")
    made.say(iri, "dcterms:title", text("Imaging Survey" if iri == DATASET else f"Imaging Survey {issue.version.name}"))
    made.say(iri, "dcterms:description", text(DESCRIPTION))
    made.say(iri, "dcterms:publisher", PUBLISHER)
    made.say(iri, "dcterms:creator", PUBLISHER)
    made.say(iri, "dcterms:license", LICENSE)
    made.say(iri, "dcterms:accessRights", PUBLIC)
    made.say(iri, "dcterms:language", ENGLISH)
    made.say(iri, "dcterms:identifier", ox.Literal(iri))
    made.say(iri, "dcat:contactPoint", f"{BASE}about#contact")
    made.say(iri, "dcat:landingPage", BASE if iri == DATASET else iri)
    made.say(iri, "dcat:theme", "http://publications.europa.eu/resource/authority/data-theme/HEAL")
    for keyword in KEYWORDS:
        made.say(iri, "dcat:keyword", text(keyword))
    made.say(f"{BASE}about#contact", "rdf:type", "vcard:Kind")
    made.say(f"{BASE}about#contact", "vcard:fn", ox.Literal("Imaging Survey contributors"))
    made.say(f"{BASE}about#contact", "vcard:hasURL", f"{BASE}contribute")


def _release(made: Triples, issue: Issue) -> None:
    _dataset(made, issue.iri, issue)
    made.say(issue.iri, "dcat:version", ox.Literal(issue.version.name))
    made.say(issue.iri, "pav:version", ox.Literal(issue.version.name))
    made.say(issue.iri, "dcat:isVersionOf", DATASET)
    made.say(issue.iri, "dcterms:isVersionOf", DATASET)
    made.say(issue.iri, "dcterms:issued", date(issue.version.date))
    made.say(issue.iri, "dcterms:conformsTo", f"{BASE}ontology")
    if issue.notes:
        made.say(issue.iri, "adms:versionNotes", text(issue.notes))
    if issue.previous:
        made.say(issue.iri, "dcat:previousVersion", f"{BASE}release/{issue.previous}")
        made.say(issue.iri, "pav:previousVersion", f"{BASE}release/{issue.previous}")
    names = list(issue.files) or [f"survey.{suffix}{end}" for suffix in DUMPS for end in ("", ".gz")]
    for name in names:
        _distribution(made, issue, name, issue.files.get(name, {}))


def _distribution(made: Triples, issue: Issue, name: str, known: Mapping[str, Any]) -> None:
    this, kind = f"{issue.iri}/{name}", media_type(name)
    made.say(issue.iri, "dcat:distribution", this)
    made.say(this, "rdf:type", "dcat:Distribution")
    made.say(this, "dcterms:title", text(name))
    made.say(this, "dcterms:license", LICENSE)
    made.say(this, "dcterms:issued", date(issue.version.date))
    made.say(this, "dcat:accessURL", this)
    made.say(this, "dcat:downloadURL", this)
    made.say(this, "dcat:mediaType", IANA + kind)
    if name.endswith(".gz"):
        made.say(this, "dcat:compressFormat", f"{IANA}application/gzip")
    if known:
        made.say(this, "dcat:byteSize", typed(known["bytes"], "nonNegativeInteger"))
        made.say(this, "spdx:checksum", f"{this}#checksum")
        made.say(f"{this}#checksum", "rdf:type", "spdx:Checksum")
        made.say(f"{this}#checksum", "spdx:algorithm", "spdx:checksumAlgorithm_sha256")
        made.say(f"{this}#checksum", "spdx:checksumValue", typed(known["sha256"], "hexBinary"))
