"""Builds the FastAPI application. Endpoints live in `routers`; nothing here knows a feature."""

from typing import Any

from fastapi import FastAPI

from app.api.problems import PROBLEM_RESPONSES, add_problem_handlers, describe_problems
from app.api.queries import OpenReleases
from app.api.reading import add_reading_page
from app.api.routers import (
    access,
    authzen,
    badges,
    buildings,
    catalog,
    certifications,
    certified,
    content,
    crew,
    documents,
    evidence,
    gates,
    health,
    incidents,
    learning,
    ledger,
    lessons,
    mentorship,
    near_misses,
    notifications,
    organization_content,
    organizations,
    recommendations,
    registers,
    roi,
)
from app.api.tokens import OidcTokens
from app.context import AppContext

DESCRIPTION = (
    "Courses, certificates, badges, compliance, gates, evidence, buildings, mentorship and returns of SiteSync "
    "Training & Certification. Errors are `application/problem+json`; long lists take `page` and `page_size`; "
    "instants are UTC."
)


class DescribedApi(FastAPI):
    """Says of every endpoint how it refuses."""

    def openapi(self) -> dict[str, Any]:
        return self.openapi_schema or describe_problems(super().openapi())


def create_api(context: AppContext) -> FastAPI:
    """The API of one installation, to be mounted at `/api`."""
    api = DescribedApi(
        title="SiteSync Training & Certification",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=PROBLEM_RESPONSES,
    )
    api.state.context = context
    settings = context.settings
    api.state.oidc = OidcTokens(settings.oidc_issuer, settings.oidc_audience) if settings.oidc_issuer else None
    api.state.releases = OpenReleases(settings)
    add_problem_handlers(api)
    add_reading_page(api)
    # Looked for in this order: first what every risky action of every product waits for.
    api.include_router(authzen.router)
    api.include_router(health.router)
    api.include_router(catalog.router, prefix="/v1")
    api.include_router(recommendations.router, prefix="/v1")
    api.include_router(learning.router, prefix="/v1")
    api.include_router(organizations.router, prefix="/v1")
    api.include_router(organization_content.router, prefix="/v1")
    api.include_router(ledger.router, prefix="/v1")
    api.include_router(content.router, prefix="/v1")
    api.include_router(lessons.router, prefix="/v1")
    api.include_router(near_misses.router, prefix="/v1")
    api.include_router(notifications.router, prefix="/v1")
    api.include_router(registers.router, prefix="/v1")
    api.include_router(certifications.router, prefix="/v1")
    api.include_router(documents.router, prefix="/v1")
    api.include_router(certified.router, prefix="/v1")
    api.include_router(gates.router, prefix="/v1")
    api.include_router(access.router, prefix="/v1")
    api.include_router(incidents.router, prefix="/v1")
    api.include_router(evidence.router, prefix="/v1")
    api.include_router(badges.router, prefix="/v1")
    api.include_router(buildings.router, prefix="/v1")
    api.include_router(crew.router, prefix="/v1")
    api.include_router(mentorship.router, prefix="/v1")
    api.include_router(roi.router, prefix="/v1")
    api.add_middleware(authzen.EchoRequestId)
    return api
