"""Fetch a release and verify it: `python -m graph_service.fetching SOURCE --to FOLDER [--sums-sha256 HEX]`.

SOURCE is a folder or an http(s) address that holds `SHA256SUMS` and the files that it names, as a release does (an
object store's bucket, for instance). Every file is checked against it, and it against the checksum where one is given. The
release appears in FOLDER, and `FOLDER/current` points to it, only when all of it is there and right.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from graph_service import leftovers

BLOCK = 1024 * 1024


class Wrong(Exception):
    """Something that is not as it should be, to be told to whoever deploys."""


def opener(source: str) -> Callable[[str], BinaryIO]:
    """What opens a file of the release by its name."""
    if source.startswith(("http://", "https://")):
        base = source.rstrip("/")
        return lambda name: urllib.request.urlopen(f"{base}/{quote(name)}", timeout=60)  # noqa: S310
    folder = Path(source)
    return lambda name: (folder / name).open("rb")


def checksums(text: str) -> dict[str, str]:
    """The files of a `SHA256SUMS` with their checksums; a name that leads out of the release is refused."""
    found = {}
    for line in text.splitlines():
        checksum, _, name = line.partition("  ")
        if not name or name.startswith("/") or ".." in Path(name).parts or len(checksum) != 64:
            raise Wrong(f"SHA256SUMS has the line {line!r}")
        found[name] = checksum
    return found


def copy(source: BinaryIO, target: Path, wanted: str) -> None:
    """A file, checked while it is copied."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("wb") as file:
        while block := source.read(BLOCK):
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != wanted:
        raise Wrong(f"{target.name} has the checksum {digest.hexdigest()} and not {wanted}")


def fetch(source: str, output: Path, sums_sha256: str = "") -> Path:
    """The folder of the release below `output`. Raises `Wrong`, and `OSError` for what cannot be read."""
    open_file = opener(source)
    with open_file("SHA256SUMS") as file:
        sums = file.read()
    found = hashlib.sha256(sums).hexdigest()
    if sums_sha256 and found != sums_sha256.lower():
        raise Wrong(f"SHA256SUMS has the checksum {found} and not {sums_sha256}")
    files = checksums(sums.decode("utf-8"))
    if "manifest.json" not in files:
        raise Wrong("SHA256SUMS names no manifest.json, so this is no release")
    final = output / f"release-{found[:16]}"
    output.mkdir(parents=True, exist_ok=True)
    if not final.exists():
        folder = Path(tempfile.mkdtemp(prefix=".fetching-", dir=output))
        try:
            for name, wanted in files.items():
                with open_file(name) as file:
                    copy(file, folder / name, wanted)
            (folder / "SHA256SUMS").write_bytes(sums)
            folder.chmod(0o755)
            folder.rename(final)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    leftovers.point(output, final)
    return final


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Fetch a release and verify it.")
    parser.add_argument("source", help="folder or http(s) address of a release")
    parser.add_argument("--to", type=Path, required=True, help="folder that holds releases")
    parser.add_argument("--sums-sha256", default="", help="checksum that SHA256SUMS must have")
    given = parser.parse_args()
    try:
        folder = fetch(given.source, given.to, given.sums_sha256)
    except (Wrong, OSError) as error:
        print(f"{given.source}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(folder)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
