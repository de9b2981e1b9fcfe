"""Activity is added up in parts: however the rows are cut into chunks, the totals are the same."""

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from operational_db.imports.history import schema_of
from operational_db.imports.history_tables import add_up

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "line": st.integers(2, 1_000),
            "learner_id": st.sampled_from(["L1", "L2"]),
            "course_id": st.sampled_from(["C1", "C2"]),
            "on_date": st.sampled_from([date(2025, 1, 1), date(2025, 1, 2)]),
            "interactions": st.integers(0, 50),
            "sessions": st.integers(0, 5),
            "mobile_sessions": st.integers(0, 5),
            "minutes": st.none() | st.integers(0, 600),
        }
    ),
    min_size=1,
    max_size=30,
)


class TestAddUp:
    @given(rows=ROWS, cut=st.integers(0, 30))
    def test_totals_do_not_depend_on_where_the_file_is_cut(self, rows: list[dict[str, object]], cut: int) -> None:
        frame = pl.DataFrame(rows, schema=schema_of("activity"))
        parts = pl.concat([add_up(frame.head(cut)), add_up(frame.slice(cut))])
        assert_frame_equal(add_up(parts), add_up(frame), check_row_order=False)

    def test_minutes_nobody_knows_stay_unknown(self) -> None:
        row = {"line": 2, "learner_id": "L", "course_id": "C", "on_date": date(2025, 1, 1), "interactions": 1}
        others = {"sessions": 0, "mobile_sessions": 0, "minutes": None}
        total = add_up(pl.DataFrame([{**row, **others}] * 2, schema=schema_of("activity"))).row(0, named=True)
        assert (total["interactions"], total["minutes"]) == (2, None)
