"""The certification chip beside a risky action, the tip before it, and the panel that leads from policy to runbook."""

from datetime import date
from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.chips import Chip, chip_of
from app.dashboards.formats import to_days_away, to_number, to_plural
from app.dashboards.navigation import MY_LESSON
from app.dashboards.use_cases import gates
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.content.views import FeatureView
from operational_db.errors import DomainError
from operational_db.gates.rules import GateDecision, GateReason
from operational_db.reinforcement.service import Tip
from operational_db.types import GateMode, GateOutcome

# From here on a chip is amber: reminders of scope certifications begin at 14 days, people plan a month ahead.
SOON_DAYS = 30


def certification_chip(decision: GateDecision, today: date) -> Chip:
    """Icon, word, colour and remaining validity of what an action needs of the viewer."""
    if decision.outcome is GateOutcome.DENY:
        is_over = decision.reason in {GateReason.CERTIFICATION_EXPIRED, GateReason.OUTSIDE_WINDOW}
        known = chip_of("expired" if is_over else "missing")
        if decision.mode is GateMode.DRY_RUN and decision.reason is not GateReason.RECORD_UNAVAILABLE:
            return Chip("Training advised", "school", "◔", "orange")
        return Chip("Training expired" if is_over else "Training needed", known.icon, known.glyph, known.color)
    if decision.reason is GateReason.WAIVED:
        return Chip(_until("Waived", decision.valid_until, today), "do_not_disturb_on", "–", "violet")
    if decision.valid_until is not None and (decision.valid_until - today).days < SOON_DAYS:
        return Chip(
            f"Certified, ends {to_days_away((decision.valid_until - today).days)}", "hourglass_bottom", "◔", "orange"
        )
    return Chip(_until("Certified", decision.valid_until, today), "verified_user", "✓", "green")


def show_standing(viewer: Viewer, action: str, doing: str) -> None:
    """The chip beside the control of a risky action, with its policy and runbook to unfold.

    Without the database there is none, and the gate denies.
    """
    try:
        standing = gates.standing(
            session.installation().engine,
            viewer.principal,
            action=action,
            organization_id=viewer.organization_id,
            locale=locale(),
            now=clock.now(),
        )
    except DomainError as error:
        st.caption(error.message)
        return
    st.markdown(f"{certification_chip(standing.decision, clock.today()).markdown} for {doing}")
    if standing.feature is not None:
        show_policy_panel(standing.feature)


def _until(word: str, valid_until: date | None, today: date) -> str:
    if valid_until is None:
        return word
    return f"{word}, {to_plural((valid_until - today).days, 'day')} left"


def locale() -> str | None:
    """The viewer's language, as the browser names it."""
    return st.context.locale


def show_tip(viewer: Viewer, action: str, organization_id: UUID | None, *, key: str) -> None:
    """Two or three bullets before a risky action, once a visit, until put away; impression and dismissal are logged."""
    kept = f"tip_{action}_{organization_id}"
    if kept not in st.session_state:
        try:
            st.session_state[kept] = gates.show_tip(
                session.installation().engine,
                viewer.principal,
                action=action,
                organization_id=organization_id,
                locale=locale(),
                now=clock.now(),
            )
        except DomainError:
            return
    tip: Tip | None = st.session_state[kept]
    if tip is None:
        return
    with st.container(border=True, gap="small"):
        st.markdown(f":material/lightbulb: **{tip.title}**\n\n" + "\n".join(f"- {bullet}" for bullet in tip.bullets))
        with st.container(horizontal=True, gap="small"):
            if tip.lesson is not None:
                link_to_lesson(
                    tip.lesson.id, f"{to_minutes(tip.lesson.minutes)} lesson", action, organization_id, "tip"
                )
            st.button(
                "Do not show again",
                key=f"{key}_tip_away",
                type="tertiary",
                icon=":material/visibility_off:",
                on_click=_put_away,
                args=(viewer, action, organization_id, kept),
            )


def _put_away(viewer: Viewer, action: str, organization_id: UUID | None, kept: str) -> None:
    try:
        gates.put_tip_away(
            session.installation().engine,
            viewer.principal,
            action=action,
            organization_id=organization_id,
            now=clock.now(),
        )
    except DomainError:
        return
    st.session_state[kept] = None


def show_policy_panel(feature: FeatureView) -> None:
    """Why the action is protected (30 to 60 seconds to read), with an example and the runbook's steps."""
    code = f"{feature.policy.code} {feature.policy.version or ''}".strip()
    with st.expander(f"Why: {feature.policy.title} ({feature.reading_seconds} s to read)", icon=":material/policy:"):
        st.markdown(feature.explanation)
        if feature.example:
            st.markdown(f"**Example.** {feature.example}")
        st.caption(f"Policy {code}" + (f" · {feature.policy.summary}" if feature.policy.summary else ""))
    with st.expander(f"View runbook: {feature.runbook.title}", icon=":material/list_alt:"):
        for number, step in enumerate(feature.runbook.steps, 1):
            st.markdown(f"{number}. **{step.title}.** {step.text}")
            if step.walkthrough_lesson_id is not None:
                link_to_lesson(
                    step.walkthrough_lesson_id,
                    step.walkthrough_title or "Walk through it",
                    feature.action,
                    None,
                    "runbook",
                )
        if feature.runbook.url:
            st.link_button("Open the runbook", feature.runbook.url, icon=":material/open_in_new:")


def link_to_lesson(lesson_id: UUID, label: str, action: str | None, organization_id: UUID | None, trigger: str) -> None:
    """A link that opens the lesson and comes back to what it was needed for."""
    address = {"lesson": str(lesson_id), "trigger": trigger}
    if action:
        address["for"] = action
    if organization_id is not None:
        address["in"] = str(organization_id)
    st.page_link(MY_LESSON.path, label=label, icon=":material/school:", query_params=address)


def to_minutes(minutes: object) -> str:
    """Minutes of a lesson: "4.5 min"."""
    return f"{to_number(float(str(minutes)), 1).removesuffix('.0')} min"
