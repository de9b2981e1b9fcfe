"""Categories, due dates, status precedence and the rate, at and around every boundary."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.compliance import rules
from operational_db.types import CertificationCategory, CourseCategory, Role, TrainingStatus

TODAY = date(2026, 11, 2)
DAY = timedelta(days=1)
DATES = st.dates(date(2000, 1, 1), date(2060, 12, 31))


class TestCategory:
    @pytest.mark.requirement("CMP-03")
    @pytest.mark.parametrize(
        ("category", "reported"),
        [
            (CourseCategory.MANUFACTURER_EQUIPMENT, "equipment"),
            (CourseCategory.SAFETY_CERTIFICATION, "safety"),
            (CourseCategory.CODE_COMPLIANCE, "compliance"),
            (CourseCategory.MANAGEMENT, "management"),
            (CourseCategory.SOFT_SKILLS, "general"),
            (CourseCategory.TECHNOLOGY, "general"),
            (CourseCategory.APPRENTICESHIP, "general"),
            (CourseCategory.CONTINUING_EDUCATION, "general"),
        ],
    )
    def test_of_a_course(self, category: CourseCategory, reported: str) -> None:
        assert rules.category_of_course(category) == reported

    @pytest.mark.parametrize("category", CertificationCategory)
    def test_of_a_certification_is_its_own(self, category: CertificationCategory) -> None:
        assert rules.category_of_certification(category) == category.value

    def test_every_course_category_has_one(self) -> None:
        assert {rules.category_of_course(category) for category in CourseCategory} == set(rules.ComplianceCategory)


class TestScope:
    @pytest.mark.parametrize("role", Role)
    def test_without_a_role_it_holds_for_those_who_learn_or_work(self, role: Role) -> None:
        expected = role in {
            Role.TECHNICIAN,
            Role.STUDENT,
            Role.MENTOR,
            Role.SUPERVISOR,
            Role.COMPANY_MANAGER,
            Role.INSTRUCTOR,
        }
        assert rules.is_role_in_scope(None, role) is expected

    @pytest.mark.parametrize("role", Role)
    def test_a_named_role_is_reached_and_no_other(self, role: Role) -> None:
        assert rules.is_role_in_scope(Role.AUDITOR, role) is (role is Role.AUDITOR)


class TestDueOn:
    def test_counts_from_the_later_of_joining_and_start(self) -> None:
        early, late = date(2026, 1, 1), date(2026, 3, 1)
        for member_since, effective_from in [(early, late), (late, early)]:
            due_on = rules.requirement_due_on(
                member_since=member_since, effective_from=effective_from, due_within_days=30
            )
            assert due_on == date(2026, 3, 31)

    def test_whoever_let_it_lapse_owes_it_from_that_day(self) -> None:
        due_on = rules.requirement_due_on(
            member_since=date(2026, 1, 1),
            effective_from=date(2026, 1, 1),
            due_within_days=30,
            lapsed_on=date(2026, 6, 5),
        )
        assert due_on == date(2026, 6, 5)

    @given(assigned_on=DATES, days=st.integers(0, 400), wait=st.integers(0, 400))
    def test_joiners_get_as_many_days_as_the_first(self, assigned_on: date, days: int, wait: int) -> None:
        joined_on = assigned_on + timedelta(days=wait)
        due_on = rules.joiner_due_on(
            assigned_on=assigned_on, due_on=assigned_on + timedelta(days=days), joined_on=joined_on
        )
        assert due_on == joined_on + timedelta(days=days)

    def test_joiners_of_an_assignment_without_due_date_have_none(self) -> None:
        assert rules.joiner_due_on(assigned_on=TODAY, due_on=None, joined_on=TODAY) is None


def status(
    due_on: date | None, *, is_exempted: bool = False, is_completed: bool = False, is_in_progress: bool = False
) -> TrainingStatus:
    return rules.required_training_status(
        on=TODAY, due_on=due_on, is_exempted=is_exempted, is_completed=is_completed, is_in_progress=is_in_progress
    )


class TestStatus:
    @pytest.mark.requirement("CMP-03")
    @pytest.mark.parametrize(
        ("due_on", "expected"),
        [
            (TODAY - DAY, TrainingStatus.OVERDUE),
            (TODAY, TrainingStatus.PENDING),
            (TODAY + DAY, TrainingStatus.PENDING),
            (None, TrainingStatus.PENDING),
        ],
    )
    def test_overdue_starts_the_day_after_the_due_date(self, due_on: date | None, expected: TrainingStatus) -> None:
        assert status(due_on) is expected

    @given(
        due_on=st.none() | DATES, is_exempted=st.booleans(), is_completed=st.booleans(), is_in_progress=st.booleans()
    )
    def test_precedence(self, due_on: date | None, is_exempted: bool, is_completed: bool, is_in_progress: bool) -> None:
        candidates = [
            (is_exempted, TrainingStatus.EXEMPTED),
            (is_completed, TrainingStatus.COMPLETED),
            (due_on is not None and due_on < TODAY, TrainingStatus.OVERDUE),
            (is_in_progress, TrainingStatus.IN_PROGRESS),
            (True, TrainingStatus.PENDING),
        ]
        expected = next(result for holds, result in candidates if holds)
        actual = status(due_on, is_exempted=is_exempted, is_completed=is_completed, is_in_progress=is_in_progress)
        assert actual is expected
