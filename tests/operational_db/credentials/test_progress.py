"""On the way to a certification: how far, what next; a finished path or track issues what it earns, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from operational_db.catalog.views import learning_paths
from operational_db.credentials import progress
from operational_db.database import unit_of_work
from operational_db.errors import NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.learning.service import complete_module, enroll
from operational_db.proficiency.rules import SUPERSEDED_REASON
from operational_db.proficiency.service import record_evidence, revoke_evidence
from operational_db.tables.catalog import Course, CourseModule, LearningPath, LearningPathCourse
from operational_db.tables.content import Lesson
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.gates import ProficiencyEvidence, TrackLesson, TrainingTrack
from operational_db.tables.identity import Organization, Person
from operational_db.types import LessonType, Persona, ProficiencyLevel, TrackTier
from tests import builders
from tests.operational_db.principals import body_of, create_manager, create_member, events_about, principal_of


def create_path(session: Session, courses: list[Course], **fields: object) -> LearningPath:
    name = f"path-{courses[0].slug}"
    path = LearningPath(**{"title": "Rescue", "slug": name, "target_role": "rescuer", "level": "basic", **fields})
    session.add(path)
    session.flush()
    for index, course in enumerate(courses):
        session.add(LearningPathCourse(path_id=path.id, course_id=course.id, order_index=index))
    session.flush()
    return path


def path_to(
    session: Session, kind: Certification, count: int = 3, **fields: object
) -> tuple[LearningPath, list[Course]]:
    courses = [builders.create_course(session, module_count=1) for _ in range(count)]
    path = create_path(session, courses, **fields)
    progress.set_path_certifications(
        session, SYSTEM_PRINCIPAL, organization_id=path.organization_id, path_id=path.id, certification_ids=[kind.id]
    )
    return path, courses


def complete(session: Session, herself: Principal, course_id: UUID, now: datetime) -> None:
    enrollment = enroll(session, herself, person_id=herself.person_id, course_id=course_id, now=now)
    module_id = session.scalars(select(CourseModule.id).where(CourseModule.course_id == course_id)).one()
    complete_module(session, herself, enrollment_id=enrollment.id, module_id=module_id, now=now)


def certificates(session: Session, person_id: UUID) -> list[Certificate]:
    held = select(Certificate).where(Certificate.person_id == person_id).order_by(Certificate.issued_on, Certificate.id)
    return list(session.scalars(held))


@pytest.fixture
def herself(session: Session) -> Principal:
    return principal_of(builders.create_person(session))


class TestPath:
    @pytest.mark.requirement("CRT-08")
    def test_the_last_course_issues_what_the_path_earns_with_the_path_as_evidence(
        self, session: Session, herself: Principal, now: datetime
    ) -> None:
        kind = builders.create_certification(session)
        path, courses = path_to(session, kind)
        for course in courses[:2]:
            complete(session, herself, course.id, now)
        assert certificates(session, herself.person_id) == []
        (shown,) = learning_paths(session, herself, now=now).items
        assert shown.leads_to_certifications == {kind.id: kind.name}
        (way,) = progress.progress_toward(session, herself, person_id=herself.person_id, on=now.date())
        assert (way.steps_done, way.steps_total, way.text) == (2, 3, "2 of 3 courses")
        assert [step.course_id for step in way.next_steps] == [courses[2].id]
        complete(session, herself, courses[2].id, now)
        (issued,) = certificates(session, herself.person_id)
        assert (issued.path_id, issued.enrollment_id, issued.issued_on) == (path.id, None, now.date())
        event = next(e for e in events_about(session, herself.person_id) if e.kind == "certificate.issued")
        assert body_of(event)["path_id"] == str(path.id)
        assert progress.progress_toward(session, herself, person_id=herself.person_id, on=now.date()) == []

    def test_one_course_again_issues_nothing_and_all_of_them_renew(
        self, session: Session, herself: Principal, now: datetime
    ) -> None:
        kind = builders.create_certification(session)
        _, courses = path_to(session, kind, count=2)
        for course in courses:
            complete(session, herself, course.id, now)
        later = now + timedelta(days=300)
        complete(session, herself, courses[0].id, later)
        assert len(certificates(session, herself.person_id)) == 1
        (way,) = progress.progress_toward(session, herself, person_id=herself.person_id, on=later.date())
        assert way.text == "1 of 2 courses"
        complete(session, herself, courses[1].id, later)
        first, second = certificates(session, herself.person_id)
        assert (second.renews_id, second.issued_on) == (first.id, later.date())

    def test_a_course_that_leads_there_itself_and_a_path_issue_one(
        self, session: Session, herself: Principal, now: datetime
    ) -> None:
        kind = builders.create_certification(session)
        course = builders.create_course(session, module_count=1, certification=kind)
        path = create_path(session, [course])
        progress.set_path_certifications(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=path.organization_id,
            path_id=path.id,
            certification_ids=[kind.id],
        )
        complete(session, herself, course.id, now)
        (issued,) = certificates(session, herself.person_id)
        assert issued.enrollment_id is not None

    def test_a_path_of_another_company_or_an_inactive_one_issues_nothing(
        self, session: Session, herself: Principal, now: datetime
    ) -> None:
        foreign = builders.create_organization(session)
        for fields in ({"organization_id": foreign.id}, {"is_active": False}):
            _, (course,) = path_to(session, builders.create_certification(session), count=1, **fields)
            complete(session, herself, course.id, now)
        assert certificates(session, herself.person_id) == []

    def test_an_organization_lets_its_own_path_earn_its_own_kinds_only(self, session: Session) -> None:
        manager, company = create_manager(session)
        own = builders.create_certification(session, issuing_organization_id=company.id)
        path = create_path(session, [builders.create_course(session)], organization_id=company.id)
        progress.set_path_certifications(
            session, manager, organization_id=company.id, path_id=path.id, certification_ids=[own.id]
        )
        foreign_kind = builders.create_certification(session)
        platform_path = create_path(session, [builders.create_course(session)])
        stranger, _ = create_manager(session)
        for principal, found, kind_id in (
            (manager, path, foreign_kind.id),
            (manager, platform_path, own.id),
            (stranger, path, own.id),
        ):
            with pytest.raises(NotAuthorizedError):
                progress.set_path_certifications(
                    session,
                    principal,
                    organization_id=found.organization_id,
                    path_id=found.id,
                    certification_ids=[kind_id],
                )
        with pytest.raises(NotFoundError):
            progress.set_path_certifications(
                session, manager, organization_id=company.id, path_id=platform_path.id, certification_ids=[own.id]
            )


def create_track(session: Session, lesson_count: int = 2) -> tuple[TrainingTrack, list[Lesson]]:
    company = builders.create_organization(session)
    track = TrainingTrack(
        organization_id=company.id, persona=Persona.ENGINEER, tier=TrackTier.CORE, title="Engineer core"
    )
    session.add(track)
    session.flush()
    lessons = []
    for index in range(lesson_count):
        lesson = Lesson(
            code=f"L{index}-{track.id.hex[-8:]}",
            title=f"Lesson {index}",
            lesson_type=LessonType.QUIZ,
            organization_id=company.id,
        )
        session.add(lesson)
        session.flush()
        session.add(TrackLesson(track_id=track.id, lesson_id=lesson.id, order_index=index))
        lessons.append(lesson)
    session.flush()
    return track, lessons


class TestTrack:
    @pytest.mark.requirement("CRT-08")
    def test_being_certified_in_a_track_issues_what_it_earns(self, session: Session, now: datetime) -> None:
        track, lessons = create_track(session)
        kind = builders.create_certification(session)
        progress.set_track_certifications(session, SYSTEM_PRINCIPAL, title=track.title, certification_ids=[kind.id])
        company = session.get_one(Organization, track.organization_id)
        herself = create_member(session, company)

        def passes(lesson: Lesson) -> None:
            record_evidence(
                session,
                person_id=herself.person_id,
                organization_id=company.id,
                scopes=["data-export"],
                lesson_id=lesson.id,
                lesson_version="1.0.0",
                level=ProficiencyLevel.COMPLETED,
                achieved_at=now,
                now=now,
            )

        passes(lessons[0])
        assert certificates(session, herself.person_id) == []
        (way,) = progress.progress_toward(session, herself, person_id=herself.person_id, on=now.date())
        assert (way.text, way.next_steps[0].lesson_id) == ("1 of 2 lessons", lessons[1].id)
        passes(lessons[1])
        (issued,) = certificates(session, herself.person_id)
        assert (issued.track_id, issued.certification_id) == (track.id, kind.id)
        event = next(e for e in events_about(session, herself.person_id) if e.kind == "certificate.issued")
        assert body_of(event)["track_id"] == str(track.id)
        again = progress.issue_for_track(
            session,
            person_id=herself.person_id,
            track_id=track.id,
            organization_id=None,
            achieved_on=now.date(),
            now=now,
        )
        assert again == []
        # What shows to be a sham takes the certificate with it, on both dates; what a later version replaced does not.
        (first, *_) = session.scalars(
            select(ProficiencyEvidence)
            .where(ProficiencyEvidence.person_id == herself.person_id, ProficiencyEvidence.scope.is_not(None))
            .order_by(ProficiencyEvidence.id)
        )
        later, lost = now + timedelta(days=9), now.date() + timedelta(days=2)
        for reason, is_lost in ((SUPERSEDED_REASON, False), ("Answers were shared.", True)):
            revoke_evidence(
                session, SYSTEM_PRINCIPAL, evidence_id=first.id, revoked_from=lost, reason=reason, now=later
            )
            lost -= timedelta(days=1)
            (kept,) = certificates(session, herself.person_id)
            assert (kept.revoked_from, kept.revoked_at) == (
                (now.date() + timedelta(days=1), later) if is_lost else (None, None)
            )
        revoked = next(e for e in events_about(session, herself.person_id) if e.kind == "certificate.revoked")
        assert (body_of(revoked)["certificate_id"], revoked.organization_id) == (str(issued.id), company.id)


class TestProgress:
    def test_steps_of_a_course_and_credits_short_are_told_together(self, session: Session, now: datetime) -> None:
        person = builders.create_person(session)
        kind = builders.create_certification(session, ce_credits_required=Decimal("4.5"))
        builders.create_certificate(session, person, kind, issued_on=date(2026, 1, 1), expires_on=date(2027, 1, 1))
        course = builders.create_course(session, module_count=3, certification=kind)
        herself = principal_of(person)
        enrollment = enroll(session, herself, person_id=person.id, course_id=course.id, now=now)
        modules = session.scalars(select(CourseModule.id).where(CourseModule.course_id == course.id)).all()
        for module_id in modules[:2]:
            complete_module(session, herself, enrollment_id=enrollment.id, module_id=module_id, now=now)
        (way,) = progress.progress_toward(session, herself, person_id=person.id, on=now.date())
        assert way.text == "2 of 3 steps, 4.5 CE credits short"
        assert way.ce_short == Decimal("4.5")
        with pytest.raises(NotFoundError):
            progress.progress_toward(
                session, principal_of(builders.create_person(session)), person_id=person.id, on=now.date()
            )


def test_of_the_last_two_courses_finished_at_once_the_path_issues_one(committed_engine: Engine) -> None:
    now = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    with unit_of_work(committed_engine) as session:
        kind = builders.create_certification(session)
        _, courses = path_to(session, kind, count=2)
        course_ids = [course.id for course in courses]
        person = builders.create_person(session)
        herself = principal_of(session.get_one(Person, person.id))
    barrier = Barrier(2)

    def finish(course_id: UUID) -> None:
        with unit_of_work(committed_engine) as session:
            enrollment = enroll(session, herself, person_id=herself.person_id, course_id=course_id, now=now)
            module_id = session.scalars(select(CourseModule.id).where(CourseModule.course_id == course_id)).one()
            enrollment_id = enrollment.id
        barrier.wait(timeout=30)
        with unit_of_work(committed_engine) as session:
            complete_module(session, herself, enrollment_id=enrollment_id, module_id=module_id, now=now)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(finish, course_ids))
    with unit_of_work(committed_engine) as session:
        assert [held.certification_id for held in certificates(session, herself.person_id)] == [kind.id]
