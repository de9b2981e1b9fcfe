"""The page of what training returned in a real browser: what can be said, with its interval, and a value stated."""

from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from operational_db.database import read_only_session
from operational_db.tables.roi import RoiEstimate, UnitValue
from operational_db.types import EffectState, OutcomeKind, Role
from tests.browser.accessibility import violations_of
from tests.browser.test_pages import shoot
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


@pytest.fixture
def manager(site: Installation) -> Member:
    """Manager of a company of which an effect on first-time fixes is told, over all courses."""
    seen = select(RoiEstimate.organization_id).where(
        RoiEstimate.is_current,
        RoiEstimate.course_id.is_(None),
        RoiEstimate.outcome_kind == OutcomeKind.FIRST_TIME_FIX_RATE,
        RoiEstimate.state == EffectState.EFFECT,
    )
    with read_only_session(site.engine) as session:
        companies = set(session.scalars(seen))
    return next(each for each in site.members(Role.COMPANY_MANAGER) if each.organization_id in companies)


@pytest.mark.requirement("CMP-06", "US-TC020")
def test_a_manager_sees_what_training_returned_and_states_what_a_result_is_worth(
    browser: Browser, site: Installation, manager: Member, screenshots: Path | None
) -> None:
    for width in (WIDE, NARROW):
        with new_visit(browser, site, width=width) as page:
            sign_in(page, manager)
            open_address(page, "/company-roi")
            expect(page.get_by_text("What training changed")).to_be_visible()
            expect(page.get_by_text("percentage points").first).to_be_visible()
            expect(page.get_by_text("What would change the answer")).to_be_visible()
            expect(page.get_by_text("Alike before training").first).to_be_visible()
            expect(page.get_by_test_id("stPlotlyChart").first).to_be_visible()
            require_in_order(page)
            assert violations_of(page) == []
            shoot(page, screenshots, f"returns-{width}")
            open_address(page, with_filters("/company-roi", returns_part="Published incomes"))
            expect(page.get_by_text("no part of any return above")).to_be_visible()
            require_in_order(page)
    with new_visit(browser, site) as page:
        sign_in(page, manager)
        open_address(page, with_filters("/company-roi", returns_part="Worth of results"))
        page.get_by_text("State a value").click()
        worth = page.get_by_role("spinbutton", name="Worth of one more job fixed at the first visit")
        worth.fill("97.50")
        # Leaving the field sends it; what is clicked meanwhile may be drawn anew under the pointer.
        worth.press("Enter")
        wait_until_drawn(page)
        page.get_by_role("button", name="State it").click()
        expect(page.get_by_text("The unit value was set.")).to_be_visible()
        # The cells of a table are drawn; in the page itself they are only there.
        expect(page.get_by_role("gridcell", name="97.50", include_hidden=True).first).to_be_attached()
        require_in_order(page)
    newest = (
        select(UnitValue.amount)
        .where(
            UnitValue.organization_id == manager.organization_id,
            UnitValue.outcome_kind == OutcomeKind.FIRST_TIME_FIX_RATE,
        )
        .order_by(UnitValue.starts_on.desc())
        .limit(1)
    )
    with read_only_session(site.engine) as session:
        assert session.scalar(newest) == Decimal("97.50")
