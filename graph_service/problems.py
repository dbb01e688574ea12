"""What is wrong with a file of the survey, said so that its author can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Problem:
    """One fault: where it stands (1-based line and column), the rule it breaks, and what to write instead."""

    path: Path
    line: int
    column: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.rule}: {on_one_line(self.message)}"


def is_strange(name: str, known: Iterable[str]) -> bool:
    """Whether a parameter means nothing here; what trackers append to links (`utm_…`) is let be."""
    return name not in known and not name.startswith("utm_")


def suggestion(name: str, known: Iterable[str]) -> str:
    """` Did you mean …?` with the nearest known name, or nothing when none is near."""
    from rapidfuzz import fuzz, process  # takes 40 ms to import, and only a mistake needs it

    names = list(known)
    ending = name.rpartition(":")[2]
    # The same word with another prefix is nearer than any likeness of letters.
    alike = [each for each in names if ":" in name and each.rpartition(":")[2] == ending]
    near = process.extractOne(name, alike or names, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=60)
    return f" Did you mean `{near[0]}`?" if near else ""


def on_one_line(text: str) -> str:
    """The text without line breaks and other signs that would break a line of output."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
