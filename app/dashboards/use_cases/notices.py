"""What a page does with reminders: each is one use case of a service in one transaction. No Streamlit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Permission, Principal
from operational_db.notifications import service
from operational_db.notifications.views import (
    DeliveryState,
    NotificationView,
    OutboxCount,
    OutboxRow,
    PreferenceView,
)
from operational_db.paging import Page, PageRequest, every_item
from operational_db.types import NotificationChannel


@dataclass(frozen=True)
class Notices:
    """A page of the viewer's messages, how many are unread in all, and how she is reminded."""

    page: Page[NotificationView]
    unread_count: int
    channels: Sequence[PreferenceView]


@dataclass(frozen=True)
class Outbox:
    """Counts for everybody who may see the platform; deliveries one by one for administrators only."""

    counts: Sequence[OutboxCount]
    rows: Page[OutboxRow] | None


def read_notices(engine: Engine, principal: Principal, request: PageRequest, *, unread_only: bool) -> Notices:
    """The viewer's own messages.

    Raises
    ------
    DatabaseUnavailableError
    """
    with read_only_session(engine) as session:
        return Notices(
            service.my_notifications(session, principal, request, unread_only=unread_only),
            service.count_unread(session, principal),
            service.my_preferences(session, principal),
        )


def mark_read(engine: Engine, principal: Principal, notification_id: UUID, *, now: datetime) -> None:
    """Mark one message read.

    Raises
    ------
    DomainError
    """
    with unit_of_work(engine) as session:
        service.mark_read(session, principal, notification_id=notification_id, now=now)


def mark_all_read(engine: Engine, principal: Principal, *, now: datetime) -> None:
    """Mark every message read.

    Raises
    ------
    DomainError
    """
    with unit_of_work(engine) as session:
        service.mark_all_read(session, principal, now=now)


def set_channel(
    engine: Engine,
    principal: Principal,
    channel: NotificationChannel,
    *,
    is_enabled: bool,
    address: str | None,
    now: datetime,
) -> None:
    """Turn a channel on or off.

    Raises
    ------
    DomainError
    """
    with unit_of_work(engine) as session:
        service.set_preference(session, principal, channel=channel, is_enabled=is_enabled, address=address, now=now)


def read_outbox(engine: Engine, principal: Principal, request: PageRequest, *, state: DeliveryState | None) -> Outbox:
    """What waits, failed and was given up.

    Raises
    ------
    DomainError
    """
    with read_only_session(engine) as session:
        counts = service.outbox_counts(session, principal)
        if not principal.can(Permission.ADMINISTER):
            return Outbox(counts, None)
        return Outbox(counts, service.list_outbox(session, principal, request, state=state))


def every_delivery(engine: Engine, principal: Principal, *, state: DeliveryState | None) -> list[OutboxRow]:
    """The deliveries of `read_outbox`, all pages, for a download."""
    with read_only_session(engine) as session:
        return every_item(lambda page: service.list_outbox(session, principal, page, state=state))


def retry(engine: Engine, principal: Principal, delivery_id: UUID | None, *, now: datetime) -> int:
    """Try one delivery again, or everything given up (None); how many.

    Raises
    ------
    DomainError
    """
    with unit_of_work(engine) as session:
        if delivery_id is None:
            return service.retry_given_up(session, principal, now=now)
        service.retry_delivery(session, principal, delivery_id=delivery_id, now=now)
        return 1
