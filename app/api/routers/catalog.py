"""The course catalogue: browse, detail, syllabus, files, learning paths, reviews (seed 3.2.1.1)."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse, Response

from app.api.dependencies import CurrentPrincipal, Files, ReadSession, WriteSession
from app.api.downloads import to_download
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.schemas.catalog import (
    CourseBody,
    LearningPathBody,
    PathCertificationBody,
    PathCourseBody,
    ReviewBody,
    ReviewRequest,
    SyllabusBody,
)
from operational_db import clock
from operational_db.catalog import service as catalog
from operational_db.catalog import views
from operational_db.catalog.company_content import open_file
from operational_db.catalog.search import CourseFilters, CourseSort
from operational_db.types import CourseCategory, CourseLevel, DeliveryMethod, PricingModel, ProviderType

router = APIRouter(prefix="/training", tags=["catalogue"])


def course_filters(
    category: Annotated[CourseCategory | None, Query()] = None,
    trade: Annotated[str | None, Query()] = None,
    level: Annotated[CourseLevel | None, Query()] = None,
    delivery_method: Annotated[DeliveryMethod | None, Query()] = None,
    provider_type: Annotated[ProviderType | None, Query()] = None,
    provider_id: Annotated[UUID | None, Query()] = None,
    equipment_type: Annotated[str | None, Query()] = None,
    manufacturer: Annotated[str | None, Query()] = None,
    model: Annotated[str | None, Query()] = None,
    pricing_model: Annotated[PricingModel | None, Query()] = None,
    price_from: Annotated[Decimal | None, Query(ge=0)] = None,
    price_to: Annotated[Decimal | None, Query(ge=0)] = None,
    tag: Annotated[str | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words to look for.")] = None,
) -> CourseFilters:
    return CourseFilters(
        category=category,
        trade=trade,
        level=level,
        delivery_method=delivery_method,
        provider_type=provider_type,
        provider_id=provider_id,
        equipment_type=equipment_type,
        manufacturer=manufacturer,
        model=model,
        pricing_model=pricing_model,
        price_from=price_from,
        price_to=price_to,
        tag=tag,
        text=q,
    )


@router.get("/courses", summary="Browse courses")
def browse_courses(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    filters: Annotated[CourseFilters, Depends(course_filters)],
    sort: Annotated[CourseSort, Query()] = CourseSort.RELEVANCE,
) -> PageResponse[CourseBody]:
    """Courses the caller may find, with her own status in each; every filter given must hold."""
    page = views.browse_courses(session, principal, filters=filters, sort=sort, page=paging, now=clock.now())
    return to_page_response(page, CourseBody.model_validate)


@router.get("/courses/{course_id}", summary="Get course details")
def get_course(course_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> CourseBody:
    """With the caller's own status in it; a course she may not find is not found."""
    return CourseBody.model_validate(views.course_response(session, principal, course_id=course_id, now=clock.now()))


@router.get("/courses/{course_id}/syllabus", summary="Get course syllabus")
def get_syllabus(course_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> SyllabusBody:
    """Objectives, modules, assessments and files, with where the caller stands."""
    syllabus = SyllabusBody.model_validate(
        views.course_syllabus(session, principal, course_id=course_id, now=clock.now())
    )
    for material in syllabus.downloadable_materials:
        material.download_url = f"/api/v1/training/files/{material.file_id}"
    return syllabus


@router.put("/courses/{course_id}/review", summary="Review a completed course")
def review_course(
    course_id: UUID, body: ReviewRequest, session: WriteSession, principal: CurrentPrincipal
) -> ReviewBody:
    """One review a person; a second one replaces the first."""
    review = catalog.review_course(
        session, principal, course_id=course_id, rating=body.rating, comment=body.comment, now=clock.now()
    )
    return ReviewBody.model_validate(review)


@router.get("/paths", summary="Get learning paths")
def get_paths(
    session: ReadSession,
    principal: CurrentPrincipal,
    paging: Paging,
    trade: Annotated[str | None, Query()] = None,
) -> PageResponse[LearningPathBody]:
    """Paths the caller may follow, with her progress."""
    page = views.learning_paths(session, principal, trade=trade, page=paging, now=clock.now())
    return to_page_response(page, to_path_body)


def to_path_body(path: views.LearningPathView) -> LearningPathBody:
    return LearningPathBody(
        id=path.id,
        title=path.title,
        slug=path.slug,
        description=path.description,
        organization_id=path.organization_id,
        target_role=path.target_role,
        level=path.level,
        trade=path.trade,
        estimated_total_hours=float(path.estimated_total_hours),
        courses=[PathCourseBody.model_validate(course) for course in path.courses],
        leads_to_certifications=[
            PathCertificationBody(certification_id=key, name=name) for key, name in path.leads_to_certifications.items()
        ],
        career_outcomes=list(path.career_outcomes),
        user_started=path.user_started,
        user_progress_percent=float(path.user_progress_pct),
        user_completed_courses=path.user_completed_courses,
        user_remaining_courses=path.user_remaining_courses,
    )


@router.get("/files/{file_id}", summary="Download a course file", response_class=FileResponse)
def download_file(file_id: UUID, files: Files, session: ReadSession, principal: CurrentPrincipal) -> Response:
    """For those enrolled in a course that contains it, and those who manage the content."""
    file = open_file(session, principal, file_id=file_id, store=files, now=clock.now())
    return to_download(files, file.sha256, file.title, file.media_type)
