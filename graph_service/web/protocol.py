"""An HTTP request as the SPARQL 1.1 Protocol reads it (§2.1), whichever way it was sent.

GET, HEAD with the query in the URL; POST with a form, with the query as body, or with the query in the URL and no body;
QUERY as POST with the query as body. Unknown parameters are ignored, `update` in any form is refused.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from graph_service import formats
from graph_service.errors import (
    BadParameter,
    BadRequest,
    MethodNotAllowed,
    RequestTimeout,
    TooLarge,
    UnsupportedMediaType,
    UpdateRefused,
)
from graph_service.formats import Format
from graph_service.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

METHODS = "GET, HEAD, POST, QUERY, OPTIONS"
_FORM = "application/x-www-form-urlencoded"
_QUERY = "application/sparql-query"
_UPDATE = "application/sparql-update"
_MOST_PARAMETERS = 1000
_QUICK = 65_536
"""Bytes of a form that are decoded at once; three megabytes of `%41` take half a second, in which others are answered."""

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


@dataclass(slots=True)
class Head:
    """The few request headers that matter here, as text."""

    accept: str | None = None
    accept_encoding: str = ""
    content_type: str = ""
    content_length: int | None = None
    if_none_match: str = ""
    host: str = ""


def read_head(headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """The headers; repeated Accept lines are one list."""
    head = Head()
    for name, value in headers:
        if name == b"accept":
            text = value.decode("latin-1")
            head.accept = formats.shortened(text if head.accept is None else f"{head.accept}, {text}")
        elif name == b"accept-encoding":
            head.accept_encoding = formats.shortened(value.decode("latin-1"))
        elif name == b"content-type":
            head.content_type = value.decode("latin-1")
        elif name == b"content-length":
            head.content_length = int(value) if value.isdigit() else None
        elif name == b"if-none-match":
            head.if_none_match = value.decode("latin-1")
        elif name == b"host":
            head.host = value.decode("latin-1")
    return head


@dataclass(slots=True)
class Asked:
    """What a client asks: the query (None for the description), its dataset, a format and a time limit of its own."""

    query: str | None = None
    default_graphs: list[str] = field(default_factory=list)
    named_graphs: list[str] = field(default_factory=list)
    format: Format | None = None
    seconds: float | None = None

    @property
    def dataset(self) -> tuple[list[str], list[str]] | tuple[None, None]:
        """Default and named graphs; twice None for the whole release."""
        if not self.default_graphs and not self.named_graphs:
            return None, None
        return self.default_graphs, self.named_graphs


async def read(scope: Scope, receive: Receive, head: Head, settings: Settings) -> Asked:
    """What the request asks. Raises the 4xx error that fits."""
    method = scope["method"]
    parameters = _parameters(scope["query_string"], "The URL")
    query: str | None = None
    if method in ("POST", "QUERY"):
        essence = head.content_type.split(";", 1)[0].strip().lower()
        if essence == _UPDATE:
            raise UpdateRefused("The survey is read-only: SPARQL Update is refused here. It changes by pull request.")
        body = await _body(receive, head, settings)
        if essence == _QUERY:
            _check_charset(head.content_type)
            query = _text(body, "The query")
        elif essence == _FORM:
            _check_charset(head.content_type)
            if len(body) <= _QUICK:
                parameters += _parameters(body, "The form")
            else:
                parameters += await asyncio.to_thread(_parameters, body, "The form")
        elif body or essence:
            raise UnsupportedMediaType(
                f"A query is sent as {_QUERY} or {_FORM}, not as {essence or 'something without a Content-Type'}.",
                headers={"Accept-Query": _QUERY, "Accept-Post": f"{_QUERY}, {_FORM}"},
            )
    elif method not in ("GET", "HEAD"):
        raise MethodNotAllowed(f"{method} is not offered here.", headers={"Allow": METHODS})
    return _asked(parameters, query, settings, needs_query=method in ("POST", "QUERY"))


def _asked(parameters: list[tuple[str, str]], query: str | None, settings: Settings, needs_query: bool) -> Asked:
    asked = Asked(query)
    for name, value in parameters:
        match name:
            case "query":
                if asked.query is not None:
                    raise BadRequest("There is more than one `query`.", parameter="query")
                asked.query = value
            case "update":
                raise UpdateRefused(
                    "The survey is read-only: SPARQL Update is refused here. It changes by pull request."
                )
            case "default-graph-uri":
                asked.default_graphs.append(_iri(value, name))
            case "named-graph-uri":
                asked.named_graphs.append(_iri(value, name))
            case "format" | "output":
                asked.format = _format(value)
            case "timeout":
                asked.seconds = _seconds(value)
    if asked.query is None and (needs_query or asked.default_graphs or asked.named_graphs):
        raise BadRequest("There is no `query`.", parameter="query")
    if asked.query is not None:
        if not asked.query.strip():
            raise BadRequest("The `query` is empty.", parameter="query")
        if len(asked.query) > settings.query_bytes or len(asked.query.encode()) > settings.query_bytes:
            raise TooLarge(f"The query is longer than {settings.query_bytes:,} bytes.", limit=settings.query_bytes)
    return asked


async def _body(receive: Receive, head: Head, settings: Settings) -> bytes:
    """The whole body, if it is not larger than a form with the longest query can be, and comes in time."""
    largest = 3 * settings.query_bytes + 65_536
    if head.content_length is not None and head.content_length > largest:
        raise TooLarge(f"The request body is larger than {largest:,} bytes.", limit=largest)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(settings.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BadRequest("The request body is not complete.")
                part = message.get("body", b"")
                parts.append(part)
                size += len(part)
                if size > largest:
                    raise TooLarge(f"The request body is larger than {largest:,} bytes.", limit=largest)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        message_text = f"The request body took longer than {settings.body_seconds:g} s."
        raise RequestTimeout(message_text, headers={"Connection": "close"}) from None


def _parameters(encoded: bytes, where: str) -> list[tuple[str, str]]:
    if not encoded:
        return []
    try:
        return parse_qsl(
            encoded.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except UnicodeDecodeError:
        raise BadRequest(f"{where} is not valid UTF-8.") from None
    except ValueError:
        raise BadRequest(f"{where} has more than {_MOST_PARAMETERS} parameters.") from None


def _text(body: bytes, what: str) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"{what} is not valid UTF-8 at byte {error.start}.") from None


def _check_charset(content_type: str) -> None:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8", "us-ascii"):
            raise UnsupportedMediaType("A query is sent in UTF-8 (SPARQL 1.1 Protocol §2.1.3); its charset is another.")


def _iri(value: str, name: str) -> str:
    scheme, colon, _ = value.partition(":")
    if not colon or not scheme.isascii() or not scheme.isalnum() or any(each in value for each in ' <>"{}|\\^`'):
        raise BadParameter(f"`{name}` is not an absolute IRI.", parameter=name)
    return value


def _format(value: str) -> Format | None:
    if value in ("", "auto"):
        return None
    known = formats.by_suffix(value)
    if known is None:
        names = ", ".join(formats.BY_NAME)
        raise BadParameter(f"`format` is one of {names}, or one of their media types.", parameter="format")
    return known


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        raise BadParameter("`timeout` is a number of seconds.", parameter="timeout") from None
    return seconds if 0 < seconds < float("inf") else None


def safe_host(host: str, scope: Scope) -> str:
    """The Host header where it is one, else the server's own address: it is copied into what we publish."""
    if _HOST.fullmatch(host):
        return host
    address, port = scope.get("server") or ("localhost", None)
    return f"{address}:{port}" if port else str(address)
