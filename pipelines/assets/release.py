"""The release: the last asset. Counts the build against the ledger, then makes it what readers open."""

from collections.abc import Iterable, Iterator

import dagster as dg

from pipelines.assets.outcomes import check_results, check_specs
from pipelines.build_checks import BUILD_CHECKS, BUILD_WARNINGS
from pipelines.errors import ChecksFailedError
from pipelines.reconciliation import RECONCILIATION_CHECKS
from pipelines.release import RELEASE_CHECK
from pipelines.resources import Refresh

WAREHOUSE = dg.AssetKey(["release", "warehouse"])
_CHECKS = (*BUILD_CHECKS, *RECONCILIATION_CHECKS, RELEASE_CHECK)


def create_release_asset(marts: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """The release of these marts."""

    @dg.multi_asset(
        name="publish",
        group_name="release",
        specs=[
            dg.AssetSpec(
                WAREHOUSE,
                deps=list(marts),
                description="The release that dashboards and API read: all marts, cut at one ledger checkpoint.",
                kinds={"duckdb"},
                owners=["team:platform"],
            )
        ],
        check_specs=check_specs(_CHECKS, WAREHOUSE, warnings=(*BUILD_WARNINGS, *RECONCILIATION_CHECKS)),
    )
    def publish(refresh: Refresh) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        session = refresh.session
        try:
            session.check_build()
            released = session.release()
        except ChecksFailedError:
            yield from check_results(session.checks, WAREHOUSE, _CHECKS)
            raise
        release = released or session.current
        if release is not None:
            metadata: dict[str, int | str] = {
                "dagster/row_count": sum(release.row_counts.values()),
                "ledger_size": release.ledger_size,
                "root": release.root_hash,
                "release": release.name,
            }
            yield dg.MaterializeResult(asset_key=WAREHOUSE, metadata=metadata)
            yield from check_results(release.checks, WAREHOUSE, _CHECKS)

    return publish
