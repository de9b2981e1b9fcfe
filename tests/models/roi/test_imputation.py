"""The closed formulas give what pyfixest's iterative estimators give, to its tolerance."""

import math

import numpy as np
import polars as pl
import pytest

from models.roi.generator import Training, simulate_outcomes
from models.roi.imputation import Floats, Imputation, Integers, TwoWayFit, fit_leads
from models.roi.panel import Panel, panel_of

# Its demeaning stops at 1e-6.
TOLERANCE = 2e-5


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Unbalanced, weighted, with effects that differ."""
    training = Training(growth=0.1, cohort_spread=0.5)
    return panel_of(
        simulate_outcomes(5, technicians=80, months=18, effect=0.05, training=training, missing_share=0.1).panel
    )


@pytest.fixture(scope="module")
def untrained(panel: Panel) -> Floats:
    return np.where(panel.offset < 0, panel.weight, 0.0)


@pytest.fixture(scope="module")
def target(panel: Panel, untrained: Floats) -> Floats:
    imputation = Imputation(panel.value, untrained)
    return np.where((panel.offset > 0) & imputation.estimable, panel.weight, 0.0)


@pytest.fixture(scope="module")
def rows(panel: Panel, untrained: Floats, target: Floats) -> pl.DataFrame:
    used = (untrained > 0) | (target > 0)
    technician, month = np.nonzero(used)
    is_treated = (target > 0)[used]
    return pl.DataFrame(
        {
            "value": panel.value[used],
            "weight": panel.weight[used],
            "technician": technician,
            "month": month,
            "is_treated": is_treated.astype(np.int64),
            "since": np.where(is_treated, panel.offset[used], -1),
            **{f"lead_{lead}": (panel.offset[used] == -lead).astype(np.int64) for lead in (1, 2, 3)},
        }
    )


def did2s(rows: pl.DataFrame, second_stage: str) -> dict[str, tuple[float, float]]:
    import pyfixest

    fit = pyfixest.did2s(
        rows.to_pandas(),
        yname="value",
        first_stage="~ 0 | technician + month",
        second_stage=second_stage,
        treatment="is_treated",
        cluster="technician",
        weights="weight",
    )
    errors = fit.se().to_dict()
    return {str(name): (float(effect), float(errors[name])) for name, effect in fit.coef().to_dict().items()}


def error(influence: Floats) -> float:
    return math.sqrt(float((influence**2).sum()))


class TestAverage:
    def test_it_is_the_two_stage_estimate_with_its_clustered_error(
        self, panel: Panel, untrained: Floats, target: Floats, rows: pl.DataFrame
    ) -> None:
        average = Imputation(panel.value, untrained).average(target)
        ((effect, standard_error),) = did2s(rows, "~ i(is_treated, ref=0)").values()
        assert average.effect == pytest.approx(effect, rel=TOLERANCE)
        assert error(average.influence) == pytest.approx(standard_error, rel=TOLERANCE)

    def test_each_month_since_training_is_that_of_the_two_stage_event_study(
        self, panel: Panel, untrained: Floats, target: Floats, rows: pl.DataFrame
    ) -> None:
        imputation = Imputation(panel.value, untrained)
        theirs = did2s(rows, "~ i(since, ref=-1)")
        for month in (1, 2, 5, 8):
            average = imputation.average(np.where(panel.offset == month, target, 0.0))
            effect, standard_error = theirs[f"since::{month}"]
            assert average.effect == pytest.approx(effect, rel=TOLERANCE)
            assert error(average.influence) == pytest.approx(standard_error, rel=TOLERANCE)


class TestLeads:
    def test_they_are_the_clustered_regression_of_untrained_results(
        self, panel: Panel, untrained: Floats, rows: pl.DataFrame
    ) -> None:
        import pyfixest

        clusters: Integers = np.arange(len(panel.person_ids))
        leads = fit_leads(Imputation(panel.value, untrained), panel.offset, [-3, -2, -1], clusters, 1.0)
        fit = pyfixest.feols(
            "value ~ lead_3 + lead_2 + lead_1 | technician + month",
            data=rows.filter(pl.col("is_treated") == 0).to_pandas(),
            weights="weight",
            vcov={"CRV1": "technician"},
            ssc=pyfixest.ssc(k_adj=False, G_adj=False),
        )
        assert leads is not None
        assert leads.effects == pytest.approx(fit.coef().to_numpy(), rel=1e-3)
        assert np.sqrt(np.diag(leads.covariance)) == pytest.approx(fit.se().to_numpy(), rel=1e-3)

    def test_months_that_cannot_be_told_apart_are_none(self) -> None:
        """Everybody trained in the same month: a lead is the month itself."""
        offset = np.tile(np.arange(-4, 0), (6, 1))
        value = np.random.default_rng(0).normal(size=offset.shape)
        assert fit_leads(Imputation(value, np.ones_like(value)), offset, [-1], np.arange(6), 1.0) is None


class TestTwoWayFit:
    def test_rows_and_columns_are_recovered_without_noise(self) -> None:
        random = np.random.default_rng(1)
        value = random.normal(size=(30, 1)) + random.normal(size=(1, 12))
        weight = np.where(random.random(value.shape) < 0.4, 0.0, random.uniform(0.5, 9, value.shape))
        assert TwoWayFit(weight).fitted(value) == pytest.approx(value)

    def test_what_no_comparison_connects_is_not_estimable(self) -> None:
        """Two companies in one: the first has results in the first months only, the second in the last only."""
        weight = np.zeros((4, 6))
        weight[:2, :3] = 1.0
        weight[2:, 3:] = 1.0
        estimable = Imputation(np.zeros_like(weight), weight).estimable
        assert estimable.tolist() == (weight > 0).tolist()

    def test_a_technician_without_any_untrained_month_is_not_estimable(self) -> None:
        weight = np.ones((4, 6))
        weight[3] = 0.0
        assert Imputation(np.zeros_like(weight), weight).estimable.all(axis=1).tolist() == [True, True, True, False]
