"""Queries of the importers: what a source left here before, writing frames with COPY, and taking a batch back.

Everything runs on the session's own connection and transaction.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, LiteralString
from uuid import UUID

import polars as pl
from psycopg import sql
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.bulk import driver_connection
from operational_db.imports.diff import Action, new_ids
from operational_db.imports.history import ENROLLMENT_SCHEMA, RECORD_SCHEMA, KnownHistory
from operational_db.tables.identity import Organization
from operational_db.tables.imports import ImportBatch

COPY_ROWS = 50_000

# Table behind each kind of imported record, children before what they refer to: the order in which an undo deletes.
TABLE_OF_KIND: dict[str, str] = {
    "outcomes": "job_outcomes",
    "incomes": "income_contexts",
    "equipment": "equipment",
    "buildings": "buildings",
    "access_grants": "access_grants",
    "attempts": "assessment_attempts",
    "enrollments": "course_enrollments",
    "assessments": "course_assessments",
    "modules": "course_modules",
    "courses": "courses",
    "certificates": "certificates",
    "entries": "register_entries",
    "certifications": "certification_registry",
    "memberships": "memberships",
    "learners": "people",
    "holders": "people",
}
ENGAGEMENT = "activity"
ENGAGEMENT_KEY = ("person_id", "course_id", "on_date")

_RECORDS: LiteralString = """
select kind, external_id, record_id::text, encode(content_sha256, 'hex') from imported_records where source = %(source)s
"""

_MODULES: LiteralString = """
select m.external_id, c.external_id, t.order_index
from imported_records as m
join course_modules as t on t.id = m.record_id
join imported_records as c on c.source = m.source and c.kind = 'courses' and c.record_id = t.course_id
where m.source = %(source)s and m.kind = 'modules'
"""

_ASSESSMENTS: LiteralString = """
select a.external_id, c.external_id, t.passing_score
from imported_records as a
join course_assessments as t on t.id = a.record_id
join imported_records as c on c.source = a.source and c.kind = 'courses' and c.record_id = t.course_id
where a.source = %(source)s and a.kind = 'assessments'
"""

_ENROLLMENTS: LiteralString = """
select
    r.external_id, split_part(r.external_id, '|', 2), split_part(r.external_id, '|', 1), t.cycle_number, t.status,
    (t.enrolled_at at time zone 'UTC')::date, (t.ended_at at time zone 'UTC')::date
from imported_records as r
join course_enrollments as t on t.id = r.record_id
where r.source = %(source)s and r.kind = 'enrollments'
"""

_NATIVE_ENROLLMENTS: LiteralString = """
select p.external_id, c.external_id, t.cycle_number, t.status
from imported_records as c
join course_enrollments as t on t.course_id = c.record_id
join imported_records as p on p.source = c.source and p.kind = 'learners' and p.record_id = t.person_id
where
    c.source = %(source)s and c.kind = 'courses'
    and not exists (select from imported_records as r where r.record_id = t.id)
"""

_NATIVE_MODULES: LiteralString = """
select c.external_id, t.order_index
from imported_records as c
join course_modules as t on t.course_id = c.record_id
where
    c.source = %(source)s and c.kind = 'courses'
    and not exists (select from imported_records as r where r.record_id = t.id)
"""

# The attempts made here are few: find them first, whatever the planner believes about freshly filled tables.
_NATIVE_ATTEMPTS: LiteralString = """
with native as materialized (
    select t.enrollment_id, t.assessment_id, t.attempt_number
    from assessment_attempts as t
    where
        t.enrollment_id in (
            select e.record_id from imported_records as e where e.source = %(source)s and e.kind = 'enrollments'
        )
        and not exists (select from imported_records as r where r.record_id = t.id)
)

select concat_ws(
    '|', a.external_id, split_part(e.external_id, '|', 2), split_part(e.external_id, '|', 3), n.attempt_number
)
from native as n
join imported_records as e on e.record_id = n.enrollment_id
join imported_records as a on a.record_id = n.assessment_id
"""

_TAKEN_EMAILS: LiteralString = """
select p.email from people as p
left join imported_records as r on r.source = %(source)s and r.record_id = p.id
where p.email = any(%(emails)s) and r.record_id is null
"""

_MEMBERSHIPS: LiteralString = """
select r.external_id, r.record_id::text, r.content_sha256, t.started_on, t.ended_on
from (
    select external_id, record_id, encode(content_sha256, 'hex') as content_sha256
    from imported_records where source = %(source)s and kind = 'memberships'
) as r
join memberships as t on t.id = r.record_id
"""

_ENGAGEMENT: LiteralString = """
select
    t.person_id::text, t.course_id::text, t.on_date, t.interaction_count, t.session_count, t.mobile_session_count,
    t.minutes, coalesce(b.source = %(batch_source)s and b.organization_id = %(organization_id)s, false)
from daily_engagement as t
left join import_batches as b on b.id = t.import_id
where t.course_id = any(%(course_ids)s) and t.on_date between %(first_on)s and %(last_on)s
"""

_ENGAGEMENT_SCHEMA: dict[str, type[pl.DataType]] = {
    "person_id": pl.String,
    "course_id": pl.String,
    "on_date": pl.Date,
    "known_interactions": pl.Int64,
    "known_sessions": pl.Int64,
    "known_mobile_sessions": pl.Int64,
    "known_minutes": pl.Int64,
    "is_ours": pl.Boolean,
}

MEMBERSHIP_SCHEMA: dict[str, type[pl.DataType]] = {
    "external_id": pl.String,
    "record_id": pl.String,
    "content_sha256": pl.String,
    "started_on": pl.Date,
    "ended_on": pl.Date,
}

CERTIFICATE_SCHEMA: dict[str, type[pl.DataType]] = {
    "external_id": pl.String,
    "record_id": pl.String,
    "content_sha256": pl.String,
    "holder_id": pl.String,
    "classification": pl.String,
    "issued_on": pl.Date,
    "expires_on": pl.Date,
    "renews_id": pl.String,
    "is_superseded": pl.Boolean,
    "is_stopped": pl.Boolean,
}

_CERTIFICATES: LiteralString = """
select
    r.external_id, r.record_id::text, encode(r.content_sha256, 'hex'), split_part(r.external_id, '|', 1),
    split_part(r.external_id, '|', 2), t.issued_on, t.expires_on, t.renews_id::text,
    exists (select from certificates as n where n.renews_id = t.id),
    t.revoked_at is not null or t.withdrawn_at is not null
from imported_records as r
join certificates as t on t.id = r.record_id
where r.source = %(source)s and r.kind = 'certificates'
"""

ENTRY_SCHEMA: dict[str, type[pl.DataType]] = {
    "external_id": pl.String,
    "record_id": pl.String,
    "content_sha256": pl.String,
    "standing": pl.String,
    "status_text": pl.String,
    "issued_on": pl.Date,
    "expires_on": pl.Date,
    "changed_on": pl.Date,
    "certification_id": pl.String,
    "person_id": pl.String,
    "claimed_by_id": pl.String,
}

_ENTRIES: LiteralString = """
select
    r.external_id, r.record_id::text, encode(r.content_sha256, 'hex'), t.standing, t.status_text, t.issued_on,
    t.expires_on, t.changed_on, t.certification_id::text, t.person_id::text, t.claimed_by_id::text
from imported_records as r
join register_entries as t on t.id = r.record_id
where r.source = %(source)s and r.kind = 'entries'
"""

# Certificates of a licence and classification, former cycles included, name the entry they come from.
_LINK_CERTIFICATES = sql.SQL(
    """
    update certificates as t set register_entry_id = e.id
    from imported_records as r
    join register_entries as e on
        e.register = r.source
        and e.external_id = split_part(r.external_id, '|', 1) || '|' || split_part(r.external_id, '|', 2)
    where r.source = %(source)s and r.kind = 'certificates' and t.id = r.record_id and t.register_entry_id is null
    """
)

_CE_CREDITS: LiteralString = """
select r.external_id, t.ce_credits
from imported_records as r
join courses as t on t.id = r.record_id
where r.source = %(source)s and r.kind = 'courses'
"""

_CERTIFICATIONS: LiteralString = """
select code, id::text, source, issuing_organization from certification_registry where code = any(%(codes)s)
"""


class ImportRepository:
    """Holds its session; frames in and out."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def lock_source(self, source_key: str) -> None:
        """Let imports of one source wait for each other until the end of the transaction."""
        self._execute(sql.SQL("select pg_advisory_xact_lock(hashtextextended(%s, 0))"), [source_key])

    def transaction_time(self) -> timedelta:
        """How long the transaction has been running, by the database's own watch."""
        ((elapsed,),) = self._rows("select clock_timestamp() - now()", {})
        return timedelta(seconds=elapsed.total_seconds())

    def organization_by_slug(self, slug: str) -> Organization | None:
        return self.session.scalar(select(Organization).where(Organization.slug == slug))

    def batch(self, import_id: UUID) -> ImportBatch | None:
        return self.session.get(ImportBatch, import_id)

    def batches(self) -> Sequence[ImportBatch]:
        """Newest first."""
        return self.session.scalars(select(ImportBatch).order_by(ImportBatch.started_at.desc(), ImportBatch.id)).all()

    def known_records(self, source_key: str) -> pl.DataFrame:
        return self.fetch(_RECORDS, {"source": source_key}, RECORD_SCHEMA)

    def known_history(self, source_key: str, emails: Sequence[str]) -> KnownHistory:
        """What the source's earlier imports left, and what the platform itself added to it."""
        source = {"source": source_key}
        cycle_columns = ("learner_id", "course_id", "cycle_number", "status")
        taken = self.fetch(_TAKEN_EMAILS, {**source, "emails": list(emails)}, {"email": pl.String})
        attempts = self.fetch(_NATIVE_ATTEMPTS, source, {"external_id": pl.String})
        return KnownHistory(
            records=self.known_records(source_key),
            modules=self.fetch(
                _MODULES, source, {"external_id": pl.String, "course_id": pl.String, "position": pl.Int64}
            ),
            assessments=self.fetch(
                _ASSESSMENTS, source, {"external_id": pl.String, "course_id": pl.String, "passing_score": pl.Int64}
            ),
            enrollments=self.fetch(_ENROLLMENTS, source, ENROLLMENT_SCHEMA),
            taken_emails=frozenset(taken["email"].to_list()),
            native_enrollments=self.fetch(
                _NATIVE_ENROLLMENTS, source, {name: ENROLLMENT_SCHEMA[name] for name in cycle_columns}
            ),
            native_modules=self.fetch(_NATIVE_MODULES, source, {"course_id": pl.String, "position": pl.Int64}),
            native_attempts=frozenset(attempts["external_id"].to_list()),
        )

    def ce_credits(self, source_key: str) -> dict[str, float]:
        """Credits of the source's courses by external id."""
        found = self.fetch(_CE_CREDITS, {"source": source_key}, {"external_id": pl.String, "ce_credits": pl.Float64})
        return dict(found.iter_rows())

    def known_memberships(self, source_key: str) -> pl.DataFrame:
        return self.fetch(_MEMBERSHIPS, {"source": source_key}, MEMBERSHIP_SCHEMA)

    def known_certificates(self, source_key: str) -> pl.DataFrame:
        """Certificates of a register with holder and classification; superseded ones have a renewal."""
        return self.fetch(_CERTIFICATES, {"source": source_key}, CERTIFICATE_SCHEMA)

    def known_entries(self, source_key: str) -> pl.DataFrame:
        """What a register said of each licence and classification when it was last read."""
        return self.fetch(_ENTRIES, {"source": source_key}, ENTRY_SCHEMA)

    def link_register_certificates(self, source_key: str) -> None:
        """Let the certificates of earlier imports name their entries; that is no change of theirs."""
        self._execute(_LINK_CERTIFICATES, {"source": source_key})

    def unlink_register_certificates(self, import_id: UUID) -> None:
        """Take back that certificates name the entries the batch added, before those go."""
        self._execute(
            sql.SQL(
                "update certificates as t set register_entry_id = null from imported_records as r "
                "where r.created_by_batch_id = %s and r.kind = 'entries' and t.register_entry_id = r.record_id"
            ),
            [import_id],
        )

    def certifications_by_code(self, codes: Sequence[str]) -> pl.DataFrame:
        """Registry entries: code, record_id, source, issuing_organization."""
        names = ("code", "record_id", "source", "issuing_organization")
        return self.fetch(_CERTIFICATIONS, {"codes": list(codes)}, dict.fromkeys(names, pl.String))

    def taken_slugs(self, slugs: Sequence[str]) -> frozenset[str]:
        found = self.fetch(
            "select slug from courses where slug = any(%(slugs)s)", {"slugs": list(slugs)}, {"slug": pl.String}
        )
        return frozenset(found["slug"].to_list())

    def known_engagement(
        self,
        *,
        batch_source: str,
        organization_id: UUID,
        course_ids: Sequence[str],
        first_on: date,
        last_on: date,
    ) -> pl.DataFrame:
        """Days of engagement in the courses between two days; `is_ours` when this source brought them in."""
        return self.fetch(
            _ENGAGEMENT,
            {
                "batch_source": batch_source,
                "organization_id": organization_id,
                "course_ids": [UUID(course_id) for course_id in course_ids],
                "first_on": first_on,
                "last_on": last_on,
            },
            _ENGAGEMENT_SCHEMA,
        )

    def fetch(
        self, query: LiteralString, parameters: Mapping[str, object], schema: Mapping[str, type[pl.DataType]]
    ) -> pl.DataFrame:
        """The result of a query as a frame whose columns are named and typed by `schema`, in order."""
        self.session.flush()
        statement = sql.SQL("copy ({}) to stdout (format csv)").format(sql.SQL(query))
        buffer = io.BytesIO()
        with driver_connection(self.session).cursor().copy(statement, parameters) as copy:
            for data in copy:
                buffer.write(data)
        if buffer.tell() == 0:
            return pl.DataFrame(schema=dict(schema))
        buffer.seek(0)
        booleans = [name for name, dtype in schema.items() if dtype is pl.Boolean]
        text_schema = {name: pl.String if name in booleans else dtype for name, dtype in schema.items()}
        frame = pl.read_csv(buffer, has_header=False, schema=text_schema)
        return frame.with_columns(pl.col(name) == "t" for name in booleans)

    def copy_frame(self, table: str, frame: pl.DataFrame) -> None:
        """COPY a frame whose column names are those of the table."""
        if frame.is_empty():
            return
        self.session.flush()
        columns = sql.SQL(", ").join(sql.Identifier(name) for name in frame.columns)
        statement = sql.SQL("copy {} ({}) from stdin (format csv, null '\\N')").format(sql.Identifier(table), columns)
        with driver_connection(self.session).cursor().copy(statement) as copy:
            for rows in frame.iter_slices(COPY_ROWS):
                copy.write(rows.write_csv(include_header=False, null_value="\\N", quote_style="non_numeric"))

    def add_records(self, table: str, frame: pl.DataFrame) -> None:
        """Insert the rows to add; `id` comes from record_id."""
        added = frame.filter(pl.col("action") == Action.ADDED)
        self.copy_frame(table, added.drop("action").rename({"record_id": "id"}))

    def change_records(self, kind: str, frame: pl.DataFrame, source_key: str, import_id: UUID) -> None:
        """Keep the former values for an undo, then write the new ones; frame: record_id, action and columns to set."""
        changed = frame.filter(pl.col("action") == Action.CHANGED).drop("action")
        if changed.is_empty():
            return
        table = TABLE_OF_KIND[kind]
        names = [name for name in changed.columns if name != "record_id"]
        self._stage("changed", table, [*names], changed.with_columns(_new_change_ids(changed.height)))
        has_times = table != "assessment_attempts"
        self._execute(
            sql.SQL(
                "insert into import_changes (id, batch_id, kind, record_id, before, before_sha256) "
                "select c.change_id, %(batch)s, %(kind)s, t.id, "
                "to_jsonb(t) || jsonb_build_object('_changed_by_batch_id', r.changed_by_batch_id), r.content_sha256 "
                "from staged_changed as c join {table} as t on t.id = c.record_id "
                "join imported_records as r on r.source = %(source)s and r.kind = %(kind)s and r.record_id = t.id"
            ).format(table=sql.Identifier(table)),
            {"batch": import_id, "kind": kind, "source": source_key},
        )
        if kind == "modules":
            # Places may be swapped, and each is unique at every moment: park the moved modules out of the way first.
            self._execute(
                sql.SQL(
                    "update course_modules as t set order_index = -1000000 - t.order_index "
                    "from staged_changed as c where t.id = c.record_id"
                )
            )
        sets: list[sql.SQL | sql.Composed] = [sql.SQL("{0} = c.{0}").format(sql.Identifier(name)) for name in names]
        if has_times:
            sets.append(sql.SQL("updated_at = now()"))
        self._execute(
            sql.SQL("update {table} as t set {sets} from staged_changed as c where t.id = c.record_id{unless}").format(
                table=sql.Identifier(table), sets=sql.SQL(", ").join(sets), unless=_unless_erased(table)
            )
        )
        self._execute(sql.SQL("drop table staged_changed"))

    def record_ids(self, kind: str, frame: pl.DataFrame, source_key: str, import_id: UUID) -> None:
        """Remember which record stands for which of the source's; frame: external_id, record_id, sha, action."""
        rows = frame.select(
            pl.lit(source_key).alias("source"),
            pl.lit(kind).alias("kind"),
            "external_id",
            "record_id",
            pl.format("\\x{}", "content_sha256").alias("content_sha256"),
            pl.lit(str(import_id)).alias("created_by_batch_id"),
            pl.lit(str(import_id)).alias("changed_by_batch_id"),
            "action",
        )
        self.copy_frame("imported_records", rows.filter(pl.col("action") == Action.ADDED).drop("action"))
        changed = rows.filter(pl.col("action") == Action.CHANGED)
        if changed.is_empty():
            return
        columns = ["external_id", "content_sha256"]
        self._stage("records", "imported_records", columns, changed.select(columns), key=None)
        self._execute(
            sql.SQL(
                "update imported_records as t set content_sha256 = c.content_sha256, changed_by_batch_id = %(batch)s "
                "from staged_records as c "
                "where t.source = %(source)s and t.kind = %(kind)s and t.external_id = c.external_id"
            ),
            {"batch": import_id, "source": source_key, "kind": kind},
        )
        self._execute(sql.SQL("drop table staged_records"))

    def change_engagement(self, frame: pl.DataFrame, import_id: UUID) -> None:
        """Overwrite days of engagement, former counters kept for an undo; frame: key, counters, import_id."""
        if frame.is_empty():
            return
        names = ["interaction_count", "session_count", "mobile_session_count", "minutes", "import_id"]
        staged = frame.select(*ENGAGEMENT_KEY, *names).with_columns(_new_change_ids(frame.height))
        self._stage("changed", "daily_engagement", [*ENGAGEMENT_KEY, *names], staged, key=None, with_change_id=True)
        match = sql.SQL("(t.person_id, t.course_id, t.on_date) = (c.person_id, c.course_id, c.on_date)")
        self._execute(
            sql.SQL(
                "insert into import_changes (id, batch_id, kind, record_id, before, before_sha256) "
                "select c.change_id, %(batch)s, %(kind)s, t.person_id, to_jsonb(t), ''::bytea "
                "from staged_changed as c join daily_engagement as t on {match}"
            ).format(match=match),
            {"batch": import_id, "kind": ENGAGEMENT},
        )
        sets = sql.SQL(", ").join(sql.SQL("{0} = c.{0}").format(sql.Identifier(name)) for name in names)
        self._execute(
            sql.SQL(
                "update daily_engagement as t set {sets}, updated_at = now() from staged_changed as c where {match}"
            ).format(sets=sets, match=match)
        )
        self._execute(sql.SQL("drop table staged_changed"))

    def lock_batch(self, import_id: UUID) -> None:
        self._execute(sql.SQL("select from import_batches where id = %s for update"), [import_id])

    def later_imports(self, import_id: UUID) -> list[str]:
        """Imports that changed records this one added or changed, and must be undone first."""
        rows = self._rows(
            "select b.id, b.source, count(*) from imported_records as r "
            "join import_batches as b on b.id = r.changed_by_batch_id "
            "where b.id <> %(batch)s and (r.created_by_batch_id = %(batch)s or exists ("
            "select from import_changes as c where c.batch_id = %(batch)s and c.record_id = r.record_id "
            "and c.kind = r.kind)) and b.created_at > (select created_at from import_batches where id = %(batch)s) "
            "group by b.id, b.source order by b.id",
            {"batch": import_id},
        )
        changed = [
            f"the later import {batch} of {source} changed {count:,} of its records" for batch, source, count in rows
        ]
        days = self._rows(
            "select count(*) from import_changes where kind = 'activity' and batch_id <> %(batch)s "
            "and before ->> 'import_id' = %(text)s "
            "and batch_id in (select id from import_batches where state = 'applied')",
            {"batch": import_id, "text": str(import_id)},
        )
        return [*changed, *(f"a later import changed {count:,} of its days of activity" for (count,) in days if count)]

    def later_edits(self, import_id: UUID, tables: Mapping[str, str]) -> list[str]:
        """Records of the batch that were edited on the platform since."""
        found: list[str] = []
        for kind, table in tables.items():
            if table == "assessment_attempts":
                continue
            query = sql.SQL(
                "select count(*) from imported_records as r join {table} as t on t.id = r.record_id "
                "where r.kind = %(kind)s and r.changed_by_batch_id = %(batch)s "
                "and t.updated_at > (select created_at from import_batches where id = %(batch)s)"
            ).format(table=sql.Identifier(table))
            ((count,),) = self._rows(query, {"kind": kind, "batch": import_id})
            found += [f"{count:,} of its {kind} were changed here since"] if count else []
        ((days,),) = self._rows(
            "select count(*) from daily_engagement where import_id = %(batch)s "
            "and updated_at > (select created_at from import_batches where id = %(batch)s)",
            {"batch": import_id},
        )
        return [*found, *([f"{days:,} of its days of activity were added to since"] if days else [])]

    def access_given_again(self, import_id: UUID) -> list[str]:
        """People whose access the batch removed and who have it again by now: it cannot be put back twice."""
        ((count,),) = self._rows(
            "select count(*) from import_changes as c join access_grants as t on t.id = c.record_id "
            "join access_grants as o on (o.organization_id, o.person_id, o.action, o.source) "
            "= (t.organization_id, t.person_id, t.action, t.source) and o.removed_on is null "
            "where c.batch_id = %(batch)s and c.kind = 'access_grants'",
            {"batch": import_id},
        )
        return [f"{count:,} people have been given the access again since"] if count else []

    def has_added(self, import_id: UUID, kind: str) -> bool:
        query = "select exists (select from imported_records where created_by_batch_id = %(batch)s and kind = %(kind)s)"
        ((found,),) = self._rows(query, {"batch": import_id, "kind": kind})
        return bool(found)

    def count_references(self, import_id: UUID, kind: str, table: str, column: str, *, has_id: bool) -> int:
        """Rows of `table` that point at the batch's added records and are not the batch's own."""
        if has_id:
            is_own = sql.SQL(
                "exists (select from imported_records as o "
                "where o.record_id = t.id and o.created_by_batch_id = %(batch)s)"
            )
        else:
            is_own = sql.SQL("t.import_id = %(batch)s" if table == "daily_engagement" else "false")
        query = sql.SQL(
            "select count(*) from imported_records as r join {table} as t on t.{column} = r.record_id "
            "where r.created_by_batch_id = %(batch)s and r.kind = %(kind)s and ({is_own}) is not true"
        ).format(table=sql.Identifier(table), column=sql.Identifier(column), is_own=is_own)
        ((count,),) = self._rows(query, {"batch": import_id, "kind": kind})
        return int(count)

    def count_prerequisites(self, import_id: UUID) -> int:
        """Courses and certifications, not of the batch, that name its courses as prerequisites."""
        ((count,),) = self._rows(
            "with named as (select id, jsonb_array_elements(prerequisites) ->> 'id' as needed from courses "
            "union all select id, jsonb_array_elements(prerequisites) ->> 'id' from certification_registry) "
            "select count(*) from named join imported_records as r on r.record_id::text = named.needed "
            "where r.created_by_batch_id = %(batch)s and not exists (select from imported_records as o "
            "where o.record_id = named.id and o.created_by_batch_id = %(batch)s)",
            {"batch": import_id},
        )
        return int(count)

    def restore_records(self, import_id: UUID, kind: str, columns: Sequence[str]) -> None:
        """Write back the values records had before the batch changed them, and whose import they were."""
        table = TABLE_OF_KIND[kind]
        parameters = {"batch": import_id, "kind": kind}
        if kind == "modules":
            self._execute(
                sql.SQL(
                    "update course_modules as t set order_index = -1000000 - t.order_index from import_changes as c "
                    "where c.batch_id = %(batch)s and c.kind = %(kind)s and t.id = c.record_id"
                ),
                parameters,
            )
        sets = sql.SQL(", ").join(sql.SQL("{0} = b.{0}").format(sql.Identifier(name)) for name in columns)
        self._execute(
            sql.SQL(
                "update {table} as t set {sets} from import_changes as c "
                "cross join lateral jsonb_populate_record(null::{table}, c.before) as b "
                "where c.batch_id = %(batch)s and c.kind = %(kind)s and t.id = c.record_id{unless}"
            ).format(table=sql.Identifier(table), sets=sets, unless=_unless_erased(table)),
            parameters,
        )
        self._execute(
            sql.SQL(
                "update imported_records as r set content_sha256 = c.before_sha256, "
                "changed_by_batch_id = (c.before ->> '_changed_by_batch_id')::uuid from import_changes as c "
                "where c.batch_id = %(batch)s and c.kind = %(kind)s "
                "and r.record_id = c.record_id and r.kind = c.kind"
            ),
            parameters,
        )

    def restore_engagement(self, import_id: UUID) -> None:
        """Write back the counters of days the batch changed."""
        self._execute(
            sql.SQL(
                "update daily_engagement as t set interaction_count = b.interaction_count, "
                "session_count = b.session_count, mobile_session_count = b.mobile_session_count, "
                "minutes = b.minutes, import_id = b.import_id, updated_at = b.updated_at "
                "from import_changes as c "
                "cross join lateral jsonb_populate_record(null::daily_engagement, c.before) as b "
                "where c.batch_id = %(batch)s and c.kind = %(kind)s "
                "and (t.person_id, t.course_id, t.on_date) = (b.person_id, b.course_id, b.on_date)"
            ),
            {"batch": import_id, "kind": ENGAGEMENT},
        )

    def remove_engagement(self, import_id: UUID) -> None:
        self._execute(sql.SQL("delete from daily_engagement where import_id = %s"), [import_id])

    def remove_records(self, import_id: UUID, kind: str, table: str) -> None:
        """Delete the rows the batch added."""
        self._execute(
            sql.SQL(
                "delete from {table} as t using imported_records as r "
                "where r.record_id = t.id and r.created_by_batch_id = %(batch)s and r.kind = %(kind)s"
            ).format(table=sql.Identifier(table)),
            {"batch": import_id, "kind": kind},
        )

    def forget_records(self, import_id: UUID) -> None:
        """The batch's links to the source go; its report stays."""
        self._execute(sql.SQL("delete from imported_records where created_by_batch_id = %s"), [import_id])
        self._execute(sql.SQL("delete from import_changes where batch_id = %s"), [import_id])

    def _rows(self, query: LiteralString | sql.Composed, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        statement = sql.SQL(query) if isinstance(query, str) else query
        self.session.flush()
        cursor = driver_connection(self.session).cursor()
        cursor.execute(statement, parameters)
        return cursor.fetchall()

    def _stage(
        self,
        name: str,
        table: str,
        columns: Sequence[str],
        frame: pl.DataFrame,
        *,
        key: str | None = "record_id",
        with_change_id: bool = False,
    ) -> None:
        """A temporary table with columns typed like the table's, filled from the frame."""
        staged = f"staged_{name}"
        parts: list[sql.SQL | sql.Composed] = [sql.SQL("t.{}").format(sql.Identifier(column)) for column in columns]
        if key is not None:
            parts.append(sql.SQL("t.id as record_id"))
        if key is not None or with_change_id:
            parts.append(sql.SQL("null::uuid as change_id"))
        self._execute(
            sql.SQL(
                "create temporary table {staged} on commit drop as select {parts} from {table} as t limit 0"
            ).format(staged=sql.Identifier(staged), parts=sql.SQL(", ").join(parts), table=sql.Identifier(table))
        )
        self.copy_frame(staged, frame)
        self._execute(sql.SQL("analyze {}").format(sql.Identifier(staged)))

    def _execute(
        self,
        statement: sql.SQL | sql.Composed,
        parameters: Mapping[str, object] | Sequence[object] | None = None,
    ) -> int:
        cursor = driver_connection(self.session).cursor()
        cursor.execute(statement, parameters)
        return cursor.rowcount


def _unless_erased(table: str) -> sql.SQL:
    """A person who was erased stays so, whatever a source still says of her."""
    return sql.SQL(" and t.erased_at is null") if table == "people" else sql.SQL("")


def _new_change_ids(count: int) -> pl.Series:
    return new_ids(count, "change_id")
