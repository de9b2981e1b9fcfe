"""Runs axe-core over a page as it is drawn, by the rules of WCAG 2.2 at levels A and AA; nothing is excepted."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.viewing import wait_until_still

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
MARKUP_SHOWN = 300


def violations_of(page: Page) -> list[str]:
    """What axe finds on the page, one line an element: rule, what it means, where, and the markup.

    Looked at when the page is at rest: what fades in has colours that it will not keep.
    """
    wait_until_still(page)
    options = {"runOnly": {"type": "tag", "values": list(TAGS)}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    lines = []
    for violation in found:
        for node in violation["nodes"]:
            place = " > ".join(map(str, node["target"]))
            lines.append(f"{violation['id']}: {violation['help']} at {place}: {node['html'][:MARKUP_SHOWN]}")
    return lines
