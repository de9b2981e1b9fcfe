"""What a version of a lesson says and asks, right answers included: what its reviewers look at in each language."""

import streamlit as st

from app.dashboards.captions import captioned, to_transcript, to_webvtt
from app.dashboards.formats import to_plural
from operational_db.assessment.views import MediaView, Presenter
from operational_db.content.body import Decision, LessonBody, Question, parse_body
from operational_db.content.views import VersionView
from operational_db.types import LessonStatus, LessonType

RIGHT, WRONG, HARMFUL = ":green[:material/check_circle:]", ":gray[:material/circle:]", ":red[:material/dangerous:]"


def show_text(version: VersionView) -> None:
    """The whole content in the language chosen; open while somebody has to review it."""
    body = parse_body(version.lesson_type, version.body)
    with st.expander(
        "What it says and asks", icon=":material/article:", expanded=version.status is LessonStatus.IN_REVIEW
    ):
        if version.lesson_type is LessonType.COURSE:
            st.caption("A course says and asks what stands in the catalogue.")
            return
        locales = list(dict.fromkeys([body.default_locale, *version.locales]))
        locale = body.default_locale
        if len(locales) > 1:
            locale = st.segmented_control(
                "Language", locales, default=locale, required=True, key="version_locale", bind="query-params"
            )
            st.caption(f"What has no text in {locale} is shown in {body.default_locale}; the checklist names it.")
        presenter = Presenter(body, locale or body.default_locale, version.id)
        _show_slides(presenter)
        _show_questions(presenter, "Knowledge checks", body.checks)
        _show_questions(presenter, "Quiz", body.quiz)
        _show_steps(presenter)
        _show_scenario(presenter, body)
        if body.links:
            st.markdown("**Links**\n\n" + "\n".join(f"- {link.label}: `{link.target}`" for link in presenter.links()))


def show_media(media: MediaView, *, plays: int = 0) -> None:
    """A drawing or clip with its captions; `plays`: how often it was started again."""
    if media.url is not None:
        st.video(media.url, subtitles=to_webvtt(media.captions) if media.captions else None, alt=media.alt)
    elif media.svg is not None:
        drawing = captioned(media.svg, media.captions, play=plays) if media.captions else media.svg
        st.image(drawing, width=640, alt=media.alt)


def _show_slides(presenter: Presenter) -> None:
    for number, slide in enumerate(presenter.slides(), 1):
        points = "".join(f"\n- {point}" for point in slide.points)
        st.markdown(f"**Slide {number}: {slide.title}**\n\n{slide.text}\n{points}")
        if slide.media is not None:
            show_media(slide.media)
            st.caption(f"Said in words: {slide.media.alt}")
            if slide.media.captions:
                st.markdown(to_transcript(slide.media.captions))


def _show_questions(presenter: Presenter, heading: str, questions: tuple[Question, ...]) -> None:
    if questions:
        st.markdown(f"**{heading}**")
    for number, question in enumerate(questions, 1):
        policy = f" ({question.policy_code})" if question.policy_code else ""
        options = "\n".join(
            f"- {RIGHT if option.id in question.right else WRONG} {presenter.text(option.text)}"
            for option in question.options
        )
        st.markdown(
            f"{number}\\. {presenter.text(question.prompt)}{policy}\n\n{options}\n\n"
            f"> {presenter.text(question.explanation)}"
        )


def _show_steps(presenter: Presenter) -> None:
    for number, step in enumerate(presenter.steps(), 1):
        flag = f", while `{step.feature_flag}` is on" if step.feature_flag else ""
        keys = f" · keys: {step.keys}" if step.keys else ""
        defined = "".join(f"\n- {each.code}: {each.text}" for each in step.definitions)
        st.markdown(f"**Step {number}: {step.title}**\n\n{step.text}\n{defined}")
        st.caption(f"Shown at `{step.ui_state}`{flag}{keys}")


def _show_scenario(presenter: Presenter, body: LessonBody) -> None:
    if body.scenario is None:
        return
    st.markdown(f"**Scenario**\n\n{presenter.text(body.scenario.setting)}")
    for number, decision in enumerate(body.scenario.decisions, 1):
        st.markdown(f"{number}\\. {presenter.text(decision.situation)}\n\n{_choices(presenter, decision)}")


def _choices(presenter: Presenter, decision: Decision) -> str:
    lines = []
    for choice in decision.choices:
        mark = HARMFUL if choice.is_harmful else RIGHT if choice.points == decision.most_points else WRONG
        harm = ", never passes" if choice.is_harmful else ""
        lines.append(
            f"- {mark} {presenter.text(choice.text)} ({to_plural(choice.points, 'point')}{harm}): "
            f"{presenter.text(choice.consequence)}"
        )
    return "\n".join(lines)
