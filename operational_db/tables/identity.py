"""People, organizations, teams, memberships and the API tokens that stand for a person."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import OrganizationKind, Persona, Role


class Person(HasId, HasTimes, Base):
    """A human being. Name and address live here only and can be erased; the ledger holds the id alone."""

    __tablename__ = "people"

    display_name: Mapped[str]
    email: Mapped[str | None] = mapped_column(unique=True)
    timezone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    is_simulated: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    oidc_subject: Mapped[str | None] = mapped_column(unique=True)
    erased_at: Mapped[datetime | None]


class Organization(HasId, HasTimes, Base):
    __tablename__ = "organizations"

    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[OrganizationKind]
    region: Mapped[str | None]
    timezone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    is_simulated: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class Team(HasId, HasTimes, Base):
    __tablename__ = "teams"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        UniqueConstraint("organization_id", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str]


class Membership(HasId, HasTimes, Base):
    """A role a person has in an organization from one day up to, but not including, another.

    A person may hold several roles in one organization, each open at most once at a time.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("ended_on is null or ended_on >= started_on", name="ends_after_start"),
        ForeignKeyConstraint(["organization_id", "team_id"], ["teams.organization_id", "teams.id"]),
        Index(
            "uq_memberships_open",
            "person_id",
            "organization_id",
            "role",
            unique=True,
            postgresql_where=text("ended_on is null"),
        ),
        Index("ix_memberships_organization_id", "organization_id"),
        Index("ix_memberships_person_id", "person_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    team_id: Mapped[UUID | None]
    role: Mapped[Role]
    persona: Mapped[Persona | None]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]


class ApiToken(HasId, HasTimes, Base):
    """A bearer token of the API; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    label: Mapped[str]
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
