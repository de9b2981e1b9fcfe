"""One course of the school: its cohorts, who stays, and its students."""

import streamlit as st

from app.dashboards.charts.school import dropout_curve, outcomes_by_cohort
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import Drill, Figure, show_figures
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.programmes import COHORT_COLUMNS
from app.dashboards.components.tables import Empty, show_listing
from app.dashboards.formats import to_number, to_parts, to_percent
from app.dashboards.navigation import SCHOOL_COURSE, SCHOOL_PROGRAMMES, SCHOOL_STUDENTS
from app.dashboards.queries import school
from app.dashboards.queries.listing import rows

viewer = open_page(SCHOOL_COURSE)
st.page_link(SCHOOL_PROGRAMMES.path, label="All programmes", icon=":material/arrow_back:")
course_id = school.to_id(st.query_params.get("course"))
course = viewer.load(school.course_head, course_id=course_id) if course_id else None
if course is None or course_id is None:
    say_empty("No course with this address is among yours.", "Choose one from the programmes.")
    st.stop()
st.header(course.title)
modules = f"{to_number(course.module_count)} modules" if course.module_count else "no modules on record"
hours = f"{to_number(course.estimated_hours, 1)} h" if course.estimated_hours else "no length on record"
st.caption(f"{course.provider_name} · {modules} · {hours}")

listing = school.cohort_listing(cohort_on=None, course_id=course_id)
cohorts = viewer.load(rows, listing, sort="Latest cohort first").sort("cohort_on")
enrolled, active, completed, dropped, failed = (
    int(cohorts[name].sum())
    for name in ("enrolled_count", "active_count", "completed_count", "dropped_count", "failed_count")
)
ended = completed + dropped + failed
share = completed / ended if ended else None
answer(f"{to_percent(share)} of the enrollments that ended were completed ({to_parts(completed, ended)}).")
students = {"students_course": course.title}
show_figures(
    [
        Figure(
            "Enrolled", to_number(enrolled), "over all cohorts", drill=Drill(SCHOOL_STUDENTS, "Its students", students)
        ),
        Figure(
            "In the course",
            to_number(active),
            f"of {to_number(enrolled)}",
            drill=Drill(SCHOOL_STUDENTS, "Who they are", {**students, "students_state": "In a course now"}),
        ),
        *(
            Figure(
                label,
                to_percent(count / ended if ended else None),
                f"{to_parts(count, ended)} ended",
                drill=Drill(
                    SCHOOL_STUDENTS, f"Who {label.lower()}", {**students, "students_state": f"{label} a course"}
                ),
            )
            for label, count in (("Completed", completed), ("Dropped", dropped), ("Failed", failed))
        ),
    ]
)
show_chart(dropout_curve(viewer.load(school.dropout_curve, course_id=course_id, cohort_on=None)), key="course_curve")
show_chart(outcomes_by_cohort(cohorts), key="course_outcomes")
show_listing(
    viewer,
    listing,
    [column for column in COHORT_COLUMNS if column.name != "title"],
    key="course_cohorts",
    noun=("cohort", "cohorts"),
    empty=Empty("The course has no cohort yet.", "The first enrollment makes one."),
)
