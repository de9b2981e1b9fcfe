"""The installation's records as the recommender learns from them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from operational_db.recommending.records import training_frames
from operational_db.types import CourseVisibility, EnrollmentStatus
from tests import builders

STARTED = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
ENDED = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "until", "completed_on"),
    [
        (EnrollmentStatus.COMPLETED, ENDED + timedelta(seconds=1), ENDED.date()),
        (EnrollmentStatus.COMPLETED, ENDED, None),
        (EnrollmentStatus.FAILED, ENDED + timedelta(days=9), None),
        (EnrollmentStatus.DROPPED, ENDED + timedelta(days=9), None),
    ],
)
def test_only_what_was_completed_by_then_is_completed(
    session: Session, status: EnrollmentStatus, until: datetime, completed_on: object
) -> None:
    enrollment = builders.create_enrollment(session, status=status, enrolled_at=STARTED, ended_at=ENDED)
    assert training_frames(session, until=until).taken.rows() == [
        (str(enrollment.person_id), str(enrollment.course_id), STARTED.date(), completed_on)
    ]


def test_what_begins_later_is_not_there(session: Session) -> None:
    builders.create_enrollment(session, enrolled_at=STARTED)
    assert training_frames(session, until=STARTED).taken.is_empty()


def test_whom_courses_are_for_and_who_belongs_where(session: Session, now: datetime) -> None:
    company = builders.create_organization(session)
    own = builders.create_course(session, visibility=CourseVisibility.ORGANIZATION, provider_id=company.id)
    public = builders.create_course(session, provider_id=company.id, trade="hvac")
    membership = builders.create_membership(session, organization=company, ended_on=now.date())
    found = training_frames(session, until=now)
    assert sorted(found.courses.rows()) == sorted(
        [(str(own.id), str(company.id), "elevators"), (str(public.id), None, "hvac")]
    )
    assert found.members.rows() == [
        (str(membership.person_id), str(company.id), "technician", membership.started_on, now.date())
    ]
