"""The dbt models as assets with their lineage, their data tests as checks; all run by the one build step.

Names, groups and the way sources meet the landing are decided by the translator here; the models are in `dbt_project`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets
from dagster_dbt.asset_utils import DAGSTER_DBT_UNIQUE_ID_METADATA_KEY

from operational_db.settings import Settings
from pipelines.assets.landing import DIMENSIONS, ENGAGEMENT, ENTRIES
from pipelines.assets.outcomes import test_result
from pipelines.build import NodeResult, models_hash, parse_models
from pipelines.errors import ChecksFailedError
from pipelines.landing import write_durably
from pipelines.resources import Refresh

SOURCE_KEYS = {"ledger": ENTRIES, "dimensions": DIMENSIONS, "engagement": ENGAGEMENT}
Manifest = dict[str, Any]  # dbt's own document; its shape is dbt's business


class ModelTranslator(DagsterDbtTranslator):
    """Key = [layer, name], group = layer; every source of the ledger is the one asset that lands it."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Rename dbt's default spec."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        properties = self.get_resource_props(manifest, unique_id)
        if properties["resource_type"] == "source":
            return spec.replace_attributes(key=SOURCE_KEYS[properties["source_name"]])
        layer = properties["fqn"][1]
        return spec.replace_attributes(
            key=dg.AssetKey([layer, properties["name"]]), group_name=layer, owners=["team:platform"]
        ).merge_attributes(kinds={"dbt", "duckdb"})


def load_manifest(settings: Settings) -> Manifest:
    """Dbt's manifest of the project as it is now: parsed again exactly when a model file changed, never stale."""
    folder = settings.home_path / "dbt"
    path = folder / f"manifest-{models_hash()}.json"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        writable = parse_models(settings).writable_manifest().to_dict(omit_none=False)
        write_durably(path, json.dumps(writable, default=str).encode())
        for old in folder.glob("manifest-*.json"):
            if old != path:
                old.unlink(missing_ok=True)
    loaded: Manifest = json.loads(path.read_bytes())
    return loaded


def create_model_assets(manifest: Manifest) -> dg.AssetsDefinition:
    """One asset per model; running any of them runs the whole build on what is landed."""
    translator = ModelTranslator()

    @dbt_assets(manifest=manifest, name="dbt", dagster_dbt_translator=translator)
    def models(context: dg.AssetExecutionContext, refresh: Refresh) -> Iterator[Any]:
        session = refresh.session
        checks = _check_keys(context.assets_def)
        try:
            session.build()
        except ChecksFailedError:
            yield from _events(session.nodes, manifest, translator, checks, is_failed=True)
            raise
        yield from _events(session.nodes, manifest, translator, checks, is_failed=False)

    return models


def _check_keys(assets: dg.AssetsDefinition) -> dict[str, dg.AssetCheckKey]:
    """Dbt's id of a test, and the check it is declared as."""
    return {
        str(spec.metadata[DAGSTER_DBT_UNIQUE_ID_METADATA_KEY]): spec.key
        for spec in assets.check_specs
        if DAGSTER_DBT_UNIQUE_ID_METADATA_KEY in spec.metadata
    }


def _events(
    nodes: Sequence[NodeResult],
    manifest: Manifest,
    translator: ModelTranslator,
    checks: Mapping[str, dg.AssetCheckKey],
    *,
    is_failed: bool,
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """A failed build reports its tests only: none of its models reaches a release."""
    if not is_failed:
        for node in nodes:
            if node.unique_id.startswith("model.") and node.unique_id in manifest["nodes"]:
                key = translator.get_asset_spec(manifest, node.unique_id, None).key
                yield dg.MaterializeResult(asset_key=key, metadata={"seconds": node.seconds})
    for node in nodes:
        if node.unique_id in checks:
            yield test_result(node, checks[node.unique_id])
