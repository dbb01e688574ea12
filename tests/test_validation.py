"""Tests of `validation`: every fault of every file is found in one go and at its place; bad input is never a crash."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service import queries, style, validation
from graph_service.survey import Files

LUNGS = """\
@prefix archive: <https://w3id.org/imaging-survey/archive/> .
@prefix archive-kind: <https://w3id.org/imaging-survey/archive-kind/> .
@prefix certainty: <https://w3id.org/imaging-survey/certainty/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix modality: <https://w3id.org/imaging-survey/modality/> .
@prefix observation: <https://w3id.org/imaging-survey/observation/> .
@prefix organization: <https://w3id.org/imaging-survey/organization/> .
@prefix schema: <https://schema.org/> .
@prefix scope: <https://w3id.org/imaging-survey/scope/> .
@prefix source: <https://w3id.org/imaging-survey/source/> .
@prefix source-kind: <https://w3id.org/imaging-survey/source-kind/> .
@prefix survey: <https://w3id.org/imaging-survey/ontology#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

archive:lungs
    a survey:Archive ;
    dcterms:title "Lungs"@en ;
    dcterms:description "Scans of lungs."@en ;
    survey:kind archive-kind:archive ;
    survey:scope scope:in-vivo ;
    survey:operator organization:kitware ;
    survey:observation observation:lungs-2010-08 ;
.

observation:lungs-2010-08
    a survey:Observation ;
    survey:asOf "2010-08"^^xsd:gYearMonth ;
    survey:consulted "2026-11-23"^^xsd:date ;
    dcterms:source source:lungs-page ;
    survey:certainty certainty:stated ;
    survey:modality modality:ct ;
    survey:subjectCount 9 ;
    survey:approximately survey:subjectCount ;
.

source:lungs-page
    a survey:Source ;
    dcterms:title "A page on lungs"@en ;
    schema:url <https://example.org/lungs> ;
    survey:sourceKind source-kind:archive-page ;
.
"""


def written(root: Path, name: str, text: str | bytes) -> Path:
    """A file below a folder."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def checked(files: Files, root: Path, *paths: Path) -> list[str]:
    """The problems of a folder, or of the files named, with paths from the folder on."""
    return [str(each).replace(f"{root}/", "") for each in validation.check(files, paths or [root])]


CHANGES = {
    "nothing": ("", "", []),
    "dangling reference": (
        "organization:kitware",
        "organization:kitwear",
        [
            (
                "21:21: survey:operator: survey:operator names an organization that has a "
                "record: write survey:operator "
                "organization:…. Found `organization:kitwear`."
            ),
            "21:21: unknown-name: `organization:kitwear` is described nowhere. Did you mean `organization:kitware`?",
        ],
    ),
    "unknown property": (
        "survey:modality modality:ct",
        "survey:modalities modality:ct",
        [
            (
                "31:5: survey:modalities: `survey:modalities` is not said of this kind of thing. "
                "Did you mean `survey:modality`?"
            ),
            "31:5: unknown-name: `survey:modalities` is no term of the ontology. Did you mean `survey:modality`?",
        ],
    ),
    "property of something else": (
        "survey:kind archive-kind:archive",
        "survey:hostedWith archive-kind:archive",
        None,
    ),
    "wrong class": (
        "    a survey:Archive ;",
        "    a survey:Collection ;",
        ["16:7: wrong-class: write `a survey:Archive ;` in this folder; found survey:Collection."],
    ),
    "no class": (
        "    a survey:Archive ;\n",
        "",
        ["15:1: wrong-class: write `a survey:Archive ;` in this folder; found nothing."],
    ),
    "missing description": (
        '    dcterms:description "Scans of lungs."@en ;\n',
        "",
        [
            (
                "15:1: dcterms:description: A thing has exactly one dcterms:description, one "
                "English sentence of at most 300 "
                "characters that ends in a full stop."
            ),
        ],
    ),
    "observation that nothing names": (
        "    survey:observation observation:lungs-2010-08 ;\n",
        "",
        ["24:1: unused: `observation:lungs-2010-08` is described here, but nothing in this file uses it."],
    ),
    "count in words": (
        "survey:subjectCount 9 ;",
        'survey:subjectCount "nine"@en ;',
        [
            (
                "32:25: survey:subjectCount: survey:subjectCount is a whole number without "
                "quotes, separators or unit: write "
                'survey:subjectCount 150. Found `"nine"@en`.'
            )
        ],
    ),
    "path and subject disagree": (
        "archive:lungs\n    a",
        "archive:hearts\n    a",
        None,
    ),
    "syntax": (
        "survey:certainty certainty:stated ;",
        "survey:certainty certainty:stated",
        None,
    ),
}


class TestCheck:
    @pytest.fixture(scope="class")
    @staticmethod
    def found(files: Files, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
        """The problems that each change makes, all found in one check."""
        root = tmp_path_factory.mktemp("records")
        for place, (before, after, _) in enumerate(CHANGES.values()):
            text = LUNGS.replace(before, after, 1) if before else LUNGS
            written(root, f"archive/lungs{place}.ttl", renamed(text, f"lungs{place}"))
        problems = checked(files, root)
        names = dict(enumerate(CHANGES))
        return {
            names[place]: [
                each.removeprefix(f"archive/lungs{place}.ttl:").replace(f"lungs{place}", "lungs")
                for each in problems
                if each.startswith(f"archive/lungs{place}.ttl:")
            ]
            for place in names
        }

    @pytest.mark.parametrize("name", [name for name, change in CHANGES.items() if change[2] is not None])
    def test_each_fault_is_told_at_its_place(self, name: str, found: dict[str, list[str]]) -> None:
        """One fault gives one line for each rule that it breaks, with line and column."""
        assert found[name] == CHANGES[name][2]

    def test_path_and_subject(self, found: dict[str, list[str]]) -> None:
        """A record that is about something else than its path is told first of all so."""
        assert found["path and subject disagree"][0] == (
            "15:1: path-subject: the path names `archive:lungs`, the first subject is `archive:hearts`."
        )

    def test_syntax(self, found: dict[str, list[str]]) -> None:
        """A syntax error stands where the parser stopped; the style rules are told all the same, and nothing else."""
        assert found["syntax"] == [
            "30:5: style-line: a fact ends in ` ;`, with one space before it.",
            "31:5: syntax: A dot is expected at the end of statements; the fact before lacks its ` ;`.",
        ]

    def test_a_property_of_something_else(self, found: dict[str, list[str]]) -> None:
        """A property that another kind of thing has is told, without a suggestion of itself."""
        assert (
            "19:5: survey:hostedWith: `survey:hostedWith` is not said of this kind of thing. Say it in an observation."
            in (found["property of something else"])
        )


def renamed(text: str, slug: str) -> str:
    """The record of another archive, otherwise the same."""
    named = text.replace(":lungs", f":{slug}").replace("example.org/lungs", f"example.org/{slug}")
    return named.replace('"Lungs"@en', f'"{slug.title()}"@en')


class TestAcrossFiles:
    def test_one_thing_in_two_files(self, files: Files, tmp_path: Path) -> None:
        """Two records of one identity name each other."""
        one = written(tmp_path, "one/archive/lungs.ttl", LUNGS)
        two = written(tmp_path, "two/archive/lungs.ttl", LUNGS)
        found = checked(files, tmp_path, one, two)
        assert found == [
            (
                f"{here}/archive/lungs.ttl:{line}:1: two-identities: `{name}` is described in "
                f"{there}/archive/lungs.ttl too."
            )
            for here, there in (("one", "two"), ("two", "one"))
            for line, name in ((15, "archive:lungs"), (25, "observation:lungs-2010-08"), (36, "source:lungs-page"))
        ]

    def test_a_source_of_two_records(self, files: Files, tmp_path: Path) -> None:
        """A source that two records describe is told in both; it belongs in a file of its own."""
        written(tmp_path, "archive/lungs.ttl", LUNGS)
        other = renamed(LUNGS, "hearts").replace("hearts-page", "lungs-page").replace("org/hearts", "org/lungs")
        written(tmp_path, "archive/hearts.ttl", other)
        assert checked(files, tmp_path) == [
            "archive/hearts.ttl:36:1: two-identities: `source:lungs-page` is described in archive/lungs.ttl too.",
            "archive/lungs.ttl:36:1: two-identities: `source:lungs-page` is described in archive/hearts.ttl too.",
        ]

    def test_a_given_record_stands_in_for_the_shipped_one(self, files: Files, tmp_path: Path) -> None:
        """A changed copy of a shipped record is checked in its place, not beside it."""
        text = (files.records / "archive/give-a-scan.ttl").read_text(encoding="utf-8")
        path = written(tmp_path, "archive/give-a-scan.ttl", text)
        assert checked(files, tmp_path, path) == []

    def test_a_path_given_twice_is_checked_once(self, files: Files, tmp_path: Path) -> None:
        """The same file by two paths is one record."""
        path = written(tmp_path, "archive/lungs.ttl", LUNGS)
        assert checked(files, tmp_path, path, tmp_path / "archive/../archive/lungs.ttl", tmp_path) == []

    def test_a_broken_record_does_not_break_those_that_name_it(self, files: Files, tmp_path: Path) -> None:
        """Only the broken file is told, not each reference to its thing."""
        written(tmp_path, "organization/kitware.ttl", "}")
        written(tmp_path, "archive/lungs.ttl", LUNGS)
        found = checked(files, tmp_path)
        assert {each.split(":")[0] for each in found} == {"organization/kitware.ttl"}
        assert any(": syntax: " in each for each in found)

    def test_a_broken_vocabulary_is_told_alone(self, files: Files, tmp_path: Path) -> None:
        """Where the words cannot be read, the thousand names that would be missing are not told."""
        import shutil

        shutil.copytree(files.ontology, tmp_path / "ontology")
        written(
            tmp_path,
            "ontology/vocabulary/modality.ttl",
            "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n\nskos:",
        )
        written(tmp_path, "records/archive/lungs.ttl", LUNGS)
        own = Files(tmp_path / "records", tmp_path / "ontology", files.shapes, files.queries)
        found = [str(each).replace(f"{tmp_path}/", "") for each in validation.check(own)]
        assert found == ["ontology/vocabulary/modality.ttl:3:6: syntax: Unexpected end of file."] or (
            len(found) == 1 and found[0].startswith("ontology/vocabulary/modality.ttl:3:")
        )

    def test_wrong_values_are_told_only_where_they_stand(self, files: Files, tmp_path: Path) -> None:
        """A text that lacks its language in one record is no fault of another that has it."""
        fact = '    survey:modality modality:ct ;\n    survey:population "Smokers"{} ;\n'
        old = "    survey:modality modality:ct ;\n"
        written(tmp_path, "archive/lungs.ttl", LUNGS.replace(old, fact.format("@en")))
        written(tmp_path, "archive/hearts.ttl", renamed(LUNGS, "hearts").replace(old, fact.format("")))
        found = checked(files, tmp_path)
        assert [each.split(" ")[0] for each in found] == ["archive/hearts.ttl:32:23:"]


def mutants(chance: random.Random) -> list[str | bytes]:
    """The record with one thing spoilt in each: cut, doubled, swapped, replaced."""
    made: list[str | bytes] = []
    lines = LUNGS.split("\n")
    made += ["\n".join(lines[:place] + lines[place + 1 :]) for place in range(0, len(lines), 2)]
    made += ["\n".join(lines[: place + 1] + lines[place:]) for place in range(15, len(lines), 4)]
    made += [LUNGS[:place] for place in range(40, len(LUNGS), 97)]
    for _ in range(30):
        place = chance.randrange(len(LUNGS))
        made.append(
            LUNGS[:place] + chance.choice('"\\<>[](){};,.@^:#\n\t\x00\x7f\u00a0\u2028🫁é%_-') + LUNGS[place + 1 :]
        )
    for before, after in (
        ("9 ;", '"9"^^xsd:integer ;'),
        ("9 ;", '"nine"^^xsd:integer ;'),
        ("9 ;", '"' + "9" * 6000 + '"^^xsd:integer ;'),
        ("9 ;", "9" * 6000 + " ;"),
        ("9 ;", "1e999999 ;"),
        ("9 ;", '"<a"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral> ;'),
        ("9 ;", '"<b>"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML> ;'),
        ("9 ;", '"zz"^^xsd:hexBinary , "!"^^xsd:base64Binary , "P"^^xsd:duration , "x"^^xsd:boolean ;'),
        ("9 ;", '"25:00:00"^^xsd:time , "0000-00-00"^^xsd:date , "2026-11-25T99:00"^^xsd:dateTime ;'),
        ("2010-08", "2010-99"),
        ("2026-11-23", "2026-02-31"),
        ("2026-11-23", "yesterday"),
        ('"Lungs"@en', '"Lungs"@en--ltr'),
        ('"Lungs"@en', '"Lungs"@x-klingon'),
        ('"Lungs"@en', '"""Lungs\nand\nhearts"""@en'),
        ('"Lungs"@en', "[ a survey:Archive ]"),
        ('"Lungs"@en', "( 1 ( 2 ( 3 ) ) )"),
        ('"Lungs"@en', "<<( archive:lungs a survey:Archive )>>"),
        ("<https://example.org/lungs>", "<https://example.org/ü\u00a0>"),
        ("<https://example.org/lungs>", "<urn:x> , <mailto:a@b> , <javascript:alert(1)>"),
        ("<https://example.org/lungs>", "<https://example.org/%zz|>"),
        ("<https://example.org/lungs>", "<" + "a" * 20000 + ">"),
        ("survey:operator", "<survey:operator>"),
        ("archive:lungs\n", "_:lungs\n"),
        ("archive:lungs\n", "[]\n"),
        ("archive:lungs\n", "<https://w3id.org/imaging-survey/>\n"),
        ("archive:lungs\n", "<https://w3id.org/imaging-survey/ontology#Archive>\n"),
        ("archive:lungs\n", "a:b:c\n"),
        ("a survey:Archive", "a _:x"),
        ("a survey:Archive", 'a "Archive"'),
        ("\n", "\r\n"),
        ("\n", "\r"),
        (" ", "\t"),
    ):
        made.append(LUNGS.replace(before, after))
    made += ["", "\n", "#", ".", "[" * 5000, "(" * 5000, '"' * 5001, "<" * 5000, "a " * 5000, "@prefix " * 500]
    made += [
        LUNGS.encode("utf-16"),
        LUNGS.encode("utf-8-sig"),
        b"\xff" * 100,
        b"\x00" * 100,
        LUNGS.encode()[:-400] + b"\xc3",
    ]
    return made


class TestBadInput:
    def test_no_mutant_is_a_crash(self, files: Files, tmp_path: Path) -> None:
        """A record spoilt in any of a hundred ways is told about with its line, and nothing is raised or logged."""
        made = mutants(random.Random(2026))
        assert len(made) > 100
        for place, text in enumerate(made):
            slug = f"m{place}"
            spoilt = renamed(text, slug) if isinstance(text, str) else text
            written(tmp_path, f"archive/{slug}.ttl", spoilt)
        problems = validation.check(files, [tmp_path])
        told = {problem.path.stem for problem in problems}
        harmless = {place for place, text in enumerate(made) if f"m{place}" not in told}
        # A line of prefixes or facts less may leave a record whole.
        assert all(isinstance(made[place], str) and len(made[place]) > 1000 for place in harmless)
        assert len(harmless) < 25
        for problem in problems:
            assert problem.line >= 1
            assert problem.column >= 1
            assert problem.message.endswith((".", "?"))
            assert "\n" not in str(problem)

    def test_random_bytes(self, files: Files, tmp_path: Path) -> None:
        """Noise is told about too."""
        chance = random.Random(1)
        for place in range(20):
            written(tmp_path, f"archive/n{place}.ttl", chance.randbytes(chance.randrange(1, 3000)))
        assert {problem.path.stem for problem in validation.check(files, [tmp_path])} == {
            f"n{place}" for place in range(20)
        }

    def test_many_faults_take_little_time(self, files: Files, tmp_path: Path) -> None:
        """A large record in which every line is wrong is checked in seconds."""
        facts = "".join(f"    survey:modality modality:nothing{place} ;\n" for place in range(4000))
        written(tmp_path, "archive/lungs.ttl", LUNGS.replace("    survey:modality modality:ct ;\n", facts))
        started = time.monotonic()
        problems = validation.check(files, [tmp_path])
        assert len(problems) >= 8000
        assert time.monotonic() - started < 20

    def test_a_pile_of_brackets(self, files: Files, tmp_path: Path) -> None:
        """Nesting deeper than any stack is told about, not fallen over."""
        deep = "@prefix e: <http://example.org/> .\ne:a e:b " + "[ e:b " * 20_000 + "1 " + "]" * 20_000 + " .\n"
        written(tmp_path, "archive/deep.ttl", deep)
        assert validation.check(files, [tmp_path])


class TestTheStyleGuide:
    def test_its_record_has_no_problem(self, files: Files, tmp_path: Path) -> None:
        """The annotated record of `records/README.md` keeps every rule that the page states."""
        guide = (files.records / "README.md").read_text(encoding="utf-8")
        text = guide.split("```turtle\n")[1].split("```")[0]
        written(tmp_path, "archive/lungs-of-the-world.ttl", text)
        assert checked(files, tmp_path) == []

    def test_it_names_the_order_of_the_facts(self, files: Files) -> None:
        """The order that the page gives is the one that is checked."""
        guide = " ".join((files.records / "README.md").read_text(encoding="utf-8").split())
        assert ", ".join(f"`{name}`" for name in style.THING_FIRST) in guide
        assert ", ".join(f"`{name}`" for name in style.OBSERVATION_FIRST) in guide
        assert ", ".join(f"`{name}`" for name in style.LAST[:-1]) in guide

    def test_its_queries_are_read(self, files: Files, tmp_path: Path) -> None:
        """The two queries of `queries/README.md` have complete heads and run."""
        blocks = (files.queries / "README.md").read_text(encoding="utf-8").split("```sparql\n")[1:]
        assert len(blocks) == 2
        for place, block in enumerate(blocks):
            path = written(tmp_path, f"q{place}.rq", block.split("```")[0])
            query = queries.read(path)
            ox.Store().query(query.bind(query.examples()))
