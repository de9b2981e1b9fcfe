"""Charts of the company pages: compliance over time and by part, and when certificates lapse."""

from datetime import date
from typing import Any

import polars as pl

from app.dashboards.charts.chart import BLUE, GRAY, GREEN, ORANGE, Chart, ShareBar, create_figure, create_share_bars
from app.dashboards.formats import to_day, to_month, to_number, to_parts, to_percent, to_plural


def compliance_over_time(trend: pl.DataFrame, forecast: pl.DataFrame, target: float) -> Chart:
    """Month ends up to today, then 30, 60 and 90 days ahead: what remains when nobody renews, and what is expected.

    Both frames hold as_of_on, completed_count, required_count, exempted_count and compliance_rate (0–1), the forecast
    also expected_rate, low, high (0–1, empty where no pace is known), pace_due_count and pace_renewed_count.
    """
    figure = create_figure(300, is_percent=True, right_margin=64)
    points = ("as_of_on", "required_count", "exempted_count", "completed_count", "compliance_rate")
    known = trend.select(points).drop_nulls("compliance_rate")
    ahead = pl.concat([known.tail(1), forecast.select(points).drop_nulls("compliance_rate")])
    _add_expected(figure, known, forecast)
    for frame, color, dash, name in ((ahead, ORANGE, "dot", "if nobody renews"), (known, BLUE, "solid", "compliance")):
        made_of = [
            to_parts(r["completed_count"], r["required_count"] - r["exempted_count"])
            for r in frame.iter_rows(named=True)
        ]
        figure.add_scatter(
            x=frame["as_of_on"].to_list(),
            y=frame["compliance_rate"].to_list(),
            customdata=made_of,
            mode="lines+markers",
            name=name,
            line={"color": color, "dash": dash, "width": 3},
            hovertemplate="%{x|%d %b %Y}<br>%{y:.0%} · %{customdata}<extra></extra>",
        )
        if not frame.is_empty():
            last = frame.row(-1, named=True)
            figure.add_annotation(
                x=last["as_of_on"],
                y=last["compliance_rate"],
                text=to_percent(last["compliance_rate"]),
                showarrow=False,
                xanchor="left" if frame is ahead else "center",
                xshift=8 if frame is ahead else 0,
                yshift=0 if frame is ahead else 14,
                font={"color": color},
            )
    figure.add_hline(y=target, line={"color": GRAY, "dash": "dash", "width": 1}, annotation_text=f"target {target:.0%}")
    figure.update_yaxes(range=[0, 1.05])
    return Chart("Compliance over the last year and the next 90 days", _over_time_finding(known, forecast), figure)


def _add_expected(figure: Any, known: pl.DataFrame, forecast: pl.DataFrame) -> None:
    """The expected rate with the band it lies in."""
    expected = forecast.drop_nulls("expected_rate")
    if known.is_empty() or expected.is_empty():
        return
    today_on, now = known["as_of_on"][-1], known["compliance_rate"][-1]
    days = [today_on, *expected["as_of_on"]]
    low, high = [now, *expected["low"]], [now, *expected["high"]]
    figure.add_scatter(
        x=[*days, *reversed(days)],
        y=[*high, *reversed(low)],
        fill="toself",
        mode="lines",
        line={"width": 0},
        fillcolor="rgba(23, 143, 107, 0.22)",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=days,
        y=[now, *expected["expected_rate"]],
        customdata=[f"{to_percent(least)} to {to_percent(most)}" for least, most in zip(low, high, strict=True)],
        mode="lines+markers",
        line={"color": GREEN, "dash": "dash", "width": 3},
        hovertemplate="%{x|%d %b %Y}<br>%{y:.0%} expected, %{customdata}<extra></extra>",
    )
    figure.add_annotation(
        x=days[-1],
        y=expected["expected_rate"][-1],
        text=to_percent(expected["expected_rate"][-1]),
        showarrow=False,
        xanchor="left",
        xshift=8,
        yshift=8,
        font={"color": GREEN},
    )


def _expectation(forecast: pl.DataFrame) -> str:
    """What is expected on the last day, with its interval and the pace it rests on."""
    end = forecast.row(-1, named=True)
    if end["expected_rate"] is None:
        return "too few renewals came due in the last year to say what to expect"
    pace = to_parts(end["pace_renewed_count"], end["pace_due_count"])
    return (
        f"at the pace of the last year ({pace} renewed) {to_percent(end['expected_rate'])} are expected on "
        f"{to_day(end['as_of_on'])}, {to_percent(end['low'])} to {to_percent(end['high'])} in 95 of 100 cases"
    )


def _over_time_finding(known: pl.DataFrame, forecast: pl.DataFrame) -> str:
    if known.is_empty():
        return "Nothing was required in the last year."
    first, last = known.row(0, named=True), known.row(-1, named=True)
    change = last["compliance_rate"] - first["compliance_rate"]
    direction = "rose" if change > 0.005 else "fell" if change < -0.005 else "stayed"
    text = (
        f"Compliance {direction} from {to_percent(first['compliance_rate'])} on {to_day(first['as_of_on'])} "
        f"to {to_percent(last['compliance_rate'])} now"
    )
    if forecast.drop_nulls("compliance_rate").is_empty():
        return f"{text}."
    end = forecast.row(-1, named=True)
    remaining = f"if nobody renews, {to_percent(end['compliance_rate'])} remain on {to_day(end['as_of_on'])}"
    return f"{text}; {_expectation(forecast)}; {remaining}."


def compliance_by_part(parts: pl.DataFrame, target: float, heading: str) -> Chart:
    """Bars against the target, the lowest on top; frame: label, completed_count, counted_count, compliance_rate."""
    frame = parts.drop_nulls("compliance_rate").sort("compliance_rate", "label", descending=[True, True])
    figure = create_share_bars(
        [
            ShareBar(r["label"], r["compliance_rate"], to_parts(r["completed_count"], r["counted_count"]))
            for r in frame.iter_rows(named=True)
        ],
        target=target,
    )
    below = [row for row in frame.iter_rows(named=True) if row["compliance_rate"] < target]
    finding = f"All reach the target of {to_percent(target)}." if frame.height else "Nothing is required here."
    if below:
        lowest = below[-1]
        finding = (
            f"{len(below)} of {frame.height} below the target of {to_percent(target)}; "
            f"lowest: {lowest['label']} with {to_percent(lowest['compliance_rate'])}."
        )
    return Chart(heading, finding, figure)


def lapses_by_month(months: pl.DataFrame, today: date) -> Chart:
    """Certificates by the month of their last valid day, the coming twelve months; frame: month_on, lapsing_count."""
    figure = create_figure(260)
    counts = months["lapsing_count"].to_list()
    figure.add_bar(
        x=[to_month(month) for month in months["month_on"]],
        y=counts,
        marker={"color": [ORANGE if month <= today else BLUE for month in months["month_on"]]},
        text=[to_number(count) if count else "" for count in counts],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x}: %{y} certificates<extra></extra>",
    )
    figure.update_yaxes(rangemode="tozero", showticklabels=False)
    total = sum(counts)
    finding = "No certificate lapses in the coming twelve months."
    if total:
        row = months.sort("lapsing_count", "month_on", descending=[True, False]).row(0, named=True)
        finding = (
            f"{to_plural(total, 'certificate')} lapse in the coming twelve months, "
            f"most in {to_month(row['month_on'])} ({to_number(row['lapsing_count'])})."
        )
    return Chart("When certificates lapse", finding, figure)
