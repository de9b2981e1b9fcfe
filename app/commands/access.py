"""`sitesync access …`: bring in who may do what in other products, and show who has access without the training."""

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import NotFoundError
from operational_db.gates import access
from operational_db.gates.access_list import ACCESS_LAYOUT
from operational_db.gates.access_views import AccessReport
from operational_db.identity import service as identity
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.paging import LARGEST_PAGE_SIZE, PageRequest
from operational_db.settings import load_settings

commands = typer.Typer(no_args_is_help=True, help="Who may do what in other products.")

OrganizationOption = Annotated[str, typer.Option("--organization", help="Address name of the organization.")]
SHOWN_ROWS = 20


@commands.command("import")
def import_access(
    file: Annotated[Path | None, typer.Argument(help="CSV file.", show_default=False)] = None,
    organization: Annotated[str | None, typer.Option(help="Address name of the organization.")] = None,
    action: Annotated[str | None, typer.Option(help="The action the list is about, such as data-export.")] = None,
    source: Annotated[str, typer.Option(help="Name of the product the list comes from.")] = "file",
    max_removal_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the list that may lose its access before nothing is changed.")
    ] = access.MAX_REMOVAL_SHARE,
    layout: Annotated[bool, typer.Option("--layout", help="Print the columns of the file.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Make a product's access list what the file says; the same file again changes nothing."""
    if layout:
        typer.echo(ACCESS_LAYOUT.description)
        for column in ACCESS_LAYOUT.columns:
            typer.echo(f"  {column.name}: {column.description} ({column.written_as})")
        return
    if file is None:
        raise typer.BadParameter("Name the file.", param_hint="FILE")
    if organization is None or action is None:
        raise typer.BadParameter("Name the organization and the action.", param_hint="--organization, --action")
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        found = {each.slug: each for each in identity.list_organizations(session, SYSTEM_PRINCIPAL)}
        if organization not in found:
            raise NotFoundError(f"There is no organization '{organization}'. `sitesync organizations` lists them.")
        report = access.import_access_list(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=found[organization].organization_id,
            action=action,
            rows=file,
            source=source,
            is_dry_run=dry_run,
            max_removal_share=max_removal_share,
            now=clock.now(),
        )
    _print_report(report, as_json=as_json)


@commands.command("list")
def list_access(
    organization: OrganizationOption, action: Annotated[str | None, typer.Option(help="This action only.")] = None
) -> None:
    """List who has access: action, product, since, person."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        found = {each.slug: each for each in identity.list_organizations(session, SYSTEM_PRINCIPAL)}
        if organization not in found:
            raise NotFoundError(f"There is no organization '{organization}'. `sitesync organizations` lists them.")
        organization_id: UUID = found[organization].organization_id
        number, page_count = 1, 1
        while number <= page_count:
            page = access.list_access(
                session,
                SYSTEM_PRINCIPAL,
                organization_id,
                action=action,
                page=PageRequest(number, LARGEST_PAGE_SIZE),
            )
            for grant in page.items:
                typer.echo(
                    f"{grant.action}  {grant.source}  {grant.granted_on.isoformat()}  {grant.person_id}  "
                    f"{grant.display_name}"
                )
            number, page_count = number + 1, page.page_count


def _print_report(report: AccessReport, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(access.report_as_dict(report), indent=2, default=str))
        return
    console = Console()
    table = Table("read", "added", "removed", "unchanged", "refused")
    counts = (
        report.read_count,
        report.added_count,
        report.removed_count,
        report.unchanged_count,
        report.refused_count,
    )
    table.add_row(*(f"{count:,}" for count in counts))
    console.print(table)
    for finding in report.findings[:SHOWN_ROWS]:
        console.print(f"  {finding.as_text()}", highlight=False, markup=False, soft_wrap=True)
    if len(report.findings) > SHOWN_ROWS:
        console.print(f"  … {len(report.findings) - SHOWN_ROWS:,} more; --json lists them.")
    if report.is_dry_run:
        console.print("Dry run: nothing was written.")
    elif report.added_count or report.removed_count:
        console.print(f"Import {report.import_id}. To take it back: sitesync import undo {report.import_id}")
    else:
        console.print("Nothing to change.")
