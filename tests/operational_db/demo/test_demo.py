"""The simulated industry: always the same for one seed number, large enough, and true to the rules of the services."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from operational_db.content.publishing import readiness
from operational_db.credentials.rules import expires_on
from operational_db.database import read_only_session
from operational_db.demo.batch import COLUMNS, Batch
from operational_db.demo.content import DemoContent, install_content
from operational_db.demo.history import first_instant, simulate
from operational_db.demo.load import load_demo
from operational_db.errors import ConflictError
from operational_db.gates.crew import decide_crew
from operational_db.gates.crew_documents import facts_from, rule_ids_from, terms_from_event
from operational_db.ledger.events import CrewDecided, CrewRuleSet
from operational_db.ledger.sequence import sequence_pending
from operational_db.tables.catalog import Course
from operational_db.tables.content import LessonReview, LessonVersion
from operational_db.tables.credentials import (
    CeCredit,
    Certificate,
    CertificateRenewal,
    Certification,
    VerificationCase,
)
from operational_db.tables.identity import Organization, Person
from operational_db.tables.learning import AssessmentAttempt, Enrollment
from operational_db.tables.ledger import LedgerLeaf
from operational_db.tables.mentorship import Mentorship
from operational_db.tables.owners import Building, CrewRule, Equipment, ServiceContract, Visit
from operational_db.types import LessonStatus, OrganizationKind, ReviewArea

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SEED = 7


@pytest.fixture(scope="module")
def content(engine: Engine) -> Iterator[DemoContent]:
    """What the product ships, as of the first day; rolled back."""
    with engine.connect() as connection, connection.begin() as transaction:
        with Session(connection) as session:
            yield install_content(session, at=first_instant(NOW))
        transaction.rollback()


@pytest.fixture(scope="module")
def batch(content: DemoContent) -> Batch:
    return simulate(SEED, NOW, content)


def column(batch: Batch, entity: type, name: str) -> list[object]:
    position = COLUMNS[entity].index(name)
    return [row[position] for row in batch.rows[entity]]


class TestSimulate:
    def test_same_seed_gives_same_industry(self, batch: Batch, content: DemoContent) -> None:
        again = simulate(SEED, NOW, content)
        assert again.events == batch.events
        assert again.rows == batch.rows

    def test_other_seed_gives_other_industry(self, batch: Batch, content: DemoContent) -> None:
        assert simulate(SEED + 1, NOW, content).events[:1000] != batch.events[:1000]

    def test_is_as_large_as_promised(self, batch: Batch) -> None:
        """Decision D10: at least 100 companies, 12 schools, 200 courses, 10,000 certificates, 500 mentorships."""
        kinds = Counter(column(batch, Organization, "kind"))
        assert kinds[OrganizationKind.SERVICE_COMPANY] >= 100
        assert kinds[OrganizationKind.TRADE_SCHOOL] == 12
        assert len(batch.rows[Course]) >= 200
        assert len(batch.rows[Certificate]) >= 10_000
        assert len(batch.rows[Mentorship]) >= 500
        first, last = batch.events[0].occurred_at, batch.events[-1].occurred_at
        assert (last - first).days >= 700

    def test_nothing_happens_after_now(self, batch: Batch) -> None:
        assert max(event.occurred_at for event in batch.events) < NOW

    def test_everybody_is_marked_simulated(self, batch: Batch) -> None:
        assert set(column(batch, Person, "is_simulated")) == {True}
        assert set(column(batch, Organization, "is_simulated")) == {True}
        assert set(column(batch, Person, "email")) == {None}

    def test_passing_and_expiry_follow_the_rules(self, batch: Batch) -> None:
        scores = zip(column(batch, AssessmentAttempt, "score"), column(batch, AssessmentAttempt, "passed"), strict=True)
        assert all(passed == (Decimal(str(score)) >= 70) for score, passed in scores)
        months = dict(
            zip(
                column(batch, Certification, "id"),
                column(batch, Certification, "validity_period_months"),
                strict=True,
            )
        )
        position = {name: index for index, name in enumerate(COLUMNS[Certificate])}
        for row in batch.rows[Certificate]:
            validity = months[row[position["certification_id"]]]
            assert row[position["expires_on"]] == expires_on(row[position["issued_on"]], validity)  # type: ignore[arg-type]

    def test_history_is_uneven(self, batch: Batch) -> None:
        """Seasons show, and some renewals come late or never."""
        months = Counter(e.occurred_at.strftime("%Y-%m") for e in batch.events if e.kind == "enrollment.completed")
        assert months["2026-09"] > 1.2 * months["2026-07"]
        renewed = sum(1 for value in column(batch, Certificate, "renews_id") if value is not None)
        assert 0.1 < renewed / len(batch.rows[Certificate]) < 0.9


class TestEstates:
    """US-TC027 to US-TC029: owners have something to look at, and every answer is the crew check's own."""

    def test_owners_have_buildings_units_contracts_and_rules(self, batch: Batch) -> None:
        owners = set(column(batch, Building, "organization_id"))
        assert 6 <= len(owners) <= 10
        assert len(batch.rows[Equipment]) >= 300
        assert (
            set(column(batch, ServiceContract, "owner_id")) == owners == set(column(batch, CrewRule, "organization_id"))
        )
        statuses = Counter(column(batch, Visit, "status"))
        assert min(statuses["planned"], statuses["done"], statuses["cancelled"]) > 20

    def test_recorded_checks_come_out_the_same(self, batch: Batch) -> None:
        rules = {
            event.rule_id: terms_from_event(event.body(), event.organization_id)
            for event in batch.events
            if isinstance(event, CrewRuleSet) and event.organization_id is not None
        }
        checked = [event for event in batch.events if isinstance(event, CrewDecided)]
        assert len({event.is_qualified for event in checked}) == 2
        for event in checked[:100]:
            terms = [rules[rule_id] for rule_id in rule_ids_from(event.facts)]
            decision = decide_crew(terms, facts_from(event.facts), event.occurred_at)
            assert decision.canonical().decode() == event.decision

    def test_people_report_renew_and_are_asked_about(self, batch: Batch) -> None:
        kinds = Counter(event.kind for event in batch.events)
        assert kinds["verification.requested"] > 500
        assert kinds["ce_credit.logged"] == len(batch.rows[CeCredit]) > 100
        assert kinds["renewal.opened"] == len(batch.rows[CertificateRenewal]) > 50
        decided = column(batch, VerificationCase, "decided_at")
        assert decided.count(None) >= 15
        assert len(batch.documents) == len(decided)
        assert sum(value is not None for value in column(batch, Certificate, "path_id")) > 50

    def test_new_versions_are_reviewed_in_each_further_language(self, batch: Batch) -> None:
        versions = COLUMNS[LessonVersion]
        spoken = {
            row[versions.index("id")]: [locale for locale in row[versions.index("locales")] if locale != "en"]  # type: ignore[attr-defined]
            for row in batch.rows[LessonVersion]
        }
        reviews = COLUMNS[LessonReview]
        asked: dict[object, list[object]] = {version_id: [] for version_id in spoken}
        for row in batch.rows[LessonReview]:
            if row[reviews.index("area")] is ReviewArea.LOCALIZATION:
                asked[row[reviews.index("lesson_version_id")]].append(row[reviews.index("locale")])
        assert asked == spoken
        assert sum(map(len, spoken.values())) > 1


class TestLoadDemo:
    def test_load_writes_tables_and_ledger_once(self, committed_engine: Engine) -> None:
        seen: list[str] = []
        report = load_demo(committed_engine, seed=SEED, now=NOW, progress=lambda label, done, total: seen.append(label))
        checkpoint = sequence_pending(committed_engine, now=NOW)
        assert checkpoint is not None
        # The shipped content and rules come before the people.
        assert checkpoint.tree_size > report.event_count
        with read_only_session(committed_engine) as session:
            assert session.scalar(select(func.count()).select_from(LedgerLeaf)) == checkpoint.tree_size
            open_events = text(
                "select count(*) from course_enrollments e where not exists (select 1 from ledger_events l "
                "where l.kind = 'enrollment.opened' and l.subject_id = e.person_id "
                "and l.body like '%' || e.id || '%') and e.id in (select id from course_enrollments limit 50)"
            )
            assert session.scalar(open_events) == 0
            assert session.scalars(select(func.count()).select_from(Enrollment)).one() > 10_000
            published = session.scalars(select(LessonVersion).where(LessonVersion.status == LessonStatus.PUBLISHED))
            open_lines = {
                version.id: [line.code for line in readiness(session, version) if not line.is_met]
                for version in published
            }
            assert len(open_lines) > 20
            assert not any(open_lines.values()), "A published version looks as if publishing had asked for nothing."
        assert {"Simulating", "Writing records", "Writing the ledger"} <= set(seen)
        with pytest.raises(ConflictError):
            load_demo(committed_engine, seed=SEED, now=NOW)
