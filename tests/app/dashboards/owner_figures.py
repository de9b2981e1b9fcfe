"""Rows of the building owners' marts for the hand-made figures: two owners, one of whom must never see the other.

The owner has four buildings: one whose two units are uncovered for one requirement, one covered, one where nothing is
required, and one without coordinates.
"""

from datetime import timedelta
from uuid import UUID

from tests.app.dashboards import release_fixture as figures

Row = dict[str, object]

OWNER, OTHER_OWNER = figures.fixed_id(30, 0), figures.fixed_id(30, 1)
OWNER_MANAGER, OTHER_OWNER_MANAGER = figures.fixed_id(31, 0), figures.fixed_id(31, 1)
BUILDINGS = [figures.fixed_id(32, n) for n in range(4)]
OTHER_BUILDING = figures.fixed_id(32, 9)
UNITS = [figures.fixed_id(33, n) for n in range(5)]
OTHER_UNIT = figures.fixed_id(33, 9)
MAKER = figures.fixed_id(34, 0)
RULE, TYPE_RULE = figures.fixed_id(35, 0), figures.fixed_id(35, 1)
CONTRACT, OTHER_CONTRACT = figures.fixed_id(36, 0), figures.fixed_id(36, 1)
VISIT_ON = figures.TODAY + timedelta(days=6)

_UNCOVERED, _COVERED, _OPEN, _UNPLACED = range(4)
_NAMES = ("Harbour Tower", "Market Plaza", "Old Arcade", "Station Works")


def organizations() -> list[Row]:
    """The owners as the release knows them."""
    names = ((OWNER, "Northside Estates"), (OTHER_OWNER, "Southside Estates"))
    return [
        {
            "organization_id": i,
            "name": n,
            "kind": "building_owner",
            "region": "NY",
            "timezone": "UTC",
            "is_simulated": True,
        }
        for i, n in names
    ]


def people() -> list[Row]:
    """Who looks after the owners' buildings."""
    return [
        {"person_id": p, "display_name": figures.name_of(p), "is_simulated": True, "timezone": "America/New_York"}
        for p in (OWNER_MANAGER, OTHER_OWNER_MANAGER)
    ]


def _building(number: int, building: UUID, owner: UUID, name: str, units: int) -> Row:
    has_place = number != _UNPLACED
    return {
        "building_id": building,
        "owner_id": owner,
        "name": name,
        "city": "New York",
        "district": "Harbour" if number == _UNCOVERED else "Market",
        "register_id": f"10000{number}",
        "latitude": 40.7 + number / 100 if has_place else None,
        "longitude": -74.0 + number / 100 if has_place else None,
        "timezone": "America/New_York",
        "is_active": True,
        "unit_count": units,
        "active_unit_count": units,
    }


def _unit(number: int, unit: UUID, building: UUID, owner: UUID) -> Row:
    return {
        "equipment_id": unit,
        "building_id": building,
        "owner_id": owner,
        "name": f"Elevator {number + 1}",
        "equipment_type": "escalator" if number == 4 else "passenger_elevator",
        "manufacturer_id": MAKER,
        "model": "M1",
        "register_id": f"1P{number}",
        "status": "active",
        "installed_on": None,
        "inspected_on": figures.TODAY - timedelta(days=30 + number),
    }


def _coverage(
    owner: UUID,
    building: UUID,
    unit: UUID,
    *,
    is_covered: bool,
    rule: UUID = RULE,
    expires_before_visit: int = 0,
    mode: str = "enforce",
) -> Row:
    return {
        "owner_id": owner,
        "building_id": building,
        "equipment_id": unit,
        "rule_id": rule,
        "mode": mode,
        "is_covered": is_covered,
        "contractor_count": 1,
        "qualified_count": 2 if is_covered else 0,
        "is_one_deep": False,
        "next_visit_on": VISIT_ON if building == BUILDINGS[_UNCOVERED] else None,
        "is_covered_on_visit": is_covered,
        "expires_before_visit_count": expires_before_visit,
        "leaf_index": 31000,
    }


def rows_of_owners() -> dict[str, list[Row]]:
    """Rows by mart, in the marts' own columns."""
    of_units = (_UNCOVERED, _UNCOVERED, _COVERED, _OPEN, _UNPLACED)
    units = [_unit(n, unit, BUILDINGS[of_units[n]], OWNER) for n, unit in enumerate(UNITS)]
    counts = [of_units.count(number) for number in range(4)]
    buildings = [_building(n, building, OWNER, _NAMES[n], counts[n]) for n, building in enumerate(BUILDINGS)]
    return {
        "dim_building": [*buildings, _building(9, OTHER_BUILDING, OTHER_OWNER, "Elsewhere House", 1)],
        "dim_equipment": [*units, _unit(9, OTHER_UNIT, OTHER_BUILDING, OTHER_OWNER)],
        "dim_manufacturer": [{"manufacturer_id": MAKER, "name": "Otis", "is_maker": True}],
        "dim_service_contract": [
            _contract(CONTRACT, OWNER, figures.COMPANY),
            _contract(OTHER_CONTRACT, OTHER_OWNER, figures.OTHER_COMPANY),
        ],
        "owner_requirement_coverage": [
            _coverage(OWNER, BUILDINGS[_UNCOVERED], UNITS[0], is_covered=False, expires_before_visit=1),
            _coverage(OWNER, BUILDINGS[_UNCOVERED], UNITS[0], is_covered=True, rule=TYPE_RULE),
            _coverage(OWNER, BUILDINGS[_UNCOVERED], UNITS[1], is_covered=False),
            _coverage(OWNER, BUILDINGS[_COVERED], UNITS[2], is_covered=True),
            _coverage(OWNER, BUILDINGS[_UNPLACED], UNITS[4], is_covered=True),
            # Only tried out: it leaves the building covered.
            _coverage(OWNER, BUILDINGS[_COVERED], UNITS[2], is_covered=False, rule=TYPE_RULE, mode="dry_run"),
            _coverage(OTHER_OWNER, OTHER_BUILDING, OTHER_UNIT, is_covered=False),
        ],
        "contractor_scorecard": [
            _card(OWNER, figures.COMPANY, covered=4, asked=6, hours=18.0, quantile=0.8, one_deep=1),
            _card(OTHER_OWNER, figures.OTHER_COMPANY, covered=1, asked=1, hours=4.0, quantile=None, one_deep=0),
        ],
        "contractor_requirement_coverage": [
            _answer(RULE, is_covered=False, qualified=0, units=2),
            _answer(TYPE_RULE, is_covered=True, qualified=1, units=1),
        ],
        "fct_visit": [
            {
                "visit_id": figures.fixed_id(37, 0),
                "owner_id": OWNER,
                "contractor_id": figures.COMPANY,
                "contract_id": CONTRACT,
                "building_id": BUILDINGS[_UNCOVERED],
                "equipment_id": None,
                "planned_on": VISIT_ON,
                "status": "planned",
                "crew_size": 0,
                "is_ahead": True,
                "leaf_index": 4711,
            }
        ],
    }


def _card(
    owner: UUID, contractor: UUID, *, covered: int, asked: int, hours: float, quantile: float | None, one_deep: int
) -> Row:
    figures_of = ("requirement_coverage", "certificates_in_date_rate", "training_hours_per_technician")
    spend = "training_spend_per_technician"
    return {
        "owner_id": owner,
        "contractor_id": contractor,
        "technician_count": 22,
        "requirement_count": asked,
        "covered_count": covered,
        "requirement_coverage": covered / asked,
        "certificates_in_date_rate": 0.9,
        "one_deep_count": one_deep,
        "expiring_before_visit_count": 2,
        "training_hours_per_technician": hours,
        "training_spend_per_technician": 250.0,
        "currency": "USD",
        **{f"trend_{name}": -0.05 for name in (*figures_of, spend)},
        **{f"quantile_{name}": quantile for name in (*figures_of, spend)},
    }


def _answer(rule: UUID, *, is_covered: bool, qualified: int, units: int) -> Row:
    return {
        "owner_id": OWNER,
        "contractor_id": figures.COMPANY,
        "rule_id": rule,
        "unit_count": units,
        "is_covered": is_covered,
        "covered_until": figures.TODAY + timedelta(days=90) if is_covered else None,
        "qualified_count": qualified,
        "is_one_deep": qualified == 1,
        "next_visit_on": VISIT_ON,
        "expires_before_visit_count": 0,
        "leaf_index": 32000,
    }


def _contract(contract: UUID, owner: UUID, contractor: UUID) -> Row:
    return {
        "contract_id": contract,
        "owner_id": owner,
        "contractor_id": contractor,
        "building_id": None,
        "started_on": figures.month(20),
        "ended_on": None,
        "is_current": True,
    }
