"""A signer under a public address, and badges of verified certificates."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from operational_db.badges.keys import BadgeSigner, load_or_create_badge_signer
from operational_db.badges.service import issue_badge
from operational_db.settings import Settings
from operational_db.tables.badges import Badge
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Person
from tests.builders import create_certificate, create_certification, create_person

ADDRESS = "https://training.example"
IssueBadge = Callable[..., Badge]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", public_url=ADDRESS)


@pytest.fixture
def signer(settings: Settings) -> BadgeSigner:
    return load_or_create_badge_signer(settings)


@pytest.fixture
def holder(session: Session) -> Person:
    return create_person(session, display_name="Ada Holder", email="ada@example.com")


@pytest.fixture
def certification(session: Session) -> Certification:
    return create_certification(
        session,
        name="Elevator Safety Level 1",
        issuing_organization="Example Safety Board",
        training_required="Sixteen hours of instruction.",
        exam_required=True,
    )


@pytest.fixture
def certificate(session: Session, holder: Person, certification: Certification) -> Certificate:
    return create_certificate(
        session,
        holder,
        certification,
        issued_on=date(2026, 1, 5),
        expires_on=date(2027, 1, 5),
        certificate_number="ESB-1001",
    )


@pytest.fixture
def badge(session: Session, signer: BadgeSigner, certificate: Certificate, now: datetime) -> Badge:
    return issue_badge(session, signer, certificate_id=certificate.id, now=now)
