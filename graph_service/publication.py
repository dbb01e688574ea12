"""Everything that a release holds beside its dumps, and the promise that no IRI of ours is forgotten by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pyoxigraph as ox

from graph_service import (
    catalog,
    crate,
    examples,
    exports,
    graph,
    queries,
    release,
    selfdescription,
    sssom,
    tabular,
    void,
)
from graph_service.catalog import Issue
from graph_service.differences import Difference, Side
from graph_service.errors import DataError
from graph_service.graph import Survey
from graph_service.knowledge import Knowledge
from graph_service.release import SERVED, Release, version_of
from graph_service.survey import Files
from graph_service.terms import BASE, GRAPH, ONTOLOGY

RETIRED = f"{GRAPH}retired"
ASSESSMENT = f"{ONTOLOGY}assessment"
TOLD = 10


def build(
    files: Files,
    output: Path,
    progress: Callable[[str], None] = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
    large: str | None = None,
) -> Release:
    """A release with all its files; raises `DataError` when an IRI of the release before is neither described nor
    retired.

    The release before is the newest one of another version. What vanished since a state of the same version was built
    is only told to `warn`: that version is still in the making. `large` names an import (see `ondisk.WITH`) that goes
    into a store on disk together with the survey.
    """
    survey = graph.build(files)
    progress("looking for IRIs that vanished")
    version = version_of(files).name
    before = next((each for each in release.kept(output) if each.version != version), None)
    if lost := check_iris(survey, files, before):
        raise DataError(lost)
    if lost := check_iris(
        survey, files, next((each for each in release.kept(output) if each.version == version), None)
    ):
        warn(lost)
    known: list[Knowledge] = []

    def knowledge(made: Survey) -> Knowledge:
        if not known:
            known.append(Knowledge.of(made.quads))
        return known[0]

    previous = before.version if before else None
    extras: dict[str, release.Extra] = {
        "tables": lambda folder, made, _: tables(folder, knowledge(made)),
        "mappings": lambda folder, made, given: mappings(folder, knowledge(made), given),
        "exports": lambda folder, made, given: profiles(folder, knowledge(made), given),
        "what changed": lambda folder, made, _: changes(folder, made, version, before),
        "the description of the release": lambda folder, made, given: description(folder, made, given, previous),
    }
    if large is not None:
        extras["the store on disk"] = lambda folder, _, given: _store(folder, given, large, progress)
    return release.write(survey, files, output, progress, extras, previous)


def _store(folder: Path, files: Files, large: str, progress: Callable[[str], None]) -> None:
    from graph_service import ondisk  # needs the packages of an extra

    ondisk.add(folder, files, large, progress)


def own_iris(quads: Iterable[ox.Quad]) -> set[str]:
    """The IRIs of ours that are described."""
    return {
        quad.subject.value
        for quad in quads
        if isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(BASE)
    }


def check_iris(survey: Survey, files: Files, before: Release | None) -> str:
    """Which IRIs vanished since a release, in words; empty when none did. Raises `DataError` for a retired one that is
    described.
    """
    retired = own_iris(quad for quad in survey.quads if quad.graph_name == ox.NamedNode(RETIRED))
    elsewhere = {ox.NamedNode(RETIRED), ox.NamedNode(f"{GRAPH}derived")}
    written = own_iris(quad for quad in survey.quads if quad.graph_name not in elsewhere)
    both = sorted(retired & written)
    if both:
        raise DataError(f"ontology/retired.ttl: {_some(both)} retired, and still described in the records.")
    if before is None:
        return ""
    old = list(before.quads())
    gone = own_iris(old) - own_iris(survey.quads)
    lost = gone - follow_their_things(old, gone | retired)
    lost |= (
        {f"{BASE}query/{name}" for name in before_questions(before)}
        - {f"{BASE}query/{query.name}" for query in queries.catalog(files.queries)}
        - retired
    )
    if not lost:
        return ""
    return (
        f"{_some(sorted(lost))} in release {before.version} and nowhere now. An IRI of ours is never forgotten: say in "
        "ontology/retired.ttl that it is owl:deprecated, and by what dcterms:isReplacedBy. If that release was never "
        f"published, delete {before.folder} instead."
    )


def follow_their_things(quads: Iterable[ox.Quad], things: set[str]) -> set[str]:
    """The assessments of things that are gone: the build made them, and they go with the things that they assess."""
    return {
        quad.object.value
        for quad in quads
        if quad.predicate.value == ASSESSMENT and isinstance(quad.object, ox.NamedNode)
        if isinstance(quad.subject, ox.NamedNode) and quad.subject.value in things
    }


def before_questions(before: Release) -> set[str]:
    """The names of the questions of a release."""
    import zipfile

    packed = before.folder / release.SOURCES
    if not packed.exists():
        return set()
    with zipfile.ZipFile(packed) as archive:
        found = (re.fullmatch(r"queries/([^/]+)\.rq", name) for name in archive.namelist())
        return {each[1] for each in found if each}


def _some(iris: list[str]) -> str:
    named = ", ".join(f"<{iri}>" for iri in iris[:TOLD])
    more = f" and {len(iris) - TOLD} more" if len(iris) > TOLD else ""
    return f"{named}{more} {'is' if len(iris) == 1 else 'are'}"


def tables(folder: Path, known: Knowledge) -> None:
    """`archives`, `collections`, `software` and `facts`, each as CSV and as Parquet."""
    for sheet in tabular.sheets(known):
        (folder / f"{sheet.name}.csv").write_bytes(sheet.csv())
        (folder / f"{sheet.name}.parquet").write_bytes(sheet.parquet())


def mappings(folder: Path, known: Knowledge, files: Files) -> None:
    """One SSSOM mapping set for each hub, under `mappings/`."""
    (folder / "mappings").mkdir()
    for hub, rows in sssom.mappings(known).items():
        (folder / "mappings" / f"{hub}.sssom.tsv").write_bytes(sssom.write(known, version_of(files), hub, rows))


def profiles(folder: Path, known: Knowledge, files: Files) -> None:
    """The survey in the shapes of others, under `exports/` and `linksets/`."""
    version = version_of(files)
    (folder / "exports").mkdir()
    (folder / "exports" / "dcat-ap.ttl").write_bytes(exports.dcat_ap(known, version).turtle())
    (folder / "exports" / "schema-org.jsonld").write_bytes(exports.schema_org(known, version))
    (folder / "exports" / "codemeta.jsonld").write_bytes(exports.codemeta(known))
    (folder / "linksets").mkdir()
    (folder / "linksets" / "owl-sameas.ttl").write_bytes(exports.same_as(known).turtle())


def changes(folder: Path, survey: Survey, version: str, before: Release | None) -> None:
    """What changed since the release before: `changes.json`, and the patch `changes.trig`; nothing for the first."""
    if before is None:
        return
    found = Difference(Side.of(before.version, before.quads()), Side.of(version, survey.quads))
    (folder / "changes.json").write_bytes(found.write("json"))
    (folder / "changes.trig").write_bytes(found.write("trig"))


def description(folder: Path, survey: Survey, files: Files, previous: str | None) -> None:
    """What the release says of itself: VoID, examples, DCAT with sizes and checksums, the served graph, RO-Crate."""
    version = version_of(files)
    counted = void.describe(survey.triples, version)
    described = selfdescription.quads(survey, files, previous, counted)
    (folder / SERVED).write_bytes(ox.serialize([*survey.quads, *described], format=ox.RdfFormat.N_QUADS) or b"")
    (folder / "void.ttl").write_bytes(counted.turtle())
    asked = examples.describe(queries.catalog(files.queries))
    (folder / "examples.ttl").write_bytes(asked.turtle() + examples.prefixes().turtle())
    listed = release.listing(folder)
    issue = Issue(version, previous, notes(files), listed)
    (folder / "catalog.ttl").write_bytes(catalog.describe(issue).turtle())
    (folder / "ro-crate-metadata.json").write_bytes(crate.metadata(version, release.listing(folder)))


def notes(files: Files) -> str:
    """What the changelog says of the newest release."""
    text = (files.records / "CHANGELOG.md").read_text(encoding="utf-8")
    parts = re.split(r"^## .*$", text, flags=re.MULTILINE)
    return " ".join(parts[1].split()) if len(parts) > 1 else ""
