"""Rankings with explanations that add up, both sides' chances, all pairs at once; never a person for herself."""

import subprocess
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from models.matching.explanation import explain, to_tenths
from models.matching.factors import FACTOR_NAMES, FEATURE_NAMES, FEATURES, feature_block
from models.matching.formula import formula_score
from models.matching.heads import Head
from models.matching.matcher import Matcher, MatcherKind, create_head, ranking_schema
from models.matching.profiles import Mentees, Mentors
from tests.models.matching.match_world import (
    MONTREAL,
    mentee,
    mentees_of,
    mentor,
    mentor_frame,
    mentors_of,
    random_mentees,
    random_mentors,
)

PAIR_TOLERANCE = 0.1


def learned_matcher(seed: int = 0, count: int = 500) -> Matcher:
    """Heads fitted to outcomes in which every feature has a say, some against the formula."""
    random = np.random.default_rng(seed)
    heads = []
    for _ in range(2):
        features = random.random((count, len(FEATURES)))
        slopes = random.normal(0, 2, len(FEATURES))
        happened = random.random(count) < expit((features - 0.5) @ slopes)
        heads.append(create_head(strength=1.0).fit(features, happened.astype(int)))
    return Matcher(*heads, version=3)


MATCHERS = {"formula": Matcher(), "prior": Matcher.from_prior(), "learned": learned_matcher()}


@pytest.fixture(params=MATCHERS)
def matcher(request: pytest.FixtureRequest) -> Matcher:
    return MATCHERS[request.param]


@pytest.fixture(scope="module")
def mentors() -> Mentors:
    return Mentors.from_frame(random_mentors(400, 1))


@pytest.fixture(scope="module")
def mentees() -> Mentees:
    return Mentees.from_frame(random_mentees(60, 2))


class TestRank:
    @pytest.mark.requirement("MEN-02")
    def test_the_formula_ranks_by_its_score_best_first(self, mentees: Mentees, mentors: Mentors) -> None:
        one = mentees.take(np.array([0]))
        ranking = Matcher().rank(one, mentors, top=400)
        scores = formula_score(feature_block(one, mentors, slice(0, 1))[0])
        expected = sorted(range(400), key=lambda index: (-round(float(scores[index]), 9), mentors.ids[index]))
        assert ranking["mentor_id"].to_list() == [mentors.ids[index] for index in expected]
        assert ranking["rank"].to_list() == list(range(1, 401))
        np.testing.assert_allclose(ranking["score"], np.sort(scores)[::-1], atol=0.05 + 1e-9)
        assert ranking["chance"].null_count() == 400

    @pytest.mark.requirement("MEN-03")
    def test_without_outcomes_the_learned_match_ranks_exactly_as_the_formula(
        self, mentees: Mentees, mentors: Mentors
    ) -> None:
        for row in range(0, len(mentees), 4):
            one = mentees.take(np.array([row]))
            formula, prior = (each.rank(one, mentors, top=400) for each in (Matcher(), Matcher.from_prior()))
            assert formula["mentor_id"].to_list() == prior["mentor_id"].to_list()

    @pytest.mark.requirement("MEN-03")
    def test_the_order_is_that_of_the_chance(self, mentees: Mentees, mentors: Mentors) -> None:
        ranking = MATCHERS["learned"].rank(mentees.take(np.array([4])), mentors, top=400)
        assert ranking["chance"].is_sorted(descending=True)
        assert ranking["score"].is_sorted(descending=True)
        assert (
            ranking.select((pl.col("chance_asks") * pl.col("chance_succeeds") - pl.col("chance")).abs().max()).item()
            < 1e-12
        )
        assert ranking.select(pl.all_horizontal(pl.col("^chance.*$").is_between(0, 1)).all()).item()

    def test_the_top_is_the_beginning_of_the_whole(self, matcher: Matcher, mentees: Mentees, mentors: Mentors) -> None:
        one = mentees.take(np.array([7]))
        assert matcher.rank(one, mentors, top=20).equals(matcher.rank(one, mentors, top=400).head(20))

    def test_equal_scores_are_ordered_by_id_also_at_the_cut(self, matcher: Matcher) -> None:
        same = mentors_of(*(mentor(f"mentor-{number:02}") for number in (5, 3, 9, 1, 7)))
        assert matcher.rank(mentees_of(mentee()), same, top=3)["mentor_id"].to_list() == [
            "mentor-01",
            "mentor-03",
            "mentor-05",
        ]

    def test_the_order_of_the_profiles_does_not_matter(
        self, matcher: Matcher, mentees: Mentees, mentors: Mentors
    ) -> None:
        one, shuffled = mentees.take(np.array([7])), mentors.take(np.random.default_rng(0).permutation(400))
        assert matcher.rank(one, mentors).equals(matcher.rank(one, shuffled))

    @pytest.mark.requirement("MEN-02")
    def test_nobody_is_ranked_for_herself(self, matcher: Matcher) -> None:
        both = mentors_of(mentor("person"), mentor("other"))
        assert matcher.rank(mentees_of(mentee("person")), both)["mentor_id"].to_list() == ["other"]
        mentees = mentees_of(mentee("person"), mentee("other"))
        ranking = matcher.rank_mentees(mentees, mentors_of(mentor("person")))
        assert ranking["mentee_id"].to_list() == ["other"]

    def test_nobody_to_rank_is_an_empty_ranking(self, matcher: Matcher) -> None:
        empty = matcher.rank(mentees_of(mentee("person")), mentors_of(mentor("person")))
        assert empty.is_empty() and dict(empty.schema) == ranking_schema()
        assert matcher.rank(mentees_of(mentee()), Mentors.from_frame(mentor_frame())).is_empty()
        assert matcher.rank(mentees_of(mentee()), mentors_of(mentor()), top=0).is_empty()

    def test_mentees_are_ranked_as_the_mentor_suits_them(
        self, matcher: Matcher, mentees: Mentees, mentors: Mentors
    ) -> None:
        one = mentors.take(np.array([3]))
        ranking = matcher.rank_mentees(mentees, one, top=60)
        for row in ranking.head(5).iter_rows(named=True):
            other = matcher.rank(mentees.take(np.array([mentees.ids.index(row["mentee_id"])])), one)
            assert other["score"].to_list() == [row["score"]]

    def test_more_than_one_to_rank_for_is_refused(self, matcher: Matcher, mentees: Mentees, mentors: Mentors) -> None:
        with pytest.raises(ValueError, match="one mentee at a time"):
            matcher.rank(mentees, mentors)
        with pytest.raises(ValueError, match="one mentor at a time"):
            matcher.rank_mentees(mentees, mentors)

    def test_features_are_told_for_the_record(self, matcher: Matcher, mentees: Mentees, mentors: Mentors) -> None:
        one = mentees.take(np.array([0]))
        ranking = matcher.rank(one, mentors, top=5)
        block = feature_block(one, mentors, slice(0, 1))[0]
        for row in ranking.iter_rows(named=True):
            told = [row[name] for name in FEATURE_NAMES]
            np.testing.assert_allclose(told, block[mentors.ids.index(row["mentor_id"])], atol=1e-6)


class TestExplanation:
    @pytest.mark.requirement("MEN-02", "MEN-03")
    @settings(max_examples=40, deadline=None)
    @given(seed=st.integers(0, 10_000), chosen=st.sampled_from([*MATCHERS.values(), learned_matcher(1, count=40)]))
    def test_points_add_up_to_the_score_exactly(self, seed: int, chosen: Matcher) -> None:
        mentors, one = Mentors.from_frame(random_mentors(30, seed)), Mentees.from_frame(random_mentees(1, seed))
        for row in chosen.rank(one, mentors).iter_rows(named=True):
            reasons = explain(row)
            assert sum(reason.points for reason in reasons) == to_tenths(row["score"])
            assert all(reason.points >= 0 for reason in reasons)
            assert 0 <= row["score"] <= 100
            assert to_tenths(row["score"]) == Decimal(str(row["score"]))
            assert all(reason.sentence for reason in reasons)
            assert [reason.title for reason in reasons][:6] == [feature.title for feature in FEATURES[:6]]

    def test_unrounded_points_add_up_too(self, matcher: Matcher) -> None:
        features = np.random.default_rng(0).random((200, len(FEATURES)))
        np.testing.assert_allclose(matcher.points(features).sum(axis=1), matcher.score(features), atol=1e-9)
        assert (matcher.points(features) >= 0).all()

    def test_at_the_prior_points_are_shared_by_the_written_weights(self) -> None:
        features = np.random.default_rng(0).random((50, len(FEATURES)))
        prior, formula = (each.points(features) for each in (Matcher.from_prior(), Matcher()))
        share = prior / prior.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(share, formula / formula.sum(axis=1, keepdims=True), atol=1e-9)

    @pytest.mark.requirement("MEN-02")
    def test_it_says_what_was_found_in_words_and_numbers(self) -> None:
        (row,) = Matcher().rank(mentees_of(mentee()), mentors_of(mentor())).iter_rows(named=True)
        assert {reason.title: (str(reason.points), reason.sentence) for reason in explain(row)} == {
            "Specialization": ("15.0", "has 1 of 2 wanted specializations: traction"),
            "Proximity": ("20.0", "0 km apart"),
            "Experience gap": ("15.0", "8.0 years ahead, within the ideal 2 to 10 years"),
            "Availability": ("15.0", "15.0 hours a week free in common, 0.9 needed"),
            "Communication": ("10.0", "2 of 2 ways of meeting in common: in person, video"),
            "Past success": (
                "8.1",
                "3 of 4 mentorships completed, rated 4.5; mixed with 5 average ones (75% completed, rated 4.5)",
            ),
        }
        assert row["text"].startswith("83.1 of 100. Specialization 15.0: has 1 of 2 wanted")

    @pytest.mark.requirement("MEN-02")
    def test_it_says_that_a_new_mentor_counts_as_the_average(self) -> None:
        new = mentor("new", completed_count=0, ended_count=0, rating_sum=0.0, rating_count=0)
        ranking = Matcher().rank(mentees_of(mentee()), mentors_of(new, mentor("old")))
        text = ranking.filter(mentor_id="new")["text"].item()
        assert "new as a mentor: counts as the average of all mentors (75% completed, rated 4.5)" in text

    @pytest.mark.requirement("MEN-02")
    def test_it_says_what_is_missing(self) -> None:
        empty = {name: None for name in mentee()} | {"mentee_id": "mentee"}
        (row,) = Matcher().rank(mentees_of(empty), mentors_of(mentor())).iter_rows(named=True)
        assert [row[name] for name in FACTOR_NAMES[:5]] == [0.5] * 5
        assert [reason.sentence for reason in explain(row)[:5]] == [
            "specializations are not named on both sides: counts as half",
            "place not known, distance not known: counts as half",
            "years of experience are not known on both sides: counts as half",
            "free times are not given on both sides: counts as half",
            "ways of meeting are not named on both sides: counts as half",
        ]

    @pytest.mark.parametrize(
        ("of_mentee", "of_mentor", "sentence"),
        [
            (
                {"is_remote": True},
                {"is_remote": True, "latitude": MONTREAL[0], "longitude": MONTREAL[1]},
                "504 km apart; both meet at a distance, which counts like 50 km",
            ),
            ({}, {"latitude": None, "longitude": None}, "in the same region, distance not known"),
            (
                {"region": "CA-QC", "is_remote": True},
                {"latitude": None, "longitude": None, "is_remote": True},
                "in another region, distance not known, both meet at a distance",
            ),
        ],
    )
    def test_it_says_how_far(self, of_mentee: dict[str, Any], of_mentor: dict[str, Any], sentence: str) -> None:
        (row,) = Matcher().rank(mentees_of(mentee(**of_mentee)), mentors_of(mentor(**of_mentor))).iter_rows(named=True)
        assert explain(row)[1].sentence == sentence

    def test_a_learned_one_names_both_chances_and_further_features(self, mentees: Mentees, mentors: Mentors) -> None:
        row = MATCHERS["learned"].rank(mentees.take(np.array([0])), mentors).row(0, named=True)
        assert f"chance {row['chance']:.0%} (asked when shown {row['chance_asks']:.0%}" in row["text"]
        assert len(explain(row)) > 6


class TestScorePairs:
    @pytest.mark.parametrize("chunk", [None, 7, 1000])
    def test_all_pairs_score_as_single_ones(
        self, matcher: Matcher, mentees: Mentees, mentors: Mentors, chunk: int | None
    ) -> None:
        pairs = matcher.score_pairs(mentees, mentors, chunk=chunk)
        features = feature_block(mentees, mentors, slice(0, 60)).reshape(-1, len(FEATURES))
        assert pairs.dtype == np.float32 and pairs.shape == (60, 400)
        np.testing.assert_allclose(pairs.ravel(), matcher.score(features), atol=PAIR_TOLERANCE)

    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 10_000))
    def test_whoever_they_are(self, seed: int) -> None:
        mentees, mentors = Mentees.from_frame(random_mentees(9, seed)), Mentors.from_frame(random_mentors(11, seed))
        features = feature_block(mentees, mentors, slice(0, 9)).reshape(-1, len(FEATURES))
        for each in MATCHERS.values():
            pairs = each.score_pairs(mentees, mentors)
            np.testing.assert_allclose(pairs.ravel(), each.score(features), atol=PAIR_TOLERANCE)

    @pytest.mark.requirement("MEN-02")
    def test_nobody_is_scored_with_herself(self, matcher: Matcher) -> None:
        pairs = matcher.score_pairs(
            mentees_of(mentee("a"), mentee("b")), mentors_of(mentor("b"), mentor("c"), mentor("a"))
        )
        assert np.isneginf(pairs).tolist() == [[False, False, True], [True, False, False]]

    def test_nobody_is_no_problem(self, matcher: Matcher, mentees: Mentees, mentors: Mentors) -> None:
        assert matcher.score_pairs(mentees.take(np.array([], dtype=int)), mentors).shape == (0, 400)
        assert matcher.score_pairs(mentees, mentors.take(np.array([], dtype=int))).shape == (60, 0)

    def test_people_without_any_field(self, matcher: Matcher) -> None:
        empty_mentees = mentees_of({name: None for name in mentee()} | {"mentee_id": "mentee"}, mentee("other"))
        empty_mentors = mentors_of({name: None for name in mentor()} | {"mentor_id": "mentor"}, mentor("another"))
        features = feature_block(empty_mentees, empty_mentors, slice(0, 2)).reshape(-1, len(FEATURES))
        pairs = matcher.score_pairs(empty_mentees, empty_mentors)
        np.testing.assert_allclose(pairs.ravel(), matcher.score(features), atol=PAIR_TOLERANCE)


class TestChances:
    @pytest.mark.requirement("MEN-03")
    def test_a_score_orders_pairs_as_their_chance_does(self) -> None:
        features = np.random.default_rng(0).random((100, len(FEATURES)))
        for each in (MATCHERS["prior"], MATCHERS["learned"]):
            chances = each.chances(features)
            assert chances is not None
            assert np.array_equal(np.argsort(each.score(features)), np.argsort(chances.both))
            assert each.asks is not None
            np.testing.assert_allclose(chances.asks, each.asks.predict_proba(features)[:, 1], rtol=1e-9)

    def test_the_formula_knows_no_chance(self) -> None:
        assert Matcher().chances(np.zeros((1, len(FEATURES)))) is None


class TestKind:
    def test_heads_make_it_learned(self) -> None:
        assert Matcher().kind is MatcherKind.FORMULA
        assert MATCHERS["learned"].kind is MatcherKind.LEARNED
        assert MATCHERS["learned"].version == 3

    def test_one_head_is_refused(self) -> None:
        with pytest.raises(ValueError, match="two heads"):
            Matcher(create_head().fit_prior())

    def test_a_head_of_other_features_is_refused(self) -> None:
        from models.matching.additive import AdditiveMatcher

        with pytest.raises(ValueError, match="model of the 12 features"):
            Head.of(AdditiveMatcher(prior_weights=[1.0]).fit_prior())

    def test_the_formula_ranks_without_loading_what_learning_needs(self) -> None:
        """Pages that rank by the formula start as quickly as those that do not rank."""
        script = (
            "import sys; from models.matching.matcher import Matcher; Matcher(); "
            "print([name for name in ('sklearn', 'scipy', 'skops') if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=240, check=True)
        assert done.stdout.strip() == "[]"
