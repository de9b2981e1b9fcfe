"""`sitesync certificates`: the queue, decisions, renewals and what expires, on a real database."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner, Result

from app.cli import create_cli
from operational_db import clock
from operational_db.credentials import service, verification
from operational_db.database import unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.tables.credentials import Certificate, TrackCertification
from operational_db.tables.gates import TrainingTrack
from operational_db.tables.identity import Person
from operational_db.types import CertificationSource, Persona, TrackTier, VerificationStatus
from tests import builders
from tests.operational_db.notifications.reminding import NOW, create_held

TODAY = NOW.date()
Run = Callable[..., Result]


@pytest.fixture
def run(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path))
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return lambda *arguments: CliRunner().invoke(create_cli("certificates"), ["certificates", *arguments])


@pytest.fixture
def ann(committed_engine: Engine) -> UUID:
    with unit_of_work(committed_engine) as session:
        person = builders.create_person(session, display_name="Ann")
        builders.create_membership(session, person, builders.create_organization(session, slug="own"))
        builders.create_organization(session, slug="other")
        return person.id


def report(engine: Engine, person_id: UUID) -> tuple[UUID, UUID]:
    """A claim that waits for verification, and its request."""
    with unit_of_work(engine) as session:
        held = service.add_self_reported(
            session,
            SYSTEM_PRINCIPAL,
            person_id=person_id,
            certification_id=builders.create_certification(session, name="Rope rescue").id,
            issued_on=TODAY - timedelta(days=10),
            now=NOW,
        )
        case = verification.open_case(session, SYSTEM_PRINCIPAL, certificate_id=held.id, document_id=None, now=NOW)
        return held.id, case.id


def test_the_queue_is_listed_without_names_and_decided(run: Run, committed_engine: Engine, ann: UUID) -> None:
    certificate_id, case_id = report(committed_engine, ann)
    listed = run("queue", "--organization", "own").output
    assert f"{case_id}  {ann}  Rope rescue" in listed
    assert "without a document" in listed
    assert "Ann" not in listed
    assert "0 waiting." in run("queue", "--organization", "other").output
    without_reason = run("decide", str(case_id), "--reject")
    assert without_reason.exit_code == 1
    assert "Say why" in without_reason.output
    assert "is verified" in run("decide", str(case_id), "--approve").output
    with unit_of_work(committed_engine) as session:
        assert session.get_one(Certificate, certificate_id).verification_status is VerificationStatus.VERIFIED
    assert "0 waiting." in run("queue", "--organization", "own").output
    assert run("queue", "--organization", "none-such").exit_code == 1


def test_renewals_say_what_is_missing_and_dry_runs_write_nothing(run: Run, committed_engine: Engine, ann: UUID) -> None:
    with unit_of_work(committed_engine) as session:
        person = session.get_one(Person, ann)
        ours = builders.create_certification(session, source=CertificationSource.SITESYNC)
        foreign = builders.create_certification(session, source=CertificationSource.GOVERNMENT)
        ready = create_held(session, person, TODAY + timedelta(days=10), ours).id
        elsewhere = create_held(session, person, TODAY + timedelta(days=10), foreign).id
    dry = run("renew", str(ready), "--dry-run")
    assert (dry.exit_code, dry.output.strip()) == (0, f"{ready}  nothing is missing")
    done = run("renew", str(ready), str(elsewhere))
    assert done.exit_code == 1
    assert f"{ready}  renewed by " in done.output
    assert f"{elsewhere}  SiteSync renews it. Report the renewed certificate" in done.output
    assert run("renew", str(ready)).exit_code == 0


def test_what_expires_is_listed(run: Run, committed_engine: Engine, ann: UUID) -> None:
    with unit_of_work(committed_engine) as session:
        held = create_held(session, session.get_one(Person, ann), TODAY + timedelta(days=10)).id
    assert f"{held}  {ann}" in run("expiring", "--organization", "own").output
    assert "0 expire within 9 days." in run("expiring", "--organization", "own", "--within-days", "9").output


def test_a_kind_is_registered_and_a_certificate_of_it_revoked(run: Run, committed_engine: Engine, ann: UUID) -> None:
    terms = ("--source", "employer", "--category", "safety", "--months", "24")
    made = run("register", "OWN-1", "Rope work", *terms, "--organization", "own")
    kind_id = UUID(made.output.strip())
    assert run("register", "OWN-1", "Again", *terms, "--issuer", "Somebody").exit_code == 1
    with unit_of_work(committed_engine) as session:
        held = service.issue_certificate(
            session, SYSTEM_PRINCIPAL, person_id=ann, certification_id=kind_id, issued_on=TODAY, now=NOW
        )
        certificate_id = held.id
    answer = run("revoke", str(certificate_id), "--reason", "Issued in error")
    assert (answer.exit_code, "cannot be undone" in answer.output) == (1, True)
    assert run("revoke", str(certificate_id), "--reason", "Issued in error", "--yes").exit_code == 0
    with unit_of_work(committed_engine) as session:
        revoked = session.get_one(Certificate, certificate_id)
        assert (revoked.revoked_from, revoked.revocation_reason) == (TODAY, "Issued in error")
    assert run("revoke", str(certificate_id), "--reason", "Again", "--yes").exit_code == 1


def test_a_track_earns_what_the_operator_says(run: Run, committed_engine: Engine) -> None:
    with unit_of_work(committed_engine) as session:
        session.add(TrainingTrack(persona=Persona.ENGINEER, tier=TrackTier.CORE, title="Engineer core"))
        kind_id = builders.create_certification(session).id
    assert run("earned-by-track", "Engineer core", str(kind_id)).exit_code == 0
    with unit_of_work(committed_engine) as session:
        assert session.scalars(select(TrackCertification.certification_id)).all() == [kind_id]
    assert run("earned-by-track", "Engineer core").exit_code == 0
    with unit_of_work(committed_engine) as session:
        assert session.scalars(select(TrackCertification.certification_id)).all() == []
    assert run("earned-by-track", "No such track").exit_code == 1
