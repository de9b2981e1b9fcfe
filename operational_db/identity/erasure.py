"""What goes when a person is erased: every text, address and answer of hers in the tables, and every open right.

Ids, dates, scores and results stay, because the ledger and the figures rest on them and they now point at nobody.
Texts that belong to an organization (an incident's summary, a policy's) stay as well: they are no record of the person.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from operational_db.documents.service import erase_documents
from operational_db.ledger.append import append_events
from operational_db.ledger.events import AccessRemoved, Event, MentorshipCancelled, WaiverEnded
from operational_db.tables.badges import Badge
from operational_db.tables.catalog import CourseReview
from operational_db.tables.compliance import Exemption
from operational_db.tables.content import LessonAttempt, LessonReview, NearMiss, Reinforcement, TipDismissal
from operational_db.tables.credentials import CeCredit, Certificate, RegisterClaim, VerificationCase
from operational_db.tables.gates import AccessGrant, GateWaiver, IncidentPerson, ProficiencyEvidence
from operational_db.tables.identity import ApiToken
from operational_db.tables.imports import ImportChange
from operational_db.tables.learning import CourseDismissal
from operational_db.tables.mentorship import (
    ActionItem,
    MenteeProfile,
    MentorDismissal,
    MentoringSession,
    MentorProfile,
    Mentorship,
    MentorshipFeedback,
    MentorshipMilestone,
)
from operational_db.tables.notifications import NotificationDelivery, NotificationItem, NotificationPreference
from operational_db.tables.roi import HourlyWage, TrainingCost
from operational_db.types import MentorshipSide, MentorshipStatus, ReminderSchedule

ERASED_TEXT = "Erased"

# Which rows are the person's, and what their columns become.
_CLEARED: tuple[tuple[InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], Mapping[str, object]], ...] = (
    (ApiToken.person_id, {"label": ERASED_TEXT}),
    (CourseReview.person_id, {"comment": None}),
    (Exemption.person_id, {"reason": ERASED_TEXT}),
    (Certificate.person_id, {"certificate_number": None, "revocation_reason": None}),
    # Unlike every other description of the same day: two credits of hers may not become one.
    (CeCredit.person_id, {"activity_description": cast(CeCredit.id, Text)}),
    (RegisterClaim.person_id, {"reason": None}),
    (LessonAttempt.person_id, {"answers": {}}),
    (LessonReview.reviewer_id, {"comment": ""}),
    (Reinforcement.person_id, {"scheduler_state": {}}),
    (ProficiencyEvidence.person_id, {"revocation_reason": None}),
    (GateWaiver.person_id, {"reason": ERASED_TEXT}),
    (IncidentPerson.person_id, {"involvement": ""}),
    # What a mail system answered may quote the address.
    (NotificationDelivery.person_id, {"last_error": None}),
    # Another product's name for the event, which may tell more than ours; it has to stay unlike any other.
    (NearMiss.person_id, {"external_id": cast(NearMiss.id, Text)}),
    # With its minutes an amount tells her wage.
    (TrainingCost.person_id, {"note": "", "minutes": None}),
)
# Rows that are nothing but what the person wanted or did not want, or what she earned.
_DELETED = (
    NotificationPreference.person_id,
    TipDismissal.person_id,
    CourseDismissal.person_id,
    HourlyWage.person_id,
    MentorProfile.person_id,
    MenteeProfile.person_id,
    MentorDismissal.mentee_id,
    MentorDismissal.mentor_id,
)


def erase_personal_data(session: Session, person_id: UUID, *, now: datetime) -> None:
    """Revoke the person's tokens and clear or delete what is hers; names and addresses of `people` are the caller's."""
    for owner in _DELETED:
        session.execute(delete(owner.class_).where(owner == person_id))
    session.execute(
        update(ApiToken).where(ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None)).values(revoked_at=now)
    )
    for column, values in _CLEARED:
        session.execute(update(column.class_).where(column == person_id).values(values))
    # What was written about her certificates by others, and the salt without which nobody can guess her address.
    hers = select(Certificate.id).where(Certificate.person_id == person_id)
    session.execute(update(VerificationCase).where(VerificationCase.certificate_id.in_(hers)).values(reason=None))
    # A badge without its salt points at nobody; its place in the status list says revoked from then on.
    emptied = {"salt": "", "credential": "", "credential_jwt": "", "shows_name": False}
    session.execute(update(Badge).where(Badge.certificate_id.in_(hers)).values(emptied))
    _clear_mentorships(session, person_id)
    erase_documents(session, person_id, now=now)
    # Copies of her news to those who manage her name her.
    session.execute(
        update(NotificationItem)
        .where(NotificationItem.schedule == ReminderSchedule.EMPLOYER_COPY, NotificationItem.subject_id.in_(hers))
        .values(title=ERASED_TEXT, resolved_at=func.coalesce(NotificationItem.resolved_at, now))
    )
    # So does news of mentoring to the other side.
    pairs = select(Mentorship.id).where((Mentorship.mentor_id == person_id) | (Mentorship.mentee_id == person_id))
    about_pairs = (ReminderSchedule.MENTORSHIP_ANSWER, ReminderSchedule.MENTORSHIP_NEWS)
    session.execute(
        update(NotificationItem)
        .where(NotificationItem.schedule.in_(about_pairs), NotificationItem.subject_id.in_(pairs))
        .values(title=ERASED_TEXT, resolved_at=func.coalesce(NotificationItem.resolved_at, now))
    )
    # What an import found before it changed something; which batch did so is needed to undo it.
    batch: ColumnElement[object] = ImportChange.before["_changed_by_batch_id"]
    former = func.jsonb_build_object("_changed_by_batch_id", batch)
    session.execute(update(ImportChange).where(ImportChange.record_id == person_id).values(before=former))


def _clear_mentorships(session: Session, person_id: UUID) -> None:
    """Everything the two wrote to and of each other; types, dates, minutes and stars stay."""
    hers = select(Mentorship.id).where((Mentorship.mentor_id == person_id) | (Mentorship.mentee_id == person_id))
    texts: dict[str, object] = {"message": "", "goals": [], "decline_note": None, "end_note": None}
    session.execute(update(Mentorship).where(Mentorship.id.in_(hers)).values(texts))
    session.execute(
        update(MentorshipMilestone)
        .where(MentorshipMilestone.mentorship_id.in_(hers))
        # Each stays unlike the others of its mentorship.
        .values(title=ERASED_TEXT + " " + cast(MentorshipMilestone.position, Text))
    )
    said: dict[str, object] = {
        "location": None,
        "topics": [],
        "skills_practiced": [],
        "resources_shared": [],
        "mentor_notes": None,
        "mentee_notes": None,
    }
    session.execute(update(MentoringSession).where(MentoringSession.mentorship_id.in_(hers)).values(said))
    held = select(MentoringSession.id).where(MentoringSession.mentorship_id.in_(hers))
    session.execute(update(ActionItem).where(ActionItem.session_id.in_(held)).values(task=ERASED_TEXT))
    session.execute(update(MentorshipFeedback).where(MentorshipFeedback.mentorship_id.in_(hers)).values(comment=""))


def end_rights(session: Session, person_id: UUID, *, now: datetime) -> None:
    """Take the person off every access list, end her waivers and mentorships, with an event each.

    Nobody is left who could act.
    """
    today = now.date()
    events: list[Event] = _end_mentorships(session, person_id, now=now)
    open_grants = select(AccessGrant).where(AccessGrant.person_id == person_id, AccessGrant.removed_on.is_(None))
    for grant in session.scalars(open_grants.with_for_update()):
        grant.removed_on = max(grant.granted_on, today)
        events.append(
            AccessRemoved(
                subject_id=person_id,
                organization_id=grant.organization_id,
                occurred_at=now,
                access_id=grant.id,
                action=grant.action,
                removed_on=grant.removed_on,
            )
        )
    open_waivers = select(GateWaiver).where(
        GateWaiver.person_id == person_id, GateWaiver.ended_at.is_(None), GateWaiver.ends_on >= today
    )
    for waiver in session.scalars(open_waivers.with_for_update()):
        waiver.ended_at = now
        events.append(
            WaiverEnded(
                subject_id=person_id,
                organization_id=waiver.organization_id,
                occurred_at=now,
                waiver_id=waiver.id,
                action=waiver.action,
                ended_on=today,
            )
        )
    session.flush()
    append_events(session, events, now=now)


def _end_mentorships(session: Session, person_id: UUID, *, now: datetime) -> list[Event]:
    # The profile first, as whoever answers a request does.
    session.execute(select(MentorProfile.person_id).where(MentorProfile.person_id == person_id).with_for_update())
    open_pairs = select(Mentorship).where(
        (Mentorship.mentor_id == person_id) | (Mentorship.mentee_id == person_id),
        Mentorship.status.in_((MentorshipStatus.PENDING, MentorshipStatus.ACTIVE)),
    )
    events: list[Event] = []
    for pair in session.scalars(open_pairs.with_for_update().execution_options(populate_existing=True)):
        pair.status, pair.ended_at, pair.next_session_at = MentorshipStatus.CANCELLED, now, None
        events.append(
            MentorshipCancelled(
                subject_id=pair.mentee_id,
                organization_id=None,
                occurred_at=now,
                mentorship_id=pair.id,
                mentor_id=pair.mentor_id,
                ended_by=MentorshipSide.MENTOR if pair.mentor_id == person_id else MentorshipSide.MENTEE,
            )
        )
    return events
