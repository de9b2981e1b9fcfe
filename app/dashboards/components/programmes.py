"""The table of courses and cohorts that two school pages share."""

from app.dashboards.components.tables import Column

COHORT_COLUMNS = (
    Column("title", "Course"),
    Column("cohort_on", "Cohort", "month"),
    Column("enrolled_count", "Enrolled", "number"),
    Column("active_count", "In the course", "number"),
    Column("completed_count", "Completed", "number"),
    Column("dropped_count", "Dropped", "number"),
    Column("failed_count", "Failed", "number"),
    Column("completion_rate", "Completion rate", "percent", help="Of the enrollments that ended"),
    Column("pass_rate", "Pass rate", "percent", help="Of scored attempts; results carried over are left out"),
    Column("median_days_to_complete", "Median days", "number", help="From enrollment to completion"),
)
