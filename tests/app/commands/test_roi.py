"""`sitesync import outcomes|incomes` and `sitesync roi …` from the shell: what is printed, written and refused."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from app.cli import create_cli
from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.ledger.sequence import sequence_pending
from operational_db.types import EnrollmentStatus, PricingModel
from pipelines.roi_estimates import estimate_all
from tests import builders

JOBS = (
    "person,job_number,finished_on,first_time_fix\n"
    "ana@example.org,J-1,2026-09-01,yes\nana@example.org,J-2,2026-09-02,no\nnobody@example.org,J-3,2026-09-02,no\n"
)
INCOMES = (
    "certification_year,geography,sex,trade,certification_mode,indicator,value\n"
    "2015,Canada,Both sexes,Plumber,Completed apprenticeship programs,"
    "median_employment_income_cert_year_incl_self_employed,61250\n"
)


@pytest.fixture(autouse=True)
def _installation(
    committed_engine: Engine, committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    with unit_of_work(committed_engine) as session:
        company = builders.create_organization(session, slug="lifts")
        person = builders.create_person(session, email="ana@example.org")
        builders.create_membership(session, person, company)
        course = builders.create_course(
            session, pricing_model=PricingModel.PAID, price=Decimal(300), currency="USD", title="Doors"
        )
        builders.create_enrollment(
            session, person, course, organization_id=company.id, status=EnrollmentStatus.COMPLETED,
            ended_at=clock.now() - timedelta(days=2),
        )  # fmt: skip
    yield


def _run(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(create_cli(), list(arguments))
    assert result.exit_code == exit_code, result.output
    return result.output


class TestImports:
    def test_jobs_are_tried_brought_in_and_taken_back(self, tmp_path: Path) -> None:
        path = tmp_path / "jobs.csv"
        path.write_text(JOBS)
        tried = _run("import", "outcomes", str(path), "--organization", "lifts", "--dry-run")
        assert "outcomes added: J-1, J-2" in tried
        assert "jobs.csv:4 person: unknown person" in tried
        report = json.loads(_run("import", "outcomes", str(path), "--organization", "lifts", "--json"))
        assert (report["added"], report["refused"]) == (2, 1)
        assert "2 added records removed" in _run("import", "undo", report["import_id"])

    def test_published_incomes_come_in_once(self, tmp_path: Path) -> None:
        path = tmp_path / "income_before_after_certification.csv"
        path.write_text(INCOMES)
        assert json.loads(_run("import", "incomes", str(path), "--format", "rais", "--json"))["added"] == 1
        assert json.loads(_run("import", "incomes", str(tmp_path), "--json"))["unchanged"] == 1

    def test_layouts_say_which_rows_are_taken(self) -> None:
        assert "job_number" in _run("import", "outcomes", "--layout")
        assert "completed apprenticeship programs" in _run("import", "incomes", "--layout")

    @pytest.mark.parametrize("arguments", [["outcomes"], ["outcomes", "x.csv"], ["incomes"]])
    def test_wrong_usage_ends_with_2(self, arguments: list[str]) -> None:
        _run("import", *arguments, exit_code=2)

    def test_an_unknown_company_or_format_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "jobs.csv"
        path.write_text(JOBS)
        assert "There is no organization 'nobody'" in _run(
            "import", "outcomes", str(path), "--organization", "nobody", exit_code=1
        )
        _run("import", "incomes", str(path), "--format", "other", exit_code=1)


@pytest.mark.requirement("US-TC020")
class TestRoi:
    def test_estimates_are_made_shown_and_made_again_without_news(self, tmp_path: Path) -> None:
        assert "Nothing was estimated yet." in _run("roi", "show", "lifts")
        assert "0 companies" in _run("roi", "estimate")
        assert "Import what" in _run("roi", "estimate", "lifts", exit_code=1)
        path = tmp_path / "jobs.csv"
        path.write_text(JOBS)
        _run("import", "outcomes", str(path), "--organization", "lifts")
        assert "1 companies: 6 new estimates, 0 came out as before." in _run("roi", "estimate", "lifts")
        assert "0 new estimates, 6 came out as before." in _run("roi", "estimate")
        shown = _run("roi", "show", "lifts")
        assert "not enough data" in shown
        found = json.loads(_run("roi", "show", "lifts", "--json"))
        assert {each["state"] for each in found} == {"not_enough_data"}
        assert "There is no organization" in _run("roi", "show", "nobody", exit_code=1)

    def test_costs_are_proposed_first_and_recorded_on_demand(self) -> None:
        proposed = _run("roi", "propose-costs", "lifts")
        assert "300.00" in proposed
        assert "1 cannot be recorded: no wage of the person is on record" in proposed
        assert "Nothing was recorded." in proposed
        assert "Recorded 1 costs; 1 proposals have a problem." in _run("roi", "propose-costs", "lifts", "--record")
        assert "Recorded 0 costs" in _run("roi", "propose-costs", "lifts", "--record")


class TestNightlyEstimates:
    def test_each_company_is_estimated_with_the_size_of_the_ledger_it_saw(
        self, committed_engine: Engine, tmp_path: Path
    ) -> None:
        path = tmp_path / "jobs.csv"
        path.write_text(JOBS)
        _run("import", "outcomes", str(path), "--organization", "lifts")
        now = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
        sequence_pending(committed_engine, now=now)
        (made,) = estimate_all(committed_engine, now=now)
        assert (made.new_count, made.same_count) == (6, 0)
        found = json.loads(_run("roi", "show", "lifts", "--json"))
        assert {each["ledger_size"] for each in found} == {2}

    def test_a_company_whose_first_month_is_not_over_is_left_out(
        self, committed_engine: Engine, tmp_path: Path
    ) -> None:
        path = tmp_path / "jobs.csv"
        path.write_text(JOBS)
        _run("import", "outcomes", str(path), "--organization", "lifts")
        assert estimate_all(committed_engine, now=datetime(2026, 9, 20, tzinfo=UTC)) == []
