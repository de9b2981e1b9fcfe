"""Levels, how long a certification lasts, and whether a person was certified at an instant, as known at another.

Pure and without a clock. Source: embedded-training seed, tracks and leveling; decision D4. Days are days of UTC and a
last day is included, as for certificates (`credentials.rules`). What a gate asks for is in `gates.rules`.
"""

from calendar import monthrange
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from operational_db.errors import InvalidInputError
from operational_db.types import LessonType, Persona, ProficiencyLevel, TrackTier, ValidityBasis

# Percent of a lesson's checks that makes the level `completed`; a course's own passing score is another threshold.
QUIZ_THRESHOLD = 80
# The one reason of a revocation that is a code: a later version took the place of what the evidence was earned with.
SUPERSEDED_REASON = "superseded_version"

RANK: Mapping[ProficiencyLevel, int] = {level: rank for rank, level in enumerate(ProficiencyLevel)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A person reached a level in a scope or a track. Two dates of knowledge: `recorded_at` and `revoked_at`.

    `revoked_from` is the first day it no longer counts, `expires_on` the last day of a certified level.
    """

    id: UUID
    person_id: UUID
    scope: str | None
    track_id: UUID | None
    level: ProficiencyLevel
    achieved_at: datetime
    recorded_at: datetime
    expires_on: date | None = None
    revoked_from: date | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Revocation:
    """`revoked_from` is the first day the evidence no longer counts, `recorded_at` when that became known."""

    revoked_from: date
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ScopeRuleTerms:
    """How long a certification in a scope (or a track, named `persona/tier`) lasts; the defaults are the seed's."""

    scope: str
    certified_at_level: ProficiencyLevel = ProficiencyLevel.COMPLETED
    validity_basis: ValidityBasis = ValidityBasis.COMPLETION
    validity_months: int = 12
    calendar_month: int | None = None
    calendar_day: int | None = None
    minimum_active_days: int = 0
    renewal_window_days: int = 90
    grace_days: int = 0


class CertificationReason(StrEnum):
    """Why a person is or is not certified at an instant."""

    CERTIFIED = "certified"
    IN_GRACE = "in_grace"
    NEVER_TRAINED = "never_trained"
    LEVEL_TOO_LOW = "level_too_low"
    EXPIRED = "expired"
    REVOKED = "revoked"


REASON_TEXTS: Mapping[CertificationReason, str] = {
    CertificationReason.CERTIFIED: "Certified on that day.",
    CertificationReason.IN_GRACE: "The certification has expired and its period of grace runs: renew it now.",
    CertificationReason.NEVER_TRAINED: "No training for this scope was recorded.",
    CertificationReason.LEVEL_TOO_LOW: "Training was recorded, but not up to the level that certifies.",
    CertificationReason.EXPIRED: "The certification has expired. Take the lesson again.",
    CertificationReason.REVOKED: "The certification was revoked. Take the lesson again.",
}


@dataclass(frozen=True, slots=True)
class CertifiedAnswer:
    """Whether somebody is certified in a scope at `at`, as known at `as_known_at`.

    `level` is the highest that stood, `valid_from` and `valid_until` (included, without grace) bound the unbroken
    time around the day, or the latest time that ended before it; `evidence_ids` are what the answer rests on.
    """

    scope: str
    person_id: UUID | None
    at: datetime
    as_known_at: datetime
    is_certified: bool
    level: ProficiencyLevel | None
    valid_from: date | None
    valid_until: date | None
    evidence_ids: tuple[UUID, ...]
    reason: CertificationReason
    text: str


def is_at_least(level: ProficiencyLevel, wanted: ProficiencyLevel) -> bool:
    """Whether a level is the wanted one or a higher one: enrolled < completed < proficient < certified."""
    return RANK[level] >= RANK[wanted]


def level_of_result(lesson_type: LessonType, is_passed: bool) -> ProficiencyLevel:
    """What a graded attempt shows: a passed simulation `proficient`, other passed checks `completed`."""
    if not is_passed:
        return ProficiencyLevel.ENROLLED
    return ProficiencyLevel.PROFICIENT if lesson_type is LessonType.SIMULATION else ProficiencyLevel.COMPLETED


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months later; a day that month lacks becomes its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    last = day.day if day.day <= 28 else min(day.day, monthrange(year, month)[1])
    return date(year, month, last)


def utc_day(instant: datetime) -> date:
    """The day of an instant, in UTC whatever zone it is written in."""
    return instant.date() if instant.tzinfo is UTC else instant.astimezone(UTC).date()


def expires_on(terms: ScopeRuleTerms, achieved_on: date, previous_expires_on: date | None = None) -> date:
    """The last day of a certification that was earned on `achieved_on`.

    Counted from the completion; from the previous expiry when it is renewed within the renewal window before it or
    the grace after it, so that an early renewal keeps its anniversary; or a fixed day of the year, the last one within
    the validity. Never less than the minimum active period.

    Parameters
    ----------
    previous_expires_on
        Last day of the certification that this one renews; None for the first.
    """
    earliest = achieved_on + timedelta(days=terms.minimum_active_days)
    is_renewal = previous_expires_on is not None and (
        previous_expires_on - timedelta(days=terms.renewal_window_days)
        <= achieved_on
        <= previous_expires_on + timedelta(days=terms.grace_days)
    )
    start = previous_expires_on if is_renewal and previous_expires_on is not None else achieved_on
    if terms.validity_basis is ValidityBasis.COMPLETION:
        return max(add_months(achieved_on, terms.validity_months), earliest)
    if terms.validity_basis is ValidityBasis.PREVIOUS_EXPIRY:
        return max(add_months(start, terms.validity_months), earliest)
    limit = add_months(start, terms.validity_months)
    last = _calendar_day(terms, limit.year)
    if last > limit:
        last = _calendar_day(terms, limit.year - 1)
    while last < earliest or last <= start:
        last = _calendar_day(terms, last.year + 1)
    return last


def _calendar_day(terms: ScopeRuleTerms, year: int) -> date:
    if terms.calendar_month is None or terms.calendar_day is None:
        raise InvalidInputError("A validity up to a fixed day needs the month and the day. Name both.")
    return date(year, terms.calendar_month, min(terms.calendar_day, monthrange(year, terms.calendar_month)[1]))


def require_valid_terms(terms: ScopeRuleTerms) -> None:
    """Refuse terms that cannot mean what they should.

    Raises
    ------
    InvalidInputError
        For an empty scope, a level that is no achievement, negative days, or a calendar day that does not exist.
    """
    if not terms.scope.strip():
        raise InvalidInputError("Name the scope the rule is for.")
    if terms.certified_at_level not in {ProficiencyLevel.COMPLETED, ProficiencyLevel.PROFICIENT}:
        raise InvalidInputError(
            "A certification is earned by the level completed or proficient. Choose one of the two."
        )
    if terms.validity_months < 1:
        raise InvalidInputError("A certification is valid for at least one month.")
    if min(terms.minimum_active_days, terms.renewal_window_days, terms.grace_days) < 0:
        raise InvalidInputError("Minimum active period, renewal window and grace are days from 0.")
    is_calendar = terms.validity_basis is ValidityBasis.CALENDAR_DAY
    if is_calendar != (terms.calendar_month is not None) or is_calendar != (terms.calendar_day is not None):
        raise InvalidInputError("Month and day are given for a validity up to a fixed day, and only for that.")
    if terms.calendar_month is not None and terms.calendar_day is not None:
        _require_calendar_day(terms.calendar_month, terms.calendar_day)


def _require_calendar_day(month: int, day: int) -> None:
    # A leap year, so that 29 February is a day; other years end it on the 28th.
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(2024, month)[1]:
        raise InvalidInputError("There is no such day in the calendar. Choose a month from 1 to 12 and its day.")


def known_at(evidence: Iterable[Evidence], as_known_at: datetime) -> list[Evidence]:
    """The evidence as it was known at an instant: later records left out, later revocations undone."""
    return [
        each
        if each.revoked_at is None or each.revoked_at <= as_known_at
        else replace(each, revoked_at=None, revoked_from=None)
        for each in evidence
        if each.recorded_at <= as_known_at
    ]


def with_revocation_known(evidence: Evidence, revocations: Iterable[Revocation], as_known_at: datetime) -> Evidence:
    """The evidence with the last of its revocations that was known at an instant.

    Evidence holds its newest revocation; one that reached less far back and came before it, `revocations` tell, oldest
    first. Where none of them was known the evidence stays as it is.
    """
    known = [each for each in revocations if each.recorded_at <= as_known_at]
    if not known:
        return evidence
    return replace(evidence, revoked_from=known[-1].revoked_from, revoked_at=known[-1].recorded_at)


def last_day_of(evidence: Evidence) -> date | None:
    """The last day it counts, by expiry and revocation; None when neither ends it. Before its first day: never."""
    ends = [] if evidence.expires_on is None else [evidence.expires_on]
    if evidence.revoked_from is not None:
        ends.append(evidence.revoked_from - timedelta(days=1))
    return min(ends, default=None)


def certification_of(
    evidence: Sequence[Evidence],
    rule: ScopeRuleTerms,
    *,
    at: datetime,
    as_known_at: datetime,
    person_id: UUID | None = None,
) -> CertifiedAnswer:
    """Whether the person was certified in the rule's scope at `at`, by what was known at `as_known_at`.

    Only levels `certified` certify; each lasts from its achievement through its expiry and the rule's grace, and not
    from the day on from which it was revoked. The evidence is the person's in that scope, in any order.
    """
    day = utc_day(at)
    known = sorted(
        (each for each in known_at(evidence, as_known_at) if each.achieved_at <= at),
        key=lambda each: (each.achieved_at, each.id.bytes),
    )
    standing = [each for each in known if each.revoked_from is None or day < each.revoked_from]
    certified = [each for each in known if each.level is ProficiencyLevel.CERTIFIED]
    in_force = [each for each in certified if _is_in_force(each, day, rule.grace_days)]
    in_date = [each for each in in_force if each.expires_on is None or day <= each.expires_on]
    levels: list[ProficiencyLevel] = [each.level for each in standing if each.level is not ProficiencyLevel.CERTIFIED]
    if in_date:
        levels.append(ProficiencyLevel.CERTIFIED)
    resting_on: Collection[Evidence]
    if in_force:
        reason = CertificationReason.CERTIFIED if in_date else CertificationReason.IN_GRACE
        resting_on = in_date or in_force
    else:
        reason, resting_on = _why_not(known, standing, certified)
    valid_from, valid_until = _unbroken(certified, resting_on)
    return CertifiedAnswer(
        scope=rule.scope,
        person_id=person_id,
        at=at,
        as_known_at=as_known_at,
        is_certified=bool(in_force),
        level=max(levels, key=RANK.__getitem__, default=None),
        valid_from=valid_from,
        valid_until=valid_until,
        evidence_ids=tuple(sorted(each.id for each in resting_on)),
        reason=reason,
        text=REASON_TEXTS[reason],
    )


def _is_in_force(evidence: Evidence, day: date, grace_days: int) -> bool:
    if evidence.revoked_from is not None and evidence.revoked_from <= day:
        return False
    return evidence.expires_on is None or day <= evidence.expires_on + timedelta(days=grace_days)


def _why_not(
    known: Sequence[Evidence], standing: Sequence[Evidence], certified: Sequence[Evidence]
) -> tuple[CertificationReason, Collection[Evidence]]:
    if not known:
        return CertificationReason.NEVER_TRAINED, ()
    if not certified:
        proven = [each for each in standing if each.level is not ProficiencyLevel.ENROLLED]
        if proven:
            return CertificationReason.LEVEL_TOO_LOW, proven
        has_lost = any(each.level is not ProficiencyLevel.ENROLLED for each in known)
        return (CertificationReason.REVOKED, known) if has_lost else (CertificationReason.NEVER_TRAINED, ())
    last = max(certified, key=lambda each: (last_day_of(each) or date.max, each.achieved_at))
    is_expired = last.expires_on is not None and last_day_of(last) == last.expires_on
    return (CertificationReason.EXPIRED if is_expired else CertificationReason.REVOKED), (last,)


def _unbroken(certified: Sequence[Evidence], around: Collection[Evidence]) -> tuple[date | None, date | None]:
    """First and last day of the unbroken time of certification that the evidence `around` belongs to."""
    spans = []
    for each in certified:
        first, last = utc_day(each.achieved_at), last_day_of(each) or date.max
        if first <= last:
            spans.append((first, last, each in around))
    merged: list[tuple[date, date, bool]] = []
    for first, last, is_wanted in sorted(spans):
        if merged and first <= (merged[-1][1] if merged[-1][1] == date.max else merged[-1][1] + timedelta(days=1)):
            former = merged.pop()
            first, last, is_wanted = former[0], max(former[1], last), former[2] or is_wanted
        merged.append((first, last, is_wanted))
    for first, last, is_wanted in reversed(merged):
        if is_wanted:
            return first, None if last == date.max else last
    return None, None


def under_terms(evidence: Iterable[Evidence], terms: ScopeRuleTerms) -> tuple[Evidence, ...]:
    """The same achievements with the expiry they would have under other terms; for a preview of those terms.

    Each certification renews the one before it. Levels that would not certify under the terms lose theirs, and others
    that would do gain one, which bears the id of the achievement itself.
    """
    achievements: dict[datetime, list[Evidence]] = {}
    for each in sorted(evidence, key=lambda each: (each.achieved_at, RANK[each.level])):
        achievements.setdefault(each.achieved_at, []).append(each)
    result: list[Evidence] = []
    previous: date | None = None
    for rows in achievements.values():
        shown = [each for each in rows if each.level is not ProficiencyLevel.CERTIFIED]
        former = next((each for each in rows if each.level is ProficiencyLevel.CERTIFIED), None)
        result += shown
        reached = max(shown, key=lambda each: RANK[each.level], default=None)
        # Without the level it rests on (an imported certification) it stays a certification.
        if reached is not None and not is_at_least(reached.level, terms.certified_at_level):
            continue
        base = former or reached
        if base is None or base.level is ProficiencyLevel.ENROLLED:
            continue
        last = expires_on(terms, utc_day(base.achieved_at), previous)
        result.append(replace(base, level=ProficiencyLevel.CERTIFIED, expires_on=last))
        if base.revoked_from is None:
            previous = last if previous is None else max(previous, last)
    return tuple(result)


# --- tracks ---


def track_name(persona: Persona, tier: TrackTier) -> str:
    """How rules name a track: `operations/core`."""
    return f"{persona}/{tier}"


def parse_track_name(name: str) -> tuple[Persona, TrackTier]:
    """Persona and tier of a track's name.

    Raises
    ------
    InvalidInputError
        When it names none of the tracks.
    """
    persona, _, tier = name.partition("/")
    try:
        return Persona(persona), TrackTier(tier)
    except ValueError as error:
        known = ", ".join(track_name(each, tier) for each in Persona for tier in TrackTier)
        raise InvalidInputError(f"There is no track {name!r}. The tracks are: {known}.") from error


def default_terms(scope: str) -> ScopeRuleTerms:
    """The terms of a scope or track nobody set a rule for: 12 months from completion (seed, tracks and leveling).

    An Advanced track certifies those who are proficient, everything else those who completed it.
    """
    is_advanced = scope.endswith(f"/{TrackTier.ADVANCED}")
    level = ProficiencyLevel.PROFICIENT if is_advanced else ProficiencyLevel.COMPLETED
    return ScopeRuleTerms(scope=scope, certified_at_level=level)


@dataclass(frozen=True, slots=True)
class TrackStep:
    """A lesson of a track."""

    lesson_id: UUID
    is_required: bool
    is_simulation: bool


@dataclass(frozen=True, slots=True)
class LessonPass:
    """A person reached a level (completed or proficient) in a lesson at an instant."""

    lesson_id: UUID
    level: ProficiencyLevel
    achieved_at: datetime


def reached_at(held: Iterable[tuple[ProficiencyLevel, datetime]], level: ProficiencyLevel) -> datetime | None:
    """When a track was last brought to the level or above: to bring it there again, all of it is taken again.

    Parameters
    ----------
    held
        Levels of the track that stand, with the instant each was reached.
    """
    instants = [at for reached, at in held if reached is not ProficiencyLevel.CERTIFIED and is_at_least(reached, level)]
    return max(instants, default=None)


def passed_since(passes: Iterable[LessonPass], since: datetime | None) -> dict[UUID, ProficiencyLevel]:
    """The highest level of each lesson passed after an instant; ever, when it is None."""
    levels: dict[UUID, ProficiencyLevel] = {}
    for each in passes:
        if since is not None and each.achieved_at <= since:
            continue
        if each.lesson_id not in levels or RANK[levels[each.lesson_id]] < RANK[each.level]:
            levels[each.lesson_id] = each.level
    return levels


def track_alternatives(
    steps: Sequence[TrackStep], level: ProficiencyLevel, passed: Mapping[UUID, ProficiencyLevel]
) -> tuple[frozenset[UUID], ...]:
    """The sets of lessons each of which, passed as well, makes a track reach the level; the empty set when it has.

    A track is completed when every required lesson is, simulations included. It is proficient when one of its
    simulations is passed too, a required one or any other. None at all when it cannot be reached: a track without a
    required lesson proves nothing, nor does one without a simulation make proficient.
    """
    required = [step for step in steps if step.is_required]
    if not required:
        return ()
    missing = frozenset(step.lesson_id for step in required if not _is_step_done(step, passed))
    if level is not ProficiencyLevel.PROFICIENT:
        return (missing,)
    simulations = [step for step in steps if step.is_simulation]
    if any(step.is_required or _is_step_done(step, passed) for step in simulations):
        return (missing,)
    return tuple(missing | {step.lesson_id} for step in simulations)


def _is_step_done(step: TrackStep, passed: Mapping[UUID, ProficiencyLevel]) -> bool:
    level = passed.get(step.lesson_id)
    return level is not None and (not step.is_simulation or is_at_least(level, ProficiencyLevel.PROFICIENT))


def has_reached_track(
    steps: Sequence[TrackStep], level: ProficiencyLevel, passed: Mapping[UUID, ProficiencyLevel]
) -> bool:
    """Whether the lessons passed make the track reach the level."""
    return frozenset() in track_alternatives(steps, level, passed)
