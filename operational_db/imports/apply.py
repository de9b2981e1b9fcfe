"""Planning a history import against the database, and writing the plan: tables, records, engagement and events.

Everything happens in the caller's transaction, so that a killed import leaves nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Protocol
from uuid import UUID

import polars as pl

from operational_db.imports.check import CheckedHistory, check_activity, check_history
from operational_db.imports.diff import Action, action_counts, missing_ids
from operational_db.imports.findings import FileRefusedError, Finding
from operational_db.imports.history import ACTIVITY, HELD_KINDS, History, KnownHistory, nothing_known
from operational_db.imports.history_tables import (
    CHANGED_COURSE_COLUMNS,
    MEMBERSHIPS,
    HistoryEvents,
    RecordIds,
    School,
    add_up,
    assessment_rows,
    attempt_rows,
    course_rows,
    course_slugs,
    diff_history,
    engagement_rows,
    enrollment_rows,
    membership_rows,
    module_rows,
    person_rows,
    record_ids,
    with_attempt_refs,
    with_enrollment_refs,
)
from operational_db.imports.report import LISTED_IDS, KindCounts
from operational_db.imports.repository import ENGAGEMENT_KEY, ImportRepository
from operational_db.ledger.append import copy_events
from operational_db.ledger.events import Event
from operational_db.types import OPEN_ENROLLMENT_STATUSES

# Days of engagement held at a time: a day of a learner in a course takes about 100 bytes.
MOST_DAYS = 20_000_000
FOLD_EVERY = 10


class Progress(Protocol):
    """Told about every step: its name, rows done since the last call, and rows in all where known."""

    def __call__(self, step: str, done: int, total: int | None) -> None: ...


def no_progress(step: str, done: int, total: int | None) -> None:
    """For callers that show none."""


@dataclass
class HistoryPlan:
    """What an import would do: rows by kind with their action, days of engagement, and the counts of the report."""

    frames: dict[str, pl.DataFrame]
    ids: RecordIds
    engagement: pl.DataFrame
    counts: dict[str, KindCounts]
    known_counts: dict[str, int]
    ce_credits: dict[str, float]


def plan_history(
    repository: ImportRepository,
    history: History,
    school: School,
    source_key: str,
    batch_source: str,
    *,
    now: datetime,
    progress: Progress = no_progress,
) -> HistoryPlan:
    """Check every row against the files and the database, and tell apart added, changed and unchanged."""
    emails = history.frame("learners")["email"].drop_nulls().str.to_lowercase().to_list()
    known = repository.known_history(source_key, emails)
    progress("checking", 0, None)
    checked = check_history(history, known, today=now.date())
    frames = diff_history(checked, known)
    _refuse_reopening(history, frames, known, repository.known_memberships(source_key))
    ids = record_ids(frames, known)
    counts = _counts(history, checked, frames, known)
    engagement = _plan_engagement(
        repository, history, checked, ids, counts, batch_source, school.id, now=now, progress=progress
    )
    credits_ = repository.ce_credits(source_key)
    credits_.update(frames["courses"].select("course_id", "ce_credits").iter_rows())
    known_counts = {kind: known.of(kind).height for kind in HELD_KINDS if kind in history.files}
    if ACTIVITY in history.files:
        known_counts[ACTIVITY] = counts[ACTIVITY].changed + counts[ACTIVITY].unchanged + counts[ACTIVITY].missing
    return HistoryPlan(frames, ids, engagement, counts, known_counts, credits_)


def apply_history(
    repository: ImportRepository,
    plan: HistoryPlan,
    school: School,
    source_key: str,
    import_id: UUID,
    *,
    now: datetime,
    progress: Progress = no_progress,
) -> None:
    """Write the plan; nothing is written for unchanged rows."""
    frames, ids = plan.frames, plan.ids
    slugs = _free_slugs(repository, frames["courses"], school)
    with_assessments = frames["assessments"]["course_id"].unique().to_list()
    enrollments = with_enrollment_refs(frames["enrollments"], ids)
    attempts = with_attempt_refs(frames["attempts"], ids)
    memberships = membership_rows(frames[MEMBERSHIPS], ids, school)
    steps: list[tuple[str, str, pl.DataFrame, tuple[str, ...]]] = [
        (
            "courses",
            "courses",
            course_rows(frames["courses"], school, slugs, with_assessments, now=now),
            CHANGED_COURSE_COLUMNS,
        ),
        (
            "modules",
            "course_modules",
            module_rows(frames["modules"], ids),
            ("course_id", "title", "order_index", "duration_minutes", "is_required"),
        ),
        (
            "assessments",
            "course_assessments",
            assessment_rows(frames["assessments"], ids),
            ("title", "description", "assessment_type", "passing_score", "is_required"),
        ),
        ("learners", "people", person_rows(frames["learners"]), ("display_name", "email")),
        (MEMBERSHIPS, "memberships", memberships, ("started_on", "ended_on")),
        (
            "enrollments",
            "course_enrollments",
            enrollment_rows(enrollments, school),
            ("status", "time_spent_minutes", "enrolled_at", "ended_at", "final_score"),
        ),
        (
            "attempts",
            "assessment_attempts",
            attempt_rows(attempts),
            ("submitted_at", "score", "passed", "is_banked", "time_spent_minutes"),
        ),
    ]
    for kind, table, rows, changed_columns in steps:
        repository.add_records(table, rows)
        repository.change_records(kind, rows.select("record_id", "action", *changed_columns), source_key, import_id)
        repository.record_ids(kind, frames[kind], source_key, import_id)
        progress(f"writing {kind}", rows.height, rows.height)
    _write_engagement(repository, plan.engagement, school, import_id)
    progress("writing activity", plan.engagement.height, plan.engagement.height)
    events = HistoryEvents(school.id, import_id)
    told = chain(
        events.memberships(memberships),
        events.openings(enrollments),
        events.attempts(attempts),
        events.endings(enrollments, plan.ce_credits),
    )
    copy_events(repository.session, _counted(told, progress), now=now)


def _counted(events: Iterable[Event], progress: Progress) -> Iterator[Event]:
    for number, event in enumerate(events, start=1):
        if number % 5_000 == 0:
            progress("writing the ledger", 5_000, None)
        yield event


def _refuse_reopening(
    history: History, frames: dict[str, pl.DataFrame], known: KnownHistory, memberships: pl.DataFrame
) -> None:
    """What ended in the database is not opened again by an import: the ledger has no such event."""
    ended = known.enrollments.filter(pl.col("ended_on").is_not_null())["external_id"]
    is_open = pl.col("status").is_in(sorted(OPEN_ENROLLMENT_STATUSES))
    is_bad = (pl.col("action") == Action.CHANGED) & pl.col("external_id").is_in(ended.implode()) & is_open
    remedy = "It has ended here. Undo the import that ended it, or give its end."
    _refuse_planned(history, frames, "enrollments", is_bad, "status", "reopened_enrollment", remedy)
    left = memberships.filter(pl.col("ended_on").is_not_null())["external_id"]
    members = frames[MEMBERSHIPS]
    returned = members.filter(
        (pl.col("action") == Action.CHANGED) & pl.col("external_id").is_in(left.implode()) & pl.col("left_on").is_null()
    )["external_id"]
    remedy = "The learner had left here. Undo the import that said so, or give the day of leaving."
    is_back = pl.col("external_id").is_in(returned.implode())
    _refuse_planned(history, frames, "learners", is_back, "left_on", "reopened_membership", remedy)
    frames[MEMBERSHIPS] = members.filter(~is_back)


def _refuse_planned(
    history: History,
    frames: dict[str, pl.DataFrame],
    kind: str,
    is_bad: pl.Expr,
    column: str,
    code: str,
    remedy: str,
) -> None:
    frame = frames[kind]
    file = history.files.get(kind, kind)
    history.findings.refuse_rows(frame.filter(is_bad), file=file, column=column, code=code, remedy=remedy)
    frames[kind] = frame.filter(~is_bad)


def _counts(
    history: History, checked: CheckedHistory, frames: dict[str, pl.DataFrame], known: KnownHistory
) -> dict[str, KindCounts]:
    counts: dict[str, KindCounts] = {}
    for kind in HELD_KINDS:
        if kind not in history.files:
            continue
        frame = frames[kind]
        if kind == "learners":
            frame = _with_membership_changes(frame, frames[MEMBERSHIPS])
        refused = history.findings.refused_count(history.files[kind])
        missing = missing_ids(known.of(kind), checked.seen[kind])
        counts[kind] = KindCounts(
            read=history.read_counts.get(kind, frames[kind].height + refused),
            refused=refused,
            missing=len(missing),
            listed=_listed(frame, missing),
            **action_counts(frame),
        )
    return counts


def _with_membership_changes(learners: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """A learner whose days as a student changed has changed, too."""
    moved = members.filter(pl.col("action") == Action.CHANGED)["external_id"]
    is_moved = pl.col("external_id").is_in(moved.implode()) & (pl.col("action") == Action.UNCHANGED)
    action = pl.when(is_moved).then(pl.lit(Action.CHANGED.value)).otherwise("action")
    return learners.with_columns(action.alias("action"))


def _listed(frame: pl.DataFrame, missing: pl.Series) -> dict[str, list[str]]:
    listed = {
        action.value: frame.filter(pl.col("action") == action)["external_id"].head(LISTED_IDS).to_list()
        for action in (Action.ADDED, Action.CHANGED)
    }
    return {**listed, "missing": missing.head(LISTED_IDS).to_list()}


def _free_slugs(repository: ImportRepository, courses: pl.DataFrame, school: School) -> dict[str, str]:
    """Address names nobody else has; a taken one gets a number."""
    added = courses.filter(pl.col("action") == Action.ADDED)
    wanted = course_slugs(added, school)
    used = set(repository.taken_slugs(sorted(wanted.values())))
    slugs: dict[str, str] = {}
    for course_id, slug in wanted.items():
        candidate, number = slug, 2
        while candidate in used or (number > 2 and repository.taken_slugs([candidate])):
            candidate, number = f"{slug}-{number}", number + 1
        used.add(candidate)
        slugs[course_id] = candidate
    unchanged = courses.filter(pl.col("action") != Action.ADDED)["course_id"].to_list()
    return {**slugs, **dict.fromkeys(unchanged, "")}


def _plan_engagement(
    repository: ImportRepository,
    history: History,
    checked: CheckedHistory,
    ids: RecordIds,
    counts: dict[str, KindCounts],
    batch_source: str,
    school_id: UUID,
    *,
    now: datetime,
    progress: Progress,
) -> pl.DataFrame:
    """Days of engagement with their action; days the platform itself recorded are refused."""
    if history.activity is None:
        return engagement_rows(_no_totals(), ids).with_columns(pl.lit(None, pl.String).alias("action"))
    file = history.files[ACTIVITY]
    counts[ACTIVITY] = KindCounts()
    totals = _total_activity(history, checked, counts[ACTIVITY], now=now)
    rows = engagement_rows(totals, ids)
    if rows.is_empty():
        counts[ACTIVITY].refused = history.findings.refused_count(file)
        counts[ACTIVITY].read += counts[ACTIVITY].refused
        return rows.with_columns(pl.lit(None, pl.String).alias("action"))
    known = repository.known_engagement(
        batch_source=batch_source,
        organization_id=school_id,
        course_ids=rows["course_id"].unique().to_list(),
        first_on=rows["on_date"].min(),  # type: ignore[arg-type]  # a date: the column is one and has rows
        last_on=rows["on_date"].max(),  # type: ignore[arg-type]
    )
    diffed = rows.join(known, on=list(ENGAGEMENT_KEY), how="left", maintain_order="left")
    native = diffed.filter(~pl.col("is_ours"))
    read_refused = history.findings.refused_count(file)
    history.findings.refuse_rows(
        native,
        file=file,
        column="on_date",
        code="activity_recorded_here",
        remedy="The platform recorded that day of the learner in the course itself; remove the rows.",
    )
    diffed = diffed.filter(pl.col("is_ours").fill_null(value=True))
    values = ("interactions", "sessions", "mobile_sessions", "minutes")
    ours = ("interaction_count", "session_count", "mobile_session_count", "minutes")
    is_same = pl.all_horizontal(
        pl.col(mine).eq_missing(pl.col(f"known_{name}")) for mine, name in zip(ours, values, strict=True)
    )
    action = (
        pl.when(pl.col("is_ours").is_null())
        .then(pl.lit(Action.ADDED.value))
        .when(is_same)
        .then(pl.lit(Action.UNCHANGED.value))
        .otherwise(pl.lit(Action.CHANGED.value))
    )
    planned = diffed.with_columns(action.alias("action")).sort(ENGAGEMENT_KEY)
    missing = known.filter("is_ours").join(rows, on=list(ENGAGEMENT_KEY), how="anti").height
    of_actions = action_counts(planned)
    kind = counts[ACTIVITY]
    kind.read += read_refused
    kind.added, kind.changed, kind.unchanged = of_actions["added"], of_actions["changed"], of_actions["unchanged"]
    kind.refused, kind.missing = history.findings.refused_count(file), missing
    progress("checking activity", planned.height, planned.height)
    return planned.select("person_id", "course_id", "on_date", *ours, "action")


def _no_totals() -> pl.DataFrame:
    empty = nothing_known().enrollments.select("learner_id", "course_id")
    columns = [
        pl.lit(None, pl.Int64).alias(n) for n in ("line", "interactions", "sessions", "mobile_sessions", "minutes")
    ]
    return empty.with_columns(pl.lit(None, pl.Date).alias("on_date"), *columns)


def _total_activity(history: History, checked: CheckedHistory, counts: KindCounts, *, now: datetime) -> pl.DataFrame:
    """Activity added up while it is read, so that memory grows with the days and not with the rows."""
    file = history.files[ACTIVITY]
    parts: list[pl.DataFrame] = []
    for chunk in history.activity() if history.activity is not None else ():
        rows = check_activity(chunk, checked.enrolled, history.findings, file, today=now.date())
        counts.read += rows.height
        parts.append(add_up(rows))
        if len(parts) > FOLD_EVERY:
            parts = [add_up(pl.concat(parts))]
            if parts[0].height > MOST_DAYS:
                remedy = f"More than {MOST_DAYS:,} days of learners in courses; split it by time and import the parts."
                raise FileRefusedError([Finding(file, None, None, "too_many_days", "rows", remedy)])
    return add_up(pl.concat(parts)) if parts else _no_totals()


def _write_engagement(repository: ImportRepository, planned: pl.DataFrame, school: School, import_id: UUID) -> None:
    rows = planned.with_columns(
        pl.lit(str(school.id)).alias("organization_id"), pl.lit(str(import_id)).alias("import_id")
    )
    columns = [
        *ENGAGEMENT_KEY,
        "organization_id",
        "interaction_count",
        "session_count",
        "mobile_session_count",
        "minutes",
        "import_id",
    ]
    repository.copy_frame("daily_engagement", rows.filter(pl.col("action") == Action.ADDED).select(columns))
    repository.change_engagement(rows.filter(pl.col("action") == Action.CHANGED).select(columns), import_id)
