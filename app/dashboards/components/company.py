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
    """Compliance and the trainings that need somebody to act, each against the last month end and with its people."""
    known = trend.drop_nulls("compliance_rate")
    since = f"vs {known['as_of_on'][-2]:%d %b}" if known.height > 1 else None

    def counted(label: str, column: str, value: int, detail: str, who: str, status: str) -> Figure:
        counts = known[column].to_list()
        return Figure(
            label,
            to_number(value),
            detail,
            f"{value - counts[-2]:+,}" if since else None,
            since,
            more_is_good=False,
            trend=counts,
            drill=Drill(COMPANY_PEOPLE, who, {"people_status": status}),
        )

    rates = known["compliance_rate"].to_list()
    overdue = f"trainings of {to_plural(now.people_overdue_count, 'person', 'people')}"
    return [
        Figure(
            "Compliance",
            to_percent(now.compliance_rate),
            f"{to_parts(now.completed_count, now.counted_count)} done · {to_number(now.exempted_count)} exempt",
            to_points(rates[-1] - rates[-2]) if since else None,
            since,
            trend=rates,
            drill=Drill(COMPANY_PEOPLE, "All people"),
        ),
        counted("Overdue", "overdue_count", now.overdue_count, overdue, "Who is overdue", "Overdue"),
        counted(
            "Due in 14 days",
            "due_14_days_count",
            now.due_14_days_count,
            "trainings not done yet",
            "Who is due",
            "Due in 14 days",
        ),
        counted(
            "Expiring in 30 days",
            "expiring_30_days_count",
            now.expiring_30_days_count,
            "trainings done, whose certificate ends soon",
            "Whose end soon",
            "Expiring in 30 days",
        ),
        counted(
            "Expired",
            "expired_count",
            now.expired_count,
            "trainings once done, whose certificate lapsed",
            "Whose lapsed",
            "Lapsed",
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
