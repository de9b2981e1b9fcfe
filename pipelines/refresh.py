"""One refresh from the ledger to a release, step by step; the shell and Dagster call the same steps.

One refresh at a time holds the installation's lock. Whatever ends a refresh early, the former release stays current,
and the next refresh starts by removing what was left.
"""

import errno
import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from heapq import nlargest
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import polars as pl
from filelock import FileLock, Timeout
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from operational_db import clock
from operational_db.errors import DatabaseUnavailableError, DomainError, LedgerTamperedError
from operational_db.ledger.merkle import EMPTY_ROOT
from operational_db.ledger.repository import latest_checkpoint
from operational_db.ledger.sequence import sequence_pending
from operational_db.releases.health import LAST_RUN_ADAPTER, LastRun, RunOutcome, last_run_path
from operational_db.releases.manifest import CheckResult, ReleaseManifest
from operational_db.settings import Settings
from pipelines import build_checks, landing_checks, release
from pipelines.build import (
    BuildPlan,
    LandedState,
    NodeResult,
    build_path,
    models_hash,
    plan_build,
    prepare_build_file,
    run_models,
)
from pipelines.errors import ChecksFailedError, DiskFullError, RefreshBusyError, RefreshFailedError
from pipelines.extract import (
    SEGMENT_SIZE,
    ExtractedEntries,
    extract_dimensions,
    extract_engagement,
    extract_entries,
    open_reader,
)
from pipelines.landing import (
    Landing,
    empty_landing,
    merge_segments,
    prepare_landing,
    read_segments,
    remove_leftovers,
    write_durably,
)
from pipelines.reconciliation import reconcile

logger = logging.getLogger(__name__)

LOCK_FILE = "refresh.lock"
LOCK_WAIT_SECONDS = 3600
# Models and tests whose seconds are kept with the record of a run.
SLOWEST_NODES = 12
# Dimensions whose rows decide how facts are derived: a change or loss of a row means a full build.
DERIVING_DIMENSIONS = ("organizations", "courses", "course_modules", "assessments", "certifications")
# Columns of them that are shown and decide nothing.
SHOWN_COLUMNS = frozenset({"title", "slug", "name", "provider_name", "region", "timezone"})


class Step(StrEnum):
    """The steps of a refresh, in their order; the value is what a person reads."""

    SEQUENCE = "Sequence the ledger"
    EXTRACT = "Extract"
    CHECK_LANDING = "Check the landing"
    BUILD = "Build the marts"
    CHECK_BUILD = "Check the marts"
    RELEASE = "Release"


@dataclass(frozen=True)
class StepReport:
    """News of a step: `done` of `total` while it runs, `seconds` when it has ended."""

    step: Step
    message: str
    done: int | None = None
    total: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class RefreshResult:
    """How a refresh ended: the release that is current now, and whether this refresh made it."""

    outcome: RunOutcome
    release: ReleaseManifest
    plan: BuildPlan | None
    new_entry_count: int
    checks: tuple[CheckResult, ...]


Reporter = Callable[[StepReport], None]


def _ignore(_report: StepReport) -> None:
    """Whoever does not listen."""


class RefreshSession:
    """The lock and the state of one refresh. Enter it, take the steps in their order, leave it.

    Leaving records how the refresh ended in `last_run.json`, for the pages.

    Parameters
    ----------
    now
        The instant statuses are derived at.
    full
        Forget the landing, read the whole ledger again and build everything anew.
    wait
        Whether to wait for a refresh that is running; otherwise entering raises `RefreshBusyError`.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        now: datetime,
        full: bool = False,
        wait: bool = True,
        report: Reporter = _ignore,
    ) -> None:
        self.engine = engine
        self.settings = settings
        self.now = now
        self.full = full
        self.landing = Landing(settings.landing_path)
        self.checks: list[CheckResult] = []
        self.nodes: list[NodeResult] = []
        self.current: ReleaseManifest | None = None
        self.released: ReleaseManifest | None = None
        self._wait = wait
        self._report = report
        self._lock = FileLock(str(settings.warehouse_path / LOCK_FILE))
        self._started = clock.now()
        self._started_clock = time.monotonic()
        self._target: tuple[int, str] | None = None
        self._extracted: ExtractedEntries | None = None
        self._fingerprints: tuple[str, str] | None = None
        self._plan: BuildPlan | None = None
        self._is_planned = False
        self._failure: Exception | None = None
        self._step_seconds: dict[str, float] = {}

    # Lock and record

    def __enter__(self) -> Self:
        self.settings.warehouse_path.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            release.remove_leftovers(self.settings)
            self.current = release.find_current(self.settings)
            prepare_landing(self.landing)
            remove_leftovers(self.landing)
            if self.full:
                empty_landing(self.landing)
        except BaseException:
            self._lock.release()
            raise
        return self

    def _take_lock(self) -> None:
        try:
            self._lock.acquire(timeout=0)
            return
        except Timeout:
            if not self._wait:
                raise RefreshBusyError("Another refresh is running; this one was not started.") from None
        self._report(StepReport(Step.SEQUENCE, "Another refresh is running; waiting for it to end."))
        try:
            self._lock.acquire(timeout=LOCK_WAIT_SECONDS)
        except Timeout:
            raise RefreshBusyError("Another refresh has been running for an hour; this one was not started.") from None
        # What the other one released counts as of its end; ours may only say something newer.
        self.now = max(self.now, clock.now())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, Exception) and self._failure is None:
                self._failure = error
            if self._failure is not None:
                release.remove_leftovers(self.settings)
                remove_leftovers(self.landing)
            self._record()
        except OSError:
            logger.exception("refresh.record_failed")
        finally:
            self._lock.release()

    def _record(self) -> None:
        outcome = self.outcome
        if outcome is None:
            return
        failed = tuple(build_checks.failed_blocking(self.checks))
        last_run = LastRun(
            outcome=outcome,
            started_at=self._started,
            finished_at=clock.now(),
            ledger_size=self._target[0] if self._target else None,
            message=self._message(outcome),
            failed_checks=failed if outcome is RunOutcome.CHECK_FAILED else (),
            step_seconds=self._step_seconds,
            node_seconds=slowest_nodes(self.nodes),
        )
        write_durably(last_run_path(self.settings), LAST_RUN_ADAPTER.dump_json(last_run, indent=2))

    @property
    def outcome(self) -> RunOutcome | None:
        """How the refresh ended so far; none while nothing is decided."""
        if isinstance(self._failure, ChecksFailedError):
            return RunOutcome.CHECK_FAILED
        if self._failure is not None:
            return RunOutcome.FAILED
        if self.released is not None:
            return RunOutcome.RELEASED
        return RunOutcome.NO_NEWS if self._is_planned and self._plan is None else None

    def _message(self, outcome: RunOutcome) -> str:
        if isinstance(self._failure, DomainError):
            return self._failure.message
        if self._failure is not None:
            return "The last refresh failed for an unexpected reason; the former figures stay."
        return "No news." if outcome is RunOutcome.NO_NEWS else "Released."

    @contextmanager
    def _step(self, step: Step) -> Iterator[None]:
        """Times a step and turns what can go wrong outside our rules into a named error."""
        started = time.monotonic()
        self._report(StepReport(step, "…"))
        try:
            yield
        except Exception as error:
            self._failure = _named(error, step)
            if isinstance(self._failure, ChecksFailedError):
                known = {id(check) for check in self.checks}
                self.checks += [check for check in self._failure.failed if id(check) not in known]
            if self._failure is error:
                raise
            raise self._failure from error
        finally:
            self._step_seconds[step.name.lower()] = round(time.monotonic() - started, 3)

    def _done(self, step: Step, message: str, started: float) -> None:
        self._report(StepReport(step, message, seconds=time.monotonic() - started))

    # Steps

    def sequence(self) -> tuple[int, str]:
        """Give pending events their place; returns size and root of the checkpoint this refresh is cut at."""
        started = time.monotonic()
        with self._step(Step.SEQUENCE):
            sequence_pending(self.engine, now=self.now, wait=True)
            with Session(self.engine) as session:
                checkpoint = latest_checkpoint(session)
        self._target = (
            (0, EMPTY_ROOT.hex()) if checkpoint is None else (checkpoint.tree_size, checkpoint.root_hash.hex())
        )
        self._done(Step.SEQUENCE, f"{self._target[0]:,} entries", started)
        return self._target

    @property
    def target(self) -> tuple[int, str]:
        """Size and root of the checkpoint this refresh is cut at."""
        return self._target if self._target is not None else self.sequence()

    def extract(self) -> ExtractedEntries:
        """Land the new entries, all dimensions, and the months of engagement that changed."""
        size, root = self.target
        started = time.monotonic()

        def progress(done: int, total: int) -> None:
            self._report(StepReport(Step.EXTRACT, f"{done:,} of {total:,} entries", done, total))

        with self._step(Step.EXTRACT), open_reader(self.engine) as reader:
            self._extracted = extract_entries(reader, self.landing, to_leaf=size, root=root, progress=progress)
            self._fingerprints = (
                extract_dimensions(reader, self.landing),
                extract_engagement(reader, self.landing),
            )
        self._done(Step.EXTRACT, f"{self._extracted.new_entry_count:,} new entries", started)
        return self._extracted

    @property
    def extracted(self) -> ExtractedEntries:
        """What the extraction of this refresh read."""
        return self._extracted if self._extracted is not None else self.extract()

    def check_landing(self) -> list[CheckResult]:
        """Check that what is landed is the ledger, then merge many small segments into few.

        Raises
        ------
        ChecksFailedError
            When a blocking check did not pass.
        """
        new = self.extracted.new_segments
        size, root = self.target
        started = time.monotonic()
        with self._step(Step.CHECK_LANDING):
            segments = read_segments(self.landing)
            released = self.current.ledger_size if self.current else 0
            unbuilt = [segment for segment in segments if segment.to_leaf > released]
            checks = [
                landing_checks.check_segments_tile(segments, size),
                landing_checks.check_landed_files(self.landing, segments, unbuilt),
                landing_checks.check_counts_by_kind(self.engine, new),
                landing_checks.check_known_roots(
                    self.engine, segments, None if self.full else self.current, size, root
                ),
                landing_checks.check_recomputed_root(self.engine, self.landing, new),
                landing_checks.check_kinds_are_known(segments),
            ]
            self._take(checks)
            merge_segments(self.landing, segments, largest=SEGMENT_SIZE)
        self._done(Step.CHECK_LANDING, f"{len(checks)} checks passed", started)
        return checks

    def _take(self, checks: list[CheckResult]) -> None:
        self.checks += checks
        failed = build_checks.failed_blocking(checks)
        if failed:
            raise ChecksFailedError(failed)

    @property
    def plan(self) -> BuildPlan | None:
        """What is to be built; none when there is no news."""
        if not self._is_planned:
            extracted = self.extracted
            dimensions, engagement = self._fingerprints or ("", "")
            landed = LandedState(
                extracted.landed_until, self.target[1], dimensions, engagement, tuple(read_segments(self.landing))
            )
            self._plan = plan_build(
                self.current,
                landed,
                as_of=self.now,
                models_hash=models_hash(),
                full=self.full,
                dimensions_rewritten=self._are_dimensions_rewritten(dimensions),
            )
            self._is_planned = True
        return self._plan

    def _are_dimensions_rewritten(self, dimensions: str) -> bool:
        """Whether rows that facts were derived with changed or went away; new rows alone do no harm to old facts."""
        if self.current is None:
            return False
        former = self.current.landing_fingerprint.split("-")[0]
        if former == dimensions:
            return False
        return any(
            _lost_rows(
                self.landing.dimensions / former / f"{name}.parquet",
                self.landing.dimensions / dimensions / f"{name}.parquet",
            )
            for name in DERIVING_DIMENSIONS
        )

    def build(self) -> list[NodeResult]:
        """Run the models on a copy of the current release, when there is anything to build.

        Raises
        ------
        ChecksFailedError
            When a model or a data test of dbt failed.
        """
        plan = self.plan
        if plan is None:
            return []
        started = time.monotonic()
        kind = "all" if plan.is_full else "new entries only"
        with self._step(Step.BUILD):
            self._report(StepReport(Step.BUILD, f"{kind}: {plan.reason}"))
            prepare_build_file(self.settings, plan, self.current)
            self.nodes = run_models(self.settings, plan, built_at=self._started)
            _raise_if_disk_full(self.nodes)
            self._take(build_checks.check_models(self.nodes))
        self._done(Step.BUILD, f"{len(self.nodes)} models and tests ({kind}: {plan.reason})", started)
        return self.nodes

    def check_build(self) -> list[CheckResult]:
        """Count the build against the ledger.

        Raises
        ------
        ChecksFailedError
            When a blocking check did not pass.
        """
        plan = self.plan
        if plan is None:
            return []
        started = time.monotonic()
        with self._step(Step.CHECK_BUILD):
            path = build_path(self.settings)
            former = self.current.path if self.current else None
            former_checks = self.current.checks if self.current else ()
            with ThreadPoolExecutor(max_workers=1) as beside:
                # The one counts inside DuckDB, the other evaluates in Python: side by side they take half the time.
                recomputed = beside.submit(reconcile, path, self.landing, plan, former, former_checks=former_checks)
                checks = build_checks.check_build(path, self.landing, plan, former)
                checks.append(
                    build_checks.check_volume(
                        release.row_counts(path),
                        self.current.row_counts if self.current else {},
                        new_entries=plan.to_leaf - (self.current.ledger_size if self.current else 0),
                        ledger_size_before=self.current.ledger_size if self.current else 0,
                    )
                )
                checks += recomputed.result()
            self._take(checks)
        self._done(Step.CHECK_BUILD, f"{len(checks)} checks passed", started)
        return checks

    def release(self) -> ReleaseManifest | None:
        """Make the build the current release and remove what is no longer needed; none when nothing was built."""
        plan = self.plan
        if plan is None:
            return None
        started = time.monotonic()
        with self._step(Step.RELEASE):
            self.released = release.release_build(
                self.settings,
                plan,
                build_path(self.settings),
                tuple(self.checks),
                built_at=clock.now(),
                is_simulated=self._is_simulated(plan),
                duration_seconds=time.monotonic() - self._started_clock,
            )
            release.prune_releases(self.settings)
            self._prune_dimensions(plan)
        self._done(Step.RELEASE, self.released.name, started)
        return self.released

    def _is_simulated(self, plan: BuildPlan) -> bool:
        path = self.landing.dimensions / plan.landed.dimensions / "organizations.parquet"
        return bool(pl.read_parquet(path, columns=["is_simulated"])["is_simulated"].any())

    def _prune_dimensions(self, plan: BuildPlan) -> None:
        """The next refresh compares with what this release was built from; older dimensions serve nobody."""
        for folder in self.landing.dimensions.iterdir():
            if folder.is_dir() and folder.name != plan.landed.dimensions:
                shutil.rmtree(folder)


def refresh(
    engine: Engine,
    settings: Settings,
    *,
    now: datetime,
    full: bool = False,
    wait: bool = True,
    report: Reporter = _ignore,
) -> RefreshResult:
    """Bring the current release up to the ledger; does nothing when there is no news since the current release.

    Parameters
    ----------
    now
        The instant statuses are derived at.
    full, wait
        As for `RefreshSession`.

    Raises
    ------
    RefreshBusyError
        When another refresh is running and `wait` is false.
    ChecksFailedError
        When a blocking check did not pass; the former release stays.
    DiskFullError, RefreshFailedError, DatabaseUnavailableError
        When a step could not be done; the former release stays.
    """
    with RefreshSession(engine, settings, now=now, full=full, wait=wait, report=report) as session:
        session.sequence()
        extracted = session.extract()
        session.check_landing()
        session.build()
        session.check_build()
        session.release()
        current = session.released or session.current
        outcome = session.outcome
    if current is None or outcome is None:
        raise RefreshFailedError("The refresh ended without a release.")
    return RefreshResult(outcome, current, session.plan, extracted.new_entry_count, tuple(session.checks))


def slowest_nodes(nodes: Iterable[NodeResult]) -> dict[str, float]:
    """Seconds of the models and tests of a build that took longest, the slowest first."""
    slowest = nlargest(SLOWEST_NODES, nodes, key=lambda node: node.seconds)
    return {node.unique_id.split(".", 2)[-1]: round(node.seconds, 3) for node in slowest}


def _lost_rows(former: Path, present: Path) -> bool:
    """Whether a row of the former dimension is not in the present one as it was."""
    if not former.is_file():
        return True
    before, after = pl.read_parquet(former), pl.read_parquet(present)
    if before.schema != after.schema:
        return True
    columns = [name for name in before.columns if name not in SHOWN_COLUMNS]
    return not before.join(after, on=columns, how="anti", nulls_equal=True).is_empty()


def _raise_if_disk_full(nodes: list[NodeResult]) -> None:
    """Dbt keeps what went wrong as text."""
    if any(_tells_of_full_disk(node.message) for node in nodes if not node.has_passed):
        raise DiskFullError(Step.BUILD)


def _tells_of_full_disk(message: str) -> bool:
    return "No space left on device" in message or "out of disk space" in message.lower()


def _named(error: Exception, step: Step) -> Exception:
    """The error a person can act on: a full disk, a ledger with a gap, a database file that cannot be written."""
    if isinstance(error, RefreshFailedError):
        return DiskFullError(step) if _tells_of_full_disk(error.message) else error
    if isinstance(error, LedgerTamperedError):
        return ChecksFailedError([CheckResult("ledger_is_contiguous", False, True, error.message)])
    if isinstance(error, DomainError):
        return error
    if isinstance(error, OperationalError):
        return DatabaseUnavailableError("The database cannot be reached; the figures stay as they are.")
    if isinstance(error, OSError | duckdb.Error):
        is_full = getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or _tells_of_full_disk(str(error))
        if is_full:
            return DiskFullError(step)
        return RefreshFailedError(
            f"The step “{step}” could not read or write its files, so the former figures stay.",
            details={"reason": f"{type(error).__name__}: {error}"},
        )
    return error
