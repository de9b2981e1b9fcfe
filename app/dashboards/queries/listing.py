"""A list as SQL that can be counted, sorted, paged and taken whole, so that no page pulls more than it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from operational_db.releases.reader import ScopedWarehouse


@dataclass(frozen=True)
class Listing:
    """`sql` is one select without order or limit; `sorts` maps what a person chooses to an order by clause of ours."""

    sql: str
    sorts: Mapping[str, str]
    parameters: Mapping[str, object] = field(default_factory=dict)


def count_rows(warehouse: ScopedWarehouse, listing: Listing) -> int:
    """How many rows the whole list has."""
    frame = warehouse.query(f"select count(*) from ({listing.sql}) as listed", listing.parameters or None)  # noqa: S608
    return int(frame.item(0, 0))


def rows(
    warehouse: ScopedWarehouse, listing: Listing, *, sort: str, limit: int | None = None, offset: int = 0
) -> pl.DataFrame:
    """The list in the chosen order, one page of it or the whole."""
    # Sort clauses are constants of this package, chosen by their label; values from people travel as parameters only.
    sql = f"select * from ({listing.sql}) as listed order by {listing.sorts[sort]}"  # noqa: S608
    if limit is None:
        return warehouse.query(sql, listing.parameters or None)
    parameters = {**listing.parameters, "row_limit": limit, "row_offset": offset}
    return warehouse.query(f"{sql} limit $row_limit offset $row_offset", parameters)
