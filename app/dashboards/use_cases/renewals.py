"""Renewing certificates, one or many, the continuing education that goes toward it, and the way to the next ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_plural
from app.dashboards.use_cases.certificates import Upload
from operational_db.credentials import ce_credits, progress, renewals
from operational_db.credentials.ce_credits import CeCreditView, CeStanding
from operational_db.credentials.progress import CertificationProgress
from operational_db.credentials.renewal_rules import RenewalStep
from operational_db.credentials.service import expiring_certificates
from operational_db.credentials.views import CertificateView
from operational_db.database import read_only_session, unit_of_work
from operational_db.documents.service import add_document
from operational_db.documents.store import FileStore
from operational_db.identity.rules import Principal
from operational_db.paging import PageRequest
from operational_db.types import CeActivityType

# As many as are looked through and renewed in one go.
AT_ONCE = 50


@dataclass(frozen=True)
class Education:
    """Where a certificate stands with continuing education, and every activity toward its kind."""

    standing: CeStanding
    credits: tuple[CeCreditView, ...]


@dataclass(frozen=True)
class Due:
    """A member's certificate that ends soon, and what is missing before it can be renewed."""

    view: CertificateView
    missing: tuple[RenewalStep, ...]


@dataclass(frozen=True)
class AllDue:
    """The soonest to end, and how many there are in all."""

    items: tuple[Due, ...]
    total: int


def education_of(engine: Engine, principal: Principal, *, certificate_id: UUID, on: date) -> Education:
    """The standing of a certificate's cycle and the log toward its kind.

    Raises
    ------
    DomainError
        When the viewer may not see it, or the database is down.
    """
    with read_only_session(engine) as session:
        return Education(
            ce_credits.standing(session, principal, certificate_id=certificate_id, on=on),
            tuple(ce_credits.credits_of(session, principal, certificate_id=certificate_id, on=on)),
        )


def log_credit(
    engine: Engine,
    principal: Principal,
    store: FileStore,
    *,
    certificate_id: UUID,
    credits: Decimal,
    activity_type: CeActivityType,
    activity_on: date,
    description: str,
    upload: Upload | None,
    now: datetime,
) -> Receipt:
    """Log what an activity earned, with its document where there is one.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        document_id = None
        if upload is not None:
            document_id = add_document(
                session,
                principal,
                store,
                person_id=principal.person_id,
                file_name=upload.name,
                content=upload.content,
                now=now,
            ).id
        ce_credits.log_credit(
            session,
            principal,
            certificate_id=certificate_id,
            credits=credits,
            activity_type=activity_type,
            activity_on=activity_on,
            activity_description=description,
            document_id=document_id,
            now=now,
        )
    return Receipt(f"“{description.strip()}” is logged with {credits.normalize():f} credits.", now, 1)


def withdraw_credit(engine: Engine, principal: Principal, *, credit: CeCreditView, now: datetime) -> Receipt:
    """Take back what was logged in error.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        ce_credits.withdraw_credit(session, principal, credit_id=credit.credit_id, now=now)
    return Receipt(f"“{credit.activity_description}” no longer counts.", now, 1)


def missing_of(engine: Engine, principal: Principal, *, certificate_id: UUID, on: date) -> tuple[RenewalStep, ...]:
    """What is missing before a certificate can be renewed; nothing when it can be, or was.

    Raises
    ------
    DomainError
        When the viewer may not see it, or the database is down.
    """
    with read_only_session(engine) as session:
        return renewals.missing_for_renewal(session, principal, certificate_id=certificate_id, on=on)


def due_in(engine: Engine, principal: Principal, *, organization_id: UUID, within_days: int, on: date) -> AllDue:
    """Members' certificates that end within so many days and are not renewed, the soonest `AT_ONCE` of them.

    Raises
    ------
    DomainError
        When the viewer may not know, or the database is down.
    """
    with read_only_session(engine) as session:
        page = expiring_certificates(
            session, principal, organization_id, on=on, within_days=within_days, page=PageRequest(1, AT_ONCE)
        )
        found = [
            Due(
                view,
                renewals.missing_for_renewal(session, principal, certificate_id=view.certificate_id, on=on),
            )
            for view in page.items
        ]
    return AllDue(tuple(found), page.total)


def renew(engine: Engine, principal: Principal, *, certificate_ids: Sequence[UUID], now: datetime) -> Receipt:
    """Renew those of which nothing is missing; of the others note that they are to be renewed.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        results = renewals.renew(session, principal, certificate_ids=certificate_ids, now=now)
    done = sum(result.renewed_by_id is not None for result in results)
    waiting = [result for result in results if result.renewed_by_id is None]
    parts = []
    if done:
        parts.append(f"{to_plural(done, 'certificate was', 'certificates were')} renewed.")
    if waiting:
        parts.append(f"{to_plural(len(waiting), 'renewal is', 'renewals are')} noted; what is missing stays listed.")
    return Receipt(" ".join(parts), now, len(results))


def progress_of(engine: Engine, principal: Principal, *, on: date) -> list[CertificationProgress]:
    """Certifications the viewer is on the way to, the nearest first.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        return progress.progress_toward(session, principal, person_id=principal.person_id, on=on)
