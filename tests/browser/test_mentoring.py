"""Mentoring in a real browser: a profile, a ranked list with reasons, asking, answering, meeting; what is private."""

import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from operational_db.database import read_only_session
from operational_db.tables.mentorship import MentoringSession, Mentorship, MentorshipFeedback, ShownMentor
from operational_db.types import MentorshipSide, MentorshipStatus, Role
from tests.browser.accessibility import violations_of
from tests.browser.test_pages import member_of, shoot
from tests.browser.viewing import (
    NARROW,
    WIDE,
    new_visit,
    open_address,
    require_in_order,
    sign_in,
    wait_until_drawn,
    with_filters,
)
from tests.integration.installation import Installation, Member

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]

SECRET = "Only I may read this."


@pytest.fixture
def mentee(site: Installation) -> Member:
    """A technician of whom nobody is the mentor at present."""
    return member_of(site, Role.TECHNICIAN)


def _let_in(page: Page, site: Installation, person_id: UUID) -> None:
    """Signed in already, for people the sign-in page does not offer."""
    name, _, value = site.cookie(person_id).partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": site.address}])


def _fill_profile(page: Page) -> None:
    open_address(page, with_filters("/me-mentoring-profile", profile_part="As mentee"))
    page.get_by_label("Your goal").fill("Lead a crew on modernisations")
    page.keyboard.press("Tab")
    wait_until_drawn(page)
    page.get_by_role("button", name="Save my mentee profile").click()
    expect(page.get_by_text("Your mentee profile was saved")).to_be_visible()
    wait_until_drawn(page)


@dataclass(frozen=True)
class Asked:
    """What the database holds of the newest request."""

    id: UUID
    mentor_id: UUID
    showing_id: UUID | None
    features: dict[str, float] | None


def _open_request(site: Installation, mentee: Member) -> Asked:
    query = (
        select(Mentorship.id, Mentorship.mentor_id, Mentorship.showing_id, Mentorship.features)
        .where(Mentorship.mentee_id == mentee.person_id, Mentorship.status == MentorshipStatus.PENDING)
        .order_by(Mentorship.requested_at.desc())
        .limit(1)
    )
    with read_only_session(site.engine) as session:
        return Asked(*session.execute(query).one())


def _propensities(site: Installation, request: Asked) -> list[float]:
    query = select(ShownMentor.propensity).where(ShownMentor.showing_id == request.showing_id)
    with read_only_session(site.engine) as session:
        return list(session.scalars(query))


@pytest.mark.requirement("MEN-04", "MEN-05", "US-TC005", "US-TC009")
def test_from_a_profile_to_stars_for_a_completed_mentorship(
    browser: Browser, site: Installation, mentee: Member, screenshots: Path | None
) -> None:
    with new_visit(browser, site) as page:
        sign_in(page, mentee)
        _fill_profile(page)
        shoot(page, screenshots, "mentoring-profile")
        open_address(page, "/me-mentors")
        expect(page.get_by_text("suits you best")).to_be_visible()
        require_in_order(page)
        page.get_by_text("Why", exact=True).first.click()
        expect(page.get_by_text("The points add up to").first).to_be_visible()
        shoot(page, screenshots, "mentors")
        assert violations_of(page) == []
        page.get_by_role("button", name="Ask ").first.click()
        page.get_by_label("Goals, one a line").fill("Understand door operators")
        page.get_by_label("Message").fill("I would like to learn from you.")
        page.keyboard.press("Tab")
        wait_until_drawn(page)
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_text("The request waits 14 days for an answer")).to_be_visible()
    request = _open_request(site, mentee)
    propensities = _propensities(site, request)
    assert request.features
    assert propensities
    assert all(0 < propensity <= 1 for propensity in propensities)

    with new_visit(browser, site) as page:
        _let_in(page, site, request.mentor_id)
        open_address(page, "/me-mentorships")
        expect(page.get_by_text("I would like to learn from you.")).to_be_visible()
        shoot(page, screenshots, "mentor-inbox")
        page.get_by_role("button", name=f"Accept {mentee.name}").click()
        expect(page.get_by_text("have a mentorship now")).to_be_visible()
        open_address(page, with_filters("/me-mentorship", mentorship=str(request.id)))
        page.get_by_text("Log a meeting").click()
        page.get_by_label("My notes", exact=True).fill(SECRET)
        page.keyboard.press("Tab")
        wait_until_drawn(page)
        page.get_by_role("button", name="Log the meeting").click()
        expect(page.get_by_text("The meeting of 60 minutes is on record.")).to_be_visible()
        require_in_order(page)
        page.get_by_role("button", name="Complete it").click()
        expect(page.get_by_text("The mentorship is completed.")).to_be_visible()
        shoot(page, screenshots, "mentorship-of-mentor")
    with read_only_session(site.engine) as session:
        kept = session.scalars(select(MentoringSession).where(MentoringSession.mentorship_id == request.id)).one()
        assert kept.mentor_notes == SECRET

    with new_visit(browser, site, width=NARROW) as page:
        sign_in(page, mentee)
        open_address(page, with_filters("/me-mentorship", mentorship=str(request.id)))
        expect(page.get_by_text("How it was")).to_be_visible()
        require_in_order(page)
        assert SECRET not in page.content()
        page.get_by_test_id("stFeedback").get_by_role("radio").nth(3).click()
        page.get_by_label(re.compile("nobody else sees it")).fill("She explained it well.")
        page.keyboard.press("Tab")
        wait_until_drawn(page)
        page.get_by_role("button", name="Give feedback").click()
        expect(page.get_by_text("your feedback is on record")).to_be_visible()
        expect(page.get_by_text("4 of 5 stars: She explained it well.")).to_be_visible()
        shoot(page, screenshots, "mentorship-of-mentee")
    with read_only_session(site.engine) as session:
        said = session.scalars(select(MentorshipFeedback).where(MentorshipFeedback.mentorship_id == request.id)).one()
        assert (said.side, said.rating) == (MentorshipSide.MENTEE, 4)


@pytest.mark.requirement("US-TC015")
def test_a_managers_cohort_is_compared_and_proposed(
    browser: Browser, site: Installation, screenshots: Path | None
) -> None:
    manager = member_of(site, Role.SCHOOL_ADMIN).person_id
    for width in (WIDE, NARROW):
        with new_visit(browser, site, width=width) as page:
            _let_in(page, site, manager)
            open_address(page, "/school-mentoring")
            require_in_order(page)
            shoot(page, screenshots, f"school-mentoring-{width}")
            for part in ("Match a cohort", "How matches are made"):
                open_address(page, with_filters("/school-mentoring", mentoring_part=part))
                require_in_order(page)
                assert violations_of(page) == []
                shoot(page, screenshots, f"school-mentoring-{part.split()[0].lower()}-{width}")


def test_somebody_elses_mentorship_is_not_found(browser: Browser, site: Installation, mentee: Member) -> None:
    query = select(Mentorship.id).where(
        Mentorship.mentee_id != mentee.person_id, Mentorship.mentor_id != mentee.person_id
    )
    with read_only_session(site.engine) as session:
        other = session.scalars(query.limit(1)).one()
    with new_visit(browser, site) as page:
        sign_in(page, mentee)
        open_address(page, with_filters("/me-mentorship", mentorship=str(other)))
        expect(page.get_by_text("You have no mentorship with this id.")).to_be_visible()
