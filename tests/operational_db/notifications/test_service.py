"""Owing and delivering on real PostgreSQL: by state, merged per person and day, each once per channel."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from operational_db.compliance import service as compliance
from operational_db.credentials import service as credentials
from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity import service as identity
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Grant, Principal
from operational_db.notifications import rules, service
from operational_db.notifications.channels import (
    FailedError,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)
from operational_db.notifications.views import DeliveryState
from operational_db.proficiency.rules import SUPERSEDED_REASON
from operational_db.tables.compliance import AssignmentRecipient
from operational_db.tables.content import Lesson
from operational_db.tables.credentials import Certificate
from operational_db.tables.gates import LessonAssignment
from operational_db.tables.identity import Membership, Person
from operational_db.tables.notifications import Notification, NotificationDelivery, NotificationItem
from operational_db.types import (
    EnrollmentStatus,
    LessonType,
    NotificationChannel,
    OrganizationKind,
    ReminderSchedule,
    Role,
    VerificationStatus,
)
from tests import builders
from tests.operational_db.notifications.reminding import (
    NOW,
    RecordingChannel,
    channels_to,
    count,
    create_held,
    create_scope_evidence,
    told,
)
from tests.operational_db.principals import body_of, events_about, kinds_about, principal_of

EMAIL = NotificationChannel.EMAIL
TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


def create_person(engine: Engine, name: str = "ann", **fields: object) -> UUID:
    with unit_of_work(engine) as session:
        return builders.create_person(session, email=f"{name}@example.com", **fields).id


def person(session: Session, person_id: UUID) -> Person:
    return session.get_one(Person, person_id)


def principal(engine: Engine, person_id: UUID) -> Principal:
    with unit_of_work(engine) as session:
        return principal_of(person(session, person_id))


def hold(engine: Engine, person_id: UUID, expires_on: date, **fields: Any) -> UUID:
    with unit_of_work(engine) as session:
        return create_held(session, person(session, person_id), expires_on, **fields).id


def assign(engine: Engine, person_id: UUID, due_on: date, **fields: Any) -> UUID:
    """The recipient of an assignment due on the day, in a new organization of the person's."""
    with unit_of_work(engine) as session:
        organization = builders.create_organization(session)
        who = person(session, person_id)
        builders.create_membership(session, who, organization)
        assignment = builders.create_assignment(session, organization, people=(who,), due_on=due_on, **fields)
        return session.scalars(
            select(AssignmentRecipient.id).where(AssignmentRecipient.assignment_id == assignment.id)
        ).one()


def run(engine: Engine, mail: RecordingChannel, now: datetime = NOW) -> None:
    """One round of the worker."""
    service.owe_reminders(engine, now=now)
    service.deliver_due(engine, channels_to(mail), now=now)


def error_of(engine: Engine) -> str | None:
    with unit_of_work(engine) as session:
        statement = select(NotificationDelivery.last_error).where(NotificationDelivery.channel == EMAIL)
        return session.scalars(statement).one()


class TestOwing:
    def test_what_is_written_on_one_day_lies_together(self, engine: Engine) -> None:
        """Ids begin with the instant (RFC 9562, version 7): a day's rows do not scatter over years of others."""
        hold(engine, create_person(engine), TODAY + 7 * DAY)
        assert service.owe_reminders(engine, now=NOW).owed_count == 1
        with unit_of_work(engine) as session:
            tables = (Notification, NotificationItem, NotificationDelivery)
            ids = [each for table in tables for each in session.scalars(select(table.id))]
        assert len(ids) == len(set(ids)) >= len(tables)
        assert {each.version for each in ids} == {7}
        assert {each.int >> 80 for each in ids} == {int(NOW.timestamp() * 1000)}

    @pytest.mark.requirement("US-TC006")
    def test_a_certificate_is_announced_before_it_expires_in_the_product_and_by_mail(
        self, engine: Engine, mail: RecordingChannel
    ) -> None:
        ann = create_person(engine)
        hold(engine, ann, TODAY + 30 * DAY)
        run(engine, mail)
        assert [message.subject.split("”")[1] for message in mail.to(ann)] == [" expires in 30 days (20 Dec 2026)."]
        assert mail.sent[0].address == "ann@example.com"
        assert "https://training.example/me-certificates" in mail.sent[0].body
        with unit_of_work(engine) as session:
            shown = service.my_notifications(session, principal(engine, ann))
            events = events_about(session, ann)
        assert [len(view.items) for view in shown.items] == [1]
        assert sorted(str(body_of(event)["channel"]) for event in events) == ["email", "in_app"]
        assert {event.kind for event in events} == {"reminder.delivered"}
        assert all("example.com" not in event.body for event in events)

    @pytest.mark.requirement("US-TC006", "CRT-06", "CMP-04", "EMB-13")
    def test_day_after_day_each_step_of_each_schedule_comes_once(self, engine: Engine, mail: RecordingChannel) -> None:
        ann = create_person(engine)
        end = TODAY + 100 * DAY
        certificate = hold(engine, ann, end)
        recipient = assign(engine, ann, end)
        with unit_of_work(engine) as session:
            scope = create_scope_evidence(session, person(session, ann), expires_on=end).id
        spoken = {100 - step + near for steps in rules.STEPS.values() for step in steps for near in (-1, 0, 1)}
        for offset in sorted({*spoken, *range(0, 110, 9)}):
            run(engine, mail, NOW + offset * DAY)
            if offset % 7 == 0:
                run(engine, mail, NOW + offset * DAY + timedelta(hours=3))
        steps = {
            subject: [t.step for t in told(engine, ann) if t.subject_id == subject]
            for subject in (certificate, scope, recipient)
        }
        assert steps == {certificate: [90, 60, 30, 14, 7, 0], scope: [14, 7, 1], recipient: [7, 3, -1]}
        for item in told(engine, ann):
            assert item.on_date == item.due_on - item.step * DAY
        # 14 and 7 are days of several schedules: one message each.
        assert len(mail.to(ann)) == 9
        assert count(engine, "notifications") == 9

    @pytest.mark.requirement("CMP-04")
    def test_an_assignment_is_reminded_of_at_7_and_3_days_and_when_overdue_each_once(
        self, engine: Engine, mail: RecordingChannel
    ) -> None:
        ann = create_person(engine)
        assign(engine, ann, TODAY + 10 * DAY)
        for hours in range(0, 24 * 14, 9):
            run(engine, mail, NOW + timedelta(hours=hours))
        assert [(t.step, (t.on_date - TODAY).days) for t in told(engine, ann)] == [(7, 3), (3, 7), (-1, 11)]
        assert ["overdue" in message.body for message in mail.to(ann)] == [False, False, True]

    def test_news_of_a_day_are_one_message_and_later_news_the_next_days(
        self, engine: Engine, mail: RecordingChannel
    ) -> None:
        ann = create_person(engine)
        hold(engine, ann, TODAY + 7 * DAY)
        hold(engine, ann, TODAY + 14 * DAY)
        run(engine, mail)
        assign(engine, ann, TODAY + 3 * DAY)
        run(engine, mail, NOW + timedelta(minutes=5))
        assert [message.subject for message in mail.sent] == ["2 reminders about your training and certificates"]
        run(engine, mail, NOW + DAY)
        assert len(mail.sent) == 2
        assert "is due in 2 days" in mail.sent[1].subject

    def test_the_first_owing_of_an_installation_settles_what_is_long_past(
        self, new_installation: Engine, mail: RecordingChannel
    ) -> None:
        ann = create_person(new_installation)
        for days in (85, 87, 20, 5, -10, -300):
            hold(new_installation, ann, TODAY + days * DAY)
        report = service.owe_reminders(new_installation, now=NOW)
        assert (report.owed_count, report.settled_count) == (2, 3)
        assert service.owe_reminders(new_installation, now=NOW + timedelta(hours=1)).owed_count == 0
        service.deliver_due(new_installation, channels_to(mail), now=NOW)
        assert len(mail.sent) == 1
        assert {t.due_on - TODAY for t in told(new_installation, ann)} == {87 * DAY, 5 * DAY}

    def test_after_a_three_day_outage_only_the_most_urgent_step_is_told(
        self, engine: Engine, mail: RecordingChannel
    ) -> None:
        ann = create_person(engine)
        recipient = assign(engine, ann, TODAY + 9 * DAY)
        run(engine, mail, NOW)
        run(engine, mail, NOW + 6 * DAY)
        assert [(t.subject_id, t.step) for t in told(engine, ann)] == [(recipient, 3)]
        run(engine, mail, NOW + 7 * DAY)
        assert len(mail.sent) == 1

    def test_a_changed_date_owes_anew_and_cancels_what_waits(self, engine: Engine, mail: RecordingChannel) -> None:
        ann = create_person(engine)
        held = hold(engine, ann, TODAY + 14 * DAY)
        run(engine, mail)
        later = TODAY + 45 * DAY
        with unit_of_work(engine) as session:
            session.execute(update(Certificate).where(Certificate.id == held).values(expires_on=later))
        run(engine, mail, NOW + DAY)
        assert [(t.due_on, t.step) for t in told(engine, ann)] == [(TODAY + 14 * DAY, 14), (later, 60)]

    def test_a_renewal_before_the_morning_cancels_the_message(self, engine: Engine, mail: RecordingChannel) -> None:
        ann = create_person(engine)
        held = hold(engine, ann, TODAY + 14 * DAY)
        night = NOW.replace(hour=2)
        run(engine, mail, night)
        assert not mail.sent
        with unit_of_work(engine) as session:
            former = session.get_one(Certificate, held)
            credentials.renew_certificate(
                session,
                SYSTEM_PRINCIPAL,
                certificate_id=former.id,
                issued_on=TODAY,
                now=night,
            )
        run(engine, mail)
        assert not mail.sent
        assert not told(engine, ann)
        assert count(engine, "notification_deliveries", "cancelled_at is not null") == 2

    def test_a_state_that_returns_is_told_after_all(self, engine: Engine, mail: RecordingChannel) -> None:
        ann = create_person(engine)
        with unit_of_work(engine) as session:
            kind = builders.create_certification(session)
            held = create_held(session, person(session, ann), TODAY + 14 * DAY, kind).id
        run(engine, mail, NOW.replace(hour=2))
        with unit_of_work(engine) as session:
            certification = session.get_one(Certificate, held).certification_id
            renewal = builders.create_certificate(
                session, person(session, ann), certification_id=certification, issued_on=TODAY, renews_id=held
            ).id
        run(engine, mail, NOW.replace(hour=3))
        assert count(engine, "notification_items", "resolved_at is not null") == 1
        with unit_of_work(engine) as session:
            session.execute(
                update(Certificate)
                .where(Certificate.id == renewal)
                .values(verification_status=VerificationStatus.FAILED)
            )
        run(engine, mail)
        assert [t.step for t in told(engine, ann)] == [14]
        assert len(mail.sent) == 1

    @pytest.mark.parametrize(
        "fields",
        [
            {"revoked_at": NOW, "revoked_from": TODAY},
            {"withdrawn_at": NOW},
            {"verification_status": VerificationStatus.FAILED},
        ],
    )
    def test_a_certificate_that_does_not_count_is_not_spoken_of(
        self, engine: Engine, mail: RecordingChannel, fields: dict[str, object]
    ) -> None:
        hold(engine, create_person(engine), TODAY + 14 * DAY, **fields)
        run(engine, mail)
        assert not mail.sent

    def test_each_lives_by_her_own_calendar(self, engine: Engine, mail: RecordingChannel) -> None:
        """At 09:30 UTC it is the evening in Auckland, and still night in Los Angeles."""
        people = {
            zone: create_person(engine, zone.split("/")[1].lower(), timezone=zone)
            for zone in ("Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin")
        }
        for ann in people.values():
            hold(engine, ann, TODAY + 7 * DAY)
        run(engine, mail)
        assert [message.person_id for message in mail.sent] == [people["Europe/Berlin"]]
        run(engine, mail, NOW.replace(hour=16))
        assert {message.person_id for message in mail.sent} == {people["Europe/Berlin"], people["America/Los_Angeles"]}
        # Its day began the evening before by our clock.
        run(engine, mail, NOW.replace(hour=19))
        assert [t.on_date for t in told(engine, people["Pacific/Auckland"])] == [TODAY + DAY]

    def test_an_unreadable_zone_keeps_nobody_from_being_reminded(self, engine: Engine, mail: RecordingChannel) -> None:
        odd, ann = create_person(engine, "odd", timezone="Atlantis/Harbour"), create_person(engine)
        for each in (odd, ann):
            hold(engine, each, TODAY + 7 * DAY)
        run(engine, mail)
        assert {message.person_id for message in mail.sent} == {odd, ann}


class TestAssignments:
    """The same as `compliance` says of an assignment; what is met, exempt or no longer the person's is silent."""

    def owed(self, engine: Engine) -> int:
        return service.owe_reminders(engine, now=NOW).owed_count

    def change(self, engine: Engine, table: str, change: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(f"update {table} set {change}"))

    @pytest.mark.parametrize(
        ("table", "change"),
        [
            ("assignment_recipients", "completed_at = '2026-11-19T10:00Z'"),
            ("assignment_recipients", "cancelled_at = '2026-11-19T10:00Z'"),
            ("training_assignments", "cancelled_at = '2026-11-19T10:00Z'"),
            ("memberships", "ended_on = '2026-11-20'"),
            ("people", "erased_at = '2026-11-19T10:00Z'"),
        ],
    )
    def test_what_is_over_is_not_owed(self, engine: Engine, table: str, change: str) -> None:
        assign(engine, create_person(engine), TODAY + 3 * DAY)
        self.change(engine, table, change)
        assert self.owed(engine) == 0

    @pytest.mark.parametrize(("ends_on", "owed"), [(TODAY, 0), (TODAY - DAY, 1)])
    def test_an_exemption_silences_while_it_lasts(self, engine: Engine, ends_on: date, owed: int) -> None:
        ann = create_person(engine)
        recipient = assign(engine, ann, TODAY + 3 * DAY)
        with unit_of_work(engine) as session:
            requirement = builders.create_requirement(session)
            exemption = builders.create_exemption(
                session, person(session, ann), requirement, requirement_id=None, recipient_id=recipient, ends_on=ends_on
            )
            assert exemption.id
        assert self.owed(engine) == owed

    @pytest.mark.parametrize(("minimum", "score", "owed"), [(None, None, 0), (80, 80, 0), (80, 79, 1), (80, None, 1)])
    def test_a_completed_course_meets_it_when_the_score_does(
        self, engine: Engine, minimum: int | None, score: int | None, owed: int
    ) -> None:
        ann = create_person(engine)
        recipient = assign(engine, ann, TODAY + 3 * DAY, minimum_score=minimum)
        self._complete(engine, ann, recipient, score)
        assert self.owed(engine) == owed
        assert self._open_by_compliance(engine, recipient) is bool(owed)

    @pytest.mark.parametrize(("expires_on", "owed"), [(TODAY, 0), (TODAY - DAY, 1)])
    def test_a_certificate_from_an_earlier_completion_meets_it_while_it_counts(
        self, engine: Engine, expires_on: date, owed: int
    ) -> None:
        ann = create_person(engine)
        with unit_of_work(engine) as session:
            kind = builders.create_certification(session)
            course = builders.create_course(session, certification=kind)
            organization = builders.create_organization(session)
            builders.create_membership(session, person(session, ann), organization)
            assignment = builders.create_assignment(
                session, organization, course, (person(session, ann),), due_on=TODAY + 3 * DAY, assigned_at=NOW - DAY
            )
            recipient = session.scalars(
                select(AssignmentRecipient.id).where(AssignmentRecipient.assignment_id == assignment.id)
            ).one()
            # Only the assignment is looked at: the certificate itself would be spoken of too.
            create_held(session, person(session, ann), expires_on, kind)
            builders.create_certificate(session, person(session, ann), kind, withdrawn_at=NOW)
        self._complete(engine, ann, recipient, 90)
        service.owe_reminders(engine, now=NOW)
        assert count(engine, "notification_items", "schedule = 'assignment_due'") == owed
        assert self._open_by_compliance(engine, recipient) is bool(owed)

    @pytest.mark.parametrize(("is_held", "owed"), [(True, 0), (False, 1)])
    def test_one_that_serves_a_requirement_is_met_by_its_certificate(
        self, engine: Engine, is_held: bool, owed: int
    ) -> None:
        ann = create_person(engine)
        with unit_of_work(engine) as session:
            who, kind = person(session, ann), builders.create_certification(session)
            organization = builders.create_organization(session)
            builders.create_membership(session, who, organization)
            requirement = builders.create_requirement(session, organization, certification=kind)
            builders.create_assignment(
                session, organization, people=(who,), due_on=TODAY + 3 * DAY, requirement_id=requirement.id
            )
            if is_held:
                builders.create_certificate(session, who, kind)
        assert self.owed(engine) == owed

    def test_completing_it_cancels_the_mail_that_waits(self, engine: Engine, mail: RecordingChannel) -> None:
        ann = create_person(engine)
        recipient = assign(engine, ann, TODAY + 3 * DAY)
        mail.trouble = _fail
        run(engine, mail)
        self.change(engine, "assignment_recipients", "completed_at = '2026-11-20T12:00Z'")
        mail.trouble = RecordingChannel().trouble
        run(engine, mail, NOW + timedelta(hours=4))
        assert not mail.sent
        with unit_of_work(engine) as session:
            shown = service.my_notifications(session, principal(engine, ann)).items
        assert [(item.subject_id, item.is_resolved) for view in shown for item in view.items] == [(recipient, True)]

    @pytest.mark.requirement("CMP-04")
    @pytest.mark.parametrize(
        ("fields", "proven_at", "owed"),
        [
            ({}, None, 1),
            ({}, NOW - 2 * DAY, 1),
            ({}, NOW, 0),
            ({"cancelled_at": NOW}, None, 0),
        ],
    )
    def test_a_lesson_that_a_gate_needs_is_reminded_of_until_it_is_proven(
        self, engine: Engine, fields: dict[str, object], proven_at: datetime | None, owed: int
    ) -> None:
        ann = create_person(engine)
        with unit_of_work(engine) as session:
            organization = builders.create_organization(session)
            builders.create_membership(session, person(session, ann), organization)
            lesson = Lesson(code=f"LES-{ann}", title="Secure export", lesson_type=LessonType.MICRO_LESSON)
            session.add(lesson)
            session.flush()
            session.add(
                LessonAssignment(
                    organization_id=organization.id,
                    person_id=ann,
                    lesson_id=lesson.id,
                    action="data-export",
                    due_on=TODAY + 3 * DAY,
                    assigned_at=NOW - DAY,
                    **fields,
                )
            )
            if proven_at is not None:
                create_scope_evidence(
                    session,
                    person(session, ann),
                    expires_on=TODAY + 300 * DAY,
                    lesson_id=lesson.id,
                    achieved_at=proven_at,
                )
        assert self.owed(engine) == owed
        assert (
            count(engine, "notification_items", "action_path like '/me-lesson?lesson=%&trigger=assignment&in=%'")
            == owed
        )

    def _complete(self, engine: Engine, ann: UUID, recipient: UUID, score: int | None) -> None:
        with unit_of_work(engine) as session:
            assignment_id = session.get_one(AssignmentRecipient, recipient).assignment_id
            course_id: UUID = session.execute(
                text("select course_id from training_assignments where id = :id"), {"id": assignment_id}
            ).scalar_one()
            builders.create_enrollment(
                session,
                person(session, ann),
                course_id=course_id,
                status=EnrollmentStatus.COMPLETED,
                enrolled_at=builders.LONG_AGO_AT,
                ended_at=builders.LONG_AGO_AT + DAY,
                final_score=None if score is None else Decimal(score),
            )

    def _open_by_compliance(self, engine: Engine, recipient: UUID) -> bool:
        with unit_of_work(engine) as session:
            who = person(session, session.get_one(AssignmentRecipient, recipient).person_id)
            organizations = session.scalars(select(Membership.organization_id).where(Membership.person_id == who.id))
            grants = frozenset(Grant(organization, Role.TECHNICIAN) for organization in organizations)
            views = compliance.my_assignments(session, Principal(who.id, who.display_name, grants), on=TODAY)
        view = next(view for view in views if view.recipient_id == recipient)
        return view.completed_on is None


class TestScopes:
    def test_the_longest_certification_of_a_scope_speaks_for_it(self, engine: Engine) -> None:
        ann = create_person(engine)
        with unit_of_work(engine) as session:
            who = person(session, ann)
            create_scope_evidence(session, who, expires_on=TODAY + 1 * DAY)
            create_scope_evidence(session, who, expires_on=TODAY + 200 * DAY)
            lasting = create_scope_evidence(session, who, expires_on=TODAY + 7 * DAY, scope="pii")
            create_scope_evidence(
                session, who, expires_on=TODAY + 7 * DAY, scope="prod-change", revoked_at=NOW, revoked_from=TODAY
            )
            lasting_id = lasting.id
        assert service.owe_reminders(engine, now=NOW).owed == {
            ReminderSchedule.CERTIFICATE_EXPIRY: 0,
            ReminderSchedule.SCOPE_EXPIRY: 1,
            ReminderSchedule.ASSIGNMENT_DUE: 0,
            ReminderSchedule.EMPLOYER_COPY: 0,
            ReminderSchedule.VISIT_UNQUALIFIED: 0,
            ReminderSchedule.MENTORSHIP_ANSWER: 0,
            ReminderSchedule.MENTORSHIP_NEWS: 0,
            ReminderSchedule.CONTRACT_PROPOSED: 0,
        }
        with unit_of_work(engine) as session:
            assert session.scalars(select(NotificationItem.subject_id)).all() == [lasting_id]

    @pytest.mark.requirement("EMB-13", "EMB-19")
    def test_one_that_a_changed_policy_ends_is_announced_by_that_day(
        self, engine: Engine, mail: RecordingChannel
    ) -> None:
        ann = create_person(engine)
        changes_on = TODAY + 15 * DAY
        with unit_of_work(engine) as session:
            who = person(session, ann)
            ended = create_scope_evidence(
                session,
                who,
                expires_on=TODAY + 200 * DAY,
                revoked_at=NOW,
                revoked_from=changes_on,
                revocation_reason=SUPERSEDED_REASON,
            ).id
        for days in range(10):
            run(engine, mail, NOW + days * DAY)
        last_on = changes_on - DAY
        assert [(t.subject_id, t.step, t.due_on) for t in told(engine, ann)] == [
            (ended, 14, last_on),
            (ended, 7, last_on),
        ]
        assert "expires in 14 days (4 Dec 2026)" in mail.sent[0].body
        # Whoever certified anew by the version that teaches the change is left alone.
        with unit_of_work(engine) as session:
            create_scope_evidence(session, person(session, ann), expires_on=TODAY + 365 * DAY)
        for days in range(10, 20):
            run(engine, mail, NOW + days * DAY)
        assert len(mail.sent) == 2

    @pytest.mark.parametrize(("teaches_elsewhere", "owed"), [(True, 1), (False, 0)])
    def test_what_another_organizations_lesson_proved_silences_nothing_here(
        self, engine: Engine, teaches_elsewhere: bool, owed: int
    ) -> None:
        ann = create_person(engine)
        with unit_of_work(engine) as session:
            who, here, there = person(session, ann), *(builders.create_organization(session) for _ in range(2))
            for organization in (here, there):
                builders.create_membership(session, who, organization)
            lesson = Lesson(
                code="LES-THEIRS",
                title="Theirs",
                lesson_type=LessonType.QUIZ,
                organization_id=there.id if teaches_elsewhere else here.id,
            )
            session.add(lesson)
            session.flush()
            create_scope_evidence(session, who, expires_on=TODAY + 7 * DAY, organization_id=here.id)
            create_scope_evidence(
                session, who, expires_on=TODAY + 200 * DAY, organization_id=there.id, lesson_id=lesson.id
            )
        assert service.owe_reminders(engine, now=NOW).owed_count == owed

    @pytest.mark.parametrize(("is_member", "owed"), [(True, 1), (False, 0)])
    def test_one_earned_for_an_organization_matters_to_its_members(
        self, engine: Engine, is_member: bool, owed: int
    ) -> None:
        ann = create_person(engine)
        with unit_of_work(engine) as session:
            organization = builders.create_organization(session)
            who = person(session, ann)
            builders.create_membership(session, who, organization, ended_on=None if is_member else TODAY)
            create_scope_evidence(session, who, expires_on=TODAY + 7 * DAY, organization_id=organization.id)
        assert service.owe_reminders(engine, now=NOW).owed_count == owed


def _fail(_message: object) -> None:
    raise FailedError("SMTP 451 at recipient")


class TestDelivery:
    def test_a_failure_is_tried_again_after_a_pause_and_then_done(self, engine: Engine, mail: RecordingChannel) -> None:
        ann = create_person(engine)
        hold(engine, ann, TODAY + 7 * DAY)
        mail.trouble = _fail
        run(engine, mail)
        run(engine, mail, NOW + timedelta(seconds=30))
        assert error_of(engine) == "SMTP 451 at recipient"
        assert count(engine, "notification_deliveries", "attempt_count = 1 and channel = 'email'") == 1
        mail.trouble = RecordingChannel().trouble
        run(engine, mail, NOW + timedelta(minutes=1))
        run(engine, mail, NOW + timedelta(minutes=30))
        assert len(mail.sent) == 1
        assert error_of(engine) is None

    def test_a_refusal_is_given_up_visibly_and_can_be_tried_again(self, engine: Engine, mail: RecordingChannel) -> None:
        def refuse(_message: object) -> None:
            raise RefusedError("SMTP 550 at recipient")

        hold(engine, create_person(engine), TODAY + 7 * DAY)
        mail.trouble = refuse
        run(engine, mail)
        run(engine, mail, NOW + timedelta(hours=5))
        with unit_of_work(engine) as session:
            admin = SYSTEM_PRINCIPAL
            row = service.list_outbox(session, admin, state=DeliveryState.GIVEN_UP).items[0]
            assert (row.channel, row.attempt_count, row.last_error) == (EMAIL, 1, "SMTP 550 at recipient")
            assert {(c.channel, c.state): c.count for c in service.outbox_counts(session, admin)} == {
                (EMAIL, DeliveryState.GIVEN_UP): 1,
                (NotificationChannel.IN_APP, DeliveryState.DELIVERED): 1,
            }
            assert service.retry_given_up(session, admin, now=NOW + timedelta(hours=6)) == 1
        mail.trouble = RecordingChannel().trouble
        run(engine, mail, NOW + timedelta(hours=6))
        assert len(mail.sent) == 1
        with unit_of_work(engine) as session, pytest.raises(ConflictError):
            service.retry_delivery(session, SYSTEM_PRINCIPAL, delivery_id=row.delivery_id, now=NOW)

    def test_mail_that_failed_for_a_week_is_given_up(self, engine: Engine, mail: RecordingChannel) -> None:
        hold(engine, create_person(engine), TODAY + 30 * DAY)
        mail.trouble = _fail
        for hours in range(0, 24 * 9, 6):
            run(engine, mail, NOW + timedelta(hours=hours))
        assert count(engine, "notification_deliveries", "given_up_at is not null") == 1

    def test_a_channel_that_is_down_is_tried_once_a_round_and_catches_up_as_one_message(
        self, engine: Engine, mail: RecordingChannel
    ) -> None:
        """Three days without a mail server: each person then gets one message, with the most urgent of each news."""
        tries: list[object] = []

        def be_down(message: object) -> None:
            tries.append(message)
            raise UnavailableError("mail server not reached (ConnectionRefusedError)")

        people = [create_person(engine, f"p{number}") for number in range(4)]
        for ann in people:
            hold(engine, ann, TODAY + 7 * DAY)
            assign(engine, ann, TODAY + 4 * DAY)
        mail.trouble = be_down
        for hours in (0, 24, 48, 72):
            run(engine, mail, NOW + timedelta(hours=hours))
        assert len(tries) == 4
        mail.trouble = RecordingChannel().trouble
        run(engine, mail, NOW + timedelta(hours=76))
        assert sorted(message.person_id for message in mail.sent) == sorted(people)
        for message in mail.sent:
            assert message.subject == "2 reminders about your training and certificates"
            assert "expires in 4 days" in message.body
            assert "is due in 1 day" in message.body
        assert count(engine, "notification_deliveries", "delivered_at is null and channel = 'email'") == 0
        run(engine, mail, NOW + timedelta(hours=80))
        assert len(mail.sent) == 4

    def test_a_lost_answer_is_tried_again_under_the_same_name_and_alone(
        self, engine: Engine, mail: RecordingChannel
    ) -> None:
        def lose(_message: object) -> None:
            raise OutcomeUnknownError("connection lost after the message (TimeoutError)")

        ann = create_person(engine)
        hold(engine, ann, TODAY + 7 * DAY)
        mail.late_trouble = lose
        run(engine, mail)
        with unit_of_work(engine) as session:
            assert service.list_outbox(session, SYSTEM_PRINCIPAL, state=DeliveryState.IN_DOUBT).total == 1
        hold(engine, ann, TODAY + 8 * DAY)
        mail.late_trouble = RecordingChannel().trouble
        run(engine, mail, NOW + DAY)
        assert len(mail.sent) == 3
        first, *rest = mail.sent
        again = [message for message in rest if message.delivery_id == first.delivery_id]
        assert len(again) == 1
        assert "reminders" not in again[0].subject

    def test_a_worker_that_died_while_sending_is_followed_by_another_after_its_lease(
        self, engine: Engine, mail: RecordingChannel
    ) -> None:
        def die(_message: object) -> None:
            raise KeyboardInterrupt

        hold(engine, create_person(engine), TODAY + 7 * DAY)
        mail.late_trouble = die
        with pytest.raises(KeyboardInterrupt):
            run(engine, mail)
        mail.late_trouble = RecordingChannel().trouble
        run(engine, mail, NOW + timedelta(minutes=5))
        assert len(mail.sent) == 1
        run(engine, mail, NOW + service.LEASE)
        assert [message.delivery_id for message in mail.sent] == [mail.sent[0].delivery_id] * 2
        run(engine, mail, NOW + timedelta(hours=1))
        assert len(mail.sent) == 2

    def test_a_retry_never_falls_into_the_night(self, engine: Engine, mail: RecordingChannel) -> None:
        hold(engine, create_person(engine), TODAY + 7 * DAY)
        mail.trouble = _fail
        run(engine, mail, NOW.replace(hour=19, minute=59))
        mail.trouble = RecordingChannel().trouble
        for hour in (20, 23):
            run(engine, mail, NOW.replace(hour=hour))
        run(engine, mail, NOW.replace(hour=7) + DAY)
        assert not mail.sent
        run(engine, mail, NOW.replace(hour=8) + DAY)
        assert len(mail.sent) == 1

    def test_a_worker_that_comes_back_at_night_waits_for_the_morning(
        self, engine: Engine, mail: RecordingChannel
    ) -> None:
        hold(engine, create_person(engine), TODAY + 7 * DAY)
        service.owe_reminders(engine, now=NOW)
        run(engine, mail, NOW.replace(hour=3) + 2 * DAY)
        assert not mail.sent
        run(engine, mail, NOW.replace(hour=8) + 2 * DAY)
        assert [message.subject.split("”")[1] for message in mail.sent] == [" expires in 5 days (27 Nov 2026)."]

    def test_simulated_people_get_no_real_mail(self, engine: Engine, mail: RecordingChannel) -> None:
        hold(engine, create_person(engine, is_simulated=True), TODAY + 7 * DAY)
        local = RecordingChannel()
        service.owe_reminders(engine, now=NOW)
        service.deliver_due(engine, channels_to(mail, local), now=NOW)
        assert (len(mail.sent), len(local.sent)) == (0, 1)

    def test_an_erased_person_is_sent_nothing_and_leaves_no_address(
        self, engine: Engine, mail: RecordingChannel
    ) -> None:
        ann = create_person(engine)
        hold(engine, ann, TODAY + 7 * DAY)
        with unit_of_work(engine) as session:
            service.set_preference(
                session,
                principal_of(person(session, ann)),
                channel=NotificationChannel.SMS,
                is_enabled=True,
                address="+1 555 010 0199",
                now=NOW,
            )
        service.owe_reminders(engine, now=NOW)
        with unit_of_work(engine) as session:
            identity.erase_person(session, SYSTEM_PRINCIPAL, person_id=ann, now=NOW)
        service.deliver_due(engine, channels_to(mail), now=NOW)
        run(engine, mail, NOW + DAY)
        assert not mail.sent
        assert count(engine, "notification_preferences") == 0
        assert count(engine, "notification_deliveries", "cancelled_at is null") == 0
        with unit_of_work(engine) as session:
            assert "reminder.delivered" not in kinds_about(session, ann)


class TestReading:
    def test_read_once_by_the_person_herself_only(self, engine: Engine, mail: RecordingChannel) -> None:
        ann, bob = create_person(engine), create_person(engine, "bob")
        for who in (ann, bob):
            hold(engine, who, TODAY + 7 * DAY)
        run(engine, mail)
        with unit_of_work(engine) as session:
            mine = principal_of(person(session, ann))
            shown = service.my_notifications(session, mine, unread_only=True)
            assert (shown.total, service.count_unread(session, mine)) == (1, 1)
            message = shown.items[0].notification_id
            with pytest.raises(NotFoundError):
                service.mark_read(session, principal_of(person(session, bob)), notification_id=message, now=NOW)
            service.mark_read(session, mine, notification_id=message, now=NOW)
            service.mark_read(session, mine, notification_id=message, now=NOW + DAY)
            assert service.my_notifications(session, mine).items[0].read_at == NOW
            assert service.my_notifications(session, mine, unread_only=True).total == 0
            assert service.mark_all_read(session, principal_of(person(session, bob)), now=NOW) == 1
            assert service.mark_all_read(session, mine, now=NOW) == 0

    def test_a_message_is_not_there_before_its_morning(self, engine: Engine) -> None:
        ann = create_person(engine)
        hold(engine, ann, TODAY + 7 * DAY)
        service.owe_reminders(engine, now=NOW.replace(hour=1))
        with unit_of_work(engine) as session:
            mine = principal_of(person(session, ann))
            assert service.my_notifications(session, mine).total == 0
            waiting = session.scalars(select(NotificationItem.notification_id)).one()
            assert waiting is not None
            with pytest.raises(NotFoundError):
                service.mark_read(session, mine, notification_id=waiting, now=NOW)

    def test_channels_are_chosen_by_the_person(self, engine: Engine, mail: RecordingChannel) -> None:
        ann = create_person(engine)
        hold(engine, ann, TODAY + 7 * DAY)
        with unit_of_work(engine) as session:
            mine = principal_of(person(session, ann))
            sms, push = NotificationChannel.SMS, NotificationChannel.PUSH
            with pytest.raises(InvalidInputError, match="telephone number"):
                service.set_preference(session, mine, channel=sms, is_enabled=True, now=NOW)
            with pytest.raises(InvalidInputError, match="country"):
                service.set_preference(session, mine, channel=sms, is_enabled=True, address="0555", now=NOW)
            with pytest.raises(InvalidInputError, match="always on"):
                service.set_preference(session, mine, channel=NotificationChannel.IN_APP, is_enabled=False, now=NOW)
            service.set_preference(session, mine, channel=sms, is_enabled=True, address="+1 (555) 010-0199", now=NOW)
            service.set_preference(session, mine, channel=push, is_enabled=True, address="device", now=NOW)
            service.set_preference(session, mine, channel=push, is_enabled=False, now=NOW)
            service.set_preference(session, mine, channel=EMAIL, is_enabled=False, now=NOW)
            assert [(v.channel, v.is_enabled) for v in service.my_preferences(session, mine)] == [
                (NotificationChannel.IN_APP, True),
                (EMAIL, False),
                (push, False),
                (sms, True),
            ]
        run(engine, mail)
        assert [(message.channel, message.address) for message in mail.sent] == [(sms, "+15550100199")]

    def test_turning_a_channel_off_cancels_what_waits_for_it(self, engine: Engine, mail: RecordingChannel) -> None:
        ann = create_person(engine)
        hold(engine, ann, TODAY + 7 * DAY)
        mail.trouble = _fail
        run(engine, mail)
        with unit_of_work(engine) as session:
            service.set_preference(
                session, principal_of(person(session, ann)), channel=EMAIL, is_enabled=False, now=NOW
            )
        mail.trouble = RecordingChannel().trouble
        run(engine, mail, NOW + timedelta(hours=1))
        assert not mail.sent

    def test_the_outbox_is_for_administrators(self, session: Session) -> None:
        organization = builders.create_organization(session, OrganizationKind.PLATFORM)
        company = builders.create_organization(session)
        manager = principal_of(builders.create_person(session), company, Role.COMPANY_MANAGER)
        product = principal_of(builders.create_person(session), organization, Role.PRODUCT_TEAM)
        with pytest.raises(NotAuthorizedError):
            service.outbox_counts(session, manager)
        assert service.outbox_counts(session, product) == []
        for who in (manager, product):
            with pytest.raises(NotAuthorizedError):
                service.list_outbox(session, who)
            with pytest.raises(NotAuthorizedError):
                service.retry_given_up(session, who, now=NOW)
        admin = principal_of(builders.create_person(session), organization, Role.PLATFORM_ADMIN)
        assert service.list_outbox(session, admin).total == 0
        with pytest.raises(NotFoundError):
            service.retry_delivery(session, admin, delivery_id=organization.id, now=NOW)
