"""`sitesync certificates …`: the verification queue, renewals, revocations, kinds of certificates, what expires."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from app.context import open_context
from operational_db import clock
from operational_db.credentials import progress, renewals, service, verification
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import NotFoundError
from operational_db.identity import service as identity
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.paging import PageRequest
from operational_db.settings import load_settings
from operational_db.types import CertificationCategory, CertificationSource

commands = typer.Typer(
    help="Certificates: verify, renew, revoke, register kinds, see what expires.",
    no_args_is_help=True,
)

OrganizationName = Annotated[str, typer.Option("--organization", help="Its address name.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="So many lines.")]


@commands.command()
def queue(organization: OrganizationName, limit: Limit = 50) -> None:
    """List members' certificates that wait for verification, the oldest first. People are shown by id."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        page = verification.queue(
            session,
            SYSTEM_PRINCIPAL,
            _organization_id(session, organization),
            on=clock.today(),
            page=PageRequest(size=limit),
        )
        for case in page.items:
            held = case.certificate
            document = "with a document" if case.document_id is not None else "without a document"
            typer.echo(
                f"{case.case_id}  {held.person_id}  {held.certification_name}  issued {held.issued_on}  "
                f"asked {case.requested_at:%Y-%m-%d}  {document}"
            )
    typer.echo(f"{page.total:,} waiting.")


@commands.command()
def decide(
    case_id: UUID,
    approve: Annotated[bool, typer.Option("--approve/--reject", help="Whether the evidence holds.")],
    reason: Annotated[str | None, typer.Option(help="Why; needed for a rejection.")] = None,
) -> None:
    """Approve or reject the evidence of a certificate."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        case = verification.decide_case(
            session, SYSTEM_PRINCIPAL, case_id=case_id, is_approved=approve, reason=reason, now=clock.now()
        )
        certificate_id = case.certificate_id
    typer.echo(f"Certificate {certificate_id} is {'verified' if approve else 'not accepted'}.")


@commands.command()
def renew(
    certificate_ids: list[UUID],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is missing and write nothing.")] = False,
) -> None:
    """Renew certificates of which nothing is missing; of the others say what is. Exit 1 when one was not renewed."""
    now = clock.now()
    with open_context(load_settings()) as context:
        if dry_run:
            with read_only_session(context.engine) as session:
                missing = {
                    each: renewals.missing_for_renewal(session, SYSTEM_PRINCIPAL, certificate_id=each, on=now.date())
                    for each in certificate_ids
                }
            results = [renewals.RenewalResult(each, None, steps) for each, steps in missing.items()]
        else:
            with unit_of_work(context.engine) as session:
                results = renewals.renew(session, SYSTEM_PRINCIPAL, certificate_ids=certificate_ids, now=now)
    for result in results:
        if result.missing:
            typer.echo(f"{result.certificate_id}  " + " ".join(step.text for step in result.missing))
        elif dry_run:
            typer.echo(f"{result.certificate_id}  nothing is missing")
        else:
            typer.echo(f"{result.certificate_id}  renewed by {result.renewed_by_id}")
    if any(result.missing for result in results):
        raise typer.Exit(1)


@commands.command()
def revoke(
    certificate_id: UUID,
    reason: Annotated[str, typer.Option(help="Why; the holder will ask.")],
    revoked_from: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day it no longer counts; today.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a certificate from its holder for good; its history and its badge say so."""
    day = clock.today() if revoked_from is None else revoked_from.date()
    if not yes:
        typer.confirm(f"The certificate does not count from {day}, and that cannot be undone. Go on?", abort=True)
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        service.revoke_certificate(
            session,
            SYSTEM_PRINCIPAL,
            certificate_id=certificate_id,
            revoked_from=day,
            reason=reason,
            now=clock.now(),
        )
    typer.echo(f"Revoked from {day}.")


@commands.command()
def register(
    code: str,
    name: str,
    source: Annotated[CertificationSource, typer.Option()],
    category: Annotated[CertificationCategory, typer.Option()],
    issuer: Annotated[str | None, typer.Option(help="Name of an issuer outside this installation.")] = None,
    organization: Annotated[str | None, typer.Option(help="Address name of the issuer, when it is one here.")] = None,
    months: Annotated[int | None, typer.Option(min=1, help="Validity; without end unless given.")] = None,
    trade: Annotated[str, typer.Option()] = "elevators",
    ce_credits: Annotated[float, typer.Option(min=0, help="Credits a renewal asks for.")] = 0,
    description: Annotated[str, typer.Option()] = "",
) -> None:
    """Add a kind of certificate to the registry; prints its id."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        made = service.register_certification(
            session,
            SYSTEM_PRINCIPAL,
            name=name,
            code=code,
            source=source,
            category=category,
            issuing_organization_id=None if organization is None else _organization_id(session, organization),
            issuing_organization=issuer,
            description=description,
            trade=trade,
            validity_period_months=months,
            ce_credits_required=Decimal(str(ce_credits)),
            now=clock.now(),
        )
        typer.echo(str(made.id))


@commands.command("earned-by-track")
def earned_by_track(
    track: Annotated[str, typer.Argument(help="Title of one of the platform's training tracks.")],
    certification_ids: Annotated[list[UUID] | None, typer.Argument(help="All of them; none: it earns nothing.")] = None,
) -> None:
    """Say which certifications being certified in a training track earns from now on."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        progress.set_track_certifications(
            session, SYSTEM_PRINCIPAL, title=track, certification_ids=certification_ids or []
        )
    typer.echo(f"“{track}” earns {len(certification_ids or []):,} kinds of certificates.")


@commands.command()
def expiring(
    organization: OrganizationName,
    within_days: Annotated[int, typer.Option(min=0, max=service.LONGEST_OUTLOOK_DAYS)] = 90,
    limit: Limit = 50,
) -> None:
    """List members' certificates that lapse soon and that nothing has renewed yet. People are shown by id."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        page = service.expiring_certificates(
            session,
            SYSTEM_PRINCIPAL,
            _organization_id(session, organization),
            on=clock.today(),
            within_days=within_days,
            page=PageRequest(size=limit),
        )
    for view in page.items:
        typer.echo(f"{view.certificate_id}  {view.person_id}  {view.certification_name}  until {view.expires_on}")
    typer.echo(f"{page.total:,} expire within {within_days} days.")


def _organization_id(session: Session, slug: str) -> UUID:
    for each in identity.list_organizations(session, SYSTEM_PRINCIPAL):
        if each.slug == slug:
            return each.organization_id
    raise NotFoundError(f"There is no organization '{slug}'. `sitesync organizations` lists them.")
