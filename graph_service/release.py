"""A release: one state of the survey with its dumps, counts and checksums, in a folder that never changes.

`build` writes `<output>/<version>-<checksum>/` through a temporary folder, then moves the link `<output>/current`
to it; both steps are atomic, so that a kill at any moment leaves the release before it whole.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyoxigraph as ox

from graph_service import leftovers
from graph_service.errors import DataError
from graph_service.graph import Survey
from graph_service.survey import Files
from graph_service.terms import BASE, GRAPH, KINDS, ONTOLOGY, PREFIXES, shorten, str_of

TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
DUMPS: dict[str, ox.RdfFormat] = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "trig": ox.RdfFormat.TRIG,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdf": ox.RdfFormat.RDF_XML,
}
"""The formats of a dump by the end of its name; those that know no named graphs hold the merged triples."""

SOURCES = "sources.zip"
"""The files that people wrote, as they wrote them."""

SERVED = "served.nq"
"""The dump together with what the survey says of itself: the graph that is served."""

MANIFEST = frozenset({"version", "date", "digest", "triples", "files"})
"""What the manifest of a release says at least."""

STORE, IMPORTS = "store", "imports.json"
"""An engine's store with the survey and large imports, and what these are; only in a release built with some."""

HEADING = re.compile(r"^## (\d{4}\.\d{2}(?:\.\d+)?) \((\d{4}-\d{2}-\d{2})\)$", re.MULTILINE)


@dataclass(frozen=True)
class Version:
    """The name and date of a release: the first heading `## 2026.11 (2026-11-25)` of `records/CHANGELOG.md`."""

    name: str
    date: str


def version_of(files: Files) -> Version:
    """The version of the data; raises `DataError` when the changelog names none."""
    found = named_version(files)
    if found is None:
        changelog = files.records / "CHANGELOG.md"
        raise DataError(f"{changelog}: the changelog has no heading such as `## 2026.11 (2026-11-25)`.")
    return found


def named_version(files: Files) -> Version | None:
    """The version that the changelog names first; None where there is none, as in a folder of somebody's records."""
    changelog = files.records / "CHANGELOG.md"
    found = HEADING.search(changelog.read_text(encoding="utf-8")) if changelog.is_file() else None
    return Version(found[1], found[2]) if found else None


def digest(survey: Survey) -> str:
    """SHA-256 of the dataset's canonical N-Quads (RDFC-1.0), in hexadecimal."""
    dataset = ox.Dataset(survey.quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    written = ox.serialize(dataset, format=ox.RdfFormat.N_QUADS)
    assert written is not None
    lines = sorted(written.splitlines(keepends=True))
    return hashlib.sha256(b"".join(lines)).hexdigest()


def statistics(survey: Survey) -> dict[str, Any]:
    """Counts of one state: things per kind, observations and facts, facts and coverage per dimension, oldest fact."""
    dimensions = {
        str_of(quad.subject)
        for quad in survey.quads
        if str_of(quad.graph_name) == f"{GRAPH}ontology" and quad.predicate.value == f"{ONTOLOGY}keeps"
    }
    kinds = {f"{ONTOLOGY}{name}": name for name in (*KINDS.values(), "Observation", "Evidence")}
    per_kind: Counter[str] = Counter()
    facts: Counter[str] = Counter()
    about: dict[str, set[str]] = {}
    dates: list[str] = []
    owner = {
        str_of(quad.object): str_of(quad.subject)
        for quad in survey.quads
        if quad.predicate.value == f"{ONTOLOGY}observation"
    }
    polar = {f"{ONTOLOGY}{name}": name for name in ("lacks", "notStated")}
    said = 0
    for quad in survey.quads:
        if quad.predicate == TYPE and str_of(quad.object) in kinds:
            per_kind[kinds[str_of(quad.object)]] += 1
        if not str_of(quad.subject).startswith(f"{BASE}observation/") or str_of(quad.graph_name) == f"{GRAPH}derived":
            continue
        name = quad.predicate.value
        if name in dimensions or name in polar:
            said += 1
            facts[shorten(name)] += 1
            about.setdefault(shorten(name), set()).add(owner.get(str_of(quad.subject), ""))
        elif name in (f"{ONTOLOGY}asOf", f"{ONTOLOGY}consulted"):
            dates.append(str_of(quad.object))
    surveyed = per_kind["Archive"] + per_kind["Collection"] + per_kind["Software"]
    return {
        "things": dict(sorted(per_kind.items())),
        "facts": said,
        "facts_per_dimension": dict(sorted(facts.items())),
        "things_per_dimension": {name: len(things) for name, things in sorted(about.items())},
        "coverage_per_dimension": {
            name: round(len(things) / surveyed, 3) for name, things in sorted(about.items()) if surveyed
        },
        "oldest_fact": min(dates, default=None),
        "newest_fact": max(dates, default=None),
    }


def read(path: Path) -> Iterator[ox.Quad]:
    """The quads of a dump; raises `DataError` when it is missing or spoilt."""
    try:
        yield from ox.parse(path=path, format=ox.RdfFormat.N_QUADS)
    except (OSError, SyntaxError) as error:
        raise DataError(f"{path} cannot be read: {error}. Run `imaging-survey build`.") from error


@dataclass(frozen=True)
class Release:
    """A built release in its folder."""

    folder: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        try:
            manifest = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{self.folder} holds no release: {error}. Run `imaging-survey build`.") from error
        if not isinstance(manifest, dict) or not manifest.keys() >= MANIFEST:
            raise DataError(f"{self.folder}/manifest.json is no manifest of a release. Run `imaging-survey build`.")
        return manifest

    @property
    def version(self) -> str:
        return str(self.manifest["version"])

    @property
    def digest(self) -> str:
        return str(self.manifest["digest"])

    def dump(self, suffix: str) -> Path:
        return self.folder / f"survey.{suffix}"

    def quads(self) -> Iterator[ox.Quad]:
        """The statements of the release; raises `DataError` when its dump is missing or spoilt."""
        return read(self.dump("nq"))


def kept(output: Path) -> list[Release]:
    """The releases in a folder, newest first, one for each version: for the current one's version the current one."""
    link = output / "current"
    current = [link.resolve()] if link.exists() else []
    others = (
        [path.parent for path in output.glob("*/manifest.json") if not path.parent.is_symlink()]
        if output.is_dir()
        else []
    )
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    found: dict[str, Release] = {}
    for folder in [*current, *others]:
        made = Release(folder)
        found.setdefault(made.version, made)
    return sorted(found.values(), key=lambda each: (each.manifest["date"], _order(each.version)), reverse=True)


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


Extra = Callable[[Path, Survey, Files], None]
"""What writes more files into the folder of a release that is being made."""


def write(
    survey: Survey,
    files: Files,
    output: Path,
    progress: Callable[[str], None] = lambda _: None,
    extras: Mapping[str, Extra] = MappingProxyType({}),
    previous: str | None = None,
) -> Release:
    """Writes a release below `output` and makes it the current one; `progress` is told each step's name.

    `extras` write further files, in their order; `previous` names the release before this one.
    """
    output.mkdir(parents=True, exist_ok=True)
    leftovers.sweep(output)
    folder = Path(tempfile.mkdtemp(prefix=leftovers.PREFIX, dir=output))
    claim = leftovers.claim(folder)
    try:
        _fill(folder, survey, files, progress, extras, previous)
        progress("putting the release in place")
        checksum = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
        final = output / f"{version_of(files).name}-{checksum[:12]}"
        folder.chmod(0o755)
        try:
            folder.rename(final)
        except OSError:
            if not final.exists():
                raise
        leftovers.point(output, final)
    finally:
        os.close(claim)
        shutil.rmtree(folder, ignore_errors=True)
    return Release(final)


def listing(folder: Path, but: str = "") -> dict[str, dict[str, Any]]:
    """Size and checksum of each file below a folder, by its name, in order of the names; without the folder `but`."""
    found = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        if but and name.startswith(f"{but}/"):
            continue
        with path.open("rb") as file:
            found[name] = {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    return found


def pack(files: Files) -> bytes:
    """All files that people wrote as one ZIP archive, the same bytes for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in files.every():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return packed.getvalue()


def dumped(survey: Survey, name: str) -> bytes:
    """The bytes of `survey.<name>`, one of `DUMPS`."""
    kind = DUMPS[name]
    content = ox.serialize(survey.quads if kind.supports_datasets else survey.triples, format=kind, prefixes=PREFIXES)
    assert content is not None
    return content


def squeezed(content: bytes) -> bytes:
    """The content, compressed, the same bytes each time."""
    return gzip.compress(content, 6, mtime=0)


def _fill(
    folder: Path,
    survey: Survey,
    files: Files,
    progress: Callable[[str], None],
    extras: Mapping[str, Extra],
    previous: str | None,
) -> None:
    version = version_of(files)
    progress("computing the digest")
    graphs = Counter(str_of(quad.graph_name) for quad in survey.quads)
    manifest: dict[str, Any] = {
        "name": "Imaging Survey",
        "version": version.name,
        "date": version.date,
        "license": "CC0-1.0",
        "previous": previous,
        "digest": digest(survey),
        "digest_algorithm": "SHA-256 of the canonical N-Quads (RDFC-1.0)",
        "triples": len(survey.triples),
        "quads": len(survey.quads),
        "graphs": dict(sorted(graphs.items())),
    }
    made = statistics(survey)
    manifest["things"] = made["things"]
    (folder / "statistics.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    with ThreadPoolExecutor(thread_name_prefix="compressing") as beside:
        packed = {}
        for suffix in DUMPS:
            progress(f"writing survey.{suffix}")
            content = dumped(survey, suffix)
            (folder / f"survey.{suffix}").write_bytes(content)
            packed[f"survey.{suffix}.gz"] = beside.submit(squeezed, content)
        (folder / SOURCES).write_bytes(pack(files))
        for name, waiting in packed.items():
            (folder / name).write_bytes(waiting.result())
    for step, extra in extras.items():
        progress(f"writing {step}")
        extra(folder, survey, files)
    if (folder / IMPORTS).exists():
        manifest["imports"] = json.loads((folder / IMPORTS).read_text(encoding="utf-8"))
    manifest["files"] = listing(folder, but=STORE)  # the engine's files differ from one build to the next
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    sums = "".join(f"{entry['sha256']}  {name}\n" for name, entry in listing(folder).items())
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
