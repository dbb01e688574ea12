"""The figures of the overview: holdings by country, year, modality and anatomy, access, license, software and size."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from graph_service import charts, phrases
from graph_service.charts import Bar
from graph_service.finder import Finder
from graph_service.knowledge import Knowledge, Value, kind_of, path_of, survey
from graph_service.terms import BASE
from graph_service.things import Thing
from graph_service.wishes import Wish

MODALITIES = ("ct", "mr", "pt", "radiography", "mg", "us", "nm", "es", "op", "oct", "sm")
GROUPS = 5
IDC = f"{BASE}archive/idc"


@dataclass(frozen=True)
class Figure:
    """One picture with its caption, what it means, and its numbers as a table."""

    caption: str
    meaning: str
    picture: Markup
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: bool = False


def figures(knowledge: Knowledge, finder: Finder) -> list[Figure]:
    """All pictures of the page, the widest last of its row."""
    return [
        gaps(knowledge, finder),
        by_facet(
            finder, "access", "Access", "How archives and collections can be reached, by the latest word on each."
        ),
        by_facet(
            finder,
            "license",
            "Licenses",
            "The license that a place or data set names; where none is known it is not counted.",
        ),
        opened(knowledge),
        countries(knowledge),
        software_share(knowledge),
        idc_sizes(knowledge, finder),
    ]


def _bars(caption: str, meaning: str, counted: str, bars: list[Bar]) -> Figure:
    rows = tuple((bar.label, bar.text) for bar in bars)
    return Figure(caption, meaning, charts.bars(bars, caption), (caption, counted), rows)


def find(**chosen: str) -> str:
    """The address of the finder with one value of each facet."""
    from urllib.parse import urlencode

    return "/?" + urlencode(Wish(chosen={name: (value,) for name, value in chosen.items()}).parameters())


def by_facet(finder: Finder, name: str, caption: str, meaning: str) -> Figure:
    """Values of one facet that are said of things themselves, the most frequent first."""
    counts: Counter[str] = Counter()
    word = {"access": "access", "license": "license"}[name]
    for row in finder.rows:
        counts.update({iri.rpartition("/")[2] for iri in finder.knowledge.iris(row.iri, survey(word))})
    top = counts.most_common(12)
    bars = [Bar(_known_as(finder, name, value), count, href=find(**{name: value})) for value, count in top]
    rest = sum(counts.values()) - sum(count for _, count in top)
    return _bars(caption, meaning, "archives and collections", bars + ([Bar("others", rest)] if rest else []))


def _known_as(finder: Finder, name: str, value: str) -> str:
    """A label, or the code of a license, which people know better."""
    concept = finder.knowledge.concepts[finder.iri(name, value)]
    codes = [code for code in concept.notations if not code.startswith("LicenseRef")]
    return next(iter(codes), concept.label) if name == "license" else concept.label


def gaps(knowledge: Knowledge, finder: Finder) -> Figure:
    """Modality by anatomy: how many archives and collections have both."""
    modalities = [value for value in MODALITIES if finder.masks["modality"].get(value)]
    said: Counter[str] = Counter()
    for row in finder.rows:
        said.update({iri.rpartition("/")[2] for iri in knowledge.iris(row.iri, survey("anatomy"))})
    regions = [value for value, _ in said.most_common(30) if value not in {"various", "trunk"}][:16]
    cells = {}
    names = {value: _short(finder, value) for value in modalities}
    labels = {value: finder.label("anatomy", value) for value in regions}
    for region in regions:
        for value in modalities:
            both = (finder.masks["anatomy"].get(region, 0) & finder.masks["modality"].get(value, 0)).bit_count()
            if both:
                cells[labels[region], names[value]] = (both, find(modality=value, anatomy=region))
    picture = charts.heat_map(
        [labels[each] for each in regions], [names[each] for each in modalities], cells, "Modality by anatomy"
    )
    rows = tuple(
        (labels[region], *(str(cells.get((labels[region], names[value]), (0, ""))[0]) for value in modalities))
        for region in regions
    )
    meaning = "Archives and collections with images of a region in a modality. An empty field is a gap: none is known."
    return Figure(
        "What is imaged, and how", meaning, picture, ("Anatomy", *(names[each] for each in modalities)), rows, wide=True
    )


def _short(finder: Finder, value: str) -> str:
    concept = finder.knowledge.concepts[finder.iri("modality", value)]
    return concept.label if len(concept.label) <= 18 else next(iter(concept.notations), concept.label)


def opened(knowledge: Knowledge) -> Figure:
    """Archives by the year in which they opened."""
    years: Counter[int] = Counter()
    for iri in knowledge.of_kind("archive"):
        date = knowledge.text(iri, survey("opened"))
        if date[:4].isdigit():
            years[int(date[:4])] += 1
    span = range(min(years), max(years) + 1) if years else range(0)
    bars = [Bar(str(year), years[year]) for year in span]
    meaning = f"{phrases.plural(sum(years.values()), 'archive')} of which the year is known."
    caption = "Archives by the year they opened"
    return Figure(
        caption,
        meaning,
        charts.columns(bars, caption),
        ("Year", "archives opened"),
        tuple((bar.label, bar.text) for bar in bars if bar.value),
    )


def countries(knowledge: Knowledge) -> Figure:
    """Archives by country, federations counted in each of theirs."""
    counts: Counter[str] = Counter()
    for iri in knowledge.of_kind("archive"):
        counts.update(set(knowledge.iris(iri, survey("country"))))
    bars = [Bar(knowledge.label(iri), count, href=path_of(iri)) for iri, count in counts.most_common(15)]
    return _bars(
        "Archives by country",
        "The country that holds or operates an archive; one that spans several counts in each.",
        "archives",
        bars,
    )


def software_share(knowledge: Knowledge) -> Figure:
    """For each year, the archives whose software was known by then, by software: the newest word up to that year."""
    known: dict[str, list[tuple[str, str]]] = defaultdict(list)
    word = survey("hostedWith")
    for iri in knowledge.of_kind("archive"):
        for each in Thing(knowledge, iri).observations:
            known[iri] += [(each.date[:4], value.value) for value in _own(each.facts.get(word, ()))]
    totals = Counter(software for said in known.values() for software in {value for _, value in said})
    top = [iri for iri, _ in totals.most_common(GROUPS)]
    dates = [date for said in known.values() for date, _ in said]
    years = [str(year) for year in range(int(min(dates, default="2010")), int(max(dates, default="2026")) + 1)]
    groups = {iri: [0] * len(years) for iri in top}
    others = [0] * len(years)
    for said in known.values():
        for place, year in enumerate(years):
            past = [(date, value) for date, value in said if date <= year]
            newest = max((date for date, _ in past), default="")
            for value in {value for date, value in past if date == newest}:
                groups.get(value, others)[place] += 1
    series = [(knowledge.label(iri), groups[iri]) for iri in top] + ([("others", others)] if any(others) else [])
    caption = "Software of archives over time"
    meaning = "Archives whose software was known by the end of each year, by the newest word until then."
    rows = tuple((year, *(str(values[place]) for _, values in series)) for place, year in enumerate(years))
    return Figure(
        caption, meaning, charts.shares(years, series, caption), ("Year", *(label for label, _ in series)), rows
    )


def _own(values: Iterable[Value]) -> list[Value]:
    return [value for value in values if kind_of(value.value) == "software"]


def idc_sizes(knowledge: Knowledge, finder: Finder) -> Figure:
    """The largest collections of NCI's Imaging Data Commons."""
    held = {
        subject
        for predicate, subject in knowledge.pointers.get(IDC, ())
        if predicate in {survey("hostedAt"), survey("partOf")}
    }
    rows = sorted((row for row in finder.rows if row.iri in held and row.size), key=lambda row: -(row.size or 0))
    bars = [Bar(row.title, float(row.size or 0), phrases.size(row.size or 0), row.path) for row in rows[:20]]
    total = sum(row.size or 0 for row in rows)
    meaning = f"The 20 largest of {len(rows)} collections whose size is known; together all hold {phrases.size(total)}."
    return _bars("Collections of the Imaging Data Commons by size", meaning, "size", bars)
