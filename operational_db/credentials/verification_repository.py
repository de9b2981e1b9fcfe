"""Queries on requests to verify certificates. Nothing here decides who may see what."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from operational_db.credentials.views import CertificateView, to_certificate_view
from operational_db.identity.repository import is_open_on
from operational_db.paging import Page, PageRequest
from operational_db.tables.credentials import Certificate, Certification, Document, VerificationCase
from operational_db.tables.identity import Membership, Person

_REQUESTER, _DECIDER = aliased(Person), aliased(Person)


@dataclass(frozen=True)
class CaseRow:
    """A request with the names of who asked and who decided."""

    case: VerificationCase
    certificate: CertificateView
    document_name: str | None
    requested_by: str | None
    decided_by: str | None


class VerificationRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def case(self, case_id: UUID) -> VerificationCase | None:
        return self.session.get(VerificationCase, case_id)

    def open_case(self, certificate_id: UUID) -> VerificationCase | None:
        return self.session.scalar(
            select(VerificationCase).where(
                VerificationCase.certificate_id == certificate_id, VerificationCase.decided_at.is_(None)
            )
        )

    def open_cases(self, organization_id: UUID, *, on: date, page: PageRequest) -> Page[CaseRow]:
        """Open requests about certificates of the organization's members, the oldest first."""
        members = select(Membership.person_id).where(Membership.organization_id == organization_id, is_open_on(on))
        matching = _rows().where(VerificationCase.decided_at.is_(None), Certificate.person_id.in_(members))
        total = self.session.scalar(
            select(func.count()).select_from(matching.with_only_columns(VerificationCase.id).subquery())
        )
        ordered = matching.order_by(VerificationCase.requested_at, VerificationCase.id)
        rows = self._read(ordered.limit(page.size).offset(page.offset), on=on)
        return Page(rows, total or 0, page.number, page.size)

    def cases_of(self, certificate_id: UUID, *, on: date) -> list[CaseRow]:
        matching = _rows().where(VerificationCase.certificate_id == certificate_id)
        return self._read(matching.order_by(VerificationCase.requested_at.desc(), VerificationCase.id.desc()), on=on)

    def _read(
        self,
        statement: Select[VerificationCase, Certificate, Certification, str, str | None, str | None, str | None],
        *,
        on: date,
    ) -> list[CaseRow]:
        return [
            CaseRow(case, to_certificate_view(held, kind, holder, on=on), document, requester, decider)
            for case, held, kind, holder, document, requester, decider in self.session.execute(statement)
        ]


def _rows() -> Select[VerificationCase, Certificate, Certification, str, str | None, str | None, str | None]:
    return (
        select(
            VerificationCase,
            Certificate,
            Certification,
            Person.display_name,
            Document.file_name,
            _REQUESTER.display_name,
            _DECIDER.display_name,
        )
        .join(Certificate, Certificate.id == VerificationCase.certificate_id)
        .join(Certification, Certification.id == Certificate.certification_id)
        .join(Person, Person.id == Certificate.person_id)
        .outerjoin(Document, Document.id == VerificationCase.document_id)
        .outerjoin(_REQUESTER, _REQUESTER.id == VerificationCase.requested_by_id)
        .outerjoin(_DECIDER, _DECIDER.id == VerificationCase.decided_by_id)
    )
