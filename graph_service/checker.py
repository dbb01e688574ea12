"""Checks one record after another against a survey that is read once: for `--watch`, and for records by HTTP.

Only the record and what it touches are looked at, so that a record costs milliseconds. The rules across records see
the whole files of the things that it names; what needs a longer way to be seen is found by the check of everything.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pyoxigraph as ox

from graph_service import records, style, validation
from graph_service.problems import Problem
from graph_service.survey import Files
from graph_service.terms import str_of
from graph_service.validation import Corpus, File


class Checker:
    """The survey, ready to check records against it."""

    def __init__(self, files: Files) -> None:
        self.whole = validation.load(files, [])
        self.order = style.fact_order(files.ontology / "survey.ttl")
        self.by_subject: dict[str, dict[int, list[ox.Quad]]] = defaultdict(dict)
        self.owner: dict[str, list[File]] = self.whole.described
        for file in self.whole.given:
            for quad in file.quads:
                self.by_subject[str_of(quad.subject)].setdefault(id(file), []).append(quad)

    def check(self, path: Path) -> list[Problem]:
        """The problems of one record as it lies there now."""
        found = next(records.find(path))
        if isinstance(found, Problem):
            return [found]
        corpus = Corpus(self.whole.files)
        corpus.shapes, corpus.rules = self.whole.shapes, self.whole.rules
        file = validation.read_file(corpus, found.path, found.graph, found)
        if file.readable:
            corpus.problems.extend(style.problems(found, file.text, self.order))
        corpus.given = [file]
        corpus.rest = self.touched(file)
        corpus.described = self.described(file)
        for rule in validation.RULES:
            corpus.problems.extend(rule(corpus))
        return sorted(set(corpus.problems))

    def touched(self, file: File) -> list[File]:
        """The stanzas of what a record names; of a thing that is surveyed its whole file, with its observations."""
        names = {str_of(term) for quad in file.quads for term in (quad.predicate, quad.object)}
        names |= {str_of(quad.subject) for quad in file.quads}
        parts: dict[int, File] = {}
        for name in names & self.by_subject.keys():
            for each in self.owner[name]:
                if each.graph == file.graph:
                    continue
                whole = each.record is not None and each.record.kind in ("archive", "collection", "software")
                part = parts.setdefault(id(each), File(each.path, each.graph, each.text, record=each.record))
                if whole:
                    part.quads = each.quads
                else:
                    part.quads.extend(self.by_subject[name][id(each)])
        return list(parts.values())

    def described(self, file: File) -> dict[str, list[File]]:
        """Each subject of the survey with the files that describe it, the record in the place of its shipped form."""
        found = dict(self.owner)
        shipped = next((each for each in self.whole.given if each.graph == file.graph), None)
        for subject in {str_of(quad.subject) for quad in (*file.quads, *(shipped.quads if shipped else ()))}:
            found[subject] = [each for each in found.get(subject, ()) if each.graph != file.graph]
            if not found[subject]:
                del found[subject]
        for subject in dict.fromkeys(str_of(quad.subject) for quad in file.quads):
            found[subject] = [file, *found.get(subject, ())]
        return found
