"""The import of the Imaging Data Commons: complete, the same each time, and its questions answer what the tables say.

The answers expected here are computed from the package's Parquet files with polars alone, not with the importer.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from graph_service import queries
from graph_service.errors import DataError
from graph_service.queries import Query
from graph_service.survey import Files
from graph_service.terms import BASE, GRAPH, PREFIXES
from tests.engines import missing

try:
    import polars as pl

    from graph_service.importers import idc_import, idc_snapshot
    from graph_service.importers.idc_import import Import
    from graph_service.importers.idc_snapshot import Snapshot
    from tests import idc_expected
except ImportError:  # the extra `idc` is not installed
    missing("polars is not installed")

ROOT = Path(__file__).parent.parent
BIG = {each.name: each for each in queries.catalog(ROOT / "queries" / "big")}
GIVEN: dict[str, dict[str, list[str]]] = {
    "smallest-sets": {"anatomy": ["chest"], "modality": ["ct"], "over": ["1"]},
    "analysis-results": {},
}
"""Values with which a question has an answer in the sample too; elsewhere its examples are taken."""


@pytest.fixture(scope="module")
def sample() -> Snapshot:
    """The twenty smallest collections."""
    try:
        return idc_snapshot.read().sample(collections=20)
    except DataError as error:
        missing(str(error))
        raise


@pytest.fixture(scope="module")
def lines(sample: Snapshot, files: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's series as N-Triples."""
    path = tmp_path_factory.mktemp("idc") / "idc.nt"
    idc_import.write_file(Import.of(sample, files), path)
    return path


@pytest.fixture(scope="module")
def loaded(lines: Path) -> ox.Store:
    """The same in a store."""
    store = ox.Store()
    store.bulk_load(path=str(lines))
    return store


def answered(question: Query, store: ox.Store, values: dict[str, list[str]]) -> list[tuple[Any, ...]]:
    """The rows of a question in order, as plain values: IRIs of ours without their base, numbers as numbers."""
    found = store.query(question.bind(values), use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    return [tuple(plain(row[name]) for name in found.variables) for row in found]


def plain(term: Any) -> Any:
    """A term as a value of Python."""
    if isinstance(term, ox.Literal) and term.datatype.value.endswith(("#integer", "#gYear")):
        return int(term.value)
    return None if term is None else term.value.removeprefix(BASE)


def test_the_same_package_gives_the_same_bytes(sample: Snapshot, files: Files, lines: Path, tmp_path: Path) -> None:
    """An import has no clock and no chance in it."""
    again = tmp_path / "again.nt"
    idc_import.write_file(Import.of(sample, files), again)
    assert again.read_bytes() == lines.read_bytes()


def test_graphs_of_their_own(sample: Snapshot, files: Files, lines: Path, tmp_path: Path) -> None:
    """As N-Quads the same triples stand in three graphs, and each says from which package, release and date it comes."""
    path = tmp_path / "idc.nq"
    idc_import.write_file(Import.of(sample, files), path)
    quads = list(ox.parse(path=str(path)))
    assert {quad.graph_name.value for quad in quads} == {f"{GRAPH}idc", f"{GRAPH}idc/study", f"{GRAPH}idc/series"}
    triples = {ox.Triple(quad.subject, quad.predicate, quad.object) for quad in quads}
    assert triples == {each.triple for each in ox.parse(path=str(lines))}
    store = ox.Store()
    store.extend(quads)
    text = """
        SELECT ?graph ?version ?date ?license WHERE {
          ?graph prov:wasDerivedFrom ?package ; prov:wasGeneratedBy/prov:used ?package ; dcterms:issued ?date .
          ?package <http://purl.org/pav/version> ?version ; dcterms:license ?license .
        } ORDER BY ?graph"""
    prefixes = "".join(f"PREFIX {name}: <{PREFIXES[name]}>\n" for name in ("prov", "dcterms"))
    rows = [tuple(plain(term) for term in row) for row in store.query(prefixes + text, use_default_graph_as_union=True)]
    about = (sample.package_version, sample.date, "license/mit")
    assert rows == [(f"graph/{name}", *about) for name in ("idc", "idc/series", "idc/study")]


def test_each_series_has_its_license_and_address(sample: Snapshot, loaded: ox.Store) -> None:
    """No series is left out, and each has exactly one license, address, study and size."""
    for word in (
        "survey:seriesLicense",
        "survey:study",
        "dcat:downloadURL",
        "survey:byteCount",
        "survey:seriesModality",
    ):
        prefix, local = word.split(":")
        name = ox.NamedNode(PREFIXES[prefix] + local)
        series = {
            quad.subject for quad in loaded.quads_for_pattern(None, ox.NamedNode(PREFIXES["rdf"] + "type"), None, None)
            if quad.object == ox.NamedNode(PREFIXES["survey"] + "Series")
        }  # fmt: skip
        said = [quad.subject for quad in loaded.quads_for_pattern(None, name, None, None) if quad.subject in series]
        assert len(said) == len(set(said)) == sample.series.height, word


def test_codes_without_a_concept_are_kept_and_reported(sample: Snapshot, files: Files, loaded: ox.Store) -> None:
    """What no vocabulary has is told, and stays in the data as the source writes it."""
    whole = Import.of(sample, files)
    list(whole.blocks())
    known = {code for scheme, code in whole.codes.unknown if scheme == "anatomy"}
    assert known == {"PHANTOM", "Phantom", "FUSION", "SEG", "TH CT CHEST WO C", "BD CT ABD WO_W C"}
    name = ox.NamedNode(PREFIXES["survey"] + "bodyPartExamined")
    for code in known:
        kept = sum(1 for _ in loaded.quads_for_pattern(None, name, ox.Literal(code), None))
        assert kept == sample.series.filter(pl.col("BodyPartExamined") == code).height


@pytest.mark.parametrize("name", BIG)
def test_the_head_says_everything(name: str) -> None:
    """A question over the commons is described as well as every other."""
    question = BIG[name]
    assert question.summary.endswith("?")
    assert question.description.endswith(".")
    assert set(re.findall(r"\{(\w+)\}", question.summary)) <= {each.name for each in question.parameters}
    assert all(each.label and each.description for each in question.parameters)
    assert "ORDER BY" in question.text
    assert "SERVICE" not in question.text
    assert not re.search(r"SELECT (DISTINCT )?\*", question.text)


@pytest.mark.parametrize("name", BIG)
def test_a_question_answers_what_the_tables_say(name: str, sample: Snapshot, loaded: ox.Store) -> None:
    """With values and without, the rows are those that polars counts in the package's own tables."""
    question = BIG[name]
    values = GIVEN.get(name, question.examples())
    everything = idc_expected.rows(name, sample)
    columns = re.findall(r"\?(\w+)", question.text[question.text.index("SELECT") : question.text.index("WHERE")])
    wanted = {key: plain(parameter_of(question, key).term(given[0])) for key, given in values.items() if key != "over"}
    chosen = [
        row
        for row in everything
        if all(dict(zip(columns, row, strict=True))[key] == value for key, value in wanted.items())
    ]
    if "over" in values:
        place, over = columns.index("over"), int(values["over"][0])
        most = columns.index("patients")
        chosen = [(*row[:place], over, *row[place + 1 :]) for row in chosen if row[most] > over]
    assert sorted(answered(question, loaded, {}), key=repr) == sorted(everything, key=repr)
    assert sorted(answered(question, loaded, values), key=repr) == sorted(chosen, key=repr)
    assert chosen or name == "analysis-results"


def parameter_of(question: Query, name: str) -> queries.Parameter:
    """A question's parameter by its name."""
    return next(each for each in question.parameters if each.name == name)


def test_a_kill_leaves_nothing_half_written(tmp_path: Path) -> None:
    """The file appears when it is whole; killed before, the one before it is still there."""
    target = tmp_path / "idc.nt"
    target.write_text("old\n")
    command = [sys.executable, "-m", "graph_service.cli", "import", "idc", "--level", "series", "--output", str(target)]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    )
    half = tmp_path / ".idc.nt.writing"
    for _ in range(600):
        if half.exists() and half.stat().st_size > 1_000_000:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert target.read_text() == "old\n"
    assert half.exists()
