"""Mentoring of the company of the hand-made figures, and one mentorship of another company that it must never see.

Eight requests of the company: three run, two are completed, one ended early, one was declined, one waits.
"""

from datetime import date, timedelta
from uuid import UUID

from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.release_fixture import Row, fixed_id

MENTORSHIPS = [fixed_id(70, n) for n in range(9)]
STATES = ("active", "active", "active", "completed", "completed", "cancelled", "declined", "pending")
MENTORS = (figures.PEOPLE[2], figures.PEOPLE[3])


def _mentorship(number: int, status: str, mentee_id: UUID, organization_id: UUID) -> Row:
    requested_on = figures.TODAY - timedelta(days=20 * (number + 1))
    is_over = status in ("completed", "cancelled", "declined")
    is_begun = status in ("active", "completed", "cancelled")
    return {
        "mentorship_id": MENTORSHIPS[number], "mentor_id": MENTORS[number % 2], "mentee_id": mentee_id,
        "organization_id": organization_id, "mentor_organization_id": figures.COMPANY, "mentorship_type": "general",
        "status": status, "requested_on": requested_on, "started_on": requested_on if is_begun else None,
        "answered_on": None if status == "pending" else requested_on,
        "ended_on": requested_on + timedelta(days=10) if is_over else None,
        "days_to_answer": None if status == "pending" else 0,
        "decline_reason": "no_time" if status == "declined" else None,
        "end_reason": "moved_on" if status == "cancelled" else None, "ended_by": None, "session_count": number,
        "session_minutes": 60 * number, "last_session_on": None, "milestone_count": 0,
        "mentee_rating": 5 if status == "completed" else None, "mentee_rated_on": None, "mentor_rating": None,
        "mentor_rated_on": None, "is_from_list": True, "shown_rank": 1, "leaf_index": 50000 + number,
    }  # fmt: skip


def _month(back: int, requested: int, accepted: int) -> Row:
    return {
        "organization_id": figures.COMPANY, "month": figures.month(back), "shown_count": requested * 3,
        "requested_count": requested, "requested_from_list_count": requested, "pending_count": 0,
        "accepted_count": accepted, "declined_count": requested - accepted, "expired_count": 0, "withdrawn_count": 0,
        "active_count": accepted, "completed_count": 0, "ended_early_count": 0,
        "acceptance_rate": accepted / requested, "completion_rate": None, "median_days_to_answer": 2.0,
        "leaf_index": 50100 + back,
    }  # fmt: skip


def _ratings(month: date, side: str, count: int, average: float | None) -> Row:
    return {
        "organization_id": figures.COMPANY, "month": month, "side": side, "rating_count": count, "period_from": month,
        "period_rating_count": count, "average_rating": average, "leaf_index": 50200,
    }  # fmt: skip


def _load(mentor_id: UUID, active: int) -> Row:
    return {
        "organization_id": figures.COMPANY, "mentor_id": mentor_id, "capacity": 3, "is_accepting": True,
        "paused_until": None, "free_count": 3 - active, "active_count": active, "pending_count": 0,
        "completed_count": 1, "ended_early_count": 0, "request_count_90d": active, "declined_count_90d": 0,
        "expired_count_90d": 0, "session_minutes": 120, "shown_count_90d": 9, "last_session_on": figures.TODAY,
        "rating_count": 0, "average_rating": None, "leaf_index": 50300,
    }  # fmt: skip


def rows_of_mentoring() -> dict[str, list[Row]]:
    """The marts of mentorship."""
    own = [
        _mentorship(number, status, figures.PEOPLE[5 + number], figures.COMPANY) for number, status in enumerate(STATES)
    ]
    other = _mentorship(8, "active", figures.OTHER_PEOPLE[1], figures.OTHER_COMPANY)
    other["mentor_id"], other["mentor_organization_id"] = figures.OTHER_PEOPLE[2], figures.OTHER_COMPANY
    return {
        "fct_mentorship": [*own, other],
        "mentorship_funnel": [_month(0, 4, 3), _month(3, 4, 3)],
        "mentorship_satisfaction": [
            _ratings(figures.month(1), "mentee", 3, None),
            _ratings(figures.month(0), "mentee", 6, 4.5),
        ],
        "mentor_load": [_load(MENTORS[0], 2), _load(MENTORS[1], 1)],
    }
