"""Parts of the evidence pages: the form for a bundle and its hand-out, former exports, checks of what was dropped."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.certification import show_standing
from app.dashboards.components.figure_choice import choose_figure
from app.dashboards.components.frame import say_empty
from app.dashboards.components.gate import block_denied, take_retry
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.components.waiting import show_at_entry
from app.dashboards.formats import to_day, to_number, to_parts, to_plural, to_words
from app.dashboards.queries import incidents, people
from app.dashboards.use_cases import evidence
from app.dashboards.use_cases.evidence import Check, MadeBundle
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError, GateDeniedError
from operational_db.evidence.rules import BundleKind, BundleScope
from operational_db.gates.shipped import EVIDENCE_EXPORT

READY, WANTED = "evidence_ready", "evidence_wanted"
KINDS = {
    "The whole organization": BundleKind.ORGANIZATION,
    "One person": BundleKind.PERSON,
    "One scope of certification": BundleKind.CERTIFICATION_SCOPE,
    "A period": BundleKind.PERIOD,
    "An incident": BundleKind.INCIDENT,
    "A dashboard figure": BundleKind.FIGURE,
}
DEFAULT_PERIOD = timedelta(days=365)


def show_export_form(viewer: Viewer) -> None:
    """What the bundle is to be about; the gate decides when it is asked for, and the file is handed out once."""
    wanted: BundleScope | None = st.session_state.get(WANTED)
    if wanted is not None and take_retry("evidence_get"):
        _make(viewer, wanted, has_names=True)
    asked_incident = st.query_params.get("incident")
    kinds = list(KINDS) if viewer.organization_id else ["One scope of certification", "A period"]
    asked = "A dashboard figure" if st.query_params.get("figure") else "An incident" if asked_incident else kinds[0]
    kind_word = st.segmented_control(
        "About", kinds, default=asked if asked in kinds else kinds[0], required=True, key="evidence_kind"
    )
    kind = KINDS[kind_word or kinds[0]]
    scope = choose_figure(viewer) if kind is BundleKind.FIGURE else _scope_inputs(viewer, kind, asked_incident)
    has_names = st.checkbox(
        "With names", value=True, key="evidence_names", help="Without, the records hold opaque ids only."
    )
    show_standing(viewer, EVIDENCE_EXPORT, "exporting evidence")
    show_at_entry(viewer, EVIDENCE_EXPORT, viewer.organization_id, key="evidence")
    if scope is not None and st.button(
        "Get the bundle", key="evidence_get", type="primary", icon=":material/inventory_2:"
    ):
        _make(viewer, scope, has_names=has_names)
    problem = st.session_state.pop("evidence_problem", "")
    if problem:
        st.error(f"No bundle was made. {problem}", icon=":material/error:")
    ready: MadeBundle | None = st.session_state.get(READY)
    if ready is not None:
        _hand_out(ready)


def _scope_inputs(viewer: Viewer, kind: BundleKind, asked_incident: str | None) -> BundleScope | None:
    organization_id = viewer.organization_id
    match kind:
        case BundleKind.PERSON:
            members = viewer.load(people.members)
            person = st.selectbox(
                "Person", list(members), index=None, format_func=members.__getitem__, key="evidence_person"
            )
            return BundleScope(kind, organization_id, person_id=UUID(person)) if person else None
        case BundleKind.CERTIFICATION_SCOPE:
            scope = st.selectbox("Scope", viewer.load(incidents.scopes), index=None, key="evidence_scope")
            return BundleScope(kind, organization_id, certification_scope=scope) if scope else None
        case BundleKind.PERIOD:
            with st.container(horizontal=True):
                first = st.date_input("From", clock.today() - DEFAULT_PERIOD, key="evidence_from", format="YYYY-MM-DD")
                last = st.date_input("To", clock.today(), key="evidence_to", format="YYYY-MM-DD")
            return BundleScope(kind, organization_id, from_on=_day(first), to_on=_day(last))
        case BundleKind.INCIDENT:
            text = st.text_input(
                "Incident", asked_incident or "", key="evidence_incident", help="Its id, from its report"
            )
            try:
                return BundleScope(kind, organization_id, incident_id=UUID(text or ""))
            except ValueError:
                st.caption("Open an incident's report: it leads here with the incident chosen.")
                return None
        case _:
            return BundleScope(BundleKind.ORGANIZATION, organization_id)


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None


def _make(viewer: Viewer, scope: BundleScope, *, has_names: bool) -> None:
    context = session.installation()
    st.session_state.pop(READY, None)
    st.session_state[WANTED] = scope
    try:
        with st.spinner("Sealing the ledger, reading the records and writing their proofs…"):
            st.session_state[READY] = evidence.hand_out_bundle(
                context.engine, context.settings, viewer.principal, scope=scope, has_names=has_names, now=clock.now()
            )
    except GateDeniedError as error:
        block_denied(error, scope.organization_id, what="export this evidence", key="evidence_get")
    except DomainError as error:
        st.session_state["evidence_problem"] = error.message
    else:
        st.session_state.pop(WANTED, None)
    st.rerun()


def _hand_out(ready: MadeBundle) -> None:
    with st.container(border=True):
        st.markdown(
            f":green-badge[:material/check_circle: Ready] {to_plural(ready.record_count, 'record')}, ledger of "
            f"{to_plural(ready.tree_size, 'entry', 'entries')}"
        )
        st.caption(f"SHA-256 of its manifest: {ready.manifest_sha256}. The export itself is on record.")
        st.download_button(
            "Save the bundle",
            data=ready.content,
            file_name=ready.file_name,
            mime="application/zip",
            key="evidence_save",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
        )


def show_exports(viewer: Viewer) -> None:
    """Former exports of the organization: who, what, when, with the fingerprint of each."""
    st.subheader("Former exports")
    try:
        found = evidence.exports(
            session.installation().engine, viewer.principal, organization_id=viewer.organization_id
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    frame = pl.DataFrame(
        {
            "about": [_about(each.scope) for each in found.items],
            "exported_at": [each.exported_at for each in found.items],
            "requester": [each.requester_name or "The operator" for each in found.items],
            "record_count": [each.record_count for each in found.items],
            "tree_size": [each.tree_size for each in found.items],
            "manifest": [each.manifest_sha256.hex() for each in found.items],
        },
        schema_overrides={"exported_at": pl.Datetime("us", "UTC"), "manifest": pl.String, "about": pl.String},
    )
    show_frame(
        viewer,
        frame,
        [
            Column("about", "About"),
            Column("exported_at", "Exported", "time"),
            Column("requester", "By"),
            Column("record_count", "Records", "number"),
            Column("tree_size", "Ledger entries", "number"),
            Column("manifest", "SHA-256 of the manifest"),
        ],
        key="evidence_exports",
        alt="Former exports, the latest first",
        empty=Empty("No evidence was exported yet.", "Each export is listed here, and in the ledger."),
    )
    if found.total > len(found.items):
        st.caption(f"The latest {to_parts(len(found.items), found.total)}.")


def _about(scope: dict[str, str | int]) -> str:
    words = to_words(str(scope["kind"]))
    first, last = scope.get("from"), scope.get("to")
    if first and last:
        words += f", {to_day(date.fromisoformat(str(first)))} to {to_day(date.fromisoformat(str(last)))}"
    named = scope.get("certification_scope") or scope.get("figure")
    return f"{words}: {named}" if named else words


def show_checks(checks: Sequence[Check]) -> None:
    """Each check with its outcome, and the sum of them first."""
    failed = sum(check.is_passed is False for check in checks)
    passed = sum(check.is_passed is True for check in checks)
    if failed:
        st.error(
            f"Not what it claims: {to_plural(failed, 'check')} of {to_number(failed + passed)} failed.",
            icon=":material/gpp_bad:",
        )
    elif passed:
        st.success(f"Intact: all {to_plural(passed, 'check')} passed.", icon=":material/verified_user:")
    else:
        say_empty("Nothing could be checked.", "Drop a bundle as it was exported, or a .tlog-proof file.")
    look = {
        True: ":green[:material/check_circle: passed]",
        False: ":red[:material/error: failed]",
        None: ":gray[:material/info: note]",
    }
    for check in checks:
        st.markdown(f"{look[check.is_passed]} · {check.text}")
