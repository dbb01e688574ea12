"""What many tests share: the shipped survey, merged once."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_service import graph, survey
from graph_service.engine.local import LocalEngine
from graph_service.graph import Survey
from graph_service.survey import Files

INVENTED = Path(__file__).parent / "data" / "records"


@pytest.fixture(scope="session")
def files() -> Files:
    """The shipped files."""
    return survey.shipped()


@pytest.fixture(scope="session")
def invented() -> Files:
    """The shipped words, shapes and questions with the records of a small invented survey."""
    return survey.shipped(INVENTED)


@pytest.fixture(scope="session")
def built(files: Files) -> Survey:
    """The shipped survey with what follows from it."""
    return graph.build(files)


@pytest.fixture(scope="session")
def store(built: Survey) -> LocalEngine:
    """The engine over the shipped survey."""
    return LocalEngine(built.quads, "shipped")
