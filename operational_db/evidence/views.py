"""What exporting hands out: the finished file, and the list of former exports."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True)
class BundleFile:
    """A finished bundle. `export_event_id` is the ledger's record that it was made."""

    path: Path
    bundle_id: UUID
    export_event_id: UUID
    manifest_sha256: bytes
    tree_size: int
    root_hash: bytes
    record_count: int


@dataclass(frozen=True)
class ExportView:
    """One export, without the file, which is given out and not kept; `requested_by` is none for the operator."""

    id: UUID
    organization_id: UUID | None
    requested_by: UUID | None
    requester_name: str | None
    scope: dict[str, str | int]
    tree_size: int
    record_count: int
    manifest_sha256: bytes
    exported_at: datetime
