"""Use cases of the importer of job results: a file or rows of data, at once, repeatable, to be taken back.

Taking back and the list of imports are in `service`. Source: training-platform seed, US-TC020.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ImportRefusedError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.imports.apply import Progress, no_progress
from operational_db.imports.batches import finish_batch, keep_refusal, start_batch
from operational_db.imports.findings import Findings
from operational_db.imports.outcomes import (
    FILE_LAYOUT,
    LIMITS,
    OUTCOME_LAYOUT,
    OUTCOMES,
    OutcomeRows,
    read_outcomes,
    rows_of_data,
)
from operational_db.imports.outcomes_tables import apply_outcomes, plan_outcomes, source_key_of
from operational_db.imports.reading import ReadingLimits, SourceFile
from operational_db.imports.report import ImportResult, build_report
from operational_db.imports.repository import ImportRepository
from operational_db.roi.outcomes import record_months
from operational_db.roi.repository import RoiRepository
from operational_db.tables.identity import Organization
from operational_db.tables.imports import ImportBatch

IMPORTER = OUTCOMES
SUFFIXES = (".csv", ".parquet")
MOST_ROWS_OF_DATA = 10_000


@dataclass(frozen=True, kw_only=True)
class OutcomeRequest:
    """Which file to import, for which organization."""

    path: Path
    organization_slug: str
    limits: ReadingLimits = field(default_factory=lambda: LIMITS)


def run_outcome_import(
    engine: Engine,
    principal: Principal,
    request: OutcomeRequest,
    *,
    is_dry_run: bool,
    now: datetime,
    progress: Progress = no_progress,
) -> ImportResult:
    """Parse, check, diff and apply a file of jobs in one transaction; a dry run writes nothing.

    Raises
    ------
    ImportRefusedError
        When the file as a whole cannot be trusted; the refusal is kept as a batch.
    NotFoundError
        When there is no such file, or no such organization among those the principal may know of.
    NotAuthorizedError, InvalidInputError
    """
    if not request.path.is_file():
        raise NotFoundError(f"There is no file {request.path.name}.")
    if request.path.suffix.lower() not in SUFFIXES:
        raise InvalidInputError(f"{request.path.name} is neither CSV nor Parquet; name it .csv or .parquet.")
    with read_only_session(engine) as session:
        today = _today(_organization(session, principal, request.organization_slug), now)
    findings = Findings()
    try:
        rows = read_outcomes(
            SourceFile(request.path, FILE_LAYOUT),
            findings,
            today=today,
            limits=request.limits,
            progress=lambda name, count: progress(name, count, None),
        )
        if is_dry_run:
            with read_only_session(engine) as session:
                organization = _organization(session, principal, request.organization_slug)
                return _plan_only(session, organization, rows)
        with unit_of_work(engine) as session:
            organization = _organization(session, principal, request.organization_slug)
            return import_outcomes(session, principal, organization.id, rows, now=now, progress=progress)
    except ImportRefusedError as error:
        if not is_dry_run:
            keep_refusal(
                engine,
                principal,
                error,
                findings,
                importer=IMPORTER,
                format_=OUTCOME_LAYOUT.name,
                source=request.path.name,
                organization_slug=request.organization_slug,
                now=now,
            )
        raise


def import_outcome_rows(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    rows: Sequence[dict[str, Any]],  # Any: a row holds values of several types
    is_dry_run: bool = False,
    now: datetime,
) -> ImportResult:
    """As `run_outcome_import`, of rows given as data by the names of the layout, in the caller's transaction.

    Raises
    ------
    NotAuthorizedError
    InvalidInputError
        For more rows than one call may hold.
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    if len(rows) > MOST_ROWS_OF_DATA:
        raise InvalidInputError(f"One call holds at most {MOST_ROWS_OF_DATA:,} jobs. Send them in several.")
    organization = RoiRepository(session).organization(organization_id)
    if organization is None:
        raise NotFoundError("There is no such organization among yours.")
    found = rows_of_data(rows, today=_today(organization, now))
    if is_dry_run:
        return _plan_only(session, organization, found)
    return import_outcomes(session, principal, organization_id, found, now=now)


def import_outcomes(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    rows: OutcomeRows,
    *,
    now: datetime,
    progress: Progress = no_progress,
) -> ImportResult:
    """Check against the database, diff and apply what was read. Raises as `run_outcome_import`."""
    principal.require(Permission.MANAGE_ROI, organization_id)
    repository = ImportRepository(session)
    repository.lock_source(source_key_of(organization_id))
    frame, counts = plan_outcomes(repository, rows, organization_id)
    progress("checking", frame.height, None)
    batch = start_batch(session, principal, importer=IMPORTER, format_=OUTCOME_LAYOUT.name, source=rows.file, now=now)
    batch.organization_id = organization_id
    session.flush()
    apply_outcomes(repository, frame, organization_id, batch.id)
    progress("writing", frame.height, None)
    pairs = RoiRepository(session).months_of_batch(batch.id)
    record_months(session, organization_id, pairs, import_id=batch.id, now=now)
    return finish_batch(session, batch, build_report({OUTCOMES: counts}, rows.findings), now=now)


def months_to_sum_again(session: Session, batch: ImportBatch) -> list[tuple[UUID, date]]:
    """Before an import is taken back: the technicians and months it touched."""
    if batch.organization_id is None:
        return []
    ImportRepository(session).lock_source(source_key_of(batch.organization_id))
    return RoiRepository(session).months_of_batch(batch.id)


def sum_again(session: Session, batch: ImportBatch, pairs: Sequence[tuple[UUID, date]], *, now: datetime) -> None:
    """After it was taken back: the next version of these months, from the jobs that are left."""
    if batch.organization_id is not None:
        record_months(session, batch.organization_id, pairs, import_id=None, now=now)


def _organization(session: Session, principal: Principal, slug: str) -> Organization:
    organization = RoiRepository(session).organization_by_slug(slug)
    if organization is None or not (
        principal.can(Permission.VIEW_ROI, organization.id) or principal.can(Permission.MANAGE_ROI, organization.id)
    ):
        raise NotFoundError(f"There is no organization '{slug}' among yours.")
    principal.require(Permission.MANAGE_ROI, organization.id)
    return organization


def _today(organization: Organization, now: datetime) -> date:
    """The day it is where the organization is."""
    return now.astimezone(ZoneInfo(organization.timezone)).date()


def _plan_only(session: Session, organization: Organization, rows: OutcomeRows) -> ImportResult:
    _, counts = plan_outcomes(ImportRepository(session), rows, organization.id)
    return ImportResult(None, None, build_report({OUTCOMES: counts}, rows.findings))
