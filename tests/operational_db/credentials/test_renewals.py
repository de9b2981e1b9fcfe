"""Renewal: what is missing is listed, what is ready is renewed once, also by two at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from operational_db.credentials import renewals, service
from operational_db.credentials.renewal_rules import CourseToTake, RenewalCode, RenewalFacts, missing_steps, opens_on
from operational_db.database import unit_of_work
from operational_db.errors import InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.tables.credentials import CeCredit, Certificate, CertificateRenewal
from operational_db.tables.identity import Person
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import CeActivityType, CertificationSource, Role, new_id
from tests import builders
from tests.operational_db.principals import create_manager, create_member, kinds_about, principal_of

TODAY = date(2026, 11, 2)
WRITERS = 4
LEAP_DAY = date(2028, 2, 29)


def facts(**changes: object) -> RenewalFacts:
    values: dict[str, object] = {
        "is_verified": True,
        "is_revoked": False,
        "is_withdrawn": False,
        "expires_on": LEAP_DAY,
        "window_days": 90,
        "issuer": "National board",
        "is_issued_here": True,
        "may_issue": False,
        "asks_for_credits": True,
        "credits_short": Decimal(0),
        "credits_required": Decimal(12),
        "is_exam_required": False,
        "courses_to_take": None,
        **changes,
    }
    return RenewalFacts(**values)  # type: ignore[arg-type]


class TestRules:
    @pytest.mark.parametrize(
        ("day", "codes"),
        [
            (date(2027, 11, 30), ["too_early"]),
            # 90 days before the leap day.
            (date(2027, 12, 1), []),
            (LEAP_DAY, []),
            (date(2028, 3, 1), []),
        ],
    )
    def test_the_window_opens_on_its_day_and_stays_open(self, day: date, codes: list[str]) -> None:
        assert [step.code for step in missing_steps(facts(), on=day)] == codes
        assert opens_on(facts()) == date(2027, 12, 1)

    COURSE = CourseToTake(new_id(), "Rope rescue")

    @pytest.mark.parametrize(
        ("changes", "codes"),
        [
            ({"credits_short": Decimal("4.5")}, ["ce_credits"]),
            ({"asks_for_credits": False, "credits_short": Decimal(9), "courses_to_take": [COURSE]}, ["course"]),
            ({"asks_for_credits": False, "courses_to_take": []}, []),
            ({"asks_for_credits": False}, ["issuer"]),
            ({"asks_for_credits": False, "may_issue": True}, []),
            ({"is_exam_required": True, "courses_to_take": [COURSE]}, ["course"]),
            ({"is_exam_required": True, "credits_short": Decimal(1)}, ["ce_credits", "issuer"]),
            ({"is_issued_here": False}, ["evidence"]),
            ({"is_issued_here": False, "may_issue": True, "credits_short": Decimal(1)}, ["ce_credits", "evidence"]),
            ({"is_verified": False}, ["not_verified"]),
            ({"is_revoked": True, "is_verified": False}, ["revoked"]),
            ({"is_withdrawn": True, "is_revoked": True}, ["withdrawn"]),
            ({"expires_on": None}, ["never_expires"]),
        ],
    )
    def test_what_is_missing_follows_from_the_kind(self, changes: dict[str, object], codes: list[str]) -> None:
        assert [step.code for step in missing_steps(facts(**changes), on=date(2028, 1, 1))] == codes

    def test_the_words_name_numbers_days_and_courses(self) -> None:
        steps = missing_steps(
            facts(credits_short=Decimal("4.50"), is_exam_required=True, courses_to_take=[self.COURSE]), on=TODAY
        )
        assert [step.text for step in steps] == [
            "It can be renewed from 1 Dec 2027.",
            "4.5 of 12 CE credits short, due 29 Feb 2028.",
            "Take the course “Rope rescue” again.",
        ]
        assert steps[2].course_id == self.COURSE.course_id


def due(session: Session, person: Person, now: datetime, *, credits: str = "12", **kind: object) -> Certificate:
    """A certificate of ours that ends in 30 days, with credits logged."""
    certification = builders.create_certification(session, **{"ce_credits_required": Decimal(12), **kind})
    held = builders.create_certificate(
        session, person, certification, issued_on=TODAY - timedelta(days=335), expires_on=TODAY + timedelta(days=30)
    )
    if Decimal(credits):
        session.add(
            CeCredit(
                person_id=person.id,
                certification_id=certification.id,
                certificate_id=held.id,
                credits=Decimal(credits),
                activity_type=CeActivityType.CONFERENCE,
                activity_description="Lift fair",
                activity_on=TODAY - timedelta(days=20),
                recorded_at=now,
            )
        )
        session.flush()
    return held


class TestRenew:
    @pytest.mark.requirement("CRT-07")
    def test_of_several_each_gets_its_answer(self, session: Session, now: datetime) -> None:
        person = builders.create_person(session)
        ready, short = due(session, person, now), due(session, person, now, credits="7.5")
        foreign = due(
            session, person, now, source=CertificationSource.GOVERNMENT, renewal_requirements="Apply to the board."
        )
        herself = principal_of(person)
        wanted = [ready.id, short.id, foreign.id, ready.id]
        first = renewals.renew(session, herself, certificate_ids=wanted, now=now)
        assert [result.certificate_id for result in first] == wanted[:3]
        assert [[step.code for step in result.missing] for result in first] == [
            [],
            [RenewalCode.CE_CREDITS],
            [RenewalCode.EVIDENCE],
        ]
        assert "(Apply to the board)" in first[2].missing[0].text
        again = renewals.renew(session, herself, certificate_ids=wanted, now=now)
        assert [result.renewed_by_id for result in again] == [first[0].renewed_by_id, None, None]
        assert sorted(kinds_about(session, person.id)) == ["certificate.renewed", "renewal.opened", "renewal.opened"]
        renewed = session.get_one(Certificate, first[0].renewed_by_id)
        assert (renewed.renews_id, renewed.first_earned_on) == (ready.id, ready.issued_on)
        assert renewals.missing_for_renewal(session, herself, certificate_id=ready.id, on=TODAY) == ()

    def test_a_renewal_by_another_way_ends_what_was_set_out(self, session: Session, now: datetime) -> None:
        person = builders.create_person(session)
        held = due(session, person, now, credits="1")
        renewals.renew(session, principal_of(person), certificate_ids=[held.id], now=now)
        made = service.renew_certificate(session, SYSTEM_PRINCIPAL, certificate_id=held.id, issued_on=TODAY, now=now)
        renewal = session.scalars(select(CertificateRenewal).where(CertificateRenewal.certificate_id == held.id)).one()
        assert (renewal.closed_at, renewal.renewed_by_id) == (now, made.id)

    def test_who_may_renew(self, session: Session, now: datetime) -> None:
        manager, company = create_manager(session)
        member = create_member(session, company)
        held = due(session, session.get_one(Person, member.person_id), now, credits="0")
        for refused, error in (
            (create_member(session, company, Role.SUPERVISOR), NotAuthorizedError),
            (create_member(session, company), NotFoundError),
            (create_manager(session)[0], NotFoundError),
        ):
            with pytest.raises(error):
                renewals.renew(session, refused, certificate_ids=[held.id], now=now)
        (result,) = renewals.renew(session, manager, certificate_ids=[held.id], now=now)
        assert result.missing
        with pytest.raises(NotFoundError):
            renewals.renew(session, manager, certificate_ids=[held.id, new_id()], now=now)
        for count in (0, 201):
            with pytest.raises(InvalidInputError):
                renewals.renew(session, manager, certificate_ids=[new_id() for _ in range(count)], now=now)

    def test_the_issuer_renews_for_members_and_never_for_herself(self, session: Session, now: datetime) -> None:
        manager, company = create_manager(session)
        member = create_member(session, company)
        kind = {"issuing_organization_id": company.id, "ce_credits_required": Decimal(0)}
        hers = due(session, session.get_one(Person, member.person_id), now, credits="0", **kind)
        own = due(session, session.get_one(Person, manager.person_id), now, credits="0", **kind)
        results = renewals.renew(session, manager, certificate_ids=[hers.id, own.id], now=now)
        assert results[0].renewed_by_id is not None
        assert [step.code for step in results[1].missing] == [RenewalCode.ISSUER]


@pytest.mark.requirement("CRT-07")
def test_of_bulk_renewals_at_once_each_certificate_is_renewed_once(committed_engine: Engine) -> None:
    now = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    with unit_of_work(committed_engine) as session:
        people = [builders.create_person(session) for _ in range(2)]
        wanted = [due(session, person, now).id for person in people for _ in range(2)]
    barrier = Barrier(WRITERS)

    def renew(turn: int) -> dict[UUID, UUID | None]:
        barrier.wait(timeout=30)
        order = wanted if turn % 2 else wanted[::-1]
        with unit_of_work(committed_engine) as session:
            found = renewals.renew(session, SYSTEM_PRINCIPAL, certificate_ids=order, now=now)
            return {result.certificate_id: result.renewed_by_id for result in found}

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(renew, range(WRITERS)))
    assert all(answer == answers[0] for answer in answers)
    assert None not in answers[0].values()
    with unit_of_work(committed_engine) as session:
        renewed = session.scalars(select(Certificate.renews_id).where(Certificate.renews_id.is_not(None))).all()
        assert sorted(renewed) == sorted(wanted)  # type: ignore[type-var]
        assert session.scalars(select(LedgerEvent.kind)).all() == ["certificate.renewed"] * 4
