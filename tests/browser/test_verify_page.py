"""The public verification page in a real browser: nothing that axe finds, at both widths, light and dark."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.routing import Mount

from app.api.application import create_api
from app.context import AppContext
from app.serving.ports import free_port
from app.verify.routes import verify_routes
from operational_db import clock
from operational_db.badges.keys import load_or_create_badge_signer
from operational_db.badges.service import issue_badge
from operational_db.database import unit_of_work
from operational_db.settings import Settings
from tests.browser.accessibility import violations_of
from tests.browser.viewing import NARROW, WAIT_MS, WIDE, require_fitting
from tests.builders import create_certificate, create_certification, create_person
from tests.integration.installation import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
START_SECONDS = 120


@pytest.fixture
def links(committed_engine: Engine, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Addresses of a served page: a valid certificate, an expired and a revoked one, none, and the form."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = Settings(home=tmp_path / "home", public_url=address, verify_requests_per_minute=10_000)
    context = AppContext(settings, committed_engine)
    signer = load_or_create_badge_signer(settings)
    today = clock.today()
    found = {"none": f"{address}/verify/nothing", "form": f"{address}/verify"}
    with unit_of_work(committed_engine) as session:
        certification = create_certification(session, name="Elevator Maintenance and Inspection, Hydraulic, Level 2")
        for name, days in (("valid", 300), ("expired", -1), ("revoked", 300)):
            certificate = create_certificate(
                session,
                create_person(session),
                certification,
                issued_on=today - timedelta(days=60),
                expires_on=today + timedelta(days=days),
            )
            badge = issue_badge(session, signer, certificate_id=certificate.id, now=clock.now())
            if name == "revoked":
                certificate.revoked_at, certificate.revoked_from = clock.now(), today
            found[name] = f"{address}/verify/{badge.public_id}"
    application = Starlette(routes=[*verify_routes(context), Mount("/api", app=create_api(context))])
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, seconds=START_SECONDS, what="the page is served")
        yield found
    finally:
        server.should_exit = True
        thread.join(timeout=START_SECONDS)


@pytest.mark.requirement("BDG-03")
def test_it_is_accessible_at_both_widths_in_light_and_dark_without_scripts(
    browser: Browser, links: dict[str, str], screenshots: Path | None
) -> None:
    words = {"valid": "Valid", "expired": "Expired", "revoked": "Revoked", "none": "Not found"}
    for width in (WIDE, NARROW):
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme="dark" if scheme == "dark" else "light",
                bypass_csp=True,
            )
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            for name, link in links.items():
                page.goto(link)
                if name in words:
                    expect(page.locator(".answer .word")).to_have_text(words[name])
                assert violations_of(page) == [], (name, width, scheme)
                require_fitting(page)
                if screenshots is not None:
                    page.screenshot(path=screenshots / f"verify-{name}-{width}-{scheme}.png", full_page=True)
            context.close()


def test_the_form_is_filled_and_answered_without_scripts(browser: Browser, links: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(links["form"])
    page.get_by_label("Number, link or text of the badge").fill(links["valid"])
    page.get_by_role("button", name="Verify").click()
    expect(page.locator(".answer .word")).to_have_text("Valid")
    page.goto(links["valid"])
    page.get_by_label("Day").fill((clock.today() + timedelta(days=301)).isoformat())
    page.get_by_role("button", name="Show this day").click()
    expect(page.locator(".answer .word")).to_have_text("Expired")
    context.close()
