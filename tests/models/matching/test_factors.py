"""The six factors and the further features: each bounded, as documented, and the same for a pair and in a block."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.matching.factors import (
    FACTORS,
    FEATURE_NAMES,
    FEATURES,
    feature_block,
    mentor_features,
    pair_features,
)
from models.matching.profiles import Mentees, Mentors, Population, weekly_slots
from tests.models.matching.match_world import (
    MONTREAL,
    ON,
    TORONTO,
    mentee,
    mentees_of,
    mentor,
    mentor_frame,
    random_mentees,
    random_mentors,
)

NOWHERE: dict[str, Any] = {"latitude": None, "longitude": None}
REMOTE: dict[str, Any] = {"is_remote": True, "formats": ["video"]}


def at(place: tuple[float, float]) -> dict[str, Any]:
    return {"latitude": place[0], "longitude": place[1]}


def feature(
    name: str,
    of_mentee: dict[str, Any] | None = None,
    of_mentor: dict[str, Any] | None = None,
    population: Population | None = None,
) -> float:
    mentors = Mentors.from_frame(mentor_frame(mentor(**(of_mentor or {}))), population=population)
    one = np.array([0])
    values = pair_features(mentees_of(mentee(**(of_mentee or {}))), mentors, one, one)
    return float(values[0, FEATURE_NAMES.index(name)])


class TestFactors:
    @pytest.mark.requirement("MEN-02")
    def test_names_and_weights_are_those_of_the_seed(self) -> None:
        assert [(factor.name, factor.weight) for factor in FACTORS] == [
            ("specialization", 30),
            ("proximity", 20),
            ("experience_gap", 15),
            ("availability", 15),
            ("communication", 10),
            ("success", 10),
        ]
        assert all(feature.weight == 0 for feature in FEATURES[len(FACTORS) :])
        assert all(feature.description for feature in FEATURES)

    @pytest.mark.parametrize(
        ("wanted", "offered", "value"),
        [
            (["traction"], ["traction"], 1),
            (["traction", "hydraulic", "escalator"], ["escalator", "traction", "crane"], 2 / 3),
            (["traction"], ["crane"], 0),
            ([], ["crane"], 0.5),
            (["traction"], [], 0.5),
            (None, None, 0.5),
            (["Traction"], ["traction "], 1),
        ],
    )
    def test_specialization_is_the_share_of_what_is_wanted(self, wanted: Any, offered: Any, value: float) -> None:
        found = feature("specialization", {"specializations": wanted}, {"specializations": offered})
        assert found == pytest.approx(value)

    def test_proximity_halves_every_50_km(self) -> None:
        """One degree of latitude is 111.195 km."""
        north = at((TORONTO[0] + 50 / 111.195, TORONTO[1]))
        assert feature("proximity", at(TORONTO), at(TORONTO)) == pytest.approx(1)
        assert feature("proximity", at(TORONTO), north) == pytest.approx(0.5, abs=1e-4)

    def test_proximity_between_two_cities_is_that_of_their_distance(self) -> None:
        """Toronto and Montreal are 505 km apart."""
        assert feature("proximity", at(TORONTO), at(MONTREAL)) == pytest.approx(2 ** (-504.3 / 50), rel=0.02)

    @pytest.mark.parametrize(
        ("of_mentee", "of_mentor", "value"),
        [
            ({**at(TORONTO), **REMOTE}, {**at(MONTREAL), **REMOTE}, 0.5),
            ({**at(TORONTO), **REMOTE}, {**at(TORONTO), **REMOTE}, 1),
            ({**at(TORONTO), **REMOTE}, {**at(MONTREAL), **REMOTE, "formats": ["phone"]}, 0),
            ({**at(TORONTO), **REMOTE}, at(MONTREAL), 0),
            ({**NOWHERE, "region": "CA-ON"}, {"region": "CA-ON"}, 0.6),
            ({**NOWHERE, "region": "CA-ON"}, {"region": "CA-QC"}, 0.1),
            ({**NOWHERE, "region": "CA-ON", **REMOTE}, {"region": "CA-QC", **REMOTE}, 0.5),
            ({"region": "CA-ON"}, {**NOWHERE, "region": None}, 0.5),
            ({**NOWHERE, "region": None}, {**NOWHERE, "region": None}, 0.5),
            ({**NOWHERE, "region": " "}, {"region": " "}, 0.5),
        ],
    )
    def test_proximity_without_a_way_there(self, of_mentee: Any, of_mentor: Any, value: float) -> None:
        assert feature("proximity", of_mentee, of_mentor) == pytest.approx(value, abs=2e-3)

    @pytest.mark.parametrize(
        ("mentee_years", "mentor_years", "value"),
        [
            (5, 5, 0),
            (5, 4, 0),
            (5, 6, 0.5),
            (5, 6.9, 0.95),
            (5, 7, 1),
            (5, 15, 1),
            (5, 15.2, 0.9925),
            (5, 25, 0.625),
            (5, 35, 0.25),
            (0, 60, 0.25),
            (None, 10, 0.5),
            (10, None, 0.5),
        ],
    )
    def test_experience_gap_has_a_plateau_from_2_to_10_years(
        self, mentee_years: float | None, mentor_years: float | None, value: float
    ) -> None:
        fields = {"years_experience": mentee_years}, {"years_experience": mentor_years}
        assert feature("experience_gap", *fields) == pytest.approx(value, abs=1e-6)

    @pytest.mark.parametrize(
        ("hours_per_month", "hours_in_common", "value"),
        [(4, 1, 1), (8.6964, 1, 0.5), (8.6964, 2, 1), (17.3929, 1, 0.25), (None, 0.5, 0.5435), (4, 0, 0)],
    )
    def test_availability_is_what_both_have_of_what_is_needed(
        self, hours_per_month: float | None, hours_in_common: float, value: float
    ) -> None:
        """A month has 4.348 weeks; who does not say needs 4 hours a month."""
        wanted = weekly_slots([(0, 18 * 60, 20 * 60)], "America/Toronto", ON)
        begin = 20 * 60 - round(hours_in_common * 60)
        offered = weekly_slots([(0, begin, 22 * 60), (2, 0, 60)], "America/Toronto", ON)
        fields = {"availability": wanted, "hours_per_month": hours_per_month}, {"availability": offered}
        assert feature("availability", *fields) == pytest.approx(value, abs=1e-3)

    def test_availability_of_two_zones_is_compared_in_utc(self) -> None:
        """Evenings in St. John's and evenings in Vancouver are 4.5 hours apart."""
        windows = [(day, 18 * 60, 20 * 60) for day in range(7)]
        east, west = (weekly_slots(windows, zone, ON) for zone in ("America/St_Johns", "America/Vancouver"))
        assert feature("availability", {"availability": east}, {"availability": west}) == 0
        assert feature("availability", {"availability": east}, {"availability": east}) == 1

    @pytest.mark.parametrize("nothing", [None, bytes(42)])
    def test_availability_not_given_is_neutral(self, nothing: bytes | None) -> None:
        assert feature("availability", {"availability": nothing}) == 0.5
        assert feature("availability", {}, {"availability": nothing}) == 0.5
        assert feature("overlap_hours", {"availability": nothing}) == 0.5

    @pytest.mark.parametrize(
        ("preferred", "offered", "value"),
        [
            (["video", "phone"], ["phone", "text", "video"], 1),
            (["video", "phone"], ["phone", "text"], 0.5),
            (["in_person"], ["text"], 0),
            ([], ["text"], 0.5),
            (["text"], None, 0.5),
        ],
    )
    def test_communication_is_the_share_of_what_is_preferred(self, preferred: Any, offered: Any, value: float) -> None:
        assert feature("communication", {"formats": preferred}, {"formats": offered}) == value


def record(completed: int, ended: int, rating_sum: float, rating_count: int) -> dict[str, Any]:
    return {
        "completed_count": completed,
        "ended_count": ended,
        "rating_sum": rating_sum,
        "rating_count": rating_count,
    }


class TestSuccess:
    POPULATION = Population(0.7, 0.8)

    @pytest.mark.requirement("MEN-02")
    def test_a_new_mentor_is_the_average_of_all(self) -> None:
        value = feature("success", None, record(0, 0, 0.0, 0), self.POPULATION)
        assert value == pytest.approx(0.75)

    def test_a_record_is_mixed_with_five_average_ones(self) -> None:
        """10 of 10 completed: (10 + 5 * 0.7) / 15 = 0.9; all rated 5: (10 + 5 * 0.8) / 15 = 0.9333."""
        assert feature("success", None, record(10, 10, 50.0, 10), self.POPULATION) == pytest.approx(0.916667)

    def test_one_lucky_mentorship_does_not_beat_a_long_good_record(self) -> None:
        lucky = feature("success", None, record(1, 1, 5.0, 1), self.POPULATION)
        proven = feature("success", None, record(28, 30, 141.0, 30), self.POPULATION)
        assert lucky < proven

    @given(ended=st.integers(0, 50), data=st.data())
    def test_one_more_completed_mentorship_never_lowers_it(self, ended: int, data: st.DataObject) -> None:
        completed = data.draw(st.integers(0, ended))
        mentors = Mentors.from_frame(
            mentor_frame(
                mentor("a", **record(completed, ended, 0.0, 0)),
                mentor("b", **record(completed + 1, ended + 1, 0.0, 0)),
            ),
            population=self.POPULATION,
        )
        before, after = mentor_features(mentors)[0]
        assert 0 <= before <= after + 1e-7 and after <= 1


class TestFurtherFeatures:
    @pytest.mark.parametrize(
        ("name", "of_mentee", "of_mentor", "value"),
        [
            ("level_match", {"level": "junior"}, {"levels": ["mid", "junior"]}, 1),
            ("level_match", {"level": "junior"}, {"levels": ["mid"]}, 0),
            ("level_match", {"level": None}, {"levels": ["mid"]}, 0.5),
            ("level_match", {"level": "junior"}, {"levels": []}, 0.5),
            ("room", {}, {"capacity_left": 2}, 0.4),
            ("room", {}, {"capacity_left": 9}, 1),
            ("room", {}, {"capacity_left": None}, 0.5),
            ("is_remote_pair", REMOTE, REMOTE, 1),
            ("is_remote_pair", REMOTE, {"is_remote": True, "formats": ["phone"]}, 0),
            ("is_remote_pair", REMOTE, {}, 0),
            ("is_new_mentor", {}, record(0, 0, 0.0, 0), 1),
            ("is_new_mentor", {}, record(0, 1, 0.0, 0), 0),
            ("experience_gap_years", {"years_experience": 5.0}, {"years_experience": 10.0}, 0.3),
            ("experience_gap_years", {"years_experience": 60.0}, {"years_experience": 10.0}, 0),
            ("experience_gap_years", {"years_experience": None}, {}, 0.5),
            ("overlap_hours", {}, {}, 0.75),
        ],
    )
    def test_value(self, name: str, of_mentee: Any, of_mentor: Any, value: float) -> None:
        assert feature(name, of_mentee, of_mentor) == pytest.approx(value)


class TestPairsAndBlocks:
    @pytest.mark.requirement("MEN-02")
    @settings(max_examples=25, deadline=None)
    @given(seed=st.integers(0, 10_000))
    def test_every_feature_of_anybody_lies_between_0_and_1_and_both_ways_agree(self, seed: int) -> None:
        mentees = Mentees.from_frame(random_mentees(13, seed))
        mentors = Mentors.from_frame(random_mentors(17, seed + 1))
        block = feature_block(mentees, mentors, slice(2, 11))
        rows, columns = np.meshgrid(np.arange(2, 11), np.arange(17), indexing="ij")
        pairs = pair_features(mentees, mentors, rows.ravel(), columns.ravel())
        assert block.shape == (9, 17, len(FEATURES)) and block.dtype == np.float32
        assert (block >= 0).all() and (block <= 1).all()
        np.testing.assert_allclose(pairs.reshape(block.shape), block, atol=1e-6)

    def test_nobody_is_no_problem(self) -> None:
        mentees = Mentees.from_frame(random_mentees(2, 1))
        nobody = Mentors.from_frame(random_mentors(2, 1).clear())
        assert feature_block(mentees, nobody, slice(0, 2)).shape == (2, 0, len(FEATURES))
        assert pair_features(mentees, nobody, np.array([], dtype=int), np.array([], dtype=int)).shape == (0, 12)
