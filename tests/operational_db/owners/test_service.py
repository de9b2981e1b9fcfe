"""Buildings, units, contracts, visits and crew rules: what they may hold, who may, and what is written down."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, GateDeniedError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.gates.rules import Requirement
from operational_db.gates.service import set_gate_rule
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.owners import contracts, crew, crew_preview, crew_rules, service, visits
from operational_db.tables.owners import Equipment, Visit
from operational_db.types import (
    CrewRuleTarget,
    EquipmentStatus,
    EquipmentType,
    GateMode,
    ProficiencyLevel,
    VisitStatus,
    new_id,
)
from tests.operational_db.owners.owner_world import OwnerWorld, create_world, events_of, plan, require

DAY = timedelta(days=1)


@pytest.fixture
def world(session: Session, now: datetime) -> OwnerWorld:
    return create_world(session, now)


class TestBuildings:
    def test_an_owner_adds_changes_and_takes_out_of_use(self, session: Session, world: OwnerWorld) -> None:
        who: dict[str, Any] = {"principal": world["owner"], "now": world.now}
        building = service.add_building(
            session, organization_id=world.owner_id, name=" Pier ", latitude=40.7, longitude=-74.0,
            timezone="America/New_York", register_id="1000001", **who,
        )  # fmt: skip
        assert (building.name, building.is_active) == ("Pier", True)
        service.change_building(session, building_id=building.id, name="Pier 2", **who)
        service.deactivate_building(session, building_id=building.id, **who)
        with pytest.raises(ConflictError):
            service.deactivate_building(session, building_id=building.id, **who)
        bodies = [orjson.loads(event.body) for event in events_of(session, "building.changed")]
        mine = [body["is_active"] for body in bodies if body["building_id"] == str(building.id)]
        assert mine == [True, True, False]
        listed = service.list_buildings(session, world["owner"], organization_id=world.owner_id, on=world.today)
        assert [view.name for view in listed.items] == ["Depot", "Tower"]
        assert [view.unit_count for view in listed.items] == [1, 2]

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": "  "}, {"name": "x" * 301}, {"name": "a\nb"}, {"latitude": 40.0},
            {"latitude": 91.0, "longitude": 0.0}, {"timezone": "Atlantis/Harbor"},
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_refused(self, session: Session, world: OwnerWorld, fields: dict[str, Any]) -> None:
        with pytest.raises(InvalidInputError):
            service.add_building(
                session, world["owner"], organization_id=world.owner_id, now=world.now, **{"name": "Pier", **fields}
            )

    def test_a_register_number_stands_for_one_building_and_one_unit(self, session: Session, world: OwnerWorld) -> None:
        fields: dict[str, Any] = {"organization_id": world.owner_id, "register_id": "7", "now": world.now}
        service.add_building(session, world["owner"], name="One", **fields)
        with pytest.raises(ConflictError):
            service.add_building(session, world["owner"], name="Two", **fields)
        unit: dict[str, Any] = {
            "building_id": world.tower_id, "register_id": "7", "equipment_type": EquipmentType.DUMBWAITER,
            "now": world.now,
        }  # fmt: skip
        service.add_equipment(session, world["owner"], name="One", **unit)
        with pytest.raises(ConflictError):
            service.add_equipment(session, world["owner"], name="Two", **unit)

    def test_a_dismantled_unit_is_no_longer_asked_about(self, session: Session, world: OwnerWorld) -> None:
        require(session, world, {"certification": str(world.rigging_id)}, key="escalator")
        asked: dict[str, Any] = {
            "building_id": world.tower_id, "person_ids": [world.id_of("ann")], "work_on": world.today, "now": world.now
        }  # fmt: skip
        assert not crew.check_crew(session, world["owner"], **asked).is_qualified
        service.deactivate_equipment(session, world["owner"], equipment_id=world.stairs_id, now=world.now)
        assert crew.check_crew(session, world["owner"], **asked).is_qualified
        assert session.get_one(Equipment, world.stairs_id).status is EquipmentStatus.DISMANTLED
        assert orjson.loads(events_of(session, "equipment.changed")[-1].body)["status"] == "dismantled"

    def test_a_contractor_sees_the_buildings_of_its_contracts_and_no_others(
        self, session: Session, world: OwnerWorld
    ) -> None:
        seen = service.list_buildings(session, world["manager"], organization_id=world.contractor_id, on=world.today)
        assert [view.building_id for view in seen.items] == [world.tower_id]
        assert service.list_equipment(session, world["manager"], building_id=world.tower_id, on=world.today)
        with pytest.raises(NotFoundError):
            service.building_of(session, world["manager"], building_id=world.depot_id, on=world.today)
        with pytest.raises(NotAuthorizedError):
            service.list_buildings(session, world["manager"], organization_id=world.owner_id, on=world.today)
        contracts.end_contract(session, world["manager"], contract_id=world.contract_id, now=world.now)
        with pytest.raises(NotFoundError):
            service.building_of(session, world["manager"], building_id=world.tower_id, on=world.today + DAY)


@pytest.mark.parametrize("who", ["auditor", "manager", "supervisor", "ann", "other_owner", "other_manager"])
def test_only_the_owners_managers_change_anything_of_it(session: Session, world: OwnerWorld, who: str) -> None:
    principal, now = world[who], world.now
    target: dict[str, Any] = {"organization_id": world.owner_id, "target": CrewRuleTarget.OWNER, "now": now}
    attempts: list[tuple[Any, dict[str, Any]]] = [
        (service.add_building, {"organization_id": world.owner_id, "name": "X", "now": now}),
        (service.change_building, {"building_id": world.tower_id, "name": "X", "now": now}),
        (service.deactivate_building, {"building_id": world.tower_id, "now": now}),
        (
            service.add_equipment,
            {"building_id": world.tower_id, "name": "X", "equipment_type": EquipmentType.MANLIFT, "now": now},
        ),
        (
            service.change_equipment,
            {"equipment_id": world.lift_id, "name": "X", "equipment_type": EquipmentType.MANLIFT, "now": now},
        ),
        (service.deactivate_equipment, {"equipment_id": world.lift_id, "now": now}),
        (
            contracts.propose_contract,
            {"owner_id": world.owner_id, "contractor_id": world.other_contractor_id, "now": now},
        ),
        (
            contracts.start_contract,
            {"owner_id": world.owner_id, "contractor_id": world.other_contractor_id, "now": now},
        ),
        (crew_rules.set_crew_rule, {**target, "requirement": {"certification": str(world.crane_id)}}),
        (crew_rules.end_crew_rule, target),
        (crew_preview.preview_crew_rule, {**target, "requirement": {"certification": str(world.crane_id)}}),
    ]
    for attempt, fields in attempts:
        with pytest.raises((NotAuthorizedError, NotFoundError)):
            attempt(session, principal, **fields)


class TestContracts:
    def test_one_contract_at_a_time_on_the_same(self, session: Session, world: OwnerWorld) -> None:
        fields: dict[str, Any] = {"owner_id": world.owner_id, "contractor_id": world.contractor_id, "now": world.now}
        with pytest.raises(ConflictError):
            contracts.propose_contract(session, world["owner"], building_id=world.tower_id, **fields)
        contracts.start_contract(session, SYSTEM_PRINCIPAL, **fields)
        kinds = [event.kind for event in events_of(session, "contract.started")]
        assert len(kinds) == 3

    @pytest.mark.parametrize("case", ["itself", "an owner", "a foreign building", "nobody"])
    def test_both_sides_and_the_building_must_fit(self, session: Session, world: OwnerWorld, case: str) -> None:
        other, building = {
            "itself": (world.owner_id, None),
            "an owner": (world.other_owner_id, None),
            "a foreign building": (world.other_contractor_id, world.foreign_building_id),
            "nobody": (new_id(), None),
        }[case]
        with pytest.raises((InvalidInputError, NotFoundError)):
            contracts.propose_contract(
                session,
                world["owner"],
                owner_id=world.owner_id,
                contractor_id=other,
                building_id=building,
                now=world.now,
            )

    def test_ending_one_calls_later_visits_off(self, session: Session, world: OwnerWorld) -> None:
        kept, gone = plan(session, world, 3), plan(session, world, 4)
        ended: dict[str, Any] = {"contract_id": world.contract_id, "ended_on": world.today + 3 * DAY, "now": world.now}
        contracts.end_contract(session, world["owner"], **ended)
        assert [session.get_one(Visit, each.id).status for each in (kept, gone)] == [
            VisitStatus.PLANNED,
            VisitStatus.CANCELLED,
        ]
        assert [e.kind for e in events_of(session, "visit.settled")] == ["visit.settled"]
        with pytest.raises(ConflictError):
            contracts.end_contract(session, world["manager"], **ended)
        for who in ("other_owner", "other_manager", "auditor", "ann"):
            with pytest.raises(NotFoundError):
                contracts.end_contract(session, world[who], contract_id=world.contract_id, now=world.now)


class TestVisits:
    @pytest.mark.parametrize("who", ["owner", "manager"])
    def test_both_sides_plan_move_and_settle(self, session: Session, world: OwnerWorld, who: str) -> None:
        visit = visits.plan_visit(
            session, world[who], contract_id=world.contract_id, building_id=world.tower_id, planned_on=world.today,
            person_ids=[world.id_of("ann"), world.id_of("ann")], now=world.now,
        )  # fmt: skip
        visits.move_visit(session, world[who], visit_id=visit.id, planned_on=world.today + DAY, now=world.now)
        assert [m.person_id for m in visits.visit_of(session, world[who], visit_id=visit.id).crew] == [
            world.id_of("ann")
        ]
        with pytest.raises(InvalidInputError):
            visits.settle_visit(session, world[who], visit_id=visit.id, is_done=True, now=world.now)
        visits.settle_visit(session, world[who], visit_id=visit.id, is_done=True, now=world.now + DAY)
        with pytest.raises(ConflictError):
            visits.move_visit(session, world[who], visit_id=visit.id, person_ids=[], now=world.now)
        bodies = [orjson.loads(event.body) for event in events_of(session, "visit.planned")]
        assert [(body["planned_on"], body["crew_size"]) for body in bodies] == [
            (str(world.today), 1),
            (str(world.today + DAY), 1),
        ]

    @pytest.mark.parametrize("who", ["auditor", "supervisor", "ann", "other_owner", "other_manager"])
    def test_nobody_else_does(self, session: Session, world: OwnerWorld, who: str) -> None:
        visit = plan(session, world)
        with pytest.raises(NotFoundError):
            visits.plan_visit(
                session, world[who], contract_id=world.contract_id, building_id=world.tower_id, planned_on=world.today,
                now=world.now,
            )  # fmt: skip
        with pytest.raises(NotFoundError):
            visits.move_visit(session, world[who], visit_id=visit.id, planned_on=world.today, now=world.now)
        with pytest.raises(NotFoundError):
            visits.settle_visit(session, world[who], visit_id=visit.id, is_done=False, now=world.now)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("building_id", "depot_id"), ("building_id", "foreign_building_id"), ("equipment_id", "foreign_unit_id"),
            ("planned_on", -1), ("planned_on", 90), ("person_ids", "eve"),
        ],
    )  # fmt: skip
    def test_day_place_and_crew_must_be_the_contracts(
        self, session: Session, world: OwnerWorld, field: str, value: Any
    ) -> None:
        contracts.end_contract(
            session, SYSTEM_PRINCIPAL, contract_id=world.contract_id, ended_on=world.today + 60 * DAY, now=world.now
        )
        if field == "planned_on":
            value = world.today + value * DAY
        elif field == "person_ids":
            value = [world.id_of(value)]
        else:
            value = getattr(world, value)
        given: dict[str, Any] = {"building_id": world.tower_id, "planned_on": world.today, field: value}
        with pytest.raises((InvalidInputError, NotFoundError)):
            visits.plan_visit(session, world["manager"], contract_id=world.contract_id, now=world.now, **given)

    def test_each_side_sees_its_own(self, session: Session, world: OwnerWorld) -> None:
        visit = plan(session, world)
        for who, organization_id in (("owner", world.owner_id), ("manager", world.contractor_id)):
            seen = visits.list_visits(session, world[who], organization_id=organization_id)
            assert [view.visit_id for view in seen.items] == [visit.id]
        assert not visits.list_visits(session, world["other_owner"], organization_id=world.other_owner_id).items
        with pytest.raises(NotAuthorizedError):
            visits.list_visits(session, world["other_owner"], organization_id=world.owner_id)


@pytest.mark.requirement("US-TC028", "OWN-02")
class TestRules:
    def test_versions_follow_each_other_and_the_newest_in_effect_counts(
        self, session: Session, world: OwnerWorld
    ) -> None:
        later = require(session, world, {"certification": str(world.rigging_id)}, effective_from=world.today + 10 * DAY)
        views = crew_rules.crew_rules_of(session, world["owner"], organization_id=world.owner_id, on=world.today)
        assert [(view.terms.version, view.is_in_effect) for view in views] == [(2, False), (1, True)]
        then = world.today + 10 * DAY
        (view,) = crew_rules.rules_for_unit(session, world["manager"], equipment_id=world.lift_id, on=then)
        assert view.rule_id == later
        assert not crew_rules.rules_for_unit(session, world["owner"], equipment_id=world.stairs_id, on=then)
        ended = crew_rules.end_crew_rule(
            session, world["owner"], organization_id=world.owner_id, target=CrewRuleTarget.EQUIPMENT_TYPE,
            target_key="passenger_elevator", ended_on=world.today + 20 * DAY, now=world.now,
        )  # fmt: skip
        assert len(ended) == 2
        on = world.today + 20 * DAY
        assert not crew_rules.rules_for_building(session, world["owner"], building_id=world.tower_id, on=on)
        with pytest.raises(NotFoundError):
            crew_rules.rules_for_unit(session, world["other_owner"], equipment_id=world.lift_id, on=on)

    def test_a_rule_is_set_and_ended_behind_the_gate_on_rules(self, session: Session, world: OwnerWorld) -> None:
        set_gate_rule(
            session, SYSTEM_PRINCIPAL, organization_id=world.owner_id, action="rule-change",
            requirements=[Requirement(ProficiencyLevel.COMPLETED, scope="rule-change", within_days=30)],
            mode=GateMode.ENFORCE, now=world.now,
        )  # fmt: skip
        about: dict[str, Any] = {
            "organization_id": world.owner_id, "target": CrewRuleTarget.EQUIPMENT_TYPE,
            "target_key": "passenger_elevator", "now": world.now,
        }  # fmt: skip
        before = len(events_of(session, "crew.rule_set"))
        with pytest.raises(GateDeniedError):
            crew_rules.set_crew_rule(
                session, world["owner"], requirement={"certification": str(world.rigging_id)}, **about
            )
        with pytest.raises(GateDeniedError):
            crew_rules.end_crew_rule(session, world["owner"], **about)
        assert len(events_of(session, "crew.rule_set")) == before
        assert not events_of(session, "crew.rule_ended")

    def test_a_rule_is_written_down_as_it_is_kept_and_said_in_words(self, session: Session, world: OwnerWorld) -> None:
        tree: dict[str, object] = {
            "all": [
                {"certification": str(world.crane_id)},
                {"at_least": 2, "of_crew": {"any": [{"certification": str(world.rigging_id)}]}},
            ]
        }
        rule_id = require(session, world, tree, CrewRuleTarget.UNIT, world.lift_id)
        body = orjson.loads(events_of(session, "crew.rule_set")[-1].body)
        assert (body["rule_id"], orjson.loads(body["requirement"])) == (str(rule_id), tree)
        views = crew_rules.crew_rules_of(session, world["owner"], organization_id=world.owner_id, on=world.today)
        view = next(view for view in views if view.rule_id == rule_id)
        assert view.target_name == "Lift 1"
        assert " and (2 people who each hold (" in view.text

    @pytest.mark.parametrize(
        ("target", "key"),
        [
            (CrewRuleTarget.OWNER, "x"),
            (CrewRuleTarget.BUILDING, "x"),
            (CrewRuleTarget.BUILDING, "foreign_building_id"),
            (CrewRuleTarget.UNIT, "foreign_unit_id"),
            (CrewRuleTarget.MANUFACTURER, "crane_id"),
            (CrewRuleTarget.EQUIPMENT_TYPE, "rocket"),
            (CrewRuleTarget.MODEL, " "),
        ],
    )
    def test_a_target_must_be_there(
        self, session: Session, world: OwnerWorld, target: CrewRuleTarget, key: str
    ) -> None:
        given = getattr(world, key) if key.endswith("_id") else key
        with pytest.raises(InvalidInputError):
            require(session, world, None, target, given)

    def test_a_certification_must_be_there_and_the_day_not_have_passed(
        self, session: Session, world: OwnerWorld
    ) -> None:
        given: dict[str, Any] = {"organization_id": world.owner_id, "target": CrewRuleTarget.OWNER, "now": world.now}
        with pytest.raises(InvalidInputError):
            crew_rules.set_crew_rule(session, world["owner"], requirement={"certification": str(new_id())}, **given)
        with pytest.raises(InvalidInputError):
            crew_rules.set_crew_rule(
                session, world["owner"], requirement={"certification": str(world.crane_id)},
                effective_from=world.today - DAY, **given,
            )  # fmt: skip


@pytest.mark.requirement("US-TC028", "OWN-02")
class TestPreview:
    def preview(self, session: Session, world: OwnerWorld, kind: UUID, **fields: Any) -> crew_preview.CrewRulePreview:
        given: dict[str, Any] = {
            "target": CrewRuleTarget.EQUIPMENT_TYPE, "target_key": "passenger_elevator",
            "requirement": {"certification": str(kind)}, "now": world.now, **fields,
        }  # fmt: skip
        return crew_preview.preview_crew_rule(session, world["owner"], organization_id=world.owner_id, **given)

    def test_it_names_the_visits_and_checks_that_would_come_out_otherwise_and_writes_nothing(
        self, session: Session, world: OwnerWorld
    ) -> None:
        near, far = plan(session, world, 5, "ann"), plan(session, world, 30, "ann")
        asked: dict[str, Any] = {"equipment_id": world.lift_id, "work_on": world.today}
        earlier = world.now - DAY
        yes = crew.check_crew(session, world["owner"], person_ids=[world.id_of("ann")], now=earlier, **asked)
        crew.check_crew(session, world["owner"], person_ids=[world.id_of("bob")], now=earlier, **asked)
        before = len(events_of(session, "crew.rule_set"))
        found = self.preview(session, world, world.rigging_id)
        assert [(each.visit_id, each.is_qualified_after) for each in found.visits] == [
            (near.id, False),
            (far.id, False),
        ]
        assert [(each.decision_id, each.is_qualified_after) for each in found.decisions] == [(yes.decision_id, False)]
        assert (found.visits_considered, found.decisions_replayed) == (2, 2)
        later = self.preview(session, world, world.rigging_id, effective_from=world.today + 10 * DAY)
        assert [each.visit_id for each in later.visits] == [far.id]
        assert len(events_of(session, "crew.rule_set")) == before

    def test_what_is_proposed_anew_changes_nothing(self, session: Session, world: OwnerWorld) -> None:
        plan(session, world, 5, "ann")
        crew.check_crew(
            session, world["owner"], building_id=world.tower_id, contractor_id=world.contractor_id,
            work_on=world.today, now=world.now - DAY,
        )  # fmt: skip
        found = self.preview(session, world, world.crane_id)
        assert (found.visits, found.decisions, found.decisions_replayed) == ((), (), 1)

    @pytest.mark.parametrize("days", [0, 367])
    def test_it_looks_back_a_day_to_a_year(self, session: Session, world: OwnerWorld, days: int) -> None:
        with pytest.raises(InvalidInputError):
            self.preview(session, world, world.crane_id, days=days)
