"""The one ASGI application: dashboards at /, the API at /api, local sign-in at /session.

Composition only; what each part does is in its own folder.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from app.api.application import create_api
from app.api.routers import authzen
from app.context import AppContext, create_context
from app.headers import SecurityHeaders
from app.sign_in import sign_in_routes
from operational_db.settings import load_settings

DASHBOARD_SCRIPT = Path(__file__).parent / "dashboards" / "streamlit_app.py"


def create_server(context: AppContext) -> st.App:
    """Everything one installation serves on its port."""
    api = create_api(context)
    routes: list[BaseRoute] = [*sign_in_routes(context), authzen.metadata_route(context), Mount("/api", app=api)]

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[None]:
        async with api.router.lifespan_context(api):
            yield
        context.close()

    return st.App(str(DASHBOARD_SCRIPT), routes=routes, lifespan=lifespan, middleware=[Middleware(SecurityHeaders)])


def create_app() -> st.App:
    """Entry for the ASGI server (`uvicorn --factory app.server:create_app`)."""
    return create_server(create_context(load_settings()))
