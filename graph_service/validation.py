"""Everything that is wrong with the records, each at its line: style, syntax, identity, references, shapes, checks.

All faults are found in one go. Nothing here raises for bad data; a file that cannot be read or parsed is one problem,
and the rest is checked all the same.
"""

from __future__ import annotations

import datetime
import logging
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyoxigraph as ox
from rdflib.term import BNode, Node

from graph_service import queries, records, shacl, style, turtle
from graph_service.problems import Problem, suggestion
from graph_service.queries import Query
from graph_service.records import Record
from graph_service.release import named_version
from graph_service.survey import Files
from graph_service.terms import BASE, KINDS, ONTOLOGY, PREFIXES, shorten, str_of

TYPE = ox.NamedNode(turtle.RDF_TYPE)
LABELS = frozenset(PREFIXES["skos"] + name for name in ("prefLabel", "altLabel", "notation"))
PAST = frozenset(
    (
        *(ONTOLOGY + name for name in ("asOf", "consulted", "latestReleaseDate", "firstReleaseDate", "lastCommit")),
        f"{PREFIXES['dcterms']}issued",
    )
)
"""Properties whose dates have been when they are written down."""
DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")


@dataclass(eq=False)
class File:
    """One file with its text and statements; `record` is missing for the files of words."""

    path: Path
    graph: str
    text: str = ""
    quads: list[ox.Quad] = field(default_factory=list)
    record: Record | None = None
    readable: bool = False
    broken: bool = False

    @cached_property
    def _places(self) -> dict[tuple[str | None, ...], tuple[int, int]]:
        """Line and column of each subject, of each of its predicates, and of each value, also without the predicate."""
        found: dict[tuple[str | None, ...], tuple[int, int]] = {}
        for each in turtle.statements(self.text):
            subject, predicate, value = each.subject.value, each.predicate.value, each.object.value
            found.setdefault((subject,), (each.subject.line, each.subject.column))
            found.setdefault((subject, predicate), (each.predicate.line, each.predicate.column))
            found.setdefault((subject, predicate, value), (each.object.line, each.object.column))
            found.setdefault((subject, None, value), (each.object.line, each.object.column))
        return found

    def place(self, subject: str, predicate: str | None = None, value: str | None = None) -> tuple[int, int]:
        """Line and column of a statement's object, or of its predicate, or of the stanza it belongs to."""
        keys = ((subject, predicate, value), (subject, predicate), (subject,))
        return next((self._places[key] for key in keys if key in self._places), (1, 1))


@dataclass
class Corpus:
    """The given files, and the rest of the survey that they refer to."""

    files: Files
    given: list[File] = field(default_factory=list)
    rest: list[File] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    single: bool = False
    """Whether single records were given, and no folder: what others will say of them is not known yet."""

    @cached_property
    def shapes(self) -> shacl.Shapes:
        return shacl.Shapes(self.files.shapes)

    @cached_property
    def rules(self) -> list[Query]:
        """The checks across records."""
        return [queries.read(path) for path in sorted((self.files.queries / "check").glob("*.rq"))]

    @cached_property
    def described(self) -> dict[str, list[File]]:
        """Each subject with the files that describe it."""
        found: dict[str, list[File]] = defaultdict(list)
        for file in [*self.given, *self.rest]:
            for subject in dict.fromkeys(str_of(quad.subject) for quad in file.quads):
                found[subject].append(file)
        return found

    @cached_property
    def called(self) -> dict[tuple[str, str], str]:
        """Each concept by its vocabulary's prefix and one of its labels, codes or its own name."""
        found: dict[tuple[str, str], str] = {}
        for file in [*self.given, *self.rest]:
            for quad in file.quads if file.record is None else ():
                name = shorten(str_of(quad.subject))
                prefix, _, local = name.partition(":")
                if quad.predicate.value in LABELS:
                    found.setdefault((prefix, folded(str_of(quad.object))), name)
                    found[prefix, folded(local)] = name
        return found

    @cached_property
    def saying(self) -> dict[tuple[str, Node], list[tuple[File, str]]]:
        """Each predicate and value, as the shapes see it, with the given files and subjects that say it."""
        found: dict[tuple[str, Node], list[tuple[File, str]]] = defaultdict(list)
        with shacl.quiet(logging.getLogger("rdflib.term")):
            for file in self.given:
                for quad in file.quads:
                    found[quad.predicate.value, shacl.to_rdflib(quad.object)].append((file, str_of(quad.subject)))
        return found

    @cached_property
    def unread(self) -> dict[str, ox.Quad]:
        """The class of each record that cannot be read: that it exists is known from its path."""
        found = {}
        for file in [*self.given, *self.rest]:
            if file.record is not None and not file.quads:
                name, kind = ox.NamedNode(file.record.iri), ox.NamedNode(ONTOLOGY + KINDS[file.record.kind])
                found[file.record.iri] = ox.Quad(name, TYPE, kind)
        return found


def check(files: Files, paths: Iterable[Path] = ()) -> list[Problem]:
    """Every problem of the given records, or of the whole survey when none is given; ordered by file and place."""
    corpus = load(files, list(paths))
    if not any(file.broken for file in [*corpus.given, *corpus.rest] if file.record is None):
        # Without the words every further finding would only say that a word is missing.
        for rule in RULES:
            corpus.problems.extend(rule(corpus))
    return sorted(set(corpus.problems))


def load(files: Files, paths: list[Path]) -> Corpus:
    """Reads everything; a record that was given, or lies beside one, stands in for the shipped one of the same name."""
    corpus = Corpus(files, single=bool(paths) and not any(path.is_dir() for path in paths))
    order = style.fact_order(files.ontology / "survey.ttl")
    named: dict[str, str] = {}
    for path in paths or [files.records]:
        for found in records.find(path):
            if isinstance(found, Problem):
                corpus.problems.append(found)
            elif named.get(found.iri) != os.path.realpath(found.path):
                named[found.iri] = os.path.realpath(found.path)
                file = read_file(corpus, found.path, found.graph, found)
                if file.readable:
                    corpus.problems.extend(style.problems(found, file.text, order))
                corpus.given.append(file)
    for path, graph in files.vocabulary():
        (corpus.rest if paths else corpus.given).append(read_file(corpus, path, graph, None))
    if paths:
        for found in [*_beside(corpus.given), *records.find(files.records)]:
            if isinstance(found, Record) and found.iri not in named:
                named[found.iri] = os.path.realpath(found.path)
                # What is wrong with a record that was not given is not told.
                corpus.rest.append(read_file(Corpus(files), found.path, found.graph, found))
    return corpus


def _beside(given: list[File]) -> Iterator[Record | Problem]:
    """The records of the folder in which the given ones lie, so that one of them may name another."""
    roots = {Path(os.path.realpath(file.path)).parent.parent for file in given}
    for folder in sorted(root / kind for root in roots for kind in KINDS):
        if folder.is_dir():
            yield from records.find(folder)


def read_file(corpus: Corpus, path: Path, graph: str, record: Record | None) -> File:
    """One file with its text and statements; what keeps it from being used is added to the problems."""
    file = File(path, graph, record=record)
    text = records.text_of(path)
    if isinstance(text, Problem):
        corpus.problems.append(text)
        file.broken = True
        return file
    file.text, file.readable = text, True
    quads = records.parse(path, text, graph)
    if isinstance(quads, Problem):
        corpus.problems.append(quads)
        file.broken = True
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
        yield from classes(file, file.record)


def classes(file: File, record: Record) -> Iterator[Problem]:
    """Each thing that a record describes has one class: the one of its folder, or what its name says that it is."""
    found: dict[str, set[str]] = {}
    for quad in file.quads:
        if isinstance(quad.subject, ox.NamedNode):
            types = found.setdefault(quad.subject.value, set())
            if quad.predicate == TYPE:
                types.add(str_of(quad.object))
    for subject, types in found.items():
        if subject == record.iri:
            wanted, why = KINDS[record.kind], "in this folder"
        elif subject.startswith(f"{BASE}observation/"):
            wanted, why = "Observation", "of what is called `observation:…`"
        elif subject.startswith(f"{BASE}source/"):
            wanted, why = "Source", "of what is called `source:…`"
        elif subject.startswith(BASE):
            continue
        else:
            wanted, why = "Evidence", "of an address inside a source"
        if types != {ONTOLOGY + wanted}:
            other = min(types - {ONTOLOGY + wanted}, default="")
            line, column = file.place(subject, turtle.RDF_TYPE, other or None)
            wrong = shorten(other) if other else "nothing"
            if ONTOLOGY + wanted in types:
                message = f"a thing has one class, here survey:{wanted}; found {wrong} too."
            else:
                message = f"write `a survey:{wanted} ;` {why}; found {wrong}."
            yield Problem(file.path, line, column, "wrong-class", message)


def references(corpus: Corpus) -> Iterator[Problem]:
    """Whatever name of ours a record uses, something describes it; and each observation and source is used."""
    known = corpus.described.keys() | corpus.unread.keys()
    names: dict[str, list[str]] = {}
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
                line, column = file.place(str_of(quad.subject), quad.predicate.value, term.value if is_object else None)
                kind = shorten(term.value).partition(":")[0]
                if kind not in names:
                    names[kind] = _names(known, kind)
                local = shorten(term.value).partition(":")[2]
                near = called(corpus, kind, local) or suggestion(shorten(term.value), names[kind])
                what = "no term of the ontology" if term.value.startswith(ONTOLOGY) else "described nowhere"
                yield Problem(file.path, line, column, "unknown-name", f"`{shorten(term.value)}` is {what}.{near}")
    for file in corpus.given:
        if file.record is None:
            continue
        named = (quad.subject.value for quad in file.quads if isinstance(quad.subject, ox.NamedNode))
        for subject in dict.fromkeys(named):
            if subject != file.record.iri and subject not in used[id(file)]:
                line, column = file.place(subject)
                yield Problem(
                    file.path,
                    line,
                    column,
                    "unused",
                    f"`{shorten(subject)}` is described here, but nothing in this file uses it.",
                )


def _names(known: Iterable[str], kind: str) -> list[str]:
    """The known names with one prefix."""
    return sorted(name for name in map(shorten, known) if name.startswith(f"{kind}:"))


def called(corpus: Corpus, vocabulary: str, name: str) -> str:
    """` Did you mean …?` with the concept of a vocabulary that people call so, or nothing."""
    concept = corpus.called.get((vocabulary, folded(name)))
    return f" Did you mean `{concept}`?" if concept else ""


def folded(text: str) -> str:
    """A name without what people write in different ways: case, spaces, hyphens."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def shape_results(corpus: Corpus) -> Iterator[Problem]:
    """What the shapes find; each result is placed at the statement at fault, or at the stanza where one is missing.

    Of the rest of the survey only the classes of what the given records refer to are needed.
    """
    given = [quad for file in corpus.given for quad in file.quads]
    touched = {quad.object for quad in given}
    types = [quad for file in corpus.rest for quad in file.quads if quad.predicate == TYPE and quad.subject in touched]
    data = shacl.graph_of([*given, *types, *corpus.unread.values()])
    bystanders = {shacl.to_rdflib(quad.subject) for quad in types}
    allowed = corpus.shapes.known
    found = corpus.shapes.validate(data, bystanders)
    told: dict[tuple[Path, int, int, str], str] = {}
    # Of two shapes that find one fault, that of the thing tells more than that of the value.
    for result in sorted(found, key=lambda each: (each.of_values, each.message)):
        rule = "shape" if result.path is None else shorten(result.path)
        if result.closed:
            near = "" if rule in allowed else suggestion(rule, allowed)
            if not near and rule in corpus.shapes.observable and not result.focus.startswith(f"{BASE}observation/"):
                near = " Say it in an observation."
            message = f"`{rule}` is not said of this kind of thing.{near}"
        else:
            found_there = "" if result.value is None else f" Found {_quoted(result.shown)}."
            message = result.message + found_there + (called(corpus, result.scheme, result.value or ""))
        for file, line, column in _places(corpus, result):
            told.setdefault((file.path, line, column, rule), message)
    return (Problem(*place, message) for place, message in told.items())


def _places(corpus: Corpus, result: shacl.Result) -> Iterator[tuple[File, int, int]]:
    """Where a result stands: at its focus, or wherever its value is said."""
    if not result.of_values:
        if isinstance(result.node, BNode) and all(file.record is not None for file in corpus.given):
            return  # style tells of each blank node, where it stands
        for file in corpus.described.get(result.focus, []):
            if file in corpus.given:
                yield file, *file.place(result.focus, result.path, None if result.closed else result.value)
        return
    for file, subject in corpus.saying[result.path or "", result.node]:
        yield file, *file.place(subject, result.path, result.focus)


def _quoted(shown: str) -> str:
    return shown if shown == "a blank node" else f"`{shown}`"


def _shown(value: str) -> str:
    return shorten(value) if re.match(r"https?://", value) else value[:80]


def _filled(summary: str, values: dict[str, str]) -> str:
    """The summary of a check with each `{name}` replaced by the value of that column."""
    return re.sub(r"\{(\w+)\}", lambda match: f"`{values.get(match[1], match[0])}`", summary)


def check_queries(corpus: Corpus) -> Iterator[Problem]:
    """The rules that no shape of one thing can say: each row that a `queries/check/*.rq` returns is a problem.

    The row names the thing in `?subject`, and where it helps the property and value in `?predicate` and `?value`.
    """
    if not corpus.rules:
        return
    store = ox.Store()
    store.bulk_extend(quad for file in [*corpus.given, *corpus.rest] for quad in file.quads)
    broken = any(file.broken for file in [*corpus.given, *corpus.rest])
    for rule in corpus.rules:
        if "whole" in rule.tags and (broken or corpus.single):
            continue  # what is not there may stand in what cannot be read, or be yet to be written
        rows = store.query(rule.text, use_default_graph_as_union=True)
        if not isinstance(rows, ox.QuerySolutions):
            yield Problem(rule.path, 1, 1, "check-query", "a check is a SELECT query.")
            continue
        names = {variable.value for variable in rows.variables}
        for row in rows:
            said = {name: row[name] for name in names if row[name] is not None}
            subject, predicate, value = (
                getattr(said.get(name), "value", None) for name in ("subject", "predicate", "value")
            )
            text = {name: _shown(getattr(term, "value", str(term))) for name, term in said.items()}
            message = _filled(rule.summary, text)
            for file in corpus.described.get(subject or "", []):
                if file in corpus.given:
                    line, column = file.place(subject or "", predicate, value)
                    yield Problem(file.path, line, column, rule.name, message)


def dates(corpus: Corpus) -> Iterator[Problem]:
    """What was read, published or so, was so by today; the day of the shipped release counts where the clock is behind.

    Time makes no good record bad.
    """
    released = named_version(corpus.files)
    today = max(datetime.date.today().isoformat(), released.date if released else "")
    for file in corpus.given:
        for quad in file.quads if file.record is not None else ():
            value = str_of(quad.object)
            if quad.predicate.value in PAST and DATE.match(value) and value > today[: len(value)]:
                line, column = file.place(str_of(quad.subject), quad.predicate.value, value)
                message = f"{value} is still to come; `{shorten(quad.predicate.value)}` tells of what has been."
                yield Problem(file.path, line, column, "future-date", message)


def foreign_observations(corpus: Corpus) -> Iterator[Problem]:
    """A record names its own observations only; an observation is of one thing."""
    for file in corpus.given:
        own = {str_of(quad.subject) for quad in file.quads}
        for quad in file.quads:
            name = str_of(quad.object)
            if quad.predicate.value == f"{ONTOLOGY}observation" and name not in own and name in corpus.described:
                line, column = file.place(str_of(quad.subject), quad.predicate.value, name)
                where = ", ".join(str(other.path) for other in corpus.described[name])
                message = f"`{shorten(name)}` is an observation of {where}; describe one of this thing here."
                yield Problem(file.path, line, column, "foreign-observation", message)


RULES = (identity, references, foreign_observations, dates, shape_results, check_queries)
"""What is looked for beyond style and syntax, in this order."""
