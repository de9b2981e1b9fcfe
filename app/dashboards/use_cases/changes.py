"""Changes that move the answers of gates without touching a rule: how long training counts, and what a policy says."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_day
from operational_db.content.policies import list_policies
from operational_db.content.views import PolicyView
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal
from operational_db.proficiency import service as proficiency
from operational_db.proficiency.rules import ScopeRuleTerms


def validity_of(
    engine: Engine, principal: Principal, *, organization_id: UUID, scopes: Collection[str], on: date
) -> Mapping[str, ScopeRuleTerms]:
    """How long a certification in each scope or track lasts on a day.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return proficiency.scope_terms_of(session, principal, organization_id=organization_id, scopes=scopes, on=on)


def set_validity(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    terms: ScopeRuleTerms,
    effective_from: date,
    now: datetime,
) -> Receipt:
    """Let the terms hold for what the organization's people reach from a day on.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        row = proficiency.set_scope_rule(
            session,
            principal,
            organization_id=organization_id,
            terms=terms,
            effective_from=effective_from,
            now=now,
        )
        version = row.version
    return Receipt(
        f"Version {version} of how long “{terms.scope}” counts holds for what is reached from "
        f"{to_day(effective_from)} on.",
        now,
        0,
    )


def policies_of(
    engine: Engine, principal: Principal, *, organization_id: UUID | None, on: date
) -> Sequence[PolicyView]:
    """The policies an organization goes by: its own and the platform's, by code.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        found = list_policies(session, principal, on=on)
    return [policy for policy in found if policy.organization_id in {None, organization_id}]
