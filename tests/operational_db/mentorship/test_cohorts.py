"""A manager's cohort: who takes part, which pairs may not be, and what becomes of a proposal."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.mentorship import cohorts, listing, matching, requests
from operational_db.mentorship.cohorts import ProposedPair
from operational_db.tables.identity import Organization
from operational_db.tables.mentorship import MentoringPolicy
from operational_db.types import MentoringReach, MentorshipStatus, Role, new_id
from tests import builders
from tests.mentoring_people import create_mentee, create_mentor, give_mentor_profile
from tests.operational_db.principals import create_manager, create_member, principal_of


@pytest.fixture
def company(session: Session) -> tuple[Principal, Organization]:
    return create_manager(session)


def people(
    session: Session, company: tuple[Principal, Organization], now: datetime
) -> tuple[set[UUID], dict[UUID, int], frozenset[tuple[str, str]]]:
    manager, organization = company
    found = cohorts.cohort(session, manager, organization.id, on=now.date(), now=now)
    mentees = {UUID(value) for value in found.mentees["mentee_id"]}
    mentors = {UUID(row[0]): row[1] for row in found.mentors.select("mentor_id", "capacity_left").rows()}
    return mentees, mentors, found.apart


class TestCohort:
    def test_is_the_organizations_own_people_who_take_part(
        self, session: Session, company: tuple[Principal, Organization], now: datetime
    ) -> None:
        _, organization = company
        mentee, mentor = create_mentee(session, now, organization), create_mentor(session, now, organization)
        create_mentee(session, now, builders.create_organization(session))
        create_mentor(session, now, builders.create_organization(session))
        create_mentee(session, now, organization, consented_at=None)
        create_mentor(session, now, organization, is_accepting_mentees=False)
        busy = create_mentee(session, now, organization)
        builders.create_mentorship(session, mentee=busy, status=MentorshipStatus.ACTIVE)
        assert people(session, company, now) == ({mentee.id}, {mentor.id: 2}, frozenset())

    def test_places_asked_for_count_as_taken(
        self, session: Session, company: tuple[Principal, Organization], now: datetime
    ) -> None:
        _, organization = company
        mentor = create_mentor(session, now, organization, max_mentees=3)
        asking = principal_of(create_mentee(session, now))
        requests.request_mentorship(session, asking, mentor_id=mentor.id, now=now)
        builders.create_mentorship(session, mentor, status=MentorshipStatus.ACTIVE)
        assert people(session, company, now)[1] == {mentor.id: 1}
        builders.create_mentorship(session, mentor, status=MentorshipStatus.PENDING)
        assert people(session, company, now)[1] == {}

    def test_names_pairs_that_may_not_be(
        self, session: Session, company: tuple[Principal, Organization], now: datetime
    ) -> None:
        _, organization = company
        mentee, mentor = create_mentee(session, now, organization), create_mentor(session, now, organization)
        both = create_mentee(session, now, organization)
        give_mentor_profile(session, both, now)
        other = create_mentor(session, now, organization)
        builders.create_mentorship(
            session, mentor, mentee, status=MentorshipStatus.COMPLETED, started_at=now, ended_at=now
        )
        matching.dismiss_mentor(session, principal_of(mentee), mentor_id=other.id, now=now)
        _, _, apart = people(session, company, now)
        assert apart == {
            (str(mentee.id), str(mentor.id)),
            (str(mentee.id), str(other.id)),
            (str(both.id), str(both.id)),
        }

    @pytest.mark.parametrize(("reach", "count"), [(MentoringReach.OWN_PEOPLE, 1), (MentoringReach.NOBODY, 0)])
    def test_the_own_reach_lets_own_people_be_matched_or_nobody(
        self,
        session: Session,
        company: tuple[Principal, Organization],
        now: datetime,
        reach: MentoringReach,
        count: int,
    ) -> None:
        _, organization = company
        session.add(MentoringPolicy(organization_id=organization.id, reach=reach))
        create_mentee(session, now, organization)
        create_mentor(session, now, organization)
        mentees, mentors, _ = people(session, company, now)
        assert (len(mentees), len(mentors)) == (count, count)

    def test_who_also_belongs_where_it_is_forbidden_is_left_out(
        self, session: Session, company: tuple[Principal, Organization], now: datetime
    ) -> None:
        _, organization = company
        strict = builders.create_organization(session)
        session.add(MentoringPolicy(organization_id=strict.id, reach=MentoringReach.OWN_PEOPLE))
        builders.create_membership(session, create_mentee(session, now, organization), strict)
        assert people(session, company, now)[0] == set()

    @pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.MENTOR, Role.SUPERVISOR, Role.AUDITOR])
    def test_is_for_who_manages_mentoring_there(
        self, session: Session, company: tuple[Principal, Organization], now: datetime, role: Role
    ) -> None:
        _, organization = company
        for principal in (create_member(session, organization, role), create_manager(session)[0]):
            with pytest.raises(NotAuthorizedError):
                cohorts.cohort(session, principal, organization.id, on=now.date(), now=now)
            with pytest.raises(NotAuthorizedError):
                cohorts.propose(session, principal, organization.id, pairs=[], now=now)
        with pytest.raises(NotFoundError):
            cohorts.cohort(session, SYSTEM_PRINCIPAL, new_id(), on=now.date(), now=now)


class TestPropose:
    def test_asks_the_mentor_on_behalf_of_the_mentee_who_can_take_it_back(
        self, session: Session, company: tuple[Principal, Organization], now: datetime
    ) -> None:
        manager, organization = company
        mentee, mentor = create_mentee(session, now, organization), create_mentor(session, now, organization)
        made = cohorts.propose(
            session, manager, organization.id,
            pairs=[ProposedPair(mentee.id, mentor.id, {"success": 0.5})], duration_months=6, now=now,
        )  # fmt: skip
        (mentorship,) = made.mentorships
        assert made.refused == []
        assert (mentorship.proposed_by_id, mentorship.features) == (manager.person_id, {"success": 0.5})
        assert mentorship.expires_at == now + timedelta(days=14)
        (view,) = listing.my_mentorships(session, principal_of(mentor))
        assert view.is_mine_to_answer
        requests.cancel(session, principal_of(mentee), mentorship_id=mentorship.id, now=now)

    def test_leaves_out_with_a_reason_what_cannot_be(
        self, session: Session, company: tuple[Principal, Organization], now: datetime
    ) -> None:
        manager, organization = company
        mentor = create_mentor(session, now, organization, max_mentees=1)
        one, two, foreign = (
            create_mentee(session, now, organization),
            create_mentee(session, now, organization),
            create_mentee(session, now, builders.create_organization(session)),
        )
        made = cohorts.propose(
            session, manager, organization.id,
            pairs=[ProposedPair(each.id, mentor.id) for each in (one, two, foreign)], now=now,
        )  # fmt: skip
        assert len(made.mentorships) == 1
        assert {reason.split()[0] for _, reason in made.refused} == {"All", "One"}
        with pytest.raises(InvalidInputError, match="each mentee once"):
            cohorts.propose(session, manager, organization.id, pairs=[ProposedPair(one.id, mentor.id)] * 2, now=now)
