"""The finder: facets with counts, text search, sorting and paging over archives and collections.

Built once per release. Each row is one bit; a facet value is the set of its rows as an integer, so that a selection is
an intersection and a count is a number of bits. A concept finds its narrower ones too. Values of one facet widen the
selection, different facets narrow it, and all words of the text have to be found.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pyoxigraph as ox

from graph_service import phrases
from graph_service.errors import BadParameter
from graph_service.knowledge import DESCRIPTION, DCTERMS, Knowledge, kind_of, path_of, survey
from graph_service.problems import suggestion
from graph_service.terms import BASE

FACETS: dict[str, tuple[str, str]] = {
    "use": ("permitted-use", "May I use it"),
    "access": ("access", "Access"),
    "modality": ("modality", "Modality"),
    "anatomy": ("anatomy", "Anatomy"),
    "condition": ("condition", "Condition"),
    "license": ("license", "License"),
    "file-format": ("fileFormat", "Format"),
    "software": ("hostedWith", "Software"),
    "status": ("status", "Status"),
    "species": ("species", "Species"),
    "size": ("", "Size"),
    "kind": ("kind", "Kind"),
    "scope": ("scope", "Scope"),
}
"""Name in the address, property, and heading of each facet."""

SIZES = {
    "under-1gb": (0, 10**9, "under 1 GB"),
    "1-10gb": (10**9, 10**10, "1–10 GB"),
    "10-100gb": (10**10, 10**11, "10–100 GB"),
    "100gb-1tb": (10**11, 10**12, "100 GB – 1 TB"),
    "over-1tb": (10**12, 10**19, "over 1 TB"),
    "not-known": (-1, -1, "not known"),
}
SORTS = {
    "relevance": "Best match",
    "archives": "Archives first",
    "name": "Name",
    "subjects": "Most subjects",
    "size": "Largest",
    "seen": "Last seen",
    "opened": "Oldest",
}
CLASSES = {"archive": "Archive", "collection": "Collection"}
PER_PAGE = 25
STOP = frozenset(
    "a all an and any are as at be by can data dataset datasets find for from have i image images imaging in is it may me my "
    "of on or scan scans show that the there to use used want we what where which with".split()
)
WORD = re.compile(r"[a-z0-9]+(?:[.'][0-9a-z]+)*")


def words(text: str) -> list[str]:
    """The words of a text in the form in which they are looked up: lower case, no accents, no plural or adverb ending."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return [stem(word) for word in WORD.findall(plain)]


def stem(word: str) -> str:
    for ending in ("ly", "s"):
        if len(word) > len(ending) + 3 and word.endswith(ending) and not word.endswith(("ss", "us", "is")):
            word = word.removesuffix(ending)
    return word


@dataclass(frozen=True)
class Row:
    """One archive or collection as the table shows it."""

    iri: str
    kind: str
    title: str
    description: str
    modalities: tuple[tuple[str, str], ...]
    subjects: int | None
    subjects_about: str
    size: int | None
    access: tuple[tuple[str, str], ...]
    licenses: tuple[tuple[str, str, str], ...]
    software: tuple[tuple[str, str], ...]
    opened: str
    last_seen: str

    @property
    def path(self) -> str:
        return path_of(self.iri)


@dataclass(frozen=True)
class Choice:
    """A value of a facet that can be chosen, or be let go."""

    value: str
    label: str
    definition: str
    count: int
    chosen: bool
    depth: int = 0


@dataclass(frozen=True)
class Wish:
    """What is looked for: text, the chosen values of each facet, order, page."""

    text: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    types: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Iterable[tuple[str, str]]) -> Wish:
        """The wish that the parameters of an address tell; those of others are let be. Raises `BadParameter`."""
        chosen: dict[str, list[str]] = defaultdict(list)
        text, sort, page, types = "", "", 1, []
        for name, value in given:
            value = value.strip()
            if name in FACETS and value:
                if value not in chosen[name]:
                    chosen[name].append(value)
            elif name == "q":
                text = value[:200]
            elif name == "type" and value:
                if value not in CLASSES:
                    raise BadParameter(f"`type={value}`: types are {', '.join(CLASSES)}.", parameter="type")
                types.append(value)
            elif name == "sort" and value:
                if value not in SORTS:
                    raise BadParameter(f"`sort={value}`: orders are {', '.join(SORTS)}.{suggestion(value, SORTS)}", parameter="sort")
                sort = value
            elif name == "page" and value:
                if not value.isdigit() or not 0 < int(value) < 10**6:
                    raise BadParameter(f"`page={value}` is not a page number.", parameter="page")
                page = int(value)
        return cls(text, {name: tuple(values) for name, values in chosen.items()}, sort, page, tuple(dict.fromkeys(types)))

    @property
    def order(self) -> str:
        return self.sort or ("relevance" if self.text else "archives")

    @property
    def empty(self) -> bool:
        return not (self.text or self.chosen or self.types)

    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of the address of this wish, in a fixed order, without those that say nothing."""
        found = [("q", self.text)] if self.text else []
        found += [("type", value) for value in self.types]
        found += [(name, value) for name in FACETS for value in self.chosen.get(name, ())]
        return found + ([("sort", self.sort)] if self.sort else []) + ([("page", str(self.page))] if self.page > 1 else [])

    def toggled(self, name: str, value: str) -> Wish:
        """The wish with a value more, or without it where it is chosen; back on the first page."""
        if name == "type":
            types = tuple(each for each in self.types if each != value) if value in self.types else (*self.types, value)
            return Wish(self.text, self.chosen, self.sort, 1, types)
        old = self.chosen.get(name, ())
        new = tuple(each for each in old if each != value) if value in old else (*old, value)
        chosen = {key: values for key, values in {**self.chosen, name: new}.items() if values}
        return Wish(self.text, chosen, self.sort, 1, self.types)

    def with_page(self, page: int) -> Wish:
        return Wish(self.text, self.chosen, self.sort, page, self.types)


@dataclass(frozen=True)
class Found:
    """The answer to a wish."""

    wish: Wish
    rows: tuple[Row, ...]
    total: int
    pages: int
    everything: tuple[Row, ...]
    facets: dict[str, list[Choice]]
    understood: tuple[tuple[str, str, str], ...] = ()
    """Words of the text that name a value of a facet: facet, value, label."""


class Finder:
    """The index of one release."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        iris = [iri for kind in CLASSES for iri in knowledge.of_kind(kind)]
        self.rows = tuple(self._row(iri) for iri in iris)
        self.all = (1 << len(iris)) - 1
        self.masks: dict[str, dict[str, int]] = {name: defaultdict(int) for name in FACETS}
        self.types: dict[str, int] = dict.fromkeys(CLASSES, 0)
        self.tokens: dict[str, int] = defaultdict(int)
        self.weights: list[dict[str, float]] = []
        for place, row in enumerate(self.rows):
            self._index(place, row)
        self.masks = {name: dict(values) for name, values in self.masks.items()}
        self.groups = self._groups()
        self.vocabulary = sorted(self.tokens)

    def _groups(self) -> set[tuple[str, str]]:
        """Values that only group others: nothing is said to be of them itself, and nothing is wider."""
        said = {(name, iri.rpartition("/")[2]) for name, (word, _) in FACETS.items() if word for row in self.rows
                for iri in self.knowledge.iris(row.iri, survey(word))}
        concepts = self.knowledge.concepts
        return {
            (name, value)
            for name, values in self.masks.items()
            for value in values
            if (name, value) not in said and (concept := concepts.get(self.iri(name, value))) and not concept.broader
            and self.knowledge.narrower.get(concept.iri) and name != "use"
        }

    def _pairs(self, iri: str, name: str) -> tuple[tuple[str, str], ...]:
        pairs = [(self.knowledge.label(value), path_of(value)) for value in self.knowledge.iris(iri, survey(name))]
        return tuple(sorted(pairs, key=lambda pair: pair[0].casefold()))

    def _number(self, iri: str, name: str) -> int | None:
        values = [value.value for value in self.knowledge.values(iri, survey(name)) if isinstance(value, ox.Literal)]
        return max((int(value) for value in values if value.isdigit()), default=None)

    def _row(self, iri: str) -> Row:
        about = ""
        for name, sign in (("approximately", "≈"), ("moreThan", ">"), ("atLeast", "≥"), ("atMost", "≤")):
            if survey("subjectCount") in self.knowledge.iris(iri, survey(name)):
                about = sign
        modalities = []
        for value in self.knowledge.iris(iri, survey("modality")):
            concept = self.knowledge.concepts.get(value)
            short = concept and min((*concept.notations, concept.label), key=len)
            modalities.append((short or self.knowledge.label(value), path_of(value)))
        licenses = []
        for value in self.knowledge.iris(iri, survey("license")):
            concept = self.knowledge.concepts.get(value)
            short = (concept and next(iter(concept.notations), "")) or self.knowledge.label(value)
            licenses.append((short, path_of(value), self.knowledge.label(value)))
        return Row(
            iri,
            kind_of(iri),
            self.knowledge.label(iri),
            self.knowledge.text(iri, DESCRIPTION),
            tuple(sorted(modalities)),
            self._number(iri, "subjectCount"),
            about,
            self._number(iri, "sizeInBytes"),
            self._pairs(iri, "access"),
            tuple(sorted(licenses)),
            self._pairs(iri, "hostedWith"),
            self.knowledge.text(iri, survey("opened")),
            self.knowledge.text(iri, survey("lastSeen")),
        )

    def _index(self, place: int, row: Row) -> None:
        bit = 1 << place
        self.types[row.kind] |= bit
        concepts: set[str] = set()
        for name, (word, _) in FACETS.items():
            if name == "use":
                for use in self.allowed(row.iri):
                    self.masks[name][use] |= bit
                continue
            if name == "size":
                self.masks[name][size_class(row.size)] |= bit
                continue
            for value in self.knowledge.iris(row.iri, survey(word)):
                wider = self.knowledge.wider(value)
                concepts |= wider
                for each in wider:
                    self.masks[name][each.rpartition("/")[2]] |= bit
        weights: dict[str, float] = defaultdict(float)
        for text, weight in self._texts(row, concepts):
            for word in words(text):
                weights[word] = max(weights[word], weight)
        for word in weights:
            self.tokens[word] |= bit
        self.weights.append(dict(weights))

    def _texts(self, row: Row, concepts: set[str]) -> Iterator[tuple[str, float]]:
        yield row.title, 10
        yield row.iri.rpartition("/")[2].replace("-", " "), 8
        for text in self.knowledge.texts(row.iri, f"{DCTERMS}alternative"):
            yield text, 8
        yield row.description, 4
        for iri in concepts:
            concept = self.knowledge.concepts.get(iri)
            yield self.knowledge.label(iri), 3
            for text in (*concept.alternatives, *concept.notations) if concept else ():
                yield text, 2
        for name in ("operator", "host", "funder", "country"):
            for iri in self.knowledge.iris(row.iri, survey(name)):
                yield self.knowledge.label(iri), 1
        for name in ("population", "dataOrigin", "annotation"):
            for text in self.knowledge.texts(row.iri, survey(name)):
                yield text, 1
        yield row.kind, 1

    def allowed(self, iri: str) -> list[str]:
        """The acts that the assessments of a thing answer with yes; of duties, those that are not owed."""
        found = []
        for each in self.knowledge.iris(iri, survey("assessment")):
            answer = (self.knowledge.iris(each, survey("answer")) or [""])[0].rpartition("/")[2]
            use = (self.knowledge.iris(each, survey("assesses")) or [""])[0].rpartition("/")[2]
            if answer == "yes" and use not in {"attribution", "signed-agreement"}:
                found.append(use)
        return found

    def find(self, wish: Wish) -> Found:
        """The page of rows that a wish asks for, with the counts of every facet."""
        selections = {name: self._any_of(name, values) for name, values in wish.chosen.items()}
        text, scores = self._text_mask(wish.text)
        types = 0
        for name in wish.types:
            types |= self.types[name]
        base = text & (types if wish.types else self.all)
        selected = base
        for mask in selections.values():
            selected &= mask
        rows = self._sorted(selected, wish.order, scores)
        pages = max(1, -(-len(rows) // PER_PAGE))
        page = min(wish.page, pages)
        shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
        facets = {"type": self._types(wish, text, selections)}
        for name in FACETS:
            others = base
            for other, mask in selections.items():
                if other != name:
                    others &= mask
            facets[name] = self._choices(name, others, wish.chosen.get(name, ()))
        understood = tuple(each for each in self.understand(wish.text) if each[1] not in wish.chosen.get(each[0], ()))
        return Found(wish.with_page(page), tuple(shown), len(rows), pages, tuple(rows), facets, understood)

    def _any_of(self, name: str, values: tuple[str, ...]) -> int:
        mask = 0
        for value in values:
            if value not in self.masks[name] and value not in self._known(name):
                raise BadParameter(
                    f"`{name}={value}` is no value of this facet.{suggestion(value, self._known(name))}", parameter=name
                )
            mask |= self.masks[name].get(value, 0)
        return mask

    def _known(self, name: str) -> set[str]:
        if name == "size":
            return set(SIZES)
        if name == "software":
            return {iri.rpartition("/")[2] for iri in self.knowledge.of_kind("software")}
        return {each.slug for each in self.knowledge.concepts.values() if each.scheme == self.scheme(name)}

    @staticmethod
    def scheme(name: str) -> str:
        """The vocabulary, or the kind of record, from which a facet takes its values."""
        return {"use": "permitted-use", "kind": "archive-kind"}.get(name, name)

    def iri(self, name: str, value: str) -> str:
        """The concept or thing that a value of a facet stands for."""
        return f"{BASE}{self.scheme(name)}/{value}"

    def label(self, name: str, value: str) -> str:
        if name == "size":
            return SIZES[value][2] if value in SIZES else value
        if name == "type":
            return f"{CLASSES[value]}s"
        return self.knowledge.label(self.iri(name, value))

    def _choices(self, name: str, base: int, chosen: tuple[str, ...]) -> list[Choice]:
        found = []
        for value, mask in self.masks[name].items():
            count = (mask & base).bit_count()
            if (count and (name, value) not in self.groups) or value in chosen:
                definition = self.definitions.get((name, value), "")
                found.append(Choice(value, self.labels[name, value], definition, count, value in chosen))
        if name == "size":
            return sorted(found, key=lambda choice: list(SIZES).index(choice.value))
        return sorted(found, key=lambda choice: (not choice.chosen, -choice.count, choice.label.casefold()))

    @cached_property
    def labels(self) -> dict[tuple[str, str], str]:
        return {(name, value): self.label(name, value) for name, values in self.masks.items() for value in values}

    @cached_property
    def definitions(self) -> dict[tuple[str, str], str]:
        return {key: self.knowledge.definition(self.iri(*key)) for key in self.labels}

    def _types(self, wish: Wish, text: int, selections: dict[str, int]) -> list[Choice]:
        base = text
        for mask in selections.values():
            base &= mask
        return [
            Choice(name, f"{label}s", "", (self.types[name] & base).bit_count(), name in wish.types)
            for name, label in CLASSES.items()
        ]

    def _text_mask(self, text: str) -> tuple[int, dict[str, float]]:
        """The rows in which every word of the text is found, and how much each known word counts."""
        tokens = words(text)
        mask, scores = self.all, {}
        for run, (name, value, _) in self._named(tokens):
            if name == "use" and tokens[run.start - 1 : run.start] != ["non"]:
                mask &= self.masks[name][value]
                tokens = [word for place, word in enumerate(tokens) if place not in run]
                break
        wanted = [word for word in tokens if word not in STOP]
        for place, word in enumerate(wanted):
            hits = self.tokens.get(word, 0)
            scores[word] = 1.0
            if len(word) > 2 and (place == len(wanted) - 1 or not hits):
                for known in self._starting(word):
                    hits |= self.tokens[known]
                    scores.setdefault(known, 0.5)
            if not hits and len(word) > 4:
                for known in self._near(word):
                    hits |= self.tokens[known]
                    scores.setdefault(known, 0.3)
            mask &= hits
        return mask, scores

    def _near(self, word: str) -> list[str]:
        """Known words that differ by a slip of the keyboard."""
        from difflib import get_close_matches

        same = [known for known in self.vocabulary if known[:1] == word[:1] and abs(len(known) - len(word)) < 3]
        return get_close_matches(word, same, n=3, cutoff=0.8)

    def _starting(self, start: str) -> Iterator[str]:
        from bisect import bisect_left

        for known in self.vocabulary[bisect_left(self.vocabulary, start) :]:
            if not known.startswith(start):
                return
            yield known

    def _sorted(self, mask: int, order: str, scores: dict[str, float]) -> list[Row]:
        places = [place for place in range(len(self.rows)) if mask >> place & 1]
        if order == "relevance" and scores:
            rank = {
                place: sum(weight * self.weights[place].get(word, 0.0) for word, weight in scores.items())
                for place in places
            }
            places.sort(key=lambda place: -rank[place])
        rows = [self.rows[place] for place in places]
        if order == "name":
            rows.sort(key=lambda row: row.title.casefold())
        elif order == "subjects":
            rows.sort(key=lambda row: -(row.subjects or -1))
        elif order == "size":
            rows.sort(key=lambda row: -(row.size or -1))
        elif order == "seen":
            rows.sort(key=lambda row: row.last_seen, reverse=True)
        elif order == "opened":
            rows.sort(key=lambda row: row.opened or "9")
        return rows

    def understand(self, text: str) -> list[tuple[str, str, str]]:
        """Values of facets that runs of words in the text name, longest first: facet, value, label."""
        return list(dict.fromkeys(named for _, named in self._named(words(text))))

    def _named(self, tokens: list[str]) -> Iterator[tuple[range, tuple[str, str, str]]]:
        place = 0
        while place < len(tokens):
            for length in range(min(5, len(tokens) - place), 0, -1):
                key = " ".join(tokens[place : place + length])
                if key in self.names:
                    yield range(place, place + length), self.names[key]
                    place += length - 1
                    break
            place += 1

    @cached_property
    def names(self) -> dict[str, tuple[str, str, str]]:
        """The names of facet values that find something, as runs of words."""
        found: dict[str, tuple[str, str, str]] = {}
        for name in ("use", "access", "modality", "anatomy", "condition", "license", "file-format", "software", "species"):
            for value in self.masks[name]:
                concept = self.knowledge.concepts.get(self.iri(name, value))
                label = self.label(name, value)
                for text in (label, *((*concept.alternatives, *concept.notations) if concept else ())):
                    key = " ".join(words(text))
                    if key and key not in STOP and len(key) > 1:
                        found.setdefault(key, (name, value, label))
        for key in ("commercial", "commercially"):
            if "commercial-use" in self.masks["use"]:
                found[stem(key)] = ("use", "commercial-use", self.label("use", "commercial-use"))
        return found

    def sparql(self, wish: Wish) -> str:
        """The query that finds the same things in the graph, the words of the text left to a plain comparison."""
        lines = ["PREFIX dcterms: <http://purl.org/dc/terms/>", "PREFIX skos: <http://www.w3.org/2004/02/skos/core#>"]
        lines += [f"PREFIX survey: <{survey('')}>", "", "SELECT DISTINCT ?thing ?title", "WHERE {"]
        classes = " ".join(f"survey:{CLASSES[name]}" for name in (wish.types or CLASSES))
        lines += [f"  VALUES ?class {{ {classes} }}", "  ?thing a ?class ;", "         dcterms:title ?title ."]
        for name, values in wish.chosen.items():
            iris = " ".join(f"<{self.iri(name, value)}>" for value in values)
            variable = f"?{name.replace('-', '')}"
            if name == "use":
                lines += [f"  VALUES {variable} {{ {iris} }}", f"  ?thing survey:assessment ?assessment ."]
                lines += [f"  ?assessment survey:assesses {variable} ; survey:answer <{BASE}answer/yes> ."]
            elif name == "size":
                lines += self._size_pattern(values)
            elif name == "software":
                lines += [f"  VALUES {variable} {{ {iris} }}", f"  ?thing survey:hostedWith {variable} ."]
            else:
                lines += [f"  VALUES {variable} {{ {iris} }}"]
                lines += [f"  ?thing survey:{FACETS[name][0]}/skos:broader* {variable} ."]
        for word in dict.fromkeys(word for word in words(wish.text) if word not in STOP):
            lines += [f"  # the finder also looks for “{word}” in names, descriptions and the labels of all values"]
        return "\n".join([*lines, "}", "ORDER BY ?title", ""])

    @staticmethod
    def _size_pattern(values: tuple[str, ...]) -> list[str]:
        ranges = [SIZES[value] for value in values if value in SIZES]
        tests = [f"(?bytes >= {low} && ?bytes < {high})" for low, high, _ in ranges if high > 0]
        if any(high < 0 for _, high, _ in ranges):
            tests.append("!BOUND(?bytes)")
        return ["  OPTIONAL { ?thing survey:sizeInBytes ?bytes }", f"  FILTER({' || '.join(tests)})"]


def size_class(size: int | None) -> str:
    if size is None:
        return "not-known"
    return next(name for name, (low, high, _) in SIZES.items() if low <= size < high)


def table(rows: Iterable[Row]) -> tuple[list[str], list[list[str]]]:
    """Header and lines of a list of rows, for CSV."""
    header = "iri type title description modalities subjects sizeInBytes access license software opened lastSeen".split()  # noqa: SIM905
    lines = [
        [
            row.iri,
            row.kind,
            row.title,
            row.description,
            "; ".join(text for text, _ in row.modalities),
            "" if row.subjects is None else str(row.subjects),
            "" if row.size is None else str(row.size),
            "; ".join(text for text, _ in row.access),
            "; ".join(text for text, _, _ in row.licenses),
            "; ".join(text for text, _ in row.software),
            row.opened,
            row.last_seen,
        ]
        for row in rows
    ]
    return header, lines


def told(wish: Wish, finder: Finder) -> str:
    """A wish as a phrase: `Modality: CT; Condition: Lung cancer`."""
    parts = [f"“{wish.text}”"] if wish.text else []
    parts += [finder.label("type", value) for value in wish.types]
    for name, values in wish.chosen.items():
        parts.append(f"{FACETS[name][1]}: {phrases.listing([finder.label(name, value) for value in values], 'or')}")
    return "; ".join(parts)
