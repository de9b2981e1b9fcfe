"""The registry of certifications by name, for choosing."""

from operational_db.releases.reader import ScopedWarehouse


def certifications(warehouse: ScopedWarehouse) -> dict[str, str]:
    """Names by id, in the order of the names; the code tells apart what has the same name."""
    frame = warehouse.query(
        """
        select certification_id::varchar,
               case when count(*) over (partition by name) > 1 then name || ' (' || code || ')' else name end as label
        from dim_certification order by label, certification_id
        """
    )
    return dict(frame.iter_rows())
