"""The interval of the compliance forecast holds the count as often as it says, and means what it says at its edges."""

import duckdb
import numpy as np
import pytest
from jinja2 import Environment

from tests.dbt_project.warehouse import DBT_PROJECT

DRAWS = 4_000


def interval(renewed: np.ndarray, due: int, lapsing: int) -> np.ndarray:
    """Lower and upper count for each number of renewals, by the macros of the forecast themselves."""
    text = (DBT_PROJECT / "macros" / "forecast.sql").read_text(encoding="utf-8")
    share = "{% macro share(a, b) %}cast({{ a }} as double) / nullif({{ b }}, 0){% endmacro %}"
    module = Environment(autoescape=True).from_string(
        share + text + "{{ renewals_at_least() }}|{{ renewals_at_most() }}"
    )
    low, high = module.render().strip().split("|")
    with duckdb.connect() as connection:
        connection.execute(
            "create table counts as select unnest($x::integer[]) as x", {"x": np.unique(renewed).tolist()}
        )
        rows = connection.execute(
            f"select x, {low}, {high} from (select x, x as renewed_count, {due} as due_count from counts) as pace "
            f"cross join (select {lapsing} as lapsing_count) as forecast_days"
        ).fetchall()
    found = {x: (lower, upper) for x, lower, upper in rows}
    return np.array([found[x] for x in renewed])


@pytest.mark.parametrize("pace", [0.5, 0.8, 0.95, 1.0])
@pytest.mark.parametrize(("due", "lapsing"), [(20, 5), (20, 40), (200, 12), (400, 150)])
def test_ninety_five_of_a_hundred_intervals_hold_the_count(pace: float, due: int, lapsing: int) -> None:
    """Nelson 1982 with the share of Agresti and Coull: about 95 %, never far below, also where nearly all renew."""
    chance = np.random.default_rng(20_260_315)
    renewed = chance.binomial(due, pace, DRAWS)
    future = chance.binomial(lapsing, pace, DRAWS)
    ends = interval(renewed, due, lapsing)
    held = np.mean((np.floor(ends[:, 0]) <= future) & (future <= np.ceil(ends[:, 1])))
    assert held >= 0.93


def test_the_interval_stays_within_what_lapses() -> None:
    ends = interval(np.arange(0, 21), 20, 7)
    assert ends.min() >= 0
    assert ends.max() <= 7
    expected = 7 * np.arange(0, 21) / 20
    assert np.all(ends[:, 0] <= expected + 1e-9)
    assert np.all(expected <= ends[:, 1] + 1e-9)


def test_more_history_makes_it_narrower() -> None:
    widths = [np.diff(interval(np.array([due * 3 // 4]), due, 30))[0][0] for due in (20, 100, 1_000)]
    assert widths == sorted(widths, reverse=True)
