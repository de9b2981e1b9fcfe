"""The outbox: what is owed to whom, and each delivery over a channel, exactly once.

A notification is one merged message per person and day; its items say what it stands for.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import NotificationChannel


class Notification(HasId, HasTimes, Base):
    """One message to one person on one day of her zone; read and dismissed by the person herself."""

    __tablename__ = "notifications"
    __table_args__ = (UniqueConstraint("person_id", "on_date"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    on_date: Mapped[date]
    read_at: Mapped[datetime | None]


class NotificationItem(HasId, Base):
    """One piece of news; a schedule's step for one state of one subject is owed at most once, ever.

    `state_key` names the state the step was owed by (for an expiry: its date), so that a changed date owes anew.
    """

    __tablename__ = "notification_items"
    __table_args__ = (UniqueConstraint("person_id", "schedule", "subject_id", "state_key", "step"),)

    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.id"), index=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    schedule: Mapped[str]
    subject_id: Mapped[UUID]
    state_key: Mapped[str]
    step: Mapped[int]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    due_on: Mapped[date]
    title: Mapped[str]
    action_path: Mapped[str]


class NotificationDelivery(HasId, HasTimes, Base):
    """A notification on its way over one channel; sent once, retried after failure until it is given up."""

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        UniqueConstraint("notification_id", "channel"),
        CheckConstraint("attempt_count >= 0", name="attempts_not_negative"),
        Index(
            "ix_notification_deliveries_open",
            "next_attempt_at",
            postgresql_where=text("delivered_at is null and given_up_at is null"),
        ),
    )

    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.id"))
    channel: Mapped[NotificationChannel]
    attempt_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    next_attempt_at: Mapped[datetime]
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
