"""`sitesync registers …`: how entries stand, what one says, claims and their decision, links in bulk, makers' names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from sqlalchemy import Engine

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports.layout import layout_as_text
from operational_db.imports.repository import ImportRepository
from operational_db.owners.manufacturer_service import list_manufacturers
from operational_db.paging import PageRequest
from operational_db.registers import service
from operational_db.registers.linking import DEFAULT_REGISTER, LINK_LAYOUT, link_technicians, read_links
from operational_db.registers.repository import RegistersRepository
from operational_db.settings import load_settings

commands = typer.Typer(no_args_is_help=True, help="Government registers: entries, claims on them, links in bulk.")

Register = Annotated[str, typer.Option(help="Name of the register.")]
PageNumber = Annotated[int, typer.Option("--page", min=1, help="Which page.")]
PAGE_SIZE = 50


@commands.command("status")
def show_status() -> None:
    """How many entries of each register are in which standing."""
    with _engine() as engine, read_only_session(engine) as session:
        counts = RegistersRepository(session).standing_counts()
    if not counts:
        typer.echo("No register has been imported yet: sitesync import licences FILE")
        return
    table = Table("register", "standing", "entries")
    for register, standing, count in counts:
        table.add_row(register, str(standing), f"{count:,}")
    Console().print(table)


@commands.command("entry")
def show_entry(
    licence_number: Annotated[str, typer.Argument(help="Number of the licence.")], register: Register = DEFAULT_REGISTER
) -> None:
    """What a register says of a licence."""
    with _engine() as engine, read_only_session(engine) as session:
        views = service.entries_of_licence(session, register=register, licence_number=licence_number)
    table = Table("classification", "standing", "status", "issued", "expires", "changed", "claimed")
    for view in views:
        days = ["" if day is None else day.isoformat() for day in (view.issued_on, view.expires_on, view.changed_on)]
        claimed = "yes" if view.is_claimed else "no"
        table.add_row(view.certification, str(view.standing), view.status_text, *days, claimed)
    Console().print(table)


@commands.command("claims")
def show_claims(page: PageNumber = 1) -> None:
    """Open claims of everybody, the oldest first."""
    with _engine() as engine, read_only_session(engine) as session:
        request = PageRequest(page, PAGE_SIZE)
        found = service.queue(session, SYSTEM_PRINCIPAL, None, on=clock.now().date(), page=request)
    if not found.items:
        typer.echo("No claim waits for a decision.")
        return
    table = Table(Column("claim", no_wrap=True), "licence", "for", "person", "since", "document")
    for view in found.items:
        table.add_row(
            str(view.claim_id),
            view.entry.licence_number,
            view.entry.certification,
            view.person,
            f"{view.claimed_at:%Y-%m-%d}",
            view.document_name or "",
        )
    Console().print(table)
    typer.echo(f"Page {found.number} of {found.page_count}, {found.total:,} in all.")


@commands.command("decide")
def decide_claim(
    claim_id: Annotated[UUID, typer.Argument(help="Id of the claim, from `sitesync registers claims`.")],
    approve: Annotated[bool, typer.Option("--approve/--refuse", help="Whether the proof holds.")],
    reason: Annotated[str | None, typer.Option(help="Why not; the claimant reads it.")] = None,
) -> None:
    """Decide about a claim in the platform's name."""
    with _engine() as engine, unit_of_work(engine) as session:
        service.decide_claim(
            session, SYSTEM_PRINCIPAL, claim_id=claim_id, is_approved=approve, reason=reason, now=clock.now()
        )
    typer.echo("Approved: the licence counts for the claimant." if approve else "Refused.")


@commands.command("link")
def link(
    file: Annotated[Path | None, typer.Argument(help="CSV of technicians and licences.", show_default=False)] = None,
    organization: Annotated[str | None, typer.Option(help="Address name of the company.")] = None,
    layout: Annotated[bool, typer.Option("--layout", help="Print the columns.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen and write nothing.")] = False,
) -> None:
    """Link a company's technicians to their licences; bad rows are reported and the others linked."""
    if layout:
        typer.echo(layout_as_text(LINK_LAYOUT))
        return
    if file is None or not file.is_file():
        raise typer.BadParameter("Name the file.", param_hint="FILE")
    if organization is None:
        raise typer.BadParameter("Name the company by its slug.", param_hint="--organization")
    rows, unreadable = read_links(file)
    with _engine() as engine, unit_of_work(engine) as session:
        company = ImportRepository(session).organization_by_slug(organization)
        if company is None:
            raise NotFoundError(f"There is no organization '{organization}'.")
        report = link_technicians(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=company.id,
            rows=rows,
            unreadable=unreadable,
            is_dry_run=dry_run,
            now=clock.now(),
        )
    for problem in report.problems:
        typer.echo(f"line {problem.line} {problem.column or ''}: {problem.code.replace('_', ' ')}. {problem.remedy}")
    typer.echo(
        f"Read {report.read_count:,}: linked {report.linked_count:,} ({report.entry_count:,} entries), "
        f"already linked {report.unchanged_count:,}, refused {report.refused_count:,}."
    )
    if dry_run:
        typer.echo("Dry run: nothing was written.")


@commands.command("manufacturers")
def show_manufacturers(
    search: Annotated[str | None, typer.Option(help="In the name or a spelling.")] = None, page: PageNumber = 1
) -> None:
    """How the spellings of manufacturers are brought together."""
    with _engine() as engine, read_only_session(engine) as session:
        found = list_manufacturers(session, search=search, page=PageRequest(page, PAGE_SIZE))
    table = Table("manufacturer", "spelled")
    for view in found.items:
        name = view.name if view.is_maker else f"({view.name})"
        spellings = ", ".join(alias if origin == "table" else f"{alias} [{origin}]" for alias, origin in view.aliases)
        table.add_row(escape(name), escape(spellings))
    Console().print(table)
    typer.echo(f"Page {found.number} of {max(found.page_count, 1)}, {found.total:,} in all.")


@contextmanager
def _engine() -> Iterator[Engine]:
    with open_context(load_settings()) as context:
        yield context.engine
