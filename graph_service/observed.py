"""An observation and its values as people read them: labels and pages, sizes, numbers, dates, addresses."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox

from graph_service import phrases
from graph_service.knowledge import NOTE, OBSERVATION, SOURCE, Knowledge, Value, path_of, survey
from graph_service.terms import BASE, PREFIXES

XSD = PREFIXES["xsd"]
QUALIFIERS = {
    survey("approximately"): "about ",
    survey("moreThan"): "more than ",
    survey("atLeast"): "at least ",
    survey("atMost"): "at most ",
}


@dataclass(frozen=True)
class Shown:
    """One value as a page shows it."""

    text: str
    href: str = ""
    title: str = ""
    language: str = ""
    order: float = 0.0

    @property
    def foreign(self) -> bool:
        """Whether the link leaves the survey."""
        return self.href.startswith(("http:", "https:"))

    @property
    def sentence(self) -> bool:
        """Whether the value is prose that ends by itself, so that nothing can follow it on its line."""
        return not self.href and self.text.endswith(".")


@dataclass(frozen=True)
class Seen:
    """What one source said of a thing at one time."""

    iri: str
    date: str
    dated_by: str
    consulted: str
    source: str
    certainty: str
    notes: tuple[str, ...]
    facts: dict[str, list[Value]]

    @property
    def anchor(self) -> str:
        return self.iri.removeprefix(OBSERVATION)

    @property
    def polar(self) -> dict[str, list[str]]:
        """What the observation denies and what it looked for without finding a word."""
        return {name: [value.value for value in self.facts.get(survey(name), ())] for name in ("lacks", "notStated")}


def seen(knowledge: Knowledge, iri: str) -> Seen:
    """An observation, read from the survey."""
    facts = knowledge.facts.get(iri, {})
    as_of, consulted = knowledge.text(iri, survey("asOf")), knowledge.text(iri, survey("consulted"))
    return Seen(
        iri,
        as_of or consulted,
        "as of" if as_of else "consulted",
        consulted,
        (knowledge.iris(iri, SOURCE) or [""])[0],
        (knowledge.iris(iri, survey("certainty")) or [""])[0].rpartition("/")[2],
        knowledge.texts(iri, NOTE),
        facts,
    )


def shown(
    knowledge: Knowledge, value: Value, predicate: str = "", facts: dict[str, list[Value]] | None = None
) -> Shown:
    """A value as people read it: label and page of a concept or thing, a size, a number, a date, an address."""
    if isinstance(value, ox.NamedNode):
        iri = value.value
        if iri.startswith(BASE) and knowledge.exists(iri):
            place = float(list(QUALIFIERS).index(predicate)) if predicate in QUALIFIERS else 0.0
            return Shown(knowledge.label(iri), path_of(iri), knowledge.definition(iri), order=place)
        if iri in knowledge.dimensions:
            name = knowledge.dimensions[iri].name.replace(":", "-")
            return Shown(knowledge.label(iri), f"/ontology#{name}", knowledge.definition(iri))
        return Shown(phrases.address(iri), iri if iri.startswith(("http:", "https:")) else "")
    datatype = value.datatype.value
    text = value.value
    if datatype == f"{XSD}boolean":
        return Shown("yes" if text == "true" else "no")
    if datatype == f"{XSD}integer":
        unit = knowledge.dimensions[predicate].unit if predicate in knowledge.dimensions else ""
        about = "".join(
            words
            for name, words in QUALIFIERS.items()
            if any(each.value == predicate for each in (facts or {}).get(name, ()))
        )
        written = phrases.size(int(text)) if unit == "bytes" else phrases.number(int(text))
        return Shown(about + written, title=f"{int(text):,} bytes" if unit == "bytes" else "", order=float(text))
    if datatype in {f"{XSD}date", f"{XSD}gYear", f"{XSD}gYearMonth"}:
        return Shown(phrases.date(text))
    return Shown(phrases.dated(text), language=value.language if value.language and value.language != "en" else "")


def natural(name: str) -> tuple[int, str]:
    """Orders `x-2` before `x-10`."""
    stem, _, last = name.rpartition("-")
    return (int(last), stem) if last.isdigit() and len(last) < 3 else (0, name)
