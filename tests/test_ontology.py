"""Tests of `ontology/`: the words are defined once, in full, and every foreign word exists where it is said to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rdflib import DCTERMS, OWL, RDF, RDFS, SDO, SKOS, VANN, XSD, Graph, Literal, Namespace, URIRef, namespace
from rdflib.term import Node

from graph_service import style
from graph_service.records import Record
from graph_service.survey import Files
from graph_service.terms import FOREIGN, ONTOLOGY, PREFIXES, SCHEMES, shorten

SURVEY = Namespace(ONTOLOGY)
HERE = URIRef(ONTOLOGY[:-1])
ORDER = [
    "a",
    "rdfs:label",
    "skos:definition",
    "skos:example",
    "schema:domainIncludes",
    "schema:rangeIncludes",
]
"""The order in which a stanza begins, whatever follows."""


@pytest.fixture(scope="module")
def words(files: Files) -> Graph:
    """The ontology."""
    return Graph().parse(files.ontology / "survey.ttl")


@pytest.fixture(scope="module")
def terms(words: Graph) -> list[URIRef]:
    """The classes and properties of the ontology."""
    return sorted({each for each in words.subjects(RDF.type) if isinstance(each, URIRef) and each in SURVEY})


class TestHeader:
    def test_it_is_complete(self, words: Graph) -> None:
        """The ontology names itself, its version, its makers, its license and its prefix."""
        assert (HERE, RDF.type, OWL.Ontology) in words
        assert words.value(HERE, DCTERMS.license) == URIRef("https://creativecommons.org/publicdomain/zero/1.0/")
        assert words.value(HERE, VANN.preferredNamespacePrefix) == Literal("survey")
        assert str(words.value(HERE, VANN.preferredNamespaceUri)) == ONTOLOGY
        for name in (DCTERMS.title, DCTERMS.description, DCTERMS.creator):
            assert str(words.value(HERE, name)), name
        for name in (DCTERMS.created, DCTERMS.modified, DCTERMS.issued):
            date = words.value(HERE, name)
            assert isinstance(date, Literal)
            assert date.datatype == XSD.date
        version = str(words.value(HERE, OWL.versionInfo))
        assert re.fullmatch(r"\d{4}\.\d{2}(\.\d+)?", version)
        assert str(words.value(HERE, OWL.versionIRI)) == f"{HERE}/{version}"

    def test_the_version_is_that_of_the_data(self, words: Graph, files: Files) -> None:
        """Words and records are released together."""
        from graph_service import release

        assert str(words.value(HERE, OWL.versionInfo)) == release.version_of(files).name


class TestTerms:
    def test_each_has_label_definition_and_example(self, words: Graph, terms: list[URIRef]) -> None:
        """Pages show labels and definitions: each term has one of each, in English, and an example."""
        assert len(terms) > 200
        for term in terms:
            for name in (RDFS.label, SKOS.definition):
                found = list(words.objects(term, name))
                assert len(found) == 1, (term, name)
                assert isinstance(found[0], Literal)
                assert found[0].language == "en", (term, name)
                assert str(found[0]).strip() == str(found[0]) != "", (term, name)
            assert str(words.value(term, SKOS.definition)).endswith((".", "?")), term
            assert list(words.objects(term, SKOS.example)), term
            assert words.value(term, RDFS.isDefinedBy) == HERE, term

    def test_labels_are_distinct(self, words: Graph, terms: list[URIRef]) -> None:
        """Two dimensions are never called the same in a table."""
        dimensions = [term for term in terms if (term, SURVEY.keeps, None) in words]
        labels = [(str(words.value(term, SURVEY.section)), str(words.value(term, RDFS.label))) for term in dimensions]
        assert sorted(labels) == sorted(set(labels))

    def test_names_are_cased_by_kind(self, words: Graph, terms: list[URIRef]) -> None:
        """Classes are UpperCamel, properties lowerCamel."""
        for term in terms:
            local = str(term).removeprefix(ONTOLOGY)
            is_class = (term, RDF.type, OWL.Class) in words
            assert re.fullmatch(r"[A-Z][A-Za-z]+" if is_class else r"[a-z][A-Za-z0-9]+", local), term

    def test_properties_say_of_what_and_what(self, words: Graph, terms: list[URIRef]) -> None:
        """Every property hints at its subjects and values, and infers nothing from them."""
        for term in terms:
            if (term, RDF.type, OWL.Class) in words:
                continue
            assert list(words.objects(term, SDO.domainIncludes)), term
            assert list(words.objects(term, SDO.rangeIncludes)), term
            kinds = {OWL.ObjectProperty, OWL.DatatypeProperty} & set(words.objects(term, RDF.type))
            assert len(kinds) == 1, term
        assert not list(words.subjects(RDFS.domain))
        assert not list(words.subjects(RDFS.range))

    def test_every_own_name_that_is_used_is_defined(self, words: Graph, terms: list[URIRef]) -> None:
        """No stanza names a term of ours that has no stanza."""
        used = {each for triple in words for each in triple if isinstance(each, URIRef) and each in SURVEY}
        assert used - set(terms) == set()

    def test_dimensions_say_how_they_are_kept(self, words: Graph) -> None:
        """Each dimension keeps its latest or all values, has a section, and a scheme where its values are concepts."""
        dimensions = set(words.subjects(SURVEY.keeps))
        typed = {each for kind in (SURVEY.Dimension, SURVEY.Count) for each in words.subjects(RDF.type, kind)}
        assert typed <= dimensions
        for each in dimensions:
            assert str(words.value(each, SURVEY.keeps)) in {"latest", "all"}, each
            assert words.value(each, SURVEY.section), each
        for each in words.objects(None, SURVEY.scheme):
            assert str(each).removeprefix(PREFIXES["vocabulary"]) in SCHEMES

    def test_counts_are_whole_numbers(self, words: Graph) -> None:
        """A count takes an integer, and its name says of what."""
        for each in words.subjects(RDF.type, SURVEY.Count):
            assert list(words.objects(each, SDO.rangeIncludes)) == [XSD.integer], each


def foreign(graph: Graph) -> set[tuple[str, URIRef]]:
    """The names of other vocabularies that a graph uses, each with its prefix."""
    terms = {each for triple in graph for each in triple if isinstance(each, URIRef)}
    return {
        (prefix, each)
        for each in terms
        for prefix, space in FOREIGN.items()
        if str(each).startswith(space) and str(each) != space
    }


def closed() -> dict[str, type[namespace.DefinedNamespace]]:
    """The vocabularies that rdflib knows whole, by their address."""
    known = (getattr(namespace, name) for name in dir(namespace))
    return {
        str(each): each
        for each in known
        if isinstance(each, namespace.DefinedNamespaceMeta) and each is not namespace.DefinedNamespace
    }


class TestForeignTerms:
    def test_each_exists_in_its_vocabulary(self, files: Files) -> None:
        """Whatever is borrowed is there: no misspelt or invented term of DCAT, SKOS, PROV, SOSA, schema.org …"""
        known = closed()
        seen: set[str] = set()
        for path in sorted(files.ontology.rglob("*.ttl")):
            for prefix, term in foreign(Graph().parse(path)):
                if FOREIGN[prefix] in known:
                    seen.add(prefix)
                    assert term in known[FOREIGN[prefix]], f"{path.name}: {prefix}:{term.removeprefix(FOREIGN[prefix])}"
        assert seen >= {
            "dcat",
            "dcterms",
            "doap",
            "foaf",
            "org",
            "owl",
            "prov",
            "rdf",
            "rdfs",
            "schema",
            "skos",
            "sosa",
            "vann",
        }

    def test_those_that_rdflib_does_not_know(self, files: Files) -> None:
        """ADMS has no closed namespace in rdflib: its terms are listed here, as the vocabulary defines them."""
        adms = {
            *("Asset", "AssetDistribution", "Identifier", "identifier", "includedAsset", "interoperabilityLevel"),
            *("last", "next", "prev", "representationTechnique", "sample", "schemaAgency", "status", "supportedSchema"),
            *("translation", "versionNotes"),
        }
        known = closed()
        for path in sorted(files.ontology.rglob("*.ttl")):
            for prefix, term in foreign(Graph().parse(path)):
                if FOREIGN[prefix] not in known:
                    assert prefix == "adms", term
                    assert term.removeprefix(FOREIGN[prefix]) in adms


class TestAlignment:
    @pytest.fixture
    def bridges(self, files: Files) -> Graph:
        """The bridges to other vocabularies."""
        return Graph().parse(files.ontology / "alignment.ttl")

    def test_it_speaks_of_our_terms_only(self, bridges: Graph, terms: list[URIRef]) -> None:
        """A bridge starts at a term of the ontology and leads out of it."""
        assert set(bridges.subjects()) <= set(terms)
        for _, _, other in bridges:
            assert str(other) not in {str(term) for term in terms}
            assert any(str(other).startswith(space) for space in FOREIGN.values()), other

    def test_classes_meet_classes_and_properties_properties(self, bridges: Graph, words: Graph) -> None:
        """No class is below a property; nothing is declared the same or equivalent."""
        allowed = {
            RDFS.subClassOf,
            RDFS.subPropertyOf,
            SKOS.closeMatch,
            SKOS.exactMatch,
            SKOS.broadMatch,
            SKOS.narrowMatch,
        }
        assert set(bridges.predicates()) <= allowed
        for term in set(bridges.subjects()):
            is_class = (term, RDF.type, OWL.Class) in words
            wrong = RDFS.subPropertyOf if is_class else RDFS.subClassOf
            assert not list(bridges.objects(term, wrong)), term

    @pytest.mark.parametrize(
        ("name", "relation", "other"),
        [
            ("Archive", RDFS.subClassOf, "http://www.w3.org/ns/dcat#Catalog"),
            ("Collection", RDFS.subClassOf, "http://www.w3.org/ns/dcat#Dataset"),
            ("Organization", RDFS.subClassOf, "http://www.w3.org/ns/org#Organization"),
            ("Observation", RDFS.subClassOf, "http://www.w3.org/ns/sosa/Observation"),
            ("Source", RDFS.subClassOf, "http://www.w3.org/ns/prov#Entity"),
            ("Software", SKOS.closeMatch, "http://usefulinc.com/ns/doap#Project"),
        ],
    )
    def test_the_main_bridges(self, name: str, relation: Node, other: str, bridges: Graph) -> None:
        """DCAT, ORG, SOSA, PROV and DOAP are reached from the classes."""
        assert (SURVEY[name], relation, URIRef(other)) in bridges


class TestStyle:
    def test_stanzas_are_written_as_records_are(self, files: Files) -> None:
        """One fact a line, stanzas closed by a full stop of their own, prefixes in order and used."""
        order = style.fact_order(files.ontology / "survey.ttl")
        for path in (files.ontology / "survey.ttl", files.ontology / "alignment.ttl"):
            found = style.problems(Record(path, "ontology", path.stem), path.read_text(encoding="utf-8"), order)
            other = {"path-subject", "style-order", "style-name"}
            assert [str(each) for each in found if each.rule not in other] == []

    def test_a_stanza_has_a_fixed_order(self, files: Files) -> None:
        """Type, label, definition, example, hints: the same in every stanza."""
        text = (files.ontology / "survey.ttl").read_text(encoding="utf-8")
        for stanza in re.findall(r"^survey:\w+\n(?:    .*\n)+\.", text, re.MULTILINE):
            names = [line.split()[0] for line in stanza.split("\n")[1:-1]]
            places = [ORDER.index(name) for name in names if name in ORDER]
            assert places == sorted(places), stanza
            assert names[-1] == "rdfs:isDefinedBy", stanza


def test_prefixes_are_one_table() -> None:
    """No two prefixes stand for one address, and a name is shortened to the prefix that fits."""
    assert len(set(PREFIXES.values())) == len(PREFIXES)
    assert list(PREFIXES) == sorted(PREFIXES)
    assert shorten("https://w3id.org/imaging-survey/archive/tcia") == "archive:tcia"
    assert shorten("https://w3id.org/imaging-survey/ontology#Archive") == "survey:Archive"
    assert (
        shorten("https://w3id.org/imaging-survey/graph/archive/tcia")
        == "<https://w3id.org/imaging-survey/graph/archive/tcia>"
    )
    assert shorten("https://example.org/") == "<https://example.org/>"


def test_every_vocabulary_has_its_file(files: Files) -> None:
    """The list of schemes and the files of `ontology/vocabulary/` are the same."""
    assert sorted(path.stem for path in Path(files.ontology / "vocabulary").glob("*.ttl")) == sorted(SCHEMES)
