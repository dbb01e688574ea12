"""`/sparql`: the SPARQL 1.1 Protocol as a raw ASGI application.

The way of a query: the cache by its raw request; what it asks (`protocol`); who asks (`fairness`); the cache by query,
dataset and format; a worker; the answer, whole or streamed (`sending`). The engine's checks happen in the worker.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from graph_service import formats
from graph_service.description import Description
from graph_service.engine import guard
from graph_service.engine.federation import Federation
from graph_service.engine.workers import Answer, WorkerPool
from graph_service.errors import BadRequest, MethodNotAllowed, NotAcceptable, SurveyError, TooLarge
from graph_service.formats import BY_NAME, GRAPHS, RESULTS, Format, negotiate
from graph_service.settings import Settings
from graph_service.web import problems, protocol
from graph_service.web.cache import AnswerCache, Kept, etag, matches
from graph_service.web.fairness import Fairness
from graph_service.web.journal import Journal
from graph_service.web.page import View, plain_page
from graph_service.web.prepared import Key, Prepared, prefers_page, prepare
from graph_service.web.protocol import METHODS, Head, Message, Receive, Scope, Send
from graph_service.web.sending import CODINGS, COMMON, CORS, SMALLEST, Headers, compress, send_stream, send_whole
from graph_service.web.visitor import Visitor

log = logging.getLogger("graph_service.sparql")

Page = Callable[[Scope], Awaitable[Any]]
"""What shows the endpoint to people: given a scope with a `View` under `sparql`, an ASGI response."""

PAGE_BYTES = 2 * 1024 * 1024
LONGEST_REPLAY = 2_048
"""Bytes of a query string that is remembered as it stands."""

MOST_PREPARED = 2_048


class SparqlEndpoint:
    """The ASGI application for one release's endpoint."""

    def __init__(
        self,
        pool: WorkerPool,
        settings: Settings,
        description: Description,
        *,
        fairness: Fairness | None = None,
        journal: Journal | None = None,
        page: Page | None = None,
        path: str = "/sparql",
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._description = description
        self._fairness = fairness or Fairness(settings)
        self._journal = journal or Journal(settings)
        self._page = page or plain_page
        self._path = path
        self._federation = Federation(settings)
        self._cache = AnswerCache(settings.cache_bytes)
        self._prepared: dict[tuple[bytes, str | None], Prepared] = {}
        self._journal.watch(pool, self._cache)
        self._names = map("{}-{:x}".format, itertools.repeat(secrets.token_hex(4)), itertools.count(1))
        freshness = f"public, max-age={settings.cache_seconds}" if settings.cache_seconds else "no-cache"
        self._freshness = freshness.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = perf_counter()
        head = protocol.read_head(scope["headers"])
        method = scope["method"]
        if method == "OPTIONS":
            await self._preflight(send)
            return
        error: SurveyError | None = None
        is_open = self._fairness.is_off
        try:
            if not is_open:
                self._fairness.enter(scope)
            if method == "GET" and (replay := self._cache.replay(_raw(scope, head))) is not None:
                await self._replay(send, head, *replay)
                self._journal.hit(began)
                return
            await self._answer(scope, receive, send, head, began)
        except SurveyError as caught:
            error = caught
        except Exception:
            log.exception("unexpected error at %s", self._path)
            error = SurveyError("The fault is ours and has been logged; please try again later.")
        finally:
            if not is_open:
                self._fairness.leave(scope)
        if error is not None:
            await self._refuse(scope, send, head, error, began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, head: Head, began: float) -> None:
        prepared = await self._read(scope, receive, head)
        if prepared.task is None:
            await self._describe(scope, send, head, prepared)
            return
        if not prepared.is_volatile and not prepared.shows_page:
            if head.if_none_match and await self._unchanged(send, head, prepared):
                self._journal.hit(began)
                return
            if (kept := self._cache.get(prepared.key)) is not None:
                await self._send_kept(scope, send, head, prepared.key, kept)
                self._journal.hit(began)
                return
        scope["sparql.query_id"] = name = next(self._names)
        visitor = Visitor(receive)
        try:
            answer = await self._begun(prepared, visitor)
            if prepared.shows_page:
                await self._show(scope, send, prepared.task.query, answer)
            else:
                await self._send(scope, send, head, answer, prepared, name, began)
            self._journal.answered(name, prepared.task.query, answer, began, scope)
        finally:
            visitor.done()

    async def _read(self, scope: Scope, receive: Receive, head: Head) -> Prepared:
        """The request, ready for a worker; from memory when the same URL was asked just before."""
        if scope["method"] != "GET" or len(scope["query_string"]) > LONGEST_REPLAY:
            return prepare(await protocol.read(scope, receive, head, self._settings), head, self._pool.digest)
        request = scope["query_string"], head.accept
        known = self._prepared.get(request)
        if known is None:
            asked = await protocol.read(scope, receive, head, self._settings)
            known = prepare(asked, head, self._pool.digest)
            if len(self._prepared) >= MOST_PREPARED:
                self._prepared.clear()
            self._prepared[request] = known
        return known

    async def _begun(self, prepared: Prepared, visitor: Visitor) -> Answer:
        """The beginning of a worker's answer; a client that leaves before that gives up its place in the queue."""
        try:
            return await self._run(prepared, visitor)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not visitor.is_gone or task is None:
                raise
            task.uncancel()
            raise BadRequest("The client left.") from None

    async def _run(self, prepared: Prepared, visitor: Visitor) -> Answer:
        """The beginning of a worker's answer."""
        task = prepared.task
        assert task is not None
        seconds = min(self._settings.query_seconds, prepared.asked.seconds or self._settings.query_seconds)
        if not self._federation.allowed or not guard.names_service(task.query):
            return await self._pool.ask(prepared.packed, seconds, visitor.waits_for)
        began = perf_counter()
        task = await self._federation.resolve(task, seconds)
        left = max(seconds - (perf_counter() - began), 0.1)
        return await self._pool.ask(task, left, visitor.waits_for)

    async def _send(
        self,
        scope: Scope,
        send: Send,
        head: Head,
        answer: Answer,
        prepared: Prepared,
        name: str,
        began: float,
    ) -> None:
        """An answer that a worker gave: whole when it is already complete, else as a stream."""
        content_type = BY_NAME[answer.format].content_type
        validator = prepared.etags.get(answer.format, "")
        body = answer.whole()
        timing = f"total;dur={(perf_counter() - began) * 1e3:.2f}"
        if body is not None:
            timing = f"engine;dur={answer.microseconds / 1e3:.2f}, {timing}"
        more: Headers = [(b"x-query-id", name.encode()), (b"server-timing", timing.encode())]
        if body is not None:
            kept = Kept(content_type, validator, body)
            if validator and self._settings.cache_bytes:
                self._cache.put(prepared.key, kept)
            await self._send_kept(scope, send, head, prepared.key, kept, more)
            return
        coding = formats.encoding(head.accept_encoding, CODINGS) if head.accept_encoding else None
        headers = self._headers(scope, content_type, validator, coding) + more
        if scope["method"] == "HEAD":
            answer.abandon()
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            whole = await send_stream(
                send, headers, answer, coding, self._settings.stall_seconds, self._cache.largest if validator else 0
            )
        except SurveyError as error:  # the body stays incomplete, so that nobody takes it for the answer
            self._journal.failed(name, error, began, scope, broken=True)
            return
        if whole and validator:
            self._cache.put(prepared.key, Kept(content_type, validator, whole))

    async def _send_kept(
        self, scope: Scope, send: Send, head: Head, key: Key, kept: Kept, more: Headers | None = None
    ) -> None:
        """A whole answer, compressed where the client takes that; remembered for the next same request."""
        coding = None
        if head.accept_encoding and len(kept.body) >= SMALLEST:
            coding = formats.encoding(head.accept_encoding, CODINGS)
        body = kept.body
        if coding is not None:
            body = kept.encoded.get(coding) or compress(coding, body)
            if kept.etag:
                self._cache.add_encoded(key, coding, body)
        headers = self._headers(scope, kept.content_type, kept.etag, coding)
        headers.append((b"content-length", str(len(body)).encode()))
        start = {"type": "http.response.start", "status": 200, "headers": headers + (more or [])}
        await send(start)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        message = {"type": "http.response.body", "body": body}
        await send(message)
        if (
            kept.etag
            and self._fairness.is_off
            and len(scope["query_string"]) <= LONGEST_REPLAY
            and scope["method"] == "GET"
        ):
            hit = [*headers, (b"server-timing", b"cache;desc=hit")]
            kept.replays[coding or ""] = ({"type": "http.response.start", "status": 200, "headers": hit}, message)
            self._cache.remember(_raw(scope, head), key, coding or "")

    async def _replay(self, send: Send, head: Head, kept: Kept, coding: str) -> None:
        if head.if_none_match and matches(head.if_none_match, {_coded(kept.etag, coding)}):
            await self._not_modified(send, _coded(kept.etag, coding))
            return
        start, body = kept.replays[coding]
        await send(start)
        await send(body)

    async def _unchanged(self, send: Send, head: Head, prepared: Prepared) -> bool:
        """Whether the client already has this answer; then it is told so."""
        coded = {_coded(each, coding) for each in prepared.etags.values() for coding in ("", *CODINGS)}
        match = matches(head.if_none_match, coded)
        if match is None:
            return False
        await self._not_modified(send, match)
        return True

    async def _not_modified(self, send: Send, validator: str) -> None:
        headers = [*COMMON, (b"etag", f'"{validator}"'.encode()), (b"cache-control", self._freshness)]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _describe(self, scope: Scope, send: Send, head: Head, prepared: Prepared) -> None:
        """The service description; for a browser the page."""
        if prepared.shows_page:
            await self._render(scope, send, View())
            return
        chosen = prepared.asked.format if prepared.asked.format in GRAPHS else None
        chosen = chosen or negotiate(head.accept, GRAPHS) or (negotiate(head.accept, RESULTS) and GRAPHS[0])
        if not isinstance(chosen, Format):
            raise NotAcceptable(
                "The service description is RDF: " + ", ".join(each.media_type for each in GRAPHS) + "."
            )
        address = self._address(scope, head)
        body = self._description.serialized(address, chosen)
        headers = self._headers(scope, chosen.content_type, etag(self._pool.digest, address, chosen.name), None)
        headers.append((b"link", b'</.well-known/void>; rel="describedby", </openapi.json>; rel="service-desc"'))
        await send_whole(send, 200, headers, body, is_head=scope["method"] == "HEAD")

    async def _show(self, scope: Scope, send: Send, query: str, answer: Answer) -> None:
        body, is_whole = await answer.collected(PAGE_BYTES)
        if not is_whole:
            raise TooLarge("The answer is too large for a page. Choose a format to download it, or a LIMIT.")
        await self._render(scope, send, View(query, answer.kind, answer.format, body))

    async def _render(self, scope: Scope, send: Send, view: View) -> None:
        scope["sparql"] = view
        response = await self._page(scope)
        for name, value in COMMON:
            response.headers.setdefault(name.decode(), value.decode())
        await response(scope, _nothing_more, send)

    async def _refuse(self, scope: Scope, send: Send, head: Head, error: SurveyError, began: float) -> None:
        """Tell what went wrong, as a page, a problem document or text."""
        self._journal.failed(scope.get("sparql.query_id", "-"), error, began, scope)
        if isinstance(error, MethodNotAllowed):
            error.headers.setdefault("Allow", METHODS)
        if prefers_page(head) and scope["method"] in ("GET", "POST"):
            await self._render(scope, send, View(error=error))
            return
        headers, body = problems.render(error, head.accept)
        headers = [*COMMON, *headers, *self._fairness.headers(scope)]
        await send_whole(send, error.status, headers, body, is_head=scope["method"] == "HEAD")

    async def _preflight(self, send: Send) -> None:
        headers = [
            *CORS,
            (b"allow", METHODS.encode()),
            (b"access-control-allow-methods", METHODS.encode()),
            (b"access-control-allow-headers", b"*, Authorization, Content-Type, Accept, If-None-Match"),
            (b"access-control-max-age", b"86400"),
            (b"accept-query", b"application/sparql-query"),
        ]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _headers(self, scope: Scope, content_type: str, validator: str, coding: str | None) -> Headers:
        headers = [*COMMON, (b"content-type", content_type.encode())]
        if validator:
            headers.append((b"etag", f'"{_coded(validator, coding or "")}"'.encode()))
            headers.append((b"cache-control", self._freshness))
        else:
            headers.append((b"cache-control", b"no-store"))
        if coding:
            headers.append((b"content-encoding", coding.encode()))
        if not self._fairness.is_off:
            headers += self._fairness.headers(scope)
        return headers

    def _address(self, scope: Scope, head: Head) -> str:
        """The absolute address of this endpoint."""
        if self._settings.base_url:
            return self._settings.base_url.rstrip("/") + self._path
        return f"{scope['scheme']}://{protocol.safe_host(head.host, scope)}{scope.get('root_path', '')}{self._path}"


def _raw(scope: Scope, head: Head) -> tuple[bytes, str | None, str]:
    return scope["query_string"], head.accept, head.accept_encoding


def _coded(validator: str, coding: str) -> str:
    return f"{validator}-{coding}" if coding else validator


async def _nothing_more() -> Message:
    """What a page receives: the request was read already."""
    return {"type": "http.disconnect"}


class SparqlFirst:
    """An application whose `/sparql` and `/sparql/` go straight to the endpoint, past all routing.

    It stands before the application's middleware too, so the endpoint handles every error itself.
    """

    def __init__(self, app: Any, endpoint: SparqlEndpoint) -> None:
        self._app = app
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The endpoint for its paths, the application for all others."""
        if scope["type"] == "http" and scope["path"] in ("/sparql", "/sparql/"):
            await self._endpoint(scope, receive, send)
        else:
            await self._app(scope, receive, send)
