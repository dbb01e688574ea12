"""What the registries re3data and FAIRsharing know of our archives: candidate observations for people to review.

The package `bioregistry` carries names, home pages and identifiers of their records. Only these are taken, not their
descriptions, whose licenses differ. Nothing is written into a record: `turtle` gives stanzas to be copied where they
are right, `report` tells why each was proposed and which imaging archives the survey lacks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyoxigraph as ox

from graph_service import records
from graph_service.errors import DataError
from graph_service.problems import Problem
from graph_service.style import fact_order
from graph_service.survey import Files
from graph_service.terms import BASE, FOREIGN, KINDS, ONTOLOGY, shorten
from graph_service.writing import Stanza, dated, quoted, record_text

PACKAGE = "bioregistry"
NAMES = {"re3data": "re3data", "fairsharing": "FAIRsharing"}
HOSTS_OF_MANY = frozenset(
    {"github.com", "zenodo.org", "sites.google.com", "kaggle.com", "huggingface.co", "wiki.cancerimagingarchive.net"}
)
IMAGING = re.compile(
    r"medical imag|neuroimag|radiolog|tomograph|\bMRI\b|\bDICOM\b|brain imag|magnetic resonance imag|mammogra",
    re.IGNORECASE,
)
COMMON = re.compile(r"^the |\b(database|repository|archive|project|data portal|portal)$", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """One registry's record: its identifier, names and home page, and the DOI of the record itself."""

    registry: str
    identifier: str
    names: tuple[str, ...]
    homepage: str
    doi: str = ""
    is_imaging: bool = False

    @property
    def address(self) -> str:
        """The page of the registry about it."""
        if self.registry == "re3data":
            return f"https://www.re3data.org/repository/{self.identifier}"
        return f"https://fairsharing.org/{self.identifier}"


@dataclass(frozen=True)
class Snapshot:
    """The entries of both registries, and the package that carried them."""

    package: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Candidate:
    """An entry that seems to be about a record of ours, and why; `known` where the record says so already."""

    thing: str
    title: str
    entry: Entry
    reasons: tuple[str, ...]
    known: bool


@dataclass(frozen=True)
class Found:
    """All candidates, and the entries about imaging that fit none of our records."""

    snapshot: Snapshot
    candidates: tuple[Candidate, ...]
    lacking: tuple[Entry, ...]
    order: Mapping[str, int]
    consulted: str


def read(folder: Path | None = None) -> Snapshot:
    """Both registries from a folder with `re3data/processed.json` and `fairsharing/processed.json`. Raises `DataError`."""
    name = f"{PACKAGE} in {folder}"
    if folder is None:
        try:
            found = distribution(PACKAGE)
        except PackageNotFoundError as error:
            raise DataError(
                "this import needs the package bioregistry; run `pip install imaging-survey[registries]`."
            ) from error
        folder = Path(str(found.locate_file(PACKAGE))) / "external"
        name = f"{PACKAGE} {found.version}"
    entries: list[Entry] = []
    for registry in NAMES:
        path = folder / registry / "processed.json"
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: {error}.") from error
        entries += [_entry(registry, identifier, row) for identifier, row in sorted(said.items())]
    return Snapshot(name, tuple(entries))


def _entry(registry: str, identifier: str, row: Mapping[str, Any]) -> Entry:
    names = [row.get("name", ""), *row.get("prefix_synonyms", []), *row.get("short_names", [])]
    about = " ".join([*names, row.get("description", ""), *row.get("keywords", [])])
    return Entry(
        registry,
        identifier,
        tuple(each for each in dict.fromkeys(names) if each),
        row.get("homepage", ""),
        row.get("xrefs", {}).get("doi", "").lower(),
        IMAGING.search(about) is not None,
    )


def candidates(files: Files, snapshot: Snapshot, consulted: str | None = None) -> Found:
    """Every entry that has the home page, or a name, of a record; `consulted` is the day that observations carry."""
    said = _Said.of(_written(files))
    found: list[Candidate] = []
    matched: set[Entry] = set()
    for entry in snapshot.entries:
        reasons: dict[str, list[str]] = {}
        page = _page(entry.homepage)
        for thing in said.pages.get(page, ()) if page else ():
            reasons.setdefault(thing, []).append(f"home page {page}")
        for name in entry.names:
            for thing in said.names.get(_name(name), ()):
                reasons.setdefault(thing, []).append(f"name {name}")
        for thing in said.known.get(entry.address.lower(), ()):
            reasons.setdefault(thing, [])
        for thing, why in sorted(reasons.items()):
            known = thing in said.known.get(entry.address.lower(), ())
            found.append(Candidate(thing, said.titles.get(thing, thing), entry, tuple(dict.fromkeys(why)), known))
            matched.add(entry)
    lacking = tuple(each for each in snapshot.entries if each.is_imaging and each not in matched)
    order = fact_order(files.ontology / "survey.ttl")
    return Found(snapshot, tuple(found), lacking, order, consulted or date.today().isoformat())


@dataclass(frozen=True)
class _Said:
    """What the records say of themselves, by home page, by name, and by registry record."""

    titles: dict[str, str]
    pages: dict[str, list[str]]
    names: dict[str, list[str]]
    known: dict[str, list[str]]

    @classmethod
    def of(cls, quads: Iterable[ox.Quad]) -> _Said:
        made = cls({}, {}, {}, {})
        said = list(quads)
        kinds = tuple(f"{BASE}{kind}/" for kind in KINDS if kind in ("archive", "collection", "software"))
        owner = {
            _value(quad.object): _value(quad.subject)
            for quad in said
            if quad.predicate.value == f"{ONTOLOGY}observation"
        }
        for quad in said:
            thing = owner.get(_value(quad.subject), _value(quad.subject))
            if not thing.startswith(kinds):
                continue
            name, value = quad.predicate.value, _value(quad.object)
            if name in (f"{FOREIGN['dcterms']}title", f"{FOREIGN['dcterms']}alternative"):
                _note(made.names, _name(value), thing)
                if name.endswith("title"):
                    made.titles.setdefault(thing, value)
            elif name in (f"{FOREIGN['foaf']}homepage", f"{ONTOLOGY}formerAddress"):
                _note(made.pages, _page(value), thing)
            elif name in (f"{ONTOLOGY}re3dataRecord", f"{ONTOLOGY}fairsharingRecord"):
                _note(made.known, value.lower(), thing)
        return made


def _note(table: dict[str, list[str]], key: str, thing: str) -> None:
    if key and thing not in table.setdefault(key, []):
        table[key].append(thing)


def _value(term: object) -> str:
    return str(getattr(term, "value", ""))


def _written(files: Files) -> Iterator[ox.Quad]:
    for _, statements in records.read(files.sources()):
        if isinstance(statements, Problem):
            raise DataError(str(statements))
        yield from statements


def _page(address: str) -> str:
    """What of an address tells archives apart: the host, and the path where many share a host."""
    parts = urlsplit(address.lower())
    host = (parts.hostname or "").removeprefix("www.")
    path = parts.path.rstrip("/")
    return f"{host}{path}" if path or host not in HOSTS_OF_MANY else ""


def _name(name: str) -> str:
    """A name without case, punctuation and the words that all archives have; empty for one too short to mean much."""
    plain = COMMON.sub("", re.sub(r"\s*\([^)]*\)", "", name).strip())
    key = re.sub(r"[^a-z0-9]+", "", plain.lower())
    return key if len(key) >= 5 else ""


def turtle(found: Found) -> str:
    """The new candidates as stanzas in the survey's style, under remarks that say which record each is for and why."""
    stanzas: list[Stanza] = []
    for each in found.candidates:
        if each.known:
            continue
        slug = each.thing.rsplit("/", 1)[1]
        part = re.sub(r"[^a-z0-9]+", "-", each.entry.identifier.lower().removeprefix("fairsharing."))
        source = f"source:{each.entry.registry}-{part}"
        seen = Stanza(f"observation:{slug}-{each.entry.registry}-{part}")
        seen.heading = [f"# Candidate for {shorten(each.thing)}: {'; '.join(each.reasons)}."]
        seen.say("a", "survey:Observation")
        seen.say("survey:consulted", dated(found.consulted))
        seen.say("dcterms:source", source)
        seen.say("survey:certainty", "certainty:stated")
        if each.entry.registry == "re3data":
            seen.say("survey:re3dataRecord", f"<{each.entry.address}>")
            if each.entry.doi:
                seen.say("survey:re3dataDoi", f"<https://doi.org/{each.entry.doi}>")
        else:
            seen.say("survey:fairsharingRecord", f"<{each.entry.address}>")
        record = Stanza(source)
        record.say("a", "survey:Source")
        title = f"{NAMES[each.entry.registry]} record '{each.entry.names[0]}' (as carried by {found.snapshot.package})"
        record.say("dcterms:title", quoted(title))
        record.say("schema:url", f"<{each.entry.address}>")
        record.say("survey:sourceKind", "source-kind:registry")
        stanzas += [seen, record]
    return record_text(stanzas, dict(found.order)) if stanzas else "# No candidate.\n"


def report(found: Found) -> str:
    """Counts, the new candidates with their reasons, and the imaging archives of the registries that we lack."""
    new = [each for each in found.candidates if not each.known]
    confirmed = len(found.candidates) - len(new)
    lines = [
        "# Candidates from registries",
        "",
        (
            f"{len(found.snapshot.entries):,} records of {' and '.join(NAMES.values())} from {found.snapshot.package}: "
            f"{confirmed} are known to the survey, {len(new)} are proposed, {len(found.lacking)} about imaging fit no record."
        ),
        "",
        "## Proposed",
        "",
    ]
    lines += [
        f"- {shorten(each.thing)} ({each.title}): <{each.entry.address}>, by {'; '.join(each.reasons)}" for each in new
    ]
    lines += ["", "## About imaging, and in no record", ""]
    lines += [f"- {each.names[0] if each.names else each.identifier}: <{each.address}>" for each in found.lacking]
    return "\n".join(lines) + "\n"
