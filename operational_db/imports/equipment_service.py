"""Use case of the equipment importer: an owner's buildings and units, at once, repeatable, to be taken back.

Taking back and the list of imports are in `service`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ImportRefusedError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.identity.service import create_organization
from operational_db.imports.apply import Progress, no_progress
from operational_db.imports.batches import (
    MAX_REMOVAL_SHARE,
    finish_batch,
    keep_refusal,
    start_batch,
    stop_when_too_much_is_missing,
)
from operational_db.imports.equipment import EquipmentFiles, read_layout, read_nyc
from operational_db.imports.equipment_layouts import EQUIPMENT_FORMATS, NYC_LAYOUT
from operational_db.imports.equipment_tables import EquipmentPlan, apply_equipment, plan_equipment
from operational_db.imports.findings import Findings
from operational_db.imports.reading import ReadingLimits, SourceFile, find_files
from operational_db.imports.report import ImportResult, build_report
from operational_db.imports.repository import ImportRepository
from operational_db.tables.identity import Organization
from operational_db.types import OrganizationKind

IMPORTER = "equipment"


@dataclass(frozen=True, kw_only=True)
class EquipmentRequest:
    """What to import, for which owner.

    path
        The register's file, or for our own layout the folder (or one of its files).
    source
        Name of the register; ids are immutable within it and the owner. The format's name when absent.
    organization_name
        Name of the owner to create when the slug is not known yet.
    """

    path: Path
    organization_slug: str
    organization_name: str | None = None
    format: str = "standard"
    source: str | None = None
    max_removal_share: float = MAX_REMOVAL_SHARE
    limits: ReadingLimits = field(default_factory=ReadingLimits)

    @property
    def source_name(self) -> str:
        return self.source or self.format


def run_equipment_import(
    engine: Engine,
    principal: Principal,
    request: EquipmentRequest,
    *,
    is_dry_run: bool,
    now: datetime,
    progress: Progress = no_progress,
) -> ImportResult:
    """Parse, check, diff and apply an owner's equipment in one transaction; a dry run writes nothing.

    Raises
    ------
    ImportRefusedError
        When a file as a whole cannot be trusted or too many rows would be missing; the refusal is kept as a batch.
    NotAuthorizedError, NotFoundError, InvalidInputError
        When the principal may not, the owner is unknown and has no name to create it by, or it owns no buildings.
    """
    principal.require(Permission.RUN_IMPORTS)
    if request.format not in EQUIPMENT_FORMATS:
        names = ", ".join(EQUIPMENT_FORMATS)
        raise InvalidInputError(f"There is no format '{request.format}'. Choose one of {names}.")
    if not request.path.exists():
        raise NotFoundError(f"There is no file or folder {request.path.name}.")
    findings = Findings()
    try:
        files = _read(request, findings, now=now, progress=progress)
        if is_dry_run:
            with read_only_session(engine) as session:
                return _plan_only(session, principal, request, files)
        with unit_of_work(engine) as session:
            return import_equipment(session, principal, request, files, now=now, progress=progress)
    except ImportRefusedError as error:
        if not is_dry_run:
            keep_refusal(
                engine,
                principal,
                error,
                findings,
                importer=IMPORTER,
                format_=request.format,
                source=request.source_name,
                organization_slug=request.organization_slug,
                now=now,
            )
        raise


def import_equipment(
    session: Session,
    principal: Principal,
    request: EquipmentRequest,
    files: EquipmentFiles,
    *,
    now: datetime,
    progress: Progress = no_progress,
) -> ImportResult:
    """Check against the database, diff and apply what was read. Raises as `run_equipment_import`."""
    owner = _owner(session, principal, request, now=now)
    principal.require(Permission.RUN_IMPORTS, owner.id)
    source_key = _source_key(owner.id, request)
    repository = ImportRepository(session)
    repository.lock_source(source_key)
    plan = plan_equipment(repository, files, source_key)
    progress("checking", plan.equipment.height, None)
    _stop(plan, files, request)
    batch = start_batch(
        session, principal, importer=IMPORTER, format_=request.format, source=request.source_name, now=now
    )
    batch.organization_id = owner.id
    session.flush()
    apply_equipment(repository, plan, owner.id, source_key, batch.id)
    progress("writing", plan.equipment.height, None)
    return finish_batch(session, batch, _report(plan, files), now=now)


def _read(request: EquipmentRequest, findings: Findings, *, now: datetime, progress: Progress) -> EquipmentFiles:
    def told(name: str, count: int) -> None:
        progress(name, count, None)

    today, limits = now.date(), request.limits
    if request.format == NYC_LAYOUT.name:
        if not request.path.is_file():
            raise InvalidInputError(f"Name the register's file; {request.path.name} is a folder.")
        return read_nyc(SourceFile(request.path, NYC_LAYOUT.files[0]), limits, findings, today=today, progress=told)
    layout = EQUIPMENT_FORMATS[request.format]
    if request.path.is_dir():
        return read_layout(find_files(request.path, layout), limits, findings, today=today, progress=told)
    by_name = {name: file for file in layout.files for name in file.names}
    file = by_name.get(request.path.stem)
    if file is None:
        raise InvalidInputError(f"Name the file {' or '.join(by_name)} (.csv or .parquet), so that it says what it is.")
    return read_layout({file.kind: SourceFile(request.path, file)}, limits, findings, today=today, progress=told)


def _plan_only(
    session: Session, principal: Principal, request: EquipmentRequest, files: EquipmentFiles
) -> ImportResult:
    repository = ImportRepository(session)
    owner = repository.organization_by_slug(request.organization_slug)
    if owner is None:
        _require_name(request)
    else:
        _require_owner(owner)
        principal.require(Permission.RUN_IMPORTS, owner.id)
    # An owner that is not there yet has no records: nothing will be found under this id.
    plan = plan_equipment(repository, files, _source_key(owner.id if owner else UUID(int=0), request))
    _stop(plan, files, request)
    return ImportResult(None, None, _report(plan, files))


def _stop(plan: EquipmentPlan, files: EquipmentFiles, request: EquipmentRequest) -> None:
    stop_when_too_much_is_missing(plan.counts, plan.known_counts, files.findings, request.max_removal_share)


def _report(plan: EquipmentPlan, files: EquipmentFiles) -> dict[str, object]:
    return {**build_report(plan.counts, files.findings), **plan.report}


def _source_key(owner_id: UUID, request: EquipmentRequest) -> str:
    return f"{owner_id}:{request.source_name}"


def _owner(session: Session, principal: Principal, request: EquipmentRequest, *, now: datetime) -> Organization:
    owner = ImportRepository(session).organization_by_slug(request.organization_slug)
    if owner is not None:
        _require_owner(owner)
        return owner
    _require_name(request)
    return create_organization(
        session,
        principal,
        name=request.organization_name or "",
        slug=request.organization_slug,
        kind=OrganizationKind.BUILDING_OWNER,
        now=now,
    )


def _require_name(request: EquipmentRequest) -> None:
    if not request.organization_name:
        raise NotFoundError(
            f"There is no organization '{request.organization_slug}'. Name an existing one, or give its name to have "
            "it created."
        )


def _require_owner(organization: Organization) -> None:
    if organization.kind is not OrganizationKind.BUILDING_OWNER:
        raise InvalidInputError(
            f"'{organization.slug}' is a {organization.kind}; buildings belong to a building owner."
        )
