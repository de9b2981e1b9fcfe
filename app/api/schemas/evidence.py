"""Bodies of the evidence endpoints."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.compliance import RequestBody
from operational_db.evidence.rules import MAXIMUM_FIGURE_ENTRIES, BundleKind, BundleScope


class BundleRequest(RequestBody):
    """What the bundle is about. Each kind needs its own field; organization and period may be given with each.

    A person's own records need no organization.
    """

    kind: BundleKind
    organization_id: UUID | None = None
    person_id: UUID | None = None
    certification_scope: str | None = Field(default=None, min_length=1, max_length=200, examples=["data-export"])
    incident_id: UUID | None = None
    from_on: date | None = Field(default=None, description="First day (UTC).")
    to_on: date | None = Field(default=None, description="Last day (UTC), included.")
    figure: str | None = Field(default=None, min_length=1, max_length=200, description="Mart and column of a figure.")
    figure_value: str | None = Field(default=None, max_length=200, description="What the dashboard showed.")
    leaf_indexes: list[int] = Field(
        default_factory=list, max_length=MAXIMUM_FIGURE_ENTRIES, description="The entries behind the figure."
    )
    has_names: bool = Field(default=True, description="Name the people you may see; otherwise ids only.")

    def to_scope(self) -> BundleScope:
        values = self.model_dump(exclude={"has_names", "leaf_indexes"})
        return BundleScope(**values, leaf_indexes=tuple(self.leaf_indexes))


class ExportBody(BaseModel):
    """One export that was made; the file itself is given out once and not kept."""

    id: UUID
    organization_id: UUID | None
    requested_by: UUID | None = Field(description="None: the operator of the installation.")
    requester_name: str | None
    scope: dict[str, str | int]
    tree_size: int
    record_count: int
    manifest_sha256: str
    exported_at: datetime
