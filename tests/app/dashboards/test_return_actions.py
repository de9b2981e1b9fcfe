"""What managers do on the page of returns: costs, wages, values, results of jobs; written once and taken back."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select
from streamlit.testing.v1 import AppTest

from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.roi import costs, values, wages
from operational_db.tables.roi import HourlyWage, JobOutcome, OutcomeMonth, RoiEstimate, TrainingCost
from operational_db.types import CostKind, OutcomeKind
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.conftest import Visit, principal_of, texts
from tests.app.dashboards.operational_fixture import write_operational_records

PAGE = "company/roi"
NOW = figures.AS_OF + timedelta(minutes=1)
TECHNICIAN = figures.PEOPLE[5]


@pytest.fixture
def records(committed_engine: Engine, visit: Visit) -> Iterator[Engine]:
    with unit_of_work(committed_engine) as session:
        write_operational_records(session)
    visit.engine = committed_engine
    yield committed_engine


def _count(engine: Engine, table: type[object]) -> int:
    with read_only_session(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _costs(engine: Engine) -> list[tuple[CostKind, Decimal, bool]]:
    with read_only_session(engine) as session:
        found = session.scalars(select(TrainingCost).order_by(TrainingCost.id)).all()
        return [(each.cost_kind, each.amount, each.withdrawn_at is not None) for each in found]


def _person_option(app: AppTest, key: str) -> str:
    name = figures.name_of(TECHNICIAN)
    return next(option for option in app.selectbox(key).options if option.startswith(name))


@pytest.mark.requirement("CMP-06", "US-TC020")
class TestCosts:
    def test_a_fee_is_recorded_listed_and_taken_back(self, visit: Visit, records: Engine) -> None:
        app = visit.open("manager", PAGE, returns_part="Costs")
        app.selectbox("returns_cost_person").set_value(_person_option(app, "returns_cost_person")).run()
        app.number_input("returns_cost_amount").set_value(250.5).run()
        app.button("returns_cost_record").click().run()
        assert "The cost was recorded." in texts(app)
        assert _costs(records) == [(CostKind.FEE, Decimal("250.50"), False)]
        chosen = app.selectbox("returns_cost_chosen")
        chosen.set_value(chosen.options[0]).run()
        app.button("returns_cost_withdraw").click().run()
        assert "The cost was taken back" in texts(app)
        assert _costs(records) == [(CostKind.FEE, Decimal("250.50"), True)]
        assert "No cost was recorded yet." in texts(app)

    def test_hours_without_a_wage_say_what_to_do_and_with_one_cost_it(self, visit: Visit, records: Engine) -> None:
        app = visit.open("manager", PAGE, returns_part="Costs")
        app.selectbox("returns_cost_kind").set_value("Paid hours").run()
        app.selectbox("returns_cost_person").set_value(_person_option(app, "returns_cost_person")).run()
        app.number_input("returns_cost_hours").set_value(1.5).run()
        app.button("returns_cost_record").click().run()
        assert "Nothing was written. No wage of this person is on record" in app.error[0].value
        with unit_of_work(records) as session:
            wages.set_wage(
                session, principal_of("manager"), organization_id=figures.COMPANY, person_id=TECHNICIAN,
                starts_on=date(2026, 1, 1), amount=Decimal(40), currency="USD", now=NOW,
            )  # fmt: skip
        app.button("returns_cost_record").click().run()
        assert _costs(records) == [(CostKind.PAID_HOURS, Decimal(60), False)]

    def test_an_auditor_sees_amounts_and_no_form(self, visit: Visit, records: Engine) -> None:
        with unit_of_work(records) as session:
            costs.record_cost(
                session, SYSTEM_PRINCIPAL, organization_id=figures.COMPANY, cost_kind=CostKind.TRAVEL,
                incurred_on=date(2026, 9, 1), amount=Decimal(80), currency="USD", person_id=TECHNICIAN, now=NOW,
            )  # fmt: skip
        app = visit.open("auditor", PAGE, returns_part="Costs")
        assert "1 amount" in texts(app)
        assert not [button for button in app.button if button.key and button.key.startswith("returns_cost")]


class TestWagesAndValues:
    def test_a_wage_is_set_listed_and_taken_away(self, visit: Visit, records: Engine) -> None:
        app = visit.open("manager", PAGE, returns_part="Wages")
        app.selectbox("wages_person").set_value(_person_option(app, "wages_person")).run()
        app.number_input("wages_amount").set_value(41.25)
        app.button("wages_set").click().run()
        assert "The wage was set." in texts(app)
        assert list(app.dataframe[0].value["amount"]) == ["41.25 USD"]
        chosen = app.selectbox("wages_chosen")
        chosen.set_value(chosen.options[0]).run()
        app.button("wages_remove").click().run()
        assert _count(records, HourlyWage) == 0

    def test_a_file_of_wages_is_tried_first(self, visit: Visit, records: Engine) -> None:
        app = visit.open("manager", PAGE, returns_part="Wages")
        content = f"person,starts_on,amount,currency\n{TECHNICIAN},2026-01-01,41.25,USD\nnobody,2026-01-01,3,USD\n"
        app.file_uploader[0].upload("wages.csv", content.encode()).run()
        app.button("wages_see").click().run()
        assert "1 wage added, 0 changed, 0 as before; 1 row refused." in texts(app).replace("\u202f", " ")
        assert _count(records, HourlyWage) == 0
        app.button("wages_bring_in").click().run()
        assert _count(records, HourlyWage) == 1

    def test_a_value_is_stated_from_a_day_on(self, visit: Visit, records: Engine) -> None:
        app = visit.open("manager", PAGE, returns_part="Worth of results")
        assert "Without one, what training changed cannot be put into money." in texts(app)
        app.selectbox("values_kind").set_value("Callback rate").run()
        app.number_input("values_amount").set_value(90.0).run()
        app.button("values_set").click().run()
        assert list(app.dataframe[0].value["unit"]) == ["one callback avoided"]
        with read_only_session(records) as session:
            (value,) = values.unit_values_of(
                session, SYSTEM_PRINCIPAL, organization_id=figures.COMPANY, on=figures.TODAY
            )
        assert (value.outcome_kind, value.amount) == (OutcomeKind.CALLBACK_RATE, Decimal(90))


@pytest.mark.requirement("CMP-06", "US-TC020")
class TestJobs:
    def test_a_file_is_tried_brought_in_estimated_from_and_taken_back(self, visit: Visit, records: Engine) -> None:
        content = (
            "person,job_number,finished_on,first_time_fix\n"
            f"{TECHNICIAN},J-1,2026-09-01,yes\n{TECHNICIAN},J-2,2026-10-01,no\n{TECHNICIAN},J-3,2027-01-01,no\n"
        ).encode()
        app = visit.open("manager", PAGE, returns_part="Results of jobs")
        app.file_uploader[0].upload("jobs.csv", content).run()
        app.button("jobs_see").click().run()
        said = texts(app).replace("\u202f", " ")
        assert "2 jobs added, 0 changed, 0 as before; 1 row refused." in said
        assert list(app.dataframe[1].value["code"]) == ["In the future"]
        assert _count(records, JobOutcome) == 0
        app.button("jobs_preview_bring_in").click().run()
        assert (_count(records, JobOutcome), _count(records, OutcomeMonth)) == (2, 2)
        back = visit.open("manager", PAGE)
        back.button("returns_estimate").click().run()
        assert "6 estimates came out anew." in texts(back)
        assert _count(records, RoiEstimate) == 6
        app = visit.open("manager", PAGE, returns_part="Results of jobs")
        key = next(button.key for button in app.button if button.key and button.key.startswith("jobs_undo_"))
        app.button(key).click().run()
        assert "was taken back." in texts(app)
        assert _count(records, JobOutcome) == 0
