"""Queries on continuing education credits. Nothing here decides who may see what."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from operational_db.tables.catalog import Course
from operational_db.tables.credentials import CeCredit, Certificate, Certification
from operational_db.tables.learning import Enrollment
from operational_db.types import CeActivityType, VerificationStatus, new_id


class CeRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def credit(self, credit_id: UUID) -> CeCredit | None:
        return self.session.get(CeCredit, credit_id)

    def lock_credit(self, credit: CeCredit) -> CeCredit:
        statement = select(CeCredit).where(CeCredit.id == credit.id).with_for_update()
        return self.session.scalars(statement.execution_options(populate_existing=True)).one()

    def credits_of(self, person_id: UUID, certification_id: UUID) -> Sequence[CeCredit]:
        """What the person logged toward the kind and did not take back, by the day of the activity."""
        return self.session.scalars(
            select(CeCredit)
            .where(
                CeCredit.person_id == person_id,
                CeCredit.certification_id == certification_id,
                CeCredit.withdrawn_at.is_(None),
            )
            .order_by(CeCredit.activity_on, CeCredit.id)
        ).all()

    def all_credits_of(self, person_id: UUID) -> Mapping[UUID, Sequence[CeCredit]]:
        """As `credits_of`, for every kind at once."""
        by_kind: dict[UUID, list[CeCredit]] = defaultdict(list)
        statement = select(CeCredit).where(CeCredit.person_id == person_id, CeCredit.withdrawn_at.is_(None))
        for credit in self.session.scalars(statement.order_by(CeCredit.activity_on, CeCredit.id)):
            by_kind[credit.certification_id].append(credit)
        return by_kind

    def is_logged(self, person_id: UUID, certification_id: UUID, enrollment_id: UUID) -> bool:
        """Whether the course counts already."""
        statement = select(CeCredit.id).where(
            CeCredit.person_id == person_id,
            CeCredit.certification_id == certification_id,
            CeCredit.withdrawn_at.is_(None),
            CeCredit.activity_id == enrollment_id,
        )
        return self.session.scalar(statement.limit(1)) is not None

    def is_described(self, person_id: UUID, certification_id: UUID, activity_on: date, description: str) -> bool:
        """Whether an activity of the day with the same description counts already."""
        statement = select(CeCredit.id).where(
            CeCredit.person_id == person_id,
            CeCredit.certification_id == certification_id,
            CeCredit.withdrawn_at.is_(None),
            CeCredit.activity_id.is_(None),
            CeCredit.activity_on == activity_on,
            func.lower(CeCredit.activity_description) == func.lower(description),
        )
        return self.session.scalar(statement.limit(1)) is not None

    def history_of(self, person_id: UUID, certification_ids: Collection[UUID]) -> Sequence[Certificate]:
        """Every record of the person of these kinds, also those taken back."""
        return self.session.scalars(
            select(Certificate)
            .where(Certificate.person_id == person_id, Certificate.certification_id.in_(certification_ids))
            .order_by(Certificate.issued_on, Certificate.id)
        ).all()

    def kinds(self, certification_ids: Collection[UUID]) -> Mapping[UUID, Certification]:
        found = self.session.scalars(select(Certification).where(Certification.id.in_(certification_ids)))
        return {kind.id: kind for kind in found}

    def with_requirement(self, person_id: UUID) -> Sequence[Certificate]:
        """Every record of the person not taken back whose kind asks for credits."""
        return self.session.scalars(
            select(Certificate)
            .join(Certification, Certification.id == Certificate.certification_id)
            .where(
                Certification.ce_credits_required > 0,
                Certificate.person_id == person_id,
                Certificate.withdrawn_at.is_(None),
            )
        ).all()

    def held_with_requirement(self, person_id: UUID, *, on: date) -> Sequence[Certificate]:
        """The proven certificates at the end of their lines, issued by then, whose kind asks for credits.

        Also the expired ones: credits that are late still count for renewing them.
        """
        later = aliased(Certificate)
        return self.session.scalars(
            select(Certificate)
            .join(Certification, Certification.id == Certificate.certification_id)
            .where(
                Certification.ce_credits_required > 0,
                Certificate.person_id == person_id,
                Certificate.issued_on <= on,
                Certificate.withdrawn_at.is_(None),
                Certificate.revoked_at.is_(None),
                Certificate.verification_status == VerificationStatus.VERIFIED,
                ~exists().where(
                    later.person_id == person_id,
                    later.certification_id == Certificate.certification_id,
                    later.withdrawn_at.is_(None),
                    later.revoked_at.is_(None),
                    later.verification_status == VerificationStatus.VERIFIED,
                    (later.issued_on > Certificate.issued_on)
                    | ((later.issued_on == Certificate.issued_on) & (later.id > Certificate.id)),
                ),
            )
            .order_by(Certificate.id)
        ).all()

    def put_course_credit(
        self,
        certificate: Certificate,
        *,
        credits: Decimal,
        enrollment_id: UUID,
        course_title: str,
        activity_on: date,
        now: datetime,
    ) -> UUID | None:
        """Log the credits of a finished course; None when they count already."""
        statement = (
            insert(CeCredit)
            .values(
                id=new_id(),
                person_id=certificate.person_id,
                certification_id=certificate.certification_id,
                certificate_id=certificate.id,
                credits=credits,
                activity_type=CeActivityType.COURSE,
                activity_id=enrollment_id,
                activity_description=course_title,
                activity_on=activity_on,
                recorded_at=now,
                created_at=now,
                updated_at=now,
            )
            .on_conflict_do_nothing()
            .returning(CeCredit.id)
        )
        return self.session.scalar(statement)

    def completed_course(self, enrollment_id: UUID) -> tuple[Enrollment, Course] | None:
        statement = select(Enrollment, Course).join(Course, Course.id == Enrollment.course_id)
        row = self.session.execute(statement.where(Enrollment.id == enrollment_id)).one_or_none()
        return None if row is None else (row[0], row[1])
