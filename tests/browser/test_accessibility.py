"""Every page of the product, seen by a role that may open it, has nothing that axe finds against WCAG 2.2 AA."""

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Select, literal_column, or_, select

from app.dashboards.navigation import (
    COMPANY_PERSON,
    CONTENT_DRAFT,
    CONTENT_VERSION,
    MY_CERTIFICATE,
    MY_LESSON,
    MY_MENTORING_PROFILE,
    MY_MENTORSHIP,
    OWNER_BUILDING,
    OWNER_CONTRACTOR,
    PAGES,
    SCHOOL_COURSE,
    SCHOOL_STUDENT,
    SECURITY_INCIDENT,
    Area,
    PageEntry,
)
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.incidents.service import report_incident
from operational_db.tables.content import Lesson, LessonVersion
from operational_db.tables.credentials import Certificate
from operational_db.tables.gates import Incident
from operational_db.tables.identity import Membership
from operational_db.tables.learning import Enrollment
from operational_db.tables.mentorship import Mentorship
from operational_db.tables.owners import Building, ServiceContract
from operational_db.types import LessonStatus, MentorshipStatus, MentorshipType, Role
from tests.browser.accessibility import violations_of
from tests.browser.test_pages import member_of
from tests.browser.viewing import NARROW, WIDE, new_visit, open_address, sign_in, wait_until_drawn, with_filters
from tests.integration.installation import Installation, Member

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]

ROLE_OF_AREA = {
    Area.COMPANY: Role.COMPANY_MANAGER,
    Area.SECURITY: Role.COMPANY_MANAGER,
    Area.CONTENT: Role.COMPANY_MANAGER,
    Area.EVIDENCE: Role.COMPANY_MANAGER,
    Area.SCHOOL: Role.SCHOOL_ADMIN,
    Area.OWNER: Role.BUILDING_OWNER,
    Area.PRODUCT: Role.PRODUCT_TEAM,
    Area.PLATFORM: Role.PLATFORM_ADMIN,
    Area.ME: Role.TECHNICIAN,
}


def _colleague(viewer: Member) -> Select[UUID]:
    return select(Membership.person_id).where(
        Membership.organization_id == viewer.organization_id, Membership.ended_on.is_(None)
    )


# What a record page needs in its address; the record is one the viewer may see.
RECORDS: dict[PageEntry, tuple[str, Callable[[Member], Select[UUID]]]] = {
    COMPANY_PERSON: ("person", _colleague),
    SCHOOL_STUDENT: ("student", lambda viewer: _colleague(viewer).where(Membership.role == Role.STUDENT)),
    SCHOOL_COURSE: (
        "course",
        lambda viewer: select(Enrollment.course_id).where(Enrollment.organization_id == viewer.organization_id),
    ),
    OWNER_BUILDING: (
        "building",
        lambda viewer: select(Building.id).where(Building.organization_id == viewer.organization_id),
    ),
    OWNER_CONTRACTOR: (
        "contractor",
        lambda viewer: select(ServiceContract.contractor_id).where(ServiceContract.owner_id == viewer.organization_id),
    ),
    SECURITY_INCIDENT: (
        "incident",
        lambda viewer: select(Incident.id).where(Incident.organization_id == viewer.organization_id),
    ),
    CONTENT_VERSION: (
        "version",
        lambda _viewer: (
            select(LessonVersion.id)
            .join(Lesson, Lesson.id == LessonVersion.lesson_id)
            .where(Lesson.organization_id.is_(None), LessonVersion.status == LessonStatus.PUBLISHED)
        ),
    ),
    MY_CERTIFICATE: (
        "certificate",
        lambda viewer: select(Certificate.id).where(Certificate.person_id == viewer.person_id),
    ),
    MY_MENTORSHIP: (
        "mentorship",
        lambda viewer: select(Mentorship.id).where(
            or_(Mentorship.mentee_id == viewer.person_id, Mentorship.mentor_id == viewer.person_id)
        ),
    ),
    MY_LESSON: (
        "lesson",
        lambda _viewer: (
            select(LessonVersion.lesson_id)
            .join(Lesson, Lesson.id == LessonVersion.lesson_id)
            .where(Lesson.organization_id.is_(None), LessonVersion.status == LessonStatus.PUBLISHED)
        ),
    ),
}


def _address(site: Installation, viewer: Member, entry: PageEntry) -> str:
    # A draft may be of a new lesson; a profile is one's own.
    if entry.is_in_menu or entry in {CONTENT_DRAFT, MY_MENTORING_PROFILE}:
        return f"/{entry.address}"
    parameter, query = RECORDS[entry]
    with read_only_session(site.engine) as session:
        record_id = session.scalars(query(viewer).order_by(literal_column("1")).limit(1)).first()
    if record_id is None and entry is SECURITY_INCIDENT:
        record_id = _report_incident(site, viewer)
    if record_id is None and entry is MY_MENTORSHIP:
        record_id = _be_mentored(site, viewer)
    assert record_id is not None, f"There is no record to open {entry.address} with."
    return with_filters(f"/{entry.address}", **{parameter: str(record_id)})


def _report_incident(site: Installation, viewer: Member) -> UUID:
    now = clock.now()
    with unit_of_work(site.engine) as session:
        return report_incident(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=viewer.organization_id,
            title="Wrong tenant in an export",
            scope="data-export",
            started_at=now,
            now=now,
        ).id


def _be_mentored(site: Installation, viewer: Member) -> UUID:
    """A running mentorship with whoever mentors in the demo."""
    with unit_of_work(site.engine) as session:
        mentor_id = session.scalars(select(Mentorship.mentor_id).order_by(Mentorship.id).limit(1)).one()
        made = Mentorship(
            mentor_id=mentor_id,
            mentee_id=viewer.person_id,
            mentorship_type=MentorshipType.GENERAL,
            status=MentorshipStatus.ACTIVE,
            requested_at=clock.now(),
            started_at=clock.now(),
        )
        session.add(made)
        session.flush()
        return made.id


def _parts(page: Page) -> int:
    """How many parts the page lets one choose from at its first switch."""
    return page.locator('[data-testid="stButtonGroup"]').first.get_by_role("radio").count()


@pytest.mark.parametrize("area", Area)
def test_a_page_breaks_no_rule_at_either_width(browser: Browser, site: Installation, area: Area) -> None:
    viewer = member_of(site, ROLE_OF_AREA[area])
    found: list[str] = []
    with new_visit(browser, site) as page:
        sign_in(page, viewer)
        for entry in (entry for entry in PAGES if entry.area is area):
            page.set_viewport_size({"width": WIDE, "height": 900})
            open_address(page, _address(site, viewer, entry))
            for part in range(max(_parts(page), 1)):
                if part:
                    page.locator('[data-testid="stButtonGroup"]').first.get_by_role("radio").nth(part).click()
                    wait_until_drawn(page)
                for width in (WIDE, NARROW):
                    page.set_viewport_size({"width": width, "height": 900})
                    wait_until_drawn(page)
                    found += [f"{entry.address}, part {part}, at {width}: {line}" for line in violations_of(page)]
    assert found == []


def test_the_sign_in_page_breaks_no_rule(browser: Browser, site: Installation) -> None:
    for width in (WIDE, NARROW):
        with new_visit(browser, site, width=width) as page:
            open_address(page, "/")
            assert violations_of(page) == []


def test_the_check_finds_what_is_wrong(browser: Browser, site: Installation) -> None:
    """A picture without words and pale text on white, put into a page, are found."""
    with new_visit(browser, site) as page:
        open_address(page, "/")
        page.evaluate(
            "document.body.insertAdjacentHTML('afterbegin', "
            '\'<img src="data:,"><p style="position:fixed;top:9em;left:30em;z-index:999999;color:#bbb;\' + '
            "'background:#fff\">pale words</p>')"
        )
        rules = {line.split(":")[0] for line in violations_of(page)}
    assert {"image-alt", "color-contrast"} <= rules
