"""What is counted and written down about queries: Prometheus figures and one JSON line per query worth a line.

No client address is written unless `log_client` is set, and no query text beyond its first 500 characters.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from graph_service.engine.workers import Answer, WorkerPool
from graph_service.errors import SurveyError
from graph_service.settings import Settings
from graph_service.web.cache import AnswerCache
from graph_service.web.protocol import Scope

log = logging.getLogger("graph_service.queries")

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_WORDS = 500


class Journal(Collector):
    """Counts and lines about the queries of one front process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pools: list[tuple[WorkerPool, AnswerCache]] = []
        self.registry = CollectorRegistry()
        self._queries = Counter(
            "survey_queries",
            "SPARQL queries by outcome: ok, cached, or the code of the error",
            ["outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "survey_query_seconds", "Time from request to last byte", buckets=_BUCKETS, registry=self.registry
        )
        self._ok, self._cached = self._queries.labels("ok"), self._queries.labels("cached")
        self.registry.register(self)

    def watch(self, pool: WorkerPool, cache: AnswerCache) -> None:
        """Count this endpoint's workers and cache too."""
        self._pools.append((pool, cache))

    def hit(self, began: float) -> None:
        """A query was answered from what is kept."""
        self._cached.inc()
        self._seconds.observe(perf_counter() - began)

    def answered(self, name: str, query: str, answer: Answer, began: float, scope: Scope) -> None:
        """A worker's answer was sent; one that broke off was told as a failure already."""
        if answer.error is not None:
            return
        spent = perf_counter() - began
        self._ok.inc()
        self._seconds.observe(spent)
        wanted = self._settings.log_queries
        if wanted == "all" or (wanted == "slow" and spent >= self._settings.log_slow_seconds):
            self._write(
                scope, id=name, outcome="ok", seconds=round(spent, 4), format=answer.format, query=query[:_WORDS]
            )

    def failed(self, name: str, error: SurveyError, began: float, scope: Scope, *, broken: bool = False) -> None:
        """A query was refused or failed; `broken` when bytes of its answer were already sent."""
        spent = perf_counter() - began
        self._queries.labels(error.code).inc()
        self._seconds.observe(spent)
        if self._settings.log_queries != "none" and (error.status >= 500 or self._settings.log_queries == "all"):
            self._write(
                scope,
                id=name,
                outcome=error.code,
                seconds=round(spent, 4),
                broken=broken,
                detail=error.message[:_WORDS],
            )

    def _write(self, scope: Scope, **line: object) -> None:
        if self._settings.log_client and scope.get("client"):
            line["client"] = scope["client"][0]
        log.info(json.dumps(line, ensure_ascii=False))

    def collect(self) -> Iterable[Metric]:
        """Figures that are read off when asked for."""
        killed = CounterMetricFamily("survey_workers_killed", "Workers that ended, by reason", labels=["reason"])
        workers = GaugeMetricFamily("survey_workers", "Workers and waiting queries", labels=["state"])
        cache = CounterMetricFamily("survey_cache_lookups", "Lookups of kept answers", labels=["result"])
        size = GaugeMetricFamily("survey_cache_bytes", "Memory of kept answers")
        for pool, answers in self._pools:
            for reason, count in sorted(pool.deaths.items()):
                killed.add_metric([reason], count)
            for state, count in pool.state.items():
                workers.add_metric([state], count)
            cache.add_metric(["hit"], answers.hits)
            cache.add_metric(["miss"], answers.misses)
            size.add_metric([], answers.bytes)
        return [killed, workers, cache, size]

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format; of all front processes where `PROMETHEUS_MULTIPROC_DIR` is set."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        together.register(self)
        return generate_latest(together)
