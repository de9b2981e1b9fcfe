"""Two writers on one line of certificates, on real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from uuid import UUID

from sqlalchemy import Engine, func, select

from operational_db.credentials import renewals, service
from operational_db.database import unit_of_work
from operational_db.errors import ConflictError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.tables.credentials import Certificate
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import EnrollmentStatus
from tests import builders

WRITERS = 4


def test_of_renewals_at_once_one_wins_and_the_others_are_told(committed_engine: Engine, now: datetime) -> None:
    with unit_of_work(committed_engine) as session:
        former_id = builders.create_certificate(session).id
    barrier = Barrier(WRITERS)

    def renew(_: int) -> str:
        barrier.wait(timeout=30)
        try:
            with unit_of_work(committed_engine) as session:
                service.renew_certificate(
                    session, SYSTEM_PRINCIPAL, certificate_id=former_id, issued_on=now.date(), now=now
                )
        except ConflictError as error:
            return error.message
        return "renewed"

    with ThreadPoolExecutor(WRITERS) as pool:
        outcomes = list(pool.map(renew, range(WRITERS)))
    assert outcomes.count("renewed") == 1
    assert sum("already renewed" in outcome for outcome in outcomes) == WRITERS - 1
    with unit_of_work(committed_engine) as session:
        assert session.scalar(select(func.count()).where(Certificate.renews_id == former_id)) == 1
        assert session.scalars(select(LedgerEvent.kind)).all() == ["certificate.renewed"]


def test_of_two_bulk_renewals_at_once_each_certificate_is_renewed_once(committed_engine: Engine, now: datetime) -> None:
    """Named in opposite orders, they wait for each other and do not lock up; both are told the same renewals."""
    with unit_of_work(committed_engine) as session:
        kind = builders.create_certification(session, validity_period_months=12)
        formers = [
            builders.create_certificate(
                session,
                builders.create_person(session),
                kind,
                issued_on=now.date() - timedelta(days=350),
                expires_on=now.date() + timedelta(days=15),
            ).id
            for _ in range(4)
        ]
        kind.issuing_organization_id = builders.create_organization(session).id
    barrier = Barrier(WRITERS)

    def renew(number: int) -> dict[UUID, UUID | None]:
        barrier.wait(timeout=30)
        wanted = formers if number % 2 else formers[::-1]
        with unit_of_work(committed_engine) as session:
            results = renewals.renew(session, SYSTEM_PRINCIPAL, certificate_ids=wanted, now=now)
            return {each.certificate_id: each.renewed_by_id for each in results}

    with ThreadPoolExecutor(WRITERS) as pool:
        told = list(pool.map(renew, range(WRITERS)))
    assert all(each == told[0] for each in told)
    assert len(set(told[0].values()) - {None}) == len(formers)
    with unit_of_work(committed_engine) as session:
        renewed = select(func.count()).where(Certificate.renews_id.in_(formers))
        assert session.scalar(renewed) == len(formers)
        kinds = session.scalars(select(LedgerEvent.kind)).all()
        assert kinds == ["certificate.renewed"] * len(formers)


def test_one_enrollment_earns_one_certificate_however_often_it_is_asked(
    committed_engine: Engine, now: datetime
) -> None:
    with unit_of_work(committed_engine) as session:
        certification = builders.create_certification(session)
        course = builders.create_course(session, certification=certification)
        enrollment = builders.create_enrollment(session, course=course, status=EnrollmentStatus.COMPLETED, ended_at=now)
        person_id, certification_id, enrollment_id = enrollment.person_id, certification.id, enrollment.id
    barrier = Barrier(WRITERS)

    def issue(_: int) -> UUID:
        barrier.wait(timeout=30)
        with unit_of_work(committed_engine) as session:
            return service.issue_certificate(
                session,
                SYSTEM_PRINCIPAL,
                person_id=person_id,
                certification_id=certification_id,
                issued_on=now.date(),
                enrollment_id=enrollment_id,
                now=now,
            ).id

    with ThreadPoolExecutor(WRITERS) as pool:
        assert len(set(pool.map(issue, range(WRITERS)))) == 1
    with unit_of_work(committed_engine) as session:
        assert session.scalars(select(LedgerEvent.kind)).all() == ["certificate.issued"]
