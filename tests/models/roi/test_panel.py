"""Which results are refused, with words that help to find them, and how the rest are laid out."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.roi.effect import estimate_effect
from models.roi.generator import simulate_outcomes
from models.roi.outcomes import OUTCOMES
from models.roi.panel import InvalidPanelError, panel_of

RATE = OUTCOMES["callback_rate"]


def rows() -> pl.DataFrame:
    return simulate_outcomes(2, kind="callback_rate", technicians=30, missing_share=0.0).panel


def with_first(column: str, value: float | date) -> pl.DataFrame:
    """The results with one value of the first row replaced."""
    is_first = pl.int_range(pl.len()) == 0
    return rows().with_columns(pl.when(is_first).then(pl.lit(value)).otherwise(column).alias(column))


@pytest.mark.requirement("CMP-06", "US-TC020")
class TestRefused:
    @pytest.mark.parametrize(
        ("panel", "message"),
        [
            (rows().drop("value"), "no column value"),
            (rows().select("person_id", "month"), "no column value, trained_on"),
            (rows().with_columns(month=pl.lit("soon")), "not of the types"),
            (rows().with_columns(value=pl.lit("good")), "not of the types"),
            (with_first("value", float("nan")), "1 of 720 results have a value that is no finite number"),
            (with_first("value", float("inf")), "no finite number: for example inf in 2024-01"),
            (with_first("value", 1.2), "outside 0 to 1, which the share of jobs that were called back cannot be"),
            (with_first("value", -0.1), "outside 0 to 1"),
            (with_first("weight", -3.0), "weight that is no number of jobs: for example -3.0 in 2024-01"),
            (with_first("weight", float("nan")), "no number of jobs"),
            (with_first("trained_on", date(2025, 1, 2)), "1 technicians have more than one training date"),
            (pl.concat([rows(), rows().head(2)]), "4 of 722 results have a month that is there twice"),
            (rows().with_columns(person_id=pl.lit(None, pl.String)), "720 of 720 results name no technician"),
            (rows().with_columns(month=pl.lit(None, pl.Date)), "720 of 720 results name no technician or no month"),
        ],
    )
    def test_what_cannot_be_is_refused(self, panel: pl.DataFrame, message: str) -> None:
        with pytest.raises(InvalidPanelError, match=message):
            estimate_effect(panel, outcome=RATE)

    def test_months_of_the_future_are_refused(self) -> None:
        with pytest.raises(
            InvalidPanelError, match=r"30 of 720 results have a month that is after the day .*2025-11-30"
        ):
            estimate_effect(rows(), outcome=RATE, as_of=date(2025, 11, 30))

    def test_the_running_month_and_a_planned_training_are_not(self) -> None:
        planned = rows().with_columns(
            trained_on=pl.when(pl.col("trained_on").is_null()).then(pl.lit(date(2026, 3, 1))).otherwise("trained_on")
        )
        found = estimate_effect(planned, outcome=RATE, as_of=date(2025, 12, 1))
        assert found == estimate_effect(rows(), outcome=RATE)

    def test_bounds_of_one_outcome_do_not_bind_another(self) -> None:
        assert panel_of(with_first("value", 1.2), OUTCOMES["hours_per_job"]).value.max() == 1.2


class TestLayout:
    def test_rows_are_technicians_and_columns_the_months_that_occur(self) -> None:
        panel = panel_of(
            pl.DataFrame(
                {
                    "person_id": ["b", "a", "a"],
                    "month": [date(2024, 12, 31), date(2024, 12, 1), date(2025, 2, 1)],
                    "value": [0.5, 0.1, 0.2],
                    "weight": [4, 2, 3],
                    "trained_on": [None, date(2025, 1, 15), date(2025, 1, 15)],
                    "team_id": ["y", "x", "z"],
                }
            )
        )
        assert (panel.person_ids, panel.team_ids) == (("a", "b"), ("z", "y"))
        assert panel.months.tolist() == [2024 * 12 + 11, 2025 * 12 + 1]
        assert panel.value.tolist() == [[0.1, 0.2], [0.5, 0.0]]
        assert panel.weight.tolist() == [[2.0, 3.0], [4.0, 0.0]]
        assert panel.offset[0].tolist() == [-1, 1]
        assert (panel.offset[1] < -12 * 1000).all()

    def test_without_weights_every_month_weighs_the_same(self) -> None:
        panel = panel_of(rows().drop("weight"))
        assert np.unique(panel.weight).tolist() == [1.0]

    @pytest.mark.parametrize("column", ["value", "weight"])
    def test_what_has_no_value_or_no_jobs_is_left_out_and_counted(self, column: str) -> None:
        is_first = pl.int_range(pl.len()) == 0
        panel = panel_of(rows().with_columns(pl.when(~is_first).then(column).alias(column)))
        assert panel.ignored_count - panel_of(rows()).ignored_count == 1
        assert panel.weight[0, 0] == 0

    def test_no_rows_are_an_empty_panel(self) -> None:
        assert panel_of(rows().clear()).value.shape == (0, 0)
