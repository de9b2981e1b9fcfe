"""Whether the marts are what the ledger tells: rows, outcomes and totals counted again from the landed entries.

Plain functions that return `CheckResult`s; rules on single rows are dbt's tests, and the released file is checked in
`release.py`.
"""

# ruff: noqa: S608 - names of marts and columns are constants of this module, numbers are our own

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from operational_db.releases.manifest import CheckResult
from pipelines.build import BuildPlan, NodeResult
from pipelines.landing import Landing

Numbers = dict[str, int | float | str]

# A mart that loses more than this share of its rows, or a refresh this many times larger than all before, is remarked.
LOST_ROWS_SHARE = 0.2
NEW_ENTRIES_FACTOR = 10


def result(name: str, problem: str, fine: str, numbers: Numbers | None = None, *, blocking: bool = True) -> CheckResult:
    """A check that passed when there is no problem to tell."""
    return CheckResult(name, not problem, blocking, problem or fine, numbers or {})


def failed_blocking(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """The checks that keep the former release."""
    return [check for check in checks if check.blocking and not check.passed]


def quoted(path: Path) -> str:
    """A path for use inside a quoted SQL text."""
    return str(path).replace("'", "''")


def check_models(nodes: Sequence[NodeResult]) -> list[CheckResult]:
    """One result for all of dbt's models and tests, and one for each that failed or warned."""
    failed = [node for node in nodes if not node.has_passed]
    warned = [node for node in nodes if node.status == "warn"]
    names = ", ".join(node.unique_id.split(".")[2] for node in failed[:5])
    problem = f"{len(failed)} of {len(nodes)} models and tests failed: {names}." if failed else ""
    numbers: Numbers = {"nodes": len(nodes), "failed": len(failed), "warned": len(warned)}
    overall = result("models_and_tests_pass", problem, f"{len(nodes)} models and tests passed.", numbers)
    single = [
        CheckResult(
            f"dbt.{node.unique_id.split('.')[2]}",
            False,
            False,
            node.message,
            {"failures": node.failures or 0, "status": node.status},
        )
        for node in [*failed, *warned]
    ]
    return [overall, *single]


@dataclass(frozen=True)
class Recount:
    """Rows of a mart that must equal the distinct ids of some kinds' entries in the ledger."""

    mart: str
    id_column: str
    kinds: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.mart}_equals_ledger"


RECOUNTS = (
    Recount("dim_membership", "membership_id", ("membership.started",)),
    Recount("fct_enrollment", "enrollment_id", ("enrollment.opened",)),
    Recount("fct_attempt", "attempt_id", ("attempt.graded",)),
    Recount("fct_certificate", "certificate_id", ("certificate.issued", "certificate.renewed")),
    Recount("fct_assignment", "recipient_id", ("training.assigned",)),
)
# Terminal kinds of an enrollment and the status they lead to; the last one in the ledger holds.
OUTCOMES = {
    "enrollment.completed": "completed",
    "enrollment.failed": "failed",
    "enrollment.dropped": "dropped",
}
_COMPLIANCE_COUNTS = {
    "required_count": "true",
    "exempted_count": "status = 'exempted'",
    "completed_count": "status = 'completed'",
    "in_progress_count": "status = 'in_progress'",
    "pending_count": "status = 'pending'",
    "overdue_count": "status = 'overdue'",
}

ADDITIVE_MARTS = ("compliance_by_organization", "compliance_by_person", "compliance_by_category")
# Names of all checks of a build, in their order, and of those among them that only warn.
BUILD_CHECKS = (
    *(recount.name for recount in RECOUNTS),
    "enrollment_outcomes_equal_ledger",
    "renewals_equal_ledger",
    *(f"{mart}_adds_up" for mart in ADDITIVE_MARTS),
    "volume_is_usual",
)
BUILD_WARNINGS = ("volume_is_usual",)


class BuildChecker:
    """Counts a build against the landed ledger; on an incremental build the new entries and the former totals.

    With no entries of undone imports to leave out, whole kinds need not be parsed: ids are unique per entry by the
    ledger's services, but are counted distinct all the same, since an import may tell of a record twice.
    """

    def __init__(self, build: Path, landing: Landing, plan: BuildPlan, former: Path | None) -> None:
        self._connection = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "3GB"})
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute(f"attach '{quoted(build)}' as build (read_only)")
        self._former = former if not plan.is_full else None
        if self._former is not None:
            self._connection.execute(f"attach '{quoted(self._former)}' as former (read_only)")
        self._landing = landing
        self._plan = plan
        self._create_undone()

    def close(self) -> None:
        self._connection.close()

    def run(self) -> list[CheckResult]:
        """Every check of the build."""
        checks = [self._check_recount(recount) for recount in RECOUNTS]
        return [*checks, self._check_outcomes(), self._check_renewals(), *self._check_compliance()]

    def _create_undone(self) -> None:
        self._connection.execute(
            "create table undone as select distinct body ->> '$.undone_import_id' as import_id "
            f"from ({self._entries('import.undone', from_leaf=0)})"
        )
        self._has_undone = self._number("select count(*) from undone") > 0

    def _entries(self, kind: str, *, from_leaf: int | None = None) -> str:
        start = self._plan.from_leaf if from_leaf is None else from_leaf
        files = self._landing.kind_folder(kind) / "*.parquet"
        return (
            f"select leaf_index, body, '{kind}' as kind "
            f"from read_parquet('{quoted(files)}', hive_partitioning = false) "
            f"where leaf_index >= {start} and leaf_index < {self._plan.to_leaf}"
        )

    def _counting(self, kinds: Iterable[str], columns: str) -> str:
        """Entries of the kinds in the build's range that count, with columns taken from their bodies."""
        union = " union all ".join(self._entries(kind) for kind in kinds)
        kept = ""
        if self._has_undone:
            kept = " where coalesce(body ->> '$.import_id', '') not in (select import_id from undone)"
        return f"select leaf_index, kind, {columns} from ({union}){kept}"

    def _number(self, sql: str) -> int:
        row = self._connection.execute(sql).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def _check_recount(self, recount: Recount) -> CheckResult:
        """Rows of the mart = distinct ids in the ledger; incrementally, = former rows + ids that are new."""
        ids = self._counting(recount.kinds, f"(body ->> '$.{recount.id_column}')::uuid as id")
        rows = self._number(f"select count(*) from build.marts.{recount.mart}")
        self._connection.execute(f"create or replace temp table told as select distinct id from ({ids})")
        told = self._number("select count(*) from told")
        # The few new ids are looked for while the mart is read, not the mart's many among them.
        found = (
            f"select count(distinct {recount.id_column}) from {{}}.marts.{recount.mart} "
            f"where {recount.id_column} in (from told)"
        )
        former = 0 if self._former is None else self._number(f"select count(*) from former.marts.{recount.mart}")
        added = told - (0 if self._former is None else self._number(found.format("former")))
        missing = told - self._number(found.format("build"))
        problem = ""
        if rows != former + added or missing:
            problem = (
                f"{recount.mart} has {rows} rows; the ledger tells of {former + added}, {missing} of them missing."
            )
        numbers: Numbers = {"rows": rows, "former_rows": former, "new_in_ledger": added, "missing": missing}
        return result(recount.name, problem, f"{recount.mart} has the {rows} rows the ledger tells of.", numbers)

    def _check_outcomes(self) -> CheckResult:
        """Each enrollment that ended has the outcome of its last terminal entry."""
        ended = self._counting(OUTCOMES, "(body ->> '$.enrollment_id')::uuid as id")
        statuses = " ".join(f"when '{kind}' then '{status}'" for kind, status in OUTCOMES.items())
        rows = self._connection.execute(
            f"with told as (select id, arg_max(kind, leaf_index) as kind from ({ended}) group by id), "
            f"expected as (select id, case kind {statuses} end as status from told) "
            "select expected.status, count(*), count(*) filter (where built.status is distinct from expected.status) "
            "from expected left join build.marts.fct_enrollment as built on built.enrollment_id = expected.id "
            "group by expected.status order by 1"
        ).fetchall()
        wrong = sum(int(row[2]) for row in rows)
        numbers: Numbers = {str(status): int(count) for status, count, _ in rows}
        problem = f"{wrong} enrollments have another outcome than the ledger tells." if wrong else ""
        if not problem and self._former is None:
            problem = self._outcome_totals(numbers)
        return result("enrollment_outcomes_equal_ledger", problem, "Outcomes are as the ledger tells.", numbers)

    def _outcome_totals(self, told: Numbers) -> str:
        rows = self._connection.execute(
            "select status, count(*) from build.marts.fct_enrollment "
            "where status in ('completed', 'failed', 'dropped') group by status"
        ).fetchall()
        built = {str(status): int(count) for status, count in rows}
        wrong = sorted(status for status in built.keys() | told.keys() if built.get(status, 0) != told.get(status, 0))
        return ", ".join(f"{built.get(s, 0)} enrollments are {s}, the ledger tells of {told.get(s, 0)}" for s in wrong)

    def _check_renewals(self) -> CheckResult:
        """Every renewal in the ledger is a certificate that names the one it renews."""
        renewed = self._counting(
            ("certificate.renewed",),
            "(body ->> '$.certificate_id')::uuid as id, (body ->> '$.renews_id')::uuid as renews_id",
        )
        told = self._number(f"select count(distinct id) from ({renewed})")
        wrong = self._number(
            f"select count(*) from ({renewed}) as told left join build.marts.fct_certificate as built "
            "on built.certificate_id = told.id where built.renews_id is distinct from told.renews_id"
        )
        problem = f"{wrong} of {told} renewals do not name the certificate they renew." if wrong else ""
        return result("renewals_equal_ledger", problem, f"{told} renewals are as the ledger tells.", {"renewals": told})

    def _check_compliance(self) -> list[CheckResult]:
        """Totals by organization and by person are the sums of the required trainings they stand for."""
        sums = ", ".join(f"count(*) filter (where {rule}) as {name}" for name, rule in _COMPLIANCE_COUNTS.items())
        names = ", ".join(f"coalesce(sum({name}), 0)::bigint as {name}" for name in _COMPLIANCE_COUNTS)
        truth = self._connection.execute(f"select {sums} from build.marts.fct_required_training").fetchone() or ()
        checks = []
        for mart in ADDITIVE_MARTS:
            totals = self._connection.execute(f"select {names} from build.marts.{mart}").fetchone() or ()
            pairs = list(zip(_COMPLIANCE_COUNTS, totals, truth, strict=True))
            wrong = [f"{name} {total}, not {right}" for name, total, right in pairs if total != right]
            problem = f"{mart} adds up to {'; '.join(wrong)}." if wrong else ""
            numbers: Numbers = {name: int(total) for name, total, _ in pairs}
            checks.append(result(f"{mart}_adds_up", problem, f"{mart} adds up to the required trainings.", numbers))
        return checks


def check_build(build: Path, landing: Landing, plan: BuildPlan, former: Path | None) -> list[CheckResult]:
    """Count a build against the landed ledger (`BuildChecker`); a mart that cannot be counted is a failed check."""
    try:
        checker = BuildChecker(build, landing, plan, former)
        try:
            return checker.run()
        finally:
            checker.close()
    except duckdb.Error as error:
        message = f"The build cannot be counted against the ledger ({type(error).__name__}): {error}"
        return [CheckResult("build_can_be_counted", False, True, message.splitlines()[0])]


def check_volume(
    built: Mapping[str, int], former: Mapping[str, int], new_entries: int, ledger_size_before: int
) -> CheckResult:
    """A warning, never a stop: a mart lost many of its rows, or one refresh brought far more than all before."""
    lost = [
        f"{name} went from {former[name]} to {row_count} rows"
        for name, row_count in built.items()
        if former.get(name, 0) >= 100 and row_count < former[name] * (1 - LOST_ROWS_SHARE)
    ]
    if ledger_size_before and new_entries > NEW_ENTRIES_FACTOR * ledger_size_before:
        lost.append(f"{new_entries} new entries came on top of {ledger_size_before}")
    numbers: Numbers = {"new_entries": new_entries, "marts": len(built)}
    problem = f"Unusual change: {'; '.join(lost)}." if lost else ""
    return result("volume_is_usual", problem, "Volumes are as usual.", numbers, blocking=False)
