"""`sitesync organization|person|member|team|token`: register who uses an installation, as its operator."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.documents.service import remove_unused_files
from operational_db.documents.store import file_store_of
from operational_db.errors import NotFoundError
from operational_db.identity import service as identity
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.views import OrganizationView
from operational_db.notifications import service as notifications
from operational_db.notifications.channels import FileChannel
from operational_db.paging import LARGEST_PAGE_SIZE, PageRequest
from operational_db.settings import load_settings
from operational_db.types import OrganizationKind, Role

commands = typer.Typer()
OrganizationOption = Annotated[str, typer.Option("--organization", help="Address name of the organization.")]
TeamOption = Annotated[str | None, typer.Option("--team", help="Name of a team; `sitesync teams` lists them.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; today unless given.")]


def _organization(organizations: list[OrganizationView], slug: str) -> OrganizationView:
    for organization in organizations:
        if organization.slug == slug:
            return organization
    raise NotFoundError(f"There is no organization '{slug}'. `sitesync organizations` lists them.")


def _team_id(session: Session, organization_id: UUID, name: str | None) -> UUID | None:
    if name is None:
        return None
    for team in identity.list_teams(session, SYSTEM_PRINCIPAL, organization_id=organization_id, on=clock.today()):
        if team.name == name:
            return team.team_id
    raise NotFoundError(f"There is no team '{name}' there. `sitesync teams` lists the teams, `add-team` makes one.")


def _day(value: datetime | None) -> date:
    return clock.today() if value is None else value.date()


@commands.command()
def organizations(kind: Annotated[OrganizationKind | None, typer.Option()] = None) -> None:
    """List the organizations: address name, kind, name."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        found = identity.list_organizations(session, SYSTEM_PRINCIPAL)
    for organization in sorted(found, key=lambda each: (each.kind, each.slug)):
        if kind in {None, organization.kind}:
            mark = " (simulated)" if organization.is_simulated else ""
            typer.echo(f"{organization.slug}  {organization.kind}  {organization.name}{mark}")


@commands.command("add-organization")
def add_organization(
    name: str,
    kind: Annotated[OrganizationKind, typer.Option()],
    slug: Annotated[str | None, typer.Option(help="Address name; made from the name unless given.")] = None,
    timezone: Annotated[str, typer.Option()] = "UTC",
) -> None:
    """Register an organization; prints its address name."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        made = identity.create_organization(
            session, SYSTEM_PRINCIPAL, name=name, kind=kind, slug=slug, timezone=timezone, now=clock.now()
        )
        typer.echo(made.slug)


@commands.command("add-person")
def add_person(
    name: str,
    organization: OrganizationOption,
    role: Annotated[Role, typer.Option()],
    email: Annotated[str | None, typer.Option(help="Binds the identity provider's account at first sign-in.")] = None,
    timezone: Annotated[str, typer.Option()] = "UTC",
    team: TeamOption = None,
    started_on: Day = None,
    simulated: Annotated[bool, typer.Option(help="A made-up person, whom the local sign-in offers.")] = False,
) -> None:
    """Register a person with a role in an organization; prints the person's id."""
    now = clock.now()
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        place = _organization(identity.list_organizations(session, SYSTEM_PRINCIPAL), organization)
        person = identity.create_person(
            session,
            SYSTEM_PRINCIPAL,
            display_name=name,
            email=email,
            timezone=timezone,
            is_simulated=simulated,
            now=now,
        )
        identity.start_membership(
            session,
            SYSTEM_PRINCIPAL,
            person_id=person.id,
            organization_id=place.organization_id,
            role=role,
            team_id=_team_id(session, place.organization_id, team),
            started_on=_day(started_on),
            now=now,
        )
        typer.echo(str(person.id))


@commands.command("add-role")
def add_role(
    person_id: UUID,
    organization: OrganizationOption,
    role: Annotated[Role, typer.Option()],
    team: TeamOption = None,
    started_on: Day = None,
) -> None:
    """Give a registered person one more role."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        place = _organization(identity.list_organizations(session, SYSTEM_PRINCIPAL), organization)
        identity.start_membership(
            session,
            SYSTEM_PRINCIPAL,
            person_id=person_id,
            organization_id=place.organization_id,
            role=role,
            team_id=_team_id(session, place.organization_id, team),
            started_on=_day(started_on),
            now=clock.now(),
        )
    typer.echo(f"The person is {role.replace('_', ' ')} of {place.name} now.")


@commands.command()
def members(
    organization: OrganizationOption,
    role: Annotated[Role | None, typer.Option()] = None,
    team: TeamOption = None,
    search: Annotated[str | None, typer.Option(help="A part of the name.")] = None,
    page: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """List who belongs to an organization today: membership, person, role, team, name."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        place = _organization(identity.list_organizations(session, SYSTEM_PRINCIPAL), organization)
        found = identity.list_members(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=place.organization_id,
            on=clock.today(),
            role=role,
            team_id=_team_id(session, place.organization_id, team),
            search=search,
            page=PageRequest(page, LARGEST_PAGE_SIZE),
        )
    for each in found.items:
        typer.echo(f"{each.membership_id}  {each.person_id}  {each.role}  {each.team_name or '-'}  {each.display_name}")
    typer.echo(f"Page {found.number} of {max(found.page_count, 1)}, {found.total:,} in all.")


@commands.command("end-membership")
def end_membership(
    membership_id: UUID,
    ended_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day it no longer holds; today unless given.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a role in an organization from a person who leaves; `sitesync members` shows the ids."""
    day = _day(ended_on)
    if not yes:
        typer.confirm(
            f"The person no longer has this role from {day}. A new one can be given later. Go on?", abort=True
        )
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        identity.end_membership(session, SYSTEM_PRINCIPAL, membership_id=membership_id, ended_on=day, now=clock.now())
    typer.echo(f"Ended from {day}.")


@commands.command()
def teams(organization: OrganizationOption) -> None:
    """List the teams of an organization with the number of their members today."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        place = _organization(identity.list_organizations(session, SYSTEM_PRINCIPAL), organization)
        found = identity.list_teams(session, SYSTEM_PRINCIPAL, organization_id=place.organization_id, on=clock.today())
    for team in found:
        typer.echo(f"{team.team_id}  {team.member_count}  {team.name}")


@commands.command("add-team")
def add_team(name: str, organization: OrganizationOption) -> None:
    """Add a team to an organization; prints its id."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        place = _organization(identity.list_organizations(session, SYSTEM_PRINCIPAL), organization)
        made = identity.create_team(
            session, SYSTEM_PRINCIPAL, organization_id=place.organization_id, name=name, now=clock.now()
        )
        typer.echo(str(made.id))


@commands.command("erase-person")
def erase_person(person_id: UUID, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Remove a person's name, address, documents and free texts for good; the ledger has none and stays whole."""
    if not yes:
        typer.confirm("Name, address, documents and free texts of this person are removed for good. Go on?", abort=True)
    settings = load_settings()
    with open_context(settings) as context:
        with unit_of_work(context.engine) as session:
            identity.erase_person(session, SYSTEM_PRINCIPAL, person_id=person_id, now=clock.now())
        with unit_of_work(context.engine) as session:
            remove_unused_files(session, file_store_of(settings))
            notifications.forget_written(
                session, SYSTEM_PRINCIPAL, person_id=person_id, files=FileChannel(settings.outbox_path)
            )
    typer.echo("Erased. Figures follow with the next refresh; older ones go when they are replaced.")


@commands.command()
def people() -> None:
    """List people the local sign-in offers: id, role, organization, name."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        for choice in identity.people_by_role(session, on=clock.today()):
            typer.echo(f"{choice.person_id}  {choice.role}  {choice.organization_name}  {choice.display_name}")


@commands.command()
def token(
    person_id: UUID,
    label: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    days: Annotated[int, typer.Option(min=1, max=366)] = 30,
) -> None:
    """Mint a bearer token of the API for a person; the secret is printed once and kept nowhere."""
    now = clock.now()
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        secret = identity.mint_token(session, SYSTEM_PRINCIPAL, person_id, label, timedelta(days=days), now)
    typer.echo(secret)


@commands.command("revoke-token")
def revoke_token(token_id: UUID) -> None:
    """Make a token useless from now on."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        identity.revoke_token(session, SYSTEM_PRINCIPAL, token_id=token_id, now=clock.now())
    typer.echo("Revoked.")


@commands.command()
def tokens(person_id: UUID) -> None:
    """List a person's tokens, without their secrets."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        for view in identity.list_tokens(session, SYSTEM_PRINCIPAL, person_id=person_id):
            state = "revoked" if view.revoked_at else f"until {view.expires_at:%d %b %Y}"
            typer.echo(f"{view.token_id}  {view.label}  {state}")
