"""Drafting, publishing, archiving and reviewing courses, making paths, and what strangers are told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from operational_db.catalog import service, views
from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.tables.catalog import Course, CourseReview
from operational_db.tables.identity import Organization
from operational_db.types import (
    AssessmentType,
    ContentType,
    CourseCategory,
    CourseStatus,
    CourseVisibility,
    DeliveryMethod,
    EnrollmentStatus,
    OrganizationKind,
    PricingModel,
    ProviderType,
    Role,
    new_id,
)
from tests import builders
from tests.operational_db.principals import create_manager, create_member, principal_of


@pytest.fixture
def school(session: Session) -> Organization:
    return builders.create_organization(session, OrganizationKind.TRADE_SCHOOL)


@pytest.fixture
def instructor(session: Session, school: Organization) -> Principal:
    return create_member(session, school, Role.INSTRUCTOR)


@pytest.fixture
def stranger(session: Session) -> Principal:
    """The administrator of another school."""
    other = builders.create_organization(session, OrganizationKind.TRADE_SCHOOL)
    return create_member(session, other, Role.SCHOOL_ADMIN)


def draft(session: Session, principal: Principal, school: Organization, now: datetime, **fields: object) -> Course:
    # The fields are those of CourseFields; each test names the ones it is about.
    return service.create_course(
        session,
        principal,
        title=str(fields.pop("title", "Pit safety")),
        provider_type=ProviderType.TRADE_SCHOOL,
        provider_id=school.id,
        category=CourseCategory.SAFETY_CERTIFICATION,
        delivery_method=DeliveryMethod.ONLINE_SELF_PACED,
        now=now,
        **fields,  # type: ignore[arg-type]
    )


class TestCreateCourse:
    def test_an_instructor_drafts_for_her_school(
        self, session: Session, instructor: Principal, school: Organization, now: datetime
    ) -> None:
        certification = builders.create_certification(session)
        basics = builders.create_course(session)
        prerequisites = [{"type": "course", "id": str(basics.id)}]
        course = draft(
            session,
            instructor,
            school,
            now,
            certification_id=certification.id,
            prerequisites=prerequisites,
            tags=["pit"],
            pricing_model=PricingModel.PAID,
            price=Decimal(20),
            currency="usd",
        )
        assert (course.status, course.slug, course.provider_name) == (CourseStatus.DRAFT, "pit-safety", school.name)
        assert (course.leads_to_certification, course.currency) == (True, "USD")
        assert (course.prerequisites, course.created_by) == (prerequisites, instructor.person_id)

    def test_the_same_title_gets_another_address_and_a_given_one_is_kept_or_refused(
        self, session: Session, instructor: Principal, school: Organization, now: datetime
    ) -> None:
        first = draft(session, instructor, school, now)
        second = draft(session, instructor, school, now)
        assert second.slug.startswith(f"{first.slug}-")
        with pytest.raises(ConflictError, match="pit-safety"):
            draft(session, instructor, school, now, slug="pit-safety")
        with pytest.raises(InvalidInputError, match="give a slug"):
            draft(session, instructor, school, now, title="***")

    def test_another_school_may_not_and_nobody_drafts_for_the_platform(
        self, session: Session, stranger: Principal, instructor: Principal, school: Organization, now: datetime
    ) -> None:
        with pytest.raises(NotAuthorizedError):
            draft(session, stranger, school, now)
        with pytest.raises(NotAuthorizedError):
            service.create_course(
                session,
                instructor,
                title="For all",
                provider_type=ProviderType.SITESYNC,
                category=CourseCategory.TECHNOLOGY,
                delivery_method=DeliveryMethod.BLENDED,
                now=now,
            )

    @pytest.mark.parametrize(
        "fields",
        [
            {"certification_id": new_id()},
            {"prerequisites": [{"type": "course", "id": str(new_id())}]},
            {"max_enrollment": -1},
            {"estimated_hours": Decimal(-1)},
            {"ce_credits": Decimal("-0.5")},
            {"visibility": CourseVisibility.TEAM},
            {"pricing_model": PricingModel.PAID},
            {"title": "  "},
        ],
    )
    def test_what_does_not_go_together_is_refused(
        self, session: Session, instructor: Principal, school: Organization, now: datetime, fields: dict[str, object]
    ) -> None:
        with pytest.raises(InvalidInputError):
            draft(session, instructor, school, now, **fields)

    def test_another_schools_team_is_not_found(
        self, session: Session, instructor: Principal, school: Organization, now: datetime
    ) -> None:
        team = builders.create_team(session)
        with pytest.raises(NotFoundError):
            draft(session, instructor, school, now, visibility=CourseVisibility.TEAM, visible_to_team_id=team.id)

    def test_the_type_of_provider_fits_the_organization(self, session: Session, now: datetime) -> None:
        manager, company = create_manager(session)
        with pytest.raises(InvalidInputError, match="service_company"):
            draft(session, manager, company, now)

    @pytest.mark.parametrize(
        ("provider_type", "given", "name"),
        [(ProviderType.SITESYNC, None, "SiteSync"), (ProviderType.THIRD_PARTY, "Cranes Inc", "Cranes Inc")],
    )
    def test_courses_without_an_organization_are_the_platforms(
        self, session: Session, now: datetime, provider_type: ProviderType, given: str | None, name: str
    ) -> None:
        course = service.create_course(
            session,
            SYSTEM_PRINCIPAL,
            title="For all",
            provider_type=provider_type,
            category=CourseCategory.TECHNOLOGY,
            delivery_method=DeliveryMethod.BLENDED,
            provider_name=given,
            now=now,
        )
        assert (course.provider_name, course.created_by) == (name, None)


class TestAuthoring:
    def test_parts_are_put_in_order_and_say_what_the_course_has(
        self, session: Session, instructor: Principal, school: Organization, now: datetime
    ) -> None:
        course = draft(session, instructor, school, now)
        first = service.add_module(session, instructor, course_id=course.id, title="One", now=now)
        second = service.add_module(session, instructor, course_id=course.id, title="Two", now=now)
        assert (first.order_index, second.order_index) == (0, 1)
        for title, url in (("A", "https://example.org/a"), ("B", "https://example.org/b")):
            service.add_content_item(
                session,
                instructor,
                module_id=first.id,
                title=title,
                content_type=ContentType.VIDEO,
                content_url=url,
                now=now,
            )
        service.add_assessment(
            session,
            instructor,
            course_id=course.id,
            module_id=second.id,
            title="Hands on",
            assessment_type=AssessmentType.PRACTICAL,
            now=now,
        )
        syllabus = views.course_syllabus(session, instructor, course_id=course.id, now=now)
        assert [list(module.content_types) for module in syllabus.modules] == [["video"], ["practical"]]
        assert (course.has_video, course.has_assessments, course.has_practical) == (True, True, True)

    def test_numbers_out_of_range_and_other_courses_modules_are_refused(
        self, session: Session, instructor: Principal, school: Organization, now: datetime
    ) -> None:
        course, other = draft(session, instructor, school, now), draft(session, instructor, school, now)
        foreign = service.add_module(session, instructor, course_id=other.id, title="One", now=now)

        def add(**fields: object) -> None:
            service.add_assessment(
                session,
                instructor,
                course_id=course.id,
                title="Quiz",
                assessment_type=AssessmentType.QUIZ,
                now=now,
                **fields,  # type: ignore[arg-type]
            )

        for fields in ({"passing_score": 101}, {"attempts_allowed": 0}, {"module_id": foreign.id}):
            with pytest.raises(InvalidInputError):
                add(**fields)
        with pytest.raises(InvalidInputError):
            service.add_module(session, instructor, course_id=course.id, title="Two", duration_minutes=-1, now=now)

    def test_strangers_change_nothing(
        self, session: Session, instructor: Principal, stranger: Principal, school: Organization, now: datetime
    ) -> None:
        course = draft(session, instructor, school, now)
        module = service.add_module(session, instructor, course_id=course.id, title="One", now=now)
        attempts: list[Callable[[], object]] = [
            lambda: service.add_module(session, stranger, course_id=course.id, title="Two", now=now),
            lambda: service.add_content_item(
                session,
                stranger,
                module_id=module.id,
                title="A",
                content_type=ContentType.TEXT,
                content_text="Read",
                now=now,
            ),
            lambda: service.add_assessment(
                session,
                stranger,
                course_id=course.id,
                title="Quiz",
                assessment_type=AssessmentType.QUIZ,
                now=now,
            ),
            lambda: service.publish_course(session, stranger, course_id=course.id, now=now),
            lambda: service.archive_course(session, stranger, organization_id=school.id, course_id=course.id, now=now),
        ]
        for attempt in attempts:
            with pytest.raises(NotAuthorizedError):
                attempt()
        assert course.status is CourseStatus.DRAFT

    def test_a_draft_is_published_once_it_can_be_completed_and_archived_for_good(
        self, session: Session, instructor: Principal, school: Organization, now: datetime
    ) -> None:
        course = draft(session, instructor, school, now)
        with pytest.raises(InvalidInputError, match="required module"):
            service.publish_course(session, instructor, course_id=course.id, now=now)
        service.add_module(session, instructor, course_id=course.id, title="One", now=now)
        service.publish_course(session, instructor, course_id=course.id, now=now)
        service.publish_course(session, instructor, course_id=course.id, now=now.replace(hour=23))
        assert course.published_at == now
        service.archive_course(session, instructor, organization_id=school.id, course_id=course.id, now=now)
        service.archive_course(session, instructor, organization_id=school.id, course_id=course.id, now=now)
        with pytest.raises(ConflictError, match="archived"):
            service.publish_course(session, instructor, course_id=course.id, now=now)


class TestLearningPath:
    def test_a_path_orders_courses_its_maker_may_find(
        self, session: Session, instructor: Principal, stranger: Principal, school: Organization, now: datetime
    ) -> None:
        own, public = draft(session, instructor, school, now), builders.create_course(session)

        def create(principal: Principal, *steps: service.PathStep, slug: str | None = None) -> None:
            service.create_learning_path(
                session,
                principal,
                title="To mechanic",
                target_role="mechanic",
                level="mid",
                courses=steps,
                organization_id=school.id,
                slug=slug,
                now=now,
            )

        create(instructor, service.PathStep(public.id), service.PathStep(own.id, is_required=False))
        (path,) = views.learning_paths(session, instructor, now=now).items
        assert [(step.course_id, step.is_required) for step in path.courses] == [(public.id, True), (own.id, False)]
        assert path.slug == "to-mechanic"
        with pytest.raises(NotAuthorizedError):
            create(stranger, service.PathStep(public.id))
        for steps in ([], [service.PathStep(own.id)] * 2):
            with pytest.raises(InvalidInputError):
                create(instructor, *steps)
        hidden = builders.create_course(session, status=CourseStatus.DRAFT)
        with pytest.raises(NotFoundError):
            create(instructor, service.PathStep(hidden.id))
        with pytest.raises(ConflictError, match="to-mechanic"):
            create(instructor, service.PathStep(own.id), slug="to-mechanic")


class TestReview:
    @pytest.mark.requirement("LMS-08", "RSK-01")
    def test_who_completed_a_course_reviews_it_and_may_think_again(self, session: Session, now: datetime) -> None:
        course = builders.create_course(session)
        person = builders.create_person(session)
        reviewer = principal_of(person)
        with pytest.raises(ConflictError, match="Complete"):
            service.review_course(session, reviewer, course_id=course.id, rating=5, now=now)
        builders.create_enrollment(session, person, course, status=EnrollmentStatus.COMPLETED, ended_at=now)
        service.review_course(session, reviewer, course_id=course.id, rating=2, comment=" Too long ", now=now)
        review = service.review_course(session, reviewer, course_id=course.id, rating=4, comment=" ", now=now)
        assert (review.rating, review.comment) == (4, None)
        view = views.course_response(session, reviewer, course_id=course.id, now=now)
        assert (view.average_rating, view.review_count) == (Decimal(4), 1)
        for rating in (0, 6):
            with pytest.raises(InvalidInputError):
                service.review_course(session, reviewer, course_id=course.id, rating=rating, now=now)
        with pytest.raises(NotAuthorizedError):
            service.review_course(session, SYSTEM_PRINCIPAL, course_id=course.id, rating=5, now=now)

    def test_a_course_one_may_not_find_is_not_reviewed(
        self, session: Session, school: Organization, stranger: Principal, now: datetime
    ) -> None:
        course = builders.create_course(
            session,
            provider_type=ProviderType.TRADE_SCHOOL,
            provider_id=school.id,
            visibility=CourseVisibility.ORGANIZATION,
        )
        with pytest.raises(NotFoundError):
            service.review_course(session, stranger, course_id=course.id, rating=5, now=now)

    @pytest.mark.requirement("LMS-08")
    def test_reviews_at_once_leave_one_and_the_counter_right(self, committed_engine: Engine, now: datetime) -> None:
        """Two reviewers, each three times at once: two reviews count, whichever of hers came last."""
        reviewers = []
        with unit_of_work(committed_engine) as session:
            course = builders.create_course(session)
            for _ in range(2):
                person = builders.create_person(session)
                builders.create_enrollment(session, person, course, status=EnrollmentStatus.COMPLETED, ended_at=now)
                reviewers.append(principal_of(person))
            course_id = course.id
        barrier = Barrier(6)

        def review(place: int) -> None:
            barrier.wait(timeout=30)
            with unit_of_work(committed_engine) as session:
                service.review_course(session, reviewers[place % 2], course_id=course_id, rating=1 + place % 5, now=now)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(review, range(6)))
        with unit_of_work(committed_engine) as session:
            ratings = session.scalars(select(CourseReview.rating)).all()
            view = views.course_response(session, reviewers[0], course_id=course_id, now=now)
        assert len(ratings) == 2
        assert (view.review_count, view.average_rating) == (2, Decimal(sum(ratings)) / 2)
        assert (view.enrollment_count, view.completion_count) == (2, 2)
