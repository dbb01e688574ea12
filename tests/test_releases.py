"""A release is whole, immutable and citable, and no IRI of ours is forgotten from one to the next.

Promised: every file is listed with its checksum; the tables say the same as CSV and as Parquet; each mapping set is
SSSOM; the RO-Crate and the catalog name every file; `/release/{version}` never changes while `current` moves; an older
release can still be asked; the build fails when an IRI vanishes, and passes once it is retired.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import zipfile
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
from arro3.io import read_parquet

from graph_service import publication, release
from graph_service.errors import DataError
from tests.small import HEARTS, LUNGS, RETIRED, first, small_survey

BASE = "https://w3id.org/imaging-survey/"
TABLES = ("archives", "collections", "software", "facts")


@pytest.fixture(scope="module")
def folder(published: Path) -> Path:
    return published / "current"


def test_every_file_is_there_with_its_size_and_checksum(folder: Path) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == {*files, "manifest.json", "SHA256SUMS"}
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    for name, entry in files.items():
        data = (folder / name).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert sums[name] == entry["sha256"]
    for name in (
        *(f"survey.{suffix}{end}" for suffix in ("ttl", "nt", "nq", "trig", "jsonld", "rdf") for end in ("", ".gz")),
        *(f"{name}.{end}" for name in TABLES for end in ("csv", "parquet")),
        "void.ttl", "catalog.ttl", "examples.ttl", "ro-crate-metadata.json", "sources.zip", "statistics.json",
        "exports/dcat-ap.ttl", "exports/schema-org.jsonld", "exports/codemeta.jsonld", "linksets/owl-sameas.ttl",
    ):  # fmt: skip
        assert name in files


@pytest.mark.parametrize("name", TABLES)
def test_csv_and_parquet_say_the_same(folder: Path, name: str) -> None:
    rows = list(csv.reader(io.StringIO((folder / f"{name}.csv").read_text(encoding="utf-8"))))
    table = read_parquet(folder / f"{name}.parquet").read_all()
    assert rows[0] == table.column_names
    assert len(rows) - 1 == table.num_rows > 50
    for place, column in enumerate(table.column_names):
        for row, cell in zip(rows[1:], table.column(column).to_pylist(), strict=True):
            assert row[place] == written(cell), (column, row[0])


def written(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return " | ".join(cell) if isinstance(cell, list) else str(cell)


def test_tables_hold_what_is_known(folder: Path) -> None:
    archives = {
        row["id"]: row for row in csv.DictReader(io.StringIO((folder / "archives.csv").read_text(encoding="utf-8")))
    }
    give_a_scan = archives["give-a-scan"]
    assert give_a_scan["title"] == "Give A Scan"
    assert give_a_scan["subjectCount"] == "9"
    assert give_a_scan["modality"] == "ct | pt"
    facts = list(csv.DictReader(io.StringIO((folder / "facts.csv").read_text(encoding="utf-8"))))
    counted = [
        {name: cell for name, cell in row.items() if name != "observation"}
        for row in facts
        if row["thing"] == f"{BASE}archive/give-a-scan" and row["property"] == "survey:subjectCount"
    ]
    assert counted == [
        {
            "thing": f"{BASE}archive/give-a-scan",
            "kind": "archive",
            "asOf": "2010-08",
            "consulted": "2026-11-23",
            "source": f"{BASE}source/archive-survey-2010",
            "certainty": "inferred",
            "statement": "yes",
            "property": "survey:subjectCount",
            "value": "9",
            "label": "9",
            "datatype": "xsd:integer",
        }
    ]


def test_mapping_sets_are_sssom(folder: Path) -> None:
    sets = sorted((folder / "mappings").glob("*.sssom.tsv"))
    assert {path.name.partition(".")[0] for path in sets} >= {
        "mondo",
        "uberon",
        "dcm",
        "edam",
        "spdx",
        "ror",
        "wikidata",
        "re3data",
        "fairsharing",
    }
    for path in sets:
        lines = path.read_text(encoding="utf-8").splitlines()
        head = [line for line in lines if line.startswith("#")]
        for slot in ("mapping_set_id", "license", "mapping_date", "subject_source", "object_source", "curie_map"):
            assert any(line.startswith(f"#{slot}:") for line in head), (path.name, slot)
        prefixes = {line.split(":")[0].strip("# ") for line in head if line.startswith("#  ")}
        rows = list(csv.DictReader(lines[len(head) :], delimiter="\t"))
        assert rows
        assert list(rows[0]) == ["subject_id", "subject_label", "predicate_id", "object_id", "mapping_justification"]
        for row in rows:
            assert re.fullmatch(r"skos:(exact|close|broad|narrow|related)Match", row["predicate_id"])
            assert row["mapping_justification"] == "semapv:ManualMappingCuration"
            assert {row[name].partition(":")[0] for name in ("subject_id", "object_id")} <= prefixes


def test_the_crate_and_the_catalog_name_every_file(folder: Path) -> None:
    files = set(json.loads((folder / "manifest.json").read_text())["files"])
    crate = json.loads((folder / "ro-crate-metadata.json").read_text())
    entities = {each["@id"]: each for each in crate["@graph"]}
    parts = {each["@id"] for each in entities["./"]["hasPart"]}
    assert parts == files - {"ro-crate-metadata.json"}
    assert all(entities[name]["@type"] == "File" for name in parts)
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    said = list(ox.parse(path=folder / "catalog.ttl", format=ox.RdfFormat.TURTLE))
    downloads = {each.object.value for each in said if each.predicate.value == "http://www.w3.org/ns/dcat#downloadURL"}
    assert downloads == {f"{BASE}release/2026.11/{name}" for name in parts - {"catalog.ttl"}}
    assert sum(each.predicate.value == "http://spdx.org/rdf/terms#checksumValue" for each in said) == len(downloads)


def test_the_sources_are_the_files_that_people_wrote(folder: Path) -> None:
    root = Path(__file__).parent.parent
    with zipfile.ZipFile(folder / "sources.zip") as packed:
        assert packed.read("records/archive/give-a-scan.ttl") == (root / "records/archive/give-a-scan.ttl").read_bytes()
        assert packed.read("ontology/survey.ttl") == (root / "ontology/survey.ttl").read_bytes()


def test_what_is_served_is_the_dump_and_the_description_of_itself(folder: Path) -> None:
    dump = set(ox.parse(path=folder / "survey.nq", format=ox.RdfFormat.N_QUADS))
    more = set(ox.parse(path=folder / "served.nq", format=ox.RdfFormat.N_QUADS)) - dump
    assert {each.graph_name.value for each in more} == {
        f"{BASE}graph/{name}" for name in ("void", "catalog", "examples", "prefixes")
    }


@pytest.fixture
def output(pair: Path, tmp_path: Path) -> Path:
    """A folder that holds the first of two releases, the current one."""
    folder = next(each.folder for each in release.kept(pair) if each.version == "2026.11")
    shutil.copytree(folder, tmp_path / "releases" / folder.name)
    (tmp_path / "releases" / "current").symlink_to(folder.name)
    return tmp_path / "releases"


def test_a_build_is_the_same_twice(output: Path, tmp_path: Path) -> None:
    again = first(tmp_path, tmp_path / "again")
    before = release.kept(output)[0]
    assert again.folder.name == before.folder.name
    assert release.listing(again.folder) == release.listing(before.folder)


def test_a_release_and_its_files_tell_its_day(pair_home: str) -> None:
    """The day of the release, not the time at which the machine that serves it got the files."""
    for path in ("2026.11", "2026.11.nt", "2026.11/SHA256SUMS", "2026.11/survey.nt.gz", "2026.11/manifest.json"):
        reply = httpx.get(f"{pair_home}/release/{path}")
        assert reply.headers["last-modified"] == "Wed, 25 Nov 2026 00:00:00 GMT", path
    assert httpx.get(f"{pair_home}/release/2026.11/SHA256SUMS").headers["content-type"].startswith("text/plain")


def test_files_without_a_release_are_those_of_the_current_one(pair_home: str) -> None:
    """As the bridge file names itself."""
    for path in ("linksets/owl-sameas.ttl", "exports/dcat-ap.ttl", "mappings/ror.sssom.tsv"):
        reply = httpx.get(f"{pair_home}/{path}")
        assert (reply.status_code, reply.headers["location"]) == (303, f"/release/current/{path}")
    assert httpx.get(f"{pair_home}/linksets/owl-sameas.ttl", follow_redirects=True).status_code == 200


def test_the_ontology_of_a_kept_release_is_still_told(pair_home: str, pair: Path) -> None:
    """So that the `owl:versionIRI` of a release goes on to resolve when the next one is served."""
    older = next(each for each in release.kept(pair) if each.version == "2026.11")
    with zipfile.ZipFile(older.folder / "sources.zip") as sources:
        written = sources.read("ontology/survey.ttl")
    reply = httpx.get(f"{pair_home}/ontology/2026.11", headers={"Accept": "text/turtle"})
    assert (reply.status_code, reply.content) == (200, written)
    assert reply.headers["content-type"] == "text/turtle; charset=utf-8"
    assert "immutable" in reply.headers["cache-control"]
    same = httpx.get(f"{pair_home}/ontology/2026.11.nt").content
    assert len(list(ox.parse(same, format=ox.RdfFormat.N_TRIPLES))) == len(
        list(ox.parse(written, format=ox.RdfFormat.TURTLE))
    )
    missing = httpx.get(f"{pair_home}/ontology/2025.01", headers={"Accept": "application/json"})
    assert missing.status_code == 404
    assert "2027.01, 2026.11" in missing.json()["detail"]


def test_a_vanished_iri_fails_the_build_until_it_is_retired(output: Path, tmp_path: Path) -> None:
    without = small_survey(tmp_path / "without", "2027.01", "2027-01-15", lungs=LUNGS)
    with pytest.raises(DataError) as caught:
        publication.build(without, output)
    assert str(caught.value).startswith(f"<{BASE}archive/hearts> is in release 2026.11 and nowhere now.")
    assert [each.version for each in release.kept(output)] == ["2026.11"]
    retired = small_survey(tmp_path / "retired", "2027.01", "2027-01-15", retired=RETIRED, lungs=LUNGS)
    assert publication.build(retired, output).version == "2027.01"


def test_a_retired_iri_that_is_still_described_fails_the_build(tmp_path: Path) -> None:
    both = small_survey(tmp_path / "both", "2027.01", "2027-01-15", retired=RETIRED, lungs=LUNGS, hearts=HEARTS)
    with pytest.raises(DataError, match="is retired, and still described"):
        publication.build(both, tmp_path / "releases")


def test_a_version_in_the_making_may_lose_iris_with_a_warning(output: Path, tmp_path: Path) -> None:
    told: list[str] = []
    again = small_survey(tmp_path / "again", "2026.11", "2026-11-25", lungs=LUNGS)
    publication.build(again, output, warn=told.append)
    assert [text.partition(" is in")[0] for text in told] == [f"<{BASE}archive/hearts>"]


def test_releases_are_listed_newest_first(pair_home: str) -> None:
    found = httpx.get(f"{pair_home}/release", headers={"Accept": "application/json"}).json()
    assert [(each["version"], each["date"], each["previous"]) for each in found] == [
        ("2027.01", "2027-01-15", "2026.11"),
        ("2026.11", "2026-11-25", None),
    ]


def test_files_of_a_release_never_change_and_current_moves(pair_home: str) -> None:
    old = httpx.get(f"{pair_home}/release/2026.11/survey.nt")
    new = httpx.get(f"{pair_home}/release/2027.01/survey.nt")
    current = httpx.get(f"{pair_home}/release/current/survey.nt")
    assert b"archive/hearts> <http://purl.org/dc/terms/title>" in old.content
    assert current.content == new.content != old.content
    assert old.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert current.headers["cache-control"] == "public, max-age=3600"
    assert old.headers["etag"].strip('"') == hashlib.sha256(old.content).hexdigest()[:32]
    for reply in (old, current):
        assert httpx.get(reply.url, headers={"If-None-Match": reply.headers["etag"]}).status_code == 304
        assert httpx.head(reply.url).headers["content-length"] == str(len(reply.content))


@pytest.mark.parametrize(
    "path",
    ["/release/2027.01/../manifest.json", "/release/2027.01/%2e%2e/current/manifest.json", "/release/2027.01/nothing"],
)
def test_only_files_of_the_release_are_sent(pair_home: str, path: str) -> None:
    assert httpx.get(pair_home + path).status_code == 404


def test_a_release_describes_itself(pair_home: str) -> None:
    reply = httpx.get(f"{pair_home}/release/2027.01", headers={"Accept": "text/turtle"})
    said = {
        (each.subject.value, each.predicate.value, each.object.value)
        for each in ox.parse(reply.content, format=ox.RdfFormat.TURTLE)
    }
    dcat, this = "http://www.w3.org/ns/dcat#", f"{BASE}release/2027.01"
    assert (this, f"{dcat}version", "2027.01") in said
    assert (this, f"{dcat}previousVersion", f"{BASE}release/2026.11") in said
    assert (this, f"{dcat}isVersionOf", BASE) in said
    assert (BASE, f"{dcat}hasCurrentVersion", this) in said
    assert 'rel="item"' in reply.headers["link"]


def test_an_older_release_can_still_be_asked(pair_home: str) -> None:
    query = f"ASK {{ <{BASE}archive/hearts> a <{BASE}ontology#Archive> }}"
    answers = {}
    for path in ("/sparql", "/release/current/sparql", "/release/2027.01/sparql", "/release/2026.11/sparql"):
        reply = httpx.get(
            pair_home + path, params={"query": query}, headers={"Accept": "application/sparql-results+json"}, timeout=30
        )
        assert reply.status_code == 200, path
        answers[path] = reply.json()["boolean"]
    assert answers == {
        "/sparql": False,
        "/release/current/sparql": False,
        "/release/2027.01/sparql": False,
        "/release/2026.11/sparql": True,
    }
    described = httpx.get(f"{pair_home}/release/2026.11/sparql", headers={"Accept": "text/turtle"}).text
    assert f"<{pair_home}/release/2026.11/sparql>" in described
    missing = httpx.get(
        f"{pair_home}/release/2020.01/sparql", params={"query": query}, headers={"Accept": "application/json"}
    )
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")


def test_the_feed_tells_what_the_release_changed(pair_home: str) -> None:
    feed = httpx.get(f"{pair_home}/feed.atom").text
    assert "<title>Lungs: changed</title>" in feed
    assert "<title>Release 2027.01</title>" in feed
