"""What the survey says of itself, as named graphs that are served beside its data: VoID, catalog, examples, prefixes.

They are no part of the dumps, of the digest or of what is compared between releases.
"""

from __future__ import annotations

import pyoxigraph as ox

from graph_service import catalog, examples, queries, void
from graph_service.catalog import Issue
from graph_service.graph import Survey
from graph_service.release import version_of
from graph_service.survey import Files
from graph_service.terms import GRAPH
from graph_service.triples import Triples

VOID, CATALOG, EXAMPLES, PREFIXES = (f"{GRAPH}{name}" for name in ("void", "catalog", "examples", "prefixes"))
GRAPHS = (VOID, CATALOG, EXAMPLES, PREFIXES)


def quads(survey: Survey, files: Files, previous: str | None = None, counted: Triples | None = None) -> list[ox.Quad]:
    """The self-description of one state of the survey.

    `previous` names the release before it; `counted` is its VoID description where that was made already.
    """
    version = version_of(files)
    return [
        *(counted or void.describe(survey.triples, version)).quads(VOID),
        *catalog.describe(Issue(version, previous)).quads(CATALOG),
        *examples.describe(queries.catalog(files.queries)).quads(EXAMPLES),
        *examples.prefixes().quads(PREFIXES),
    ]
