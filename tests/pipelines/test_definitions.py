"""The pipeline as Dagster sees it: what there is, when it starts by itself, and runs from ledger to release."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from graphlib import TopologicalSorter
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine
from syrupy.assertion import SnapshotAssertion

from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.learned import service as learned_service
from operational_db.releases.health import RunOutcome, read_last_run
from operational_db.releases.manifest import current_manifest
from operational_db.settings import Settings
from operational_db.types import LearnedModelKind
from pipelines.assets import learned
from pipelines.assets.models import Manifest, load_manifest
from pipelines.automation import cron_at_most_every, decide_run
from pipelines.build import BuildPlan, NodeResult
from pipelines.definitions import build_defs
from pipelines.learned import Step, TrainingResult
from pipelines.resources import Installation, Refresh
from tests.pipelines.contents import landed_range
from tests.pipelines.history import add_news, write_history
from tests.pipelines.quick_models import run_quick_models


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture
def installation(committed_url: str, tmp_path: Path) -> Installation:
    return Installation(home=str(tmp_path), database_url=committed_url)


@pytest.fixture
def definitions(manifest: Manifest, installation: Installation) -> dg.Definitions:
    resources = {"installation": installation, "refresh": Refresh(installation=installation)}
    return build_defs(settings=installation.settings(), manifest=manifest, resource_overrides=resources)


def models_named_as_in(manifest: Manifest) -> Callable[..., list[NodeResult]]:
    """Quick models whose results bear the names of the manifest's models and data tests."""

    def run(settings: Settings, plan: BuildPlan, *, built_at: datetime) -> list[NodeResult]:
        run_quick_models(settings, plan, built_at=built_at)
        statuses = {"model": "success", "test": "pass"}
        in_order: Iterable[str] = TopologicalSorter(manifest["parent_map"]).static_order()
        return [
            NodeResult(unique_id, statuses[kind], "", 0.0, 0, "error")
            for unique_id in in_order
            if (kind := unique_id.split(".")[0]) in statuses
        ]

    return run


def run_job(definitions: dg.Definitions, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def("refresh").execute_in_process(instance=instance, raise_on_error=False)


class TestDefinitions:
    def test_assets_checks_and_automation_are_as_agreed(
        self, definitions: dg.Definitions, snapshot: SnapshotAssertion
    ) -> None:
        """One difference in this picture shows what a change did to the pipeline."""
        graph = definitions.resolve_asset_graph()
        layers = {"landing", "release", "learned"}
        picture = {
            "assets": {
                key.to_user_string(): {
                    "group": graph.get(key).group_name,
                    "checks": sorted(
                        check.name for check in graph.get_check_keys_for_assets({key}) if check.asset_key == key
                    ),
                }
                for key in sorted(graph.materializable_asset_keys)
                if key.path[0] in layers
            },
            "release_depends_on": sorted(
                key.to_user_string() for key in graph.get(dg.AssetKey(["release", "warehouse"])).parent_keys
            ),
            "schedules": {
                schedule.name: schedule.cron_schedule
                for schedule in definitions.schedules or []
                if isinstance(schedule, dg.ScheduleDefinition)
            },
            "sensors": {
                sensor.name: sensor.minimum_interval_seconds
                for sensor in definitions.sensors or []
                if isinstance(sensor, dg.SensorDefinition)
            },
        }
        assert picture == snapshot

    def test_every_model_stands_on_the_landing(self, definitions: dg.Definitions) -> None:
        """A source under another key would stay unconnected without any error."""
        graph = definitions.resolve_asset_graph()
        parents = graph.get(dg.AssetKey(["staging", "stg_attempt_graded"])).parent_keys
        assert dg.AssetKey(["landing", "entries"]) in parents
        assert graph.get(dg.AssetKey(["staging", "stg_people"])).parent_keys == {dg.AssetKey(["landing", "dimensions"])}
        roots = {key for key in graph.materializable_asset_keys if not graph.get(key).parent_keys}
        # A calendar and the release's own facts come from the variables of the build.
        # What is learned is read from PostgreSQL as it was known, and no mart stands on it.
        unconnected = {key.path[-1] for key in roots if key.path[0] not in {"landing", "learned"}}
        assert unconnected <= {"release_information", "int_kpi_months"}

    def test_every_asset_has_a_description_an_owner_and_a_freshness_policy(self, definitions: dg.Definitions) -> None:
        specs = definitions.resolve_all_asset_specs()
        assert len(specs) > 60
        for spec in specs:
            assert spec.description, spec.key
            assert spec.owners, spec.key
            assert spec.freshness_policy is not None, spec.key

    def test_tests_of_dbt_are_checks_of_their_models(self, definitions: dg.Definitions) -> None:
        graph = definitions.resolve_asset_graph()
        checks = graph.get_check_keys_for_assets({dg.AssetKey(["marts", "fct_enrollment"])})
        assert any("unique" in check.name for check in checks)


class TestRun:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch, manifest: Manifest) -> None:
        """Quick models in place of dbt, reported under the names of dbt's models and tests."""
        monkeypatch.setattr("pipelines.refresh.run_models", models_named_as_in(manifest))

    def test_one_run_makes_a_release_with_its_checks(
        self, definitions: dg.Definitions, installation: Installation, committed_engine: Engine
    ) -> None:
        write_history(committed_engine)
        with dg.DagsterInstance.ephemeral() as instance:
            result = run_job(definitions, instance)
            assert result.success
            evaluations = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
        settings = installation.settings()
        assert current_manifest(settings).ledger_size == 35
        assert evaluations["landing_is_contiguous"]
        assert evaluations["fct_attempt_equals_ledger"]
        assert evaluations["release_equals_build"]
        last_run = read_last_run(settings)
        assert last_run is not None
        assert last_run.outcome is RunOutcome.RELEASED

    def test_a_run_without_news_builds_nothing(
        self, definitions: dg.Definitions, installation: Installation, committed_engine: Engine
    ) -> None:
        write_history(committed_engine)
        with dg.DagsterInstance.ephemeral() as instance:
            run_job(definitions, instance)
            first = current_manifest(installation.settings())
            assert run_job(definitions, instance).success
        assert current_manifest(installation.settings()) == first
        last_run = read_last_run(installation.settings())
        assert last_run is not None
        assert last_run.outcome is RunOutcome.NO_NEWS

    def test_a_failed_build_fails_the_run_and_keeps_the_former_release(
        self,
        definitions: dg.Definitions,
        installation: Installation,
        committed_engine: Engine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        history = write_history(committed_engine)
        with dg.DagsterInstance.ephemeral() as instance:
            run_job(definitions, instance)
            add_news(committed_engine, history)
            failed = NodeResult("test.sitesync.unique_x", "fail", "3 rows", 0.1, 3, "error")
            monkeypatch.setattr("pipelines.refresh.run_models", lambda *_, **__: [failed])
            result = run_job(definitions, instance)
            assert not result.success
            made = {event.asset_key for event in result.get_asset_materialization_events()}
        assert dg.AssetKey(["landing", "entries"]) in made
        assert dg.AssetKey(["release", "warehouse"]) not in made
        settings = installation.settings()
        assert current_manifest(settings).ledger_size == 35
        last_run = read_last_run(settings)
        assert last_run is not None
        assert last_run.outcome is RunOutcome.CHECK_FAILED
        assert landed_range(settings) == [(0, 35), (35, 40)]


class TestSensor:
    @pytest.mark.parametrize(
        ("ledger_size", "release_size", "cursor", "is_active", "is_run"),
        [
            (0, None, None, False, True),
            (35, None, None, False, True),
            (35, 35, None, False, False),
            (34, 35, None, False, False),
            (36, 35, None, False, True),
            (36, 35, "35", False, True),
            (36, 35, "36", False, False),
            (36, 35, None, True, False),
        ],
    )
    def test_it_asks_once_for_each_size_of_the_ledger_and_never_while_a_run_is_active(
        self, ledger_size: int, release_size: int | None, cursor: str | None, is_active: bool, is_run: bool
    ) -> None:
        decision = decide_run(ledger_size=ledger_size, release_size=release_size, cursor=cursor, is_active=is_active)
        assert isinstance(decision, dg.RunRequest) == is_run

    def test_it_sees_entries_that_wait_for_their_place(
        self,
        definitions: dg.Definitions,
        installation: Installation,
        committed_engine: Engine,
        manifest: Manifest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        history = write_history(committed_engine)
        sensor = definitions.resolve_sensor_def("ledger_moved")
        monkeypatch.setattr("pipelines.refresh.run_models", models_named_as_in(manifest))
        with dg.DagsterInstance.ephemeral() as instance:
            run_job(definitions, instance)

            def evaluate(cursor: str | None = None) -> tuple[object, str | None]:
                context = dg.build_sensor_context(
                    instance=instance, cursor=cursor, resources={"installation": installation}
                )
                return sensor(context), context.cursor

            assert isinstance(evaluate()[0], dg.SkipReason)
            add_news(committed_engine, history)
            request, cursor = evaluate()
            assert isinstance(request, dg.RunRequest)
            assert cursor == "40"
            assert isinstance(evaluate(cursor)[0], dg.SkipReason)

    def test_a_missing_database_is_no_error(self, definitions: dg.Definitions, tmp_path: Path) -> None:
        nowhere = Installation(home=str(tmp_path), database_url="postgresql://nobody@/none?host=/nonexistent")
        sensor = definitions.resolve_sensor_def("ledger_moved")
        context = dg.build_sensor_context(resources={"installation": nowhere})
        decision = sensor(context)
        assert isinstance(decision, dg.SkipReason)
        assert "cannot be reached" in str(decision.skip_message)


@pytest.mark.parametrize("kind", list(LearnedModelKind))
def test_a_weekly_training_removes_files_that_nothing_needs_any_more(
    installation: Installation, committed_engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: LearnedModelKind
) -> None:
    folder = installation.settings().models_path
    folder.mkdir(parents=True)
    long_ago = clock.now() - timedelta(days=400)
    with unit_of_work(committed_engine) as session:
        for name in ("former.bin", "newest.bin"):
            (folder / name).write_bytes(name.encode())
            learned_service.add_model(
                session, model_kind=kind, artifact=name, sha256="ab" * 32, card={}, trained_at=long_ago, ledger_size=0
            )
    result = TrainingResult(kind, Step.NO_NEWS, 2, "Nothing was completed.", {})
    monkeypatch.setattr(learned, "load_mentor_history", lambda *_, **__: None)
    monkeypatch.setattr(learned, "train_match_on", lambda *_, **__: result)
    monkeypatch.setattr(learned, "train_courses", lambda *_, **__: result)
    train = learned.mentor_match if kind is LearnedModelKind.MENTOR_MATCHING else learned.course_recommender
    train(installation)
    assert [path.name for path in folder.iterdir()] == ["newest.bin"]


class TestSchedule:
    @pytest.mark.parametrize(
        ("minutes", "cron"),
        [
            (1, "* * * * *"),
            (5, "*/5 * * * *"),
            (7, "*/6 * * * *"),
            (45, "*/30 * * * *"),
            (59, "*/30 * * * *"),
            (60, "0 * * * *"),
            (119, "0 * * * *"),
            (300, "0 */4 * * *"),
            (1440, "0 0 * * *"),
            (100_000, "0 0 * * *"),
        ],
    )
    def test_the_time_between_two_refreshes_is_never_longer_than_asked_for(self, minutes: int, cron: str) -> None:
        assert cron_at_most_every(minutes) == cron


def test_freshness_follows_the_installation(definitions: dg.Definitions, installation: Installation) -> None:
    """What runs every time is held to the installation's limit; what is built on news, to a day and a bit."""
    specs = {spec.key: spec for spec in definitions.resolve_all_asset_specs()}
    limit = timedelta(minutes=installation.settings().freshness_minutes)
    windows = {
        key.path[0]: spec.freshness_policy.fail_window.to_timedelta()
        for key, spec in specs.items()
        if isinstance(spec.freshness_policy, dg.FreshnessPolicy) and hasattr(spec.freshness_policy, "fail_window")
    }
    assert windows["landing"] == limit
    assert windows["marts"] == windows["release"] == timedelta(hours=26)
