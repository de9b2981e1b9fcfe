"""A success criterion as a figure, and its value and target in words."""

import polars as pl

from app.dashboards.chips import chip_of
from app.dashboards.components.figures import Drill, Figure
from app.dashboards.formats import to_number, to_parts, to_percent, to_points
from app.dashboards.queries.product import Criterion


def value_text(criterion: Criterion) -> str:
    """The value in its unit; a share as percent."""
    return to_percent(criterion.value, 1) if criterion.is_share else to_number(criterion.value)


def target_text(criterion: Criterion) -> str:
    """The target with its unit."""
    if criterion.is_share:
        return f"a target of {to_percent(criterion.target)}"
    return f"a target of {to_number(criterion.target)} {criterion.unit.replace('_', ' ')}"


def months_of(criterion: Criterion, trends: pl.DataFrame) -> pl.DataFrame:
    """Its months up to the one its value is of: a running month, which is not over, would look like a fall."""
    mine = trends.filter(pl.col("criterion_code") == criterion.criterion_code).sort("month_on")
    return mine if criterion.measured_to is None else mine.filter(pl.col("month_on") <= criterion.measured_to)


def criterion_figure(criterion: Criterion, months: pl.DataFrame) -> Figure:
    """Value, target, whether it is met, the change against the month before, and the months so far."""
    known = months.drop_nulls("value")
    trend = known["value"].to_list()
    change = trend[-1] - trend[-2] if len(trend) > 1 else None
    chip = chip_of("met" if criterion.is_met else "not_met").markdown
    parts = (
        f" · {to_parts(criterion.numerator, criterion.denominator)}"
        if criterion.is_share and criterion.denominator
        else ""
    )
    return Figure(
        criterion.label,
        value_text(criterion),
        f"{target_text(criterion)}{parts}",
        None if change is None else to_points(change) if criterion.is_share else f"{change:+z,.0f}",
        None if change is None else f"vs {known['month_on'][-2]:%b}",
        trend=trend,
        drill=Drill(None, "By month", {"kpis_criterion": criterion.label}),
        help=criterion.explanation,
        chip=chip,
    )
