"""What all faces of the running service share, loaded once."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from graph_service import queries, survey
from graph_service.dataset import Built, Dataset, InMemory
from graph_service.engine.conformance import unanswerable
from graph_service.engine.local import LocalEngine
from graph_service.engine.pooled import PooledEngine
from graph_service.engine.pools import pool_for
from graph_service.engine.workers import WorkerPool
from graph_service.errors import SurveyError
from graph_service.finder import Finder
from graph_service.knowledge import Knowledge, words_in_order
from graph_service.queries import Query
from graph_service.reconciliation import Index
from graph_service.settings import Settings
from graph_service.survey import Files

if TYPE_CHECKING:
    from graph_service.engine import Answer


@dataclass(frozen=True)
class Service:
    """One release (or the files, built in memory) with the engine for our own queries and the questions."""

    settings: Settings
    files: Files
    dataset: Dataset
    engine: LocalEngine
    questions: Mapping[str, Query]
    pooled: PooledEngine = field(default_factory=PooledEngine)

    @classmethod
    def load(cls, settings: Settings) -> Service:
        files = survey.shipped()
        dataset: Dataset = Built(settings.release) if settings.release else InMemory(files)
        engine = LocalEngine.of_file(dataset.nquads(), dataset.digest)
        known = list(queries.catalog(files.queries))
        if dataset.store is not None:
            known += queries.catalog(files.queries / "big")
        return cls(settings, files, dataset, engine, {query.name: query for query in known})

    def answer(self, query: Query, text: str) -> Answer:
        """The answer to a question with its values bound: from the processes that answer strangers, with their limits.

        What another endpoint in their place cannot do (see `engine/conformance.toml`), or fails at, is answered from
        memory, and so is everything before the service has started; a question over imports is not in memory.
        """
        is_big = query.path.parent.name == "big"
        is_remote = self.settings.engine_url is not None
        if not is_big and (
            not self.pooled.is_bound or (is_remote and query.name in unanswerable(self.settings.engine_dialect))
        ):
            return self.engine.query(text)
        try:
            return self.pooled.query(text)
        except SurveyError:
            if is_big or not is_remote:
                raise
            return self.engine.query(text)

    @cached_property
    def pool(self) -> WorkerPool:
        """The processes that answer strangers, or the endpoint that does; to be started by who serves."""
        return pool_for(self.dataset, self.settings)

    @cached_property
    def knowledge(self) -> Knowledge:
        """The survey as dictionaries."""
        ontology = (self.files.ontology / "survey.ttl").read_text(encoding="utf-8")
        return Knowledge.of(self.dataset.quads(), words_in_order(ontology))

    @cached_property
    def graphs(self) -> dict[str, int]:
        """The named graphs, by name, with how many triples each has."""
        names = (quad.graph_name for quad in self.engine.store)
        counts = Counter(each.value for each in names if isinstance(each, NamedNode))
        return dict(sorted(counts.items()))

    @cached_property
    def finder(self) -> Finder:
        """The index of archives and collections."""
        return Finder(self.knowledge)

    @cached_property
    def names(self) -> Index:
        """The index of names, which forms, agents and OpenRefine search; made at the first search."""
        return Index.of(self.knowledge)

    def warm(self) -> None:
        """Make what pages and descriptions need, so that nobody waits for it; then keep the collector of garbage away."""
        self.graphs, self.finder  # noqa: B018 - made by being asked for
        gc.collect()
        gc.freeze()

    @cached_property
    def etag(self) -> str:
        """The part of every ETag that changes with the release."""
        return self.dataset.digest[:16]
