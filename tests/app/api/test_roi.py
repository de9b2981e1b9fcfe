"""Costs, wages, unit values, job results and estimates over HTTP: for who manages costs there, and nobody else."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import mint_token
from operational_db.tables.identity import Organization
from operational_db.types import EnrollmentStatus, PricingModel, Role
from tests.app.api.conftest import World
from tests.app.dashboards import release_fixture as figures
from tests.builders import create_course, create_enrollment, create_membership, create_organization, create_person


def _path(world: World, tail: str) -> str:
    return f"/v1/organizations/{world.own_id}/training/{tail}"


def _add_course(world: World) -> str:
    with unit_of_work(world.api.engine) as session:
        return str(create_course(session).id)


def _fee(world: World, who: str = "manager", **fields: object) -> Any:
    body = {"cost_kind": "fee", "incurred_on": "2026-09-01", "amount": "250.50", "currency": "USD", **fields}
    return world.api.call("POST", _path(world, "costs"), who, json=body)


def _set_wage(world: World, amount: str = "40", person: str = "ann") -> Any:
    body = {"person_id": str(world.api.people[person]), "starts_on": "2026-01-01", "amount": amount, "currency": "USD"}
    return world.api.call("PUT", _path(world, "wages"), "manager", json=body)


@pytest.mark.requirement("CMP-06", "US-TC020")
def test_costs_are_recorded_listed_and_taken_back(world: World) -> None:
    course_id = _add_course(world)
    made = _fee(world, course_id=course_id, person_id=str(world.api.people["ann"]), source_key="invoice 7")
    assert (made.status_code, made.json()["amount"], made.json()["person_name"]) == (201, "250.50", "Ann")
    assert _fee(world, course_id=course_id, person_id=str(world.api.people["ann"]), source_key="invoice 7").json() == (
        made.json()
    )
    listed = world.api.call("GET", _path(world, f"costs?course_id={course_id}&cost_kind=fee"), "manager").json()
    assert listed["total_count"] == 1
    gone = world.api.call("DELETE", f"/v1/training/costs/{made.json()['cost_id']}", "manager")
    assert gone.json()["withdrawn_at"] is not None
    assert world.api.call("GET", _path(world, "costs"), "manager").json()["total_count"] == 0
    again = world.api.call("DELETE", f"/v1/training/costs/{made.json()['cost_id']}", "manager")
    assert again.status_code == 409


def test_what_cannot_be_a_cost_is_refused(world: World) -> None:
    course_id = _add_course(world)
    wrong: tuple[dict[str, Any], ...] = (
        {"amount": "-1"},
        {"amount": "1.001"},
        {"amount": "a lot"},
        {"currency": "DOLLAR"},
        {"currency": "XXX"},
        {"course_id": None},
        {"cost_kind": "paid_hours"},
    )
    for fields in wrong:
        assert _fee(world, **{"course_id": course_id, **fields}).status_code == 422, fields


def test_paid_hours_cost_the_wage_and_wages_stay_with_the_manager(world: World) -> None:
    body = {"person_id": str(world.api.people["ann"]), "minutes": 90, "incurred_on": "2026-09-01"}
    assert world.api.call("POST", _path(world, "costs/paid-hours"), "manager", json=body).status_code == 422
    assert _set_wage(world).status_code == 204
    made = world.api.call("POST", _path(world, "costs/paid-hours"), "manager", json=body)
    assert (made.status_code, made.json()["amount"], made.json()["minutes"]) == (201, "60.00", 90)
    with unit_of_work(world.api.engine) as session:
        auditor = create_person(session)
        create_membership(session, auditor, session.get_one(Organization, world.own_id), Role.AUDITOR)
        world.api.tokens["auditor"] = mint_token(
            session, SYSTEM_PRINCIPAL, person_id=auditor.id, label="test", lifetime=timedelta(hours=1), now=clock.now()
        )
    (seen,) = world.api.call("GET", _path(world, "costs"), "auditor").json()["items"]
    assert (seen["amount"], seen["person_id"], seen["minutes"]) == ("60.00", None, None)
    assert world.api.call("GET", _path(world, "wages"), "auditor").status_code == 403
    (wage,) = world.api.call("GET", _path(world, "wages"), "manager").json()["items"]
    assert wage["amount"] == "40.00"
    removed = world.api.call("DELETE", _path(world, f"wages/{wage['person_id']}/2026-01-01"), "manager")
    assert removed.status_code == 204
    assert world.api.call("GET", _path(world, "wages"), "manager").json()["total_count"] == 0


def test_a_wage_that_is_refused_is_not_repeated_in_the_answer(world: World) -> None:
    answer = _set_wage(world, amount="41.1234")
    assert answer.status_code == 422
    assert "41.1" not in answer.text


def test_proposals_are_shown_first_and_recorded_on_demand(world: World) -> None:
    with unit_of_work(world.api.engine) as session:
        course = create_course(session, pricing_model=PricingModel.PAID, price=300, currency="USD")
        create_enrollment(
            session, course=course, person_id=world.api.people["ann"], organization_id=world.own_id,
            status=EnrollmentStatus.COMPLETED, ended_at=clock.now() - timedelta(days=1),
        )  # fmt: skip
    proposed = world.api.call("GET", _path(world, "costs/proposals"), "manager").json()
    assert [(each["cost_kind"], each["problem"] is None) for each in proposed] == [("fee", True), ("paid_hours", False)]
    made = world.api.call("POST", _path(world, "costs/proposals"), "manager", json={})
    assert (made.status_code, len(made.json()["cost_ids"])) == (201, 1)
    assert world.api.call("POST", _path(world, "costs/proposals"), "manager", json={}).json() == {"cost_ids": []}


def test_unit_values_hold_from_their_day_on(world: World) -> None:
    body = {"outcome_kind": "callback_rate", "amount": "90", "currency": "USD"}
    (value,) = world.api.call("PUT", _path(world, "unit-values"), "manager", json=body).json()
    assert (value["amount"], value["unit"]) == ("90.00", "one callback avoided")
    assert world.api.call("GET", _path(world, "unit-values?on=2020-01-01"), "manager").json() == []
    other = {**body, "currency": "CAD", "outcome_kind": "incidents"}
    assert world.api.call("PUT", _path(world, "unit-values"), "manager", json=other).status_code == 409


@pytest.mark.requirement("CMP-06", "US-TC020")
def test_jobs_come_in_bulk_row_by_row_and_repeatedly(world: World) -> None:
    jobs: list[dict[str, Any]] = [
        {"person": str(world.api.people["ann"]), "job_number": "J-1", "finished_on": "2026-09-01", "hours": 2.5},
        {"person": str(world.api.people["bob"]), "job_number": "J-2", "finished_on": "2026-09-02", "callback": True},
        {"person": str(world.api.people["stranger"]), "job_number": "J-3", "finished_on": "2026-09-02"},
        {"person": str(world.api.people["bob"]), "job_number": "J-4", "finished_on": "soon"},
    ]

    def send(query: str = "") -> Any:
        return world.api.call("POST", _path(world, f"outcomes{query}"), "manager", json={"jobs": jobs}).json()

    tried = send("?dry_run=true")
    assert (tried["import_id"], tried["added"], tried["refused"]) == (None, 2, 2)
    done = send()
    assert UUID(done["import_id"])
    assert [(row["line"], row["column"], row["code"]) for row in done["refused_rows"]] == [
        (4, "finished_on", "unreadable_value"), (3, "person", "unknown_person"),
    ]  # fmt: skip
    assert (send()["unchanged"], send()["added"]) == (2, 0)


def test_estimating_says_what_is_missing_then_tells_what_it_found(world: World) -> None:
    missing = world.api.call("POST", _path(world, "roi/estimates"), "manager")
    assert (missing.status_code, "Import" in missing.json()["detail"]) == (404, True)
    jobs = [{"person": str(world.api.people["ann"]), "job_number": "J-1", "finished_on": "2026-09-01"}]
    world.api.call("POST", _path(world, "outcomes"), "manager", json={"jobs": jobs})
    made = world.api.call("POST", _path(world, "roi/estimates"), "manager")
    assert made.json() == {"new_count": 6, "same_count": 0}
    found = world.api.call("GET", _path(world, "roi/estimates"), "manager").json()
    assert {each["state"] for each in found} == {"not_enough_data"}
    assert all(each["details"]["what_would_change"] for each in found)


def test_returns_before_the_first_figures_say_so(world: World) -> None:
    assert world.api.call("GET", _path(world, "roi"), "manager").status_code == 503


def test_nobody_else_reads_or_writes_any_of_it(world: World) -> None:
    course_id = _add_course(world)
    cost_id = _fee(world, course_id=course_id).json()["cost_id"]
    person_id = str(world.api.people["ann"])
    cost = {"cost_kind": "fee", "incurred_on": "2026-09-01", "amount": "1", "currency": "USD", "course_id": course_id}
    wage = {"person_id": person_id, "starts_on": "2026-01-01", "amount": "40", "currency": "USD"}
    job = {"person": person_id, "job_number": "J-1", "finished_on": "2026-09-01"}
    calls: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", "costs", None),
        ("POST", "costs", cost),
        ("POST", "costs/paid-hours", {"person_id": person_id, "minutes": 5, "incurred_on": "2026-09-01"}),
        ("GET", "costs/proposals", None),
        ("POST", "costs/proposals", {}),
        ("GET", "wages", None),
        ("PUT", "wages", wage),
        ("DELETE", f"wages/{person_id}/2026-01-01", None),
        ("GET", "unit-values", None),
        ("PUT", "unit-values", {"outcome_kind": "incidents", "amount": "1", "currency": "USD"}),
        ("POST", "outcomes", {"jobs": [job]}),
        ("GET", "roi", None),
        ("GET", "roi/estimates", None),
        ("POST", "roi/estimates", None),
    ]
    for who, refused in (("stranger", 403), ("ann", 403), (None, 401)):
        for method, tail, body in calls:
            options = {} if body is None else {"json": body}
            assert world.api.call(method, _path(world, tail), who, **options).status_code == refused, tail
        taken = world.api.call("DELETE", f"/v1/training/costs/{cost_id}", who)
        assert taken.status_code == (401 if who is None else 404)
    unknown = world.api.call("DELETE", f"/v1/training/costs/{uuid4()}", "manager")
    assert unknown.status_code == 404
    assert world.api.call("GET", _path(world, "costs"), "manager").json()["total_count"] == 1


@pytest.mark.requirement("CMP-06", "US-TC020")
def test_returns_are_the_pages_figures_of_the_own_organization_alone(world: World) -> None:
    figures.write_release(world.api.settings)
    with unit_of_work(world.api.engine) as session:
        for name, organization_id in (("owner", figures.COMPANY), ("rival", figures.OTHER_COMPANY)):
            company = create_organization(session, id=organization_id)
            world.api.add_person(session, name, company, Role.COMPANY_MANAGER)
    own = f"/v1/organizations/{figures.COMPANY}/training/roi"
    found = world.api.call("GET", own, "owner").json()
    assert (found["ledger_size"], found["company"]["roi"], found["company"]["currency"]) == (1_204_551, 0.5, "USD")
    assert [(each["cost"], each["state"]) for each in found["courses"]] == [
        (8000.0, "no_visible_effect"), (4000.0, "not_enough_data"),
    ]  # fmt: skip
    assert [each["team_name"] for each in found["teams"]] == ["Modernisation", "Service north"]
    assert len(found["effects"]) == 7
    assert all(each["what_would_change"] for each in found["effects"])
    rival = world.api.call("GET", f"/v1/organizations/{figures.OTHER_COMPANY}/training/roi", "rival").json()
    assert (rival["company"]["state"], rival["company"]["roi"]) == ("mixed_currencies", None)
    assert len(rival["effects"]) == 1
    assert world.api.call("GET", own, "rival").status_code == 403
