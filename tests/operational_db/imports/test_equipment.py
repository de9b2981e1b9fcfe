"""The equipment importer: the city's register and our own layout, oddities, refusals, repeats and undo."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import ConflictError, ImportRefusedError, InvalidInputError, NotAuthorizedError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports.equipment_service import EquipmentRequest, run_equipment_import
from operational_db.imports.report import ImportResult
from operational_db.imports.service import list_imports, undo_import
from operational_db.tables.identity import Organization
from operational_db.tables.imports import ImportBatch
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.owners import Building, Equipment, Manufacturer, ServiceContract, Visit
from operational_db.types import EquipmentStatus, EquipmentType, ImportState, OrganizationKind, Role
from tests import builders
from tests.operational_db.imports.test_real_records import NOW, _folder
from tests.operational_db.principals import create_member

HEADER = (
    "dv_device_number,device_status,bin,tax_block,house_number,street_name,zip_code,borough,device_type,"
    "dv_lastper_insp_date,dv_approval_date,dv_manufacturer,latitude,longitude\n"
)
FIRST = (
    "1P1,A,1000001,5,1,BROADWAY,10004,Manhattan,Passenger Elevator (P),2015-05-02,1990-01-01,OTIS ELEV CO,40.7,-74.01\n"
)
SECOND = "1F2,H,1000001,5,1,BROADWAY,10004,Manhattan,Freight (F),2015-05-02,,HOUSING AUTHORITY,40.7,-74.01\n"
THIRD = "3P3,D,3000002,6,9,ATLANTIC AVE,11201,Brooklyn,Passenger Elevator (P),,1980-02-03,#1152,40.69,-73.99\n"
ALL = FIRST + SECOND + THIRD


@pytest.fixture
def reader(committed_engine: Engine) -> Iterator[Session]:
    with Session(committed_engine) as session:
        yield session


def _import(
    engine: Engine, tmp_path: Path, rows: str, now: datetime, *, is_dry_run: bool = False, **options: str | float
) -> ImportResult:
    path = tmp_path / "devices.csv"
    path.write_text(HEADER + rows)
    owner = {"organization_slug": "city", "organization_name": "City", "format": "nyc"}
    request = EquipmentRequest(path=path, **owner, **options)  # type: ignore[arg-type]  # as the request's fields
    return run_equipment_import(engine, SYSTEM_PRINCIPAL, request, is_dry_run=is_dry_run, now=now)


def _standard(engine: Engine, tmp_path: Path, now: datetime, **files: str) -> ImportResult:
    folder = tmp_path / "owner"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    request = EquipmentRequest(path=folder, organization_slug="owner", organization_name="Owner")
    return run_equipment_import(engine, SYSTEM_PRINCIPAL, request, is_dry_run=False, now=now)


def _codes(result: ImportResult, key: str) -> dict[str, int]:
    return {entry["code"]: entry["count"] for entry in result.report[key]}


class TestCityRegister:
    def test_devices_become_units_in_the_building_of_their_number(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, tmp_path, ALL, now)
        kinds = result.report["kinds"]
        assert (kinds["buildings"]["added"], kinds["equipment"]["added"]) == (2, 3)
        owner = reader.scalars(select(Organization).where(Organization.slug == "city")).one()
        assert owner.kind is OrganizationKind.BUILDING_OWNER
        buildings = reader.scalars(select(Building).order_by(Building.register_id)).all()
        assert [(b.register_id, b.address, b.district, b.postal_code, b.latitude, b.timezone) for b in buildings] == [
            ("1000001", "1 BROADWAY", "Manhattan", "10004", 40.7, "America/New_York"),
            ("3000002", "9 ATLANTIC AVE", "Brooklyn", "11201", 40.69, "America/New_York"),
        ]
        assert {b.organization_id for b in buildings} == {owner.id}
        units = reader.scalars(select(Equipment).order_by(Equipment.register_id)).all()
        assert [(u.register_id, u.equipment_type, u.status, u.installed_on, u.inspected_on) for u in units] == [
            ("1F2", EquipmentType.FREIGHT_ELEVATOR, EquipmentStatus.HOUSING_AUTHORITY, None, date(2015, 5, 2)),
            ("1P1", EquipmentType.PASSENGER_ELEVATOR, EquipmentStatus.ACTIVE, date(1990, 1, 1), date(2015, 5, 2)),
            ("3P3", EquipmentType.PASSENGER_ELEVATOR, EquipmentStatus.DISMANTLED, date(1980, 2, 3), None),
        ]
        otis = reader.scalars(select(Manufacturer).where(Manufacturer.name == "Otis")).one()
        assert [u.manufacturer_id for u in units] == [None, otis.id, None]
        assert [u.manufacturer_text for u in units] == ["HOUSING AUTHORITY", "OTIS ELEV CO", "#1152"]
        assert reader.scalars(select(LedgerEvent.kind).where(LedgerEvent.kind.like("import.%"))).all() == [
            "import.applied"
        ]

    def test_the_report_shows_what_was_done_with_the_names(
        self, committed_engine: Engine, tmp_path: Path, now: datetime
    ) -> None:
        made = _import(committed_engine, tmp_path, ALL, now).report["manufacturers"]
        assert made["rows"] == {"table": 1, "spelling": 0, "new": 0, "not_a_maker": 1, "no_name": 1}
        assert made["listed"][0] == {"name": "Otis", "is_maker": True, "count": 1, "spellings": ["OTIS ELEV CO"]}

    def test_repeating_changes_nothing_and_a_dry_run_writes_nothing(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        shown = _import(committed_engine, tmp_path, ALL, now, is_dry_run=True)
        assert shown.report["kinds"]["equipment"]["added"] == 3
        assert reader.scalar(select(func.count()).select_from(Building)) == 0
        assert reader.scalar(select(func.count()).select_from(Manufacturer)) == 0
        _import(committed_engine, tmp_path, ALL, now)
        again = _import(committed_engine, tmp_path, ALL, now + timedelta(days=1))
        assert (again.total("added"), again.total("changed")) == (0, 0)

    def test_a_changed_device_is_changed_and_an_undo_brings_it_back(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        first = _import(committed_engine, tmp_path, ALL, now)
        moved = ALL.replace(
            "1P1,A,1000001,5,1,BROADWAY,10004,Manhattan", "1P1,D,3000002,6,9,ATLANTIC AVE,11201,Brooklyn"
        )
        second = _import(committed_engine, tmp_path, moved, now + timedelta(days=1))
        assert second.report["kinds"]["equipment"]["changed"] == 1
        unit = reader.scalars(select(Equipment).where(Equipment.register_id == "1P1")).one()
        assert unit.status is EquipmentStatus.DISMANTLED
        assert first.import_id is not None
        assert second.import_id is not None
        with pytest.raises(ConflictError, match="later import"), unit_of_work(committed_engine) as session:
            undo_import(session, SYSTEM_PRINCIPAL, import_id=first.import_id, now=now)
        for import_id in (second.import_id, first.import_id):
            with unit_of_work(committed_engine) as session:
                undo_import(session, SYSTEM_PRINCIPAL, import_id=import_id, now=now)
            reader.rollback()
            states = {u.register_id: u.status for u in reader.scalars(select(Equipment))}
            assert states.get("1P1") is (EquipmentStatus.ACTIVE if import_id == second.import_id else None)
        assert reader.scalar(select(func.count()).select_from(Building)) == 0

    def test_an_import_on_which_visits_were_planned_is_not_undone(
        self, committed_engine: Engine, tmp_path: Path, now: datetime
    ) -> None:
        result = _import(committed_engine, tmp_path, ALL, now)
        assert result.import_id is not None
        with unit_of_work(committed_engine) as session:
            building = session.scalars(select(Building)).first()
            assert building is not None
            contractor = builders.create_organization(session)
            contract = ServiceContract(
                owner_id=building.organization_id,
                contractor_id=contractor.id,
                started_on=now.date(),
                proposed_at=now,
                accepted_at=now,
            )
            session.add(contract)
            session.flush()
            session.add(Visit(contract_id=contract.id, building_id=building.id, planned_on=now.date()))
        with pytest.raises(ConflictError, match="visits"), unit_of_work(committed_engine) as session:
            undo_import(session, SYSTEM_PRINCIPAL, import_id=result.import_id, now=now)

    @pytest.mark.parametrize(
        ("row", "code", "column"),
        [
            (THIRD.replace("11201", "99999"), "zip_code_unknown", "zip_code"),
            (THIRD.replace("40.69", ""), "coordinates_missing", "latitude"),
            (THIRD.replace("40.69", "12.5"), "coordinates_elsewhere", "latitude"),
            (THIRD.replace("40.69", "north"), "unreadable_value", "latitude"),
            (THIRD.replace("1980-02-03", "2030-02-03"), "in_the_future", "dv_approval_date"),
            (THIRD.replace("1980-02-03", "03.02.1980"), "unreadable_value", "dv_approval_date"),
            (THIRD.replace("Brooklyn", "Queens"), "borough_contradicts_number", "borough"),
            (THIRD.replace("(P),,", "(P),1970-01-01,"), "inspected_before_approval", "dv_lastper_insp_date"),
            (THIRD.replace("3P3,D", "3P3,A"), "active_never_inspected", "dv_lastper_insp_date"),
            (THIRD.replace("3P3", "3F3"), "type_contradicts_number", "device_type"),
            (THIRD.replace("#1152", "-------"), "looks_like_a_formula", "dv_manufacturer"),
            (FIRST + SECOND.replace("BROADWAY", "BROAD ST"), "several_addresses", "street_name"),
        ],
    )
    def test_what_is_odd_is_kept_and_noted(
        self, committed_engine: Engine, tmp_path: Path, now: datetime, row: str, code: str, column: str
    ) -> None:
        result = _import(committed_engine, tmp_path, row, now)
        assert result.total("refused") == 0
        assert (code, column) in {(note["code"], note["column"]) for note in result.report["noted_rows"]}

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            (THIRD + THIRD.replace(",D,", ",A,"), "contradictory_rows"),
            (THIRD + THIRD, "duplicate_row"),
            (THIRD.replace("3000002", "3000000"), "placeholder_building"),
            (THIRD.replace("3000002", ""), "value_missing"),
            (THIRD.replace("(P)", "(X)"), "unreadable_value"),
            (THIRD.replace("3P3,D", "3P3,Z"), "unreadable_value"),
        ],
    )
    def test_only_what_cannot_stand_is_refused(
        self, committed_engine: Engine, tmp_path: Path, now: datetime, row: str, code: str
    ) -> None:
        result = _import(committed_engine, tmp_path, FIRST + row, now)
        assert {reason["code"] for reason in result.report["reasons"]} == {code}
        assert result.report["kinds"]["equipment"]["added"] == (2 if code == "duplicate_row" else 1)

    def test_a_file_that_lost_more_than_a_fifth_is_stopped_and_leaves_its_report(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _import(committed_engine, tmp_path, ALL, now)
        with pytest.raises(ImportRefusedError, match="1 of 3 equipment"):
            _import(committed_engine, tmp_path, FIRST + SECOND, now)
        states = reader.scalars(select(ImportBatch.state).order_by(ImportBatch.created_at)).all()
        assert states == [ImportState.APPLIED, ImportState.REFUSED]
        allowed = _import(committed_engine, tmp_path, FIRST + SECOND, now, max_removal_share=0.5)
        assert allowed.report["kinds"]["equipment"]["missing"] == 1
        assert reader.scalar(select(func.count()).select_from(Equipment)) == 3

    def test_the_whole_register_arrives_once(self, committed_engine: Engine) -> None:
        request = EquipmentRequest(
            path=_folder("nyc_elevators_2015") / "elevators.parquet",
            organization_slug="nyc",
            organization_name="City",
            format="nyc",
        )
        first = run_equipment_import(committed_engine, SYSTEM_PRINCIPAL, request, is_dry_run=False, now=NOW)
        kinds = first.report["kinds"]
        assert (kinds["equipment"]["read"], kinds["equipment"]["added"]) == (76_061, 76_061)
        assert (kinds["buildings"]["added"], first.total("refused")) == (34_912, 0)
        rows = first.report["manufacturers"]["rows"]
        # The 99 texts that a spreadsheet would run as a formula are emptied before.
        assert sum(rows.values()) == 76_061 - 59_622 - 99
        assert first.report["manufacturers"]["listed"][0]["name"] == "Otis"
        again = run_equipment_import(committed_engine, SYSTEM_PRINCIPAL, request, is_dry_run=False, now=NOW)
        assert (again.total("added"), again.total("changed")) == (0, 0)


BUILDINGS = (
    "building_id,name,address,latitude,longitude,timezone\nb1,Tower,1 High St,52.5,13.4,Europe/Berlin\nb2,Hall,,,,\n"
)
UNITS = (
    "equipment_id,building_id,name,equipment_type,manufacturer,model,status,installed_on,inspected_on\n"
    "u1,b1,Lift 1,passenger_elevator,Kone,MonoSpace,,2010-01-01,2026-01-01\nu2,b2,,escalator,,,,,\n"
)


class TestOwnLayout:
    def test_buildings_and_units_arrive_and_units_may_come_later(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        _standard(committed_engine, tmp_path, now, buildings=BUILDINGS)
        (tmp_path / "owner" / "buildings.csv").unlink()
        result = _standard(committed_engine, tmp_path, now, equipment=UNITS)
        assert result.report["kinds"]["equipment"]["added"] == 2
        assert "buildings" not in result.report["kinds"]
        units = reader.scalars(select(Equipment).order_by(Equipment.register_id)).all()
        assert [(u.name, u.model, u.status) for u in units] == [
            ("Lift 1", "MonoSpace", EquipmentStatus.ACTIVE),
            ("Escalator u2", None, EquipmentStatus.ACTIVE),
        ]
        zones = reader.scalars(select(Building.timezone).order_by(Building.register_id)).all()
        assert zones == ["Europe/Berlin", "UTC"]

    @pytest.mark.parametrize(
        ("files", "code"),
        [
            ({"buildings": BUILDINGS.replace("13.4", "")}, "coordinates_incomplete"),
            ({"buildings": BUILDINGS.replace("Europe/Berlin", "Berlin")}, "unknown_timezone"),
            ({"buildings": BUILDINGS.replace("52.5", "152.5")}, "out_of_range"),
            ({"buildings": BUILDINGS, "equipment": UNITS.replace("u2,b2", "u2,b9")}, "unknown_reference"),
            ({"buildings": BUILDINGS, "equipment": UNITS.replace("2026-01-01", "2027-01-01")}, "in_the_future"),
            ({"buildings": BUILDINGS, "equipment": UNITS.replace("u2,b2", "u1,b2")}, "contradictory_rows"),
        ],
    )
    def test_bad_rows_are_refused_with_their_remedy(
        self, committed_engine: Engine, tmp_path: Path, now: datetime, files: dict[str, str], code: str
    ) -> None:
        result = _standard(committed_engine, tmp_path, now, **files)
        assert code in _codes(result, "reasons")
        assert all(row["remedy"] for row in result.report["refused_rows"])

    def test_buildings_belong_to_an_owner_and_need_its_permission(
        self, committed_engine: Engine, tmp_path: Path, now: datetime
    ) -> None:
        path = tmp_path / "devices.csv"
        path.write_text(HEADER + ALL)
        with unit_of_work(committed_engine) as session:
            company = builders.create_organization(session, slug="lifts")
            owner = builders.create_organization(session, OrganizationKind.BUILDING_OWNER, slug="tower")
            other = builders.create_organization(session, OrganizationKind.BUILDING_OWNER, slug="other")
            outsider = create_member(session, other, Role.BUILDING_OWNER)
            insider = create_member(session, owner, Role.BUILDING_OWNER)
            manager = create_member(session, company, Role.COMPANY_MANAGER)
        request = EquipmentRequest(path=path, organization_slug="tower", format="nyc")
        for principal in (outsider, manager):
            with pytest.raises(NotAuthorizedError):
                run_equipment_import(committed_engine, principal, request, is_dry_run=False, now=now)
        wrong = EquipmentRequest(path=path, organization_slug="lifts", format="nyc")
        with pytest.raises(InvalidInputError, match="building owner"):
            run_equipment_import(committed_engine, SYSTEM_PRINCIPAL, wrong, is_dry_run=False, now=now)
        done = run_equipment_import(committed_engine, insider, request, is_dry_run=False, now=now)
        assert done.report["kinds"]["equipment"]["added"] == 3
        with unit_of_work(committed_engine) as session:
            assert [batch.id for batch in list_imports(session, insider)] == [done.import_id]
            assert list_imports(session, outsider) == []

    def test_a_column_of_any_parquet_type_is_read(
        self, committed_engine: Engine, reader: Session, tmp_path: Path, now: datetime
    ) -> None:
        path = tmp_path / "elevators.parquet"
        columns = {
            name: [value] for name, value in zip(HEADER.strip().split(","), FIRST.strip().split(","), strict=True)
        }
        frame = pl.DataFrame(columns).with_columns(
            pl.col("bin").cast(pl.Int32), pl.col("latitude", "longitude").cast(pl.Float64),
            pl.col("dv_approval_date", "dv_lastper_insp_date").str.to_date(),
        )  # fmt: skip
        frame.write_parquet(path)
        request = EquipmentRequest(path=path, organization_slug="c", organization_name="C", format="nyc")
        result = run_equipment_import(committed_engine, SYSTEM_PRINCIPAL, request, is_dry_run=False, now=now)
        assert result.total("refused") == 0
        assert reader.scalars(select(Building.register_id)).all() == ["1000001"]
