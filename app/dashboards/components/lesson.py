"""A lesson on its page: slides with captioned media, checks, the graded part, and the result with what to read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.captions import to_transcript
from app.dashboards.chips import chip_of
from app.dashboards.components.certification import certification_chip, link_to_lesson, locale, to_minutes
from app.dashboards.components.gate import Blocked, go_back
from app.dashboards.components.lesson_text import show_media
from app.dashboards.formats import to_instant, to_number, to_plural, to_relative_day, to_words
from app.dashboards.navigation import MY_TRAINING
from app.dashboards.use_cases import gates, lessons
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.assessment.views import (
    AttemptResult,
    AttemptView,
    LessonView,
    LinkView,
    MediaView,
    QuestionResult,
    QuestionView,
    SlideView,
    StepView,
)
from operational_db.content.body import MediaKind
from operational_db.errors import DomainError
from operational_db.types import LessonTrigger, LessonType, ProficiencyLevel

TAKING = "lesson_taking"


@dataclass
class Taking:
    """Somebody's way through one lesson: where they are, the open attempt, and the result."""

    view: LessonView
    organization_id: UUID | None
    trigger: LessonTrigger
    action: str | None
    blocked: Blocked | None
    place: int = 0
    plays: int = 0
    attempt: AttemptView | None = None
    result: AttemptResult | None = None
    answered: dict[str, QuestionResult] = field(default_factory=dict)
    problem: str = ""

    @property
    def places(self) -> int:
        """Slides, and one more for the checks on them."""
        return len(self.view.slides) + bool(self.view.checks)


def show_lesson(viewer: Viewer, taking: Taking) -> None:
    """The part of the lesson the viewer is at."""
    view = taking.view
    codes = ", ".join(view.policy_codes)
    st.caption(
        f"{to_words(view.lesson_type)} · {to_minutes(view.minutes)} · passed at {view.pass_threshold}\u202f% · "
        f"version {view.version}" + (f" · {codes}" if codes else "")
    )
    if taking.problem:
        st.error(taking.problem, icon=":material/error:")
    if view.lesson_type is LessonType.COURSE:
        st.info(
            "This is a course of the catalogue: it is taken and graded there, and counts here once it is completed.",
            icon=":material/menu_book:",
        )
        st.page_link(MY_TRAINING.path, label="To my training", icon=MY_TRAINING.icon)
    elif taking.result is not None:
        _show_result(viewer, taking, taking.result)
    elif taking.attempt is not None:
        _show_attempt(viewer, taking, taking.attempt)
    elif taking.place < taking.places:
        _show_place(viewer, taking)
    else:
        _show_start(viewer, taking)


def _show_place(viewer: Viewer, taking: Taking) -> None:
    view, slides = taking.view, taking.view.slides
    graded = len(view.questions) or len(view.steps)
    st.progress((taking.place + 1) / (taking.places + 1), text=f"Part {taking.place + 1} of {taking.places + 1}")
    if taking.place == 0 and view.objective:
        st.markdown(f"**You will be able to:** {view.objective}")
    if taking.place < len(slides):
        _show_slide(taking, slides[taking.place])
    else:
        _show_checks(viewer, taking)
    with st.container(horizontal=True):
        st.button(
            "Back",
            key="lesson_back",
            icon=":material/arrow_back:",
            on_click=_move,
            args=(taking, -1),
            disabled=taking.place == 0,
        )
        is_last = taking.place + 1 == taking.places
        st.button(
            f"To the {to_plural(graded, 'question')}" if is_last and graded else "Next",
            key="lesson_next",
            type="primary",
            icon=":material/arrow_forward:",
            on_click=_start if is_last and graded else _move,
            args=(viewer, taking) if is_last and graded else (taking, 1),
        )


def _move(taking: Taking, by: int) -> None:
    taking.place = max(taking.place + by, 0)
    taking.problem = ""


def _show_slide(taking: Taking, slide: SlideView) -> None:
    st.subheader(slide.title)
    st.markdown(slide.text)
    if slide.points:
        st.markdown("\n".join(f"- {point}" for point in slide.points))
    if slide.media is not None:
        _show_media(taking, slide.media)


def _show_media(taking: Taking, media: MediaView) -> None:
    show_media(media, plays=taking.plays)
    if media.svg is not None and media.kind is not MediaKind.IMAGE:
        st.button("Play again", key="lesson_play", icon=":material/replay:", on_click=_play, args=(taking,))
    if media.captions:
        with st.expander("Captions as text", icon=":material/closed_caption:"):
            st.markdown(to_transcript(media.captions))


def _play(taking: Taking) -> None:
    taking.plays += 1


def _show_checks(viewer: Viewer, taking: Taking) -> None:
    st.subheader("Check yourself")
    st.caption("Answered at once, and not graded.")
    for number, check in enumerate(taking.view.checks, 1):
        _ask(check, f"check_{check.id}")
        label = "Check" if len(taking.view.checks) == 1 else f"Check answer {number}"
        st.button(label, key=f"check_{check.id}_go", on_click=_check, args=(viewer, taking, check))
        if check.id in taking.answered:
            _show_answer(taking, check.prompt, taking.answered[check.id], is_prompted=False)


def _check(viewer: Viewer, taking: Taking, check: QuestionView) -> None:
    """What is chosen when the button is pressed."""
    taking.problem = ""
    try:
        taking.answered[check.id] = lessons.answer_check(
            session.installation().engine,
            viewer.principal,
            lesson_id=taking.view.lesson_id,
            question_id=check.id,
            chosen=_chosen(check, f"check_{check.id}"),
            organization_id=taking.organization_id,
            locale=locale(),
        )
    except DomainError as error:
        taking.problem = error.message


def _ask(question: QuestionView, key: str) -> list[str]:
    """One question; returns the ids of what is chosen."""
    texts = {option.id: option.text for option in question.options}
    if question.is_multiple:
        st.markdown(f"**{question.prompt}** (choose all that are right)")
        return [option for option in texts if st.checkbox(texts[option], key=f"{key}_{option}")]
    chosen = st.radio(f"**{question.prompt}**", list(texts), index=None, format_func=texts.__getitem__, key=key)
    return [] if chosen is None else [chosen]


def _chosen(question: QuestionView, key: str) -> list[str]:
    """The same from the state of the fields, for a button's callback."""
    if question.is_multiple:
        return [option.id for option in question.options if st.session_state[f"{key}_{option.id}"]]
    chosen = st.session_state[key]
    return [] if chosen is None else [chosen]


def _show_start(viewer: Viewer, taking: Taking) -> None:
    """Quizzes, simulations and walkthroughs without slides begin here."""
    view = taking.view
    if view.setting:
        st.markdown(view.setting)
    elif view.objective:
        st.markdown(f"**You will be able to:** {view.objective}")
    if not view.questions and not view.steps:
        st.info("This lesson has nothing to answer yet. Its author is asked to finish it.", icon=":material/inbox:")
        return
    st.button("Start", key="lesson_start", type="primary", on_click=_start, args=(viewer, taking))


def _start(viewer: Viewer, taking: Taking) -> None:
    taking.problem, taking.result = "", None
    try:
        taking.attempt = lessons.start(
            session.installation().engine,
            viewer.principal,
            lesson_id=taking.view.lesson_id,
            organization_id=taking.organization_id,
            trigger=taking.trigger,
            locale=locale(),
            now=clock.now(),
        )
    except DomainError as error:
        taking.attempt, taking.problem = None, error.message


def _show_attempt(viewer: Viewer, taking: Taking, attempt: AttemptView) -> None:
    if attempt.steps:
        _show_steps(viewer, taking, attempt)
        return
    if taking.view.setting:
        st.markdown(taking.view.setting)
    st.markdown(f"**{to_plural(len(attempt.questions), 'question')}**, passed at {taking.view.pass_threshold}\u202f%.")
    with st.form("lesson_form"):
        answers = {question.id: _ask(question, f"{attempt.attempt_id}_{question.id}") for question in attempt.questions}
        is_sent = st.form_submit_button("Hand in", type="primary", icon=":material/task_alt:")
    if is_sent:
        _hand_in(viewer, taking, attempt, answers)


def _hand_in(viewer: Viewer, taking: Taking, attempt: AttemptView, answers: dict[str, list[str]]) -> None:
    left = [number for number, chosen in enumerate(answers.values(), 1) if not chosen]
    if left:
        st.warning(
            f"Answer every question first: {', '.join(map(str, left))} of {len(answers)} "
            f"{'is' if len(left) == 1 else 'are'} open. Nothing was handed in.",
            icon=":material/help:",
        )
        return
    taking.problem = ""
    try:
        taking.result = lessons.hand_in(
            session.installation().engine,
            viewer.principal,
            attempt_id=attempt.attempt_id,
            answers=answers,
            locale=locale(),
            now=clock.now(),
        )
    except DomainError as error:
        taking.problem = error.message
    st.rerun()


def _show_steps(viewer: Viewer, taking: Taking, attempt: AttemptView) -> None:
    at = min(taking.place - taking.places, len(attempt.steps) - 1) if taking.place >= taking.places else 0
    step: StepView = attempt.steps[at]
    st.progress((at + 1) / len(attempt.steps), text=f"Step {at + 1} of {len(attempt.steps)}")
    st.subheader(step.title)
    st.markdown(step.text)
    if step.keys:
        st.caption(f"By keyboard: {step.keys}")
    for definition in step.definitions:
        st.info(f"**{definition.code}** {definition.text}", icon=":material/policy:")
    is_last = at + 1 == len(attempt.steps)
    done = {each.id: ["done"] for each in attempt.steps}
    with st.container(horizontal=True):
        st.button("Back", key="lesson_back", on_click=_step, args=(taking, at - 1), disabled=at == 0)
        if is_last:
            if st.button("Done", key="lesson_done", type="primary"):
                _hand_in(viewer, taking, attempt, done)
        else:
            st.button("Next", key="lesson_next", type="primary", on_click=_step, args=(taking, at + 1))


def _step(taking: Taking, at: int) -> None:
    taking.place = taking.places + max(at, 0)


def _show_result(viewer: Viewer, taking: Taking, result: AttemptResult) -> None:
    right = sum(question.is_right for question in result.questions)
    chip = chip_of("passed" if result.is_passed else "not_passed").markdown
    st.markdown(
        f"#### {chip} {to_number(float(result.score), 0)}\u202f%, {right} of {len(result.questions)} right; "
        f"{result.pass_threshold}\u202f% were needed"
    )
    if result.is_passed:
        _show_passed(viewer, taking, result)
    else:
        _show_failed(viewer, taking, result)
    prompts = {question.id: question.prompt for question in (taking.attempt.questions if taking.attempt else ())}
    with st.expander("Answers", icon=":material/rule:", expanded=not result.is_passed):
        for question in result.questions:
            _show_answer(taking, prompts.get(question.question_id, ""), question, is_prompted=True)
    if taking.view.links:
        _show_links(viewer, taking, taking.view.links)


def _show_passed(viewer: Viewer, taking: Taking, result: AttemptResult) -> None:
    certified = [line for line in result.evidence if line.level is ProficiencyLevel.CERTIFIED and line.scope]
    for line in certified:
        until = to_relative_day(line.expires_on, clock.today())
        st.markdown(f"{chip_of('certified').markdown} for **{line.scope}** until {until}")
    if taking.action is not None:
        try:
            standing = gates.standing(
                session.installation().engine,
                viewer.principal,
                action=taking.action,
                organization_id=taking.organization_id,
                locale=locale(),
                now=clock.now(),
            )
        except DomainError as error:
            st.warning(error.message, icon=":material/cloud_off:")
        else:
            st.markdown(f"{certification_chip(standing.decision, clock.today()).markdown} for {taking.action}")
            for step in standing.training.lessons:
                link_to_lesson(
                    step.lesson_id, f"Still missing: {step.title}", taking.action, taking.organization_id, "gate"
                )
    if taking.blocked is not None:
        if st.button(
            f"Go back and {taking.blocked.what}", key="lesson_return", type="primary", icon=":material/arrow_forward:"
        ):
            st.session_state.pop(TAKING, None)
            go_back(taking.blocked)
    else:
        st.page_link(MY_TRAINING.path, label="To my training", icon=MY_TRAINING.icon)


def _show_failed(viewer: Viewer, taking: Taking, result: AttemptResult) -> None:
    wrong = sum(not question.is_right for question in result.questions)
    st.warning(
        f"Not passed yet, and nothing is opened. Read what went wrong ({to_plural(wrong, 'answer')}) and try again.",
        icon=":material/school:",
    )
    with st.container(horizontal=True):
        if taking.view.slides:
            st.button("Read the slides again", key="lesson_again", on_click=_read, args=(taking, 0))
        if result.retry_at is None or result.retry_at <= clock.now():
            st.button(
                "Try again",
                key="lesson_retry",
                type="primary",
                icon=":material/replay:",
                on_click=_start,
                args=(viewer, taking),
            )
        else:
            again = to_instant(result.retry_at, viewer.zone)
            st.caption(f"After several tries there is a pause to read. The next try starts {again}.")


def _read(taking: Taking, place: int) -> None:
    taking.attempt, taking.result, taking.problem, taking.place = None, None, "", place


def _show_answer(taking: Taking, prompt: str, answer: QuestionResult, *, is_prompted: bool) -> None:
    glyph = ":green[:material/check_circle: Right.]" if answer.is_right else ":red[:material/error: Not right.]"
    st.markdown(f"{glyph} {prompt if is_prompted else ''}")
    if answer.consequence and answer.remediation is None:
        st.caption(answer.consequence)
    if answer.remediation is None:
        return
    policy = f" ({answer.remediation.policy_code})" if answer.remediation.policy_code else ""
    st.markdown(f"> {answer.remediation.explanation}{policy}")
    slides = [slide.id for slide in taking.view.slides]
    if is_prompted and answer.remediation.slide_id in slides:
        st.button(
            f"Read again: {answer.remediation.slide_title}",
            key=f"read_{answer.question_id}",
            type="tertiary",
            icon=":material/menu_book:",
            on_click=_read,
            args=(taking, slides.index(answer.remediation.slide_id)),
        )


def _show_links(viewer: Viewer, taking: Taking, links: Sequence[LinkView]) -> None:
    """Where to go from here: walkthroughs, runbooks, addresses."""
    try:
        shelf = lessons.shelf(session.installation().engine, viewer.principal, locale=locale())
    except DomainError:
        return
    for link in links:
        kind, _, code = link.target.partition(":")
        if kind == "lesson" and code in shelf.lessons:
            link_to_lesson(shelf.lessons[code].id, link.label, taking.action, taking.organization_id, "browse")
        elif kind == "runbook" and code in shelf.runbooks:
            with st.expander(link.label, icon=":material/list_alt:"):
                steps = shelf.runbooks[code].steps
                st.markdown("\n".join(f"{n}. **{step.title}.** {step.text}" for n, step in enumerate(steps, 1)))
        elif kind == "https":
            st.link_button(link.label, link.target, icon=":material/open_in_new:")
