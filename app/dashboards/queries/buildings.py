"""Buildings, their units and whether contractors cover what their owner requires. Already cut to the owner."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

NEEDED_VIEWS = frozenset({"dim_building", "dim_equipment", "dim_manufacturer", "owner_requirement_coverage"})
# Up to so many buildings are drawn one by one; more are put together by place.
MOST_SINGLE = 400
CELLS = 48
VISIT_DAYS = 30
STATES = {
    "All": "true",
    "Uncovered": "state = 'uncovered'",
    "Covered": "state = 'covered'",
    "No requirement": "state = 'no_requirement'",
    "Visit in 30 days, uncovered": f"state = 'uncovered' and next_visit_on <= $today::date + {VISIT_DAYS}",
}
SORTS = {
    "Most uncovered units first": "uncovered_unit_count desc, unit_count desc, name, building_id",
    "Next visit first": "next_visit_on asc nulls last, name, building_id",
    "Most units first": "unit_count desc, name, building_id",
    "Name": "name, building_id",
}
# One row a building; of its requirements each counts once a unit. What is only tried out (dry run) covers nothing.
_BUILDINGS = """
    with units as (
        select building_id, count(*) filter (where status = 'active') as unit_count
        from dim_equipment group by building_id
    ),
    coverage as (
        select building_id, count(*) as required_count, count(*) filter (where is_covered) as covered_count,
               count(distinct rule_id) as rule_count,
               count(distinct equipment_id) filter (where not is_covered) as uncovered_unit_count,
               min(next_visit_on) as next_visit_on,
               sum(expires_before_visit_count)::bigint as expires_before_visit_count
        from owner_requirement_coverage where mode = 'enforce' group by building_id
    )
    select b.building_id, b.name, b.city, b.district, b.register_id, b.latitude, b.longitude,
           coalesce(u.unit_count, 0) as unit_count, coalesce(c.required_count, 0) as required_count,
           coalesce(c.covered_count, 0) as covered_count, coalesce(c.rule_count, 0) as rule_count,
           coalesce(c.uncovered_unit_count, 0) as uncovered_unit_count, c.next_visit_on,
           coalesce(c.expires_before_visit_count, 0) as expires_before_visit_count,
           case when coalesce(c.required_count, 0) = 0 then 'no_requirement'
                when c.covered_count < c.required_count then 'uncovered' else 'covered' end as state
    from dim_building as b
    left join units as u on u.building_id = b.building_id
    left join coverage as c on c.building_id = b.building_id
    where b.is_active
"""


@dataclass(frozen=True)
class Counts:
    """Of all buildings: `required_count` and `covered_count` count each requirement once a unit."""

    building_count: int
    unit_count: int
    uncovered_building_count: int
    open_building_count: int
    uncovered_unit_count: int
    required_count: int
    covered_count: int
    visit_uncovered_count: int
    expiring_building_count: int


def counts(warehouse: ScopedWarehouse, *, today: date) -> Counts:
    """How many buildings and units there are, and how many are uncovered; `open`: nothing is required there."""
    frame = warehouse.query(
        f"""
        with buildings as ({_BUILDINGS})
        select count(*) as building_count, coalesce(sum(unit_count), 0)::bigint as unit_count,
               count(*) filter (where state = 'uncovered') as uncovered_building_count,
               count(*) filter (where state = 'no_requirement') as open_building_count,
               coalesce(sum(uncovered_unit_count), 0)::bigint as uncovered_unit_count,
               coalesce(sum(required_count), 0)::bigint as required_count,
               coalesce(sum(covered_count), 0)::bigint as covered_count,
               count(*) filter (where {STATES["Visit in 30 days, uncovered"]}) as visit_uncovered_count,
               count(*) filter (where expires_before_visit_count > 0) as expiring_building_count
        from buildings
        """,  # noqa: S608 - constants of this module
        {"today": today},
    )
    return Counts(**frame.row(0, named=True))


def districts(warehouse: ScopedWarehouse) -> list[str]:
    """Districts with buildings, by name."""
    frame = warehouse.query("select distinct district from dim_building where district is not null order by district")
    return frame["district"].to_list()


def cities(warehouse: ScopedWarehouse) -> list[str]:
    """Cities with buildings, the one with the most first."""
    frame = warehouse.query(
        "select city from dim_building where city is not null group by city order by count(*) desc, city"
    )
    return frame["city"].to_list()


def on_map(
    warehouse: ScopedWarehouse, *, state: str, city: str | None, district: str | None, search: str, today: date
) -> pl.DataFrame:
    """Points to draw: label, city, latitude, longitude, building_count, unit_count, uncovered_count, open_count.

    Up to `MOST_SINGLE` buildings are a point each; more are put together into a grid of `CELLS` by `CELLS`, each cell
    at the middle of its buildings.
    """
    parameters = {
        **_parameters(city=city, district=district, search=search, today=today),
        "most": MOST_SINGLE,
        "cells": CELLS,
    }
    return warehouse.query(
        f"""
        with buildings as ({_BUILDINGS}),
        chosen as (
            select *, count(*) over () as total from buildings
            where {STATES[state]} and latitude is not null and {_MATCHES}
        ),
        box as (
            select min(latitude) as south, max(latitude) as north, min(longitude) as west, max(longitude) as east
            from chosen
        ),
        placed as (
            select chosen.*,
                   case when total <= $most then building_id::varchar
                        else concat(floor((latitude - south) / nullif(north - south, 0) * $cells), '/',
                                    floor((longitude - west) / nullif(east - west, 0) * $cells)) end as place
            from chosen cross join box
        )
        select case when count(*) = 1 then any_value(name)
                    else count(*) || ' buildings' || coalesce(' in ' || mode(district), '') end as label,
               mode(city) as city, avg(latitude) as latitude, avg(longitude) as longitude, count(*) as building_count,
               sum(unit_count)::bigint as unit_count,
               count(*) filter (where state = 'uncovered') as uncovered_count,
               count(*) filter (where state = 'no_requirement') as open_count
        from placed group by place order by building_count, latitude, longitude
        """,  # noqa: S608 - constants of this module
        parameters,
    )


# `$today` is part of one state only, and every parameter has to be used.
_MATCHES = """
    $today::date is not null and ($city::varchar is null or city = $city::varchar)
    and ($district::varchar is null or district = $district::varchar)
    and ($search = '' or contains(lower(name), lower($search)) or contains(lower(coalesce(register_id, '')),
         lower($search)))
"""


def _parameters(*, city: str | None, district: str | None, search: str, today: date) -> dict[str, object]:
    return {"today": today, "city": city, "district": district, "search": search.strip()}


def listing(*, state: str, city: str | None, district: str | None, search: str, today: date) -> Listing:
    """One row a building."""
    sql = f"with buildings as ({_BUILDINGS}) select * from buildings where {STATES[state]} and {_MATCHES}"  # noqa: S608 - constants
    return Listing(sql, SORTS, _parameters(city=city, district=district, search=search, today=today))


@dataclass(frozen=True)
class BuildingHead:
    building_id: str
    name: str
    place: str
    unit_count: int
    required_count: int
    covered_count: int
    uncovered_unit_count: int
    next_visit_on: date | None
    state: str


def building_head(warehouse: ScopedWarehouse, *, building_id: str) -> BuildingHead | None:
    """One building with its coverage; None when it is not in sight."""
    frame = warehouse.query(
        f"""
        with buildings as ({_BUILDINGS})
        select building_id::varchar as building_id, name,
               concat_ws(', ', city, district, 'register ' || register_id) as place, unit_count, required_count,
               covered_count, uncovered_unit_count, next_visit_on, state
        from buildings where building_id = try_cast($building_id as uuid)
        """,  # noqa: S608 - constants of this module
        {"building_id": building_id},
    )
    return BuildingHead(**frame.row(0, named=True)) if frame.height else None


def building_of_unit(warehouse: ScopedWarehouse, *, equipment_id: str) -> str | None:
    """The building a unit is in; None when it is not in sight."""
    frame = warehouse.query(
        "select building_id::varchar from dim_equipment where equipment_id = try_cast($equipment_id as uuid)",
        {"equipment_id": equipment_id},
    )
    return str(frame.item(0, 0)) if frame.height else None


def units_listing(*, building_id: str) -> Listing:
    """One row a unit of a building, with how many requirements hold for it and how many are covered."""
    sql = """
        with coverage as (
            select equipment_id, count(*) as required_count, count(*) filter (where is_covered) as covered_count,
                   min(qualified_count) as qualified_count, min(next_visit_on) as next_visit_on
            from owner_requirement_coverage
            where building_id = try_cast($building_id as uuid) and mode = 'enforce' group by equipment_id
        )
        select e.equipment_id, e.name, e.equipment_type, m.name as manufacturer_name, e.model, e.register_id, e.status,
               e.inspected_on, coalesce(c.required_count, 0) as required_count,
               coalesce(c.covered_count, 0) as covered_count, c.qualified_count, c.next_visit_on,
               case when coalesce(c.required_count, 0) = 0 then 'no_requirement'
                    when c.covered_count < c.required_count then 'uncovered' else 'covered' end as coverage
        from dim_equipment as e
        left join dim_manufacturer as m on m.manufacturer_id = e.manufacturer_id
        left join coverage as c on c.equipment_id = e.equipment_id
        where e.building_id = try_cast($building_id as uuid)
        """
    sorts = {
        "Uncovered first": "coverage desc, name, equipment_id",
        "Name": "name, equipment_id",
        "Last inspected first": "inspected_on desc nulls last, name, equipment_id",
    }
    return Listing(sql, sorts, {"building_id": building_id})


UNIT_SORTS = {
    "Building": "building_name, name, equipment_id",
    "Type": "equipment_type, building_name, name, equipment_id",
    "Maker": "manufacturer_name nulls last, building_name, name, equipment_id",
}


def all_units_listing(*, equipment_type: str | None, manufacturer_id: str | None, search: str) -> Listing:
    """One row a unit of all buildings."""
    sql = """
        select e.equipment_id, b.building_id, b.name as building_name, e.name, e.equipment_type, e.model, e.register_id,
               m.name as manufacturer_name, e.status, e.installed_on, e.inspected_on
        from dim_equipment as e
        join dim_building as b on b.building_id = e.building_id
        left join dim_manufacturer as m on m.manufacturer_id = e.manufacturer_id
        where ($equipment_type::varchar is null or e.equipment_type = $equipment_type::varchar)
          and ($manufacturer_id::varchar is null or e.manufacturer_id = try_cast($manufacturer_id::varchar as uuid))
          and ($search = '' or contains(lower(b.name), lower($search)) or contains(lower(e.name), lower($search))
               or contains(lower(coalesce(e.register_id, '')), lower($search)))
        """
    parameters = {"equipment_type": equipment_type, "manufacturer_id": manufacturer_id, "search": search.strip()}
    return Listing(sql, UNIT_SORTS, parameters)


def manufacturers(warehouse: ScopedWarehouse) -> dict[str, str]:
    """Makers of units in sight by id, the most frequent first."""
    frame = warehouse.query(
        """
        select m.manufacturer_id::varchar, m.name from dim_manufacturer as m
        join dim_equipment as e on e.manufacturer_id = m.manufacturer_id
        group by all order by count(*) desc, m.name
        """
    )
    return dict(frame.iter_rows())


def equipment_types(warehouse: ScopedWarehouse) -> pl.DataFrame:
    """Kinds of units: equipment_type, unit_count; the most frequent first."""
    return warehouse.query(
        """
        select equipment_type, count(*) as unit_count from dim_equipment where status = 'active'
        group by equipment_type order by unit_count desc, equipment_type
        """
    )
