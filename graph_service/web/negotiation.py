"""Which format a request gets: by suffix, by `?format=`, or by its Accept header."""

from __future__ import annotations

from fastapi import Request

from graph_service import formats
from graph_service.errors import BadParameter, NotAcceptable


def choose(request: Request, offered: tuple[formats.Format, ...], suffix: str | None = None) -> formats.Format:
    """The format of the answer; raises `BadParameter` for an unknown name and `NotAcceptable` when nothing fits."""
    named = suffix or request.query_params.get("format")
    if named:
        found = next((each for each in offered if each.name == named), None) or formats.by_suffix(named)
        if found not in offered:
            names = ", ".join(each.name for each in offered)
            raise BadParameter(f"`{named}` is no format of this answer; it comes as {names}.", parameter="format")
        assert found is not None
        return found
    chosen = formats.negotiate(request.headers.get("accept"), offered)
    if chosen is None:
        types = ", ".join(each.media_type for each in offered)
        raise NotAcceptable(f"this is available as {types}.", available=types.split(", "))
    return chosen
