"""The findings on an endpoint, told to a person or a program."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.console import Console

from graph_service import doctor
from graph_service.doctor.examination import Finding

SIGNS = {
    "ok": ("ok", "green"),
    "fix": ("FIX", "bold red"),
    "advice": ("advice", "yellow"),
    "skipped": ("skipped", "dim"),
}


def tell(url: str, seconds: float, console: Console, as_json: bool = False) -> int:
    """Prints the findings; the number is 0 when there is nothing to fix and 1 otherwise."""
    found: list[Finding] = []
    topic = ""
    for finding in doctor.examine(url, seconds):
        found.append(finding)
        if as_json:
            continue
        if finding.topic != topic:
            topic = finding.topic
            console.print(f"\n[bold]{topic}[/]")
        sign, style = SIGNS[finding.state]
        console.print(f"  [{style}]{sign:8}[/]", end="")
        console.print(f"{finding.name}: {finding.said}", markup=False)
        if finding.state in {"fix", "advice"}:
            console.print(f"          → {finding.fix}", markup=False)
    if as_json:
        console.out(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False), highlight=False)
    else:
        counts = {state: sum(each.state == state for each in found) for state in SIGNS}
        console.print("\n" + ", ".join(f"{number} {SIGNS[state][0]}" for state, number in counts.items()) + ".")
    return int(any(each.state == "fix" for each in found))
