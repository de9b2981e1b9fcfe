"""What a proposed requirement would change: visits ahead and past checks that would come out otherwise."""

import polars as pl
import streamlit as st

from app.dashboards.components.tables import Column, Empty, Opens, show_frame
from app.dashboards.formats import to_number, to_plural
from app.dashboards.navigation import OWNER_CREW_CHECK, OWNER_VISITS
from app.dashboards.use_cases.crew_rules import Preview
from app.dashboards.viewer import Viewer
from operational_db.types import GateMode

VISITS = (
    Column("building_name", "Building"),
    Column("planned_on", "Visit on", "date"),
    Column("before", "Now", "status"),
    Column("after", "Then", "status"),
)
CHECKS = (
    Column("building_name", "Building"),
    Column("decided_at", "Checked", "time"),
    Column("work_on", "For the day", "date"),
    Column("before", "Was", "status"),
    Column("after", "Would be", "status"),
)


def show_preview(viewer: Viewer, preview: Preview) -> None:
    """How many visits and checks change, and which; the visits that lose their crew first."""
    found = preview.found
    newly = found.newly_unqualified_visit_count
    regained = len(found.visits) - newly
    st.markdown(
        f"**{to_plural(newly, 'visit')} ahead would newly have nobody qualified, {to_number(regained)} would have "
        f"somebody again**, of {to_plural(found.visits_considered, 'planned visit')}. Of "
        f"{to_plural(found.decisions_replayed, 'check')} in the last {to_plural(found.days, 'day')}, "
        f"{to_number(len(found.decisions))} would have come out otherwise."
    )
    if preview.draft.mode is GateMode.DRY_RUN:
        st.caption("This is what it would do when turned on; in dry run it is only recorded and stops nobody.")
    if not found.visits and not found.decisions:
        st.success("No visit and no past check would come out otherwise.", icon=":material/check_circle:")
        return
    if found.visits:
        visits = sorted(found.visits, key=lambda each: (each.is_qualified_after, each.planned_on))
        frame = pl.DataFrame(
            {
                "visit_id": [str(each.visit_id) for each in visits],
                "building_name": [each.building_name for each in visits],
                "planned_on": [each.planned_on for each in visits],
                "before": [_answer(each.is_qualified_before) for each in visits],
                "after": [_answer(each.is_qualified_after) for each in visits],
            }
        )
        opens = Opens(OWNER_VISITS, "visit_id", "visit", "visit")
        alt = "Planned visits that would come out otherwise"
        show_frame(viewer, frame, VISITS, key="preview_visits", alt=alt, empty=Empty("None.", ""), opens=opens)
    if found.decisions:
        frame = pl.DataFrame(
            {
                "decision_id": [str(each.decision_id) for each in found.decisions],
                "building_name": [each.building_name for each in found.decisions],
                "decided_at": [each.decided_at for each in found.decisions],
                "work_on": [each.work_on for each in found.decisions],
                "before": [_answer(each.is_qualified_before) for each in found.decisions],
                "after": [_answer(each.is_qualified_after) for each in found.decisions],
            }
        )
        opens = Opens(OWNER_CREW_CHECK, "decision_id", "check", "check")
        alt = "Past checks that would have come out otherwise"
        show_frame(viewer, frame, CHECKS, key="preview_checks", alt=alt, empty=Empty("None.", ""), opens=opens)


def _answer(is_qualified: bool) -> str:
    return "qualified" if is_qualified else "not_qualified"
