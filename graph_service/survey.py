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
        if (self.ontology / "retired.ttl").is_file():
            yield self.ontology / "retired.ttl", f"{GRAPH}retired"
        for scheme in SCHEMES:
            yield self.ontology / "vocabulary" / f"{scheme}.ttl", f"{GRAPH}vocabulary/{scheme}"

    def path(self, name: str) -> Path | None:
        """Where a file such as `records/archive/tcia.ttl` lies; None for a name outside the survey's folders."""
        folder, _, rest = name.partition("/")
        root = {"records": self.records, "ontology": self.ontology, "shapes": self.shapes, "queries": self.queries}.get(
            folder
        )
        if root is None or not rest or ".." in rest.split("/") or rest.startswith("/"):
            return None
        return root / rest

    def every(self) -> Iterator[tuple[str, Path]]:
        """Each file of the survey with its name, e.g. `records/archive/tcia.ttl`, in order of the names."""
        for folder, root in (
            ("ontology", self.ontology),
            ("queries", self.queries),
            ("records", self.records),
            ("shapes", self.shapes),
        ):
            for path in sorted(each for each in root.rglob("*") if each.suffix in {".ttl", ".rq", ".md"}):
                yield f"{folder}/{path.relative_to(root).as_posix()}", path

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
