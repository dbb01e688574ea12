"""The finder: facets, counts, text, order, pages; and the same from the graph itself."""

from __future__ import annotations

import statistics
import time

import pytest

from graph_service.engine.local import LocalEngine
from graph_service.errors import BadParameter
from graph_service.finder import Finder, told
from graph_service.graph import Survey
from graph_service.knowledge import Knowledge, words_in_order
from graph_service.rows import table
from graph_service.survey import Files
from graph_service.wishes import PER_PAGE, Wish
from graph_service.wording import words


@pytest.fixture(scope="module")
def finder(knowledge: Knowledge) -> Finder:
    """The index of the invented survey."""
    return Finder(knowledge)


@pytest.fixture(scope="module")
def shipped(built: Survey, files: Files) -> Finder:
    """The index of the shipped survey."""
    return Finder(
        Knowledge.of(built.quads, words_in_order((files.ontology / "survey.ttl").read_text(encoding="utf-8")))
    )


def titles(finder: Finder, **parameters: str) -> list[str]:
    """The titles that a wish finds."""
    return [row.title for row in finder.find(Wish.of(parameters.items())).everything]


def counts(finder: Finder, facet: str, **parameters: str) -> dict[str, int]:
    """The counts of one facet."""
    return {each.value: each.count for each in finder.find(Wish.of(parameters.items())).facets[facet]}


class TestFacets:
    def test_everything(self, finder: Finder) -> None:
        """Without a wish everything is there, archives first."""
        assert titles(finder) == ["Lungs of the World", "Brains at Rest", "Other Cells", "Small Cells"]

    def test_narrower_concepts(self, finder: Finder) -> None:
        """A concept finds its narrower ones: lung cancer finds non-small-cell, the chest finds the lung."""
        assert titles(finder, condition="lung-cancer") == ["Other Cells", "Small Cells"]
        assert titles(finder, condition="nsclc") == ["Small Cells"]
        assert titles(finder, anatomy="chest") == ["Lungs of the World", "Other Cells", "Small Cells"]

    def test_facets_narrow(self, finder: Finder) -> None:
        """Different facets narrow the selection."""
        assert titles(finder, condition="lung-cancer", modality="pt") == ["Other Cells"]

    def test_values_of_one_facet_widen(self, finder: Finder) -> None:
        """Two values of one facet find what has either."""
        wish = Wish.of([("modality", "pt"), ("modality", "mr")])
        assert [row.title for row in finder.find(wish).everything] == [
            "Lungs of the World",
            "Brains at Rest",
            "Other Cells",
        ]

    def test_uses_narrow(self, finder: Finder) -> None:
        """Who wants to do two things wants what allows both; the counts tell what one more would leave."""
        wish = Wish.of([("use", "commercial-use"), ("use", "direct-download")])
        both = {row.title for row in finder.find(wish).everything}
        assert both == set(titles(finder, use="commercial-use")) & set(titles(finder, use="direct-download"))
        assert counts(finder, "use", use="commercial-use").get("direct-download", 0) == len(both)
        assert told(wish, finder) == "May I use it: Commercial use and Download without application"

    def test_counts(self, finder: Finder) -> None:
        """A count tells how many things the facet's value would leave, its own facet left open."""
        assert {
            name: number
            for name, number in counts(finder, "modality", modality="pt").items()
            if name in {"ct", "mr", "pt"}
        } == {"ct": 3, "mr": 2, "pt": 1}
        assert counts(finder, "access", condition="lung-cancer")["open"] == 2

    def test_permitted_use(self, finder: Finder) -> None:
        """The permitted use is the answer of the assessments: a non-commercial license is not found."""
        assert titles(finder, use="commercial-use", condition="lung-cancer") == ["Small Cells"]

    def test_sizes(self, finder: Finder) -> None:
        """Sizes come in ranges, the unknown ones apart."""
        assert titles(finder, size="1-10gb") == ["Lungs of the World"]
        assert counts(finder, "size") == {"1-10gb": 1, "10-100gb": 1, "not-known": 2}

    def test_unknown_value(self, finder: Finder) -> None:
        """A value that does not exist is told, with a near one."""
        with pytest.raises(BadParameter, match="Did you mean `lung-cancer`"):
            finder.find(Wish.of([("condition", "lung-cancr")]))

    def test_known_value_without_rows(self, finder: Finder) -> None:
        """A value that nothing has finds nothing, and is no error."""
        assert titles(finder, condition="breast-cancer") == []

    def test_unknown_parameter(self) -> None:
        """A parameter that means nothing is told, with a near one; what trackers append is let be."""
        with pytest.raises(BadParameter, match=r"`modalty` is no parameter of the finder\. Did you mean `modality`"):
            Wish.of([("modalty", "ct")])
        assert Wish.of([("utm_source", "mail"), ("format", "csv"), ("modality", "")]).empty

    @pytest.mark.parametrize(("name", "value"), [("page", "0"), ("page", "x"), ("sort", "size2"), ("type", "software")])
    def test_bad_parameters(self, name: str, value: str) -> None:
        """Page, order and type are checked."""
        with pytest.raises(BadParameter):
            Wish.of([(name, value)])


class TestText:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("lung cancer CT", ["Other Cells", "Small Cells"]),
            ("chest CT of lung cancer that I may use commercially", ["Small Cells"]),
            ("SC-CT", ["Small Cells"]),
            ("non-small-cell", ["Small Cells"]),
            ("brain", ["Brains at Rest"]),
            ("brian", ["Brains at Rest"]),
            ("healthy brains", ["Brains at Rest"]),
            ("lung house", ["Lungs of the World"]),
            ("kidney", []),
        ],
    )
    def test_finds(self, finder: Finder, text: str, expected: list[str]) -> None:
        """All words of the text are found, in names, descriptions and the labels of values and of what is wider."""
        assert expected == sorted(titles(finder, q=text))

    def test_slip_of_the_keyboard(self, finder: Finder) -> None:
        """A long word with a slip is still found."""
        assert sorted(titles(finder, q="lung cancre")) == ["Other Cells", "Small Cells"]

    def test_title_first(self, finder: Finder) -> None:
        """A hit in the title comes before one elsewhere."""
        assert titles(finder, q="lung")[0] == "Lungs of the World"

    def test_understood(self, finder: Finder) -> None:
        """Runs of words that name a value are offered as facets."""
        found = finder.find(Wish.of([("q", "CT lung cancer")]))
        assert tuple(each[:2] for each in found.understood) == (("modality", "ct"), ("condition", "lung-cancer"))

    def test_words(self) -> None:
        """Words lose accents, plurals and adverbs."""
        assert words("Müller scans commercially CC 4.0") == ["muller", "scan", "commercial", "cc", "4.0"]


class TestOrder:
    def test_orders(self, finder: Finder) -> None:
        """By subjects, by size, by name."""
        assert titles(finder, sort="subjects") == ["Other Cells", "Lungs of the World", "Small Cells", "Brains at Rest"]
        assert titles(finder, sort="size")[:2] == ["Small Cells", "Lungs of the World"]
        assert titles(finder, sort="name")[0] == "Brains at Rest"

    def test_pages(self, shipped: Finder) -> None:
        """Pages do not overlap and together hold everything; one past the end shows the last."""
        first = shipped.find(Wish.of([]))
        seen = [
            row.iri for page in range(1, first.pages + 1) for row in shipped.find(Wish.of([("page", str(page))])).rows
        ]
        assert len(shipped.rows) == len(set(seen)) == len(seen)
        assert len(first.rows) == PER_PAGE
        assert first.pages == shipped.find(Wish.of([("page", "99999")])).wish.page

    def test_table(self, finder: Finder) -> None:
        """The rows as lines for CSV; what is not known is empty."""
        header, lines = table(finder.find(Wish.of([("q", "brains")])).everything)
        line = dict(zip(header, lines[0], strict=True))
        assert line["iri"] == "https://w3id.org/imaging-survey/collection/brains"
        assert (line["subjects"], line["license"], line["lastSeen"]) == ("", "", "2011-09")


class TestAddress:
    def test_round_trip(self) -> None:
        """A wish and its parameters tell the same."""
        parameters = [
            ("q", "x"),
            ("type", "archive"),
            ("modality", "ct"),
            ("modality", "mr"),
            ("sort", "size"),
            ("page", "2"),
        ]
        assert parameters == Wish.of(parameters).parameters()

    def test_toggling(self) -> None:
        """A value is added or dropped, and the first page shown."""
        wish = Wish.of([("modality", "ct"), ("page", "3")])
        assert wish.toggled("modality", "mr").parameters() == [("modality", "ct"), ("modality", "mr")]
        assert wish.toggled("modality", "ct").parameters() == []


class TestGraph:
    @pytest.mark.parametrize(
        "parameters",
        [
            {"modality": "ct", "anatomy": "chest", "condition": "lung-cancer", "use": "commercial-use"},
            {"license": "cc-by-4.0", "type": "collection"},
            {"file-format": "nifti", "species": "homo-sapiens"},
            {"software": "xnat"},
            {"size": "over-1tb"},
            {"size": "not-known", "access": "open"},
            {"use": "commercial-use|direct-download", "modality": "mr|pt"},
            {"q": "lung cancer"},
            {"q": "chest CT of lung cancer that I may use commercially"},
            {"q": "brain MRI healthy", "type": "collection"},
            {"q": "mammo"},
            {"q": "survey"},
            {"q": "alzheimers"},
            {"q": "Universität"},
            {"q": "glioblstoma"},
            {"q": "CC BY 4.0", "modality": "mr"},
        ],
    )
    def test_same_from_sparql(self, shipped: Finder, store: LocalEngine, parameters: dict[str, str]) -> None:
        """The query that a page shows finds the same things as the index."""
        wish = Wish.of((name, value) for name, values in parameters.items() for value in values.split("|"))
        answer = store.query(shipped.sparql(wish))
        found = sorted({solution["thing"].value for solution in answer})  # type: ignore[union-attr, index]
        assert found
        assert sorted(row.iri for row in shipped.find(wish).everything) == found


def test_speed(shipped: Finder) -> None:
    """An answer takes less than 20 ms, whatever is asked; the median of each is far below."""
    wishes = [
        [],
        [("q", "chest CT lung cancer commercially")],
        [("q", "lunge cancre mri")],
        [("modality", "ct"), ("condition", "lung-cancer"), ("use", "commercial-use")],
        [("sort", "size"), ("page", "5")],
    ]
    for parameters in wishes:
        spans = []
        for _ in range(7):
            start = time.perf_counter()
            shipped.find(Wish.of(parameters))
            spans.append(time.perf_counter() - start)
        assert statistics.median(spans) < 0.02
