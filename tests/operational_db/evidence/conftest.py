"""A company with people, records and an open gate, committed to a database of the test's own, and the log's key."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlalchemy import Engine

from operational_db.database import unit_of_work
from operational_db.evidence.rules import BundleScope
from operational_db.evidence.service import export_bundle
from operational_db.evidence.views import BundleFile
from operational_db.identity.rules import Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import CertificateIssued, Event, TipShown
from operational_db.ledger.keys import LogSigner, load_or_create_signer
from operational_db.settings import Settings
from operational_db.tables.gates import GateRule
from operational_db.types import EarnedThrough, GateMode, Role, new_id
from tests import builders
from tests.operational_db.evidence.logs import create_attempt, create_reached
from tests.operational_db.principals import principal_of


@dataclass(frozen=True)
class Company:
    """Ids and principals of what the tests ask about; `other_*` belong to another organization."""

    organization_id: UUID
    other_organization_id: UUID
    auditor: Principal
    technician: Principal
    colleague: Principal
    other_auditor: Principal
    other_technician: Principal


@pytest.fixture
def signer(tmp_path: Path) -> LogSigner:
    return load_or_create_signer(Settings(home=tmp_path / "home", ledger_origin="tests.example/ledger"))


@pytest.fixture
def company(committed_engine: Engine, now: datetime) -> Company:
    """Three records each of two technicians, one each of another company's, and a gate that is only tried out."""
    with unit_of_work(committed_engine) as session:
        organization, other = builders.create_organization(session), builders.create_organization(session)
        people = {}
        for name, where, role in (
            ("auditor", organization, Role.AUDITOR),
            ("technician", organization, Role.TECHNICIAN),
            ("colleague", organization, Role.TECHNICIAN),
            ("other_auditor", other, Role.AUDITOR),
            ("other_technician", other, Role.TECHNICIAN),
        ):
            person = builders.create_person(session, display_name=f"Name of {name}")
            builders.create_membership(session, person, where, role)
            people[name] = principal_of(person, where, role)
        session.add(create_gate(GateMode.DRY_RUN))
        events: list[Event] = []
        for name, where in (("technician", organization), ("colleague", organization), ("other_technician", other)):
            events += records_of(people[name].person_id, where.id, now)
        append_events(session, events, now=now)
        return Company(organization.id, other.id, **people)


def records_of(person_id: UUID, organization_id: UUID, now: datetime) -> list[Event]:
    """An attempt and the level it led to, ten days ago; a certificate recorded by nobody in particular; a tip."""
    attempt = create_attempt(person_id, at=now - timedelta(days=10))
    attempt = type(attempt)(**{**vars(attempt), "organization_id": organization_id})
    return [
        attempt,
        create_reached(attempt),
        CertificateIssued(
            subject_id=person_id,
            organization_id=None,
            occurred_at=now - timedelta(days=400),
            certificate_id=new_id(),
            certification_id=new_id(),
            issued_on=(now - timedelta(days=400)).date(),
            expires_on=None,
            earned_through=EarnedThrough.EXTERNAL,
            is_verified=True,
        ),
        TipShown(
            subject_id=person_id,
            organization_id=organization_id,
            occurred_at=now,
            feature_id=new_id(),
            action="data-export",
        ),
    ]


def create_gate(mode: GateMode, organization_id: UUID | None = None) -> GateRule:
    return GateRule(
        organization_id=organization_id,
        action="evidence-export",
        version=1,
        mode=mode,
        requirements=[{"scope": "data-export", "level": "completed", "within": {"days": 90}}],
        effective_from=date(2025, 1, 1),
    )


class Export(Protocol):
    def __call__(
        self, principal: Principal, scope: BundleScope, *, has_names: bool = True
    ) -> tuple[BundleFile, Path]: ...


@pytest.fixture
def export(committed_engine: Engine, signer: LogSigner, tmp_path: Path, now: datetime) -> Export:
    """Export as somebody and unzip."""

    def export_and_unzip(
        principal: Principal, scope: BundleScope, *, has_names: bool = True
    ) -> tuple[BundleFile, Path]:
        bundle = export_bundle(
            committed_engine,
            principal,
            scope=scope,
            signer=signer,
            target=tmp_path / f"{new_id()}.zip",
            now=now,
            has_names=has_names,
        )
        folder = bundle.path.with_suffix("")
        with ZipFile(bundle.path) as packed:
            packed.extractall(folder)
        return bundle, folder

    return export_and_unzip
