"""What is learned as assets: the mentors' history, the match, the recommender, and what training returned.

Trained weekly, after which files that nothing needs go; estimates and checks run nightly. None of them belongs to a
refresh: figures do not wait for a training. The steps themselves are in `pipelines.learned`, `pipelines.learned_checks`
and `pipelines.roi_estimates`.
"""

from collections.abc import Iterator

import dagster as dg

from operational_db import clock
from pipelines.assets.outcomes import check_results, check_specs
from pipelines.learned import (
    TrainingResult,
    load_mentor_history,
    prune_models,
    train_courses,
    train_match_on,
    write_mentor_history,
)
from pipelines.learned_checks import CALIBRATION_CHECK, DRIFT_CHECK, FILE_CHECK, MATCH_CHECKS, check_match
from pipelines.resources import Installation
from pipelines.roi_estimates import estimate_all

MENTOR_HISTORY = dg.AssetKey(["learned", "mentor_history"])
MATCH = dg.AssetKey(["learned", "mentor_match"])
RECOMMENDER = dg.AssetKey(["learned", "course_recommender"])
ESTIMATES = dg.AssetKey(["learned", "roi_estimates"])
_OWNERS = ["team:platform"]


@dg.asset(
    key=MENTOR_HISTORY,
    group_name="learned",
    description="Pairs shown or asked with their features as of that moment, and what was known of them by the run.",
    kinds={"postgres", "parquet"},
    owners=_OWNERS,
)
def mentor_history(installation: Installation) -> dg.MaterializeResult[None]:
    """Features as they were kept at the showing or request, never as of today."""
    with installation.open_engine() as engine:
        history = write_mentor_history(engine, installation.settings(), now=clock.now())
    return dg.MaterializeResult(metadata={"dagster/row_count": len(history.frame), "ledger_size": history.ledger_size})


@dg.asset(
    key=MATCH,
    deps=[MENTOR_HISTORY],
    group_name="learned",
    description="The match: trained, judged on held-out requests, registered, promoted only when better.",
    kinds={"sklearn"},
    owners=_OWNERS,
)
def mentor_match(installation: Installation) -> dg.MaterializeResult[None]:
    """Model and card are in the registry; what serves is told there."""
    settings, now = installation.settings(), clock.now()
    with installation.open_engine() as engine:
        found = train_match_on(engine, settings, load_mentor_history(engine, settings, now=now), now=now)
        prune_models(engine, settings, now=now)
    return _told(found)


@dg.asset(
    key=RECOMMENDER,
    group_name="learned",
    description="The course recommender: fitted, compared with popularity and paths by time, registered, in service.",
    kinds={"numpy"},
    owners=_OWNERS,
)
def course_recommender(installation: Installation) -> dg.MaterializeResult[None]:
    """Its card says whether what it learned is shown."""
    settings, now = installation.settings(), clock.now()
    with installation.open_engine() as engine:
        found = train_courses(engine, settings, now=now)
        prune_models(engine, settings, now=now)
    return _told(found)


@dg.asset(
    key=ESTIMATES,
    group_name="learned",
    description="What training changed in each outcome of every company with results of jobs, and what it was worth.",
    kinds={"postgres"},
    owners=_OWNERS,
)
def roi_estimates(installation: Installation) -> dg.MaterializeResult[None]:
    """Kept in PostgreSQL with the ledger's size; what came out as before writes nothing."""
    with installation.open_engine() as engine:
        made = estimate_all(engine, now=clock.now())
    counts = {"new": sum(each.new_count for each in made), "as_before": sum(each.same_count for each in made)}
    return dg.MaterializeResult(metadata={"organizations": len(made), **counts})


@dg.multi_asset_check(
    name="match_checks", specs=check_specs(MATCH_CHECKS, MATCH, warnings=(DRIFT_CHECK, CALIBRATION_CHECK))
)
def match_checks(installation: Installation) -> Iterator[dg.AssetCheckResult]:
    """The file is whole (or the formula serves), features have not drifted, chances come true."""
    with installation.open_engine() as engine:
        found = check_match(engine, installation.settings(), now=clock.now())
    yield from check_results(found, MATCH, (FILE_CHECK, DRIFT_CHECK, CALIBRATION_CHECK))


def _told(found: TrainingResult) -> dg.MaterializeResult[None]:
    numbers = {name: value for name, value in found.numbers.items() if value is not None}
    metadata = {"step": str(found.step), "version": found.version or 0, "message": found.message, **numbers}
    return dg.MaterializeResult(metadata=metadata)
