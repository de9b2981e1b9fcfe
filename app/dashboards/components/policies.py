"""Policies on a page: those in effect, the lessons that teach one, and a new version with its effect seen first."""

from collections.abc import Sequence
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.changes import policy_label, show_policy_effect
from app.dashboards.components.frame import answer, say_empty
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.formats import to_plural
from app.dashboards.use_cases import authoring
from app.dashboards.use_cases.authoring import PolicyLine
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.content.views import PolicyView
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission


def show_policies(viewer: Viewer) -> None:
    """The policies the organization goes by, and what may be done with them."""
    engine = session.installation().engine
    try:
        found = authoring.material(
            engine, viewer.principal, organization_id=viewer.organization_id, on=clock.today()
        ).policies
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    own = sum(not _is_platforms(line.policy) for line in found)
    answer(f"{to_plural(len(found), 'policy holds', 'policies hold')} here; {own} of your own.")
    _show_table(viewer, found)
    mine = [line for line in found if _may_change(viewer, line.policy)]
    if not viewer.principal.can(Permission.CHANGE_POLICIES, viewer.organization_id):
        st.caption("Your role may look, but not change policies. Ask a manager of the organization.")
        return
    if mine:
        _show_publishing(viewer, mine)
    else:
        say_empty("You have no policy of your own yet.", "Register one below; SiteSync's own are SiteSync's to change.")
    _show_registration(viewer)


def _is_platforms(policy: PolicyView) -> bool:
    return policy.organization_id is None


def _may_change(viewer: Viewer, policy: PolicyView) -> bool:
    if policy.organization_id is None:
        return viewer.principal.is_unrestricted
    return viewer.principal.can(Permission.CHANGE_POLICIES, policy.organization_id)


def _show_table(viewer: Viewer, found: Sequence[PolicyLine]) -> None:
    frame = pl.DataFrame(
        {
            "code": [line.policy.code for line in found],
            "title": [line.policy.title for line in found],
            "version": [line.policy.version for line in found],
            "effective_on": [line.policy.effective_on for line in found],
            "newest": [line.newest for line in found],
            "is_critical": [line.policy.is_critical for line in found],
            "owner": ["SiteSync" if _is_platforms(line.policy) else "Yours" for line in found],
            "summary": [line.policy.summary for line in found],
        },
        schema_overrides={
            "version": pl.String,
            "newest": pl.String,
            "summary": pl.String,
            "effective_on": pl.Date,
            "is_critical": pl.Boolean,
        },
    )
    show_frame(
        viewer,
        frame,
        [
            Column("code", "Policy"),
            Column("title", "Title"),
            Column("version", "In effect"),
            Column("effective_on", "Since", "date"),
            Column("newest", "Newest", help="Takes effect later when it differs"),
            Column("is_critical", "Critical", "flag"),
            Column("owner", "Owner"),
            Column("summary", "Says"),
        ],
        key="policies",
        alt="Policies in effect",
        empty=Empty("There is no policy yet.", "Register one below."),
    )


def _show_publishing(viewer: Viewer, found: Sequence[PolicyLine]) -> None:
    st.subheader("Publish a version")
    by_label = {policy_label(line.policy): line for line in found}
    asked = st.query_params.get("policy", "")
    labels = list(by_label)
    place = next((number for number, line in enumerate(found) if str(line.policy.id) == asked), 0)
    line = by_label[st.selectbox("Policy", labels, index=place, key="policies_policy")]
    policy, is_first = line.policy, line.newest is None
    _show_dependents(viewer, policy.id)
    # Fields of a version that was published do not stay for the next one.
    key = f"policies_{policy.id}_{line.newest or 'first'}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        version = st.text_input(
            "Version",
            line.next_version,
            key=f"{key}_version",
            width=160,
            help="Newest so far: " + (line.newest or "none"),
        )
        effective_on = st.date_input(
            "In effect from", clock.today(), min_value=clock.today(), key=f"{key}_from", format="YYYY-MM-DD", width=180
        )
    summary = st.text_area("What it holds or changes", key=f"{key}_summary", max_chars=2000)
    changes_scope = not is_first and st.checkbox("Its scope changes", key=f"{key}_scope")
    changes_controls = not is_first and st.checkbox("Its controls change", key=f"{key}_controls")
    seen = True
    if is_first:
        st.caption("The first version changes nothing that anybody could have learned.")
    else:
        seen = (
            show_policy_effect(
                viewer, policy, changes_scope=changes_scope, changes_controls=changes_controls, key="policies_effect"
            )
            is not None
        )
    if st.button(
        "Publish",
        key="policies_publish",
        type="primary",
        icon=":material/publish:",
        disabled=not seen,
        help=None if seen else "See first whom it concerns.",
    ):
        engine, principal = session.installation().engine, viewer.principal
        write(
            lambda: authoring.publish_policy(
                engine,
                principal,
                policy=policy,
                version=version or "",
                summary=summary or "",
                changes_scope=changes_scope,
                changes_controls=changes_controls,
                effective_on=effective_on or clock.today(),
                now=clock.now(),
            )
        )
        st.rerun()


def _show_dependents(viewer: Viewer, policy_id: UUID) -> None:
    try:
        lessons = authoring.dependents(session.installation().engine, viewer.principal, policy_id=policy_id)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    if not lessons:
        st.caption("No published lesson teaches it yet.")
        return
    names = ", ".join(f"{lesson.title} {lesson.version}" for lesson in lessons)
    st.markdown(
        f"**{to_plural(len(lessons), 'lesson teaches', 'lessons teach')} it** and will be flagged and sent to review: "
        f"{names}."
    )


def _show_registration(viewer: Viewer) -> None:
    with st.expander("Register a policy", icon=":material/add:"), st.form("policies_new", clear_on_submit=True):
        code = st.text_input("Code", key="policies_code", placeholder="POL-LOCK-001")
        title = st.text_input("Title", key="policies_title")
        is_critical = st.checkbox(
            "Critical: lessons that teach it are refreshed every 6 months", key="policies_critical"
        )
        is_sent = st.form_submit_button("Register", icon=":material/add:")
    if is_sent:
        engine, principal = session.installation().engine, viewer.principal
        write(
            lambda: authoring.create_policy(
                engine,
                principal,
                organization_id=viewer.organization_id,
                code=code or "",
                title=title or "",
                is_critical=is_critical,
                now=clock.now(),
            )
        )
        st.rerun()
