"""What the demo's building owners have: buildings in well-known cities, units in them, contracts and crew rules.

Names and addresses are made up; coordinates lie within a few kilometres of a city's middle. Visits and checks of crews
are in `visits`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from operational_db.demo.batch import Batch
from operational_db.demo.catalogue import MANUFACTURER_MODELS
from operational_db.demo.chance import Chance
from operational_db.demo.industry import FIRST_SYLLABLES, LAST_SYLLABLES, DemoCompany, DemoOwner, Industry, at_nine
from operational_db.gates.crew import CrewTerms, CrewUnit, model_key
from operational_db.gates.crew_requirements import requirement_from, to_document
from operational_db.ledger.canonical import document_text
from operational_db.ledger.events import CrewRuleEnded, CrewRuleSet, ServiceContractEnded, ServiceContractStarted
from operational_db.owners.rules import RuleVersion
from operational_db.tables.owners import Building, CrewRule, Equipment, Manufacturer, ServiceContract
from operational_db.types import CrewRuleTarget, EquipmentStatus, EquipmentType, GateMode

# (city, latitude, longitude, time zone)
CITIES = (
    ("New York", 40.742, -73.988, "America/New_York"),
    ("Boston", 42.356, -71.062, "America/New_York"),
    ("Philadelphia", 39.953, -75.163, "America/New_York"),
    ("Chicago", 41.881, -87.632, "America/Chicago"),
    ("Houston", 29.758, -95.367, "America/Chicago"),
    ("Denver", 39.744, -104.990, "America/Denver"),
    ("Seattle", 47.607, -122.335, "America/Los_Angeles"),
    ("Toronto", 43.649, -79.383, "America/Toronto"),
)
DISTRICTS = ("Old Town", "Harbour", "Station", "Market", "Riverside", "University")
BUILDING_WORDS = ("Tower", "House", "Court", "Plaza", "Exchange", "Works", "Gardens", "Arcade")
STREET_WORDS = ("Street", "Avenue", "Lane", "Row")
# Kinds of units by trade, each with how often it comes.
UNIT_KINDS: dict[str, tuple[tuple[EquipmentType, int, str], ...]] = {
    "elevators": (
        (EquipmentType.PASSENGER_ELEVATOR, 6, "Elevator"),
        (EquipmentType.FREIGHT_ELEVATOR, 2, "Freight elevator"),
        (EquipmentType.ESCALATOR, 1, "Escalator"),
        (EquipmentType.ACCESSIBILITY_LIFT, 1, "Platform lift"),
    ),
    "hvac": ((EquipmentType.HVAC_UNIT, 1, "Air handler"),),
    "electrical": ((EquipmentType.ELECTRICAL_INSTALLATION, 1, "Main board"),),
}
TRADE_SHARES = {"elevators": 0.6, "hvac": 0.25, "electrical": 0.15}


@dataclass(frozen=True, slots=True)
class DemoUnit:
    trade: str
    unit: CrewUnit
    manufacturer: str


@dataclass(slots=True)
class DemoBuilding:
    id: UUID
    name: str
    units: list[DemoUnit] = field(default_factory=list)


@dataclass(slots=True)
class DemoContract:
    """`building_id` None: all of the owner's buildings; `ended_on` is the last day."""

    id: UUID
    company: DemoCompany
    building_id: UUID | None
    started_on: date
    ended_on: date | None


@dataclass(slots=True)
class DemoEstate:
    """One owner with all that belongs to it."""

    owner: DemoOwner
    buildings: list[DemoBuilding] = field(default_factory=list)
    contracts: list[DemoContract] = field(default_factory=list)
    rules: list[RuleVersion] = field(default_factory=list)


class EstateBuilder:
    """Draws the owners' buildings, contracts and rules; everything is there from the first day or soon after."""

    def __init__(self, chance: Chance, batch: Batch, industry: Industry) -> None:
        self.chance = chance
        self.batch = batch
        self.industry = industry
        self.manufacturer_ids: dict[str, UUID] = {}
        self._names: set[str] = set()

    def build(self) -> list[DemoEstate]:
        """Every owner's estate, in the order of the owners."""
        start = at_nine(self.industry.start)
        for name in MANUFACTURER_MODELS:
            self.manufacturer_ids[name] = self.chance.new_id(start)
            self.batch.add(Manufacturer, self.manufacturer_ids[name], name, True)
        return [self._estate(owner, index) for index, owner in enumerate(self.industry.owners)]

    def _estate(self, owner: DemoOwner, index: int) -> DemoEstate:
        estate = DemoEstate(owner)
        for number in range(self.chance.randrange(4, 9)):
            # Most owners stay in one city; every third building lies in the next.
            city = CITIES[(index + (number % 3 == 2)) % len(CITIES)]
            self._add_building(estate, city)
        for trade in TRADE_SHARES:
            self._contract(estate, trade)
        self._set_rules(estate)
        return estate

    def _name(self) -> str:
        while True:
            place = f"{self.chance.choice(FIRST_SYLLABLES)}{self.chance.choice(LAST_SYLLABLES)}"
            name = f"{place} {self.chance.choice(BUILDING_WORDS)}"
            if name not in self._names:
                self._names.add(name)
                return name

    def _add_building(self, estate: DemoEstate, city: tuple[str, float, float, str]) -> None:
        chance = self.chance
        name, latitude, longitude, timezone = city
        building = DemoBuilding(chance.new_id(at_nine(self.industry.start)), self._name())
        street = f"{chance.choice(FIRST_SYLLABLES)}{chance.choice(LAST_SYLLABLES)} {chance.choice(STREET_WORDS)}"
        self.batch.add(
            Building,
            building.id,
            estate.owner.id,
            building.name,
            f"{chance.randrange(1, 400)} {street}",
            name,
            chance.choice(DISTRICTS),
            None,
            f"SIM-{len(self.batch.rows[Building]) + 1:04d}",
            round(latitude + chance.uniform(-0.03, 0.03), 5),
            round(longitude + chance.uniform(-0.04, 0.04), 5),
            timezone,
        )
        counts: dict[str, int] = {}
        for _ in range(chance.whole(9, low=4, high=18, sigma=0.45)):
            trade = chance.choices(tuple(TRADE_SHARES), tuple(TRADE_SHARES.values()))[0]
            self._add_unit(building, trade, counts)
        estate.buildings.append(building)

    def _add_unit(self, building: DemoBuilding, trade: str, counts: dict[str, int]) -> None:
        chance, today = self.chance, self.industry.today
        kinds = UNIT_KINDS[trade]
        kind, _, word = chance.choices(kinds, [weight for _, weight, _ in kinds])[0]
        makers = [name for name, (of_trade, _) in MANUFACTURER_MODELS.items() if of_trade == trade]
        maker = chance.choice(makers)
        model = chance.choice(MANUFACTURER_MODELS[maker][1])
        counts[word] = counts.get(word, 0) + 1
        unit_id = chance.new_id(at_nine(self.industry.start))
        status = EquipmentStatus.DISMANTLED if chance.happens(0.03) else EquipmentStatus.ACTIVE
        self.batch.add(
            Equipment,
            unit_id,
            building.id,
            f"{word} {counts[word]}",
            kind,
            self.manufacturer_ids[maker],
            maker,
            model,
            f"SIM-U{len(self.batch.rows[Equipment]) + 1:05d}",
            status,
            today - timedelta(days=chance.randrange(900, 12_000)),
            today - timedelta(days=chance.randrange(10, 400)),
        )
        if status is EquipmentStatus.ACTIVE:
            unit = CrewUnit(unit_id, kind, self.manufacturer_ids[maker], model)
            building.units.append(DemoUnit(trade, unit, maker))

    # Contracts

    def _contract(self, estate: DemoEstate, trade: str) -> None:
        """One contractor for all buildings, and mostly another for one of them; a former one has left."""
        chance, industry = self.chance, self.industry
        there = [c for c in industry.companies if c.trade == trade and c.joined_on <= industry.start + timedelta(60)]
        # The smaller half: where few people serve a building, one who leaves is missed.
        there.sort(key=lambda company: len(company.people))
        companies = chance.some(there[: max(3, len(there) // 2)], 3)
        first = industry.start + timedelta(days=chance.randrange(70, 130))
        # A small industry has fewer companies of the trade, or none.
        if companies:
            self._add_contract(estate, companies[0], None, first, None)
        if chance.happens(0.6) and len(companies) > 1:
            building = chance.choice(estate.buildings)
            self._add_contract(
                estate, companies[1], building.id, first + timedelta(days=chance.randrange(20, 300)), None
            )
        if chance.happens(0.4) and len(companies) > 2:
            ended_on = first + timedelta(days=chance.randrange(150, 500))
            self._add_contract(estate, companies[2], None, first, ended_on)

    def _add_contract(
        self, estate: DemoEstate, company: DemoCompany, building_id: UUID | None, first: date, last: date | None
    ) -> None:
        at = at_nine(first)
        contract = DemoContract(self.chance.new_id(at), company, building_id, first, last)
        estate.contracts.append(contract)
        self.batch.add(ServiceContract, contract.id, estate.owner.id, company.id, building_id, first, last, at, at)
        self.batch.events.append(
            ServiceContractStarted(
                subject_id=None,
                organization_id=estate.owner.id,
                occurred_at=at,
                contract_id=contract.id,
                contractor_id=company.id,
                building_id=building_id,
                started_on=first,
            )
        )
        if last is not None:
            self.batch.events.append(
                ServiceContractEnded(
                    subject_id=None,
                    organization_id=estate.owner.id,
                    occurred_at=at_nine(last),
                    contract_id=contract.id,
                    contractor_id=company.id,
                    ended_on=last,
                )
            )

    # Crew rules

    def _certified(self, *codes: str) -> list[dict[str, object]]:
        certifications = self.industry.catalogue.certifications
        return [{"certification": str(certifications[code].id)} for code in codes]

    def _of_maker(self, maker: str) -> list[dict[str, object]]:
        return self._certified(*(f"EQ-{maker[:2].upper()}-{n + 1}" for n in range(3)))

    def _set_rules(self, estate: DemoEstate) -> None:
        """From the widest to the narrowest; one rule was made stricter on the way, one is only tried out."""
        chance = self.chance
        since = self.industry.start + timedelta(days=chance.randrange(30, 60))
        later = since + timedelta(days=chance.randrange(150, 400))
        safety = self._certified("SAFE-LOTO", "SAFE-FALL", "SAFE-CONF", "SAFE-AID")
        self._set_rule(estate, CrewRuleTarget.OWNER, "", {"any": safety}, since)
        codes = {"any": self._certified("CODE-ELEV", "CODE-ACCESS")}
        two = {"at_least": 2, "of_crew": {"any": self._certified("SAFE-PIT", "SAFE-FALL", "SAFE-LOTO")}}
        elevator = EquipmentType.PASSENGER_ELEVATOR.value
        self._set_rule(estate, CrewRuleTarget.EQUIPMENT_TYPE, elevator, codes, since)
        self._set_rule(estate, CrewRuleTarget.EQUIPMENT_TYPE, elevator, {"all": [codes, two]}, later)
        units = [unit for building in estate.buildings for unit in building.units]
        maker = chance.choice([unit.manufacturer for unit in units])
        maker_id = str(self.manufacturer_ids[maker])
        self._set_rule(estate, CrewRuleTarget.MANUFACTURER, maker_id, {"any": self._of_maker(maker)}, later)
        special = chance.choice(units)
        maker, model = special.manufacturer, special.unit.model or ""
        number = MANUFACTURER_MODELS[maker][1].index(model) + 1
        one = {"at_least": 2, "of_crew": self._certified(f"EQ-{maker[:2].upper()}-{number}")[0]}
        mode = GateMode.DRY_RUN if chance.happens(0.5) else GateMode.ENFORCE
        self._set_rule(estate, CrewRuleTarget.MODEL, model_key(model), one, later, mode)
        building = chance.choice(estate.buildings)
        both = {"all": [{"any": safety}, *self._certified("SAFE-AID")]}
        self._set_rule(estate, CrewRuleTarget.BUILDING, str(building.id), both, since, is_ended=chance.happens(0.2))
        unit = chance.choice(chance.choice(estate.buildings).units or units)
        person = {"at_least": 1, "of_crew": {"all": [{"any": self._of_maker(unit.manufacturer)}, {"any": safety}]}}
        self._set_rule(estate, CrewRuleTarget.UNIT, str(unit.unit.id), person, since)

    def _set_rule(
        self,
        estate: DemoEstate,
        target: CrewRuleTarget,
        target_key: str,
        requirement: Mapping[str, object],
        since: date,
        mode: GateMode = GateMode.ENFORCE,
        *,
        is_ended: bool = False,
    ) -> None:
        owner, at = estate.owner, at_nine(since) + timedelta(minutes=30)
        rule_id = self.chance.new_id(at)
        read = requirement_from(requirement)
        version = 1 + sum((r.terms.target, r.terms.target_key) == (target, target_key) for r in estate.rules)
        terms = CrewTerms(owner.id, target, target_key, mode, read, since, rule_id, version)
        ended_on = min(since + timedelta(days=300), self.industry.today - timedelta(days=1)) if is_ended else None
        ended_at: datetime | None = None if ended_on is None else at_nine(ended_on)
        estate.rules.append(RuleVersion(terms, at, ended_on, ended_at))
        self.batch.add(
            CrewRule, rule_id, owner.id, target, target_key, version, mode, to_document(read), since, ended_on,
            owner.person_id, at,
        )  # fmt: skip
        self.batch.events.append(
            CrewRuleSet(
                subject_id=None,
                organization_id=owner.id,
                occurred_at=at,
                rule_id=rule_id,
                rule_version=version,
                target=target,
                target_key=target_key,
                mode=mode,
                requirement=document_text(to_document(read)),
                effective_from=since,
            )
        )
        if ended_on is not None and ended_at is not None:
            self.batch.events.append(
                CrewRuleEnded(
                    subject_id=None,
                    organization_id=owner.id,
                    occurred_at=ended_at,
                    rule_id=rule_id,
                    rule_version=version,
                    ended_on=ended_on,
                )
            )
