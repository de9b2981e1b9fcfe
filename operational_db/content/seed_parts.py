"""How shipped lessons are written down: small builders that give the shape of `body`, and the records around it.

The texts themselves are in the sibling modules `seed_*`; `seed` installs them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from operational_db.types import LessonType, Persona, TrackTier

Texts = dict[str, str]
Part = dict[str, Any]  # Any: JSON of the shape that `body` checks
ALL_HOOKS = ("completion", "expiry", "impression", "score")
STEP_HOOKS = ("completion", "expiry", "impression")


@dataclass(frozen=True)
class ShippedPolicy:
    code: str
    title: str
    summary: str
    is_critical: bool = False


@dataclass(frozen=True)
class ShippedRunbook:
    """Steps are title, text and, where one launches a walkthrough, the walkthrough's code."""

    code: str
    title: str
    steps: tuple[tuple[str, str, str | None], ...]


@dataclass(frozen=True)
class ShippedFeature:
    action: str
    title: str
    explanation: str
    example: str
    tip_bullets: tuple[str, ...]
    policy_code: str
    runbook_code: str
    lesson_code: str


@dataclass(frozen=True, kw_only=True)
class ShippedLesson:
    """A lesson of the platform in its first version; `minutes` is what its readers are told."""

    code: str
    title: str
    lesson_type: LessonType
    minutes: Decimal
    body: Part
    policy_codes: tuple[str, ...]
    runbook_codes: tuple[str, ...]
    scope_tags: tuple[str, ...]
    expected_outcomes: tuple[str, ...]
    objective: str
    locales: tuple[str, ...] = ("en",)
    rollout_plan: str = "Shipped with the product; offered by tracks, gates and tips from the first start."
    fallback: str = "Retire the lesson; gates that ask for it go back to dry-run until the next version."


@dataclass(frozen=True)
class ShippedTrack:
    """Lessons by their codes, in order."""

    persona: Persona
    tier: TrackTier
    title: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shipment:
    """Everything that one module ships."""

    policies: tuple[ShippedPolicy, ...] = ()
    runbooks: tuple[ShippedRunbook, ...] = ()
    features: tuple[ShippedFeature, ...] = ()
    lessons: tuple[ShippedLesson, ...] = ()
    tracks: tuple[ShippedTrack, ...] = ()
    # Months for which a certification in the scope holds.
    scope_months: dict[str, int] = field(default_factory=dict)


def say(english: str, spanish: str | None = None) -> Texts:
    return {"en": english} if spanish is None else {"en": english, "es": spanish}


def _texts(text: str | Texts) -> Texts:
    return say(text) if isinstance(text, str) else text


def slide(
    slide_id: str, title: str | Texts, text: str | Texts, *points: str | Texts, media_id: str | None = None
) -> Part:
    part: Part = {"id": slide_id, "title": _texts(title), "text": _texts(text)}
    if points:
        part["points"] = [_texts(point) for point in points]
    if media_id is not None:
        part["media_id"] = media_id
    return part


def question(
    question_id: str,
    prompt: str | Texts,
    *,
    right: Sequence[str | Texts],
    wrong: Sequence[str | Texts],
    why: str | Texts,
    policy: str,
    slide_id: str | None = None,
) -> Part:
    """A question; its options are put in an order that says nothing about which are right, and named by place."""
    marked = [(_texts(text), True) for text in right] + [(_texts(text), False) for text in wrong]
    marked.sort(key=lambda option: hashlib.sha256(f"{question_id}:{option[0]['en']}".encode()).digest())
    names = "abcdef"[: len(marked)]
    part: Part = {
        "id": question_id,
        "prompt": _texts(prompt),
        "options": [{"id": name, "text": text} for name, (text, _) in zip(names, marked, strict=True)],
        "right": [name for name, (_, is_right) in zip(names, marked, strict=True) if is_right],
        "explanation": _texts(why),
        "policy_code": policy,
    }
    if slide_id is not None:
        part["slide_id"] = slide_id
    return part


def choice(text: str | Texts, points: int, consequence: str | Texts, *, is_harmful: bool = False) -> Part:
    return {
        "text": _texts(text),
        "points": points,
        "consequence": _texts(consequence),
        "is_harmful": is_harmful,
    }


def decision(decision_id: str, situation: str | Texts, policy: str, *choices: Part) -> Part:
    """A point of a scenario; choices are put in an order that says nothing about their worth."""
    ordered = sorted(choices, key=lambda one: hashlib.sha256(f"{decision_id}:{one['text']['en']}".encode()).digest())
    return {
        "id": decision_id,
        "situation": _texts(situation),
        "policy_code": policy,
        "choices": [{"id": name, **one} for name, one in zip("abcde", ordered, strict=False)],
    }


def step(
    step_id: str,
    ui_state: str,
    title: str | Texts,
    text: str | Texts,
    keys: str,
    *definitions: tuple[str, str | Texts],
    feature_flag: str | None = None,
) -> Part:
    part: Part = {
        "id": step_id,
        "ui_state": ui_state,
        "title": _texts(title),
        "text": _texts(text),
        "keys": keys,
        "definitions": [{"code": code, "text": _texts(meaning)} for code, meaning in definitions],
    }
    if feature_flag is not None:
        part["feature_flag"] = feature_flag
    return part


def micro_lesson(
    code: str,
    title: str,
    objective: str,
    *,
    minutes: str,
    slides: Sequence[Part],
    checks: Sequence[Part],
    policies: tuple[str, ...],
    runbooks: tuple[str, ...],
    scopes: tuple[str, ...],
    outcomes: tuple[str, ...],
) -> ShippedLesson:
    """A short lesson in English that is graded by its one or two knowledge checks."""
    return ShippedLesson(
        code=code,
        title=title,
        lesson_type=LessonType.MICRO_LESSON,
        minutes=Decimal(minutes),
        body={"title": say(title), "objective": say(objective), "slides": list(slides), "checks": list(checks)},
        policy_codes=policies,
        runbook_codes=runbooks,
        scope_tags=scopes,
        expected_outcomes=outcomes,
        objective=objective,
    )


def quiz(
    code: str,
    title: str,
    objective: str,
    *,
    minutes: str,
    questions: Sequence[Part],
    policies: tuple[str, ...],
    runbooks: tuple[str, ...],
    scopes: tuple[str, ...],
) -> ShippedLesson:
    return ShippedLesson(
        code=code,
        title=title,
        lesson_type=LessonType.QUIZ,
        minutes=Decimal(minutes),
        body={"title": say(title), "objective": say(objective), "quiz": list(questions)},
        policy_codes=policies,
        runbook_codes=runbooks,
        scope_tags=scopes,
        expected_outcomes=(objective,),
        objective=objective,
    )


def simulation(
    code: str,
    title: str,
    objective: str,
    *,
    minutes: str,
    setting: str | Texts,
    decisions: Sequence[Part],
    policies: tuple[str, ...],
    runbooks: tuple[str, ...],
    scopes: tuple[str, ...],
) -> ShippedLesson:
    return ShippedLesson(
        code=code,
        title=title,
        lesson_type=LessonType.SIMULATION,
        minutes=Decimal(minutes),
        body={
            "title": say(title),
            "objective": say(objective),
            "scenario": {"setting": _texts(setting), "decisions": list(decisions)},
        },
        policy_codes=policies,
        runbook_codes=runbooks,
        scope_tags=scopes,
        expected_outcomes=(objective,),
        objective=objective,
    )
