"""All outcomes of a company at once: each told by itself, and how their errors hang together."""

import json
import math

import polars as pl
import pytest

from models.roi.company import estimate_outcomes
from models.roi.effect import estimate_effect, half_width
from models.roi.generator import simulate_outcomes
from models.roi.outcomes import OUTCOMES

FIXES, CALLBACKS = "first_time_fix_rate", "callback_rate"


@pytest.fixture(scope="module")
def panels() -> dict[str, pl.DataFrame]:
    """Fixes of a simulated company, and callbacks that are the same jobs seen from the other side."""
    fixes = simulate_outcomes(5, technicians=80, months=24, effect=0.1).panel
    return {FIXES: fixes, CALLBACKS: fixes.with_columns((1 - pl.col("value")).alias("value"))}


class TestEstimateOutcomes:
    def test_each_is_what_it_is_by_itself_and_can_be_kept_as_json(self, panels: dict[str, pl.DataFrame]) -> None:
        found = estimate_outcomes(panels)
        alone = estimate_effect(panels[FIXES], outcome=OUTCOMES[FIXES])
        assert (found[FIXES].state, found[FIXES].effect, found[FIXES].low, found[FIXES].high) == (
            alone.state.value, alone.effect, alone.low, alone.high,
        )  # fmt: skip
        assert json.loads(json.dumps(found[FIXES].details))["exposure"] == alone.exposure
        assert "influence" not in found[FIXES].details or not found[FIXES].details["influence"]

    def test_the_variance_gives_the_interval_and_mirrored_outcomes_move_together(
        self, panels: dict[str, pl.DataFrame]
    ) -> None:
        found = estimate_outcomes(panels)
        details = found[FIXES].details
        error = math.sqrt(details["covariances"][FIXES])
        low, high = found[FIXES].low, found[FIXES].high
        assert low is not None and high is not None
        assert half_width(error, details["degrees_of_freedom"]) == pytest.approx((high - low) / 2)
        assert details["covariances"][CALLBACKS] == pytest.approx(-details["covariances"][FIXES])

    def test_results_that_cannot_be_hide_no_other_outcome(self, panels: dict[str, pl.DataFrame]) -> None:
        wrong = panels[CALLBACKS].with_columns(pl.col("value") + 3)
        found = estimate_outcomes({FIXES: panels[FIXES], CALLBACKS: wrong})
        assert (found[CALLBACKS].state, found[CALLBACKS].effect) == ("not_enough_data", None)
        assert "cannot be used" in found[CALLBACKS].details["reason"]
        assert found[FIXES].state == "effect"
        assert CALLBACKS not in found[FIXES].details["covariances"]

    def test_one_technician_is_told_as_not_enough(self, panels: dict[str, pl.DataFrame]) -> None:
        one = panels[FIXES].filter(pl.col("person_id") == panels[FIXES]["person_id"][0])
        (found,) = estimate_outcomes({FIXES: one}).values()
        assert found.state == "not_enough_data"
        assert found.details["what_would_change"]
