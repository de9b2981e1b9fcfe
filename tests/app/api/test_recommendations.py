"""Recommended courses over HTTP: one's own, somebody's in one's care, nobody else's; put away and taken back."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.tables.identity import Organization
from tests import builders
from tests.app.api.conftest import World

PATH = "/v1/training/recommendations"


@pytest.fixture
def required(world: World) -> UUID:
    """A course Ann's company requires of its people, due in ten days."""
    with unit_of_work(world.api.engine) as session:
        own = session.get_one(Organization, world.own_id)
        course = builders.create_course(session, title="Lockout")
        today = clock.today()
        builders.create_requirement(session, own, course=course, effective_from=today, due_within_days=10)
        return course.id


@pytest.fixture
def taken(world: World) -> UUID:
    """A course that five people completed within the year."""
    with unit_of_work(world.api.engine) as session:
        course, at = builders.create_course(session, title="Hoists"), clock.now() - timedelta(days=30)
        for _ in range(5):
            builders.create_enrollment(session, course=course, enrolled_at=at, ended_at=at, status="completed")
        return course.id


def ask(world: World, who: str, **params: Any) -> Any:
    answer = world.api.call("GET", PATH, who, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.requirement("LMS-05")
def test_each_course_comes_with_its_reasons(world: World, required: UUID, taken: UUID) -> None:
    found = ask(world, "ann")
    first, second = found["recommendations"]
    assert (first["rank"], first["course_id"], first["reasons"][0]["kind"]) == (1, str(required), "required")
    assert first["reason"].startswith("Required by ")
    assert first["reasons"][0]["is_fact"]
    assert first["reasons"][0]["on"] == (clock.today() + timedelta(days=10)).isoformat()
    assert second["course_id"] == str(taken)
    assert second["reason"] == "Popular: 5 people completed it within the last year."
    assert not second["reasons"][0]["is_fact"]
    assert (found["is_learned"], found["model_version"]) == (False, None)
    assert "has not been learned here yet" in found["evidence"]


def test_no_more_than_asked_for(world: World, required: UUID, taken: UUID) -> None:
    assert [row["course_id"] for row in ask(world, "ann", limit=1)["recommendations"]] == [str(required)]
    assert world.api.call("GET", PATH, "ann", params={"limit": 0}).status_code == 422
    assert world.api.call("GET", PATH, "ann", params={"limit": 21}).status_code == 422


def test_without_a_token_nothing_is_said(world: World) -> None:
    assert world.api.call("GET", PATH).status_code == 401


@pytest.mark.requirement("LMS-05")
def test_a_manager_sees_her_people_s_and_nobody_else_does(world: World, required: UUID) -> None:
    ann = world.api.people["ann"]
    assert ask(world, "manager", person_id=ann)["recommendations"][0]["course_id"] == str(required)
    for who in ("bob", "stranger"):
        assert world.api.call("GET", PATH, who, params={"person_id": str(ann)}).status_code == 404
    assert world.api.call("GET", PATH, "manager", params={"person_id": str(uuid4())}).status_code == 404


def test_put_away_and_taken_back(world: World, required: UUID, taken: UUID) -> None:
    for course_id in (taken, required):
        assert world.api.call("PUT", f"{PATH}/{course_id}/dismissal", "ann").status_code == 204
    found = ask(world, "ann")
    assert [row["course_id"] for row in found["recommendations"]] == [str(required)]
    assert [row["title"] for row in found["dismissed"]] == ["Hoists", "Lockout"]
    assert ask(world, "manager", person_id=world.api.people["ann"])["dismissed"] == []
    assert world.api.call("DELETE", f"{PATH}/{taken}/dismissal", "ann").status_code == 204
    assert len(ask(world, "ann")["recommendations"]) == 2
    assert world.api.call("PUT", f"{PATH}/{uuid4()}/dismissal", "ann").status_code == 404
