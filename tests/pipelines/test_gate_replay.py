"""The nightly replay of gate decisions: what comes out the same passes, what does not is named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import dagster as dg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from operational_db.gates.crew import CrewFacts, CrewTerms, CrewUnit, decide_crew
from operational_db.gates.crew_audit import to_event
from operational_db.gates.crew_requirements import Certified, to_document
from operational_db.gates.service import decide_gate
from operational_db.gates.shipped import DATA_EXPORT, install_platform_rules
from operational_db.gates.views import ReplayReport, ReplayResult
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.ledger.append import copy_events
from operational_db.ledger.canonical import document_text
from operational_db.ledger.events import CrewRuleSet, Event
from operational_db.types import CrewRuleTarget, GateMode, new_id
from pipelines.assets.gates import (
    CREW_REPLAY_CHECK,
    REPLAY_CHECK,
    crew_decisions_replay,
    gate_decisions_replay,
    replay_crews_of_day,
    replay_day,
    to_check,
)
from pipelines.resources import Installation

NIGHT = datetime(2026, 11, 2, 23, 50, tzinfo=UTC)


@pytest.fixture
def decided(committed_engine: Engine) -> list[UUID]:
    """Decisions of the last minutes of a day, and one of the next."""
    people = [new_id() for _ in range(3)]
    with Session(committed_engine) as session:
        install_platform_rules(session, now=NIGHT)
        for minute, person in enumerate((*people, people[0])):
            decide_gate(
                session,
                SYSTEM_PRINCIPAL,
                action=DATA_EXPORT,
                person_id=person,
                organization_id=None,
                now=NIGHT + timedelta(minutes=4 * minute),
            )
        session.commit()
    return people


class TestReplayDay:
    def test_the_days_decisions_come_out_the_same(self, committed_engine: Engine, decided: list[UUID]) -> None:
        """The first three belong to the day, the fourth was made after midnight."""
        with Session(committed_engine) as session:
            check = replay_day(session, NIGHT.date())
        assert check.passed, check.message
        assert check.numbers == {"day": "2026-11-02", "replayed": 3, "identical": 3}

    def test_a_record_that_was_changed_is_named(self, owner_engine: Engine, decided: list[UUID]) -> None:
        with owner_engine.begin() as connection:
            connection.execute(text("alter table ledger_events disable trigger all"))
            connection.execute(
                text(
                    """update ledger_events set body = replace(body, '"outcome":"deny"', '"outcome":"allow"')
                    where kind = 'gate.decided' and subject_id = :person"""
                ),
                {"person": decided[1]},
            )
        with Session(owner_engine) as session:
            check = replay_day(session, NIGHT.date())
        assert not check.passed
        assert check.numbers["identical"] == 2
        assert "1 of 3 gate decisions of 2026-11-02 come out otherwise" in check.message

    def test_a_day_without_decisions_passes(self) -> None:
        check = to_check(NIGHT.date(), ReplayReport(0, 0, ()))
        assert check.passed

    def test_the_first_that_differs_is_named(self) -> None:
        decision_id = UUID(int=7)
        differing = ReplayResult(UUID(int=1), decision_id, NIGHT, DATA_EXPORT, False, "Another answer.", b"", None)
        check = to_check(NIGHT.date(), ReplayReport(3, 2, (differing,)))
        assert not check.passed
        assert str(decision_id) in check.message


class TestAssetCheck:
    def test_dagster_shows_the_night_before(
        self, committed_url: str, decided: list[UUID], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("operational_db.clock.now", lambda: NIGHT + timedelta(hours=1))
        installation = Installation(database_url=committed_url)
        found = gate_decisions_replay(installation)
        assert isinstance(found, dg.AssetCheckResult)
        assert (found.check_name, found.passed) == (REPLAY_CHECK, True)
        assert found.metadata["replayed"].value == 3


@pytest.fixture
def crew_checked(committed_engine: Engine) -> None:
    """Two crew checks of a day and one of the next, recorded as a simulated history is."""
    owner, rule_id = new_id(), new_id()
    requirement = Certified(new_id())
    terms = CrewTerms(owner, CrewRuleTarget.OWNER, "", GateMode.ENFORCE, requirement, NIGHT.date(), rule_id, 1)
    events: list[Event] = [
        CrewRuleSet(
            subject_id=None,
            organization_id=owner,
            occurred_at=NIGHT - timedelta(hours=1),
            rule_id=rule_id,
            rule_version=1,
            target=terms.target,
            target_key="",
            mode=terms.mode,
            requirement=document_text(to_document(requirement)),
            effective_from=terms.effective_from,
        )
    ]
    for minutes in (1, 2, 20):
        at = NIGHT + timedelta(minutes=minutes)
        facts = CrewFacts(owner, new_id(), at.date(), at, (CrewUnit(new_id()),), ())
        decision = replace(decide_crew([terms], facts, at), decision_id=new_id())
        events.append(to_event(decision, [terms], facts, asked_by_id=None))
    with Session(committed_engine) as session:
        copy_events(session, events, now=NIGHT, is_simulated=True)
        session.commit()


class TestCrewReplay:
    def test_the_days_checks_come_out_the_same(self, committed_engine: Engine, crew_checked: None) -> None:
        with Session(committed_engine) as session:
            check = replay_crews_of_day(session, NIGHT.date())
        assert check.passed, check.message
        assert check.numbers == {"day": "2026-11-02", "replayed": 2, "identical": 2}

    def test_a_record_that_was_changed_is_named(self, owner_engine: Engine, crew_checked: None) -> None:
        with owner_engine.begin() as connection:
            connection.execute(text("alter table ledger_events disable trigger all"))
            connection.execute(
                text("update ledger_events set body = replace(body, :told, :wrong) where kind = 'crew.decided'"),
                {"told": '"is_qualified":false', "wrong": '"is_qualified":true'},
            )
        with Session(owner_engine) as session:
            check = replay_crews_of_day(session, NIGHT.date())
        assert not check.passed
        assert "2 of 2 crew decisions of 2026-11-02 come out otherwise" in check.message

    def test_dagster_shows_the_night_before(
        self, committed_url: str, crew_checked: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("operational_db.clock.now", lambda: NIGHT + timedelta(hours=1))
        found = crew_decisions_replay(Installation(database_url=committed_url))
        assert isinstance(found, dg.AssetCheckResult)
        assert (found.check_name, found.passed) == (CREW_REPLAY_CHECK, True)
