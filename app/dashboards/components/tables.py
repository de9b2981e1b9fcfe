"""Tables that are sorted, paged and downloaded as shown; the first column stays in sight and opens the record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import polars as pl
import streamlit as st

from app.dashboards.chips import cell_options, chip_of
from app.dashboards.components.downloads import show_downloads
from app.dashboards.components.frame import say_empty
from app.dashboards.formats import NOTHING, to_plural, to_words
from app.dashboards.navigation import PageEntry
from app.dashboards.queries.listing import Listing, count_rows, rows
from app.dashboards.viewer import Viewer

PAGE_ROWS = 25
ROW_HEIGHT = 35

ColumnKind = Literal[
    "text", "words", "date", "month", "time", "number", "decimal", "percent", "status", "flag", "measure"
]


@dataclass(frozen=True)
class Column:
    """How one column of a frame is shown; `percent` holds a share (0–1), `status` and `words` hold codes."""

    name: str
    label: str
    kind: ColumnKind = "text"
    help: str | None = None


@dataclass(frozen=True)
class Opens:
    """The record page a row leads to: its address takes the row's id under `parameter`."""

    page: PageEntry
    id_column: str
    parameter: str
    what: str = "page"


@dataclass(frozen=True)
class Empty:
    why: str
    what_fills_it: str


def show_listing(
    viewer: Viewer,
    listing: Listing,
    columns: Sequence[Column],
    *,
    key: str,
    noun: tuple[str, str],
    empty: Empty,
    opens: Opens | None = None,
) -> None:
    """One page of a list with its sort, page and download controls; explains itself when there is nothing."""
    total = viewer.load(count_rows, listing)
    if total == 0:
        say_empty(empty.why, empty.what_fills_it)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        hint = f" · choose a {columns[0].label.lower()} to open the {opens.what}" if opens else ""
        st.markdown(f"**{to_plural(total, *noun)}**{hint}", width="stretch")
        sort = st.selectbox(
            "Sort by",
            list(listing.sorts),
            key=f"{key}_sort",
            bind="query-params",
            label_visibility="collapsed",
            width=230,
        )
        whole = partial(rows, viewer.warehouse, listing, sort=sort)
        show_downloads(viewer, lambda: to_export(whole(), columns, viewer), key=key)
    pages = -(-total // PAGE_ROWS)
    page_key = f"{key}_page"
    if st.session_state.get(page_key, 1) > pages:
        st.session_state[page_key] = 1
    table = st.container()
    page = st.pagination(pages, key=page_key, bind="query-params") if pages > 1 else 1
    frame = viewer.load(rows, listing, sort=sort, limit=PAGE_ROWS, offset=(page - 1) * PAGE_ROWS)
    with table:
        show_table(frame, columns, viewer, key=key, alt=f"{noun[1].capitalize()}, page {page} of {pages}", opens=opens)


def show_frame(
    viewer: Viewer,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    *,
    key: str,
    alt: str,
    empty: Empty,
    opens: Opens | None = None,
    whole: Callable[[], pl.DataFrame] | None = None,
) -> None:
    """A short table that is shown whole, or one page of a list that `whole` reads, with its download."""
    if frame.is_empty():
        say_empty(empty.why, empty.what_fills_it)
        return
    with st.container(horizontal=True, horizontal_alignment="right"):
        show_downloads(viewer, lambda: to_export(whole() if whole else frame, columns, viewer), key=key)
    show_table(frame, columns, viewer, key=key, alt=alt, opens=opens)


def show_table(
    frame: pl.DataFrame, columns: Sequence[Column], viewer: Viewer, *, key: str, alt: str, opens: Opens | None = None
) -> None:
    """The rows as they are; the first column is pinned and, with `opens`, a button that opens the record."""
    shown = to_shown(frame, columns, viewer)
    first = columns[0]
    config = {column.name: _column_config(column, frame, is_first=column is first) for column in columns}
    if opens is not None:
        click_key = f"{key}_open"
        targets = frame[opens.id_column].cast(pl.String).to_list()
        config[first.name] = st.column_config.ButtonColumn(
            first.label,
            pinned=True,
            type="tertiary",
            alignment="left",
            key=click_key,
            on_click=partial(_open_row, click_key, targets, opens),
            help=first.help,
        )
    height = ROW_HEIGHT * (min(frame.height, PAGE_ROWS) + 1) + 3
    st.dataframe(
        shown, column_config=config, hide_index=True, height=height, key=f"{key}_table", alt=alt, placeholder=NOTHING
    )


def _open_row(click_key: str, targets: Sequence[str], opens: Opens) -> None:
    click = st.session_state[click_key]
    if click is not None:
        st.switch_page(opens.page.path, query_params={opens.parameter: targets[click["row"]]})


def to_shown(frame: pl.DataFrame, columns: Sequence[Column], viewer: Viewer) -> pl.DataFrame:
    """The named columns only, with statuses as chips and times in the viewer's zone; ids never reach the browser."""
    return frame.select(_shown(frame, column, viewer) for column in columns)


def _shown(frame: pl.DataFrame, column: Column, viewer: Viewer) -> pl.Expr | pl.Series:
    value = pl.col(column.name)
    match column.kind:
        case "status":
            chips = [[chip_of(code).cell] for code in frame[column.name].to_list()]
            return pl.Series(column.name, chips, pl.List(pl.String))
        case "words":
            return words_of(frame[column.name])
        case "time":
            return value.dt.convert_time_zone(viewer.zone.key).dt.replace_time_zone(None)
        case "percent":
            return value * 100
        case "flag":
            return pl.when(value).then(pl.lit("Yes")).otherwise(pl.lit("No")).alias(column.name)
        case _:
            return value


def words_of(codes: pl.Series) -> pl.Series:
    """Codes in words, made outside of polars.

    A Python function in an expression makes polars' threads wait for the interpreter's lock, which another viewer's
    thread may hold while it waits for them: the server would stand still.
    """
    words = [None if code is None else to_words(code) for code in codes.to_list()]
    return pl.Series(codes.name, words, pl.String)


def to_export(frame: pl.DataFrame, columns: Sequence[Column], viewer: Viewer) -> pl.DataFrame:
    """What a download holds: the shown columns under their labels, statuses as words, times in the viewer's zone."""

    def exported(column: Column) -> pl.Expr | pl.Series:
        if column.kind == "status":
            words = [chip_of(code).word for code in frame[column.name].to_list()]
            return pl.Series(column.label, words, pl.String)
        if column.kind == "percent":
            return pl.col(column.name).alias(column.label)
        return _shown(frame, column, viewer).alias(column.label)

    return frame.select(exported(column) for column in columns)


def _column_config(column: Column, frame: pl.DataFrame, *, is_first: bool) -> Any:  # Streamlit names no public type
    common: dict[str, Any] = {"help": column.help, "pinned": is_first or None}
    match column.kind:
        case "date":
            return st.column_config.DateColumn(column.label, format="D MMM YYYY", **common)
        case "month":
            return st.column_config.DateColumn(column.label, format="MMM YYYY", **common)
        case "time":
            return st.column_config.DatetimeColumn(column.label, format="D MMM YYYY HH:mm", **common)
        case "number":
            return st.column_config.NumberColumn(column.label, format="localized", **common)
        case "measure":
            return st.column_config.NumberColumn(column.label, format="%.3f", **common)
        case "decimal":
            return st.column_config.NumberColumn(column.label, format="%.1f", **common)
        case "percent":
            return st.column_config.NumberColumn(column.label, format="%.0f %%", **common)
        case "status":
            options, colors = cell_options(frame[column.name].unique(maintain_order=True))
            return st.column_config.MultiselectColumn(column.label, options=options, color=colors, **common)
        case _:
            return st.column_config.TextColumn(column.label, **common)
