"""VoID: what the survey holds, counted: classes, their properties, what these point to, links to other data.

Partitions are laid out as the SPARQL editor of SIB and void-generator's readers expect them: a class partition has
property partitions, and these class partitions or `void-ext:` datatype partitions. All are IRIs below `<base>void#`,
none is blank.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph_service.hubs import HUBS, Hub, hub_of
from graph_service.release import DUMPS, Version
from graph_service.terms import BASE, FOREIGN, ONTOLOGY, PREFIXES, shorten
from graph_service.triples import Triples, date, text, typed

DATASET = BASE
VOID = f"{BASE}void#"
TYPE = f"{FOREIGN['rdf']}type"
EXAMPLES = ("archive/give-a-scan", "collection/lidc-idri", "software/midas", "organization/kitware", "modality/ct")
DESCRIPTION = (
    "Public archives of in-vivo medical images, the collections in them, and the software with which they are run, "
    "surveyed since 2010: every statement dated and with its source."
)
KEYWORDS = ("medical imaging", "image archives", "open data", "DICOM", "in-vivo", "research software", "linked data")
LICENSE = "https://creativecommons.org/publicdomain/zero/1.0/"
PUBLISHER = f"{BASE}about#publisher"


@dataclass
class Counts:
    """What one pass over the triples finds."""

    triples: int = 0
    entities: Counter[str] = field(default_factory=Counter)
    properties: Counter[tuple[str, str]] = field(default_factory=Counter)
    classes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    datatypes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    predicates: Counter[str] = field(default_factory=Counter)
    links: Counter[tuple[str, str]] = field(default_factory=Counter)
    subjects: int = 0
    objects: int = 0


def count(triples: Iterable[ox.Triple]) -> Counts:
    """The numbers of a VoID description, from distinct triples."""
    said = [each for each in triples if isinstance(each.subject, ox.NamedNode)]
    types: dict[str, set[str]] = defaultdict(set)
    for each in said:
        if each.predicate.value == TYPE and isinstance(each.object, ox.NamedNode):
            types[each.subject.value].add(each.object.value)  # type: ignore[union-attr]
    found = Counts(
        triples=len(said), subjects=len({each.subject for each in said}), objects=len({each.object for each in said})
    )
    for names in types.values():
        found.entities.update(names)
    for each in said:
        name, value = each.predicate.value, each.object
        found.predicates[name] += 1
        for kind in types.get(each.subject.value, ()):  # type: ignore[union-attr]
            found.properties[kind, name] += 1
            if isinstance(value, ox.Literal):
                found.datatypes[kind, name, value.datatype.value] += 1
            elif isinstance(value, ox.NamedNode):
                for target in types.get(value.value, ()):
                    found.classes[kind, name, target] += 1
        if isinstance(value, ox.NamedNode) and name != TYPE and (hub := hub_of(value.value)) is not None:
            found.links[hub.name, name] += 1
    return found


def describe(triples: Iterable[ox.Triple], version: Version, endpoint: str = f"{BASE}sparql") -> Triples:
    """The VoID description of the survey, with the address of its endpoint."""
    counts = count(triples)
    made = Triples()
    made.say(f"{BASE}.well-known/void", "rdf:type", "void:DatasetDescription")
    made.say(f"{BASE}.well-known/void", "foaf:primaryTopic", DATASET)
    _dataset(made, counts, version, endpoint)
    _partitions(made, counts)
    for hub in HUBS:
        _linksets(made, counts, hub)
    return made


def _dataset(made: Triples, counts: Counts, version: Version, endpoint: str) -> None:
    made.say(DATASET, "rdf:type", "void:Dataset")
    made.say(DATASET, "dcterms:title", text("Imaging Survey"))
    made.say(DATASET, "dcterms:description", text(DESCRIPTION))
    made.say(DATASET, "dcterms:publisher", PUBLISHER)
    made.say(DATASET, "dcterms:creator", PUBLISHER)
    made.say(DATASET, "dcterms:license", LICENSE)
    made.say(DATASET, "dcterms:created", date("2010-08"))
    made.say(DATASET, "dcterms:issued", date("2026-11-25"))
    made.say(DATASET, "dcterms:modified", date(version.date))
    made.say(DATASET, "dcterms:source", "source:archive-survey-2010")
    made.say(DATASET, "pav:version", ox.Literal(version.name))
    made.say(DATASET, "foaf:homepage", BASE)
    made.say(DATASET, "void:sparqlEndpoint", endpoint)
    made.say(DATASET, "void:uriSpace", ox.Literal(BASE))
    for suffix in DUMPS:
        made.say(DATASET, "void:dataDump", f"{BASE}release/{version.name}/survey.{suffix}.gz")
    for feature in ("Turtle", "N-Triples", "JSON-LD", "RDF_XML"):
        made.say(DATASET, "void:feature", f"formats:{feature}")
    for prefix in sorted({shorten(name).partition(":")[0] for name in counts.predicates} & PREFIXES.keys()):
        made.say(DATASET, "void:vocabulary", ONTOLOGY.rstrip("#") if prefix == "survey" else PREFIXES[prefix])
    for example in EXAMPLES:
        made.say(DATASET, "void:exampleResource", f"{BASE}{example}")
    made.say(DATASET, "void:triples", counts.triples)
    made.say(DATASET, "void:entities", counts.subjects)
    made.say(DATASET, "void:distinctSubjects", counts.subjects)
    made.say(DATASET, "void:distinctObjects", counts.objects)
    made.say(DATASET, "void:classes", len(counts.entities))
    made.say(DATASET, "void:properties", len(counts.predicates))
    made.say(PUBLISHER, "rdf:type", "foaf:Agent")
    made.say(PUBLISHER, "foaf:name", ox.Literal("Imaging Survey contributors"))
    made.say(PUBLISHER, "foaf:homepage", f"{BASE}about")


def _partitions(made: Triples, counts: Counts) -> None:
    names = {name: _name(name) for name in (*counts.entities, *counts.predicates)}
    for kind, entities in sorted(counts.entities.items()):
        part = f"{VOID}{names[kind]}"
        made.say(DATASET, "void:classPartition", part)
        made.say(part, "void:class", kind)
        made.say(part, "void:entities", entities)
    for (kind, name), number in sorted(counts.properties.items()):
        part = f"{VOID}{names[kind]}.{names[name]}"
        made.say(f"{VOID}{names[kind]}", "void:propertyPartition", part)
        made.say(part, "void:property", name)
        made.say(part, "void:triples", number)
    for (kind, name, target), number in sorted(counts.classes.items()):
        part = f"{VOID}{names[kind]}.{names[name]}.{names[target]}"
        made.say(f"{VOID}{names[kind]}.{names[name]}", "void:classPartition", part)
        made.say(part, "void:class", target)
        made.say(part, "void:triples", number)
    for (kind, name, datatype), number in sorted(counts.datatypes.items()):
        part = f"{VOID}{names[kind]}.{names[name]}.{_name(datatype)}"
        made.say(f"{VOID}{names[kind]}.{names[name]}", "void-ext:datatypePartition", part)
        made.say(part, "void-ext:datatype", datatype)
        made.say(part, "void:triples", number)
    for name, number in sorted(counts.predicates.items()):
        part = f"{VOID}property.{names[name]}"
        made.say(DATASET, "void:propertyPartition", part)
        made.say(part, "void:property", name)
        made.say(part, "void:triples", number)


def _linksets(made: Triples, counts: Counts, hub: Hub) -> None:
    target = f"{VOID}hub.{hub.name}"
    for (name, predicate), number in sorted(counts.links.items()):
        if name != hub.name:
            continue
        linkset = f"{VOID}linkset.{hub.name}.{_name(predicate)}"
        made.say(target, "rdf:type", "void:Dataset")
        made.say(target, "dcterms:title", text(hub.title))
        made.say(target, "foaf:homepage", hub.homepage)
        made.say(target, "void:uriSpace", ox.Literal(hub.space))
        made.say(DATASET, "void:subset", linkset)
        made.say(linkset, "rdf:type", "void:Linkset")
        made.say(linkset, "dcterms:title", text(f"Links of the survey to {hub.title} by {shorten(predicate)}"))
        made.say(linkset, "void:subjectsTarget", DATASET)
        made.say(linkset, "void:objectsTarget", target)
        made.say(linkset, "void:linkPredicate", predicate)
        made.say(linkset, "void:triples", typed(number, "integer"))


def _name(iri: str) -> str:
    """A name for a fragment: `Archive` for a word of ours, `dcterms-title` for another's."""
    short = shorten(iri)
    if short.startswith("<"):
        return "".join(sign if sign.isalnum() else "-" for sign in iri.partition("//")[2])
    return short.removeprefix("survey:").replace(":", "-")
