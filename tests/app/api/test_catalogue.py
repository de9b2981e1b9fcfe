"""Browsing, syllabus, paths, reviews and enrollment over HTTP, for the people they are meant for."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from operational_db import clock
from operational_db.catalog.service import PathStep, create_learning_path
from operational_db.database import unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.types import (
    CourseCategory,
    CourseVisibility,
    OrganizationKind,
    PricingModel,
    ProviderType,
    Role,
)
from tests.app.api.conftest import World
from tests.builders import create_course, create_organization

SEED_COURSE_FIELDS = {
    "id", "title", "slug", "description", "short_description", "provider_type", "provider_id", "provider_name",
    "provider_logo_url", "category", "subcategory", "tags", "trade", "level", "prerequisites", "delivery_method",
    "estimated_hours", "module_count", "has_video", "has_assessments", "has_practical", "applicable_equipment_types",
    "applicable_manufacturers", "applicable_models", "leads_to_certification", "certification_id",
    "certification_name", "ce_credits", "pricing_model", "price", "currency", "requires_enrollment",
    "enrollment_deadline", "max_enrollment", "available_seats", "next_session_date", "session_location",
    "enrollment_count", "completion_count", "average_rating", "review_count", "user_enrolled",
    "user_progress_percent", "user_completed", "user_completed_at", "created_at", "updated_at", "published_at",
}  # fmt: skip


def add_course(world: World, **fields: object) -> UUID:
    with unit_of_work(world.api.engine) as session:
        return create_course(session, **fields).id  # type: ignore[arg-type]


@pytest.mark.requirement("LMS-01", "US-TC001")
def test_browse_filters_pages_and_counts(world: World) -> None:
    for number in range(3):
        add_course(world, title=f"Safety {number}", category=CourseCategory.SAFETY_CERTIFICATION, trade="hvac")
    add_course(world, title="Talking", category=CourseCategory.SOFT_SKILLS)
    answer = world.api.call(
        "GET", "/v1/training/courses?category=safety_certification&trade=hvac&sort=title&page_size=2", "ann"
    ).json()
    assert [course["title"] for course in answer["items"]] == ["Safety 0", "Safety 1"]
    assert (answer["total_count"], answer["page_count"]) == (3, 2)


@pytest.mark.requirement("LMS-02")
def test_course_has_every_field_of_the_seed(world: World) -> None:
    course_id = add_course(world, module_count=2, assessment_count=1)
    course = world.api.call("GET", f"/v1/training/courses/{course_id}", "ann").json()
    assert set(course) >= SEED_COURSE_FIELDS
    assert (course["user_enrolled"], course["module_count"]) == (False, 2)


def test_courses_of_another_company_do_not_exist_for_the_caller(world: World) -> None:
    course_id = add_course(world, provider_id=world.own_id, visibility=CourseVisibility.ORGANIZATION)
    assert world.api.call("GET", f"/v1/training/courses/{course_id}", "ann").status_code == 200
    for path in (f"/v1/training/courses/{course_id}", f"/v1/training/courses/{course_id}/syllabus"):
        assert world.api.call("GET", path, "stranger").status_code == 404
    assert world.api.call("POST", f"/v1/training/courses/{course_id}/enroll", "stranger").status_code == 404


@pytest.mark.requirement("LMS-03", "LMS-06", "LMS-10", "LMS-08")
def test_enroll_learn_complete_and_review(world: World) -> None:
    course_id = add_course(world, module_count=2, assessment_count=1)
    enrolled = world.api.call("POST", f"/v1/training/courses/{course_id}/enroll", "ann")
    assert enrolled.status_code == 201
    enrollment_id = enrolled.json()["enrollment_id"]
    assert world.api.call("POST", f"/v1/training/courses/{course_id}/enroll", "ann").status_code == 409
    early = world.api.call("PUT", f"/v1/training/courses/{course_id}/review", "ann", json={"rating": 5})
    assert early.status_code == 409

    syllabus = world.api.call("GET", f"/v1/training/courses/{course_id}/syllabus", "ann").json()
    for module in syllabus["modules"]:
        path = f"/v1/training/enrollments/{enrollment_id}/modules/{module['id']}"
        assert world.api.call("PUT", path, "ann", json={"time_spent_minutes": 20}).status_code == 200
    attempt = {"assessment_id": syllabus["assessments"][0]["id"], "score": 88}
    path = f"/v1/training/enrollments/{enrollment_id}/attempts"
    assert world.api.call("POST", path, "ann", json=attempt).status_code == 403
    assert world.api.call("POST", path, "stranger", json=attempt).status_code in {403, 404}
    world.api.call("POST", path, "admin", json=attempt)
    mine = world.api.call("GET", "/v1/me/training/enrollments", "ann").json()
    assert (mine[0]["status"], mine[0]["progress_percent"], mine[0]["time_spent_minutes"]) == ("completed", 100.0, 40)
    after = world.api.call("GET", f"/v1/training/courses/{course_id}/syllabus", "ann").json()
    assert all(module["user_completed"] for module in after["modules"])
    assert after["assessments"][0]["user_best_score"] == 88.0

    assert (
        world.api.call("PUT", f"/v1/training/courses/{course_id}/review", "ann", json={"rating": 4}).status_code == 200
    )
    course = world.api.call("GET", f"/v1/training/courses/{course_id}", "bob").json()
    assert (course["average_rating"], course["review_count"], course["completion_count"]) == (4.0, 1, 1)
    again = world.api.call("POST", f"/v1/training/courses/{course_id}/enroll", "ann").json()
    assert again["cycle_number"] == 2


@pytest.mark.requirement("US-TC011", "US-TC025")
def test_a_school_adds_free_courses_of_the_industry_to_what_it_teaches(world: World) -> None:
    """Student and instructor find them, nobody pays, and the school sees how its student does."""
    free = add_course(world, module_count=1, provider_type=ProviderType.MANUFACTURER, provider_name="Maker")
    add_course(
        world,
        provider_type=ProviderType.MANUFACTURER,
        provider_name="Maker",
        pricing_model=PricingModel.PAID,
        price=Decimal(90),
        currency="USD",
    )
    with unit_of_work(world.api.engine) as session:
        school = create_organization(session, OrganizationKind.TRADE_SCHOOL)
        world.api.add_person(session, "instructor", school, Role.INSTRUCTOR)
        student_id = world.api.add_person(session, "student", school, Role.STUDENT)
    for who in ("student", "instructor"):
        found = world.api.call("GET", "/v1/training/courses?provider_type=manufacturer&pricing_model=free", who).json()
        assert [course["id"] for course in found["items"]] == [str(free)]
    enrolled = world.api.call(
        "POST", f"/v1/training/courses/{free}/enroll", "instructor", json={"person_id": str(student_id)}
    )
    assert enrolled.status_code == 201, enrolled.text
    path = f"/v1/training/enrollments/{enrolled.json()['enrollment_id']}"
    (module,) = world.api.call("GET", f"/v1/training/courses/{free}/syllabus", "student").json()["modules"]
    assert world.api.call("PUT", f"{path}/modules/{module['id']}", "student", json={}).status_code == 200
    assert world.api.call("GET", path, "instructor").json()["status"] == "completed"
    assert world.api.call("GET", path, "manager").status_code in {403, 404}


def test_an_enrollment_is_nobody_elses_business(world: World) -> None:
    course_id = add_course(world, module_count=1)
    enrollment_id = world.api.call("POST", f"/v1/training/courses/{course_id}/enroll", "ann").json()["enrollment_id"]
    path = f"/v1/training/enrollments/{enrollment_id}"
    assert world.api.call("GET", path, "ann").status_code == 200
    for who in ("bob", "stranger"):
        assert world.api.call("GET", path, who).status_code in {403, 404}
        assert world.api.call("DELETE", path, who).status_code in {403, 404}
    dropped = world.api.call("DELETE", path, "ann")
    assert dropped.json()["status"] == "dropped"


@pytest.mark.requirement("LMS-06")
def test_deadline_and_seats_are_said_in_words(world: World) -> None:
    closed = add_course(world, module_count=1, enrollment_deadline=clock.now() - timedelta(days=1))
    full = add_course(world, module_count=1, max_enrollment=0)
    for course_id, code in ((closed, "enrollment_closed"), (full, "course_full")):
        answer = world.api.call("POST", f"/v1/training/courses/{course_id}/enroll", "ann")
        assert answer.status_code == 409
        assert answer.json()["type"] == f"urn:sitesync:problem:{code}"


@pytest.mark.requirement("LMS-04")
def test_paths_show_order_and_progress(world: World) -> None:
    with unit_of_work(world.api.engine) as session:
        courses = [create_course(session, module_count=1).id for _ in range(2)]
        create_learning_path(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=world.own_id,
            title="To the journey level",
            target_role="elevator_technician",
            level="entry",
            courses=[PathStep(course_id) for course_id in courses],
            now=clock.now(),
        )
    answer = world.api.call("GET", "/v1/training/paths", "ann").json()
    path = answer["items"][0]
    assert [course["course_id"] for course in path["courses"]] == [str(course_id) for course_id in courses]
    assert (path["user_progress_percent"], path["user_remaining_courses"]) == (0.0, 2)
