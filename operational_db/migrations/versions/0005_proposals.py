"""Reminders of proposed contracts; a person's revoked evidence is found in the ledger at once."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SCHEDULES = (
    "certificate_expiry",
    "scope_expiry",
    "assignment_due",
    "employer_copy",
    "visit_unqualified",
    "mentorship_answer",
    "mentorship_news",
)


def _set_schedules(schedules: tuple[str, ...]) -> None:
    """Autogeneration does not look at the values of a text column's check."""
    for table in ("notification_items", "reminder_runs"):
        op.drop_constraint(op.f(f"ck_{table}_reminderschedule"), table)
        op.create_check_constraint(op.f(f"ck_{table}_reminderschedule"), table, sa.column("schedule").in_(schedules))


def upgrade() -> None:
    op.create_index(
        "ix_ledger_events_revocations",
        "ledger_events",
        ["subject_id"],
        postgresql_where=sa.text("kind = 'proficiency.revoked'"),
    )
    _set_schedules((*_SCHEDULES, "contract_proposed"))


def downgrade() -> None:
    op.execute("delete from notification_items where schedule = 'contract_proposed'")
    op.execute("delete from reminder_runs where schedule = 'contract_proposed'")
    _set_schedules(_SCHEDULES)
    op.drop_index("ix_ledger_events_revocations", table_name="ledger_events")
