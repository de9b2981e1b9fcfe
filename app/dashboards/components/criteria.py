"""A success criterion as a figure, and its value and target in words."""

from collections.abc import Sequence

from app.dashboards.chips import chip_of
from app.dashboards.components.figures import Drill, Figure
from app.dashboards.formats import to_number, to_parts, to_percent
from app.dashboards.queries.product import Criterion


def value_text(criterion: Criterion) -> str:
    """The value in its unit; a share as percent."""
    return to_percent(criterion.value, 1) if criterion.is_share else to_number(criterion.value)


def target_text(criterion: Criterion) -> str:
    """The target with its unit."""
    if criterion.is_share:
        return f"a target of {to_percent(criterion.target)}"
    return f"a target of {to_number(criterion.target)} {criterion.unit.replace('_', ' ')}"


def criterion_figure(criterion: Criterion, trend: Sequence[float]) -> Figure:
    """Value, target, whether it is met, and the months so far."""
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
        more_is_good=None,
        trend=trend if len(trend) > 1 else (),
        drill=Drill(None, "By month", {"kpis_criterion": criterion.label}),
        help=criterion.explanation,
        chip=chip,
    )
