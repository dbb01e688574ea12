"""What is kept of answers stays within the bytes that are set, whatever strangers ask."""

from __future__ import annotations

import tracemalloc

from graph_service import formats
from graph_service.web.cache import AnswerCache, Kept
from graph_service.web.protocol import read_head, safe_host

MIB = 1024 * 1024


def test_long_lists_of_graphs_count() -> None:
    """A request can name a megabyte of graphs and ask nothing of them; its key weighs what it takes."""
    cache = AnswerCache(4 * MIB)
    tracemalloc.start()
    for i in range(60):
        cache.put(("ASK {}", f"urn:x:{i}:" + "é€" * 150_000, None, "json", "json", "ttl"), Kept("a/b", str(i), b"{}"))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 5 * MIB
    assert cache.bytes <= 4 * MIB


def test_small_answers_count_with_what_surrounds_them() -> None:
    """Ten thousand tiny answers take no more memory than is set."""
    cache = AnswerCache(2 * MIB)
    tracemalloc.start()
    for i in range(10_000):
        key = (f"ASK {{ FILTER({i} > 0) }}", None, None, "json", "json", "ttl")
        kept = Kept("application/json", f"{i:032}", b"x%d" % i)
        cache.put(key, kept)
        headers = [(bytes(8), b"%d" % i * 4) for _ in range(5)]
        kept.replays[""] = ({"type": "start", "status": 200, "headers": headers}, {"type": "body", "body": kept.body})
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 2.5 * MIB


def test_of_a_long_accept_header_only_the_beginning_is_read() -> None:
    """Its whole members within four thousand characters decide, also when it is repeated."""
    long = "text/csv;q=0.5, " + "a/b;q=0.1, " * 100_000 + "application/sparql-results+xml"
    assert formats.negotiate(long, formats.RESULTS) is formats.CSV
    head = read_head([(b"accept", b"text/csv"), *[(b"accept", b"a/b;q=0.1")] * 5_000])
    assert head.accept is not None
    assert len(head.accept) <= formats.LONGEST_ACCEPT
    assert formats.negotiate(head.accept, formats.RESULTS) is formats.CSV
    assert formats.negotiate("x" * 100_000, formats.RESULTS) is formats.JSON


def test_only_a_host_is_taken_for_one() -> None:
    """The Host header is copied into IRIs that are published, so what is none is replaced by the server's address."""
    scope = {"server": ("127.0.0.1", 80)}
    for host in ("example.org", "example.org:8000", "[::1]:80", "a_b-c.example", "127.0.0.1"):
        assert safe_host(host, scope) == host
    for host in ("", "[", "[::1", "x:y:z", "a b", "a@b", "a/b", "<x>", "a:123456", ":80", "é.example", "a\n"):
        assert safe_host(host, scope) == "127.0.0.1:80"
