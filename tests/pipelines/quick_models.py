"""Marts made from the landing by a handful of plain statements, in no time: for tests of what surrounds dbt.

They hold what the checks count and what readers open; what the marts mean is dbt's business and tested with dbt.
"""

import json
from datetime import datetime

import duckdb

from operational_db.settings import Settings
from pipelines.build import BuildPlan, NodeResult, build_path
from pipelines.landing import Landing

_SIMPLE = {
    "dim_membership": ("membership_id", ["membership.started"]),
    "fct_attempt": ("attempt_id", ["attempt.graded"]),
    "fct_assignment": ("recipient_id", ["training.assigned"]),
}
_STATUS_MARTS = {
    "compliance_by_organization": "organization_id",
    "compliance_by_person": "organization_id, person_id",
    "compliance_by_category": "organization_id",
}


def run_quick_models(settings: Settings, plan: BuildPlan, *, built_at: datetime) -> list[NodeResult]:
    """Build every mart the checks count, from all landed entries; stands in for `pipelines.build.run_models`."""
    landing = Landing(settings.landing_path)

    def entries(*kinds: str) -> str:
        return " union all ".join(
            f"select leaf_index, subject_id::uuid as person_id, organization_id::uuid as organization_id, "
            f"'{kind}' as kind, body from read_parquet('{landing.kind_folder(kind)}/*.parquet') "
            f"where leaf_index < {plan.to_leaf} and coalesce(body ->> '$.import_id', '') not in (from undone)"
            for kind in kinds
        )

    with duckdb.connect(build_path(settings)) as connection:
        for schema in ("marts", "staging", "landing"):
            connection.execute(f"create schema if not exists {schema}")
        undone = landing.kind_folder("import.undone") / "*.parquet"
        connection.execute(
            "create or replace temp table undone as "
            f"select body ->> '$.undone_import_id' as import_id from read_parquet('{undone}')"
        )
        connection.execute(f"create or replace view landing.import_undone as from read_parquet('{undone}')")
        connection.execute("create or replace view staging.stg_import_undone as from landing.import_undone")
        for mart, (key, kinds) in _SIMPLE.items():
            connection.execute(
                f"create or replace table marts.{mart} as select (body ->> '$.{key}')::uuid as {key}, "
                f"(body ->> '$.course_id')::uuid as course_id, "
                f"person_id, organization_id, true as is_current, leaf_index from ({entries(*kinds)})"
            )
        connection.execute(
            "create or replace table marts.fct_certificate as select (body ->> '$.certificate_id')::uuid as "
            "certificate_id, person_id, organization_id, (body ->> '$.renews_id')::uuid as renews_id, leaf_index "
            f"from ({entries('certificate.issued', 'certificate.renewed')})"
        )
        ends = entries("enrollment.completed", "enrollment.failed", "enrollment.dropped")
        connection.execute(
            "create or replace table marts.fct_enrollment as with ended as ("
            "select body ->> '$.enrollment_id' as id, "
            "arg_max(split_part(kind, '.', 2), leaf_index) as status, "
            f"max(leaf_index) as leaf_index from ({ends}) group by 1) "
            "select (o.body ->> '$.enrollment_id')::uuid as enrollment_id, "
            "(o.body ->> '$.course_id')::uuid as course_id, "
            "o.person_id, o.organization_id, coalesce(ended.status, 'enrolled') as status, "
            "greatest(o.leaf_index, ended.leaf_index) as leaf_index "
            f"from ({entries('enrollment.opened')}) as o left join ended on ended.id = (o.body ->> '$.enrollment_id')"
        )
        connection.execute(
            "create or replace table marts.fct_required_training as select organization_id, person_id, 'pending' as "
            "status, leaf_index from marts.dim_membership"
        )
        counts = ", ".join(
            f"count(*) filter (where {rule}) as {name}_count"
            for name, rule in {
                "required": "true",
                **{s: f"status = '{s}'" for s in ("exempted", "completed", "in_progress", "pending", "overdue")},
            }.items()
        )
        for mart, key in _STATUS_MARTS.items():
            connection.execute(
                f"create or replace table marts.{mart} as select {key}, {counts} "
                f"from marts.fct_required_training group by {key}"
            )
        people = landing.dimensions / plan.landed.dimensions / "people.parquet"
        connection.execute(
            "create or replace table marts.dim_person as select person_id::uuid as person_id, display_name "
            f"from read_parquet('{people}')"
        )
        connection.execute(
            "create or replace table marts.release_information as select "
            f"{plan.to_leaf}::bigint as ledger_size, '{plan.landed.root}' as root_hash"
        )
        record_calls(settings, plan)
    return [NodeResult("model.sitesync.quick", "success", "", 0.0, None, "error")]


def record_calls(settings: Settings, plan: BuildPlan) -> None:
    """Leave a line per build, so that a test sees what was built and from where."""
    with (settings.home_path / "builds.jsonl").open("a") as stream:
        stream.write(json.dumps({"from": plan.from_leaf, "to": plan.to_leaf, "full": plan.is_full}) + "\n")


def recorded_builds(settings: Settings) -> list[tuple[int, int, bool]]:
    """The builds so far: from, to, and whether full."""
    path = settings.home_path / "builds.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(line["from"], line["to"], line["full"]) for line in map(json.loads, lines)]
