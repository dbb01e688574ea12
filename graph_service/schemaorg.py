"""schema.org JSON-LD for each kind of thing, for pages and for harvesters that read nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graph_service.knowledge import HOMEPAGE, TYPE, Knowledge, kind_of, survey
from graph_service.terms import BASE, FOREIGN, KINDS, ONTOLOGY, SCHEMES
from graph_service.void import DESCRIPTION, KEYWORDS, LICENSE

CONTEXT = "https://schema.org/"
TYPES = {
    "archive": "DataCatalog",
    "collection": "Dataset",
    "software": "SoftwareApplication",
    "organization": "Organization",
    "source": "CreativeWork",
    "observation": "Observation",
    "vocabulary": "DefinedTermSet",
    "ontology": "DefinedTermSet",
    "query": "SoftwareSourceCode",
    "release": "Dataset",
    "graph": "Dataset",
    "": "Dataset",
}
"""The class of each kind of thing; a concept, a word of the ontology and whatever else is named is a `DefinedTerm`."""

COMPUTATIONAL_TOOL = "https://bioschemas.org/profiles/ComputationalTool/1.0-RELEASE"
IDENTIFIERS = ("re3dataDoi", "rrid", "dataDoi", "softwareDoi", "ror", "nifIdentifier")
SAME = ("wikidata", "re3dataRecord", "fairsharingRecord", "ror")
NONE: tuple[str, ...] = ()


def class_of(iri: str) -> str:
    """The schema.org class of something of ours, without its namespace."""
    kind = kind_of(iri)
    if kind == "ontology" and iri != f"{BASE}ontology":
        return "DefinedTerm"
    return TYPES.get(kind, "DefinedTerm")


def describe(known: Knowledge, iri: str, version: str = "", date: str = "") -> dict[str, Any]:
    """A thing as schema.org sees it; only what is known is said."""
    kind = kind_of(iri)
    if kind in {"", "release"}:
        return survey_itself(iri, version, date)
    said: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": class_of(iri),
        "@id": iri,
        "url": iri,
        "name": known.label(iri),
        "description": known.definition(iri),
        "alternateName": [
            *known.texts(iri, f"{FOREIGN['dcterms']}alternative"),
            *known.texts(iri, f"{FOREIGN['skos']}altLabel"),
        ],
    }
    more = {
        "archive": _archive,
        "collection": _collection,
        "software": _software,
        "organization": _organization,
        "source": _source,
        "observation": _observation,
    }.get(kind)
    said |= more(known, iri) if more else _term(known, iri)
    if kind in KINDS:
        said["mainEntityOfPage"] = {
            "@type": "WebPage",
            "@id": iri,
            "isPartOf": BASE,
            "license": LICENSE,
            "dateModified": date,
        }
    return without_empty(said)


def survey_itself(iri: str, version: str, date: str) -> dict[str, Any]:
    """The survey as a data set, or one release of it, with its files."""
    release = iri if iri.startswith(f"{BASE}release/") else f"{BASE}release/{version}"
    agent = {"@type": "Organization", "name": "Imaging Survey contributors", "url": f"{BASE}about"}
    return without_empty(
        {
            "@context": CONTEXT,
            "@type": "Dataset",
            "@id": iri,
            "url": iri,
            "identifier": iri,
            "name": "Imaging Survey" if iri == BASE else f"Imaging Survey {version}",
            "description": DESCRIPTION,
            "keywords": list(KEYWORDS),
            "license": LICENSE,
            "creator": agent,
            "publisher": agent,
            "version": version,
            "datePublished": date,
            "dateModified": date,
            "inLanguage": "en",
            "isAccessibleForFree": True,
            "temporalCoverage": "2010/..",
            "measurementTechnique": "Survey of the archives' own pages, publications, registries and source code",
            "isPartOf": None if iri == BASE else BASE,
            "distribution": [
                {
                    "@type": "DataDownload",
                    "name": f"survey.{suffix}.gz",
                    "encodingFormat": media_type,
                    "contentUrl": f"{release}/survey.{suffix}.gz",
                }
                for suffix, media_type in (
                    ("ttl", "text/turtle"),
                    ("nt", "application/n-triples"),
                    ("trig", "application/trig"),
                    ("jsonld", "application/ld+json"),
                )
            ],
        }
    )


def reference(known: Knowledge, iri: str) -> dict[str, str]:
    """Another thing, by its IRI, class and name."""
    return {"@type": class_of(iri), "@id": iri, "name": known.label(iri)}


def without_empty(said: dict[str, Any]) -> dict[str, Any]:
    """Without members that say nothing; a list of one is that one."""
    kept = {}
    for name, value in said.items():
        if value is None or value in ("", [], {}):
            continue
        kept[name] = value[0] if isinstance(value, list) and len(value) == 1 and name != "distribution" else value
    return kept


def _all(known: Knowledge, iri: str, names: Iterable[str]) -> list[str]:
    return [value.value for name in names for value in known.values(iri, survey(name))]


def _references(known: Knowledge, iri: str, *names: str) -> list[dict[str, str]]:
    found = dict.fromkeys(value for name in names for value in known.iris(iri, survey(name)))
    return [reference(known, value) for value in found if value.startswith(BASE)]


def _common(known: Knowledge, iri: str) -> dict[str, Any]:
    homepage = known.iris(iri, HOMEPAGE)
    return {
        "url": homepage[0] if homepage else iri,
        "identifier": _all(known, iri, IDENTIFIERS),
        "sameAs": _all(known, iri, SAME),
        "license": [_license(known, each) for each in known.iris(iri, survey("license"))],
        "provider": _references(known, iri, "operator", "host"),
        "funder": _references(known, iri, "funder"),
        "conditionsOfAccess": [known.label(each) for each in known.iris(iri, survey("access"))],
        "isAccessibleForFree": {"open": True}.get(
            next((each.rpartition("/")[2] for each in known.iris(iri, survey("access"))), "")
        ),
        "citation": known.iris(iri, survey("publication")),
    }


def _license(known: Knowledge, iri: str) -> str:
    """The web address of a license, by its SPDX page where there is one."""
    matches = known.iris(iri, f"{FOREIGN['skos']}exactMatch")
    return next((each for each in matches if each.startswith("https://spdx.org/")), iri)


def _subjects(known: Knowledge, iri: str) -> dict[str, Any]:
    names = ("modality", "anatomy", "condition", "species", "content")
    return {
        "keywords": list(dict.fromkeys(known.label(each) for name in names for each in known.iris(iri, survey(name)))),
        "measurementTechnique": [known.label(each) for each in known.iris(iri, survey("modality"))],
        "temporalCoverage": _all(known, iri, ["acquisitionPeriod"]),
    }


def _archive(known: Knowledge, iri: str) -> dict[str, Any]:
    parts = known.iris(iri, survey("hosts")) + [
        subject for predicate, subject in known.pointers.get(iri, ()) if predicate == survey("hostedAt")
    ]
    held = dict.fromkeys(each for each in parts if kind_of(each) == "collection" and known.exists(each))
    return (
        _common(known, iri)
        | _subjects(known, iri)
        | {
            "dataset": [reference(known, each) for each in held],
            "foundingDate": _all(known, iri, ["opened"])[:1],
        }
    )


def _collection(known: Knowledge, iri: str) -> dict[str, Any]:
    homes = [each for each in known.iris(iri, survey("hostedAt")) if kind_of(each) == "archive"]
    said = _common(known, iri) | _subjects(known, iri)
    counts = [
        {"@type": "PropertyValue", "name": known.label(survey(name)), "value": int(value)}
        for name in ("subjectCount", "studyCount", "seriesCount", "imageCount")
        for value in _all(known, iri, [name])[:1]
    ]
    return said | {
        "includedInDataCatalog": [reference(known, each) for each in homes],
        "creator": _references(known, iri, "dataProvider", "operator"),
        "size": counts,
        "distribution": [
            {"@type": "DataDownload", "contentUrl": each, "encodingFormat": ", ".join(_formats(known, iri)) or None}
            for each in known.iris(iri, survey("downloadAddress"))
        ],
    }


def _formats(known: Knowledge, iri: str) -> list[str]:
    return [known.label(each) for each in known.iris(iri, survey("fileFormat"))]


def _software(known: Knowledge, iri: str) -> dict[str, Any]:
    roles = [known.label(each) for each in known.iris(iri, survey("softwareRole"))]
    return _common(known, iri) | {
        f"{FOREIGN['dcterms']}conformsTo": {"@id": COMPUTATIONAL_TOOL},
        "applicationCategory": roles or None,
        "softwareVersion": _all(known, iri, ["latestRelease"])[:1],
        "dateModified": _all(known, iri, ["latestReleaseDate", "lastCommit"])[:1],
        "datePublished": _all(known, iri, ["firstReleaseDate"])[:1],
        "programmingLanguage": _all(known, iri, ["programmingLanguage"]),
        "operatingSystem": _all(known, iri, ["platform"]),
        "codeRepository": known.iris(iri, survey("sourceRepository")),
        "softwareHelp": known.iris(iri, survey("documentation")),
        "author": _references(known, iri, "developer"),
        "featureList": [known.label(each) for each in known.iris(iri, survey("capability"))],
    }


def _organization(known: Knowledge, iri: str) -> dict[str, Any]:
    homepage = known.iris(iri, HOMEPAGE)
    return {
        "url": homepage[0] if homepage else iri,
        "identifier": _all(known, iri, ["ror"]),
        "sameAs": _all(known, iri, SAME),
        "parentOrganization": _references(known, iri, "parentOrganization"),
        "address": [known.label(each) for each in known.iris(iri, survey("country"))],
    }


def _source(known: Knowledge, iri: str) -> dict[str, Any]:
    return {
        "url": known.iris(iri, f"{FOREIGN['schema']}url")[:1] or iri,
        "genre": [known.label(each) for each in known.iris(iri, survey("sourceKind"))],
    }


def _observation(known: Knowledge, iri: str) -> dict[str, Any]:
    about = known.iris(iri, survey("about"))
    date = _all(known, iri, ["asOf", "consulted"])[:1]
    return {
        "name": f"{known.label(about[0])}, {date[0]}" if about and date else known.label(iri),
        "observationAbout": [reference(known, each) for each in about],
        "observationDate": date,
        "isBasedOn": [reference(known, each) for each in known.iris(iri, f"{FOREIGN['dcterms']}source")],
    }


def _term(known: Knowledge, iri: str) -> dict[str, Any]:
    scheme = kind_of(iri)
    same = (f"{FOREIGN['skos']}exactMatch",)
    inside = (
        f"{BASE}vocabulary/{scheme}" if scheme in SCHEMES else f"{BASE}ontology" if iri.startswith(ONTOLOGY) else None
    )
    return {
        "termCode": list(known.texts(iri, f"{FOREIGN['skos']}notation")),
        "inDefinedTermSet": inside if inside != iri else None,
        "sameAs": [each for name in same for each in known.iris(iri, name)],
        "additionalType": [each for each in known.iris(iri, TYPE) if kind_of(iri) in {"assessment", "answer"}],
    }
