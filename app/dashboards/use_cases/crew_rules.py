"""What an owner asks of crews, as pages look after it: every version, a proposal held against the facts, ending."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_day, to_plural
from operational_db.database import read_only_session, unit_of_work
from operational_db.gates.crew_requirements import requirement_from
from operational_db.identity.rules import Principal
from operational_db.owners import crew_rules
from operational_db.owners.crew_preview import CrewRulePreview, preview_crew_rule
from operational_db.owners.views import CrewRuleView
from operational_db.types import CrewRuleTarget, GateMode


@dataclass(frozen=True)
class Draft:
    """A rule as somebody wrote it on the page; `document` is the requirement's tree."""

    organization_id: UUID
    target: CrewRuleTarget
    target_key: str
    target_name: str
    document: Mapping[str, Any]  # Any: requirement trees are stored as JSON
    mode: GateMode
    effective_from: date


@dataclass(frozen=True)
class Preview:
    """A draft with what it would change."""

    draft: Draft
    found: CrewRulePreview


def text_of(draft: Draft, names: Mapping[UUID, str]) -> str:
    """The draft's requirement in words.

    Raises
    ------
    InvalidInputError
        When it says nothing that can be required.
    """
    return crew_rules.requirement_text(requirement_from(draft.document), names)


def rules_of(engine: Engine, principal: Principal, *, organization_id: UUID, on: date) -> Sequence[CrewRuleView]:
    """Every version of the owner's rules, from the widest target to the narrowest.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return crew_rules.crew_rules_of(session, principal, organization_id=organization_id, on=on)


def rules_here(engine: Engine, principal: Principal, *, building_id: UUID, on: date) -> Sequence[CrewRuleView]:
    """The rules that hold for a building or any unit in it.

    Raises
    ------
    DomainError
        When the database is down, or there is no such building for the principal.
    """
    with read_only_session(engine) as session:
        return crew_rules.rules_for_building(session, principal, building_id=building_id, on=on)


def preview(engine: Engine, principal: Principal, *, draft: Draft, days: int, now: datetime) -> Preview:
    """Which planned visits and which of the last days' checks would come out otherwise; nothing is written.

    Raises
    ------
    DomainError
        When the draft means nothing, the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        found = preview_crew_rule(
            session,
            principal,
            organization_id=draft.organization_id,
            target=draft.target,
            target_key=draft.target_key,
            requirement=draft.document,
            effective_from=draft.effective_from,
            days=days,
            now=now,
        )
    return Preview(draft, found)


def set_rule(engine: Engine, principal: Principal, *, draft: Draft, now: datetime) -> Receipt:
    """Make the draft the next version of what is asked for its target.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        rule = crew_rules.set_crew_rule(
            session,
            principal,
            organization_id=draft.organization_id,
            target=draft.target,
            target_key=draft.target_key,
            requirement=draft.document,
            mode=draft.mode,
            effective_from=draft.effective_from,
            now=now,
        )
        version, effective_from = rule.version, rule.effective_from
    how = "must be met" if draft.mode is GateMode.ENFORCE else "is only recorded (dry run)"
    return Receipt(
        f"Version {version} of what you ask for {draft.target_name} {how} from {to_day(effective_from)} on.", now, 1
    )


def end_rule(engine: Engine, principal: Principal, *, rule: CrewRuleView, now: datetime) -> Receipt:
    """End what is asked for the rule's target, from today on.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    terms = rule.terms
    with unit_of_work(engine) as session:
        ended = crew_rules.end_crew_rule(
            session,
            principal,
            organization_id=terms.organization_id,
            target=terms.target,
            target_key=terms.target_key,
            now=now,
        )
    return Receipt(
        f"Nothing is asked for {rule.target_name} of its own any more ({to_plural(len(ended), 'version')} ended).",
        now,
        len(ended),
    )
