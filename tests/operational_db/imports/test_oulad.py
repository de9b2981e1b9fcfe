"""The rules of the OULAD adapter on rows of our own: presentations, offsets, results, unknown days."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.imports.findings import FileRefusedError
from operational_db.imports.history import History
from operational_db.imports.oulad import OULAD_LAYOUT, on_day, presentation_start, read_oulad
from operational_db.imports.reading import ReadingLimits, find_files

STUDENT_HEADER = "code_module,code_presentation,id_student,gender,num_of_prev_attempts,final_result\n"
REGISTRATION_HEADER = "code_module,code_presentation,id_student,date_registration,date_unregistration\n"


def _read(tmp_path: Path, students: str, registrations: str, **others: str) -> History:
    folder = tmp_path / "oulad"
    folder.mkdir()
    files = {
        "courses": "code_module,code_presentation,module_presentation_length\nXYZ,2020B,100\n",
        "studentInfo": STUDENT_HEADER + students,
        "studentRegistration": REGISTRATION_HEADER + registrations,
        **others,
    }
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return read_oulad(find_files(folder, OULAD_LAYOUT), ReadingLimits())


class TestDays:
    @given(
        year=st.integers(1990, 2090),
        letter=st.sampled_from("BJ"),
        offset=st.integers(min_value=-3_660, max_value=3_660),
    )
    def test_an_offset_counts_from_the_first_of_the_presentation(self, year: int, letter: str, offset: int) -> None:
        frame = pl.DataFrame({"code_presentation": [f"{year}{letter}"], "offset": [offset]})
        days = frame.with_columns(presentation_start().alias("start")).with_columns(on_day("start", "offset"))
        start = date(year, 2 if letter == "B" else 10, 1)
        assert days["start"].to_list() == [start + timedelta(days=offset)]

    @pytest.mark.parametrize("code", ["2013X", "13J", "2013", "J2013", "2013JJ"])
    def test_other_codes_have_no_start(self, code: str) -> None:
        frame = pl.DataFrame({"code_presentation": [code]}).select(presentation_start().alias("start"))
        assert frame["start"].to_list() == [None]


class TestReadOulad:
    @pytest.mark.parametrize(
        ("result", "registered", "withdrawn", "status", "enrolled_on", "ended_on"),
        [
            ("Pass", "-10", "?", "completed", date(2020, 1, 22), date(2020, 5, 11)),
            ("Distinction", "0", "", "completed", date(2020, 2, 1), date(2020, 5, 11)),
            ("Fail", "5", "", "failed", date(2020, 2, 6), date(2020, 5, 11)),
            ("Fail", "5", "50", "failed", date(2020, 2, 6), date(2020, 5, 11)),
            ("Withdrawn", "-10", "28", "dropped", date(2020, 1, 22), date(2020, 2, 29)),
            ("Withdrawn", "-10", "", "dropped", date(2020, 1, 22), date(2020, 5, 11)),
            ("Pass", "", "", "completed", date(2020, 2, 1), date(2020, 5, 11)),
            ("Withdrawn", "", "-31", "dropped", date(2020, 1, 1), date(2020, 1, 1)),
        ],
    )
    def test_results_and_days(
        self,
        tmp_path: Path,
        result: str,
        registered: str,
        withdrawn: str,
        status: str,
        enrolled_on: date,
        ended_on: date,
    ) -> None:
        history = _read(tmp_path, f"XYZ,2020B,7,M,2,{result}\n", f"XYZ,2020B,7,{registered},{withdrawn}\n")
        row = history.frames["enrollments"].row(0, named=True)
        assert (row["status"], row["enrolled_on"], row["ended_on"]) == (status, enrolled_on, ended_on)
        assert (row["cycle_number"], row["course_id"], row["learner_id"]) == (3, "XYZ 2020B", "7")

    def test_people_are_pseudonymous(self, tmp_path: Path) -> None:
        history = _read(tmp_path, "XYZ,2020B,7,M,0,Pass\n", "XYZ,2020B,7,1,\n")
        learner = history.frames["learners"].row(0, named=True)
        assert (learner["display_name"], learner["email"]) == ("Learner 7", None)
        assert "gender" not in history.frames["learners"].columns

    def test_a_student_without_registration_is_refused(self, tmp_path: Path) -> None:
        history = _read(tmp_path, "XYZ,2020B,7,M,0,Pass\nXYZ,2020B,8,M,0,Pass\n", "XYZ,2020B,7,1,\n")
        assert [(f.line, f.code) for f in history.findings.refused] == [(3, "registration_missing")]

    def test_sites_become_one_optional_module_per_kind_of_activity(self, tmp_path: Path) -> None:
        vle = (
            "id_site,code_module,code_presentation,activity_type\n1,XYZ,2020B,quiz\n2,XYZ,2020B,url\n3,XYZ,2020B,quiz\n"
        )
        history = _read(tmp_path, "XYZ,2020B,7,M,0,Pass\n", "XYZ,2020B,7,1,\n", vle=vle)
        modules = history.frames["modules"]
        assert modules["title"].to_list() == ["quiz", "url"]
        assert modules["position"].to_list() == [1, 2]
        assert modules["is_required"].to_list() == [False, False]

    def test_results_without_their_assessments_are_refused_as_a_whole(self, tmp_path: Path) -> None:
        results = "id_assessment,id_student,date_submitted,is_banked,score\n1,7,3,0,50\n"
        with pytest.raises(FileRefusedError, match="Results need their assessments"):
            _read(tmp_path, "XYZ,2020B,7,M,0,Pass\n", "XYZ,2020B,7,1,\n", studentAssessment=results)
