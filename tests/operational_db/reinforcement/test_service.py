"""Tips with impression and dismissal, near-misses said once or twice, and the micro-lessons that repeated ones earn."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational_db.content.features import set_feature
from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.reinforcement import service
from operational_db.reinforcement.service import NearMissReport
from operational_db.tables.content import NearMiss, ProtectedFeature, Reinforcement
from operational_db.tables.identity import Organization
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import NearMissKind, Role
from tests import builders
from tests.operational_db.content.lessons import lesson_of, take
from tests.operational_db.learning.test_concurrency import all_at_once
from tests.operational_db.principals import create_member, kinds_about

DAY = timedelta(days=1)
ACTIONS = ("data-export", "production-change", "rule-change", "evidence-export")


@pytest.fixture
def session(shipped: Session) -> Session:
    return shipped


@pytest.fixture
def company(session: Session) -> Organization:
    return builders.create_organization(session)


@pytest.fixture
def learner(session: Session, company: Organization) -> Principal:
    return create_member(session, company)


@pytest.fixture
def manager(session: Session, company: Organization) -> Principal:
    return create_member(session, company, Role.COMPANY_MANAGER)


@pytest.fixture
def stranger(session: Session) -> Principal:
    return create_member(session, builders.create_organization(session), Role.COMPANY_MANAGER)


class Reporter:
    """Reports near-misses of one person, each with the next number as its id."""

    def __init__(self, session: Session, manager: Principal, company: Organization, person_id: UUID) -> None:
        self.session, self.manager, self.company, self.person_id = session, manager, company, person_id
        self.count = 0

    def __call__(self, at: datetime, action: str = "data-export", external_id: str | None = None) -> NearMissReport:
        self.count += 1
        return service.record_near_miss(
            self.session,
            self.manager,
            organization_id=self.company.id,
            person_id=self.person_id,
            near_miss_kind=NearMissKind.PERMISSION_DENIED,
            action=action,
            external_id=external_id or f"miss-{self.count}",
            occurred_at=at,
            now=at,
        )


@pytest.fixture
def report(session: Session, manager: Principal, company: Organization, learner: Principal) -> Reporter:
    return Reporter(session, manager, company, learner.person_id)


@pytest.mark.requirement("EMB-09")
class TestTips:
    def show(self, session: Session, who: Principal, company: Organization, now: datetime) -> service.Tip | None:
        return service.tip_for(session, who, action="data-export", organization_id=company.id, now=now)

    def test_shows_bullets_with_lesson_and_logs_each_impression(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        for _ in range(2):
            tip = self.show(session, learner, company, now)
        assert tip is not None
        assert 2 <= len(tip.bullets) <= 3
        assert tip.lesson is not None
        assert (tip.lesson.code, tip.policy.code) == ("DATA-EXPORT", "POL-DA-003")
        assert tip.runbook.code == "RB-EXPORT-RECALL"
        assert kinds_about(session, learner.person_id) == ["tip.shown", "tip.shown"]

    def test_dismissed_once_is_gone_and_logged_once(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        for _ in range(2):
            service.dismiss_tip(session, learner, action="data-export", organization_id=company.id, now=now)
        assert self.show(session, learner, company, now) is None
        assert kinds_about(session, learner.person_id) == ["tip.dismissed"]
        other = create_member(session, company)
        assert self.show(session, other, company, now) is not None

    def test_comes_back_when_the_feature_changes(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        service.dismiss_tip(session, learner, action="data-export", organization_id=company.id, now=now)
        feature = session.scalars(select(ProtectedFeature).where(ProtectedFeature.action == "data-export")).one()
        for bullets, is_shown in ((feature.tip_bullets, False), (["New rule.", "Read it."], True)):
            set_feature(
                session,
                SYSTEM_PRINCIPAL,
                organization_id=None,
                action="data-export",
                title=feature.title,
                explanation=feature.explanation,
                example=feature.example,
                tip_bullets=bullets,
                policy_code="POL-DA-003",
                runbook_code="RB-EXPORT-RECALL",
                lesson_code="DATA-EXPORT",
                now=now + DAY,
            )
            assert (self.show(session, learner, company, now + 2 * DAY) is not None) is is_shown

    def test_wrong_tenant_unknown_feature_and_system_are_refused(
        self, session: Session, company: Organization, learner: Principal, stranger: Principal, now: datetime
    ) -> None:
        for act in (service.tip_for, service.dismiss_tip):
            with pytest.raises(NotFoundError):
                act(session, stranger, action="data-export", organization_id=company.id, now=now)
            with pytest.raises(NotFoundError):
                act(session, learner, action="nothing", organization_id=company.id, now=now)
            with pytest.raises(NotAuthorizedError):
                act(session, SYSTEM_PRINCIPAL, action="data-export", organization_id=company.id, now=now)


@pytest.mark.requirement("EMB-12")
class TestNearMisses:
    def test_said_again_counts_once(
        self, session: Session, learner: Principal, report: Reporter, now: datetime
    ) -> None:
        first = report(now, external_id="x")
        again = report(now, external_id="x")
        assert (first.is_new, again.is_new, again.near_miss.id) == (True, False, first.near_miss.id)
        assert kinds_about(session, learner.person_id) == ["near_miss.recorded"]
        with pytest.raises(ConflictError, match="another near-miss"):
            report(now, action="rule-change", external_id="x")

    def test_the_second_in_fourteen_days_earns_the_features_lesson(
        self, session: Session, learner: Principal, report: Reporter, now: datetime
    ) -> None:
        assert report(now).reinforcement is None
        assert report(now + DAY, action="rule-change").reinforcement is None
        earned = report(now + 13 * DAY).reinforcement
        assert earned is not None
        assert earned.lesson_id == lesson_of(session, "DATA-EXPORT").id
        assert kinds_about(session, learner.person_id)[-1] == "reinforcement.scheduled"

    def test_further_ones_do_not_pile_up(self, session: Session, report: Reporter, now: datetime) -> None:
        earned = {report(now + timedelta(hours=hour)).reinforcement for hour in range(5)}
        assert len(earned - {None}) == 1
        assert session.scalar(select(func.count()).select_from(Reinforcement)) == 1

    def test_an_action_without_a_lesson_earns_nothing(self, report: Reporter, now: datetime) -> None:
        assert [report(now, action="alerts").reinforcement for _ in range(3)] == [None] * 3

    @pytest.mark.parametrize("offset", [timedelta(minutes=6), timedelta(days=-366)])
    def test_neither_the_future_nor_long_ago(
        self, session: Session, manager: Principal, company: Organization, learner: Principal, now: datetime,
        offset: timedelta,
    ) -> None:  # fmt: skip
        with pytest.raises(InvalidInputError):
            service.record_near_miss(
                session,
                manager,
                organization_id=company.id,
                person_id=learner.person_id,
                near_miss_kind=NearMissKind.ROLLBACK,
                action="data-export",
                external_id="x",
                occurred_at=now + offset,
                now=now,
            )

    def test_wrong_role_wrong_tenant_and_strangers_are_refused(
        self,
        session: Session,
        company: Organization,
        learner: Principal,
        manager: Principal,
        stranger: Principal,
        now: datetime,
    ) -> None:
        for who, person_id, error in (
            (learner, learner.person_id, NotAuthorizedError),
            (stranger, learner.person_id, NotFoundError),
            (manager, stranger.person_id, NotFoundError),
        ):
            with pytest.raises(error):
                Reporter(session, who, company, person_id)(now)
        assert session.scalar(select(func.count()).select_from(NearMiss)) == 0

    def test_the_same_report_many_times_at_once_counts_once(self, committed_engine: Engine, now: datetime) -> None:
        with unit_of_work(committed_engine) as session:
            company = builders.create_organization(session)
            manager = create_member(session, company, Role.COMPANY_MANAGER)
            person_id = create_member(session, company).person_id

        def send(_: int) -> None:
            with unit_of_work(committed_engine) as session:
                Reporter(session, manager, company, person_id)(now, external_id="once")

        assert all_at_once(6, send) == ["done"] * 6
        with unit_of_work(committed_engine) as session:
            assert session.scalar(select(func.count()).select_from(LedgerEvent)) == 1


@pytest.mark.requirement("EMB-12")
class TestReinforcement:
    def test_is_offered_at_the_next_entry_and_passing_spaces_the_next(
        self, session: Session, company: Organization, learner: Principal, report: Reporter, now: datetime
    ) -> None:
        report(now)
        assert service.due_reinforcement(session, learner, now=now) is None
        report(now + DAY)
        # Another feature is entered without being held up.
        assert service.due_reinforcement(session, learner, action="evidence-export", now=now + DAY) is None
        due = service.due_reinforcement(
            session, learner, organization_id=company.id, action="data-export", now=now + DAY
        )
        assert due is not None
        assert (due.action, due.lesson.code) == ("data-export", "DATA-EXPORT")
        again = service.due_reinforcement(session, learner, now=now + DAY)
        assert again is not None
        assert again.reinforcement_id == due.reinforcement_id
        take(session, learner, lesson_of(session, "DATA-EXPORT"), company, now=now + DAY)
        done = session.get(Reinforcement, due.reinforcement_id)
        assert done is not None
        assert done.is_passed
        assert service.due_reinforcement(session, learner, now=now + DAY + timedelta(hours=1)) is None
        following = session.scalars(select(Reinforcement).where(Reinforcement.finished_at.is_(None))).one()
        assert now + 2 * DAY <= following.due_at <= now + 30 * DAY
        assert service.due_reinforcement(session, learner, now=following.due_at) is not None

    def test_a_near_miss_brings_a_spaced_one_forward(
        self, session: Session, company: Organization, learner: Principal, report: Reporter, now: datetime
    ) -> None:
        report(now)
        report(now)
        take(session, learner, lesson_of(session, "DATA-EXPORT"), company, now=now)
        hour = now + timedelta(hours=1)
        assert report(hour).reinforcement is not None
        following = session.scalars(select(Reinforcement).where(Reinforcement.finished_at.is_(None))).one()
        assert following.due_at == hour
        assert service.due_reinforcement(session, learner, now=hour) is not None

    def test_put_off_is_recorded_as_not_passed_and_nobody_can_claim_it(
        self, session: Session, company: Organization, learner: Principal, report: Reporter, now: datetime
    ) -> None:
        report(now)
        earned = report(now).reinforcement
        assert earned is not None
        colleague = create_member(session, company)
        with pytest.raises(NotFoundError):
            service.finish_reinforcement(session, colleague, reinforcement_id=earned.id, now=now)
        for _ in range(2):
            row = service.finish_reinforcement(session, learner, reinforcement_id=earned.id, now=now)
        assert row.is_passed is False
        assert kinds_about(session, learner.person_id).count("reinforcement.finished") == 1
        assert service.due_reinforcement(session, learner, now=now + 60 * DAY) is None

    def test_wrong_tenant_and_system_get_nothing(
        self, session: Session, company: Organization, stranger: Principal, now: datetime
    ) -> None:
        with pytest.raises(NotFoundError):
            service.due_reinforcement(session, stranger, organization_id=company.id, now=now)
        assert service.due_reinforcement(session, SYSTEM_PRINCIPAL, now=now) is None

    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.tuples(st.integers(1, 60), st.sampled_from(ACTIONS), st.sampled_from(["near_miss", "entry", "pass"])),
            min_size=5,
            max_size=30,
        )
    )
    def test_no_week_of_a_person_holds_more_than_the_budget(
        self, session: Session, steps: list[tuple[int, str, str]]
    ) -> None:
        """Near-misses, entries and passed lessons in any order: two offers and ten minutes in any seven days."""
        with session.begin_nested() as savepoint:
            company = builders.create_organization(session)
            learner = create_member(session, company)
            report = Reporter(
                session, create_member(session, company, Role.COMPANY_MANAGER), company, learner.person_id
            )
            now = datetime(2026, 11, 2, 9, 30, tzinfo=builders.LONG_AGO_AT.tzinfo)
            offers: dict[tuple[UUID, datetime], float] = {}
            for hours, action, what in steps:
                now += timedelta(hours=hours)
                if what == "near_miss":
                    report(now, action=action)
                    report(now, action=action)
                due = service.due_reinforcement(session, learner, now=now)
                if due is None:
                    continue
                row = session.get(Reinforcement, due.reinforcement_id)
                assert row is not None
                assert row.offered_at is not None
                offers[row.id, row.offered_at] = float(due.lesson.minutes)
                if what == "pass":
                    take(session, learner, lesson_of(session, due.lesson.code), company, now=now)
                    now += timedelta(minutes=1)
            for _, first in offers:
                week = [
                    minutes
                    for (_, offered_at), minutes in offers.items()
                    if timedelta(0) <= offered_at - first < 7 * DAY
                ]
                assert len(week) <= 2
                assert sum(week) <= 10
            savepoint.rollback()
