"""The process that loads the data once and forks workers from it: `python -m graph_service.engine.zygote`.

It has one thread, no event loop, and only one job at a time, so a fork is always clean and takes a few milliseconds.
It talks with its front over a socket of messages (file descriptor in argv), one JSON list each:

    front → zygote   ["fork"] with one end of a socket      ["end", pid]
    zygote → front   ["loaded", triples]  ["forked", pid]   ["ended", pid, signal, what it said]

Only the zygote kills workers, because only it knows that a process number still means the child it forked. When the
front is gone the socket closes, and the zygote takes its workers with it.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import signal
import socket
import sys
import traceback
from pathlib import Path

from pyoxigraph import Store

from graph_service.engine import worker
from graph_service.engine.frames import Limits

SAID_BYTES = 2_000
SPARE_FILES = 64
NICENESS = 5
"""Workers leave the processor to the front, which has little to do for each query but must do it at once."""

STACK_BYTES = 64 * 1024 * 1024
_PR_SET_PDEATHSIG = 1


def load(path: str) -> Store:
    """The store of a release: a file of quads or triples in memory, or a folder of an Oxigraph store, read only."""
    if Path(path).is_dir():
        return Store.read_only(path)
    store = Store()
    store.bulk_load(path=path)
    return store


def files_of(path: str) -> int:
    """How many files a worker over this data may have open after it is locked up: those of a store on disk, else none."""
    return len(os.listdir(path)) + SPARE_FILES if os.path.isdir(path) else 0  # noqa: PTH112, PTH208 - pathlib is not imported here: a worker starts in milliseconds


class Zygote:
    """The children of this process, by process number, each with the file that its standard error goes to."""

    def __init__(self, control: socket.socket, path: str, limits: Limits) -> None:
        self._control = control
        self._path = path
        self._limits = limits
        self._store = None if Path(path).is_dir() else load(path)
        self._said: dict[int, int] = {}

    def run(self) -> None:
        """Do as told until the front is gone."""
        gc.disable()  # a worker makes no cycles worth looking for, and looking would copy the pages that it shares
        self._tell("loaded", len(self._store) if self._store is not None else 0)
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._control, 4096, 1)
            if not message:
                break
            command, *arguments = json.loads(message)
            if command == "fork":
                self._fork(descriptors[0])
            elif command == "end":
                self._end(arguments[0])
        for pid in self._said:
            os.kill(pid, signal.SIGKILL)

    def _fork(self, descriptor: int) -> None:
        said = os.memfd_create("worker-stderr")
        pid = os.fork()
        if pid == 0:
            self._be_worker(descriptor, said)
        os.close(descriptor)
        self._said[pid] = said
        self._tell("forked", pid)

    def _be_worker(self, descriptor: int, said: int) -> None:
        try:
            _die_with_parent()
            os.nice(NICENESS)
            os.dup2(said, 2)
            os.dup2(descriptor, 3)
            os.closerange(4, 256)
            store = self._store if self._store is not None else load(self._path)
            worker.serve(3, 3, store, self._limits, files_of(self._path))
        finally:
            if sys.exc_info()[0] is not None:
                traceback.print_exc()
                sys.stderr.flush()
            os._exit(0)

    def _end(self, pid: int) -> None:
        """Kill a worker, or find out how it died."""
        if pid not in self._said:
            return
        os.kill(pid, signal.SIGKILL)  # a zombie until waited for, so the number cannot be another's
        _, status = os.waitpid(pid, 0)
        said = self._said.pop(pid)
        text = os.pread(said, SAID_BYTES, 0).decode("utf-8", "replace")
        os.close(said)
        self._tell("ended", pid, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, text)

    def _tell(self, *message: object) -> None:
        self._control.sendall(json.dumps(message).encode())


def _die_with_parent() -> None:
    """Have the kernel kill this worker when its zygote dies first."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """`zygote DESCRIPTOR LIMITS PATH`."""
    descriptor, limits, path = arguments
    for each in (signal.SIGINT, signal.SIGTERM):  # these reach the whole group or unit; the front decides when to end
        signal.signal(each, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES if hard < 0 else min(STACK_BYTES, hard), hard))
    control = socket.socket(fileno=int(descriptor))
    try:
        zygote = Zygote(control, path, Limits(*json.loads(limits)))
    except (OSError, SyntaxError) as error:
        control.sendall(json.dumps(["failed", f"{path}: {error}"]).encode())
        return
    try:
        zygote.run()
    except BrokenPipeError:
        return


if __name__ == "__main__":
    main(sys.argv[1:])
