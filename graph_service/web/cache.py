"""Answers that are kept: by release, query, dataset and format; the least recently used go first when bytes run out.

A release never changes, so an answer is right for as long as it is kept, and its ETag can be told before it is known.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

MOST_REPLAYS = 8_192
OVERHEAD = 2_048
"""Bytes that an answer takes beside its texts: headers, entries in tables."""


def etag(*parts: str) -> str:
    """The validator of the answer that these parts determine, without quotation marks."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


def matches(if_none_match: str, etags: set[str]) -> str | None:
    """The first of the listed validators that is one of ours (weak comparison, RFC 9110 §13.1.2)."""
    for each in if_none_match.split(","):
        value = each.strip().removeprefix("W/").strip('"')
        if value in etags:
            return value
    return None


@dataclass(slots=True)
class Kept:
    """An answer: its content type, its validator, its bytes, and the same compressed where that was asked for."""

    content_type: str
    etag: str
    body: bytes
    encoded: dict[str, bytes] = field(default_factory=dict)
    replays: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)


class AnswerCache:
    """At most so many bytes of answers."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._replays: dict[Hashable, tuple[Hashable, str]] = {}
        self.bytes = 0
        self.hits = 0
        self.misses = 0

    @property
    def largest(self) -> int:
        """The largest answer that is kept."""
        return self._size // 8

    def get(self, key: Hashable) -> Kept | None:
        """The answer to this question."""
        kept = self._kept.get(key)
        if kept is None:
            self.misses += 1
            return None
        self.hits += 1
        self._kept.move_to_end(key)
        return kept

    def put(self, key: Hashable, kept: Kept) -> None:
        """Keep an answer, if it is not too large."""
        if len(kept.body) > self.largest or key in self._kept:
            return
        self._kept[key] = kept
        self.bytes += self._weight(key, kept)
        while self.bytes > self._size:
            old, dropped = self._kept.popitem(last=False)
            self.bytes -= self._weight(old, dropped)

    def add_encoded(self, key: Hashable, coding: str, body: bytes) -> None:
        """Keep a compressed form of an answer too."""
        kept = self._kept.get(key)
        if kept is not None and coding not in kept.encoded:
            kept.encoded[coding] = body
            self.bytes += len(body)

    def replay(self, request: Hashable) -> tuple[Kept, str] | None:
        """The answer to exactly this request, and its coding, without reading the request again."""
        known = self._replays.get(request)
        if known is None:
            return None
        key, coding = known
        kept = self._kept.get(key)
        if kept is None or coding not in kept.replays:
            return None
        self.hits += 1
        self._kept.move_to_end(key)
        return kept, coding

    def remember(self, request: Hashable, key: Hashable, coding: str) -> None:
        """That this request is answered by that answer."""
        if key in self._kept:
            if len(self._replays) >= MOST_REPLAYS:
                self._replays.clear()
            self._replays[request] = (key, coding)

    @staticmethod
    def _weight(key: Hashable, kept: Kept) -> int:
        """Bytes in memory: each text of the key too, since a list of graphs can be longer than any answer."""
        texts = sum(sys.getsizeof(each) for each in key if isinstance(each, str)) if isinstance(key, tuple) else 0
        return len(kept.body) + sum(map(len, kept.encoded.values())) + texts + OVERHEAD
