"""The answer of a crew check in words: names of what the decision holds ids of, as far as the asker may know them."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.credentials.rules import CertificateFacts
from operational_db.gates.crew import (
    CrewDecision,
    CrewFacts,
    CrewPersonResult,
    MissingReason,
    last_counted_on,
    why_missing,
)
from operational_db.owners.lookup import CrewFound
from operational_db.owners.repository import OwnersRepository
from operational_db.owners.views import (
    CarryingCertificate,
    CrewAnswer,
    CrewPersonAnswer,
    CrewUnitAnswer,
    GapText,
    MissingCertificate,
)
from operational_db.tables.credentials import Certification


def answer_of(
    session: Session, decision: CrewDecision, facts: CrewFacts, found: CrewFound, *, open_to: frozenset[UUID]
) -> CrewAnswer:
    """The answer as it may be told.

    Parameters
    ----------
    facts
        Those on record: certificates that carry the answer, and no others.
    found
        All that was looked up; of it only the people in `open_to` are told more, to their own managers.
    """
    building = OwnersRepository(session).building(found.question.building_id)
    kinds = _certifications(session, decision, facts)
    certificates = {each.certificate_id: each for person in facts.people for each in person.certificates}
    carrying = {each: _carrying(certificates[each], kinds) for each in certificates}
    named = {person.id for person in facts.people} if facts.is_crew_named else set()
    names = OwnersRepository(session).display_names(named | (open_to & {person.id for person in facts.people}))
    known = {person.id: person.certificates for person in found.facts.people}
    gaps = tuple(
        GapText(rule.rule_id, gap, _gap_text(gap.needed, gap.found, gap.certification_ids, kinds))
        for rule in decision.rules
        for gap in rule.gaps
    )
    return CrewAnswer(
        decision=decision,
        building_name="" if building is None else building.name,
        units=tuple(
            CrewUnitAnswer(
                equipment_id=unit.unit_id,
                name=found.unit_names.get(unit.unit_id, ""),
                is_qualified=unit.is_qualified,
                outcome=unit.outcome,
                reason=unit.reason,
                missing=tuple(
                    _gap_text(gap.needed, gap.found, gap.certification_ids, kinds)
                    for place in unit.rules
                    for gap in decision.rules[place].gaps
                ),
                valid_until=unit.valid_until,
            )
            for unit in decision.units
        ),
        people=tuple(
            CrewPersonAnswer(
                person_id=person.person_id,
                display_name=names.get(person.person_id),
                is_qualified=person.is_qualified,
                certificates=tuple(carrying[each] for each in person.certificate_ids),
                missing=_missing(
                    person,
                    kinds,
                    known.get(person.person_id, ()) if person.person_id in open_to else None,
                    facts.work_on,
                ),
            )
            for person in decision.people
        ),
        certificates=tuple(carrying[each] for each in decision.certificate_ids),
        gaps=gaps,
    )


def _certifications(session: Session, decision: CrewDecision, facts: CrewFacts) -> dict[UUID, Certification]:
    wanted = {each.certification_id for person in facts.people for each in person.certificates}
    wanted |= {kind for person in decision.people for kind in person.missing}
    wanted |= {kind for rule in decision.rules for gap in rule.gaps for kind in gap.certification_ids}
    return {each.id: each for each in session.scalars(select(Certification).where(Certification.id.in_(wanted)))}


def _carrying(facts: CertificateFacts, kinds: dict[UUID, Certification]) -> CarryingCertificate:
    kind = kinds[facts.certification_id]
    until = last_counted_on(facts)
    return CarryingCertificate(
        certificate_id=facts.certificate_id,
        person_id=facts.person_id,
        certification_id=kind.id,
        certification_code=kind.code,
        certification_name=kind.name,
        issuing_organization=kind.issuing_organization,
        expires_on=None if until == date.max else until,
    )


def _missing(
    person: CrewPersonResult,
    kinds: dict[UUID, Certification],
    known: Iterable[CertificateFacts] | None,
    on: date,
) -> tuple[MissingCertificate, ...]:
    missing = []
    for kind_id in person.missing:
        reason, expired_on = None, None
        if known is not None:
            held = [each for each in known if each.certification_id == kind_id]
            reason = why_missing(held, on)
            if reason is MissingReason.EXPIRED:
                expired_on = max((each.expires_on for each in held if each.expires_on is not None), default=None)
        missing.append(MissingCertificate(kind_id, kinds[kind_id].name, reason, expired_on))
    return tuple(sorted(missing, key=lambda each: (each.certification_name, each.certification_id)))


def _gap_text(needed: int, found: int, kind_ids: tuple[UUID, ...], kinds: dict[UUID, Certification]) -> str:
    """What is lacking, as in “Rigging: 1 of the 2 people needed.”."""
    names = ", ".join(sorted(kinds[kind].name for kind in kind_ids))
    if needed == 1:
        return f"{names}: nobody of the crew holds what is needed."
    return f"{names}: {found} of the {needed} people needed."
