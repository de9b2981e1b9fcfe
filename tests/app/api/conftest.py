"""A running API on a fresh database, and callers with tokens of each role."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.api.application import create_api
from app.context import AppContext
from operational_db import clock
from operational_db.database import unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import mint_token
from operational_db.settings import Settings
from operational_db.tables.identity import Organization, Team
from operational_db.types import OrganizationKind, Role
from tests.builders import create_membership, create_organization, create_person, create_team


@dataclass
class Api:
    """Calls the API as one of the people made beforehand; `call` sends the bearer token."""

    client: TestClient
    engine: Engine
    settings: Settings
    tokens: dict[str, str] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)

    def call(self, method: str, path: str, who: str | None = None, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return self.client.request(method, path, headers=headers, **options)

    def add_person(
        self, session: Session, name: str, organization: Organization, role: Role, team: Team | None = None
    ) -> UUID:
        person = create_person(session, display_name=name.capitalize())
        create_membership(session, person, organization, role, team)
        lifetime = timedelta(hours=1)
        self.tokens[name] = mint_token(
            session, SYSTEM_PRINCIPAL, person_id=person.id, label="test", lifetime=lifetime, now=clock.now()
        )
        self.people[name] = person.id
        return person.id


@dataclass
class World:
    """Two companies: `own` with a manager and two technicians in a team, and `other` with its own manager."""

    api: Api
    own_id: UUID
    other_id: UUID
    team_id: UUID


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def api(committed_engine: Engine, settings: Settings) -> Iterator[Api]:
    with TestClient(create_api(AppContext(settings, committed_engine))) as client:
        yield Api(client, committed_engine, settings)


@pytest.fixture
def world(api: Api) -> World:
    with unit_of_work(api.engine) as session:
        own, other = create_organization(session), create_organization(session)
        platform = create_organization(session, OrganizationKind.PLATFORM)
        team = create_team(session, own)
        api.add_person(session, "manager", own, Role.COMPANY_MANAGER)
        api.add_person(session, "ann", own, Role.TECHNICIAN, team)
        api.add_person(session, "bob", own, Role.TECHNICIAN, team)
        api.add_person(session, "stranger", other, Role.COMPANY_MANAGER)
        api.add_person(session, "admin", platform, Role.PLATFORM_ADMIN)
        return World(api, own.id, other.id, team.id)
