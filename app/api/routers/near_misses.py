"""Tips before risky actions, near-misses of other products, and the micro-lessons that repeated ones earn."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from app.api.dependencies import CurrentPrincipal, WriteSession
from app.api.language import Locale
from app.api.schemas.near_misses import (
    EntryRequest,
    InOrganization,
    NearMissBody,
    NearMissRequest,
    ReinforcementBody,
    ReinforcementFinishedBody,
    TipBody,
)
from operational_db import clock
from operational_db.reinforcement import service as reinforcement

router = APIRouter(tags=["in the flow of work"])


@router.post("/tips/{action}", summary="Show the tip of a feature")
def show_tip(
    action: str,
    session: WriteSession,
    principal: CurrentPrincipal,
    locale: Locale,
    body: InOrganization | None = None,
) -> TipBody | None:
    """The impression is logged; `null` for who dismissed the tip."""
    wish = body or InOrganization()
    tip = reinforcement.tip_for(
        session, principal, action=action, organization_id=wish.organization_id, locale=locale, now=clock.now()
    )
    return TipBody.model_validate(tip) if tip is not None else None


@router.post("/tips/{action}/dismissal", status_code=status.HTTP_204_NO_CONTENT, summary="Dismiss a tip")
def dismiss_tip(
    action: str, session: WriteSession, principal: CurrentPrincipal, body: InOrganization | None = None
) -> None:
    wish = body or InOrganization()
    reinforcement.dismiss_tip(session, principal, action=action, organization_id=wish.organization_id, now=clock.now())


@router.post("/near-misses", status_code=status.HTTP_201_CREATED, summary="Report a near-miss")
def record_near_miss(
    body: NearMissRequest, session: WriteSession, principal: CurrentPrincipal, response: Response
) -> NearMissBody:
    """201 for a new one, 200 for one that was reported before. The second of a person in an action within 14 days
    earns the feature's micro-lesson.
    """
    report = reinforcement.record_near_miss(session, principal, **body.model_dump(), now=clock.now())
    if not report.is_new:
        response.status_code = status.HTTP_200_OK
    return NearMissBody(
        near_miss_id=report.near_miss.id,
        is_new=report.is_new,
        reinforcement_id=report.reinforcement.id if report.reinforcement else None,
    )


@router.post("/me/reinforcement", summary="The micro-lesson that is due for me")
def due_reinforcement(
    session: WriteSession, principal: CurrentPrincipal, locale: Locale, body: EntryRequest | None = None
) -> ReinforcementBody | None:
    """Asked at sign-in or when a feature is opened; `null` when none is due or the week's budget is used up."""
    wish = body or EntryRequest()
    due = reinforcement.due_reinforcement(
        session, principal, organization_id=wish.organization_id, action=wish.action, locale=locale, now=clock.now()
    )
    return ReinforcementBody.model_validate(due) if due is not None else None


@router.post("/me/reinforcement/{reinforcement_id}/finish", summary="Finish or put off a micro-lesson")
def finish_reinforcement(
    reinforcement_id: UUID, session: WriteSession, principal: CurrentPrincipal
) -> ReinforcementFinishedBody:
    """Passed when the lesson was passed since it fell due; else it is put off for good."""
    row = reinforcement.finish_reinforcement(session, principal, reinforcement_id=reinforcement_id, now=clock.now())
    return ReinforcementFinishedBody(reinforcement_id=row.id, is_passed=bool(row.is_passed))
