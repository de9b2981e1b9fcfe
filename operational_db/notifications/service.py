"""Use cases of reminders: owe what the state of certificates and assignments asks for, deliver it, read it.

`owe_reminders` and `deliver_due` are the worker's: they take the engine, because a delivery is noted before and after
the message leaves, in transactions of their own. Everything else works in the caller's transaction.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import ReminderDelivered
from operational_db.notifications import rules
from operational_db.notifications.channels import (
    ChannelError,
    Channels,
    FileChannel,
    Message,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)
from operational_db.notifications.repository import DueDelivery, NotificationRepository, ZoneDays
from operational_db.notifications.texts import body_of, subject_of
from operational_db.notifications.views import (
    DeliveryReport,
    DeliveryState,
    NotificationView,
    OutboxCount,
    OutboxRow,
    OwedReport,
    PreferenceView,
)
from operational_db.owners.alerts import refresh_visit_alerts
from operational_db.paging import Page, PageRequest
from operational_db.tables.notifications import NotificationItem, NotificationPreference
from operational_db.types import NotificationChannel, ReminderSchedule

logger = logging.getLogger(__name__)

# How long a claimed message is left to its worker; longer than the mail server may take to answer.
LEASE = timedelta(minutes=10)
BATCH_SIZE = 500
OUTSIDE_CHANNELS = (NotificationChannel.EMAIL, NotificationChannel.PUSH, NotificationChannel.SMS)
_TELEPHONE = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_DEVICE_TOKEN = 512


def owe_reminders(engine: Engine, *, now: datetime) -> OwedReport:
    """Put into the outbox what is owed by state, for everybody, each step once (trap 3); safe to repeat at any time.

    What was renewed, completed, withdrawn or exempted since is closed first, so that nothing of it is sent any more.
    The first time a schedule is owed, what fell due more than `rules.FIRST_DAYS` ago is settled without being sent.
    One round at a time: a second worker declines.
    """
    resolved = resolve_ended(engine, now=now)
    if resolved is None:
        return OwedReport(is_declined=True)
    owed: dict[ReminderSchedule, int] = {}
    settled: dict[ReminderSchedule, int] = {}
    with unit_of_work(engine) as session:
        repository = NotificationRepository(session)
        if not repository.try_owing_lock():
            return OwedReport(resolved_count=resolved, is_declined=True)
        refresh_visit_alerts(session, now=now)
        zones = _zones(repository, now)
        owed_at = repository.owed_at()
        for schedule in rules.STEPS:
            before = owed_at.get(schedule)
            windows = [rules.window_of(schedule, zone.today, _day_in(zone, before)) for zone in zones]
            owed[schedule], settled[schedule] = repository.owe(schedule, zones, windows, now=now)
            resolved += repository.supersede(schedule, now=now)
            repository.note_owed(schedule, now)
    report = OwedReport(owed, settled, resolved)
    if report.owed_count:
        logger.info("reminders.owed", extra={"owed": report.owed_count, "settled": report.settled_count})
    return report


def resolve_ended(engine: Engine, *, now: datetime) -> int | None:
    """Close the news whose state has ended; how many, or None when another worker is at it."""
    with unit_of_work(engine) as session:
        repository = NotificationRepository(session)
        if not repository.try_owing_lock():
            return None
        refresh_visit_alerts(session, now=now, has_new=False)
        zones = _zones(repository, now)
        return sum(repository.resolve(schedule, zones, now=now) for schedule in rules.STEPS)


def deliver_due(engine: Engine, channels: Channels, *, now: datetime, batch_size: int = BATCH_SIZE) -> DeliveryReport:
    """Deliver every message whose time has come, each once per channel; failures come again later.

    Any number of workers may do this at once. Messages of several days that waited for the same channel (a mail server
    that was down) go out as one. What happens when the answer of a channel is lost is said in `channels`.
    """
    report = DeliveryReport()
    resolve_ended(engine, now=now)
    while _deliver_in_app(engine, report, now=now, batch_size=batch_size):
        pass
    try:
        for channel in OUTSIDE_CHANNELS:
            round_ = _Round(engine, channels, channel, report, now)
            while round_.deliver_batch(batch_size):
                pass
    finally:
        channels.close()
    if report.delivered_count or report.failed_count or report.given_up_count:
        logger.info(
            "reminders.delivered",
            extra={
                "delivered": report.delivered_count,
                "failed": report.failed_count,
                "given_up": report.given_up_count,
            },
        )
    return report


def _deliver_in_app(engine: Engine, report: DeliveryReport, *, now: datetime, batch_size: int) -> bool:
    """One transaction shows a batch of messages to their people; returns whether there may be more."""
    with unit_of_work(engine) as session:
        repository = NotificationRepository(session)
        due = repository.claim_due(NotificationChannel.IN_APP, now=now, limit=batch_size)
        if not due:
            return False
        repository.seal([delivery.notification_id for delivery in due], now=now)
        items = repository.open_items([delivery.notification_id for delivery in due], NotificationChannel.IN_APP)
        told = [d for d in due if d.address is not None and items.get(d.notification_id)]
        told_ids = {delivery.delivery_id for delivery in told}
        cancelled = [delivery.delivery_id for delivery in due if delivery.delivery_id not in told_ids]
        repository.cancel(cancelled, now=now)
        repository.note_delivered(sorted(told_ids), NotificationChannel.IN_APP, now=now)
        events = [_event(d, NotificationChannel.IN_APP, items[d.notification_id], now) for d in told]
        append_events(session, events, now=now)
    report.cancelled_count += len(cancelled)
    report.add_delivered(NotificationChannel.IN_APP, len(told))
    return True


@dataclass(frozen=True)
class _Claim:
    """Deliveries of one person that leave as one message; the first gives it its name."""

    deliveries: tuple[DueDelivery, ...]
    items: tuple[NotificationItem, ...]
    # How what lapses is renewed, by certificate.
    renewal_terms: Mapping[UUID, str]

    @property
    def first(self) -> DueDelivery:
        return self.deliveries[0]

    @property
    def delivery_ids(self) -> list[UUID]:
        return [delivery.delivery_id for delivery in self.deliveries]


@dataclass
class _Round:
    """The messages of one channel in one round; a way out that turned out to be down is not tried again in it."""

    engine: Engine
    channels: Channels
    channel: NotificationChannel
    report: DeliveryReport
    now: datetime
    down: dict[int, UnavailableError] = field(default_factory=dict)

    def deliver_batch(self, batch_size: int) -> bool:
        """Claim a batch, send it message by message, note each outcome; whether there may be more."""
        with unit_of_work(self.engine) as session:
            repository = NotificationRepository(session)
            due = repository.claim_due(self.channel, now=self.now, limit=batch_size)
            claims = self._claim(repository, self._awake(repository, due))
        for claim in claims:
            self._deliver(claim)
        return bool(due)

    def _awake(self, repository: NotificationRepository, due: Sequence[DueDelivery]) -> list[DueDelivery]:
        """Those whose people are not in their quiet hours; the others wait for the morning."""
        awake = []
        for delivery in due:
            until = rules.outside_quiet_hours(self.now, rules.zone_of(delivery.timezone))
            if until > self.now:
                repository.put_off(delivery.delivery_id, until=until, now=self.now)
            else:
                awake.append(delivery)
        return awake

    def _claim(self, repository: NotificationRepository, due: Sequence[DueDelivery]) -> list[_Claim]:
        """Put together what leaves as one message, drop what is no longer true, and say so before anything leaves."""
        if not due:
            return []
        notification_ids = [delivery.notification_id for delivery in due]
        repository.seal(notification_ids, now=self.now)
        items = repository.open_items(notification_ids, self.channel)
        claims = []
        for group in _groups(due):
            news = _most_urgent([item for delivery in group for item in items.get(delivery.notification_id, ())])
            ids = [delivery.delivery_id for delivery in group]
            if not news or group[0].address is None:
                repository.cancel(ids, now=self.now)
                self.report.cancelled_count += len(ids)
                continue
            repository.note_claimed(ids, ids[0], until=self.now + LEASE, now=self.now)
            expiring = [item.subject_id for item in news if item.schedule is ReminderSchedule.CERTIFICATE_EXPIRY]
            claims.append(_Claim(tuple(group), tuple(news), repository.renewal_terms(expiring)))
        return claims

    def _deliver(self, claim: _Claim) -> None:
        way = self.channels.channel_for(self.channel, is_simulated=claim.first.is_simulated)
        try:
            if id(way) in self.down:
                raise self.down[id(way)]
            way.send(self._message(claim))
        except UnavailableError as error:
            self.down[id(way)] = error
            self._note_failed(claim, error)
        except ChannelError as error:
            self._note_failed(claim, error)
        else:
            self._note_delivered(claim)

    def _message(self, claim: _Claim) -> Message:
        today = rules.local_day(self.now, rules.zone_of(claim.first.timezone))
        return Message(
            delivery_id=claim.first.delivery_id,
            person_id=claim.first.person_id,
            channel=self.channel,
            address=claim.first.address or "",
            subject=subject_of(claim.items, today),
            body=body_of(claim.items, today, base_url=self.channels.base_url, renewal_terms=claim.renewal_terms),
            sent_at=self.now,
        )

    def _note_delivered(self, claim: _Claim) -> None:
        with unit_of_work(self.engine) as session:
            NotificationRepository(session).note_delivered(claim.delivery_ids, self.channel, now=self.now)
            append_events(session, [_event(claim.first, self.channel, claim.items, self.now)], now=self.now)
        self.report.add_delivered(self.channel)
        self.report.merged_count += len(claim.deliveries) - 1

    def _note_failed(self, claim: _Claim, error: ChannelError) -> None:
        first = claim.first
        # Counted from the youngest: news of today are not given up because older ones went along.
        due_at = max(delivery.due_at for delivery in claim.deliveries)
        attempts = max(delivery.attempt_count for delivery in claim.deliveries) + 1
        next_attempt_at = (
            None
            if isinstance(error, RefusedError)
            else rules.next_attempt(attempts, now=self.now, due_at=due_at, zone=rules.zone_of(first.timezone))
        )
        with unit_of_work(self.engine) as session:
            NotificationRepository(session).note_failed(
                claim.delivery_ids,
                reason=error.reason,
                next_attempt_at=next_attempt_at,
                # Once in doubt, always: a later refusal does not tell what became of the earlier copy.
                is_in_doubt=first.is_in_doubt or isinstance(error, OutcomeUnknownError),
                now=self.now,
            )
        self.report.failed_count += 1
        self.report.given_up_count += next_attempt_at is None


def my_notifications(
    session: Session, principal: Principal, page: PageRequest | None = None, *, unread_only: bool = False
) -> Page[NotificationView]:
    """The principal's own messages, newest first."""
    return NotificationRepository(session).notifications_of(
        principal.person_id, page or PageRequest(), unread_only=unread_only
    )


def count_unread(session: Session, principal: Principal) -> int:
    return NotificationRepository(session).count_notifications(principal.person_id)[1]


def mark_read(session: Session, principal: Principal, *, notification_id: UUID, now: datetime) -> None:
    """Note that the person read her message; said again, it changes nothing.

    Raises
    ------
    NotFoundError
        When there is none with the id, or it is somebody else's.
    """
    notification = NotificationRepository(session).notification_of(principal.person_id, notification_id)
    if notification is None:
        raise NotFoundError("There is no message with this id among yours.")
    if notification.read_at is None:
        notification.read_at = now
        session.flush()


def mark_all_read(session: Session, principal: Principal, *, now: datetime) -> int:
    """Note that the person read everything; returns how many messages were unread."""
    return NotificationRepository(session).mark_all_read(principal.person_id, now=now)


def my_preferences(session: Session, principal: Principal) -> list[PreferenceView]:
    """Over which channels the principal is reminded."""
    return NotificationRepository(session).preferences_of(principal.person_id)


def set_preference(
    session: Session,
    principal: Principal,
    *,
    channel: NotificationChannel,
    is_enabled: bool,
    address: str | None = None,
    now: datetime,
) -> PreferenceView:
    """Turn a channel on or off for oneself. Messages that wait for a channel turned off are not sent over it.

    Parameters
    ----------
    address
        Telephone number (+ and digits) or device token; None keeps the one on record. E-mail uses the person's address.

    Raises
    ------
    InvalidInputError
        For the in-app channel, which is always on, for an address that is none, or a channel without one.
    """
    if channel is NotificationChannel.IN_APP:
        raise InvalidInputError("Reminders in the product are always on; choose another channel.")
    repository = NotificationRepository(session)
    preference = repository.preference(principal.person_id, channel)
    if preference is None:
        preference = NotificationPreference(
            person_id=principal.person_id, channel=channel, is_enabled=False, created_at=now
        )
    if address is not None:
        preference.address = _to_address(channel, address)
    if is_enabled and channel is not NotificationChannel.EMAIL and preference.address is None:
        raise InvalidInputError("Give the telephone number or device first, then turn the channel on.")
    preference.is_enabled = is_enabled
    preference.updated_at = now
    session.add(preference)
    session.flush()
    return next(view for view in repository.preferences_of(principal.person_id) if view.channel is channel)


def outbox_counts(session: Session, principal: Principal) -> list[OutboxCount]:
    """How many deliveries are in which state, by channel; no people in it.

    Raises
    ------
    NotAuthorizedError
        When the principal may not look at the platform.
    """
    principal.require(Permission.VIEW_PLATFORM)
    return NotificationRepository(session).outbox_counts()


def list_outbox(
    session: Session,
    principal: Principal,
    page: PageRequest | None = None,
    *,
    state: DeliveryState | None = None,
    channel: NotificationChannel | None = None,
) -> Page[OutboxRow]:
    """Deliveries one by one, those that need somebody first.

    Raises
    ------
    NotAuthorizedError
        When the principal is no administrator.
    """
    principal.require(Permission.ADMINISTER)
    return NotificationRepository(session).outbox(page or PageRequest(), state=state, channel=channel)


def forget_written(session: Session, principal: Principal, *, person_id: UUID, files: FileChannel) -> int:
    """Remove the messages that were written to files for or about somebody who was erased; how many there were.

    Raises
    ------
    NotAuthorizedError
        When the principal is neither that person nor an administrator.
    """
    if not principal.is_person(person_id):
        principal.require(Permission.ADMINISTER)
    written = NotificationRepository(session).deliveries_about(person_id)
    return sum(files.forget(channel, delivery_id) for channel, delivery_id in written)


def retry_delivery(session: Session, principal: Principal, *, delivery_id: UUID, now: datetime) -> None:
    """Try a delivery again at once, also one that was given up; it is given up again after another week.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    ConflictError
        When it was delivered or cancelled, or is being sent.
    """
    principal.require(Permission.ADMINISTER)
    delivery = NotificationRepository(session).delivery(delivery_id)
    if delivery is None:
        raise NotFoundError("There is no delivery with this id.")
    if delivery.delivered_at is not None or delivery.cancelled_at is not None:
        raise ConflictError("This delivery is over; there is nothing to try again.")
    if delivery.claimed_at is not None and delivery.given_up_at is None and delivery.next_attempt_at > now:
        raise ConflictError("This delivery is being sent, or its outcome is unknown; it is tried again by itself.")
    delivery.given_up_at = None
    delivery.due_at = delivery.next_attempt_at = delivery.updated_at = now
    session.flush()


def retry_given_up(session: Session, principal: Principal, *, now: datetime) -> int:
    """Try every delivery again that was given up; returns how many.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.ADMINISTER)
    ids = NotificationRepository(session).given_up_ids()
    for delivery_id in ids:
        retry_delivery(session, principal, delivery_id=delivery_id, now=now)
    return len(ids)


def _zones(repository: NotificationRepository, now: datetime) -> list[ZoneDays]:
    return [ZoneDays.at(name, now) for name in repository.zone_names()]


def _day_in(zone: ZoneDays, owed_at: datetime | None) -> date | None:
    return None if owed_at is None else rules.local_day(owed_at, rules.zone_of(zone.name))


def _groups(due: Sequence[DueDelivery]) -> list[list[DueDelivery]]:
    """One group per person and message: what is in doubt stays as it was sent, the rest goes together."""
    groups: dict[tuple[UUID, UUID | None], list[DueDelivery]] = {}
    for delivery in due:
        name = (delivery.merged_into_id or delivery.delivery_id) if delivery.is_in_doubt else None
        groups.setdefault((delivery.person_id, name), []).append(delivery)
    # The delivery that named a message in doubt goes first, so that it names it again.
    return [sorted(group, key=lambda d: d.is_in_doubt and d.merged_into_id is not None) for group in groups.values()]


def _most_urgent(items: Sequence[NotificationItem]) -> list[NotificationItem]:
    """Of several steps of one state the most urgent, as after an outage."""
    news: dict[tuple[ReminderSchedule, UUID], NotificationItem] = {}
    for item in items:
        key = (item.schedule, item.subject_id)
        if key not in news or item.step < news[key].step:
            news[key] = item
    return sorted(news.values(), key=lambda item: (item.due_on, item.schedule, item.title))


def _event(
    delivery: DueDelivery, channel: NotificationChannel, items: Sequence[NotificationItem], now: datetime
) -> ReminderDelivered:
    """Without personal data; it names an organization when all of its news are about that one."""
    organizations = {item.organization_id for item in items}
    return ReminderDelivered(
        subject_id=delivery.person_id,
        organization_id=organizations.pop() if len(organizations) == 1 else None,
        occurred_at=now,
        notification_id=delivery.notification_id,
        channel=channel,
        item_count=len(items),
    )


def _to_address(channel: NotificationChannel, address: str) -> str:
    text = address.strip()
    if channel is NotificationChannel.EMAIL:
        raise InvalidInputError("Reminders go to the e-mail address of your record; ask your manager to change that.")
    if channel is NotificationChannel.SMS:
        number = re.sub(r"[\s()/.-]", "", text)
        if not _TELEPHONE.fullmatch(number):
            raise InvalidInputError("Give the telephone number with + and the country's code, such as +1 555 010 0199.")
        return number
    if not 0 < len(text) <= LONGEST_DEVICE_TOKEN:
        raise InvalidInputError(f"A device token has 1 to {LONGEST_DEVICE_TOKEN} characters.")
    return text
