"""What the services of reminders answer with: reports of the worker, a person's notices, the outbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from operational_db.types import NotificationChannel, ReminderSchedule


@dataclass(frozen=True)
class OwedReport:
    """What one round of owing did. `is_declined`: another worker was at it."""

    owed: Mapping[ReminderSchedule, int] = field(default_factory=dict)
    settled: Mapping[ReminderSchedule, int] = field(default_factory=dict)
    resolved_count: int = 0
    is_declined: bool = False

    @property
    def owed_count(self) -> int:
        return sum(self.owed.values())

    @property
    def settled_count(self) -> int:
        return sum(self.settled.values())


@dataclass
class DeliveryReport:
    """What one round of delivering did, in messages; `merged_count` are deliveries that went along in another's."""

    delivered: dict[NotificationChannel, int] = field(default_factory=dict)
    merged_count: int = 0
    failed_count: int = 0
    given_up_count: int = 0
    cancelled_count: int = 0

    @property
    def delivered_count(self) -> int:
        return sum(self.delivered.values())

    def add_delivered(self, channel: NotificationChannel, count: int = 1) -> None:
        self.delivered[channel] = self.delivered.get(channel, 0) + count


@dataclass(frozen=True, slots=True)
class ItemView:
    """One piece of news; `is_resolved` when there is nothing left to do about it."""

    schedule: ReminderSchedule
    subject_id: UUID
    step: int
    due_on: date
    organization_id: UUID | None
    title: str
    action_path: str
    is_resolved: bool


@dataclass(frozen=True, slots=True)
class NotificationView:
    notification_id: UUID
    on_date: date
    delivered_at: datetime
    read_at: datetime | None
    items: tuple[ItemView, ...]


@dataclass(frozen=True, slots=True)
class PreferenceView:
    """`is_enabled` is what holds now; telephone and device need an address first."""

    channel: NotificationChannel
    is_enabled: bool
    has_address: bool


class DeliveryState(StrEnum):
    """Where a delivery stands; in doubt: the worker died or the answer was lost while it was being sent."""

    WAITING = "waiting"
    RETRYING = "retrying"
    IN_DOUBT = "in_doubt"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    delivery_id: UUID
    person_id: UUID
    channel: NotificationChannel
    on_date: date
    state: DeliveryState
    item_count: int
    attempt_count: int
    next_attempt_at: datetime
    last_error: str | None
    ended_at: datetime | None
    merged_into_id: UUID | None


@dataclass(frozen=True, slots=True)
class OutboxCount:
    channel: NotificationChannel
    state: DeliveryState
    count: int
    oldest_due_at: datetime | None
