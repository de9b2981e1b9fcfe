"""Status lists: bits as the standard writes them, both forms, and never stale."""

import base64
import gzip
import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from operational_db.badges.keys import BadgeSigner, rotate_badge_key
from operational_db.badges.lists import published_list, rebuild_lists
from operational_db.badges.proofs import is_signed_by, split_proof
from operational_db.badges.service import issue_badges
from operational_db.badges.status_list import SHORTEST, decode_bits, encode_bits, is_set, make_bits
from operational_db.badges.tokens import is_token_signed_by, read_token
from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.identity.erasure import erase_personal_data
from operational_db.settings import Settings
from operational_db.tables.badges import Badge
from operational_db.tables.credentials import Certificate
from operational_db.types import VerificationStatus
from tests.builders import create_certificate
from tests.operational_db.badges.conftest import ADDRESS


class TestBits:
    def test_the_first_index_is_the_most_significant_bit(self) -> None:
        """Bitstring Status List 1.0: "index ... 0 ... left-most bit"."""
        bits = make_bits([0, 9, SHORTEST - 1])
        assert (bits[0], bits[1], bits[-1]) == (0b1000_0000, 0b0100_0000, 0b0000_0001)
        assert len(bits) == 16 * 1024

    @given(st.sets(st.integers(0, SHORTEST - 1), max_size=40))
    def test_bits_come_back(self, indexes: set[int]) -> None:
        bits = decode_bits(encode_bits(make_bits(indexes)))
        assert {index for index in range(SHORTEST) if is_set(bits, index)} == indexes

    def test_the_text_is_gzip_in_base64url_behind_u(self) -> None:
        text = encode_bits(make_bits([5]))
        assert text.startswith("uH4sI")
        assert "=" not in text
        assert gzip.decompress(base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4))) == make_bits([5])
        assert text == encode_bits(make_bits([5]))

    def test_indexes_beyond_the_list_are_refused(self) -> None:
        bits = make_bits([])
        for index in (-1, SHORTEST):
            with pytest.raises(InvalidInputError):
                is_set(bits, index)
            with pytest.raises(InvalidInputError):
                make_bits([index])

    @pytest.mark.parametrize(
        "text",
        [None, "", "H4sI", "u", "u!!!", encode_bits(make_bits([]))[:-8],
         "u" + base64.urlsafe_b64encode(gzip.compress(b"\0" * 100, mtime=0)).decode(),
         "u" + base64.urlsafe_b64encode(gzip.compress(b"\0" * 40_000_000, mtime=0)).decode()],
    )  # fmt: skip
    def test_broken_short_and_exploding_lists_are_refused(self, text: object) -> None:
        with pytest.raises(InvalidInputError):
            decode_bits(text)


class TestPublished:
    def bit(self, session: Session, signer: BadgeSigner, badge: Badge, now: datetime) -> bool:
        """As a verifier reads it, from both forms, which must agree."""
        found = published_list(session, signer, list_number=1, now=now)
        credential = json.loads(found.credential)
        assert is_signed_by(*split_proof(credential), signer.key.public_key())
        assert is_token_signed_by(found.credential_jwt, signer.key.public_key())
        payload = read_token(found.credential_jwt)[1]
        bits = {
            is_set(decode_bits(form["credentialSubject"]["encodedList"]), badge.status_index)
            for form in (credential, payload)
        }
        assert len(bits) == 1
        return bits.pop()

    @pytest.mark.requirement("BDG-04")
    def test_revocation_is_seen_at_once_and_from_its_first_day(
        self, session: Session, signer: BadgeSigner, badge: Badge, certificate: Certificate, now: datetime
    ) -> None:
        assert not self.bit(session, signer, badge, now)
        certificate.revoked_at, certificate.revoked_from = now, now.date() + timedelta(days=1)
        session.flush()
        assert not self.bit(session, signer, badge, now)
        assert self.bit(session, signer, badge, now + timedelta(days=1))

    def test_withdrawal_and_failed_verification_are_seen_and_taken_back(
        self, session: Session, signer: BadgeSigner, badge: Badge, certificate: Certificate, now: datetime
    ) -> None:
        certificate.verification_status = VerificationStatus.FAILED
        session.flush()
        assert self.bit(session, signer, badge, now)
        certificate.verification_status = VerificationStatus.VERIFIED
        session.flush()
        assert not self.bit(session, signer, badge, now)
        certificate.withdrawn_at = now
        session.flush()
        assert self.bit(session, signer, badge, now)

    def test_an_erased_holders_badge_is_revoked(
        self, session: Session, signer: BadgeSigner, badge: Badge, certificate: Certificate, now: datetime
    ) -> None:
        erase_personal_data(session, certificate.person_id, now=now)
        session.expire_all()
        assert self.bit(session, signer, badge, now)

    def test_expiry_is_no_revocation(self, session: Session, signer: BadgeSigner, badge: Badge, now: datetime) -> None:
        assert not self.bit(session, signer, badge, now + timedelta(days=900))

    def test_what_says_the_same_is_not_signed_again(
        self, session: Session, signer: BadgeSigner, badge: Badge, now: datetime
    ) -> None:
        first = published_list(session, signer, list_number=1, now=now)
        issue_badges(session, signer, certificate_ids=[create_certificate(session).id], now=now)
        assert published_list(session, signer, list_number=1, now=now + timedelta(days=3)) == first

    def test_a_new_key_signs_it_anew(
        self, session: Session, settings: Settings, signer: BadgeSigner, badge: Badge, now: datetime
    ) -> None:
        published_list(session, signer, list_number=1, now=now)
        _, after = rotate_badge_key(settings, now=now)
        credential = json.loads(published_list(session, after, list_number=1, now=now).credential)
        assert credential["proof"][0]["verificationMethod"] == after.key_id
        assert is_signed_by(*split_proof(credential), after.key.public_key())

    def test_it_is_a_credential_that_names_itself(
        self, session: Session, signer: BadgeSigner, badge: Badge, now: datetime
    ) -> None:
        (found,) = rebuild_lists(session, signer, now=now)
        credential = json.loads(found.credential)
        assert credential["id"] == f"{ADDRESS}/api/v1/badges/status/1"
        assert credential["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
        assert credential["credentialSubject"]["statusPurpose"] == "revocation"
        assert read_token(found.credential_jwt)[1]["id"] == f"{ADDRESS}/api/v1/badges/status/1.jwt"

    def test_an_unknown_list_is_not_found(self, session: Session, signer: BadgeSigner, now: datetime) -> None:
        with pytest.raises(NotFoundError):
            published_list(session, signer, list_number=7, now=now)
