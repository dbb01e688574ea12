"""Folders of releases: the one in the making, what a killed build left behind, and the one that is current.

A build works in a hidden folder that is never read and holds a lock on it, which the kernel gives up when the process
dies, however it dies; the next build removes such folders.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path

PREFIX = ".building-"


def claim(folder: Path) -> int:
    """A descriptor that keeps the folder from being swept for as long as it is open."""
    descriptor = os.open(folder, os.O_RDONLY)
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def point(output: Path, folder: Path) -> None:
    """Makes a folder below `output` the current one, in one step."""
    link = output / f".current-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.replace(output / "current")


def sweep(output: Path) -> list[Path]:
    """Removes the folders below `output` that nobody builds in any more; which they were."""
    if sys.platform == "win32":
        return []
    import fcntl

    swept = []
    for folder in sorted(output.glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
                swept.append(folder)
            finally:
                os.close(descriptor)
    return swept
