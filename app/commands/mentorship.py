"""`sitesync mentorship …`: let unanswered requests expire, set an organization's reach, compare and propose a cohort.

What two people write to each other is nobody's to read here. Models are looked after by `sitesync models`.
"""

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import NotFoundError
from operational_db.identity import service as identity
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.mentorship import profiles, requests
from operational_db.settings import load_settings
from operational_db.types import MentoringReach, MentorshipType

commands = typer.Typer(no_args_is_help=True, help="Mentorship: expiring requests, reach of organizations, cohorts.")

OrganizationArgument = Annotated[str, typer.Argument(help="Address name of the organization.")]


@commands.command()
def expire() -> None:
    """Let every request expire that nobody answered in 14 days; safe to repeat. A running installation does it."""
    with open_context(load_settings()) as context:
        report = requests.expire_requests(context.engine, now=clock.now())
    typer.echo(f"Expired {report.expired_count:,}.")


@commands.command()
def reach(
    organization: OrganizationArgument,
    new: Annotated[MentoringReach | None, typer.Option("--set", help="Set it to this.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, change nothing.")] = False,
) -> None:
    """Show or set with whom an organization lets its people be matched."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        organization_id = _organization_id(session, organization)
        before = profiles.reach_of(session, SYSTEM_PRINCIPAL, organization_id=organization_id).reach
        if new is None or new is before:
            typer.echo(f"{organization}: {before}")
            return
        if not dry_run:
            profiles.set_reach(session, SYSTEM_PRINCIPAL, organization_id=organization_id, reach=new, now=clock.now())
    typer.echo(f"{organization}: {before} -> {new}{' (dry run)' if dry_run else ''}")


@commands.command()
def cohort(organization: OrganizationArgument) -> None:
    """Compare the ways to assign an organization's mentees to its mentors; proposes nothing."""
    from app.learned.mentors import compare_cohort

    settings = load_settings()
    with open_context(settings) as context, read_only_session(context.engine) as session:
        organization_id = _organization_id(session, organization)
        found = compare_cohort(session, settings, SYSTEM_PRINCIPAL, organization_id, now=clock.now())
    typer.echo(f"{found.mentee_count:,} mentees, {found.mentor_count:,} mentors with {found.place_count:,} places.")
    if found.served.notice:
        typer.echo(found.served.notice)
    typer.echo("method    value  of best  matched  blocking pairs  spread")
    for row in found.methods.to_dicts():
        typer.echo(
            f"{row['method']:<8}  {row['total_value']:5.0f}  {row['share_of_best']:7.1%}  {row['matched']:7,}"
            f"  {row['blocking_pairs']:14,}  {row['spread']:6.2f}"
        )


@commands.command()
def propose(
    organization: OrganizationArgument,
    method: Annotated[str, typer.Option(help="greedy, optimal, spread or stable.")],
    mentorship_type: Annotated[MentorshipType, typer.Option("--type")] = MentorshipType.GENERAL,
    months: Annotated[int | None, typer.Option(help="Agreed length.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the pairs, ask nobody.")] = False,
) -> None:
    """Make the requests of one assignment; the mentors answer them. People are shown by id."""
    from app.learned.mentors import compare_cohort, propose_cohort

    settings = load_settings()
    with open_context(settings) as context, unit_of_work(context.engine) as session:
        organization_id = _organization_id(session, organization)
        now = clock.now()
        if dry_run:
            found = compare_cohort(session, settings, SYSTEM_PRINCIPAL, organization_id, now=now)
            if method not in found.pairs:
                raise typer.BadParameter(f"Choose among {', '.join(found.pairs)}.", param_hint="--method")
            for pair in found.pairs[method]:
                typer.echo(f"{pair.mentee_id}  {pair.mentor_id}  {pair.score:.1f}")
            typer.echo(f"Would ask for {len(found.pairs[method]):,} (dry run).")
            return
        made = propose_cohort(
            session,
            settings,
            SYSTEM_PRINCIPAL,
            organization_id,
            method=method,
            mentorship_type=mentorship_type,
            duration_months=months,
            now=now,
        )
    for refused, reason in made.refused:
        typer.echo(f"{refused.mentee_id}  {refused.mentor_id}  {reason}")
    typer.echo(f"Asked for {len(made.mentorships):,}, left out {len(made.refused):,}.")


def _organization_id(session: Session, slug: str) -> UUID:
    for each in identity.list_organizations(session, SYSTEM_PRINCIPAL):
        if each.slug == slug:
            return each.organization_id
    raise NotFoundError(f"There is no organization '{slug}'. Check its address name.")
