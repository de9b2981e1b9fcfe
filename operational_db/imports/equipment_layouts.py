"""The documented layouts of equipment files: our own, and the city of New York's register of elevating devices."""

from collections.abc import Sequence

from operational_db.imports.layout import Column, ColumnType, FileLayout, Layout
from operational_db.types import EquipmentStatus, EquipmentType


def _id(name: str, description: str) -> Column:
    return Column(name=name, type=ColumnType.IDENTIFIER, description=description, is_required=True)


def _text(name: str, description: str, *, is_required: bool = False, is_lenient: bool = False) -> Column:
    return Column(
        name=name, type=ColumnType.TEXT, description=description, is_required=is_required, is_lenient=is_lenient
    )


def _date(name: str, description: str, *, is_lenient: bool = False) -> Column:
    return Column(name=name, type=ColumnType.DATE, description=description, is_lenient=is_lenient)


def _degrees(name: str, description: str, limit: int, *, is_lenient: bool = False) -> Column:
    return Column(
        name=name,
        type=ColumnType.DECIMAL,
        description=description,
        minimum=-limit,
        maximum=limit,
        decimals=6,
        is_lenient=is_lenient,
    )


def _choice(name: str, description: str, choices: Sequence[str], *, is_required: bool = False) -> Column:
    return Column(
        name=name, type=ColumnType.CHOICE, description=description, is_required=is_required, choices=tuple(choices)
    )


EQUIPMENT_LAYOUT = Layout.of(
    "standard",
    "An owner's buildings and the units in them. Only the files that are there are read; units may name buildings of "
    "an earlier import. Rows that were imported before and are missing now are reported and never deleted.",
    [
        FileLayout(
            kind="buildings",
            description="One row per building.",
            columns=(
                _id("building_id", "Id of the building."),
                _text("name", "Name as people know it.", is_required=True),
                _text("address", "Street and number."),
                _text("city", "City."),
                _text("district", "District or borough."),
                _text("postal_code", "Postal code."),
                _degrees("latitude", "Latitude in degrees; together with the longitude.", 90),
                _degrees("longitude", "Longitude in degrees; together with the latitude.", 180),
                _text("timezone", "Time zone such as America/New_York; UTC when empty."),
            ),
        ),
        FileLayout(
            kind="equipment",
            aliases=("units",),
            description="One row per unit.",
            columns=(
                _id("equipment_id", "Id of the unit."),
                _id("building_id", "Building it is in."),
                _text("name", "Name as people know it; kind and id when empty."),
                _choice("equipment_type", "Kind of unit.", tuple(EquipmentType), is_required=True),
                _text("manufacturer", "Who made it, in any usual spelling.", is_lenient=True),
                _text("model", "Model."),
                _choice("status", "Its state; active when empty.", tuple(EquipmentStatus)),
                _date("installed_on", "Day it was installed or approved."),
                _date("inspected_on", "Day it was last inspected."),
            ),
        ),
    ],
)

NYC_TYPES = {
    "passenger elevator (p)": EquipmentType.PASSENGER_ELEVATOR,
    "freight (f)": EquipmentType.FREIGHT_ELEVATOR,
    "escalator (e)": EquipmentType.ESCALATOR,
    "dumbwaiter (d)": EquipmentType.DUMBWAITER,
    "sidewalk (s)": EquipmentType.SIDEWALK_LIFT,
    "private elevator (t)": EquipmentType.PRIVATE_ELEVATOR,
    "handicap lift (h)": EquipmentType.ACCESSIBILITY_LIFT,
    "manlift (m)": EquipmentType.MANLIFT,
    "public elevator (l)": EquipmentType.PUBLIC_ELEVATOR,
}
NYC_STATUSES = {
    "a": EquipmentStatus.ACTIVE,
    "d": EquipmentStatus.DISMANTLED,
    "h": EquipmentStatus.HOUSING_AUTHORITY,
    "j": EquipmentStatus.OUT_OF_JURISDICTION,
    "w": EquipmentStatus.WORK_IN_PROGRESS,
}
NYC_LAYOUT = Layout.of(
    "nyc",
    "Elevating devices registered with the New York City Department of Buildings, one row per device; a building is "
    "what has a building identification number (bin).",
    [
        FileLayout(
            kind="devices",
            aliases=("elevators",),
            description="One row per device; other columns are not kept.",
            columns=(
                _id("dv_device_number", "The department's number of the device."),
                _choice("device_status", "A active, D dismantled, H housing authority, J outside the department's "
                        "jurisdiction, W work in progress.", tuple(NYC_STATUSES), is_required=True),
                Column(
                    name="bin",
                    type=ColumnType.INTEGER,
                    description="The department's number of the building, seven digits.",
                    is_required=True,
                    minimum=1_000_000,
                    maximum=5_999_999,
                ),
                _text("house_number", "House number.", is_lenient=True),
                _text("street_name", "Street.", is_lenient=True),
                _text("zip_code", "ZIP code; 99999 when unknown.", is_lenient=True),
                _text("borough", "Borough.", is_lenient=True),
                _choice("device_type", "Kind of device.", tuple(NYC_TYPES), is_required=True),
                _date("dv_lastper_insp_date", "Day of the last periodic inspection.", is_lenient=True),
                _date("dv_approval_date", "Day the device was approved.", is_lenient=True),
                _text("dv_manufacturer", "Maker, in free text.", is_lenient=True),
                _degrees("latitude", "Latitude of the building.", 90, is_lenient=True),
                _degrees("longitude", "Longitude of the building.", 180, is_lenient=True),
            ),
            allows_other_columns=True,
        )
    ],
    ["devices"],
)  # fmt: skip
EQUIPMENT_FORMATS = {layout.name: layout for layout in (EQUIPMENT_LAYOUT, NYC_LAYOUT)}
