"""Tokens of an identity provider: a real round trip with a provider on loopback, and every way a token can be wrong."""

import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from oidc_provider_mock import run_server_in_thread

from app.api.application import create_api
from app.context import AppContext
from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.settings import Settings
from operational_db.types import Role
from tests.app.api.conftest import Api
from tests.builders import create_membership, create_organization, create_person

SUBJECT = "provider-account-1"
REDIRECT = "http://127.0.0.1/callback"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


def id_token(issuer: str, audience: str, subject: str = SUBJECT) -> str:
    """Sign in at the provider the way a browser would and exchange the code."""
    query = {"client_id": audience, "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid", "state": "s"}
    answer = httpx2.post(f"{issuer}/oauth2/authorize", params=query, data={"sub": subject}, follow_redirects=False)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    tokens = httpx2.post(f"{issuer}/oauth2/token", data=form, auth=(audience, "any")).raise_for_status()
    return str(tokens.json()["id_token"])


@pytest.fixture
def client(api: Api, settings: Settings, issuer: str) -> Iterator[TestClient]:
    with unit_of_work(api.engine) as session:
        person = create_person(session, oidc_subject=SUBJECT)
        create_membership(session, person, create_organization(session), Role.TECHNICIAN)
    configured = settings.model_copy(update={"oidc_issuer": issuer})
    with TestClient(create_api(AppContext(configured, api.engine))) as client:
        yield client


def get(client: TestClient, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return client.get("/v1/me/training/assignments", headers=headers).status_code


def test_a_token_of_the_issuer_signs_its_person_in(client: TestClient, issuer: str) -> None:
    assert get(client, id_token(issuer, "sitesync")) == 200


def test_a_token_for_another_audience_is_refused(client: TestClient, issuer: str) -> None:
    assert get(client, id_token(issuer, "another-product")) == 401


def test_an_account_that_stands_for_nobody_is_refused(client: TestClient, issuer: str) -> None:
    assert get(client, id_token(issuer, "sitesync", subject="unknown-account")) == 401


@pytest.mark.parametrize("change", ["signature", "foreign key", "no algorithm"])
def test_forged_tokens_are_refused(client: TestClient, issuer: str, change: str) -> None:
    good = id_token(issuer, "sitesync")
    claims = {"iss": issuer, "aud": "sitesync", "sub": SUBJECT, "exp": int(clock.now().timestamp()) + 600}
    head, body, signature = good.split(".")
    forged = {
        "signature": f"{head}.{body}.{signature[:-6]}AAAAAA",
        "foreign key": jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048)),
        "no algorithm": f"eyJhbGciOiJub25lIn0.{body}.",
    }[change]
    assert get(client, forged) == 401


def test_an_unreachable_provider_is_said(api: Api, settings: Settings) -> None:
    configured = settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    with TestClient(create_api(AppContext(configured, api.engine))) as client:
        answer = client.get("/v1/me/training/assignments", headers={"Authorization": "Bearer a.b.c"})
    assert answer.status_code == 401
    assert "cannot be reached" in answer.json()["detail"]


def test_many_callers_at_once_share_one_key_set(client: TestClient, issuer: str) -> None:
    token = id_token(issuer, "sitesync")
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(get(client, token))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
