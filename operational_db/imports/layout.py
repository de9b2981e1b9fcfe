"""The documented layouts of import files: columns, types and limits.

Readers, checks, messages and the printed documentation are all made from these descriptions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from operational_db.types import AssessmentType, CourseCategory, CourseLevel, DeliveryMethod, EnrollmentStatus

FILE_SUFFIXES = (".csv", ".parquet")
LONGEST_ID = 200
LONGEST_TEXT = 2_000
NUMBER_WORDS = {2: "two", 6: "six"}


class ColumnType(StrEnum):
    """What the cells of a column hold; how each is written is in `WRITTEN_AS`."""

    IDENTIFIER = "identifier"
    TEXT = "text"
    DATE = "date"
    INTEGER = "whole number"
    DECIMAL = "number"
    CHOICE = "choice"
    FLAG = "yes or no"


WRITTEN_AS: dict[ColumnType, str] = {
    ColumnType.IDENTIFIER: f"the source's own id, never changing, at most {LONGEST_ID} characters, no '|'",
    ColumnType.TEXT: f"text, at most {LONGEST_TEXT:,} characters, not starting like a formula (= + - @)",
    ColumnType.DATE: "date as YYYY-MM-DD, from 1900-01-01 to 2199-12-31",
    ColumnType.INTEGER: "whole number in digits",
    ColumnType.DECIMAL: "number with a decimal point, kept to two decimals",
    ColumnType.CHOICE: "one of the listed words",
    ColumnType.FLAG: "true or false (also yes, no, 1, 0)",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column. A required one must be in the header and filled in every row."""

    name: str
    type: ColumnType
    description: str
    is_required: bool = False
    # Whether the header must have it although cells may be empty.
    is_expected: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    # Decimals that a number keeps.
    decimals: int = 2
    # Whether a cell that cannot be read is emptied and noted instead of refusing its row: files of other publishers.
    is_lenient: bool = False

    @property
    def must_be_in_header(self) -> bool:
        return self.is_required or self.is_expected

    @property
    def written_as(self) -> str:
        """How a cell is written, limits included, for people."""
        if self.type is ColumnType.CHOICE:
            return "one of " + ", ".join(self.choices)
        words = WRITTEN_AS[self.type].replace("two decimals", f"{NUMBER_WORDS[self.decimals]} decimals")
        if self.minimum is not None and self.maximum is not None:
            return f"{words}, from {self.minimum:,.10g} to {self.maximum:,.10g}"
        return words if self.minimum is None else f"{words}, at least {self.minimum:,.10g}"


@dataclass(frozen=True, kw_only=True)
class FileLayout:
    """One kind of file: its name without suffix, its columns, and what one row stands for."""

    kind: str
    columns: tuple[Column, ...]
    description: str
    aliases: tuple[str, ...] = ()
    # Texts that stand for "no value" besides the empty cell.
    null_markers: tuple[str, ...] = ()
    # Whether columns the layout does not know are passed over instead of refused: layouts of other publishers.
    allows_other_columns: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """File names without suffix under which the kind is found."""
        return (self.kind, *self.aliases)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """All kinds of file a format consists of."""

    name: str
    description: str
    files: tuple[FileLayout, ...]
    required_kinds: frozenset[str] = field(default_factory=frozenset)

    def file(self, kind: str) -> FileLayout:
        return next(file for file in self.files if file.kind == kind)

    @classmethod
    def of(cls, name: str, description: str, files: Sequence[FileLayout], required: Sequence[str] = ()) -> Self:
        return cls(name=name, description=description, files=tuple(files), required_kinds=frozenset(required))


def _id(name: str, description: str, *, is_required: bool = True) -> Column:
    return Column(name=name, type=ColumnType.IDENTIFIER, description=description, is_required=is_required)


def _text(name: str, description: str, *, is_required: bool = False) -> Column:
    return Column(name=name, type=ColumnType.TEXT, description=description, is_required=is_required)


def _date(name: str, description: str, *, is_required: bool = False) -> Column:
    return Column(name=name, type=ColumnType.DATE, description=description, is_required=is_required)


def _count(
    name: str, description: str, *, is_required: bool = False, minimum: int = 0, maximum: int = 1_000_000
) -> Column:
    return Column(
        name=name,
        type=ColumnType.INTEGER,
        description=description,
        is_required=is_required,
        minimum=minimum,
        maximum=maximum,
    )


def _number(name: str, description: str, *, minimum: float, maximum: float) -> Column:
    return Column(name=name, type=ColumnType.DECIMAL, description=description, minimum=minimum, maximum=maximum)


def _choice(name: str, description: str, choices: Sequence[str], *, is_required: bool = False) -> Column:
    return Column(
        name=name, type=ColumnType.CHOICE, description=description, is_required=is_required, choices=tuple(choices)
    )


def _flag(name: str, description: str) -> Column:
    return Column(name=name, type=ColumnType.FLAG, description=description)


HISTORY_LAYOUT = Layout.of(
    "standard",
    "A school's learning history. Only the files that are there are read; a file may name records of an earlier "
    "import. Rows that were imported before and are missing now are reported and never deleted.",
    [
        FileLayout(
            kind="courses",
            description="One row per course, or per presentation of a course given on dates.",
            columns=(
                _id("course_id", "Id of the course."),
                _text("title", "Title as people know it.", is_required=True),
                _text("description", "What the course is about."),
                _choice("category", "Kind of course; technology when empty.", tuple(CourseCategory)),
                _choice("level", "Level; beginner when empty.", tuple(CourseLevel)),
                _choice("delivery_method", "How it is given; online_self_paced when empty.", tuple(DeliveryMethod)),
                _text("trade", "Trade it belongs to; general when empty."),
                _number("estimated_hours", "Hours a learner needs.", minimum=0, maximum=10_000),
                _number("ce_credits", "Continuing education credits on completion.", minimum=0, maximum=1_000),
                _date("starts_on", "First day of a course given on dates; it defines the cohort."),
                _count("length_days", "Days from the first day to the end.", minimum=1, maximum=3_660),
            ),
        ),
        FileLayout(
            kind="modules",
            description="One row per module of a course.",
            columns=(
                _id("module_id", "Id of the module."),
                _id("course_id", "Course it belongs to."),
                _text("title", "Title of the module.", is_required=True),
                _count("position", "Place in the course, counted from 1.", is_required=True, minimum=1),
                _count("duration_minutes", "Minutes it takes."),
                _flag("is_required", "Whether the course cannot be completed without it; true when empty."),
            ),
        ),
        FileLayout(
            kind="assessments",
            description="One row per assessment of a course.",
            columns=(
                _id("assessment_id", "Id of the assessment."),
                _id("course_id", "Course it belongs to."),
                _text("title", "Title of the assessment.", is_required=True),
                _text("description", "What is asked, when it is due, what it weighs."),
                _choice("type", "Kind of assessment.", tuple(AssessmentType), is_required=True),
                _count("passing_score", "Score in percent from which it is passed; 70 when empty.", maximum=100),
                _flag("is_required", "Whether the course cannot be completed without it; true when empty."),
            ),
        ),
        FileLayout(
            kind="learners",
            description="One row per person; each becomes a student of the school.",
            columns=(
                _id("learner_id", "Id of the person at the source."),
                _text("display_name", "Name to show; a pseudonym is welcome.", is_required=True),
                _text("email", "E-mail address; must not stand for somebody already registered."),
                _date("joined_on", "First day as a student; the first enrollment's day when empty."),
                _date("left_on", "First day no longer a student; still a student when empty."),
            ),
        ),
        FileLayout(
            kind="enrollments",
            description="One row per learner, course and cycle (a course taken again is a further cycle).",
            columns=(
                _id("learner_id", "Who is enrolled."),
                _id("course_id", "In which course."),
                _count("cycle_number", "Which time the course is taken; 1 when empty.", minimum=1, maximum=100),
                _choice("status", "How it stands or ended.", tuple(EnrollmentStatus), is_required=True),
                _date("enrolled_on", "Day of enrollment.", is_required=True),
                _date("ended_on", "Day it was completed, failed or dropped; empty while it is open."),
                _number("final_score", "Final score in percent of a completed course.", minimum=0, maximum=100),
                _count("time_spent_minutes", "Minutes spent in all."),
            ),
        ),
        FileLayout(
            kind="attempts",
            description="One row per result a learner had in an assessment.",
            columns=(
                _id("learner_id", "Whose result."),
                _id("assessment_id", "In which assessment."),
                _count(
                    "cycle_number",
                    "Cycle of the enrollment; may be empty when the learner has only one in the course.",
                    minimum=1,
                    maximum=100,
                ),
                _count("attempt_number", "Which try; 1 when empty.", minimum=1, maximum=1_000),
                _date("submitted_on", "Day it was handed in.", is_required=True),
                _number("score", "Score in percent; empty for handed in and never scored.", minimum=0, maximum=100),
                _flag("is_banked", "Whether the result was carried over from an earlier cycle; false when empty."),
                _count("time_spent_minutes", "Minutes spent."),
            ),
        ),
        FileLayout(
            kind="activity",
            description="What a learner did in a course on a day; rows of the same learner, course and day are added. "
            "A file may cover a part of the time: only the days from its first to its last are compared.",
            columns=(
                _id("learner_id", "Who."),
                _id("course_id", "In which course."),
                _date("on_date", "On which day.", is_required=True),
                _count("interactions", "Number of interactions (clicks, page views).", is_required=True),
                _count("sessions", "Number of sessions; 0 when the source does not count them."),
                _count("mobile_sessions", "Number of sessions on a mobile device."),
                _count("minutes", "Minutes; empty when the source does not know."),
            ),
        ),
    ],
)


def layout_as_text(layout: Layout) -> str:
    """The layout for a terminal."""
    lines = [f"Format {layout.name}: {layout.description}"]
    for file in layout.files:
        need = "" if file.kind not in layout.required_kinds else " (required)"
        lines += ["", f"{' or '.join(file.names)}.csv or .parquet{need}: {file.description}"]
        for column in file.columns:
            mark = "*" if column.is_required else " "
            lines.append(f"  {mark} {column.name:<20} {column.description} [{column.written_as}]")
    return "\n".join(
        [*lines, "", "* must be filled in every row. Files are UTF-8, separated by commas, with a header."]
    )
