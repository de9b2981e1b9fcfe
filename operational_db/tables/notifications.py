"""The outbox: what is owed to whom, and each delivery over a channel, exactly once.

A notification is one merged message per person and day; its items say what it stands for. Addresses of telephones and
devices live in the preferences and are erased with the person.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import NotificationChannel, ReminderSchedule


class Notification(HasId, HasTimes, Base):
    """One message to one person on one day of her zone; read by the person herself.

    `sealed_at`: the first attempt to deliver it; what is owed later goes into the next day's message.
    """

    __tablename__ = "notifications"
    __table_args__ = (UniqueConstraint("person_id", "on_date"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    on_date: Mapped[date]
    sealed_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class NotificationItem(HasId, Base):
    """One piece of news; a schedule's step for one state of one subject is told at most once, ever.

    `due_on` is the state the step is owed by: a changed date owes anew. A step counts as settled as soon as it or a
    more urgent one of the same state is here, unless that was resolved unsent. Without a notification it was settled
    and never sent.
    """

    __tablename__ = "notification_items"
    __table_args__ = (
        Index(
            "uq_notification_items_told",
            "person_id",
            "schedule",
            "subject_id",
            "due_on",
            "step",
            unique=True,
            postgresql_where=text("resolved_at is null or sent_at is not null"),
        ),
        # A round reads what is open, told and waiting from these alone, however much was ever told.
        Index(
            "ix_notification_items_open",
            "schedule",
            "due_on",
            postgresql_include=["subject_id", "person_id", "id"],
            postgresql_where=text("resolved_at is null and notification_id is not null"),
        ),
        Index(
            "ix_notification_items_told",
            "schedule",
            "due_on",
            postgresql_include=["person_id", "subject_id", "step"],
            postgresql_where=text("resolved_at is null or sent_at is not null"),
        ),
        Index(
            "ix_notification_items_waiting",
            "schedule",
            "due_on",
            postgresql_where=text("resolved_at is null and sent_at is null and notification_id is not null"),
        ),
    )

    notification_id: Mapped[UUID | None] = mapped_column(ForeignKey("notifications.id"), index=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    schedule: Mapped[ReminderSchedule]
    subject_id: Mapped[UUID]
    # Days before `due_on` on which the step is owed; -1 is the day after it.
    step: Mapped[int]
    due_on: Mapped[date]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    title: Mapped[str]
    action_path: Mapped[str]
    owed_at: Mapped[datetime]
    # The first delivery, over whichever channel, that told it.
    sent_at: Mapped[datetime | None]
    # The state ended: renewed, completed, withdrawn, exempted, its date changed. What is unsent then stays unsent.
    resolved_at: Mapped[datetime | None]


class NotificationDelivery(HasId, HasTimes, Base):
    """A notification on its way over one channel; sent once, retried after failure until it is given up.

    `claimed_at` is set while a worker sends it. It stays set when the worker died or the answer was lost: nobody knows
    then whether it arrived, so it is sent again alone, unchanged in name, for the receiver to recognise.
    """

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        UniqueConstraint("notification_id", "channel"),
        CheckConstraint("attempt_count >= 0", name="attempts_not_negative"),
        CheckConstraint("num_nonnulls(delivered_at, given_up_at, cancelled_at) <= 1", name="one_end"),
        Index(
            "ix_notification_deliveries_open",
            "next_attempt_at",
            postgresql_where=text("delivered_at is null and given_up_at is null and cancelled_at is null"),
        ),
        Index("ix_notification_deliveries_person_id", "person_id", "channel"),
    )

    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    channel: Mapped[NotificationChannel]
    attempt_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    # The first moment it may be sent; giving up is counted from here.
    due_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    # The delivery in whose message this one went along, when several days' messages waited for one channel.
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("notification_deliveries.id"))
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    # Nothing in it was true any more when its turn came, or the person was erased.
    cancelled_at: Mapped[datetime | None]


class NotificationPreference(HasTimes, Base):
    """Whether a person wants a channel; in-app cannot be turned off. `address`: telephone number or device token."""

    __tablename__ = "notification_preferences"
    __table_args__ = (
        CheckConstraint("channel <> 'in_app'", name="in_app_always"),
        CheckConstraint(
            "not is_enabled or channel = 'email' or address is not null",
            name="address_given",
        ),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    channel: Mapped[NotificationChannel] = mapped_column(primary_key=True)
    is_enabled: Mapped[bool]
    address: Mapped[str | None]


class ReminderRun(Base):
    """Up to when a schedule's steps were owed; absent before the first time, which settles what is long past."""

    __tablename__ = "reminder_runs"

    schedule: Mapped[ReminderSchedule] = mapped_column(primary_key=True)
    owed_at: Mapped[datetime]
