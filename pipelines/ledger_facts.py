"""What the landed entries say about some organizations, as plain facts of the operational core.

The landed entries lead to the ledger's root (`landing_checks`), so whatever is computed from these facts is computed
from the ledger. No model of the warehouse has a part in it.
"""

# ruff: noqa: S608 - kinds are our own names, paths are quoted, ids are compared as parameters

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import duckdb
import orjson
import polars as pl

from operational_db.compliance.evaluation import (
    EnrollmentFacts,
    Evidence,
    ExemptionFacts,
    MembershipFacts,
    OrganizationFacts,
    RecipientFacts,
    RequirementFacts,
)
from operational_db.credentials.rules import CertificateFacts
from operational_db.gates.documents import terms_from
from operational_db.gates.rules import EvidenceFact, GateFacts, GateTerms, WaiverFact
from operational_db.types import ProficiencyLevel, Role
from pipelines.landing import SCHEMA_FILE, Landing

# Scope, track, lesson, and what a gate looks at.
Proof = tuple[str | None, UUID | None, UUID | None, EvidenceFact]
Proofs = dict[UUID, list[Proof]]
Body = dict[str, Any]  # Any: the shape of a body is its kind's business (`ledger.events`)

MEMBERSHIPS = ("membership.started", "membership.ended")
REQUIREMENTS = ("requirement.set", "requirement.ended")
OF_ORGANIZATIONS = (*MEMBERSHIPS, *REQUIREMENTS)
OF_PEOPLE = (
    "training.assigned", "training.assignment_cancelled", "exemption.granted", "exemption.ended",
    "enrollment.opened", "enrollment.completed", "enrollment.failed", "enrollment.dropped",
    "certificate.issued", "certificate.renewed", "certificate.verified", "certificate.revoked",
    "certificate.withdrawn",
    "proficiency.reached", "proficiency.revoked", "access.granted", "access.removed", "waiver.granted", "waiver.ended",
)  # fmt: skip


class Entry(NamedTuple):
    """One landed entry, its body parsed."""

    kind: str
    subject: UUID | None
    organization: UUID | None
    occurred_at: datetime
    body: Body


class LandedEntries:
    """Reads landed entries below a leaf, in the order of the ledger, without those of undone imports."""

    def __init__(self, landing: Landing, to_leaf: int) -> None:
        self._landing = landing
        self._to_leaf = to_leaf
        self._connection = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "2GB"})
        self._connection.execute("set TimeZone = 'UTC'")
        self._undone: set[str] = set()
        self._undone = {entry.body["undone_import_id"] for entry in self.read(["import.undone"])}

    def close(self) -> None:
        self._connection.close()

    def files(self, kind: str, from_leaf: int = 0) -> list[Path]:
        """The kind's files that reach beyond a leaf; the others are not even opened."""
        files = [path for path in self._landing.kind_folder(kind).glob("*.parquet") if path.name != SCHEMA_FILE]
        return [path for path in files if int(path.stem.split("-")[1]) > from_leaf]

    def read(
        self,
        kinds: Iterable[str],
        *,
        people: Collection[str] | None = None,
        organizations: Collection[str] | None = None,
        from_leaf: int = 0,
    ) -> Iterator[Entry]:
        """Entries of the kinds; only about these people, and only of these organizations, where given."""
        selects = [
            f"select leaf_index, '{kind}' as kind, subject_id, organization_id, occurred_at, body "
            f"from read_parquet('{str(path).replace(chr(39), chr(39) * 2)}', hive_partitioning = false)"
            for kind in kinds
            for path in self.files(kind, from_leaf)
        ]
        if not selects:
            return
        conditions = ["leaf_index >= $first", "leaf_index < $until"]
        values: dict[str, object] = {"first": from_leaf, "until": self._to_leaf}
        for column, chosen in (("subject_id", people), ("organization_id", organizations)):
            if chosen is not None:
                conditions.append(f"{column} in (select unnest(${column}::varchar[]))")
                values[column] = sorted(chosen)
        rows = self._connection.execute(
            f"select kind, subject_id, organization_id, occurred_at, body from ({' union all '.join(selects)}) "
            f"where {' and '.join(conditions)} order by leaf_index",
            values,
        )
        while batch := rows.fetchmany(20_000):
            for kind, subject, organization, occurred_at, text in batch:
                body = orjson.loads(text)
                if body.get("import_id") in self._undone:
                    continue
                yield Entry(kind, _id(subject), _id(organization), occurred_at, body)


# Most ids come again and again: a person's in each entry, a course's in each enrollment.
@lru_cache(maxsize=1 << 18)
def _parsed_id(text: str) -> UUID:
    return UUID(text)


def _id(text: object) -> UUID | None:
    return text if text is None or isinstance(text, UUID) else _parsed_id(str(text))


def _day(text: object) -> date | None:
    return None if text is None else date.fromisoformat(str(text))


def _known(text: object) -> UUID:
    return text if isinstance(text, UUID) else _parsed_id(str(text))


def course_certifications(dimensions: Path) -> dict[UUID, UUID]:
    """Which certification each course leads to."""
    courses = pl.read_parquet(
        dimensions / "courses.parquet", columns=["course_id", "leads_to_certification", "certification_id"]
    )
    return {
        UUID(course): UUID(certification)
        for course, leads, certification in courses.iter_rows()
        if leads and certification is not None
    }


# Where an entry that begins something is kept, and the field that names it; the same for the day something ends.
_BEGINNINGS = {
    "membership.started": ("memberships", "membership_id"),
    "requirement.set": ("requirements", "requirement_id"),
    "training.assigned": ("recipients", "recipient_id"),
    "exemption.granted": ("exemptions", "exemption_id"),
    "enrollment.opened": ("enrollments", "enrollment_id"),
    "enrollment.completed": ("endings", "enrollment_id"),
    "enrollment.failed": ("endings", "enrollment_id"),
    "enrollment.dropped": ("endings", "enrollment_id"),
    "certificate.issued": ("certificates", "certificate_id"),
    "certificate.renewed": ("certificates", "certificate_id"),
    "proficiency.reached": ("proficiency", "evidence_id"),
    "access.granted": ("accesses", "access_id"),
    "waiver.granted": ("waivers", "waiver_id"),
}
_ENDS = {
    "membership.ended": ("membership_ends", "membership_id", "ended_on"),
    "requirement.ended": ("requirement_ends", "requirement_id", "ended_on"),
    "exemption.ended": ("exemption_ends", "exemption_id", "ended_on"),
    "certificate.revoked": ("revoked", "certificate_id", "revoked_from"),
    "proficiency.revoked": ("proficiency_revoked", "evidence_id", "revoked_from"),
    "access.removed": ("access_ends", "access_id", "removed_on"),
    "waiver.ended": ("waiver_ends", "waiver_id", "ended_on"),
}


@dataclass
class OrganizationsOnRecord:
    """Everything the entries say about some organizations and their people; the last entry about each thing holds."""

    leads_to: dict[UUID, UUID]
    memberships: dict[UUID, Entry] = field(default_factory=dict)
    membership_ends: dict[UUID, date] = field(default_factory=dict)
    requirements: dict[UUID, Entry] = field(default_factory=dict)
    requirement_ends: dict[UUID, date] = field(default_factory=dict)
    recipients: dict[UUID, Entry] = field(default_factory=dict)
    cancelled: dict[UUID, date] = field(default_factory=dict)
    exemptions: dict[UUID, Entry] = field(default_factory=dict)
    exemption_ends: dict[UUID, date] = field(default_factory=dict)
    enrollments: dict[UUID, Entry] = field(default_factory=dict)
    endings: dict[UUID, Entry] = field(default_factory=dict)
    certificates: dict[UUID, Entry] = field(default_factory=dict)
    verified: dict[UUID, bool] = field(default_factory=dict)
    revoked: dict[UUID, date] = field(default_factory=dict)
    withdrawn: set[UUID] = field(default_factory=set)
    proficiency: dict[UUID, Entry] = field(default_factory=dict)
    proficiency_revoked: dict[UUID, date] = field(default_factory=dict)
    accesses: dict[UUID, Entry] = field(default_factory=dict)
    access_ends: dict[UUID, date] = field(default_factory=dict)
    waivers: dict[UUID, Entry] = field(default_factory=dict)
    waiver_ends: dict[UUID, date] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """Note one entry; later ones overrule earlier ones about the same thing."""
        if entry.kind in _BEGINNINGS:
            name, id_field = _BEGINNINGS[entry.kind]
            getattr(self, name)[_known(entry.body[id_field])] = entry
        elif entry.kind in _ENDS:
            name, id_field, day_field = _ENDS[entry.kind]
            getattr(self, name)[_known(entry.body[id_field])] = date.fromisoformat(entry.body[day_field])
        if entry.kind == "training.assignment_cancelled":
            self.cancelled[_known(entry.body["recipient_id"])] = entry.occurred_at.date()
        elif entry.kind == "certificate.withdrawn":
            self.withdrawn.add(_known(entry.body["certificate_id"]))
        elif entry.kind in ("certificate.issued", "certificate.renewed", "certificate.verified"):
            self.verified[_known(entry.body["certificate_id"])] = entry.body["is_verified"]

    # Compliance

    def evidence(self) -> Evidence:
        """Certificates and enrollments of everybody."""
        courses: dict[UUID, set[UUID]] = defaultdict(set)
        for course, certification in self.leads_to.items():
            courses[certification].add(course)
        return Evidence(self.certificate_facts(), self._enrollments(), courses)

    def certificate_facts(self) -> Iterator[CertificateFacts]:
        """Every certificate with what decides whether it counts."""
        for key, entry in self.certificates.items():
            yield CertificateFacts(
                certificate_id=key,
                person_id=_known(entry.subject),
                certification_id=_known(entry.body["certification_id"]),
                issued_on=date.fromisoformat(entry.body["issued_on"]),
                expires_on=_day(entry.body.get("expires_on")),
                revoked_from=self.revoked.get(key),
                is_withdrawn=key in self.withdrawn,
                is_verified=self.verified[key],
            )

    def _enrollments(self) -> Iterator[EnrollmentFacts]:
        for key, entry in self.enrollments.items():
            ending = self.endings.get(key)
            is_completed = ending is not None and ending.kind == "enrollment.completed"
            score = ending.body.get("final_score") if ending is not None and is_completed else None
            yield EnrollmentFacts(
                person_id=_known(entry.subject),
                course_id=_known(entry.body["course_id"]),
                enrolled_on=entry.occurred_at.date(),
                ended_on=None if ending is None else ending.occurred_at.date(),
                completed_at=ending.occurred_at if ending is not None and is_completed else None,
                final_score=None if score is None else Decimal(score),
            )

    def organizations(self, evidence: Evidence) -> list[OrganizationFacts]:
        """Each organization's memberships, requirements, assignments and exemptions."""
        memberships: dict[UUID, list[MembershipFacts]] = defaultdict(list)
        requirements: dict[UUID, list[RequirementFacts]] = defaultdict(list)
        recipients: dict[UUID, list[RecipientFacts]] = defaultdict(list)
        exemptions: dict[UUID, list[ExemptionFacts]] = defaultdict(list)
        for key, entry in self.memberships.items():
            memberships[_known(entry.organization)].append(self.membership(key, entry))
        for key, entry in self.requirements.items():
            requirements[_known(entry.organization)].append(self._requirement(key, entry))
        for key, entry in self.recipients.items():
            recipients[_known(entry.organization)].append(self._recipient(key, entry))
        for key, entry in self.exemptions.items():
            exemptions[_known(entry.organization)].append(self._exemption(key, entry))
        return [
            OrganizationFacts(
                organization,
                memberships[organization],
                requirements[organization],
                recipients[organization],
                exemptions[organization],
                evidence,
            )
            for organization in memberships.keys() | requirements.keys()
        ]

    def _exemption(self, key: UUID, entry: Entry) -> ExemptionFacts:
        return ExemptionFacts(
            person_id=_known(entry.subject),
            subject_id=_known(entry.body.get("requirement_id") or entry.body.get("recipient_id")),
            starts_on=date.fromisoformat(entry.body["starts_on"]),
            ends_on=date.fromisoformat(entry.body["ends_on"]),
            ended_on=self.exemption_ends.get(key),
        )

    def membership(self, key: UUID, entry: Entry) -> MembershipFacts:
        return MembershipFacts(
            key,
            _known(entry.subject),
            Role(entry.body["role"]),
            _id(entry.body.get("team_id")),
            date.fromisoformat(entry.body["started_on"]),
            self.membership_ends.get(key),
        )

    def _requirement(self, key: UUID, entry: Entry) -> RequirementFacts:
        body = entry.body
        course, certification = _id(body.get("course_id")), _id(body.get("certification_id"))
        return RequirementFacts(
            requirement_id=key,
            organization_id=_known(entry.organization),
            course_id=course,
            certification_id=certification,
            needs_certification_id=certification or (self.leads_to.get(course) if course is not None else None),
            category=body["category"],
            role=None if body.get("role") is None else Role(body["role"]),
            team_id=_id(body.get("team_id")),
            due_within_days=body["due_within_days"],
            effective_from=date.fromisoformat(body["effective_from"]),
            ended_on=self.requirement_ends.get(key),
        )

    def _recipient(self, key: UUID, entry: Entry) -> RecipientFacts:
        body = entry.body
        course = _known(body["course_id"])
        minimum = body.get("minimum_score")
        return RecipientFacts(
            recipient_id=key,
            assignment_id=_known(body["assignment_id"]),
            organization_id=_known(entry.organization),
            person_id=_known(entry.subject),
            course_id=course,
            leads_to_certification_id=self.leads_to.get(course),
            requirement_id=_id(body.get("requirement_id")),
            category=body["category"],
            assigned_at=entry.occurred_at,
            due_on=_day(body.get("due_on")),
            is_mandatory=body["is_mandatory"],
            minimum_score=None if minimum is None else Decimal(minimum),
            cancelled_on=self.cancelled.get(key),
        )

    # Trust

    def proofs(self) -> Proofs:
        """Each person's evidence with its scope, its track and the lesson it was earned with."""
        found: Proofs = defaultdict(list)
        for key, entry in self.proficiency.items():
            body = entry.body
            fact = EvidenceFact(
                key,
                "",
                ProficiencyLevel(body["level"]),
                entry.occurred_at,
                _day(body.get("expires_on")),
                self.proficiency_revoked.get(key),
            )
            scope, track = body.get("scope"), _id(body.get("track_id"))
            found[_known(entry.subject)].append((scope, track, _id(body.get("lesson_id")), fact))
        return found

    def waivers_on(self, day: date) -> dict[tuple[UUID | None, UUID | None, str], list[WaiverFact]]:
        """Waivers that were not taken back by the end of a day, by person, organization and action."""
        found: dict[tuple[UUID | None, UUID | None, str], list[WaiverFact]] = defaultdict(list)
        for key, entry in self.waivers.items():
            if self.waiver_ends.get(key, date.max) > day:
                starts_on, ends_on = (date.fromisoformat(entry.body[name]) for name in ("starts_on", "ends_on"))
                about = (entry.subject, entry.organization, str(entry.body["action"]))
                found[about].append(WaiverFact(key, starts_on, ends_on))
        return found


def rules_on(entries: Iterable[Entry], day: date) -> dict[tuple[UUID | None, str], GateTerms]:
    """The gate rule of each owner and action in effect on a day: the highest version that began and was not ended."""
    ends: dict[str, date] = {}
    found: list[GateTerms] = []
    for entry in entries:
        if entry.kind == "gate.rule_ended":
            ends[entry.body["rule_id"]] = date.fromisoformat(entry.body["ended_on"])
        else:
            found.append(terms_from(entry.body["rule"]))
    in_effect: dict[tuple[UUID | None, str], GateTerms] = {}
    for terms in sorted(found, key=lambda each: each.version or 0):
        ended_on = ends.get(str(terms.rule_id))
        if terms.effective_from <= day and (ended_on is None or ended_on > day):
            in_effect[terms.organization_id, terms.action] = terms
    return in_effect


def gate_facts(
    terms: GateTerms,
    person: UUID,
    organization: UUID,
    *,
    is_member: bool,
    proofs: Sequence[Proof],
    waivers: tuple[WaiverFact, ...],
    track_ids: dict[str, UUID],
    owners: dict[UUID, UUID | None],
) -> GateFacts:
    """The facts of a gate, put together from the record alone (as `gates.lookup` finds them in the tables)."""
    found = []
    for requirement in terms.requirements:
        wanted_track = track_ids.get(requirement.track) if requirement.track is not None else None
        for scope, track, lesson, fact in proofs:
            owner = owners.get(lesson) if lesson is not None else None
            is_scope = requirement.scope is not None and scope == requirement.scope and owner in (None, organization)
            if is_scope or (wanted_track is not None and track == wanted_track):
                found.append(
                    EvidenceFact(
                        fact.id, requirement.key, fact.level, fact.achieved_at, fact.expires_on, fact.revoked_from
                    )
                )
    return GateFacts(
        action=terms.action,
        person_id=person,
        organization_id=organization,
        is_member=is_member,
        evidence=tuple(sorted(found, key=lambda fact: fact.id.int)),
        waivers=waivers,
    )
