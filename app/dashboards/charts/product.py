"""Charts of the product pages: a measure by month, against its target where it has one."""

from collections.abc import Sequence
from datetime import date

from app.dashboards.charts.chart import BLUE, GRAY, Chart, create_figure
from app.dashboards.formats import to_month, to_number, to_percent


def measure_by_month(
    heading: str, months: Sequence[date], values: Sequence[float | None], *, is_share: bool, target: float | None = None
) -> Chart:
    """A line by month; `values` of shares are 0–1, months without a value leave a gap."""

    def text(value: float | None) -> str:
        return to_percent(value) if is_share else to_number(value)

    figure = create_figure(280, is_percent=is_share, right_margin=70)
    figure.add_scatter(
        x=list(months),
        y=list(values),
        customdata=[text(value) for value in values],
        mode="lines+markers",
        line={"color": BLUE, "width": 3},
        hovertemplate="%{x|%b %Y}: %{customdata}<extra></extra>",
    )
    if target is not None:
        figure.add_hline(
            y=target, line={"color": GRAY, "dash": "dash", "width": 1}, annotation_text=f"target {text(target)}"
        )
    figure.update_yaxes(rangemode="tozero", tickformat=".0%" if is_share else ",.0f")
    known = [(month, value) for month, value in zip(months, values, strict=True) if value is not None]
    if not known:
        return Chart(heading, "No month has a value yet.", figure)
    (first_on, first), (last_on, last) = known[0], known[-1]
    figure.add_annotation(
        x=last_on, y=last, text=text(last), showarrow=False, xanchor="left", xshift=8, font={"color": BLUE}
    )
    finding = f"From {text(first)} in {to_month(first_on)} to {text(last)} in {to_month(last_on)}"
    if target is not None:
        finding += f", {'at or above' if last >= target else 'below'} the target of {text(target)}"
    return Chart(heading, f"{finding}.", figure)
