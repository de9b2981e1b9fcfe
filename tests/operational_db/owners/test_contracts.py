"""A contract needs the consent of the contractor: what a proposal opens (nothing), who answers it, and two at once."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ConflictError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Grant, Principal
from operational_db.notifications.service import owe_reminders
from operational_db.owners import contracts, crew, service, visits
from operational_db.tables.notifications import NotificationItem
from operational_db.tables.owners import ServiceContract
from operational_db.types import ContractStatus, ReminderSchedule, Role, new_id
from pipelines.extract import DIMENSIONS
from tests.operational_db.notifications.reminding import NOW
from tests.operational_db.owners.owner_world import OwnerWorld, create_world, events_of

DAY = timedelta(days=1)


@pytest.fixture
def world(session: Session, now: datetime) -> OwnerWorld:
    return create_world(session, now)


def propose(session: Session, world: OwnerWorld, **fields: Any) -> ServiceContract:
    """To the contractor that has no contract with the owner yet."""
    return contracts.propose_contract(
        session,
        world["owner"],
        owner_id=world.owner_id,
        contractor_id=world.other_contractor_id,
        now=world.now,
        **fields,
    )


def status_of(session: Session, world: OwnerWorld, contract: ServiceContract) -> ContractStatus:
    session.flush()
    return contracts.contract_of(session, world["owner"], contract_id=contract.id).status


@pytest.mark.requirement("US-TC027", "RSK-03")
class TestProposal:
    def test_it_opens_nobody(self, session: Session, world: OwnerWorld) -> None:
        """People and the company are as unknown as those that do not exist, whatever is asked."""
        propose(session, world)
        asked: dict[str, Any] = {"building_id": world.tower_id, "work_on": world.today, "now": world.now}
        for field, real, missing in (
            ("person_ids", [world.id_of("eve")], [new_id()]),
            ("contractor_id", world.other_contractor_id, new_id()),
        ):
            refusals = set()
            for each in (real, missing):
                with pytest.raises(NotFoundError) as refused:
                    crew.check_crew(session, world["owner"], **asked | {field: each})
                refusals.add((refused.value.message, str(refused.value.details)))
            assert len(refusals) == 1
        served = crew.people_who_serve(session, world["owner"], organization_id=world.owner_id, on=world.today)
        assert world.id_of("eve") not in {each.person_id for each in served}
        assert events_of(session, "crew.decided") == []

    def test_it_is_in_no_figures(self, session: Session, world: OwnerWorld) -> None:
        proposal = propose(session, world)
        landed = {row.contract_id for row in session.execute(text(DIMENSIONS["service_contracts"]))}
        assert str(world.contract_id) in landed
        assert str(proposal.id) not in landed
        started = {orjson.loads(event.body)["contract_id"] for event in events_of(session, "contract.started")}
        assert str(proposal.id) not in started

    @pytest.mark.parametrize("who", ["owner", "other_manager"])
    def test_no_visit_is_planned_under_it(self, session: Session, world: OwnerWorld, who: str) -> None:
        proposal = propose(session, world)
        refusals = set()
        for contract_id in (proposal.id, new_id()):
            with pytest.raises(NotFoundError) as refused:
                visits.plan_visit(
                    session, world[who], contract_id=contract_id, building_id=world.tower_id, planned_on=world.today,
                    now=world.now,
                )  # fmt: skip
            refusals.add(refused.value.message)
        assert refusals == {contracts.NO_CONTRACT}

    def test_the_contractor_sees_the_proposal_and_no_building(self, session: Session, world: OwnerWorld) -> None:
        proposal = propose(session, world)
        seen = contracts.list_contracts(
            session, world["other_manager"], organization_id=world.other_contractor_id, on=world.today
        ).items
        assert proposal.id in {each.contract_id for each in seen}
        with pytest.raises(NotFoundError):
            service.building_of(session, world["other_manager"], building_id=world.tower_id, on=world.today)

    def test_only_the_operator_starts_one_at_once(self, session: Session, world: OwnerWorld) -> None:
        admin = Principal(new_id(), "Admin", frozenset({Grant(new_id(), Role.PLATFORM_ADMIN)}))
        for principal in (world["owner"], world["other_manager"], admin):
            with pytest.raises(NotAuthorizedError):
                contracts.start_contract(
                    session, principal, owner_id=world.owner_id, contractor_id=world.other_contractor_id, now=world.now
                )


@pytest.mark.requirement("US-TC027")
class TestAnswer:
    def test_acceptance_opens_its_people_from_that_day_on(self, session: Session, world: OwnerWorld) -> None:
        proposal = propose(session, world, started_on=world.today - 30 * DAY)
        accepted_at = world.now + DAY
        contracts.accept_contract(session, world["other_manager"], contract_id=proposal.id, now=accepted_at)
        assert status_of(session, world, proposal) is ContractStatus.ACCEPTED
        started = orjson.loads(events_of(session, "contract.started")[-1].body)
        assert (started["contract_id"], started["started_on"]) == (str(proposal.id), str(accepted_at.date()))
        asked: dict[str, Any] = {"building_id": world.tower_id, "person_ids": [world.id_of("eve")], "now": accepted_at}
        assert crew.check_crew(session, world["owner"], work_on=accepted_at.date(), **asked).decision_id is not None
        with pytest.raises(NotFoundError):
            crew.check_crew(session, world["owner"], work_on=world.today, **asked)

    def test_declined_it_can_be_proposed_again(self, session: Session, world: OwnerWorld) -> None:
        first = propose(session, world)
        with pytest.raises(ConflictError, match="waits for its answer"):
            propose(session, world)
        contracts.decline_contract(session, world["other_manager"], contract_id=first.id, now=world.now)
        for answer in (contracts.accept_contract, contracts.decline_contract, contracts.end_contract):
            with pytest.raises(ConflictError, match="declined"):
                answer(session, world["other_manager"], contract_id=first.id, now=world.now)
        second = propose(session, world)
        contracts.accept_contract(session, world["other_manager"], contract_id=second.id, now=world.now)
        assert [status_of(session, world, each) for each in (first, second)] == [
            ContractStatus.DECLINED,
            ContractStatus.ACCEPTED,
        ]
        current = contracts.list_contracts(session, world["owner"], organization_id=world.owner_id, on=world.today)
        assert first.id not in {each.contract_id for each in current.items}
        every = contracts.list_contracts(session, world["owner"], organization_id=world.owner_id)
        assert first.id in {each.contract_id for each in every.items}

    @pytest.mark.parametrize(
        ("who", "status"), [("owner", ContractStatus.WITHDRAWN), ("other_manager", ContractStatus.DECLINED)]
    )
    def test_either_side_ends_a_proposal(
        self, session: Session, world: OwnerWorld, who: str, status: ContractStatus
    ) -> None:
        proposal = propose(session, world)
        contracts.end_contract(session, world[who], contract_id=proposal.id, now=world.now)
        assert status_of(session, world, proposal) is status
        assert events_of(session, "contract.ended") == []
        with pytest.raises(ConflictError):
            contracts.accept_contract(session, world["other_manager"], contract_id=proposal.id, now=world.now)

    @pytest.mark.parametrize("who", ["owner", "other_manager"])
    def test_either_side_ends_what_was_accepted(self, session: Session, world: OwnerWorld, who: str) -> None:
        proposal = propose(session, world)
        contracts.accept_contract(session, world["other_manager"], contract_id=proposal.id, now=world.now)
        contracts.end_contract(session, world[who], contract_id=proposal.id, now=world.now)
        with pytest.raises(NotFoundError):
            crew.check_crew(
                session, world["owner"], building_id=world.tower_id, person_ids=[world.id_of("eve")],
                work_on=world.today + DAY, now=world.now,
            )  # fmt: skip

    @pytest.mark.parametrize("answer", [contracts.accept_contract, contracts.decline_contract])
    def test_nobody_but_the_contractors_managers_answers(
        self, session: Session, world: OwnerWorld, answer: Callable[..., ServiceContract]
    ) -> None:
        proposal = propose(session, world)
        admin = Principal(new_id(), "Admin", frozenset({Grant(new_id(), Role.PLATFORM_ADMIN)}))
        for principal in (world["owner"], world["auditor"], admin):
            with pytest.raises(NotAuthorizedError):
                answer(session, principal, contract_id=proposal.id, now=world.now)
        for who in ("manager", "supervisor", "ann", "eve", "other_owner"):
            refusals = set()
            for contract_id in (proposal.id, new_id()):
                with pytest.raises(NotFoundError) as refused:
                    answer(session, world[who], contract_id=contract_id, now=world.now)
                refusals.add(refused.value.message)
            assert len(refusals) == 1
        assert status_of(session, world, proposal) is ContractStatus.PROPOSED

    def test_a_proposal_whose_days_have_passed_is_accepted_no_more(self, session: Session, world: OwnerWorld) -> None:
        proposal = propose(session, world, ended_on=world.today + DAY)
        with pytest.raises(ConflictError, match="have passed"):
            contracts.accept_contract(session, world["other_manager"], contract_id=proposal.id, now=world.now + 2 * DAY)

    def test_of_two_at_once_one_accepts(self, committed_engine: Engine) -> None:
        now = clock.now()
        with unit_of_work(committed_engine) as session:
            world = create_world(session, now)
            contract_id = propose(session, world).id
        outcomes: list[str] = []
        ready = threading.Barrier(2)

        def accept() -> None:
            ready.wait(timeout=60)
            try:
                with unit_of_work(committed_engine) as session:
                    contracts.accept_contract(session, world["other_manager"], contract_id=contract_id, now=now)
                outcomes.append("accepted")
            except ConflictError:
                outcomes.append("refused")

        threads = [threading.Thread(target=accept) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        assert sorted(outcomes) == ["accepted", "refused"]
        with read_only_session(committed_engine) as session:
            bodies = [orjson.loads(event.body) for event in events_of(session, "contract.started")]
        assert [body["contract_id"] for body in bodies].count(str(contract_id)) == 1


class TestNotice:
    """Who may answer a proposal is told of it, once, while it waits."""

    @pytest.fixture
    def world(self, committed_engine: Engine) -> OwnerWorld:
        with unit_of_work(committed_engine) as session:
            return create_world(session, NOW)

    def _told(self, engine: Engine) -> list[tuple[UUID, str, str, bool]]:
        with read_only_session(engine) as session:
            items = session.scalars(
                select(NotificationItem).where(NotificationItem.schedule == ReminderSchedule.CONTRACT_PROPOSED)
            )
            return [(each.person_id, each.title, each.action_path, each.resolved_at is None) for each in items]

    @pytest.mark.requirement("US-TC027")
    def test_the_contractors_managers_are_told_once_until_it_is_answered(
        self, committed_engine: Engine, world: OwnerWorld
    ) -> None:
        with unit_of_work(committed_engine) as session:
            proposal_id = propose(session, world).id
            owner_name = contracts.contract_of(session, world["owner"], contract_id=proposal_id).owner_name
        owed = owe_reminders(committed_engine, now=world.now).owed
        assert owed[ReminderSchedule.CONTRACT_PROPOSED] == 1
        manager_id = world.id_of("other_manager")
        assert self._told(committed_engine) == [(manager_id, owner_name, "/company-visits", True)]
        assert owe_reminders(committed_engine, now=world.now + DAY).owed[ReminderSchedule.CONTRACT_PROPOSED] == 0
        with unit_of_work(committed_engine) as session:
            contracts.accept_contract(session, world["other_manager"], contract_id=proposal_id, now=world.now + DAY)
        owe_reminders(committed_engine, now=world.now + DAY)
        assert self._told(committed_engine) == [(manager_id, owner_name, "/company-visits", False)]

    @pytest.mark.parametrize("who", ["owner", "other_manager"])
    def test_nobody_is_told_of_one_that_was_taken_back_or_declined_before(
        self, committed_engine: Engine, world: OwnerWorld, who: str
    ) -> None:
        with unit_of_work(committed_engine) as session:
            contracts.end_contract(session, world[who], contract_id=propose(session, world).id, now=world.now)
        assert owe_reminders(committed_engine, now=world.now).owed[ReminderSchedule.CONTRACT_PROPOSED] == 0
        assert self._told(committed_engine) == []


class TestNames:
    def test_an_owner_finds_a_company_by_its_whole_name_alone(self, session: Session, world: OwnerWorld) -> None:
        contractor = contracts.contract_of(session, world["owner"], contract_id=world.contract_id)
        find: dict[str, Any] = {"owner_id": world.owner_id}
        name = f" {contractor.contractor_name.upper()} "
        assert contracts.contractor_named(session, world["owner"], name=name, **find) == world.contractor_id
        for wrong in (contractor.contractor_name[:-1], "Harbor Estates", "%", ""):
            with pytest.raises(NotFoundError):
                contracts.contractor_named(session, world["owner"], name=wrong, **find)
        with pytest.raises(NotAuthorizedError):
            contracts.contractor_named(session, world["manager"], name=name, **find)
