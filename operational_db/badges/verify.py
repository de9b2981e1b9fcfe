"""Does this certificate count? For whoever has a number, a link, a credential, a token or a baked image, ours or not.

Each answer says what was checked and what was found, and each question is recorded (KPI-03: verification requests).
Source: training-platform seed 3.2.2.1 (`POST /certifications/verify`) and 3.2.2.3.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.orm import Session

from operational_db.badges.baking import is_png, is_svg, unbake_png, unbake_svg
from operational_db.badges.credential import credential_address
from operational_db.badges.fetch import Fetch, FetchRefusedError
from operational_db.badges.foreign import SignedCredential, find_key, is_link, parse_object, parse_signed, read_status
from operational_db.badges.json_ld import JsonObject, UnsignableDocumentError
from operational_db.badges.keys import BadgeIssuer
from operational_db.badges.public import PublicBadge, outcome_of, public_badge, to_public
from operational_db.badges.repository import BadgeRecord, BadgesRepository
from operational_db.badges.schema import schema_fault
from operational_db.badges.status_list import ENTRY_TYPE
from operational_db.badges.tokens import is_token
from operational_db.badges.views import Check, PublicCertificate, VerificationReport
from operational_db.errors import InvalidInputError
from operational_db.ledger.append import append_events
from operational_db.ledger.events import VerificationRequested
from operational_db.types import VerificationChannel, VerificationOutcome, new_id

LONGEST_PRESENTED = 4 * 1024 * 1024
LONGEST_NUMBER = 100
# Purposes of status lists that stop no credential (Bitstring Status List 1.0, 2.2).
INFORMING_PURPOSES = frozenset({"refresh", "message"})
NOT_FOUND_TEXT = "Nothing that may be shown answers to this."
_BAD = (InvalidInputError, UnsignableDocumentError, FetchRefusedError)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A report on its way, with the record of ours it is about."""

    report: VerificationReport
    certificate_id: UUID | None = None
    certification_id: UUID | None = None
    person_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Question:
    """What every check needs."""

    session: Session
    issuer: BadgeIssuer
    on: date
    now: datetime
    fetch: Fetch


def verify_presented(
    session: Session,
    *,
    issuer: BadgeIssuer,
    presented: bytes | str,
    on: date,
    now: datetime,
    fetch: Fetch,
    channel: VerificationChannel = VerificationChannel.API,
) -> VerificationReport:
    """Find out what was handed in, check it as of the day, record that it was asked for.

    Parameters
    ----------
    presented
        A certificate number, a link, an Open Badges 3.0 credential in JSON or as a token, or an image that carries one.
    on
        The day the answer is about; `now` is when it is asked.
    fetch
        How documents of foreign issuers are had (`fetch.fetch_public`, or `fetch_nothing`).

    Raises
    ------
    InvalidInputError
        When nothing was handed in, or too much.
    """
    if not presented:
        raise InvalidInputError("Hand in a certificate number, a link, a credential or the image of a badge.")
    if len(presented) > LONGEST_PRESENTED:
        raise InvalidInputError("What was handed in is larger than any badge.")
    question = _Question(session, issuer, on, now, fetch)
    answer = _verify_any(question, presented, may_follow=True)
    _record(session, answer, channel, now=now)
    return answer.report


def verify_link(
    session: Session,
    *,
    issuer: BadgeIssuer,
    public_id: str,
    on: date,
    now: datetime,
    channel: VerificationChannel = VerificationChannel.PAGE,
) -> VerificationReport:
    """The answer of the public page. Unknown, hidden and erased ones are answered, and recorded, all alike."""
    answer = _verify_public_id(session, issuer, public_id, on=on, now=now, document_format="link")
    _record(session, answer, channel, now=now)
    return answer.report


def _verify_any(question: _Question, presented: bytes | str, *, may_follow: bool) -> _Answer:
    content = presented.encode(errors="replace") if isinstance(presented, str) else presented
    try:
        if is_png(content):
            return _verify_text(question, unbake_png(content), "open-badge-3-png", may_follow=False)
        text = content.decode().strip()
        if is_svg(content):
            return _verify_text(question, unbake_svg(text.encode()), "open-badge-3-svg", may_follow=False)
    except InvalidInputError as error:
        return _unreadable(question, "image", error.message)
    except UnicodeDecodeError:
        return _unreadable(question, "unknown", "This is neither text nor a PNG.")
    return _verify_text(question, text, None, may_follow=may_follow)


def _verify_text(question: _Question, text: str, document_format: str | None, *, may_follow: bool) -> _Answer:
    if is_token(text):
        return _verify_credential(question, text, document_format or "vc-jwt")
    if text.startswith("{"):
        return _verify_json(question, text, document_format or "open-badge-3")
    if is_link(text):
        return _verify_address(question, text, may_follow=may_follow)
    if not text or len(text) > LONGEST_NUMBER or "\x00" in text:
        return _unreadable(
            question, document_format or "unknown", "This is no number, link, credential or badge image."
        )
    found = public_badge(question.session, public_id=text, on=question.on)
    if found is not None:
        return _of_badge(question.session, question.issuer, found, on=question.on, now=question.now, kind="link")
    return _verify_number(question, text)


def _verify_address(question: _Question, address: str, *, may_follow: bool) -> _Answer:
    public_id = _own_public_id(question.issuer, address)
    if public_id is not None:
        return _verify_public_id(
            question.session, question.issuer, public_id, on=question.on, now=question.now, document_format="link"
        )
    if not may_follow:
        return _unreadable(question, "link", "The link leads to another link.")
    try:
        content = question.fetch(address)
    except FetchRefusedError as error:
        return _unreadable(question, "link", error.message)
    return _verify_any(question, content, may_follow=False)


def _own_public_id(issuer: BadgeIssuer, address: str) -> str | None:
    """The public id in one of our own addresses."""
    address = address.split("#")[0].split("?")[0].rstrip("/")
    for start in (f"{issuer.address}/verify/", f"{issuer.api}/"):
        if address.startswith(start):
            return address.removeprefix(start).split("/")[0]
    return None


def _verify_public_id(
    session: Session, issuer: BadgeIssuer, public_id: str, *, on: date, now: datetime, document_format: str
) -> _Answer:
    found = public_badge(session, public_id=public_id, on=on)
    if found is None:
        return _unknown(on, document_format)
    return _of_badge(session, issuer, found, on=on, now=now, kind=document_format)


def _of_badge(
    session: Session, issuer: BadgeIssuer, found: PublicBadge, *, on: date, now: datetime, kind: str
) -> _Answer:
    record = found.record
    signature = _stored_signature(record.badge.credential, issuer)
    checks = (
        signature,
        Check("issuer", True, f"Issued by this service for {found.certificate.issuing_organization}."),
        *_standing_checks(found.outcome, found.certificate, on),
        _ledger_check(found.certificate),
    )
    outcome = found.outcome if signature.is_passed else VerificationOutcome.INVALID
    outcome_now = outcome_of(record.certificate, on=now.date()) if signature.is_passed else outcome
    report = VerificationReport(outcome, on, kind, checks, found.certificate, outcome_now)
    return _Answer(report, record.certificate.id, record.certification.id, record.person.id)


def _stored_signature(credential: str, issuer: BadgeIssuer) -> Check:
    """A credential that cannot change needs its signature computed once; the keys are part of the question."""
    if _is_own_signature(credential, issuer):
        return Check("signature", True, "The badge's signature was computed again and is right.")
    return Check("signature", False, "The signature of the stored badge is wrong. Tell the operator of this service.")


@lru_cache(maxsize=1_024)
def _is_own_signature(credential: str, issuer: BadgeIssuer) -> bool:
    try:
        signed = parse_signed(credential)
        method = signed.verification_method() or ""
        key = issuer.own_key(method)
        if key is None:
            # Signed under a former address of this installation: one of its keys all the same.
            key = _own_by_fragment(issuer, method)
        return key is not None and signed.is_signed_by(key)
    except (InvalidInputError, UnsignableDocumentError):
        return False


def _own_by_fragment(issuer: BadgeIssuer, method: str) -> Ed25519PublicKey | None:
    fragment = method.partition("#")[2]
    return next((key.public_key for key in issuer.keys if key.multikey == fragment), None)


def _verify_number(question: _Question, number: str) -> _Answer:
    repository = BadgesRepository(question.session)
    found = repository.certificates_numbered(number)
    if not found:
        return _unknown(question.on, "number")
    kinds = {certificate.certification_id for certificate, _, _ in found}
    holders = {certificate.person_id for certificate, _, _ in found}
    if len(kinds) > 1 or len(holders) > 1:
        check = Check("number", False, "Several issuers gave this number. Ask the holder for the link of the badge.")
        unknown = VerificationOutcome.UNKNOWN
        return _Answer(VerificationReport(unknown, question.on, "number", (check,), None, unknown))
    # The latest record of the same certificate that says something about the day.
    standing = [row for row in found if row[0].withdrawn_at is None] or found
    certificate, certification, person = standing[0]
    record = repository.by_certificate(certificate.id)
    event_id = record.badge.event_id if record is not None else repository.events_of([certificate]).get(certificate.id)
    outcome = outcome_of(certificate, on=question.on)
    is_known = outcome is not VerificationOutcome.PENDING
    shown = to_public(
        certificate,
        certification,
        on=question.on,
        holder_name=person.display_name if record is not None and record.badge.shows_name else None,
        public_id=record.badge.public_id if record is not None and record.badge.salt else None,
        event_id=event_id,
        leaf_index=None if event_id is None else repository.leaf_of(event_id),
    )
    checks = (
        Check("number", True, f"The number is in the registry, for {certification.name}."),
        *_standing_checks(outcome, shown, question.on),
        _ledger_check(shown),
    )
    outcome_now = outcome_of(certificate, on=question.now.date())
    report = VerificationReport(outcome, question.on, "number", checks, shown if is_known else None, outcome_now)
    return _Answer(report, certificate.id, certification.id, person.id)


def _verify_json(question: _Question, text: str, document_format: str) -> _Answer:
    try:
        document = parse_object(text)
    except InvalidInputError as error:
        return _unreadable(question, document_format, error.message)
    if document.get("type") == "Assertion":
        # Hosted badges are verified where they are hosted, not by what somebody hands in.
        address = document.get("id")
        if isinstance(address, str) and is_link(address):
            answer = _verify_address(question, address, may_follow=False)
            return replace(answer, report=replace(answer.report, document_format="open-badge-2"))
        return _unreadable(question, "open-badge-2", "The assertion does not say where it is hosted.")
    return _verify_credential(question, text, document_format)


def _verify_credential(question: _Question, text: str, document_format: str) -> _Answer:
    """An Open Badges 3.0 credential: form, schema, signature, issuer, status, dates; all that can be said is said."""
    try:
        signed = parse_signed(text)
    except InvalidInputError as error:
        return _unreadable(question, document_format, error.message)
    checks = [_schema_check(signed), _signature_check(signed, question)]
    shown = _shown_of(signed.credential)
    if not all(check.is_passed for check in checks):
        invalid = VerificationOutcome.INVALID
        return _Answer(VerificationReport(invalid, question.on, document_format, tuple(checks), None, invalid))
    if question.issuer.is_own(signed.issuer_id):
        return _verify_own(question, signed, shown, checks, document_format)
    issuer_text = f"Signed by {signed.issuer_id[:200]}. Whether you trust this issuer is for you to say."
    checks.append(Check("issuer", True, issuer_text))
    status, status_outcome = _foreign_status(signed, question)
    checks.append(status)
    dates, dates_outcome = _date_check(signed.credential, question.on)
    checks.append(dates)
    outcome = _worst(status_outcome, dates_outcome)
    outcome_now = _worst(status_outcome, _date_check(signed.credential, question.now.date())[1])
    return _Answer(VerificationReport(outcome, question.on, document_format, tuple(checks), shown, outcome_now))


def _verify_own(
    question: _Question, signed: SignedCredential, shown: PublicCertificate, checks: list[Check], document_format: str
) -> _Answer:
    """Ours: the registry knows more than a status list. Who holds the credential may know what it says already."""
    record = _own_record(question, signed.credential)
    if record is None:
        checks.append(Check("issuer", False, "Signed with our key, but not in our records."))
        invalid = VerificationOutcome.INVALID
        return _Answer(VerificationReport(invalid, question.on, document_format, tuple(checks), None, invalid))
    checks.append(Check("issuer", True, "Issued by this service, and in its records."))
    certificate = record.certificate
    is_erased = not record.badge.salt
    outcome = VerificationOutcome.REVOKED if is_erased else outcome_of(certificate, on=question.on)
    event_id = record.badge.event_id
    leaf_index = None if event_id is None else BadgesRepository(question.session).leaf_of(event_id)
    revoked_from = certificate.revoked_from if outcome is VerificationOutcome.REVOKED else None
    shown = replace(shown, revoked_from=revoked_from, event_id=event_id, leaf_index=leaf_index)
    checks += [*_standing_checks(outcome, shown, question.on), _ledger_check(shown)]
    now_outcome = VerificationOutcome.REVOKED if is_erased else outcome_of(certificate, on=question.now.date())
    report = VerificationReport(outcome, question.on, document_format, tuple(checks), shown, now_outcome)
    return _Answer(report, certificate.id, certificate.certification_id, certificate.person_id)


def _own_record(question: _Question, credential: JsonObject) -> BadgeRecord | None:
    address = str(credential.get("id", "")).removesuffix(".jwt")
    public_id = _own_public_id(question.issuer, address)
    if public_id is None or address != credential_address(question.issuer, public_id):
        return None
    return BadgesRepository(question.session).by_public_id(public_id)


def _schema_check(signed: SignedCredential) -> Check:
    fault = schema_fault(signed.credential)
    if fault is not None:
        return Check("schema", False, f"This is no Open Badges 3.0 credential. {fault}")
    return Check("schema", True, "It has the form of an Open Badges 3.0 credential.")


def _signature_check(signed: SignedCredential, question: _Question) -> Check:
    try:
        key = find_key(signed, question.issuer, question.fetch)
        if signed.is_signed_by(key):
            if signed.has_run_out(question.now):
                return Check("signature", False, "The signature has run out: its issuer let it count for a time only.")
            return Check("signature", True, "The signature is the issuer's, and nothing was changed since.")
    except _BAD as error:
        return Check("signature", False, error.message)
    return Check("signature", False, "The signature is wrong: the credential was forged or changed.")


def _foreign_status(signed: SignedCredential, question: _Question) -> tuple[Check, VerificationOutcome]:
    entry = signed.credential.get("credentialStatus")
    if entry is None:
        return Check("status", True, "The issuer publishes no revocations for it."), VerificationOutcome.VALID
    try:
        if not isinstance(entry, dict):
            raise InvalidInputError("The credential's status cannot be read.")
        if entry.get("type") == ENTRY_TYPE and str(entry.get("statusPurpose")) in INFORMING_PURPOSES:
            text = "The issuer publishes something else about it, and no revocations."
            return Check("status", True, text), VerificationOutcome.VALID
        if read_status(entry, signed.issuer_id, question.issuer, question.fetch, now=question.now):
            return Check("status", False, "The issuer has revoked or suspended it."), VerificationOutcome.REVOKED
    except _BAD as error:
        return Check("status", False, f"Whether it was revoked could not be found out. {error.message}"), (
            VerificationOutcome.INVALID
        )
    return Check("status", True, "It is not revoked."), VerificationOutcome.VALID


def _date_check(credential: JsonObject, on: date) -> tuple[Check, VerificationOutcome]:
    starts, ends = _day(credential.get("validFrom")), _day(credential.get("validUntil"))
    if starts is not None and on < starts:
        return Check("expiry", False, f"It is valid from {starts:%d %b %Y} on."), VerificationOutcome.PENDING
    if ends is not None and on > ends:
        return Check("expiry", False, f"It expired on {ends:%d %b %Y}."), VerificationOutcome.EXPIRED
    if ends is None:
        return Check("expiry", True, "It does not expire."), VerificationOutcome.VALID
    return Check("expiry", True, f"It is valid until {ends:%d %b %Y}."), VerificationOutcome.VALID


def _worst(status: VerificationOutcome, dates: VerificationOutcome) -> VerificationOutcome:
    return dates if status is VerificationOutcome.VALID else status


def _standing_checks(outcome: VerificationOutcome, shown: PublicCertificate, on: date) -> tuple[Check, Check]:
    """Revocation and expiry of a certificate of ours on the day."""
    if outcome is VerificationOutcome.REVOKED:
        since = f" with effect from {shown.revoked_from:%d %b %Y}" if shown.revoked_from is not None else ""
        status = Check("status", False, f"It was revoked or withdrawn{since}.")
    elif outcome is VerificationOutcome.PENDING:
        status = Check("status", False, "Its evidence is not accepted, or its first day lies ahead.")
    else:
        status = Check("status", True, "It is not revoked.")
    expires_on = shown.expires_on
    if expires_on is None:
        return status, Check("expiry", True, "It does not expire.")
    if expires_on < on:
        return status, Check("expiry", False, f"It expired on {expires_on:%d %b %Y}.")
    return status, Check("expiry", True, f"Its last day is {expires_on:%d %b %Y}.")


def _ledger_check(shown: PublicCertificate) -> Check:
    if shown.event_id is None:
        return Check("ledger", False, "No entry of the ledger is linked to it.")
    if shown.leaf_index is None:
        return Check("ledger", True, "It is recorded; the entry waits for its place in the ledger.")
    return Check("ledger", True, f"It is recorded as entry {shown.leaf_index:,} of the ledger.")


def _shown_of(credential: JsonObject) -> PublicCertificate:
    """What a credential itself says; whoever hands it in knows that much."""
    subject = credential.get("credentialSubject")
    achieved = subject.get("achievement") if isinstance(subject, dict) else None
    achieved = achieved if isinstance(achieved, dict) else {}
    creator = achieved.get("creator")
    issuer = credential.get("issuer")
    named = next((item["name"] for item in (creator, issuer) if isinstance(item, dict) and item.get("name")), "")
    return PublicCertificate(
        certification_name=_text(achieved.get("name"))[:300],
        certification_code=_text(achieved["humanCode"])[:100] if "humanCode" in achieved else None,
        issuing_organization=_text(named)[:300],
        issued_on=_day(credential.get("validFrom")),
        expires_on=_day(credential.get("validUntil")),
        revoked_from=None,
        holder_name=None,
        public_id=None,
        event_id=None,
        leaf_index=None,
    )


def _text(value: object) -> str:
    """A text, or of several languages English or the first."""
    if isinstance(value, dict):
        value = value.get("en") or next(iter(value.values()), "")
    return value if isinstance(value, str) else ""


def _day(instant: object) -> date | None:
    try:
        return datetime.fromisoformat(str(instant)).date()
    except ValueError:
        return None


def _unknown(on: date, document_format: str) -> _Answer:
    check = Check("record", False, NOT_FOUND_TEXT)
    unknown = VerificationOutcome.UNKNOWN
    return _Answer(VerificationReport(unknown, on, document_format, (check,), None, unknown))


def _unreadable(question: _Question, document_format: str, text: str) -> _Answer:
    invalid = VerificationOutcome.INVALID
    check = Check("format", False, text)
    return _Answer(VerificationReport(invalid, question.on, document_format, (check,), None, invalid))


def _record(session: Session, answer: _Answer, channel: VerificationChannel, *, now: datetime) -> None:
    event = VerificationRequested(
        subject_id=answer.person_id,
        organization_id=None,
        occurred_at=now,
        request_id=new_id(),
        certificate_id=answer.certificate_id,
        certification_id=answer.certification_id,
        channel=channel,
        document_format=answer.report.document_format,
        asked_for=answer.report.on,
        outcome=answer.report.outcome,
    )
    append_events(session, [event], now=now)
