"""Which pool answers strangers' queries: processes over the release's data, or another endpoint that has the release."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import pyoxigraph as ox

from graph_service.engine.workers import WorkerPool
from graph_service.settings import Settings


class Served(Protocol):
    """What is needed of a dataset (see `dataset.Dataset`)."""

    @property
    def digest(self) -> str: ...
    def nquads(self) -> Path: ...
    def loaded(self) -> Path: ...


def pool_for(dataset: Served, settings: Settings) -> WorkerPool:
    """The pool that the settings ask for, not yet started."""
    if settings.engine_url is None:
        return WorkerPool(dataset.loaded(), dataset.digest, settings)
    from graph_service.engine.remote_nursery import RemoteNursery, Target

    workers = settings.query_workers or 2 * (os.cpu_count() or 1)
    target = Target.of(settings, dataset.digest, named_graphs(dataset.nquads()))
    return WorkerPool(dataset.nquads(), dataset.digest, settings, RemoteNursery(target, workers))


def named_graphs(path: Path) -> list[str]:
    """The named graphs of a file of quads, in order."""
    graphs = {
        str(quad.graph_name.value) for quad in ox.parse(path=str(path)) if isinstance(quad.graph_name, ox.NamedNode)
    }
    return sorted(graphs)
