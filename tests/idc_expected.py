"""What the questions over the Imaging Data Commons must answer, counted from the package's Parquet with polars alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import polars as pl

from graph_service.importers.idc_snapshot import Snapshot

MODALITY = pl.concat_str(pl.lit("modality/"), pl.col("Modality").str.to_lowercase())
COLLECTIONS = {"nlm_visible_human_project": "visible-human"}
LICENSES = {
    "CC BY 3.0": "cc-by-3.0",
    "CC BY 4.0": "cc-by-4.0",
    "CC BY-NC 3.0": "cc-by-nc-3.0",
    "CC BY-NC 4.0": "cc-by-nc-4.0",
    "National Library of Medicine Terms and Conditions; May 21, 2019": "nlm-terms-2019",
}
PARTS: dict[str, list[str]] = {
    "ABDOMENPELVIS": ["abdomen", "pelvis"], "ADRENAL": ["adrenal"], "ANKLE": ["ankle"], "AORTA": ["aorta"], "BLADDER": ["bladder"],
    "ABDOMEN": ["abdomen"], "BONYPELVIS": ["pelvis"], "BRAIN": ["brain"], "BREAST": ["breast"], "CALF": ["calf"], "CERVIX": ["cervix"],
    "CHEST": ["chest"], "CHESTABDOMEN": ["chest", "abdomen"], "CHESTABDPELVIS": ["chest", "abdomen", "pelvis"], "COLON": ["colon"],
    "CSPINE": ["cervical-spine"], "CTSPINE": ["cervical-spine", "thoracic-spine"], "EAR": ["ear"], "ELBOW": ["elbow"],
    "ESOPHAGUS": ["oesophagus"], "EXTREMITY": ["limb"], "EYE": ["eye"], "FOOT": ["foot"], "HEAD": ["head"], "HEADNECK": ["head-neck"],
    "HEART": ["heart"], "HIP": ["hip"], "KIDNEY": ["kidney"], "KNEE": ["knee"], "LEG": ["lower-limb"], "LIVER": ["liver"],
    "LOWERLIMB": ["lower-limb"], "LSPINE": ["lumbar-spine"], "LUNG": ["lung"], "Left Breast": ["breast"], "Right Breast": ["breast"],
    "MEDIASTINUM": ["mediastinum"], "NECK": ["neck"], "NECKCHEST": ["neck", "chest"],
    "NECKCHESTABDOMEN": ["neck", "chest", "abdomen"], "NECKCHESTABDPELV": ["neck", "chest", "abdomen", "pelvis"],
    "OVARY": ["ovary"], "PANCREAS": ["pancreas"], "PELVIS": ["pelvis"], "PROSTATE": ["prostate"], "RECTUM": ["rectum"],
    "SHOULDER": ["shoulder"], "SKULL": ["skull"], "SPINE": ["spine"], "STOMACH": ["stomach"], "THIGH": ["thigh"], "THORAX": ["chest"],
    "THYROID": ["thyroid"], "TLSPINE": ["thoracic-spine", "lumbar-spine"], "TSPINE": ["thoracic-spine"], "UTERUS": ["uterus"],
    "WHOLEBODY": ["whole-body"],
}  # fmt: skip
MAKERS = (
    ("siemens", "Siemens"), ("ge", "GE"), ("philips", "Philips"), ("toshiba", "Canon (Toshiba)"), ("canon med", "Canon (Toshiba)"),
    ("hologic", "Hologic"), ("lorad", "Hologic"), ("carestream", "Carestream"), ("kodak", "Carestream"), ("fuji", "Fujifilm"),
    ("hitachi", "Hitachi"), ("agfa", "Agfa"), ("leica", "Leica"), ("hamamatsu", "Hamamatsu"), ("zeiss", "Zeiss"),
    ("carl zeiss", "Zeiss"), ("varian", "Varian"), ("elekta", "Elekta"), ("uih", "United Imaging"),
)  # fmt: skip


def maker(text: str) -> str | None:
    """The maker that a spelling begins with; `GEVAERT` is not GE."""
    plain = text.strip('" ').lower()
    for beginning, name in MAKERS:
        if plain.startswith(beginning) and (beginning != "ge" or re.match(r"ge(ms|[ _]|$)", plain)):
            return name
    return None


def frame(snapshot: Snapshot, records: dict[str, str] | None = None) -> pl.DataFrame:
    """One row for each series and part of the body, in the words of the survey."""
    known = COLLECTIONS if records is None else records
    rows = snapshot.series
    slugs = {each: known.get(each, re.sub(r"[^a-z0-9]+", "-", each)) for each in rows["collection_id"].unique()}
    makers = {each: maker(each) for each in rows["Manufacturer"].drop_nulls().unique()}
    number = pl.col("PatientAge").str.slice(0, 3).cast(pl.Int64, strict=False)
    unit = pl.col("PatientAge").str.slice(3, 1)
    age = (
        pl.when(unit == "Y")
        .then(number)
        .when(unit == "M")
        .then(number // 12)
        .when(unit == "D")
        .then(number // 365)
        .when(unit == "W")
        .then(number // 52)
    )
    return rows.with_columns(
        pl.concat_str(pl.lit("collection/"), pl.col("collection_id").replace_strict(slugs)).alias("collection"),
        MODALITY.alias("modality"),
        pl.concat_str(pl.lit("license/"), pl.col("license_short_name").replace_strict(LICENSES)).alias("license"),
        pl.col("BodyPartExamined").replace_strict(PARTS, default=None, return_dtype=pl.List(pl.String)).alias("parts"),
        pl.col("Manufacturer").replace_strict(makers, default=None, return_dtype=pl.String).alias("vendor"),
        pl.col("collection_id").alias("who"),
        pl.when(pl.col("PatientAge") != "000Y").then(age).alias("age"),
        (pl.col("series_size_MB") * 1_000_000).round().cast(pl.Int64).alias("bytes"),
        pl.col("PatientSex")
        .replace_strict({"M": "male", "F": "female", "O": "other"}, default="not stated")
        .alias("sex"),
    )


def rows(name: str, snapshot: Snapshot, records: dict[str, str] | None = None) -> list[tuple[Any, ...]]:
    """All rows of a question without values for its parameters."""
    found = frame(snapshot, records)
    titles = dict(snapshot.collections.select("collection_id", "collection_name").iter_rows())
    found = found.with_columns(pl.col("collection_id").replace_strict(titles).alias("name"))
    by_part = found.explode("parts", empty_as_null=True, keep_nulls=True).drop_nulls("parts")
    by_part = by_part.with_columns(pl.concat_str(pl.lit("anatomy/"), "parts").alias("anatomy"))
    match name:
        case "scanner-vendors":
            return _count(
                by_part.drop_nulls("vendor"), ["anatomy", "modality", "vendor"], "series", "studies", "patients"
            )
        case "scanner-models":
            keys = ["vendor", "ManufacturerModelName", "modality"]
            return _count(found.drop_nulls("vendor"), keys, "series", "studies", "patients")
        case "studies-by-year":
            dated = found.drop_nulls("StudyDate").with_columns(
                pl.col("StudyDate").str.slice(0, 4).cast(pl.Int64).alias("year")
            )
            return _count(dated, ["modality", "year"], "studies", "series", "patients")
        case "patients-with-two-modalities":
            return _pairs(found)
        case "smallest-sets":
            keys = ["collection", "name", "anatomy", "modality", "license"]
            return [(*row[:5], None, *row[5:]) for row in _count(by_part, keys, "patients", "series", "bytes")]
        case "licenses-of-series":
            return _count(found, ["license", "modality"], "patients", "studies", "series", "bytes")
        case "contents-of-a-collection":
            return _count(
                found, ["collection", "modality", "license"], "patients", "studies", "series", "instances", "bytes"
            )
        case "analysis-results":
            made = dict(snapshot.analysis_results.select("analysis_result_id", "analysis_result_title").iter_rows())
            derived = found.drop_nulls("analysis_result_id").with_columns(
                pl.concat_str(pl.lit("idc/analysis/"), "analysis_result_id").alias("analysis"),
                pl.col("analysis_result_id").replace_strict(made, default=None, return_dtype=pl.String).alias("title"),
            )
            return _count(derived, ["analysis", "title", "collection", "modality"], "patients", "series")
        case "ages-and-sexes":
            aged = found.drop_nulls("age").with_columns((pl.col("age") // 10 * 10).alias("from"))
            return _count(aged, ["collection", "sex", "from"], "patients")
        case "growth-by-release":
            return _count(found, ["series_init_idc_version", "collection", "name"], "patients", "series", "bytes")
        case "codes-without-a-concept":
            coded = found.drop_nulls("BodyPartExamined").filter(pl.col("parts").is_null())
            coded = coded.with_columns(pl.lit("vocabulary/anatomy").alias("vocabulary"))
            return _count(coded, ["vocabulary", "BodyPartExamined"], "series")
        case "download-manifest":
            return _manifest(by_part)
        case "studies-of-a-patient":
            return _studies(found)
    raise AssertionError(name)


COUNTS = {
    "patients": pl.struct("who", "PatientID").n_unique(),
    "studies": pl.col("StudyInstanceUID").n_unique(),
    "series": pl.col("SeriesInstanceUID").n_unique(),
    "instances": pl.col("instanceCount").sum(),
    "bytes": pl.col("bytes").sum(),
}


def _count(found: pl.DataFrame, keys: Sequence[str], *counts: str) -> list[tuple[Any, ...]]:
    counted = found.group_by(keys).agg(COUNTS[each].alias(f"n_{each}") for each in counts)
    return counted.select(*keys, *(f"n_{each}" for each in counts)).rows()


def _pairs(found: pl.DataFrame) -> list[tuple[Any, ...]]:
    counted: dict[tuple[str, ...], int] = {}
    for collection, name, _, modalities in (
        found.group_by("collection", "name", "PatientID").agg(pl.col("modality").unique()).rows()
    ):
        for one in modalities:
            for other in modalities:
                if one != other:
                    key = (collection, name, one, other)
                    counted[key] = counted.get(key, 0) + 1
    return [(*key, number) for key, number in counted.items()]


def _patient(found: pl.DataFrame) -> pl.DataFrame:
    slug = pl.col("collection").str.strip_prefix("collection/")
    escaped = {each: quote(each, safe="") for each in found["PatientID"].unique()}
    path = pl.concat_str(pl.lit("idc/patient/"), slug, pl.lit("/"), pl.col("PatientID").replace_strict(escaped))
    return found.with_columns(
        path.alias("patient"), pl.concat_str(pl.lit("urn:oid:"), "StudyInstanceUID").alias("study")
    )


def _manifest(by_part: pl.DataFrame) -> list[tuple[Any, ...]]:
    made = _patient(by_part).with_columns(pl.concat_str(pl.lit("urn:oid:"), "SeriesInstanceUID").alias("series"))
    columns = ["collection", "patient", "study", "series", "modality", "anatomy", "license", "bytes", "series_aws_url"]
    return made.select(columns).rows()


def _studies(found: pl.DataFrame) -> list[tuple[Any, ...]]:
    totals = found.group_by("StudyInstanceUID").agg(
        pl.len().alias("total"),
        pl.col("age").min().alias("youngest"),
        pl.col("StudyDescription").drop_nulls().min().alias("said"),
    )
    made = _patient(found).join(totals, "StudyInstanceUID")
    keys = ["patient", "study", "youngest", "said", "total"]
    dates = (
        made.select(*keys, "StudyDate")
        .unique()
        .filter(pl.col("StudyDate").is_not_null() | ~pl.col("study").is_in(_dated(made)))
    )
    both = dates.join(made.select("study", "modality").unique(), "study")
    return both.select("patient", "study", "StudyDate", "youngest", "said", "modality", "total").rows()


def _dated(made: pl.DataFrame) -> pl.Series:
    return made.drop_nulls("StudyDate")["study"].unique().implode()
