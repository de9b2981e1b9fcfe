"""A real Chromium on a running installation of its own; without one the tests skip and say so."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.viewing import WAIT_MS
from tests.integration.installation import Installation, copied_installation, demo_template

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(f"No browser to drive: none of {', '.join(PROGRAMS)} is installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, headless=True, timeout=WAIT_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(test_run: str) -> Iterator[Installation]:
    """A running installation with the demo; tests may write to it."""
    with demo_template(test_run) as template, copied_installation(template) as installation:
        installation.start_server()
        yield installation


@pytest.fixture(scope="session")
def screenshots() -> Path | None:
    """Where SITESYNC_SCREENSHOTS wants pictures of the pages; none by default."""
    folder = os.environ.get("SITESYNC_SCREENSHOTS")
    if not folder:
        return None
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    return path
