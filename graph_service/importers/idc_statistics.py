"""What is counted once at import, so that no question and no page ever has to look at a million series.

Each table is a set of `survey:Statistic` nodes, one for each combination of its keys that occurs. Numbers of patients and
studies do not add up across rows, since one may be in several; that is why there is a table for each use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import polars as pl

from graph_service.importers.idc_codes import MOST_PARTS, vendor
from graph_service.importers.triple_lines import Statement, blocks, node, text, typed
from graph_service.terms import BASE
from graph_service.triples import Triples
from graph_service.triples import text as english

TABLE = f"{BASE}idc/table/"
STATISTIC = f"{BASE}idc/statistic/"
NODES = ("collection", "modality", "license", "anatomy", "otherModality", "analysis")
PREDICATES = {
    "collection": "survey:inCollection",
    "modality": "survey:modality",
    "otherModality": "survey:otherModality",
    "license": "survey:license",
    "anatomy": "survey:anatomy",
    "vendor": "survey:vendor",
    "model": "survey:manufacturerModel",
    "year": "survey:year",
    "release": "survey:publishedInRelease",
    "analysis": "survey:analysisResult",
    "sex": "survey:sex",
    "decade": "survey:ageFrom",
    "subjects": "survey:subjectCount",
    "studies": "survey:studyCount",
    "series": "survey:seriesCount",
    "instances": "survey:instanceCount",
    "bytes": "survey:sizeInBytes",
}
COUNTS = ("subjects", "studies", "series", "instances", "bytes")


@dataclass(frozen=True)
class Table:
    """A way of counting: its name in IRIs, a label, and the columns by which it counts."""

    name: str
    label: str
    keys: tuple[str, ...]


TABLES = (
    Table("collection", "By collection, modality and license", ("collection", "modality", "license")),
    Table(
        "anatomy", "By collection, body part, modality and license", ("collection", "anatomy", "modality", "license")
    ),
    Table("license", "By license and modality", ("license", "modality")),
    Table("vendor", "By body part, scanner vendor and modality", ("anatomy", "vendor", "modality")),
    Table("model", "By scanner vendor, model and modality", ("vendor", "model", "modality")),
    Table("year", "By year of the study and modality", ("year", "modality")),
    Table("release", "By release of the commons and collection", ("release", "collection")),
    Table("analysis", "By analysis result, collection and modality", ("analysis", "collection", "modality")),
    Table("pair", "Patients with two modalities, by collection", ("collection", "modality", "otherModality")),
    Table("age", "By collection, sex and decade of age", ("collection", "sex", "decade")),
)


def describe(made: Triples) -> None:
    """Says of each table what it is."""
    for table in TABLES:
        made.say(f"{TABLE}{table.name}", "rdf:type", "survey:StatisticsTable")
        made.say(f"{TABLE}{table.name}", "rdfs:label", english(table.label))
        made.say(f"{TABLE}{table.name}", "survey:groupedBy", *(PREDICATES[key] for key in table.keys))


def lines(rows: pl.DataFrame, graph: str | None = None) -> Iterator[bytes]:
    """All tables over series as `idc_series.prepared` gives them."""
    base = columns(rows)
    for table in TABLES:
        yield from _written(table, counted(table, base), graph)


def columns(rows: pl.DataFrame) -> pl.DataFrame:
    """The series with a column for each key, nodes and literals as they stand in N-Triples."""
    vendors = {each: vendor(each) for each in rows["Manufacturer"].drop_nulls().unique()}
    known = {each: name for each, name in vendors.items() if name is not None}
    makers = pl.col("Manufacturer").replace_strict(known, default=None, return_dtype=pl.String)
    sexes = {"F": "female", "M": "male", "O": "other"}
    return rows.select(
        "collection",
        "patient",
        pl.coalesce("modality", text(pl.col("Modality"))).alias("modality"),
        pl.coalesce("license", text(pl.col("license_short_name"))).alias("license"),
        *(f"part{place}" for place in range(MOST_PARTS)),
        pl.col("StudyInstanceUID").alias("study"),
        pl.col("instanceCount").alias("instances"),
        "bytes",
        text(makers).alias("vendor"),
        text(pl.col("ManufacturerModelName")).alias("model"),
        pl.col("StudyDate").str.slice(0, 4).alias("year"),
        pl.col("series_init_idc_version").alias("release"),
        pl.concat_str(pl.lit(f"<{BASE}idc/analysis/"), "analysis_result_id", pl.lit(">")).alias("analysis"),
        text(
            pl.col("PatientSex").fill_null("").replace_strict(sexes, default="not stated", return_dtype=pl.String)
        ).alias("sex"),
        (pl.col("age") // 10 * 10).alias("decade"),
    )


def counted(table: Table, base: pl.DataFrame) -> pl.DataFrame:
    """One row for each combination of the keys, sorted by them, with the counts; unknown keys are null."""
    if table.name == "pair":
        return _pairs(base)
    rows = base
    if "anatomy" in table.keys:
        parts = [rows.with_columns(pl.col(f"part{place}").alias("anatomy")).filter(
            pl.lit(place == 0) | pl.col(f"part{place}").is_not_null()) for place in range(MOST_PARTS)]  # fmt: skip
        rows = pl.concat(parts)
    if "vendor" in table.keys or "analysis" in table.keys or "decade" in table.keys:
        rows = rows.filter(
            pl.col(next(key for key in ("vendor", "analysis", "decade") if key in table.keys)).is_not_null()
        )
    return (
        rows.group_by(table.keys)
        .agg(
            pl.col("patient").n_unique().alias("subjects"),
            pl.col("study").n_unique().alias("studies"),
            pl.len().alias("series"),
            pl.col("instances").sum(),
            pl.col("bytes").sum(),
        )
        .sort(table.keys, nulls_last=True)
    )


def _pairs(base: pl.DataFrame) -> pl.DataFrame:
    """How many patients have series of two modalities, in any of their studies and in one and the same."""
    found = base.select("collection", "patient", "modality").unique()
    both = found.join(found.rename({"modality": "otherModality"}), ["collection", "patient"])
    both = both.filter(pl.col("modality") != pl.col("otherModality"))
    keys = ("collection", "modality", "otherModality")
    return both.group_by(keys).agg(pl.len().alias("subjects")).sort(keys)


def _written(table: Table, found: pl.DataFrame, graph: str | None) -> Iterator[bytes]:
    names = [_name(found[key]) for key in table.keys]
    path = pl.concat_str(*(pl.Series(f"name{place}", each) for place, each in enumerate(names)), separator="/")
    found = found.with_columns(path.alias("path"))
    said: list[Statement] = [
        ("rdf:type", node("survey:Statistic")),
        ("survey:inTable", pl.lit(f"<{TABLE}{table.name}>")),
    ]
    told = (*table.keys, *(each for each in COUNTS if each in found.columns))
    said.extend((PREDICATES[key], _value(key)) for key in told)
    yield from blocks(found, pl.concat_str(pl.lit(f"<{STATISTIC}{table.name}/"), "path", pl.lit(">")), said, graph)


def _value(key: str) -> pl.Expr:
    if key in (*NODES, "vendor", "model", "sex"):
        return pl.col(key)
    return typed(pl.col(key), "gYear" if key == "year" else "integer")


def _name(values: pl.Series) -> list[str]:
    """The part of an IRI that stands for a key's value: of a node its own last part, of a literal all of it."""
    found = []
    for each in values:
        text_of = str(each).strip('"')
        if text_of.startswith("<"):
            text_of = text_of[1:-1].rsplit("/", 1)[-1]
        found.append("-" if each is None else quote(text_of, safe="-._~"))
    return found
