"""Simulated programmes: three truths, logged propensities, and nothing of the future in any feature."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from models.matching.as_of import RecordsAsOf, features_as_of
from models.matching.factors import FEATURE_NAMES
from models.matching.formula import formula_score
from models.matching.generators import (
    EXPLORED_SHARE,
    LISTED,
    Programme,
    Truth,
    shuffled_outcomes,
    simulate_programme,
)
from models.matching.labels import ANSWER_DAYS, HISTORY_COLUMNS, labelled_requests
from models.matching.profiles import Mentees, Mentors

SUCCESS = FEATURE_NAMES.index("success")


@pytest.fixture(scope="module")
def programme() -> Programme:
    return simulate_programme(Truth.UNLIKE, random_state=1, requests=1_500, mentors=60, days=700)


def latest(frame: pl.DataFrame, column: str) -> datetime:
    found = frame[column].max()
    assert isinstance(found, datetime)
    return found


def features_of(programme: Programme, history: pl.DataFrame) -> np.ndarray:
    pairs = programme.history.select("mentee_id", "mentor_id", pl.col("shown_at").alias("at"))
    return features_as_of(pairs, Mentors.from_frame(programme.mentors), Mentees.from_frame(programme.mentees), history)


class TestProgramme:
    @pytest.mark.parametrize("truth", Truth)
    def test_a_history_is_in_its_layout_and_repeatable(self, truth: Truth) -> None:
        made = simulate_programme(truth, random_state=3, requests=300, mentors=30, days=300)
        again = simulate_programme(truth, random_state=3, requests=300, mentors=30, days=300)
        assert made.history.equals(again.history)
        assert {name: made.history.schema[name] for name in HISTORY_COLUMNS} == HISTORY_COLUMNS
        assert len(made.chance) == len(made.history)
        assert not made.history.equals(simulate_programme(truth, random_state=4, requests=300, mentors=30).history)

    def test_what_has_not_happened_is_not_known(self, programme: Programme) -> None:
        history, until = programme.history, programme.until
        assert latest(history, "ended_at") <= until
        open_ones = history.filter(pl.col("is_accepted") & pl.col("ended_at").is_null())
        assert len(open_ones) > 20
        assert open_ones["is_completed"].null_count() == open_ones["rating"].null_count() == len(open_ones)
        late = history.filter(pl.col("requested_at") > until - timedelta(days=ANSWER_DAYS))
        assert late["is_accepted"].null_count() == len(late)

    @pytest.mark.requirement("MEN-03")
    def test_outcomes_exist_only_for_whom_was_shown_and_asked(self, programme: Programme) -> None:
        history = programme.history
        assert history.filter(~pl.col("is_requested"))["is_accepted"].null_count() == (~history["is_requested"]).sum()
        assert history.group_by("showing_id").agg(pl.col("is_requested").sum())["is_requested"].max() == 1
        shown = formula_score(history.select(FEATURE_NAMES).to_numpy()).mean()
        mentors, mentees = Mentors.from_frame(programme.mentors), Mentees.from_frame(programme.mentees)
        random = np.random.default_rng(0)
        from models.matching.factors import pair_features

        anybody = pair_features(
            mentees, mentors, random.integers(len(mentees), size=2_000), random.integers(len(mentors), size=2_000)
        )
        assert shown > formula_score(anybody).mean() + 10

    def test_propensities_are_how_often_it_comes_about(self, programme: Programme) -> None:
        """One of the formula's own places in a list is kept with 1 - e + e/n, any other taken with e/n."""
        history = programme.history.with_columns(
            pl.Series("formula", formula_score(programme.history.select(FEATURE_NAMES).to_numpy()))
        ).with_columns(pl.col("formula").rank("ordinal", descending=True).over("showing_id").alias("own_place"))
        # Rounding apart, equal scores could change places.
        is_own = (history["own_place"] == history["rank"]).to_numpy()
        kept = 1 - EXPLORED_SHARE + EXPLORED_SHARE / LISTED
        assert set(history["propensity"].round(6)) == {round(kept, 6), round(EXPLORED_SHARE / LISTED, 6)}
        assert (
            np.isclose(history["propensity"].to_numpy(), np.where(is_own, kept, EXPLORED_SHARE / LISTED)).mean() > 0.99
        )
        assert is_own.mean() == pytest.approx(kept, abs=0.02)

    def test_the_truths_are_what_they_are_called(self) -> None:
        from scipy.stats import spearmanr

        found = {}
        for truth in Truth:
            made = simulate_programme(truth, random_state=2, requests=300, mentors=40, days=200)
            score = formula_score(made.history.select(FEATURE_NAMES).to_numpy())
            found[truth] = 0.0 if np.ptp(made.chance) == 0 else float(spearmanr(score, made.chance).statistic)
        assert found[Truth.FORMULA] == pytest.approx(1)
        assert 0 < found[Truth.UNLIKE] < 0.6
        assert found[Truth.NULL] == 0

    def test_chances_come_true(self, programme: Programme) -> None:
        chance = programme.history.select("showing_id", "rank").with_columns(pl.Series("chance", programme.chance))
        known = labelled_requests(programme.history, until=programme.until).join(chance, on=["showing_id", "rank"])
        error = np.sqrt(0.25 / len(known))
        assert known["is_success"].mean() == pytest.approx(known["chance"].mean(), abs=3 * error)


@pytest.mark.requirement("MEN-03")
class TestNothingOfTheFuture:
    """Features are those of the request's day; shifting what came later must change nothing before."""

    def test_features_made_in_passing_are_those_made_from_the_whole_history(self, programme: Programme) -> None:
        stored = programme.history.select(FEATURE_NAMES).to_numpy()
        assert np.array_equal(features_of(programme, programme.history), stored)

    @pytest.mark.parametrize("share", [0.3, 0.7])
    def test_changing_the_future_changes_no_past_feature(self, programme: Programme, share: float) -> None:
        history = programme.history
        day = history["shown_at"].quantile(share, "nearest").replace(hour=0)  # type: ignore[union-attr]
        is_later = pl.col("ended_at") >= day
        changed = history.with_columns(
            pl.when(is_later).then(~pl.col("is_completed")).otherwise("is_completed").alias("is_completed"),
            pl.when(is_later).then(6 - pl.col("rating")).otherwise("rating").alias("rating"),
            pl.when(is_later).then(pl.col("ended_at") + timedelta(days=30)).otherwise("ended_at").alias("ended_at"),
        )
        before, after = features_of(programme, history), features_of(programme, changed)
        is_past = (history["shown_at"] < day + timedelta(days=1)).to_numpy()
        assert np.array_equal(before[is_past], after[is_past])
        assert not np.array_equal(before[~is_past], after[~is_past])

    def test_leaving_the_future_out_changes_no_past_feature(self, programme: Programme) -> None:
        history = programme.history
        day = history["shown_at"].quantile(0.5, "nearest").replace(hour=0)  # type: ignore[union-attr]
        is_past = (history["shown_at"] < day + timedelta(days=1)).to_numpy()
        known = history.filter(pl.col("requested_at") < day)
        assert np.array_equal(features_of(programme, history)[is_past], features_of(programme, known)[is_past])

    def test_records_are_those_of_the_documented_rule(self, programme: Programme) -> None:
        mentors = Mentors.from_frame(programme.mentors)
        at = programme.until - timedelta(days=200)
        own = RecordsAsOf(mentors, programme.history).mentors_at(at)
        expected = (
            programme.history.filter(pl.col("is_accepted") & (pl.col("ended_at") < at))
            .group_by("mentor_id")
            .agg(pl.len().alias("ended_count"), pl.col("rating").sum().alias("rating_sum"))
        )
        found = pl.DataFrame({"mentor_id": mentors.ids, "ended": own.ended_count, "rated": own.rating_sum})
        both = expected.join(found, on="mentor_id")
        assert len(both) == (own.ended_count > 0).sum() > 10
        assert both["ended_count"].to_list() == both["ended"].to_list()
        assert both["rating_sum"].to_list() == both["rated"].to_list()

    def test_shuffled_outcomes_keep_what_was_asked_and_how_much_succeeded(self, programme: Programme) -> None:
        dealt = shuffled_outcomes(programme, random_state=0)
        assert dealt.select("mentee_id", "mentor_id", "requested_at").equals(
            programme.history.select("mentee_id", "mentor_id", "requested_at")
        )
        assert dealt["is_accepted"].sum() == programme.history["is_accepted"].sum()
        assert not dealt["is_accepted"].equals(programme.history["is_accepted"])


class TestLabels:
    @pytest.fixture
    def request_row(self) -> dict[str, object]:
        return {
            **dict.fromkeys(HISTORY_COLUMNS),
            "mentee_id": "a",
            "mentor_id": "b",
            "is_requested": True,
            "requested_at": datetime(2026, 1, 1, tzinfo=UTC),
            "is_accepted": True,
            "is_completed": True,
            "rating": 5,
            "ended_at": datetime(2026, 5, 1, tzinfo=UTC),
        }

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, True),
            ({"rating": 4}, True),
            ({"rating": 3}, False),
            ({"rating": None}, True),
            ({"is_completed": False}, False),
            ({"is_accepted": False, "is_completed": None, "rating": None, "ended_at": None}, False),
            ({"is_accepted": None, "is_completed": None, "rating": None, "ended_at": None}, None),
            ({"is_completed": None, "rating": None, "ended_at": None}, None),
            ({"is_requested": False, "requested_at": None}, None),
        ],
    )
    def test_success_is_accepted_completed_and_well_rated(
        self, request_row: dict[str, object], changes: dict[str, object], expected: bool | None
    ) -> None:
        from models.matching.labels import is_success

        frame = pl.DataFrame([{**request_row, **changes}], schema=HISTORY_COLUMNS)
        assert frame.select(is_success()).item() is expected

    def test_requests_too_young_to_have_ended_well_are_left_out(self, programme: Programme) -> None:
        """Of the last months only refusals and failures are known: they alone would make every chance too low."""
        from models.matching.labels import is_success

        all_known = programme.history.filter(is_success().is_not_null() & pl.col("is_requested"))
        young = all_known.filter(pl.col("requested_at") > programme.until - timedelta(days=90))
        assert len(young) > 50
        assert young.select(is_success().mean()).item() < 0.05
        kept = labelled_requests(programme.history, until=programme.until)
        assert latest(kept, "requested_at") < programme.until - timedelta(days=120)

    def test_what_became_known_later_is_not_used(self, programme: Programme) -> None:
        middle = programme.until - timedelta(days=300)
        kept = labelled_requests(programme.history, until=middle)
        assert len(kept) > 100
        assert latest(kept, "known_at") <= middle

    def test_nothing_asked_is_nothing_to_learn(self, programme: Programme) -> None:
        assert labelled_requests(programme.history.clear()).is_empty()
        assert labelled_requests(programme.history.filter(~pl.col("is_requested"))).is_empty()
