"""What somebody looks for in the finder, as the parameters of an address tell it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graph_service.errors import BadParameter
from graph_service.problems import is_strange, suggestion

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
    "over-1tb": (10**12, 9 * 10**18, "over 1 TB"),
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
KNOWN = ("q", "type", *FACETS, "sort", "page", "format")
"""The parameters of the finder's address; what trackers append to links (`utm_…`) means nothing."""

ALL_OF = ("use",)
"""Facets of which every chosen value has to hold: who wants to do two things wants what allows both."""

PER_PAGE = 25


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
        """The wish that the parameters of an address tell. Raises `BadParameter` for what nobody can mean."""
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
                    raise BadParameter(
                        f"`sort={value}`: orders are {', '.join(SORTS)}.{suggestion(value, SORTS)}", parameter="sort"
                    )
                sort = value
            elif name == "page" and value:
                if not value.isdigit() or not 0 < int(value) < 10**6:
                    raise BadParameter(f"`page={value}` is not a page number.", parameter="page")
                page = int(value)
            elif is_strange(name, KNOWN):
                raise BadParameter(
                    f"`{name}` is no parameter of the finder.{suggestion(name, KNOWN)} It has {', '.join(KNOWN)}.",
                    parameter=name,
                )
        return cls(
            text, {name: tuple(values) for name, values in chosen.items()}, sort, page, tuple(dict.fromkeys(types))
        )

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
        return (
            found + ([("sort", self.sort)] if self.sort else []) + ([("page", str(self.page))] if self.page > 1 else [])
        )

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
