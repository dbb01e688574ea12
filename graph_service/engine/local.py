"""Queries of our own, in process: no limits but the ones that we set ourselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import Quad, Store

from graph_service.engine import guard, worker
from graph_service.errors import DataError

if TYPE_CHECKING:
    from graph_service.engine import Answer, Term


class LocalEngine:
    """An engine over quads in memory, for trusted queries. Never given a stranger's query."""

    def __init__(self, quads: Iterable[Quad], digest: str) -> None:
        self._digest = digest
        self._store = Store()
        self._store.bulk_extend(quads)
        self._path: Path | None = None
        self._lock = Lock()

    @classmethod
    def over(cls, store: Store, digest: str) -> LocalEngine:
        """An engine over a store that is there already, such as one on disk that is only read."""
        engine = cls((), digest)
        engine._store = store
        return engine

    @classmethod
    def of_file(cls, path: Path, digest: str) -> LocalEngine:
        """An engine over a file of quads, which is read at the first use."""
        engine = cls((), digest)
        engine._path = path
        return engine

    @property
    def store(self) -> Store:
        """The data. Raises `DataError` when they cannot be read."""
        with self._lock:
            if self._path is not None:
                try:
                    self._store.bulk_load(path=str(self._path), lenient=True)
                except (OSError, SyntaxError) as error:
                    raise DataError(f"the data cannot be loaded: {error}.") from error
                self._path = None
        return self._store

    @property
    def digest(self) -> str:
        """The release's digest."""
        return self._digest

    def query(
        self,
        sparql: str,
        *,
        substitutions: Mapping[pyoxigraph.Variable, Term] | None = None,
        default_graphs: Sequence[str] | None = None,
        named_graphs: Sequence[str] | None = None,
    ) -> Answer:
        """The answer; ORDER BY is made safe as for strangers, since the engine would abort this very process.

        Raises `QuerySyntax` with line and column, `QueryTooDeep` and `ServiceRefused`.
        """
        query = guard.examine(sparql)
        defaults = list(default_graphs) if default_graphs is not None else None
        named = list(named_graphs) if named_graphs is not None else None
        more = {"substitutions": dict(substitutions)} if substitutions else {}
        return worker.ask(self.store, query, defaults, named, **more)
