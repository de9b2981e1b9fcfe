"""Costs, wages and unit values: who may record and see them, what is refused, what the ledger and erasing do."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.erasure import erase_personal_data
from operational_db.identity.rules import Principal
from operational_db.paging import PageRequest
from operational_db.roi import costs, values, wages
from operational_db.roi.rules import CURRENCIES, cost_of_minutes, require_amount
from operational_db.roi.views import CostFilters
from operational_db.tables.catalog import Course
from operational_db.tables.identity import Organization
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.roi import HourlyWage, TrainingCost
from operational_db.types import (
    CostKind,
    CourseVisibility,
    EnrollmentStatus,
    OutcomeKind,
    PricingModel,
    ProviderType,
    Role,
)
from tests import builders
from tests.operational_db.principals import body_of, create_manager, create_member, events_about

DAY = date(2026, 10, 5)


@pytest.fixture
def manager(session: Session) -> Principal:
    return create_manager(session)[0]


@pytest.fixture
def company(session: Session, manager: Principal) -> UUID:
    return next(iter(manager.organization_ids))


@pytest.fixture
def technician(session: Session, company: UUID) -> Principal:
    return create_member(session, session.get_one(Organization, company))


@pytest.fixture
def course(session: Session) -> Course:
    return builders.create_course(session)


def _fee(
    session: Session, principal: Principal, company: UUID, now: datetime, amount: str = "250.00", **fields: object
) -> TrainingCost:
    values: dict[str, object] = {
        "cost_kind": CostKind.FEE, "incurred_on": DAY, "amount": Decimal(amount), "currency": "USD", **fields,
    }  # fmt: skip
    return costs.record_cost(session, principal, organization_id=company, **values, now=now)  # type: ignore[arg-type]


def _wage(
    session: Session, principal: Principal, company: UUID, person_id: UUID, now: datetime,
    amount: str = "40.00", starts_on: date = date(2026, 1, 1), currency: str = "USD",
) -> HourlyWage:  # fmt: skip
    return wages.set_wage(
        session, principal, organization_id=company, person_id=person_id, starts_on=starts_on,
        amount=Decimal(amount), currency=currency, now=now,
    )  # fmt: skip


@pytest.mark.requirement("CMP-06", "US-TC020")
class TestRecordingCosts:
    def test_a_fee_is_recorded_and_told_to_the_ledger_without_its_note(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, course: Course, now: datetime
    ) -> None:
        cost = _fee(
            session, manager, company, now, person_id=technician.person_id, course_id=course.id, note="  two   days "
        )
        (event,) = events_about(session, technician.person_id)
        assert event.kind == "training.cost_recorded"
        assert body_of(event) == {
            "cost_id": str(cost.id), "cost_kind": "fee", "course_id": str(course.id), "incurred_on": "2026-10-05",
            "amount": "250", "currency": "USD",
        }  # fmt: skip
        assert cost.note == "two days"

    def test_a_course_as_a_whole_may_cost_without_a_person(
        self, session: Session, manager: Principal, company: UUID, course: Course, now: datetime
    ) -> None:
        cost = _fee(session, manager, company, now, cost_kind=CostKind.INSTRUCTOR, course_id=course.id)
        assert (cost.person_id, cost.cost_kind) == (None, CostKind.INSTRUCTOR)

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"amount": "-1"}, "zero or more"),
            ({"amount": "NaN"}, "zero or more"),
            ({"amount": "1.005"}, "two decimals"),
            ({"amount": "1000000001"}, "larger"),
            ({"currency": "DOL"}, "ISO 4217"),
            ({"incurred_on": date(2026, 11, 3)}, "future"),
            ({"incurred_on": date(1026, 11, 3)}, "1990"),
            ({"note": "x" * 301}, "300"),
            ({"cost_kind": CostKind.PAID_HOURS}, "minutes"),
            ({"course_id": None}, "person, to a course"),
            ({"source_key": " "}, "1 to 200"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(
        self, session: Session, manager: Principal, company: UUID, course: Course, now: datetime,
        fields: dict[str, object], words: str,
    ) -> None:  # fmt: skip
        amount = str(fields.pop("amount", "250"))
        with pytest.raises(InvalidInputError, match=words):
            _fee(session, manager, company, now, amount, **{"course_id": course.id, **fields})

    def test_the_same_number_comes_in_once_and_may_not_mean_two_amounts(
        self, session: Session, manager: Principal, company: UUID, course: Course, now: datetime
    ) -> None:
        first = _fee(session, manager, company, now, course_id=course.id, source_key="invoice 7")
        assert _fee(session, manager, company, now, course_id=course.id, source_key="invoice 7").id == first.id
        with pytest.raises(ConflictError, match="differs"):
            _fee(session, manager, company, now, "251", course_id=course.id, source_key="invoice 7")
        costs.withdraw_cost(session, manager, cost_id=first.id, now=now)
        with pytest.raises(ConflictError, match="taken back"):
            _fee(session, manager, company, now, course_id=course.id, source_key="invoice 7")

    def test_two_currencies_are_never_mixed_until_the_former_ones_are_gone(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, course: Course, now: datetime
    ) -> None:
        cost = _fee(session, manager, company, now, course_id=course.id)
        with pytest.raises(ConflictError, match="USD"):
            _fee(session, manager, company, now, course_id=course.id, currency="CAD")
        with pytest.raises(ConflictError, match="USD"):
            _wage(session, manager, company, technician.person_id, now, currency="CAD")
        with pytest.raises(ConflictError, match="USD"):
            values.set_unit_value(
                session, manager, organization_id=company, outcome_kind=OutcomeKind.CALLBACK_RATE,
                amount=Decimal(90), currency="EUR", now=now,
            )  # fmt: skip
        costs.withdraw_cost(session, manager, cost_id=cost.id, now=now)
        assert _fee(session, manager, company, now, course_id=course.id, currency="cad").currency == "CAD"

    def test_withdrawing_is_told_and_happens_once(
        self, session: Session, manager: Principal, company: UUID, course: Course, now: datetime
    ) -> None:
        cost = _fee(session, manager, company, now, course_id=course.id)
        costs.withdraw_cost(session, manager, cost_id=cost.id, now=now)
        assert [e.kind for e in events_about(session, None) if "cost" in e.kind] == [
            "training.cost_recorded", "training.cost_withdrawn",
        ]  # fmt: skip
        with pytest.raises(ConflictError, match="already"):
            costs.withdraw_cost(session, manager, cost_id=cost.id, now=now)
        assert costs.list_costs(session, manager, organization_id=company).total == 0
        both = costs.list_costs(session, manager, organization_id=company, filters=CostFilters(has_withdrawn=True))
        assert both.items[0].withdrawn_at == now

    def test_somebody_elses_person_course_and_cost_are_not_there(
        self, session: Session, manager: Principal, company: UUID, course: Course, now: datetime
    ) -> None:
        stranger, other = create_manager(session)
        own = builders.create_course(
            session, provider_type=ProviderType.COMPANY, provider_id=other.id, visibility=CourseVisibility.ORGANIZATION
        )
        with pytest.raises(NotFoundError):
            _fee(session, manager, company, now, person_id=stranger.person_id)
        with pytest.raises(NotFoundError):
            _fee(session, manager, company, now, course_id=own.id)
        cost = _fee(session, manager, company, now, course_id=course.id)
        for act in (costs.withdraw_cost,):
            with pytest.raises(NotFoundError):
                act(session, stranger, cost_id=cost.id, now=now)
        with pytest.raises(NotFoundError):
            costs.cost_of(session, stranger, cost_id=cost.id)
        with pytest.raises(NotAuthorizedError):
            costs.list_costs(session, stranger, organization_id=company)

    @pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.SUPERVISOR, Role.AUDITOR])
    def test_only_who_manages_costs_writes(
        self, session: Session, company: UUID, course: Course, now: datetime, role: Role
    ) -> None:
        other = create_member(session, session.get_one(Organization, company), role)
        with pytest.raises(NotAuthorizedError):
            _fee(session, other, company, now, course_id=course.id)
        with pytest.raises(NotAuthorizedError):
            costs.propose_costs(session, other, organization_id=company, now=now)
        with pytest.raises(NotAuthorizedError):
            wages.wages_of(session, other, organization_id=company)
        with pytest.raises(NotAuthorizedError):
            values.set_unit_value(
                session, other, organization_id=company, outcome_kind=OutcomeKind.INCIDENTS, amount=Decimal(1),
                currency="USD", now=now,
            )  # fmt: skip


class TestPaidHours:
    def test_hours_cost_the_wage_in_force_on_the_day_and_keep_it(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, now: datetime
    ) -> None:
        person_id = technician.person_id
        _wage(session, manager, company, person_id, now, "40.00", date(2026, 1, 1))
        _wage(session, manager, company, person_id, now, "43.33", date(2026, 10, 5))
        before, after = (
            costs.record_paid_hours(
                session, manager, organization_id=company, person_id=person_id, minutes=100, incurred_on=day, now=now
            )
            for day in (date(2026, 10, 4), date(2026, 10, 5))
        )
        assert (before.amount, after.amount) == (Decimal("66.67"), Decimal("72.22"))
        _wage(session, manager, company, person_id, now, "90.00", date(2026, 10, 5))
        assert session.get_one(TrainingCost, after.id).amount == Decimal("72.22")

    def test_without_a_wage_on_the_day_nothing_is_recorded(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, now: datetime
    ) -> None:
        _wage(session, manager, company, technician.person_id, now, starts_on=date(2026, 10, 6))
        with pytest.raises(InvalidInputError, match="No wage"):
            costs.record_paid_hours(
                session, manager, organization_id=company, person_id=technician.person_id, minutes=60,
                incurred_on=DAY, now=now,
            )  # fmt: skip

    def test_an_auditor_sees_what_hours_cost_but_not_whose_nor_how_many(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, now: datetime
    ) -> None:
        _wage(session, manager, company, technician.person_id, now)
        costs.record_paid_hours(
            session, manager, organization_id=company, person_id=technician.person_id, minutes=60, incurred_on=DAY,
            now=now,
        )  # fmt: skip
        auditor = create_member(session, session.get_one(Organization, company), Role.AUDITOR)
        (seen,) = costs.list_costs(session, auditor, organization_id=company).items
        assert (seen.amount, seen.person_id, seen.person_name, seen.minutes) == (Decimal(40), None, None, None)
        with pytest.raises(NotAuthorizedError):
            costs.list_costs(
                session, auditor, organization_id=company, filters=CostFilters(person_id=technician.person_id)
            )
        (known,) = costs.list_costs(session, manager, organization_id=company).items
        assert (known.person_id, known.minutes) == (technician.person_id, 60)

    @pytest.mark.parametrize(
        ("minutes", "wage", "cost"), [(1, "30.00", "0.50"), (1, "0.30", "0.01"), (90, "41.11", "61.67")]
    )
    def test_cents_are_rounded_half_up(self, minutes: int, wage: str, cost: str) -> None:
        assert cost_of_minutes(minutes, Decimal(wage)) == Decimal(cost)


class TestWages:
    def test_no_entry_of_the_ledger_holds_a_wage(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, now: datetime
    ) -> None:
        _wage(session, manager, company, technician.person_id, now, "47.11")
        costs.record_paid_hours(
            session, manager, organization_id=company, person_id=technician.person_id, minutes=90, incurred_on=DAY,
            now=now,
        )  # fmt: skip
        bodies = "".join(session.scalars(select(LedgerEvent.body)))
        assert "47.11" not in bodies
        assert "minutes" not in bodies

    def test_erasing_the_person_leaves_amounts_and_no_wage(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, now: datetime
    ) -> None:
        _wage(session, manager, company, technician.person_id, now)
        cost = costs.record_paid_hours(
            session, manager, organization_id=company, person_id=technician.person_id, minutes=60, incurred_on=DAY,
            note="Ms Example, retake", now=now,
        )  # fmt: skip
        erase_personal_data(session, technician.person_id, now=now)
        session.refresh(cost)
        assert wages.wages_of(session, manager, organization_id=company).total == 0
        assert (cost.minutes, cost.note, cost.amount) == (None, "", Decimal(40))

    def test_a_wage_can_be_taken_away(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, now: datetime
    ) -> None:
        wage = _wage(session, manager, company, technician.person_id, now)
        wages.remove_wage(
            session, manager, organization_id=company, person_id=technician.person_id, starts_on=wage.starts_on
        )
        assert wages.wages_of(session, manager, organization_id=company).total == 0
        with pytest.raises(NotFoundError):
            wages.remove_wage(
                session, manager, organization_id=company, person_id=technician.person_id, starts_on=wage.starts_on
            )

    def test_a_person_of_another_organization_has_no_wage_here(
        self, session: Session, manager: Principal, company: UUID, now: datetime
    ) -> None:
        stranger, _ = create_manager(session)
        with pytest.raises(NotFoundError):
            _wage(session, manager, company, stranger.person_id, now)

    def test_a_file_of_wages_is_tried_taken_and_repeated_without_change(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, now: datetime
    ) -> None:
        content = (
            "person,starts_on,amount,currency\n"
            f"{technician.person_id},2026-01-01,41.50,USD\n"
            f"{technician.person_id},2026-07-01,43,usd\n"
            "nobody@example.org,2026-01-01,41.50,USD\n"
            f"{technician.person_id},2029-01-01,45,USD\n"
            f"{manager.person_id},2026-01-01,-3,USD\n"
        ).encode()

        def run(*, is_dry_run: bool) -> dict[str, object]:
            return wages.import_wages(
                session, manager, organization_id=company, content=content, is_dry_run=is_dry_run, now=now
            ).report

        tried = run(is_dry_run=True)
        assert (tried["read"], tried["added"], tried["refused"]) == (5, 2, 3)
        assert wages.wages_of(session, manager, organization_id=company).total == 0
        assert {reason["code"] for reason in tried["reasons"]} == {  # type: ignore[attr-defined]
            "unknown_person", "day_out_of_range", "out_of_range",
        }  # fmt: skip
        assert "41.5" not in repr(tried)
        run(is_dry_run=False)
        amounts = [wage.amount for wage in wages.wages_of(session, manager, organization_id=company).items]
        assert amounts == [Decimal(43), Decimal("41.50")]
        assert (run(is_dry_run=False)["unchanged"], run(is_dry_run=False)["added"]) == (2, 0)

    def test_a_file_in_two_currencies_is_refused_whole(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, now: datetime
    ) -> None:
        content = (
            "person,starts_on,amount,currency\n"
            f"{technician.person_id},2026-01-01,41.50,USD\n{manager.person_id},2026-07-01,43,CAD\n"
        ).encode()
        with pytest.raises(ConflictError, match="two currencies"):
            wages.import_wages(session, manager, organization_id=company, content=content, is_dry_run=False, now=now)


class TestUnitValues:
    def test_the_value_in_force_on_the_day_counts(
        self, session: Session, manager: Principal, company: UUID, now: datetime
    ) -> None:
        for first_day, amount in ((date(2026, 1, 1), "80"), (date(2026, 11, 2), "95"), (date(2027, 1, 1), "120")):
            values.set_unit_value(
                session, manager, organization_id=company, outcome_kind=OutcomeKind.CALLBACK_RATE,
                amount=Decimal(amount), currency="USD", starts_on=first_day, now=now,
            )  # fmt: skip
        found = [
            values.unit_values_of(session, manager, organization_id=company, on=day)
            for day in (date(2025, 12, 31), date(2026, 11, 1), date(2026, 11, 2))
        ]
        assert [[each.amount for each in day] for day in found] == [[], [Decimal(80)], [Decimal(95)]]

    def test_stating_the_same_again_is_no_news(
        self, session: Session, manager: Principal, company: UUID, now: datetime
    ) -> None:
        for amount in ("80", "80.00", "81"):
            values.set_unit_value(
                session, manager, organization_id=company, outcome_kind=OutcomeKind.INCIDENTS, amount=Decimal(amount),
                currency="USD", now=now,
            )  # fmt: skip
        told = [body_of(e)["amount"] for e in events_about(session, None) if e.kind == "outcome.valued"]
        assert told == ["80", "81"]

    def test_a_value_of_nothing_lets_the_currency_change(
        self, session: Session, manager: Principal, company: UUID, now: datetime
    ) -> None:
        def set_value(kind: OutcomeKind, amount: int, currency: str) -> None:
            values.set_unit_value(
                session, manager, organization_id=company, outcome_kind=kind, amount=Decimal(amount),
                currency=currency, now=now,
            )  # fmt: skip

        set_value(OutcomeKind.INCIDENTS, 500, "USD")
        with pytest.raises(ConflictError):
            set_value(OutcomeKind.CALLBACK_RATE, 90, "CAD")
        set_value(OutcomeKind.INCIDENTS, 0, "USD")
        set_value(OutcomeKind.CALLBACK_RATE, 90, "CAD")
        found = values.unit_values_of(session, manager, organization_id=company, on=now.date())
        assert {each.outcome_kind: each.amount for each in found if each.amount} == {
            OutcomeKind.CALLBACK_RATE: Decimal(90)
        }

    def test_all_codes_have_three_capitals(self) -> None:
        assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
        assert {"USD", "CAD", "EUR", "JPY"} <= CURRENCIES
        assert require_amount(Decimal(0), "amount") == Decimal("0.00")


class TestProposals:
    @pytest.fixture
    def priced(self, session: Session) -> Course:
        return builders.create_course(
            session, pricing_model=PricingModel.PAID, price=Decimal(300), currency="USD", estimated_hours=Decimal(6)
        )

    def _enroll(
        self, session: Session, company: UUID, person: Principal, course: Course,
        status: EnrollmentStatus = EnrollmentStatus.COMPLETED,
    ) -> None:  # fmt: skip
        started = datetime(2026, 9, 1, 8, tzinfo=builders.LONG_AGO_AT.tzinfo)
        is_open = status in {EnrollmentStatus.ENROLLED, EnrollmentStatus.IN_PROGRESS}
        builders.create_enrollment(
            session, course=course, person_id=person.person_id, organization_id=company, status=status,
            enrolled_at=started, ended_at=None if is_open else started + timedelta(days=20),
        )  # fmt: skip

    def test_enrolling_costs_nothing_until_a_proposal_is_taken(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, priced: Course, now: datetime
    ) -> None:
        self._enroll(session, company, technician, priced)
        _wage(session, manager, company, technician.person_id, now)
        assert costs.list_costs(session, manager, organization_id=company).total == 0
        proposed = costs.propose_costs(session, manager, organization_id=company, now=now)
        assert [(p.cost_kind, p.incurred_on, p.amount, p.problem) for p in proposed] == [
            (CostKind.FEE, date(2026, 9, 1), Decimal(300), None),
            (CostKind.PAID_HOURS, date(2026, 9, 21), Decimal(240), None),
        ]
        assert costs.list_costs(session, manager, organization_id=company).total == 0
        made = costs.record_proposed_costs(session, manager, organization_id=company, keys=[proposed[1].key], now=now)
        assert [(cost.cost_kind, cost.minutes) for cost in made] == [(CostKind.PAID_HOURS, 360)]
        costs.record_proposed_costs(session, manager, organization_id=company, now=now)
        assert costs.record_proposed_costs(session, manager, organization_id=company, now=now) == []
        assert costs.list_costs(session, manager, organization_id=company, page=PageRequest()).total == 2

    def test_what_was_recorded_by_hand_or_taken_back_is_not_proposed_again(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, priced: Course, now: datetime
    ) -> None:
        self._enroll(session, company, technician, priced)
        hand = _fee(session, manager, company, now, person_id=technician.person_id, course_id=priced.id)
        kinds = [p.cost_kind for p in costs.propose_costs(session, manager, organization_id=company, now=now)]
        assert kinds == [CostKind.PAID_HOURS]
        costs.withdraw_cost(session, manager, cost_id=hand.id, now=now)
        (fee,) = costs.record_proposed_costs(session, manager, organization_id=company, now=now)
        costs.withdraw_cost(session, manager, cost_id=fee.id, now=now)
        kinds = [p.cost_kind for p in costs.propose_costs(session, manager, organization_id=company, now=now)]
        assert kinds == [CostKind.PAID_HOURS]

    def test_hours_without_a_wage_and_other_currencies_are_named_and_not_recorded(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, priced: Course, now: datetime
    ) -> None:
        abroad = builders.create_course(
            session, pricing_model=PricingModel.PAID, price=Decimal(200), currency="CAD", estimated_hours=None
        )
        self._enroll(session, company, technician, priced)
        self._enroll(session, company, technician, abroad)
        _fee(session, manager, company, now, course_id=abroad.id)
        by_key = {p.key: p for p in costs.propose_costs(session, manager, organization_id=company, now=now)}
        problems = {p.cost_kind: p.problem for p in by_key.values() if p.problem}
        assert "no wage" in (problems[CostKind.PAID_HOURS] or "")
        assert "CAD" in (problems[CostKind.FEE] or "")
        faulty = next(key for key, p in by_key.items() if p.problem)
        with pytest.raises(InvalidInputError):
            costs.record_proposed_costs(session, manager, organization_id=company, keys=[faulty], now=now)
        assert len(costs.record_proposed_costs(session, manager, organization_id=company, now=now)) == 1

    @pytest.mark.parametrize(
        ("status", "kinds"),
        [
            (EnrollmentStatus.ENROLLED, {CostKind.FEE}),
            (EnrollmentStatus.DROPPED, {CostKind.FEE}),
            (EnrollmentStatus.FAILED, {CostKind.FEE, CostKind.PAID_HOURS}),
        ],
    )
    def test_hours_are_proposed_for_courses_that_were_gone_through(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, priced: Course, now: datetime,
        status: EnrollmentStatus, kinds: set[CostKind],
    ) -> None:  # fmt: skip
        self._enroll(session, company, technician, priced, status)
        found = costs.propose_costs(session, manager, organization_id=company, now=now)
        assert {p.cost_kind for p in found} == kinds

    def test_what_others_sponsored_is_no_cost_here(
        self, session: Session, manager: Principal, company: UUID, technician: Principal, priced: Course, now: datetime
    ) -> None:
        _, other = create_manager(session)
        self._enroll(session, other.id, technician, priced)
        assert costs.propose_costs(session, manager, organization_id=company, now=now) == []
