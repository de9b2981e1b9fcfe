"""What a person does in the browser: sign in, open a page, wait until it is drawn, and see whether it is in order."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from playwright.sync_api import Browser, Page, TimeoutError, expect

from tests.integration.installation import Installation, Member

WAIT_MS = 120_000
WIDE, NARROW = 1440, 390
# The app's own mark on the page while a script runs.
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
MENU_LINK = '[data-testid="stSidebarUserContent"] [data-testid="stPageLink-NavLink"]'
FITS = """
() => [document.scrollingElement, document.querySelector('[data-testid="stMain"]')]
    .filter(Boolean).every(element => element.scrollWidth <= element.clientWidth)
"""
# Tables and charts take their new width a moment after the window has changed its own.
RESIZE_MS = 20_000


@contextmanager
def new_visit(browser: Browser, site: Installation, *, width: int = WIDE) -> Iterator[Page]:
    """A fresh profile at the sign-in page; fails when the page's own scripts fail."""
    context = browser.new_context(
        base_url=site.address, viewport={"width": width, "height": 900}, accept_downloads=True, locale="en-GB"
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    try:
        yield page
        assert problems == []
    finally:
        context.close()


def wait_until_drawn(page: Page) -> None:
    """The script has ended and what it drew is there."""
    page.wait_for_selector(IDLE, state="attached")
    expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0, timeout=WAIT_MS)


def open_address(page: Page, address: str) -> None:
    page.goto(address)
    wait_until_drawn(page)


def sign_in(page: Page, member: Member, address: str = "/") -> None:
    """Choose the person on the sign-in page, found by name and organization."""
    page.goto(address)
    search = page.get_by_label("Search by name, role or organization")
    search.fill(member.name)
    choice = page.locator("form", has=page.locator(f'input[value="{member.person_id}"]')).get_by_role("button")
    expect(choice).to_be_visible(timeout=WAIT_MS)
    choice.click()
    page.wait_for_selector(MENU_LINK, state="attached")
    wait_until_drawn(page)


def menu_addresses(page: Page) -> list[str]:
    """The pages of the navigation, in order."""
    links = page.locator(MENU_LINK)
    expect(links.first).to_be_attached(timeout=WAIT_MS)
    found = links.evaluate_all("links => links.map(link => new URL(link.href).pathname)")
    return [str(address) for address in found]


def require_in_order(page: Page) -> None:
    """No error, figures with their date and mark, nothing wider than the screen."""
    expect(page.get_by_text(re.compile(r"As of \d+ \w+ \d{4}")).first).to_be_visible(timeout=WAIT_MS)
    wait_until_drawn(page)
    expect(page.get_by_text("Simulated data").first).to_be_visible(timeout=WAIT_MS)
    expect(page.locator('[data-testid="stException"]')).to_have_count(0)
    expect(page.locator('[data-testid="stAlertContentError"]')).to_have_count(0)
    assert "Traceback" not in page.inner_text("body")
    require_fitting(page)


def require_fitting(page: Page) -> None:
    """Nothing is wider than the screen, once what is drawn has taken its width."""
    try:
        page.wait_for_function(FITS, timeout=RESIZE_MS)
    except TimeoutError as error:
        raise AssertionError(f"{page.url} scrolls sideways") from error


def with_filters(address: str, **filters: str) -> str:
    """An address with filters, as a shared link has them."""
    return address + "?" + "&".join(f"{name}={quote(value)}" for name, value in filters.items())
