"""What each outcome of technicians' jobs means: its unit, what may be in it, and which direction is the better one.

Keys are those under which companies' results are recorded. How monthly values are formed is the caller's part.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """`title` stands within a sentence. `per` names what a weight counts: jobs for rates, months for the rest.

    Values below `lowest` or above `highest` cannot be and are refused.
    """

    kind: str
    title: str
    per: str
    unit: str
    is_more_better: bool
    is_share: bool = False
    lowest: float = 0.0
    highest: float = 10_000.0


# A person finishes no more than 744 hours in a month, so no job of hers holds more within it.
_ALL = (
    Outcome("first_time_fix_rate", "the share of jobs fixed at the first visit", "job", "fix", True, True, 0.0, 1.0),
    Outcome("callback_rate", "the share of jobs that were called back", "job", "callback", False, True, 0.0, 1.0),
    Outcome("rework_rate", "the share of jobs that were reworked", "job", "rework", False, True, 0.0, 1.0),
    Outcome("incidents", "incidents per technician and month", "month", "incident", False, False, 0.0, 1_000.0),
    Outcome("hours_per_job", "hours per job", "job", "hour", False, False, 0.0, 744.0),
    Outcome(
        "units_maintained", "units maintained per technician and month", "month", "unit", True, False, 0.0, 10_000.0
    ),
)
OUTCOMES: dict[str, Outcome] = {outcome.kind: outcome for outcome in _ALL}
