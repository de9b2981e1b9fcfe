"""The twelve endpoints of certifications over HTTP, and what goes with them: each role, another tenant, bad input."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest

from operational_db import clock
from operational_db.badges.keys import load_or_create_badge_signer
from operational_db.badges.service import issue_badge
from operational_db.database import unit_of_work
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Organization, Person
from operational_db.types import CertificationSource, EarnedThrough, Role
from tests.app.api.conftest import World
from tests.builders import create_certificate, create_certification, create_course, create_enrollment
from tests.operational_db.documents.sample_files import JPEG, PDF, PNG, SVG, png_with_broken_chunk

REGISTRY = "/v1/certifications/registry"
MINE = "/v1/me/certifications"
# UserCertificationRecord, dates under the project's suffixes and the person as `person_id`.
SEED_RECORD_FIELDS = {
    "id", "person_id", "certification_id", "certification_name", "certification_code", "issuing_organization", "status",
    "issued_on", "expires_on", "first_earned_on", "certificate_number", "document_id", "verification_status",
    "verified_at", "badge_url", "badge_assertion_url", "ce_credits_earned", "ce_credits_required", "ce_due_on",
    "earned_through", "course_id", "is_public", "created_at", "updated_at",
}  # fmt: skip


@pytest.fixture
def kind_id(world: World) -> UUID:
    """An outside issuer's certification that asks for 12 credits a year."""
    with unit_of_work(world.api.engine) as session:
        own = session.get_one(Organization, world.own_id)
        world.api.add_person(session, "supervisor", own, Role.SUPERVISOR)
        return create_certification(
            session,
            name="Rope rescue",
            code="ROPE-1",
            source=CertificationSource.INDUSTRY_BODY,
            issuing_organization="National board",
            ce_credits_required=Decimal(12),
            continuing_education_required=True,
        ).id


def add(world: World, kind_id: UUID, who: str = "ann", **fields: Any) -> Any:
    body = {"certification_id": str(kind_id), "issued_on": str(clock.today() - timedelta(days=100)), **fields}
    return world.api.call("POST", MINE, who, json=body)


def add_document(world: World, who: str = "ann", content: bytes = PDF, name: str = "licence.pdf", **form: str) -> Any:
    files = {"file": (name, BytesIO(content), "application/octet-stream")}
    return world.api.call("POST", "/v1/me/documents", who, files=files, data=form)


def held(world: World, kind_id: UUID, who: str = "ann", **fields: object) -> UUID:
    with unit_of_work(world.api.engine) as session:
        person = session.get_one(Person, world.api.people[who])
        return create_certificate(session, person, session.get_one(Certification, kind_id), **fields).id


class TestRegistry:
    @pytest.mark.requirement("CRT-01")
    def test_it_is_browsed_by_source_and_words_and_read_whole(self, world: World, kind_id: UUID) -> None:
        with unit_of_work(world.api.engine) as session:
            for source in CertificationSource:
                create_certification(session, source=source, code=f"SRC-{source}")
        for source in CertificationSource:
            answer = world.api.call("GET", f"{REGISTRY}?source={source}&page_size=50", "ann").json()
            assert f"SRC-{source}" in {each["code"] for each in answer["items"]}
            assert {each["source"] for each in answer["items"]} == {source}
        found = world.api.call("GET", f"{REGISTRY}?search=rope&category=safety&trade=elevators", "bob").json()
        assert [each["id"] for each in found["items"]] == [str(kind_id)]
        by_issuer = world.api.call("GET", f"{REGISTRY}?search=National%20board", "bob").json()
        assert by_issuer["total_count"] == 1
        detail = world.api.call("GET", f"{REGISTRY}/{kind_id}", "stranger").json()
        assert detail["ce_credits_required"] == 12
        assert detail["continuing_education_required"] is True
        assert detail["validity_period_months"] == 12
        # Every column of the registry, that is every field of the seed's, is shown.
        times = {"created_at", "updated_at"}
        assert {column.key for column in Certification.__table__.columns} - times == detail.keys()

    def test_pages_and_unknown_ones(self, world: World, kind_id: UUID) -> None:
        page = world.api.call("GET", f"{REGISTRY}?page=2&page_size=1", "ann").json()
        assert (page["page"], page["page_size"]) == (2, 1)
        problem(world.api.call("GET", f"{REGISTRY}/{uuid4()}", "ann"), 404)
        problem(world.api.call("GET", f"{REGISTRY}?source=rumour", "ann"), 422)
        problem(world.api.call("GET", REGISTRY), 401)


class TestHeld:
    @pytest.mark.requirement("CRT-02")
    def test_what_was_added_with_a_document_is_listed_verified_and_shown(self, world: World, kind_id: UUID) -> None:
        document = add_document(world).json()
        made = add(world, kind_id, certificate_number=" A-17 ", document_id=document["id"])
        assert made.status_code == 201
        body = made.json()
        assert (body["status"], body["verification_status"]) == ("pending_verification", "pending")
        assert (body["certificate_number"], body["document_id"]) == ("A-17", document["id"])
        assert (body["ce_credits_required"], body["ce_credits_short"]) == (12, 12)
        mine = world.api.call("GET", MINE, "ann").json()
        assert [each["id"] for each in mine["items"]] == [body["id"]]
        public = f"/v1/users/{world.api.people['ann']}/certifications"
        assert world.api.call("GET", public, "stranger").json()["items"] == []
        queue = f"/v1/organizations/{world.own_id}/certifications/verifications"
        case = world.api.call("GET", queue, "manager").json()["items"][0]
        assert (case["certificate_id"], case["document_name"]) == (body["id"], "licence.pdf")
        decision = f"/v1/certifications/verifications/{case['case_id']}/decision"
        decided = world.api.call("POST", decision, "manager", json={"is_approved": True}).json()
        assert (decided["is_approved"], decided["decided_by"]) == (True, "Manager")
        one = world.api.call("GET", f"/v1/certifications/{body['id']}", "ann").json()
        assert (one["status"], one["verification_status"]) == ("active", "verified")
        shown = world.api.call("GET", public, "stranger").json()["items"]
        assert [each["id"] for each in shown] == [body["id"]]
        assert "certificate_number" not in shown[0]
        seen_by_stranger = world.api.call("GET", f"/v1/certifications/{body['id']}", "stranger").json()
        assert (seen_by_stranger["certificate_number"], seen_by_stranger["document_id"]) == (None, None)

    @pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"])
    def test_days_that_nobody_can_mean_are_refused_where_they_stand(
        self, world: World, kind_id: UUID, day: str
    ) -> None:
        for name in ("issued_on", "expires_on"):
            refused = add(world, kind_id, **{name: day})
            problem(refused, 422)
            assert [each["field"] for each in refused.json()["errors"]] == [f"body.{name}"]
        assert add(world, kind_id, issued_on="1900-01-01", expires_on="2199-12-31").status_code == 201

    def test_one_that_ends_with_the_calendar_never_ends(self, world: World, kind_id: UUID) -> None:
        held(world, kind_id, expires_on=date.max)
        assert [each["status"] for each in world.api.call("GET", MINE, "ann").json()["items"]] == ["active"]

    @pytest.mark.requirement("CRT-02")
    def test_it_has_every_field_of_the_seed_and_names_its_course_to_its_holder_alone(
        self, world: World, kind_id: UUID
    ) -> None:
        with unit_of_work(world.api.engine) as session:
            ann = session.get_one(Person, world.api.people["ann"])
            enrollment = create_enrollment(
                session, ann, create_course(session), status="completed", ended_at=clock.now()
            )
            course_id, enrollment_id = str(enrollment.course_id), enrollment.id
        earned: dict[str, Any] = {"enrollment_id": enrollment_id, "earned_through": EarnedThrough.SITESYNC_COURSE}
        certificate_id = held(world, kind_id, **earned)
        (mine,) = world.api.call("GET", MINE, "ann").json()["items"]
        assert (mine["course_id"], mine["enrollment_id"]) == (course_id, str(enrollment_id))
        assert mine.keys() >= SEED_RECORD_FIELDS
        seen = world.api.call("GET", f"/v1/certifications/{certificate_id}", "stranger").json()
        assert (seen["course_id"], seen["enrollment_id"]) == (None, None)

    def test_status_is_that_of_the_day_asked_about(self, world: World, kind_id: UUID) -> None:
        certificate_id = held(world, kind_id, issued_on=date(2026, 1, 1), expires_on=date(2026, 6, 30))
        for day, status in (
            ("2025-12-31", "pending_verification"),
            ("2026-06-30", "active"),
            ("2026-07-01", "expired"),
        ):
            for path in (f"/v1/certifications/{certificate_id}?on={day}", f"{MINE}?on={day}"):
                answer = world.api.call("GET", path, "ann").json()
                assert (answer["items"][0] if "items" in answer else answer)["status"] == status

    def test_a_correction_takes_the_place_of_the_record_and_keeps_it(self, world: World, kind_id: UUID) -> None:
        first = add(world, kind_id, certificate_number="A-17").json()
        second = world.api.call("PUT", f"{MINE}/{first['id']}", "ann", json={"certificate_number": "A-18"}).json()
        assert second["corrects_id"] == first["id"]
        assert second["issued_on"] == first["issued_on"]
        rows = {each["id"]: each for each in world.api.call("GET", MINE, "ann").json()["items"]}
        assert rows[first["id"]]["is_withdrawn"] is True
        assert rows[first["id"]]["certificate_number"] == "A-17"
        emptied = world.api.call("PUT", f"{MINE}/{second['id']}", "ann", json={"certificate_number": None}).json()
        assert emptied["certificate_number"] is None
        hidden = world.api.call("PUT", f"{MINE}/{emptied['id']}", "ann", json={"is_public": False}).json()
        assert (hidden["id"], hidden["is_public"]) == (emptied["id"], False)
        problem(world.api.call("PUT", f"{MINE}/{first['id']}", "ann", json={"certificate_number": "B"}), 409)
        problem(world.api.call("PUT", f"{MINE}/{emptied['id']}", "ann", json={"colour": "red"}), 422)

    def test_a_removal_is_undone(self, world: World, kind_id: UUID) -> None:
        made = add(world, kind_id).json()
        assert world.api.call("DELETE", f"{MINE}/{made['id']}", "ann").status_code == 204
        problem(world.api.call("DELETE", f"{MINE}/{made['id']}", "ann"), 409)
        restored = world.api.call("POST", f"{MINE}/{made['id']}/restore", "ann")
        assert restored.status_code == 201
        assert restored.json()["corrects_id"] == made["id"]
        problem(world.api.call("POST", f"{MINE}/{made['id']}/restore", "ann"), 409)

    def test_nobody_else_touches_it(self, world: World, kind_id: UUID) -> None:
        made = add(world, kind_id).json()
        for who in ("bob", "supervisor", "manager", "stranger"):
            problem(world.api.call("PUT", f"{MINE}/{made['id']}", who, json={"certificate_number": "X"}), 404)
            problem(world.api.call("DELETE", f"{MINE}/{made['id']}", who), 404)
            problem(world.api.call("POST", f"{MINE}/{made['id']}/restore", who), 404)
        for method, path in (("PUT", f"{MINE}/{made['id']}"), ("DELETE", f"{MINE}/{made['id']}"), ("POST", MINE)):
            problem(world.api.call(method, path, json={}), 401)

    def test_who_sees_what_is_not_verified(self, world: World, kind_id: UUID) -> None:
        made = add(world, kind_id).json()
        for who, status in {
            "ann": 200,
            "manager": 200,
            "supervisor": 200,
            "admin": 200,
            "bob": 404,
            "stranger": 404,
        }.items():
            for path in ("", "/line", "/renewal", "/verifications", "/ce-credits"):
                answer = world.api.call("GET", f"/v1/certifications/{made['id']}{path}", who)
                assert answer.status_code == status, (who, path)

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({"issued_on": timedelta(days=1)}, 422),
            ({"expires_on": timedelta(days=-101)}, 422),
            ({"certification_id": str(uuid4())}, 404),
            ({"certificate_number": "x" * 256}, 422),
            ({"document_id": str(uuid4())}, 404),
            ({"person_id": str(uuid4())}, 422),
            ({"issued_on": "yesterday"}, 422),
        ],
    )
    def test_bad_input_is_refused_with_a_reason(
        self, world: World, kind_id: UUID, fields: dict[str, str | timedelta], status: int
    ) -> None:
        given = {
            name: str(clock.today() + value) if isinstance(value, timedelta) else value
            for name, value in fields.items()
        }
        problem(add(world, kind_id, **given), status)
        assert world.api.call("GET", MINE, "ann").json()["total_count"] == 0

    def test_the_same_twice_and_somebody_elses_document_are_refused(self, world: World, kind_id: UUID) -> None:
        add(world, kind_id)
        problem(add(world, kind_id), 409)
        document = add_document(world, "bob").json()
        problem(add(world, kind_id, issued_on="2026-01-05", document_id=document["id"]), 404)

    def test_people_nobody_knows(self, world: World, kind_id: UUID) -> None:
        problem(world.api.call("GET", f"/v1/users/{uuid4()}/certifications", "ann"), 404)


class TestVerificationQueue:
    def test_only_who_may_verify_there_sees_and_decides(self, world: World, kind_id: UUID) -> None:
        made = add(world, kind_id).json()
        asked = world.api.call("POST", f"/v1/certifications/{made['id']}/verification", "ann", json={})
        assert asked.status_code == 201
        case_id = asked.json()["case_id"]
        queue = f"/v1/organizations/{world.own_id}/certifications/verifications"
        decision = f"/v1/certifications/verifications/{case_id}/decision"
        for who in ("ann", "bob", "supervisor", "stranger"):
            problem(world.api.call("GET", queue, who), 403)
        for who in ("bob", "supervisor", "stranger"):
            problem(world.api.call("POST", decision, who, json={"is_approved": True}), 404)
        problem(world.api.call("POST", decision, "ann", json={"is_approved": True}), 403)
        problem(world.api.call("POST", decision, "manager", json={"is_approved": False}), 422)
        rejected = world.api.call("POST", decision, "manager", json={"is_approved": False, "reason": "Unreadable."})
        assert rejected.json()["reason"] == "Unreadable."
        problem(world.api.call("POST", decision, "admin", json={"is_approved": True}), 409)
        history = world.api.call("GET", f"/v1/certifications/{made['id']}/verifications", "ann").json()
        assert [(each["is_approved"], each["reason"]) for each in history] == [(False, "Unreadable.")]
        assert world.api.call("GET", queue, "manager").json()["total_count"] == 0

    def test_a_manager_does_not_verify_her_own(self, world: World, kind_id: UUID) -> None:
        document = add_document(world, "manager").json()
        made = add(world, kind_id, "manager", document_id=document["id"]).json()
        queue = f"/v1/organizations/{world.own_id}/certifications/verifications"
        (case,) = world.api.call("GET", queue, "manager").json()["items"]
        assert (case["certificate_id"], case["is_own"]) == (made["id"], True)
        decision = f"/v1/certifications/verifications/{case['case_id']}/decision"
        problem(world.api.call("POST", decision, "manager", json={"is_approved": True}), 403)


class TestExpiring:
    @pytest.mark.requirement("CRT-07", "US-TC002", "US-TC018")
    def test_own_and_the_organizations(self, world: World, kind_id: UUID) -> None:
        soon = held(world, kind_id, expires_on=clock.today() + timedelta(days=10))
        held(world, kind_id, "bob", expires_on=clock.today() + timedelta(days=91))
        mine = world.api.call("GET", f"{MINE}/expiring", "ann").json()
        assert [(each["id"], each["days_to_expiry"]) for each in mine["items"]] == [(str(soon), 10)]
        assert world.api.call("GET", f"{MINE}/expiring?within_days=9", "ann").json()["items"] == []
        theirs = f"/v1/organizations/{world.own_id}/certifications/expiring"
        for who in ("manager", "supervisor"):
            page = world.api.call("GET", f"{theirs}?within_days=120&page_size=1", who).json()
            assert (page["total_count"], len(page["items"])) == (2, 1)
            assert page["items"][0]["display_name"] == "Ann"
        for who in ("ann", "stranger"):
            problem(world.api.call("GET", theirs, who), 403)
        problem(world.api.call("GET", f"{theirs}?within_days=-1", "manager"), 422)
        problem(world.api.call("GET", f"{MINE}/expiring"), 401)


class TestRenew:
    @pytest.mark.requirement("CRT-07")
    def test_bulk_renews_what_is_ready_and_lists_what_is_missing(self, world: World, kind_id: UUID) -> None:
        with unit_of_work(world.api.engine) as session:
            ours = create_certification(session, name="Site induction", ce_credits_required=Decimal(2))
            course = create_course(session, ce_credits=Decimal(2))
            enrollment = create_enrollment(
                session,
                session.get_one(Person, world.api.people["ann"]),
                course,
                status="completed",
                ended_at=clock.now() - timedelta(days=3),
            )
            ours_id, enrollment_id = ours.id, enrollment.id
        dates: dict[str, Any] = {
            "issued_on": clock.today() - timedelta(days=300),
            "expires_on": clock.today() + timedelta(days=60),
        }
        ready, foreign = held(world, ours_id, **dates), held(world, kind_id, **dates)
        body = {"certificate_ids": [str(ready), str(foreign)]}
        first = {
            each["certificate_id"]: each
            for each in world.api.call("POST", f"{MINE}/bulk-renew", "ann", json=body).json()
        }
        assert [step["code"] for step in first[str(ready)]["missing"]] == ["ce_credits"]
        assert [step["code"] for step in first[str(foreign)]["missing"]] == ["ce_credits", "evidence"]
        logged = world.api.call(
            "POST", f"/v1/certifications/{ready}/ce-credits", "ann", json={"enrollment_id": str(enrollment_id)}
        )
        assert logged.json()["standing"]["short_by"] == 0
        second = world.api.call("POST", f"{MINE}/bulk-renew", "ann", json=body).json()
        renewed_by = second[0]["renewed_by_id"]
        assert renewed_by is not None
        again = world.api.call("POST", f"/v1/certifications/{ready}/renew", "ann").json()
        assert (again["renewed_by_id"], again["missing"]) == (renewed_by, [])
        line = world.api.call("GET", f"/v1/certifications/{ready}/line", "manager").json()
        assert [each["id"] for each in line] == [str(ready), renewed_by]
        assert line[1]["first_earned_on"] == line[0]["issued_on"]

    def test_who_renews_for_whom(self, world: World, kind_id: UUID) -> None:
        certificate_id = held(world, kind_id, expires_on=clock.today() + timedelta(days=10))
        path = f"/v1/certifications/{certificate_id}/renew"
        for who, status in {"ann": 200, "manager": 200, "supervisor": 403, "bob": 404, "stranger": 404}.items():
            assert world.api.call("POST", path, who).status_code == status, who
        body = {"certificate_ids": [str(certificate_id), str(uuid4())]}
        problem(world.api.call("POST", f"{MINE}/bulk-renew", "ann", json=body), 404)
        problem(world.api.call("POST", f"{MINE}/bulk-renew", "ann", json={"certificate_ids": []}), 422)
        problem(world.api.call("POST", path), 401)


class TestCredits:
    def test_an_activity_is_logged_once_and_taken_back(self, world: World, kind_id: UUID) -> None:
        certificate_id = held(
            world, kind_id, issued_on=clock.today() - timedelta(days=30), expires_on=clock.today() + timedelta(days=335)
        )
        path = f"/v1/certifications/{certificate_id}/ce-credits"
        wish = {
            "credits": "4.5",
            "activity_type": "webinar",
            "activity_on": str(clock.today() - timedelta(days=1)),
            "activity_description": "Brake adjustment",
        }
        made = world.api.call("POST", path, "ann", json=wish)
        assert made.status_code == 201
        assert (made.json()["standing"]["earned"], made.json()["standing"]["short_by"]) == (4.5, 7.5)
        problem(world.api.call("POST", path, "ann", json={**wish, "activity_description": "BRAKE adjustment"}), 409)
        for bad in ({"credits": "0"}, {"credits": "1.234"}, {"activity_description": " "}, {"activity_type": "nap"}):
            problem(world.api.call("POST", path, "ann", json={**wish, **bad}), 422)
        problem(world.api.call("POST", path, "ann", json={"credits": "1"}), 422)
        for who in ("bob", "supervisor", "stranger"):
            problem(world.api.call("POST", path, who, json=wish), 404)
        credit_id = made.json()["credits"][0]["id"]
        for who in ("bob", "supervisor", "stranger"):
            problem(world.api.call("DELETE", f"/v1/certifications/ce-credits/{credit_id}", who), 404)
        assert world.api.call("DELETE", f"/v1/certifications/ce-credits/{credit_id}", "ann").status_code == 204
        assert world.api.call("GET", path, "manager").json()["standing"]["earned"] == 0

    def test_progress_tells_what_is_short(self, world: World, kind_id: UUID) -> None:
        held(world, kind_id, expires_on=clock.today() + timedelta(days=10))
        (progress,) = world.api.call("GET", f"{MINE}/progress", "ann").json()
        assert (progress["text"], progress["ce_credits_short"]) == ("12 CE credits short", 12)


class TestDocuments:
    def test_only_the_holder_and_who_may_verify_get_it_and_as_an_attachment(self, world: World, kind_id: UUID) -> None:
        made = add_document(world, name="..\\..\\my licence é.pdf").json()
        assert made["file_name"] == "my licence é.pdf"
        path = f"/v1/documents/{made['id']}"
        for who in ("ann", "manager", "admin"):
            answer = world.api.call("GET", path, who)
            assert answer.content == PDF
            assert answer.headers["content-type"] == "application/pdf"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-disposition"].startswith(
                "attachment; filename*=UTF-8''my%20licence%20%C3%A9.pdf"
            )
            assert answer.headers["cache-control"] == "private, no-store"
        for who in ("bob", "supervisor", "stranger"):
            problem(world.api.call("GET", path, who), 404)
            problem(world.api.call("DELETE", path, who), 404)
        problem(world.api.call("GET", path), 401)
        assert [each["id"] for each in world.api.call("GET", "/v1/me/documents", "ann").json()] == [made["id"]]
        assert world.api.call("DELETE", path, "ann").status_code == 204
        problem(world.api.call("GET", path, "ann"), 404)

    def test_a_manager_brings_a_members_and_no_strangers(self, world: World, kind_id: UUID) -> None:
        made = add_document(world, "manager", person_id=str(world.api.people["ann"]))
        assert made.status_code == 201
        problem(add_document(world, "stranger", person_id=str(world.api.people["ann"])), 404)
        problem(add_document(world, "bob", person_id=str(world.api.people["ann"])), 404)

    @pytest.mark.parametrize(
        ("content", "name", "status"),
        [
            (b"", "a.pdf", 422),
            (SVG, "badge.svg", 415),
            (SVG, "badge.png", 415),
            (PNG, "scan.pdf", 415),
            (b"MZ\x90", "setup.exe", 415),
            (png_with_broken_chunk(), "scan.png", 422),
            (JPEG[:-40], "photo.jpg", 422),
            (PDF + b" " * (10 * 1024 * 1024), "large.pdf", 413),
        ],
    )
    def test_bad_files_are_refused(self, world: World, content: bytes, name: str, status: int) -> None:
        problem(add_document(world, content=content, name=name), status)
        assert world.api.call("GET", "/v1/me/documents", "ann").json() == []


class TestVerify:
    @pytest.fixture
    def shown(self, world: World, kind_id: UUID) -> Certificate:
        """A public certificate with a badge."""
        certificate_id = held(
            world,
            kind_id,
            issued_on=clock.today() - timedelta(days=30),
            expires_on=clock.today() + timedelta(days=30),
            certificate_number="RR-2026-0042",
            earned_through=EarnedThrough.SITESYNC_COURSE,
        )
        with unit_of_work(world.api.engine) as session:
            signer = load_or_create_badge_signer(world.api.settings)
            issue_badge(session, signer, certificate_id=certificate_id, now=clock.now())
            return session.get_one(Certificate, certificate_id)

    def test_a_number_a_link_a_credential_a_token_and_a_file_are_all_answered(
        self, world: World, shown: Certificate
    ) -> None:
        mine = world.api.call("GET", "/v1/badges/mine", "ann").json()[0]
        download = f"/v1/badges/mine/{shown.id}/download?form="
        credential = world.api.call("GET", f"{download}json", "ann")
        token = world.api.call("GET", f"{download}jwt", "ann").text
        png = world.api.call("GET", f"{download}png", "ann").content
        svg = world.api.call("GET", f"{download}svg", "ann").content
        path = "/v1/certifications/verify"
        answers = [
            world.api.call("POST", path, "stranger", json={"certificate_number": "RR-2026-0042"}),
            world.api.call("POST", path, "stranger", json={"link": mine["share_url"]}),
            world.api.call("POST", path, "bob", json={"credential": credential.json()}),
            world.api.call("POST", path, "manager", json={"credential": token}),
            world.api.call("POST", path, "admin", json={"presented": token}),
            world.api.call("POST", path, "ann", files={"file": ("badge.png", BytesIO(png), "image/png")}),
            send_raw(world, "ann", svg, "image/svg+xml"),
            send_raw(world, "ann", token.encode(), "application/vc+jwt"),
        ]
        for answer in answers:
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert (body["outcome"], body["is_valid"]) == ("valid", True), body
            assert body["certificate"]["certification_name"] == "Rope rescue"
            # The builder wrote no ledger entry.
            assert all(check["is_passed"] for check in body["checks"] if check["name"] != "ledger"), body
        later = {"link": mine["share_url"], "on": str(clock.today() + timedelta(days=31))}
        expired = world.api.call("POST", path, "ann", json=later).json()
        assert (expired["outcome"], expired["outcome_now"], expired["is_valid"]) == ("expired", "valid", False)
        forged = credential.json()
        forged["name"] = "Master of ropes"
        assert world.api.call("POST", path, "ann", json={"credential": forged}).json()["outcome"] == "invalid"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 422),
            ({"certificate_number": "1", "link": "https://a.example/b"}, 422),
            ({"number": "1"}, 422),
            ({"certificate_number": "1", "on": "soon"}, 422),
        ],
    )
    def test_what_is_not_said_clearly_is_refused(self, world: World, body: dict[str, str], status: int) -> None:
        problem(world.api.call("POST", "/v1/certifications/verify", "ann", json=body), status)

    def test_odd_json_is_answered_and_a_name_that_occurs_twice_is_refused(self, world: World) -> None:
        """Of two values under one name readers choose differently; numbers beyond 64 bits are JSON all the same."""
        whole = b'{"credential": {"type": "OpenBadgeCredential", "size": 123456789012345678901234567890}}'
        assert send_raw(world, "ann", whole, "application/json").json()["outcome"] == "invalid"
        for body in (b'{"credential": {"id": "a", "id": "b"}}', b'{"link": "a", "link": "b"}', b'{"link": ', b"[]"):
            problem(send_raw(world, "ann", body, "application/json"), 422)

    def test_what_nobody_knows_is_an_answer_and_too_much_is_none(self, world: World) -> None:
        path = "/v1/certifications/verify"
        unknown = world.api.call("POST", path, "ann", json={"certificate_number": "none-such"})
        assert unknown.json()["outcome"] == "unknown"
        problem(world.api.call("POST", path, json={"certificate_number": "1"}), 401)
        large = {"file": ("badge.png", BytesIO(PNG + b"0" * (5 * 1024 * 1024)), "image/png")}
        problem(world.api.call("POST", path, "ann", files=large), 413)
        problem(world.api.call("POST", path, "ann", data={"on": "2026-01-01"}, files={"other": b"x"}), 422)


def send_raw(world: World, who: str, content: bytes, media_type: str) -> Any:
    headers = {"Authorization": f"Bearer {world.api.tokens[who]}", "Content-Type": media_type}
    return world.api.client.post("/v1/certifications/verify", content=content, headers=headers)


def problem(answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"] or answer.json()["errors"]
