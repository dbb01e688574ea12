"""Patients, studies and series of the Imaging Data Commons as lines of N-Triples, each said once, in a fixed order.

A study and a series are named by their DICOM UID (`urn:oid:…`), a patient by collection and identifier, which is unique
only within a collection. Their properties are their own, so that questions about collections and counts never see a
million series: engines that keep no statistics join in a bad order otherwise. What several series of one study say
differently is said in all ways, except ages.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from graph_service.importers.idc_codes import MOST_PARTS, Codes
from graph_service.importers.idc_snapshot import Snapshot
from graph_service.importers.triple_lines import Several, Statement, blocks, iri, mapped, node, quoted, text, typed
from graph_service.terms import BASE

PATIENT = f"{BASE}idc/patient/"
MEGABYTE = 1_000_000
SEXES = {"F": "female", "M": "male", "O": "other"}


def prepared(snapshot: Snapshot, codes: Codes) -> pl.DataFrame:
    """The series with columns for IRIs: `collection`, `patient`, `modality`, `part0` … `part3`, `license`, and `bytes`."""
    rows = snapshot.series
    collections = {each: codes.collection(each) for each in rows["collection_id"].unique()}
    slugs = {each: name.rsplit("/", 1)[1] for each, name in collections.items()}
    identifiers = quoted(rows["PatientID"])
    modalities = codes.concepts("modality", rows["Modality"])
    parts = codes.concepts("anatomy", rows["BodyPartExamined"])
    licenses = codes.concepts("license", rows["license_short_name"])

    def first(names: dict[str, list[str]], place: int = 0) -> dict[str, str]:
        return {code: each[place] for code, each in names.items() if len(each) > place}

    escaped = pl.DataFrame({"PatientID": list(identifiers), "escaped": list(identifiers.values())})
    return (
        rows.join(escaped, "PatientID", "left", maintain_order="left")
        .with_columns(
            mapped(pl.col("collection_id"), collections).alias("collection"),
            pl.concat_str(
                pl.lit(f"<{PATIENT}"),
                pl.col("collection_id").replace_strict(slugs, return_dtype=pl.String),
                pl.lit("/"),
                "escaped",
                pl.lit(">"),
            ).alias("patient"),
            mapped(pl.col("Modality"), first(modalities)).alias("modality"),
            *(
                mapped(pl.col("BodyPartExamined"), first(parts, place)).alias(f"part{place}")
                for place in range(MOST_PARTS)
            ),
            mapped(pl.col("license_short_name"), first(licenses)).alias("license"),
            (pl.col("series_size_MB") * MEGABYTE).round().cast(pl.Int64).alias("bytes"),
            years(pl.col("PatientAge")).alias("age"),
        )
        .drop("escaped", "series_size_MB")
    )


def years(age: pl.Expr) -> pl.Expr:
    """Whole years from a DICOM age string such as `067Y` or `018M`; null for `000Y`, which stands for one that was removed."""
    number = age.str.extract(r"^(\d{3})[DWMY]$").cast(pl.Int64)
    unit = age.str.slice(3, 1)
    return (
        pl.when(unit == "Y").then(pl.when(number > 0).then(number))
        .when(unit == "M").then(number // 12)
        .when(unit == "W").then(number // 52)
        .when(unit == "D").then(number // 365)
    )  # fmt: skip


def patients(rows: pl.DataFrame, species: dict[str, str], graph: str | None = None) -> Iterator[bytes]:
    """Each patient of each collection; `species` is known for collections that have only one."""
    sex = pl.col("PatientSex")
    found = rows.group_by("patient", maintain_order=True).agg(
        pl.first("collection_id", "collection", "PatientID"),
        _distinct(sex.filter(sex.is_in(list(SEXES)))).alias("sexes"),
        _distinct(pl.col("modality")).alias("modalities"),
        pl.col("StudyInstanceUID").n_unique().alias("studies"),
        pl.len().alias("series"),
    )
    only = pl.when(pl.col("sexes").list.len() == 1).then(pl.col("sexes").list.first())
    said: list[Statement] = [
        ("rdf:type", node("survey:Patient")),
        ("dcterms:identifier", text(pl.col("PatientID"))),
        ("survey:fromCollection", pl.col("collection")),
        ("survey:sex", text(only.replace_strict(SEXES, default=None, return_dtype=pl.String))),
        ("survey:patientSpecies", mapped(pl.col("collection_id"), species)),
        ("survey:seriesModality", Several(pl.col("modalities"))),
        ("survey:numberOfStudies", typed(pl.col("studies"), "integer")),
        ("survey:numberOfSeries", typed(pl.col("series"), "integer")),
    ]
    yield from blocks(found, pl.col("patient"), said, graph)


def studies(rows: pl.DataFrame, graph: str | None = None) -> Iterator[bytes]:
    """Each study, with what its series have in common counted and listed."""
    parts = pl.concat([pl.col(f"part{place}").drop_nulls() for place in range(MOST_PARTS)])
    found = rows.group_by("StudyInstanceUID", maintain_order=True).agg(
        pl.first("collection"),
        pl.col("StudyDescription").drop_nulls().min(),
        pl.col("age").min(),
        _distinct(pl.col("patient")).alias("patients"),
        _distinct(pl.col("StudyDate")).alias("dates"),
        _distinct(pl.col("modality")).alias("modalities"),
        _distinct(pl.col("license")).alias("licenses"),
        _distinct(parts).alias("parts"),
        pl.len().alias("series"),
        pl.col("instanceCount").sum(),
        pl.col("bytes").sum(),
    )
    said: list[Statement] = [
        ("rdf:type", node("survey:Study")),
        ("survey:fromCollection", pl.col("collection")),
        ("survey:patient", Several(pl.col("patients"))),
        ("survey:studyDate", Several(pl.col("dates").list.eval(typed(pl.element(), "date")))),
        ("survey:descriptionAsCoded", text(pl.col("StudyDescription"))),
        ("survey:age", typed(pl.col("age"), "integer")),
        ("survey:seriesModality", Several(pl.col("modalities"))),
        ("survey:seriesAnatomy", Several(pl.col("parts"))),
        ("survey:seriesLicense", Several(pl.col("licenses"))),
        ("survey:numberOfSeries", typed(pl.col("series"), "integer")),
        ("survey:numberOfInstances", typed(pl.col("instanceCount"), "integer")),
        ("survey:byteCount", typed(pl.col("bytes"), "integer")),
    ]
    yield from blocks(found, uid("StudyInstanceUID"), said, graph)


def series(rows: pl.DataFrame, graph: str | None = None) -> Iterator[bytes]:
    """Each series, with the license under which it is given and the address from which it is downloaded."""
    said: list[Statement] = [
        ("rdf:type", node("survey:Series")),
        ("survey:study", uid("StudyInstanceUID")),
        ("survey:seriesModality", pl.coalesce("modality", text(pl.col("Modality")))),
        *(("survey:seriesAnatomy", pl.col(f"part{place}")) for place in range(MOST_PARTS)),
        ("survey:bodyPartExamined", text(pl.col("BodyPartExamined"))),
        ("survey:seriesLicense", pl.coalesce("license", text(pl.col("license_short_name")))),
        ("survey:seriesDoi", iri(pl.concat_str(pl.lit("https://doi.org/"), pl.col("source_DOI").str.to_lowercase()))),
        ("survey:partOfAnalysis", iri(pl.concat_str(pl.lit(f"{BASE}idc/analysis/"), "analysis_result_id"))),
        ("survey:manufacturer", text(pl.col("Manufacturer"))),
        ("survey:modelAsCoded", text(pl.col("ManufacturerModelName"))),
        ("survey:descriptionAsCoded", text(pl.col("SeriesDescription"))),
        ("survey:seriesNumber", typed(pl.col("SeriesNumber"), "integer")),
        ("survey:seriesDate", typed(pl.col("SeriesDate"), "date")),
        ("survey:numberOfInstances", typed(pl.col("instanceCount"), "integer")),
        ("survey:byteCount", typed(pl.col("bytes"), "integer")),
        ("survey:sopClass", uid("SOPClassUID")),
        ("survey:transferSyntax", uid("TransferSyntaxUID")),
        ("survey:firstInRelease", typed(pl.col("series_init_idc_version"), "integer")),
        ("survey:revisedInRelease", typed(pl.col("series_revised_idc_version"), "integer")),
        ("dcat:downloadURL", iri(pl.col("series_aws_url"))),
    ]
    yield from blocks(rows, uid("SeriesInstanceUID"), said, graph)


def uid(column: str) -> pl.Expr:
    """A DICOM UID as a node: every UID is an OID."""
    return iri(pl.concat_str(pl.lit("urn:oid:"), column))


def _distinct(values: pl.Expr) -> pl.Expr:
    return values.drop_nulls().unique().sort()
