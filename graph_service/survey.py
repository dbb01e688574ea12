"""Where the survey's files lie: in a checkout at its top level, in an installed wheel inside the package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graph_service import records
from graph_service.errors import DataError
from graph_service.problems import Problem
from graph_service.terms import GRAPH, SCHEMES


@dataclass(frozen=True)
class Files:
    """The folders of one survey; `records` may lie anywhere, the rest comes from the shipped data."""

    records: Path
    ontology: Path
    shapes: Path
    queries: Path

    def vocabulary(self) -> Iterator[tuple[Path, str]]:
        """Each file of words with the named graph that it becomes."""
        yield self.ontology / "survey.ttl", f"{GRAPH}ontology"
        yield self.ontology / "alignment.ttl", f"{GRAPH}alignment"
        for scheme in SCHEMES:
            yield self.ontology / "vocabulary" / f"{scheme}.ttl", f"{GRAPH}vocabulary/{scheme}"

    def sources(self) -> Iterator[tuple[Path, str]]:
        """Each file that is merged into the graph, with its named graph; a misplaced file raises `DataError`."""
        yield from self.vocabulary()
        for found in records.find(self.records):
            if isinstance(found, Problem):
                raise DataError(str(found))
            yield found.path, found.graph


def shipped(records_root: Path | None = None) -> Files:
    """The data that came with this package, with another folder of records where one is given."""
    package = Path(__file__).parent
    root = package / "data" if (package / "data").is_dir() else package.parent
    if not (root / "ontology" / "survey.ttl").is_file():
        raise DataError(f"the survey's data were not found in {root}; install the package again.")
    return Files(records_root or root / "records", root / "ontology", root / "shapes", root / "queries")
