"""Bodies of a person's reminders and of the channels they come over."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.compliance import RequestBody
from operational_db.notifications.texts import ACTION_LABELS, line_of
from operational_db.notifications.views import NotificationView
from operational_db.types import NotificationChannel, ReminderSchedule


class NotificationItemBody(BaseModel):
    """One piece of news as it stands today, and the page to act on it; `is_resolved`: nothing is left to do."""

    schedule: ReminderSchedule
    subject_id: UUID
    due_on: date
    organization_id: UUID | None
    title: str
    text: str
    action_label: str
    action_path: str
    is_resolved: bool


class NotificationBody(BaseModel):
    notification_id: UUID
    on_date: date
    delivered_at: datetime
    read_at: datetime | None
    items: list[NotificationItemBody]


class PreferenceBody(BaseModel):
    channel: NotificationChannel
    is_enabled: bool
    has_address: bool


class PreferenceRequest(RequestBody):
    """`address`: telephone number with + or device token; left out, the one on record stays."""

    is_enabled: bool
    address: str | None = Field(default=None, max_length=512)


def to_notification_body(view: NotificationView, today: date) -> NotificationBody:
    return NotificationBody(
        notification_id=view.notification_id,
        on_date=view.on_date,
        delivered_at=view.delivered_at,
        read_at=view.read_at,
        items=[
            NotificationItemBody(
                schedule=item.schedule,
                subject_id=item.subject_id,
                due_on=item.due_on,
                organization_id=item.organization_id,
                title=item.title,
                text=line_of(item, today),
                action_label=ACTION_LABELS[item.schedule],
                action_path=item.action_path,
                is_resolved=item.is_resolved,
            )
            for item in view.items
        ],
    )
