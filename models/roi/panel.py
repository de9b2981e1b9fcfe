"""A company's monthly results as arrays of technician by month, and everything a frame is refused for.

Nothing is estimated here.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.roi.outcomes import Outcome

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

REQUIRED = ("person_id", "month", "value", "trained_on")
# Later than every month: stands for "not trained".
NEVER = 10**6


class InvalidPanelError(ValueError):
    """The results cannot be what they say they are. The message names what, how often and one example."""


@dataclass(frozen=True)
class Panel:
    """Rows are technicians, columns are the months that occur, in order. A weight of 0 means: nothing on record.

    `months` and `trained_month` count months since year 0; `offset` is months after (negative: before) the month of
    training, which itself is 0.
    """

    person_ids: tuple[str, ...]
    team_ids: tuple[str | None, ...]
    months: Integers
    trained_month: Integers
    value: Floats
    weight: Floats
    ignored_count: int

    @cached_property
    def offset(self) -> Integers:
        return self.months[None, :] - self.trained_month[:, None]

    @cached_property
    def is_observed(self) -> Booleans:
        return self.weight > 0


def panel_of(frame: pl.DataFrame, outcome: Outcome | None = None, as_of: date | None = None) -> Panel:
    """Check a frame [person_id, month, value, weight?, trained_on, team_id?] and lay it out.

    Rows without a value, or without a weight where others have one, are left out and counted; without any weights
    every month weighs the same. Of several teams a technician is counted in her last.
    Raises `InvalidPanelError`: missing columns, no dates, values that are no finite numbers or that the outcome
    cannot take, negative weights, months after `as_of`, two rows of one technician and month, two training dates.
    """
    rows = _typed(frame)
    _refuse_values(rows, outcome)
    _refuse_dates(rows, as_of)
    is_weighted = rows["weight"].is_not_null().any()
    weight = pl.col("weight").fill_null(0.0) if is_weighted else pl.lit(1.0)
    people = (
        rows.sort("month").group_by("person_id").agg(pl.col("trained").first(), pl.col("team_id").drop_nulls().last())
    ).sort("person_id")
    used = rows.with_columns(weight.alias("weight")).filter(pl.col("value").is_not_null() & (pl.col("weight") > 0))
    months = used["ordinal"].unique().sort().to_numpy().astype(np.int64)
    row = used.join(people.with_row_index("row"), on="person_id", how="left", maintain_order="left")["row"].to_numpy()
    column = np.searchsorted(months, used["ordinal"].to_numpy())
    values = np.zeros((people.height, len(months)))
    weights = np.zeros_like(values)
    values[row, column] = used["value"].to_numpy()
    weights[row, column] = used["weight"].to_numpy()
    return Panel(
        person_ids=tuple(people["person_id"].to_list()),
        team_ids=tuple(people["team_id"].to_list()),
        months=months,
        trained_month=people["trained"].fill_null(NEVER).to_numpy().astype(np.int64),
        value=values,
        weight=weights,
        ignored_count=rows.height - used.height,
    )


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise InvalidPanelError(f"The results have no column {', '.join(missing)}.")
    optional = [pl.lit(None).alias(name) for name in ("weight", "team_id") if name not in frame.columns]
    types = {
        "person_id": pl.String,
        "month": pl.Date,
        "value": pl.Float64,
        "weight": pl.Float64,
        "trained_on": pl.Date,
        "team_id": pl.String,
    }
    try:
        rows = frame.with_columns(optional).select(pl.col(name).cast(kind) for name, kind in types.items())
    except pl.exceptions.PolarsError as error:
        raise InvalidPanelError(f"The results are not of the types they should be: {error}") from error
    empty = rows.filter(pl.col("person_id").is_null() | pl.col("month").is_null()).height
    if empty:
        raise InvalidPanelError(f"{empty} of {rows.height} results name no technician or no month.")
    return rows.with_columns(_ordinal("month").alias("ordinal"), _ordinal("trained_on").alias("trained"))


def _ordinal(name: str) -> pl.Expr:
    return pl.col(name).dt.year().cast(pl.Int64) * 12 + pl.col(name).dt.month().cast(pl.Int64) - 1


def _refuse_values(rows: pl.DataFrame, outcome: Outcome | None) -> None:
    _refuse(rows, ~pl.col("value").is_finite(), "value", "no finite number")
    _refuse(rows, ~pl.col("weight").is_finite() | (pl.col("weight") < 0), "weight", "no number of jobs")
    if outcome is not None:
        outside = (pl.col("value") < outcome.lowest) | (pl.col("value") > outcome.highest)
        what = f"outside {outcome.lowest:g} to {outcome.highest:g}, which {outcome.title} cannot be"
        _refuse(rows, outside, "value", what)


def _refuse_dates(rows: pl.DataFrame, as_of: date | None) -> None:
    if as_of is not None:
        last = as_of.year * 12 + as_of.month - 1
        _refuse(rows, pl.col("ordinal") > last, "month", f"after the day of the estimate, {as_of}")
    _refuse(rows, pl.struct("person_id", "ordinal").is_duplicated(), "month", "there twice for one technician")
    dates = rows.group_by("person_id").agg(pl.col("trained_on").n_unique().alias("count"))
    several = dates.filter(pl.col("count") > 1).height
    if several:
        raise InvalidPanelError(f"{several} technicians have more than one training date in their results.")


def _refuse(rows: pl.DataFrame, is_bad: pl.Expr, column: str, what: str) -> None:
    bad = rows.filter(is_bad)
    if bad.height:
        first = bad.row(0, named=True)
        raise InvalidPanelError(
            f"{bad.height} of {rows.height} results have a {column} that is {what}: for example {first[column]} "
            f"in {first['month']:%Y-%m}."
        )
