"""Mentorship over HTTP: the whole way once, each endpoint for each role and tenant, private notes, bad input."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import mint_token
from operational_db.tables.identity import Organization
from operational_db.tables.mentorship import Mentorship
from operational_db.types import MentorshipStatus, OrganizationKind, Role, new_id
from tests.app.api.conftest import Api
from tests.builders import create_membership, create_organization, create_person

# Everybody who may hold a role beside the two.
OTHERS: Mapping[str, Role] = {
    "technician": Role.TECHNICIAN,
    "student": Role.STUDENT,
    "supervisor": Role.SUPERVISOR,
    "manager": Role.COMPANY_MANAGER,
    "instructor": Role.INSTRUCTOR,
    "auditor": Role.AUDITOR,
    "reviewer": Role.CONTENT_REVIEWER,
}
MENTOR_PROFILE = {
    "years_experience": 12,
    "specializations": ["traction_elevators", "safety"],
    "equipment_expertise": ["Gearless machines"],
    "max_mentees": 1,
    "preferred_mentee_level": ["apprentice"],
    "communication_preferences": ["video", "in_person"],
    "availability": {"hours_per_month": 4, "preferred_times": ["evenings", "weekends"]},
    "timezone": "America/Toronto",
    "location_city": "Toronto",
    "location_region": "Ontario",
    "latitude": 43.65,
    "longitude": -79.38,
    "willing_to_mentor_remote": True,
    "has_consented": True,
}
MENTEE_PROFILE = {
    "current_level": "apprentice",
    "years_experience": 4,
    "career_goal": "Inspector",
    "specialization_interest": ["traction_elevators"],
    "skills_to_develop": ["Brakes"],
    "timeline_months": 12,
    "communication_preferences": ["video"],
    "availability": {"windows": [{"weekday": 1, "from": "19:00", "until": "21:00"}]},
    "timezone": "America/Toronto",
    "location_region": "Ontario",
    "open_to_remote": True,
    "has_consented": True,
}


@dataclass
class Pair:
    """`mentor` and `mentee` of one company, with one of each other role, `stranger` managing another, `admin`."""

    api: Api
    own_id: UUID
    other_id: UUID

    def call(self, method: str, path: str, who: str | None, **options: Any) -> Any:
        return self.api.call(method, f"/v1{path}", who, **options)

    def ask(self, **wish: object) -> str:
        body = {"mentor_id": str(self.api.people["mentor"]), **wish}
        answer = self.call("POST", "/mentorship/request", "mentee", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def begin(self, **wish: object) -> str:
        mentorship_id = self.ask(**wish)
        answer = self.call("PUT", f"/mentorship/request/{mentorship_id}/accept", "mentor")
        assert answer.status_code == 200, answer.text
        return mentorship_id


@pytest.fixture
def pair(api: Api) -> Pair:
    with unit_of_work(api.engine) as session:
        own, other = create_organization(session), create_organization(session)
        platform = create_organization(session, OrganizationKind.PLATFORM)
        for name in ("mentor", "mentee"):
            api.add_person(session, name, own, Role.TECHNICIAN)
        for name, role in OTHERS.items():
            api.add_person(session, name, own, role)
        api.add_person(session, "stranger", other, Role.COMPANY_MANAGER)
        api.add_person(session, "admin", platform, Role.PLATFORM_ADMIN)
        made = Pair(api, own.id, other.id)
    for who, side, body in (("mentor", "mentor", MENTOR_PROFILE), ("mentee", "mentee", MENTEE_PROFILE)):
        answer = made.call("PUT", f"/me/mentorship/{side}-profile", who, json=body)
        assert answer.status_code == 200, answer.text
    return made


@pytest.mark.requirement("MEN-01", "MEN-02", "MEN-04", "MEN-05", "US-TC005", "US-TC009")
def test_the_whole_way(pair: Pair) -> None:
    profile = pair.call("GET", "/me/mentorship/mentor-profile", "mentor").json()
    assert profile["availability"]["windows"][0] == {"weekday": 0, "from": "18:00", "until": "21:00"}
    assert (profile["max_mentees"], profile["current_mentee_count"], profile["total_mentees"]) == (1, 0, 0)

    found = pair.call("GET", "/mentorship/find-mentor", "mentee")
    assert (found.status_code, found.headers["cache-control"]) == (200, "no-store")
    (mentor,) = found.json()["mentors"]
    match = mentor["match"]
    assert mentor["mentor_id"] == str(pair.api.people["mentor"])
    assert 0 <= match["score"] <= 100
    assert (
        round(sum(reason["points"] for reason in match["explanation"]), 1) == match["score"] == match["formula_score"]
    )
    assert found.json()["notice"].endswith("The written formula ranks.")
    assert not {"latitude", "longitude", "email"} & set(mentor)

    (mentee,) = pair.call("GET", "/mentorship/find-mentee", "mentor").json()["mentees"]
    assert (mentee["mentee_id"], mentee["career_goal"]) == (str(pair.api.people["mentee"]), "Inspector")

    mentorship_id = pair.ask(
        mentorship_type="skill_specific",
        goals=["Adjust brakes"],
        milestones=["First brake"],
        duration_months=6,
        showing_id=found.json()["showing_id"],
    )
    (inbox,) = pair.call("GET", "/me/mentorship?side=mentor", "mentor").json()
    assert (inbox["id"], inbox["is_mine_to_answer"], inbox["status"]) == (mentorship_id, True, "pending")
    accepted = pair.call("PUT", f"/mentorship/request/{mentorship_id}/accept", "mentor").json()
    assert (accepted["status"], accepted["milestones_remaining"]) == ("active", ["First brake"])
    assert accepted["expected_end_date"] is not None

    meeting = pair.call(
        "POST",
        f"/mentorship/{mentorship_id}/log-session",
        "mentor",
        json={
            "session_date": (clock.now() - timedelta(seconds=1)).isoformat(),
            "duration_minutes": 45,
            "format": "video",
            "topics_discussed": ["Brakes"],
            "skills_practiced": ["Adjusting"],
            "resources_shared": ["Manual 4"],
            "mentor_notes": "Quick learner",
            "mentor_rating": 5,
            "action_items": [{"assignee": "mentee", "task": "Read chapter 2", "due_date": "2030-01-01"}],
            "next_session_scheduled": (clock.now() + timedelta(days=7)).isoformat(),
        },
    )
    assert meeting.status_code == 201, meeting.text
    session_id, item = meeting.json()["session_id"], meeting.json()["action_items"][0]
    mine = pair.call(
        "PUT", f"/mentorship/{mentorship_id}/sessions/{session_id}/mine", "mentee", json={"notes": "Nice", "rating": 4}
    ).json()
    assert (mine["my_notes"], mine["mentee_rating"], mine["mentor_rating"]) == ("Nice", 4, 5)
    done = pair.call("PUT", f"/mentorship/{mentorship_id}/action-items/{item['action_item_id']}", "mentee")
    assert done.json()["done_at"] is not None
    milestones = pair.call(
        "PUT", f"/mentorship/{mentorship_id}/milestones", "mentee", json={"milestones": ["First brake", "Second"]}
    ).json()
    reached = pair.call(
        "POST", f"/mentorship/{mentorship_id}/milestones/{milestones[0]['milestone_id']}/reach", "mentor"
    )
    assert reached.json()["reached_at"] is not None
    planned = pair.call("PUT", f"/mentorship/{mentorship_id}/plan", "mentee", json={"goals": ["Lead"]}).json()
    assert (planned["goals"], planned["sessions_completed"], planned["milestones_completed"]) == (
        ["Lead"],
        1,
        ["First brake"],
    )
    completed = pair.call("POST", f"/mentorship/{mentorship_id}/complete", "mentee").json()
    assert (completed["status"], completed["completed_at"] is not None) == ("completed", True)
    given = pair.call(
        "POST", f"/mentorship/{mentorship_id}/feedback", "mentee", json={"rating": 5, "comment": "Thank you"}
    )
    assert given.status_code == 201
    detail = pair.call("GET", f"/mentorship/{mentorship_id}", "mentor").json()
    assert detail["feedback_for_me"]["comment"] == "Thank you"
    after = pair.call("GET", "/me/mentorship/mentor-profile", "mentor").json()
    assert (after["total_mentees"], after["successful_completions"], after["average_rating"]) == (1, 1, 5.0)
    # A former pair is never shown again.
    assert pair.call("GET", "/mentorship/find-mentor", "mentee").json()["mentors"] == []


@pytest.mark.requirement("MEN-05")
def test_a_mentee_never_reads_the_mentors_private_notes(pair: Pair) -> None:
    mentorship_id = pair.begin()
    secret, own = "SECRET-OF-MENTOR", "SECRET-OF-MENTEE"
    body = {
        "session_date": (clock.now()).isoformat(),
        "duration_minutes": 30,
        "format": "phone",
        "mentor_notes": secret,
    }
    meeting = pair.call("POST", f"/mentorship/{mentorship_id}/log-session", "mentor", json=body).json()
    path = f"/mentorship/{mentorship_id}/sessions/{meeting['session_id']}/mine"
    answers = [
        pair.call("PUT", path, "mentee", json={"notes": own}),
        pair.call("GET", f"/mentorship/{mentorship_id}", "mentee"),
        pair.call("GET", "/me/mentorship", "mentee"),
        pair.call("GET", "/mentorship/find-mentor", "mentee"),
        pair.call("GET", "/mentorship/find-mentee", "mentor"),
    ]
    assert all(answer.status_code == 200 for answer in answers)
    assert all(secret not in answer.text for answer in answers)
    mentors_view = pair.call("GET", f"/mentorship/{mentorship_id}", "mentor").text
    assert secret in mentors_view and own not in mentors_view
    # Nor does she write them.
    forged = {**body, "session_date": (clock.now() - timedelta(milliseconds=5)).isoformat(), "mentor_notes": "x"}
    refused = pair.call("POST", f"/mentorship/{mentorship_id}/log-session", "mentee", json=forged)
    assert refused.status_code == 422 and "other side" in refused.json()["detail"]
    for who in (*OTHERS, "stranger", "admin"):
        assert pair.call("GET", f"/mentorship/{mentorship_id}", who).status_code == 404


# What belongs to one pair: the two alone find it, whatever role or tenant others have.
Endpoint = tuple[str, str, dict[str, Any] | None]
OF_THE_PAIR: list[Endpoint] = [
    ("GET", "/mentorship/{id}", None),
    ("PUT", "/mentorship/request/{id}/accept", None),
    ("PUT", "/mentorship/request/{id}/decline", {"reason": "no_time"}),
    (
        "POST",
        "/mentorship/{id}/log-session",
        {"session_date": "2026-01-01T10:00:00Z", "duration_minutes": 30, "format": "video"},
    ),
    ("PUT", "/mentorship/{id}/sessions/{id}/mine", {"notes": "x"}),
    ("PUT", "/mentorship/{id}/action-items/{id}", {"is_done": True}),
    ("PUT", "/mentorship/{id}/plan", {"goals": ["x"]}),
    ("PUT", "/mentorship/{id}/milestones", {"milestones": ["x"]}),
    ("POST", "/mentorship/{id}/milestones/{id}/reach", None),
    ("POST", "/mentorship/{id}/feedback", {"rating": 5}),
    ("POST", "/mentorship/{id}/complete", None),
    ("POST", "/mentorship/{id}/cancel", {"reason": "other"}),
]
OF_ONESELF: list[Endpoint] = [
    ("GET", "/mentorship/find-mentor", None),
    ("GET", "/mentorship/find-mentee", None),
    ("POST", "/mentorship/request", {"mentor_id": str(new_id())}),
    ("GET", "/me/mentorship", None),
    ("GET", "/me/mentorship/mentor-profile", None),
    ("PUT", "/me/mentorship/mentor-profile", MENTOR_PROFILE),
    ("GET", "/me/mentorship/mentee-profile", None),
    ("PUT", "/me/mentorship/mentee-profile", MENTEE_PROFILE),
    ("PUT", "/me/mentorship/mentee-profile/pause", {"until": None}),
    ("DELETE", "/me/mentorship/mentee-profile", None),
    ("GET", "/me/mentorship/dismissals", None),
    ("PUT", f"/me/mentorship/dismissals/{new_id()}", None),
    ("DELETE", f"/me/mentorship/dismissals/{new_id()}", None),
]
OF_THE_PROGRAMME: list[tuple[str, str, dict[str, Any] | None, set[str]]] = [
    ("GET", "/organizations/{organization}/mentorship/reach", None, {"manager", "auditor", "admin"}),
    ("PUT", "/organizations/{organization}/mentorship/reach", {"reach": "own_people"}, {"manager", "admin"}),
    ("GET", "/organizations/{organization}/mentorship/cohort", None, {"manager", "admin"}),
    ("POST", "/organizations/{organization}/mentorship/cohort/proposals", {"method": "stable"}, {"manager", "admin"}),
]


def test_what_belongs_to_a_pair_is_not_found_by_any_role_or_tenant(pair: Pair) -> None:
    mentorship_id = pair.begin()
    for method, path, body in OF_THE_PAIR:
        options = {} if body is None else {"json": body}
        for who in (*OTHERS, "stranger", "admin"):
            answer = pair.call(method, path.replace("{id}", mentorship_id), who, **options)
            assert answer.status_code == 404, (method, path, who, answer.text)
    with unit_of_work(pair.api.engine) as session:
        assert session.scalars(select(Mentorship.status)).one() is MentorshipStatus.ACTIVE


def test_every_endpoint_needs_a_token_and_is_covered_here(pair: Pair) -> None:
    endpoints = [*OF_THE_PAIR, *OF_ONESELF, *(endpoint[:3] for endpoint in OF_THE_PROGRAMME)]
    for method, path, body in endpoints:
        concrete = path.replace("{id}", str(new_id())).replace("{organization}", str(pair.own_id))
        answer = pair.call(method, concrete, None, **({} if body is None else {"json": body}))
        assert answer.status_code == 401, (method, path)
    schema = pair.api.client.get("/openapi.json").json()
    offered = {
        (method.upper(), path)
        for path, methods in schema["paths"].items()
        for method in methods
        if "mentorship" in path
    }
    assert len(offered) == len(endpoints)


@pytest.mark.parametrize(("method", "path", "body", "allowed"), OF_THE_PROGRAMME)
def test_the_programme_is_for_who_manages_mentoring_in_that_organization(
    pair: Pair, method: str, path: str, body: dict[str, object] | None, allowed: set[str]
) -> None:
    options = {} if body is None else {"json": body}
    for who in ("mentor", "mentee", *OTHERS, "stranger", "admin"):
        answer = pair.call(method, path.replace("{organization}", str(pair.own_id)), who, **options)
        expected = {200, 201} if who in allowed else {403}
        assert answer.status_code in expected, (who, answer.text)
    assert pair.call(method, path.replace("{organization}", str(new_id())), "admin", **options).status_code == 404


def test_a_cohort_is_compared_and_proposed(pair: Pair) -> None:
    base = f"/organizations/{pair.own_id}/mentorship/cohort"
    found = pair.call("GET", base, "manager").json()
    assert (found["mentee_count"], found["mentor_count"], found["place_count"]) == (1, 1, 1)
    assert {"greedy", "optimal", "stable"} <= {row["method"] for row in found["methods"]}
    assert found["pairs"]["optimal"][0]["mentor_name"] == "Mentor"
    made = pair.call("POST", f"{base}/proposals", "manager", json={"method": "optimal", "duration_months": 3})
    assert made.json() == {"requested_count": 1, "refused": []}
    (view,) = pair.call("GET", "/me/mentorship", "mentee").json()
    assert (view["status"], view["is_mine_to_answer"]) == ("pending", False)


@pytest.mark.requirement("MEN-04")
def test_the_last_place_is_given_once_and_the_refusal_says_what_next(pair: Pair) -> None:
    first, second = pair.ask(), None
    with unit_of_work(pair.api.engine) as session:
        other = create_person(session)
        create_membership(session, other, session.get_one(Organization, pair.other_id), Role.STUDENT)
        pair.api.tokens["late"] = mint_token(
            session, SYSTEM_PRINCIPAL, person_id=other.id, label="t", lifetime=timedelta(hours=1), now=clock.now()
        )
    answer = pair.call("POST", "/mentorship/request", "late", json={"mentor_id": str(pair.api.people["mentor"])})
    second = answer.json()["id"]
    assert pair.call("PUT", f"/mentorship/request/{first}/accept", "mentor").status_code == 200
    refused = pair.call("PUT", f"/mentorship/request/{second}/accept", "mentor")
    assert refused.status_code == 409
    assert "raise the number of mentees" in refused.json()["detail"]
    assert refused.json()["details"] == {"max_mentees": 1, "current_mentee_count": 1}
    declined = pair.call(
        "PUT", f"/mentorship/request/{second}/decline", "mentor", json={"reason": "enough_mentees", "note": "Full."}
    )
    assert (declined.json()["status"], declined.json()["decline_reason"]) == ("declined", "enough_mentees")


def test_dismissing_pausing_and_withdrawing_hide(pair: Pair) -> None:
    mentor_id = pair.api.people["mentor"]

    def shown() -> int:
        return len(pair.call("GET", "/mentorship/find-mentor", "mentee").json()["mentors"])

    assert shown() == 1
    assert pair.call("PUT", f"/me/mentorship/dismissals/{mentor_id}", "mentee").status_code == 204
    assert [row["mentor_id"] for row in pair.call("GET", "/me/mentorship/dismissals", "mentee").json()] == [
        str(mentor_id)
    ]
    assert shown() == 0
    assert pair.call("DELETE", f"/me/mentorship/dismissals/{mentor_id}", "mentee").status_code == 204
    until = (clock.today() + timedelta(days=9)).isoformat()
    pause = "/me/mentorship/mentor-profile/pause"
    assert pair.call("PUT", pause, "mentor", json={"until": until}).status_code == 204
    assert shown() == 0
    assert pair.call("PUT", pause, "mentor", json={"until": None}).status_code == 204
    assert shown() == 1
    assert pair.call("DELETE", "/me/mentorship/mentor-profile", "mentor").status_code == 204
    assert shown() == 0


def test_an_organization_that_forbids_it_is_heeded_on_both_sides(pair: Pair) -> None:
    reach = f"/organizations/{pair.own_id}/mentorship/reach"
    for value, count in (("nobody", 0), ("own_people", 1), ("everyone", 1)):
        assert pair.call("PUT", reach, "manager", json={"reach": value}).json()["reach"] == value
        assert len(pair.call("GET", "/mentorship/find-mentor", "mentee").json()["mentors"]) == count
        assert len(pair.call("GET", "/mentorship/find-mentee", "mentor").json()["mentees"]) == count


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("PUT", "/me/mentorship/mentor-profile", {**MENTOR_PROFILE, "years_experience": 71}, "years_experience"),
        ("PUT", "/me/mentorship/mentor-profile", {**MENTOR_PROFILE, "timezone": "Mars/Olympus"}, "timezone"),
        ("PUT", "/me/mentorship/mentor-profile", {**MENTOR_PROFILE, "longitude": None}, "longitude"),
        ("PUT", "/me/mentorship/mentor-profile", {**MENTOR_PROFILE, "specializations": ["x"]}, "specializations"),
        ("PUT", "/me/mentorship/mentor-profile", {**MENTOR_PROFILE, "specialisations": []}, "specialisations"),
        ("PUT", "/me/mentorship/mentee-profile", {**MENTEE_PROFILE, "current_level": "wizard"}, "current_level"),
        ("PUT", "/me/mentorship/mentee-profile", {**MENTEE_PROFILE, "years_experience": 40}, "current_level"),
        ("POST", "/mentorship/request", {}, "mentor_id"),
        ("POST", "/mentorship/request", {"mentor_id": "x"}, "mentor_id"),
        ("POST", "/mentorship/request", {"mentor_id": str(new_id()), "mentee_id": str(new_id())}, "mentor_id"),
        ("GET", "/mentorship/find-mentor?top=0", None, "top"),
        ("PUT", "/me/mentorship/owner-profile/pause", {"until": None}, "side"),
    ],
)
def test_bad_input_is_named(pair: Pair, method: str, path: str, body: dict[str, object] | None, says: str) -> None:
    answer = pair.call(method, path, "mentee", **({} if body is None else {"json": body}))
    assert answer.status_code == 422, answer.text
    assert says in answer.text


def test_who_has_no_profile_is_told_to_fill_it_in(pair: Pair) -> None:
    for path in ("/mentorship/find-mentor", "/mentorship/find-mentee"):
        answer = pair.call("GET", path, "technician")
        assert (answer.status_code, "fill in your" in answer.json()["detail"]) == (409, True)
    for side in ("mentor", "mentee"):
        assert pair.call("GET", f"/me/mentorship/{side}-profile", "technician").status_code == 404
    assert pair.call("GET", "/me/mentorship", "technician").json() == []


def test_a_mentor_offers_herself_and_the_mentee_accepts(pair: Pair) -> None:
    body = {"mentee_id": str(pair.api.people["mentee"]), "message": "May I help?"}
    offered = pair.call("POST", "/mentorship/request", "mentor", json=body).json()
    path = f"/mentorship/request/{offered['id']}/accept"
    assert pair.call("PUT", path, "mentor").status_code == 403
    assert pair.call("PUT", path, "mentee").json()["status"] == "active"
