"""Who may be shown to whom, what was shown, and the history to learn from, which never knows the future."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import polars as pl
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.matching.factors import FEATURE_NAMES
from models.matching.labels import HISTORY_COLUMNS
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.mentorship import feedback, matching, requests
from operational_db.mentorship.matching import ShownRow
from operational_db.tables.identity import Person
from operational_db.tables.mentorship import Mentorship, MentorshipFeedback, MentorShowing, ShownMentor
from operational_db.types import EarlyEndReason, MentorshipSide, MentorshipStatus, new_id
from tests import builders
from tests.mentoring_people import create_mentee, create_mentor, give_mentor_profile
from tests.operational_db.principals import body_of, events_about, kinds_about, principal_of

FEATURES = dict.fromkeys(FEATURE_NAMES, 0.5)


def shown_to(session: Session, mentee: Principal, now: datetime) -> list[str]:
    return matching.candidate_mentors(session, mentee, on=now.date(), now=now)["mentor_id"].to_list()


def rows_of(mentor_ids: Sequence[UUID], **fields: object) -> list[ShownRow]:
    values: dict[str, object] = {
        "score": 70.0,
        "formula_score": 65.0,
        "chance": 0.25,
        "propensity": 0.9,
        "is_explored": False,
        "features": FEATURES,
    }
    return [ShownRow(mentor_id, rank, **{**values, **fields}) for rank, mentor_id in enumerate(mentor_ids, 1)]  # type: ignore[arg-type]


def show(session: Session, mentee: Principal, mentor_ids: Sequence[UUID], now: datetime, **fields: object) -> UUID:
    return matching.record_showing(
        session,
        mentee,
        mentee_id=mentee.person_id,
        rows=rows_of(mentor_ids, **fields),
        candidate_count=40,
        model_version=2,
        now=now,
    )


class TestCandidates:
    def test_a_row_holds_what_the_match_and_a_list_need(
        self, session: Session, mentee: Principal, now: datetime
    ) -> None:
        organization = builders.create_organization(session, name="Lifts Ltd")
        person = create_mentor(session, now, organization, about="Hello")
        former = builders.create_mentorship(
            session, person, status=MentorshipStatus.COMPLETED, started_at=now, ended_at=now
        )
        builders.create_mentorship(session, person, status=MentorshipStatus.CANCELLED, started_at=now, ended_at=now)
        builders.create_mentorship(session, person, status=MentorshipStatus.CANCELLED, ended_at=now)
        builders.create_mentorship(session, person, status=MentorshipStatus.ACTIVE, started_at=now)
        session.add(MentorshipFeedback(mentorship_id=former.id, side=MentorshipSide.MENTEE, rating=4, given_at=now))
        session.add(MentorshipFeedback(mentorship_id=former.id, side=MentorshipSide.MENTOR, rating=1, given_at=now))
        (row,) = matching.candidate_mentors(session, mentee, on=now.date(), now=now).to_dicts()
        assert (row["mentor_id"], row["name"]) == (str(person.id), person.display_name)
        assert (row["capacity_left"], row["completed_count"], row["ended_count"]) == (1, 1, 2)
        assert (row["rating_sum"], row["rating_count"]) == (4.0, 1)
        assert row["specializations"] == ["traction_elevators", "safety"]
        assert (row["formats"], row["is_remote"], row["latitude"]) == (["video", "in_person"], True, 43.7)
        (told,) = matching.mentors_told(session, [person.id], on=now.date()).to_dicts()
        assert told == {
            "mentor_id": str(person.id), "city": "Toronto", "organization_name": "Lifts Ltd", "hours_per_month": 6.0,
            "about": "Hello", "equipment_expertise": [],
        }  # fmt: skip

    @pytest.mark.parametrize(("waiting", "is_shown"), [(9, True), (10, False)])
    def test_whom_as_many_ask_as_may_is_left_out_until_one_is_answered(
        self, session: Session, mentee: Principal, now: datetime, waiting: int, is_shown: bool
    ) -> None:
        person = create_mentor(session, now)
        asked = [builders.create_mentorship(session, person, status=MentorshipStatus.PENDING) for _ in range(waiting)]
        assert (str(person.id) in shown_to(session, mentee, now)) is is_shown
        asked[0].status = MentorshipStatus.DECLINED
        assert shown_to(session, mentee, now) == [str(person.id)]

    def test_texts_of_any_kind_arrive_as_they_are(self, session: Session, mentee: Principal, now: datetime) -> None:
        odd = 'comma, "quote"\nline | ; \\ élan'
        person = create_mentor(
            session, now, about=odd, location_city=None, location_region="", equipment_expertise=["a,b", "c\\"]
        )
        (listed,) = matching.candidate_mentors(session, mentee, on=now.date(), now=now).to_dicts()
        (told,) = matching.mentors_told(session, [person.id], on=now.date()).to_dicts()
        row = listed | told
        assert (row["about"], row["city"], row["region"]) == (odd, None, "")
        assert row["equipment_expertise"] == ["a,b", "c\\"]

    @pytest.mark.requirement("US-TC005")
    def test_never_herself_nor_who_is_full_hidden_or_erased(self, session: Session, now: datetime) -> None:
        me = create_mentee(session, now)
        give_mentor_profile(session, me, now)
        full = create_mentor(session, now, max_mentees=1)
        builders.create_mentorship(session, full, status=MentorshipStatus.ACTIVE)
        create_mentor(session, now, consented_at=None)
        create_mentor(session, now, is_accepting_mentees=False)
        create_mentor(session, now, paused_until=now.date() + timedelta(days=1))
        create_mentor(session, now).erased_at = now
        fine = create_mentor(session, now)
        assert shown_to(session, principal_of(me), now) == [str(fine.id)]

    def test_never_a_former_or_open_pair_whoever_was_the_mentor(self, session: Session, now: datetime) -> None:
        me = create_mentee(session, now)
        for status, started_at in (
            (MentorshipStatus.PENDING, None),
            (MentorshipStatus.ACTIVE, now),
            (MentorshipStatus.COMPLETED, now),
            (MentorshipStatus.CANCELLED, now),
        ):
            ended_at = None if status in (MentorshipStatus.PENDING, MentorshipStatus.ACTIVE) else now
            long_ago = {"status": status, "started_at": started_at, "ended_at": ended_at}
            builders.create_mentorship(session, create_mentor(session, now), me, **long_ago)
            builders.create_mentorship(session, me, create_mentor(session, now), **long_ago)
        assert shown_to(session, principal_of(me), now + timedelta(days=3650)) == []

    @pytest.mark.parametrize(
        "status", [MentorshipStatus.DECLINED, MentorshipStatus.EXPIRED, MentorshipStatus.CANCELLED]
    )
    def test_who_turned_her_down_is_shown_again_after_ninety_days(
        self, session: Session, now: datetime, status: MentorshipStatus
    ) -> None:
        me, other = create_mentee(session, now), create_mentor(session, now)
        builders.create_mentorship(session, other, me, status=status, ended_at=now)
        assert shown_to(session, principal_of(me), now + timedelta(days=89)) == []
        assert shown_to(session, principal_of(me), now + timedelta(days=90)) == [str(other.id)]

    def test_dismissed_are_gone_on_both_sides_until_taken_back(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        matching.dismiss_mentor(session, mentee, mentor_id=mentor.person_id, now=now)
        matching.dismiss_mentor(session, mentee, mentor_id=mentor.person_id, now=now)
        assert shown_to(session, mentee, now) == []
        assert matching.candidate_mentees(session, mentor, on=now.date(), now=now).is_empty()
        assert matching.my_dismissals(session, mentee) == [(mentor.person_id, mentor.display_name, now)]
        matching.undo_dismissal(session, mentee, mentor_id=mentor.person_id)
        assert shown_to(session, mentee, now) == [str(mentor.person_id)]
        with pytest.raises(NotFoundError):
            matching.undo_dismissal(session, mentee, mentor_id=mentor.person_id)
        with pytest.raises(NotFoundError):
            matching.dismiss_mentor(session, mentee, mentor_id=new_id(), now=now)
        with pytest.raises(InvalidInputError):
            matching.dismiss_mentor(session, mentee, mentor_id=mentee.person_id, now=now)

    @pytest.mark.requirement("US-TC009")
    def test_mentees_are_those_who_agreed_and_have_no_mentor(
        self, session: Session, mentor: Principal, now: datetime
    ) -> None:
        free = create_mentee(session, now, career_goal="Inspector", skills_to_develop=["Drawings"])
        taken = create_mentee(session, now)
        builders.create_mentorship(session, mentee=taken, status=MentorshipStatus.ACTIVE)
        create_mentee(session, now, consented_at=None)
        (row,) = matching.candidate_mentees(session, mentor, on=now.date(), now=now).to_dicts()
        assert (row["mentee_id"], row["career_goal"], row["skills_to_develop"]) == (
            str(free.id),
            "Inspector",
            ["Drawings"],
        )
        with pytest.raises(ConflictError, match="mentor profile"):
            matching.candidate_mentees(session, principal_of(free), on=now.date(), now=now)

    def test_lists_are_a_persons_own(self, session: Session, now: datetime) -> None:
        with pytest.raises(NotAuthorizedError):
            matching.candidate_mentors(session, SYSTEM_PRINCIPAL, on=now.date(), now=now)


class TestShowings:
    def test_are_kept_with_rank_scores_chance_propensity_and_features(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        other = create_mentor(session, now)
        showing_id = show(session, mentee, [other.id, mentor.person_id], now, is_explored=True)
        showing = session.get_one(MentorShowing, showing_id)
        assert (showing.mentee_id, showing.model_version, showing.candidate_count) == (mentee.person_id, 2, 40)
        rows = session.scalars(select(ShownMentor).order_by(ShownMentor.rank)).all()
        assert [row.mentor_id for row in rows] == [other.id, mentor.person_id]
        first = rows[0]
        assert (first.score, first.formula_score, first.chance, first.propensity) == (70.0, 65.0, 0.25, 0.9)
        assert (first.is_explored, first.features) == (True, FEATURES)
        (event,) = events_about(session, mentee.person_id)
        assert body_of(event) == {
            "showing_id": str(showing_id),
            "candidate_count": 40,
            "mentor_ids": f"{other.id} {mentor.person_id}",
            "model_version": 2,
        }

    def test_the_same_list_within_a_day_is_one_showing(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        other = create_mentor(session, now).id
        first = show(session, mentee, [other, mentor.person_id], now)
        assert show(session, mentee, [other, mentor.person_id], now + timedelta(hours=24)) == first
        assert show(session, mentee, [mentor.person_id, other], now + timedelta(hours=1)) != first
        assert show(session, mentee, [other, mentor.person_id], now + timedelta(hours=26)) != first
        assert kinds_about(session, mentee.person_id) == ["mentors.shown"] * 3

    def test_of_others_or_without_order_are_refused(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        rows = rows_of([mentor.person_id])
        with pytest.raises(NotAuthorizedError):
            matching.record_showing(
                session, mentor, mentee_id=mentee.person_id, rows=rows, candidate_count=1, model_version=None, now=now
            )
        with pytest.raises(InvalidInputError, match="rank"):
            matching.record_showing(
                session, mentee, mentee_id=mentee.person_id, rows=[*rows, *rows], candidate_count=1,
                model_version=None, now=now,
            )  # fmt: skip
        for propensity in (0.0, 1.5):
            with pytest.raises(InvalidInputError, match="propensity"):
                show(session, mentee, [mentor.person_id], now, propensity=propensity)


class TestHistory:
    def history(self, session: Session, until: datetime) -> pl.DataFrame:
        return matching.training_history(session, until=until, feature_names=FEATURE_NAMES)

    @pytest.fixture
    def story(self, session: Session, mentor: Principal, mentee: Principal, now: datetime) -> Mentorship:
        """Shown on day 0, asked on day 1, accepted on day 2, completed on day 60, rated on days 61 and 62."""
        other = create_mentor(session, now).id
        showing_id = show(session, mentee, [other, mentor.person_id], now)
        day = timedelta(days=1)
        made = requests.request_mentorship(
            session, mentee, mentor_id=mentor.person_id, showing_id=showing_id,
            features={**FEATURES, "success": 0.75}, now=now + day,
        )  # fmt: skip
        requests.accept(session, mentor, mentorship_id=made.id, now=now + 2 * day)
        requests.complete(session, mentee, mentorship_id=made.id, now=now + 60 * day)
        feedback.give_feedback(session, mentee, mentorship_id=made.id, rating=5, now=now + 61 * day)
        feedback.give_feedback(session, mentor, mentorship_id=made.id, rating=3, now=now + 62 * day)
        return made

    @pytest.mark.requirement("MEN-03")
    def test_has_the_columns_the_match_learns_from(self, session: Session, story: Mentorship, now: datetime) -> None:
        history = self.history(session, now + timedelta(days=90))
        assert history.schema == HISTORY_COLUMNS | dict.fromkeys(history.columns[len(HISTORY_COLUMNS) :], pl.Float32())
        assert set(history.columns) >= set(FEATURE_NAMES)
        shown_only, asked = history.to_dicts()
        assert (shown_only["rank"], shown_only["is_requested"], shown_only["is_accepted"]) == (1, False, None)
        assert (asked["rank"], asked["propensity"], asked["is_requested"]) == (2, 0.9, True)
        assert (asked["is_accepted"], asked["is_completed"]) == (True, True)
        assert (asked["rating"], asked["mentor_rating"]) == (5.0, 3.0)
        assert (asked["shown_at"], asked["requested_at"]) == (now, now + timedelta(days=1))
        assert asked["ended_at"] == now + timedelta(days=60)
        # The pair as of the request, not as of the showing.
        assert (shown_only["success"], asked["success"]) == (0.5, 0.75)

    @pytest.mark.requirement("MEN-03")
    @pytest.mark.parametrize(
        ("days", "expected"),
        [
            (1, {"is_requested": False, "requested_at": None, "success": 0.5}),
            (2, {"is_requested": True, "is_accepted": None, "ended_at": None, "success": 0.75}),
            (60, {"is_accepted": True, "is_completed": None, "ended_at": None, "rating": None}),
            (61, {"is_completed": True, "rating": None, "mentor_rating": None}),
            (62, {"rating": 5.0, "mentor_rating": None}),
            (63, {"rating": 5.0, "mentor_rating": 3.0}),
        ],
    )
    def test_knows_at_each_instant_what_was_known_before_it(
        self, session: Session, story: Mentorship, now: datetime, days: int, expected: dict[str, object]
    ) -> None:
        row = self.history(session, now + timedelta(days=days)).filter(pl.col("rank") == 2).to_dicts()[0]
        assert {name: row[name] for name in expected} == expected

    def test_nothing_before_the_showing(self, session: Session, story: Mentorship, now: datetime) -> None:
        assert self.history(session, now).is_empty()
        assert self.history(session, now).schema.keys() == self.history(session, now + timedelta(days=9)).schema.keys()

    def test_earlier_history_is_unchanged_by_what_happens_later(
        self, session: Session, mentor: Principal, mentee: Principal, story: Mentorship, now: datetime
    ) -> None:
        at = now + timedelta(days=30)
        before = self.history(session, at)
        give_mentor_profile(session, session.get_one(Person, mentee.person_id), now, years_experience=40.0)
        later = create_mentee(session, now)
        requests.request_mentorship(
            session, principal_of(later), mentor_id=mentor.person_id, features=FEATURES, now=now + timedelta(days=70)
        )
        assert self.history(session, at).equals(before)

    @pytest.mark.parametrize(
        ("end", "is_accepted"), [("decline", False), ("expire", False), ("take back", None), ("wait", None)]
    )
    def test_refusals_are_failures_and_what_was_taken_back_is_unknown(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime, end: str, is_accepted: bool | None
    ) -> None:
        made = requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, features=FEATURES, now=now)
        at = now + timedelta(days=14)
        if end == "decline":
            requests.decline(session, mentor, mentorship_id=made.id, now=at)
        elif end == "expire":
            requests.expire_batch(session, now=at)
        elif end == "take back":
            requests.cancel(session, mentee, mentorship_id=made.id, now=at)
        (row,) = self.history(session, at + timedelta(days=1)).to_dicts()
        assert (row["is_requested"], row["is_accepted"], row["ended_at"]) == (True, is_accepted, None)
        assert (row["showing_id"], row["rank"], row["propensity"]) == (None, None, None)

    def test_an_early_end_is_not_completed(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        made = requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, features=FEATURES, now=now)
        requests.accept(session, mentor, mentorship_id=made.id, now=now)
        requests.cancel(session, mentee, mentorship_id=made.id, reason=EarlyEndReason.NO_TIME, now=now)
        (row,) = self.history(session, now + timedelta(seconds=1)).to_dicts()
        assert (row["is_accepted"], row["is_completed"], row["ended_at"]) == (True, False, now)

    def test_offers_and_requests_without_features_are_left_out(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        requests.offer_mentorship(session, mentor, mentee_id=mentee.person_id, features=FEATURES, now=now)
        requests.request_mentorship(
            session, principal_of(create_mentee(session, now)), mentor_id=mentor.person_id, now=now
        )
        assert self.history(session, now + timedelta(days=1)).is_empty()

    def test_without_names_every_feature_ever_kept_is_a_column(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        show(session, mentee, [mentor.person_id], now, features={"success": 0.5, "formerly": 1.0})
        history = matching.training_history(session, until=now + timedelta(days=1))
        assert history.select("formerly", "success").rows() == [(1.0, 0.5)]
        assert self.history(session, now + timedelta(days=1))["specialization"].to_list() == [None]


def test_totals_are_of_all_mentors(session: Session, now: datetime) -> None:
    assert matching.totals(session).ended_count == 0
    for status, rating in ((MentorshipStatus.COMPLETED, 5), (MentorshipStatus.CANCELLED, 2)):
        made = builders.create_mentorship(session, status=status, started_at=now, ended_at=now)
        session.add(MentorshipFeedback(mentorship_id=made.id, side=MentorshipSide.MENTEE, rating=rating, given_at=now))
    found = matching.totals(session)
    assert (found.completed_count, found.ended_count, found.rating_sum, found.rating_count) == (1, 2, 7.0, 2)
    assert session.scalar(select(func.count()).select_from(Mentorship)) == 2
