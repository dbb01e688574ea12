"""New records and new observations, valid from the first line."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graph_service import formatting, records, style, survey
from graph_service.errors import BadParameter
from graph_service.problems import Problem, suggestion
from graph_service.records import SLUG, Record
from graph_service.survey import Files
from graph_service.terms import KINDS
from graph_service.writing import Stanza, dated, quoted, record_text

SOURCE = re.compile(r"^(source:\S+)\n(?: .*\n)*? +schema:url <([^>]+)> ;$", re.MULTILINE)
DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]+")


def slug_of(text: str) -> str:
    """A slug made from a name or an address."""
    plain = re.sub(r"^https?://(www\.)?", "", text.lower())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def is_date(text: str) -> bool:
    """Whether a text is a year, a month or a day that there is."""
    if not DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text + "2000-01-01"[len(text) :])
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Visit:
    """What a person looked at: the source's address, title and kind, when it was so, and when it was read."""

    address: str
    title: str
    kind: str
    consulted: str
    as_of: str | None = None
    certainty: str = "stated"
    note: str | None = None
    facts: tuple[tuple[str, str], ...] = ()

    def checked(self) -> Visit:
        """Itself; raises `BadParameter` for an address or a date that is none."""
        if not ADDRESS.fullmatch(self.address):
            raise BadParameter(
                f"`{self.address}` is no web address; write the whole of it, with https://.", parameter="source"
            )
        for name, date in (("as-of", self.as_of), ("consulted", self.consulted)):
            if date is not None and not is_date(date):
                raise BadParameter(f"`{date}` is no date; write 2026, 2026-11 or 2026-11-25.", parameter=name)
        if len(self.consulted) != 10:
            raise BadParameter(f"`{self.consulted}` is no day; write it as 2026-11-25.", parameter="consulted")
        return self

    def observation(self, name: str, source: str) -> Stanza:
        stanza = Stanza(name)
        stanza.say("a", "survey:Observation")
        if self.as_of:
            stanza.say("survey:asOf", dated(self.as_of))
        stanza.say("survey:consulted", dated(self.consulted))
        stanza.say("dcterms:source", source)
        stanza.say("survey:certainty", f"certainty:{self.certainty}")
        if self.note:
            stanza.say("skos:note", quoted(self.note))
        for predicate, value in self.facts:
            stanza.say(predicate, value)
        return stanza

    def source(self, name: str) -> Stanza:
        stanza = Stanza(name)
        stanza.say("a", "survey:Source")
        stanza.say("dcterms:title", quoted(self.title or self.address))
        stanza.say("schema:url", f"<{self.address}>")
        stanza.say("survey:sourceKind", f"source-kind:{self.kind}")
        return stanza


def record(files: Files, kind: str, slug: str, facts: list[tuple[str, str]], visit: Visit | None) -> str:
    """The text of a new record of a kind; `facts` are its plain statements, `visit` its first observation."""
    if kind not in KINDS:
        raise BadParameter(f"`{kind}` is no kind of record; there are {', '.join(KINDS)}.", parameter="kind")
    if not SLUG.fullmatch(slug):
        raise BadParameter(f"`{slug}` is no slug; use lower-case letters, digits and single hyphens.", parameter="slug")
    if (files.records / kind / f"{slug}.ttl").exists():
        raise BadParameter(f"`{kind}:{slug}` has a record already.", parameter="slug")
    head = Stanza(f"{kind}:{slug}")
    head.say("a", f"survey:{KINDS[kind]}")
    for predicate, value in facts:
        head.say(predicate, value)
    stanzas = [head]
    if visit is not None:
        visit.checked()
        name = f"observation:{slug}-{visit.as_of or visit.consulted}"
        head.say("survey:observation", name)
        known, source = source_of(files, visit.address)
        stanzas.append(visit.observation(name, source))
        if not known:
            stanzas.append(visit.source(source))
    return record_text(stanzas, style.fact_order(files.ontology / "survey.ttl"))


def source_of(files: Files, address: str, text: str = "") -> tuple[bool, str]:
    """Whether a source is described already, in a record of any kind or in the given text, and its name.

    One address is one source; a new one gets a name that no other has.
    """
    names = {}
    for described in (text, *_texts(files)):
        for name, at in SOURCE.findall(described):
            if at == address:
                return True, name
            names[name] = at
    name = wanted = f"source:{slug_of(address)}"
    number = 1
    while name in names:
        number += 1
        name = f"{wanted}-{number}"
    return False, name


def _texts(files: Files) -> Iterator[str]:
    """All records, also the shipped ones where others are written elsewhere."""
    for folder in dict.fromkeys((files.records, survey.shipped().records)):
        for found in records.find(folder):
            text = found if isinstance(found, Problem) else records.text_of(found.path)
            if isinstance(text, str):
                yield text


def with_observation(files: Files, path: Path, visit: Visit) -> str:
    """The text of a record with one more observation in its place; raises `BadParameter` when it cannot be read."""
    found = records.identify(path)
    text = records.text_of(path)
    if not path.is_file():
        there = {f"{each.parent.name}/{each.stem}" for each in files.records.glob("*/*.ttl")}
        near = suggestion(f"{path.absolute().parent.name}/{path.stem}", there)
        raise BadParameter(f"there is no record {path}.{near}", parameter="record")
    for each in (found, text):
        if isinstance(each, Problem):
            raise BadParameter(str(each), parameter="record")
    assert isinstance(found, Record)
    assert isinstance(text, str)
    visit.checked()
    date = visit.as_of or visit.consulted
    name, number = f"observation:{found.slug}-{date}", 1
    while re.search(rf"^{re.escape(name)}$", text, re.MULTILINE):
        number += 1
        name = f"observation:{found.slug}-{date}-{number}"
    known, source = source_of(files, visit.address, text)
    stanzas = [visit.observation(name, source)] + ([] if known else [visit.source(source)])
    link = Stanza(f"{found.kind}:{found.slug}")
    link.say("survey:observation", name)
    # The formatter merges the stanzas that share a subject and puts the new ones in their places.
    added = record_text([link, *stanzas], style.fact_order(files.ontology / "survey.ttl"))
    result = formatting.formatted(found, f"{text}\n{added}", style.fact_order(files.ontology / "survey.ttl"))
    if isinstance(result, Problem):
        raise BadParameter(str(result), parameter="record")
    return result
