"""School overview: are our students on track?"""

import streamlit as st

from app.dashboards.charts.school import completion_by_course, outcomes_by_cohort
from app.dashboards.components.charts import show_chart
from app.dashboards.components.cohorts import choose_cohort
from app.dashboards.components.figure_evidence import with_evidence
from app.dashboards.components.figures import Drill, Figure, show_figures
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.formats import to_month, to_number, to_parts, to_percent, to_plural
from app.dashboards.navigation import SCHOOL_OVERVIEW, SCHOOL_PROGRAMMES, SCHOOL_STUDENTS, Area
from app.dashboards.queries import school

viewer = open_page(SCHOOL_OVERVIEW)
cohort_on = choose_cohort(viewer, key="school_cohort")
now = viewer.load(school.totals, cohort_on=cohort_on)
if now is None:
    say_empty(
        "Nobody was enrolled in your courses yet.", "Enrollments, or an import of the school's history, fill this page."
    )
    st.stop()
at_risk = viewer.load(school.at_risk_count, as_of=viewer.today, cohort_on=cohort_on)
completed = now.completed_count / now.ended_count if now.ended_count else None
answer(
    f"{to_plural(now.active_count, 'enrollment is', 'enrollments are')} running, {to_number(at_risk)} at risk; "
    f"{to_percent(completed)} of those that ended were completed ({to_parts(now.completed_count, now.ended_count)})."
)


def _students(label: str, state: str) -> Drill:
    of_cohort = {"students_cohort": to_month(cohort_on)} if cohort_on else {}
    return Drill(SCHOOL_STUDENTS, label, {"students_state": state, **of_cohort})


figures = [
    Figure(
        "In a course",
        to_number(now.active_count),
        f"of {to_plural(now.enrolled_count, 'enrollment')} in {to_plural(now.course_count, 'course')}",
        drill=_students("Who is in one", "In a course now"),
    ),
    Figure(
        "At risk",
        to_number(at_risk),
        f"of {to_number(now.active_count)} running",
        drill=_students("Who is at risk", "At risk"),
        help=f"Nothing done in a running course for more than {school.SILENT_DAYS} days.",
    ),
    Figure(
        "Completed",
        to_percent(completed),
        to_parts(now.completed_count, now.ended_count) + " ended",
        drill=_students("Who completed", "Completed a course"),
    ),
    Figure(
        "Dropped or failed",
        to_number(now.dropped_count + now.failed_count),
        f"{to_number(now.dropped_count)} dropped · {to_number(now.failed_count)} failed",
        drill=_students("Who dropped or failed", "Dropped or failed a course"),
    ),
    Figure(
        "Attempts passed",
        to_percent(now.passed_attempt_count / now.attempt_count if now.attempt_count else None),
        f"{to_parts(now.passed_attempt_count, now.attempt_count)} scored",
        drill=Drill(SCHOOL_PROGRAMMES, "By course"),
        help="Scored results; results carried over from an earlier time are left out.",
    ),
]
of_cohort = {"cohort": f"{cohort_on:%Y-%m-%d}"} if cohort_on else {}
show_figures(with_evidence(viewer, figures, area=Area.SCHOOL, address=of_cohort))
show_chart(outcomes_by_cohort(viewer.load(school.cohorts), chosen=cohort_on), key="school_outcomes")
show_chart(completion_by_course(viewer.load(school.courses, cohort_on=cohort_on)), key="school_completion")
