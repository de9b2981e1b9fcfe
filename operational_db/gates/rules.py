"""What an action needs and whether a person has it: `decide`, a pure function (D5), and the documents it goes by.

Without a clock and without a database; identical inputs give identical bytes. Source: embedded-training seed, access
gating. A gate's own window is counted from the day a level was reached and is separate from the certification's
expiry: both must hold. Days are days of UTC, last days included. Looking facts up is in `lookup`, recording in `desk`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from operational_db.errors import InvalidInputError
from operational_db.ledger.canonical import document_text, instant_text
from operational_db.proficiency.rules import RANK, add_months, parse_track_name, utc_day
from operational_db.types import GateMode, GateOutcome, ProficiencyLevel


class GateReason(StrEnum):
    """Why a gate or one requirement of it was passed or not."""

    REQUIREMENTS_MET = "requirements_met"
    WAIVED = "waived"
    NEVER_TRAINED = "never_trained"
    LEVEL_TOO_LOW = "level_too_low"
    OUTSIDE_WINDOW = "outside_window"
    CERTIFICATION_EXPIRED = "certification_expired"
    REVOKED = "revoked"
    NOT_A_MEMBER = "not_a_member"
    NO_RULE = "no_rule"
    RECORD_UNAVAILABLE = "record_unavailable"


REASON_TEXTS: Mapping[GateReason, str] = {
    GateReason.REQUIREMENTS_MET: "The training this action needs is up to date.",
    GateReason.WAIVED: "Somebody in charge allowed this for a time without the training.",
    GateReason.NEVER_TRAINED: "This action needs training you have not taken yet.",
    GateReason.LEVEL_TOO_LOW: "This action needs a higher level than you have reached.",
    GateReason.OUTSIDE_WINDOW: "The training this action needs was too long ago. Take it again.",
    GateReason.CERTIFICATION_EXPIRED: "The certification this action needs has expired. Renew it.",
    GateReason.REVOKED: "The training this action needs was revoked. Take it again.",
    GateReason.NOT_A_MEMBER: "This person is not a member of the organization.",
    GateReason.NO_RULE: "No rule covers this action, so it is not allowed. Set a rule first.",
    GateReason.RECORD_UNAVAILABLE: "The decision could not be recorded, so it is not allowed. Try again in a moment.",
}
# Months or days: a hundred years are as good as no window.
LONGEST_WINDOW = 1_200

# Of several pieces of evidence that do not suffice, the one that came closest says why.
_CLOSENESS: Mapping[GateReason, int] = {
    GateReason.LEVEL_TOO_LOW: 1,
    GateReason.REVOKED: 2,
    GateReason.OUTSIDE_WINDOW: 3,
    GateReason.CERTIFICATION_EXPIRED: 4,
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A level in a scope or a track (exactly one), reached within so many months or days."""

    level: ProficiencyLevel
    scope: str | None = None
    track: str | None = None
    within_months: int | None = None
    within_days: int | None = None

    @property
    def key(self) -> str:
        """How decisions name it: `scope:data-export` or `track:operations/core`."""
        return f"scope:{self.scope}" if self.scope is not None else f"track:{self.track}"

    def last_day(self, achieved_on: date) -> date | None:
        """The last day on which something reached on a day lies within the window; None without one."""
        if self.within_months is not None:
            return add_months(achieved_on, self.within_months)
        if self.within_days is not None:
            return achieved_on + timedelta(days=self.within_days)
        return None

    def to_document(self) -> dict[str, object]:
        """As `gate_rules.requirements` holds it."""
        document: dict[str, object] = {"level": str(self.level)}
        if self.scope is not None:
            document["scope"] = self.scope
        else:
            document["track"] = self.track
        if self.within_months is not None:
            document["within"] = {"months": self.within_months}
        elif self.within_days is not None:
            document["within"] = {"days": self.within_days}
        return document


@dataclass(frozen=True)
class GateTerms:
    """One version of what an action needs; `rule_id` and `version` are None for a proposal."""

    action: str
    mode: GateMode
    requirements: tuple[Requirement, ...]
    effective_from: date
    organization_id: UUID | None = None
    rule_id: UUID | None = None
    version: int | None = None
    policy_id: UUID | None = None
    runbook_id: UUID | None = None
    lesson_id: UUID | None = None

    @cached_property
    def scopes(self) -> frozenset[str]:
        """The scopes it asks for."""
        return frozenset([each.scope for each in self.requirements if each.scope is not None])

    @cached_property
    def tracks(self) -> frozenset[str]:
        """The names of the tracks it asks for."""
        return frozenset([each.track for each in self.requirements if each.track is not None])

    def canonical(self) -> str:
        """Canonical JSON of the version, from which decisions can be replayed."""
        return document_text(
            {
                "action": self.action,
                "effective_from": self.effective_from,
                "lesson_id": self.lesson_id,
                "mode": str(self.mode),
                "organization_id": self.organization_id,
                "policy_id": self.policy_id,
                "requirements": [requirement.to_document() for requirement in self.requirements],
                "rule_id": self.rule_id,
                "runbook_id": self.runbook_id,
                "version": self.version,
            }
        )


@dataclass(frozen=True, slots=True)
class EvidenceFact:
    """What was known of one piece of evidence when the gate decided; `target` is a requirement's key."""

    id: UUID
    target: str
    level: ProficiencyLevel
    achieved_at: datetime
    expires_on: date | None = None
    revoked_from: date | None = None


@dataclass(frozen=True, slots=True)
class WaiverFact:
    """A waiver of the action for the person; first and last day included, unless it was ended before."""

    id: UUID
    starts_on: date
    ends_on: date
    ended_at: datetime | None = None


@dataclass(frozen=True)
class GateFacts:
    """All that a decision depends on besides rule and instant; evidence and waivers in the order of their ids."""

    action: str
    person_id: UUID
    organization_id: UUID | None
    is_member: bool
    evidence: tuple[EvidenceFact, ...] = ()
    waivers: tuple[WaiverFact, ...] = ()
    resource: str | None = None

    def canonical(self) -> str:
        """Canonical JSON, the same for the same facts in whatever order they were found."""
        return document_text(
            {
                "action": self.action,
                "evidence": [
                    {
                        "achieved_at": instant_text(each.achieved_at),
                        "expires_on": each.expires_on,
                        "id": each.id,
                        "level": each.level,
                        "revoked_from": each.revoked_from,
                        "target": each.target,
                    }
                    for each in sorted(self.evidence, key=_by_id)
                ],
                "is_member": self.is_member,
                "organization_id": self.organization_id,
                "person_id": self.person_id,
                "resource": self.resource,
                "waivers": [
                    {
                        "ended_at": None if each.ended_at is None else instant_text(each.ended_at),
                        "ends_on": each.ends_on,
                        "id": each.id,
                        "starts_on": each.starts_on,
                    }
                    for each in sorted(self.waivers, key=_by_id)
                ],
            }
        )


def _by_id(fact: EvidenceFact | WaiverFact) -> int:
    return fact.id.int


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """How one requirement was answered: by which evidence, until when (included), or why not."""

    key: str
    level: ProficiencyLevel
    is_met: bool
    reason: GateReason
    evidence_id: UUID | None
    valid_until: date | None

    @property
    def requirement(self) -> Requirement:
        """What was asked for, but for the window."""
        kind, _, name = self.key.partition(":")
        return Requirement(self.level, scope=name) if kind == "scope" else Requirement(self.level, track=name)


@dataclass(frozen=True)
class GateDecision:
    """The answer of a gate. `outcome` is the rule's; a rule in dry run lets every member pass (`is_allowed`)."""

    action: str
    person_id: UUID
    organization_id: UUID | None
    resource: str | None
    decided_at: datetime
    mode: GateMode
    outcome: GateOutcome
    reason: GateReason
    requirements: tuple[RequirementResult, ...] = ()
    evidence_ids: tuple[UUID, ...] = ()
    waiver_id: UUID | None = None
    rule_id: UUID | None = None
    rule_version: int | None = None
    policy_id: UUID | None = None
    runbook_id: UUID | None = None
    lesson_id: UUID | None = None
    valid_until: date | None = None
    # Of the record, given when it is made; no part of the canonical bytes.
    decision_id: UUID | None = field(default=None, compare=False)

    @property
    def is_allowed(self) -> bool:
        """Whether the action may go ahead: the rule allows it, or is only tried out, on the organization's people."""
        if self.outcome is GateOutcome.ALLOW:
            return True
        return self.mode is GateMode.DRY_RUN and self.reason is not GateReason.NOT_A_MEMBER

    @property
    def missing(self) -> tuple[str, ...]:
        """Keys of the requirements that are not met."""
        return tuple(each.key for each in self.requirements if not each.is_met)

    @property
    def reasons(self) -> tuple[tuple[str, GateReason], ...]:
        """Each requirement's key with the reason of its answer."""
        return tuple((each.key, each.reason) for each in self.requirements)

    @property
    def text(self) -> str:
        """The reason, for the person who asked."""
        return REASON_TEXTS[self.reason]

    def canonical(self) -> bytes:
        """RFC 8785 bytes: identical for identical rule, facts and instant, on any machine."""
        return document_text(
            {
                "action": self.action,
                "decided_at": instant_text(self.decided_at),
                "evidence_ids": self.evidence_ids,
                "is_allowed": self.is_allowed,
                "lesson_id": self.lesson_id,
                "mode": self.mode,
                "organization_id": self.organization_id,
                "outcome": self.outcome,
                "person_id": self.person_id,
                "policy_id": self.policy_id,
                "reason": self.reason,
                "requirements": [
                    {
                        "evidence_id": each.evidence_id,
                        "is_met": each.is_met,
                        "key": each.key,
                        "level": each.level,
                        "reason": each.reason,
                        "valid_until": each.valid_until,
                    }
                    for each in self.requirements
                ],
                "resource": self.resource,
                "rule_id": self.rule_id,
                "rule_version": self.rule_version,
                "runbook_id": self.runbook_id,
                "valid_until": self.valid_until,
                "waiver_id": self.waiver_id,
            }
        ).encode()


def decide(rule: GateTerms | None, facts: GateFacts, now: datetime) -> GateDecision:
    """Whether the person may do the action now.

    No rule and no membership are denials: a gate never guesses. Every requirement must be met by evidence of its
    level or a higher one, reached by now and within the window, not revoked, and, where it led to a certification, not
    past that one's expiry. A waiver in force stands in for what is missing.
    """
    day = utc_day(now)
    if rule is None:
        return _decision(None, facts, now, GateOutcome.DENY, GateReason.NO_RULE)
    if not facts.is_member:
        return _decision(rule, facts, now, GateOutcome.DENY, GateReason.NOT_A_MEMBER)
    results = tuple([_answer(requirement, facts.evidence, now, day) for requirement in rule.requirements])
    missing = [result for result in results if not result.is_met]
    if not missing:
        return _decision(rule, facts, now, GateOutcome.ALLOW, GateReason.REQUIREMENTS_MET, results)
    waiver = _waiver_in_force(facts.waivers, now, day)
    if waiver is not None:
        return _decision(rule, facts, now, GateOutcome.ALLOW, GateReason.WAIVED, results, waiver)
    return _decision(rule, facts, now, GateOutcome.DENY, missing[0].reason, results)


def _decision(
    rule: GateTerms | None,
    facts: GateFacts,
    now: datetime,
    outcome: GateOutcome,
    reason: GateReason,
    results: tuple[RequirementResult, ...] = (),
    waiver: WaiverFact | None = None,
) -> GateDecision:
    valid_until = None
    if outcome is GateOutcome.ALLOW:
        ends = [result.valid_until for result in results if result.is_met and result.valid_until is not None]
        if waiver is not None:
            ends.append(waiver.ends_on)
        valid_until = min(ends, default=None)
    ids = {result.evidence_id for result in results if result.evidence_id is not None}
    return GateDecision(
        action=facts.action,
        person_id=facts.person_id,
        organization_id=facts.organization_id,
        resource=facts.resource,
        decided_at=now,
        mode=GateMode.ENFORCE if rule is None else rule.mode,
        outcome=outcome,
        reason=reason,
        requirements=results,
        evidence_ids=tuple(sorted(ids)),
        waiver_id=None if waiver is None else waiver.id,
        rule_id=None if rule is None else rule.rule_id,
        rule_version=None if rule is None else rule.version,
        policy_id=None if rule is None else rule.policy_id,
        runbook_id=None if rule is None else rule.runbook_id,
        lesson_id=None if rule is None else rule.lesson_id,
        valid_until=valid_until,
    )


def _answer(requirement: Requirement, evidence: Sequence[EvidenceFact], now: datetime, day: date) -> RequirementResult:
    key = requirement.key
    # Opening a lesson is no training yet.
    found = [
        each
        for each in evidence
        if each.target == key and each.achieved_at <= now and each.level is not ProficiencyLevel.ENROLLED
    ]
    # A certification has the instant of the achievement that earned it, and ends that with it.
    expiries: dict[datetime, date] = {}
    for each in found:
        if each.expires_on is not None:
            expiries[each.achieved_at] = min(each.expires_on, expiries.get(each.achieved_at, date.max))
    best: tuple[date, int, EvidenceFact] | None = None
    closest: tuple[int, datetime, int, EvidenceFact, GateReason] | None = None
    for each in found:
        expires_on = each.expires_on or expiries.get(each.achieved_at)
        window_end = requirement.last_day(utc_day(each.achieved_at))
        fault = _fault(each, requirement.level, expires_on, window_end, day)
        if fault is None:
            last = _earliest(expires_on, window_end, each.revoked_from)
            if best is None or (last, each.id.int) > best[:2]:
                best = (last, each.id.int, each)
        else:
            rank = (_CLOSENESS[fault], each.achieved_at, each.id.int, each, fault)
            if closest is None or rank[:3] > closest[:3]:
                closest = rank
    if best is not None:
        until = None if best[0] == date.max else best[0]
        return RequirementResult(key, requirement.level, True, GateReason.REQUIREMENTS_MET, best[2].id, until)
    if closest is not None:
        return RequirementResult(key, requirement.level, False, closest[4], closest[3].id, None)
    return RequirementResult(key, requirement.level, False, GateReason.NEVER_TRAINED, None, None)


def _fault(
    evidence: EvidenceFact, wanted: ProficiencyLevel, expires_on: date | None, window_end: date | None, day: date
) -> GateReason | None:
    """Why a piece of evidence does not suffice on the day; None when it does."""
    if RANK[evidence.level] < RANK[wanted]:
        return GateReason.LEVEL_TOO_LOW
    if evidence.revoked_from is not None and evidence.revoked_from <= day:
        return GateReason.REVOKED
    if expires_on is not None and expires_on < day:
        return GateReason.CERTIFICATION_EXPIRED
    if window_end is not None and window_end < day:
        return GateReason.OUTSIDE_WINDOW
    return None


def _earliest(expires_on: date | None, window_end: date | None, revoked_from: date | None) -> date:
    last = date.max
    if expires_on is not None:
        last = expires_on
    if window_end is not None and window_end < last:
        last = window_end
    if revoked_from is not None and revoked_from <= last:
        last = revoked_from - timedelta(days=1)
    return last


def _waiver_in_force(waivers: Sequence[WaiverFact], now: datetime, day: date) -> WaiverFact | None:
    """The waiver that holds longest, of those that hold now."""
    in_force = [
        waiver
        for waiver in waivers
        if waiver.starts_on <= day <= waiver.ends_on and (waiver.ended_at is None or now < waiver.ended_at)
    ]
    return max(in_force, key=lambda waiver: (waiver.ends_on, waiver.id.int), default=None)


def record_unavailable(
    *, action: str, person_id: UUID, organization_id: UUID | None, resource: str | None, now: datetime
) -> GateDecision:
    """The answer when facts could not be read or the record not be written: deny, whatever the mode."""
    return GateDecision(
        action=action,
        person_id=person_id,
        organization_id=organization_id,
        resource=resource,
        decided_at=now,
        mode=GateMode.ENFORCE,
        outcome=GateOutcome.DENY,
        reason=GateReason.RECORD_UNAVAILABLE,
    )


def require_valid_terms(terms: GateTerms) -> None:
    """Refuse a rule that cannot mean what it should.

    Raises
    ------
    InvalidInputError
        For an empty action, no requirement, one of neither scope nor track or of both, an unknown track, a window that
        is no positive number or given twice, or none where the level does not expire by itself.
    """
    if not terms.action.strip() or terms.action != terms.action.strip():
        raise InvalidInputError("Name the action the rule is for, without spaces around it.")
    if not terms.requirements:
        raise InvalidInputError("A rule needs at least one requirement. To lift it, end the rule or try it in dry run.")
    for requirement in terms.requirements:
        _require_valid(requirement)
    keys = [requirement.key for requirement in terms.requirements]
    if len(set(keys)) != len(keys):
        raise InvalidInputError("A rule asks for each scope or track once. Keep the stricter of the two.")


def _require_valid(requirement: Requirement) -> None:
    if (requirement.scope is None) == (requirement.track is None) or "" in (requirement.scope, requirement.track):
        raise InvalidInputError("A requirement names either a scope or a track. Choose one of the two.")
    if requirement.track is not None:
        parse_track_name(requirement.track)
    if requirement.level is ProficiencyLevel.ENROLLED:
        raise InvalidInputError("Enrolling proves nothing. Ask for the level completed, proficient or certified.")
    windows = [each for each in (requirement.within_months, requirement.within_days) if each is not None]
    if len(windows) > 1 or any(not 1 <= each <= LONGEST_WINDOW for each in windows):
        raise InvalidInputError("A window is a number of months or of days from 1 to 1,200. Name one of the two.")
    if not windows and requirement.level is not ProficiencyLevel.CERTIFIED:
        raise InvalidInputError(
            f"Say within how many months or days {requirement.key} must have been reached: "
            "only the level certified expires by itself."
        )
