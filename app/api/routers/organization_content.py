"""Content, courses and learning paths an organization makes for itself (seed 3.2.5.2)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, UploadFile, status

from app.api.dependencies import CurrentPrincipal, Files, ReadSession, WriteSession
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.schemas.catalog import (
    ContentBody,
    CustomCourseBody,
    CustomCourseRequest,
    LearningPathMade,
    LearningPathRequest,
    PathCertificationsRequest,
)
from operational_db import clock
from operational_db.catalog import company_content, views
from operational_db.catalog import service as catalog
from operational_db.catalog.files import Upload
from operational_db.credentials.progress import set_path_certifications
from operational_db.types import ContentType

router = APIRouter(prefix="/organizations/{organization_id}/training", tags=["organization content"])

TextField = Annotated[str | None, Form()]
FileField = Annotated[UploadFile | None, File(description="A document, video or package; instead of text or address.")]


@contextmanager
def opened(file: UploadFile | None) -> Iterator[Upload | None]:
    """The upload as the core takes it; an empty file field is no file."""
    if file is None or not file.filename:
        yield None
        return
    yield Upload(file.file, file.filename, file.content_type or "application/octet-stream")


@router.post("/content", status_code=status.HTTP_201_CREATED, summary="Upload content")
def upload_content(
    organization_id: UUID,
    files: Files,
    session: WriteSession,
    principal: CurrentPrincipal,
    title: Annotated[str, Form(min_length=1, max_length=255)],
    content_type: Annotated[ContentType, Form()],
    description: Annotated[str, Form()] = "",
    content_text: TextField = None,
    content_url: TextField = None,
    file: FileField = None,
) -> ContentBody:
    """Exactly one of text, address and file; size and type of a file are checked by its bytes, not by its name."""
    with opened(file) as upload:
        content = company_content.upload_organization_content(
            session,
            principal,
            organization_id=organization_id,
            title=title,
            description=description,
            content_type=content_type,
            content_text=content_text,
            content_url=content_url,
            upload=upload,
            store=files,
            now=clock.now(),
        )
    return ContentBody.model_validate(
        views.organization_content(session, principal, organization_id=organization_id, content_id=content.id)
    )


@router.get("/content", summary="List content")
def list_content(
    organization_id: UUID, session: ReadSession, principal: CurrentPrincipal, paging: Paging
) -> PageResponse[ContentBody]:
    """What the organization uploaded and did not remove, latest first."""
    page = views.organization_contents(session, principal, organization_id=organization_id, page=paging)
    return to_page_response(page, ContentBody.model_validate)


@router.put("/content/{content_id}", summary="Update content")
def update_content(
    organization_id: UUID,
    content_id: UUID,
    files: Files,
    session: WriteSession,
    principal: CurrentPrincipal,
    title: TextField = None,
    description: TextField = None,
    content_text: TextField = None,
    content_url: TextField = None,
    file: FileField = None,
) -> ContentBody:
    """What is left out stays; a new text, address or file takes the place of the old source."""
    with opened(file) as upload:
        content = company_content.update_organization_content(
            session,
            principal,
            organization_id=organization_id,
            content_id=content_id,
            title=title,
            description=description,
            content_text=content_text,
            content_url=content_url,
            upload=upload,
            store=files,
            now=clock.now(),
        )
    return ContentBody.model_validate(
        views.organization_content(session, principal, organization_id=organization_id, content_id=content.id)
    )


@router.delete("/content/{content_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Remove content")
def remove_content(organization_id: UUID, content_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> None:
    """Courses made of it keep what they have."""
    company_content.remove_organization_content(
        session, principal, organization_id=organization_id, content_id=content_id, now=clock.now()
    )


@router.post("/courses", status_code=status.HTTP_201_CREATED, summary="Create custom course")
def create_custom_course(
    organization_id: UUID, body: CustomCourseRequest, session: WriteSession, principal: CurrentPrincipal
) -> CustomCourseBody:
    """Made of the organization's content and quizzes, published at once to its audience."""
    course = company_content.create_custom_course(
        session,
        principal,
        organization_id=organization_id,
        title=body.title,
        description=body.description,
        category=body.category,
        modules=[
            company_content.CustomModule(
                title=module.title,
                kind=module.content_type,
                content_id=module.content_id,
                duration_minutes=module.duration_minutes,
            )
            for module in body.modules
        ],
        is_mandatory=body.is_mandatory,
        auto_assign_to_new_employees=body.auto_assign_to_new_employees,
        auto_assign_to_roles=body.auto_assign_to_roles,
        due_within_days=body.due_within_days,
        track_completion=body.track_completion,
        requires_assessment=body.requires_assessment,
        passing_score=body.passing_score,
        visibility=body.visibility,
        team_id=body.team_id,
        now=clock.now(),
    )
    return CustomCourseBody.model_validate(views.custom_course_response(session, principal, course_id=course.id))


@router.get("/courses", summary="List custom courses")
def list_custom_courses(
    organization_id: UUID, session: ReadSession, principal: CurrentPrincipal, paging: Paging
) -> PageResponse[CustomCourseBody]:
    """Courses the organization made itself, latest first, archived ones included."""
    page = views.custom_courses(session, principal, organization_id=organization_id, page=paging)
    return to_page_response(page, CustomCourseBody.model_validate)


@router.post("/courses/{course_id}/archive", summary="Archive a custom course")
def archive_course(
    organization_id: UUID, course_id: UUID, session: WriteSession, principal: CurrentPrincipal
) -> CustomCourseBody:
    """For good: nobody enrolls or is assigned it any more; who is enrolled may finish, and what was done stays."""
    catalog.archive_course(session, principal, organization_id=organization_id, course_id=course_id, now=clock.now())
    return CustomCourseBody.model_validate(views.custom_course_response(session, principal, course_id=course_id))


@router.post("/paths", status_code=status.HTTP_201_CREATED, summary="Create a learning path")
def create_learning_path(
    organization_id: UUID, body: LearningPathRequest, session: WriteSession, principal: CurrentPrincipal
) -> LearningPathMade:
    """For the organization's own people, who see it among the paths with their progress."""
    fields = body.model_dump(exclude={"courses", "certification_ids"})
    steps = [catalog.PathStep(step.course_id, step.is_required) for step in body.courses]
    path = catalog.create_learning_path(
        session, principal, organization_id=organization_id, courses=steps, now=clock.now(), **fields
    )
    if body.certification_ids:
        set_path_certifications(
            session,
            principal,
            organization_id=organization_id,
            path_id=path.id,
            certification_ids=body.certification_ids,
        )
    return LearningPathMade(path_id=path.id, slug=path.slug)


@router.put(
    "/paths/{path_id}/certifications",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Say what a learning path earns",
)
def put_path_certifications(
    organization_id: UUID,
    path_id: UUID,
    body: PathCertificationsRequest,
    session: WriteSession,
    principal: CurrentPrincipal,
) -> None:
    """All of them, from now on; certificates that it earned before stay."""
    set_path_certifications(
        session,
        principal,
        organization_id=organization_id,
        path_id=path_id,
        certification_ids=body.certification_ids,
    )
