"""Units and makers as pages show and bring them in: makers' names, and imports with preview and taking back."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_number, to_plural
from operational_db.database import read_only_session
from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.identity.service import list_organizations
from operational_db.imports.equipment_service import EquipmentRequest, run_equipment_import
from operational_db.owners.manufacturer_service import ManufacturerView, list_manufacturers
from operational_db.paging import Page, PageRequest

NYC, STANDARD = "nyc", "standard"


def makers(engine: Engine, *, search: str, page: PageRequest) -> Page[ManufacturerView]:
    """How spellings are brought together: makers by name, found by name or by a spelling.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        return list_manufacturers(session, search=search or None, page=page)


@dataclass(frozen=True)
class Upload:
    """Files as they were handed in, by name, and the layout they follow."""

    files: Mapping[str, bytes]
    format: str


def preview_import(
    engine: Engine, principal: Principal, *, organization_id: UUID, upload: Upload, now: datetime
) -> dict[str, Any]:  # Any: reports are JSON
    """The report of an import that is only tried: nothing is written.

    Raises
    ------
    ImportRefusedError, DomainError
        When a file cannot be trusted as a whole, or the principal may not.
    """
    return _run(engine, principal, organization_id=organization_id, upload=upload, is_dry_run=True, now=now)


def bring_in(engine: Engine, principal: Principal, *, organization_id: UUID, upload: Upload, now: datetime) -> Receipt:
    """Import the files for the owner, in one transaction.

    Raises
    ------
    ImportRefusedError, DomainError
        Nothing was changed then.
    """
    report = _run(engine, principal, organization_id=organization_id, upload=upload, is_dry_run=False, now=now)
    return Receipt(
        f"{to_plural(int(report['added']), 'record was', 'records were')} added, {to_number(int(report['changed']))} "
        f"changed; {to_plural(int(report['refused']), 'row was', 'rows were')} refused.",
        now,
        1,
    )


def _run(
    engine: Engine, principal: Principal, *, organization_id: UUID, upload: Upload, is_dry_run: bool, now: datetime
) -> dict[str, Any]:  # Any: reports are JSON
    if not upload.files:
        raise InvalidInputError("No file was chosen. Choose the register's file.")
    with tempfile.TemporaryDirectory(prefix="sitesync-import-") as folder:
        for name, content in upload.files.items():
            # The last part of the name alone: a name may not lead out of the folder.
            (Path(folder) / Path(name).name).write_bytes(content)
        paths = sorted(Path(folder).iterdir())
        request = EquipmentRequest(
            path=paths[0] if upload.format == NYC else Path(folder),
            organization_slug=_slug(engine, principal, organization_id),
            format=upload.format,
        )
        return run_equipment_import(engine, principal, request, is_dry_run=is_dry_run, now=now).report


def _slug(engine: Engine, principal: Principal, organization_id: UUID) -> str:
    with read_only_session(engine) as session:
        found = {each.organization_id: each.slug for each in list_organizations(session, principal)}
    if organization_id not in found:
        raise NotFoundError("There is no such organization among yours.")
    return found[organization_id]
