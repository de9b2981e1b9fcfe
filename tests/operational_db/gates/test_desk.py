"""Durable decisions: recorded before they are told, denied when they cannot be, and none lost among many callers."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine, func, select, text

from operational_db.database import create_database_engine, unit_of_work
from operational_db.errors import GateDeniedError, NotAuthorizedError
from operational_db.gates import desk, service
from operational_db.gates.lookup import Asked
from operational_db.gates.rules import GateDecision, GateReason, Requirement
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.tables.gates import GateRule, ProficiencyEvidence
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import GateMode, GateOutcome, ProficiencyLevel, new_id
from tests.operational_db.principals import create_manager, create_member

TRAINED = Requirement(ProficiencyLevel.COMPLETED, scope="data-export", within_days=30)
CALLERS = 24
WAIT = 240


@dataclass
class Company:
    engine: Engine
    organization_id: UUID
    manager: Principal
    trained: Principal
    untrained: Principal
    now: datetime

    def decide(self, principal: Principal, *, engine: Engine | None = None, **options: Any) -> GateDecision:
        given = {"action": "export", "person_id": principal.person_id, "now": self.now, **options}
        return service.decide_durably(engine or self.engine, principal, organization_id=self.organization_id, **given)

    def recorded(self) -> list[LedgerEvent]:
        with unit_of_work(self.engine) as session:
            statement = select(LedgerEvent).where(LedgerEvent.kind == "gate.decided").order_by(LedgerEvent.id)
            return list(session.scalars(statement))


@pytest.fixture
def company(committed_engine: Engine, now: datetime) -> Company:
    with unit_of_work(committed_engine) as session:
        manager, organization = create_manager(session)
        trained, untrained = create_member(session, organization), create_member(session, organization)
        session.add(
            ProficiencyEvidence(
                person_id=trained.person_id, scope="data-export", level=ProficiencyLevel.COMPLETED,
                achieved_at=now, recorded_at=now,
            )
        )  # fmt: skip
        for action in ("export", service.RULE_CHANGE):
            service.set_gate_rule(
                session, SYSTEM_PRINCIPAL, organization_id=organization.id, action=action, requirements=[TRAINED],
                mode=GateMode.ENFORCE, now=now,
            )  # fmt: skip
        return Company(committed_engine, organization.id, manager, trained, untrained, now)


@pytest.mark.requirement("EMB-14")
class TestDurable:
    def test_both_answers_are_recorded_when_they_are_told(self, company: Company) -> None:
        allowed, denied = company.decide(company.trained), company.decide(company.untrained)
        assert (allowed.is_allowed, denied.is_allowed) == (True, False)
        assert [event.id for event in company.recorded()] == [allowed.decision_id, denied.decision_id]

    def test_a_changed_rule_decides_the_very_next_question(self, company: Company) -> None:
        assert company.decide(company.trained).is_allowed
        with unit_of_work(company.engine) as session:
            rule = service.set_gate_rule(
                session, SYSTEM_PRINCIPAL, organization_id=company.organization_id, action="export",
                requirements=[Requirement(ProficiencyLevel.COMPLETED, scope="pii", within_days=30)],
                mode=GateMode.ENFORCE, now=company.now,
            )  # fmt: skip
        decision = company.decide(company.trained)
        assert (decision.rule_id, decision.reason) == (rule.id, GateReason.NEVER_TRAINED)

    def test_who_may_not_ask_is_refused_before_anything_is_read(self, company: Company) -> None:
        with pytest.raises(NotAuthorizedError):
            company.decide(company.untrained, person_id=company.trained.person_id)
        assert company.recorded() == []

    def test_a_batch_is_answered_in_its_order(self, company: Company) -> None:
        questions = [
            Asked("export", person.person_id, company.organization_id, f"row/{number}")
            for number, person in enumerate([company.trained, company.untrained] * 20)
        ] + [Asked("unknown", company.trained.person_id, company.organization_id)]
        decisions = service.decide_many(company.engine, SYSTEM_PRINCIPAL, questions=questions, now=company.now)
        assert [decision.is_allowed for decision in decisions] == [True, False] * 20 + [False]
        assert [decision.resource for decision in decisions] == [each.resource for each in questions]
        assert decisions[-1].reason is GateReason.NO_RULE
        assert {event.id for event in company.recorded()} == {each.decision_id for each in decisions}
        # One at a time gives the same bytes.
        alone = company.decide(company.trained, resource="row/0")
        assert alone.canonical() == decisions[0].canonical()

    def test_an_empty_batch_is_no_work(self, company: Company) -> None:
        assert service.decide_many(company.engine, SYSTEM_PRINCIPAL, questions=[], now=company.now) == []

    def test_a_batch_with_one_question_too_many_decides_nothing(self, company: Company) -> None:
        questions = [Asked("export", new_id(), company.organization_id)]
        with pytest.raises(NotAuthorizedError):
            service.decide_many(company.engine, company.trained, questions=questions, now=company.now)
        assert company.recorded() == []

    def test_a_denial_of_our_own_gate_outlives_the_transaction_it_ends(self, company: Company) -> None:
        with pytest.raises(GateDeniedError) as denied, unit_of_work(company.engine) as session:
            service.end_gate_rule(
                session, company.manager, organization_id=company.organization_id, action="export", now=company.now
            )
        (event,) = company.recorded()
        assert str(event.id) == denied.value.details["decision_id"]
        with unit_of_work(company.engine) as session:
            assert session.scalars(select(GateRule.ended_on)).all() == [None, None]


@pytest.mark.requirement("EMB-14")
class TestDatabaseGone:
    def test_nobody_is_let_through_when_it_cannot_be_reached(self, company: Company) -> None:
        away = create_database_engine("postgresql://nobody@127.0.0.1:1/none")
        decision = company.decide(company.trained, engine=away)
        assert (decision.is_allowed, decision.reason) == (False, GateReason.RECORD_UNAVAILABLE)
        batch = service.decide_many(
            away, SYSTEM_PRINCIPAL, questions=[Asked("export", new_id(), None)] * 3, now=company.now
        )
        assert [each.reason for each in batch] == [GateReason.RECORD_UNAVAILABLE] * 3
        away.dispose()

    def test_an_idle_connection_that_was_cut_is_replaced(self, company: Company) -> None:
        assert company.decide(company.trained).is_allowed
        _cut_connections(company.engine)
        assert company.decide(company.trained).is_allowed
        assert len(company.recorded()) == 2

    def test_cut_between_look_up_and_record_is_a_denial(
        self, company: Company, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record_all = desk.record_all

        def cut_first(connection: psycopg.Connection, found: Any) -> list[GateDecision]:
            _cut_connections(company.engine)
            return record_all(connection, found)

        monkeypatch.setattr(desk, "record_all", cut_first)
        decision = company.decide(company.trained)
        assert (decision.outcome, decision.reason) == (GateOutcome.DENY, GateReason.RECORD_UNAVAILABLE)
        monkeypatch.undo()
        assert company.recorded() == []
        assert company.decide(company.trained).is_allowed

    def test_a_ledger_that_refuses_the_record_is_a_denial(self, company: Company, owner_engine: Engine) -> None:
        with owner_engine.begin() as connection:
            connection.execute(text("revoke insert on ledger_events from sitesync_app"))
        assert company.decide(company.trained).reason is GateReason.RECORD_UNAVAILABLE
        with owner_engine.begin() as connection:
            connection.execute(text("grant insert on ledger_events to sitesync_app"))
        assert company.decide(company.trained).is_allowed


class TestManyCallers:
    def test_everybody_gets_the_own_answer_and_each_is_recorded_once(self, company: Company) -> None:
        """Many more callers than groups at once, again and again: no answer is lost, swapped or told unrecorded."""

        def call(number: int) -> list[GateDecision]:
            person = company.trained if number % 2 else company.untrained
            later = company.now + timedelta(days=number % 3)
            return [company.decide(person, resource=f"{number}/{turn}", now=later) for turn in range(8)]

        with ThreadPoolExecutor(CALLERS) as pool:
            decisions = [each for made in pool.map(call, range(CALLERS), timeout=WAIT) for each in made]
        for number, decision in enumerate(decisions):
            caller, turn = divmod(number, 8)
            assert decision.resource == f"{caller}/{turn}"
            assert decision.is_allowed is bool(caller % 2)
            assert decision.decided_at == company.now + timedelta(days=caller % 3)
        assert sorted(event.id for event in company.recorded()) == sorted(
            decision.decision_id for decision in decisions if decision.decision_id is not None
        )
        with unit_of_work(company.engine) as session:
            day = datetime.combine(company.now.date(), datetime.min.time(), company.now.tzinfo)
            report = service.replay_range(session, since=day, until=day + timedelta(days=3))
        assert (report.replayed_count, report.is_identical) == (CALLERS * 8, True)

    @pytest.mark.parametrize("groups", [1, 2])
    def test_a_caller_that_breaks_leaves_nobody_waiting(
        self, company: Company, monkeypatch: pytest.MonkeyPatch, groups: int
    ) -> None:
        monkeypatch.setattr(desk, "GROUPS_AT_ONCE", groups)
        answer, broken = desk.Desk._answer, threading.Event()

        def break_once(self: desk.Desk, engine: Engine, questions: Any) -> list[GateDecision]:
            if not broken.is_set():
                broken.set()
                raise KeyboardInterrupt
            return answer(self, engine, questions)

        monkeypatch.setattr(desk.Desk, "_answer", break_once)

        def call(_: int) -> str:
            try:
                return str(company.decide(company.trained).reason)
            except KeyboardInterrupt:
                return "broken"

        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(call, range(24), timeout=WAIT))
        assert told.count("broken") == 1
        assert set(told) <= {"broken", "record_unavailable", "requirements_met"}
        assert company.decide(company.trained).is_allowed

    def test_versions_set_at_the_same_time_have_no_gap_and_no_double(self, company: Company) -> None:
        barrier = threading.Barrier(6)

        def change(_: int) -> int:
            barrier.wait(timeout=WAIT)
            with unit_of_work(company.engine) as session:
                return service.set_gate_rule(
                    session, SYSTEM_PRINCIPAL, organization_id=company.organization_id, action="new",
                    requirements=[TRAINED], mode=GateMode.ENFORCE, now=company.now,
                ).version  # fmt: skip

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(change, range(6), timeout=WAIT)) == [1, 2, 3, 4, 5, 6]
        with unit_of_work(company.engine) as session:
            statement = select(func.count()).where(LedgerEvent.kind == "gate.rule_set")
            assert session.scalar(statement.select_from(LedgerEvent)) == 2 + 6


def _cut_connections(engine: Engine) -> None:
    """End every other session of the database, as a restart of the server does."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
