"""The pages of the words: a concept, a vocabulary, all vocabularies, the ontology."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import Request, Response

from graph_service.finder import Finder
from graph_service.knowledge import MATCHES, RDFS, SKOS, SURVEYED, Knowledge, kind_of, path_of, survey
from graph_service.observed import Shown, shown
from graph_service.terms import BASE, FOREIGN, ONTOLOGY, SCHEMES, shorten
from graph_service.web.rendering import Pages, address
from graph_service.wishes import FACETS

MOST = 100


def users(knowledge: Knowledge, concept: str) -> dict[str, list[str]]:
    """The things that have a concept or a narrower one, by the property that says so."""
    found: dict[str, set[str]] = {}
    for each in knowledge.below(concept):
        for predicate, subject in knowledge.pointers.get(each, ()):
            if kind_of(subject) in {*SURVEYED, "organization", "source"}:
                found.setdefault(predicate, set()).add(subject)
    return {
        name: sorted(things, key=lambda iri: knowledge.label(iri).casefold()) for name, things in sorted(found.items())
    }


def facet_of(scheme: str) -> str:
    """The facet of the finder that takes its values from a vocabulary; empty without one."""
    return next((name for name in FACETS if Finder.scheme(name) == scheme and scheme in SCHEMES), "")


def concept_page(pages: Pages, request: Request, iri: str, **head: Any) -> Response:
    knowledge = pages.knowledge
    concept = knowledge.concepts[iri]
    facet = facet_of(concept.scheme)
    terms = [
        (knowledge.label(survey(name)), values)
        for name in ("permits", "forbids", "requires")
        if (values := said(knowledge, iri, name))
    ]
    used = [
        (knowledge.label(name), [(knowledge.label(each), path_of(each)) for each in things[:MOST]], len(things))
        for name, things in users(knowledge, iri).items()
    ]
    return pages.respond(
        request,
        "concept.html",
        concept=concept,
        scheme=(knowledge.label(f"{BASE}vocabulary/{concept.scheme}"), f"/vocabulary/{concept.scheme}"),
        broader=[(knowledge.label(each), path_of(each)) for each in concept.broader],
        narrower=[(knowledge.label(each), path_of(each)) for each in knowledge.narrower.get(iri, ())],
        terms=terms,
        matches=[
            (label, sorted(knowledge.iris(iri, name)))
            for name, label in ((f"{SKOS}{each}", knowledge_label(each)) for each in MATCHES.values())
            if knowledge.iris(iri, name)
        ],
        further=knowledge.iris(iri, f"{RDFS}seeAlso"),
        used=used,
        most=MOST,
        find=address("/", [(facet, concept.slug)]) if facet else "",
        **head,
    )


def knowledge_label(match: str) -> str:
    return {
        "exactMatch": "same as",
        "closeMatch": "nearly the same as",
        "broadMatch": "part of",
        "narrowMatch": "wider than",
    }.get(match, "related to")


def said(knowledge: Knowledge, iri: str, name: str) -> list[Shown]:
    return [shown(knowledge, value) for value in knowledge.values(iri, survey(name))]


def vocabulary_page(pages: Pages, request: Request, iri: str, **head: Any) -> Response:
    knowledge, scheme = pages.knowledge, iri.rpartition("/")[2]
    members = knowledge.members(scheme)
    tops = [each for each in members if not any(wider in knowledge.concepts for wider in each.broader)]
    counts = {each.iri: sum(len(things) for things in users(knowledge, each.iri).values()) for each in members}
    return pages.respond(
        request,
        "vocabulary.html",
        title=knowledge.label(iri),
        definition=knowledge.definition(iri),
        scheme=scheme,
        total=len(members),
        tops=[each.iri for each in tops],
        counts=counts,
        narrower=knowledge.narrower,
        concepts=knowledge.concepts,
        **head,
    )


def vocabularies_page(pages: Pages, request: Request) -> Response:
    knowledge = pages.knowledge
    sizes = Counter(each.scheme for each in knowledge.concepts.values())
    rows = [
        (
            knowledge.label(f"{BASE}vocabulary/{name}"),
            f"/vocabulary/{name}",
            knowledge.definition(f"{BASE}vocabulary/{name}"),
            sizes[name],
        )
        for name in SCHEMES
        if knowledge.exists(f"{BASE}vocabulary/{name}")
    ]
    return pages.respond(request, "vocabularies.html", rows=sorted(rows))


def ontology_page(pages: Pages, request: Request, **head: Any) -> Response:
    """Every word with its definition, example and number of uses."""
    if (known := pages.unchanged(request)) is not None:
        return known
    knowledge = pages.knowledge
    uses = knowledge.uses
    defined = {iri for iri in knowledge.order if f"{SKOS}definition" in knowledge.facts.get(iri, {})}
    groups: dict[str, list[dict[str, Any]]] = {}
    for iri in knowledge.order:
        if iri not in defined:
            continue
        dimension = knowledge.dimensions.get(iri)
        heading = (
            dimension.section
            if dimension
            else ("Classes" if iri.rpartition("#")[2][:1].isupper() else "About things, observations and words")
        )
        scheme = next(iter(knowledge.iris(iri, survey("scheme"))), "")
        groups.setdefault(heading, []).append(
            {
                "anchor": shorten(iri).removeprefix("survey:").replace(":", "-"),
                "name": shorten(iri),
                "label": knowledge.label(iri),
                "definition": knowledge.definition(iri),
                "example": code(knowledge.text(iri, f"{SKOS}example")),
                "scheme": (knowledge.label(scheme), path_of(scheme)) if scheme else None,
                "unit": dimension.unit if dimension else "",
                "uses": uses[iri],
                "matches": mapped(knowledge, iri),
            }
        )
    return pages.respond(request, "ontology.html", groups=groups, total=len(defined), namespace=ONTOLOGY, **head)


def code(text: str) -> list[tuple[str, bool]]:
    """An example in pieces: text, and whether it stands between backquotes."""
    return [(piece, bool(place % 2)) for place, piece in enumerate(text.split("`")) if piece]


def mapped(knowledge: Knowledge, iri: str) -> list[tuple[str, str]]:
    """The terms of other vocabularies that a word is aligned with, by prefixed name."""
    names = (
        f"{RDFS}subClassOf",
        f"{RDFS}subPropertyOf",
        f"{FOREIGN['owl']}equivalentProperty",
        f"{FOREIGN['owl']}equivalentClass",
        *MATCHES,
    )
    found = [value for name in names for value in knowledge.iris(iri, name) if not value.startswith(BASE)]
    return [(shorten(value), value) for value in dict.fromkeys(found)]
