"""The survey for agents: a Model Context Protocol server with six read-only tools.

A stranger's query goes the same way as at `/sparql`: through the worker pool, with the same limits. What a tool returns
is cut at `LONGEST` characters, and says so.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from graph_service import __version__, documents
from graph_service.engine.frames import Task
from graph_service.engine.workers import WorkerPool
from graph_service.errors import SurveyError
from graph_service.formats import BY_NAME
from graph_service.knowledge import survey
from graph_service.problems import suggestion
from graph_service.reconciliation import kinds_of
from graph_service.service import Service
from graph_service.settings import Settings
from graph_service.terms import BASE, KINDS, PREFIXES, shorten
from graph_service.triples import expand

LONGEST = 60_000
Ask = Callable[[str, str], Awaitable[str]]
"""Answers a query in a format of its kind: `csv`, `json`, `xml`, `tsv`, `ttl` …"""

INSTRUCTIONS = (
    "A survey of public archives of in-vivo medical images, their collections, and the software that runs them. Start "
    "with `search` for a name or a topic; `describe` tells everything of one thing; `questions` lists ready-made "
    "queries and `ask` runs one; for anything else read `schema`, then write SPARQL for `sparql`. Facts stand in dated "
    "observations with their source; the thing itself repeats the latest. survey:notStated means looked for and not "
    "found, survey:lacks means no; no statement means that nobody looked. Cite things by their IRIs."
)


def pooled(pool: WorkerPool, settings: Settings) -> Ask:
    """Answers queries in killable processes, with the endpoint's own deadline."""

    async def ask(query: str, form: str) -> str:
        rows = form if form in {"csv", "tsv", "json", "xml"} else "csv"
        graphs = form if form in {"ttl", "nt", "jsonld", "rdf", "trig", "nq"} else "ttl"
        answer = await pool.ask(Task(query, rows, "json", graphs), settings.query_seconds)
        body, _ = await answer.collected(4 * LONGEST)
        return body.decode("utf-8", "replace")

    return ask


def server(service: Service, ask: Ask) -> MCPServer[Any]:
    """The server with its tools; it only reads."""
    with _own_logging():
        made: MCPServer[Any] = MCPServer(
            "imaging-survey", title="Imaging Survey", instructions=INSTRUCTIONS, version=__version__, website_url=BASE
        )

    hints = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

    @made.tool(annotations=hints, title="Find things by name")
    def search(
        text: Annotated[
            str,
            Field(description="A name, also misspelt, an abbreviation, an identifier or a home page", max_length=300),
        ],
        kind: Annotated[
            str, Field(description="archive, collection, software, organization, or a vocabulary such as modality")
        ] = "",
        limit: Annotated[int, Field(ge=1, le=50)] = 10,
    ) -> list[dict[str, Any]]:
        """Things and concepts whose name is like the text, the likeliest first, with IRI, description and score."""
        kinds = kinds_of([kind]) if kind else []
        if kind and not kinds:
            raise ToolError(f"`{kind}` is no kind of thing; kinds are {', '.join(KINDS)} and the vocabularies.")
        return [
            {
                "iri": each.iri,
                "name": each.name,
                "description": each.description,
                "score": each.score,
                "match": each.match,
            }
            for each in service.names.candidates(text, kinds, limit)
        ]

    @made.tool(annotations=hints, title="Describe one thing")
    def describe(
        iri: Annotated[
            str, Field(description="A whole IRI, a prefixed name such as archive:tcia, or a path such as archive/tcia")
        ],
        observations: Annotated[
            bool, Field(description="Whether to tell every dated observation with its source too")
        ] = False,
    ) -> str:
        """What is known of a thing, a concept or a word of the ontology, as text."""
        return _cut(_described(service, _whole(iri), observations))

    @made.tool(annotations=hints, title="List the ready-made questions")
    def questions() -> list[dict[str, Any]]:
        """The predefined questions with their parameters; run one with `ask`."""
        return [
            {
                "name": query.name,
                "question": query.summary,
                "description": query.description,
                "parameters": [
                    {
                        "name": each.name,
                        "type": each.type,
                        "kind": each.kind,
                        "description": each.description,
                        "example": each.example,
                    }
                    for each in query.parameters
                ],
            }
            for query in service.questions.values()
        ]

    async def ask_question(
        name: Annotated[str, Field(description="Name of the question, from `questions`")],
        parameters: Annotated[
            dict[str, str | list[str]] | None, Field(description="Values of its parameters by their names")
        ] = None,
    ) -> str:
        """The answer to a predefined question, as CSV."""
        if name not in service.questions:
            raise ToolError(f"There is no question `{name}`.{suggestion(name, service.questions)}")
        values = {key: value if isinstance(value, list) else [value] for key, value in (parameters or {}).items()}
        return await _asked(lambda: service.questions[name].bind(values), "csv", ask)

    @made.tool(annotations=hints, title="Run a SPARQL query")
    async def sparql(
        query: Annotated[
            str,
            Field(
                description="SPARQL 1.1 SELECT, ASK, CONSTRUCT or DESCRIBE; our prefixes may be left out",
                max_length=20_000,
            ),
        ],
        form: Annotated[
            Literal["csv", "json", "tsv", "xml", "ttl", "nt", "jsonld"], Field(description="Of the answer")
        ] = "csv",
    ) -> str:
        """The answer to a read-only query over the whole survey; always give a LIMIT."""
        return await _asked(lambda: with_prefixes(query), form, ask)

    @made.tool(annotations=hints, title="The schema of the graph")
    def schema(
        kind: Annotated[
            Literal["archive", "collection", "software", "organization", "source", "observation", ""],
            Field(description="Of which kind of thing; empty for an overview"),
        ] = "",
    ) -> str:
        """The classes with their counts, or the properties of one kind with their meaning, their values and how often
        they are used.
        """
        return _cut(_schema(service, kind))

    made.add_tool(ask_question, name="ask", title="Run a ready-made question", annotations=hints)
    return made


@contextmanager
def _own_logging() -> Iterator[None]:
    """Keeps the SDK from setting up logging for the whole process, which it does where no handler is there yet."""
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


def with_prefixes(query: str) -> str:
    """The query with declarations for those of our prefixes that it uses and does not declare."""
    declared = {
        line.split()[1].rstrip(":").lower()
        for line in query.splitlines()
        if line.strip().lower().startswith("prefix ") and len(line.split()) > 1
    }
    missing = [
        f"PREFIX {name}: <{iri}>" for name, iri in PREFIXES.items() if f"{name}:" in query and name not in declared
    ]
    return "\n".join([*missing, query])


async def _asked(query: Callable[[], str], form: str, ask: Ask) -> str:
    assert form in BY_NAME
    try:
        return _cut(await ask(query(), form))
    except SurveyError as error:
        place = f" (line {error.extra['line']}, column {error.extra.get('column')})" if "line" in error.extra else ""
        raise ToolError(f"{error.title}: {error.message}{place}") from error


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return (
        text[:LONGEST].rpartition("\n")[0]
        + f"\n… cut here: the whole has {len(text):,} characters or more. Ask for less, with LIMIT or fewer columns."
    )


def _whole(name: str) -> str:
    if name.startswith(("http://", "https://")):
        return name
    return expand(name) if ":" in name else BASE + name.strip("/")


def _described(service: Service, iri: str, observations: bool) -> str:
    known = service.knowledge
    if not known.exists(iri):
        found = service.names.candidates(iri.rpartition("/")[2].replace("-", " "), limit=3)
        near = ", ".join(f"{each.path} ({each.name})" for each in found)
        raise ToolError(f"<{iri}> is not in the survey." + (f" Near it are {near}." if near else ""))
    if documents.successor(service, iri) is not None:
        raise ToolError(f"<{iri}> was retired; see <{documents.successor(service, iri)}>.")
    lines = [f"{known.label(iri)} <{iri}>", known.definition(iri), ""]
    lines += _values(service, iri)
    if observations:
        for name in sorted(known.iris(iri, survey("observation"))):
            lines += ["", f"Observation {name.removeprefix(BASE)}", *_values(service, name)]
    else:
        count = len(known.iris(iri, survey("observation")))
        lines += (
            ["", f"{count} observations stand behind this; ask again with observations=true to see them."]
            if count
            else []
        )
    return "\n".join(lines)


def _values(service: Service, iri: str) -> list[str]:
    known = service.knowledge
    lines = []
    for predicate, values in known.facts.get(iri, {}).items():
        if predicate in {survey("observation"), survey("about")}:
            continue
        said = ", ".join(
            f"{known.label(each.value)} <{shorten(each.value).strip('<>')}>"
            if str(each).startswith("<")
            else each.value
            for each in values
        )
        lines.append(f"- {known.label(predicate) if known.exists(predicate) else shorten(predicate)}: {said}")
    return lines


def _schema(service: Service, kind: str) -> str:
    known = service.knowledge
    if not kind:
        prefixes = "\n".join(
            f"PREFIX {name}: <{PREFIXES[name]}>"
            for name in ("survey", *KINDS, "observation", "dcterms", "skos", "foaf", "schema")
        )
        classes = "\n".join(
            f"survey:{name}: {len(known.of_kind(each))} ({known.definition(survey(name))})"
            for each, name in KINDS.items()
        )
        return (
            f"{prefixes}\n\nEach concept has its vocabulary's prefix, e.g. modality:ct, license:cc-by-4-0.\n\n"
            f"{classes}\n\n"
            "Call this again with a kind for its properties."
        )
    names = {"observation": "Observation"} | KINDS
    members = [
        subject for predicate, subject in known.pointers[survey(names[kind])] if predicate == f"{PREFIXES['rdf']}type"
    ]
    used: dict[str, int] = {}
    for iri in members:
        for predicate in known.facts[iri]:
            used[predicate] = used.get(predicate, 0) + 1
    lines = [
        f"{len(members)} of survey:{names[kind]}; property, how many have it, what it means, where its values come from"
    ]
    for predicate, count in sorted(used.items(), key=lambda each: (-each[1], each[0])):
        scheme = known.text(predicate, survey("scheme")).rpartition("/")[2]
        lines.append(
            f"{shorten(predicate)}: {count}. {known.definition(predicate)}" + (f" Values: {scheme}:*" if scheme else "")
        )
    return "\n".join(lines)
