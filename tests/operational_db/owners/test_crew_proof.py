"""The proof of a crew check: checked by the bundle's own program, and holding no more than was told."""

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import orjson
import pytest
from sqlalchemy import Engine

from operational_db.database import unit_of_work
from operational_db.errors import NotFoundError
from operational_db.evidence.verify_bundle import verify_bundle
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.ledger.append import append_events
from operational_db.ledger.events import CertificateIssued
from operational_db.ledger.keys import LogSigner, load_or_create_signer
from operational_db.owners import crew
from operational_db.owners.crew_proof import proof_of
from operational_db.settings import Settings
from operational_db.tables.credentials import Certificate
from tests.operational_db.owners.owner_world import OwnerWorld, create_world


@pytest.fixture
def signer(tmp_path: Path) -> LogSigner:
    return load_or_create_signer(Settings(home=tmp_path / "home"))


@pytest.fixture
def world(committed_engine: Engine, now: datetime) -> Iterator[OwnerWorld]:
    with unit_of_work(committed_engine) as session:
        world = create_world(session, now)
        held = session.get_one(Certificate, world.ann_certificate_id)
        names = {field for field in CertificateIssued.__dataclass_fields__}
        values: dict[str, Any] = {
            "subject_id": held.person_id, "organization_id": None, "occurred_at": now, "certificate_id": held.id,
            "certification_id": held.certification_id, "issued_on": held.issued_on, "expires_on": held.expires_on,
            "earned_through": held.earned_through, "is_verified": True, "enrollment_id": None, "course_id": None,
            "first_earned_on": held.first_earned_on, "path_id": None, "track_id": None,
        }  # fmt: skip
        append_events(session, [CertificateIssued(**{k: v for k, v in values.items() if k in names})], now=now)
    yield world


@pytest.mark.requirement("US-TC027", "OWN-01")
def test_the_owner_takes_away_a_proof_that_checks_and_tells_no_more(
    committed_engine: Engine, world: OwnerWorld, signer: LogSigner, now: datetime, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {"person_ids": [world.id_of("ann"), world.id_of("bob")], "work_on": world.today, "now": now}
    answer = crew.check_crew(committed_engine, world["owner"], equipment_id=world.lift_id, **asked)
    assert answer.decision_id is not None
    content = proof_of(committed_engine, world["owner"], decision_id=answer.decision_id, signer=signer, now=now)
    folder = tmp_path / "proof"
    with ZipFile(BytesIO(content)) as packed:
        packed.extractall(folder)
    report = verify_bundle(folder, signer.vkey)
    assert report.bad_files == []
    kinds = [
        orjson.loads(line.split(b" ", 1)[1])["kind"] for line in (folder / "entries.txt").read_bytes().splitlines()
    ]
    assert sorted(kinds) == ["certificate.issued", "crew.decided", "crew.rule_set"]
    assert len(list((folder / "proofs").glob("*.tlog-proof"))) == 3
    told = orjson.loads((folder / "answer.json").read_bytes())
    assert told["is_qualified"] is True
    assert [each["certificate_id"] for each in told["certificates"]] == [str(world.ann_certificate_id)]
    # Nobody's name, and nothing of what bob once held.
    everything = b"".join(path.read_bytes() for path in folder.rglob("*.json")) + (folder / "entries.txt").read_bytes()
    assert world["ann"].display_name.encode() not in everything

    changed = folder / "answer.json"
    changed.write_bytes(changed.read_bytes().replace(b"true", b"false"))
    assert "answer.json" in verify_bundle(folder, signer.vkey).bad_files


@pytest.mark.parametrize("who", ["other_owner", "other_manager", "ann", "supervisor"])
def test_nobody_else_takes_it_away(
    committed_engine: Engine, world: OwnerWorld, signer: LogSigner, now: datetime, who: str
) -> None:
    asked: dict[str, Any] = {"person_ids": [world.id_of("ann")], "work_on": world.today, "now": now}
    answer = crew.check_crew(committed_engine, world["manager"], equipment_id=world.lift_id, **asked)
    assert answer.decision_id is not None
    with pytest.raises(NotFoundError):
        proof_of(committed_engine, world[who], decision_id=answer.decision_id, signer=signer, now=now)
    assert proof_of(committed_engine, SYSTEM_PRINCIPAL, decision_id=answer.decision_id, signer=signer, now=now)
