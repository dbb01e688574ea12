"""The questions: one `.rq` file each, with a head in `#+` comments (YAML, in grlc's spelling) and typed parameters.

A parameter is an ordinary variable of the query. A value given for it becomes an RDF term and enters the query as a
`VALUES` block at the start of the `WHERE` clause; it is never pasted as text. Without a value the question answers for
all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import yaml

from graph_service.errors import BadParameter, DataError
from graph_service.problems import suggestion
from graph_service.terms import BASE, KINDS, PREFIXES, SCHEMES

TYPES = {
    "iri": "an IRI, a prefixed name or a short name",
    "text": "a text",
    "integer": "a whole number",
    "decimal": "a number",
    "date": "a date such as 2010, 2010-08 or 2010-08-15",
    "boolean": "true or false",
}
XSD = PREFIXES["xsd"]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n\r]*)
    |(?P<quoted>\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}
        |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|<[^\x00-\x20<>"{}|^`\\]*>)
    |(?P<word>[?$@]?[\w:-][\w:.-]*)
    |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)


def first_group(text: str) -> int | None:
    """The place behind the `{` of the first WHERE clause; what stands in strings, comments and IRIs does not count."""
    last = ""
    for match in TOKEN.finditer(text):
        if match.lastgroup == "skip":
            continue
        if match.group() == "{" and last == "WHERE":
            return match.end()
        last = match.group().upper() if match.lastgroup == "word" else ""
    return None


@dataclass(frozen=True)
class Parameter:
    """One variable that a person may fix; `kind` names the vocabulary or kind of record that an IRI comes from."""

    name: str
    type: str = "text"
    kind: str | None = None
    label: str | None = None
    description: str | None = None
    example: str | None = None
    several: bool = False

    def term(self, value: str) -> ox.NamedNode | ox.Literal:
        """The value as an RDF term of the parameter's type; raises `BadParameter`."""
        value = value.strip()
        try:
            return self._term(value)
        except ValueError as error:
            raise BadParameter(
                f"`{self.name}={value}` is not {TYPES[self.type]}"
                + (f", e.g. `{self.example}`." if self.example else "."),
                parameter=self.name,
            ) from error

    def _term(self, value: str) -> ox.NamedNode | ox.Literal:
        if self.type == "iri":
            if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", value):
                return ox.NamedNode(value)
            prefix, colon, local = value.partition(":")
            if colon:
                if prefix not in PREFIXES:
                    raise ValueError(value)
                return ox.NamedNode(PREFIXES[prefix] + local)
            if self.kind is None or not value:
                raise ValueError(value)
            return ox.NamedNode(f"{BASE}{self.kind.split('|')[0]}/{value}")
        if self.type == "text":
            return ox.Literal(value)
        if self.type == "date":
            if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", value):
                raise ValueError(value)
            date.fromisoformat(value + "-01-01"[len(value) - 4 :])
            datatype = {4: "gYear", 7: "gYearMonth", 10: "date"}[len(value)]
            return ox.Literal(value, datatype=ox.NamedNode(XSD + datatype))
        if self.type == "boolean":
            if value not in {"true", "false"}:
                raise ValueError(value)
            return ox.Literal(value == "true")
        fraction = "" if self.type == "integer" else r"(\.[0-9]{1,18})?"
        if not re.fullmatch(r"[+-]?[0-9]{1,18}" + fraction, value):
            raise ValueError(value)
        return ox.Literal(value, datatype=ox.NamedNode(XSD + self.type))


@dataclass(frozen=True)
class Query:
    """A question: its text, what its head says of it, and the place where values are bound."""

    path: Path
    text: str
    summary: str
    description: str = ""
    tags: tuple[str, ...] = ()
    view: str = "table"
    parameters: tuple[Parameter, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def form(self) -> str:
        """`SELECT`, `ASK`, `CONSTRUCT` or `DESCRIBE`."""
        words = (match.group().upper() for match in TOKEN.finditer(self.text) if match.lastgroup == "word")
        return next((word for word in words if word in FORMS), "SELECT")

    def bind(self, values: Mapping[str, list[str]]) -> str:
        """The query with the given values bound; a name that it does not have or a value that does not fit raises."""
        known = {parameter.name: parameter for parameter in self.parameters}
        blocks = []
        for name, given in values.items():
            if name not in known:
                has = ", ".join(f"`{each}`" for each in known) or "none"
                raise BadParameter(
                    f"`{self.name}` has no parameter `{name}`; it has {has}.{suggestion(name, known)}", parameter=name
                )
            wanted = [value for value in given if value.strip()]
            if len(wanted) > 1 and not known[name].several:
                raise BadParameter(f"`{name}` was given {len(wanted)} times; it takes one value.", parameter=name)
            if wanted:
                terms = " ".join(str(known[name].term(value)) for value in wanted)
                blocks.append(f"  VALUES ?{name} {{ {terms} }}")
        if not blocks:
            return self.text
        place = first_group(self.text)
        if place is None:
            raise DataError(f"{self.path}: a question with parameters has a WHERE clause.")
        return "\n".join([self.text[:place], *blocks]) + self.text[place:]

    def examples(self) -> dict[str, list[str]]:
        """The example value of each parameter that has one."""
        return {each.name: [each.example] for each in self.parameters if each.example is not None}


def read(path: Path) -> Query:
    """The question in a file; raises `DataError` that names the file and what its head lacks."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the query cannot be read: {error}.") from error
    head = "\n".join(line[2:].removeprefix(" ") for line in text.splitlines() if line.startswith("#+"))
    try:
        said = yaml.load(head, Loader=_LOADER) or {}  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise DataError(f"{path}: the `#+` head is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(said, dict) or not isinstance(said.get("summary"), str):
        raise DataError(f"{path}: the head lacks `#+ summary:`, the question as a person would ask it.")
    given = said.pop("parameters", None) or {}
    if not isinstance(given, dict) or not all(isinstance(facts, dict) for facts in given.values()):
        raise DataError(
            f"{path}: write parameters as `#+ parameters:` with lines such as `#+   name: {{ type: text }}`."
        )
    parameters = tuple(_parameter(path, text, str(name), facts) for name, facts in given.items())
    tags = said.get("tags") or []
    if not isinstance(tags, list):
        raise DataError(f"{path}: write tags as a list, such as `#+ tags: [archive, format]`.")
    known = {"summary", "description", "tags", "view"}
    return Query(
        path,
        text,
        said["summary"].strip(),
        " ".join(str(said.get("description") or "").split()),
        tuple(str(tag) for tag in tags),
        str(said.get("view") or "table"),
        parameters,
        {name: value for name, value in said.items() if name not in known},
    )


def _parameter(path: Path, text: str, name: str, facts: Mapping[str, Any]) -> Parameter:
    given = {
        key: (value if isinstance(value, bool) else str(value)) for key, value in facts.items() if value is not None
    }
    unknown = given.keys() - (Parameter.__dataclass_fields__.keys() - {"name"})
    if unknown:
        raise DataError(f"{path}: parameter `{name}` says `{sorted(unknown)[0]}`, which means nothing here.")
    parameter = Parameter(name=name, **given)  # type: ignore[arg-type]
    if not re.search(rf"[?$]{re.escape(name)}\b", text):
        raise DataError(f"{path}: parameter `{name}` is no variable of the query.")
    if parameter.type not in TYPES:
        raise DataError(f"{path}: parameter `{name}` has type `{parameter.type}`; types are {', '.join(TYPES)}.")
    for kind in (parameter.kind or "").split("|"):
        if kind and kind not in {*KINDS, *SCHEMES, "observation"}:
            raise DataError(
                f"{path}: parameter `{name}` has kind `{kind}`, which is neither a kind of record nor a vocabulary."
            )
    return parameter


def catalog(folder: Path) -> Iterator[Query]:
    """The public questions, in order of their names; those that a folder below holds are not public."""
    for path in sorted(folder.glob("*.rq")):
        yield read(path)
