"""Training and its judgement: gains where there is something to learn, else the formula, and saying so."""

import json
from functools import cache

import numpy as np
import polars as pl
import pytest

from models.matching.candidates import ADDITIVE, BOOSTING, FORMULA, Rows, fit_asking, fit_platt
from models.matching.evaluation import BY_MENTEE, BY_MENTOR, BY_TIME, TooFewOutcomesError, evaluate, split_by_time
from models.matching.factors import FEATURE_NAMES, FEATURES
from models.matching.formula import formula_score
from models.matching.generators import Programme, Truth, shuffled_outcomes, simulate_programme
from models.matching.labels import labelled_requests
from models.matching.matcher import MatcherKind
from models.matching.training import MIN_OF_EACH_KIND, Decision, Trained, fit_matcher, train

REQUESTS = 2_500
SEED = 2


@cache
def programme(truth: Truth, seed: int = SEED) -> Programme:
    return simulate_programme(truth, random_state=seed, requests=REQUESTS)


@cache
def trained(truth: Truth, seed: int = SEED) -> Trained:
    made = programme(truth, seed)
    return train(made.history, chance=made.chance, random_state=seed, until=made.until)


@pytest.mark.requirement("MEN-03")
class TestTruthUnlikeTheFormula:
    """The model knows neither the interactions nor the hidden quality, and still beats the formula."""

    def test_the_learned_match_serves(self) -> None:
        found = trained(Truth.UNLIKE)
        assert found.decision is Decision.LEARNED
        assert found.matcher.kind is MatcherKind.LEARNED
        assert "serves" in found.card["verdict"]

    @pytest.mark.parametrize("split", [BY_MENTEE, BY_MENTOR, BY_TIME])
    @pytest.mark.parametrize("metric", ["log_loss", "auc"])
    def test_it_beats_the_formula_for_new_mentees_new_mentors_and_later(self, metric: str, split: str) -> None:
        found = trained(Truth.UNLIKE).evaluation
        assert found is not None
        gain = found.gain(ADDITIVE, metric, split)
        assert 0 < gain.low < gain.value < gain.high

    def test_its_chances_come_true(self) -> None:
        found = trained(Truth.UNLIKE).evaluation
        assert found is not None
        assert found.figure(ADDITIVE, "calibration_error") < 0.05
        said = sum(part["predicted"] * part["count"] for part in found.reliability[ADDITIVE])
        came = sum(part["observed"] * part["count"] for part in found.reliability[ADDITIVE])
        assert said == pytest.approx(came, rel=0.2)

    def test_it_takes_a_good_share_of_what_perfect_knowledge_would_gain(self) -> None:
        found = trained(Truth.UNLIKE).evaluation
        assert found is not None and found.oracle is not None
        share = dict(found.oracle.select("candidate", "oracle_share").iter_rows())
        assert 0.2 < share[ADDITIVE] < share["oracle"] == 1
        assert share[FORMULA] == 0 > share["random"]
        listed = dict(found.oracle.select("candidate", "value_as_listed").iter_rows())
        assert listed[ADDITIVE] > listed[FORMULA]

    def test_every_yardstick_is_beaten(self) -> None:
        found = trained(Truth.UNLIKE).evaluation
        assert found is not None
        for other in ("popularity", "random"):
            assert found.figure(ADDITIVE, "auc") > found.figure(other, "auc") + 0.05
            assert found.figure(ADDITIVE, "log_loss") < found.figure(other, "log_loss")
        assert found.figure(BOOSTING, "auc") > found.figure(FORMULA, "auc")


@pytest.mark.requirement("MEN-03")
class TestTruthEqualToTheFormula:
    def test_learned_does_no_worse_within_its_interval(self) -> None:
        found = trained(Truth.FORMULA).evaluation
        assert found is not None
        for split in (BY_MENTEE, BY_MENTOR, BY_TIME):
            # Where nothing is learned both are the same but for rounding.
            assert found.gain(ADDITIVE, "log_loss", split).high > -1e-6
            assert found.gain(ADDITIVE, "log_loss", split).value > -0.003
            assert found.gain(ADDITIVE, "auc", split).value > -0.01

    def test_the_formula_serves_and_it_is_said_that_it_foresees_something(self) -> None:
        found = trained(Truth.FORMULA)
        assert found.decision is Decision.NO_BETTER
        assert found.matcher.kind is MatcherKind.FORMULA
        assert "no better" in found.card["verdict"] or "not surely better" in found.card["verdict"]


@pytest.mark.requirement("MEN-03")
class TestNothingToLearn:
    def test_without_a_signal_the_formula_serves_and_it_is_said(self) -> None:
        found = trained(Truth.NULL)
        assert found.decision is Decision.NO_SIGNAL
        assert found.matcher.kind is MatcherKind.FORMULA
        assert found.card["verdict"].startswith("No signal")
        assert found.card["serves"] == "formula" and found.card["decision"] == "no_signal"

    def test_shuffled_outcomes_gain_nothing(self) -> None:
        """Were anything of the outcome in the features, it would show here."""
        made = programme(Truth.UNLIKE)
        found = train(shuffled_outcomes(made, random_state=0), random_state=0, until=made.until)
        assert found.decision is not Decision.LEARNED
        assert found.evaluation is not None
        assert found.evaluation.gain(ADDITIVE, "log_loss").low <= 0

    def test_too_few_outcomes_are_said(self) -> None:
        made = simulate_programme(Truth.UNLIKE, random_state=1, requests=200, mentors=30)
        found = train(made.history)
        assert found.decision is Decision.TOO_FEW
        assert found.evaluation is None
        assert found.matcher.kind is MatcherKind.FORMULA
        assert "Too few outcomes: 1" in found.card["verdict"] and "written formula serves" in found.card["verdict"]

    def test_no_history_at_all_is_too_few(self) -> None:
        found = train(programme(Truth.NULL).history.clear())
        assert found.decision is Decision.TOO_FEW
        assert found.card["data"]["request_count"] == 0
        json.dumps(found.card, allow_nan=False)

    def test_one_kind_of_outcome_is_too_few(self) -> None:
        history = programme(Truth.NULL).history.with_columns(
            pl.when("is_requested").then(False).alias("is_accepted"),
            *(pl.lit(None, dtype=dtype).alias(name) for name, dtype in _ENDS.items()),
        )
        found = train(history)
        assert found.decision is Decision.TOO_FEW
        assert f"{MIN_OF_EACH_KIND} of them well" in found.card["verdict"]

    def test_too_few_to_hold_out_is_said_by_the_evaluation(self) -> None:
        made = simulate_programme(Truth.UNLIKE, random_state=1, requests=60, mentors=30)
        with pytest.raises(TooFewOutcomesError, match="needed"):
            evaluate(made.history)


_ENDS = {"is_completed": pl.Boolean(), "rating": pl.Int64(), "ended_at": pl.Datetime("us", "UTC")}


class TestHeldOut:
    def test_older_requests_were_known_before_the_newest_begin(self) -> None:
        older, newest, cut = split_by_time(programme(Truth.UNLIKE).history)
        assert (older["known_at"] <= cut).all() and (newest["requested_at"] >= cut).all()
        assert len(newest) > 500

    @pytest.mark.requirement("MEN-03")
    def test_what_happened_after_the_cut_does_not_reach_the_choice(self) -> None:
        """Turning the newest quarter's outcomes round changes no figure of the older requests."""
        made = programme(Truth.UNLIKE)
        before = trained(Truth.UNLIKE).evaluation
        _, newest, cut = split_by_time(made.history, until=made.until)
        is_later = pl.col("requested_at") >= cut
        turned = made.history.with_columns(
            pl.when(is_later).then(6 - pl.col("rating")).otherwise("rating").alias("rating")
        )
        after = evaluate(turned, random_state=SEED, until=made.until)
        assert before is not None and len(newest)
        older = pl.col("split") != BY_TIME
        assert after.comparison.filter(older).equals(before.comparison.filter(older))
        assert not after.comparison.filter(~older).equals(before.comparison.filter(~older))

    def test_slices_cover_regions_levels_remote_and_new_mentors(self) -> None:
        found = trained(Truth.UNLIKE).evaluation
        assert found is not None
        own = found.slices.filter(candidate=ADDITIVE)
        assert set(own["slice"]) == {"region", "level", "remote", "new mentor"}
        for name in ("region", "level", "remote", "new mentor"):
            assert own.filter(slice=name)["count"].sum() == found.window["held_out_requests"]
        small = own.filter(pl.col("count") < 50)
        assert small["log_loss_gain"].null_count() == len(small)
        assert own.filter(state="measured")["low"].null_count() == 0

    def test_attention_is_measured_for_each_way_of_ranking(self) -> None:
        found = trained(Truth.UNLIKE).evaluation
        assert found is not None
        spread = {row["candidate"]: row for row in found.exposure.iter_rows(named=True)}
        assert spread["random"]["gini"] < spread[ADDITIVE]["gini"] < spread["popularity"]["gini"]

    @pytest.mark.requirement("MEN-03")
    def test_off_policy_the_formula_is_worth_more_than_the_explored_log_says(self) -> None:
        """What was shown is the formula with some lists shuffled: its own value is that, corrected."""
        found = trained(Truth.FORMULA).evaluation
        assert found is not None
        value = {(row["candidate"], row["method"]): row for row in found.off_policy.iter_rows(named=True)}
        logged = value["as shown", "logged"]
        for method in ("ips", "self_normalised", "doubly_robust"):
            estimate = value[FORMULA, method]
            assert estimate["low"] < estimate["value"] < estimate["high"]
            assert estimate["value"] > logged["value"]
            assert value["random", method]["low"] < estimate["value"]

    def test_without_showings_only_requests_are_judged(self) -> None:
        made = programme(Truth.UNLIKE)
        alone = made.history.filter("is_requested").with_columns(
            pl.lit(None, dtype=pl.String).alias("showing_id"),
            pl.lit(None, dtype=pl.Int64).alias("rank"),
            pl.lit(None, dtype=pl.Float64).alias("propensity"),
            pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("shown_at"),
        )
        found = train(alone, random_state=SEED)
        assert found.decision is Decision.LEARNED
        assert found.card["exposure"] == found.card["off_policy"] == []
        features = made.history.select(FEATURE_NAMES).head(50).to_numpy()
        chances = found.matcher.chances(features)
        assert chances is not None
        # Nothing is known about asking: the order is that of success alone.
        assert chances.asks.min() > 0.999


class TestMatcher:
    def test_the_same_history_gives_the_same_match(self) -> None:
        made = programme(Truth.UNLIKE)
        features = made.history.select(FEATURE_NAMES).head(200).to_numpy()
        one, other = (fit_matcher(made.history, random_state=SEED, until=made.until) for _ in range(2))
        assert np.array_equal(one.score(features), other.score(features))
        assert np.allclose(one.score(features), trained(Truth.UNLIKE).matcher.score(features))

    def test_both_chances_come_true(self) -> None:
        made = programme(Truth.UNLIKE)
        matcher = trained(Truth.UNLIKE).matcher
        known = labelled_requests(made.history, until=made.until)
        succeeds = matcher.chances(known.select(FEATURE_NAMES).to_numpy())
        shown = matcher.chances(made.history.select(FEATURE_NAMES).to_numpy())
        assert succeeds is not None and shown is not None
        assert succeeds.succeeds.mean() == pytest.approx(known["is_success"].mean(), abs=0.02)
        assert shown.asks.mean() == pytest.approx(made.history["is_requested"].mean(), rel=0.15)

    def test_a_factor_that_may_not_speak_against_a_pair_never_does(self) -> None:
        for head in (trained(Truth.UNLIKE).matcher.asks, trained(Truth.UNLIKE).matcher.succeeds):
            assert head is not None
            rises = np.diff(head.knot_values_, axis=1)
            is_increasing = [feature.is_increasing for feature in FEATURES]
            assert (rises[is_increasing] >= -1e-9).all()

    def test_asking_is_learned_without_the_places_in_the_list(self) -> None:
        """Who is asked depends on the place alone, and places follow the formula: nothing may be left for features."""
        made = programme(Truth.NULL)
        rows = Rows.of(made.history, made.mentees["mentee_id"], made.mentors["mentor_id"])
        chance = fit_asking(rows, random_state=0).predict_proba(rows.features)[:, 1]
        score = formula_score(rows.features)
        naive = rows.is_asked[score > np.median(score)].mean() - rows.is_asked[score <= np.median(score)].mean()
        left = chance[score > np.median(score)].mean() - chance[score <= np.median(score)].mean()
        assert naive > 0.03
        assert abs(left) < naive / 3


class TestPlatt:
    def test_overconfident_odds_are_brought_back(self) -> None:
        random = np.random.default_rng(0)
        odds = random.normal(size=20_000)
        happened = random.random(20_000) < 1 / (1 + np.exp(-(0.5 * odds - 1)))
        slope, intercept = fit_platt(2 * odds, happened)
        assert slope == pytest.approx(0.25, abs=0.02)
        assert intercept == pytest.approx(-1, abs=0.05)

    def test_the_order_is_never_turned_round(self) -> None:
        random = np.random.default_rng(0)
        odds = random.normal(size=5_000)
        slope, intercept = fit_platt(odds, random.random(5_000) < 1 / (1 + np.exp(odds)))
        assert slope > 0
        assert (1 / (1 + np.exp(-(slope * odds + intercept)))).mean() == pytest.approx(0.5, abs=0.03)

    def test_few_outcomes_calibrate_nothing(self) -> None:
        assert fit_platt(np.zeros(30), np.arange(30) % 2 == 0) == (1.0, 0.0)


class TestCard:
    def test_it_is_plain_json_with_all_that_was_asked_for(self) -> None:
        card = trained(Truth.UNLIKE).card
        again = json.loads(json.dumps(card, allow_nan=False))
        assert again == card
        assert {row["split"] for row in card["comparison"]} == {BY_MENTEE, BY_MENTOR, BY_TIME}
        assert {row["candidate"] for row in card["comparison"]} == {ADDITIVE, BOOSTING, FORMULA, "popularity", "random"}
        assert len(card["reliability"]) == 10 and card["reliability_of"] == ADDITIVE
        assert [feature["name"] for feature in card["features"]] == list(FEATURE_NAMES)
        assert set(card["library_versions"]) >= {"python", "numpy", "scikit-learn", "skops"}
        assert card["slices"] and card["exposure"] and card["gains"]
        assert set(card["heads"]["succeeds"]["functions"]) == set(FEATURE_NAMES)

    def test_it_tells_the_window_and_sizes_of_the_data(self) -> None:
        made = programme(Truth.UNLIKE)
        card = train(made.history.head(2_000), ledger_size=4_711).card
        data = card["data"]
        assert data["ledger_size"] == 4_711
        assert data["first_shown_on"] == "2024-01-01"
        assert data["row_count"] == 2_000
        assert data["request_count"] == data["outcome_count"] + data["not_known_yet_count"]

    def test_the_hash_is_that_of_what_was_learned_from(self) -> None:
        made = programme(Truth.UNLIKE)
        first = train(made.history.head(2_000)).card["data"]["sha256"]
        assert first == train(made.history.head(2_000)).card["data"]["sha256"]
        changed = made.history.head(2_000).with_columns(pl.col("success") * 0.5)
        assert first != train(changed).card["data"]["sha256"]

    def test_it_names_nobody(self) -> None:
        text = json.dumps(trained(Truth.UNLIKE).card)
        assert "mentor-0" not in text and "mentee-0" not in text


@pytest.mark.slow
@pytest.mark.requirement("MEN-03")
class TestManyProgrammes:
    SEEDS = (SEED, 10, 12, 13)

    def test_decisions_are_right_far_more_often_than_not(self) -> None:
        """Four programmes of each truth: found where there is something, hardly ever where there is nothing."""
        learned = {
            truth: sum(trained(truth, seed).decision is Decision.LEARNED for seed in self.SEEDS) for truth in Truth
        }
        assert learned[Truth.UNLIKE] == len(self.SEEDS)
        assert learned[Truth.NULL] + learned[Truth.FORMULA] <= 1

    def test_intervals_of_the_gain_hold_nothing_where_nothing_is_gained(self) -> None:
        gains = []
        for seed in self.SEEDS:
            found = trained(Truth.FORMULA, seed).evaluation
            assert found is not None
            gains.append(found.gain(ADDITIVE, "log_loss"))
        assert sum(gain.high > -1e-6 for gain in gains) >= len(self.SEEDS) - 1
