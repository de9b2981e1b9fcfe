"""Evidence bundles: export one, list those that were exported. Source: embedded-training seed, auditor reporting."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from app.api.dependencies import Context, CurrentPrincipal, ReadSession
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.schemas.evidence import BundleRequest, ExportBody
from app.evidence import discard, make_bundle, temporary_target
from operational_db import clock
from operational_db.evidence import service as evidence
from operational_db.evidence.views import ExportView

router = APIRouter(prefix="/evidence", tags=["evidence"])

ZIP = "application/zip"


@router.post(
    "/bundles",
    summary="Export an evidence bundle",
    response_class=FileResponse,
    responses={200: {"content": {ZIP: {}}, "description": "The bundle; `verify_bundle.py` in it checks it offline."}},
)
def export_bundle(body: BundleRequest, context: Context, principal: CurrentPrincipal) -> FileResponse:
    """Answers with the zip file once the export is on record; 403 with the lesson to take while the gate is closed."""
    target = temporary_target(context.settings)
    try:
        bundle = make_bundle(
            context.engine,
            context.settings,
            principal,
            body.to_scope(),
            target=target,
            now=clock.now(),
            has_names=body.has_names,
        )
    except BaseException:
        discard(target)
        raise
    return FileResponse(
        bundle.path,
        media_type=ZIP,
        filename=f"evidence-{bundle.bundle_id}.zip",
        headers={
            "Cache-Control": "no-store",
            "X-Bundle-Id": str(bundle.bundle_id),
            "X-Manifest-SHA256": bundle.manifest_sha256.hex(),
            "X-Tree-Size": str(bundle.tree_size),
        },
        background=BackgroundTask(discard, target),
    )


@router.get("/bundles", summary="List exports")
def list_bundles(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    organization_id: Annotated[UUID | None, Query(description="None: the whole platform's.")] = None,
) -> PageResponse[ExportBody]:
    """Who took which evidence away and when, the latest first; for those who may export it themselves."""
    page = evidence.list_exports(session, principal, organization_id=organization_id, page=paging)
    return to_page_response(page, _to_body)


def _to_body(view: ExportView) -> ExportBody:
    values = {name: getattr(view, name) for name in view.__dataclass_fields__}
    return ExportBody(**{**values, "manifest_sha256": view.manifest_sha256.hex()})
