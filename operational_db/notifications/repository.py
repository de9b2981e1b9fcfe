"""Statements on the outbox: owing in sets over many people, claiming with `for update skip locked`, reading.

Time arithmetic is done in `rules`; a round hands in each zone's days. A notification's row is the lock between owing,
which adds items to it, and delivering, which seals it; rows of items are never waited for while one is held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import CursorResult, func, or_, select, text, update
from sqlalchemy.orm import Session

from operational_db.notifications import rules, statements
from operational_db.notifications.views import (
    DeliveryState,
    ItemView,
    NotificationView,
    OutboxCount,
    OutboxRow,
    PreferenceView,
)
from operational_db.paging import Page, PageRequest
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Person
from operational_db.tables.mentorship import Mentorship
from operational_db.tables.notifications import (
    Notification,
    NotificationDelivery,
    NotificationItem,
    NotificationPreference,
    ReminderRun,
)
from operational_db.types import NotificationChannel, ReminderSchedule

OWING_LOCK = 7_311_950
# Days ahead for which a round knows when messages go out; a message lies further ahead only if a clock was set back.
DAYS_AHEAD = 8
# How long after its date an item that was told is still looked at, to say that nothing is left to do.
LOOKED_AT_FOR = timedelta(days=120)
# Items from which it pays to let PostgreSQL look at them before it plans.
MANY_ITEMS = 1_000


@dataclass(frozen=True, slots=True)
class ZoneDays:
    """A zone people live in: her today, the day whose message takes news now, and when the next messages go out."""

    name: str
    today: date
    first_day: date
    deliver_at: tuple[datetime, ...]

    @classmethod
    def at(cls, name: str, now: datetime) -> "ZoneDays":
        zone = rules.zone_of(name)
        first = rules.delivery_day(now, zone)
        instants = tuple(rules.deliver_at(first + timedelta(days=ahead), zone) for ahead in range(DAYS_AHEAD))
        return cls(name, rules.local_day(now, zone), first, instants)


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery whose turn has come, with what is known of the person it goes to; its rows are locked."""

    delivery_id: UUID
    notification_id: UUID
    person_id: UUID
    attempt_count: int
    due_at: datetime
    is_in_doubt: bool
    merged_into_id: UUID | None
    timezone: str
    is_simulated: bool
    # None when the channel is off or there is no address, so that nothing can be sent.
    address: str | None


class NotificationRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    # Owing

    def try_owing_lock(self) -> bool:
        """Whether this transaction is the one that owes; held until it ends."""
        return bool(self.session.scalar(select(func.pg_try_advisory_xact_lock(OWING_LOCK))))

    def zone_names(self) -> list[str]:
        return list(self.session.scalars(select(Person.timezone).where(Person.erased_at.is_(None)).distinct()))

    def owed_at(self) -> dict[ReminderSchedule, datetime]:
        """Up to when each schedule was owed; without those that never were."""
        return {row.schedule: row.owed_at for row in self.session.scalars(select(ReminderRun))}

    def note_owed(self, schedule: ReminderSchedule, now: datetime) -> None:
        """Remember the round; a clock that was set back does not take it back."""
        self.session.execute(
            text(
                "insert into reminder_runs (schedule, owed_at) values (:schedule, :now) on conflict (schedule)"
                " do update set owed_at = greatest(reminder_runs.owed_at, excluded.owed_at)"
            ),
            {"schedule": schedule.value, "now": now},
        )

    def resolve(self, schedule: ReminderSchedule, zones: Sequence[ZoneDays], *, now: datetime) -> int:
        """Close every item whose state has ended: renewed, completed, withdrawn, exempted, date changed, erased."""
        if not zones:
            return 0
        looked_at_from = min(zone.today for zone in zones) - LOOKED_AT_FOR
        dates = self.session.execute(
            statements.OPEN_DATES, {"schedule": schedule.value, "due_from": looked_at_from}
        ).one()
        if dates.due_to is None:
            return 0
        parameters = {
            "schedule": schedule.value,
            "now": now,
            "due_from": dates.due_from,
            "due_to": dates.due_to,
            **_zone_parameters(zones, [rules.Window(zone.today, zone.today) for zone in zones]),
        }
        open_count = _count(self.session.execute(statements.COLLECT_OPEN, parameters))
        if open_count >= MANY_ITEMS:
            self.session.execute(statements.ANALYZE_OPEN)
        count = _count(self.session.execute(statements.resolve(schedule), parameters)) if open_count else 0
        self.session.execute(statements.DROP_OPEN)
        return count

    def owe(
        self, schedule: ReminderSchedule, zones: Sequence[ZoneDays], windows: Sequence[rules.Window], *, now: datetime
    ) -> tuple[int, int]:
        """Insert what a schedule owes: items, each in its person's message of the day, and the message's deliveries.

        Parameters
        ----------
        windows
            One for each zone.

        Returns
        -------
        How many items are to be sent, and how many were settled without sending.
        """
        if not zones:
            return 0, 0
        steps = rules.STEPS[schedule]
        parameters = {
            "schedule": schedule.value,
            "steps": list(steps),
            "low": min(window.since for window in windows) + timedelta(days=min(steps)),
            "high": max(zone.today for zone in zones) + timedelta(days=max(steps)),
            **_zone_parameters(zones, windows),
        }
        if _count(self.session.execute(statements.COLLECT_TOLD, parameters)) >= MANY_ITEMS:
            self.session.execute(statements.ANALYZE_TOLD)
        self.session.execute(statements.collect(schedule), parameters)
        self.session.execute(statements.DROP_TOLD)
        self.session.execute(statements.ANALYZE_COLLECTED)
        self.session.execute(statements.PLACE, {"now": now})
        sent, settled = (
            _count(
                self.session.execute(statements.ADD_ITEMS, {"schedule": schedule.value, "is_sent": is_sent, "now": now})
            )
            for is_sent in (True, False)
        )
        ways = [(step, channel) for step in steps for channel in sorted(rules.channels_of(schedule, step))]
        ways_of_steps = {"way_steps": [way[0] for way in ways], "way_channels": [way[1].value for way in ways]}
        self.session.execute(statements.ROUTE, {"now": now, **ways_of_steps, **_day_parameters(zones)})
        self.session.execute(statements.DROP_COLLECTED)
        return sent, settled

    def supersede(self, schedule: ReminderSchedule, *, now: datetime) -> int:
        """Settle what waits unsent where a more urgent step of the same state has been owed since."""
        dates = self.session.execute(statements.WAITING_DATES, {"schedule": schedule.value}).one()
        if dates.low is None:
            return 0
        parameters = {"schedule": schedule.value, "now": now, "low": dates.low, "high": dates.high}
        return _count(self.session.execute(statements.SUPERSEDE, parameters))

    # Delivering

    def claim_due(self, channel: NotificationChannel, *, now: datetime, limit: int) -> list[DueDelivery]:
        """Deliveries whose turn has come, of whole people, locked with their notification and person until the commit.

        What another worker holds is skipped; so is a person who is being changed or erased at the moment.
        """
        parameters = {"channel": channel.value, "now": now, "limit": limit}
        return [DueDelivery(**row) for row in self.session.execute(statements.CLAIM, parameters).mappings()]

    def open_items(
        self, notification_ids: Sequence[UUID], channel: NotificationChannel
    ) -> dict[UUID, list[NotificationItem]]:
        """Unresolved items that the channel tells, by notification, most urgent date first."""
        statement = (
            select(NotificationItem)
            .where(NotificationItem.notification_id == func.any(list(notification_ids)))
            .where(NotificationItem.resolved_at.is_(None))
            .order_by(NotificationItem.due_on, NotificationItem.schedule, NotificationItem.id)
        )
        found: dict[UUID, list[NotificationItem]] = {}
        for item in self.session.scalars(statement):
            if item.notification_id is not None and channel in rules.channels_of(item.schedule, item.step):
                found.setdefault(item.notification_id, []).append(item)
        return found

    def renewal_terms(self, certificate_ids: Sequence[UUID]) -> dict[UUID, str]:
        """What the registry says of how these certificates are renewed."""
        statement = (
            select(Certificate.id, Certification.renewal_requirements)
            .join(Certification, Certification.id == Certificate.certification_id)
            .where(Certificate.id.in_(certificate_ids), Certification.renewal_requirements.is_not(None))
        )
        return {certificate_id: terms for certificate_id, terms in self.session.execute(statement) if terms}

    def seal(self, notification_ids: Sequence[UUID], *, now: datetime) -> None:
        """From now on these messages take no more news."""
        self.session.execute(
            update(Notification)
            .where(Notification.id == func.any(list(notification_ids)), Notification.sealed_at.is_(None))
            .values(sealed_at=now, updated_at=now)
        )

    def note_claimed(self, delivery_ids: Sequence[UUID], primary_id: UUID, *, until: datetime, now: datetime) -> None:
        """Say that these are being sent as one message, and let nobody else try before `until`."""
        self.session.execute(
            statements.NOTE_CLAIMED, {"ids": list(delivery_ids), "primary": primary_id, "until": until, "now": now}
        )

    def put_off(self, delivery_id: UUID, *, until: datetime, now: datetime) -> None:
        self._set([delivery_id], next_attempt_at=until, updated_at=now)

    def cancel(self, delivery_ids: Sequence[UUID], *, now: datetime) -> None:
        self._set(delivery_ids, cancelled_at=now, claimed_at=None, updated_at=now)

    def note_delivered(self, delivery_ids: Sequence[UUID], channel: NotificationChannel, *, now: datetime) -> None:
        """The message was accepted: its deliveries are over, and the items that the channel tells were told."""
        values = {"ids": list(delivery_ids), "now": now}
        self.session.execute(statements.NOTE_DELIVERED, values)
        told = rules.steps_told_over(channel)
        steps = {"told_schedules": [each[0].value for each in told], "told_steps": [each[1] for each in told]}
        self.session.execute(statements.NOTE_TOLD, {**values, **steps})

    def note_failed(
        self,
        delivery_ids: Sequence[UUID],
        *,
        reason: str,
        next_attempt_at: datetime | None,
        is_in_doubt: bool,
        now: datetime,
    ) -> None:
        """The message was not accepted, or nobody knows (`is_in_doubt`); without a next attempt it is given up."""
        self.session.execute(
            statements.NOTE_FAILED,
            {
                "ids": list(delivery_ids),
                "reason": reason,
                "next": next_attempt_at,
                "is_in_doubt": is_in_doubt,
                "now": now,
            },
        )

    def _set(self, delivery_ids: Sequence[UUID], **values: object) -> None:
        self.session.execute(
            update(NotificationDelivery).where(NotificationDelivery.id == func.any(list(delivery_ids))).values(**values)
        )

    # Reading, for the person

    def notifications_of(self, person_id: UUID, page: PageRequest, *, unread_only: bool) -> Page[NotificationView]:
        """A person's delivered in-app messages, newest first."""
        total, unread = self.count_notifications(person_id)
        parameters = {"person": person_id, "unread_only": unread_only, "limit": page.size, "offset": page.offset}
        rows = self.session.execute(statements.MINE, parameters).mappings().all()
        items = self._told_items([row["notification_id"] for row in rows])
        views = [NotificationView(**row, items=tuple(items.get(row["notification_id"], ()))) for row in rows]
        return Page(views, unread if unread_only else total, page.number, page.size)

    def count_notifications(self, person_id: UUID) -> tuple[int, int]:
        """How many there are, and how many of them are unread."""
        row = self.session.execute(statements.COUNT_MINE, {"person": person_id}).mappings().one()
        return int(row["total"]), int(row["unread"])

    def notification_of(self, person_id: UUID, notification_id: UUID) -> Notification | None:
        """The person's own message, once it was delivered to her."""
        statement = (
            select(Notification)
            .join(NotificationDelivery, NotificationDelivery.notification_id == Notification.id)
            .where(Notification.id == notification_id, Notification.person_id == person_id)
            .where(NotificationDelivery.channel == NotificationChannel.IN_APP)
            .where(NotificationDelivery.delivered_at.is_not(None))
        )
        return self.session.scalar(statement)

    def mark_all_read(self, person_id: UUID, *, now: datetime) -> int:
        return _count(self.session.execute(statements.MARK_ALL_READ, {"person": person_id, "now": now}))

    def preferences_of(self, person_id: UUID) -> list[PreferenceView]:
        person = self.session.get(Person, person_id)
        rows = {
            row.channel: row
            for row in self.session.scalars(
                select(NotificationPreference).where(NotificationPreference.person_id == person_id)
            )
        }
        views = [PreferenceView(NotificationChannel.IN_APP, is_enabled=True, has_address=True)]
        for channel in (NotificationChannel.EMAIL, NotificationChannel.PUSH, NotificationChannel.SMS):
            row = rows.get(channel)
            if channel is NotificationChannel.EMAIL:
                has_address = person is not None and person.email is not None
                views.append(PreferenceView(channel, has_address and (row is None or row.is_enabled), has_address))
            else:
                has_address = row is not None and row.address is not None
                views.append(PreferenceView(channel, row is not None and row.is_enabled, has_address))
        return views

    def preference(self, person_id: UUID, channel: NotificationChannel) -> NotificationPreference | None:
        return self.session.get(NotificationPreference, (person_id, channel))

    def _told_items(self, notification_ids: Sequence[UUID]) -> dict[UUID, list[ItemView]]:
        if not notification_ids:
            return {}
        statement = (
            select(NotificationItem)
            .where(NotificationItem.notification_id == func.any(list(notification_ids)))
            .where(NotificationItem.sent_at.is_not(None))
            .order_by(NotificationItem.due_on, NotificationItem.schedule, NotificationItem.id)
        )
        found: dict[UUID, list[ItemView]] = {}
        for item in self.session.scalars(statement):
            is_told_here = NotificationChannel.IN_APP in rules.channels_of(item.schedule, item.step)
            if item.notification_id is not None and is_told_here:
                found.setdefault(item.notification_id, []).append(to_item_view(item))
        return found

    def deliveries_about(self, person_id: UUID) -> list[tuple[NotificationChannel, UUID]]:
        """Every message to the person, or to others about her certificates and mentorships: channel and its name."""
        certificates = select(Certificate.id).where(Certificate.person_id == person_id)
        pairs = select(Mentorship.id).where(or_(Mentorship.mentor_id == person_id, Mentorship.mentee_id == person_id))
        about = select(NotificationItem.notification_id).where(
            or_(
                NotificationItem.person_id == person_id,
                NotificationItem.subject_id.in_(certificates),
                NotificationItem.subject_id.in_(pairs),
            )
        )
        # A message that took others along bears the name of the first.
        name = func.coalesce(NotificationDelivery.merged_into_id, NotificationDelivery.id)
        statement = select(NotificationDelivery.channel, name).where(NotificationDelivery.notification_id.in_(about))
        return [(channel, delivery_id) for channel, delivery_id in self.session.execute(statement.distinct())]

    # Reading, for administrators

    def outbox_counts(self) -> list[OutboxCount]:
        return [
            OutboxCount(**{**row, "channel": NotificationChannel(row["channel"]), "state": DeliveryState(row["state"])})
            for row in self.session.execute(statements.OUTBOX_COUNTS).mappings()
        ]

    def outbox(
        self, page: PageRequest, *, state: DeliveryState | None, channel: NotificationChannel | None
    ) -> Page[OutboxRow]:
        """Deliveries in a state and of a channel, those that need somebody first."""
        parameters = {
            "state": state.value if state else None,
            "channel": channel.value if channel else None,
            "limit": page.size,
            "offset": page.offset,
        }
        total = self.session.scalar(statements.OUTBOX_TOTAL, parameters) or 0
        rows = [
            OutboxRow(**{**row, "channel": NotificationChannel(row["channel"]), "state": DeliveryState(row["state"])})
            for row in self.session.execute(statements.OUTBOX, parameters).mappings()
        ]
        return Page(rows, int(total), page.number, page.size)

    def delivery(self, delivery_id: UUID) -> NotificationDelivery | None:
        """The delivery, locked until the transaction ends."""
        statement = select(NotificationDelivery).where(NotificationDelivery.id == delivery_id).with_for_update()
        return self.session.scalar(statement.execution_options(populate_existing=True))

    def given_up_ids(self) -> list[UUID]:
        statement = select(NotificationDelivery.id).where(NotificationDelivery.given_up_at.is_not(None))
        return list(self.session.scalars(statement.order_by(NotificationDelivery.id)))


def to_item_view(item: NotificationItem) -> ItemView:
    return ItemView(
        schedule=item.schedule,
        subject_id=item.subject_id,
        step=item.step,
        due_on=item.due_on,
        organization_id=item.organization_id,
        title=item.title,
        action_path=item.action_path,
        is_resolved=item.resolved_at is not None,
    )


def _zone_parameters(zones: Sequence[ZoneDays], windows: Sequence[rules.Window]) -> dict[str, object]:
    return {
        "zone_names": [zone.name for zone in zones],
        "todays": [zone.today for zone in zones],
        "first_days": [zone.first_day for zone in zones],
        "since": [window.since for window in windows],
        "send_from": [window.send_from for window in windows],
    }


def _day_parameters(zones: Sequence[ZoneDays]) -> dict[str, object]:
    days = [
        (z.name, z.first_day, z.first_day + timedelta(days=n), at) for z in zones for n, at in enumerate(z.deliver_at)
    ]
    return {
        "day_zones": [day[0] for day in days],
        "days": [day[2] for day in days],
        "instants": [day[3] for day in days],
    }


def _count(result: object) -> int:
    if not isinstance(result, CursorResult):
        raise TypeError("Only a statement that changes rows counts them.")
    return int(result.rowcount)
