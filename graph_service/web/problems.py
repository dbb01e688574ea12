"""An error as a response: RFC 9457 for programs, one line of text for SPARQL clients that ask for nothing better."""

from __future__ import annotations

import json

from graph_service.errors import SurveyError
from graph_service.formats import Format, negotiate

PROBLEM = Format("problem", "application/problem+json", "Problem", ("application/json",))
TEXT = Format("text", "text/plain", "Text", (), "; charset=utf-8")


def render(
    error: SurveyError, accept: str | None, instance: str | None = None
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body for the error; the status is `error.status`."""
    chosen = negotiate(accept, (PROBLEM, TEXT)) or TEXT
    if chosen is PROBLEM:
        body = json.dumps(error.problem(instance), ensure_ascii=False).encode()
    else:
        body = f"{error.title}: {error.message}\n".encode()
    headers = [(b"content-type", chosen.content_type.encode()), (b"cache-control", b"no-store")]
    headers += [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
    return headers, body
