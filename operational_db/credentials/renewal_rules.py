"""What is still missing before a certificate can be renewed. Pure and without a clock.

A certificate of an issuer on the platform is renewed by what its kind asks for: continuing education credits, the
course or path that leads to it taken again, or the issuer's own act. One from elsewhere is renewed elsewhere and
reported with its document. Source: training-platform seed 3.2.2.2; CRT-07.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from operational_db.credentials.ce_rules import format_credits


class RenewalCode(StrEnum):
    NOT_VERIFIED = "not_verified"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    NEVER_EXPIRES = "never_expires"
    TOO_EARLY = "too_early"
    CE_CREDITS = "ce_credits"
    COURSE = "course"
    ISSUER = "issuer"
    EVIDENCE = "evidence"


# Nothing its holder could do about it by setting out to renew.
CANNOT_BE_RENEWED = frozenset(
    {RenewalCode.NOT_VERIFIED, RenewalCode.REVOKED, RenewalCode.WITHDRAWN, RenewalCode.NEVER_EXPIRES}
)


@dataclass(frozen=True, slots=True)
class RenewalStep:
    """One thing that is missing; `course_id` is the course to take for it."""

    code: RenewalCode
    text: str
    course_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CourseToTake:
    """A course that renews the certificate once it is taken again."""

    course_id: UUID
    title: str


@dataclass(frozen=True, slots=True)
class RenewalFacts:
    """What decides whether a certificate can be renewed on a day."""

    is_verified: bool
    is_revoked: bool
    is_withdrawn: bool
    expires_on: date | None
    window_days: int
    issuer: str
    # Whether the issuer works on the platform, and whether who asks may issue in its name.
    is_issued_here: bool
    may_issue: bool
    asks_for_credits: bool
    credits_short: Decimal
    credits_required: Decimal
    is_exam_required: bool
    # Courses not taken again since the certificate was issued; None when no course leads to it.
    courses_to_take: Sequence[CourseToTake] | None
    renewal_requirements: str | None = None


def missing_steps(facts: RenewalFacts, *, on: date) -> tuple[RenewalStep, ...]:
    """What is missing on the day, in the order in which it is best done; nothing when it can be renewed at once."""
    hindrance = _hindrance(facts)
    if hindrance is not None:
        return (hindrance,)
    return (*_too_early(facts, on), *_credits(facts), *_proof(facts))


def opens_on(facts: RenewalFacts) -> date | None:
    """The first day on which it may be renewed."""
    return None if facts.expires_on is None else facts.expires_on - timedelta(days=facts.window_days)


def _hindrance(facts: RenewalFacts) -> RenewalStep | None:
    if facts.is_withdrawn:
        return RenewalStep(RenewalCode.WITHDRAWN, "It was withdrawn. Report the certificate again.")
    if facts.is_revoked:
        return RenewalStep(RenewalCode.REVOKED, "It was revoked. It has to be earned anew.")
    if not facts.is_verified:
        return RenewalStep(RenewalCode.NOT_VERIFIED, "Nobody has verified it yet. Hand in its document first.")
    if facts.expires_on is None:
        return RenewalStep(RenewalCode.NEVER_EXPIRES, "It never expires; there is nothing to renew.")
    return None


def _too_early(facts: RenewalFacts, on: date) -> list[RenewalStep]:
    first = opens_on(facts)
    if first is None or on >= first:
        return []
    return [RenewalStep(RenewalCode.TOO_EARLY, f"It can be renewed from {first.day} {first:%b %Y}.")]


def _credits(facts: RenewalFacts) -> list[RenewalStep]:
    if not facts.asks_for_credits or facts.credits_short <= 0:
        return []
    due = facts.expires_on
    until = "" if due is None else f", due {due.day} {due:%b %Y}"
    short, required = format_credits(facts.credits_short), format_credits(facts.credits_required)
    return [RenewalStep(RenewalCode.CE_CREDITS, f"{short} of {required} CE credits short{until}.")]


def _proof(facts: RenewalFacts) -> list[RenewalStep]:
    """Whoever issues it here needs no more; else the way of its kind."""
    if not facts.is_issued_here:
        return [
            RenewalStep(
                RenewalCode.EVIDENCE,
                f"{facts.issuer} renews it{_terms(facts)}. Report the renewed certificate with its document.",
            )
        ]
    is_by_credits = facts.asks_for_credits and not facts.is_exam_required
    if is_by_credits or facts.may_issue:
        return []
    if facts.courses_to_take is None:
        return [RenewalStep(RenewalCode.ISSUER, f"{facts.issuer} renews it{_terms(facts)}. Ask there.")]
    return [
        RenewalStep(RenewalCode.COURSE, f"Take the course “{course.title}” again.", course.course_id)
        for course in facts.courses_to_take
    ]


def _terms(facts: RenewalFacts) -> str:
    return f" ({facts.renewal_requirements.rstrip('.')})" if facts.renewal_requirements else ""
