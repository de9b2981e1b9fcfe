"""Who may do what, asked the other way round: the people, actions or organizations for which a gate would say yes.

For searches (AuthZEN, section 8). Nothing is recorded, and nothing may be let through on the strength of a search:
what it lists is allowed when it is asked for.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.gates.access_repository import AccessRepository
from operational_db.gates.history import load_history
from operational_db.gates.repository import GateRepository, to_terms
from operational_db.gates.rules import GateTerms, decide
from operational_db.identity.repository import IdentityRepository
from operational_db.identity.rules import Permission, Principal

# People looked at together while a page of a search is filled.
BATCH = 500


def person_of_subject(session: Session, subject: str) -> UUID | None:
    """The person a caller means by her id or by her account at the identity provider; None when nobody is meant."""
    try:
        return UUID(subject)
    except ValueError:
        person = IdentityRepository(session).person_by_subject(subject)
        return None if person is None else person.id


def people_who_may(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    action: str,
    after: UUID | None,
    limit: int,
    now: datetime,
) -> tuple[list[UUID], bool]:
    """Members whom the gate would let pass, in the order of their ids, from after one; and whether there are more.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.EVALUATE_GATES, organization_id)
    rule = GateRepository(session).rule_in_effect(organization_id, action, on=now.date())
    if rule is None:
        return [], False
    members = AccessRepository(session).member_ids(organization_id, on=now.date(), after=after)
    found: list[UUID] = []
    for start in range(0, len(members), BATCH):
        found += _allowed(session, organization_id, to_terms(rule), members[start : start + BATCH], now)
        if len(found) > limit:
            break
    return found[:limit], len(found) > limit


def actions_allowed(
    session: Session, principal: Principal, *, organization_id: UUID, person_id: UUID, now: datetime
) -> list[str]:
    """Actions with a rule in effect that the person may do now, by name.

    Raises
    ------
    NotAuthorizedError
    """
    if not principal.is_person(person_id):
        principal.require(Permission.EVALUATE_GATES, organization_id)
    rules = [view.terms for view in GateRepository(session).rules(organization_id, on=now.date()) if view.is_in_effect]
    history = load_history(session, organization_id, [person_id], rules)
    return sorted(
        terms.action for terms in rules if decide(terms, history.facts(terms, person_id, at=now), now).is_allowed
    )


def organizations_where(
    session: Session, principal: Principal, *, person_id: UUID, action: str, now: datetime
) -> list[UUID]:
    """Organizations for which the person may do the action now, among those the principal may ask about."""
    day = now.date()
    mine = principal.organizations_with(Permission.EVALUATE_GATES)
    found = []
    for organization_id in sorted(
        {each.organization_id for each in IdentityRepository(session).open_memberships(person_id, on=day)}
    ):
        if not (principal.is_unrestricted or principal.is_person(person_id) or organization_id in mine):
            continue
        rule = GateRepository(session).rule_in_effect(organization_id, action, on=day)
        if rule is not None and _allowed(session, organization_id, to_terms(rule), [person_id], now):
            found.append(organization_id)
    return found


def _allowed(
    session: Session, organization_id: UUID, terms: GateTerms, person_ids: Sequence[UUID], now: datetime
) -> list[UUID]:
    history = load_history(session, organization_id, person_ids, [terms])
    return [
        person_id for person_id in person_ids if decide(terms, history.facts(terms, person_id, at=now), now).is_allowed
    ]
