"""Finding a mentor, or a mentee: ranked people, each with why, and the form that asks."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl
import streamlit as st
from sqlalchemy import Engine

from app.dashboards import session
from app.dashboards.actions import Receipt
from app.dashboards.components.frame import say_empty
from app.dashboards.components.mentoring_profile import lines_of
from app.dashboards.components.receipts import write, writer
from app.dashboards.formats import to_number, to_percent, to_plural, to_words
from app.dashboards.navigation import MY_MENTORING_PROFILE
from app.dashboards.use_cases import mentoring
from app.dashboards.use_cases.mentoring import Ask
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.types import MentorshipType

if TYPE_CHECKING:
    from app.learned.mentors import Match, MenteeList, MenteeRow, MentorList, MentorRow, Served

FIRST_SHOWN = 5
REASONS_OUTSIDE = 2


def mentors_answer(found: "MentorList") -> str:
    """Who suits best."""
    if not found.rows:
        return "No mentor can be shown to you at present."
    best = found.rows[0]
    return f"{best.name} suits you best: {to_number(best.match.score)} of 100 points."


def show_served(served: "Served") -> None:
    """Whether the learned match or the written formula ranks, and why."""
    if served.notice:
        look = st.warning if served.is_damaged else st.caption
        look(served.notice)
        return
    st.caption(
        f"Ranked by the learned match, version {served.version}: the chance that you would ask, that the request is "
        "accepted and that it ends well. It started at the written weights and moved with what happened; its card is "
        "in the programme of your organization."
    )


def show_mentors(viewer: Viewer, found: "MentorList") -> None:
    """The list, the best first; further ones folded."""
    show_served(found.served)
    if not found.rows:
        say_empty(
            "Nobody who could be shown has a free place.",
            "Welcome mentoring from afar or name more fields in your profile, or look again in some days.",
        )
        return
    st.caption(f"{to_plural(len(found.rows), 'mentor')} of {to_number(found.candidate_count)} who could be shown.")
    for row in found.rows[:FIRST_SHOWN]:
        _show_mentor(viewer, row, found.showing_id)
    if len(found.rows) > FIRST_SHOWN:
        with st.expander(f"{to_plural(len(found.rows) - FIRST_SHOWN, 'more mentor')}", icon=":material/group:"):
            for row in found.rows[FIRST_SHOWN:]:
                _show_mentor(viewer, row, found.showing_id)


def _show_mentor(viewer: Viewer, row: "MentorRow", showing_id: UUID | None) -> None:
    engine = session.installation().engine
    with st.container(border=True):
        _head(row.match, row.name, row.city, row.region, row.organization_name)
        record = [
            to_plural(round(row.years_experience), "year") + " in the trade" if row.years_experience else "",
            f"{to_number(row.completed_count)} completed" if row.completed_count else "new as a mentor",
            f"{to_number(row.average_rating, 1)} of 5 stars" if row.average_rating else "",
            to_plural(row.places_left, "free place"),
            "also from afar" if row.is_remote_welcome else "in person",
        ]
        st.markdown(" · ".join(part for part in record if part))
        st.caption(", ".join(to_words(each) for each in row.specializations))
        if row.about:
            st.markdown(row.about)
        _why(row.match)

        def ask(wish: Ask) -> Receipt:
            return mentoring.ask_mentor(
                engine,
                viewer.principal,
                wish,
                mentor_id=row.mentor_id,
                name=row.name,
                showing_id=showing_id,
                now=clock.now(),
            )

        with st.container(horizontal=True):
            _ask_form(f"Ask {row.name}", str(row.mentor_id), ask)
            st.button(
                f"Not for me: {row.name}",
                key=f"dismiss_{row.mentor_id}",
                type="tertiary",
                icon=":material/visibility_off:",
                help=f"{row.name} is not shown to you again; this can be taken back.",
                on_click=writer(
                    lambda: mentoring.dismiss(
                        engine, viewer.principal, mentor_id=row.mentor_id, name=row.name, now=clock.now()
                    )
                ),
            )


def show_mentees(viewer: Viewer, found: "MenteeList") -> None:
    """People who look for a mentor and agreed to be found, whom the viewer would suit best."""
    show_served(found.served)
    if not found.rows:
        say_empty("Nobody who looks for a mentor can be shown to you now.", "Look again in some days.")
        return
    st.caption(f"{to_plural(len(found.rows), 'mentee')} of {to_number(found.candidate_count)} who could be shown.")
    for row in found.rows[:FIRST_SHOWN]:
        _show_mentee(viewer, row)
    if len(found.rows) > FIRST_SHOWN:
        with st.expander(f"{to_plural(len(found.rows) - FIRST_SHOWN, 'more mentee')}", icon=":material/group:"):
            for row in found.rows[FIRST_SHOWN:]:
                _show_mentee(viewer, row)


def _show_mentee(viewer: Viewer, row: "MenteeRow") -> None:
    engine = session.installation().engine
    with st.container(border=True):
        _head(row.match, row.name, row.city, row.region, row.organization_name)
        wants = ", ".join(to_words(each) for each in row.specialization_interests)
        st.markdown(f"{to_words(row.current_level)} · wants {wants or 'any field'}")
        if row.career_goal:
            st.caption(f"Goal: {row.career_goal}")
        _why(row.match)

        def offer(wish: Ask) -> Receipt:
            return mentoring.offer_to(
                engine, viewer.principal, wish, mentee_id=row.mentee_id, name=row.name, now=clock.now()
            )

        _ask_form(f"Offer to {row.name}", str(row.mentee_id), offer)


def _head(match: "Match", name: str, *places: str | None) -> None:
    where = ", ".join(place for place in places if place)
    st.markdown(f"##### {match.rank}. {name} · {to_number(match.score)} of 100")
    if where:
        st.caption(where)
    if match.is_explored:
        st.badge("Shown to learn more about", icon=":material/explore:", color="gray")


def _why(match: "Match") -> None:
    """In words, and in points that add up; the two reasons that weigh most stand outside."""
    heaviest = sorted(match.reasons, key=lambda reason: reason.points, reverse=True)[:REASONS_OUTSIDE]
    st.markdown(" · ".join(f"**{reason.title}:** {reason.sentence}" for reason in heaviest))
    with st.expander("Why", icon=":material/help:"):
        if match.chance is not None and match.chance_asks is not None and match.chance_succeeds is not None:
            st.markdown(
                f"Chance that you ask: {to_percent(match.chance_asks)}; that it is then accepted, completed and well "
                f"rated: {to_percent(match.chance_succeeds)}. By the written formula: "
                f"{to_number(match.formula_score)} of 100."
            )
        frame = pl.DataFrame(
            {
                "Why": [f"{reason.title}: {reason.sentence}" for reason in match.reasons],
                "Points": [f"{reason.points:.1f}" for reason in match.reasons],
            }
        )
        st.table(frame)
        st.caption(f"The points add up to {match.score:.1f}.")


def _ask_form(label: str, key: str, act: Callable[[Ask], Receipt]) -> None:
    with st.popover(label, icon=":material/send:", type="primary"):
        st.selectbox("Kind", list(MentorshipType), format_func=to_words, key=f"kind_{key}")
        st.text_area("Goals, one a line", key=f"goals_{key}", height=80)
        st.number_input("Months", min_value=1, max_value=60, value=6, key=f"months_{key}")
        st.text_area("Message", key=f"message_{key}", max_chars=2000, height=100)
        st.button("Send", key=f"send_{key}", type="primary", on_click=_send, args=(key, act))


def _send(key: str, act: Callable[[Ask], Receipt]) -> None:
    """As the fields stand when the button is pressed: the last one may have been left only by pressing it."""
    state = st.session_state
    wish = Ask(
        state[f"kind_{key}"],
        lines_of(state[f"goals_{key}"]),
        int(state[f"months_{key}"] or 6),
        state[f"message_{key}"] or "",
    )
    write(lambda: act(wish))


def show_dismissed(viewer: Viewer, dismissed: Sequence[mentoring.Dismissed]) -> None:
    """Whom the viewer does not want to be shown, with the way back."""
    if not dismissed:
        return
    engine = session.installation().engine
    with st.expander(f"{to_plural(len(dismissed), 'mentor')} you do not want to see", icon=":material/visibility_off:"):
        for each in dismissed:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(each.name, width="content")
                st.button(
                    f"Show {each.name} again",
                    key=f"again_{each.mentor_id}",
                    type="tertiary",
                    help=f"{each.name} may be shown to you again",
                    on_click=_show_again,
                    args=(viewer, each, engine),
                )


def _show_again(viewer: Viewer, each: mentoring.Dismissed, engine: Engine) -> None:
    writer(
        lambda: mentoring.show_again(
            engine, viewer.principal, mentor_id=each.mentor_id, name=each.name, now=clock.now()
        )
    )()


def say_profile_missing(message: str) -> None:
    """There is nothing to rank by yet."""
    say_empty(message, "It takes two minutes.")
    st.page_link(MY_MENTORING_PROFILE.path, label="Fill in my profile", icon=MY_MENTORING_PROFILE.icon)
