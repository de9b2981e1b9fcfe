"""The mentoring programme of a company or a school: figures, funnel, what people say, mentors' load, the list."""

import streamlit as st

from app.dashboards.charts.mentoring import ratings_by_month, requests_by_month
from app.dashboards.components.charts import show_chart
from app.dashboards.components.cohort import show_cohort
from app.dashboards.components.figures import Drill, Figure, show_figures
from app.dashboards.components.filters import choose, search_box
from app.dashboards.components.frame import answer, say_empty
from app.dashboards.components.model_card import show_card
from app.dashboards.components.receipts import show_receipts
from app.dashboards.components.tables import Column, Empty, show_listing
from app.dashboards.formats import to_number, to_parts, to_percent, to_plural
from app.dashboards.queries import mentoring
from app.dashboards.queries.mentoring import Totals
from app.dashboards.viewer import Viewer
from operational_db.identity.rules import Permission
from operational_db.types import LearnedModelKind

PROGRAMME, COHORT, MATCH = "Programme", "Match a cohort", "How matches are made"


def show_mentoring(viewer: Viewer) -> None:
    """The page of a company or school: the programme's figures, a cohort's assignment, how matches are made."""
    if not viewer.principal.can(Permission.VIEW_MENTORING, viewer.organization_id):
        say_empty("Mentoring is looked after by the organization's managers.", "Ask one of them how it goes.")
        return
    now = viewer.load(mentoring.totals, today=viewer.today)
    answer(programme_answer(now))
    show_receipts(viewer)
    parts = [PROGRAMME, MATCH]
    if viewer.principal.can(Permission.MANAGE_MENTORING, viewer.organization_id):
        parts.insert(1, COHORT)
    part = st.segmented_control(
        "What to show", parts, default=PROGRAMME, required=True, key="mentoring_part", bind="query-params"
    )
    if part == COHORT:
        show_cohort(viewer)
    elif part == MATCH:
        show_card(viewer, LearnedModelKind.MENTOR_MATCHING)
    else:
        show_programme(viewer, now)


def programme_answer(now: Totals) -> str:
    """How many are in a mentorship, and how those that ended went."""
    if not now.requested_count:
        return "Nobody here has asked for a mentor yet."
    ended = now.year_ended_count
    went = (
        f"{to_percent(now.year_completed_count / ended)} of those that ended in a year were completed "
        f"({to_parts(now.year_completed_count, ended)})"
        if ended
        else "none ended in the last year"
    )
    return f"{to_plural(now.active_count, 'mentorship is', 'mentorships are')} running; {went}."


def show_programme(viewer: Viewer, now: Totals) -> None:
    """Everything the figures say of the programme."""
    if not now.requested_count:
        say_empty(
            "There is no mentorship of your people yet.",
            "They find mentors under “Find a mentor”; you can match a cohort yourself in the next part of this page.",
        )
        return
    accepted = now.year_accepted_count / now.year_answered_count if now.year_answered_count else None

    def listed(state: str, label: str = "Which") -> Drill:
        return Drill(None, label, {"mentorships_state": state})

    show_figures(
        [
            Figure(
                "Running",
                to_number(now.active_count),
                f"of {to_plural(now.requested_count, 'request')} so far",
                drill=listed("Running"),
            ),
            Figure(
                "Waiting",
                to_number(now.pending_count),
                "requests without an answer",
                drill=listed("Waiting for an answer"),
                help="A request without an answer expires after 14 days.",
            ),
            Figure(
                "Accepted",
                to_percent(accepted),
                f"{to_parts(now.year_accepted_count, now.year_answered_count)} answered in a year",
                drill=listed("Declined or unanswered", "Which were not"),
            ),
            Figure(
                "Completed",
                to_number(now.completed_count),
                f"{to_number(now.ended_early_count)} ended early",
                drill=listed("Ended early", "Which ended early"),
            ),
        ]
    )
    months = viewer.load(mentoring.funnel, today=viewer.today)
    show_chart(requests_by_month(months), key="mentoring_requests")
    shown = int(months["shown_count"].sum()) if months.height else 0
    if shown:
        asked = int(months["requested_count"].sum())
        st.caption(f"Lists of mentors were shown {to_plural(shown, 'time')}; {to_plural(asked, 'request')} followed.")
    show_chart(ratings_by_month(viewer.load(mentoring.satisfaction, today=viewer.today)), key="mentoring_ratings")
    _show_load(viewer)
    _show_list(viewer)


def _show_load(viewer: Viewer) -> None:
    st.subheader("Who carries it")
    st.caption("Mentors of your organization. A mentor who is full is not shown to anybody until a place is free.")
    show_listing(
        viewer,
        mentoring.loads(),
        [
            Column("mentor_name", "Mentor"),
            Column("active_count", "Mentees now", "number"),
            Column("capacity", "Places", "number"),
            Column("request_count_90d", "Asked in 90 days", "number"),
        ],
        key="mentor_load",
        noun=("mentor", "mentors"),
        empty=Empty("None of your people mentors yet.", "They offer it in their mentoring profile."),
    )


def _show_list(viewer: Viewer) -> None:
    st.subheader("Mentorships")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        state = choose("State", list(mentoring.STATES), key="mentorships_state")
        search = search_box("Search by name", key="mentorships_search")
    show_listing(
        viewer,
        mentoring.mentorships(state=state, search=search),
        [
            Column("mentee_name", "Mentee"),
            Column("mentor_name", "Mentor"),
            Column("status", "State", "status"),
            Column("mentorship_type", "Kind", "words"),
            Column("requested_on", "Asked", "date"),
            Column("session_count", "Sessions", "number"),
            Column("session_hours", "Hours", "decimal"),
            Column("ended_on", "Ended", "date"),
            Column("reason", "Reason", "words"),
        ],
        key="mentorships",
        noun=("mentorship", "mentorships"),
        empty=Empty("No mentorship is in this state.", "Choose another state, or clear the search."),
    )
    st.caption("What the two talk about, their notes and comments stay with them.")
