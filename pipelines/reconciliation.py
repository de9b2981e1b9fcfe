"""Whether the figures on compliance and trust are what the ledger tells: recomputed from the landed entries.

An independent way to the same figures: the models are SQL, this is the operational core's own evaluation
(`compliance.evaluation`, `gates.rules`). The results go into the release, so that every page can say up to which
checkpoint its figures were verified (`releases.verification`), or that they were not; they stop no release.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import duckdb
import polars as pl

from operational_db.compliance.evaluation import required_trainings
from operational_db.gates.rules import GateReason, decide
from operational_db.proficiency.rules import is_at_least, track_name
from operational_db.releases.manifest import CheckResult
from operational_db.releases.verification import RECONCILIATIONS
from operational_db.types import Persona, ProficiencyLevel, TrackTier
from pipelines.build import BuildPlan
from pipelines.build_checks import quoted, result
from pipelines.landing import Landing
from pipelines.ledger_facts import (
    OF_ORGANIZATIONS,
    OF_PEOPLE,
    LandedEntries,
    OrganizationsOnRecord,
    course_certifications,
    gate_facts,
    rules_on,
)

Figures = dict[tuple[str, ...], int]
# People whose record is read again in one refresh; of a larger build as many organizations as fit.
PEOPLE_LIMIT = 20_000
RECONCILIATION_CHECKS = tuple(RECONCILIATIONS)
# The same figures as the marts have them.
_BUILT = {
    "compliance_is_recomputed": (
        "select organization_id, category, status, count from (unpivot ("
        "select organization_id, category, exempted_count as exempted, completed_count as completed, "
        "in_progress_count as in_progress, pending_count as pending, overdue_count as overdue "
        "from {file}.marts.compliance_by_category) on exempted, completed, in_progress, pending, overdue "
        "into name status value count) where count > 0"
    ),
    "coverage_is_recomputed": (
        "select organization_id, persona, tier, kind, count from (unpivot ("
        "select organization_id, persona, tier, required_count as required, trained_count as trained "
        "from {file}.marts.coverage_by_persona_track) on required, trained into name kind value count) "
        "where count > 0"
    ),
    "exceptions_are_recomputed": (
        "select organization_id, action, "
        "case when reason in ('waived', 'no_longer_member') then reason else 'untrained' end, count(*) as count "
        "from {file}.marts.training_exception group by all"
    ),
}


@dataclass(frozen=True)
class _Scope:
    """Organizations that are recomputed, and all there are; the others are compared with the former release."""

    chosen: frozenset[str]
    total: int

    @property
    def is_whole(self) -> bool:
        return len(self.chosen) == self.total


class Reconciler:
    """Recomputes the figures of a build; of an incremental one those of the organizations it touched."""

    def __init__(
        self, build: Path, landing: Landing, plan: BuildPlan, former: Path | None, *, is_former_verified: bool
    ):
        self._connection = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "2GB"})
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute(f"attach '{quoted(build)}' as build (read_only)")
        self._entries = LandedEntries(landing, plan.to_leaf)
        self._dimensions = landing.dimensions / plan.landed.dimensions
        self._plan = plan
        self._day: date = plan.as_of.date()
        self._has_former = former is not None and not plan.is_full and is_former_verified
        if self._has_former and former is not None:
            self._connection.execute(f"attach '{quoted(former)}' as former (read_only)")

    def close(self) -> None:
        self._entries.close()
        self._connection.close()

    def run(self) -> list[CheckResult]:
        """One result for each name of `RECONCILIATION_CHECKS`."""
        scope = self._scope()
        record, people = self._read(scope)
        recomputed: dict[str, Callable[[], Figures]] = {
            "compliance_is_recomputed": lambda: self._compliance(record, scope),
            "coverage_is_recomputed": lambda: self._coverage(record, scope),
            "exceptions_are_recomputed": lambda: self._exceptions(record, scope),
        }
        results = [self._compare(name, figures(), scope, len(people)) for name, figures in recomputed.items()]
        return [*results, self._compare_decisions()]

    # What is recomputed

    def _rows(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[object, ...]]:
        return self._connection.execute(sql, dict(values) if values else None).fetchall()

    def _scope(self) -> _Scope:
        sizes = {
            str(organization): int(str(count))
            for organization, count in self._rows(
                "select organization_id, count(distinct person_id) from build.marts.dim_membership group by all"
            )
        }
        wanted = sizes.keys() & self._touched() if self._has_former else sizes.keys()
        chosen: set[str] = set()
        people = 0
        # Another part of a large installation each time: the root decides which.
        for organization in sorted(wanted, key=lambda each: hash_of(self._plan.landed.root, each)):
            if people + sizes[organization] <= PEOPLE_LIMIT or not chosen:
                chosen.add(organization)
                people += sizes[organization]
        return _Scope(frozenset(chosen), len(sizes))

    def _touched(self) -> set[str]:
        """Organizations the new entries are about: by themselves, or by a person who is or was a member."""
        organizations: set[str] = set()
        people: set[str] = set()
        for entry in self._entries.read((*OF_ORGANIZATIONS, *OF_PEOPLE), from_leaf=self._plan.from_leaf):
            organizations.add(str(entry.organization))
            people.add(str(entry.subject))
        if any(self._entries.read(("gate.rule_set", "gate.rule_ended"), from_leaf=self._plan.from_leaf)):
            organizations |= {str(row[0]) for row in self._rows("select organization_id from build.marts.fct_access")}
        rows = self._rows(
            "select distinct organization_id from build.marts.dim_membership "
            "where person_id in (select unnest($people::uuid[]))",
            {"people": sorted(people - {"None"})},
        )
        return organizations | {str(row[0]) for row in rows}

    def _read(self, scope: _Scope) -> tuple[OrganizationsOnRecord, set[str]]:
        record = OrganizationsOnRecord(course_certifications(self._dimensions))
        people: set[str] = set()
        for entry in self._entries.read(OF_ORGANIZATIONS, organizations=scope.chosen):
            record.take(entry)
            if entry.subject is not None:
                people.add(str(entry.subject))
        for row in self._rows(
            "select distinct person_id from build.marts.fct_access "
            "where organization_id in (select unnest($ids::uuid[]))",
            {"ids": sorted(scope.chosen)},
        ):
            people.add(str(row[0]))
        for entry in self._entries.read(OF_PEOPLE, people=people):
            record.take(entry)
        return record, people

    def _compliance(self, record: OrganizationsOnRecord, scope: _Scope) -> Figures:
        figures: Counter[tuple[str, ...]] = Counter()
        for facts in record.organizations(record.evidence()):
            if str(facts.organization_id) not in scope.chosen:
                continue
            for training in required_trainings(facts, on=self._day):
                figures[str(facts.organization_id), training.category, training.status.value] += 1
        return dict(figures)

    def _coverage(self, record: OrganizationsOnRecord, scope: _Scope) -> Figures:
        tracks = self._tracks()
        proofs = record.proofs()
        members: set[tuple[str, UUID, str]] = set()
        for key, entry in record.memberships.items():
            if entry.body.get("persona") and record.membership(key, entry).is_open_on(self._day):
                members.add((str(entry.organization), UUID(str(entry.subject)), entry.body["persona"]))
        figures: Counter[tuple[str, ...]] = Counter()
        for organization, person, persona in members:
            if organization not in scope.chosen:
                continue
            for tier in TrackTier:
                name = track_name(Persona(persona), tier)
                track = tracks.get((UUID(organization), name)) or tracks.get((None, name))
                if track is None:
                    continue
                figures[organization, persona, tier.value, "required"] += 1
                of_track = [fact for _, held, _, fact in proofs.get(person, ()) if held == track]
                ends = {fact.achieved_at: fact.expires_on for fact in of_track if fact.expires_on is not None}
                figures[organization, persona, tier.value, "trained"] += any(
                    is_at_least(fact.level, ProficiencyLevel.COMPLETED)
                    and fact.achieved_at.date() <= self._day
                    and (fact.revoked_from is None or fact.revoked_from > self._day)
                    and ends.get(fact.achieved_at, date.max) >= self._day
                    for fact in of_track
                )
        return {key: count for key, count in figures.items() if count}

    def _tracks(self) -> dict[tuple[UUID | None, str], UUID]:
        frame = pl.read_parquet(self._dimensions / "tracks.parquet")
        found: dict[tuple[UUID | None, str], UUID] = {}
        for row in frame.iter_rows(named=True):
            owner = None if row["organization_id"] is None else UUID(row["organization_id"])
            found[owner, f"{row['persona']}/{row['tier']}"] = UUID(row["track_id"])
        return found

    def _exceptions(self, record: OrganizationsOnRecord, scope: _Scope) -> Figures:
        """Each access asked at its gate as of the end of the release's day, by the gates' own rules."""
        rules = rules_on(self._entries.read(("gate.rule_set", "gate.rule_ended")), self._day)
        tracks, proofs = self._tracks(), record.proofs()
        lessons = pl.read_parquet(self._dimensions / "lessons.parquet", columns=["lesson_id", "organization_id"])
        owners = {UUID(lesson): None if owner is None else UUID(owner) for lesson, owner in lessons.iter_rows()}
        members: set[tuple[UUID | None, UUID | None]] = {
            (entry.subject, entry.organization)
            for key, entry in record.memberships.items()
            if record.membership(key, entry).is_open_on(self._day)
        }
        evening = datetime.combine(self._day, datetime.max.time(), self._plan.as_of.tzinfo)
        open_access = {
            (UUID(str(entry.subject)), UUID(str(entry.organization)), str(entry.body["action"]))
            for key, entry in record.accesses.items()
            if str(entry.organization) in scope.chosen
            and date.fromisoformat(entry.body["granted_on"]) <= self._day
            and record.access_ends.get(key, date.max) > self._day
        }
        waivers = record.waivers_on(self._day)
        figures: Counter[tuple[str, ...]] = Counter()
        for person, organization, action in open_access:
            terms = rules.get((organization, action)) or rules.get((None, action))
            if terms is None:
                continue
            named = {
                each.track: track
                for each in terms.requirements
                if each.track is not None
                and (track := tracks.get((organization, each.track)) or tracks.get((None, each.track))) is not None
            }
            facts = gate_facts(
                terms,
                person,
                organization,
                is_member=(person, organization) in members,
                proofs=proofs.get(person, ()),
                waivers=tuple(waivers.get((person, organization, action), ())),
                track_ids=named,
                owners=owners,
            )
            reason = decide(terms, facts, evening).reason
            if reason is not GateReason.REQUIREMENTS_MET:
                shown = {GateReason.WAIVED: "waived", GateReason.NOT_A_MEMBER: "no_longer_member"}
                figures[str(organization), action, shown.get(reason, "untrained")] += 1
        return dict(figures)

    # Comparison

    def _built(self, name: str, file: str) -> Figures:
        found: defaultdict[tuple[str, ...], int] = defaultdict(int)
        for row in self._rows(_BUILT[name].format(file=file)):
            found[tuple(map(str, row[:-1]))] += int(str(row[-1]))
        return dict(found)

    def _compare(self, name: str, told: Figures, scope: _Scope, people_count: int) -> CheckResult:
        built = self._built(name, "build")
        within = {key: count for key, count in built.items() if key[0] in scope.chosen}
        wrong = {key for key in within.keys() | told.keys() if within.get(key, 0) != told.get(key, 0)}
        if not scope.is_whole and self._has_former:
            former = self._built(name, "former")
            rest = {key for key in built.keys() | former.keys() if key[0] not in scope.chosen}
            wrong |= {key for key in rest if built.get(key, 0) != former.get(key, 0)}
        numbers: dict[str, int | float | str] = {
            "figures": len(told),
            "total": sum(told.values()),
            "organizations": len(scope.chosen),
            "organizations_in_all": scope.total,
            "people": people_count,
            "ledger_size": self._plan.to_leaf,
            "root": self._plan.landed.root,
            "wrong": len(wrong),
        }
        problem = ""
        if wrong:
            first = min(wrong)
            problem = (
                f"{len(wrong)} figures are not what the ledger tells; the first, {' / '.join(first)}, is "
                f"{built.get(first, 0)} and should be {told.get(first, 0)}."
            )
        elif not scope.is_whole and not self._has_former:
            problem = f"Only {len(scope.chosen)} of {scope.total} organizations were recomputed; those are right."
        fine = f"{len(told)} figures of {len(scope.chosen)} organizations are what the ledger tells."
        return result(name, problem, fine, numbers, blocking=False)

    def _compare_decisions(self) -> CheckResult:
        """Gate decisions: new entries by outcome are what the daily figures grew by."""
        first = self._plan.from_leaf if self._has_former else 0
        told: Counter[tuple[str, ...]] = Counter()
        for entry in self._entries.read(("gate.decided",), from_leaf=first):
            told[entry.body["action"], entry.body["mode"], entry.body["outcome"], entry.body["reason"]] += 1
        sql = (
            "select action, mode, outcome, reason, sum(decision_count) "
            "from {file}.marts.gate_decision_daily group by all"
        )

        def totals(file: str) -> Figures:
            return {tuple(map(str, row[:-1])): int(str(row[-1])) for row in self._rows(sql.format(file=file))}

        built = totals("build")
        expected = Counter(totals("former") if self._has_former else {})
        expected.update(told)
        wrong = sorted(key for key in built.keys() | expected.keys() if built.get(key, 0) != expected.get(key, 0))
        problem = f"Decisions do not add up for {' / '.join(wrong[0])}." if wrong else ""
        numbers: dict[str, int | float | str] = {"decisions": sum(built.values()), "new_decisions": sum(told.values())}
        return result(
            "decisions_are_recomputed",
            problem,
            f"{sum(built.values())} decisions are as recorded.",
            numbers,
            blocking=False,
        )


def hash_of(root: str, organization: str) -> int:
    """A number that puts organizations into another order for every root."""
    return int(root[:16] or "0", 16) ^ UUID(organization).int & (1 << 64) - 1


def reconcile(
    build: Path, landing: Landing, plan: BuildPlan, former: Path | None, *, former_checks: Iterable[CheckResult]
) -> list[CheckResult]:
    """Recompute a build's figures; what could not be recomputed is said to be not verified."""
    verified = {check.name for check in former_checks if check.passed}
    try:
        reconciler = Reconciler(
            build, landing, plan, former, is_former_verified=verified.issuperset(RECONCILIATION_CHECKS)
        )
        try:
            return reconciler.run()
        finally:
            reconciler.close()
    except (duckdb.Error, KeyError, ValueError) as error:
        problem = f"The figures could not be recomputed ({type(error).__name__})."
        return [result(name, problem, "", blocking=False) for name in RECONCILIATION_CHECKS]
