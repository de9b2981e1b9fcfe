"""The life cycle of a mentorship: every step from every state."""

from itertools import product

import pytest

from operational_db.errors import ConflictError
from operational_db.mentorship.rules import MentorshipStep, next_status
from operational_db.types import MentorshipStatus

ALLOWED = {
    (MentorshipStatus.PENDING, MentorshipStep.ACCEPT): MentorshipStatus.ACTIVE,
    (MentorshipStatus.PENDING, MentorshipStep.DECLINE): MentorshipStatus.DECLINED,
    (MentorshipStatus.PENDING, MentorshipStep.CANCEL): MentorshipStatus.CANCELLED,
    (MentorshipStatus.ACTIVE, MentorshipStep.COMPLETE): MentorshipStatus.COMPLETED,
    (MentorshipStatus.ACTIVE, MentorshipStep.CANCEL): MentorshipStatus.CANCELLED,
}


@pytest.mark.parametrize(("status", "step"), list(product(MentorshipStatus, MentorshipStep)))
def test_only_the_stated_steps_are_taken(status: MentorshipStatus, step: MentorshipStep) -> None:
    if (status, step) in ALLOWED:
        assert next_status(status, step) is ALLOWED[status, step]
    else:
        with pytest.raises(ConflictError, match=f"is {status};"):
            next_status(status, step)
