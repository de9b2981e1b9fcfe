"""Documents over HTTP: evidence people hand in, for themselves and for who may verify their certificates."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile, status

from app.api.dependencies import CurrentPrincipal, Files, ReadSession, WriteSession
from app.api.downloads import HEADERS, attachment
from app.api.schemas.certifications import DocumentBody
from operational_db import clock
from operational_db.documents import service
from operational_db.documents.service import DocumentView
from operational_db.errors import InvalidInputError

router = APIRouter(tags=["documents"])


@router.post("/me/documents", status_code=status.HTTP_201_CREATED, summary="Hand in a document")
def add_document(
    files: Files,
    session: WriteSession,
    principal: CurrentPrincipal,
    file: Annotated[UploadFile, File(description="A PDF, PNG or JPEG.")],
    person_id: Annotated[UUID | None, Form(description="Whose document it is; the caller's when left out.")] = None,
) -> DocumentBody:
    """Type and size are checked by the bytes. The same bytes again are the same document."""
    # One byte more than allowed tells that it is too large, however large it is.
    content = file.file.read(files.largest_document_bytes + 1)
    if not file.filename:
        raise InvalidInputError("The file needs a name.")
    holder_id = person_id or principal.person_id
    now = clock.now()
    document = service.add_document(
        session, principal, files, person_id=holder_id, file_name=file.filename, content=content, now=now
    )
    views = service.list_documents(session, principal, person_id=holder_id, on=now.date())
    return _to_body(next(view for view in views if view.document_id == document.id))


@router.get("/me/documents", summary="My documents")
def my_documents(session: ReadSession, principal: CurrentPrincipal) -> list[DocumentBody]:
    views = service.list_documents(session, principal, person_id=principal.person_id, on=clock.today())
    return [_to_body(view) for view in views]


@router.get("/documents/{document_id}", summary="Download a document", response_class=Response)
def download_document(document_id: UUID, files: Files, session: ReadSession, principal: CurrentPrincipal) -> Response:
    """For its holder and for who may verify her certificates; always as an attachment."""
    opened = service.open_document(session, principal, files, document_id=document_id, now=clock.now())
    headers = {**HEADERS, "Content-Disposition": attachment(opened.file_name)}
    return Response(opened.content, media_type=opened.media_type, headers=headers)


@router.delete("/documents/{document_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Remove a document")
def remove_document(document_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> None:
    """Only while nothing rests on it; its bytes are deleted with the next clearing."""
    service.remove_document(session, principal, document_id=document_id, now=clock.now())


def _to_body(view: DocumentView) -> DocumentBody:
    return DocumentBody(
        id=view.document_id,
        file_name=view.file_name,
        media_type=view.media_type,
        size_bytes=view.size_bytes,
        added_at=view.added_at,
    )
