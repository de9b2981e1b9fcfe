"""The cookie of local sign-in is refused as soon as anything about it is not ours."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from itsdangerous import URLSafeSerializer

from app.session_cookie import SESSION_SECONDS, read_session, sign_session
from operational_db.settings import Settings

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
PERSON_ID = UUID("0190a000-0000-7000-8000-000000000001")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_a_fresh_cookie_names_its_person(settings: Settings) -> None:
    assert read_session(settings, sign_session(settings, PERSON_ID, NOW), NOW + timedelta(hours=1)) == PERSON_ID


@pytest.mark.parametrize(
    ("age", "is_accepted"),
    [
        (timedelta(seconds=SESSION_SECONDS - 1), True),
        (timedelta(seconds=SESSION_SECONDS), False),
        (timedelta(days=400), False),
        (timedelta(minutes=-1), True),
        (timedelta(minutes=-5), False),
    ],
)
def test_a_cookie_lives_for_its_session_and_not_from_the_future(
    settings: Settings, age: timedelta, is_accepted: bool
) -> None:
    found = read_session(settings, sign_session(settings, PERSON_ID, NOW), NOW + age)
    assert (found == PERSON_ID) is is_accepted


def test_an_altered_cookie_is_refused(settings: Settings) -> None:
    cookie = sign_session(settings, PERSON_ID, NOW)
    payload, signature = cookie.rsplit(".", 1)
    other_payload = sign_session(settings, UUID(int=7), NOW).rsplit(".", 1)[0]
    assert read_session(settings, f"{other_payload}.{signature}", NOW) is None
    assert read_session(settings, f"{payload}.{signature[:-2]}AA", NOW) is None
    assert read_session(settings, payload, NOW) is None
    assert read_session(settings, "", NOW) is None


def test_a_cookie_of_another_installation_is_refused(settings: Settings, tmp_path: Path) -> None:
    elsewhere = Settings(home=tmp_path / "elsewhere")
    assert read_session(elsewhere, sign_session(settings, PERSON_ID, NOW), NOW) is None


def test_signed_content_of_another_shape_is_refused(settings: Settings) -> None:
    sign_session(settings, PERSON_ID, NOW)
    key = (settings.home_path / "secrets" / "session.key").read_bytes()
    serializer = URLSafeSerializer(key, salt="sitesync-session")
    wrong_time = {"person": str(PERSON_ID), "at": "now"}
    contents: tuple[object, ...] = ({}, [], "x", {"person": "nobody", "at": 1}, wrong_time, {"at": 1})
    for content in contents:
        assert read_session(settings, serializer.dumps(content), NOW) is None


def test_the_key_file_is_readable_by_its_owner_alone(settings: Settings) -> None:
    sign_session(settings, PERSON_ID, NOW)
    path = settings.home_path / "secrets" / "session.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["session.key"]
