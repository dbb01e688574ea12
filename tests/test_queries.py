"""Tests of `queries`: the head of a question, its typed parameters, and values that stay values whatever they hold."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib.plugins.sparql import prepareQuery

from graph_service import queries
from graph_service.errors import BadParameter, DataError
from graph_service.queries import Parameter, Query, first_group

HEAD = """\
#+ summary: Which archives give images as {format}?
#+ description: >-
#+   Archives that gave this format
#+   when last seen.
#+ tags: [archive, format]
#+ number: 7
#+ parameters:
#+   format: { type: iri, kind: file-format, label: Format, example: dicom, several: true }
#+   since: { type: date, example: 2010-08 }
#+   title: { type: text }
#+   least: { type: integer }
#+   share: { type: decimal }
#+   open: { type: boolean }
#+ view: chart
"""
TEXT = """\
PREFIX survey: <https://w3id.org/imaging-survey/ontology#>

SELECT ?archive ?format ?since ?title ?least ?share ?open
WHERE {
  ?archive survey:fileFormat ?format .
}
ORDER BY ?archive
"""


def written(folder: Path, text: str, name: str = "formats") -> Path:
    """A query in a file."""
    path = folder / f"{name}.rq"
    path.write_text(text, encoding="utf-8")
    return path


def question(folder: Path) -> Query:
    """The question of these tests."""
    return queries.read(written(folder, HEAD + "\n" + TEXT))


class TestHead:
    def test_everything_in_it_is_read(self, tmp_path: Path) -> None:
        """Summary, description, tags, view, parameters and whatever else the head says."""
        query = question(tmp_path)
        assert query.name == "formats"
        assert query.summary == "Which archives give images as {format}?"
        assert query.description == "Archives that gave this format when last seen."
        assert query.tags == ("archive", "format")
        assert query.view == "chart"
        assert query.extra == {"number": 7}
        assert query.parameters[0] == Parameter("format", "iri", "file-format", "Format", None, "dicom", True)
        assert [each.name for each in query.parameters] == ["format", "since", "title", "least", "share", "open"]
        assert query.examples() == {"format": ["dicom"], "since": ["2010-08"]}

    def test_a_head_of_one_line_is_enough(self, tmp_path: Path) -> None:
        """Only the summary has to be there."""
        query = queries.read(written(tmp_path, "#+ summary: Anything?\nASK {}"))
        assert (query.summary, query.description, query.tags, query.view, query.parameters) == (
            "Anything?",
            "",
            (),
            "table",
            (),
        )

    @pytest.mark.parametrize(
        ("head", "message"),
        [
            ("", "the head lacks `#+ summary:`"),
            ("#+ - a\n#+ - b", "the head lacks `#+ summary:`"),
            ("#+ summary: 5", "the head lacks `#+ summary:`"),
            ("#+ summary: [", "the `#+` head is not YAML: "),
            ("#+ summary: x\n#+ summary: {y: : }", "the `#+` head is not YAML: "),
            ("#+ summary: x\n#+ tags: archive", "write tags as a list"),
            ("#+ summary: x\n#+ parameters: [a]", "write parameters as `#+ parameters:`"),
            ("#+ summary: x\n#+ parameters: {a: iri}", "write parameters as `#+ parameters:`"),
            (
                "#+ summary: x\n#+ parameters: {a: {kinds: access}}",
                "parameter `a` says `kinds`, which means nothing here.",
            ),
            ("#+ summary: x\n#+ parameters: {a: {name: b}}", "parameter `a` says `name`, which means nothing here."),
            (
                "#+ summary: x\n#+ parameters: {a: {type: uri}}",
                "parameter `a` has type `uri`; types are iri, text, integer",
            ),
            (
                "#+ summary: x\n#+ parameters: {a: {type: iri, kind: theme}}",
                "parameter `a` has kind `theme`, which is neither",
            ),
            ("#+ summary: x\n#+ parameters: {b: {type: text}}", "parameter `b` is no variable of the query."),
        ],
    )
    def test_a_bad_head_is_told(self, head: str, message: str, tmp_path: Path) -> None:
        """What a head lacks or says wrongly is told with the name of the file."""
        path = written(tmp_path, head + "\nSELECT ?a WHERE { ?a ?p ?bb }")
        with pytest.raises(DataError) as caught:
            queries.read(path)
        assert str(caught.value).startswith(f"{path}: {message}")

    def test_a_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        """Missing or not UTF-8: told, with the name of the file."""
        path = tmp_path / "latin.rq"
        path.write_bytes(b"#+ summary: \xe9")
        for each in (path, tmp_path / "none.rq", tmp_path):
            with pytest.raises(DataError, match="the query cannot be read"):
                queries.read(each)

    def test_the_catalog_is_what_is_public(self, tmp_path: Path) -> None:
        """The questions of a folder in order of their names; rules in folders below are not among them."""
        (tmp_path / "check").mkdir()
        for folder, name in ((tmp_path, "b"), (tmp_path, "a"), (tmp_path / "check", "c")):
            written(folder, "#+ summary: x\nASK {}", name)
        assert [query.name for query in queries.catalog(tmp_path)] == ["a", "b"]


XSD = "http://www.w3.org/2001/XMLSchema#"
SURVEY = "https://w3id.org/imaging-survey/"


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "value", "term"),
        [
            ("iri", "dicom", f"<{SURVEY}file-format/dicom>"),
            ("iri", "file-format:dicom", f"<{SURVEY}file-format/dicom>"),
            ("iri", "dcterms:title", "<http://purl.org/dc/terms/title>"),
            ("iri", "https://example.org/a?b=c#d", "<https://example.org/a?b=c#d>"),
            ("iri", " dicom ", f"<{SURVEY}file-format/dicom>"),
            ("text", 'say "hi"\n\\', '"say \\"hi\\"\\n\\\\"'),
            ("text", "5", '"5"'),
            ("integer", "-12", f'"-12"^^<{XSD}integer>'),
            ("integer", "007", f'"007"^^<{XSD}integer>'),
            ("decimal", "0.5", f'"0.5"^^<{XSD}decimal>'),
            ("decimal", "3", f'"3"^^<{XSD}decimal>'),
            ("date", "2010", f'"2010"^^<{XSD}gYear>'),
            ("date", "2010-08", f'"2010-08"^^<{XSD}gYearMonth>'),
            ("date", "2012-02-29", f'"2012-02-29"^^<{XSD}date>'),
            ("boolean", "true", f'"true"^^<{XSD}boolean>'),
            ("boolean", "false", f'"false"^^<{XSD}boolean>'),
        ],
    )
    def test_a_value_becomes_a_term_of_its_type(self, kind: str, value: str, term: str) -> None:
        """Each type has its own reading of a value."""
        assert str(Parameter("x", kind, "file-format").term(value)) == term

    @pytest.mark.parametrize(
        ("kind", "values", "what"),
        [
            (
                "iri",
                ["", "a b", "x>y", "nope:x", "http://a b", "http://a/> . ?s ?p ?o", 'a"b', "a\\b", "{", "\n"],
                "an IRI, a prefixed name or a short name",
            ),
            ("integer", ["", "1.5", "1e3", "five", "٥", "1" * 19, "0x1", "1 2", "--1"], "a whole number"),
            ("decimal", ["", ".", "1.", ".5", "1e3", "NaN", "1,5", "१"], "a number"),
            (
                "date",
                [
                    "",
                    "10",
                    "2010-13",
                    "2010-00",
                    "2010-02-30",
                    "2010-8",
                    "２０１０",
                    "2010-08-15T00:00",
                    "0000",
                    "2010-",
                ],
                "a date such as 2010, 2010-08 or 2010-08-15",
            ),
            ("boolean", ["", "yes", "True", "1"], "true or false"),
            ("text", ["\udce9"], "a text"),
        ],
    )
    def test_a_value_that_does_not_fit_is_told(self, kind: str, values: list[str], what: str) -> None:
        """A value of another form is refused with what the parameter takes."""
        for value in values:
            with pytest.raises(BadParameter) as caught:
                Parameter("x", kind, "file-format", example="this").term(value)
            assert caught.value.message == f"`x={value.strip()}` is not {what}, e.g. `this`."
            assert caught.value.extra == {"parameter": "x"}

    def test_a_short_name_needs_a_kind(self) -> None:
        """Where the head names no kind, only whole IRIs and prefixed names are understood."""
        with pytest.raises(BadParameter):
            Parameter("x", "iri").term("dicom")


class TestBinding:
    def test_without_values_the_text_stays_as_it_is(self, tmp_path: Path) -> None:
        """The file runs anywhere and answers for all."""
        query = question(tmp_path)
        assert query.bind({}) == query.text
        assert query.bind({"format": [""], "title": [" "]}) == query.text

    def test_values_stand_at_the_start_of_the_group(self, tmp_path: Path) -> None:
        """Each parameter becomes a `VALUES` block; nothing else changes."""
        query = question(tmp_path)
        assert query.bind({"format": ["dicom", "nifti"], "since": ["2010"]}) == query.text.replace(
            "WHERE {\n",
            "WHERE {\n"
            f"  VALUES ?format {{ <{SURVEY}file-format/dicom> <{SURVEY}file-format/nifti> }}\n"
            f'  VALUES ?since {{ "2010"^^<{XSD}gYear> }}\n',
        )

    def test_an_unknown_parameter_is_told(self, tmp_path: Path) -> None:
        """A name that the question does not have gets the ones that it has, and the nearest."""
        with pytest.raises(BadParameter) as caught:
            question(tmp_path).bind({"formt": ["dicom"]})
        assert caught.value.message == (
            "`formats` has no parameter `formt`; it has `format`, `since`, `title`, `least`, `share`, `open`. "
            "Did you mean `format`?"
        )
        with pytest.raises(BadParameter, match="it has none"):
            queries.read(written(tmp_path, "#+ summary: x\nASK {}")).bind({"a": ["b"]})

    def test_one_value_where_one_is_meant(self, tmp_path: Path) -> None:
        """A parameter takes several values only where its head says so."""
        with pytest.raises(BadParameter, match=r"`title` was given 2 times; it takes one value\."):
            question(tmp_path).bind({"title": ["a", "b"]})

    @pytest.mark.parametrize(
        "attack",
        [
            '" } } INSERT DATA { <http://e/a> <http://e/b> 1 } #',
            '"@en ) } ?s ?p ?o . {',
            '\\" } SELECT * WHERE { ?s ?p ?o } #',
            "'''",
            '"""',
            "}\n} UNION { ?s ?p ?o",
            "\\u0022 } ?s ?p ?o #",
            "\\",
            "\x01\x7f\u2028🫁",
            "${x} {{y}} %s ?archive <http://e/>",
        ],
    )
    def test_an_attack_stays_a_text(self, attack: str, tmp_path: Path) -> None:
        """Whatever a text holds comes out of the query as that very text, and nothing else does."""
        query = queries.read(
            written(tmp_path, "#+ summary: x\n#+ parameters: {t: {type: text}}\nSELECT ?t WHERE { BIND(1 AS ?one) }")
        )
        bound = query.bind({"t": [attack]})
        found = ox.Store().query(bound)
        assert isinstance(found, ox.QuerySolutions)
        assert [row["t"] for row in found] == [ox.Literal(attack.strip())]
        algebra = prepareQuery(bound).algebra
        assert algebra.name == "SelectQuery"
        assert [str(each) for each in algebra.PV] == ["t"]

    @pytest.mark.parametrize(
        "attack", ["x> } ; DROP ALL #", "http://a/> } #", "archive:x> . ?s ?p ?o", "<http://a>", "a}b", "http://a/`|^"]
    )
    def test_an_attack_is_no_iri(self, attack: str) -> None:
        """What cannot stand in an IRI is refused."""
        with pytest.raises(BadParameter):
            Parameter("x", "iri", "archive").term(attack)


class TestFirstGroup:
    @pytest.mark.parametrize(
        "text",
        [
            "SELECT ?a WHERE {|}",
            "SELECT ?a where{|}",
            "SELECT ?a WHERE # {\n # WHERE {\n {|}",
            "# WHERE {\nSELECT ?a WHERE {| ?a ?b 'WHERE {' }",
            "PREFIX where: <http://e/WHERE{/>\nSELECT ?where WHERE {| }".replace("{/", "/"),
            'PREFIX e: <http://e/#WHERE>\nSELECT ("WHERE {" AS ?x) WHERE {|}',
            "SELECT ('WHERE {' AS ?x) ('it\\'s WHERE {' AS ?y) WHERE {|}",
            'SELECT ("""a "WHERE {" \n WHERE {""" AS ?x) WHERE {|}',
            "SELECT ('''WHERE {''' AS ?x) WHERE {|}",
            "SELECT (1 < 2 AS ?x) (3 > 2 AS ?y) WHERE {|}",
            "CONSTRUCT { ?a ?b ?c } WHERE {| ?a ?b ?c }",
            "CONSTRUCT { ?a <http://e/where> 'WHERE {' . ?where ?b [ ] } FROM <http://e/> WHERE {| }",
            "PREFIX e: <http://e/> DESCRIBE ?a e:where WHERE {| ?a a e:WHERE }",
            "ASK WHERE {| { SELECT ?a WHERE { } } }",
        ],
    )
    def test_the_group_of_the_query_is_found(self, text: str) -> None:
        """Only the WHERE of the query itself counts: none in strings, comments, IRIs, names or variables."""
        place = text.index("|")
        assert first_group(text.replace("|", "", 1)) == place

    @pytest.mark.parametrize(
        "text", ["", "ASK {}", "SELECT ?where {}", "# WHERE {", '"WHERE {"', "WHERE", "WHERE ;{", "e:WHERE {"]
    )
    def test_a_query_without_where(self, text: str) -> None:
        """Without a WHERE there is no place."""
        assert first_group(text) is None

    def test_a_question_with_parameters_needs_it(self, tmp_path: Path) -> None:
        """A file that leaves WHERE out is told, not bound wrongly."""
        query = queries.read(
            written(tmp_path, "#+ summary: x\n#+ parameters: {a: {type: text}}\nSELECT ?a { ?a ?b ?c }")
        )
        with pytest.raises(DataError, match="a question with parameters has a WHERE clause"):
            query.bind({"a": ["b"]})

    def test_long_texts_take_no_longer_than_their_length(self) -> None:
        """Nothing that a query can hold makes the search slow."""
        for sign in ("<", '"', "'", '"""', "#", "<a> ", "\\", "WHERE ", "a:", "?", "{"):
            assert first_group(sign * (100_000 // len(sign))) is None
