"""Reading a company's files: the layout, every kind of bad row, and features as of each request."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.matching.csv_files import LAYOUT, Records, UnreadableFolderError, read_folder
from models.matching.factors import FEATURE_NAMES
from models.matching.generators import Truth, simulate_programme
from models.matching.profiles import weekly_slots
from tests.models.matching.programme_files import windows, write_programme, write_rows

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MENTOR = {
    "mentor_id": "m1", "years_experience": "12", "specializations": "hydraulic; code", "formats": "video",
    "availability": "mon 18:00-21:00; sat 09:00-12:00", "timezone": "America/Toronto", "latitude": "43.7",
    "longitude": "-79.4", "region": "Lakeside", "is_remote": "true", "levels": "junior", "capacity": "2",
}  # fmt: skip
MENTEE = {"mentee_id": "e1", "years_experience": "2", "specializations": "code", "formats": "video", "level": "junior"}
REQUEST = {
    "mentee_id": "e1", "mentor_id": "m1", "requested_at": "2026-01-05", "is_accepted": "true", "is_completed": "true",
    "ended_at": "2026-04-01", "rating": "5",
}  # fmt: skip


def read(
    folder: Path,
    mentors: list[dict[str, Any]] | None = None,
    mentees: list[dict[str, Any]] | None = None,
    history: list[dict[str, Any]] | None = None,
) -> Records:
    write_rows(folder / "mentors.csv", [MENTOR] if mentors is None else mentors)
    write_rows(folder / "mentees.csv", [MENTEE] if mentees is None else mentees)
    write_rows(folder / "history.csv", [REQUEST] if history is None else history)
    return read_folder(folder, now=NOW)


def test_a_folder_in_its_layout_is_read_whole(tmp_path: Path) -> None:
    records = read(tmp_path)
    assert records.problems == []
    mentor, request = records.mentors.row(0, named=True), records.history.row(0, named=True)
    assert mentor["specializations"] == ["hydraulic", "code"]
    expected = weekly_slots([(0, 1080, 1260), (5, 540, 720)], "America/Toronto", NOW.date())
    assert mentor["availability"] == expected
    assert request["requested_at"] == datetime(2026, 1, 5, tzinfo=UTC)
    assert request["is_requested"] is True and request["rating"] == 5
    assert request["mentee_level"] == "junior"


def test_windows_come_back_as_they_were_written() -> None:
    written = "mon 18:00-21:30; tue 00:00-01:00; sun 09:00-24:00"
    parts = [(0, 1080, 1290), (1, 0, 60), (6, 540, 1440)]
    assert windows(weekly_slots(parts, "UTC", NOW.date())) == written


@pytest.mark.requirement("MEN-03")
def test_features_are_those_of_the_simulated_day(tmp_path: Path) -> None:
    made = simulate_programme(Truth.UNLIKE, random_state=1, requests=300, mentors=30, days=300)
    write_programme(made, tmp_path)
    records = read_folder(tmp_path, now=made.until)
    assert records.problems == []
    assert np.allclose(
        records.history.select(FEATURE_NAMES).to_numpy(), made.history.select(FEATURE_NAMES).to_numpy(), atol=1e-6
    )


def test_records_and_places_are_those_of_today(tmp_path: Path) -> None:
    running = {**REQUEST, "mentee_id": "e2", "is_completed": "", "ended_at": "", "rating": ""}
    records = read(tmp_path, mentees=[MENTEE, {**MENTEE, "mentee_id": "e2"}], history=[REQUEST, running])
    mentors, known = records.mentors_on(NOW)
    assert mentors.completed_count.tolist() == [1] and mentors.ended_count.tolist() == [1]
    assert mentors.capacity_left.tolist() == [1]
    assert sorted(known.rows()) == [("e1", "m1"), ("e2", "m1")]


@pytest.mark.parametrize(
    ("file", "changes", "column"),
    [
        ("mentors.csv", {"years_experience": "-3"}, "years_experience"),
        ("mentors.csv", {"years_experience": "many"}, "years_experience"),
        ("mentors.csv", {"capacity": "2.5"}, "capacity"),
        ("mentors.csv", {"capacity": "-1"}, "capacity"),
        ("mentors.csv", {"formats": "telepathy"}, "formats"),
        ("mentors.csv", {"latitude": "143"}, "latitude"),
        ("mentors.csv", {"longitude": ""}, "longitude"),
        ("mentors.csv", {"is_remote": "perhaps"}, "is_remote"),
        ("mentors.csv", {"is_remote": "true", "formats": "in_person"}, "is_remote"),
        ("mentors.csv", {"availability": "evenings"}, "availability"),
        ("mentors.csv", {"availability": "mon 25:00-26:00"}, "availability"),
        ("mentors.csv", {"timezone": "Mars/Base"}, "timezone"),
        ("mentors.csv", {"timezone": ""}, "timezone"),
        ("mentees.csv", {"hours_per_month": "0"}, "hours_per_month"),
        ("mentees.csv", {"level": "grandmaster"}, "level"),
        ("history.csv", {"mentee_id": "nobody"}, "mentee_id"),
        ("history.csv", {"mentor_id": ""}, "mentor_id"),
        ("history.csv", {"requested_at": "2027-01-01"}, "requested_at"),
        ("history.csv", {"requested_at": "31.01.2026"}, "requested_at"),
        ("history.csv", {"requested_at": ""}, "requested_at"),
        ("history.csv", {"ended_at": "2025-12-01"}, "ended_at"),
        ("history.csv", {"ended_at": ""}, "is_completed"),
        ("history.csv", {"is_completed": ""}, "is_completed"),
        ("history.csv", {"is_accepted": "false"}, "is_accepted"),
        ("history.csv", {"rating": "6"}, "rating"),
        ("history.csv", {"rating": "0"}, "rating"),
        ("history.csv", {"propensity": "1.5"}, "propensity"),
        ("history.csv", {"rank": "0"}, "rank"),
        ("history.csv", {"shown_at": "2026-02-01"}, "requested_at"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_and_takes_no_good_one_down(
    tmp_path: Path, file: str, changes: dict[str, str], column: str
) -> None:
    good = {"mentors.csv": MENTOR, "mentees.csv": MENTEE, "history.csv": REQUEST}
    rows = {name: [row] for name, row in good.items()}
    bad = {**good[file], **({"mentor_id": "m2", "mentee_id": "e2"} if file != "history.csv" else {}), **changes}
    rows[file] = [good[file], bad]
    records = read(tmp_path, rows["mentors.csv"], rows["mentees.csv"], rows["history.csv"])
    assert [(each.file, each.line, each.column) for each in records.problems] == [(file, 3, column)]
    assert records.problems[0].remedy
    assert (len(records.mentors), len(records.mentees), len(records.history)) == (1, 1, 1)


def test_an_id_twice_leaves_both_out(tmp_path: Path) -> None:
    records = read(tmp_path, mentors=[MENTOR, MENTOR, {**MENTOR, "mentor_id": "m2"}], history=[])
    assert [each.line for each in records.problems] == [2, 3]
    assert records.mentors["mentor_id"].to_list() == ["m2"]


def test_the_same_request_twice_counts_once(tmp_path: Path) -> None:
    records = read(tmp_path, history=[REQUEST, REQUEST])
    assert len(records.history) == 1
    assert "occurs before" in records.problems[0].remedy


def test_nobody_mentors_herself(tmp_path: Path) -> None:
    both = read(tmp_path, mentees=[{**MENTEE, "mentee_id": "m1"}], history=[{**REQUEST, "mentee_id": "m1"}])
    assert "her own mentor" in both.problems[0].remedy


def test_an_empty_history_is_read(tmp_path: Path) -> None:
    records = read(tmp_path, history=[])
    assert records.history.is_empty()
    assert set(FEATURE_NAMES) <= set(records.history.columns)


def test_what_is_no_csv_in_utf8_is_refused(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "mentors.csv").write_bytes(b"mentor_id,region\nm1,Montr\xe9al\n")
    with pytest.raises(UnreadableFolderError, match="UTF-8"):
        read_folder(tmp_path, now=NOW)
    (tmp_path / "mentors.csv").unlink()
    with pytest.raises(UnreadableFolderError, match="missing"):
        read_folder(tmp_path, now=NOW)


def test_the_layout_names_every_column_that_is_read() -> None:
    assert set(LAYOUT) == {"mentors.csv", "mentees.csv", "history.csv"}
    assert set(MENTOR) <= set(LAYOUT["mentors.csv"])
    assert set(REQUEST) <= set(LAYOUT["history.csv"])
