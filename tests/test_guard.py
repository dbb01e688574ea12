"""What is refused before it is run, and that nothing else is."""

from __future__ import annotations

from time import process_time

import pytest

from graph_service.engine import guard
from graph_service.engine.scanner import readings
from graph_service.errors import QueryTooDeep, ServiceRefused

LISTENER = "http://127.0.0.1:9/sparql"

SMUGGLED = {
    "plain": f"SELECT * {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "lower case": f"select * {{ service <{LISTENER}> {{ ?s ?p ?o }} }}",
    "mixed case": f"SELECT * {{ SeRvIcE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "silent": f"SELECT * {{ SERVICE SILENT <{LISTENER}> {{ ?s ?p ?o }} }}",
    "no blanks": f"SELECT*{{SERVICE<{LISTENER}>{{?s?p?o}}}}",
    "escape u": f"SELECT * {{ \\u0053ERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "escape U": f"SELECT * {{ SERV\\U00000049CE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "all escaped": "SELECT * { " + "".join(f"\\u{ord(c):04x}" for c in "service") + f" <{LISTENER}> {{ ?s ?p ?o }} }}",
    "comment before": f"SELECT * {{ # a comment\n SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "comment between": f"SELECT * {{ SERVICE # a comment }}\n <{LISTENER}> {{ ?s ?p ?o }} }}",
    "comment with quotes": f"SELECT * {{ # \"'\n SERVICE <{LISTENER}> {{ ?s ?p ?o }} # '\"\n }}",
    "behind a string": f'SELECT * {{ ?s ?p "a\\"b # " . SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}',
    "behind a long string": f"SELECT * {{ ?s ?p '''a' \\''' ''' . SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "behind an IRI with #": f"SELECT * {{ ?s <http://e/#x> ?o . SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "behind an escaped local name": f"PREFIX e: <http://e/> SELECT * {{ ?s e:a\\#b ?o . SERVICE <{LISTENER}> {{ }} }}",
    "quote in a comparison": f"SELECT * {{ ?s ?p ?a FILTER(?a<'>') SERVICE <{LISTENER}> {{ ?s ?p ?o }} FILTER(?a='')}}",
    "after a number": f"SELECT * {{ ?s ?p 5SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "after a decimal": f"SELECT * {{ ?s ?p 5.SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "after a variable": f"SELECT * {{ ?s ?p ?o.SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "glued to a name": f"PREFIX : <{LISTENER}> SELECT * {{ SERVICE:{{ ?s ?p ?o }} }}",
    "prefixed name": "PREFIX e: <http://127.0.0.1:9/> SELECT * { SERVICE e:sparql { ?s ?p ?o } }",
    "relative to a base": "BASE <http://127.0.0.1:9/> SELECT * { SERVICE <sparql> { ?s ?p ?o } }",
    "variable": f"SELECT * {{ BIND(<{LISTENER}> AS ?e) SERVICE ?e {{ ?s ?p ?o }} }}",
    "variable from values": f"SELECT * {{ VALUES ?e {{ <{LISTENER}> }} SERVICE ?e {{ ?s ?p ?o }} }}",
    "sub-select": f"SELECT * {{ {{ SELECT ?s {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }} }} }}",
    "optional": f"SELECT * {{ OPTIONAL {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }} }}",
    "union": f"SELECT * {{ {{ ?s ?p ?o }} UNION {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }} }}",
    "graph": f"SELECT * {{ GRAPH ?g {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }} }}",
    "exists": f"SELECT * {{ ?s ?p ?o FILTER EXISTS {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }} }}",
    "minus": f"SELECT * {{ ?s ?p ?o MINUS {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }} }}",
    "construct": f"CONSTRUCT {{ ?s ?p ?o }} {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "ask": f"ASK {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "describe": f"DESCRIBE ?s {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
    "second clause": f"SELECT * {{ ?s ?p ?o }} ORDER BY EXISTS {{ SERVICE <{LISTENER}> {{ ?s ?p ?o }} }}",
}
"""Every spelling of a federated query that we know of: `test_hostile` sends them to a server beside a listener."""

ALLOWED = [
    "SELECT ('SERVICE <http://e/> {}' AS ?x) { }",
    'SELECT * { ?s ?p """SERVICE <http://e/> { } """ }',
    "SELECT * { ?s <http://e/SERVICE> ?o }",
    "SELECT ?service $SERVICE { ?service ?p $SERVICE }",
    "PREFIX service: <http://e/> SELECT * { ?s a service:Service ; service:service ?o }",
    "PREFIX service: <http://e/> SELECT * { GRAPH service:x { ?s ?p ?o } }",
    "# SERVICE <http://e/>\nSELECT * { ?s ?p ?o }",
    "SELECT * { ?s ?p 'a'@en-service }",
    "SELECT * { ?s ?p 'x' FILTER(?a<'>' && ?b>'service') }",
    "PREFIX e: <http://e/> SELECT * { ?s e:my.SERVICE ?o . _:SERVICE ?p ?o }",
    "SELECT ('it\\u0027s a \\u0053ERVICE' AS ?x) { }",
]


@pytest.mark.parametrize("query", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_service_is_refused_however_it_is_spelled(query: str) -> None:
    """SERVICE ends in a clear refusal."""
    with pytest.raises(ServiceRefused):
        guard.examine(query)


@pytest.mark.parametrize("query", ALLOWED)
def test_the_word_service_is_no_offence(query: str) -> None:
    """In a string, an IRI, a comment, a name or a variable it is only a word."""
    assert guard.examine(query).text == query


def test_targets_are_resolved() -> None:
    """A prefixed name is the IRI that its prefix makes of it; SILENT is seen."""
    query = "PREFIX e: <http://e/> SELECT * { SERVICE SILENT e:x { ?s ?p ?o } SERVICE <http://f/> { } SERVICE ?v { } }"
    found = guard.services(readings(query)[0])
    assert [(each.target, each.silent) for each in found] == [("http://e/x", True), ("http://f/", False), (None, False)]
    assert [query[each.body_start : each.body_end] for each in found] == ["{ ?s ?p ?o }", "{ }", "{ }"]


@pytest.mark.parametrize("piece", ["{", "(", "[", "!", "{ ?s ?p ?o OPTIONAL ", "NOT EXISTS {", "-", "{SELECT*"])
@pytest.mark.parametrize("count", [300, 10_000, 400_000])
def test_nesting_is_refused_at_once(piece: str, count: int) -> None:
    """Nesting is refused, and no later the longer it is."""
    began = process_time()
    with pytest.raises(QueryTooDeep):
        guard.examine("SELECT * { FILTER(" + piece * count)
    assert process_time() - began < 0.5


def test_chains_are_refused() -> None:
    """A sum of a hundred thousand terms, which the engine's parser dies of."""
    with pytest.raises(QueryTooDeep):
        guard.examine("SELECT (1" + "+1" * 100_000 + " AS ?x) {}")


def test_a_megabyte_is_legitimate() -> None:
    """A long VALUES, also with negative numbers and many brackets, is examined and passed in reasonable time."""
    query = "SELECT * { VALUES (?a ?b) {" + " (-17 <http://example.org/a-b>)" * 32_000 + " } } ORDER BY ?a"
    began = process_time()
    assert guard.examine(query).ordered is not None
    assert guard.examine("SELECT * { VALUES ?a {" + " -17" * 200_000 + " } }").ordered is None
    assert process_time() - began < 10


@pytest.mark.parametrize(
    ("query", "has_dataset"),
    [
        ("SELECT * FROM <http://e/g> { ?s ?p ?o }", True),
        ("select * # x\n from named <http://e/g> { ?s ?p ?o }", True),
        ("SELECT ?from { ?from <http://e/from> 'FROM <http://e/g>' }", False),
    ],
)
def test_a_dataset_of_its_own(query: str, has_dataset: bool) -> None:
    """A query with FROM chooses its graphs itself, and is not run over the union."""
    assert guard.examine(query).has_dataset is has_dataset


@pytest.mark.parametrize(
    ("text", "is_update"),
    [
        ("INSERT DATA { <a:> <b:> <c:> }", True),
        ("PREFIX e: <http://e/> # INSERT\n BASE <http://e/> DELETE WHERE { ?s ?p ?o }", True),
        ("LOAD <http://127.0.0.1:9/>", True),
        ("load silent <http://127.0.0.1:9/> into graph <http://e/>", True),
        ("\\u004COAD <http://127.0.0.1:9/>", True),
        ("# LOAD\nCLEAR ALL", True),
        ("WITH <http://e/> DELETE { } WHERE { }", True),
        ("SELECT ('LOAD <http://e/>' AS ?x) {}", False),
        ("PREFIX load: <http://e/> SELECT * { load:load ?load ?o }", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_updates_are_told_by_their_first_keyword(text: str, is_update: bool) -> None:
    """An update is one however it is dressed, and a query that mentions one is none."""
    assert guard.is_update(text) is is_update


@pytest.mark.parametrize(
    ("query", "is_volatile"),
    [
        ("SELECT (RAND() AS ?x) {}", True),
        ("SELECT (now ( ) AS ?x) {}", True),
        ("SELECT (STRUUID() AS ?x) {}", True),
        ("SELECT ?brand { ?brand ?known ?o }", False),
    ],
)
def test_volatile_queries(query: str, is_volatile: bool) -> None:
    """What differs from run to run is not kept."""
    assert guard.is_volatile(query) is is_volatile
