"""What training cost and how mentorships went, computed from the landed entries in plain steps.

The same figures as the marts have; no model of the warehouse has a part in them. Comparing is `reconciliation.py`'s.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import polars as pl

from operational_db.types import MentorshipStatus, OrganizationKind
from pipelines.ledger_facts import MEMBERSHIPS, Entry, LandedEntries, OrganizationsOnRecord

COSTS = ("training.cost_recorded", "training.cost_withdrawn")
_STATUS_AFTER = {
    "mentorship.requested": MentorshipStatus.PENDING,
    "mentorship.accepted": MentorshipStatus.ACTIVE,
    "mentorship.declined": MentorshipStatus.DECLINED,
    "mentorship.expired": MentorshipStatus.EXPIRED,
    "mentorship.completed": MentorshipStatus.COMPLETED,
    "mentorship.cancelled": MentorshipStatus.CANCELLED,
}
MENTORSHIP_STEPS = tuple(_STATUS_AFTER)
# Organization and currency with cents; organization, month of the request and what became of it with mentorships.
Figures = dict[tuple[str, ...], int]


def cost_figures(entries: LandedEntries, organizations: Collection[str] | None) -> Figures:
    """Cents that stand of each organization and currency: the last entry about a cost holds.

    Parameters
    ----------
    organizations
        Only these; None for all.
    """
    standing: dict[str, Entry] = {}
    for entry in entries.read(COSTS, organizations=organizations):
        standing[entry.body["cost_id"]] = entry
    figures: Counter[tuple[str, ...]] = Counter()
    for entry in standing.values():
        if entry.kind == "training.cost_recorded":
            figures[str(entry.organization), entry.body["currency"]] += int(Decimal(entry.body["amount"]) * 100)
    return {key: cents for key, cents in figures.items() if cents}


def mentorship_figures(entries: LandedEntries, dimensions: Path, mentees: Collection[str] | None) -> Figures:
    """Requests by organization of the mentee, month of the request and what became of them.

    Parameters
    ----------
    mentees
        Only requests of these people; None for everybody's.
    """
    requests: dict[str, Entry] = {}
    last: dict[str, MentorshipStatus] = {}
    accepted: set[str] = set()
    for entry in entries.read(MENTORSHIP_STEPS, people=mentees):
        key = entry.body["mentorship_id"]
        last[key] = _STATUS_AFTER[entry.kind]
        if entry.kind == "mentorship.requested":
            requests[key] = entry
        elif entry.kind == "mentorship.accepted":
            accepted.add(key)
    unsaid = {str(entry.subject) for entry in requests.values() if entry.organization is None}
    belonging = _Belonging(entries, dimensions, unsaid)
    figures: Counter[tuple[str, ...]] = Counter()
    for key, entry in requests.items():
        day = entry.occurred_at.date()
        organization = entry.organization or belonging.of(str(entry.subject), day)
        became: str = last[key].value
        if last[key] is MentorshipStatus.CANCELLED:
            became = "ended_early" if key in accepted else "withdrawn"
        figures[str(organization), str(day.replace(day=1)), became] += 1
    return dict(figures)


class _Belonging:
    """Where people worked or learned on a day: of several organizations the one joined first, the platform last."""

    def __init__(self, entries: LandedEntries, dimensions: Path, people: Collection[str]) -> None:
        self._record = OrganizationsOnRecord({})
        if people:
            for entry in entries.read(MEMBERSHIPS, people=people):
                self._record.take(entry)
        kinds = pl.read_parquet(dimensions / "organizations.parquet", columns=["organization_id", "kind"])
        self._kinds: Mapping[str, str] = dict(kinds.iter_rows())
        self._of_person: dict[str, list[tuple[UUID, Entry]]] = {}
        for key, entry in self._record.memberships.items():
            self._of_person.setdefault(str(entry.subject), []).append((key, entry))

    def of(self, person: str, day: date) -> UUID | None:
        found = [
            (
                self._kinds.get(str(entry.organization)) == OrganizationKind.PLATFORM,
                facts.started_on,
                entry.organization,
            )
            for key, entry in self._of_person.get(person, ())
            if (facts := self._record.membership(key, entry)).is_open_on(day) and entry.organization is not None
        ]
        return min(found)[2] if found else None
