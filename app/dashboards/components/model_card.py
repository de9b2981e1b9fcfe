"""The card of a learned model."""

from app.dashboards.components.frame import say_empty
from app.dashboards.viewer import Viewer
from operational_db.types import LearnedModelKind


def show_card(viewer: Viewer, kind: LearnedModelKind) -> None:
    """The card."""
    say_empty("No learned model serves yet.", "It is trained each week from what happened.")
