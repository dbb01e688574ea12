"""The service as a process that listens: `imaging-survey serve`."""

from __future__ import annotations

import logging
import os
import tempfile
from typing import Any

from graph_service import __version__
from graph_service.dataset import Built
from graph_service.service import Service
from graph_service.settings import Settings


def run(settings: Settings, host: str, port: int, workers: int, console: Any) -> None:
    """Serves until it is told to stop; with several `workers` each is a process with an application of its own."""
    if workers == 1:
        service = Service.load(settings)
        service.pool.begin()  # the data loads in a process of its own while the web framework is imported here
    import uvicorn

    from graph_service.web.listening import Doorway, doorway

    # `graph_service.queries` writes one line of JSON for each query that is worth one; see the settings `log_*`.
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for chatty in ("httpx", "mcp"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    options: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 20,
    }
    if workers > 1:
        if settings.release:
            Built(settings.release)  # told here once, rather than by each process
            os.environ["IMAGING_SURVEY_RELEASE"] = str(settings.release)  # each process reads its settings there
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="imaging-survey-metrics-"))
        with uvicorn.Config("graph_service.app:create_app", host=host, port=port, **options).bind_socket() as free:
            port = free.getsockname()[1]
        console.print(f"Imaging Survey in {workers} processes at http://{host}:{port}/. Stop with Ctrl-C.")
        uvicorn.run(
            "graph_service.app:create_app",
            factory=True,
            workers=workers,
            host=host,
            port=port,
            http=Doorway,
            **options,
        )
        return
    from graph_service.app import create_app
    from graph_service.switching import Switching

    app = create_app(service=service)
    switching = Switching(lambda: create_app(settings), settings.reload_token.get_secret_value(), first=app)
    config = uvicorn.Config(switching, host=host, port=port, http=doorway(settings), **options)
    listening = config.bind_socket()
    port = listening.getsockname()[1]
    where = settings.release or "the shipped records"
    console.print(
        f"Imaging Survey {service.dataset.version} ({__version__}) from {where}: {service.dataset.triples:,} triples."
    )
    console.print(
        f"http://{host}:{port}/   SPARQL at /sparql, questions at /query, interface at /docs. Stop with Ctrl-C."
    )
    uvicorn.Server(config).run(sockets=[listening])
