"""The measures behind the targets: their groups, their figures of the last full month, and their columns."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from app.dashboards.components.figures import Figure
from app.dashboards.components.tables import Column
from app.dashboards.formats import to_month, to_number, to_parts, to_percent, to_points
from app.dashboards.queries import product
from operational_db.releases.reader import ScopedWarehouse


@dataclass(frozen=True)
class Measure:
    """A monthly measure; one with numerator and denominator columns is a share (0–1)."""

    column: str
    label: str
    numerator: str | None = None
    denominator: str | None = None

    @property
    def is_share(self) -> bool:
        return self.numerator is not None


@dataclass(frozen=True)
class Group:
    query: Callable[[ScopedWarehouse], pl.DataFrame]
    measures: tuple[Measure, ...]


GROUPS: dict[str, Group] = {
    "Learning engagement": Group(
        product.engagement,
        (
            Measure("course_completion_rate", "Course completion rate", "completed_count", "ended_count"),
            Measure("assessment_pass_rate", "Assessment pass rate", "passed_attempt_count", "scored_attempt_count"),
            Measure("return_rate", "Return rate", "returning_people_count", "active_people_count"),
            Measure("average_session_minutes", "Minutes a session"),
            Measure("session_count", "Sessions"),
        ),
    ),
    "Certification impact": Group(
        product.certification,
        (
            Measure("renewal_rate", "Renewal rate", "renewed_count", "due_for_renewal_count"),
            Measure("new_certificate_count", "New certificates"),
            Measure("renewed_count", "Renewed certificates"),
            Measure("verification_request_count", "Verification requests"),
        ),
    ),
}


def measure_figure(measure: Measure, months: pl.DataFrame) -> Figure:
    """The last of the months, its change against the one before, and all of them as a small trend."""
    last = months.row(-1, named=True)
    before = months.row(-2, named=True) if months.height > 1 else {}
    value, former = last[measure.column], before.get(measure.column)
    change = None
    if value is not None and former is not None:
        change = to_points(value - former) if measure.is_share else f"{value - former:+z,.0f}"
    made_of = to_month(last["month_on"])
    if measure.numerator and measure.denominator:
        made_of = to_parts(last[measure.numerator], last[measure.denominator])
    return Figure(
        measure.label,
        to_percent(value) if measure.is_share else to_number(value, 1 if "minutes" in measure.column else 0),
        made_of,
        change,
        f"vs {before['month_on']:%b}" if before else None,
        trend=months[measure.column].drop_nulls().to_list(),
    )


def month_columns(months: pl.DataFrame) -> list[Column]:
    """A column for everything the months hold."""

    def column(name: str) -> Column:
        label = name.removesuffix("_count").replace("_", " ").capitalize()
        return Column(
            name, label, "percent" if name.endswith("_rate") else "decimal" if "minutes" in name else "number"
        )

    return [Column("month_on", "Month", "month"), *(column(name) for name in months.columns if name != "month_on")]
