"""Queries on learned models. Nothing here decides who may see or change them."""

from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from operational_db.tables.learned import LearnedModel
from operational_db.tables.learning import Enrollment
from operational_db.tables.mentorship import MenteeProfile, Mentorship, MentorShowing
from operational_db.tables.roi import OutcomeMonth, RoiEstimate
from operational_db.types import EnrollmentStatus, LearnedModelKind

# First half of the advisory lock on all models of a kind; the second is the kind's.
LOCK_SPACE = 7_311_905


class LearnedRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def lock(self, model_kind: LearnedModelKind) -> None:
        """Until the transaction ends, nobody else adds, promotes or retires a model of the kind."""
        statement = text("select pg_advisory_xact_lock(:space, hashtext(:model_kind))")
        self.session.execute(statement, {"space": LOCK_SPACE, "model_kind": str(model_kind)})

    def model(self, model_id: UUID) -> LearnedModel | None:
        return self.session.get(LearnedModel, model_id, populate_existing=True)

    def by_version(self, model_kind: LearnedModelKind, version: int) -> LearnedModel | None:
        return self.session.scalar(
            select(LearnedModel).where(LearnedModel.model_kind == model_kind, LearnedModel.version == version)
        )

    def serving(self, model_kind: LearnedModelKind) -> LearnedModel | None:
        return self.session.scalar(
            select(LearnedModel)
            .where(
                LearnedModel.model_kind == model_kind,
                LearnedModel.promoted_at.is_not(None),
                LearnedModel.retired_at.is_(None),
            )
            .execution_options(populate_existing=True)
        )

    def former(self, model: LearnedModel) -> LearnedModel | None:
        """The youngest older version that has ever served."""
        return self.session.scalar(
            select(LearnedModel)
            .where(
                LearnedModel.model_kind == model.model_kind,
                LearnedModel.version < model.version,
                LearnedModel.promoted_at.is_not(None),
            )
            .order_by(LearnedModel.version.desc())
            .limit(1)
            .execution_options(populate_existing=True)
        )

    def all(self, model_kind: LearnedModelKind | None = None) -> list[LearnedModel]:
        """Newest version first within each kind."""
        statement = select(LearnedModel).order_by(LearnedModel.model_kind, LearnedModel.version.desc())
        if model_kind is not None:
            statement = statement.where(LearnedModel.model_kind == model_kind)
        return list(self.session.scalars(statement))

    def versions_shown(self) -> frozenset[int]:
        """Versions of the match that ranked a list of mentors on record."""
        named = select(MentorShowing.model_version).where(MentorShowing.model_version.is_not(None)).distinct()
        return frozenset(version for version in self.session.scalars(named) if version is not None)

    def newest(self, model_kind: LearnedModelKind) -> LearnedModel | None:
        statement = select(LearnedModel).where(LearnedModel.model_kind == model_kind)
        return self.session.scalar(statement.order_by(LearnedModel.version.desc()).limit(1))

    def is_without(self, model_kind: LearnedModelKind) -> bool:
        return self.last_version(model_kind) == 0

    def has_mentorships(self) -> bool:
        return self.session.scalar(select(Mentorship.id).limit(1)) is not None

    def has_completions(self) -> bool:
        completed = Enrollment.status == EnrollmentStatus.COMPLETED
        return self.session.scalar(select(Enrollment.id).where(completed).limit(1)) is not None

    def has_results_without_estimates(self) -> bool:
        has_results = self.session.scalar(select(OutcomeMonth.person_id).limit(1)) is not None
        return has_results and self.session.scalar(select(RoiEstimate.id).limit(1)) is None

    def mentee_slices(self) -> list[tuple[str, str | None, str]]:
        """Of every mentee: id, region and level as the profile says today."""
        statement = select(MenteeProfile.person_id, MenteeProfile.location_region, MenteeProfile.current_level)
        rows = self.session.execute(statement.order_by(MenteeProfile.person_id))
        return [(str(person_id), region, str(level)) for person_id, region, level in rows]

    def last_version(self, model_kind: LearnedModelKind) -> int:
        """0 when there is none."""
        statement = select(func.max(LearnedModel.version)).where(LearnedModel.model_kind == model_kind)
        return self.session.scalar(statement) or 0
