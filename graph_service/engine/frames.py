"""What the front and a worker say to each other over their socket.

To the worker: a length and a JSON list (`Task`). From the worker: frames of a kind, a length and a payload.

    H  head     what kind of answer follows and in which format; at most once, before the first part
    P  part     bytes of the answer
    E  end      the answer is whole; microseconds spent, and whether the worker retires now
    F  failure  JSON list [code, message, extra]; after a part it means that the answer is broken

Nothing is ever unpickled: a worker is not trusted.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import NamedTuple

HEADER = struct.Struct("<cI")
LENGTH = struct.Struct("<I")
END = struct.Struct("<I?")
PART_BYTES = 65_536
_ENCODER = json.JSONEncoder(ensure_ascii=False)

HEAD_FRAME, PART_FRAME, END_FRAME, FAILURE_FRAME = b"H", b"P", b"E", b"F"


class Task(NamedTuple):
    """One query for a worker. A format is a name in `formats`, or empty when that kind of answer is not acceptable.

    `is_examined` says that the guard has made the query safe already, `has_dataset` that it was seen to have FROM.
    """

    query: str
    results: str = "json"
    booleans: str = "json"
    graphs: str = "ttl"
    default_graphs: list[str] | None = None
    named_graphs: list[str] | None = None
    is_examined: bool = False
    has_dataset: bool = False

    def packed(self) -> bytes:
        """As sent."""
        body = _ENCODER.encode(self).encode("utf-8", "surrogatepass")
        return LENGTH.pack(len(body)) + body


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use for one query; sizes in bytes, 0 for no limit."""

    memory: int
    rows: int
    bytes: int
    nesting: int
    chain: int

    def packed(self) -> str:
        """As passed on the command line of a zygote."""
        return json.dumps([self.memory, self.rows, self.bytes, self.nesting, self.chain])


def frame(kind: bytes, payload: bytes) -> bytes:
    """One frame, ready to be written."""
    return HEADER.pack(kind, len(payload)) + payload
