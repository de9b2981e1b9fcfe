"""Buildings and units of an owner in memory, from either layout: read, checked within the files.

What earlier imports left, the difference and the writing are in `equipment_tables`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import available_timezones

import polars as pl

from operational_db.imports.equipment_layouts import EQUIPMENT_LAYOUT, NYC_STATUSES, NYC_TYPES
from operational_db.imports.findings import Findings
from operational_db.imports.history import layout_schema, read_typed
from operational_db.imports.reading import ReadingLimits, SourceFile
from operational_db.types import EquipmentStatus

BUILDINGS, EQUIPMENT = "buildings", "equipment"
KIND_IDS = {BUILDINGS: "building_id", EQUIPMENT: "equipment_id"}

NEW_YORK = "America/New_York"
# First digit of a building's number.
BOROUGHS = {1: "Manhattan", 2: "Bronx", 3: "Brooklyn", 4: "Queens", 5: "Staten Island"}
UNKNOWN_ZIP = "99999"
# Numbers ending so stand for "some building of the borough".
PLACEHOLDER = 1_000_000
LATITUDES, LONGITUDES = (40.4, 41.0), (-74.3, -73.6)


@dataclass
class EquipmentFiles:
    """What was read: typed frames by kind in the columns of our own layout, each with `external_id`.

    `seen` holds the ids of refused rows too; kinds no file told of are absent everywhere.
    """

    findings: Findings = field(default_factory=Findings)
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    read_counts: dict[str, int] = field(default_factory=dict)
    seen: dict[str, pl.Series] = field(default_factory=dict)

    def frame(self, kind: str) -> pl.DataFrame:
        empty = pl.DataFrame(schema={**layout_schema(EQUIPMENT_LAYOUT.file(kind)), "external_id": pl.String})
        return self.frames.get(kind, empty)

    def refuse(self, kind: str, is_bad: pl.Expr, column: str | None, code: str, remedy: str) -> None:
        """Refuse the rows of a kind that the condition holds for."""
        frame = self.frames[kind]
        bad = frame.filter(is_bad)
        if bad.is_empty():
            return
        self.findings.refuse_rows(bad, file=self.files[kind], column=column, code=code, remedy=remedy)
        self.frames[kind] = frame.filter(~is_bad.fill_null(value=False))

    def note(self, kind: str, is_odd: pl.Expr, column: str | None, code: str, remedy: str) -> None:
        """Keep the rows and say what is odd."""
        odd = self.frames[kind].filter(is_odd)
        self.findings.note_rows(odd, file=self.files[kind], column=column, code=code, remedy=remedy)


def read_layout(
    sources: dict[str, SourceFile],
    limits: ReadingLimits,
    findings: Findings,
    *,
    today: date,
    progress: Callable[[str, int], None] | None = None,
) -> EquipmentFiles:
    """Our own layout.

    Raises
    ------
    FileRefusedError
        When the form of a file is wrong as a whole.
    """
    files = EquipmentFiles(findings)
    for kind, source in sources.items():
        files.files[kind] = source.name
        frame = read_typed(source, findings, limits, progress)
        files.frames[kind] = frame.with_columns(pl.col(KIND_IDS[kind]).alias("external_id"))
        files.read_counts[kind] = frame.height + findings.refused_count(source.name)
        _seen_and_single(files, kind)
    if BUILDINGS in files.frames:
        _check_buildings(files)
    if EQUIPMENT in files.frames:
        _check_units(files, today)
    return files


def _seen_and_single(files: EquipmentFiles, kind: str) -> None:
    """A repeated row is refused and the first one kept; rows that contradict each other are refused together."""
    frame = files.frames[kind]
    files.seen[kind] = frame["external_id"].unique()
    values = [name for name in frame.columns if name != "line"]
    per_id = frame.group_by("external_id").agg(
        pl.struct(values).n_unique().alias("versions"), pl.col("line").min().alias("first_line")
    )
    files.frames[kind] = frame.join(per_id, on="external_id", how="left", maintain_order="left")
    column = KIND_IDS[kind]
    remedy = "Several rows have this id and differ; keep the right one."
    files.refuse(kind, pl.col("versions") > 1, column, "contradictory_rows", remedy)
    remedy = "An earlier row says the same; remove this one."
    files.refuse(kind, pl.col("line") > pl.col("first_line"), column, "duplicate_row", remedy)
    files.frames[kind] = files.frames[kind].drop("versions", "first_line")


def _check_buildings(files: EquipmentFiles) -> None:
    remedy = "Give both latitude and longitude, or neither."
    is_half = pl.col("latitude").is_null() != pl.col("longitude").is_null()
    files.refuse(BUILDINGS, is_half, "latitude", "coordinates_incomplete", remedy)
    remedy = "Write the name of a time zone such as Europe/Berlin, or leave it empty."
    is_unknown = ~pl.col("timezone").is_in(sorted(available_timezones()))
    files.refuse(BUILDINGS, is_unknown, "timezone", "unknown_timezone", remedy)
    files.frames[BUILDINGS] = files.frames[BUILDINGS].with_columns(pl.col("timezone").fill_null("UTC"))


def _check_units(files: EquipmentFiles, today: date) -> None:
    for column in ("installed_on", "inspected_on"):
        remedy = "This has not happened yet; correct the day."
        files.refuse(EQUIPMENT, pl.col(column) > today, column, "in_the_future", remedy)
    remedy = "Kept as the source tells it: inspected before it was installed."
    is_odd = pl.col("inspected_on") < pl.col("installed_on")
    files.note(EQUIPMENT, is_odd, "inspected_on", "inspected_before_installed", remedy)
    words = pl.col("equipment_type").str.replace_all("_", " ").str.to_titlecase()
    files.frames[EQUIPMENT] = files.frames[EQUIPMENT].with_columns(
        pl.coalesce("name", pl.concat_str(_first_capital(words), "equipment_id", separator=" ")).alias("name"),
        pl.col("status").fill_null(EquipmentStatus.ACTIVE.value),
    )


def _first_capital(words: pl.Expr) -> pl.Expr:
    return words.str.slice(0, 1) + words.str.slice(1).str.to_lowercase()


def read_nyc(
    source: SourceFile,
    limits: ReadingLimits,
    findings: Findings,
    *,
    today: date,
    progress: Callable[[str, int], None] | None = None,
) -> EquipmentFiles:
    """The city's register: devices as units, and a building for every building number. Raises as `read_layout`.

    Refused is only what cannot stand: a device twice with different values, an unknown kind or status, a number that
    stands for no certain building. Everything else that is wrong is emptied or kept, and noted.
    """
    rows = read_typed(source, findings, limits, progress)
    files = EquipmentFiles(findings, files={BUILDINGS: source.name, EQUIPMENT: source.name})
    files.read_counts[EQUIPMENT] = rows.height + findings.refused_count(source.name)
    files.frames[EQUIPMENT] = rows.with_columns(
        pl.col("dv_device_number").alias("equipment_id"),
        pl.col("dv_device_number").alias("external_id"),
        pl.col("bin").cast(pl.String).alias("building_id"),
    )
    files.seen[BUILDINGS] = files.frames[EQUIPMENT]["building_id"].unique()
    _seen_and_single(files, EQUIPMENT)
    remedy = "The number stands for no certain building; look the device's building up."
    files.refuse(EQUIPMENT, pl.col("bin") % PLACEHOLDER == 0, "bin", "placeholder_building", remedy)
    _clean_devices(files, today)
    files.frames[BUILDINGS] = _nyc_buildings(files)
    files.frames[EQUIPMENT] = _nyc_units(files.frames[EQUIPMENT])
    files.read_counts[BUILDINGS] = files.frames[BUILDINGS].height
    return files


def _clean_devices(files: EquipmentFiles, today: date) -> None:
    """Empty what cannot be true and note what is odd."""
    kind = EQUIPMENT
    in_the_future = "Left empty: the day has not come yet."
    for column in ("dv_approval_date", "dv_lastper_insp_date"):
        _empty(files, pl.col(column) > today, (column,), "in_the_future", in_the_future)
    is_elsewhere = ~(pl.col("latitude").is_between(*LATITUDES) & pl.col("longitude").is_between(*LONGITUDES))
    remedy = "Left empty: the place is not in the city."
    _empty(files, is_elsewhere, ("latitude", "longitude"), "coordinates_elsewhere", remedy)
    _empty(files, pl.col("zip_code") == UNKNOWN_ZIP, ("zip_code",), "zip_code_unknown", "Left empty: 99999 is no code.")
    number_letter = pl.col("dv_device_number").str.extract(r"^\d([A-Z])\d", 1)
    type_letter = pl.col("device_type").str.extract(r"\(([a-z])\)$", 1).str.to_uppercase()
    borough = (pl.col("bin") // PLACEHOLDER).replace_strict(BOROUGHS, default=None, return_dtype=pl.String)
    is_without_place = pl.col("latitude").is_null() | pl.col("longitude").is_null()
    for is_odd, column, code, remedy in (
        (is_without_place, "latitude", "coordinates_missing", "Kept: the building is not on the map."),
        (
            pl.col("house_number").is_null() | pl.col("street_name").is_null(),
            "street_name",
            "address_incomplete",
            "Kept with what there is of the address.",
        ),
        (
            pl.col("borough").is_null() | (pl.col("borough") != borough),
            "borough",
            "borough_contradicts_number",
            "Kept in the borough of the building's number.",
        ),
        (
            number_letter.is_not_null() & (number_letter != type_letter),
            "device_type",
            "type_contradicts_number",
            "Kept as the kind that is written out; the device's number has the letter of another.",
        ),
        (
            pl.col("dv_lastper_insp_date") < pl.col("dv_approval_date"),
            "dv_lastper_insp_date",
            "inspected_before_approval",
            "Kept as the source tells it: inspected before it was approved.",
        ),
        (
            pl.col("dv_lastper_insp_date").is_null() & (pl.col("device_status") == "a"),
            "dv_lastper_insp_date",
            "active_never_inspected",
            "Kept: an active device without an inspection on record.",
        ),
    ):
        files.note(kind, is_odd, column, code, remedy)
    files.frames[kind] = files.frames[kind].with_columns(borough.alias("borough"))


def _empty(files: EquipmentFiles, is_bad: pl.Expr, columns: tuple[str, ...], code: str, remedy: str) -> None:
    files.note(EQUIPMENT, is_bad, columns[0], code, remedy)
    emptied = [pl.when(~is_bad.fill_null(value=False)).then(pl.col(name)).alias(name) for name in columns]
    files.frames[EQUIPMENT] = files.frames[EQUIPMENT].with_columns(emptied)


def _nyc_buildings(files: EquipmentFiles) -> pl.DataFrame:
    """One row per building number, with the address and the place that most of its devices give."""
    address = pl.concat_str("house_number", "street_name", separator=" ", ignore_nulls=True)
    devices = files.frames[EQUIPMENT].with_columns(
        pl.when(address.str.len_chars() > 0).then(address).alias("address"),
        pl.when(pl.col("longitude").is_not_null()).then("latitude").alias("latitude"),
        pl.when(pl.col("latitude").is_not_null()).then("longitude").alias("longitude"),
    )
    buildings = devices.select("building_id").unique(maintain_order=True)
    firsts = devices.group_by("building_id").agg(pl.col("line").min(), pl.col("borough").first().alias("district"))
    buildings = buildings.join(firsts, on="building_id", how="left", maintain_order="left")
    for names in (("address",), ("zip_code",), ("latitude", "longitude")):
        usual = _most_frequent(devices, names)
        buildings = buildings.join(usual, on="building_id", how="left", maintain_order="left")
    chosen = buildings.select("building_id", pl.col("address").alias("chosen"), pl.col("latitude").alias("chosen_lat"))
    with_chosen = devices.join(chosen, on="building_id", how="left", maintain_order="left")
    for is_other, column, code in (
        (pl.col("address") != pl.col("chosen"), "street_name", "several_addresses"),
        (pl.col("latitude") != pl.col("chosen_lat"), "latitude", "several_places"),
    ):
        remedy = "Kept; the building has what most of its devices give (they were filed at several)."
        files.findings.note_rows(
            with_chosen.filter(is_other), file=files.files[EQUIPMENT], column=column, code=code, remedy=remedy
        )
    return buildings.select(
        "line",
        "building_id",
        pl.coalesce("address", pl.format("Building {}", "building_id")).alias("name"),
        pl.col("address").fill_null(""),
        pl.lit("New York").alias("city"),
        "district",
        pl.col("zip_code").alias("postal_code"),
        "latitude",
        "longitude",
        pl.lit(NEW_YORK).alias("timezone"),
        pl.col("building_id").alias("external_id"),
    )


def _most_frequent(devices: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """The most frequent values per building; of equally frequent ones the first in order."""
    counted = devices.drop_nulls(list(names)).group_by("building_id", *names).len()
    ordered = counted.sort(["building_id", "len", *names], descending=[False, True, *[False] * len(names)])
    return ordered.unique("building_id", keep="first", maintain_order=True).drop("len")


def _nyc_units(devices: pl.DataFrame) -> pl.DataFrame:
    equipment_type = pl.col("device_type").replace_strict(
        {name: kind.value for name, kind in NYC_TYPES.items()}, return_dtype=pl.String
    )
    status = pl.col("device_status").replace_strict(
        {letter: status.value for letter, status in NYC_STATUSES.items()}, return_dtype=pl.String
    )
    words = equipment_type.str.replace_all("_", " ").str.to_titlecase()
    return devices.select(
        "line",
        "equipment_id",
        "building_id",
        pl.concat_str(_first_capital(words), "equipment_id", separator=" ").alias("name"),
        equipment_type.alias("equipment_type"),
        pl.col("dv_manufacturer").alias("manufacturer"),
        pl.lit(None, pl.String).alias("model"),
        status.alias("status"),
        pl.col("dv_approval_date").alias("installed_on"),
        pl.col("dv_lastper_insp_date").alias("inspected_on"),
        "external_id",
    )
