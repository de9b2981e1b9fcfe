"""From draft over review to publication, what a changed policy sets off, and who may do none of it."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.assessment.service import start_attempt
from operational_db.content import features, policies, publishing, reviewing, service
from operational_db.content.rules import VersionChange
from operational_db.errors import ConflictError, DomainError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.proficiency.service import is_certified
from operational_db.tables.content import LessonReview, Policy
from operational_db.tables.gates import EvidenceBundle, GateRule, ProficiencyEvidence
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import (
    LessonStatus,
    LessonType,
    OrganizationKind,
    ReleaseCheck,
    ReviewArea,
    ReviewOutcome,
    ReviewReason,
    Role,
    new_id,
)
from tests import builders
from tests.operational_db.content.lessons import (
    BODY,
    FIELDS,
    Company,
    create_company,
    draft,
    lesson_of,
    publish,
    review,
    take,
    try_out,
)
from tests.operational_db.principals import create_manager, create_member


@pytest.fixture
def company(session: Session) -> Company:
    return create_company(session)


@pytest.fixture
def stranger(session: Session) -> Principal:
    """The manager of another company."""
    return create_manager(session)[0]


def kinds(session: Session, prefix: str) -> list[str]:
    statement = select(LedgerEvent.kind).where(LedgerEvent.kind.startswith(prefix)).order_by(LedgerEvent.id)
    return list(session.scalars(statement))


@pytest.mark.requirement("EMB-18", "RSK-01")
class TestLifecycle:
    def test_author_review_publish(self, session: Session, company: Company, now: datetime) -> None:
        version = publish(session, company, now=now)
        assert (version.version, version.status) == ("1.0.0", LessonStatus.PUBLISHED)
        assert version.refresh_due_on == date(2027, 11, 2)
        assert version.published_by == company.manager.person_id
        assert kinds(session, "content.") == [
            "content.review_requested",
            "content.review_requested",
            "content.reviewed",
            "content.reviewed",
            "content.published",
        ]

    def test_a_critical_policy_shortens_the_refresh(self, session: Session, company: Company, now: datetime) -> None:
        version = draft(session, company, now=now)
        session.scalars(select(Policy).where(Policy.code == "POL-LOCK-001")).one().is_critical = True
        session.flush()
        version = service.revise_version(
            session, company.manager, version_id=version.id, body=BODY, duration_minutes=Decimal(2), now=now
        )
        assert version.refresh_months == 6

    def test_each_further_language_gets_its_review(self, session: Session, company: Company, now: datetime) -> None:
        version = draft(session, company, now=now, locales=["en", "es", "fr"])
        tasks = service.submit_for_review(session, company.manager, version_id=version.id, now=now)
        assert [(task.area, task.locale) for task in tasks] == [
            (ReviewArea.SECURITY_COMPLIANCE, None),
            (ReviewArea.UX, None),
            (ReviewArea.LOCALIZATION, "es"),
            (ReviewArea.LOCALIZATION, "fr"),
        ]

    def test_nobody_reviews_her_own_work(self, session: Session, company: Company, now: datetime) -> None:
        """Also not with the reviewer's role, nor as the platform's operator."""
        version = draft(session, company, now=now)
        version.created_by = company.reviewer.person_id
        tasks = service.submit_for_review(session, company.manager, version_id=version.id, now=now)
        for who in (company.reviewer, SYSTEM_PRINCIPAL):
            with pytest.raises(NotAuthorizedError, match="other than the author"):
                reviewing.decide_review(session, who, review_id=tasks[0].id, outcome=ReviewOutcome.APPROVED, now=now)

    def test_changes_requested_make_it_a_draft_and_void_other_approvals(
        self, session: Session, company: Company, now: datetime
    ) -> None:
        version = draft(session, company, now=now)
        try_out(session, company, version, now=now)
        security, ux = service.submit_for_review(session, company.manager, version_id=version.id, now=now)
        reviewing.decide_review(
            session, company.reviewer, review_id=security.id, outcome=ReviewOutcome.APPROVED, now=now
        )
        with pytest.raises(InvalidInputError):
            reviewing.decide_review(
                session, company.reviewer, review_id=ux.id, outcome=ReviewOutcome.CHANGES_REQUESTED, now=now
            )
        reviewing.decide_review(
            session,
            company.reviewer,
            review_id=ux.id,
            outcome=ReviewOutcome.CHANGES_REQUESTED,
            comment="Shorter, please.",
            now=now,
        )
        assert version.status is LessonStatus.DRAFT
        later = now + timedelta(hours=1)
        service.revise_version(
            session, company.manager, version_id=version.id, body=BODY, duration_minutes=Decimal(2), now=later
        )
        again = service.submit_for_review(session, company.manager, version_id=version.id, now=later)
        reviewing.decide_review(
            session, company.reviewer, review_id=again[1].id, outcome=ReviewOutcome.APPROVED, now=later
        )
        with pytest.raises(ConflictError, match="approval by security and compliance"):
            publishing.publish_version(session, company.manager, version_id=version.id, now=later)

    def test_a_decision_said_again_changes_nothing_and_another_is_refused(
        self, session: Session, company: Company, now: datetime
    ) -> None:
        version = draft(session, company, now=now)
        task = service.submit_for_review(session, company.manager, version_id=version.id, now=now)[0]
        for _ in range(2):
            reviewing.decide_review(
                session, company.reviewer, review_id=task.id, outcome=ReviewOutcome.APPROVED, now=now
            )
        assert kinds(session, "content.reviewed") == ["content.reviewed"]
        with pytest.raises(ConflictError):
            reviewing.decide_review(
                session,
                company.reviewer,
                review_id=task.id,
                outcome=ReviewOutcome.CHANGES_REQUESTED,
                comment="No.",
                now=now,
            )

    def test_a_lesson_has_one_draft_at_a_time(self, session: Session, company: Company, now: datetime) -> None:
        version = draft(session, company, now=now)
        with pytest.raises(ConflictError, match=r"1\.0\.0 is not finished"):
            service.draft_version(
                session,
                company.manager,
                lesson_id=version.lesson_id,
                body=BODY,
                duration_minutes=Decimal(2),
                now=now,
            )

    def test_a_new_version_takes_the_place_of_the_former(
        self, session: Session, company: Company, now: datetime
    ) -> None:
        first = publish(session, company, now=now)
        second = service.draft_version(
            session,
            company.manager,
            lesson_id=first.lesson_id,
            body=BODY,
            duration_minutes=Decimal(3),
            change=VersionChange.PATCH,
            now=now,
            **FIELDS,
        )  # fmt: skip
        try_out(session, company, second, now=now)
        review(session, company, second, now=now)
        publishing.publish_version(session, company.manager, version_id=second.id, now=now)
        session.refresh(first)
        assert (first.status, second.version, second.recertify_from) == (LessonStatus.SUPERSEDED, "1.0.1", None)

    def test_retiring_takes_it_out_of_the_list_unless_a_gate_sends_people_there(
        self, session: Session, company: Company, now: datetime
    ) -> None:
        version = publish(session, company, now=now)
        rule = session.scalars(select(GateRule)).one()
        rule.lesson_id = version.lesson_id
        session.flush()
        with pytest.raises(ConflictError, match="open-controller"):
            publishing.retire_lesson(session, company.manager, lesson_id=version.lesson_id, now=now)
        rule.lesson_id = None
        session.flush()
        publishing.retire_lesson(session, company.manager, lesson_id=version.lesson_id, now=now)
        assert service.list_lessons(session, company.technician) == []
        assert kinds(session, "content.retired") == ["content.retired"]

    def test_a_due_refresh_is_asked_for_once(self, session: Session, company: Company, now: datetime) -> None:
        version = publish(session, company, now=now)
        due = datetime(2027, 11, 2, 6, tzinfo=now.tzinfo)
        assert reviewing.request_due_refreshes(session, now=due - timedelta(days=1)) == []
        asked = reviewing.request_due_refreshes(session, now=due)
        assert {(task.lesson_version_id, task.reason) for task in asked} == {(version.id, ReviewReason.REFRESH)}
        assert reviewing.request_due_refreshes(session, now=due + timedelta(days=9)) == []

    def test_an_approved_refresh_counts_anew_and_is_asked_for_again(
        self, session: Session, company: Company, now: datetime
    ) -> None:
        version = publish(session, company, now=now)
        due = datetime(2027, 11, 2, 6, tzinfo=now.tzinfo)
        security, ux = reviewing.request_due_refreshes(session, now=due)
        looked_at = due + timedelta(days=3)
        decide(session, company, security, now=looked_at)
        assert version.refresh_due_on == due.date()
        decide(session, company, ux, now=looked_at)
        assert version.refresh_due_on == date(2028, 11, 5)
        assert reviewing.request_due_refreshes(session, now=looked_at) == []
        assert len(reviewing.request_due_refreshes(session, now=datetime(2028, 11, 5, tzinfo=now.tzinfo))) == 2

    def test_a_refresh_that_asks_for_changes_stays_due_until_a_new_version(
        self, session: Session, company: Company, now: datetime
    ) -> None:
        version = publish(session, company, now=now)
        due = datetime(2027, 11, 2, 6, tzinfo=now.tzinfo)
        security, ux = reviewing.request_due_refreshes(session, now=due)
        decide(session, company, security, ReviewOutcome.CHANGES_REQUESTED, now=due)
        decide(session, company, ux, now=due)
        assert version.refresh_due_on == due.date()
        assert reviewing.request_due_refreshes(session, now=due + timedelta(days=1)) == []

    def test_whoever_wrote_it_last_does_not_review_it(self, session: Session, company: Company, now: datetime) -> None:
        both = replace(company.reviewer, grants=company.reviewer.grants | company.manager.grants)
        version = draft(session, company, now=now)
        service.revise_version(session, both, version_id=version.id, body=BODY, duration_minutes=Decimal(2), now=now)
        tasks = service.submit_for_review(session, company.manager, version_id=version.id, now=now)
        with pytest.raises(NotAuthorizedError, match="other than the author"):
            reviewing.decide_review(session, both, review_id=tasks[0].id, outcome=ReviewOutcome.APPROVED, now=now)

    def test_its_owner_belongs_to_the_organization(
        self, session: Session, company: Company, stranger: Principal, now: datetime
    ) -> None:
        for owner_id in (new_id(), stranger.person_id):
            with pytest.raises(NotFoundError, match="owner"):
                create_owned(session, company, owner_id, now=now)
        assert create_owned(session, company, company.technician.person_id, now=now)


def create_owned(session: Session, company: Company, owner_id: UUID, *, now: datetime) -> UUID | None:
    return service.create_lesson(
        session,
        company.manager,
        organization_id=company.organization.id,
        code=f"OWNED-{owner_id.hex[:8]}",
        title="Owned",
        lesson_type=LessonType.QUIZ,
        owner_id=owner_id,
        now=now,
    ).owner_id


def decide(
    session: Session,
    company: Company,
    task: LessonReview,
    outcome: ReviewOutcome = ReviewOutcome.APPROVED,
    *,
    now: datetime,
) -> None:
    reviewing.decide_review(
        session, company.reviewer, review_id=task.id, outcome=outcome, comment="Looked at.", now=now
    )


@pytest.mark.requirement("EMB-21")
class TestPublication:
    def test_is_refused_naming_everything_that_is_missing(
        self, session: Session, company: Company, now: datetime
    ) -> None:
        version = draft(session, company, now=now, fallback="", scope_tags=["lockout", "unheard-of"])
        service.submit_for_review(session, company.manager, version_id=version.id, now=now)
        with pytest.raises(ConflictError) as refusal:
            publishing.publish_version(session, company.manager, version_id=version.id, now=now)
        assert set(refusal.value.details) == {
            "expiry",
            "dry_run",
            "security_compliance_review",
            "ux_review",
            "fallback",
            "evidence_export",
        }
        assert refusal.value.details["expiry"] == "a validity rule for unheard-of"
        assert version.status is LessonStatus.IN_REVIEW

    def test_a_draft_is_not_published_past_its_review(self, session: Session, company: Company, now: datetime) -> None:
        version = draft(session, company, now=now)
        try_out(session, company, version, now=now)
        with pytest.raises(ConflictError, match="is draft"):
            publishing.publish_version(session, company.manager, version_id=version.id, now=now)

    def test_trials_are_looked_up_and_not_believed(self, session: Session, company: Company, now: datetime) -> None:
        version = draft(session, company, now=now)
        entry_id = session.scalars(select(LedgerEvent.id).limit(1)).one()
        other = create_company(session)
        cases: list[tuple[ReleaseCheck, object, type[DomainError]]] = [
            (ReleaseCheck.DRY_RUN, None, NotFoundError),
            (ReleaseCheck.DRY_RUN, new_id(), NotFoundError),
            (ReleaseCheck.DRY_RUN, entry_id, InvalidInputError),
            (ReleaseCheck.EVIDENCE_EXPORT, None, NotFoundError),
            (ReleaseCheck.EVIDENCE_EXPORT, entry_id, NotFoundError),
        ]
        for check, evidence_id, error in cases:
            with pytest.raises(error):
                publishing.record_release_check(
                    session,
                    company.manager,
                    version_id=version.id,
                    release_check=check,
                    evidence_id=evidence_id,  # type: ignore[arg-type]
                    now=now,
                )
        with pytest.raises(InvalidInputError, match="does not point at"):
            publishing.record_release_check(
                session,
                company.manager,
                version_id=version.id,
                release_check=ReleaseCheck.LINKS,
                targets=["https://example.org"],
                now=now,
            )
        with pytest.raises(NotFoundError):
            try_out(session, other, version, now=now)

    @pytest.mark.parametrize(
        ("scope", "minutes_old", "refusal"),
        [
            ({"kind": "organization"}, 0, None),
            ({"kind": "period"}, 0, None),
            ({"kind": "certification_scope", "certification_scope": "lockout"}, 0, None),
            ({"kind": "certification_scope", "certification_scope": "data-export"}, 0, "none of the lesson's scopes"),
            ({"kind": "person"}, 0, "none of the lesson's scopes"),
            ({"kind": "organization"}, 1, "older than this version"),
        ],
    )
    def test_an_export_is_a_trial_of_this_version_only_when_made_for_it(
        self,
        session: Session,
        company: Company,
        now: datetime,
        scope: dict[str, str],
        minutes_old: int,
        refusal: str | None,
    ) -> None:
        version = draft(session, company, now=now)
        bundle = EvidenceBundle(
            organization_id=company.organization.id,
            bundle_scope=scope,
            tree_size=1,
            record_count=1,
            manifest_sha256=b"x" * 32,
            exported_at=now - timedelta(minutes=minutes_old),
        )
        session.add(bundle)
        session.flush()
        with pytest.raises(InvalidInputError, match=refusal) if refusal else nullcontext():
            publishing.record_release_check(
                session,
                company.manager,
                version_id=version.id,
                release_check=ReleaseCheck.EVIDENCE_EXPORT,
                evidence_id=bundle.id,
                now=now,
            )


@pytest.mark.requirement("RSK-01")
class TestPermissions:
    """Wrong role: refused with the reason. Wrong tenant: as if it did not exist."""

    @pytest.mark.parametrize(
        "act",
        [
            lambda s, who, v, now: policies.create_policy(
                s, who, organization_id=v.org, code="P-1", title="P", now=now
            ),
            lambda s, who, v, now: policies.publish_policy_version(
                s, who, policy_id=v.policy, version="1.1.0", summary="x", effective_on=now.date(), now=now
            ),
            lambda s, who, v, now: features.create_runbook(
                s, who, organization_id=v.org, code="R-1", title="R", steps=[{"title": "a", "text": "b"}], now=now
            ),
            lambda s, who, v, now: features.set_feature(
                s, who, organization_id=v.org, action="a", title="A", explanation="word " * 120,
                tip_bullets=["a", "b"], policy_code="POL-LOCK-001", runbook_code="RB-LOCK", now=now,
            ),
            lambda s, who, v, now: service.create_lesson(
                s, who, organization_id=v.org, code="L-1", title="L", lesson_type=LessonType.QUIZ, now=now
            ),
            lambda s, who, v, now: service.draft_version(
                s, who, lesson_id=v.lesson, body=BODY, duration_minutes=Decimal(1), now=now
            ),
            lambda s, who, v, now: service.revise_version(
                s, who, version_id=v.version, body=BODY, duration_minutes=Decimal(1), now=now
            ),
            lambda s, who, v, now: service.submit_for_review(s, who, version_id=v.version, now=now),
            lambda s, who, v, now: reviewing.decide_review(
                s, who, review_id=v.review, outcome=ReviewOutcome.APPROVED, now=now
            ),
            lambda s, who, v, now: publishing.record_release_check(
                s, who, version_id=v.version, release_check=ReleaseCheck.LINKS, now=now
            ),
            lambda s, who, v, now: publishing.publish_version(s, who, version_id=v.version, now=now),
            lambda s, who, v, now: publishing.retire_lesson(s, who, lesson_id=v.lesson, now=now),
            lambda s, who, v, now: service.version_view(s, who, version_id=v.version),
        ],
        ids=[
            "create_policy", "publish_policy_version", "create_runbook", "set_feature", "create_lesson",
            "draft_version", "revise_version", "submit_for_review", "decide_review", "record_release_check",
            "publish_version", "retire_lesson", "version_view",
        ],
    )  # fmt: skip
    def test_every_use_case_refuses_the_wrong_role_and_hides_from_the_wrong_tenant(
        self,
        session: Session,
        company: Company,
        stranger: Principal,
        now: datetime,
        act: Callable[..., object],
    ) -> None:
        version = draft(session, company, now=now)
        task = service.submit_for_review(session, company.manager, version_id=version.id, now=now)[0]

        ids = SimpleNamespace(
            org=company.organization.id,
            policy=session.scalars(select(Policy.id)).one(),
            lesson=version.lesson_id,
            version=version.id,
            review=task.id,
        )
        before = len(kinds(session, ""))
        with pytest.raises(NotAuthorizedError):
            act(session, company.technician, ids, now)
        with pytest.raises(NotFoundError):
            act(session, stranger, ids, now)
        assert len(kinds(session, "")) == before

    def test_the_platforms_content_is_changed_by_the_platform_only(
        self, session: Session, company: Company, now: datetime
    ) -> None:
        for act in (
            lambda: policies.create_policy(
                session, company.manager, organization_id=None, code="P", title="P", now=now
            ),
            lambda: service.create_lesson(
                session,
                company.manager,
                organization_id=None,
                code="L",
                title="L",
                lesson_type=LessonType.QUIZ,
                now=now,
            ),
        ):
            with pytest.raises(NotAuthorizedError):
                act()

    def test_the_platforms_reviewers_review_the_platforms_lessons_and_nobody_elses_reviewers_do(
        self, session: Session, company: Company, now: datetime
    ) -> None:
        platform = builders.create_organization(session, OrganizationKind.PLATFORM)
        reviewer = create_member(session, platform, Role.CONTENT_REVIEWER)
        lesson = service.create_lesson(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=None,
            code="PLAIN",
            title="Plain",
            lesson_type=LessonType.QUIZ,
            now=now,
        )
        version = service.draft_version(
            session, SYSTEM_PRINCIPAL, lesson_id=lesson.id, body={}, duration_minutes=Decimal(2), now=now
        )
        task = service.submit_for_review(session, SYSTEM_PRINCIPAL, version_id=version.id, now=now)[0]
        with pytest.raises(NotAuthorizedError):
            reviewing.decide_review(
                session, company.reviewer, review_id=task.id, outcome=ReviewOutcome.APPROVED, now=now
            )
        assert [view.id for view in reviewing.list_open_reviews(session, reviewer)][:1] == [task.id]
        assert reviewing.list_open_reviews(session, company.reviewer) == []
        reviewing.decide_review(session, reviewer, review_id=task.id, outcome=ReviewOutcome.APPROVED, now=now)

    def test_drafts_are_for_those_who_work_on_them(
        self, session: Session, company: Company, stranger: Principal, now: datetime
    ) -> None:
        version = draft(session, company, now=now)
        assert [v.id for _, v in service.list_unfinished(session, company.reviewer)] == [version.id]
        assert service.list_unfinished(session, company.technician) == []
        assert service.list_unfinished(session, stranger) == []
        assert service.list_lessons(session, company.manager) == []


@pytest.mark.requirement("EMB-19")
class TestPolicyChange:
    def change(
        self, session: Session, company: Company, *, now: datetime, effective_on: date, **what: bool
    ) -> policies.PolicyChangeReport:
        policy_id = session.scalars(select(Policy.id).where(Policy.code == "POL-LOCK-001")).one()
        return policies.publish_policy_version(
            session,
            company.manager,
            policy_id=policy_id,
            version="2.0.0",
            summary="Two locks.",
            effective_on=effective_on,
            now=now,
            **what,
        )

    def certified(self, session: Session, company: Company, at: datetime, known: datetime) -> bool:
        return is_certified(
            session,
            company.technician,
            scope="lockout",
            person_id=company.technician.person_id,
            at=at,
            as_known_at=known,
            organization_id=company.organization.id,
        ).is_certified

    def test_flags_dependents_and_creates_review_tasks(self, session: Session, company: Company, now: datetime) -> None:
        version = publish(session, company, now=now)
        report = self.change(session, company, now=now, effective_on=date(2026, 12, 1))
        assert report.flagged_lesson_ids == (version.lesson_id,)
        assert {(task.area, task.reason) for task in report.reviews} == {
            (ReviewArea.SECURITY_COMPLIANCE, ReviewReason.POLICY_CHANGE),
            (ReviewArea.UX, ReviewReason.POLICY_CHANGE),
        }
        assert version.refresh_due_on == date(2026, 12, 1)
        assert kinds(session, "content.flagged") == ["content.flagged"]

    def test_wording_alone_asks_nobody_to_recertify(self, session: Session, company: Company, now: datetime) -> None:
        publish(session, company, now=now)
        take(session, company.technician, lesson_of(session, "LOCKOUT"), company.organization, now=now)
        report = self.change(session, company, now=now + timedelta(days=1), effective_on=date(2026, 12, 1))
        assert (report.recertify_from, report.ended_evidence_count) == (None, 0)
        later = now + timedelta(days=100)
        assert self.certified(session, company, later, later)

    @pytest.mark.parametrize(
        ("what", "due_on"), [({}, date(2027, 11, 3)), ({"changes_scope": True}, date(2026, 12, 1))]
    )
    def test_looking_at_it_settles_a_change_of_wording_and_no_other(
        self, session: Session, company: Company, now: datetime, what: dict[str, bool], due_on: date
    ) -> None:
        version = publish(session, company, now=now)
        report = self.change(session, company, now=now, effective_on=date(2026, 12, 1), **what)
        for task in report.reviews:
            decide(session, company, task, now=now + timedelta(days=1))
        assert version.refresh_due_on == due_on
        # Nobody is asked twice for what only a new version mends.
        assert reviewing.request_due_refreshes(session, now=now + timedelta(days=60)) == []

    @pytest.mark.parametrize("what", [{"changes_scope": True}, {"changes_controls": True}])
    def test_changed_scope_or_controls_end_former_evidence_on_the_effective_day(
        self, session: Session, company: Company, now: datetime, what: dict[str, bool]
    ) -> None:
        publish(session, company, now=now)
        take(session, company.technician, lesson_of(session, "LOCKOUT"), company.organization, now=now)
        learned_at = now + timedelta(days=1)
        report = self.change(session, company, now=learned_at, effective_on=date(2026, 12, 1), **what)
        assert report.recertify_from == date(2026, 12, 1)
        assert report.ended_evidence_count == 2
        last = datetime(2026, 11, 30, 23, tzinfo=now.tzinfo)
        first = datetime(2026, 12, 1, 0, 0, 1, tzinfo=now.tzinfo)
        assert self.certified(session, company, last, first)
        assert not self.certified(session, company, first, first)
        # As known before the change was published, it would have held.
        assert self.certified(session, company, first, learned_at - timedelta(seconds=1))
        proven = select(ProficiencyEvidence.revocation_reason).where(ProficiencyEvidence.level != "enrolled")
        assert set(session.scalars(proven)) == {"superseded_version"}

    def test_passing_the_old_version_meanwhile_counts_until_that_day_only(
        self, session: Session, company: Company, now: datetime
    ) -> None:
        publish(session, company, now=now)
        self.change(session, company, now=now, effective_on=date(2026, 12, 1), changes_scope=True)
        take(session, company.technician, lesson_of(session, "LOCKOUT"), company.organization, now=now)
        first = datetime(2026, 12, 1, 8, tzinfo=now.tzinfo)
        assert self.certified(session, company, first - timedelta(days=1), first)
        assert not self.certified(session, company, first, first)
        with pytest.raises(ConflictError, match="its owner is revising it"):
            start_attempt(
                session,
                company.technician,
                lesson_id=lesson_of(session, "LOCKOUT").id,
                organization_id=company.organization.id,
                now=first,
            )

    def test_the_new_version_certifies_across_the_day(self, session: Session, company: Company, now: datetime) -> None:
        old = publish(session, company, now=now)
        take(session, company.technician, lesson_of(session, "LOCKOUT"), company.organization, now=now)
        self.change(session, company, now=now, effective_on=date(2026, 12, 1), changes_controls=True)
        new = service.draft_version(
            session,
            company.manager,
            lesson_id=old.lesson_id,
            body=BODY,
            duration_minutes=Decimal(2),
            change=VersionChange.MAJOR,
            now=now,
            **FIELDS,
        )  # fmt: skip
        try_out(session, company, new, now=now)
        review(session, company, new, now=now)
        publishing.publish_version(session, company.manager, version_id=new.id, now=now)
        assert (new.version, new.recertify_from) == ("2.0.0", date(2026, 12, 1))
        later = now + timedelta(days=2)
        take(session, company.technician, lesson_of(session, "LOCKOUT"), company.organization, now=later)
        first = datetime(2026, 12, 1, 8, tzinfo=now.tzinfo)
        assert self.certified(session, company, first, first)
        # Tasks of the version that is out of use are nobody's any more.
        assert [task for task in reviewing.list_open_reviews(session, company.reviewer)] == []

    def test_versions_ascend_and_take_effect_ahead(self, session: Session, company: Company, now: datetime) -> None:
        publish(session, company, now=now)
        with pytest.raises(InvalidInputError):
            self.change(session, company, now=now, effective_on=date(2026, 11, 1))
        self.change(session, company, now=now, effective_on=date(2026, 12, 1))
        with pytest.raises(ConflictError):
            self.change(session, company, now=now, effective_on=date(2026, 12, 2))


@pytest.mark.requirement("EMB-11")
class TestFeatures:
    def describe(self, session: Session, company: Company, now: datetime, **fields: object) -> None:
        values: dict[str, object] = {
            "title": "Open a controller",
            "explanation": "word " * 120,
            "tip_bullets": ["Switch off.", "Lock."],
            "policy_code": "POL-LOCK-001",
            "runbook_code": "RB-LOCK",
            "lesson_code": "LOCKOUT",
        }
        features.set_feature(
            session,
            company.manager,
            organization_id=company.organization.id,
            action="open-controller",
            now=now,
            **{**values, **fields},  # type: ignore[arg-type]
        )

    def test_ties_policy_runbook_tip_and_lesson(self, session: Session, company: Company, now: datetime) -> None:
        publish(session, company, now=now)
        self.describe(session, company, now)
        view = features.feature_of(session, "open-controller", company.organization.id, on=now.date())
        assert (view.policy.code, view.policy.version, view.runbook.code) == ("POL-LOCK-001", "1.0.0", "RB-LOCK")
        assert 30 <= view.reading_seconds <= 60
        assert view.lesson is not None
        assert view.lesson.code == "LOCKOUT"

    def test_is_its_organizations_own(
        self, session: Session, company: Company, stranger: Principal, now: datetime
    ) -> None:
        publish(session, company, now=now)
        self.describe(session, company, now)
        with pytest.raises(NotFoundError):
            features.feature_of(session, "open-controller", create_company(session).organization.id)
        with pytest.raises(NotFoundError):
            features.list_features(session, stranger, organization_id=company.organization.id, on=now.date())

    @pytest.mark.parametrize(
        "fields",
        [
            {"tip_bullets": ["One."]},
            {"tip_bullets": ["1", "2", "3", "4"]},
            {"explanation": "Too short."},
            {"explanation": "word " * 201},
            {"title": " "},
        ],
    )
    def test_malformed_descriptions_are_refused(
        self, session: Session, company: Company, now: datetime, fields: dict[str, object]
    ) -> None:
        draft(session, company, now=now)
        with pytest.raises(InvalidInputError):
            self.describe(session, company, now, **fields)

    def test_a_step_launches_walkthroughs_only(self, session: Session, company: Company, now: datetime) -> None:
        version = draft(session, company, now=now)
        with pytest.raises(ConflictError, match="no walkthrough"):
            features.create_runbook(
                session,
                company.manager,
                organization_id=company.organization.id,
                code="RB-2",
                title="Two",
                steps=[{"title": "a", "text": "b", "walkthrough_lesson_id": version.lesson_id}],
                now=now,
            )


class TestCodes:
    def test_are_unique_within_their_owner(self, session: Session, company: Company, now: datetime) -> None:
        draft(session, company, now=now)
        with pytest.raises(ConflictError, match="POL-LOCK-001 stands for something"):
            policies.create_policy(
                session,
                company.manager,
                organization_id=company.organization.id,
                code="pol-lock-001",
                title="x",
                now=now,
            )
        assert draft(session, create_company(session), now=now).version == "1.0.0"

    @pytest.mark.parametrize("code", ["", "  ", "A B", "A/B", "X" * 41])
    def test_have_letters_digits_and_hyphens(
        self, session: Session, company: Company, now: datetime, code: str
    ) -> None:
        with pytest.raises(InvalidInputError):
            policies.create_policy(
                session, company.manager, organization_id=company.organization.id, code=code, title="x", now=now
            )

    def test_another_companys_policy_cannot_be_taught(self, session: Session, company: Company, now: datetime) -> None:
        draft(session, company, now=now)
        other = create_company(session)
        lesson = service.create_lesson(
            session,
            other.manager,
            organization_id=other.organization.id,
            code="X",
            title="X",
            lesson_type=LessonType.MICRO_LESSON,
            now=now,
        )
        with pytest.raises(NotFoundError, match="POL-LOCK-001"):
            service.draft_version(
                session, other.manager, lesson_id=lesson.id, body=BODY, duration_minutes=Decimal(1), now=now, **FIELDS
            )
