"""`sitesync badges`: thin commands on a real database; exit 1 unless a badge is valid."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner, Result

from app.cli import create_cli
from operational_db import clock
from operational_db.badges.baking import bake_png
from operational_db.badges.images import Picture, draw_png
from operational_db.database import unit_of_work
from operational_db.tables.badges import Badge
from operational_db.tables.credentials import Certificate
from operational_db.types import VerificationStatus
from tests.builders import create_certificate

Run = Callable[..., Result]


@pytest.fixture
def run(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SITESYNC_DATABASE_URL", committed_url)
    monkeypatch.setenv("SITESYNC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SITESYNC_PUBLIC_URL", "https://training.example")
    return lambda *arguments: CliRunner().invoke(create_cli("badges"), ["badges", *arguments])


@pytest.fixture
def engine_with_certificates(committed_engine: Engine) -> Engine:
    with unit_of_work(committed_engine) as session:
        for _ in range(3):
            create_certificate(session, expires_on=date(2099, 1, 1))
        create_certificate(session, verification_status=VerificationStatus.PENDING)
    return committed_engine


def badges(engine: Engine) -> list[Badge]:
    with unit_of_work(engine) as session:
        return list(session.scalars(select(Badge).order_by(Badge.status_index)))


def test_issue_reaches_every_verified_certificate_once(run: Run, engine_with_certificates: Engine) -> None:
    assert "3 verified certificates have no badge" in run("issue", "--dry-run").output
    assert badges(engine_with_certificates) == []
    result = run("issue")
    assert result.exit_code == 0
    assert "Issued 3 badges, signed as did:web:training.example#z6Mk" in result.output
    assert "0 verified certificates have no badge" in run("issue").output
    assert len(badges(engine_with_certificates)) == 3


def test_a_file_is_verified_and_decides_the_exit_code(
    run: Run, engine_with_certificates: Engine, tmp_path: Path
) -> None:
    run("issue")
    badge = badges(engine_with_certificates)[0]
    picture = tmp_path / "badge.png"
    picture.write_bytes(bake_png(draw_png(Picture("a", "b")), badge.credential))
    result = run("verify", str(picture), "--offline")
    assert result.exit_code == 0
    assert "VALID on" in result.output and "passed  signature" in result.output
    assert run("verify", str(picture), "--offline", "--on", "2099-01-02").exit_code == 1
    with unit_of_work(engine_with_certificates) as session:
        certificate = session.get_one(Certificate, badge.certificate_id)
        certificate.revoked_at, certificate.revoked_from = clock.now(), clock.today()
    result = run("verify", str(picture), "--offline")
    assert result.exit_code == 1
    assert "REVOKED on" in result.output and "FAILED  status" in result.output
    assert run("verify", "no such number", "--offline").exit_code == 1


def test_rotation_keeps_former_badges_and_renew_signs_them_anew(run: Run, engine_with_certificates: Engine) -> None:
    run("issue")
    before = badges(engine_with_certificates)
    assert "Signs now:" in run("key", "rotate").output
    listed = run("key", "list").output
    assert "signed before" in listed and "signs now" in listed
    assert run("verify", before[0].public_id).exit_code == 0
    assert "3 badges name a former key or address" in run("renew", "--dry-run").output
    assert "Signed 3 badges anew" in run("renew").output
    after = badges(engine_with_certificates)
    assert [badge.public_id for badge in after] == [badge.public_id for badge in before]
    assert {badge.key_id for badge in after}.isdisjoint({badge.key_id for badge in before})
    assert "0 badges" in run("renew").output
    assert "Published 1 status lists" in run("rebuild-lists").output
