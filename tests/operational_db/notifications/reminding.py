"""A recording way out, and the outbox as the tests of reminders look at it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from operational_db.notifications.channels import Channels, Message
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.gates import ProficiencyEvidence
from operational_db.tables.identity import Person
from operational_db.types import NotificationChannel, ProficiencyLevel
from tests import builders

# Half past nine in the morning in UTC.
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@dataclass
class RecordingChannel:
    """Keeps what was accepted; `trouble` is asked before each message and may raise."""

    sent: list[Message] = field(default_factory=list)
    trouble: Callable[[Message], None] = lambda _message: None
    # Raised after the message was accepted, so that its sender never hears of it.
    late_trouble: Callable[[Message], None] = lambda _message: None
    close_count: int = 0

    def send(self, message: Message) -> None:
        self.trouble(message)
        self.sent.append(message)
        self.late_trouble(message)

    def close(self) -> None:
        self.close_count += 1

    def to(self, person_id: UUID, channel: NotificationChannel | None = None) -> list[Message]:
        return [m for m in self.sent if m.person_id == person_id and channel in {None, m.channel}]


def channels_to(channel: RecordingChannel, local: RecordingChannel | None = None) -> Channels:
    """Every channel over the recording one; simulated people over `local`."""
    outside = (NotificationChannel.EMAIL, NotificationChannel.PUSH, NotificationChannel.SMS)
    return Channels(dict.fromkeys(outside, channel), local or channel, "https://training.example")


def create_scope_evidence(
    session: Session, person: Person, *, expires_on: date, scope: str = "data-export", **fields: object
) -> ProficiencyEvidence:
    """A certification in a scope, earned a year before it ends."""
    earned = datetime.combine(expires_on, datetime.min.time(), builders.LONG_AGO_AT.tzinfo) - timedelta(days=365)
    defaults: dict[str, object] = {
        "person_id": person.id,
        "scope": scope,
        "level": ProficiencyLevel.CERTIFIED,
        "achieved_at": earned,
        "recorded_at": earned,
        "expires_on": expires_on,
    }
    evidence = ProficiencyEvidence(**{**defaults, **fields})
    session.add(evidence)
    session.flush()
    return evidence


def create_held(
    session: Session, person: Person, expires_on: date, certification: Certification | None = None, **fields: object
) -> Certificate:
    """A certificate valid for the two years before it ends."""
    issued_on = expires_on - timedelta(days=730)
    return builders.create_certificate(
        session, person, certification, expires_on=expires_on, issued_on=issued_on, **fields
    )


@dataclass(frozen=True)
class Told:
    """One item that reached a person, and over which channels its message went."""

    subject_id: UUID
    step: int
    due_on: date
    on_date: date


def told(engine: Engine, person_id: UUID) -> list[Told]:
    """Everything the person was ever told, by day."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "select item.subject_id, item.step, item.due_on, message.on_date from notification_items as item"
                " join notifications as message on message.id = item.notification_id"
                " where item.person_id = :person and item.sent_at is not null order by message.on_date, item.due_on"
            ),
            {"person": person_id},
        )
        return [Told(**row) for row in rows.mappings()]


def count(engine: Engine, table: str, condition: str = "true") -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table} where {condition}")).scalar_one())
