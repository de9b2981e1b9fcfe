"""Charts of learned models: whether chances come true, and what was gained over what is written down."""

from collections.abc import Mapping, Sequence
from html import escape

from app.dashboards.charts.chart import BLUE, GRAY, Chart, create_figure
from app.dashboards.formats import to_number


def reliability(curve: Sequence[Mapping[str, float]]) -> Chart:
    """Predicted against observed, each point with its interval; on the line what is said comes true.

    Each point: predicted, observed, low, high (0–1) and count.
    """
    figure = create_figure(340)
    largest = max([0.1, *(point["high"] for point in curve), *(point["predicted"] for point in curve)])
    edge = min(largest * 1.1, 1.0)
    figure.add_scatter(
        x=[0, edge], y=[0, edge], mode="lines", line={"color": GRAY, "dash": "dash", "width": 1}, hoverinfo="skip"
    )
    figure.add_scatter(
        x=[point["predicted"] for point in curve],
        y=[point["observed"] for point in curve],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 9},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [point["high"] - point["observed"] for point in curve],
            "arrayminus": [point["observed"] - point["low"] for point in curve],
            "color": BLUE,
            "thickness": 1,
        },
        customdata=[[to_number(point["count"])] for point in curve],
        hovertemplate="said %{x:.0%}, came true %{y:.0%}<br>%{customdata[0]} requests<extra></extra>",
    )
    figure.update_xaxes(title="Said", tickformat=".0%", range=[0, edge])
    figure.update_yaxes(title="Came true", tickformat=".0%", range=[0, edge])
    inside = sum(point["low"] <= point["predicted"] <= point["high"] for point in curve)
    finding = (
        f"In {inside} of {len(curve)} groups of requests the chance said lies within the interval of what came true."
        if curve
        else "There were too few requests to compare what was said with what came true."
    )
    return Chart("Do the chances come true?", finding, figure)


def gains(rows: Sequence[Mapping[str, object]], heading: str, finding: str) -> Chart:
    """Differences with their intervals, above zero is better. Each row: label, value, low, high."""
    figure = create_figure(80 + 44 * max(len(rows), 1))
    positions = list(range(len(rows)))[::-1]
    values = [float(str(row["value"])) for row in rows]
    lows, highs = ([float(str(row[name])) for row in rows] for name in ("low", "high"))
    figure.add_scatter(
        x=values,
        y=positions,
        mode="markers",
        marker={"color": BLUE, "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value for high, value in zip(highs, values, strict=True)],
            "arrayminus": [value - low for low, value in zip(lows, values, strict=True)],
            "color": BLUE,
        },
        customdata=[
            [str(row["label"]), to_number(low, 4), to_number(high, 4)]
            for row, low, high in zip(rows, lows, highs, strict=True)
        ],
        hovertemplate="%{customdata[0]}: %{x:.4f} (%{customdata[1]} to %{customdata[2]})<extra></extra>",
    )
    figure.add_vline(x=0, line={"color": GRAY, "dash": "dash", "width": 2})
    figure.update_yaxes(
        tickvals=positions,
        ticktext=[
            f"{escape(str(row['label']))}<br><b>{to_number(value, 4)}</b>"
            for row, value in zip(rows, values, strict=True)
        ],
        showgrid=False,
        range=[-0.6, max(len(rows) - 0.4, 0.6)],
    )
    return Chart(heading, finding, figure)
