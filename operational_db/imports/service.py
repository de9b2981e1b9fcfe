"""Use cases of the importers: a school's history, a register of licences, taking an import back, and the list of them.

Each runs in the caller's transaction and takes the principal; `run_*` open and end the transaction themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import polars as pl
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ImportRefusedError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.identity.service import create_organization
from operational_db.imports.apply import Progress, apply_history, no_progress, plan_history
from operational_db.imports.batches import (
    MAX_REMOVAL_SHARE,
    finish_batch,
    keep_refusal,
    start_batch,
    stop_when_too_much_is_missing,
)
from operational_db.imports.findings import Findings
from operational_db.imports.history import History, read_history
from operational_db.imports.history_tables import School
from operational_db.imports.layout import HISTORY_LAYOUT
from operational_db.imports.licences import (
    CSLB_LAYOUT,
    REGISTER,
    apply_licences,
    plan_licences,
    read_licences,
)
from operational_db.imports.oulad import OULAD_LAYOUT, read_oulad
from operational_db.imports.outcomes_service import IMPORTER as OUTCOMES
from operational_db.imports.outcomes_service import months_to_sum_again, sum_again
from operational_db.imports.reading import ReadingLimits, SourceFile, find_files
from operational_db.imports.report import ImportResult, build_report
from operational_db.imports.repository import ImportRepository
from operational_db.imports.undo import undo_batch
from operational_db.ledger.append import append_events
from operational_db.ledger.events import ImportUndone
from operational_db.tables.identity import Organization
from operational_db.tables.imports import ImportBatch
from operational_db.types import ImportState, OrganizationKind

FORMATS = {"standard": HISTORY_LAYOUT, "oulad": OULAD_LAYOUT}


@dataclass(frozen=True, kw_only=True)
class HistoryRequest:
    """What to import, for which school.

    source
        Name of the system the records come from; ids are immutable within it and the school.
    organization_name
        Name of the school to create when the slug is not known yet.
    max_removal_share
        Share (0-1) of formerly imported rows of a kind that may be missing before the import is stopped.
    """

    folder: Path
    organization_slug: str
    organization_name: str | None = None
    source: str = "history"
    format: str = "standard"
    max_removal_share: float = MAX_REMOVAL_SHARE
    limits: ReadingLimits = field(default_factory=ReadingLimits)


@dataclass(frozen=True, kw_only=True)
class LicenceRequest:
    """A register's file; with an organization, holders become its technicians from `members_since`."""

    file: Path
    format: str = "cslb"
    organization_slug: str | None = None
    organization_name: str | None = None
    max_removal_share: float = MAX_REMOVAL_SHARE
    limits: ReadingLimits = field(default_factory=ReadingLimits)


def run_history_import(
    engine: Engine,
    principal: Principal,
    request: HistoryRequest,
    *,
    is_dry_run: bool,
    now: datetime,
    progress: Progress = no_progress,
) -> ImportResult:
    """Parse, check, diff and apply a school's history in one transaction; a dry run writes nothing.

    Raises
    ------
    ImportRefusedError
        When a file as a whole cannot be trusted or too many rows would be missing; the refusal is kept as a batch.
    NotAuthorizedError, NotFoundError, InvalidInputError
        When the principal may not, the school is unknown and has no name to create it by, or it is no school.
    """
    principal.require(Permission.RUN_IMPORTS)
    if request.format not in FORMATS:
        raise InvalidInputError(f"There is no format '{request.format}'. Choose one of {', '.join(FORMATS)}.")
    findings = Findings()
    try:
        history = _read(request, progress)
        findings = history.findings
        if is_dry_run:
            with read_only_session(engine) as session:
                return _plan_only(session, principal, request, history, now=now, progress=progress)
        with unit_of_work(engine) as session:
            return import_history(session, principal, request, history, now=now, progress=progress)
    except ImportRefusedError as error:
        if not is_dry_run:
            keep_refusal(
                engine,
                principal,
                error,
                findings,
                importer="history",
                format_=request.format,
                source=request.source,
                organization_slug=request.organization_slug,
                now=now,
            )
        raise


def import_history(
    session: Session,
    principal: Principal,
    request: HistoryRequest,
    history: History,
    *,
    now: datetime,
    progress: Progress = no_progress,
) -> ImportResult:
    """Check, diff and apply what was read. Raises as `run_history_import`."""
    organization = _school(session, principal, request, now=now)
    principal.require(Permission.RUN_IMPORTS, organization.id)
    source_key = f"{organization.id}:{request.source}"
    repository = ImportRepository(session)
    repository.lock_source(source_key)
    school = School(organization.id, organization.name, organization.slug)
    plan = plan_history(repository, history, school, source_key, request.source, now=now, progress=progress)
    stop_when_too_much_is_missing(plan.counts, plan.known_counts, history.findings, request.max_removal_share)
    batch = start_batch(session, principal, importer="history", format_=request.format, source=request.source, now=now)
    batch.organization_id = organization.id
    session.flush()
    apply_history(repository, plan, school, source_key, batch.id, now=now, progress=progress)
    return finish_batch(session, batch, build_report(plan.counts, history.findings), now=now)


def run_licence_import(
    engine: Engine,
    principal: Principal,
    request: LicenceRequest,
    *,
    is_dry_run: bool,
    now: datetime,
    progress: Progress = no_progress,
) -> ImportResult:
    """Bring a government register's file in as held certificates, at once. Raises as `run_history_import`."""
    principal.require(Permission.RUN_IMPORTS)
    if request.format != REGISTER:
        raise InvalidInputError(f"There is no format '{request.format}'. Choose {REGISTER}.")
    if not request.file.is_file():
        raise NotFoundError(f"There is no file {request.file.name}.")
    source = SourceFile(request.file, CSLB_LAYOUT.files[0])
    findings = Findings()
    try:
        rows = read_licences(source, findings, request.limits, lambda name, count: progress(name, count, None))
        if is_dry_run:
            with read_only_session(engine) as session:
                organization = _existing(session, request.organization_slug)
                plan = plan_licences(ImportRepository(session), rows, findings, source.name, organization, now=now)
                stop_when_too_much_is_missing(plan.counts, plan.known_counts, findings, request.max_removal_share)
                return ImportResult(None, None, build_report(plan.counts, findings))
        with unit_of_work(engine) as session:
            return _import_licences(session, principal, request, rows, findings, source.name, now=now)
    except ImportRefusedError as error:
        if not is_dry_run:
            keep_refusal(
                engine,
                principal,
                error,
                findings,
                importer="licences",
                format_=request.format,
                source=REGISTER,
                organization_slug=request.organization_slug,
                now=now,
            )
        raise


def undo_import(session: Session, principal: Principal, *, import_id: UUID, now: datetime) -> ImportBatch:
    """Take an import back: remove what it added, restore what it changed, and say so in the ledger.

    Raises
    ------
    NotFoundError
        When there is no such import.
    ConflictError
        When it was undone already, was never applied, or something else was built on what it added.
    """
    repository = ImportRepository(session)
    batch = repository.batch(import_id)
    if batch is None:
        raise NotFoundError("There is no such import. `sitesync import list` shows them.")
    principal.require(_permission_for(batch), batch.organization_id)
    months = months_to_sum_again(session, batch) if batch.importer == OUTCOMES else []
    undo_batch(repository, batch)
    batch.state = ImportState.UNDONE
    batch.undone_at = now
    session.flush()
    sum_again(session, batch, months, now=now)
    event = ImportUndone(
        subject_id=None, organization_id=batch.organization_id, occurred_at=now, undone_import_id=batch.id
    )
    append_events(session, [event], now=now)
    return batch


def list_imports(session: Session, principal: Principal) -> Sequence[ImportBatch]:
    """Imports the principal may see, newest first."""
    if not principal.can(Permission.MANAGE_ROI):
        principal.require(Permission.RUN_IMPORTS)
    return [
        batch
        for batch in ImportRepository(session).batches()
        if principal.can(_permission_for(batch), batch.organization_id)
    ]


def _permission_for(batch: ImportBatch) -> Permission:
    """Results of a company's jobs are brought in by who manages its costs, everything else by who runs imports."""
    return Permission.MANAGE_ROI if batch.importer == OUTCOMES else Permission.RUN_IMPORTS


def _read(request: HistoryRequest, progress: Progress) -> History:
    files = find_files(request.folder, FORMATS[request.format])
    reader: Callable[..., History] = read_oulad if request.format == "oulad" else read_history
    return reader(files, request.limits, lambda name, count: progress(name, count, None))


def _plan_only(
    session: Session,
    principal: Principal,
    request: HistoryRequest,
    history: History,
    *,
    now: datetime,
    progress: Progress,
) -> ImportResult:
    organization = _existing(session, request.organization_slug)
    if organization is None:
        _require_name(request.organization_slug, request.organization_name)
        # A school that is not there yet has no records: nothing will be found under this id.
        school = School(UUID(int=0), request.organization_name or "", request.organization_slug)
    else:
        _require_school(organization)
        principal.require(Permission.RUN_IMPORTS, organization.id)
        school = School(organization.id, organization.name, organization.slug)
    plan = plan_history(
        ImportRepository(session),
        history,
        school,
        f"{school.id}:{request.source}",
        request.source,
        now=now,
        progress=progress,
    )
    stop_when_too_much_is_missing(plan.counts, plan.known_counts, history.findings, request.max_removal_share)
    return ImportResult(None, None, build_report(plan.counts, history.findings))


def _import_licences(
    session: Session,
    principal: Principal,
    request: LicenceRequest,
    rows: pl.DataFrame,
    findings: Findings,
    file: str,
    *,
    now: datetime,
) -> ImportResult:
    organization = _company(session, principal, request, now=now)
    principal.require(Permission.RUN_IMPORTS, organization.id if organization is not None else None)
    repository = ImportRepository(session)
    repository.lock_source(REGISTER)
    plan = plan_licences(repository, rows, findings, file, organization, now=now)
    stop_when_too_much_is_missing(plan.counts, plan.known_counts, findings, request.max_removal_share)
    batch = start_batch(session, principal, importer="licences", format_=request.format, source=REGISTER, now=now)
    batch.organization_id = organization.id if organization is not None else None
    session.flush()
    apply_licences(repository, plan, batch.id, organization, now=now)
    return finish_batch(session, batch, build_report(plan.counts, findings), now=now)


def _existing(session: Session, slug: str | None) -> Organization | None:
    return None if slug is None else ImportRepository(session).organization_by_slug(slug)


def _require_name(slug: str, name: str | None) -> None:
    if not name:
        raise NotFoundError(
            f"There is no organization '{slug}'. Name an existing one, or give its name to have it created."
        )


def _require_school(organization: Organization) -> None:
    if organization.kind is not OrganizationKind.TRADE_SCHOOL:
        raise InvalidInputError(
            f"'{organization.slug}' is a {organization.kind}; a learning history belongs to a trade school."
        )


def _school(session: Session, principal: Principal, request: HistoryRequest, *, now: datetime) -> Organization:
    organization = _existing(session, request.organization_slug)
    if organization is not None:
        _require_school(organization)
        return organization
    _require_name(request.organization_slug, request.organization_name)
    return create_organization(
        session,
        principal,
        name=request.organization_name or "",
        slug=request.organization_slug,
        kind=OrganizationKind.TRADE_SCHOOL,
        now=now,
    )


def _company(session: Session, principal: Principal, request: LicenceRequest, *, now: datetime) -> Organization | None:
    if request.organization_slug is None:
        return None
    organization = _existing(session, request.organization_slug)
    if organization is not None:
        return organization
    _require_name(request.organization_slug, request.organization_name)
    return create_organization(
        session,
        principal,
        name=request.organization_name or "",
        slug=request.organization_slug,
        kind=OrganizationKind.SERVICE_COMPANY,
        now=now,
    )
