"""Tests of `release`: a release is whole, the same each time, and never lost to a kill."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

from graph_service import graph, release
from graph_service.errors import DataError
from graph_service.graph import Survey
from graph_service.release import DUMPS, Release
from graph_service.survey import Files

ROOT = Path(__file__).parent.parent
RECORDS = Path(__file__).parent / "data" / "records"


@pytest.fixture(scope="module")
def merged(invented: Files) -> Survey:
    """The invented survey."""
    return graph.build(invented)


@pytest.fixture(scope="module")
def made(merged: Survey, invented: Files, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of the invented survey."""
    return release.write(merged, invented, tmp_path_factory.mktemp("releases"))


class TestWhatIsInIt:
    def test_the_folder_is_named_and_current(self, made: Release) -> None:
        """A release lies in a folder of its version and checksum, and `current` leads to it."""
        assert made.folder.name.startswith("2012.03-")
        assert (made.folder.parent / "current").resolve() == made.folder.resolve()
        assert (made.folder.parent / "current").readlink() == Path(made.folder.name)
        assert sorted(path.name for path in made.folder.parent.iterdir()) == [made.folder.name, "current"]

    def test_the_manifest(self, made: Release, merged: Survey) -> None:
        """The manifest names version, date, digest and counts."""
        manifest = made.manifest
        assert manifest["version"] == "2012.03"
        assert manifest["date"] == "2012-03-01"
        assert manifest["license"] == "CC0-1.0"
        assert manifest["digest"] == release.digest(merged)
        assert manifest["triples"] == len(merged.triples)
        assert manifest["quads"] == len(merged.quads) == sum(manifest["graphs"].values())
        assert manifest["graphs"]["https://w3id.org/imaging-survey/graph/archive/lungs"] == 31
        assert manifest["things"] == {"Archive": 1, "Observation": 2, "Organization": 1, "Software": 1, "Source": 2}

    def test_the_statistics(self, made: Release) -> None:
        """Facts are counted by dimension, with how many of the things each covers."""
        found = json.loads((made.folder / "statistics.json").read_text(encoding="utf-8"))
        assert found["facts"] == 6
        assert found["facts_per_dimension"] == {
            "survey:hostedWith": 1,
            "survey:modality": 3,
            "survey:notStated": 1,
            "survey:subjectCount": 1,
        }
        assert found["things_per_dimension"]["survey:modality"] == 1
        assert found["coverage_per_dimension"]["survey:modality"] == 0.5
        assert (found["oldest_fact"], found["newest_fact"]) == ("2010-08", "2012-02-01")

    def test_every_checksum_is_right(self, made: Release) -> None:
        """Each file is listed with its size and SHA-256, in the manifest and for `sha256sum -c`."""
        listed = made.manifest["files"]
        assert {f"survey.{suffix}{end}" for suffix in DUMPS for end in ("", ".gz")} <= listed.keys()
        for name, facts in listed.items():
            data = (made.folder / name).read_bytes()
            assert facts == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        done = subprocess.run(
            ["sha256sum", "--check", "--strict", "SHA256SUMS"],
            cwd=made.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        sums = (made.folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        on_disk = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
        assert {line.split("  ")[1] for line in sums} == on_disk - {"SHA256SUMS"}

    def test_each_compressed_dump_is_the_plain_one(self, made: Release) -> None:
        """Unpacked, `.gz` is the same bytes; it names no time and no file, so that it stays the same."""
        for suffix in DUMPS:
            packed = (made.folder / f"survey.{suffix}.gz").read_bytes()
            assert gzip.decompress(packed) == (made.folder / f"survey.{suffix}").read_bytes()
            assert packed[3:8] == b"\x00" * 5

    def test_the_sources_are_in_it(self, made: Release) -> None:
        """What people wrote is kept as they wrote it."""
        with zipfile.ZipFile(made.folder / "sources.zip") as packed:
            assert packed.testzip() is None
            assert packed.read("records/archive/lungs.ttl") == (RECORDS / "archive/lungs.ttl").read_bytes()

    def test_anyone_can_read_it(self, made: Release) -> None:
        """The folder is readable for the user who serves it."""
        assert made.folder.stat().st_mode & 0o777 == 0o755


class TestDumps:
    @pytest.mark.parametrize("suffix", DUMPS)
    def test_pyoxigraph_reads_every_dump_whole(self, made: Release, merged: Survey, suffix: str) -> None:
        """Each dump holds every statement, each literal in the form in which it was written."""
        read = set(ox.parse(path=made.dump(suffix), format=DUMPS[suffix]))
        if DUMPS[suffix].supports_datasets:
            assert read == set(merged.quads)
        else:
            assert {ox.Triple(each.subject, each.predicate, each.object) for each in read} == set(merged.triples)

    @pytest.mark.parametrize(("suffix", "form"), [("ttl", "turtle"), ("nt", "nt"), ("rdf", "xml")])
    def test_rdflib_counts_the_same_triples(self, made: Release, suffix: str, form: str) -> None:
        """rdflib reads as many triples as the manifest says."""
        assert len(rdflib.Graph().parse(made.dump(suffix), format=form)) == made.manifest["triples"]

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    @pytest.mark.parametrize(("suffix", "form"), [("nq", "nquads"), ("trig", "trig"), ("jsonld", "json-ld")])
    def test_rdflib_counts_the_same_quads(self, made: Release, suffix: str, form: str) -> None:
        """rdflib reads as many quads as the manifest says."""
        dataset = rdflib.Dataset()
        dataset.parse(made.dump(suffix), format=form)
        assert sum(1 for _ in dataset.quads()) == made.manifest["quads"]

    def test_the_shipped_survey_in_turtle(self, built: Survey, tmp_path: Path) -> None:
        """The whole survey in Turtle loads in rdflib and pyoxigraph, and both count the triples that there are."""
        path = tmp_path / "survey.ttl"
        ox.serialize(built.triples, str(path), format=ox.RdfFormat.TURTLE)
        assert len(set(ox.parse(path=path, format=ox.RdfFormat.TURTLE))) == len(built.triples)
        assert len(rdflib.Graph().parse(path)) == len(built.triples)


class TestTheSameEachTime:
    def test_twice_the_same_bytes(self, made: Release, invented: Files, tmp_path: Path) -> None:
        """The same files give the same release, byte for byte, under the same name."""
        again = release.write(graph.build(invented), invented, tmp_path)
        assert again.folder.name == made.folder.name
        names = sorted(path.relative_to(made.folder) for path in made.folder.rglob("*"))
        assert sorted(path.relative_to(again.folder) for path in again.folder.rglob("*")) == names
        for name in names:
            if (made.folder / name).is_file():
                assert (again.folder / name).read_bytes() == (made.folder / name).read_bytes(), name

    def test_writing_over_itself_changes_nothing(self, merged: Survey, invented: Files, tmp_path: Path) -> None:
        """A second build of the same state leaves the folder alone and no rubbish behind."""
        first = release.write(merged, invented, tmp_path)
        before = (first.folder / "manifest.json").stat().st_ino
        assert release.write(merged, invented, tmp_path).folder == first.folder
        assert (first.folder / "manifest.json").stat().st_ino == before
        assert len(list(tmp_path.iterdir())) == 2

    def test_another_state_is_another_release(self, merged: Survey, made: Release, invented: Files) -> None:
        """The digest depends on every statement and on nothing else."""
        fewer = Survey(merged.quads[1:])
        assert release.digest(fewer) != made.digest
        assert release.digest(Survey(tuple(reversed(merged.quads)))) == made.digest

    def test_the_digest_is_that_of_the_canonical_lines(self) -> None:
        """SHA-256 over sorted canonical N-Quads, as anybody can compute it."""
        quads = ox.parse("<http://e/b> <http://e/p> 2 . <http://e/a> <http://e/p> 'x'@en .", format=ox.RdfFormat.TURTLE)
        lines = [
            '<http://e/a> <http://e/p> "x"@en .\n',
            '<http://e/b> <http://e/p> "2"^^<http://www.w3.org/2001/XMLSchema#integer> .\n',
        ]
        assert release.digest(Survey(tuple(quads))) == hashlib.sha256("".join(lines).encode()).hexdigest()


class TestReading:
    def test_what_was_written_is_read(self, made: Release, merged: Survey) -> None:
        """A release gives back the quads that it was made of."""
        assert set(Release(made.folder).quads()) == set(merged.quads)

    @pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"digest": "x"}', "\x00"])
    def test_a_folder_that_is_no_release(self, text: str | None, tmp_path: Path) -> None:
        """A missing or spoilt manifest is told, with the command that makes one."""
        if text is not None:
            (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match="imaging-survey build"):
            _ = Release(tmp_path).manifest

    def test_a_spoilt_dump(self, tmp_path: Path) -> None:
        """A dump that is cut off is told, not served in part."""
        (tmp_path / "survey.nq").write_text("<http://e/a> <http://e/b> <http://e/c> .\n<http://e/a> <ht")
        with pytest.raises(DataError, match=r"survey\.nq cannot be read"):
            list(Release(tmp_path).quads())
        with pytest.raises(DataError, match=r"survey\.nq cannot be read"):
            ox.Store().bulk_extend(Release(tmp_path).quads())

    def test_a_missing_changelog(self, merged: Survey, invented: Files, tmp_path: Path) -> None:
        """Without a version there is no release, and nothing is left behind."""
        (tmp_path / "records").mkdir()
        files = Files(tmp_path / "records", invented.ontology, invented.shapes, invented.queries)
        with pytest.raises(DataError, match=r"CHANGELOG\.md: the changelog has no heading such as"):
            release.write(merged, files, tmp_path / "releases")
        assert list((tmp_path / "releases").iterdir()) == []


CHILD = """
import sys
from pathlib import Path
from graph_service import graph, release, survey
files = survey.shipped(Path(sys.argv[1]))
made = graph.build(files)
print("ready", flush=True)
release.write(made, files, Path(sys.argv[2]), lambda step: print(step, flush=True))
print("done", flush=True)
"""


class TestKilled:
    def test_a_kill_leaves_the_release_before_it_whole(self, made: Release, invented: Files, tmp_path: Path) -> None:
        """Killed at any step of writing, the build leaves `current` at a whole release: the old one or the new one."""
        shutil.copytree(RECORDS, tmp_path / "records")
        changelog = tmp_path / "records/CHANGELOG.md"
        changelog.write_text(changelog.read_text().replace("2012.03 (2012-03-01)", "2012.04 (2012-04-01)"))
        output = tmp_path / "releases"
        old = release.write(graph.build(invented), invented, output)
        self.killed = 0
        steps = self.run(tmp_path / "records", output, None, 0)
        assert steps[0] == "ready"
        assert steps[-1] == "done"
        new = next(path for path in output.iterdir() if path.name.startswith("2012.04-"))
        # From now on the new release does not exist, and each run is killed a little later.
        for moment in (0.0, 0.02):
            for step in (
                "ready",
                "computing the digest",
                "writing survey.nq",
                "writing survey.rdf",
                "putting the release in place",
            ):
                shutil.rmtree(new, ignore_errors=True)
                self.point(output, old)
                self.run(tmp_path / "records", output, step, moment)
                current = (output / "current").resolve()
                assert current in {old.folder.resolve(), new.resolve()}
                self.whole(Release(current))
                self.whole(old)
                if new.exists():
                    self.whole(Release(new))
        assert self.killed >= 5  # one that is quicker than the kill has simply ended
        assert self.run(tmp_path / "records", output, None, 0)[-1] == "done"
        assert (output / "current").resolve() == new.resolve()

    def run(self, records: Path, output: Path, step: str | None, delay: float) -> list[str]:
        """Builds in a child process, killed `delay` seconds after the given step has begun; returns the steps seen."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(records), str(output)], stdout=subprocess.PIPE, text=True, env=environment
        ) as child:
            assert child.stdout is not None
            seen = []
            for line in child.stdout:
                seen.append(line.strip())
                if seen[-1] == step:
                    time.sleep(delay)
                    child.send_signal(signal.SIGKILL)
                    break
            child.wait()
        self.killed += child.returncode == -signal.SIGKILL
        assert child.returncode in ({0} if step is None else {0, -signal.SIGKILL})
        return seen

    def point(self, output: Path, old: Release) -> None:
        """Sets `current` back to the old release."""
        link = output / ".back"
        link.symlink_to(old.folder.name)
        link.replace(output / "current")

    def whole(self, found: Release) -> None:
        """Every file of a release is there with the bytes that its manifest promises."""
        for name, facts in found.manifest["files"].items():
            data = (found.folder / name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == facts["sha256"], name
