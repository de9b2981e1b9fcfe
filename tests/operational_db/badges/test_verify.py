"""Verification of what is presented: ours and foreign, whole and forged, in every form it may come in."""

import json
import warnings
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy.orm import Session

from operational_db.badges.baking import bake_png, bake_svg
from operational_db.badges.credential import open_badge
from operational_db.badges.fetch import Fetch, FetchRefusedError, fetch_nothing
from operational_db.badges.images import Picture, draw_png, draw_svg
from operational_db.badges.keys import BadgeIssuer, BadgeKey, BadgeSigner, load_badge_issuer, rotate_badge_key
from operational_db.badges.multikey import to_did_key, to_multikey
from operational_db.badges.proofs import hash_to_sign, instant_in_badge, sign_document
from operational_db.badges.repository import BadgesRepository, to_facts
from operational_db.badges.status_list import list_credential, make_bits
from operational_db.badges.tokens import sign_token
from operational_db.badges.verify import verify_link, verify_presented
from operational_db.badges.views import VerificationReport
from operational_db.errors import InvalidInputError
from operational_db.identity.erasure import erase_personal_data
from operational_db.settings import Settings
from operational_db.tables.badges import Badge
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Person
from operational_db.types import VerificationOutcome, VerificationStatus
from tests.builders import create_certificate
from tests.operational_db.badges.conftest import ADDRESS
from tests.operational_db.badges.test_service import ledger_of

Verify = Callable[..., VerificationReport]
PICTURE = Picture("Elevator Safety Level 1", "Example Safety Board")


@pytest.fixture
def verify(session: Session, signer: BadgeSigner, now: datetime) -> Verify:
    def verify(presented: bytes | str, *, on: date | None = None, fetch: Fetch = fetch_nothing) -> VerificationReport:
        return verify_presented(
            session, issuer=signer.issuer, presented=presented, on=on or now.date(), now=now, fetch=fetch
        )

    return verify


def failed(report: VerificationReport) -> list[str]:
    return [check.name for check in report.checks if not check.is_passed and check.name != "ledger"]


class TestOurs:
    @pytest.mark.requirement("CRT-04", "BDG-01", "US-TC027")
    def test_every_form_of_a_badge_is_valid(self, verify: Verify, badge: Badge) -> None:
        forms: dict[str, bytes | str] = {
            "open-badge-3": badge.credential,
            "vc-jwt": badge.credential_jwt,
            "open-badge-3-png": bake_png(draw_png(PICTURE), badge.credential),
            "open-badge-3-svg": bake_svg(draw_svg(PICTURE), badge.credential_jwt),
            "link": f"{ADDRESS}/verify/{badge.public_id}?on=2026-01-01",
            "number": "ESB-1001",
        }
        for document_format, presented in forms.items():
            report = verify(presented)
            assert (report.outcome, report.document_format) == (VerificationOutcome.VALID, document_format)
            assert failed(report) == []
            assert report.certificate is not None
            assert report.certificate.certification_name == "Elevator Safety Level 1"
            assert report.certificate.holder_name is None

    def test_a_bare_public_id_counts_as_a_link(self, verify: Verify, badge: Badge) -> None:
        assert verify(badge.public_id).outcome is VerificationOutcome.VALID

    @pytest.mark.requirement("BDG-04")
    @pytest.mark.parametrize(
        ("on", "outcome"),
        [
            (date(2026, 1, 4), VerificationOutcome.PENDING),
            (date(2026, 1, 5), VerificationOutcome.VALID),
            (date(2027, 1, 5), VerificationOutcome.VALID),
            (date(2027, 1, 6), VerificationOutcome.EXPIRED),
        ],
    )
    def test_the_day_asked_about_decides(
        self, verify: Verify, badge: Badge, on: date, outcome: VerificationOutcome
    ) -> None:
        for presented in (badge.credential, badge.credential_jwt, f"{ADDRESS}/verify/{badge.public_id}"):
            report = verify(presented, on=on)
            assert (report.outcome, report.outcome_now) == (outcome, VerificationOutcome.VALID)

    @pytest.mark.requirement("BDG-04")
    def test_revocation_shows_from_its_first_day(
        self, session: Session, verify: Verify, badge: Badge, certificate: Certificate, now: datetime
    ) -> None:
        certificate.revoked_at, certificate.revoked_from = now, now.date()
        session.flush()
        for presented in (badge.credential, badge.credential_jwt, badge.public_id):
            assert verify(presented).outcome is VerificationOutcome.REVOKED
            assert verify(presented, on=now.date() - timedelta(days=1)).outcome is VerificationOutcome.VALID

    @pytest.mark.parametrize(
        ("fields", "outcome"),
        [
            ({"withdrawn_at": datetime(2026, 10, 1, tzinfo=UTC)}, VerificationOutcome.REVOKED),
            ({"verification_status": VerificationStatus.FAILED}, VerificationOutcome.PENDING),
        ],
    )
    def test_a_certificate_that_no_longer_stands_is_not_valid(
        self,
        session: Session,
        verify: Verify,
        badge: Badge,
        certificate: Certificate,
        fields: dict[str, object],
        outcome: VerificationOutcome,
    ) -> None:
        for name, value in fields.items():
            setattr(certificate, name, value)
        session.flush()
        assert verify(badge.credential).outcome is outcome
        assert verify(badge.public_id).outcome is outcome

    def test_a_badge_signed_with_a_former_key_stays_valid(
        self, session: Session, settings: Settings, badge: Badge, now: datetime
    ) -> None:
        rotate_badge_key(settings, now=now)
        issuer = load_badge_issuer(settings)
        for presented in (badge.credential, badge.credential_jwt, badge.public_id):
            report = verify_presented(
                session, issuer=issuer, presented=presented, on=now.date(), now=now, fetch=fetch_nothing
            )
            assert report.outcome is VerificationOutcome.VALID

    def test_a_badge_issued_as_did_key_needs_no_network(
        self, session: Session, settings: Settings, certificate: Certificate, now: datetime
    ) -> None:
        from operational_db.badges.keys import load_or_create_badge_signer
        from operational_db.badges.service import issue_badge

        signer = load_or_create_badge_signer(settings.model_copy(update={"badge_issuer": "did:key"}))
        badge = issue_badge(session, signer, certificate_id=certificate.id, now=now)
        assert json.loads(badge.credential)["issuer"]["id"].startswith("did:key:z6Mk")
        report = verify_presented(
            session, issuer=signer.issuer, presented=badge.credential, on=now.date(), now=now, fetch=fetch_nothing
        )
        assert report.outcome is VerificationOutcome.VALID

    def test_each_question_is_recorded(self, session: Session, verify: Verify, badge: Badge) -> None:
        """KPI-03: verification requests."""
        verify(badge.credential)
        verify("no such number")
        bodies = [json.loads(event.body) for event in ledger_of(session, "verification.requested")]
        assert [(body["outcome"], body["document_format"]) for body in bodies] == [
            ("valid", "open-badge-3"),
            ("unknown", "number"),
        ]
        assert bodies[0]["certificate_id"] == str(badge.certificate_id)
        assert "certificate_id" not in bodies[1] or bodies[1]["certificate_id"] is None


class TestPrivacy:
    def test_the_name_shows_when_the_holder_shows_it(self, session: Session, verify: Verify, badge: Badge) -> None:
        badge.shows_name = True
        session.flush()
        shown = verify(badge.public_id).certificate
        assert shown is not None and shown.holder_name == "Ada Holder"

    def test_what_is_not_public_answers_like_nothing(
        self, session: Session, verify: Verify, badge: Badge, certificate: Certificate
    ) -> None:
        nothing = verify(f"{ADDRESS}/verify/{'x' * 22}")
        certificate.is_public = False
        session.flush()
        hidden = verify(f"{ADDRESS}/verify/{badge.public_id}")
        assert hidden == nothing
        assert verify("ESB-1001") == verify("ESB-1002")

    def test_who_holds_the_credential_of_a_hidden_badge_may_check_it(
        self, session: Session, verify: Verify, badge: Badge, certificate: Certificate
    ) -> None:
        certificate.is_public = False
        session.flush()
        assert verify(badge.credential).outcome is VerificationOutcome.VALID

    def test_an_erased_holder_leaves_a_revoked_credential_and_no_page(
        self, session: Session, verify: Verify, badge: Badge, holder: Person, now: datetime
    ) -> None:
        credential, public_id = badge.credential, badge.public_id
        erase_personal_data(session, holder.id, now=now)
        session.expire_all()
        assert (badge.salt, badge.credential, badge.credential_jwt) == ("", "", "")
        assert verify(credential).outcome is VerificationOutcome.REVOKED
        assert verify(public_id).outcome is VerificationOutcome.UNKNOWN

    def test_a_number_two_issuers_gave_is_not_guessed_at(self, session: Session, verify: Verify, badge: Badge) -> None:
        create_certificate(session, certificate_number="ESB-1001")
        report = verify("ESB-1001")
        assert (report.outcome, report.certificate) == (VerificationOutcome.UNKNOWN, None)

    def test_a_number_of_an_unverified_certificate_shows_nothing_else(
        self, session: Session, verify: Verify, holder: Person, certification: Certification
    ) -> None:
        create_certificate(
            session,
            holder,
            certification,
            certificate_number="SELF-1",
            verification_status=VerificationStatus.UNVERIFIED,
        )
        report = verify("SELF-1")
        assert (report.outcome, report.certificate) == (VerificationOutcome.PENDING, None)


class TestForged:
    @pytest.mark.parametrize(
        "path",
        [
            ("id",),
            ("name",),
            ("description",),
            ("validFrom",),
            ("validUntil",),
            ("issuer", "name"),
            ("issuer", "url"),
            ("credentialSubject", "id"),
            ("credentialSubject", "achievement", "name"),
            ("credentialSubject", "achievement", "id"),
            ("credentialSubject", "achievement", "criteria", "narrative"),
            ("credentialSubject", "achievement", "humanCode"),
            ("credentialStatus", "statusListIndex"),
            ("credentialStatus", "statusListCredential"),
        ],
    )
    def test_any_changed_field_is_found(self, verify: Verify, badge: Badge, path: tuple[str, ...]) -> None:
        credential = json.loads(badge.credential)
        place = credential
        for name in path[:-1]:
            place = place[name]
        value = place[path[-1]]
        place[path[-1]] = value.replace("202", "203") if path[0].startswith("valid") else value + "1"
        report = verify(json.dumps(credential))
        assert report.outcome is VerificationOutcome.INVALID
        assert "signature" in failed(report)
        assert report.certificate is None

    def test_a_changed_recipient_is_found(self, verify: Verify, badge: Badge) -> None:
        credential = json.loads(badge.credential)
        credential["credentialSubject"]["identifier"][0]["identityHash"] = "sha256$" + "0" * 64
        assert verify(json.dumps(credential)).outcome is VerificationOutcome.INVALID

    def test_an_added_term_that_nobody_signed_is_found(self, verify: Verify, badge: Badge) -> None:
        credential = {**json.loads(badge.credential), "level": "master"}
        report = verify(json.dumps(credential))
        assert report.outcome is VerificationOutcome.INVALID
        assert any("level" in check.text for check in report.checks)

    def test_another_key_under_our_name_is_found(
        self,
        session: Session,
        verify: Verify,
        signer: BadgeSigner,
        certificate: Certificate,
        badge: Badge,
        now: datetime,
    ) -> None:
        """Wrong issuer: our identity, somebody else's key."""
        key = Ed25519PrivateKey.generate()
        record = BadgesRepository(session).by_certificate(certificate.id)
        assert record is not None
        facts = to_facts(record.badge, record.certificate, record.certification, record.person, record.list_number)
        unsigned = open_badge(facts, signer.issuer, is_token=False)
        for method in (
            signer.key_id,
            f"{signer.did}#{to_multikey(key.public_key())}",
            f"{to_did_key(key.public_key())}",
        ):
            forged = sign_document(unsigned, key, verification_method=method, created=now)
            assert verify(json.dumps(forged)).outcome is VerificationOutcome.INVALID

    def test_our_signature_on_what_we_do_not_know_is_not_enough(
        self, verify: Verify, signer: BadgeSigner, badge: Badge, now: datetime
    ) -> None:
        unsigned = {name: value for name, value in json.loads(badge.credential).items() if name != "proof"}
        unsigned["id"] = f"{ADDRESS}/api/v1/badges/{'x' * 22}/credential"
        signed = sign_document(unsigned, signer.key, verification_method=signer.key_id, created=now)
        report = verify(json.dumps(signed))
        assert (report.outcome, failed(report)) == (VerificationOutcome.INVALID, ["issuer"])

    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
    def test_what_is_cut_off_is_found(self, verify: Verify, badge: Badge, share: float) -> None:
        png = bake_png(draw_png(PICTURE), badge.credential)
        for whole in (badge.credential.encode(), badge.credential_jwt.encode(), png):
            assert verify(whole[: int(len(whole) * share)]).outcome in {
                VerificationOutcome.INVALID,
                VerificationOutcome.UNKNOWN,
            }

    def test_a_token_whose_claims_contradict_it_is_found(
        self, verify: Verify, badge: Badge, signer: BadgeSigner
    ) -> None:
        credential = json.loads(badge.credential)
        payload = {**credential, "iss": "did:web:somebody.example", "sub": credential["credentialSubject"]["id"]}
        payload.pop("proof")
        header = {"alg": "Ed25519", "kid": signer.key_id}
        token = jws.serialize_compact(
            header, json.dumps(payload), OKPKey.import_key(signer.key), algorithms=["Ed25519"]
        )
        assert verify(token).outcome is VerificationOutcome.INVALID

    def test_a_token_without_signature_is_found(self, verify: Verify, badge: Badge) -> None:
        import base64

        header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        token = ".".join([header, *badge.credential_jwt.split(".")[1:]])
        assert verify(token).outcome is VerificationOutcome.INVALID

    def test_a_name_twice_in_json_is_refused(self, verify: Verify, badge: Badge) -> None:
        text = badge.credential.replace('{"@context"', '{"name":"Another","@context"', 1)
        report = verify(text)
        assert (report.outcome, failed(report)) == (VerificationOutcome.INVALID, ["format"])

    @pytest.mark.parametrize(
        "presented", [b"\xff\xfe\x00", "{", "[]", "x" * 500, "<svg", b"\x89PNG\r\n\x1a\n", "a\x00b"]
    )
    def test_nonsense_is_answered_in_words(self, verify: Verify, presented: bytes | str) -> None:
        report = verify(presented)
        assert report.outcome in {VerificationOutcome.INVALID, VerificationOutcome.UNKNOWN}
        assert report.checks[0].text

    def test_nothing_and_too_much_are_refused(self, verify: Verify) -> None:
        for presented in (b"", b"x" * (4 * 1024 * 1024 + 1)):
            with pytest.raises(InvalidInputError):
                verify(presented)


class Elsewhere:
    """A foreign issuer with its own key and status list, and the network it is found in."""

    def __init__(self, now: datetime, *, did: str | None = None) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.multikey = to_multikey(self.key.public_key())
        self.did = did or to_did_key(self.key.public_key())
        self.address = "https://badges.elsewhere.example"
        self.list_address = f"{self.address}/status/1"
        self.now = now
        self.documents: dict[str, bytes] = {}
        self.asked: list[str] = []
        issuer = BadgeIssuer(self.address, self.did, (BadgeKey(self.multikey, now),))
        self.signer = BadgeSigner(issuer, self.key)
        self.publish([])

    def publish(self, indexes: list[int], *, key: Ed25519PrivateKey | None = None, is_token: bool = False) -> None:
        unsigned = list_credential(make_bits(indexes), address=self.list_address, issuer=self.did, built_at=self.now)
        if is_token:
            self.documents[self.list_address] = sign_token(unsigned, self.signer).encode()
            return
        signed = sign_document(
            unsigned, key or self.key, verification_method=f"{self.did}#{self.multikey}", created=self.now
        )
        self.documents[self.list_address] = json.dumps(signed).encode()

    def badge(self, template: str, **changes: Any) -> dict[str, Any]:
        document = {name: value for name, value in json.loads(template).items() if name != "proof"}
        document["id"] = f"{self.address}/badges/1"
        document["issuer"] = {"id": self.did, "type": ["Profile"], "name": "Elsewhere School"}
        document["credentialStatus"] = {
            "id": f"{self.list_address}#7",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": "7",
            "statusListCredential": self.list_address,
        }
        document.update(changes)
        return sign_document(document, self.key, verification_method=f"{self.did}#{self.multikey}", created=self.now)

    def fetch(self, address: str) -> bytes:
        self.asked.append(address)
        if address not in self.documents:
            raise FetchRefusedError("It could not be reached.")
        return self.documents[address]


class TestForeign:
    @pytest.fixture
    def elsewhere(self, now: datetime) -> Elsewhere:
        return Elsewhere(now)

    @pytest.mark.requirement("CRT-04")
    @pytest.mark.parametrize("is_token", [False, True])
    def test_a_did_key_badge_is_valid_with_either_form_of_list(
        self, verify: Verify, badge: Badge, elsewhere: Elsewhere, is_token: bool
    ) -> None:
        elsewhere.publish([], is_token=is_token)
        report = verify(json.dumps(elsewhere.badge(badge.credential)), fetch=elsewhere.fetch)
        assert report.outcome is VerificationOutcome.VALID
        assert elsewhere.asked == [elsewhere.list_address]
        assert report.certificate is not None and report.certificate.public_id is None

    def test_a_did_web_badge_is_valid_by_its_document(self, verify: Verify, badge: Badge, now: datetime) -> None:
        elsewhere = Elsewhere(now, did="did:web:badges.elsewhere.example:school")
        document = BadgeIssuer("https://badges.elsewhere.example/school", elsewhere.did, elsewhere.signer.issuer.keys)
        place = "https://badges.elsewhere.example/school/did.json"
        elsewhere.documents[place] = json.dumps(document.did_document()).encode()
        report = verify(json.dumps(elsewhere.badge(badge.credential)), fetch=elsewhere.fetch)
        assert report.outcome is VerificationOutcome.VALID
        assert elsewhere.asked[0] == place
        token = sign_token(elsewhere.badge(badge.credential), elsewhere.signer)
        assert verify(token, fetch=elsewhere.fetch).outcome is VerificationOutcome.VALID

    def test_a_did_web_document_without_the_key_is_not_enough(
        self, verify: Verify, badge: Badge, now: datetime
    ) -> None:
        elsewhere = Elsewhere(now, did="did:web:badges.elsewhere.example")
        place = "https://badges.elsewhere.example/.well-known/did.json"
        whole = BadgeIssuer("https://badges.elsewhere.example", elsewhere.did, elsewhere.signer.issuer.keys)
        faults: list[dict[str, object]] = [
            {"assertionMethod": []},
            {"verificationMethod": []},
            {"id": "did:web:another.example"},
        ]
        for changes in faults:
            elsewhere.documents[place] = json.dumps({**whole.did_document(), **changes}).encode()
            report = verify(json.dumps(elsewhere.badge(badge.credential)), fetch=elsewhere.fetch)
            assert (report.outcome, failed(report)) == (VerificationOutcome.INVALID, ["signature"])

    def test_revoked_and_expired_are_told_apart(self, verify: Verify, badge: Badge, elsewhere: Elsewhere) -> None:
        elsewhere.publish([7])
        revoked = verify(json.dumps(elsewhere.badge(badge.credential)), fetch=elsewhere.fetch)
        assert (revoked.outcome, failed(revoked)) == (VerificationOutcome.REVOKED, ["status"])
        elsewhere.publish([6, 8])
        past = elsewhere.badge(badge.credential, validUntil="2026-02-01T00:00:00Z")
        expired = verify(json.dumps(past), fetch=elsewhere.fetch)
        assert (expired.outcome, failed(expired)) == (VerificationOutcome.EXPIRED, ["expiry"])

    def test_a_replaced_status_list_is_found(self, verify: Verify, badge: Badge, elsewhere: Elsewhere) -> None:
        presented = json.dumps(elsewhere.badge(badge.credential))
        elsewhere.publish([], key=Ed25519PrivateKey.generate())
        assert failed(verify(presented, fetch=elsewhere.fetch)) == ["status"]
        other = Elsewhere(elsewhere.now)
        elsewhere.documents[elsewhere.list_address] = other.documents[other.list_address]
        report = verify(presented, fetch=elsewhere.fetch)
        assert (report.outcome, failed(report)) == (VerificationOutcome.INVALID, ["status"])

    def test_a_list_that_has_run_out_is_not_believed(self, verify: Verify, badge: Badge, elsewhere: Elsewhere) -> None:
        unsigned = list_credential(
            make_bits([]), address=elsewhere.list_address, issuer=elsewhere.did, built_at=elsewhere.now
        )
        unsigned["validUntil"] = "2026-01-01T00:00:00Z"
        method = f"{elsewhere.did}#{elsewhere.multikey}"
        signed = sign_document(unsigned, elsewhere.key, verification_method=method, created=elsewhere.now)
        elsewhere.documents[elsewhere.list_address] = json.dumps(signed).encode()
        report = verify(json.dumps(elsewhere.badge(badge.credential)), fetch=elsewhere.fetch)
        assert (report.outcome, failed(report)) == (VerificationOutcome.INVALID, ["status"])

    def test_a_list_that_only_informs_revokes_nothing(self, verify: Verify, badge: Badge, elsewhere: Elsewhere) -> None:
        document = elsewhere.badge(badge.credential)
        status = {**document["credentialStatus"], "statusPurpose": "refresh"}
        elsewhere.publish([7])
        report = verify(json.dumps(elsewhere.badge(badge.credential, credentialStatus=status)), fetch=elsewhere.fetch)
        assert (report.outcome, failed(report)) == (VerificationOutcome.VALID, [])

    def test_a_proof_that_counted_for_a_time_only_counts_no_more(
        self, verify: Verify, badge: Badge, elsewhere: Elsewhere, now: datetime
    ) -> None:
        unsigned = {name: value for name, value in elsewhere.badge(badge.credential).items() if name != "proof"}
        for days, expected in ((-1, ["signature"]), (1, [])):
            options = {
                "type": "DataIntegrityProof",
                "created": "2026-01-01T00:00:00Z",
                "expires": instant_in_badge(now + timedelta(days=days)),
                "verificationMethod": f"{elsewhere.did}#{elsewhere.multikey}",
                "cryptosuite": "eddsa-rdfc-2022",
                "proofPurpose": "assertionMethod",
            }
            value = "z" + base58.b58encode(elsewhere.key.sign(hash_to_sign(unsigned, options))).decode()
            presented = json.dumps({**unsigned, "proof": {**options, "proofValue": value}})
            assert failed(verify(presented, fetch=elsewhere.fetch)) == expected

    def test_single_values_in_the_place_of_arrays_are_in_order(
        self, verify: Verify, badge: Badge, elsewhere: Elsewhere
    ) -> None:
        """As the published schema has them: what JSON-LD compacts to one value stays a badge."""
        subject = json.loads(badge.credential)["credentialSubject"]
        subject["type"] = "AchievementSubject"
        subject["achievement"]["alignment"] = subject["achievement"]["alignment"][0]
        report = verify(json.dumps(elsewhere.badge(badge.credential, credentialSubject=subject)), fetch=elsewhere.fetch)
        assert failed(report) == []

    @pytest.mark.parametrize("until", ["tomorrow", "2027-01-01", "2027-01-01T00:00:00"])
    def test_a_last_day_that_is_no_instant_is_no_badge(
        self, verify: Verify, badge: Badge, elsewhere: Elsewhere, until: str
    ) -> None:
        report = verify(json.dumps(elsewhere.badge(badge.credential, validUntil=until)), fetch=elsewhere.fetch)
        assert (report.outcome, failed(report)) == (VerificationOutcome.INVALID, ["schema"])

    def test_a_list_that_cannot_be_had_is_said_so(self, verify: Verify, badge: Badge, elsewhere: Elsewhere) -> None:
        elsewhere.documents.clear()
        report = verify(json.dumps(elsewhere.badge(badge.credential)), fetch=elsewhere.fetch)
        assert (report.outcome, failed(report)) == (VerificationOutcome.INVALID, ["status"])

    def test_a_link_to_a_foreign_badge_is_followed_once(
        self, verify: Verify, badge: Badge, elsewhere: Elsewhere
    ) -> None:
        link = "https://badges.elsewhere.example/badges/1"
        elsewhere.documents[link] = json.dumps(elsewhere.badge(badge.credential)).encode()
        assert verify(link, fetch=elsewhere.fetch).outcome is VerificationOutcome.VALID
        elsewhere.documents[link] = b"https://badges.elsewhere.example/badges/2"
        assert verify(link, fetch=elsewhere.fetch).outcome is VerificationOutcome.INVALID
        assert "https://badges.elsewhere.example/badges/2" not in elsewhere.asked

    def test_what_follows_no_schema_is_not_a_badge(self, verify: Verify, badge: Badge, elsewhere: Elsewhere) -> None:
        document = elsewhere.badge(badge.credential)
        del document["credentialSubject"]["achievement"]["criteria"]
        report = verify(json.dumps(document), fetch=elsewhere.fetch)
        assert "schema" in failed(report)


def _jwk(key: Any) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


class TestForeignTokens:
    """Tokens as other issuers sign them: RSA and P-256 too, the key named or brought along (Open Badges 3.0, 8.2.4)."""

    ISSUER = "did:web:school.example"
    PLACE = "https://school.example/.well-known/did.json"
    KEYS: ClassVar[dict[str, Any]] = {
        "RS256": RSAKey.generate_key(2048),
        "ES256": ECKey.generate_key("P-256"),
        "EdDSA": OKPKey.generate_key("Ed25519"),
        "Ed25519": OKPKey.generate_key("Ed25519"),
    }

    def _token(self, template: str, algorithm: str, header: dict[str, Any], **claims: Any) -> str:
        payload = {name: value for name, value in json.loads(template).items() if name not in {"proof", "validUntil"}}
        del payload["credentialStatus"]
        payload |= {"id": "https://school.example/1", "issuer": {"id": self.ISSUER, "type": ["Profile"]}, **claims}
        registry = jws.JWSRegistry(algorithms=["RS256", "ES256", "Ed25519", "EdDSA"])
        registry.max_header_length = 4_096
        with warnings.catch_warnings():
            # The library would have the former name of the algorithm go; issuers in use still write it.
            warnings.simplefilter("ignore")
            return jws.serialize_compact(
                {"alg": algorithm, "typ": "JWT", **header}, json.dumps(payload), self.KEYS[algorithm], registry=registry
            )

    def _fetch(self, *, asserting: Iterable[str] = tuple(KEYS), **changes: Any) -> Fetch:
        methods = [
            {"id": f"{self.ISSUER}#{name}", "type": "JsonWebKey", "controller": self.ISSUER, "publicKeyJwk": _jwk(key)}
            for name, key in self.KEYS.items()
        ]
        document = {
            "id": self.ISSUER,
            "verificationMethod": [{"id": f"{self.ISSUER}#odd", "type": "Odd"}, *methods],
            "assertionMethod": [f"{self.ISSUER}#odd", *(f"{self.ISSUER}#{name}" for name in asserting)],
            **changes,
        }

        def fetch(address: str) -> bytes:
            if address != self.PLACE:
                raise FetchRefusedError("It could not be reached.")
            return json.dumps(document).encode()

        return fetch

    @pytest.mark.requirement("CRT-04")
    @pytest.mark.parametrize("algorithm", list(KEYS))
    @pytest.mark.parametrize("is_named", [True, False])
    def test_the_issuers_key_is_taken_by_name_or_as_brought_along(
        self, verify: Verify, badge: Badge, algorithm: str, is_named: bool
    ) -> None:
        named: dict[str, Any] = {"kid": f"{self.ISSUER}#{algorithm}"}
        header = named if is_named else {"jwk": _jwk(self.KEYS[algorithm])}
        report = verify(self._token(badge.credential, algorithm, header), fetch=self._fetch())
        assert (report.outcome, failed(report)) == (VerificationOutcome.VALID, [])

    def test_a_name_in_several_languages_is_shown_in_english(self, verify: Verify, badge: Badge) -> None:
        subject = json.loads(badge.credential)["credentialSubject"]
        subject["achievement"]["name"] = {"de": "Aufzugsicherheit", "en": "Elevator safety"}
        header = {"kid": f"{self.ISSUER}#ES256"}
        token = self._token(badge.credential, "ES256", header, credentialSubject=subject)
        report = verify(token, fetch=self._fetch())
        assert report.certificate is not None and report.certificate.certification_name == "Elevator safety"

    def test_a_key_brought_along_that_the_issuer_does_not_name_proves_nothing(
        self, verify: Verify, badge: Badge
    ) -> None:
        token = self._token(badge.credential, "RS256", {"jwk": _jwk(self.KEYS["RS256"])})
        report = verify(token, fetch=self._fetch(asserting=["ES256"]))
        assert (report.outcome, failed(report)) == (VerificationOutcome.INVALID, ["signature"])

    def test_a_token_under_our_name_with_a_key_of_its_own_is_forged(
        self, verify: Verify, badge: Badge, signer: BadgeSigner
    ) -> None:
        issuer = {"id": signer.did, "type": ["Profile"]}
        token = self._token(badge.credential, "EdDSA", {"jwk": _jwk(self.KEYS["EdDSA"])}, issuer=issuer)
        report = verify(token, fetch=self._fetch())
        assert (report.outcome, failed(report)) == (VerificationOutcome.INVALID, ["signature"])

    def test_an_algorithm_of_another_kind_than_the_key_is_refused(self, verify: Verify, badge: Badge) -> None:
        token = self._token(badge.credential, "RS256", {"kid": f"{self.ISSUER}#ES256"})
        report = verify(token, fetch=self._fetch())
        assert (report.outcome, failed(report)) == (VerificationOutcome.INVALID, ["signature"])

    def test_a_short_rsa_key_is_none(self, verify: Verify, badge: Badge) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            short = RSAKey.generate_key(1024)
        token = self._token(badge.credential, "RS256", {"jwk": _jwk(short)})
        assert failed(verify(token, fetch=self._fetch())) == ["signature"]

    def test_the_last_day_may_stand_in_the_claims_alone(self, verify: Verify, badge: Badge, now: datetime) -> None:
        header = {"kid": f"{self.ISSUER}#ES256"}
        past = int((now - timedelta(days=2)).timestamp())
        report = verify(self._token(badge.credential, "ES256", header, exp=past), fetch=self._fetch())
        assert (report.outcome, failed(report)) == (VerificationOutcome.EXPIRED, ["expiry"])
        for nonsense in ("soon", [1], 1e300):
            report = verify(self._token(badge.credential, "ES256", header, exp=nonsense), fetch=self._fetch())
            assert report.outcome is VerificationOutcome.INVALID


class TestLink:
    def test_unknown_ids_of_every_kind_are_answered_alike(
        self, session: Session, signer: BadgeSigner, badge: Badge, certificate: Certificate, now: datetime
    ) -> None:
        """Enumeration: hidden, never issued, malformed and overlong cannot be told apart."""
        certificate.is_public = False
        session.flush()
        ids = [badge.public_id, "x" * 22, "", "../etc/passwd", "a" * 10_000, "\x00", "ünïcode", "'; drop table badges"]
        reports = [
            verify_link(session, issuer=signer.issuer, public_id=public_id, on=now.date(), now=now) for public_id in ids
        ]
        assert all(report == reports[0] for report in reports)
        assert len(ledger_of(session, "verification.requested")) == len(ids)
