"""Queries of our own, in process: no limits but the ones that we set ourselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import Quad, Store

from graph_service.engine import guard, worker

if TYPE_CHECKING:
    from graph_service.engine import Answer, Term


class LocalEngine:
    """An engine over quads in memory, for trusted queries. Never given a stranger's query."""

    def __init__(self, quads: Iterable[Quad], digest: str) -> None:
        self.store = Store()
        self.store.bulk_extend(quads)
        self._digest = digest

    @classmethod
    def over(cls, store: Store, digest: str) -> LocalEngine:
        """An engine over a store that is there already, such as one on disk that is only read."""
        engine = cls((), digest)
        engine.store = store
        return engine

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
