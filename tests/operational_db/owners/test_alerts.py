"""Alerts of visits: opened by state, told to both sides once per state, withdrawn when solved, told when they recur.

The property test lives through crews that come and go, visits that move, and outages of the worker, on a simulated
clock; the expectation is worked out beside the product. Several visits live through the same rounds.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from operational_db.database import create_database_engine, unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.notifications import rules, service
from operational_db.owners import visits
from operational_db.owners.alerts import refresh_visit_alerts
from operational_db.tables.credentials import Certificate
from operational_db.tables.notifications import NotificationItem
from operational_db.tables.owners import VisitAlert
from operational_db.types import CrewRuleTarget, ReminderSchedule
from tests.databases import copied_database
from tests.operational_db.notifications.reminding import RecordingChannel, channels_to
from tests.operational_db.owners.owner_world import OwnerWorld, create_world, plan, require

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
VISIT = ReminderSchedule.VISIT_UNQUALIFIED


def open_alerts(session: Session) -> list[UUID]:
    return list(session.scalars(select(VisitAlert.visit_id).where(VisitAlert.closed_at.is_(None))))


@pytest.mark.requirement("OWN-02")
class TestState:
    @pytest.fixture
    def world(self, session: Session, now: datetime) -> OwnerWorld:
        return create_world(session, now)

    @pytest.mark.parametrize(
        ("crew", "is_alarming"), [((), False), (("ann",), False), (("ann", "bob"), False), (("bob",), True)]
    )
    def test_a_visit_alarms_when_those_who_are_to_come_are_not_qualified(
        self, session: Session, world: OwnerWorld, crew: tuple[str, ...], is_alarming: bool
    ) -> None:
        visit = plan(session, world, 5, *crew, equipment_id=world.lift_id)
        refresh_visit_alerts(session, now=world.now)
        assert open_alerts(session) == ([visit.id] if is_alarming else [])
        view = visits.visit_of(session, world["owner"], visit_id=visit.id)
        assert view.is_unqualified is is_alarming

    def test_where_nothing_is_required_nobody_is_alarmed(self, session: Session, world: OwnerWorld) -> None:
        plan(session, world, 5, "bob", equipment_id=world.stairs_id)
        refresh_visit_alerts(session, now=world.now)
        assert open_alerts(session) == []

    def test_nobody_left_to_send_is_alarming(self, session: Session, world: OwnerWorld) -> None:
        visit = plan(session, world, 5, equipment_id=world.lift_id)
        session.execute(text("update memberships set ended_on = :day"), {"day": world.today})
        refresh_visit_alerts(session, now=world.now)
        assert open_alerts(session) == [visit.id]

    def test_the_certificate_must_last_until_the_visit(self, session: Session, world: OwnerWorld) -> None:
        held = session.get_one(Certificate, world.ann_certificate_id)
        held.expires_on = world.today + 5 * DAY
        session.flush()
        plan(session, world, 5, "ann", equipment_id=world.lift_id)
        late = plan(session, world, 6, "ann", equipment_id=world.lift_id)
        refresh_visit_alerts(session, now=world.now)
        assert open_alerts(session) == [late.id]

    def test_it_closes_when_solved_moved_far_away_or_settled_and_opens_anew(
        self, session: Session, world: OwnerWorld
    ) -> None:
        visit = plan(session, world, 5, "bob", equipment_id=world.lift_id)
        refresh_visit_alerts(session, now=world.now)
        (first,) = session.scalars(select(VisitAlert))
        change: dict[str, Any] = {"visit_id": visit.id, "now": world.now}
        visits.move_visit(session, SYSTEM_PRINCIPAL, person_ids=[world.id_of("ann")], **change)
        # Also the quick look that comes before every delivery sees that it is solved.
        assert refresh_visit_alerts(session, now=world.now, has_new=False) == 1
        assert open_alerts(session) == []
        visits.move_visit(session, SYSTEM_PRINCIPAL, person_ids=[world.id_of("bob")], **change)
        assert refresh_visit_alerts(session, now=world.now, has_new=False) == 0
        assert refresh_visit_alerts(session, now=world.now) == 1
        assert len({alert.id for alert in session.scalars(select(VisitAlert))} - {first.id}) == 1
        visits.move_visit(session, SYSTEM_PRINCIPAL, planned_on=world.today + 40 * DAY, **change)
        refresh_visit_alerts(session, now=world.now)
        assert open_alerts(session) == []
        visits.move_visit(session, SYSTEM_PRINCIPAL, planned_on=world.today + 3 * DAY, **change)
        refresh_visit_alerts(session, now=world.now)
        assert open_alerts(session) == [visit.id]
        visits.settle_visit(session, SYSTEM_PRINCIPAL, is_done=False, **change)
        refresh_visit_alerts(session, now=world.now)
        assert open_alerts(session) == []


@pytest.fixture(scope="module")
def own_engine(server_url_of: Callable[[str], str], template_database: str) -> Iterator[Engine]:
    with copied_database(server_url_of, template_database) as url:
        engine = create_database_engine(url, pool_size=10)
        yield engine
        engine.dispose()


def told(engine: Engine) -> list[tuple[UUID, int, date]]:
    """Person, step and day of work of all news of visits that reached somebody."""
    with unit_of_work(engine) as session:
        statement = select(NotificationItem).where(
            NotificationItem.schedule == VISIT, NotificationItem.sent_at.is_not(None)
        )
        return [(item.person_id, item.step, item.due_on) for item in session.scalars(statement)]


def worker(engine: Engine, now: datetime, mail: RecordingChannel) -> None:
    service.owe_reminders(engine, now=now)
    service.deliver_due(engine, channels_to(mail), now=now)


def forget(engine: Engine) -> None:
    """The next example begins with nobody to be told anything."""
    with engine.begin() as connection:
        for name in ("notification_items", "notification_deliveries", "notifications", "reminder_runs"):
            connection.execute(text(f"delete from {name}"))
        connection.execute(text("update visits set status = 'cancelled'"))
        connection.execute(text("update visit_alerts set closed_at = now() where closed_at is null"))
        connection.execute(text("update people set erased_at = now(), email = null"))


@dataclass
class Planned:
    """A visit, what is still to happen to it, and the steps told of its present state by day of work.

    It is another state after the crew was qualified, or the day changed.
    """

    id: UUID
    planned_on: date
    changes: dict[int, str | int | None]
    crew: str = "bob"
    told: dict[date, list[int]] = field(default_factory=dict)

    def change(self, engine: Engine, world: OwnerWorld, change: str | int | None, now: datetime) -> None:
        if isinstance(change, str):
            self.crew = change
        elif change is not None:
            self.planned_on = max(now.date(), self.planned_on + change * DAY)
        if change is not None and self.planned_on >= now.date():
            with unit_of_work(engine) as session:
                visits.move_visit(
                    session,
                    SYSTEM_PRINCIPAL,
                    visit_id=self.id,
                    planned_on=self.planned_on,
                    person_ids=[world.id_of(self.crew)],
                    now=now,
                )

    def news(self, today: date, window: rules.Window) -> list[tuple[int, date]]:
        """The step that must be told today, with the day of work."""
        if not (self.crew == "bob" and today <= self.planned_on <= today + 15 * DAY):
            self.told = {}
            return []
        steps = self.told.setdefault(self.planned_on, [])
        owed = rules.owed_steps(VISIT, self.planned_on, today=today, told=steps, window=window)
        if owed is None:
            return []
        steps.append(owed.step)
        return [(owed.step, self.planned_on)]


@pytest.mark.requirement("OWN-02")
class TestNews:
    def test_both_sides_are_told_at_once_and_nobody_else(self, own_engine: Engine, now: datetime) -> None:
        with unit_of_work(own_engine) as session:
            world = create_world(session, now)
            visit = plan(session, world, 5, "bob", equipment_id=world.lift_id)
        mail = RecordingChannel()
        worker(own_engine, now, mail)
        worker(own_engine, now + HOUR, mail)
        assert sorted(told(own_engine)) == sorted(
            (world.id_of(who), 7, visit.planned_on) for who in ("owner", "manager")
        )
        (to_owner,) = mail.to(world.id_of("owner"))
        assert (
            to_owner.subject == "Nobody qualified can come to “Tower, Lift 1” in 5 days (7 Nov 2026), as things stand."
        )
        assert f"/owner-visits?visit={visit.id}" in to_owner.body
        assert f"/company-visits?visit={visit.id}" in mail.to(world.id_of("manager"))[0].body
        forget(own_engine)

    def test_what_is_solved_before_the_message_leaves_is_never_told(self, own_engine: Engine, now: datetime) -> None:
        night = now.replace(hour=23)
        with unit_of_work(own_engine) as session:
            world = create_world(session, now)
            visit = plan(session, world, 5, "bob", equipment_id=world.lift_id)
        mail = RecordingChannel()
        worker(own_engine, night, mail)
        with unit_of_work(own_engine) as session:
            visits.move_visit(session, SYSTEM_PRINCIPAL, visit_id=visit.id, person_ids=[world.id_of("ann")], now=night)
        service.deliver_due(own_engine, channels_to(mail), now=night + 12 * HOUR)
        assert told(own_engine) == []
        assert not [message for message in mail.sent if "Nobody qualified" in message.body]
        forget(own_engine)

    @settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        start=st.sampled_from([date(2028, 2, 10), date(2027, 3, 7), date(2026, 10, 20)]),
        # Hours from round to round of the worker.
        pauses=st.lists(st.integers(1, 100), min_size=1, max_size=14),
        # Of each visit, the days to it, and what happens before a round: its crew is changed, or it moves by some days.
        plans=st.lists(
            st.tuples(
                st.integers(0, 25),
                st.lists(st.one_of(st.none(), st.sampled_from(["ann", "bob"]), st.integers(-4, 6)), max_size=14),
            ),
            min_size=2,
            max_size=4,
        ),
    )
    def test_each_state_is_told_once_by_its_most_urgent_step(
        self, own_engine: Engine, start: date, pauses: list[int], plans: list[tuple[int, list[str | int | None]]]
    ) -> None:
        now = datetime.combine(start, datetime.min.time(), UTC) + 9 * HOUR
        with unit_of_work(own_engine) as session:
            world = create_world(session, now)
            visits_planned = [
                Planned(
                    plan(session, world, ahead, "bob", equipment_id=world.lift_id).id,
                    world.today + ahead * DAY,
                    dict(enumerate(changes)),
                )
                for ahead, changes in plans
            ]
        mail = RecordingChannel()
        expected: list[tuple[int, date]] = []
        last: date | None = None
        for number, hours in enumerate(pauses):
            now += hours * HOUR
            for each in visits_planned:
                each.change(own_engine, world, each.changes.get(number), now)
            worker(own_engine, now, mail)
            window = rules.window_of(VISIT, now.date(), last)
            expected += [told for each in visits_planned for told in each.news(now.date(), window)]
            last = now.date()
        with own_engine.connect() as connection:
            rows = connection.execute(
                text(
                    "select person_id, subject_id, step, due_on, sent_at is not null as is_sent,"
                    " resolved_at is not null as is_resolved from notification_items where schedule = :schedule"
                ),
                {"schedule": VISIT.value},
            ).all()
        for who in ("owner", "manager"):
            mine = [row for row in rows if row.person_id == world.id_of(who)]
            # All that was owed and nothing else; never a step twice of one state.
            assert Counter((row.step, row.due_on) for row in mine) == Counter(expected)
            sent = Counter((row.subject_id, row.step, row.due_on) for row in mine if row.is_sent)
            assert all(number == 1 for number in sent.values())
        assert {row.person_id for row in rows} <= {world.id_of("owner"), world.id_of("manager")}
        names = Counter(message.delivery_id for message in mail.sent)
        assert all(number == 1 for number in names.values())
        forget(own_engine)


def test_a_rule_in_dry_run_alarms_nobody(session: Session, now: datetime) -> None:
    world = create_world(session, now)
    session.execute(text("update crew_rules set mode = 'dry_run'"))
    plan(session, world, 5, "bob", equipment_id=world.lift_id)
    refresh_visit_alerts(session, now=now)
    assert open_alerts(session) == []
    require(session, world, {"certification": str(world.rigging_id)}, CrewRuleTarget.OWNER, "")
    refresh_visit_alerts(session, now=now)
    assert len(open_alerts(session)) == 1
