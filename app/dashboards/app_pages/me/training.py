"""My training: what must I do next? Everything here is the viewer's own record."""

import polars as pl
import streamlit as st

from app.dashboards.components import record
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.recommended import show_recommended
from app.dashboards.components.waiting import find_waiting, next_lesson, show_waiting
from app.dashboards.formats import to_number, to_parts, to_percent, to_plural, to_relative_day
from app.dashboards.navigation import MY_TRAINING
from app.dashboards.queries import people

viewer = open_page(MY_TRAINING)
me = viewer.principal.person_id
required = viewer.load(people.required_of, person_id=me)
enrollments = viewer.load(people.enrollments_of, person_id=me)
todo = required.filter(pl.col("status").is_in(["overdue", "pending", "in_progress"]))
waiting = find_waiting(viewer)
lesson = next_lesson(waiting)
if todo.is_empty():
    answer(f"Next: {lesson}." if lesson else "Nothing required is open.")
else:
    first = todo.row(0, named=True)
    answer(f"Next: {first['title']}, due {to_relative_day(first['due_on'], viewer.today)}.")
show_receipts(viewer)
show_waiting(viewer, waiting)
codes = required["status"].to_list()
counted = len(codes) - codes.count("exempted")
running = enrollments.filter(pl.col("status").is_in(["enrolled", "in_progress"])).height
show_figures(
    [
        Figure(
            "Required and done",
            to_percent(codes.count("completed") / counted) if counted else "–",
            to_parts(codes.count("completed"), counted),
        ),
        Figure("Overdue", to_number(codes.count("overdue")), f"{to_number(todo.height)} open"),
        Figure("Courses running", to_number(running), f"of {to_plural(enrollments.height, 'enrollment')}"),
    ]
)
parts = {
    "Required": record.show_required,
    "Assigned": record.show_assignments,
    "Courses": record.show_enrollments,
    "Attempts": record.show_attempts,
}
part = st.segmented_control(
    "What to show", list(parts), default="Required", required=True, key="training_part", bind="query-params"
)
parts[part or "Required"](viewer, me, key="training")
show_recommended(viewer)
