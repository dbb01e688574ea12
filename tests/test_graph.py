"""Tests of `graph`: every file a named graph, and what follows from them in a graph of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service import graph, survey
from graph_service.errors import DataError
from graph_service.graph import DERIVED, Survey
from graph_service.survey import Files
from graph_service.terms import SCHEMES, shorten

GRAPH = "https://w3id.org/imaging-survey/graph/"
LUNGS = ox.NamedNode("https://w3id.org/imaging-survey/archive/lungs")


def copied(folder: Path, invented: Files) -> Files:
    """A copy of the invented records, to be changed."""
    shutil.copytree(invented.records, folder / "records")
    return Files(folder / "records", invented.ontology, invented.shapes, invented.queries)


class TestBuild:
    @pytest.fixture(scope="class")
    @staticmethod
    def merged(invented: Files) -> Survey:
        """The invented survey."""
        return graph.build(invented)

    def test_each_file_is_a_named_graph(self, merged: Survey) -> None:
        """Records, ontology, alignment and vocabularies keep their own graphs, and derived facts have one."""
        names = {quad.graph_name.value for quad in merged.quads if isinstance(quad.graph_name, ox.NamedNode)}
        own = {"archive/lungs", "software/breath", "organization/lung-house", "source/shared"}
        words = {"ontology", "alignment", *(f"vocabulary/{scheme}" for scheme in SCHEMES)}
        assert names - {f"{GRAPH}retired"} == {f"{GRAPH}{name}" for name in own | words | {"derived"}}

    def test_a_record_is_in_its_graph_as_it_was_written(self, merged: Survey) -> None:
        """Number and language tag keep their form; nothing is added to the record's graph."""
        mine = [quad for quad in merged.quads if quad.graph_name == ox.NamedNode(f"{GRAPH}archive/lungs")]
        assert len(mine) == 31
        assert '"009"^^<http://www.w3.org/2001/XMLSchema#integer>' in {str(quad.object) for quad in mine}
        assert '"Invented scans of lungs, \\"all\\" of them free."@en' in {str(quad.object) for quad in mine}

    def test_what_follows_for_the_archive(self, merged: Survey) -> None:
        """The newest values of each dimension are said of the thing itself."""
        found = sorted(
            f"{shorten(quad.predicate.value)} {shown(quad.object)}"
            for quad in merged.quads
            if quad.graph_name == ox.NamedNode(DERIVED)
            and quad.subject == LUNGS
            and "/assessment" not in str(quad.object)
        )
        assert [each for each in found if not each.startswith(("survey:assess", "survey:use"))] == [
            "survey:approximately survey:subjectCount",
            "survey:hostedWith software:breath",
            "survey:lastSeen 2012",
            "survey:modality modality:ct",
            "survey:modality modality:mr",
            "survey:notStated survey:license",
            "survey:subjectCount 009",
        ]

    def test_what_is_written_is_not_derived_again(self, merged: Survey) -> None:
        """A derived fact is one that no file states."""
        written = {quad_triple(quad) for quad in merged.quads if quad.graph_name != ox.NamedNode(DERIVED)}
        derived = {quad_triple(quad) for quad in merged.quads if quad.graph_name == ox.NamedNode(DERIVED)}
        assert derived
        assert written & derived == set()

    def test_the_order_is_always_the_same(self, invented: Files, merged: Survey) -> None:
        """Two builds of the same files give the same quads in the same order."""
        assert graph.build(invented).quads == merged.quads
        assert list(merged.quads) == sorted(
            set(merged.quads), key=lambda q: (str(q.graph_name), str(q.subject), str(q.predicate), str(q.object))
        )

    def test_triples_are_those_of_all_graphs(self, merged: Survey) -> None:
        """A triple that stands in two graphs counts once."""
        assert len(merged.triples) == len({quad_triple(quad) for quad in merged.quads}) == len(set(merged.triples))


class TestBadFiles:
    @pytest.mark.parametrize(
        ("name", "text", "message"),
        [
            ("archive/broken.ttl", "}", "archive/broken.ttl:1:1: syntax: "),
            ("archive/No Slug.ttl", "", "archive/No Slug.ttl:1:1: file-name: `No Slug` is no slug"),
            ("theme/lungs.ttl", "", "theme/lungs.ttl:1:1: file-name: a record lies in one of the folders"),
            ("archive/latin.ttl", "# \udce9", "archive/latin.ttl:1:3: encoding: byte 0xe9 is not UTF-8"),
            ("archive/blank.ttl", "[] a [] .", "archive/blank.ttl: a blank node cannot be linked to"),
        ],
    )
    def test_a_file_that_cannot_be_used_is_named(
        self, name: str, text: str, message: str, tmp_path: Path, invented: Files
    ) -> None:
        """Nothing is built from half of the records: the file at fault is told."""
        files = copied(tmp_path, invented)
        path = files.records / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode(errors="surrogateescape"))
        with pytest.raises(DataError) as caught:
            graph.build(files)
        assert str(caught.value).removeprefix(f"{files.records}/").startswith(message)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        """Records that do not exist are told like any other fault of data."""
        with pytest.raises(DataError, match="missing-file"):
            graph.build(survey.shipped(tmp_path / "none"))


class TestRules:
    def test_rules_see_what_the_ones_before_them_found(self, tmp_path: Path, invented: Files) -> None:
        """Each `derive/*.rq` adds to the derived facts, in order of its name."""
        files = copied(tmp_path, invented)
        shutil.copytree(invented.queries, tmp_path / "queries")
        for name, what in (("zz-1", "survey:modality ?value"), ("zz-2", "<http://example.org/step> ?value")):
            (tmp_path / f"queries/derive/{name}.rq").write_text(
                f"#+ summary: A rule for tests.\nPREFIX survey: <https://w3id.org/imaging-survey/ontology#>\n"
                f"CONSTRUCT {{ ?thing <http://example.org/step> ?value . ?thing <http://example.org/{name}> ?value }}\n"
                f"WHERE {{ ?thing a survey:Archive ; {what} }}\n"
            )
        own = Files(files.records, files.ontology, files.shapes, tmp_path / "queries")
        found = {
            quad.predicate.value: quad.graph_name.value
            for quad in graph.build(own).quads
            if quad.predicate.value.startswith("http://example.org/") and isinstance(quad.graph_name, ox.NamedNode)
        }
        assert found == {f"http://example.org/{name}": DERIVED for name in ("step", "zz-1", "zz-2")}

    def test_a_rule_that_is_no_construct(self, tmp_path: Path, invented: Files) -> None:
        """A rule of another form is named."""
        files = copied(tmp_path, invented)
        (tmp_path / "queries/derive").mkdir(parents=True)
        (tmp_path / "queries/derive/select.rq").write_text("#+ summary: No rule.\nSELECT * WHERE { ?a ?b ?c }")
        own = Files(files.records, files.ontology, files.shapes, tmp_path / "queries")
        with pytest.raises(DataError, match=r"select\.rq: a rule that derives facts is a CONSTRUCT query\."):
            graph.build(own)


def quad_triple(quad: ox.Quad) -> ox.Triple:
    """A quad without its graph."""
    return ox.Triple(quad.subject, quad.predicate, quad.object)


def shown(term: object) -> str:
    """A term in short."""
    return shorten(term.value) if isinstance(term, ox.NamedNode) else str(getattr(term, "value", term))
