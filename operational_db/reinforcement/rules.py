"""When near-misses earn a micro-lesson, how its repetitions are spaced, and how much of it a week may hold.

Pure and without a clock. Source: embedded-training seed, Adaptive reinforcement ("repeated near-misses … schedule
micro-lessons directly in the workflow … with reduced friction"). Spacing is FSRS (the scheduler library `fsrs`): a
passed micro-lesson comes back after days, then weeks; a new near-miss in the action counts as forgotten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fsrs import Card, Rating, Scheduler

# So many near-misses of one person in one action within so long are repeated ones.
REPEATED_COUNT = 2
REPEATED_WITHIN = timedelta(days=14)
# Once the scheduler would wait longer than this, the lesson sits and is not repeated.
LEARNED_AFTER = timedelta(days=21)

# The friction budget of one person: no seven days hold more interruptions than this.
BUDGET_PERIOD = timedelta(days=7)
MOST_OFFERS = 2
MOST_MINUTES = Decimal(10)

# Days, not minutes: nobody is drilled twice in a session. No chance in it: the same history gives the same day.
_SCHEDULER = Scheduler(desired_retention=0.9, learning_steps=(), relearning_steps=(), enable_fuzzing=False)


@dataclass(frozen=True)
class Offer:
    """A micro-lesson that was put before the person, and how long it takes."""

    offered_at: datetime
    minutes: Decimal


def is_repeated(occurred_at: Sequence[datetime], *, now: datetime) -> bool:
    """Whether the near-misses of a person in an action count as repeated: two or more within the last 14 days."""
    return sum(now - REPEATED_WITHIN < instant <= now for instant in occurred_at) >= REPEATED_COUNT


def first_state(key: UUID, *, now: datetime) -> dict[str, Any]:
    """What the scheduler knows of a lesson nobody has repeated yet; it is due at once."""
    # The card's own number is a clock reading unless given.
    return dict(Card(card_id=key.int % 2**53, due=now).to_dict())


def review(state: Mapping[str, Any], *, is_passed: bool, now: datetime) -> tuple[dict[str, Any], datetime]:
    """The scheduler's state after the lesson was passed, or after a near-miss showed that it was forgotten.

    Returns
    -------
    The new state, and when the lesson is due again.
    """
    rating = Rating.Good if is_passed else Rating.Again
    card, _ = _SCHEDULER.review_card(Card.from_dict(dict(state)), rating, now)  # type: ignore[arg-type]
    return dict(card.to_dict()), card.due


def is_learned(due_at: datetime, *, now: datetime) -> bool:
    """Whether the lesson sits: the scheduler would not ask for it within three weeks."""
    return due_at - now > LEARNED_AFTER


def fits_budget(offers: Sequence[Offer], minutes: Decimal, *, now: datetime) -> bool:
    """Whether another micro-lesson of so many minutes may interrupt the person now.

    Counted over the last seven days, so that no week holds more however weeks are cut.
    """
    recent = [offer for offer in offers if now - BUDGET_PERIOD < offer.offered_at <= now]
    spent = sum((offer.minutes for offer in recent), Decimal(0))
    return len(recent) < MOST_OFFERS and spent + minutes <= MOST_MINUTES
