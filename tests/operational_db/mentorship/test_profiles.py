"""Profiles: every field of the seed, what is absurd or contradicts itself, consent, pause, and reach."""

import math
from dataclasses import fields as fields_of
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.mentorship import matching, profiles
from operational_db.mentorship.profile_rules import hours_per_week, minutes_of, to_windows
from operational_db.mentorship.profiles import About, Offer, Wish
from operational_db.tables.mentorship import MenteeProfile, MentorProfile
from operational_db.types import MentoringReach, MentorshipSide, Role, new_id
from tests import builders
from tests.mentoring_people import create_mentee, create_mentor
from tests.operational_db.principals import body_of, create_manager, create_member, events_about, principal_of


@pytest.fixture
def ann(session: Session) -> Principal:
    return principal_of(builders.create_person(session, timezone="America/Toronto"))


SHARED = {each.name for each in fields_of(About)}


def about_and_rest(values: dict[str, Any]) -> tuple[About, dict[str, Any]]:
    """What both profiles hold, and what one side alone does."""
    about = About(**{name: value for name, value in values.items() if name in SHARED})
    return about, {name: value for name, value in values.items() if name not in SHARED}


def set_mentor(session: Session, principal: Principal, now: datetime, **fields: Any) -> MentorProfile:
    about, rest = about_and_rest({"specializations": ["safety"], "has_consented": True} | fields)
    return profiles.set_mentor_profile(session, principal, about, Offer(**rest), now=now)


def set_mentee(session: Session, principal: Principal, now: datetime, **fields: Any) -> MenteeProfile:
    about, rest = about_and_rest({"current_level": "junior", "has_consented": True} | fields)
    return profiles.set_mentee_profile(session, principal, about, Wish(**rest), now=now)


@pytest.mark.requirement("MEN-01", "US-TC009")
def test_a_mentor_says_everything_the_seed_asks_and_reads_it_back(
    session: Session, ann: Principal, now: datetime
) -> None:
    held = builders.create_certificate(session, certification=builders.create_certification(session, name="CET"))
    held.person_id = ann.person_id
    lapsed = builders.create_certificate(session, expires_on=date(2026, 1, 1))
    lapsed.person_id = ann.person_id
    session.flush()
    set_mentor(
        session,
        ann,
        now,
        years_experience=14.5,
        specializations=["traction_elevators", "safety", "safety"],
        equipment_expertise=["Gearless machines"],
        max_mentees=3,
        preferred_mentee_levels=["apprentice", "junior"],
        communication_preferences=["in_person", "video"],
        hours_per_month=4,
        preferred_times=["evenings", "weekends"],
        location_city="Toronto",
        location_region="Ontario",
        latitude=43.65,
        longitude=-79.38,
        is_remote_welcome=True,
        about="Twenty years of brakes.",
    )
    view = profiles.mentor_profile_of(session, ann, on=now.date())
    assert view is not None
    assert (view.years_experience, view.specializations) == (14.5, ["traction_elevators", "safety"])
    assert (view.certifications, view.equipment_expertise) == (["CET"], ["Gearless machines"])
    assert (view.max_mentees, view.current_mentee_count, view.is_accepting_mentees) == (3, 0, True)
    assert (view.total_mentees, view.successful_completions, view.average_rating) == (0, 0, None)
    assert (view.timezone, view.hours_per_month, len(view.availability)) == ("America/Toronto", 4, 7)
    assert (view.latitude, view.longitude, view.consented_at) == (43.65, -79.38, now)
    (event,) = events_about(session, ann.person_id)
    assert (event.kind, body_of(event)) == ("mentor.profile_set", {"max_mentees": 3, "is_accepting": True})


@pytest.mark.requirement("MEN-01", "US-TC015")
def test_a_mentee_says_everything_the_seed_asks_and_reads_it_back(
    session: Session, ann: Principal, now: datetime
) -> None:
    set_mentee(
        session,
        ann,
        now,
        current_level="student",
        years_experience=0,
        career_goal="Become an inspector",
        specialization_interests=["elevator_inspection"],
        skills_to_develop=["Reading drawings"],
        timeline_months=18,
        communication_preferences=["text"],
        hours_per_month=2,
        availability=[{"weekday": 2, "from": "22:00", "until": "01:00"}],
        timezone="Europe/Berlin",
        is_remote_welcome=True,
    )
    view = profiles.mentee_profile_of(session, ann, on=now.date())
    assert view is not None
    assert (view.current_level, view.years_experience, view.career_goal) == ("student", 0, "Become an inspector")
    assert (view.specialization_interests, view.skills_to_develop) == (["elevator_inspection"], ["Reading drawings"])
    assert (view.timeline_months, view.timezone) == (18, "Europe/Berlin")
    assert view.availability == [{"weekday": 2, "from": "22:00", "until": "01:00"}]
    assert events_about(session, ann.person_id) == []


class TestWindows:
    def test_the_words_of_the_seed_become_windows(self) -> None:
        windows = to_windows([], ["evenings", "weekends"])
        assert windows[0] == {"weekday": 0, "from": "18:00", "until": "21:00"}
        assert windows[-1] == {"weekday": 6, "from": "09:00", "until": "17:00"}
        assert hours_per_week(minutes_of(windows)) == 5 * 3 + 2 * 8

    def test_windows_over_midnight_and_whole_days_and_overlaps(self) -> None:
        given = [
            {"weekday": 6, "from": "22:00", "until": "02:00"},
            {"weekday": 0, "from": "00:00", "until": "24:00"},
            {"weekday": 0, "from": "00:00", "until": "24:00"},
        ]
        assert hours_per_week(minutes_of(to_windows(given, []))) == 2 + 24

    @pytest.mark.parametrize(
        ("window", "message"),
        [
            ({"weekday": 7, "from": "10:00", "until": "11:00"}, "weekday from 0"),
            ({"weekday": True, "from": "10:00", "until": "11:00"}, "weekday from 0"),
            ({"from": "10:00", "until": "11:00"}, "weekday from 0"),
            ({"weekday": 1, "from": "25:00", "until": "11:00"}, "HH:MM"),
            ({"weekday": 1, "from": "9:00", "until": "11:00"}, "HH:MM"),
            ({"weekday": 1, "from": "10:00"}, "HH:MM"),
            ({"weekday": 1, "from": "10:00", "until": "10:00"}, "ends after it starts"),
            ({"weekday": 1, "from": "24:00", "until": "10:00"}, "ends after it starts"),
        ],
    )
    def test_others_are_refused_with_the_remedy(self, window: dict[str, object], message: str) -> None:
        with pytest.raises(InvalidInputError, match=f"availability: .*{message}"):
            to_windows([window], [])

    def test_unknown_words_and_too_many(self) -> None:
        with pytest.raises(InvalidInputError, match="preferred_times: “sometimes” is not known"):
            to_windows([], ["sometimes"])
        many = [{"weekday": n % 7, "from": f"{n // 7:02}:00", "until": f"{n // 7:02}:30"} for n in range(43)]
        with pytest.raises(InvalidInputError, match="up to 42"):
            to_windows(many, [])


# field by field: absurd, or contradicting another.
ABSURD_FOR_BOTH = [
    ({"years_experience": -1}, "years_experience"),
    ({"years_experience": 70.5}, "years_experience"),
    ({"years_experience": math.nan}, "years_experience"),
    ({"years_experience": math.inf}, "years_experience"),
    ({"communication_preferences": ["telepathy"]}, "communication_preferences"),
    ({"communication_preferences": ["in_person"], "is_remote_welcome": True}, "is_remote_welcome"),
    ({"hours_per_month": 0}, "hours_per_month"),
    ({"hours_per_month": 321}, "hours_per_month"),
    ({"hours_per_month": 60, "preferred_times": ["lunchtimes"]}, "hours_per_month"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"timezone": "../etc"}, "timezone"),
    ({"latitude": 43.6}, "longitude"),
    ({"longitude": 43.6}, "latitude"),
    ({"latitude": 91.0, "longitude": 0.0}, "latitude"),
    ({"latitude": math.nan, "longitude": 0.0}, "latitude"),
    ({"latitude": 10.0, "longitude": 181.0}, "longitude"),
    ({"latitude": 0.0, "longitude": 0.0}, "latitude"),
    ({"latitude": 43.6, "longitude": 79.4, "timezone": "America/Toronto"}, "longitude"),
    ({"location_city": "x" * 201}, "location_city"),
    ({"location_region": "a\nb"}, "location_region"),
]


@pytest.mark.requirement("MEN-01")
@pytest.mark.parametrize(("fields", "field"), ABSURD_FOR_BOTH)
def test_absurd_and_contradictory_fields_are_named_on_both_sides(
    session: Session, ann: Principal, now: datetime, fields: dict[str, object], field: str
) -> None:
    for put in (set_mentor, set_mentee):
        with pytest.raises(InvalidInputError, match=f"^{field}: ") as refused:
            put(session, ann, now, **fields)
        # It says what to do.
        assert len(refused.value.message.split(". ")) > 1 or any(
            word in refused.value.message for word in ("give", "write", "Write", "leave")
        )
    assert session.get(MentorProfile, ann.person_id) is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"specializations": ["elevatorz"]}, "specializations"),
        ({"specializations": []}, "specializations"),
        ({"preferred_mentee_levels": ["master"]}, "preferred_mentee_levels"),
        ({"max_mentees": -1}, "max_mentees"),
        ({"max_mentees": 51}, "max_mentees"),
        ({"max_mentees": 0}, "max_mentees"),
        ({"max_mentees": 9, "hours_per_month": 4}, "max_mentees"),
        ({"equipment_expertise": [""]}, "equipment_expertise"),
        ({"about": "x" * 4001}, "about"),
    ],
)
def test_of_a_mentor(session: Session, ann: Principal, now: datetime, fields: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^{field}: "):
        set_mentor(session, ann, now, **fields)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"current_level": "wizard"}, "current_level"),
        ({"current_level": "student", "years_experience": 25}, "current_level"),
        ({"current_level": "junior", "years_experience": 15.5}, "current_level"),
        ({"timeline_months": 0}, "timeline_months"),
        ({"timeline_months": 61}, "timeline_months"),
        ({"specialization_interests": ["x"]}, "specialization_interests"),
        ({"skills_to_develop": ["x"] * 1 + [str(n) for n in range(20)]}, "skills_to_develop"),
    ],
)
def test_of_a_mentee(session: Session, ann: Principal, now: datetime, fields: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^{field}: "):
        set_mentee(session, ann, now, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"years_experience": 0},
        {"years_experience": 70},
        {"hours_per_month": 65, "preferred_times": ["evenings"]},
        {"latitude": 43.65, "longitude": -79.38, "timezone": "America/Toronto"},
        {"latitude": 43.83, "longitude": 87.6, "timezone": "Asia/Shanghai"},
        {"latitude": 1.87, "longitude": -157.4, "timezone": "Pacific/Kiritimati"},
        {"latitude": 43.65, "longitude": -79.38, "timezone": "UTC"},
        {"communication_preferences": ["in_person", "phone"], "is_remote_welcome": True},
        {},
    ],
)
def test_what_is_unusual_but_real_is_taken(
    session: Session, ann: Principal, now: datetime, fields: dict[str, object]
) -> None:
    assert set_mentor(session, ann, now, **fields)


class TestConsentAndPause:
    def shown(self, session: Session, mentee: Principal, now: datetime) -> list[str]:
        return matching.candidate_mentors(session, mentee, on=now.date(), now=now)["mentor_id"].to_list()

    def test_without_consent_nobody_sees_it(
        self, session: Session, ann: Principal, mentee: Principal, now: datetime
    ) -> None:
        set_mentor(session, ann, now, has_consented=False)
        assert self.shown(session, mentee, now) == []
        assert body_of(events_about(session, ann.person_id)[-1])["is_accepting"] is False
        set_mentor(session, ann, now)
        assert self.shown(session, mentee, now) == [str(ann.person_id)]
        later = now + timedelta(days=3)
        assert set_mentor(session, ann, later).consented_at == now

    def test_a_pause_hides_until_its_day_and_survives_a_change(
        self, session: Session, ann: Principal, mentee: Principal, now: datetime
    ) -> None:
        set_mentor(session, ann, now)
        until = now.date() + timedelta(days=10)
        profiles.pause_profile(session, ann, side=MentorshipSide.MENTOR, until=until, now=now)
        set_mentor(session, ann, now, max_mentees=4)
        assert body_of(events_about(session, ann.person_id)[-1])["paused_until"] == until.isoformat()
        assert self.shown(session, mentee, now + timedelta(days=9)) == []
        assert self.shown(session, mentee, now + timedelta(days=10)) == [str(ann.person_id)]
        profiles.pause_profile(session, ann, side=MentorshipSide.MENTOR, until=None, now=now)
        assert self.shown(session, mentee, now) == [str(ann.person_id)]

    @pytest.mark.parametrize("days", [0, -1, 731])
    def test_a_pause_ends_within_two_years(self, session: Session, ann: Principal, now: datetime, days: int) -> None:
        set_mentor(session, ann, now)
        with pytest.raises(InvalidInputError, match="paused_until"):
            profiles.pause_profile(
                session, ann, side=MentorshipSide.MENTOR, until=now.date() + timedelta(days=days), now=now
            )

    def test_withdrawing_hides_both_kinds(
        self, session: Session, mentor: Principal, mentee: Principal, now: datetime
    ) -> None:
        profiles.withdraw_profile(session, mentor, side=MentorshipSide.MENTOR, now=now)
        assert self.shown(session, mentee, now) == []
        other = principal_of(create_mentor(session, now))
        assert matching.candidate_mentees(session, other, on=now.date(), now=now).height == 1
        profiles.withdraw_profile(session, mentee, side=MentorshipSide.MENTEE, now=now)
        assert matching.candidate_mentees(session, other, on=now.date(), now=now).height == 0

    def test_there_is_nothing_to_pause_without_a_profile(self, session: Session, ann: Principal, now: datetime) -> None:
        for side in MentorshipSide:
            with pytest.raises(NotFoundError, match=f"no {side} profile"):
                profiles.withdraw_profile(session, ann, side=side, now=now)
        assert profiles.mentor_profile_of(session, ann, on=now.date()) is None
        assert profiles.mentee_profile_of(session, SYSTEM_PRINCIPAL, on=now.date()) is None

    def test_nobody_sets_it_for_others(self, session: Session, now: datetime) -> None:
        with pytest.raises(NotAuthorizedError):
            set_mentor(session, SYSTEM_PRINCIPAL, now)


class TestReach:
    def test_is_set_by_who_manages_mentoring_there(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        assert profiles.reach_of(session, manager, organization_id=organization.id).reach is MentoringReach.EVERYONE
        profiles.set_reach(session, manager, organization_id=organization.id, reach=MentoringReach.OWN_PEOPLE, now=now)
        profiles.set_reach(session, manager, organization_id=organization.id, reach=MentoringReach.OWN_PEOPLE, now=now)
        assert profiles.reach_of(session, manager, organization_id=organization.id).reach is MentoringReach.OWN_PEOPLE
        (event,) = events_about(session, None)
        assert (event.kind, event.organization_id) == ("mentoring.reach_set", organization.id)

    @pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.MENTOR, Role.SUPERVISOR, Role.AUDITOR])
    def test_by_nobody_else(self, session: Session, now: datetime, role: Role) -> None:
        organization = builders.create_organization(session)
        other, _ = create_manager(session)
        for principal in (create_member(session, organization, role), other):
            with pytest.raises(NotAuthorizedError):
                profiles.set_reach(
                    session, principal, organization_id=organization.id, reach=MentoringReach.NOBODY, now=now
                )

    def test_of_no_organization(self, session: Session, now: datetime) -> None:
        with pytest.raises(NotFoundError):
            profiles.set_reach(
                session, SYSTEM_PRINCIPAL, organization_id=new_id(), reach=MentoringReach.NOBODY, now=now
            )


def test_own_frames_need_a_profile(session: Session, ann: Principal, now: datetime) -> None:
    create_mentee(session, now)
    assert matching.mentee_row(session, ann.person_id, now).is_empty()
    assert matching.mentor_row(session, ann.person_id, now).is_empty()
