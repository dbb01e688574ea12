"""The Imaging Survey: public in-vivo imaging archives and their software, as a linked-data knowledge graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rdflib

__version__ = "2026.11"


def load(release: str | Path | None = None) -> rdflib.Dataset:
    """The survey as an rdflib graph: of a release's folder, of `./releases/current`, or of the shipped files."""
    from graph_service import loading

    return loading.load(release)
