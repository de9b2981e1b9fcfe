"""Who holds which certificates in the demo, with the instants from which each was known."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from operational_db.credentials.rules import CertificateFacts


@dataclass(frozen=True, slots=True)
class Holding:
    """A certificate as the platform got to know it; `revoked_at` is None while it is not revoked."""

    known_at: datetime
    revoked_at: datetime | None
    facts: CertificateFacts
    organization_id: UUID
    first_earned_on: date


@dataclass
class Holdings:
    by_person: dict[UUID, list[Holding]] = field(default_factory=dict)

    def add(self, holding: Holding) -> None:
        self.by_person.setdefault(holding.facts.person_id, []).append(holding)

    def known(self, person_id: UUID, at: datetime) -> tuple[CertificateFacts, ...]:
        """The person's certificates as they were known at that instant."""
        return tuple(
            each.facts
            if each.revoked_at is not None and each.revoked_at <= at
            else replace(each.facts, revoked_from=None)
            for each in self.by_person.get(person_id, ())
            if each.known_at <= at
        )
