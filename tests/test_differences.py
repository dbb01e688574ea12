"""What changed from one release to another is told thing by thing: in words, as JSON, and as RDF that is a patch.

Promised: a new visit shows as a change of the thing visited; the two graphs of the patch turn the older release into
the newer; the command and the address `/release/{a}..{b}` tell the same.
"""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from graph_service import differences
from graph_service.cli import app
from graph_service.errors import NotFound

BASE = "https://w3id.org/imaging-survey/"


def test_a_new_visit_is_told_in_words(pair: Path) -> None:
    found = differences.between("2026.11", "current", pair)
    lungs = next(each for each in found.changes if each.iri == f"{BASE}archive/lungs")
    assert (lungs.label, lungs.change) == ("Lungs", "changed")
    assert [words for words in lungs.words if "assessment" not in words] == [
        "last seen: 2027-01, was 2026.",
        "modality: now also Magnetic resonance.",
        "subjects: 60, was 40.",
        "new observation of 2027-01 from The page of Lungs, with 3 facts.",
    ]


def test_a_retired_thing_is_told_with_its_successor(pair: Path) -> None:
    found = differences.between("2026.11", "2027.01", pair)
    hearts = next(each for each in found.changes if each.iri == f"{BASE}archive/hearts")
    assert (hearts.label, hearts.change) == ("Hearts", "retired")
    assert hearts.words == ("was retired; see Lungs. Both were the same archive.",)
    assert found.summary["things"]["retired"] == 1


def test_words_are_sentences(pair: Path) -> None:
    """With a name that a reader knows for each property, and one full stop."""
    said = [words for each in differences.between("2026.11", "2027.01", pair).changes for words in each.words]
    assert said
    for words in said:
        assert words.endswith(".")
        assert not words.endswith("..")
        assert not words.startswith(("dcterms:", "rdf:", "owl:", "rdfs:"))


def test_words_begin_with_the_numbers(pair: Path) -> None:
    found = differences.between("2026.11", "2027.01", pair)
    lines = found.text().splitlines()
    assert lines[0] == "# From 2026.11 to 2027.01"
    assert lines[2] == (
        f"{found.summary['things']['added']} new, {found.summary['things']['changed']} changed, "
        f"{found.summary['things']['retired']} retired, {found.summary['things']['removed']} gone; "
        f"{len(found.added)} statements added, {len(found.removed)} removed."
    )
    assert "## Lungs (archive:lungs)" in lines


def test_json_has_every_statement(pair: Path) -> None:
    found = differences.between("2026.11", "2027.01", pair)
    document = json.loads(found.write("json"))
    assert (document["from"], document["to"]) == ("2026.11", "2027.01")
    told = [statement for each in document["changes"] for statement in each["added"]]
    assert len(told) == document["triples"]["added"] == len(found.added)
    lungs = next(each for each in document["changes"] if each["iri"] == f"{BASE}archive/lungs")
    assert any("subjectCount> " in each and '"60"' in each for each in lungs["added"])


def test_the_rdf_is_a_patch(pair: Path) -> None:
    old, new = (
        {ox.Triple(each.subject, each.predicate, each.object) for each in differences.find(name, pair).quads()}
        for name in ("2026.11", "2027.01")
    )
    graphs: dict[str, set[ox.Triple]] = {}
    for quad in ox.parse(differences.between("2026.11", "2027.01", pair).write("trig"), format=ox.RdfFormat.TRIG):
        graphs.setdefault(quad.graph_name.value, set()).add(ox.Triple(quad.subject, quad.predicate, quad.object))
    this = f"{BASE}release/2026.11..2027.01"
    assert set(graphs) == {this, f"{this}#added", f"{this}#removed"}
    assert (old - graphs[f"{this}#removed"]) | graphs[f"{this}#added"] == new


def test_a_release_does_not_differ_from_itself(pair: Path) -> None:
    found = differences.between("current", "2027.01", pair)
    assert found.changes == []
    assert (
        found.text()
        == "# From 2027.01 to 2027.01\n\n0 new, 0 changed, 0 retired, 0 gone; 0 statements added, 0 removed.\n"
    )


def test_the_address_tells_the_same_in_every_form(pair_home: str, pair: Path) -> None:
    found = differences.between("2026.11", "2027.01", pair)
    for suffix, kind, form in (
        (".words", "text/markdown; charset=utf-8", "words"),
        (".json", "application/json", "json"),
        (".ttl", "text/turtle; charset=utf-8", "ttl"),
        (".trig", "application/trig; charset=utf-8", "trig"),
    ):
        reply = httpx.get(f"{pair_home}/release/2026.11..2027.01{suffix}", timeout=30)
        assert (reply.status_code, reply.headers["content-type"]) == (200, kind)
        assert reply.content == found.write(form)
        assert httpx.get(reply.url, headers={"If-None-Match": reply.headers["etag"]}, timeout=30).status_code == 304
    page = httpx.get(f"{pair_home}/release/2026.11..2027.01", headers={"Accept": "text/html"}, timeout=30)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "subjects: 60, was 40." in page.text


def test_the_command_tells_the_same(pair: Path) -> None:
    run = CliRunner().invoke(app, ["diff", "2026.11", "2027.01", "--releases", str(pair), "--format", "words"])
    assert run.exit_code == 0
    assert run.output == differences.between("2026.11", "2027.01", pair).text()


def test_an_unknown_release_is_told(pair: Path, pair_home: str) -> None:
    with pytest.raises(NotFound, match=r"there is no release `2026.12`.* Did you mean `2026.11`\?"):
        differences.between("2026.12", "current", pair)
    assert httpx.get(f"{pair_home}/release/2026.12..2027.01").status_code == 404
