"""Use cases of documents: bring one, open it, list and remove them, and delete bytes that nobody needs any more.

Source: training-platform seed 3.2.2.1 (`certificate_document_id`, `documentation_id`). Content that organizations
upload is in `catalog.company_content`; both lie in the same store.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from operational_db.documents import rules
from operational_db.documents.repository import DocumentsRepository
from operational_db.documents.store import FileStore
from operational_db.errors import ConflictError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.tables.catalog import StoredFile
from operational_db.tables.credentials import Document
from operational_db.types import new_id

ERASED_FILE_NAME = "Erased"


@dataclass(frozen=True)
class DocumentFile:
    """A document as it is handed out."""

    content: bytes
    media_type: str
    file_name: str


@dataclass(frozen=True)
class DocumentView:
    """A document in a list: enough to choose it by."""

    document_id: UUID
    file_name: str
    media_type: str
    size_bytes: int
    added_at: datetime


def keep_file(
    session: Session,
    store: FileStore,
    stream: BinaryIO,
    *,
    sha256: bytes,
    size_bytes: int,
    media_type: str,
    file_name: str,
    now: datetime,
) -> StoredFile:
    """Keep checked bytes in the store, once, and their record; callers have authorised it.

    The record comes first: it is locked until the transaction ends, so that `remove_unused_files` cannot take the bytes
    away meanwhile, and nobody sees it before the bytes are there.
    """
    record = DocumentsRepository(session).put_file(
        sha256=sha256, media_type=media_type, size_bytes=size_bytes, file_name=file_name, now=now
    )
    store.put(sha256, stream)
    return record


def add_document(
    session: Session,
    principal: Principal,
    store: FileStore,
    *,
    person_id: UUID,
    file_name: str,
    content: bytes,
    now: datetime,
) -> Document:
    """Keep a document about a person: a PDF, PNG or JPEG. The same bytes again are the same document.

    The holder brings her own, who may verify her certificates also hers.

    Raises
    ------
    NotFoundError
        When there is no such person the principal may act for.
    InvalidInputError
        When it is empty or broken; with status 413 or 415 for its size and type (`documents.rules.check_document`).
    """
    _require_may_handle(session, principal, person_id, on=now.date())
    kind = rules.check_document(content, file_name, largest_bytes=store.largest_document_bytes)
    # The file stands for all who bring these bytes; only the document carries this person's name for them.
    file = keep_file(
        session,
        store,
        BytesIO(content),
        sha256=hashlib.sha256(content).digest(),
        size_bytes=len(content),
        media_type=kind.media_type,
        file_name=f"document{kind.endings[0]}",
        now=now,
    )
    repository = DocumentsRepository(session)
    known = repository.document_of_file(person_id, file.id)
    if known is not None:
        return known
    document = Document(
        id=new_id(),
        person_id=person_id,
        file_id=file.id,
        uploaded_by_id=principal.actor_id,
        file_name=rules.to_document_name(file_name, kind),
        created_at=now,
        updated_at=now,
    )
    session.add(document)
    session.flush()
    return document


def open_document(
    session: Session, principal: Principal, store: FileStore, *, document_id: UUID, now: datetime
) -> DocumentFile:
    """A document with its bytes, for its holder and for who may verify her certificates.

    Raises
    ------
    NotFoundError
        When there is none with the id that the principal may see, or it was removed.
    """
    repository = DocumentsRepository(session)
    document = _visible_document(session, principal, document_id, on=now.date())
    file = None if document.file_id is None else repository.file(document.file_id)
    if file is None:
        raise _no_document()
    content = store.read(file.sha256)
    return DocumentFile(content, rules.media_type_of(content), document.file_name)


def require_document(session: Session, principal: Principal, *, document_id: UUID, person_id: UUID, on: date) -> None:
    """Make sure that a document is the person's and the principal may see it, before something refers to it.

    Raises
    ------
    NotFoundError
    """
    if _visible_document(session, principal, document_id, on=on).person_id != person_id:
        raise _no_document()


def list_documents(session: Session, principal: Principal, *, person_id: UUID, on: date) -> list[DocumentView]:
    """The person's documents, newest first.

    Raises
    ------
    NotFoundError
        When there is no such person the principal may act for.
    """
    _require_may_handle(session, principal, person_id, on=on)
    return [
        DocumentView(document.id, document.file_name, file.media_type, file.size_bytes, document.created_at)
        for document, file in DocumentsRepository(session).documents_of(person_id)
    ]


def remove_document(session: Session, principal: Principal, *, document_id: UUID, now: datetime) -> None:
    """Take a document back that nothing rests on; `remove_unused_files` deletes its bytes afterwards.

    Raises
    ------
    NotFoundError
    ConflictError
        When a certificate, a credit, a claim or a verification names it.
    """
    repository = DocumentsRepository(session)
    document = _visible_document(session, principal, document_id, on=now.date())
    if repository.is_evidence(document.id):
        raise ConflictError(
            "This document is evidence for a certificate, a credit or a claim. Withdraw that first; what was verified "
            "by it stays on record."
        )
    _let_go(session, [document], now=now)


def erase_documents(session: Session, person_id: UUID, *, now: datetime) -> None:
    """Part of the erasure of a person: her documents lose name and bytes, however much rests on them."""
    repository = DocumentsRepository(session)
    documents = [document for document, _ in repository.documents_of(person_id)]
    _let_go(session, documents, now=now)
    session.execute(update(Document).where(Document.person_id == person_id).values(file_name=ERASED_FILE_NAME))


def remove_unused_files(session: Session, store: FileStore, *, limit: int = 1000) -> int:
    """Delete the bytes of files that nothing refers to any more; how many. For a transaction of its own.

    Runs after the transaction that let go of them, so that one that is rolled back loses no file. A crash in between
    leaves them marked for the next run.
    """
    files = DocumentsRepository(session).lock_unused_files(limit)
    for file in files:
        store.remove(file.sha256)
        session.delete(file)
    session.flush()
    return len(files)


def _let_go(session: Session, documents: list[Document], *, now: datetime) -> None:
    file_ids = sorted({document.file_id for document in documents if document.file_id is not None})
    for document in documents:
        document.file_id = None
        document.removed_at = now
        document.updated_at = now
    session.flush()
    DocumentsRepository(session).mark_unused(file_ids, now=now)


def _require_may_handle(session: Session, principal: Principal, person_id: UUID, *, on: date) -> None:
    repository = DocumentsRepository(session)
    person = repository.person(person_id)
    is_known = person is not None and person.erased_at is None
    organizations = repository.organization_ids_of(person_id, on=on)
    if not is_known or not principal.may_act_for(Permission.VERIFY_CERTIFICATES, person_id, organizations):
        raise NotFoundError("There is no person with this id among your members. Check the id or search by name.")


def _visible_document(session: Session, principal: Principal, document_id: UUID, *, on: date) -> Document:
    repository = DocumentsRepository(session)
    document = repository.document(document_id)
    if document is None or document.removed_at is not None:
        raise _no_document()
    organizations = repository.organization_ids_of(document.person_id, on=on)
    if not principal.may_act_for(Permission.VERIFY_CERTIFICATES, document.person_id, organizations):
        raise _no_document()
    return document


def _no_document() -> NotFoundError:
    return NotFoundError("There is no document with this id that you may see. Check the id.")
