"""One federated query's requests: a process that reads a query, asks the services it names, and writes it resolved.

It may connect to those services only: an audit hook refuses every other connection, look-up and process, and cannot be
taken off again. Each SERVICE clause becomes VALUES, which joins with the rest just as the clause would.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import sys
from typing import Any
from urllib.parse import urlencode, urlsplit

from pyoxigraph import Literal, NamedNode

from graph_service.engine import guard, ordering
from graph_service.engine.guard import Service
from graph_service.engine.scanner import decode_escapes, readings, tokens
from graph_service.errors import ServiceFailed, ServiceRefused, SurveyError

_BLANK = "urn:x-imaging-survey:blank-node-elsewhere:"
_FORBIDDEN = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.bind", "ctypes.dlopen"}
)


def resolve(text: str, allowed: frozenset[str], seconds: float, most: int) -> tuple[str, bool]:
    """The query without SERVICE, its ORDER BY made safe, and whether it has FROM.

    Raises `ServiceRefused` and `ServiceFailed`.
    """
    text = decode_escapes(text)
    ways = readings(text)
    for way in ways:
        for each in guard.services(way):
            if each.target not in allowed:
                raise guard.refuse_service(each)
    text = ordering.total(text, ways[0]) or text
    way = list(tokens(text))
    found = guard.services(way)
    if [each.target for each in found] != [each.target for each in guard.services(ways[-1])]:
        raise ServiceRefused("It is not clear which SERVICE clauses this query has.")
    prologue = text[: guard.prologue_end(way)]
    _stay_with([each.target for each in found if each.target is not None])
    pieces: list[str] = []
    copied = 0
    for each in found:
        body = text[each.body_start : each.body_end]
        if guard.services(list(tokens(body))):
            raise ServiceRefused("SERVICE within SERVICE is refused.")
        pieces += [text[copied : each.start], _values(each, f"{prologue}\nSELECT * WHERE {body}", seconds, most)]
        copied = each.body_end
    return "".join([*pieces, text[copied:]]), any(each.is_word("FROM") for each in way)


def _values(service: Service, query: str, seconds: float, most: int) -> str:
    """What the service answers, as a group with VALUES."""
    try:
        results = _ask(service.target or "", query, seconds, most)
        names = [str(name) for name in results["head"]["vars"]]
        rows = [" ".join(_term(row.get(name)) for name in names) for row in results["results"]["bindings"]]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
        if service.silent:
            return "{ }"
        raise ServiceFailed(
            f"<{service.target}> did not answer as it should: {error}", service=service.target
        ) from None
    except ServiceFailed:
        if service.silent:
            return "{ }"
        raise
    if not all(name.isidentifier() for name in names):
        raise ServiceFailed(f"<{service.target}> answered with names that are no variables.")
    return "{ VALUES (" + " ".join(f"?{name}" for name in names) + ") {" + "".join(f" ({row})" for row in rows) + " } }"


def _term(term: dict[str, Any] | None) -> str:
    if term is None:
        return "UNDEF"
    kind, value = term["type"], term["value"]
    if kind == "uri":
        return str(NamedNode(value))
    if kind == "bnode":
        return str(NamedNode(_BLANK + "".join(each for each in value if each.isalnum())))
    if kind not in ("literal", "typed-literal"):
        raise ValueError(f"a term of type {kind}")
    if term.get("xml:lang"):
        return str(Literal(value, language=term["xml:lang"]))
    return str(Literal(value, datatype=NamedNode(term["datatype"]))) if term.get("datatype") else str(Literal(value))


def _ask(target: str, query: str, seconds: float, most: int) -> dict[str, Any]:
    """The service's results for one query: one request, no redirect, so many seconds and bytes at most."""
    parts = urlsplit(target)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=seconds, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/sparql-results+json"}
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, urlencode({"query": query}), headers)
    response = connection.getresponse()
    body = response.read(most + 1)
    if response.status != 200:
        raise ServiceFailed(f"<{target}> answered {response.status} {response.reason}.", service=target)
    if len(body) > most:
        raise ServiceFailed(f"<{target}> answered with more than {most:,} bytes.", service=target)
    results: dict[str, Any] = json.loads(body)
    return results


def _stay_with(targets: list[str]) -> None:
    """Allow connections to these services only, at the addresses that their names have now."""
    hosts: set[str] = set()
    addresses: set[tuple[Any, ...]] = set()
    for target in targets:
        parts = urlsplit(target)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        hosts.add(host)
        try:
            addresses |= {tuple(each[4][:2]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        except OSError:
            continue  # told when it is asked

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and tuple(arguments[1][:2]) not in addresses:
            raise PermissionError(f"no connection to {arguments[1]!r}")
        if event == "socket.getaddrinfo" and arguments[0] not in hosts:
            raise PermissionError(f"no look-up of {arguments[0]!r}")
        if event in _FORBIDDEN:
            raise PermissionError(event)

    sys.addaudithook(watch)


def main() -> None:
    """Read [query, allowed, seconds, bytes] from standard input, write [resolved, has FROM, code, message, extra]."""
    text, allowed, seconds, most = json.load(sys.stdin)
    try:
        output: list[Any] = [*resolve(text, frozenset(allowed), seconds, most), "", "", {}]
    except SurveyError as error:
        output = [None, False, error.code, error.message, error.extra]
    json.dump(output, sys.stdout)


if __name__ == "__main__":
    main()
