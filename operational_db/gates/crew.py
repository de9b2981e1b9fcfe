"""Whether a crew may work on units of a building on a day: `decide_crew`, a pure function (D5), and what it goes by.

Without a clock and without a database; identical inputs give identical bytes. A certification asked of a crew must be
held by somebody in it, so nobody who joins and nothing anybody earns ever makes a qualified crew unqualified; what one
person must hold together is asked with `at_least`. Source: training-platform seed, US-TC027 and US-TC028.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from operational_db.credentials.rules import CertificateFacts, counts_on, first_uncounted_on
from operational_db.gates.crew_requirements import (
    AllOf,
    AnyOf,
    AtLeast,
    Certified,
    CrewRequirement,
    certifications_of,
)
from operational_db.ledger.canonical import document_text, instant_text
from operational_db.types import CrewRuleTarget, EquipmentType, GateMode, GateOutcome


class CrewReason(StrEnum):
    """Why a crew, a unit or a rule was answered as it was."""

    REQUIREMENTS_MET = "requirements_met"
    CERTIFICATES_MISSING = "certificates_missing"
    NO_RULE = "no_rule"
    NO_CREW = "no_crew"
    RECORD_UNAVAILABLE = "record_unavailable"


REASON_TEXTS: Mapping[CrewReason, str] = {
    CrewReason.REQUIREMENTS_MET: "The crew holds what is required here on that day.",
    CrewReason.CERTIFICATES_MISSING: "The crew lacks certificates that are required here on that day.",
    CrewReason.NO_RULE: "Nothing is required here yet, so nobody can be called qualified. Set a requirement first.",
    CrewReason.NO_CREW: "Nobody was named, and the contractor has nobody who serves here on that day.",
    CrewReason.RECORD_UNAVAILABLE: "The check could not be recorded, so nobody is called qualified. Try again soon.",
}


class MissingReason(StrEnum):
    """Why a certificate somebody holds, or held, does not count on the day."""

    NEVER_HELD = "never_held"
    NOT_VERIFIED = "not_verified"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"


# Of several certificates that do not count, the one that came closest says why.
_CLOSENESS: Mapping[MissingReason, int] = {reason: rank for rank, reason in enumerate(MissingReason)}
_TARGET_ORDER: Mapping[CrewRuleTarget, int] = {target: rank for rank, target in enumerate(CrewRuleTarget)}


@dataclass(frozen=True, slots=True)
class CrewUnit:
    """What is to be worked on: a unit, or the building itself (`id` None) where a building lists no units."""

    id: UUID | None
    equipment_type: EquipmentType | None = None
    manufacturer_id: UUID | None = None
    model: str | None = None


@dataclass(frozen=True)
class CrewTerms:
    """One version of what an owner requires; `rule_id` and `version` are None for a proposal."""

    organization_id: UUID
    target: CrewRuleTarget
    target_key: str
    mode: GateMode
    requirement: CrewRequirement
    effective_from: date
    rule_id: UUID | None = None
    version: int | None = None

    def applies_to(self, building_id: UUID, unit: CrewUnit) -> bool:
        """Whether the unit is one the rule is about; models are told apart without regard to case."""
        match self.target:
            case CrewRuleTarget.OWNER:
                return True
            case CrewRuleTarget.BUILDING:
                return self.target_key == str(building_id)
            case CrewRuleTarget.EQUIPMENT_TYPE:
                return unit.equipment_type is not None and self.target_key == unit.equipment_type.value
            case CrewRuleTarget.MANUFACTURER:
                return unit.manufacturer_id is not None and self.target_key == str(unit.manufacturer_id)
            case CrewRuleTarget.MODEL:
                return unit.model is not None and self.target_key == model_key(unit.model)
            case CrewRuleTarget.UNIT:
                return unit.id is not None and self.target_key == str(unit.id)

    @property
    def order(self) -> tuple[int, str, int, int]:
        """From the widest target to the narrowest; the order in which rules are answered."""
        return (_TARGET_ORDER[self.target], self.target_key, self.version or 0, self.rule_id.int if self.rule_id else 0)


def model_key(model: str) -> str:
    """How rules name a model."""
    return " ".join(model.split()).casefold()


@dataclass(frozen=True, slots=True)
class CrewPerson:
    """Somebody of the crew with the certificates to go by."""

    id: UUID
    certificates: tuple[CertificateFacts, ...] = ()


@dataclass(frozen=True)
class CrewFacts:
    """All that a decision depends on besides rules and instant.

    `is_whole_building`: the building was asked about and not single units, so a unit without a rule is left aside.
    `is_crew_named`: else the people are those of the contractor whom the answer rests on.
    """

    organization_id: UUID
    building_id: UUID
    work_on: date
    known_at: datetime
    units: tuple[CrewUnit, ...]
    people: tuple[CrewPerson, ...]
    contractor_id: UUID | None = None
    visit_id: UUID | None = None
    is_whole_building: bool = False
    is_crew_named: bool = True

    def canonical(self, terms: Iterable[CrewTerms]) -> str:
        """Canonical JSON with the ids of the rules, the same in whatever order anything was found.

        Certifications are listed once and named by their place; a mark that is as usual is left out: an entry of the
        ledger holds no more than 65,000 bytes.
        """
        kinds = sorted({each.certification_id for person in self.people for each in person.certificates})
        places = {kind: place for place, kind in enumerate(kinds)}
        return document_text(
            {
                "building_id": self.building_id,
                "certifications": kinds,
                "contractor_id": self.contractor_id,
                "is_crew_named": self.is_crew_named,
                "is_whole_building": self.is_whole_building,
                "known_at": instant_text(self.known_at),
                "organization_id": self.organization_id,
                "people": [
                    {
                        "certificates": [
                            _certificate_document(each, places) for each in sorted(person.certificates, key=_order)
                        ],
                        "id": person.id,
                    }
                    for person in sorted(self.people, key=lambda person: person.id)
                ],
                "rule_ids": sorted(each.rule_id for each in terms if each.rule_id is not None),
                "units": [
                    {"ids": ids, "manufacturer_id": maker, "model": model, "type": equipment_type}
                    for (equipment_type, maker, model), ids in sorted(self._classes().items(), key=lambda pair: pair[1])
                ],
                "visit_id": self.visit_id,
                "work_on": self.work_on,
            }
        )

    def _classes(self) -> dict[tuple[EquipmentType | None, UUID | None, str | None], list[str]]:
        """Units that differ by nothing but their ids."""
        classes: dict[tuple[EquipmentType | None, UUID | None, str | None], list[str]] = {}
        for unit in sorted(self.units, key=_unit_key):
            classes.setdefault((unit.equipment_type, unit.manufacturer_id, unit.model), []).append(_unit_key(unit))
        return classes


def _certificate_document(facts: CertificateFacts, places: Mapping[UUID, int]) -> dict[str, object]:
    document: dict[str, object] = {
        "id": facts.certificate_id,
        "issued_on": facts.issued_on,
        "kind": places[facts.certification_id],
    }
    if facts.expires_on is not None:
        document["expires_on"] = facts.expires_on
    if facts.revoked_from is not None:
        document["revoked_from"] = facts.revoked_from
    if facts.is_withdrawn:
        document["is_withdrawn"] = True
    if not facts.is_verified:
        document["is_verified"] = False
    return document


def _order(facts: CertificateFacts) -> tuple[int, int]:
    return facts.certification_id.int, facts.certificate_id.int


def _unit_key(unit: CrewUnit) -> str:
    return "" if unit.id is None else str(unit.id)


@dataclass(frozen=True, slots=True)
class CrewGap:
    """What a rule still lacks: so many people who hold one of the ways through; `found` of them are there."""

    needed: int
    found: int
    certification_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class CrewRuleResult:
    """How the crew answers one rule: by which certificates (or those found so far), until when, or what is lacking."""

    rule_id: UUID | None
    version: int | None
    target: CrewRuleTarget
    target_key: str
    mode: GateMode
    is_met: bool
    certificate_ids: tuple[UUID, ...]
    gaps: tuple[CrewGap, ...]
    valid_until: date | None


@dataclass(frozen=True)
class CrewUnitResult:
    """`rules` are places in the decision's rules. A rule in dry run shows in `outcome` and blocks nobody."""

    unit_id: UUID | None
    is_qualified: bool
    outcome: GateOutcome
    reason: CrewReason
    rules: tuple[int, ...]
    valid_until: date | None


@dataclass(frozen=True)
class CrewPersonResult:
    """What somebody brings, and what she would lack if she came alone (the nearest way through each rule)."""

    person_id: UUID
    is_qualified: bool
    certificate_ids: tuple[UUID, ...]
    missing: tuple[UUID, ...]


@dataclass(frozen=True)
class CrewDecision:
    """The answer of a crew check. `outcome` is the rules'; `is_qualified` lets rules in dry run pass.

    Owner and building are None only where nothing could be looked up.
    """

    organization_id: UUID | None
    building_id: UUID | None
    contractor_id: UUID | None
    visit_id: UUID | None
    work_on: date
    decided_at: datetime
    is_qualified: bool
    outcome: GateOutcome
    reason: CrewReason
    rules: tuple[CrewRuleResult, ...] = ()
    units: tuple[CrewUnitResult, ...] = ()
    people: tuple[CrewPersonResult, ...] = ()
    valid_until: date | None = None
    # Of the record, given when it is made; no part of the canonical bytes.
    decision_id: UUID | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """The reason, for whoever asked."""
        return REASON_TEXTS[self.reason]

    @cached_property
    def certificate_ids(self) -> tuple[UUID, ...]:
        """The certificates that carry the answer, of all rules that are met."""
        return tuple(sorted({each for rule in self.rules if rule.is_met for each in rule.certificate_ids}))

    def canonical(self) -> bytes:
        """RFC 8785 bytes: identical for identical rules, facts and instant, on any machine."""
        kinds = sorted(
            {kind for person in self.people for kind in person.missing}
            | {kind for rule in self.rules for gap in rule.gaps for kind in gap.certification_ids}
        )
        places = {kind: place for place, kind in enumerate(kinds)}
        answers: dict[tuple[object, ...], list[str]] = {}
        for unit in self.units:
            answer = (unit.is_qualified, unit.outcome, unit.reason, unit.rules, unit.valid_until)
            answers.setdefault(answer, []).append("" if unit.unit_id is None else str(unit.unit_id))
        return document_text(
            {
                "building_id": self.building_id,
                "certifications": kinds,
                "contractor_id": self.contractor_id,
                "decided_at": instant_text(self.decided_at),
                "is_qualified": self.is_qualified,
                "organization_id": self.organization_id,
                "outcome": self.outcome,
                "people": [
                    {
                        "certificate_ids": person.certificate_ids,
                        "id": person.person_id,
                        "is_qualified": person.is_qualified,
                        "missing": [places[kind] for kind in person.missing],
                    }
                    for person in self.people
                ],
                "reason": self.reason,
                "rules": [
                    {
                        "certificate_ids": rule.certificate_ids,
                        "gaps": [
                            {
                                "any_of": [places[kind] for kind in gap.certification_ids],
                                "found": gap.found,
                                "needed": gap.needed,
                            }
                            for gap in rule.gaps
                        ],
                        "id": rule.rule_id,
                        "is_met": rule.is_met,
                        "mode": rule.mode,
                        "target": rule.target,
                        "target_key": rule.target_key,
                        "valid_until": rule.valid_until,
                        "version": rule.version,
                    }
                    for rule in self.rules
                ],
                "units": [
                    {
                        "ids": sorted(ids),
                        "is_qualified": answer[0],
                        "outcome": answer[1],
                        "reason": answer[2],
                        "rules": answer[3],
                        "valid_until": answer[4],
                    }
                    for answer, ids in sorted(answers.items(), key=lambda pair: min(pair[1]))
                ],
                "valid_until": self.valid_until,
                "visit_id": self.visit_id,
                "work_on": self.work_on,
            }
        ).encode()


def decide_crew(terms: Iterable[CrewTerms], facts: CrewFacts, now: datetime) -> CrewDecision:
    """Whether the people together hold on the day of work what is required of whoever works on the units.

    Every rule that applies to a unit must be met; those in dry run are answered and block nobody. A certificate counts
    as `credentials.rules.counts_on` says. Nothing required is not qualified: a gate never guesses.

    Parameters
    ----------
    terms
        The rules of the owner in effect on the day of work, at most one version of each; which apply is found here.
    """
    rules = sorted((each for each in terms if any(each.applies_to(facts.building_id, u) for u in facts.units)), key=_by)
    crew = _Crew(facts.people, facts.work_on)
    results = tuple([_rule_result(rule, crew) for rule in rules])
    units = tuple([_unit_result(unit, facts, rules, results) for unit in sorted(facts.units, key=_unit_key)])
    asked = [unit for unit in units if unit.rules] if facts.is_whole_building else list(units)
    is_qualified = bool(asked) and all(unit.is_qualified for unit in asked)
    is_allowed = bool(asked) and all(unit.outcome is GateOutcome.ALLOW for unit in asked)
    return CrewDecision(
        organization_id=facts.organization_id,
        building_id=facts.building_id,
        contractor_id=facts.contractor_id,
        visit_id=facts.visit_id,
        work_on=facts.work_on,
        decided_at=now,
        is_qualified=is_qualified,
        outcome=GateOutcome.ALLOW if is_allowed else GateOutcome.DENY,
        reason=_reason(asked, facts),
        rules=results,
        units=units,
        people=tuple([_person_result(person, rules, crew) for person in sorted(facts.people, key=lambda p: p.id)]),
        valid_until=_earliest(unit.valid_until for unit in asked) if is_qualified else None,
    )


def _by(terms: CrewTerms) -> tuple[int, str, int, int]:
    return terms.order


def _reason(asked: Sequence[CrewUnitResult], facts: CrewFacts) -> CrewReason:
    if not asked or any(unit.reason is CrewReason.NO_RULE for unit in asked):
        has_gap = any(unit.reason is not CrewReason.NO_RULE and not unit.is_qualified for unit in asked)
        return CrewReason.CERTIFICATES_MISSING if has_gap and facts.people else CrewReason.NO_RULE
    if all(unit.reason is CrewReason.REQUIREMENTS_MET for unit in asked):
        return CrewReason.REQUIREMENTS_MET
    return CrewReason.CERTIFICATES_MISSING if facts.people else CrewReason.NO_CREW


def _unit_result(
    unit: CrewUnit, facts: CrewFacts, rules: Sequence[CrewTerms], results: Sequence[CrewRuleResult]
) -> CrewUnitResult:
    places = tuple([place for place, rule in enumerate(rules) if rule.applies_to(facts.building_id, unit)])
    if not places:
        return CrewUnitResult(unit.id, False, GateOutcome.DENY, CrewReason.NO_RULE, (), None)
    found = [results[place] for place in places]
    is_met = all(result.is_met for result in found)
    is_qualified = all(result.is_met or result.mode is GateMode.DRY_RUN for result in found)
    reason = CrewReason.CERTIFICATES_MISSING if facts.people else CrewReason.NO_CREW
    until = _earliest(result.valid_until for result in found if result.is_met) if is_qualified else None
    return CrewUnitResult(
        unit.id,
        is_qualified,
        GateOutcome.ALLOW if is_met else GateOutcome.DENY,
        CrewReason.REQUIREMENTS_MET if is_met else reason,
        places,
        until,
    )


@dataclass(frozen=True)
class _Answer:
    """Of a part of a requirement. `until`: the last day it holds, `date.max` without an end."""

    is_met: bool
    until: date
    certificate_ids: frozenset[UUID]
    gaps: tuple[CrewGap, ...] = ()

    @property
    def shortfall(self) -> int:
        return sum(gap.needed - gap.found for gap in self.gaps)


class _Crew:
    """Per certification, who holds it on the day and by which certificate: of several the one that lasts longest."""

    def __init__(self, people: Iterable[CrewPerson], on: date) -> None:
        self.best: dict[UUID, dict[UUID, tuple[date, UUID]]] = {}
        self.person_ids = sorted(person.id for person in people)
        for person in people:
            for facts in person.certificates:
                if counts_on(facts, on):
                    ranked = (last_counted_on(facts), facts.certificate_id)
                    held = self.best.setdefault(facts.certification_id, {})
                    if person.id not in held or ranked > held[person.id]:
                        held[person.id] = ranked

    def answer(self, part: CrewRequirement, person_id: UUID | None = None) -> _Answer:
        """How the crew, or one person alone, answers a part of a requirement."""
        match part:
            case Certified(certification_id):
                held = self.best.get(certification_id, {})
                ranked = max(held.values(), default=None) if person_id is None else held.get(person_id)
                if ranked is None:
                    return _Answer(False, date.max, frozenset(), (CrewGap(1, 0, (certification_id,)),))
                return _Answer(True, ranked[0], frozenset({ranked[1]}))
            case AllOf(parts):
                answers = [self.answer(each, person_id) for each in parts]
                return _Answer(
                    all(each.is_met for each in answers),
                    min(each.until for each in answers),
                    frozenset().union(*(each.certificate_ids for each in answers)),
                    tuple([gap for each in answers for gap in each.gaps]),
                )
            case AnyOf(parts):
                answers = [self.answer(each, person_id) for each in parts]
                met = [each for each in answers if each.is_met]
                # Of equals the one the owner wrote first.
                return max(met, key=lambda each: each.until) if met else min(answers, key=lambda each: each.shortfall)
            case AtLeast(count, of_crew):
                if person_id is not None:
                    return self.answer(of_crew, person_id)
                return self._at_least(count, of_crew)

    def _at_least(self, count: int, of_crew: CrewRequirement) -> _Answer:
        found = [(each, person) for person in self.person_ids if (each := self.answer(of_crew, person)).is_met]
        found.sort(key=lambda pair: (-pair[0].until.toordinal(), pair[1]))
        chosen = [each for each, _ in found[:count]]
        certificate_ids = frozenset[UUID]().union(*(each.certificate_ids for each in chosen))
        if len(chosen) == count:
            return _Answer(True, min(each.until for each in chosen), certificate_ids)
        gap = CrewGap(count, len(chosen), certifications_of(of_crew))
        return _Answer(False, date.max, certificate_ids, (gap,))


def _rule_result(rule: CrewTerms, crew: _Crew) -> CrewRuleResult:
    answer = crew.answer(rule.requirement)
    return CrewRuleResult(
        rule_id=rule.rule_id,
        version=rule.version,
        target=rule.target,
        target_key=rule.target_key,
        mode=rule.mode,
        is_met=answer.is_met,
        certificate_ids=tuple(sorted(answer.certificate_ids)),
        gaps=() if answer.is_met else answer.gaps,
        valid_until=_day(answer.until) if answer.is_met else None,
    )


def _person_result(person: CrewPerson, rules: Sequence[CrewTerms], crew: _Crew) -> CrewPersonResult:
    asked = {kind for rule in rules for kind in certifications_of(rule.requirement)}
    carried = {held[person.id][1] for kind in asked if person.id in (held := crew.best.get(kind, {}))}
    missing: set[UUID] = set()
    for rule in rules:
        answer = crew.answer(rule.requirement, person.id)
        if not answer.is_met and rule.mode is GateMode.ENFORCE:
            missing.update(kind for gap in answer.gaps for kind in gap.certification_ids)
    is_qualified = bool(rules) and not missing
    return CrewPersonResult(person.id, is_qualified, tuple(sorted(carried)), tuple(sorted(missing)))


def last_counted_on(facts: CertificateFacts) -> date:
    """The last day the certificate counts; `date.max` when it counts for ever."""
    first = first_uncounted_on(facts)
    return date.max if first is None else first - timedelta(days=1)


def _earliest(days: Iterable[date | None]) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _day(until: date) -> date | None:
    return None if until == date.max else until


def why_missing(certificates: Iterable[CertificateFacts], on: date) -> MissingReason:
    """Why none of somebody's certificates of a kind counts on the day: what the one that came closest lacks.

    Not part of a decision: only the person and her company's managers may be told.
    """
    return max(
        (_fault(each, on) for each in certificates), key=_CLOSENESS.__getitem__, default=MissingReason.NEVER_HELD
    )


def _fault(facts: CertificateFacts, on: date) -> MissingReason:
    if facts.is_withdrawn:
        return MissingReason.WITHDRAWN
    if not facts.is_verified:
        return MissingReason.NOT_VERIFIED
    if facts.revoked_from is not None and facts.revoked_from <= on:
        return MissingReason.REVOKED
    if facts.issued_on > on:
        return MissingReason.NOT_YET_VALID
    return MissingReason.EXPIRED


def to_disclosed(terms: Iterable[CrewTerms], facts: CrewFacts) -> CrewFacts:
    """The part of the facts that the answer rests on and that the owner may therefore see: no more is put on record.

    Of each person and required kind the certificate that counts and lasts longest; of a contractor whose crew was not
    named only the people whose certificates carry the answer. Every rule is answered the same by it.
    """
    rules = [each for each in terms if any(each.applies_to(facts.building_id, unit) for unit in facts.units)]
    asked = {kind for rule in rules for kind in certifications_of(rule.requirement)}
    crew = _Crew(facts.people, facts.work_on)
    best = {held[1] for kind in asked for held in crew.best.get(kind, {}).values()}
    people = [
        replace(person, certificates=tuple([each for each in person.certificates if each.certificate_id in best]))
        for person in facts.people
    ]
    if not facts.is_crew_named:
        carrying = {each for rule in rules for each in crew.answer(rule.requirement).certificate_ids}
        people = [p for p in people if any(each.certificate_id in carrying for each in p.certificates)]
    return replace(facts, people=tuple(people))


def record_unavailable(
    *,
    building_id: UUID | None,
    contractor_id: UUID | None,
    visit_id: UUID | None,
    work_on: date,
    now: datetime,
) -> CrewDecision:
    """The answer when facts could not be read or the record not be written: not qualified, whatever the modes."""
    return CrewDecision(
        organization_id=None,
        building_id=building_id,
        contractor_id=contractor_id,
        visit_id=visit_id,
        work_on=work_on,
        decided_at=now,
        is_qualified=False,
        outcome=GateOutcome.DENY,
        reason=CrewReason.RECORD_UNAVAILABLE,
    )
