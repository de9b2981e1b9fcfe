"""Try other terms of a scope's validity, or a policy change, on the past and on today's people before they hold."""

from dataclasses import dataclass
from datetime import date

import streamlit as st

from app.dashboards import session
from app.dashboards.components.certification import show_standing
from app.dashboards.components.frame import say_empty
from app.dashboards.components.gate import take_retry
from app.dashboards.components.impact import DAYS, show_impact
from app.dashboards.components.receipts import Gated, write
from app.dashboards.formats import to_day, to_plural, to_words
from app.dashboards.navigation import CONTENT_POLICIES
from app.dashboards.use_cases import changes, gates
from app.dashboards.use_cases.gates import RuleBook
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.content.views import PolicyView
from operational_db.errors import DomainError
from operational_db.gates.preview import ImpactPreview, PolicyChangeProposal, Proposal
from operational_db.gates.service import RULE_CHANGE
from operational_db.proficiency.rules import ScopeRuleTerms
from operational_db.types import ProficiencyLevel, ValidityBasis

TRIED_VALIDITY, TRIED_POLICY = "gates_tried_validity", "gates_tried_policy"
SET_VALIDITY = "gates_validity_set"
LEVELS = [ProficiencyLevel.COMPLETED, ProficiencyLevel.PROFICIENT]
BASES = {
    "The completion": ValidityBasis.COMPLETION,
    "The former last day": ValidityBasis.PREVIOUS_EXPIRY,
    "A fixed day of the year": ValidityBasis.CALENDAR_DAY,
}


@dataclass(frozen=True)
class Tried:
    """A proposal that was held against the past and today's people; `asked` is what it was asked with."""

    proposed: Proposal
    asked: tuple[object, ...]
    preview: ImpactPreview


def show_validity_trial(viewer: Viewer, book: RuleBook) -> None:
    """Other terms of how long training in a scope counts: propose, see whom it concerns, then set it."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    requirements = [each for rule in book.rules if rule.is_in_effect for each in rule.terms.requirements]
    scopes = sorted({each.scope for each in requirements if each.scope})
    scopes += sorted({each.track for each in requirements if each.track})
    if not scopes:
        say_empty("No gate asks for a scope yet.", "Propose a rule first.")
        return
    engine = session.installation().engine
    try:
        known = changes.validity_of(
            engine, viewer.principal, organization_id=organization_id, scopes=scopes, on=clock.today()
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    st.subheader("Propose how long training counts")
    st.caption("Nothing changes yet. The trial counts what people hold as if it had been earned under these terms.")
    scope = st.selectbox("Scope or track", scopes, key="gates_validity_scope")
    terms = _terms_inputs(known[scope])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        starts_on = st.date_input(
            "From", clock.today(), min_value=clock.today(), key="gates_validity_from", format="YYYY-MM-DD", width=160
        )
        days = st.selectbox("Hold it against", list(DAYS), index=1, key="gates_validity_days", width=160)
    if st.button("See whom it concerns", key="gates_validity_see", type="primary", icon=":material/group_search:"):
        _try(viewer, terms, days, TRIED_VALIDITY)
    tried = _tried(viewer, terms, days, TRIED_VALIDITY)
    if tried is None:
        return
    with st.container(border=True):
        st.subheader(f"If {scope} counted so")
        st.markdown(validity_text(terms))
        show_impact(viewer, tried.preview, key="gates_validity_impact")
        first_day = starts_on or clock.today()
        st.caption("What was earned before keeps its last day; these terms hold for what is earned from then on.")
        show_standing(viewer, RULE_CHANGE, "changing rules")
        take_retry(SET_VALIDITY)
        # No callback: it would set what stood here before, and never see that something else was typed since the trial.
        if st.button(
            f"Set it from {to_day(first_day)}",
            key=SET_VALIDITY,
            type="primary",
            icon=":material/event_available:",
        ):
            _set_validity(viewer, terms, first_day)
            st.rerun()


def validity_text(terms: ScopeRuleTerms) -> str:
    """Terms in words: "counts 12 months from the completion, …"."""
    months = to_plural(terms.validity_months, "month")
    words = {
        ValidityBasis.COMPLETION: f"counts {months} from its completion",
        ValidityBasis.PREVIOUS_EXPIRY: f"counts {months}, renewed from its former last day",
        ValidityBasis.CALENDAR_DAY: f"counts up to {terms.calendar_day}/{terms.calendar_month} (day/month), "
        f"{months} at most",
    }
    rest = [f"earned at {to_words(terms.certified_at_level).lower()}"]
    if terms.minimum_active_days:
        rest.append(f"at least {to_plural(terms.minimum_active_days, 'day')}")
    rest.append(f"renewable {to_plural(terms.renewal_window_days, 'day')} before")
    if terms.grace_days:
        rest.append(f"{to_plural(terms.grace_days, 'day')} of grace")
    return f"**{terms.scope}** {words[terms.validity_basis]}; {', '.join(rest)}."


def _terms_inputs(now: ScopeRuleTerms) -> ScopeRuleTerms:
    """The terms that hold now, to be changed."""
    key = f"gates_validity_{now.scope}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = st.selectbox(
            "Earned at",
            LEVELS,
            index=LEVELS.index(now.certified_at_level) if now.certified_at_level in LEVELS else 0,
            format_func=to_words,
            key=f"{key}_level",
            width=160,
        )
        basis = BASES[
            st.selectbox(
                "Counted from",
                list(BASES),
                index=list(BASES.values()).index(ValidityBasis(now.validity_basis)),
                key=f"{key}_basis",
                width=220,
            )
        ]
        months = st.number_input("Months", 1, 120, now.validity_months, key=f"{key}_months", width=150)
    is_calendar = basis is ValidityBasis.CALENDAR_DAY
    month = day = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if is_calendar:
            month = st.number_input("Month of the year", 1, 12, now.calendar_month or 12, key=f"{key}_month", width=150)
            day = st.number_input("Day of the month", 1, 31, now.calendar_day or 31, key=f"{key}_day", width=150)
        minimum = st.number_input("At least, days", 0, 3660, now.minimum_active_days, key=f"{key}_minimum", width=150)
        window = st.number_input(
            "Renewable, days before", 0, 3660, now.renewal_window_days, key=f"{key}_window", width=180
        )
        grace = st.number_input("Grace, days", 0, 3660, now.grace_days, key=f"{key}_grace", width=150)
    return ScopeRuleTerms(
        scope=now.scope,
        certified_at_level=ProficiencyLevel(level),
        validity_basis=basis,
        validity_months=int(months),
        calendar_month=None if month is None else int(month),
        calendar_day=None if day is None else int(day),
        minimum_active_days=int(minimum),
        renewal_window_days=int(window),
        grace_days=int(grace),
    )


def _set_validity(viewer: Viewer, terms: ScopeRuleTerms, effective_from: date) -> None:
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    engine, principal = session.installation().engine, viewer.principal
    is_done = write(
        lambda: changes.set_validity(
            engine,
            principal,
            organization_id=organization_id,
            terms=terms,
            effective_from=effective_from,
            now=clock.now(),
        ),
        gate=Gated(organization_id, f"change how long {terms.scope} counts", SET_VALIDITY),
    )
    if is_done:
        st.session_state.pop(TRIED_VALIDITY, None)


def show_policy_trial(viewer: Viewer) -> None:
    """A new version of a policy, as if it held today: choose what it changes, and see whom it concerns."""
    try:
        found = changes.policies_of(
            session.installation().engine, viewer.principal, organization_id=viewer.organization_id, on=clock.today()
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    st.subheader("Try a change of a policy")
    st.caption(
        "Only a change of scope or controls asks people to learn anew: what was taught before then no longer counts."
    )
    if not found:
        say_empty("There is no policy yet.", "Policies are written under Content.")
        return
    by_label = {policy_label(policy): policy for policy in found}
    policy = by_label[st.selectbox("Policy", list(by_label), key="gates_policy")]
    st.page_link(
        CONTENT_POLICIES.path,
        label="Publish a version of it",
        icon=CONTENT_POLICIES.icon,
        query_params={"policy": str(policy.id)},
    )
    show_policy_effect(
        viewer,
        policy,
        changes_scope=st.checkbox("Its scope changes", value=True, key="gates_policy_scope"),
        changes_controls=st.checkbox("Its controls change", key="gates_policy_controls"),
        key="gates_policy",
    )


def policy_label(policy: PolicyView) -> str:
    return f"{policy.code} {policy.title}"


def show_policy_effect(
    viewer: Viewer, policy: PolicyView, *, changes_scope: bool, changes_controls: bool, key: str
) -> ImpactPreview | None:
    """Ask for and show whom a version of a policy that changes this would newly stop; what was found, if asked."""
    proposed = PolicyChangeProposal(policy.id, changes_scope=changes_scope, changes_controls=changes_controls)
    days = st.selectbox("Hold it against", list(DAYS), index=1, key=f"{key}_days", width=160)
    if st.button("See whom it concerns", key=f"{key}_see", icon=":material/group_search:"):
        _try(viewer, proposed, days, TRIED_POLICY)
    tried = _tried(viewer, proposed, days, TRIED_POLICY)
    if tried is None:
        return None
    with st.container(border=True):
        st.subheader(f"If {policy.code} changed so")
        what = [word for word, is_so in (("scope", changes_scope), ("controls", changes_controls)) if is_so]
        st.markdown(
            f"A change of {' and '.join(what)}: lessons of the former version stop counting."
            if what
            else "Neither scope nor controls change: everybody's training goes on counting."
        )
        show_impact(viewer, tried.preview, key=f"{key}_impact")
    return tried.preview


def _try(viewer: Viewer, proposed: Proposal, days: str, slot: str) -> None:
    if viewer.organization_id is None:
        return
    st.session_state.pop(slot, None)
    try:
        with st.spinner("Holding it against what happened…"):
            found = gates.preview(
                session.installation().engine,
                viewer.principal,
                organization_id=viewer.organization_id,
                proposed=proposed,
                days=DAYS[days],
                now=clock.now(),
            )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    st.session_state[slot] = Tried(proposed, (viewer.organization_id, days), found)


def _tried(viewer: Viewer, proposed: Proposal, days: str, slot: str) -> Tried | None:
    """What was found for exactly this proposal; another one has to be tried anew."""
    tried: Tried | None = st.session_state.get(slot)
    if tried is None or tried.proposed != proposed or tried.asked != (viewer.organization_id, days):
        return None
    return tried
