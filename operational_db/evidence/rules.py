"""What an evidence bundle may be asked for, and what of the ledger belongs into it. Pure.

Source: embedded-training seed, customer and auditor reporting. How a bundle is checked is in `verify_bundle`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from operational_db.errors import InvalidInputError

# Where the gate of this name says no, no bundle of other people's records leaves.
EXPORT_ACTION = "evidence-export"

# What an organization keeps evidence of is training, rights and rules; how it was coaxed into learning stays between
# the product and the person, and is only in the bundle she asks for herself or behind a figure that is built on it.
PRIVATE_KINDS = (
    "mentor.profile_set",
    "mentors.shown",
    "mentorship.requested",
    "mentorship.accepted",
    "mentorship.declined",
    "mentorship.expired",
    "mentorship.completed",
    "mentorship.cancelled",
    "mentorship.session_logged",
    "mentorship.rated",
    "mentorship.milestone_reached",
    "tip.shown",
    "tip.dismissed",
    "near_miss.recorded",
    "reinforcement.scheduled",
    "reinforcement.finished",
    "reminder.delivered",
)
# What a person holds counts wherever she works, so an organization sees it although another one recorded it.
HELD_KINDS = (
    "certificate.issued",
    "certificate.renewed",
    "certificate.verified",
    "certificate.revoked",
    "certificate.withdrawn",
    "proficiency.reached",
    "proficiency.revoked",
)
# Kinds that name the scope they are about, and those that name the action a rule asks the scope for.
SCOPED_KINDS = ("proficiency.reached", "scope.rule_set", "lesson.attempt_graded", "incident.reported")
INCIDENT_KINDS = ("incident.reported", "incident.person_involved")
ACTION_KINDS = (
    "gate.decided",
    "gate.rule_set",
    "gate.rule_ended",
    "waiver.granted",
    "waiver.ended",
    "access.granted",
    "access.removed",
)

MAXIMUM_FIGURE_ENTRIES = 1_000_000
# Up to so many records every one gets a proof file of its own beside the proof of all at once.
SINGLE_PROOFS_UP_TO = 1_000


class BundleKind(StrEnum):
    """What a bundle is about."""

    PERSON = "person"
    ORGANIZATION = "organization"
    CERTIFICATION_SCOPE = "certification_scope"
    PERIOD = "period"
    INCIDENT = "incident"
    FIGURE = "figure"


@dataclass(frozen=True)
class BundleScope:
    """Which entries a bundle holds; days are UTC, the first and the last included.

    `organization_id` says for whom it is made: without one it is a person's own, or the platform's.
    """

    kind: BundleKind
    organization_id: UUID | None = None
    person_id: UUID | None = None
    certification_scope: str | None = None
    incident_id: UUID | None = None
    from_on: date | None = None
    to_on: date | None = None
    # A figure of a dashboard: its name, what it showed, and the entries it was computed from.
    figure: str | None = None
    figure_value: str | None = None
    leaf_indexes: tuple[int, ...] = ()

    @property
    def starts_at(self) -> datetime | None:
        """The first instant of the period."""
        return None if self.from_on is None else datetime.combine(self.from_on, time(), UTC)

    @property
    def ends_at(self) -> datetime | None:
        """The first instant after the period."""
        return None if self.to_on is None else datetime.combine(self.to_on + timedelta(days=1), time(), UTC)

    def described(self) -> dict[str, str | int]:
        """The scope as the manifest and the list of exports tell it; ids only, no names."""
        values = {
            "kind": self.kind.value,
            "organization_id": self.organization_id,
            "person_id": self.person_id,
            "certification_scope": self.certification_scope,
            "incident_id": self.incident_id,
            "from": self.from_on,
            "to": self.to_on,
            "figure": self.figure,
            "figure_value": self.figure_value,
        }
        told: dict[str, str | int] = {name: str(value) for name, value in values.items() if value is not None}
        if self.leaf_indexes:
            told["figure_entry_count"] = len(self.leaf_indexes)
        return told


def covers_scopes(described: Mapping[str, object], scopes: Collection[str]) -> bool:
    """Whether a bundle, as `BundleScope.described` tells it, holds what was proven in one of the scopes.

    One of an organization or a period does; one of a scope when it is among them; others are about something else.
    """
    kind = described.get("kind")
    if kind == BundleKind.CERTIFICATION_SCOPE:
        return described.get("certification_scope") in scopes
    return kind in (BundleKind.ORGANIZATION, BundleKind.PERIOD)


# The one field each kind cannot do without; an organization and a period may be given with each.
_NEEDED = {
    BundleKind.PERSON: ("person_id",),
    BundleKind.ORGANIZATION: ("organization_id",),
    BundleKind.CERTIFICATION_SCOPE: ("certification_scope",),
    BundleKind.PERIOD: ("from_on", "to_on"),
    BundleKind.INCIDENT: ("incident_id",),
    BundleKind.FIGURE: ("organization_id", "figure"),
}
_PARTICULAR = ("person_id", "certification_scope", "incident_id", "figure")


def require_valid_scope(scope: BundleScope) -> None:
    """A scope names what its kind needs and nothing another kind needs.

    Raises
    ------
    InvalidInputError
        Otherwise; the message names the field.
    """
    needed = _NEEDED[scope.kind]
    for name in needed:
        if not getattr(scope, name):
            raise InvalidInputError(f"A bundle for a {scope.kind.replace('_', ' ')} needs {name}.")
    for name in _PARTICULAR:
        if name not in needed and getattr(scope, name) is not None:
            raise InvalidInputError(f"A bundle for a {scope.kind.replace('_', ' ')} takes no {name}.")
    if scope.from_on is not None and scope.to_on is not None and scope.to_on < scope.from_on:
        raise InvalidInputError("The period ends before it begins; swap the two days.")
    if scope.leaf_indexes and scope.kind is not BundleKind.FIGURE:
        raise InvalidInputError("Only the bundle of a figure takes a list of entries.")
    if len(scope.leaf_indexes) > MAXIMUM_FIGURE_ENTRIES:
        raise InvalidInputError(f"A figure's bundle holds up to {MAXIMUM_FIGURE_ENTRIES} entries; choose a period.")
    if any(index < 0 for index in scope.leaf_indexes):
        raise InvalidInputError("Entries are counted from 0; one of those given is below.")


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula when it opens records.csv."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
