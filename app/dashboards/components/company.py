"""The figures of the company pages: what each says, and whom it leads to."""

import polars as pl

from app.dashboards.charts.credentials import expiry_calendar, renewals_by_month
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import Drill, Figure
from app.dashboards.formats import to_number, to_parts, to_percent, to_plural, to_points
from app.dashboards.navigation import COMPANY_PEOPLE
from app.dashboards.queries import skills
from app.dashboards.queries.certificates import Counts, RenewalPace
from app.dashboards.queries.company import Headline
from app.dashboards.viewer import Viewer


def compliance_figures(now: Headline, trend: pl.DataFrame) -> list[Figure]:
    """Compliance against a month ago, and the trainings that need somebody to act; each leads to the people."""
    known = trend.drop_nulls("compliance_rate")
    rates = known["compliance_rate"].to_list()
    change = to_points(rates[-1] - rates[-2]) if len(rates) > 1 else None
    return [
        Figure(
            "Compliance",
            to_percent(now.compliance_rate),
            f"{to_parts(now.completed_count, now.counted_count)} done · {to_number(now.exempted_count)} exempt",
            change,
            f"vs {known['as_of_on'][-2]:%d %b}" if change else None,
            trend=rates,
            drill=Drill(COMPANY_PEOPLE, "All people"),
        ),
        Figure(
            "Overdue",
            to_number(now.overdue_count),
            f"trainings of {to_plural(now.people_overdue_count, 'person', 'people')}",
            drill=Drill(COMPANY_PEOPLE, "Who is overdue", {"people_status": "Overdue"}),
        ),
        Figure(
            "Due in 14 days",
            to_number(now.due_14_days_count),
            "trainings not done yet",
            drill=Drill(COMPANY_PEOPLE, "Who is due", {"people_status": "Due in 14 days"}),
        ),
        Figure(
            "Expiring in 30 days",
            to_number(now.expiring_30_days_count),
            "trainings done, whose certificate ends soon",
            drill=Drill(COMPANY_PEOPLE, "Whose", {"people_status": "Expiring in 30 days"}),
        ),
        Figure(
            "Expired",
            to_number(now.expired_count),
            "trainings once done, whose certificate lapsed",
            drill=Drill(COMPANY_PEOPLE, "Whose", {"people_status": "Lapsed"}),
        ),
    ]


def certificate_figures(counts: Counts, pace: RenewalPace) -> list[Figure]:
    """Where certificates stand, each filtering the list below, and how many were renewed in time."""

    def drill(state: str) -> Drill:
        return Drill(None, "Show them", {"certificates_part": "List", "certificates_state": state})

    in_time = pace.in_time_count / pace.lapsed_count if pace.lapsed_count else None
    held = f"of {to_number(counts.held_count)} on record"
    return [
        Figure("Valid", to_number(counts.valid_count), held, drill=drill("Valid")),
        Figure("Next 30 days", to_number(counts.expiring_30_count), "still valid today", drill=drill("Next 30 days")),
        Figure("Next 90 days", to_number(counts.expiring_90_count), "still valid today", drill=drill("Next 90 days")),
        Figure("Expired", to_number(counts.expired_count), "not renewed", drill=drill("Expired")),
        Figure(
            "Renewed in time",
            to_percent(in_time),
            f"{to_parts(pace.in_time_count, pace.lapsed_count)} that ended in the last 365 days",
            help="Renewed on or before the last valid day.",
        ),
    ]


def show_calendar(viewer: Viewer) -> None:
    """On which days certificates end in the coming year, and how many were renewed month by month."""
    days = viewer.load(skills.calendar, today=viewer.today)
    show_chart(
        expiry_calendar(list(days.select("on_date", "expiring_count").iter_rows()), viewer.today),
        key="certificates_calendar",
    )
    months = viewer.load(skills.renewals_by_month, today=viewer.today)
    show_chart(
        renewals_by_month(list(months.select("month", "due_count", "renewed_count").iter_rows()), viewer.today),
        key="certificates_pace",
    )
