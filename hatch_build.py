"""Gets what the pages take from npm into `graph_service/static/vendor/`, pinned with integrity by `package-lock.json`.

Run by hatchling when a wheel is built, and by `make vendor`. Without npm the pages work too: the editor is then a plain
form, and `/docs` has no Swagger UI.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent
VENDOR = ROOT / "graph_service" / "static" / "vendor"
FILES = {
    "@zazuko/yasqe/build/yasqe.min.js": "yasqe.min.js",
    "@zazuko/yasqe/build/yasqe.min.css": "yasqe.min.css",
    "codemirror/LICENSE": "codemirror-license.txt",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/LICENSE": "swagger-ui-license.txt",
}
"""Files of packages with the names that they get."""


def fetch() -> None:
    """Fills the folder from npm, unless it is newer than the lock file."""
    lock = ROOT / "package-lock.json"
    if all(
        (VENDOR / name).is_file() and (VENDOR / name).stat().st_mtime >= lock.stat().st_mtime for name in FILES.values()
    ):
        return
    npm = shutil.which("npm")
    if npm is None:
        print("npm is missing; the pages go without the SPARQL editor and Swagger UI.", file=sys.stderr)  # noqa: T201
        return
    subprocess.run(  # noqa: S603 (npm as found on the path)
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=ROOT, check=True
    )
    VENDOR.mkdir(exist_ok=True)
    for source, name in FILES.items():
        shutil.copyfile(ROOT / "node_modules" / source, VENDOR / name)


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, where hatchling is not needed
    pass
else:

    class VendorHook(BuildHookInterface[Any]):
        """Fills the folder before a wheel is packed; an editable installation does without."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
            if version == "standard":
                fetch()


if __name__ == "__main__":
    fetch()
