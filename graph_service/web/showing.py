"""The page of one IRI of ours: thing, observation, concept, vocabulary, word of the ontology, question."""

from __future__ import annotations

import json
from typing import Any

import pyoxigraph as ox
from fastapi import Request, Response
from markupsafe import Markup
from starlette.responses import RedirectResponse

from graph_service import charts, documents, phrases
from graph_service.documents import Document
from graph_service.errors import NotFound
from graph_service.knowledge import (
    DCTERMS,
    DESCRIPTION,
    OBSERVATION,
    SCHEMA,
    SOURCE,
    SURVEYED,
    TITLE,
    TYPE,
    Knowledge,
    kind_of,
    path_of,
    survey,
)
from graph_service.observed import QUALIFIERS, Seen, Shown, seen, shown
from graph_service.service import Service
from graph_service.terms import BASE, KINDS, ONTOLOGY, SCHEMES
from graph_service.things import Link, Thing
from graph_service.web.rendering import Pages
from graph_service.web.routing import pages_of
from graph_service.web.words import concept_page, ontology_page, vocabulary_page

FORMATS = (
    ("ttl", "text/turtle", "Turtle"),
    ("jsonld", "application/ld+json", "JSON-LD"),
    ("nt", "application/n-triples", "N-Triples"),
)
KIND_NAMES = {
    "archive": "Archive",
    "collection": "Collection",
    "software": "Software",
    "organization": "Organization",
    "source": "Source",
}
PLAIN = (
    TYPE,
    survey("asOf"),
    survey("consulted"),
    survey("certainty"),
    survey("evidence"),
    survey("about"),
    SOURCE,
    *QUALIFIERS,
)
"""What an observation says of itself and not of the thing."""

WORDS = {f"{DCTERMS}{name}": words for name, words in (("issued", "issued"), ("modified", "changed"))} | {
    f"{DCTERMS}{name}": name for name in ("alternative", "creator", "publisher", "license", "identifier", "language")
}
"""What foreign properties are called on pages."""

MOST = 60
LISTED = 40


def thing_page(service: Service, request: Request, iri: str) -> Response:
    """The page for any IRI of ours; raises `NotFound`."""
    pages = pages_of(request)
    knowledge, kind = pages.knowledge, kind_of(iri)
    if kind == "query":
        from graph_service.web import asking

        return asking.question_page(service, request, iri.rpartition("/")[2])
    if iri == ONTOLOGY.rstrip("#") or iri.startswith(ONTOLOGY):
        return ontology_page(pages, request, **heads(service, request, ONTOLOGY.rstrip("#")))
    if not knowledge.exists(iri):
        raise NotFound(f"`{iri}` is not in the survey.")
    if iri.startswith(OBSERVATION):
        about = [
            subject for predicate, subject in knowledge.pointers.get(iri, ()) if predicate == survey("observation")
        ]
        return RedirectResponse(f"{path_of(about[0])}#{iri.removeprefix(OBSERVATION)}" if about else "/", 303)
    if (known := pages.unchanged(request)) is not None:
        return known
    if kind == "vocabulary":
        return vocabulary_page(pages, request, iri, **heads(service, request, iri))
    if kind in SCHEMES or iri in knowledge.concepts:
        return concept_page(pages, request, iri, **heads(service, request, iri))
    if kind == "organization":
        return organization_page(pages, request, iri, heads(service, request, iri))
    if kind == "source":
        return source_page(pages, request, iri, heads(service, request, iri))
    if kind in SURVEYED:
        return surveyed_page(pages, request, iri, heads(service, request, iri))
    return other_page(pages, request, iri, heads(service, request, iri))


def heads(service: Service, request: Request, iri: str) -> dict[str, Any]:
    """What programs read in the head of a page: typed links and schema.org."""
    from graph_service.web import signposting

    found = signposting.links(service, iri, signposting.root(service, request))
    described = json.dumps(signposting.schema_org(service, iri), ensure_ascii=False).replace("<", "\\u003c")
    return {"head_links": Markup(signposting.html(found)), "json_ld": Markup(described)}  # noqa: S704


def surveyed_page(pages: Pages, request: Request, iri: str, head: dict[str, Any]) -> Response:
    thing = Thing(pages.knowledge, iri)
    edges = [charts.Edge(link.label, link.title, path_of(link.iri), inverse=link.inverse) for link in thing.ties]
    return pages.respond(
        request,
        "thing.html",
        thing=thing,
        kind_name=KIND_NAMES[thing.kind],
        charts=[chart_of(thing, name, series) for name, series in thing.counts.items()],
        graph=charts.relations(thing.title, edges, f"Relations of {thing.title}") if len(edges) > 1 else "",
        hidden_edges=any(sum(1 for edge in edges if edge.inverse is side) > charts.MOST for side in (True, False)),
        relation_groups=relation_groups(thing),
        log=[logged(pages.knowledge, each) for each in thing.observations],
        runners=runners(thing) if thing.kind == "software" else [],
        **head,
    )


def relation_groups(thing: Thing) -> list[tuple[str, bool, list[Link], int]]:
    """Relations by what they are called and from which side they are said, with how many there are of each."""
    groups: dict[tuple[bool, str], list[Link]] = {}
    for link in thing.relations:
        groups.setdefault((link.inverse, link.label), []).append(link)
    return [(label, inverse, links[:LISTED], len(links)) for (inverse, label), links in groups.items()]


def chart_of(thing: Thing, name: str, points: list[tuple[str, int, Seen]]) -> dict[str, Any]:
    dimension = thing.knowledge.dimensions[name]
    about = {(date, value): phrases.sign(qualified(thing, name, each)) for date, value, each in points}
    series = charts.Series(dimension.label, tuple((date, value) for date, value, _ in points), dimension.unit, about)
    title = f"{dimension.label.capitalize()} of {thing.title} over time"
    rows = [(date, qualified(thing, name, each) + series.written(value), each) for date, value, each in points]
    return {"title": title, "label": dimension.label, "picture": charts.over_time(series, title), "rows": rows}


def qualified(thing: Thing, name: str, each: Seen) -> str:
    """How exactly an observation gives a count: `about `, `more than ` and so on, or nothing."""
    return next((words for iri, words in QUALIFIERS.items() if name in thing.knowledge.iris(each.iri, iri)), "")


def logged(knowledge: Knowledge, each: Seen) -> dict[str, Any]:
    """One observation as the log shows it."""
    facts: list[tuple[str, str, list[Shown]]] = []
    for dimension in knowledge.dimensions.values():
        if dimension.iri in each.facts:
            values = [shown(knowledge, value, dimension.iri, each.facts) for value in each.facts[dimension.iri]]
            facts.append((dimension.label, dimension.definition, values))
    for name in ("lacks", "notStated"):
        values = [shown(knowledge, ox.NamedNode(iri)) for iri in each.polar[name]]
        if values:
            label = {"lacks": "does not have", "notStated": "looked for, not stated"}[name]
            facts.append((label, knowledge.definition(survey(name)), sorted(values, key=lambda value: value.text)))
    address = knowledge.iris(each.source, f"{SCHEMA}url")
    return {
        "seen": each,
        "facts": facts,
        "source": knowledge.label(each.source) if each.source else "",
        "source_path": path_of(each.source),
        "address": address[0] if address else "",
        "certainty": knowledge.label(f"{BASE}certainty/{each.certainty}") if each.certainty else "",
        "certainty_meaning": knowledge.definition(f"{BASE}certainty/{each.certainty}") if each.certainty else "",
        "evidence": knowledge.iris(each.iri, survey("evidence")),
    }


def runners(thing: Thing) -> list[tuple[str, str, str, str]]:
    """The archives that run a program: title, page, date, and who operates them."""
    found = []
    for predicate, subject in thing.knowledge.pointers.get(thing.iri, ()):
        if predicate != survey("hostedWith") or kind_of(subject) not in KINDS:
            continue
        archive = Thing(thing.knowledge, subject)
        date = next(
            (
                each.date
                for each in archive.observations
                if any(v.value == thing.iri for v in each.facts.get(predicate, ()))
            ),
            "",
        )
        operators = ", ".join(shown.text for shown in archive.labels("operator"))
        found.append((archive.title, path_of(subject), date, operators))
    return sorted(found, key=lambda row: row[2], reverse=True)


def organization_page(pages: Pages, request: Request, iri: str, head: dict[str, Any]) -> Response:
    thing = Thing(pages.knowledge, iri)
    roles: dict[str, list[tuple[str, str, str]]] = {}
    for link in thing.relations:
        if link.inverse:
            roles.setdefault(link.label, []).append((link.title, path_of(link.iri), KIND_NAMES[link.kind].lower()))
    identifiers = [
        (pages.knowledge.label(survey(name)), thing.labels(name))
        for name in ("ror", "wikidata", "country", "parentOrganization")
    ]
    return pages.respond(
        request,
        "organization.html",
        thing=thing,
        kind_name=KIND_NAMES["organization"],
        roles=roles,
        identifiers=[(label, values) for label, values in identifiers if values],
        log=[logged(pages.knowledge, each) for each in thing.observations],
        **head,
    )


def source_page(pages: Pages, request: Request, iri: str, head: dict[str, Any]) -> Response:
    knowledge = pages.knowledge
    rests: dict[str, list[Seen]] = {}
    for predicate, subject in knowledge.pointers.get(iri, ()):
        if predicate == SOURCE and subject.startswith(OBSERVATION):
            for above, about in knowledge.pointers.get(subject, ()):
                if above == survey("observation"):
                    rests.setdefault(about, []).append(seen(knowledge, subject))
    things = sorted(rests, key=lambda each: knowledge.label(each).casefold())
    named = [subject for predicate, subject in knowledge.pointers.get(iri, ()) if predicate == survey("inSurvey")]
    return pages.respond(
        request,
        "source.html",
        thing=Thing(knowledge, iri),
        kind_name=KIND_NAMES["source"],
        addresses=knowledge.iris(iri, f"{SCHEMA}url"),
        rests=[
            (knowledge.label(each), path_of(each), sorted(rests[each], key=lambda seen: seen.date)) for each in things
        ],
        named=sorted((knowledge.label(each), path_of(each)) for each in named),
        more=[
            (WORDS.get(predicate, knowledge.label(predicate)), [shown(knowledge, value) for value in values])
            for predicate, values in sorted(knowledge.facts[iri].items())
            if predicate not in {TYPE, TITLE, DESCRIPTION, f"{SCHEMA}url", survey("sourceKind")}
        ],
        **head,
    )


def other_page(pages: Pages, request: Request, iri: str, head: dict[str, Any]) -> Response:
    """What is said of something that has no page of its own kind, such as an assessment."""
    knowledge = pages.knowledge
    rows = [
        (knowledge.label(predicate), [shown(knowledge, value) for value in values])
        for predicate, values in knowledge.facts[iri].items()
    ]
    pointing = sorted({(knowledge.label(subject), path_of(subject)) for _, subject in knowledge.pointers.get(iri, ())})
    return pages.respond(
        request, "other.html", title=knowledge.label(iri), iri=iri, rows=rows, pointing=pointing[:MOST], **head
    )


def document_page(service: Service, request: Request, document: Document) -> Response:
    """What a named graph, a shape or the description of an error says, for whom the survey has no other page."""
    pages = pages_of(request)
    knowledge, said = pages.knowledge, documents.triples(service, document)
    facts: dict[str, list[Shown]] = {}
    for each in said:
        if each.subject == ox.NamedNode(document.iri) and isinstance(each.object, ox.NamedNode | ox.Literal):
            facts.setdefault(each.predicate.value, []).append(shown(knowledge, each.object))
    subjects = (each.subject.value for each in said if isinstance(each.subject, ox.NamedNode))
    described = [each for each in dict.fromkeys(subjects) if each.startswith(BASE) and each != document.iri]
    rows = [(knowledge.label(predicate), values) for predicate, values in facts.items()]
    rows += [
        ("statements", [Shown(f"{len(said):,}")]),
        ("as data", [Shown(name, f"/{document.path}.{suffix}") for suffix, _, name in FORMATS]),
        ("describes", [Shown(knowledge.label(each), path_of(each)) for each in described[:MOST]]),
    ]
    return pages.respond(
        request,
        "other.html",
        title=document.path,
        iri=document.iri,
        rows=[(label, values) for label, values in rows if values],
        pointing=[],
        **heads(service, request, document.iri),
    )
