"""A learning history in memory between parsing and applying: typed frames by kind, and what the database already knows.

The kinds, in the order in which they refer to each other, and how their immutable external ids are made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import polars as pl

from operational_db.imports.findings import Findings
from operational_db.imports.layout import HISTORY_LAYOUT, ColumnType, FileLayout
from operational_db.imports.reading import ReadingLimits, SourceFile, read_chunks
from operational_db.imports.values import to_typed

# Held in memory and matched by external id; activity is streamed and matched by person, course and day.
HELD_KINDS = ("courses", "modules", "assessments", "learners", "enrollments", "attempts")
ACTIVITY = "activity"
KINDS = (*HELD_KINDS, ACTIVITY)

# Ids hold no '|', so that a key can be put together from them and taken apart again.
KEY_COLUMNS: dict[str, tuple[str, ...]] = {
    "courses": ("course_id",),
    "modules": ("module_id",),
    "assessments": ("assessment_id",),
    "learners": ("learner_id",),
    "enrollments": ("course_id", "learner_id", "cycle_number"),
    "attempts": ("assessment_id", "learner_id", "cycle_number", "attempt_number"),
}
KEY_SEPARATOR = "|"

POLARS_TYPES: dict[ColumnType, type[pl.DataType]] = {
    ColumnType.IDENTIFIER: pl.String,
    ColumnType.TEXT: pl.String,
    ColumnType.CHOICE: pl.String,
    ColumnType.DATE: pl.Date,
    ColumnType.INTEGER: pl.Int64,
    ColumnType.DECIMAL: pl.Float64,
    ColumnType.FLAG: pl.Boolean,
}

# What an empty cell means. `joined_on` and the cycle of an attempt depend on other rows and are filled by the check.
DEFAULTS: dict[str, dict[str, str | int | bool]] = {
    "courses": {
        "description": "",
        "category": "technology",
        "level": "beginner",
        "delivery_method": "online_self_paced",
        "trade": "general",
        "ce_credits": 0,
    },
    "modules": {"is_required": True},
    "assessments": {"description": "", "passing_score": 70, "is_required": True},
    "enrollments": {"cycle_number": 1, "time_spent_minutes": 0},
    "attempts": {"attempt_number": 1, "is_banked": False},
    "activity": {"sessions": 0, "mobile_sessions": 0},
}


def schema_of(kind: str) -> dict[str, type[pl.DataType]]:
    """Columns of the typed frame of a kind."""
    return layout_schema(HISTORY_LAYOUT.file(kind))


def layout_schema(layout: FileLayout) -> dict[str, type[pl.DataType]]:
    """`line` and the columns of a layout with their types."""
    return {"line": pl.Int64, **{column.name: POLARS_TYPES[column.type] for column in layout.columns}}


def empty_frame(kind: str) -> pl.DataFrame:
    return pl.DataFrame(schema=schema_of(kind))


def with_defaults(kind: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(name).fill_null(value) for name, value in DEFAULTS.get(kind, {}).items())


def external_id(kind: str) -> pl.Expr:
    """The immutable id a row is matched by (D8)."""
    return pl.concat_str([pl.col(name).cast(pl.String) for name in KEY_COLUMNS[kind]], separator=KEY_SEPARATOR).alias(
        "external_id"
    )


@dataclass
class History:
    """What was read. Kinds without a file are absent from `files`; `activity` yields typed chunks once per call."""

    findings: Findings = field(default_factory=Findings)
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    # File named in messages, per kind.
    files: dict[str, str] = field(default_factory=dict)
    # Rows read where it is not simply accepted plus refused: several source rows made one of ours.
    read_counts: dict[str, int] = field(default_factory=dict)
    activity: Callable[[], Iterator[pl.DataFrame]] | None = None

    def frame(self, kind: str) -> pl.DataFrame:
        return self.frames.get(kind, empty_frame(kind))


def read_history(
    files: dict[str, SourceFile], limits: ReadingLimits, progress: Callable[[str, int], None] | None = None
) -> History:
    """Parse the files of the standard layout; activity is left to be streamed.

    Raises
    ------
    FileRefusedError
        When the form of a file is wrong as a whole.
    """
    history = History(files={kind: source.name for kind, source in files.items()})
    for kind in HELD_KINDS:
        if kind in files:
            frame = read_typed(files[kind], history.findings, limits, progress)
            history.frames[kind] = with_defaults(kind, frame)
    if ACTIVITY in files:
        source = files[ACTIVITY]
        history.activity = lambda: (
            with_defaults(ACTIVITY, chunk) for chunk in stream_typed(source, history.findings, limits, progress)
        )
    return history


def read_typed(
    source: SourceFile,
    findings: Findings,
    limits: ReadingLimits,
    progress: Callable[[str, int], None] | None = None,
) -> pl.DataFrame:
    """A whole file, typed by its layout."""
    frames = []
    for chunk in read_chunks(source, findings, most_rows=limits.held_rows):
        frames.append(to_typed(chunk, source.layout, source.name, findings))
        if progress is not None:
            progress(source.name, chunk.height)
    return pl.concat(frames) if frames else pl.DataFrame(schema=layout_schema(source.layout))


def stream_typed(
    source: SourceFile,
    findings: Findings,
    limits: ReadingLimits,
    progress: Callable[[str, int], None] | None = None,
) -> Iterator[pl.DataFrame]:
    """A file that may be larger than memory, typed chunk by chunk."""
    for chunk in read_chunks(source, findings, most_rows=limits.activity_rows):
        yield to_typed(chunk, source.layout, source.name, findings)
        if progress is not None:
            progress(source.name, chunk.height)


@dataclass(frozen=True)
class KnownHistory:
    """What earlier imports of the source left in the database, and what stands in the way of this one.

    records
        kind, external_id, record_id, content_sha256 (hex).
    modules, assessments
        external_id, course_id (external), and position or passing_score.
    enrollments
        external_id, learner_id, course_id, cycle_number, status, enrolled_on, ended_on.
    taken_emails
        Addresses of people who did not come in by this source.
    native_enrollments
        learner_id, course_id, cycle_number, status of enrollments the platform itself opened in the source's courses.
    native_modules
        course_id, position of modules added to the source's courses by hand.
    """

    records: pl.DataFrame
    modules: pl.DataFrame
    assessments: pl.DataFrame
    enrollments: pl.DataFrame
    taken_emails: frozenset[str]
    native_enrollments: pl.DataFrame
    native_modules: pl.DataFrame
    native_attempts: frozenset[str]

    def of(self, kind: str) -> pl.DataFrame:
        return self.records.filter(pl.col("kind") == kind)


RECORD_SCHEMA: dict[str, type[pl.DataType]] = {
    "kind": pl.String,
    "external_id": pl.String,
    "record_id": pl.String,
    "content_sha256": pl.String,
}
ENROLLMENT_SCHEMA: dict[str, type[pl.DataType]] = {
    "external_id": pl.String,
    "learner_id": pl.String,
    "course_id": pl.String,
    "cycle_number": pl.Int64,
    "status": pl.String,
    "enrolled_on": pl.Date,
    "ended_on": pl.Date,
}


def nothing_known() -> KnownHistory:
    """The state before the first import of a source."""
    module_schema: dict[str, type[pl.DataType]] = {
        "external_id": pl.String,
        "course_id": pl.String,
        "position": pl.Int64,
    }
    return KnownHistory(
        records=pl.DataFrame(schema=RECORD_SCHEMA),
        modules=pl.DataFrame(schema=module_schema),
        assessments=pl.DataFrame(schema={"external_id": pl.String, "course_id": pl.String, "passing_score": pl.Int64}),
        enrollments=pl.DataFrame(schema=ENROLLMENT_SCHEMA),
        taken_emails=frozenset(),
        native_enrollments=pl.DataFrame(
            schema={name: ENROLLMENT_SCHEMA[name] for name in ("learner_id", "course_id", "cycle_number", "status")}
        ),
        native_modules=pl.DataFrame(schema={"course_id": pl.String, "position": pl.Int64}),
        native_attempts=frozenset(),
    )
