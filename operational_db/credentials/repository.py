"""Queries on the certification registry and on certificates. Nothing here decides who may see what."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from operational_db.credentials.views import CertificateView, to_certificate_view
from operational_db.errors import NotFoundError
from operational_db.paging import Page, PageRequest
from operational_db.tables.badges import Badge
from operational_db.tables.catalog import Course
from operational_db.tables.credentials import Certificate, CertificateRenewal, Certification
from operational_db.tables.identity import Membership, Organization, Person
from operational_db.tables.learning import Enrollment
from operational_db.types import CertificationCategory, CertificationSource, VerificationStatus


class CredentialsRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def certification(self, certification_id: UUID) -> Certification:
        """The kind of certificate.

        Raises
        ------
        NotFoundError
            When the registry has none with the id.
        """
        certification = self.session.get(Certification, certification_id)
        if certification is None:
            raise NotFoundError("The registry has no certification with this id. Look it up in the registry by name.")
        return certification

    def is_code_taken(self, code: str) -> bool:
        return self.session.scalar(select(Certification.id).where(Certification.code == code)) is not None

    def organization_name(self, organization_id: UUID) -> str:
        """The organization's name.

        Raises
        ------
        NotFoundError
            When there is no such organization.
        """
        name = self.session.scalar(select(Organization.name).where(Organization.id == organization_id))
        if name is None:
            raise NotFoundError("There is no organization with this id. Check the id.")
        return name

    def is_person(self, person_id: UUID) -> bool:
        found = self.session.scalar(select(Person.id).where(Person.id == person_id, Person.erased_at.is_(None)))
        return found is not None

    def lock_person(self, person_id: UUID) -> Person:
        """The holder, locked until the transaction ends: one line of certificates is continued by one writer at a time.

        Raises
        ------
        NotFoundError
            When nobody has the id.
        """
        statement = select(Person).where(Person.id == person_id).with_for_update(key_share=True)
        person = self.session.scalar(statement.execution_options(populate_existing=True))
        if person is None:
            raise NotFoundError("There is no person with this id. Check the id or search by name.")
        return person

    def enrollment_with_course(self, enrollment_id: UUID) -> tuple[Enrollment, Course]:
        """The enrollment a certificate is earned by, and its course.

        Raises
        ------
        NotFoundError
            When there is no such enrollment.
        """
        statement = select(Enrollment, Course).join(Course, Course.id == Enrollment.course_id)
        row = self.session.execute(statement.where(Enrollment.id == enrollment_id)).one_or_none()
        if row is None:
            raise NotFoundError("There is no enrollment with this id. Check the id.")
        return row[0], row[1]

    def certificate(self, certificate_id: UUID) -> Certificate | None:
        return self.session.get(Certificate, certificate_id)

    def lock_certificate(self, certificate: Certificate) -> Certificate:
        """The same certificate, locked and read afresh."""
        statement = select(Certificate).where(Certificate.id == certificate.id).with_for_update()
        return self.session.scalars(statement.execution_options(populate_existing=True)).one()

    def successor(self, certificate_id: UUID) -> Certificate | None:
        """The proven certificate that renewed this one and stands."""
        statement = select(Certificate).where(Certificate.renews_id == certificate_id, *_proven(Certificate))
        return self.session.scalar(statement)

    def later_claim(self, certificate_id: UUID) -> Certificate | None:
        """A certificate, proven or claimed, that names this one as its former and was not taken back."""
        statement = select(Certificate).where(
            Certificate.renews_id == certificate_id,
            Certificate.withdrawn_at.is_(None),
            Certificate.verification_status != VerificationStatus.FAILED,
        )
        return self.session.scalar(statement.order_by(Certificate.issued_on.desc(), Certificate.id.desc()).limit(1))

    def correction(self, certificate_id: UUID) -> Certificate | None:
        """The record that put this one right."""
        return self.session.scalar(select(Certificate).where(Certificate.corrects_id == certificate_id))

    def certificate_of_enrollment(self, enrollment_id: UUID, certification_id: UUID) -> Certificate | None:
        statement = select(Certificate).where(
            Certificate.enrollment_id == enrollment_id, Certificate.certification_id == certification_id
        )
        return self.session.scalar(statement.limit(1))

    def renewable(
        self, person_id: UUID, certification_id: UUID, *, until: date, is_verified_only: bool
    ) -> Certificate | None:
        """The latest certificate of the kind that a certificate issued on `until` continues.

        Not revoked, not withdrawn, not found false, not renewed already; with `is_verified_only` also verified, so that
        a proven line never rests on a mere claim.
        """
        later = aliased(Certificate)
        standing = _proven(later) if is_verified_only else _not_refuted(later)
        conditions = [
            Certificate.person_id == person_id,
            Certificate.certification_id == certification_id,
            Certificate.issued_on <= until,
            *(_proven(Certificate) if is_verified_only else _not_refuted(Certificate)),
            ~exists().where(later.renews_id == Certificate.id, *standing),
        ]
        statement = select(Certificate).where(*conditions)
        return self.session.scalar(statement.order_by(Certificate.issued_on.desc(), Certificate.id.desc()).limit(1))

    def same_day_certificate(self, person_id: UUID, certification_id: UUID, issued_on: date) -> Certificate | None:
        """A valid record of the same certificate: same person, kind and day of issue."""
        statement = select(Certificate).where(
            Certificate.person_id == person_id,
            Certificate.certification_id == certification_id,
            Certificate.issued_on == issued_on,
            Certificate.revoked_at.is_(None),
            Certificate.withdrawn_at.is_(None),
            Certificate.verification_status != VerificationStatus.FAILED,
        )
        return self.session.scalar(statement.limit(1))

    def organization_ids_of(self, person_id: UUID, *, on: date) -> frozenset[UUID]:
        """Organizations the person belongs to on the day."""
        statement = select(Membership.organization_id).where(Membership.person_id == person_id, _is_open_on(on))
        return frozenset(self.session.scalars(statement))

    def certificates_of(self, person_id: UUID, *, on: date, is_public_only: bool) -> list[CertificateView]:
        """Everything the person holds or held, latest first; the withdrawn only in the full view."""
        statement = _views().where(Certificate.person_id == person_id)
        if is_public_only:
            statement = statement.where(
                Certificate.is_public,
                Certificate.withdrawn_at.is_(None),
                Certificate.verification_status == VerificationStatus.VERIFIED,
            )
        rows = self.session.execute(statement.order_by(Certificate.issued_on.desc(), Certificate.id))
        return [to_certificate_view(*row, on=on) for row in rows]

    def expiring(
        self,
        *,
        organization_id: UUID | None = None,
        person_id: UUID | None = None,
        on: date,
        within_days: int,
        page: PageRequest,
    ) -> Page[CertificateView]:
        """Certificates of members, or of one person, whose last day is today or within so many days.

        Those that something proven has renewed already are left out.
        """
        later = aliased(Certificate)
        members = select(Membership.person_id).where(Membership.organization_id == organization_id, _is_open_on(on))
        matching = _views().where(
            Certificate.person_id.in_(members) if person_id is None else Certificate.person_id == person_id,
            Certificate.issued_on <= on,
            Certificate.expires_on.between(on, on + timedelta(days=within_days)),
            or_(Certificate.revoked_from.is_(None), Certificate.revoked_from > on),
            Certificate.withdrawn_at.is_(None),
            Certificate.verification_status == VerificationStatus.VERIFIED,
            ~exists().where(later.renews_id == Certificate.id, *_proven(later)),
        )
        total = self.session.scalar(
            select(func.count()).select_from(matching.with_only_columns(Certificate.id).subquery())
        )
        rows = self.session.execute(
            matching.order_by(Certificate.expires_on, Person.display_name, Certificate.id)
            .limit(page.size)
            .offset(page.offset)
        )
        return Page([to_certificate_view(*row, on=on) for row in rows], total or 0, page.number, page.size)

    def view(self, certificate_id: UUID, *, on: date) -> CertificateView | None:
        row = self.session.execute(_views().where(Certificate.id == certificate_id)).one_or_none()
        return None if row is None else to_certificate_view(*row, on=on)

    def line(self, person_id: UUID, certification_id: UUID) -> Sequence[Certificate]:
        """What the person holds or held of a kind and has not taken back, by the day of issue."""
        return self.session.scalars(
            select(Certificate)
            .where(
                Certificate.person_id == person_id,
                Certificate.certification_id == certification_id,
                Certificate.withdrawn_at.is_(None),
            )
            .order_by(Certificate.issued_on, Certificate.id)
        ).all()

    def line_views(self, person_id: UUID, certification_id: UUID, *, on: date) -> list[CertificateView]:
        rows = self.session.execute(
            _views()
            .where(
                Certificate.person_id == person_id,
                Certificate.certification_id == certification_id,
                Certificate.withdrawn_at.is_(None),
            )
            .order_by(Certificate.issued_on, Certificate.id)
        )
        return [to_certificate_view(*row, on=on) for row in rows]

    def badge_ids(self, certificate_ids: Collection[UUID]) -> dict[UUID, str]:
        """The public ids of the badges of these certificates, without those of erased people."""
        statement = select(Badge.certificate_id, Badge.public_id).where(
            Badge.certificate_id.in_(certificate_ids), Badge.salt != ""
        )
        return {certificate_id: public_id for certificate_id, public_id in self.session.execute(statement)}

    def open_renewal(self, certificate_id: UUID) -> CertificateRenewal | None:
        return self.session.scalar(
            select(CertificateRenewal).where(
                CertificateRenewal.certificate_id == certificate_id, CertificateRenewal.closed_at.is_(None)
            )
        )

    def certifications(
        self,
        *,
        search: str | None,
        trade: str | None,
        source: CertificationSource | None = None,
        category: CertificationCategory | None = None,
        level: str | None = None,
        issuing_organization_id: UUID | None = None,
        page: PageRequest,
    ) -> Page[Certification]:
        """The active registry by name."""
        conditions: list[ColumnElement[bool]] = [Certification.is_active.is_(True)]
        exact = {
            Certification.source: source,
            Certification.category: category,
            Certification.level: level,
            Certification.issuing_organization_id: issuing_organization_id,
        }
        conditions += [column == value for column, value in exact.items() if value is not None]
        if search:
            conditions.append(
                or_(
                    Certification.name.icontains(search, autoescape=True),
                    Certification.code.icontains(search, autoescape=True),
                    Certification.issuing_organization.icontains(search, autoescape=True),
                )
            )
        if trade is not None:
            conditions.append(Certification.trade == trade)
        total = self.session.scalar(select(func.count()).select_from(Certification).where(*conditions)) or 0
        found: Sequence[Certification] = self.session.scalars(
            select(Certification)
            .where(*conditions)
            .order_by(Certification.name, Certification.id)
            .limit(page.size)
            .offset(page.offset)
        ).all()
        return Page(found, total, page.number, page.size)


def _is_open_on(day: date) -> ColumnElement[bool]:
    return and_(Membership.started_on <= day, or_(Membership.ended_on.is_(None), Membership.ended_on > day))


def _views() -> Select[Certificate, Certification, str, UUID | None]:
    return (
        select(Certificate, Certification, Person.display_name, Enrollment.course_id)
        .join(Certification, Certification.id == Certificate.certification_id)
        .join(Person, Person.id == Certificate.person_id)
        .outerjoin(Enrollment, Enrollment.id == Certificate.enrollment_id)
    )


def _proven(certificate: type[Certificate]) -> list[ColumnElement[bool]]:
    """Verified, and neither revoked nor withdrawn."""
    return [
        certificate.revoked_at.is_(None),
        certificate.withdrawn_at.is_(None),
        certificate.verification_status == VerificationStatus.VERIFIED,
    ]


def _not_refuted(certificate: type[Certificate]) -> list[ColumnElement[bool]]:
    """Verified or claimed, and neither revoked nor withdrawn nor found false."""
    return [
        certificate.revoked_at.is_(None),
        certificate.withdrawn_at.is_(None),
        certificate.verification_status != VerificationStatus.FAILED,
    ]
