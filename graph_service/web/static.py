"""Files of the pages: `/static/<name>.<hash>.<ending>` never changes and is kept, `/static/<name>` may change."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock

import brotli  # type: ignore[import-untyped]
from starlette.requests import Request
from starlette.responses import Response

from graph_service import formats
from graph_service.errors import NotFound

ROOT = Path(__file__).parent.parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
HASHED = re.compile(r"^(?P<stem>.+)\.(?P<hash>[0-9a-f]{12})(?P<ending>\.[a-z0-9]+)$")
CODINGS = ("br", "gzip")
FOREVER = "public, max-age=31536000, immutable"


def coding(request: Request) -> str | None:
    """The content coding that the client takes, the smallest first."""
    return formats.encoding(request.headers.get("accept-encoding", ""), CODINGS)


def compress(name: str, body: bytes, quality: int) -> bytes:
    """The body in a content coding; `quality` 1 to 9."""
    return brotli.compress(body, quality=quality) if name == "br" else gzip.compress(body, quality, mtime=0)


@lru_cache(maxsize=256)
def checksum(path: Path, changed: int) -> str:
    """Twelve digits that change with the file; `changed` is its time of change, so that an edited file is read anew."""
    return blake2b(path.read_bytes(), digest_size=6).hexdigest() if changed else ""


def address(name: str) -> str:
    """The address of a file that holds as long as its bytes do; raises `NotFound` for a file that does not exist."""
    path = _find(name)
    return f"/static/{name.removesuffix(path.suffix)}.{checksum(path, path.stat().st_mtime_ns)}{path.suffix}"


def exists(name: str) -> bool:
    try:
        return (ROOT / name).is_file()
    except (OSError, ValueError):  # too long, or with a NUL
        return False


def names() -> Iterator[str]:
    """The files that are always there; what comes from npm is left out."""
    yield from (str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("*")) if path.is_file())


def _find(name: str) -> Path:
    path = (ROOT / name).resolve() if exists(name) else ROOT
    if not path.is_relative_to(ROOT.resolve()) or path.suffix not in MEDIA_TYPES:
        raise NotFound(f"there is no file `{name}`.")
    return path


@dataclass
class Files:
    """The files with their compressed forms, each made when it is first asked for."""

    kept: dict[tuple[Path, str, str], bytes] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def response(self, request: Request, name: str) -> Response:
        match = HASHED.match(name)
        plain = match["stem"] + match["ending"] if match and not exists(name) else name
        path = _find(plain)
        digest = checksum(path, path.stat().st_mtime_ns)
        lasting = match is not None and match["hash"] == digest
        chosen = coding(request) if path.suffix not in {".png", ".woff2", ".ico"} else None
        headers = {
            "ETag": f'"{digest}{"-" + chosen if chosen else ""}"',
            "Cache-Control": FOREVER if lasting else "public, max-age=300",
            "Vary": "Accept-Encoding",
        }
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = path.read_bytes()
        if chosen:
            key = (path, digest, chosen)
            with self.lock:
                if key not in self.kept:
                    self.kept[key] = compress(chosen, body, 9 if len(body) < 10**6 else 6)
                body = self.kept[key]
            headers["Content-Encoding"] = chosen
        return Response(body, headers=headers, media_type=MEDIA_TYPES[path.suffix])
