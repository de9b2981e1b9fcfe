"""The cohort filter of the school pages."""

from datetime import date

from app.dashboards.components.filters import choose
from app.dashboards.formats import to_month
from app.dashboards.queries import school
from app.dashboards.viewer import Viewer

ALL_COHORTS = "All cohorts"


def choose_cohort(viewer: Viewer, *, key: str) -> date | None:
    """A cohort by the month it started, the latest first; None for all."""
    months = viewer.load(school.cohorts)["cohort_on"].to_list()
    by_label = {to_month(month): month for month in reversed(months)}
    return by_label.get(choose("Cohort", [ALL_COHORTS, *by_label], key=key))
