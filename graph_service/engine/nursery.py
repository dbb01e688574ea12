"""Where workers come from and how they end: forked from a zygote, or spawned where a platform cannot fork.

A nursery gives birth to worker processes, each on one end of a byte stream, and tells how one died.
"""

from __future__ import annotations

import asyncio
import ctypes.util
import json
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from graph_service.engine.frames import Limits
from graph_service.errors import DataError

START_SECONDS = 600.0
"""How long the data may take to load: ten million triples take 40 s."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended: the signal that killed it (0 for none) and what it wrote to its standard error."""

    signal: int
    said: str = ""


class Stream(Protocol):
    """The front's end of a worker's byte stream: what asyncio calls a transport."""

    def write(self, data: bytes) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def abort(self) -> None: ...


class Nursery(Protocol):
    """Gives birth to workers."""

    kind: str

    @property
    def is_running(self) -> bool:
        """Whether workers can be born."""

    def begin(self) -> None:
        """Start to load the data, if that can be done beside other work; `start` then waits for the rest."""

    async def start(self) -> None:
        """Load the data. Raises `DataError` when it cannot be loaded."""

    async def bear(self, protocol: Callable[[], asyncio.Protocol]) -> int:
        """A new worker, connected to a new protocol; its process number."""

    async def end(self, pid: int) -> Death:
        """Kill the worker if it still lives; how it ended."""

    async def stop(self) -> None:
        """End all workers and free the data."""


def choose(path: Path, limits: Limits, isolation: str) -> Nursery:
    """The best nursery for this platform, or the one asked for: `fork`, `spawn` or `auto`."""
    if isolation == "fork" or (isolation == "auto" and sys.platform == "linux"):
        return ForkNursery(path, limits)
    return SpawnNursery(path, limits)


def environment() -> dict[str, str]:
    """Our own environment, with the allocator, our own search path, and without backtraces."""
    ours = {"PYTHONPATH": os.pathsep.join(each for each in sys.path if each), "RUST_BACKTRACE": "0"}
    return allocator() | os.environ | ours


@cache
def allocator() -> dict[str, str]:
    """What has a process allocate memory by jemalloc, with huge pages, where that is installed (Debian: libjemalloc2).

    With the C library's allocator the engine spends a fifth of its time allocating. Looking for it starts a process.
    """
    found = ctypes.util.find_library("jemalloc") if sys.platform == "linux" else None
    return {"LD_PRELOAD": found, "MALLOC_CONF": "thp:always"} if found else {}


class ForkNursery:
    """Workers forked from a zygote that holds the data: born in milliseconds, sharing its memory."""

    kind = "fork"

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._begun: socket.socket | None = None
        self._control: socket.socket | None = None
        self._loaded: asyncio.Future[None] | None = None
        self._births: deque[asyncio.Future[int]] = deque()
        self._deaths: dict[int, asyncio.Future[Death]] = {}

    @property
    def is_running(self) -> bool:
        """Whether the zygote lives, as far as we know."""
        return self._control is not None

    def begin(self) -> None:
        """Spawn the zygote."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "graph_service.engine.zygote", str(theirs.fileno())]
            self._process = subprocess.Popen(  # noqa: S603 -- our own module
                [*command, self._limits.packed(), str(self._path)],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=environment(),
            )
        self._begun = ours

    async def start(self) -> None:
        """Wait until the zygote has loaded the data; a new one, unless one was just begun."""
        self._close()
        if self._begun is None:
            self.begin()
        assert self._begun is not None
        self._control, self._begun = self._begun, None
        loop = asyncio.get_running_loop()
        self._loaded = loop.create_future()
        loop.add_reader(self._control.fileno(), self._listen)
        await asyncio.wait_for(self._loaded, START_SECONDS)

    async def bear(self, protocol: Callable[[], asyncio.Protocol]) -> int:
        """A forked worker."""
        if self._control is None:
            raise ConnectionError("the zygote is gone")
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b'["fork"]'], [theirs.fileno()])
        loop = asyncio.get_running_loop()
        birth: asyncio.Future[int] = loop.create_future()
        self._births.append(birth)
        try:
            pid = await birth
            await loop.create_unix_connection(protocol, sock=ours)
        except BaseException:
            ours.close()
            raise
        return pid

    async def end(self, pid: int) -> Death:
        """Have the zygote kill and bury a worker."""
        if self._control is None:
            return Death(0, "the zygote is gone")
        if pid not in self._deaths:
            self._deaths[pid] = asyncio.get_running_loop().create_future()
            self._control.sendall(json.dumps(["end", pid]).encode())
        return await self._deaths[pid]

    async def stop(self) -> None:
        """Close the zygote's socket: it kills its workers and ends."""
        process = self._process
        self._close()
        if process is not None:
            await asyncio.get_running_loop().run_in_executor(None, process.wait)

    def _listen(self) -> None:
        assert self._control is not None
        try:
            message = self._control.recv(65_536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except ConnectionError:
            message = b""
        if not message:
            self._close()
            return
        what, *rest = json.loads(message)
        if what == "forked":
            birth = self._births.popleft()
            if not birth.done():
                birth.set_result(rest[0])
        elif what == "ended":
            death = self._deaths.pop(rest[0])
            if not death.done():
                death.set_result(Death(rest[1], rest[2]))
        elif self._loaded is not None and not self._loaded.done():
            if what == "loaded":
                self._loaded.set_result(None)
            else:
                self._loaded.set_exception(DataError(f"The data cannot be loaded: {rest[0]}"))

    def _close(self) -> None:
        """Forget the zygote; everybody who waits for it is told."""
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
            self._control = None
        if self._loaded is not None and not self._loaded.done():
            self._loaded.set_exception(DataError("The process that loads the data died."))
        while self._births:
            birth = self._births.popleft()
            if not birth.done():
                birth.set_exception(ConnectionError("the zygote is gone"))
        for death in self._deaths.values():
            if not death.done():
                death.set_result(Death(0, "the zygote is gone"))
        self._deaths.clear()
        if self._process is not None:
            self._process.poll()


class SpawnNursery:
    """Workers spawned one by one, each loading the data itself: slower to replace, but killable on any platform."""

    kind = "spawn"

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._children: dict[int, _Child] = {}

    @property
    def is_running(self) -> bool:
        """Always: there is nothing that could be lost."""
        return True

    def begin(self) -> None:
        """Nothing: each worker loads the data."""

    async def start(self) -> None:
        """Nothing to load, but the data must be there."""
        if not self._path.exists():
            raise DataError(f"The data cannot be loaded: {self._path} does not exist.")

    async def bear(self, protocol: Callable[[], asyncio.Protocol]) -> int:
        """A spawned worker that has loaded the data."""
        command = [sys.executable, "-m", "graph_service.engine.worker", self._limits.packed(), str(self._path)]
        loop = asyncio.get_running_loop()
        _, child = await loop.subprocess_exec(lambda: _Child(protocol()), *command, env=environment())
        await asyncio.wait_for(child.loaded, START_SECONDS)
        self._children[child.pid] = child
        return child.pid

    async def end(self, pid: int) -> Death:
        """Kill a worker and wait until it is gone."""
        child = self._children.pop(pid, None)
        if child is None:
            return Death(0)
        child.abort()
        await child.gone
        child.process.close()
        await asyncio.sleep(0)  # for its pipes to be closed
        return Death(max(-(child.process.get_returncode() or 0), 0), child.said)

    async def stop(self) -> None:
        """End all workers."""
        for pid in list(self._children):
            await self.end(pid)


class _Child(asyncio.SubprocessProtocol):
    """A spawned worker's pipes, made to look like one byte stream."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        loop = asyncio.get_running_loop()
        self._protocol = protocol
        self.loaded: asyncio.Future[None] = loop.create_future()
        self.gone: asyncio.Future[None] = loop.create_future()
        self.said = ""

    def connection_made(self, transport: Any) -> None:
        self.process: asyncio.SubprocessTransport = transport
        self.pid: int = transport.get_pid()
        self._input: Any = transport.get_pipe_transport(0)
        self._output: Any = transport.get_pipe_transport(1)
        self._protocol.connection_made(self)  # type: ignore[arg-type]

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self.said = (self.said + data.decode("utf-8", "replace"))[:2_000]
        elif not self.loaded.done():
            self.loaded.set_result(None)
            if data[1:]:
                self._protocol.data_received(data[1:])
        else:
            self._protocol.data_received(data)

    def process_exited(self) -> None:
        if not self.loaded.done():
            self.loaded.set_exception(DataError(f"A worker could not load the data: {self.said}"))
        if not self.gone.done():
            self.gone.set_result(None)
        self._protocol.connection_lost(None)

    def write(self, data: bytes) -> None:
        self._input.write(data)

    def pause_reading(self) -> None:
        self._output.pause_reading()

    def resume_reading(self) -> None:
        self._output.resume_reading()

    def abort(self) -> None:
        if self.process.get_returncode() is None:
            self.process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
