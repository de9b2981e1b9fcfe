"""Recognizing a token in one statement gives the same answer as the ordinary way, for every kind of token."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.database import psycopg_connection
from operational_db.errors import NotSignedInError
from operational_db.identity.door import principal_at_door
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import erase_person, mint_token, principal_for_token, revoke_token
from operational_db.tables.identity import ApiToken
from operational_db.types import Role
from tests.builders import create_membership, create_organization, create_person


def both(session: Session, token: str, now: datetime) -> Principal | None:
    """What both ways answer; None when both refuse."""
    found: list[Principal | None] = []
    ways: list[Callable[[], Principal]] = [
        lambda: principal_for_token(session, token, now=now),
        lambda: principal_at_door(psycopg_connection(session.connection()), token, now=now),
    ]
    for recognize in ways:
        try:
            found.append(recognize())
        except NotSignedInError:
            found.append(None)
    assert found[0] == found[1]
    return found[0]


@pytest.fixture
def token(session: Session, now: datetime) -> str:
    person, organization = create_person(session), create_organization(session)
    today = now.date()
    create_membership(session, person, organization, Role.SUPERVISOR)
    create_membership(session, person, organization, Role.AUDITOR, started_on=today)
    create_membership(session, person, organization, Role.MENTOR, started_on=today + timedelta(days=1))
    create_membership(session, person, create_organization(session), Role.TECHNICIAN, ended_on=today)
    return mint_token(session, SYSTEM_PRINCIPAL, person.id, "test", timedelta(hours=1), now)


def test_a_valid_token_brings_the_roles_that_are_open_today(session: Session, token: str, now: datetime) -> None:
    principal = both(session, token, now)
    assert principal is not None
    assert {grant.role for grant in principal.grants} == {Role.SUPERVISOR, Role.AUDITOR}


def test_a_person_without_any_role_is_recognized(session: Session, now: datetime) -> None:
    person = create_person(session)
    token = mint_token(session, SYSTEM_PRINCIPAL, person.id, "test", timedelta(hours=1), now)
    principal = both(session, token, now)
    assert principal is not None
    assert principal.grants == frozenset()


def test_an_unknown_expired_or_revoked_token_is_refused(session: Session, token: str, now: datetime) -> None:
    assert both(session, "nonsense", now) is None
    assert both(session, token, now + timedelta(hours=1)) is None
    token_id = session.scalars(select(ApiToken.id)).one()
    revoke_token(session, SYSTEM_PRINCIPAL, token_id=token_id, now=now)
    assert both(session, token, now) is None


def test_an_erased_persons_token_is_refused(session: Session, now: datetime) -> None:
    person = create_person(session)
    token = mint_token(session, SYSTEM_PRINCIPAL, person.id, "test", timedelta(hours=1), now)
    erase_person(session, SYSTEM_PRINCIPAL, person_id=person.id, now=now)
    assert both(session, token, now) is None
