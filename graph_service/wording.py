"""Search in texts: words in the form in which they are looked up, and which rows hold them.

Each row is one bit of an integer, as in the finder.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

STOP = frozenset(
    [
        "a",
        "all",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "data",
        "dataset",
        "datasets",
        "find",
        "for",
        "from",
        "have",
        "i",
        "image",
        "images",
        "imaging",
        "in",
        "is",
        "it",
        "may",
        "me",
        "my",
        "of",
        "on",
        "or",
        "scan",
        "scans",
        "show",
        "that",
        "the",
        "there",
        "to",
        "use",
        "used",
        "want",
        "we",
        "what",
        "where",
        "which",
        "with",
    ]
)
WORD = re.compile(r"[a-z0-9]+(?:[.'][0-9a-z]+)*")
WRITTEN = re.compile(r"[^\W_]+(?:[.'][^\W_]+)*")
"""A word as it is written, accents and all."""


def words(text: str) -> list[str]:
    """The words of a text as they are looked up: lower case, without accents and endings of plural and adverb."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return [stem(word) for word in WORD.findall(plain)]


def stem(word: str) -> str:
    for ending in ("ly", "s"):
        if len(word) > len(ending) + 3 and word.endswith(ending) and not word.endswith(("ss", "us", "is")):
            word = word.removesuffix(ending)
    return word


class Wording:
    """The words of all rows, with how much each weighs in each row."""

    def __init__(self) -> None:
        self.holding: dict[str, int] = defaultdict(int)
        self.weights: list[dict[str, float]] = []
        self.written: dict[str, set[str]] = defaultdict(set)
        self._sorted: list[str] = []

    def add(self, texts: Iterable[tuple[str, float]]) -> None:
        """The next row: its texts, each with its weight."""
        weights: dict[str, float] = defaultdict(float)
        for text, weight in texts:
            for word in words(text):
                weights[word] = max(weights[word], weight)
            for written in WRITTEN.findall(text.casefold()):
                for word in words(written):
                    self.written[word].add(written)
        bit = 1 << len(self.weights)
        for word in weights:
            self.holding[word] |= bit
        self.weights.append(dict(weights))
        self._sorted = []

    def search(self, wanted: Sequence[str], everything: int) -> tuple[int, dict[str, float]]:
        """The rows that hold every word, and how much each known word counts."""
        found, scores = everything, dict[str, float]()
        for place, word in enumerate(wanted):
            hits = 0
            for known, score in self.meant(word, is_last=place == len(wanted) - 1).items():
                hits |= self.holding.get(known, 0)
                scores[known] = max(scores.get(known, 0.0), score)
            found &= hits
        return found, scores

    def meant(self, word: str, *, is_last: bool) -> dict[str, float]:
        """The words that count as this one, and how much.

        The last word may be unfinished; a word that nobody holds may be the start of another, or one with a slip.
        """
        found = {word: 1.0}
        if len(word) > 2 and (is_last or word not in self.holding):
            found |= dict.fromkeys((known for known in self._starting(word) if known != word), 0.5)
        if len(word) > 4 and word not in self.holding and len(found) == 1:
            found |= dict.fromkeys(self._near(word), 0.3)
        return found

    def forms(self, wanted: Sequence[str]) -> Iterator[tuple[str, set[str]]]:
        """Each wanted word with all that counts as it, as written in the texts."""
        for place, word in enumerate(wanted):
            meant = self.meant(word, is_last=place == len(wanted) - 1)
            yield word, {form for known in meant for form in (known, *self.written.get(known, ()))}

    def rank(self, place: int, scores: dict[str, float]) -> float:
        """How well a row fits the words."""
        weights = self.weights[place]
        return sum(score * weights.get(word, 0.0) for word, score in scores.items())

    @property
    def _known(self) -> list[str]:
        if not self._sorted:
            self._sorted = sorted(self.holding)
        return self._sorted

    def _near(self, word: str) -> list[str]:
        same = [known for known in self._known if known[:1] == word[:1] and abs(len(known) - len(word)) < 3]
        return get_close_matches(word, same, n=3, cutoff=0.8)

    def _starting(self, start: str) -> Iterator[str]:
        for known in self._known[bisect_left(self._known, start) :]:
            if not known.startswith(start):
                return
            yield known


def pattern(forms: Iterable[str]) -> str:
    """A regular expression, as it stands in a SPARQL string, that matches each of the forms."""
    return "|".join(form.replace(".", "[.]") for form in sorted(forms))


def runs(tokens: Sequence[str], names: dict[str, tuple[str, str, str]]) -> Iterator[tuple[range, tuple[str, str, str]]]:
    """Runs of words that are a known name, the longest first at each place."""
    place = 0
    while place < len(tokens):
        for length in range(min(5, len(tokens) - place), 0, -1):
            key = " ".join(tokens[place : place + length])
            if key in names:
                yield range(place, place + length), names[key]
                place += length - 1
                break
        place += 1
