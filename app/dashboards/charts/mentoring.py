"""Charts of mentoring: requests and what became of them, and what both sides say of it."""

import polars as pl

from app.dashboards.charts.chart import BLUE, GRAY, GREEN, ORANGE, Chart, create_figure
from app.dashboards.formats import to_month, to_number, to_parts, to_percent

OUTCOMES = (
    ("completed_count", "completed", GREEN),
    ("running_count", "running", BLUE),
    ("ended_early_count", "ended early", ORANGE),
    ("refused_count", "declined or unanswered", GRAY),
)


def requests_by_month(months: pl.DataFrame) -> Chart:
    """Requests of the last twelve months by what became of them, each month adding up to its requests.

    Frame: month, requested_count, accepted_count, declined_count, expired_count, completed_count, ended_early_count.
    """
    frame = months.with_columns(
        (pl.col("accepted_count") - pl.col("completed_count") - pl.col("ended_early_count")).alias("running_count"),
        (pl.col("declined_count") + pl.col("expired_count")).alias("refused_count"),
    )
    figure = create_figure(300)
    labels = [to_month(month) for month in frame["month"].to_list()]
    for column, words, color in OUTCOMES:
        figure.add_bar(
            x=labels,
            y=frame[column].to_list(),
            name=words,
            marker={"color": color},
            hovertemplate=f"%{{x}}: %{{y}} {words}<extra></extra>",
        )
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": 1.12, "x": 0})
    figure.update_yaxes(rangemode="tozero")
    return Chart("Requests by month, and what became of them", _request_finding(frame), figure)


def _request_finding(frame: pl.DataFrame) -> str:
    asked, accepted = int(frame["requested_count"].sum()), int(frame["accepted_count"].sum())
    if not asked:
        return "Nobody asked for a mentor in the last twelve months."
    refused = int(frame["refused_count"].sum())
    return (
        f"{to_parts(accepted, asked)} requests of the last twelve months were accepted "
        f"({to_percent(accepted / asked)}), {to_number(refused)} declined or left without an answer."
    )


def ratings_by_month(months: pl.DataFrame) -> Chart:
    """Average stars of either side; months with fewer than five ratings count with the month that completes five.

    Frame: month, side, rating_count, period_rating_count, average_rating.
    """
    figure = create_figure(260)
    known = months.drop_nulls("average_rating")
    for side, color in (("mentee", BLUE), ("mentor", ORANGE)):
        rows = known.filter(pl.col("side") == side)
        figure.add_scatter(
            x=rows["month"].to_list(),
            y=rows["average_rating"].to_list(),
            mode="lines+markers",
            name=f"by {side}s",
            line={"color": color, "width": 3, "dash": "solid" if side == "mentee" else "dot"},
            customdata=rows["period_rating_count"].to_list(),
            hovertemplate="%{x|%b %Y}: %{y:.1f} stars of %{customdata} ratings<extra></extra>",
        )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.14, "x": 0})
    figure.update_xaxes(tickformat="%b %Y")
    figure.update_yaxes(range=[1, 5.1])
    return Chart("What both sides say of it", _rating_finding(months, known), figure)


def _rating_finding(months: pl.DataFrame, known: pl.DataFrame) -> str:
    counted = int(months["rating_count"].sum()) if months.height else 0
    if known.is_empty():
        return (
            f"{to_number(counted)} ratings in the last twelve months; an average is shown of at least "
            "five, so that no single answer can be told."
        )
    parts = []
    for side in ("mentee", "mentor"):
        rows = known.filter(pl.col("side") == side)
        weight = int(rows["period_rating_count"].sum()) if rows.height else 0
        if weight:
            mean = float((rows["average_rating"] * rows["period_rating_count"]).sum()) / weight
            parts.append(f"{side}s give {to_number(mean, 1)} of 5 stars ({to_number(weight)} ratings)")
    return f"{'; '.join(parts).capitalize()}."
