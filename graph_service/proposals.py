"""A record made from a filled-in form: which fields there are, and the Turtle that their values become.

The fields come from the shapes (`shapes/archive.ttl` …: what a record must say plainly) and from the ontology (the
dimensions that an observation may carry), so that a new property appears in the form by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyoxigraph as ox

from graph_service.drafts import ADDRESS, DATE, Visit, record, slug_of
from graph_service.errors import BadParameter
from graph_service.knowledge import Knowledge
from graph_service.style import NAME
from graph_service.survey import Files
from graph_service.terms import ONTOLOGY, PREFIXES, shorten
from graph_service.writing import dated, quoted

SCHEMA, SH = PREFIXES["schema"], PREFIXES["sh"]
QUALIFIERS = {"about": "approximately", "more than": "moreThan", "at least": "atLeast", "at most": "atMost"}
FORMS = ("archive", "collection", "software")
PLAIN = (
    "dcterms:title",
    "dcterms:alternative",
    "dcterms:description",
    "survey:kind",
    "survey:softwareRole",
    "survey:scope",
    "survey:scopeNote",
    "foaf:homepage",
)
RELATIONS = (
    "partOf hasPart hostedAt hosts mirrorOf mirroredAt derivedFrom overlapsWith supersedes supersededBy "
    "mergedInto federatesWith relatedTo component basedOn forkOf bundles usedBy"
)
RECORDS = frozenset(f"survey:{name}" for name in RELATIONS.split())
"""Properties whose values are things with a record of their own."""

WORDS = {
    "dcterms:title": ("Title", "The name of the thing, in English."),
    "dcterms:description": ("Description", "One sentence that says what it is, in your own words."),
}


class Faults(BadParameter):
    """Everything that keeps a form from becoming a record."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(" ".join(messages), parameter="form")
        self.messages = messages


@dataclass(frozen=True)
class Field:
    """One question of the form; `kind` is text, code, address, count, boolean, date, concept or record."""

    name: str
    label: str
    help: str
    kind: str
    scheme: str = ""
    required: bool = False
    section: str = ""


@lru_cache(maxsize=8)
def shaped(shape: Path) -> dict[str, bool]:
    """The properties that a shape knows, each with whether it must be there."""
    needed, paths = set(), {}
    for triple in ox.parse(path=shape, format=ox.RdfFormat.TURTLE):
        if triple.predicate.value == f"{SH}path" and isinstance(triple.object, ox.NamedNode):
            paths[triple.subject] = shorten(triple.object.value)
        elif triple.predicate.value == f"{SH}minCount" and isinstance(triple.object, ox.Literal):
            needed.add(triple.subject)
    return {name: node in needed for node, name in paths.items()}


def fields(files: Files, knowledge: Knowledge, kind: str) -> list[Field]:
    """The fields of one kind's form: what the record says plainly, then the dimensions in the ontology's order."""
    shape = files.shapes / f"{kind}.ttl"
    found = [_field(knowledge, name, "What it is", shaped(shape)[name]) for name in PLAIN if name in shaped(shape)]
    for dimension in knowledge.dimensions.values():
        name = shorten(dimension.iri)
        domains = knowledge.iris(dimension.iri, f"{SCHEMA}domainIncludes")
        numbered = re.fullmatch(r"survey:step\d", name)
        if f"{ONTOLOGY}{kind.capitalize()}" in domains and name not in PLAIN and not numbered:
            found.append(_field(knowledge, name, dimension.section, False))
    return found


def _field(knowledge: Knowledge, name: str, section: str, needed: bool) -> Field:
    prefix, _, local = name.partition(":")
    iri = PREFIXES[prefix] + local
    label, definition = WORDS.get(name) or (knowledge.label(iri), knowledge.definition(iri))
    scheme = next((shorten(each).partition(":")[2] for each in knowledge.iris(iri, f"{ONTOLOGY}scheme")), "")
    ranges = {shorten(each) for each in knowledge.iris(iri, f"{SCHEMA}rangeIncludes")}
    if scheme:
        kind = "concept"
    elif name.startswith("dcterms:") or "rdf:langString" in ranges:
        kind = "text"
    elif "xsd:boolean" in ranges:
        kind = "boolean"
    elif "xsd:integer" in ranges:
        kind = "count"
    elif "xsd:date" in ranges:
        kind = "date"
    elif "xsd:string" in ranges:
        kind = "code"
    elif name in RECORDS or any(each.removeprefix("survey:") in ("Organization", "Software") for each in ranges):
        kind = "record"
    else:
        kind = "address"
    return Field(name, label, definition, kind, scheme, needed, section)


def turtle(files: Files, knowledge: Knowledge, kind: str, values: Mapping[str, list[str]]) -> tuple[str, str]:
    """Slug and Turtle text of the record that a form describes; raises `BadParameter` for what cannot be written."""
    known = {field.name: field for field in fields(files, knowledge, kind)}
    wrong: list[str] = []
    plain: list[tuple[str, str]] = []
    facts: list[tuple[str, str]] = []
    for name, given in values.items():
        if name not in known:
            continue
        for value in _split(known[name], given):
            try:
                written = _value(known[name], value)
            except BadParameter as error:
                wrong.append(error.message)
                continue
            (plain if name in PLAIN else facts).append((name, written))
            qualifier = QUALIFIERS.get((values.get(f"{name}.qualifier") or [""])[0])
            if known[name].kind == "count" and qualifier:
                facts.append((f"survey:{qualifier}", name))
    first = {name: (given[0].strip() if given else "") for name, given in values.items()}
    wrong += [
        f"`{field.label}` is missing. {field.help}"
        for field in known.values()
        if field.required and not first.get(field.name)
    ]
    visit = Visit(
        first.get("source", ""),
        first.get("source-title", "") or first.get("source", ""),
        first.get("source-kind", "") or "archive-page",
        first.get("consulted", ""),
        first.get("as-of") or None,
        first.get("certainty", "") or "stated",
        first.get("note") or None,
        tuple(facts),
    )
    slug = first.get("slug") or slug_of(first.get("dcterms:title", ""))
    try:
        text = record(files, kind, slug or "unnamed", plain, visit)
    except BadParameter as error:
        wrong.append(error.message)
    if wrong:
        raise Faults(wrong)
    return slug, text


def _split(field: Field, given: list[str]) -> list[str]:
    """The single values of a field: concepts, records, codes and addresses may be listed with commas, texts by line."""
    if field.kind == "count":
        return [text.strip() for text in given if text.strip()]
    separator = r"\n+" if field.kind == "text" else r"[,\n]+"
    return [part.strip() for text in given for part in re.split(separator, text) if part.strip()]


def _value(field: Field, value: str) -> str:
    """One value as it stands in Turtle; raises `BadParameter` for one that has no such form."""

    def wrong(wanted: str) -> BadParameter:
        return BadParameter(f"`{field.label}`: `{value[:80]}` is not {wanted}.", parameter=field.name)

    if field.kind == "text":
        sentence = value.rstrip(".") + "." if field.name == "dcterms:description" else value
        return quoted(sentence)
    if field.kind == "code":
        return quoted(value, None)
    if field.kind == "count":
        number = value.replace(",", "").replace(" ", "")
        if not number.isdigit():
            raise wrong("a whole number")
        return str(int(number))
    if field.kind == "boolean":
        if value not in ("true", "false"):
            raise wrong("yes or no")
        return value
    if field.kind == "date":
        if not DATE.fullmatch(value):
            raise wrong("a date such as 2026, 2026-11 or 2026-11-25")
        return dated(value)
    if field.kind == "address":
        if not ADDRESS.fullmatch(value):
            raise wrong("a web address with https://")
        return f"<{value}>"
    name = value if ":" in value else f"{field.scheme or 'organization'}:{value}"
    if not re.fullmatch(NAME, name) or name.partition(":")[0] not in PREFIXES:
        raise wrong("a name of the survey")
    return name
