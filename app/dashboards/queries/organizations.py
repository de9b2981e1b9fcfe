"""Organizations in sight, for choosing which one to look at."""

from dataclasses import dataclass
from uuid import UUID

from operational_db.releases.reader import ScopedWarehouse
from operational_db.types import OrganizationKind


@dataclass(frozen=True)
class Choice:
    organization_id: UUID
    name: str
    kind: OrganizationKind


def choices(warehouse: ScopedWarehouse) -> list[Choice]:
    """Every organization in sight, by name."""
    frame = warehouse.query("select organization_id, name, kind from dim_organization order by name, organization_id")
    return [Choice(UUID(row[0]), row[1], OrganizationKind(row[2])) for row in frame.iter_rows()]
