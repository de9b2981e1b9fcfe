"""`dbt build` on an empty file: every model, data test and unit test of the warehouse, on a small history."""

from pathlib import Path
from random import Random

import pytest

from tests.dbt_project.histories import AS_OF
from tests.dbt_project.landing import Landing, write_dimensions, write_events, write_schemas
from tests.dbt_project.learned_histories import LearnedHistory, learned_dimensions
from tests.dbt_project.warehouse import models_comparing_pairs, parsed_project, read, run_dbt


@pytest.mark.slow
@pytest.mark.requirement("KPI-01", "KPI-02", "KPI-03")
def test_everything_builds_and_holds_from_an_empty_file(tmp_path: Path) -> None:
    """Success Metrics of the seed: eight criteria with their targets; the rules behind are the project's unit tests."""
    landing = Landing(tmp_path / "landing", 0)
    write_schemas(landing)
    write_dimensions(landing, learned_dimensions())
    landing = write_events(landing, LearnedHistory(Random(3)).grow(500))
    build = tmp_path / "build.duckdb"

    run = run_dbt(build, landing, as_of=AS_OF, arguments=["build", "--full-refresh"])

    assert run.is_success, run.failures
    assert run.node_count >= len(parsed_project().unit_tests) + len(parsed_project().nodes)
    targets = dict(read(build, "select criterion_code, target from marts.kpi_success_criteria"))
    assert targets == {
        "course_catalog_size": 200.0,
        "training_completions_per_month": 5000.0,
        "certifications_tracked": 10000.0,
        "trade_school_partnerships": 10.0,
        "active_mentorships": 500.0,
        "company_adoption": 100.0,
        "mobile_learning_rate": 0.4,
        "ce_credits_per_year": 10000.0,
    }
    assert read(build, "select count(*), count(distinct month_on) from marts.kpi_success_trend") == [(192, 24)]
    assert models_comparing_pairs(build) == []


def test_an_empty_ledger_builds_empty_marts(tmp_path: Path) -> None:
    """A new installation has nothing yet: no facts, zeros for counts, no rate."""
    landing = Landing(tmp_path / "landing", 0)
    write_schemas(landing)
    write_dimensions(landing, learned_dimensions())
    build = tmp_path / "build.duckdb"

    run = run_dbt(build, landing, as_of=AS_OF, arguments=["run", "--full-refresh"])

    assert run.is_success, run.failures
    assert read(build, "select count(*) from marts.fct_enrollment") == [(0,)]
    assert read(
        build, "select value from marts.kpi_success_criteria where criterion_code = 'mobile_learning_rate'"
    ) == [(None,)]
    assert read(build, "select ledger_size, is_simulated from marts.release_information") == [(0, True)]
