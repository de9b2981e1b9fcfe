"""Our engine and the same rules in Cedar decide random cases alike.

SITESYNC_CEDAR_CASES sets how many cases there are; a whole check takes a million.
"""

import logging
import os
import random
from collections.abc import Callable

import pytest

from operational_db.gates.rules import decide
from operational_db.types import GateOutcome
from tests.operational_db.gates.cases import Case, random_case
from tests.operational_db.gates.cedar import are_allowed, to_request

CASES = int(os.environ.get("SITESYNC_CEDAR_CASES", "20000"))
BATCH = 2_000


@pytest.mark.requirement("EMB-14", "EMB-22")
@pytest.mark.timeout(3_600)
def test_cedar_decides_every_random_case_as_we_do(record_property: Callable[[str, object], None]) -> None:
    disagreements: list[tuple[int, Case, bool]] = []
    allowed = denied_by_rule_alone = 0
    for start in range(0, CASES, BATCH):
        # A seed of its own for every batch, so that a disagreement can be looked at without those before it.
        chance = random.Random(start)
        cases = [random_case(chance) for _ in range(min(BATCH, CASES - start))]
        passes = [number % 4 == 3 for number in range(len(cases))]
        answers = are_allowed([to_request(*case, passes=whether) for case, whether in zip(cases, passes, strict=True)])
        for number, (case, whether, theirs) in enumerate(zip(cases, passes, answers, strict=True)):
            decision = decide(*case)
            ours = decision.is_allowed if whether else decision.outcome is GateOutcome.ALLOW
            allowed += ours
            denied_by_rule_alone += decision.is_allowed and decision.outcome is GateOutcome.DENY
            if ours is not theirs:
                disagreements.append((start + number, case, theirs))
    record_property("cedar_cases", CASES)
    record_property("cedar_disagreements", len(disagreements))
    figures = {"cases": CASES, "disagreements": len(disagreements), "allowed": allowed}
    logging.getLogger(__name__).info("gates.cedar_compared %s", figures)
    assert disagreements[:3] == []
    # The cases are no foregone conclusion: a good part of them goes either way.
    assert 0.15 < allowed / CASES < 0.85
    assert denied_by_rule_alone > CASES / 20
