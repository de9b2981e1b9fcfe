"""Government registers: what they say of a licence, claiming one, linking technicians; and manufacturers' names."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Query, UploadFile, status

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.schemas.registers import (
    ClaimBody,
    ClaimDecidedBody,
    ClaimDecisionRequest,
    ClaimMadeBody,
    ClaimRequest,
    EntryBody,
    LinkReportBody,
    ManufacturerBody,
    SpellingBody,
)
from operational_db import clock
from operational_db.errors import InvalidInputError
from operational_db.owners.manufacturer_service import ManufacturerView, list_manufacturers
from operational_db.registers import service
from operational_db.registers.linking import link_technicians, read_links
from operational_db.types import RegisterStanding

router = APIRouter(tags=["registers"])

LARGEST_UPLOAD = 5_000_000


@router.get("/registers/{register}/licences/{licence_number}", summary="What a register says of a licence")
def entries_of_licence(
    register: str, licence_number: str, session: ReadSession, principal: CurrentPrincipal
) -> list[EntryBody]:
    """One entry for each classification, as the register was last read."""
    views = service.entries_of_licence(session, register=register, licence_number=licence_number)
    return [EntryBody.model_validate(view) for view in views]


@router.post(
    "/registers/{register}/claims", status_code=status.HTTP_201_CREATED, summary="Claim a licence with a document"
)
def claim_entry(
    register: str, body: ClaimRequest, session: WriteSession, principal: CurrentPrincipal
) -> list[ClaimMadeBody]:
    """A claim for each classification of the licence; who may verify the person's certificates decides."""
    claims = service.claim_entry(
        session,
        principal,
        register=register,
        licence_number=body.licence_number,
        document_id=body.document_id,
        person_id=body.person_id or principal.person_id,
        entry_id=body.entry_id,
        now=clock.now(),
    )
    return [ClaimMadeBody(claim_id=claim.id, entry_id=claim.entry_id, person_id=claim.person_id) for claim in claims]


@router.get("/me/register-claims", summary="My claims on licences")
def my_claims(session: ReadSession, principal: CurrentPrincipal) -> list[ClaimBody]:
    return [ClaimBody.model_validate(view) for view in service.my_claims(session, principal)]


@router.get("/register-claims", summary="Open claims of everybody")
def all_open_claims(session: ReadSession, principal: CurrentPrincipal, paging: Paging) -> PageResponse[ClaimBody]:
    """For the platform's administrators: also of people who belong to no organization."""
    page = service.queue(session, principal, None, on=clock.now().date(), page=paging)
    return to_page_response(page, ClaimBody.model_validate)


@router.get("/organizations/{organization_id}/register-claims", summary="Open claims of members")
def open_claims(
    organization_id: UUID, session: ReadSession, principal: CurrentPrincipal, paging: Paging
) -> PageResponse[ClaimBody]:
    """The oldest first; for who may verify certificates in the organization."""
    page = service.queue(session, principal, organization_id, on=clock.now().date(), page=paging)
    return to_page_response(page, ClaimBody.model_validate)


@router.post("/register-claims/{claim_id}/decision", summary="Decide about a claim")
def decide_claim(
    claim_id: UUID, body: ClaimDecisionRequest, session: WriteSession, principal: CurrentPrincipal
) -> ClaimDecidedBody:
    """Approved, the licence counts for the claimant from now on; a refusal gives its reason."""
    claim = service.decide_claim(
        session, principal, claim_id=claim_id, is_approved=body.is_approved, reason=body.reason, now=clock.now()
    )
    return ClaimDecidedBody(claim_id=claim.id, is_approved=bool(claim.is_approved))


@router.get("/organizations/{organization_id}/register-entries", summary="Flagged licences of members")
def flagged_entries(
    organization_id: UUID,
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    standing: Annotated[RegisterStanding | None, Query(description="Only this one; absent: all but clear.")] = None,
) -> PageResponse[EntryBody]:
    """Suspended, revoked, contradictory (clear although past its day) and no longer listed."""
    page = service.flagged_entries(
        session, principal, organization_id, standing=standing, on=clock.now().date(), page=paging
    )
    return to_page_response(page, EntryBody.model_validate)


@router.post("/organizations/{organization_id}/register-links", summary="Link technicians to licences in bulk")
def link_members(
    organization_id: UUID,
    session: WriteSession,
    principal: CurrentPrincipal,
    file: Annotated[UploadFile, File(description="CSV with the columns person, licence_number and register.")],
    dry_run: Annotated[bool, Query(description="Say what would happen and change nothing.")] = False,
) -> LinkReportBody:
    """Each bad row is reported with its line and remedy, and keeps no good one from being linked."""
    with _kept(file) as path:
        rows, unreadable = read_links(path)
    report = link_technicians(
        session,
        principal,
        organization_id=organization_id,
        rows=rows,
        unreadable=unreadable,
        is_dry_run=dry_run,
        now=clock.now(),
    )
    return LinkReportBody.model_validate(report)


@router.get("/manufacturers", tags=["buildings"], summary="Manufacturers and how sources spell them")
def manufacturers(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    search: Annotated[str | None, Query(max_length=100, description="In the name or a spelling.")] = None,
) -> PageResponse[ManufacturerBody]:
    """The table by which imported names are brought together: shown, so that nobody has to guess."""
    return to_page_response(list_manufacturers(session, search=search, page=paging), _to_manufacturer_body)


def _to_manufacturer_body(view: ManufacturerView) -> ManufacturerBody:
    return ManufacturerBody(
        manufacturer_id=view.id,
        name=view.name,
        is_maker=view.is_maker,
        spellings=[SpellingBody(alias=alias, origin=origin) for alias, origin in view.aliases],
    )


@contextmanager
def _kept(file: UploadFile) -> Iterator[Path]:
    """The upload as a file while it is read."""
    if file.size is not None and file.size > LARGEST_UPLOAD:
        raise InvalidInputError(f"The file is larger than {LARGEST_UPLOAD // 1_000_000} MB; link in parts.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "links.csv"
        with path.open("wb") as target:
            copyfileobj(file.file, target)
        yield path
