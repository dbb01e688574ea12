"""No connections and no other programs for this process from now on, whatever it is made to run (Linux, seccomp).

A worker over a store on disk has to open the engine's files as it goes, so it cannot do without file descriptors as the
others do. This lock takes the system calls themselves away instead: they fail with EPERM, in all threads, for good.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

_NO_NEW_PRIVILEGES = 38
_FILTER, _ALL_THREADS = 1, 1
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_X32 = 0x40000000
_MACHINES: dict[str, tuple[int, int, tuple[int, ...]]] = {
    # architecture, number of seccomp(2), numbers of socket, socketpair, connect, execve, execveat, io_uring_setup
    "x86_64": (0xC000003E, 317, (41, 53, 42, 59, 322, 425)),
    "aarch64": (0xC00000B7, 277, (198, 199, 203, 221, 281, 425)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def is_possible() -> bool:
    """Whether this machine is one whose system calls are known here."""
    return platform.system() == "Linux" and platform.machine() in _MACHINES


def confine() -> None:
    """Take the calls away. Raises `OSError` where the kernel does not allow that."""
    architecture, seccomp, refused = _MACHINES[platform.machine()]
    code = _instructions(architecture, refused)
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.syscall(
        seccomp, _FILTER, _ALL_THREADS, ctypes.byref(program)
    ):
        number = ctypes.get_errno()
        raise OSError(number, f"the process cannot be confined: {os.strerror(number)}")


def _instructions(architecture: int, refused: tuple[int, ...]) -> bytes:
    """The filter: calls of another architecture and those listed are refused, all others allowed."""

    def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_true, if_false, value)

    last = len(refused)
    steps = [
        instruction(_LOAD, 4),  # offset of the architecture in struct seccomp_data
        instruction(_EQUAL, architecture, 0, last + 3),
        instruction(_LOAD, 0),  # offset of the number of the call
        instruction(_AT_LEAST, _X32, last + 1, 0),
        *(instruction(_EQUAL, number, last - place, 0) for place, number in enumerate(refused)),
        instruction(_RETURN, _ALLOW),
        instruction(_RETURN, _REFUSE),
    ]
    return b"".join(steps)
