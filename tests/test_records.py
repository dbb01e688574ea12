"""Tests of `records`: which file is which thing, and what keeps a file from being read."""

from __future__ import annotations

import os
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service import records
from graph_service.problems import Problem, suggestion
from graph_service.records import Record


def written(root: Path, name: str, data: bytes | str = b"") -> Path:
    """A file below a folder."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def said(root: Path, path: Path) -> list[str]:
    """What `find` yields, with paths from the root on."""
    return [
        str(each).removeprefix(f"{root}/") if isinstance(each, Problem) else f"{each.kind}:{each.slug}"
        for each in records.find(path)
    ]


class TestNames:
    def test_path_name_and_address_are_one(self) -> None:
        """A record's path says what it is called and which graph it becomes."""
        record = records.identify(Path("anywhere/archive/give-a-scan.ttl"))
        assert isinstance(record, Record)
        assert record.iri == "https://w3id.org/imaging-survey/archive/give-a-scan"
        assert record.graph == "https://w3id.org/imaging-survey/graph/archive/give-a-scan"

    @pytest.mark.parametrize("slug", ["a", "2", "lidc-idri", "nhanes-2.0", "0-1-2"])
    def test_slugs(self, slug: str) -> None:
        """Lower-case letters and digits with single hyphens or dots between them make a slug."""
        assert records.identify(Path(f"archive/{slug}.ttl")) == Record(Path(f"archive/{slug}.ttl"), "archive", slug)

    @pytest.mark.parametrize("slug", ["A", "a_b", "a--b", "-a", "a-", "a b", "é", "a..b"])
    def test_what_is_no_slug(self, slug: str) -> None:
        """Anything else is refused, with what to write."""
        problem = records.identify(Path(f"archive/{slug}.ttl"))
        assert str(problem) == (
            f"archive/{slug}.ttl:1:1: file-name: `{slug}` is no slug; use lower-case letters, "
            "digits and single hyphens."
        )

    def test_a_folder_that_is_no_kind(self) -> None:
        """A record lies in the folder of its kind."""
        assert str(records.identify(Path("/x/dataset/a.ttl"))) == (
            "/x/dataset/a.ttl:1:1: file-name: a record lies in one of the folders `archive/`, "
            "`collection/`, `software/`, "
            "`organization/`, `source/`, not in `dataset/`."
        )

    def test_another_ending(self) -> None:
        """A record is a Turtle file."""
        assert str(records.identify(Path("archive/a.rdf"))) == (
            "archive/a.rdf:1:1: file-name: a record is a Turtle file; name it `a.ttl`."
        )


class TestFinding:
    def test_a_folder_yields_its_records_in_order(self, tmp_path: Path) -> None:
        """All records below a folder are found, ordered by path; notes and hidden files are none."""
        for name in (
            "archive/b.ttl",
            "archive/a.ttl",
            "source/c.ttl",
            "README.md",
            "archive/.a.ttl.swp",
            ".git/x.ttl",
            "LICENSE",
        ):
            written(tmp_path, name)
        assert said(tmp_path, tmp_path) == ["archive:a", "archive:b", "source:c"]

    def test_misplaced_files_are_named(self, tmp_path: Path) -> None:
        """A file that is no record is a problem, and hides none of the others."""
        for name in ("archive/a.ttl", "archive/a.jsonld", "b.ttl", "archive/deep/er.ttl"):
            written(tmp_path, name)
        found = said(tmp_path, tmp_path)
        assert [each.split(": ")[0] for each in found] == [
            "archive/a.jsonld:1:1",
            "archive:a",
            "archive/deep/er.ttl:1:1",
            "b.ttl:1:1",
        ]

    def test_one_file(self, tmp_path: Path) -> None:
        """The path of a file finds that file."""
        assert said(tmp_path, written(tmp_path, "software/midas.ttl")) == ["software:midas"]

    def test_a_folder_without_records(self, tmp_path: Path) -> None:
        """An empty folder is a problem: whoever checks it meant another one."""
        written(tmp_path, "README.md")
        assert [str(each) for each in records.find(tmp_path)] == [
            f"{tmp_path}:1:1: no-records: this folder holds no record; records are `<kind>/<slug>.ttl` files."
        ]

    def test_nothing_there(self, tmp_path: Path) -> None:
        """A path that does not exist is told."""
        assert said(tmp_path, tmp_path / "archive/none.ttl") == [
            "archive/none.ttl:1:1: missing-file: there is no such file or folder."
        ]

    def test_a_name_that_no_file_can_have(self, tmp_path: Path) -> None:
        """A name that is too long for the file system is told, not raised."""
        assert [each.message for each in records.find(tmp_path / ("a" * 5000)) if isinstance(each, Problem)] == [
            "there is no such file or folder that can be read: File name too long."
        ]

    def test_links_in_a_circle(self, tmp_path: Path) -> None:
        """A link to itself and a folder that links to its parent lead into no endless loop."""
        written(tmp_path, "archive/a.ttl")
        (tmp_path / "archive/loop.ttl").symlink_to("loop.ttl")
        (tmp_path / "archive/up").symlink_to(tmp_path)
        assert said(tmp_path, tmp_path) == ["archive:a", "archive:loop"]
        assert said(tmp_path, tmp_path / "archive/loop.ttl") == [
            (
                "archive/loop.ttl:1:1: missing-file: there is no such file or folder that can be read: "
                "Too many levels of symbolic links."
            )
        ]


class TestReading:
    def read(self, path: Path) -> str:
        """The text of a file, or the problem without its path."""
        return str(records.text_of(path)).removeprefix(f"{path}:")

    def test_text(self, tmp_path: Path) -> None:
        """UTF-8 comes out as it went in."""
        assert self.read(written(tmp_path, "a.ttl", "é\n🫁\r\n")) == "é\n🫁\r\n"

    def test_not_utf8(self, tmp_path: Path) -> None:
        """The first byte that is not UTF-8 is named with line and column, counted in characters."""
        path = written(tmp_path, "a.ttl", "é\nGött".encode() + b"\xe9n")
        assert self.read(path) == "2:5: encoding: byte 0xe9 is not UTF-8; save the file as UTF-8."

    def test_utf16(self, tmp_path: Path) -> None:
        """A file in UTF-16 fails at its first byte."""
        path = written(tmp_path, "a.ttl", "archive:a".encode("utf-16"))
        assert self.read(path) == "1:1: encoding: the file is not UTF-8, but looks like UTF-16; save it as UTF-8."

    def test_byte_order_mark(self, tmp_path: Path) -> None:
        """UTF-8 with a byte order mark is refused: the mark would become part of the first name."""
        path = written(tmp_path, "a.ttl", "archive:a".encode("utf-8-sig"))
        assert self.read(path) == "1:1: encoding: the file starts with a byte order mark; save it as UTF-8 without one."

    def test_too_large(self, tmp_path: Path) -> None:
        """A file that nobody can review is refused before it is read."""
        path = written(tmp_path, "a.ttl", "#" * 1_000_001)
        assert self.read(path) == "1:1: too-large: the file has 1,000,001 bytes; a record has at most 1,000,000."

    def test_a_pipe(self, tmp_path: Path) -> None:
        """A named pipe is refused instead of waited for."""
        path = tmp_path / "a.ttl"
        os.mkfifo(path)
        assert self.read(path) == "1:1: unreadable: this is no plain file."

    def test_a_dangling_link(self, tmp_path: Path) -> None:
        """A link to nothing is a file that cannot be read."""
        (tmp_path / "a.ttl").symlink_to("nowhere")
        assert self.read(tmp_path / "a.ttl") == "1:1: unreadable: the file cannot be read: No such file or directory."


class TestParsing:
    GRAPH = "https://w3id.org/imaging-survey/graph/archive/a"

    def test_literals_keep_their_form(self) -> None:
        """Numbers and dates come out as they were written."""
        quads = records.parse(Path("a.ttl"), "<http://e/a> <http://e/b> 1.50 , 007 , true .", self.GRAPH)
        assert isinstance(quads, list)
        assert [quad.object.value for quad in quads] == ["1.50", "007", "true"]
        assert {quad.graph_name for quad in quads} == {ox.NamedNode(self.GRAPH)}

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("archive:a a 5 .", "1:1: syntax: The prefix archive: has not been declared."),
            (
                "<http://e/a>\n  <http://e/b> 'x\n",
                "2:16: syntax: Unexpected end of file: what starts here, a text or an address, is not closed.",
            ),
            ("<http://e/a> <http://e/b> 'x' ", "1:31: syntax: Triples should be followed by a dot."),
            (
                "<a> <http://e/b> 1 .",
                "1:1: syntax: No scheme found in an absolute IRI; write the whole address, with https://.",
            ),
            ("<http://e/a> <http://e/b> 1 . }", "1:31: syntax: "),
            ("\x00", "1:1: syntax: "),
            (
                "<http://e/a> <http://e/b> <<( <http://e/a> <http://e/b> 1 )>> .",
                "1:27: syntax: statements about statements (RDF 1.2) are not used; write an observation.",
            ),
        ],
    )
    def test_a_syntax_error_has_a_place(self, text: str, expected: str) -> None:
        """The first thing that is no Turtle is told with line, column and reason."""
        problem = records.parse(Path("a.ttl"), text, self.GRAPH)
        assert str(problem).startswith(f"a.ttl:{expected}")

    def test_reading_goes_on_after_a_bad_file(self, tmp_path: Path) -> None:
        """A file that cannot be used does not keep the next from being read."""
        bad = written(tmp_path, "archive/a.ttl", "}")
        good = written(tmp_path, "archive/b.ttl", "<http://e/a> <http://e/b> 1 .")
        found = dict(records.read([(bad, self.GRAPH), (good, self.GRAPH)]))
        assert isinstance(found[bad], Problem)
        assert len(found[good]) == 1  # type: ignore[arg-type]


class TestProblems:
    def test_a_problem_is_one_line(self) -> None:
        """Whatever a file holds, the message about it stays on one line and moves no cursor."""
        problem = Problem(Path("a.ttl"), 3, 9, "shape", "Found\n`x\ty\x1b[31m`.")
        assert str(problem) == "a.ttl:3:9: shape: Found `x y [31m`."

    def test_problems_are_ordered_by_place(self) -> None:
        """Path, then line, then column."""
        first, second, third = (
            Problem(Path(p), n, c, "r", "m") for p, n, c in (("a", 9, 1), ("b", 2, 7), ("b", 10, 1))
        )
        assert sorted([third, second, first]) == [first, second, third]

    def test_a_near_name_is_suggested(self) -> None:
        """A misspelt name gets the nearest known one, a strange one none."""
        assert suggestion("modalty", ["model", "modality", "anatomy"]) == " Did you mean `modality`?"
        assert suggestion("xyz", ["modality", "anatomy"]) == ""
        assert suggestion("xyz", []) == ""
