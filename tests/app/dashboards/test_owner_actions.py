"""What owners bring in and ask from their pages: written once, taken back whole, and refused to everybody else."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select

from app.dashboards.use_cases import crew, equipment, imports, owners
from app.dashboards.use_cases.crew import Question
from app.dashboards.use_cases.equipment import STANDARD, Upload
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Grant, Principal
from operational_db.identity.service import create_organization, create_person
from operational_db.imports.equipment_service import IMPORTER
from operational_db.owners import contracts
from operational_db.paging import PageRequest
from operational_db.tables.owners import Building, Equipment
from operational_db.types import OrganizationKind, Role

NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
BUILDINGS_CSV = b"building_id,name,city\nB1,Harbour Tower,New York\nB2,Market Plaza,New York\n"
UNITS_CSV = (
    b"equipment_id,building_id,equipment_type,manufacturer\nU1,B1,escalator,OTIS\nU2,B2,escalator,Otis Elev. Co\n"
)
BAD_UNITS_CSV = b"equipment_id,building_id,equipment_type,manufacturer\nU1,B1,spaceship,OTIS\n"


def _upload(units: bytes = UNITS_CSV) -> Upload:
    return Upload({"buildings.csv": BUILDINGS_CSV, "equipment.csv": units}, STANDARD)


def _organization(engine: Engine, name: str, kind: OrganizationKind) -> UUID:
    with unit_of_work(engine) as session:
        return create_organization(session, SYSTEM_PRINCIPAL, name=name, kind=kind, now=NOW).id


def _of(engine: Engine, organization_id: UUID, role: Role = Role.BUILDING_OWNER) -> Principal:
    with unit_of_work(engine) as session:
        person_id = create_person(session, SYSTEM_PRINCIPAL, display_name="Ada Novak", now=NOW).id
    return Principal(person_id, "Ada Novak", frozenset({Grant(organization_id, role)}))


@pytest.fixture
def owner_id(committed_engine: Engine) -> UUID:
    return _organization(committed_engine, "Northside Estates", OrganizationKind.BUILDING_OWNER)


def _counts(engine: Engine) -> tuple[int, int]:
    with read_only_session(engine) as session:
        kinds = (select(func.count()).select_from(table) for table in (Building, Equipment))
        first, second = (session.scalar(kind) or 0 for kind in kinds)
        return first, second


class TestImport:
    def test_a_preview_says_what_would_change_and_writes_nothing(
        self, committed_engine: Engine, owner_id: UUID
    ) -> None:
        report = equipment.preview_import(
            committed_engine, _of(committed_engine, owner_id), organization_id=owner_id, upload=_upload(), now=NOW
        )
        # Two buildings, two units and the one maker of both.
        assert (report["added"], report["refused"]) == (5, 0)
        assert [maker["name"] for maker in report["manufacturers"]["listed"]] == ["Otis"]
        assert _counts(committed_engine) == (0, 0)

    def test_is_brought_in_once_and_taken_back_whole(self, committed_engine: Engine, owner_id: UUID) -> None:
        viewer = _of(committed_engine, owner_id)
        receipt = equipment.bring_in(committed_engine, viewer, organization_id=owner_id, upload=_upload(), now=NOW)
        assert receipt.text.startswith("5 records were added, 0 changed")
        assert _counts(committed_engine) == (2, 2)
        again = equipment.bring_in(committed_engine, viewer, organization_id=owner_id, upload=_upload(), now=NOW)
        assert again.text.startswith("0 records were added, 0 changed")
        rows = imports.imports_of(committed_engine, viewer, organization_id=owner_id, importer=IMPORTER)
        assert [row.can_be_undone for row in rows] == [True, True]
        for row in rows:
            imports.take_back(committed_engine, viewer, row=row, now=NOW)
        assert _counts(committed_engine) == (0, 0)
        with pytest.raises(ConflictError):
            imports.take_back(committed_engine, viewer, row=rows[0], now=NOW)

    def test_a_bad_row_is_told_and_the_good_ones_stay(self, committed_engine: Engine, owner_id: UUID) -> None:
        report = equipment.preview_import(
            committed_engine,
            _of(committed_engine, owner_id),
            organization_id=owner_id,
            upload=_upload(BAD_UNITS_CSV),
            now=NOW,
        )
        assert (report["added"], report["refused"]) == (2, 1)
        assert report["refused_rows"][0]["line"] == 2

    def test_a_file_name_does_not_lead_out_of_the_folder(self, committed_engine: Engine, owner_id: UUID) -> None:
        upload = Upload({"../../buildings.csv": BUILDINGS_CSV}, STANDARD)
        report = equipment.preview_import(
            committed_engine, _of(committed_engine, owner_id), organization_id=owner_id, upload=upload, now=NOW
        )
        assert report["added"] == 2

    def test_is_refused_to_others_and_without_a_file(self, committed_engine: Engine, owner_id: UUID) -> None:
        other = _of(
            committed_engine, _organization(committed_engine, "Southside Estates", OrganizationKind.BUILDING_OWNER)
        )
        with pytest.raises(NotFoundError):
            equipment.bring_in(committed_engine, other, organization_id=owner_id, upload=_upload(), now=NOW)
        technician = _of(committed_engine, owner_id, Role.TECHNICIAN)
        with pytest.raises(NotAuthorizedError):
            equipment.bring_in(committed_engine, technician, organization_id=owner_id, upload=_upload(), now=NOW)
        with pytest.raises(InvalidInputError):
            equipment.preview_import(
                committed_engine,
                _of(committed_engine, owner_id),
                organization_id=owner_id,
                upload=Upload({}, STANDARD),
                now=NOW,
            )
        assert _counts(committed_engine) == (0, 0)


@pytest.mark.requirement("OWN-01", "US-TC027")
class TestCrewCheck:
    def test_where_nothing_is_asked_the_answer_is_no_and_on_record(
        self, committed_engine: Engine, owner_id: UUID
    ) -> None:
        viewer = _of(committed_engine, owner_id)
        equipment.bring_in(committed_engine, viewer, organization_id=owner_id, upload=_upload(), now=NOW)
        contractor_id = _organization(committed_engine, "Harbour Lift Service", OrganizationKind.SERVICE_COMPANY)
        with unit_of_work(committed_engine) as session:
            contracts.start_contract(session, SYSTEM_PRINCIPAL, owner_id=owner_id, contractor_id=contractor_id, now=NOW)
        found = owners.find_buildings(
            committed_engine, viewer, organization_id=owner_id, search="tower", on=NOW.date()
        ).items
        assert [owners.building_label(each) for each in found] == ["Harbour Tower"]
        question = Question(found[0].building_id, None, contractor_id, (), date(2026, 11, 24))
        answer = crew.check(committed_engine, viewer, question=question, now=NOW)
        assert not answer.is_qualified
        assert answer.decision_id is not None
        history = crew.history(committed_engine, viewer, organization_id=owner_id, page=PageRequest())
        assert [each.decision_id for each in history.items] == [answer.decision_id]
        assert crew.recorded(committed_engine, viewer, decision_id=answer.decision_id).text == answer.text
        other = _of(
            committed_engine, _organization(committed_engine, "Southside Estates", OrganizationKind.BUILDING_OWNER)
        )
        with pytest.raises(NotFoundError):
            crew.recorded(committed_engine, other, decision_id=answer.decision_id)
        with pytest.raises(NotFoundError):
            crew.check(committed_engine, other, question=question, now=NOW)
