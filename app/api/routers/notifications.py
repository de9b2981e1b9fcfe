"""One's own reminders: read them, mark them read, choose the channels (embedded-training seed, automated reminders)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.schemas.notifications import (
    NotificationBody,
    PreferenceBody,
    PreferenceRequest,
    to_notification_body,
)
from operational_db import clock
from operational_db.notifications import service
from operational_db.types import NotificationChannel

router = APIRouter(tags=["notifications"])


@router.get("/me/notifications", summary="My reminders")
def my_notifications(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    unread_only: Annotated[bool, Query(description="Only those not marked as read.")] = False,
) -> PageResponse[NotificationBody]:
    """Newest first; one message a day holds everything that was news on it."""
    page = service.my_notifications(session, principal, paging, unread_only=unread_only)
    today = clock.today()
    return to_page_response(page, lambda view: to_notification_body(view, today))


@router.post(
    "/me/notifications/{notification_id}/read", status_code=status.HTTP_204_NO_CONTENT, summary="Mark a reminder read"
)
def mark_read(notification_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> None:
    """Said twice, it counts once."""
    service.mark_read(session, principal, notification_id=notification_id, now=clock.now())


@router.get("/me/notification-channels", summary="How I am reminded")
def my_channels(session: ReadSession, principal: CurrentPrincipal) -> list[PreferenceBody]:
    return [
        PreferenceBody(channel=view.channel, is_enabled=view.is_enabled, has_address=view.has_address)
        for view in service.my_preferences(session, principal)
    ]


@router.put("/me/notification-channels/{channel}", summary="Turn a channel on or off")
def set_channel(
    channel: NotificationChannel, body: PreferenceRequest, session: WriteSession, principal: CurrentPrincipal
) -> PreferenceBody:
    """Reminders in the product are always on; telephone and device need an address first."""
    view = service.set_preference(
        session, principal, channel=channel, is_enabled=body.is_enabled, address=body.address, now=clock.now()
    )
    return PreferenceBody(channel=view.channel, is_enabled=view.is_enabled, has_address=view.has_address)
