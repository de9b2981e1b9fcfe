"""The row of crew checks: twenty people against fifty units of one building, on record before the answer.

Beside a register of buildings, units and certificates that has nothing to do with the question.
"""

import time
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Engine, text

from operational_db.database import unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.owners import contracts, crew, crew_rules
from operational_db.tables.credentials import Certification
from operational_db.tables.identity import Organization
from operational_db.tables.owners import Building, Equipment
from operational_db.types import (
    CertificationCategory,
    CertificationSource,
    CrewRuleTarget,
    EquipmentType,
    OrganizationKind,
    new_id,
)
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Detail, Figure, Row

WHAT = {"crew_check": "crew check of 20 people against 50 units under 5 rules, recorded"}
LIMIT_MS = 300.0
PEOPLE, UNITS, KINDS = 20, 50, 5

_PEOPLE = """
insert into people (id, display_name) select gen_random_uuid(), 'Person ' || n from generate_series(1, :count) as n
"""
_MEMBERS = """
insert into memberships (id, person_id, organization_id, role, started_on)
select gen_random_uuid(), id, :organization, 'technician', '2020-01-01'
from (select id from people order by id limit :count) as chosen
"""
# Three certificates in a line for everybody and every kind, so that histories are looked through.
_CERTIFICATES = """
insert into certificates (
    id, person_id, certification_id, issued_on, expires_on, first_earned_on, verification_status, earned_through,
    created_at
)
select gen_random_uuid(), people.id, kind.id,
    cast(:on as date) - 100 - 365 * turn, cast(:on as date) + 200 - 365 * turn,
    cast(:on as date) - 1095, 'verified', 'sitesync_course', cast(:on as date) - 100 - 365 * turn
from people, certification_registry as kind, generate_series(0, 2) as turn
"""


@dataclass(frozen=True)
class _Filled:
    engine: Engine
    unit_ids: list[UUID]
    person_ids: list[UUID]
    work_on: date


def measure_crew_check(bench: Bench) -> Row:
    """The whole of it: who may ask, look-up, decision, record, commit, names."""
    filled = _fill(bench)
    times = [_timed(bench, filled) * 1e3 for _ in range(bench.effort.crew_check_count + 1)][1:]
    details: dict[str, Detail] = {"certificate_count": bench.effort.crew_certificate_count, "check_count": len(times)}
    return Row("crew_check", WHAT["crew_check"], (Figure("", "ms", tuple(times), LIMIT_MS),), details=details)


def _timed(bench: Bench, filled: _Filled) -> float:
    started = time.perf_counter()
    (answer,) = crew.check_crews(
        filled.engine,
        SYSTEM_PRINCIPAL,
        equipment_ids=filled.unit_ids,
        person_ids=filled.person_ids,
        work_on=filled.work_on,
        now=bench.now,
    )
    elapsed = time.perf_counter() - started
    assert answer.is_qualified
    assert (len(answer.people), len(answer.units)) == (PEOPLE, UNITS)
    return elapsed


def _fill(bench: Bench) -> _Filled:
    count = bench.effort.crew_certificate_count
    bench.say(f"Filling an installation with {count:,} certificates and a building of {UNITS} units …")
    engine = bench.new_installation("crews").engine
    today = bench.now.date()
    owner_id, contractor_id, building_id = new_id(), new_id(), new_id()
    with unit_of_work(engine) as session:
        session.add_all(
            [
                Organization(id=owner_id, name="Owner", slug="crew-owner", kind=OrganizationKind.BUILDING_OWNER),
                Organization(
                    id=contractor_id, name="Hoists", slug="crew-hoists", kind=OrganizationKind.SERVICE_COMPANY
                ),
            ]
        )
        session.flush()
        session.add(Building(id=building_id, organization_id=owner_id, name="Tower"))
        session.flush()
        unit_ids = [new_id() for _ in range(UNITS)]
        session.add_all(
            [
                Equipment(
                    id=unit_id,
                    building_id=building_id,
                    name=f"Lift {number}",
                    equipment_type=list(EquipmentType)[number % 3],
                    model=f"Model {number % 5}",
                )
                for number, unit_id in enumerate(unit_ids)
            ]
        )
        kinds = [_kind(number) for number in range(KINDS)]
        session.add_all(kinds)
        session.flush()
        session.execute(text(_PEOPLE), {"count": max(PEOPLE, count // (3 * KINDS))})
        session.execute(text(_MEMBERS), {"organization": contractor_id, "count": 5 * PEOPLE})
        session.execute(text(_CERTIFICATES), {"on": today})
        contracts.start_contract(
            session,
            SYSTEM_PRINCIPAL,
            owner_id=owner_id,
            contractor_id=contractor_id,
            started_on=today - timedelta(days=9),
            now=bench.now,
        )
        for kind, (target, key) in zip(kinds, _targets(building_id, unit_ids[0]), strict=True):
            crew_rules.set_crew_rule(
                session,
                SYSTEM_PRINCIPAL,
                organization_id=owner_id,
                target=target,
                target_key=key,
                requirement={"at_least": 3, "of_crew": {"certification": str(kind.id)}},
                now=bench.now,
            )
        members = text("select person_id from memberships where organization_id = :id order by person_id limit :count")
        person_ids = list(session.scalars(members, {"id": contractor_id, "count": PEOPLE}))
    with unit_of_work(engine) as session:
        session.execute(text("analyze"))
    return _Filled(engine, unit_ids, person_ids, today + timedelta(days=1))


def _kind(number: int) -> Certification:
    return Certification(
        id=new_id(),
        name=f"Kind {number}",
        code=f"crew-kind-{number}",
        source=CertificationSource.SITESYNC,
        issuing_organization="SiteSync",
        category=CertificationCategory.SAFETY,
    )


def _targets(building_id: UUID, unit_id: UUID) -> list[tuple[CrewRuleTarget, str | UUID]]:
    return [
        (CrewRuleTarget.OWNER, ""),
        (CrewRuleTarget.BUILDING, building_id),
        (CrewRuleTarget.EQUIPMENT_TYPE, EquipmentType.PASSENGER_ELEVATOR),
        (CrewRuleTarget.MODEL, "Model 1"),
        (CrewRuleTarget.UNIT, unit_id),
    ]
