"""Many at once on real PostgreSQL: the last place is given once, a pair opens once, an expiry happens once."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select

from operational_db.database import unit_of_work
from operational_db.errors import ConflictError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import erase_person
from operational_db.mentorship import feedback, profiles, requests
from operational_db.mentorship.rules import MOST_WAITING_REQUESTS
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.mentorship import Mentorship, MentorshipFeedback
from operational_db.types import MentorshipStatus
from tests.mentoring_people import create_mentee, create_mentor
from tests.operational_db.learning.test_concurrency import all_at_once
from tests.operational_db.principals import principal_of

PLACES, ASKING = 3, 10


def statuses(engine: Engine) -> dict[MentorshipStatus, int]:
    with unit_of_work(engine) as session:
        rows = session.execute(select(Mentorship.status, func.count()).group_by(Mentorship.status))
        return {status: count for status, count in rows}


def events_of(engine: Engine, kind: str) -> int:
    with unit_of_work(engine) as session:
        return session.scalar(select(func.count()).where(LedgerEvent.kind == kind)) or 0


def ask(engine: Engine, mentor_id: UUID, count: int, now: datetime) -> list[tuple[UUID, Principal]]:
    """Requests of so many mentees, and who made each."""
    made = []
    with unit_of_work(engine) as session:
        for _ in range(count):
            mentee = principal_of(create_mentee(session, now))
            made.append((requests.request_mentorship(session, mentee, mentor_id=mentor_id, now=now).id, mentee))
    return made


@pytest.fixture
def mentor(committed_engine: Engine, now: datetime) -> Principal:
    with unit_of_work(committed_engine) as session:
        return principal_of(create_mentor(session, now, max_mentees=PLACES))


@pytest.mark.requirement("MEN-04")
def test_of_many_acceptances_as_many_stand_as_there_are_places(
    committed_engine: Engine, mentor: Principal, now: datetime
) -> None:
    made = ask(committed_engine, mentor.person_id, ASKING, now)
    refusals: list[str] = []

    def accept(place: int) -> None:
        try:
            with unit_of_work(committed_engine) as session:
                requests.accept(session, mentor, mentorship_id=made[place][0], now=now)
        except ConflictError as error:
            refusals.append(error.message)
            raise

    outcomes = all_at_once(ASKING, accept)
    assert outcomes.count("done") == PLACES
    assert len(refusals) == ASKING - PLACES
    assert all("Complete a mentorship, raise the number" in message for message in refusals)
    assert statuses(committed_engine) == {
        MentorshipStatus.ACTIVE: PLACES,
        MentorshipStatus.PENDING: ASKING - PLACES,
    }
    assert events_of(committed_engine, "mentorship.accepted") == PLACES


@pytest.mark.requirement("MEN-04")
def test_two_acceptances_for_the_last_place_by_mentor_and_offered_mentee(
    committed_engine: Engine, now: datetime
) -> None:
    """The one the mentor answers and the one she offered take the same lock."""
    with unit_of_work(committed_engine) as session:
        mentor = principal_of(create_mentor(session, now, max_mentees=1))
        mentee = principal_of(create_mentee(session, now))
        offered = requests.offer_mentorship(session, mentor, mentee_id=mentee.person_id, now=now).id
    ((asked, _),) = ask(committed_engine, mentor.person_id, 1, now)

    def accept(place: int) -> None:
        with unit_of_work(committed_engine) as session:
            principal, mentorship_id = [(mentor, asked), (mentee, offered)][place]
            requests.accept(session, principal, mentorship_id=mentorship_id, now=now)

    assert sorted(all_at_once(2, accept)) == [ConflictError.__name__, "done"]
    assert statuses(committed_engine)[MentorshipStatus.ACTIVE] == 1


def test_fewer_places_at_the_moment_of_accepting_are_never_exceeded(
    committed_engine: Engine, mentor: Principal, now: datetime
) -> None:
    """Whichever comes first: taken places stay, and none is added above the new number."""
    made = ask(committed_engine, mentor.person_id, 2, now)

    def act(place: int) -> None:
        with unit_of_work(committed_engine) as session:
            if place == 2:
                about, offer = profiles.About(has_consented=True), profiles.Offer(["safety"], max_mentees=1)
                profiles.set_mentor_profile(session, mentor, about, offer, now=now)
            else:
                requests.accept(session, mentor, mentorship_id=made[place][0], now=now)

    outcomes = all_at_once(3, act)
    with unit_of_work(committed_engine) as session:
        late = create_mentee(session, now)
        with pytest.raises(ConflictError):
            requests.request_mentorship(session, principal_of(late), mentor_id=mentor.person_id, now=now)
    assert outcomes.count("done") in (2, 3)


def test_of_requests_of_one_pair_at_once_one_stands(committed_engine: Engine, mentor: Principal, now: datetime) -> None:
    with unit_of_work(committed_engine) as session:
        mentee = principal_of(create_mentee(session, now))

    def request(place: int) -> None:
        with unit_of_work(committed_engine) as session:
            if place % 2:
                requests.request_mentorship(session, mentee, mentor_id=mentor.person_id, now=now)
            else:
                requests.offer_mentorship(session, mentor, mentee_id=mentee.person_id, now=now)

    outcomes = all_at_once(6, request)
    assert (outcomes.count("done"), outcomes.count(ConflictError.__name__)) == (1, 5)
    assert events_of(committed_engine, "mentorship.requested") == 1


def test_of_many_who_ask_at_once_only_as_many_wait_as_may(
    committed_engine: Engine, mentor: Principal, now: datetime
) -> None:
    ask(committed_engine, mentor.person_id, MOST_WAITING_REQUESTS - 2, now)
    with unit_of_work(committed_engine) as session:
        mentees = [principal_of(create_mentee(session, now)) for _ in range(6)]

    def request(place: int) -> None:
        with unit_of_work(committed_engine) as session:
            requests.request_mentorship(session, mentees[place], mentor_id=mentor.person_id, now=now)

    outcomes = all_at_once(6, request)
    assert (outcomes.count("done"), outcomes.count(ConflictError.__name__)) == (2, 4)
    assert statuses(committed_engine) == {MentorshipStatus.PENDING: MOST_WAITING_REQUESTS}


def test_requests_expire_exactly_once_however_many_rounds_run(
    committed_engine: Engine, mentor: Principal, now: datetime
) -> None:
    ask(committed_engine, mentor.person_id, 7, now)
    later = now + timedelta(days=14)
    expired: list[UUID] = []

    def sweep(_: int) -> None:
        expired.extend(requests.expire_requests(committed_engine, now=later).expired_ids)

    assert all_at_once(5, sweep) == ["done"] * 5
    # What one round had locked the others left to it.
    assert len(expired) == len(set(expired)) == 7
    assert requests.expire_requests(committed_engine, now=later).expired_count == 0
    assert statuses(committed_engine) == {MentorshipStatus.EXPIRED: 7}
    assert events_of(committed_engine, "mentorship.expired") == 7


def test_an_answer_and_the_expiry_at_once_leave_one_of_them(
    committed_engine: Engine, mentor: Principal, now: datetime
) -> None:
    ((mentorship_id, _),) = ask(committed_engine, mentor.person_id, 1, now)
    due = now + timedelta(days=14)

    def act(place: int) -> None:
        if place:
            requests.expire_requests(committed_engine, now=due)
        else:
            with unit_of_work(committed_engine) as session:
                requests.decline(session, mentor, mentorship_id=mentorship_id, now=due)

    all_at_once(2, act)
    requests.expire_requests(committed_engine, now=due)
    assert events_of(committed_engine, "mentorship.expired") + events_of(committed_engine, "mentorship.declined") == 1


def test_feedback_of_one_side_counts_once(committed_engine: Engine, mentor: Principal, now: datetime) -> None:
    ((mentorship_id, mentee),) = ask(committed_engine, mentor.person_id, 1, now)
    with unit_of_work(committed_engine) as session:
        requests.accept(session, mentor, mentorship_id=mentorship_id, now=now)
        requests.complete(session, mentor, mentorship_id=mentorship_id, now=now)

    def rate(place: int) -> None:
        with unit_of_work(committed_engine) as session:
            feedback.give_feedback(session, mentee, mentorship_id=mentorship_id, rating=1 + place, now=now)

    outcomes = all_at_once(5, rate)
    assert (outcomes.count("done"), outcomes.count(ConflictError.__name__)) == (1, 4)
    with unit_of_work(committed_engine) as session:
        assert session.scalar(select(func.count()).select_from(MentorshipFeedback)) == 1


def test_erasing_a_mentor_while_requests_are_answered_leaves_nothing_open(
    committed_engine: Engine, mentor: Principal, now: datetime
) -> None:
    made = ask(committed_engine, mentor.person_id, 4, now)

    def act(place: int) -> None:
        with unit_of_work(committed_engine) as session:
            if place == 4:
                erase_person(session, SYSTEM_PRINCIPAL, person_id=mentor.person_id, now=now)
            elif place % 2:
                requests.accept(session, mentor, mentorship_id=made[place][0], now=now)
            else:
                requests.cancel(session, made[place][1], mentorship_id=made[place][0], now=now)

    outcomes = all_at_once(5, act)
    assert outcomes[4] == "done"
    assert not {MentorshipStatus.PENDING, MentorshipStatus.ACTIVE} & set(statuses(committed_engine))
