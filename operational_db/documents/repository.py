"""Queries on stored files and on the documents of people. Nothing here decides who may see what."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from operational_db.identity.repository import is_open_on
from operational_db.tables.catalog import ModuleContent, OrganizationContent, StoredFile
from operational_db.tables.credentials import CeCredit, Certificate, Document, RegisterClaim, VerificationCase
from operational_db.tables.identity import Membership, Person


class DocumentsRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def put_file(self, *, sha256: bytes, media_type: str, size_bytes: int, file_name: str, now: datetime) -> StoredFile:
        """The record of a file, made when its hash is new; two uploads of the same bytes at once share one.

        The row is locked until the transaction ends, so that nobody removes the bytes meanwhile; ask for it before the
        bytes are put into the store.
        """
        statement = insert(StoredFile).values(
            sha256=sha256,
            media_type=media_type,
            size_bytes=size_bytes,
            file_name=file_name,
            created_at=now,
            updated_at=now,
        )
        self.session.execute(
            statement.on_conflict_do_update(index_elements=[StoredFile.sha256], set_={"unused_since": None})
        )
        found = select(StoredFile).where(StoredFile.sha256 == sha256)
        return self.session.scalars(found.execution_options(populate_existing=True)).one()

    def file(self, file_id: UUID) -> StoredFile | None:
        return self.session.get(StoredFile, file_id)

    def person(self, person_id: UUID) -> Person | None:
        return self.session.get(Person, person_id)

    def document(self, document_id: UUID) -> Document | None:
        return self.session.get(Document, document_id)

    def document_of_file(self, person_id: UUID, file_id: UUID) -> Document | None:
        """The person's document with the same bytes, so that sending a form twice makes one."""
        return self.session.scalar(
            select(Document)
            .where(Document.person_id == person_id, Document.file_id == file_id, Document.removed_at.is_(None))
            .order_by(Document.id)
            .limit(1)
        )

    def documents_of(self, person_id: UUID) -> Sequence[tuple[Document, StoredFile]]:
        statement = (
            select(Document, StoredFile)
            .join(StoredFile, StoredFile.id == Document.file_id)
            .where(Document.person_id == person_id, Document.removed_at.is_(None))
            .order_by(Document.created_at.desc(), Document.id.desc())
        )
        return [(document, file) for document, file in self.session.execute(statement)]

    def is_evidence(self, document_id: UUID) -> bool:
        """Whether something that still stands rests on the document."""
        uses = (
            exists().where(Certificate.document_id == document_id, Certificate.withdrawn_at.is_(None)),
            exists().where(VerificationCase.document_id == document_id),
            exists().where(CeCredit.document_id == document_id, CeCredit.withdrawn_at.is_(None)),
            exists().where(RegisterClaim.document_id == document_id),
        )
        return any(self.session.scalar(select(use)) for use in uses)

    def organization_ids_of(self, person_id: UUID, *, on: date) -> frozenset[UUID]:
        """Organizations the person belongs to on the day."""
        statement = select(Membership.organization_id).where(Membership.person_id == person_id, is_open_on(on))
        return frozenset(self.session.scalars(statement))

    def mark_unused(self, file_ids: Sequence[UUID], *, now: datetime) -> None:
        """Note which of the files nothing refers to any more."""
        self.session.execute(
            update(StoredFile).where(StoredFile.id.in_(file_ids), ~_is_used()).values(unused_since=now)
        )

    def lock_unused_files(self, limit: int) -> Sequence[StoredFile]:
        """Files marked as unused that nothing refers to, locked; those somebody else works on are left out."""
        statement = select(StoredFile).where(StoredFile.unused_since.is_not(None), ~_is_used())
        return self.session.scalars(statement.limit(limit).with_for_update(skip_locked=True)).all()


def _is_used() -> ColumnElement[bool]:
    return (
        exists().where(Document.file_id == StoredFile.id)
        | exists().where(ModuleContent.file_id == StoredFile.id)
        | exists().where(OrganizationContent.file_id == StoredFile.id)
    )
