"""NCI's Imaging Data Commons: its collections as observations, from the package `idc-index-data`.

A snapshot is JSON: `source` (url, title, as_of) and `collections`, each with `collection_id`, `name`, `species`,
`cancer_types`, `tumor_locations`, `patients`, `studies`, `series`, `size_gb` (10⁹ bytes), `modalities` (DICOM codes),
`licenses` (short names), `status`, `source_dois` and `in_vivo_candidate`. The same snapshot gives the same text.

Codes that no concept of ours has are kept as notes and reported, never dropped.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyoxigraph as ox

from graph_service.terms import BASE, PREFIXES, str_of
from graph_service.writing import Stanza, dated, quoted

SKOS = PREFIXES["skos"]
ANNOTATION_OBJECTS = frozenset(
    {"SEG", "RTSTRUCT", "RTDOSE", "RTPLAN", "SR", "ANN", "PR", "KO", "REG", "RWV", "FUSION", "M3D"}
)
"""DICOM modalities that are made from images and are not images of a patient."""
VARIED = frozenset({"various", "multiple", "not applicable", "non-cancer", ""})


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


@dataclass
class Vocabulary:
    """Finds the concept of a scheme by its label, notation or other name, without regard to case and punctuation."""

    names: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    labels: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, quads: Iterable[ox.Quad]) -> Vocabulary:
        found = cls()
        ranked: list[tuple[int, str, str, str]] = []
        for quad in quads:
            subject = str_of(quad.subject)
            label = quad.predicate.value.removeprefix(SKOS)
            if label in ("prefLabel", "notation", "altLabel") and subject.startswith(BASE):
                scheme, _, slug = subject.removeprefix(BASE).partition("/")
                place = ("prefLabel", "notation", "altLabel").index(label)
                ranked.append((place, scheme, _key(str_of(quad.object)), slug))
                if label == "prefLabel":
                    found.labels[f"{scheme}:{slug}"] = str_of(quad.object)
        for _, scheme, name, slug in sorted(ranked):
            found.names[scheme].setdefault(name, f"{scheme}:{slug}")
        return found

    def concept(self, scheme: str, text: str) -> str | None:
        return self.names[scheme].get(_key(text))

    def label(self, scheme: str, text: str) -> str:
        """What the concept of that name is called, or the name itself where there is no such concept."""
        return self.labels.get(self.concept(scheme, text) or "", text)


@dataclass(frozen=True)
class Collection:
    """One collection of a snapshot in the survey's words; `unknown` lists what no concept expresses."""

    slug: str
    title: str
    doi: tuple[str, ...]
    observation: Stanza
    unknown: tuple[str, ...]
    description: str
    slides_only: bool

    def head(self) -> Stanza:
        """What the record says plainly when the survey has none of this collection yet."""
        stanza = Stanza(f"collection:{self.slug}")
        stanza.say("a", "survey:Collection")
        stanza.say("dcterms:title", quoted(self.title))
        stanza.say("dcterms:description", quoted(self.description))
        stanza.say("survey:kind", "archive-kind:collection")
        if self.slides_only:
            stanza.say("survey:scope", "scope:borderline", "scope:microscopy")
            stanza.say("survey:scopeNote", quoted("Microscopy of tissue rather than images of living people."))
        else:
            stanza.say("survey:scope", "scope:in-vivo")
        return stanza


def slug_of(collection_id: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", collection_id.lower()).strip("-")


def collections(snapshot: Mapping[str, Any], vocabulary: Vocabulary, source: str, consulted: str) -> list[Collection]:
    """Every collection of a snapshot, ordered by identifier; `source` is the prefixed name of the source's record."""
    as_of = snapshot["source"]["as_of"]
    rows = sorted(snapshot["collections"], key=lambda row: row["collection_id"])
    return [_collection(row, vocabulary, source, as_of, consulted) for row in rows]


def _collection(row: Mapping[str, Any], vocabulary: Vocabulary, source: str, as_of: str, consulted: str) -> Collection:
    seen = Stanza("")
    unknown: list[str] = []

    def typed(predicate: str, scheme: str, values: Iterable[str]) -> list[str]:
        found = []
        for value in values:
            concept = vocabulary.concept(scheme, value)
            if concept:
                seen.say(predicate, concept)
                found.append(concept)
            else:
                unknown.append(f"{predicate.removeprefix('survey:')} {value}")
                seen.say("skos:note", quoted(f"The source's value for {scheme} is {value}."))
        return found

    seen.say("a", "survey:Observation")
    seen.say("survey:asOf", dated(as_of))
    seen.say("survey:consulted", dated(consulted))
    seen.say("dcterms:source", source)
    seen.say("survey:certainty", "certainty:counted")
    images = [code for code in row["modalities"] if code not in ANNOTATION_OBJECTS]
    typed("survey:modality", "modality", images)
    typed("survey:derivedObject", "modality", [code for code in row["modalities"] if code in ANNOTATION_OBJECTS])
    places = _parts(row["tumor_locations"])
    if any(place.endswith("Phantom") for place in places):
        seen.say("survey:subjectType", "subject-type:phantom")
    typed("survey:anatomy", "anatomy", filter(None, (place.removesuffix("Phantom").strip() for place in places)))
    typed("survey:condition", "condition", _parts(row["cancer_types"]))
    typed("survey:species", "species", re.split(r"[;,]\s*", row["species"]) if row["species"] else [])
    licenses = [name.strip() for name in re.split(r";(?! May)", ";".join(row["licenses"])) if name.strip()]
    licenses = [name for name in licenses if not name.startswith("May 21, 2019")]
    typed("survey:license", "license", licenses)
    if len(set(licenses)) > 1:
        seen.say("survey:licenseDetail", quoted("The license differs from series to series."))
    seen.say("survey:fileFormat", "file-format:dicom")
    seen.say("survey:subjectCount", str(row["patients"]))
    seen.say("survey:studyCount", str(row["studies"]))
    seen.say("survey:seriesCount", str(row["series"]))
    seen.say("survey:sizeInBytes", str(int(Decimal(str(row["size_gb"])) * 10**9)))
    seen.say("survey:approximately", "survey:sizeInBytes")
    seen.say("survey:access", "access:open")
    typed("survey:status", "status", [row["status"]])
    dois = tuple(f"<https://doi.org/{doi.lower()}>" for doi in row["source_dois"])
    seen.say("survey:dataDoi", *dois)
    seen.say("survey:hostedAt", "archive:idc")
    seen.say(
        "skos:note",
        quoted(f"The size was given as {row['size_gb']} GB; the identifier at IDC is {row['collection_id']}."),
    )
    return Collection(
        slug_of(row["collection_id"]),
        row["name"],
        dois,
        seen,
        tuple(unknown),
        _description(row, images, vocabulary),
        set(images) <= {"SM", "OT"} or not row["in_vivo_candidate"],
    )


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"\s*[,;]\s*", text or "") if _key(part) not in VARIED]


SPOKEN = {
    "CT": "CT",
    "MR": "MR",
    "PT": "PET",
    "MG": "mammography",
    "CR": "radiography",
    "DX": "radiography",
    "US": "ultrasound",
    "SM": "slide microscopy",
    "NM": "nuclear medicine",
    "XA": "angiography",
    "RF": "fluoroscopy",
    "OT": "other images",
    "XC": "photography",
}


EPONYMS = frozenset({"Burkitt", "Ewing", "Hodgkin", "Kaposi", "Merkel", "Wilms"})
"""Words of diseases that are names of people, and so keep their capital within a sentence."""
NO_DISEASE = frozenset({"phantom", "healthy", "healthy control", "not otherwise specified"})
"""What a source lists among diseases although it names none."""


def _description(row: Mapping[str, Any], images: list[str], vocabulary: Vocabulary) -> str:
    """One sentence made from the counted facts."""
    kinds = list(dict.fromkeys(SPOKEN.get(code, code) for code in images)) or ["Derived objects"]
    named = _listed(kinds, "and")
    named = named[0].upper() + named[1:]
    who = {"Human": "people", "Mouse": "mice", "Canine": "dogs", "Phantom": "phantoms"}.get(row["species"], "subjects")
    spoken = [_spoken(part, vocabulary) for part in _parts(row["cancer_types"])]
    if "phantom" in spoken:
        who = "phantoms"
    elif spoken and set(spoken) <= {"healthy", "healthy control"}:
        who = f"healthy {who}"
    conditions = list(dict.fromkeys(each for each in spoken if each not in NO_DISEASE and who != "phantoms"))
    about = f" with {_listed(conditions, 'or')}" if 0 < len(conditions) <= 3 else ""
    return f"{named} of {who}{about}, distributed by NCI's Imaging Data Commons."


def _listed(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" {last} " + words[-1]


def _spoken(condition: str, vocabulary: Vocabulary) -> str:
    """A disease as it stands within a sentence: its concept's label, without capitals but for names and abbreviations."""
    parts = re.split(r"([ -])", vocabulary.label("condition", condition.removesuffix(" (non-cancer)")))
    spoken = "".join(part.lower() if part[1:].islower() and part not in EPONYMS else part for part in parts)
    return f"{spoken}s" if spoken.endswith("tumor") else spoken
