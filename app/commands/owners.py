"""`sitesync owners …`: check a crew, list an owner's crew rules and visits, take the proof of a check away."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import NotFoundError
from operational_db.identity import service as identity
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.witness_client import parse_witnesses
from operational_db.owners import crew, crew_rules, visits
from operational_db.owners.crew_proof import proof_of
from operational_db.owners.views import CrewAnswer
from operational_db.paging import LARGEST_PAGE_SIZE, PageRequest
from operational_db.settings import load_settings
from operational_db.types import VisitStatus

commands = typer.Typer(no_args_is_help=True, help="Building owners: crew checks, crew rules, visits.")

OrganizationArgument = Annotated[str, typer.Argument(help="Address name of the owner, or of the contractor.")]
Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Day, such as 2026-11-02; today without.", show_default=False),
]


@commands.command("crew-check")
def check_crew(
    building: Annotated[UUID | None, typer.Option(help="Id of a building, all of its units.")] = None,
    unit: Annotated[list[UUID] | None, typer.Option(help="Id of a unit; may be repeated.")] = None,
    visit: Annotated[UUID | None, typer.Option(help="Id of a planned visit.")] = None,
    person: Annotated[list[UUID] | None, typer.Option(help="Id of a person; may be repeated.")] = None,
    contractor: Annotated[UUID | None, typer.Option(help="Id of a contractor, any of its people.")] = None,
    day: Day = None,
    proof: Annotated[Path | None, typer.Option(help="Write the proof of the check to this zip file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decision's canonical JSON.")] = False,
) -> None:
    """Check and record: exit 0 when the crew is qualified, 1 when not."""
    if building is None and not unit and visit is None:
        raise typer.BadParameter("Name a building, units or a visit.", param_hint="--building, --unit, --visit")
    settings = load_settings()
    with open_context(settings) as context:
        now = clock.now()
        work_on = day.date() if day is not None else None if visit is not None else now.date()
        answer = crew.check_crew(
            context.engine,
            SYSTEM_PRINCIPAL,
            building_id=building,
            equipment_ids=unit or (),
            person_ids=person or None,
            contractor_id=contractor,
            work_on=work_on,
            visit_id=visit,
            now=now,
        )
        if proof is not None and answer.decision_id is not None:
            content = proof_of(
                context.engine,
                SYSTEM_PRINCIPAL,
                decision_id=answer.decision_id,
                signer=load_or_create_signer(settings),
                witness_vkeys=[each.verifier.vkey for each in parse_witnesses(settings.ledger_witnesses)],
                now=clock.now(),
            )
            proof.write_bytes(content)
    typer.echo(answer.decision.canonical().decode() if as_json else _describe(answer))
    if not answer.is_qualified:
        raise typer.Exit(1)


@commands.command("rules")
def list_rules(
    organization: OrganizationArgument,
    has_all: Annotated[bool, typer.Option("--all", help="Former and later versions too.")] = False,
) -> None:
    """List what an owner requires of crews today."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        views = crew_rules.crew_rules_of(
            session, SYSTEM_PRINCIPAL, organization_id=_organization_id(session, organization), on=clock.today()
        )
    table = Table("about", "version", "mode", "from", "needs", "in effect")
    for view in views:
        if has_all or view.is_in_effect:
            table.add_row(
                f"{view.terms.target}: {view.target_name}" if view.terms.target_key else view.target_name,
                str(view.terms.version),
                str(view.terms.mode),
                view.terms.effective_from.isoformat(),
                view.text,
                "yes" if view.is_in_effect else "",
            )
    Console().print(table)


@commands.command("visits")
def list_visits(
    organization: OrganizationArgument,
    since: Day = None,
    has_all: Annotated[bool, typer.Option("--all", help="Those that took place or were called off too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the visits as JSON.")] = False,
) -> None:
    """List visits from a day on; `!` marks those nobody qualified can do as things stand."""
    first = clock.today() if since is None else since.replace(tzinfo=UTC).date()
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        page = visits.list_visits(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=_organization_id(session, organization),
            from_on=first,
            status=None if has_all else VisitStatus.PLANNED,
            page=PageRequest(size=LARGEST_PAGE_SIZE),
        )
    if as_json:
        rows = [
            {
                "visit_id": str(each.visit_id),
                "planned_on": each.planned_on.isoformat(),
                "building": each.building_name,
                "unit": each.equipment_name,
                "contractor": each.contractor_name,
                "status": str(each.status),
                "is_unqualified": each.is_unqualified,
            }
            for each in page.items
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("", "day", "building", "unit", "contractor", "crew", "status")
    for each in page.items:
        table.add_row(
            "!" if each.is_unqualified else "",
            each.planned_on.isoformat(),
            each.building_name,
            each.equipment_name or "",
            each.contractor_name,
            str(len(each.crew)) if each.crew else "anybody",
            str(each.status),
        )
    Console().print(table)
    if page.total > len(page.items):
        typer.echo(f"{page.total - len(page.items):,} more are not shown; --since moves the first day.")


def _organization_id(session: Session, slug: str) -> UUID:
    for each in identity.list_organizations(session, SYSTEM_PRINCIPAL):
        if each.slug == slug:
            return each.organization_id
    raise NotFoundError(f"There is no organization '{slug}'. Check its address name.")


def _describe(answer: CrewAnswer) -> str:
    lines = [
        f"{'QUALIFIED' if answer.is_qualified else 'NOT QUALIFIED'}: {answer.text}",
        f"Decision: {answer.decision_id or 'not recorded'}",
    ]
    for unit in answer.units:
        what = unit.name or "the building"
        lines.append(f"  {what}: {'qualified' if unit.is_qualified else ', '.join(unit.missing) or unit.reason}")
    for each in answer.certificates:
        until = "" if each.expires_on is None else f", through {each.expires_on.isoformat()}"
        lines.append(f"  carried by {each.certification_name} of {each.person_id}{until}")
    return "\n".join(lines)
