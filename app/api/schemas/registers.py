"""Bodies of register entries, claims on them, links in bulk, and manufacturers."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.api.schemas.compliance import RequestBody
from app.api.schemas.lessons import ViewBody
from operational_db.types import RegisterStanding


class EntryBody(ViewBody):
    """`subject` is who the licence counts for; null where the caller may not know."""

    entry_id: UUID
    # A model's own attribute is called `register`.
    register_name: str = Field(validation_alias="register", serialization_alias="register")
    licence_number: str
    classification: str
    certification_id: UUID
    certification: str
    standing: RegisterStanding
    status_text: str
    issued_on: date
    expires_on: date | None
    changed_on: date | None
    is_claimed: bool
    subject_id: UUID | None
    subject: str | None


class ClaimRequest(RequestBody):
    """`person_id` is the caller herself when absent; `entry_id` claims one classification of the licence only."""

    licence_number: str = Field(min_length=1, max_length=200)
    document_id: UUID
    person_id: UUID | None = None
    entry_id: UUID | None = None


class ClaimMadeBody(ViewBody):
    claim_id: UUID
    entry_id: UUID
    person_id: UUID


class ClaimBody(ViewBody):
    claim_id: UUID
    entry: EntryBody
    person_id: UUID
    person: str
    document_id: UUID | None
    document_name: str | None
    claimed_at: datetime
    is_own: bool
    decided_at: datetime | None
    decided_by: str | None
    is_approved: bool | None
    reason: str | None


class ClaimDecisionRequest(RequestBody):
    is_approved: bool
    reason: str | None = Field(default=None, max_length=2000)


class ClaimDecidedBody(ViewBody):
    claim_id: UUID
    is_approved: bool


class LinkProblemBody(ViewBody):
    """What is wrong with a row, and how to mend it."""

    line: int | None
    column: str | None
    code: str
    remedy: str


class LinkReportBody(ViewBody):
    is_dry_run: bool
    read_count: int
    linked_count: int
    unchanged_count: int
    refused_count: int
    entry_count: int
    problems: list[LinkProblemBody]


class SpellingBody(ViewBody):
    """`origin`: `table` (curated), `spelling` (differs by form only) or `new` (the first seen)."""

    alias: str
    origin: str


class ManufacturerBody(ViewBody):
    """`is_maker` false: the name says who owns or uses the unit, and no unit is of that maker."""

    manufacturer_id: UUID
    name: str
    is_maker: bool
    spellings: list[SpellingBody]
