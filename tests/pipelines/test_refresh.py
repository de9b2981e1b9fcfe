"""One refresh on a real database: what is read, when something is built, and what stays when it fails."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.errors import DatabaseUnavailableError
from operational_db.releases.health import RunOutcome, read_last_run
from operational_db.releases.manifest import current_manifest, list_manifests
from operational_db.releases.reader import open_scoped
from operational_db.releases.scope import Scope
from operational_db.settings import Settings
from operational_db.tables.identity import Person
from pipelines import build_checks, landing_checks
from pipelines.build import BuildPlan, NodeResult
from pipelines.errors import ChecksFailedError, RefreshBusyError
from pipelines.landing import Landing, read_segments
from pipelines.reconciliation import RECONCILIATION_CHECKS
from pipelines.refresh import SLOWEST_NODES, RefreshSession, Step, StepReport, refresh
from tests import builders
from tests.pipelines.contents import landed_range, landed_rows, leftover_files, release_contents
from tests.pipelines.history import add_and_undo_import, add_news, write_history
from tests.pipelines.quick_models import recorded_builds, run_quick_models

pytestmark = pytest.mark.usefixtures("quick_models")
MINUTE = timedelta(minutes=1)


class TestFirstRefresh:
    def test_it_releases_all_entries_with_their_root(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        write_history(committed_engine)
        result = refresh(committed_engine, settings, now=now)
        manifest = current_manifest(settings)
        assert (result.outcome, result.new_entry_count) == (RunOutcome.RELEASED, 35)
        assert (manifest.ledger_size, manifest.as_of, manifest.is_full_build) == (35, now, True)
        with committed_engine.connect() as connection:
            root = connection.scalar(
                text("select encode(root_hash, 'hex') from ledger_checkpoints where tree_size = 35")
            )
        assert manifest.root_hash == root
        # The quick models make no marts on trust, so that nothing is recomputed here.
        assert {check.name for check in manifest.checks if not check.passed} == set(RECONCILIATION_CHECKS)
        assert manifest.row_counts["fct_enrollment"] == 6
        assert leftover_files(settings) == []

    def test_an_empty_installation_has_empty_figures(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        assert refresh(committed_engine, settings, now=now).outcome is RunOutcome.RELEASED
        assert current_manifest(settings).ledger_size == 0
        assert refresh(committed_engine, settings, now=now + MINUTE).outcome is RunOutcome.NO_NEWS

    def test_a_release_does_not_name_the_place_of_the_landing_folder(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        import duckdb

        refresh(committed_engine, settings, now=now)
        with duckdb.connect(current_manifest(settings).path, read_only=True) as connection:
            views = connection.execute("select schema_name, sql from duckdb_views() where not internal").fetchall()
        assert views
        assert all(schema != "landing" and str(settings.home_path) not in sql for schema, sql in views)

    def test_every_step_is_reported_with_its_time(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        reports: list[StepReport] = []
        refresh(committed_engine, settings, now=now, report=reports.append)
        assert [report.step for report in reports if report.seconds is not None] == list(Step)

    def test_the_models_that_took_longest_are_recorded(
        self, committed_engine: Engine, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def many_models(settings: Settings, plan: BuildPlan, *, built_at: datetime) -> list[NodeResult]:
            [quick] = run_quick_models(settings, plan, built_at=built_at)
            return [
                replace(quick, unique_id=f"model.sitesync.m{n}", seconds=float(n)) for n in range(SLOWEST_NODES + 5)
            ]

        monkeypatch.setattr("pipelines.refresh.run_models", many_models)
        refresh(committed_engine, settings, now=now)
        last_run = read_last_run(settings)
        assert last_run is not None
        assert set(last_run.step_seconds) == {step.name.lower() for step in Step}
        assert list(last_run.node_seconds.items()) == [(f"m{n}", float(n)) for n in range(SLOWEST_NODES + 4, 4, -1)]


class TestSecondRefresh:
    def test_it_reads_only_new_entries_and_builds_upon_the_release(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        history = write_history(committed_engine)
        refresh(committed_engine, settings, now=now)
        first_files = {path: path.stat().st_mtime_ns for path in settings.landing_path.rglob("000000000000-*")}
        added = add_news(committed_engine, history)
        result = refresh(committed_engine, settings, now=now + MINUTE)
        assert (result.outcome, result.new_entry_count) == (RunOutcome.RELEASED, added)
        assert landed_range(settings) == [(0, 35), (35, 35 + added)]
        assert recorded_builds(settings) == [(0, 35, True), (35, 35 + added, False)]
        assert {path: path.stat().st_mtime_ns for path in first_files} == first_files
        assert not current_manifest(settings).is_full_build

    def test_without_news_nothing_is_built(self, committed_engine: Engine, settings: Settings, now: datetime) -> None:
        write_history(committed_engine)
        first = refresh(committed_engine, settings, now=now).release
        result = refresh(committed_engine, settings, now=now + MINUTE)
        assert (result.outcome, result.release, result.plan) == (RunOutcome.NO_NEWS, first, None)
        assert len(recorded_builds(settings)) == 1
        last_run = read_last_run(settings)
        assert last_run is not None
        assert last_run.outcome is RunOutcome.NO_NEWS

    def test_a_new_day_builds_everything_again(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        """Statuses hold on a day: yesterday's pending is today's overdue, without any entry."""
        write_history(committed_engine)
        refresh(committed_engine, settings, now=now)
        tomorrow = now.replace(hour=0, minute=0) + timedelta(days=1)
        result = refresh(committed_engine, settings, now=tomorrow)
        assert result.plan is not None
        assert result.plan.reason == "the day has changed"
        assert recorded_builds(settings)[-1] == (0, 35, True)

    def test_a_new_person_alone_is_news(self, committed_engine: Engine, settings: Settings, now: datetime) -> None:
        refresh(committed_engine, settings, now=now)
        with unit_of_work(committed_engine) as session:
            builders.create_person(session, display_name="Nora New")
        result = refresh(committed_engine, settings, now=now + MINUTE)
        assert result.outcome is RunOutcome.RELEASED
        assert "Nora New" in str(release_contents(settings)["dim_person"])

    def test_an_erased_name_is_gone_after_the_refresh(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        history = write_history(committed_engine)
        refresh(committed_engine, settings, now=now)
        with unit_of_work(committed_engine) as session:
            person = session.get_one(Person, history.person_ids[0])
            name, person.display_name = person.display_name, "Erased person"
        refresh(committed_engine, settings, now=now + MINUTE)
        assert f"'{name}'" not in str(release_contents(settings)["dim_person"])
        assert recorded_builds(settings)[-1] == (35, 35, False)

    def test_an_undone_import_takes_its_facts_out(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        history = write_history(committed_engine)
        refresh(committed_engine, settings, now=now)
        before = release_contents(settings)["fct_attempt"]
        add_and_undo_import(committed_engine, history)
        result = refresh(committed_engine, settings, now=now + MINUTE)
        assert result.plan is not None
        assert result.plan.reason == "an import was undone"
        assert release_contents(settings)["fct_attempt"] == before

    def test_full_reads_the_ledger_again(self, committed_engine: Engine, settings: Settings, now: datetime) -> None:
        history = write_history(committed_engine)
        refresh(committed_engine, settings, now=now)
        add_news(committed_engine, history)
        refresh(committed_engine, settings, now=now + MINUTE)
        before = release_contents(settings)
        result = refresh(committed_engine, settings, now=now + 2 * MINUTE, full=True)
        assert landed_range(settings) == [(0, 40)]
        assert result.new_entry_count == 40
        assert release_contents(settings) == before

    def test_only_the_newest_releases_are_kept(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        for number in range(5):
            refresh(committed_engine, settings, now=now + number * MINUTE, full=True)
        assert len(list_manifests(settings)) == settings.releases_kept
        assert len(list(settings.warehouse_path.glob("*.duckdb"))) == settings.releases_kept
        assert len([path for path in Landing(settings.landing_path).dimensions.iterdir() if path.is_dir()]) == 1

    def test_many_small_segments_are_merged(
        self, committed_engine: Engine, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        history = write_history(committed_engine)
        monkeypatch.setattr("pipelines.landing.SEGMENTS_KEPT", 2)
        for number in range(4):
            refresh(committed_engine, settings, now=now + number * MINUTE)
            add_news(committed_engine, history, number=20 + 2 * number)
        result = refresh(committed_engine, settings, now=now + 5 * MINUTE)
        assert {check.name for check in result.checks if not check.passed} == set(RECONCILIATION_CHECKS)
        assert len(landed_range(settings)) <= 2
        assert [row[0] for row in landed_rows(settings)] == list(range(55))


class TestTwoAtOnce:
    def test_the_second_declines_when_it_may_not_wait(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        with RefreshSession(committed_engine, settings, now=now), pytest.raises(RefreshBusyError):
            refresh(committed_engine, settings, now=now, wait=False)
        assert read_last_run(settings) is None

    def test_the_second_waits_says_so_and_finds_no_news(
        self, committed_engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_history(committed_engine)
        is_building, may_go_on = threading.Event(), threading.Event()

        def slow_models(*arguments: object, **options: object) -> object:
            is_building.set()
            assert may_go_on.wait(120)
            return run_quick_models(*arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr("pipelines.refresh.run_models", slow_models)
        outcomes: dict[str, RunOutcome] = {}
        messages: list[str] = []

        def listen(report: StepReport) -> None:
            messages.append(report.message)
            if "waiting" in report.message:
                may_go_on.set()

        def run(name: str) -> None:
            outcomes[name] = refresh(committed_engine, settings, now=clock.now(), report=listen).outcome

        first = threading.Thread(target=run, args=("first",))
        second = threading.Thread(target=run, args=("second",))
        first.start()
        assert is_building.wait(120)
        second.start()
        for thread in (first, second):
            thread.join(timeout=240)
        assert outcomes == {"first": RunOutcome.RELEASED, "second": RunOutcome.NO_NEWS}
        assert "Another refresh is running; waiting for it to end." in messages


class TestFailures:
    def test_a_failed_check_keeps_the_former_release_and_says_so(
        self, committed_engine: Engine, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        history = write_history(committed_engine)
        former = refresh(committed_engine, settings, now=now).release
        contents = release_contents(settings)
        add_news(committed_engine, history)

        def forgetful_models(settings: Settings, plan: object, **options: object) -> object:
            import duckdb

            nodes = run_quick_models(settings, plan, **options)  # type: ignore[arg-type]
            with duckdb.connect(settings.warehouse_path / "build.duckdb") as connection:
                connection.execute("delete from marts.fct_attempt where leaf_index = (select max(leaf_index) from "
                                   "marts.fct_attempt)")  # fmt: skip
            return nodes

        monkeypatch.setattr("pipelines.refresh.run_models", forgetful_models)
        with pytest.raises(ChecksFailedError, match="fct_attempt has 6 rows; the ledger tells of 7"):
            refresh(committed_engine, settings, now=now + MINUTE)
        assert current_manifest(settings) == former
        assert release_contents(settings) == contents
        assert leftover_files(settings) == []
        last_run = read_last_run(settings)
        assert last_run is not None
        assert last_run.outcome is RunOutcome.CHECK_FAILED
        assert [check.name for check in last_run.failed_checks] == ["fct_attempt_equals_ledger"]

        monkeypatch.setattr("pipelines.refresh.run_models", run_quick_models)
        assert refresh(committed_engine, settings, now=now + 2 * MINUTE).outcome is RunOutcome.RELEASED

    def test_a_failed_model_keeps_the_former_release(
        self, committed_engine: Engine, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failed = NodeResult("test.sitesync.unique_x", "fail", "3 rows are not unique", 0.1, 3, "error")
        monkeypatch.setattr("pipelines.refresh.run_models", lambda *_, **__: [failed])
        with pytest.raises(ChecksFailedError, match="1 of 1 models and tests failed: unique_x"):
            refresh(committed_engine, settings, now=now)
        assert list_manifests(settings) == []

    @pytest.mark.parametrize("damage", ["changed", "shortened", "removed"])
    def test_a_damaged_landing_is_named_with_the_remedy(
        self, committed_engine: Engine, settings: Settings, now: datetime, damage: str
    ) -> None:
        history = write_history(committed_engine)
        refresh(committed_engine, settings, now=now)
        landing = Landing(settings.landing_path)
        add_news(committed_engine, history)
        path = landing.entry_file("attempt.graded", read_segments(landing)[0])
        if damage == "removed":
            path.unlink()
        else:
            content = path.read_bytes()
            path.write_bytes(content[:-20] if damage == "shortened" else b"X" * 4 + content[4:-4] + b"XXXX")
        with pytest.raises(ChecksFailedError, match=r"attempt\.graded.*`sitesync refresh --full` reads"):
            refresh(committed_engine, settings, now=now + MINUTE)
        assert refresh(committed_engine, settings, now=now + MINUTE, full=True).release.ledger_size == 40

    def test_a_replaced_database_is_noticed(
        self, committed_engine: Engine, settings: Settings, now: datetime, owner_engine: Engine
    ) -> None:
        """The same number of entries, but another ledger: its root gives it away."""
        write_history(committed_engine)
        refresh(committed_engine, settings, now=now)
        with owner_engine.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            for table in ("ledger_checkpoints", "ledger_leaves", "ledger_pending", "ledger_events"):
                connection.execute(text(f"delete from {table}"))
        write_history(committed_engine)
        with pytest.raises(ChecksFailedError, match="not the one these figures were made from"):
            refresh(committed_engine, settings, now=now + MINUTE)
        assert refresh(committed_engine, settings, now=now + MINUTE, full=True).outcome is RunOutcome.RELEASED

    def test_a_gap_in_the_ledger_lands_nothing(
        self, committed_engine: Engine, settings: Settings, now: datetime, owner_engine: Engine
    ) -> None:
        history = write_history(committed_engine)
        refresh(committed_engine, settings, now=now)
        add_news(committed_engine, history)
        with RefreshSession(committed_engine, settings, now=now) as session:
            session.sequence()
        with owner_engine.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            connection.execute(text("delete from ledger_leaves where leaf_index = 37"))
        with pytest.raises(ChecksFailedError, match="no entry number 37"):
            refresh(committed_engine, settings, now=now + MINUTE)
        assert landed_range(settings) == [(0, 35)]
        assert current_manifest(settings).ledger_size == 35

    def test_a_changed_entry_does_not_have_the_root(
        self, committed_engine: Engine, settings: Settings, now: datetime, owner_engine: Engine
    ) -> None:
        write_history(committed_engine)
        with RefreshSession(committed_engine, settings, now=now) as session:
            session.sequence()
        with owner_engine.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            connection.execute(text("update ledger_events set body = replace(body, '\"85\"', '\"95\"')"))
        with pytest.raises(ChecksFailedError, match="do not lead to the ledger's root"):
            refresh(committed_engine, settings, now=now)
        last_run = read_last_run(settings)
        assert last_run is not None
        assert [check.name for check in last_run.failed_checks] == ["landed_entries_have_the_root"]

    def test_an_unreachable_database_is_said_in_words(
        self, committed_engine: Engine, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refresh(committed_engine, settings, now=now)
        gone = committed_engine.url.set(query={"host": "/nonexistent"})
        monkeypatch.setattr(committed_engine, "url", gone)
        with pytest.raises(DatabaseUnavailableError, match="the figures stay as they are"):
            refresh(committed_engine, settings, now=now + MINUTE)
        last_run = read_last_run(settings)
        assert last_run is not None
        assert last_run.outcome is RunOutcome.FAILED

    def test_readers_notice_nothing_of_a_refresh(
        self, committed_engine: Engine, settings: Settings, now: datetime
    ) -> None:
        history = write_history(committed_engine)
        first = refresh(committed_engine, settings, now=now).release
        with open_scoped(first, Scope(can_view_kpis=True)) as old:
            sql = "select ledger_size from release_information"
            assert old.query(sql).item() == 35
            add_news(committed_engine, history)
            refresh(committed_engine, settings, now=now + MINUTE)
            assert old.query(sql).item() == 35
            with open_scoped(current_manifest(settings), Scope()) as new:
                assert new.query(sql).item() == 40


def test_every_declared_check_is_made(committed_engine: Engine, settings: Settings, now: datetime) -> None:
    """What Dagster declares and what the steps return are the same names."""
    result = refresh(committed_engine, settings, now=now)
    names = [check.name for check in result.checks]
    assert names == [
        *landing_checks.LANDING_CHECKS,
        "models_and_tests_pass",
        *build_checks.BUILD_CHECKS,
        *RECONCILIATION_CHECKS,
    ]


def test_steps_may_be_taken_alone(committed_engine: Engine, settings: Settings, now: datetime) -> None:
    """A step first takes the ones it needs, so that a single asset can be made."""
    write_history(committed_engine)
    with RefreshSession(committed_engine, settings, now=now) as session:
        session.build()
        session.check_build()
        assert session.release() is not None
