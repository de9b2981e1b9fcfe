"""Access lists, waivers and exceptions over HTTP: who may do what elsewhere, and who may without the training."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, status
from pydantic import ValidationError

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession, get_context
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.schemas.access import (
    AccessExceptionBody,
    AccessListRequest,
    AccessReportBody,
    AssignedMissingBody,
    AssignMissingRequest,
    GrantBody,
    GrantRequest,
    ListedGrantBody,
    ListedWaiverBody,
    WaiverBody,
    WaiverRequest,
)
from app.api.schemas.gates import GateName
from operational_db import clock
from operational_db.errors import InvalidInputError
from operational_db.gates import access, exceptions, waivers
from operational_db.gates.access_list import AccessRow
from operational_db.tables.gates import AccessGrant, GateWaiver

router = APIRouter(tags=["access and exceptions"])

MEGABYTE = 1024 * 1024
Organization = Annotated[UUID, Query(description="The organization.")]
Action = Annotated[GateName | None, Query(description="This action only.")]
OfPerson = Annotated[UUID | None, Query(description="This person only.")]


def _grant_body(grant: AccessGrant) -> GrantBody:
    return GrantBody(
        grant_id=grant.id,
        person_id=grant.person_id,
        action=grant.action,
        source=grant.source,
        granted_on=grant.granted_on,
        removed_on=grant.removed_on,
    )


def _waiver_body(waiver: GateWaiver) -> WaiverBody:
    return WaiverBody(
        waiver_id=waiver.id,
        person_id=waiver.person_id,
        action=waiver.action,
        reason=waiver.reason,
        approver_id=waiver.approver_id,
        starts_on=waiver.starts_on,
        ends_on=waiver.ends_on,
        ended_at=waiver.ended_at,
    )


@router.get("/access-lists", summary="List who has access")
def list_access(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    organization_id: Organization,
    action: Action = None,
    person_id: OfPerson = None,
) -> PageResponse[ListedGrantBody]:
    page = access.list_access(session, principal, organization_id, action=action, person_id=person_id, page=paging)
    return to_page_response(page, ListedGrantBody.model_validate)


@router.post("/access-lists/grants", status_code=status.HTTP_201_CREATED, summary="Note an access")
def grant_access(body: GrantRequest, session: WriteSession, principal: CurrentPrincipal) -> GrantBody:
    """Noting the same access again changes nothing and answers with the one that is there."""
    grant = access.grant_access(session, principal, **body.model_dump(), now=clock.now())
    return _grant_body(grant)


@router.delete("/access-lists/grants/{grant_id}", summary="Note that an access ended")
def remove_access(grant_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> GrantBody:
    return _grant_body(access.remove_access(session, principal, grant_id=grant_id, now=clock.now()))


async def list_content(request: Request) -> bytes | list[AccessRow]:
    """The rows of a list: `text/csv` as it is, anything else as JSON (`{"rows": […]}`)."""
    limit = get_context(request).settings.max_upload_mb * MEGABYTE
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise InvalidInputError(f"The list is larger than {limit // MEGABYTE} MB. Send it by action and product.")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() == "text/csv":
        return bytes(content)
    try:
        body = AccessListRequest.model_validate_json(bytes(content))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidInputError(
            f"Send the list as text/csv, or as JSON with rows of person_id, account and granted_on: {place}: "
            f"{first['msg']}."
        ) from error
    return [AccessRow(row.person_id, row.account, row.granted_on) for row in body.rows]


ListContent = Annotated[bytes | list[AccessRow], Depends(list_content)]


@router.put("/access-lists/{action}", summary="Bring in an access list")
def import_list(
    action: GateName,
    content: ListContent,
    session: WriteSession,
    principal: CurrentPrincipal,
    organization_id: Organization,
    source: Annotated[GateName, Query(description="Name of the product the list comes from.")] = "api",
    dry_run: Annotated[bool, Query(description="Tell what would change and write nothing.")] = False,
    max_removal_share: Annotated[
        float, Query(ge=0, le=1, description="Share of the list that may lose its access before nothing is changed.")
    ] = access.MAX_REMOVAL_SHARE,
) -> AccessReportBody:
    """Make a product's list what the rows say; the same rows again change nothing, bad rows are named one by one."""
    report = access.import_access_list(
        session,
        principal,
        organization_id=organization_id,
        action=action,
        rows=content,
        source=source,
        is_dry_run=dry_run,
        max_removal_share=max_removal_share,
        now=clock.now(),
    )
    return AccessReportBody.model_validate(report)


@router.get("/waivers", summary="List waivers")
def list_waivers(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    organization_id: Organization,
    person_id: OfPerson = None,
    is_open: Annotated[bool, Query(description="Only those that hold today.")] = False,
) -> PageResponse[ListedWaiverBody]:
    on = clock.today() if is_open else None
    page = waivers.list_waivers(session, principal, organization_id, on=on, person_id=person_id, page=paging)
    return to_page_response(page, ListedWaiverBody.model_validate)


@router.post("/waivers", status_code=status.HTTP_201_CREATED, summary="Grant a waiver")
def grant_waiver(body: WaiverRequest, session: WriteSession, principal: CurrentPrincipal) -> WaiverBody:
    """The caller is the approver, and never the person herself."""
    return _waiver_body(waivers.grant_waiver(session, principal, **body.model_dump(), now=clock.now()))


@router.post("/waivers/{waiver_id}/end", summary="End a waiver")
def end_waiver(waiver_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> WaiverBody:
    return _waiver_body(waivers.end_waiver(session, principal, waiver_id=waiver_id, now=clock.now()))


@router.get("/exceptions", summary="List exceptions")
def list_exceptions(
    session: ReadSession,
    principal: CurrentPrincipal,
    organization_id: Organization,
    action: Action = None,
    person_id: OfPerson = None,
) -> list[AccessExceptionBody]:
    """Who has access and lacks the training, and why: never trained, lapsed, superseded version, waived, left."""
    found = exceptions.exceptions_of(
        session, principal, organization_id, action=action, person_id=person_id, now=clock.now()
    )
    return [AccessExceptionBody.model_validate(each) for each in found]


@router.post("/exceptions/assign", summary="Assign what is missing")
def assign_missing(
    body: AssignMissingRequest, session: WriteSession, principal: CurrentPrincipal
) -> AssignedMissingBody:
    """One call for all exceptions asked for; calling again assigns nothing twice."""
    made = exceptions.assign_missing(session, principal, **body.model_dump(), now=clock.now())
    return AssignedMissingBody.model_validate(made)
