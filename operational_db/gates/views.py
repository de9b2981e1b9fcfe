"""Read dataclasses of gates: a rule version as managers see it, and what a replay found."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from operational_db.gates.rules import GateTerms


@dataclass(frozen=True)
class GateRuleView:
    """A version of a rule. `is_in_effect`: the one that decides today; `is_platform`: it holds for everybody."""

    rule_id: UUID
    terms: GateTerms
    policy_code: str | None
    runbook_code: str | None
    lesson_title: str | None
    ended_on: date | None
    created_by: UUID | None
    created_at: datetime
    is_in_effect: bool

    @property
    def is_platform(self) -> bool:
        return self.terms.organization_id is None


@dataclass(frozen=True)
class ReplayResult:
    """A recorded decision made again from its record; `difference` says what did not fit, None when all did."""

    event_id: UUID
    decision_id: UUID
    decided_at: datetime
    action: str
    is_identical: bool
    difference: str | None
    recorded: bytes
    replayed: bytes | None


@dataclass(frozen=True)
class ReplayReport:
    """What a replay of many decisions found; `differing` holds the first of those that came out otherwise."""

    replayed_count: int
    identical_count: int
    differing: tuple[ReplayResult, ...]

    @property
    def is_identical(self) -> bool:
        return self.replayed_count == self.identical_count
