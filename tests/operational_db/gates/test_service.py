"""Deciding, setting and ending rules, and replaying, authorised on the principal, on a real database."""

from datetime import date, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from operational_db.errors import GateDeniedError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.gates import service
from operational_db.gates.repository import GateRepository, to_terms
from operational_db.gates.rules import GateDecision, GateReason, Requirement
from operational_db.gates.service import replay_event
from operational_db.gates.shipped import DATA_EXPORT, EVIDENCE_EXPORT, PRODUCTION_CHANGE, install_platform_rules
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.proficiency.service import record_evidence, revoke_evidence
from operational_db.tables.content import Lesson, Policy, ProtectedFeature, Runbook
from operational_db.tables.gates import GateRule, GateWaiver, ProficiencyEvidence, ScopeRule, TrainingTrack
from operational_db.tables.identity import Organization
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import (
    GateMode,
    GateOutcome,
    LessonType,
    OrganizationKind,
    Persona,
    ProficiencyLevel,
    Role,
    TrackTier,
    new_id,
)
from tests import builders
from tests.operational_db.principals import body_of, create_manager, create_member, events_about, principal_of

EXPORT = Requirement(ProficiencyLevel.PROFICIENT, scope="data-export", within_months=12)


def enforce(
    session: Session,
    organization: Organization | None,
    now: datetime,
    *requirements: Requirement,
    action: str = "export",
) -> GateRule:
    return service.set_gate_rule(
        session,
        SYSTEM_PRINCIPAL,
        organization_id=None if organization is None else organization.id,
        action=action,
        requirements=requirements or (EXPORT,),
        mode=GateMode.ENFORCE,
        now=now,
    )


def prove(
    session: Session,
    person_id: UUID,
    now: datetime,
    *,
    scope: str = "data-export",
    level: ProficiencyLevel = ProficiencyLevel.PROFICIENT,
    lesson: Lesson | None = None,
    organization: Organization | None = None,
) -> list[ProficiencyEvidence]:
    return record_evidence(
        session,
        person_id=person_id,
        organization_id=None if organization is None else organization.id,
        scopes=[scope],
        lesson_id=None if lesson is None else lesson.id,
        lesson_version=None,
        level=level,
        achieved_at=now,
        now=now,
    )


def ask(
    session: Session, principal: Principal, organization: Organization | None, now: datetime, **options: object
) -> GateDecision:
    given: dict[str, object] = {"action": "export", "person_id": principal.person_id, **options}
    organization_id = None if organization is None else organization.id
    return service.decide_gate(session, principal, organization_id=organization_id, now=now, **given)  # type: ignore[arg-type]


def decided(session: Session, person_id: UUID) -> list[dict[str, object]]:
    return [body_of(event) for event in events_about(session, person_id) if event.kind == "gate.decided"]


@pytest.mark.requirement("EMB-14")
class TestDecide:
    def test_without_training_it_denies_and_with_it_allows_both_recorded(self, session: Session, now: datetime) -> None:
        organization = builders.create_organization(session)
        member = create_member(session, organization)
        enforce(session, organization, now)

        before = ask(session, member, organization, now)
        evidence = prove(session, member.person_id, now)
        after = ask(session, member, organization, now, resource="table/7")

        assert (before.outcome, before.reason) == (GateOutcome.DENY, GateReason.NEVER_TRAINED)
        assert (after.outcome, after.reason) == (GateOutcome.ALLOW, GateReason.REQUIREMENTS_MET)
        assert {*after.evidence_ids} <= {row.id for row in evidence}
        first, second = decided(session, member.person_id)
        assert (first["outcome"], first["reason"], first["evidence_ids"]) == ("deny", "never_trained", "")
        assert (second["outcome"], second["resource"]) == ("allow", "table/7")
        assert second["evidence_ids"] == ",".join(map(str, after.evidence_ids))
        assert second["decision"] == after.canonical().decode()
        assert session.get(LedgerEvent, after.decision_id) is not None

    def test_a_waiver_in_the_table_is_a_fact_of_the_decision(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        member = create_member(session, organization)
        enforce(session, organization, now)
        waiver = GateWaiver(
            organization_id=organization.id, person_id=member.person_id, action="export", reason="On call.",
            approver_id=manager.person_id, starts_on=now.date(), ends_on=now.date(), recorded_at=now,
        )  # fmt: skip
        session.add(waiver)

        decision = ask(session, member, organization, now)

        assert (decision.reason, decision.waiver_id) == (GateReason.WAIVED, waiver.id)
        assert ask(session, member, organization, now + timedelta(days=1)).reason is GateReason.NEVER_TRAINED

    def test_the_own_rule_goes_before_the_platforms_and_the_highest_version_in_effect_counts(
        self, session: Session, now: datetime
    ) -> None:
        organization = builders.create_organization(session)
        member = create_member(session, organization)
        assert ask(session, member, organization, now).reason is GateReason.NO_RULE
        platform = enforce(session, None, now)
        assert ask(session, member, organization, now).rule_id == platform.id
        own = enforce(session, organization, now)
        assert ask(session, member, organization, now).rule_id == own.id
        later = service.set_gate_rule(
            session, SYSTEM_PRINCIPAL, organization_id=organization.id, action="export", requirements=[EXPORT],
            mode=GateMode.DRY_RUN, effective_from=now.date() + timedelta(days=1), now=now,
        )  # fmt: skip
        assert ask(session, member, organization, now).rule_id == own.id
        tomorrow = ask(session, member, organization, now + timedelta(days=1))
        assert (tomorrow.rule_id, tomorrow.rule_version, tomorrow.is_allowed) == (later.id, 2, True)

    def test_tracks_are_found_by_name_the_organizations_own_first(self, session: Session, now: datetime) -> None:
        organization = builders.create_organization(session)
        member = create_member(session, organization)
        enforce(
            session,
            organization,
            now,
            Requirement(ProficiencyLevel.COMPLETED, track="operations/core", within_months=9),
        )
        tracks = [
            TrainingTrack(
                id=new_id(), organization_id=owner, persona=Persona.OPERATIONS, tier=TrackTier.CORE, title="T"
            )
            for owner in (None, organization.id)
        ]
        session.add(tracks[0])
        session.flush()
        session.add(
            ProficiencyEvidence(
                person_id=member.person_id, track_id=tracks[0].id, level=ProficiencyLevel.COMPLETED,
                achieved_at=now, recorded_at=now,
            )
        )  # fmt: skip
        assert ask(session, member, organization, now).outcome is GateOutcome.ALLOW
        session.add(tracks[1])
        assert ask(session, member, organization, now).reason is GateReason.NEVER_TRAINED

    def test_what_another_organizations_lesson_proves_counts_there_alone(self, session: Session, now: datetime) -> None:
        ours, theirs = builders.create_organization(session), builders.create_organization(session)
        member = create_member(session, ours)
        builders.create_membership(session, None, theirs, person_id=member.person_id)
        lesson = Lesson(organization_id=theirs.id, code="EASY", title="Easy", lesson_type=LessonType.QUIZ)
        session.add(lesson)
        session.flush()
        for organization in (ours, theirs):
            enforce(session, organization, now)
        prove(session, member.person_id, now, lesson=lesson, organization=theirs)

        assert ask(session, member, theirs, now).outcome is GateOutcome.ALLOW
        assert ask(session, member, ours, now).reason is GateReason.NEVER_TRAINED

    def test_only_what_is_known_by_then_counts(self, session: Session, now: datetime) -> None:
        organization = builders.create_organization(session)
        member = create_member(session, organization)
        enforce(session, organization, now)
        (row, *_) = prove(session, member.person_id, now)
        revoke_evidence(
            session, SYSTEM_PRINCIPAL, evidence_id=row.id, revoked_from=now.date(), reason="Copied.",
            now=now + timedelta(hours=1),
        )  # fmt: skip
        assert ask(session, member, organization, now + timedelta(minutes=59)).outcome is GateOutcome.ALLOW
        assert ask(session, member, organization, now + timedelta(hours=1)).reason is GateReason.REVOKED

    def test_strangers_are_denied_and_others_may_not_ask(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        other_manager, other = create_manager(session)
        member = create_member(session, organization)
        technician = create_member(session, organization)
        enforce(session, organization, now)
        enforce(session, other, now)

        assert ask(session, manager, organization, now, person_id=new_id()).reason is GateReason.NOT_A_MEMBER
        assert ask(session, other_manager, other, now, person_id=member.person_id).reason is GateReason.NOT_A_MEMBER
        assert ask(session, member, other, now).reason is GateReason.NOT_A_MEMBER
        assert ask(session, manager, organization, now, person_id=member.person_id).reason is GateReason.NEVER_TRAINED
        for principal, organization_asked in (
            (technician, organization),
            (other_manager, organization),
            (manager, None),
        ):
            with pytest.raises(NotAuthorizedError):
                ask(session, principal, organization_asked, now, person_id=member.person_id)

    def test_a_membership_that_ended_is_none(self, session: Session, now: datetime) -> None:
        organization = builders.create_organization(session)
        member = create_member(session, organization, ended_on=now.date())
        enforce(session, organization, now)
        prove(session, member.person_id, now - timedelta(days=1))
        assert ask(session, member, organization, now - timedelta(days=1)).rule_id is None
        assert ask(session, member, organization, now).reason is GateReason.NOT_A_MEMBER

    @pytest.mark.parametrize("action", ["", "a\x00b", "a\nb", "x" * 201])
    def test_what_is_no_name_is_refused(self, session: Session, now: datetime, action: str) -> None:
        member = create_member(session, builders.create_organization(session))
        with pytest.raises(InvalidInputError):
            ask(session, member, None, now, action=action)


class TestRules:
    def test_versions_are_numbered_and_recorded(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        install_platform_rules(session, now=now)
        rules = [
            service.set_gate_rule(
                session, manager, organization_id=organization.id, action="export",
                requirements=[{"scope": "pii", "level": "completed", "within": {"days": days}}],
                mode=GateMode.ENFORCE, now=now,
            )
            for days in (30, 60)
        ]  # fmt: skip
        assert [rule.version for rule in rules] == [1, 2]
        assert rules[1].requirements == [{"scope": "pii", "level": "completed", "within": {"days": 60}}]
        recorded = GateRepository(session).recorded_rules()
        assert orjson.loads(recorded[rules[1].id])["requirements"] == rules[1].requirements
        views = service.rules_of(session, manager, organization.id, now=now)
        own = [(view.terms.version, view.is_in_effect) for view in views if not view.is_platform]
        assert own == [(2, True), (1, False)]

    def test_an_ended_rule_gives_way_to_the_platforms_and_never_to_its_former_version(
        self, session: Session, now: datetime
    ) -> None:
        manager, organization = create_manager(session)
        install_platform_rules(session, now=now)
        member = create_member(session, organization)
        for _ in range(2):
            enforce(session, organization, now)
        ended = service.end_gate_rule(session, manager, organization_id=organization.id, action="export", now=now)
        assert {rule.ended_on for rule in ended} == {now.date()}
        assert ask(session, member, organization, now).reason is GateReason.NO_RULE
        platform = enforce(session, None, now)
        assert ask(session, member, organization, now).rule_id == platform.id
        with pytest.raises(NotFoundError):
            service.end_gate_rule(session, manager, organization_id=organization.id, action="export", now=now)
        assert enforce(session, organization, now).version == 3

    @pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.SUPERVISOR, Role.AUDITOR])
    def test_others_may_not_change_them(self, session: Session, now: datetime, role: Role) -> None:
        organization = builders.create_organization(session)
        principal = create_member(session, organization, role)
        outsider, _ = create_manager(session)
        for each, owner in ((principal, organization.id), (outsider, organization.id), (outsider, None)):
            with pytest.raises(NotAuthorizedError):
                service.set_gate_rule(
                    session, each, organization_id=owner, action="export", requirements=[EXPORT],
                    mode=GateMode.ENFORCE, now=now,
                )  # fmt: skip
            with pytest.raises(NotAuthorizedError):
                service.end_gate_rule(session, each, organization_id=owner, action="export", now=now)
        with pytest.raises(NotAuthorizedError):
            service.rules_of(session, outsider, organization.id, now=now)

    def test_changing_a_rule_is_behind_a_gate_itself(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        needed = Requirement(ProficiencyLevel.COMPLETED, scope="prod-change", within_days=90)
        enforce(session, organization, now, needed, action=service.RULE_CHANGE)

        def change() -> GateRule:
            return service.set_gate_rule(
                session, manager, organization_id=organization.id, action="export", requirements=[EXPORT],
                mode=GateMode.ENFORCE, now=now,
            )  # fmt: skip

        with pytest.raises(GateDeniedError) as denied:
            change()
        assert denied.value.details["reason"] == "never_trained"
        assert denied.value.details["missing"] == ["scope:prod-change"]
        prove(session, manager.person_id, now, scope="prod-change", level=ProficiencyLevel.COMPLETED)
        assert change().version == 1
        assert [body["outcome"] for body in decided(session, manager.person_id)] == ["deny", "allow"]

    def test_where_no_rule_covers_the_change_only_the_operator_makes_it(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        with pytest.raises(GateDeniedError) as denied:
            service.end_gate_rule(session, manager, organization_id=organization.id, action="export", now=now)
        assert denied.value.details["reason"] == "no_rule"
        assert enforce(session, organization, now).version == 1

    def test_the_platforms_administrators_change_any_rule_under_the_platforms_own(
        self, session: Session, now: datetime
    ) -> None:
        platform = builders.create_organization(session, OrganizationKind.PLATFORM)
        administrator = create_member(session, platform, Role.PLATFORM_ADMIN)
        organization = builders.create_organization(session)
        install_platform_rules(session, now=now)
        rule = service.set_gate_rule(
            session, administrator, organization_id=organization.id, action="export", requirements=[EXPORT],
            mode=GateMode.ENFORCE, now=now,
        )  # fmt: skip
        assert rule.created_by == administrator.person_id

    def test_what_cannot_be_meant_is_refused(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        install_platform_rules(session, now=now)
        foreign = Policy(organization_id=builders.create_organization(session).id, code="P", title="P")
        session.add(foreign)
        session.flush()
        wrong: list[dict[str, object]] = [
            {"requirements": []},
            {"action": "a\tb"},
            {"effective_from": now.date() - timedelta(days=1)},
            {"policy_id": foreign.id},
            {"lesson_id": new_id(), "runbook_id": new_id()},
        ]
        for values in wrong:
            given: dict[str, object] = {"action": "export", "requirements": [EXPORT], **values}
            with pytest.raises(InvalidInputError):
                service.set_gate_rule(
                    session,
                    manager,
                    organization_id=organization.id,
                    mode=GateMode.ENFORCE,
                    now=now,
                    **given,  # type: ignore[arg-type]
                )
        with pytest.raises(InvalidInputError):
            service.end_gate_rule(
                session, manager, organization_id=organization.id, action="export",
                ended_on=now.date() - timedelta(days=1), now=now,
            )  # fmt: skip


@pytest.mark.requirement("EMB-14", "EMB-10", "EMB-22")
class TestShipped:
    def test_they_are_installed_once_and_only_tried_out(self, session: Session, now: datetime) -> None:
        installed = install_platform_rules(session, now=now)
        assert {DATA_EXPORT, PRODUCTION_CHANGE, EVIDENCE_EXPORT, service.RULE_CHANGE} <= set(installed)
        assert install_platform_rules(session, now=now) == []
        rules = session.scalars(select(GateRule)).all()
        assert {rule.mode for rule in rules} == {GateMode.DRY_RUN}
        assert all(rule.organization_id is None and rule.created_by is None for rule in rules)
        assert session.scalar(select(func.count()).select_from(ScopeRule)) == 4

    def test_a_feature_that_comes_later_gives_the_rule_its_policy_runbook_and_lesson(
        self, session: Session, now: datetime
    ) -> None:
        install_platform_rules(session, now=now)
        policy, runbook = Policy(code="POL-1", title="Policy"), Runbook(code="RB-1", title="Runbook")
        lesson = Lesson(code="L-1", title="Lesson", lesson_type=LessonType.MICRO_LESSON)
        session.add_all([policy, runbook, lesson])
        session.flush()
        session.add(
            ProtectedFeature(
                action=DATA_EXPORT, title="Export", explanation="Why.", tip_bullets=["a", "b"],
                policy_id=policy.id, runbook_id=runbook.id, lesson_id=lesson.id,
            )
        )  # fmt: skip
        session.flush()
        assert install_platform_rules(session, now=now) == [DATA_EXPORT]
        assert install_platform_rules(session, now=now) == []
        terms = service.terms_in_effect(session, action=DATA_EXPORT, organization_id=None, now=now)
        assert terms is not None
        assert (terms.version, terms.policy_id, terms.lesson_id) == (2, policy.id, lesson.id)

    def test_in_dry_run_the_untrained_pass_and_the_record_says_no(self, session: Session, now: datetime) -> None:
        organization = builders.create_organization(session)
        member = create_member(session, organization)
        install_platform_rules(session, now=now)
        decision = ask(session, member, organization, now, action=DATA_EXPORT)
        assert (decision.is_allowed, decision.outcome) == (True, GateOutcome.DENY)
        (body,) = decided(session, member.person_id)
        assert (body["mode"], body["outcome"]) == ("dry_run", "deny")


@pytest.mark.requirement("EMB-14")
class TestReplay:
    def test_every_decision_comes_out_the_same_bit_for_bit(self, session: Session, now: datetime) -> None:
        organization = builders.create_organization(session)
        member = create_member(session, organization)
        ask(session, member, organization, now)
        enforce(session, organization, now)
        ask(session, member, organization, now)
        (row, *_) = prove(session, member.person_id, now)
        decision = ask(session, member, organization, now)
        revoke_evidence(
            session, SYSTEM_PRINCIPAL, evidence_id=row.id, revoked_from=now.date(), reason="Copied.", now=now
        )
        enforce(session, organization, now, Requirement(ProficiencyLevel.CERTIFIED, scope="other"))

        assert decision.decision_id is not None
        result = service.replay_decision(session, decision.decision_id)
        assert (result.is_identical, result.replayed) == (True, decision.canonical())
        day = datetime.combine(now.date(), datetime.min.time(), now.tzinfo)
        report = service.replay_range(session, since=day, until=day + timedelta(days=1))
        assert (report.replayed_count, report.identical_count, report.is_identical) == (3, 3, True)
        later = service.replay_range(session, since=day + timedelta(days=1), until=day + timedelta(days=2))
        assert later.replayed_count == 0
        other = service.replay_range(
            session, since=day, until=day + timedelta(days=1), organization_id=builders.create_organization(session).id
        )
        assert other.replayed_count == 0

    @pytest.mark.parametrize(
        ("former", "forged"),
        [
            ('"outcome":"deny"', '"outcome":"allow"'),
            ('\\"is_allowed\\":false', '\\"is_allowed\\":true'),
            ('\\"is_member\\":true', '\\"is_member\\":false'),
            ('"resource":"table/7"', '"resource":"table/8"'),
        ],
    )
    def test_a_forged_record_is_found(self, session: Session, now: datetime, former: str, forged: str) -> None:
        organization = builders.create_organization(session)
        member = create_member(session, organization)
        enforce(session, organization, now)
        decision = ask(session, member, organization, now, resource="table/7")
        event = session.get(LedgerEvent, decision.decision_id)
        assert event is not None
        assert former in event.body
        changed = LedgerEvent(
            id=event.id, kind=event.kind, version=event.version, subject_id=event.subject_id,
            organization_id=event.organization_id, occurred_at=event.occurred_at, recorded_at=event.recorded_at,
            body=event.body.replace(former, forged),
        )  # fmt: skip
        rules = GateRepository(session).recorded_rules()
        assert replay_event(event, rules).is_identical
        assert not replay_event(changed, rules).is_identical
        assert replay_event(event, {}).difference is not None

    def test_what_was_never_decided_is_not_found(self, session: Session) -> None:
        with pytest.raises(NotFoundError):
            service.replay_decision(session, new_id())

    def test_replays_find_their_decisions_by_an_index(self, session: Session) -> None:
        session.execute(text("set local enable_seqscan = off"))
        statement = (
            "explain select id from ledger_events where kind = 'gate.decided' and occurred_at >= '2026-01-01' "
            "and occurred_at < '2026-01-02'"
        )
        plan = "\n".join(session.scalars(text(statement)))
        assert "ix_ledger_events_gates" in plan


def test_a_person_of_no_organization_asks_the_platform(session: Session, now: datetime) -> None:
    person = builders.create_person(session)
    enforce(session, None, now)
    assert ask(session, principal_of(person), None, now).reason is GateReason.NEVER_TRAINED
    person.erased_at = now
    assert ask(session, principal_of(person), None, now).reason is GateReason.NOT_A_MEMBER


def test_facts_for_a_proposal_are_as_they_were_known(session: Session, now: datetime) -> None:
    manager, organization = create_manager(session)
    rule = to_terms(enforce(session, organization, now))
    prove(session, manager.person_id, now)
    for known_at, count in ((now, 2), (now - timedelta(seconds=1), 0)):
        (facts,) = service.facts_for(
            session, manager, rule, organization_id=organization.id, person_ids=[manager.person_id], at=now,
            as_known_at=known_at,
        )  # fmt: skip
        assert (len(facts.evidence), facts.is_member) == (count, True)
    outsider, _ = create_manager(session)
    with pytest.raises(NotAuthorizedError):
        service.facts_for(session, outsider, rule, organization_id=organization.id, person_ids=[], at=now)
    assert date(2026, 11, 2) == now.date()
