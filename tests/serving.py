"""A service on the loopback address for tests that speak HTTP to it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from graph_service.app import create_app
from graph_service.settings import Settings


@contextlib.contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of the application, served in a thread until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", server_header=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the service did not start")
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


@contextlib.contextmanager
def serving_release(folder: Path) -> Iterator[str]:
    """The address of the whole service over a release."""
    with serving(create_app(Settings(release=folder))) as home:
        yield home
