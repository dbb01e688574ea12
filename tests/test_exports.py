"""The survey in the shapes of others: DCAT-AP, schema.org, CodeMeta, and the opt-in bridge of `owl:sameAs`.

Promised: what each profile demands is there; nothing in the core says `owl:sameAs`; links to other registries are said
with the properties that everybody reads.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pyoxigraph as ox
import pytest

DCAT, DCTERMS, FOAF = "http://www.w3.org/ns/dcat#", "http://purl.org/dc/terms/", "http://xmlns.com/foaf/0.1/"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
SAME = "http://www.w3.org/2002/07/owl#sameAs"
BASE = "https://w3id.org/imaging-survey/"
MANDATORY = {
    f"{DCAT}Catalog": (f"{DCTERMS}title", f"{DCTERMS}description", f"{DCTERMS}publisher"),
    f"{DCAT}Dataset": (f"{DCTERMS}title", f"{DCTERMS}description"),
    f"{DCAT}Distribution": (f"{DCAT}accessURL",),
    f"{FOAF}Agent": (f"{FOAF}name",),
}
"""What DCAT-AP 3.0 makes mandatory in each of its main classes."""


@pytest.fixture(scope="module")
def folder(published: Path) -> Path:
    return published / "current"


@pytest.fixture(scope="module")
def portal(folder: Path) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in ox.parse(path=folder / "exports" / "dcat-ap.ttl", format=ox.RdfFormat.TURTLE):
        found[each.subject.value][each.predicate.value].add(each.object.value)
    return found


def test_dcat_ap_has_what_it_makes_mandatory(portal: dict[str, dict[str, set[str]]]) -> None:
    lacking = [
        (iri, name)
        for iri, said in portal.items()
        for kind in said[TYPE]
        for name in MANDATORY.get(kind, ())
        if not said[name]
    ]
    assert lacking == []
    per_class = {kind: sum(kind in said[TYPE] for said in portal.values()) for kind in MANDATORY}
    assert per_class[f"{DCAT}Catalog"] == 70
    assert per_class[f"{DCAT}Dataset"] > 300
    assert per_class[f"{DCAT}Distribution"] > 50


def test_dcat_ap_values_are_of_the_classes_that_it_demands(portal: dict[str, dict[str, set[str]]]) -> None:
    for iri, said in list(portal.items()):
        for name, kind in (
            (f"{DCTERMS}publisher", f"{FOAF}Agent"),
            (f"{DCAT}dataset", f"{DCAT}Dataset"),
            (f"{DCAT}distribution", f"{DCAT}Distribution"),
        ):
            for value in said[name]:
                assert kind in portal[value][TYPE], (iri, name, value)
        assert len(said[f"{DCTERMS}publisher"]) <= 1


def test_access_rights_are_those_of_the_european_authority_table(portal: dict[str, dict[str, set[str]]]) -> None:
    rights = {value for said in portal.values() for value in said[f"{DCTERMS}accessRights"]}
    table = "http://publications.europa.eu/resource/authority/access-right/"
    assert rights
    assert rights <= {f"{table}{name}" for name in ("PUBLIC", "RESTRICTED", "NON_PUBLIC")}


def test_schema_org_tells_every_thing(folder: Path) -> None:
    document = json.loads((folder / "exports" / "schema-org.jsonld").read_text(encoding="utf-8"))
    assert document["@context"] == "https://schema.org/"
    kinds: dict[str, int] = defaultdict(int)
    for each in document["@graph"]:
        kinds[each["@type"]] += 1
        assert each["name"]
        assert each["@id"].startswith(BASE)
    assert kinds["DataCatalog"] == 69
    assert kinds["SoftwareApplication"] == 54
    give_a_scan = next(each for each in document["@graph"] if each["@id"] == f"{BASE}archive/give-a-scan")
    assert give_a_scan["measurementTechnique"] == ["Computed tomography", "Positron emission tomography"]
    assert give_a_scan["conditionsOfAccess"] == "Open access"


def test_codemeta_tells_every_software(folder: Path) -> None:
    document = json.loads((folder / "exports" / "codemeta.jsonld").read_text(encoding="utf-8"))
    assert document["@context"] == "https://w3id.org/codemeta/3.0"
    assert len(document["@graph"]) == 54
    terms = {
        "@type",
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
        "version",
        "referencePublication",
        "developmentStatus",
        "softwareRequirements",
    }
    for each in document["@graph"]:
        assert each["@type"] == "SoftwareSourceCode"
        assert set(each) <= terms
    orthanc = next(each for each in document["@graph"] if each["@id"] == f"{BASE}software/orthanc")
    assert orthanc["name"] == "Orthanc"
    assert "C++" in orthanc["programmingLanguage"]


def test_same_as_is_only_in_the_bridge(folder: Path) -> None:
    core = list(ox.parse(path=folder / "served.nq", format=ox.RdfFormat.N_QUADS))
    assert not any(each.predicate.value == SAME for each in core)
    bridge = list(ox.parse(path=folder / "linksets" / "owl-sameas.ttl", format=ox.RdfFormat.TURTLE))
    same = {(each.subject.value, each.object.value) for each in bridge if each.predicate.value == SAME}
    assert (f"{BASE}organization/kitware", "https://ror.org/02s2acn37") in same
    assert all(each[0].startswith(BASE) for each in same)


def test_links_to_registries_are_said_with_the_properties_that_everybody_reads(folder: Path) -> None:
    said = {
        (each.subject.value.removeprefix(BASE), each.predicate.value, each.object.value)
        for each in ox.parse(path=folder / "survey.nq", format=ox.RdfFormat.N_QUADS)
        if each.graph_name.value == f"{BASE}graph/derived"
    }
    also, exact = "http://www.w3.org/2000/01/rdf-schema#seeAlso", "http://www.w3.org/2004/02/skos/core#exactMatch"
    assert ("archive/tcia", also, "https://www.re3data.org/repository/r3d100011559") in said
    assert ("archive/tcia", also, "https://fairsharing.org/FAIRsharing.jrfd8y") in said
    assert ("archive/openneuro", also, "http://scicrunch.org/resolver/SCR_005031") in said
    assert ("organization/kitware", exact, "https://ror.org/02s2acn37") in said
    assert ("organization/kitware", "https://schema.org/sameAs", "http://www.wikidata.org/entity/Q2497801") in said
