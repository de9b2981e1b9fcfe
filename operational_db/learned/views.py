"""What is read of a learned model, to be kept when its session has ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from operational_db.tables.learned import LearnedModel
from operational_db.types import LearnedModelKind


@dataclass(frozen=True)
class ModelView:
    """One model of the registry; `artifact` is the name of its file in the folder of models."""

    id: UUID
    model_kind: LearnedModelKind
    version: int
    artifact: str
    sha256: str
    card: Mapping[str, Any]  # Any: JSON values
    trained_at: datetime
    ledger_size: int
    promoted_at: datetime | None
    retired_at: datetime | None

    @classmethod
    def of(cls, model: LearnedModel) -> Self:
        return cls(
            model.id,
            model.model_kind,
            model.version,
            model.artifact,
            model.sha256,
            model.card,
            model.trained_at,
            model.ledger_size,
            model.promoted_at,
            model.retired_at,
        )

    @property
    def is_serving(self) -> bool:
        return self.promoted_at is not None and self.retired_at is None
