"""The hand-made figures, opened for a scope, and the app as somebody sees it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
import streamlit as st
from sqlalchemy import Engine, create_engine
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from app.context import AppContext
from app.dashboards import navigation, session
from app.dashboards.components import tables
from app.dashboards.session import SignedIn
from operational_db import clock
from operational_db.identity.rules import Grant, Principal
from operational_db.releases.manifest import ReleaseManifest
from operational_db.releases.reader import ScopedWarehouse, open_scoped
from operational_db.releases.scope import Scope
from operational_db.settings import Settings
from operational_db.types import Role
from tests.app.dashboards import owner_figures as owners
from tests.app.dashboards import release_fixture as figures

ENTRY = Path(__file__).parents[3] / "app" / "dashboards" / "streamlit_app.py"
# Nothing listens there: a page that needs the database must say so, every other page must not notice.
UNREACHABLE = "postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1"


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, ReleaseManifest]:
    """An installation with the hand-made figures and no database."""
    settings = Settings(home=tmp_path_factory.mktemp("figures"))
    return settings, figures.write_release(settings)


@pytest.fixture(scope="session")
def open_figures(released: tuple[Settings, ReleaseManifest]) -> Callable[[Scope], ScopedWarehouse]:
    """Opens the hand-made figures for a scope."""
    return lambda scope: open_scoped(released[1], scope)


@pytest.fixture(scope="session")
def company(open_figures: Callable[[Scope], ScopedWarehouse]) -> ScopedWarehouse:
    return open_figures(Scope(company_ids=frozenset({figures.COMPANY})))


@pytest.fixture(scope="session")
def school(open_figures: Callable[[Scope], ScopedWarehouse]) -> ScopedWarehouse:
    return open_figures(Scope(school_ids=frozenset({figures.SCHOOL})))


@pytest.fixture(scope="session")
def product(open_figures: Callable[[Scope], ScopedWarehouse]) -> ScopedWarehouse:
    return open_figures(Scope(can_view_kpis=True, can_view_platform=True))


PEOPLE: dict[str, tuple[UUID, UUID, Role]] = {
    "manager": (figures.MANAGER, figures.COMPANY, Role.COMPANY_MANAGER),
    "supervisor": (figures.SUPERVISOR, figures.COMPANY, Role.SUPERVISOR),
    "other manager": (figures.OTHER_MANAGER, figures.OTHER_COMPANY, Role.COMPANY_MANAGER),
    "auditor": (figures.PEOPLE[3], figures.COMPANY, Role.AUDITOR),
    "school": (figures.SCHOOL_ADMIN, figures.SCHOOL, Role.SCHOOL_ADMIN),
    "product": (figures.PRODUCT_MANAGER, figures.PLATFORM, Role.PRODUCT_TEAM),
    "administrator": (figures.PLATFORM_ADMIN, figures.PLATFORM, Role.PLATFORM_ADMIN),
    "technician": (figures.PEOPLE[5], figures.COMPANY, Role.TECHNICIAN),
    "reviewer": (figures.PEOPLE[6], figures.COMPANY, Role.CONTENT_REVIEWER),
    "owner": (owners.OWNER_MANAGER, owners.OWNER, Role.BUILDING_OWNER),
    "other owner": (owners.OTHER_OWNER_MANAGER, owners.OTHER_OWNER, Role.BUILDING_OWNER),
    "student": (figures.STUDENTS[2], figures.SCHOOL, Role.STUDENT),
}


def principal_of(who: str) -> Principal:
    """One of the people of the figures with one role."""
    person_id, organization_id, role = PEOPLE[who]
    return Principal(person_id, figures.name_of(person_id), frozenset({Grant(organization_id, role)}))


@dataclass
class Visit:
    """Opens pages as somebody; the figures are a minute old."""

    settings: Settings
    monkeypatch: pytest.MonkeyPatch
    engine: Engine = field(default_factory=lambda: create_engine(UNREACHABLE))

    def start(self, who: str | Principal | None) -> AppTest:
        """The app as somebody sees it, on their home page."""
        return self._app(who).run()

    def open(self, who: str | Principal | None, page: str, **address: str) -> AppTest:
        """A page as somebody sees it who typed its address, with the filters in it."""
        app = self._app(who)
        entry = next(entry for entry in navigation.PAGES if f"{entry.area}/{entry.file}" == page)
        # `switch_page` knows pages by their address only after a first run; nobody who types one was on a page before.
        app._page_hash = calc_hash(entry.address)
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    def _app(self, who: str | Principal | None) -> AppTest:
        context = AppContext(self.settings, self.engine)
        context.__dict__["is_oidc_configured"] = False
        principal = principal_of(who) if isinstance(who, str) else who
        person = SignedIn(principal, "America/New_York") if principal else None
        self.monkeypatch.setattr(session, "installation", lambda: context)
        self.monkeypatch.setattr(session, "current_person", lambda _context, _now: person)
        return AppTest.from_file(str(ENTRY), default_timeout=60)


@pytest.fixture
def visit(released: tuple[Settings, ReleaseManifest], monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """Visits to the installation with the hand-made figures, a minute after they were made."""
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr(clock, "now", lambda: figures.AS_OF.replace(minute=figures.AS_OF.minute + 1))
    yield Visit(released[0], monkeypatch)
    st.cache_data.clear()
    st.cache_resource.clear()


def texts(app: AppTest) -> str:
    """Everything a page says in words, for looking something up in it."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))


def metrics(app: AppTest) -> dict[str, str]:
    """The page's figures by label, with ordinary spaces."""
    return {metric.label: metric.value.replace("\u202f", " ") for metric in app.metric}


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], pl.DataFrame]]:
    """What each table of the page opened last offers to download, by the table's key."""
    found: dict[str, Callable[[], pl.DataFrame]] = {}

    def keep(_viewer: object, whole: Callable[[], pl.DataFrame], *, key: str) -> None:
        found[key] = whole

    monkeypatch.setattr(tables, "show_downloads", keep)
    return found
