"""A mentor with two places, a mentee, and a request between them."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from operational_db.identity.rules import Principal
from operational_db.mentorship import requests
from operational_db.tables.mentorship import Mentorship
from tests.mentoring_people import create_mentee, create_mentor
from tests.operational_db.principals import principal_of


@pytest.fixture
def mentor(session: Session, now: datetime) -> Principal:
    return principal_of(create_mentor(session, now))


@pytest.fixture
def mentee(session: Session, now: datetime) -> Principal:
    return principal_of(create_mentee(session, now))


@pytest.fixture
def requested(session: Session, mentor: Principal, mentee: Principal, now: datetime) -> Mentorship:
    return requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)


@pytest.fixture
def running(session: Session, mentor: Principal, requested: Mentorship, now: datetime) -> Mentorship:
    return requests.accept(session, mentor, mentorship_id=requested.id, now=now)
