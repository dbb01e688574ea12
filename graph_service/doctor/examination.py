"""An endpoint under examination: how it is spoken to, and what a check finds."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from http.client import HTTPException
from typing import Any, Literal

import pyoxigraph as ox

State = Literal["ok", "fix", "advice", "skipped"]
RDF = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
}
ALL_RDF = "text/turtle, application/n-triples;q=0.9, application/rdf+xml;q=0.8, application/ld+json;q=0.7"
JSON_RESULTS = "application/sparql-results+json"


@dataclass(frozen=True)
class Finding:
    """What one check found: `said` is what was seen, `fix` what to do about it."""

    name: str
    topic: str
    state: State
    said: str
    fix: str = ""


@dataclass(frozen=True)
class Reply:
    """An HTTP response; redirects are not followed. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def triples(self, base: str) -> list[ox.Triple]:
        """The RDF of the body; raises `FaultError` when it is none."""
        form = RDF.get(self.kind)
        if form is None:
            raise FaultError(f"came as `{self.kind or 'nothing'}` with status {self.status}")
        try:
            return [
                ox.Triple(each.subject, each.predicate, each.object)
                for each in ox.parse(self.body, format=form, base_iri=base)
            ]
        except SyntaxError as error:
            raise FaultError(f"the {self.kind} cannot be parsed: {error}") from error


class FaultError(Exception):
    """Why a check failed, in words."""


class UnknownError(Exception):
    """Why a check could not be made, in words."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Patient:
    """The endpoint, its site, and what was already asked of it."""

    endpoint: str
    site: str
    seconds: float
    _kept: dict[Any, Reply] = field(default_factory=dict)

    @classmethod
    def at(cls, url: str, seconds: float) -> Patient:
        """The endpoint at an address, or at `/sparql` below it."""
        url = url if "://" in url else f"http://{url}"
        bare = url.rstrip("/")
        if bare.endswith("/sparql"):
            return cls(bare, bare.removesuffix("/sparql"), seconds)
        found = cls(f"{bare}/sparql", bare, seconds)
        with suppress(UnknownError):
            if found.fetch(f"{found.endpoint}?query=ASK%7B%7D", accept=JSON_RESULTS).status != 404:
                return found
        parts = urllib.parse.urlsplit(bare)
        return cls(bare, f"{parts.scheme}://{parts.netloc}", seconds)

    def fetch(self, url: str, *, method: str = "GET", data: bytes | None = None, **headers: str) -> Reply:
        """The response to a request; raises `UnknownError` when there is none. Header names have underscores."""
        key = (url, method, data, tuple(sorted(headers.items())))
        if key not in self._kept:
            named = {name.replace("_", "-"): value for name, value in headers.items()} | {
                "User-Agent": "imaging-survey-doctor"
            }
            request = urllib.request.Request(url, data=data, headers=named, method=method)  # noqa: S310
            opener = urllib.request.build_opener(_Stay)
            try:
                with opener.open(request, timeout=self.seconds) as response:
                    self._kept[key] = _reply(response.status, response.headers, response.read(64 * 1024 * 1024))
            except urllib.error.HTTPError as error:
                self._kept[key] = _reply(error.code, error.headers, error.read())
            except (OSError, HTTPException, ValueError) as error:
                raise UnknownError(f"{url} did not answer: {error}") from error
        return self._kept[key]

    def follow(self, url: str, **headers: str) -> Reply:
        """The response after at most five redirects."""
        for _ in range(5):
            reply = self.fetch(url, method="GET", data=None, **headers)
            if reply.status not in {301, 302, 303, 307, 308}:
                return reply
            url = urllib.parse.urljoin(url, reply.headers.get("location", ""))
        raise FaultError(f"{url} redirects in circles")

    def ask(self, query: str, accept: str = JSON_RESULTS, **headers: str) -> Reply:
        """The response to a query by GET."""
        return self.fetch(
            f"{self.endpoint}?{urllib.parse.urlencode({'query': query})}",
            method="GET",
            data=None,
            accept=accept,
            **headers,
        )

    def rows(self, query: str) -> list[dict[str, str]]:
        """The solutions of a SELECT as plain texts; raises `FaultError`."""
        reply = self.ask(query)
        try:
            found = json.loads(reply.body)["results"]["bindings"]
        except (ValueError, KeyError, TypeError) as error:
            raise FaultError(f"the query was answered with status {reply.status} and no JSON results") from error
        return [{name: term["value"] for name, term in row.items()} for row in found]

    def void(self) -> list[ox.Triple]:
        """The VoID description from its well-known place; raises `FaultError`."""
        url = f"{self.site}/.well-known/void"
        reply = self.follow(url, accept=ALL_RDF)
        if reply.status != 200:
            raise FaultError(f"{url} answers {reply.status}")
        return reply.triples(url)

    def example(self) -> str:
        """The address, at this site, of a resource that VoID names as an example; raises `UnknownError`."""
        try:
            said = self.void()
        except FaultError as fault:
            raise UnknownError(f"no VoID description names an example: {fault}") from fault
        name, space = "http://rdfs.org/ns/void#exampleResource", "http://rdfs.org/ns/void#uriSpace"
        examples = sorted(each.object.value for each in said if each.predicate.value == name)  # type: ignore[union-attr]
        spaces = [each.object.value for each in said if each.predicate.value == space]  # type: ignore[union-attr]
        if not examples:
            raise UnknownError("the VoID description names no void:exampleResource")
        here = next((each for each in spaces if examples[0].startswith(each) and each != self.site), None)
        return examples[0].replace(here, f"{self.site}/", 1) if here else examples[0]


def _reply(status: int, headers: Any, body: bytes) -> Reply:
    merged: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        merged[key] = f"{merged[key]}, {value}" if key in merged else value
    return Reply(status, merged, body)


Check = Callable[[Patient], Finding]


def check(name: str, topic: str, fix: str, *, is_advice: bool = False) -> Callable[[Callable[[Patient], str]], Check]:
    """Makes a check of a function that tells what it saw, or raises `FaultError` or `UnknownError`."""

    def made(function: Callable[[Patient], str]) -> Check:
        @wraps(function)
        def run(patient: Patient) -> Finding:
            try:
                return Finding(name, topic, "ok", function(patient))
            except FaultError as fault:
                return Finding(name, topic, "advice" if is_advice else "fix", str(fault), fix)
            except UnknownError as unknown:
                return Finding(name, topic, "skipped", str(unknown))

        return run

    return made


def expect(is_so: bool, otherwise: str) -> None:
    """Raises `FaultError` when something is not so."""
    if not is_so:
        raise FaultError(otherwise)
