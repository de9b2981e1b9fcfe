"""Up to which checkpoint a release's figures were verified: recomputed from the ledger when the release was made.

The recomputation is the pipeline's (`pipelines.reconciliation`); pages ask here what to say beside their figures.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from operational_db.releases.manifest import ReleaseManifest

# The number of a check that tells how many figures came out otherwise.
WRONG_COUNT = "wrong"
# Each check of the reconciliation, and the marts whose totals it recomputes.
RECONCILIATIONS: dict[str, frozenset[str]] = {
    "compliance_is_recomputed": frozenset(
        {
            "fct_required_training",
            "compliance_by_person",
            "compliance_by_team",
            "compliance_by_category",
            "compliance_by_organization",
        }
    ),
    "coverage_is_recomputed": frozenset({"training_by_person_track", "coverage_by_persona_track"}),
    "exceptions_are_recomputed": frozenset({"fct_access", "training_exception"}),
    "decisions_are_recomputed": frozenset({"fct_gate_decision", "gate_decision_daily"}),
    "skills_are_recomputed": frozenset({"skill_matrix", "skill_depth", "expiry_calendar"}),
    "crews_are_recomputed": frozenset({"contractor_requirement_coverage"}),
    "requests_are_recomputed": frozenset({"verification_request_daily"}),
    "crew_decisions_are_recomputed": frozenset({"fct_crew_decision", "crew_decision_daily"}),
    "costs_are_recomputed": frozenset({"training_cost_monthly"}),
    "mentorships_are_recomputed": frozenset({"fct_mentorship", "mentorship_funnel"}),
}


@dataclass(frozen=True)
class Verification:
    """Whether figures were recomputed from the ledger up to `ledger_size` with this root; if not, `problems` say why.

    `verified_at` is when the release was made. `is_partial`: nothing was found wrong, but only a part was recomputed,
    because there is more than one refresh can take on.
    """

    is_verified: bool
    is_partial: bool
    ledger_size: int
    root_hash: str
    verified_at: datetime
    problems: tuple[str, ...]


def verification_of(manifest: ReleaseManifest, marts: Collection[str] | None = None) -> Verification:
    """What a page may say about the marts it shows (None: all that are recomputed).

    Marts that no reconciliation covers do not count for or against it; with none covered nothing was verified.
    """
    wanted = [name for name, covered in RECONCILIATIONS.items() if marts is None or not covered.isdisjoint(marts)]
    checks = {check.name: check for check in manifest.checks}
    failed = [name for name in wanted if name not in checks or not checks[name].passed]
    problems = [
        checks[name].message if name in checks else "These figures were made before they could be recomputed."
        for name in failed
    ]
    if not wanted:
        problems = ["Nothing recomputes these figures."]
    return Verification(
        is_verified=not problems,
        is_partial=bool(failed)
        and all(name in checks and checks[name].numbers.get(WRONG_COUNT) == 0 for name in failed),
        ledger_size=manifest.ledger_size,
        root_hash=manifest.root_hash,
        verified_at=manifest.built_at,
        problems=tuple(dict.fromkeys(problems)),
    )
