"""Issuing: for verified certificates only, once, with a credential that follows the standard and names nobody."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.badges.credential import hashed_identity
from operational_db.badges.keys import BadgeSigner, rotate_badge_key
from operational_db.badges.proofs import is_signed_by, split_proof
from operational_db.badges.schema import schema_fault
from operational_db.badges.service import issue_badge, issue_badges, sign_anew
from operational_db.badges.tokens import is_token_signed_by, read_token
from operational_db.errors import ConflictError, NotFoundError
from operational_db.ledger.append import append_events
from operational_db.ledger.events import CertificateIssued
from operational_db.settings import Settings
from operational_db.tables.badges import Badge, StatusList
from operational_db.tables.credentials import Certificate
from operational_db.tables.identity import Person
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import EarnedThrough, VerificationStatus, new_id
from tests.builders import create_certificate
from tests.operational_db.badges.conftest import ADDRESS


def ledger_of(session: Session, kind: str) -> list[LedgerEvent]:
    return list(session.scalars(select(LedgerEvent).where(LedgerEvent.kind == kind).order_by(LedgerEvent.id)))


class TestCredential:
    @pytest.mark.requirement("BDG-01", "US-TC004")
    def test_it_follows_the_schema_and_is_signed(self, badge: Badge, signer: BadgeSigner) -> None:
        credential = json.loads(badge.credential)
        assert schema_fault(credential) is None
        document, proof = split_proof(credential)
        assert is_signed_by(document, proof, signer.key.public_key())
        assert proof["verificationMethod"] == signer.key_id == badge.key_id
        assert credential["issuer"]["id"] == "did:web:training.example"

    def test_it_says_what_the_certificate_says(self, badge: Badge) -> None:
        credential = json.loads(badge.credential)
        assert credential["id"] == f"{ADDRESS}/api/v1/badges/{badge.public_id}/credential"
        assert (credential["validFrom"], credential["validUntil"]) == ("2026-01-05T00:00:00Z", "2027-01-05T23:59:59Z")
        achievement = credential["credentialSubject"]["achievement"]
        assert achievement["name"] == "Elevator Safety Level 1"
        assert achievement["creator"]["name"] == "Example Safety Board"
        assert "Sixteen hours of instruction. An examination must be passed." in achievement["criteria"]["narrative"]
        assert achievement["alignment"][0]["targetCode"] == achievement["humanCode"]
        assert credential["credentialStatus"] == {
            "id": f"{ADDRESS}/api/v1/badges/status/1#{badge.status_index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(badge.status_index),
            "statusListCredential": f"{ADDRESS}/api/v1/badges/status/1",
        }

    def test_it_names_the_holder_by_a_salted_hash_only(self, badge: Badge, holder: Person) -> None:
        assert holder.display_name not in badge.credential
        assert str(holder.email) not in badge.credential
        assert str(holder.id) not in badge.credential
        (identity,) = json.loads(badge.credential)["credentialSubject"]["identifier"]
        assert identity["identityHash"] == hashed_identity("ada@example.com", badge.salt)
        assert identity["identityType"] == "emailAddress"

    def test_the_token_carries_the_same_claims_and_its_own_status_list(self, badge: Badge, signer: BadgeSigner) -> None:
        header, payload = read_token(badge.credential_jwt)
        assert (header["alg"], header["typ"], header["kid"]) == ("EdDSA", "JWT", signer.key_id)
        assert is_token_signed_by(badge.credential_jwt, signer.key.public_key())
        assert payload["credentialStatus"]["statusListCredential"] == f"{ADDRESS}/api/v1/badges/status/1.jwt"
        assert payload["iss"] == signer.did
        assert payload["jti"] == payload["id"] == f"{ADDRESS}/api/v1/badges/{badge.public_id}/credential.jwt"
        assert payload["exp"] == int(datetime(2027, 1, 5, 23, 59, 59, tzinfo=UTC).timestamp())
        assert "d" not in header["jwk"]

    def test_a_certificate_without_end_has_none(self, session: Session, signer: BadgeSigner, now: datetime) -> None:
        certificate = create_certificate(session, expires_on=None)
        credential = json.loads(issue_badge(session, signer, certificate_id=certificate.id, now=now).credential)
        assert "validUntil" not in credential
        assert credential["credentialSubject"]["identifier"][0]["identityType"] == "systemId"

    def test_a_last_day_of_29_february_is_kept(self, session: Session, signer: BadgeSigner, now: datetime) -> None:
        certificate = create_certificate(session, issued_on=date(2026, 2, 28), expires_on=date(2028, 2, 29))
        credential = json.loads(issue_badge(session, signer, certificate_id=certificate.id, now=now).credential)
        assert credential["validUntil"] == "2028-02-29T23:59:59Z"

    def test_evidence_is_the_proof_of_the_entry_that_recorded_it(
        self, session: Session, signer: BadgeSigner, certificate: Certificate, now: datetime
    ) -> None:
        event_id = record_issue(session, certificate, now)
        other = create_certificate(session, session.get_one(Person, certificate.person_id))
        record_issue(session, other, now)
        credential = json.loads(issue_badge(session, signer, certificate_id=certificate.id, now=now).credential)
        assert [item["id"] for item in credential["evidence"]] == [f"{ADDRESS}/api/v1/ledger/proof/{event_id}"]


class TestIssue:
    def test_it_is_recorded(self, session: Session, badge: Badge, certificate: Certificate) -> None:
        (event,) = ledger_of(session, "badge.issued")
        assert event.subject_id == certificate.person_id
        assert json.loads(event.body)["badge_id"] == str(badge.id)

    def test_asking_again_gives_the_same_badge(
        self, session: Session, signer: BadgeSigner, badge: Badge, certificate: Certificate, now: datetime
    ) -> None:
        assert issue_badge(session, signer, certificate_id=certificate.id, now=now) is badge
        assert len(ledger_of(session, "badge.issued")) == 1

    def test_many_get_places_of_their_own(self, session: Session, signer: BadgeSigner, now: datetime) -> None:
        certificates = [create_certificate(session) for _ in range(5)]
        ids = [certificate.id for certificate in certificates]
        badges = issue_badges(session, signer, certificate_ids=ids, now=now)
        assert sorted(badge.status_index for badge in badges) == list(range(5))
        assert len({badge.public_id for badge in badges}) == len({badge.salt for badge in badges}) == 5

    def test_a_full_list_is_followed_by_another(self, session: Session, signer: BadgeSigner, now: datetime) -> None:
        session.add(StatusList(list_number=1, next_index=131_071, capacity=131_072))
        session.flush()
        ids = [create_certificate(session).id for _ in range(3)]
        badges = issue_badges(session, signer, certificate_ids=ids, now=now)
        lists = {item.id: item.list_number for item in session.scalars(select(StatusList))}
        assert [(lists[item.status_list_id], item.status_index) for item in badges] == [(1, 131_071), (2, 0), (2, 1)]

    @pytest.mark.parametrize(
        "fields",
        [
            {"verification_status": VerificationStatus.UNVERIFIED},
            {"verification_status": VerificationStatus.PENDING},
            {"verification_status": VerificationStatus.FAILED},
            {"withdrawn_at": datetime(2026, 5, 1, tzinfo=UTC)},
            {"revoked_at": datetime(2026, 5, 1, tzinfo=UTC), "revoked_from": date(2026, 5, 1)},
        ],
    )
    def test_only_a_verified_standing_certificate_gets_one(
        self, session: Session, signer: BadgeSigner, now: datetime, fields: dict[str, object]
    ) -> None:
        certificate = create_certificate(session, None, None, **fields)
        with pytest.raises(ConflictError):
            issue_badge(session, signer, certificate_id=certificate.id, now=now)

    def test_an_unknown_certificate_is_not_found(self, session: Session, signer: BadgeSigner, now: datetime) -> None:
        with pytest.raises(NotFoundError):
            issue_badge(session, signer, certificate_id=new_id(), now=now)

    def test_signing_anew_keeps_link_place_and_salt(
        self, session: Session, settings: Settings, badge: Badge, certificate: Certificate, now: datetime
    ) -> None:
        before = (badge.public_id, badge.status_index, badge.salt)
        former_key = badge.key_id
        _, after = rotate_badge_key(settings, now=now)
        again = sign_anew(session, after, certificate_id=certificate.id, now=now)
        assert (again.public_id, again.status_index, again.salt) == before
        assert again.key_id == after.key_id != former_key
        assert is_signed_by(*split_proof(json.loads(again.credential)), after.key.public_key())


def record_issue(session: Session, certificate: Certificate, now: datetime) -> UUID:
    event = CertificateIssued(
        subject_id=certificate.person_id,
        organization_id=None,
        occurred_at=now,
        certificate_id=certificate.id,
        certification_id=certificate.certification_id,
        issued_on=certificate.issued_on,
        expires_on=certificate.expires_on,
        earned_through=EarnedThrough.SITESYNC_COURSE,
        is_verified=True,
    )
    return append_events(session, [event], now=now)[0]
