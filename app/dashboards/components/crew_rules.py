"""What an owner asks of crews: what holds, the form for another requirement and what it would change, ending."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.dashboards import session
from app.dashboards.chips import chip_of
from app.dashboards.components.crew_rule_preview import show_preview
from app.dashboards.components.frame import answer, say_empty
from app.dashboards.components.gate import take_retry
from app.dashboards.components.places import address_id, choose_place, unit_label
from app.dashboards.components.receipts import Gated, show_receipts, write
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.crew_requirements import ALL, ANY, TOGETHER, Line, lines_of, to_document
from app.dashboards.formats import to_day, to_number, to_plural, to_words
from app.dashboards.queries import buildings
from app.dashboards.queries.certifications import certifications
from app.dashboards.use_cases import crew_rules
from app.dashboards.use_cases.crew_rules import Draft, Preview
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.gates.crew_requirements import to_document as tree_of
from operational_db.identity.rules import Permission
from operational_db.owners.views import CrewRuleView
from operational_db.types import CrewRuleTarget, EquipmentType, GateMode

PREVIEW, SET_RULE = "crew_rule_preview", "crew_rule_set"
MOST_LINES = 6
LARGEST_CREW = 20
MODES = {"Must be met": GateMode.ENFORCE, "Dry run: record only": GateMode.DRY_RUN}
COMBINE = {"All of the lines": ALL, "Any one of the lines": ANY}
HOW = {"all of": ALL, "any of": ANY}
TARGETS = {
    "All buildings": CrewRuleTarget.OWNER,
    "One building": CrewRuleTarget.BUILDING,
    "A type of unit": CrewRuleTarget.EQUIPMENT_TYPE,
    "A maker": CrewRuleTarget.MANUFACTURER,
    "A model": CrewRuleTarget.MODEL,
    "One unit": CrewRuleTarget.UNIT,
}
DAYS = {"30 days": 30, "90 days": 90, "365 days": 365}
VERSIONS = (
    Column("target", "Asked for"),
    Column("state", "State"),
    Column("mode", "Mode", "status"),
    Column("needs", "What is asked"),
    Column("version", "Version", "number"),
    Column("effective_from", "From", "date"),
    Column("ended_on", "Ended", "date"),
    Column("set_at", "Set", "time"),
)


def show_rules(viewer: Viewer, first_line: DeltaGenerator) -> None:
    """What holds, the way to ask for something else, and every version; the sum of it goes into `first_line`."""
    organization_id = viewer.organization_id
    if organization_id is None:
        return
    try:
        rules = crew_rules.rules_of(
            session.installation().engine, viewer.principal, organization_id=organization_id, on=clock.today()
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    in_effect = [rule for rule in rules if rule.is_in_effect]
    with first_line:
        answer(rules_answer(in_effect))
        show_receipts(viewer)
    may_manage = viewer.principal.can(Permission.MANAGE_BUILDINGS, organization_id)
    if not in_effect:
        say_empty("Nothing is asked of a crew.", "Ask for something below: it is held against the facts first.")
    for rule in in_effect:
        _show_rule(viewer, rule, may_manage=may_manage)
    kept: Preview | None = st.session_state.get(PREVIEW)
    if not may_manage:
        st.caption("Your role may look, but not change requirements. Ask a manager of the organization.")
    elif kept is not None and kept.draft.organization_id == organization_id:
        _show_kept(viewer, kept)
    else:
        _show_form(viewer, organization_id, in_effect)
    st.subheader("Every version")
    _show_versions(viewer, rules)


def show_rules_here(viewer: Viewer, building_id: UUID) -> None:
    """What is asked of whoever works in a building, each rule with what it is about."""
    st.subheader("What is asked here")
    try:
        rules = crew_rules.rules_here(
            session.installation().engine, viewer.principal, building_id=building_id, on=clock.today()
        )
    except DomainError as error:
        st.error(f"{error.message} The units go on being shown from the last figures.", icon=":material/error:")
        return
    if not rules:
        say_empty("Nothing is asked of who works here.", "Set a requirement for the building, a maker or all of them.")
    for rule in rules:
        name = f"{rule.target_name[0].upper()}{rule.target_name[1:]}"
        st.markdown(f"- **{name}** {chip_of(rule.terms.mode).markdown} {rule.text}")


def rules_answer(in_effect: Sequence[CrewRuleView]) -> str:
    """How much is asked, and how much of it is only tried out."""
    if not in_effect:
        return "Nothing is asked of a crew yet, so no crew can be called qualified."
    tried = sum(rule.terms.mode is GateMode.DRY_RUN for rule in in_effect)
    asked = to_plural(len(in_effect) - tried, "requirement")
    return f"{asked} must be met; {to_number(tried)} {'is' if tried == 1 else 'are'} only tried out (dry run)."


def _show_rule(viewer: Viewer, rule: CrewRuleView, *, may_manage: bool) -> None:
    terms = rule.terms
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{rule.target_name[0].upper()}{rule.target_name[1:]}** {chip_of(terms.mode).markdown}\n\n{rule.text} · "
            f"version {terms.version}, since {to_day(terms.effective_from)}",
            width="stretch",
        )
        if may_manage:
            st.button(
                f"End the requirement for {rule.target_name}",
                key=f"crew_rule_end_{rule.rule_id}",
                icon=":material/block:",
                help="From today on; what was decided stays as it was.",
                on_click=_end,
                args=(viewer, rule),
            )


def _end(viewer: Viewer, rule: CrewRuleView) -> None:
    engine, principal = session.installation().engine, viewer.principal
    write(
        lambda: crew_rules.end_rule(engine, principal, rule=rule, now=clock.now()),
        gate=Gated(rule.terms.organization_id, f"end the requirement for {rule.target_name}", SET_RULE),
    )


def _show_form(viewer: Viewer, organization_id: UUID, in_effect: Sequence[CrewRuleView]) -> None:
    st.subheader("Ask for something")
    st.caption("Nothing changes yet: the requirement is first held against your contractors' people and the visits.")
    try:
        chosen = _choose_target(viewer, organization_id)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    if chosen is None:
        return
    target, key, name = chosen
    now = next((r for r in in_effect if r.terms.target is target and r.terms.target_key == key), None)
    names = viewer.load(certifications)
    edited = _edit_lines(names, now, f"{target}_{key}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = st.segmented_control(
            "What it does", list(MODES), default="Must be met", required=True, key="crew_rule_mode"
        )
        starts_on = st.date_input(
            "From", clock.today(), min_value=clock.today(), key="crew_rule_from", format="YYYY-MM-DD", width=160
        )
        days = st.selectbox("Hold it against", list(DAYS), index=1, key="crew_rule_days", width=160)
    lines, combine = edited
    is_complete = bool(lines) and all(line.is_complete for line in lines)
    if not is_complete:
        st.caption("Choose at least one certificate in each line.")
    draft = Draft(
        organization_id=organization_id,
        target=target,
        target_key=key,
        target_name=name,
        document=to_document(lines, combine) if is_complete else {},
        mode=MODES[mode or "Must be met"],
        effective_from=starts_on if isinstance(starts_on, date) else clock.today(),
    )
    if st.button(
        "See what would change",
        key="crew_rule_see",
        type="primary",
        icon=":material/group_search:",
        disabled=not is_complete,
    ):
        _preview(viewer, draft, DAYS[days])


def _choose_target(viewer: Viewer, organization_id: UUID) -> tuple[CrewRuleTarget, str, str] | None:
    """What the requirement is about: its kind, key and name; None until it is chosen."""
    wanted = address_id("building")
    words = list(TARGETS)
    word = st.selectbox("For", words, index=words.index("One building") if wanted else 0, key="crew_rule_target")
    target = TARGETS[word]
    match target:
        case CrewRuleTarget.OWNER:
            return target, "", "all buildings"
        case CrewRuleTarget.EQUIPMENT_TYPE:
            kind = st.selectbox("Type", list(EquipmentType), format_func=to_words, key="crew_rule_type")
            return target, str(kind), to_words(kind).lower()
        case CrewRuleTarget.MANUFACTURER:
            makers = viewer.load(buildings.manufacturers)
            maker = st.selectbox(
                "Maker", list(makers), index=None, format_func=makers.__getitem__, key="crew_rule_maker"
            )
            return (target, maker, makers[maker]) if maker else None
        case CrewRuleTarget.MODEL:
            model = st.text_input("Model", key="crew_rule_model", max_chars=200).strip()
            return (target, model, f"model {model}") if model else None
        case CrewRuleTarget.BUILDING | CrewRuleTarget.UNIT:
            place = choose_place(viewer, organization_id, key="crew_rule", wanted=wanted)
            if place is None:
                return None
            if target is CrewRuleTarget.BUILDING:
                return target, str(place.building.building_id), place.building.name
            units = {str(unit.equipment_id): unit_label(unit) for unit in place.units}
            unit = st.selectbox("Unit", list(units), format_func=units.__getitem__, key="crew_rule_unit")
            return (target, unit, f"{units[unit]} in {place.building.name}") if unit else None


def _edit_lines(names: Mapping[str, str], now: CrewRuleView | None, key: str) -> tuple[list[Line], str]:
    """The lines of the form, filled with what holds now."""
    known = lines_of(tree_of(now.terms.requirement)) if now is not None else None
    lines, combine = known or ([], ALL)
    if now is not None:
        st.info(
            f"Now asked: {now.text}. "
            + ("You change it here." if known else "It says more than this form can; what you set here replaces it."),
            icon=":material/info:",
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = st.number_input("Lines", 1, MOST_LINES, max(len(lines), 1), key=f"crew_lines_{key}", width=160)
        words = list(COMBINE)
        word = words[0]
        if count > 1:
            word = st.selectbox(
                "Must be met",
                words,
                index=list(COMBINE.values()).index(combine),
                key=f"crew_combine_{key}",
                width=240,
            )
    edited = [
        _edit_line(names, lines[number] if number < len(lines) else Line(()), f"{key}_{number}", number + 1)
        for number in range(int(count))
    ]
    return edited, COMBINE[word]


def _edit_line(names: Mapping[str, str], now: Line, key: str, number: int) -> Line:
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        of_crew = st.selectbox(
            f"Line {number}: who",
            range(LARGEST_CREW + 1),
            index=now.of_crew,
            format_func=_who,
            key=f"crew_who_{key}",
            width=220,
            help="The crew together: whoever of them holds it. People, each: each of them alone holds it.",
        )
        ways = list(HOW)
        way = st.selectbox(
            f"Line {number}: holds", ways, index=list(HOW.values()).index(now.how), key=f"crew_how_{key}", width=120
        )
        held = st.multiselect(
            f"Line {number}: certificates",
            list(names),
            default=[each for each in now.certification_ids if each in names],
            format_func=names.__getitem__,
            key=f"crew_held_{key}",
            placeholder="Choose certificates",
        )
    return Line(tuple(held), of_crew, HOW[way])


def _who(of_crew: int) -> str:
    if of_crew == TOGETHER:
        return "The crew together"
    return "At least 1 person" if of_crew == 1 else f"At least {of_crew} people, each"


def _preview(viewer: Viewer, draft: Draft, days: int) -> None:
    try:
        with st.spinner("Holding it against your contractors' people and the visits…"):
            found = crew_rules.preview(
                session.installation().engine, viewer.principal, draft=draft, days=days, now=clock.now()
            )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    st.session_state[PREVIEW] = found
    st.rerun()


def _show_kept(viewer: Viewer, kept: Preview) -> None:
    draft = kept.draft
    # Back from the lesson of the gate on rules: the button is there again.
    take_retry(SET_RULE)
    names = {UUID(each): name for each, name in viewer.load(certifications).items()}
    with st.container(border=True):
        st.subheader(f"Asked for {draft.target_name}")
        st.markdown(
            f"{chip_of(draft.mode).markdown} {crew_rules.text_of(draft, names)}, from {to_day(draft.effective_from)}"
        )
        show_preview(viewer, kept)
        with st.container(horizontal=True):
            st.button(
                "Turn it on" if draft.mode is GateMode.ENFORCE else "Set it in dry run",
                key=SET_RULE,
                type="primary",
                icon=":material/rule:",
                on_click=_set,
                args=(viewer, draft),
            )
            st.button("Change it", key="crew_rule_discard", on_click=_discard)


def _set(viewer: Viewer, draft: Draft) -> None:
    engine, principal = session.installation().engine, viewer.principal
    if write(
        lambda: crew_rules.set_rule(engine, principal, draft=draft, now=clock.now()),
        gate=Gated(draft.organization_id, f"change the requirement for {draft.target_name}", SET_RULE),
    ):
        _discard()


def _discard() -> None:
    st.session_state.pop(PREVIEW, None)


def _show_versions(viewer: Viewer, rules: Sequence[CrewRuleView]) -> None:
    def state(rule: CrewRuleView) -> str:
        if rule.is_in_effect:
            return "In effect"
        if rule.ended_on is not None and rule.ended_on <= clock.today():
            return "Ended"
        return "Starts later" if rule.terms.effective_from > clock.today() else "Replaced"

    frame = pl.DataFrame(
        {
            "target": [rule.target_name for rule in rules],
            "state": [state(rule) for rule in rules],
            "mode": [str(rule.terms.mode) for rule in rules],
            "needs": [rule.text for rule in rules],
            "version": [rule.terms.version for rule in rules],
            "effective_from": [rule.terms.effective_from for rule in rules],
            "ended_on": [rule.ended_on for rule in rules],
            "set_at": [rule.set_at for rule in rules],
        },
        schema_overrides={
            "ended_on": pl.Date,
            "effective_from": pl.Date,
            "set_at": pl.Datetime("us", "UTC"),
            "version": pl.Int64,
        },
    )
    show_frame(
        viewer,
        frame,
        VERSIONS,
        key="crew_rules",
        alt="Every version of what is asked of crews",
        empty=Empty("Nothing was ever asked.", "Ask for something above."),
    )
