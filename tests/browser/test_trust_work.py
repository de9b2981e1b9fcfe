"""Changes tried before they hold, evidence of a figure, the access log and authoring, in a browser at both widths."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.gates.rules import Requirement
from operational_db.gates.service import set_gate_rule
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.tables.content import Lesson, Policy
from operational_db.types import GateMode, OrganizationKind, ProficiencyLevel, Role
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
    """A manager whose company only tries its gates out, so that nothing stands before an export or a download."""
    member = site.members(Role.COMPANY_MANAGER, OrganizationKind.SERVICE_COMPANY)[0]
    with unit_of_work(site.engine) as session:
        for action in ("data-export", "evidence-export"):
            set_gate_rule(
                session,
                SYSTEM_PRINCIPAL,
                organization_id=member.organization_id,
                action=action,
                requirements=[Requirement(ProficiencyLevel.COMPLETED, scope="data-export", within_months=12)],
                mode=GateMode.DRY_RUN,
                now=clock.now() - timedelta(minutes=1),
            )
    return member


def look(page: Page, screenshots: Path | None, name: str) -> None:
    """In order, without a breach of the rules of access, at both widths."""
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        require_in_order(page)
        assert violations_of(page) == []
        shoot(page, screenshots, f"{name}-{width}")
    page.set_viewport_size({"width": WIDE, "height": 900})


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    wait_until_drawn(page)


@pytest.mark.requirement("EMB-19", "EMB-22")
def test_a_change_is_tried_before_it_holds(
    browser: Browser, site: Installation, manager: Member, screenshots: Path | None
) -> None:
    with new_visit(browser, site) as page:
        sign_in(page, manager)
        for kind, name in (("How long training counts", "validity"), ("A policy", "policy")):
            open_address(page, with_filters("/security-gates", gates_part="Rules", gates_change=kind))
            press(page, "See whom it concerns")
            expect(page.get_by_text("Newly denied today:")).to_be_visible()
            look(page, screenshots, f"gates-{name}")


@pytest.mark.requirement("EMB-16")
def test_a_figure_leads_to_its_bundle_and_the_export_to_the_access_log(
    browser: Browser, site: Installation, manager: Member, screenshots: Path | None
) -> None:
    with new_visit(browser, site) as page:
        sign_in(page, manager)
        open_address(page, "/company-overview")
        page.get_by_role("link", name="Its evidence").first.click()
        expect(page.get_by_text("it rests on")).to_be_visible()
        look(page, screenshots, "evidence-figure")
        press(page, "Get the bundle")
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Save the bundle").click()
        with ZipFile(waiting.value.path()) as packed:
            assert b"fct_required_training.compliance_rate" in packed.read("manifest.json")
        site.refresh()
        open_address(page, with_filters("/evidence-access-log", log_kind="Evidence exported"))
        expect(page.locator("strong", has_text="1 entry")).to_be_visible()
        look(page, screenshots, "access-log")
        press(page, "Download")
        with page.expect_download() as waiting:
            page.get_by_test_id("stDownloadButton").get_by_role("button", name="CSV").click()
        rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
        assert [(row["Whom"], row["What"]) for row in rows] == [(manager.name, "Evidence exported")]
        assert rows[0]["Details"].startswith("figure, ")


@pytest.mark.requirement("EMB-18", "EMB-19", "EMB-21")
def test_an_author_writes_a_policy_and_a_lesson(
    browser: Browser, site: Installation, manager: Member, screenshots: Path | None
) -> None:
    with new_visit(browser, site) as page:
        sign_in(page, manager)
        open_address(page, "/content-policies")
        look(page, screenshots, "policies")
        page.get_by_text("Register a policy").click()
        page.get_by_label("Code", exact=True).fill("POL-LOCK-001")
        page.get_by_label("Title", exact=True).fill("Lockout")
        press(page, "Register")
        expect(page.get_by_text("POL-LOCK-001 is registered.")).to_be_visible()
        page.get_by_label("What it holds or changes").fill("Lock before opening.")
        page.get_by_label("What it holds or changes").press("Tab")
        wait_until_drawn(page)
        press(page, "Publish")
        expect(page.get_by_text("POL-LOCK-001 1.0.0 is published")).to_be_visible()
        open_address(page, "/content-draft")
        look(page, screenshots, "draft")
        for label, text in {
            "Code": "LOCKOUT",
            "Title": "Lockout",
            "Title of slide 1": "Lockout",
            "Text of slide 1": "Switch off and lock before you open.",
        }.items():
            page.get_by_label(label, exact=True).fill(text)
            page.get_by_label(label, exact=True).press("Tab")
            wait_until_drawn(page)
        press(page, "Save the draft")
        expect(page.get_by_role("heading", name="Lockout 1.0.0")).to_be_visible()
        expect(page.get_by_text("of the checklist still missing")).to_be_visible()
        look(page, screenshots, "draft-checklist")
        press(page, "Hand in for review")
        expect(page.get_by_text("Handed in: 2 reviews were asked for.")).to_be_visible()
    with read_only_session(site.engine) as session:
        for table, code in ((Policy, "POL-LOCK-001"), (Lesson, "LOCKOUT")):
            owner = session.scalars(select(table.organization_id).where(table.code == code)).one()
            assert owner == manager.organization_id
