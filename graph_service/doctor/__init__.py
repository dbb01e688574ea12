"""Checks any SPARQL endpoint against the conventions that its users' tools rely on, and says what to fix.

The conventions are those of the SPARQL 1.1 Protocol and Service Description, of VoID, of SIB's example queries, of
YummyData (Umaka), of FAIR Signposting and of cool URIs. Every check stands alone: one that cannot be made is told as
skipped.
"""

from __future__ import annotations

from collections.abc import Iterator

from graph_service.doctor import description, linked, protocol
from graph_service.doctor.examination import Finding, Patient

CHECKS = (*protocol.CHECKS, *description.CHECKS, *linked.CHECKS)


def examine(url: str, seconds: float = 20.0) -> Iterator[Finding]:
    """The findings on an endpoint, given by its own address or by that of its site, one by one."""
    patient = Patient.at(url, seconds)
    for check in CHECKS:
        yield check(patient)
