"""Content that organizations bring, courses made of it, and who may read its files."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.catalog import company_content as service
from operational_db.catalog import views
from operational_db.catalog.files import Upload
from operational_db.documents.rules import MediaTypeRefusedError
from operational_db.documents.store import FileStore
from operational_db.errors import InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import start_membership
from operational_db.learning.service import enroll
from operational_db.tables.catalog import AutoAssignment, OrganizationContent, StoredFile
from operational_db.tables.compliance import TrainingAssignment
from operational_db.tables.identity import Organization
from operational_db.types import ContentType, CourseCategory, CourseStatus, CourseVisibility, Role
from tests import builders
from tests.operational_db.principals import create_manager, create_member

PDF = b"%PDF-1.7\nour guide"


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path, largest_bytes=1024 * 1024)


@pytest.fixture
def company(session: Session) -> Organization:
    return builders.create_organization(session)


@pytest.fixture
def manager(session: Session, company: Organization) -> Principal:
    return create_member(session, company, Role.COMPANY_MANAGER)


@pytest.fixture
def stranger(session: Session) -> Principal:
    """The manager of another company."""
    return create_manager(session)[0]


def pdf(data: bytes = PDF) -> Upload:
    return Upload(BytesIO(data), "guide.pdf", "application/pdf")


def upload_guide(
    session: Session, principal: Principal, organization: Organization, store: FileStore, now: datetime
) -> OrganizationContent:
    return service.upload_organization_content(
        session,
        principal,
        organization_id=organization.id,
        title="Guide",
        content_type=ContentType.DOCUMENT,
        store=store,
        upload=pdf(),
        now=now,
    )


class TestContent:
    @pytest.mark.requirement("CMP-05", "US-TC019")
    def test_it_is_uploaded_listed_changed_and_removed(
        self, session: Session, manager: Principal, company: Organization, store: FileStore, now: datetime
    ) -> None:
        content = upload_guide(session, manager, company, store, now)
        (listed,) = views.organization_contents(session, manager, organization_id=company.id).items
        assert (listed.title, listed.media_type, listed.size_bytes) == ("Guide", "application/pdf", len(PDF))
        assert listed.uploaded_by == manager.person_id
        service.update_organization_content(
            session,
            manager,
            organization_id=company.id,
            content_id=content.id,
            store=store,
            title="Our guide",
            content_url="https://example.org/guide",
            now=now,
        )
        (changed,) = views.organization_contents(session, manager, organization_id=company.id).items
        assert (changed.title, changed.file_id, changed.content_url) == (
            "Our guide",
            None,
            "https://example.org/guide",
        )
        service.remove_organization_content(
            session, manager, organization_id=company.id, content_id=content.id, now=now
        )
        assert views.organization_contents(session, manager, organization_id=company.id).total == 0
        with pytest.raises(NotFoundError):
            service.remove_organization_content(
                session, manager, organization_id=company.id, content_id=content.id, now=now
            )

    def test_the_same_file_of_two_companies_is_kept_once_and_shared_by_no_one(
        self,
        session: Session,
        manager: Principal,
        stranger: Principal,
        company: Organization,
        store: FileStore,
        now: datetime,
    ) -> None:
        (other_id,) = stranger.organization_ids
        upload_guide(session, manager, company, store, now)
        upload_guide(session, stranger, session.get_one(Organization, other_id), store, now)
        assert len(session.scalars(select(StoredFile)).all()) == 1
        assert views.organization_contents(session, manager, organization_id=company.id).total == 1

    def test_it_has_one_source_of_an_accepted_type_and_a_person_behind_it(
        self, session: Session, manager: Principal, company: Organization, store: FileStore, now: datetime
    ) -> None:
        def add(principal: Principal = manager, **fields: object) -> None:
            service.upload_organization_content(
                session,
                principal,
                organization_id=company.id,
                title=str(fields.pop("title", "Guide")),
                content_type=ContentType.VIDEO,
                store=store,
                now=now,
                **fields,  # type: ignore[arg-type]  # sources of a content
            )

        with pytest.raises(MediaTypeRefusedError, match="video/mp4"):
            add(upload=pdf())
        with pytest.raises(InvalidInputError, match="exactly one"):
            add()
        with pytest.raises(InvalidInputError, match="title"):
            add(title=" ", content_url="https://example.org/v")
        with pytest.raises(NotAuthorizedError, match="by a person"):
            add(SYSTEM_PRINCIPAL, content_url="https://example.org/v")
        assert session.scalars(select(OrganizationContent)).all() == []

    def test_strangers_and_technicians_see_and_change_nothing(
        self,
        session: Session,
        manager: Principal,
        stranger: Principal,
        company: Organization,
        store: FileStore,
        now: datetime,
    ) -> None:
        content = upload_guide(session, manager, company, store, now)
        for principal in (stranger, create_member(session, company)):
            attempts: list[Callable[[Principal], object]] = [
                lambda p: views.organization_contents(session, p, organization_id=company.id),
                lambda p: views.custom_courses(session, p, organization_id=company.id),
                lambda p: upload_guide(session, p, company, store, now),
                lambda p: service.update_organization_content(
                    session, p, organization_id=company.id, content_id=content.id, store=store, title="X", now=now
                ),
                lambda p: service.remove_organization_content(
                    session, p, organization_id=company.id, content_id=content.id, now=now
                ),
                lambda p: service.create_custom_course(
                    session,
                    p,
                    organization_id=company.id,
                    title="X",
                    category=CourseCategory.SOFT_SKILLS,
                    modules=[service.CustomModule("One", service.CustomModuleKind.QUIZ)],
                    now=now,
                ),
            ]
            for attempt in attempts:
                with pytest.raises(NotAuthorizedError):
                    attempt(principal)
        (stranger_organization_id,) = stranger.organization_ids
        with pytest.raises(NotFoundError):
            service.remove_organization_content(
                session, stranger, organization_id=stranger_organization_id, content_id=content.id, now=now
            )
        assert (content.title, content.removed_at) == ("Guide", None)


class TestCustomCourse:
    @pytest.mark.requirement("CMP-05", "US-TC019")
    def test_it_is_made_of_content_and_assigned_to_newcomers(
        self, session: Session, manager: Principal, company: Organization, store: FileStore, now: datetime
    ) -> None:
        guide = upload_guide(session, manager, company, store, now)
        course = service.create_custom_course(
            session,
            manager,
            organization_id=company.id,
            title="Welcome",
            category=CourseCategory.SOFT_SKILLS,
            modules=[
                service.CustomModule("Read", service.CustomModuleKind.DOCUMENT, guide.id, 20),
                service.CustomModule("Check", service.CustomModuleKind.QUIZ),
            ],
            is_mandatory=False,
            auto_assign_to_roles=[Role.TECHNICIAN, Role.TECHNICIAN, Role.MENTOR],
            due_within_days=14,
            requires_assessment=True,
            passing_score=85,
            now=now,
        )
        assert (course.status, course.visibility) == (CourseStatus.PUBLISHED, CourseVisibility.ORGANIZATION)
        view = views.custom_course_response(session, manager, course_id=course.id)
        assert [(module.title, list(module.content_types)) for module in view.modules] == [
            ("Read", ["text"]),
            ("Check", ["quiz"]),
        ]
        assert sorted(view.auto_assign_to_roles) == ["mentor", "technician"]
        assert (view.requires_assessment, view.passing_score, view.is_mandatory) == (True, 85, False)
        assert not view.auto_assign_to_new_employees
        assert views.custom_courses(session, manager, organization_id=company.id).total == 1
        person = builders.create_person(session)
        start_membership(
            session,
            manager,
            person_id=person.id,
            organization_id=company.id,
            role=Role.TECHNICIAN,
            started_on=now.date(),
            now=now,
        )
        assignment = session.scalars(select(TrainingAssignment)).one()
        assert (assignment.course_id, assignment.person_id, assignment.is_mandatory) == (course.id, person.id, False)

    def test_new_employees_are_everybody(
        self, session: Session, manager: Principal, company: Organization, now: datetime
    ) -> None:
        course = service.create_custom_course(
            session,
            manager,
            organization_id=company.id,
            title="Welcome",
            category=CourseCategory.SOFT_SKILLS,
            modules=[service.CustomModule("Check", service.CustomModuleKind.QUIZ)],
            is_mandatory=True,
            auto_assign_to_new_employees=True,
            auto_assign_to_roles=[Role.MENTOR],
            now=now,
        )
        (auto,) = session.scalars(select(AutoAssignment)).all()
        assert (auto.course_id, auto.role, auto.is_mandatory) == (course.id, None, True)
        view = views.custom_course_response(session, manager, course_id=course.id)
        assert (view.auto_assign_to_new_employees, view.is_mandatory, view.average_score) == (True, True, None)

    def test_modules_and_content_go_together(
        self,
        session: Session,
        manager: Principal,
        stranger: Principal,
        company: Organization,
        store: FileStore,
        now: datetime,
    ) -> None:
        guide = upload_guide(session, manager, company, store, now)
        (other_id,) = stranger.organization_ids
        foreign = upload_guide(session, stranger, session.get_one(Organization, other_id), store, now)
        kinds = service.CustomModuleKind

        def create(*modules: service.CustomModule, due_within_days: int = 30) -> None:
            service.create_custom_course(
                session,
                manager,
                organization_id=company.id,
                title="Welcome",
                category=CourseCategory.SOFT_SKILLS,
                modules=modules,
                due_within_days=due_within_days,
                now=now,
            )

        with pytest.raises(InvalidInputError, match="at least one module"):
            create()
        with pytest.raises(InvalidInputError, match="is said to be video"):
            create(service.CustomModule("Watch", kinds.VIDEO, guide.id))
        with pytest.raises(InvalidInputError, match="a quiz has no content"):
            create(service.CustomModule("Check", kinds.QUIZ, guide.id))
        with pytest.raises(InvalidInputError, match="every other module has one"):
            create(service.CustomModule("Read", kinds.DOCUMENT))
        with pytest.raises(InvalidInputError, match="0 days or more"):
            create(service.CustomModule("Check", kinds.QUIZ), due_within_days=-1)
        with pytest.raises(NotFoundError):
            create(service.CustomModule("Read", kinds.DOCUMENT, foreign.id))


class TestOpenFile:
    @pytest.mark.requirement("LMS-03")
    def test_it_opens_to_its_managers_and_to_those_enrolled_and_to_nobody_else(
        self,
        session: Session,
        manager: Principal,
        stranger: Principal,
        company: Organization,
        store: FileStore,
        now: datetime,
    ) -> None:
        guide = upload_guide(session, manager, company, store, now)
        course = service.create_custom_course(
            session,
            manager,
            organization_id=company.id,
            title="Welcome",
            category=CourseCategory.SOFT_SKILLS,
            modules=[service.CustomModule("Read", service.CustomModuleKind.DOCUMENT, guide.id)],
            now=now,
        )
        file_id = guide.file_id
        assert file_id is not None
        member = create_member(session, company)

        def read(principal: Principal) -> bytes:
            opened = service.open_file(session, principal, file_id=file_id, store=store, now=now)
            assert (opened.title, opened.media_type, opened.size_bytes) == ("Guide", "application/pdf", len(PDF))
            return store.read(opened.sha256)

        assert read(manager) == PDF
        assert read(SYSTEM_PRINCIPAL) == PDF
        for principal in (member, stranger):
            with pytest.raises(NotFoundError):
                read(principal)
        enroll(session, member, person_id=member.person_id, course_id=course.id, now=now)
        assert read(member) == PDF
        service.remove_organization_content(session, manager, organization_id=company.id, content_id=guide.id, now=now)
        assert read(member) == PDF
        assert read(manager) == PDF
        with pytest.raises(NotFoundError):
            read(stranger)


def test_content_lies_wherever_the_store_is_set_to(
    session: Session, manager: Principal, company: Organization, now: datetime
) -> None:
    """The same upload and download with a store that is no folder of this machine."""
    distant = FileStore(f"memory://{company.id}/files", largest_bytes=1024 * 1024)
    guide = upload_guide(session, manager, company, distant, now)
    assert guide.file_id is not None
    opened = service.open_file(session, manager, file_id=guide.file_id, store=distant, now=now)
    assert b"".join(distant.blocks(opened.sha256)) == PDF
    distant.remove(opened.sha256)
    with pytest.raises(NotFoundError, match="missing"):
        service.open_file(session, manager, file_id=guide.file_id, store=distant, now=now)
