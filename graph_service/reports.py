"""Problems written for a terminal, for programs, for code scanning (SARIF 2.1.0) and as notes on a pull request."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from graph_service import __version__
from graph_service.problems import Problem, on_one_line

FORMATS = ("text", "json", "sarif", "github")


def relative(path: Path) -> str:
    """The path as seen from the working directory where it lies below it."""
    shown = os.path.relpath(path)
    return str(path) if shown.startswith("..") else shown


def address(path: Path) -> str:
    """The path as a relative reference, or as a `file:` address where it lies elsewhere."""
    shown = Path(relative(path))
    return shown.as_uri() if shown.is_absolute() else quote(os.fsencode(shown.as_posix()))


def write(problems: Sequence[Problem], form: str) -> str:
    """All problems in one of `FORMATS`; the text ends with a line end unless there is nothing to say."""
    match form:
        case "json":
            return json.dumps([as_dict(problem) for problem in problems], indent=1, ensure_ascii=False) + "\n"
        case "sarif":
            return json.dumps(sarif(problems), indent=1, ensure_ascii=False) + "\n"
        case "github":
            return "".join(f"{annotation(problem)}\n" for problem in problems)
        case _:
            return "".join(f"{line(problem)}\n" for problem in problems)


def line(problem: Problem) -> str:
    place = f"{on_one_line(relative(problem.path))}:{problem.line}:{problem.column}"
    return f"{place}: {problem.rule}: {on_one_line(problem.message)}"


def as_dict(problem: Problem) -> dict[str, Any]:
    return {
        "path": relative(problem.path),
        "line": problem.line,
        "column": problem.column,
        "rule": problem.rule,
        "message": problem.message,
    }


def annotation(problem: Problem) -> str:
    """A workflow command that shows the problem beside its line; values are escaped as these commands ask."""

    def escaped(text: str, more: str = "") -> str:
        for sign in "%\r\n" + more:
            text = text.replace(sign, f"%{ord(sign):02X}")
        return text

    place = f"file={escaped(relative(problem.path), ':,')},line={problem.line},col={problem.column}"
    return f"::error {place},title={escaped(problem.rule, ':,')}::{escaped(problem.message)}"


def sarif(problems: Sequence[Problem]) -> dict[str, Any]:
    """A SARIF 2.1.0 log with one run."""
    rules = sorted({problem.rule for problem in problems})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "imaging-survey check",
                        "version": __version__,
                        "informationUri": "https://w3id.org/imaging-survey/",
                        "rules": [{"id": rule, "shortDescription": {"text": rule}} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    {
                        "ruleId": problem.rule,
                        "ruleIndex": rules.index(problem.rule),
                        "level": "error",
                        "message": {"text": problem.message},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": address(problem.path)},
                                    "region": {"startLine": problem.line, "startColumn": problem.column},
                                }
                            }
                        ],
                    }
                    for problem in problems
                ],
            }
        ],
    }
