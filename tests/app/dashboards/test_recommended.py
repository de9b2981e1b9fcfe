"""Recommended for you on My training: reasons, enrolling, putting away and taking back, and without a database."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from operational_db.database import unit_of_work
from operational_db.tables.learning import CourseDismissal, Enrollment
from operational_db.types import EnrollmentStatus
from tests import builders
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.conftest import Visit, texts
from tests.app.dashboards.operational_fixture import write_operational_records

ME = figures.PEOPLE[5]


@pytest.fixture
def popular(committed_engine: Engine, visit: Visit) -> UUID:
    """A course five people completed, in the database behind the page."""
    visit.engine = committed_engine
    with unit_of_work(committed_engine) as session:
        write_operational_records(session)
        course, at = builders.create_course(session, title="Hoists"), figures.AS_OF - timedelta(days=30)
        for _ in range(5):
            builders.create_enrollment(
                session, course=course, enrolled_at=at, ended_at=at, status=EnrollmentStatus.COMPLETED
            )
        return course.id


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, [error.value for error in app.exception]
    return app


@pytest.mark.requirement("LMS-05")
def test_required_comes_first_and_popularity_is_named_as_such(visit: Visit, popular: UUID) -> None:
    said = texts(visit.open("technician", "me/training"))
    assert "Recommended for you" in said
    assert "**Hoists**  \nPopular: 5 people completed it within the last year." in said
    assert "has not been learned here yet. What is popular is shown instead." in said
    assert said.index("Required by ") < said.index("**Hoists**")
    assert "From your own records or words." in said
    assert "From what others did, at least five people." in said


def test_enrolling_takes_it_from_the_list_and_says_so(visit: Visit, popular: UUID) -> None:
    app = press(visit.open("technician", "me/training"), f"recommended_enroll_{popular}")
    said = texts(app)
    assert "You are enrolled in “Hoists”." in said
    assert "**Hoists**" not in said
    with Session(visit.engine) as session:
        mine = select(Enrollment.course_id).where(Enrollment.person_id == ME, Enrollment.ended_at.is_(None))
        assert popular in session.scalars(mine).all()


def test_put_away_and_taken_back(visit: Visit, popular: UUID) -> None:
    app = press(visit.open("technician", "me/training"), f"recommended_dismiss_{popular}")
    assert "**Hoists**" not in texts(app)
    with Session(visit.engine) as session:
        assert session.scalars(select(CourseDismissal.course_id)).all() == [popular]
    assert "**Hoists**" in texts(press(app, f"recommended_restore_{popular}"))


def test_what_is_required_cannot_be_put_away(visit: Visit, popular: UUID) -> None:
    app = visit.open("technician", "me/training")
    keys = {str(button.key) for button in app.button}
    assert [key for key in keys if key.startswith("recommended_dismiss_")] == [f"recommended_dismiss_{popular}"]


def test_without_anything_to_say_it_says_what_fills_it(visit: Visit, committed_engine: Engine) -> None:
    visit.engine = committed_engine
    assert "No course is recommended to you at the moment." in texts(visit.open("technician", "me/training"))


def test_without_the_database_the_page_goes_on(visit: Visit) -> None:
    said = texts(visit.open("technician", "me/training"))
    assert "Recommendations cannot be shown while the database is away." in said
    assert "Next: Traction controller, level 2" in said
