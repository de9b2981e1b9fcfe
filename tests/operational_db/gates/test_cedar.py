"""Our engine and the same rules in Cedar decide random cases alike; `make bench` has a million of them."""

import pytest

from tests.operational_db.gates.cedar_comparison import compare

CASES = 20_000


@pytest.mark.requirement("EMB-14", "EMB-22")
def test_cedar_decides_every_random_case_as_we_do() -> None:
    found = compare(CASES)
    assert found.disagreements[:3] == []
    # The cases are no foregone conclusion: a good part of them goes either way.
    assert 0.15 < found.allowed_count / CASES < 0.85
    assert found.passed_in_dry_run_count > CASES / 20
