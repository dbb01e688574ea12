"""The finder: facets with counts, text search, sorting and paging over archives and collections.

Built once per release. Each row is one bit; a facet value is the set of its rows as an integer, so that a selection is
an intersection and a count is a number of bits. A concept finds its narrower ones too. Values of one facet widen the
selection, save that permitted uses have all to be permitted; different facets narrow it, and all words of the text have
to be found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from graph_service import phrases
from graph_service.errors import BadParameter
from graph_service.knowledge import DCTERMS, Knowledge, survey
from graph_service.problems import suggestion
from graph_service.rows import Row, row_of
from graph_service.terms import BASE
from graph_service.wishes import ALL_OF, CLASSES, FACETS, PER_PAGE, SIZES, Wish
from graph_service.wording import STOP, Wording, pattern, runs, words

NAMED = ("use", "access", "modality", "anatomy", "condition", "license", "file-format", "software", "species")
"""Facets whose values are looked for among the words of a text."""

UNWORDED = ("use", "size")
"""Facets whose values are not among the words by which a thing is found."""

TEXTS = (
    "dcterms:title",
    "dcterms:alternative",
    "dcterms:description",
    *(f"survey:{name}" for name in ("population", "dataOrigin", "annotation")),
)
NAMING = tuple(f"survey:{name}" for name in ("operator", "host", "funder", "country"))
LABELS = ("dcterms:title", "skos:prefLabel")
OTHER_LABELS = ("skos:altLabel", "skos:notation")
"""Where the words are by which a thing is found: its texts, the names of who is behind it, and those of its values."""


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
        self.rows = tuple(row_of(knowledge, iri) for iri in iris)
        self.all = (1 << len(iris)) - 1
        self.masks: dict[str, dict[str, int]] = {name: defaultdict(int) for name in FACETS}
        self.types: dict[str, int] = dict.fromkeys(CLASSES, 0)
        self.wording = Wording()
        for place, row in enumerate(self.rows):
            self._index(place, row)
        self.masks = {name: dict(values) for name, values in self.masks.items()}
        self.groups = self._groups()

    def _groups(self) -> set[tuple[str, str]]:
        """Values that only group others: nothing is said to be of them itself, and nothing is wider."""
        said = {
            (name, iri.rpartition("/")[2])
            for name, (word, _) in FACETS.items()
            if word
            for row in self.rows
            for iri in self.knowledge.iris(row.iri, survey(word))
        }
        concepts = self.knowledge.concepts
        return {
            (name, value)
            for name, values in self.masks.items()
            for value in values
            if (name, value) not in said
            and (concept := concepts.get(self.iri(name, value)))
            and not concept.broader
            and self.knowledge.narrower.get(concept.iri)
            and name != "use"
        }

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
        self.wording.add(self._texts(row, concepts))

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
        selections = {name: self._selection(name, values) for name, values in wish.chosen.items()}
        text, scores = self._holding(wish.text)
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
                if other != name or name in ALL_OF:
                    others &= mask
            facets[name] = self._choices(name, others, wish.chosen.get(name, ()))
        understood = tuple(each for each in self.understand(wish.text) if each[1] not in wish.chosen.get(each[0], ()))
        return Found(wish.with_page(page), tuple(shown), len(rows), pages, tuple(rows), facets, understood)

    def _selection(self, name: str, values: tuple[str, ...]) -> int:
        """The rows that have any of the values, or all of them where the facet asks for that."""
        mask = self.all if name in ALL_OF else 0
        for value in values:
            if value not in self.masks[name] and value not in self._known(name):
                raise BadParameter(
                    f"`{name}={value}` is no value of this facet.{suggestion(value, self._known(name))}", parameter=name
                )
            rows = self.masks[name].get(value, 0)
            mask = mask & rows if name in ALL_OF else mask | rows
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

    def _sorted(self, mask: int, order: str, scores: dict[str, float]) -> list[Row]:
        places = [place for place in range(len(self.rows)) if mask >> place & 1]
        if order == "relevance" and scores:
            places.sort(key=lambda place: -self.wording.rank(place, scores))
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

    def _holding(self, text: str) -> tuple[int, dict[str, float]]:
        """The rows that the text finds: a permitted use by its facet, all other words in the texts."""
        use, tokens = self._read(text)
        return self.wording.search(tokens, self.masks["use"][use] if use else self.all)

    def _read(self, text: str) -> tuple[str, list[str]]:
        """The permitted use that a text names, if any, and its other words that are looked for."""
        tokens, use = words(text), ""
        for run, (name, value, _) in runs(tokens, self.names):
            if name == "use" and tokens[run.start - 1 : run.start] != ["non"]:
                use, tokens = value, [word for place, word in enumerate(tokens) if place not in run]
                break
        return use, [word for word in tokens if word not in STOP]

    def understand(self, text: str) -> list[tuple[str, str, str]]:
        """Values of facets that runs of words in the text name, longest first: facet, value, label."""
        return list(dict.fromkeys(named for _, named in runs(words(text), self.names)))

    @cached_property
    def names(self) -> dict[str, tuple[str, str, str]]:
        """The names of facet values that find something, as runs of words."""
        found: dict[str, tuple[str, str, str]] = {}
        for name in NAMED:
            for value in self.masks[name]:
                concept = self.knowledge.concepts.get(self.iri(name, value))
                label = self.label(name, value)
                for text in (label, *((*concept.alternatives, *concept.notations) if concept else ())):
                    key = " ".join(words(text))
                    if key and key not in STOP and len(key) > 1:
                        found.setdefault(key, (name, value, label))
        if "commercial-use" in self.masks["use"]:
            found["commercial"] = ("use", "commercial-use", self.label("use", "commercial-use"))
        return found

    def sparql(self, wish: Wish) -> str:
        """The query that finds the same things in the graph."""
        use, tokens = self._read(wish.text)
        lines = ["PREFIX dcterms: <http://purl.org/dc/terms/>", "PREFIX skos: <http://www.w3.org/2004/02/skos/core#>"]
        lines += [f"PREFIX survey: <{survey('')}>", "", "SELECT DISTINCT ?thing ?title", "WHERE {"]
        classes = " ".join(f"survey:{CLASSES[name]}" for name in (wish.types or CLASSES))
        lines += [f"  VALUES ?class {{ {classes} }}", "  ?thing a ?class ;", "         dcterms:title ?title ."]
        for name, values in wish.chosen.items():
            iris = " ".join(f"<{self.iri(name, value)}>" for value in values)
            variable = f"?{name.replace('-', '')}"
            if name == "use":
                lines += [self._use_pattern(value) for value in values]
            elif name == "size":
                lines += self._size_pattern(values)
            elif name == "software":
                lines += [f"  VALUES {variable} {{ {iris} }}", f"  ?thing survey:hostedWith {variable} ."]
            else:
                lines += [f"  VALUES {variable} {{ {iris} }}"]
                lines += [f"  ?thing survey:{FACETS[name][0]}/skos:broader* {variable} ."]
        lines += [self._use_pattern(use)] if use else []
        lines += self._text_pattern(tokens, classes) if tokens else []
        return "\n".join([*lines, "}", "ORDER BY ?title", ""])

    def _use_pattern(self, use: str) -> str:
        asked = f"survey:assesses <{self.iri('use', use)}> ; survey:answer <{BASE}answer/yes>"
        return f"  ?thing survey:assessment [ {asked} ] ."

    def _text_pattern(self, tokens: list[str], classes: str) -> list[str]:
        """All texts of a thing as one, and each word to be found in it in one of the forms that it has there."""
        vocabularies = "|".join(f"survey:{word}" for name, (word, _) in FACETS.items() if name not in UNWORDED)
        return [
            "  {",
            f'    SELECT ?thing (LCASE(CONCAT(STRAFTER(STR(?thing), "{BASE}"), " ", GROUP_CONCAT(?text))) AS ?texts)',
            "    WHERE {",
            f"      VALUES ?class {{ {classes} }}",
            "      ?thing a ?class ;",
            f"             {'|'.join(TEXTS)}",
            f"             |({'|'.join(NAMING)})/({'|'.join(LABELS)})",
            f"             |({vocabularies})/skos:broader*/({'|'.join((*LABELS, *OTHER_LABELS))}) ?text .",
            "    }",
            "    GROUP BY ?thing",
            "  }",
            *(
                f'  FILTER(REGEX(?texts, "(^|[^a-z0-9])({pattern(forms)})($|[^a-z0-9])")) # {word}'
                for word, forms in self.wording.forms(tokens)
            ),
        ]

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


def told(wish: Wish, finder: Finder) -> str:
    """A wish as a phrase: `Modality: CT; Condition: Lung cancer`."""
    parts = [f"“{wish.text}”"] if wish.text else []
    parts += [finder.label("type", value) for value in wish.types]
    for name, values in wish.chosen.items():
        joint = "and" if name in ALL_OF else "or"
        parts.append(f"{FACETS[name][1]}: {phrases.listing([finder.label(name, value) for value in values], joint)}")
    return "; ".join(parts)
