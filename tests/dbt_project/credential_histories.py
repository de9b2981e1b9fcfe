"""Random histories with what people do about certificates and owners about crews among the entries of the others.

As there: every entry is about something an earlier entry made, dates are drawn freely, corrections happen. Buildings,
units and contracts are dimensions and stay as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from operational_db.gates.crew import CrewUnit, model_key
from operational_db.gates.crew_requirements import AllOf, AnyOf, AtLeast, Certified, CrewRequirement, to_document
from operational_db.ledger.canonical import document_text
from operational_db.ledger.events import (
    BadgeIssued,
    CeCreditLogged,
    CeCreditWithdrawn,
    CertificateIssued,
    CertificateRenewed,
    CrewDecided,
    CrewRuleEnded,
    CrewRuleSet,
    Event,
    MembershipStarted,
    RegisterEntryChanged,
    RegisterEntryClaimed,
    RenewalOpened,
    ServiceContractEnded,
    ServiceContractStarted,
    VerificationCaseOpened,
    VerificationRequested,
    VisitPlanned,
    VisitSettled,
)
from operational_db.types import (
    CeActivityType,
    CrewRuleTarget,
    EquipmentType,
    GateMode,
    GateOutcome,
    RegisterStanding,
    Role,
    VerificationChannel,
    VerificationOutcome,
)
from tests.dbt_project.histories import AS_OF, CERTIFICATIONS, ORGANIZATIONS, PEOPLE, uid
from tests.dbt_project.landing import Dimensions
from tests.dbt_project.trust_histories import TrustHistory, trust_dimensions

OWNER, CONTRACTORS = ORGANIZATIONS[2], ORGANIZATIONS[:2]
BUILDINGS = [uid(20, n) for n in range(3)]
MAKERS = [uid(22, n) for n in range(2)]
MODELS = ("AV-200  Drive", "orbit", None)
TYPES = (EquipmentType.PASSENGER_ELEVATOR, EquipmentType.HVAC_UNIT)
UNITS: dict[UUID, tuple[UUID, CrewUnit]] = {
    uid(21, n): (BUILDINGS[n % 3], CrewUnit(uid(21, n), TYPES[n % 2], [*MAKERS, None][n % 3], MODELS[n // 2 % 3]))
    for n in range(10)
}
CONTRACTS = [uid(23, n) for n in range(4)]
TODAY = AS_OF.date()


def credential_dimensions() -> Dimensions:
    """The dimensions of `trust_histories`, and an owner's estate serviced by the first two organizations."""
    base = trust_dimensions()
    base.buildings = [
        {
            "building_id": str(building),
            "owner_id": str(OWNER),
            "name": f"Building {n}",
            "timezone": "UTC",
            "is_active": True,
        }
        for n, building in enumerate(BUILDINGS)
    ]
    base.manufacturers = [
        {"manufacturer_id": str(maker), "name": f"Maker {n}", "is_maker": True} for n, maker in enumerate(MAKERS)
    ]
    base.equipment = [
        {
            "equipment_id": str(key),
            "building_id": str(building),
            "name": "Unit",
            "equipment_type": unit.equipment_type,
            "manufacturer_id": None if unit.manufacturer_id is None else str(unit.manufacturer_id),
            "model": unit.model,
            "status": "dismantled" if n == 9 else "active",
        }
        for n, (key, (building, unit)) in enumerate(UNITS.items())
    ]
    contracts = ((CONTRACTORS[0], None, None), (CONTRACTORS[1], BUILDINGS[0], None), (CONTRACTORS[1], None, -1))
    base.service_contracts = [
        {
            "contract_id": str(CONTRACTS[n]),
            "owner_id": str(OWNER),
            "contractor_id": str(contractor),
            "building_id": None if building is None else str(building),
            "started_on": TODAY - timedelta(days=200),
            "ended_on": None if ends_in is None else TODAY + timedelta(days=ends_in),
        }
        for n, (contractor, building, ends_in) in enumerate(contracts)
    ]
    return base


@dataclass
class CredentialHistory(TrustHistory):
    """A history whose certificates are checked, shown and asked about, and whose owner sets rules and asks."""

    crew_rules: list[CrewRuleSet] = field(default_factory=list)
    visits: list[VisitPlanned] = field(default_factory=list)
    credits: list[CeCreditLogged] = field(default_factory=list)

    def makers(self) -> list[tuple[int, Callable[[], Event | None]]]:
        return [
            *super().makers(),
            (3, self._open_case), (6, self._ask), (2, self._badge), (3, self._log_credit), (1, self._withdraw_credit),
            (2, self._open_renewal), (2, self._register), (6, self._set_crew_rule), (1, self._end_crew_rule),
            (4, self._decide_crew), (2, self._contract), (4, self._visit), (6, self._technician),
        ]  # fmt: skip

    def _certificate(self) -> CertificateIssued | CertificateRenewed | None:
        return self.random.choice(self.certificates) if self.certificates else None

    def _about_certificate(self) -> dict[str, object] | None:
        held = self._certificate()
        if held is None:
            return None
        envelope = self._common(held.subject_id, self.random.choice([None, *ORGANIZATIONS[:2]]))
        return {**envelope, "certificate_id": held.certificate_id, "certification_id": held.certification_id}

    def _technician(self) -> Event:
        event = MembershipStarted(
            **self._common(self.random.choice(PEOPLE), self.random.choice(CONTRACTORS)),  # type: ignore[arg-type]
            membership_id=self.new(),
            role=Role.TECHNICIAN,
            team_id=None,
            persona=None,
            started_on=self.day(),
        )
        self.memberships.append(event)
        return event

    def _open_case(self) -> Event | None:
        about = self._about_certificate()
        return None if about is None else VerificationCaseOpened(**about, case_id=self.new())  # type: ignore[arg-type]

    def _ask(self) -> Event | None:
        about = self._about_certificate()
        if about is None or self.random.random() < 0.2:
            about = {**self._common(None, None), "certificate_id": None, "certification_id": None}
        return VerificationRequested(
            **about,  # type: ignore[arg-type]
            request_id=self.new(),
            channel=self.random.choice(list(VerificationChannel)),
            document_format=self.random.choice(["link", "number"]),
            asked_for=self.day(),
            outcome=self.random.choice(list(VerificationOutcome)),
        )

    def _badge(self) -> Event | None:
        about = self._about_certificate()
        if about is None:
            return None
        return BadgeIssued(
            **about,  # type: ignore[arg-type]
            badge_id=self.new(),
            status_list=1,
            status_index=self.random.randrange(1000),
            credential_sha256="00",
        )

    def _log_credit(self) -> Event | None:
        about = self._about_certificate()
        if about is None:
            return None
        event = CeCreditLogged(
            **about,  # type: ignore[arg-type]
            ce_credit_id=self.new(),
            credits=Decimal("1.5"),
            activity_type=self.random.choice(list(CeActivityType)),
            activity_id=None,
            activity_on=self.day(),
        )
        self.credits.append(event)
        return event

    def _withdraw_credit(self) -> Event | None:
        if not self.credits:
            return None
        logged = self.random.choice(self.credits)
        return CeCreditWithdrawn(
            **self._common(logged.subject_id, logged.organization_id),  # type: ignore[arg-type]
            ce_credit_id=logged.ce_credit_id,
            certificate_id=logged.certificate_id,
            certification_id=logged.certification_id,
        )

    def _open_renewal(self) -> Event | None:
        about = self._about_certificate()
        return None if about is None else RenewalOpened(**about, renewal_id=self.new())  # type: ignore[arg-type]

    def _register(self) -> Event | None:
        about = self._about_certificate()
        if about is None:
            return None
        if self.random.random() < 0.5:
            return RegisterEntryClaimed(**about, entry_id=self.new(), former_certificate_id=None)  # type: ignore[arg-type]
        return RegisterEntryChanged(
            **about,  # type: ignore[arg-type]
            entry_id=self.new(),
            standing=self.random.choice(list(RegisterStanding)),
            expires_on=self.random.choice([None, self.day()]),
        )

    def requirement(self, depth: int = 1, *, is_of_one: bool = False) -> CrewRequirement:
        """A random tree, at most four levels deep."""
        chance = self.random.random()
        if depth == 4 or chance < 0.35:
            return Certified(self.random.choice(CERTIFICATIONS))
        if chance < 0.55 and not is_of_one:
            return AtLeast(self.random.choice([1, 1, 2]), self.requirement(depth + 1, is_of_one=True))
        parts = tuple(self.requirement(depth + 1, is_of_one=is_of_one) for _ in range(self.random.choice([1, 2, 2, 3])))
        return AllOf(parts) if chance < 0.75 else AnyOf(parts)

    def _set_crew_rule(self) -> Event:
        target = self.random.choice(list(CrewRuleTarget))
        model = self.random.choice([each for each in MODELS if each is not None])
        keys: dict[CrewRuleTarget, str] = {
            CrewRuleTarget.OWNER: "",
            CrewRuleTarget.BUILDING: str(self.random.choice(BUILDINGS)),
            CrewRuleTarget.EQUIPMENT_TYPE: self.random.choice(TYPES).value,
            CrewRuleTarget.MANUFACTURER: str(self.random.choice(MAKERS)),
            CrewRuleTarget.MODEL: model_key(model),
            CrewRuleTarget.UNIT: str(self.random.choice(list(UNITS))),
        }
        version = 1 + sum((each.target, each.target_key) == (target, keys[target]) for each in self.crew_rules)
        event = CrewRuleSet(
            **self._common(None, OWNER),  # type: ignore[arg-type]
            rule_id=self.new(),
            rule_version=version,
            target=target,
            target_key=keys[target],
            mode=self.random.choice(list(GateMode)),
            requirement=document_text(to_document(self.requirement())),
            effective_from=self.day(),
        )
        self.crew_rules.append(event)
        return event

    def _end_crew_rule(self) -> Event | None:
        if not self.crew_rules:
            return None
        rule = self.random.choice(self.crew_rules)
        return CrewRuleEnded(
            **self._common(None, OWNER),  # type: ignore[arg-type]
            rule_id=rule.rule_id,
            rule_version=rule.rule_version,
            ended_on=self.day(earliest=rule.effective_from, latest=max(rule.effective_from, date(2026, 6, 1))),
        )

    def _decide_crew(self) -> Event:
        unit_id = self.random.choice([None, *UNITS])
        return CrewDecided(
            **self._common(self.random.choice(PEOPLE), OWNER),  # type: ignore[arg-type]
            decision_id=self.new(),
            contractor_id=self.random.choice([None, *CONTRACTORS]),
            building_id=BUILDINGS[0] if unit_id is None else UNITS[unit_id][0],
            equipment_id=unit_id,
            visit_id=self.random.choice([None, *(each.visit_id for each in self.visits)]),
            work_on=self.day(),
            outcome=self.random.choice(list(GateOutcome)),
            is_qualified=self.random.random() < 0.5,
            crew_size=2,
            facts="{}",
            decision="{}",
        )

    def _contract(self) -> Event:
        about = {
            **self._common(None, OWNER),
            "contract_id": self.random.choice(CONTRACTS),
            "contractor_id": self.random.choice(CONTRACTORS),
        }
        if self.random.random() < 0.7:
            return ServiceContractStarted(**about, building_id=None, started_on=self.day())  # type: ignore[arg-type]
        return ServiceContractEnded(**about, ended_on=self.day())  # type: ignore[arg-type]

    def _visit(self) -> Event:
        """A new visit, a former one moved, or settled; entries of both sides of a contract may cross."""
        known = self.random.choice(self.visits) if self.visits and self.random.random() < 0.6 else None
        if known is not None and self.random.random() < 0.6:
            return VisitSettled(
                **self._common(None, OWNER),  # type: ignore[arg-type]
                visit_id=known.visit_id,
                contractor_id=known.contractor_id,
                is_done=self.random.random() < 0.6,
            )
        side = self.random.randrange(2)
        units = [each for each, (building, _) in UNITS.items() if building == BUILDINGS[0]]
        event = VisitPlanned(
            **self._common(None, OWNER),  # type: ignore[arg-type]
            visit_id=self.new() if known is None else known.visit_id,
            contract_id=CONTRACTS[side],
            contractor_id=CONTRACTORS[side],
            building_id=BUILDINGS[0],
            equipment_id=self.random.choice([None, *units]),
            planned_on=self.day(),
            crew_size=self.random.randrange(3),
        )
        self.visits.append(event)
        return event
