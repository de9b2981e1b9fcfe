"""Finding what crew checks depend on: rules, units, people and certificates, for many questions with one query each.

Who may ask is decided by the callers. What is known later than asked for is left out, or put back as it was.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.credentials.rules import CertificateFacts
from operational_db.gates.crew import CrewFacts, CrewPerson, CrewTerms, CrewUnit
from operational_db.gates.crew_requirements import certifications_of, requirement_from
from operational_db.owners.repository import is_in_use
from operational_db.owners.rules import RuleVersion, rules_in_effect
from operational_db.tables.credentials import Certificate
from operational_db.tables.identity import Membership, Person
from operational_db.tables.owners import CrewRule, Equipment
from operational_db.types import VerificationStatus


@dataclass(frozen=True)
class CrewQuestion:
    """One building, or units of it, on a day, and the people: those named, or all of the contractors'.

    Of those named only who belongs to one of the contractors on the day is looked at.
    """

    owner_id: UUID
    building_id: UUID
    work_on: date
    contractor_ids: tuple[UUID, ...]
    # None: the whole building.
    equipment_ids: tuple[UUID, ...] | None = None
    person_ids: tuple[UUID, ...] | None = None
    visit_id: UUID | None = None
    # None: as known now.
    known_at: datetime | None = None


@dataclass(frozen=True)
class CrewFound:
    """A question with the rules that apply and the facts they are held against, all that is known of them."""

    question: CrewQuestion
    terms: tuple[CrewTerms, ...]
    facts: CrewFacts
    unit_names: dict[UUID | None, str]


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """A certificate with the instants at which its state became known."""

    facts: CertificateFacts
    created_at: datetime
    verified_at: datetime | None
    revoked_at: datetime | None
    withdrawn_at: datetime | None

    def as_known_at(self, at: datetime) -> CertificateFacts | None:
        """What was known of it at an instant; None when it was not known at all."""
        if self.created_at > at:
            return None
        facts = self.facts
        return CertificateFacts(
            certificate_id=facts.certificate_id,
            person_id=facts.person_id,
            certification_id=facts.certification_id,
            issued_on=facts.issued_on,
            expires_on=facts.expires_on,
            revoked_from=facts.revoked_from if self.revoked_at is not None and self.revoked_at <= at else None,
            is_withdrawn=self.withdrawn_at is not None and self.withdrawn_at <= at,
            is_verified=facts.is_verified and (self.verified_at is None or self.verified_at <= at),
        )


@dataclass(frozen=True, slots=True)
class Stay:
    person_id: UUID
    started_on: date
    ended_on: date | None


def look_up(
    session: Session,
    questions: Sequence[CrewQuestion],
    *,
    now: datetime,
    extra_certifications: Collection[UUID] = (),
) -> list[CrewFound]:
    """Rules and facts of each question, in their order.

    Parameters
    ----------
    extra_certifications
        Certifications that no rule in effect asks for but a proposal may.
    """
    if not questions:
        return []
    versions = rule_versions(session, {each.owner_id for each in questions})
    units = _units(session, questions)
    stays = _stays(session, questions)
    terms: list[list[CrewTerms]] = []
    crews: list[list[UUID]] = []
    for each in questions:
        terms.append(rules_in_effect(versions.get(each.owner_id, ()), each.work_on, known_at=each.known_at))
        crews.append(_crew(each, stays))
    asked = {kind for found in terms for rule in found for kind in certifications_of(rule.requirement)}
    people = {person_id for crew in crews for person_id in crew}
    certificates = certificates_of(session, people, asked.union(extra_certifications))
    return [
        _found(question, rules, crew, units, certificates, now)
        for question, rules, crew in zip(questions, terms, crews, strict=True)
    ]


def rule_versions(session: Session, owner_ids: Collection[UUID]) -> dict[UUID, list[RuleVersion]]:
    """Every version of the owners' crew rules."""
    versions: dict[UUID, list[RuleVersion]] = {}
    for rule in session.scalars(select(CrewRule).where(CrewRule.organization_id.in_(owner_ids))):
        versions.setdefault(rule.organization_id, []).append(to_version(rule))
    return versions


def to_version(rule: CrewRule) -> RuleVersion:
    terms = CrewTerms(
        organization_id=rule.organization_id,
        target=rule.target,
        target_key=rule.target_key,
        mode=rule.mode,
        requirement=requirement_from(rule.requirement),
        effective_from=rule.effective_from,
        rule_id=rule.id,
        version=rule.version,
    )
    # A version is never changed but to end.
    return RuleVersion(terms, rule.created_at, rule.ended_on, None if rule.ended_on is None else rule.updated_at)


def certificates_of(
    session: Session, person_ids: Collection[UUID], certification_ids: Collection[UUID]
) -> dict[UUID, list[KnownCertificate]]:
    """Certificates of the kinds that the people hold or held, by person."""
    found: dict[UUID, list[KnownCertificate]] = {}
    if not person_ids or not certification_ids:
        return found
    statement = select(
        Certificate.id,
        Certificate.person_id,
        Certificate.certification_id,
        Certificate.issued_on,
        Certificate.expires_on,
        Certificate.revoked_from,
        Certificate.revoked_at,
        Certificate.withdrawn_at,
        Certificate.verification_status,
        Certificate.verified_at,
        Certificate.created_at,
    ).where(Certificate.person_id.in_(person_ids), Certificate.certification_id.in_(certification_ids))
    for row in session.execute(statement):
        facts = CertificateFacts(
            certificate_id=row.id,
            person_id=row.person_id,
            certification_id=row.certification_id,
            issued_on=row.issued_on,
            expires_on=row.expires_on,
            revoked_from=row.revoked_from,
            is_withdrawn=row.withdrawn_at is not None,
            is_verified=row.verification_status is VerificationStatus.VERIFIED,
        )
        known = KnownCertificate(facts, row.created_at, row.verified_at, row.revoked_at, row.withdrawn_at)
        found.setdefault(row.person_id, []).append(known)
    return found


def _units(session: Session, questions: Iterable[CrewQuestion]) -> dict[UUID, dict[UUID, tuple[CrewUnit, str, bool]]]:
    """Units by building and id, with their names and whether they are in use."""
    buildings = {each.building_id for each in questions}
    statement = select(
        Equipment.building_id,
        Equipment.id,
        Equipment.equipment_type,
        Equipment.manufacturer_id,
        Equipment.model,
        Equipment.name,
        is_in_use(),
    ).where(Equipment.building_id.in_(buildings))
    units: dict[UUID, dict[UUID, tuple[CrewUnit, str, bool]]] = {}
    for building_id, unit_id, equipment_type, manufacturer_id, model, name, is_used in session.execute(statement):
        unit = CrewUnit(unit_id, equipment_type, manufacturer_id, model)
        units.setdefault(building_id, {})[unit_id] = (unit, name, bool(is_used))
    return units


def _stays(session: Session, questions: Iterable[CrewQuestion]) -> dict[UUID, list[Stay]]:
    """Who belongs to each contractor and when; of contractors whose crews are all named only those people."""
    whole: set[UUID] = set()
    named: set[UUID] = set()
    contractors: set[UUID] = set()
    for each in questions:
        contractors.update(each.contractor_ids)
        if each.person_ids is None:
            whole.update(each.contractor_ids)
        else:
            named.update(each.person_ids)
    statement = (
        select(Membership.organization_id, Membership.person_id, Membership.started_on, Membership.ended_on)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organization_id.in_(contractors), Person.erased_at.is_(None))
        .where(Membership.organization_id.in_(whole) | Membership.person_id.in_(named))
    )
    stays: dict[UUID, list[Stay]] = {}
    for organization_id, person_id, started_on, ended_on in session.execute(statement):
        stays.setdefault(organization_id, []).append(Stay(person_id, started_on, ended_on))
    return stays


def _crew(question: CrewQuestion, stays: dict[UUID, list[Stay]]) -> list[UUID]:
    day = question.work_on
    serving = {
        stay.person_id
        for contractor_id in question.contractor_ids
        for stay in stays.get(contractor_id, ())
        if stay.started_on <= day and (stay.ended_on is None or stay.ended_on > day)
    }
    if question.person_ids is not None:
        serving.intersection_update(question.person_ids)
    return sorted(serving)


def _found(
    question: CrewQuestion,
    rules: Sequence[CrewTerms],
    crew: Sequence[UUID],
    units: dict[UUID, dict[UUID, tuple[CrewUnit, str, bool]]],
    certificates: dict[UUID, list[KnownCertificate]],
    now: datetime,
) -> CrewFound:
    in_building = units.get(question.building_id, {})
    if question.equipment_ids is None:
        chosen = [(unit, name) for unit, name, is_used in in_building.values() if is_used]
    else:
        chosen = [in_building[unit_id][:2] for unit_id in dict.fromkeys(question.equipment_ids)]
    if not chosen:
        chosen = [(CrewUnit(None), "")]
    people = []
    for person_id in crew:
        held = certificates.get(person_id, ())
        if question.known_at is None:
            facts = [each.facts for each in held]
        else:
            facts = [known for each in held if (known := each.as_known_at(question.known_at)) is not None]
        people.append(CrewPerson(person_id, tuple(facts)))
    return CrewFound(
        question=question,
        terms=tuple([rule for rule in rules if any(rule.applies_to(question.building_id, unit) for unit, _ in chosen)]),
        facts=CrewFacts(
            organization_id=question.owner_id,
            building_id=question.building_id,
            work_on=question.work_on,
            known_at=question.known_at or now,
            units=tuple([unit for unit, _ in chosen]),
            people=tuple(people),
            contractor_id=question.contractor_ids[0] if len(question.contractor_ids) == 1 else None,
            visit_id=question.visit_id,
            is_whole_building=question.equipment_ids is None,
            is_crew_named=question.person_ids is not None,
        ),
        unit_names={unit.id: name for unit, name in chosen},
    )
