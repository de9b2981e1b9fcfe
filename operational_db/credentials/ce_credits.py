"""Use cases of continuing education: log credits, take them back, say what is short; courses log theirs by themselves.

The rules of cycles and carry-over are in `ce_rules`. Source: training-platform seed 3.2.2.1 (ce_credit_log).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.credentials import ce_rules
from operational_db.credentials.access import no_certificate, require_may_see_all
from operational_db.credentials.ce_repository import CeRepository
from operational_db.credentials.ce_rules import CeTerms, Credit, Cycle, CycleStanding
from operational_db.credentials.repository import CredentialsRepository
from operational_db.documents.service import require_document
from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import CeCreditLogged, CeCreditWithdrawn, Event
from operational_db.tables.catalog import Course
from operational_db.tables.credentials import CeCredit, Certificate, Certification
from operational_db.tables.learning import Enrollment
from operational_db.types import CeActivityType, EnrollmentStatus, VerificationStatus, new_id

LONGEST_DESCRIPTION = 500


@dataclass(frozen=True, slots=True)
class CeStanding:
    """What a certificate has and lacks of continuing education on a day."""

    certificate_id: UUID
    earned: Decimal
    carried_over: Decimal
    required: Decimal
    due_on: date | None
    short_by: Decimal


@dataclass(frozen=True, slots=True)
class CeCreditView:
    """One activity; `certificate_id` is the certificate in whose cycle it counts."""

    credit_id: UUID
    certificate_id: UUID | None
    certification_id: UUID
    credits: Decimal
    activity_type: CeActivityType
    activity_description: str
    activity_on: date
    recorded_at: datetime
    enrollment_id: UUID | None
    document_id: UUID | None


def log_credit(
    session: Session,
    principal: Principal,
    *,
    certificate_id: UUID,
    credits: Decimal,
    activity_type: CeActivityType,
    activity_on: date,
    activity_description: str = "",
    document_id: UUID | None = None,
    now: datetime,
) -> CeCredit:
    """Log what an activity outside the platform earned toward a certificate's kind; an activity counts once.

    The holder logs her own, who may verify her certificates also hers.

    Parameters
    ----------
    certificate_id
        Any certificate of the line; in whose cycle the activity counts follows from its day.

    Raises
    ------
    NotFoundError, InvalidInputError
    ConflictError
        When the kind asks for no credits, the certificate is revoked or withdrawn, or the activity is logged already.
    """
    certificate, kind = _loggable(session, principal, certificate_id, now=now)
    ce_rules.require_valid_credit(credits, activity_on, today=now.date())
    description = activity_description.strip()
    if not description or len(description) > LONGEST_DESCRIPTION:
        raise InvalidInputError(f"Say in 1 to {LONGEST_DESCRIPTION} characters what the activity was.")
    if document_id is not None:
        require_document(session, principal, document_id=document_id, person_id=certificate.person_id, on=now.date())
    CredentialsRepository(session).lock_person(certificate.person_id)
    repository = CeRepository(session)
    if repository.is_described(certificate.person_id, kind.id, activity_on, description):
        raise _already_logged(activity_on)
    credit = CeCredit(
        id=new_id(),
        person_id=certificate.person_id,
        certification_id=kind.id,
        certificate_id=_certificate_for(repository, certificate, activity_on).id,
        credits=credits,
        activity_type=activity_type,
        activity_description=description,
        activity_on=activity_on,
        recorded_at=now,
        document_id=document_id,
        created_at=now,
        updated_at=now,
    )
    session.add(credit)
    session.flush()
    append_events(session, [_logged(credit, None, now)], now=now)
    return credit


def log_course(
    session: Session, principal: Principal, *, certificate_id: UUID, enrollment_id: UUID, now: datetime
) -> CeCredit:
    """Count a course completed on the platform toward a certificate that was recorded only afterwards.

    Credits and day are the course's. Courses completed while a certificate is held count by themselves.

    Raises
    ------
    NotFoundError
        Also when the enrollment is not the holder's.
    ConflictError
        When it is not completed, gives no credits, or counts already.
    """
    certificate, kind = _loggable(session, principal, certificate_id, now=now)
    repository = CeRepository(session)
    found = repository.completed_course(enrollment_id)
    if found is None or found[0].person_id != certificate.person_id:
        raise NotFoundError("The person has no enrollment with this id. Look at her courses.")
    enrollment, course = found
    if enrollment.status is not EnrollmentStatus.COMPLETED or enrollment.ended_at is None:
        raise ConflictError(f"The course {course.title} is not completed yet; finish it to earn its credits.")
    if course.ce_credits <= 0:
        raise ConflictError(f"The course {course.title} gives no continuing education credits.")
    CredentialsRepository(session).lock_person(certificate.person_id)
    activity_on = enrollment.ended_at.date()
    if repository.is_logged(certificate.person_id, kind.id, enrollment.id):
        raise _already_logged(activity_on)
    target = _certificate_for(repository, certificate, activity_on)
    credit = _put(session, repository, target, course, enrollment, activity_on, now)
    if credit is None:
        raise _already_logged(activity_on)
    append_events(session, [_logged(credit, enrollment.organization_id, now)], now=now)
    return credit


def record_course_credits(session: Session, *, enrollment: Enrollment, course: Course, now: datetime) -> None:
    """Count a course that was completed just now toward every certificate held whose kind asks for credits, once each.

    Called by learning in the transaction of the completion, before that issues a certificate: the day of a renewal
    belongs to the cycle it ends.
    """
    if course.ce_credits <= 0:
        return
    CredentialsRepository(session).lock_person(enrollment.person_id)
    repository = CeRepository(session)
    activity_on = now.date()
    events: list[Event] = []
    for certificate in repository.held_with_requirement(enrollment.person_id, on=activity_on):
        credit = _put(session, repository, certificate, course, enrollment, activity_on, now)
        if credit is not None:
            events.append(_logged(credit, enrollment.organization_id, now))
    append_events(session, events, now=now)


def withdraw_credit(session: Session, principal: Principal, *, credit_id: UUID, now: datetime) -> CeCredit:
    """Take back what was logged in error; the row stays. Taking it back again changes nothing.

    Raises
    ------
    NotFoundError
    ConflictError
        When it comes from a course on the platform, whose records prove it.
    """
    repository = CeRepository(session)
    found = repository.credit(credit_id)
    missing = NotFoundError("There are no credits with this id that you may change. Look at the log.")
    if found is None:
        raise missing
    organizations = CredentialsRepository(session).organization_ids_of(found.person_id, on=now.date())
    if not principal.may_act_for(Permission.VERIFY_CERTIFICATES, found.person_id, organizations):
        raise missing
    credit = repository.lock_credit(found)
    if credit.withdrawn_at is not None:
        return credit
    if credit.activity_id is not None:
        raise ConflictError("These credits come from a course completed on the platform and cannot be taken back.")
    credit.withdrawn_at = now
    credit.updated_at = now
    session.flush()
    event = CeCreditWithdrawn(
        subject_id=credit.person_id,
        organization_id=None,
        occurred_at=now,
        ce_credit_id=credit.id,
        certificate_id=credit.certificate_id,
        certification_id=credit.certification_id,
    )
    append_events(session, [event], now=now)
    return credit


def standing(session: Session, principal: Principal, *, certificate_id: UUID, on: date) -> CeStanding:
    """What the cycle of a certificate has and lacks on a day.

    Raises
    ------
    NotFoundError
        When the principal may not see all of the holder's certificates.
    """
    certificate = _visible(session, principal, certificate_id, on=on)
    return standings_of(session, [certificate], on=on)[certificate.id]


def credits_of(session: Session, principal: Principal, *, certificate_id: UUID, on: date) -> list[CeCreditView]:
    """The log toward a certificate's kind, the latest activity first, each with the certificate it counts for.

    Raises
    ------
    NotFoundError
        When the principal may not see all of the holder's certificates.
    """
    certificate = _visible(session, principal, certificate_id, on=on)
    repository = CeRepository(session)
    line, _ = line_of(certificate, repository.history_of(certificate.person_id, [certificate.certification_id]))
    views = [
        _to_view(credit, line) for credit in repository.credits_of(certificate.person_id, certificate.certification_id)
    ]
    return views[::-1]


def standings_of_person(session: Session, principal: Principal, *, person_id: UUID, on: date) -> dict[UUID, CeStanding]:
    """As `standing`, of every certificate the person has not taken back and whose kind asks for credits.

    Raises
    ------
    NotFoundError
        When the principal may not see all of the person's certificates.
    """
    require_may_see_all(CredentialsRepository(session), principal, person_id, on=on)
    return standings_of(session, CeRepository(session).with_requirement(person_id), on=on)


def standings_of(session: Session, certificates: Sequence[Certificate], *, on: date) -> dict[UUID, CeStanding]:
    """As `standing`, of several certificates of one person; the caller has made sure that they may be seen."""
    if not certificates:
        return {}
    repository = CeRepository(session)
    person_id = certificates[0].person_id
    kind_ids = {certificate.certification_id for certificate in certificates}
    kinds, history = repository.kinds(kind_ids), repository.history_of(person_id, kind_ids)
    credits = repository.all_credits_of(person_id)
    return {
        certificate.id: _standing(
            certificate, kinds[certificate.certification_id], history, credits.get(certificate.certification_id, ())
        ).on(on)
        for certificate in certificates
    }


def line_of(certificate: Certificate, history: Sequence[Certificate]) -> tuple[list[Certificate], int]:
    """The renewal line a certificate belongs to, first to last, and its place in it.

    A former one that was taken back is stepped over, by way of the record that put it right.
    """
    by_id = {each.id: each for each in history}
    corrections = {each.corrects_id: each for each in history if each.corrects_id is not None}
    line, current, seen = [certificate], certificate, {certificate.id}
    while current.renews_id is not None and current.renews_id in by_id:
        current = by_id[current.renews_id]
        while current.withdrawn_at is not None and current.id in corrections:
            current = corrections[current.id]
        if current.id in seen:
            break
        seen.add(current.id)
        if current.withdrawn_at is None:
            line.insert(0, current)
    place = len(line) - 1
    current = certificate
    while (following := _successor(current, history)) is not None and following.id not in seen:
        seen.add(following.id)
        line.append(following)
        current = following
    return line, place


def terms_of(kind: Certification) -> CeTerms:
    """What the registry asks for."""
    return CeTerms(kind.ce_credits_required, kind.ce_carry_over_limit, kind.ce_carry_over_months)


@dataclass(frozen=True)
class _Line:
    certificate_id: UUID
    terms: CeTerms
    cycles: tuple[Cycle, ...]
    credits: tuple[Credit, ...]
    place: int

    def on(self, day: date) -> CeStanding:
        found: CycleStanding = ce_rules.standing_of(self.terms, self.cycles, self.credits, index=self.place, on=day)
        return CeStanding(
            self.certificate_id, found.earned, found.carried_over, found.required, found.due_on, found.short_by
        )


def _standing(
    certificate: Certificate, kind: Certification, history: Sequence[Certificate], credits: Sequence[CeCredit]
) -> _Line:
    same_kind = [each for each in history if each.certification_id == kind.id]
    line, place = line_of(certificate, same_kind)
    return _Line(
        certificate.id,
        terms_of(kind),
        _cycles(line),
        tuple(Credit(credit.credits, credit.activity_on) for credit in credits),
        place,
    )


def _cycles(line: Sequence[Certificate]) -> tuple[Cycle, ...]:
    return tuple(Cycle(each.issued_on, each.expires_on) for each in line)


def _successor(certificate: Certificate, history: Sequence[Certificate]) -> Certificate | None:
    """The proven renewal that stands."""
    return next(
        (
            each
            for each in history
            if each.renews_id == certificate.id
            and each.withdrawn_at is None
            and each.revoked_at is None
            and each.verification_status is VerificationStatus.VERIFIED
        ),
        None,
    )


def _certificate_for(repository: CeRepository, certificate: Certificate, activity_on: date) -> Certificate:
    history = repository.history_of(certificate.person_id, [certificate.certification_id])
    line, _ = line_of(certificate, history)
    index = ce_rules.cycle_index(_cycles(line), activity_on)
    if index is None:
        raise InvalidInputError(
            f"The activity lies before the first certificate ({line[0].issued_on:%d %b %Y}) and counts for none."
        )
    return line[index]


def _loggable(
    session: Session, principal: Principal, certificate_id: UUID, *, now: datetime
) -> tuple[Certificate, Certification]:
    repository = CredentialsRepository(session)
    certificate = repository.certificate(certificate_id)
    if certificate is None:
        raise no_certificate()
    organizations = repository.organization_ids_of(certificate.person_id, on=now.date())
    if not principal.may_act_for(Permission.VERIFY_CERTIFICATES, certificate.person_id, organizations):
        raise no_certificate()
    if certificate.withdrawn_at is not None or certificate.revoked_at is not None:
        raise ConflictError("This certificate was withdrawn or revoked; credits toward it count for nothing.")
    kind = repository.certification(certificate.certification_id)
    if kind.ce_credits_required <= 0:
        raise ConflictError(f"{kind.name} asks for no continuing education credits.")
    return certificate, kind


def _visible(session: Session, principal: Principal, certificate_id: UUID, *, on: date) -> Certificate:
    repository = CredentialsRepository(session)
    certificate = repository.certificate(certificate_id)
    if certificate is None:
        raise no_certificate()
    require_may_see_all(repository, principal, certificate.person_id, on=on)
    return certificate


def _put(
    session: Session,
    repository: CeRepository,
    certificate: Certificate,
    course: Course,
    enrollment: Enrollment,
    activity_on: date,
    now: datetime,
) -> CeCredit | None:
    credit_id = repository.put_course_credit(
        certificate,
        credits=course.ce_credits,
        enrollment_id=enrollment.id,
        course_title=course.title,
        activity_on=activity_on,
        now=now,
    )
    return None if credit_id is None else session.get_one(CeCredit, credit_id)


def _logged(credit: CeCredit, organization_id: UUID | None, now: datetime) -> CeCreditLogged:
    return CeCreditLogged(
        subject_id=credit.person_id,
        organization_id=organization_id,
        occurred_at=now,
        ce_credit_id=credit.id,
        certificate_id=credit.certificate_id,
        certification_id=credit.certification_id,
        credits=credit.credits,
        activity_type=credit.activity_type,
        activity_id=credit.activity_id,
        activity_on=credit.activity_on,
    )


def _already_logged(activity_on: date) -> ConflictError:
    return ConflictError(
        f"This activity of {activity_on:%d %b %Y} is logged already and counts once. Look at the log.",
        details={"activity_on": activity_on.isoformat()},
    )


def _to_view(credit: CeCredit, line: Sequence[Certificate]) -> CeCreditView:
    index = ce_rules.cycle_index(_cycles(line), credit.activity_on)
    return CeCreditView(
        credit_id=credit.id,
        certificate_id=None if index is None else line[index].id,
        certification_id=credit.certification_id,
        credits=credit.credits,
        activity_type=credit.activity_type,
        activity_description=credit.activity_description,
        activity_on=credit.activity_on,
        recorded_at=credit.recorded_at,
        enrollment_id=credit.activity_id,
        document_id=credit.document_id,
    )
