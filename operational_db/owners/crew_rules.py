"""Use cases of an owner's crew rules: set a version, end a rule, list them, see which apply to a unit.

Which people meet them is the engine's (`gates.crew`); what a proposal would change is in `crew_preview`.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.gates.crew import CrewTerms, model_key
from operational_db.gates.crew_requirements import (
    AllOf,
    AnyOf,
    AtLeast,
    Certified,
    CrewRequirement,
    certifications_of,
    requirement_from,
    to_document,
)
from operational_db.gates.service import RULE_CHANGE, require_gate
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.canonical import document_text
from operational_db.ledger.events import CrewRuleEnded, CrewRuleSet
from operational_db.owners.lookup import CrewQuestion, look_up, to_version
from operational_db.owners.repository import OwnersRepository, can_own_buildings
from operational_db.owners.rules import require_name, rules_in_effect
from operational_db.owners.service import NO_UNIT
from operational_db.owners.service import building_of as visible_building
from operational_db.owners.views import CrewRuleView
from operational_db.tables.credentials import Certification
from operational_db.tables.owners import Building, CrewRule, Equipment, Manufacturer
from operational_db.types import CrewRuleTarget, EquipmentType, GateMode, new_id

# Requirements come in as the tree or as its JSON.
RequirementInput = CrewRequirement | Mapping[str, Any]


def set_crew_rule(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    target: CrewRuleTarget,
    target_key: str | UUID = "",
    requirement: RequirementInput,
    mode: GateMode = GateMode.ENFORCE,
    effective_from: date | None = None,
    now: datetime,
) -> CrewRule:
    """Add the next version of what an owner requires on a target; earlier ones count until its first day.

    Parameters
    ----------
    target_key
        Id of the building, manufacturer or unit, the equipment type, or the model's name; empty for all of the owner's.
    effective_from
        First day of work it counts for; None is today.

    Raises
    ------
    NotAuthorizedError, GateDeniedError
        When the principal may not manage the buildings, or the gate `rule-change` says no.
    InvalidInputError
        When the rule starts before today, or its target or a certification does not exist.
    """
    principal.require(Permission.MANAGE_BUILDINGS, organization_id)
    terms = proposed_terms(
        session,
        organization_id=organization_id,
        target=target,
        target_key=target_key,
        requirement=requirement,
        mode=mode,
        effective_from=effective_from or now.date(),
    )
    if terms.effective_from < now.date() and not principal.is_system:
        raise InvalidInputError("A rule starts today or later: what was decided before stays as it was.")
    require_gate(session, principal, action=RULE_CHANGE, organization_id=organization_id, now=now)
    _lock_target(session, terms)
    versions = _versions(session, organization_id, target, terms.target_key)
    rule = CrewRule(
        id=new_id(),
        organization_id=organization_id,
        target=target,
        target_key=terms.target_key,
        version=versions[0].version + 1 if versions else 1,
        mode=mode,
        requirement=to_document(terms.requirement),
        effective_from=terms.effective_from,
        set_by_id=principal.actor_id,
        created_at=now,
        updated_at=now,
    )
    session.add(rule)
    session.flush()
    event = CrewRuleSet(
        subject_id=None,
        organization_id=organization_id,
        occurred_at=now,
        rule_id=rule.id,
        rule_version=rule.version,
        target=target,
        target_key=rule.target_key,
        mode=mode,
        requirement=document_text(to_document(terms.requirement)),
        effective_from=rule.effective_from,
    )
    append_events(session, [event], now=now)
    return rule


def end_crew_rule(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    target: CrewRuleTarget,
    target_key: str | UUID = "",
    ended_on: date | None = None,
    now: datetime,
) -> list[CrewRule]:
    """End what an owner requires on a target, all versions; `ended_on` is the first day without, today unless given.

    Raises
    ------
    NotAuthorizedError, GateDeniedError, InvalidInputError
    NotFoundError
        When no version is left to end.
    """
    principal.require(Permission.MANAGE_BUILDINGS, organization_id)
    first = ended_on or now.date()
    if first < now.date() and not principal.is_system:
        raise InvalidInputError("A rule ends today or later: what was decided before stays as it was.")
    key = _written_key(target, target_key)
    require_gate(session, principal, action=RULE_CHANGE, organization_id=organization_id, now=now)
    _lock(session, organization_id, target, key)
    ended = [
        rule
        for rule in _versions(session, organization_id, target, key)
        if rule.ended_on is None or rule.ended_on > first
    ]
    if not ended:
        raise NotFoundError("There is no rule on this that could be ended. Check the list of rules.")
    for rule in ended:
        rule.ended_on = first
        rule.updated_at = now
    session.flush()
    events = [
        CrewRuleEnded(
            subject_id=None,
            organization_id=organization_id,
            occurred_at=now,
            rule_id=rule.id,
            rule_version=rule.version,
            ended_on=first,
        )
        for rule in ended
    ]
    append_events(session, events, now=now)
    return ended


def crew_rules_of(session: Session, principal: Principal, *, organization_id: UUID, on: date) -> list[CrewRuleView]:
    """Every version of an owner's rules, from the widest target to the narrowest, newest first.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.VIEW_BUILDINGS, organization_id)
    return _views(session, organization_id, on=on)


def rules_for_unit(session: Session, principal: Principal, *, equipment_id: UUID, on: date) -> list[CrewRuleView]:
    """The rules whoever works on the unit must meet on a day; for its owner and for contractors who service it.

    Raises
    ------
    NotFoundError
    """
    unit = OwnersRepository(session).equipment(equipment_id)
    if unit is None:
        raise NotFoundError(NO_UNIT)
    return _rules_at(session, principal, unit.building_id, (equipment_id,), on=on, missing=NO_UNIT)


def rules_for_building(session: Session, principal: Principal, *, building_id: UUID, on: date) -> list[CrewRuleView]:
    """The rules that apply to a building or any unit in it on a day; for its owner and contractors who service it.

    Raises
    ------
    NotFoundError
    """
    return _rules_at(session, principal, building_id, None, on=on, missing=None)


def proposed_terms(
    session: Session,
    *,
    organization_id: UUID,
    target: CrewRuleTarget,
    target_key: str | UUID,
    requirement: RequirementInput,
    mode: GateMode,
    effective_from: date,
) -> CrewTerms:
    """A rule as it would be kept, checked against what there is.

    Raises
    ------
    InvalidInputError
    """
    organization = OwnersRepository(session).organization(organization_id)
    if organization is None or not can_own_buildings(organization):
        raise InvalidInputError("Only an organization of the kind building_owner requires something of crews.")
    tree = requirement_from(requirement if isinstance(requirement, Mapping) else to_document(requirement))
    wanted = certifications_of(tree)
    known = set(session.scalars(select(Certification.id).where(Certification.id.in_(wanted))))
    if len(known) < len(wanted):
        raise InvalidInputError("The registry has no certification with one of these ids. Look it up by name.")
    key = _written_key(target, target_key)
    _require_target(session, organization_id, target, key)
    return CrewTerms(organization_id, target, key, mode, tree, effective_from)


def requirement_text(requirement: CrewRequirement, names: Mapping[UUID, str]) -> str:
    """A requirement in words: “A and (B or 2 people who each hold C)”."""
    match requirement:
        case Certified(certification_id):
            return names.get(certification_id, str(certification_id))
        case AllOf(parts):
            return " and ".join(_bracketed(each, names) for each in parts)
        case AnyOf(parts):
            return " or ".join(_bracketed(each, names) for each in parts)
        case AtLeast(count, of_crew):
            who = "1 person who holds" if count == 1 else f"{count} people who each hold"
            return f"{who} {_bracketed(of_crew, names)}"


def certification_names(session: Session, certification_ids: set[UUID]) -> dict[UUID, str]:
    statement = select(Certification.id, Certification.name).where(Certification.id.in_(certification_ids))
    return {certification_id: name for certification_id, name in session.execute(statement)}


def _bracketed(requirement: CrewRequirement, names: Mapping[UUID, str]) -> str:
    text_ = requirement_text(requirement, names)
    return text_ if isinstance(requirement, Certified) else f"({text_})"


def _rules_at(
    session: Session,
    principal: Principal,
    building_id: UUID,
    equipment_ids: tuple[UUID, ...] | None,
    *,
    on: date,
    missing: str | None,
) -> list[CrewRuleView]:
    try:
        building = visible_building(session, principal, building_id=building_id, on=on)
    except NotFoundError as error:
        raise NotFoundError(missing or error.message) from error
    question = CrewQuestion(building.organization_id, building_id, on, (), equipment_ids, person_ids=())
    # No people, no certificates: the instant decides nothing here.
    ids = {terms.rule_id for found in look_up(session, [question], now=_midnight(on)) for terms in found.terms}
    return [view for view in _views(session, building.organization_id, on=on) if view.rule_id in ids]


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), UTC)


def _views(session: Session, organization_id: UUID, *, on: date) -> list[CrewRuleView]:
    rules = session.scalars(select(CrewRule).where(CrewRule.organization_id == organization_id)).all()
    versions = {rule.id: to_version(rule) for rule in rules}
    in_effect = {terms.rule_id for terms in rules_in_effect(versions.values(), on)}
    kinds = {kind for each in versions.values() for kind in certifications_of(each.terms.requirement)}
    names = certification_names(session, kinds)
    targets = _target_names(session, [each.terms for each in versions.values()])
    views = [
        CrewRuleView(
            rule_id=rule.id,
            terms=versions[rule.id].terms,
            target_name=targets.get((rule.target, rule.target_key), rule.target_key),
            text=requirement_text(versions[rule.id].terms.requirement, names),
            ended_on=rule.ended_on,
            set_by_id=rule.set_by_id,
            set_at=rule.created_at,
            is_in_effect=rule.id in in_effect,
        )
        for rule in rules
    ]
    return sorted(views, key=lambda view: (*view.terms.order[:2], -view.terms.order[2]))


def _target_names(session: Session, terms: list[CrewTerms]) -> dict[tuple[CrewRuleTarget, str], str]:
    """What the targets are called."""
    names: dict[tuple[CrewRuleTarget, str], str] = {}
    for target, table in (
        (CrewRuleTarget.BUILDING, Building),
        (CrewRuleTarget.MANUFACTURER, Manufacturer),
        (CrewRuleTarget.UNIT, Equipment),
    ):
        ids = {UUID(each.target_key) for each in terms if each.target is target}
        if ids:
            for found_id, name in session.execute(select(table.id, table.name).where(table.id.in_(ids))):
                names[target, str(found_id)] = name
    for each in terms:
        if each.target is CrewRuleTarget.OWNER:
            names[each.target, each.target_key] = "All buildings"
        elif each.target is CrewRuleTarget.EQUIPMENT_TYPE:
            names[each.target, each.target_key] = each.target_key.replace("_", " ")
    return names


def _written_key(target: CrewRuleTarget, target_key: str | UUID) -> str:
    """The key as rules keep it.

    Raises
    ------
    InvalidInputError
        When it is none for this kind of target.
    """
    key = str(target_key).strip()
    match target:
        case CrewRuleTarget.OWNER:
            if key:
                raise InvalidInputError("A rule for all of the owner's buildings names no target.")
            return ""
        case CrewRuleTarget.EQUIPMENT_TYPE:
            if key not in {each.value for each in EquipmentType}:
                raise InvalidInputError(f"“{key}” is no type of equipment. Choose one from the list.")
            return key
        case CrewRuleTarget.MODEL:
            return model_key(require_name(key, "model"))
        case CrewRuleTarget.BUILDING | CrewRuleTarget.MANUFACTURER | CrewRuleTarget.UNIT:
            try:
                return str(UUID(key))
            except ValueError as error:
                raise InvalidInputError(f"Name the {target.value} by its id.") from error


def _require_target(session: Session, organization_id: UUID, target: CrewRuleTarget, key: str) -> None:
    repository = OwnersRepository(session)
    is_there = True
    if target is CrewRuleTarget.BUILDING:
        building = repository.building(UUID(key))
        is_there = building is not None and building.organization_id == organization_id
    elif target is CrewRuleTarget.MANUFACTURER:
        is_there = repository.manufacturer(UUID(key)) is not None
    elif target is CrewRuleTarget.UNIT:
        unit = repository.equipment(UUID(key))
        building = None if unit is None else repository.building(unit.building_id)
        is_there = building is not None and building.organization_id == organization_id
    if not is_there:
        raise InvalidInputError(f"There is no {target.value} with this id that the owner could set a rule on.")


def _lock_target(session: Session, terms: CrewTerms) -> None:
    _lock(session, terms.organization_id, terms.target, terms.target_key)


def _lock(session: Session, organization_id: UUID, target: CrewRuleTarget, key: str) -> None:
    """Until the transaction ends, nobody else sets or ends a rule on the target: versions stay without gaps."""
    name = f"crew-rule/{organization_id}/{target}/{key}"
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def _versions(session: Session, organization_id: UUID, target: CrewRuleTarget, key: str) -> list[CrewRule]:
    """Every version on the target, newest first, read afresh."""
    statement = (
        select(CrewRule)
        .where(CrewRule.organization_id == organization_id, CrewRule.target == target, CrewRule.target_key == key)
        .order_by(CrewRule.version.desc())
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))
