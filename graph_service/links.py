"""Whether the web addresses of the survey still answer: asked politely, and believed only after several days.

Each address is asked with HEAD, then with GET where HEAD does not show that it is there. Hosts are asked one request
at a time, everything at most `PARALLEL` at once, each request within `SECONDS`. 401, 403, 405, 406 and 429 mean that
the server is there. An address is *unreachable* when it failed on `DAYS` different days without an answer in between.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import pyoxigraph as ox

from graph_service import __version__
from graph_service.terms import BASE, PREFIXES, str_of

PARALLEL, SECONDS, PAUSE, REDIRECTS, DAYS = 8, 20.0, 1.0, 8, 3
AGENT = f"imaging-survey-links/{__version__} (+https://w3id.org/imaging-survey/)"
ALIVE = frozenset({401, 403, 405, 406, 429})
HOMEPAGE, ADDRESS = f"{PREFIXES['foaf']}homepage", f"{PREFIXES['schema']}url"


@dataclass(frozen=True)
class Outcome:
    """What came back from an address on one day; `kind` is a concept of the vocabulary link-outcome."""

    address: str
    day: str
    kind: str
    status: int | None = None
    final: str | None = None

    @property
    def alive(self) -> bool:
        return self.kind in ("ok", "not-for-machines")


def addresses(quads: Iterable[ox.Quad]) -> dict[str, set[str]]:
    """Each address that is asked for, with the things whose home page or the sources whose place it is."""
    found: dict[str, set[str]] = defaultdict(set)
    for quad in quads:
        thing, address = str_of(quad.subject), quad.object
        asked = quad.predicate.value in (HOMEPAGE, ADDRESS) and isinstance(address, ox.NamedNode)
        if asked and not thing.startswith(f"{BASE}observation/"):
            found[str_of(address)].add(thing)
    return dict(found)


def of_status(status: int) -> str:
    """The outcome that an HTTP status stands for."""
    if status < 400:
        return "ok"
    if status in ALIVE:
        return "not-for-machines"
    if status in (404, 410):
        return "not-found"
    return "server-error" if status >= 500 else "refused-request"


def of_error(error: Exception) -> str:
    """The outcome that a failure of the connection stands for."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls-error"
        if (isinstance(cause, OSError) and "getaddrinfo" in str(cause).lower()) or "name or service" in str(
            cause
        ).lower():
            return "name-not-found"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    if isinstance(error, httpx.TooManyRedirects):
        return "redirect-loop"
    if isinstance(error, httpx.ConnectError):
        return "connection-refused"
    return "unreadable"


async def ask(client: httpx.AsyncClient, address: str, day: str, seconds: float = SECONDS) -> Outcome:
    """What comes back from one address; never raises for what a server does."""
    last = Outcome(address, day, "unreadable")
    for method in ("HEAD", "GET"):
        try:
            async with asyncio.timeout(seconds):
                # The body is not read: headers are enough, and a server may send without end.
                async with client.stream(method, address) as answer:
                    kind = of_status(answer.status_code)
                    last = Outcome(address, day, kind, answer.status_code, str(answer.url))
        except TimeoutError:
            last = Outcome(address, day, "timeout")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            last = Outcome(address, day, of_error(error))
        if last.kind == "ok":
            return last
    return last


async def ask_all(
    wanted: Iterable[str],
    day: str,
    progress: Callable[[Outcome], None] = lambda _: None,
    *,
    pause: float = PAUSE,
    seconds: float = SECONDS,
) -> list[Outcome]:
    """What comes back from all addresses, in their order; one request at a time to a host, with a pause between."""
    ordered = list(dict.fromkeys(wanted))
    hosts: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
    slots = asyncio.Semaphore(PARALLEL)
    async with httpx.AsyncClient(
        follow_redirects=True, max_redirects=REDIRECTS, timeout=seconds, headers={"User-Agent": AGENT}, trust_env=False
    ) as client:

        async def one(address: str) -> Outcome:
            async with hosts[httpx.URL(address).host], slots:
                outcome = await ask(client, address, day, seconds)
                progress(outcome)
                await asyncio.sleep(pause)
                return outcome

        return list(await asyncio.gather(*(one(address) for address in ordered)))


def history(path: Path) -> list[Outcome]:
    """The outcomes of earlier days; lines that are none are passed over."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(Outcome(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def remember(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Adds the outcomes of a day to the history, in one step; a second run on one day replaces the first."""
    new = list(outcomes)
    asked = {(outcome.address, outcome.day) for outcome in new}
    kept = [outcome for outcome in history(path) if (outcome.address, outcome.day) not in asked]
    lines = [
        json.dumps(asdict(outcome), sort_keys=True)
        for outcome in sorted([*kept, *new], key=lambda o: (o.day, o.address))
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(path)


def verdicts(outcomes: Iterable[Outcome], days: int = DAYS) -> dict[str, Outcome]:
    """The addresses of which enough is known: alive now, or failed on `days` different days in a row."""
    per_address: dict[str, dict[str, Outcome]] = defaultdict(dict)
    for outcome in outcomes:
        per_address[outcome.address][outcome.day] = outcome
    decided = {}
    for address, seen in per_address.items():
        newest_first = [seen[day] for day in sorted(seen, reverse=True)]
        failed = len(newest_first) >= days and not any(outcome.alive for outcome in newest_first[:days])
        if newest_first[0].alive or failed:
            decided[address] = newest_first[0]
    return decided
