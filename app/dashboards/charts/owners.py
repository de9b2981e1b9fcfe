"""Charts of a building owner: buildings by place, and contractors against each other. Nothing is fetched to draw them.

Places are drawn on plain axes, one degree of longitude as long as it is at that latitude, without map tiles.
"""

from html import escape
from math import cos, radians
from typing import Any

import polars as pl

from app.dashboards.charts.chart import BLUE, GRAY, GREEN, ORANGE, Chart, create_figure
from app.dashboards.formats import to_number, to_parts, to_percent, to_plural

MAP_HEIGHT = 460
SMALLEST, LARGEST = 8, 34
MOST_CITIES = 12
# Shape and colour tell the same: nobody has to tell colours apart.
PLACES = {
    "uncovered": (ORANGE, "diamond", "with uncovered units"),
    "covered": (GREEN, "circle", "covered"),
    "no_requirement": (GRAY, "circle-open", "nothing required"),
}


def buildings_by_place(places: pl.DataFrame, unplaced_count: int = 0) -> Chart:
    """Points sized by units and told apart by whether contractors cover what is required there.

    Parameters
    ----------
    places
        label, city, latitude, longitude, building_count, unit_count, uncovered_count, open_count.
    unplaced_count
        Buildings without coordinates: they are in the list alone, and the finding says so.
    """
    figure = create_figure(MAP_HEIGHT)
    state = (
        pl.when(pl.col("uncovered_count") > 0)
        .then(pl.lit("uncovered"))
        .when(pl.col("open_count") == pl.col("building_count"))
        .then(pl.lit("no_requirement"))
        .otherwise(pl.lit("covered"))
        .alias("state")
    )
    frame = places.with_columns(state)
    most = max(places["unit_count"].to_list(), default=1) or 1
    # Covered ones first, so that what needs somebody is drawn on top.
    for name in ("no_requirement", "covered", "uncovered"):
        color, symbol, words = PLACES[name]
        rows = frame.filter(pl.col("state") == name)
        if rows.is_empty():
            continue
        sizes = [SMALLEST + (LARGEST - SMALLEST) * (count / most) ** 0.5 for count in rows["unit_count"].to_list()]
        figure.add_scatter(
            x=rows["longitude"].to_list(),
            y=rows["latitude"].to_list(),
            mode="markers",
            name=words,
            marker={
                "color": color,
                "symbol": symbol,
                "size": sizes,
                "opacity": 0.85,
                "line": {"width": 1, "color": "white" if symbol != "circle-open" else color},
            },
            customdata=[
                [
                    row["label"],
                    to_plural(row["unit_count"], "unit"),
                    to_parts(row["uncovered_count"], row["building_count"]),
                ]
                for row in rows.iter_rows(named=True)
            ],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]} · uncovered buildings: %{customdata[2]}<extra></extra>",
        )
    _name_cities(figure, places)
    middle = places["latitude"].mean() if places.height else None
    latitude = middle if isinstance(middle, float) else 0.0
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.08, "x": 0, "itemsizing": "constant"})
    figure.update_xaxes(zeroline=False, ticksuffix="°", nticks=5, title="Longitude")
    figure.update_yaxes(
        zeroline=False,
        ticksuffix="°",
        nticks=5,
        title="Latitude",
        scaleanchor="x",
        scaleratio=1 / max(cos(radians(latitude)), 0.2),
    )
    return Chart("Where they stand", _place_finding(frame, unplaced_count), figure)


def _name_cities(figure: Any, places: pl.DataFrame) -> None:
    """Names above the points, where there are several cities and not too many."""
    cities = (
        places.drop_nulls("city")
        .group_by("city")
        .agg(pl.col("longitude").mean(), pl.col("latitude").max(), pl.len())
        .sort("city")
    )
    if not 1 < cities.height <= MOST_CITIES:
        return
    for row in cities.iter_rows(named=True):
        figure.add_annotation(
            x=row["longitude"], y=row["latitude"], text=escape(row["city"]), showarrow=False, yshift=26
        )


def _place_finding(frame: pl.DataFrame, unplaced_count: int) -> str:
    """Where most buildings are uncovered, and how many have no place on the map."""
    total = int(frame["building_count"].sum())
    uncovered = int(frame["uncovered_count"].sum())
    missing = (
        f" {to_plural(unplaced_count, 'building has', 'buildings have')} no coordinates and "
        f"{'is' if unplaced_count == 1 else 'are'} in the list alone."
        if unplaced_count
        else ""
    )
    if total == 0:
        return f"No building of this choice has coordinates.{missing}"
    if uncovered == 0:
        return f"{to_plural(total, 'building')} on the map, none of them uncovered.{missing}"
    worst = frame.sort("uncovered_count", "unit_count", "label", descending=[True, True, False]).row(0, named=True)
    where = ""
    if frame.height > 1 and worst["building_count"] > 1:
        where = f"; most in one place: {to_parts(worst['uncovered_count'], worst['building_count'])} ({worst['label']})"
    elif frame.height > 1:
        where = f"; the one with the most units: {worst['label']}"
    return f"{to_parts(uncovered, total)} buildings on the map are uncovered{where}.{missing}"


def contractors_compared(rows: pl.DataFrame, heading: str, *, is_percent: bool, unit: str = "") -> Chart:
    """One measure of each contractor as lying bars, each with its place among all contractors where that is known.

    Frame: name, value, quantile (share of the other contractors that lies no higher; null with too few of them).
    """
    frame = rows.drop_nulls("value").sort("value", "name")
    figure = create_figure(80 + 44 * max(frame.height, 1))
    names = frame["name"].to_list()
    texts = [_amount(value, is_percent=is_percent, unit=unit) for value in frame["value"].to_list()]
    places = [place_among(quantile) for quantile in frame["quantile"].to_list()]
    positions = list(range(frame.height))
    figure.add_bar(
        x=frame["value"].to_list(),
        y=positions,
        orientation="h",
        marker={"color": BLUE},
        customdata=[list(row) for row in zip(names, texts, places, strict=True)],
        hovertemplate="%{customdata[0]}: %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
    )
    figure.update_yaxes(
        tickvals=positions,
        ticktext=[f"{escape(name)}<br><b>{text}</b>" for name, text in zip(names, texts, strict=True)],
        showgrid=False,
    )
    figure.update_xaxes(rangemode="tozero", tickformat=".0%" if is_percent else None, fixedrange=True)
    return Chart(heading, _compared_finding(frame, is_percent=is_percent, unit=unit), figure)


def place_among(quantile: float | None) -> str:
    """Where one contractor stands among the others, without telling of any of them."""
    if quantile is None:
        return "Not compared: fewer than five contractors are known"
    return f"As much as or more than {to_percent(quantile)} of other contractors"


def _compared_finding(frame: pl.DataFrame, *, is_percent: bool, unit: str) -> str:
    if frame.is_empty():
        return "Nothing is known of this for any of your contractors."
    best, least = frame.row(-1, named=True), frame.row(0, named=True)
    text = f"{best['name']}: {_amount(best['value'], is_percent=is_percent, unit=unit)}"
    if frame.height > 1:
        text = f"Most: {text}; least: {least['name']}: {_amount(least['value'], is_percent=is_percent, unit=unit)}"
    place = place_among(best["quantile"])
    return f"{text}. {best['name']}: {place[0].lower()}{place[1:]}."


def _amount(value: float, *, is_percent: bool, unit: str) -> str:
    return to_percent(value) if is_percent else f"{to_number(value, 0 if abs(value) >= 100 else 1)}\u202f{unit}".strip()
