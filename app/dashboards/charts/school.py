"""Charts of the school pages: where enrollments stand, how courses compare, and when students leave."""

from datetime import date

import polars as pl

from app.dashboards.charts.chart import BLUE, GREEN, ORANGE, PURPLE, Chart, ShareBar, create_figure, create_share_bars
from app.dashboards.formats import to_month, to_number, to_parts, to_percent, to_plural

OUTCOMES = (
    ("completed_count", "Completed", GREEN),
    ("active_count", "In the course", BLUE),
    ("failed_count", "Failed", PURPLE),
    ("dropped_count", "Dropped", ORANGE),
)


def outcomes_by_cohort(cohorts: pl.DataFrame, *, chosen: date | None = None) -> Chart:
    """Enrollments of each cohort by outcome, stacked, a chosen one before the faded others.

    The frame has cohort_on and the four counts.
    """
    figure = create_figure(320)
    months = [to_month(month) for month in cohorts["cohort_on"]]
    opacities = [1.0 if chosen in (None, month) else 0.25 for month in cohorts["cohort_on"]]
    for column, name, color in OUTCOMES:
        counts = cohorts[column].to_list()
        figure.add_bar(
            x=months,
            y=counts,
            name=name,
            marker={"color": color, "opacity": opacities},
            hovertemplate=f"%{{x}}<br>{name}: %{{y}}<extra></extra>",
        )
    # The legend stands above: below, it would meet the slanted months of a narrow screen.
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}
    figure.update_layout(barmode="stack", showlegend=True, legend=legend, margin={"t": 56})
    figure.update_xaxes(type="category")
    figure.update_yaxes(rangemode="tozero")
    told = cohorts.filter(pl.col("cohort_on") == chosen) if chosen is not None else cohorts
    row = told.row(-1, named=True)
    ended = row["completed_count"] + row["failed_count"] + row["dropped_count"]
    finding = (
        f"{'The cohort of' if chosen is not None else 'The latest cohort,'} {to_month(row['cohort_on'])}"
        f"{'' if chosen is not None else ','} has {to_plural(row['enrolled_count'], 'enrollment')}: "
        f"{to_number(row['completed_count'])} completed, {to_number(row['active_count'])} still in the course, "
        f"{to_number(row['failed_count'])} failed, {to_number(row['dropped_count'])} dropped"
    )
    finding += f" ({to_percent(row['completed_count'] / ended)} of those that ended were completed)." if ended else "."
    return Chart("Where each cohort stands", finding, figure)


def completion_by_course(courses: pl.DataFrame) -> Chart:
    """Share of ended enrollments that were completed, by course; frame: title, completion_rate and counts."""
    frame = courses.drop_nulls("completion_rate").sort("completion_rate", "title", descending=[True, True])
    figure = create_share_bars(
        [
            ShareBar(
                r["title"],
                r["completion_rate"],
                to_parts(r["completed_count"], r["completed_count"] + r["dropped_count"] + r["failed_count"]),
            )
            for r in frame.iter_rows(named=True)
        ]
    )
    if frame.is_empty():
        return Chart("Completed, by course", "No enrollment has ended yet.", figure)
    low, high = frame.row(-1, named=True), frame.row(0, named=True)
    finding = (
        f"From {to_percent(low['completion_rate'])} in {low['title']} "
        f"to {to_percent(high['completion_rate'])} in {high['title']}."
    )
    return Chart("Completed, by course", finding, figure)


def dropout_curve(curve: pl.DataFrame) -> Chart:
    """Share of enrolled students still in the course by week; frame: week_number, counts and remaining_rate."""
    figure = create_figure(300, is_percent=True, right_margin=64)
    figure.add_scatter(
        x=curve["week_number"].to_list(),
        y=curve["remaining_rate"].to_list(),
        customdata=[to_parts(r["remaining_count"], r["enrolled_count"]) for r in curve.iter_rows(named=True)],
        mode="lines",
        line={"color": BLUE, "width": 3, "shape": "hv"},
        hovertemplate="week %{x}<br>%{y:.0%} · %{customdata}<extra></extra>",
    )
    figure.update_yaxes(range=[0, 1.05])
    figure.update_xaxes(title_text="Weeks since the start", rangemode="tozero", dtick=1 if curve.height <= 10 else None)
    if curve.is_empty():
        return Chart("Who stays", "No course has started yet.", figure)
    end = curve.row(-1, named=True)
    figure.add_annotation(
        x=end["week_number"],
        y=end["remaining_rate"],
        text=to_percent(end["remaining_rate"]),
        showarrow=False,
        xanchor="left",
        xshift=6,
        font={"color": BLUE},
    )
    worst = curve.sort("lost_count", "week_number", descending=[True, False]).row(0, named=True)
    left = to_parts(end["remaining_count"], end["enrolled_count"])
    finding = (
        f"After {to_plural(end['week_number'], 'week')}, {to_percent(end['remaining_rate'])} are still there ({left})"
    )
    if worst["lost_count"]:
        finding += f"; most left in week {worst['week_number']} ({to_number(worst['lost_count'])})"
    finding += "."
    return Chart("Who stays", finding, figure)
