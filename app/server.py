"""The one ASGI application: dashboards at /, the API at /api, local sign-in at /session.

Composition only; what each part does is in its own folder. The API stands beside the dashboards' application and not
inside it, so that what Streamlit wraps around its pages (sessions, path checks) costs no decision its time.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.application import create_api
from app.api.routers import authzen
from app.context import AppContext, create_context
from app.headers import SecurityHeaders
from app.sign_in import sign_in_routes
from app.verify.routes import verify_routes
from operational_db.settings import load_settings

DASHBOARD_SCRIPT = Path(__file__).parent / "dashboards" / "streamlit_app.py"


# Smaller answers gain nothing from being compressed.
SMALLEST_COMPRESSED_BYTES = 4_096


class Site:
    """Sends what is under /api to the API and everything else, the server's own life cycle too, to the pages."""

    def __init__(self, pages: ASGIApp, api: ASGIApp) -> None:
        self.pages = pages
        self.api = SecurityHeaders(GZipMiddleware(api, minimum_size=SMALLEST_COMPRESSED_BYTES))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            await self.api({**scope, "root_path": scope.get("root_path", "") + "/api"}, receive, send)
        else:
            await self.pages(scope, receive, send)


def create_server(context: AppContext) -> Site:
    """Everything one installation serves on its port."""
    api = create_api(context)
    routes: list[BaseRoute] = [
        *sign_in_routes(context),
        authzen.metadata_route(context),
        *verify_routes(context),
    ]

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[None]:
        async with api.router.lifespan_context(api):
            yield
        context.close()

    pages = st.App(str(DASHBOARD_SCRIPT), routes=routes, lifespan=lifespan, middleware=[Middleware(SecurityHeaders)])
    return Site(pages, api)


def create_app() -> Site:
    """Entry for the ASGI server (`uvicorn --factory app.server:create_app`)."""
    return create_server(create_context(load_settings()))
