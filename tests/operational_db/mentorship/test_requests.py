"""Asking for a mentor, offering oneself, answering, ending, and what may never become a pair."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, DomainError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.mentorship import listing, matching, profiles, requests
from operational_db.mentorship.rules import AGAIN_AFTER, MOST_OPEN_REQUESTS, MOST_WAITING_REQUESTS
from operational_db.tables.identity import Organization, Person
from operational_db.tables.mentorship import MentoringPolicy, MentorProfile, Mentorship, ShownMentor
from operational_db.types import (
    DeclineReason,
    EarlyEndReason,
    MentoringReach,
    MentorshipSide,
    MentorshipStatus,
    MentorshipType,
    Role,
    new_id,
)
from tests import builders
from tests.mentoring_people import create_mentee, create_mentor, give_mentor_profile
from tests.operational_db.principals import body_of, create_member, events_about, kinds_about, principal_of

Step = Callable[..., Mentorship]


def row_of(mentor: Principal, rank: int, **fields: object) -> matching.ShownRow:
    values = {"score": 70.0, "formula_score": 65.0, "chance": None, "propensity": 0.9, "is_explored": False}
    return matching.ShownRow(mentor.person_id, rank, **{**values, "features": {"success": 0.5}, **fields})  # type: ignore[arg-type]


class TestRequest:
    @pytest.mark.requirement("US-TC005", "MEN-04")
    def test_is_recorded_about_the_mentee_without_its_texts(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        mentorship = requests.request_mentorship(
            session,
            mentee,
            mentor_id=mentor.person_id,
            mentorship_type=MentorshipType.CERTIFICATION_PREP,
            goals=["Pass the exam"],
            duration_months=6,
            milestones=["Rope brake", "Exam"],
            message="Would you help me?",
            now=now,
        )
        assert (mentorship.status, mentorship.requested_at) == (MentorshipStatus.PENDING, now)
        assert mentorship.expires_at == now + timedelta(days=14)
        (event,) = events_about(session, mentee.person_id)
        assert event.kind == "mentorship.requested"
        assert body_of(event) == {
            "mentorship_id": str(mentorship.id),
            "mentor_id": str(mentor.person_id),
            "mentorship_type": "certification_prep",
        }
        (view,) = listing.my_mentorships(session, mentor)
        assert (view.goals, view.milestones_remaining) == (["Pass the exam"], ["Rope brake", "Exam"])
        assert (view.message, view.is_mine_to_answer) == ("Would you help me?", True)

    def test_names_the_organization_of_the_mentee(self, session: Session, mentor: Principal, now: datetime) -> None:
        organization = builders.create_organization(session)
        person = create_mentee(session, now, organization)
        requests.request_mentorship(session, principal_of(person), mentor_id=mentor.person_id, now=now)
        (event,) = events_about(session, person.id)
        assert event.organization_id == organization.id

    def test_is_made_once_while_it_is_open(
        self, session: Session, mentor: Principal, mentee: Principal, requested: Mentorship, now: datetime
    ) -> None:
        with pytest.raises(ConflictError, match="already asked"):
            requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)
        requests.decline(session, mentor, mentorship_id=requested.id, now=now)
        later = now + AGAIN_AFTER
        assert requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=later).id != requested.id

    @pytest.mark.parametrize("step", [requests.decline, requests.cancel])
    def test_what_came_to_nothing_is_not_asked_again_before_the_list_shows_it_again(
        self, session: Session, mentor: Principal, requested: Mentorship, now: datetime, step: Callable[..., object]
    ) -> None:
        """90 days, to the second, on both sides and in the list alike."""
        mentee = principal_of(session.get_one(Person, requested.mentee_id))
        step(session, mentor, mentorship_id=requested.id, now=now)
        until = now + AGAIN_AFTER

        def is_listed(at: datetime) -> bool:
            found = matching.candidate_mentors(session, mentee, on=at.date(), now=at)
            return str(mentor.person_id) in found["mentor_id"].to_list()

        just_before = until - timedelta(seconds=1)
        with pytest.raises(ConflictError, match=f"Ask again after {until:%d %b %Y}") as refused:
            requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=just_before)
        assert refused.value.details == {"again_at": until.isoformat()}
        with pytest.raises(ConflictError, match="Ask again after"):
            requests.offer_mentorship(session, mentor, mentee_id=mentee.person_id, now=just_before)
        assert not is_listed(just_before)
        assert is_listed(until)
        assert requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=until)

    @pytest.mark.parametrize(
        "fields",
        [
            {"consented_at": None},
            {"is_accepting_mentees": False},
            {"paused_until": date(2026, 11, 3)},
            {"max_mentees": 0},
        ],
    )
    def test_goes_to_somebody_who_mentors_today(
        self, session: Session, mentee: Principal, now: datetime, fields: dict[str, Any]
    ) -> None:
        other = create_mentor(session, now, **fields)
        with pytest.raises(ConflictError, match=r"Choose another mentor"):
            requests.request_mentorship(session, mentee, mentor_id=other.id, now=now)

    @pytest.mark.requirement("MEN-04")
    def test_only_so_many_wait_for_one_mentor(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        """Her own offers count too; who is told no hears what to do, and the next may ask once one is answered."""
        offered = requests.offer_mentorship(session, mentor, mentee_id=create_mentee(session, now).id, now=now)
        for _ in range(MOST_WAITING_REQUESTS - 1):
            asked = principal_of(create_mentee(session, now))
            waiting = requests.request_mentorship(session, asked, mentor_id=mentor.person_id, now=now)
        with pytest.raises(ConflictError, match=r"10 requests wait for this mentor.* Choose another mentor") as refused:
            requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)
        assert refused.value.details == {"waiting_count": 10, "most_waiting": 10}
        with pytest.raises(ConflictError, match="10 of your requests and offers wait"):
            requests.offer_mentorship(session, mentor, mentee_id=mentee.person_id, now=now)
        requests.decline(session, mentor, mentorship_id=waiting.id, now=now)
        assert requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)
        requests.cancel(session, mentor, mentorship_id=offered.id, now=now)
        assert requests.offer_mentorship(session, mentor, mentee_id=create_mentee(session, now).id, now=now)

    def test_a_pause_ends_on_its_day(self, session: Session, mentee: Principal, now: datetime) -> None:
        back_today = create_mentor(session, now, paused_until=now.date())
        assert requests.request_mentorship(session, mentee, mentor_id=back_today.id, now=now)

    def test_somebody_without_a_profile_is_no_mentor(self, session: Session, mentee: Principal, now: datetime) -> None:
        member = create_member(session, builders.create_organization(session), Role.MENTOR)
        with pytest.raises(ConflictError, match="does not mentor"):
            requests.request_mentorship(session, mentee, mentor_id=member.person_id, now=now)

    def test_refuses_what_cannot_be_meant(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        with pytest.raises(InvalidInputError, match="own mentor"):
            requests.request_mentorship(session, mentor, mentor_id=mentor.person_id, now=now)
        with pytest.raises(InvalidInputError, match="lies ahead"):
            requests.request_mentorship(
                session, mentee, mentor_id=mentor.person_id, expected_end_on=now.date(), now=now
            )
        with pytest.raises(InvalidInputError, match="duration_months"):
            requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, duration_months=61, now=now)
        with pytest.raises(NotFoundError):
            requests.request_mentorship(session, mentee, mentor_id=new_id(), now=now)
        with pytest.raises(NotAuthorizedError):
            requests.request_mentorship(session, SYSTEM_PRINCIPAL, mentor_id=mentor.person_id, now=now)
        session.get_one(Person, mentor.person_id).erased_at = now
        session.flush()
        with pytest.raises(NotFoundError):
            requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)

    def test_never_goes_to_a_former_mentor_or_mentee(
        self, session: Session, mentor: Principal, mentee: Principal, running: Mentorship, now: datetime
    ) -> None:
        requests.complete(session, mentee, mentorship_id=running.id, now=now)
        with pytest.raises(ConflictError, match="had a mentorship before"):
            requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)
        give_mentor_profile(session, session.get_one(Person, mentee.person_id), now)
        with pytest.raises(ConflictError, match="had a mentorship before"):
            requests.request_mentorship(session, mentor, mentor_id=mentee.person_id, now=now)

    def test_not_to_a_dismissed_mentor_until_that_is_taken_back(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        matching.dismiss_mentor(session, mentee, mentor_id=mentor.person_id, now=now)
        with pytest.raises(ConflictError, match="Take that back first"):
            requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)
        matching.undo_dismissal(session, mentee, mentor_id=mentor.person_id)
        assert requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)

    def test_so_many_may_wait_at_a_time(self, session: Session, mentee: Principal, now: datetime) -> None:
        for _ in range(MOST_OPEN_REQUESTS):
            requests.request_mentorship(session, mentee, mentor_id=create_mentor(session, now).id, now=now)
        with pytest.raises(ConflictError, match="wait for an answer"):
            requests.request_mentorship(session, mentee, mentor_id=create_mentor(session, now).id, now=now)

    def test_all_places_taken_is_told(
        self, session: Session, mentor: Principal, running: Mentorship, now: datetime
    ) -> None:
        session.get_one(MentorProfile, mentor.person_id).max_mentees = 1
        with pytest.raises(ConflictError, match="All places"):
            requests.request_mentorship(
                session, principal_of(create_mentee(session, now)), mentor_id=mentor.person_id, now=now
            )


class TestReach:
    """Organizations of both sides decide with whom their people may be matched."""

    def pair(
        self, session: Session, now: datetime, mentor_at: Organization | None, mentee_at: Organization | None
    ) -> tuple[Person, Principal]:
        return create_mentor(session, now, mentor_at), principal_of(create_mentee(session, now, mentee_at))

    @pytest.mark.parametrize("side", ["mentor", "mentee"])
    @pytest.mark.parametrize(
        ("reach", "is_same", "is_allowed"),
        [
            (MentoringReach.EVERYONE, False, True),
            (MentoringReach.OWN_PEOPLE, False, False),
            (MentoringReach.OWN_PEOPLE, True, True),
            (MentoringReach.NOBODY, True, False),
            (MentoringReach.NOBODY, False, False),
        ],
    )
    def test_holds_for_both_sides_in_lists_and_requests(
        self, session: Session, now: datetime, side: str, reach: MentoringReach, is_same: bool, is_allowed: bool
    ) -> None:
        one = builders.create_organization(session)
        other = one if is_same else builders.create_organization(session)
        session.add(MentoringPolicy(organization_id=one.id, reach=reach))
        mentor, mentee = self.pair(session, now, one if side == "mentor" else other, other if side == "mentor" else one)
        give_mentor_profile(session, session.get_one(Person, mentee.person_id), now)
        shown = matching.candidate_mentors(session, mentee, on=now.date(), now=now)["mentor_id"].to_list()
        found = matching.candidate_mentees(session, principal_of(mentor), on=now.date(), now=now)
        assert (str(mentor.id) in shown, str(mentee.person_id) in found["mentee_id"].to_list()) == (
            is_allowed,
            is_allowed,
        )
        if is_allowed:
            assert requests.request_mentorship(session, mentee, mentor_id=mentor.id, now=now)
        else:
            with pytest.raises(ConflictError, match="does not allow"):
                requests.request_mentorship(session, mentee, mentor_id=mentor.id, now=now)

    def test_somebody_of_two_organizations_needs_both(self, session: Session, now: datetime) -> None:
        strict, open_one = builders.create_organization(session), builders.create_organization(session)
        session.add(MentoringPolicy(organization_id=strict.id, reach=MentoringReach.OWN_PEOPLE))
        mentor, mentee = self.pair(session, now, open_one, open_one)
        builders.create_membership(session, mentor, strict)
        shown = matching.candidate_mentors(session, mentee, on=now.date(), now=now)["mentor_id"].to_list()
        assert str(mentor.id) not in shown
        with pytest.raises(ConflictError, match="does not allow"):
            requests.request_mentorship(session, mentee, mentor_id=mentor.id, now=now)

    def test_a_membership_that_ended_restricts_nobody(self, session: Session, now: datetime) -> None:
        strict = builders.create_organization(session)
        session.add(MentoringPolicy(organization_id=strict.id, reach=MentoringReach.NOBODY))
        mentor, mentee = self.pair(session, now, None, None)
        builders.create_membership(session, mentor, strict, ended_on=now.date())
        assert requests.request_mentorship(session, mentee, mentor_id=mentor.id, now=now)


class TestShowing:
    def show(
        self, session: Session, mentee: Principal, rows: list[matching.ShownRow], now: datetime
    ) -> ShownMentor | None:
        showing_id = matching.record_showing(
            session, mentee, mentee_id=mentee.person_id, rows=rows, candidate_count=9, model_version=3, now=now
        )
        return session.scalar(select(ShownMentor).where(ShownMentor.showing_id == showing_id))

    def test_a_request_keeps_the_list_its_rank_and_the_features_of_the_pair(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        other = principal_of(create_mentor(session, now))
        shown = self.show(session, mentee, [row_of(other, 1), row_of(mentor, 2)], now)
        assert shown is not None
        made = requests.request_mentorship(
            session,
            mentee,
            mentor_id=mentor.person_id,
            showing_id=shown.showing_id,
            features={"success": 0.75},
            now=now + timedelta(hours=1),
        )
        assert (made.showing_id, made.features) == (shown.showing_id, {"success": 0.75})
        body = body_of(events_about(session, mentee.person_id)[-1])
        assert (body["showing_id"], body["shown_rank"]) == (str(shown.showing_id), 2)

    def test_without_a_list_named_it_counts_to_the_latest_of_two_weeks(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        shown = self.show(session, mentee, [row_of(mentor, 1)], now)
        assert shown is not None
        made = requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now + timedelta(days=14))
        assert (made.showing_id, made.features) == (shown.showing_id, {"success": 0.5})

    def test_an_older_list_does_not_count(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        self.show(session, mentee, [row_of(mentor, 1)], now)
        later = now + timedelta(days=14, seconds=1)
        made = requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=later)
        assert (made.showing_id, made.features) == (None, None)

    def test_somebody_elses_list_is_no_list(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        other = principal_of(create_mentee(session, now))
        shown = self.show(session, other, [row_of(mentor, 1)], now)
        assert shown is not None
        with pytest.raises(NotFoundError, match="no list with this id"):
            requests.request_mentorship(
                session, mentee, mentor_id=mentor.person_id, showing_id=shown.showing_id, now=now
            )


class TestOffer:
    @pytest.mark.requirement("US-TC009")
    def test_a_mentor_offers_herself_and_the_mentee_answers(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        offered = requests.offer_mentorship(session, mentor, mentee_id=mentee.person_id, now=now)
        with pytest.raises(NotAuthorizedError, match="Only the mentee"):
            requests.accept(session, mentor, mentorship_id=offered.id, now=now)
        (view,) = listing.my_mentorships(session, mentee)
        assert (view.is_mine_to_answer, view.asked_side) == (True, MentorshipSide.MENTEE)
        requests.accept(session, mentee, mentorship_id=offered.id, now=now)
        assert offered.status is MentorshipStatus.ACTIVE

    @pytest.mark.parametrize("fields", [{"consented_at": None}, {"paused_until": date(2026, 11, 3)}])
    def test_only_to_people_who_agreed_to_be_found(
        self, session: Session, mentor: Principal, now: datetime, fields: dict[str, Any]
    ) -> None:
        hidden = create_mentee(session, now, **fields)
        with pytest.raises(NotFoundError, match="looks for a mentor"):
            requests.offer_mentorship(session, mentor, mentee_id=hidden.id, now=now)

    def test_not_to_who_dismissed_her(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        matching.dismiss_mentor(session, mentee, mentor_id=mentor.person_id, now=now)
        with pytest.raises(NotFoundError):
            requests.offer_mentorship(session, mentor, mentee_id=mentee.person_id, now=now)

    def test_needs_a_profile_that_accepts(self, session: Session, mentee: Principal, now: datetime) -> None:
        with pytest.raises(ConflictError, match="mentor profile first"):
            requests.offer_mentorship(
                session, principal_of(builders.create_person(session)), mentee_id=mentee.person_id, now=now
            )
        closed = principal_of(create_mentor(session, now, is_accepting_mentees=False))
        with pytest.raises(ConflictError, match="You accept no mentees"):
            requests.offer_mentorship(session, closed, mentee_id=mentee.person_id, now=now)


class TestSteps:
    @pytest.mark.requirement("US-TC009", "MEN-04")
    def test_the_mentor_accepts_and_either_completes(
        self, session: Session, mentor: Principal, mentee: Principal, requested: Mentorship, now: datetime
    ) -> None:
        requests.accept(session, mentor, mentorship_id=requested.id, now=now)
        assert (requested.status, requested.started_at, requested.answered_at) == (MentorshipStatus.ACTIVE, now, now)
        requests.complete(session, mentee, mentorship_id=requested.id, now=now)
        assert (requested.status, requested.ended_at) == (MentorshipStatus.COMPLETED, now)
        assert kinds_about(session, mentee.person_id) == [
            "mentorship.requested",
            "mentorship.accepted",
            "mentorship.completed",
        ]

    def test_the_agreed_months_set_the_expected_end(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        made = requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, duration_months=4, now=now)
        requests.accept(session, mentor, mentorship_id=made.id, now=now)
        assert made.expected_end_on == date(2027, 3, 2)

    def test_the_mentor_declines_with_a_reason_that_the_ledger_holds_and_a_note_it_does_not(
        self, session: Session, mentor: Principal, mentee: Principal, requested: Mentorship, now: datetime
    ) -> None:
        requests.decline(
            session, mentor, mentorship_id=requested.id, reason=DeclineReason.NO_TIME, note="Sorry, Ann.", now=now
        )
        event = events_about(session, mentee.person_id)[-1]
        assert event.kind == "mentorship.declined"
        assert body_of(event) == {
            "mentorship_id": str(requested.id),
            "mentor_id": str(mentor.person_id),
            "decline_reason": "no_time",
        }
        (view,) = listing.my_mentorships(session, mentee)
        assert (view.decline_reason, view.decline_note) == (DeclineReason.NO_TIME, "Sorry, Ann.")
        with pytest.raises(ConflictError, match="is declined"):
            requests.accept(session, mentor, mentorship_id=requested.id, now=now)

    @pytest.mark.parametrize("step", [requests.accept, requests.decline])
    def test_the_mentee_does_not_answer_her_own_request(
        self, session: Session, mentee: Principal, requested: Mentorship, now: datetime, step: Step
    ) -> None:
        with pytest.raises(NotAuthorizedError, match="Only the mentor"):
            step(session, mentee, mentorship_id=requested.id, now=now)

    def test_the_request_is_taken_back_without_a_reason(
        self, session: Session, mentee: Principal, requested: Mentorship, now: datetime
    ) -> None:
        requests.cancel(session, mentee, mentorship_id=requested.id, now=now)
        assert requested.status is MentorshipStatus.CANCELLED
        assert body_of(events_about(session, mentee.person_id)[-1])["ended_by"] == "mentee"

    @pytest.mark.requirement("MEN-05")
    def test_an_early_end_needs_a_reason_and_names_who_ended_it(
        self, session: Session, mentor: Principal, mentee: Principal, running: Mentorship, now: datetime
    ) -> None:
        with pytest.raises(InvalidInputError, match="reason: say why"):
            requests.cancel(session, mentor, mentorship_id=running.id, now=now)
        requests.cancel(
            session, mentor, mentorship_id=running.id, reason=EarlyEndReason.MOVED_ON, note="New job", now=now
        )
        body = body_of(events_about(session, mentee.person_id)[-1])
        assert (body["end_reason"], body["ended_by"], "note" in body) == ("moved_on", "mentor", False)
        (view,) = listing.my_mentorships(session, mentee)
        assert (view.end_reason, view.end_note) == (EarlyEndReason.MOVED_ON, "New job")

    @pytest.mark.parametrize("step", [requests.accept, requests.decline, requests.complete, requests.cancel])
    def test_nobody_else_knows_of_it(self, session: Session, requested: Mentorship, now: datetime, step: Step) -> None:
        stranger = create_member(session, builders.create_organization(session), Role.COMPANY_MANAGER)
        for principal in (stranger, SYSTEM_PRINCIPAL):
            for mentorship_id in (requested.id, new_id()):
                with pytest.raises(NotFoundError):
                    step(session, principal, mentorship_id=mentorship_id, now=now)

    @pytest.mark.requirement("MEN-04")
    def test_a_mentor_never_has_more_mentees_than_she_takes(
        self, session: Session, mentor: Principal, now: datetime
    ) -> None:
        made = [
            requests.request_mentorship(
                session, principal_of(create_mentee(session, now)), mentor_id=mentor.person_id, now=now
            )
            for _ in range(3)
        ]
        for mentorship in made[:2]:
            requests.accept(session, mentor, mentorship_id=mentorship.id, now=now)
        with pytest.raises(ConflictError, match=r"All 2 places.*Complete a mentorship, raise the number"):
            requests.accept(session, mentor, mentorship_id=made[2].id, now=now)
        about, offer = profiles.About(has_consented=True), profiles.Offer(is_accepting_mentees=False, max_mentees=1)
        profiles.set_mentor_profile(session, mentor, about, offer, now=now)
        requests.complete(session, mentor, mentorship_id=made[0].id, now=now)
        with pytest.raises(ConflictError, match="All 1 places"):
            requests.accept(session, mentor, mentorship_id=made[2].id, now=now)


class TestExpiry:
    def test_unanswered_for_fourteen_days_expires_once(
        self, session: Session, mentee: Principal, requested: Mentorship, now: datetime
    ) -> None:
        due = now + timedelta(days=14)
        assert requests.expire_batch(session, now=due - timedelta(seconds=1)) == []
        assert requests.expire_batch(session, now=due) == [requested.id]
        assert (requested.status, requested.ended_at) == (MentorshipStatus.EXPIRED, due)
        assert requests.expire_batch(session, now=due + timedelta(days=1)) == []
        assert kinds_about(session, mentee.person_id) == ["mentorship.requested", "mentorship.expired"]

    def test_who_answers_after_the_time_is_told_even_before_the_round(
        self, session: Session, mentor: Principal, requested: Mentorship, now: datetime
    ) -> None:
        with pytest.raises(ConflictError, match="has expired"):
            requests.accept(session, mentor, mentorship_id=requested.id, now=now + timedelta(days=14))

    def test_what_runs_does_not_expire(self, session: Session, running: Mentorship, now: datetime) -> None:
        assert requests.expire_batch(session, now=now + timedelta(days=400)) == []
        assert running.status is MentorshipStatus.ACTIVE


def test_each_sees_her_own(
    session: Session, mentor: Principal, mentee: Principal, requested: Mentorship, now: datetime
) -> None:
    builders.create_mentorship(session)
    for principal, side in ((mentor, MentorshipSide.MENTOR), (mentee, MentorshipSide.MENTEE)):
        (view,) = listing.my_mentorships(session, principal)
        assert (view.mentorship_id, view.mentor_name, view.mentee_name, view.my_side) == (
            requested.id,
            mentor.display_name,
            mentee.display_name,
            side,
        )
        assert listing.my_mentorships(session, principal, side=side) == [view]
    assert listing.my_mentorships(session, mentor, side=MentorshipSide.MENTEE) == []
    assert listing.my_mentorships(session, SYSTEM_PRINCIPAL) == []


def test_every_refusal_says_what_to_do(session: Session, mentee: Principal, now: datetime) -> None:
    with pytest.raises(DomainError) as refused:
        requests.accept(session, mentee, mentorship_id=new_id(), now=now)
    assert "Look under your mentorships" in refused.value.message
