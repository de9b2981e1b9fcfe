"""Reads PostgreSQL into the landing folder by ADBC: new ledger entries, whole dimensions, changed months of engagement.

Only what a mart needs is read: no addresses, no free text about people. What lies where is `landing.py`'s business.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine

from operational_db.errors import DatabaseUnavailableError, LedgerTamperedError
from pipelines.landing import (
    ENGAGEMENT_SCHEMA,
    ENTRY_SCHEMA,
    SCHEMA_FILE,
    Landing,
    Segment,
    SegmentWriter,
    landed_until,
    read_segments,
    replace_with,
    write_content_addressed,
)

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

# Entries per segment: bounds what one file holds, not what is held in memory (entries stream through in batches).
SEGMENT_SIZE = 1_000_000

Progress = Callable[[int, int], None]

_ENTRIES = """
    select
        l.leaf_index, e.id::text as event_id, e.kind, e.version as kind_version, e.subject_id::text as subject_id,
        e.organization_id::text as organization_id, e.occurred_at, e.recorded_at, e.body
    from ledger_leaves as l join ledger_events as e on e.id = l.event_id
    where l.leaf_index >= {from_leaf} and l.leaf_index < {to_leaf}
    order by l.leaf_index
"""

DIMENSIONS: dict[str, str] = {
    "people": """
        select id::text as person_id, display_name, is_simulated, timezone, erased_at is not null as erased
        from people order by id
    """,
    "organizations": """
        select id::text as organization_id, name, kind, region, timezone, is_simulated from organizations order by id
    """,
    "teams": "select id::text as team_id, organization_id::text as organization_id, name from teams order by id",
    "courses": """
        select
            id::text as course_id, title, slug, provider_type, provider_id::text as provider_id, provider_name,
            category, subcategory, trade, level, delivery_method, estimated_hours::double precision as estimated_hours,
            leads_to_certification, certification_id::text as certification_id,
            ce_credits::double precision as ce_credits, session_starts_on, session_length_days::bigint,
            status, visibility, published_at, price::double precision as price, currency
        from courses order by id
    """,
    "course_modules": """
        select
            course_id::text as course_id, count(*) as module_count,
            count(*) filter (where is_required) as required_module_count
        from course_modules group by course_id order by course_id
    """,
    "assessments": """
        select
            id::text as assessment_id, course_id::text as course_id, title, assessment_type,
            passing_score::integer as passing_score
        from course_assessments order by id
    """,
    "certifications": """
        select
            id::text as certification_id, name, code, source, issuing_organization, category, trade,
            validity_period_months::integer as validity_period_months
        from certification_registry order by id
    """,
    "lessons": """
        select
            id::text as lesson_id, organization_id::text as organization_id, code, title, lesson_type,
            owner_id::text as owner_id, course_id::text as course_id
        from lessons order by id
    """,
    "lesson_versions": """
        select
            id::text as lesson_version_id, lesson_id::text as lesson_id, version as lesson_version, status,
            duration_minutes::double precision as duration_minutes, pass_threshold::integer as pass_threshold,
            array_to_string(scope_tags, ',') as scope_tags, array_to_string(locales, ',') as locales,
            created_at, published_at, refresh_due_on
        from lesson_versions order by id
    """,
    "policies": """
        select
            p.id::text as policy_id, p.organization_id::text as organization_id, p.code, p.title, p.is_critical,
            (array_agg(v.version order by v.published_at desc, v.id desc))[1] as latest_version,
            (array_agg(v.effective_on order by v.published_at desc, v.id desc))[1] as latest_effective_on,
            count(v.id) as version_count
        from policies as p left join policy_versions as v on v.policy_id = p.id group by p.id order by p.id
    """,
    "tracks": """
        select
            t.id::text as track_id, t.organization_id::text as organization_id, t.persona, t.tier, t.title,
            count(l.lesson_id) as lesson_count, count(l.lesson_id) filter (where l.is_required) as required_lesson_count
        from training_tracks as t left join track_lessons as l on l.track_id = t.id group by t.id order by t.id
    """,
    "features": """
        select
            id::text as feature_id, organization_id::text as organization_id, action, title,
            policy_id::text as policy_id, runbook_id::text as runbook_id, lesson_id::text as lesson_id
        from protected_features order by id
    """,
    "buildings": """
        select
            id::text as building_id, organization_id::text as owner_id, name, city, district, register_id,
            latitude, longitude, timezone, is_active
        from buildings order by id
    """,
    "manufacturers": "select id::text as manufacturer_id, name, is_maker from manufacturers order by id",
    "equipment": """
        select
            id::text as equipment_id, building_id::text as building_id, name, equipment_type,
            manufacturer_id::text as manufacturer_id, model, register_id, status, installed_on, inspected_on
        from equipment order by id
    """,
    "service_contracts": """
        select
            id::text as contract_id, owner_id::text as owner_id, contractor_id::text as contractor_id,
            building_id::text as building_id, started_on, ended_on
        from service_contracts where accepted_at is not null order by id
    """,
    "badges": """
        select
            b.id::text as badge_id, b.certificate_id::text as certificate_id, b.issued_at, c.is_public
        from badges as b join certificates as c on c.id = b.certificate_id order by b.id
    """,
    "roi_estimates": """
        select
            id::text as estimate_id, organization_id::text as organization_id, course_id::text as course_id,
            outcome_kind, (details ->> 'exposure')::double precision as exposure,
            ((details ->> 'high')::double precision - (details ->> 'low')::double precision) / 2 as half_width,
            (details ->> 'without_training')::double precision as without_training,
            trained_count::bigint, compared_count::bigint, month_count::bigint,
            (details ->> 'pre_trend_p')::double precision as pre_trend_p,
            (details #>> '{placebo,p}')::double precision as placebo_p,
            details ->> 'reason' as reason, details ->> 'what_would_change' as what_would_change, estimated_at
        from roi_estimates where is_current order by id
    """,
    "roi_event_months": """
        select
            e.id::text as estimate_id, m.month_offset, m.effect, m.low, m.high, m.trained_count
        from roi_estimates as e
        cross join jsonb_to_recordset(
            case when jsonb_typeof(e.details -> 'event_study') = 'array' then e.details -> 'event_study' else '[]' end
        ) as m(
            month_offset integer, effect double precision, low double precision, high double precision,
            trained_count bigint
        )
        where e.is_current order by e.id, m.month_offset
    """,
    "roi_covariances": """
        select e.id::text as estimate_id, c.key as other_kind, c.value::double precision as covariance
        from roi_estimates as e
        cross join jsonb_each_text(
            case when jsonb_typeof(e.details -> 'covariances') = 'object' then e.details -> 'covariances' else '{}' end
        ) as c
        where e.is_current order by e.id, c.key
    """,
    "income_contexts": """
        select
            source, trade, jurisdiction, cohort_year::integer, years_from_certification::integer,
            median_income::double precision as median_income, currency, person_count::bigint
        from income_contexts order by source, trade, jurisdiction, cohort_year, years_from_certification
    """,
    "learned_models": """
        select
            id::text as model_id, model_kind, version::integer as model_version,
            coalesce(card ->> 'sentence', card ->> 'verdict') as headline,
            ledger_size::bigint, trained_at, promoted_at, retired_at
        from learned_models order by id
    """,
    "import_batches": """
        select
            id::text as import_id, importer, format, source, organization_id::text as organization_id, state,
            started_at, finished_at, undone_at,
            coalesce((report ->> 'read')::bigint, 0) as read_count,
            coalesce((report ->> 'added')::bigint, 0) as added_count,
            coalesce((report ->> 'changed')::bigint, 0) as changed_count,
            coalesce((report ->> 'unchanged')::bigint, 0) as unchanged_count,
            coalesce((report ->> 'refused')::bigint, 0) as refused_count
        from import_batches order by id
    """,
}

_ENGAGEMENT_MONTHS = """
    select
        date_trunc('month', on_date)::date as month_on, count(*) as row_count,
        coalesce(sum(interaction_count), 0)::bigint as interactions,
        coalesce(sum(session_count), 0)::bigint as sessions,
        coalesce(sum(mobile_session_count), 0)::bigint as mobile_sessions,
        coalesce(sum(minutes), 0)::bigint as minutes,
        count(minutes) as timed_rows, max(updated_at)::text as updated_at
    from daily_engagement group by 1 order by 1
"""
_ENGAGEMENT = """
    select
        person_id::text as person_id, course_id::text as course_id, on_date, organization_id::text as organization_id,
        interaction_count::integer, session_count::integer, mobile_session_count::integer, minutes::integer,
        import_id::text as import_id
    from daily_engagement
    where on_date >= date '{month_on}' and on_date < date '{month_on}' + interval '1 month'
    order by on_date, course_id, person_id
"""


@dataclass(frozen=True)
class ExtractedEntries:
    """New segments of this run; `landed_until` counts all entries landed without a gap."""

    new_segments: tuple[Segment, ...]
    landed_until: int

    @property
    def new_entry_count(self) -> int:
        return sum(segment.size for segment in self.new_segments)


@contextmanager
def open_reader(engine: Engine) -> Iterator["Connection"]:
    """One read-only, repeatable-read transaction on an ADBC connection to the engine's database.

    Raises
    ------
    DatabaseUnavailableError
        When the database cannot be reached or the connection is lost.
    """
    from adbc_driver_manager import OperationalError
    from adbc_driver_postgresql import dbapi

    uri = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with dbapi.connect(uri) as connection:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
                cursor.execute("set local timezone = 'UTC'")
            yield connection
            connection.rollback()
    except OperationalError as error:
        raise DatabaseUnavailableError(
            "The database cannot be reached, so nothing new could be read; the figures stay as they are."
        ) from error


def read_table(connection: "Connection", sql: str) -> pa.Table:
    """All rows of a query; enumerations and instants as Arrow has them, instants in UTC."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetch_arrow_table()


def extract_entries(
    connection: "Connection",
    landing: Landing,
    *,
    to_leaf: int,
    root: str,
    progress: Progress | None = None,
    segment_size: int = SEGMENT_SIZE,
) -> ExtractedEntries:
    """Land the entries from where the landing ends up to `to_leaf`, the size of a checkpoint with this `root`.

    A second call with the same `to_leaf` reads nothing. Memory is bounded by one row group per kind.

    Parameters
    ----------
    progress
        Told (entries landed by this call, entries to land) after every batch.

    Raises
    ------
    LedgerTamperedError
        When the ledger has no entry for a leaf in the range, or one twice; the segment is not landed.
    """
    start = landed_until(read_segments(landing))
    segments = []
    for from_leaf in range(start, to_leaf, segment_size):
        end = min(from_leaf + segment_size, to_leaf)
        writer = SegmentWriter(landing, from_leaf, end)
        try:
            for read in _write_batches(connection, writer, from_leaf, end):
                if progress is not None:
                    progress(from_leaf - start + read, to_leaf - start)
            segments.append(writer.finish(root if end == to_leaf else None))
        except BaseException:
            writer.discard()
            raise
    return ExtractedEntries(tuple(segments), max(start, to_leaf))


def _write_batches(connection: "Connection", writer: SegmentWriter, from_leaf: int, to_leaf: int) -> Iterator[int]:
    expected = from_leaf
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES.format(from_leaf=from_leaf, to_leaf=to_leaf))
        for batch in cursor.fetch_record_batch():
            if batch.num_rows == 0:
                continue
            _require_next(batch.column("leaf_index"), expected)
            expected += batch.num_rows
            table = pa.Table.from_batches([batch])
            for kind in map(str, pc.unique(table["kind"]).to_pylist()):
                rows = table.filter(pc.equal(table["kind"], pa.scalar(kind))).select(ENTRY_SCHEMA.names)
                writer.write(kind, rows.cast(ENTRY_SCHEMA))
            yield expected - from_leaf
    if expected != to_leaf:
        raise _gap(expected)


def _require_next(leaves: "pa.Array[pa.Int64Scalar]", expected: int) -> None:
    wanted = pa.array(range(expected, expected + len(leaves)), pa.int64())
    if not leaves.equals(wanted):
        differing = pc.index(pc.not_equal(leaves, wanted), True).as_py()
        raise _gap(expected + differing)


def _gap(leaf_index: int) -> LedgerTamperedError:
    return LedgerTamperedError(
        f"The ledger has no entry number {leaf_index}, or has it twice. Run `sitesync ledger verify`; "
        "the figures stay as they are.",
        details={"leaf_index": leaf_index},
    )


def extract_dimensions(connection: "Connection", landing: Landing) -> str:
    """Land every dimension whole, as a folder named by its content; returns the folder's name."""
    tables = {name: read_table(connection, sql) for name, sql in DIMENSIONS.items()}
    return write_content_addressed(landing.dimensions, {name: _plain(table) for name, table in tables.items()})


def _plain(table: pa.Table) -> pa.Table:
    """Instants as microseconds UTC, whatever the driver names the zone; all else stays."""
    fields = [
        pa.field(field.name, pa.timestamp("us", tz="UTC")) if pa.types.is_timestamp(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def extract_engagement(connection: "Connection", landing: Landing) -> str:
    """Land the months of daily engagement that changed, drop what they replace; returns a fingerprint of all months.

    A month counts as unchanged when its number of rows, its sums and the time of its last change are.
    """
    months = read_table(connection, _ENGAGEMENT_MONTHS).to_pylist()
    wanted: dict[str, date] = {}
    for month in months:
        fingerprint = hashlib.sha256(repr(sorted(month.items())).encode()).hexdigest()[:12]
        wanted[f"{month['month_on']:%Y-%m}-{fingerprint}.parquet"] = month["month_on"]
    for name, month_on in wanted.items():
        path = landing.engagement / name
        if not path.exists():
            rows = read_table(connection, _ENGAGEMENT.format(month_on=month_on.isoformat())).cast(ENGAGEMENT_SCHEMA)
            replace_with(path, partial(pq.write_table, rows, compression="zstd"))
    for path in landing.engagement.glob("*.parquet"):
        if path.name != SCHEMA_FILE and path.name not in wanted:
            path.unlink()
    return hashlib.sha256("\n".join(sorted(wanted)).encode()).hexdigest()[:16]
