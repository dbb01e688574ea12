"""The codes of the Imaging Data Commons in the survey's words; a code without a word is kept as it is and reported."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyoxigraph as ox

from graph_service.importers.idc import Vocabulary, slug_of
from graph_service.terms import BASE

if TYPE_CHECKING:
    import polars as pl

SEVERAL: dict[str, tuple[str, ...]] = {
    "ABDOMENPELVIS": ("abdomen", "pelvis"),
    "BONYPELVIS": ("pelvis",),
    "CHESTABDOMEN": ("chest", "abdomen"),
    "CHESTABDPELVIS": ("chest", "abdomen", "pelvis"),
    "CTSPINE": ("cervical-spine", "thoracic-spine"),
    "Left Breast": ("breast",),
    "LOWERLIMB": ("lower-limb",),
    "NECKCHEST": ("neck", "chest"),
    "NECKCHESTABDOMEN": ("neck", "chest", "abdomen"),
    "NECKCHESTABDPELV": ("neck", "chest", "abdomen", "pelvis"),
    "Right Breast": ("breast",),
    "TLSPINE": ("thoracic-spine", "lumbar-spine"),
}
"""Body parts of DICOM (PS3.16 annex L) that name several of ours at once, or one in other words."""

MOST_PARTS = 4
LICENSES = {"National Library of Medicine Terms and Conditions; May 21, 2019": "nlm-terms-2019"}

VENDORS: tuple[tuple[str, str], ...] = (
    (r"^siemens", "Siemens"),
    (r"^ge(ms|[ _]|$)", "GE"),
    (r"^philips", "Philips"),
    (r"^(toshiba|canon med)", "Canon (Toshiba)"),
    (r"^(hologic|lorad)", "Hologic"),
    (r"^(carestream|kodak)", "Carestream"),
    (r"^fuji", "Fujifilm"),
    (r"^hitachi", "Hitachi"),
    (r"^agfa", "Agfa"),
    (r"^leica", "Leica"),
    (r"^hamamatsu", "Hamamatsu"),
    (r"^(carl )?zeiss", "Zeiss"),
    (r"^varian", "Varian"),
    (r"^elekta", "Elekta"),
    (r"^uih", "United Imaging"),
)
"""How the many spellings of a maker begin, without regard to case and quotation marks; the first that fits counts."""

IDENTIFIER = re.compile(r"the identifier at IDC is (\S+?)\.$")


@dataclass
class Codes:
    """Maps of codes to concepts (whole IRIs), and how many series have each code that has none."""

    vocabulary: Vocabulary
    records: dict[str, str]
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, quads: Iterable[ox.Quad]) -> Codes:
        """The codes as the survey's own statements know them: concepts, and which record is which collection of IDC."""
        said = list(quads)
        owner: dict[str, str] = {}
        noted: dict[str, str] = {}
        for quad in said:
            predicate = quad.predicate.value
            if predicate.endswith("ontology#observation") and isinstance(quad.subject, ox.NamedNode):
                owner[quad.object.value] = quad.subject.value  # type: ignore[union-attr]
            elif predicate.endswith("core#note") and (found := IDENTIFIER.search(quad.object.value)):  # type: ignore[union-attr]
                noted[found[1]] = quad.subject.value  # type: ignore[union-attr]
        records = {code: owner[seen] for code, seen in sorted(noted.items()) if seen in owner}
        return cls(Vocabulary.of(said), records)

    def collection(self, identifier: str) -> str:
        """The IRI of a collection: its record's, or the one that its record would have."""
        return self.records.get(identifier, f"{BASE}collection/{slug_of(identifier)}")

    def concepts(self, scheme: str, values: pl.Series) -> dict[str, list[str]]:
        """Each value that occurs with the IRIs of its concepts; one that has none is counted as unknown."""
        counts = values.drop_nulls().value_counts().sort(values.name)
        found: dict[str, list[str]] = {}
        for value, number in counts.iter_rows():
            names = self._names(scheme, value)
            if names:
                found[value] = [f"{BASE}{scheme}/{name}" for name in names]
            else:
                self.unknown[scheme, value] = number
        return found

    def _names(self, scheme: str, value: str) -> tuple[str, ...]:
        if scheme == "anatomy" and value in SEVERAL:
            return SEVERAL[value]
        if scheme == "license" and value in LICENSES:
            return (LICENSES[value],)
        name = self.vocabulary.concept(scheme, value)
        return (name.partition(":")[2],) if name else ()


def vendor(manufacturer: str) -> str | None:
    """The maker of the scanner by one spelling; None for makers of software and for what says nothing."""
    text = manufacturer.strip('" ').lower()
    return next((name for pattern, name in VENDORS if re.search(pattern, text)), None)
