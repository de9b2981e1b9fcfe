"""Every page of every role in a real browser, wide and narrow, and what people do on them."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.gates.rules import Requirement
from operational_db.gates.service import set_gate_rule
from operational_db.gates.shipped import DATA_EXPORT
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import people_by_role
from operational_db.tables.compliance import TrainingAssignment
from operational_db.types import GateMode, ProficiencyLevel, Role
from tests.browser.viewing import (
    NARROW,
    WIDE,
    menu_addresses,
    new_visit,
    open_address,
    require_in_order,
    sign_in,
    wait_until_drawn,
    wait_until_found,
    with_filters,
)
from tests.integration.installation import Installation, Member

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]

# How many pages the navigation of a role has at least.
ROLES = {
    Role.COMPANY_MANAGER: 6,
    Role.SCHOOL_ADMIN: 5,
    Role.PRODUCT_TEAM: 4,
    Role.PLATFORM_ADMIN: 4,
    Role.TECHNICIAN: 2,
}


def member_of(site: Installation, role: Role) -> Member:
    """Somebody the sign-in page offers for the role."""
    with read_only_session(site.engine) as session:
        offered = people_by_role(session, on=clock.today())
    choice = next(choice for choice in offered if choice.role is role)
    return Member(choice.person_id, choice.display_name, choice.organization_id, choice.organization_name)


def shoot(page: Page, screenshots: Path | None, name: str) -> None:
    if screenshots is not None:
        page.screenshot(path=screenshots / f"{name}.png", full_page=False)


class TestEveryPage:
    @pytest.mark.parametrize("role", ROLES)
    def test_is_in_order_at_both_widths(
        self, browser: Browser, site: Installation, screenshots: Path | None, role: Role
    ) -> None:
        problems: list[str] = []
        with new_visit(browser, site) as page:
            sign_in(page, member_of(site, role))
            addresses = menu_addresses(page)
            assert len(addresses) >= ROLES[role]
            for address in addresses:
                for width in (WIDE, NARROW):
                    page.set_viewport_size({"width": width, "height": 900})
                    if width == WIDE:
                        open_address(page, address)
                    try:
                        require_in_order(page)
                    except AssertionError as error:
                        problems.append(f"{address} at {width}: {str(error).splitlines()[0]}")
                    shoot(page, screenshots, f"{role}{address.replace('/', '-')}-{width}")
        assert problems == []

    def test_sign_in_page_fits_both_widths(
        self, browser: Browser, site: Installation, screenshots: Path | None
    ) -> None:
        for width in (WIDE, NARROW):
            with new_visit(browser, site, width=width) as page:
                open_address(page, "/")
                expect(page.get_by_text("Whose work do you want to see?")).to_be_visible()
                expect(page.get_by_text("Company manager", exact=True)).to_be_visible()
                shoot(page, screenshots, f"sign-in-{width}")


class TestPeople:
    def test_signing_in_works_with_the_keyboard_alone(self, browser: Browser, site: Installation) -> None:
        manager = member_of(site, Role.COMPANY_MANAGER)
        with new_visit(browser, site) as page:
            open_address(page, "/")
            expect(page.get_by_label("Search by name, role or organization")).to_be_visible()
            for _ in range(30):
                page.keyboard.press("Tab")
                if page.evaluate("document.activeElement.tagName") == "INPUT":
                    break
            page.keyboard.type(manager.name)
            wanted = f'input[value="{manager.person_id}"]'
            wait_until_found(page)
            expect(page.locator(wanted)).to_be_attached()
            focus = f"!!document.activeElement.closest('form')?.querySelector('{wanted}')"
            for _ in range(60):
                page.keyboard.press("Tab")
                if page.evaluate(focus):
                    break
            assert page.evaluate(focus)
            page.keyboard.press("Enter")
            expect(page.get_by_text("As of ").first).to_be_visible()
            expect(page).to_have_url(re.compile("/company-overview$"))

    def test_a_shared_address_leads_through_sign_in_to_the_same_view_and_survives_a_reload(
        self, browser: Browser, site: Installation
    ) -> None:
        address = with_filters("/company-people", people_status="Overdue")
        with new_visit(browser, site) as page:
            sign_in(page, member_of(site, Role.COMPANY_MANAGER), "/company-people")
            open_address(page, address)
            before = _listed(page)
            page.reload()
            wait_until_drawn(page)
            assert _listed(page) == before
            assert "people_status=Overdue" in page.url
            open_address(page, "/company-people")
            assert _listed(page) != before

    def test_a_download_holds_exactly_the_rows_shown(self, browser: Browser, site: Installation) -> None:
        manager = member_of(site, Role.COMPANY_MANAGER)
        _let_everybody_export(site, manager)
        with new_visit(browser, site) as page:
            sign_in(page, manager)
            open_address(page, with_filters("/company-people", people_status="Overdue"))
            shown = _listed(page)
            page.get_by_role("button", name="Download", exact=True).click()
            with page.expect_download() as waiting:
                page.get_by_test_id("stDownloadButton").get_by_role("button", name="CSV").click()
            rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
        assert shown == f"{len(rows)} people"
        assert len(rows) > 3
        assert {int(row["Overdue"]) > 0 for row in rows} == {True}
        assert len({row["Person"] for row in rows}) == len(rows)


class TestAssigning:
    @pytest.mark.requirement("US-TC016")
    def test_a_manager_assigns_what_is_missing_and_sees_it_arrive(
        self, browser: Browser, site: Installation, screenshots: Path | None
    ) -> None:
        manager = member_of(site, Role.COMPANY_MANAGER)
        before = _assignment_count(site, manager)
        with new_visit(browser, site) as page:
            sign_in(page, manager)
            open_address(page, "/company-assignments")
            page.get_by_label("Required training").click()
            page.get_by_role("option").nth(1).click()
            review = page.get_by_role("button", name="Assign to")
            expect(review).to_be_visible()
            review.click()
            page.get_by_role("button", name="Assign", exact=True).click()
            receipt = page.get_by_text("Written to the ledger")
            expect(receipt).to_be_visible()
            expect(page.get_by_text("The figures follow with the next update")).to_be_visible()
            shoot(page, screenshots, "company_manager-assigned-waiting")
            made = _assignment_count(site, manager) - before
            assert made > 0
            assert "Released" in site.refresh()
            # Nobody touches the page: it looks by itself.
            expect(page.get_by_text("hold it.")).to_be_visible()
            shoot(page, screenshots, "company_manager-assigned-arrived")
            require_in_order(page)


def _let_everybody_export(site: Installation, manager: Member) -> None:
    """The company only tries its gate out."""
    with unit_of_work(site.engine) as session:
        set_gate_rule(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=manager.organization_id,
            action=DATA_EXPORT,
            requirements=[Requirement(ProficiencyLevel.PROFICIENT, scope="data-export", within_months=12)],
            mode=GateMode.DRY_RUN,
            now=clock.now(),
        )


def _listed(page: Page) -> str:
    """The count above a list, such as "12 people"."""
    count = page.locator("strong", has_text="people").first
    expect(count).to_be_visible()
    return count.inner_text().replace("\u202f", "")


def _assignment_count(site: Installation, manager: Member) -> int:
    since = clock.now() - timedelta(minutes=30)
    query = (
        select(func.count())
        .select_from(TrainingAssignment)
        .where(TrainingAssignment.organization_id == manager.organization_id, TrainingAssignment.assigned_at > since)
    )
    with read_only_session(site.engine) as session:
        return session.scalar(query) or 0
