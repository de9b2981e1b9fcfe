"""Badges over HTTP: what verifiers fetch (public, without sign-in) and what holders do with theirs.

Public addresses are those that credentials name, so they never change. Verification is `POST /certifications/verify`
and the public page.
"""

from enum import StrEnum
from uuid import UUID

from fastapi import APIRouter, Response, status
from fastapi.responses import JSONResponse

from app.api.dependencies import Context, CurrentPrincipal, ReadSession, WriteSession
from app.api.schemas.badges import BadgeRequest, MyBadgeBody, SharingRequest
from operational_db import clock
from operational_db.badges import hosted, lists, published, sharing
from operational_db.badges.credential import credential_address
from operational_db.badges.images import draw_png, draw_svg
from operational_db.badges.keys import BadgeIssuer, load_badge_issuer, load_or_create_badge_signer

router = APIRouter(prefix="/badges", tags=["badges"])

CREDENTIAL = "application/vc"
TOKEN = "application/vc+jwt"  # noqa: S105 - a media type
JSON_LD = "application/ld+json"
# Verifiers in browsers read from anywhere; what is served is public, and asked for afresh each time.
PUBLIC = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
# Drawn by us, with nothing inside that runs.
SVG_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


class DownloadFormat(StrEnum):
    """Forms in which a holder takes her badge with her."""

    JSON = "json"
    JWT = "jwt"
    PNG = "png"
    SVG = "svg"


@router.get("/issuer", summary="Issuer (Open Badges 2.0)", response_class=Response)
def get_issuer(context: Context) -> Response:
    """Who issues the badges of this installation."""
    return _document(hosted.issuer_document(load_badge_issuer(context.settings)))


@router.get("/classes/{certification_id}", summary="Badge class (Open Badges 2.0)", response_class=Response)
def get_class(certification_id: UUID, context: Context, session: ReadSession) -> Response:
    return _document(published.class_document(session, load_badge_issuer(context.settings), certification_id))


@router.get("/classes/{certification_id}/achievement", summary="Achievement (Open Badges 3.0)", response_class=Response)
def get_achievement(certification_id: UUID, context: Context, session: ReadSession) -> Response:
    return _document(published.achievement_document(session, load_badge_issuer(context.settings), certification_id))


@router.get("/classes/{certification_id}/criteria", summary="Criteria of a certification", response_class=Response)
def get_criteria(certification_id: UUID, session: ReadSession) -> Response:
    """In words, as plain text."""
    text = published.criteria_of(session, certification_id)
    return Response(text, media_type="text/plain; charset=utf-8", headers=PUBLIC)


@router.get("/classes/{certification_id}/image.png", summary="Picture of a certification", response_class=Response)
def get_class_png(certification_id: UUID, session: ReadSession) -> Response:
    picture = published.class_picture(session, certification_id)
    return Response(draw_png(picture), media_type="image/png", headers=PUBLIC)


@router.get(
    "/classes/{certification_id}/image.svg", summary="Picture of a certification as SVG", response_class=Response
)
def get_class_svg(certification_id: UUID, session: ReadSession) -> Response:
    picture = published.class_picture(session, certification_id)
    return Response(draw_svg(picture), media_type="image/svg+xml", headers={**PUBLIC, **SVG_POLICY})


@router.get("/status/{list_number}.jwt", summary="Status list as a token (VC-JWT)", response_class=Response)
def get_status_token(list_number: int, context: Context, session: WriteSession) -> Response:
    """The same bits as the other form, for verifiers that read signed tokens only."""
    signer = load_or_create_badge_signer(context.settings)
    found = lists.published_list(session, signer, list_number=list_number, now=clock.now())
    return Response(found.credential_jwt, media_type=TOKEN, headers=PUBLIC)


@router.get("/status/{list_number}", summary="Status list (Bitstring Status List 1.0)", response_class=Response)
def get_status_list(list_number: int, context: Context, session: WriteSession) -> Response:
    """Signed anew as soon as a badge of the list was revoked; a set bit means revoked."""
    signer = load_or_create_badge_signer(context.settings)
    found = lists.published_list(session, signer, list_number=list_number, now=clock.now())
    return Response(found.credential, media_type=CREDENTIAL, headers=PUBLIC)


@router.get("/mine", summary="My badges")
def list_my_badges(context: Context, session: ReadSession, principal: CurrentPrincipal) -> list[MyBadgeBody]:
    issuer = load_badge_issuer(context.settings)
    return [_to_body(issuer, view) for view in sharing.my_badges(session, principal)]


@router.post("", status_code=status.HTTP_201_CREATED, summary="Get the badge of my certificate")
def request_badge(
    body: BadgeRequest, context: Context, session: WriteSession, principal: CurrentPrincipal
) -> MyBadgeBody:
    """Issues it when there is none yet; only for verified certificates."""
    signer = load_or_create_badge_signer(context.settings)
    view = sharing.request_badge(session, principal, signer, certificate_id=body.certificate_id, now=clock.now())
    return _to_body(signer.issuer, view)


@router.put("/mine/{certificate_id}/sharing", summary="What my badge shows", status_code=status.HTTP_204_NO_CONTENT)
def set_sharing(certificate_id: UUID, body: SharingRequest, session: WriteSession, principal: CurrentPrincipal) -> None:
    """Only the holder decides whether strangers see her certificate, and whether they see her name there."""
    sharing.set_sharing(
        session,
        principal,
        certificate_id=certificate_id,
        is_public=body.is_public,
        shows_name=body.shows_name,
        now=clock.now(),
    )


@router.get("/mine/{certificate_id}/download", summary="Download my badge", response_class=Response)
def download_badge(
    certificate_id: UUID, session: ReadSession, principal: CurrentPrincipal, form: DownloadFormat = DownloadFormat.PNG
) -> Response:
    """The credential, or the picture with the credential baked in; also while the badge is not public."""
    record = sharing.own_badge(session, principal, certificate_id=certificate_id)
    name = f"badge-{record.badge.public_id}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    if form is DownloadFormat.JSON:
        return Response(record.badge.credential, media_type=CREDENTIAL, headers=headers)
    if form is DownloadFormat.JWT:
        return Response(record.badge.credential_jwt, media_type=TOKEN, headers=headers)
    if form is DownloadFormat.SVG:
        return Response(published.baked_svg(record), media_type="image/svg+xml", headers={**headers, **SVG_POLICY})
    return Response(published.baked_png(record), media_type="image/png", headers=headers)


@router.get("/{public_id}/credential.jwt", summary="Badge as a token (Open Badges 3.0)", response_class=Response)
def get_credential_token(public_id: str, session: ReadSession) -> Response:
    record = published.require_public(session, public_id, on=clock.today())
    return Response(record.badge.credential_jwt, media_type=TOKEN, headers=PUBLIC)


@router.get("/{public_id}/credential", summary="Badge (Open Badges 3.0)", response_class=Response)
def get_credential(public_id: str, session: ReadSession) -> Response:
    """The signed credential; whether it still holds is in its status list and its last day."""
    record = published.require_public(session, public_id, on=clock.today())
    return Response(record.badge.credential, media_type=CREDENTIAL, headers=PUBLIC)


@router.get("/{public_id}/assertion", summary="Badge (Open Badges 2.0)", response_class=Response)
def get_assertion(public_id: str, context: Context, session: ReadSession) -> Response:
    """Hosted; 410 with the reason once it was revoked."""
    found = published.hosted_assertion(session, load_badge_issuer(context.settings), public_id, on=clock.today())
    return _document(found.document, status_code=status.HTTP_410_GONE if found.is_revoked else status.HTTP_200_OK)


@router.get("/{public_id}/badge.png", summary="Picture with the badge inside", response_class=Response)
def get_png(public_id: str, session: ReadSession) -> Response:
    record = published.require_public(session, public_id, on=clock.today())
    return Response(published.baked_png(record), media_type="image/png", headers=PUBLIC)


@router.get("/{public_id}/badge.svg", summary="Picture with the badge inside, as SVG", response_class=Response)
def get_svg(public_id: str, session: ReadSession) -> Response:
    record = published.require_public(session, public_id, on=clock.today())
    return Response(published.baked_svg(record), media_type="image/svg+xml", headers={**PUBLIC, **SVG_POLICY})


@router.get("/{public_id}/badge-v2.png", summary="Picture with the 2.0 badge inside", response_class=Response)
def get_png_v2(public_id: str, context: Context, session: ReadSession) -> Response:
    record = published.require_public(session, public_id, on=clock.today())
    image = published.baked_png_v2(record, load_badge_issuer(context.settings))
    return Response(image, media_type="image/png", headers=PUBLIC)


def _document(document: dict[str, object], *, status_code: int = status.HTTP_200_OK) -> Response:
    return JSONResponse(document, status_code=status_code, media_type=JSON_LD, headers=PUBLIC)


def _to_body(issuer: BadgeIssuer, view: sharing.BadgeView) -> MyBadgeBody:
    link = sharing.share_link(issuer, view.public_id)
    return MyBadgeBody(
        badge_id=view.badge_id,
        certificate_id=view.certificate_id,
        issued_at=view.issued_at,
        is_public=view.is_public,
        shows_name=view.shows_name,
        share_url=link,
        qr_code_url=f"{link}/qr.svg",
        credential_url=credential_address(issuer, view.public_id),
        credential_jwt_url=f"{credential_address(issuer, view.public_id)}.jwt",
        assertion_url=hosted.assertion_address(issuer, view.public_id),
        image_png_url=f"{issuer.api}/{view.public_id}/badge.png",
        image_svg_url=f"{issuer.api}/{view.public_id}/badge.svg",
    )
