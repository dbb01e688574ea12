"""The narrow waist between the survey and whatever evaluates SPARQL.

Trusted queries (our own files) run in process: `engine.local.LocalEngine`. A stranger's query runs in a process that
can be killed: `engine.workers.WorkerPool`. This package's root imports nothing, so that workers start in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import pyoxigraph

    Answer: TypeAlias = pyoxigraph.QuerySolutions | pyoxigraph.QueryBoolean | pyoxigraph.QueryTriples
    Term: TypeAlias = pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal | pyoxigraph.Triple


class Engine(Protocol):
    """Something that answers SPARQL over one immutable release."""

    @property
    def digest(self) -> str:
        """The release's digest: two engines with the same digest give the same answers."""

    def query(
        self,
        sparql: str,
        *,
        substitutions: Mapping[pyoxigraph.Variable, Term] | None = None,
        default_graphs: Sequence[str] | None = None,
        named_graphs: Sequence[str] | None = None,
    ) -> Answer:
        """The answer to a query; without `default_graphs` the default graph is the union of all graphs.

        Raises `errors.QuerySyntax` with line and column.
        """
