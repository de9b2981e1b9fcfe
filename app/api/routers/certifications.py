"""Certifications over HTTP: registry, what people hold, renewal, continuing education, verification (seed 3.2.2)."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from app.api.dependencies import Context, CurrentPrincipal, ReadSession, WriteSession
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.presented import PRESENTED_BODY, PresentedContent
from app.api.schemas import certifications as schemas
from operational_db import clock
from operational_db.badges import hosted, sharing
from operational_db.badges.fetch import fetch_public
from operational_db.badges.keys import BadgeIssuer, load_badge_issuer
from operational_db.badges.verify import verify_presented
from operational_db.credentials import ce_credits, progress, renewals, service, verification
from operational_db.credentials.views import CertificateView
from operational_db.errors import InvalidInputError
from operational_db.paging import Page, PageRequest
from operational_db.tables.credentials import Certificate
from operational_db.types import CertificationCategory, CertificationSource

router = APIRouter(tags=["certifications"])

OnDay = Annotated[date | None, Query(description="The day the status is about; today when left out.")]
WithinDays = Annotated[int, Query(ge=0, le=service.LONGEST_OUTLOOK_DAYS, description="So many days ahead.")]


@router.get("/certifications/registry", summary="Browse all certification types")
def browse_registry(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    search: Annotated[str | None, Query(max_length=200, description="In name, code or issuer.")] = None,
    source: CertificationSource | None = None,
    category: CertificationCategory | None = None,
    trade: str | None = None,
    level: str | None = None,
    issuing_organization_id: UUID | None = None,
) -> PageResponse[schemas.CertificationBody]:
    """Kinds of certificates of all sources, by name; every filter given must hold."""
    page = service.browse_certifications(
        session,
        search=search,
        source=source,
        category=category,
        trade=trade,
        level=level,
        issuing_organization_id=issuing_organization_id,
        page=paging,
    )
    return to_page_response(page, schemas.CertificationBody.model_validate)


@router.get("/certifications/registry/{certification_id}", summary="Get certification details")
def get_certification(
    certification_id: UUID, session: ReadSession, principal: CurrentPrincipal
) -> schemas.CertificationBody:
    """What it asks for, how long it is valid, what renews it, and who recognizes it."""
    kind = service.certification_of(session, certification_id=certification_id)
    return schemas.CertificationBody.model_validate(kind)


@router.post("/me/certifications", status_code=status.HTTP_201_CREATED, summary="Add certification")
def add_certificate(
    body: schemas.AddCertificateRequest, context: Context, session: WriteSession, principal: CurrentPrincipal
) -> schemas.HeldCertificateBody:
    """It counts once somebody of the caller's organization has verified it."""
    made = service.add_self_reported(
        session, principal, person_id=principal.person_id, **body.model_dump(), now=clock.now()
    )
    return _held(context, session, principal, made)


@router.get("/me/certifications", summary="My certifications")
def my_certificates(
    context: Context, session: ReadSession, principal: CurrentPrincipal, paging: Paging, on: OnDay = None
) -> PageResponse[schemas.HeldCertificateBody]:
    """Everything the caller holds or held, the latest first."""
    day = on or clock.today()
    views = service.certificates_of(session, principal, person_id=principal.person_id, on=day)
    standings = ce_credits.standings_of_person(session, principal, person_id=principal.person_id, on=day)
    badges = service.badge_ids(session, views)
    issuer = load_badge_issuer(context.settings)

    def convert(view: CertificateView) -> schemas.HeldCertificateBody:
        return _to_body(issuer, view, standings.get(view.certificate_id), badges.get(view.certificate_id))

    return to_page_response(_page(views, paging), convert)


@router.get("/me/certifications/expiring", summary="Get expiring certs")
def my_expiring_certificates(
    session: ReadSession, principal: CurrentPrincipal, paging: Paging, within_days: WithinDays = 90
) -> PageResponse[schemas.ExpiringCertificateBody]:
    """The caller's certificates that lapse soon and that nothing has renewed yet, the next to lapse first."""
    page = service.expiring_certificates_of(
        session, principal, person_id=principal.person_id, on=clock.today(), within_days=within_days, page=paging
    )
    return to_page_response(page, schemas.to_expiring_body)


@router.get("/me/certifications/progress", summary="My progress toward certifications")
def my_progress(session: ReadSession, principal: CurrentPrincipal) -> list[schemas.CertificationProgressBody]:
    """The nearest first: "2 of 3 courses, 4.5 CE credits short"."""
    found = progress.progress_toward(session, principal, person_id=principal.person_id, on=clock.today())
    return [schemas.to_progress_body(each) for each in found]


@router.post("/me/certifications/bulk-renew", summary="Initiate bulk renewal")
def bulk_renew(
    body: schemas.BulkRenewRequest, session: WriteSession, principal: CurrentPrincipal
) -> list[schemas.RenewalBody]:
    """Each one of which nothing is missing is renewed; of the others it says what is."""
    results = renewals.renew(session, principal, certificate_ids=body.certificate_ids, now=clock.now())
    return [schemas.RenewalBody.model_validate(result) for result in results]


@router.put("/me/certifications/{certificate_id}", summary="Update certification")
def correct_certificate(
    certificate_id: UUID,
    body: schemas.CorrectCertificateRequest,
    context: Context,
    session: WriteSession,
    principal: CurrentPrincipal,
) -> schemas.HeldCertificateBody:
    """Puts right what the caller reported: a new record takes the place of the old one, which stays in the history."""
    made = service.correct_certificate(
        session, principal, certificate_id=certificate_id, **body.model_dump(exclude_unset=True), now=clock.now()
    )
    return _held(context, session, principal, made)


@router.delete(
    "/me/certifications/{certificate_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Remove certification"
)
def withdraw_certificate(certificate_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> None:
    """Takes back what the caller reported; `restore` undoes it."""
    service.withdraw_certificate(session, principal, certificate_id=certificate_id, now=clock.now())


@router.post(
    "/me/certifications/{certificate_id}/restore",
    status_code=status.HTTP_201_CREATED,
    summary="Undo the removal of a certification",
)
def restore_certificate(
    certificate_id: UUID, context: Context, session: WriteSession, principal: CurrentPrincipal
) -> schemas.HeldCertificateBody:
    made = service.restore_certificate(session, principal, certificate_id=certificate_id, now=clock.now())
    return _held(context, session, principal, made)


@router.get("/users/{person_id}/certifications", summary="User's public certifications")
def public_certificates(
    person_id: UUID, context: Context, session: ReadSession, principal: CurrentPrincipal, paging: Paging
) -> PageResponse[schemas.PublicCertificateBody]:
    """What the person shows to everybody: verified, without numbers and papers."""
    views = service.public_certificates_of(session, person_id=person_id, on=clock.today())
    badges = service.badge_ids(session, views)
    issuer = load_badge_issuer(context.settings)

    def convert(view: CertificateView) -> schemas.PublicCertificateBody:
        public_id = badges.get(view.certificate_id)
        return schemas.to_public_body(view, None if public_id is None else sharing.share_link(issuer, public_id))

    return to_page_response(_page(views, paging), convert)


@router.get("/organizations/{organization_id}/certifications/expiring", summary="Org's expiring certs")
def organization_expiring_certificates(
    organization_id: UUID,
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    within_days: WithinDays = 90,
) -> PageResponse[schemas.ExpiringCertificateBody]:
    """Certificates of members that lapse soon and that nothing has renewed yet, the nearest first."""
    page = service.expiring_certificates(
        session, principal, organization_id, on=clock.today(), within_days=within_days, page=paging
    )
    return to_page_response(page, schemas.to_expiring_body)


@router.get("/organizations/{organization_id}/certifications/verifications", summary="Verification queue")
def verification_queue(
    organization_id: UUID, session: ReadSession, principal: CurrentPrincipal, paging: Paging
) -> PageResponse[schemas.VerificationCaseBody]:
    """Members' certificates that wait for somebody to check their evidence, the oldest first."""
    page = verification.queue(session, principal, organization_id, on=clock.today(), page=paging)
    return to_page_response(page, schemas.to_case_body)


@router.post("/certifications/verify", summary="Verify a certification", openapi_extra=PRESENTED_BODY)
def verify(
    presented: PresentedContent, context: Context, session: WriteSession, principal: CurrentPrincipal
) -> schemas.VerificationReportBody:
    """A certificate number, a link, an Open Badges 3.0 credential (JSON or VC-JWT) or the image of a badge.

    Ours or foreign; says what was checked: signature, issuer, schema, status, expiry. Answers 200 also for what does
    not hold: that is an answer, not an error.
    """
    report = verify_presented(
        session,
        issuer=load_badge_issuer(context.settings),
        presented=presented.content,
        on=presented.on,
        now=clock.now(),
        fetch=fetch_public,
    )
    return schemas.to_report_body(report)


@router.post("/certifications/verifications/{case_id}/decision", summary="Approve or reject a certificate's evidence")
def decide_verification(
    case_id: UUID, body: schemas.DecisionRequest, session: WriteSession, principal: CurrentPrincipal
) -> schemas.VerificationCaseBody:
    now = clock.now()
    case = verification.decide_case(
        session, principal, case_id=case_id, is_approved=body.is_approved, reason=body.reason, now=now
    )
    return _case(session, principal, case.certificate_id, case_id)


@router.get("/certifications/{certificate_id}", summary="One certificate on a day")
def get_certificate(
    certificate_id: UUID, context: Context, session: ReadSession, principal: CurrentPrincipal, on: OnDay = None
) -> schemas.HeldCertificateBody:
    """For its holder, who looks after her training, and its issuer; for others when it is public and verified."""
    view = service.certificate_of(session, principal, certificate_id=certificate_id, on=on or clock.today())
    badges = service.badge_ids(session, [view])
    return _to_body(load_badge_issuer(context.settings), view, None, badges.get(certificate_id))


@router.get("/certifications/{certificate_id}/line", summary="The renewal line of a certificate")
def get_line(
    certificate_id: UUID, session: ReadSession, principal: CurrentPrincipal, on: OnDay = None
) -> list[schemas.HeldCertificateBody]:
    """All certificates of the kind its holder holds or held, the first one first."""
    day = on or clock.today()
    view = service.certificate_of(session, principal, certificate_id=certificate_id, on=day)
    line = service.renewal_line(
        session, principal, person_id=view.person_id, certification_id=view.certification_id, on=day
    )
    return [schemas.to_held_body(each) for each in line]


@router.get("/certifications/{certificate_id}/renewal", summary="What is missing to renew a certificate")
def get_missing(
    certificate_id: UUID, session: ReadSession, principal: CurrentPrincipal
) -> list[schemas.RenewalStepBody]:
    missing = renewals.missing_for_renewal(session, principal, certificate_id=certificate_id, on=clock.today())
    return [schemas.RenewalStepBody.model_validate(step) for step in missing]


@router.post("/certifications/{certificate_id}/renew", summary="Renew single cert")
def renew(certificate_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> schemas.RenewalBody:
    """Renews it when nothing is missing; else notes that it is to be renewed and says what is. Safe to repeat."""
    (result,) = renewals.renew(session, principal, certificate_ids=[certificate_id], now=clock.now())
    return schemas.RenewalBody.model_validate(result)


@router.post(
    "/certifications/{certificate_id}/verification",
    status_code=status.HTTP_201_CREATED,
    summary="Ask that a certificate be verified",
)
def request_verification(
    certificate_id: UUID, body: schemas.VerificationRequest, session: WriteSession, principal: CurrentPrincipal
) -> schemas.VerificationCaseBody:
    case = verification.open_case(
        session, principal, certificate_id=certificate_id, document_id=body.document_id, now=clock.now()
    )
    return _case(session, principal, certificate_id, case.id)


@router.get("/certifications/{certificate_id}/verifications", summary="Verifications of a certificate")
def list_verifications(
    certificate_id: UUID, session: ReadSession, principal: CurrentPrincipal
) -> list[schemas.VerificationCaseBody]:
    """Every request and how it was decided, the latest first."""
    found = verification.cases_of(session, principal, certificate_id=certificate_id, on=clock.today())
    return [schemas.to_case_body(each) for each in found]


@router.get("/certifications/{certificate_id}/ce-credits", summary="Continuing education of a certificate")
def get_credits(
    certificate_id: UUID, session: ReadSession, principal: CurrentPrincipal, on: OnDay = None
) -> schemas.CeLogBody:
    day = on or clock.today()
    standing = ce_credits.standing(session, principal, certificate_id=certificate_id, on=day)
    log = ce_credits.credits_of(session, principal, certificate_id=certificate_id, on=day)
    return schemas.CeLogBody(
        standing=schemas.to_standing_body(standing), credits=[schemas.to_credit_body(each) for each in log]
    )


@router.post(
    "/certifications/{certificate_id}/ce-credits",
    status_code=status.HTTP_201_CREATED,
    summary="Log continuing education",
)
def log_credits(
    certificate_id: UUID, body: schemas.CeCreditRequest, session: WriteSession, principal: CurrentPrincipal
) -> schemas.CeLogBody:
    """An activity counts once, in the cycle of its day."""
    now = clock.now()
    if body.enrollment_id is not None:
        ce_credits.log_course(
            session, principal, certificate_id=certificate_id, enrollment_id=body.enrollment_id, now=now
        )
    elif body.credits is None or body.activity_type is None or body.activity_on is None:
        raise InvalidInputError("Give credits, activity_type and activity_on, or the enrollment_id of a course.")
    else:
        ce_credits.log_credit(
            session,
            principal,
            certificate_id=certificate_id,
            credits=body.credits,
            activity_type=body.activity_type,
            activity_on=body.activity_on,
            activity_description=body.activity_description,
            document_id=body.document_id,
            now=now,
        )
    return get_credits(certificate_id, session, principal)


@router.delete(
    "/certifications/ce-credits/{credit_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Take back credits"
)
def withdraw_credits(credit_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> None:
    ce_credits.withdraw_credit(session, principal, credit_id=credit_id, now=clock.now())


def _held(
    context: Context, session: WriteSession, principal: CurrentPrincipal, certificate: Certificate
) -> schemas.HeldCertificateBody:
    today = clock.today()
    view = service.certificate_of(session, principal, certificate_id=certificate.id, on=today)
    standing = ce_credits.standing(session, principal, certificate_id=certificate.id, on=today)
    return _to_body(load_badge_issuer(context.settings), view, standing, None)


def _to_body(
    issuer: BadgeIssuer, view: CertificateView, standing: ce_credits.CeStanding | None, public_id: str | None
) -> schemas.HeldCertificateBody:
    return schemas.to_held_body(
        view,
        standing=standing,
        badge_url=None if public_id is None else sharing.share_link(issuer, public_id),
        badge_assertion_url=None if public_id is None else hosted.assertion_address(issuer, public_id),
    )


def _case(
    session: WriteSession, principal: CurrentPrincipal, certificate_id: UUID, case_id: UUID
) -> schemas.VerificationCaseBody:
    found = verification.cases_of(session, principal, certificate_id=certificate_id, on=clock.today())
    return schemas.to_case_body(next(each for each in found if each.case_id == case_id))


def _page(views: Sequence[CertificateView], paging: PageRequest) -> Page[CertificateView]:
    """One person's certificates are few enough to be read whole."""
    return Page(views[paging.offset : paging.offset + paging.size], len(views), paging.number, paging.size)
