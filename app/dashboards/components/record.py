"""The parts of one person's record that company, school and own pages share; each part is a table with its download."""

from uuid import UUID

import streamlit as st

from app.dashboards.components.frame import say_empty
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.navigation import PageEntry
from app.dashboards.queries import people
from app.dashboards.queries.people import PersonHead
from app.dashboards.viewer import Viewer

REQUIRED = (
    Column("title", "Training"),
    Column("status", "Status", "status"),
    Column("due_on", "Due", "date"),
    Column("completed_on", "Completed", "date"),
    Column("valid_until", "Valid until", "date"),
    Column("category", "Category", "words"),
    Column("source", "Required by", "words"),
)
CERTIFICATES = (
    Column("name", "Certificate"),
    Column("state", "State", "status"),
    Column("expires_on", "Valid until", "date"),
    Column("issued_on", "Issued", "date"),
    Column("is_verified", "Verified", "flag"),
    Column("issuing_organization", "Issued by"),
    Column("earned_through", "Earned through", "words"),
)
ENROLLMENTS = (
    Column("title", "Course"),
    Column("status", "Status", "status"),
    Column("enrolled_on", "Enrolled", "date"),
    Column("ended_on", "Ended", "date"),
    Column("completed_module_count", "Modules done", "number"),
    Column("module_count", "Modules", "number"),
    Column("best_score", "Best score", "decimal"),
    Column("hours", "Hours", "decimal"),
    Column("cycle_number", "Time taken", "number"),
)
ATTEMPTS = (
    Column("title", "Course"),
    Column("result", "Result", "status"),
    Column("score", "Score", "decimal"),
    Column("attempt_number", "Attempt", "number"),
    Column("submitted_at", "Handed in", "time"),
    Column("is_banked", "Carried over", "flag"),
)
ASSIGNMENTS = (
    Column("title", "Course"),
    Column("status", "Status", "status"),
    Column("due_on", "Due", "date"),
    Column("assigned_at", "Assigned", "time"),
    Column("completed_at", "Completed", "time"),
    Column("is_mandatory", "Mandatory", "flag"),
)
HISTORY = (
    Column("happened_on", "Day", "date"),
    Column("what", "What happened"),
    Column("leaf_index", "Ledger entry", "number", help="Number of the entry in the ledger that says so"),
)


def find_person(viewer: Viewer, parameter: str, back: PageEntry) -> PersonHead:
    """The person the address names; explains itself and stops when there is none in sight."""
    try:
        person_id = UUID(str(st.query_params.get(parameter, "")))
    except ValueError:
        person_id = None
    found = viewer.load(people.person_head, person_id=person_id) if person_id else None
    if found is None:
        say_empty(
            "No person with this address is among the records you may see.",
            "Choose somebody from the list; people who joined after these figures appear with the next update.",
        )
        st.page_link(back.path, label=f"To {back.title.lower()}", icon=back.icon)
        st.stop()
    return found


def show_required(viewer: Viewer, person_id: UUID, *, key: str) -> None:
    frame = viewer.load(people.required_of, person_id=person_id)
    empty = Empty("Nothing is required.", "Requirements of the organization and mandatory assignments appear here.")
    show_frame(viewer, frame, REQUIRED, key=f"{key}_required", alt="Required trainings", empty=empty)


def show_certificates(viewer: Viewer, person_id: UUID, *, key: str) -> None:
    frame = viewer.load(people.certificates_of, person_id=person_id, today=viewer.today)
    empty = Empty("No certificate is held.", "Finishing a course that leads to one, or an import, adds it.")
    show_frame(viewer, frame, CERTIFICATES, key=f"{key}_certificates", alt="Certificates", empty=empty)


def show_enrollments(viewer: Viewer, person_id: UUID, *, key: str) -> None:
    frame = viewer.load(people.enrollments_of, person_id=person_id)
    empty = Empty("No course was taken.", "Enrolling in one adds it.")
    show_frame(viewer, frame, ENROLLMENTS, key=f"{key}_enrollments", alt="Enrollments", empty=empty)


def show_attempts(viewer: Viewer, person_id: UUID, *, key: str) -> None:
    frame = viewer.load(people.attempts_of, person_id=person_id)
    empty = Empty("Nothing was handed in.", "Graded attempts at quizzes, exams and practicals appear here.")
    show_frame(viewer, frame, ATTEMPTS, key=f"{key}_attempts", alt="Attempts", empty=empty)


def show_assignments(viewer: Viewer, person_id: UUID, *, key: str) -> None:
    frame = viewer.load(people.assignments_of, person_id=person_id)
    empty = Empty("Nothing was assigned.", "Training that a manager assigns appears here.")
    show_frame(viewer, frame, ASSIGNMENTS, key=f"{key}_assignments", alt="Assignments", empty=empty)


def show_history(viewer: Viewer, person_id: UUID, *, key: str) -> None:
    frame = viewer.load(people.history_of, person_id=person_id)
    empty = Empty("Nothing has happened yet.", "Memberships, courses, attempts and certificates appear here.")
    show_frame(viewer, frame, HISTORY, key=f"{key}_history", alt="History", empty=empty)
