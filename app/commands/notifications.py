"""`sitesync notifications …`: owe and deliver reminders by hand, see what waits, try again what was given up."""

from typing import Annotated

import typer

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.notifications import service
from operational_db.notifications.channels import create_channels
from operational_db.notifications.views import DeliveryState
from operational_db.paging import PageRequest
from operational_db.settings import load_settings
from operational_db.types import NotificationChannel

commands = typer.Typer(help="Reminders: what is owed, what was delivered, what waits or was given up.")


@commands.command()
def owe() -> None:
    """Put what is owed into the outbox; safe to repeat. A running installation does this by itself."""
    with open_context(load_settings()) as context:
        report = service.owe_reminders(context.engine, now=clock.now())
    if report.is_declined:
        typer.echo("Another process is at it.")
        return
    typer.echo(
        f"Owed {report.owed_count:,}, settled without sending {report.settled_count:,}, "
        f"closed {report.resolved_count:,}."
    )
    for schedule, count in report.owed.items():
        if count:
            typer.echo(f"  {schedule.replace('_', ' ')}: {count:,}")


@commands.command()
def deliver() -> None:
    """Deliver every message whose time has come. Exit 1 when one was given up."""
    settings = load_settings()
    with open_context(settings) as context:
        report = service.deliver_due(context.engine, create_channels(settings), now=clock.now())
    by_channel = ", ".join(f"{channel.replace('_', '-')} {count:,}" for channel, count in report.delivered.items())
    typer.echo(
        f"Delivered {report.delivered_count:,}{f' ({by_channel})' if by_channel else ''}, "
        f"to be tried again {report.failed_count - report.given_up_count:,}, "
        f"cancelled {report.cancelled_count:,}, given up {report.given_up_count:,}."
    )
    if report.given_up_count:
        raise typer.Exit(1)


@commands.command("list")
def list_deliveries(
    state: Annotated[DeliveryState | None, typer.Option(help="In this state only.")] = None,
    channel: Annotated[NotificationChannel | None, typer.Option(help="Over this channel only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 25,
) -> None:
    """Count the deliveries by channel and state, and list those that need somebody first. People are shown by id."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        counts = service.outbox_counts(session, SYSTEM_PRINCIPAL)
        page = service.list_outbox(session, SYSTEM_PRINCIPAL, PageRequest(size=limit), state=state, channel=channel)
    for each in counts:
        typer.echo(f"{each.channel}  {each.state.replace('_', ' ')}  {each.count:,}")
    for row in page.items:
        reason = f"  {row.last_error}" if row.last_error else ""
        typer.echo(f"{row.delivery_id}  {row.person_id}  {row.on_date}  {row.channel}  {row.state}{reason}")
    if page.total > len(page.items):
        typer.echo(f"… and {page.total - len(page.items):,} more; --limit shows up to 200.")


@commands.command()
def retry() -> None:
    """Try again at once whatever was given up."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        count = service.retry_given_up(session, SYSTEM_PRINCIPAL, now=clock.now())
    typer.echo(f"To be tried again: {count:,}.")
