"""What a viewer finds in the catalogue, with her own status, in a fixed number of statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from operational_db.catalog import rules, views
from operational_db.catalog.repository import CatalogRepository
from operational_db.catalog.search import CourseFilters, CourseSort, Viewer
from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.paging import PageRequest
from operational_db.tables.catalog import (
    Course,
    CourseReview,
    LearningPath,
    LearningPathCourse,
    ModuleContent,
    StoredFile,
)
from operational_db.tables.identity import Organization
from operational_db.types import (
    ContentType,
    CourseCategory,
    CourseLevel,
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
def viewer(session: Session) -> Principal:
    return principal_of(builders.create_person(session))


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def titles(
    session: Session, principal: Principal, now: datetime, sort: CourseSort = CourseSort.TITLE, **wanted: Any
) -> list[str]:
    # Any: each test names the fields of CourseFilters that it is about.
    filters = CourseFilters(**wanted)
    return [view.title for view in views.browse_courses(session, principal, filters=filters, sort=sort, now=now).items]


class TestBrowse:
    @pytest.mark.requirement("LMS-01", "US-TC001")
    @pytest.mark.parametrize(
        ("wanted", "different"),
        [
            ({"category": CourseCategory.TECHNOLOGY}, {"category": CourseCategory.MANAGEMENT}),
            ({"trade": "hvac"}, {"trade": "electrical"}),
            ({"level": CourseLevel.EXPERT}, {"level": CourseLevel.BEGINNER}),
            ({"delivery_method": DeliveryMethod.BLENDED}, {"delivery_method": DeliveryMethod.IN_PERSON}),
            ({"provider_type": ProviderType.THIRD_PARTY}, {"provider_type": ProviderType.SITESYNC}),
            (
                {"pricing_model": PricingModel.SUBSCRIPTION},
                {"pricing_model": PricingModel.FREE},
            ),
        ],
    )
    def test_plain_filters(
        self,
        session: Session,
        viewer: Principal,
        now: datetime,
        wanted: dict[str, object],
        different: dict[str, object],
    ) -> None:
        builders.create_course(session, title="Wanted", **wanted)  # type: ignore[arg-type]  # columns of a course
        builders.create_course(session, title="Other", **different)  # type: ignore[arg-type]  # columns of a course
        assert titles(session, viewer, now, CourseSort.TITLE, **wanted) == ["Wanted"]

    @pytest.mark.requirement("LMS-01")
    @pytest.mark.parametrize(
        ("name", "column"),
        [
            ("equipment_type", "applicable_equipment_types"),
            ("manufacturer", "applicable_manufacturers"),
            ("model", "applicable_models"),
            ("tag", "tags"),
        ],
    )
    def test_list_filters(self, session: Session, viewer: Principal, now: datetime, name: str, column: str) -> None:
        one, other = {column: ["alpha", "beta"]}, {column: ["gamma"]}
        builders.create_course(session, title="Wanted", **one)  # type: ignore[arg-type]  # columns of a course
        builders.create_course(session, title="Other", **other)  # type: ignore[arg-type]  # columns of a course
        assert titles(session, viewer, now, CourseSort.TITLE, **{name: "beta"}) == ["Wanted"]

    @pytest.mark.requirement("LMS-01")
    def test_every_category_can_be_asked_for(self, session: Session, viewer: Principal, now: datetime) -> None:
        for category in CourseCategory:
            builders.create_course(session, title=str(category), category=category)
        for category in CourseCategory:
            assert titles(session, viewer, now, category=category) == [str(category)]

    @pytest.mark.requirement("LMS-01")
    @pytest.mark.parametrize(
        ("lowest", "highest", "found"),
        [
            (None, None, ["Cheap", "Dear", "Free"]),
            (Decimal(10), None, ["Cheap", "Dear"]),
            (Decimal("10.01"), None, ["Dear"]),
            (None, Decimal(10), ["Cheap", "Free"]),
            (None, Decimal("9.99"), ["Free"]),
            (Decimal(0), Decimal(0), ["Free"]),
        ],
    )
    def test_a_range_of_prices_includes_its_ends(
        self,
        session: Session,
        viewer: Principal,
        now: datetime,
        lowest: Decimal | None,
        highest: Decimal | None,
        found: list[str],
    ) -> None:
        builders.create_course(session, title="Free")
        for title, price in (("Cheap", 10), ("Dear", 90)):
            builders.create_course(
                session, title=title, pricing_model=PricingModel.PAID, price=Decimal(price), currency="USD"
            )
        assert titles(session, viewer, now, price_from=lowest, price_to=highest) == found

    def test_a_range_upside_down_is_refused(self) -> None:
        with pytest.raises(InvalidInputError, match="Swap them"):
            CourseFilters(price_from=Decimal(2), price_to=Decimal(1))

    def test_text_finds_word_forms_in_title_and_description_best_first(
        self, session: Session, viewer: Principal, now: datetime
    ) -> None:
        builders.create_course(session, title="Brakes", description="Adjusting hoist motors by hand")
        builders.create_course(session, title="Hoist motor basics")
        builders.create_course(session, title="First aid")
        sort = CourseSort.RELEVANCE
        assert titles(session, viewer, now, sort, text="hoisting motor") == ["Hoist motor basics", "Brakes"]
        assert titles(session, viewer, now, sort, text="motor -brakes") == ["Hoist motor basics"]
        assert titles(session, viewer, now, sort, text='"motor basics" or "first aid"') == [
            "First aid",
            "Hoist motor basics",
        ]
        assert titles(session, viewer, now, sort, text="'); drop table courses;--") == []

    @pytest.mark.requirement("LMS-01")
    def test_orders(self, session: Session, viewer: Principal, now: datetime) -> None:
        old = builders.create_course(
            session, title="B", published_at=now - timedelta(days=9), estimated_hours=Decimal(1)
        )
        new = builders.create_course(
            session,
            title="A",
            published_at=now,
            estimated_hours=Decimal(5),
            pricing_model=PricingModel.PAID,
            price=Decimal(5),
            currency="USD",
        )
        builders.create_enrollment(session, course=old)
        person = builders.create_person(session)
        session.add(CourseReview(course_id=old.id, person_id=person.id, rating=2))
        session.add(CourseReview(course_id=new.id, person_id=person.id, rating=4))
        session.flush()
        expected = {
            CourseSort.TITLE: ["A", "B"],
            CourseSort.NEWEST: ["A", "B"],
            CourseSort.RELEVANCE: ["A", "B"],
            CourseSort.PRICE: ["B", "A"],
            CourseSort.HOURS: ["B", "A"],
            CourseSort.RATING: ["A", "B"],
            CourseSort.POPULARITY: ["B", "A"],
        }
        assert {sort: titles(session, viewer, now, sort) for sort in CourseSort} == expected

    @pytest.mark.requirement("LMS-01")
    def test_pages_follow_each_other_without_gap_or_repetition(
        self, session: Session, viewer: Principal, now: datetime
    ) -> None:
        for number in range(7):
            builders.create_course(session, title=f"Course {number}")
        pages = [
            views.browse_courses(
                session, viewer, sort=CourseSort.TITLE, page=PageRequest(number=number, size=3), now=now
            )
            for number in (1, 2, 3, 4)
        ]
        assert [view.title for page in pages for view in page.items] == [f"Course {number}" for number in range(7)]
        assert {page.total for page in pages} == {7}
        assert [len(page.items) for page in pages] == [3, 3, 1, 0]

    @pytest.mark.parametrize(("number", "size"), [(0, 10), (1, 0), (1, 201)])
    def test_impossible_pages_are_refused(self, number: int, size: int) -> None:
        with pytest.raises(InvalidInputError):
            PageRequest(number=number, size=size)

    def test_the_number_of_statements_does_not_grow_with_the_courses(
        self, session: Session, engine: Engine, viewer: Principal, now: datetime
    ) -> None:
        certification = builders.create_certification(session)
        prerequisites = [{"type": "certification", "id": str(certification.id)}]

        def add_courses(count: int) -> None:
            for _ in range(count):
                course = builders.create_course(
                    session, module_count=2, certification=certification, prerequisites=prerequisites
                )
                builders.create_enrollment(session, course=course, person_id=viewer.person_id)

        def count() -> int:
            session.expire_all()
            with counted_statements(engine) as statements:
                page = views.browse_courses(session, viewer, page=PageRequest(size=100), now=now)
            assert all(view.user_enrolled for view in page.items)
            return len(statements)

        add_courses(2)
        few = count()
        add_courses(20)
        assert count() == few
        assert few <= 15


class TestVisibility:
    @pytest.fixture
    def company(self, session: Session) -> Organization:
        return builders.create_organization(session)

    def create_own_course(self, session: Session, company: Organization, **columns: object) -> Course:
        return builders.create_course(
            session,
            provider_type=ProviderType.COMPANY,
            provider_id=company.id,
            **columns,  # type: ignore[arg-type]  # columns of a course
        )

    def test_drafts_and_own_courses_are_found_by_those_they_are_for(
        self, session: Session, company: Organization, viewer: Principal, now: datetime
    ) -> None:
        team = builders.create_team(session, company)
        self.create_own_course(session, company, title="Company", visibility=CourseVisibility.ORGANIZATION)
        self.create_own_course(
            session, company, title="Team", visibility=CourseVisibility.TEAM, visible_to_team_id=team.id
        )
        self.create_own_course(session, company, title="Draft", status=CourseStatus.DRAFT)
        builders.create_course(session, title="Public")
        manager = create_manager(session, company)[0]
        stranger = create_manager(session)[0]
        assert titles(session, viewer, now) == ["Public"]
        assert titles(session, stranger, now) == ["Public"]
        assert titles(session, create_member(session, company), now) == ["Company", "Public"]
        assert titles(session, create_member(session, company, team=team), now) == ["Company", "Public", "Team"]
        assert titles(session, manager, now) == ["Company", "Public", "Team"]
        assert titles(session, manager, now, status=CourseStatus.DRAFT) == ["Draft"]
        assert titles(session, stranger, now, status=CourseStatus.DRAFT) == []
        assert titles(session, SYSTEM_PRINCIPAL, now, status=CourseStatus.DRAFT) == ["Draft"]

    def test_what_one_may_not_find_does_not_exist(self, session: Session, company: Organization, now: datetime) -> None:
        course = self.create_own_course(session, company, visibility=CourseVisibility.ORGANIZATION)
        stranger = create_manager(session)[0]
        messages = set()
        for course_id in (course.id, new_id()):
            for read in (views.course_response, views.course_syllabus):
                with pytest.raises(NotFoundError) as caught:
                    read(session, stranger, course_id=course_id, now=now)
                messages.add(caught.value.message)
            with pytest.raises(NotFoundError):
                views.custom_course_response(session, stranger, course_id=course_id)
        assert len(messages) == 1

    def test_the_database_and_the_rule_agree(self, session: Session, company: Organization) -> None:
        team = builders.create_team(session, company)
        courses = [
            self.create_own_course(
                session,
                company,
                status=status,
                visibility=visibility,
                visible_to_team_id=team.id if visibility is CourseVisibility.TEAM else None,
            )
            for status in CourseStatus
            for visibility in CourseVisibility
        ]
        nobody: frozenset[object] = frozenset()
        for member_of in (nobody, frozenset({company.id})):
            for teams in (nobody, frozenset({team.id})):
                for manages in (nobody, frozenset({company.id})):
                    viewer = Viewer(None, member_of, teams, manages, is_unrestricted=False)  # type: ignore[arg-type]
                    for course in courses:
                        is_visible = rules.is_visible(
                            status=course.status,
                            visibility=course.visibility,
                            provider_id=course.provider_id,
                            team_id=course.visible_to_team_id,
                            member_of=viewer.member_of,
                            teams=viewer.teams,
                            manages=viewer.manages,
                        )
                        found = CatalogRepository(session).find_courses(
                            viewer, CourseFilters(status=course.status), CourseSort.TITLE, PageRequest(size=100)
                        )
                        assert (course.id in {c.id for c in found.items}) is is_visible


class TestCourseResponse:
    @pytest.mark.requirement("LMS-02", "LMS-08")
    def test_counters_names_and_the_viewers_own_status(
        self, session: Session, viewer: Principal, now: datetime
    ) -> None:
        certification = builders.create_certification(session, name="Hoist licence")
        basics = builders.create_course(session, title="Basics")
        course = builders.create_course(
            session,
            module_count=4,
            certification=certification,
            max_enrollment=3,
            session_starts_on=now.date(),
            session_location="Hall 2",
            prerequisites=[
                {"type": "course", "id": str(basics.id)},
                {"type": "certification", "id": str(certification.id)},
            ],
        )
        for status in (EnrollmentStatus.DROPPED, EnrollmentStatus.COMPLETED):
            person = builders.create_person(session)
            builders.create_enrollment(session, person, course, status=status, ended_at=now)
            session.add(CourseReview(course_id=course.id, person_id=person.id, rating=4 if status == "dropped" else 5))
        builders.create_enrollment(session, course=course)
        before = now - timedelta(days=400)
        builders.create_enrollment(
            session,
            course=course,
            person_id=viewer.person_id,
            status=EnrollmentStatus.COMPLETED,
            ended_at=before,
        )
        again = builders.create_enrollment(session, course=course, person_id=viewer.person_id, cycle_number=2)
        first_module = CatalogRepository(session).modules(course.id)[0]
        builders.create_module_completion(session, again, first_module)
        view = views.course_response(session, viewer, course_id=course.id, now=now)
        assert (view.enrollment_count, view.completion_count, view.available_seats) == (5, 2, 1)
        assert (view.average_rating, view.review_count, view.module_count) == (Decimal("4.50"), 2, 4)
        assert (view.certification_name, view.leads_to_certification) == ("Hoist licence", True)
        assert [entry.name for entry in view.prerequisites] == ["Basics", "Hoist licence"]
        assert (view.next_session_on, view.session_location) == (now.date(), "Hall 2")
        assert (view.user_enrolled, view.user_progress_pct) == (True, Decimal(25))
        assert (view.user_completed, view.user_completed_at) == (True, before)

    def test_a_newcomer_has_no_status_and_a_begun_session_is_not_next(
        self, session: Session, viewer: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session, session_starts_on=now.date() - timedelta(days=1))
        view = views.course_response(session, viewer, course_id=course.id, now=now)
        assert (view.user_enrolled, view.user_progress_pct, view.user_completed, view.user_completed_at) == (
            False,
            None,
            False,
            None,
        )
        assert (view.next_session_on, view.available_seats, view.average_rating) == (None, None, None)

    @pytest.mark.requirement("LMS-02")
    def test_every_field_of_the_seed_is_there(self) -> None:
        seed = (
            "id title slug description short_description provider_type provider_id provider_name provider_logo_url "
            "category subcategory tags trade level prerequisites delivery_method estimated_hours module_count "
            "has_video has_assessments has_practical applicable_equipment_types applicable_manufacturers "
            "applicable_models leads_to_certification certification_id certification_name ce_credits pricing_model "
            "price currency requires_enrollment enrollment_deadline max_enrollment available_seats session_location "
            "enrollment_count completion_count average_rating review_count user_enrolled user_completed "
            "user_completed_at created_at updated_at published_at"
        )
        names = {field.name for field in fields(views.CourseView)}
        assert set(seed.split()) <= names
        # Under the project's suffixes: next_session_date and user_progress_percent.
        assert {"next_session_on", "user_progress_pct"} <= names


class TestSyllabus:
    @pytest.mark.requirement("LMS-03")
    def test_modules_assessments_and_files_with_where_the_viewer_stands(
        self, session: Session, engine: Engine, viewer: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session, module_count=2, learning_objectives=["Lock out", "Tag out"])
        first, second = CatalogRepository(session).modules(course.id)
        first.has_practical = True
        file = StoredFile(sha256=b"1" * 32, media_type="application/pdf", size_bytes=12, file_name="a.pdf")
        session.add(file)
        session.flush()
        sources: list[dict[str, object]] = [{"content_text": "Read"}, {"file_id": file.id}]
        for place, source in enumerate(sources):
            session.add(
                ModuleContent(
                    module_id=first.id,
                    title=f"Item {place}",
                    content_type=ContentType.DOCUMENT,
                    order_index=place,
                    **source,
                )
            )
        quiz = builders.create_assessment(session, course, module_id=second.id)
        earlier = builders.create_enrollment(
            session, course=course, person_id=viewer.person_id, status=EnrollmentStatus.FAILED, ended_at=now
        )
        builders.create_module_completion(session, earlier, second)
        builders.create_attempt(session, earlier, quiz, score=Decimal(99))
        latest = builders.create_enrollment(session, course=course, person_id=viewer.person_id, cycle_number=2)
        builders.create_module_completion(session, latest, first)
        for number, score in ((1, 40), (2, 65)):
            builders.create_attempt(session, latest, quiz, attempt_number=number, score=Decimal(score), passed=False)
        with counted_statements(engine) as statements:
            view = views.course_syllabus(session, viewer, course_id=course.id, now=now)
        assert len(statements) <= 9
        assert view.learning_objectives == ["Lock out", "Tag out"]
        assert [(m.order_index, m.user_completed) for m in view.modules] == [(0, True), (1, False)]
        assert [m.content_types for m in view.modules] == [["text", "practical"], ["quiz"]]
        (assessment,) = view.assessments
        assert (assessment.user_attempts, assessment.user_best_score) == (2, Decimal(65))
        (material,) = view.downloadable_materials
        assert (material.title, material.file_id, material.size_bytes) == ("Item 1", file.id, 12)

    def test_a_newcomer_has_done_nothing(self, session: Session, viewer: Principal, now: datetime) -> None:
        course = builders.create_course(session, module_count=1, assessment_count=1)
        view = views.course_syllabus(session, viewer, course_id=course.id, now=now)
        assert not view.modules[0].user_completed
        assert (view.assessments[0].user_attempts, view.assessments[0].user_best_score) == (0, None)


class TestLearningPaths:
    def create_path(self, session: Session, courses: list[tuple[Course, bool]], **columns: object) -> LearningPath:
        path = LearningPath(
            **{
                "title": "To mechanic",
                "slug": f"p-{new_id().hex}",
                "target_role": "mechanic",
                "level": "mid",
                **columns,
            }
        )
        session.add(path)
        session.flush()
        for place, (course, is_required) in enumerate(courses):
            session.add(
                LearningPathCourse(path_id=path.id, course_id=course.id, order_index=place, is_required=is_required)
            )
        session.flush()
        return path

    @pytest.mark.requirement("LMS-04")
    def test_progress_counts_the_required_courses(self, session: Session, viewer: Principal, now: datetime) -> None:
        certification = builders.create_certification(session)
        one, two, extra = (
            builders.create_course(session),
            builders.create_course(session, certification=certification),
            builders.create_course(session),
        )
        self.create_path(session, [(one, True), (two, True), (extra, False)])
        for course in (one, extra):
            builders.create_enrollment(
                session, course=course, person_id=viewer.person_id, status=EnrollmentStatus.COMPLETED, ended_at=now
            )
        (view,) = views.learning_paths(session, viewer, now=now).items
        assert [(c.course_id, c.is_required, c.user_completed) for c in view.courses] == [
            (one.id, True, True),
            (two.id, True, False),
            (extra.id, False, True),
        ]
        assert (view.user_started, view.user_progress_pct) == (True, Decimal(50))
        assert (view.user_completed_courses, view.user_remaining_courses) == (1, 1)
        assert view.leads_to_certifications == {certification.id: certification.name}
        assert view.estimated_total_hours == Decimal(12)

    def test_an_organizations_path_is_its_members_and_hidden_courses_are_left_out(
        self, session: Session, viewer: Principal, now: datetime
    ) -> None:
        company = builders.create_organization(session)
        hidden = builders.create_course(session, status=CourseStatus.DRAFT)
        shown = builders.create_course(session)
        self.create_path(session, [(hidden, True), (shown, True)], organization_id=company.id, trade="hvac")
        self.create_path(session, [(shown, True)], title="Old", is_active=False)
        member = create_member(session, company)
        assert views.learning_paths(session, viewer, now=now).total == 0
        (view,) = views.learning_paths(session, member, trade="hvac", now=now).items
        assert [course.course_id for course in view.courses] == [shown.id]
        assert not view.user_started
        assert views.learning_paths(session, member, trade="electrical", now=now).total == 0

    def test_the_number_of_statements_does_not_grow_with_the_paths(
        self, session: Session, engine: Engine, viewer: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session)

        def count() -> int:
            with counted_statements(engine) as statements:
                views.learning_paths(session, viewer, page=PageRequest(size=100), now=now)
            return len(statements)

        self.create_path(session, [(course, True)])
        few = count()
        for _ in range(10):
            self.create_path(session, [(course, True)])
        assert count() == few


def test_dates_of_views_are_plain(session: Session, now: datetime) -> None:
    """A session's day is a date, whatever the viewer's time zone."""
    course = builders.create_course(session, session_starts_on=date(2027, 1, 4))
    view = views.course_response(session, SYSTEM_PRINCIPAL, course_id=course.id, now=now)
    assert view.next_session_on == date(2027, 1, 4)


def test_an_instructor_finds_the_schools_drafts(session: Session, now: datetime) -> None:
    school = builders.create_organization(session, OrganizationKind.TRADE_SCHOOL)
    builders.create_course(
        session,
        title="Draft",
        provider_type=ProviderType.TRADE_SCHOOL,
        provider_id=school.id,
        status=CourseStatus.DRAFT,
    )
    instructor = create_member(session, school, Role.INSTRUCTOR)
    student = create_member(session, school, Role.STUDENT)
    assert titles(session, instructor, now, status=CourseStatus.DRAFT) == ["Draft"]
    assert titles(session, student, now, status=CourseStatus.DRAFT) == []
