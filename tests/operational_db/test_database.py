"""Connections, units of work and read-only sessions, on every kind of server we may meet."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from operational_db.database import (
    create_database_engine,
    create_owner_engine,
    read_only_session,
    sqlalchemy_url,
    unit_of_work,
)
from operational_db.embedded import migrate
from operational_db.errors import DatabaseUnavailableError
from tests import builders


@pytest.fixture
def plain_user_url(empty_database_url: Callable[[], str]) -> Iterator[str]:
    """An empty database on a hosted server: our user owns it and is no superuser."""
    url = make_url(empty_database_url())
    name = f"hosted_{uuid4().hex[:8]}"
    owner = create_owner_engine(url.render_as_string(hide_password=False))
    with unit_of_work(owner) as session:
        session.execute(text(f"create role {name} login"))
        session.execute(text(f"alter database {url.database} owner to {name}"))
    yield url.set(username=name).render_as_string(hide_password=False)
    with unit_of_work(owner) as session:
        session.execute(text(f"reassign owned by {name} to current_user"))
        session.execute(text(f"drop owned by {name}"))
        session.execute(text(f"drop role {name}"))
    owner.dispose()


class TestAddresses:
    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
    def test_any_spelling_of_postgresql_gets_our_driver(self, scheme: str) -> None:
        assert sqlalchemy_url(f"{scheme}://user@host/name") == "postgresql+psycopg://user@host/name"

    @pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://host/name", "host/name", ""])
    def test_another_database_is_refused_with_the_setting_to_change(self, url: str) -> None:
        with pytest.raises(DatabaseUnavailableError, match="SITESYNC_DATABASE_URL"):
            sqlalchemy_url(url)


class TestConnections:
    def test_speak_utc(self, engine: Engine) -> None:
        with engine.connect() as connection:
            assert connection.scalar(text("show timezone")) == "UTC"

    def test_a_hosted_server_that_gives_us_no_role_is_used_with_the_rights_we_have(self, plain_user_url: str) -> None:
        migrate(plain_user_url)
        engine = create_database_engine(plain_user_url)
        with unit_of_work(engine) as session:
            assert session.scalar(text("select current_user")) == make_url(plain_user_url).username
            builders.create_person(session)
        with pytest.raises(DBAPIError, match="append-only"), unit_of_work(engine) as session:
            session.execute(text("delete from ledger_events"))
        engine.dispose()

    def test_a_database_that_is_not_there_is_unavailable(self) -> None:
        engine = create_database_engine("postgresql://nobody@127.0.0.1:1/nothing")
        with pytest.raises(DatabaseUnavailableError), unit_of_work(engine) as session:
            session.execute(text("select 1"))
        with pytest.raises(DatabaseUnavailableError), read_only_session(engine) as session:
            session.execute(text("select 1"))


class TestUnitOfWork:
    def test_commits_at_the_end_and_rolls_back_on_any_error(self, committed_engine: Engine) -> None:
        with unit_of_work(committed_engine) as session:
            builders.create_person(session, display_name="Kept")
        with pytest.raises(KeyError), unit_of_work(committed_engine) as session:
            builders.create_person(session, display_name="Lost")
            raise KeyError
        with read_only_session(committed_engine) as session:
            assert session.scalars(text("select display_name from people")).all() == ["Kept"]


class TestReadOnlySession:
    def test_refuses_to_write(self, committed_engine: Engine) -> None:
        with pytest.raises(DBAPIError, match="read-only"), read_only_session(committed_engine) as session:
            builders.create_person(session)

    def test_sees_one_state_however_long_it_reads(self, committed_engine: Engine) -> None:
        count = text("select count(*) from people")
        with read_only_session(committed_engine) as reader:
            assert reader.scalar(count) == 0
            with unit_of_work(committed_engine) as session:
                builders.create_person(session)
            assert reader.scalar(count) == 0
