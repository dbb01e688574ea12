"""Pictures as inline SVG: counts over time, bars, columns, a heat map, a small graph of relations.

Each takes plain rows and gives markup without scripts or inline styles; colors come from the classes of the style
sheet. What a picture shows is always given as a table beside it, by whoever places it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import log10
from textwrap import shorten

from markupsafe import Markup, escape

from graph_service import phrases

LETTER = 6.6
"""Average width of a letter of the charts' text, in units of the picture."""

MOST = 8
"""Relations on each side of the small graph."""


@dataclass(frozen=True)
class Bar:
    """One bar: what it stands for, how much, how that is written, and where it leads."""

    label: str
    value: float
    written: str = ""
    href: str = ""

    @property
    def text(self) -> str:
        return self.written or f"{self.value:,.0f}"


@dataclass(frozen=True)
class Series:
    """Values at dates, oldest first; dates are years, months or days."""

    label: str
    points: tuple[tuple[str, int], ...]
    unit: str = ""
    about: dict[tuple[str, int], str] = field(default_factory=dict)
    """How exactly the value at a point is known: `≈`, `>` and so on."""

    def written(self, value: int) -> str:
        return phrases.size(value) if self.unit == "bytes" else phrases.number(value)


def picture(width: float, height: float, title: str, parts: Iterable[str], role: str = "img") -> Markup:
    """The frame of every picture, with its title for those who do not see it; on a phone it is moved sideways."""
    return Markup(
        '<div class="scroll" tabindex="0" role="group" aria-label="{2}">'
        '<svg class="chart" viewBox="0 0 {0} {1}" role="{3}" aria-label="{2}">{4}</svg></div>'
    ).format(
        round(width),
        round(height),
        title,
        role,
        Markup("".join(parts)),  # noqa: S704
    )


def words(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    placed = f' class="{kind}"' if kind else ""
    turned = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.0f}" y="{y:.0f}"{placed}{turned}>{escape(text)}</text>'


def box(kind: str, x: float, y: float, width: float, height: float, more: str = "") -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"{more}/>'


def linked(content: str, href: str) -> str:
    return f'<a href="{escape(href)}">{content}</a>' if href else content


def bars(rows: Sequence[Bar], title: str, series: int = 1) -> Markup:
    """Bars from left to right, one below the other."""
    left = min(max((len(row.label) for row in rows), default=0), 34) * LETTER + 10
    most = max((row.value for row in rows), default=0) or 1
    width, line = 640, 24
    room = width - left - 90
    parts = []
    for place, row in enumerate(rows):
        top = place * line
        length = max(row.value / most * room, 1.5)
        name = linked(words(left - 10, top + 16, cut(row.label, 34), "label", "end"), row.href)
        parts.append(
            f'{name}<rect class="bar s{series}" x="{left:.0f}" y="{top + 4}" width="{length:.1f}" height="16" rx="2"/>'
        )
        parts.append(words(left + length + 6, top + 16, row.text, "value"))
    return picture(
        width, max(len(rows), 1) * line + 4, title, parts, "group" if any(row.href for row in rows) else "img"
    )


def columns(rows: Sequence[Bar], title: str) -> Markup:
    """Columns side by side, such as one for each year; every column has its value on top."""
    width, height, base = 640, 210, 180
    most = max((row.value for row in rows), default=0) or 1
    step = width / max(len(rows), 1)
    parts = [f'<line class="axis" x1="0" y1="{base}.5" x2="{width}" y2="{base}.5"/>']
    every = max(1, -(-36 // int(step or 1)))
    for place, row in enumerate(rows):
        tall = row.value / most * (base - 24)
        x = place * step
        if row.value:
            parts.append(box("bar s1", x + 2, base - tall, max(step - 4, 2), tall, ' rx="1"'))
            parts.append(words(x + step / 2, base - tall - 5, row.text, "value", "middle"))
        if place % every == 0:
            parts.append(words(x + step / 2, base + 18, row.label, "", "middle"))
    return picture(width, height, title, parts)


def shares(years: Sequence[str], groups: Sequence[tuple[str, Sequence[int]]], title: str) -> Markup:
    """Columns of parts: for each year the number of each group, stacked, with a legend."""
    width, height, base, top = 640, 270, 200, 12
    totals = [sum(values[place] for _, values in groups) for place in range(len(years))]
    most = max(totals, default=0) or 1
    step = width / max(len(years), 1)
    parts = [f'<line class="axis" x1="0" y1="{base}.5" x2="{width}" y2="{base}.5"/>']
    for place, year in enumerate(years):
        y = float(base)
        for number, (_, values) in enumerate(groups):
            tall = values[place] / most * (base - top)
            y -= tall
            if tall:
                parts.append(box(f"bar s{number + 1}", place * step + 2, y, max(step - 4, 2), max(tall - 1, 0.5)))
        if place % max(1, -(-36 // int(step or 1))) == 0:
            parts.append(words(place * step + step / 2, base + 18, year, "", "middle"))
    x, y = 0.0, base + 44
    for number, (label, _) in enumerate(groups):
        if x + len(label) * LETTER + 30 > width:
            x, y = 0.0, y + 20
        parts.append(f'<rect class="bar s{number + 1}" x="{x:.0f}" y="{y - 10}" width="12" height="12"/>')
        parts.append(words(x + 18, y, label, "label"))
        x += len(label) * LETTER + 36
    return picture(width, max(height, y + 10), title, parts)


def year_of(date: str) -> float:
    """A date as a number of years, the middle of what it does not tell."""
    parts = [int(part) for part in date.split("-") if part.isdigit()]
    month = (parts[1] - 1 if len(parts) > 1 else 6) / 12
    return parts[0] + month + ((parts[2] - 1) / 365 if len(parts) > 2 else 0)


def over_time(series: Series, title: str) -> Markup:
    """One count at its dates; the axis of values starts at nought, that of time shows years."""
    width, height, left, right, base, top = 640, 210, 10, 90, 170, 26
    points = sorted(series.points, key=lambda point: year_of(point[0]))
    moments = [year_of(date) for date, _ in points]
    first, last = min(moments), max(moments)
    span = max(last - first, 0.5)
    most = max(value for _, value in points) or 1

    def x(moment: float) -> float:
        return left + (moment - first) / span * (width - left - right)

    def y(value: int) -> float:
        return base - value / most * (base - top)

    parts = [f'<line class="axis" x1="0" y1="{base}.5" x2="{width}" y2="{base}.5"/>']
    years = range(int(first), int(last) + 2)
    every = max(1, len(years) // 8)
    for year in years:
        if year % every == 0 and first <= year <= last:
            parts.append(f'<line class="grid" x1="{x(year):.1f}" y1="{top}" x2="{x(year):.1f}" y2="{base}"/>')
            parts.append(words(x(year), base + 18, str(year), "", "middle"))
    if len(parts) == 1:
        parts.append(words(x(first), base + 18, phrases.date(points[0][0])))
        parts.append(words(x(last), base + 18, phrases.date(points[-1][0]), "", "middle"))
    line_points = [(x(moment), y(value)) for moment, (_, value) in zip(moments, points, strict=True)]
    line = " ".join(f"{across:.1f},{down:.1f}" for across, down in line_points)
    parts.append(f'<polyline class="line s1" points="{line}"/>')
    taken: list[tuple[float, float]] = []
    for moment, (date, value) in zip(moments, points, strict=True):
        px, py = x(moment), y(value)
        told = series.about.get((date, value), "") + series.written(value)
        parts.append(
            f'<circle class="s1" cx="{px:.1f}" cy="{py:.1f}" r="3.5">'
            f"<title>{escape(phrases.date(date))}: {escape(told)}</title></circle>"
        )
        if all(abs(px - ox) > 60 or abs(py - oy) > 14 for ox, oy in taken):
            taken.append((px, py))
            rise = max((py - at for at in crossings(line_points, px + 6, px + 6 + len(told) * LETTER)), default=0)
            parts.append(words(px + 6, py - 7 - max(rise, 0), told, "value"))
    return picture(width, height, title, parts)


def crossings(line: Sequence[tuple[float, float]], left: float, right: float) -> Iterator[float]:
    """How far down a line is at its points and at the ends between two places, so that a text there can stay above."""
    for (ax, ay), (bx, by) in pairwise(line):
        for at in (left, right):
            if ax < at <= bx:
                yield ay + (by - ay) * (at - ax) / (bx - ax)
        if left <= bx <= right:
            yield by


def heat_map(
    rows: Sequence[str], names: Sequence[str], cells: dict[tuple[str, str], tuple[int, str]], title: str
) -> Markup:
    """Counts of pairs as darker and lighter fields, the number in each; an empty field is a gap."""
    left = max((len(row) for row in rows), default=0) * LETTER + 12
    side, line, top = 58, 30, 92
    most = max((count for count, _ in cells.values()), default=1)
    parts = []
    for place, name in enumerate(names):
        x = left + place * side + side / 2
        parts.append(
            f'<text class="label" transform="translate({x - 4:.0f},{top - 8}) rotate(-38)">'
            f"{escape(cut(name, 18))}</text>"
        )
    for down, row in enumerate(rows):
        y = top + down * line
        parts.append(words(left - 8, y + 19, row, "label", "end"))
        for across, name in enumerate(names):
            count, href = cells.get((row, name), (0, ""))
            x = left + across * side
            if not count:
                parts.append(
                    f'<rect class="empty" x="{x + 1:.0f}" y="{y + 1}" width="{side - 2}" height="{line - 2}"/>'
                )
                continue
            strength = 0.12 + 0.5 * (log10(count) / (log10(most) or 1) if most > 1 else 1)
            square = box("cell", x + 1, y + 1, side - 2, line - 2, f' fill-opacity="{strength:.2f}"')
            number = words(x + side / 2, y + 19, str(count), "value", "middle")
            named = f"<title>{escape(row)}, {escape(name)}: {count}</title>"
            parts.append(linked(f"{named}{square}{number}", href))
    return picture(left + len(names) * side + 40, top + len(rows) * line + 4, title, parts, "group")


@dataclass(frozen=True)
class Edge:
    """A relation in the small graph: what it is called and what stands at its other end."""

    label: str
    title: str
    href: str
    inverse: bool = False


def relations(center: str, edges: Sequence[Edge], title: str) -> Markup:
    """The thing in the middle, those that point at it on the left, those that it points at on the right.

    On the left one reads the other's name, the relation and the thing in the middle; on the right the thing in the
    middle, the relation and the other's name.
    """
    inward = [edge for edge in edges if edge.inverse][:MOST]
    outward = [edge for edge in edges if not edge.inverse][:MOST]
    line, width, wide = 46, 760, 204
    height = max(len(inward), len(outward), 2) * line + 8
    middle, tips = height / 2, set()
    parts = []
    for side, list_ in ((0, inward), (1, outward)):
        offset = (height - len(list_) * line) / 2
        for place, edge in enumerate(list_):
            y = offset + place * line + line / 2
            x = 2 if side == 0 else width - wide - 2
            start, end = (x + wide, width / 2 - wide / 2) if side == 0 else (width / 2 + wide / 2, x)
            half = (start + end) / 2
            begin, finish = (y, middle) if side == 0 else (middle, y)
            parts.append(
                f'<path class="edge" d="M{start:.0f} {begin:.0f} '
                f'C{half:.0f} {begin:.0f} {half:.0f} {finish:.0f} {end:.0f} {finish:.0f}"/>'
            )
            tips.add((end, finish))
            upper, lower = (y - 5, y + 11)
            name = words(x + wide / 2, upper if side == 0 else lower, cut(edge.title, 28), "", "middle")
            label = cut(edge.label, 26)
            told = words(x + wide / 2, lower if side == 0 else upper, f"{label} →", "value", "middle")
            node = box("node", x, y - 20, wide, 40, ' rx="4"')
            node += f"<title>{escape(edge.title)}</title>"
            parts.append(linked(node + (name + told if side == 0 else told + name), edge.href))
    parts += [f'<path class="tip" d="M{x:.0f} {y:.0f}l-8 -4v8z"/>' for x, y in sorted(tips)]
    parts.append(
        box("node", (width - wide) / 2, middle - 20, wide, 40, ' rx="20"')
        + words(width / 2, middle + 4, cut(center, 28), "label", "middle")
    )
    return picture(width, height, title, parts, "group")


def cut(text: str, longest: int) -> str:
    """The text in at most so many letters, at a space where there is one."""
    if len(text) <= longest:
        return text
    return shorten(text, longest, placeholder="…") if " " in text[:longest] else text[: longest - 1] + "…"
