"""Content: is what we teach ready and up to date? Lessons by state, reviews that wait, what a policy change flagged."""

import streamlit as st

from app.dashboards.charts.security import versions_by_state
from app.dashboards.components.charts import show_chart
from app.dashboards.components.content import show_workbench
from app.dashboards.components.figures import show_figures
from app.dashboards.components.filters import choose, search_box
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.security import content_figures
from app.dashboards.components.tables import Column, Empty, Opens, show_frame, show_listing
from app.dashboards.formats import to_number, to_plural
from app.dashboards.navigation import CONTENT_DRAFT, CONTENT_LESSONS, CONTENT_VERSION
from app.dashboards.queries import content
from operational_db.identity.rules import Permission

viewer = open_page(CONTENT_LESSONS)
counts = viewer.load(content.counts)
answer(
    f"{to_plural(counts.flagged_count, 'lesson teaches', 'lessons teach')} a policy that has changed, "
    f"{to_number(counts.refresh_due_count)} are due for a refresh, {to_number(counts.open_review_count)} "
    f"{'review waits' if counts.open_review_count == 1 else 'reviews wait'}."
)
show_receipts(viewer)
if viewer.principal.can(Permission.AUTHOR_LESSONS, viewer.organization_id):
    st.page_link(CONTENT_DRAFT.path, label="Draft a new lesson", icon=CONTENT_DRAFT.icon)
if counts.lesson_count:
    show_figures(content_figures(counts))
else:
    say_empty("No lesson is among the figures yet.", "SiteSync's own lessons appear with the next update.")
show_workbench(viewer)
if not counts.lesson_count:
    st.stop()
show_chart(versions_by_state(viewer.load(content.by_state)), key="content_chart")
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    state = choose("State", list(content.STATES), key="content_state")
    search = search_box("Search by title or code", key="content_search")
show_listing(
    viewer,
    content.listing(state=state, search=search),
    [
        Column("title", "Lesson"),
        Column("status", "State", "status"),
        Column("is_flagged", "Policy changed", "flag"),
        Column("is_refresh_due", "Refresh due", "flag"),
        Column("open_review_count", "Open reviews", "number"),
        Column("refresh_due_on", "Refresh by", "date"),
        Column("lesson_type", "Type", "words"),
        Column("lesson_version", "Version"),
        Column("code", "Code"),
        Column("owner", "Owner"),
        Column("published_on", "Published", "date"),
    ],
    key="content",
    noun=("version", "versions"),
    empty=Empty("No version matches.", "Choose another state or clear the search."),
    opens=Opens(CONTENT_VERSION, "lesson_version_id", "version", "version"),
)
st.subheader("What refreshers after near-misses changed")
st.caption(
    "Everybody here had repeated near-misses. Compared is who passed the refresher within two weeks with who did not, "
    "by another near-miss in the thirty days after; each person once. Nobody was chosen by chance, and few people say "
    "little."
)
show_frame(
    viewer,
    viewer.load(content.near_miss_effect),
    [
        Column("action", "Action"),
        Column("title", "Lesson"),
        Column("scheduled_count", "Scheduled", "number"),
        Column("passed_count", "Passed", "number"),
        Column("taken_count", "People who passed in two weeks", "number"),
        Column("taken_without_next_share", "of them without another", "percent"),
        Column("left_count", "People who did not", "number"),
        Column("left_without_next_share", "of these without another", "percent"),
    ],
    key="content_effect",
    alt="People without another near-miss, by whether they passed the refresher in time",
    empty=Empty("No refresher was scheduled yet.", "Repeated near-misses of other products schedule them."),
)
st.subheader("Tips before risky actions")
show_frame(
    viewer,
    viewer.load(content.tips),
    [
        Column("action", "Action"),
        Column("shown_count", "Shown", "number"),
        Column("dismissed_count", "Put away", "number"),
    ],
    key="content_tips",
    alt="Tips shown and put away, by action",
    empty=Empty("No tip was shown yet.", "Opening a protected feature shows its tip."),
)
