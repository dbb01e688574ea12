"""Tests of the command `imaging-survey`, a process of its own: what it prints, its exit codes, never a traceback."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from graph_service import __version__
from graph_service.release import Release

ROOT = Path(__file__).parent.parent
INVENTED = Path(__file__).parent / "data" / "records"


def run(
    *arguments: str | bytes | Path, cwd: Path | None = None, text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command with these arguments; no run may show a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "graph_service.cli", *arguments],
        cwd=cwd or ROOT,
        input=text,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment},
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A copy of the invented records, to be spoilt."""
    return Path(shutil.copytree(INVENTED, tmp_path / "records"))


def change(path: Path, before: str, after: str) -> None:
    """Replaces a text in a file."""
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


class TestCheck:
    def test_the_shipped_survey_has_no_problem(self) -> None:
        """`imaging-survey check` on the shipped data: silence, and exit code 0."""
        done = run("check")
        assert (done.returncode, done.stdout) == (0, "")
        assert "No problem found." in done.stderr

    def test_records_that_lie_anywhere(self, records: Path) -> None:
        """A folder laid out like records/ is checked wherever it lies, and so is one record, from any folder."""
        assert run("check", records).returncode == 0
        assert run("check", "lungs.ttl", cwd=records / "archive").returncode == 0

    def test_bad_records(self, records: Path) -> None:
        """Every fault of every file is one line `path:line:column: rule: message`; the exit code is 1."""
        change(records / "archive/lungs.ttl", "organization:lung-house", "organization:lung-hose")
        change(records / "archive/lungs.ttl", "    survey:modality modality:mr ;", "    survey:modality modality:mri;")
        change(records / "software/breath.ttl", "software:breath\n", "software:breth\n")
        change(records / "source/shared.ttl", "source:shared\n", "source:shared")
        (records / "archive/twin.ttl").write_bytes((records / "software/breath.ttl").read_bytes())
        (records / "archive/latin.ttl").write_bytes(b"# Gr\xf6\xdfe\n")
        (records / "archive/mark.ttl").write_bytes(b"\xef\xbb\xbf# x\n")
        (records / "archive/huge.ttl").write_bytes(b"#" * 2_000_000)
        (records / "archive/loop.ttl").symlink_to("loop.ttl")
        (records / "archive/Big.ttl").write_text("# x\n")
        (records / "theme").mkdir()
        (records / "theme/lungs.ttl").write_text("# x\n")
        os.mkfifo(records / "archive/pipe.ttl")
        done = run("check", records)
        assert done.returncode == 1
        found = [line.replace(f"{records}/", "") for line in done.stdout.splitlines()]
        for expected in (
            "archive/Big.ttl:1:1: file-name: `Big` is no slug; use lower-case letters, digits and single hyphens.",
            "archive/huge.ttl:1:1: too-large: the file has 2,000,000 bytes; a record has at most 1,000,000.",
            "archive/latin.ttl:1:5: encoding: byte 0xf6 is not UTF-8; save the file as UTF-8.",
            "archive/loop.ttl:1:1: unreadable: the file cannot be read: Too many levels of symbolic links.",
            "archive/lungs.ttl:50:5: style-line: a fact ends in ` ;`, with one space before it.",
            "archive/mark.ttl:1:1: encoding: the file starts with a byte order mark; save it as UTF-8 without one.",
            "archive/pipe.ttl:1:1: unreadable: this is no plain file.",
            "archive/twin.ttl:6:1: path-subject: the path names `archive:twin`, the first subject is `software:breth`.",
            (
                "software/breath.ttl:6:1: path-subject: the path names `software:breath`, the first "
                "subject is `software:breth`."
            ),
            (
                "theme/lungs.ttl:1:1: file-name: a record lies in one of the folders "
                "`archive/`, `collection/`, `software/`, "
                "`organization/`, `source/`, not in `theme/`."
            ),
        ):
            assert expected in found, done.stdout
        starts = [
            (
                "archive/lungs.ttl:25:21: unknown-name: `organization:lung-hose` is described "
                "nowhere. Did you mean `organization:lung-house`?"
            ),
            "archive/twin.ttl:6:1: two-identities: `software:breth` is described in ",
            "software/breath.ttl:6:1: two-identities: `software:breth` is described in ",
        ]
        for start in starts:
            assert any(line.startswith(start) for line in found), done.stdout
        assert f"{len(found)} problems." in done.stderr
        assert found == sorted(found, key=lambda line: line.split(":")[0])

    def test_a_syntax_error(self, records: Path) -> None:
        """What is no Turtle is told where the parser stopped."""
        change(
            records / "source/shared.ttl",
            "survey:sourceKind source-kind:survey ;\n.",
            "survey:sourceKind source-kind:survey ;",
        )
        done = run("check", records / "source/shared.ttl")
        assert done.returncode == 1
        assert "source/shared.ttl:14:1: syntax: " in done.stdout
        assert "source/shared.ttl:13:1: style-stanza: the last stanza is not closed" in done.stdout

    def test_an_unknown_prefix(self, records: Path) -> None:
        """A prefix that is not the survey's is told at its line, with the one that was meant."""
        change(
            records / "source/shared.ttl",
            "@prefix schema: <https://schema.org/> .",
            "@prefix shema: <https://schema.org/> .",
        )
        change(records / "source/shared.ttl", "schema:url", "shema:url")
        done = run("check", records / "source/shared.ttl")
        assert done.returncode == 1
        assert done.stdout == (
            f"{records}/source/shared.ttl:2:9: unknown-prefix: `shema:` is no prefix of the "
            "survey. Did you mean `schema`?\n"
        )

    def test_paths_that_hold_no_record(self, tmp_path: Path) -> None:
        """A missing path, an empty folder, a file of another kind, an impossible name: a problem each."""
        (tmp_path / "notes.txt").write_text("x")
        (tmp_path / "empty").mkdir()
        done = run("check", "none.ttl", "empty", "notes.txt", "a" * 300, "", cwd=tmp_path)
        assert done.returncode == 1
        for expected in (
            "none.ttl:1:1: missing-file: there is no such file or folder.",
            "empty:1:1: no-records: this folder holds no record; records are `<kind>/<slug>.ttl` files.",
            "notes.txt:1:1: file-name: a record is a Turtle file; name it `notes.ttl`.",
            f"{'a' * 300}:1:1: missing-file: there is no such file or folder that can be read: File name too long.",
        ):
            assert expected in done.stdout.splitlines()

    def test_a_name_that_is_no_text(self, tmp_path: Path) -> None:
        """A file whose name is not UTF-8 is told about all the same, also where the terminal knows only ASCII."""
        (tmp_path / "archive").mkdir()
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/archive/\xff.ttl")).write_text("# x\n")
        for environment in ({}, {"PYTHONIOENCODING": "ascii"}):
            done = run("check", tmp_path, **environment)
            assert done.returncode == 1
            assert "file-name: `" in done.stdout

    def test_whoever_reads_may_stop_reading(self, records: Path) -> None:
        """A pipe that is closed early ends the command quietly."""
        change(records / "archive/lungs.ttl", "    a survey:Archive ;", "    a survey:Archiv ;")
        done = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m graph_service.cli check {records} | true"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert "BrokenPipe" not in done.stderr


class TestAsk:
    def ask(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """`imaging-survey ask` over the invented records."""
        return run("ask", "--records", INVENTED, *arguments, text=text)

    QUERY = (
        "PREFIX survey: <https://w3id.org/imaging-survey/ontology#> PREFIX dcterms: <http://purl.org/dc/terms/> "
        "SELECT ?archive ?title { ?archive a survey:Archive ; dcterms:title ?title }"
    )

    def test_a_table(self) -> None:
        """The answer is a table for people: names in short, literals without quotes."""
        done = self.ask(self.QUERY)
        assert done.returncode == 0
        assert "│ archive:lungs │ Lungs of the World │" in done.stdout
        assert done.stdout.endswith("1 row\n")

    def test_csv(self) -> None:
        """`--format csv` is the standard's CSV and nothing else."""
        done = self.ask(self.QUERY, "--format", "csv")
        assert list(csv.reader(io.StringIO(done.stdout))) == [
            ["archive", "title"],
            ["https://w3id.org/imaging-survey/archive/lungs", "Lungs of the World"],
        ]
        assert done.stderr == ""

    def test_json(self) -> None:
        """`--format json` is SPARQL's JSON, language tag and all."""
        done = self.ask(self.QUERY, "--format", "json")
        assert json.loads(done.stdout)["results"]["bindings"] == [
            {
                "archive": {"type": "uri", "value": "https://w3id.org/imaging-survey/archive/lungs"},
                "title": {"type": "literal", "value": "Lungs of the World", "xml:lang": "en"},
            }
        ]

    def test_from_standard_input(self) -> None:
        """`-` reads the query from standard input."""
        assert (
            self.ask("-", "-f", "csv", text="ASK { ?a a <https://w3id.org/imaging-survey/ontology#Archive> }").stdout
            == "true"
        )

    def test_a_graph(self) -> None:
        """CONSTRUCT gives Turtle, and no CSV."""
        text = (
            "CONSTRUCT { ?a ?p ?o } WHERE { VALUES ?a { <https://w3id.org/imaging-survey/software/breath> } ?a ?p ?o }"
        )
        done = self.ask(text)
        assert 'dcterms:title "Breath"@en' in done.stdout
        bad = self.ask(text, "--format", "csv")
        assert bad.returncode == 2
        assert bad.stderr == "bad-parameter: a graph is written as ttl, nt, rdf, jsonld, not as `csv`.\n"

    def test_a_question_by_name(self) -> None:
        """A predefined question is asked by its name, with its parameters."""
        done = self.ask("overlaps", "collection=lidc-idri", "--format", "csv")
        assert done.returncode == 0
        assert done.stdout.startswith("collection,")

    def test_markup_in_an_answer_stays_text(self) -> None:
        """Brackets in a literal are shown, not obeyed."""
        done = self.ask('SELECT ("[/bold] [red]x" AS ?a) {}')
        assert "[/bold] [red]x" in done.stdout

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["overlap"], "bad-parameter: there is no question `overlap`. Did you mean `overlaps`?"),
            (
                ["overlap", "a=b"],
                (
                    "bad-parameter: `overlap` is no question of the survey, so it takes no "
                    "parameters. Did you mean `overlaps`?"
                ),
            ),
            (["overlaps", "lidc"], "bad-parameter: `lidc` is no parameter; write name=value."),
            (
                ["overlaps", "colection=x"],
                "bad-parameter: `overlaps` has no parameter `colection`; it has `collection`.",
            ),
            (
                ["overlaps", "collection=a b"],
                "bad-parameter: `collection=a b` is not an IRI, a prefixed name or a short name",
            ),
            (["SELECT nonsense"], "query-syntax: "),
            (["INSERT DATA { <http://a> <http://b> 1 }"], "update-refused: "),
            ([""], "query-syntax: "),
            (["ASK {}", "--release", "/nowhere"], "data-error: /nowhere holds no release: "),
        ],
    )
    def test_what_cannot_be_asked(self, arguments: list[str], message: str) -> None:
        """A question that cannot be answered is told in one line; the exit code is 2."""
        done = self.ask(*arguments)
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(message), done.stderr
        assert done.stdout == ""

    def test_records_that_are_not_there(self) -> None:
        """A folder of records that does not exist is told."""
        done = run("ask", "--records", "/nowhere", "ASK {}")
        assert (done.returncode, done.stderr) == (
            2,
            "data-error: /nowhere:1:1: missing-file: there is no such file or folder.\n",
        )


class TestBuild:
    def test_a_release(self, tmp_path: Path) -> None:
        """`build` writes a release, makes it current, prints its folder, and `ask --release` answers from it."""
        done = run("build", "--records", INVENTED, "--output", tmp_path)
        assert done.returncode == 0, done.stderr
        folder = Path(done.stdout.strip())
        assert folder.parent == tmp_path
        assert (tmp_path / "current").resolve() == folder.resolve()
        manifest = Release(folder).manifest
        assert (
            f"Release 2012.03 of 2012-03-01: {manifest['triples']:,} triples, digest {manifest['digest'][:16]}."
            in done.stderr
        )
        answer = run(
            "ask", "ASK { ?a a <https://w3id.org/imaging-survey/ontology#Archive> }", "--release", tmp_path / "current"
        )
        assert answer.stdout == "yes\n"

    def test_twice_the_same(self, tmp_path: Path) -> None:
        """Two builds of the same records, each in a process of its own, give the same bytes."""
        folders = [
            Path(run("build", "--records", INVENTED, "-o", tmp_path / name).stdout.strip()) for name in ("a", "b")
        ]
        listed = [{p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders]
        assert folders[0].name == folders[1].name
        assert [name for name in listed[0] if listed[0][name] != listed[1].get(name)] == []
        assert listed[0].keys() == listed[1].keys()

    def test_a_place_where_nothing_can_be_written(self, tmp_path: Path) -> None:
        """An output that is a file is told in one line."""
        (tmp_path / "taken").write_text("x")
        done = run("build", "--records", INVENTED, "-o", tmp_path / "taken")
        assert (done.returncode, done.stderr) == (2, f"{tmp_path}/taken: File exists.\n")

    def test_bad_records(self, records: Path, tmp_path: Path) -> None:
        """A record that cannot be read keeps the release from being built."""
        (records / "archive/broken.ttl").write_text("}")
        done = run("build", "--records", records, "-o", tmp_path / "out")
        assert done.returncode == 2
        assert done.stderr.startswith(f"data-error: {records}/archive/broken.ttl:1:1: syntax: ")
        assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


class TestTheRest:
    def test_the_version(self) -> None:
        """`--version` is the version and nothing else."""
        done = run("--version")
        assert (done.returncode, done.stdout) == (0, f"imaging-survey {__version__}\n")

    def test_help(self) -> None:
        """`--help` names the commands; no command shows it too."""
        for arguments in (("--help",), ()):
            done = run(*arguments)
            for command in ("check", "build", "ask", "questions", "serve"):
                assert command in done.stdout + done.stderr

    def test_questions(self) -> None:
        """`questions` lists each question with its parameters."""
        done = run("questions")
        assert done.returncode == 0
        assert (
            "overlaps  collection=lidc-idri\n    Which collections share people or images with {collection}?"
            in done.stdout
        )

    def test_serve_without_a_release(self) -> None:
        """A release that is not there is told before anything is served."""
        for workers in ("1", "2"):
            done = run("serve", "--release", "/nowhere", "--port", "0", "--workers", workers)
            assert done.returncode == 2
            assert done.stderr.startswith("data-error: /nowhere holds no release: ")

    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_serve_says_where(self, workers: str, released: Release, tmp_path: Path) -> None:
        """`serve` takes a free port, says which, answers there, and ends when it is told to."""
        command = [sys.executable, "-m", "graph_service.cli", "serve", "--port", "0", "--workers", workers]
        log = tmp_path / "log"
        with (
            log.open("w") as out,
            subprocess.Popen(
                [*command, "--release", released.folder],
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            ) as process,
        ):
            try:
                status = 0
                for _ in range(150):
                    found = re.search(r"http://127\.0\.0\.1:\d+/", log.read_text())
                    with contextlib.suppress(httpx.TransportError):
                        if found:
                            status = httpx.get(f"{found[0]}query/overlaps.csv", timeout=10).status_code
                            break
                    time.sleep(0.1)
                assert status == 200, log.read_text()
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(20)
        assert "Traceback" not in log.read_text()

    def test_a_setting_that_makes_no_sense(self) -> None:
        """A setting of the environment that cannot be read is told, not raised."""
        done = run("serve", "--port", "0", IMAGING_SURVEY_QUERY_SECONDS="soon")
        assert (done.returncode, done.stderr) == (
            2,
            (
                "bad-parameter: IMAGING_SURVEY_QUERY_SECONDS: Input should be a valid number, "
                "unable to parse string as a number.\n"
            ),
        )
