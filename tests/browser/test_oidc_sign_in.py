"""Sign-in through an identity provider: a whole round trip in the browser, with a provider on loopback."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from oidc_provider_mock import run_server_in_thread
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, select

from app.serving.ports import free_port
from operational_db.database import unit_of_work
from operational_db.tables.identity import Person
from operational_db.types import Role
from tests.browser.viewing import WAIT_MS
from tests.builders import create_membership, create_organization, create_person
from tests.integration.installation import Installation

pytestmark = pytest.mark.browser
ADDRESS = "registered@example.org"


@pytest.fixture
def provider() -> Iterator[str]:
    with run_server_in_thread() as server:
        issuer = f"http://localhost:{server.server_port}"
        for subject, address in (("account-1", ADDRESS), ("account-2", "unknown@example.org")):
            claims = {"email": address, "email_verified": True}
            httpx2.put(f"{issuer}/users/{subject}", json=claims).raise_for_status()
        yield issuer


@pytest.fixture
def site(tmp_path: Path, committed_url: str, committed_engine: Engine, provider: str) -> Iterator[Installation]:
    """A running installation that knows one person and the identity provider."""
    with unit_of_work(committed_engine) as session:
        person = create_person(session, display_name="Registered Manager", email=ADDRESS)
        create_membership(session, person, create_organization(session), Role.COMPANY_MANAGER)
    port = free_port()
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text(
        f"""
        [auth]
        redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
        cookie_secret = "a test needs a secret of its own"
        client_id = "sitesync"
        client_secret = "any"
        server_metadata_url = "{provider}/.well-known/openid-configuration"
        """
    )
    installation = Installation(tmp_path / "home", port=port)
    installation.home.mkdir()
    installation.environment.update({"SITESYNC_DATABASE_URL": committed_url, "HOME": str(tmp_path)})
    try:
        installation.start_server()
        yield installation
    finally:
        installation.close()


def test_the_account_stands_for_the_person_registered_with_its_address(
    browser: Browser, site: Installation, committed_engine: Engine
) -> None:
    context = browser.new_context(base_url=site.address)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_label("Search by name, role or organization")).to_have_count(0)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_placeholder("sub").fill("account-1")
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_text("Registered Manager")).to_be_attached()
    context.close()
    with unit_of_work(committed_engine) as session:
        assert session.scalars(select(Person.oidc_subject).where(Person.email == ADDRESS)).one() == "account-1"


def test_an_account_nobody_was_registered_with_sees_nothing(browser: Browser, site: Installation) -> None:
    context = browser.new_context(base_url=site.address)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_placeholder("sub").fill("account-2")
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_text("stands for nobody here")).to_be_visible()
    context.close()


def test_the_local_sign_in_is_off(site: Installation, committed_engine: Engine) -> None:
    with unit_of_work(committed_engine) as session:
        simulated = create_person(session, is_simulated=True).id
    answer = httpx2.post(f"{site.address}/session/sign-in", data={"person_id": str(simulated)})
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers
