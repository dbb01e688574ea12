"""The other registries and vocabularies that the survey links to, and how their identifiers begin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Hub:
    """A place that many link to: the beginning of its IRIs tells that an IRI is its."""

    name: str
    title: str
    space: str
    homepage: str


HUBS: tuple[Hub, ...] = (
    Hub("re3data", "re3data", "https://www.re3data.org/repository/", "https://www.re3data.org/"),
    Hub("fairsharing", "FAIRsharing", "https://fairsharing.org/FAIRsharing.", "https://fairsharing.org/"),
    Hub("rrid", "SciCrunch RRID", "http://scicrunch.org/resolver/", "https://scicrunch.org/resources"),
    Hub("doi", "DOI", "https://doi.org/", "https://www.doi.org/"),
    Hub("ror", "Research Organization Registry", "https://ror.org/", "https://ror.org/"),
    Hub("wikidata", "Wikidata", "http://www.wikidata.org/entity/", "https://www.wikidata.org/"),
    Hub("mondo", "MONDO", "http://purl.obolibrary.org/obo/MONDO_", "https://mondo.monarchinitiative.org/"),
    Hub("doid", "Disease Ontology", "http://purl.obolibrary.org/obo/DOID_", "https://disease-ontology.org/"),
    Hub("uberon", "UBERON", "http://purl.obolibrary.org/obo/UBERON_", "https://uberon.github.io/"),
    Hub(
        "fma",
        "Foundational Model of Anatomy",
        "http://purl.obolibrary.org/obo/FMA_",
        "http://si.washington.edu/projects/fma",
    ),
    Hub("ncit", "NCI Thesaurus", "http://purl.obolibrary.org/obo/NCIT_", "https://ncithesaurus.nci.nih.gov/"),
    Hub("duo", "Data Use Ontology", "http://purl.obolibrary.org/obo/DUO_", "https://github.com/EBISPOT/DUO"),
    Hub(
        "ncbitaxon",
        "NCBI Taxonomy",
        "http://purl.obolibrary.org/obo/NCBITaxon_",
        "https://www.ncbi.nlm.nih.gov/taxonomy",
    ),
    Hub(
        "dcm",
        "DICOM controlled terminology",
        "http://dicom.nema.org/resources/ontology/DCM/",
        "https://www.dicomstandard.org/",
    ),
    Hub("edam", "EDAM", "http://edamontology.org/", "https://edamontology.org/"),
    Hub("spdx", "SPDX license list", "https://spdx.org/licenses/", "https://spdx.org/licenses/"),
    Hub("mesh", "Medical Subject Headings", "http://id.nlm.nih.gov/mesh/", "https://id.nlm.nih.gov/mesh/"),
    Hub("snomedct", "SNOMED CT", "http://snomed.info/id/", "https://www.snomed.org/"),
    Hub("umls", "UMLS", "https://uts.nlm.nih.gov/uts/umls/", "https://www.nlm.nih.gov/research/umls/"),
    Hub("efo", "Experimental Factor Ontology", "http://www.ebi.ac.uk/efo/", "https://www.ebi.ac.uk/efo/"),
    Hub("icd10cm", "ICD-10-CM", "http://purl.bioontology.org/ontology/ICD10CM/", "https://www.cdc.gov/nchs/icd/"),
    Hub("icd11", "ICD-11", "http://id.who.int/icd/entity/", "https://icd.who.int/"),
    Hub("radlex", "RadLex", "http://www.radlex.org/RID/", "https://radlex.org/"),
    Hub("openminds", "openMINDS", "https://openminds.om-i.org/instances/", "https://openminds.om-i.org/"),
    Hub(
        "eu",
        "EU Vocabularies",
        "http://publications.europa.eu/resource/authority/",
        "https://op.europa.eu/en/web/eu-vocabularies",
    ),
    Hub(
        "eucaim",
        "EUCAIM DCAT-AP",
        "https://eucaim.github.io/eucaim_dcat_ap/",
        "https://eucaim.github.io/eucaim_dcat_ap/",
    ),
)


@lru_cache(maxsize=65_536)
def hub_of(iri: str) -> Hub | None:
    """The hub that an IRI belongs to; None for any other."""
    return next((hub for hub in HUBS if iri.startswith(hub.space)), None)
