"""What identity shows to its callers: read-only shapes of people, members, teams and tokens."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from operational_db.types import OrganizationKind, Persona, Role


@dataclass(frozen=True)
class SignInChoice:
    """One simulated person the local sign-in offers."""

    person_id: UUID
    display_name: str
    role: Role
    organization_id: UUID
    organization_name: str


@dataclass(frozen=True)
class MemberView:
    """One role of one person in an organization, open on the day asked about."""

    membership_id: UUID
    person_id: UUID
    display_name: str
    email: str | None
    role: Role
    team_id: UUID | None
    team_name: str | None
    persona: Persona | None
    started_on: date


@dataclass(frozen=True)
class OrganizationView:
    organization_id: UUID
    name: str
    slug: str
    kind: OrganizationKind
    region: str | None
    timezone: str
    is_simulated: bool


@dataclass(frozen=True)
class TeamView:
    """A team and how many people have an open membership in it."""

    team_id: UUID
    organization_id: UUID
    name: str
    member_count: int


@dataclass(frozen=True)
class TokenView:
    """A token without its secret, which is shown once when it is minted and kept nowhere."""

    token_id: UUID
    person_id: UUID
    label: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
