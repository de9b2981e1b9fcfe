"""The data-export micro-lesson end to end in a real browser: blocked, taught, failed, taught again, let through."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, func, select, update

from operational_db import clock
from operational_db.content.body import Question, parse_body
from operational_db.database import read_only_session, unit_of_work
from operational_db.gates.rules import Requirement
from operational_db.gates.service import set_gate_rule
from operational_db.gates.shipped import DATA_EXPORT
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.tables.content import Lesson, LessonAttempt, LessonVersion
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import GateMode, LessonStatus, LessonType, OrganizationKind, ProficiencyLevel, Role
from tests.browser.test_pages import shoot
from tests.browser.viewing import new_visit, open_address, sign_in, wait_until_drawn
from tests.integration.installation import Installation, Member

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]

LESSON_CODE = "DATA-EXPORT"


@pytest.fixture
def manager(site: Installation) -> Member:
    """A manager whose company lets nobody export data without having passed the micro-lesson within a day."""
    member = site.members(Role.COMPANY_MANAGER, OrganizationKind.SERVICE_COMPANY)[-1]
    with unit_of_work(site.engine) as session:
        lesson_id = session.scalars(select(Lesson.id).where(Lesson.code == LESSON_CODE)).one()
        set_gate_rule(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=member.organization_id,
            action=DATA_EXPORT,
            requirements=[Requirement(ProficiencyLevel.COMPLETED, scope="data-export", within_days=1)],
            mode=GateMode.ENFORCE,
            lesson_id=lesson_id,
            now=clock.now(),
        )
    return member


def _quiz(engine: Engine) -> dict[str, Question]:
    """The graded questions of the published version by their prompt in English."""
    with read_only_session(engine) as session:
        version = session.scalars(
            select(LessonVersion)
            .join(Lesson, Lesson.id == LessonVersion.lesson_id)
            .where(Lesson.code == LESSON_CODE, LessonVersion.status == LessonStatus.PUBLISHED)
        ).one()
        questions = parse_body(LessonType.MICRO_LESSON, version.body).graded_questions
    return {question.prompt["en"]: question for question in questions}


def _let_time_pass(engine: Engine, person: Member) -> None:
    """The attempt was started a while ago: nobody reads four questions in no time."""
    with unit_of_work(engine) as session:
        session.execute(
            update(LessonAttempt)
            .where(LessonAttempt.person_id == person.person_id, LessonAttempt.submitted_at.is_(None))
            .values(started_at=clock.now() - timedelta(minutes=2))
        )


def _answer(page: Page, questions: dict[str, Question], *, wrong: str | None = None) -> None:
    """Choose the right options, but a wrong one for the question with this id."""
    for question in questions.values():
        right = [option for option in question.options if option.id in question.right]
        others = [option for option in question.options if option.id not in question.right]
        for option in others[:1] if question.id == wrong else right:
            page.get_by_text(option.text["en"], exact=True).click()


def _decisions(engine: Engine, person: Member) -> int:
    query = (
        select(func.count())
        .select_from(LedgerEvent)
        .where(LedgerEvent.kind == "gate.decided", LedgerEvent.subject_id == person.person_id)
    )
    with read_only_session(engine) as session:
        return session.scalar(query) or 0


@pytest.mark.requirement("EMB-06", "EMB-10", "EMB-20")
def test_an_export_is_blocked_until_the_lesson_is_passed(
    browser: Browser, site: Installation, manager: Member, screenshots: Path | None
) -> None:
    questions = _quiz(site.engine)
    with new_visit(browser, site) as page:
        sign_in(page, manager)
        before = _decisions(site.engine, manager)
        open_address(page, "/company-people")
        assert _decisions(site.engine, manager) == before  # looking decides nothing

        page.get_by_role("button", name="Download", exact=True).click()
        expect(page.get_by_text("for exporting data")).to_be_visible()
        shoot(page, screenshots, "export-menu-locked")
        page.get_by_role("button", name="CSV").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("download this list")).to_be_visible()
        expect(dialog.get_by_role("link", name="Secure Data Export")).to_be_visible()
        assert _decisions(site.engine, manager) == before + 1
        shoot(page, screenshots, "export-gate-dialog")

        dialog.get_by_role("link", name="Secure Data Export").first.click()
        _read_slides(page, screenshots)
        expect(page.get_by_role("button", name="Hand in")).to_be_visible()
        wait_until_drawn(page)
        shoot(page, screenshots, "lesson-quiz")
        _answer(page, questions, wrong="recall")
        _let_time_pass(site.engine, manager)
        page.get_by_role("button", name="Hand in").click()
        expect(page.get_by_text("75\u202f%, 3 of 4 right; 80\u202f% were needed")).to_be_visible()
        expect(page.get_by_text("nothing is opened")).to_be_visible()
        expect(page.get_by_text("runbook can still cut off access")).to_be_visible()
        shoot(page, screenshots, "lesson-failed")

        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("button", name="Hand in")).to_be_visible()
        wait_until_drawn(page)
        _answer(page, questions)
        _let_time_pass(site.engine, manager)
        page.get_by_role("button", name="Hand in").click()
        expect(page.get_by_text("100\u202f%, 4 of 4 right")).to_be_visible()
        expect(page.get_by_text("Certified").first).to_be_visible()
        shoot(page, screenshots, "lesson-passed")

        page.get_by_role("button", name="Go back and download this list").click()
        expect(page.get_by_text("for exporting data")).to_be_visible()
        expect(page).to_have_url(re.compile(r"/company-people(\?|$)"))
        shoot(page, screenshots, "export-menu-open")
        with page.expect_download() as waiting:
            page.get_by_test_id("stDownloadButton").get_by_role("button", name="CSV").click()
        rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
        assert len(rows) > 3
        assert _decisions(site.engine, manager) == before + 2


def _read_slides(page: Page, screenshots: Path | None) -> None:
    """Every slide in order, the moving picture with its captions, and the check on them."""
    expect(page.get_by_text("Where data may go")).to_be_visible()
    shoot(page, screenshots, "lesson-slide")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("What an export holds")).to_be_visible()
    expect(page.get_by_text("Captions as text")).to_be_visible()
    shoot(page, screenshots, "lesson-media")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Who approves, and what if it goes wrong")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Check yourself")).to_be_visible()
    page.get_by_text("No, the default columns leave them out").click()
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("nobody needs to remove them by hand")).to_be_visible()
    page.get_by_role("button", name="To the 4 questions").click()
