"""A company whose gates are enforced, people of every role in it, and another company; one database for each file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select

from app.api.application import create_api
from app.context import AppContext
from operational_db import clock
from operational_db.database import create_database_engine, read_only_session, unit_of_work
from operational_db.gates import service as gates
from operational_db.gates.rules import Requirement
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import erase_person, mint_token, principal_for
from operational_db.proficiency.service import record_evidence
from operational_db.settings import Settings
from operational_db.tables.identity import Organization, Team
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import GateMode, OrganizationKind, ProficiencyLevel, Role
from tests.app.api.conftest import Api
from tests.builders import create_membership, create_organization, create_person, create_team
from tests.databases import UrlOf, copied_database

ACTION = "data-export"
SCOPE = "data-export"
# Every role that a company can have, and how its holder is called in these tests.
ROLES = {
    "technician": Role.TECHNICIAN,
    "student": Role.STUDENT,
    "mentor": Role.MENTOR,
    "supervisor": Role.SUPERVISOR,
    "manager": Role.COMPANY_MANAGER,
    "instructor": Role.INSTRUCTOR,
    "auditor": Role.AUDITOR,
    "reviewer": Role.CONTENT_REVIEWER,
}
NOBODY = "nobody"


@dataclass
class GateWorld:
    """`ann` is proficient in the scope, `bob` was never trained, `zoe` was erased; `stranger` manages the other one."""

    api: Api
    own_id: UUID
    other_id: UUID
    team_id: UUID
    evidence_ids: list[UUID] = field(default_factory=list)

    def call(self, method: str, path: str, who: str | None = "supervisor", **options: Any) -> Any:
        headers = {**options.pop("headers", {})}
        if who is not None and who != NOBODY:
            headers["Authorization"] = f"Bearer {self.api.tokens[who]}"
        return self.api.client.request(method, path, headers=headers, **options)

    def id_of(self, who: str) -> UUID:
        return self.api.people[who]

    def principal(self, who: str) -> Principal:
        with read_only_session(self.api.engine) as session:
            return principal_for(session, self.id_of(who), on=clock.today())

    def count_events(self, kind: str) -> int:
        with read_only_session(self.api.engine) as session:
            statement = select(func.count()).select_from(LedgerEvent).where(LedgerEvent.kind == kind)
            return session.scalar(statement) or 0

    def prove(self, who: str, level: ProficiencyLevel = ProficiencyLevel.PROFICIENT, days_ago: int = 1) -> list[UUID]:
        """Evidence in the scope, reached so many days ago; the certified one comes by itself."""
        now = clock.now()
        with unit_of_work(self.api.engine) as session:
            rows = record_evidence(
                session,
                person_id=self.id_of(who),
                organization_id=self.own_id,
                scopes=[SCOPE],
                lesson_id=None,
                lesson_version=None,
                level=level,
                achieved_at=now - timedelta(days=days_ago),
                now=now - timedelta(days=days_ago),
            )
            return [row.id for row in rows]

    def add(self, who: str, organization: Organization, role: Role, team: Team | None = None) -> UUID:
        with unit_of_work(self.api.engine) as session:
            person = create_person(session, display_name=who.capitalize(), oidc_subject=f"idp-{who}")
            create_membership(session, person, organization, role, team)
            lifetime = timedelta(hours=1)
            self.api.tokens[who] = mint_token(session, SYSTEM_PRINCIPAL, person.id, "test", lifetime, clock.now())
            self.api.people[who] = person.id
            return person.id


@pytest.fixture(scope="module")
def gate_engine(server_url_of: UrlOf, template_database: str) -> Iterator[Engine]:
    with copied_database(server_url_of, template_database) as url:
        engine = create_database_engine(url, pool_size=10)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def gate_world(gate_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateWorld]:
    settings = Settings(home=Path(tmp_path_factory.mktemp("home")))
    with TestClient(create_api(AppContext(settings, gate_engine))) as client:
        with unit_of_work(gate_engine) as session:
            own, other = create_organization(session), create_organization(session)
            platform = create_organization(session, OrganizationKind.PLATFORM)
            team = create_team(session, own)
        made = GateWorld(Api(client, gate_engine, settings), own.id, other.id, team.id)
        for who, role in ROLES.items():
            made.add(who, own, role)
        for who in ("ann", "bob"):
            made.add(who, own, Role.TECHNICIAN, team)
        made.add("zoe", own, Role.TECHNICIAN)
        made.add("stranger", other, Role.COMPANY_MANAGER)
        made.add("product", platform, Role.PRODUCT_TEAM)
        made.add("admin", platform, Role.PLATFORM_ADMIN)
        set_rule(made)
        made.evidence_ids = made.prove("ann")
        with unit_of_work(gate_engine) as session:
            erase_person(session, SYSTEM_PRINCIPAL, person_id=made.id_of("zoe"), now=clock.now())
        yield made


def set_rule(world: GateWorld, mode: GateMode = GateMode.ENFORCE, **fields: Any) -> UUID:
    """The organization's rule of the seed: proficient in the scope within 12 months."""
    with unit_of_work(world.api.engine) as session:
        rule = gates.set_gate_rule(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=world.own_id,
            action=fields.pop("action", ACTION),
            requirements=fields.pop(
                "requirements", [Requirement(ProficiencyLevel.PROFICIENT, scope=SCOPE, within_months=12)]
            ),
            mode=mode,
            now=clock.now(),
            **fields,
        )
        return rule.id
