"""Crew checks: who may ask about whom, what is disclosed, what goes on record, and what happens without a database."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from operational_db.database import create_database_engine, unit_of_work
from operational_db.errors import InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.gates import audit, crew_audit
from operational_db.gates.crew import CrewReason, MissingReason
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.ledger.append import append_events
from operational_db.ledger.events import CrewDecided
from operational_db.owners import contracts, crew, service
from operational_db.owners.views import CrewAnswer
from operational_db.tables.credentials import Certificate
from operational_db.types import CrewRuleTarget, GateMode, GateOutcome, new_id
from tests import builders
from tests.operational_db.owners.owner_world import OwnerWorld, create_world, events_of, plan, require


@pytest.fixture
def world(session: Session, now: datetime) -> OwnerWorld:
    return create_world(session, now)


def check(session: Session, world: OwnerWorld, who: str = "owner", *people: str, **question: Any) -> CrewAnswer:
    if people:
        question["person_ids"] = [world.id_of(each) for each in people]
    if "equipment_id" not in question and "building_id" not in question and "visit_id" not in question:
        question["equipment_id"] = world.lift_id
    given = {"work_on": world.today, **question}
    return crew.check_crew(session, world[who], now=world.now, **given)


@pytest.mark.requirement("US-TC027", "OWN-01")
class TestAnswer:
    def test_who_holds_what_is_required_is_qualified_and_who_does_not_is_not(
        self, session: Session, world: OwnerWorld
    ) -> None:
        yes, no = check(session, world, "owner", "ann"), check(session, world, "owner", "bob")
        assert (yes.is_qualified, yes.reason) == (True, CrewReason.REQUIREMENTS_MET)
        assert [each.certificate_id for each in yes.certificates] == [world.ann_certificate_id]
        assert (no.is_qualified, no.reason, no.certificates) == (False, CrewReason.CERTIFICATES_MISSING, ())

    def test_the_day_of_work_decides(self, session: Session, world: OwnerWorld) -> None:
        last = world.today + timedelta(days=200)
        assert check(session, world, "owner", "ann", work_on=last).is_qualified
        assert not check(session, world, "owner", "ann", work_on=last + timedelta(days=1)).is_qualified
        assert check(session, world, "owner", "bob", work_on=world.today - timedelta(days=1)).is_qualified

    def test_a_building_is_all_of_its_units(self, session: Session, world: OwnerWorld) -> None:
        assert check(session, world, "owner", "ann", building_id=world.tower_id).is_qualified
        require(session, world, {"certification": str(world.rigging_id)}, key="escalator")
        answer = check(session, world, "owner", "ann", building_id=world.tower_id)
        assert [(unit.name, unit.is_qualified) for unit in answer.units] in (
            [("Lift 1", True), ("Stairs 1", False)],
            [("Stairs 1", False), ("Lift 1", True)],
        )
        assert not answer.is_qualified

    def test_a_contractor_is_qualified_by_whoever_it_has(self, session: Session, world: OwnerWorld) -> None:
        answer = check(session, world, "owner", contractor_id=world.contractor_id)
        assert answer.is_qualified
        # Nobody whose certificates do not carry the answer is in it.
        assert [person.person_id for person in answer.people] == [world.id_of("ann")]
        assert answer.people[0].display_name is None

    def test_a_unit_without_a_rule_qualifies_nobody(self, session: Session, world: OwnerWorld) -> None:
        assert check(session, world, "owner", "ann", equipment_id=world.stairs_id).reason is CrewReason.NO_RULE

    def test_a_rule_in_dry_run_only_shows(self, session: Session, world: OwnerWorld) -> None:
        require(
            session,
            world,
            {"certification": str(world.rigging_id)},
            CrewRuleTarget.UNIT,
            world.lift_id,
            GateMode.DRY_RUN,
        )
        answer = check(session, world, "owner", "ann")
        assert (answer.is_qualified, answer.decision.outcome) == (True, GateOutcome.DENY)

    def test_the_version_in_effect_on_the_day_of_work_decides(self, session: Session, world: OwnerWorld) -> None:
        starts = world.today + timedelta(days=10)
        require(session, world, {"certification": str(world.rigging_id)}, effective_from=starts)
        assert check(session, world, "owner", "ann", work_on=starts - timedelta(days=1)).is_qualified
        assert not check(session, world, "owner", "ann", work_on=starts).is_qualified

    def test_a_visit_brings_its_unit_day_and_crew(self, session: Session, world: OwnerWorld) -> None:
        visit = plan(session, world, 5, "ann", "bob", equipment_id=world.lift_id)
        answer = crew.check_crew(session, world["owner"], visit_id=visit.id, now=world.now)
        assert answer.is_qualified
        assert (answer.decision.work_on, answer.decision.visit_id) == (visit.planned_on, visit.id)
        assert {person.person_id for person in answer.people} == {world.id_of("ann"), world.id_of("bob")}

    def test_units_of_several_buildings_have_an_answer_each(self, session: Session, world: OwnerWorld) -> None:
        contracts.start_contract(
            session, SYSTEM_PRINCIPAL, owner_id=world.owner_id, contractor_id=world.contractor_id,
            building_id=world.depot_id, started_on=world.today, now=world.now,
        )  # fmt: skip
        (hoist,) = service.list_equipment(session, world["owner"], building_id=world.depot_id, on=world.today)
        units = [world.lift_id, hoist.equipment_id]
        with pytest.raises(InvalidInputError):
            check(session, world, "owner", "ann", equipment_id=None, equipment_ids=units)
        # Within one transaction, as the engine's entrance does it.
        asked: dict[str, Any] = {
            "equipment_ids": units,
            "person_ids": [world.id_of("ann")],
            "work_on": world.today,
            "now": world.now,
        }
        answers = crew.check_crews(session, world["owner"], **asked)
        assert [(each.building_name, each.is_qualified) for each in answers] == [("Tower", True), ("Depot", False)]

    @pytest.mark.parametrize("question", [{}, {"person_ids": []}, {"person_ids": [new_id() for _ in range(51)]}])
    def test_nobody_and_too_many_are_no_crew(
        self, session: Session, world: OwnerWorld, question: dict[str, Any]
    ) -> None:
        other: dict[str, Any] = {
            "owner_id": world.owner_id,
            "contractor_id": world.other_contractor_id,
            "now": world.now,
        }
        contracts.start_contract(session, SYSTEM_PRINCIPAL, **other)
        with pytest.raises(InvalidInputError):
            check(session, world, "owner", **question)


@pytest.mark.requirement("US-TC027", "OWN-01", "RSK-03")
class TestDisclosure:
    def test_the_owner_learns_what_is_missing_and_not_why(self, session: Session, world: OwnerWorld) -> None:
        answer = check(session, world, "owner", "bob")
        (missing,) = answer.people[0].missing
        assert (missing.certification_id, missing.reason, missing.expired_on) == (world.crane_id, None, None)

    def test_her_own_manager_learns_why(self, session: Session, world: OwnerWorld) -> None:
        (missing,) = check(session, world, "manager", "bob").people[0].missing
        assert (missing.reason, missing.expired_on) == (MissingReason.EXPIRED, world.today - timedelta(days=1))

    def test_the_record_holds_nothing_the_owner_may_not_see(self, session: Session, world: OwnerWorld) -> None:
        """The owner can download the entry: what does not count, and what is not asked for, is not in it."""
        person = session.get_one(Certificate, world.ann_certificate_id)
        session.flush()
        other = builders.create_certificate(session, certification=builders.create_certification(session))
        other.person_id = person.person_id
        check(session, world, "manager", "ann", "bob")
        (event,) = events_of(session, "crew.decided")
        shown = {
            each["id"]
            for one in orjson.loads(orjson.loads(event.body)["facts"])["people"]
            for each in one["certificates"]
        }
        assert shown == {str(world.ann_certificate_id)}

    @pytest.mark.parametrize("who", ["eve", "other_owner", "nobody"])
    def test_who_does_not_serve_by_a_contract_is_nobody(self, session: Session, world: OwnerWorld, who: str) -> None:
        person_id = new_id() if who == "nobody" else world.id_of(who)
        with pytest.raises(NotFoundError) as refused:
            crew.check_crew(
                session, world["owner"], equipment_id=world.lift_id, person_ids=[person_id], work_on=world.today,
                now=world.now,
            )  # fmt: skip
        assert refused.value.message == crew.NO_PERSON
        assert events_of(session, "crew.decided") == []

    def test_asking_for_one_id_after_another_tells_nothing(self, session: Session, world: OwnerWorld) -> None:
        """Somebody who exists, somebody who does not, and one hidden in a crew are refused in the same words."""
        refusals = set()
        asked: dict[str, Any] = {"equipment_id": world.lift_id, "work_on": world.today, "now": world.now}
        for ids in ([world.id_of("eve")], [new_id()], [world.id_of("ann"), world.id_of("eve")], [UUID(int=0)]):
            with pytest.raises(NotFoundError) as refused:
                crew.check_crew(session, world["owner"], person_ids=ids, **asked)
            refusals.add((refused.value.message, str(refused.value.details)))
        assert len(refusals) == 1

    def test_a_building_the_contract_does_not_cover_opens_nobody(self, session: Session, world: OwnerWorld) -> None:
        with pytest.raises(NotFoundError):
            check(session, world, "owner", "ann", building_id=world.depot_id)

    @pytest.mark.parametrize("days", [-101, 4])
    def test_outside_the_contracts_days_nobody_serves(self, session: Session, world: OwnerWorld, days: int) -> None:
        contracts.end_contract(
            session, SYSTEM_PRINCIPAL, contract_id=world.contract_id, ended_on=world.today + timedelta(days=3),
            now=world.now,
        )  # fmt: skip
        with pytest.raises(NotFoundError):
            check(session, world, "owner", "ann", work_on=world.today + timedelta(days=days))
        assert check(session, world, "owner", "ann", work_on=world.today + timedelta(days=3)).is_qualified

    @pytest.mark.parametrize("who", ["other_owner", "other_manager"])
    @pytest.mark.parametrize("question", ["building_id", "equipment_id", "visit_id"])
    def test_other_tenants_are_told_that_there_is_nothing(
        self, session: Session, world: OwnerWorld, who: str, question: str
    ) -> None:
        places: dict[str, UUID] = {
            "building_id": world.tower_id, "equipment_id": world.lift_id, "visit_id": plan(session, world).id
        }  # fmt: skip
        refusals = set()
        for asked in (places[question], new_id()):
            given: dict[str, Any] = {question: asked}
            with pytest.raises(NotFoundError) as refused:
                crew.check_crew(
                    session, world[who], person_ids=[world.id_of("ann")], work_on=world.today, now=world.now,
                    **given,
                )  # fmt: skip
            refusals.add(refused.value.message)
        assert len(refusals) == 1

    @pytest.mark.parametrize("who", ["auditor", "supervisor", "ann"])
    def test_who_checks_no_crews_is_refused(self, session: Session, world: OwnerWorld, who: str) -> None:
        with pytest.raises(NotAuthorizedError):
            check(session, world, who, "ann")

    def test_a_manager_asks_about_nobody_elses_people(self, session: Session, world: OwnerWorld) -> None:
        contracts.start_contract(
            session, SYSTEM_PRINCIPAL, owner_id=world.owner_id, contractor_id=world.other_contractor_id,
            started_on=world.today, now=world.now,
        )  # fmt: skip
        assert check(session, world, "owner", "eve").is_qualified
        with pytest.raises(NotFoundError):
            check(session, world, "manager", "eve")
        with pytest.raises(NotFoundError):
            check(session, world, "manager", contractor_id=world.other_contractor_id)
        assert check(session, world, "manager", "ann").is_qualified

    def test_an_erased_person_is_nobody(self, session: Session, world: OwnerWorld) -> None:
        session.execute(text("update people set erased_at = now() where id = :id"), {"id": world.id_of("ann")})
        with pytest.raises(NotFoundError):
            check(session, world, "owner", "ann")

    def test_whom_one_may_ask_about_is_listed(self, session: Session, world: OwnerWorld) -> None:
        listed = crew.people_who_serve(session, world["owner"], organization_id=world.owner_id, on=world.today)
        assert {each.person_id for each in listed} == {
            world.id_of(who) for who in ("manager", "supervisor", "ann", "bob")
        }
        own = crew.people_who_serve(session, world["manager"], organization_id=world.contractor_id, on=world.today)
        assert {each.contractor_id for each in own} == {world.contractor_id}
        with pytest.raises(NotAuthorizedError):
            crew.people_who_serve(session, world["manager"], organization_id=world.owner_id, on=world.today)


class TestKnowledge:
    def test_a_past_question_is_answered_by_what_was_known_then(self, session: Session, world: OwnerWorld) -> None:
        held = session.get_one(Certificate, world.ann_certificate_id)
        held.revoked_at, held.revoked_from = world.now, world.today - timedelta(days=20)
        session.flush()
        day = world.today - timedelta(days=5)
        assert not check(session, world, "owner", "ann", work_on=day).is_qualified
        before = world.now - timedelta(minutes=1)
        session.execute(text("update crew_rules set created_at = :at"), {"at": before})
        assert check(session, world, "owner", "ann", work_on=day, as_known_at=before).is_qualified

    @pytest.mark.parametrize(
        ("field", "known"),
        [("created_at", False), ("verified_at", False), ("withdrawn_at", True)],
    )
    def test_what_was_learned_later_is_left_out(
        self, session: Session, world: OwnerWorld, field: str, known: bool
    ) -> None:
        held = session.get_one(Certificate, world.ann_certificate_id)
        setattr(held, field, world.now)
        session.execute(text("update crew_rules set created_at = '2020-01-01'"))
        session.flush()
        asked: dict[str, Any] = {"as_known_at": world.now - timedelta(hours=1)}
        assert check(session, world, "owner", "ann", **asked).is_qualified is known


@pytest.mark.requirement("US-TC027", "OWN-01")
class TestRecord:
    def test_every_answer_is_on_record_and_is_made_again_byte_for_byte(
        self, session: Session, world: OwnerWorld
    ) -> None:
        answers = [
            check(session, world, "owner", "ann"),
            check(session, world, "manager", "ann", "bob", building_id=world.tower_id),
            check(session, world, "owner", contractor_id=world.contractor_id),
            check(session, world, "owner", "ann", equipment_id=world.stairs_id),
        ]
        assert [event.id for event in events_of(session, "crew.decided")] == [each.decision_id for each in answers]
        for answer in answers:
            assert answer.decision_id is not None
            replayed = audit.replay_any(session, answer.decision_id)
            assert (replayed.is_identical, replayed.difference) == (True, None)
            assert replayed.replayed == answer.decision.canonical()
            again = crew.decision_of(session, world["owner"], decision_id=answer.decision_id)
            assert again.decision == answer.decision
        report = audit.replay_all(session, since=world.now, until=world.now + timedelta(seconds=1))
        assert (report.replayed_count, report.is_identical) == (4, True)

    def test_a_later_change_does_not_touch_what_was_decided(self, session: Session, world: OwnerWorld) -> None:
        answer = check(session, world, "owner", "ann")
        assert answer.decision_id is not None
        session.execute(text("update certificates set revoked_at = now(), revoked_from = '2020-01-01'"))
        require(session, world, {"certification": str(world.rigging_id)}, effective_from=world.today)
        assert audit.replay_any(session, answer.decision_id).is_identical

    def test_a_forged_record_is_found(self, session: Session, world: OwnerWorld) -> None:
        check(session, world, "owner", "bob")
        (event,) = events_of(session, "crew.decided")
        body = orjson.loads(event.body)
        fields: dict[str, Any] = {name: body.get(name) for name in CrewDecided.__dataclass_fields__ if name in body}
        fields["decision"] = body["decision"].replace('"is_qualified":false', '"is_qualified":true', 1)
        ids = {name: UUID(body[name]) for name in ("decision_id", "contractor_id", "building_id", "equipment_id")}
        forged = CrewDecided(
            subject_id=event.subject_id, organization_id=event.organization_id, occurred_at=event.occurred_at,
            **{**fields, **ids, "visit_id": None, "work_on": world.today, "outcome": GateOutcome.DENY},
        )  # fmt: skip
        (forged_id,) = append_events(session, [forged], now=world.now)
        result = audit.replay_any(session, forged_id)
        assert not result.is_identical
        assert result.difference is not None

    def test_only_the_owners_people_and_who_asked_see_a_record(self, session: Session, world: OwnerWorld) -> None:
        answer = check(session, world, "manager", "ann")
        assert answer.decision_id is not None
        for who in ("owner", "auditor", "manager"):
            assert crew.decision_of(session, world[who], decision_id=answer.decision_id).is_qualified
            assert audit.replay_crew_decision_for(session, world[who], answer.decision_id).is_identical
        for who in ("other_owner", "other_manager", "ann"):
            with pytest.raises(NotFoundError):
                crew.decision_of(session, world[who], decision_id=answer.decision_id)
            with pytest.raises(NotFoundError):
                audit.replay_crew_decision_for(session, world[who], answer.decision_id)

    def test_checks_are_listed_for_their_owner_and_for_those_who_made_them(
        self, session: Session, world: OwnerWorld
    ) -> None:
        mine, theirs = check(session, world, "owner", "ann"), check(session, world, "manager", "bob")
        owners = crew.list_decisions(session, world["owner"], organization_id=world.owner_id).items
        assert [each.decision_id for each in owners] == [theirs.decision_id, mine.decision_id]
        contractors = crew.list_decisions(session, world["manager"], organization_id=world.contractor_id).items
        assert [each.decision_id for each in contractors] == [theirs.decision_id]
        with pytest.raises(NotAuthorizedError):
            crew.list_decisions(session, world["other_owner"], organization_id=world.owner_id)

    def test_a_glance_is_not_recorded(self, session: Session, world: OwnerWorld) -> None:
        asked: dict[str, Any] = {
            "building_id": world.tower_id,
            "person_ids": [world.id_of("ann")],
            "work_on": world.today,
        }
        assert crew.peek_crew(session, world["owner"], now=world.now, **asked).is_qualified
        assert events_of(session, "crew.decided") == []


class TestDurable:
    def test_the_record_is_there_when_the_answer_is(self, committed_engine: Engine, now: datetime) -> None:
        with unit_of_work(committed_engine) as session:
            world = create_world(session, now)
        asked: dict[str, Any] = {"person_ids": [world.id_of("ann")], "work_on": world.today, "now": now}
        answer = crew.check_crew(committed_engine, world["owner"], equipment_id=world.lift_id, **asked)
        many = crew.check_crews(
            committed_engine, world["owner"], equipment_ids=[world.lift_id, world.stairs_id], **asked
        )
        with unit_of_work(committed_engine) as session:
            recorded = [event.id for event in events_of(session, "crew.decided")]
            assert recorded == [answer.decision_id, many[0].decision_id]

    def test_without_a_database_nobody_is_qualified(self, session: Session, world: OwnerWorld) -> None:
        away = create_database_engine("postgresql://nobody@127.0.0.1:1/none")
        asked: dict[str, Any] = {"person_ids": [world.id_of("ann")], "work_on": world.today, "now": world.now}
        answer = crew.check_crew(away, world["owner"], equipment_id=world.lift_id, **asked)
        assert (answer.is_qualified, answer.reason, answer.decision_id) == (False, CrewReason.RECORD_UNAVAILABLE, None)
        assert (answer.people, answer.certificates) == ((), ())
        away.dispose()

    def test_a_ledger_that_refuses_the_record_is_a_no(
        self, committed_engine: Engine, owner_engine: Engine, now: datetime
    ) -> None:
        with unit_of_work(committed_engine) as session:
            world = create_world(session, now)
        asked: dict[str, Any] = {"person_ids": [world.id_of("ann")], "work_on": world.today, "now": now}
        with owner_engine.begin() as connection:
            connection.execute(text("revoke insert on ledger_events from sitesync_app"))
        refused = crew.check_crew(committed_engine, world["owner"], equipment_id=world.lift_id, **asked)
        assert refused.reason is CrewReason.RECORD_UNAVAILABLE
        with owner_engine.begin() as connection:
            connection.execute(text("grant insert on ledger_events to sitesync_app"))
        assert crew.check_crew(committed_engine, world["owner"], equipment_id=world.lift_id, **asked).is_qualified

    def test_a_question_too_large_for_one_record_is_refused(
        self, session: Session, world: OwnerWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("operational_db.ledger.canonical.MAXIMUM_BODY_BYTES", 400)
        with pytest.raises(InvalidInputError):
            check(session, world, "owner", "ann")


def test_replay_names_the_crew_checks_it_made_again(session: Session, world: OwnerWorld) -> None:
    answer = check(session, world, "owner", "ann")
    (event,) = crew_audit.decided_events(session, since=world.now, until=world.now + timedelta(days=1))
    result = crew_audit.replay_event(event, {})
    assert (result.decision_id, result.action, result.is_identical) == (answer.decision_id, "crew-check", False)
