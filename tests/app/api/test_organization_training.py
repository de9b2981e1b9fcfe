"""Assigning, requiring, compliance figures, company content: for the organization's managers and nobody else."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.notifications import service as notifications
from operational_db.tables.identity import Organization
from tests.app.api.conftest import World
from tests.builders import create_certification, create_course, create_exemption, create_person, create_requirement
from tests.operational_db.notifications.reminding import RecordingChannel, channels_to


def add_course(world: World) -> UUID:
    with unit_of_work(world.api.engine) as session:
        return create_course(session, module_count=1).id


def assign(world: World, who: str = "manager", **body: object) -> Any:
    return world.api.call("POST", f"/v1/organizations/{world.own_id}/training/assign", who, json=body)


@pytest.mark.requirement("CMP-01", "US-TC016")
def test_assign_to_team_person_and_role(world: World) -> None:
    due_on = (clock.today() + timedelta(days=20)).isoformat()
    team = assign(world, course_id=str(add_course(world)), assigned_to_team_id=str(world.team_id), due_on=due_on)
    assert team.status_code == 201
    assert (team.json()["recipient_count"], team.json()["due_on"]) == (2, due_on)
    one = assign(world, course_id=str(add_course(world)), assigned_to_person_id=str(world.api.people["ann"]))
    assert one.json()["recipient_count"] == 1
    role = assign(world, course_id=str(add_course(world)), assigned_to_role="technician", minimum_score=80)
    assert role.json()["recipient_count"] == 2
    listed = world.api.call(
        "GET", f"/v1/organizations/{world.own_id}/training/assignments?page_size=2", "manager"
    ).json()
    assert (listed["total_count"], len(listed["items"])) == (5, 2)
    mine = world.api.call("GET", "/v1/me/training/assignments", "ann").json()
    assert len(mine) == 3
    assert {item["requires_passing_score"] for item in mine} == {True, False}
    ended = world.api.call(
        "GET", f"/v1/organizations/{world.own_id}/training/assignments?status=completed", "manager"
    ).json()
    assert ended["total_count"] == 0


@pytest.mark.requirement("CMP-01", "CMP-04")
def test_an_assignment_says_which_reminders_went_out(world: World) -> None:
    """The seed's reminder_sent_7_days, reminder_sent_3_days and overdue_notification_sent."""
    noon = datetime.combine(clock.today(), time(12), UTC)
    assign(
        world,
        course_id=str(add_course(world)),
        assigned_to_person_id=str(world.api.people["ann"]),
        due_on=(noon.date() + timedelta(days=7)).isoformat(),
    )

    def told() -> list[bool]:
        (mine,) = world.api.call("GET", "/v1/me/training/assignments", "ann").json()
        listed = f"/v1/organizations/{world.own_id}/training/assignments"
        assert world.api.call("GET", listed, "manager").json()["items"] == [mine]
        return [mine[f"reminder_sent_{days}_days"] for days in (7, 3)] + [mine["overdue_notification_sent"]]

    assert told() == [False, False, False]
    for days, expected in ((0, [True, False, False]), (4, [True, True, False]), (8, [True, True, True])):
        now = noon + timedelta(days=days)
        notifications.owe_reminders(world.api.engine, now=now)
        assert told() != expected
        notifications.deliver_due(world.api.engine, channels_to(RecordingChannel()), now=now)
        assert told() == expected


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"course_id": str(uuid4())},
        {"course_id": str(uuid4()), "assigned_to_role": "technician", "assigned_to_person_id": str(uuid4())},
        {"requirement_id": str(uuid4()), "assigned_to_role": "technician"},
        {"course_id": str(uuid4()), "assigned_to_role": "technician", "minimum_score": 120},
        {"course_id": str(uuid4()), "assigned_to_role": "wizard"},
        {"course_id": str(uuid4()), "assigned_to_role": "technician", "due_at": "2026-12-01"},
    ],
)
def test_contradictory_assignments_are_refused(world: World, body: dict[str, Any]) -> None:
    answer = assign(world, **body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.requirement("CMP-02")
def test_requirement_then_assign_what_is_missing(world: World) -> None:
    with unit_of_work(world.api.engine) as session:
        certification = create_certification(session)
        certification_id = certification.id
        create_course(session, module_count=1, certification=certification)
    path = f"/v1/organizations/{world.own_id}/training/requirements"
    body = {"certification_id": str(certification_id), "role": "technician", "due_within_days": 14}
    made = world.api.call("POST", path, "manager", json=body)
    assert made.status_code == 201
    assert world.api.call("POST", path, "manager", json=body).status_code == 409
    requirement_id = made.json()["requirement_id"]
    assert [r["requirement_id"] for r in world.api.call("GET", path, "manager").json()] == [requirement_id]
    first = assign(world, requirement_id=requirement_id).json()
    assert (first["recipient_count"], first["already_assigned_count"]) == (2, 0)
    again = assign(world, requirement_id=requirement_id).json()
    assert (again["recipient_count"], again["already_assigned_count"]) == (0, 2)
    ended = world.api.call("POST", f"{path}/{requirement_id}/end", "manager", json={})
    assert ended.json()["ended_on"] == clock.today().isoformat()
    assert world.api.call("POST", f"{path}/{requirement_id}/end", "manager", json={}).status_code == 409
    assert assign(world, requirement_id=requirement_id).status_code == 409
    in_force = world.api.call("GET", f"{path}?on={clock.today().isoformat()}", "manager")
    assert in_force.json() == []


@pytest.mark.requirement("CMP-01")
def test_exemptions_are_listed_with_reason_and_approver(world: World) -> None:
    with unit_of_work(world.api.engine) as session:
        requirement = create_requirement(session, session.get_one(Organization, world.own_id))
        create_exemption(session, create_person(session, display_name="Ann Exempt"), requirement, reason="On leave.")
    path = f"/v1/organizations/{world.own_id}/training/exemptions"
    page = world.api.call("GET", path, "manager", params={"order": "person"}).json()
    assert page["total_count"] == 1
    assert (page["items"][0]["display_name"], page["items"][0]["reason"]) == ("Ann Exempt", "On leave.")
    before = world.api.call("GET", path, "manager", params={"on": "2000-01-01"}).json()
    assert before["items"] == []


def test_another_companys_manager_and_own_technicians_are_refused(world: World) -> None:
    own = f"/v1/organizations/{world.own_id}/training"
    course = {"course_id": str(add_course(world)), "assigned_to_role": "technician"}
    quiz = {"title": "x", "category": "technology", "modules": [{"title": "q", "content_type": "quiz"}]}
    steps = {"title": "x", "target_role": "x", "level": "x", "courses": [{"course_id": course["course_id"]}]}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/assign", {"json": course}),
        ("GET", "/assignments", {}),
        ("GET", "/compliance", {}),
        ("GET", "/requirements", {}),
        ("POST", "/requirements", {"json": {"course_id": course["course_id"]}}),
        ("POST", f"/requirements/{uuid4()}/end", {"json": {}}),
        ("GET", "/exemptions", {}),
        ("GET", "/content", {}),
        ("POST", "/content", {"data": {"title": "x", "content_type": "text", "content_text": "x"}}),
        ("POST", "/courses", {"json": quiz}),
        ("GET", "/courses", {}),
        ("POST", f"/courses/{course['course_id']}/archive", {}),
        ("POST", "/paths", {"json": steps}),
        ("PUT", f"/paths/{uuid4()}/certifications", {"json": {"certification_ids": []}}),
    ]
    for who in ("stranger", "ann"):
        for method, path, options in calls:
            answer = world.api.call(method, own + path, who, **options)
            assert answer.status_code in {403, 404}, (who, method, path, answer.text)


@pytest.mark.requirement("CMP-05", "US-TC019")
def test_content_life_and_a_course_made_of_it(world: World) -> None:
    own = f"/v1/organizations/{world.own_id}/training"
    made = world.api.call(
        "POST",
        f"{own}/content",
        "manager",
        data={"title": "Site rules", "content_type": "document"},
        files={"file": ("rules.pdf", b"%PDF-1.7\n%real enough to be recognised", "application/pdf")},
    )
    assert made.status_code == 201, made.text
    content = made.json()
    assert (content["media_type"], content["size_bytes"]) == ("application/pdf", 38)
    changed = world.api.call("PUT", f"{own}/content/{content['id']}", "manager", data={"title": "Site rules 2027"})
    assert changed.json()["title"] == "Site rules 2027"
    assert world.api.call("GET", f"{own}/content", "manager").json()["total_count"] == 1

    course = world.api.call(
        "POST",
        f"{own}/courses",
        "manager",
        json={
            "title": "Starting here",
            "category": "safety_certification",
            "modules": [
                {"title": "Rules", "content_type": "document", "content_id": content["id"]},
                {"title": "Check", "content_type": "quiz"},
            ],
            "is_mandatory": True,
            "auto_assign_to_new_employees": True,
        },
    )
    assert course.status_code == 201, course.text
    assert [module["title"] for module in course.json()["modules"]] == ["Rules", "Check"]
    syllabus = world.api.call("GET", f"/v1/training/courses/{course.json()['id']}/syllabus", "ann").json()
    url = syllabus["downloadable_materials"][0]["download_url"].removeprefix("/api")
    assert world.api.call("GET", url, "ann").status_code == 404
    world.api.call("POST", f"/v1/training/courses/{course.json()['id']}/enroll", "ann")
    download = world.api.call("GET", url, "ann")
    assert download.content.startswith(b"%PDF")
    assert download.headers["content-disposition"].startswith("attachment")
    assert world.api.call("GET", url, "stranger").status_code == 404

    assert world.api.call("DELETE", f"{own}/content/{content['id']}", "manager").status_code == 204
    assert world.api.call("DELETE", f"{own}/content/{content['id']}", "manager").status_code == 404
    assert world.api.call("GET", url, "ann").status_code == 200


@pytest.mark.requirement("CMP-05", "LMS-04")
def test_own_courses_make_a_path_and_are_archived_for_good(world: World) -> None:
    own = f"/v1/organizations/{world.own_id}/training"
    quiz = {"title": "Site rules", "category": "safety_certification"}
    module = {"title": "Quiz", "content_type": "quiz"}
    course_id = world.api.call("POST", f"{own}/courses", "manager", json={**quiz, "modules": [module]}).json()["id"]
    with unit_of_work(world.api.engine) as session:
        company = session.get_one(Organization, world.own_id)
        earned = create_certification(session, name="Site pass", issuing_organization_id=company.id).id
        foreign = create_certification(session).id
    body = {
        "title": "To site lead",
        "target_role": "lead",
        "level": "mid",
        "courses": [{"course_id": course_id}],
        "certification_ids": [str(earned)],
    }
    refused = world.api.call("POST", f"{own}/paths", "manager", json={**body, "certification_ids": [str(foreign)]})
    assert refused.status_code == 403
    made = world.api.call("POST", f"{own}/paths", "manager", json=body)
    assert made.status_code == 201
    (path,) = world.api.call("GET", "/v1/training/paths", "ann").json()["items"]
    assert (path["id"], path["slug"]) == (made.json()["path_id"], "to-site-lead")
    assert [kind["name"] for kind in path["leads_to_certifications"]] == ["Site pass"]
    certifications = f"{own}/paths/{path['id']}/certifications"
    assert world.api.call("PUT", certifications, "manager", json={"certification_ids": []}).status_code == 204
    (path,) = world.api.call("GET", "/v1/training/paths", "ann").json()["items"]
    assert path["leads_to_certifications"] == []

    assert world.api.call("POST", f"/v1/training/courses/{course_id}/enroll", "ann").status_code == 201
    archived = world.api.call("POST", f"{own}/courses/{course_id}/archive", "manager")
    assert (archived.status_code, archived.json()["status"]) == (200, "archived")
    assert assign(world, course_id=course_id, assigned_to_role="technician").status_code == 409
    assert world.api.call("POST", f"/v1/training/courses/{course_id}/enroll", "bob").status_code == 409
    listed = world.api.call("GET", f"{own}/courses", "manager").json()
    assert [(item["id"], item["status"]) for item in listed["items"]] == [(course_id, "archived")]
    mine = world.api.call("GET", "/v1/me/training/enrollments", "ann").json()
    assert [item["course_id"] for item in mine] == [course_id]


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("trick.pdf", b"<html><script>alert(1)</script>", "application/pdf"),
        ("program.exe", b"MZ\x90\x00", "application/x-msdownload"),
        ("empty.pdf", b"", "application/pdf"),
    ],
)
def test_files_that_are_not_what_they_say_are_refused(world: World, name: str, data: bytes, media_type: str) -> None:
    answer = world.api.call(
        "POST",
        f"/v1/organizations/{world.own_id}/training/content",
        "manager",
        data={"title": "A file", "content_type": "document"},
        files={"file": (name, data, media_type)},
    )
    assert answer.status_code in {415, 422}
    assert not list((world.api.settings.files_path).rglob("*.incoming*"))


def test_compliance_before_the_first_figures_says_so(world: World) -> None:
    answer = world.api.call("GET", f"/v1/organizations/{world.own_id}/training/compliance", "manager")
    assert answer.status_code == 503
    assert "refresh" in answer.json()["detail"]
