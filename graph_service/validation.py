"""Everything that is wrong with the records, each fault at its line: style, syntax, identity, references, shapes, checks.

All faults are found in one go. Nothing here raises for bad data; a file that cannot be read or parsed is one problem,
and the rest is checked all the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyoxigraph as ox

from graph_service import queries, records, shacl, style, turtle
from graph_service.problems import Problem, suggestion
from graph_service.records import Record
from graph_service.survey import Files
from graph_service.terms import BASE, KINDS, ONTOLOGY, shorten

TYPE = ox.NamedNode(turtle.RDF_TYPE)


@dataclass
class File:
    """One file with its text and statements; `record` is missing for the files of words."""

    path: Path
    graph: str
    text: str = ""
    quads: list[ox.Quad] = field(default_factory=list)
    record: Record | None = None
    readable: bool = False

    @cached_property
    def statements(self) -> list[turtle.Statement]:
        return turtle.statements(self.text)

    def place(self, subject: str, predicate: str | None = None, value: str | None = None) -> tuple[int, int]:
        """Line and column of a statement's object, or of its predicate, or of the stanza it belongs to."""
        of_subject = [each for each in self.statements if each.subject.value == subject]
        of_predicate = [each for each in of_subject if predicate in (None, each.predicate.value)]
        for each in of_predicate:
            if value is not None and each.object.value == value:
                return each.object.line, each.object.column
        if of_predicate and predicate is not None:
            return of_predicate[0].predicate.line, of_predicate[0].predicate.column
        return (of_subject[0].subject.line, of_subject[0].subject.column) if of_subject else (1, 1)


@dataclass
class Corpus:
    """The given files, and the rest of the survey that they refer to."""

    files: Files
    given: list[File] = field(default_factory=list)
    rest: list[File] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @cached_property
    def described(self) -> dict[str, list[File]]:
        """Each subject with the files that describe it."""
        found: dict[str, list[File]] = defaultdict(list)
        for file in [*self.given, *self.rest]:
            for subject in dict.fromkeys(quad.subject.value for quad in file.quads):
                found[subject].append(file)
        return found


def check(files: Files, paths: Iterable[Path] = ()) -> list[Problem]:
    """Every problem of the given records, or of the whole survey when none is given; ordered by file and place."""
    corpus = load(files, list(paths))
    for rule in (identity, references, shape_results, check_queries):
        corpus.problems.extend(rule(corpus))
    return sorted(set(corpus.problems))


def load(files: Files, paths: list[Path]) -> Corpus:
    """Reads everything; a record that was given stands in for the shipped one of the same name."""
    corpus = Corpus(files)
    order = style.fact_order(files.ontology / "survey.ttl")
    named: dict[str, Path] = {}
    for path in paths or [files.records]:
        for found in records.find(path):
            if isinstance(found, Problem):
                corpus.problems.append(found)
            elif found.iri in named and named[found.iri].absolute() == found.path.absolute():
                continue
            else:
                named[found.iri] = found.path
                file = _read(corpus, found.path, found.graph, found)
                if file.readable:
                    corpus.problems.extend(style.problems(found, file.text, order))
                corpus.given.append(file)
    for path, graph in files.vocabulary():
        (corpus.rest if paths else corpus.given).append(_read(corpus, path, graph, None))
    if paths:
        for found in records.find(files.records):
            if isinstance(found, Record) and found.iri not in named:
                corpus.rest.append(_read(corpus, found.path, found.graph, found))
    return corpus


def _read(corpus: Corpus, path: Path, graph: str, record: Record | None) -> File:
    file = File(path, graph, record=record)
    text = records.text_of(path)
    if isinstance(text, Problem):
        corpus.problems.append(text)
        return file
    file.text, file.readable = text, True
    quads = records.parse(path, text, graph)
    if isinstance(quads, Problem):
        corpus.problems.append(quads)
    else:
        file.quads = quads
    return file


def identity(corpus: Corpus) -> Iterator[Problem]:
    """One thing, one file: none of our names is described twice, and a record's thing has the class of its folder.

    An address of evidence may stand in several files: one page can show facts of several things. The bridges to other
    vocabularies speak of the ontology's terms and describe nothing of their own.
    """
    for subject, describing in corpus.described.items():
        files = [file for file in describing if file.path.name != "alignment.ttl"]
        if len(files) > 1 and subject.startswith(BASE):
            for file in files:
                if file in corpus.given:
                    others = ", ".join(str(other.path) for other in files if other is not file)
                    line, column = file.place(subject)
                    yield Problem(
                        file.path, line, column, "two-identities", f"`{shorten(subject)}` is described in {others} too."
                    )
    for file in corpus.given:
        if file.record is None or not file.quads:
            continue
        wanted = ox.NamedNode(ONTOLOGY + KINDS[file.record.kind])
        types = {quad.object for quad in file.quads if quad.subject.value == file.record.iri and quad.predicate == TYPE}
        if wanted not in types:
            line, column = file.place(file.record.iri, turtle.RDF_TYPE)
            wrong = shorten(next(iter(types)).value) if types else "nothing"
            yield Problem(
                file.path, line, column, "wrong-class", f"write `a {shorten(wanted.value)} ;` in this folder; found {wrong}."
            )


def references(corpus: Corpus) -> Iterator[Problem]:
    """Whatever name of ours a record uses, something describes it; and each observation and source is used."""
    known = corpus.described
    used: dict[int, set[str]] = defaultdict(set)
    for file in corpus.given:
        for quad in file.quads:
            for term, is_object in ((quad.predicate, False), (quad.object, True)):
                if not isinstance(term, ox.NamedNode):
                    continue
                if is_object:
                    used[id(file)].add(term.value)
                if not term.value.startswith(BASE) or term.value in known:
                    continue
                if term.value.startswith((f"{BASE}graph/", f"{BASE}ontology/")) or term.value == ONTOLOGY[:-1]:
                    continue
                line, column = file.place(quad.subject.value, quad.predicate.value, term.value if is_object else None)
                kind, _, local = term.value.removeprefix(BASE).rpartition("#" if "#" in term.value else "/")
                near = suggestion(local, [name.removeprefix(BASE)[len(kind) + 1 :] for name in known if name.startswith(f"{BASE}{kind}")])
                what = "no term of the ontology" if term.value.startswith(ONTOLOGY) else "described nowhere"
                yield Problem(file.path, line, column, "unknown-name", f"`{shorten(term.value)}` is {what}.{near}")
    for file in corpus.given:
        if file.record is None:
            continue
        for subject in dict.fromkeys(quad.subject.value for quad in file.quads):
            if subject != file.record.iri and subject not in used[id(file)]:
                line, column = file.place(subject)
                yield Problem(
                    file.path, line, column, "unused", f"`{shorten(subject)}` is described here, but nothing in this file uses it."
                )


def shape_results(corpus: Corpus) -> Iterator[Problem]:
    """What the shapes find; each result is placed at the statement at fault, or at the stanza where one is missing."""
    given = [quad for file in corpus.given for quad in file.quads]
    types = [quad for file in corpus.rest for quad in file.quads if quad.predicate == TYPE]
    focus = None
    if corpus.rest:
        focus = list(dict.fromkeys(quad.subject.value for quad in given if quad.predicate == TYPE))
    shape_graph = shacl.shapes(corpus.files.shapes)
    allowed = _allowed(shape_graph)
    for result in shacl.validate(shacl.graph_of([*given, *types]), shape_graph, focus):
        for file in corpus.described.get(result.focus, []):
            if file not in corpus.given:
                continue
            line, column = file.place(result.focus, result.path, result.value)
            found = "" if result.value is None else f" Found `{_shown(result.value)}`."
            message = result.message + found
            if result.closed and result.path is not None:
                name = shorten(result.path)
                line, column = file.place(result.focus, result.path)
                message = f"`{name}` is not said of this kind of thing.{suggestion(name, allowed)}"
            rule = "shape" if result.path is None else shorten(result.path)
            yield Problem(file.path, line, column, rule, message)


def _allowed(shape_graph: shacl.Graph) -> list[str]:
    return sorted({shorten(str(path)) for path in shape_graph.objects(None, shacl.SH.path)})


def _shown(value: str) -> str:
    return shorten(value) if re.match(r"https?://", value) else value[:80]


def check_queries(corpus: Corpus) -> Iterator[Problem]:
    """The rules that no shape of one thing can say: each row that a `queries/check/*.rq` returns is a problem.

    The row names the thing in `?subject`, and where it helps the property and value in `?predicate` and `?value`.
    """
    rules = sorted((corpus.files.queries / "check").glob("*.rq"))
    if not rules:
        return
    store = ox.Store()
    store.bulk_extend(quad for file in [*corpus.given, *corpus.rest] for quad in file.quads)
    for path in rules:
        rule = queries.read(path)
        rows = store.query(rule.text, use_default_graph_as_union=True)
        if not isinstance(rows, ox.QuerySolutions):
            yield Problem(path, 1, 1, "check-query", "a check is a SELECT query.")
            continue
        names = {variable.value for variable in rows.variables}
        for row in rows:
            said = {name: row[name] for name in names if row[name] is not None}
            subject, predicate, value = (
                getattr(said.get(name), "value", None) for name in ("subject", "predicate", "value")
            )
            text = {name: _shown(getattr(term, "value", str(term))) for name, term in said.items()}
            message = re.sub(r"\{(\w+)\}", lambda match, text=text: f"`{text.get(match[1], match[0])}`", rule.summary)
            for file in corpus.described.get(subject or "", []):
                if file in corpus.given:
                    line, column = file.place(subject or "", predicate, value)
                    yield Problem(file.path, line, column, rule.name, message)
