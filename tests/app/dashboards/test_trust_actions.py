"""What people do on the security, content, evidence and lesson pages: written by the services, refused to others."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from uuid import UUID
from zipfile import ZipFile

import polars as pl
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from app.dashboards.components.gate import BLOCKED
from app.dashboards.components.lesson import TAKING
from app.dashboards.components.tables import PAGE_ROWS
from app.dashboards.queries import figures as figure_queries
from app.dashboards.queries.figures import FigureEvidence
from app.dashboards.use_cases import evidence as evidence_cases
from app.dashboards.use_cases import gates as gate_cases
from operational_db import clock
from operational_db.content import service as content
from operational_db.content.body import parse_body
from operational_db.content.policies import publish_policy_version
from operational_db.content.seed import install_platform_content
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import GateDeniedError, InvalidInputError, NotFoundError
from operational_db.evidence.rules import BundleKind, BundleScope
from operational_db.gates.access import grant_access
from operational_db.gates.rules import Requirement
from operational_db.gates.service import set_gate_rule
from operational_db.gates.shipped import install_platform_rules
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.incidents.service import report_incident
from operational_db.ledger.checkpoints import latest_signed_checkpoint
from operational_db.ledger.proofs import tlog_proof
from operational_db.proficiency.rules import ScopeRuleTerms
from operational_db.proficiency.service import record_evidence, set_scope_rule
from operational_db.reinforcement import service as reinforcement
from operational_db.tables.content import Lesson, LessonPolicy, LessonReview, LessonVersion, Policy
from operational_db.tables.gates import (
    EvidenceBundle,
    GateRule,
    GateWaiver,
    Incident,
    LessonAssignment,
    ProficiencyEvidence,
    ScopeRule,
)
from operational_db.tables.identity import Person
from operational_db.tables.ledger import LedgerEvent, LedgerLeaf
from operational_db.types import GateMode, LessonStatus, LessonType, NearMissKind, ProficiencyLevel
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.conftest import Visit, principal_of, texts
from tests.app.dashboards.operational_fixture import write_operational_records
from tests.builders import create_certificate

LONG_BEFORE = figures.AS_OF - timedelta(days=100)
NOW = figures.AS_OF + timedelta(minutes=1)
LATER = NOW + timedelta(minutes=3)
WITH_ACCESS = figures.PEOPLE[2:4]


@pytest.fixture
def records(committed_engine: Engine) -> Iterator[Engine]:
    """The records behind the hand-made figures, SiteSync's own lessons and rules, and two people who may export."""
    with unit_of_work(committed_engine) as session:
        write_operational_records(session)
        install_platform_content(session, now=LONG_BEFORE)
        install_platform_rules(session, now=LONG_BEFORE)
        for person_id in WITH_ACCESS:
            grant_access(
                session,
                SYSTEM_PRINCIPAL,
                organization_id=figures.COMPANY,
                person_id=person_id,
                action="data-export",
                granted_on=LONG_BEFORE.date(),
                now=NOW,
            )
    yield committed_engine


@pytest.fixture
def working(visit: Visit, records: Engine) -> Iterator[Visit]:
    """Visits to an installation with these records, whose ledger has a key of its own."""
    visit.engine = records
    yield visit
    shutil.rmtree(visit.settings.keys_path, ignore_errors=True)


def _block(engine: Engine, action: str, scope: str) -> None:
    """From now on the company lets nobody do the action without the scope."""
    with unit_of_work(engine) as session:
        set_gate_rule(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=figures.COMPANY,
            action=action,
            requirements=[Requirement(ProficiencyLevel.COMPLETED, scope=scope, within_days=30)],
            mode=GateMode.ENFORCE,
            now=NOW,
        )


def _certify_long_ago(engine: Engine, person_id: UUID) -> None:
    """The company certifies for two years, asks for it without a window, and somebody earned it 13 months ago."""
    with unit_of_work(engine) as session:
        set_scope_rule(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=figures.COMPANY,
            terms=ScopeRuleTerms("data-export", validity_months=24),
            effective_from=date(2025, 1, 1),
            now=LONG_BEFORE,
        )
        set_gate_rule(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=figures.COMPANY,
            action="data-export",
            requirements=[Requirement(ProficiencyLevel.CERTIFIED, scope="data-export")],
            mode=GateMode.ENFORCE,
            now=NOW,
        )
        lesson = session.scalars(select(Lesson).where(Lesson.code == "DATA-EXPORT")).one()
        record_evidence(
            session,
            person_id=person_id,
            organization_id=figures.COMPANY,
            scopes=["data-export"],
            lesson_id=lesson.id,
            lesson_version="1.0.0",
            attempt_id=None,
            attempt_number=1,
            score=Decimal(90),
            persona=None,
            level=ProficiencyLevel.COMPLETED,
            achieved_at=NOW - timedelta(days=400),
            now=LONG_BEFORE,
        )


def _policy_named(app: AppTest, code: str) -> str:
    return next(option for option in app.selectbox(key="gates_policy").options if option.startswith(code))


def _lesson(engine: Engine, code: str = "DATA-EXPORT") -> tuple[UUID, LessonVersion]:
    with read_only_session(engine) as session:
        version = session.scalars(
            select(LessonVersion)
            .join(Lesson, Lesson.id == LessonVersion.lesson_id)
            .where(Lesson.code == code, LessonVersion.status == LessonStatus.PUBLISHED)
        ).one()
        session.expunge_all()
        return version.lesson_id, version


def _count(engine: Engine, kind: str) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(LedgerEvent).where(LedgerEvent.kind == kind)) or 0


def _all(engine: Engine, table: type) -> list[object]:
    with Session(engine) as session:
        return list(session.scalars(select(table)))


def _click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, [error.value for error in app.exception]
    return app


class TestDownloads:
    def _menu(self, working: Visit) -> AppTest:
        app = working.open("manager", "company/people")
        app.session_state["people_download"] = True
        app.run()
        assert not app.exception
        return app

    def test_a_page_and_its_open_menu_decide_nothing(self, working: Visit, records: Engine) -> None:
        app = self._menu(working)
        assert "for exporting data" in texts(app)
        assert _count(records, "gate.decided") == 0

    @pytest.mark.requirement("EMB-22")
    def test_a_rule_in_dry_run_lets_everybody_pass_and_says_what_will_be_needed(self, working: Visit) -> None:
        app = self._menu(working)
        assert "Training advised" in texts(app)
        assert [element.proto.label for element in app.get("download_button")] == ["CSV", "Parquet"]
        assert "The rule is being tried out: you may go on." in texts(app)

    @pytest.mark.requirement("EMB-10")
    def test_a_rule_that_blocks_offers_the_lesson_and_records_the_refusal_on_the_click(
        self, working: Visit, records: Engine
    ) -> None:
        _block(records, "data-export", "data-export")
        app = self._menu(working)
        assert "Training needed" in texts(app)
        assert not app.get("download_button")
        _click(app, "people_csv_ask")
        assert _count(records, "gate.decided") == 1
        blocked = app.session_state[BLOCKED]
        assert (blocked.action, blocked.reason, blocked.what) == ("data-export", "never_trained", "download this list")
        assert blocked.path == "app_pages/company/people.py"

    def test_the_file_itself_is_behind_the_gate_and_each_hand_out_on_record(self, records: Engine) -> None:
        principal = principal_of("manager")
        gate_cases.require_export(records, principal, organization_id=figures.COMPANY, now=NOW)
        _block(records, "data-export", "data-export")
        with pytest.raises(GateDeniedError):
            gate_cases.require_export(records, principal, organization_id=figures.COMPANY, now=NOW)
        assert _count(records, "gate.decided") == 2

    @pytest.mark.requirement("EMB-09")
    def test_the_tip_is_logged_once_a_visit_and_stays_away_once_put_away(self, working: Visit, records: Engine) -> None:
        app = self._menu(working)
        assert "Allowlisted destinations only" in texts(app)
        app.run()
        assert _count(records, "tip.shown") == 1
        _click(app, "people_tip_away")
        assert "Allowlisted destinations only" not in texts(app)
        assert _count(records, "tip.dismissed") == 1
        assert "Allowlisted destinations only" not in texts(self._menu(working))

    @pytest.mark.requirement("EMB-12")
    def test_a_refresher_comes_up_where_it_nearly_went_wrong(self, working: Visit, records: Engine) -> None:
        manager = principal_of("manager")
        with unit_of_work(records) as session:
            for number in range(2):
                reinforcement.record_near_miss(
                    session,
                    manager,
                    organization_id=figures.COMPANY,
                    person_id=manager.person_id,
                    near_miss_kind=NearMissKind.PERMISSION_DENIED,
                    action="data-export",
                    external_id=f"near-{number}",
                    occurred_at=NOW,
                    now=NOW,
                )
        app = self._menu(working)
        assert "A short refresher on data-export" in texts(app)
        _click(app, "people_put_off")
        assert "A short refresher on data-export" not in texts(app)
        assert _count(records, "reinforcement.finished") == 1

    @pytest.mark.requirement("EMB-09", "EMB-11")
    def test_tip_policy_and_runbook_stand_beside_the_export_of_evidence(self, working: Visit, records: Engine) -> None:
        app = working.open("auditor", "evidence/export")
        labels = [expander.label for expander in app.expander]
        assert any(label.startswith("Why: ") for label in labels)
        assert any(label.startswith("View runbook: ") for label in labels)
        assert _count(records, "tip.shown") == 1

    def test_ones_own_record_needs_no_gate(self, working: Visit, records: Engine) -> None:
        with unit_of_work(records) as session:
            create_certificate(session, session.get_one(Person, principal_of("technician").person_id))
        app = working.open("technician", "me/certificates")
        app.session_state["mine_held_download"] = True
        app.run()
        assert [element.proto.label for element in app.get("download_button")] == ["CSV", "Parquet"]
        assert "for exporting data" not in texts(app)

    def test_tables_have_no_export_of_their_own(self) -> None:
        from streamlit import config

        assert config.get_option("client.disableDataExport") is True


class TestLesson:
    def _open(self, working: Visit, records: Engine, code: str = "DATA-EXPORT") -> AppTest:
        lesson_id, _ = _lesson(records, code)
        return working.open("manager", "me/lesson", lesson=str(lesson_id), **{"for": "data-export", "trigger": "gate"})

    def _answer(self, app: AppTest, records: Engine, *, wrong: str | None = None) -> None:
        _, version = _lesson(records)
        questions = {question.id: question for question in parse_body(LessonType.MICRO_LESSON, version.body).quiz}
        attempt = app.session_state[TAKING].attempt
        for question in questions.values():
            others = [option.id for option in question.options if option.id not in question.right]
            chosen = others[:1] if question.id == wrong else sorted(question.right)
            key = f"{attempt.attempt_id}_{question.id}"
            if len(question.right) > 1:
                for option in chosen:
                    app.checkbox(key=f"{key}_{option}").check()
            else:
                app.radio(key=key).set_value(chosen[0])

    def _levels(self, records: Engine) -> set[str]:
        with Session(records) as session:
            return {str(level) for level in session.scalars(select(ProficiencyEvidence.level))}

    def _to_quiz(self, app: AppTest) -> None:
        for _ in range(4):
            _click(app, "lesson_next")

    @pytest.mark.requirement("EMB-06", "EMB-20")
    def test_slides_quiz_remediation_retry_and_chip(
        self, working: Visit, records: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = self._open(working, records)
        assert "Where data may go" in texts(app)
        assert "passed at 80" in texts(app)
        _click(app, "lesson_next")
        assert "00:12 Secrets and credentials are masked." in texts(app).replace("00:12.000", "00:12")
        _click(app, "lesson_next")
        _click(app, "lesson_next")
        assert "Check yourself" in texts(app)
        _click(app, "lesson_next")
        self._answer(app, records, wrong="recall")
        monkeypatch.setattr(clock, "now", lambda: LATER)
        app.form_submit_button[0].click().run()
        said = texts(app)
        assert "75\u202f%, 3 of 4 right; 80\u202f% were needed" in said
        assert "Not passed yet, and nothing is opened." in said
        assert "if it starts within 15 minutes. Entries stay. (POL-DATA-RES-002)" in said
        assert "certified" not in self._levels(records)
        _click(app, "lesson_retry")
        self._answer(app, records)
        monkeypatch.setattr(clock, "now", lambda: LATER + timedelta(minutes=3))
        app.form_submit_button[0].click().run()
        said = texts(app)
        assert "100\u202f%, 4 of 4 right" in said
        assert "for **data-export** until 21 Nov 2027 (in 365 days)" in said
        assert "Certified, 365 days left" in said
        assert self._levels(records) >= {"completed", "certified"}
        again = self._open(working, records)
        assert "Where data may go" in texts(again)

    def test_answers_that_come_too_fast_or_are_left_out_are_not_taken(self, working: Visit, records: Engine) -> None:
        app = self._open(working, records)
        self._to_quiz(app)
        app.form_submit_button[0].click().run()
        assert "Answer every question first: 1, 2, 3, 4 of 4 are open." in app.warning[0].value
        self._answer(app, records)
        app.form_submit_button[0].click().run()
        assert "Read every question" in app.error[0].value
        assert _count(records, "lesson.attempt_graded") == 0

    def test_opening_is_logged_once(self, working: Visit, records: Engine) -> None:
        app = self._open(working, records)
        _click(app, "lesson_next")
        assert _count(records, "lesson.opened") == 1

    @pytest.mark.parametrize("address", ["", "no-id", str(UUID(int=7))])
    def test_a_lesson_that_is_not_there_leads_to_ones_training(self, working: Visit, address: str) -> None:
        app = working.open("technician", "me/lesson", lesson=address)
        assert "To my training" in str([link.proto.label for link in app.get("page_link")])
        assert TAKING not in app.session_state

    def test_a_walkthrough_goes_step_by_step(self, working: Visit, records: Engine) -> None:
        app = self._open(working, records, "DATA-EXPORT-WALKTHROUGH")
        _click(app, "lesson_start")
        assert "Start an export" in texts(app)
        assert "By keyboard: Alt+N" in texts(app)


class TestExceptionsAndWaivers:
    @pytest.mark.requirement("EMB-15")
    def test_one_click_assigns_what_everybody_is_missing(self, working: Visit, records: Engine) -> None:
        app = working.open("manager", "security/exceptions", exceptions_part="Assign what is missing")
        assert app.button(key="exceptions_assign").label == "Assign what is missing to 2 people"
        _click(app, "exceptions_assign")
        assert "2 lessons were assigned to 2 people, due 5 Dec 2026." in app.info[0].value
        assert {each.person_id for each in _all(records, LessonAssignment)} == set(WITH_ACCESS)  # type: ignore[attr-defined]
        assert "Everything that helps is assigned already." in texts(app)

    def test_the_assigned_find_it_among_their_training(self, working: Visit, records: Engine) -> None:
        app = working.open("manager", "security/exceptions", exceptions_part="Assign what is missing")
        _click(app, "exceptions_assign")
        principal = principal_of("technician")
        person = type(principal)(WITH_ACCESS[0], "Assigned", principal.grants)
        app = working.open(person, "me/training")
        labels = [link.proto.label for link in app.get("page_link")]
        assert any("due 5 Dec 2026 (in 14 days), for data-export" in label for label in labels)

    def test_a_role_without_the_right_sees_and_cannot(self, working: Visit) -> None:
        app = working.open("supervisor", "security/exceptions", exceptions_part="Assign what is missing")
        assert "Your role may look, but not assign." in texts(app)
        assert not [button for button in app.button if button.key == "exceptions_assign"]

    def test_a_waiver_needs_a_reason_and_is_ended(self, working: Visit, records: Engine) -> None:
        app = working.open("manager", "security/exceptions", exceptions_part="Waivers")
        app.selectbox(key="waiver_person").set_value(figures.name_of(WITH_ACCESS[0]))
        app.selectbox(key="waiver_action").set_value("data-export")
        app.form_submit_button[0].click().run()
        assert "Say why the training is waived" in app.error[0].value
        app.selectbox(key="waiver_person").set_value(figures.name_of(WITH_ACCESS[0]))
        app.selectbox(key="waiver_action").set_value("data-export")
        app.text_area(key="waiver_reason").set_value("Covers for a colleague")
        app.form_submit_button[0].click().run()
        assert f"{figures.name_of(WITH_ACCESS[0])} may do “data-export” without the training" in texts(app)
        waiver = _all(records, GateWaiver)[0]
        assert waiver.reason == "Covers for a colleague"  # type: ignore[attr-defined]
        _click(app, f"waiver_end_{waiver.id}")  # type: ignore[attr-defined]
        assert _count(records, "waiver.ended") == 1


class TestRules:
    def _proposed(self, working: Visit) -> AppTest:
        app = working.open("manager", "security/gates", gates_part="Rules")
        app.selectbox(key="gates_action").set_value("data-export").run()
        return _click(app, "gates_see")

    @pytest.mark.requirement("EMB-11")
    def test_each_gate_shows_its_policy_with_an_example_and_its_runbook(self, working: Visit) -> None:
        said = texts(working.open("manager", "security/gates", gates_part="Rules"))
        assert "0 of 4 gates block; 4 only record what they would do (dry run)." in said
        assert "POL-DA-003" in said
        assert "**Example.**" in said

    @pytest.mark.requirement("EMB-22")
    def test_turning_a_rule_on_shows_first_whom_it_would_newly_stop(self, working: Visit, records: Engine) -> None:
        app = self._proposed(working)
        assert "Newly denied today: 2 · newly allowed today: 0" in texts(app)
        assert set(app.dataframe[0].value["display_name"]) == {figures.name_of(person) for person in WITH_ACCESS}
        assert _count(records, "gate.decided") == 0
        _click(app, "gates_set")
        assert "Version 1 of the rule on “data-export” blocks from 21 Nov 2026 on." in texts(app)
        own = [rule for rule in _all(records, GateRule) if rule.organization_id == figures.COMPANY]  # type: ignore[attr-defined]
        assert [(rule.action, rule.mode) for rule in own] == [("data-export", GateMode.ENFORCE)]  # type: ignore[attr-defined]
        _click(app, "gates_end_data-export")
        assert "Your rule on “data-export” ended" in texts(app)

    @pytest.mark.requirement("EMB-10")
    def test_changing_a_rule_is_itself_behind_a_gate_and_the_proposal_waits(
        self, working: Visit, records: Engine
    ) -> None:
        _block(records, "rule-change", "prod-change")
        app = self._proposed(working)
        _click(app, "gates_set")
        assert app.session_state[BLOCKED].action == "rule-change"
        assert "Proposed for data-export" in texts(app)
        own = [rule for rule in _all(records, GateRule) if rule.organization_id == figures.COMPANY]  # type: ignore[attr-defined]
        assert [rule.action for rule in own] == ["rule-change"]  # type: ignore[attr-defined]

    @pytest.mark.requirement("EMB-22")
    def test_other_terms_of_validity_show_whom_they_would_stop_before_they_are_set(
        self, working: Visit, records: Engine
    ) -> None:
        """Certified 13 months ago for two years: under one year nobody counts any more."""
        _certify_long_ago(records, WITH_ACCESS[0])
        app = working.open("manager", "security/gates", gates_part="Rules", gates_change="How long training counts")
        app.selectbox(key="gates_validity_scope").set_value("data-export").run()
        assert app.number_input(key="gates_validity_data-export_months").value == 24
        app.number_input(key="gates_validity_data-export_months").set_value(12).run()
        assert not [button for button in app.button if button.key == "gates_validity_set"]
        _click(app, "gates_validity_see")
        said = texts(app)
        assert "Newly denied today: 1 · newly allowed today: 0" in said
        assert "**data-export** counts 12 months from its completion" in said
        marts = figures.rows_of_marts()
        teams = {row["team_id"]: row["name"] for row in marts["dim_team"]}
        team = next(teams[row["team_id"]] for row in marts["dim_membership"] if row["person_id"] == WITH_ACCESS[0])
        assert f"- {team}: 1 newly denied, 0 newly allowed" in said
        assert list(app.dataframe[0].value["display_name"]) == [figures.name_of(WITH_ACCESS[0])]
        app.number_input(key="gates_validity_data-export_months").set_value(18).run()
        assert "Newly denied today" not in texts(app), "another proposal is tried anew"
        _click(app, "gates_validity_see")
        assert "Nobody would newly be denied or allowed." in texts(app)
        # What was typed since the trial is neither set untried nor passed over: it is asked to be tried.
        app.number_input(key="gates_validity_data-export_months").set_value(6)
        _click(app, "gates_validity_set")
        assert not [button for button in app.button if button.key == "gates_validity_set"]
        app.number_input(key="gates_validity_data-export_months").set_value(18).run()
        _click(app, "gates_validity_set")
        assert "Version 2 of how long “data-export” counts holds for what is reached from 21 Nov 2026 on." in texts(app)
        own = [rule for rule in _all(records, ScopeRule) if rule.organization_id == figures.COMPANY]  # type: ignore[attr-defined]
        assert [rule.validity_months for rule in own] == [24, 18]  # type: ignore[attr-defined]

    @pytest.mark.requirement("EMB-10")
    def test_so_is_changing_how_long_training_counts(self, working: Visit, records: Engine) -> None:
        _certify_long_ago(records, WITH_ACCESS[0])
        _block(records, "rule-change", "prod-change")
        app = working.open("manager", "security/gates", gates_part="Rules", gates_change="How long training counts")
        app.selectbox(key="gates_validity_scope").set_value("data-export").run()
        _click(app, "gates_validity_see")
        assert "for changing rules" in texts(app)
        _click(app, "gates_validity_set")
        assert app.session_state[BLOCKED].action == "rule-change"
        own = [rule for rule in _all(records, ScopeRule) if rule.organization_id == figures.COMPANY]  # type: ignore[attr-defined]
        assert [rule.validity_months for rule in own] == [24]  # type: ignore[attr-defined]

    @pytest.mark.requirement("EMB-19", "EMB-22")
    def test_a_policy_change_shows_whom_it_would_stop_only_where_scope_or_controls_change(
        self, working: Visit, records: Engine
    ) -> None:
        _certify_long_ago(records, WITH_ACCESS[0])
        app = working.open("manager", "security/gates", gates_part="Rules", gates_change="A policy")
        app.selectbox(key="gates_policy").set_value(_policy_named(app, "POL-DA-003")).run()
        _click(app, "gates_policy_see")
        assert "A change of scope: lessons of the former version stop counting." in texts(app)
        assert "Newly denied today: 1 · newly allowed today: 0" in texts(app)
        app.checkbox(key="gates_policy_scope").uncheck().run()
        _click(app, "gates_policy_see")
        assert "Nobody would newly be denied or allowed." in texts(app)

    def test_who_may_only_look_proposes_nothing(self, working: Visit) -> None:
        app = working.open("auditor", "security/gates", gates_part="Rules")
        assert "Your role may look, but not change rules." in texts(app)
        assert not [button for button in app.button if str(button.key).startswith("gates_")]


@pytest.mark.requirement("EMB-17")
def test_an_incident_is_reported_and_its_report_says_who_was_certified(working: Visit, records: Engine) -> None:
    app = working.open("supervisor", "security/incidents", incidents_part="Report one")
    app.form_submit_button[0].click().run()
    assert "Give a title, the scope and when it began." in app.warning[0].value
    app.text_input(key="incident_title").set_value("An export went to the wrong place")
    app.selectbox(key="incident_scope").set_value("data-export")
    app.multiselect(key="incident_people").set_value([figures.name_of(person) for person in WITH_ACCESS])
    app.form_submit_button[0].click().run()
    assert not app.exception
    incident = _all(records, Incident)[0]
    app = working.open("auditor", "security/incident", incident=str(incident.id))  # type: ignore[attr-defined]
    assert app.header[0].value == "An export went to the wrong place"
    assert "0 of 2 people involved were certified for data-export then." in texts(app)
    assert list(app.dataframe[0].value["why_then"]) == ["No training for this scope was recorded."] * 2
    app = working.open("other manager", "security/incident", incident=str(incident.id))  # type: ignore[attr-defined]
    assert "There is no incident with this id that you may see." in app.error[0].value


def test_the_download_of_incidents_holds_those_of_all_pages(
    working: Visit, records: Engine, offered: dict[str, Callable[[], pl.DataFrame]]
) -> None:
    titles = [f"Incident {number:02}" for number in range(PAGE_ROWS + 2)]
    with unit_of_work(records) as session:
        for number, title in enumerate(titles):
            began = figures.AS_OF - timedelta(days=number + 1)
            report_incident(
                session, principal_of("supervisor"), organization_id=figures.COMPANY, title=title, summary="",
                scope="data-export", action=None, started_at=began, ended_at=None, people=[], now=figures.AS_OF,
            )  # fmt: skip
    app = working.open("supervisor", "security/incidents", incidents_page="2")
    assert list(app.dataframe[-1].value["title"]) == titles[PAGE_ROWS:]
    assert offered["incidents"]()["Incident"].to_list() == titles
    # A page that is no more, since incidents of another organization are listed: the first one is shown.
    app = working.open("supervisor", "security/incidents", incidents_page="9")
    assert list(app.dataframe[-1].value["title"]) == titles[:PAGE_ROWS]


class TestContent:
    @pytest.fixture
    def draft(self, records: Engine) -> UUID:
        """A manager's draft, copied from a shipped lesson, which lacks what only work on it can bring."""
        _, shipped = _lesson(records)
        with unit_of_work(records) as session:
            lesson = content.create_lesson(
                session,
                principal_of("manager"),
                organization_id=figures.COMPANY,
                code="OUR-EXPORT",
                title="How we export",
                lesson_type=LessonType.MICRO_LESSON,
                now=NOW,
            )
            body = {**shipped.body, "title": {"en": "How we export"}}
            return content.draft_version(
                session,
                principal_of("manager"),
                lesson_id=lesson.id,
                body=body,
                duration_minutes=Decimal("4.5"),
                policy_codes=["POL-DA-003"],
                now=NOW,
            ).id

    def test_a_draft_is_handed_in_reviewed_and_not_shipped_while_something_is_missing(
        self, working: Visit, records: Engine, draft: UUID
    ) -> None:
        app = working.open("manager", "content/version", version=str(draft))
        assert "lines of the checklist still missing." in texts(app)
        assert "**Names the runbook to follow** — missing: a runbook" in texts(app)
        _click(app, "version_submit")
        assert app.button(key="version_publish").disabled
        reviews = [r for r in _all(records, LessonReview) if r.lesson_version_id == draft]  # type: ignore[attr-defined]
        assert len(reviews) == 2
        app = working.open("reviewer", "content/version", version=str(draft))
        assert "**Slide 1: " in texts(app)
        _click(app, f"review_{reviews[0].id}_changes_requested")  # type: ignore[attr-defined]
        assert "Say what is to be changed" in app.error[0].value
        # Typed and sent at once, as a press on the button does that leaves the field.
        app.text_area(key=f"review_{reviews[0].id}_comment").set_value("Clear enough.")  # type: ignore[attr-defined]
        _click(app, f"review_{reviews[0].id}_approved")  # type: ignore[attr-defined]
        assert _count(records, "content.reviewed") == 1
        assert "Clear enough." in [review.comment for review in _all(records, LessonReview)]  # type: ignore[attr-defined]

    def test_a_published_version_is_complete_or_says_what_changed_since(self, working: Visit, records: Engine) -> None:
        """Publishing asks for every line; what came with the product was reviewed and tried by its publisher."""
        with Session(records) as session:
            version = session.scalars(
                select(LessonVersion)
                .join(LessonPolicy, LessonPolicy.lesson_version_id == LessonVersion.id)
                .join(Policy, Policy.id == LessonPolicy.policy_id)
                .where(Policy.code == "POL-DA-003", LessonVersion.status == LessonStatus.PUBLISHED)
                .order_by(LessonVersion.id)
            ).first()
            policy_id = session.scalars(select(Policy.id).where(Policy.code == "POL-DA-003")).one()
        assert version is not None
        said = texts(working.open("administrator", "content/version", version=str(version.id)))
        assert "Complete; to be looked at again by" in said
        assert "Was reviewed for accuracy, by its publisher before it came with the product" in said
        with unit_of_work(records) as session:
            publish_policy_version(
                session, SYSTEM_PRINCIPAL, policy_id=policy_id, version="1.1.0", summary="Clearer words.",
                effective_on=figures.AS_OF.date(), now=figures.AS_OF,
            )  # fmt: skip
        said = texts(working.open("administrator", "content/version", version=str(version.id)))
        assert "The checklist was complete when it was published; 1 line no longer holds since." in said
        assert "POL-DA-003 1.1.0 (it teaches 1.0.0)" in said
        assert "still missing" not in said

    def test_the_workbench_lists_what_waits(self, working: Visit, draft: UUID) -> None:
        app = working.open("manager", "content/lessons")
        assert "Not shipped yet" in texts(app)
        assert any("How we export 1.0.0" in link.proto.label for link in app.get("page_link"))

    @pytest.mark.requirement("EMB-18", "EMB-21")
    def test_a_lesson_is_written_saved_and_handed_in_on_the_page(self, working: Visit, records: Engine) -> None:
        app = working.open("manager", "content/draft")
        app.text_input(key="draft_new_code").set_value("LOCKOUT")
        app.text_input(key="draft_new_title").set_value("Lockout")
        app.number_input(key="draft_new_checks_count").set_value(1)
        app.run()
        _click(app, "draft_save")
        assert "Slide 1 needs a title." in app.error[0].value
        for field, text in {
            "slide_0_title": "Lockout",
            "slide_0_text": "Switch off and lock before you open.",
            "slide_0_points": "Key\nTag",
            "checks_0_prompt": "What comes first?",
            "checks_0_answers": "*Lock\nOpen",
            "checks_0_explanation": "Nothing is opened before it is locked.",
        }.items():
            kind = app.text_input if field.endswith("title") else app.text_area
            kind(key=f"draft_new_{field}").set_value(text)
        app.multiselect(key="draft_new_policies").set_value(["POL-DA-003"])
        _click(app, "draft_save")
        assert app.header[0].value == "Lockout 1.0.0"
        said = texts(app)
        assert "Draft 1.0.0 is saved. Saved 21 Nov 2026 09:06." in said
        assert "**Names the runbook to follow** — missing: a runbook" in said
        with Session(records) as session:
            version = session.scalars(
                select(LessonVersion).join(Lesson, Lesson.id == LessonVersion.lesson_id).where(Lesson.code == "LOCKOUT")
            ).one()
        assert version.body["slides"][0]["points"] == [{"en": "Key"}, {"en": "Tag"}]
        app = working.open("manager", "content/draft", version=str(version.id))
        key = f"draft_{version.id}"
        assert app.text_area(key=f"{key}_checks_0_answers").value == "*Lock\nOpen"
        app.multiselect(key=f"{key}_runbooks").set_value(["RB-EXPORT-RECALL"])
        app.text_area(key=f"{key}_outcomes").set_value("Locks before opening")
        _click(app, "draft_save")
        assert "a runbook" not in texts(app)
        _click(app, "version_submit")
        assert "Handed in: 2 reviews were asked for." in texts(app)
        app = working.open("manager", "content/draft", version=str(version.id))
        assert "This version is in review." in app.info[0].value

    def test_what_was_tried_is_attached_under_the_line_that_asks_for_it(
        self, working: Visit, records: Engine, draft: UUID
    ) -> None:
        app = working.open("manager", "content/version", version=str(draft))
        _click(app, "version_trial_evidence_export")
        assert "No evidence was exported yet." in app.error[0].value
        evidence_cases.hand_out_bundle(
            records,
            working.settings,
            principal_of("auditor"),
            scope=BundleScope(BundleKind.ORGANIZATION, figures.COMPANY),
            has_names=True,
            now=NOW,
        )
        _click(app, "version_trial_evidence_export")
        assert "The trial is attached." in texts(app)
        assert not [button for button in app.button if button.key == "version_trial_evidence_export"]

    @pytest.mark.requirement("EMB-19")
    def test_a_policy_is_registered_published_and_its_change_seen_before(self, working: Visit, records: Engine) -> None:
        app = working.open("manager", "content/policies")
        app.text_input(key="policies_code").set_value("pol-lock-001")
        app.text_input(key="policies_title").set_value("Lockout")
        app.form_submit_button[0].click().run()
        assert "POL-LOCK-001 is registered." in texts(app)
        policy = next(each for each in _all(records, Policy) if each.code == "POL-LOCK-001")  # type: ignore[attr-defined]
        key = f"policies_{policy.id}_first"  # type: ignore[attr-defined]
        _click(app, "policies_publish")
        assert "Say what the version holds or changes." in app.error[0].value
        app.text_area(key=f"{key}_summary").set_value("Lock before opening.")
        _click(app, "policies_publish")
        assert "POL-LOCK-001 1.0.0 is published, in effect from 21 Nov 2026: 0 lessons are flagged" in texts(app)
        key = f"policies_{policy.id}_1.0.0"  # type: ignore[attr-defined]
        assert app.text_input(key=f"{key}_version").value == "1.1.0"
        assert app.button(key="policies_publish").disabled
        app.checkbox(key=f"{key}_scope").check().run()
        _click(app, "policies_effect_see")
        assert "A change of scope: lessons of the former version stop counting." in texts(app)
        app.text_area(key=f"{key}_summary").set_value("Also for escalators.")
        _click(app, "policies_publish")
        assert "POL-LOCK-001 1.1.0 is published" in texts(app)
        assert _count(records, "policy.version_published") >= 2

    def test_the_platforms_policies_are_not_a_companys_to_change(self, working: Visit) -> None:
        app = working.open("manager", "content/policies")
        assert "You have no policy of your own yet." in app.info[0].value
        app = working.open("auditor", "content/policies")
        assert "Your role may look, but not change policies." in texts(app)
        assert not [button for button in app.button if str(button.key).startswith("policies_publish")]

    @pytest.mark.parametrize("who", ["auditor", "reviewer"])
    def test_who_may_not_write_gets_no_form(self, working: Visit, who: str) -> None:
        app = working.open(who, "content/draft")
        assert "Your role may not write lessons here." in texts(app)
        assert not app.text_input

    @pytest.mark.parametrize("who", ["other manager", "school", "technician"])
    def test_drafts_are_nobody_elses(self, working: Visit, draft: UUID, who: str) -> None:
        app = working.open(who, "content/version", version=str(draft))
        assert "How we export" not in texts(app)


@pytest.mark.requirement("EMB-16")
class TestEvidence:
    def _bundle(self, working: Visit, records: Engine) -> evidence_cases.MadeBundle:
        return evidence_cases.hand_out_bundle(
            records,
            working.settings,
            principal_of("auditor"),
            scope=BundleScope(BundleKind.ORGANIZATION, figures.COMPANY),
            has_names=True,
            now=NOW,
        )

    def test_an_auditor_gets_a_bundle_and_finds_it_among_the_exports(self, working: Visit, records: Engine) -> None:
        app = working.open("auditor", "evidence/export")
        _click(app, "evidence_get")
        assert app.get("download_button")[0].proto.label == "Save the bundle"
        assert _count(records, "evidence.exported") == 1
        assert list(app.dataframe[0].value["about"]) == ["Organization"]

    def test_a_figure_of_the_overview_is_one_click_from_its_evidence(
        self, working: Visit, records: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = working.open("auditor", "company/overview")
        links = [link.proto for link in app.get("page_link") if link.proto.label.startswith("Its evidence: ")]
        assert len({link.label for link in links}) == 5
        assert "figure=overdue" in links[1].query_string
        self._bundle(working, records)  # seals what is there: two people got access
        with Session(records) as session:
            granted = session.scalars(
                select(LedgerLeaf.leaf_index)
                .join(LedgerEvent, LedgerEvent.id == LedgerLeaf.event_id)
                .where(LedgerEvent.kind == "access.granted")
            ).all()
        behind = FigureEvidence(2.0, (*granted, 999_999))
        monkeypatch.setattr(figure_queries, "evidence_of", lambda _warehouse, **_: behind)
        app = working.open("auditor", "evidence/export", figure="overdue")
        assert app.selectbox(key="evidence_figure").value == "overdue"
        said = texts(app)
        assert "**Overdue: 2.** The bundle holds the 2 ledger entries it rests on." in said
        assert "1 more entry is not in this organization's part of the ledger" in said
        _click(app, "evidence_get")
        assert app.get("download_button")[0].proto.label == "Save the bundle"
        bundle = _all(records, EvidenceBundle)[-1]
        assert bundle.record_count == 2  # type: ignore[attr-defined]
        assert bundle.bundle_scope == {  # type: ignore[attr-defined]
            "kind": "figure",
            "organization_id": str(figures.COMPANY),
            "figure": "fct_required_training.overdue",
            "figure_value": "2",
            "figure_entry_count": 2,
        }

    def test_a_figure_with_nothing_behind_it_gives_no_bundle(self, working: Visit) -> None:
        """The hand-made figures rest on entries this ledger does not have."""
        app = working.open("auditor", "evidence/export", figure="access-without-training")
        assert "not in this organization's part of the ledger" in texts(app)
        assert not [button for button in app.button if button.key == "evidence_get"]

    @pytest.mark.parametrize("who", ["supervisor"])
    def test_who_may_not_export_sees_no_way_there(self, working: Visit, who: str) -> None:
        app = working.open(who, "company/overview")
        assert not [link for link in app.get("page_link") if link.proto.label.startswith("Its evidence")]

    def test_a_closed_gate_hands_out_nothing(self, working: Visit, records: Engine) -> None:
        _block(records, "evidence-export", "data-export")
        app = working.open("auditor", "evidence/export")
        _click(app, "evidence_get")
        assert app.session_state[BLOCKED].action == "evidence-export"
        assert not app.get("download_button")
        assert _count(records, "evidence.exported") == 0

    def test_a_bundle_checks_out_and_a_changed_one_does_not(self, working: Visit, records: Engine) -> None:
        made = self._bundle(working, records)
        checks = evidence_cases.check_bundle(working.settings, made.content)
        assert {check.is_passed for check in checks} <= {True, None}
        assert sum(check.is_passed is True for check in checks) > 3
        changed = BytesIO()
        with ZipFile(BytesIO(made.content)) as source, ZipFile(changed, "w") as target:
            for name in source.namelist():
                data = source.read(name)
                target.writestr(name, data.replace(b"access.granted", b"access.removed") if "csv" in name else data)
        failed = [
            check.text
            for check in evidence_cases.check_bundle(working.settings, changed.getvalue())
            if check.is_passed is False
        ]
        assert any("records.csv" in text for text in failed)

    def test_a_proof_checks_out_and_another_entrys_does_not(self, working: Visit, records: Engine) -> None:
        self._bundle(working, records)
        with read_only_session(records) as session:
            checkpoint = latest_signed_checkpoint(session)
            assert checkpoint is not None
            proof = tlog_proof(session, 1, checkpoint)
        checks = evidence_cases.check_proof(records, working.settings, proof.encode())
        assert [check.is_passed for check in checks] == [True, True, True, True]
        wrong = evidence_cases.check_proof(records, working.settings, proof.replace("index 1\n", "index 2\n").encode())
        assert [check.is_passed for check in wrong] == [True, True, False, True]

    def test_a_dropped_file_is_answered_check_by_check(self, working: Visit, records: Engine) -> None:
        made = self._bundle(working, records)
        app = working.open("auditor", "evidence/verify")
        app.file_uploader[0].upload("bundle.zip", made.content).run()
        assert app.success[0].value.startswith("Intact: all ")
        app.file_uploader[0].clear().upload("entry.tlog-proof", b"not a proof").run()
        assert "no proof that can be read" in app.error[0].value

    @pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04broken"])
    def test_what_is_no_bundle_or_proof_is_refused(self, working: Visit, records: Engine, content: bytes) -> None:
        with pytest.raises(InvalidInputError):
            evidence_cases.check_bundle(working.settings, content)
        with pytest.raises(InvalidInputError):
            evidence_cases.check_proof(records, working.settings, content)

    def test_the_ledger_page_shows_size_signature_and_key(self, working: Visit, records: Engine) -> None:
        made = self._bundle(working, records)
        app = working.open("auditor", "evidence/ledger")
        assert f"{made.tree_size} entries are sealed and signed; no witness has cosigned them." in texts(app)
        assert "sitesync.local/ledger" in app.code[0].value

    def test_somebody_elses_incident_is_not_there(self, working: Visit, records: Engine) -> None:
        with pytest.raises(NotFoundError):
            evidence_cases.hand_out_bundle(
                records,
                working.settings,
                principal_of("other manager"),
                scope=BundleScope(BundleKind.INCIDENT, figures.OTHER_COMPANY, incident_id=UUID(int=5)),
                has_names=True,
                now=NOW,
            )
