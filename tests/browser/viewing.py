"""What a person does in the browser: sign in, open a page, wait until it is drawn, and see whether it is in order.

Whatever is expected of a page is waited for, up to `WAIT_MS`; a busy machine draws late.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import quote

from playwright.sync_api import Browser, Page, TimeoutError, expect

from tests.integration.installation import Installation, Member

WAIT_MS = 120_000
WIDE, NARROW = 1440, 390
# The app's own mark on the page while a script runs.
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
# Told by the page itself: which run of the script it has asked for and not yet seen the end of. The mark above follows
# only when the server has answered, so that right after a click it still tells of the run before. A request is a
# `BackMsg` with `rerun_script` (11); of a `ForwardMsg` count `new_session` (4) and `script_finished` (6), where 2 says
# that another run follows.
WATCH_RUNS = """
(() => {
    const read = bytes => {
        let at = 0;
        const number = () => {
            for (let value = 0, factor = 1; ; factor *= 128) {
                const byte = bytes[at++];
                value += (byte & 127) * factor;
                if (!(byte > 127)) return value;
            }
        };
        while (at < bytes.length) {
            const tag = number(), value = number();
            if (tag >> 3 === 4) return 'begins';
            if (tag >> 3 === 6) return value === 2 ? 'goes on' : 'ends';
            if ((tag & 7) === 2) at += value;
        }
    };
    let hasBegun = true;
    window.isRunAwaited = false;
    window.WebSocket = class extends WebSocket {
        constructor(...given) {
            super(...given);
            this.addEventListener('message', event => {
                const said = event.data instanceof ArrayBuffer ? read(new Uint8Array(event.data)) : undefined;
                if (said === 'begins') hasBegun = true;
                if (said === 'ends' && hasBegun) window.isRunAwaited = false;
            });
        }
        send(data) {
            if (data[0] >> 3 === 11) [hasBegun, window.isRunAwaited] = [false, true];
            super.send(data);
        }
    };
})();
"""
# Nothing runs, nothing fades or slides, and so it has stayed for a moment.
STILL_MS = 150
IS_STILL = f"""
call => {{
    const app = document.querySelector('[data-testid="stApp"]');
    const isDrawn = !app || app.dataset.testScriptState === 'notRunning' && !window.isRunAwaited
        && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]');
    const isMoving = document.getAnimations().some(
        each => each.playState === 'running' && Number.isFinite(each.effect.getComputedTiming().endTime));
    if (!isDrawn || isMoving || window.stillCall !== call)
        [window.stillCall, window.stillSince] = [call, performance.now()];
    return performance.now() - window.stillSince >= {STILL_MS};
}}
"""
_calls = count()
MENU_LINK = '[data-testid="stSidebarUserContent"] [data-testid="stPageLink-NavLink"]'
FITS = """
() => [document.scrollingElement, document.querySelector('[data-testid="stMain"]')]
    .filter(Boolean).every(element => element.scrollWidth <= element.clientWidth)
"""
# Tables and charts take their new width a moment after the window has changed its own.
RESIZE_MS = 20_000

expect.set_options(timeout=WAIT_MS)


@contextmanager
def new_visit(browser: Browser, site: Installation, *, width: int = WIDE) -> Iterator[Page]:
    """A fresh profile at the sign-in page; fails when the page's own scripts fail."""
    context = browser.new_context(
        base_url=site.address, viewport={"width": width, "height": 900}, accept_downloads=True, locale="en-GB"
    )
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(WATCH_RUNS)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    try:
        yield page
        assert problems == []
    finally:
        context.close()


def wait_until_drawn(page: Page) -> None:
    """The script has ended, that of the latest click too, and what it drew is there and at rest."""
    page.wait_for_selector(IDLE, state="attached")
    wait_until_still(page)


def wait_until_still(page: Page) -> None:
    """What the page asked for is drawn, and nothing fades or slides any more; a page without scripts is at rest."""
    page.wait_for_function(IS_STILL, arg=next(_calls))


def open_address(page: Page, address: str) -> None:
    page.goto(address)
    wait_until_drawn(page)


def sign_in(page: Page, member: Member, address: str = "/") -> None:
    """Choose the person on the sign-in page, found by name and organization."""
    open_address(page, address)
    page.get_by_label("Search by name, role or organization").fill(member.name)
    wait_until_found(page)
    choice = page.locator("form", has=page.locator(f'input[value="{member.person_id}"]')).get_by_role("button")
    expect(choice).to_be_visible()
    choice.click()
    page.wait_for_selector(MENU_LINK, state="attached")
    wait_until_drawn(page)


def wait_until_found(page: Page) -> None:
    """The sign-in page shows whom its search found, and no longer the first few of each role."""
    expect(page.get_by_text("more: search by name")).to_have_count(0)
    wait_until_drawn(page)


def menu_addresses(page: Page) -> list[str]:
    """The pages of the navigation, in order."""
    links = page.locator(MENU_LINK)
    expect(links.first).to_be_attached()
    found = links.evaluate_all("links => links.map(link => new URL(link.href).pathname)")
    return [str(address) for address in found]


def require_in_order(page: Page) -> None:
    """No error, figures with their date and mark, nothing wider than the screen."""
    expect(page.get_by_text(re.compile(r"As of \d+ \w+ \d{4}")).first).to_be_visible()
    wait_until_drawn(page)
    expect(page.get_by_text("Simulated data").first).to_be_visible()
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
