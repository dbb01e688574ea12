"""Write the answers of the public questions anew: `python tests/golden/update.py [name …]`.

Read each difference, and compare it with the records, before it is kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyoxigraph as ox

from graph_service import graph, queries, survey

HERE = Path(__file__).parent


def main(names: list[str]) -> None:
    """Each named question, or all, as CSV beside this file; answers of questions that are gone are removed."""
    files = survey.shipped()
    store = ox.Store()
    store.bulk_extend(graph.build(files).quads)
    questions = {question.name: question for question in queries.catalog(files.queries)}
    for name in names or questions:
        question = questions[name]
        rows = store.query(question.bind(question.examples()), use_default_graph_as_union=True)
        assert isinstance(rows, ox.QuerySolutions)
        answer = rows.serialize(format=ox.QueryResultsFormat.CSV)
        assert answer is not None
        (HERE / f"{name}.csv").write_bytes(answer.replace(b"\r\n", b"\n"))
    for path in HERE.glob("*.csv"):
        if path.stem not in questions:
            path.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
