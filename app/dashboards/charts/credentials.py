"""Charts of certificates: one person's timeline to expiry, the calendar of last days, and the expected compliance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from app.dashboards.charts.chart import BLUE, GRAY, GREEN, LABEL_LENGTH, ORANGE, PURPLE, Chart, create_figure
from app.dashboards.formats import to_day, to_days_away, to_parts, to_percent, to_plural

BEFORE, LEAST_AHEAD = timedelta(days=60), timedelta(days=365)
STATE_COLORS = {"active": BLUE, "expiring": ORANGE, "expired": PURPLE}
DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Span:
    """A certificate on a timeline: valid through `until` (None: for good); `state` as its chip has it."""

    name: str
    state: str
    since: date
    until: date | None


def timeline_to_expiry(spans: Sequence[Span], today: date) -> Chart:
    """Lying bars from issue to the last day, what lapses first on top, with a line for today."""
    # Plotly draws upwards: the last one stands on top.
    ordered = sorted(spans, key=lambda span: (span.until or date.max, span.name), reverse=True)
    last = max((span.until for span in ordered if span.until), default=today)
    end = max(last, today + LEAST_AHEAD) + timedelta(days=20)
    start = min([today - BEFORE, *(span.until - BEFORE for span in ordered if span.until)])
    figure = create_figure(70 + 46 * max(len(ordered), 1))
    begins = [max(span.since, start) for span in ordered]
    figure.add_bar(
        base=[begin.isoformat() for begin in begins],
        x=[((span.until or end) - begin).days * DAY_MS for span, begin in zip(ordered, begins, strict=True)],
        y=list(range(len(ordered))),
        orientation="h",
        marker={"color": [STATE_COLORS.get(span.state, GRAY) for span in ordered]},
        customdata=[[span.name, _until(span, today)] for span in ordered],
        hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
    )
    figure.update_yaxes(
        tickvals=list(range(len(ordered))),
        ticktext=[f"{escape(_short(span.name))}<br><b>{_until(span, today)}</b>" for span in ordered],
        showgrid=False,
    )
    figure.update_xaxes(type="date", range=[start.isoformat(), end.isoformat()], fixedrange=True, nticks=6)
    figure.add_vline(x=today.isoformat(), line={"color": GRAY, "dash": "dash", "width": 2})
    return Chart("Timeline to expiry", _timeline_finding(ordered, today), figure)


def _until(span: Span, today: date) -> str:
    if span.until is None:
        return "never lapses"
    return f"{to_day(span.until)} · {to_days_away((span.until - today).days)}"


def _timeline_finding(latest_first: Sequence[Span], today: date) -> str:
    ahead = [span for span in reversed(latest_first) if span.until is not None and span.until >= today]
    lapsed = sum(span.until is not None and span.until < today for span in latest_first)
    past = f" {to_plural(lapsed, 'has', 'have')} lapsed." if lapsed else ""
    if not ahead:
        return f"None of these lapses from today on.{past}"
    lines = "; ".join(f"{span.name} on {_until(span, today).replace(' · ', ', ')}" for span in ahead[:3])
    more = f"; {len(ahead) - 3} later" if len(ahead) > 3 else ""
    return f"Lapsing next: {lines}{more}. The dashed line is today.{past}"


def _short(name: str) -> str:
    return name if len(name) <= LABEL_LENGTH else f"{name[: LABEL_LENGTH - 1]}…"


@dataclass(frozen=True)
class Depth:
    """How many hold a kind validly, and how many of those who need it do not."""

    name: str
    holder_count: int
    short_count: int


MOST_KINDS = 12


def depth_by_kind(kinds: Sequence[Depth]) -> Chart:
    """Lying bars of holders, the thinnest on top; kinds that hang on one or on nobody stand out."""
    thinnest = sorted(kinds, key=lambda kind: (kind.holder_count, -kind.short_count, kind.name))[:MOST_KINDS][::-1]
    figure = create_figure(60 + 44 * max(len(thinnest), 1), right_margin=24)
    figure.add_bar(
        x=[kind.holder_count for kind in thinnest],
        y=list(range(len(thinnest))),
        orientation="h",
        marker={"color": [ORANGE if kind.holder_count <= 1 else BLUE for kind in thinnest]},
        customdata=[[kind.name, _holders(kind)] for kind in thinnest],
        hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
    )
    figure.update_yaxes(
        tickvals=list(range(len(thinnest))),
        ticktext=[f"{escape(_short(kind.name))}<br><b>{_holders(kind)}</b>" for kind in thinnest],
        showgrid=False,
    )
    figure.update_xaxes(rangemode="tozero", fixedrange=True, dtick=1 if _most(thinnest) <= 6 else None)
    alone = [kind.name for kind in kinds if kind.holder_count == 1]
    nobody = sum(kind.holder_count == 0 for kind in kinds)
    finding = "Every kind is held by at least two people."
    if alone or nobody:
        named = f": {', '.join(alone[:3])}{' and others' if len(alone) > 3 else ''}" if alone else ""
        finding = (
            f"{to_plural(len(alone), 'kind hangs', 'kinds hang')} on one person{named}; "
            f"{to_plural(nobody, 'is', 'are')} held by nobody."
        )
    return Chart("How deep each kind goes", finding, figure)


def _holders(kind: Depth) -> str:
    text = to_plural(kind.holder_count, "person", "people")
    return f"{text} · {to_plural(kind.short_count, 'lacks it', 'lack it')}" if kind.short_count else text


def _most(kinds: Sequence[Depth]) -> int:
    return max((kind.holder_count for kind in kinds), default=0)


def expiry_calendar(days: Sequence[tuple[date, int]], today: date) -> Chart:
    """A field of twelve months by days of the month; each cell says how many certificates end that day."""
    months = [date(today.year + (today.month - 1 + n) // 12, (today.month - 1 + n) % 12 + 1, 1) for n in range(12)]
    counts = dict(days)
    rows: list[list[int | None]] = []
    for month in months:
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        length = (following - month).days
        rows.append([counts.get(month.replace(day=day), 0) or None if day <= length else None for day in range(1, 32)])
    figure = create_figure(360)
    figure.add_heatmap(
        z=rows,
        x=list(range(1, 32)),
        y=[f"{month:%b %Y}" for month in months],
        text=[["" if count is None else str(count) for count in row] for row in rows],
        texttemplate="%{text}",
        # The paler end keeps black numbers readable, the darker one white ones.
        colorscale=[[0, "#CFE3F3"], [1, BLUE]],
        zmin=0,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="%{x} %{y}: %{z}<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(tickvals=[1, 5, 10, 15, 20, 25, 30], showgrid=False, fixedrange=True, title_text="Day of month")
    total = sum(counts.values())
    finding = "No valid certificate ends in the coming twelve months."
    if total:
        busiest, most = max(days, key=lambda day: (day[1], -day[0].toordinal()))
        finding = (
            f"{to_plural(total, 'valid certificate ends', 'valid certificates end')} in the coming twelve months; "
            f"the busiest day is {to_day(busiest)} with {most}."
        )
    return Chart("Expiry calendar", finding, figure)


def renewals_by_month(months: Sequence[tuple[date, int, int]], today: date) -> Chart:
    """Of what came due in each of the last twelve full months, how many were renewed since; (month, due, renewed)."""
    figure = create_figure(260)
    known = {month: (due, renewed) for month, due, renewed in months}
    shown = [date(today.year - 1 + (today.month - 1 + n) // 12, (today.month - 1 + n) % 12 + 1, 1) for n in range(12)]
    names = [f"{month:%b %Y}" for month in shown]
    renewed = [known.get(month, (0, 0))[1] for month in shown]
    lapsed = [known.get(month, (0, 0))[0] - known.get(month, (0, 0))[1] for month in shown]
    for values, words, color in ((renewed, "renewed", GREEN), (lapsed, "not renewed", ORANGE)):
        figure.add_bar(
            x=names,
            y=values,
            name=words,
            marker={"color": color},
            hovertemplate="%{x}: %{y} " + words + "<extra></extra>",
        )
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": 1.15, "x": 0})
    figure.update_xaxes(type="category")
    figure.update_yaxes(rangemode="tozero")
    due = sum(renewed) + sum(lapsed)
    finding = "No certificate came due in the last twelve full months."
    if due:
        finding = (
            f"{to_parts(sum(renewed), due)} certificates that came due in the last twelve full months were renewed "
            f"({to_percent(sum(renewed) / due)})."
        )
    return Chart("The pace of renewals", finding, figure)
