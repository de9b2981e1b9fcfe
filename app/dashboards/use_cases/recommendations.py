"""What a learner does with recommended courses: look, enroll, put away, take that back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.learned.courses import CourseList, recommend_courses
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal
from operational_db.recommending import service
from operational_db.settings import Settings


def find_courses(engine: Engine, settings: Settings, principal: Principal, *, now: datetime) -> CourseList:
    """The viewer's own list, read at this moment.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        return recommend_courses(session, settings, principal, person_id=principal.person_id, now=now)


def enroll(engine: Engine, principal: Principal, *, course_id: UUID, title: str, now: datetime) -> Receipt:
    """Enroll the viewer.

    Raises
    ------
    DomainError
        When the course closed meanwhile or the database is down; nothing was written then.
    """
    with unit_of_work(engine) as session:
        service.enroll_in_recommended(session, principal, course_id=course_id, now=now)
    return Receipt(f"You are enrolled in “{title}”.", now, 1)


def dismiss(engine: Engine, principal: Principal, *, course_id: UUID, now: datetime) -> None:
    """Do not recommend the course to the viewer again.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with unit_of_work(engine) as session:
        service.dismiss_course(session, principal, course_id=course_id, now=now)


def restore(engine: Engine, principal: Principal, *, course_id: UUID, now: datetime) -> None:
    """Let the course be recommended again.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with unit_of_work(engine) as session:
        service.restore_course(session, principal, course_id=course_id, now=now)
