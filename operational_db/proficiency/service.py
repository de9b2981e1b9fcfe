"""Use cases of proficiency: record and revoke what people proved, say who was certified when, and what is still to do.

Recording is called by assessment and learning in the transaction of the result; nothing here commits. Source:
embedded-training seed (tracks and leveling, representation of completion). What an action needs is `gates`' business.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.credentials.progress import issue_for_track, revoke_for_track
from operational_db.database import psycopg_connection
from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.gates.lookup import Asked, look_up
from operational_db.gates.rules import decide
from operational_db.gates.service import RULE_CHANGE, require_gate, require_may_manage
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.canonical import document_text
from operational_db.ledger.events import ProficiencyReached, ProficiencyRevoked, ScopeRuleSet
from operational_db.proficiency import rules
from operational_db.proficiency.repository import ProficiencyRepository
from operational_db.proficiency.rules import CertifiedAnswer, LessonPass, ScopeRuleTerms, TrackStep
from operational_db.proficiency.training import TrainingGap, training_for_gaps
from operational_db.proficiency.views import RequiredTraining, TrainingReason
from operational_db.tables.gates import ProficiencyEvidence, ScopeRule, TrainingTrack
from operational_db.types import Persona, ProficiencyLevel, ValidityBasis, new_id

# Roles that look after an organization's training see who is certified for what.
_VIEWING = (Permission.VIEW_GATES, Permission.EVALUATE_GATES, Permission.VIEW_COMPLIANCE)


def record_evidence(
    session: Session,
    *,
    person_id: UUID,
    organization_id: UUID | None,
    scopes: Sequence[str],
    lesson_id: UUID | None,
    lesson_version: str | None,
    attempt_id: UUID | None = None,
    attempt_number: int | None = None,
    score: Decimal | None = None,
    persona: Persona | None = None,
    level: ProficiencyLevel,
    achieved_at: datetime,
    now: datetime,
) -> list[ProficiencyEvidence]:
    """Note a level reached in every scope of a lesson, the certification it earns, and the tracks it completes.

    A level at or above what the scope's rule asks for earns a `certified` one with its last day. `enrolled` is noted
    once a scope, and nothing follows from it. The same attempt said again changes nothing.

    Parameters
    ----------
    scopes
        Scope tags of the lesson; none for a lesson that only counts for tracks.
    score
        Percent.
    persona
        The learner's, for the record; a track's evidence has the track's own.

    Returns
    -------
    The new evidence, of scopes first, then of tracks.

    Raises
    ------
    NotFoundError
        When nobody has the id.
    InvalidInputError
        When it is said to happen after it is recorded.
    """
    if achieved_at > now:
        raise InvalidInputError("A level is recorded when it was reached, not before.")
    repository = ProficiencyRepository(session)
    session.flush()
    repository.lock_person(person_id)
    if attempt_id is not None:
        former = repository.same_attempt(attempt_id)
        if former:
            return former
    result = _Result(
        person_id=person_id,
        organization_id=organization_id,
        persona=persona,
        lesson_id=lesson_id,
        lesson_version=lesson_version,
        attempt_id=attempt_id,
        attempt_number=attempt_number,
        score=score,
        achieved_at=achieved_at,
        recorded_at=now,
    )
    rows = _scope_evidence(repository, result, tuple(dict.fromkeys(scopes)), level)
    session.add_all(rows)
    session.flush()
    if lesson_id is not None and level in (ProficiencyLevel.COMPLETED, ProficiencyLevel.PROFICIENT):
        for_tracks = _track_evidence(repository, result, LessonPass(lesson_id, level, achieved_at))
        session.add_all(for_tracks)
        session.flush()
        rows += for_tracks
    append_events(session, [_to_event(row) for row in rows], now=now)
    _issue_for_tracks(session, rows, now=now)
    return rows


def _issue_for_tracks(session: Session, rows: Iterable[ProficiencyEvidence], *, now: datetime) -> None:
    """Issue the certificates that being certified in a track earns (CRT-08)."""
    for row in rows:
        if row.track_id is not None and row.level is ProficiencyLevel.CERTIFIED:
            issue_for_track(
                session,
                person_id=row.person_id,
                track_id=row.track_id,
                organization_id=row.organization_id,
                achieved_on=rules.utc_day(row.achieved_at),
                now=now,
            )


@dataclass(frozen=True, kw_only=True)
class _Result:
    """What every piece of evidence of one result has in common."""

    person_id: UUID
    organization_id: UUID | None
    persona: Persona | None
    lesson_id: UUID | None
    lesson_version: str | None
    attempt_id: UUID | None
    attempt_number: int | None
    score: Decimal | None
    achieved_at: datetime
    recorded_at: datetime

    def evidence(
        self,
        level: ProficiencyLevel,
        *,
        scope: str | None = None,
        track: TrainingTrack | None = None,
        expires_on: date | None = None,
    ) -> ProficiencyEvidence:
        values = {**vars(self), "persona": self.persona if track is None else track.persona}
        return ProficiencyEvidence(
            **values,
            id=new_id(),
            scope=scope,
            track_id=None if track is None else track.id,
            level=level,
            expires_on=expires_on,
            created_at=self.recorded_at,
            updated_at=self.recorded_at,
        )


def _scope_evidence(
    repository: ProficiencyRepository, result: _Result, scopes: Sequence[str], level: ProficiencyLevel
) -> list[ProficiencyEvidence]:
    if not scopes:
        return []
    held = repository.scope_evidence(result.person_id, scopes)
    achieved_on = rules.utc_day(result.achieved_at)
    terms = repository.terms_of(scopes, result.organization_id, on=achieved_on)
    rows = []
    for scope in scopes:
        in_scope = [row for row in held if row.scope == scope]
        if level is ProficiencyLevel.ENROLLED and in_scope:
            continue
        if level is not ProficiencyLevel.CERTIFIED:
            rows.append(result.evidence(level, scope=scope))
        if rules.is_at_least(level, terms[scope].certified_at_level):
            last = rules.expires_on(terms[scope], achieved_on, _last_expiry(in_scope))
            rows.append(result.evidence(ProficiencyLevel.CERTIFIED, scope=scope, expires_on=last))
    return rows


def _track_evidence(
    repository: ProficiencyRepository, result: _Result, passed: LessonPass
) -> list[ProficiencyEvidence]:
    """The levels a pass makes the person reach in the tracks that the lesson is part of."""
    rows: list[ProficiencyEvidence] = []
    for track in repository.tracks_with(passed.lesson_id, result.organization_id):
        held = [row for row in repository.track_evidence(result.person_id, [track.id]) if row.revoked_at is None]
        steps = repository.steps(track.id)
        passes = [*repository.passes(result.person_id, [step.lesson_id for step in steps]), passed]
        level = _track_level_reached(steps, passes, held)
        if level is None:
            continue
        rows.append(result.evidence(level, track=track))
        name, achieved_on = rules.track_name(track.persona, track.tier), rules.utc_day(result.achieved_at)
        terms = repository.terms_of([name], result.organization_id, on=achieved_on)[name]
        if rules.is_at_least(level, terms.certified_at_level):
            last = rules.expires_on(terms, achieved_on, _last_expiry(held))
            rows.append(result.evidence(ProficiencyLevel.CERTIFIED, track=track, expires_on=last))
    return rows


def _track_level_reached(
    steps: Sequence[TrackStep], passes: Sequence[LessonPass], held: Sequence[ProficiencyEvidence]
) -> ProficiencyLevel | None:
    """The highest level that is reached anew; nothing is, while lessons of it were not passed since it was last."""
    for level in (ProficiencyLevel.PROFICIENT, ProficiencyLevel.COMPLETED):
        if rules.has_reached_track(steps, level, rules.passed_since(passes, _reached_at(held, level))):
            return level
    return None


def _last_expiry(rows: Iterable[ProficiencyEvidence]) -> date | None:
    """The last day of the certification that a new one renews; one that was revoked is not renewed."""
    days = [row.expires_on for row in rows if row.expires_on is not None and row.revoked_at is None]
    return max(days, default=None)


def _reached_at(held: Iterable[ProficiencyEvidence], level: ProficiencyLevel) -> datetime | None:
    return rules.reached_at(((row.level, row.achieved_at) for row in held), level)


def _to_event(row: ProficiencyEvidence) -> ProficiencyReached:
    return ProficiencyReached(
        subject_id=row.person_id,
        organization_id=row.organization_id,
        occurred_at=row.achieved_at,
        evidence_id=row.id,
        scope=row.scope,
        track_id=row.track_id,
        persona=row.persona,
        level=row.level,
        lesson_id=row.lesson_id,
        lesson_version=row.lesson_version,
        attempt_id=row.attempt_id,
        attempt_number=row.attempt_number,
        score=row.score,
        expires_on=row.expires_on,
    )


def record_course_completion(
    session: Session,
    *,
    person_id: UUID,
    organization_id: UUID | None,
    course_id: UUID,
    final_score: Decimal | None,
    now: datetime,
) -> list[ProficiencyEvidence]:
    """Note what a finished course proves, where it is a lesson; called when an enrollment is completed.

    It is `completed` with the threshold of the lesson (80 %), which is another one than the course's passing score; a
    course without any score is completed by finishing it.
    """
    rows: list[ProficiencyEvidence] = []
    for lesson in ProficiencyRepository(session).course_lessons(course_id, organization_id):
        if final_score is None or final_score >= lesson.pass_threshold:
            rows += record_evidence(
                session,
                person_id=person_id,
                organization_id=organization_id,
                scopes=lesson.scope_tags,
                lesson_id=lesson.lesson_id,
                lesson_version=lesson.version,
                score=final_score,
                level=ProficiencyLevel.COMPLETED,
                achieved_at=now,
                now=now,
            )
    return rows


def revoke_evidence(
    session: Session, principal: Principal, *, evidence_id: UUID, revoked_from: date, reason: str, now: datetime
) -> ProficiencyEvidence:
    """Let evidence no longer count from a day on, which may lie in the past or ahead; we know of it from now on.

    All that the same result proved goes with it, the tracks that were reached only with it, and the certificates these
    earned, unless a later version only took its place. Said again for the same day or a later one it changes nothing.

    Raises
    ------
    NotFoundError
        When there is none, or it is another organization's.
    NotAuthorizedError
        When the principal may not manage the gates of the organization it was earned in.
    InvalidInputError
        When no reason is given.
    """
    repository = ProficiencyRepository(session)
    session.flush()
    row = repository.evidence_row(evidence_id)
    missing = NotFoundError("There is no evidence with this id that you may see.")
    if row is None:
        raise missing
    if not principal.is_unrestricted:
        if row.organization_id is None or row.organization_id not in principal.organization_ids:
            raise missing
        principal.require(Permission.MANAGE_GATES, row.organization_id)
    if not reason.strip():
        raise InvalidInputError("Say why the evidence is revoked.")
    repository.lock_person(row.person_id)
    row = repository.evidence_row(evidence_id)
    if row is None:
        raise missing
    revoked = _revoke(repository.same_achievement(row), revoked_from, reason, now)
    session.flush()
    if row.lesson_id is not None and row.scope is not None:
        revoked += _revoke(_tracks_lost(repository, row, revoked_from), revoked_from, reason, now)
        session.flush()
    events = [
        ProficiencyRevoked(
            subject_id=each.person_id,
            organization_id=each.organization_id,
            occurred_at=now,
            evidence_id=each.id,
            revoked_from=revoked_from,
            superseded=True if reason == rules.SUPERSEDED_REASON else None,
        )
        for each in revoked
    ]
    append_events(session, events, now=now)
    if reason != rules.SUPERSEDED_REASON:
        _revoke_for_tracks(session, revoked, revoked_from, reason, now)
    return row


def _revoke_for_tracks(
    session: Session, rows: Iterable[ProficiencyEvidence], revoked_from: date, reason: str, now: datetime
) -> None:
    """Take back the certificates that rested on nothing else; what was earned by a former version stays earned."""
    for row in rows:
        if row.track_id is not None and row.level is ProficiencyLevel.CERTIFIED:
            revoke_for_track(
                session,
                person_id=row.person_id,
                track_id=row.track_id,
                organization_id=row.organization_id,
                achieved_on=rules.utc_day(row.achieved_at),
                revoked_from=revoked_from,
                reason=reason,
                now=now,
            )


def _revoke(
    rows: Iterable[ProficiencyEvidence], revoked_from: date, reason: str, now: datetime
) -> list[ProficiencyEvidence]:
    changed = [row for row in rows if row.revoked_from is None or revoked_from < row.revoked_from]
    for row in changed:
        row.revoked_from, row.revoked_at, row.revocation_reason, row.updated_at = revoked_from, now, reason, now
    return changed


def _tracks_lost(
    repository: ProficiencyRepository, row: ProficiencyEvidence, revoked_from: date
) -> list[ProficiencyEvidence]:
    """Evidence of tracks, still standing on the day, that the person would not have reached without a lesson's pass."""
    if row.lesson_id is None:
        return []
    lost: list[ProficiencyEvidence] = []
    for track in repository.tracks_with(row.lesson_id, row.organization_id):
        steps = repository.steps(track.id)
        passes = repository.passes(row.person_id, [step.lesson_id for step in steps])
        kept: list[ProficiencyEvidence] = []
        reached = [
            each
            for each in repository.track_evidence(row.person_id, [track.id])
            if each.revoked_from is None or each.revoked_from > revoked_from
        ]
        for each in reached:
            if each.level is ProficiencyLevel.CERTIFIED:
                # It stands and falls with the level that earned it.
                is_kept = any(other.achieved_at == each.achieved_at for other in kept) or not any(
                    other.achieved_at == each.achieved_at and other is not each for other in reached
                )
            elif each.achieved_at < row.achieved_at:
                is_kept = True
            else:
                by_then = [known for known in passes if known.achieved_at <= each.achieved_at]
                since = _reached_at(kept, each.level)
                is_kept = rules.has_reached_track(steps, each.level, rules.passed_since(by_then, since))
            (kept if is_kept else lost).append(each)
    return lost


def set_scope_rule(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    terms: ScopeRuleTerms,
    effective_from: date | None = None,
    now: datetime,
) -> ScopeRule:
    """Add the next version of how long a certification in a scope (or a track, `persona/tier`) lasts.

    It holds for what is reached from its first day on; certifications that were earned keep their last day.

    Raises
    ------
    NotAuthorizedError, GateDeniedError
        When the principal may not manage the gates there (the platform's rules are its administrators'), or the gate
        `rule-change` says no.
    InvalidInputError
        When the terms cannot mean what they should or start before today.
    """
    require_may_manage(principal, organization_id)
    rules.require_valid_terms(terms)
    first_day = effective_from or now.date()
    if first_day < now.date() and not principal.is_system:
        raise InvalidInputError("A rule starts today or later: what was earned before keeps its last day.")
    require_gate(session, principal, action=RULE_CHANGE, organization_id=organization_id, now=now)
    repository = ProficiencyRepository(session)
    repository.lock_scope(organization_id, terms.scope)
    row = ScopeRule(
        id=new_id(),
        organization_id=organization_id,
        scope=terms.scope,
        version=repository.latest_version(organization_id, terms.scope) + 1,
        certified_at_level=terms.certified_at_level,
        validity_basis=ValidityBasis(terms.validity_basis),
        validity_months=terms.validity_months,
        calendar_month=terms.calendar_month,
        calendar_day=terms.calendar_day,
        minimum_active_days=terms.minimum_active_days,
        renewal_window_days=terms.renewal_window_days,
        grace_days=terms.grace_days,
        effective_from=first_day,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    event = ScopeRuleSet(
        subject_id=None,
        organization_id=organization_id,
        occurred_at=now,
        rule_id=row.id,
        rule_version=row.version,
        scope=terms.scope,
        effective_from=first_day,
        rule=document_text(asdict(terms)),
    )
    append_events(session, [event], now=now)
    return row


def scope_terms_of(
    session: Session, principal: Principal, *, organization_id: UUID, scopes: Iterable[str], on: date
) -> dict[str, ScopeRuleTerms]:
    """How long a certification in each scope or track lasts on a day: own terms, else the platform's, else the seed's.

    Raises
    ------
    NotAuthorizedError
        When no role in the organization lets the principal see its gates.
    """
    principal.require(Permission.VIEW_GATES, organization_id)
    return ProficiencyRepository(session).terms_of(scopes, organization_id, on=on)


def is_certified(
    session: Session,
    principal: Principal,
    *,
    scope: str,
    person_id: UUID,
    at: datetime,
    as_known_at: datetime,
    organization_id: UUID | None = None,
) -> CertifiedAnswer:
    """Whether the person was certified in the scope at `at`, by what was known at `as_known_at`.

    Parameters
    ----------
    organization_id
        Whose scope rule and lessons count besides the platform's; None: the platform's rule and every lesson.

    Raises
    ------
    NotFoundError
        When there is no such person, or none that the principal may see.
    """
    repository = ProficiencyRepository(session)
    session.flush()
    _require_may_see(repository, principal, person_id, organization_id, on=rules.utc_day(as_known_at))
    terms = repository.terms_of([scope], organization_id, on=rules.utc_day(at), as_known_at=as_known_at)[scope]
    evidence = repository.known_scope_evidence(
        person_id, scope, organization_id=organization_id, as_known_at=as_known_at
    )
    return rules.certification_of(evidence, terms, at=at, as_known_at=as_known_at, person_id=person_id)


def _require_may_see(
    repository: ProficiencyRepository, principal: Principal, person_id: UUID, organization_id: UUID | None, *, on: date
) -> None:
    missing = NotFoundError("There is no person with this id that you may see.")
    if not repository.is_person(person_id):
        raise missing
    organizations = repository.organizations_of(person_id, on=on)
    if organization_id is not None:
        if not principal.is_person(person_id) and organization_id not in organizations:
            raise missing
        organizations = frozenset({organization_id})
    if not any(principal.may_act_for(permission, person_id, organizations) for permission in _VIEWING):
        raise missing


def next_required_training(
    session: Session,
    principal: Principal,
    *,
    action: str,
    person_id: UUID,
    organization_id: UUID | None,
    now: datetime,
) -> RequiredTraining:
    """The fewest lessons after which the person meets every requirement of the action's rule, and their minutes.

    How the way is chosen: `training.training_for_gaps`.

    Raises
    ------
    NotFoundError
        When there is no such person, or none that the principal may see.
    """
    repository = ProficiencyRepository(session)
    session.flush()
    _require_may_see(repository, principal, person_id, organization_id, on=now.date())
    asked = Asked(action, person_id, organization_id)
    found = look_up(psycopg_connection(session.connection()), [(asked, now)])[0]
    if found.terms is None:
        return RequiredTraining((), Decimal(0), TrainingReason.NO_RULE)
    gap = TrainingGap.of_decision(decide(found.terms, found.facts, now))
    return training_for_gaps(session, [gap], now=now)[0]
