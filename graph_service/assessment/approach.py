"""How one gets at the data: at once or by application, and what has to be signed by whom."""

from __future__ import annotations

from collections.abc import Iterable

from graph_service.assessment.case import Case, Verdict, values, when
from graph_service.derived import Observation, newest

DIRECT, SIGNED = "permitted-use/direct-download", "permitted-use/signed-agreement"
STEP = ("accessStep", *(f"step{number}" for number in range(1, 10)))
GONE = {"status/retired", "status/offline", "status/merged"}
ACCESS = {
    "access/open": ("yes", "no"),
    "access/registered": ("conditional", "no"),
    "access/agreement": ("conditional", "no"),
    "access/mixed": ("conditional", "conditional"),
    "access/credentialed": ("no", "yes"),
    "access/controlled": ("no", ""),
    "access/closed": ("no", ""),
    "access/embargoed": ("no", ""),
    "access/metadata-only": ("no", ""),
    "access/paid": ("no", ""),
    "access/view-only": ("no", ""),
}
"""Whether data can be had at once and whether something is signed; a narrower class answers like the one above it."""
FREE = {
    "access-step/cite",
    "access-step/client-software",
    "access-step/data-selection",
    "access-step/download",
    "access-step/none",
    "access-step/preliminary-analysis",
    "access-step/report",
}
FOR_ALL = {
    "access-step/accept-terms",
    "access-step/account",
    "access-step/contact-details",
    "access-step/e-mail-confirmation",
    "access-step/third-party-login",
}
"""Steps that everybody can take; behind a step of neither set somebody decides or checks."""
BOUND = "permitted-use/institutional-agreement"
SIGNATURES = {
    "access-step/data-use-agreement": "the user signs a data use agreement",
    "access-step/contract-negotiation": "the institutions of both sides sign a contract that they negotiate",
    "access-step/institutional-signature": "an officer who can bind the user's institution signs",
    "access-step/fax-form": "the user signs a form and sends it by fax",
    "access/credentialed": "the user signs an agreement, and identity or training is checked",
    BOUND: "the user's institution has to be bound by the terms",
}
MIXED = "access/mixed"
CLICKS = {"access/agreement", "access-step/accept-terms"}
CONTRACT = "license/data-use-agreement"


def approach(case: Case) -> tuple[tuple[Observation, ...], set[str], set[str]]:
    """The observations that say how the data are reached now, the access classes in them, and the steps.

    Where class and steps exclude each other, the newer of both counts.
    """
    seen = list({one.name: one for one in case.latest("access") + case.latest(*STEP)}.values())
    if MIXED not in values(seen, "access") and {"yes", "no"} <= at_once(case, seen):
        seen = newest(seen)
    return tuple(seen), values(seen, "access"), values(seen, *STEP)


def at_once(case: Case, seen: Iterable[Observation]) -> set[str]:
    """What access classes and steps say of fetching the data at once."""
    found, _ = answers(case, values(seen, "access"))
    steps = values(seen, *STEP)
    if steps:
        found.add("no" if steps - FREE - FOR_ALL else "conditional" if steps & FOR_ALL else "yes")
    return found


def described(case: Case) -> str:
    """How the data are reached, as the end of a sentence; empty where nothing is known."""
    seen, classes, steps = approach(case)
    said = [f"access is {case.words.listed(classes)}"] if classes else []
    if steps == {"access-step/none"}:
        said.append("no step is asked for")
    elif steps:
        said.append(f"the recorded {'step is' if len(steps) == 1 else 'steps are'} {case.words.listed(steps)}")
    return f": {', and '.join(said)} {when(seen)}" if said else ""


def answers(case: Case, classes: set[str]) -> tuple[set[str], set[str]]:
    """What the access classes say of fetching at once, and of signing."""
    found = [next((ACCESS[each] for each in case.words.wider(one) if each in ACCESS), ("", "")) for one in classes]
    return {answer for answer, _ in found if answer}, {answer for _, answer in found}


def direct(case: Case) -> Verdict:
    """Whether the data can be had at once, without an application."""
    over = [seen for seen in case.latest("status") if values(seen, "status") & GONE]
    if over:
        status = case.words.listed(values(over, "status") & GONE)
        return Verdict("no", f"Nothing can be had here any more: the status is {status} {when(over)}.", tuple(over))
    shut = [seen for seen in case.latest("downloadPossible") if "false" in values(seen, "downloadPossible")]
    if shut:
        return Verdict("no", f"The images cannot be downloaded {when(shut)}.", tuple(shut))
    seen, classes, _ = approach(case)
    found = at_once(case, seen)
    if not found:
        return Verdict("unknown", f"How the data are reached is not recorded{described(case)}.", seen)
    if MIXED in classes or {"yes", "no"} <= found:
        answer, lead = "conditional", "It differs between parts of the data, or between sources"
    elif "no" in found:
        answer, lead = "no", "The data cannot be had at once"
    elif "conditional" in found:
        answer, lead = "conditional", "Nobody decides on the person, but something comes before the download"
    else:
        answer, lead = "yes", "No application is needed"
    return Verdict(answer, f"{lead}{described(case)}.", seen)


def signed(case: Case) -> Verdict:
    """Whether an agreement has to be signed, and what by whom."""
    seen, classes, steps = approach(case)
    bound = newest([one for one in case.seen if BOUND in values(one, "requires")])
    contract = [one for one in case.latest("license") if contracts(case, one)]
    signatures = sorted((classes | steps | ({BOUND} if bound else set())) & SIGNATURES.keys())
    _, found = answers(case, classes)
    decided = steps - FREE - FOR_ALL
    if signatures:
        rests = tuple({one.name: one for one in [*seen, *bound]}.values())
        who = ", and ".join(SIGNATURES[each] for each in signatures)
        known = described(case) or f" {when(bound)}"
        if classes & {MIXED, "access/open"}:
            return Verdict("conditional", f"For a part of the data, or according to one source, {who}{known}.", rests)
        return Verdict("yes", f"{who[0].upper()}{who[1:]}{known}.", rests)
    if not decided and (found == {"no"} or (steps and not classes)):
        click = (
            ", terms are only accepted" if "access/agreement" in classes or "access-step/accept-terms" in steps else ""
        )
        return Verdict("no", f"Nothing has to be signed{click}{described(case)}.", seen)
    if contract:
        names = case.words.listed({name for one in contract for name in contracts(case, one)})
        reason = f"The terms {names} are a contract, to be signed or accepted: which of both is not recorded"
        return Verdict("conditional", f"{reason} {when(contract)}.", tuple(contract))
    if "no" in found and not found <= {"no"}:
        return Verdict(
            "conditional", f"Nothing for a part of the data, for the rest it is not recorded{described(case)}.", seen
        )
    return Verdict("unknown", f"Whether something has to be signed is not recorded{described(case)}.", seen)


def contracts(case: Case, seen: Observation) -> set[str]:
    """The licenses in an observation that are contracts."""
    return {each for each in values(seen, "license") if CONTRACT in case.words.wider(each)}
