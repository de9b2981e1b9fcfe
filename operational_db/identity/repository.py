"""Queries on people, organizations, teams, memberships and tokens. Nothing here decides who may see what."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.identity.views import MemberView, SignInChoice, TeamView
from operational_db.paging import Page, PageRequest
from operational_db.tables.identity import ApiToken, Membership, Organization, Person, Team
from operational_db.types import Role


def is_open_on(day: date) -> ColumnElement[bool]:
    """The membership holds on the day: started on or before it and not ended by it."""
    return and_(Membership.started_on <= day, or_(Membership.ended_on.is_(None), Membership.ended_on > day))


class IdentityRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def person(self, person_id: UUID, *, lock: bool = False) -> Person:
        """The person; locked against a concurrent change of her memberships when asked.

        Raises
        ------
        NotFoundError
            When nobody has the id.
        """
        statement = select(Person).where(Person.id == person_id)
        if lock:
            statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        person = self.session.scalar(statement)
        if person is None:
            raise NotFoundError("There is no person with this id. Check the id or search by name.")
        return person

    def person_by_email(self, email: str) -> Person | None:
        return self.session.scalar(select(Person).where(Person.email == email))

    def person_by_subject(self, subject: str) -> Person | None:
        return self.session.scalar(select(Person).where(Person.oidc_subject == subject))

    def organization(self, organization_id: UUID) -> Organization:
        """The organization.

        Raises
        ------
        NotFoundError
            When none has the id.
        """
        organization = self.session.get(Organization, organization_id)
        if organization is None:
            raise NotFoundError("There is no organization with this id. Check the id.")
        return organization

    def organizations(self, organization_ids: Sequence[UUID] | None) -> Sequence[Organization]:
        """Organizations by name; all of them when no ids are named."""
        statement = select(Organization).order_by(Organization.name, Organization.id)
        if organization_ids is not None:
            statement = statement.where(Organization.id.in_(organization_ids))
        return self.session.scalars(statement).all()

    def is_slug_taken(self, slug: str) -> bool:
        return self.session.scalar(select(Organization.id).where(Organization.slug == slug)) is not None

    def is_team_name_taken(self, organization_id: UUID, name: str) -> bool:
        statement = select(Team.id).where(Team.organization_id == organization_id, Team.name == name)
        return self.session.scalar(statement) is not None

    def team(self, organization_id: UUID, team_id: UUID) -> Team:
        """The team of this very organization.

        Raises
        ------
        NotFoundError
            When the organization has no such team.
        """
        statement = select(Team).where(Team.id == team_id, Team.organization_id == organization_id)
        team = self.session.scalar(statement)
        if team is None:
            raise NotFoundError("The organization has no team with this id. Choose one of its own teams.")
        return team

    def teams(self, organization_id: UUID, *, on: date) -> list[TeamView]:
        members = func.count(func.distinct(Membership.person_id))
        statement = (
            select(Team.id, Team.organization_id, Team.name, members)
            .outerjoin(Membership, and_(Membership.team_id == Team.id, is_open_on(on)))
            .where(Team.organization_id == organization_id)
            .group_by(Team.id)
            .order_by(Team.name)
        )
        return [TeamView(*row) for row in self.session.execute(statement)]

    def membership(self, membership_id: UUID) -> Membership:
        """The membership, locked until the transaction ends.

        Raises
        ------
        NotFoundError
            When none has the id.
        """
        statement = select(Membership).where(Membership.id == membership_id).with_for_update()
        membership = self.session.scalar(statement.execution_options(populate_existing=True))
        if membership is None:
            raise NotFoundError("There is no membership with this id. Check the id.")
        return membership

    def memberships_of(self, person_id: UUID) -> Sequence[Membership]:
        """Every membership the person ever had, oldest first."""
        statement = select(Membership).where(Membership.person_id == person_id)
        return self.session.scalars(statement.order_by(Membership.started_on, Membership.id)).all()

    def open_memberships(self, person_id: UUID, *, on: date) -> Sequence[Membership]:
        statement = select(Membership).where(Membership.person_id == person_id, is_open_on(on))
        return self.session.scalars(statement).all()

    def open_team_ids(self, person_id: UUID, *, on: date) -> frozenset[UUID]:
        """Teams the person belongs to on the day."""
        statement = select(Membership.team_id).where(
            Membership.person_id == person_id, is_open_on(on), Membership.team_id.is_not(None)
        )
        return frozenset(team_id for team_id in self.session.scalars(statement) if team_id is not None)

    def members(
        self,
        organization_id: UUID,
        *,
        on: date,
        role: Role | None,
        team_id: UUID | None,
        search: str | None,
        page: PageRequest,
    ) -> Page[MemberView]:
        """Open memberships by name; a person with two roles appears twice."""
        conditions = [Membership.organization_id == organization_id, is_open_on(on)]
        if role is not None:
            conditions.append(Membership.role == role)
        if team_id is not None:
            conditions.append(Membership.team_id == team_id)
        if search:
            conditions.append(Person.display_name.icontains(search, autoescape=True))
        matching = (
            select(
                Membership.id,
                Person.id,
                Person.display_name,
                Person.email,
                Membership.role,
                Membership.team_id,
                Team.name,
                Membership.persona,
                Membership.started_on,
            )
            .join(Person, Person.id == Membership.person_id)
            .outerjoin(Team, Team.id == Membership.team_id)
            .where(*conditions)
        )
        total = self.session.scalar(select(func.count()).select_from(matching.subquery())) or 0
        rows = self.session.execute(
            matching.order_by(Person.display_name, Membership.id).limit(page.size).offset(page.offset)
        )
        return Page([MemberView(*row) for row in rows], total, page.number, page.size)

    def sign_in_choices(self, *, on: date, per_role: int) -> list[SignInChoice]:
        """A few simulated people for each role, spread over organizations by taking each one's first."""
        place_in_organization = func.row_number().over(
            partition_by=(Membership.role, Membership.organization_id), order_by=(Person.display_name, Person.id)
        )
        candidates = (
            select(
                Person.id.label("person_id"),
                Person.display_name,
                Membership.role,
                Membership.organization_id,
                Organization.name.label("organization_name"),
                place_in_organization.label("place"),
            )
            .join(Membership, Membership.person_id == Person.id)
            .join(Organization, Organization.id == Membership.organization_id)
            .where(Person.is_simulated, Person.erased_at.is_(None), is_open_on(on))
            .subquery()
        )
        place_in_role = func.row_number().over(
            partition_by=candidates.c.role,
            order_by=(candidates.c.place, candidates.c.organization_name, candidates.c.person_id),
        )
        ranked = select(candidates, place_in_role.label("rank")).subquery()
        statement = select(ranked).where(ranked.c.rank <= per_role).order_by(ranked.c.role, ranked.c.rank)
        return [
            SignInChoice(
                person_id=row["person_id"],
                display_name=row["display_name"],
                role=row["role"],
                organization_id=row["organization_id"],
                organization_name=row["organization_name"],
            )
            for row in self.session.execute(statement).mappings()
        ]

    def token_by_hash(self, digest: bytes) -> ApiToken | None:
        return self.session.scalar(select(ApiToken).where(ApiToken.token_sha256 == digest))

    def token(self, token_id: UUID) -> ApiToken:
        """The token.

        Raises
        ------
        NotFoundError
            When none has the id.
        """
        token = self.session.get(ApiToken, token_id)
        if token is None:
            raise NotFoundError("There is no token with this id. List your tokens to find it.")
        return token

    def tokens_of(self, person_id: UUID) -> Sequence[ApiToken]:
        statement = select(ApiToken).where(ApiToken.person_id == person_id)
        return self.session.scalars(statement.order_by(ApiToken.created_at.desc(), ApiToken.id)).all()
