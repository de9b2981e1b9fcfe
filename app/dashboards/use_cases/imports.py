"""Imports of files on a page, whatever they bring in: those of an organization, and taking one back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal
from operational_db.imports.service import list_imports, undo_import
from operational_db.types import ImportState


@dataclass(frozen=True)
class ImportRow:
    """One import, with its stored report."""

    import_id: UUID
    source: str
    state: ImportState
    finished_at: datetime
    report: Mapping[str, Any]  # Any: reports are JSON

    @property
    def can_be_undone(self) -> bool:
        return self.state is ImportState.APPLIED


def imports_of(engine: Engine, principal: Principal, *, organization_id: UUID, importer: str) -> Sequence[ImportRow]:
    """The organization's imports of one kind, the latest first.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return [
            ImportRow(batch.id, batch.source, batch.state, batch.finished_at, batch.report)
            for batch in list_imports(session, principal)
            if batch.organization_id == organization_id and batch.importer == importer
        ]


def take_back(engine: Engine, principal: Principal, *, row: ImportRow, now: datetime) -> Receipt:
    """Undo an import: what it added goes, what it changed is as before.

    Raises
    ------
    ConflictError, DomainError
        When something was built on it since or a later import changed the same; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        undo_import(session, principal, import_id=row.import_id, now=now)
    return Receipt(f"The import “{row.source}” was taken back.", now, 1)
