"""Folders that a killed build left behind: hidden, never read, and removed by the next build.

A build holds a lock on its folder; the kernel gives it up when the process dies, however it dies.
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
