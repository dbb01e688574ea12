"""`/sparql` for people: a form and the answer as a table. No scripts, and nothing loaded from elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import Any

from starlette.responses import HTMLResponse, Response

from graph_service.errors import SurveyError
from graph_service.web.protocol import Scope

CAVEAT = (
    "Known differences from SPARQL 1.1: a property path of length zero (<code>*</code>, <code>?</code>) from a "
    "constant that does not occur in the data finds nothing, where the standard says it finds the constant itself. "
    "Numbers come in canonical form (1.50 as 1.5, xsd:positiveInteger as xsd:integer). In XML results, characters that "
    "XML cannot hold are replaced by U+FFFD; the other formats keep them."
)


@dataclass(frozen=True, slots=True)
class View:
    """What a page is to show: a form alone, an answer as the worker wrote it (JSON or Turtle), or an error."""

    query: str | None = None
    kind: str = ""
    format: str = ""
    body: bytes = b""
    error: SurveyError | None = None

    @property
    def columns(self) -> list[str]:
        """The variables of a SELECT."""
        return list(self._document["head"].get("vars", [])) if self.kind == "s" else []

    @property
    def rows(self) -> list[dict[str, dict[str, str]]]:
        """The solutions of a SELECT, as in SPARQL JSON results."""
        return list(self._document["results"]["bindings"]) if self.kind == "s" else []

    @property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


_FORM = """<form method="get" action="">
<p><label for="query">Query</label></p>
<p><textarea id="query" name="query" rows="16" cols="100" spellcheck="false" required>{query}</textarea></p>
<p><label for="format">Answer as</label>
<select id="format" name="format"><option value="html">a page</option><option value="json">JSON</option>
<option value="csv">CSV</option><option value="tsv">TSV</option><option value="xml">XML</option>
<option value="ttl">Turtle</option><option value="nt">N-Triples</option><option value="jsonld">JSON-LD</option></select>
<button type="submit">Ask</button></p></form>"""

_EXAMPLE = "SELECT ?class (COUNT(*) AS ?count)\nWHERE { ?thing a ?class }\nGROUP BY ?class\nORDER BY DESC(?count)"


async def plain_page(scope: Scope) -> Response:
    """The page for the scope's `View`."""
    view: View = scope["sparql"]
    parts = [_FORM.format(query=escape(view.query or _EXAMPLE))]
    status = 200
    if view.error is not None:
        status = view.error.status
        parts.append(f'<p role="alert"><strong>{escape(view.error.title)}.</strong> {escape(view.error.message)}</p>')
    elif view.kind == "s":
        parts.append(_table(view))
    elif view.kind:
        parts.append(f"<pre>{escape(view.body.decode())}</pre>")
    body = "\n".join(parts)
    return HTMLResponse(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>SPARQL</title></head>'
        f"<body><main><h1>SPARQL</h1>\n{body}\n<p><small>{CAVEAT}</small></p></main></body></html>\n",
        status_code=status,
        headers={
            "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            **(view.error.headers if view.error else {}),
        },
    )


def _table(view: View) -> str:
    columns, rows = view.columns, view.rows
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    lines = "\n".join(
        "<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in columns) + "</tr>" for row in rows
    )
    return f"<table><caption>{len(rows):,} rows</caption><thead><tr>{head}</tr></thead>\n<tbody>{lines}</tbody></table>"


def _cell(term: dict[str, Any] | None) -> str:
    if term is None:
        return ""
    if term["type"] == "triple":
        return escape(json.dumps(term["value"], ensure_ascii=False))
    value = escape(term["value"])
    if term["type"] == "uri":
        is_web = term["value"].startswith(("http://", "https://"))
        return f'<a href="{value}" rel="nofollow">{value}</a>' if is_web else value
    language = term.get("xml:lang")
    return f'<span lang="{escape(language)}">{value}</span>' if language else value
