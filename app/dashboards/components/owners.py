"""The figures, answers and columns of a building owner's pages; what each says, and where it leads."""

import streamlit as st

from app.dashboards.components.figures import Drill, Figure
from app.dashboards.components.frame import say_empty
from app.dashboards.components.tables import Column
from app.dashboards.formats import to_number, to_parts, to_percent, to_plural
from app.dashboards.navigation import OWNER_EQUIPMENT, OWNER_VISITS
from app.dashboards.queries import buildings
from app.dashboards.viewer import Viewer

BUILDINGS = (
    Column("name", "Building"),
    Column("state", "Coverage", "status"),
    Column("unit_count", "Units", "number"),
    Column("uncovered_unit_count", "Uncovered units", "number", help="Nobody of the contractors meets a requirement"),
    Column("rule_count", "Requirements", "number", help="Rules that hold for at least one unit here"),
    Column("next_visit_on", "Next visit", "date"),
    Column("expires_before_visit_count", "Expire before it", "number", help="Certificates that end before the visit"),
    Column("district", "District"),
    Column("city", "City"),
    Column("register_id", "Register number"),
)
UNITS = (
    Column("name", "Unit"),
    Column("coverage", "Coverage", "status"),
    Column("equipment_type", "Type", "words"),
    Column("manufacturer_name", "Maker"),
    Column("model", "Model"),
    Column("required_count", "Requirements", "number"),
    Column("covered_count", "Covered", "number"),
    Column("qualified_count", "Qualified people", "number", help="For the requirement that fewest meet"),
    Column("next_visit_on", "Next visit", "date"),
    Column("status", "State", "words"),
    Column("inspected_on", "Inspected", "date"),
    Column("register_id", "Register number"),
)


def require_figures(viewer: Viewer, views: frozenset[str]) -> None:
    """Stop, with the reason, when the figures were made by a version that did not count these yet."""
    if not views <= viewer.warehouse.views:
        say_empty(
            "The figures were made before buildings and contractors were counted.",
            "The next update brings them; crew checks and visits work already.",
        )
        st.stop()


def buildings_answer(counts: buildings.Counts) -> str:
    """Whether somebody qualified stands ready everywhere."""
    if counts.building_count == 0:
        return "No building is on record yet."
    if counts.required_count == 0:
        return f"{to_plural(counts.building_count, 'building')}, and nothing is required of who works there."
    if counts.uncovered_building_count == 0:
        with_rules = counts.building_count - counts.open_building_count
        return f"Every requirement is covered in {to_plural(with_rules, 'building')}."
    return (
        f"{to_parts(counts.uncovered_building_count, counts.building_count)} buildings are uncovered: "
        f"{to_plural(counts.uncovered_unit_count, 'unit')} where none of your contractors' people qualifies."
    )


def building_answer(building: buildings.BuildingHead) -> str:
    """Whether somebody qualified stands ready for every unit of a building."""
    if building.state == "no_requirement":
        return "Nothing is required of who works here."
    if building.state == "covered":
        return "Covered: for every requirement somebody of your contractors qualifies."
    return (
        f"Uncovered: for {to_parts(building.uncovered_unit_count, building.unit_count)} units nobody of your "
        "contractors meets a requirement."
    )


def building_figures(counts: buildings.Counts) -> list[Figure]:
    """Buildings and units, what is required and covered, and which visits are near; each filters the list."""

    def drill(label: str, state: str) -> Drill:
        return Drill(None, label, {"buildings_state": state})

    share = counts.covered_count / counts.required_count if counts.required_count else None
    with_rules = counts.building_count - counts.open_building_count
    return [
        Figure(
            "Requirements covered",
            to_percent(share),
            f"{to_parts(counts.covered_count, counts.required_count)}, each counted once a unit",
            drill=drill("Which are", "Covered"),
        ),
        Figure(
            "Uncovered buildings",
            to_number(counts.uncovered_building_count),
            f"of {to_plural(with_rules, 'building')} with requirements",
            drill=drill("Which", "Uncovered"),
        ),
        Figure(
            "Visits at risk",
            to_number(counts.visit_uncovered_count),
            f"uncovered buildings with a visit in {buildings.VISIT_DAYS} days",
            drill=Drill(OWNER_VISITS, "Open visits"),
        ),
        Figure(
            "Nothing required",
            to_number(counts.open_building_count),
            f"of {to_plural(counts.building_count, 'building')}",
            drill=drill("Which", "No requirement"),
        ),
        Figure(
            "Units",
            to_number(counts.unit_count),
            f"in {to_plural(counts.building_count, 'building')}",
            drill=Drill(OWNER_EQUIPMENT, "All units"),
        ),
    ]
