"""Random cases decided twice, by `gates.rules` and in Cedar; for the differential test and the benchmark's row."""

import random
from dataclasses import dataclass, field

from operational_db.gates.rules import decide
from operational_db.types import GateOutcome
from tests.operational_db.gates.cases import Case, random_case
from tests.operational_db.gates.cedar import are_allowed, to_request

BATCH = 2_000


@dataclass
class Comparison:
    """How so many cases came out; a disagreement has the case's number, the case and Cedar's answer."""

    disagreements: list[tuple[int, Case, bool]] = field(default_factory=list)
    allowed_count: int = 0
    # Denied by a rule that is only tried out.
    passed_in_dry_run_count: int = 0


def compare(count: int) -> Comparison:
    """Every fourth case asks whether the action may go ahead, the others for the rule's own answer."""
    found = Comparison()
    for start in range(0, count, BATCH):
        # A seed of its own for every batch, so that a disagreement can be looked at without those before it.
        chance = random.Random(start)
        cases = [random_case(chance) for _ in range(min(BATCH, count - start))]
        passes = [number % 4 == 3 for number in range(len(cases))]
        answers = are_allowed([to_request(*case, passes=whether) for case, whether in zip(cases, passes, strict=True)])
        for number, (case, whether, theirs) in enumerate(zip(cases, passes, answers, strict=True)):
            decision = decide(*case)
            ours = decision.is_allowed if whether else decision.outcome is GateOutcome.ALLOW
            found.allowed_count += ours
            found.passed_in_dry_run_count += decision.is_allowed and decision.outcome is GateOutcome.DENY
            if ours is not theirs:
                found.disagreements.append((start + number, case, theirs))
    return found
