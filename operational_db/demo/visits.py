"""Visits of contractors in the demo, and the checks of crews that owners made before them.

Answers are those of `gates.crew.decide_crew` on what was known when it was asked, recorded as the crew check records
them, so that they replay byte for byte.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from operational_db.demo.batch import Batch
from operational_db.demo.buildings import DemoBuilding, DemoContract, DemoEstate, DemoUnit
from operational_db.demo.chance import Chance
from operational_db.demo.holdings import Holdings
from operational_db.demo.industry import DemoPerson, Industry, at_nine
from operational_db.gates.crew import CrewFacts, CrewPerson, CrewUnit, decide_crew, to_disclosed
from operational_db.gates.crew_audit import to_event
from operational_db.ledger.events import VisitPlanned, VisitSettled
from operational_db.owners.rules import rules_in_effect
from operational_db.tables.owners import Visit, VisitPerson
from operational_db.types import VisitStatus

PURPOSES = ("Monthly maintenance", "Periodic test", "Door adjustment", "Repair after a callback", "Inspection visit")
# Days for which visits are planned ahead.
PLANNED_AHEAD_DAYS = 75
CHECKED_SHARE = 0.35


class VisitBuilder:
    """Draws every contract's visits from its first day on and, for some of them, the check of the crew."""

    def __init__(self, chance: Chance, batch: Batch, industry: Industry, holdings: Holdings, now: datetime) -> None:
        self.chance = chance
        self.batch = batch
        self.today = industry.today
        self.holdings = holdings
        self.now = now

    def live(self, estate: DemoEstate) -> None:
        """All visits to one owner's buildings."""
        for contract in estate.contracts:
            trade = contract.company.trade
            places = [
                (building, unit)
                for building in estate.buildings
                if contract.building_id in {None, building.id}
                for unit in building.units
                if unit.trade == trade
            ]
            last = min(contract.ended_on or date.max, self.today + timedelta(days=PLANNED_AHEAD_DAYS))
            day = contract.started_on + timedelta(days=self.chance.randrange(5, 40))
            while places and day <= last:
                building, unit = self.chance.choice(places)
                self._visit(estate, contract, building, unit, day)
                day += timedelta(days=self.chance.randrange(9, 34))

    def _visit(
        self, estate: DemoEstate, contract: DemoContract, building: DemoBuilding, unit: DemoUnit, day: date
    ) -> None:
        chance = self.chance
        planned_at = chance.during_work(min(day, self.today) - timedelta(days=chance.randrange(4, 40)))
        planned_at = max(planned_at, at_nine(contract.started_on))
        settled_at = at_nine(day) + timedelta(hours=chance.randrange(1, 8))
        visit_id = chance.new_id(planned_at)
        equipment_id = unit.unit.id if chance.happens(0.8) else None
        crew = self._crew(contract, day) if chance.happens(0.6) else []
        status = VisitStatus.PLANNED
        if settled_at < self.now:
            status = VisitStatus.DONE if chance.happens(0.93) else VisitStatus.CANCELLED
        self.batch.add(
            Visit,
            visit_id,
            contract.id,
            building.id,
            equipment_id,
            day,
            status,
            chance.choice(PURPOSES),
            None if status is VisitStatus.PLANNED else settled_at,
        )
        for person in crew:
            self.batch.add(VisitPerson, visit_id, person.id)
        self.batch.events.append(
            VisitPlanned(
                subject_id=None,
                organization_id=estate.owner.id,
                occurred_at=planned_at,
                visit_id=visit_id,
                contract_id=contract.id,
                contractor_id=contract.company.id,
                building_id=building.id,
                equipment_id=equipment_id,
                planned_on=day,
                crew_size=len(crew),
            )
        )
        if status is not VisitStatus.PLANNED:
            self.batch.events.append(
                VisitSettled(
                    subject_id=None,
                    organization_id=estate.owner.id,
                    occurred_at=settled_at,
                    visit_id=visit_id,
                    contractor_id=contract.company.id,
                    is_done=status is VisitStatus.DONE,
                )
            )
        asked_at = max(planned_at, chance.during_work(min(day, self.today) - timedelta(days=chance.randrange(1, 4))))
        if chance.happens(CHECKED_SHARE) and asked_at < min(self.now, settled_at):
            units = [unit.unit] if equipment_id is not None else [each.unit for each in building.units]
            self._check(estate, contract, building, units, crew, visit_id, day, asked_at)

    def _crew(self, contract: DemoContract, day: date) -> list[DemoPerson]:
        there = _technicians_on(contract, min(day, self.today))
        return self.chance.some(there, self.chance.choice((1, 2, 2, 3)))

    def _check(
        self,
        estate: DemoEstate,
        contract: DemoContract,
        building: DemoBuilding,
        units: Sequence[CrewUnit],
        crew: Sequence[DemoPerson],
        visit_id: UUID,
        day: date,
        at: datetime,
    ) -> None:
        """One question about the crew that was named, or about the contractor's people."""
        in_effect = rules_in_effect(estate.rules, day, known_at=at)
        terms = [each for each in in_effect if any(each.applies_to(building.id, unit) for unit in units)]
        people = crew or _technicians_on(contract, at.date())
        facts = CrewFacts(
            organization_id=estate.owner.id,
            building_id=building.id,
            work_on=day,
            known_at=at,
            units=tuple(units),
            people=tuple(CrewPerson(each.id, self.holdings.known(each.id, at)) for each in people),
            contractor_id=contract.company.id,
            visit_id=visit_id,
            is_whole_building=len(units) > 1,
            is_crew_named=bool(crew),
        )
        disclosed = to_disclosed(terms, facts)
        decision = replace(decide_crew(terms, disclosed, at), decision_id=self.chance.new_id(at))
        self.batch.events.append(to_event(decision, terms, disclosed, asked_by_id=estate.owner.person_id))


def _technicians_on(contract: DemoContract, day: date) -> list[DemoPerson]:
    return [
        each
        for each in contract.company.people
        if each.started_on <= day and (each.ended_on is None or each.ended_on > day)
    ]
