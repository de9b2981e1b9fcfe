"""A building owner in a real browser: from the question, in three choices and a click, to the answer and its proof."""

import re
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select

from operational_db.database import read_only_session
from operational_db.tables.identity import Membership
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.owners import Building, Equipment, ServiceContract, Visit
from operational_db.types import EquipmentStatus, Role, VisitStatus
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


def _checks(engine: Engine, owner: Member) -> int:
    with read_only_session(engine) as session:
        statement = select(LedgerEvent.id).where(
            LedgerEvent.kind == "crew.decided", LedgerEvent.organization_id == owner.organization_id
        )
        return len(session.scalars(statement).all())


def _someone_elses_building(engine: Engine, owner: Member) -> UUID:
    with read_only_session(engine) as session:
        statement = select(Building.id).where(Building.organization_id != owner.organization_id).limit(1)
        return session.scalars(statement).one()


def _let_in(page: Page, site: Installation, person_id: UUID) -> None:
    """Signed in already, for people the sign-in page does not offer."""
    name, _, value = site.cookie(person_id).partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": site.address}])


def _answer(page: Page) -> str:
    heading = page.get_by_role("heading", level=2).filter(has_text=re.compile("Yes|No"))
    expect(heading).to_be_visible()
    return "Yes" if "Yes" in heading.inner_text() else "No"


@pytest.mark.requirement("OWN-01", "US-TC027")
class TestCrewCheck:
    def test_from_question_to_proof(self, browser: Browser, site: Installation, screenshots: Path | None) -> None:
        owner = member_of(site, Role.BUILDING_OWNER)
        before = _checks(site.engine, owner)
        with new_visit(browser, site) as page:
            sign_in(page, owner)
            expect(page).to_have_url(re.compile("/owner-crew-check$"))
            page.get_by_label("Building", exact=True).click()
            page.get_by_role("option").first.click()
            wait_until_drawn(page)
            page.get_by_label("Unit", exact=True).click()
            page.get_by_role("option").nth(1).click()
            wait_until_drawn(page)
            page.get_by_role("button", name="Check the crew").click()
            answer = _answer(page)
            assert _checks(site.engine, owner) == before + 1
            shoot(page, screenshots, f"building_owner-checked-{answer.lower()}-{WIDE}")
            require_in_order(page)
            for width in (WIDE, NARROW):
                page.set_viewport_size({"width": width, "height": 900})
                wait_until_drawn(page)
                assert violations_of(page) == []
            shoot(page, screenshots, f"building_owner-checked-{answer.lower()}-{NARROW}")
            page.set_viewport_size({"width": WIDE, "height": 900})
            with page.expect_download() as waiting:
                page.get_by_role("button", name="Download the proof").click()
            with ZipFile(waiting.value.path()) as proof:
                names = set(proof.namelist())
                said = proof.read("answer.json").decode()
            assert {"answer.json", "checkpoint.txt", "entries.txt", "verify_bundle.py"} <= names
            assert f'"is_qualified": {str(answer == "Yes").lower()}' in said
            # The address names the record: a reload and a shared link show the same answer and check nothing anew.
            page.reload()
            wait_until_drawn(page)
            assert _answer(page) == answer
            assert _checks(site.engine, owner) == before + 1

    def test_a_building_of_somebody_else_is_as_unknown_as_none(self, browser: Browser, site: Installation) -> None:
        owner = member_of(site, Role.BUILDING_OWNER)
        foreign = _someone_elses_building(site.engine, owner)
        with new_visit(browser, site) as page:
            sign_in(page, owner)
            for building in (foreign, UUID(int=7)):
                open_address(page, with_filters("/owner-crew-check", building=str(building)))
                expect(page.get_by_text("There is no building with this id that you may see")).to_be_visible()
                open_address(page, with_filters("/owner-building", building=str(building)))
                expect(page.get_by_text("No building with this address is among yours")).to_be_visible()

    def test_a_check_of_another_owner_cannot_be_opened(self, browser: Browser, site: Installation) -> None:
        owner = member_of(site, Role.BUILDING_OWNER)
        with read_only_session(site.engine) as session:
            statement = select(LedgerEvent.id).where(
                LedgerEvent.kind == "crew.decided", LedgerEvent.organization_id != owner.organization_id
            )
            foreign = session.scalars(statement.limit(1)).one()
        with new_visit(browser, site) as page:
            sign_in(page, owner)
            open_address(page, with_filters("/owner-crew-check", check=str(foreign)))
            expect(page.get_by_text("There is no crew check with this id")).to_be_visible()
            expect(page.get_by_role("button", name="Download the proof")).to_have_count(0)


@pytest.mark.requirement("OWN-02")
class TestBuildings:
    def test_a_building_and_a_unit_are_added_and_taken_back(
        self, browser: Browser, site: Installation, screenshots: Path | None
    ) -> None:
        owner = member_of(site, Role.BUILDING_OWNER)
        with new_visit(browser, site) as page:
            sign_in(page, owner)
            open_address(page, "/owner-buildings")
            page.get_by_text("Add a building").click()
            page.get_by_label("Name of the building").fill("Lighthouse Yard")
            page.get_by_label("City").first.fill("New York")
            assert violations_of(page) == []
            page.get_by_role("button", name="Add the building").click()
            expect(page.get_by_role("heading", name="Lighthouse Yard")).to_be_visible()
            expect(page.get_by_text("“Lighthouse Yard” was added.").first).to_be_visible()
            page.get_by_text("Add a unit", exact=True).click()
            page.get_by_label("Name of the unit").fill("Lift 1")
            page.get_by_role("textbox", name="Maker").fill("OTIS ELEV CO")
            for width in (WIDE, NARROW):
                page.set_viewport_size({"width": width, "height": 900})
                wait_until_drawn(page)
                assert violations_of(page) == []
                shoot(page, screenshots, f"building_owner-new-unit-{width}")
            page.get_by_role("button", name="Add the unit").click()
            expect(page.get_by_text("“Lift 1” was added.").first).to_be_visible()
            page.get_by_role("button", name=re.compile("Undo.*: “Lift 1” was added")).click()
            expect(page.get_by_text("Taken back: “Lift 1” was added.").first).to_be_visible()
            require_in_order(page)
        with read_only_session(site.engine) as session:
            building = session.scalars(select(Building).where(Building.name == "Lighthouse Yard")).one()
            unit = session.scalars(select(Equipment).where(Equipment.building_id == building.id)).one()
            assert (building.organization_id, unit.status) == (owner.organization_id, EquipmentStatus.DISMANTLED)
            assert unit.manufacturer_id is not None


@pytest.mark.requirement("OWN-02", "US-TC028")
class TestRequirements:
    def test_what_would_change_shows_before_it_is_set(
        self, browser: Browser, site: Installation, screenshots: Path | None
    ) -> None:
        owner = member_of(site, Role.BUILDING_OWNER)
        with new_visit(browser, site) as page:
            sign_in(page, owner)
            open_address(page, "/owner-requirements")
            page.get_by_text("Dry run: record only").click()
            wait_until_drawn(page)
            page.get_by_role("button", name="See what would change").click()
            expect(page.get_by_text("ahead would newly have nobody qualified")).to_be_visible()
            shoot(page, screenshots, f"building_owner-requirement-preview-{WIDE}")
            assert violations_of(page) == []
            page.get_by_role("button", name="Set it in dry run").click()
            expect(page.get_by_text("is only recorded (dry run)").first).to_be_visible()
            require_in_order(page)


class TestVisits:
    def test_both_sides_open_a_visit_from_a_reminder(
        self, browser: Browser, site: Installation, screenshots: Path | None
    ) -> None:
        with read_only_session(site.engine) as session:
            row = session.execute(
                select(Visit.id, ServiceContract.owner_id, ServiceContract.contractor_id)
                .join(ServiceContract, ServiceContract.id == Visit.contract_id)
                .where(Visit.status == VisitStatus.PLANNED)
                .order_by(Visit.planned_on.desc(), Visit.id)
                .limit(1)
            ).one()
            people = {
                role: session.scalars(
                    select(Membership.person_id)
                    .where(Membership.organization_id == organization, Membership.role == role)
                    .where(Membership.ended_on.is_(None))
                    .order_by(Membership.person_id)
                    .limit(1)
                ).one()
                for role, organization in ((Role.BUILDING_OWNER, row[1]), (Role.COMPANY_MANAGER, row[2]))
            }
        for role, address, part in (
            (Role.BUILDING_OWNER, "/owner-visits", "Check this crew"),
            (Role.COMPANY_MANAGER, "/company-visits", "Who lacks least"),
        ):
            with new_visit(browser, site) as page:
                _let_in(page, site, people[role])
                open_address(page, with_filters(address, visit=str(row[0])))
                expect(page.get_by_text(part).first).to_be_visible()
                require_in_order(page)
                for width in (WIDE, NARROW):
                    page.set_viewport_size({"width": width, "height": 900})
                    wait_until_drawn(page)
                    assert violations_of(page) == []
                    shoot(page, screenshots, f"{role}-visit-{width}")
