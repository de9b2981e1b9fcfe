"""Documents are for their holder and for who may verify her certificates; their bytes go when nobody needs them."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.documents import service
from operational_db.documents.rules import MediaTypeRefusedError
from operational_db.documents.store import FileStore
from operational_db.errors import ConflictError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import erase_person
from operational_db.tables.catalog import OrganizationContent, StoredFile
from operational_db.tables.credentials import Document
from operational_db.tables.identity import Organization, Person
from operational_db.types import ContentType, Role
from tests import builders
from tests.operational_db.documents.sample_files import JPEG, PDF, PNG
from tests.operational_db.principals import create_manager, create_member, principal_of


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path, largest_bytes=10_000, largest_document_bytes=5_000)


@pytest.fixture
def company(session: Session) -> Organization:
    return builders.create_organization(session)


@pytest.fixture
def holder(session: Session, company: Organization) -> Principal:
    return create_member(session, company)


def add(
    session: Session,
    principal: Principal,
    store: FileStore,
    holder: Principal,
    now: datetime,
    content: bytes = PDF,
    file_name: str = "licence.pdf",
) -> Document:
    return service.add_document(
        session, principal, store, person_id=holder.person_id, file_name=file_name, content=content, now=now
    )


class TestAddAndOpen:
    def test_the_holder_gets_back_what_she_brought(
        self, session: Session, store: FileStore, holder: Principal, now: datetime
    ) -> None:
        document = add(session, holder, store, holder, now, file_name="C:\\scans\\licence.pdf")
        opened = service.open_document(session, holder, store, document_id=document.id, now=now)
        assert opened == service.DocumentFile(PDF, "application/pdf", "licence.pdf")
        views = service.list_documents(session, holder, person_id=holder.person_id, on=now.date())
        assert [(view.document_id, view.size_bytes) for view in views] == [(document.id, len(PDF))]

    def test_the_same_bytes_again_are_the_same_document(
        self, session: Session, store: FileStore, holder: Principal, now: datetime
    ) -> None:
        first = add(session, holder, store, holder, now)
        assert add(session, holder, store, holder, now, file_name="again.pdf").id == first.id

    def test_two_people_may_bring_the_same_bytes_and_do_not_see_each_others_names(
        self, session: Session, store: FileStore, company: Organization, holder: Principal, now: datetime
    ) -> None:
        other = create_member(session, company)
        hers = add(session, holder, store, holder, now, file_name="ann-secret.pdf")
        his = add(session, other, store, other, now, file_name="bob.pdf")
        assert hers.file_id == his.file_id
        file = session.get_one(StoredFile, hers.file_id)
        assert "secret" not in file.file_name
        assert service.open_document(session, other, store, document_id=his.id, now=now).file_name == "bob.pdf"
        with pytest.raises(NotFoundError):
            service.open_document(session, other, store, document_id=hers.id, now=now)

    def test_who_may_verify_her_certificates_reads_and_brings_hers_and_nobody_else(
        self, session: Session, store: FileStore, company: Organization, holder: Principal, now: datetime
    ) -> None:
        manager, _ = create_manager(session, company)
        document = add(session, manager, store, holder, now)
        assert document.uploaded_by_id == manager.person_id
        for allowed in (holder, manager, SYSTEM_PRINCIPAL):
            assert service.open_document(session, allowed, store, document_id=document.id, now=now).content == PDF
        foreign, _ = create_manager(session)
        colleagues = [
            create_member(session, company, role) for role in (Role.TECHNICIAN, Role.SUPERVISOR, Role.AUDITOR)
        ]
        for refused in (foreign, *colleagues, principal_of(builders.create_person(session))):
            with pytest.raises(NotFoundError):
                service.open_document(session, refused, store, document_id=document.id, now=now)
            with pytest.raises(NotFoundError):
                add(session, refused, store, holder, now)
            with pytest.raises(NotFoundError):
                service.list_documents(session, refused, person_id=holder.person_id, on=now.date())
            with pytest.raises(NotFoundError):
                service.remove_document(session, refused, document_id=document.id, now=now)

    def test_a_manager_whose_member_left_no_longer_reads(
        self, session: Session, store: FileStore, company: Organization, now: datetime
    ) -> None:
        manager, _ = create_manager(session, company)
        left = create_member(session, company, ended_on=now.date())
        document = add(session, left, store, left, now)
        with pytest.raises(NotFoundError):
            service.open_document(session, manager, store, document_id=document.id, now=now)

    def test_a_refused_file_leaves_nothing(
        self, session: Session, store: FileStore, holder: Principal, now: datetime
    ) -> None:
        with pytest.raises(MediaTypeRefusedError):
            add(session, holder, store, holder, now, b"<svg/>", "a.svg")
        assert session.scalar(select(Document).where(Document.person_id == holder.person_id)) is None
        assert list(Path(store.folder).rglob("*")) == []


class TestRemove:
    def test_a_document_nothing_rests_on_goes_with_its_bytes(
        self, session: Session, store: FileStore, holder: Principal, now: datetime
    ) -> None:
        document = add(session, holder, store, holder, now)
        file = session.get_one(StoredFile, document.file_id)
        service.remove_document(session, holder, document_id=document.id, now=now)
        with pytest.raises(NotFoundError):
            service.open_document(session, holder, store, document_id=document.id, now=now)
        assert store.has(file.sha256)
        assert service.remove_unused_files(session, store) == 1
        assert not store.has(file.sha256)

    def test_evidence_of_a_certificate_stays(
        self, session: Session, store: FileStore, holder: Principal, now: datetime
    ) -> None:
        document = add(session, holder, store, holder, now)
        builders.create_certificate(session, document_id=document.id)
        with pytest.raises(ConflictError, match="evidence"):
            service.remove_document(session, holder, document_id=document.id, now=now)

    def test_bytes_that_somebody_else_brought_too_stay(
        self, session: Session, store: FileStore, company: Organization, holder: Principal, now: datetime
    ) -> None:
        other = create_member(session, company)
        document = add(session, holder, store, holder, now)
        his = add(session, other, store, other, now)
        service.remove_document(session, holder, document_id=document.id, now=now)
        assert service.remove_unused_files(session, store) == 0
        assert service.open_document(session, other, store, document_id=his.id, now=now).content == PDF

    def test_bytes_brought_again_before_they_were_deleted_stay(
        self, session: Session, store: FileStore, holder: Principal, now: datetime
    ) -> None:
        first = add(session, holder, store, holder, now)
        service.remove_document(session, holder, document_id=first.id, now=now)
        second = add(session, holder, store, holder, now)
        assert second.id != first.id
        assert service.remove_unused_files(session, store) == 0
        assert service.open_document(session, holder, store, document_id=second.id, now=now).content == PDF

    def test_bytes_of_an_organizations_content_stay(
        self, session: Session, store: FileStore, company: Organization, holder: Principal, now: datetime
    ) -> None:
        document = add(session, holder, store, holder, now)
        content = OrganizationContent(
            organization_id=company.id,
            title="Guide",
            content_type=ContentType.DOCUMENT,
            file_id=document.file_id,
            uploaded_by=holder.person_id,
        )
        session.add(content)
        session.flush()
        service.remove_document(session, holder, document_id=document.id, now=now)
        assert service.remove_unused_files(session, store) == 0


class TestErasure:
    def test_the_bytes_of_an_erased_person_go_unless_somebody_else_uses_them(
        self, session: Session, store: FileStore, company: Organization, holder: Principal, now: datetime
    ) -> None:
        other = create_member(session, company)
        own = add(session, holder, store, holder, now, PNG, "ann.png")
        builders.create_certificate(session, session.get_one(Person, holder.person_id), document_id=own.id)
        shared = add(session, holder, store, holder, now, JPEG, "both.jpg")
        add(session, other, store, other, now, JPEG, "both.jpg")
        hashes = [session.get_one(StoredFile, document.file_id).sha256 for document in (own, shared)]
        erase_person(session, SYSTEM_PRINCIPAL, person_id=holder.person_id, now=now)
        service.remove_unused_files(session, store)
        assert [store.has(sha256) for sha256 in hashes] == [False, True]
        session.expire_all()
        assert {own.file_name, shared.file_name} == {service.ERASED_FILE_NAME}
        manager, _ = create_manager(session, company)
        for principal in (manager, SYSTEM_PRINCIPAL):
            with pytest.raises(NotFoundError):
                service.open_document(session, principal, store, document_id=own.id, now=now)

    def test_an_erased_person_gets_no_new_document(
        self, session: Session, store: FileStore, holder: Principal, now: datetime
    ) -> None:
        erase_person(session, SYSTEM_PRINCIPAL, person_id=holder.person_id, now=now)
        with pytest.raises(NotFoundError):
            add(session, SYSTEM_PRINCIPAL, store, holder, now)


def test_an_erasure_that_is_rolled_back_loses_no_bytes(
    committed_engine: Engine, store: FileStore, now: datetime
) -> None:
    with unit_of_work(committed_engine) as session:
        person = principal_of(builders.create_person(session))
        document_id = add(session, person, store, person, now).id

    class LostConnectionError(Exception):
        pass

    with pytest.raises(LostConnectionError), unit_of_work(committed_engine) as session:
        erase_person(session, SYSTEM_PRINCIPAL, person_id=person.person_id, now=now)
        raise LostConnectionError
    with unit_of_work(committed_engine) as session:
        assert service.remove_unused_files(session, store) == 0
        assert service.open_document(session, person, store, document_id=document_id, now=now).content == PDF


def test_a_file_in_use_again_by_an_open_transaction_is_left_alone(
    committed_engine: Engine, store: FileStore, now: datetime
) -> None:
    with unit_of_work(committed_engine) as session:
        ann, bob = (principal_of(builders.create_person(session)) for _ in range(2))
        document = add(session, ann, store, ann, now)
    with unit_of_work(committed_engine) as session:
        service.remove_document(session, ann, document_id=document.id, now=now)
    with unit_of_work(committed_engine) as bringing:
        his = add(bringing, bob, store, bob, now)
        with unit_of_work(committed_engine) as removing:
            assert service.remove_unused_files(removing, store) == 0
    with unit_of_work(committed_engine) as session:
        assert service.remove_unused_files(session, store) == 0
        assert service.open_document(session, bob, store, document_id=his.id, now=now).content == PDF
