"""The forms of a mentor's and a mentee's profile: what others see, agreeing to be shown, pausing and withdrawing."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from zoneinfo import available_timezones

import streamlit as st

from app.dashboards import session
from app.dashboards.components.receipts import write, writer
from app.dashboards.formats import to_day, to_number, to_plural, to_words
from app.dashboards.use_cases import mentoring
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.mentorship.profile_rules import LARGEST_CAPACITY, LONGEST_EXPERIENCE_YEARS, MOST_HOURS_PER_MONTH
from operational_db.mentorship.profiles import About, Offer, Wish
from operational_db.mentorship.views import MenteeProfileView, MentorProfileView
from operational_db.types import EquipmentType, MeetingFormat, MenteeLevel, MentorshipSide, Specialization

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LONGEST_PAUSE_OFFERED = 365


def show_mentor_form(viewer: Viewer, profile: MentorProfileView | None) -> None:
    """What one offers as a mentor, with the track record that is read from what happened."""
    if profile is not None:
        _show_state(viewer, MentorshipSide.MENTOR, profile)
        _show_record(profile)
    with st.form("mentor_profile", border=False):
        specializations = _words(
            "Fields you know", Specialization, profile.specializations if profile else (), key="mentor_fields"
        )
        equipment = _words(
            "Equipment you know well",
            EquipmentType,
            profile.equipment_expertise if profile else (),
            key="mentor_equipment",
        )
        levels = _words(
            "Whom you like to work with",
            MenteeLevel,
            profile.preferred_mentee_levels if profile else (),
            key="mentor_levels",
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            most = st.number_input(
                "Mentees at most",
                min_value=0,
                max_value=LARGEST_CAPACITY,
                value=profile.max_mentees if profile else 1,
                key="mentor_places",
                width=160,
            )
            is_accepting = st.toggle(
                "I accept mentees at present", profile.is_accepting_mentees if profile else True, key="mentor_accepts"
            )
        text = st.text_area(
            "About you",
            profile.about if profile else "",
            max_chars=2000,
            key="mentor_about",
            help="What you like to pass on, and how you work with a mentee.",
        )
        about = _shared_fields(viewer, profile, "mentor", "Show my profile to people who look for a mentor")
        if not st.form_submit_button("Save my mentor profile", type="primary", icon=":material/save:"):
            return
    offer = Offer(specializations, equipment, bool(is_accepting), int(most or 0), levels, text or "")
    engine = session.installation().engine
    write(lambda: mentoring.save_mentor_profile(engine, viewer.principal, about, offer, now=clock.now()))
    st.rerun()


def show_mentee_form(viewer: Viewer, profile: MenteeProfileView | None) -> None:
    """What one looks for in a mentor."""
    if profile is not None:
        _show_state(viewer, MentorshipSide.MENTEE, profile)
    with st.form("mentee_profile", border=False):
        levels = list(MenteeLevel)
        level = st.selectbox(
            "Where you stand",
            levels,
            index=levels.index(profile.current_level) if profile else 0,
            format_func=to_words,
            key="mentee_level",
        )
        interests = _words(
            "Fields you want to learn",
            Specialization,
            profile.specialization_interests if profile else (),
            key="mentee_fields",
        )
        goal = st.text_input("Your goal", profile.career_goal if profile else "", max_chars=500, key="mentee_goal")
        skills = st.text_area(
            "Skills to develop, one a line",
            "\n".join(profile.skills_to_develop) if profile else "",
            key="mentee_skills",
            height=90,
        )
        months = st.number_input(
            "Within how many months",
            min_value=1,
            max_value=60,
            value=(profile.timeline_months if profile else None) or 12,
            key="mentee_months",
            width=220,
        )
        about = _shared_fields(viewer, profile, "mentee", "Let mentors find me and offer themselves")
        if not st.form_submit_button("Save my mentee profile", type="primary", icon=":material/save:"):
            return
    wish = Wish(str(level), goal or "", interests, lines_of(skills), int(months or 0) or None)
    engine = session.installation().engine
    write(lambda: mentoring.save_mentee_profile(engine, viewer.principal, about, wish, now=clock.now()))
    st.rerun()


def lines_of(text: str | None) -> list[str]:
    """The lines of a text that say something."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _words(label: str, codes: type[StrEnum], chosen: Sequence[str], *, key: str) -> list[str]:
    options = [str(code) for code in codes]
    return st.multiselect(
        label, options, default=[code for code in chosen if code in options], format_func=to_words, key=key
    )


def _shared_fields(
    viewer: Viewer, profile: MentorProfileView | MenteeProfileView | None, side: str, consent: str
) -> About:
    """What both profiles hold."""
    years = st.number_input(
        "Years in the trade",
        min_value=0.0,
        max_value=float(LONGEST_EXPERIENCE_YEARS),
        step=0.5,
        format="%.1f",
        value=profile.years_experience if profile else None,
        key=f"{side}_years",
        width=220,
    )
    formats = _words(
        "How you like to talk", MeetingFormat, profile.communication_preferences if profile else (), key=f"{side}_talk"
    )
    hours = st.number_input(
        "Hours a month",
        min_value=1,
        max_value=MOST_HOURS_PER_MONTH,
        value=profile.hours_per_month if profile else None,
        key=f"{side}_hours",
        width=220,
    )
    zones = sorted(available_timezones())
    zone = profile.timezone if profile else viewer.zone.key
    timezone = st.selectbox(
        "Your time zone", zones, index=zones.index(zone) if zone in zones else zones.index("UTC"), key=f"{side}_zone"
    )
    windows = _window_editor(profile.availability if profile else (), side)
    with st.container(horizontal=True):
        city = st.text_input("City", (profile.location_city if profile else None) or "", key=f"{side}_city")
        region = st.text_input(
            "State or region", (profile.location_region if profile else None) or "", key=f"{side}_region"
        )
    with st.container(horizontal=True):
        latitude = st.number_input(
            "Latitude",
            min_value=-90.0,
            max_value=90.0,
            format="%.3f",
            value=profile.latitude if profile else None,
            key=f"{side}_latitude",
            help="Both coordinates or none; roughly is enough. They are used for the distance alone and never shown.",
        )
        longitude = st.number_input(
            "Longitude",
            min_value=-180.0,
            max_value=180.0,
            format="%.3f",
            value=profile.longitude if profile else None,
            key=f"{side}_longitude",
        )
    is_remote = st.toggle(
        "Mentoring from afar is welcome", profile.is_remote_welcome if profile else False, key=f"{side}_remote"
    )
    has_consented = st.checkbox(
        consent,
        value=profile is not None and profile.consented_at is not None,
        key=f"{side}_consent",
        help="Name, city, fields, certificates and what you wrote are shown; coordinates and address never are. "
        "You can take this back at any time.",
    )
    return About(
        years_experience=years,
        communication_preferences=formats,
        hours_per_month=None if hours is None else int(hours),
        availability=windows,
        timezone=timezone,
        location_city=city or None,
        location_region=region or None,
        latitude=latitude,
        longitude=longitude,
        is_remote_welcome=bool(is_remote),
        has_consented=bool(has_consented),
    )


def _window_editor(windows: Sequence[Mapping[str, object]], side: str) -> list[dict[str, object]]:
    """Weekly windows in the chosen zone, as rows that can be added and deleted."""
    st.markdown("**When you have time**")
    st.caption("Each week, in your time zone; a window that ends before it starts runs over midnight.")
    rows: list[dict[str, str | None]] = [
        {"day": WEEKDAYS[int(str(each["weekday"]))], "from": str(each["from"]), "until": str(each["until"])}
        for each in windows
    ]
    edited = st.data_editor(
        rows or [{"day": None, "from": None, "until": None}],
        num_rows="dynamic",
        hide_index=True,
        key=f"{side}_windows",
        column_config={
            "day": st.column_config.SelectboxColumn("Day", options=list(WEEKDAYS)),
            "from": st.column_config.TextColumn("From", help="Hours and minutes: 18:00"),
            "until": st.column_config.TextColumn("Until", help="Hours and minutes: 21:00"),
        },
    )
    return [
        {"weekday": WEEKDAYS.index(day), "from": row["from"] or "", "until": row["until"] or ""}
        for row in edited
        if (day := row.get("day"))
    ]


def _show_state(viewer: Viewer, side: MentorshipSide, profile: MentorProfileView | MenteeProfileView) -> None:
    """Whether the profile is shown, with the way to pause, go on and withdraw."""
    engine, today = session.installation().engine, clock.today()
    is_paused = profile.paused_until is not None and profile.paused_until > today
    if profile.consented_at is None:
        st.info("This profile is shown to nobody: you have not agreed to it below.", icon=":material/visibility_off:")
        return
    if is_paused:
        st.info(f"You pause: shown to nobody until {to_day(profile.paused_until)}.", icon=":material/pause_circle:")
        st.button(
            "End the pause",
            key=f"{side}_resume",
            icon=":material/play_circle:",
            on_click=writer(lambda: mentoring.pause(engine, viewer.principal, side=side, until=None, now=clock.now())),
        )
        return
    with st.popover("Pause or withdraw", icon=":material/pause_circle:"):
        st.date_input(
            "Shown again on",
            today + timedelta(days=30),
            min_value=today + timedelta(days=1),
            max_value=today + timedelta(days=LONGEST_PAUSE_OFFERED),
            format="YYYY-MM-DD",
            key=f"{side}_pause_until",
        )
        st.button(
            "Pause until then",
            key=f"{side}_pause",
            on_click=writer(
                lambda: mentoring.pause(
                    engine,
                    viewer.principal,
                    side=side,
                    until=st.session_state[f"{side}_pause_until"],
                    now=clock.now(),
                )
            ),
        )
        st.button(
            "Withdraw: show me to nobody",
            key=f"{side}_withdraw",
            on_click=writer(lambda: mentoring.withdraw(engine, viewer.principal, side=side, now=clock.now())),
        )


def _show_record(profile: MentorProfileView) -> None:
    """What mentees see of the track record; it is counted, never entered."""
    rating = (
        "no ratings yet" if profile.average_rating is None else f"{to_number(profile.average_rating, 1)} of 5 stars"
    )
    held = ", ".join(profile.certifications) or "no certificate that holds today"
    st.caption(
        f"Also shown, from the records: {to_plural(profile.current_mentee_count, 'mentee')} now, "
        f"{to_plural(profile.total_mentees, 'mentee')} so far, {to_number(profile.successful_completions)} completed, "
        f"{rating}; certificates: {held}."
    )
