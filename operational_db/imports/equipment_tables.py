"""The difference between an owner's equipment files and what earlier imports left, and writing it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl

from operational_db.imports.diff import Action, action_counts, missing_ids, with_action, with_fingerprint
from operational_db.imports.equipment import BUILDINGS, EQUIPMENT, EquipmentFiles
from operational_db.imports.equipment_layouts import EQUIPMENT_LAYOUT
from operational_db.imports.report import LISTED_IDS, KindCounts
from operational_db.imports.repository import ImportRepository
from operational_db.owners.manufacturer_service import (
    Normalised,
    known_manufacturers,
    normalised,
    resolve_manufacturers,
)
from operational_db.owners.manufacturers import read_maker

LISTED_MAKERS = 50
CHANGED_BUILDING_COLUMNS = (
    "name", "address", "city", "district", "postal_code", "latitude", "longitude", "timezone",
)  # fmt: skip
CHANGED_UNIT_COLUMNS = (
    "building_id", "name", "equipment_type", "manufacturer_id", "manufacturer_text", "model", "status", "installed_on",
    "inspected_on",
)  # fmt: skip


@dataclass
class EquipmentPlan:
    """What an import would do: rows by kind with their action, our ids of the buildings, and the report's figures."""

    buildings: pl.DataFrame
    equipment: pl.DataFrame
    building_ids: pl.DataFrame
    counts: dict[str, KindCounts]
    known_counts: dict[str, int]
    manufacturers: Normalised

    @property
    def report(self) -> dict[str, Any]:
        """What the report says besides the counts: how the manufacturers' names were brought together."""
        return {"manufacturers": dict(self.manufacturers.report)}


def plan_equipment(repository: ImportRepository, files: EquipmentFiles, source_key: str) -> EquipmentPlan:
    """Compare with what the source's earlier imports left; units of no known building are refused."""
    known = repository.known_records(source_key)
    frames: dict[str, pl.DataFrame] = {}
    for kind in (BUILDINGS, EQUIPMENT):
        columns = [column.name for column in EQUIPMENT_LAYOUT.file(kind).columns]
        frames[kind] = with_action(
            with_fingerprint(files.frame(kind), columns), known.filter(pl.col("kind") == kind)
        ).sort("line")
    names = ("external_id", "record_id")
    building_ids = pl.concat(
        [frames[BUILDINGS].select(names), known.filter(pl.col("kind") == BUILDINGS).select(names)]
    ).unique("external_id")
    units = frames[EQUIPMENT].join(
        building_ids.rename({"external_id": "building_id", "record_id": "building_record_id"}),
        on="building_id",
        how="left",
        maintain_order="left",
    )
    if EQUIPMENT in files.files:
        files.findings.refuse_rows(
            units.filter(pl.col("building_record_id").is_null()),
            file=files.files[EQUIPMENT],
            column="building_id",
            code="unknown_reference",
            remedy="No such id among the buildings of this or an earlier import (or its row was refused); add it.",
        )
        _note_makers(files, units)
    units = units.filter(pl.col("building_record_id").is_not_null())
    spelled = dict(Counter(units["manufacturer"].drop_nulls().to_list()))
    makers = normalised(spelled, known_manufacturers(repository.session).keys(), listed=LISTED_MAKERS)
    counts, known_counts = {}, {}
    for kind, frame in ((BUILDINGS, frames[BUILDINGS]), (EQUIPMENT, units)):
        if kind not in files.files:
            continue
        before = known.filter(pl.col("kind") == kind)
        counts[kind] = _counts(files, kind, frame, before)
        known_counts[kind] = before.height
    counts["manufacturers"] = KindCounts(
        read=makers.read_count,
        added=len(makers.new_names),
        unchanged=makers.read_count - len(makers.new_names),
        listed={Action.ADDED.value: list(makers.new_names[:LISTED_IDS])},
    )
    return EquipmentPlan(frames[BUILDINGS], units, building_ids, counts, known_counts, makers)


def apply_equipment(
    repository: ImportRepository, plan: EquipmentPlan, organization_id: UUID, source_key: str, import_id: UUID
) -> None:
    """Write the plan in the caller's transaction; nothing is written for unchanged rows."""
    buildings = plan.buildings.select(
        "record_id",
        "action",
        pl.lit(str(organization_id)).alias("organization_id"),
        "name",
        pl.col("address").fill_null(""),
        "city",
        "district",
        "postal_code",
        pl.col("external_id").alias("register_id"),
        "latitude",
        "longitude",
        "timezone",
    )
    repository.add_records("buildings", buildings)
    changed = buildings.select("record_id", "action", *CHANGED_BUILDING_COLUMNS)
    repository.change_records(BUILDINGS, changed, source_key, import_id)
    repository.record_ids(BUILDINGS, plan.buildings, source_key, import_id)
    written = plan.equipment.filter(pl.col("action") != Action.UNCHANGED)
    units = _unit_rows(repository, written)
    repository.add_records("equipment", units)
    changed = units.select("record_id", "action", *CHANGED_UNIT_COLUMNS)
    repository.change_records(EQUIPMENT, changed, source_key, import_id)
    repository.record_ids(EQUIPMENT, plan.equipment, source_key, import_id)


def _unit_rows(repository: ImportRepository, units: pl.DataFrame) -> pl.DataFrame:
    ids = resolve_manufacturers(repository.session, units["manufacturer"].drop_nulls().unique().sort().to_list())
    makers = pl.DataFrame(
        {"manufacturer": list(ids), "manufacturer_id": [str(found) if found else None for found in ids.values()]},
        schema={"manufacturer": pl.String, "manufacturer_id": pl.String},
    )
    return units.join(makers, on="manufacturer", how="left", maintain_order="left").select(
        "record_id",
        "action",
        pl.col("building_record_id").alias("building_id"),
        "name",
        "equipment_type",
        "manufacturer_id",
        pl.col("manufacturer").alias("manufacturer_text"),
        "model",
        pl.col("external_id").alias("register_id"),
        "status",
        "installed_on",
        "inspected_on",
    )


def _note_makers(files: EquipmentFiles, units: pl.DataFrame) -> None:
    """Texts in the maker's place that name no maker: the unit is kept without one."""
    read = {spelling: read_maker(spelling) for spelling in units["manufacturer"].drop_nulls().unique().to_list()}
    for code, spellings, remedy in (
        (
            "manufacturer_not_a_name",
            [spelling for spelling, maker in read.items() if maker is None],
            "Kept without a manufacturer: a number, a date or a reference is in its place.",
        ),
        (
            "manufacturer_not_a_maker",
            [spelling for spelling, maker in read.items() if maker is not None and not maker.is_maker],
            "Kept without a manufacturer: an owner, a use or a note is in its place.",
        ),
    ):
        is_odd = pl.col("manufacturer").is_in(spellings)
        column = "dv_manufacturer" if files.files.get(BUILDINGS) == files.files[EQUIPMENT] else "manufacturer"
        files.findings.note_rows(
            units.filter(is_odd), file=files.files[EQUIPMENT], column=column, code=code, remedy=remedy
        )


def _counts(files: EquipmentFiles, kind: str, frame: pl.DataFrame, known: pl.DataFrame) -> KindCounts:
    missing = missing_ids(known, files.seen.get(kind, frame["external_id"]))
    # Buildings that come with their devices are refused with them.
    is_derived = kind == BUILDINGS and files.files.get(EQUIPMENT) == files.files[BUILDINGS]
    return KindCounts.of_actions(
        action_counts(frame),
        read=files.read_counts[kind],
        refused=0 if is_derived else files.findings.refused_count(files.files[kind]),
        missing=len(missing),
        listed={
            **{
                action.value: frame.filter(pl.col("action") == action)["external_id"].head(LISTED_IDS).to_list()
                for action in (Action.ADDED, Action.CHANGED)
            },
            "missing": missing.head(LISTED_IDS).to_list(),
        },
    )
