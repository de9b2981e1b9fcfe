"""Checks of a learning history across rows and files: duplicates, orphans, contradictions, ambiguous matches.

Pure: frames in, frames out. A bad row is refused with its remedy; rows that refer to it are refused as orphans.
"""

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from operational_db.imports.findings import Findings
from operational_db.imports.history import HELD_KINDS, KEY_COLUMNS, History, KnownHistory, external_id
from operational_db.types import OPEN_ENROLLMENT_STATUSES, EnrollmentStatus

_OPEN = sorted(OPEN_ENROLLMENT_STATUSES)
_IS_OPEN = pl.col("status").is_in(_OPEN)


@dataclass
class CheckedHistory:
    """Rows that may be applied, each with `external_id`; `seen` holds the ids of refused ones too.

    Attempts carry course_id, cycle_number and passing_score of what they belong to.
    """

    frames: dict[str, pl.DataFrame]
    seen: dict[str, pl.Series]
    # learner_id, course_id of every enrollment, those of earlier imports included.
    enrolled: pl.DataFrame


def check_history(history: History, known: KnownHistory, *, today: date) -> CheckedHistory:
    """Refuse what cannot be right; source: D8 and the documented layout.

    Parameters
    ----------
    today
        Days after it are refused: a history tells what has happened.
    """
    check = _Check(history, known, today)
    for kind, step in zip(
        HELD_KINDS,
        (
            check.courses,
            check.modules,
            check.assessments,
            check.learners,
            check.enrollments,
            check.attempts,
        ),
        strict=True,
    ):
        check.frames[kind] = history.frame(kind)
        step()
    return CheckedHistory(check.frames, check.seen, check.all_enrollments().select("learner_id", "course_id").unique())


def check_activity(
    chunk: pl.DataFrame, enrolled: pl.DataFrame, findings: Findings, file: str, *, today: date
) -> pl.DataFrame:
    """The rows of one chunk of activity that belong to an enrollment and do not lie ahead."""
    late = chunk.filter(pl.col("on_date") > today)
    findings.refuse_rows(late, file=file, column="on_date", code="in_the_future", remedy="Correct the day.")
    rows = chunk.filter(pl.col("on_date") <= today)
    orphans = rows.join(enrolled, on=["learner_id", "course_id"], how="anti")
    findings.refuse_rows(
        orphans,
        file=file,
        column=None,
        code="activity_without_enrollment",
        remedy="Add the learner's enrollment in the course, or remove the row.",
    )
    return rows.join(enrolled, on=["learner_id", "course_id"], how="semi")


@dataclass
class _Check:
    history: History
    known: KnownHistory
    today: date
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    seen: dict[str, pl.Series] = field(default_factory=dict)

    def courses(self) -> None:
        self._key("courses")

    def modules(self) -> None:
        self._key("modules")
        self._refuse_orphans("modules", "course_id", "courses")
        here = self.frames["modules"]
        before = self._others(self.known.modules, "modules").select("course_id", "position")
        taken = pl.concat([before, self.known.native_modules.select("course_id", "position")])
        places = pl.concat([here.select("course_id", "position"), taken])
        self._refuse(
            "modules",
            pl.struct("course_id", "position").is_in(_repeated(places).implode()),
            "position",
            "position_taken",
            "Give every module of a course a position of its own.",
        )

    def assessments(self) -> None:
        self._key("assessments")
        self._refuse_orphans("assessments", "course_id", "courses")

    def learners(self) -> None:
        self._key("learners")
        frame = self.frames["learners"].with_columns(pl.col("email").str.to_lowercase())
        self.frames["learners"] = frame
        addresses = frame["email"].drop_nulls()
        twice = addresses.filter(addresses.is_duplicated()).unique()
        self._refuse(
            "learners",
            pl.col("email").is_in(twice.implode()),
            "email",
            "address_twice",
            "Two learners cannot share an address; correct or empty it.",
        )
        self._refuse(
            "learners",
            pl.col("email").is_in(sorted(self.known.taken_emails)),
            "email",
            "ambiguous_person",
            "Somebody with this address is registered already, and it is not certain that it is the same person. "
            "Empty the address, or ask the platform's administrator.",
        )
        self._refuse(
            "learners",
            pl.col("email").is_not_null() & ~pl.col("email").str.contains(r"^[^@\s]+@[^@\s]+$"),
            "email",
            "unreadable_value",
            "Write an e-mail address or leave it empty.",
        )
        self._refuse_future("learners", "joined_on")
        self._refuse(
            "learners",
            pl.col("left_on") < pl.col("joined_on"),
            "left_on",
            "end_before_start",
            "The last day cannot lie before the first; correct one of them.",
        )

    def enrollments(self) -> None:
        self._key("enrollments")
        self._refuse_orphans("enrollments", "course_id", "courses")
        self._refuse_orphans("enrollments", "learner_id", "learners")
        self._refuse_future("enrollments", "enrolled_on")
        self._refuse_future("enrollments", "ended_on")
        for is_bad, column, code, remedy in (
            (
                pl.col("ended_on") < pl.col("enrolled_on"),
                "ended_on",
                "end_before_start",
                "An enrollment cannot end before it began; correct one of the days.",
            ),
            (
                ~_IS_OPEN & pl.col("ended_on").is_null(),
                "ended_on",
                "end_missing",
                "A completed, failed or dropped enrollment needs the day it ended.",
            ),
            (
                _IS_OPEN & pl.col("ended_on").is_not_null(),
                "ended_on",
                "open_with_end",
                "An enrollment that is open has no end; correct the status or empty the day.",
            ),
            (
                (pl.col("status") != EnrollmentStatus.COMPLETED) & pl.col("final_score").is_not_null(),
                "final_score",
                "score_without_completion",
                "Only a completed enrollment has a final score.",
            ),
        ):
            self._refuse("enrollments", is_bad, column, code, remedy)
        self._refuse_conflicting_cycles()
        self._fill_joined_on()

    def attempts(self) -> None:
        self._refuse_orphans("attempts", "assessment_id", "assessments")
        self._refuse_orphans("attempts", "learner_id", "learners")
        self._refuse_future("attempts", "submitted_on")
        self._resolve_enrollment()
        self._key("attempts")
        self._refuse(
            "attempts",
            pl.col("external_id").is_in(sorted(self.known.native_attempts)),
            "attempt_number",
            "attempt_taken",
            "The platform recorded this attempt itself; give the row another attempt number or remove it.",
        )
        self._refuse(
            "attempts",
            (pl.col("submitted_on") < pl.col("enrolled_on")) & ~pl.col("is_banked"),
            "submitted_on",
            "attempt_before_enrollment",
            "Only a banked result can be older than the enrollment; correct a day or mark it as banked.",
        )
        after = self.frames["attempts"].filter(pl.col("submitted_on") > pl.col("ended_on"))
        self.history.findings.note_rows(
            after,
            file=self._file("attempts"),
            column="submitted_on",
            code="attempt_after_end",
            remedy="Kept as the source tells it: handed in after the enrollment had ended.",
        )
        unscored = self.frames["attempts"].filter(pl.col("score").is_null())
        self.history.findings.note_rows(
            unscored,
            file=self._file("attempts"),
            column="score",
            code="unscored_attempt",
            remedy="Kept without a score; it counts in no pass rate.",
        )

    def all_enrollments(self) -> pl.DataFrame:
        """Enrollments of this import and those of earlier ones that it does not name."""
        columns = ["external_id", "learner_id", "course_id", "cycle_number", "status", "enrolled_on", "ended_on"]
        here = self.frames["enrollments"].select(columns)
        return pl.concat([here, self._others(self.known.enrollments, "enrollments").select(columns)])

    def _file(self, kind: str) -> str:
        return self.history.files.get(kind, kind)

    def _key(self, kind: str) -> None:
        self.frames[kind] = self.frames[kind].with_columns(external_id(kind))
        self.seen[kind] = self.frames[kind]["external_id"].unique()
        self._refuse_duplicates(kind)

    def _refuse(self, kind: str, is_bad: pl.Expr, column: str | None, code: str, remedy: str) -> None:
        frame = self.frames[kind]
        bad = frame.filter(is_bad)
        if bad.is_empty():
            return
        self.history.findings.refuse_rows(bad, file=self._file(kind), column=column, code=code, remedy=remedy)
        self.frames[kind] = frame.filter(~is_bad.fill_null(value=False))

    def _refuse_duplicates(self, kind: str) -> None:
        """A repeated row is refused and the first one kept; rows that contradict each other are refused together."""
        frame = self.frames[kind]
        if not frame["external_id"].is_duplicated().any():
            return
        values = [name for name in frame.columns if name != "line"]
        per_id = frame.group_by("external_id").agg(
            pl.struct(values).n_unique().alias("versions"), pl.col("line").min().alias("first_line")
        )
        self.frames[kind] = frame.join(per_id, on="external_id", how="left", maintain_order="left")
        column = "+".join(KEY_COLUMNS[kind])
        self._refuse(
            kind,
            pl.col("versions") > 1,
            column,
            "contradictory_rows",
            "Several rows have this id and differ; keep the right one.",
        )
        self._refuse(
            kind,
            pl.col("line") > pl.col("first_line"),
            column,
            "duplicate_row",
            "An earlier row says the same; remove this one.",
        )
        self.frames[kind] = self.frames[kind].drop("versions", "first_line")

    def _refuse_orphans(self, kind: str, column: str, target: str) -> None:
        ids = pl.concat([self.frames[target]["external_id"], self.known.of(target)["external_id"]]).unique()
        self._refuse(
            kind,
            ~pl.col(column).is_in(ids.implode()),
            column,
            "unknown_reference",
            f"No such id among the {target} of this or an earlier import (or its row was refused); add or correct it.",
        )

    def _refuse_future(self, kind: str, column: str) -> None:
        self._refuse(
            kind, pl.col(column) > self.today, column, "in_the_future", "A history ends today; correct the day."
        )

    def _others(self, known: pl.DataFrame, kind: str) -> pl.DataFrame:
        """Records of earlier imports that this one does not name."""
        return known.join(self.frames[kind].select("external_id"), on="external_id", how="anti")

    def _refuse_conflicting_cycles(self) -> None:
        native = self.known.native_enrollments
        pair = pl.struct("learner_id", "course_id")
        cycle = pl.struct("learner_id", "course_id", "cycle_number")
        taken = native.select(cycle.alias("key"))["key"]
        self._refuse(
            "enrollments",
            cycle.is_in(taken.implode()),
            "cycle_number",
            "cycle_taken",
            "The platform opened this cycle itself; give the row another cycle number or remove it.",
        )
        columns = ["learner_id", "course_id", "status"]
        everyone = pl.concat([self.all_enrollments().select(columns), native.select(columns)])
        twice = _repeated(everyone.filter(_IS_OPEN).select("learner_id", "course_id"))
        self._refuse(
            "enrollments",
            _IS_OPEN & pair.is_in(twice.implode()),
            "status",
            "several_open_cycles",
            "A learner can have one open enrollment in a course; give the others their end.",
        )

    def _fill_joined_on(self) -> None:
        first = self.frames["enrollments"].group_by("learner_id").agg(pl.col("enrolled_on").min().alias("first_on"))
        learners = self.frames["learners"].join(first, on="learner_id", how="left", maintain_order="left")
        first_day = pl.min_horizontal("first_on", "left_on", pl.lit(self.today))
        self.frames["learners"] = learners.with_columns(pl.coalesce("joined_on", first_day).alias("member_from")).drop(
            "first_on"
        )

    def _resolve_enrollment(self) -> None:
        """Find course, cycle and enrollment of every attempt; without a cycle number there must be exactly one."""
        here = self.frames["assessments"].select("external_id", "course_id", "passing_score")
        before = self._others(self.known.assessments, "assessments").select(here.columns)
        assessments = pl.concat([here, before]).rename({"external_id": "assessment_id"})
        cycles = self.all_enrollments().drop("external_id", "status")
        only = cycles.group_by("learner_id", "course_id").agg(
            pl.len().cast(pl.Int64).alias("cycle_count"), pl.col("cycle_number").first().alias("only_cycle")
        )
        frame = self.frames["attempts"].join(assessments, on="assessment_id", how="left", maintain_order="left")
        frame = frame.join(only, on=["learner_id", "course_id"], how="left", maintain_order="left")
        self.frames["attempts"] = frame
        self._refuse(
            "attempts",
            pl.col("cycle_number").is_null() & (pl.col("cycle_count") > 1),
            "cycle_number",
            "ambiguous_cycle",
            "The learner took the course several times; say which cycle the result belongs to.",
        )
        frame = self.frames["attempts"].with_columns(pl.coalesce("cycle_number", "only_cycle").alias("cycle_number"))
        keys = ["learner_id", "course_id", "cycle_number"]
        self.frames["attempts"] = frame.drop("cycle_count", "only_cycle").join(
            cycles, on=keys, how="left", maintain_order="left"
        )
        self._refuse(
            "attempts",
            pl.col("enrolled_on").is_null(),
            "learner_id",
            "attempt_without_enrollment",
            "The learner is not enrolled in the assessment's course (in this cycle); add the enrollment or correct it.",
        )


def _repeated(rows: pl.DataFrame) -> pl.Series:
    """Rows that occur more than once, as structs."""
    keys = rows.select(pl.struct(pl.all()).alias("key"))["key"]
    return keys.filter(rows.is_duplicated()).unique()
