"""Use cases on people, organizations, teams, memberships and tokens, and the making of principals.

Names and addresses are kept in tables only; the ledger hears of memberships by id.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import available_timezones

from slugify import slugify
from sqlalchemy.orm import Session

from operational_db.compliance.service import add_recipients_for_membership
from operational_db.errors import (
    ConflictError,
    InvalidInputError,
    NotAuthorizedError,
    NotFoundError,
    NotSignedInError,
)
from operational_db.identity.erasure import end_rights, erase_personal_data
from operational_db.identity.repository import IdentityRepository
from operational_db.identity.rules import Grant, Permission, Principal, not_authorized, require_role_fits
from operational_db.identity.views import MemberView, OrganizationView, SignInChoice, TeamView, TokenView
from operational_db.ledger.append import append_events
from operational_db.ledger.events import MembershipEnded, MembershipStarted, PersonErased
from operational_db.paging import Page, PageRequest
from operational_db.tables.identity import ApiToken, Membership, Organization, Person, Team
from operational_db.types import OrganizationKind, Persona, Role

ERASED_NAME = "Erased person"
TOKEN_PREFIX = "sst_"  # noqa: S105 - a marker that secret scanners can look for, not a secret
LONGEST_TOKEN_LIFETIME = timedelta(days=366)


def create_person(
    session: Session,
    principal: Principal,
    *,
    display_name: str,
    email: str | None = None,
    timezone: str = "UTC",
    oidc_subject: str | None = None,
    is_simulated: bool = False,
    now: datetime,
) -> Person:
    """Register a human being; membership comes separately.

    Raises
    ------
    NotAuthorizedError
        When the principal manages the members of no organization.
    InvalidInputError
        When the name is empty, the address is none, or the time zone is unknown.
    ConflictError
        When the address or subject already stands for somebody.
    """
    principal.require(Permission.MANAGE_MEMBERS)
    repository = IdentityRepository(session)
    address = _to_address(email)
    if address is not None and repository.person_by_email(address) is not None:
        raise ConflictError("Somebody is registered with this e-mail address already. Use another address.")
    if oidc_subject is not None and repository.person_by_subject(oidc_subject) is not None:
        raise ConflictError("This sign-in account already stands for somebody. Use another account.")
    person = Person(
        display_name=_required(display_name, "A person needs a name."),
        email=address,
        timezone=_to_timezone(timezone),
        oidc_subject=oidc_subject,
        is_simulated=is_simulated,
        created_at=now,
        updated_at=now,
    )
    session.add(person)
    session.flush()
    return person


def create_organization(
    session: Session,
    principal: Principal,
    *,
    name: str,
    kind: OrganizationKind,
    slug: str | None = None,
    region: str | None = None,
    timezone: str = "UTC",
    is_simulated: bool = False,
    now: datetime,
) -> Organization:
    """Register an organization; only the platform's administrators and the operator may.

    Raises
    ------
    NotAuthorizedError
        For everybody else.
    InvalidInputError
        When the name is empty or the time zone unknown.
    ConflictError
        When the slug is taken.
    """
    principal.require(Permission.ADMINISTER)
    text = _required(name, "An organization needs a name.")
    wanted = slugify(slug or text)
    if IdentityRepository(session).is_slug_taken(wanted):
        raise ConflictError(f"Another organization already uses the address name '{wanted}'. Give another slug.")
    organization = Organization(
        name=text,
        slug=_required(wanted, "The name has no letters to make an address name of; give a slug."),
        kind=kind,
        region=region,
        timezone=_to_timezone(timezone),
        is_simulated=is_simulated,
        created_at=now,
        updated_at=now,
    )
    session.add(organization)
    session.flush()
    return organization


def create_team(session: Session, principal: Principal, *, organization_id: UUID, name: str, now: datetime) -> Team:
    """Add a team to an organization.

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage the organization's members.
    ConflictError
        When the organization has a team of that name.
    """
    principal.require(Permission.MANAGE_MEMBERS, organization_id)
    repository = IdentityRepository(session)
    repository.organization(organization_id)
    text = _required(name, "A team needs a name.")
    if repository.is_team_name_taken(organization_id, text):
        raise ConflictError(f"The organization already has a team named '{text}'. Choose another name.")
    team = Team(organization_id=organization_id, name=text, created_at=now, updated_at=now)
    session.add(team)
    session.flush()
    return team


def start_membership(
    session: Session,
    principal: Principal,
    *,
    person_id: UUID,
    organization_id: UUID,
    role: Role,
    started_on: date,
    team_id: UUID | None = None,
    persona: Persona | None = None,
    now: datetime,
) -> Membership:
    """Give a person a role in an organization, and the training its newcomers are assigned (CMP-05).

    A manager may take in people who belong nowhere yet or who belonged to the organization before: taking in somebody
    else's employee would open her records, so that is left to the platform's administrators.

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage the organization's members, or the person belongs to another one.
    InvalidInputError
        When the organization's kind has no such role.
    ConflictError
        When the person was erased or has this role in the organization for a part of that time.
    """
    principal.require(Permission.MANAGE_MEMBERS, organization_id)
    repository = IdentityRepository(session)
    person = repository.person(person_id, lock=True)
    organization = repository.organization(organization_id)
    if person.erased_at is not None:
        raise ConflictError("The person was erased and cannot become a member. Register the person anew.")
    require_role_fits(role, organization.kind)
    if team_id is not None:
        repository.team(organization_id, team_id)
    former = repository.memberships_of(person_id)
    _require_may_take_in(principal, organization_id, former)
    _require_no_overlap(former, organization_id, role, started_on)
    membership = Membership(
        person_id=person_id,
        organization_id=organization_id,
        team_id=team_id,
        role=role,
        persona=persona,
        started_on=started_on,
        created_at=now,
        updated_at=now,
    )
    session.add(membership)
    session.flush()
    event = MembershipStarted(
        subject_id=person_id,
        organization_id=organization_id,
        occurred_at=now,
        membership_id=membership.id,
        role=role,
        team_id=team_id,
        persona=persona,
        started_on=started_on,
    )
    append_events(session, [event], now=now)
    add_recipients_for_membership(session, membership, now=now)
    return membership


def end_membership(
    session: Session, principal: Principal, *, membership_id: UUID, ended_on: date, now: datetime
) -> Membership:
    """End a membership; `ended_on` is the first day it no longer holds.

    Raises
    ------
    NotFoundError
        When there is none with the id, or it belongs to an organization the principal has no part in.
    NotAuthorizedError
        When the principal does not manage the organization's members.
    ConflictError
        When it has ended already.
    InvalidInputError
        When it would end before it started.
    """
    membership = IdentityRepository(session).membership(membership_id)
    principal.require(Permission.MANAGE_MEMBERS, membership.organization_id)
    if membership.ended_on is not None:
        raise ConflictError(f"The membership ended on {membership.ended_on.isoformat()} already.")
    if ended_on < membership.started_on:
        raise InvalidInputError(
            f"The membership started on {membership.started_on.isoformat()}; choose that day or a later one."
        )
    _end(session, membership, ended_on, now)
    return membership


def erase_person(session: Session, principal: Principal, *, person_id: UUID, now: datetime) -> Person:
    """Remove everything that names a person: name, address, sign-in account, tokens and free text; ids and dates stay.

    The ledger holds opaque ids only (D2), so it is not touched and still verifies; that she was erased is one entry
    more. Open memberships, access to actions and waivers end that day. Evidence bundles made from now on hold no name
    of hers; the warehouse forgets it with the next refresh. Erasing somebody twice changes nothing.

    Raises
    ------
    NotFoundError
        When nobody has the id.
    NotAuthorizedError
        When the principal is neither that person nor an administrator.
    """
    if not principal.is_person(person_id):
        principal.require(Permission.ADMINISTER)
    repository = IdentityRepository(session)
    person = repository.person(person_id, lock=True)
    if person.erased_at is not None:
        return person
    for membership in repository.memberships_of(person_id):
        if membership.ended_on is None:
            _end(session, membership, max(membership.started_on, now.date()), now)
    person.display_name = ERASED_NAME
    person.email = None
    person.oidc_subject = None
    person.erased_at = now
    person.updated_at = now
    session.flush()
    end_rights(session, person_id, now=now)
    erase_personal_data(session, person_id, now=now)
    append_events(session, [PersonErased(subject_id=person_id, organization_id=None, occurred_at=now)], now=now)
    return person


def principal_for(session: Session, person_id: UUID, *, on: date) -> Principal:
    """The person with the roles that are open on the day.

    Raises
    ------
    NotFoundError
        When nobody has the id or the person was erased.
    """
    repository = IdentityRepository(session)
    person = repository.person(person_id)
    if person.erased_at is not None:
        raise NotFoundError("This person was erased and can no longer sign in.")
    grants = frozenset(Grant(m.organization_id, m.role) for m in repository.open_memberships(person_id, on=on))
    return Principal(person_id=person.id, display_name=person.display_name, grants=grants)


def principal_for_oidc(session: Session, *, subject: str, verified_email: str | None, on: date) -> Principal:
    """The person an identity provider's account stands for; the first sign-in binds the account by verified address.

    Raises
    ------
    NotSignedInError
        When the account stands for nobody, or the address belongs to somebody bound to another account.
    """
    repository = IdentityRepository(session)
    person = repository.person_by_subject(subject)
    if person is None and verified_email is not None:
        person = repository.person_by_email(verified_email.strip().lower())
        if person is not None and person.oidc_subject is not None:
            raise NotSignedInError(
                "This e-mail address is bound to another sign-in account. Sign in with that account, "
                "or ask an administrator."
            )
    if person is None:
        raise NotSignedInError("Your account stands for nobody here. Ask your organization's manager to register you.")
    if person.oidc_subject is None:
        person.oidc_subject = subject
        session.flush()
    return principal_for(session, person.id, on=on)


def principal_for_oidc_subject(session: Session, subject: str, *, on: date) -> Principal:
    """The person an already bound account of the identity provider stands for; for bearer tokens, which bind nothing.

    Raises
    ------
    NotSignedInError
        When the account stands for nobody.
    """
    return principal_for_oidc(session, subject=subject, verified_email=None, on=on)


def may_sign_in_locally(session: Session, person_id: UUID) -> None:
    """The local sign-in lends anybody the simulated people and nobody a real person (D10).

    Raises
    ------
    NotFoundError
        When nobody has the id.
    NotAuthorizedError
        When the person is real or was erased.
    """
    person = IdentityRepository(session).person(person_id)
    if not person.is_simulated or person.erased_at is not None:
        raise NotAuthorizedError("Only simulated people can be tried out here. Choose one of those offered.")


def principal_for_token(session: Session, token: str, *, now: datetime) -> Principal:
    """The person a bearer token stands for.

    Raises
    ------
    NotSignedInError
        When the token is unknown, expired or revoked, or its person was erased.
    """
    found = IdentityRepository(session).token_by_hash(_digest(token))
    if found is None or found.revoked_at is not None or found.expires_at <= now:
        raise NotSignedInError("The bearer token is unknown, revoked or expired. Mint a new one with `sitesync token`.")
    try:
        return principal_for(session, found.person_id, on=now.date())
    except NotFoundError as error:
        raise NotSignedInError("The person this token stood for was erased.") from error


def mint_token(
    session: Session, principal: Principal, person_id: UUID, label: str, lifetime: timedelta, now: datetime
) -> str:
    """A new bearer token for a person; the returned secret is shown once, only its SHA-256 is kept.

    Raises
    ------
    NotAuthorizedError
        When the principal is neither that person nor an administrator.
    InvalidInputError
        When the label is empty or the lifetime is not between nothing and 366 days.
    """
    if not principal.is_person(person_id):
        principal.require(Permission.ADMINISTER)
    if not timedelta(0) < lifetime <= LONGEST_TOKEN_LIFETIME:
        raise InvalidInputError("A token lives for up to 366 days; choose a lifetime in between.")
    person = IdentityRepository(session).person(person_id)
    if person.erased_at is not None:
        raise ConflictError("This person was erased and can have no token.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        person_id=person.id,
        label=_required(label, "A token needs a label that says what it is for."),
        token_sha256=_digest(secret),
        expires_at=now + lifetime,
        created_at=now,
        updated_at=now,
    )
    session.add(token)
    session.flush()
    return secret


def revoke_token(session: Session, principal: Principal, *, token_id: UUID, now: datetime) -> TokenView:
    """Make a token useless from now on; revoking it again changes nothing.

    Raises
    ------
    NotFoundError
        When there is no such token, or it is somebody else's and the principal is no administrator.
    """
    token = IdentityRepository(session).token(token_id)
    if not principal.is_person(token.person_id) and not principal.can(Permission.ADMINISTER):
        raise NotFoundError("There is no token with this id. List your tokens to find it.")
    if token.revoked_at is None:
        token.revoked_at = now
        token.updated_at = now
        session.flush()
    return _to_token_view(token)


def list_tokens(session: Session, principal: Principal, *, person_id: UUID) -> list[TokenView]:
    """The person's tokens, newest first, without their secrets.

    Raises
    ------
    NotAuthorizedError
        When the principal is neither that person nor an administrator.
    """
    if not principal.is_person(person_id):
        principal.require(Permission.ADMINISTER)
    return [_to_token_view(token) for token in IdentityRepository(session).tokens_of(person_id)]


def list_members(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    on: date,
    role: Role | None = None,
    team_id: UUID | None = None,
    search: str | None = None,
    page: PageRequest | None = None,
) -> Page[MemberView]:
    """Members of an organization on a day, by name.

    Raises
    ------
    NotAuthorizedError
        When no role in the organization allows to see its members.
    """
    principal.require(Permission.VIEW_MEMBERS, organization_id)
    return IdentityRepository(session).members(
        organization_id, on=on, role=role, team_id=team_id, search=search, page=page or PageRequest()
    )


def list_teams(session: Session, principal: Principal, *, organization_id: UUID, on: date) -> list[TeamView]:
    """Teams of an organization with the number of their members on a day; any member may see them.

    Raises
    ------
    NotAuthorizedError
        When the principal does not belong to the organization.
    """
    if organization_id not in principal.organization_ids:
        principal.require(Permission.VIEW_MEMBERS, organization_id)
    return IdentityRepository(session).teams(organization_id, on=on)


def list_organizations(session: Session, principal: Principal) -> list[OrganizationView]:
    """The organizations the principal belongs to; all of them for administrators and the operator."""
    ids = None if principal.is_unrestricted else sorted(principal.organization_ids)
    return [
        OrganizationView(o.id, o.name, o.slug, o.kind, o.region, o.timezone, o.is_simulated)
        for o in IdentityRepository(session).organizations(ids)
    ]


def people_by_role(session: Session, *, on: date, per_role: int = 5) -> list[SignInChoice]:
    """Simulated people the local sign-in offers, a few for each role; real people are never listed (D10)."""
    return IdentityRepository(session).sign_in_choices(on=on, per_role=per_role)


def _end(session: Session, membership: Membership, ended_on: date, now: datetime) -> None:
    membership.ended_on = ended_on
    membership.updated_at = now
    session.flush()
    event = MembershipEnded(
        subject_id=membership.person_id,
        organization_id=membership.organization_id,
        occurred_at=now,
        membership_id=membership.id,
        ended_on=ended_on,
    )
    append_events(session, [event], now=now)


def _require_may_take_in(principal: Principal, organization_id: UUID, former: Sequence[Membership]) -> None:
    belongs_elsewhere = bool(former) and all(m.organization_id != organization_id for m in former)
    if belongs_elsewhere and not principal.is_unrestricted:
        refusal = not_authorized(Permission.MANAGE_MEMBERS, organization_id)
        raise NotAuthorizedError(
            "The person belongs to another organization. Ask the platform's administrators to add the membership.",
            details=refusal.details,
        )


def _require_no_overlap(former: Sequence[Membership], organization_id: UUID, role: Role, started_on: date) -> None:
    for membership in former:
        is_same = membership.organization_id == organization_id and membership.role is role
        if is_same and (membership.ended_on is None or membership.ended_on > started_on):
            until = membership.ended_on.isoformat() if membership.ended_on else "further notice"
            raise ConflictError(
                f"The person has the role {role} here from {membership.started_on.isoformat()} until {until}. "
                "End that membership first, or start the new one later."
            )


def _required(value: str, message: str) -> str:
    text = value.strip()
    if not text:
        raise InvalidInputError(message)
    return text


def _to_address(email: str | None) -> str | None:
    if email is None:
        return None
    address = email.strip().lower()
    name, separator, host = address.partition("@")
    if not (name and separator and "." in host) or any(character.isspace() for character in address):
        raise InvalidInputError("This is no e-mail address; it needs a name, an @ and a host.")
    return address


def _to_timezone(name: str) -> str:
    if name not in available_timezones():
        raise InvalidInputError(f"'{name}' is no known time zone. Use a name such as America/New_York.")
    return name


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _to_token_view(token: ApiToken) -> TokenView:
    return TokenView(token.id, token.person_id, token.label, token.created_at, token.expires_at, token.revoked_at)
