"""Use cases of taking a lesson: open it, answer its checks, hand in an attempt, go through a walkthrough.

People take lessons for themselves only. Grading is in `rules`; levels and certifications follow in `proficiency`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.assessment import rules
from operational_db.assessment.repository import AssessmentRepository, no_attempt
from operational_db.assessment.rules import CoolDownError, Grade, ItemResult
from operational_db.assessment.views import (
    AttemptResult,
    AttemptView,
    EvidenceLine,
    LessonView,
    Presenter,
    QuestionResult,
    Remediation,
    locale_of,
)
from operational_db.content.body import Decision, LessonBody, Question, Step, parse_body
from operational_db.content.permissions import is_visible, require_visible
from operational_db.content.reading import title_of
from operational_db.content.recertification import end_evidence_on, outdated_from
from operational_db.content.repository import ContentRepository, no_lesson
from operational_db.errors import ConflictError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import Event, LessonAttemptGraded, LessonCompleted, LessonOpened
from operational_db.proficiency.rules import level_of_result
from operational_db.proficiency.service import record_evidence
from operational_db.reinforcement.service import finish_passed
from operational_db.tables.content import Lesson, LessonAttempt, LessonVersion
from operational_db.tables.gates import ProficiencyEvidence
from operational_db.types import LessonStatus, LessonTrigger, LessonType, Persona, ProficiencyLevel, new_id


def open_lesson(
    session: Session,
    principal: Principal,
    *,
    lesson_id: UUID,
    organization_id: UUID | None,
    trigger: LessonTrigger = LessonTrigger.BROWSE,
    locale: str | None = None,
    now: datetime,
) -> LessonView:
    """Show the published version in the viewer's language, without its answers; the ledger hears of the impression.

    Parameters
    ----------
    organization_id
        The organization in which the person learns; one of hers, or none.
    locale
        The viewer's language, such as es or es-MX; the lesson's own language where it has no such texts.

    Raises
    ------
    NotFoundError
        When the lesson does not exist, belongs to another organization, or has nothing published.
    NotAuthorizedError
        For the system, which is no learner.
    """
    lesson, version, body = _published(session, principal, lesson_id, organization_id)
    event = LessonOpened(
        subject_id=principal.person_id,
        organization_id=organization_id,
        occurred_at=now,
        lesson_id=lesson.id,
        lesson_version=version.version,
        lesson_type=lesson.lesson_type,
        trigger=trigger,
    )
    append_events(session, [event], now=now)
    return _lesson_view(session, principal, lesson, version, body, locale)


def answer_check(
    session: Session,
    principal: Principal,
    *,
    lesson_id: UUID,
    question_id: str,
    chosen: Sequence[str],
    organization_id: UUID | None,
    locale: str | None = None,
) -> QuestionResult:
    """Say at once whether an ungraded knowledge check was answered right, and why. Nothing is recorded.

    Raises
    ------
    NotFoundError
        When the lesson has no such check, or the check is graded and answered by an attempt.
    InvalidInputError
        When an option is not among the check's.
    """
    _, version, body = _published(session, principal, lesson_id, organization_id)
    question = next((check for check in body.ungraded_checks if check.id == question_id), None)
    if question is None:
        raise NotFoundError("The lesson has no such knowledge check. Graded questions are answered by an attempt.")
    answers = rules.require_answers([question], {question_id: list(chosen)})
    result = rules.grade([question], answers, 100).items[0]
    presenter = Presenter(body, locale_of(body, version.locales, locale), version.id, _policy_titles(session, version))
    return _question_result(presenter, question, result, is_explained=True)


def start_attempt(
    session: Session,
    principal: Principal,
    *,
    lesson_id: UUID,
    organization_id: UUID | None,
    trigger: LessonTrigger = LessonTrigger.BROWSE,
    now: datetime,
) -> LessonAttempt:
    """Start an attempt at the published version, or go on with the one that is open: there is one at a time.

    An attempt that was not handed in within two hours starts over; it never counted as a try.

    Raises
    ------
    NotFoundError, NotAuthorizedError
        As `open_lesson`.
    CoolDownError
        After three failures in a row within a day: 15 minutes, then twice as long after each further failure.
    ConflictError
        When a policy the version teaches has changed and is in effect: the version no longer certifies anybody.
    InvalidInputError
        When there is nothing to answer, as in a course, which is taken in the catalogue.
    """
    lesson, version, body = _published(session, principal, lesson_id, organization_id)
    repository = AssessmentRepository(session)
    _require_not_outdated(session, lesson, version, now=now)
    ready_at = rules.may_try_again_at(repository.failures_in_a_row(principal.person_id, lesson_id), now=now)
    if ready_at is not None:
        raise CoolDownError(
            f"Read '{lesson.title}' again first; the next try starts at {ready_at:%H:%M} UTC.",
            details={"retry_at": ready_at.isoformat()},
        )
    attempt_id = new_id()
    attempt = repository.open_attempt(
        attempt_id=attempt_id,
        version_id=version.id,
        person_id=principal.person_id,
        organization_id=organization_id,
        trigger=trigger,
        attempt_number=repository.attempt_count(principal.person_id, lesson_id) + 1,
        question_ids=rules.item_order(lesson.lesson_type, body, attempt_id),
        now=now,
    )
    if now - attempt.started_at > rules.ATTEMPT_LASTS:
        attempt.started_at = now
        attempt.trigger = trigger
        attempt.organization_id = organization_id
    session.flush()
    if attempt.id == attempt_id and attempt.attempt_number == 1:
        _note_enrolled(session, attempt, version, lesson, now=now)
    return attempt


def attempt_view(session: Session, principal: Principal, *, attempt_id: UUID, locale: str | None = None) -> AttemptView:
    """The questions of one's own open attempt, in its order and in the viewer's language.

    Raises
    ------
    NotFoundError
        When it is none of the principal's own.
    """
    attempt, version, lesson = _own_attempt(session, principal, attempt_id)
    body = parse_body(lesson.lesson_type, version.body)
    presenter = Presenter(body, locale_of(body, version.locales, locale), attempt.id)
    return AttemptView(
        attempt_id=attempt.id,
        lesson_id=lesson.id,
        version=version.version,
        attempt_number=attempt.attempt_number,
        started_at=attempt.started_at,
        hand_in_by=attempt.started_at + rules.ATTEMPT_LASTS,
        questions=presenter.questions(_items(lesson, body, attempt)),
        steps=presenter.steps(),
    )


def submit_attempt(
    session: Session,
    principal: Principal,
    *,
    attempt_id: UUID,
    answers: Mapping[str, Sequence[str]],
    locale: str | None = None,
    now: datetime,
) -> AttemptResult:
    """Hand in one's attempt: it is graded at once, and what it proves is recorded in the same transaction.

    The same answers again give the same result and record nothing. Steps of a walkthrough are answered with "done".

    Raises
    ------
    NotFoundError
        When it is none of the principal's own attempts.
    InvalidInputError
        When an answer is missing, unknown, or not among the options.
    TooFastError
        When nobody could have read the questions in that time; the attempt stays open.
    ConflictError
        When it was handed in with other answers, is older than two hours, or its version no longer certifies.
    """
    attempt, version, lesson = _own_attempt(session, principal, attempt_id, lock=True)
    body = parse_body(lesson.lesson_type, version.body)
    items = _items(lesson, body, attempt)
    taken = rules.require_answers(items, answers)
    if attempt.submitted_at is not None:
        if attempt.answers != {name: list(chosen) for name, chosen in taken.items()}:
            raise ConflictError("This attempt was handed in with other answers. Start another one.")
        return _result(session, attempt, version, lesson, body, locale, now=now)
    if now - attempt.started_at > rules.ATTEMPT_LASTS:
        raise ConflictError("This attempt is older than two hours and no longer open. Start it again.")
    _require_not_outdated(session, lesson, version, now=now)
    seconds = rules.require_plausible(items, attempt.started_at, now=now)
    grade = rules.grade(items, taken, version.pass_threshold)
    attempt.answers = {name: list(chosen) for name, chosen in taken.items()}
    attempt.submitted_at = now
    attempt.score = grade.score
    attempt.is_passed = grade.is_passed
    attempt.seconds_taken = seconds
    attempt.updated_at = now
    session.flush()
    persona = AssessmentRepository(session).persona(attempt.person_id, attempt.organization_id, on=now.date())
    append_events(session, [_graded_event(session, attempt, version, lesson, grade, persona, seconds)], now=now)
    if grade.is_passed:
        _record(session, attempt, version, lesson, persona, now=now)
        finish_passed(session, person_id=attempt.person_id, lesson_id=lesson.id, now=now)
    return _result(session, attempt, version, lesson, body, locale, now=now)


def attempt_result(
    session: Session, principal: Principal, *, attempt_id: UUID, locale: str | None = None, now: datetime
) -> AttemptResult:
    """The result of one's own attempt, as it was given when it was handed in.

    Raises
    ------
    NotFoundError
        When it is none of the principal's own, or is still open.
    """
    attempt, version, lesson = _own_attempt(session, principal, attempt_id)
    if attempt.submitted_at is None:
        raise NotFoundError("The attempt is still open. Hand it in first.")
    body = parse_body(lesson.lesson_type, version.body)
    return _result(session, attempt, version, lesson, body, locale, now=now)


def _published(
    session: Session, principal: Principal, lesson_id: UUID, organization_id: UUID | None
) -> tuple[Lesson, LessonVersion, LessonBody]:
    if principal.is_system:
        raise NotAuthorizedError("Lessons are taken by people. Sign in as one.")
    require_visible(principal, organization_id, NotFoundError("You do not belong to this organization."))
    repository = ContentRepository(session)
    lesson = repository.lesson(lesson_id)
    version = repository.published_version(lesson_id)
    if version is None or not is_visible(principal, lesson.organization_id):
        raise no_lesson()
    return lesson, version, parse_body(lesson.lesson_type, version.body)


def _own_attempt(
    session: Session, principal: Principal, attempt_id: UUID, *, lock: bool = False
) -> tuple[LessonAttempt, LessonVersion, Lesson]:
    attempt, version, lesson = AssessmentRepository(session).attempt(attempt_id, lock=lock)
    if not principal.is_person(attempt.person_id):
        raise no_attempt()
    return attempt, version, lesson


def _items(lesson: Lesson, body: LessonBody, attempt: LessonAttempt) -> list[Question | Decision | Step]:
    by_id = {item.id: item for item in rules.items_of(lesson.lesson_type, body)}
    return [by_id[item_id] for item_id in attempt.question_ids]


def _require_not_outdated(session: Session, lesson: Lesson, version: LessonVersion, *, now: datetime) -> None:
    """An attempt at a version certifies while the policies it teaches are in force as it teaches them."""
    is_current = version.status is LessonStatus.PUBLISHED
    outdated = outdated_from(ContentRepository(session), version.id)
    if outdated is not None and outdated <= now.date():
        what = "a newer version is published: start again" if not is_current else "its owner is revising it"
        raise ConflictError(
            f"'{lesson.title}' {version.version} teaches a policy that changed on {outdated:%d %B %Y}; {what}.",
            details={"outdated_from": outdated.isoformat()},
        )


def _lesson_view(
    session: Session,
    principal: Principal,
    lesson: Lesson,
    version: LessonVersion,
    body: LessonBody,
    locale: str | None,
) -> LessonView:
    repository = ContentRepository(session)
    shown = locale_of(body, version.locales, locale)
    presenter = Presenter(body, shown, principal.person_id)
    is_answered = lesson.lesson_type not in (LessonType.COURSE, LessonType.WALKTHROUGH)
    graded = rules.items_of(lesson.lesson_type, body) if is_answered else ()
    return LessonView(
        lesson_id=lesson.id,
        version_id=version.id,
        code=lesson.code,
        title=title_of(lesson, version, shown),
        objective=presenter.text(body.objective, version.objective),
        lesson_type=lesson.lesson_type,
        version=version.version,
        minutes=version.duration_minutes,
        pass_threshold=version.pass_threshold,
        scope_tags=tuple(version.scope_tags),
        locale=shown,
        locales=tuple(version.locales),
        setting=presenter.text(body.scenario.setting) if body.scenario else None,
        slides=presenter.slides(),
        checks=presenter.questions(body.ungraded_checks),
        questions=presenter.questions(graded),
        steps=presenter.steps(),
        links=presenter.links(),
        policy_codes=tuple(policy.code for policy, _ in repository.policies_of(version.id)),
        runbook_codes=tuple(runbook.code for runbook in repository.runbooks_of(version.id)),
        course_id=lesson.course_id,
    )


def _graded_event(
    session: Session,
    attempt: LessonAttempt,
    version: LessonVersion,
    lesson: Lesson,
    grade: Grade,
    persona: Persona | None,
    seconds: int,
) -> Event:
    if lesson.lesson_type is LessonType.WALKTHROUGH and grade.is_passed:
        return LessonCompleted(
            subject_id=attempt.person_id,
            organization_id=attempt.organization_id,
            occurred_at=attempt.submitted_at or attempt.started_at,
            lesson_id=lesson.id,
            lesson_version=version.version,
            lesson_type=lesson.lesson_type,
            seconds_taken=seconds,
        )
    content = ContentRepository(session)
    return LessonAttemptGraded(
        subject_id=attempt.person_id,
        organization_id=attempt.organization_id,
        occurred_at=attempt.submitted_at or attempt.started_at,
        attempt_id=attempt.id,
        lesson_id=lesson.id,
        lesson_version=version.version,
        lesson_type=lesson.lesson_type,
        persona=persona,
        track_id=content.track_for(lesson.id, persona),
        attempt_number=attempt.attempt_number,
        score=grade.score,
        passed=grade.is_passed,
        seconds_taken=seconds,
        trigger=attempt.trigger,
        scope_tags=",".join(sorted(version.scope_tags)),
        policy_ids=",".join(sorted(str(policy.id) for policy, _ in content.policies_of(version.id))),
        runbook_ids=",".join(sorted(str(runbook.id) for runbook in content.runbooks_of(version.id))),
    )


def _note_enrolled(
    session: Session, attempt: LessonAttempt, version: LessonVersion, lesson: Lesson, *, now: datetime
) -> None:
    """The first of the levels: whoever starts a lesson is enrolled in its scopes (seed, tiered proficiency)."""
    if lesson.lesson_type is not LessonType.WALKTHROUGH:
        record_evidence(
            session,
            person_id=attempt.person_id,
            organization_id=attempt.organization_id,
            scopes=tuple(version.scope_tags),
            lesson_id=lesson.id,
            lesson_version=version.version,
            persona=AssessmentRepository(session).persona(attempt.person_id, attempt.organization_id, on=now.date()),
            level=ProficiencyLevel.ENROLLED,
            achieved_at=now,
            now=now,
        )


def _record(
    session: Session,
    attempt: LessonAttempt,
    version: LessonVersion,
    lesson: Lesson,
    persona: Persona | None,
    *,
    now: datetime,
) -> None:
    """What a passed attempt proves. A walkthrough shows the way and proves no scope; it counts for tracks."""
    is_walkthrough = lesson.lesson_type is LessonType.WALKTHROUGH
    evidence = record_evidence(
        session,
        person_id=attempt.person_id,
        organization_id=attempt.organization_id,
        scopes=() if is_walkthrough else tuple(version.scope_tags),
        lesson_id=lesson.id,
        lesson_version=version.version,
        attempt_id=attempt.id,
        attempt_number=attempt.attempt_number,
        score=attempt.score,
        persona=persona,
        level=level_of_result(lesson.lesson_type, True),
        achieved_at=now,
        now=now,
    )
    outdated = outdated_from(ContentRepository(session), version.id)
    if outdated is not None:
        # The policy is to change: it certifies until then and no longer.
        end_evidence_on(session, [piece.id for piece in evidence], outdated, now=now)


def _result(
    session: Session,
    attempt: LessonAttempt,
    version: LessonVersion,
    lesson: Lesson,
    body: LessonBody,
    locale: str | None,
    *,
    now: datetime,
) -> AttemptResult:
    items = _items(lesson, body, attempt)
    answers = {name: tuple(chosen) for name, chosen in attempt.answers.items()}
    grade = rules.grade(items, answers, version.pass_threshold)
    presenter = Presenter(body, locale_of(body, version.locales, locale), attempt.id, _policy_titles(session, version))
    repository = AssessmentRepository(session)
    failures = [] if attempt.is_passed else repository.failures_in_a_row(attempt.person_id, lesson.id)
    return AttemptResult(
        attempt_id=attempt.id,
        lesson_id=lesson.id,
        lesson_version=version.version,
        trigger=attempt.trigger,
        attempt_number=attempt.attempt_number,
        score=grade.score,
        pass_threshold=version.pass_threshold,
        is_passed=bool(attempt.is_passed),
        seconds_taken=attempt.seconds_taken or 0,
        questions=tuple(
            _question_result(presenter, item, result) for item, result in zip(items, grade.items, strict=True)
        ),
        evidence=tuple(_evidence_line(piece) for piece in repository.evidence_of(attempt.id)),
        retry_at=rules.may_try_again_at(failures, now=now),
    )


def _question_result(
    presenter: Presenter,
    item: Question | Decision | Step,
    result: ItemResult,
    *,
    is_explained: bool = False,
) -> QuestionResult:
    """A right answer needs no remediation; a wrong one gets the reason, the policy and the slide to read again."""
    if isinstance(item, Decision):
        choice = next(choice for choice in item.choices if choice.id == result.chosen[0])
        consequence = presenter.text(choice.consequence)
        remediation = None if result.is_right else _remediation(presenter, consequence, result)
        return QuestionResult(item.id, result.is_right, result.chosen, remediation, consequence)
    if result.is_right and not is_explained:
        return QuestionResult(item.id, True, result.chosen, None)
    explanation = presenter.text(item.explanation if isinstance(item, Question) else item.text)
    remediation = _remediation(presenter, explanation, result)
    return QuestionResult(item.id, result.is_right, result.chosen, remediation)


def _remediation(presenter: Presenter, explanation: str, result: ItemResult) -> Remediation:
    slide = next((slide for slide in presenter.body.slides if slide.id == result.slide_id), None)
    return Remediation(
        explanation=explanation,
        policy_code=result.policy_code,
        policy_title=presenter.policy_titles.get(result.policy_code or ""),
        slide_id=slide.id if slide else None,
        slide_title=presenter.text(slide.title) if slide else None,
    )


def _policy_titles(session: Session, version: LessonVersion) -> dict[str, str]:
    return {policy.code: policy.title for policy, _ in ContentRepository(session).policies_of(version.id)}


def _evidence_line(piece: ProficiencyEvidence) -> EvidenceLine:
    return EvidenceLine(piece.id, piece.scope, piece.track_id, piece.level, piece.expires_on)
