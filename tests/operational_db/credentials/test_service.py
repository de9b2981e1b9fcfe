"""Issuing, renewing, claiming, verifying, revoking and withdrawing certificates."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from operational_db.credentials import service
from operational_db.credentials.verification import verify_certificate
from operational_db.errors import (
    ConflictError,
    InvalidInputError,
    NotAuthorizedError,
    NotFoundError,
)
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.paging import PageRequest
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Organization, Person
from operational_db.types import (
    CertificateStatus,
    CertificationCategory,
    CertificationSource,
    EarnedThrough,
    EnrollmentStatus,
    Role,
    VerificationStatus,
)
from tests import builders
from tests.operational_db.principals import (
    body_of,
    create_manager,
    create_member,
    events_about,
    kinds_about,
    principal_of,
)


@pytest.fixture
def manager(session: Session) -> tuple[Principal, Organization]:
    return create_manager(session)


@pytest.fixture
def stranger(session: Session) -> Principal:
    """A manager of another company."""
    return create_manager(session)[0]


def own_certification(session: Session, organization: Organization, **fields: object) -> Certification:
    return builders.create_certification(session, issuing_organization_id=organization.id, **fields)


def earned_certificate(session: Session, now: datetime, *, months: int | None = 12) -> tuple[Certificate, UUID]:
    certification = builders.create_certification(session, validity_period_months=months)
    course = builders.create_course(session, certification=certification)
    person = builders.create_person(session)
    enrollment = builders.create_enrollment(session, person, course, status=EnrollmentStatus.COMPLETED, ended_at=now)
    certificate = service.issue_certificate(
        session,
        principal_of(person),
        person_id=person.id,
        certification_id=certification.id,
        issued_on=now.date(),
        enrollment_id=enrollment.id,
        now=now,
    )
    return certificate, enrollment.id


class TestIssue:
    @pytest.mark.requirement("US-TC007")
    def test_a_completed_course_is_the_authority(self, session: Session, now: datetime) -> None:
        certificate, enrollment_id = earned_certificate(session, now)
        assert certificate.expires_on == date(2027, 11, 2)
        assert certificate.first_earned_on == now.date()
        assert certificate.earned_through is EarnedThrough.SITESYNC_COURSE
        assert certificate.verification_status is VerificationStatus.VERIFIED
        (event,) = events_about(session, certificate.person_id)
        assert event.kind == "certificate.issued"
        assert body_of(event) == {
            "certificate_id": str(certificate.id),
            "certification_id": str(certificate.certification_id),
            "issued_on": "2026-11-02",
            "expires_on": "2027-11-02",
            "earned_through": "sitesync_course",
            "is_verified": True,
            "enrollment_id": str(enrollment_id),
        }

    def test_the_same_enrollment_earns_one_certificate(self, session: Session, now: datetime) -> None:
        certificate, enrollment_id = earned_certificate(session, now)
        again = service.issue_certificate(
            session,
            SYSTEM_PRINCIPAL,
            person_id=certificate.person_id,
            certification_id=certificate.certification_id,
            issued_on=now.date(),
            enrollment_id=enrollment_id,
            now=now,
        )
        assert again.id == certificate.id
        assert kinds_about(session, certificate.person_id) == ["certificate.issued"]

    def test_without_validity_it_never_expires(self, session: Session, now: datetime) -> None:
        certificate, _ = earned_certificate(session, now, months=None)
        assert certificate.expires_on is None
        assert "expires_on" not in body_of(events_about(session, certificate.person_id)[0])

    def test_a_kind_already_held_continues_the_line(self, session: Session, now: datetime) -> None:
        person = builders.create_person(session)
        certification = builders.create_certification(session)
        first = builders.create_certificate(
            session, person, certification, issued_on=date(2024, 5, 1), expires_on=date(2025, 5, 1)
        )
        builders.create_certificate(
            session,
            person,
            certification,
            issued_on=date(2026, 1, 1),
            revoked_at=now,
            revoked_from=date(2026, 2, 1),
            revocation_reason="Wrong person.",
        )
        renewal = service.issue_certificate(
            session,
            SYSTEM_PRINCIPAL,
            person_id=person.id,
            certification_id=certification.id,
            issued_on=date(2026, 10, 31),
            now=now,
        )
        assert renewal.renews_id == first.id
        assert renewal.first_earned_on == date(2024, 5, 1)
        assert renewal.expires_on == date(2027, 10, 31)
        (event,) = events_about(session, person.id)
        assert event.kind == "certificate.renewed"
        assert body_of(event)["renews_id"] == str(first.id)

    def test_a_mere_claim_is_not_continued(self, session: Session, now: datetime) -> None:
        person = builders.create_person(session)
        certification = builders.create_certification(session)
        builders.create_certificate(
            session,
            person,
            certification,
            verification_status=VerificationStatus.UNVERIFIED,
            earned_through=EarnedThrough.EXTERNAL,
        )
        issued = service.issue_certificate(
            session,
            SYSTEM_PRINCIPAL,
            person_id=person.id,
            certification_id=certification.id,
            issued_on=now.date(),
            now=now,
        )
        assert issued.renews_id is None
        assert issued.first_earned_on == now.date()

    def test_needs_the_completed_enrollment_of_this_person(self, session: Session, now: datetime) -> None:
        certification = builders.create_certification(session)
        enrollment = builders.create_enrollment(
            session, course=builders.create_course(session, certification=certification)
        )
        other_course = builders.create_enrollment(session)
        stranger = builders.create_person(session)
        for person_id, enrollment_id, error in [
            (enrollment.person_id, enrollment.id, ConflictError),
            (stranger.id, enrollment.id, NotFoundError),
            (other_course.person_id, other_course.id, ConflictError),
        ]:
            with pytest.raises(error):
                service.issue_certificate(
                    session,
                    SYSTEM_PRINCIPAL,
                    person_id=person_id,
                    certification_id=certification.id,
                    issued_on=now.date(),
                    enrollment_id=enrollment_id,
                    now=now,
                )

    def test_an_organization_issues_only_its_own_kinds(
        self, session: Session, manager: tuple[Principal, Organization], stranger: Principal, now: datetime
    ) -> None:
        principal, organization = manager
        person = create_member(session, organization)
        own, foreign = own_certification(session, organization), builders.create_certification(session)

        def issue(by: Principal, certification: Certification) -> Certificate:
            return service.issue_certificate(
                session,
                by,
                person_id=person.person_id,
                certification_id=certification.id,
                issued_on=now.date(),
                organization_id=organization.id,
                now=now,
            )

        assert issue(principal, own).earned_through is EarnedThrough.MANUAL
        for by, certification in [(principal, foreign), (stranger, own), (person, own)]:
            with pytest.raises(NotAuthorizedError):
                issue(by, certification)

    def test_refuses_the_same_day_twice_and_days_to_come(self, session: Session, now: datetime) -> None:
        person, certification = builders.create_person(session), builders.create_certification(session)

        def issue(issued_on: date) -> Certificate:
            return service.issue_certificate(
                session,
                SYSTEM_PRINCIPAL,
                person_id=person.id,
                certification_id=certification.id,
                issued_on=issued_on,
                now=now,
            )

        issue(now.date())
        with pytest.raises(ConflictError, match="already recorded"):
            issue(now.date())
        with pytest.raises(InvalidInputError):
            issue(now.date() + timedelta(days=1))


class TestRenew:
    def test_continues_this_certificate_once(
        self, session: Session, manager: tuple[Principal, Organization], now: datetime
    ) -> None:
        principal, organization = manager
        person = builders.create_membership(session, organization=organization).person_id
        former = builders.create_certificate(
            session,
            session.get_one(Person, person),
            own_certification(session, organization),
        )
        renewal = service.renew_certificate(
            session, principal, certificate_id=former.id, issued_on=now.date(), organization_id=organization.id, now=now
        )
        assert (renewal.renews_id, renewal.first_earned_on) == (former.id, former.first_earned_on)
        assert kinds_about(session, person) == ["certificate.renewed"]
        with pytest.raises(ConflictError, match="already renewed"):
            service.renew_certificate(session, principal, certificate_id=former.id, issued_on=now.date(), now=now)

    @pytest.mark.parametrize(
        "state",
        [
            {"withdrawn_at": builders.LONG_AGO_AT},
            {"revoked_at": builders.LONG_AGO_AT, "revoked_from": builders.LONG_AGO},
            {"verification_status": VerificationStatus.UNVERIFIED},
        ],
    )
    def test_refuses_what_does_not_count(self, session: Session, now: datetime, state: dict[str, object]) -> None:
        former = builders.create_certificate(session, None, None, **state)
        with pytest.raises(ConflictError):
            service.renew_certificate(
                session, SYSTEM_PRINCIPAL, certificate_id=former.id, issued_on=now.date(), now=now
            )

    def test_is_dated_after_the_former(self, session: Session, now: datetime) -> None:
        former = builders.create_certificate(session, issued_on=now.date())
        with pytest.raises(InvalidInputError):
            service.renew_certificate(
                session, SYSTEM_PRINCIPAL, certificate_id=former.id, issued_on=now.date(), now=now
            )

    def test_is_hidden_from_other_companies(self, session: Session, stranger: Principal, now: datetime) -> None:
        former = builders.create_certificate(session)
        with pytest.raises(NotFoundError):
            service.renew_certificate(session, stranger, certificate_id=former.id, issued_on=now.date(), now=now)


class TestClaims:
    def test_a_claim_counts_only_once_verified(
        self, session: Session, manager: tuple[Principal, Organization], now: datetime
    ) -> None:
        principal, organization = manager
        holder = create_member(session, organization)
        certification = builders.create_certification(session, validity_period_months=24)
        claim = service.add_self_reported(
            session,
            holder,
            person_id=holder.person_id,
            certification_id=certification.id,
            issued_on=date(2026, 1, 31),
            certificate_number="A-17",
            now=now,
        )
        assert claim.expires_on == date(2028, 1, 31)
        (view,) = service.certificates_of(session, holder, person_id=holder.person_id, on=now.date())
        assert view.status is CertificateStatus.PENDING_VERIFICATION
        verified = verify_certificate(session, principal, certificate_id=claim.id, is_verified=True, now=now)
        assert verified.verified_at == now
        verify_certificate(session, principal, certificate_id=claim.id, is_verified=True, now=now)
        (view,) = service.certificates_of(session, principal, person_id=holder.person_id, on=now.date())
        assert view.status is CertificateStatus.ACTIVE
        issued, checked = events_about(session, holder.person_id)
        assert body_of(issued)["is_verified"] is False
        assert (checked.kind, checked.organization_id) == ("certificate.verified", organization.id)
        assert body_of(checked)["is_verified"] is True

    def test_nobody_verifies_her_own(self, session: Session, now: datetime) -> None:
        manager, _ = create_manager(session)
        claim = service.add_self_reported(
            session,
            manager,
            person_id=manager.person_id,
            certification_id=builders.create_certification(session).id,
            issued_on=now.date(),
            now=now,
        )
        with pytest.raises(NotAuthorizedError, match="her own"):
            verify_certificate(session, manager, certificate_id=claim.id, is_verified=True, now=now)

    def test_other_companies_neither_see_nor_touch_it(
        self, session: Session, manager: tuple[Principal, Organization], stranger: Principal, now: datetime
    ) -> None:
        holder = create_member(session, manager[1])
        certification = builders.create_certification(session)
        with pytest.raises(NotFoundError):
            service.add_self_reported(
                session,
                stranger,
                person_id=holder.person_id,
                certification_id=certification.id,
                issued_on=now.date(),
                now=now,
            )
        claim = service.add_self_reported(
            session,
            holder,
            person_id=holder.person_id,
            certification_id=certification.id,
            issued_on=now.date(),
            now=now,
        )
        with pytest.raises(NotFoundError):
            verify_certificate(session, stranger, certificate_id=claim.id, is_verified=True, now=now)
        with pytest.raises(NotFoundError):
            service.withdraw_certificate(session, stranger, certificate_id=claim.id, now=now)
        with pytest.raises(NotFoundError):
            service.revoke_certificate(
                session, stranger, certificate_id=claim.id, revoked_from=now.date(), reason="No.", now=now
            )
        assert service.certificates_of(session, stranger, person_id=holder.person_id, on=now.date()) == []

    def test_a_colleague_without_the_permission_is_refused(
        self, session: Session, manager: tuple[Principal, Organization], now: datetime
    ) -> None:
        holder, supervisor = (create_member(session, manager[1], role) for role in (Role.TECHNICIAN, Role.SUPERVISOR))
        claim = service.add_self_reported(
            session,
            holder,
            person_id=holder.person_id,
            certification_id=builders.create_certification(session).id,
            issued_on=now.date(),
            now=now,
        )
        with pytest.raises(NotAuthorizedError):
            verify_certificate(session, supervisor, certificate_id=claim.id, is_verified=True, now=now)

    def test_an_end_before_the_issue_is_refused(self, session: Session, now: datetime) -> None:
        holder = principal_of(builders.create_person(session))
        with pytest.raises(InvalidInputError, match="expire before"):
            service.add_self_reported(
                session,
                holder,
                person_id=holder.person_id,
                certification_id=builders.create_certification(session).id,
                issued_on=now.date(),
                expires_on=now.date() - timedelta(days=1),
                now=now,
            )

    def test_a_failed_check_leaves_room_for_a_new_claim(
        self, session: Session, manager: tuple[Principal, Organization], now: datetime
    ) -> None:
        holder = create_member(session, manager[1])
        certification = builders.create_certification(session)
        claims = []
        for _ in range(2):
            claims.append(
                service.add_self_reported(
                    session,
                    holder,
                    person_id=holder.person_id,
                    certification_id=certification.id,
                    issued_on=date(2026, 2, 1),
                    now=now,
                )
            )
            verify_certificate(session, manager[0], certificate_id=claims[-1].id, is_verified=False, now=now)
        assert all(claim.verification_status is VerificationStatus.FAILED for claim in claims)
        assert claims[1].renews_id is None

    def test_what_the_platform_proves_is_not_up_for_verification(self, session: Session, now: datetime) -> None:
        certificate, _ = earned_certificate(session, now)
        with pytest.raises(ConflictError, match="earned on the platform"):
            verify_certificate(session, SYSTEM_PRINCIPAL, certificate_id=certificate.id, is_verified=False, now=now)


class TestEnd:
    @pytest.mark.requirement("CRT-03")
    def test_a_revocation_reaches_back_to_the_day_given(
        self, session: Session, manager: tuple[Principal, Organization], now: datetime
    ) -> None:
        principal, organization = manager
        holder = create_member(session, organization)
        certificate = service.issue_certificate(
            session,
            principal,
            person_id=holder.person_id,
            certification_id=own_certification(session, organization).id,
            issued_on=date(2026, 5, 1),
            now=now,
        )
        service.revoke_certificate(
            session,
            principal,
            certificate_id=certificate.id,
            revoked_from=date(2026, 8, 1),
            reason=" Exam void ",
            now=now,
        )
        assert certificate.revocation_reason == "Exam void"
        for on, status in [
            (date(2026, 7, 31), CertificateStatus.ACTIVE),
            (date(2026, 8, 1), CertificateStatus.REVOKED),
        ]:
            (view,) = service.certificates_of(session, holder, person_id=holder.person_id, on=on)
            assert view.status is status
        event = events_about(session, holder.person_id)[-1]
        assert (event.kind, event.organization_id) == ("certificate.revoked", organization.id)
        assert "Exam" not in event.body
        with pytest.raises(ConflictError):
            service.revoke_certificate(
                session, principal, certificate_id=certificate.id, revoked_from=now.date(), reason="Again", now=now
            )

    def test_only_the_issuer_revokes(
        self, session: Session, manager: tuple[Principal, Organization], now: datetime
    ) -> None:
        principal, organization = manager
        holder = create_member(session, organization)
        person = session.get_one(Person, holder.person_id)
        certificate = builders.create_certificate(session, person)
        with pytest.raises(NotAuthorizedError, match="issued"):
            service.revoke_certificate(
                session, principal, certificate_id=certificate.id, revoked_from=now.date(), reason="No.", now=now
            )

    def test_a_revocation_needs_a_reason_and_a_day_after_the_issue(self, session: Session, now: datetime) -> None:
        certificate = builders.create_certificate(session, issued_on=date(2026, 5, 1))
        for revoked_from, reason in [(date(2026, 6, 1), "  "), (date(2026, 4, 30), "Void")]:
            with pytest.raises(InvalidInputError):
                service.revoke_certificate(
                    session,
                    SYSTEM_PRINCIPAL,
                    certificate_id=certificate.id,
                    revoked_from=revoked_from,
                    reason=reason,
                    now=now,
                )

    def test_the_holder_withdraws_a_claim_and_the_history_stays(self, session: Session, now: datetime) -> None:
        holder = principal_of(builders.create_person(session))
        claim = service.add_self_reported(
            session,
            holder,
            person_id=holder.person_id,
            certification_id=builders.create_certification(session).id,
            issued_on=now.date(),
            now=now,
        )
        service.withdraw_certificate(session, holder, certificate_id=claim.id, now=now)
        assert kinds_about(session, holder.person_id) == ["certificate.issued", "certificate.withdrawn"]
        (view,) = service.certificates_of(session, holder, person_id=holder.person_id, on=now.date())
        assert view.is_withdrawn
        with pytest.raises(ConflictError):
            service.withdraw_certificate(session, holder, certificate_id=claim.id, now=now)

    def test_an_issued_certificate_is_not_withdrawn_by_its_holder(self, session: Session, now: datetime) -> None:
        certificate, _ = earned_certificate(session, now)
        holder = Principal(person_id=certificate.person_id, display_name="", grants=frozenset())
        with pytest.raises(ConflictError, match="issuer"):
            service.withdraw_certificate(session, holder, certificate_id=certificate.id, now=now)


class TestRegistry:
    def test_an_organization_registers_its_own_and_anybody_finds_it(
        self, session: Session, manager: tuple[Principal, Organization], stranger: Principal, now: datetime
    ) -> None:
        principal, organization = manager

        def register(by: Principal, code: str, **fields: object) -> Certification:
            return service.register_certification(
                session,
                by,
                name="Door operator mechanic",
                code=code,
                source=CertificationSource.EMPLOYER,
                category=CertificationCategory.EQUIPMENT,
                now=now,
                **fields,  # type: ignore[arg-type]  # fields of the case under test
            )

        certification = register(principal, "DOM-1", issuing_organization_id=organization.id, validity_period_months=36)
        assert certification.issuing_organization == organization.name
        found = service.browse_certifications(session, search="dom-1", page=PageRequest())
        assert [each.id for each in found.items] == [certification.id]
        with pytest.raises(ConflictError, match="DOM-1"):
            register(principal, "DOM-1", issuing_organization_id=organization.id)
        with pytest.raises(NotAuthorizedError):
            register(stranger, "DOM-2", issuing_organization_id=organization.id)
        with pytest.raises(NotAuthorizedError):
            register(principal, "DOM-3", issuing_organization="National board")
        with pytest.raises(InvalidInputError):
            register(principal, "DOM-4", issuing_organization_id=organization.id, validity_period_months=0)
        with pytest.raises(InvalidInputError):
            register(SYSTEM_PRINCIPAL, "DOM-5")
        assert (
            register(SYSTEM_PRINCIPAL, "DOM-6", issuing_organization="National board").issuing_organization_id is None
        )


class TestExpiring:
    def test_lists_members_certificates_by_their_last_day(
        self, session: Session, manager: tuple[Principal, Organization], stranger: Principal, now: datetime
    ) -> None:
        principal, organization = manager
        on = now.date()
        people = {}
        for days in (-1, 0, 30, 31):
            membership = builders.create_membership(session, organization=organization)
            certificate = builders.create_certificate(session, expires_on=on + timedelta(days=days))
            certificate.person_id = membership.person_id
            people[days] = certificate
        renewed = builders.create_certificate(session, expires_on=on + timedelta(days=3))
        renewed.person_id = people[0].person_id
        session.flush()
        builders.create_certificate(session, renews_id=renewed.id, issued_on=on)
        builders.create_certificate(session, expires_on=on)
        page = service.expiring_certificates(session, principal, organization.id, on=on, page=PageRequest(size=1))
        assert page.total == 2
        assert [view.certificate_id for view in page.items] == [people[0].id]
        second = service.expiring_certificates(session, principal, organization.id, on=on, page=PageRequest(2, 1))
        assert [view.days_to_expiry for view in second.items] == [30]
        with pytest.raises(NotAuthorizedError):
            service.expiring_certificates(session, stranger, organization.id, on=on, page=PageRequest())
        with pytest.raises(InvalidInputError):
            service.expiring_certificates(
                session, principal, organization.id, on=on, within_days=-1, page=PageRequest()
            )


def test_strangers_see_public_and_verified_certificates_only(session: Session, now: datetime) -> None:
    person = builders.create_person(session)
    shown = builders.create_certificate(session, person)
    builders.create_certificate(session, person, is_public=False)
    builders.create_certificate(session, person, verification_status=VerificationStatus.UNVERIFIED)
    builders.create_certificate(session, person, withdrawn_at=now)
    stranger = principal_of(builders.create_person(session))
    assert [
        view.certificate_id for view in service.certificates_of(session, stranger, person_id=person.id, on=now.date())
    ] == [shown.id]
    own = service.certificates_of(session, principal_of(person), person_id=person.id, on=now.date())
    assert len(own) == 4
