"""One student's record, as their school sees it."""

import streamlit as st

from app.dashboards.components import record
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.frame import answer, open_page
from app.dashboards.formats import to_hours, to_number, to_parts, to_percent, to_plural
from app.dashboards.navigation import SCHOOL_STUDENT, SCHOOL_STUDENTS
from app.dashboards.queries import people

viewer = open_page(SCHOOL_STUDENT)
st.page_link(SCHOOL_STUDENTS.path, label="All students", icon=":material/arrow_back:")
student = record.find_person(viewer, "student", SCHOOL_STUDENTS)
enrollments = viewer.load(people.enrollments_of, person_id=student.person_id)
attempts = viewer.load(people.attempts_of, person_id=student.person_id)
st.header(student.display_name)

codes = enrollments["status"].to_list()
running = codes.count("enrolled") + codes.count("in_progress")
answer(f"{to_plural(running, 'course')} running, {to_number(codes.count('completed'))} completed.")
results = attempts["result"].to_list()
scored = results.count("passed") + results.count("not_passed")
show_figures(
    [
        Figure("Running", to_number(running), f"of {to_plural(len(codes), 'enrollment')}"),
        Figure(
            "Completed",
            to_number(codes.count("completed")),
            f"{to_number(codes.count('failed'))} failed · {to_number(codes.count('dropped'))} dropped",
        ),
        Figure(
            "Attempts passed",
            to_percent(results.count("passed") / scored if scored else None),
            f"{to_parts(results.count('passed'), scored)} scored",
        ),
        Figure("Time spent", to_hours(60 * sum(enrollments["hours"].drop_nulls())), "over all courses"),
    ]
)
parts = {
    "Courses": record.show_enrollments,
    "Attempts": record.show_attempts,
    "Certificates": record.show_certificates,
    "History": record.show_history,
}
part = st.segmented_control(
    "Part of the record", list(parts), default="Courses", required=True, key="student_part", bind="query-params"
)
parts[part or "Courses"](viewer, student.person_id, key="student")
