"""Every public question is well described, gives the same rows on two engines, and those that were found right."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.plugins.sparql import prepareQuery

from graph_service import queries
from graph_service.graph import Survey
from graph_service.queries import Query

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden"
QUESTIONS = {each.name: each for each in queries.catalog(ROOT / "queries")}
TAGS = {"assess", "locate", "trust"}
VIEWS = {"bars", "columns", "table", "time"}
KEYWORDS = re.compile(r"\b(select|where|optional|filter|union|order by|group by|bind|values|distinct|prefix)\b")


@pytest.fixture(scope="session")
def oxigraph(built: Survey) -> ox.Store:
    """The shipped survey in Oxigraph."""
    store = ox.Store()
    store.bulk_extend(built.quads)
    return store


@pytest.fixture(scope="session")
def plain(built: Survey) -> rdflib.Graph:
    """All triples of the shipped survey in one graph of rdflib."""
    graph = rdflib.Graph()
    for triple in built.triples:
        graph.add((term(triple.subject), term(triple.predicate), term(triple.object)))
    return graph


@pytest.fixture(scope="session")
def named(built: Survey) -> rdflib.Dataset:
    """The named graphs of the shipped survey in rdflib, with their union as the default graph."""
    dataset = rdflib.Dataset(default_union=True)
    dataset.addN(
        (term(quad.subject), term(quad.predicate), term(quad.object), dataset.graph(term(quad.graph_name)))
        for quad in built.quads
    )
    return dataset


def term(value: object) -> rdflib.URIRef | rdflib.Literal:
    """The same term for rdflib, as it is written."""
    if isinstance(value, ox.NamedNode):
        return rdflib.URIRef(value.value)
    assert isinstance(value, ox.Literal)
    if value.language:
        return rdflib.Literal(value.value, lang=value.language)
    datatype = None if value.datatype.value.endswith("#string") else rdflib.URIRef(value.datatype.value)
    return rdflib.Literal(value.value, datatype=datatype, normalize=False)


def written(value: object) -> str:
    """A term of either engine in N-Triples; nothing for an empty cell."""
    if isinstance(value, rdflib.Literal) and value.datatype == rdflib.XSD.string:
        value = rdflib.Literal(str(value))
    return "" if value is None else value.n3() if isinstance(value, rdflib.term.Identifier) else str(value)


def rows(question: Query, store: ox.Store) -> ox.QuerySolutions:
    """The rows of a question with the examples of its parameters, by Oxigraph."""
    found = store.query(question.bind(question.examples()), use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    return found


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_head_says_everything(name: str) -> None:
    """A question has a name fit for an address, a summary, a description, known tags and view, explained parameters."""
    question = QUESTIONS[name]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert question.summary[0].isupper() or question.summary[0] == "{"
    assert question.summary.endswith("?")
    assert set(re.findall(r"\{(\w+)\}", question.summary)) <= {each.name for each in question.parameters}
    assert question.description.endswith(".")
    assert TAGS & set(question.tags), "one of the tags says whether the question locates, assesses or is about trust"
    assert question.view in VIEWS
    assert question.extra.keys() <= {"number", "x", "y"}
    for parameter in question.parameters:
        assert parameter.label, parameter.name
        assert parameter.description, parameter.name


def test_the_competency_questions_are_all_there() -> None:
    """Each of the thirty questions that the survey has to answer is answered by exactly one file."""
    numbers = Counter(each.extra["number"] for each in QUESTIONS.values() if "number" in each.extra)
    assert numbers == Counter(range(1, 31))


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_text_keeps_the_style(name: str) -> None:
    """Columns are named, rows ordered, keywords in capitals, prefixes alphabetical and used, and nothing is remote."""
    lines = [line for line in QUESTIONS[name].text.splitlines() if not line.startswith("#+")]
    text = "\n".join(lines)
    assert not re.search(r"SELECT (DISTINCT )?\*", text)
    assert "ORDER BY" in text
    assert "SERVICE" not in text
    bare = re.sub(r'"[^"]*"|<[^>]*>|[?][A-Za-z]+|[a-z-]*:[A-Za-z0-9-]+', "", text)
    assert not KEYWORDS.search(bare)
    prefixes = [line.split()[1].rstrip(":") for line in lines if line.startswith("PREFIX")]
    assert prefixes == sorted(set(prefixes))
    body = "\n".join(line for line in lines if not line.startswith("PREFIX"))
    assert [each for each in prefixes if not re.search(rf"(?<![\w-]){each}:", body)] == []
    for parameter in QUESTIONS[name].parameters:
        assert re.search(rf"\?{parameter.name}\b", body), f"?{parameter.name} is not used"


@pytest.mark.parametrize("name", QUESTIONS)
def test_two_engines_give_the_same_rows(name: str, oxigraph: ox.Store, request: pytest.FixtureRequest) -> None:
    """With its examples a question parses on Oxigraph and rdflib, gives a row or more, and the same rows on both."""
    question = QUESTIONS[name]
    text = question.bind(question.examples())
    found = rows(question, oxigraph)
    columns = [variable.value for variable in found.variables]
    here = Counter(tuple(written(row[column]) for column in columns) for row in found)
    other = request.getfixturevalue("named" if re.search(r"\bGRAPH\b", text) else "plain")
    there = Counter(tuple(written(row[column]) for column in columns) for row in other.query(prepareQuery(text)))
    assert here
    assert here == there


@pytest.mark.parametrize("name", QUESTIONS)
def test_it_answers_without_parameters(name: str, oxigraph: ox.Store) -> None:
    """The file runs as it is, and then answers for all values."""
    found = oxigraph.query(QUESTIONS[name].text, use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    assert sum(1 for _ in found) > 0


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_rows_are_those_that_were_read(name: str, oxigraph: ox.Store) -> None:
    """The answer is the one in `golden`, which was compared with the records; `golden/update.py` writes it anew."""
    answer = rows(QUESTIONS[name], oxigraph).serialize(format=ox.QueryResultsFormat.CSV)
    assert answer is not None
    assert answer.decode().splitlines() == (GOLDEN / f"{name}.csv").read_text(encoding="utf-8").splitlines()


def test_no_answer_is_left_over() -> None:
    """Each file in `golden` belongs to a question."""
    assert {path.stem for path in GOLDEN.glob("*.csv")} == set(QUESTIONS)
