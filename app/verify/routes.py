"""Addresses of the public verification page: `/verify`, `/verify/<public id>`, its QR code, and the issuer's did.json.

Without sign-in, rate limited for each client. What is answered is decided in `operational_db.badges.verify`.
"""

import io
import time
from collections.abc import Callable
from datetime import date
from http import HTTPStatus

import segno
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive

from app.context import AppContext
from app.verify.pages import content_security_policy, render_form, render_message, render_report
from app.verify.rate_limit import RateLimit
from operational_db import clock
from operational_db.badges.fetch import fetch_public
from operational_db.badges.keys import load_badge_issuer, load_or_create_badge_signer
from operational_db.badges.public import LONGEST_PUBLIC_ID
from operational_db.badges.verify import LONGEST_PRESENTED, verify_link, verify_presented
from operational_db.badges.views import VerificationReport
from operational_db.database import unit_of_work
from operational_db.errors import DatabaseUnavailableError, DomainError
from operational_db.types import VerificationChannel, VerificationOutcome

# The form's own fields come on top of what is handed in.
MOST_BODY_BYTES = LONGEST_PRESENTED + 64 * 1024
_MOST_FIELDS = 6
DID_DOCUMENT = "application/did+json"


class TooLargeError(Exception):
    """More was sent than any badge takes."""


class WrongDateError(Exception):
    """The day asked about is none."""


class VerifyPages:
    """The page's endpoints, with the buckets of its rate limit."""

    def __init__(self, context: AppContext) -> None:
        self.context = context
        self.limit = RateLimit(context.settings.verify_requests_per_minute)

    async def show_link(self, request: Request) -> Response:
        """`GET /verify/<public id>[?on=YYYY-MM-DD]`."""
        if request.method == "HEAD":
            return _page("", HTTPStatus.OK)
        return await run_in_threadpool(self._answer_link, request)

    async def show_form(self, request: Request) -> Response:
        """`GET /verify`."""
        return _page(render_form(), HTTPStatus.OK)

    async def take_form(self, request: Request) -> Response:
        """`POST /verify` with the fields `presented`, `file` and `on`."""
        refused = self._refusal(request)
        if refused is not None:
            return refused
        try:
            presented, on = await _read_form(request)
        except TooLargeError:
            text = f"What was handed in is larger than {LONGEST_PRESENTED // 1024 // 1024} MB."
            return _page(render_message("Too large", text), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except WrongDateError:
            return _wrong_date()
        if not presented:
            return _page(render_form(message="Nothing was handed in."), HTTPStatus.UNPROCESSABLE_ENTITY)
        return await run_in_threadpool(self._answer_presented, presented, on)

    async def show_qr_code(self, request: Request) -> Response:
        """`GET /verify/<public id>/qr.svg`: the page's address, whether or not it leads anywhere."""
        public_id = request.path_params["public_id"]
        if len(public_id) > LONGEST_PUBLIC_ID:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        link = f"{self.context.settings.public_address}/verify/{public_id}"
        content = io.BytesIO()
        segno.make(link, error="m", micro=False).save(
            content, kind="svg", scale=8, border=4, dark="#000000", light="#ffffff", title=f"QR code of {link}"
        )
        return Response(content.getvalue(), media_type="image/svg+xml")

    async def show_did(self, request: Request) -> Response:
        """`GET /.well-known/did.json`: the issuer's keys, former ones included."""
        signer = await run_in_threadpool(load_or_create_badge_signer, self.context.settings)
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
        return JSONResponse(signer.issuer.did_document(), media_type=DID_DOCUMENT, headers=headers)

    def _answer_link(self, request: Request) -> Response:
        refused = self._refusal(request)
        if refused is not None:
            return refused
        now = clock.now()
        try:
            on = _day(request.query_params.get("on", ""))
        except WrongDateError:
            return _wrong_date()
        issuer = load_badge_issuer(self.context.settings)
        public_id = request.path_params["public_id"]

        def verify(session: Session) -> VerificationReport:
            return verify_link(session, issuer=issuer, public_id=public_id, on=on or now.date(), now=now)

        return self._answered(verify, today=now.date(), public_id=public_id)

    def _answer_presented(self, presented: bytes, on: date | None) -> Response:
        now = clock.now()
        issuer = load_badge_issuer(self.context.settings)

        def verify(session: Session) -> VerificationReport:
            return verify_presented(
                session,
                issuer=issuer,
                presented=presented,
                on=on or now.date(),
                now=now,
                fetch=fetch_public,
                channel=VerificationChannel.PAGE,
            )

        return self._answered(verify, today=now.date(), public_id=None)

    def _answered(
        self, verify: Callable[[Session], VerificationReport], *, today: date, public_id: str | None
    ) -> Response:
        try:
            with unit_of_work(self.context.engine) as session:
                report = verify(session)
        except DatabaseUnavailableError:
            text = "The register cannot be reached right now. Try again in a moment."
            return _page(render_message("Not checked", text), HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"})
        except DomainError as error:
            return _page(render_form(message=error.message), error.status)
        issuer = load_badge_issuer(self.context.settings)
        content = render_report(report, issuer, today=today, public_id=public_id, path="")
        is_unknown = report.outcome is VerificationOutcome.UNKNOWN
        return _page(content, HTTPStatus.NOT_FOUND if is_unknown and public_id is not None else HTTPStatus.OK)

    def _refusal(self, request: Request) -> Response | None:
        client = request.client.host if request.client is not None else ""
        wait = self.limit.seconds_to_wait(client, at=time.monotonic())
        if wait == 0:
            return None
        text = f"You have asked very often. Try again in {wait} seconds."
        return _page(
            render_message("Too many requests", text), HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(wait)}
        )


def verify_routes(context: AppContext) -> list[Route]:
    """The routes of one installation, to stand at the root of its address."""
    pages = VerifyPages(context)
    return [
        Route("/verify", pages.show_form, methods=["GET"]),
        Route("/verify", pages.take_form, methods=["POST"]),
        Route("/verify/{public_id}", pages.show_link, methods=["GET"]),
        Route("/verify/{public_id}/qr.svg", pages.show_qr_code, methods=["GET"]),
        Route("/.well-known/did.json", pages.show_did, methods=["GET"]),
        # Where did:web looks when the installation lies under a path that a proxy takes off.
        Route("/did.json", pages.show_did, methods=["GET"]),
    ]


def _page(content: str, status: int, headers: dict[str, str] | None = None) -> HTMLResponse:
    return HTMLResponse(
        content,
        status_code=status,
        headers={
            "Content-Security-Policy": content_security_policy(),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            **(headers or {}),
        },
    )


def _wrong_date() -> HTMLResponse:
    text = "Write the day as year-month-day, such as 2026-11-02."
    return _page(render_message("Not checked", text), HTTPStatus.UNPROCESSABLE_ENTITY)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        if len(text) != len("2026-11-02"):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise WrongDateError from error


async def _read_form(request: Request) -> tuple[bytes, date | None]:
    limited = Request(request.scope, _limited(request.receive))
    try:
        async with limited.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=LONGEST_PRESENTED) as form:
            on = _day(str(form.get("on", "")))
            file = form.get("file")
            if isinstance(file, UploadFile) and file.filename:
                return await file.read(), on
            return str(form.get("presented", "")).strip().encode(), on
    except (HTTPException, MultiPartException) as error:
        raise TooLargeError from error


def _limited(receive: Receive) -> Receive:
    """Stops reading a body that is too long, whatever length it was announced with."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BODY_BYTES:
            raise TooLargeError
        return message

    return limited
