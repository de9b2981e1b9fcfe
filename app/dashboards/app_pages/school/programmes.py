"""School programmes: where do students fall behind? By course and cohort."""

import streamlit as st

from app.dashboards.charts.school import dropout_curve
from app.dashboards.components.charts import show_chart
from app.dashboards.components.cohorts import choose_cohort
from app.dashboards.components.filters import choose_id, search_box
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.programmes import COHORT_COLUMNS
from app.dashboards.components.tables import Empty, Opens, show_listing
from app.dashboards.formats import to_parts, to_percent
from app.dashboards.navigation import SCHOOL_COURSE, SCHOOL_PROGRAMMES
from app.dashboards.queries import school

viewer = open_page(SCHOOL_PROGRAMMES)
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    cohort_on = choose_cohort(viewer, key="programmes_cohort")
    course = choose_id("Course", viewer.load(school.course_names), any_label="All courses", key="programmes_course")
    search = search_box("Search by course", key="programmes_search")
courses = viewer.load(school.courses, cohort_on=cohort_on)
if courses.is_empty():
    say_empty("No course has students yet.", "Enrollments, or an import of the school's history, fill this page.")
    st.stop()
behind = courses.drop_nulls("completion_rate").sort("completion_rate", "title")
if behind.is_empty():
    answer("No enrollment has ended yet, so nobody has fallen behind for good.")
else:
    lowest = behind.row(0, named=True)
    ended = lowest["completed_count"] + lowest["dropped_count"] + lowest["failed_count"]
    answer(
        f"Students fall behind most in {lowest['title']}: {to_percent(lowest['completion_rate'])} completed "
        f"({to_parts(lowest['completed_count'], ended)} that ended)."
    )
course_id = school.to_id(course)
show_chart(
    dropout_curve(viewer.load(school.dropout_curve, course_id=course_id, cohort_on=cohort_on)), key="programmes_curve"
)
st.subheader("Courses and cohorts")
show_listing(
    viewer,
    school.cohort_listing(cohort_on=cohort_on, search=search, course_id=course_id),
    COHORT_COLUMNS,
    key="programmes",
    noun=("course and cohort", "courses and cohorts"),
    empty=Empty("No course matches these filters.", "Choose another cohort or clear the search."),
    opens=Opens(SCHOOL_COURSE, "course_id", "course"),
)
