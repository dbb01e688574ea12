"""Dates, sizes, numbers and addresses as people write them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def date(text: str) -> str:
    """`2010` as it is, `2010-08` as August 2010, `2010-08-15` as 15 August 2010; anything else unchanged."""
    parts = text.split("-")
    if not all(part.isdigit() for part in parts) or len(parts) > 3 or len(parts[0]) != 4:
        return text
    if len(parts) == 1:
        return text
    month = int(parts[1])
    if not 1 <= month <= 12:
        return text
    named = f"{MONTHS[month - 1]} {parts[0]}"
    return named if len(parts) == 2 else f"{int(parts[2])} {named}"


DAY = re.compile(r"(?<![\w./-])[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\w/-]|\.\w)")
MONTH = re.compile(r"(?:(?<=^)|(?<=as of )|(?<=een on ))[12]\d{3}-(?:0[1-9]|1[0-2])(?![\w/-]|\.\w)")


def dated(text: str) -> str:
    """A text with its dates written out: `as of 2026-09-26` as `as of 26 September 2026`."""
    written = DAY.sub(lambda found: date(found[0]), text)
    return MONTH.sub(lambda found: date(found[0]), written)


def short_date(text: str) -> str:
    """The same with the month shortened, for tables."""
    words = date(text).split()
    return " ".join(word[:3] if word in MONTHS else word for word in words)


def number(value: float) -> str:
    """Thousands set apart: 27,500,000."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def sign(words: str) -> str:
    """How exactly a number is known, as a sign where there is no room for words."""
    return {"about": "≈", "more than": ">", "at least": "≥", "at most": "≤"}.get(words.strip(), "")


def size(value: int) -> str:
    """Bytes in the unit that people would choose, with three digits at most: 137 GB, 1.2 TB."""
    amount = float(value)
    for unit in UNITS:
        if amount < 999.5 or unit == UNITS[-1]:
            break
        amount /= 1000
    if unit == "bytes":
        return f"{value:,} bytes"
    return f"{int(amount + 0.5)} {unit}" if amount >= 99.95 else f"{amount:.3g} {unit}"


def host(address: str) -> str:
    """The name of the place that a web address leads to: `example.org` of `https://www.example.org/x`."""
    return (urlsplit(address).hostname or address).removeprefix("www.")


def address(text: str, longest: int = 60) -> str:
    """A web address as it can be read: without scheme, cut in the middle where it is long."""
    plain = text.removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")
    return plain if len(plain) <= longest else f"{plain[: longest - 16]}…{plain[-14:]}"


def listing(words: list[str], joint: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}" if words else ""


def plural(count: int, one: str, many: str = "") -> str:
    """`1 archive`, `2 archives`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
