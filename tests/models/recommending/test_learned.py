"""The learned part starts at popularity, moves with evidence, and tells of nobody in particular."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models.recommending.artifact import DamagedArtifactError, load_recommender, save_recommender
from models.recommending.learned import SMALLEST_GROUP, CoCompletion, Evidence
from models.recommending.records import MEMBERS_SCHEMA, TAKEN_SCHEMA, Records
from models.recommending.yardsticks import Popularity
from tests.models.recommending.learners import UNTIL, with_tastes, without_signal

DAY = date(2026, 6, 1)


def pairs(count: int, *, noise: int = 30) -> Records:
    """`count` people who completed a and later b; more who completed only c."""
    rows = [
        (f"person {n}", course, on, on)
        for n in range(count)
        for course, on in (("a", date(2026, 1, 1)), ("b", date(2026, 2, 1)))
    ]
    rows += [(f"other {n}", "c", date(2026, 1, 1), date(2026, 1, 1)) for n in range(noise)]
    members = [(f"person {n}", "acme", "technician", date(2025, 1, 1), None) for n in range(count)]
    return Records.from_frames(
        pl.DataFrame(rows, schema=dict(TAKEN_SCHEMA), orient="row"),
        members=pl.DataFrame(members, schema=dict(MEMBERS_SCHEMA), orient="row"),
    )


class TestScores:
    def test_without_evidence_it_orders_exactly_as_popularity(self) -> None:
        records = without_signal()
        model, popularity = CoCompletion().fit(records, UNTIL), Popularity().fit(records, UNTIL)
        nothing = np.zeros((1, len(records.course_ids)), dtype=bool)
        assert (
            np.argsort(-model.scores(nothing, [[]])).tolist() == np.argsort(-popularity.scores(nothing, [[]])).tolist()
        )

    def test_many_who_went_on_lift_a_course_past_popular_ones(self) -> None:
        records = pairs(25)
        model = CoCompletion().fit(records, DAY)
        scores = model.scores(np.array([[True, False, False]]), [[]])[0]
        assert scores[1] > scores[2]

    def test_the_strength_grows_where_nothing_is_to_be_learned(self) -> None:
        taste = CoCompletion().fit(with_tastes(), UNTIL).strengths_[0]
        nothing = CoCompletion().fit(without_signal(), UNTIL).strengths_[0]
        assert taste < 50 < nothing

    def test_it_is_deterministic(self) -> None:
        done = np.eye(20, dtype=bool)
        first, second = (CoCompletion().fit(with_tastes(), UNTIL).scores(done, [[]] * 20) for _ in range(2))
        assert np.array_equal(first, second)


class TestSmallGroups:
    """Counts of fewer than five people are told nowhere: not in a reason, not in the file."""

    @pytest.mark.requirement("LMS-05")
    @pytest.mark.parametrize("count", [1, SMALLEST_GROUP - 1])
    def test_few_people_are_no_reason(self, count: int) -> None:
        model = CoCompletion().fit(pairs(count), DAY)
        assert model.explain(np.array([True, False, False]), ["role:technician", "member:acme"], 1) is None
        assert not model.counts_[:, :2].any()

    def test_five_people_are_one(self) -> None:
        model = CoCompletion().fit(pairs(SMALLEST_GROUP), DAY)
        assert model.explain(np.array([True, False, False]), [], 1) == Evidence("a", SMALLEST_GROUP)


class TestArtifact:
    def test_what_was_written_is_read(self, tmp_path: Path) -> None:
        model = CoCompletion(pooling=0.5).fit(pairs(25), DAY)
        artifact = save_recommender(tmp_path, model, {"verdict": "learned"})
        read = load_recommender(artifact.path, artifact.sha256)
        done = np.array([[True, False, False]])
        assert np.array_equal(read.scores(done, [["role:technician"]]), model.scores(done, [["role:technician"]]))
        assert read.explain(done[0], [], 1) == model.explain(done[0], [], 1)

    def test_the_same_model_gives_the_same_file(self, tmp_path: Path) -> None:
        first, second = (
            save_recommender(tmp_path / name, CoCompletion().fit(pairs(25), DAY), {"a": 1}) for name in ("one", "two")
        )
        assert first.sha256 == second.sha256

    @pytest.mark.parametrize("damage", ["changed", "cut", "gone", "other"])
    def test_a_damaged_file_is_refused(self, tmp_path: Path, damage: str) -> None:
        artifact = save_recommender(tmp_path, CoCompletion().fit(pairs(25), DAY), {})
        content = artifact.path.read_bytes()
        if damage == "gone":
            artifact.path.unlink()
        elif damage == "cut":
            artifact.path.write_bytes(content[:-10])
        elif damage == "changed":
            artifact.path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
        else:
            artifact.path.write_bytes(b"something else")
        with pytest.raises(DamagedArtifactError):
            load_recommender(artifact.path, artifact.sha256)

    def test_a_file_with_code_in_it_is_not_run(self, tmp_path: Path) -> None:
        """Its hash may even be registered: nothing is unpickled."""
        import hashlib

        path = tmp_path / "evil.npz"
        np.savez(path, settings=np.array([object()], dtype=object))
        with pytest.raises(DamagedArtifactError):
            load_recommender(path, hashlib.sha256(path.read_bytes()).hexdigest())
