"""What may be done with the data and whether credit is owed: by statements on the use itself, and by the license."""

from __future__ import annotations

from graph_service.assessment.approach import signed
from graph_service.assessment.case import Case, Verdict, values, when
from graph_service.derived import Observation, newest

ATTRIBUTION = "permitted-use/attribution"
COMMERCIAL, DERIVATIVES, REDISTRIBUTION = (
    f"permitted-use/{name}" for name in ("commercial-use", "derivatives", "redistribution")
)
ACTS = (COMMERCIAL, DERIVATIVES, REDISTRIBUTION)
LIMITS = {
    "permitted-use/containment": REDISTRIBUTION,
    "permitted-use/no-redistribution": REDISTRIBUTION,
    "permitted-use/non-commercial": COMMERCIAL,
    "permitted-use/platform-only": REDISTRIBUTION,
    "permitted-use/summary-export-only": REDISTRIBUTION,
}
"""A required limit, with the act that it rules out."""
MIXED, NO_TEXT, SHARE_ALIKE = "license/mixed", "license/not-stated", "permitted-use/share-alike"
MEANS = {
    ("yes", False): "permitted by license",
    ("no", False): "excluded by license",
    ("yes", True): "asked for by license",
    ("no", True): "not asked for by license",
    ("", False): "left open by what is recorded of",
    ("", True): "left open by what is recorded of",
}
SAID = {
    "yes": "allow it",
    "no": "exclude it",
    "permission": "ask for written permission",
    "somewhere": "ask for written permission, without a typed statement for which use",
    "company": "let companies use the data, without a word on products and services",
}


def says(case: Case, seen: Observation, use: str) -> set[str]:
    """What one observation says of an act, apart from its license: keys of `SAID`."""
    permits, forbids, requires = (values(seen, name) for name in ("permits", "forbids", "requires"))
    limits = {wider for each in requires for wider in case.words.wider(each)}
    said = {"yes"} if permits & {use, "permitted-use/no-restriction"} else set()
    if use in forbids | {LIMITS[limit] for limit in limits & LIMITS.keys()}:
        said.add("no")
    if "permitted-use/written-permission" in requires and (said or not (permits | forbids) & set(ACTS)):
        return {"permission" if said else "somewhere"}
    if use == COMMERCIAL and not said and "permitted-use/profit-company-use" in permits:
        return {"company"}
    return said


def act(case: Case, use: str) -> Verdict:
    """Whether an act is allowed."""
    stating = [seen for seen in case.seen if says(case, seen, use)]
    licensed = case.latest("license")
    by_license = licensing(case, use, licensed)
    now = {seen.name for seen in newest([*stating, *licensed])}
    deciding = [seen for seen in stating if seen.name in now]
    if not deciding and by_license.answer == "unknown":
        deciding = newest(stating)
    name = case.words.labels.get(use, use).lower()
    if not deciding:
        return by_license
    said = sorted({each for seen in deciding for each in says(case, seen, use)}, reverse=True)
    answer = said[0] if said in (["yes"], ["no"]) else "conditional"
    terms = "the terms of use" if len(said) == 1 else "statements of the same age disagree, they"
    reason = f"{name[0].upper()}{name[1:]}: {terms} {' and '.join(SAID[each] for each in said)} {when(deciding)}"
    if by_license.answer in {"yes", "no"} - {answer}:
        alone = case.words.listed(values(licensed, "license"))
        reason += f", although the license {alone} alone would mean {by_license.answer}"
    return Verdict(answer, f"{reason}.", tuple(deciding))


def attribution(case: Case) -> Verdict:
    """Whether the source has to be credited."""
    stating = newest(
        [seen for seen in case.seen if any(ATTRIBUTION in case.words.wider(each) for each in values(seen, "requires"))]
    )
    if stating:
        return Verdict("yes", f"The terms of use ask for credit {when(stating)}.", tuple(stating))
    return licensing(case, ATTRIBUTION, case.latest("license"))


def licensing(case: Case, use: str, licensed: list[Observation]) -> Verdict:
    """What the licenses of now mean for a use, and what an agreement beside them leaves of it."""
    licenses = values(licensed, "license")
    found: dict[str, set[str]] = {"yes": set(), "no": set(), "": set()}
    for each in licenses - {MIXED}:
        terms = case.words.terms.get(each, {})
        found[terms.get(use, "no" if terms and use == ATTRIBUTION else "")].add(each)
    name, rests = case.words.labels.get(use, use).lower(), tuple(licensed)
    if not licenses - {NO_TEXT}:
        known = f"; a source was searched for a license without success {when(licensed)}" if licensed else ""
        return Verdict("unknown", f"Neither a license nor a term on {name} is recorded{known}.", rests)
    phrases = [f"{MEANS[each, use == ATTRIBUTION]} {case.words.listed(found[each])}" for each in found if found[each]]
    if MIXED in licenses:
        phrases.insert(0, "the licenses differ between parts of the data")
    reason = f"{name[0].upper()}{name[1:]}: {', '.join(phrases)} {when(licensed)}"
    if MIXED in licenses:
        return Verdict("conditional", f"{reason}.", rests)
    if use == DERIVATIVES and any(case.words.terms[each].get(SHARE_ALIKE) for each in found["yes"]):
        reason += ", if changed versions stay under the same terms"
    if len(phrases) > 1:
        return Verdict("conditional", f"{reason}.", rests)
    if found[""]:
        return Verdict("unknown", f"{reason}.", rests)
    answer = "yes" if found["yes"] else "no"
    agreement = signed(case)
    if agreement.answer in {"yes", "conditional"} and answer == ("no" if use == ATTRIBUTION else "yes"):
        both = tuple({seen.name: seen for seen in (*rests, *agreement.rests_on)}.values())
        part = "an" if agreement.answer == "yes" else "for a part of the data an"
        return Verdict("conditional", f"{reason}, but {part} agreement to be signed may say otherwise.", both)
    return Verdict(answer, f"{reason}.", rests)
