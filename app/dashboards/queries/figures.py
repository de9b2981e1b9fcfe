"""Figures of the overview pages by name: what each shows, and the ledger entries the rows behind it were made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.dashboards.queries.people import STATUS_FILTERS
from app.dashboards.queries.school import SILENT_DAYS
from operational_db.releases.reader import ScopedWarehouse

_TRAININGS = "fct_required_training as r where"
_TRACKS = "training_by_person_track as t where t.tier ="
_ENROLLMENTS = """
    fct_enrollment as e join dim_course as k on k.course_id = e.course_id
    where k.provider_id = $organization_id::uuid and k.provider_type = 'trade_school'
      and (
          $cohort_on::date is null
          or date_trunc('month', coalesce(k.session_starts_on, e.enrolled_on)) = $cohort_on::date
      )
    """


@dataclass(frozen=True)
class FigureSource:
    """A figure as a bundle names it (`mart.measure`), its label, and the rows it counts.

    `shown` is an aggregate over the rows: a count, or a share (0-1) when `is_share`.
    """

    name: str
    label: str
    rows: str
    shown: str = "count(*)"
    is_share: bool = False


def _trainings(measure: str, label: str, condition: str) -> FigureSource:
    return FigureSource(f"fct_required_training.{measure}", label, f"{_TRAININGS} {condition}")


def _coverage(tier: str) -> FigureSource:
    return FigureSource(
        f"training_by_person_track.{tier}_trained",
        f"{tier.capitalize()} trained",
        f"{_TRACKS} '{tier}'",
        "count(*) filter (where t.is_trained) / nullif(count(*), 0)",
        is_share=True,
    )


def _enrollments(measure: str, label: str, condition: str) -> FigureSource:
    return FigureSource(f"fct_enrollment.{measure}", label, f"{_ENROLLMENTS} and {condition}")


COMPANY_FIGURES = {
    "compliance": FigureSource(
        "fct_required_training.compliance_rate",
        "Compliance",
        f"{_TRAININGS} r.status <> 'exempted'",
        "count(*) filter (where r.status = 'completed') / nullif(count(*), 0)",
        is_share=True,
    ),
    "overdue": _trainings("overdue", "Overdue", STATUS_FILTERS["Overdue"]),
    "due-soon": _trainings("due_14_days", "Due in 14 days", STATUS_FILTERS["Due in 14 days"]),
    "expiring": _trainings("expiring_30_days", "Expiring in 30 days", STATUS_FILTERS["Expiring in 30 days"]),
    "expired": _trainings("expired", "Expired", STATUS_FILTERS["Lapsed"]),
    "core-trained": _coverage("core"),
    "advanced-trained": _coverage("advanced"),
    "access-without-training": FigureSource(
        "training_exception.exception_count", "Access without training", "training_exception as x"
    ),
}
SCHOOL_FIGURES = {
    "in-a-course": _enrollments("active", "In a course", "e.status in ('enrolled', 'in_progress')"),
    "at-risk": _enrollments(
        "at_risk",
        "At risk",
        f"e.status in ('enrolled', 'in_progress') and e.last_event_at < $today::date - {SILENT_DAYS}",
    ),
    "completed": FigureSource(
        "fct_enrollment.completion_rate",
        "Completed",
        f"{_ENROLLMENTS} and e.status in ('completed', 'dropped', 'failed')",
        "count(*) filter (where e.status = 'completed') / nullif(count(*), 0)",
        is_share=True,
    ),
    "dropped-or-failed": _enrollments("dropped_or_failed", "Dropped or failed", "e.status in ('dropped', 'failed')"),
}
FIGURES = {**COMPANY_FIGURES, **SCHOOL_FIGURES}


@dataclass(frozen=True)
class FigureEvidence:
    """What a figure shows now, and the entries behind it; a figure without rows has neither."""

    value: float | None
    leaf_indexes: tuple[int, ...]


def figures_of(warehouse: ScopedWarehouse, *, organization_id: str) -> Mapping[str, FigureSource]:
    """The figures an organization of this kind has on its pages."""
    kind = warehouse.query(
        "select kind from dim_organization where organization_id = $organization_id::uuid",
        {"organization_id": organization_id},
    )
    if kind.is_empty():
        return {}
    return SCHOOL_FIGURES if kind.item(0, 0) == "trade_school" else COMPANY_FIGURES


def evidence_of(
    warehouse: ScopedWarehouse, *, figure: str, organization_id: str, today: date, cohort_on: date | None = None
) -> FigureEvidence:
    """What the figure shows, and the last entry of each row behind it.

    Parameters
    ----------
    figure
        A key of `FIGURES`.
    cohort_on
        First day of a cohort's month, for a school's figures; None for all.
    """
    source = FIGURES[figure]
    wanted = {"organization_id": organization_id, "today": today, "cohort_on": cohort_on}
    values = {name: value for name, value in wanted.items() if f"${name}" in source.rows}
    found = warehouse.query(
        f"select {source.shown} as shown, list(distinct leaf_index order by leaf_index) as entries from {source.rows}",  # noqa: S608
        values or None,
    ).row(0, named=True)
    shown = found["shown"]
    entries = tuple(index for index in found["entries"] or () if index is not None)
    return FigureEvidence(None if shown is None else float(shown), entries)
