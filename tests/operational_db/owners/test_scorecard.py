"""Live coverage and standings of contractors: counts against the owner's own requirements, and nobody's name."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from operational_db.errors import NotAuthorizedError, NotFoundError
from operational_db.owners import scorecard
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Person
from operational_db.types import CrewRuleTarget
from tests import builders
from tests.operational_db.owners.owner_world import OwnerWorld, create_world, plan, require

DAY = timedelta(days=1)


@pytest.fixture
def world(session: Session, now: datetime) -> OwnerWorld:
    return create_world(session, now)


def coverage(session: Session, world: OwnerWorld, who: str = "owner") -> list[scorecard.RequirementCoverage]:
    return scorecard.requirement_coverage(
        session, world[who], organization_id=world.owner_id, on=world.today, now=world.now
    )


@pytest.mark.requirement("US-TC029", "OWN-03", "RSK-03")
class TestCoverage:
    def test_one_holder_is_coverage_and_a_risk(self, session: Session, world: OwnerWorld) -> None:
        (row,) = coverage(session, world)
        assert (row.contractor_id, row.building_name, row.unit_count) == (world.contractor_id, "Tower", 1)
        assert (row.is_covered, row.qualified_count, row.is_one_deep, row.next_visit_on) == (True, 1, True, None)
        bob = session.get_one(Person, world.id_of("bob"))
        builders.create_certificate(session, bob, session.get_one(Certification, world.crane_id))
        (row,) = coverage(session, world)
        assert (row.qualified_count, row.is_one_deep) == (2, False)

    def test_what_ends_before_the_next_visit_is_counted(self, session: Session, world: OwnerWorld) -> None:
        held = session.get_one(Certificate, world.ann_certificate_id)
        visit = plan(session, world, 5)
        for last, expected in ((4, (True, False, 1)), (5, (True, True, 0)), (-1, (False, False, 0))):
            held.expires_on = world.today + last * DAY
            session.flush()
            (row,) = coverage(session, world)
            assert (row.is_covered, row.is_covered_at_next_visit, row.expires_before_visit_count) == expected
            assert row.next_visit_on == visit.planned_on

    def test_every_rule_has_its_row(self, session: Session, world: OwnerWorld) -> None:
        two = {"at_least": 2, "of_crew": {"certification": str(world.crane_id)}}
        require(session, world, two, CrewRuleTarget.OWNER, "")
        rows = coverage(session, world)
        assert sorted((row.is_covered, row.qualified_count, row.unit_count) for row in rows) == [
            (False, 1, 2),
            (True, 1, 1),
        ]

    def test_a_contractor_sees_its_own_line_and_nobody_elses(self, session: Session, world: OwnerWorld) -> None:
        assert coverage(session, world, "manager") == coverage(session, world)
        for who in ("ann", "supervisor"):
            with pytest.raises(NotAuthorizedError):
                coverage(session, world, who)
        for who in ("other_owner", "other_manager"):
            with pytest.raises(NotFoundError):
                coverage(session, world, who)

    def test_standings_share_what_is_covered_and_in_date(self, session: Session, world: OwnerWorld) -> None:
        (line,) = scorecard.contractor_standings(
            session, world["owner"], organization_id=world.owner_id, on=world.today, now=world.now
        )
        assert (line.requirement_count, line.covered_count, line.coverage_share) == (1, 1, 1.0)
        # Ann's certificate is in date, bob's has ended.
        assert (line.certificate_count, line.in_date_count, line.in_date_share) == (2, 1, 0.5)
        assert line.one_deep_count == 1

    def test_without_requirements_there_is_nothing_to_share(self, session: Session, world: OwnerWorld) -> None:
        (line,) = scorecard.contractor_standings(
            session, world["other_owner"], organization_id=world.other_owner_id, on=world.today, now=world.now
        )
        assert (line.coverage_share, line.in_date_share) == (None, None)
