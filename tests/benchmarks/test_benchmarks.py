"""The benchmarks themselves, whole and tiny, so that they cannot rot; what they measure here means nothing.

The start is measured on this checkout, without a clone, an installation of packages or the demo.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from app.dashboards.navigation import (
    CONTENT_DRAFT,
    CONTENT_VERSION,
    OWNER_BUILDING,
    OWNER_CONTRACTOR,
    PAGES,
    SECURITY_INCIDENT,
)
from operational_db import clock
from operational_db.ledger.events import ENVELOPE_FIELDS, EVENT_TYPES
from operational_db.settings import PROJECT_ROOT
from operational_db.types import new_id
from tests.benchmarks.__main__ import ROWS, run_rows
from tests.benchmarks.bench import Bench, Effort
from tests.benchmarks.imports import measure_imports
from tests.benchmarks.installation import installation_free_environment
from tests.benchmarks.ledger_fill import ENTRIES, HistorySize, open_history
from tests.benchmarks.report import Figure, Row, percentile, print_table, write_json
from tests.benchmarks.startup import seconds_to_first_page

TINY = Effort(
    badge_count=10, badge_repetitions=5, listed_badges=200, verify_seconds=1.0,
    refresh_repetitions=1, warm_up_rounds=0, page_repetitions=1, viewer_count=3, viewing_seconds=4.0, longest_look=1.0,
    evidence_count=2_000, decision_count=200, gate_seconds=0.2, gate_repetitions=1, gate_batches=1,
    cedar_cases=500,
    append_repetitions=1, append_seconds=0.5, ledger_entries=600, proof_count=20, http_seconds=1.0,
    ranked_mentors=100, rank_repetitions=2, pair_mentees=30, pair_mentors=20,
    certificate_count=2_000, crew_check_count=2, crew_certificate_count=600,
    match_requests=600, cohort_mentees=40, roi_technicians=60, roi_repetitions=1,
)  # fmt: skip
# So small that the ledger a tenth of the size is the same one.
TINY_ENTRIES = 1_000
# What shipped lessons and rules tell themselves when they are put in place, and kinds of which the simulated industry
# has less than one entry in two hundred.
LEFT_OUT = {
    "access", "badge", "building", "content", "contract", "crew", "equipment", "evidence", "import", "incident",
    "mentor", "mentoring", "mentors", "model", "person", "policy", "register", "reminder", "roi", "scope", "visit",
    "waiver",
}  # fmt: skip
# Record pages of what a history of learning does not hold.
WITHOUT_RECORDS = {SECURITY_INCIDENT, CONTENT_VERSION, CONTENT_DRAFT, OWNER_BUILDING, OWNER_CONTRACTOR}
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(TINY_ENTRIES, tmp_path / "no-data", tmp_path, Console(), TINY, now=clock.now())
    yield made
    made.close()


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Kind and body of every entry of a small history."""
    path = tmp_path_factory.mktemp("history") / "history.duckdb"
    shipped = {
        "shipped_lesson": pl.DataFrame(
            {
                "n": [0], "id": [str(new_id())], "lesson_type": ["micro_lesson"], "version": ["1.0.0"],
                "scope": ["data-export"], "policy_id": [str(new_id())], "runbook_id": [""],
            }
        ),
        "shipped_track": pl.DataFrame({"n": [0], "id": [str(new_id())], "persona": ["engineer"]}),
        "shipped_feature": pl.DataFrame(
            {
                "n": [0], "id": [str(new_id())], "action": ["data-export"], "lesson_id": [str(new_id())],
                "rule_id": [str(new_id())], "scope": ["data-export"],
            }
        ),
    }  # fmt: skip
    with open_history(path, HistorySize(20_000), NOW, shipped) as history:
        return history.execute("select kind, body from entry").fetchall()


class TestHistory:
    def test_bodies_are_canonical_and_of_their_kind(self, entries: list[tuple[str, str]]) -> None:
        known = {kind: {item.name for item in fields(EVENT_TYPES[kind])} - ENVELOPE_FIELDS for kind in ENTRIES}
        for kind, text in entries:
            body = json.loads(text)
            assert json.dumps(body, sort_keys=True, separators=(",", ":")) == text
            assert body.keys() <= known[kind], kind

    def test_every_kind_of_learning_is_there(self, entries: list[tuple[str, str]]) -> None:
        assert {kind for kind, _ in entries} >= ENTRIES.keys() - {"requirement.ended", "certificate.revoked"}
        subjects = {kind.partition(".")[0] for kind in ENTRIES}
        assert {kind.partition(".")[0] for kind in EVENT_TYPES} - subjects == LEFT_OUT

    def test_enough_is_made_and_little_too_much(self, entries: list[tuple[str, str]]) -> None:
        assert 20_000 <= len(entries) <= 21_500


class TestReport:
    def test_percentile_takes_the_nearest_rank(self) -> None:
        values = [float(value) for value in range(1, 21)]
        assert percentile(values, 0.95) == 19
        assert percentile(values, 0.5) == 10
        assert percentile([3.0], 0.95) == 3

    def test_median_decides_and_the_limit_itself_is_met(self) -> None:
        assert Row("r", "r", (Figure("", "s", (9.0, 30.0, 31.0), 30.0),)).is_met is True
        assert Row("r", "r", (Figure("", "s", (9.0, 30.1, 31.0), 30.0),)).is_met is False
        assert Row("r", "r", (Figure("", "s", (1.0,)),)).is_met is None

    def test_one_missed_figure_makes_the_row_missed(self) -> None:
        row = Row("r", "r", (Figure("", "s", (1.0,), 2.0), Figure("", "GB", (3.0,), 2.0)))
        assert row.verdict == "NO"
        assert row.measured_text == "1.00 s, 3.00 GB"
        assert row.target_text == "2.00 s, 2.00 GB"


@pytest.mark.slow
class TestRun:
    def test_every_row_but_the_start_is_measured(self, bench: Bench, tmp_path: Path) -> None:
        rows = run_rows(bench, frozenset(ROWS.keys() - {"up", "second_start"}))
        print_table(rows, bench.console)
        write_json(tmp_path / "benchmarks" / "run.json", rows, {}, NOW)
        document = json.loads((tmp_path / "benchmarks" / "run.json").read_text())

        assert {row.name for row in rows} | {"up", "second_start"} == ROWS.keys()
        assert [row.failed for row in rows] == [None] * len(rows)
        by_name = {row["name"]: row for row in document["rows"]}
        assert "oulad" in by_name["import"]["skipped"]
        assert by_name["build"]["figures"][0]["median"] > 0
        assert by_name["refresh"]["figures"][0]["repetitions"]
        assert by_name["build"]["details"]["slowest_nodes"]
        assert by_name["refresh"]["details"][f"slowest_nodes_on_{TINY_ENTRIES}"]
        assert by_name["pages"]["details"]["page_count"] == len(set(PAGES) - WITHOUT_RECORDS)
        assert by_name["viewers"]["figures"][0]["median"] == 0
        assert by_name["viewers"]["details"]["click_count"] >= TINY.viewer_count

    def test_missing_records_are_a_reason_not_a_failure(self, bench: Bench) -> None:
        rows = measure_imports(bench, frozenset({"import", "pipeline"}))
        assert all(row.skipped and row.failed is None for row in rows)

    def test_a_start_is_timed_to_its_first_page_and_leaves_nothing(self, tmp_path: Path) -> None:
        environment = {
            **installation_free_environment(os.environ),
            "SITESYNC_HOME": str(tmp_path / "home"),
            "SITESYNC_DEMO": "false",
        }
        command = [str(Path(sys.executable).with_name("sitesync")), "up"]
        seconds = seconds_to_first_page(command, PROJECT_ROOT, environment, tmp_path / "start.txt")
        assert 0 < seconds < 180
