"""Impact preview: who would newly be denied or allowed, then and today; and nothing is written."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.gates import service, waivers
from operational_db.gates.history import load_history
from operational_db.gates.preview import ImpactPreview, PolicyChangeProposal, Proposal, preview_rule
from operational_db.gates.rules import GateTerms, Requirement
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.proficiency.rules import ScopeRuleTerms
from operational_db.proficiency.service import revoke_evidence
from operational_db.tables.content import LessonPolicy, LessonVersion, Policy
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import GateMode, ProficiencyLevel, Role, new_id
from tests import builders
from tests.operational_db.gates.gate_people import ACTION, SCOPE, WITHIN_YEAR, Company
from tests.operational_db.principals import create_manager, create_member

PROFICIENT = Requirement(ProficiencyLevel.PROFICIENT, scope=SCOPE, within_months=12)


@pytest.fixture
def company(session: Session, now: datetime) -> Company:
    manager, organization = create_manager(session)
    return Company(session, manager, organization, now)


def proposal(*requirements: Requirement, mode: GateMode = GateMode.ENFORCE, action: str = ACTION) -> GateTerms:
    return GateTerms(action, mode, requirements or (WITHIN_YEAR,), date(2026, 11, 2))


def preview(company: Company, proposed: Proposal, days: int = 90) -> ImpactPreview:
    return preview_rule(
        company.session,
        company.manager,
        organization_id=company.organization.id,
        proposed=proposed,
        days=days,
        now=company.now,
    )


def changed(rows: object) -> dict[UUID, tuple[int, bool]]:
    return {row.person_id: (row.decision_count, row.is_changed_today) for row in rows}  # type: ignore[attr-defined]


class TestProposedRule:
    @pytest.mark.requirement("EMB-22")
    def test_a_stricter_rule_names_whom_it_would_have_stopped_and_would_stop(self, company: Company) -> None:
        """A shorter window: who learned long ago would newly be denied, then as today; who learned since, only then."""
        company.rule()
        north = builders.create_team(company.session, company.organization, name="North")
        old, renewed, fresh = company.member(team=north), company.member(), company.member()
        for person in (old, renewed):
            company.prove(person, days_ago=200)
        company.prove(fresh, days_ago=25)
        for person in (old, renewed, fresh, fresh):
            company.decide(person, days_ago=20)
        company.decide(old, days_ago=10)
        company.prove(renewed, days_ago=5)
        shorter = Requirement(ProficiencyLevel.COMPLETED, scope=SCOPE, within_days=30)
        found = preview(company, proposal(shorter))
        assert changed(found.newly_denied) == {old: (2, True), renewed: (1, False)}
        assert found.newly_allowed == ()
        assert (found.decisions_replayed, found.decisions_changed, found.people_considered) == (5, 3, 3)
        # By team, those without one last.
        assert [row.team_name for row in found.newly_denied] == ["North", None]

    def test_a_milder_rule_names_whom_it_would_let_through(self, company: Company) -> None:
        company.rule(Requirement(ProficiencyLevel.COMPLETED, scope=SCOPE, within_days=30))
        person = company.member()
        company.prove(person, days_ago=100)
        company.decide(person, days_ago=1)
        found = preview(company, proposal(WITHIN_YEAR))
        assert changed(found.newly_allowed) == {person: (1, True)}
        assert found.newly_denied == ()

    @pytest.mark.requirement("EMB-22")
    def test_turning_a_dry_run_on_names_whom_it_will_stop(self, company: Company) -> None:
        company.rule(mode=GateMode.DRY_RUN)
        trained, untrained = company.member(), company.member()
        company.prove(trained, days_ago=10)
        for person in (trained, untrained):
            assert company.decide(person, days_ago=1).is_allowed
        found = preview(company, proposal(mode=GateMode.ENFORCE))
        assert changed(found.newly_denied) == {untrained: (1, True)}
        as_dry_run = preview(company, proposal(mode=GateMode.DRY_RUN))
        assert as_dry_run.newly_denied == found.newly_denied

    def test_the_same_rule_changes_nothing(self, company: Company) -> None:
        company.rule()
        for days_ago in (3, 300):
            person = company.member()
            company.prove(person, days_ago=days_ago)
            company.decide(person, days_ago=2)
        company.decide(company.member(), days_ago=1)
        found = preview(company, proposal())
        assert (found.newly_denied, found.newly_allowed, found.decisions_replayed) == ((), (), 3)

    def test_what_was_learned_or_revoked_later_counts_for_no_earlier_decision(
        self, company: Company, now: datetime
    ) -> None:
        company.rule()
        late, revoked = company.member(), company.member()
        evidence = company.prove(revoked, days_ago=60)
        company.decide(late, days_ago=20)
        company.decide(revoked, days_ago=20)
        company.prove(late, days_ago=10)
        revoke_evidence(
            company.session,
            SYSTEM_PRINCIPAL,
            evidence_id=evidence[0],
            revoked_from=(now - timedelta(days=50)).date(),
            reason="Copied answers.",
            now=now - timedelta(days=5),
        )
        found = preview(company, proposal())
        assert (found.decisions_replayed, found.decisions_changed) == (2, 0)

    def test_a_decision_between_two_revocations_knows_the_first_one(self, company: Company, now: datetime) -> None:
        """The later one reaches further back; what was lost before it was known of is lost then as well."""
        company.rule()
        person = company.member()
        (evidence, *_) = company.prove(person, days_ago=60)

        def revoke(*, lost_ago: int, known_ago: int) -> None:
            revoke_evidence(
                company.session,
                SYSTEM_PRINCIPAL,
                evidence_id=evidence,
                revoked_from=(now - timedelta(days=lost_ago)).date(),
                reason="Copied answers.",
                now=now - timedelta(days=known_ago),
            )

        outcomes = [company.decide(person, days_ago=45).is_allowed]
        revoke(lost_ago=30, known_ago=40)
        outcomes += [company.decide(person, days_ago=35).is_allowed, company.decide(person, days_ago=20).is_allowed]
        revoke(lost_ago=50, known_ago=10)
        outcomes.append(company.decide(person, days_ago=5).is_allowed)
        assert outcomes == [True, True, False, False]
        found = preview(company, proposal())
        assert (found.decisions_replayed, found.decisions_changed) == (4, 0)

    def test_a_rule_on_an_action_without_one_is_held_against_all_members(self, company: Company) -> None:
        """No rule is a denial, so a first rule can only allow."""
        trained = company.member(has_access=False)
        company.prove(trained, days_ago=1)
        found = preview(company, proposal(action="first"))
        assert changed(found.newly_allowed) == {trained: (0, True)}
        assert found.people_considered == 2

    def test_a_waiver_holds_under_the_proposal_too(self, company: Company, now: datetime) -> None:
        company.rule(mode=GateMode.DRY_RUN)
        person = company.member()
        waivers.grant_waiver(
            company.session,
            company.manager,
            organization_id=company.organization.id,
            person_id=person,
            action=ACTION,
            reason="Covers.",
            ends_on=now.date(),
            now=now,
        )
        assert preview(company, proposal()).newly_denied == ()

    def test_only_the_days_asked_for_and_only_the_own_decisions(self, company: Company, now: datetime) -> None:
        company.rule(mode=GateMode.DRY_RUN)
        person = company.member()
        for days_ago in (1, 8, 40):
            company.decide(person, days_ago=days_ago)
        other_manager, other = create_manager(company.session)
        theirs = Company(company.session, other_manager, other, now)
        theirs.rule(mode=GateMode.DRY_RUN)
        theirs.decide(theirs.member(), days_ago=1)
        assert changed(preview(company, proposal(), days=7).newly_denied) == {person: (1, True)}
        assert changed(preview(company, proposal(), days=60).newly_denied) == {person: (3, True)}


class TestProposedValidity:
    def test_a_shorter_validity_names_whose_certification_would_be_over(self, company: Company) -> None:
        company.rule(Requirement(ProficiencyLevel.CERTIFIED, scope=SCOPE))
        old, fresh = company.member(), company.member()
        company.prove(old, days_ago=240)
        company.prove(fresh, days_ago=30)
        for person in (old, fresh):
            company.decide(person, days_ago=1)
        found = preview(company, ScopeRuleTerms(scope=SCOPE, validity_months=6))
        assert found.actions == (ACTION,)
        assert changed(found.newly_denied) == {old: (1, True)}
        longer = preview(company, ScopeRuleTerms(scope=SCOPE, validity_months=24))
        assert (longer.newly_denied, longer.newly_allowed) == ((), ())

    def test_a_longer_validity_brings_back_who_had_lapsed(self, company: Company) -> None:
        company.rule(Requirement(ProficiencyLevel.CERTIFIED, scope=SCOPE))
        lapsed = company.member()
        company.prove(lapsed, days_ago=400)
        found = preview(company, ScopeRuleTerms(scope=SCOPE, validity_months=18))
        assert changed(found.newly_allowed) == {lapsed: (0, True)}

    def test_a_scope_that_no_rule_asks_for_changes_nothing(self, company: Company) -> None:
        company.rule()
        company.decide(company.member(), days_ago=1)
        found = preview(company, ScopeRuleTerms(scope="elsewhere", validity_months=1))
        assert (found.actions, found.decisions_replayed, found.people_considered) == ((), 0, 0)


class TestProposedPolicyChange:
    @pytest.mark.parametrize(("scope", "controls", "stopped"), [(True, False, 1), (False, True, 1), (False, False, 0)])
    def test_only_changes_of_scope_or_controls_ask_for_training_anew(
        self, company: Company, scope: bool, controls: bool, stopped: int
    ) -> None:
        company.rule()
        policy = Policy(id=new_id(), code="POL-DA-003", title="Data export")
        company.session.add(policy)
        teaching, other = company.lesson(), company.lesson()
        version = company.session.scalars(select(LessonVersion).where(LessonVersion.lesson_id == teaching.id)).one()
        company.session.add(LessonPolicy(lesson_version_id=version.id, policy_id=policy.id, policy_version="1.0.0"))
        company.session.flush()
        taught, untaught = company.member(), company.member()
        company.prove(taught, days_ago=20, lesson=teaching)
        company.prove(untaught, days_ago=20, lesson=other)
        for person in (taught, untaught):
            company.decide(person, days_ago=2)
        found = preview(company, PolicyChangeProposal(policy.id, changes_scope=scope, changes_controls=controls))
        assert changed(found.newly_denied) == ({taught: (1, True)} if stopped else {})

    def test_another_organizations_policy_is_not_there(self, company: Company) -> None:
        policy = Policy(
            id=new_id(), code="X", title="X", organization_id=builders.create_organization(company.session).id
        )
        company.session.add(policy)
        company.session.flush()
        for policy_id in (policy.id, new_id()):
            with pytest.raises(NotFoundError):
                preview(company, PolicyChangeProposal(policy_id, changes_scope=True, changes_controls=False))


class TestPreview:
    def test_writes_nothing(self, company: Company) -> None:
        company.rule()
        company.decide(company.member(), days_ago=1)
        count = select(func.count()).select_from(LedgerEvent)
        before = company.session.scalar(count)
        preview(company, proposal(PROFICIENT))
        assert company.session.scalar(count) == before
        assert not company.session.new
        assert not company.session.dirty

    @pytest.mark.parametrize("days", [0, 367, -1])
    def test_days_are_limited(self, company: Company, days: int) -> None:
        with pytest.raises(InvalidInputError):
            preview(company, proposal(), days=days)

    def test_terms_that_mean_nothing_are_refused(self, company: Company) -> None:
        for proposed in (
            replace(proposal(), requirements=()),
            proposal(Requirement(ProficiencyLevel.ENROLLED, scope=SCOPE, within_days=3)),
            ScopeRuleTerms(scope="", validity_months=3),
        ):
            with pytest.raises(InvalidInputError):
                preview(company, proposed)

    @pytest.mark.parametrize("role", list(Role))
    def test_seen_by_those_who_may_see_gates(self, session: Session, now: datetime, role: Role) -> None:
        organization = builders.create_organization(session)
        caller = create_member(session, organization, role)
        company = Company(session, caller, organization, now)
        if role in {Role.SUPERVISOR, Role.COMPANY_MANAGER, Role.AUDITOR, Role.PLATFORM_ADMIN}:
            assert preview(company, proposal()).decisions_replayed == 0
        else:
            with pytest.raises(NotAuthorizedError):
                preview(company, proposal())


class TestFactHistory:
    """The same facts as the look-up of a single decision, at any instant and as known at any other."""

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_agrees_with_the_look_up(self, company: Company, data: st.DataObject) -> None:
        person = company.member(has_access=False)
        for _ in range(data.draw(st.integers(0, 3))):
            level = data.draw(st.sampled_from(list(ProficiencyLevel)))
            rows = company.prove(person, days_ago=data.draw(st.integers(0, 500)), level=level)
            is_revoked: bool = data.draw(st.booleans())
            if rows and is_revoked:
                revoke_evidence(
                    company.session,
                    SYSTEM_PRINCIPAL,
                    evidence_id=rows[0],
                    revoked_from=(company.now - timedelta(days=data.draw(st.integers(-30, 500)))).date(),
                    reason="test",
                    now=company.now - timedelta(days=data.draw(st.integers(0, 30))),
                )
        terms = proposal(*data.draw(st.sampled_from([(WITHIN_YEAR,), (PROFICIENT,)])))
        at = company.now - timedelta(days=data.draw(st.integers(0, 600)))
        known = company.now - timedelta(days=data.draw(st.integers(0, 600)))
        [looked_up] = service.facts_for(
            company.session,
            company.manager,
            terms,
            organization_id=company.organization.id,
            person_ids=[person],
            at=at,
            as_known_at=known,
        )
        history = load_history(company.session, company.organization.id, [person], [terms])
        assert history.facts(terms, person, at=at, as_known_at=known) == looked_up
