"""Tests of `shapes/`: each class has good examples and bad ones, and each bad one gets the message it opens with."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import RDF, SH, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection

from graph_service import records, shacl, validation
from graph_service.survey import Files
from graph_service.terms import ONTOLOGY, shorten
from graph_service.validation import Corpus, File

EXAMPLES = sorted((Path(__file__).parent / "shapes").rglob("*.ttl"))
CLASSES = (
    "archive",
    "collection",
    "software",
    "organization",
    "source",
    "observation",
    "dimension",
    "evidence",
    "concept",
)


def name(path: Path) -> str:
    """What a test of an example is called."""
    return f"{path.parent.name}/{path.stem}"


@pytest.fixture(scope="module")
def whole(files: Files) -> Corpus:
    """The shipped survey, to which the examples refer."""
    return validation.load(files, [])


@pytest.fixture(scope="module")
def found(files: Files, whole: Corpus) -> dict[Path, list[str]]:
    """What the shapes say of each example: rule and message."""
    given = []
    for path in EXAMPLES:
        text = path.read_text(encoding="utf-8")
        quads = records.parse(path, text, f"https://example.org/{name(path)}")
        assert isinstance(quads, list), quads
        given.append(File(path, name(path), text, quads))
    result: dict[Path, list[str]] = {path: [] for path in EXAMPLES}
    for problem in sorted(set(validation.shape_results(Corpus(files, given, whole.given)))):
        result[problem.path].append(problem.message)
    return result


@pytest.fixture(scope="module")
def written(files: Files) -> Graph:
    """The shapes as they are written."""
    graph = Graph()
    for path in sorted(files.shapes.glob("*.ttl")):
        graph += Graph().parse(path)
    return graph


@pytest.fixture(scope="module")
def dimensions(whole: Corpus) -> set[str]:
    """The dimensions that the ontology names."""
    keeps = ox.NamedNode(f"{ONTOLOGY}keeps")
    return {quad.subject.value for file in whole.given for quad in file.quads if quad.predicate == keeps}


def test_each_class_has_a_good_and_several_bad_examples() -> None:
    """No class of the survey is without examples."""
    for each in CLASSES:
        names = [path.stem for path in EXAMPLES if path.parent.name == each]
        assert sum(stem.startswith("good-") for stem in names) >= 1, each
        assert sum(stem.startswith("bad-") for stem in names) >= 3, each
        assert all(stem.startswith(("good-", "bad-")) for stem in names), each


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.stem.startswith("good-")], ids=name)
def test_a_good_example_has_no_fault(path: Path, found: dict[Path, list[str]]) -> None:
    """A good example conforms."""
    assert found[path] == []


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.stem.startswith("bad-")], ids=name)
def test_a_bad_example_gets_its_message(path: Path, found: dict[Path, list[str]]) -> None:
    """A bad example gets the message with which it opens, and no other."""
    first = path.read_text(encoding="utf-8").split("\n")[0]
    assert first.startswith("# "), "the first line is the message"
    assert found[path], "the shapes find nothing"
    assert [message for message in found[path] if not message.startswith(first[2:])] == []


class TestTheShapesThemselves:
    def test_every_shape_says_what_to_write(self, written: Graph) -> None:
        """Each property of a shape, and each shape of values, has a message of its own that ends as a sentence."""
        asking = {*written.subjects(SH.path), *written.subjects(SH.targetObjectsOf)}
        assert len(asking) > 150
        for shape in asking:
            messages = list(written.objects(shape, SH.message))
            assert len(messages) == 1, shape
            assert str(messages[0]).strip(), shape
            assert str(messages[0]).endswith((".", "…")), messages

    def test_every_class_is_closed(self, written: Graph) -> None:
        """What a shape does not name cannot be said of its class."""
        classes = {shorten(str(target)) for target in written.objects(None, SH.targetClass)}
        assert classes >= {"survey:Archive", "survey:Observation", "survey:Source", "survey:Evidence", "skos:Concept"}
        for shape in written.subjects(SH.targetClass):
            assert written.value(shape, SH.closed) == Literal(True), shape

    def test_an_observation_may_say_every_dimension(self, written: Graph, dimensions: set[str]) -> None:
        """The list of `shapes/observation.ttl` and the dimensions of the ontology are the same."""
        shape = written.value(predicate=SH.targetClass, object=URIRef(f"{ONTOLOGY}Observation"), any=False)
        assert shape is not None
        listed = [str(each) for each in Collection(written, written.value(shape, SH.ignoredProperties))]
        own = {
            str(written.value(each, SH.path))
            for each in written.objects(shape, SH.property)
            if written.value(each, SH.path)
        }
        assert len(listed) == len(set(listed))
        assert {*listed} - {str(RDF.type)} - own == dimensions - own

    def test_every_dimension_has_a_shape(self, written: Graph, dimensions: set[str]) -> None:
        """The values of each dimension are checked, wherever they are said."""
        assert len(dimensions) > 120
        shaped = {str(path) for path in written.objects(None, SH.targetObjectsOf)}
        assert dimensions - shaped == set()

    def test_every_dimension_refuses_nonsense(self, files: Files, whole: Corpus, dimensions: set[str]) -> None:
        """A value that can be meant for no dimension is a problem of each, told at its place under its name."""
        lines = [
            "<https://w3id.org/imaging-survey/observation/x>",
            "    a <https://w3id.org/imaging-survey/ontology#Observation> ;",
        ]
        lines += [f'    <{each}> "---31"^^<http://www.w3.org/2001/XMLSchema#gDay> ;' for each in sorted(dimensions)]
        text = "\n".join([*lines, "."])
        quads = records.parse(Path("x.ttl"), text, "https://example.org/x")
        assert isinstance(quads, list)
        problems = list(validation.shape_results(Corpus(files, [File(Path("x.ttl"), "x", text, quads)], whole.given)))
        for line, each in enumerate(sorted(dimensions), 3):
            told = [problem for problem in problems if problem.rule == shorten(each)]
            assert told, each
            assert {problem.line for problem in told} == {line}, each


class TestReadingShapes:
    def test_lifting_changes_nothing_that_is_found(self, files: Files, whole: Corpus) -> None:
        """The shapes as they are used find what the shapes as they are written find."""
        import pyshacl

        data = shacl.graph_of(quad for file in whole.given[:40] for quad in file.quads)
        tcia = URIRef("https://w3id.org/imaging-survey/archive/tcia")
        data.add((tcia, RDF.type, URIRef(f"{ONTOLOGY}Archive")))
        data.add((tcia, URIRef("http://example.org/p"), Literal("q")))
        written = Graph()
        for path in sorted(files.shapes.glob("*.ttl")):
            written += Graph().parse(path)
        _, report, _ = pyshacl.validate(data, shacl_graph=written, inplace=True)

        def facts(graph: Graph) -> set[tuple[str, ...]]:
            return {
                tuple(
                    str(graph.value(each, name)) for name in (SH.focusNode, SH.resultPath, SH.value, SH.resultMessage)
                )
                for each in graph.subjects(RDF.type, SH.ValidationResult)
                if not isinstance(graph.value(each, SH.value), BNode)
            }

        _, lifted, _ = pyshacl.validate(data, shacl_graph=shacl.shapes(files.shapes), inplace=True)
        assert len(facts(report)) > 10
        assert {each[:3] for each in facts(lifted)} == {each[:3] for each in facts(report)}

    def test_literals_keep_their_form(self) -> None:
        """A literal reaches the shapes as it was written, also where its datatype does not allow it."""
        quads = ox.parse(
            '<http://e/a> <http://e/b> 1.50 , 007 , "x"^^<http://www.w3.org/2001/XMLSchema#integer> , "y" , "z"@en .',
            format=ox.RdfFormat.TURTLE,
        )
        graph = shacl.graph_of(quads)
        assert sorted(each.n3() for each in graph.objects()) == sorted(
            [
                '"1.50"^^<http://www.w3.org/2001/XMLSchema#decimal>',
                '"007"^^<http://www.w3.org/2001/XMLSchema#integer>',
                '"x"^^<http://www.w3.org/2001/XMLSchema#integer>',
                '"y"',
                '"z"@en',
            ]
        )
