"""Certificates as their holder keeps them: what she holds now; adding, correcting and withdrawing; their documents."""

from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from uuid import UUID

from PIL import Image
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.dashboards.actions import Receipt
from operational_db.credentials import service, verification
from operational_db.credentials.verification import CaseView
from operational_db.credentials.views import CertificateView
from operational_db.database import read_only_session, unit_of_work
from operational_db.documents.service import DocumentFile, add_document, open_document
from operational_db.documents.store import FileStore
from operational_db.identity.rules import Principal
from operational_db.paging import LARGEST_PAGE_SIZE, PageRequest
from operational_db.types import VerificationStatus

EXPIRING_WITHIN_DAYS = 30
PREVIEW_SIZE = 1000


@dataclass(frozen=True)
class Upload:
    """A file somebody chose."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Held:
    """A certificate with the state its holder should act on, and where it stands in its line."""

    view: CertificateView
    state: str
    is_latest: bool


@dataclass(frozen=True)
class Record:
    """One certificate with its line, first to last, and every check of its evidence, the latest first."""

    held: Held
    line: tuple[Held, ...]
    cases: tuple[CaseView, ...]

    @property
    def is_own_claim(self) -> bool:
        """Its holder reported it: she may correct and withdraw it."""
        view = self.held.view
        return view.earned_through == "external" and not view.is_from_register and not view.is_withdrawn

    @property
    def is_waiting(self) -> bool:
        return any(case.decided_at is None for case in self.cases)


def held_by(engine: Engine, principal: Principal, *, on: date) -> list[Held]:
    """Everything the viewer holds or held: what lapses first before what is renewed, withdrawn or revoked.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        views = service.certificates_of(session, principal, person_id=principal.person_id, on=on)
    return sorted(_with_states(views), key=_order)


def record_of(engine: Engine, principal: Principal, *, certificate_id: UUID, on: date) -> Record:
    """One certificate of the viewer, or of somebody whose certificates she looks after.

    Raises
    ------
    DomainError
        When there is none she may see, or the database is down.
    """
    with read_only_session(engine) as session:
        view = service.certificate_of(session, principal, certificate_id=certificate_id, on=on)
        line = service.renewal_line(
            session, principal, person_id=view.person_id, certification_id=view.certification_id, on=on
        )
        cases = verification.cases_of(session, principal, certificate_id=certificate_id, on=on)
    states = _with_states([*line, *([] if any(v.certificate_id == certificate_id for v in line) else [view])])
    held = next(each for each in states if each.view.certificate_id == certificate_id)
    return Record(held, tuple(states), tuple(cases))


def kinds(engine: Engine) -> dict[str, str]:
    """Every kind of certificate in the registry that is in use, by id: name and issuer.

    Raises
    ------
    DomainError
        When the database is down.
    """
    found: dict[str, str] = {}
    with read_only_session(engine) as session:
        number = 1
        while True:
            page = service.browse_certifications(session, page=PageRequest(number, LARGEST_PAGE_SIZE))
            found |= {str(kind.id): f"{kind.name} ({kind.issuing_organization})" for kind in page.items}
            if number >= page.page_count:
                return found
            number += 1


def add(
    engine: Engine,
    principal: Principal,
    store: FileStore,
    *,
    certification_id: UUID,
    name: str,
    issued_on: date,
    expires_on: date | None,
    certificate_number: str | None,
    is_public: bool,
    upload: Upload | None,
    now: datetime,
) -> Receipt:
    """Record a certificate earned elsewhere; with its document it waits for verification at once.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        document_id = _keep(session, principal, store, upload, now)
        certificate = service.add_self_reported(
            session,
            principal,
            person_id=principal.person_id,
            certification_id=certification_id,
            issued_on=issued_on,
            expires_on=expires_on,
            certificate_number=certificate_number,
            document_id=document_id,
            is_public=is_public,
            now=now,
        )
        certificate_id = certificate.id

    def reverse(session: Session, principal: Principal, now: datetime) -> int:
        service.withdraw_certificate(session, principal, certificate_id=certificate_id, now=now)
        return 1

    then = "It waits for verification." if upload else "Add its document, so that somebody can verify it."
    return Receipt(f"“{name}” is on your record. {then}", now, 2 if upload else 1, reverse=reverse)


def correct(
    engine: Engine,
    principal: Principal,
    store: FileStore,
    *,
    certificate_id: UUID,
    name: str,
    issued_on: date,
    expires_on: date | None,
    certificate_number: str | None,
    upload: Upload | None,
    now: datetime,
) -> tuple[Receipt, UUID]:
    """Put right what was reported; returns the id of the record that holds from now on.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        document_id = _keep(session, principal, store, upload, now)
        certificate = service.correct_certificate(
            session,
            principal,
            certificate_id=certificate_id,
            issued_on=issued_on,
            expires_on=expires_on,
            certificate_number=certificate_number,
            document_id=service.UNCHANGED if document_id is None else document_id,
            now=now,
        )
        new_id = certificate.id
    if new_id == certificate_id:
        return Receipt(f"“{name}” stays as it was: nothing differs.", now, 0), new_id
    return Receipt(f"“{name}” was corrected; the former record stays in its history.", now, 2), new_id


def withdraw(engine: Engine, principal: Principal, *, certificate_id: UUID, name: str, now: datetime) -> Receipt:
    """Take back what was reported.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        service.withdraw_certificate(session, principal, certificate_id=certificate_id, now=now)

    def reverse(session: Session, principal: Principal, now: datetime) -> int:
        service.restore_certificate(session, principal, certificate_id=certificate_id, now=now)
        return 1

    return Receipt(f"“{name}” was withdrawn.", now, 1, reverse=reverse)


def ask_for_verification(
    engine: Engine,
    principal: Principal,
    store: FileStore,
    *,
    certificate_id: UUID,
    name: str,
    upload: Upload | None,
    now: datetime,
) -> Receipt:
    """Hand in the document of a certificate that nobody has verified.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        document_id = _keep(session, principal, store, upload, now)
        verification.open_case(session, principal, certificate_id=certificate_id, document_id=document_id, now=now)
    return Receipt(f"“{name}” waits for verification.", now, 1)


def document(
    engine: Engine, principal: Principal, store: FileStore, *, document_id: UUID, now: datetime
) -> DocumentFile:
    """A document with its bytes, for its holder and who may verify her certificates.

    Raises
    ------
    DomainError
        When the viewer may not see it, or the database is down.
    """
    with read_only_session(engine) as session:
        return open_document(session, principal, store, document_id=document_id, now=now)


def preview_of(file: DocumentFile) -> bytes | None:
    """A small JPEG of a document that is a picture; None for others and for what cannot be drawn."""
    if not file.media_type.startswith("image/"):
        return None
    buffer = BytesIO()
    try:
        with Image.open(BytesIO(file.content)) as picture:
            picture.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE))
            picture.convert("RGB").save(buffer, "JPEG", quality=85)
    except (OSError, Image.DecompressionBombError):
        return None
    return buffer.getvalue()


def _keep(
    session: Session, principal: Principal, store: FileStore, upload: Upload | None, now: datetime
) -> UUID | None:
    if upload is None:
        return None
    return add_document(
        session,
        principal,
        store,
        person_id=principal.person_id,
        file_name=upload.name,
        content=upload.content,
        now=now,
    ).id


def _with_states(views: list[CertificateView]) -> list[Held]:
    renewed = {view.renews_id for view in views if not view.is_withdrawn and view.renews_id is not None}
    return [
        Held(view, _state(view, view.certificate_id in renewed), view.certificate_id not in renewed) for view in views
    ]


def _state(view: CertificateView, is_renewed: bool) -> str:
    if view.is_withdrawn:
        return "withdrawn"
    if is_renewed and view.status != "revoked":
        return "renewed"
    if view.verification_status is VerificationStatus.FAILED and view.status == "pending_verification":
        return "evidence_refused"
    if view.verification_status is VerificationStatus.UNVERIFIED and view.status == "pending_verification":
        return "unverified"
    is_soon = view.days_to_expiry is not None and view.days_to_expiry <= EXPIRING_WITHIN_DAYS
    return "expiring" if view.status == "active" and is_soon else str(view.status)


_FORMER = {"renewed", "withdrawn", "revoked"}


def _order(held: Held) -> tuple[bool, date, str]:
    return held.state in _FORMER, held.view.expires_on or date.max, held.view.certification_name
