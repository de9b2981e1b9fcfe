"""The simulated history of trust: made by the gates' and lessons' own rules, and such as a company could have."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.demo.batch import COLUMNS, Batch
from operational_db.demo.content import DemoContent, install_content
from operational_db.demo.history import first_instant, simulate
from operational_db.gates.documents import facts_from, terms_from
from operational_db.gates.rules import GateTerms, decide
from operational_db.ledger.events import (
    Event,
    GateDecided,
    GateRuleSet,
    LessonAttemptGraded,
    NearMissRecorded,
    ProficiencyReached,
    ProficiencyRevoked,
    ReinforcementFinished,
)
from operational_db.proficiency.rules import expires_on
from operational_db.tables.base import Base
from operational_db.tables.gates import Incident, ProficiencyEvidence
from operational_db.tables.identity import Membership
from operational_db.types import GateMode, GateOutcome, LessonType, Persona, ProficiencyLevel, ValidityBasis

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MONTH = timedelta(days=30)
Kind = TypeVar("Kind", bound=Event)


@pytest.fixture(scope="module")
def content(engine: Engine) -> Iterator[DemoContent]:
    """What the product ships, as of the first day; rolled back."""
    with engine.connect() as connection, connection.begin() as transaction:
        with Session(connection) as session:
            yield install_content(session, at=first_instant(NOW))
        transaction.rollback()


@pytest.fixture(scope="module")
def batch(content: DemoContent) -> Batch:
    return simulate(7, NOW, content)


def events(batch: Batch, kind: type[Kind]) -> list[Kind]:
    return [event for event in batch.events if isinstance(event, kind)]


def columns(batch: Batch, entity: type[Base], *names: str) -> list[tuple[object, ...]]:
    places = [COLUMNS[entity].index(name) for name in names]
    return [tuple(row[place] for place in places) for row in batch.rows[entity]]


class TestDecisions:
    def test_every_decision_comes_out_the_same_from_its_record(self, batch: Batch, content: DemoContent) -> None:
        """D5: rule and facts of the record lead to the same bytes."""
        rules: dict[UUID | None, GateTerms] = {terms.rule_id: terms for terms in content.rules.values()}
        rules |= {event.rule_id: terms_from(event.rule) for event in events(batch, GateRuleSet)}
        decided = events(batch, GateDecided)
        assert len(decided) > 10_000
        for event in decided[::7]:
            again = decide(rules[event.rule_id], facts_from(event.facts), event.occurred_at)
            assert again.canonical().decode() == event.decision
            assert (again.outcome, again.reason) == (event.outcome, event.reason)

    def test_facts_are_what_was_proved_by_then(self, batch: Batch) -> None:
        """No evidence of a decision was reached after it, and none was revoked before anybody knew."""
        reached = {event.evidence_id: event.occurred_at for event in events(batch, ProficiencyReached)}
        revoked = {event.evidence_id: event for event in events(batch, ProficiencyRevoked)}
        for event in events(batch, GateDecided)[::11]:
            for fact in facts_from(event.facts).evidence:
                assert reached[fact.id] <= event.occurred_at
                known = fact.id in revoked and revoked[fact.id].occurred_at <= event.occurred_at
                assert fact.revoked_from == (revoked[fact.id].revoked_from if known else None)

    def test_gates_are_tried_out_and_then_enforced(self, batch: Batch) -> None:
        found = Counter((event.action, event.mode, event.outcome) for event in events(batch, GateDecided))
        assert {action for action, _, _ in found} == {
            "data-export", "production-change", "evidence-export", "rule-change",
        }  # fmt: skip
        for mode in GateMode:
            assert min(found["data-export", mode, outcome] for outcome in GateOutcome) > 0


class TestProficiency:
    def test_certifications_end_by_the_rule_of_their_scope(self, batch: Batch, content: DemoContent) -> None:
        certified = [e for e in events(batch, ProficiencyReached) if e.level is ProficiencyLevel.CERTIFIED]
        assert len(certified) > 5_000
        for event in certified:
            terms = content.terms(event.scope or "")
            assert event.expires_on is not None
            if event.scope is not None and terms.validity_basis is ValidityBasis.COMPLETION:
                assert event.expires_on == expires_on(terms, event.occurred_at.date())

    def test_rows_and_entries_say_the_same(self, batch: Batch) -> None:
        rows = columns(
            batch, ProficiencyEvidence, "id", "person_id", "level", "achieved_at", "expires_on", "revoked_from"
        )
        revoked = {event.evidence_id: event.revoked_from for event in events(batch, ProficiencyRevoked)}
        told = [
            (e.evidence_id, e.subject_id, e.level, e.occurred_at, e.expires_on, revoked.get(e.evidence_id))
            for e in events(batch, ProficiencyReached)
        ]
        assert sorted(rows, key=str) == sorted(told, key=str)

    def test_quizzes_are_passed_at_eighty_percent(self, batch: Batch) -> None:
        for event in events(batch, LessonAttemptGraded):
            assert event.passed == (event.score >= 80)

    def test_people_fail_and_try_again(self, batch: Batch) -> None:
        attempts = events(batch, LessonAttemptGraded)
        failed = sum(not event.passed for event in attempts)
        assert 0.05 < failed / len(attempts) < 0.4
        assert max(event.attempt_number for event in attempts) > 2
        assert {event.lesson_type for event in attempts} >= {
            LessonType.MICRO_LESSON, LessonType.QUIZ, LessonType.SIMULATION,
        }  # fmt: skip

    def test_a_changed_policy_ends_what_was_proved_before(self, batch: Batch) -> None:
        revoked = events(batch, ProficiencyRevoked)
        assert len(revoked) > 100
        assert {event.superseded for event in revoked} == {True}
        assert len({event.revoked_from for event in revoked}) == 1

    def test_every_persona_is_there(self, batch: Batch) -> None:
        personas = Counter(persona for (persona,) in columns(batch, Membership, "persona"))
        assert min(personas[persona] for persona in Persona) > 50


class TestNearMisses:
    def test_people_nearly_go_wrong_less_often_after_what_they_learned(self, batch: Batch) -> None:
        missed: dict[tuple[UUID | None, str], list[datetime]] = {}
        for event in events(batch, NearMissRecorded):
            missed.setdefault((event.subject_id, event.action), []).append(event.occurred_at)
        before = after = 0
        for finished in events(batch, ReinforcementFinished):
            if finished.passed and finished.occurred_at < NOW - MONTH:
                times = missed[finished.subject_id, finished.action]
                before += sum(finished.occurred_at - MONTH <= at < finished.occurred_at for at in times)
                after += sum(finished.occurred_at <= at <= finished.occurred_at + MONTH for at in times)
        assert before > 500
        # Some near-misses remain: nobody would believe a lesson that ends them.
        assert 0.1 * before < after < 0.6 * before


class TestIncidents:
    def test_larger_companies_had_two_or_three(self, batch: Batch) -> None:
        incidents = Counter(organization for (organization,) in columns(batch, Incident, "organization_id"))
        assert len(incidents) >= 20
        assert set(incidents.values()) <= {1, 2, 3}
