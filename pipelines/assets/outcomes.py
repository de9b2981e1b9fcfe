"""Turns results of the plain steps into what Dagster shows: check results with their numbers."""

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from operational_db.releases.manifest import CheckResult
from pipelines.build import NodeResult


def check_specs(names: Sequence[str], asset: dg.AssetKey, *, warnings: Iterable[str] = ()) -> list[dg.AssetCheckSpec]:
    """Declares the checks of an asset; all but the warnings block what comes after it."""
    only_warn = set(warnings)
    return [dg.AssetCheckSpec(name, asset=asset, blocking=name not in only_warn) for name in names]


def check_results(
    checks: Iterable[CheckResult], asset: dg.AssetKey, names: Iterable[str]
) -> Iterator[dg.AssetCheckResult]:
    """The results of the checks with these names, blocking failures as errors, the others as warnings."""
    wanted = set(names)
    for check in checks:
        if check.name in wanted:
            yield dg.AssetCheckResult(
                asset_key=asset,
                check_name=check.name,
                passed=check.passed,
                severity=dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN,
                description=check.message,
                metadata=dict(check.numbers),
            )


def test_result(node: NodeResult, key: dg.AssetCheckKey) -> dg.AssetCheckResult:
    """One of dbt's data tests as the check it is declared as."""
    severity = dg.AssetCheckSeverity.WARN if node.severity == "warn" else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=node.status == "pass",
        severity=severity,
        description=node.message or None,
        metadata={"failures": node.failures or 0, "seconds": node.seconds},
    )
