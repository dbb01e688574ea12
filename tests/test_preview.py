"""What a change of the records does to the answers."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox

from graph_service import preview, queries, todo

PREFIXES = """\
@prefix survey: <https://w3id.org/imaging-survey/ontology#> .
@prefix archive: <https://w3id.org/imaging-survey/archive/> .
@prefix modality: <https://w3id.org/imaging-survey/modality/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix schema: <https://schema.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix observation: <https://w3id.org/imaging-survey/observation/> .
"""
QUESTION = """\
#+ summary: Which archives have which modality?

PREFIX survey: <https://w3id.org/imaging-survey/ontology#>

SELECT ?archive ?modality
WHERE {
  ?archive a survey:Archive ;
           survey:modality ?modality .
}
ORDER BY ?archive ?modality
"""


def quads(turtle: str) -> list[ox.Quad]:
    graph = ox.NamedNode("https://w3id.org/imaging-survey/graph/test")
    return [
        ox.Quad(t.subject, t.predicate, t.object, graph)
        for t in ox.parse(PREFIXES + turtle, format=ox.RdfFormat.TURTLE)
    ]


def question(tmp_path: Path) -> queries.Query:
    path = tmp_path / "modalities.rq"
    path.write_text(QUESTION, encoding="utf-8")
    return queries.read(path)


def test_rows_that_appear_and_disappear_are_listed(tmp_path: Path) -> None:
    """A changed value is one row less and one row more, as a person reads them."""
    before = quads("archive:a a survey:Archive ; survey:modality modality:ct .")
    after = quads("archive:a a survey:Archive ; survey:modality modality:mr .")
    found = preview.changes(before, after, [question(tmp_path)])
    assert preview.text(found) == (
        "### modalities: Which archives have which modality?\n\n"
        "    + archive:a | modality:mr\n"
        "    - archive:a | modality:ct\n"
    )


def test_a_change_that_no_question_sees_says_so(tmp_path: Path) -> None:
    """Where no answer changes, that is what is said."""
    before = quads("archive:a a survey:Archive .")
    after = quads('archive:a a survey:Archive ; dcterms:title "A"@en .')
    assert preview.text(preview.changes(before, after, [question(tmp_path)])) == "No answer changes.\n"


ONTOLOGY = """\
survey:modality rdfs:label "modality"@en ; survey:reviewAfter 60 ; schema:domainIncludes survey:Archive .
survey:status rdfs:label "status"@en ; survey:reviewAfter 12 ; schema:domainIncludes survey:Archive .
"""


def test_gaps_are_ranked_and_explained(tmp_path: Path) -> None:
    """What a question would use and nobody knows, or knew long ago, is a gap; what no question uses is none."""
    data = quads(
        ONTOLOGY
        + 'archive:a a survey:Archive ; dcterms:title "A"@en ; survey:observation observation:a-2010 .\n'
        + 'observation:a-2010 survey:asOf "2010" ; survey:modality modality:ct .\n'
        + 'archive:b a survey:Archive ; dcterms:title "B"@en ; survey:observation observation:b-2026 .\n'
        + 'observation:b-2026 survey:asOf "2026-01" ; survey:modality modality:ct .\n'
        + 'archive:c a survey:Archive ; dcterms:title "C"@en .\n'
        + 'archive:d a survey:Archive ; dcterms:title "D"@en ; survey:observation observation:d-2026 .\n'
        + 'observation:d-2026 survey:asOf "2026-01" ; survey:notStated survey:modality .\n'
    )
    found = todo.items(data, [question(tmp_path)], "2026-11-25")
    assert [(item.title, item.label, item.why, item.since) for item in found] == [
        ("C", "modality", "unknown", ""),
        ("A", "modality", "old", "2010"),
        ("D", "modality", "not stated where it was looked for", ""),
    ]
