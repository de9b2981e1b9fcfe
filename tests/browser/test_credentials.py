"""A certificate in a real browser: reported with its document, checked by the company, valid, shown by a badge."""

import io
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.dashboards.components.account import PEOPLE_PER_ROLE
from operational_db import clock
from operational_db.badges.baking import unbake_png, unbake_svg
from operational_db.badges.tokens import read_token
from operational_db.database import read_only_session
from operational_db.identity.service import people_by_role
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Membership
from operational_db.types import Role, VerificationStatus
from tests.browser.accessibility import violations_of
from tests.browser.test_pages import shoot
from tests.browser.viewing import NARROW, WIDE, new_visit, open_address, sign_in, wait_until_drawn
from tests.integration.installation import Installation, Member

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]

# Each test reports a certificate of its own.
APPROVED, WITHDRAWN, REFUSED = "TEST-4711", "TEST-4712", "TEST-4713"


def _offered(site: Installation) -> tuple[Member, Member]:
    """A manager and a technician of one company, both on the sign-in page; the last such company there."""
    with read_only_session(site.engine) as session:
        offered = people_by_role(session, on=clock.today(), per_role=PEOPLE_PER_ROLE)
    by_role = {
        role: {choice.organization_id: choice for choice in offered if choice.role is role}
        for role in (Role.COMPANY_MANAGER, Role.TECHNICIAN)
    }
    shared = [each for each in by_role[Role.COMPANY_MANAGER] if each in by_role[Role.TECHNICIAN]][-1]
    manager, technician = (by_role[role][shared] for role in (Role.COMPANY_MANAGER, Role.TECHNICIAN))
    return (
        Member(manager.person_id, manager.display_name, shared, manager.organization_name),
        Member(technician.person_id, technician.display_name, shared, technician.organization_name),
    )


@pytest.fixture
def manager(site: Installation) -> Member:
    """The manager of the company the technician below works for."""
    return _offered(site)[0]


@pytest.fixture
def technician(site: Installation) -> Member:
    """A technician of that company."""
    return _offered(site)[1]


@pytest.fixture
def kind(site: Installation, technician: Member) -> str:
    """A kind of certificate the technician never held, as the form offers it."""
    query = (
        select(Certification)
        .where(
            Certification.is_active,
            Certification.id.not_in(
                select(Certificate.certification_id).where(Certificate.person_id == technician.person_id)
            ),
        )
        .order_by(Certification.name, Certification.id)
    )
    with read_only_session(site.engine) as session:
        found = session.scalars(query).first()
        assert found is not None
        return f"{found.name} ({found.issuing_organization})"


def _scan() -> bytes:
    """A small picture, as a telephone would take one."""
    buffer = io.BytesIO()
    Image.new("RGB", (320, 200), "#335577").save(buffer, "PNG")
    return buffer.getvalue()


@dataclass(frozen=True)
class Reported:
    """What the database holds of the certificate with the number."""

    id: UUID
    status: VerificationStatus
    corrects_id: UUID | None


def _certificate(site: Installation, technician: Member, number: str) -> Reported:
    query = select(Certificate.id, Certificate.verification_status, Certificate.corrects_id).where(
        Certificate.person_id == technician.person_id,
        Certificate.certificate_number == number,
        Certificate.withdrawn_at.is_(None),
    )
    with read_only_session(site.engine) as session:
        return Reported(*session.execute(query).one())


def _report(page: Page, kind: str, number: str) -> None:
    """Fill the form in and send it."""
    issued = clock.today() - timedelta(days=40)
    open_address(page, "/me-certificates?mine_part=Add%20one")
    page.get_by_label("Certificate", exact=True).fill(kind)
    page.get_by_role("option", name=kind, exact=True).click()
    page.get_by_label("Number on the certificate").fill(number)
    day = page.get_by_test_id("stDateInput").first
    for unit, value in (("year", issued.year), ("month", issued.month), ("day", issued.day)):
        day.get_by_role("spinbutton", name=unit).fill(str(value))
    page.keyboard.press("Escape")
    page.locator('input[type="file"]').set_input_files({"name": "card.png", "mimeType": "image/png", "buffer": _scan()})
    expect(page.get_by_text("card.png")).to_be_visible()
    page.get_by_role("button", name="Add certificate").click()
    expect(page.get_by_text("is on your record. It waits for verification.")).to_be_visible()


@pytest.mark.requirement("CRT-02", "CRT-04", "RSK-03", "US-TC004")
def test_a_reported_certificate_is_checked_by_the_company_and_shown_by_a_badge(
    browser: Browser,
    site: Installation,
    manager: Member,
    technician: Member,
    kind: str,
    screenshots: Path | None,
) -> None:
    with new_visit(browser, site) as page:
        sign_in(page, technician)
        _report(page, kind, APPROVED)
        wait_until_drawn(page)
        shoot(page, screenshots, "technician-certificate-added")
    certificate = _certificate(site, technician, APPROVED)
    assert certificate.status is VerificationStatus.PENDING

    with new_visit(browser, site) as page:
        sign_in(page, manager)
        open_address(page, "/company-verification")
        case = page.get_by_test_id("stVerticalBlock").filter(has_text=APPROVED).last
        expect(case.get_by_role("heading", name=technician.name)).to_be_visible()
        case.get_by_text("Show its document").click()
        expect(page.get_by_role("button", name="Download card.png")).to_be_visible()
        shoot(page, screenshots, "company_manager-verification-case")
        assert violations_of(page) == []
        case.get_by_role("button", name=re.compile("^Approve")).click()
        expect(page.get_by_text("is verified.")).to_be_visible()
    assert _certificate(site, technician, APPROVED).status is VerificationStatus.VERIFIED

    with new_visit(browser, site) as page:
        sign_in(page, technician)
        open_address(page, f"/me-certificate?certificate={certificate.id}")
        expect(page.get_by_role("heading", name="Valid")).to_be_visible()
        for width in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": 900})
            wait_until_drawn(page)
            assert violations_of(page) == []
            shoot(page, screenshots, f"technician-certificate-{width}")
        page.set_viewport_size({"width": WIDE, "height": 900})
        _take_badge(page, screenshots)


def _take_badge(page: Page, screenshots: Path | None) -> None:
    """Have the badge issued, download it in every form, and find the same credential in each."""
    page.get_by_role("radio", name="Badge").click()
    page.get_by_role("button", name="Have the badge issued").click()
    expect(page.get_by_text("Link to hand out")).to_be_visible()
    wait_until_drawn(page)
    shoot(page, screenshots, "technician-badge")
    assert violations_of(page) == []
    files = {}
    for ending in ("SVG", "PNG", "JSON", "JWT"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=f"Download {ending}").click()
        files[ending] = waiting.value.path().read_bytes()
    credential = json.loads(files["JSON"])
    assert "OpenBadgeCredential" in credential["type"]
    assert json.loads(unbake_png(files["PNG"])) == credential
    assert json.loads(unbake_svg(files["SVG"])) == credential
    assert read_token(files["JWT"].decode())[1]["issuer"] == credential["issuer"]
    page.get_by_text("Anybody with the link may check it").click()
    expect(page.get_by_text("Link to hand out")).to_have_count(0)


@pytest.mark.requirement("CRT-02")
def test_what_was_reported_in_error_is_withdrawn_and_brought_back(
    browser: Browser, site: Installation, technician: Member, kind: str
) -> None:
    with new_visit(browser, site) as page:
        sign_in(page, technician)
        _report(page, kind, WITHDRAWN)
        first = _certificate(site, technician, WITHDRAWN)
        open_address(page, f"/me-certificate?certificate={first.id}")
        page.get_by_role("button", name="Withdraw it").click()
        expect(page.get_by_text("was withdrawn.")).to_be_visible()
        expect(page.get_by_text("It was taken back; the record stays as history.")).to_be_visible()
        page.get_by_role("button", name="Undo").first.click()
        expect(page.get_by_text("Taken back: ")).to_be_visible()
        again = _certificate(site, technician, WITHDRAWN)
        assert again.corrects_id == first.id
        open_address(page, f"/me-certificate?certificate={again.id}")
        page.get_by_role("button", name="Withdraw it").click()
        expect(page.get_by_text("was withdrawn.")).to_be_visible()


@pytest.mark.requirement("RSK-03")
def test_evidence_that_does_not_hold_is_refused_with_a_reason_its_holder_reads(
    browser: Browser, site: Installation, manager: Member, technician: Member, kind: str
) -> None:
    with new_visit(browser, site) as page:
        sign_in(page, technician)
        _report(page, kind, REFUSED)
    certificate = _certificate(site, technician, REFUSED)
    with new_visit(browser, site) as page:
        sign_in(page, manager)
        open_address(page, "/company-verification")
        case = page.get_by_test_id("stVerticalBlock").filter(has_text=REFUSED).last
        case.get_by_role("button", name=re.compile("Do not approve: ")).click()
        expect(page.get_by_text("Say why the evidence does not hold")).to_be_visible()
        reason = case.get_by_role("textbox")
        reason.fill("The number is not legible.")
        reason.press("Enter")
        wait_until_drawn(page)
        case.get_by_role("button", name=re.compile("Do not approve: ")).click()
        expect(page.get_by_text("was refused; its holder reads why.")).to_be_visible()
    with new_visit(browser, site) as page:
        sign_in(page, technician)
        open_address(page, f"/me-certificate?certificate={certificate.id}")
        expect(page.get_by_text("The number is not legible.")).to_be_visible()
        page.get_by_role("button", name="Withdraw it").click()
        expect(page.get_by_text("was withdrawn.")).to_be_visible()


def test_nobody_opens_a_certificate_that_is_not_hers(browser: Browser, site: Installation, technician: Member) -> None:
    query = select(Certificate.id).where(
        Certificate.person_id.in_(
            select(Membership.person_id).where(Membership.organization_id != technician.organization_id)
        )
    )
    with read_only_session(site.engine) as session:
        other = session.scalars(query.limit(1)).one()
    with new_visit(browser, site) as page:
        sign_in(page, technician)
        open_address(page, f"/me-certificate?certificate={other}")
        expect(page.get_by_text("You hold no certificate with this address.")).to_be_visible()


@pytest.mark.requirement("US-TC017", "CRT-07")
def test_the_skills_of_a_company_are_searched_filtered_and_seen_on_a_telephone(
    browser: Browser, site: Installation, manager: Member, screenshots: Path | None
) -> None:
    with new_visit(browser, site) as page:
        sign_in(page, manager)
        open_address(page, "/company-skills")
        expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
        shoot(page, screenshots, "company_manager-skills")
        open_address(page, "/company-skills?skills_status=Lacks%20what%20is%20required")
        expect(page.locator("strong", has_text="people").first).to_be_visible()
        open_address(page, "/company-skills?skills_search=nobody-has-this-name")
        expect(page.get_by_text("Nobody matches these filters.")).to_be_visible()
        open_address(page, "/company-certificates?certificates_part=Renew")
        expect(page.get_by_label("Ending")).to_be_visible()
        shoot(page, screenshots, "company_manager-renewal")
