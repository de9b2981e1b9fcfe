"""The verdict: shown only where it beat popularity and the next course of a path on courses taken later."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from models.recommending.artifact import load_recommender
from models.recommending.records import Records
from models.recommending.training import KIND, Verdict, compare_recommenders, train_recommender
from operational_db.types import LearnedModelKind
from tests.models.recommending.learners import CUTS, UNTIL, along_paths, with_tastes, without_signal


class TestVerdict:
    @pytest.mark.requirement("LMS-05")
    def test_tastes_it_was_not_told_of_are_found(self) -> None:
        found = compare_recommenders(with_tastes(), CUTS)
        assert found.verdict is Verdict.LEARNED
        assert found.is_learned_shown
        assert "foresaw them better than what is popular and than the next course of a path" in found.sentence

    @pytest.mark.requirement("LMS-05")
    @pytest.mark.parametrize("seed", range(5))
    def test_where_there_is_nothing_to_learn_it_says_so_and_falls_back(self, seed: int) -> None:
        found = compare_recommenders(without_signal(seed=seed), CUTS)
        assert found.verdict is Verdict.NOT_BETTER
        assert not found.is_learned_shown
        assert "did not foresee them better than what is popular" in found.sentence

    def test_where_everybody_follows_a_written_path_it_is_no_better_than_the_path(self) -> None:
        found = compare_recommenders(along_paths(), CUTS)
        assert found.verdict is Verdict.NOT_BETTER
        assert "no better than the next course of a path" in found.sentence

    def test_few_learners_are_too_few(self) -> None:
        found = compare_recommenders(with_tastes(people=60), CUTS)
        assert found.verdict is Verdict.TOO_FEW
        assert "too few" in found.sentence

    @pytest.mark.parametrize("make", [with_tastes, without_signal])
    def test_it_is_the_same_every_time(self, make: Callable[[], Records]) -> None:
        first, second = (compare_recommenders(make(), CUTS) for _ in range(2))
        assert first.averages.equals(second.averages)
        assert first.gains.equals(second.gains)


class TestTrainRecommender:
    def test_card_and_file_are_what_a_registry_keeps(self, tmp_path: Path) -> None:
        trained = train_recommender(with_tastes(), until=UNTIL, cuts=CUTS, ledger_size=7, folder=tmp_path)
        card = json.loads(json.dumps(trained.card))
        assert (card["kind"], card["verdict"], card["ledger_size"]) == (KIND, "learned", 7)
        assert card["data_until"] == UNTIL.isoformat()
        assert {row["scorer"] for row in card["averages"]} == {"learned", "popularity", "next_in_path"}
        assert {row["yardstick"] for row in card["gains"]} == {"popularity", "next_in_path"}
        assert trained.artifact is not None
        read = load_recommender(trained.artifact.path, trained.artifact.sha256)
        assert read.course_ids_ == trained.model.course_ids_

    def test_nobody_at_all_can_be_learned_from(self) -> None:
        trained = train_recommender(with_tastes(people=1), until=UNTIL, cuts=CUTS)
        assert trained.comparison.verdict is Verdict.TOO_FEW

    def test_the_card_names_nobody(self) -> None:
        card = json.dumps(train_recommender(with_tastes(), until=UNTIL, cuts=CUTS).card)
        assert "person 0" not in card

    def test_the_kind_is_the_registry_s(self) -> None:
        assert LearnedModelKind(KIND) is LearnedModelKind.COURSE_RECOMMENDING
