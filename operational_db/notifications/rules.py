"""Which reminder a person is owed, on which day of hers it is delivered, and when a failed delivery is tried again.

Pure and without a clock; `repository` states the owing in SQL over many people, and a test holds both together.
Source: architecture trap 3; embedded-training seed (automated reminders); training-platform seed 3.2.2 and 3.2.5.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from operational_db.types import NotificationChannel, ReminderSchedule

# The day after the last day.
OVERDUE = -1

_EMAIL, _IN_APP = NotificationChannel.EMAIL, NotificationChannel.IN_APP
_PUSH, _SMS = NotificationChannel.PUSH, NotificationChannel.SMS


@dataclass(frozen=True, slots=True)
class Notice:
    """How the news of one step of a certificate's expiry are told."""

    message_type: str
    channels: frozenset[NotificationChannel]
    includes_renewal_info: bool
    copies_employer: bool


# Training-platform seed 3.2.2.2, EXPIRY_NOTIFICATION_SCHEDULE, as it is written there.
CERTIFICATE_NOTICES: Mapping[int, Notice] = {
    90: Notice("early_warning", frozenset({_EMAIL}), True, False),
    60: Notice("reminder", frozenset({_EMAIL, _IN_APP}), True, False),
    30: Notice("urgent", frozenset({_EMAIL, _IN_APP, _PUSH}), True, False),
    14: Notice("critical", frozenset({_EMAIL, _IN_APP, _PUSH}), True, True),
    7: Notice("final_warning", frozenset({_EMAIL, _IN_APP, _PUSH, _SMS}), True, True),
    0: Notice("expired", frozenset({_EMAIL, _IN_APP}), False, True),
}

# Days before the last day on which each schedule speaks.
STEPS: Mapping[ReminderSchedule, tuple[int, ...]] = {
    ReminderSchedule.CERTIFICATE_EXPIRY: tuple(CERTIFICATE_NOTICES),
    ReminderSchedule.EMPLOYER_COPY: tuple(step for step, each in CERTIFICATE_NOTICES.items() if each.copies_employer),
    ReminderSchedule.SCOPE_EXPIRY: (14, 7, 1),
    ReminderSchedule.ASSIGNMENT_DUE: (7, 3, OVERDUE),
    # Ours; at once when it comes about within these days.
    ReminderSchedule.VISIT_UNQUALIFIED: (14, 7, 1),
    # Ours; a request expires 14 days after it was made, so the first step is owed at once.
    ReminderSchedule.MENTORSHIP_ANSWER: (14, 3),
    ReminderSchedule.MENTORSHIP_NEWS: (0,),
    # Ours; told once, on the day it was proposed.
    ReminderSchedule.CONTRACT_PROPOSED: (0,),
}
# How long after its day a step is still told when it was not known on its day: a date that was changed, or came in by
# an import. As long as the longest pause between two steps, so that a date ahead is always announced at once.
LATE_DAYS: Mapping[ReminderSchedule, int] = {
    ReminderSchedule.CERTIFICATE_EXPIRY: 30,
    ReminderSchedule.EMPLOYER_COPY: 7,
    ReminderSchedule.SCOPE_EXPIRY: 7,
    ReminderSchedule.ASSIGNMENT_DUE: 7,
    ReminderSchedule.VISIT_UNQUALIFIED: 7,
    ReminderSchedule.MENTORSHIP_ANSWER: 14,
    ReminderSchedule.MENTORSHIP_NEWS: 7,
    # As long as it waits, who becomes a manager meanwhile is told too.
    ReminderSchedule.CONTRACT_PROPOSED: 30,
}
# The first owing of an installation tells only what fell due within these days, and settles the rest in silence.
FIRST_DAYS = 3
# Their dates all lie ahead and something can still be done: nothing of them is settled in silence.
ALWAYS_TOLD = frozenset({ReminderSchedule.VISIT_UNQUALIFIED})

# Local hours between which nothing is sent that could make a telephone ring.
QUIET_FROM, QUIET_UNTIL = time(20), time(8)

RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120))
GIVE_UP_AFTER = timedelta(days=7)


def channels_of(schedule: ReminderSchedule, step: int) -> frozenset[NotificationChannel]:
    """The channels that may tell a step's news; which of them a person has is her own choice.

    A copy to the employer goes by e-mail and shows in the product; other schedules use every channel.
    """
    match schedule:
        case ReminderSchedule.CERTIFICATE_EXPIRY:
            return CERTIFICATE_NOTICES[step].channels
        case ReminderSchedule.EMPLOYER_COPY:
            return frozenset({_EMAIL, _IN_APP})
        case _:
            return frozenset(NotificationChannel)


def steps_told_over(channel: NotificationChannel) -> list[tuple[ReminderSchedule, int]]:
    """Every step whose news the channel may tell."""
    return [
        (schedule, step) for schedule in STEPS for step in STEPS[schedule] if channel in channels_of(schedule, step)
    ]


@dataclass(frozen=True, slots=True)
class Window:
    """Steps whose day lies before `since` are over; those before `send_from` are settled without being sent."""

    since: date
    send_from: date


@dataclass(frozen=True, slots=True)
class Owed:
    """The most urgent step reached, the earlier ones it settles, and whether it is sent or settled in silence."""

    step: int
    settles: tuple[int, ...]
    is_sent: bool


def window_of(schedule: ReminderSchedule, today: date, owed_until: date | None) -> Window:
    """Which steps are still told today.

    Parameters
    ----------
    owed_until
        The last day up to which steps were owed before; None for the first time. However long ago it lies, no step
        that came due since is lost.
    """
    late = today - timedelta(days=LATE_DAYS[schedule])
    if owed_until is None:
        return Window(since=late, send_from=late if schedule in ALWAYS_TOLD else today - timedelta(days=FIRST_DAYS))
    since = min(late, owed_until)
    return Window(since=since, send_from=since)


def owed_steps(
    schedule: ReminderSchedule, due_on: date, *, today: date, told: Collection[int], window: Window
) -> Owed | None:
    """What is owed about one subject, by its state and not by "today is the day"; None when nothing is.

    After an outage only the most urgent step reached is sent: it settles the earlier ones. A step is settled once it or
    a more urgent one of the same state was told, so nothing is told twice.

    Parameters
    ----------
    due_on
        The state: last day of the certificate, or last day to complete the assignment. Another date is another state.
    told
        Steps of this very state told or settled before.
    """
    reached = [step for step in STEPS[schedule] if window.since <= due_on - timedelta(days=step) <= today]
    if not reached:
        return None
    step = min(reached)
    if any(before <= step for before in told):
        return None
    settles = tuple(earlier for earlier in reached if earlier != step and all(before > earlier for before in told))
    return Owed(step, settles, is_sent=due_on - timedelta(days=step) >= window.send_from)


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC for one that nobody knows, so that one odd record keeps nobody from being reminded."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_day(now: datetime, zone: ZoneInfo) -> date:
    return now.astimezone(zone).date()


def delivery_day(now: datetime, zone: ZoneInfo) -> date:
    """The local day into whose message news go: today until the quiet hours begin, then tomorrow."""
    local = now.astimezone(zone)
    return local.date() if local.time() < QUIET_FROM else local.date() + timedelta(days=1)


def deliver_at(day: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a day's message goes out: the end of the quiet hours by the person's own clock."""
    return datetime.combine(day, QUIET_UNTIL, zone).astimezone(UTC)


def outside_quiet_hours(at: datetime, zone: ZoneInfo) -> datetime:
    """The instant itself, or the end of the quiet hours it falls into."""
    local = at.astimezone(zone)
    if local.time() < QUIET_UNTIL:
        return deliver_at(local.date(), zone)
    if local.time() >= QUIET_FROM:
        return deliver_at(local.date() + timedelta(days=1), zone)
    return at


def next_attempt(attempt_count: int, *, now: datetime, due_at: datetime, zone: ZoneInfo) -> datetime | None:
    """When to try again after that many attempts; None to give up, a week after it was first due.

    Pauses grow from a minute to two hours; an attempt never falls into the quiet hours. A worker that stood still does
    not use up the week: each pause is tried out before anything is given up.
    """
    if now - due_at >= GIVE_UP_AFTER and attempt_count > len(RETRY_AFTER):
        return None
    pause = RETRY_AFTER[min(max(attempt_count, 1), len(RETRY_AFTER)) - 1]
    return outside_quiet_hours(now + pause, zone)
