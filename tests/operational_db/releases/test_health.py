"""Freshness: what the "As of" line says about age, failed runs and runs that found no news."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from operational_db.releases.health import (
    LAST_RUN_ADAPTER,
    FreshnessState,
    LastRun,
    RunOutcome,
    last_run_path,
    read_freshness,
    read_last_run,
)
from operational_db.releases.manifest import CheckResult
from operational_db.settings import Settings
from tests.operational_db.releases.release_builder import write_release

AS_OF = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, freshness_minutes=120)


def run(outcome: RunOutcome, finished_at: datetime, message: str = "") -> LastRun:
    failed = (CheckResult("ledger_contiguity", False, True, message),) if outcome is RunOutcome.CHECK_FAILED else ()
    return LastRun(outcome, finished_at, finished_at, 7, message, failed)


def save(settings: Settings, last_run: LastRun) -> None:
    last_run_path(settings).write_bytes(LAST_RUN_ADAPTER.dump_json(last_run))


class TestFreshness:
    def test_without_a_release_it_is_missing(self, settings: Settings) -> None:
        assert read_freshness(settings, now=AS_OF).state is FreshnessState.MISSING

    @pytest.mark.parametrize(
        ("age", "state"),
        [
            (timedelta(minutes=119), FreshnessState.VERIFIED),
            (timedelta(minutes=120), FreshnessState.VERIFIED),
            (timedelta(minutes=121), FreshnessState.STALE),
        ],
    )
    def test_it_is_stale_past_the_limit(self, settings: Settings, age: timedelta, state: FreshnessState) -> None:
        write_release(settings, as_of=AS_OF)
        assert read_freshness(settings, now=AS_OF + age).state is state

    def test_a_run_without_news_confirms_old_figures(self, settings: Settings) -> None:
        write_release(settings, as_of=AS_OF)
        save(settings, run(RunOutcome.NO_NEWS, AS_OF + timedelta(hours=5)))
        assert read_freshness(settings, now=AS_OF + timedelta(hours=6)).state is FreshnessState.VERIFIED

    def test_a_failed_run_is_said_with_its_reason(self, settings: Settings) -> None:
        write_release(settings, as_of=AS_OF)
        save(settings, run(RunOutcome.CHECK_FAILED, AS_OF + timedelta(minutes=1), "Leaf 3 is missing."))
        freshness = read_freshness(settings, now=AS_OF + timedelta(minutes=2))
        assert (freshness.state, freshness.reason) == (FreshnessState.FAILED, "Leaf 3 is missing.")
        assert freshness.ledger_size == 7

    def test_a_damaged_record_of_the_last_run_counts_as_none(self, settings: Settings) -> None:
        write_release(settings, as_of=AS_OF)
        last_run_path(settings).write_text("{")
        assert read_last_run(settings) is None
        assert read_freshness(settings, now=AS_OF).state is FreshnessState.VERIFIED
