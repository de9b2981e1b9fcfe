"""Learned models as pages show and change them: cards, which one serves, going back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal
from operational_db.learned.service import is_serving, list_models, promote_model, roll_back
from operational_db.types import LearnedModelKind


@dataclass(frozen=True)
class ModelView:
    """One trained model with its card; keys of the card are those of the folder that trained it."""

    model_id: UUID
    version: int
    trained_at: datetime
    ledger_size: int
    sha256: str
    promoted_at: datetime | None
    retired_at: datetime | None
    is_serving: bool
    card: Mapping[str, Any]


def models_of(engine: Engine, principal: Principal, kind: LearnedModelKind) -> Sequence[ModelView]:
    """Every model of a kind, the newest first.

    Raises
    ------
    DomainError
        When the principal may not see models or the database is down.
    """
    with read_only_session(engine) as session:
        return [
            ModelView(
                model.id,
                model.version,
                model.trained_at,
                model.ledger_size,
                model.sha256,
                model.promoted_at,
                model.retired_at,
                is_serving(model),
                model.card,
            )
            for model in list_models(session, principal, model_kind=kind)
        ]


def promote(engine: Engine, principal: Principal, *, model: ModelView, now: datetime) -> Receipt:
    """Let a model serve.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        promote_model(session, principal, model_id=model.model_id, now=now)
    return Receipt(f"Version {model.version} serves from now on.", now, 1)


def go_back(engine: Engine, principal: Principal, kind: LearnedModelKind, *, now: datetime) -> Receipt:
    """Put the former model back, or what is written down where there was none.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        former = roll_back(session, principal, kind, now)
        text = f"Version {former.version} serves again." if former else "What is written down serves now."
    return Receipt(text, now, 1)
