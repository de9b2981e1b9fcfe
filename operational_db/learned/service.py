"""The registry of learned models: add one, promote it to serve, retire it, go back to the former one.

Files are written and read by who trains and who serves; here are their names and hashes. A kind without a serving
model falls back to what is written down (mentor matching: the formula).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.learned.repository import LearnedRepository
from operational_db.ledger.append import append_events
from operational_db.ledger.events import ModelPromoted, ModelRetired
from operational_db.ledger.repository import latest_checkpoint
from operational_db.tables.learned import LearnedModel
from operational_db.types import LearnedModelKind, new_id

# A plain file name: never a path that leaves the folder of models.
ARTIFACT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
# So long after it served or was trained a model can be put into service again at once.
FILE_DAYS = 90
SHA256 = re.compile(r"[0-9a-f]{64}")


def add_model(
    session: Session,
    *,
    model_kind: LearnedModelKind,
    artifact: str,
    sha256: str,
    card: Mapping[str, Any],
    trained_at: datetime,
    ledger_size: int | None = None,
) -> LearnedModel:
    """Register a trained model under the next version of its kind; it does not serve before it is promoted.

    Parameters
    ----------
    artifact, sha256
        Name of its file in the folder of models (`Settings.models_path`), and the file's hash in hexadecimal.
    card
        The model card: JSON, without personal data.
    ledger_size
        Entries of the ledger the training saw; None takes the sequenced ledger as it is.

    Raises
    ------
    InvalidInputError
        When the name leaves the folder or the hash is none.
    """
    if ARTIFACT_NAME.fullmatch(artifact) is None:
        raise InvalidInputError(f"{artifact!r} is not the name of a file in the folder of models.")
    if SHA256.fullmatch(sha256) is None:
        raise InvalidInputError("A model is registered with the SHA-256 of its file, 64 hexadecimal digits.")
    if ledger_size is None:
        checkpoint = latest_checkpoint(session)
        ledger_size = 0 if checkpoint is None else checkpoint.tree_size
    repository = LearnedRepository(session)
    repository.lock(model_kind)
    model = LearnedModel(
        id=new_id(),
        model_kind=model_kind,
        version=repository.last_version(model_kind) + 1,
        artifact=artifact,
        sha256=sha256,
        card=dict(card),
        trained_at=trained_at,
        ledger_size=ledger_size,
    )
    session.add(model)
    session.flush()
    return model


def serving_model(session: Session, model_kind: LearnedModelKind) -> LearnedModel | None:
    """The model that serves; None when what is written down does. Open to whoever ranks: it says nothing of people."""
    return LearnedRepository(session).serving(model_kind)


def model_by_version(session: Session, model_kind: LearnedModelKind, version: int) -> LearnedModel:
    """One model of the registry, for whoever checks or explains what it ranked.

    Raises
    ------
    NotFoundError
    """
    model = LearnedRepository(session).by_version(model_kind, version)
    if model is None:
        raise NotFoundError(
            f"There is no version {version} of the model for {model_kind.replace('_', ' ')}; "
            "`sitesync models list` names those there are."
        )
    return model


def newest_model(session: Session, model_kind: LearnedModelKind) -> LearnedModel | None:
    """The model registered last, whether it serves or not; for whoever trains the next one."""
    return LearnedRepository(session).newest(model_kind)


@dataclass(frozen=True)
class Unlearned:
    """What was never learned here although there is something to learn it from."""

    match: bool
    courses: bool
    returns: bool


def find_unlearned(session: Session) -> Unlearned:
    """Asked at every start: each answer is a look at one row."""
    repository = LearnedRepository(session)
    return Unlearned(
        match=repository.is_without(LearnedModelKind.MENTOR_MATCHING) and repository.has_mentorships(),
        courses=repository.is_without(LearnedModelKind.COURSE_RECOMMENDING) and repository.has_completions(),
        returns=repository.has_results_without_estimates(),
    )


def mentee_slices(session: Session) -> list[tuple[str, str | None, str]]:
    """Id, region and level of every mentee, to compare a match's figures between groups; never shown by person."""
    return LearnedRepository(session).mentee_slices()


def list_models(
    session: Session, principal: Principal, *, model_kind: LearnedModelKind | None = None
) -> list[LearnedModel]:
    """All models with their cards, newest first within each kind.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.VIEW_MODELS)
    return LearnedRepository(session).all(model_kind)


def unneeded_models(
    session: Session, principal: Principal, *, now: datetime, days: int = FILE_DAYS
) -> list[LearnedModel]:
    """Models whose files nothing needs any more; the registry keeps what it says of them.

    Needed are what serves, what a roll-back would put back, the newest of each kind, with which the next one is
    compared, what was trained or served within the last `days`, and what ranked a list of mentors that is on record,
    so that the list can be explained and made again. Until the transaction ends nobody promotes another one.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.MANAGE_MODELS)
    repository = LearnedRepository(session)
    since = now - timedelta(days=days)
    unneeded: list[LearnedModel] = []
    for model_kind in LearnedModelKind:
        repository.lock(model_kind)
        serving = repository.serving(model_kind)
        former = None if serving is None else repository.former(serving)
        kept = {each.id for each in (serving, former, repository.newest(model_kind)) if each is not None}
        named = repository.versions_shown() if model_kind is LearnedModelKind.MENTOR_MATCHING else frozenset()
        models = repository.all(model_kind)
        needed = {
            each.id
            for each in models
            if each.id in kept or each.version in named or max(each.trained_at, each.retired_at or since) > since
        }
        # Equal models are one file.
        files = {each.artifact for each in models if each.id in needed}
        unneeded += [each for each in models if each.id not in needed and each.artifact not in files]
    return unneeded


def promote_model(session: Session, principal: Principal, *, model_id: UUID, now: datetime) -> LearnedModel:
    """Let a model serve from now on; the one that served is retired in the same transaction.

    Promotions of a kind take turns, and the index `uq_learned_models_serving` holds that one serves at a time. A model
    that serves already is left as it is.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    """
    principal.require(Permission.MANAGE_MODELS)
    repository = LearnedRepository(session)
    model = _model(repository, model_id)
    serving = repository.serving(model.model_kind)
    if serving is not None and serving.id == model.id:
        return model
    if serving is not None:
        serving.retired_at = now
        session.flush()
    return _serve(session, model, now)


def roll_back(
    session: Session, principal: Principal, model_kind: LearnedModelKind, now: datetime
) -> LearnedModel | None:
    """Put the former model back into service: the youngest older version that has served before.

    Returns
    -------
    LearnedModel | None
        The model that serves now; None when there was no former one and what is written down serves.

    Raises
    ------
    NotAuthorizedError
    ConflictError
        When no learned model of the kind serves.
    """
    principal.require(Permission.MANAGE_MODELS)
    repository = LearnedRepository(session)
    repository.lock(model_kind)
    serving = repository.serving(model_kind)
    if serving is None:
        raise ConflictError(
            f"No learned model for {model_kind.replace('_', ' ')} serves: there is nothing to go back from."
        )
    former = repository.former(serving)
    if former is None:
        _retire(session, serving, now)
        return None
    serving.retired_at = now
    session.flush()
    return _serve(session, former, now)


def record_checks(
    session: Session,
    principal: Principal,
    *,
    model_id: UUID,
    checks: Sequence[Mapping[str, Any]],  # Any: JSON values
    now: datetime,
) -> None:
    """Keep the last round of checks with the card, under `checks`; the rest of the card stays as it was trained.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    """
    principal.require(Permission.MANAGE_MODELS)
    model = _model(LearnedRepository(session), model_id)
    found = {"checked_at": now.isoformat(), "results": [dict(check) for check in checks]}
    model.card = {**model.card, "checks": found}
    session.flush()


def is_serving(model: LearnedModel) -> bool:
    return model.promoted_at is not None and model.retired_at is None


def _model(repository: LearnedRepository, model_id: UUID) -> LearnedModel:
    """The model as it stands once nobody else can change it."""
    found = repository.model(model_id)
    if found is None:
        raise NotFoundError(f"There is no model {model_id}; `sitesync models list` names those there are.")
    repository.lock(found.model_kind)
    return repository.model(model_id) or found


def _serve(session: Session, model: LearnedModel, now: datetime) -> LearnedModel:
    model.promoted_at, model.retired_at = now, None
    session.flush()
    event = ModelPromoted(
        subject_id=None,
        organization_id=None,
        occurred_at=now,
        model_kind=model.model_kind,
        model_version=model.version,
        artifact_sha256=model.sha256,
        ledger_size=model.ledger_size,
    )
    append_events(session, [event], now=now)
    return model


def _retire(session: Session, model: LearnedModel, now: datetime) -> LearnedModel:
    model.retired_at = now
    session.flush()
    event = ModelRetired(
        subject_id=None,
        organization_id=None,
        occurred_at=now,
        model_kind=model.model_kind,
        model_version=model.version,
    )
    append_events(session, [event], now=now)
    return model
