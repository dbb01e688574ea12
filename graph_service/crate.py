"""RO-Crate 1.1: the files of a release, told to archives such as Zenodo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graph_service.catalog import media_type
from graph_service.release import Version
from graph_service.terms import BASE
from graph_service.void import DESCRIPTION, KEYWORDS, LICENSE

CONTRIBUTORS = f"{BASE}about#publisher"
TEXTS = {
    "survey": "The whole survey",
    "archives": "The archives, one row each",
    "collections": "The collections, one row each",
    "software": "The software, one row each",
    "facts": "Every fact ever observed, one row each, with date, source and certainty",
    "sources": "The files that people wrote",
    "statistics": "Counts of the release",
    "served": "The survey with its description of itself, as it is served",
    "void": "The survey's description of itself",
    "catalog": "The survey as DCAT",
    "examples": "The questions as SHACL executables",
}


def metadata(version: Version, files: Mapping[str, Mapping[str, Any]]) -> bytes:
    """`ro-crate-metadata.json` for the files of a release, given with their sizes and checksums."""
    graph: list[dict[str, Any]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "identifier": f"{BASE}release/{version.name}",
            "name": f"Imaging Survey {version.name}",
            "description": DESCRIPTION,
            "keywords": ", ".join(KEYWORDS),
            "datePublished": version.date,
            "version": version.name,
            "license": {"@id": LICENSE},
            "author": {"@id": CONTRIBUTORS},
            "publisher": {"@id": CONTRIBUTORS},
            "isPartOf": {"@id": BASE},
            "hasPart": [{"@id": name} for name in files],
        },
        {"@id": CONTRIBUTORS, "@type": "Organization", "name": "Imaging Survey contributors", "url": f"{BASE}about"},
        {"@id": LICENSE, "@type": "CreativeWork", "name": "CC0 1.0 Universal", "url": LICENSE},
    ]
    graph += [
        {
            "@id": name,
            "@type": "File",
            "name": TEXTS.get(name.partition(".")[0], name.rpartition("/")[2]),
            "encodingFormat": [media_type(name), "application/gzip"] if name.endswith(".gz") else media_type(name),
            "contentSize": str(entry["bytes"]),
            "sha256": entry["sha256"],
        }
        for name, entry in files.items()
    ]
    return (
        json.dumps({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}, indent=1) + "\n"
    ).encode()
