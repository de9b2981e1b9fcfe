"""The real data sets, where they are at hand: exact counts, a repeat without effect."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports.service import (
    HistoryRequest,
    LicenceRequest,
    run_history_import,
    run_licence_import,
)

ROOT = Path(__file__).resolve().parents[3]
SHARED_DATA = Path(os.environ.get("SITESYNC_SHARED_DATA", ROOT.parent / "shared" / "data"))
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def _folder(name: str) -> Path:
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(f"The data set {name} is not at hand (SITESYNC_SHARED_DATA).")
    return folder


def _pairs(engine: Engine, query: str) -> dict[str, int]:
    with engine.connect() as connection:
        return {str(row[0]): int(row[1]) for row in connection.execute(text(query))}


class TestRealRecords:
    @pytest.mark.slow
    def test_oulad_arrives_whole_and_only_once(self, committed_engine: Engine) -> None:
        request = HistoryRequest(
            folder=_folder("oulad"),
            organization_slug="oulad",
            organization_name="OULAD school",
            source="oulad",
            format="oulad",
        )
        first = run_history_import(committed_engine, SYSTEM_PRINCIPAL, request, is_dry_run=False, now=NOW)
        assert {kind: (c["read"], c["added"], c["refused"]) for kind, c in first.report["kinds"].items()} == {
            "courses": (22, 22, 0),
            "modules": (6_364, 232, 0),
            "assessments": (206, 206, 0),
            "learners": (28_785, 28_785, 0),
            "enrollments": (32_593, 32_593, 0),
            "attempts": (173_912, 173_912, 0),
            "activity": (1_048_575, 202_215, 0),
        }
        notes = {note["code"]: note["count"] for note in first.report["notes"]}
        assert (notes["registration_day_unknown"], notes["unscored_attempt"]) == (45, 173)
        statuses = _pairs(committed_engine, "select status, count(*) from course_enrollments group by 1")
        assert statuses == {"completed": 15_385, "dropped": 10_156, "failed": 7_052}
        banked = _pairs(committed_engine, "select is_banked, count(*) from assessment_attempts group by 1")
        assert banked == {"True": 1_909, "False": 172_003}
        clicks = _pairs(committed_engine, "select 'clicks', sum(interaction_count) from daily_engagement")
        assert clicks == {"clicks": 3_516_339}
        events = "select kind, count(*) from ledger_events group by 1"
        told = _pairs(committed_engine, events)
        assert told == {
            "membership.started": 28_785,
            "enrollment.opened": 32_593,
            "attempt.graded": 173_912,
            "enrollment.completed": 15_385,
            "enrollment.failed": 7_052,
            "enrollment.dropped": 10_156,
            "import.applied": 1,
        }
        second = run_history_import(committed_engine, SYSTEM_PRINCIPAL, request, is_dry_run=False, now=NOW)
        assert (second.total("added"), second.total("changed"), second.total("unchanged")) == (0, 0, 437_965)
        assert _pairs(committed_engine, events) == told

    def test_the_licences_arrive_whole_and_only_once(self, committed_engine: Engine) -> None:
        request = LicenceRequest(file=_folder("cslb_licenses") / "cslb_licenses.csv")
        first = run_licence_import(committed_engine, SYSTEM_PRINCIPAL, request, is_dry_run=False, now=NOW)
        assert (first.total("read"), first.total("refused")) == (1_000, 0)
        codes = _pairs(
            committed_engine,
            "select r.code, count(*) from certificates as c "
            "join certification_registry as r on r.id = c.certification_id group by 1",
        )
        assert sum(codes.values()) == 1_175
        wanted = ("CSLB-C-10", "CSLB-C-20", "CSLB-C-38", "CSLB-C-11")
        assert [codes[code] for code in wanted] == [461, 214, 14, 4]
        second = run_licence_import(committed_engine, SYSTEM_PRINCIPAL, request, is_dry_run=False, now=NOW)
        assert second.total("added") == 0
