"""Access log: who was let in, out or past a rule, who changed the rules, who took evidence away, who was erased."""

from datetime import datetime, time, timedelta

import streamlit as st

from app.dashboards.components.figures import Drill, Figure, show_figures
from app.dashboards.components.filters import choose, choose_id, search_box
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.tables import Column, Empty, show_listing
from app.dashboards.formats import to_number, to_plural
from app.dashboards.navigation import EVIDENCE_ACCESS_LOG
from app.dashboards.queries import access_log
from operational_db import clock

TIMES = {"90 days": 90, "30 days": 30, "365 days": 365, "All time": None}

viewer = open_page(EVIDENCE_ACCESS_LOG)
first_line = st.container()
figures_place = st.container()
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    stretch = choose("Time", list(TIMES), key="log_time")
    kind = choose("What", list(access_log.KINDS), key="log_kind")
    names = viewer.load(access_log.actions)
    action = choose_id("Action", dict(zip(names, names, strict=True)), any_label="All actions", key="log_action")
    search = search_box("Search by name or detail", key="log_search")
days = TIMES[stretch]
# Days begin at midnight where the viewer is.
today = clock.now().astimezone(viewer.zone).date()
since = None if days is None else datetime.combine(today - timedelta(days=days - 1), time(), viewer.zone)
counts = viewer.load(access_log.counts, since=since)
when = "on record" if days is None else f"in {to_plural(days, 'day')}"
with first_line:
    answer(
        f"Evidence was exported {to_plural(counts.get('evidence_exported', 0), 'time')} and training waived "
        f"{to_plural(counts.get('waiver_granted', 0), 'time')} {when}."
    )


def _figure(label: str, entries: tuple[str, ...], detail: str, filter_name: str) -> Figure:
    found = sum(counts.get(entry, 0) for entry in entries)
    return Figure(label, to_number(found), detail, drill=Drill(None, "Show them", {"log_kind": filter_name}))


with figures_place:
    show_figures(
        [
            _figure("Exports", ("evidence_exported",), "of evidence", "Evidence exported"),
            _figure(
                "Access given",
                ("access_granted",),
                f"{to_number(counts.get('access_removed', 0))} taken back",
                "Access",
            ),
            _figure(
                "Waivers", ("waiver_granted",), f"{to_number(counts.get('waiver_ended', 0))} ended early", "Waivers"
            ),
            _figure(
                "Changes of rules",
                ("gate_rule_set", "gate_rule_ended", "policy_version_published"),
                f"{to_number(counts.get('policy_version_published', 0))} of policies",
                "Rules and policies",
            ),
            _figure("Erasures", ("person_erased",), "of personal data", "Erasures"),
        ]
    )
show_listing(
    viewer,
    access_log.listing(kind=kind, action=action, search=search, since=since),
    [
        Column("who", "Whom", help="Who got or lost it, who took the evidence, or whom a rule holds for"),
        Column("entry", "What", "words"),
        Column("occurred_at", "When", "time"),
        Column("action", "Action"),
        Column("details", "Details"),
        Column("leaf_index", "Ledger entry", "number", help="Number of the entry in the ledger that says so"),
    ],
    key="log",
    noun=("entry", "entries"),
    empty=Empty("Nothing matches.", "Choose another time or kind; every export, grant, waiver and change is listed."),
)
st.caption(f"Times are in {viewer.zone.key}. Days count from midnight there.")
