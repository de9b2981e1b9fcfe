"""Charts of the security pages: coverage, exceptions, gate decisions, incidents and content."""

from datetime import date, timedelta

import polars as pl

from app.dashboards.charts.chart import (
    BLUE,
    GRAY,
    GREEN,
    ORANGE,
    PURPLE,
    Chart,
    ShareBar,
    create_figure,
    create_share_bars,
)
from app.dashboards.formats import to_day, to_number, to_parts, to_percent, to_plural, to_words

OUTCOME_COLORS = {"allow": (BLUE, "allowed"), "would_deny": (PURPLE, "would be denied"), "deny": (ORANGE, "denied")}

MOST_COUNTED_SINGLY = 6


def coverage_by_track(tracks: pl.DataFrame, target: float) -> Chart:
    """Bars against the target, the lowest on top; frame: title, trained_count, required_count, coverage_rate."""
    frame = tracks.sort("coverage_rate", "title", descending=[True, True])
    bars = [
        ShareBar(row["title"], row["coverage_rate"], to_parts(row["trained_count"], row["required_count"]))
        for row in frame.iter_rows(named=True)
    ]
    below = [row for row in frame.iter_rows(named=True) if row["coverage_rate"] < target]
    finding = f"All reach the target of {to_percent(target)}."
    if below:
        finding = (
            f"{len(below)} of {frame.height} tracks are below the target of {to_percent(target)}; lowest: "
            f"{below[-1]['title']} with {to_percent(below[-1]['coverage_rate'])}."
        )
    return Chart("Trained, by track", finding, create_share_bars(bars, target=target))


def exceptions_by_action(rows: pl.DataFrame) -> Chart:
    """Of those with access, the share without the training; frame: action, access_count, reason, exception_count."""
    totals = (
        rows.group_by("action", maintain_order=True)
        .agg(pl.col("access_count").first(), pl.col("exception_count").sum())
        .with_columns((pl.col("exception_count") / pl.col("access_count")).alias("share"))
        .sort("share", "action")
    )
    bars = [
        ShareBar(row["action"], row["share"], to_parts(row["exception_count"], row["access_count"]))
        for row in totals.iter_rows(named=True)
    ]
    finding = "Everybody with access has the training."
    worst = totals.row(-1, named=True) if totals.height else None
    if worst is not None and worst["exception_count"]:
        finding = (
            f"Most in {worst['action']}: {to_parts(worst['exception_count'], worst['access_count'])} people with "
            f"access lack the training ({to_percent(worst['share'])})."
        )
    return Chart("Access without the training", finding, create_share_bars(bars))


def decisions_by_day(days: pl.DataFrame, since: date, until: date) -> Chart:
    """Stacked bars of each day's decisions; frame: on_date, outcome, decision_count."""
    figure = create_figure(280)
    every_day = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    totals: dict[str, int] = {}
    for outcome, (color, words) in OUTCOME_COLORS.items():
        known = dict(days.filter(pl.col("outcome") == outcome).select("on_date", "decision_count").iter_rows())
        totals[outcome] = sum(known.values())
        figure.add_bar(
            x=every_day,
            y=[known.get(day, 0) for day in every_day],
            name=words,
            marker={"color": color},
            hovertemplate="%{x|%d %b %Y}: %{y} " + words + "<extra></extra>",
        )
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": 1.12, "x": 0})
    busiest = days.group_by("on_date").agg(pl.col("decision_count").sum())["decision_count"].max()
    # Few decisions are counted one by one: there is no half a decision.
    is_few = isinstance(busiest, int) and busiest <= MOST_COUNTED_SINGLY
    figure.update_yaxes(rangemode="tozero", dtick=1 if is_few else None)
    total = sum(totals.values())
    finding = "Nothing was decided in this time."
    if total:
        finding = (
            f"{to_plural(total, 'decision')} since {to_day(since)}: {to_number(totals['allow'])} allowed, "
            f"{to_number(totals['deny'])} denied, {to_number(totals['would_deny'])} would have been denied."
        )
    return Chart("Decisions by day", finding, figure)


def certified_by_scope(scopes: pl.DataFrame) -> Chart:
    """Of those involved in incidents, the share certified; frame: scope, involved_count, certified_count."""
    frame = scopes.with_columns((pl.col("certified_count") / pl.col("involved_count")).alias("share")).sort(
        "share", "scope"
    )
    bars = [
        ShareBar(row["scope"], row["share"], to_parts(row["certified_count"], row["involved_count"]))
        for row in frame.iter_rows(named=True)
    ]
    lacking = sum(row["involved_count"] - row["certified_count"] for row in frame.iter_rows(named=True))
    finding = "Everybody involved was certified for the scope."
    if lacking:
        finding = f"{to_plural(lacking, 'person', 'people')} involved lacked the certification, as known at the time."
    return Chart("Certified when it happened, as known then", finding, create_share_bars(bars))


STATE_COLORS = {"published": (GREEN, "published"), "in_review": (BLUE, "in review"), "draft": (GRAY, "draft")}


def versions_by_state(rows: pl.DataFrame) -> Chart:
    """Lying bars of versions by type and state; frame: lesson_type, status, version_count."""
    types = rows["lesson_type"].unique().sort(descending=True).to_list()
    figure = create_figure(80 + 40 * max(len(types), 1))
    totals: dict[str, int] = {}
    for status, (color, words) in STATE_COLORS.items():
        known = dict(rows.filter(pl.col("status") == status).select("lesson_type", "version_count").iter_rows())
        totals[status] = sum(known.values())
        figure.add_bar(
            y=[to_words(kind) for kind in types],
            x=[known.get(kind, 0) for kind in types],
            orientation="h",
            name=words,
            marker={"color": color},
            text=[to_number(known[kind]) if kind in known else "" for kind in types],
            hovertemplate="%{y}: %{x} " + words + "<extra></extra>",
        )
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": 1.15, "x": 0})
    figure.update_xaxes(rangemode="tozero", showticklabels=False)
    finding = (
        f"{to_plural(totals['published'], 'version is', 'versions are')} published, "
        f"{to_number(totals['in_review'])} in review, {to_number(totals['draft'])} in draft."
    )
    return Chart("Lessons by type and state", finding, figure)
