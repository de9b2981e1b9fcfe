"""School students: who is where in their courses?"""

import streamlit as st

from app.dashboards.components.cohorts import choose_cohort
from app.dashboards.components.filters import choose, choose_id, fold, search_box, set_count
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.tables import Column, Empty, Opens, show_listing
from app.dashboards.formats import to_plural
from app.dashboards.navigation import SCHOOL_STUDENT, SCHOOL_STUDENTS
from app.dashboards.queries import school
from app.dashboards.queries.listing import count_rows

viewer = open_page(SCHOOL_STUDENTS)
everybody = viewer.load(count_rows, school.students_listing(as_of=viewer.today, state="All"))
running = viewer.load(count_rows, school.students_listing(as_of=viewer.today, state="In a course now"))
at_risk = viewer.load(count_rows, school.students_listing(as_of=viewer.today, state="At risk"))
answer(
    f"{to_plural(running, 'student is', 'students are')} in a course now, {to_plural(at_risk, 'is', 'are')} at risk; "
    f"{to_plural(everybody, 'student', 'students')} in all."
)
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    search = search_box("Search by name", key="students_search")
    folded = fold(set_count("students_state", "students_course", "students_cohort"))
with folded:
    state = choose("State", list(school.FILTERS), key="students_state")
    course_id = choose_id("Course", viewer.load(school.course_names), any_label="All courses", key="students_course")
    cohort_on = choose_cohort(viewer, key="students_cohort")
st.caption(f"At risk: nothing done in a running course for more than {school.SILENT_DAYS} days.")
show_listing(
    viewer,
    school.students_listing(as_of=viewer.today, state=state, course_id=course_id, cohort_on=cohort_on, search=search),
    [
        Column("display_name", "Student"),
        Column("active_count", "In a course", "number"),
        Column("at_risk_count", "At risk", "number"),
        Column("completed_count", "Completed", "number"),
        Column("dropped_count", "Dropped", "number"),
        Column("failed_count", "Failed", "number"),
        Column("average_score", "Mean best score", "decimal"),
        Column("last_event_at", "Last activity", "time"),
    ],
    key="students",
    noun=("student", "students"),
    empty=Empty("No student matches these filters.", "Choose another state, course or cohort, or clear the search."),
    opens=Opens(SCHOOL_STUDENT, "person_id", "student", "record"),
)
