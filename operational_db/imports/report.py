"""The report every import leaves: read, added, changed, unchanged, refused and why, per kind and in all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from operational_db.imports.findings import Findings
from operational_db.types import ImportState

LISTED_IDS = 20


@dataclass
class KindCounts:
    """What became of the rows of one kind.

    `missing` were imported before and are not in the file: they are reported and stay. Activity is read in rows and
    added in days.
    """

    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    missing: int = 0
    # The first few external ids by what becomes of them.
    listed: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of_actions(cls, actions: Mapping[str, int], **others: Any) -> Self:  # Any: each field has its type
        """Counts by action (added, changed, unchanged) and the other fields by name."""
        return cls(added=actions["added"], changed=actions["changed"], unchanged=actions["unchanged"], **others)

    def as_dict(self) -> dict[str, Any]:
        return {
            "read": self.read,
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "missing": self.missing,
            "listed": self.listed,
        }


COUNT_NAMES = ("read", "added", "changed", "unchanged", "refused", "missing")


@dataclass(frozen=True)
class ImportResult:
    """Outcome of one run; `import_id` is absent after a dry run."""

    import_id: UUID | None
    state: ImportState | None
    report: dict[str, Any]

    def total(self, name: str) -> int:
        return int(self.report[name])


def build_report(
    kinds: Mapping[str, KindCounts], findings: Findings, *, stopped_because: Sequence[str] = ()
) -> dict[str, Any]:
    """The report as stored in `import_batches.report`: totals at the top, then by kind, then the rows."""
    totals = {name: sum(getattr(counts, name) for counts in kinds.values()) for name in COUNT_NAMES}
    return {
        **totals,
        "kinds": {kind: counts.as_dict() for kind, counts in kinds.items()},
        "stopped_because": list(stopped_because),
        **findings.as_report(),
    }
