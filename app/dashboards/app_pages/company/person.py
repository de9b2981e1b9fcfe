"""One person's whole record, as their company sees it: what they need, hold, do and did."""

import streamlit as st

from app.dashboards.chips import chip_of
from app.dashboards.components import record
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.frame import answer, open_page
from app.dashboards.formats import to_day, to_number, to_parts, to_percent, to_relative_day, to_words
from app.dashboards.navigation import COMPANY_ASSIGNMENTS, COMPANY_PEOPLE, COMPANY_PERSON
from app.dashboards.queries import people

viewer = open_page(COMPANY_PERSON)
person = record.find_person(viewer, "person", COMPANY_PEOPLE)
required = viewer.load(people.required_of, person_id=person.person_id)
certificates = viewer.load(people.certificates_of, person_id=person.person_id, today=viewer.today)

st.page_link(COMPANY_PEOPLE.path, label="All people", icon=":material/arrow_back:")
st.header(person.display_name)
roles = ", ".join(to_words(role) for role in person.roles) or "No role now"
st.caption(f"{roles} · {person.team_name or 'No team'} · member since {to_day(person.member_since)}")

codes = required["status"].to_list()
counted = len(codes) - codes.count("exempted")
open_trainings = required.filter(required["status"].is_in(["overdue", "pending", "in_progress"]))
next_due_on = min((day for day in open_trainings["due_on"] if day is not None), default=None)
if codes.count("overdue"):
    answer(
        f"{chip_of('overdue').markdown} {to_number(codes.count('overdue'))} of {to_number(counted)} required trainings."
    )
elif counted > codes.count("completed"):
    answer(f"{chip_of('in_progress').markdown} Nothing is overdue; {counted - codes.count('completed')} still to do.")
elif counted:
    answer(f"{chip_of('completed').markdown} Everything required is done and in date.")
else:
    answer("Nothing is required of this person.")

states = certificates["state"].to_list()
show_figures(
    [
        Figure(
            "Required and done",
            to_percent(codes.count("completed") / counted) if counted else "–",
            to_parts(codes.count("completed"), counted),
        ),
        Figure("Overdue", to_number(codes.count("overdue")), f"next due {to_relative_day(next_due_on, viewer.today)}"),
        Figure(
            "Valid certificates",
            to_number(states.count("active") + states.count("expiring")),
            f"of {len(states)} on record",
        ),
        Figure(
            "Expiring in 30 days", to_number(states.count("expiring")), f"{to_number(states.count('expired'))} expired"
        ),
    ]
)
st.page_link(
    COMPANY_ASSIGNMENTS.path,
    label="Assign or exempt",
    icon=COMPANY_ASSIGNMENTS.icon,
    query_params={"exempt_person": str(person.person_id)},
)
parts = {
    "Required": record.show_required,
    "Certificates": record.show_certificates,
    "Courses": record.show_enrollments,
    "Attempts": record.show_attempts,
    "Assignments": record.show_assignments,
    "History": record.show_history,
}
part = st.segmented_control(
    "Part of the record", list(parts), default="Required", required=True, key="person_part", bind="query-params"
)
parts[part or "Required"](viewer, person.person_id, key="person")
