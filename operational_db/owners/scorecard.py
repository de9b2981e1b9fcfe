"""How an owner's contractors stand today against its own requirements: live inputs of coverage and scorecards.

Counts and days only, no people: who holds what is disclosed by a crew check alone. Trends and the comparison with
other contractors are the warehouse's. Source: training-platform seed, US-TC029.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational_db.credentials.rules import counts_on
from operational_db.errors import NotFoundError
from operational_db.gates.crew import CrewDecision, CrewPerson, CrewTerms, CrewUnit, decide_crew
from operational_db.gates.crew_requirements import certifications_of
from operational_db.identity.rules import Permission, Principal
from operational_db.owners.crew_rules import certification_names, requirement_text
from operational_db.owners.lookup import CrewFound, CrewQuestion, certificates_of, look_up, rule_versions
from operational_db.owners.repository import OwnersRepository, holds_on
from operational_db.owners.rules import rules_in_effect
from operational_db.tables.owners import Building, ServiceContract, Visit
from operational_db.types import CrewRuleTarget, GateMode, VisitStatus


@dataclass(frozen=True, slots=True)
class RequirementCoverage:
    """One rule in one building, and how a contractor's people meet it on a day.

    `qualified_count`: people who meet all of the rule alone. `is_one_deep`: one person less and it is no longer met.
    `expires_before_visit_count`: of these people, how many no longer meet it on the day of the next visit.
    """

    contractor_id: UUID
    contractor_name: str
    building_id: UUID
    building_name: str
    rule_id: UUID
    text: str
    unit_count: int
    is_covered: bool
    qualified_count: int
    is_one_deep: bool
    next_visit_on: date | None
    is_covered_at_next_visit: bool | None
    expires_before_visit_count: int


@dataclass(frozen=True, slots=True)
class ContractorStanding:
    """A contractor in one line; shares are None where there is nothing to share."""

    contractor_id: UUID
    contractor_name: str
    requirement_count: int
    covered_count: int
    coverage_share: float | None
    certificate_count: int
    in_date_count: int
    in_date_share: float | None
    one_deep_count: int
    expires_before_visit_count: int


def requirement_coverage(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    contractor_id: UUID | None = None,
    building_id: UUID | None = None,
    on: date,
    now: datetime,
) -> list[RequirementCoverage]:
    """Each rule in effect in each building under contract, by contractor, building and rule.

    For the owner's people; a contractor's managers see their own line.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    """
    contractor_id = _visible_contractor(principal, organization_id, contractor_id)
    repository = OwnersRepository(session)
    names = repository.contractors_of(organization_id, on=on)
    if contractor_id is not None and contractor_id not in names:
        raise NotFoundError("No contractor with this id services the owner on that day. Check the contracts.")
    places = _places(session, organization_id, contractor_id, building_id, on=on)
    visits = _next_visits(session, [building for _, building, _ in places], on=on)
    questions = [CrewQuestion(organization_id, building, on, (contractor,)) for contractor, building, _ in places]
    today = look_up(session, questions, now=now)
    # The same question on the day of the next visit, where there is one.
    then = {
        (contractor, building): CrewQuestion(organization_id, building, visits[contractor, building], (contractor,))
        for contractor, building, _ in places
        if (contractor, building) in visits
    }
    later = dict(zip(then, look_up(session, list(then.values()), now=now), strict=True))
    kinds = {kind for found in today for terms in found.terms for kind in certifications_of(terms.requirement)}
    texts = certification_names(session, kinds)
    depths = _Depths()
    rows = []
    for (contractor, building, building_name), found in zip(places, today, strict=True):
        next_visit_on = visits.get((contractor, building))
        at_visit = later.get((contractor, building))
        for terms in found.terms:
            if terms.rule_id is None:
                continue
            depth = depths.of(terms, found)
            then_depth = None if at_visit is None else depths.of(terms, at_visit)
            rows.append(
                RequirementCoverage(
                    contractor_id=contractor,
                    contractor_name=names[contractor],
                    building_id=building,
                    building_name=building_name,
                    rule_id=terms.rule_id,
                    text=requirement_text(terms.requirement, texts),
                    unit_count=sum(
                        unit.id is not None and terms.applies_to(building, unit) for unit in found.facts.units
                    ),
                    is_covered=depth.is_met,
                    qualified_count=len(depth.holders),
                    is_one_deep=depth.is_one_deep,
                    next_visit_on=next_visit_on,
                    is_covered_at_next_visit=None if then_depth is None else then_depth.is_met,
                    expires_before_visit_count=0 if then_depth is None else len(depth.holders - then_depth.holders),
                )
            )
    return sorted(rows, key=lambda row: (row.contractor_name, row.building_name, row.text, row.rule_id))


def contractor_standings(
    session: Session, principal: Principal, *, organization_id: UUID, on: date, now: datetime
) -> list[ContractorStanding]:
    """The owner's contractors, by name: coverage of its requirements and whether their certificates are in date.

    A contractor's certificates are the latest ones its people hold or held, of the kinds the owner asks for.

    Raises
    ------
    NotAuthorizedError
    """
    coverage = requirement_coverage(session, principal, organization_id=organization_id, on=on, now=now)
    only = _visible_contractor(principal, organization_id, None)
    names = OwnersRepository(session).contractors_of(organization_id, on=on)
    standings = []
    for contractor_id, name in sorted(names.items(), key=lambda pair: (pair[1], pair[0])):
        if only is not None and contractor_id != only:
            continue
        mine = [row for row in coverage if row.contractor_id == contractor_id]
        count, in_date = _in_date(session, organization_id, contractor_id, on=on)
        covered = sum(row.is_covered for row in mine)
        standings.append(
            ContractorStanding(
                contractor_id=contractor_id,
                contractor_name=name,
                requirement_count=len(mine),
                covered_count=covered,
                coverage_share=covered / len(mine) if mine else None,
                certificate_count=count,
                in_date_count=in_date,
                in_date_share=in_date / count if count else None,
                one_deep_count=sum(row.is_one_deep for row in mine),
                expires_before_visit_count=sum(row.expires_before_visit_count for row in mine),
            )
        )
    return standings


def _visible_contractor(principal: Principal, owner_id: UUID, contractor_id: UUID | None) -> UUID | None:
    """The contractor to cut to: None for all, which only the owner's people see."""
    if principal.can(Permission.VIEW_BUILDINGS, owner_id):
        return contractor_id
    own = principal.organizations_with(Permission.PLAN_VISITS)
    if contractor_id is None and len(own) == 1:
        return next(iter(own))
    if contractor_id is None or contractor_id not in own:
        principal.require(Permission.VIEW_BUILDINGS, owner_id)
    return contractor_id


def _places(
    session: Session, owner_id: UUID, contractor_id: UUID | None, building_id: UUID | None, *, on: date
) -> list[tuple[UUID, UUID, str]]:
    """Contractor and building of every contract that holds on the day, each once."""
    statement = (
        select(ServiceContract.contractor_id, Building.id, Building.name)
        .join(Building, Building.organization_id == ServiceContract.owner_id)
        .where(
            ServiceContract.owner_id == owner_id,
            Building.is_active.is_(True),
            ServiceContract.building_id.is_(None) | (ServiceContract.building_id == Building.id),
            holds_on(on),
        )
        .distinct()
        .order_by(ServiceContract.contractor_id, Building.id)
    )
    if contractor_id is not None:
        statement = statement.where(ServiceContract.contractor_id == contractor_id)
    if building_id is not None:
        statement = statement.where(Building.id == building_id)
    return [(contractor, building, name) for contractor, building, name in session.execute(statement)]


def _next_visits(session: Session, building_ids: Sequence[UUID], *, on: date) -> dict[tuple[UUID, UUID], date]:
    """The next planned visit of each contractor to each building."""
    statement = (
        select(ServiceContract.contractor_id, Visit.building_id, func.min(Visit.planned_on))
        .join(ServiceContract, ServiceContract.id == Visit.contract_id)
        .where(Visit.building_id.in_(building_ids), Visit.status == VisitStatus.PLANNED, Visit.planned_on >= on)
        .group_by(ServiceContract.contractor_id, Visit.building_id)
    )
    return {(contractor, building): day for contractor, building, day in session.execute(statement)}


@dataclass(frozen=True)
class _Depth:
    """How a contractor's people meet one rule on one day, wherever it applies."""

    is_met: bool
    holders: frozenset[UUID]
    is_one_deep: bool


class _Depths:
    """The engine's answers to single rules: a rule is answered the same in every building, so each is asked once."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[UUID, ...], UUID | None, date], _Depth] = {}

    def of(self, terms: CrewTerms, found: CrewFound) -> _Depth:
        key = (found.question.contractor_ids, terms.rule_id, found.question.work_on)
        if key not in self._known:
            self._known[key] = _depth(terms, found)
        return self._known[key]


def _depth(terms: CrewTerms, found: CrewFound) -> _Depth:
    people = found.facts.people
    decision = _decision(terms, found, people)
    carrying = {each for rule in decision.rules for each in rule.certificate_ids}
    # Without somebody whose certificates carry nothing the rule is still met.
    needed = [p for p in people if any(each.certificate_id in carrying for each in p.certificates)]
    is_one_deep = decision.is_qualified and any(
        not _decision(terms, found, [other for other in people if other.id != person.id]).is_qualified
        for person in needed
    )
    holders = frozenset(each.person_id for each in decision.people if each.is_qualified)
    return _Depth(decision.is_qualified, holders, is_one_deep)


def _decision(terms: CrewTerms, found: CrewFound, people: Sequence[CrewPerson]) -> CrewDecision:
    """The engine's answer to one rule alone, asked of whatever people, enforced and wherever it applies."""
    facts = replace(found.facts, people=tuple(people), units=(CrewUnit(None),))
    rule = replace(terms, target=CrewRuleTarget.OWNER, target_key="", mode=GateMode.ENFORCE)
    return decide_crew([rule], facts, found.facts.known_at)


def _in_date(session: Session, owner_id: UUID, contractor_id: UUID, *, on: date) -> tuple[int, int]:
    """How many lines of certificates the contractor's people have of the owner's kinds, and how many count today."""
    rules = rules_in_effect(rule_versions(session, [owner_id]).get(owner_id, ()), on)
    kinds = {kind for terms in rules for kind in certifications_of(terms.requirement)}
    people = {each.person_id for each in OwnersRepository(session).serving([contractor_id], on=on)}
    lines: dict[tuple[UUID, UUID], bool] = {}
    for person_id, held in certificates_of(session, people, kinds).items():
        for each in held:
            if each.facts.is_withdrawn or not each.facts.is_verified:
                continue
            key = (person_id, each.facts.certification_id)
            lines[key] = lines.get(key, False) or counts_on(each.facts, on)
    return len(lines), sum(lines.values())
