"""The tables of the package `idc-index-data`: one row per DICOM series, collection, analysis result and release.

Needs the extra `idc` (`idc-index-data`, `polars`). Nothing is fetched: the package carries its Parquet files.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TYPE_CHECKING

from graph_service.errors import DataError

if TYPE_CHECKING:
    import polars as pl

PACKAGE = "idc-index-data"
ORDER = ("collection_id", "PatientID", "StudyInstanceUID", "SeriesInstanceUID")
COLUMNS = (
    *ORDER, "analysis_result_id", "source_DOI", "PatientAge", "PatientSex", "StudyDate", "StudyDescription", "BodyPartExamined",
    "Modality", "SOPClassUID", "sop_class_name", "TransferSyntaxUID", "transfer_syntax_name", "Manufacturer",
    "ManufacturerModelName", "SeriesDate", "SeriesDescription", "SeriesNumber", "instanceCount", "license_short_name",
    "series_init_idc_version", "series_revised_idc_version", "series_aws_url", "series_size_MB",
)  # fmt: skip
"""The columns of the index of series that are read."""


@dataclass(frozen=True)
class Snapshot:
    """One version of the package: `series` rows in order of collection, patient, study and series."""

    package_version: str
    data_version: int
    date: str
    digest: str
    series: pl.DataFrame
    collections: pl.DataFrame
    analysis_results: pl.DataFrame

    def sample(self, series: int | None = None, collections: int | None = None) -> Snapshot:
        """The same with the first so many series, or with all series of the smallest so many collections."""
        import polars as pl

        rows = self.series
        if collections is not None:
            sizes = rows.group_by("collection_id").len().sort("len", "collection_id")
            rows = rows.join(
                sizes.head(collections).select("collection_id"), "collection_id", "semi", maintain_order="left"
            )
        if series is not None:
            rows = rows.head(series)
        kept = rows["collection_id"].unique()
        known = self.collections.filter(pl.col("collection_id").is_in(kept.implode()))
        mark = f"{self.digest}:{series}:{collections}"
        digest = hashlib.sha256(mark.encode()).hexdigest()
        return Snapshot(self.package_version, self.data_version, self.date, digest, rows, known, self.analysis_results)

    @cached_property
    def size(self) -> int:
        """How many series there are."""
        return self.series.height


def folder() -> Path:
    """Where the package keeps its Parquet files; raises `DataError` that says what to install."""
    try:
        found = distribution(PACKAGE)
        import polars  # noqa: F401
    except (PackageNotFoundError, ImportError) as error:
        raise DataError(f"this import needs more packages ({error}); run `pip install imaging-survey[idc]`.") from error
    for file in found.files or ():
        if file.name == "idc_index.parquet":
            return Path(str(file.locate())).parent
    raise DataError(f"the package {PACKAGE} {found.version} has no idc_index.parquet.")


def digest_of(place: Path) -> str:
    """SHA-256 over the names and contents of the Parquet files that are read, in hexadecimal."""
    total = hashlib.sha256()
    for name in ("analysis_results_index", "collections_index", "idc_index", "version_metadata_index"):
        with (place / f"{name}.parquet").open("rb") as file:
            total.update(name.encode() + hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def read(place: Path | None = None) -> Snapshot:
    """The installed package's tables; `place` is a folder with Parquet files like its own. Raises `DataError`."""
    place = place or folder()
    import polars as pl

    releases = pl.read_parquet(place / "version_metadata_index.parquet").sort("idc_version")
    newest = releases.row(-1, named=True)
    series = pl.scan_parquet(place / "idc_index.parquet").select(COLUMNS).sort(ORDER).collect()
    return Snapshot(
        version(PACKAGE),
        int(newest["idc_version"]),
        str(newest["version_timestamp"])[:10],
        digest_of(place),
        series,
        pl.read_parquet(place / "collections_index.parquet").sort("collection_id"),
        pl.read_parquet(place / "analysis_results_index.parquet").sort("analysis_result_id"),
    )
