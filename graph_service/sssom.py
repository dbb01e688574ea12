"""Mapping sets in SSSOM: what of ours is the same as, or near to, what of others; one set a hub."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from graph_service.hubs import HUBS, Hub, hub_of
from graph_service.knowledge import MATCHES, Knowledge, survey
from graph_service.release import Version
from graph_service.terms import BASE, FOREIGN, shorten
from graph_service.void import LICENSE

COLUMNS = ("subject_id", "subject_label", "predicate_id", "object_id", "mapping_justification")
MANUAL = "semapv:ManualMappingCuration"
LINKED = {
    survey("ror"): "skos:exactMatch",
    survey("wikidata"): "skos:closeMatch",
    survey("re3dataRecord"): "skos:closeMatch",
    survey("fairsharingRecord"): "skos:closeMatch",
}
"""What the links of things mean as mappings: a registry's record of a thing is not the thing, and Wikidata's items are
mixed.
"""


@dataclass(frozen=True, order=True)
class Mapping:
    """One row: ours, how near, theirs."""

    subject: str
    predicate: str
    object: str


def mappings(known: Knowledge) -> dict[str, list[Mapping]]:
    """All mappings by the name of the hub, in order; what leads to no hub that we know is left out."""
    found: dict[str, set[Mapping]] = defaultdict(set)
    for mapping in _all(known):
        hub = hub_of(mapping.object)
        if hub is not None:
            found[hub.name].add(mapping)
    return {name: sorted(rows) for name, rows in sorted(found.items())}


def _all(known: Knowledge) -> Iterator[Mapping]:
    for iri in known.facts:
        if not iri.startswith(BASE) or iri.startswith((f"{BASE}observation/", f"{BASE}void")):
            continue
        for predicate in MATCHES:
            for value in known.iris(iri, predicate):
                yield Mapping(iri, shorten(predicate), value)
        for predicate, meaning in LINKED.items():
            for value in known.iris(iri, predicate):
                yield Mapping(iri, meaning, value)


def write(known: Knowledge, version: Version, hub: str, rows: list[Mapping]) -> bytes:
    """A mapping set as SSSOM/TSV: its metadata as comments, then the rows."""
    about = next(each for each in HUBS if each.name == hub)
    prefixes = {"semapv": "https://w3id.org/semapv/vocab/", "skos": FOREIGN["skos"], "survey": BASE, hub: about.space}
    head = [
        "#curie_map:",
        *(f"#  {prefix}: {namespace}" for prefix, namespace in prefixes.items()),
        f"#mapping_set_id: {BASE}release/{version.name}/mappings/{hub}.sssom.tsv",
        f"#mapping_set_title: Imaging Survey to {about.title}",
        f'#mapping_set_version: "{version.name}"',
        f"#license: {LICENSE}",
        f"#mapping_date: {version.date}",
        f"#subject_source: {BASE}",
        f"#object_source: {about.homepage}",
    ]
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join(_cells(known, about, row)) for row in rows]
    return ("\n".join([*head, *lines]) + "\n").encode()


def _cells(known: Knowledge, hub: Hub, row: Mapping) -> tuple[str, ...]:
    return (
        f"survey:{row.subject.removeprefix(BASE)}",
        known.label(row.subject).replace("\t", " "),
        row.predicate,
        f"{hub.name}:{row.object.removeprefix(hub.space)}",
        MANUAL,
    )
