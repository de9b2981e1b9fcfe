"""Who is looking: remembered for a moment, kept while the database is down, never invented."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
import streamlit as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from app.context import AppContext
from app.dashboards import session as sessions
from app.dashboards.navigation import (
    COMPANY_OVERVIEW,
    CONTENT_LESSONS,
    MY_TRAINING,
    PAGES,
    PRODUCT_KPIS,
    Area,
    areas_of,
    home_of,
)
from app.dashboards.session import RIGHTS_FRESH_FOR, RIGHTS_KEPT, RIGHTS_KEPT_FOR, RightsMemory, SignedIn
from app.dashboards.viewer import area_scope, scope_key
from app.session_cookie import COOKIE_NAME, sign_session
from operational_db.errors import DatabaseUnavailableError
from operational_db.identity.rules import Grant, Principal
from operational_db.releases.scope import Scope, scope_for
from operational_db.settings import Settings
from operational_db.types import Role
from tests.app.dashboards.conftest import UNREACHABLE
from tests.builders import create_membership, create_organization, create_person

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
ORGANIZATION = UUID(int=11)
OTHER = UUID(int=12)


def _person(name: str = "Ada", *roles: Role) -> SignedIn:
    grants = frozenset(Grant(ORGANIZATION, role) for role in roles)
    return SignedIn(Principal(UUID(int=1), name, grants), "UTC")


def _down() -> SignedIn:
    raise DatabaseUnavailableError("The database cannot be reached.")


class TestRightsMemory:
    def test_rights_are_read_again_when_they_are_no_longer_fresh(self) -> None:
        memory = RightsMemory()
        assert memory.person("a", lambda: _person("first"), NOW).principal.display_name == "first"
        kept = memory.person("a", lambda: _person("second"), NOW + RIGHTS_FRESH_FOR - timedelta(seconds=1))
        assert kept.principal.display_name == "first"
        read_again = memory.person("a", lambda: _person("second"), NOW + RIGHTS_FRESH_FOR)
        assert read_again.principal.display_name == "second"

    def test_reading_goes_on_for_an_hour_without_the_database(self) -> None:
        memory = RightsMemory()
        memory.person("a", _person, NOW)
        remembered = memory.person("a", _down, NOW + RIGHTS_KEPT_FOR - timedelta(seconds=1))
        assert remembered == replace(_person(), is_remembered=True)
        with pytest.raises(DatabaseUnavailableError):
            memory.person("a", _down, NOW + RIGHTS_KEPT_FOR)
        with pytest.raises(DatabaseUnavailableError):
            memory.person("never seen", _down, NOW)

    def test_it_forgets_those_not_seen_for_longest(self) -> None:
        memory = RightsMemory()
        for number in range(RIGHTS_KEPT + 1):
            memory.person(str(number), _person, NOW)
        with pytest.raises(DatabaseUnavailableError):
            memory.person("0", _down, NOW)
        assert memory.person("1", _down, NOW).principal == _person().principal


class TestCurrentPerson:
    @pytest.fixture(autouse=True)
    def fresh_memory(self) -> None:
        st.cache_resource.clear()

    def _visit(self, engine: Engine, settings: Settings, cookies: dict[str, str], patch: pytest.MonkeyPatch) -> object:
        patch.setattr(st, "context", SimpleNamespace(cookies=cookies, timezone=None))
        context = AppContext(settings, engine)
        context.__dict__["is_oidc_configured"] = False
        return sessions.current_person(context, NOW)

    def test_a_signed_cookie_stands_for_its_person_with_open_roles(
        self, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        organization = create_organization(session)
        person = create_person(session, timezone="Europe/Berlin")
        create_membership(session, person, organization, Role.COMPANY_MANAGER)
        session.flush()
        settings = Settings(home=tmp_path)
        cookies = {COOKIE_NAME: sign_session(settings, person.id, NOW)}
        engine = create_engine(UNREACHABLE)
        monkeypatch.setattr(sessions, "read_only_session", lambda _engine: _Given(session))
        found = self._visit(engine, settings, cookies, monkeypatch)
        grants = frozenset({Grant(organization.id, Role.COMPANY_MANAGER)})
        assert found == SignedIn(Principal(person.id, person.display_name, grants), "Europe/Berlin")

    def test_no_cookie_a_forged_one_or_an_unknown_person_is_nobody(
        self, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = Settings(home=tmp_path)
        monkeypatch.setattr(sessions, "read_only_session", lambda _engine: _Given(session))
        unknown = sign_session(settings, UUID(int=404), NOW)
        for cookies in ({}, {COOKIE_NAME: "forged"}, {COOKIE_NAME: unknown}):
            assert self._visit(create_engine(UNREACHABLE), settings, cookies, monkeypatch) is None

    def test_a_database_that_is_down_at_the_first_visit_is_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = Settings(home=tmp_path)
        cookies = {COOKIE_NAME: sign_session(settings, UUID(int=1), NOW)}
        with pytest.raises(DatabaseUnavailableError):
            self._visit(create_engine(UNREACHABLE), settings, cookies, monkeypatch)


class _Given:
    """The test's own session where a new one would be opened."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Session:
        return self._session

    def __exit__(self, *_: object) -> None:
        return None


class TestAreas:
    def test_each_role_lands_where_its_questions_are_answered(self) -> None:
        assert home_of(_person("a", Role.COMPANY_MANAGER).principal) is COMPANY_OVERVIEW
        assert home_of(_person("a", Role.PRODUCT_TEAM).principal) is PRODUCT_KPIS
        assert home_of(_person("a", Role.TECHNICIAN).principal) is MY_TRAINING
        assert home_of(_person("a").principal) is MY_TRAINING

    def test_no_group_of_any_menu_has_more_than_seven_entries(self) -> None:
        for role in Role:
            areas = areas_of(_person("a", role).principal)
            groups = Counter(page.heading for page in PAGES if page.is_in_menu and page.area in areas)
            assert max(groups.values()) <= 7, role

    def test_reviewers_of_lessons_land_on_content(self) -> None:
        assert home_of(_person("a", Role.CONTENT_REVIEWER).principal) is CONTENT_LESSONS

    def test_an_area_shows_one_organization_and_no_more_than_the_scope_holds(self) -> None:
        principal = _person("a", Role.COMPANY_MANAGER, Role.SCHOOL_ADMIN).principal
        scope = scope_for(principal)
        own = frozenset({ORGANIZATION})
        assert area_scope(scope, Area.COMPANY, ORGANIZATION) == Scope(company_ids=own, mentoring_ids=own, roi_ids=own)
        assert area_scope(scope, Area.COMPANY, OTHER) == Scope()
        assert area_scope(scope, Area.COMPANY, None) == Scope()
        assert area_scope(scope, Area.SCHOOL, ORGANIZATION) == Scope(school_ids=own, mentoring_ids=own)
        assert area_scope(scope, Area.SECURITY, ORGANIZATION) == Scope(company_ids=own)
        assert area_scope(scope, Area.PRODUCT, None) == Scope()
        assert area_scope(scope, Area.ME, None) == Scope(person_id=principal.person_id)

    def test_scopes_that_differ_never_share_a_key(self) -> None:
        ids = (frozenset({ORGANIZATION}), frozenset({OTHER}), frozenset({ORGANIZATION, OTHER}), frozenset[UUID]())
        scopes = {
            Scope(companies, schools, owners, mentoring, roi, person, kpis, platform)
            for companies in ids
            for schools in ids
            for owners in ids
            for mentoring in ids
            for roi in ids
            for person in (None, ORGANIZATION)
            for kpis in (True, False)
            for platform in (True, False)
        }
        assert len({scope_key(scope) for scope in scopes}) == len(scopes)
