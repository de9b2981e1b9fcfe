"""What the figures know of visits that the records do not: the ledger entry each one rests on."""

from collections.abc import Sequence

from operational_db.releases.reader import ScopedWarehouse


def entries_of(warehouse: ScopedWarehouse, *, visit_ids: Sequence[str]) -> dict[str, int]:
    """Number of the last ledger entry about each visit; those planned after the figures were made have none yet."""
    if "fct_visit" not in warehouse.views:
        return {}
    found = warehouse.query(
        "select * from fct_visit where visit_id in (select unnest($visit_ids::uuid[]))", {"visit_ids": list(visit_ids)}
    )
    # Figures made by a former version of the product do not name the entry.
    if "leaf_index" not in found.columns:
        return {}
    return {str(visit_id): leaf_index for visit_id, leaf_index in found.select("visit_id", "leaf_index").iter_rows()}
