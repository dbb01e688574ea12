"""Tests of how the modules hang together: downwards only, without a circle, and without work when they are imported."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "graph_service"
LAYERS: tuple[tuple[str, frozenset[str]], ...] = (
    ("names and limits", frozenset({"errors", "terms", "settings", "problems"})),
    ("texts", frozenset({"formats", "records", "queries", "turtle", "style", "writing", "triples"})),
    (
        "data",
        frozenset(
            {
                "survey",
                "shacl",
                "validation",
                "derived",
                "assessment",
                "graph",
                "release",
                "formatting",
                "leftovers",
                "tables",
            }
        ),
    ),
    ("engine", frozenset({"engine"})),
    ("knowledge", frozenset({"service", "dataset", "importers", "engine.pushing"})),
    ("web", frozenset({"web"})),
    ("app", frozenset({"app"})),
    ("command", frozenset({"cli", "running", "curation", "upkeep", "agent", "importers.command"})),
)
"""From the lowest to the highest. A module not named here belongs to `knowledge`: above data and engine, below web."""

PLACES = {name: place for place, (_, names) in enumerate(LAYERS) for name in names}
OTHERS = [label for label, _ in LAYERS].index("knowledge")


def modules() -> dict[str, Path]:
    """Each module of the package by its name within it; the package's own root is left out."""
    paths = (path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE / "data")
    named = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path for path in paths
    }
    return {name: path for name, path in named.items() if name != "__init__"}


def imported(tree: ast.AST, known: dict[str, Path], within: bool = True) -> Iterator[str]:
    """The modules of the package that a module imports, types aside; with `within`, also inside its functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if not within and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "graph_service":
            base = (node.module or "").removeprefix("graph_service").lstrip(".")
            for alias in node.names:
                name = f"{base}.{alias.name}".lstrip(".")
                if name in known or base in known:
                    yield name if name in known else base
        yield from imported(node, known, within)


def uses(within: bool = True) -> dict[str, set[str]]:
    """Each module with the modules that it imports."""
    known = modules()
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in known.items()}
    return {name: set(imported(tree, known, within)) - {name} for name, tree in trees.items()}


def layer(name: str) -> int:
    """The place of a module's layer."""
    return PLACES.get(name, PLACES.get(name.split(".")[0], OTHERS))


def test_imports_go_downwards() -> None:
    """A module imports from its own layer and from those below it."""
    wrong = [
        f"{name} ({LAYERS[layer(name)][0]}) imports {other} ({LAYERS[layer(other)][0]})"
        for name, others in uses().items()
        for other in others
        if layer(other) > layer(name)
    ]
    assert wrong == []


def test_the_engine_knows_nothing_of_the_survey() -> None:
    """The engine runs SPARQL over quads: of the rest it uses names, limits and texts, and nothing of the data."""
    allowed = LAYERS[0][1] | LAYERS[1][1]
    wrong = [
        (name, other)
        for name, others in uses().items()
        if name.split(".")[0] == "engine" and layer(name) == PLACES["engine"]
        for other in others
        if other.split(".")[0] != "engine" and other not in allowed
    ]
    assert wrong == []


def test_there_is_no_circle() -> None:
    """From no module does a chain of imports at the top of modules lead back to it."""
    graph = uses(within=False)
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " → ".join((*above[above.index(name) :], name))
        if name not in done:
            for other in sorted(graph.get(name, ())):
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_only_the_command_imports_the_app() -> None:
    """`create_app` is the one composition: nothing but the command composes it."""
    assert {name for name, others in uses().items() if "app" in others} == {"running"}


def test_what_exists_is_named_once() -> None:
    """No module is in two layers, and every layer's modules are there."""
    names = [name for _, group in LAYERS for name in group]
    assert len(names) == len(set(names))
    assert set(names) <= set(modules())


WATCH = """
import importlib, json, sys
seen = []
root = sys.argv[1]
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(root):
        if not arguments[0].endswith((".py", ".pyc")) and ".pyc." not in arguments[0]:
            seen.append(["open", arguments[0]])
    elif event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.fork", "os.exec", "os.system"):
        seen.append([event, repr(arguments)])
sys.addaudithook(hook)
before = __import__("threading").active_count()
for name in json.loads(sys.argv[2]):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name.startswith("graph_service"):
            raise  # else it is a package that only some importers need
if __import__("threading").active_count() != before:
    seen.append(["thread", ""])
print(json.dumps(seen))
"""


def test_importing_does_no_work() -> None:
    """Importing every module opens no file of data, no connection, no process and no thread, and prints nothing."""
    names = [f"graph_service.{name}" for name in modules()]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WATCH, str(PACKAGE.parent), json.dumps(names)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    assert done.returncode == 0, done.stderr
    # What an installed package reads of itself while it is imported is its own affair.
    assert [each for each in json.loads(done.stdout) if "site-packages" not in str(each)] == []
    assert done.stderr == ""


def test_every_module_says_what_it_is_for() -> None:
    """Each module opens with a docstring."""
    silent = [
        name for name, path in modules().items() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_the_plan_lists_every_module() -> None:
    """ARCHITECTURE.md has a row for each module, with the first words of the module itself."""
    plan = (PACKAGE.parent / "ARCHITECTURE.md").read_text(encoding="utf-8")
    missing = []
    for name, path in modules().items():
        shown = f"{path.parent.name}/" if path.name == "__init__.py" else path.name
        first = " ".join(
            (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0].split()
        )
        if f"| `{shown}` | {first} |" not in plan:
            missing.append(name)
    assert missing == []
