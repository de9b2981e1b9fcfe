"""The registry of learned models: versions, one serving model of a kind at a time, going back, what is on record."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import orjson
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Grant, Principal
from operational_db.learned import service
from operational_db.tables.learned import LearnedModel
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.mentorship import MentorShowing
from operational_db.types import LearnedModelKind, Role, new_id
from tests import builders

MATCHING = LearnedModelKind.MENTOR_MATCHING
RECOMMENDING = LearnedModelKind.COURSE_RECOMMENDING


def add(session: Session, now: datetime, model_kind: LearnedModelKind = MATCHING, **more: object) -> LearnedModel:
    given = {"artifact": "match-1.skops", "sha256": "ab" * 32, "card": {"gain": 0.1}, "ledger_size": 7, **more}
    return service.add_model(session, model_kind=model_kind, trained_at=now, **given)  # type: ignore[arg-type]


def serving_version(session: Session, model_kind: LearnedModelKind = MATCHING) -> int | None:
    found = service.serving_model(session, model_kind)
    return None if found is None else found.version


def told(session: Session) -> list[tuple[str, int]]:
    told = select(LedgerEvent.kind, LedgerEvent.body).where(LedgerEvent.kind.startswith("model."))
    rows = session.execute(told.order_by(LedgerEvent.id))
    return [(kind, orjson.loads(body)["model_version"]) for kind, body in rows]


def principal(role: Role) -> Principal:
    return Principal(new_id(), "Somebody", frozenset({Grant(new_id(), role)}))


class TestAdding:
    def test_versions_count_up_within_a_kind(self, session: Session, now: datetime) -> None:
        assert [add(session, now).version, add(session, now).version] == [1, 2]
        assert add(session, now, RECOMMENDING).version == 1

    def test_a_new_model_does_not_serve(self, session: Session, now: datetime) -> None:
        add(session, now)
        assert serving_version(session) is None
        assert told(session) == []

    @pytest.mark.parametrize("artifact", ["../secret", "/etc/passwd", "", "a/b.skops", ".hidden"])
    def test_a_name_that_leaves_the_folder_is_refused(self, session: Session, now: datetime, artifact: str) -> None:
        with pytest.raises(InvalidInputError):
            add(session, now, artifact=artifact)

    def test_a_model_without_its_hash_is_refused(self, session: Session, now: datetime) -> None:
        with pytest.raises(InvalidInputError):
            add(session, now, sha256="unknown")


class TestServing:
    def test_promoting_retires_the_one_that_served(self, session: Session, now: datetime) -> None:
        first, second = add(session, now), add(session, now)
        service.promote_model(session, SYSTEM_PRINCIPAL, model_id=first.id, now=now)
        later = now + timedelta(hours=1)
        service.promote_model(session, SYSTEM_PRINCIPAL, model_id=second.id, now=later)
        assert serving_version(session) == 2
        assert (first.promoted_at, first.retired_at) == (now, later)
        assert told(session) == [("model.promoted", 1), ("model.promoted", 2)]

    def test_promoting_again_changes_nothing(self, session: Session, now: datetime) -> None:
        model = add(session, now)
        service.promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=now)
        service.promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=now + timedelta(hours=1))
        assert model.promoted_at == now
        assert told(session) == [("model.promoted", 1)]

    def test_kinds_serve_side_by_side(self, session: Session, now: datetime) -> None:
        for model in (add(session, now), add(session, now, RECOMMENDING)):
            service.promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=now)
        assert (serving_version(session), serving_version(session, RECOMMENDING)) == (1, 1)

    def test_two_promotions_at_once_leave_one_serving(self, committed_engine: Engine, now: datetime) -> None:
        with unit_of_work(committed_engine) as session:
            ids = [add(session, now).id for _ in range(6)]

        def promote(model_id: UUID) -> None:
            with unit_of_work(committed_engine) as own:
                service.promote_model(own, SYSTEM_PRINCIPAL, model_id=model_id, now=now)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(promote, ids))
        with unit_of_work(committed_engine) as session:
            serving = select(func.count()).where(
                LearnedModel.promoted_at.is_not(None), LearnedModel.retired_at.is_(None)
            )
            assert session.scalar(serving) == 1
            assert len(told(session)) == 6

    def test_models_added_at_once_get_versions_of_their_own(self, committed_engine: Engine, now: datetime) -> None:
        def one(_: int) -> int:
            with unit_of_work(committed_engine) as own:
                return add(own, now).version

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(one, range(6))) == [1, 2, 3, 4, 5, 6]

    def test_the_database_refuses_a_second_serving_model(self, session: Session, now: datetime) -> None:
        first, second = add(session, now), add(session, now)
        first.promoted_at = now
        session.flush()
        second.promoted_at = now
        with pytest.raises(IntegrityError, match="uq_learned_models_serving"):
            session.flush()


class TestGoingBack:
    def test_step_by_step_to_what_is_written_down(self, session: Session, now: datetime) -> None:
        models = [add(session, now) for _ in range(3)]
        for model in (models[0], models[2]):
            service.promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=now)
        back = service.roll_back(session, SYSTEM_PRINCIPAL, MATCHING, now + timedelta(hours=1))
        # The second never served.
        assert back is not None
        assert (back.version, serving_version(session)) == (1, 1)
        assert service.roll_back(session, SYSTEM_PRINCIPAL, MATCHING, now + timedelta(hours=2)) is None
        assert serving_version(session) is None
        assert told(session) == [
            ("model.promoted", 1),
            ("model.promoted", 3),
            ("model.promoted", 1),
            ("model.retired", 1),
        ]

    def test_without_a_serving_model_there_is_nothing_to_go_back_from(self, session: Session, now: datetime) -> None:
        add(session, now)
        with pytest.raises(ConflictError):
            service.roll_back(session, SYSTEM_PRINCIPAL, MATCHING, now)


class TestPermissions:
    @pytest.mark.parametrize("role", [Role.COMPANY_MANAGER, Role.PRODUCT_TEAM, Role.AUDITOR, Role.TECHNICIAN])
    def test_only_administrators_change_what_serves(self, session: Session, now: datetime, role: Role) -> None:
        model = add(session, now)
        with pytest.raises(NotAuthorizedError):
            service.promote_model(session, principal(role), model_id=model.id, now=now)
        with pytest.raises(NotAuthorizedError):
            service.roll_back(session, principal(role), MATCHING, now)
        assert serving_version(session) is None

    def test_an_administrator_promotes(self, session: Session, now: datetime) -> None:
        model = add(session, now)
        service.promote_model(session, principal(Role.PLATFORM_ADMIN), model_id=model.id, now=now)
        assert serving_version(session) == 1

    def test_the_list_is_for_those_who_may_see_models(self, session: Session, now: datetime) -> None:
        add(session, now), add(session, now)
        versions = [each.version for each in service.list_models(session, principal(Role.AUDITOR), model_kind=MATCHING)]
        assert versions == [2, 1]
        with pytest.raises(NotAuthorizedError):
            service.list_models(session, principal(Role.TECHNICIAN))

    def test_an_unknown_model_is_not_found(self, session: Session, now: datetime) -> None:
        with pytest.raises(NotFoundError):
            service.promote_model(session, SYSTEM_PRINCIPAL, model_id=new_id(), now=now)
        with pytest.raises(NotFoundError):
            service.model_by_version(session, MATCHING, 12)


class TestUnneeded:
    def unneeded(self, session: Session, at: datetime, **more: int) -> list[int]:
        return [each.version for each in service.unneeded_models(session, SYSTEM_PRINCIPAL, now=at, **more)]

    def test_a_file_goes_the_moment_its_days_are_over(self, session: Session, now: datetime) -> None:
        """Served last, trained last, never served: each from the same day on, the newest never."""
        first, second, third = (add(session, now, artifact=f"match-{n}.skops") for n in range(3))
        add(session, now, artifact="match-9.skops")
        retired = now + timedelta(days=30)
        for model, at in ((first, now), (second, retired), (third, retired)):
            service.promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=at)
        # Version 3 serves, 2 is what a roll-back puts back; 1 served until day 30.
        assert self.unneeded(session, retired + timedelta(days=90, seconds=-1)) == []
        assert self.unneeded(session, retired + timedelta(days=90)) == [1]
        assert self.unneeded(session, retired + timedelta(days=7), days=7) == [1]
        assert self.unneeded(session, retired + timedelta(days=4000)) == [1]

    def test_what_never_served_is_needed_for_its_days_and_while_it_is_the_newest(
        self, session: Session, now: datetime
    ) -> None:
        for number in range(2):
            add(session, now, RECOMMENDING, artifact=f"courses-{number}.npz")
        assert self.unneeded(session, now + timedelta(days=90, seconds=-1)) == []
        assert self.unneeded(session, now + timedelta(days=90)) == [1]

    def test_what_ranked_a_list_on_record_stays(self, session: Session, now: datetime) -> None:
        for number in range(3):
            add(session, now, artifact=f"match-{number}.skops")
        mentee = builders.create_person(session)
        session.add(MentorShowing(mentee_id=mentee.id, shown_at=now, model_version=1, candidate_count=0))
        session.flush()
        assert self.unneeded(session, now + timedelta(days=400)) == [2]

    def test_a_file_that_a_needed_model_shares_stays(self, session: Session, now: datetime) -> None:
        add(session, now)
        add(session, now)
        assert self.unneeded(session, now + timedelta(days=400)) == []

    def test_only_who_manages_models_may_know(self, session: Session, now: datetime) -> None:
        with pytest.raises(NotAuthorizedError):
            service.unneeded_models(session, principal(Role.TECHNICIAN), now=now)
