"""Buildings and units from an owner's pages: added, changed, retired and taken back, by its managers alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select

from app.dashboards import actions
from app.dashboards.use_cases import buildings
from app.dashboards.use_cases.buildings import BuildingFacts, UnitFacts
from app.dashboards.use_cases.owners import Place, place_of
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Grant, Principal
from operational_db.identity.service import create_organization, create_person
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import EquipmentStatus, EquipmentType, OrganizationKind, Role
from tests import builders
from tests.app.dashboards import owner_figures as owners
from tests.app.dashboards.conftest import Visit, principal_of, texts

NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
TOWER = BuildingFacts("Harbour Tower", city="New York", register_id="1000001", timezone="America/New_York")
LIFT = UnitFacts("Lift 1", EquipmentType.PASSENGER_ELEVATOR, manufacturer_text="OTIS ELEV CO", model="Gen2")


def _organization(engine: Engine, name: str) -> UUID:
    with unit_of_work(engine) as session:
        kind = OrganizationKind.BUILDING_OWNER
        return create_organization(session, SYSTEM_PRINCIPAL, name=name, kind=kind, now=NOW).id


def _of(engine: Engine, organization_id: UUID, role: Role = Role.BUILDING_OWNER) -> Principal:
    with unit_of_work(engine) as session:
        person_id = create_person(session, SYSTEM_PRINCIPAL, display_name="Ada Novak", now=NOW).id
    return Principal(person_id, "Ada Novak", frozenset({Grant(organization_id, role)}))


@pytest.fixture
def owner_id(committed_engine: Engine) -> UUID:
    return _organization(committed_engine, "Northside Estates")


@pytest.fixture
def owner(committed_engine: Engine, owner_id: UUID) -> Principal:
    return _of(committed_engine, owner_id)


@pytest.fixture
def tower_id(committed_engine: Engine, owner: Principal, owner_id: UUID) -> UUID:
    return buildings.add_building(committed_engine, owner, organization_id=owner_id, facts=TOWER, now=NOW)[1]


def _record(engine: Engine, owner: Principal, building_id: UUID) -> Place:
    return place_of(engine, owner, building_id=building_id, on=NOW.date(), has_dismantled=True)


def _events(engine: Engine) -> dict[str, int]:
    with read_only_session(engine) as session:
        counted = select(LedgerEvent.kind, func.count()).group_by(LedgerEvent.kind)
        return {kind: count for kind, count in session.execute(counted)}


@pytest.mark.requirement("OWN-02")
class TestBuilding:
    def test_it_is_added_with_its_entry_and_out_of_use_when_taken_back(
        self, committed_engine: Engine, owner: Principal, owner_id: UUID
    ) -> None:
        receipt, building_id = buildings.add_building(
            committed_engine, owner, organization_id=owner_id, facts=TOWER, now=NOW
        )
        assert BuildingFacts.of(_record(committed_engine, owner, building_id).building) == TOWER
        assert _events(committed_engine)["building.changed"] == 1
        taken_back = actions.undo(committed_engine, owner, receipt, now=LATER)
        assert taken_back.text == "Taken back: “Harbour Tower” was added."
        assert not _record(committed_engine, owner, building_id).building.is_active
        assert _events(committed_engine)["building.changed"] == 2

    def test_a_change_is_taken_back_to_what_it_was(
        self, committed_engine: Engine, owner: Principal, tower_id: UUID
    ) -> None:
        changed = replace(TOWER, name="Harbour House", latitude=40.7, longitude=-74.0)
        receipt = buildings.change_building(committed_engine, owner, building_id=tower_id, facts=changed, now=NOW)
        assert BuildingFacts.of(_record(committed_engine, owner, tower_id).building) == changed
        actions.undo(committed_engine, owner, receipt, now=LATER)
        assert BuildingFacts.of(_record(committed_engine, owner, tower_id).building) == TOWER

    def test_it_goes_out_of_use_and_comes_back(
        self, committed_engine: Engine, owner: Principal, tower_id: UUID
    ) -> None:
        retired = replace(TOWER, is_active=False)
        receipt = buildings.change_building(committed_engine, owner, building_id=tower_id, facts=retired, now=NOW)
        assert receipt.text == "“Harbour Tower” is out of use."
        assert not _record(committed_engine, owner, tower_id).building.is_active
        actions.undo(committed_engine, owner, receipt, now=LATER)
        assert _record(committed_engine, owner, tower_id).building.is_active

    def test_what_somebody_changed_since_is_not_taken_back(
        self, committed_engine: Engine, owner: Principal, tower_id: UUID
    ) -> None:
        first, second = (replace(TOWER, name=name) for name in ("Harbour House", "Harbour Hall"))
        receipt = buildings.change_building(committed_engine, owner, building_id=tower_id, facts=first, now=NOW)
        buildings.change_building(committed_engine, owner, building_id=tower_id, facts=second, now=LATER)
        with pytest.raises(ConflictError, match="changed it since"):
            actions.undo(committed_engine, owner, receipt, now=LATER)
        assert BuildingFacts.of(_record(committed_engine, owner, tower_id).building) == second

    @pytest.mark.parametrize(
        "facts",
        [
            replace(TOWER, name="  "),
            replace(TOWER, latitude=40.7),
            replace(TOWER, latitude=91.0, longitude=0.0),
            replace(TOWER, timezone="Harbour time"),
        ],
    )
    def test_what_cannot_stand_is_refused(
        self, committed_engine: Engine, owner: Principal, owner_id: UUID, facts: BuildingFacts
    ) -> None:
        with pytest.raises(InvalidInputError):
            buildings.add_building(committed_engine, owner, organization_id=owner_id, facts=facts, now=NOW)
        assert "building.changed" not in _events(committed_engine)

    def test_a_register_number_is_given_once(
        self, committed_engine: Engine, owner: Principal, owner_id: UUID, tower_id: UUID
    ) -> None:
        with pytest.raises(ConflictError, match="1000001"):
            buildings.add_building(committed_engine, owner, organization_id=owner_id, facts=TOWER, now=NOW)

    def test_others_see_and_change_nothing(self, committed_engine: Engine, owner_id: UUID, tower_id: UUID) -> None:
        stranger = _of(committed_engine, _organization(committed_engine, "Southside Estates"))
        technician = _of(committed_engine, owner_id, Role.TECHNICIAN)
        for who in (stranger, technician):
            with pytest.raises(NotFoundError):
                _record(committed_engine, who, tower_id)
            with pytest.raises(NotFoundError):
                buildings.change_building(committed_engine, who, building_id=tower_id, facts=TOWER, now=NOW)
            with pytest.raises(NotAuthorizedError):
                buildings.add_building(committed_engine, who, organization_id=owner_id, facts=TOWER, now=NOW)
            with pytest.raises(NotFoundError):
                buildings.add_unit(committed_engine, who, building_id=tower_id, facts=LIFT, now=NOW)


@pytest.mark.requirement("OWN-02")
class TestUnit:
    def test_its_makers_spelling_is_read_as_imports_read_it(
        self, committed_engine: Engine, owner: Principal, tower_id: UUID
    ) -> None:
        buildings.add_unit(committed_engine, owner, building_id=tower_id, facts=LIFT, now=NOW)
        (unit,) = _record(committed_engine, owner, tower_id).units
        assert (unit.manufacturer_name, unit.manufacturer_text) == ("Otis", "OTIS ELEV CO")
        assert UnitFacts.of(unit) == LIFT

    def test_it_is_dismantled_when_taken_back_and_stays_on_record(
        self, committed_engine: Engine, owner: Principal, tower_id: UUID
    ) -> None:
        receipt = buildings.add_unit(committed_engine, owner, building_id=tower_id, facts=LIFT, now=NOW)
        actions.undo(committed_engine, owner, receipt, now=LATER)
        (unit,) = _record(committed_engine, owner, tower_id).units
        assert unit.status is EquipmentStatus.DISMANTLED

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"model": "Gen3", "manufacturer_text": "Kone"}, "“Lift 1” was changed."),
            ({"manufacturer_text": None}, "“Lift 1” was changed."),
            ({"status": EquipmentStatus.DISMANTLED}, "“Lift 1” is noted as dismantled."),
        ],
    )
    def test_a_change_is_taken_back_to_what_it_was(
        self, committed_engine: Engine, owner: Principal, tower_id: UUID, changes: dict[str, Any], said: str
    ) -> None:
        buildings.add_unit(committed_engine, owner, building_id=tower_id, facts=LIFT, now=NOW)
        (before,) = _record(committed_engine, owner, tower_id).units
        receipt = buildings.change_unit(
            committed_engine,
            owner,
            building_id=tower_id,
            equipment_id=before.equipment_id,
            facts=replace(LIFT, **changes),
            now=NOW,
        )
        assert receipt.text == said
        (changed,) = _record(committed_engine, owner, tower_id).units
        assert UnitFacts.of(changed) == replace(LIFT, **changes)
        actions.undo(committed_engine, owner, receipt, now=LATER)
        assert _record(committed_engine, owner, tower_id).units == [before]

    def test_a_unit_of_another_building_is_not_changed_through_this_one(
        self, committed_engine: Engine, owner: Principal, owner_id: UUID, tower_id: UUID
    ) -> None:
        plaza = replace(TOWER, name="Market Plaza", register_id=None)
        _, plaza_id = buildings.add_building(committed_engine, owner, organization_id=owner_id, facts=plaza, now=NOW)
        buildings.add_unit(committed_engine, owner, building_id=tower_id, facts=LIFT, now=NOW)
        (unit,) = _record(committed_engine, owner, tower_id).units
        with pytest.raises(ConflictError):
            buildings.change_unit(
                committed_engine,
                owner,
                building_id=plaza_id,
                equipment_id=unit.equipment_id,
                facts=replace(LIFT, name="Lift 9"),
                now=NOW,
            )


class TestFromThePage:
    def test_without_the_database_the_figures_stay_and_nothing_can_be_changed(self, visit: Visit) -> None:
        app = visit.open("owner", "owner/building", building=str(owners.BUILDINGS[0]))
        assert "Uncovered: for 2 of 2 units" in texts(app)
        assert not [each for each in app.expander if each.label in {"Add a unit", "Change this building"}]

    def test_a_building_without_a_name_is_refused_in_words(self, visit: Visit) -> None:
        app = visit.open("owner", "owner/buildings")
        app.text_input(key="new_building_name").set_value("")
        app.button(key="new_building_save").click().run()
        assert app.error[0].value.startswith("Nothing was written.")

    @pytest.mark.requirement("OWN-02")
    def test_what_was_retired_is_brought_back_from_its_list(self, visit: Visit, committed_engine: Engine) -> None:
        """Without the receipt that would have undone it: somebody else retired it, some time ago."""
        with unit_of_work(committed_engine) as session:
            owner = builders.create_organization(session, OrganizationKind.BUILDING_OWNER, id=owners.OWNER)
            manager = builders.create_person(session, id=owners.OWNER_MANAGER)
            builders.create_membership(session, manager, owner, role=Role.BUILDING_OWNER)
        principal = principal_of("owner")
        _, building_id = buildings.add_building(
            committed_engine, principal, organization_id=owners.OWNER, facts=TOWER, now=NOW
        )
        buildings.add_unit(committed_engine, principal, building_id=building_id, facts=LIFT, now=NOW)
        (unit,) = _record(committed_engine, principal, building_id).units
        gone = replace(LIFT, status=EquipmentStatus.DISMANTLED)
        buildings.change_unit(
            committed_engine, principal, building_id=building_id, equipment_id=unit.equipment_id, facts=gone, now=NOW
        )
        visit.engine = committed_engine
        assert not [each for each in visit.open("owner", "owner/buildings").expander if "out of use" in each.label]
        retired = replace(TOWER, is_active=False)
        buildings.change_building(committed_engine, principal, building_id=building_id, facts=retired, now=NOW)
        app = visit.open("owner", "owner/buildings")
        assert [each.label for each in app.expander if "out of use" in each.label] == ["Buildings out of use (1)"]
        app.selectbox(key="retired_chosen").select_index(0).run()
        app.button(key="retired_restore").click().run()
        assert not app.exception
        assert "“Harbour Tower” is in use again." in texts(app)
        assert _record(committed_engine, principal, building_id).building.is_active
        app = visit.open("owner", "owner/building", building=str(building_id))
        assert not [each for each in app.expander if each.label == "Change a unit"]
        app.button(key=f"unit_restore_{unit.equipment_id}").click().run()
        assert "“Lift 1” is no longer dismantled." in texts(app)
        (found,) = _record(committed_engine, principal, building_id).units
        assert found.status is EquipmentStatus.ACTIVE
