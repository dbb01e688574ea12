"""What runs on a contributor's machine and on a pull request: hooks, workflows and the forms of issues."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

TOP = Path(__file__).parent.parent
FORMS = {
    "add-archive.yml": {"name", "kind", "address", "facts", "looked"},
    "add-software.yml": {"name", "address", "license", "facts"},
    "wrong-fact.yml": {"page", "wrong", "right", "source"},
}


def read(path: str) -> Any:
    return yaml.safe_load((TOP / path).read_text(encoding="utf-8"))


def test_the_hooks_run_this_checkout() -> None:
    """Both hooks run the module itself: pre-commit's environment has what it needs, but not the command."""
    hooks = read(".pre-commit-config.yaml")["repos"][0]["hooks"]
    needs = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert [hook["entry"].split()[-1] for hook in hooks] == ["format", "check"]
    for hook in hooks:
        assert hook["entry"].startswith("python -m graph_service.cli ")
        assert set(hook["additional_dependencies"]) <= set(needs)
        assert hook["require_serial"] is True


@pytest.mark.parametrize("name", FORMS)
def test_a_form_asks_for_what_is_needed(name: str) -> None:
    """Each form has a name, a description and its fields, each with a label."""
    form = read(f".github/ISSUE_TEMPLATE/{name}")
    assert {"name", "description", "body"} <= form.keys()
    assert {field["id"] for field in form["body"]} == FORMS[name]
    assert all(field["attributes"]["label"] for field in form["body"])


def test_a_pull_request_is_checked() -> None:
    """The workflow runs the style, the check beside the lines, and tells which answers change."""
    steps = " ".join(step.get("run", "") for step in read(".github/workflows/records.yml")["jobs"]["check"]["steps"])
    for command in ("format --check", "check --format github", "check --format sarif", "diff --questions"):
        assert f"imaging-survey {command}" in steps
