"""Validators for what a release determines: strong ETag, Last-Modified by the release's date, 304 for who has it
already.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request, Response

from graph_service.service import Service
from graph_service.web.cache import etag, matches

EXPOSED = "Link, ETag, Content-Location, Location, Last-Modified, Server-Timing, RateLimit, X-Result-Truncated"
HOUR = "public, max-age=3600"
FOREVER = "public, max-age=31536000, immutable"


def common(vary: str = "Accept, Accept-Encoding, Origin") -> dict[str, str]:
    """Headers of every answer of ours: any page of any site may read it."""
    return {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": EXPOSED,
        "Vary": vary,
        "X-Content-Type-Options": "nosniff",
    }


def validators(service: Service, *parts: str, freshness: str = HOUR) -> dict[str, str]:
    """ETag, Last-Modified and Cache-Control of an answer that the release and these parts determine."""
    return {
        "ETag": f'"{etag(service.dataset.digest, *parts)}"',
        "Last-Modified": last_modified(service),
        "Cache-Control": freshness,
    }


def last_modified(service: Service) -> str:
    """The release's date as an HTTP date."""
    return http_date(service.dataset.date)


def http_date(day: str) -> str:
    """The beginning of a day as an HTTP date."""
    return format_datetime(datetime.fromisoformat(day).replace(tzinfo=UTC), usegmt=True)


def is_unchanged(request: Request, headers: dict[str, str]) -> bool:
    """Whether the client has this very answer (RFC 9110 §13.2.2: If-None-Match decides where it is given)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or matches(tags, {headers["ETag"].strip('"')}) is not None
    since = request.headers.get("if-modified-since")
    if since is None or "Last-Modified" not in headers:
        return False
    try:
        return parsedate_to_datetime(headers["Last-Modified"]) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


def respond(request: Request, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """The body with its headers, or 304."""
    if is_unchanged(request, headers):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=None, headers=headers | {"Content-Type": media_type})
