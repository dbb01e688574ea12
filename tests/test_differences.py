"""What changed from one release to another is told thing by thing: in words, as JSON, and as RDF that is a patch.

Promised: a new visit shows as a change of the thing visited; the two graphs of the patch turn the older release into the newer;
the command and the address `/release/{a}..{b}` tell the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from graph_service import differences
from graph_service.cli import app
from graph_service.errors import NotFound
from tests.serving import serving_release
from tests.small import first, second

BASE = "https://w3id.org/imaging-survey/"
WORDS = """\
# From 2026.11 to 2027.01

0 new, 2 changed, 0 gone; 21 statements added, 11 removed.

## Hearts (archive:hearts)
"""


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("releases")
    first(folder, folder / "releases")
    second(folder, folder / "releases")
    return folder / "releases"


@pytest.fixture(scope="module")
def home(releases: Path) -> Iterator[str]:
    with serving_release(releases / "current") as url:
        yield url


def test_a_new_visit_is_told_in_words(releases: Path) -> None:
    found = differences.between("2026.11", "current", releases)
    lungs = next(each for each in found.changes if each.iri == f"{BASE}archive/lungs")
    assert (lungs.label, lungs.change) == ("Lungs", "changed")
    assert [words for words in lungs.words if "assessment" not in words] == [
        "modality: now also Magnetic resonance.",
        "last seen: 2027-01, was 2026.",
        "subjects: 60, was 40.",
        "new observation of 2027-01 from The page of Lungs, with 3 facts.",
    ]


def test_words_begin_with_the_numbers(releases: Path) -> None:
    found = differences.between("2026.11", "2027.01", releases)
    lines = found.text().splitlines()
    assert lines[0] == "# From 2026.11 to 2027.01"
    assert lines[2] == (
        f"{found.summary['things']['added']} new, {found.summary['things']['changed']} changed, "
        f"{found.summary['things']['removed']} gone; {len(found.added)} statements added, {len(found.removed)} removed."
    )
    assert "## Lungs (archive:lungs)" in lines


def test_json_has_every_statement(releases: Path) -> None:
    found = differences.between("2026.11", "2027.01", releases)
    document = json.loads(found.write("json"))
    assert (document["from"], document["to"]) == ("2026.11", "2027.01")
    told = [statement for each in document["changes"] for statement in each["added"]]
    assert len(told) == document["triples"]["added"] == len(found.added)
    lungs = next(each for each in document["changes"] if each["iri"] == f"{BASE}archive/lungs")
    assert any("subjectCount> " in each and '"60"' in each for each in lungs["added"])


def test_the_rdf_is_a_patch(releases: Path) -> None:
    old, new = (
        {ox.Triple(each.subject, each.predicate, each.object) for each in differences.find(name, releases).quads()}
        for name in ("2026.11", "2027.01")
    )
    graphs: dict[str, set[ox.Triple]] = {}
    for quad in ox.parse(differences.between("2026.11", "2027.01", releases).write("trig"), format=ox.RdfFormat.TRIG):
        graphs.setdefault(quad.graph_name.value, set()).add(ox.Triple(quad.subject, quad.predicate, quad.object))
    this = f"{BASE}release/2026.11..2027.01"
    assert set(graphs) == {this, f"{this}#added", f"{this}#removed"}
    assert (old - graphs[f"{this}#removed"]) | graphs[f"{this}#added"] == new


def test_a_release_does_not_differ_from_itself(releases: Path) -> None:
    found = differences.between("current", "2027.01", releases)
    assert found.changes == []
    assert found.text() == "# From 2027.01 to 2027.01\n\n0 new, 0 changed, 0 gone; 0 statements added, 0 removed.\n"


def test_the_address_tells_the_same_in_every_form(home: str, releases: Path) -> None:
    found = differences.between("2026.11", "2027.01", releases)
    for suffix, kind, form in (
        (".words", "text/markdown; charset=utf-8", "words"),
        (".json", "application/json", "json"),
        (".ttl", "text/turtle; charset=utf-8", "ttl"),
        (".trig", "application/trig; charset=utf-8", "trig"),
    ):
        reply = httpx.get(f"{home}/release/2026.11..2027.01{suffix}", timeout=30)
        assert (reply.status_code, reply.headers["content-type"]) == (200, kind)
        assert reply.content == found.write(form)
        assert httpx.get(reply.url, headers={"If-None-Match": reply.headers["etag"]}, timeout=30).status_code == 304
    page = httpx.get(f"{home}/release/2026.11..2027.01", headers={"Accept": "text/html"}, timeout=30)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "subjects: 60, was 40." in page.text


def test_the_command_tells_the_same(releases: Path) -> None:
    run = CliRunner().invoke(app, ["diff", "2026.11", "2027.01", "--releases", str(releases), "--format", "words"])
    assert run.exit_code == 0
    assert run.output == differences.between("2026.11", "2027.01", releases).text()


def test_an_unknown_release_is_told(releases: Path, home: str) -> None:
    with pytest.raises(NotFound, match=r"there is no release `2026.12`.* Did you mean `2026.11`\?"):
        differences.between("2026.12", "current", releases)
    assert httpx.get(f"{home}/release/2026.12..2027.01").status_code == 404
