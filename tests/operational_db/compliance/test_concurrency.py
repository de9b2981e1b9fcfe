"""Assigning and joining at the same moment, on real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlalchemy import Engine, func, select

from operational_db.compliance import service
from operational_db.database import unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.tables.compliance import AssignmentRecipient
from operational_db.tables.identity import Organization
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import Role
from tests import builders

PEOPLE = 5
WRITERS = 4


@pytest.mark.requirement("CMP-01")
def test_assigning_what_is_missing_at_once_reaches_everybody_once(committed_engine: Engine, now: datetime) -> None:
    with unit_of_work(committed_engine) as session:
        organization = builders.create_organization(session)
        for _ in range(PEOPLE):
            builders.create_membership(session, organization=organization)
        certification = builders.create_certification(session)
        builders.create_course(session, certification=certification)
        requirement_id = builders.create_requirement(session, organization, certification=certification).id
        organization_id = organization.id
    barrier = Barrier(WRITERS)

    def assign(_: int) -> int:
        barrier.wait(timeout=30)
        with unit_of_work(committed_engine) as session:
            answer = service.assign_missing(
                session, SYSTEM_PRINCIPAL, organization_id=organization_id, requirement_id=requirement_id, now=now
            )
            return len(answer.recipients)

    with ThreadPoolExecutor(WRITERS) as pool:
        assert sorted(pool.map(assign, range(WRITERS))) == [0] * (WRITERS - 1) + [PEOPLE]
    with unit_of_work(committed_engine) as session:
        reached = session.scalars(select(AssignmentRecipient.person_id)).all()
        assert len(reached) == len(set(reached)) == PEOPLE
        assert session.scalar(select(func.count()).select_from(LedgerEvent)) == PEOPLE


@pytest.mark.requirement("CMP-01", "CMP-05")
def test_nobody_who_joins_while_the_role_is_assigned_is_missed(committed_engine: Engine, now: datetime) -> None:
    with unit_of_work(committed_engine) as session:
        organization_id = builders.create_organization(session).id
        course_id = builders.create_course(session).id
    barrier = Barrier(PEOPLE + 1)

    def join(_: int) -> None:
        with unit_of_work(committed_engine) as session:
            membership = builders.create_membership(
                session, organization=session.get_one(Organization, organization_id), started_on=now.date()
            )
            barrier.wait(timeout=30)
            service.add_recipients_for_membership(session, membership, now=now)

    def assign() -> None:
        barrier.wait(timeout=30)
        with unit_of_work(committed_engine) as session:
            service.assign_training(
                session,
                SYSTEM_PRINCIPAL,
                organization_id=organization_id,
                course_id=course_id,
                role=Role.TECHNICIAN,
                now=now,
            )

    with ThreadPoolExecutor(PEOPLE + 1) as pool:
        running = [pool.submit(assign), *(pool.submit(join, number) for number in range(PEOPLE))]
        for future in running:
            future.result(timeout=60)
    with unit_of_work(committed_engine) as session:
        reached = session.scalars(select(AssignmentRecipient.person_id)).all()
        assert len(reached) == len(set(reached)) == PEOPLE
