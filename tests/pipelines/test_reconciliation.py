"""Figures recomputed from the landed entries by the core's own rules: the same as the marts, or named as wrong."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random

import duckdb
import pytest

from operational_db.ledger.events import Event
from operational_db.releases.manifest import CheckResult, ReleaseManifest
from operational_db.releases.verification import RECONCILIATIONS, WRONG_COUNT, verification_of
from pipelines import reconciliation
from pipelines.build import BuildPlan, LandedState
from pipelines.landing import Landing
from pipelines.reconciliation import RECONCILIATION_CHECKS, reconcile
from tests.dbt_project import landing as landed
from tests.dbt_project.histories import AS_OF
from tests.dbt_project.learned_histories import LearnedHistory, learned_dimensions
from tests.dbt_project.warehouse import build_full, build_news

# The last entries are about some of the people only: the one grown after them is about a whole organization.
GROWN, SIZE, FIRST = 2_000, 1_999, 1_990
# One history goes on from seed to seed: what only some of them bring about shows in one build.
SEEDS = (3, 9, 21, 22)
# What a test makes wrong in a mart, and the check that must find it.
WRONGS = {
    "compliance_is_recomputed": "update marts.compliance_by_category set overdue_count = overdue_count + 1",
    "coverage_is_recomputed": "update marts.coverage_by_persona_track set trained_count = trained_count + 1",
    "exceptions_are_recomputed": "delete from marts.training_exception",
    "decisions_are_recomputed": "update marts.gate_decision_daily set decision_count = 0",
    "skills_are_recomputed": "update marts.skill_matrix set status = 'revoked' where status = 'active'",
    "crews_are_recomputed": "update marts.contractor_requirement_coverage set is_covered = not is_covered",
    "requests_are_recomputed": "delete from marts.verification_request_daily",
    "crew_decisions_are_recomputed": "update marts.crew_decision_daily set decision_count = decision_count + 1",
    "costs_are_recomputed": "update marts.training_cost_monthly set amount = amount + 0.01",
    "mentorships_are_recomputed": "update marts.mentorship_funnel set expired_count = expired_count + 1",
}


@dataclass(frozen=True)
class Built:
    """A build of the first entries, and the same with the later ones added to it."""

    landing: Landing
    first: Path
    later: Path


def histories() -> list[Event]:
    history = LearnedHistory(Random(SEEDS[0]))
    for place, seed in enumerate(SEEDS, 1):
        history.random = Random(seed)
        history.grow(GROWN * place // len(SEEDS))
    return history.events[:SIZE]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("reconciliation")
    state = landed.Landing(folder / "landing", 0)
    landed.write_schemas(state)
    landed.write_dimensions(state, learned_dimensions())
    events = histories()
    state = landed.write_events(state, events[:FIRST])
    first, later = folder / "first" / "build.duckdb", folder / "later" / "build.duckdb"
    first.parent.mkdir()
    later.parent.mkdir()
    run = build_full(first, state, as_of=AS_OF, tested=False)
    assert run.is_success, run.failures
    shutil.copyfile(first, later)
    state = landed.write_events(state, events[FIRST:], first_leaf=FIRST)
    run = build_news(later, state, as_of=AS_OF, first=FIRST, tested=False)
    assert run.is_success, run.failures
    yield Built(Landing(folder / "landing"), first, later)


def plan(first: int, until: int) -> BuildPlan:
    landed_state = LandedState(until, "ab" * 32, "test", "test", ())
    return BuildPlan(first, landed_state, AS_OF, "", is_full=first == 0, reason="")


def check_of(built: Path, landing: Landing, until: int) -> dict[str, CheckResult]:
    return {check.name: check for check in reconcile(built, landing, plan(0, until), None, former_checks=())}


class TestReconcile:
    @pytest.mark.requirement("EMB-15")
    def test_marts_are_what_the_ledger_tells(self, built: Built) -> None:
        """EMB-15, and the compliance marts: SQL over the landing here, the operational core's rules there."""
        checks = check_of(built.later, built.landing, SIZE)
        assert {name: check.message for name, check in checks.items() if not check.passed} == {}
        assert checks.keys() == set(RECONCILIATION_CHECKS)
        assert all(int(checks[name].numbers["total"]) > 0 for name in RECONCILIATION_CHECKS[:3])
        for name in ("decisions_are_recomputed", "requests_are_recomputed", "crew_decisions_are_recomputed"):
            assert int(checks[name].numbers["decisions"]) > 0
        assert int(checks["skills_are_recomputed"].numbers["total"]) > 0
        assert int(checks["crews_are_recomputed"].numbers["figures"]) > 3
        assert int(checks["costs_are_recomputed"].numbers["costs"]) > 10
        assert int(checks["mentorships_are_recomputed"].numbers["mentorships"]) > 10

    def test_reconciliation_stops_no_release(self, built: Built) -> None:
        assert not any(check.blocking for check in check_of(built.first, built.landing, FIRST).values())

    @pytest.mark.parametrize("name", WRONGS)
    def test_a_wrong_figure_is_named(self, built: Built, tmp_path: Path, name: str) -> None:
        wrong = tmp_path / "build.duckdb"
        shutil.copyfile(built.later, wrong)
        with duckdb.connect(wrong) as connection:
            connection.execute(WRONGS[name])
        checks = check_of(wrong, built.landing, SIZE)
        assert {check.name for check in checks.values() if not check.passed} == {name}

    def test_upon_a_verified_release_only_what_was_touched_is_recomputed(self, built: Built) -> None:
        former = list(check_of(built.first, built.landing, FIRST).values())
        checks = reconcile(built.later, built.landing, plan(FIRST, SIZE), built.first, former_checks=former)
        assert [check.message for check in checks if not check.passed] == []
        new = sum(event.kind == "gate.decided" for event in last_events())
        assert checks[RECONCILIATION_CHECKS.index("decisions_are_recomputed")].numbers["new_decisions"] == new
        assert 0 < int(checks[0].numbers["people"]) < 9
        assert int(checks[0].numbers["recomputed"]) < int(checks[0].numbers["total"])

    def test_each_figure_builds_upon_its_own_former_one(self, built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where compliance is too much to recompute, what else was verified is still counted from the news alone."""
        verified = list(check_of(built.first, built.landing, FIRST).values())
        news = plan(FIRST, SIZE)
        touched = reconcile(built.later, built.landing, news, built.first, former_checks=verified)[0].numbers["people"]
        for limit, most in (("PEOPLE_LIMIT", int(touched)), ("COST_LIMIT", 0), ("REQUEST_LIMIT", 0)):
            monkeypatch.setattr(reconciliation, limit, most)
        former = [replace(check, passed=check.name != "compliance_is_recomputed") for check in verified]
        checks = reconcile(built.later, built.landing, news, built.first, former_checks=former)
        found = {check.name: check for check in checks}
        new = sum(event.kind == "gate.decided" for event in last_events())
        assert found["decisions_are_recomputed"].numbers["new_decisions"] == new
        assert all(found[name].passed for name in ("costs_are_recomputed", "mentorships_are_recomputed"))
        assert "only what was new was" in found["compliance_is_recomputed"].message

    def test_a_figure_that_changed_without_news_is_found(self, built: Built, tmp_path: Path) -> None:
        """A refresh that brings nothing must not change a figure."""
        former = list(check_of(built.first, built.landing, FIRST).values())
        wrong = tmp_path / "build.duckdb"
        shutil.copyfile(built.first, wrong)
        with duckdb.connect(wrong) as connection:
            connection.execute(WRONGS["compliance_is_recomputed"])
        checks = reconcile(wrong, built.landing, plan(FIRST, FIRST), built.first, former_checks=former)
        assert [check.name for check in checks if not check.passed] == ["compliance_is_recomputed"]

    def test_upon_an_unverified_release_everything_is_recomputed(self, built: Built) -> None:
        checks = reconcile(built.later, built.landing, plan(FIRST, SIZE), built.first, former_checks=())
        assert all(check.passed for check in checks)
        assert all("people" not in check.numbers for check in checks)

    def test_what_does_not_fit_into_a_refresh_is_not_called_verified(
        self, built: Built, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reconciliation, "PEOPLE_LIMIT", 1)
        checks = check_of(built.later, built.landing, SIZE)
        assert not checks["compliance_is_recomputed"].passed
        assert checks["compliance_is_recomputed"].numbers["wrong"] == 0
        assert "only 1 organizations was" in checks["compliance_is_recomputed"].message
        for limit in ("TECHNICIAN_LIMIT", "COST_LIMIT", "REQUEST_LIMIT"):
            monkeypatch.setattr(reconciliation, limit, 0)
        limited = check_of(built.later, built.landing, SIZE)
        for name in ("crews_are_recomputed", "costs_are_recomputed", "mentorships_are_recomputed"):
            assert (limited[name].passed, limited[name].numbers["wrong"]) == (False, 0)

    def test_a_large_installation_stays_verified_by_what_is_new(
        self, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where not everything fits, a figure that is wrong is still found, and former doubts stay."""
        former = list(check_of(built.first, built.landing, FIRST).values())
        monkeypatch.setattr(reconciliation, "PEOPLE_LIMIT", 8)
        news = plan(FIRST, SIZE)
        assert all(c.passed for c in reconcile(built.later, built.landing, news, built.first, former_checks=former))
        unverified = reconcile(built.later, built.landing, news, built.first, former_checks=())
        assert "only what was new was" in unverified[0].message
        wrong = tmp_path / "build.duckdb"
        shutil.copyfile(built.later, wrong)
        with duckdb.connect(wrong) as connection:
            connection.execute(WRONGS["coverage_is_recomputed"])
        checks = reconcile(wrong, built.landing, news, built.first, former_checks=former)
        assert [check.name for check in checks if not check.passed] == ["coverage_is_recomputed"]

    def test_a_build_without_the_marts_is_not_verified(self, built: Built, tmp_path: Path) -> None:
        empty = tmp_path / "build.duckdb"
        duckdb.connect(empty).close()
        checks = check_of(empty, built.landing, SIZE)
        assert [check.passed for check in checks.values()] == [False] * len(RECONCILIATION_CHECKS)


def last_events() -> list[Event]:
    return histories()[FIRST:]


class TestVerification:
    def manifest(self, *failed: str, made_before: bool = False) -> ReleaseManifest:
        checks = tuple(CheckResult(name, name not in failed, False, f"{name}!") for name in RECONCILIATIONS)
        return ReleaseManifest(
            name="warehouse_1",
            path=Path("warehouse_1.duckdb"),
            ledger_size=7,
            root_hash="ab",
            as_of=AS_OF,
            built_at=datetime(2026, 3, 15, 14, 6, tzinfo=AS_OF.tzinfo),
            is_simulated=True,
            checks=() if made_before else checks,
            row_counts={},
        )

    def test_a_page_says_the_checkpoint_its_figures_were_verified_at(self) -> None:
        found = verification_of(self.manifest(), ["compliance_by_team", "dim_person"])
        assert (found.is_verified, found.ledger_size, found.problems) == (True, 7, ())

    def test_only_the_page_of_a_wrong_figure_says_so(self) -> None:
        manifest = self.manifest("coverage_is_recomputed")
        assert verification_of(manifest, ["compliance_by_team"]).is_verified
        assert verification_of(manifest, ["coverage_by_persona_track"]).problems == ("coverage_is_recomputed!",)
        assert not verification_of(manifest).is_verified

    def test_a_part_that_agrees_is_no_difference(self) -> None:
        manifest = self.manifest("coverage_is_recomputed")
        wrong, part = (
            replace(
                manifest,
                checks=tuple(
                    each if each.passed else replace(each, numbers={WRONG_COUNT: count}) for each in manifest.checks
                ),
            )
            for count in (3, 0)
        )
        assert [verification_of(each).is_partial for each in (self.manifest(), manifest, wrong, part)] == [
            False, False, False, True,
        ]  # fmt: skip
        assert not verification_of(part).is_verified

    def test_figures_nothing_recomputes_are_not_called_verified(self) -> None:
        assert not verification_of(self.manifest(), ["kpi_success_criteria"]).is_verified
        assert not verification_of(self.manifest(made_before=True)).is_verified
