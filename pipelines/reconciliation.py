"""Whether the figures are what the ledger tells: recomputed from the landed entries.

An independent way to the same figures: the models are SQL, this is the operational core's own evaluation
(`compliance.evaluation`, `gates.rules`). The results go into the release, so that every page can say up to which
checkpoint its figures were verified (`releases.verification`), or that they were not; they stop no release.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import duckdb
import polars as pl

from operational_db.compliance.evaluation import required_trainings
from operational_db.credentials.rules import certificate_status
from operational_db.gates.rules import GateReason, GateTerms, Requirement, decide
from operational_db.proficiency.rules import track_name
from operational_db.releases.manifest import CheckResult
from operational_db.releases.verification import RECONCILIATIONS, WRONG_COUNT
from operational_db.types import CertificateStatus, GateMode, Persona, ProficiencyLevel, TrackTier
from pipelines.build import BuildPlan
from pipelines.build_checks import quoted, result
from pipelines.crew_facts import crew_figures
from pipelines.landing import Landing
from pipelines.learned_facts import COSTS, MENTORSHIP_STEPS, cost_figures, mentorship_figures
from pipelines.ledger_facts import (
    MEMBERSHIPS,
    OF_ORGANIZATIONS,
    OF_PEOPLE,
    REQUIREMENTS,
    LandedEntries,
    OrganizationsOnRecord,
    Proofs,
    course_certifications,
    gate_facts,
    rules_on,
)

Figures = dict[tuple[str, ...], int]
# People whose record is read again in one refresh; of a larger installation as many organizations as fit.
PEOPLE_LIMIT = 20_000
# Technicians of contractors who are asked again about the owners' rules.
TECHNICIAN_LIMIT = 20_000
# Requests and costs that are read again in one refresh.
REQUEST_LIMIT = 200_000
COST_LIMIT = 500_000
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
    "skills_are_recomputed": (
        "select organization_id, status, count(*) as count from {file}.marts.skill_matrix "
        "where status <> 'missing' group by all"
    ),
}


# What people contribute to those figures, one by one.
_OF_PEOPLE = {
    "compliance_is_recomputed": (
        "select organization_id, category, status, count(*) from {file}.marts.fct_required_training "
        "where person_id in (select unnest($people::uuid[])) group by all"
    ),
    "coverage_is_recomputed": (
        "select organization_id, persona, tier, kind, sum(count) from (unpivot ("
        "select organization_id, persona, tier, 1 as required, is_trained::integer as trained "
        "from {file}.marts.training_by_person_track where person_id in (select unnest($people::uuid[]))) "
        "on required, trained into name kind value count) group by all"
    ),
    "exceptions_are_recomputed": (
        "select organization_id, action, "
        "case when reason in ('waived', 'no_longer_member') then reason else 'untrained' end, count(*) "
        "from {file}.marts.training_exception where person_id in (select unnest($people::uuid[])) group by all"
    ),
    "skills_are_recomputed": (
        "select organization_id, status, count(*) from {file}.marts.skill_matrix "
        "where status <> 'missing' and person_id in (select unnest($people::uuid[])) group by all"
    ),
}
# Figures that entries of one kind make by the day: the kind, what is counted apart, and the mart's totals.
_DAILY = {
    "decisions_are_recomputed": (
        "gate.decided",
        ("action", "mode", "outcome", "reason"),
        "select action, mode, outcome, reason, sum(decision_count) from {file}.marts.gate_decision_daily group by all",
    ),
    "requests_are_recomputed": (
        "verification.requested",
        ("channel", "document_format", "outcome"),
        "select channel, document_format, outcome, sum(request_count) "
        "from {file}.marts.verification_request_daily group by all",
    ),
    "crew_decisions_are_recomputed": (
        "crew.decided",
        ("outcome", "is_qualified"),
        "select outcome, is_qualified, sum(decision_count) from {file}.marts.crew_decision_daily group by all",
    ),
}
_COSTS = (
    "select organization_id, currency, cast(sum(amount) * 100 as bigint) as cents "
    "from {file}.marts.training_cost_monthly group by all having cents > 0"
)
_MENTORSHIPS = (
    "select organization_id, month, became, count from (unpivot (select organization_id, month, "
    "pending_count as pending, declined_count as declined, expired_count as expired, withdrawn_count as withdrawn, "
    "active_count as active, completed_count as completed, ended_early_count as ended_early "
    "from {file}.marts.mentorship_funnel) on pending, declined, expired, withdrawn, active, completed, ended_early "
    "into name became value count) where count > 0"
)
_MENTORSHIPS_OF_PEOPLE = (
    "select organization_id, cast(date_trunc('month', requested_on) as date), case when status <> 'cancelled' "
    "then status when started_on is null then 'withdrawn' else 'ended_early' end, count(*) "
    "from {file}.marts.fct_mentorship where mentee_id in (select unnest($people::uuid[])) group by all"
)
# Of several certificates of a kind the first of these statuses is shown.
_SHOWN_FIRST = {
    status: place
    for place, status in enumerate(
        (
            CertificateStatus.ACTIVE,
            CertificateStatus.PENDING_VERIFICATION,
            CertificateStatus.EXPIRED,
            CertificateStatus.REVOKED,
        )
    )
}


@dataclass(frozen=True)
class _Scope:
    """Whom a recomputation is about.

    Either everybody in some organizations (`people` is None), or the people that new entries touched, in all of them:
    their former contribution is then taken out of the former figures and the recomputed one put in.
    """

    organizations: frozenset[str]
    people: frozenset[str] | None
    # Whether all figures are verified when the recomputed ones are right.
    is_complete: bool


class Reconciler:
    """Recomputes the figures of a build; of an incremental one what the people contribute whom it touched."""

    def __init__(
        self, build: Path, landing: Landing, plan: BuildPlan, former: Path | None, *, verified: Collection[str]
    ):
        self._connection = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "2GB"})
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute(f"attach '{quoted(build)}' as build (read_only)")
        self._entries = LandedEntries(landing, plan.to_leaf)
        self._dimensions = landing.dimensions / plan.landed.dimensions
        self._plan = plan
        self._day: date = plan.as_of.date()
        self._has_former = former is not None and not plan.is_full
        # What the former release has right, each by itself: a large one's compliance may never be, its decisions are.
        self._verified = frozenset(verified)
        if self._has_former and former is not None:
            self._connection.execute(f"attach '{quoted(former)}' as former (read_only)")

    def close(self) -> None:
        self._entries.close()
        self._connection.close()

    def run(self) -> list[CheckResult]:
        """One result for each name of `RECONCILIATION_CHECKS`."""
        sizes = {
            str(organization): int(str(count))
            for organization, count in self._rows(
                "select organization_id, count(distinct person_id) from build.marts.dim_membership group by all"
            )
        }
        is_small = sum(sizes.values()) <= PEOPLE_LIMIT
        checks: list[CheckResult] | None = None
        is_upon_verified = self._is_upon_verified(*_BUILT)
        if self._has_former and (is_upon_verified or not is_small):
            touched = self._touched()
            if len(touched) <= PEOPLE_LIMIT:
                checks = self._recompute(_Scope(frozenset(sizes), touched, is_upon_verified))
        # A figure may be another one because a dimension changed: then only counting all of it again tells.
        if checks is None or (is_small and not all(check.passed for check in checks)):
            checks = self._recompute(self._whole(sizes))
        daily = {name: self._compare_daily(name) for name in _DAILY}
        found = {check.name: check for check in checks} | daily | {"crews_are_recomputed": self._compare_crews()}
        for check in (self._compare_costs(), self._compare_mentorships()):
            found[check.name] = check
        return [found[name] for name in RECONCILIATION_CHECKS]

    def _recompute(self, scope: _Scope) -> list[CheckResult]:
        record = self._read(scope)
        proofs = record.proofs()
        recomputed: dict[str, Callable[[], Figures]] = {
            "compliance_is_recomputed": lambda: self._compliance(record, scope),
            "coverage_is_recomputed": lambda: self._coverage(record, proofs, scope),
            "exceptions_are_recomputed": lambda: self._exceptions(record, proofs, scope),
            "skills_are_recomputed": lambda: self._skills(record, scope),
        }
        return [self._compare(name, figures(), scope) for name, figures in recomputed.items()]

    def _is_upon_verified(self, *names: str) -> bool:
        """Whether only what is new need be counted: the build grew from a release that has these figures right."""
        return self._has_former and self._verified.issuperset(names)

    # What is recomputed

    def _rows(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[object, ...]]:
        return self._connection.execute(sql, dict(values) if values else None).fetchall()

    def _whole(self, sizes: Mapping[str, int]) -> _Scope:
        """Every organization, or of a large installation as many as fit; the root decides which."""
        chosen: set[str] = set()
        people = 0
        for organization in sorted(sizes, key=lambda each: hash_of(self._plan.landed.root, each)):
            if people + sizes[organization] <= PEOPLE_LIMIT or not chosen:
                chosen.add(organization)
                people += sizes[organization]
        return _Scope(frozenset(chosen), None, len(chosen) == len(sizes))

    def _touched(self) -> frozenset[str]:
        """People the new entries are about: by themselves, by a requirement of theirs, or by a gate's new rule."""
        people: set[str] = set()
        owners: set[str] = set()
        for entry in self._entries.read((*OF_ORGANIZATIONS, *OF_PEOPLE), from_leaf=self._plan.from_leaf):
            if entry.subject is not None:
                people.add(str(entry.subject))
            elif entry.organization is not None:
                owners.add(str(entry.organization))
        members = (
            "select person_id from build.marts.dim_membership where organization_id in (select unnest($ids::uuid[]))"
        )
        people |= {str(row[0]) for row in self._rows(members, {"ids": sorted(owners)})}
        if any(self._entries.read(("gate.rule_set", "gate.rule_ended"), from_leaf=self._plan.from_leaf)):
            people |= {str(row[0]) for row in self._rows("select person_id from build.marts.fct_access")}
        return frozenset(people)

    def _read(self, scope: _Scope) -> OrganizationsOnRecord:
        record = OrganizationsOnRecord(course_certifications(self._dimensions))
        people = set(scope.people) if scope.people is not None else None
        if people is None:
            sql = "select person_id from build.marts.fct_access where organization_id in (select unnest($ids::uuid[]))"
            found = {str(row[0]) for row in self._rows(sql, {"ids": sorted(scope.organizations)})}
            for entry in self._entries.read(MEMBERSHIPS, organizations=scope.organizations):
                record.take(entry)
                found.add(str(entry.subject))
            people = found
        else:
            for entry in self._entries.read(MEMBERSHIPS, people=people):
                record.take(entry)
        for entry in self._entries.read(REQUIREMENTS, organizations=scope.organizations):
            record.take(entry)
        for entry in self._entries.read(OF_PEOPLE, people=people):
            record.take(entry)
        return record

    def _compliance(self, record: OrganizationsOnRecord, scope: _Scope) -> Figures:
        figures: Counter[tuple[str, ...]] = Counter()
        for facts in record.organizations(record.evidence()):
            if str(facts.organization_id) not in scope.organizations:
                continue
            for training in required_trainings(facts, on=self._day):
                figures[str(facts.organization_id), training.category, training.status.value] += 1
        return dict(figures)

    def _coverage(self, record: OrganizationsOnRecord, proofs: Proofs, scope: _Scope) -> Figures:
        tracks = self._tracks()
        members: set[tuple[str, UUID, str]] = set()
        for key, entry in record.memberships.items():
            if entry.body.get("persona") and record.membership(key, entry).is_open_on(self._day):
                members.add((str(entry.organization), UUID(str(entry.subject)), entry.body["persona"]))
        figures: Counter[tuple[str, ...]] = Counter()
        for organization, person, persona in members:
            if organization not in scope.organizations:
                continue
            for tier in TrackTier:
                name = track_name(Persona(persona), tier)
                track = tracks.get((UUID(organization), name)) or tracks.get((None, name))
                if track is None:
                    continue
                figures[organization, persona, tier.value, "required"] += 1
                asked = Requirement(ProficiencyLevel.COMPLETED, track=name)
                terms = GateTerms("training", GateMode.ENFORCE, (asked,), self._day)
                facts = gate_facts(
                    terms,
                    person,
                    UUID(organization),
                    is_member=True,
                    proofs=proofs.get(person, ()),
                    waivers=(),
                    track_ids={name: track},
                    owners={},
                )
                is_trained = decide(terms, facts, self._evening).reason is GateReason.REQUIREMENTS_MET
                figures[organization, persona, tier.value, "trained"] += is_trained
        return {key: count for key, count in figures.items() if count}

    @property
    def _evening(self) -> datetime:
        """The end of the release's day."""
        return datetime.combine(self._day, datetime.max.time(), self._plan.as_of.tzinfo)

    def _tracks(self) -> dict[tuple[UUID | None, str], UUID]:
        frame = pl.read_parquet(self._dimensions / "tracks.parquet")
        found: dict[tuple[UUID | None, str], UUID] = {}
        for row in frame.iter_rows(named=True):
            owner = None if row["organization_id"] is None else UUID(row["organization_id"])
            found[owner, f"{row['persona']}/{row['tier']}"] = UUID(row["track_id"])
        return found

    def _exceptions(self, record: OrganizationsOnRecord, proofs: Proofs, scope: _Scope) -> Figures:
        """Each access asked at its gate as of the end of the release's day, by the gates' own rules."""
        rules = rules_on(self._entries.read(("gate.rule_set", "gate.rule_ended")), self._day)
        tracks = self._tracks()
        lessons = pl.read_parquet(self._dimensions / "lessons.parquet", columns=["lesson_id", "organization_id"])
        owners = {UUID(lesson): None if owner is None else UUID(owner) for lesson, owner in lessons.iter_rows()}
        members: set[tuple[UUID | None, UUID | None]] = {
            (entry.subject, entry.organization)
            for key, entry in record.memberships.items()
            if record.membership(key, entry).is_open_on(self._day)
        }
        open_access = {
            (UUID(str(entry.subject)), UUID(str(entry.organization)), str(entry.body["action"]))
            for key, entry in record.accesses.items()
            if str(entry.organization) in scope.organizations
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
            reason = decide(terms, facts, self._evening).reason
            if reason is not GateReason.REQUIREMENTS_MET:
                shown = {GateReason.WAIVED: "waived", GateReason.NOT_A_MEMBER: "no_longer_member"}
                figures[str(organization), action, shown.get(reason, "untrained")] += 1
        return dict(figures)

    def _skills(self, record: OrganizationsOnRecord, scope: _Scope) -> Figures:
        """Of each current member and kind of certificate the status that says most."""
        organizations: defaultdict[UUID, set[str]] = defaultdict(set)
        for key, entry in record.memberships.items():
            if record.membership(key, entry).is_open_on(self._day) and str(entry.organization) in scope.organizations:
                organizations[UUID(str(entry.subject))].add(str(entry.organization))
        best: dict[tuple[UUID, UUID], CertificateStatus] = {}
        for facts in record.certificate_facts():
            if facts.is_withdrawn or facts.person_id not in organizations:
                continue
            cell = (facts.person_id, facts.certification_id)
            status = certificate_status(facts, on=self._day)
            if cell not in best or _SHOWN_FIRST[status] < _SHOWN_FIRST[best[cell]]:
                best[cell] = status
        figures: Counter[tuple[str, ...]] = Counter()
        for (person, _), status in best.items():
            for organization in organizations[person]:
                figures[organization, status.value] += 1
        return dict(figures)

    # Comparison

    def _figures(self, sql: str, values: Mapping[str, object] | None = None) -> Figures:
        found: defaultdict[tuple[str, ...], int] = defaultdict(int)
        for row in self._rows(sql, values):
            found[tuple(map(str, row[:-1]))] += int(str(row[-1]))
        return found

    def _compare(self, name: str, told: Figures, scope: _Scope) -> CheckResult:
        built = self._figures(_BUILT[name].format(file="build"))
        if scope.people is None:
            expected = told
            built = {key: count for key, count in built.items() if key[0] in scope.organizations}
        else:
            totals = Counter(self._figures(_BUILT[name].format(file="former")))
            totals.subtract(self._figures(_OF_PEOPLE[name].format(file="former"), {"people": sorted(scope.people)}))
            totals.update(told)
            expected = dict(totals)
        wrong = {key for key in built.keys() | expected.keys() if built.get(key, 0) != expected.get(key, 0)}
        numbers: dict[str, int | float | str] = {
            "figures": len(built),
            "total": sum(built.values()),
            "recomputed": sum(told.values()),
            "organizations": len(scope.organizations),
            "ledger_size": self._plan.to_leaf,
            "root": self._plan.landed.root,
            WRONG_COUNT: len(wrong),
        }
        if scope.people is not None:
            numbers["people"] = len(scope.people)
        problem = ""
        if wrong:
            first = min(wrong)
            problem = (
                f"{len(wrong)} figures are not what the ledger tells; the first, {' / '.join(first)}, is "
                f"{built.get(first, 0)} and should be {expected.get(first, 0)}."
            )
        elif not scope.is_complete:
            what = "what was new" if scope.people is not None else f"{len(scope.organizations)} organizations"
            subject = name.split("_")[0].capitalize()
            problem = f"{subject}: too much to recompute all of it; only {what} was, and that is right."
        fine = f"{len(built)} figures are what the ledger tells."
        return result(name, problem, fine, numbers, blocking=False)

    def _compare_daily(self, name: str) -> CheckResult:
        """What is counted by the day: new entries by outcome are what the daily figures grew by."""
        kind, counted_apart, sql = _DAILY[name]
        is_upon = self._is_upon_verified(name)
        first = self._plan.from_leaf if is_upon else 0
        told: Counter[tuple[str, ...]] = Counter()
        for entry in self._entries.read((kind,), from_leaf=first):
            told[tuple(str(entry.body[field]) for field in counted_apart)] += 1

        def totals(file: str) -> Figures:
            return {tuple(map(str, row[:-1])): int(str(row[-1])) for row in self._rows(sql.format(file=file))}

        built = totals("build")
        expected = Counter(totals("former") if is_upon else {})
        expected.update(told)
        wrong = sorted(key for key in built.keys() | expected.keys() if built.get(key, 0) != expected.get(key, 0))
        what = name.removesuffix("_are_recomputed").replace("_", " ")
        problem = f"{what.capitalize()} do not add up for {' / '.join(wrong[0])}." if wrong else ""
        counts = {"decisions": sum(built.values()), "new_decisions": sum(told.values())}
        numbers: dict[str, int | float | str] = {**counts, WRONG_COUNT: len(wrong)}
        return result(name, problem, f"{sum(built.values())} {what} are as recorded.", numbers, blocking=False)

    def _compare_crews(self) -> CheckResult:
        """Which rules contractors meet: decided again for each by the crew check's own rules."""
        name = "crews_are_recomputed"
        row = self._rows(
            "select count(distinct person_id) from build.marts.dim_membership where is_current and role = 'technician' "
            "and organization_id in (select contractor_id from build.marts.dim_service_contract where is_current)"
        )
        people = int(str(row[0][0]))
        if people > TECHNICIAN_LIMIT:
            problem = f"Crews: too much to recompute; {people} technicians service buildings."
            return result(name, problem, "", {"technicians": people, WRONG_COUNT: 0}, blocking=False)
        told = crew_figures(self._entries, self._dimensions, self._day)
        built = self._figures(
            "select owner_id, contractor_id, rule_id, is_covered, unit_count "
            "from build.marts.contractor_requirement_coverage"
        )
        built = {(*key[:-1], key[-1].lower()): count for key, count in built.items()}
        wrong = sorted(key for key in built.keys() | told.keys() if built.get(key, 0) != told.get(key, 0))
        problem = ""
        if wrong:
            problem = f"{len(wrong)} answers of contractors to rules differ; the first is {' / '.join(wrong[0])}."
        numbers: dict[str, int | float | str] = {"figures": len(built), "technicians": people, WRONG_COUNT: len(wrong)}
        return result(name, problem, f"{len(built)} answers of contractors are right.", numbers, blocking=False)

    def _compare_costs(self) -> CheckResult:
        """What training cost each organization: added up anew for those that new entries are about."""
        name = "costs_are_recomputed"
        built = self._figures(_COSTS.format(file="build"))
        touched: frozenset[str] | None = None
        if self._is_upon_verified(name):
            touched = frozenset(
                str(entry.organization) for entry in self._entries.read(COSTS, from_leaf=self._plan.from_leaf)
            )
        count = self._count("select coalesce(sum(cost_count), 0) from build.marts.training_cost_monthly")
        if touched is None and count > COST_LIMIT:
            return _too_much(name, f"Costs: too much to recompute; there are {count}.", {"costs": count})
        expected = cost_figures(self._entries, touched)
        if touched is not None:
            former = self._figures(_COSTS.format(file="former"))
            expected |= {key: cents for key, cents in former.items() if key[0] not in touched}
        return _compared(name, "sums of costs", built, expected, {"costs": count})

    def _compare_mentorships(self) -> CheckResult:
        """What became of requests for a mentor: counted anew for the mentees that new entries are about."""
        name = "mentorships_are_recomputed"
        built = self._figures(_MENTORSHIPS.format(file="build"))
        people: list[str] | None = None
        if self._is_upon_verified(name):
            news = self._entries.read((*MENTORSHIP_STEPS, *MEMBERSHIPS), from_leaf=self._plan.from_leaf)
            people = sorted({str(entry.subject) for entry in news})
        count = sum(built.values())
        if people is None and count > REQUEST_LIMIT:
            return _too_much(name, f"Mentorships: too much to recompute; there are {count}.", {"mentorships": count})
        expected = Counter(mentorship_figures(self._entries, self._dimensions, people))
        if people is not None:
            expected.update(self._figures(_MENTORSHIPS.format(file="former")))
            expected.subtract(self._figures(_MENTORSHIPS_OF_PEOPLE.format(file="former"), {"people": people}))
        return _compared(name, "counts of mentorships", built, expected, {"mentorships": count})

    def _count(self, sql: str) -> int:
        return int(str(self._rows(sql)[0][0]))


def _too_much(name: str, problem: str, numbers: dict[str, int | float | str]) -> CheckResult:
    return result(name, problem, "", {**numbers, WRONG_COUNT: 0}, blocking=False)


def _compared(
    name: str, what: str, built: Figures, expected: Mapping[tuple[str, ...], int], numbers: dict[str, int | float | str]
) -> CheckResult:
    wrong = sorted(key for key in built.keys() | expected.keys() if built.get(key, 0) != expected.get(key, 0))
    problem = ""
    if wrong:
        first = wrong[0]
        problem = (
            f"{len(wrong)} {what} are not what the ledger tells; the first, {' / '.join(first)}, is "
            f"{built.get(first, 0)} and should be {expected.get(first, 0)}."
        )
    told: dict[str, int | float | str] = {"figures": len(built), **numbers, WRONG_COUNT: len(wrong)}
    return result(name, problem, f"{len(built)} {what} are what the ledger tells.", told, blocking=False)


def hash_of(root: str, organization: str) -> int:
    """A number that puts organizations into another order for every root."""
    return int(root[:16] or "0", 16) ^ UUID(organization).int & (1 << 64) - 1


def reconcile(
    build: Path, landing: Landing, plan: BuildPlan, former: Path | None, *, former_checks: Iterable[CheckResult]
) -> list[CheckResult]:
    """Recompute a build's figures; what could not be recomputed is said to be not verified."""
    verified = {check.name for check in former_checks if check.passed}
    try:
        reconciler = Reconciler(build, landing, plan, former, verified=verified)
        try:
            return reconciler.run()
        finally:
            reconciler.close()
    except (duckdb.Error, KeyError, ValueError) as error:
        problem = f"The figures could not be recomputed ({type(error).__name__})."
        return [result(name, problem, "", blocking=False) for name in RECONCILIATION_CHECKS]
