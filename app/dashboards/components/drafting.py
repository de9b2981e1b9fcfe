"""The form of a lesson's draft: its slides and questions in words or all of it as JSON, and what it says of itself."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from app.dashboards import session
from app.dashboards.components.content import may
from app.dashboards.components.receipts import PROBLEM, write
from app.dashboards.formats import to_words
from app.dashboards.navigation import CONTENT_VERSION
from app.dashboards.use_cases import authoring
from app.dashboards.use_cases.authoring import Draft, Material, Saved
from app.dashboards.use_cases.lesson_form import QuestionText, SlideText, made_body, questions_of, slides_of
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.content.body import FEWEST_QUIZ_QUESTIONS, MOST_CHECKS, MOST_QUIZ_QUESTIONS
from operational_db.content.drafting import VersionFields
from operational_db.content.rules import TELEMETRY_KINDS, VersionChange
from operational_db.content.views import VersionView
from operational_db.errors import DomainError, InvalidInputError
from operational_db.identity.rules import Permission
from operational_db.types import LessonStatus, LessonType

FORM, JSON = "In words", "As JSON"
# A course is written in the catalogue; its lesson names it by the API.
TYPES = [LessonType.MICRO_LESSON, LessonType.QUIZ, LessonType.WALKTHROUGH, LessonType.SIMULATION]
IN_WORDS = (LessonType.MICRO_LESSON, LessonType.QUIZ)
CHANGES = {
    "Content: a minor version": VersionChange.MINOR,
    "Wording only: a patch": VersionChange.PATCH,
    "Scope or controls: a major version": VersionChange.MAJOR,
}
MOST_SLIDES = 12
NO_POLICY = "No policy"


def show_draft_form(viewer: Viewer, source: VersionView | None) -> None:
    """Everything a draft may say; saving leads to its checklist."""
    if not _may_write(viewer, source):
        st.caption("Your role may not write lessons here. Ask a manager of the organization.")
        return
    if source is not None and source.status is LessonStatus.IN_REVIEW:
        st.info(
            "This version is in review. A reviewer who asks for changes makes it a draft again.", icon=":material/info:"
        )
        return
    try:
        known = authoring.material(
            session.installation().engine, viewer.principal, organization_id=viewer.organization_id, on=clock.today()
        )
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    key = f"draft_{source.id if source else 'new'}"
    code, title, lesson_type, change = _head(source, key)
    body = _body_inputs(source, lesson_type, title, known, key)
    minutes, fields = _field_inputs(source, known, key)
    if st.button("Save the draft", key="draft_save", type="primary", icon=":material/save:"):
        if isinstance(body, InvalidInputError):
            st.session_state[PROBLEM] = body.message
            st.rerun()
        is_draft = source is not None and source.status is LessonStatus.DRAFT
        _save(
            viewer,
            Draft(
                body=body,
                duration_minutes=minutes,
                fields=fields,
                version_id=source.id if source is not None and is_draft else None,
                lesson_id=source.lesson_id if source is not None else None,
                change=change,
                code=code,
                title=title,
                lesson_type=lesson_type,
            ),
        )


def _may_write(viewer: Viewer, source: VersionView | None) -> bool:
    if source is not None:
        return may(viewer, source, Permission.AUTHOR_LESSONS)
    return viewer.principal.can(Permission.AUTHOR_LESSONS, viewer.organization_id)


def _save(viewer: Viewer, draft: Draft) -> None:
    engine, principal, saved = session.installation().engine, viewer.principal, list[Saved]()

    def act() -> Saved:
        saved.append(authoring.save(engine, principal, draft, organization_id=viewer.organization_id, now=clock.now()))
        return saved[0]

    if write(act):
        st.switch_page(CONTENT_VERSION.path, query_params={"version": str(saved[0].version_id)})
    st.rerun()


def _head(source: VersionView | None, key: str) -> tuple[str, str, LessonType, VersionChange]:
    if source is not None:
        title = st.text_input("Title", _title(source), key=f"{key}_title", max_chars=200)
        change = VersionChange.MINOR
        if source.status is not LessonStatus.DRAFT:
            change = CHANGES[st.selectbox("What changes", list(CHANGES), key=f"{key}_change")]
        return source.code, title or "", source.lesson_type, change
    with st.container(horizontal=True, vertical_alignment="bottom"):
        code = st.text_input("Code", key=f"{key}_code", placeholder="LOCKOUT", width=200)
        title = st.text_input("Title", key=f"{key}_title", max_chars=200)
        lesson_type = st.selectbox("Type", TYPES, format_func=to_words, key=f"{key}_type", width=200)
    return code or "", title or "", lesson_type, VersionChange.MINOR


def _title(source: VersionView) -> str:
    titles: Mapping[str, str] = source.body.get("title") or {}
    return titles.get(str(source.body.get("default_locale", "en")), source.title)


def _body_inputs(
    source: VersionView | None, lesson_type: LessonType, title: str, known: Material, key: str
) -> dict[str, Any] | InvalidInputError:
    """The body that the inputs stand for, or what is wrong with them."""
    st.subheader("What it says and asks")
    former: Mapping[str, Any] = source.body if source is not None else {}
    way = JSON
    if lesson_type in IN_WORDS:
        way = st.segmented_control("Write it", [FORM, JSON], default=FORM, required=True, key=f"{key}_way") or FORM
    if way == JSON:
        st.caption(
            "Steps, scenarios, media, links and translations are written here; what is wrong is named when saved."
        )
        text = st.text_area(
            "Content as JSON", json.dumps(dict(former), indent=2, ensure_ascii=False), key=f"{key}_json", height=420
        )
        return _read(text)
    policies = [line.policy.code for line in known.policies]
    slides: list[SlideText] = []
    checks: list[QuestionText] = []
    if lesson_type is LessonType.MICRO_LESSON:
        slides = _slide_inputs(slides_of(former), key)
        checks = _question_inputs(
            "Knowledge checks", questions_of(former, "checks"), policies, f"{key}_checks", fewest=0, most=MOST_CHECKS
        )
    quiz = _question_inputs(
        "Questions of the quiz",
        questions_of(former, "quiz"),
        policies,
        f"{key}_quiz",
        fewest=FEWEST_QUIZ_QUESTIONS if lesson_type is LessonType.QUIZ else 0,
        most=MOST_QUIZ_QUESTIONS,
    )
    try:
        return made_body(former, title=title, slides=slides, checks=checks, quiz=quiz)
    except InvalidInputError as error:
        return error


def _read(text: str) -> dict[str, Any] | InvalidInputError:
    try:
        value = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        return InvalidInputError(f"The content is no JSON: {error.msg} in line {error.lineno}.")
    return value if isinstance(value, dict) else InvalidInputError("The content is no JSON object.")


def _slide_inputs(former: Sequence[SlideText], key: str) -> list[SlideText]:
    count = int(st.number_input("Slides", 0, MOST_SLIDES, max(len(former), 1), key=f"{key}_slides", width=150))
    slides = []
    for number in range(count):
        now = former[number] if number < len(former) else SlideText("", "")
        with st.container(border=True):
            slides.append(
                SlideText(
                    st.text_input(f"Title of slide {number + 1}", now.title, key=f"{key}_slide_{number}_title"),
                    st.text_area(f"Text of slide {number + 1}", now.text, key=f"{key}_slide_{number}_text"),
                    st.text_area(
                        f"Points of slide {number + 1}, one a line", now.points, key=f"{key}_slide_{number}_points"
                    ),
                )
            )
    return slides


def _question_inputs(
    label: str, former: Sequence[QuestionText], policies: Sequence[str], key: str, *, fewest: int, most: int
) -> list[QuestionText]:
    count = int(st.number_input(label, 0, most, max(len(former), fewest), key=f"{key}_count", width=200))
    options = [NO_POLICY, *policies]
    questions = []
    for number in range(count):
        now = former[number] if number < len(former) else QuestionText("", "", "")
        place = options.index(now.policy_code) if now.policy_code in options else 0
        with st.container(border=True):
            prompt = st.text_area(f"{label}: {number + 1}", now.prompt, key=f"{key}_{number}_prompt")
            answers = st.text_area(
                f"Answers to {number + 1}, one a line; put * before the right ones",
                now.answers,
                key=f"{key}_{number}_answers",
            )
            explanation = st.text_area(
                f"Explanation of {number + 1}, shown when the answer was wrong",
                now.explanation,
                key=f"{key}_{number}_explanation",
            )
            code = st.selectbox(
                f"Policy that {number + 1} asks about", options, index=place, key=f"{key}_{number}_policy"
            )
        questions.append(QuestionText(prompt, answers, explanation, None if code == NO_POLICY else code))
    return questions


def _field_inputs(source: VersionView | None, known: Material, key: str) -> tuple[Decimal, VersionFields]:
    st.subheader("What it is for")
    objective = st.text_area("Objective", source.objective if source else "", key=f"{key}_objective", max_chars=500)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        minutes = st.number_input(
            "Minutes", 0.5, 600.0, float(source.minutes) if source else 5.0, 0.5, key=f"{key}_minutes", width=150
        )
        threshold = st.number_input(
            "Passed at, percent", 0, 100, source.pass_threshold if source else 80, key=f"{key}_threshold", width=180
        )
        months = st.number_input(
            "Refreshed every, months",
            1,
            60,
            source.refresh_months if source else None,
            key=f"{key}_months",
            width=200,
            placeholder="12, or 6",
            help="Left empty: 12, or 6 where a policy it teaches is critical.",
        )
    taught = [line.policy.code for line in known.policies if line.newest is not None]
    runbooks = [runbook.code for runbook in known.runbooks]
    tags = sorted({*known.scope_tags, *(source.scope_tags if source else ())})
    locales = list(dict.fromkeys(["en", "es", *(source.locales if source else ())]))
    fields: VersionFields = {
        "objective": objective or "",
        "pass_threshold": int(threshold),
        "policy_codes": _several("Policies it teaches", taught, source.policies if source else (), f"{key}_policies"),
        "runbook_codes": _several("Runbooks", runbooks, source.runbook_codes if source else (), f"{key}_runbooks"),
        "scope_tags": _several("Scopes it counts for", tags, source.scope_tags if source else (), f"{key}_tags", True),
        "locales": _several("Languages", locales, source.locales if source else ("en",), f"{key}_locales", True),
        "telemetry_hooks": _several(
            "What is recorded", list(TELEMETRY_KINDS), source.telemetry_hooks if source else (), f"{key}_hooks"
        ),
        "expected_outcomes": st.text_area(
            "What people can do afterwards, one a line",
            "\n".join(source.expected_outcomes) if source else "",
            key=f"{key}_outcomes",
        ).splitlines(),
        "rollout_plan": st.text_area("Rollout", source.rollout_plan if source else "", key=f"{key}_rollout"),
        "fallback": st.text_area("If it must be taken back", source.fallback if source else "", key=f"{key}_fallback"),
    }
    if months is not None:
        fields["refresh_months"] = int(months)
    return Decimal(str(minutes)), fields


def _several(
    label: str, options: Sequence[str], chosen: Sequence[str] | Mapping[str, str], key: str, accept_new: bool = False
) -> list[str]:
    return st.multiselect(
        label,
        list(options),
        default=[each for each in chosen if each in options],
        key=key,
        accept_new_options=accept_new,
    )
