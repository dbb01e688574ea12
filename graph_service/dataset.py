"""The one state of the survey that a service serves: a built release, or the shipped files built in memory."""

from __future__ import annotations

import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Iterator
from functools import cached_property
from hashlib import sha256
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Protocol

import pyoxigraph as ox

from graph_service import graph, release, selfdescription
from graph_service.errors import NotFound
from graph_service.release import DUMPS, SERVED, SOURCES, STORE, Release
from graph_service.survey import Files


class Dataset(Protocol):
    """What the faces of the service need to know of the state that they serve."""

    @property
    def version(self) -> str: ...
    @property
    def date(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def triples(self) -> int: ...
    def quads(self) -> Iterator[ox.Quad]:
        """What is served: the survey, and the named graphs in which it describes itself."""

    def nquads(self) -> Path:
        """A file with these quads, for the processes that answer strangers."""

    def loaded(self) -> Path:
        """What these processes load: the release's store on disk, which also holds large imports, or else that file."""

    @property
    def store(self) -> Path | None:
        """The store on disk, where the release has one."""

    def dump(self, suffix: str) -> Path:
        """The file `survey.<suffix>`, e.g. `ttl` or `ttl.gz`; raises `NotFound`."""

    def has_source(self, name: str) -> bool:
        """Whether a file such as `records/archive/tcia.ttl` is part of this state."""

    def source(self, name: str) -> bytes:
        """The bytes of a file that people wrote, e.g. `records/archive/tcia.ttl`; raises `NotFound`."""


def _format_of(suffix: str) -> str:
    """The format of a dump, compressed or not; raises `NotFound`."""
    name = suffix.removesuffix(".gz")
    if name not in DUMPS:
        raise NotFound(f"there is no dump `survey.{suffix}`; there are {', '.join(DUMPS)}, each also with `.gz`.")
    return name


class Built:
    """A release in its folder."""

    def __init__(self, folder: Path) -> None:
        self.release = Release(folder.resolve())
        manifest = self.release.manifest
        self.version, self.date = manifest["version"], manifest["date"]
        imports = manifest.get("imports", [])
        self.digest: str = manifest["digest"]
        if imports:
            self.digest = sha256(" ".join([self.digest, *(each["digest"] for each in imports)]).encode()).hexdigest()
        self.triples: int = manifest["triples"] + sum(each["triples"] for each in imports)
        store = self.release.folder / STORE
        self.store = store if store.is_dir() else None

    def quads(self) -> Iterator[ox.Quad]:
        return release.read(self.nquads())

    def nquads(self) -> Path:
        served = self.release.folder / SERVED
        return served if served.exists() else self.release.dump("nq")

    def loaded(self) -> Path:
        return self.store or self.nquads()

    def dump(self, suffix: str) -> Path:
        _format_of(suffix)
        return self.release.dump(suffix)

    def has_source(self, name: str) -> bool:
        return name in self._names

    def source(self, name: str) -> bytes:
        if name not in self._names:
            raise NotFound(f"`{name}` is not a file of release {self.version}.")
        return self._sources.read(name)

    @cached_property
    def _sources(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.release.folder / SOURCES)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self._sources.namelist())


class InMemory:
    """The shipped files, merged just now; dumps are written when they are asked for."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.survey = graph.build(files)
        made = release.version_of(files)
        self.version, self.date = made.name, made.date
        self._described = selfdescription.quads(self.survey, files)
        self._folder = Path(tempfile.mkdtemp(prefix="imaging-survey-"))
        self._writing = Lock()
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    @cached_property
    def digest(self) -> str:
        return release.digest(self.survey)

    @property
    def triples(self) -> int:
        return len(self.survey.triples)

    def quads(self) -> Iterator[ox.Quad]:
        return chain(self.survey.quads, self._described)

    def nquads(self) -> Path:
        path = self._folder / "survey.nq"
        if not path.exists():
            ox.serialize(self.quads(), str(path), format=ox.RdfFormat.N_QUADS)
        return path

    def loaded(self) -> Path:
        return self.nquads()

    @property
    def store(self) -> Path | None:
        return None

    def dump(self, suffix: str) -> Path:
        name = _format_of(suffix)
        path = self._folder / f"dump.{suffix}"
        with self._writing:
            if not path.exists():
                data = release.dumped(self.survey, name)
                path.write_bytes(release.squeezed(data) if suffix.endswith(".gz") else data)
        return path

    def has_source(self, name: str) -> bool:
        path = self.files.path(name)
        return path is not None and path.is_file()

    def source(self, name: str) -> bytes:
        path = self.files.path(name)
        if path is None or not path.is_file():
            raise NotFound(f"`{name}` is not a file of the survey.")
        return path.read_bytes()
