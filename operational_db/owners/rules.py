"""What fields of buildings, units, contracts and visits may hold, and which crew rules count on a day. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import available_timezones

from operational_db.errors import InvalidInputError
from operational_db.gates.crew import CrewTerms
from operational_db.types import CrewRuleTarget

LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version of a crew rule with its first day, the first day without it, and when both became known."""

    terms: CrewTerms
    set_at: datetime
    ended_on: date | None = None
    ended_at: datetime | None = None

    def is_in_effect(self, on: date, *, known_at: datetime | None = None) -> bool:
        """Whether the version counts on the day, by what was known at an instant (None: by all that is known)."""
        if self.terms.effective_from > on or (known_at is not None and self.set_at > known_at):
            return False
        ended_on = self.ended_on
        if known_at is not None and self.ended_at is not None and self.ended_at > known_at:
            ended_on = None
        return ended_on is None or ended_on > on


def rules_in_effect(versions: Iterable[RuleVersion], on: date, *, known_at: datetime | None = None) -> list[CrewTerms]:
    """Of each target the highest version in effect on the day, from the widest target to the narrowest."""
    chosen: dict[tuple[UUID, CrewRuleTarget, str], CrewTerms] = {}
    for each in versions:
        terms = each.terms
        if not each.is_in_effect(on, known_at=known_at):
            continue
        key = (terms.organization_id, terms.target, terms.target_key)
        if key not in chosen or (terms.version or 0) > (chosen[key].version or 0):
            chosen[key] = terms
    return sorted(chosen.values(), key=lambda terms: (terms.organization_id, terms.order))


def require_name(text: str, what: str) -> str:
    """The text without spaces around it.

    Raises
    ------
    InvalidInputError
        When it is empty, too long or holds what cannot be printed.
    """
    name = text.strip()
    if not 0 < len(name) <= LONGEST_TEXT or not name.isprintable():
        raise InvalidInputError(f"The {what} is a text of 1 to {LONGEST_TEXT} printable characters.")
    return name


def optional_text(text: str | None, what: str) -> str | None:
    """As `require_name`; nothing but spaces is none."""
    return None if text is None or not text.strip() else require_name(text, what)


def require_place(latitude: float | None, longitude: float | None, timezone: str) -> None:
    """A place on the map has both coordinates, in degrees; a time zone is one of the zone database.

    Raises
    ------
    InvalidInputError
    """
    if (latitude is None) != (longitude is None):
        raise InvalidInputError("Give latitude and longitude together, or neither.")
    if latitude is not None and longitude is not None and not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InvalidInputError("Latitude lies between -90 and 90 degrees, longitude between -180 and 180.")
    if timezone not in available_timezones():
        raise InvalidInputError(f"“{timezone}” is no time zone. Write one such as America/New_York.")
