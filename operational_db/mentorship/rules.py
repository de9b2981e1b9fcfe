"""The life cycle of a mentorship and who may move it. Source: training-platform seed 3.2.4.

pending -> active | declined; active -> completed | cancelled; pending -> cancelled.
"""

from collections.abc import Mapping
from enum import StrEnum

from operational_db.errors import ConflictError
from operational_db.types import MentorshipStatus


class MentorshipStep(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    COMPLETE = "complete"
    CANCEL = "cancel"


_STEPS: Mapping[MentorshipStep, tuple[frozenset[MentorshipStatus], MentorshipStatus]] = {
    MentorshipStep.ACCEPT: (frozenset({MentorshipStatus.PENDING}), MentorshipStatus.ACTIVE),
    MentorshipStep.DECLINE: (frozenset({MentorshipStatus.PENDING}), MentorshipStatus.DECLINED),
    MentorshipStep.COMPLETE: (frozenset({MentorshipStatus.ACTIVE}), MentorshipStatus.COMPLETED),
    MentorshipStep.CANCEL: (
        frozenset({MentorshipStatus.PENDING, MentorshipStatus.ACTIVE}),
        MentorshipStatus.CANCELLED,
    ),
}

# The mentor answers a request; either of the two may complete or cancel what they share.
STEPS_OF_THE_MENTOR_ALONE = frozenset({MentorshipStep.ACCEPT, MentorshipStep.DECLINE})


def next_status(status: MentorshipStatus, step: MentorshipStep) -> MentorshipStatus:
    """The status after the step.

    Raises
    ------
    ConflictError
        When the mentorship is not in a state that allows the step.
    """
    allowed, result = _STEPS[step]
    if status not in allowed:
        expected = " or ".join(sorted(allowed))
        raise ConflictError(
            f"This mentorship is {status}; only one that is {expected} can be moved by {step}. Reload to see its state."
        )
    return result
