"""Exporting: what each scope holds, whose names are told, who is refused, and what is left on record."""

import csv
import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Never
from uuid import UUID
from zipfile import ZipFile

import psycopg
import pytest
from sqlalchemy import Engine, select, text

from operational_db.database import create_owner_engine, read_only_session, unit_of_work
from operational_db.errors import (
    DatabaseUnavailableError,
    GateDeniedError,
    InvalidInputError,
    LedgerTamperedError,
    NotAuthorizedError,
    NotFoundError,
)
from operational_db.evidence.rules import BundleKind, BundleScope
from operational_db.evidence.service import export_bundle, list_exports
from operational_db.evidence.verify_bundle import single_proof, verify_bundle
from operational_db.identity.rules import PERMISSIONS_OF_ROLE, SYSTEM_PRINCIPAL, Permission
from operational_db.identity.service import erase_person
from operational_db.ledger.append import append_events
from operational_db.ledger.checkpoints import latest_signed_checkpoint
from operational_db.ledger.keys import LogSigner, load_or_create_signer, rotate_key
from operational_db.ledger.proofs import tlog_proof
from operational_db.ledger.verify import verify_ledger
from operational_db.settings import Settings
from operational_db.tables.gates import EvidenceBundle, Incident, IncidentPerson
from operational_db.tables.identity import Membership
from operational_db.tables.ledger import LedgerEvent, LedgerLeaf
from operational_db.types import GateMode, Role, new_id
from tests import builders
from tests.operational_db.evidence.conftest import Company, Export, create_gate, records_of
from tests.operational_db.evidence.logs import create_attempt
from tests.operational_db.principals import body_of, events_about, principal_of

HELD = {"lesson.attempt_graded": 2, "proficiency.reached": 2, "certificate.issued": 2}


def of_organization(company: Company, from_on: date | None = None, to_on: date | None = None) -> BundleScope:
    return BundleScope(BundleKind.ORGANIZATION, company.organization_id, from_on=from_on, to_on=to_on)


def records_in(folder: Path) -> list[dict[str, object]]:
    records: list[dict[str, object]] = json.loads((folder / "records.json").read_text())
    return records


def kinds_in(folder: Path) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for record in records_in(folder):
        kinds[str(record["kind"])] = kinds.get(str(record["kind"]), 0) + 1
    return kinds


class TestScopes:
    @pytest.mark.requirement("EMB-16")
    def test_an_organization_gets_its_records_and_its_peoples_certificates_and_nobody_elses(
        self, company: Company, export: Export, signer: LogSigner
    ) -> None:
        """CSV and JSON with the signed hash of the ledger (embedded-training seed, governance and reporting)."""
        bundle, folder = export(company.auditor, of_organization(company))
        assert verify_bundle(folder, signer.vkey).problems == []
        # The gate's own decision comes first, then the export reads.
        assert kinds_in(folder) == {**HELD, "gate.decided": 1}
        assert bundle.record_count == 7
        subjects = {record["user_id"] for record in records_in(folder)}
        assert subjects == {
            str(someone.person_id) for someone in (company.technician, company.colleague, company.auditor)
        }
        with (folder / "records.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert {row["user_name"] for row in rows} == {"Name of technician", "Name of colleague", "Name of auditor"}
        attempt = next(row for row in rows if row["kind"] == "lesson.attempt_graded")
        assert (attempt["score"], attempt["attempt_number"], attempt["issued_on"]) == ("85.5", "1", "2026-10-23")

    def test_a_period_ends_with_its_last_day(self, company: Company, export: Export, now: datetime) -> None:
        day = (now - timedelta(days=10)).date()
        _, folder = export(company.auditor, of_organization(company, from_on=day, to_on=day))
        assert kinds_in(folder) == {"lesson.attempt_graded": 2, "proficiency.reached": 2}
        _, folder = export(company.auditor, of_organization(company, to_on=day - timedelta(days=1)))
        assert kinds_in(folder) == {"certificate.issued": 2}

    def test_a_period_with_nothing_in_it_is_an_empty_bundle_that_verifies(
        self, company: Company, export: Export, signer: LogSigner, now: datetime
    ) -> None:
        day = now.date() - timedelta(days=3000)
        bundle, folder = export(company.auditor, of_organization(company, from_on=day, to_on=day))
        assert (bundle.record_count, records_in(folder)) == (0, [])
        assert verify_bundle(folder, signer.vkey).problems == []

    def test_a_person_for_the_organization_and_for_herself(self, company: Company, export: Export) -> None:
        person_id = company.technician.person_id
        scope = BundleScope(BundleKind.PERSON, organization_id=company.organization_id, person_id=person_id)
        _, folder = export(company.auditor, scope)
        assert kinds_in(folder) == {"lesson.attempt_graded": 1, "proficiency.reached": 1, "certificate.issued": 1}
        own, folder = export(company.technician, BundleScope(BundleKind.PERSON, person_id=person_id))
        assert kinds_in(folder)["tip.shown"] == 1
        assert {record["user_name"] for record in records_in(folder)} == {"Name of technician"}
        assert own.record_count == 4

    def test_a_certification_scope(self, company: Company, export: Export) -> None:
        scope = BundleScope(
            BundleKind.CERTIFICATION_SCOPE, organization_id=company.organization_id, certification_scope="data-export"
        )
        _, folder = export(company.auditor, scope)
        assert kinds_in(folder) == {"lesson.attempt_graded": 2, "proficiency.reached": 2, "gate.decided": 1}
        _, folder = export(company.auditor, replace(scope, certification_scope="pii"))
        assert kinds_in(folder) == {"lesson.attempt_graded": 2}
        _, folder = export(company.auditor, replace(scope, certification_scope="prod-change"))
        assert records_in(folder) == []

    def test_an_incident_holds_what_those_involved_had_shown_for_its_scope(
        self, company: Company, export: Export, committed_engine: Engine, now: datetime
    ) -> None:
        incident_id = add_incident(committed_engine, company, now)
        _, folder = export(company.auditor, BundleScope(BundleKind.INCIDENT, incident_id=incident_id))
        assert kinds_in(folder) == {"lesson.attempt_graded": 1, "proficiency.reached": 1}
        assert {record["user_id"] for record in records_in(folder)} == {str(company.colleague.person_id)}

    def test_a_figure_holds_the_entries_behind_it(
        self, company: Company, export: Export, committed_engine: Engine
    ) -> None:
        export(company.auditor, of_organization(company))
        indexes = leaf_indexes_of(committed_engine, company.technician.person_id)
        scope = BundleScope(
            BundleKind.FIGURE,
            organization_id=company.organization_id,
            figure="coverage_by_persona_track.coverage_rate",
            figure_value="0.5",
            leaf_indexes=tuple(indexes),
        )
        _, folder = export(company.auditor, scope)
        assert [record["ledger_index"] for record in records_in(folder)] == indexes
        manifest = json.loads((folder / "manifest.json").read_text())
        assert manifest["scope"]["figure"] == "coverage_by_persona_track.coverage_rate"

    def test_the_operator_may_export_a_period_of_the_whole_platform(
        self, company: Company, export: Export, now: datetime
    ) -> None:
        scope = BundleScope(BundleKind.PERIOD, from_on=now.date() - timedelta(days=700), to_on=now.date())
        _, folder = export(SYSTEM_PRINCIPAL, scope)
        assert kinds_in(folder) == {"lesson.attempt_graded": 3, "proficiency.reached": 3, "certificate.issued": 3}


class TestPersonalData:
    def test_names_can_be_left_out(self, company: Company, export: Export) -> None:
        _, folder = export(company.auditor, of_organization(company), has_names=False)
        assert {record["user_name"] for record in records_in(folder)} == {None}
        assert no_file_names(folder, "Name of")

    def test_who_left_is_named_and_what_came_after_is_no_business_of_the_organization(
        self, company: Company, export: Export, committed_engine: Engine, now: datetime
    ) -> None:
        with unit_of_work(committed_engine) as session:
            membership = session.scalars(
                select(Membership).where(Membership.person_id == company.colleague.person_id)
            ).one()
            membership.ended_on = now.date() - timedelta(days=5)
            later = records_of(company.colleague.person_id, company.other_organization_id, now + timedelta(days=10))
            append_events(session, later, now=now)
        _, folder = export(company.auditor, of_organization(company))
        assert kinds_in(folder)["lesson.attempt_graded"] == 2
        # The certificate is 400 days old; the level reached elsewhere after she left is not there.
        assert kinds_in(folder)["proficiency.reached"] == 2

    @pytest.mark.requirement("EMB-16")
    def test_an_erased_person_has_no_name_in_any_bundle_and_the_ledger_verifies(
        self, company: Company, export: Export, committed_engine: Engine, signer: LogSigner, now: datetime
    ) -> None:
        _, before = export(company.auditor, of_organization(company))
        person_id = company.technician.person_id
        with unit_of_work(committed_engine) as session:
            erase_person(session, SYSTEM_PRINCIPAL, person_id=person_id, now=now)
        _, folder = export(company.auditor, of_organization(company))
        hers = [record for record in records_in(folder) if record["user_id"] == str(person_id)]
        assert {record["user_name"] for record in hers} == {None}
        assert {record["kind"] for record in hers} >= {"lesson.attempt_graded", "membership.ended"}
        assert no_file_names(folder, "Name of technician")
        assert verify_bundle(folder, signer.vkey).problems == []
        assert verify_bundle(before, signer.vkey).problems == []
        assert verify_ledger(committed_engine).problem is None
        with pytest.raises(NotFoundError):
            export(company.auditor, BundleScope(BundleKind.PERSON, company.organization_id, person_id))


class TestRefusals:
    def test_another_tenants_auditor(
        self, company: Company, export: Export, committed_engine: Engine, now: datetime
    ) -> None:
        outsider = company.other_auditor
        with pytest.raises(NotAuthorizedError):
            export(outsider, of_organization(company))
        person = BundleScope(
            BundleKind.PERSON,
            organization_id=company.other_organization_id,
            person_id=company.technician.person_id,
        )
        with pytest.raises(NotFoundError):
            export(outsider, person)
        incident = BundleScope(BundleKind.INCIDENT, incident_id=add_incident(committed_engine, company, now))
        with pytest.raises(NotFoundError):
            export(outsider, incident)
        with pytest.raises(NotFoundError):
            export(outsider, replace(incident, organization_id=company.other_organization_id))
        export(company.auditor, of_organization(company))
        figure = BundleScope(
            BundleKind.FIGURE,
            organization_id=company.other_organization_id,
            figure="x",
            leaf_indexes=tuple(leaf_indexes_of(committed_engine, company.technician.person_id)),
        )
        with pytest.raises(NotFoundError, match="not in the organization's part"):
            export(outsider, figure)

    def test_roles_without_the_right(self, company: Company, export: Export, committed_engine: Engine) -> None:
        roles = [role for role in Role if Permission.EXPORT_EVIDENCE not in PERMISSIONS_OF_ROLE[role]]
        assert {Role.TECHNICIAN, Role.SUPERVISOR, Role.CONTENT_REVIEWER} <= set(roles)
        for role in roles:
            self.require_refused(company, export, committed_engine, role)

    def require_refused(self, company: Company, export: Export, engine: Engine, role: Role) -> None:
        somebody = replace(
            company.technician,
            grants=frozenset(replace(grant, role=role) for grant in company.technician.grants),
        )
        for scope in (
            of_organization(company),
            BundleScope(BundleKind.PERSON, company.organization_id, company.colleague.person_id),
            BundleScope(BundleKind.PERSON, person_id=company.colleague.person_id),
        ):
            with pytest.raises(NotAuthorizedError):
                export(somebody, scope)
        with read_only_session(engine) as session, pytest.raises(NotAuthorizedError):
            list_exports(session, somebody, organization_id=company.organization_id)

    def test_the_platform_as_a_whole_is_the_administrators(
        self, company: Company, export: Export, now: datetime
    ) -> None:
        scope = BundleScope(BundleKind.PERIOD, from_on=now.date(), to_on=now.date())
        with pytest.raises(NotAuthorizedError):
            export(company.auditor, scope)
        with pytest.raises(InvalidInputError, match="Name the organization"):
            export(company.auditor, BundleScope(BundleKind.PERSON, person_id=company.technician.person_id))

    def test_what_does_not_exist(self, export: Export) -> None:
        for scope in (
            BundleScope(BundleKind.ORGANIZATION, new_id()),
            BundleScope(BundleKind.PERSON, person_id=new_id()),
            BundleScope(BundleKind.INCIDENT, incident_id=new_id()),
        ):
            with pytest.raises(NotFoundError):
                export(SYSTEM_PRINCIPAL, scope)

    def test_a_tampered_entry_is_named_and_no_bundle_is_made(
        self, company: Company, export: Export, committed_engine: Engine, committed_url: str, tmp_path: Path
    ) -> None:
        export(company.auditor, of_organization(company))
        owner = create_owner_engine(committed_url)
        with owner.begin() as connection:
            connection.execute(text("set session_replication_role = replica"))
            connection.execute(
                text("update ledger_events set body = replace(body, '85.5', '95.5') where subject_id = :person"),
                {"person": company.technician.person_id},
            )
        owner.dispose()
        before = sorted(path.name for path in tmp_path.iterdir())
        with pytest.raises(LedgerTamperedError, match="is not what was sealed"):
            export(company.auditor, of_organization(company))
        assert sorted(path.name for path in tmp_path.iterdir()) == before


class TestGate:
    def test_a_closed_gate_refuses_and_the_refusal_is_on_record(
        self, company: Company, export: Export, committed_engine: Engine, now: datetime
    ) -> None:
        close_gate(committed_engine, company)
        with pytest.raises(GateDeniedError) as refusal:
            export(company.auditor, of_organization(company))
        assert refusal.value.details["action"] == "evidence-export"
        with read_only_session(committed_engine) as session:
            events = events_about(session, company.auditor.person_id)
            assert [(event.kind, body_of(event)["outcome"]) for event in events] == [("gate.decided", "deny")]
            assert session.scalars(select(EvidenceBundle)).all() == []

    def test_her_own_records_are_not_behind_the_gate(
        self, company: Company, export: Export, committed_engine: Engine
    ) -> None:
        close_gate(committed_engine, company)
        own, _ = export(company.technician, BundleScope(BundleKind.PERSON, person_id=company.technician.person_id))
        assert own.record_count == 4

    def test_an_administrator_goes_through_the_platforms_gate(
        self, company: Company, export: Export, committed_engine: Engine
    ) -> None:
        close_gate(committed_engine, company)
        with unit_of_work(committed_engine) as session:
            person = builders.create_person(session)
            administrator = principal_of(person, builders.create_organization(session), Role.PLATFORM_ADMIN)
        bundle, _ = export(administrator, of_organization(company))
        assert bundle.record_count == 6


class TestRecord:
    def test_the_export_is_an_entry_that_names_the_manifest(
        self, company: Company, export: Export, committed_engine: Engine
    ) -> None:
        bundle, _ = export(company.auditor, of_organization(company))
        with read_only_session(committed_engine) as session:
            event = session.get_one(LedgerEvent, bundle.export_event_id)
            body = body_of(event)
            assert (event.kind, event.subject_id) == ("evidence.exported", company.auditor.person_id)
            assert body["manifest_sha256"] == bundle.manifest_sha256.hex()
            assert (body["record_count"], body["tree_size"]) == (bundle.record_count, bundle.tree_size)
            (listed,) = list_exports(session, company.auditor, organization_id=company.organization_id).items
            assert (listed.id, listed.manifest_sha256) == (bundle.bundle_id, bundle.manifest_sha256)
            assert listed.requester_name == "Name of auditor"
            assert (
                list_exports(session, company.other_auditor, organization_id=company.other_organization_id).total == 0
            )
            assert list_exports(session, SYSTEM_PRINCIPAL, organization_id=None).total == 1

    def test_proofs_are_those_the_ledger_gives(
        self, company: Company, export: Export, committed_engine: Engine
    ) -> None:
        _, folder = export(company.auditor, of_organization(company))
        with read_only_session(committed_engine) as session:
            checkpoint = latest_signed_checkpoint(session)
            assert checkpoint is not None
            for record in records_in(folder):
                index = int(str(record["ledger_index"]))
                assert (folder / f"proofs/{index}.tlog-proof").read_text() == tlog_proof(session, index, checkpoint)

    def test_scattered_entries_of_a_log_of_several_tiles(
        self, company: Company, export: Export, committed_engine: Engine, signer: LogSigner, now: datetime
    ) -> None:
        """Full tiles, a partial one and a level above: one proof for all, and from it the ledger's own for each."""
        with unit_of_work(committed_engine) as session:
            for number in range(900):
                event = create_attempt(new_id(), number=number + 1)
                where = company.organization_id if number % 7 == 3 else company.other_organization_id
                append_events(session, [replace(event, organization_id=where)], now=now)
        bundle, folder = export(company.auditor, of_organization(company))
        assert bundle.record_count == 136
        assert verify_bundle(folder, signer.vkey).problems == []
        with read_only_session(committed_engine) as session:
            checkpoint = latest_signed_checkpoint(session)
            assert checkpoint is not None
            index = int(str(records_in(folder)[100]["ledger_index"]))
            assert single_proof(folder, index) == tlog_proof(session, index, checkpoint)

    def test_after_a_rotation_the_new_key_signs_and_the_former_bundle_keeps_its_own(
        self, company: Company, committed_engine: Engine, tmp_path: Path, now: datetime
    ) -> None:
        settings = Settings(home=tmp_path / "home")
        vkeys = []
        for name in ("former", "new"):
            signer = load_or_create_signer(settings)
            vkeys.append(signer.vkey)
            target = tmp_path / f"{name}.zip"
            export_bundle(
                committed_engine,
                SYSTEM_PRINCIPAL,
                scope=of_organization(company),
                signer=signer,
                target=target,
                now=now,
            )
            with ZipFile(target) as packed:
                packed.extractall(tmp_path / name)
            rotate_key(settings, now=now)
        assert verify_bundle(tmp_path / "former", vkeys[0]).problems == []
        assert verify_bundle(tmp_path / "new", vkeys[1]).problems == []
        assert "keys.txt" in verify_bundle(tmp_path / "new", vkeys[0]).bad_files

    def test_a_database_lost_on_the_way_leaves_no_file_and_says_so(
        self,
        company: Company,
        export: Export,
        committed_engine: Engine,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def lose(self: psycopg.Copy) -> Never:
            raise psycopg.OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(psycopg.Copy, "rows", lose)
        with pytest.raises(DatabaseUnavailableError, match="nothing was exported"):
            export(company.auditor, of_organization(company))
        monkeypatch.undo()
        assert {path.name for path in tmp_path.iterdir()} == {"home"}
        with read_only_session(committed_engine) as session:
            assert session.scalars(select(EvidenceBundle)).all() == []

    def test_nothing_is_left_behind_beside_the_file(self, company: Company, export: Export) -> None:
        bundle, folder = export(company.auditor, of_organization(company))
        assert {path.name for path in bundle.path.parent.iterdir()} == {"home", bundle.path.name, folder.name}


def close_gate(engine: Engine, company: Company) -> None:
    with unit_of_work(engine) as session:
        session.add(create_gate(GateMode.ENFORCE, company.organization_id))


def add_incident(engine: Engine, company: Company, now: datetime) -> UUID:
    with unit_of_work(engine) as session:
        incident = Incident(
            organization_id=company.organization_id, title="Mis-sent export", scope="data-export", started_at=now,
            reported_at=now,
        )  # fmt: skip
        session.add(incident)
        session.flush()
        session.add(IncidentPerson(incident_id=incident.id, person_id=company.colleague.person_id))
        return incident.id


def leaf_indexes_of(engine: Engine, person_id: UUID) -> list[int]:
    with read_only_session(engine) as session:
        statement = select(LedgerLeaf.leaf_index).join(LedgerEvent, LedgerEvent.id == LedgerLeaf.event_id)
        return sorted(session.scalars(statement.where(LedgerEvent.subject_id == person_id)))


def no_file_names(folder: Path, name: str) -> bool:
    return all(name.encode() not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
