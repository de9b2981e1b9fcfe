"""The Open University Learning Analytics Dataset as a school's learning history (Kuzilek, Hlosta, Zdrahal 2017).

Each presentation of a module is a course named as it is; days are offsets from the presentation's start, which is the
first of February (B) or October (J). No demographics are read.
"""

from collections.abc import Callable, Iterator

import polars as pl

from operational_db.imports.findings import FileRefusedError, Finding, Findings
from operational_db.imports.history import (
    ACTIVITY,
    History,
    read_typed,
    stream_typed,
    with_defaults,
)
from operational_db.imports.layout import Column, ColumnType, FileLayout, Layout
from operational_db.imports.reading import ReadingLimits, SourceFile
from operational_db.types import AssessmentType, DeliveryMethod, EnrollmentStatus

# A score of 40 or more is a pass at the Open University (the data set's description of studentAssessment).
PASSING_SCORE = 40

START_MONTH = {"B": 2, "J": 10}

STATUS_OF_RESULT = {
    "pass": EnrollmentStatus.COMPLETED,
    "distinction": EnrollmentStatus.COMPLETED,
    "withdrawn": EnrollmentStatus.DROPPED,
    "fail": EnrollmentStatus.FAILED,
}

# Tutor-marked (TMA) and computer-marked (CMA) assessments are coursework; only the exam is one.
TYPE_OF_ASSESSMENT = {"tma": AssessmentType.QUIZ, "cma": AssessmentType.QUIZ, "exam": AssessmentType.EXAM}


def _column(
    name: str,
    type_: ColumnType,
    description: str,
    *,
    is_required: bool = True,
    choices: tuple[str, ...] = (),
    minimum: int | None = None,
    maximum: int | None = None,
) -> Column:
    return Column(
        name=name,
        type=type_,
        description=description,
        is_required=is_required,
        is_expected=True,
        choices=choices,
        minimum=minimum,
        maximum=maximum,
    )


def _day(name: str, description: str, *, is_required: bool) -> Column:
    return _column(name, ColumnType.INTEGER, description, is_required=is_required, minimum=-3_660, maximum=3_660)


_MODULE = _column("code_module", ColumnType.IDENTIFIER, "Module, e.g. AAA.")
_PRESENTATION = _column("code_presentation", ColumnType.IDENTIFIER, "Year and month letter, e.g. 2013J.")
_STUDENT = _column("id_student", ColumnType.IDENTIFIER, "Pseudonymous number of the student.")


def _file(kind: str, alias: str, description: str, *columns: Column) -> FileLayout:
    return FileLayout(
        kind=kind,
        aliases=tuple(a for a in alias.split() if a),
        description=description,
        columns=columns,
        null_markers=("?",),
        allows_other_columns=True,
    )


OULAD_LAYOUT = Layout.of(
    "oulad",
    "The Open University Learning Analytics Dataset, as published (CSV) or as Parquet.",
    [
        _file(
            "course",
            "courses",
            "Presentations, each a course.",
            _MODULE,
            _PRESENTATION,
            _column("module_presentation_length", ColumnType.INTEGER, "Length in days.", minimum=1, maximum=3_660),
        ),
        _file(
            "assessment",
            "assessments",
            "Assessments of presentations.",
            _MODULE,
            _PRESENTATION,
            _column("id_assessment", ColumnType.IDENTIFIER, "Number of the assessment."),
            _column("assessment_type", ColumnType.CHOICE, "TMA, CMA or Exam.", choices=tuple(TYPE_OF_ASSESSMENT)),
            _day("date", "Day it is due; unknown for some exams.", is_required=False),
            _column("weight", ColumnType.DECIMAL, "Weight in percent.", minimum=0, maximum=100),
        ),
        _file(
            "vle",
            "",
            "Sites of the virtual learning environment; each kind of activity of a presentation becomes a module.",
            _column("id_site", ColumnType.IDENTIFIER, "Number of the site."),
            _MODULE,
            _PRESENTATION,
            _column("activity_type", ColumnType.IDENTIFIER, "Kind of activity."),
        ),
        _file(
            "student",
            "studentInfo",
            "Students in presentations with their result.",
            _MODULE,
            _PRESENTATION,
            _STUDENT,
            _column("num_of_prev_attempts", ColumnType.INTEGER, "Earlier attempts.", minimum=0, maximum=99),
            _column("final_result", ColumnType.CHOICE, "Result.", choices=tuple(STATUS_OF_RESULT)),
        ),
        _file(
            "student_registration",
            "studentRegistration",
            "When students registered and withdrew.",
            _MODULE,
            _PRESENTATION,
            _STUDENT,
            _day("date_registration", "Day of registration.", is_required=False),
            _day("date_unregistration", "Day of withdrawal.", is_required=False),
        ),
        _file(
            "student_assessment",
            "studentAssessment",
            "Results in assessments.",
            _column("id_assessment", ColumnType.IDENTIFIER, "Number of the assessment."),
            _STUDENT,
            _day("date_submitted", "Day it was handed in.", is_required=True),
            _column("is_banked", ColumnType.FLAG, "Carried over from an earlier presentation."),
            _column("score", ColumnType.DECIMAL, "Percent.", is_required=False, minimum=0, maximum=100),
        ),
        _file(
            "student_vle",
            "student_vle_partial studentVle",
            "Clicks by student, site and day.",
            _MODULE,
            _PRESENTATION,
            _STUDENT,
            _day("date", "Day.", is_required=True),
            _column("sum_click", ColumnType.INTEGER, "Clicks.", minimum=0, maximum=1_000_000),
        ),
    ],
    ["course", "student", "student_registration"],
)

_COURSE_ID = pl.concat_str("code_module", "code_presentation", separator=" ")


def presentation_start() -> pl.Expr:
    """First day of the presentation named by `code_presentation`: 1 February (B) or 1 October (J) of its year."""
    code = pl.col("code_presentation")
    month = code.str.slice(4).replace_strict(START_MONTH, default=None, return_dtype=pl.Int32)
    year = code.str.slice(0, 4).cast(pl.Int32, strict=False)
    is_known = code.str.contains(r"^(19|20|21)\d{2}[BJ]$")
    return pl.when(is_known).then(pl.date(year, month, 1))


def on_day(start: str, offset: str) -> pl.Expr:
    """The calendar date a number of days after (or before) the presentation's start."""
    return pl.col(start) + pl.duration(days=pl.col(offset))


def read_oulad(
    files: dict[str, SourceFile], limits: ReadingLimits, progress: Callable[[str, int], None] | None = None
) -> History:
    """The data set in the frames of the standard layout.

    Rules: Pass and Distinction are completed and Fail is failed at the presentation's end; Withdrawn is dropped on the
    day of withdrawal, at the end where that is not known. Where the day of registration is not known the enrollment
    begins with the presentation, or on the day of withdrawal if that was earlier; both are noted in the report. The
    cycle is the number of previous attempts + 1. Scores from 40 pass.

    Raises
    ------
    FileRefusedError
        When the form of a file is wrong as a whole.
    """
    history = History()
    raw = {
        kind: read_typed(source, history.findings, limits, progress)
        for kind, source in files.items()
        if kind != "student_vle"
    }
    presentations = _courses(history, raw["course"], files["course"].name)
    if "vle" in raw:
        _modules(history, raw["vle"], presentations, files["vle"].name)
    if "assessment" in raw:
        _assessments(history, raw["assessment"], files["assessment"].name)
    enrollments = _enrollments(history, raw["student"], raw["student_registration"], presentations, files)
    _learners(history, enrollments, files["student"].name)
    if "student_assessment" in raw:
        if "assessment" not in raw:
            fault = Finding("assessment", None, None, "file_missing", "no file", "Results need their assessments.")
            raise FileRefusedError([fault])
        _attempts(history, raw, presentations, files["student_assessment"].name)
    if "student_vle" in files:
        _activity(history, files["student_vle"], presentations, limits, progress)
    for kind, frame in history.frames.items():
        history.frames[kind] = with_defaults(kind, frame)
    return history


def _courses(history: History, raw: pl.DataFrame, file: str) -> pl.DataFrame:
    """Adds the courses; returns course_id, start, length_days of each presentation."""
    rows = raw.with_columns(_COURSE_ID.alias("course_id"), presentation_start().alias("starts_on"))
    history.findings.refuse_rows(
        rows.filter(pl.col("starts_on").is_null()),
        file=file,
        column="code_presentation",
        code="unknown_presentation",
        remedy="A presentation is a year and B (February) or J (October), e.g. 2013J.",
    )
    rows = rows.filter(pl.col("starts_on").is_not_null())
    history.files["courses"] = file
    history.frames["courses"] = rows.select(
        "line",
        "course_id",
        pl.col("course_id").alias("title"),
        pl.lit(None, pl.String).alias("description"),
        pl.lit(None, pl.String).alias("category"),
        pl.lit(None, pl.String).alias("level"),
        pl.lit(DeliveryMethod.ONLINE_INSTRUCTOR_LED.value).alias("delivery_method"),
        pl.lit(None, pl.String).alias("trade"),
        pl.lit(None, pl.Float64).alias("estimated_hours"),
        pl.lit(None, pl.Float64).alias("ce_credits"),
        "starts_on",
        pl.col("module_presentation_length").alias("length_days"),
    )
    return rows.select(
        "course_id", pl.col("starts_on").alias("start"), pl.col("module_presentation_length").alias("length_days")
    ).unique("course_id", maintain_order=True)


def _modules(history: History, raw: pl.DataFrame, presentations: pl.DataFrame, file: str) -> None:
    """One module per kind of activity and presentation; none is required, since the source knows no completion."""
    sites = raw.with_columns(_COURSE_ID.alias("course_id"))
    history.findings.refuse_rows(
        sites.join(presentations, on="course_id", how="anti"),
        file=file,
        column="code_presentation",
        code="unknown_reference",
        remedy="Add the presentation to the courses, or correct it.",
    )
    kinds = (
        sites.join(presentations, on="course_id", how="semi")
        .group_by("course_id", "activity_type")
        .agg(pl.col("line").min())
        .sort("course_id", "activity_type")
        .with_columns(pl.int_range(1, pl.len() + 1).over("course_id").alias("position"))
    )
    history.files["modules"] = file
    history.read_counts["modules"] = raw.height + history.findings.refused_count(file)
    history.frames["modules"] = kinds.select(
        "line",
        pl.concat_str("course_id", "activity_type", separator=" ").alias("module_id"),
        "course_id",
        pl.col("activity_type").alias("title"),
        "position",
        pl.lit(None, pl.Int64).alias("duration_minutes"),
        pl.lit(value=False).alias("is_required"),
    )


def _assessments(history: History, raw: pl.DataFrame, file: str) -> None:
    history.files["assessments"] = file
    due = (
        pl.when(pl.col("date").is_null()).then(pl.lit("Due day unknown")).otherwise(pl.format("Due on day {}", "date"))
    )
    labels = {"tma": "TMA", "cma": "CMA", "exam": "Exam"}
    history.frames["assessments"] = raw.select(
        "line",
        pl.col("id_assessment").alias("assessment_id"),
        _COURSE_ID.alias("course_id"),
        pl.format("{} {}", pl.col("assessment_type").replace_strict(labels), "id_assessment").alias("title"),
        pl.format("{}, weight {} %.", due, pl.col("weight").cast(pl.String).str.replace(r"\.0$", "")).alias(
            "description"
        ),
        pl.col("assessment_type").replace_strict({k: v.value for k, v in TYPE_OF_ASSESSMENT.items()}).alias("type"),
        pl.lit(PASSING_SCORE, pl.Int64).alias("passing_score"),
        (pl.col("weight") > 0).alias("is_required"),
    )


def _enrollments(
    history: History,
    students: pl.DataFrame,
    registrations: pl.DataFrame,
    presentations: pl.DataFrame,
    files: dict[str, SourceFile],
) -> pl.DataFrame:
    keys = ["code_module", "code_presentation", "id_student"]
    file = files["student"].name
    twice = registrations.filter(pl.struct(keys).is_duplicated())
    history.findings.refuse_rows(
        twice,
        file=files["student_registration"].name,
        column="id_student",
        code="contradictory_rows",
        remedy="A student registers once in a presentation; keep the right row.",
    )
    once = registrations.filter(~pl.struct(keys).is_duplicated()).drop("line")
    rows = students.join(once.with_columns(pl.lit(value=True).alias("is_registered")), on=keys, how="left")
    rows = rows.with_columns(_COURSE_ID.alias("course_id")).join(presentations, on="course_id", how="left")
    for is_bad, code, remedy in (
        (pl.col("start").is_null(), "unknown_reference", "Add the presentation to the courses, or correct it."),
        (pl.col("is_registered").is_null(), "registration_missing", "Add the student's row to the registrations."),
    ):
        history.findings.refuse_rows(rows.filter(is_bad), file=file, column=keys[1], code=code, remedy=remedy)
        rows = rows.filter(~is_bad)
    _note_unknown_days(history.findings, rows, file)
    status = pl.col("final_result").replace_strict({k: v.value for k, v in STATUS_OF_RESULT.items()})
    rows = rows.with_columns(
        status.alias("status"),
        (pl.col("start") + pl.duration(days="length_days")).alias("end"),
        on_day("start", "date_registration").alias("registered_on"),
        on_day("start", "date_unregistration").alias("withdrawn_on"),
    )
    is_dropped = pl.col("status") == EnrollmentStatus.DROPPED
    ended_on = pl.when(is_dropped).then(pl.coalesce("withdrawn_on", "end")).otherwise(pl.col("end"))
    rows = rows.with_columns(ended_on.alias("ended_on")).with_columns(
        pl.coalesce("registered_on", pl.min_horizontal("start", "ended_on")).alias("enrolled_on")
    )
    history.files["enrollments"] = file
    history.frames["enrollments"] = rows.select(
        "line",
        pl.col("id_student").alias("learner_id"),
        "course_id",
        (pl.col("num_of_prev_attempts") + 1).alias("cycle_number"),
        "status",
        "enrolled_on",
        "ended_on",
        pl.lit(None, pl.Float64).alias("final_score"),
        pl.lit(None, pl.Int64).alias("time_spent_minutes"),
    )
    return history.frames["enrollments"]


def _note_unknown_days(findings: Findings, rows: pl.DataFrame, file: str) -> None:
    findings.note_rows(
        rows.filter(pl.col("date_registration").is_null()),
        file=file,
        column="date_registration",
        code="registration_day_unknown",
        remedy="Taken as the presentation's first day, or the day of withdrawal if that was earlier.",
    )
    findings.note_rows(
        rows.filter((pl.col("final_result") == "withdrawn") & pl.col("date_unregistration").is_null()),
        file=file,
        column="date_unregistration",
        code="withdrawal_day_unknown",
        remedy="Taken as the presentation's last day.",
    )
    findings.note_rows(
        rows.filter((pl.col("final_result") != "withdrawn") & pl.col("date_unregistration").is_not_null()),
        file=file,
        column="date_unregistration",
        code="withdrawal_day_of_a_finished_course",
        remedy="The result counts; the day of withdrawal is left aside.",
    )


def _learners(history: History, enrollments: pl.DataFrame, file: str) -> None:
    """Pseudonymous people. When they ceased to be students the source does not say, so they still are."""
    people = enrollments.group_by("learner_id").agg(pl.col("line").min(), pl.col("enrolled_on").min()).sort("line")
    history.files["learners"] = f"{file} (students)"
    history.frames["learners"] = people.select(
        "line",
        "learner_id",
        pl.format("Learner {}", "learner_id").alias("display_name"),
        pl.lit(None, pl.String).alias("email"),
        pl.col("enrolled_on").alias("joined_on"),
        pl.lit(None, pl.Date).alias("left_on"),
    )


def _attempts(history: History, raw: dict[str, pl.DataFrame], presentations: pl.DataFrame, file: str) -> None:
    starts = raw["assessment"].select("id_assessment", _COURSE_ID.alias("course_id")).unique("id_assessment")
    starts = starts.join(presentations, on="course_id", how="inner")
    rows = raw["student_assessment"].join(starts, on="id_assessment", how="left", maintain_order="left")
    history.findings.refuse_rows(
        rows.filter(pl.col("start").is_null()),
        file=file,
        column="id_assessment",
        code="unknown_reference",
        remedy="No such assessment (or its row was refused); add or correct it.",
    )
    history.files["attempts"] = file
    history.frames["attempts"] = rows.filter(pl.col("start").is_not_null()).select(
        "line",
        pl.col("id_student").alias("learner_id"),
        pl.col("id_assessment").alias("assessment_id"),
        pl.lit(None, pl.Int64).alias("cycle_number"),
        pl.lit(1, pl.Int64).alias("attempt_number"),
        on_day("start", "date_submitted").alias("submitted_on"),
        "score",
        "is_banked",
        pl.lit(None, pl.Int64).alias("time_spent_minutes"),
    )


def _activity(
    history: History,
    source: SourceFile,
    presentations: pl.DataFrame,
    limits: ReadingLimits,
    progress: Callable[[str, int], None] | None,
) -> None:
    history.files[ACTIVITY] = source.name

    def chunks() -> Iterator[pl.DataFrame]:
        for chunk in stream_typed(source, history.findings, limits, progress):
            rows = chunk.with_columns(_COURSE_ID.alias("course_id")).join(presentations, on="course_id", how="left")
            history.findings.refuse_rows(
                rows.filter(pl.col("start").is_null()),
                file=source.name,
                column="code_presentation",
                code="unknown_reference",
                remedy="Add the presentation to the courses, or correct it.",
            )
            known = rows.filter(pl.col("start").is_not_null())
            yield with_defaults(
                ACTIVITY,
                known.select(
                    "line",
                    pl.col("id_student").alias("learner_id"),
                    "course_id",
                    on_day("start", "date").alias("on_date"),
                    pl.col("sum_click").alias("interactions"),
                    pl.lit(None, pl.Int64).alias("sessions"),
                    pl.lit(None, pl.Int64).alias("mobile_sessions"),
                    pl.lit(None, pl.Int64).alias("minutes"),
                ),
            )

    history.activity = chunks
