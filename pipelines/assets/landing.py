"""Landing: ledger entries, dimensions and engagement months as Parquet, checked before anything is built."""

from collections.abc import Iterator

import dagster as dg

from pipelines.assets.outcomes import check_results, check_specs
from pipelines.errors import ChecksFailedError
from pipelines.landing_checks import LANDING_CHECKS, LANDING_WARNINGS
from pipelines.resources import Refresh

ENTRIES = dg.AssetKey(["landing", "entries"])
DIMENSIONS = dg.AssetKey(["landing", "dimensions"])
ENGAGEMENT = dg.AssetKey(["landing", "engagement"])

_OWNERS = ["team:platform"]


@dg.multi_asset(
    name="extract",
    group_name="landing",
    specs=[
        dg.AssetSpec(
            ENTRIES,
            description="Ledger entries by leaf_index, one immutable Parquet file per event kind and segment.",
            kinds={"postgres", "parquet"},
            owners=_OWNERS,
        ),
        dg.AssetSpec(
            DIMENSIONS,
            description="People, organizations, courses and the like, whole, as they are; of people their names only.",
            kinds={"postgres", "parquet"},
            owners=_OWNERS,
        ),
        dg.AssetSpec(
            ENGAGEMENT,
            description="Daily engagement per person and course; only months that changed are read again.",
            kinds={"postgres", "parquet"},
            owners=_OWNERS,
        ),
    ],
    check_specs=check_specs(LANDING_CHECKS, ENTRIES, warnings=LANDING_WARNINGS),
)
def extract(refresh: Refresh) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Read what is new in PostgreSQL and check that what is landed is the ledger."""
    session = refresh.session
    size, root = session.sequence()
    extracted = session.extract()
    entries: dict[str, int | str] = {"dagster/row_count": size, "new_entries": extracted.new_entry_count, "root": root}
    yield dg.MaterializeResult(asset_key=ENTRIES, metadata=entries)
    yield dg.MaterializeResult(asset_key=DIMENSIONS)
    yield dg.MaterializeResult(asset_key=ENGAGEMENT)
    try:
        session.check_landing()
    except ChecksFailedError:
        yield from check_results(session.checks, ENTRIES, LANDING_CHECKS)
        raise
    yield from check_results(session.checks, ENTRIES, LANDING_CHECKS)
