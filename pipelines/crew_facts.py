"""Which rules of owners their contractors meet, computed from the landed entries by the crew check's own rules.

Contracts and units are dimensions, as the landing holds them; visits, certificates, memberships and rules come from the
ledger. No model of the warehouse has a part in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl

from operational_db.credentials.rules import CertificateFacts
from operational_db.gates.crew import CrewFacts, CrewPerson, CrewTerms, CrewUnit, decide_crew
from operational_db.gates.crew_documents import terms_from_event
from operational_db.owners.rules import RuleVersion, rules_in_effect
from operational_db.types import EquipmentType, Role
from pipelines.ledger_facts import MEMBERSHIPS, Entry, LandedEntries, OrganizationsOnRecord

CREW_RULES = ("crew.rule_set", "crew.rule_ended")
VISITS = ("visit.planned", "visit.settled")
CERTIFICATES = (
    "certificate.issued", "certificate.renewed", "certificate.verified", "certificate.revoked",
    "certificate.withdrawn",
)  # fmt: skip
# Owner, contractor, rule, and whether it is met.
CrewFigures = dict[tuple[str, ...], int]
Row = Mapping[str, Any]  # Any: a dimension's columns are of many types


@dataclass(frozen=True)
class Estates:
    """Units by building, and for each owner and contractor the units it services today."""

    building_of: Mapping[UUID, UUID]
    units: Mapping[UUID, CrewUnit]
    serviced: Mapping[tuple[UUID, UUID], tuple[UUID, ...]]

    @property
    def contractors(self) -> frozenset[str]:
        return frozenset(str(contractor) for _, contractor in self.serviced)


def read_estates(dimensions: Path, visits: Iterable[Entry], on: date) -> Estates:
    """The estates of a day; a contractor that had visits to units comes for units of those kinds only."""
    rows = {
        name: pl.read_parquet(dimensions / f"{name}.parquet").to_dicts()
        for name in ("buildings", "equipment", "service_contracts")
    }
    owner_of = {row["building_id"]: row["owner_id"] for row in rows["buildings"] if row["is_active"]}
    kind_of = {row["equipment_id"]: row["equipment_type"] for row in rows["equipment"]}
    active = [row for row in rows["equipment"] if row["status"] == "active" and row["building_id"] in owner_of]
    contracts = {row["contract_id"]: row for row in rows["service_contracts"]}
    kinds: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (owner, contractor), unit in visited_units(visits):
        kinds[owner, contractor].add(kind_of[unit])
    serviced: dict[tuple[UUID, UUID], set[UUID]] = defaultdict(set)
    for contract in contracts.values():
        if contract["started_on"] > on or (contract["ended_on"] is not None and contract["ended_on"] < on):
            continue
        pair = (contract["owner_id"], contract["contractor_id"])
        for row in active:
            is_there = owner_of[row["building_id"]] == pair[0]
            is_meant = contract["building_id"] in (None, row["building_id"])
            if is_there and is_meant and (pair not in kinds or row["equipment_type"] in kinds[pair]):
                serviced[UUID(pair[0]), UUID(pair[1])].add(UUID(row["equipment_id"]))
    return Estates(
        {UUID(row["equipment_id"]): UUID(row["building_id"]) for row in active},
        {UUID(row["equipment_id"]): _unit(row) for row in active},
        {pair: tuple(sorted(units)) for pair, units in serviced.items()},
    )


def visited_units(visits: Iterable[Entry]) -> Iterator[tuple[tuple[str, str], str]]:
    """Owner and contractor, and the unit of each visit to one that was not called off."""
    plans: dict[str, Entry] = {}
    called_off: set[str] = set()
    for entry in visits:
        visit = entry.body["visit_id"]
        if entry.kind == "visit.planned":
            plans[visit] = entry
        elif entry.body["is_done"]:
            called_off.discard(visit)
        else:
            called_off.add(visit)
    for visit, entry in plans.items():
        unit = entry.body.get("equipment_id")
        if unit is not None and visit not in called_off:
            yield (str(entry.organization), entry.body["contractor_id"]), unit


def _unit(row: Row) -> CrewUnit:
    maker = row["manufacturer_id"]
    kind = EquipmentType(row["equipment_type"])
    return CrewUnit(UUID(row["equipment_id"]), kind, None if maker is None else UUID(maker), row["model"])


def crew_rules_on(entries: Iterable[Entry], on: date) -> list[CrewTerms]:
    """The crew rules in effect on a day, as the entries tell of them."""
    ends: dict[str, date] = {}
    versions: list[tuple[CrewTerms, datetime]] = []
    for entry in entries:
        if entry.kind == "crew.rule_ended":
            ends[entry.body["rule_id"]] = date.fromisoformat(entry.body["ended_on"])
        elif entry.organization is not None:
            versions.append((terms_from_event(entry.body, entry.organization), entry.occurred_at))
    return rules_in_effect([RuleVersion(terms, at, ends.get(str(terms.rule_id))) for terms, at in versions], on)


def technicians_of(entries: LandedEntries, contractors: frozenset[str], on: date) -> dict[UUID, list[CrewPerson]]:
    """Each contractor's technicians of a day with their certificates."""
    record = OrganizationsOnRecord({})
    for entry in entries.read(MEMBERSHIPS, organizations=contractors):
        record.take(entry)
    members: dict[UUID, set[UUID]] = defaultdict(set)
    for key, entry in record.memberships.items():
        membership = record.membership(key, entry)
        if membership.role is Role.TECHNICIAN and membership.is_open_on(on) and entry.organization is not None:
            members[entry.organization].add(membership.person_id)
    for entry in entries.read(CERTIFICATES, people={str(person) for people in members.values() for person in people}):
        record.take(entry)
    held: dict[UUID, list[CertificateFacts]] = defaultdict(list)
    for facts in record.certificate_facts():
        held[facts.person_id].append(facts)
    return {
        organization: [CrewPerson(person, tuple(held.get(person, ()))) for person in sorted(people)]
        for organization, people in members.items()
    }


def crew_figures(entries: LandedEntries, dimensions: Path, on: date) -> CrewFigures:
    """For each rule, how many units it applies to of those a contractor services, by whether its people meet it."""
    estates = read_estates(dimensions, entries.read(VISITS), on)
    rules = crew_rules_on(entries.read(CREW_RULES), on)
    people = technicians_of(entries, estates.contractors, on) if rules else {}
    now = datetime.combine(on, datetime.max.time(), UTC)
    figures: CrewFigures = {}
    for (owner, contractor), units in estates.serviced.items():
        for terms in rules:
            asked = [
                unit
                for unit in units
                if terms.organization_id == owner and terms.applies_to(estates.building_of[unit], estates.units[unit])
            ]
            if not asked:
                continue
            facts = CrewFacts(
                organization_id=owner,
                building_id=estates.building_of[asked[0]],
                work_on=on,
                known_at=now,
                units=(estates.units[asked[0]],),
                people=tuple(people.get(contractor, ())),
                contractor_id=contractor,
            )
            is_met = decide_crew([terms], facts, now).rules[0].is_met
            figures[str(owner), str(contractor), str(terms.rule_id), str(is_met).lower()] = len(asked)
    return figures
