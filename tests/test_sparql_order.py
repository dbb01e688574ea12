"""ORDER BY is a total order, whatever it meets."""

from __future__ import annotations

import random

import pytest
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad

from graph_service.engine import guard
from graph_service.engine.local import LocalEngine

XSD = "http://www.w3.org/2001/XMLSchema#"
PREDICATE = NamedNode("http://example.org/p")


def typed(text: str, name: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + name))


LADDER: list[BlankNode | NamedNode | Literal] = [
    BlankNode("a"),
    NamedNode("http://example.org/a"),
    NamedNode("http://example.org/b"),
    typed("NaN", "double"),
    typed("-INF", "double"),
    typed("-12", "integer"),
    typed("-1.25", "decimal"),
    typed("-1.2", "decimal"),
    typed("-1", "integer"),
    typed("-0.001", "double"),
    typed("0", "integer"),
    typed("1.0E-9", "double"),
    typed("0.5", "decimal"),
    typed("1", "integer"),
    typed("9", "integer"),
    typed("9.5", "decimal"),
    typed("10", "integer"),
    typed("99", "float"),
    typed("123456789012345678", "integer"),
    typed("1E30", "double"),
    typed("INF", "double"),
    typed("false", "boolean"),
    typed("true", "boolean"),
    typed("-0044-03-15", "date"),
    typed("1999", "gYear"),
    typed("2010-08", "gYearMonth"),
    typed("2010-08-15T00:30:00+02:00", "dateTime"),
    typed("2010-08-14T23:00:00Z", "dateTime"),
    typed("2010-08-15", "date"),
    typed("2010-08-15T12:00:00.5Z", "dateTime"),
    typed("2011-01-01", "date"),
    Literal("10"),
    Literal("3"),
    Literal("Ab", language="de"),
    Literal("ab"),
    Literal("ab", language="de"),
    Literal("ab", language="en"),
    Literal("abc"),
    Literal("é"),
    typed("x", "integer"),
]
"""One of each, in the order in which they are to come."""


def engine_with(values: list[BlankNode | NamedNode | Literal]) -> LocalEngine:
    quads = [
        Quad(NamedNode(f"http://example.org/{i}"), PREDICATE, value, DefaultGraph()) for i, value in enumerate(values)
    ]
    return LocalEngine(quads, "digest")


def as_text(term: BlankNode | NamedNode | Literal) -> str:
    return "a blank node" if isinstance(term, BlankNode) else str(term)


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_one_of_each_comes_in_order(direction: str) -> None:
    """Unbound, blank nodes, IRIs, literals; numbers by value whatever their type; dates by moment."""
    shuffled = LADDER * 3
    random.Random(7).shuffle(shuffled)
    query = f"SELECT ?o {{ ?s ?p ?o }} ORDER BY {direction}(?o)"
    found = [as_text(row["o"]) for row in engine_with(shuffled).query(query)]
    stored = [as_text(next(engine_with([term]).query("SELECT ?o { ?s ?p ?o }"))["o"]) for term in LADDER]
    expected = [text for text in stored for _ in range(3)]
    assert found == (expected if direction == "ASC" else expected[::-1])


@pytest.mark.parametrize("seed", range(5))
def test_thousands_of_mixed_literals_do_not_abort(seed: int) -> None:
    """The mix that makes the engine's own sort panic: integers by value, texts by text, compared with one another."""
    dice = random.Random(seed)
    values = [
        dice.choice(
            [
                typed(str(dice.randrange(2000)), "integer"),
                Literal(str(dice.randrange(2000))),
                typed(f"{dice.random()}", "double"),
            ]
        )
        for _ in range(3000)
    ]
    rows = list(engine_with(values).query("SELECT ?s ?o { ?s ?p ?o } ORDER BY ?o ?s"))
    assert len(rows) == 3000
    numbers = [float(row["o"].value) for row in rows if row["o"].datatype.value != XSD + "string"]
    texts = [row["o"].value for row in rows if row["o"].datatype.value == XSD + "string"]
    assert numbers == sorted(numbers)
    assert texts == sorted(texts)


def test_equal_values_of_different_types_are_ties() -> None:
    """1 and 1.0 are equal, so the second key decides."""
    engine = engine_with([typed("1", "integer"), typed("1", "double"), typed("1.0", "decimal")])
    rows = list(engine.query("SELECT ?s { ?s ?p ?o } ORDER BY ?o DESC(?s)"))
    assert [row["s"].value[-1] for row in rows] == ["2", "1", "0"]


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("?o", "0 1 2"),
        ("DESC(?o)", "2 1 0"),
        ("desc (?o) ?s", "2 1 0"),
        ("STR(?o)", "0 2 1"),
        ("(0 - ?o)", "2 1 0"),
        ("ASC(xsd:integer(?o))", "0 1 2"),
        ("xsd:integer(?o)", "0 1 2"),
        ("<http://www.w3.org/2001/XMLSchema#integer>(?o)", "0 1 2"),
        ("EXISTS { ?s ?p 3 } ?o", "0 2 1"),
        ("NOT EXISTS { ?s ?p 3 } ?o", "1 0 2"),
        ("?nothing DESC(?o)", "2 1 0"),
        ("?o LIMIT 2", "0 1"),
        ("?o OFFSET 1 LIMIT 1", "1"),
        ("# by\n ?o # what?\n", "0 1 2"),
    ],
)
def test_every_form_of_a_condition(clause: str, expected: str) -> None:
    """Variables, brackets, functions, built-ins, EXISTS, directions, limits behind, comments between."""
    engine = engine_with([typed("2", "integer"), typed("3", "integer"), typed("20", "integer")])
    query = f"PREFIX xsd: <{XSD}> SELECT ?s {{ ?s ?p ?o }} ORDER # x\n BY {clause}"
    assert " ".join(row["s"].value[-1] for row in engine.query(query)) == expected


def test_order_in_sub_selects_and_after_groups() -> None:
    """Every ORDER BY of a query is made safe, also one over an aggregate."""
    engine = engine_with([typed("2", "integer"), typed("3", "integer"), Literal("3")])
    query = "SELECT ?o { { SELECT ?o { ?s ?p ?o } ORDER BY DESC(?o) LIMIT 2 } } ORDER BY ?o"
    assert [str(row["o"]) for row in engine.query(query)] == [f'"3"^^<{XSD}integer>', '"3"']
    query = "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p ORDER BY DESC(COUNT(*)) VALUES ?p { UNDEF }"
    assert [row["n"].value for row in engine.query(query)] == ["3"]


def test_no_order_no_change() -> None:
    """A query without ORDER BY is left alone."""
    assert guard.examine("SELECT ('order by' AS ?order) { ?s ?by ?order }").ordered is None
