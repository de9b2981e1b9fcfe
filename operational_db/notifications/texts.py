"""What a reminder says: one line per item, true on the day it is read out, and the way to act on it. Pure text."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

from operational_db.notifications.rules import CERTIFICATE_NOTICES
from operational_db.types import ReminderSchedule

ACTION_LABELS = {
    ReminderSchedule.CERTIFICATE_EXPIRY: "See your certificates",
    ReminderSchedule.EMPLOYER_COPY: "See what lapses in your company",
    ReminderSchedule.SCOPE_EXPIRY: "Refresh it in a few minutes",
    ReminderSchedule.ASSIGNMENT_DUE: "Continue the training",
    ReminderSchedule.VISIT_UNQUALIFIED: "See the visit and what is missing",
    ReminderSchedule.MENTORSHIP_ANSWER: "Accept or decline",
    ReminderSchedule.MENTORSHIP_NEWS: "See your mentorships",
    ReminderSchedule.CONTRACT_PROPOSED: "See the proposal, accept or decline",
}


class Item(Protocol):
    """What a line is made of."""

    @property
    def schedule(self) -> ReminderSchedule: ...
    @property
    def title(self) -> str: ...
    @property
    def due_on(self) -> date: ...


class ActionableItem(Item, Protocol):
    """A line with a page to act on it, and the step it is told on."""

    @property
    def subject_id(self) -> UUID: ...
    @property
    def step(self) -> int: ...

    @property
    def action_path(self) -> str: ...


def line_of(item: Item, today: date) -> str:
    """The news as it stands on the day: "… expires in 7 days (28 Nov 2026)."."""
    day, days = f"{item.due_on.day} {item.due_on:%b %Y}", (item.due_on - today).days
    match item.schedule:
        case ReminderSchedule.ASSIGNMENT_DUE:
            when = "is due" if days >= 0 else "was due"
            urge = "" if days >= 0 else " It is overdue."
            return f"“{item.title}” {when} {_distance(days)} ({day}).{urge}"
        case ReminderSchedule.CERTIFICATE_EXPIRY:
            return f"Your certificate “{item.title}” {_expiry(days)} ({day})."
        case ReminderSchedule.EMPLOYER_COPY:
            return f"{item.title} {_expiry(days)} ({day})."
        case ReminderSchedule.SCOPE_EXPIRY:
            block = " Without it, actions that need it are blocked." if days < 0 else ""
            return f"Your certification for “{item.title}” {_expiry(days)} ({day}).{block}"
        case ReminderSchedule.VISIT_UNQUALIFIED:
            return f"Nobody qualified can come to “{item.title}” {_distance(days)} ({day}), as things stand."
        case ReminderSchedule.MENTORSHIP_ANSWER:
            return f"{item.title} waits for your answer about mentoring; the request expires {_distance(days)} ({day})."
        case ReminderSchedule.MENTORSHIP_NEWS:
            return f"{item.title} ({day})."
        case ReminderSchedule.CONTRACT_PROPOSED:
            return f"{item.title} proposes a service contract to your company ({day})."


def subject_of(items: Sequence[ActionableItem], today: date) -> str:
    """The headline: the news itself when there is one, with its kind of warning; else how many."""
    if len(items) == 1:
        return f"{_warning_of(items[0])}{line_of(items[0], today)}"
    return f"{len(items)} reminders about your training and certificates"


def _warning_of(item: ActionableItem) -> str:
    """The seed's message type in words: "Final warning: "; nothing for other schedules."""
    if item.schedule not in (ReminderSchedule.CERTIFICATE_EXPIRY, ReminderSchedule.EMPLOYER_COPY):
        return ""
    return CERTIFICATE_NOTICES[item.step].message_type.replace("_", " ").capitalize() + ": "


def _renewal_of(item: ActionableItem, terms: Mapping[UUID, str]) -> str:
    """How the certificate is renewed, on the steps on which the seed wants it said."""
    if (
        item.schedule is not ReminderSchedule.CERTIFICATE_EXPIRY
        or not CERTIFICATE_NOTICES[item.step].includes_renewal_info
    ):
        return ""
    said = terms.get(item.subject_id)
    return "\nHow to renew it: " + (said or "open it among your certificates; what is missing is listed there.")


def _expiry(days: int) -> str:
    if days == 0:
        return "expires today"
    return f"expires {_distance(days)}" if days > 0 else f"expired {_distance(days)}"


def _distance(days: int) -> str:
    if days == 0:
        return "today"
    unit = "day" if abs(days) == 1 else "days"
    return f"in {days} {unit}" if days > 0 else f"{-days} {unit} ago"


def body_of(items: Sequence[ActionableItem], today: date, *, base_url: str, renewal_terms: Mapping[UUID, str]) -> str:
    """The message as plain text: each piece of news with the way to act on it.

    Parameters
    ----------
    renewal_terms
        What the registry says of how a certificate is renewed, by certificate.
    """
    blocks = [
        f"{_warning_of(item)}{line_of(item, today)}{_renewal_of(item, renewal_terms)}\n"
        f"{ACTION_LABELS[item.schedule]}: {base_url}{item.action_path}"
        for item in items
    ]
    footer = f"You can choose how you are reminded: {base_url}/me-notifications"
    return "\n\n".join([*blocks, footer]) + "\n"
