"""`sitesync roi …`: estimate what training changed, show what was found, and take proposed costs from enrollments."""

import json
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from app.context import open_context
from app.learned.roi import estimate_organization
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.roi import costs, estimates
from operational_db.roi.repository import RoiRepository
from operational_db.roi.views import EstimatesMade, EstimateView
from operational_db.settings import load_settings
from pipelines.roi_estimates import estimate_all

commands = typer.Typer(no_args_is_help=True, help="What training cost and returned.")

OrganizationArgument = Annotated[str, typer.Argument(help="Address name of the company.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
STATES = {
    "effect": "effect",
    "no_visible_effect": "no visible effect",
    "not_enough_data": "not enough data",
    "pre_trends_differ": "pre-trends differ",
}


@commands.command("estimate")
def estimate(
    organization: Annotated[
        str | None, typer.Argument(help="Address name of the company; all of them without.", show_default=False)
    ] = None,
) -> None:
    """Estimate what training changed, over all courses and through each; figures follow with the next refresh."""
    with open_context(load_settings()) as context:
        now = clock.now()
        if organization is None:
            made = estimate_all(context.engine, now=now)
        else:
            with unit_of_work(context.engine) as session:
                organization_id = _organization_id(session, organization)
                made = [estimate_organization(session, SYSTEM_PRINCIPAL, organization_id=organization_id, now=now)]
    typer.echo(_made_text(made))


@commands.command("show")
def show(organization: OrganizationArgument, as_json: AsJson = False) -> None:
    """Show the current estimates of a company: state, effect with its interval, and why."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        organization_id = _organization_id(session, organization)
        found = estimates.estimates_of(session, SYSTEM_PRINCIPAL, organization_id=organization_id)
    if as_json:
        typer.echo(json.dumps([_as_dict(each) for each in found], indent=2))
        return
    if not found:
        typer.echo("Nothing was estimated yet. Import results of jobs, then run `sitesync roi estimate`.")
        return
    table = Table("course", "outcome", "state", "effect", "from", "to", "trained", "compared")
    for each in found:
        numbers = ["" if value is None else f"{value:+.4f}" for value in (each.effect, each.low, each.high)]
        table.add_row(
            each.course_title or "(all)",
            each.outcome_kind.replace("_", " "),
            STATES[each.state],
            *numbers,
            str(each.trained_count),
            str(each.compared_count),
        )
    console = Console()
    console.print(table)
    for each in found:
        if each.course_id is None:
            title = each.outcome_kind.replace("_", " ")
            reason = each.details.get("reason", "")
            console.print(f"{title}: {reason}", highlight=False, markup=False, soft_wrap=True)


@commands.command("propose-costs")
def propose_costs(
    organization: OrganizationArgument,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of enrollment to look at.")
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Record what is proposed, instead of showing it.")] = False,
) -> None:
    """Show what enrollments suggest as costs: fees, and estimated hours at the wage in force. Records with --record."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        organization_id = _organization_id(session, organization)
        first_day, now = since.date() if since else None, clock.now()
        proposed = costs.propose_costs(
            session, SYSTEM_PRINCIPAL, organization_id=organization_id, since=first_day, now=now
        )
        good = [each for each in proposed if each.problem is None]
        if record:
            made = costs.record_proposed_costs(
                session, SYSTEM_PRINCIPAL, organization_id=organization_id, since=first_day, now=now
            )
            typer.echo(f"Recorded {len(made):,} costs; {len(proposed) - len(good):,} proposals have a problem.")
            return
    table = Table("kind", "proposals", "amount", "currency")
    # Amounts in sum: single paid hours would tell a wage.
    for kind, currency in sorted({(each.cost_kind, each.currency or "") for each in good}):
        chosen = [each for each in good if (each.cost_kind, each.currency) == (kind, currency)]
        total = sum(each.amount or 0 for each in chosen)
        table.add_row(kind.replace("_", " "), f"{len(chosen):,}", f"{total:,.2f}", currency)
    console = Console()
    console.print(table)
    for problem in sorted({each.problem for each in proposed if each.problem}):
        count = sum(each.problem == problem for each in proposed)
        console.print(f"{count:,} cannot be recorded: {problem}", highlight=False, markup=False)
    console.print("Nothing was recorded. Run it with --record to do so.")


def _organization_id(session: Session, slug: str) -> UUID:
    found = RoiRepository(session).organization_by_slug(slug)
    if found is None:
        raise NotFoundError(f"There is no organization '{slug}'.")
    return found.id


def _made_text(made: list[EstimatesMade]) -> str:
    new, same = sum(each.new_count for each in made), sum(each.same_count for each in made)
    return f"{len(made):,} companies: {new:,} new estimates, {same:,} came out as before."


def _as_dict(each: EstimateView) -> dict[str, object]:
    return {
        "course_id": None if each.course_id is None else str(each.course_id),
        "course_title": each.course_title,
        "outcome_kind": each.outcome_kind,
        "state": each.state,
        **{
            name: None if (value := getattr(each, name)) is None else float(value) for name in ("effect", "low", "high")
        },
        "trained_count": each.trained_count,
        "compared_count": each.compared_count,
        "month_count": each.month_count,
        "panel_sha256": each.panel_sha256,
        "ledger_size": each.ledger_size,
        "estimated_at": each.estimated_at.isoformat(),
        "details": dict(each.details),
    }
