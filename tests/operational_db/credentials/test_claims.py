"""What people report themselves: evidence, verification, correction, withdrawal and its undoing; history stays."""

from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from operational_db.credentials import service, verification
from operational_db.documents.service import add_document
from operational_db.documents.store import FileStore
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import erase_person
from operational_db.paging import PageRequest
from operational_db.tables.credentials import Certificate, Certification, VerificationCase
from operational_db.tables.identity import Organization, Person
from operational_db.types import CertificateStatus, Role, VerificationStatus
from tests import builders
from tests.operational_db.documents.sample_files import PDF
from tests.operational_db.principals import body_of, create_manager, create_member, events_about, kinds_about


@pytest.fixture
def company(session: Session) -> Organization:
    return builders.create_organization(session)


@pytest.fixture
def manager(session: Session, company: Organization) -> Principal:
    return create_manager(session, company)[0]


@pytest.fixture
def holder(session: Session, company: Organization) -> Principal:
    return create_member(session, company)


@pytest.fixture
def kind(session: Session) -> Certification:
    return builders.create_certification(session, issuing_organization="National board")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path, 1000)


def claim(session: Session, holder: Principal, kind: Certification, now: datetime, **fields: object) -> Certificate:
    values: dict[str, object] = {"issued_on": date(2026, 3, 1), **fields}
    return service.add_self_reported(
        session,
        holder,
        person_id=holder.person_id,
        certification_id=kind.id,
        now=now,
        **values,  # type: ignore[arg-type]
    )


def evidence(session: Session, holder: Principal, store: FileStore, now: datetime, content: bytes = PDF) -> object:
    return add_document(
        session, holder, store, person_id=holder.person_id, file_name="proof", content=content, now=now
    ).id


class TestVerification:
    @pytest.mark.requirement("CRT-03")
    def test_evidence_puts_a_claim_into_the_queue_and_a_manager_decides(
        self,
        session: Session,
        company: Organization,
        manager: Principal,
        holder: Principal,
        kind: Certification,
        store: FileStore,
        now: datetime,
    ) -> None:
        document_id = evidence(session, holder, store, now)
        held = claim(session, holder, kind, now, document_id=document_id)
        assert held.verification_status is VerificationStatus.PENDING
        page = verification.queue(session, manager, company.id, on=now.date(), page=PageRequest())
        (case,) = page.items
        assert (case.document_id, case.document_name, case.is_own) == (document_id, "proof.pdf", False)
        assert case.certificate.status is CertificateStatus.PENDING_VERIFICATION
        verification.decide_case(session, manager, case_id=case.case_id, is_approved=True, now=now)
        assert (held.verified_by_id, held.verified_at) == (manager.person_id, now)
        assert kinds_about(session, holder.person_id) == [
            "certificate.issued",
            "certificate.verification_opened",
            "certificate.verified",
        ]
        (decided,) = verification.cases_of(session, holder, certificate_id=held.id, on=now.date())
        assert (decided.is_approved, decided.decided_by) == (True, manager.display_name)
        assert verification.queue(session, manager, company.id, on=now.date(), page=PageRequest()).total == 0

    def test_asking_twice_is_one_request_and_after_a_refusal_there_is_another(
        self,
        session: Session,
        manager: Principal,
        holder: Principal,
        kind: Certification,
        store: FileStore,
        now: datetime,
    ) -> None:
        held = claim(session, holder, kind, now)
        first = verification.open_case(session, holder, certificate_id=held.id, document_id=None, now=now)
        again = verification.open_case(session, holder, certificate_id=held.id, document_id=None, now=now)
        assert again.id == first.id
        other = evidence(session, holder, store, now)
        with pytest.raises(ConflictError, match="another document"):
            verification.open_case(session, holder, certificate_id=held.id, document_id=other, now=now)  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError, match="why"):
            verification.decide_case(session, manager, case_id=first.id, is_approved=False, reason=" ", now=now)
        for _ in range(2):
            verification.decide_case(session, manager, case_id=first.id, is_approved=False, reason="Blurred", now=now)
        with pytest.raises(ConflictError, match="before you"):
            verification.decide_case(session, manager, case_id=first.id, is_approved=True, now=now)
        second = verification.open_case(session, holder, certificate_id=held.id, document_id=other, now=now)  # type: ignore[arg-type]
        assert second.id != first.id
        verification.decide_case(session, manager, case_id=second.id, is_approved=True, now=now)
        assert held.verification_status is VerificationStatus.VERIFIED
        with pytest.raises(ConflictError, match="verified already"):
            verification.open_case(session, holder, certificate_id=held.id, document_id=other, now=now)  # type: ignore[arg-type]

    def test_nobody_verifies_her_own_and_only_who_may_sees_the_queue(
        self, session: Session, company: Organization, manager: Principal, kind: Certification, now: datetime
    ) -> None:
        held = claim(session, manager, kind, now)
        case = verification.open_case(session, manager, certificate_id=held.id, document_id=None, now=now)
        with pytest.raises(NotAuthorizedError, match="her own"):
            verification.decide_case(session, manager, case_id=case.id, is_approved=True, now=now)
        supervisor = create_member(session, company, Role.SUPERVISOR)
        foreign, _ = create_manager(session)
        for refused in (supervisor, foreign):
            with pytest.raises(NotAuthorizedError):
                verification.queue(session, refused, company.id, on=now.date(), page=PageRequest())
            with pytest.raises(NotFoundError):
                verification.decide_case(session, refused, case_id=case.id, is_approved=True, now=now)
        colleague, _ = create_manager(session, company)
        verification.decide_case(session, colleague, case_id=case.id, is_approved=True, now=now)

    def test_what_the_platform_issued_needs_no_check(self, session: Session, holder: Principal, now: datetime) -> None:
        issued = builders.create_certificate(session, session.get_one(Person, holder.person_id))
        with pytest.raises(ConflictError, match="earned on the platform"):
            verification.open_case(session, holder, certificate_id=issued.id, document_id=None, now=now)

    def test_reasons_are_erased_with_the_person(
        self, session: Session, manager: Principal, holder: Principal, kind: Certification, now: datetime
    ) -> None:
        held = claim(session, holder, kind, now)
        case = verification.open_case(session, holder, certificate_id=held.id, document_id=None, now=now)
        verification.decide_case(session, manager, case_id=case.id, is_approved=False, reason="Ann's blur", now=now)
        erase_person(session, SYSTEM_PRINCIPAL, person_id=holder.person_id, now=now)
        session.expire_all()
        assert session.get_one(VerificationCase, case.id).reason is None


class TestCorrection:
    def test_a_correction_keeps_the_line_and_asks_for_verification_anew(
        self,
        session: Session,
        manager: Principal,
        holder: Principal,
        kind: Certification,
        store: FileStore,
        now: datetime,
    ) -> None:
        former = claim(session, holder, kind, now, issued_on=date(2024, 3, 1))
        old = claim(session, holder, kind, now, document_id=evidence(session, holder, store, now))
        assert old.renews_id == former.id
        new = service.correct_certificate(
            session, holder, certificate_id=old.id, issued_on=date(2026, 3, 2), certificate_number="7", now=now
        )
        assert (new.corrects_id, new.renews_id, new.first_earned_on) == (old.id, former.id, date(2024, 3, 1))
        assert (new.expires_on, new.document_id) == (date(2027, 3, 2), old.document_id)
        assert new.verification_status is VerificationStatus.PENDING
        assert (old.withdrawn_at, old.issued_on) == (now, date(2026, 3, 1))
        line = service.renewal_line(
            session, manager, person_id=holder.person_id, certification_id=kind.id, on=now.date()
        )
        assert [view.certificate_id for view in line] == [former.id, new.id]
        kinds = kinds_about(session, holder.person_id)
        assert kinds[-3:] == ["certificate.withdrawn", "certificate.renewed", "certificate.verification_opened"]

    def test_a_verified_claim_is_unverified_once_its_facts_change_and_not_for_hiding_it(
        self, session: Session, manager: Principal, holder: Principal, kind: Certification, now: datetime
    ) -> None:
        held = claim(session, holder, kind, now)
        verification.verify_certificate(session, manager, certificate_id=held.id, is_verified=True, now=now)
        hidden = service.correct_certificate(session, holder, certificate_id=held.id, is_public=False, now=now)
        assert (hidden.id, hidden.is_public) == (held.id, False)
        same = service.correct_certificate(session, holder, certificate_id=held.id, issued_on=held.issued_on, now=now)
        assert same.id == held.id
        changed = service.correct_certificate(
            session, holder, certificate_id=held.id, expires_on=date(2028, 3, 1), now=now
        )
        assert (changed.verification_status, changed.is_public) == (VerificationStatus.UNVERIFIED, False)

    def test_one_that_a_later_one_continues_is_corrected_after_that(
        self, session: Session, holder: Principal, kind: Certification, now: datetime
    ) -> None:
        former = claim(session, holder, kind, now, issued_on=date(2024, 3, 1))
        claim(session, holder, kind, now)
        with pytest.raises(ConflictError, match="continues this one"):
            service.correct_certificate(session, holder, certificate_id=former.id, certificate_number="1", now=now)

    def test_what_was_issued_or_follows_a_register_is_not_the_holders_to_change(
        self, session: Session, manager: Principal, holder: Principal, kind: Certification, now: datetime
    ) -> None:
        issued = builders.create_certificate(session, session.get_one(Person, holder.person_id))
        for act in (service.correct_certificate, service.withdraw_certificate):
            with pytest.raises(ConflictError, match="issued"):
                act(session, holder, certificate_id=issued.id, now=now)
        held = claim(session, holder, kind, now)
        for act in (service.correct_certificate, service.withdraw_certificate, service.restore_certificate):
            with pytest.raises(NotFoundError):
                act(session, manager, certificate_id=held.id, now=now)

    @pytest.mark.parametrize("bad", [{"issued_on": date(2099, 1, 1)}, {"expires_on": date(2020, 1, 1)}])
    def test_bad_dates_are_refused(
        self, session: Session, holder: Principal, kind: Certification, now: datetime, bad: dict[str, date]
    ) -> None:
        held = claim(session, holder, kind, now)
        with pytest.raises(InvalidInputError):
            service.correct_certificate(session, holder, certificate_id=held.id, now=now, **bad)  # type: ignore[arg-type]


class TestWithdrawal:
    def test_it_is_undone_with_what_was_verified(
        self, session: Session, manager: Principal, holder: Principal, kind: Certification, now: datetime
    ) -> None:
        held = claim(session, holder, kind, now, certificate_number="A-1")
        verification.verify_certificate(session, manager, certificate_id=held.id, is_verified=True, now=now)
        service.withdraw_certificate(session, holder, certificate_id=held.id, now=now)
        assert (
            service.certificate_of(session, holder, certificate_id=held.id, on=now.date()).status
            is CertificateStatus.REVOKED
        )
        restored = service.restore_certificate(session, holder, certificate_id=held.id, now=now)
        assert (restored.corrects_id, restored.certificate_number) == (held.id, "A-1")
        assert (restored.verification_status, restored.verified_by_id) == (
            VerificationStatus.VERIFIED,
            manager.person_id,
        )
        assert held.withdrawn_at == now
        last = events_about(session, holder.person_id)[-1]
        assert body_of(last)["certificate_id"] == str(restored.id)
        with pytest.raises(ConflictError, match="before"):
            service.restore_certificate(session, holder, certificate_id=held.id, now=now)
        with pytest.raises(ConflictError, match="not withdrawn"):
            service.restore_certificate(session, holder, certificate_id=restored.id, now=now)

    def test_an_open_request_ends_with_it(
        self,
        session: Session,
        company: Organization,
        manager: Principal,
        holder: Principal,
        kind: Certification,
        now: datetime,
    ) -> None:
        held = claim(session, holder, kind, now)
        case = verification.open_case(session, holder, certificate_id=held.id, document_id=None, now=now)
        service.withdraw_certificate(session, holder, certificate_id=held.id, now=now)
        assert verification.queue(session, manager, company.id, on=now.date(), page=PageRequest()).total == 0
        with pytest.raises(ConflictError):
            verification.decide_case(session, manager, case_id=case.id, is_approved=True, now=now)

    def test_a_withdrawn_or_pending_claim_takes_nobodys_place_in_the_line(
        self, session: Session, holder: Principal, kind: Certification, now: datetime
    ) -> None:
        person = session.get_one(Person, holder.person_id)
        first = builders.create_certificate(session, person, kind, issued_on=date(2024, 1, 1))
        for withdrawn in (True, False):
            pending = claim(session, holder, kind, now, issued_on=date(2026, 1, 1))
            assert pending.renews_id == first.id
            if withdrawn:
                service.withdraw_certificate(session, holder, certificate_id=pending.id, now=now)
        issued = service.issue_certificate(
            session,
            SYSTEM_PRINCIPAL,
            person_id=holder.person_id,
            certification_id=kind.id,
            issued_on=date(2026, 2, 1),
            now=now,
        )
        assert (issued.renews_id, issued.first_earned_on) == (first.id, date(2024, 1, 1))
        with pytest.raises(ConflictError, match="has renewed the former"):
            verification.verify_certificate(
                session, SYSTEM_PRINCIPAL, certificate_id=pending.id, is_verified=True, now=now
            )
