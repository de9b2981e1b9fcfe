"""What a manager changes from a page: written once, with its ledger entries, taken back, refused to others."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session

from app.dashboards import actions
from app.dashboards.components.receipts import RECEIPTS
from operational_db.database import unit_of_work
from operational_db.errors import DatabaseUnavailableError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.tables.compliance import AssignmentRecipient, Exemption
from operational_db.tables.ledger import LedgerEvent
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.conftest import UNREACHABLE, Visit, principal_of, texts
from tests.app.dashboards.operational_fixture import write_operational_records

NOW = figures.AS_OF + timedelta(minutes=1)


@pytest.fixture
def records(committed_engine: Engine) -> Iterator[Engine]:
    """A database with the records that the hand-made figures stand for."""
    with unit_of_work(committed_engine) as session:
        write_operational_records(session)
    yield committed_engine


def _kinds(engine: Engine) -> dict[str, int]:
    with Session(engine) as session:
        counted = select(LedgerEvent.kind, func.count()).group_by(LedgerEvent.kind)
        return {str(kind): int(count) for kind, count in session.execute(counted)}


def _assign(engine: Engine, who: str, people: list[UUID]) -> actions.Receipt:
    return actions.assign(
        engine,
        principal_of(who),
        organization_id=figures.COMPANY,
        requirement_id=figures.NEEDS_CODE,
        person_ids=people,
        due_on=None,
        now=NOW,
    )


class TestAssign:
    def test_each_person_gets_one_assignment_and_one_ledger_entry(self, records: Engine) -> None:
        receipt = _assign(records, "manager", figures.PEOPLE[2:5])
        assert receipt.entry_count == len(receipt.recipient_ids) == 3
        assert "was assigned to 3 people, due 21 Dec 2026." in receipt.text
        assert _kinds(records)["training.assigned"] == 3

    def test_who_has_it_to_do_is_left_out_and_said(self, records: Engine) -> None:
        _assign(records, "manager", figures.PEOPLE[2:5])
        again = _assign(records, "manager", figures.PEOPLE[2:6])
        assert again.entry_count == 1
        assert "Left out, because they have it to do already: 3." in again.text

    def test_undo_cancels_and_the_person_lacks_it_again(self, records: Engine) -> None:
        receipt = _assign(records, "manager", figures.PEOPLE[2:4])
        taken_back = actions.undo(records, principal_of("manager"), receipt, now=NOW + timedelta(minutes=1))
        assert taken_back.text.startswith("Taken back: ")
        assert _kinds(records)["training.assignment_cancelled"] == 2
        missing = actions.find_missing(
            records, principal_of("manager"), figures.COMPANY, figures.NEEDS_CODE, figures.TODAY
        )
        assert not any(person.has_open_assignment for person in missing)

    @pytest.mark.parametrize("who", ["supervisor", "auditor", "technician"])
    def test_a_role_without_the_right_writes_nothing(self, records: Engine, who: str) -> None:
        with pytest.raises(NotAuthorizedError):
            _assign(records, who, figures.PEOPLE[2:4])
        assert _kinds(records) == {}

    def test_another_companys_manager_is_refused(self, records: Engine) -> None:
        with pytest.raises((NotAuthorizedError, NotFoundError)):
            _assign(records, "other manager", figures.PEOPLE[2:4])
        assert _kinds(records) == {}

    def test_without_the_database_nothing_is_said_to_be_written(self) -> None:
        with pytest.raises(DatabaseUnavailableError):
            _assign(create_engine(UNREACHABLE), "manager", figures.PEOPLE[2:4])


class TestExempt:
    def _exempt(self, engine: Engine, reason: str) -> actions.Receipt:
        return actions.grant_exemption(
            engine,
            principal_of("manager"),
            organization_id=figures.COMPANY,
            person_id=figures.PEOPLE[5],
            person_name="Emil",
            requirement_id=figures.NEEDS_CODE,
            training="Elevator code refresher",
            reason=reason,
            ends_on=figures.TODAY + timedelta(days=30),
            now=NOW,
        )

    def test_the_reason_is_kept_and_stays_out_of_the_ledger(self, records: Engine) -> None:
        receipt = self._exempt(records, "On parental leave")
        assert receipt.text == "Emil is exempt from “Elevator code refresher” through 21 Dec 2026."
        with Session(records) as session:
            assert session.scalars(select(Exemption.reason)).one() == "On parental leave"
            bodies = " ".join(str(body) for body in session.scalars(select(LedgerEvent.body)))
        assert "parental" not in bodies

    def test_no_reason_no_exemption(self, records: Engine) -> None:
        with pytest.raises(InvalidInputError):
            self._exempt(records, "  ")

    def test_undo_ends_it(self, records: Engine) -> None:
        actions.undo(records, principal_of("manager"), self._exempt(records, "Away"), now=NOW)
        assert _kinds(records)["exemption.ended"] == 1


class TestFromThePage:
    def test_assign_what_is_missing_says_what_was_written_and_is_undone(self, visit: Visit, records: Engine) -> None:
        visit.engine = records
        title = "Elevator code refresher"
        app = visit.open("manager", "company/assignments", assign_requirement=title)
        first, second = (figures.name_of(person) for person in figures.PEOPLE[2:4])
        app.multiselect(key="assign_left_out").select(first).run()
        app.button(key="assign_review").click().run()
        assert f"Assign “{title}” to 23 people" in app.warning[0].value
        # Changed and confirmed at once: what counts is what stands there when the button is pressed.
        app.multiselect(key="assign_left_out").unselect(first).select(second)
        app.date_input(key="assign_due").set_value(date(2027, 1, 15))
        app.button(key="assign_confirm").click().run()
        assert not app.exception
        assert "was assigned to 23 people, due 15 Jan 2027" in app.info[0].value
        assert "Written to the ledger 21 Nov 2026 09:06 (23 entries)." in app.info[0].value
        assert "at the latest around 21 Nov 2026 10:06" in app.info[0].value
        with Session(records) as session:
            reached = set(session.scalars(select(AssignmentRecipient.person_id)))
        assert reached == set(figures.PEOPLE) - {figures.PEOPLE[3]}
        app.button(key="receipt_undo_1").click().run()
        assert app.info[0].value.startswith("Taken back:")
        assert _kinds(records)["training.assignment_cancelled"] == 23

    def test_the_page_tells_when_the_figures_hold_it(self, visit: Visit, records: Engine) -> None:
        visit.engine = records
        app = visit.open("manager", "company/assignments")
        held = str(figures.rows_of_marts()["fct_assignment"][0]["recipient_id"])
        app.session_state[RECEIPTS] = [actions.Receipt("It was assigned.", NOW, 1, (held,), lambda *_: 1)]
        app.run()
        assert "The figures as of 21 Nov 2026 09:05 hold it." in app.success[0].value
        assert not [button for button in app.button if button.key == "receipt_undo_1"]

    def test_an_exemption_without_a_reason_is_refused_on_the_page(self, visit: Visit, records: Engine) -> None:
        visit.engine = records
        app = visit.open("manager", "company/assignments", exempt_person=str(figures.PEOPLE[5]))
        app.form_submit_button[0].click().run()
        assert "Nothing was written. Say why the person is exempted" in app.error[0].value
        app.text_area(key="exempt_reason").set_value("Works in the office now")
        app.form_submit_button[0].click().run()
        assert "is exempt from “Traction controller, level 2”" in texts(app)

    def test_an_exemption_is_listed_and_ended_and_that_is_undone(self, visit: Visit, records: Engine) -> None:
        visit.engine = records
        app = visit.open("manager", "company/assignments", assignments_part="Exempt")
        assert "Nobody is exempt today." in texts(app)
        app.selectbox(key="exempt_member").select(figures.name_of(figures.PEOPLE[5])).run()
        app.text_area(key="exempt_reason").set_value("Works in the office now")
        app.form_submit_button[0].click().run()
        listed = app.dataframe[0].value.iloc[0]
        assert (listed["display_name"], listed["reason"]) == (
            figures.name_of(figures.PEOPLE[5]),
            "Works in the office now",
        )
        assert (listed["approver_name"], listed["state"]) == (principal_of("manager").display_name, "In force")
        app.selectbox(key="exemptions_chosen").select_index(0).run()
        app.button(key="exemptions_end").click().run()
        assert not app.exception
        assert "Nobody is exempt today." in texts(app)
        app.selectbox(key="exemptions_which").select("All there ever were").run()
        assert app.dataframe[0].value.iloc[0]["state"] == "Ended on 21 Nov 2026"
        app.button(key="receipt_undo_2").click().run()
        assert sorted(app.dataframe[0].value["state"]) == ["Ended on 21 Nov 2026", "In force"]
        assert _kinds(records)["exemption.granted"] == 2

    def test_a_requirement_is_ended_only_once_confirmed(self, visit: Visit, records: Engine) -> None:
        visit.engine = records
        app = visit.open("manager", "company/assignments", assignments_part="Required")
        count = len(app.dataframe[0].value)
        chosen = next(option for option in app.selectbox(key="requirements_chosen").options if "refresher" in option)
        app.selectbox(key="requirements_chosen").select(chosen).run()
        app.button(key="requirements_review").click().run()
        assert "Nobody owes it from then on" in app.warning[0].value
        app.button(key="requirements_back").click().run()
        assert not app.warning
        app.button(key="requirements_review").click().run()
        app.button(key="requirements_confirm").click().run()
        assert not app.exception
        assert "“Elevator code refresher” is no longer required from 21 Nov 2026." in texts(app)
        assert _kinds(records)["requirement.ended"] == 1
        assert len(app.dataframe[0].value) == count - 1
        app.selectbox(key="requirements_which").select("All there ever were").run()
        assert len(app.dataframe[0].value) == count

    def test_who_may_only_look_ends_nothing(self, visit: Visit, records: Engine) -> None:
        visit.engine = records
        app = visit.open("supervisor", "company/assignments", assignments_part="Required")
        assert "Your role may look, but not change requirements." in texts(app)
        assert [box.key for box in app.selectbox if box.key == "requirements_chosen"] == []
