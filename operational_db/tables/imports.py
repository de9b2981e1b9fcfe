"""Import batches, the link from a source's own ids to our records, and what an undo needs to put things back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import ImportState


class ImportBatch(HasId, HasTimes, Base):
    """One run of an importer, with its report: read, added, changed, unchanged, refused (by record kind) and why."""

    __tablename__ = "import_batches"

    importer: Mapped[str]
    format: Mapped[str]
    source: Mapped[str]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    state: Mapped[ImportState]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    started_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    undone_at: Mapped[datetime | None]
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ImportedRecord(Base):
    """Which of our records stands for a source's record; matching is by this immutable id alone (D8)."""

    __tablename__ = "imported_records"
    __table_args__ = (
        Index("ix_imported_records_record_id", "record_id"),
        Index("ix_imported_records_created_by_batch_id", "created_by_batch_id"),
    )

    # The source names the register or school system, e.g. "oulad" or "cslb", within one organization.
    source: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID]
    # Hash of the imported values, so that an unchanged row is recognised without comparing columns.
    content_sha256: Mapped[bytes]
    created_by_batch_id: Mapped[UUID] = mapped_column(ForeignKey("import_batches.id"))
    changed_by_batch_id: Mapped[UUID] = mapped_column(ForeignKey("import_batches.id"))


class ImportChange(HasId, Base):
    """The columns of a record before an import changed them; an undo writes them back."""

    __tablename__ = "import_changes"
    __table_args__ = (Index("ix_import_changes_batch_id", "batch_id"),)

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("import_batches.id"))
    kind: Mapped[str]
    record_id: Mapped[UUID]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    before_sha256: Mapped[bytes]
