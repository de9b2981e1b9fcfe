"""Learned models: which there are, where their files lie, which one serves."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import LearnedModelKind


class LearnedModel(HasId, HasTimes, Base):
    """One trained model; it serves from its promotion until it is retired. `card` is the model card."""

    __tablename__ = "learned_models"
    __table_args__ = (
        UniqueConstraint("model_kind", "version"),
        CheckConstraint("retired_at is null or promoted_at is not null", name="retired_after_promoted"),
        Index(
            "uq_learned_models_serving",
            "model_kind",
            unique=True,
            postgresql_where=text("promoted_at is not null and retired_at is null"),
        ),
    )

    model_kind: Mapped[LearnedModelKind]
    version: Mapped[int]
    # File name under the installation's folder of models.
    artifact: Mapped[str]
    sha256: Mapped[str]
    card: Mapped[dict[str, Any]] = mapped_column(JSONB)
    trained_at: Mapped[datetime]
    ledger_size: Mapped[int]
    promoted_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
