"""Meetings, private notes, two-sided stars, milestones, the plan, final feedback; and erasure of all their texts."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import erase_person
from operational_db.mentorship import feedback, listing, matching, profiles, requests, sessions
from operational_db.mentorship.sessions import NewActionItem
from operational_db.tables.mentorship import MentoringSession, MentorProfile, Mentorship
from operational_db.tables.registry import METADATA
from operational_db.types import EarlyEndReason, MeetingFormat, MentorshipSide, MentorshipStatus, Role, new_id
from tests import builders
from tests.mentoring_people import create_mentor
from tests.operational_db.principals import body_of, create_member, events_about, kinds_about, principal_of


def log(
    session: Session, principal: Principal, mentorship: Mentorship, now: datetime, **fields: object
) -> MentoringSession:
    values: dict[str, object] = {
        "held_at": now + timedelta(hours=2),
        "minutes": 60,
        "meeting_format": MeetingFormat.VIDEO,
        "at": now + timedelta(hours=4),
        **fields,
    }
    return sessions.log_session(session, principal, mentorship_id=mentorship.id, now=values.pop("at"), **values)  # type: ignore[arg-type]


class TestLogging:
    @pytest.mark.requirement("MEN-05")
    def test_a_meeting_keeps_everything_and_the_ledger_none_of_its_texts(
        self, session: Session, mentor: Principal, mentee: Principal, running: Mentorship, now: datetime
    ) -> None:
        meeting = log(
            session,
            mentor,
            running,
            now,
            location="Shop floor",
            topics=["Brakes"],
            skills_practiced=["Adjusting"],
            resources_shared=["Manual 4"],
            notes="She is quick.",
            rating=5,
            action_items=[NewActionItem(MentorshipSide.MENTEE, "Read chapter 2", date(2026, 11, 20))],
            next_session_at=now + timedelta(days=7),
        )
        detail = listing.mentorship_of(session, mentee, mentorship_id=running.id)
        (view,) = detail.sessions
        assert (view.topics, view.skills_practiced, view.resources_shared) == (["Brakes"], ["Adjusting"], ["Manual 4"])
        assert (view.location, view.minutes, view.mentor_rating) == ("Shop floor", 60, 5)
        assert view.logged_by is MentorshipSide.MENTOR
        (item,) = view.action_items
        assert (item.task, item.assignee, item.due_on) == ("Read chapter 2", MentorshipSide.MENTEE, date(2026, 11, 20))
        assert (detail.mentorship.session_count, detail.mentorship.session_minutes) == (1, 60)
        assert detail.mentorship.next_session_at == now + timedelta(days=7)
        logged, rated = events_about(session, mentee.person_id)[-2:]
        assert body_of(logged) == {
            "mentorship_id": str(running.id),
            "session_id": str(meeting.id),
            "held_on": "2026-11-02",
            "minutes": 60,
            "meeting_format": "video",
        }
        assert body_of(rated) == {
            "mentorship_id": str(running.id),
            "session_id": str(meeting.id),
            "side": "mentor",
            "rating": 5,
        }

    def test_is_on_record_once(
        self, session: Session, mentor: Principal, mentee: Principal, running: Mentorship, now: datetime
    ) -> None:
        log(session, mentor, running, now)
        with pytest.raises(ConflictError, match="Add your notes and stars"):
            log(session, mentee, running, now)

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"minutes": 0}, "minutes: give 1 to 720"),
            ({"minutes": 721}, "minutes: give 1 to 720"),
            ({"held_at": datetime.fromisoformat("2026-11-02T13:36:00Z")}, "lies ahead"),
            ({"held_at": datetime.fromisoformat("2026-11-01T23:59:00Z")}, "began later"),
            ({"rating": 6}, "rating: give 1 to 5"),
            ({"topics": ["x" * 201]}, "topics: write"),
            ({"next_session_at": datetime.fromisoformat("2026-11-02T13:30:00Z")}, "next_session_at: plan"),
            ({"action_items": [NewActionItem(MentorshipSide.MENTEE, " ")]}, "action_items: write"),
        ],
    )
    def test_refuses_what_cannot_have_been(
        self,
        session: Session,
        mentor: Principal,
        running: Mentorship,
        now: datetime,
        fields: dict[str, object],
        message: str,
    ) -> None:
        with pytest.raises(InvalidInputError, match=message):
            log(session, mentor, running, now, **fields)

    def test_needs_a_mentorship_that_began(
        self, session: Session, mentor: Principal, requested: Mentorship, now: datetime
    ) -> None:
        with pytest.raises(ConflictError, match="once it was accepted"):
            log(session, mentor, requested, now)

    def test_what_was_held_is_written_down_for_thirty_days_after_the_end(
        self, session: Session, mentor: Principal, running: Mentorship, now: datetime
    ) -> None:
        end = now + timedelta(hours=3)
        requests.complete(session, mentor, mentorship_id=running.id, now=end)
        assert log(session, mentor, running, now, held_at=now, at=end + timedelta(days=30))
        with pytest.raises(InvalidInputError, match="had ended by then"):
            log(session, mentor, running, now, held_at=end + timedelta(minutes=1), at=end + timedelta(hours=1))
        with pytest.raises(ConflictError, match="more than 30 days ago"):
            log(session, mentor, running, now, held_at=now, at=end + timedelta(days=30, seconds=1))

    def test_nobody_else_logs(self, session: Session, running: Mentorship, now: datetime) -> None:
        for principal in (create_member(session, builders.create_organization(session)), SYSTEM_PRINCIPAL):
            with pytest.raises(NotFoundError):
                log(session, principal, running, now)


class TestNotes:
    @pytest.mark.requirement("MEN-05")
    def test_each_side_reads_its_own_only(
        self, session: Session, mentor: Principal, mentee: Principal, running: Mentorship, now: datetime
    ) -> None:
        meeting = log(session, mentor, running, now, notes="MENTOR SAYS")
        sessions.add_to_session(session, mentee, session_id=meeting.id, notes="MENTEE SAYS", rating=4, now=now)
        for principal, own, other in ((mentor, "MENTOR SAYS", "MENTEE SAYS"), (mentee, "MENTEE SAYS", "MENTOR SAYS")):
            detail = listing.mentorship_of(session, principal, mentorship_id=running.id)
            assert detail.sessions[0].my_notes == own
            assert other not in repr(detail)
        assert detail.sessions[0].mentee_rating == 4

    def test_neither_managers_nor_administrators_read_any(
        self, session: Session, mentor: Principal, running: Mentorship, now: datetime
    ) -> None:
        log(session, mentor, running, now, notes="MENTOR SAYS")
        organization = builders.create_organization(session)
        builders.create_membership(session, None, organization)
        for role in (Role.COMPANY_MANAGER, Role.PLATFORM_ADMIN, Role.AUDITOR):
            with pytest.raises(NotFoundError):
                listing.mentorship_of(session, create_member(session, organization, role), mentorship_id=running.id)
        with pytest.raises(NotFoundError):
            listing.mentorship_of(session, SYSTEM_PRINCIPAL, mentorship_id=running.id)

    def test_what_is_left_out_stays_and_an_empty_text_clears(
        self, session: Session, mentor: Principal, mentee: Principal, running: Mentorship, now: datetime
    ) -> None:
        meeting = log(session, mentor, running, now, notes="First", rating=3)
        sessions.add_to_session(session, mentor, session_id=meeting.id, now=now)
        assert (meeting.mentor_notes, meeting.mentor_rating) == ("First", 3)
        sessions.add_to_session(session, mentor, session_id=meeting.id, notes=" ", rating=3, now=now)
        assert meeting.mentor_notes is None
        assert kinds_about(session, mentee.person_id).count("mentorship.rated") == 1
        sessions.add_to_session(session, mentor, session_id=meeting.id, rating=2, now=now)
        assert kinds_about(session, mentee.person_id).count("mentorship.rated") == 2

    def test_a_stranger_adds_nothing(
        self, session: Session, mentor: Principal, running: Mentorship, now: datetime
    ) -> None:
        meeting = log(session, mentor, running, now)
        stranger = principal_of(builders.create_person(session))
        for session_id in (meeting.id, new_id()):
            with pytest.raises(NotFoundError):
                sessions.add_to_session(session, stranger, session_id=session_id, notes="x", now=now)


class TestActionItems:
    def test_are_ticked_off_by_either_and_taken_back(
        self, session: Session, mentor: Principal, mentee: Principal, running: Mentorship, now: datetime
    ) -> None:
        log(session, mentor, running, now, action_items=[NewActionItem(MentorshipSide.MENTOR, "Send the manual")])
        (item,) = listing.mentorship_of(session, mentee, mentorship_id=running.id).sessions[0].action_items
        assert listing.my_mentorships(session, mentee)[0].open_action_count == 1
        done = sessions.complete_action(session, mentee, action_item_id=item.action_item_id, now=now)
        again = sessions.complete_action(
            session, mentor, action_item_id=item.action_item_id, now=now + timedelta(hours=1)
        )
        assert again.done_at == done.done_at == now
        assert listing.my_mentorships(session, mentee)[0].open_action_count == 0
        undone = sessions.complete_action(session, mentor, action_item_id=item.action_item_id, is_done=False, now=now)
        assert undone.done_at is None
        with pytest.raises(NotFoundError):
            sessions.complete_action(
                session, principal_of(builders.create_person(session)), action_item_id=item.action_item_id, now=now
            )


class TestMilestones:
    @pytest.mark.requirement("MEN-05")
    def test_are_set_anew_while_those_reached_stay(
        self, session: Session, mentor: Principal, mentee: Principal, running: Mentorship, now: datetime
    ) -> None:
        made = sessions.set_milestones(
            session, mentor, mentorship_id=running.id, titles=["Brakes", "Doors", "Exam"], now=now
        )
        sessions.reach_milestone(session, mentee, mentorship_id=running.id, milestone_id=made[1].id, now=now)
        sessions.reach_milestone(session, mentee, mentorship_id=running.id, milestone_id=made[1].id, now=now)
        sessions.set_milestones(
            session, mentee, mentorship_id=running.id, titles=["Exam", "Ropes", "Doors", "Brakes"], now=now
        )
        detail = listing.mentorship_of(session, mentor, mentorship_id=running.id)
        assert [milestone.title for milestone in detail.milestones] == ["Doors", "Exam", "Ropes", "Brakes"]
        assert detail.mentorship.milestones_completed == ["Doors"]
        assert detail.mentorship.milestones_remaining == ["Exam", "Ropes", "Brakes"]
        assert kinds_about(session, mentee.person_id).count("mentorship.milestone_reached") == 1

    def test_of_another_mentorship_are_not_found(
        self, session: Session, mentor: Principal, running: Mentorship, now: datetime
    ) -> None:
        with pytest.raises(NotFoundError, match="no milestone"):
            sessions.reach_milestone(session, mentor, mentorship_id=running.id, milestone_id=new_id(), now=now)

    def test_are_reached_while_it_runs(
        self, session: Session, mentor: Principal, requested: Mentorship, now: datetime
    ) -> None:
        (made,) = sessions.set_milestones(session, mentor, mentorship_id=requested.id, titles=["Brakes"], now=now)
        with pytest.raises(ConflictError, match="while it runs"):
            sessions.reach_milestone(session, mentor, mentorship_id=requested.id, milestone_id=made.id, now=now)


class TestPlan:
    def test_changes_while_it_is_open(
        self, session: Session, mentor: Principal, running: Mentorship, now: datetime
    ) -> None:
        sessions.change_plan(
            session,
            mentor,
            mentorship_id=running.id,
            goals=["Lead a crew"],
            duration_months=9,
            expected_end_on=date(2027, 8, 1),
            next_session_at=now + timedelta(days=2),
            now=now,
        )
        assert (running.goals, running.duration_months) == (["Lead a crew"], 9)
        assert (running.expected_end_on, running.next_session_at) == (date(2027, 8, 1), now + timedelta(days=2))
        with pytest.raises(InvalidInputError, match="expected_end_on"):
            sessions.change_plan(session, mentor, mentorship_id=running.id, expected_end_on=now.date(), now=now)
        requests.complete(session, mentor, mentorship_id=running.id, now=now)
        assert running.next_session_at is None
        with pytest.raises(ConflictError, match="its plan is closed"):
            sessions.change_plan(session, mentor, mentorship_id=running.id, goals=[], now=now)

    def test_no_meeting_before_the_answer(
        self, session: Session, mentee: Principal, requested: Mentorship, now: datetime
    ) -> None:
        with pytest.raises(ConflictError, match="once the request is accepted"):
            sessions.change_plan(
                session, mentee, mentorship_id=requested.id, next_session_at=now + timedelta(days=1), now=now
            )


class TestFeedback:
    @pytest.mark.requirement("MEN-05")
    def test_stars_count_for_the_mentor_and_the_comment_reaches_the_other_side_alone(
        self, session: Session, mentor: Principal, mentee: Principal, running: Mentorship, now: datetime
    ) -> None:
        requests.complete(session, mentor, mentorship_id=running.id, now=now)
        feedback.give_feedback(session, mentee, mentorship_id=running.id, rating=4, comment="Thank you", now=now)
        feedback.give_feedback(session, mentor, mentorship_id=running.id, rating=5, comment="Well done", now=now)
        detail = listing.mentorship_of(session, mentee, mentorship_id=running.id)
        assert detail.my_feedback is not None and detail.feedback_for_me is not None
        assert (detail.my_feedback.comment, detail.feedback_for_me.comment) == ("Thank you", "Well done")
        assert detail.mentorship.my_rating == 4
        profile = profiles.mentor_profile_of(session, mentor, on=now.date())
        assert profile is not None
        assert (profile.total_mentees, profile.successful_completions, profile.average_rating) == (1, 1, 4.0)
        assert [body_of(event)["side"] for event in events_about(session, mentee.person_id)[-2:]] == [
            "mentee",
            "mentor",
        ]
        assert all("comment" not in body_of(event) for event in events_about(session, mentee.person_id))

    def test_once_a_side_and_after_the_end(
        self, session: Session, mentor: Principal, mentee: Principal, running: Mentorship, now: datetime
    ) -> None:
        with pytest.raises(ConflictError, match="still runs"):
            feedback.give_feedback(session, mentee, mentorship_id=running.id, rating=4, now=now)
        requests.cancel(session, mentee, mentorship_id=running.id, reason=EarlyEndReason.NOT_A_FIT, now=now)
        with pytest.raises(InvalidInputError, match="rating"):
            feedback.give_feedback(session, mentee, mentorship_id=running.id, rating=0, now=now)
        feedback.give_feedback(session, mentee, mentorship_id=running.id, rating=2, now=now)
        with pytest.raises(ConflictError, match="already; it stands"):
            feedback.give_feedback(session, mentee, mentorship_id=running.id, rating=5, now=now)
        with pytest.raises(NotFoundError):
            feedback.give_feedback(
                session, principal_of(builders.create_person(session)), mentorship_id=running.id, rating=5, now=now
            )

    def test_nothing_to_rate_where_nothing_began(
        self, session: Session, mentor: Principal, mentee: Principal, requested: Mentorship, now: datetime
    ) -> None:
        requests.decline(session, mentor, mentorship_id=requested.id, now=now)
        with pytest.raises(ConflictError, match="never began"):
            feedback.give_feedback(session, mentee, mentorship_id=requested.id, rating=1, now=now)


MARK = "zzpersonalzz"


@pytest.mark.parametrize("side", list(MentorshipSide))
def test_no_table_holds_a_text_of_a_mentorship_once_one_of_the_two_is_erased(
    session: Session, mentor: Principal, mentee: Principal, now: datetime, side: MentorshipSide
) -> None:
    about = profiles.About(has_consented=True, location_city=MARK, location_region=MARK)
    offer = profiles.Offer(["safety"], equipment_expertise=[MARK], max_mentees=2, about=MARK)
    profiles.set_mentor_profile(session, mentor, about, offer, now=now)
    wish = profiles.Wish("junior", career_goal=MARK, skills_to_develop=[MARK])
    profiles.set_mentee_profile(session, mentee, about, wish, now=now)
    made = requests.request_mentorship(
        session, mentee, mentor_id=mentor.person_id, goals=[MARK], milestones=[MARK, f"{MARK} 2"], message=MARK, now=now
    )
    requests.accept(session, mentor, mentorship_id=made.id, now=now)
    log(
        session, mentor, made, now, notes=MARK, location=MARK, topics=[MARK], skills_practiced=[MARK],
        resources_shared=[MARK], action_items=[NewActionItem(MentorshipSide.MENTEE, MARK)],
    )  # fmt: skip
    requests.cancel(
        session, mentor, mentorship_id=made.id, reason=EarlyEndReason.OTHER, note=MARK, now=now + timedelta(hours=5)
    )
    feedback.give_feedback(session, mentee, mentorship_id=made.id, rating=3, comment=MARK, now=now)
    other = principal_of(create_mentor(session, now))
    open_one = requests.request_mentorship(session, mentee, mentor_id=other.person_id, now=now)
    matching.dismiss_mentor(session, mentee, mentor_id=mentor.person_id, now=now)
    erased = mentor if side is MentorshipSide.MENTOR else mentee
    erase_person(session, SYSTEM_PRINCIPAL, person_id=erased.person_id, now=now)
    session.expire_all()
    found = {
        table.name
        for table in METADATA.sorted_tables
        if session.scalar(
            text(f'select exists (select from "{table.name}" as t where t::text like :mark)'), {"mark": f"%{MARK}%"}
        )
    }
    assert found == ({"mentee_profiles"} if side is MentorshipSide.MENTOR else {"mentor_profiles"})
    assert session.scalars(select(MentoringSession.minutes)).one() == 60
    is_mentee = side is MentorshipSide.MENTEE
    assert open_one.status is (MentorshipStatus.CANCELLED if is_mentee else MentorshipStatus.PENDING)
    assert (session.get(MentorProfile, mentor.person_id) is None) is not is_mentee
