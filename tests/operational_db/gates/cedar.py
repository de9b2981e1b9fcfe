"""The gate's rules a second time, written in Cedar, for the differential test and the benchmark.

Independent of `gates.rules`: days are numbers, a window in months is compared by month and day of the month instead of
computing its end, and which evidence suffices is spelt out place by place, because Cedar has no loops. What Python
contributes is only the form: every case has the same places for requirements, evidence and waivers.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from cedarpy import Decision, PolicySet, is_authorized_batch

from operational_db.gates.rules import EvidenceFact, GateFacts, GateTerms, Requirement, WaiverFact

REQUIREMENT_PLACES = 3
EVIDENCE_PLACES = 4
WAIVER_PLACES = 2
NEVER = 9_999_999_999_999_999
LEVELS = {"enrolled": 0, "completed": 1, "proficient": 2, "certified": 3}

Context = dict[str, object]


def _has_proof(requirement: str, evidence: str) -> str:
    """One piece of evidence meets one requirement."""
    # A certification ends what was reached together with it.
    twins = " && ".join(
        f"!(context.e{n}.present && context.e{n}.target == {evidence}.target"
        f" && context.e{n}.instant == {evidence}.instant && context.e{n}.last_day < context.today)"
        for n in range(EVIDENCE_PLACES)
    )
    return f"""(
        {evidence}.present
        && {evidence}.target == {requirement}.target
        && {evidence}.level >= {requirement}.level
        && {evidence}.instant <= context.instant
        && context.today < {evidence}.revoked_day
        && ({evidence}.last_day >= context.today || !{evidence}.expires)
        && ({evidence}.expires || ({twins}))
        && (
            !{requirement}.in_months
            || context.month < {evidence}.month + {requirement}.window
            || (context.month == {evidence}.month + {requirement}.window
                && context.day_of_month <= {evidence}.day_of_month)
        )
        && (!{requirement}.in_days || context.today <= {evidence}.day + {requirement}.window)
    )"""


def _policies() -> str:
    met = " && ".join(
        f"(!context.r{r}.present || "
        + " || ".join(_has_proof(f"context.r{r}", f"context.e{e}") for e in range(EVIDENCE_PLACES))
        + ")"
        for r in range(REQUIREMENT_PLACES)
    )
    waived = " || ".join(
        f"(context.w{n}.present && context.w{n}.first_day <= context.today && context.today <= context.w{n}.last_day"
        f" && context.instant < context.w{n}.ended)"
        for n in range(WAIVER_PLACES)
    )
    return f"""
    permit (principal, action in [Action::"decide", Action::"pass"], resource)
    when {{ context.has_rule && ({met}) }};

    permit (principal, action in [Action::"decide", Action::"pass"], resource)
    when {{ context.has_rule && ({waived}) }};

    permit (principal, action == Action::"pass", resource)
    when {{ context.has_rule && context.dry_run }};

    forbid (principal, action, resource)
    unless {{ context.member }};
    """


POLICIES = PolicySet.from_str(_policies())


def to_request(rule: GateTerms | None, facts: GateFacts, now: datetime, *, passes: bool) -> dict[str, object]:
    """A case as Cedar is asked it: for the rule's own answer, or whether the action may go ahead (`passes`)."""
    moment = now.astimezone(UTC)
    context: Context = {
        "instant": _microseconds(moment),
        "today": moment.toordinal(),
        "month": moment.year * 12 + moment.month,
        "day_of_month": moment.day,
        "member": facts.is_member,
        "has_rule": rule is not None,
        "dry_run": rule is not None and rule.mode == "dry_run",
    }
    requirements = () if rule is None else rule.requirements
    _place(context, "r", REQUIREMENT_PLACES, [_requirement(each) for each in requirements], _NO_REQUIREMENT)
    _place(context, "e", EVIDENCE_PLACES, [_evidence(each) for each in facts.evidence], _NO_EVIDENCE)
    _place(context, "w", WAIVER_PLACES, [_waiver(each) for each in facts.waivers], _NO_WAIVER)
    return {
        "principal": 'Person::"someone"',
        "action": 'Action::"pass"' if passes else 'Action::"decide"',
        "resource": 'Product::"any"',
        "context": context,
    }


def are_allowed(requests: Sequence[dict[str, object]]) -> list[bool]:
    """Cedar's answers.

    Raises
    ------
    AssertionError
        When Cedar could not evaluate a policy on a case, which would count as a denial.
    """
    answers = is_authorized_batch(list(requests), POLICIES, [])
    for answer in answers:
        assert not answer.diagnostics.errors, answer.diagnostics.errors
    return [answer.decision is Decision.Allow for answer in answers]


def _place(context: Context, letter: str, places: int, given: Sequence[Context], empty: Context) -> None:
    assert len(given) <= places
    for number in range(places):
        context[f"{letter}{number}"] = given[number] if number < len(given) else empty


def _microseconds(moment: datetime) -> int:
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _requirement(each: Requirement) -> Context:
    return {
        "present": True,
        "target": f"scope:{each.scope}" if each.track is None else f"track:{each.track}",
        "level": LEVELS[each.level],
        "in_months": each.within_months is not None,
        "in_days": each.within_days is not None,
        "window": each.within_months or each.within_days or 0,
    }


def _evidence(each: EvidenceFact) -> Context:
    reached = each.achieved_at.astimezone(UTC)
    return {
        "present": each.level != "enrolled",
        "target": each.target,
        "level": LEVELS[each.level],
        "instant": _microseconds(reached),
        "day": reached.toordinal(),
        "month": reached.year * 12 + reached.month,
        "day_of_month": reached.day,
        "expires": each.expires_on is not None,
        "last_day": _ordinal(each.expires_on),
        "revoked_day": _ordinal(each.revoked_from),
    }


def _waiver(each: WaiverFact) -> Context:
    return {
        "present": True,
        "first_day": each.starts_on.toordinal(),
        "last_day": each.ends_on.toordinal(),
        "ended": NEVER if each.ended_at is None else _microseconds(each.ended_at),
    }


def _ordinal(day: date | None) -> int:
    return NEVER if day is None else day.toordinal()


_NO_REQUIREMENT: Context = {
    "present": False, "target": "", "level": 0, "in_months": False, "in_days": False, "window": 0,
}  # fmt: skip
_NO_EVIDENCE: Context = {
    "present": False, "target": "", "level": 0, "instant": 0, "day": 0, "month": 0, "day_of_month": 0,
    "expires": False, "last_day": NEVER, "revoked_day": NEVER,
}  # fmt: skip
_NO_WAIVER: Context = {"present": False, "first_day": 0, "last_day": 0, "ended": 0}
