"""Life cycle of what is learned: read the history as it was known, train, judge, register, promote only what is better.

Plain functions, used by the assets, the command line and the first start. What is learned and how it is judged belongs
to `models`; which model serves is recorded by `operational_db.learned`.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.learned import service
from operational_db.learned.views import ModelView
from operational_db.ledger.repository import latest_checkpoint
from operational_db.mentorship.matching import training_history
from operational_db.recommending.records import training_frames
from operational_db.settings import Settings
from operational_db.tables.learned import LearnedModel
from operational_db.types import LearnedModelKind

logger = logging.getLogger(__name__)

HISTORY_FILE = "mentor_history.parquet"
# Outcomes that became known since the serving model was trained; with fewer nothing is compared.
FEWEST_NEW_OUTCOMES = 120


class Step(StrEnum):
    """What training ended with."""

    PROMOTED = "promoted"
    KEPT_FORMER = "kept_former"
    NOT_LEARNED = "not_learned"
    NO_NEWS = "no_news"


@dataclass(frozen=True)
class TrainingResult:
    """What came of one training. `version` is the model registered by it, or else the one that serves."""

    model_kind: LearnedModelKind
    step: Step
    version: int | None
    message: str
    numbers: dict[str, int | float | str]


@dataclass(frozen=True)
class MentorHistory:
    """The history to learn from as it was known at `until`, and the size of the ledger then."""

    frame: pl.DataFrame
    until: datetime
    ledger_size: int


# Mentor matching


def read_mentor_history(session: Session, *, until: datetime) -> MentorHistory:
    """Every pair shown or asked, with its features as of that moment and what was known of it by `until`.

    Region and level of the mentee are for comparing slices only; nothing learns from them.
    """
    from models.matching.factors import FEATURE_NAMES

    history = training_history(session, until=until, feature_names=FEATURE_NAMES)
    slices = pl.DataFrame(
        service.mentee_slices(session),
        schema={"mentee_id": pl.String, "mentee_region": pl.String, "mentee_level": pl.String},
        orient="row",
    )
    checkpoint = latest_checkpoint(session)
    return MentorHistory(
        history.join(slices, on="mentee_id", how="left", maintain_order="left"),
        until,
        0 if checkpoint is None else checkpoint.tree_size,
    )


def write_mentor_history(engine: Engine, settings: Settings, *, now: datetime) -> MentorHistory:
    """Read the history and keep it as a file for the training that follows; it appears whole or not at all."""
    with read_only_session(engine) as session:
        history = read_mentor_history(session, until=now)
    path = _history_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    stamp = {"until": history.until.isoformat(), "ledger_size": str(history.ledger_size)}
    history.frame.write_parquet(part, metadata=stamp)
    part.replace(path)
    return history


def load_mentor_history(engine: Engine, settings: Settings, *, now: datetime) -> MentorHistory:
    """What `write_mentor_history` kept; read afresh where there is none."""
    path = _history_path(settings)
    if not path.is_file():
        return write_mentor_history(engine, settings, now=now)
    stamp = pl.read_parquet_metadata(path)
    until = datetime.fromisoformat(stamp["until"]).astimezone(UTC)
    return MentorHistory(pl.read_parquet(path), until, int(stamp["ledger_size"]))


def train_match(engine: Engine, settings: Settings, *, now: datetime) -> TrainingResult:
    """Read the history as of `now` and train on it; see `train_match_on`."""
    return train_match_on(engine, settings, write_mentor_history(engine, settings, now=now), now=now)


def train_match_on(engine: Engine, settings: Settings, history: MentorHistory, *, now: datetime) -> TrainingResult:
    """Train, judge and register a match, and promote it when it is better than what serves.

    Better than the written formula by `models.matching.training`; and, where a learned match serves already, better on
    outcomes that neither knew: the later half of what became known since that one was trained, the candidate fitted
    on what was known before. What is promoted is then the one fitted on everything.
    """
    from models.matching.artifact import save_matcher
    from models.matching.card import data_hash
    from models.matching.labels import labelled_requests
    from models.matching.training import Decision, train

    kind = LearnedModelKind.MENTOR_MATCHING
    with read_only_session(engine) as session:
        serving = _view(service.serving_model(session, kind))
        known = _view(service.newest_model(session, kind))
    requests = labelled_requests(history.frame, until=history.until)
    if known is not None and known.card.get("data", {}).get("sha256") == data_hash(requests):
        message = f"No outcome became known since version {known.version} was trained."
        return TrainingResult(kind, Step.NO_NEWS, known.version, message, {"outcome_count": len(requests)})
    trained = train(history.frame, until=history.until, ledger_size=history.ledger_size)
    data = trained.card["data"]
    numbers = {key: data[key] for key in ("request_count", "outcome_count", "success_count", "ledger_size")}
    step, message = Step.NOT_LEARNED, trained.card["verdict"]
    if trained.decision is Decision.LEARNED:
        step = Step.PROMOTED
        if serving is not None:
            step, message, compared = _compare_with_serving(engine, settings, history, serving)
            trained.card["against_serving"] = compared
    artifact = save_matcher(settings.models_path, trained.matcher, trained.card)
    with unit_of_work(engine) as session:
        model = service.add_model(
            session,
            model_kind=kind,
            artifact=artifact.path.name,
            sha256=artifact.sha256,
            card=trained.card,
            trained_at=history.until,
            ledger_size=history.ledger_size,
        )
        if step is Step.PROMOTED:
            service.promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=now)
    return TrainingResult(kind, step, model.version, message, numbers)


def _compare_with_serving(
    engine: Engine, settings: Settings, history: MentorHistory, serving: ModelView
) -> tuple[Step, str, dict[str, Any]]:  # Any: JSON values
    """Whether a new match does better than the serving one on outcomes that both did not know."""
    from models.matching.artifact import DamagedArtifactError, load_matcher
    from models.matching.labels import labelled_requests
    from models.matching.monitoring import gain_over
    from models.matching.training import SMALLEST_GAIN, fit_matcher

    try:
        former = load_matcher(settings.models_path / serving.artifact, serving.sha256)
    except DamagedArtifactError as error:
        return Step.PROMOTED, f"Version {serving.version} cannot serve: {error}", {"version": serving.version}
    requests = labelled_requests(history.frame, until=history.until)
    unseen = requests.filter(pl.col("known_at") > serving.trained_at).sort("known_at")
    later = unseen.tail(len(unseen) // 2)
    compared: dict[str, Any] = {"version": serving.version, "unseen_count": len(unseen), "compared_count": len(later)}
    if len(unseen) < FEWEST_NEW_OUTCOMES or later["is_success"].n_unique() < 2:
        return (
            Step.KEPT_FORMER,
            f"{len(unseen)} outcomes became known since version {serving.version} was trained; {FEWEST_NEW_OUTCOMES} "
            "are needed to tell whether a new match is better. The former one serves.",
            compared,
        )
    cut: datetime = later["known_at"].to_list()[0]
    with read_only_session(engine) as session:
        before = read_mentor_history(session, until=cut)
    gain = gain_over(fit_matcher(before.frame, until=cut), former, later)
    compared |= {"known_from": cut.isoformat(), "gain": gain.value, "low": gain.low, "high": gain.high}
    told = f"{gain.value:.4f} ({gain.low:.4f} to {gain.high:.4f}) on {len(later)} outcomes that neither knew"
    if gain.value >= SMALLEST_GAIN and gain.low > 0:
        return Step.PROMOTED, f"Its loss is lower than that of version {serving.version} by {told}.", compared
    return (
        Step.KEPT_FORMER,
        f"Not surely better than version {serving.version}, which goes on serving: its loss is lower by {told}.",
        compared,
    )


# Course recommendations


def train_courses(engine: Engine, settings: Settings, *, now: datetime) -> TrainingResult:
    """Train the recommender, judge it and put it into service; its card says whether its learned part is shown."""
    from models.recommending.artifact import save_recommender
    from models.recommending.records import Records
    from models.recommending.training import train_recommender

    kind = LearnedModelKind.COURSE_RECOMMENDING
    with read_only_session(engine) as session:
        known = _view(service.newest_model(session, kind))
        frames = training_frames(session, until=now)
        checkpoint = latest_checkpoint(session)
    records = Records.from_frames(frames.taken, courses=frames.courses, paths=frames.paths, members=frames.members)
    size = 0 if checkpoint is None else checkpoint.tree_size
    trained = train_recommender(records, until=now.date(), ledger_size=size)
    numbers: dict[str, int | float | str] = {
        name: value
        for name in ("completion_count", "person_count", "course_count", "learner_count")
        if isinstance(value := trained.card[name], int)
    }
    seen = ("completion_count", "person_count", "course_count", "data_until")
    if known is not None and all(known.card.get(name) == trained.card[name] for name in seen):
        message = f"Nothing was completed since version {known.version} was trained."
        return TrainingResult(kind, Step.NO_NEWS, known.version, message, numbers)
    artifact = save_recommender(settings.models_path, trained.model, trained.card)
    with unit_of_work(engine) as session:
        model = service.add_model(
            session,
            model_kind=kind,
            artifact=artifact.path.name,
            sha256=artifact.sha256,
            card=trained.card,
            trained_at=now,
            ledger_size=size,
        )
        service.promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=now)
    return TrainingResult(kind, Step.PROMOTED, model.version, trained.comparison.sentence, numbers)


def prune_models(
    engine: Engine, settings: Settings, *, now: datetime, days: int = service.FILE_DAYS, is_dry_run: bool = False
) -> list[ModelView]:
    """Remove the files of models that nothing needs (`learned.service.unneeded_models`), as releases are pruned.

    Returns
    -------
    Whose files were removed, or would be in a dry run; those whose file is gone already are not among them.
    """
    with unit_of_work(engine) as session:
        unneeded = service.unneeded_models(session, SYSTEM_PRINCIPAL, now=now, days=days)
        found = [ModelView.of(each) for each in unneeded if (settings.models_path / each.artifact).is_file()]
        if not is_dry_run:
            for each in found:
                (settings.models_path / each.artifact).unlink(missing_ok=True)
    if found and not is_dry_run:
        logger.info("models.pruned", extra={"versions": [f"{each.model_kind} {each.version}" for each in found]})
    return found


def _view(model: LearnedModel | None) -> ModelView | None:
    """What is needed of it once its session has ended."""
    return None if model is None else ModelView.of(model)


def _history_path(settings: Settings) -> Path:
    return settings.models_path / HISTORY_FILE
