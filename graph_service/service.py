"""What all faces of the running service share, loaded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from graph_service import queries, survey
from graph_service.dataset import Built, Dataset, InMemory
from graph_service.engine.local import LocalEngine
from graph_service.finder import Finder
from graph_service.knowledge import Knowledge, words_in_order
from graph_service.queries import Query
from graph_service.settings import Settings
from graph_service.survey import Files


@dataclass(frozen=True)
class Service:
    """One release (or the files, built in memory) with the engine for our own queries and the questions."""

    settings: Settings
    files: Files
    dataset: Dataset
    engine: LocalEngine
    questions: Mapping[str, Query]

    @classmethod
    def load(cls, settings: Settings) -> Service:
        files = survey.shipped()
        dataset: Dataset = Built(settings.release) if settings.release else InMemory(files)
        engine = LocalEngine(dataset.quads(), dataset.digest)
        return cls(settings, files, dataset, engine, {query.name: query for query in queries.catalog(files.queries)})

    @cached_property
    def knowledge(self) -> Knowledge:
        """The survey as dictionaries."""
        ontology = (self.files.ontology / "survey.ttl").read_text(encoding="utf-8")
        return Knowledge.of(self.dataset.quads(), words_in_order(ontology))

    @cached_property
    def finder(self) -> Finder:
        """The index of archives and collections."""
        return Finder(self.knowledge)

    @cached_property
    def etag(self) -> str:
        """The part of every ETag that changes with the release."""
        return self.dataset.digest[:16]
