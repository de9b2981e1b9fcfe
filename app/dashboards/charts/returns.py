"""Charts of what training cost and returned: costs, event study, returns with intervals, published incomes."""

from html import escape

import polars as pl

from app.dashboards.charts.chart import BLUE, GRAY, GREEN, ORANGE, SERIES, Chart, create_figure
from app.dashboards.formats import to_number, to_percent, to_plural, to_words

SHARES = frozenset({"first_time_fix_rate", "callback_rate", "rework_rate"})
UNITS = {
    "first_time_fix_rate": "share of jobs fixed at the first visit",
    "callback_rate": "share of jobs called back",
    "rework_rate": "share of jobs reworked",
    "incidents": "incidents a month",
    "hours_per_job": "hours per job",
    "units_maintained": "units maintained a month",
}
MOST_BARS = 12


def change_text(kind: str, value: float | None) -> str:
    """A change in the outcome's own unit, signed: points for shares."""
    if value is None:
        return "–"
    text = f"{100 * value:+.1f} points" if kind in SHARES else f"{value:+.2f}"
    return text.replace("-", "−")


def money_text(value: float | None, currency: str | None) -> str:
    """An amount with its currency, without cents."""
    if value is None:
        return "–"
    text = to_number(value).replace("-", "−")
    return f"{text}\u202f{currency}" if currency else text


def return_text(value: float | None) -> str:
    """A return as signed percent."""
    return "–" if value is None else f"{100 * value:+.0f}\u202f%".replace("-", "−")


def event_study(months: pl.DataFrame, kind: str) -> Chart:
    """Change by month from training with its 95 % interval; before training it should hover around zero.

    Frame: month_offset, effect, low, high, trained_count.
    """
    figure = create_figure(320)
    scale = 100 if kind in SHARES else 1
    for is_before, color, symbol, name in ((True, GRAY, "circle-open", "before"), (False, BLUE, "circle", "after")):
        rows = months.filter((pl.col("month_offset") < 0) == is_before)
        if rows.is_empty():
            continue
        effect = (rows["effect"] * scale).to_list()
        figure.add_scatter(
            x=rows["month_offset"].to_list(),
            y=effect,
            error_y={
                "type": "data",
                "symmetric": False,
                "array": ((rows["high"] - rows["effect"]) * scale).to_list(),
                "arrayminus": ((rows["effect"] - rows["low"]) * scale).to_list(),
                "color": color,
                "thickness": 1.5,
                "width": 3,
            },
            mode="markers",
            name=f"{name} training",
            marker={"color": color, "symbol": symbol, "size": 9},
            customdata=[
                [
                    _month_words(row["month_offset"]),
                    change_text(kind, row["effect"]),
                    f"{change_text(kind, row['low'])} to {change_text(kind, row['high'])}",
                    to_plural(row["trained_count"] or 0, "technician"),
                ]
                for row in rows.iter_rows(named=True)
            ],
            hovertemplate="%{customdata[0]}: %{customdata[1]}<br>%{customdata[2]} in 95 of 100 cases"
            "<br>%{customdata[3]}<extra></extra>",
        )
    figure.add_hline(y=0, line={"color": GRAY, "width": 1})
    figure.add_vline(x=0, line={"color": GRAY, "dash": "dash", "width": 1}, annotation_text="training")
    unit = "percentage points" if kind in SHARES else UNITS[kind]
    figure.update_yaxes(title=f"Change, {unit}", zeroline=False)
    figure.update_xaxes(title="Months from training", zeroline=False)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.12, "x": 0})
    return Chart(f"{to_words(kind)}: month by month around training", _event_finding(months, kind), figure)


def _month_words(offset: int) -> str:
    if offset == 0:
        return "In the month of training"
    return f"{to_plural(abs(offset), 'month')} {'before' if offset < 0 else 'after'}"


def _event_finding(months: pl.DataFrame, kind: str) -> str:
    after = months.filter(pl.col("month_offset") > 0)
    before = months.filter(pl.col("month_offset") < 0)
    if after.is_empty():
        return "No month after training can be compared."
    apart = after.filter((pl.col("low") > 0) | (pl.col("high") < 0)).height
    early = before.filter((pl.col("low") > 0) | (pl.col("high") < 0)).height
    last = after.row(-1, named=True)
    return (
        f"{to_number(apart)} of {to_plural(after.height, 'month')} after training differ from no change by more than "
        f"chance would; {to_number(early)} of {to_plural(before.height, 'month')} before it do. "
        f"{_month_words(last['month_offset'])}: {change_text(kind, last['effect'])}."
    )


def costs(parts: pl.DataFrame, heading: str, currency: str | None) -> Chart:
    """Lying bars of costs, the largest on top; frame: label, amount, cost_count."""
    shown = parts.head(MOST_BARS)
    rest = parts.slice(MOST_BARS)
    rows = [(str(r["label"]), float(r["amount"]), int(r["cost_count"])) for r in shown.iter_rows(named=True)]
    if rest.height:
        label = f"{to_plural(rest.height, 'other')}"
        rows.append((label, float(rest["amount"].sum()), int(rest["cost_count"].sum())))
    rows.reverse()
    figure = create_figure(60 + 44 * max(len(rows), 1))
    figure.add_bar(
        x=[amount for _, amount, _ in rows],
        y=list(range(len(rows))),
        orientation="h",
        marker={"color": BLUE},
        customdata=[[label, money_text(amount, currency), to_plural(n, "amount")] for label, amount, n in rows],
        hovertemplate="%{customdata[0]}: %{customdata[1]} · %{customdata[2]}<extra></extra>",
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{escape(label)}<br><b>{money_text(amount, currency)}</b>" for label, amount, _ in rows],
        showgrid=False,
    )
    figure.update_xaxes(rangemode="tozero", fixedrange=True)
    total = sum(amount for _, amount, _ in rows)
    if not rows or total == 0:
        return Chart(heading, "No cost is on record.", figure)
    top_label, top, _ = rows[-1]
    return Chart(
        heading,
        f"{top_label}: {money_text(top, currency)} of {money_text(total, currency)} ({to_percent(top / total)}).",
        figure,
    )


def returns(rows: pl.DataFrame, heading: str) -> Chart:
    """Returns with their 95 % intervals, the line at zero is where training paid for itself.

    Frame: name, roi, roi_low, roi_high; rows without a return are left to the table.
    """
    frame = rows.drop_nulls("roi").sort("roi", "name", nulls_last=True)
    figure = create_figure(80 + 44 * max(frame.height, 1))
    positions = list(range(frame.height))
    names = [name or "Without a name" for name in frame["name"].to_list()]
    colors = [
        GREEN if row["roi_low"] > 0 else ORANGE if row["roi_high"] < 0 else BLUE for row in frame.iter_rows(named=True)
    ]
    texts = [
        f"{return_text(row['roi'])} ({return_text(row['roi_low'])} to {return_text(row['roi_high'])})"
        for row in frame.iter_rows(named=True)
    ]
    figure.add_scatter(
        x=frame["roi"].to_list(),
        y=positions,
        mode="markers",
        marker={"color": colors, "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (frame["roi_high"] - frame["roi"]).to_list(),
            "arrayminus": (frame["roi"] - frame["roi_low"]).to_list(),
            "color": GRAY,
        },
        customdata=[list(pair) for pair in zip(names, texts, strict=True)],
        hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
    )
    figure.add_vline(x=0, line={"color": GRAY, "dash": "dash", "width": 1}, annotation_text="paid for itself")
    figure.update_yaxes(
        tickvals=positions,
        ticktext=[f"{escape(name)}<br><b>{text}</b>" for name, text in zip(names, texts, strict=True)],
        showgrid=False,
    )
    figure.update_xaxes(tickformat="+.0%", zeroline=False, fixedrange=True)
    if frame.is_empty():
        return Chart(heading, "For none of them a return can be stated.", figure)
    sure = frame.filter(pl.col("roi_low") > 0).height
    lost = frame.filter(pl.col("roi_high") < 0).height
    return Chart(
        heading,
        f"Of {to_number(frame.height)} with a return, {to_number(sure)} paid for themselves beyond doubt and "
        f"{to_number(lost)} did not; of {to_number(frame.height - sure - lost)} it is open. "
        f"{to_number(rows.height - frame.height)} have none that can be stated.",
        figure,
    )


def incomes(rows: pl.DataFrame, trade: str, jurisdiction: str) -> Chart:
    """Published median incomes from four years before to four after certification, one line a year of certification.

    Frame: cohort_year, years_from_certification, median_income, currency, source.
    """
    figure = create_figure(320, right_margin=64)
    years = rows["cohort_year"].unique().sort().to_list()
    # The latest, and earlier ones three years apart: more lines cannot be told apart.
    shown = sorted(years[::-1][::3][: len(SERIES)])
    for year, color in zip(shown, SERIES, strict=False):
        line = rows.filter(pl.col("cohort_year") == year)
        figure.add_scatter(
            x=line["years_from_certification"].to_list(),
            y=line["median_income"].to_list(),
            mode="lines+markers",
            name=str(year),
            line={"color": color, "width": 2},
            hovertemplate=f"certified in {year}, %{{x:+d}} years: %{{y:,.0f}}<extra></extra>",
        )
        last = line.row(-1, named=True)
        figure.add_annotation(
            x=last["years_from_certification"],
            y=last["median_income"],
            text=str(year),
            showarrow=False,
            xanchor="left",
            xshift=8,
            font={"color": color},
        )
    figure.add_vline(x=0, line={"color": GRAY, "dash": "dash", "width": 1}, annotation_text="certified")
    figure.update_xaxes(title="Years from certification", tickvals=[-4, -2, 0, 2, 4], zeroline=False)
    figure.update_yaxes(title="Median employment income", rangemode="tozero")
    heading = f"{trade}, {jurisdiction}: median income around certification"
    return Chart(heading, _income_finding(rows), figure)


def _income_finding(rows: pl.DataFrame) -> str:
    both = (
        rows.filter(pl.col("years_from_certification").is_in([-2, 2]))
        .group_by("cohort_year")
        .agg(
            pl.col("median_income").filter(pl.col("years_from_certification") == -2).first().alias("before"),
            pl.col("median_income").filter(pl.col("years_from_certification") == 2).first().alias("after"),
        )
        .drop_nulls()
        .sort("cohort_year")
    )
    if both.is_empty():
        return "No year of certification has incomes both before and after it."
    last = both.row(-1, named=True)
    currency = rows["currency"][0]
    return (
        f"Certified in {last['cohort_year']}: from {money_text(last['before'], currency)} two years before to "
        f"{money_text(last['after'], currency)} two years after. Experience and the times contribute to that as well."
    )
