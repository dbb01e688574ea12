"""The survey as an rdflib graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from graph_service import survey
from graph_service.dataset import Built, Dataset, InMemory
from graph_service.settings import Settings
from graph_service.terms import PREFIXES

if TYPE_CHECKING:
    import rdflib


def dataset(release: str | Path | None = None) -> Dataset:
    """A release by its folder or that of releases with a `current` one; without it the one that the environment names
    (`IMAGING_SURVEY_RELEASE`), `./releases/current` or the shipped files.
    """
    release = release or Settings().release
    folder = Path(release) if release is not None else Path("releases")
    if (folder / "current").exists():
        return Built(folder / "current")
    if release is not None:
        return Built(folder)
    return InMemory(survey.shipped())


def load(release: str | Path | None = None) -> rdflib.Dataset:
    """A view of a release as an rdflib data set whose default graph is the union of all; nothing is copied to rdflib.

    Its SPARQL is Oxigraph's, its prefixes are bound, and `.graph(iri)` is what one record says. Do not run SHACL over
    it: plain strings come back typed.
    """
    import rdflib
    from oxrdflib import OxigraphStore

    store = ox.Store()
    store.bulk_extend(dataset(release).quads())
    found = rdflib.Dataset(store=OxigraphStore(store=store), default_union=True)
    for prefix, namespace in PREFIXES.items():
        found.bind(prefix, namespace, replace=True)
    return found
