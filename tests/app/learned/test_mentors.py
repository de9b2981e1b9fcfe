"""Mentors for a mentee through the whole chain: who serves, what is shown and kept, what a damaged model does."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.learned import mentors
from models.matching.artifact import save_matcher
from models.matching.exploration import Bounds
from models.matching.factors import FEATURE_NAMES
from models.matching.matcher import Matcher, MatcherKind, create_head
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.learned.service import add_model, promote_model
from operational_db.mentorship import requests
from operational_db.settings import Settings
from operational_db.tables.identity import Organization
from operational_db.tables.learned import LearnedModel
from operational_db.tables.mentorship import MentorShowing, ShownMentor
from operational_db.types import LearnedModelKind, MentorshipStatus, Specialization
from tests import builders
from tests.mentoring_people import create_mentee, create_mentor
from tests.operational_db.principals import create_manager, create_member, principal_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def mentee(session: Session, now: datetime) -> Principal:
    return principal_of(create_mentee(session, now))


def fitted_matcher() -> Matcher:
    """Two heads that saw outcomes by which only the success counts."""
    random = np.random.default_rng(7)
    features = random.random((400, len(FEATURE_NAMES))).astype(np.float32)
    happened = features[:, FEATURE_NAMES.index("success")] > 0.5
    return Matcher(*(create_head().fit(features, happened) for _ in range(2)))


def serve(session: Session, settings: Settings, now: datetime) -> LearnedModel:
    artifact = save_matcher(settings.models_path, fitted_matcher(), {"verdict": "better"})
    model = add_model(
        session, model_kind=LearnedModelKind.MENTOR_MATCHING, artifact=artifact.path.name, sha256=artifact.sha256,
        card={}, trained_at=now, ledger_size=0,
    )  # fmt: skip
    return promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=now)


class TestServing:
    def test_without_a_model_the_formula_ranks_and_says_so(
        self, session: Session, settings: Settings, mentee: Principal, now: datetime
    ) -> None:
        create_mentor(session, now)
        found = mentors.find_mentors(session, settings, mentee, now=now)
        assert found.served.matcher.kind is MatcherKind.FORMULA
        assert found.notice == mentors.NO_MODEL
        assert found.rows[0].match.chance is None

    def test_a_promoted_model_ranks_with_chances_and_its_version_is_kept(
        self, session: Session, settings: Settings, mentee: Principal, now: datetime
    ) -> None:
        model = serve(session, settings, now)
        create_mentor(session, now)
        found = mentors.find_mentors(session, settings, mentee, now=now)
        assert (found.served.matcher.kind, found.notice) == (MatcherKind.LEARNED, None)
        match = found.rows[0].match
        assert match.chance is not None and match.chance_asks is not None and match.chance_succeeds is not None
        assert match.chance == pytest.approx(match.chance_asks * match.chance_succeeds)
        assert session.scalars(select(MentorShowing.model_version)).one() == model.version

    @pytest.mark.parametrize("damage", ["missing", "cut", "changed", "other hash"])
    def test_a_damaged_file_lets_the_formula_serve_and_says_so(
        self, session: Session, settings: Settings, mentee: Principal, now: datetime, damage: str
    ) -> None:
        model = serve(session, settings, now)
        assert mentors.serving_matcher(settings, session).matcher.kind is MatcherKind.LEARNED
        path = settings.models_path / model.artifact
        content = path.read_bytes()
        if damage == "missing":
            path.unlink()
        elif damage == "cut":
            path.write_bytes(content[: len(content) // 2])
        elif damage == "changed":
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        else:
            model.sha256 = "0" * 64
            session.flush()
        create_mentor(session, now)
        found = mentors.find_mentors(session, settings, mentee, now=now)
        assert (found.served.is_damaged, found.notice) == (True, mentors.DAMAGED)
        assert found.served.matcher.kind is MatcherKind.FORMULA
        assert len(found.rows) == 1
        assert session.scalars(select(MentorShowing.model_version)).one() is None


class TestFindMentors:
    @pytest.mark.requirement("MEN-02", "US-TC005", "US-TC015")
    def test_ranks_by_the_written_weights_and_explains_to_the_tenth(
        self, session: Session, settings: Settings, mentee: Principal, now: datetime
    ) -> None:
        fitting = create_mentor(session, now, years_experience=8.0)
        other_field = create_mentor(session, now, years_experience=8.0, specializations=[Specialization.BOILERS])
        far = create_mentor(
            session, now, years_experience=8.0, latitude=49.3, longitude=-123.1, is_remote_welcome=False
        )
        found = mentors.find_mentors(session, settings, mentee, now=now, is_shown=False)
        assert [row.mentor_id for row in found.rows] == [fitting.id, far.id, other_field.id]
        for row in found.rows:
            assert 0 <= row.match.score <= 100
            assert sum(reason.points for reason in row.match.reasons) == Decimal(f"{row.match.score:.1f}")
            assert row.match.score == row.match.formula_score
        best = found.rows[0].match
        assert [reason.title for reason in best.reasons][:2] == ["Specialization", "Proximity"]
        assert "traction_elevators" in best.text

    def test_what_was_shown_is_kept_as_it_was(
        self, session: Session, settings: Settings, mentee: Principal, now: datetime
    ) -> None:
        for _ in range(4):
            create_mentor(session, now)
        found = mentors.find_mentors(session, settings, mentee, now=now, top=3)
        kept = session.scalars(select(ShownMentor).order_by(ShownMentor.rank)).all()
        assert [row.mentor_id for row in kept] == [row.mentor_id for row in found.rows]
        assert [row.match.rank for row in found.rows] == [1, 2, 3]
        assert set(kept[0].features) == set(FEATURE_NAMES)
        assert all(0 < row.propensity <= 1 for row in kept)
        assert session.scalars(select(MentorShowing.candidate_count)).one() == 4
        again = mentors.find_mentors(session, settings, mentee, now=now + timedelta(hours=1), top=3)
        assert again.showing_id == found.showing_id

    def test_explores_only_good_pairs_and_says_which(
        self, session: Session, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Over many people some lists are shuffled, those below the floor never move, and chances are true."""
        monkeypatch.setattr(mentors, "BOUNDS", Bounds(depth=3, floor=60.0))
        good = [create_mentor(session, now, years_experience=8.0).id for _ in range(3)]
        bad = create_mentor(
            session, now, specializations=[Specialization.BOILERS], years_experience=1.0, availability=[]
        ).id
        orders: Counter[tuple[UUID, ...]] = Counter()
        for _ in range(60):
            me = principal_of(create_mentee(session, now))
            found = mentors.find_mentors(session, settings, me, now=now)
            ids = tuple(row.mentor_id for row in found.rows)
            assert ids[3] == bad and set(ids[:3]) == set(good)
            orders[ids] += 1
            plain = mentors.find_mentors(session, settings, me, now=now, is_shown=False)
            moved = [row.mentor_id != best.mentor_id for row, best in zip(found.rows, plain.rows, strict=True)]
            assert [row.match.is_explored for row in found.rows] == moved
        assert len(orders) > 1
        assert orders.most_common(1)[0][1] > 40
        propensities = session.scalars(select(ShownMentor.propensity).where(ShownMentor.mentor_id == bad)).all()
        assert set(propensities) == {1.0}

    def test_the_order_stays_the_same_for_the_day(
        self, session: Session, settings: Settings, mentee: Principal, now: datetime
    ) -> None:
        for _ in range(6):
            create_mentor(session, now)
        seen = {
            tuple(row.mentor_id for row in mentors.find_mentors(session, settings, mentee, now=now).rows)
            for _ in range(4)
        }
        assert len(seen) == 1

    def test_needs_a_mentee_profile(self, session: Session, settings: Settings, now: datetime) -> None:
        with pytest.raises(ConflictError, match="mentee profile"):
            mentors.find_mentors(session, settings, principal_of(builders.create_person(session)), now=now)

    def test_nobody_to_show_is_an_empty_list_and_no_showing(
        self, session: Session, settings: Settings, mentee: Principal, now: datetime
    ) -> None:
        found = mentors.find_mentors(session, settings, mentee, now=now)
        assert (found.rows, found.showing_id, found.candidate_count) == ((), None, 0)

    def test_one_odd_profile_hides_itself_and_nobody_else(
        self, session: Session, settings: Settings, mentee: Principal, now: datetime
    ) -> None:
        fine = create_mentor(session, now)
        create_mentor(session, now, latitude=0.0, longitude=0.0)
        create_mentor(session, now, preferred_mentee_levels=["wizard"])
        found = mentors.find_mentors(session, settings, mentee, now=now)
        assert [row.mentor_id for row in found.rows] == [fine.id]

    def test_people_without_any_detail_are_ranked_too(
        self, session: Session, settings: Settings, now: datetime
    ) -> None:
        empty: dict[str, Any] = {
            "years_experience": None, "communication_preferences": [], "availability": [], "latitude": None,
            "longitude": None, "location_region": None, "is_remote_welcome": False,
        }  # fmt: skip
        me = principal_of(create_mentee(session, now, specialization_interests=[], **empty))
        create_mentor(session, now, specializations=[], preferred_mentee_levels=[], **empty)
        (row,) = mentors.find_mentors(session, settings, me, now=now).rows
        assert row.match.score == pytest.approx(50.0)

    def test_times_are_compared_across_zones_and_summer_time(
        self, session: Session, settings: Settings, now: datetime
    ) -> None:
        """18:00 to 21:00 in Toronto and midnight to 03:00 in Berlin are the same hours, but not between the changes."""
        me = principal_of(create_mentee(session, now, years_experience=None))
        berlin = [{"weekday": day, "from": "00:00", "until": "03:00"} for day in range(1, 6)]
        create_mentor(session, now, timezone="Europe/Berlin", availability=berlin)

        def hours(at: datetime) -> str:
            (row,) = mentors.find_mentors(session, settings, me, now=at, is_shown=False).rows
            return next(reason.sentence for reason in row.match.reasons if reason.title == "Availability")

        assert hours(now).startswith("15.0 hours")
        assert hours(datetime.fromisoformat("2026-10-28T12:00:00Z")).startswith("10.0 hours")


class TestFindMentees:
    @pytest.mark.requirement("US-TC009")
    def test_ranks_those_who_may_be_found(self, session: Session, settings: Settings, now: datetime) -> None:
        me = principal_of(create_mentor(session, now))
        fitting = create_mentee(session, now)
        other = create_mentee(session, now, specialization_interests=[Specialization.SOLAR])
        found = mentors.find_mentees(session, settings, me, now=now)
        assert [row.mentee_id for row in found.rows] == [fitting.id, other.id]
        assert found.notice == mentors.NO_MODEL
        assert session.scalars(select(MentorShowing)).all() == []


class TestRequests:
    def test_keep_the_features_of_the_pair_as_of_the_request(
        self, session: Session, settings: Settings, mentee: Principal, now: datetime
    ) -> None:
        mentor = create_mentor(session, now)
        found = mentors.find_mentors(session, settings, mentee, now=now)
        shown = session.scalars(select(ShownMentor)).one()
        former = builders.create_mentorship(
            session, mentor, status=MentorshipStatus.CANCELLED, started_at=now, ended_at=now
        )
        assert former
        made = mentors.request_mentor(
            session, mentee, mentor_id=mentor.id, showing_id=found.showing_id, goals=["Exam"], now=now
        )
        assert made.features is not None
        assert (shown.features["is_new_mentor"], made.features["is_new_mentor"]) == (1.0, 0.0)
        assert made.features["success"] < shown.features["success"]
        assert (made.showing_id, made.goals) == (found.showing_id, ["Exam"])

    def test_of_somebody_without_a_profile_keep_none(self, session: Session, now: datetime) -> None:
        mentor = create_mentor(session, now)
        me = principal_of(builders.create_person(session))
        assert mentors.request_mentor(session, me, mentor_id=mentor.id, now=now).features is None

    def test_offers_keep_them_too(self, session: Session, mentee: Principal, now: datetime) -> None:
        me = principal_of(create_mentor(session, now))
        made = mentors.offer_to_mentee(session, me, mentee_id=mentee.person_id, now=now)
        assert made.features is not None and set(made.features) == set(FEATURE_NAMES)


class TestCohort:
    @pytest.fixture
    def company(self, session: Session, now: datetime) -> tuple[Principal, Organization]:
        manager, organization = create_manager(session)
        for number in range(5):
            create_mentee(session, now, organization, years_experience=float(number))
        for number in range(2):
            create_mentor(session, now, organization, max_mentees=2, years_experience=4.0 + 5 * number)
        return manager, organization

    def test_compares_the_ways_and_proposes_the_chosen_one(
        self, session: Session, settings: Settings, company: tuple[Principal, Organization], now: datetime
    ) -> None:
        manager, organization = company
        found = mentors.compare_cohort(session, settings, manager, organization.id, now=now)
        assert (found.mentee_count, found.mentor_count, found.place_count) == (5, 2, 4)
        assert set(found.methods["method"]) >= {"greedy", "optimal", "stable"}
        by_method = {row["method"]: row for row in found.methods.to_dicts()}
        assert by_method["optimal"]["total_value"] >= by_method["greedy"]["total_value"]
        assert by_method["stable"]["blocking_pairs"] == 0
        for method, pairs in found.pairs.items():
            assert (len(pairs), len(found.unmatched[method])) == (4, 1)
            assert max(Counter(pair.mentor_id for pair in pairs).values()) <= 2
        left_out = found.pairs["stable"][0].mentee_id
        made = mentors.propose_cohort(
            session, settings, manager, organization.id, method="stable", leave_out=[left_out], now=now
        )
        assert {(each.mentee_id, each.mentor_id) for each in made.mentorships} == {
            (pair.mentee_id, pair.mentor_id) for pair in found.pairs["stable"][1:]
        }
        assert all(each.features for each in made.mentorships)

    def test_never_proposes_a_pair_that_may_not_be(
        self, session: Session, settings: Settings, company: tuple[Principal, Organization], now: datetime
    ) -> None:
        manager, organization = company
        chosen = mentors.compare_cohort(session, settings, manager, organization.id, now=now).pairs["optimal"][0]
        me = Principal(chosen.mentee_id, "Mentee", frozenset())
        made = requests.request_mentorship(session, me, mentor_id=chosen.mentor_id, now=now)
        mentor = Principal(chosen.mentor_id, "Mentor", frozenset())
        requests.decline(session, mentor, mentorship_id=made.id, now=now)
        again = mentors.compare_cohort(session, settings, manager, organization.id, now=now)
        for pairs in again.pairs.values():
            assert (chosen.mentee_id, chosen.mentor_id) not in {(pair.mentee_id, pair.mentor_id) for pair in pairs}

    def test_with_a_learned_model_both_sides_chances_are_their_preferences(
        self, session: Session, settings: Settings, company: tuple[Principal, Organization], now: datetime
    ) -> None:
        serve(session, settings, now)
        manager, organization = company
        found = mentors.compare_cohort(session, settings, manager, organization.id, now=now)
        assert found.served.notice is None
        assert found.methods.filter(found.methods["method"] == "stable")["blocking_pairs"].item() == 0

    def test_of_nobody_is_empty(self, session: Session, settings: Settings, now: datetime) -> None:
        manager, organization = create_manager(session)
        create_mentee(session, now, organization)
        found = mentors.compare_cohort(session, settings, manager, organization.id, now=now)
        assert (found.mentee_count, found.mentor_count) == (1, 0)
        assert all(len(names) == 1 for names in found.unmatched.values())
        made = mentors.propose_cohort(session, settings, manager, organization.id, method="optimal", now=now)
        assert (made.mentorships, made.refused) == ((), ())

    def test_is_for_its_manager_and_for_known_methods(
        self, session: Session, settings: Settings, company: tuple[Principal, Organization], now: datetime
    ) -> None:
        manager, organization = company
        for principal in (create_member(session, organization), create_manager(session)[0]):
            with pytest.raises(NotAuthorizedError):
                mentors.compare_cohort(session, settings, principal, organization.id, now=now)
            with pytest.raises(NotAuthorizedError):
                mentors.propose_cohort(session, settings, principal, organization.id, method="stable", now=now)
        with pytest.raises(InvalidInputError, match="method: choose among"):
            mentors.propose_cohort(session, settings, manager, organization.id, method="best", now=now)
