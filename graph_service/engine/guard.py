"""What is refused before a query is parsed or run, and what is made safe in it.

Runs in the worker (cheaply: most queries need no look at their tokens at all), in the in-process engine, and in the
front only for queries that name `SERVICE`. It does not replace the locks of the worker process, which hold
whatever is smuggled past it: no file descriptor left for a connection, limited memory, a deadline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from graph_service.engine import ordering
from graph_service.engine.scanner import Token, decode_escapes, readings
from graph_service.errors import QueryTooDeep, ServiceRefused, SurveyError

NESTING = 200
"""Brackets within brackets; the engine's parser dies of a stack overflow at about 2,000."""

CHAIN = 4_000
"""Operators in a row within one bracket; the engine's parser dies at some ten thousands."""

_WORTH_A_LOOK = re.compile(r"service|order|from|\\u", re.IGNORECASE)
_VOLATILE = re.compile(r"\b(?:rand|now|uuid|struuid|bnode)\b", re.IGNORECASE)
_BRACKETS = ("(", "{", "[")
_OPERATORS = ("!", "+", "-", "*", "/", "|", "&", "^")
_UPDATES = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"})


@dataclass(frozen=True, slots=True)
class Service:
    """One SERVICE clause: its target where that is a constant IRI, and where it and its group stand in the text."""

    target: str | None
    silent: bool
    start: int
    body_start: int
    body_end: int


@dataclass(frozen=True, slots=True)
class Query:
    """A query that may be run: its text, and the text with an ORDER BY that cannot fail, where there is one.

    `has_dataset` says that it names its own graphs with FROM.
    """

    text: str
    ordered: str | None = None
    has_dataset: bool = False


def is_volatile(text: str) -> bool:
    """Whether two runs may answer differently (RAND, NOW, UUID …): such an answer is not kept and has no ETag."""
    return _VOLATILE.search(text) is not None


def names_service(text: str) -> bool:
    """Whether the text may hold a SERVICE clause: never wrong about a no."""
    lower = text.lower()
    return "service" in lower or "\\u" in lower


def examine(text: str, *, nesting: int = NESTING, chain: int = CHAIN) -> Query:
    """The query, made safe to run.

    Raises `QueryTooDeep` and `ServiceRefused`; a query that is not SPARQL at all is left to the engine's parser.
    """
    shallow = sum(map(text.count, _BRACKETS)) <= nesting and sum(map(text.count, _OPERATORS)) <= nesting
    if shallow and not _WORTH_A_LOOK.search(text):
        return Query(text)
    text = decode_escapes(text)
    ways = readings(text) if shallow else readings(text, partial(_measured, nesting=nesting, chain=chain))
    for way in ways:
        refused = next(iter(services(way)), None)
        if refused is not None:
            raise refuse_service(refused)
    return Query(text, ordering.total(text, ways[0]), any(each.is_word("FROM") for each in ways[0]))


def refuse_service(service: Service) -> SurveyError:
    """What a client is told about a SERVICE clause that is not allowed."""
    if service.target is None:
        return ServiceRefused("SERVICE needs a constant IRI that is on this endpoint's allow-list, not a variable.")
    return ServiceRefused(
        f"SERVICE <{service.target}> is not on this endpoint's allow-list. Its service description lists the services "
        "that federated queries may use.",
        service=service.target,
    )


def services(way: list[Token]) -> list[Service]:
    """The outermost SERVICE clauses of a tokenised query, in order."""
    prefixes = _prefixes(way)
    found: list[Service] = []
    done = -1
    for place, token in enumerate(way):
        if place <= done or not _opens_service(way, place):
            continue
        follow = place + 1
        if token.kind == "name":  # `SERVICE:x {`, which the engine reads as SERVICE and the name `:x`
            target: str | None = None
        else:
            follow += silent if (silent := _at(way, follow).is_word("SILENT")) else 0
            target = _resolve(_at(way, follow), prefixes)
            follow += 1
        silent = token.kind != "name" and _at(way, place + 1).is_word("SILENT")
        closing = _closing(way, follow)
        end = way[closing].end if closing is not None else way[-1].end
        found.append(Service(target, silent, token.start, _at(way, follow).start, end))
        done = closing if closing is not None else len(way)
    return found


def is_update(text: str) -> bool:
    """Whether the text is a SPARQL Update: the first keyword after its prologue says so."""
    for way in readings(decode_escapes(text)):
        place = _after_prologue(way)
        if place < len(way) and way[place].kind == "word" and way[place].text.upper() in _UPDATES:
            return True
    return False


_NOTHING = Token("end", "", 0, 0)


def _at(way: list[Token], place: int) -> Token:
    return way[place] if 0 <= place < len(way) else _NOTHING


def _opens_service(way: list[Token], place: int) -> bool:
    token = way[place]
    if token.is_word("SERVICE"):  # a clause has a target and a group; the word alone is a syntax error at most
        target = place + (2 if _at(way, place + 1).is_word("SILENT") else 1)
        return _at(way, target).kind in ("iri", "name", "variable") and _at(way, target + 1).text == "{"
    if token.kind != "name" or not token.text.upper().startswith("SERVICE:"):
        return False
    before = way[place - 1] if place else _NOTHING
    return _at(way, place + 1).text == "{" and not before.is_word("GRAPH", "SERVICE", "SILENT", "FROM", "NAMED")


def _closing(way: list[Token], opening: int) -> int | None:
    """The place of the bracket that closes the one at `opening`."""
    depth = 0
    for place in range(opening, len(way)):
        if way[place].kind == "open":
            depth += 1
        elif way[place].kind == "close":
            depth -= 1
            if depth <= 0:
                return place
        elif depth == 0:
            return None
    return None


def _after_prologue(way: list[Token]) -> int:
    """Where the query proper begins: behind the BASE, PREFIX and VERSION declarations."""
    place = 0
    while _at(way, place).is_word("BASE", "PREFIX", "VERSION"):
        place += 3 if way[place].is_word("PREFIX") else 2
    return place


def prologue_end(way: list[Token]) -> int:
    """The offset in the text at which the query proper begins."""
    place = _after_prologue(way)
    return way[place].start if place < len(way) else way[-1].end


def _prefixes(way: list[Token]) -> dict[str, str]:
    """The declared prefixes."""
    prologue = way[: _after_prologue(way)]
    return {
        _at(way, place + 1).text.removesuffix(":"): _at(way, place + 2).text[1:-1]
        for place, token in enumerate(prologue)
        if token.is_word("PREFIX")
    }


def _resolve(token: Token, prefixes: dict[str, str]) -> str | None:
    """The absolute IRI that a token names; None when it is a variable, undeclared, escaped or relative."""
    iri = None
    if token.kind == "iri":
        iri = token.text[1:-1]
    elif token.kind == "name":
        prefix, _, local = token.text.partition(":")
        iri = prefixes[prefix] + local if prefix in prefixes else None
    if iri is None or "\\" in iri or re.match(r"https?://", iri, re.IGNORECASE) is None:
        return None
    return iri


def _measured(way: Iterator[Token], nesting: int, chain: int) -> Iterator[Token]:
    """The same tokens. Raises `QueryTooDeep` at the first bracket, sign or operator beyond the limits."""
    brackets = [""]
    chains = [0]
    run = 0
    for token in way:
        if token.kind == "open":
            brackets.append(token.text)
            chains.append(0)
        elif token.kind == "close" and len(chains) > 1:
            brackets.pop()
            chains.pop()
        elif token.kind == "other" and token.text in ",;.":
            chains[-1] = 0
        if token.kind == "other" and token.text in _OPERATORS:
            run += 1
            chains[-1] += brackets[-1] != "{" or token.text in "!/|^"  # the signs of numbers in VALUES are no chain
        elif token.text != "(":
            run = 0
        if len(brackets) - 1 > nesting or run > nesting:
            raise QueryTooDeep(f"The query nests more than {nesting} levels deep.", limit=nesting)
        if chains[-1] > chain:
            raise QueryTooDeep(f"An expression of the query chains more than {chain} operators.", limit=chain)
        yield token
