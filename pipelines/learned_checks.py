"""Whether the match that serves still may: its file is whole, its features have not drifted, its chances come true."""

from datetime import datetime, timedelta

import polars as pl
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.learned import service
from operational_db.learned.views import ModelView
from operational_db.releases.manifest import CheckResult
from operational_db.settings import Settings
from operational_db.types import LearnedModelKind
from pipelines.build_checks import Numbers, result
from pipelines.learned import read_mentor_history

FILE_CHECK = "model_file_is_whole"
DRIFT_CHECK = "features_have_not_drifted"
CALIBRATION_CHECK = "chances_come_true"
MATCH_CHECKS = (FILE_CHECK, DRIFT_CHECK, CALIBRATION_CHECK)
# What was shown longer ago says little about today; and a programme's first months little about its later ones, because
# mentors gain records and are new no more.
RECENT = timedelta(days=90)
LEARNED_FROM = timedelta(days=180)
FORMULA_SERVES = "The written formula serves; there is nothing learned to check."


def check_match(engine: Engine, settings: Settings, *, now: datetime) -> list[CheckResult]:
    """Check the serving match and keep what was found with its card, where pages read it."""
    with read_only_session(engine) as session:
        model = service.serving_model(session, LearnedModelKind.MENTOR_MATCHING)
        if model is None:
            return [result(name, "", FORMULA_SERVES, blocking=name == FILE_CHECK) for name in MATCH_CHECKS]
        serving = ModelView.of(model)
        found = checks_of(session, settings, serving, now=now)
    with unit_of_work(engine) as session:
        service.record_checks(
            session,
            SYSTEM_PRINCIPAL,
            model_id=serving.id,
            checks=[
                {"name": each.name, "passed": each.passed, "message": each.message, "numbers": dict(each.numbers)}
                for each in found
            ],
            now=now,
        )
    return found


def checks_of(session: Session, settings: Settings, serving: ModelView, *, now: datetime) -> list[CheckResult]:
    """The three checks of one model, on what was shown and what became known since it was trained."""
    from models.matching.artifact import DamagedArtifactError, load_matcher
    from models.matching.labels import labelled_requests

    problem, matcher = "", None
    try:
        matcher = load_matcher(settings.models_path / serving.artifact, serving.sha256)
    except DamagedArtifactError as error:
        problem = f"{error} The written formula serves meanwhile; run `sitesync models roll-back` or train again."
    file = result(FILE_CHECK, problem, f"The file of version {serving.version} is the recorded one.")
    history = read_mentor_history(session, until=now).frame
    # Made since, not merely known since: of older ones only those that lasted long were still open, mostly the good.
    requests = labelled_requests(history, until=now).filter(pl.col("requested_at") > serving.trained_at)
    calibration = _calibration(matcher, requests) if matcher is not None else _unread()
    return [file, _drift(history, serving, now), calibration]


def _drift(history: pl.DataFrame, serving: ModelView, now: datetime) -> CheckResult:
    from models.matching.monitoring import SHIFTED, feature_drift

    shown = history.filter(pl.col("shown_at").is_not_null())
    learned_from = shown.filter(pl.col("shown_at").is_between(serving.trained_at - LEARNED_FROM, serving.trained_at))
    since = max(serving.trained_at, now - RECENT)
    drift = feature_drift(learned_from, shown.filter(pl.col("shown_at") > since))
    numbers: Numbers = {"learned_from": drift.reference_count, "since": drift.recent_count}
    numbers |= {f"index_{name}": round(index, 4) for name, index in drift.indices.items()}
    if not drift.is_measured:
        fine = f"Only {drift.recent_count} pairs were shown since the training: too few to see a drift."
        return result(DRIFT_CHECK, "", fine, numbers, blocking=False)
    problem = ""
    if drift.shifted:
        named = ", ".join(f"{name} ({drift.indices[name]:.2f})" for name in drift.shifted)
        problem = (
            f"What is shown no longer looks like what version {serving.version} learned from: {named}; above {SHIFTED} "
            "a feature has become another one. Run `sitesync models train`, or `sitesync models roll-back`."
        )
    largest = next(iter(drift.indices.items()))
    fine = f"No feature has drifted; the largest index is {largest[1]:.2f} ({largest[0]})."
    return result(DRIFT_CHECK, problem, fine, numbers, blocking=False)


def _calibration(matcher: "object", requests: pl.DataFrame) -> CheckResult:
    from models.matching.matcher import Matcher, MatcherKind
    from models.matching.monitoring import calibration_of, chances_of

    if not isinstance(matcher, Matcher) or matcher.kind is MatcherKind.FORMULA:
        return result(CALIBRATION_CHECK, "", FORMULA_SERVES, blocking=False)
    found = calibration_of(chances_of(matcher, requests), requests["is_success"].to_numpy())
    numbers: Numbers = {"outcomes": found.count}
    if not found.is_measured:
        fine = f"Only {found.count} requests made since the training have ended: too few to judge its chances."
        return result(CALIBRATION_CHECK, "", fine, numbers, blocking=False)
    numbers |= {
        "predicted_share": round(found.predicted_share, 4),
        "observed_share": round(found.observed_share, 4),
        "deviation": round(found.deviation, 2),
        "calibration_error": round(found.error, 4),
    }
    told = (
        f"{found.predicted_share:.0%} of {found.count} requests were foretold to succeed, "
        f"{found.observed_share:.0%} did"
    )
    problem = f"{told}: more than chance would explain. Train again with `sitesync models train`."
    return result(CALIBRATION_CHECK, "" if found.is_kept else problem, f"{told}.", numbers, blocking=False)


def _unread() -> CheckResult:
    return result(CALIBRATION_CHECK, "", "The model's file cannot be read, so nothing is foretold.", blocking=False)
