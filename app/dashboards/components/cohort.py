"""Matching a cohort: the ways to assign an organization's mentees to its mentors beside each other, and the choice."""

from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.frame import say_empty
from app.dashboards.components.mentor_search import show_served
from app.dashboards.components.receipts import write, writer
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.formats import to_number, to_parts, to_percent, to_plural, to_words
from app.dashboards.use_cases import mentoring
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.types import MentoringReach

if TYPE_CHECKING:
    from app.learned.mentors import CohortComparison

REACHES = {
    MentoringReach.EVERYONE: "With anybody on the platform",
    MentoringReach.OWN_PEOPLE: "With people of this organization only",
    MentoringReach.NOBODY: "With nobody",
}
METHODS = (
    Column("method", "Way", "words"),
    Column("matched", "Matched", "number"),
    Column("share_of_best", "Value, of the most possible", "percent", help="The scores of all pairs added up"),
    Column("lowest_value", "Lowest score", "decimal", help="What the least served matched mentee gets"),
    Column("blocking_pairs", "Would rather swap", "number", help="Pairs who would both rather have each other"),
    Column("busiest_load", "Most for one mentor", "number"),
    Column("idle_mentors", "Mentors without a mentee", "number"),
    Column("spread", "Unevenness", "decimal", help="Gini coefficient of mentees per place: 0 is even"),
    Column("description", "What it does"),
)


def show_cohort(viewer: Viewer) -> None:
    """Everything a manager chooses by, and the button that makes the requests."""
    organization_id, context = viewer.organization_id, session.installation()
    if organization_id is None:
        say_empty("A cohort belongs to one organization.", "Choose one first.")
        return
    try:
        reach = mentoring.reach_of(context.engine, viewer.principal, organization_id=organization_id)
        with st.spinner("Comparing the ways to assign …"):
            found = mentoring.compare_cohort(
                context.engine,
                context.settings,
                viewer.principal,
                organization_id=organization_id,
                now=clock.now(),
            )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    show_served(found.served)
    st.markdown(
        f"{to_plural(found.mentee_count, 'person looks', 'people look')} for a mentor; "
        f"{to_plural(found.mentor_count, 'mentor has', 'mentors have')} {to_plural(found.place_count, 'free place')}."
    )
    if not found.mentee_count or not found.place_count:
        say_empty(
            "There is nobody to match." if not found.mentee_count else "No mentor of yours has a free place.",
            "People take part by filling in their mentoring profile and agreeing to be shown.",
        )
    else:
        _show_comparison(viewer, found, organization_id)
    _show_reach(viewer, organization_id, reach)


def _show_comparison(viewer: Viewer, found: "CohortComparison", organization_id: UUID) -> None:
    show_frame(
        viewer,
        found.methods,
        METHODS,
        key="cohort_methods",
        alt="Ways to assign the cohort",
        empty=Empty("Nothing can be compared.", "Somebody has to look for a mentor first."),
    )
    names = [row["method"] for row in found.methods.iter_rows(named=True)]
    method = st.segmented_control(
        "Which way",
        names,
        default=names[1] if len(names) > 1 else names[0],
        format_func=to_words,
        required=True,
        key="cohort_method",
    )
    pairs = found.pairs[str(method)]
    nobody = found.unmatched[str(method)]
    st.markdown(
        f"**{to_parts(len(pairs), found.mentee_count)} get a mentor**"
        + (f"; nobody for {', '.join(nobody[:5])}{' and others' if len(nobody) > 5 else ''}." if nobody else ".")
    )
    frame = pl.DataFrame(
        {
            "mentee": [pair.mentee_name for pair in pairs],
            "mentor": [pair.mentor_name for pair in pairs],
            "score": [pair.score for pair in pairs],
        },
        schema={"mentee": pl.String, "mentor": pl.String, "score": pl.Float64},
    )
    show_frame(
        viewer,
        frame,
        (Column("mentee", "Mentee"), Column("mentor", "Mentor"), Column("score", "Score of 100", "decimal")),
        key="cohort_pairs",
        alt="Pairs of the chosen way",
        empty=Empty("This way matches nobody.", "Choose another way."),
    )
    labels = {f"{pair.mentee_name} with {pair.mentor_name}": pair.mentee_id for pair in pairs}
    left_out = st.multiselect("Leave out", list(labels), key="cohort_left_out")
    st.number_input("Months", min_value=1, max_value=60, value=6, key="cohort_months", width=160)
    context, chosen = session.installation(), len(pairs) - len(left_out)
    st.button(
        f"Propose {to_plural(chosen, 'pair')}",
        key="cohort_propose",
        type="primary",
        icon=":material/send:",
        disabled=not chosen,
        help="Each mentor gets a request on the mentee's behalf and answers it; the mentee can take it back.",
        on_click=writer(
            lambda: mentoring.propose_cohort(
                context.engine,
                context.settings,
                viewer.principal,
                organization_id=organization_id,
                method=str(method),
                leave_out=[labels[label] for label in st.session_state["cohort_left_out"]],
                duration_months=int(st.session_state["cohort_months"] or 6),
                now=clock.now(),
            )
        ),
    )
    share = found.methods.filter(pl.col("method") == str(method))["share_of_best"].item()
    st.caption(
        f"This way reaches {to_percent(share)} of the value that is possible; "
        f"{to_number(found.methods.filter(pl.col('method') == str(method))['blocking_pairs'].item())} pairs would "
        "rather have each other."
    )


def _show_reach(viewer: Viewer, organization_id: UUID, reach: MentoringReach) -> None:
    engine = session.installation().engine
    with st.expander("With whom your people may be matched", icon=":material/share_reviews:"):
        options = list(REACHES)
        wanted = st.radio(
            "They may be matched", options, index=options.index(reach), format_func=REACHES.get, key="mentoring_reach"
        )
        if st.button("Save", key="save_reach", disabled=wanted is reach):
            write(
                lambda: mentoring.set_reach(
                    engine,
                    viewer.principal,
                    organization_id=organization_id,
                    reach=MentoringReach(wanted),
                    now=clock.now(),
                )
            )
            st.rerun()
