"""The files that people write: where they lie, what they are called, and what they say.

A record's path is its name: `<root>/archive/give-a-scan.ttl` describes `archive:give-a-scan`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from graph_service.problems import Problem
from graph_service.terms import BASE, GRAPH, KINDS

SLUG = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
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
    """The records under a folder laid out like `records/`, or the one record that a file is, in order of their names."""
    if root.is_dir():
        found = sorted(path for path in root.rglob("*") if not path.is_dir())
        files = [path for path in found if path.name[0] != "." and path.suffix not in {".md", ""}]
        if not files:
            yield Problem(root, 1, 1, "no-records", "this folder holds no record; records are `<kind>/<slug>.ttl` files.")
        for path in files:
            yield identify(path)
    elif root.exists():
        yield identify(root)
    else:
        yield Problem(root, 1, 1, "missing-file", "there is no such file or folder.")


def identify(path: Path) -> Record | Problem:
    """The record that a path names, or why it names none."""
    kind, slug = path.absolute().parent.name, path.name.removesuffix(".ttl")
    if path.suffix != ".ttl":
        return Problem(path, 1, 1, "file-name", f"a record is a Turtle file; name it `{path.stem}.ttl`.")
    if kind not in KINDS:
        folders = ", ".join(f"`{name}/`" for name in KINDS)
        return Problem(path, 1, 1, "file-name", f"a record lies in one of the folders {folders}, not in `{kind}/`.")
    if not SLUG.fullmatch(slug):
        return Problem(path, 1, 1, "file-name", f"`{slug}` is no slug; use lower-case letters, digits and single hyphens.")
    return Record(path, kind, slug)


def text_of(path: Path) -> str | Problem:
    """The text of a file, or what keeps it from being read as UTF-8 text."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            return Problem(path, 1, 1, "too-large", f"the file has {size:,} bytes; a record has at most {LARGEST:,}.")
        data = path.read_bytes()
    except OSError as error:
        return Problem(path, 1, 1, "unreadable", f"the file cannot be read: {error.strerror}.")
    if data.startswith(b"\xef\xbb\xbf"):
        return Problem(path, 1, 1, "encoding", "the file starts with a byte order mark; save it as UTF-8 without one.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
        found = data[error.start]
        return Problem(path, line, column, "encoding", f"byte 0x{found:02x} is not UTF-8; save the file as UTF-8.")


def parse(path: Path, text: str, graph: str) -> list[ox.Quad] | Problem:
    """The statements of a Turtle text as quads of one named graph, or the first syntax error with its place.

    Literals keep the form in which they were written; only a store would change it.
    """
    name = ox.NamedNode(graph)
    try:
        return [
            ox.Quad(triple.subject, triple.predicate, triple.object, name)
            for triple in ox.parse(text, format=ox.RdfFormat.TURTLE)
        ]
    except SyntaxError as error:
        reason = re.sub(r"^Parser error at line \d+ (between )?columns? \d+( and (line \d+ column )?\d+)?: ", "", error.msg)
        return Problem(path, error.lineno or 1, error.offset or 1, "syntax", f"{reason}.".replace("..", "."))


def read(files: Iterable[tuple[Path, str]]) -> Iterator[tuple[Path, list[ox.Quad] | Problem]]:
    """Each file with its statements in the named graph given for it, or with what keeps it from being used."""
    for path, graph in files:
        text = text_of(path)
        yield path, text if isinstance(text, Problem) else parse(path, text, graph)
