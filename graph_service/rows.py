"""An archive or collection as one row of a table: for the finder's page, and as lines for CSV."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyoxigraph as ox

from graph_service.knowledge import DESCRIPTION, Knowledge, kind_of, path_of, survey


@dataclass(frozen=True)
class Row:
    """One archive or collection as the table shows it."""

    iri: str
    kind: str
    title: str
    description: str
    modalities: tuple[tuple[str, str], ...]
    subjects: int | None
    subjects_about: str
    size: int | None
    access: tuple[tuple[str, str], ...]
    licenses: tuple[tuple[str, str, str], ...]
    software: tuple[tuple[str, str], ...]
    opened: str
    last_seen: str

    @property
    def path(self) -> str:
        return path_of(self.iri)


def pairs_of(knowledge: Knowledge, iri: str, name: str) -> tuple[tuple[str, str], ...]:
    pairs = [(knowledge.label(value), path_of(value)) for value in knowledge.iris(iri, survey(name))]
    return tuple(sorted(pairs, key=lambda pair: pair[0].casefold()))


def number_of(knowledge: Knowledge, iri: str, name: str) -> int | None:
    values = [value.value for value in knowledge.values(iri, survey(name)) if isinstance(value, ox.Literal)]
    return max((int(value) for value in values if value.isdigit()), default=None)


def row_of(knowledge: Knowledge, iri: str) -> Row:
    about = ""
    for name, sign in (("approximately", "≈"), ("moreThan", ">"), ("atLeast", "≥"), ("atMost", "≤")):
        if survey("subjectCount") in knowledge.iris(iri, survey(name)):
            about = sign
    modalities = []
    for value in knowledge.iris(iri, survey("modality")):
        concept = knowledge.concepts.get(value)
        short = concept and min((*concept.notations, concept.label), key=len)
        modalities.append((short or knowledge.label(value), path_of(value)))
    licenses = []
    for value in knowledge.iris(iri, survey("license")):
        concept = knowledge.concepts.get(value)
        codes = [code for code in concept.notations if not code.startswith("LicenseRef")] if concept else []
        short = next(iter(codes), knowledge.label(value))
        licenses.append((short, path_of(value), knowledge.label(value)))
    return Row(
        iri,
        kind_of(iri),
        knowledge.label(iri),
        knowledge.text(iri, DESCRIPTION),
        tuple(sorted(modalities)),
        number_of(knowledge, iri, "subjectCount"),
        about,
        number_of(knowledge, iri, "sizeInBytes"),
        pairs_of(knowledge, iri, "access"),
        tuple(sorted(licenses)),
        pairs_of(knowledge, iri, "hostedWith"),
        knowledge.text(iri, survey("opened")),
        knowledge.text(iri, survey("lastSeen")),
    )


def table(rows: Iterable[Row]) -> tuple[list[str], list[list[str]]]:
    """Header and lines of a list of rows, for CSV."""
    header = [
        "iri",
        "type",
        "title",
        "description",
        "modalities",
        "subjects",
        "sizeInBytes",
        "access",
        "license",
        "software",
        "opened",
        "lastSeen",
    ]
    lines = [
        [
            row.iri,
            row.kind,
            row.title,
            row.description,
            "; ".join(text for text, _ in row.modalities),
            "" if row.subjects is None else str(row.subjects),
            "" if row.size is None else str(row.size),
            "; ".join(text for text, _ in row.access),
            "; ".join(text for text, _, _ in row.licenses),
            "; ".join(text for text, _ in row.software),
            row.opened,
            row.last_seen,
        ]
        for row in rows
    ]
    return header, lines
