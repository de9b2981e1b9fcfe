"""`sitesync evidence …`: export bundles of evidence as the operator, and check an unzipped bundle."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.context import AppContext, open_context
from app.dashboards.queries.figures import FIGURES, FigureEvidence, evidence_of
from app.evidence import make_bundle
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import NotFoundError
from operational_db.evidence import verify_bundle
from operational_db.evidence.rules import BundleKind, BundleScope
from operational_db.evidence.service import entries_of_organization
from operational_db.identity import service as identity
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.releases.manifest import current_manifest
from operational_db.releases.reader import open_scoped
from operational_db.releases.scope import Scope
from operational_db.settings import load_settings

commands = typer.Typer(no_args_is_help=True, help="Bundles of evidence that can be checked without trusting us.")

DAY = ["%Y-%m-%d"]


@commands.command()
def export(
    out: Annotated[Path, typer.Option(help="The zip file to write.", dir_okay=False)],
    organization: Annotated[str | None, typer.Option(help="Address name or id of the organization.")] = None,
    person: Annotated[UUID | None, typer.Option(help="Only this person's records.")] = None,
    scope: Annotated[str | None, typer.Option(help="Only this certification scope, such as data-export.")] = None,
    incident: Annotated[UUID | None, typer.Option(help="Only what this incident is about.")] = None,
    figure: Annotated[
        str | None, typer.Option(help=f"Only what is behind this figure now: {', '.join(FIGURES)}.")
    ] = None,
    from_day: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day (UTC).")] = None,
    to_day: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last day (UTC), included.")] = None,
    names: Annotated[bool, typer.Option("--names/--no-names", help="Name the people, or give ids only.")] = True,
) -> None:
    """Write a signed bundle of records, ledger entries and proofs; the export itself goes into the ledger."""
    if not out.absolute().parent.is_dir():
        raise typer.BadParameter(f"There is no folder {out.absolute().parent}.", param_hint="--out")
    kind = _kind(organization, person, scope, incident, figure)
    with open_context(load_settings()) as context:
        organization_id = None if organization is None else _organization_id(context, organization)
        behind = _behind(context, figure, organization_id)
        wanted = BundleScope(
            kind=kind,
            organization_id=organization_id,
            figure=None if figure is None else FIGURES[figure].name,
            figure_value=None if behind.value is None else f"{behind.value:g}",
            leaf_indexes=behind.leaf_indexes,
            person_id=person,
            certification_scope=scope,
            incident_id=incident,
            from_on=None if from_day is None else from_day.date(),
            to_on=None if to_day is None else to_day.date(),
        )
        bundle = make_bundle(
            context.engine,
            context.settings,
            SYSTEM_PRINCIPAL,
            wanted,
            target=out,
            now=clock.now(),
            has_names=names,
        )
    typer.echo(f"Written: {bundle.path} (records: {bundle.record_count:,}; bytes: {bundle.path.stat().st_size:,})")
    typer.echo(f"Ledger: {bundle.tree_size:,} entries, root {bundle.root_hash.hex()}")
    typer.echo(f"Manifest: SHA-256 {bundle.manifest_sha256.hex()}")


@commands.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="The unzipped bundle.", exists=True, file_okay=False)],
    vkey: Annotated[str | None, typer.Option(help="The ledger's key, name+hash+base64, from elsewhere.")] = None,
) -> None:
    """Check a bundle with this installation's own copy of the check; exit 1 and name every file that was changed."""
    arguments = [str(folder), *(["--vkey", vkey] if vkey is not None else [])]
    raise typer.Exit(verify_bundle.main(arguments))


def _kind(
    organization: str | None, person: UUID | None, scope: str | None, incident: UUID | None, figure: str | None
) -> BundleKind:
    named = {
        BundleKind.PERSON: person,
        BundleKind.CERTIFICATION_SCOPE: scope,
        BundleKind.INCIDENT: incident,
        BundleKind.FIGURE: figure,
    }
    kinds = [kind for kind, value in named.items() if value is not None]
    if len(kinds) > 1:
        raise typer.BadParameter("Name only one of them.", param_hint="--person, --scope, --incident, --figure")
    return kinds[0] if kinds else BundleKind.PERIOD if organization is None else BundleKind.ORGANIZATION


def _behind(context: AppContext, figure: str | None, organization_id: UUID | None) -> FigureEvidence:
    """What a figure of the newest release shows for an organization, and the entries of its own behind it."""
    if figure is None:
        return FigureEvidence(None, ())
    if figure not in FIGURES:
        raise typer.BadParameter(f"There is no figure '{figure}': {', '.join(FIGURES)}.", param_hint="--figure")
    if organization_id is None:
        raise typer.BadParameter("A figure is one organization's: name it.", param_hint="--organization")
    ids = frozenset({organization_id})
    manifest = current_manifest(context.settings)
    with open_scoped(manifest, Scope(company_ids=ids, school_ids=ids)) as warehouse:
        found = evidence_of(warehouse, figure=figure, organization_id=str(organization_id), today=manifest.as_of.date())
    with read_only_session(context.engine) as session:
        own = entries_of_organization(
            session, SYSTEM_PRINCIPAL, organization_id=organization_id, leaf_indexes=found.leaf_indexes
        )
    if len(own) < len(found.leaf_indexes):
        typer.echo(f"Left out, not in the organization's part of the ledger: {len(found.leaf_indexes) - len(own)}.")
    return FigureEvidence(found.value, tuple(sorted(own)))


def _organization_id(context: AppContext, name: str) -> UUID:
    with read_only_session(context.engine) as session:
        for view in identity.list_organizations(session, SYSTEM_PRINCIPAL):
            if name in {view.slug, str(view.organization_id)}:
                return view.organization_id
    raise NotFoundError(f"There is no organization '{name}'. Give its address name or its id.")
