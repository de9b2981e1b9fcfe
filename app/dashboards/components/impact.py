"""Whom a proposal would newly stop or let pass: the count, by team, and by name; and how far back to look."""

import polars as pl
import streamlit as st

from app.dashboards.components.tables import Column, Empty, Opens, show_frame
from app.dashboards.formats import to_number, to_plural
from app.dashboards.navigation import COMPANY_PERSON
from app.dashboards.viewer import Viewer
from operational_db.gates.preview import ImpactPreview

DAYS = {"30 days": 30, "90 days": 90, "365 days": 365}


def impact_text(found: ImpactPreview) -> str:
    """The preview in two sentences."""
    denied = len({row.person_id for row in found.newly_denied if row.is_changed_today})
    allowed = len({row.person_id for row in found.newly_allowed if row.is_changed_today})
    return (
        f"**Newly denied today: {to_number(denied)} · newly allowed today: {to_number(allowed)}**, of "
        f"{to_plural(found.people_considered, 'person', 'people')} considered. Of "
        f"{to_plural(found.decisions_replayed, 'decision')} in the last {to_plural(found.days, 'day')}, "
        f"{to_number(found.decisions_changed)} would have come out otherwise."
    )


def show_impact(viewer: Viewer, found: ImpactPreview, *, key: str) -> None:
    """What the proposal changes, by team first, then each person."""
    st.markdown(impact_text(found))
    frame = impact_frame(found)
    if frame.is_empty():
        st.success("Nobody would newly be denied or allowed.", icon=":material/check_circle:")
        return
    teams = (
        frame.unique(["person_id", "change"])
        .group_by("team")
        .agg(
            (pl.col("change") == "deny").sum().alias("denied"),
            (pl.col("change") == "allow").sum().alias("allowed"),
        )
        .sort("denied", "allowed", "team", descending=[True, True, False])
    )
    lines = [
        f"- {row['team']}: {to_number(row['denied'])} newly denied, {to_number(row['allowed'])} newly allowed"
        for row in teams.iter_rows(named=True)
    ]
    st.markdown("By team\n" + "\n".join(lines))
    show_frame(
        viewer,
        frame,
        [
            Column("display_name", "Person"),
            Column("change", "Newly", "status"),
            *([Column("action", "Action")] if len(found.actions) > 1 else []),
            Column("team", "Team"),
            Column("today", "Already today", "flag", help="Today's answer would be another one, too"),
            Column("decisions", "Past decisions", "number", help="Decisions that would have come out otherwise"),
        ],
        key=key,
        alt="People whom the proposal newly denies or allows",
        empty=Empty("Nobody is concerned.", ""),
        opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
    )


def impact_frame(found: ImpactPreview) -> pl.DataFrame:
    """One row a person and action whose answer changes."""
    rows = [(row, "deny") for row in found.newly_denied] + [(row, "allow") for row in found.newly_allowed]
    return pl.DataFrame(
        {
            "person_id": [str(row.person_id) for row, _ in rows],
            "display_name": [row.display_name for row, _ in rows],
            "change": [change for _, change in rows],
            "action": [row.action for row, _ in rows],
            "team": [row.team_name or "No team" for row, _ in rows],
            "today": [row.is_changed_today for row, _ in rows],
            "decisions": [row.decision_count for row, _ in rows],
        },
        schema={
            "person_id": pl.String,
            "display_name": pl.String,
            "change": pl.String,
            "action": pl.String,
            "team": pl.String,
            "today": pl.Boolean,
            "decisions": pl.Int64,
        },
    )
