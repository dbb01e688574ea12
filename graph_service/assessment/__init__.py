"""May I use it? The answers to six questions of use for each archive and collection, as triples.

For `collection:lidc-idri` and commercial use the answer is `assessment:collection-lidc-idri-commercial-use`, with the
question (`survey:assesses`), the answer (`survey:answer`), its reason (`dcterms:description`) and the observations that
decided it (`survey:restsOn`). How an answer is found:

1. License, access and terms count as they are now: what `derived.newest` leaves of the observations that state them.
2. A statement on the use itself wins over what the license implies, unless the license is newer, or the statement is
   second-hand and the license is not.
3. Licenses, statements or access classes with different answers make it *conditional*. So does an agreement to be
   signed beside a license, because the agreement may be narrower.
4. Nothing is inherited and nothing is guessed: without facts of its own a thing gets *unknown*.
5. For an act the answer says whether it may be done, for a duty whether it is owed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from graph_service.assessment.approach import DIRECT, SIGNED, direct, signed
from graph_service.assessment.case import Case, Verdict, Words
from graph_service.assessment.permission import ACTS, ATTRIBUTION, act, attribution
from graph_service.derived import RDF_TYPE, SURVEY, Observation
from graph_service.terms import BASE

SKOS = "http://www.w3.org/2004/02/skos/core#"
DCTERMS = "http://purl.org/dc/terms/"
CLASSES = {f"{SURVEY}Archive", f"{SURVEY}Collection"}


def assessments(written: Iterable[ox.Quad], latest: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    """The assessments of all archives and collections, from the written quads and the latest facts of each thing."""
    quads = list(written)
    words = vocabulary(quads)
    cases = {thing: Case(seen, words) for thing, seen in observations(quads).items()}
    titles: dict[str, str] = {}
    hosts: dict[str, set[str]] = defaultdict(set)
    facts: list[ox.Quad | ox.Triple] = [*quads, *latest]
    for statement in facts:
        if statement.predicate.value == f"{SURVEY}hostedAt":
            hosts[str(statement.subject)].add(str(statement.object))
        elif statement.predicate.value == f"{DCTERMS}title" and isinstance(statement.object, ox.Literal):
            titles[str(statement.subject)] = statement.object.value
    open_ones = {str(thing) for thing, case in cases.items() if direct(case).answer == "yes"}
    for thing, case in cases.items():
        places = sorted(titles.get(host, host) for host in hosts[str(thing)] & open_ones)
        yield from statements(thing, DIRECT, hinted(direct(case), places))
        for use in ACTS:
            yield from statements(thing, use, act(case, use))
        yield from statements(thing, ATTRIBUTION, attribution(case))
        yield from statements(thing, SIGNED, signed(case))


def vocabulary(quads: Iterable[ox.Quad]) -> Words:
    """What the concepts are called, which is wider than which, and what each license says of its own."""
    words = Words()
    for quad in quads:
        if not isinstance(quad.subject, ox.NamedNode) or isinstance(quad.object, (ox.BlankNode, ox.Triple)):
            continue
        concept, predicate = quad.subject.value.removeprefix(BASE), quad.predicate.value
        value, licensing = quad.object.value.removeprefix(BASE), concept.startswith("license/")
        if predicate == f"{SKOS}broader":
            words.broader[concept].append(value)
        elif predicate == f"{SKOS}prefLabel":
            words.labels[concept] = value
        elif predicate == f"{SKOS}notation":
            words.codes[concept] = value
        elif predicate in {f"{SURVEY}permits", f"{SURVEY}requires"} and licensing:
            words.terms[concept][value] = "yes"
        elif predicate == f"{SURVEY}forbids" and licensing:
            words.terms[concept][value] = "no"
    return words


def observations(quads: Iterable[ox.Quad]) -> dict[ox.NamedNode, list[Observation]]:
    """Each archive and collection, in order of its name, with everything that was observed of it."""
    found: dict[ox.NamedNode, Observation] = {}
    things: dict[ox.NamedNode, list[Observation]] = {}
    links: set[tuple[ox.NamedNode, ox.NamedNode]] = set()
    for quad in quads:
        subject, predicate, value = quad.subject, quad.predicate.value, quad.object
        if not isinstance(subject, ox.NamedNode):
            continue
        if subject.value.startswith(f"{BASE}observation/"):
            found.setdefault(subject, Observation(subject)).facts[predicate].append(value)
        elif predicate == f"{SURVEY}observation" and isinstance(value, ox.NamedNode):
            links.add((subject, value))
        elif predicate == RDF_TYPE and isinstance(value, ox.NamedNode) and value.value in CLASSES:
            things.setdefault(subject, [])
    for thing, name in sorted(links, key=str):
        if thing in things and name in found:
            things[thing].append(found[name])
    return dict(sorted(things.items(), key=lambda item: item[0].value))


def hinted(verdict: Verdict, places: list[str]) -> Verdict:
    """Not known, with the open places that hold the data: what they say of all they hold need not be so of each set."""
    if verdict.answer != "unknown" or not places:
        return verdict
    held = f"{' and '.join(places)}, where the data are held, {'is' if len(places) == 1 else 'are'} open as a whole"
    reason = f"{verdict.reason.removesuffix('.')}; {held}, which was not confirmed for this set."
    return Verdict(verdict.answer, reason, verdict.rests_on)


def statements(thing: ox.NamedNode, use: str, verdict: Verdict) -> Iterator[ox.Triple]:
    """The triples of one assessment."""
    kind, _, slug = thing.value.removeprefix(BASE).partition("/")
    node = ox.NamedNode(f"{BASE}assessment/{kind}-{slug}-{use.removeprefix('permitted-use/')}")
    yield ox.Triple(thing, ox.NamedNode(f"{SURVEY}assessment"), node)
    yield ox.Triple(node, ox.NamedNode(RDF_TYPE), ox.NamedNode(f"{SURVEY}Assessment"))
    yield ox.Triple(node, ox.NamedNode(f"{SURVEY}assesses"), ox.NamedNode(BASE + use))
    yield ox.Triple(node, ox.NamedNode(f"{SURVEY}answer"), ox.NamedNode(f"{BASE}answer/{verdict.answer}"))
    yield ox.Triple(node, ox.NamedNode(f"{DCTERMS}description"), ox.Literal(verdict.reason, language="en"))
    for observation in verdict.rests_on:
        yield ox.Triple(node, ox.NamedNode(f"{SURVEY}restsOn"), observation.name)
