"""New records and new observations, valid from the first line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from graph_service import formatting, records, style
from graph_service.errors import BadParameter
from graph_service.problems import Problem
from graph_service.records import SLUG, Record
from graph_service.survey import Files
from graph_service.terms import KINDS
from graph_service.writing import Stanza, dated, quoted, record_text

DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]+")


def slug_of(text: str) -> str:
    """A slug made from a name or an address."""
    plain = re.sub(r"^https?://(www\.)?", "", text.lower())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


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
            if date is not None and not DATE.fullmatch(date):
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
        known = source_of(files, visit.address)
        source = known or f"source:{slug_of(visit.address)}"
        stanzas.append(visit.observation(name, source))
        if known is None:
            stanzas.append(visit.source(source))
    return record_text(stanzas, style.fact_order(files.ontology / "survey.ttl"))


def source_of(files: Files, address: str) -> str | None:
    """The name of the record in `records/source/` that describes an address, if there is one."""
    wanted = f"schema:url <{address}> ;"
    for path in sorted((files.records / "source").glob("*.ttl")):
        if wanted in path.read_text(encoding="utf-8"):
            return f"source:{path.stem}"
    return None


def with_observation(files: Files, path: Path, visit: Visit) -> str:
    """The text of a record with one more observation in its place; raises `BadParameter` when it cannot be read."""
    found = records.identify(path)
    text = records.text_of(path)
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
    known = source_of(files, visit.address) or _described(text, visit.address)
    source = known or f"source:{slug_of(visit.address)}"
    stanzas = [visit.observation(name, source)] + ([] if known else [visit.source(source)])
    link = Stanza(f"{found.kind}:{found.slug}")
    link.say("survey:observation", name)
    # The formatter merges the stanzas that share a subject and puts the new ones in their places.
    added = record_text([link, *stanzas], style.fact_order(files.ontology / "survey.ttl"))
    result = formatting.formatted(found, f"{text}\n{added}", style.fact_order(files.ontology / "survey.ttl"))
    if isinstance(result, Problem):
        raise BadParameter(str(result), parameter="record")
    return result


def _described(text: str, address: str) -> str | None:
    """The source of an address that the record itself describes."""
    for stanza in text.split("\n\n"):
        if stanza.startswith("source:") and f"schema:url <{address}> ;" in stanza:
            return stanza.partition("\n")[0]
    return None
