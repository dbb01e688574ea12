"""Tests of `turtle`: every statement of a text is found, at the line and column where it stands."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

from graph_service import turtle
from graph_service.survey import Files

REST = "http://www.w3.org/1999/02/22-rdf-syntax-ns#rest"
HEAD = "@prefix e: <http://example.org/> .\n"


def parsed(text: str) -> list[ox.Quad]:
    """What the parser reads from a text, without the links between the cells of lists."""
    return [each for each in ox.parse(text, format=ox.RdfFormat.TURTLE) if each.predicate.value != REST]


def shown(term: object) -> str:
    """A term without the label of a blank node, which every reader chooses itself."""
    if isinstance(term, ox.BlankNode) or str(getattr(term, "value", "")).startswith("_:"):
        return "_:"
    return str(getattr(term, "value", term))


def compare(text: str) -> None:
    """The scanner finds the same triples as the parser, each as often."""
    found = Counter((shown(e.subject), shown(e.predicate), shown(e.object)) for e in turtle.statements(text))
    wanted = Counter((shown(e.subject), shown(e.predicate), shown(e.object)) for e in parsed(text))
    assert found == wanted, text


class TestPlaces:
    def test_each_term_has_its_line_and_column(self) -> None:
        """Subject, predicate and object of a statement have the place where they stand, counted from 1."""
        text = HEAD + '\ne:thing\n    a e:Archive ;\n    e:title "Lungs"@en ;\n.\n'
        assert turtle.statements(text) == [
            turtle.Statement(
                turtle.Term("http://example.org/thing", 3, 1),
                turtle.Term(turtle.RDF_TYPE, 4, 5),
                turtle.Term("http://example.org/Archive", 4, 7),
            ),
            turtle.Statement(
                turtle.Term("http://example.org/thing", 3, 1),
                turtle.Term("http://example.org/title", 5, 5),
                turtle.Term("Lungs", 5, 13),
            ),
        ]

    def test_a_string_over_several_lines_does_not_shift_what_follows(self) -> None:
        """Line breaks within a long string count as lines."""
        text = HEAD + 'e:a e:b """one\ntwo\nthree""" ; e:c 5 .'
        last = turtle.statements(text)[-1]
        assert (last.predicate.line, last.predicate.column) == (4, 12)
        assert (last.object.line, last.object.column) == (4, 16)

    def test_columns_count_characters(self) -> None:
        """A character outside ASCII is one column, as an editor counts."""
        found = turtle.statements(HEAD + "e:a e:b 'Göttingen 🫁' ; e:c e:d .")
        assert found[1].object == turtle.Term("http://example.org/d", 2, 29)

    def test_every_statement_of_every_shipped_file_is_found(self, files: Files) -> None:
        """In all records, words and shapes the scanner finds the parser's triples, at the place where they stand."""
        paths = [path for root in (files.records, files.ontology, files.shapes) for path in sorted(root.rglob("*.ttl"))]
        assert len(paths) > 600
        for path in paths:
            text = path.read_text(encoding="utf-8")
            compare(text)
            stands(path, text)


def stands(path: Path, text: str) -> None:
    """At each place stands a writing of the term that was found there."""
    lines = text.split("\n")
    for each in turtle.statements(text):
        for term in (each.subject, each.predicate, each.object):
            rest = lines[term.line - 1][term.column - 1 :]
            local = re.split(r"[/#]", term.value)[-1]
            start = turtle.unescape(rest[1:20])
            quoted = rest.startswith(('"', "'")) and start.lstrip("\"'").startswith(term.value[:4].lstrip("\"'"))
            named = rest.startswith(("<", "[", "(", "a ", "_:", "true", "false")) or local in rest.split(" ")[0]
            assert quoted or named, f"{path}:{term.line}:{term.column}"


TRICKY = {
    "comma lists": "e:a e:b e:c , e:d ; e:e 1 , 2.5 , -3e4 , +7 .",
    "no space": "e:a e:b 5 .e:c<http://example.org/d>'x'@en,\"y\"^^e:t.",
    "name with dots": "e:a.b e:c.d e:e.f. e:g e:h e:i .",
    "escaped names": r"e:a\,b e:c\;d e:e\.f , e:g%20h , e:i\#j .",
    "colon in name": "e:a:b e:c: e::d .",
    "digits first": "e:1 e:2a e:3-4 .",
    "empty prefix": "@prefix : <http://example.org/x#> .\n:a :b : .",
    "prefix again": "e:a e:b e:c .\n@prefix e: <http://example.com/> .\ne:a e:b e:c .",
    "SPARQL's prefix": "PREFIX f: <http://example.com/>\nf:a f:b f:c .\nprefix g: <http://example.net/> g:a g:b g:c .",
    "base": "@base <http://example.com/x/> .\n<a> <#b> <../c> .\nBASE <http://example.net/> <d> <e> <f> .",
    "base in prefix": "@base <http://example.com/> .\n@prefix f: <g/> .\nf:a f:b f:c .",
    "language called prefix": "e:a e:b 'x'@prefix , 'y'@base , 'z'@en-GB-oed .\ne:c e:d e:e .",
    "comments": "# e:no e:no e:no .\ne:a # <subject>\n e:b # 'predicate'\n e:c . # \"end\n",
    "comment ends at CR": "e:a e:b # comment\re:c .",
    "hash in IRI": "<http://example.org/#a> <http://example.org/#b> 'x#y' .",
    "quotes in strings": """e:a e:b "it's", 'say "x"', "\\"", '\\'', "", '' .""",
    "long strings": 'e:a e:b """a "b" ""c\n""", \'\'\'d \'e\' \'\'f\'\'\', """""" , """\\"""" .',
    "escapes": 'e:a e:b "tab\\tend" , "\\u00e9\\U0001F600" , <http://example.org/\\u00e9> , "back\\\\" .',
    "blank nodes": "_:x e:a _:y.z . [] e:b [] . [ e:c e:d ] . [ e:c e:d ; e:e [ e:f 1 , 2 ] ] e:g 'h' .",
    "blank node labels": "_:0 e:a _:b-c . _:d.e e:f _:é .",
    "lists": "e:a e:b ( 1 2 ( 'x'@en ) [ e:c e:d ] ) , () . ( e:e ) e:f e:g . () e:h () .",
    "numbers": "e:a e:b 1.e3 , .5 , .5e1 , 1e-7 , -1 , +.5 , 1.5E+10 , 007 .",
    "booleans": "e:a e:b true , false . e:true e:false e:prefix .",
    "datatypes": "e:a e:b '1'^^e:t , '2' ^^ # comment\n <http://example.org/t> , '3'^^e:t .e:c e:d e:e .",
    "letters of the world": "e:Größe e:名前 'x' . e:a·b e:c‿d e:🫁 . é:a é:b é:c .".replace("é:", "e:é"),
    "semicolons in a row": "e:a e:b e:c ; ; ; e:d e:e ; .",
    "tabs and CR LF": "e:a\te:b\r\n\te:c ;\r\n\te:d e:e .\r\n",
    "no-break space in IRI": "e:a e:b <http://example.org/a\u00a0b> .",
    "version": 'VERSION "1.2"\ne:a e:b "x"@en--ltr .',
    "word as subject": "e:base e:a e:b . e:prefix e:a e:version .",
}


class TestTrickyTurtle:
    @pytest.mark.parametrize("name", TRICKY)
    def test_is_read_as_the_parser_reads_it(self, name: str) -> None:
        """Whatever the grammar allows, the scanner finds the triples that the parser reads."""
        compare(HEAD + TRICKY[name])

    def test_positions_agree_with_where_the_names_stand(self) -> None:
        """In random Turtle each unique name is found exactly where the text has it."""
        for seed in range(200):
            text, places = invented(random.Random(seed))
            compare(text)
            found = {
                term.value: (term.line, term.column)
                for each in turtle.statements(text)
                for term in (each.subject, each.predicate, each.object)
                if term.value in places
            }
            assert found == places, text

    def test_a_serialized_graph_is_read_whole(self, files: Files) -> None:
        """What rdflib writes, with its own layout, nesting and lists, is found whole."""
        graph = rdflib.Graph()
        for path in sorted(files.shapes.glob("*.ttl")):
            graph.parse(path)
        compare(graph.serialize(format="longturtle"))
        compare(graph.serialize(format="turtle"))

    @pytest.mark.parametrize(
        "text", ["", "@prefix", "@prefix e:", "e:a e:b [ ( ", '"', "^^", "] ) .", "<<( a b c )>>", "\x00{|}~"]
    )
    def test_a_text_that_does_not_parse_does_no_harm(self, text: str) -> None:
        """The scanner ends quietly on what is no Turtle."""
        assert isinstance(turtle.statements(text), list)

    def test_long_texts_take_no_longer_than_their_length(self) -> None:
        """Quotes, dots or brackets by the ten thousand are scanned in a moment."""
        for sign in ('"', "'", "<", ".", "\\", "[", "(", '"""', "e:.", "_:", "@", "#", "%", "1.", "^", "a."):
            turtle.statements(sign * (60_000 // len(sign)))


def invented(chance: random.Random) -> tuple[str, dict[str, tuple[int, int]]]:
    """A random Turtle text, and line and column of each of its names."""
    text, places, count = HEAD, {}, 0

    def space() -> str:
        return chance.choice([" ", "  ", "\n", "\n    ", "\t", " # e:x 'y' \"z\n", "\r\n"])

    def name() -> str:
        nonlocal count
        count += 1
        local = f"n{count}" + chance.choice(["", ".x", "-y", "é", "_", ":z", r"\~"])
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
        places["http://example.org/" + local.replace("\\", "")] = (line, column)
        return chance.choice([f"e:{local}", f"<http://example.org/{local}>"]) if "\\" not in local else f"e:{local}"

    def literal() -> str:
        plain = [
            "1",
            "-2.5",
            "1e3",
            "true",
            "'a'@en",
            '"b\\"c"',
            "'''d\ne'''",
            '"""f"g\n\n"""',
            "'h'^^e:t",
            "()",
            "[]",
            "( 1 'x' )",
        ]
        return chance.choice(plain)

    for _ in range(chance.randint(1, 6)):
        text += name()
        for fact in range(chance.randint(1, 4)):
            text += space() + (";" + space() if fact else "")
            text += name()
            for value in range(chance.randint(1, 3)):
                text += space() + ("," + space() if value else "")
                text += name() if chance.random() < 0.5 else literal()
        text += space() + "." + space()
    return text, places
