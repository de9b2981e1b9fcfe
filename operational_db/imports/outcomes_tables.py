"""The difference between rows of jobs and what is on record of them, and writing it."""

from typing import LiteralString
from uuid import UUID

import polars as pl

from operational_db.imports.diff import Action, action_counts, with_action, with_fingerprint
from operational_db.imports.history import RECORD_SCHEMA
from operational_db.imports.outcomes import OUTCOMES, VALUE_COLUMNS, OutcomeRows
from operational_db.imports.people import with_people
from operational_db.imports.report import LISTED_IDS, KindCounts
from operational_db.imports.repository import ImportRepository
from operational_db.roi.repository import RoiRepository

CHANGED_COLUMNS = (
    "person_id", "finished_on", "is_first_time_fix", "is_callback", "is_rework", "incident_count", "hours",
    "units_maintained",
)  # fmt: skip

_KNOWN: LiteralString = """
select kind, external_id, record_id::text, encode(content_sha256, 'hex')
from imported_records
where source = %(source)s and kind = 'outcomes' and external_id = any(%(numbers)s)
"""

# Jobs on record that no import brought in: those of a simulated company.
_OTHERS: LiteralString = """
select j.job_number from job_outcomes as j
where
    j.organization_id = %(organization_id)s and j.job_number = any(%(numbers)s)
    and not exists (select from imported_records as r where r.source = %(source)s and r.record_id = j.id)
"""


def source_key_of(organization_id: UUID) -> str:
    """Job numbers are the organization's own, whichever way they come in."""
    return f"{organization_id}:{OUTCOMES}"


def plan_outcomes(
    repository: ImportRepository, rows: OutcomeRows, organization_id: UUID
) -> tuple[pl.DataFrame, KindCounts]:
    """Rows of members with their action and our id, and the counts; rows of nobody known are refused."""
    members = RoiRepository(repository.session).members(organization_id)
    frame = with_people(rows.frame, members, rows.findings, rows.file)
    parameters = {"source": source_key_of(organization_id), "numbers": frame["job_number"].to_list()}
    known = repository.fetch(_KNOWN, parameters, RECORD_SCHEMA)
    others = repository.fetch(_OTHERS, {**parameters, "organization_id": organization_id}, {"job_number": pl.String})[
        "job_number"
    ]
    is_taken = pl.col("job_number").is_in(others.implode())
    rows.findings.refuse_rows(
        frame.filter(is_taken),
        file=rows.file,
        column="job_number",
        code="job_of_another_origin",
        remedy="A job with this number is on record and was not imported; give this one another number.",
    )
    frame = frame.filter(~is_taken)
    frame = with_fingerprint(frame, ["person_id", *VALUE_COLUMNS])
    frame = with_action(frame.with_columns(pl.col("job_number").alias("external_id")), known).sort("line")
    counts = KindCounts.of_actions(
        action_counts(frame),
        read=rows.read_count,
        refused=rows.findings.refused_count(rows.file),
        listed={
            action.value: frame.filter(pl.col("action") == action)["external_id"].head(LISTED_IDS).to_list()
            for action in (Action.ADDED, Action.CHANGED)
        },
    )
    return frame, counts


def apply_outcomes(repository: ImportRepository, frame: pl.DataFrame, organization_id: UUID, import_id: UUID) -> None:
    """Write the planned rows in the caller's transaction; nothing is written for unchanged ones."""
    source_key = source_key_of(organization_id)
    written = frame.filter(pl.col("action") != Action.UNCHANGED)
    jobs = written.select(
        "record_id",
        "action",
        pl.lit(str(organization_id)).alias("organization_id"),
        "person_id",
        "job_number",
        "finished_on",
        pl.col("first_time_fix").alias("is_first_time_fix"),
        pl.col("callback").alias("is_callback"),
        pl.col("rework").alias("is_rework"),
        pl.col("incidents").alias("incident_count"),
        "hours",
        "units_maintained",
        pl.lit(str(import_id)).alias("import_id"),
    )
    repository.add_records("job_outcomes", jobs)
    repository.change_records(OUTCOMES, jobs.select("record_id", "action", *CHANGED_COLUMNS), source_key, import_id)
    repository.record_ids(OUTCOMES, written, source_key, import_id)
