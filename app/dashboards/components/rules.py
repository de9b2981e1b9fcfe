"""Rules of gates: which hold, propose another, see whom it would newly stop or let pass, and only then set it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.dashboards import session
from app.dashboards.chips import chip_of
from app.dashboards.components.certification import show_policy_panel, show_standing
from app.dashboards.components.changes import show_policy_trial, show_validity_trial
from app.dashboards.components.frame import answer, say_empty
from app.dashboards.components.gate import take_retry
from app.dashboards.components.impact import DAYS, show_impact
from app.dashboards.components.receipts import Gated, show_receipts, write
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.components.waiting import show_at_entry
from app.dashboards.formats import to_day, to_number, to_parts, to_plural, to_words
from app.dashboards.use_cases import gates
from app.dashboards.use_cases.gates import RuleBook
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.gates.preview import ImpactPreview
from operational_db.gates.rules import GateTerms, Requirement
from operational_db.gates.service import RULE_CHANGE
from operational_db.gates.views import GateRuleView
from operational_db.identity.rules import Permission
from operational_db.types import GateMode, Persona, ProficiencyLevel, TrackTier

PREVIEW, REQUIREMENTS = "gates_preview", "gates_requirements"
MOST_REQUIREMENTS = 3
RULE, VALIDITY, POLICY = "A rule", "How long training counts", "A policy"
MODES = {"Block": GateMode.ENFORCE, "Dry run: record only": GateMode.DRY_RUN}
LEVELS = [ProficiencyLevel.COMPLETED, ProficiencyLevel.PROFICIENT, ProficiencyLevel.CERTIFIED]
TRACKS = [f"track {persona}/{tier}" for persona in Persona for tier in TrackTier]


@dataclass(frozen=True)
class Proposal:
    """Terms that were held against the past and today's people."""

    terms: GateTerms
    preview: ImpactPreview


def requirement_text(requirement: Requirement) -> str:
    """A requirement in words: "data-export proficient within 12 months"."""
    target = requirement.scope or f"track {requirement.track}"
    window = ""
    if requirement.within_months is not None:
        window = f" within {to_plural(requirement.within_months, 'month')}"
    elif requirement.within_days is not None:
        window = f" within {to_plural(requirement.within_days, 'day')}"
    return f"{target} {requirement.level}{window}"


def show_rules(viewer: Viewer, first_line: DeltaGenerator) -> None:
    """The rules in force, every version, and the way to another one; what they do together goes into `first_line`."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    engine = session.installation().engine
    try:
        book = gates.rule_book(engine, viewer.principal, organization_id=organization_id, now=clock.now())
    except DomainError as error:
        st.error(f"{error.message} Decisions go on being shown from the last figures.", icon=":material/error:")
        return
    may_manage = viewer.principal.can(Permission.MANAGE_GATES, organization_id)
    in_effect = [rule for rule in book.rules if rule.is_in_effect]
    blocking = sum(rule.terms.mode is GateMode.ENFORCE for rule in in_effect)
    with first_line:
        answer(
            f"{to_parts(blocking, len(in_effect))} gates block; "
            f"{to_number(len(in_effect) - blocking)} only record what they would do (dry run)."
        )
        show_receipts(viewer)
    if not in_effect:
        say_empty("No rule holds.", "Propose one below: it is tried on the past before it blocks anybody.")
    for rule in in_effect:
        _show_rule(viewer, rule, may_manage=may_manage)
    if may_manage:
        _show_trial(viewer, book)
    else:
        st.caption("Your role may look, but not change rules. Ask a manager of the organization.")
    st.subheader("Every version")
    _show_versions(viewer, book.rules)
    for feature in book.features:
        st.subheader(feature.title)
        show_policy_panel(feature)


def _show_trial(viewer: Viewer, book: RuleBook) -> None:
    """Try a change of one of three kinds on the past and on today's people."""
    kind = st.segmented_control(
        "Try a change of",
        [RULE, VALIDITY, POLICY],
        default=RULE,
        required=True,
        key="gates_change",
        bind="query-params",
    )
    if kind == VALIDITY:
        show_validity_trial(viewer, book)
        return
    if kind == POLICY:
        show_policy_trial(viewer)
        return
    proposal: Proposal | None = st.session_state.get(PREVIEW)
    take_retry("gates_set")
    if proposal is not None and proposal.terms.organization_id == viewer.organization_id:
        _show_proposal(viewer, proposal)
    else:
        _show_form(viewer, book)


def _show_rule(viewer: Viewer, rule: GateRuleView, *, may_manage: bool) -> None:
    terms = rule.terms
    needs = " and ".join(requirement_text(each) for each in terms.requirements)
    owner = "SiteSync's rule" if rule.is_platform else f"your rule, version {terms.version}"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{terms.action}** {chip_of(terms.mode).markdown}\n\nneeds {needs} · {owner} since "
            f"{to_day(terms.effective_from)}",
            width="stretch",
        )
        if may_manage and not rule.is_platform:
            st.button(
                f"End the rule on {terms.action}",
                key=f"gates_end_{terms.action}",
                icon=":material/block:",
                help="SiteSync's own rule holds afterwards.",
                on_click=_end,
                args=(viewer, terms.action),
            )


def _end(viewer: Viewer, action: str) -> None:
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    engine, principal = session.installation().engine, viewer.principal
    write(
        lambda: gates.end_rule(engine, principal, organization_id=organization_id, action=action, now=clock.now()),
        gate=Gated(organization_id, f"end the rule on {action}", "gates_set"),
    )


def _show_form(viewer: Viewer, book: RuleBook) -> None:
    st.subheader("Propose a rule")
    st.caption("Nothing changes yet: the proposal is first held against what happened and against today's people.")
    known = {rule.terms.action: rule for rule in book.rules if rule.is_in_effect}
    actions = sorted(known.keys() | {feature.action for feature in book.features})
    if not actions:
        say_empty("There is no action to protect yet.", "Describe a protected feature first.")
        return
    action = st.selectbox("Action", actions, key="gates_action", help="What people ask the gate for.")
    current = known.get(action)
    requirements = list(current.terms.requirements) if current else []
    count = st.number_input(
        "Requirements", 1, MOST_REQUIREMENTS, max(len(requirements), 1), key=f"{REQUIREMENTS}_{action}", width=160
    )
    scopes = sorted({tag for lesson in book.lessons for tag in lesson.scope_tags} | {_target(r) for r in requirements})
    targets = list(dict.fromkeys([*scopes, *TRACKS]))
    wanted = [
        _requirement_inputs(action, number, requirements[number] if number < len(requirements) else None, targets)
        for number in range(int(count))
    ]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = st.segmented_control(
            "What the rule does",
            list(MODES),
            default=next(word for word, mode in MODES.items() if mode is GateMode.ENFORCE),
            required=True,
            key="gates_mode",
        )
        starts_on = st.date_input(
            "From", clock.today(), min_value=clock.today(), key="gates_from", format="YYYY-MM-DD", width=160
        )
        days = st.selectbox("Hold it against", list(DAYS), index=1, key="gates_days", width=160)
    terms = GateTerms(
        action=action,
        mode=MODES[mode or "Block"],
        requirements=tuple(wanted),
        effective_from=starts_on or clock.today(),
        organization_id=viewer.organization_id,
        policy_id=current.terms.policy_id if current else None,
        runbook_id=current.terms.runbook_id if current else None,
        lesson_id=current.terms.lesson_id if current else None,
    )
    if st.button("See whom it concerns", key="gates_see", type="primary", icon=":material/group_search:"):
        _preview(viewer, terms, DAYS[days])


def _target(requirement: Requirement) -> str:
    return requirement.scope or f"track {requirement.track}"


def _requirement_inputs(action: str, number: int, now: Requirement | None, targets: Sequence[str]) -> Requirement:
    """One line of the form, filled with what holds now."""
    key = f"gates_{action}_{number}"
    unit_now = "days" if now is not None and now.within_days is not None else "months"
    length_now = (now.within_days or now.within_months or 0) if now is not None else 12
    with st.container(horizontal=True, vertical_alignment="bottom"):
        target = st.selectbox(
            "Scope or track",
            targets,
            index=targets.index(_target(now)) if now is not None and _target(now) in targets else 0,
            key=f"{key}_target",
        )
        level = st.selectbox(
            "At least",
            LEVELS,
            index=LEVELS.index(now.level) if now is not None and now.level in LEVELS else 0,
            format_func=to_words,
            key=f"{key}_level",
            width=160,
        )
        length = st.number_input("Within (0: at any time)", 0, 1200, length_now, key=f"{key}_within", width=180)
        unit = st.selectbox(
            "Unit", ["months", "days"], index=["months", "days"].index(unit_now), key=f"{key}_unit", width=120
        )
    track = target.removeprefix("track ") if target.startswith("track ") else None
    return Requirement(
        ProficiencyLevel(level),
        scope=None if track else target,
        track=track,
        within_months=int(length) if length and unit == "months" else None,
        within_days=int(length) if length and unit == "days" else None,
    )


def _preview(viewer: Viewer, terms: GateTerms, days: int) -> None:
    if viewer.organization_id is None:
        return
    try:
        with st.spinner("Holding it against what happened…"):
            found = gates.preview(
                session.installation().engine,
                viewer.principal,
                organization_id=viewer.organization_id,
                proposed=terms,
                days=days,
                now=clock.now(),
            )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    st.session_state[PREVIEW] = Proposal(terms, found)
    st.rerun()


def _show_proposal(viewer: Viewer, proposal: Proposal) -> None:
    terms, found = proposal.terms, proposal.preview
    needs = " and ".join(requirement_text(each) for each in terms.requirements)
    with st.container(border=True):
        st.subheader(f"Proposed for {terms.action}")
        st.markdown(f"{chip_of(terms.mode).markdown} needs {needs}, from {to_day(terms.effective_from)}")
        show_impact(viewer, found, key="gates_impact")
        show_standing(viewer, RULE_CHANGE, "changing rules")
        show_at_entry(viewer, RULE_CHANGE, viewer.organization_id, key="gates_set")
        with st.container(horizontal=True):
            word = "Turn it on" if terms.mode is GateMode.ENFORCE else "Set it in dry run"
            st.button(
                word, key="gates_set", type="primary", icon=":material/front_hand:", on_click=_set, args=(viewer, terms)
            )
            st.button("Change the proposal", key="gates_discard", on_click=_discard)


def _set(viewer: Viewer, terms: GateTerms) -> None:
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    engine, principal = session.installation().engine, viewer.principal
    is_done = write(
        lambda: gates.set_rule(engine, principal, organization_id=organization_id, terms=terms, now=clock.now()),
        gate=Gated(organization_id, f"change the rule on {terms.action}", "gates_set"),
    )
    if is_done:
        _discard()


def _discard() -> None:
    st.session_state.pop(PREVIEW, None)


def _show_versions(viewer: Viewer, rules: Sequence[GateRuleView]) -> None:
    def state(rule: GateRuleView) -> str:
        if rule.is_in_effect:
            return "In effect"
        if rule.ended_on is not None and rule.ended_on <= clock.today():
            return "Ended"
        return "Starts later" if rule.terms.effective_from > clock.today() else "Replaced"

    frame = pl.DataFrame(
        {
            "action": [rule.terms.action for rule in rules],
            "state": [state(rule) for rule in rules],
            "mode": [str(rule.terms.mode) for rule in rules],
            "version": [rule.terms.version for rule in rules],
            "owner": ["SiteSync" if rule.is_platform else "Yours" for rule in rules],
            "needs": [" and ".join(map(requirement_text, rule.terms.requirements)) for rule in rules],
            "effective_from": [rule.terms.effective_from for rule in rules],
            "ended_on": [rule.ended_on for rule in rules],
            "policy": [rule.policy_code for rule in rules],
            "runbook": [rule.runbook_code for rule in rules],
            "lesson": [rule.lesson_title for rule in rules],
        },
        schema_overrides={
            "ended_on": pl.Date,
            "effective_from": pl.Date,
            "policy": pl.String,
            "runbook": pl.String,
            "lesson": pl.String,
        },
    )
    show_frame(
        viewer,
        frame,
        [
            Column("action", "Action"),
            Column("state", "State"),
            Column("mode", "Mode", "status"),
            Column("needs", "Needs"),
            Column("version", "Version", "number"),
            Column("owner", "Owner"),
            Column("effective_from", "From", "date"),
            Column("ended_on", "Ended", "date"),
            Column("policy", "Policy"),
            Column("runbook", "Runbook"),
            Column("lesson", "Lesson"),
        ],
        key="gates_rules",
        alt="Every version of the rules",
        empty=Empty("No rule was ever set.", "Propose one above."),
    )


def first_day(days: int, today: date) -> date:
    """The first of so many days that end today."""
    return date.fromordinal(today.toordinal() - days + 1)
