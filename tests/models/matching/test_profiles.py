"""Profiles: weekly windows of two zones in UTC, and fields that cannot be used, each with row, column and remedy."""

import math
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.matching.profiles import (
    AVAILABILITY_BYTES,
    InvalidProfilesError,
    Mentees,
    Mentors,
    Population,
    mentee_problems,
    mentor_problems,
    weekly_slots,
)
from tests.models.matching.match_world import (
    mentee,
    mentee_frame,
    mentees_of,
    mentor,
    mentor_frame,
    mentors_of,
    random_mentees,
    random_mentors,
)

WINTER, SUMMER = date(2026, 1, 15), date(2026, 7, 15)


def slots_of(availability: bytes) -> list[int]:
    return np.flatnonzero(np.unpackbits(np.frombuffer(availability, dtype=np.uint8))).tolist()


class TestWeeklySlots:
    def test_monday_morning_in_utc_is_slot_18(self) -> None:
        assert slots_of(weekly_slots([(0, 9 * 60, 10 * 60)], "UTC", WINTER)) == [18, 19]

    @pytest.mark.parametrize(("on", "first"), [(WINTER, 9 + 5), (SUMMER, 9 + 4)])
    def test_summer_time_of_the_day_counts(self, on: date, first: int) -> None:
        slots = slots_of(weekly_slots([(0, 9 * 60, 10 * 60)], "America/Toronto", on))
        assert slots == [2 * first, 2 * first + 1]

    def test_two_zones_meet_at_the_same_instants(self) -> None:
        """18:00 in Toronto is 15:00 in Vancouver, in winter and in summer."""
        for on in (WINTER, SUMMER):
            east = weekly_slots([(2, 18 * 60, 21 * 60)], "America/Toronto", on)
            assert east == weekly_slots([(2, 15 * 60, 18 * 60)], "America/Vancouver", on)

    def test_a_window_over_midnight_goes_on_the_next_day(self) -> None:
        assert slots_of(weekly_slots([(0, 23 * 60, 60)], "UTC", WINTER)) == [46, 47, 48, 49]

    def test_sunday_night_goes_on_on_monday(self) -> None:
        assert slots_of(weekly_slots([(6, 23 * 60, 30)], "UTC", WINTER)) == [0, 334, 335]

    def test_the_week_wraps_where_the_zone_shifts_it(self) -> None:
        assert slots_of(weekly_slots([(0, 0, 60)], "Asia/Tokyo", WINTER)) == [318, 319]

    def test_only_whole_half_hours_count(self) -> None:
        """Kathmandu is 5:45 ahead: 09:00 to 10:00 there is 03:15 to 04:15 in UTC."""
        assert slots_of(weekly_slots([(0, 9 * 60, 10 * 60)], "Asia/Kathmandu", WINTER)) == [7]
        assert slots_of(weekly_slots([(0, 9 * 60 + 10, 9 * 60 + 50)], "UTC", WINTER)) == []

    def test_a_whole_day_is_24_hours(self) -> None:
        assert len(slots_of(weekly_slots([(3, 0, 24 * 60)], "America/Toronto", WINTER))) == 48

    @given(
        windows=st.lists(
            st.tuples(st.integers(0, 6), st.integers(0, 47), st.integers(1, 48)).filter(lambda w: w[1] != w[2])
        ),
        zone=st.sampled_from(["UTC", "America/Toronto", "America/St_Johns", "Asia/Tokyo", "Pacific/Auckland"]),
        on=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    )
    def test_zones_move_hours_and_lose_none(self, windows: list[tuple[int, int, int]], zone: str, on: date) -> None:
        minutes = [(day, begin * 30, end * 30) for day, begin, end in windows]
        found, expected = (slots_of(weekly_slots(minutes, each, on)) for each in (zone, "UTC"))
        assert len(found) == len(expected)

    @pytest.mark.parametrize(
        "window", [(7, 0, 60), (-1, 0, 60), (0, 60, 60), (0, 1440, 60), (0, 0, 1441), (0, -30, 60)]
    )
    def test_a_window_that_cannot_be_is_named(self, window: tuple[int, int, int]) -> None:
        with pytest.raises(InvalidProfilesError) as raised:
            weekly_slots([(0, 0, 60), window], "UTC", WINTER)
        assert [(problem.row, problem.column) for problem in raised.value.problems] == [(2, "availability")]

    @pytest.mark.parametrize("zone", ["America/Nowhere", "", "../etc/passwd"])
    def test_an_unknown_zone_is_named(self, zone: str) -> None:
        with pytest.raises(InvalidProfilesError, match="timezone"):
            weekly_slots([], zone, WINTER)


BAD_FIELDS_OF_BOTH: list[tuple[dict[str, Any], str]] = [
    ({"years_experience": -1.0}, "years_experience"),
    ({"years_experience": 71.0}, "years_experience"),
    ({"years_experience": math.nan}, "years_experience"),
    ({"years_experience": math.inf}, "years_experience"),
    ({"formats": ["video", "carrier pigeon"]}, "formats"),
    ({"formats": [None]}, "formats"),
    ({"specializations": [" "]}, "specializations"),
    ({"availability": b"short"}, "availability"),
    ({"latitude": 91.0}, "latitude"),
    ({"longitude": -181.0}, "longitude"),
    ({"latitude": math.nan}, "latitude"),
    ({"latitude": None}, "longitude"),
    ({"latitude": 0.0, "longitude": 0.0}, "latitude"),
    ({"is_remote": True, "formats": ["in_person"]}, "is_remote"),
]


class TestProblems:
    @pytest.mark.requirement("MEN-01")
    @pytest.mark.parametrize(
        ("fields", "column"),
        [
            *BAD_FIELDS_OF_BOTH,
            ({"mentor_id": None}, "mentor_id"),
            ({"mentor_id": " "}, "mentor_id"),
            ({"levels": ["wizard"]}, "levels"),
            ({"capacity_left": -1}, "capacity_left"),
            ({"capacity_left": 1001}, "capacity_left"),
            ({"completed_count": 5, "ended_count": 4}, "completed_count"),
            ({"completed_count": None, "ended_count": -1}, "ended_count"),
            ({"rating_sum": 21.0}, "rating_sum"),
            ({"rating_sum": 3.0}, "rating_sum"),
            ({"rating_sum": math.nan}, "rating_sum"),
            ({"rating_count": 0}, "rating_sum"),
            ({"rating_count": -1, "rating_sum": None}, "rating_count"),
        ],
    )
    def test_a_field_of_a_mentor_that_cannot_be_used_is_named(self, fields: dict[str, Any], column: str) -> None:
        frame = mentor_frame(mentor("first"), mentor(**{"mentor_id": "second", **fields}))
        with pytest.raises(InvalidProfilesError) as raised:
            Mentors.from_frame(frame)
        assert (2, column) in [(problem.row, problem.column) for problem in raised.value.problems]
        assert {problem.row for problem in raised.value.problems} == {2}
        assert f"row 2, column {column}: " in str(raised.value)
        assert mentor_problems(frame) == list(raised.value.problems)

    @pytest.mark.requirement("MEN-01")
    @pytest.mark.parametrize(
        ("fields", "column"),
        [
            *BAD_FIELDS_OF_BOTH,
            ({"hours_per_month": 0.0}, "hours_per_month"),
            ({"hours_per_month": 321.0}, "hours_per_month"),
            ({"hours_per_month": math.nan}, "hours_per_month"),
            ({"level": "wizard"}, "level"),
        ],
    )
    def test_a_field_of_a_mentee_that_cannot_be_used_is_named(self, fields: dict[str, Any], column: str) -> None:
        frame = mentee_frame(mentee("first"), mentee(**{"mentee_id": "second", **fields}))
        with pytest.raises(InvalidProfilesError) as raised:
            Mentees.from_frame(frame)
        assert (2, column) in [(problem.row, problem.column) for problem in raised.value.problems]
        assert mentee_problems(frame) == list(raised.value.problems)

    def test_a_person_twice_is_named_in_both_rows(self) -> None:
        assert [problem.row for problem in mentor_problems(mentor_frame(mentor(), mentor(), mentor("other")))] == [1, 2]

    def test_a_missing_column_and_a_wrong_type_are_of_the_heading(self) -> None:
        frame = mentee_frame(mentee()).drop("region").with_columns(pl.lit("many").alias("hours_per_month"))
        assert [(each.row, each.column) for each in mentee_problems(frame)] == [(0, "hours_per_month"), (0, "region")]

    def test_many_problems_are_counted_not_all_told(self) -> None:
        frame = mentor_frame(*(mentor(f"mentor-{number}", years_experience=-1.0) for number in range(9)))
        with pytest.raises(InvalidProfilesError, match=r"9 profile fields .* and 4 more") as raised:
            Mentors.from_frame(frame)
        assert len(raised.value.problems) == 9

    def test_no_value_of_a_person_is_told(self) -> None:
        with pytest.raises(InvalidProfilesError) as raised:
            Mentees.from_frame(mentee_frame(mentee("Jo Doe", region="Elm Street", latitude=123.456)))
        assert not {"Jo", "Elm", "123"} & set(str(raised.value).replace(".", " ").split())


class TestMissing:
    def test_every_field_but_the_id_may_be_empty(self) -> None:
        empty_mentor = {name: None for name in mentor()} | {"mentor_id": "mentor"}
        empty_mentee = {name: None for name in mentee()} | {"mentee_id": "mentee"}
        mentors, mentees = mentors_of(empty_mentor), mentees_of(empty_mentee)
        assert not mentors.has_slots.any() and not mentees.has_slots.any()
        assert np.isnan(mentors.years).all() and np.isnan(mentees.positions).all()
        assert mentors.specialization_count.tolist() == [0]

    def test_no_person_is_no_problem(self) -> None:
        assert len(Mentors.from_frame(mentor_frame())) == 0
        assert len(Mentees.from_frame(mentee_frame())) == 0

    def test_spelling_of_specializations_and_regions_does_not_matter(self) -> None:
        mentors = mentors_of(mentor(specializations=["Traction ", "traction"], region=" ca-on"))
        assert mentors.named_by(0) == ["traction"]
        assert mentors.region_codes_of(mentees_of(mentee(region="CA-ON"))).tolist() == mentors.region_codes.tolist()

    def test_random_people_are_sound(self) -> None:
        assert mentor_problems(random_mentors(200, 1)) == []
        assert mentee_problems(random_mentees(200, 1)) == []


class TestTake:
    def test_chosen_people_keep_their_fields(self) -> None:
        everyone = Mentees.from_frame(random_mentees(50, 3))
        chosen = everyone.take(np.array([7, 3, 7]))
        assert chosen.ids == (everyone.ids[7], everyone.ids[3], everyone.ids[7])
        assert chosen.named_by(1) == everyone.named_by(3)
        assert chosen.slot_bytes.tobytes() == b"".join(everyone.slot_bytes[row].tobytes() for row in (7, 3, 7))
        assert chosen.slot_bytes.shape == (3, AVAILABILITY_BYTES)


class TestPopulation:
    def test_averages_count_mentorships_not_mentors(self) -> None:
        frame = mentor_frame(
            mentor("a", completed_count=9, ended_count=9, rating_sum=45.0, rating_count=9),
            mentor("b", completed_count=0, ended_count=1, rating_sum=1.0, rating_count=1),
        )
        population = Population.of(frame)
        assert (population.completion_share, population.rating_share) == pytest.approx((0.9, 0.9))

    def test_without_records_it_is_half(self) -> None:
        frame = mentor_frame(mentor(completed_count=0, ended_count=0, rating_sum=0.0, rating_count=0))
        assert Mentors.from_frame(frame).population == Population(0.5, 0.5)

    def test_a_given_population_counts(self) -> None:
        given_population = Population(0.8, 0.9)
        assert Mentors.from_frame(mentor_frame(mentor()), population=given_population).population == given_population
