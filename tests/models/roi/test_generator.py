"""The simulated company holds what it says it holds; tests of the estimate stand on that."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.roi.generator import SHAPES, Training, simulate_outcomes
from models.roi.outcomes import OUTCOMES


def training_months(training: Training, *, team_size: int = 10) -> pl.DataFrame:
    """Each technician's training date and average before anybody was trained."""
    panel = simulate_outcomes(3, technicians=600, training=training, team_size=team_size).panel
    early = pl.col("month") < date(2024, 9, 1)
    return panel.group_by("person_id").agg(
        pl.col("trained_on").first(), pl.col("team_id").first(), pl.col("value").filter(early).mean().alias("before")
    )


class TestSimulated:
    def test_the_same_seed_gives_the_same_company(self) -> None:
        assert simulate_outcomes(7).panel.equals(simulate_outcomes(7).panel)
        assert not simulate_outcomes(7).panel.equals(simulate_outcomes(8).panel)

    @pytest.mark.parametrize("kind", SHAPES)
    def test_values_are_possible_and_lacking_where_there_were_no_jobs(self, kind: str) -> None:
        panel = simulate_outcomes(1, kind=kind, effect=0.1, missing_share=0.2).panel
        assert panel.height == 200 * 24
        assert panel["value"].is_null().equals(panel["weight"].is_null())
        assert 0.15 < panel["value"].null_count() / panel.height < 0.3
        assert panel["value"].is_between(OUTCOMES[kind].lowest, OUTCOMES[kind].highest).all()

    def test_without_differences_the_truth_is_the_effect(self) -> None:
        simulated = simulate_outcomes(1, kind="hours_per_job", effect=-0.2)
        assert simulated.true_effect == pytest.approx(-0.2)
        assert simulate_outcomes(1, effect=0.0).true_effect == 0.0

    def test_training_is_in_turns_and_a_share_is_never_trained(self) -> None:
        people = training_months(Training(trained_share=0.7))
        assert people["trained_on"].null_count() == 180
        assert people["trained_on"].dt.strftime("%Y%m").n_unique() >= 10

    def test_the_weak_come_first_as_far_as_selection_goes(self) -> None:
        chosen, by_chance = (
            self._rank_correlation(training_months(Training(trained_share=1.0, selection=share)))
            for share in (1.0, 0.0)
        )
        assert chosen > 0.6
        assert abs(by_chance) < 0.12

    def test_whole_teams_go_together(self) -> None:
        people = training_months(Training(by_team=True), team_size=15)
        months = people.group_by("team_id").agg(pl.col("trained_on").dt.truncate("1mo").n_unique())
        assert months["trained_on"].to_list() == [1] * 40

    def test_job_counts_are_unequal(self) -> None:
        jobs = simulate_outcomes(1).panel.group_by("person_id").agg(pl.col("weight").sum())["weight"]
        tenth, nine_tenths = np.quantile(jobs.to_numpy(), [0.1, 0.9]).tolist()
        assert nine_tenths > 2 * tenth

    @staticmethod
    def _rank_correlation(people: pl.DataFrame) -> float:
        ranks = people.select(pl.col("trained_on").rank(), pl.col("before").rank())
        return float(np.corrcoef(ranks["trained_on"].to_numpy(), ranks["before"].to_numpy())[0, 1])
