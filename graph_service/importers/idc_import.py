"""The import of the Imaging Data Commons as a whole: which graphs, in which order, and where they come from.

Three named graphs: `graph/idc` (collections, statistics, provenance), `graph/idc/study` and `graph/idc/series`. The same
package and the same records give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import pyoxigraph as ox

from graph_service import __version__, records
from graph_service.errors import DataError
from graph_service.importers import idc_series, idc_snapshot, idc_statistics
from graph_service.importers.idc_codes import Codes
from graph_service.importers.idc_snapshot import Snapshot
from graph_service.problems import Problem
from graph_service.survey import Files
from graph_service.terms import BASE, GRAPH
from graph_service.triples import Triples, date, text

Level = Literal["collection", "study", "series"]
LEVELS: tuple[Level, ...] = ("collection", "study", "series")
COMMONS, STUDIES, SERIES = f"{GRAPH}idc", f"{GRAPH}idc/study", f"{GRAPH}idc/series"
SPECIES_SEPARATOR = ", "

Progress = Callable[[str, int, int], None]
"""Told a step's name, the triples written so far and how many are expected in all."""


@dataclass
class Import:
    """One package at one level, ready to be written; `codes` gathers what it did not know while that is done."""

    snapshot: Snapshot
    codes: Codes
    level: Level = "series"

    @classmethod
    def of(cls, snapshot: Snapshot, files: Files, level: Level = "series") -> Import:
        """With the concepts and collections of the survey's files. Raises `DataError` for one that cannot be parsed."""
        return cls(snapshot, Codes.of(_statements(files)), level)

    @property
    def digest(self) -> str:
        """What decides on the statements: package, importer, level, and which records the collections have."""
        parts = [
            self.snapshot.digest,
            self.level,
            __version__,
            *(f"{a} {b}" for a, b in sorted(self.codes.records.items())),
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def blocks(self, named: bool = False) -> Iterator[tuple[str, str, bytes]]:
        """Step, graph and lines, in order; `named` writes N-Quads with the graph, else they are N-Triples."""
        commons, studies, series = (COMMONS, STUDIES, SERIES) if named else (None, None, None)
        species = self._species()
        rows = idc_series.prepared(self.snapshot, self.codes)
        yield "collections", COMMONS, _serialized(self.commons(), commons)
        for block in idc_statistics.lines(rows, commons):
            yield "statistics", COMMONS, block
        if self.level == "collection":
            return
        for block in idc_series.patients(rows, species, studies):
            yield "patients", STUDIES, block
        for block in idc_series.studies(rows, studies):
            yield "studies", STUDIES, block
        if self.level == "series":
            for block in idc_series.series(rows, series):
                yield "series", SERIES, block

    def commons(self) -> Triples:
        """Collections, analysis results, names of codes, and where all of it comes from."""
        made = Triples()
        _provenance(made, self)
        idc_statistics.describe(made)
        for row in self.snapshot.collections.iter_rows(named=True):
            name = self.codes.collection(row["collection_id"])
            made.say(name, "dcterms:identifier", ox.Literal(row["collection_id"]))
            made.say(name, "rdfs:label", ox.Literal(row["collection_name"]))
            made.say(name, "dcat:inCatalog", "archive:idc")
        for row in self.snapshot.analysis_results.iter_rows(named=True):
            name = f"{BASE}idc/analysis/{row['analysis_result_id']}"
            made.say(name, "rdf:type", "survey:AnalysisResult")
            made.say(name, "dcterms:identifier", ox.Literal(row["analysis_result_id"]))
            made.say(name, "dcterms:title", text(" ".join(row["analysis_result_title"].split())))
            made.say(name, "survey:dataDoi", f"https://doi.org/{row['source_DOI'].lower()}")
        for code, label in (("SOPClassUID", "sop_class_name"), ("TransferSyntaxUID", "transfer_syntax_name")):
            for uid, name in self.snapshot.series.select(code, label).unique().sort(code).iter_rows():
                made.say(f"urn:oid:{uid}", "rdfs:label", text(name))
        for (scheme, code), number in sorted(self.codes.unknown.items()):
            place = f"{BASE}idc/unmapped/{scheme}/{hashlib.sha256(code.encode()).hexdigest()[:12]}"
            made.say(place, "rdf:type", "survey:UnmappedCode")
            made.say(place, "survey:code", ox.Literal(code))
            made.say(place, "survey:scheme", f"vocabulary:{scheme}")
            made.say(place, "survey:seriesCount", number)
        return made

    def _species(self) -> dict[str, str]:
        """The species of the collections that have one only."""
        rows = self.snapshot.collections
        known = self.codes.concepts(
            "species", rows["species"].str.split(SPECIES_SEPARATOR).explode(empty_as_null=True, keep_nulls=True)
        )
        return {
            row["collection_id"]: known[row["species"]][0]
            for row in rows.iter_rows(named=True)
            if row["species"] in known
        }


def _provenance(made: Triples, whole: Import) -> None:
    """PROV of the import; its time is the date of the data's release, so that the same package gives the same bytes."""
    snapshot = whole.snapshot
    package = f"https://github.com/ImagingDataCommons/idc-index-data/releases/tag/{snapshot.package_version}"
    activity = f"{BASE}idc/import/{snapshot.package_version}"
    for graph, title in (
        (COMMONS, "collections and statistics"),
        (STUDIES, "patients and studies"),
        (SERIES, "series"),
    ):
        if graph != COMMONS and LEVELS.index(whole.level) < (1 if graph == STUDIES else 2):
            continue
        made.say(graph, "rdf:type", "prov:Entity")
        made.say(graph, "dcterms:title", text(f"Imaging Data Commons, release {snapshot.data_version}: {title}"))
        made.say(graph, "prov:wasGeneratedBy", activity)
        made.say(graph, "prov:wasDerivedFrom", package)
        made.say(graph, "dcterms:issued", date(snapshot.date))
    made.say(activity, "rdf:type", "prov:Activity")
    made.say(activity, "prov:used", package)
    made.say(activity, "prov:wasAssociatedWith", f"{BASE}about#importer")
    made.say(f"{BASE}about#importer", "rdf:type", "prov:SoftwareAgent")
    made.say(f"{BASE}about#importer", "pav:version", ox.Literal(__version__))
    made.say(package, "rdf:type", "prov:Entity")
    made.say(package, "dcterms:title", text("idc-index-data, the index of NCI's Imaging Data Commons"))
    made.say(package, "pav:version", ox.Literal(snapshot.package_version))
    made.say(package, "dcterms:issued", date(snapshot.date))
    made.say(package, "dcterms:license", "license:mit")
    made.say(package, "spdx:checksumValue", ox.Literal(snapshot.digest))
    made.say(
        package, "skos:note", text("The license of the package is not that of the images: each series has its own.")
    )


def _serialized(made: Triples, graph: str | None) -> bytes:
    form = ox.RdfFormat.N_TRIPLES if graph is None else ox.RdfFormat.N_QUADS
    written = ox.serialize(list(made) if graph is None else made.quads(graph), format=form)
    assert written is not None
    return written


def _statements(files: Files) -> Iterable[ox.Quad]:
    for _, statements in records.read(files.sources()):
        if isinstance(statements, Problem):
            raise DataError(str(statements))
        yield from statements


def of_installed(files: Files, level: Level = "series") -> Import:
    """The import of the installed package. Raises `DataError` where there is none."""
    return Import.of(idc_snapshot.read(), files, level)


def expected(whole: Import) -> int:
    """About how many triples there will be, for a progress bar."""
    size = whole.snapshot.size
    return {"collection": 60_000, "study": 60_000 + 3 * size, "series": 60_000 + 21 * size}[whole.level]


def write(
    whole: Import, output: IO[bytes], named: bool, progress: Progress = lambda step, done, total: None
) -> Counter[str]:
    """All lines to a file; how many triples each step had."""
    done: Counter[str] = Counter()
    total = expected(whole)
    for step, _, block in whole.blocks(named):
        output.write(block)
        done[step] += block.count(b"\n")
        progress(step, done.total(), total)
    return done


def write_file(whole: Import, path: Path, progress: Progress = lambda step, done, total: None) -> Counter[str]:
    """To a file, `.nt` as N-Triples and `.nq` as N-Quads; it appears when it is whole. Raises `DataError` for other names."""
    if path.suffix not in (".nt", ".nq"):
        raise DataError(f"{path}: write to a file that ends in .nt (N-Triples) or .nq (N-Quads).")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.writing")
    with temporary.open("wb", buffering=0) as file:
        done = write(whole, file, path.suffix == ".nq", progress)
    temporary.replace(path)
    return done


def unknown(codes: Codes) -> list[str]:
    """The codes without a concept, most frequent first, in words."""
    ranked = sorted(codes.unknown.items(), key=lambda item: (-item[1], item[0]))
    return [f"{scheme}: {code!r} in {number:,} series" for (scheme, code), number in ranked]
