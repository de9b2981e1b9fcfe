"""Local sign-in for installations without an identity provider: a signed, HttpOnly cookie set by a form post.

Only simulated people may be chosen, and only while no `[auth]` section is configured for Streamlit.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.context import AppContext
from app.session_cookie import COOKIE_NAME, SESSION_SECONDS, sign_session
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import DomainError
from operational_db.identity.service import may_sign_in_locally

Endpoint = Callable[[Request], Awaitable[Response]]


def _is_same_origin(request: Request) -> bool:
    """Browsers name the origin of a form post; another site's form must not sign anybody in or out."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _local_path(target: str) -> str:
    """Where to go afterwards: a path of ours, never another site."""
    parts = urlsplit(target)
    is_ours = target.startswith("/") and not target.startswith("//") and not parts.scheme and not parts.netloc
    return target if is_ours and "\\" not in target else "/"


def sign_in_routes(context: AppContext) -> list[Route]:
    """`POST /session/sign-in` (form field `person_id`, optional `next`) and `POST /session/sign-out`."""

    def check_person(person_id: UUID) -> None:
        with read_only_session(context.engine) as session:
            may_sign_in_locally(session, person_id)

    async def sign_in(request: Request) -> Response:
        if context.is_oidc_configured:
            return PlainTextResponse("Sign-in is by your identity provider here.", status_code=404)
        if not _is_same_origin(request):
            return PlainTextResponse("This form came from another site.", status_code=403)
        form = await request.form()
        try:
            person_id = UUID(str(form.get("person_id", "")))
        except ValueError:
            return PlainTextResponse("Choose a person to sign in as, then try again.", status_code=422)
        try:
            await run_in_threadpool(check_person, person_id)
        except DomainError as error:
            return PlainTextResponse(error.message, status_code=error.status)
        response = RedirectResponse(_local_path(str(form.get("next", "/"))), status_code=303)
        value = sign_session(context.settings, person_id, clock.now())
        is_https = request.url.scheme == "https"
        response.set_cookie(COOKIE_NAME, value, max_age=SESSION_SECONDS, httponly=True, samesite="lax", secure=is_https)
        return response

    async def sign_out(request: Request) -> Response:
        if not _is_same_origin(request):
            return PlainTextResponse("This form came from another site.", status_code=403)
        response = RedirectResponse("/", status_code=303)
        response.delete_cookie(COOKIE_NAME)
        return response

    return [
        Route("/session/sign-in", sign_in, methods=["POST"]),
        Route("/session/sign-out", sign_out, methods=["POST"]),
    ]
