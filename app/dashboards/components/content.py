"""Parts of the content pages: what waits for somebody's work, and one version with its checklist and reviews."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.chips import chip_of
from app.dashboards.components.frame import say_empty
from app.dashboards.components.receipts import write
from app.dashboards.formats import to_day, to_instant, to_number, to_parts, to_plural, to_words
from app.dashboards.navigation import CONTENT_DRAFT, CONTENT_VERSION
from app.dashboards.use_cases import authoring
from app.dashboards.use_cases import content as live
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.content.body import parse_body
from operational_db.content.rules import external_addresses
from operational_db.content.views import ReviewView, VersionView
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.types import LessonStatus, ReleaseCheck, ReviewOutcome

SHOWN = 8
TRYING = (LessonStatus.DRAFT, LessonStatus.IN_REVIEW)
REASONS = {
    "publication": "before publication",
    "policy_change": "because a policy changed",
    "refresh": "for its refresh",
}


def show_workbench(viewer: Viewer) -> None:
    """Reviews and versions that wait for the viewer, read at this moment."""
    try:
        waiting = live.workbench(session.installation().engine, viewer.principal)
    except DomainError as error:
        st.caption(f"What waits for you cannot be shown at the moment. {error.message}")
        return
    if waiting.reviews:
        st.subheader("Reviews that wait")
    for review in waiting.reviews[:SHOWN]:
        _link(
            review.lesson_version_id,
            f"{review.lesson_title} {review.version}: {to_words(review.area).lower()}"
            f"{f' ({review.locale})' if review.locale else ''}, {REASONS[review.reason]}, since "
            f"{to_day(review.requested_at.date())}",
        )
    if len(waiting.reviews) > SHOWN:
        st.caption(f"{to_number(len(waiting.reviews) - SHOWN)} more are in the list below, under “In review”.")
    if waiting.unfinished:
        st.subheader("Not shipped yet")
    for version in waiting.unfinished[:SHOWN]:
        _link(version.version_id, f"{version.title} {version.version} · {chip_of(version.status).word.lower()}")
    if len(waiting.unfinished) > SHOWN:
        st.caption(f"{to_number(len(waiting.unfinished) - SHOWN)} more are in the list below, under “Current”.")


def _link(version_id: UUID, label: str) -> None:
    st.page_link(
        CONTENT_VERSION.path, label=label, icon=":material/rate_review:", query_params={"version": str(version_id)}
    )


def show_version(viewer: Viewer, version: VersionView) -> None:
    """The checklist with what is missing, the reviews, and the next step that the viewer may take."""
    _show_next_step(viewer, version)
    met = sum(line.is_met for line in version.readiness)
    is_tried = version.status in TRYING
    st.subheader("Ready to ship?" if is_tried else "The checklist, as things stand today")
    st.markdown(f"{to_parts(met, len(version.readiness))} lines of the checklist are met.")
    for line in sorted(version.readiness, key=lambda line: line.is_met):
        if line.is_met:
            st.markdown(f":green[:material/check_circle:] {line.text}")
        else:
            # Publishing asks for every line, so what is not met of a published version is so since then.
            mark = ":red[:material/error:]" if is_tried else ":orange[:material/history:]"
            word = "missing" if is_tried else "no longer so since it was published, wants"
            st.markdown(f"{mark} **{line.text}** — {word}: {', '.join(line.missing)}")
            if is_tried and may(viewer, version, Permission.AUTHOR_LESSONS):
                _offer_trial(viewer, version, line.code)
    st.subheader("Reviews")
    if not version.reviews:
        say_empty("Nobody was asked for a review yet.", "Handing the draft in asks for them.")
    for review in sorted(version.reviews, key=lambda review: (review.outcome is not None, review.requested_at)):
        _show_review(viewer, version, review)
    _show_facts(version)


def _offer_trial(viewer: Viewer, version: VersionView, code: str) -> None:
    """A button to attach what was tried, under the line of the checklist that asks for it."""
    addresses = external_addresses(parse_body(version.lesson_type, version.body))
    trials = {
        "dry_run": ("Attach the latest dry run", ReleaseCheck.DRY_RUN),
        "evidence_export": ("Attach the latest export", ReleaseCheck.EVIDENCE_EXPORT),
        "links": ("I opened the links: they lead where they should", ReleaseCheck.LINKS),
    }
    if code not in trials or (code == "links" and not addresses):
        return
    label, release_check = trials[code]
    st.button(
        label,
        key=f"version_trial_{code}",
        icon=":material/attach_file:",
        on_click=_attach,
        args=(viewer, version, release_check, addresses if release_check is ReleaseCheck.LINKS else ()),
    )


def _attach(viewer: Viewer, version: VersionView, release_check: ReleaseCheck, targets: Sequence[str]) -> None:
    engine, principal = session.installation().engine, viewer.principal
    write(
        lambda: authoring.attach_trial(
            engine,
            principal,
            version_id=version.id,
            organization_id=version.organization_id,
            release_check=release_check,
            targets=targets,
            now=clock.now(),
        )
    )


def _show_next_step(viewer: Viewer, version: VersionView) -> None:
    missing = [line for line in version.readiness if not line.is_met]
    may_write = may(viewer, version, Permission.AUTHOR_LESSONS)
    if version.status is LessonStatus.DRAFT and may_write:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Hand in for review", key="version_submit", type="primary", on_click=_submit, args=(viewer, version)
            )
            _link_to_draft(version, "Edit the draft")
    elif version.status is LessonStatus.PUBLISHED and may_write:
        _link_to_draft(version, "Draft the next version")
    elif version.status is LessonStatus.IN_REVIEW and may(viewer, version, Permission.PUBLISH_LESSONS):
        st.button(
            "Publish",
            key="version_publish",
            type="primary",
            icon=":material/publish:",
            disabled=bool(missing),
            help=f"{to_plural(len(missing), 'line')} of the checklist missing" if missing else None,
            on_click=_publish,
            args=(viewer, version),
        )


def _link_to_draft(version: VersionView, label: str) -> None:
    st.page_link(CONTENT_DRAFT.path, label=label, icon=CONTENT_DRAFT.icon, query_params={"version": str(version.id)})


def may(viewer: Viewer, version: VersionView, permission: Permission) -> bool:
    """Whether to offer the button; the service decides again."""
    if version.organization_id is not None:
        return viewer.principal.can(permission, version.organization_id)
    return viewer.principal.is_unrestricted


def _submit(viewer: Viewer, version: VersionView) -> None:
    engine, principal = session.installation().engine, viewer.principal
    write(lambda: live.submit(engine, principal, version_id=version.id, now=clock.now()))


def _publish(viewer: Viewer, version: VersionView) -> None:
    engine, principal = session.installation().engine, viewer.principal
    write(lambda: live.publish(engine, principal, version_id=version.id, now=clock.now()))


def _show_review(viewer: Viewer, version: VersionView, review: ReviewView) -> None:
    language = f" ({review.locale})" if review.locale else ""
    with st.container(border=True):
        st.markdown(
            f"**{to_words(review.area)}{language}** · {REASONS[review.reason]} · asked "
            f"{to_instant(review.requested_at, viewer.zone)}"
        )
        if review.outcome is not None:
            chip = chip_of("completed" if review.outcome is ReviewOutcome.APPROVED else "refused")
            word = to_words(review.outcome)
            when = to_instant(review.decided_at, viewer.zone)
            st.markdown(f":{chip.color}-badge[:material/{chip.icon}: {word}] {when}" + _said(review.comment))
            return
        if not may(viewer, version, Permission.REVIEW_LESSONS):
            st.caption("Waits for a reviewer.")
            return
        comment_key = f"review_{review.id}_comment"
        st.text_area("Comment", key=comment_key, max_chars=2000)
        with st.container(horizontal=True):
            for label, outcome in (
                ("Approve", ReviewOutcome.APPROVED),
                ("Ask for changes", ReviewOutcome.CHANGES_REQUESTED),
            ):
                st.button(
                    f"{label}: {to_words(review.area).lower()}{language}",
                    key=f"review_{review.id}_{outcome}",
                    type="primary" if outcome is ReviewOutcome.APPROVED else "secondary",
                    on_click=_decide,
                    args=(viewer, review, outcome, comment_key),
                )


def _said(comment: str) -> str:
    return f"\n\n> {comment}" if comment else ""


def _decide(viewer: Viewer, review: ReviewView, outcome: ReviewOutcome, comment_key: str) -> None:
    engine, principal = session.installation().engine, viewer.principal
    comment = st.session_state[comment_key] or ""
    write(lambda: live.decide(engine, principal, review=review, outcome=outcome, comment=comment, now=clock.now()))


def _show_facts(version: VersionView) -> None:
    with st.expander("What it teaches", icon=":material/menu_book:"):
        lines = {
            "Objective": version.objective,
            "Policies": ", ".join(f"{code} {taught}" for code, taught in version.policies.items()),
            "Runbooks": ", ".join(version.runbook_codes),
            "Scope tags": ", ".join(version.scope_tags),
            "Languages": ", ".join(version.locales),
            "Passed at": f"{version.pass_threshold} %",
            "Refresh after": to_plural(version.refresh_months, "month"),
            "People can afterwards": "; ".join(version.expected_outcomes),
            "Rollout": version.rollout_plan,
            "If it must be taken back": version.fallback,
        }
        st.markdown("\n".join(f"- **{name}:** {text}" for name, text in lines.items() if text))
