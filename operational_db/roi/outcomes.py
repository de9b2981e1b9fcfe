"""The months of technicians: their jobs summed as the ledger tells them, the next version with every correction.

How jobs come in is in `imports.outcomes_service`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.ledger.append import copy_events
from operational_db.ledger.events import Event, OutcomeMonthRecorded
from operational_db.roi.repository import RoiRepository

MONTHS_AT_ONCE = 20_000


def record_months(
    session: Session,
    organization_id: UUID,
    pairs: Sequence[tuple[UUID, date]],
    *,
    import_id: UUID | None,
    now: datetime,
) -> int:
    """Sum the jobs of these technicians and months anew, and tell the ledger; a month without jobs left says zero.

    Each entry holds the SHA-256 of the month's jobs, one line a job in the order of their numbers:
    `number|day|fixed at first visit|called back|reworked|incidents|hours|units` and a line feed, with nothing where
    the source did not tell.

    Parameters
    ----------
    import_id
        The import that changed the jobs; none when one was taken back, because its own entries no longer count.

    Returns
    -------
    How many months were written.
    """
    repository = RoiRepository(session)
    for start in range(0, len(pairs), MONTHS_AT_ONCE):
        rows = repository.write_months(organization_id, pairs[start : start + MONTHS_AT_ONCE])
        copy_events(session, _events(rows, organization_id, import_id), now=now)
    return len(pairs)


def _events(rows: Sequence[Any], organization_id: UUID, import_id: UUID | None) -> Iterator[Event]:  # Any: plain rows
    for row in rows:
        yield OutcomeMonthRecorded(
            subject_id=row.person_id,
            organization_id=organization_id,
            occurred_at=datetime.combine(row.month, time(), UTC),
            import_id=import_id,
            month=row.month,
            month_version=row.version,
            job_count=row.job_count,
            first_time_fix_count=row.first_time_fix_count,
            first_time_fix_known_count=row.first_time_fix_known_count,
            callback_count=row.callback_count,
            callback_known_count=row.callback_known_count,
            rework_count=row.rework_count,
            rework_known_count=row.rework_known_count,
            incident_count=row.incident_count,
            hours=row.hours,
            hours_known_count=row.hours_known_count,
            units_maintained=row.units_maintained,
            jobs_sha256=row.jobs_sha256,
        )
