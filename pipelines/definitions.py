"""The pipeline as Dagster sees it: assets, checks, job, schedule, sensor. Only assembly; steps are in `refresh.py`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import dagster as dg

from operational_db.settings import Settings, load_settings
from pipelines.assets.gates import crew_decisions_replay, gate_decisions_replay
from pipelines.assets.landing import extract
from pipelines.assets.learned import (
    course_recommender,
    match_checks,
    mentor_history,
    mentor_match,
    roi_estimates,
)
from pipelines.assets.models import Manifest, create_model_assets, load_manifest
from pipelines.assets.release import create_release_asset
from pipelines.automation import (
    LEARNING_JOB,
    REFRESH_JOB,
    REPLAY_JOB,
    WATCHING_JOB,
    create_learning_schedule,
    create_replay_schedule,
    create_schedule,
    create_sensor,
    create_watching_schedule,
)
from pipelines.resources import Installation, Refresh

# Models and release are made when there is news, and at the latest on a new day, because statuses hold on a day.
BUILT_ON_NEWS = frozenset({"staging", "intermediate", "marts", "release"})
BUILT_ON_NEWS_WINDOW = timedelta(hours=26)
# What is learned is made every week, estimates every night: a day and a bit of patience.
LEARNED_WINDOW = timedelta(days=8)


def build_defs(
    *,
    settings: Settings | None = None,
    manifest: Manifest | None = None,
    resource_overrides: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Fresh definitions; tests pass their own installation as a resource.

    Parameters
    ----------
    manifest
        dbt's manifest; without one the project is parsed when a model has changed since it was parsed last.
    """
    settings = settings or load_settings()
    models = create_model_assets(manifest if manifest is not None else load_manifest(settings))
    marts = [key for key in models.keys if key.path[0] == "marts"]
    learned = [mentor_history, mentor_match, course_recommender]
    assets = [extract, models, create_release_asset(sorted(marts)), *learned, roi_estimates]
    replays = [gate_decisions_replay, crew_decisions_replay]
    is_learned = dg.AssetSelection.groups("learned")
    watching = dg.AssetSelection.checks(match_checks)
    # One process, so that the whole run holds one lock and sees one state.
    job = dg.define_asset_job(
        REFRESH_JOB,
        selection=dg.AssetSelection.all() - is_learned - watching - dg.AssetSelection.checks(*replays),
        executor_def=dg.in_process_executor,
        description="From the ledger to a release: extract, build, check, release.",
    )
    replay_job = dg.define_asset_job(
        REPLAY_JOB,
        selection=dg.AssetSelection.checks(*replays),
        executor_def=dg.in_process_executor,
        description="Makes the decisions of gates and about crews of the day before again.",
    )
    learning_job = dg.define_asset_job(
        LEARNING_JOB,
        selection=dg.AssetSelection.assets(*learned).without_checks(),
        executor_def=dg.in_process_executor,
        description="From what was known to what serves: history, training, comparison, promotion.",
    )
    watching_job = dg.define_asset_job(
        WATCHING_JOB,
        selection=dg.AssetSelection.assets(roi_estimates) | watching,
        executor_def=dg.in_process_executor,
        description="Estimates what training returned and checks the match that serves.",
    )
    installation = Installation()
    resources: dict[str, Any] = {"installation": installation, "refresh": Refresh(installation=installation)}
    return dg.Definitions(
        assets=dg.map_asset_specs(lambda spec: _with_freshness(spec, settings), assets),
        asset_checks=[*replays, match_checks],
        jobs=[job, replay_job, learning_job, watching_job],
        schedules=[
            create_schedule(job, settings.refresh_minutes),
            create_replay_schedule(replay_job),
            create_learning_schedule(learning_job),
            create_watching_schedule(watching_job),
        ],
        sensors=[create_sensor(job)],
        resources={**resources, **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )


def _with_freshness(spec: dg.AssetSpec, settings: Settings) -> dg.AssetSpec:
    """The project's default is the installation's own limit; what is only made on news gets a day and a bit."""
    window = timedelta(minutes=settings.freshness_minutes)
    if spec.key.path[0] in BUILT_ON_NEWS:
        window = max(window, BUILT_ON_NEWS_WINDOW)
    if spec.key.path[0] == "learned":
        window = max(window, LEARNED_WINDOW)
    fresh: dg.AssetSpec = dg.apply_freshness_policy(spec, dg.FreshnessPolicy.time_window(fail_window=window))
    return fresh


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster's processes load."""
    return build_defs()
