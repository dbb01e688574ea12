"""What `conformance.toml` says of engines: which questions one cannot be asked."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("conformance.toml")


@lru_cache(maxsize=1)
def differences() -> dict[str, Any]:
    """The whole file, by dialect."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def unanswerable(dialect: str) -> dict[str, str]:
    """The questions that engines of a dialect fail on, each with the reason."""
    return dict(differences().get(dialect, {}).get("questions", {}))
