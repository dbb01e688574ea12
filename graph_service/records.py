"""The files that people write: where they lie, what they are called, and what they say.

A record's path is its name: `<root>/archive/give-a-scan.ttl` describes `archive:give-a-scan`.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from graph_service import turtle
from graph_service.problems import Problem
from graph_service.terms import BASE, GRAPH, KINDS

SLUG = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
PLACE = re.compile(r"^Parser error (?:at|between) [^:]*: ")
HINTS = {
    "A dot is expected at the end of statements": "; the fact before lacks its ` ;`",
    "Unexpected end of file": ": what starts here, a text or an address, is not closed",
    "Unexpected end": ": the last stanza is not closed; end it with `.` alone on a line",
    "Line jumps are not allowed in string literals": " where a break is meant; mostly the closing quote is missing",
    "Invalid IRI code point ' '": "; write it as %20, or close the address with `>`",
    "No scheme found in an absolute IRI": "; write the whole address, with https://",
}
"""What mostly is behind a syntax error, by how the parser's message begins."""
LARGEST = 1_000_000
"""Bytes; a larger file is no record that a person wrote or can review."""


@dataclass(frozen=True)
class Record:
    """One file of the survey and the thing that it is about."""

    path: Path
    kind: str
    slug: str

    @property
    def iri(self) -> str:
        return f"{BASE}{self.kind}/{self.slug}"

    @property
    def graph(self) -> str:
        return f"{GRAPH}{self.kind}/{self.slug}"


def find(root: Path) -> Iterator[Record | Problem]:
    """The records under a folder laid out like `records/`, or the one record that a file is, ordered by path."""
    try:
        is_folder = stat.S_ISDIR(root.stat().st_mode)
    except OSError as error:
        why = "" if isinstance(error, FileNotFoundError) else f" that can be read: {error.strerror}"
        yield Problem(root, 1, 1, "missing-file", f"there is no such file or folder{why}.")
        return
    if is_folder:
        files = sorted(path for path in _files(root) if path.suffix not in {".md", ""})
        if not files:
            yield Problem(
                root, 1, 1, "no-records", "this folder holds no record; records are `<kind>/<slug>.ttl` files."
            )
        for path in files:
            yield identify(path)
    else:
        yield identify(root)


def _files(root: Path) -> Iterator[Path]:
    """The files below a folder, without hidden ones; links to folders are not followed, so that no loop is entered."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name[0] != "."]
        yield from (Path(folder, name) for name in names if name[0] != ".")


def identify(path: Path) -> Record | Problem:
    """The record that a path names, or why it names none."""
    kind, slug = path.absolute().parent.name, path.name.removesuffix(".ttl")
    if path.suffix != ".ttl":
        return Problem(path, 1, 1, "file-name", f"a record is a Turtle file; name it `{path.stem}.ttl`.")
    if kind not in KINDS:
        folders = ", ".join(f"`{name}/`" for name in KINDS)
        return Problem(path, 1, 1, "file-name", f"a record lies in one of the folders {folders}, not in `{kind}/`.")
    if not SLUG.fullmatch(slug):
        return Problem(
            path, 1, 1, "file-name", f"`{slug}` is no slug; use lower-case letters, digits and single hyphens."
        )
    return Record(path, kind, slug)


def text_of(path: Path) -> str | Problem:
    """The text of a file, or what keeps it from being read as UTF-8 text."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            return Problem(path, 1, 1, "unreadable", "this is no plain file.")
        if facts.st_size > LARGEST:
            size = f"the file has {facts.st_size:,} bytes; a record has at most {LARGEST:,}."
            return Problem(path, 1, 1, "too-large", size)
        data = path.read_bytes()
    except OSError as error:
        return Problem(path, 1, 1, "unreadable", f"the file cannot be read: {error.strerror}.")
    return decoded(path, data)


def decoded(path: Path, data: bytes) -> str | Problem:
    """The text that bytes stand for, or where they are no UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or data[:200].count(0) > len(data[:200]) // 3:
        return Problem(path, 1, 1, "encoding", "the file is not UTF-8, but looks like UTF-16; save it as UTF-8.")
    if data.startswith(b"\xef\xbb\xbf"):
        return Problem(path, 1, 1, "encoding", "the file starts with a byte order mark; save it as UTF-8 without one.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        found = data[error.start]
        return Problem(path, line, column, "encoding", f"byte 0x{found:02x} is not UTF-8; save the file as UTF-8.")


def parse(path: Path, text: str, graph: str) -> list[ox.Quad] | Problem:
    """The statements of a Turtle text as quads of one named graph, or the first syntax error with its place.

    Literals keep the form in which they were written; only a store would change it.
    """
    name = ox.NamedNode(graph)
    try:
        triples = list(ox.parse(text, format=ox.RdfFormat.TURTLE))
    except SyntaxError as error:
        reason = PLACE.sub("", error.msg).rstrip(".")
        hint = next((hint for begin, hint in HINTS.items() if reason.startswith(begin)), "")
        return Problem(path, error.lineno or 1, error.offset or 1, "syntax", f"{reason}{hint}.")
    if any(isinstance(triple.object, ox.Triple) for triple in triples):
        what = "statements about statements (RDF 1.2) are not used; write an observation."
        return Problem(path, *turtle.reified(text), "syntax", what)
    return [ox.Quad(triple.subject, triple.predicate, triple.object, name) for triple in triples]


def read(files: Iterable[tuple[Path, str]]) -> Iterator[tuple[Path, list[ox.Quad] | Problem]]:
    """Each file with its statements in the named graph given for it, or with what keeps it from being used."""
    for path, graph in files:
        text = text_of(path)
        yield path, text if isinstance(text, Problem) else parse(path, text, graph)
