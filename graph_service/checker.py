"""Checks one record after another against a survey that is read once: for `--watch`, and for records by HTTP.

Only the record and what it touches are looked at, so that a record costs milliseconds. The rules across records see
the whole files of the things that it names; what needs a longer way to be seen is found by the check of everything.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox

from graph_service import records, style, validation
from graph_service.problems import Problem
from graph_service.survey import Files
from graph_service.terms import ONTOLOGY, PREFIXES, str_of
from graph_service.validation import Corpus, File

IDENTIFYING = frozenset(
    (
        f"{PREFIXES['dcterms']}title",
        f"{PREFIXES['foaf']}homepage",
        f"{PREFIXES['schema']}url",
        f"{ONTOLOGY}wikidata",
        f"{ONTOLOGY}ror",
    )
)
"""What two things do not share: a record touches whatever has the same."""


class Checker:
    """The survey, with the records of other folders in the place of shipped ones, ready to check records against it."""

    def __init__(self, files: Files, paths: Iterable[Path] = ()) -> None:
        self.whole = validation.load(files, list(paths))
        self.order = style.fact_order(files.ontology / "survey.ttl")
        self.files: dict[str, File] = {}
        self.by_subject: dict[str, dict[str, list[ox.Quad]]] = defaultdict(dict)
        self.by_identity: dict[tuple[str, str], set[str]] = defaultdict(set)
        for file in [*self.whole.given, *self.whole.rest]:
            self.learn(file)
        smallest = min(
            (file for file in self.files.values() if file.record), key=lambda file: len(file.text), default=None
        )
        if smallest is not None:
            self.check(smallest.path)  # reads the shapes, so that nobody waits for that
        gc.collect()
        gc.freeze()  # what stays is not looked through again and again

    def learn(self, file: File) -> None:
        """Takes a file in; the one of the same name that was known before is forgotten."""
        self.forget(file.graph)
        self.files[file.graph] = file
        for quad in file.quads:
            subject = str_of(quad.subject)
            self.by_subject[subject].setdefault(file.graph, []).append(quad)
            if quad.predicate.value in IDENTIFYING:
                self.by_identity[quad.predicate.value, str_of(quad.object)].add(subject)

    def forget(self, graph: str) -> None:
        """Leaves out what a file said."""
        file = self.files.pop(graph, None)
        for subject in {str_of(quad.subject) for quad in file.quads} if file else ():
            self.by_subject[subject].pop(graph, None)
            if not self.by_subject[subject]:
                del self.by_subject[subject]

    def check(self, path: Path, *, learn: bool = False) -> list[Problem]:
        """The problems of one record as it lies there now; with `learn` later records are checked against it."""
        found = next(records.find(path))
        if isinstance(found, Problem):
            return [found]
        corpus = Corpus(self.whole.files, single=True)
        corpus.shapes, corpus.rules = self.whole.shapes, self.whole.rules
        corpus.called = self.whole.called
        file = validation.read_file(corpus, found.path, found.graph, found)
        if file.readable:
            corpus.problems.extend(style.problems(found, file.text, self.order))
        corpus.given = [file]
        corpus.rest = self.touched(file)
        corpus.described = self.described(file)
        for rule in validation.RULES:
            corpus.problems.extend(rule(corpus))
        if learn:
            self.learn(file)
        return sorted(set(corpus.problems))

    def touched(self, file: File) -> list[File]:
        """The stanzas of what a record names; of a thing that is surveyed its whole file, with its observations."""
        names = {str_of(term) for quad in file.quads for term in (quad.predicate, quad.object)}
        names |= {str_of(quad.subject) for quad in file.quads}
        alike = {(quad.predicate.value, str_of(quad.object)) for quad in file.quads}
        names |= {name for each in alike & self.by_identity.keys() for name in self.by_identity[each]}
        parts: dict[str, File] = {}
        for name in names & self.by_subject.keys():
            for graph, quads in self.by_subject[name].items():
                if graph == file.graph:
                    continue
                each = self.files[graph]
                whole = each.record is not None and each.record.kind in ("archive", "collection", "software")
                part = parts.setdefault(graph, File(each.path, each.graph, each.text, record=each.record))
                if whole:
                    part.quads = each.quads
                else:
                    part.quads.extend(quads)
        return list(parts.values())

    def described(self, file: File) -> dict[str, list[File]]:
        """Each subject of the survey with the files that describe it, the record in the place of its shipped form."""
        found = {
            subject: others
            for subject, graphs in self.by_subject.items()
            if (others := [self.files[graph] for graph in graphs if graph != file.graph])
        }
        for subject in dict.fromkeys(str_of(quad.subject) for quad in file.quads):
            found[subject] = [file, *found.get(subject, ())]
        return found
